//! What pages and API share: taking in a message that has arrived, perhaps with a file, and giving one out.

use axum::response::Response;
use uuid::Uuid;

use super::rights::open;
use super::talk::{self, Posted, Typed, body, post};
use super::{Conversation, caps, group_queries, message_queries as rows, pictures};
use crate::audit::{Entry, note_read};
use crate::error::{Error, FieldError, Result};
use crate::files::{Given, Refused, Upload};
use crate::ids::{ClientId, ConversationId};
use crate::practice::Practice;
use crate::web::{Ctx, file};

/// Keeps what came with an upload as a message. Errors leave no file behind, unless nobody can say whether it was
/// committed: then the daily look decides.
pub async fn receive(ctx: &Ctx, id: ConversationId, upload: Upload) -> Result<Posted> {
    let mut upload = upload;
    let kept = keep(ctx, id, &mut upload).await;
    let is_kept = match &kept {
        Ok(posted) => !posted.again,
        Err(error) => matches!(error, Error::Db(_)),
    };
    if !is_kept {
        upload.discard(&ctx.app).await?;
    }
    kept
}

async fn keep(ctx: &Ctx, id: ConversationId, upload: &mut Upload) -> Result<Posted> {
    let words = ctx.words();
    let asked = body(upload.text("body"), words).and_then(|body| Ok((body, given(ctx, upload.text("given_id"))?)));
    let (body, given) = match asked {
        Ok(asked) => asked,
        Err(error) => return Err(refusal(ctx, id, error).await),
    };
    let file = match &upload.file {
        Given::Nothing => None,
        Given::Refused(refused) => return Err(refusal(ctx, id, refused.error(words.t(refused.key()))).await),
        Given::Stored(stored) => {
            // What will be refused is no work before it.
            ctx.door()?.write(move |p| caps::count_file(p, id)).await?;
            let stored = stored.clone();
            let refused = || Refused::WrongKind.error(words.t(Refused::WrongKind.key()));
            let clean = pictures::cleaned(&ctx.app, &stored).await?.ok_or_else(refused)?;
            upload.file = Given::Stored(clean.clone());
            Some(clean)
        }
    };
    say(ctx, id, Typed { given, body, file }).await
}

/// What is said of a message that is not taken: whoever may not read there learns nothing from what was wrong with it.
pub async fn refusal(ctx: &Ctx, id: ConversationId, error: Error) -> Error {
    let opened = match ctx.door() {
        Ok(door) => door.read(move |p| open(p, id).map(drop)).await,
        Err(error) => Err(error),
    };
    opened.err().unwrap_or(error)
}

/// What the sender's device calls a message; a new one where it says nothing.
pub fn given(ctx: &Ctx, text: &str) -> Result<Uuid> {
    match text {
        "" => Ok(ctx.app.ids.new_id()),
        text => Uuid::try_parse(text).map_err(|_| Error::Invalid(vec![FieldError::new("given_id", "Use a UUID.")])),
    }
}

pub async fn say(ctx: &Ctx, id: ConversationId, typed: Typed) -> Result<Posted> {
    ctx.door()?.write(move |p| post(p, id, &typed)).await
}

/// A file that came with a message, as an answer; that it was read is noted before any of it leaves.
pub async fn give(ctx: &Ctx, id: Uuid) -> Result<Response> {
    let (attached, key, clients) = ctx
        .door()?
        .read(move |p| {
            let (attached, message, key) = rows::file(p, id)?.ok_or(Error::NotFound)?;
            let (message, conversation) = talk::find(p, message)?;
            if message.deleted.is_some() {
                return Err(Error::NotFound);
            }
            Ok((attached, key, clients(p, &conversation)?))
        })
        .await?;
    let bytes = ctx.app.files.read(id, key, attached.size).await?;
    for client in clients {
        note_read(&ctx.app, ctx.actor()?, Entry::new("message.file_read", "file", Some(id)).client(client)).await?;
    }
    file(&attached.name, attached.kind, attached.size, bytes)
}

/// The clients whose words a conversation holds, those who have left it among them.
pub fn clients(p: &Practice, conversation: &Conversation) -> Result<Vec<ClientId>> {
    match conversation.client {
        Some(client) => Ok(vec![client]),
        None => Ok(super::rights::ever(&group_queries::people(p, conversation.id)?)),
    }
}

/// Notes for each client that somebody read what is written with them.
pub async fn noted(ctx: &Ctx, clients: Vec<ClientId>) -> Result<()> {
    for client in clients {
        note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", client).detail("messages")).await?;
    }
    Ok(())
}

/// Removes a file that nobody has any more, after the commit.
pub async fn remove(ctx: &Ctx, file: Option<Uuid>) -> Result<()> {
    match file {
        Some(file) => ctx.app.files.remove(file).await,
        None => Ok(()),
    }
}
