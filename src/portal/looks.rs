//! Who has looked, as the client reads it: which people of the practice opened or changed their record, and on which day.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::access::{Access, Needs};
use crate::activities::Before;
use crate::audit::{Entry, note_read};
use crate::error::Result;
use crate::routes::Routes;
use crate::timeline::{self, Look};
use crate::ui::{Section, Shell};
use crate::web::{Ctx, Query, html};

const PATH: &str = "/portal/looks";

pub fn routes(routes: Routes) -> Routes {
    // Whoever looks after somebody sees what they were given a right to, and this is not among it.
    routes.get(PATH, Access::Portal(Needs::Self_), show)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    cursor: String,
}

#[derive(Template)]
#[template(path = "portal/looks.html")]
struct LooksPage {
    shell: Shell,
    days: Vec<(String, Vec<String>)>,
    next: Option<String>,
    first: bool,
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Response> {
    let id = ctx.viewer()?.client;
    let before = Before::parse(&asked.cursor).unwrap_or(Before::FIRST);
    let found = ctx.door()?.read(move |p| timeline::looks(p, id, before, timeline::PAGE)).await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id).detail("who_has_looked")).await?;
    let page = LooksPage {
        shell: ctx.shell(ctx.words().t("looks-title"), Section::Profile),
        days: days(&ctx, &found.items)?,
        next: found.next.map(|next| format!("{PATH}?cursor={}", next.text())),
        first: before == Before::FIRST,
    };
    html(StatusCode::OK, &page)
}

/// What people of the practice did, once a day each.
fn days(ctx: &Ctx, looks: &[Look]) -> Result<Vec<(String, Vec<String>)>> {
    let (words, zone) = (ctx.words(), &ctx.practice()?.time_zone);
    let mut days: Vec<(String, Vec<String>)> = Vec::new();
    for look in looks.iter().filter(|look| look.actor_kind == "member") {
        let key = if look.is_reading() { "looks-read" } else { "looks-changed" };
        let line = words.with(key, &[("who", &look.who())]);
        let date = look.at.day_in(zone);
        match days.last_mut().filter(|(day, _)| *day == date) {
            Some((_, lines)) if lines.contains(&line) => {}
            Some((_, lines)) => lines.push(line),
            None => days.push((date, vec![line])),
        }
    }
    Ok(days)
}
