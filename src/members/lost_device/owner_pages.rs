//! Asking and taking back, on the member's page and in the API.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::{ask, cancel};
use crate::access::OWNERS;
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::members::api::member;
use crate::members::member_pages::refused_page;
use crate::routes::Routes;
use crate::web::{Answer, Cookie, Ctx, Path, idempotency_key, lead_to, once};

pub fn routes(routes: Routes) -> Routes {
    routes
        .post("/settings/members/{id}/second-factor-reset", OWNERS, ask_page)
        .post("/settings/members/{id}/second-factor-reset/cancel", OWNERS, cancel_page)
        .post("/api/v1/members/{id}/second-factor-reset", OWNERS, ask_api)
        .delete("/api/v1/members/{id}/second-factor-reset", OWNERS, cancel_api)
}

fn back(ctx: &Ctx, id: MemberId, flash: &str) -> Result<Response> {
    let mut response = lead_to(ctx, &format!("/settings/members/{id}"))?;
    Cookie::Flash.set(&ctx.app, &mut response, flash)?;
    Ok(response)
}

async fn ask_page(ctx: Ctx, Path(id): Path<MemberId>) -> Result<Response> {
    let asked = ctx.door()?.write(move |p| ask(p, id)).await?;
    match asked.refusal() {
        None => back(&ctx, id, "second-factor-reset-asked"),
        Some(refusal) => refused_page(&ctx, id, refusal).await,
    }
}

async fn cancel_page(ctx: Ctx, Path(id): Path<MemberId>) -> Result<Response> {
    let cancelled = ctx.door()?.write(move |p| cancel(p, id)).await?;
    back(&ctx, id, if cancelled { "second-factor-reset-cancelled" } else { "not-open" })
}

async fn ask_api(ctx: Ctx, Path(id): Path<MemberId>, headers: HeaderMap) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    ctx.door()?
        .write(move |p| {
            once(p, key.as_deref(), id.0.as_bytes(), || match ask(p, id)? {
                super::Asked::UnderWay(_) => member(p, id, StatusCode::ACCEPTED),
                super::Asked::TooMany => Err(Error::TooMany { retry_after: 3600 }),
                refused => Err(Error::Conflict(refused.refusal().unwrap_or_default().into())),
            })
        })
        .await
}

async fn cancel_api(ctx: Ctx, Path(id): Path<MemberId>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            if !cancel(p, id)? {
                return Err(Error::Conflict("No reset is under way for this member.".into()));
            }
            member(p, id, StatusCode::OK)
        })
        .await
}
