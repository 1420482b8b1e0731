//! Activities: what happened, written by every verb; the client's timeline and the newsfeed are made from them.

use crate::error::Result;
use crate::ids::ClientId;
use crate::params;
use crate::practice::Practice;

crate::sql! {
    tenant INSERT =
        "insert into activities (practice_id, id, at, kind, client_id, actor_kind, actor_id, about)
         values ($1, $2, $3, $4, $5, $6, $7, $8)";
}

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    ClientAdded,
    SignedUp,
    ClientChanged,
    ClientArchived,
    ClientRestored,
    EmailChanged,
    InvitationQueued,
    InvitationSent,
    InvitationBounced,
    InvitationAccepted,
    InvitationUndone,
    ResetSent,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Kind::ClientAdded => "client.added",
            Kind::SignedUp => "client.signed_up",
            Kind::ClientChanged => "client.changed",
            Kind::ClientArchived => "client.archived",
            Kind::ClientRestored => "client.restored",
            Kind::EmailChanged => "client.email_changed",
            Kind::InvitationQueued => "invitation.queued",
            Kind::InvitationSent => "invitation.sent",
            Kind::InvitationBounced => "invitation.bounced",
            Kind::InvitationAccepted => "invitation.accepted",
            Kind::InvitationUndone => "invitation.undone",
            Kind::ResetSent => "reset.sent",
        }
    }
}

impl Practice<'_> {
    /// Notes that something happened to a client; commits with the verb. `about`: names of fields, never their content.
    pub fn note(&self, kind: Kind, client: ClientId, about: Option<&str>) -> Result<()> {
        let values =
            params![self.new_id(), self.now, kind.as_str(), client, self.actor.kind(), self.actor.id(), about,];
        self.run(&INSERT, values).map(drop)
    }
}
