//! Bulk runs in the JSON API.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use super::{Action, Run, Started, State, Whom, cancel, find, skipped, start, undo};
use crate::access::ANY_STAFF;
use crate::error::{Error, FieldError, Result};
use crate::ids::{BulkRunId, ClientId};
use crate::practice::Practice;
use crate::routes::Routes;
use crate::web::{Answer, Ctx, Json, Path, idempotency_key, once};

/// What a filter may name: the parameters of the list.
const FILTERS: [&str; 5] = ["search", "group_id", "provider_id", "status", "invitation"];

pub fn routes(routes: Routes) -> Routes {
    routes
        .post("/api/v1/clients/bulk", ANY_STAFF, create)
        .get("/api/v1/clients/bulk/{id}", ANY_STAFF, show)
        .post("/api/v1/clients/bulk/{id}/undo", ANY_STAFF, put_back)
        .post("/api/v1/clients/bulk/{id}/cancel", ANY_STAFF, stop)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    action: String,
    ids: Option<Vec<String>>,
    filter: Option<BTreeMap<String, String>>,
    /// Null or left out: none.
    group_id: Option<String>,
    provider_id: Option<String>,
}

#[derive(Serialize)]
struct RunBody {
    id: String,
    action: &'static str,
    group_id: Option<String>,
    provider_id: Option<String>,
    state: State,
    total: i64,
    done: i64,
    skipped: i64,
    undone: i64,
    can_undo: bool,
    created_at: String,
    finished_at: Option<String>,
    skipped_clients: Vec<SkippedBody>,
}

#[derive(Serialize)]
struct SkippedBody {
    id: String,
    reason: &'static str,
}

fn body(p: &Practice, run: &Run) -> Result<RunBody> {
    let of = |id: Option<uuid::Uuid>| id.map(|id| id.to_string());
    Ok(RunBody {
        id: run.id.to_string(),
        action: run.action.as_str(),
        group_id: of(matches!(run.action, Action::Group(_)).then(|| run.action.target()).flatten()),
        provider_id: of((!matches!(run.action, Action::Group(_))).then(|| run.action.target()).flatten()),
        state: run.state,
        total: run.gathered,
        done: run.done,
        skipped: run.skipped,
        undone: run.undone,
        can_undo: run.can_undo(p.now),
        created_at: run.created_at.rfc3339(),
        finished_at: run.finished_at.map(crate::clock::Instant::rfc3339),
        skipped_clients: skipped(p, run.id)?
            .into_iter()
            .map(|(id, _, skip)| SkippedBody { id: id.to_string(), reason: skip.as_str() })
            .collect(),
    })
}

fn invalid(field: &str, text: &str) -> Error {
    Error::Invalid(vec![FieldError::new(field, text)])
}

fn read(body: &Body) -> Result<(Action, Whom)> {
    let id = |field: &str, text: &Option<String>| match text.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => {
            text.parse::<uuid::Uuid>().map(Some).map_err(|_| invalid(field, "Please choose one of the list."))
        }
    };
    let target = match body.action.as_str() {
        "group" => id("group_id", &body.group_id)?,
        "provider" => id("provider_id", &body.provider_id)?,
        "join_team" | "leave_team" => {
            let member = id("provider_id", &body.provider_id)?;
            Some(member.ok_or_else(|| invalid("provider_id", "Please choose one of the list."))?)
        }
        _ => None,
    };
    let action = Action::read(&body.action, target);
    let action = action
        .ok_or_else(|| invalid("action", "Use invite, group, provider, join_team, leave_team, archive or restore."))?;
    let whom = match (&body.ids, &body.filter) {
        (Some(ids), None) => {
            let ids: std::result::Result<Vec<ClientId>, _> = ids.iter().map(|id| id.parse()).collect();
            Whom::Chosen(ids.map_err(|_| invalid("ids", "One of them is no id."))?)
        }
        (None, Some(filter)) => {
            if filter.keys().any(|name| !FILTERS.contains(&name.as_str())) {
                return Err(invalid("filter", "Use search, group_id, provider_id, status and invitation."));
            }
            Whom::Matching(serde_urlencoded::to_string(filter).unwrap_or_default())
        }
        _ => return Err(invalid("ids", "Give ids or a filter, and not both.")),
    };
    Ok((action, whom))
}

async fn create(ctx: Ctx, headers: HeaderMap, json: Json<Body>) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    let (action, whom) = read(&json.value)?;
    ctx.door()?
        .write(move |p| {
            once(p, key.as_deref(), &json.hash, || match start(p, action, &whom)? {
                Started::Started(id) => Answer::new(StatusCode::ACCEPTED, &body(p, &find(p, id)?)?),
                Started::Busy(id) => Err(Error::Conflict(format!("Your run {id} is still under way."))),
                Started::Refused(refused) => Err(Error::Invalid(vec![refused])),
            })
        })
        .await
}

async fn show(ctx: Ctx, Path(id): Path<BulkRunId>) -> Result<Answer> {
    ctx.door()?.read(move |p| Answer::new(StatusCode::OK, &body(p, &find(p, id)?)?)).await
}

async fn put_back(ctx: Ctx, Path(id): Path<BulkRunId>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            if !undo(p, id)? {
                return Err(Error::Conflict("There is nothing to undo, or no longer.".into()));
            }
            Answer::new(StatusCode::ACCEPTED, &body(p, &find(p, id)?)?)
        })
        .await
}

async fn stop(ctx: Ctx, Path(id): Path<BulkRunId>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            if !cancel(p, id)? {
                return Err(Error::Conflict("The run has ended already.".into()));
            }
            Answer::new(StatusCode::OK, &body(p, &find(p, id)?)?)
        })
        .await
}
