//! Search in what somebody may read: bodies lie sealed, so each is opened and looked at, the newest first and so many at
//! most. No index of words is kept, which would say what people write of (docs/decisions/0021).

use super::rights::open;
use super::talk::list;
use super::{Conversation, Message, Place, caps, message_queries as rows, receive};
use crate::activities::Before;
use crate::error::{Error, Result};
use crate::ids::ConversationId;
use crate::practice::Practice;
use crate::web::Ctx;

/// Messages that one search opens.
const LOOKED_AT: usize = 5_000;
/// Conversations that one search looks into.
const CONVERSATIONS: i64 = 200;
/// Messages of a conversation that are opened at once.
const SLICE: i64 = 200;
/// Characters of what is looked for that count.
const TEXT: usize = 200;
/// Searches of one person in a minute.
const SEARCHES: i64 = 60;
/// What is shown of one search.
pub const FOUND: usize = 50;

#[derive(Debug, Clone)]
pub struct Found {
    pub items: Vec<(Conversation, Message)>,
    /// Everything that may be read was looked at.
    pub whole: bool,
}

/// How texts are compared: the case of letters does not count.
fn folded(text: &str) -> String {
    text.to_lowercase()
}

/// Messages that hold a text, in one conversation or in all of the actor's; that they were read is noted. Errors: too many
/// searches in a short time; the conversation is not theirs.
pub async fn search(ctx: &Ctx, text: String, within: Option<ConversationId>) -> Result<Found> {
    // Counted beforehand: opening thousands of messages must not keep others from writing.
    ctx.door()?.write(|p| caps::count(p, "message searches", SEARCHES)).await?;
    let (found, clients) = ctx
        .door()?
        .read(move |p| {
            let found = look(p, &text, within)?;
            let mut clients = Vec::new();
            for (conversation, _) in &found.items {
                clients.extend(receive::clients(p, conversation)?);
            }
            clients.sort();
            clients.dedup();
            Ok((found, clients))
        })
        .await?;
    receive::noted(ctx, clients).await?;
    Ok(found)
}

fn look(p: &Practice, text: &str, within: Option<ConversationId>) -> Result<Found> {
    let wanted = folded(&text.trim().chars().take(TEXT).collect::<String>());
    let mut found = Found { items: Vec::new(), whole: true };
    if wanted.is_empty() {
        return Ok(found);
    }
    let most = usize::try_from(CONVERSATIONS).unwrap_or(usize::MAX);
    let mut opened = Vec::new();
    match within {
        Some(id) => opened.push(open(p, id)?.0),
        None => {
            for place in [Place::Inbox, Place::Archive] {
                let mut listed = list(p, place, Before::FIRST, CONVERSATIONS + 1)?;
                found.whole &= listed.len() <= most;
                listed.truncate(most);
                opened.extend(listed.into_iter().map(|one| one.conversation));
            }
        }
    }
    let mut left = LOOKED_AT;
    for conversation in opened {
        // A list may hold what a moment later is somebody else's.
        match open(p, conversation.id) {
            Err(Error::NotFound | Error::OutsideTeam(_)) => continue,
            other => drop(other?),
        }
        let mut before = i64::MAX;
        loop {
            let slice = rows::before(p, conversation.id, before, SLICE)?;
            let Some(last) = slice.last() else { break };
            before = last.seq;
            left = left.saturating_sub(slice.len());
            let hits = slice.into_iter().filter(|message| folded(&message.body).contains(&wanted));
            found.items.extend(hits.map(|message| (conversation.clone(), message)));
            if left == 0 || found.items.len() >= FOUND {
                found.whole = false;
                found.items.truncate(FOUND);
                return Ok(found);
            }
        }
    }
    found.items.sort_by_key(|(_, message)| std::cmp::Reverse(message.at));
    Ok(found)
}
