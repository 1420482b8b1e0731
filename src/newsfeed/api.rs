//! The newsfeed in the JSON API.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Item, Wanted, choices, choose, mark_all, page, unread};
use crate::access::ANY_STAFF;
use crate::activities::{Before, Choice, Topic};
use crate::audit::{Entry, note_read};
use crate::error::{Error, FieldError, Result};
use crate::ids::ClientId;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::timeline::{EntryBody, before, limit, topic};
use crate::web::{Answer, Ctx, Json, Query};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v1/newsfeed", ANY_STAFF, index)
        .post("/api/v1/newsfeed/read", ANY_STAFF, read)
        .get("/api/v1/newsfeed/choices", ANY_STAFF, show_choices)
        .patch("/api/v1/newsfeed/choices", ANY_STAFF, save_choices)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    topic: String,
    client_id: String,
    cursor: String,
    limit: Option<i64>,
}

#[derive(Serialize)]
struct ItemBody {
    #[serde(flatten)]
    entry: EntryBody,
    client: ClientBody,
    seen: bool,
}

#[derive(Serialize)]
struct ClientBody {
    id: ClientId,
    name: String,
}

impl ItemBody {
    fn new(item: &Item) -> ItemBody {
        let entry = EntryBody { topic: item.topic.as_str(), ..EntryBody::new(&item.entry) };
        ItemBody { entry, client: ClientBody { id: item.client, name: item.name.clone() }, seen: item.seen }
    }
}

#[derive(Serialize)]
struct Items {
    items: Vec<ItemBody>,
    /// Counted up to 100.
    unread: i64,
    next_cursor: Option<String>,
}

fn client(text: &str) -> Result<Option<ClientId>> {
    match (text, text.parse().ok()) {
        ("", _) => Ok(None),
        (_, None) => Err(Error::Invalid(vec![FieldError::new("client_id", "Use the id of a client.")])),
        (_, found) => Ok(found),
    }
}

async fn index(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Answer> {
    let wanted = Wanted { topic: topic(&asked.topic)?, client: client(&asked.client_id)? };
    let (before, limit) = (before(&asked.cursor)?, limit(asked.limit)?);
    let (found, unread) = ctx
        .door()?
        .read(move |p| {
            wanted.client.map(|client| crate::clients::find(p, client)).transpose()?;
            Ok((page(p, wanted, before, limit)?, unread(p)?))
        })
        .await?;
    let entry = Entry::new("client.listed", "client", None).detail(found.items.len().to_string());
    note_read(&ctx.app, ctx.actor()?, entry).await?;
    let next_cursor = found.next.map(Before::text);
    Answer::new(StatusCode::OK, &Items { items: found.items.iter().map(ItemBody::new).collect(), unread, next_cursor })
}

#[derive(Debug, Deserialize)]
struct ReadBody {
    /// The newest item that was seen; left out: everything until now.
    #[serde(default)]
    up_to: Option<Uuid>,
}

#[derive(Serialize)]
struct Unread {
    unread: i64,
}

async fn read(ctx: Ctx, body: Json<ReadBody>) -> Result<Answer> {
    let up_to = body.value.up_to;
    let unread = ctx
        .door()?
        .write(move |p| {
            let until = match up_to {
                Some(id) => super::place_of(p, id)?.ok_or_else(|| {
                    Error::Invalid(vec![FieldError::new("up_to", "This is no item of your newsfeed.")])
                })?,
                None => Before(p.now, Uuid::max()),
            };
            mark_all(p, until)?;
            unread(p)
        })
        .await?;
    Answer::new(StatusCode::OK, &Unread { unread })
}

#[derive(Serialize)]
struct ChoicesBody {
    arrivals: &'static str,
    invitations: &'static str,
    care_team: &'static str,
    forms: &'static str,
    record: &'static str,
    messages: &'static str,
}

fn choices_body(p: &Practice) -> Result<ChoicesBody> {
    let all = choices(p)?;
    let of = |topic: Topic| all.iter().find(|(one, _)| *one == topic).map_or("feed", |(_, choice)| choice.as_str());
    Ok(ChoicesBody {
        arrivals: of(Topic::Arrivals),
        invitations: of(Topic::Invitations),
        care_team: of(Topic::CareTeam),
        forms: of(Topic::Forms),
        record: of(Topic::Record),
        messages: of(Topic::Messages),
    })
}

async fn show_choices(ctx: Ctx) -> Result<Answer> {
    let body = ctx.door()?.read(choices_body).await?;
    Answer::new(StatusCode::OK, &body)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Chosen {
    arrivals: Option<String>,
    invitations: Option<String>,
    care_team: Option<String>,
    forms: Option<String>,
    record: Option<String>,
    messages: Option<String>,
}

async fn save_choices(ctx: Ctx, body: Json<Chosen>) -> Result<Answer> {
    let Chosen { arrivals, invitations, care_team, forms, record, messages } = body.value;
    let given = [
        (Topic::Arrivals, arrivals),
        (Topic::Invitations, invitations),
        (Topic::CareTeam, care_team),
        (Topic::Forms, forms),
        (Topic::Record, record),
        (Topic::Messages, messages),
    ];
    let mut wrong = Vec::new();
    let mut chosen = Vec::new();
    for (topic, text) in given.into_iter().filter_map(|(topic, text)| Some((topic, text?))) {
        match Choice::parse(&text) {
            Some(choice) => chosen.push((topic, choice)),
            None => wrong.push(FieldError::new(topic.as_str(), "Use feed, email or none.")),
        }
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    let body = ctx
        .door()?
        .write(move |p| {
            choose(p, &chosen)?;
            choices_body(p)
        })
        .await?;
    Answer::new(StatusCode::OK, &body)
}
