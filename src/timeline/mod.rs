//! Timeline: everything that happened to one client, by topic, the newest first; and who has looked into the record.

mod api;
mod looks;
mod pages;
mod queries;

pub use api::{EntryBody, limit};
pub use looks::{Look, looks};

use uuid::Uuid;

use crate::activities::{Before, Kind, Topic};
use crate::clients;
use crate::clock::Instant;
use crate::db::Row;
use crate::error::{Error, FieldError, Result};
use crate::ids::{ClientId, MemberId};
use crate::practice::Practice;
use crate::routes::Routes;

/// Entries of a page on screen, and the most that the API gives at once.
pub const PAGE: i64 = 50;
pub const API_LIMIT: i64 = 200;

pub fn routes(routes: Routes) -> Routes {
    api::routes(pages::routes(routes))
}

/// The columns that `Entry::of` reads, of `a` (activities), `m` (who did it) and `o` (the colleague it is about).
#[macro_export]
macro_rules! entry_columns {
    () => {
        "a.id, a.at, a.kind, a.actor_kind, a.actor_id, m.first_name, m.last_name, a.about, o.id, o.first_name, o.last_name"
    };
}
/// Who did it and the colleague it is about, joined to `a`.
#[macro_export]
macro_rules! entry_people {
    () => {
        " left join members m on m.practice_id = a.practice_id and m.id = a.actor_id
         left join members o on o.practice_id = a.practice_id and o.id = a.member_id "
    };
}
/// Something that happened to a client.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: Uuid,
    pub at: Instant,
    pub kind: Kind,
    /// `member`, `client`, `link` (somebody who held a link) or `system`.
    pub actor_kind: String,
    pub actor: Option<Uuid>,
    /// The name of a member.
    pub actor_name: Option<String>,
    /// Names of fields, or how somebody arrived.
    pub about: Option<String>,
    /// The colleague it is about.
    pub colleague: Option<(MemberId, String)>,
}

/// Entries of one page, and where the next goes on.
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<Before>,
}

impl<T> Page<T> {
    /// From one more than the page holds.
    pub fn of(mut items: Vec<T>, limit: i64, place: impl Fn(&T) -> Before) -> Page<T> {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = items.len() > limit;
        items.truncate(limit);
        Page { next: items.last().filter(|_| more).map(place), items }
    }
}

/// A page of a client's timeline, for whoever may see the client.
pub fn page(p: &Practice, client: ClientId, topic: Option<Topic>, before: Before, limit: i64) -> Result<Page<Entry>> {
    clients::open(p, client)?;
    let entries = queries::list(p, client, topic, before, limit + 1)?;
    Ok(Page::of(entries, limit, |entry| Before(entry.at, entry.id)))
}

/// A topic as an address or a body names it. Errors: there is no such topic.
pub fn topic(text: &str) -> Result<Option<Topic>> {
    match (text, Topic::parse(text)) {
        ("", _) => Ok(None),
        (_, None) => Err(Error::Invalid(vec![FieldError::new(
            "topic",
            "Use arrivals, invitations, care_team, forms or record.",
        )])),
        (_, found) => Ok(found),
    }
}

/// Where a page goes on, as an address names it. Errors: it is none of ours.
pub fn before(cursor: &str) -> Result<Before> {
    if cursor.is_empty() {
        return Ok(Before::FIRST);
    }
    Before::parse(cursor).ok_or_else(|| Error::bad_request("The cursor is not one of this list."))
}

impl Entry {
    /// An entry whose columns begin at `from`; nothing: of a kind that only a newer version knows.
    pub fn of(row: &Row, from: usize) -> Result<Option<Entry>> {
        let text = |n: usize| row.get::<Option<String>>(from + n);
        let name = |n: usize| Ok::<_, Error>(text(n)?.zip(text(n + 1)?).map(|(first, last)| format!("{first} {last}")));
        let Some(kind) = Kind::parse(&row.get::<String>(from + 2)?) else {
            return Ok(None);
        };
        Ok(Some(Entry {
            id: row.get(from)?,
            at: row.get(from + 1)?,
            kind,
            actor_kind: row.get(from + 3)?,
            actor: row.get(from + 4)?,
            actor_name: name(5)?,
            about: text(7)?,
            colleague: row.get::<Option<MemberId>>(from + 8)?.zip(name(9)?),
        }))
    }

