//! Timeline and Who has looked in the JSON API.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{API_LIMIT, Entry, Look, PAGE, before, looks, page, topic};
use crate::access::ANY_STAFF;
use crate::activities::Before;
use crate::audit::{self, note_read};
use crate::error::{Error, FieldError, Result};
use crate::ids::{ClientId, MemberId};
use crate::routes::Routes;
use crate::web::{Answer, Ctx, Path, Query};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/api/v1/clients/{id}/timeline", ANY_STAFF, index).get(
        "/api/v1/clients/{id}/looks",
        ANY_STAFF,
        index_looks,
    )
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    topic: String,
    cursor: String,
    limit: Option<i64>,
}

#[derive(Serialize)]
struct Items<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

/// Who did something.
#[derive(Serialize)]
pub struct ActorBody {
    /// `member`, `client`, `link` or `system`.
    pub kind: String,
    /// The member's id.
    pub id: Option<uuid::Uuid>,
    pub name: Option<String>,
}

/// A colleague that an entry is about.
#[derive(Serialize)]
pub struct ColleagueBody {
    pub id: MemberId,
    pub name: String,
}

#[derive(Serialize)]
pub struct EntryBody {
    pub id: uuid::Uuid,
    pub at: String,
    pub kind: &'static str,
    pub topic: &'static str,
    pub title: String,
    pub actor: ActorBody,
    /// Names of the fields that were changed.
    pub fields: Vec<String>,
    pub colleague: Option<ColleagueBody>,
}

impl EntryBody {
    pub fn new(entry: &Entry) -> EntryBody {
        let is_member = entry.actor_kind == "member";
        EntryBody {
            id: entry.id,
            at: entry.at.rfc3339(),
            kind: entry.kind.as_str(),
            topic: entry.kind.topic().as_str(),
            title: entry.title(None),
            actor: ActorBody {
                kind: entry.actor_kind.clone(),
                id: entry.actor.filter(|_| is_member),
                name: entry.actor_name.clone(),
            },
            fields: entry.fields().map(str::to_string).collect(),
            colleague: entry.colleague.clone().map(|(id, name)| ColleagueBody { id, name }),
        }
    }
}

#[derive(Serialize)]
struct LookBody {
    at: String,
    action: String,
    detail: Option<String>,
    actor: ActorBody,
}

impl LookBody {
    fn new(look: &Look) -> LookBody {
        let actor = ActorBody {
            kind: look.actor_kind.clone(),
            id: look.actor.filter(|_| look.actor_kind == "member"),
            name: look.actor_name.clone(),
        };
        LookBody { at: look.at.rfc3339(), action: look.action.clone(), detail: look.detail.clone(), actor }
    }
}

/// How many are asked for. Errors: out of range.
pub fn limit(asked: Option<i64>) -> Result<i64> {
    let limit = asked.unwrap_or(PAGE);
    if (1..=API_LIMIT).contains(&limit) {
        return Ok(limit);
    }
    Err(Error::Invalid(vec![FieldError::new("limit", "From 1 to 200.")]))
}

async fn index(ctx: Ctx, Path(id): Path<ClientId>, Query(asked): Query<Asked>) -> Result<Answer> {
    // What is wrong with the question is said to whoever may see the client; to others there is nothing.
    let wanted = topic(&asked.topic).and_then(|topic| Ok((topic, before(&asked.cursor)?, limit(asked.limit)?)));
    let found = ctx
        .door()?
        .read(move |p| {
            crate::clients::find(p, id)?;
            let (topic, before, limit) = wanted.clone()?;
            page(p, id, topic, before, limit)
        })
        .await?;
    note_read(&ctx.app, ctx.actor()?, audit::Entry::of_client("client.read", id).detail("timeline")).await?;
    let items = found.items.iter().map(EntryBody::new).collect();
    Answer::new(StatusCode::OK, &Items { items, next_cursor: found.next.map(Before::text) })
}

async fn index_looks(ctx: Ctx, Path(id): Path<ClientId>, Query(asked): Query<Asked>) -> Result<Answer> {
    let wanted = before(&asked.cursor).and_then(|before| Ok((before, limit(asked.limit)?)));
    let found = ctx
        .door()?
        .read(move |p| {
            crate::clients::find(p, id)?;
            let (before, limit) = wanted.clone()?;
            looks(p, id, before, limit)
        })
        .await?;
    note_read(&ctx.app, ctx.actor()?, audit::Entry::of_client("client.read", id).detail("who_has_looked")).await?;
    let items = found.items.iter().map(LookBody::new).collect();
    Answer::new(StatusCode::OK, &Items { items, next_cursor: found.next.map(Before::text) })
}
