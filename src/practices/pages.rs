//! The setup page of an empty installation.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{Creation, NewPractice};
use crate::access::Access;
use crate::accounts::check_new;
use crate::error::{Error, FieldError, Result};
use crate::people::{self, Email};
use crate::routes::Routes;
use crate::ui::{ErrorSummary, Field, Option_, Section, Shell};
use crate::web::{Cookie, Ctx, Form, Path, html};
use crate::words::Words;

pub fn routes(routes: Routes) -> Routes {
    routes.get("/setup/{token}", Access::Public, open).get("/setup", Access::Public, show).post(
        "/setup",
        Access::Public,
        create,
    )
}

#[derive(Template)]
#[template(path = "practices/setup.html")]
struct SetupPage {
    shell: Shell,
    errors: ErrorSummary,
    practice_name: Field,
    time_zone: Field,
    first_name: Field,
    last_name: Field,
    email: Field,
    password: Field,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Typed {
    practice_name: String,
    time_zone: String,
    first_name: String,
    last_name: String,
    email: String,
    password: String,
}

/// Takes the token out of the address; it stays in a cookie until the practice is made.
async fn open(ctx: Ctx, Path(token): Path<String>) -> Result<Response> {
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, "/setup")]).into_response();
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let token: String =
        token.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).take(100).collect();
    Cookie::Link.set(&ctx.app, &mut response, &token)?;
    Ok(response)
}

async fn must_be_open(ctx: &Ctx) -> Result<()> {
    let token = ctx.link.clone().ok_or(Error::NotFound)?;
    let open = ctx.app.read(move |h| super::setup_is_open(h, &token)).await?;
    if open { Ok(()) } else { Err(Error::NotFound) }
}

async fn show(ctx: Ctx) -> Result<Response> {
    must_be_open(&ctx).await?;
    let typed = Typed { time_zone: "America/New_York".into(), ..Typed::default() };
    html(StatusCode::OK, &page(&ctx, &typed, &[]))
}

fn page(ctx: &Ctx, typed: &Typed, refused: &[FieldError]) -> SetupPage {
    let words = ctx.words();
    let error = |name: &str| refused.iter().find(|e| e.field == name).map(|e| e.message.clone());
    let zones = people::time_zones();
    let zones = zones.into_iter().map(|zone| Option_ { label: zone.replace('_', " "), value: zone }).collect();
    let text = |name: &str, key: &str, value: &str| {
        Field::text(name, words.t(key))
            .value(value)
            .error(error(name))
            .required()
            .max_length(people::LINE_LIMIT)
            .words(words)
    };
    SetupPage {
        shell: ctx.shell(words.t("setup-title"), Section::None),
        errors: ErrorSummary {
            items: refused.iter().map(|e| (e.field.clone(), e.message.clone())).collect(),
            title: words.t("ui-error-summary"),
        },
        practice_name: text("practice_name", "setup-practice-name", &typed.practice_name).autocomplete("organization"),
        time_zone: Field::select("time_zone", words.t("setup-time-zone"), zones)
            .value(&typed.time_zone)
            .error(error("time_zone"))
            .required()
            .words(words),
        first_name: text("first_name", "field-first-name", &typed.first_name).autocomplete("given-name"),
        last_name: text("last_name", "field-last-name", &typed.last_name).autocomplete("family-name"),
        email: Field::email("email", words.t("field-email"))
            .value(&typed.email)
            .error(error("email"))
            .required()
            .autocomplete("username")
            .words(words),
        password: Field::password("password", words.t("field-password"))
            .error(error("password"))
            .hint(words.t("password-rule"))
            .required()
            .autocomplete("new-password")
            .strength()
            .words(words),
    }
}

async fn create(ctx: Ctx, Form(typed): Form<Typed>) -> Result<Response> {
    must_be_open(&ctx).await?;
    let parsed = match parse(&typed, ctx.words()) {
        Ok(parsed) => parsed,
        Err(refused) => return html(StatusCode::UNPROCESSABLE_ENTITY, &page(&ctx, &typed, &refused)),
    };
    let password_hash = ctx.app.passwords.hash(&typed.password).await?;
    let new = NewPractice { password_hash, ..parsed };
    let token = ctx.link.clone().ok_or(Error::NotFound)?;
    let created = ctx
        .app
        .write(move |h| {
            // Asked again inside: of two owners pressing at once, one makes the practice.
            if super::setup_is_open(h, &token)? { super::create(h, &new) } else { Err(Error::NotFound) }
        })
        .await?;
    match created {
        Creation::EmailTaken => {
            let refused = [FieldError::new("email", ctx.words().t("setup-email-taken"))];
            html(StatusCode::UNPROCESSABLE_ENTITY, &page(&ctx, &typed, &refused))
        }
        Creation::Created(created) => {
            let mut response = crate::accounts::sign_in_as_member(&ctx, created.practice, created.owner).await?;
            Cookie::Link.clear(&ctx.app, &mut response)?;
            Ok(response)
        }
    }
}

/// The parsed form, without the password's hash yet.
fn parse(typed: &Typed, words: Words) -> std::result::Result<NewPractice, Vec<FieldError>> {
    let mut refused = Vec::new();
    let mut line = |field: &str, text: &str| {
        people::name(text).unwrap_or_else(|r| {
            refused.push(FieldError::new(field, words.t(r.key())));
            String::new()
        })
    };
    let name = line("practice_name", &typed.practice_name);
    let owner_first_name = line("first_name", &typed.first_name);
    let owner_last_name = line("last_name", &typed.last_name);
    let time_zone = people::time_zone(&typed.time_zone).and_then(|zone| zone.ok_or(people::Refusal::Missing));
    let email = Email::parse(&typed.email);
    if let Err(r) = &time_zone {
        refused.push(FieldError::new("time_zone", words.t(r.key())));
    }
    if let Err(r) = &email {
        refused.push(FieldError::new("email", words.t(r.key())));
    }
    if let Err(weakness) = check_new(&typed.password, &[&typed.first_name, &typed.last_name, &typed.email]) {
        refused.push(FieldError::new("password", words.t(weakness.key())));
    }
    match (time_zone, email) {
        (Ok(time_zone), Ok(owner_email)) if refused.is_empty() => Ok(NewPractice {
            name,
            time_zone,
            owner_first_name,
            owner_last_name,
            owner_email,
            password_hash: String::new(),
        }),
        _ => Err(refused),
    }
}
