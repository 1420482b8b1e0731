//! Activities: what happened, written by every verb; the client's timeline is made from them, and what is news to somebody
//! goes into their newsfeed with the same commit.

mod before;

pub use before::Before;

use uuid::Uuid;

use crate::error::Result;
use crate::ids::{ClientId, MemberId};
use crate::jobs::Kind as JobKind;
use crate::params;
use crate::practice::Practice;

/// The hour of the day, where the practice is, at which the daily mail leaves.
const MAIL_HOUR: i8 = 7;

crate::sql! {
    tenant INSERT =
        "insert into activities (practice_id, id, at, kind, client_id, actor_kind, actor_id, about, topic, member_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    tenant CARE_TEAM =
        "select t.member_id, f.choice from care_team t
         join members m on m.practice_id = t.practice_id and m.id = t.member_id and m.disabled_at is null
         left join feed_choices f on f.practice_id = t.practice_id and f.member_id = t.member_id and f.topic = $3
         where t.practice_id = $1 and t.client_id = $2 limit 100";
    tenant RUNNERS =
        "select m.id, f.choice from members m
         left join feed_choices f on f.practice_id = m.practice_id and f.member_id = m.id and f.topic = $3
         where m.practice_id = $1 and m.id > $2 and m.role in ('owner', 'admin') and m.disabled_at is null limit 100";
    tenant FEED =
        "insert into feed_items (practice_id, member_id, id, at, topic, client_id, seen, mailed)
         values ($1, $2, $3, $4, $5, $6, false, $7)";
}

/// By what people look for it, in a timeline and in the newsfeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Somebody new.
    Arrivals,
    Invitations,
    CareTeam,
    Forms,
    Record,
    Messages,
}

impl Topic {
    pub const ALL: [Topic; 6] =
        [Topic::Arrivals, Topic::Invitations, Topic::CareTeam, Topic::Forms, Topic::Record, Topic::Messages];

    pub fn as_str(self) -> &'static str {
        match self {
            Topic::Arrivals => "arrivals",
            Topic::Invitations => "invitations",
            Topic::CareTeam => "care_team",
            Topic::Forms => "forms",
            Topic::Record => "record",
            Topic::Messages => "messages",
        }
    }

    pub fn parse(text: &str) -> Option<Topic> {
        Topic::ALL.into_iter().find(|topic| topic.as_str() == text)
    }
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
    PassphraseMade,
    /// About the new one; about nobody, where there is none any more.
    PrimaryProvider,
    TeamJoined,
    TeamLeft,
    ContactAdded,
    ContactChanged,
    ContactRemoved,
    ContactRestored,
    /// Somebody around the client: invited into the portal, the mail left or bounced, in, and out again.
    ContactInvited,
    ContactMailed,
    ContactBounced,
    ContactJoined,
    ContactLeft,
    /// Whether somebody may be in the portal of a client who is of age.
    ConsentAsked,
    ConsentGiven,
    ConsentRefused,
    /// In a month, and today.
    ComingOfAge,
    OfAge,
    CustodyChanged,
    /// By somebody who runs the practice, from outside the care team.
    Opened,
    /// Another record of the same person came into this one; and went out again.
    Merged,
    Unmerged,
    DocumentAdded,
    /// Given in the portal.
    DocumentReceived,
    DocumentChanged,
    DocumentShared,
    DocumentUnshared,
    DocumentDeleted,
    DocumentRestored,
    /// Given to the client to fill in; about: what it is called.
    FormGiven,
    FlowGiven,
    FormStarted,
    FormHandedIn,
    FormSkipped,
    FormWaived,
    /// Wanted again after it was waived or skipped.
    FormWanted,
    FormReopened,
    FormReminded,
    /// All that a flow requires is done.
    FlowCompleted,
    /// An answer asks for the care team's eyes at once.
    FormAlert,
    FormAlertSeen,
    /// A device was handed over at the desk.
    HandedOver,
    HandedBack,
    /// A message after a while in which there was none: from the staff, and from the client's side to a provider.
    MessageSent,
    MessageReceived,
}

