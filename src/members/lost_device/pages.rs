//! The page behind the link that turns the second factor off.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use crate::access::{Access, Actor};
use crate::accounts;
use crate::error::Result;
use crate::routes::Routes;
use crate::second_factor::resets;
use crate::ui::{Section, Shell};
use crate::web::{Cookie, Ctx, Path, html, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/two-step/reset/{token}", Access::Public, open).get("/two-step/reset", Access::Public, show).post(
        "/two-step/reset",
        Access::Public,
        confirm,
    )
}

async fn open(ctx: Ctx, Path(token): Path<String>) -> Result<Response> {
    accounts::take_link(&ctx, &token, "/two-step/reset")
}

#[derive(Template)]
#[template(path = "members/lost_device/confirm.html")]
struct ConfirmPage {
    shell: Shell,
    dead: bool,
    lead: String,
}

fn page(ctx: &Ctx, practice: Option<String>) -> Result<Response> {
    let words = ctx.words();
    let dead = practice.is_none();
    let title = words.t(if dead { "link-unknown-title" } else { "second-factor-reset-title" });
    let lead = match &practice {
        Some(practice) => words.with("second-factor-reset-lead", &[("practice", practice)]),
        None => words.t("second-factor-reset-dead"),
    };
    let practice = practice.unwrap_or_default();
    let shell = Shell { practice, idle_seconds: None, ..ctx.shell(title, Section::None) };
    let status = if dead { StatusCode::GONE } else { StatusCode::OK };
    html(status, &ConfirmPage { shell, dead, lead })
}

async fn show(ctx: Ctx) -> Result<Response> {
    let token = ctx.link.clone().unwrap_or_default();
    let found = ctx
        .app
        .read(move |h| {
            let Some((practice, id)) = resets::read_token(h.app, &token) else {
                return Ok(None);
            };
            let actor = Actor::link_holder(practice);
            let p = h.practice(&actor);
            let ripe = resets::find(&p, id)?.is_some_and(|reset| reset.is_ripe(h.now));
            Ok(h.practice_info(practice)?.filter(|_| ripe).map(|info| info.name))
        })
        .await?;
    page(&ctx, found)
}

async fn confirm(ctx: Ctx) -> Result<Response> {
    let token = ctx.link.clone().unwrap_or_default();
    let done = ctx
        .app
        .write(move |h| match resets::read_token(h.app, &token) {
            Some((practice, id)) => super::complete(&h.practice(&Actor::link_holder(practice)), id),
            None => Ok(false),
        })
        .await?;
    if !done {
        return page(&ctx, None);
    }
    let mut response = lead_to(&ctx, "/sign-in?done=second-factor")?;
    Cookie::Link.clear(&ctx.app, &mut response)?;
    Ok(response)
}