    /// What happened, in a few words. `me`: who reads it.
    pub fn title(&self, me: Option<MemberId>) -> String {
        let text = match self.kind {
            Kind::ClientAdded => "Added",
            Kind::SignedUp => "Signed up by invite link",
            Kind::ClientChanged => "Record changed",
            Kind::ClientArchived => "Archived",
            Kind::ClientRestored => "Restored",
            Kind::EmailChanged => "Email changed",
            Kind::InvitationQueued => "Invitation queued",
            Kind::InvitationSent if self.about.is_some() => "Invitation kept in the local outbox",
            Kind::InvitationSent => "Invitation sent",
            Kind::InvitationBounced => "Invitation bounced",
            Kind::InvitationAccepted => "Invitation accepted",
            Kind::InvitationUndone => "Invitation taken back",
            Kind::ResetSent => "Password reset link sent",
            Kind::PassphraseMade => "One-time passphrase made at the desk",
            Kind::ContactAdded => "Contact added",
            Kind::ContactChanged => "Contact changed",
            Kind::ContactRemoved => "Contact removed",
            Kind::ContactRestored => "Contact put back",
            Kind::ContactInvited => "Contact invited to the portal",
            Kind::ContactMailed if self.about.is_some() => "Invitation of a contact kept in the local outbox",
            Kind::ContactMailed => "Invitation of a contact sent",
            Kind::ContactBounced => "Invitation of a contact bounced",
            Kind::ContactJoined => "A contact is in the portal",
            Kind::ContactLeft => "Portal access of a contact ended",
            Kind::ConsentAsked => "Asked to agree to somebody's portal access",
            Kind::ConsentGiven => "Agreed to somebody's portal access",
            Kind::ConsentRefused => "Refused or withdrew somebody's portal access",
            Kind::ComingOfAge => "Comes of age in a month",
            Kind::OfAge => "Of age: the portal access of others ended",
            Kind::CustodyChanged => "Custody note changed",
            Kind::Opened => "Record opened from outside the care team",
            Kind::Merged => "Another record of the same person was merged into this one",
            Kind::Unmerged => "The merge was undone: the records stand apart again",
            Kind::DocumentAdded if self.about.is_some() => "Document added and shared with the client",
            Kind::DocumentAdded => "Document added",
            Kind::DocumentReceived => "Document received in the portal",
            Kind::DocumentChanged => "Document changed",
            Kind::DocumentShared => "Document shared with the client",
            Kind::DocumentUnshared => "Document no longer shared with the client",
            Kind::DocumentDeleted => "Document deleted",
            Kind::DocumentRestored => "Document restored",
            Kind::FormGiven => return self.called("Form given"),
            Kind::FlowGiven => return self.called("Intake flow given"),
            Kind::FormStarted => return self.called("Form begun"),
            Kind::FormHandedIn => return self.called("Form handed in"),
            Kind::FormSkipped => return self.called("Form skipped"),
            Kind::FormWaived => return self.called("Form waived"),
            Kind::FormWanted => return self.called("Form wanted again"),
            Kind::FormReopened => return self.called("Form reopened"),
            Kind::FormReminded => "Reminded of open forms",
            Kind::FlowCompleted => return self.called("All of the intake is done"),
            Kind::FormAlert => return self.called("An answer needs your attention"),
            Kind::FormAlertSeen => return self.called("An answer that needed attention was seen"),
            Kind::HandedOver => "A device was handed over at the desk",
            Kind::HandedBack => "The device was given back",
            Kind::MessageSent => "Message written to the client",
            Kind::MessageReceived => "Message received",
            Kind::PrimaryProvider if self.colleague.is_none() => "No primary provider any more",
            Kind::PrimaryProvider => return format!("{} became the primary provider", self.colleague_said(me)),
            Kind::TeamJoined => return format!("{} joined the care team", self.colleague_said(me)),
            Kind::TeamLeft => return format!("{} left the care team", self.colleague_said(me)),
        };
        text.into()
    }

