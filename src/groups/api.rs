//! Groups in the JSON API: the same verbs as the pages.

use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use super::{Counted, Deleted, Saved, Typed};
use crate::access::{ANY_STAFF, RUNS_PRACTICE};
use crate::error::{Error, FieldError, Result};
use crate::flows;
use crate::ids::{FlowId, GroupId};
use crate::practice::Practice;
use crate::routes::Routes;
use crate::web::{Answer, Ctx, Json, Optional, Path, Query, idempotency_key, once};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v1/groups", ANY_STAFF, index)
        .post("/api/v1/groups", RUNS_PRACTICE, create)
        .patch("/api/v1/groups/{id}", RUNS_PRACTICE, update)
        .delete("/api/v1/groups/{id}", RUNS_PRACTICE, delete)
}

#[derive(Debug, Serialize)]
struct GroupBody {
    id: String,
    name: String,
    colour: String,
    /// The intake flow that its clients are given; nothing: none.
    flow_id: Option<FlowId>,
    clients: i64,
    version: i64,
}

impl GroupBody {
    fn new(counted: &Counted, flows: &[(GroupId, FlowId)]) -> GroupBody {
        let group = &counted.group;
        GroupBody {
            id: group.id.to_string(),
            name: group.name.clone(),
            colour: group.colour.clone(),
            flow_id: flows.iter().find(|(of, _)| *of == group.id).map(|(_, flow)| *flow),
            clients: counted.clients,
            version: group.version,
        }
    }
}

#[derive(Debug, Serialize)]
struct GroupList {
    items: Vec<GroupBody>,
}

async fn index(ctx: Ctx) -> Result<Answer> {
    let (all, flows) = ctx.door()?.read(|p| Ok((super::counted(p)?, flows::of_groups(p)?))).await?;
    Answer::new(StatusCode::OK, &GroupList { items: all.iter().map(|one| GroupBody::new(one, &flows)).collect() })
}

fn one(p: &Practice, id: GroupId, status: StatusCode) -> Result<Answer> {
    let counted = super::counted(p)?.into_iter().find(|counted| counted.group.id == id).ok_or(Error::NotFound)?;
    Answer::new(status, &GroupBody::new(&counted, &flows::of_groups(p)?))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    name: Optional<String>,
    colour: Optional<String>,
    /// The intake flow that clients of the group are given from now on; null: none.
    flow_id: Optional<FlowId>,
    /// The version that a change was made from; a stale one is answered 409.
    version: Option<i64>,
}

impl Body {
    /// Lays what was given over what stands.
    fn over(&self, stands: Typed) -> Typed {
        let lay = |given: &Optional<String>, stands: String| match given {
            Optional::Given(value) => value.clone().unwrap_or_default(),
            Optional::Absent => stands,
        };
        Typed { name: lay(&self.name, stands.name), colour: lay(&self.colour, stands.colour) }
    }
}

fn saved(p: &Practice, saved: Saved, body: &Body, status: StatusCode) -> Result<Answer> {
    match saved {
        Saved::Saved(group) => {
            if let Optional::Given(flow) = body.flow_id {
                match flows::set_group(p, group.id, flow) {
                    Err(Error::NotFound) => {
                        return Err(Error::Invalid(vec![FieldError::new("flow_id", "There is no such intake flow.")]));
                    }
                    other => other?,
                }
            }
            one(p, group.id, status)
        }
        Saved::Refused(refused) => Err(Error::Invalid(refused)),
        Saved::Stale(now) => {
            Err(Error::Conflict(format!("The group was changed in between; it is at version {}.", now.version)))
        }
    }
}

async fn create(ctx: Ctx, headers: HeaderMap, body: Json<Body>) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    let words = ctx.words();
    // Somebody who names no colour gets the first.
    let typed = body.value.over(Typed { name: String::new(), colour: super::COLOURS[0].key.into() });
    ctx.door()?
        .write(move |p| {
            once(p, key.as_deref(), &body.hash, || {
                saved(p, super::add(p, &typed, words)?, &body.value, StatusCode::CREATED)
            })
        })
        .await
}

async fn update(ctx: Ctx, Path(id): Path<GroupId>, body: Json<Body>) -> Result<Answer> {
    let words = ctx.words();
    ctx.door()?
        .write(move |p| {
            let stands = super::find(p, id)?;
            let typed = body.value.over(Typed { name: stands.name, colour: stands.colour });
            saved(p, super::change(p, id, &typed, body.value.version, words)?, &body.value, StatusCode::OK)
        })
        .await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DeleteQuery {
    /// A group's id, or empty for no group. Left out: only a group without clients is deleted.
    move_to: Option<String>,
}

#[derive(Debug, Serialize)]
struct DeletedBody {
    moved: u64,
}

async fn delete(ctx: Ctx, Path(id): Path<GroupId>, Query(query): Query<DeleteQuery>) -> Result<Answer> {
    let words = ctx.words();
    ctx.door()?
        .write(move |p| {
            let invalid = |text: String| Error::Invalid(vec![FieldError::new("move_to", text)]);
            let clients = super::counted(p)?.into_iter().find(|c| c.group.id == id).ok_or(Error::NotFound)?.clients;
            let to = match query.move_to.as_deref() {
                None if clients > 0 => {
                    return Err(invalid("Say where its clients go: a group's id, or empty for no group.".into()));
                }
                None | Some("") => None,
                Some(text) => Some(text.parse().map_err(|_| invalid(words.t("field-choice")))?),
            };
            match super::delete(p, id, to)? {
                Deleted::Deleted { moved } => Answer::new(StatusCode::OK, &DeletedBody { moved }),
                Deleted::NoSuchPlace => Err(invalid(words.t("field-choice"))),
            }
        })
        .await
}
