//! Documents in the JSON API: the same verbs as the pages. A file is sent as `multipart/form-data` and comes back as it is.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::receive::{give, receive};
use super::{Document, Saved, Sharing, Typed, Which, change, delete, find, list, restore, share};
use crate::access::ANY_STAFF;
use crate::activities::Before;
use crate::audit::{Entry, note_read};
use crate::clients;
use crate::error::{Error, FieldError, Result};
use crate::files::Upload;
use crate::ids::{ClientId, DocumentId};
use crate::routes::Routes;
use crate::timeline::{self, Page};
use crate::web::{Answer, Ctx, Json, Optional, Path, Query, idempotency_key};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v1/clients/{id}/documents", ANY_STAFF, index)
        .upload("/api/v1/clients/{id}/documents", ANY_STAFF, create)
        .get("/api/v1/documents/{id}", ANY_STAFF, show)
        .get("/api/v1/documents/{id}/content", ANY_STAFF, content)
        .patch("/api/v1/documents/{id}", ANY_STAFF, update)
        .delete("/api/v1/documents/{id}", ANY_STAFF, remove)
        .post("/api/v1/documents/{id}/restore", ANY_STAFF, bring_back)
}

#[derive(Debug, Serialize)]
pub struct DocumentBody {
    id: DocumentId,
    client_id: ClientId,
    name: String,
    note: Option<String>,
    media_type: &'static str,
    /// Bytes.
    size: u64,
    shared: bool,
    given_by: GiverBody,
    created_at: String,
    /// Somebody in the portal has opened it.
    seen: bool,
    deleted_at: Option<String>,
    version: i64,
}

#[derive(Debug, Serialize)]
struct GiverBody {
    /// `member`, `client`, `contact` or `system`.
    kind: &'static str,
    /// The member's id.
    id: Option<Uuid>,
    /// Of a member or a contact.
    name: Option<String>,
}

impl DocumentBody {
    pub fn new(document: &Document) -> DocumentBody {
        let is_member = document.giver == super::Giver::Member;
        DocumentBody {
            id: document.id,
            client_id: document.client,
            name: document.name.clone(),
            note: document.note.clone(),
            media_type: document.kind.media,
            size: document.size,
            shared: document.sharing == Sharing::Shared,
            given_by: GiverBody {
                kind: document.giver.as_str(),
                id: document.giver_id.filter(|_| is_member),
                name: document.giver_name.clone(),
            },
            created_at: document.at.rfc3339(),
            seen: document.seen,
            deleted_at: document.deleted.map(|at| at.rfc3339()),
            version: document.version,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    cursor: String,
    limit: Option<i64>,
    /// `true`: those that were deleted and can be put back.
    deleted: String,
}

#[derive(Serialize)]
struct Items {
    items: Vec<DocumentBody>,
    next_cursor: Option<String>,
}

fn which(asked: &str) -> Result<Which> {
    match asked {
        "" | "false" => Ok(Which::Standing),
        "true" => Ok(Which::Deleted),
        _ => Err(Error::Invalid(vec![FieldError::new("deleted", "Use true or false.")])),
    }
}

async fn index(ctx: Ctx, Path(id): Path<ClientId>, Query(asked): Query<Asked>) -> Result<Answer> {
    // What is wrong with the question is said to whoever may see the client; to others there is nothing.
    let wanted = timeline::before(&asked.cursor)
        .and_then(|before| Ok((before, timeline::limit(asked.limit)?, which(&asked.deleted)?)));
    let found = ctx
        .door()?
        .read(move |p| {
            clients::find(p, id)?;
            let (before, limit, which) = wanted.clone()?;
            let found = list(p, id, which, before, limit + 1)?;
            Ok(Page::of(found, limit, |document| Before(document.at, document.id.0)))
        })
        .await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id).detail("documents")).await?;
    let items = found.items.iter().map(DocumentBody::new).collect();
    Answer::new(StatusCode::OK, &Items { items, next_cursor: found.next.map(Before::text) })
}

async fn create(ctx: Ctx, Path(id): Path<ClientId>, headers: HeaderMap, upload: Upload) -> Result<Answer> {
    match idempotency_key(&headers) {
        Ok(key) => receive(&ctx, id, &upload, key).await,
        Err(error) => {
            upload.discard(&ctx.app).await?;
            Err(error)
        }
    }
}

async fn show(ctx: Ctx, Path(id): Path<DocumentId>) -> Result<Answer> {
    let found = ctx.door()?.read(move |p| find(p, id)).await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", found.client).detail("documents")).await?;
    Answer::new(StatusCode::OK, &DocumentBody::new(&found))
}

async fn content(ctx: Ctx, Path(id): Path<DocumentId>) -> Result<Response> {
    give(&ctx, id).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    name: Optional<String>,
    note: Optional<String>,
    shared: Option<bool>,
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
        Typed { name: lay(&self.name, stands.name), note: lay(&self.note, stands.note) }
    }
}

async fn update(ctx: Ctx, Path(id): Path<DocumentId>, body: Json<Body>) -> Result<Answer> {
    let words = ctx.words();
    ctx.door()?
        .write(move |p| {
            let body = &body.value;
            match change(p, id, &body.over(Typed::of(&find(p, id)?)), body.version, words)? {
                Saved::Saved(_) => {}
                Saved::Refused(refused) => return Err(Error::Invalid(refused)),
                Saved::Stale(now) => {
                    let text = format!("The document was changed in between; it is at version {}.", now.version);
                    return Err(Error::Conflict(text));
                }
            }
            match body.shared {
                Some(true) => share(p, id, Sharing::Shared).map(drop)?,
                Some(false) => share(p, id, Sharing::Private).map(drop)?,
                None => {}
            }
            Answer::new(StatusCode::OK, &DocumentBody::new(&find(p, id)?))
        })
        .await
}

async fn remove(ctx: Ctx, Path(id): Path<DocumentId>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            delete(p, id)?;
            Answer::new(StatusCode::OK, &DocumentBody::new(&find(p, id)?))
        })
        .await
}

async fn bring_back(ctx: Ctx, Path(id): Path<DocumentId>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            restore(p, id)?;
            Answer::new(StatusCode::OK, &DocumentBody::new(&find(p, id)?))
        })
        .await
}
