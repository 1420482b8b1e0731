//! Sessions: kept in a table of their own, found by the hash of a random token, ended by idle time or by hand.

use std::time::Duration;

use uuid::Uuid;

use super::places::{Place, PlaceKind};
use super::queries;
use crate::clock::Instant;
use crate::error::Result;
use crate::ids::{AccountId, PracticeId};
use crate::practice::House;
use crate::second_factor::Cleared;

/// A request moves the idle end only when the last one that did is this old; it saves a write per page.
pub const TOUCH_EVERY: Duration = Duration::from_secs(20);
/// The idle limit of somebody who has not chosen a place yet.
pub const NO_PLACE_IDLE: Duration = Duration::from_secs(15 * 60);

/// A session that is not ended; its idle time is for the caller to judge.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: Uuid,
    pub account: AccountId,
    pub last_seen_at: Instant,
    pub place: Option<(PlaceKind, PracticeId, Uuid)>,
    pub several_places: bool,
    /// Opened by a one-time passphrase: it stands where it stands, and the account's own pages are not its.
    pub passphrase: Option<Uuid>,
}

/// What a new session is made from. Without the proof that the second factor is given there is none.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub cleared: Cleared,
    pub token: String,
    /// Browser and system, as shown in the list of sessions.
    pub device: String,
    pub place: Option<Place>,
    pub several_places: bool,
    /// The one-time passphrase that opened it.
    pub passphrase: Option<Uuid>,
}

/// One line in the list of sessions.
#[derive(Debug, Clone)]
pub struct SessionRow {
    pub id: Uuid,
    pub device: String,
    pub created_at: Instant,
    pub last_seen_at: Instant,
}

pub fn start(h: &House, new: &NewSession) -> Result<Uuid> {
    let id = h.new_id();
    queries::insert_session(h, id, new)?;
    let account = new.cleared.account();
    queries::set_several_places(h, account, new.several_places)?;
    let practice = new.place.as_ref().map(|place| place.practice);
    let how = if new.passphrase.is_some() { "session.started_by_passphrase" } else { "session.started" };
    h.audit_account(practice, account.0, how)?;
    Ok(id)
}

/// The session of a token, if it was not ended.
pub fn find(h: &House, token: &str) -> Result<Option<Session>> {
    queries::session(h, &crate::secrets::token_hash(token))
}

pub fn touch(h: &House, id: Uuid) -> Result<()> {
    queries::touch(h, id)
}

/// Ends one session of an account; `false` if it has no such live one.
pub fn end(h: &House, account: AccountId, id: Uuid) -> Result<bool> {
    let ended = queries::end_session(h, account, id)? > 0;
    if ended {
        h.audit_account(None, account.0, "session.ended")?;
    }
    Ok(ended)
}

/// Ends a session because nobody was there: its holder may go on from it without another code.
pub fn end_idle(h: &House, account: AccountId, id: Uuid) -> Result<()> {
    if end(h, account, id)? {
        queries::note_idled(h, id)?;
    }
    Ok(())
}

/// Nobody goes on from a session that idled any more.
pub fn spend(h: &House, id: Uuid) -> Result<()> {
    queries::forget_idled(h, id)
}

/// Whether a session of an account is live.
pub fn is_live(h: &House, account: AccountId, id: Uuid) -> Result<bool> {
    queries::is_live(h, account, id)
}

pub fn end_others(h: &House, account: AccountId, keep: Uuid) -> Result<u64> {
    let ended = queries::end_sessions(h, account, Some(keep))?;
    h.audit_account(None, account.0, "session.others_ended")?;
    Ok(ended)
}

/// Ends every session of an account but one, and every sign-in that waits for a code.
pub fn end_all_of_account(h: &House, account: AccountId, keep: Option<Uuid>) -> Result<()> {
    queries::delete_pendings(h, account)?;
    queries::end_sessions(h, account, keep).map(drop)
}

/// Ends the sessions that stand in one client's portal, when that access ends.
pub fn end_all_of_access(h: &House, practice: PracticeId, access: Uuid) -> Result<()> {
    queries::end_sessions_at(h, PlaceKind::Portal, practice, access)
}

/// Ends the sessions that stand on the staff side of one practice as one member, when the member is disabled.
pub fn end_all_of_member(h: &House, practice: PracticeId, member: Uuid) -> Result<()> {
    queries::end_sessions_at(h, PlaceKind::Staff, practice, member)
}

pub fn list(h: &House, account: AccountId, oldest: Instant) -> Result<Vec<SessionRow>> {
    queries::sessions(h, account, oldest)
}

/// What to call a browser in the list of sessions: "Firefox on Windows".
pub fn device_name(user_agent: &str) -> String {
    let browsers =
        [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
    let systems = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS", "Mac"),
        ("Linux", "Linux"),
    ];
    let find = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    match (find(&browsers), find(&systems)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_string(),
        (None, Some(system)) => system.to_string(),
        (None, None) => "Unknown device".to_string(),
    }
}
