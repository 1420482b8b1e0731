//! What pages and API share: taking in a file that has arrived, and giving one out.

use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::api::DocumentBody;
use super::{About, Document, Sharing, add, entry, note, read, seen};
use crate::audit::note_read;
use crate::clients;
use crate::error::{Error, FieldError, Result};
use crate::files::{Given, Stored, Upload};
use crate::ids::{ClientId, DocumentId};
use crate::secrets::token_hash;
use crate::web::{Answer, Ctx, Identity, file, once};

/// Keeps what came with an upload as a document of the client; `key`: sent again with the same, it is kept once. Errors
/// leave no file behind, unless nobody can say whether its row was committed: then the daily look decides.
pub async fn receive(ctx: &Ctx, client: ClientId, upload: &Upload, key: Option<String>) -> Result<Answer> {
    let kept = keep(ctx, client, upload, key).await;
    let is_unsure = matches!(kept, Err(Error::Db(_)));
    let is_kept = match (&kept, &upload.file) {
        (Ok(answer), Given::Stored(stored)) => is_of(answer, stored)?,
        _ => is_unsure,
    };
    if !is_kept {
        upload.discard(&ctx.app).await?;
    }
    kept
}

#[derive(Serialize, Deserialize)]
struct Named {
    id: DocumentId,
}

/// Whether an answer is about this file, and not about the one that came before under the same key.
fn is_of(answer: &Answer, stored: &Stored) -> Result<bool> {
    let named: Named = serde_json::from_str(&answer.body).map_err(|e| Error::internal(e.to_string()))?;
    Ok(named.id.0 == stored.id)
}

async fn keep(ctx: &Ctx, client: ClientId, upload: &Upload, key: Option<String>) -> Result<Answer> {
    let words = ctx.words();
    // Whoever may not see the client learns nothing from what was sent.
    ctx.door()?.read(move |p| clients::find(p, client)).await?;
    let sharing = match upload.text("shared") {
        "" | "false" => Sharing::Private,
        "true" => Sharing::Shared,
        _ => return Err(Error::Invalid(vec![FieldError::new("shared", "Use true or false.")])),
    };
    let note = note(upload.text("note"), words).map_err(|refused| Error::Invalid(vec![refused]));
    let stored = match &upload.file {
        Given::Nothing => return Err(Error::Invalid(vec![FieldError::new("file", words.t("file-missing"))])),
        Given::Refused(refused) => return Err(refused.error(words.t(refused.key()))),
        Given::Stored(stored) => stored.clone(),
    };
    let about = About { note: note?, sharing };
    // The same request: the same file, called the same, said the same of.
    let content = format!("{client} {} {about:?} {:?}", stored.name, stored.digest);
    ctx.door()?
        .write(move |p| {
            clients::find(p, client)?;
            once(p, key.as_deref(), &token_hash(&content), || {
                Answer::new(StatusCode::CREATED, &DocumentBody::new(&add(p, client, &stored, &about)?))
            })
        })
        .await
}

/// A document's file as an answer; that it was read is noted before any of it leaves.
pub async fn give(ctx: &Ctx, id: DocumentId) -> Result<Response> {
    let (document, key) = ctx.door()?.read(move |p| read(p, id)).await?;
    let bytes = ctx.app.files.read(id.0, key, document.size).await?;
    note_read(&ctx.app, ctx.actor()?, entry("document.read", document.client, id)).await?;
    if is_first_look(ctx, &document) {
        // What may not be written down for now must not keep the client from reading.
        if let Err(error) = ctx.door()?.write(move |p| seen(p, id)).await {
            tracing::warn!(%error, "that a document was opened could not be noted");
        }
    }
    file(&document.name, document.kind, document.size, bytes)
}

fn is_first_look(ctx: &Ctx, document: &Document) -> bool {
    matches!(ctx.who, Identity::Signed(_)) && ctx.viewer().is_ok() && document.is_new()
}
