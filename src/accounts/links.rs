//! Links sent to an account: to reset a password, to confirm an address. Valid once; resets for 24 hours.

use std::time::Duration;

use uuid::Uuid;

use super::{passphrases, queries};
use crate::app::App;
use crate::clock::Instant;
use crate::error::Result;
use crate::ids::AccountId;
use crate::jobs::Kind as JobKind;
use crate::people::Email;
use crate::practice::House;

const PURPOSE: &str = "account link";
const RESET_LASTS: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// To choose a new password.
    Reset,
    /// To put a password in force that was chosen after a one-time passphrase.
    Chosen,
}

impl LinkKind {
    pub fn as_str(self) -> &'static str {
        match self {
            LinkKind::Reset => "reset",
            LinkKind::Chosen => "chosen",
        }
    }
}

/// A link as it stands.
#[derive(Debug, Clone)]
pub struct Link {
    pub id: Uuid,
    pub account: AccountId,
    pub email: Email,
    pub expires_at: Option<Instant>,
    pub used_at: Option<Instant>,
    pub ended_at: Option<Instant>,
    /// Of the password that it puts in force.
    pub password_hash: Option<String>,
}

/// Why a link does not work. All look the same to somebody who guesses: `Unknown` says no more than the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dead {
    Unknown,
    Expired,
    Used,
    Replaced,
}

impl Link {
    /// Puts a password in force that was chosen already.
    pub fn is_chosen(&self) -> bool {
        self.password_hash.is_some()
    }

    pub fn state(&self, now: Instant) -> std::result::Result<(), Dead> {
        if self.used_at.is_some() {
            Err(Dead::Used)
        } else if self.ended_at.is_some_and(|ended| self.expires_at.is_none_or(|expires| ended < expires)) {
            Err(Dead::Replaced)
        } else if self.ended_at.is_some() || self.expires_at.is_some_and(|end| now >= end) {
            Err(Dead::Expired)
        } else {
            Ok(())
        }
    }
}

/// Makes a link to choose a new password and queues its mail; older ones are replaced.
pub fn request_reset(h: &House, account: AccountId, to: &Email) -> Result<()> {
    request(h, account, LinkKind::Reset, to, None)
}

/// The same to put a password in force that was chosen already.
pub fn request_chosen(h: &House, account: AccountId, to: &Email, hash: &str) -> Result<()> {
    request(h, account, LinkKind::Chosen, to, Some(hash))
}

fn request(h: &House, account: AccountId, kind: LinkKind, to: &Email, hash: Option<&str>) -> Result<()> {
    queries::end_links(h, account, kind.as_str())?;
    let id = h.new_id();
    queries::insert_link(h, id, account, kind.as_str(), to, h.now.plus(RESET_LASTS), hash)?;
    h.enqueue(JobKind::SendAccountLink, id, h.now)
}

/// Whether a chosen password waits for its link.
pub fn waits_for_link(h: &House, account: AccountId) -> Result<bool> {
    queries::link_is_open(h, account, LinkKind::Chosen.as_str())
}

/// Ends every link and every one-time passphrase of an account.
pub fn end_all(h: &House, account: AccountId) -> Result<()> {
    queries::end_links(h, account, LinkKind::Reset.as_str())?;
    queries::end_links(h, account, LinkKind::Chosen.as_str())?;
    passphrases::end_all(h, account)
}

pub fn token(app: &App, id: Uuid) -> String {
    app.secrets.link_token(PURPOSE, &[id])
}

/// The link a token names, if this instance made the token.
pub fn by_token(h: &House, token: &str) -> Result<Option<Link>> {
    match h.app.secrets.read_link_token::<1>(PURPOSE, token) {
        Some([id]) => queries::link(h, id),
        None => Ok(None),
    }
}
