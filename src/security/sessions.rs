//! The sessions of an account: seen and ended.

use axum::response::Response;
use uuid::Uuid;

use crate::access::Access;
use crate::accounts;
use crate::error::{Error, Result};
use crate::routes::Routes;
use crate::web::{Cookie, Ctx, Path, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes.post("/sessions/{id}/end", Access::Account, end).post("/sessions/end-others", Access::Account, end_others)
}

pub struct SessionLine {
    pub id: String,
    pub device: String,
    pub last_used: String,
    pub current: bool,
}

/// The live sessions of whoever asks, the present one first.
pub async fn lines(ctx: &Ctx) -> Result<Vec<SessionLine>> {
    let signed = ctx.signed()?;
    let (account, own) = (signed.session.account, signed.session.id);
    let zone = ctx.practice().map_or_else(|_| "UTC".to_string(), |p| p.time_zone.clone());
    let words = ctx.words();
    let oldest = ctx.app.now().minus(signed.idle);
    let rows = ctx.app.read(move |h| accounts::list(h, account, oldest)).await?;
    let line = |row: accounts::SessionRow| SessionLine {
        id: row.id.to_string(),
        last_used: words.with("session-last-used", &[("time", &row.last_seen_at.said_in(&zone))]),
        device: row.device,
        current: row.id == own,
    };
    let mut all: Vec<SessionLine> = rows.into_iter().map(line).collect();
    all.sort_by_key(|line| !line.current);
    Ok(all)
}

async fn back(ctx: &Ctx) -> Result<Response> {
    let to = if ctx.viewer().is_ok() { "/portal/security" } else { "/settings/security" };
    let mut response = lead_to(ctx, to)?;
    Cookie::Flash.set(&ctx.app, &mut response, "session-ended")?;
    Ok(response)
}

async fn end(ctx: Ctx, Path(id): Path<Uuid>) -> Result<Response> {
    let account = ctx.signed()?.session.account;
    let ended = ctx.app.write(move |h| accounts::end(h, account, id)).await?;
    if ended { back(&ctx).await } else { Err(Error::NotFound) }
}

async fn end_others(ctx: Ctx) -> Result<Response> {
    let signed = ctx.signed()?;
    let (account, own) = (signed.session.account, signed.session.id);
    ctx.app.write(move |h| accounts::end_others(h, account, own)).await?;
    back(&ctx).await
}
