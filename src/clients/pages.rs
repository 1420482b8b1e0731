//! The Clients page.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::columns::{self, Column};
use super::filters::{self, Filter, Head, Heads};
use super::list::{self, Cursor, ListQuery, Listed, Wanted};
use crate::access::ANY_STAFF;
use crate::audit::{Entry, note_read};
use crate::error::Result;
use crate::groups::{self, Group};
use crate::members::{self, Provider};
use crate::people::initials;
use crate::routes::Routes;
use crate::ui::{Empty, GroupDot, Link, Section, Shell, Status, Tone};
use crate::web::{Ctx, Form, Query, html, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/clients", ANY_STAFF, index).post("/clients/columns", ANY_STAFF, choose)
}

#[derive(Template)]
#[template(path = "clients/index.html")]
struct IndexPage {
    shell: Shell,
    /// The list as the export takes it.
    export: String,
    query: ListQuery,
    filters: Vec<Filter>,
    name_head: Head,
    heads: Vec<ColumnHead>,
    /// The table has other columns than at first.
    chosen: bool,
    /// Each column, and whether it is shown.
    columns: Vec<(Column, bool)>,
    groups: Vec<Group>,
    providers: Vec<Provider>,
    rows: Vec<Row>,
    count: String,
    /// There are more than stand on this page.
    more: bool,
    next: Option<String>,
    first: Option<String>,
    empty: Option<Empty>,
}

struct ColumnHead {
    label: &'static str,
    class: &'static str,
    sorts: Option<Head>,
}

struct Row {
    listed: Listed,
    /// Said again and again in a row's HTML.
    name: String,
    initials: String,
    cells: Vec<Cell>,
    /// Label of the row's button; empty where there is nothing to send.
    send: &'static str,
}

struct Cell {
    label: &'static str,
    class: &'static str,
    text: String,
    dot: Option<GroupDot>,
    status: Option<Status>,
}

fn class(column: Column) -> &'static str {
    match column {
        Column::Email => "col-email",
        Column::Phone => "nowrap col-phone",
        Column::Group => "col-group",
        Column::Provider => "col-provider",
        Column::Invitation => "col-state",
        Column::Forms => "nowrap col-forms",
        Column::DateOfBirth | Column::Added => "nowrap col-more",
        Column::RecordNumber | Column::Arrived | Column::TimeZone => "col-more",
    }
}

async fn index(ctx: Ctx, Query(query): Query<ListQuery>) -> Result<Response> {
    let query = query.sound();
    let wanted = Wanted::of(&query);
    let sort = wanted.sort;
    let narrowed = wanted.is_narrowed();
    let limit = wanted.count_limit();
    let after = match query.cursor.as_str() {
        "" => sort.start(),
        cursor => match Cursor::parse(cursor, sort) {
            Ok(after) => after,
            // An old address whose order was changed by hand: the list starts anew.
            Err(_) => return lead_to(&ctx, &query.address(None)),
        },
    };
    let first = query.cursor.is_empty();
    let asked = query.clone();
    let member = ctx.member()?.id;
    let (rows, total, filters, columns, groups, providers) = ctx
        .door()?
        .read(move |p| {
            let columns = columns::of(p, member)?;
            let mut rows = list::page(p, &wanted, &after, list::PAGE)?;
            if columns.contains(&Column::Forms) {
                list::count_forms(p, &mut rows.rows)?;
            }
            let all_here = first && rows.next.is_none();
            let total = if all_here { rows.rows.len() as i64 } else { list::count(p, &wanted, wanted.count_limit())? };
            let (groups, providers) = (groups::all(p)?, members::providers(p)?);
            let filters = filters::all(p, &asked, &wanted, (&groups, &providers))?;
            Ok((rows, total, filters, columns, groups, providers))
        })
        .await?;
    let entry = Entry::new("client.listed", "client", None).detail(rows.rows.len().to_string());
    note_read(&ctx.app, ctx.actor()?, entry).await?;
    let zone = ctx.practice()?.time_zone.clone();
    let heads = Heads::new(&query, sort);
    let page = IndexPage {
        shell: ctx.shell("Clients", Section::Clients),
        next: rows.next.map(|cursor| query.address(Some(&cursor.text()))),
        first: (!first).then(|| query.address(None)),
        count: count_said(total, limit),
        empty: rows.rows.is_empty().then(|| empty(narrowed, !query.search.is_empty())),
        more: total > rows.rows.len() as i64,
        rows: rows.rows.into_iter().map(|listed| row(listed, &columns, &zone)).collect(),
        name_head: heads.name,
        heads: column_heads(&columns, heads.added),
        chosen: columns != Column::FIRST,
        columns: Column::ALL.into_iter().map(|column| (column, columns.contains(&column))).collect(),
        groups,
        providers,
        export: serde_urlencoded::to_string([("filter", query.text(None))]).unwrap_or_default(),
        query,
        filters,
    };
    html(StatusCode::OK, &page)
}