impl Kind {
    const ALL: [Kind; 57] = [
        Kind::ClientAdded,
        Kind::SignedUp,
        Kind::ClientChanged,
        Kind::ClientArchived,
        Kind::ClientRestored,
        Kind::EmailChanged,
        Kind::InvitationQueued,
        Kind::InvitationSent,
        Kind::InvitationBounced,
        Kind::InvitationAccepted,
        Kind::InvitationUndone,
        Kind::ResetSent,
        Kind::PassphraseMade,
        Kind::PrimaryProvider,
        Kind::TeamJoined,
        Kind::TeamLeft,
        Kind::ContactAdded,
        Kind::ContactChanged,
        Kind::ContactRemoved,
        Kind::ContactRestored,
        Kind::ContactInvited,
        Kind::ContactMailed,
        Kind::ContactBounced,
        Kind::ContactJoined,
        Kind::ContactLeft,
        Kind::ConsentAsked,
        Kind::ConsentGiven,
        Kind::ConsentRefused,
        Kind::ComingOfAge,
        Kind::OfAge,
        Kind::CustodyChanged,
        Kind::Opened,
        Kind::Merged,
        Kind::Unmerged,
        Kind::DocumentAdded,
        Kind::DocumentReceived,
        Kind::DocumentChanged,
        Kind::DocumentShared,
        Kind::DocumentUnshared,
        Kind::DocumentDeleted,
        Kind::DocumentRestored,
        Kind::FormGiven,
        Kind::FlowGiven,
        Kind::FormStarted,
        Kind::FormHandedIn,
        Kind::FormSkipped,
        Kind::FormWaived,
        Kind::FormWanted,
        Kind::FormReopened,
        Kind::FormReminded,
        Kind::FlowCompleted,
        Kind::FormAlert,
        Kind::FormAlertSeen,
        Kind::HandedOver,
        Kind::HandedBack,
        Kind::MessageSent,
        Kind::MessageReceived,
    ];

