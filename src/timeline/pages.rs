//! The sides Timeline and Who has looked of a client's record.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::{Entry, Look, PAGE, Page, looks, page};
use crate::access::ANY_STAFF;
use crate::activities::{Before, Topic};
use crate::audit::{self, note_read};
use crate::care_team::{self, Opening};
use crate::clients::{self, Head, Side};
use crate::clock::Instant;
use crate::error::Result;
use crate::ids::ClientId;
use crate::routes::Routes;
use crate::ui::{Section, Shell};
use crate::web::{Ctx, Path, Query, html};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/clients/{id}/timeline", ANY_STAFF, show).get("/clients/{id}/looks", ANY_STAFF, show_looks)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    topic: String,
    cursor: String,
}

struct Chip {
    href: String,
    label: &'static str,
    current: bool,
}

/// What happened on one day.
struct Day {
    date: String,
    lines: Vec<Line>,
}

struct Line {
    tone: &'static str,
    what: String,
    time: String,
    machine: String,
    detail: String,
}

struct Opened {
    who: String,
    at: String,
    machine: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "timeline/show.html")]
struct ShowPage {
    shell: Shell,
    head: Head,
    title: &'static str,
    lead: &'static str,
    chips: Vec<Chip>,
    /// Who opened the record from outside the care team, and why.
    openings: Vec<Opened>,
    days: Vec<Day>,
    /// Said where there is nothing.
    empty: &'static str,
    next: Option<String>,
    first: Option<String>,
}

/// The lines of a page under their days, in the practice's time zone.
fn days(lines: impl Iterator<Item = (Instant, Line)>, zone: &str) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for (at, line) in lines {
        let date = at.day_in(zone);
        match days.last_mut().filter(|day| day.date == date) {
            Some(day) => day.lines.push(line),
            None => days.push(Day { date, lines: vec![line] }),
        }
    }
    days
}

async fn show(ctx: Ctx, Path(id): Path<ClientId>, Query(asked): Query<Asked>) -> Result<Response> {
    let zone = ctx.practice()?.time_zone.clone();
    // On a page a broken filter is none.
    let topic = Topic::parse(&asked.topic);
    let before = Before::parse(&asked.cursor).unwrap_or(Before::FIRST);
    let (head, found) = ctx
        .door()?
        .read({
            let zone = zone.clone();
            move |p| Ok((clients::head(p, id, &zone, Side::Timeline)?, page(p, id, topic, before, PAGE)?))
        })
        .await?;
    note_read(&ctx.app, ctx.actor()?, audit::Entry::of_client("client.read", id).detail("timeline")).await?;
    let me = ctx.member()?.id;
    let line = |entry: &Entry| Line {
        tone: entry.tone(),
        what: entry.title(Some(me)),
        time: entry.at.time_in(&zone),
        machine: entry.at.rfc3339(),
        detail: entry.detail(Some(me)),
    };
    let way = format!("/clients/{id}/timeline");
    let at = |topic: &str, cursor: Option<Before>| address(&way, topic, cursor);
    let chip = |chosen: Option<Topic>, label| Chip {
        href: at(chosen.map_or("", Topic::as_str), None),
        label,
        current: chosen == topic,
    };
    let here = topic.map_or("", Topic::as_str);
    let page = ShowPage {
        shell: ctx.shell(head.name.clone(), Section::Clients),
        head,
        title: "Timeline",
        lead: "Everything that happened, the newest first.",
        chips: vec![
            chip(None, "All"),
            chip(Some(Topic::Record), "Record"),
            chip(Some(Topic::Invitations), "Invitations"),
            chip(Some(Topic::CareTeam), "Care team"),
            chip(Some(Topic::Messages), "Messages"),
        ],
        openings: Vec::new(),
        days: days(found.items.iter().map(|entry| (entry.at, line(entry))), &zone),
        empty: "Nothing of this kind has happened yet.",
        next: found.next.map(|next| at(here, Some(next))),
        first: (before != Before::FIRST).then(|| at(here, None)),
    };
    html(StatusCode::OK, &page)
}

async fn show_looks(ctx: Ctx, Path(id): Path<ClientId>, Query(asked): Query<Asked>) -> Result<Response> {
    let zone = ctx.practice()?.time_zone.clone();
    let before = Before::parse(&asked.cursor).unwrap_or(Before::FIRST);
    let (head, found, openings) = ctx
        .door()?
        .read({
            let zone = zone.clone();
            move |p| {
                let head = clients::head(p, id, &zone, Side::Looks)?;
                Ok((head, looks(p, id, before, PAGE)?, care_team::openings(p, id)?))
            }
        })
        .await?;
    note_read(&ctx.app, ctx.actor()?, audit::Entry::of_client("client.read", id).detail("who_has_looked")).await?;
    let way = format!("/clients/{id}/looks");
    let page = ShowPage {
        shell: ctx.shell(head.name.clone(), Section::Clients),
        head,
        title: "Who has looked",
        lead: "Everybody who opened or changed this record, the newest first. Nobody can remove a line.",
        chips: Vec::new(),
        openings: openings.iter().filter(|_| before == Before::FIRST).map(|one| opening(one, &zone)).collect(),
        days: look_days(&found, &zone),
        empty: "Nobody has looked yet. A look shows up here within seconds.",
        next: found.next.map(|next| address(&way, "", Some(next))),
        first: (before != Before::FIRST).then(|| way.clone()),
    };
    html(StatusCode::OK, &page)
}

fn opening(opening: &Opening, zone: &str) -> Opened {
    Opened {
        who: opening.who.clone(),
        at: opening.at.said_in(zone),
        machine: opening.at.rfc3339(),
        reason: opening.reason.clone(),
    }
}

/// The looks of a page; the same by the same person again and again on one day is one line.
fn look_days(found: &Page<Look>, zone: &str) -> Vec<Day> {
    let mut told: Vec<(&Look, usize)> = Vec::new();
    for look in &found.items {
        let again = |(one, _): &&mut (&Look, usize)| {
            (one.actor, one.what(), one.at.day_in(zone)) == (look.actor, look.what(), look.at.day_in(zone))
        };
        match told.last_mut().filter(again) {
            Some((_, times)) => *times += 1,
            None => told.push((look, 1)),
        }
    }
    let line = |(look, times): (&Look, usize)| {
        let line = Line {
            tone: if look.is_reading() { "" } else { "info" },
            what: look.who(),
            time: look.at.time_in(zone),
            machine: look.at.rfc3339(),
            detail: if times > 1 { format!("{}, {times} times", look.what()) } else { look.what() },
        };
        (look.at, line)
    };
    days(told.into_iter().map(line), zone)
}

fn address(way: &str, topic: &str, cursor: Option<Before>) -> String {
    let cursor = cursor.map(Before::text).unwrap_or_default();
    let pairs: Vec<_> = [("topic", topic), ("cursor", &cursor)].into_iter().filter(|(_, v)| !v.is_empty()).collect();
    match serde_urlencoded::to_string(pairs) {
        Ok(query) if !query.is_empty() => format!("{way}?{query}"),
        _ => way.to_string(),
    }
}
