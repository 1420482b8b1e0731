//! Who has looked: a client's part of the audit record, in words.

use uuid::Uuid;

use super::Page;
use crate::activities::Before;
use crate::clients;
use crate::clock::Instant;
use crate::db::TenantSql;
use crate::error::Result;
use crate::ids::ClientId;
use crate::params;
use crate::practice::Practice;

macro_rules! list {
    ($of:literal) => {
        concat!(
            "select e.id, e.at, e.action, e.detail, e.actor_kind, e.actor_id, m.first_name, m.last_name from audit_entries e
             left join members m on m.practice_id = e.practice_id and m.id = e.actor_id
             where e.practice_id = $1 and ",
            $of,
            " and (e.at, e.id) < ($3, $4) order by e.at desc, e.id desc limit $5"
        )
    };
}
crate::sql! {
    tenant LIST = list!("e.client_id = $2");
    // What was merged into the record was looked at before under its own name.
    tenant LIST_OF_MERGED = list!(
        "e.client_id in (select c.id from clients c where c.practice_id = $1 and c.merged_into = $2)");
}

/// Somebody looked into a record, or changed it.
#[derive(Debug, Clone)]
pub struct Look {
    pub id: Uuid,
    pub at: Instant,
    /// As the audit record names it.
    pub action: String,
    pub detail: Option<String>,
    pub actor_kind: String,
    pub actor: Option<Uuid>,
    /// The name of a member.
    pub actor_name: Option<String>,
}

impl Look {
    /// Somebody only read.
    pub fn is_reading(&self) -> bool {
        self.action.ends_with(".read")
    }

    /// Who it was.
    pub fn who(&self) -> String {
        match (self.actor_kind.as_str(), &self.actor_name) {
            ("member", Some(name)) => name.clone(),
            ("client", _) => "Somebody in the Client Portal".into(),
            ("hand_over", _) => "Whoever held the device at the desk".into(),
            ("link", _) => "Somebody with a link".into(),
            _ => "The program".into(),
        }
    }

    /// What they did.
    pub fn what(&self) -> String {
        let text = match (self.action.as_str(), self.detail.as_deref()) {
            ("client.read", Some("invitations")) => "Read the invitations",
            ("client.read", Some("timeline")) => "Read the timeline",
            ("client.read", Some("who_has_looked")) => "Read who has looked",
            ("client.read", Some("merge")) => "Compared it with another record",
            ("client.read", Some("contacts")) => "Read family and contacts",
            ("client.read", Some("documents")) => "Looked through the documents",
            ("client.read", Some("forms")) => "Looked through the forms",
            ("client.read", _) => "Opened the record",
            ("client.added", _) => "Added the record",
            ("client.signed_up", _) => "Signed up",
            ("client.changed", _) => "Changed the record",
            ("client.email_changed", _) => "Changed the email",
            ("client.archived", _) => "Archived the record",
            ("client.restored", _) => "Restored the record",
            ("client.exported", _) => "Exported the record",
            ("invitation.queued", _) => "Queued an invitation",
            ("invitation.left", Some("bounced")) => "The invitation bounced",
            ("invitation.left", Some("kept")) => "Kept the invitation in the local outbox",
            ("invitation.left", _) => "Sent the invitation",
            ("invitation.accepted", _) => "Accepted the invitation",
            ("invitation.undone", _) => "Took an invitation back",
            ("contact.added", _) => "Added a contact",
            ("contact.changed", _) => "Changed a contact",
            ("contact.removed", _) => "Removed a contact",
            ("contact.restored", _) => "Put a contact back",
            ("contact.portal_ended", _) => "Ended a contact's portal access",
            ("consent.asked", _) => "Asked for consent to a portal access",
            ("consent.given", _) => "Agreed to a portal access",
            ("consent.refused", _) => "Refused or withdrew a portal access",
            ("record.opened", _) => "Opened the record from outside the care team",
            ("custody.changed", _) => "Changed the custody note",
            ("client.merged", Some("into")) => "Merged this record into another",
            ("client.merged", _) => "Merged another record into this one",
            ("client.unmerged", _) => "Undid a merge",
            ("document.read", _) => "Opened a document",
            ("document.added", Some("shared")) => "Added a document and shared it",
            ("document.added", _) => "Added a document",
            ("document.changed", _) => "Changed what is said of a document",
            ("document.shared", _) => "Shared a document with the client",
            ("document.unshared", _) => "Stopped sharing a document",
            ("document.deleted", _) => "Deleted a document",
            ("document.restored", _) => "Restored a document",
            ("document.removed", _) => "Removed the bytes of a document deleted 30 days before",
            ("form.read", Some("compare")) => "Compared the answers to a form",
            ("form.read", _) => "Read the answers to a form",
            ("form.given", _) => "Gave a form",
            ("flow.given", _) => "Gave an intake flow",
            ("form.started", _) => "Began to fill in a form",
            ("form.handed_in", _) => "Handed in a form",
            ("form.skipped", _) => "Skipped a form",
            ("form.waived", _) => "Waived a form",
            ("form.wanted", _) => "Asked for a form again",
            ("form.reopened", _) => "Opened a form again",
            ("form.reminded", _) => "Sent a reminder of open forms",
            ("form_reminders.stopped", _) => "Stopped reminders of open forms",
            ("form_reminders.resumed", _) => "Let reminders of open forms go out again",
            ("form.alert", _) => "Gave an answer that needs attention",
            ("form.alert_seen", _) => "Saw an answer that needs attention",
            ("reset.sent", _) => "Sent a password reset link",
            ("passphrase.made", _) => "Made a one-time passphrase",
            (other, _) => return other.replace(['.', '_'], " "),
        };
        text.into()
    }
}

/// A page of who has looked, for whoever may see the client; also into what was merged into the record.
pub fn looks(p: &Practice, client: ClientId, before: Before, limit: i64) -> Result<Page<Look>> {
    clients::open(p, client)?;
    let mut found = list(p, &LIST, client, before, limit)?;
    found.extend(list(p, &LIST_OF_MERGED, client, before, limit)?);
    found.sort_by_key(|look| std::cmp::Reverse((look.at, look.id)));
    found.truncate(usize::try_from(limit + 1).unwrap_or(0));
    Ok(Page::of(found, limit, |look| Before(look.at, look.id)))
}

/// One more than the page holds.
fn list(p: &Practice, of: &'static TenantSql, client: ClientId, before: Before, limit: i64) -> Result<Vec<Look>> {
    p.all(of, params![client, before.0, before.1, limit + 1], |row| {
        let (first, last): (Option<String>, Option<String>) = (row.get(6)?, row.get(7)?);
        Ok(Look {
            id: row.get(0)?,
            at: row.get(1)?,
            action: row.get(2)?,
            detail: row.get(3)?,
            actor_kind: row.get(4)?,
            actor: row.get(5)?,
            actor_name: first.zip(last).map(|(first, last)| format!("{first} {last}")),
        })
    })
}
