//! The dialog that says what archiving a client ends, and the two presses.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::archive::{Ends, archive, ends, restore};
use super::{Head, Side, Status, head};
use crate::access::ANY_STAFF;
use crate::audit::{Entry, note_read};
use crate::error::Result;
use crate::ids::ClientId;
use crate::routes::Routes;
use crate::ui::{Section, Shell};
use crate::web::{Answer, Cookie, Ctx, Path, html, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/clients/{id}/archive", ANY_STAFF, ask)
        .post("/clients/{id}/archive", ANY_STAFF, put_away)
        .post("/clients/{id}/restore", ANY_STAFF, bring_back)
        .get("/api/v1/clients/{id}/archive", ANY_STAFF, preview)
}

#[derive(Template)]
#[template(path = "clients/archive.html")]
struct ArchiveForm {
    id: ClientId,
    archived: bool,
    /// Each thing that ends, in a sentence.
    ends: Vec<String>,
}
impl askama::filters::HtmlSafe for ArchiveForm {}

#[derive(Template)]
#[template(path = "clients/archive_page.html")]
struct ArchivePage {
    shell: Shell,
    head: Head,
    form: ArchiveForm,
}

fn said(ends: &Ends) -> Vec<String> {
    let portal = match ends.portals {
        0 => None,
        1 => Some("Their portal closes with the next request.".to_string()),
        n => Some(format!("The portal closes for the {n} people who have access, with the next request.")),
    };
    let queued =
        ends.invitation_queued.then(|| "The invitation that waits is taken back before it is sent.".to_string());
    let open =
        ends.link_open.then(|| "The link in the invitation they have opens nothing until they are restored.".into());
    let forms = match ends.open_forms {
        0 => None,
        1 => Some("1 form that is still open waits until they are restored; nobody is reminded of it.".to_string()),
        n => Some(format!("{n} forms that are still open wait until they are restored; nobody is reminded of them.")),
    };
    let messages = match ends.waiting_messages {
        0 => None,
        1 => Some("1 message that waits for its time is not sent.".to_string()),
        n => Some(format!("{n} messages that wait for their time are not sent.")),
    };
    [portal, queued, open, forms, messages].into_iter().flatten().collect()
}

async fn ask(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    let zone = ctx.practice()?.time_zone.clone();
    let (head, ends) = ctx.door()?.read(move |p| Ok((head(p, id, &zone, Side::Overview)?, ends(p, id)?))).await?;
    let form = ArchiveForm { id, archived: head.archived, ends: said(&ends) };
    if ctx.is_fragment {
        return html(StatusCode::OK, &form);
    }
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id)).await?;
    html(StatusCode::OK, &ArchivePage { shell: ctx.shell("Archive client", Section::Clients), head, form })
}

async fn put_away(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    ctx.door()?.write(move |p| archive(p, id)).await?;
    back(&ctx, id, &format!("client-archived:{id}"))
}

async fn bring_back(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    ctx.door()?.write(move |p| restore(p, id)).await?;
    back(&ctx, id, "client-restored")
}

fn back(ctx: &Ctx, id: ClientId, flash: &str) -> Result<Response> {
    let mut response = lead_to(ctx, &format!("/clients/{id}"))?;
    Cookie::Flash.set(&ctx.app, &mut response, flash)?;
    Ok(response)
}

#[derive(Serialize)]
struct PreviewBody {
    archived: bool,
    portals_that_close: usize,
    invitation_taken_back: bool,
    link_that_opens_nothing: bool,
    open_forms_that_wait: i64,
    messages_that_are_not_sent: i64,
}

/// What archiving would end, for a program that asks first.
async fn preview(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Answer> {
    let (archived, ends) =
        ctx.door()?.read(move |p| Ok((super::find(p, id)?.status == Status::ARCHIVED, ends(p, id)?))).await?;
    let body = PreviewBody {
        archived,
        portals_that_close: ends.portals,
        invitation_taken_back: ends.invitation_queued,
        link_that_opens_nothing: ends.link_open,
        open_forms_that_wait: ends.open_forms,
        messages_that_are_not_sent: ends.waiting_messages,
    };
    Answer::new(StatusCode::OK, &body)
}