    pub fn as_str(self) -> &'static str {
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
            Kind::PassphraseMade => "passphrase.made",
            Kind::PrimaryProvider => "care_team.primary_provider",
            Kind::TeamJoined => "care_team.joined",
            Kind::TeamLeft => "care_team.left",
            Kind::ContactAdded => "contact.added",
            Kind::ContactChanged => "contact.changed",
            Kind::ContactRemoved => "contact.removed",
            Kind::ContactRestored => "contact.restored",
            Kind::ContactInvited => "contact.invited",
            Kind::ContactMailed => "contact.mailed",
            Kind::ContactBounced => "contact.bounced",
            Kind::ContactJoined => "contact.joined",
            Kind::ContactLeft => "contact.left",
            Kind::ConsentAsked => "consent.asked",
            Kind::ConsentGiven => "consent.given",
            Kind::ConsentRefused => "consent.refused",
            Kind::ComingOfAge => "client.coming_of_age",
            Kind::OfAge => "client.of_age",
            Kind::CustodyChanged => "custody.changed",
            Kind::Opened => "record.opened",
            Kind::Merged => "record.merged",
            Kind::Unmerged => "record.unmerged",
            Kind::DocumentAdded => "document.added",
            Kind::DocumentReceived => "document.received",
            Kind::DocumentChanged => "document.changed",
            Kind::DocumentShared => "document.shared",
            Kind::DocumentUnshared => "document.unshared",
            Kind::DocumentDeleted => "document.deleted",
            Kind::DocumentRestored => "document.restored",
            Kind::FormGiven => "form.given",
            Kind::FlowGiven => "flow.given",
            Kind::FormStarted => "form.started",
            Kind::FormHandedIn => "form.handed_in",
            Kind::FormSkipped => "form.skipped",
            Kind::FormWaived => "form.waived",
            Kind::FormWanted => "form.wanted",
            Kind::FormReopened => "form.reopened",
            Kind::FormReminded => "form.reminded",
            Kind::FlowCompleted => "flow.completed",
            Kind::FormAlert => "form.alert",
            Kind::FormAlertSeen => "form.alert_seen",
            Kind::HandedOver => "form.handed_over",
            Kind::HandedBack => "form.handed_back",
            Kind::MessageSent => "message.sent",
            Kind::MessageReceived => "message.received",
        }
    }

    pub fn parse(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Where a client's timeline shows it.
    pub fn topic(self) -> Topic {
        match self {
            Kind::ClientAdded
            | Kind::SignedUp
            | Kind::ClientChanged
            | Kind::ClientArchived
            | Kind::ClientRestored
            | Kind::EmailChanged
            | Kind::ContactAdded
            | Kind::ContactChanged
            | Kind::ContactRemoved
            | Kind::ContactRestored
            | Kind::ConsentAsked
            | Kind::ConsentGiven
            | Kind::ConsentRefused
            | Kind::ComingOfAge
            | Kind::OfAge
            | Kind::CustodyChanged
            | Kind::Opened
            | Kind::Merged
            | Kind::Unmerged
            | Kind::DocumentAdded
            | Kind::DocumentReceived
            | Kind::DocumentChanged
            | Kind::DocumentShared
            | Kind::DocumentUnshared
            | Kind::DocumentDeleted
            | Kind::DocumentRestored => Topic::Record,
            Kind::InvitationQueued
            | Kind::InvitationSent
            | Kind::InvitationBounced
            | Kind::InvitationAccepted
            | Kind::InvitationUndone
            | Kind::ResetSent
            | Kind::PassphraseMade
            | Kind::ContactInvited
            | Kind::ContactMailed
            | Kind::ContactBounced
            | Kind::ContactJoined
            | Kind::ContactLeft => Topic::Invitations,
            Kind::PrimaryProvider | Kind::TeamJoined | Kind::TeamLeft => Topic::CareTeam,
            Kind::FormGiven
            | Kind::FlowGiven
            | Kind::FormStarted
            | Kind::FormHandedIn
            | Kind::FormSkipped
            | Kind::FormWaived
            | Kind::FormWanted
            | Kind::FormReopened
            | Kind::FormReminded
            | Kind::FlowCompleted
            | Kind::FormAlert
            | Kind::FormAlertSeen
            | Kind::HandedOver
            | Kind::HandedBack => Topic::Forms,
            Kind::MessageSent | Kind::MessageReceived => Topic::Messages,
        }
    }

    /// As what it is news; nothing: only the timeline says it.
    fn news(self) -> Option<Topic> {
        match self {
            Kind::ClientAdded | Kind::SignedUp => Some(Topic::Arrivals),
            Kind::InvitationAccepted | Kind::InvitationBounced | Kind::ContactJoined | Kind::ContactBounced => {
                Some(Topic::Invitations)
            }
            Kind::PrimaryProvider | Kind::TeamJoined | Kind::TeamLeft => Some(Topic::CareTeam),
            Kind::FormStarted | Kind::FormHandedIn | Kind::FormSkipped | Kind::FlowCompleted | Kind::FormAlert => {
                Some(Topic::Forms)
            }
            Kind::ClientArchived
            | Kind::ClientRestored
            | Kind::EmailChanged
            | Kind::ConsentGiven
            | Kind::ConsentRefused
            | Kind::ComingOfAge
            | Kind::OfAge
            | Kind::CustodyChanged
            | Kind::Opened
            | Kind::Merged
            | Kind::Unmerged
            | Kind::DocumentReceived => Some(Topic::Record),
            Kind::MessageReceived => Some(Topic::Messages),
            Kind::ClientChanged
            | Kind::InvitationQueued
            | Kind::InvitationSent
            | Kind::InvitationUndone
            | Kind::ResetSent
            | Kind::PassphraseMade
            | Kind::ContactAdded
            | Kind::ContactChanged
            | Kind::ContactRemoved
            | Kind::ContactRestored
            | Kind::ContactInvited
            | Kind::ContactMailed
            | Kind::ContactLeft
            | Kind::ConsentAsked
            | Kind::DocumentAdded
            | Kind::DocumentChanged
            | Kind::DocumentShared
            | Kind::DocumentUnshared
            | Kind::DocumentDeleted
            | Kind::DocumentRestored
            | Kind::FormGiven
            | Kind::FlowGiven
            | Kind::FormWaived
            | Kind::FormWanted
            | Kind::FormReopened
            | Kind::FormReminded
            | Kind::FormAlertSeen
            | Kind::HandedOver
            | Kind::HandedBack
            | Kind::MessageSent => None,
        }
    }
}

