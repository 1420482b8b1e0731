//! The forgotten password: asking for a link, and choosing a new one.

use std::time::Duration;

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::guesses::{Cap, Outcome, take_all};
use super::links::{self, Dead};
use super::sign_in::known_device;
use super::{check_new, queries};
use crate::access::Access;
use crate::error::Result;
use crate::jobs::Kind as JobKind;
use crate::people::Email;
use crate::routes::Routes;
use crate::ui::{ErrorSummary, Field, Section, Shell};
use crate::web::{Cookie, Ctx, Form, Path, html, lead_to};
use crate::words::Words;

/// Resets asked for one address in an hour; more are answered the same and send nothing.
const RESETS_AN_HOUR: i64 = 5;
/// Resets asked for from one network address in an hour, for all addresses together; more are answered the same, too.
const RESETS_PER_NETWORK: i64 = 30;
/// The same in a day. Whoever wants to be a nuisance leaves ten mails; a link of theirs helps the holder as well.
const RESETS_A_DAY: i64 = 10;
const DAY: Duration = Duration::from_secs(24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/forgot", Access::Public, show_forgot)
        .post("/forgot", Access::Public, forgot)
        .get("/reset/{token}", Access::Public, open_reset)
        .get("/reset", Access::Public, show_reset)
        .post("/reset", Access::Public, reset)
}

#[derive(Template)]
#[template(path = "accounts/forgot.html")]
struct ForgotPage {
    shell: Shell,
    errors: ErrorSummary,
    email: Field,
    sent: bool,
}

fn forgot_page(ctx: &Ctx, typed: &str, error: Option<String>, sent: bool) -> ForgotPage {
    let words = ctx.words();
    let items = error.iter().map(|text| ("email".to_string(), text.clone())).collect();
    ForgotPage {
        shell: ctx.shell(words.t(if sent { "forgot-sent-title" } else { "forgot-title" }), Section::None),
        errors: ErrorSummary { items, title: words.t("ui-error-summary") },
        email: Field::email("email", words.t("field-email"))
            .value(typed)
            .error(error)
            .required()
            .autocomplete("username")
            .words(words),
        sent,
    }
}

