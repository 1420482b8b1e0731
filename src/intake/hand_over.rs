//! Handing over: a device at the desk becomes one client's for a while. It reaches that client's forms and nothing else,
//! needs no account and no e-mail, and leaves no session behind.
//!
//! Either the device that staff stand at is handed over, or a code opens another one, once. From then on the device holds
//! a token of its own in a cookie: the code is gone. It ends when somebody finishes, when staff end it, when nobody has
//! touched it for a while, when the client is archived or whoever handed it over is disabled, and after two hours.

use std::time::Duration;

use crate::access::{Actor, HandedOver, Who};
use crate::activities::Kind as Activity;
use crate::audit::Entry;
use crate::clients;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::ids::{ClientId, HandOverId, MemberId, PracticeId};
use crate::params;
use crate::practice::{House, Practice};
use crate::secrets::{new_code, new_token, read_code, token_hash};
use crate::web::PracticeInfo;

/// How long a code can be used.
pub const OPENS_WITHIN: Duration = Duration::from_secs(30 * 60);
/// How long an open device is left alone before it ends.
pub const IDLE: Duration = Duration::from_secs(30 * 60);
/// How long one stays open at most.
pub const LASTS: Duration = Duration::from_secs(2 * 3600);
/// A request moves the idle end only when the last one that did is this old.
const TOUCH_EVERY: Duration = Duration::from_secs(20);
/// Two servers may differ by a little. A clock that was put back further ends what is open.
const SKEW: Duration = Duration::from_secs(120);

crate::sql! {
    tenant INSERT =
        "insert into hand_overs (practice_id, id, client_id, member_id, token_hash, made_at, used_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)";
    across("the code names the practice; it is not known before") BY_TOKEN =
        "select practice_id, id from hand_overs where token_hash = $1 and ended_at is null";
    tenant OPEN =
        "update hand_overs set token_hash = $4, used_at = $5, expires_at = $6
         where practice_id = $1 and id = $2 and token_hash = $3 and used_at is null and ended_at is null
             and expires_at > $5";
    tenant LIVE =
        "select h.client_id, h.member_id, h.used_at, h.expires_at from hand_overs h
         join clients c on c.practice_id = h.practice_id and c.id = h.client_id and c.status = 'active'
         join members m on m.practice_id = h.practice_id and m.id = h.member_id and m.disabled_at is null
         where h.practice_id = $1 and h.id = $2 and h.used_at is not null and h.ended_at is null and h.expires_at > $3";
    tenant WAITS =
        "select h.id from hand_overs h
         join clients c on c.practice_id = h.practice_id and c.id = h.client_id and c.status = 'active'
         where h.practice_id = $1 and h.id = $2 and h.used_at is null and h.ended_at is null and h.expires_at > $3";
    tenant TOUCH =
        "update hand_overs set expires_at = $3
         where practice_id = $1 and id = $2 and ended_at is null and expires_at > $4 and expires_at < $3";
    tenant STANDING =
        "select h.id, h.used_at, h.expires_at, m.first_name, m.last_name from hand_overs h
         join members m on m.practice_id = h.practice_id and m.id = h.member_id and m.disabled_at is null
         where h.practice_id = $1 and h.client_id = $2 and h.ended_at is null and h.expires_at > $3
         order by h.made_at desc, h.id desc limit 20";
    across("what has run out in any practice ends for good, whatever the clock does later") END_EXPIRED =
        "update hand_overs set ended_at = expires_at where expires_at <= $1 and ended_at is null";
    tenant RUN_OUT =
        "update hand_overs set ended_at = expires_at
         where practice_id = $1 and id = $2 and ended_at is null and expires_at <= $3";
    tenant END = "update hand_overs set ended_at = $3 where practice_id = $1 and id = $2 and ended_at is null";
}

/// Which device is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// The one that staff stand at.
    Here,
    /// One that the code opens.
    Elsewhere,
}

/// A hand-over that stands, as the staff see it.
#[derive(Debug, Clone)]
pub struct HandOver {
    pub id: HandOverId,
    pub by: String,
    /// Nothing: nobody has used the code yet.
    pub opened: Option<Instant>,
    pub until: Instant,
}

/// A device that was handed over, as the guard finds it.
pub struct Device {
    pub actor: Actor,
    pub practice: PracticeInfo,
    pub id: HandOverId,
    /// Its idle end is to be moved.
    pub is_stale: bool,
}

fn entry(action: &'static str, client: ClientId, id: HandOverId) -> Entry {
    Entry::new(action, "hand_over", Some(id.0)).client(client)
}

/// Hands a device over to a client; what opens it: for this device the token of its cookie, for another one a code.
/// Whatever was handed over to the client before ends. Errors: not found; archived; outside the team.
pub fn hand_over(p: &Practice, client: ClientId, place: Where) -> Result<(HandOverId, String)> {
    clients::refuse_archived(&clients::open(p, client)?.status)?;
    let member = p.actor.member().ok_or(Error::NotFound)?.id;
    for before in standing(p, client)? {
        p.run(&END, params![before.id, p.now])?;
    }
    let id = HandOverId(p.new_id());
    let (secret, used, until) = match place {
        Where::Here => (new_token(), Some(p.now), p.now.plus(IDLE)),
        Where::Elsewhere => (new_code(), None, p.now.plus(OPENS_WITHIN)),
    };
    let kept = match place {
        Where::Here => secret.clone(),
        Where::Elsewhere => read_code(&secret).ok_or_else(|| Error::internal("a code that is none"))?,
    };
    p.run(&INSERT, params![id, client, member, token_hash(&kept), p.now, used, until])?;
    p.note(Activity::HandedOver, client, None)?;
    p.audit(&entry("hand_over.made", client, id))?;
    Ok((id, secret))
}

