//! Alerts: answers that ask for the care team's eyes at once. They stand on the client's record until somebody has seen
//! them; the primary provider gets a mail that says nothing but to look.

use uuid::Uuid;

use super::{Task, queries};
use crate::activities::Kind as Activity;
use crate::audit::Entry;
use crate::clients;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::forms::Item;
use crate::ids::{ClientFormId, ClientId, MemberId};
use crate::jobs::Kind as JobKind;
use crate::practice::Practice;

/// Alerts of one client that are shown.
pub const LIMIT: i64 = 50;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    pub id: Uuid,
    pub client: ClientId,
    pub form: ClientFormId,
    /// What the form is called.
    pub title: String,
    pub question: String,
    pub raised_at: Instant,
    pub seen_at: Option<Instant>,
    pub seen_by: Option<MemberId>,
}

/// Raises one, unless there is an open one about the same question already.
pub fn raise(p: &Practice, task: &Task, item: &Item) -> Result<()> {
    let open = queries::alerts_of(p, task.id)?;
    if open.iter().any(|alert| alert.question == item.id && alert.seen_at.is_none()) {
        return Ok(());
    }
    let id = p.new_id();
    queries::insert_alert(p, id, task, &item.id)?;
    p.note(Activity::FormAlert, task.client, Some(&task.title))?;
    p.audit(&Entry::new("form.alert", "client_form", Some(task.id.0)).client(task.client))?;
    p.enqueue(JobKind::SendFormAlert, id, p.now)
}

/// The open alerts of a client, the oldest first, for whoever may see the client.
pub fn alerts(p: &Practice, client: ClientId) -> Result<Vec<Alert>> {
    clients::open(p, client)?;
    queries::open_alerts(p, client)
}

/// Notes that a member has seen an alert; whose it was. Errors: not found.
pub fn alert_seen(p: &Practice, id: Uuid) -> Result<Alert> {
    let alert = queries::alert(p, id)?.ok_or(Error::NotFound)?;
    clients::open(p, alert.client)?;
    if alert.seen_at.is_none() {
        queries::set_alert_seen(p, id)?;
        p.note(Activity::FormAlertSeen, alert.client, Some(&alert.title))?;
        p.audit(&Entry::new("form.alert_seen", "client_form", Some(alert.form.0)).client(alert.client))?;
    }
    queries::alert(p, id)?.ok_or(Error::NotFound)
}
