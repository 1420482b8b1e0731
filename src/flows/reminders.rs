//! When somebody is reminded of what is open: how the practice wants it, and how it stands with a client.

use std::time::Duration;

use crate::clock::Instant;
use crate::error::Result;
use crate::ids::{ClientFormId, ClientId};
use crate::jobs::Kind as JobKind;
use crate::params;
use crate::practice::Practice;

const DAY: u64 = 86_400;

crate::sql! {
    tenant SETTINGS = "select remind_after_days, remind_times, version from form_settings where practice_id = $1";
    tenant SET_SETTINGS =
        "insert into form_settings (practice_id, remind_after_days, remind_times) values ($1, $2, $3)
         on conflict (practice_id) do update set remind_after_days = excluded.remind_after_days,
             remind_times = excluded.remind_times, version = form_settings.version + 1";
    tenant WANTED =
        "select id from client_forms where practice_id = $1 and client_id = $2 and required
             and state in ('open', 'started') limit 1";
    tenant STANDS =
        "select sent, last_at, next_at, stopped_at from form_reminders where practice_id = $1 and client_id = $2";
    tenant SET_NEXT =
        "insert into form_reminders (practice_id, client_id, next_at) values ($1, $2, $3)
         on conflict (practice_id, client_id) do update set next_at = excluded.next_at";
    tenant BEGIN_ANEW = "update form_reminders set sent = 0 where practice_id = $1 and client_id = $2";
    tenant NOTE =
        "insert into form_reminders (practice_id, client_id, sent, last_at) values ($1, $2, 1, $3)
         on conflict (practice_id, client_id) do update set sent = form_reminders.sent + 1, last_at = excluded.last_at";
    tenant SET_STOPPED =
        "insert into form_reminders (practice_id, client_id, stopped_at) values ($1, $2, $3)
         on conflict (practice_id, client_id) do update set stopped_at = excluded.stopped_at, next_at = null";
}

/// After how many days people are reminded, and how often. 0 days: never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReminderSettings {
    pub after_days: i64,
    pub times: i64,
    pub version: i64,
}

impl ReminderSettings {
    /// Of a practice that has chosen nothing.
    const FIRST: ReminderSettings = ReminderSettings { after_days: 3, times: 3, version: 0 };

    fn after(self) -> Duration {
        Duration::from_secs(DAY * u64::try_from(self.after_days).unwrap_or(0))
    }
}

pub fn settings(p: &Practice) -> Result<ReminderSettings> {
    let found = p.one(&SETTINGS, params![], |row| {
        Ok(ReminderSettings { after_days: row.get(0)?, times: row.get(1)?, version: row.get(2)? })
    })?;
    Ok(found.unwrap_or(ReminderSettings::FIRST))
}

pub fn set_settings(p: &Practice, wanted: ReminderSettings) -> Result<()> {
    p.run(&SET_SETTINGS, params![wanted.after_days, wanted.times]).map(drop)
}

/// How it stands with one client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reminding {
    /// How often they were reminded since something new was given.
    pub sent: i64,
    pub last: Option<Instant>,
    /// When they are reminded next, by itself.
    pub next: Option<Instant>,
    pub stopped: Option<Instant>,
}

pub fn reminding(p: &Practice, client: ClientId) -> Result<Reminding> {
    let found = p.one(&STANDS, params![client], |row| {
        Ok(Reminding { sent: row.get(0)?, last: row.get(1)?, next: row.get(2)?, stopped: row.get(3)? })
    })?;
    Ok(found.unwrap_or_default())
}

/// Has a client reminded in some days of what is open by then, unless nothing required is open now, that is planned
/// already, or was stopped.
pub fn schedule(p: &Practice, client: ClientId) -> Result<()> {
    if p.one(&WANTED, params![client], |row| Ok(row.get::<ClientFormId>(0)?))?.is_none() {
        return Ok(());
    }
    let (settings, stands) = (settings(p)?, reminding(p, client)?);
    if settings.after_days == 0 || stands.stopped.is_some() || stands.next.is_some() {
        return Ok(());
    }
    set_next(p, client, Some(p.now.plus(settings.after())))?;
    p.run(&BEGIN_ANEW, params![client]).map(drop)
}

/// Plans the next one after one was sent; as often as the practice wants, and no further.
pub fn schedule_next(p: &Practice, client: ClientId) -> Result<()> {
    let (settings, stands) = (settings(p)?, reminding(p, client)?);
    let wanted = settings.after_days > 0 && stands.stopped.is_none() && stands.sent < settings.times;
    set_next(p, client, wanted.then(|| p.now.plus(settings.after())))
}

/// Plans nothing.
pub fn unschedule(p: &Practice, client: ClientId) -> Result<()> {
    set_next(p, client, None)
}

fn set_next(p: &Practice, client: ClientId, at: Option<Instant>) -> Result<()> {
    p.run(&SET_NEXT, params![client, at])?;
    at.map_or(Ok(()), |at| p.enqueue(JobKind::RemindForms, client.0, at))
}

/// Notes that a client was reminded.
pub fn note_reminded(p: &Practice, client: ClientId) -> Result<()> {
    p.run(&NOTE, params![client, p.now]).map(drop)
}

pub fn set_stopped(p: &Practice, client: ClientId, at: Option<Instant>) -> Result<()> {
    p.run(&SET_STOPPED, params![client, at]).map(drop)
}
