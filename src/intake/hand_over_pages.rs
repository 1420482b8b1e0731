//! The pages of handing over: the dialog of the staff, the way in on another device, and the end.

use askama::Template;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;

use super::hand_over::{HandOver, Where, end, end_all, hand_over, open, standing, waits};
use crate::access::{ANY_STAFF, Access};
use crate::accounts::{self, link_mark, take_link};
use crate::audit::{Entry, note_read};
use crate::clients::{self, Head, Side};
use crate::error::{Error, FieldError, Result};
use crate::ids::ClientId;
use crate::routes::{Routes, unauthorized};
use crate::ui::qr::{Svg, drawing};
use crate::ui::{Section, Shell};
use crate::web::{Cookie, Ctx, Form, Identity, Path, html, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/clients/{id}/hand-over", ANY_STAFF, show)
        .post("/clients/{id}/hand-over", ANY_STAFF, make)
        .post("/clients/{id}/hand-over/end", ANY_STAFF, take_back)
        .get("/hand-over/open", Access::Public, door)
        .post("/hand-over/open", Access::Public, enter)
        .get("/hand-over/{token}", Access::Public, open_link)
        .post("/hand-over/finish", Access::HandOver, finish)
}

const TITLE: &str = "Hand over a device";

#[derive(Template)]
#[template(path = "intake/hand_over_ways.html")]
struct Ways {
    id: ClientId,
    archived: bool,
    standing: Vec<Standing>,
    made: Option<Made>,
}
impl askama::filters::HtmlSafe for Ways {}

/// What is handed over now.
struct Standing {
    text: String,
    open: bool,
}

/// A code for another device, this once.
struct Made {
    address: String,
    qr: Svg,
}

#[derive(Template)]
#[template(path = "intake/hand_over.html")]
struct WaysPage {
    shell: Shell,
    head: Head,
    ways: Ways,
}

fn stands(one: &HandOver, zone: &str) -> Standing {
    let until = one.until.time_in(zone);
    let text = match one.opened {
        Some(at) => {
            format!("Open since {}, by {}. It ends by itself when nobody touches it.", at.time_in(zone), one.by)
        }
        None => format!("The code made by {} waits until {until}.", one.by),
    };
    Standing { text, open: one.opened.is_some() }
}

async fn page(ctx: &Ctx, id: ClientId, made: Option<Made>) -> Result<Response> {
    let zone = ctx.practice()?.time_zone.clone();
    let (archived, found) = ctx
        .door()?
        .read(move |p| Ok((clients::open(p, id)?.status == clients::Status::ARCHIVED, standing(p, id)?)))
        .await?;
    let standing = found.iter().map(|one| stands(one, &zone)).collect();
    let ways = Ways { id, archived, standing: if made.is_some() { Vec::new() } else { standing }, made };
    if ctx.is_fragment {
        return html(StatusCode::OK, &ways);
    }
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id)).await?;
    let head = ctx.door()?.read(move |p| clients::head(p, id, &zone, Side::Overview)).await?;
    html(StatusCode::OK, &WaysPage { shell: ctx.shell(TITLE, Section::Clients), head, ways })
}

async fn show(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    page(&ctx, id, None).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    #[serde(rename = "where")]
    place: String,
}

async fn make(ctx: Ctx, Path(id): Path<ClientId>, Form(asked): Form<Asked>) -> Result<Response> {
    let place = match asked.place.as_str() {
        "here" => Where::Here,
        "elsewhere" => Where::Elsewhere,
        _ => {
            // Whoever may not see the client learns nothing from what was sent.
            ctx.door()?.read(move |p| clients::open(p, id)).await?;
            return Err(Error::Invalid(vec![FieldError::new("where", "Say which device.")]));
        }
    };
    // A program has no device to hand over.
    let session = ctx.signed()?.session.clone();
    let (_, secret) = ctx.door()?.write(move |p| hand_over(p, id, place)).await?;
    if place == Where::Elsewhere {
        let address = ctx.app.config.link(&format!("/hand-over/{secret}"));
        let qr = drawing(&address, "QR code that opens the forms")?;
        return page(&ctx, id, Some(Made { address, qr })).await;
    }
    ctx.app.write(move |h| accounts::end(h, session.account, session.id)).await?;
    let mut response = lead_to(&ctx, "/hand-over")?;
    Cookie::Session.clear(&ctx.app, &mut response)?;
    Cookie::HandOver.set(&ctx.app, &mut response, &secret)?;
    Ok(response)
}