async fn show_forgot(ctx: Ctx) -> Result<Response> {
    html(StatusCode::OK, &forgot_page(&ctx, "", None, false))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ForgotForm {
    email: String,
}

/// Writes down what was asked, known address or not, and lets a job decide: the answer and its time say nothing.
async fn forgot(ctx: Ctx, Form(typed): Form<ForgotForm>) -> Result<Response> {
    let email = match Email::parse(&typed.email) {
        Ok(email) => email,
        Err(refusal) => {
            let page = forgot_page(&ctx, &typed.email, Some(ctx.words().t(refusal.key())), false);
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let (device, network) =
        (ctx.device.clone(), Cap::of_network(&ctx.app, "reset network", ctx.ip, RESETS_PER_NETWORK, HOUR));
    ctx.app
        .write(move |h| {
            // Whoever has signed in to this address here before does not wait for the neighbours in their network.
            let known = known_device(h, device.as_deref(), &email.key)?.is_some();
            if !known && take_all(h, std::slice::from_ref(&network))? != Outcome::Allowed {
                return Ok(());
            }
            let recent = |window| queries::recent_reset_requests(h, &email.key, h.now.minus(window));
            if recent(HOUR)? >= RESETS_AN_HOUR || recent(DAY)? >= RESETS_A_DAY {
                return Ok(());
            }
            let id = h.new_id();
            queries::insert_reset_request(h, id, &email.address, &email.key)?;
            h.enqueue(JobKind::AnswerResetRequest, id, h.now)
        })
        .await?;
    html(StatusCode::OK, &forgot_page(&ctx, "", None, true))
}

async fn open_reset(ctx: Ctx, Path(token): Path<String>) -> Result<Response> {
    take_link(&ctx, &token, "/reset")
}

/// Takes a token out of the address: it goes on in a cookie, and neither log nor referrer sees it again.
pub fn take_link(ctx: &Ctx, token: &str, to: &'static str) -> Result<Response> {
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let token: String =
        token.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).take(200).collect();
    Cookie::Link.set(&ctx.app, &mut response, &token)?;
    Ok(response)
}

/// Names the opened link without being able to open it.
pub fn link_mark(ctx: &Ctx) -> String {
    let hash = crate::secrets::token_hash(ctx.link.as_deref().unwrap_or_default());
    hash[..8].iter().map(|b| format!("{b:02x}")).collect()
}

#[derive(Template)]
#[template(path = "accounts/reset.html")]
struct ResetPage {
    shell: Shell,
    errors: ErrorSummary,
    password: Field,
    /// The password was chosen already; the link puts it in force.
    chosen: bool,
    /// Why the link does not work; empty if it does.
    dead: String,
}

fn reset_page(ctx: &Ctx, chosen: bool, error: Option<String>, dead: Option<Dead>) -> ResetPage {
    let words = ctx.words();
    let items = error.iter().map(|text| ("password".to_string(), text.clone())).collect();
    let dead = dead.map(|dead| match dead {
        Dead::Expired => words.t("reset-expired"),
        Dead::Used => words.t("reset-used"),
        Dead::Replaced => words.t("reset-replaced"),
        Dead::Unknown => words.t("link-unknown"),
    });
    ResetPage {
        shell: ctx.shell(words.t(if chosen { "chosen-title" } else { "reset-title" }), Section::None),
        errors: ErrorSummary { items, title: words.t("ui-error-summary") },
        password: new_password_field(words, error),
        chosen,
        dead: dead.unwrap_or_default(),
    }
}

/// The field for a new password, wherever one is chosen.
pub fn new_password_field(words: Words, error: Option<String>) -> Field {
    chosen_password(words, "field-new-password", error).hint(words.t("password-rule"))
}

fn chosen_password(words: Words, label: &str, error: Option<String>) -> Field {
    Field::password("password", words.t(label))
        .error(error)
        .required()
        .autocomplete("new-password")
        .strength()
        .words(words)
}

/// The field with which an invitation is answered. Whether its address has an account already is told to nobody, so one
/// name and one hint are true for both: a new password, or the one that is there.
pub fn invited_password_field(words: Words, error: Option<String>) -> Field {
    chosen_password(words, "field-password", error).hint(words.t("invitation-password-hint"))
}

async fn link_of(ctx: &Ctx) -> Result<std::result::Result<links::Link, Dead>> {
    let token = ctx.link.clone().unwrap_or_default();
    let link = ctx.app.read(move |h| links::by_token(h, &token)).await?;
    let Some(link) = link else {
        return Ok(Err(Dead::Unknown));
    };
    let state = link.state(ctx.app.now());
    if matches!(state, Err(Dead::Expired)) && link.ended_at.is_none() {
        ctx.app.write(queries::end_expired_links).await?;
    }
    Ok(state.map(|()| link))
}

async fn show_reset(ctx: Ctx) -> Result<Response> {
    match link_of(&ctx).await? {
        Ok(link) => html(StatusCode::OK, &reset_page(&ctx, link.is_chosen(), None, None)),
        Err(dead) => html(StatusCode::GONE, &reset_page(&ctx, false, None, Some(dead))),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PasswordForm {
    password: String,
}

async fn reset(ctx: Ctx, Form(typed): Form<PasswordForm>) -> Result<Response> {
    let link = match link_of(&ctx).await? {
        Ok(link) => link,
        Err(dead) => return html(StatusCode::GONE, &reset_page(&ctx, false, None, Some(dead))),
    };
    let hash = match &link.password_hash {
        Some(chosen) => chosen.clone(),
        None => {
            if let Err(weakness) = check_new(&typed.password, &[&link.email.address]) {
                let page = reset_page(&ctx, false, Some(ctx.words().t(weakness.key())), None);
                return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
            }
            ctx.app.passwords.hash(&typed.password).await?
        }
    };
    let used = ctx
        .app
        .write(move |h| {
            // Only one of two presses wins, and only while the link still holds.
            let now_dead = queries::link(h, link.id)?.is_none_or(|link| link.state(h.now).is_err());
            if now_dead || !queries::use_link(h, link.id)? {
                return Ok(false);
            }
            // Whoever opened it has read the mail: the address is proven by that.
            super::confirm_login(h, link.account, &link.email.key)?;
            super::set_password(h, link.account, &hash, None)?;
            Ok(true)
        })
        .await?;
    if !used {
        return html(StatusCode::GONE, &reset_page(&ctx, false, None, Some(Dead::Used)));
    }
    let mut response = lead_to(&ctx, "/sign-in?done=reset")?;
    Cookie::Link.clear(&ctx.app, &mut response)?;
    Cookie::Session.clear(&ctx.app, &mut response)?;
    Ok(response)
}
