//! Portal access of contacts, and the custody note, in the JSON API: the same verbs as the pages.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::api::ContactBody;
use super::custody::{self, Custody};
use super::find;
use super::portal::{self, Wanted, end, invite, record_consent};
use crate::access::ANY_STAFF;
use crate::audit::{Entry, note_read};
use crate::error::{Error, FieldError, Result};
use crate::ids::{ClientId, ContactId};
use crate::invitations::Invited;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::web::{Answer, Ctx, Json, Path};
use crate::words::Words;

pub fn routes(routes: Routes) -> Routes {
    routes
        .post("/api/v1/contacts/{id}/portal", ANY_STAFF, open)
        .delete("/api/v1/contacts/{id}/portal", ANY_STAFF, close)
        .post("/api/v1/contacts/{id}/consent", ANY_STAFF, consent)
        .get("/api/v1/clients/{id}/custody-note", ANY_STAFF, note)
        .patch("/api/v1/clients/{id}/custody-note", ANY_STAFF, save_note)
}

/// The contact as they stand now; 409 with the reason where they cannot be let in.
fn answered(p: &Practice, id: ContactId, wanted: Wanted, words: Words) -> Result<Answer> {
    let refused = match wanted {
        Wanted::Invited(Invited::Queued(_)) | Wanted::Asked => {
            return Answer::new(StatusCode::OK, &ContactBody::new(portal::stand(p, find(p, id)?)?));
        }
        Wanted::Refused(refused) => refused.word(),
        Wanted::Invited(other) => other.word(),
    };
    Err(Error::Conflict(words.t(&format!("done-{refused}"))))
}

/// Invites the contact, sends again, or asks the client first. Repeating it sends again, five times in 24 hours.
async fn open(ctx: Ctx, Path(id): Path<ContactId>) -> Result<Answer> {
    let words = ctx.words();
    ctx.door()?.write(move |p| answered(p, id, invite(p, id)?, words)).await
}

/// Writes down that a client without a portal agreed, and invites the contact.
async fn consent(ctx: Ctx, Path(id): Path<ContactId>) -> Result<Answer> {
    let words = ctx.words();
    ctx.door()?.write(move |p| answered(p, id, record_consent(p, id)?, words)).await
}

/// Ends the access and what is open; ended again it stays so.
async fn close(ctx: Ctx, Path(id): Path<ContactId>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            end(p, id)?;
            Answer::new(StatusCode::OK, &ContactBody::new(portal::stand(p, find(p, id)?)?))
        })
        .await
}

#[derive(Serialize)]
struct NoteBody {
    note: String,
    version: i64,
}

impl NoteBody {
    fn new(custody: Custody) -> NoteBody {
        NoteBody { note: custody.note, version: custody.version }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NoteTyped {
    /// Empty: none any more.
    note: Option<String>,
    /// The version that the change was made from; a stale one is answered 409.
    version: Option<i64>,
}

async fn note(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Answer> {
    let found = ctx.door()?.read(move |p| custody::find(p, id)).await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id).detail("contacts")).await?;
    Answer::new(StatusCode::OK, &NoteBody::new(found))
}

async fn save_note(ctx: Ctx, Path(id): Path<ClientId>, body: Json<NoteTyped>) -> Result<Answer> {
    let words = ctx.words();
    ctx.door()?
        .write(move |p| {
            custody::find(p, id)?;
            let Some(note) = &body.value.note else {
                return Err(Error::Invalid(vec![FieldError::new("note", words.t("field-missing"))]));
            };
            match custody::save(p, id, note, body.value.version, words)? {
                custody::Saved::Done => Answer::new(StatusCode::OK, &NoteBody::new(custody::find(p, id)?)),
                custody::Saved::Refused(refused) => Err(Error::Invalid(vec![refused])),
                custody::Saved::Stale(now) => {
                    Err(Error::Conflict(format!("The note was changed in between; it is at version {}.", now.version)))
                }
            }
        })
        .await
}
