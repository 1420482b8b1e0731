//! The side Messages of a client's record: the conversations with them that whoever looks may read.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::head::{Head, Side, head};
use crate::access::{ANY_STAFF, Role};
use crate::audit::{Entry, note_read};
use crate::care_team;
use crate::chat::{self, Kind, Standing, Why};
use crate::error::{Error, Result};
use crate::ids::ClientId;
use crate::routes::Routes;
use crate::ui::{Section, Shell};
use crate::web::{Ctx, Form, Path, html, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/clients/{id}/messages", ANY_STAFF, show).post("/clients/{id}/messages", ANY_STAFF, begin)
}

#[derive(Template)]
#[template(path = "clients/messages.html")]
struct MessagesPage {
    shell: Shell,
    head: Head,
    client: ClientId,
    rows: Vec<Row>,
    /// Who asks can write to the client themselves.
    may_write: bool,
    archived: bool,
    /// Has no e-mail and is in no portal: nobody would read it.
    unread_by_anybody: bool,
}

struct Row {
    href: String,
    title: String,
    note: &'static str,
    at: String,
    machine: String,
}

async fn show(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    let zone = ctx.practice()?.time_zone.clone();
    let member = ctx.member()?.clone();
    let me = member.id;
    let (head, found, on_team, portals) = ctx
        .door()?
        .read({
            let zone = zone.clone();
            move |p| {
                let head = head(p, id, &zone, Side::Messages)?;
                let on_team = care_team::members(p, id)?.contains(&me);
                Ok((head, chat::of_client(p, id)?, on_team, crate::portal_access::live(p, id)?))
            }
        })
        .await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id).detail("messages")).await?;
    let practice = ctx.practice()?.name.clone();
    let row = |(conversation, standing): &(chat::Conversation, Standing)| Row {
        href: format!("/chat/{}", conversation.id),
        title: match conversation.kind {
            Kind::Practice => practice.clone(),
            _ if conversation.member == Some(me) => "You".into(),
            _ => conversation.member_name.clone(),
        },
        note: match (standing, conversation.closed) {
            (Standing::Reads(Why::Others), _) => "You can read it and not write in it.",
            (_, true) => "Closed",
            _ if !conversation.member_there && conversation.kind == Kind::Direct => "No longer on the care team",
            _ => "",
        },
        at: if conversation.last_said > 0 { conversation.last_at.said_in(&zone) } else { "Nothing written yet".into() },
        machine: conversation.last_at.rfc3339(),
    };
    let page = MessagesPage {
        shell: ctx.shell(head.name.clone(), Section::Clients),
        client: id,
        rows: found.iter().map(row).collect(),
        may_write: on_team && member.role != Role::Support,
        archived: head.archived,
        unread_by_anybody: portals == 0,
        head,
    };
    html(StatusCode::OK, &page)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BeginForm {
    kind: String,
}

async fn begin(ctx: Ctx, Path(id): Path<ClientId>, Form(form): Form<BeginForm>) -> Result<Response> {
    let conversation = ctx
        .door()?
        .write(move |p| {
            super::find(p, id)?;
            match form.kind.as_str() {
                "direct" => chat::begin(p, id),
                "practice" => chat::begin_with_practice(p, id),
                _ => Err(Error::bad_request("The form is not one of ours.")),
            }
        })
        .await?;
    lead_to(&ctx, &format!("/chat/{conversation}"))
}