fn column_heads(columns: &[Column], added: Head) -> Vec<ColumnHead> {
    let mut added = Some(added);
    let head = |column: &Column| {
        let sorts = if *column == Column::Added { added.take() } else { None };
        ColumnHead { label: column.label(), class: class(*column), sorts }
    };
    columns.iter().map(head).collect()
}

/// Keeps the columns that were chosen, and leads back to the list as it was.
async fn choose(ctx: Ctx, Form(pairs): Form<Vec<(String, String)>>) -> Result<Response> {
    let member = ctx.member()?.id;
    let chosen = columns::named(pairs.iter().filter(|(key, _)| key == "column").map(|(_, name)| name.as_str()));
    let filter = pairs.iter().find(|(key, _)| key == "filter").map_or("", |(_, text)| text.as_str());
    let back: ListQuery = serde_urlencoded::from_str(filter).unwrap_or_default();
    ctx.door()?.write(move |p| columns::choose(p, member, &chosen)).await?;
    lead_to(&ctx, &back.sound().address(None))
}

/// `limit`: how far they were counted.
fn count_said(total: i64, limit: i64) -> String {
    let number = match total.min(limit) {
        n if n >= 1_000 => format!("{},{:03}", n / 1_000, n % 1_000),
        n => n.to_string(),
    };
    match total {
        1 => "1 client".into(),
        n if n > limit => format!("More than {number} clients"),
        _ => format!("{number} clients"),
    }
}

fn empty(narrowed: bool, searched: bool) -> Empty {
    if narrowed {
        let text = if searched {
            "No client of this list has that in a name, email, phone or record number."
        } else {
            "No client fits these filters."
        };
        return Empty {
            title: "Nobody found".into(),
            text: text.into(),
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

fn row(listed: Listed, columns: &[Column], zone: &str) -> Row {
    let cell = |column: &Column| Cell {
        label: column.label(),
        class: class(*column),
        // A badge says its own text.
        text: if *column == Column::Invitation { String::new() } else { column.text(&listed, zone) },
        dot: listed
            .group_colour
            .as_ref()
            .filter(|_| *column == Column::Group)
            .map(|colour| GroupDot { colour: colour.clone() }),
        status: (*column == Column::Invitation).then(|| row_status(&listed)),
    };
    let name = listed.name();
    Row {
        cells: columns.iter().map(cell).collect(),
        initials: initials(&name),
        name,
        send: match (listed.email.is_some() && listed.status == "active", listed.invitation.as_deref()) {
            (true, None | Some("void")) => "Send invitation",
            (true, Some("sent" | "kept" | "bounced" | "superseded")) => "Resend invitation",
            _ => "",
        },
        listed,
    }
}

/// The badge of a row.
pub fn row_status(listed: &Listed) -> Status {
    sign_up_status(listed).unwrap_or_else(|| invitation_status(listed.email.is_some(), listed.invitation.as_deref()))
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
        // An address that was taken off the record ends what had been sent to it.
        Some("void") if !has_email => return invitation_status(false, None),
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
