//! Resets after a lost device: asked for by an owner, ripe after a day, carried out by a link in the holder's own mail.
//! How they stand; who may ask is for the members' room to say.

use std::time::Duration;

use uuid::Uuid;

use crate::clock::Instant;
use crate::error::Result;
use crate::ids::{AccountId, MemberId, PracticeId};
use crate::jobs::Kind as JobKind;
use crate::params;
use crate::practice::{House, Practice};

/// Between asking and the link: time for the holder to read the notice and stop it.
pub const WAITS: Duration = Duration::from_secs(24 * 3600);
/// How long the link is good.
const LINK_LASTS: Duration = Duration::from_secs(7 * 24 * 3600);

crate::sql! {
    tenant INSERT =
        "insert into second_factor_resets
         (practice_id, id, member_id, account_id, asked_by, created_at, ripe_at, state)
         values ($1, $2, $3, $4, $5, $6, $7, 'waiting')";
    tenant OPEN_OF =
        "select id, member_id, account_id, asked_by, created_at, ripe_at, state from second_factor_resets
         where practice_id = $1 and member_id = $2 and ended_at is null and ripe_at > $3
         order by created_at desc limit 1";
    tenant ALL_OPEN =
        "select id, member_id, account_id, asked_by, created_at, ripe_at, state from second_factor_resets
         where practice_id = $1 and member_id in (select id from members where practice_id = $1)
             and ended_at is null and ripe_at > $2
         limit 1000";
    tenant BY_ID =
        "select id, member_id, account_id, asked_by, created_at, ripe_at, state from second_factor_resets
         where practice_id = $1 and id = $2 and ended_at is null and ripe_at > $3";
    tenant SENT =
        "update second_factor_resets set state = 'sent' where practice_id = $1 and id = $2 and ended_at is null";
    tenant END =
        "update second_factor_resets set state = $3, ended_at = $4
         where practice_id = $1 and id = $2 and ended_at is null";
    across("an account's holder sees and stops what any practice asked") OPEN_OF_ACCOUNT =
        "select p.name, r.ripe_at from second_factor_resets r join practices p on p.id = r.practice_id
         where r.account_id = $1 and r.ended_at is null and r.ripe_at > $2 order by r.ripe_at limit 20";
    across("an account's holder sees and stops what any practice asked") END_OF_ACCOUNT =
        "update second_factor_resets set state = 'cancelled', ended_at = $2
         where account_id = $1 and ended_at is null";
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The day has not passed.
    Waiting,
    /// The holder has the link in their mail.
    Sent,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Sent => "sent",
        }
    }
}

/// A reset that is under way.
#[derive(Debug, Clone)]
pub struct Reset {
    pub id: Uuid,
    pub member: MemberId,
    pub account: AccountId,
    pub asked_by: MemberId,
    pub created_at: Instant,
    pub ripe_at: Instant,
    pub state: State,
}

impl Reset {
    /// The day has passed.
    pub fn is_ripe(&self, now: Instant) -> bool {
        now >= self.ripe_at
    }
}

fn to_reset(row: &crate::db::Row) -> Result<Reset> {
    let state: String = row.get(6)?;
    Ok(Reset {
        id: row.get(0)?,
        member: row.get(1)?,
        account: row.get(2)?,
        asked_by: row.get(3)?,
        created_at: row.get(4)?,
        ripe_at: row.get(5)?,
        state: if state == State::Sent.as_str() { State::Sent } else { State::Waiting },
    })
}

/// What was ripe before that has run out.
fn oldest(now: Instant) -> Instant {
    now.minus(LINK_LASTS)
}

/// Begins one; the holder is told at once, and gets the link when it is ripe.
pub fn begin(p: &Practice, member: MemberId, account: AccountId, asked_by: MemberId) -> Result<Reset> {
    let (id, ripe_at) = (p.new_id(), p.now.plus(WAITS));
    p.run(&INSERT, params![id, member, account, asked_by, p.now, ripe_at])?;
    p.enqueue(JobKind::TellSecondFactorReset, id, p.now)?;
    p.enqueue(JobKind::SendSecondFactorReset, id, ripe_at)?;
    Ok(Reset { id, member, account, asked_by, created_at: p.now, ripe_at, state: State::Waiting })
}

/// The one that is under way for a member.
pub fn open_of(p: &Practice, member: MemberId) -> Result<Option<Reset>> {
    p.one(&OPEN_OF, params![member, oldest(p.now)], to_reset)
}

/// Those that are under way in the practice.
pub fn all_open(p: &Practice) -> Result<Vec<Reset>> {
    p.all(&ALL_OPEN, params![oldest(p.now)], to_reset)
}

/// One that is under way.
pub fn find(p: &Practice, id: Uuid) -> Result<Option<Reset>> {
    p.one(&BY_ID, params![id, oldest(p.now)], to_reset)
}

/// The link is in the mail.
pub fn note_sent(p: &Practice, id: Uuid) -> Result<()> {
    p.run(&SENT, params![id]).map(drop)
}

/// Somebody of the practice took it back, or what it needs is gone. `false`: it had ended.
pub fn cancel(p: &Practice, id: Uuid) -> Result<bool> {
    crate::jobs::cancel(&p.house(), JobKind::SendSecondFactorReset, id)?;
    Ok(p.run(&END, params![id, "cancelled", p.now])? == 1)
}

/// The link was used. `false`: somebody was faster.
pub fn complete(p: &Practice, id: Uuid) -> Result<bool> {
    Ok(p.run(&END, params![id, "done", p.now])? == 1)
}

/// Those under way for an account: the practice's name, and when the link is sent.
pub fn open_of_account(h: &House, account: AccountId) -> Result<Vec<(String, Instant)>> {
    h.all(&OPEN_OF_ACCOUNT, params![account, oldest(h.now)], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Its holder is there, or it is off: whatever any practice asked is over. Whether there was anything.
pub fn end_all(h: &House, account: AccountId) -> Result<bool> {
    let ended = h.run(&END_OF_ACCOUNT, params![account, h.now])? > 0;
    if ended {
        h.audit_account(None, account.0, "second_factor.reset_stopped")?;
    }
    Ok(ended)
}

/// The token of the link.
pub fn token(app: &crate::app::App, practice: PracticeId, id: Uuid) -> String {
    app.secrets.link_token(PURPOSE, &[practice.0, id])
}

/// What a token names, if this instance made it.
pub fn read_token(app: &crate::app::App, token: &str) -> Option<(PracticeId, Uuid)> {
    app.secrets.read_link_token::<2>(PURPOSE, token).map(|[practice, id]| (PracticeId(practice), id))
}

const PURPOSE: &str = "second factor reset";
