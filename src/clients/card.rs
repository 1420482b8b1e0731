//! The invitation's card on a client's page: how it stands, what became of each, and the one button.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::Status as RecordStatus;
use super::head::{Head, Side};
use super::pages::{invitation_status, unconfirmed_status};
use super::record::Client;
use crate::access::ANY_STAFF;
use crate::app::App;
use crate::audit::{Entry, note_read};
use crate::error::Result;
use crate::ids::ClientId;
use crate::invitations::{self, Event, Invitation, Purpose, State};
use crate::portal_access;
use crate::routes::Routes;
use crate::ui::{Section, Shell, Status};
use crate::web::{Ctx, Path, html};

pub fn routes(routes: Routes) -> Routes {
    routes.poll("/clients/{id}/invitation", ANY_STAFF, invitation).get("/clients/{id}/portal", ANY_STAFF, portal)
}

/// The invitation, its history, and what can be done about it; repeats itself while a mail is under way.
#[derive(Template)]
#[template(path = "clients/invitation.html")]
pub struct InvitationCard {
    id: String,
    pub has_email: bool,
    status: Status,
    /// Label of the one button; empty where there is none.
    button: String,
    explains: String,
    undo: Option<String>,
    under_way: bool,
    /// The newest mail was kept instead of sent, and can be read on this machine.
    outbox: bool,
    pub rounds: Vec<Round>,
}
impl askama::filters::HtmlSafe for InvitationCard {}

pub struct Round {
    email: String,
    lines: Vec<Line>,
}

pub struct Line {
    tone: &'static str,
    what: &'static str,
    at: String,
    machine: String,
    detail: String,
}

pub fn card(client: &Client, history: &[(Invitation, Vec<Event>)], zone: &str, app: &App) -> InvitationCard {
    let latest = history.iter().map(|(invitation, _)| invitation).find(|i| i.state != State::Undone);
    let Standing { status, button, explains } = standing(client, latest);
    let queued = latest.filter(|i| i.state == State::Queued);
    InvitationCard {
        id: client.id.to_string(),
        has_email: client.fields.email.is_some(),
        status,
        button,
        explains,
        undo: queued.filter(|i| app.now() < i.leaves_at).map(|i| i.id.to_string()),
        under_way: queued.is_some(),
        outbox: app.config.is_local() && latest.is_some_and(|i| i.state == State::Kept),
        rounds: history.iter().map(|(invitation, events)| round(invitation, events, zone)).collect(),
    }
}

/// How somebody stands with their invitation, and what can be sent to them now.
pub struct Standing {
    pub status: Status,
    /// Label of the one button; empty where there is nothing to send.
    pub button: String,
    pub explains: String,
}

/// `latest`: the newest invitation that was not undone.
pub fn standing(client: &Client, latest: Option<&Invitation>) -> Standing {
    let has_email = client.fields.email.is_some();
    let is_current = |i: &&Invitation| client.fields.email.as_ref().is_some_and(|e| e.key == i.email.key);
    // What was accepted with another address says nothing of this one.
    let state = latest.map(|i| if i.state == State::Accepted && !is_current(&i) { State::Void } else { i.state });
    let (button, explains) = match (has_email, state) {
        _ if client.status == RecordStatus::ARCHIVED => (String::new(), String::new()),
        (false, _) => (String::new(), String::new()),
        (true, None | Some(State::Void)) => ("Send invitation".into(), String::new()),
        (true, Some(State::Accepted)) => (
            "Send password reset link".into(),
            "They already have a password, so this sends a link to choose a new one.".to_string(),
        ),
        (true, Some(_)) => {
            ("Resend invitation".into(), "A new link replaces the older one once it is sent.".to_string())
        }
    };
    let status = latest
        .filter(|i| i.purpose == Purpose::SignUp)
        .and_then(|i| unconfirmed_status(i.state.as_str()))
        .unwrap_or_else(|| invitation_status(has_email, state.map(State::as_str)));
    Standing { status, button, explains }
}

fn round(invitation: &Invitation, events: &[Event], zone: &str) -> Round {
    let line = |e: &Event| {
        let (tone, what) = match e.kind.as_str() {
            "queued" => ("", "Queued"),
            "delayed" => ("warn", "Delayed"),
            "sent" => ("info", "Sent"),
            "kept" => ("warn", "Not delivered: kept in the local outbox"),
            "bounced" => ("bad", "Bounced"),
            "opened" => ("info", "Link opened"),
            "superseded" => ("", "Superseded"),
            "undone" => ("", "Undone"),
            "void" => ("", "Ended: the email was changed"),
            _ => ("good", "Accepted"),
        };
        let detail = match e.kind.as_str() {
            "opened" => "By the client, or by a mail program that checks links".to_string(),
            "delayed" => "The mail server did not take it yet; it is tried again by itself".to_string(),
            "superseded" => "A newer link was sent".to_string(),
            _ => e.detail.clone().unwrap_or_default(),
        };
        Line { tone, what, at: e.at.said_in(zone), machine: e.at.rfc3339(), detail }
    };
    Round { email: invitation.email.address.clone(), lines: events.iter().map(line).collect() }
}

/// The invitation's card alone: the page asks for it again while a mail is under way. It keeps no session alive.
async fn invitation(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    let zone = ctx.practice()?.time_zone.clone();
    let (client, history) = ctx.door()?.read(move |p| Ok((super::open(p, id)?, invitations::history(p, id)?))).await?;
    html(StatusCode::OK, &card(&client, &history, &zone, &ctx.app))
}

/// How somebody stands to the portal, and what can be sent to them: a section behind Actions.
#[derive(Template)]
#[template(path = "clients/portal.html")]
struct PortalPart {
    id: ClientId,
    standing: Standing,
    email: Option<String>,
    /// People around the client who are in, too.
    others: usize,
    archived: bool,
}
impl askama::filters::HtmlSafe for PortalPart {}

#[derive(Template)]
#[template(path = "clients/portal_page.html")]
struct PortalPage {
    shell: Shell,
    head: Head,
    part: PortalPart,
}

async fn portal(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    let zone = ctx.practice()?.time_zone.clone();
    let (head, part) = ctx
        .door()?
        .read(move |p| {
            let client = super::open(p, id)?;
            let part = PortalPart {
                id,
                standing: standing(&client, invitations::latest(p, id)?.as_ref()),
                others: portal_access::of_contacts(p, id)?.len(),
                archived: client.status == RecordStatus::ARCHIVED,
                email: client.fields.email.map(|email| email.address),
            };
            Ok((super::head(p, id, &zone, Side::Overview)?, part))
        })
        .await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id).detail("invitations")).await?;
    if ctx.is_fragment {
        return html(StatusCode::OK, &part);
    }
    html(StatusCode::OK, &PortalPage { shell: ctx.shell(head.name.clone(), Section::Clients), head, part })
}
