//! Merging over the API: the preview, the merge, what was merged, and Undo.

use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use super::pages::compared;
use super::plan::{Custody, Invitations, Plan, Portal, plan};
use super::{Merge, Outcome, Refusal, find, into, merge, undo};
use crate::access::ANY_STAFF;
use crate::audit::{Entry, note_read};
use crate::clients;
use crate::error::{Error, FieldError, Result};
use crate::ids::{ClientId, MemberId, MergeId};
use crate::practice::Practice;
use crate::routes::Routes;
use crate::web::{Answer, Ctx, Json, Path, Query, idempotency_key, once};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v1/clients/{id}/merge", ANY_STAFF, preview)
        .get("/api/v1/clients/{id}/merges", ANY_STAFF, list)
        .post("/api/v1/clients/{id}/merges", ANY_STAFF, press)
        .post("/api/v1/merges/{id}/undo", ANY_STAFF, take_back)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    with: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    with: String,
    version: Option<i64>,
    with_version: Option<i64>,
}

#[derive(Serialize)]
struct PreviewBody {
    version: i64,
    with_version: i64,
    fields: Vec<FieldBody>,
    portal: &'static str,
    invitations: &'static str,
    contacts: Vec<ContactComes>,
    joins_care_team: Vec<MemberId>,
    custody_note: &'static str,
    documents: i64,
    forms: i64,
    /// Conversations that come along.
    conversations: i64,
    timeline_entries: i64,
}

#[derive(Serialize)]
struct FieldBody {
    field: &'static str,
    this: String,
    other: String,
    becomes: String,
}

#[derive(Serialize)]
struct ContactComes {
    name: String,
    comes: bool,
    with_portal: bool,
}

#[derive(Serialize)]
struct Items {
    items: Vec<MergeBody>,
}

#[derive(Serialize)]
struct MergeBody {
    id: MergeId,
    /// The record that stayed, and the one that went into it.
    client_id: ClientId,
    merged_client_id: ClientId,
    name: String,
    at: String,
    by: Option<String>,
    undo_until: String,
    undone: bool,
}

impl MergeBody {
    fn new(merge: Merge) -> MergeBody {
        MergeBody {
            at: merge.at.rfc3339(),
            undo_until: merge.until().rfc3339(),
            id: merge.id,
            client_id: merge.kept,
            merged_client_id: merge.gone,
            name: merge.name,
            by: merge.by,
            undone: merge.undone,
        }
    }
}

fn other(with: &str) -> Result<ClientId> {
    with.parse().map_err(|_| Error::Invalid(vec![FieldError::new("with", "Use the id of the other record.")]))
}

fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Same => Error::Invalid(vec![FieldError::new("with", refusal.said())]),
        _ => Error::Conflict(refusal.said().into()),
    }
}

fn body(p: &Practice, plan: &Plan) -> Result<PreviewBody> {
    let (version, with_version) = plan.versions();
    let field = |row: super::pages::Compared| FieldBody {
        field: row.field,
        this: row.kept,
        other: row.gone,
        becomes: row.becomes,
    };
    Ok(PreviewBody {
        version,
        with_version,
        fields: compared(p, plan)?.into_iter().map(field).collect(),
        portal: match plan.portal {
            Portal::None => "none",
            Portal::Kept => "stays",
            Portal::Comes => "comes",
            Portal::Same => "same_account",
            Portal::Two => "two_accounts",
        },
        invitations: match plan.invitations {
            Invitations::Stay => "stay",
            Invitations::Come => "come",
            Invitations::Dead => "end",
        },
        contacts: plan
            .contacts
            .iter()
            .map(|one| ContactComes {
                name: one.contact.fields.name(),
                comes: !one.known,
                with_portal: one.with_portal,
            })
            .collect(),
        joins_care_team: plan.joining.clone(),
        custody_note: match plan.custody {
            Custody::None => "stays",
            Custody::Comes(_) => "comes",
            Custody::Both => "both",
        },
        documents: plan.documents,
        forms: plan.forms,
        conversations: plan.conversations,
        timeline_entries: plan.history,
    })
}

async fn preview(ctx: Ctx, Path(kept): Path<ClientId>, Query(asked): Query<Asked>) -> Result<Answer> {
    let gone = other(&asked.with)?;
    let body = ctx.door()?.read(move |p| body(p, &plan(p, kept, gone)?.map_err(refused)?)).await?;
    for id in [kept, gone] {
        note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id).detail("merge")).await?;
    }
    Answer::new(StatusCode::OK, &body)
}

async fn list(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Answer> {
    let found = ctx.door()?.read(move |p| into(p, id)).await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id).detail("merge")).await?;
    Answer::new(StatusCode::OK, &Items { items: found.into_iter().map(MergeBody::new).collect() })
}

async fn press(ctx: Ctx, Path(kept): Path<ClientId>, headers: HeaderMap, body: Json<Body>) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    let gone = other(&body.value.with)?;
    let seen = body.value.version.zip(body.value.with_version);
    ctx.door()?
        .write(move |p| {
            clients::find(p, kept)?;
            once(p, key.as_deref(), &body.hash, || match merge(p, kept, gone, seen)? {
                Outcome::Done(id) => Answer::new(StatusCode::CREATED, &MergeBody::new(find(p, id)?)),
                Outcome::Refused(refusal) => Err(refused(refusal)),
            })
        })
        .await
}

async fn take_back(ctx: Ctx, Path(id): Path<MergeId>) -> Result<Answer> {
    let merge = ctx
        .door()?
        .write(move |p| match undo(p, id)? {
            Outcome::Done(id) => find(p, id),
            Outcome::Refused(refusal) => Err(refused(refusal)),
        })
        .await?;
    Answer::new(StatusCode::OK, &MergeBody::new(merge))
}
