//! Links sent to an account: to reset a password, to confirm an address. Valid once; resets for 24 hours.

use std::time::Duration;

use uuid::Uuid;

use super::queries;
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
    Reset,
}

impl LinkKind {
    pub fn as_str(self) -> &'static str {
        match self {
            LinkKind::Reset => "reset",
        }
    }
}

/// A link as it stands.
#[derive(Debug, Clone)]
pub struct Link {
    pub id: Uuid,
    pub account: AccountId,
    pub kind: String,
    pub email: Email,
    pub expires_at: Option<Instant>,
    pub used_at: Option<Instant>,
    pub ended_at: Option<Instant>,
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

/// Makes a link and queues its mail; older links of the kind are replaced.
pub fn request_link(h: &House, account: AccountId, kind: LinkKind, to: &Email) -> Result<()> {
    queries::end_links(h, account, kind.as_str())?;
    let id = h.new_id();
    queries::insert_link(h, id, account, kind.as_str(), to, h.now.plus(RESET_LASTS))?;
    h.enqueue(JobKind::SendAccountLink, id, h.now)
}

pub fn end_all(h: &House, account: AccountId) -> Result<()> {
    queries::end_links(h, account, LinkKind::Reset.as_str())
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