    /// What happened to a form or a flow, and what that is called.
    fn called(&self, happened: &str) -> String {
        self.about.as_deref().map_or_else(|| happened.into(), |name| format!("{happened}: {name}"))
    }

    fn colleague_said(&self, me: Option<MemberId>) -> &str {
        match &self.colleague {
            Some((id, _)) if Some(*id) == me => "You",
            Some((_, name)) => name,
            None => "Somebody",
        }
    }

    /// Which fields, and who did it; may be empty.
    pub fn detail(&self, me: Option<MemberId>) -> String {
        let fields =
            if self.kind == Kind::ClientChanged { self.fields().map(field_said).collect() } else { Vec::new() };
        let fields = fields.join(", ");
        let by = match (self.actor_kind.as_str(), &self.actor_name) {
            ("member", _) if me.is_some() && self.actor == me.map(|id| id.0) => "by you".into(),
            ("member", Some(name)) => format!("by {name}"),
            ("client", _) => "in the Client Portal".into(),
            ("hand_over", _) => "on a device at the desk".into(),
            _ => String::new(),
        };
        let by = if self.about.as_deref() == Some("api") { format!("{by}, through another program") } else { by };
        [capital(&fields), by].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    }

    /// The names of the fields that were changed.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let changed = matches!(self.kind, Kind::ClientChanged | Kind::ContactChanged | Kind::DocumentChanged);
        self.about.as_deref().filter(|_| changed).unwrap_or_default().split(", ").filter(|name| !name.is_empty())
    }

    /// How good or bad the news is, as a mark beside it.
    pub fn tone(&self) -> &'static str {
        match self.kind {
            Kind::InvitationBounced | Kind::ContactBounced | Kind::FormAlert => "bad",
            Kind::InvitationAccepted | Kind::SignedUp | Kind::ContactJoined | Kind::FlowCompleted => "good",
            Kind::FormHandedIn
            | Kind::ClientAdded
            | Kind::InvitationSent
            | Kind::ContactMailed
            | Kind::DocumentReceived
            | Kind::MessageReceived => "info",
            _ => "",
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn field_said(name: &str) -> String {
    match name {
        "group_id" => "group".into(),
        other => other.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: Kind) -> Entry {
        Entry {
            id: Uuid::nil(),
            at: Instant(0),
            kind,
            actor_kind: "member".into(),
            actor: Some(Uuid::nil()),
            actor_name: Some("Hana Suzuki".into()),
            about: None,
            colleague: None,
        }
    }

    #[test]
    fn e6_says_what_happened_and_who_did_it() {
        let me = MemberId(Uuid::nil());
        let changed = Entry { about: Some("first_name, group_id".into()), ..entry(Kind::ClientChanged) };
        assert_eq!(changed.title(None), "Record changed");
        assert_eq!(changed.detail(None), "First name, group · by Hana Suzuki");
        assert_eq!(changed.detail(Some(me)), "First name, group · by you");
        let joined = Entry { colleague: Some((me, "Maya Lindqvist".into())), ..entry(Kind::TeamJoined) };
        assert_eq!(joined.title(None), "Maya Lindqvist joined the care team");
        assert_eq!(joined.title(Some(me)), "You joined the care team");
        assert_eq!(entry(Kind::PrimaryProvider).title(None), "No primary provider any more");
        let kept = Entry { about: Some("kept".into()), ..entry(Kind::InvitationSent) };
        assert_eq!(kept.title(None), "Invitation kept in the local outbox");
        assert_eq!(entry(Kind::InvitationSent).title(None), "Invitation sent");
        let by_system =
            Entry { actor_kind: "system".into(), actor: None, actor_name: None, ..entry(Kind::InvitationSent) };
        assert_eq!(by_system.detail(None), "");
    }

    #[test]
    fn a_page_goes_on_only_where_there_is_more() {
        let page = |n: i64| Page::of((0..n).collect(), 2, |at| Before(Instant(*at), Uuid::nil()));
        assert_eq!((page(2).items.len(), page(2).next), (2, None));
        assert_eq!((page(3).items.len(), page(3).next), (2, Some(Before(Instant(1), Uuid::nil()))));
        assert_eq!(page(0).next, None);
    }
}