async fn take_back(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    ctx.door()?.write(move |p| end_all(p, id)).await?;
    let mut response = lead_to(&ctx, &format!("/clients/{id}"))?;
    Cookie::Flash.set(&ctx.app, &mut response, "hand-over-ended")?;
    Ok(response)
}

async fn open_link(ctx: Ctx, Path(token): Path<String>) -> Result<Response> {
    take_link(&ctx, &token, "/hand-over/open")
}

#[derive(Template)]
#[template(path = "intake/hand_over_door.html")]
struct DoorPage {
    shell: Shell,
    /// Names the code, so that another one is not used in its place.
    link: String,
    lead: String,
    opens: bool,
}

/// The door: nothing opens by looking at it.
async fn door(ctx: Ctx) -> Result<Response> {
    let words = ctx.words();
    let token = ctx.link.clone().unwrap_or_default();
    let practice = ctx
        .app
        .read({
            let token = token.clone();
            move |h| waits(h, &token)
        })
        .await?;
    let opens = practice.is_some();
    let key = if opens { "hand-over-welcome" } else { "hand-over-dead-title" };
    let shell =
        Shell { practice: practice.unwrap_or_default(), idle_seconds: None, ..ctx.shell(words.t(key), Section::None) };
    let lead = words.t(if opens { "hand-over-lead" } else { "hand-over-dead" });
    let status = if opens { StatusCode::OK } else { StatusCode::GONE };
    html(status, &DoorPage { shell, link: link_mark(&ctx), lead, opens })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Opening {
    link: String,
}

/// Opens the device. Whoever was signed in in this browser is not any more: nothing of theirs is handed over.
async fn enter(ctx: Ctx, Form(asked): Form<Opening>) -> Result<Response> {
    let token = ctx.link.clone().unwrap_or_default();
    if asked.link != link_mark(&ctx) {
        return lead_to(&ctx, "/hand-over/open");
    }
    let signed = match &ctx.who {
        Identity::Signed(signed) => Some((signed.session.account, signed.session.id)),
        _ => None,
    };
    let opened = ctx
        .app
        .write(move |h| {
            let opened = open(h, &token)?;
            if let (Some(_), Some((account, session))) = (&opened, signed) {
                accounts::end(h, account, session)?;
            }
            Ok(opened)
        })
        .await?;
    let Some(opened) = opened else {
        return lead_to(&ctx, "/hand-over/open");
    };
    let mut response = lead_to(&ctx, "/hand-over")?;
    Cookie::Link.clear(&ctx.app, &mut response)?;
    Cookie::Session.clear(&ctx.app, &mut response)?;
    Cookie::HandOver.set(&ctx.app, &mut response, &opened)?;
    Ok(response)
}

#[derive(Template)]
#[template(path = "intake/hand_over_end.html")]
struct EndPage {
    shell: Shell,
    lead: String,
    note: String,
}

async fn finish(ctx: Ctx) -> Result<Response> {
    ctx.door()?.write(end).await?;
    let mut response = end_page(&ctx, StatusCode::OK)?;
    Cookie::HandOver.clear(&ctx.app, &mut response)?;
    Ok(response)
}

fn end_page(ctx: &Ctx, status: StatusCode) -> Result<Response> {
    let words = ctx.words();
    let shell = Shell {
        practice: String::new(),
        idle_seconds: None,
        ..ctx.shell(words.t("hand-over-end-title"), Section::None)
    };
    html(status, &EndPage { shell, lead: words.t("hand-over-end"), note: words.t("hand-over-end-note") })
}

/// The answer to a device that is handed over no more.
pub fn handed_back(ctx: &Ctx, headers: &HeaderMap) -> Result<Response> {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let takes_pages = accept.is_none_or(|accept| accept.contains("text/html") || accept.contains("*/*"));
    if ctx.is_fragment || !takes_pages {
        return Ok(unauthorized());
    }
    let mut response = end_page(ctx, StatusCode::UNAUTHORIZED)?;
    Cookie::HandOver.clear(&ctx.app, &mut response)?;
    Ok(response)
}
