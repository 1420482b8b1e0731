//! The Clients page.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::list::{self, Cursor, ListQuery, Listed, Sort, Wanted};
use crate::access::ANY_STAFF;
use crate::audit::{Entry, note_read};
use crate::error::Result;
use crate::groups::{self, Group};
use crate::people::{self, initials};
use crate::routes::Routes;
use crate::ui::{Empty, Link, Section, Shell, Status, Tone};
use crate::web::{Ctx, Query, html};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/clients", ANY_STAFF, index)
}

#[derive(Template)]
#[template(path = "clients/index.html")]
struct IndexPage {
    shell: Shell,
    search: String,
    sort: Sort,
    group_id: String,
    groups: Vec<Group>,
    rows: Vec<Row>,
    count: String,
    next: Option<String>,
    first: Option<String>,
    empty: Option<Empty>,
}

struct Row {
    listed: Listed,
    initials: String,
    phone: String,
    invitation: Status,
    /// Label of the row's button; empty where there is nothing to send.
    send: &'static str,
}

async fn index(ctx: Ctx, Query(query): Query<ListQuery>) -> Result<Response> {
    let wanted = Wanted::of(&query);
    let sort = wanted.sort;
    let narrowed = wanted.is_narrowed();
    let after = if query.cursor.is_empty() { sort.start() } else { Cursor::parse(&query.cursor, sort)? };
    let (rows, groups) =
        ctx.door()?.read(move |p| Ok((list::page(p, &wanted, &after, list::PAGE)?, groups::all(p)?))).await?;
    let entry = Entry::new("client.listed", "client", None).detail(rows.rows.len().to_string());
    note_read(&ctx.app, ctx.actor()?, entry).await?;
    let more = rows.next.is_some();
    let page = IndexPage {
        shell: ctx.shell("Clients", Section::Clients),
        next: rows.next.map(|cursor| query.address(Some(&cursor.text()))),
        first: (!query.cursor.is_empty()).then(|| query.address(None)),
        count: count_said(rows.rows.len(), more, query.cursor.is_empty()),
        empty: rows.rows.is_empty().then(|| empty(narrowed)),
        rows: rows.rows.into_iter().map(row).collect(),
        search: query.search.clone(),
        group_id: query.group_id.clone(),
        sort,
        groups,
    };
    html(StatusCode::OK, &page)
}

fn count_said(shown: usize, more: bool, first: bool) -> String {
    match (shown, more, first) {
        (1, false, true) => "1 client".into(),
        (n, false, true) => format!("{n} clients"),
        (n, true, true) => format!("The first {n} clients; search to find others"),
        (n, _, false) => format!("{n} more clients"),
    }
}

fn empty(narrowed: bool) -> Empty {
    if narrowed {
        return Empty {
            title: "Nobody found".into(),
            text: "No client has that in a name, email, phone or record number.".into(),
            action: Some(Link { href: "/clients".into(), label: "Show all clients".into(), dialog: false }),
        };
    }
    Empty {
        title: "Add your first client".into(),
        text: "A name is enough to start. With an email they get an invitation to their own portal.".into(),
        // The page's one primary action is already there, at the top right.
        action: None,
    }
}

fn row(listed: Listed) -> Row {
    Row {
        initials: initials(&listed.name()),
        phone: listed.phone.as_deref().map(people::phone_said).unwrap_or_default(),
        send: match (listed.email.is_some(), listed.invitation.as_deref()) {
            (true, None | Some("void")) => "Send invitation",
            (true, Some("sent" | "kept" | "bounced" | "superseded")) => "Resend invitation",
            _ => "",
        },
        invitation: sign_up_status(&listed)
            .unwrap_or_else(|| invitation_status(listed.email.is_some(), listed.invitation.as_deref())),
        listed,
    }
}

/// For somebody who signed up by an invite link: what they typed may not be proven yet.
fn sign_up_status(listed: &Listed) -> Option<Status> {
    let state = listed.invitation.as_deref().filter(|_| listed.source == "invite_link")?;
    unconfirmed_status(state)
}

/// The state of the mail that asks to confirm what was typed at a sign-up; nothing once that is done.
pub fn unconfirmed_status(state: &str) -> Option<Status> {
    let (tone, hint) = match state {
        "queued" => (Tone::Info, "Signed up by invite link; the mail to confirm leaves in a moment"),
        "sent" | "superseded" => (Tone::Info, "Signed up by invite link; the mail to confirm was sent"),
        "kept" => (Tone::Warn, "No mail server is set up: the mail to confirm is kept in the local outbox"),
        "bounced" => (Tone::Bad, "The mail to confirm could not be delivered"),
        _ => return None,
    };
    Some(Status { tone, text: "Email not confirmed".into(), hint: hint.into() })
}

/// The state of somebody's invitation as a badge.
pub fn invitation_status(has_email: bool, state: Option<&str>) -> Status {
    let (tone, text, hint) = match state {
        None if has_email => (Tone::Neutral, "Not invited", "No invitation was sent yet"),
        None => (Tone::Neutral, "No email", "No portal, no electronic forms, no email notices"),
        Some("queued") => (Tone::Info, "Invitation queued", "Leaves the outbox in a moment"),
        Some("sent") => (Tone::Info, "Invited", "The mail was sent; no password yet"),
        Some("kept") => (Tone::Warn, "Not delivered", "No mail server is set up: kept in the local outbox"),
        Some("bounced") => (Tone::Bad, "Bounced", "The mail could not be delivered"),
        Some("accepted") => (Tone::Good, "In the portal", "The invitation was accepted"),
        Some("void") => (Tone::Warn, "Not invited", "The email was changed; no invitation to the new one yet"),
        Some(_) => (Tone::Neutral, "Invited", ""),
    };
    Status { tone, text: text.into(), hint: hint.into() }
}
