//! What was written with a client, for the whole record: each conversation that whoever asks may read.

use super::talk::of_client;
use super::{Conversation, Message, message_queries as rows};
use crate::error::Result;
use crate::ids::ClientId;
use crate::practice::Practice;

/// Messages of a conversation at most, the newest.
pub const WRITTEN: i64 = 1_000;

#[derive(Debug, Clone)]
pub struct Written {
    pub conversation: Conversation,
    /// The oldest first.
    pub messages: Vec<Message>,
}

/// Every conversation of a client with something in it, but groups: those are others' too.
pub fn written(p: &Practice, client: ClientId) -> Result<Vec<Written>> {
    let mut all = Vec::new();
    for (conversation, _) in of_client(p, client)?.into_iter().filter(|(one, _)| one.last_said > 0) {
        let mut messages = rows::before(p, conversation.id, i64::MAX, WRITTEN)?;
        messages.reverse();
        all.push(Written { conversation, messages });
    }
    Ok(all)
}
