//! Reminders of open forms: by hand, and by themselves after some days, until all is done, with a stop.

use super::queries;
use crate::access::{Needs, Right, Who};
use crate::activities::Kind as Activity;
use crate::audit::Entry;
use crate::clients;
use crate::clock::Instant;
use crate::error::{Error, FieldError, Result};
use crate::flows;
use crate::ids::{AccessId, ClientId};
use crate::jobs::Kind as JobKind;
use crate::portal_access;
use crate::practice::Practice;

pub use flows::{ReminderSettings as Settings, Reminding as Reminders, reminding as reminders, settings};

/// How long after a reminder another one can be sent by hand.
pub const AGAIN_AFTER: std::time::Duration = std::time::Duration::from_secs(3_600);

/// Changes after how many days, and how often, people are reminded. Errors: out of range; a stale version.
pub fn set_settings(p: &Practice, wanted: Settings) -> Result<Settings> {
    let mut refused = Vec::new();
    if !(0..=60).contains(&wanted.after_days) {
        refused.push(FieldError::new("remind_after_days", "Use 0 (never) to 60 days."));
    }
    if !(1..=10).contains(&wanted.times) {
        refused.push(FieldError::new("remind_times", "Use 1 to 10 times."));
    }
    if !refused.is_empty() {
        return Err(Error::Invalid(refused));
    }
    if settings(p)?.version != wanted.version {
        return Err(Error::Conflict("Somebody else changed this meanwhile. Look at it again.".into()));
    }
    flows::set_settings(p, wanted)?;
    p.audit(&Entry::new("form_settings.changed", "practice", Some(p.id.0)))?;
    settings(p)
}

/// Sends a reminder to everybody in the client's portal who may fill in forms; to how many. Errors: nothing is open;
/// nobody is in the portal; one was sent within the hour.
pub fn remind(p: &Practice, client: ClientId) -> Result<usize> {
    let record = clients::open(p, client)?;
    clients::refuse_archived(&record.status)?;
    if !queries::has_open(p, client)? {
        return Err(Error::Conflict("There is nothing left to fill in.".into()));
    }
    let stands = reminders(p, client)?;
    if stands.last.is_some_and(|last| p.now.since(last) < AGAIN_AFTER) {
        return Err(Error::Conflict("A reminder was sent within the last hour.".into()));
    }
    let sent = send(p, client)?;
    if sent == 0 {
        return Err(Error::Conflict("Nobody is in this client's portal yet: there is nobody to remind.".into()));
    }
    Ok(sent)
}

/// Whether anybody is in the client's portal who may fill in forms.
pub fn can_remind(p: &Practice, client: ClientId) -> Result<bool> {
    Ok(!recipients(p, client)?.is_empty())
}

/// Queues a reminder to everybody who may fill in forms, and notes it.
pub fn send(p: &Practice, client: ClientId) -> Result<usize> {
    let to = recipients(p, client)?;
    for access in &to {
        p.enqueue(JobKind::SendFormReminder, access.0, p.now)?;
    }
    if !to.is_empty() {
        flows::note_reminded(p, client)?;
        p.note(Activity::FormReminded, client, None)?;
        p.audit(&Entry::of_client("form.reminded", client).detail(format!("people: {}", to.len())))?;
    }
    Ok(to.len())
}

fn recipients(p: &Practice, client: ClientId) -> Result<Vec<AccessId>> {
    let own = portal_access::own(p, client)?;
    let mut all = Vec::new();
    for access in own.into_iter().chain(portal_access::of_contacts(p, client)?) {
        let found = portal_access::at_place(&p.house(), p.id, access.id.0, access.account)?;
        let may = found.is_some_and(|(actor, _)| match &actor.who {
            Who::Client(viewer) => viewer.may(Needs::Right(Right::Forms)),
            _ => false,
        });
        if may {
            all.push(access.id);
        }
    }
    Ok(all)
}

/// Reminds this client no more by itself.
pub fn stop(p: &Practice, client: ClientId) -> Result<()> {
    set_stopped(p, client, Some(p.now), "form_reminders.stopped")
}

/// Reminds this client again.
pub fn resume(p: &Practice, client: ClientId) -> Result<()> {
    set_stopped(p, client, None, "form_reminders.resumed")?;
    flows::schedule(p, client)
}

fn set_stopped(p: &Practice, client: ClientId, at: Option<Instant>, action: &'static str) -> Result<()> {
    clients::find(p, client)?;
    if reminders(p, client)?.stopped.is_some() != at.is_some() {
        flows::set_stopped(p, client, at)?;
        p.audit(&Entry::of_client(action, client))?;
    }
    Ok(())
}
