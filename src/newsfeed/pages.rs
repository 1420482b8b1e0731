//! The Newsfeed page, the list that renews itself, and what is done with it.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::feed::{Feed, Where, address, known, topic_said};
use super::{AT_HOME, Item, Lead, PAGE, Wanted, mark_all, open, page, unread};
use crate::access::ANY_STAFF;
use crate::activities::{Before, Topic};
use crate::audit::{Entry, note_read};
use crate::error::{Error, Result};
use crate::routes::Routes;
use crate::timeline::Page;
use crate::ui::{Section, Shell};
use crate::web::{Ctx, Form, Path, Query, html, lead_to, safe_next};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/newsfeed", ANY_STAFF, show)
        .poll("/newsfeed/list", ANY_STAFF, list)
        .get("/newsfeed/{id}", ANY_STAFF, jump)
        .post("/newsfeed/read", ANY_STAFF, read)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    topic: String,
    client_id: String,
    cursor: String,
    /// What the browser shows already.
    known: String,
    /// The short list of Home.
    home: String,
}

impl Asked {
    /// On a page a broken filter is none.
    fn wanted(&self) -> Wanted {
        Wanted { topic: Topic::parse(&self.topic), client: self.client_id.parse().ok() }
    }
}

struct Chip {
    href: String,
    label: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "newsfeed/show.html")]
struct ShowPage {
    shell: Shell,
    feed: Feed,
    chips: Vec<Chip>,
    /// The one client that is shown; empty: all of them.
    only: String,
    everybody: String,
    next: Option<String>,
    first: Option<String>,
}

async fn noted(ctx: &Ctx, found: &Page<Item>) -> Result<()> {
    let entry = Entry::new("client.listed", "client", None).detail(found.items.len().to_string());
    note_read(&ctx.app, ctx.actor()?, entry).await
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Response> {
    let wanted = asked.wanted();
    let before = Before::parse(&asked.cursor).unwrap_or(Before::FIRST);
    let (found, new, only) = ctx
        .door()?
        .read(move |p| {
            // Whom they may not see does not exist for them.
            let only = wanted.client.map(|client| crate::clients::find(p, client)).transpose()?;
            Ok((page(p, wanted, before, PAGE)?, unread(p)?, only))
        })
        .await?;
    noted(&ctx, &found).await?;
    let chip = |topic: Option<Topic>| Chip {
        href: address(Wanted { topic, ..wanted }, None),
        label: topic.map_or("All", topic_said).into(),
        current: topic == wanted.topic,
    };
    let zone = &ctx.practice()?.time_zone;
    let page = ShowPage {
        shell: ctx.shell("Newsfeed", Section::Home),
        feed: Feed::new(&found, new, wanted, before, ctx.member()?.id, zone, Where::Page),
        chips: std::iter::once(None).chain(Topic::ALL.into_iter().map(Some)).map(chip).collect(),
        only: only.map(|client| client.name()).unwrap_or_default(),
        everybody: address(Wanted { client: None, ..wanted }, None),
        next: found.next.map(|next| address(wanted, Some(next))),
        first: (before != Before::FIRST).then(|| address(wanted, None)),
    };
    html(StatusCode::OK, &page)
}

/// The list alone, where there is something else to show than the browser knows. It keeps no session alive.
async fn list(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Response> {
    let wanted = asked.wanted();
    let (stands, many) = if asked.home.is_empty() { (Where::Page, PAGE) } else { (Where::Home, AT_HOME) };
    let (found, new) = ctx.door()?.read(move |p| Ok((page(p, wanted, Before::FIRST, many)?, unread(p)?))).await?;
    if known(&found, new) == asked.known {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    noted(&ctx, &found).await?;
    let zone = &ctx.practice()?.time_zone;
    html(StatusCode::OK, &Feed::new(&found, new, wanted, Before::FIRST, ctx.member()?.id, zone, stands))
}

/// Leads to what an item is about; it is seen then.
async fn jump(ctx: Ctx, Path(id): Path<Uuid>) -> Result<Response> {
    let to = match ctx.door()?.write(move |p| open(p, id)).await? {
        Lead::Record(client) => format!("/clients/{client}"),
        Lead::Form(form) => format!("/client-forms/{form}"),
        Lead::Forms(client) => format!("/clients/{client}/forms"),
    };
    lead_to(&ctx, &to)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ReadForm {
    up_to: String,
    from: String,
}

async fn read(ctx: Ctx, Form(form): Form<ReadForm>) -> Result<Response> {
    let named = Before::parse(&form.up_to);
    if named.is_none() && !form.up_to.is_empty() {
        return Err(Error::bad_request("The form is not one of ours."));
    }
    ctx.door()?.write(move |p| mark_all(p, named.unwrap_or(Before(p.now, Uuid::max())))).await?;
    lead_to(&ctx, safe_next(&form.from).unwrap_or("/newsfeed"))
}