/// Opens a device by a code, once; the token of its cookie. Nothing: the code is none, was used, or is too old. With 60
/// bits for half an hour nobody guesses one.
pub fn open(h: &House, typed: &str) -> Result<Option<String>> {
    let Some(code) = read_code(typed) else { return Ok(None) };
    let hash = token_hash(&code);
    let Some((practice, id)) = by_hash(h, &hash)? else { return Ok(None) };
    let token = new_token();
    let system = Actor::system(practice);
    let values = params![id, hash, token_hash(&token), h.now, h.now.plus(IDLE)];
    if h.practice(&system).run(&OPEN, values)? == 0 {
        return Ok(None);
    }
    // Nothing opens where the client was archived meanwhile, or whoever made it was disabled.
    let Some(device) = device(h, &token)? else { return Ok(None) };
    if let Who::HandedOver(held) = &device.actor.who {
        h.practice(&device.actor).audit(&entry("hand_over.opened", held.client, id))?;
    }
    Ok(Some(token))
}

/// Whether a code would open something; the name of the practice.
pub fn waits(h: &House, typed: &str) -> Result<Option<String>> {
    let Some(code) = read_code(typed) else { return Ok(None) };
    let Some((practice, id)) = by_hash(h, &token_hash(&code))? else { return Ok(None) };
    let system = Actor::system(practice);
    let open = h.practice(&system).one(&WAITS, params![id, h.now], |row| Ok(row.get::<HandOverId>(0)?))?;
    Ok(if open.is_some() { h.practice_info(practice)?.map(|info| info.name) } else { None })
}

fn by_hash(h: &House, hash: &[u8]) -> Result<Option<(PracticeId, HandOverId)>> {
    h.one(&BY_TOKEN, params![hash], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The device of a cookie's token, if it is open.
pub fn device(h: &House, token: &str) -> Result<Option<Device>> {
    let Some((practice, id)) = by_hash(h, &token_hash(token))? else { return Ok(None) };
    let system = Actor::system(practice);
    let live = h.practice(&system).one(&LIVE, params![id, h.now], |row| {
        Ok((row.get::<ClientId>(0)?, row.get::<MemberId>(1)?, row.get::<Instant>(2)?, row.get::<Instant>(3)?))
    })?;
    let Some((client, by, opened, until)) = live else { return Ok(None) };
    if opened.since(h.now) > SKEW {
        return Ok(None);
    }
    let Some(info) = h.practice_info(practice)? else { return Ok(None) };
    let next = idle_end(h.now, opened);
    let actor = Actor { practice, who: Who::HandedOver(HandedOver { id, client, by }) };
    Ok(Some(Device { actor, practice: info, id, is_stale: next.since(until) >= TOUCH_EVERY }))
}

/// Ends what has run out, for good: no clock that is put back brings it to life.
pub fn purge(h: &House) -> Result<()> {
    h.run(&END_EXPIRED, params![h.now]).map(drop)
}

/// Ends the device of a cookie's token for good, if it has run out.
pub fn run_out(h: &House, token: &str) -> Result<()> {
    let Some((practice, id)) = by_hash(h, &token_hash(token))? else { return Ok(()) };
    h.practice(&Actor::system(practice)).run(&RUN_OUT, params![id, h.now]).map(drop)
}

/// When a device ends that is touched now.
fn idle_end(now: Instant, opened: Instant) -> Instant {
    now.plus(IDLE).min(opened.plus(LASTS))
}

/// Notes that somebody is at the device.
pub fn touch(p: &Practice, id: HandOverId) -> Result<()> {
    let opened = p.one(&LIVE, params![id, p.now], |row| Ok(row.get::<Instant>(2)?))?;
    let Some(opened) = opened else { return Ok(()) };
    p.run(&TOUCH, params![id, idle_end(p.now, opened), p.now]).map(drop)
}

/// What is handed over to a client, for whoever may see the client.
pub fn standing(p: &Practice, client: ClientId) -> Result<Vec<HandOver>> {
    clients::find(p, client)?;
    p.all(&STANDING, params![client, p.now], |row| {
        let (first, last): (String, String) = (row.get(3)?, row.get(4)?);
        Ok(HandOver { id: row.get(0)?, opened: row.get(1)?, until: row.get(2)?, by: format!("{first} {last}") })
    })
}

/// Ends all that is handed over to a client. Errors: not found; outside the team.
pub fn end_all(p: &Practice, client: ClientId) -> Result<()> {
    clients::open(p, client)?;
    for one in standing(p, client)? {
        end_one(p, client, one.id)?;
    }
    Ok(())
}

/// Ends the device that asks: the client is done.
pub fn end(p: &Practice) -> Result<()> {
    match &p.actor.who {
        Who::HandedOver(held) => end_one(p, held.client, held.id),
        _ => Err(Error::NotFound),
    }
}

fn end_one(p: &Practice, client: ClientId, id: HandOverId) -> Result<()> {
    if p.run(&END, params![id, p.now])? > 0 {
        p.note(Activity::HandedBack, client, None)?;
        p.audit(&entry("hand_over.ended", client, id))?;
    }
    Ok(())
}
