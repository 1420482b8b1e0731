//! Settings > API tokens: everybody's own, and for owners everybody's.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::tokens::{self, Made, Token};
use crate::access::{ANY_STAFF, Role};
use crate::error::Result;
use crate::ids::TokenId;
use crate::people;
use crate::routes::Routes;
use crate::settings;
use crate::ui::{ErrorSummary, Field, Section, Shell, Tab};
use crate::web::{Cookie, Ctx, Form, Path, html, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/settings/tokens", ANY_STAFF, index)
        .post("/settings/tokens", ANY_STAFF, create)
        .get("/settings/tokens/{id}/revoke", ANY_STAFF, ask_revoke)
        .post("/settings/tokens/{id}/revoke", ANY_STAFF, revoke)
}

#[derive(Template)]
#[template(path = "members/tokens.html")]
struct TokensPage {
    shell: Shell,
    menu: Vec<Tab>,
    errors: ErrorSummary,
    name: Field,
    /// Shown this once; empty otherwise.
    secret: String,
    secret_name: String,
    own: Vec<Line>,
    /// Other members', for owners.
    others: Vec<Line>,
    is_owner: bool,
    full: bool,
}

struct Line {
    id: String,
    name: String,
    member: String,
    used: String,
}

fn line(token: &Token, zone: &str) -> Line {
    let made = token.created_at.said_in(zone);
    let used = match token.last_used_at {
        None => format!("Made {made} · never used"),
        // Written at most once an hour.
        Some(at) => format!("Made {made} · last used about {}", at.said_in(zone)),
    };
    Line { id: token.id.to_string(), name: token.name.clone(), member: token.member_name.clone(), used }
}

#[derive(Default)]
struct State {
    typed: String,
    error: Option<String>,
    secret: String,
    secret_name: String,
}

async fn page(ctx: &Ctx, state: State, status: StatusCode) -> Result<Response> {
    let all = ctx.door()?.read(tokens::visible).await?;
    let member = ctx.member()?;
    let zone = &ctx.practice()?.time_zone;
    let (own, others): (Vec<_>, Vec<_>) = all.iter().partition(|token| token.member == member.id);
    let items = state.error.iter().map(|text| ("name".to_string(), text.clone())).collect();
    let page = TokensPage {
        shell: ctx.shell("API tokens", Section::Settings),
        menu: settings::menu(ctx, "/settings/tokens")?,
        errors: ErrorSummary { items, title: ctx.words().t("ui-error-summary") },
        name: Field::text("name", "Name")
            .value(&state.typed)
            .error(state.error)
            .hint("What it is for, such as the website's form. It is shown in the list.")
            .required()
            .dir_auto()
            .max_length(people::LINE_LIMIT)
            .private(),
        secret: state.secret,
        secret_name: state.secret_name,
        full: own.len() >= tokens::LIMIT,
        own: own.into_iter().map(|token| line(token, zone)).collect(),
        others: others.into_iter().map(|token| line(token, zone)).collect(),
        is_owner: member.role == Role::Owner,
    };
    html(status, &page)
}

async fn index(ctx: Ctx) -> Result<Response> {
    page(&ctx, State::default(), StatusCode::OK).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NewForm {
    name: String,
}

/// What the refusal of another token says.
pub const TOO_MANY: &str = "Twenty tokens are the most. Revoke one that is not needed any more.";

async fn create(ctx: Ctx, Form(typed): Form<NewForm>) -> Result<Response> {
    let refuse = |error: String| State { typed: typed.name.clone(), error: Some(error), ..State::default() };
    let name = match people::name(&typed.name) {
        Ok(name) => name,
        Err(refusal) => {
            let error = ctx.words().t(refusal.key());
            return page(&ctx, refuse(error), StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    match ctx.door()?.write(move |p| tokens::make(p, &name)).await? {
        Made::TooMany => page(&ctx, refuse(TOO_MANY.into()), StatusCode::UNPROCESSABLE_ENTITY).await,
        Made::Made { token, secret } => {
            let state = State { secret, secret_name: token.name, ..State::default() };
            page(&ctx, state, StatusCode::OK).await
        }
    }
}

#[derive(Template)]
#[template(path = "members/revoke.html")]
struct RevokePage {
    shell: Shell,
    menu: Vec<Tab>,
    form: RevokeForm,
}

#[derive(Template)]
#[template(path = "members/revoke_form.html")]
struct RevokeForm {
    line: Line,
    /// Whose it is; empty for one's own.
    of: String,
}
impl askama::filters::HtmlSafe for RevokeForm {}

async fn ask_revoke(ctx: Ctx, Path(id): Path<TokenId>) -> Result<Response> {
    let token = ctx.door()?.read(move |p| tokens::find(p, id)).await?;
    let of = if token.member == ctx.member()?.id { String::new() } else { token.member_name.clone() };
    let form = RevokeForm { line: line(&token, &ctx.practice()?.time_zone), of };
    if ctx.is_fragment {
        return html(StatusCode::OK, &form);
    }
    let menu = settings::menu(&ctx, "/settings/tokens")?;
    html(StatusCode::OK, &RevokePage { shell: ctx.shell("Revoke token", Section::Settings), menu, form })
}

async fn revoke(ctx: Ctx, Path(id): Path<TokenId>) -> Result<Response> {
    ctx.door()?.write(move |p| tokens::revoke(p, id)).await?;
    let mut response = lead_to(&ctx, "/settings/tokens")?;
    Cookie::Flash.set(&ctx.app, &mut response, "token-revoked")?;
    Ok(response)
}