/// What somebody wants to be told of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    Feed,
    /// The newsfeed, and a mail once a day that says how much is new there.
    Email,
    Neither,
}

impl Choice {
    pub const ALL: [Choice; 3] = [Choice::Feed, Choice::Email, Choice::Neither];

    pub fn as_str(self) -> &'static str {
        match self {
            Choice::Feed => "feed",
            Choice::Email => "email",
            Choice::Neither => "none",
        }
    }

    pub fn parse(text: &str) -> Option<Choice> {
        Choice::ALL.into_iter().find(|choice| choice.as_str() == text)
    }

    /// As it is kept: who chose nothing has the newsfeed.
    pub fn kept(text: Option<&str>) -> Choice {
        text.and_then(Choice::parse).unwrap_or(Choice::Feed)
    }
}

impl Practice<'_> {
    /// Notes that something happened to a client; commits with the verb. `about`: names of fields, never their content.
    pub fn note(&self, kind: Kind, client: ClientId, about: Option<&str>) -> Result<()> {
        self.note_of(kind, client, about, None)
    }

    /// Notes what a colleague became, or is no longer, to a client.
    pub fn note_member(&self, kind: Kind, client: ClientId, member: Option<MemberId>) -> Result<()> {
        self.note_of(kind, client, None, member)
    }

    fn note_of(&self, kind: Kind, client: ClientId, about: Option<&str>, member: Option<MemberId>) -> Result<()> {
        let id = self.new_id();
        let (who, whose) = (self.actor.kind(), self.actor.id());
        let topic = kind.topic().as_str();
        self.run(&INSERT, params![id, self.now, kind.as_str(), client, who, whose, about, topic, member])?;
        // A message is news to whom it was written, and nobody else's.
        let only = member.filter(|_| kind == Kind::MessageReceived);
        kind.news().map_or(Ok(()), |topic| self.tell(id, topic, client, only))
    }

    /// Puts it into the newsfeed of everybody who cares for the client, or, where nobody does, of those who run the
    /// practice. Nobody is told what they did themselves.
    fn tell(&self, id: Uuid, topic: Topic, client: ClientId, only: Option<MemberId>) -> Result<()> {
        let reader = |row: &crate::db::Row| {
            Ok((row.get::<MemberId>(0)?, Choice::kept(row.get::<Option<String>>(1)?.as_deref())))
        };
        let mut readers = self.all(&CARE_TEAM, params![client, topic.as_str()], reader)?;
        if readers.is_empty() {
            readers = self.all(&RUNNERS, params![Uuid::nil(), topic.as_str()], reader)?;
        }
        let me = self.actor.member().map(|member| member.id);
        for (member, choice) in
            readers.into_iter().filter(|(member, _)| Some(*member) != me && only.is_none_or(|one| one == *member))
        {
            if choice == Choice::Neither {
                continue;
            }
            let mailed = choice == Choice::Email;
            self.run(&FEED, params![member, id, self.now, topic.as_str(), client, mailed])?;
            if mailed {
                self.mail_daily(member)?;
            }
        }
        Ok(())
    }

    /// One mail a day, however much there is.
    fn mail_daily(&self, member: MemberId) -> Result<()> {
        let zone = self.house().practice_info(self.id)?.map(|info| info.time_zone).unwrap_or_default();
        crate::jobs::cancel(&self.house(), JobKind::SendDigest, member.0)?;
        self.enqueue(JobKind::SendDigest, member.0, self.now.next_hour_in(MAIL_HOUR, &zone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        assert!(Kind::ALL.into_iter().all(|kind| Kind::parse(kind.as_str()) == Some(kind)));
        assert!(Topic::ALL.into_iter().all(|topic| Topic::parse(topic.as_str()) == Some(topic)));
        assert!(Choice::ALL.into_iter().all(|choice| Choice::kept(Some(choice.as_str())) == choice));
        assert_eq!(Choice::kept(None), Choice::Feed);
    }
}
