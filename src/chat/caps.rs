//! How much one person writes, changes and looks for in a short time, and how much space a practice has for files.

use std::time::Duration;

use super::message_queries as rows;
use super::rights::open_to_write;
use crate::accounts::{Cap, GuessOutcome, take_all};
use crate::error::{Error, FieldError, Result};
use crate::files::{SPACE, Stored};
use crate::ids::ConversationId;
use crate::practice::Practice;
use crate::words::Words;

/// Counts one more message with a file, before the file is any work: one that is sent again is work again. Errors: nobody
/// can write there; they were many in a short time.
pub fn count_file(p: &Practice, id: ConversationId) -> Result<()> {
    open_to_write(p, id)?;
    count_message(p)
}

/// Errors: the practice has no space left for a file.
pub fn refuse_full(p: &Practice, file: &Stored) -> Result<()> {
    let size = i64::try_from(file.size).unwrap_or(i64::MAX);
    if rows::space(p)?.saturating_add(size) <= SPACE {
        return Ok(());
    }
    let text = Words::of("en").t("chat-no-space");
    Err(Error::Invalid(vec![FieldError::new("file", text)]))
}

/// Counts one more message, or one more message to many. Errors: they were many in a short time.
pub fn count_message(p: &Practice) -> Result<()> {
    count(p, "messages", p.app.config.messages_a_minute)
}

/// Counts one more of what is work for the server. Errors: they were many in a short time.
pub fn count(p: &Practice, what: &str, a_minute: i64) -> Result<()> {
    let sender = p.actor.id().ok_or(Error::NotFound)?;
    let cap = Cap::new(p.app, what, sender.as_bytes(), a_minute, Duration::from_secs(60));
    match take_all(&p.house(), &[cap])? {
        GuessOutcome::Allowed => Ok(()),
        GuessOutcome::Wait { seconds } => Err(Error::TooMany { retry_after: seconds }),
    }
}
