//! Chat: what clients and those who care for them write to each other.
//!
//! A client and a provider have one conversation, whoever of the client's side writes in it; beside it there is one with
//! the practice as a whole, and groups. Bodies lie sealed, and each message has an id that the sender's device made: sent
//! again after a lost answer it is the same message. Who may read is asked anew with every request and for every event of
//! a stream: whoever leaves the care team has nothing more of it. Messages and changes of them are counted in each
//! conversation, and a stream goes on from the count that it was last at.

mod api;
mod api_body;
mod api_settings;
mod caps;
mod group_pages;
mod group_queries;
mod groups;
mod hours;
mod jobs;
mod live;
mod many;
mod message_queries;
mod notices;
mod pages;
mod pictures;
mod queries;
mod receive;
mod replies;
mod rights;
mod said_pages;
mod search;
mod settings;
mod settings_pages;
mod show;
mod talk;
mod thread;
mod welcome;
mod written;

pub use api_body::MessageBody;
pub use jobs::{send_scheduled, tell};
pub use message_queries::is_kept as keeps_file;
pub use rights::{Standing, Why};
pub use settings::{Settings, save, settings};
pub use talk::{Typed, begin, begin_with_practice, of_client, post, see, unseen};
pub use welcome::{Moment, welcome};
pub use written::{WRITTEN, Written, written};

use std::time::Duration;

use uuid::Uuid;

use crate::access::Who;
use crate::clock::Instant;
use crate::files::{Kind as FileKind, Stored};
use crate::ids::{ClientId, ConversationId, MemberId, MessageId};
use crate::practice::Practice;
use crate::routes::Routes;

/// Characters of a message.
pub const BODY_LIMIT: usize = 5_000;
/// How long a message can be edited.
pub const EDITABLE: Duration = Duration::from_secs(15 * 60);
/// Messages of a page on screen.
pub const PAGE: i64 = 50;
/// Conversations of a list on screen.
const LIST: i64 = 50;

pub fn routes(routes: Routes) -> Routes {
    let routes = group_pages::routes(many::routes(said_pages::routes(pages::routes(routes))));
    api::routes(live::routes(settings_pages::routes(replies::routes(routes))))
}

/// What a conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A client and a provider.
    Direct,
    /// A client and whoever answers for the practice.
    Practice,
    Group,
    /// One with a provider that a merge brought to a record which has its own.
    Earlier,
}

impl Kind {
    const ALL: [Kind; 4] = [Kind::Direct, Kind::Practice, Kind::Group, Kind::Earlier];

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Direct => "direct",
            Kind::Practice => "practice",
            Kind::Group => "group",
            Kind::Earlier => "earlier",
        }
    }

    fn kept(text: &str) -> Kind {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text).unwrap_or(Kind::Earlier)
    }
}

/// Which side wrote first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    Staff,
    Client,
}

impl Begun {
    pub fn as_str(self) -> &'static str {
        match self {
            Begun::Staff => "staff",
            Begun::Client => "client",
        }
    }

    fn kept(text: &str) -> Begun {
        if text == "client" { Begun::Client } else { Begun::Staff }
    }
}

/// Whether somebody hears of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Muted {
    Yes,
    No,
}

/// Where a reader keeps a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Inbox,
    Archive,
}

/// Somebody in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Person {
    Member(MemberId),
    Client(ClientId),
}

impl Person {
    pub fn id(self) -> Uuid {
        match self {
            Person::Member(id) => id.0,
            Person::Client(id) => id.0,
        }
    }

    pub fn client(self) -> Option<ClientId> {
        match self {
            Person::Client(id) => Some(id),
            Person::Member(_) => None,
        }
    }

    pub fn kind(self) -> &'static str {
        match self {
            Person::Member(_) => "member",
            Person::Client(_) => "client",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Conversation {
    pub id: ConversationId,
    pub kind: Kind,
    /// Whose it is; nobody's alone for a group.
    pub client: Option<ClientId>,
    pub client_name: String,
    /// Neither archived nor merged.
    pub client_active: bool,
    /// The provider, of a direct one.
    pub member: Option<MemberId>,
    pub member_name: String,
    /// The provider is on the staff and cares for the client.
    pub member_there: bool,
    /// Of a group.
    pub title: String,
    pub begun: Begun,
    /// Counts messages and changes.
    pub last: i64,
    pub last_said: i64,
    pub last_at: Instant,
    pub closed: bool,
}

/// A conversation in somebody's list.
#[derive(Debug, Clone)]
pub struct Listed {
    pub conversation: Conversation,
    pub seen: i64,
    pub muted: bool,
    /// Counted up to a hundred.
    pub unread: i64,
}

/// How a message came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    ByHand,
    /// To many at once, each alone.
    ToMany,
    Welcome,
    /// A reply outside office hours, or of somebody who is away.
    Automatic,
}

impl Said {
    const ALL: [Said; 4] = [Said::ByHand, Said::ToMany, Said::Welcome, Said::Automatic];

    pub fn as_str(self) -> &'static str {
        match self {
            Said::ByHand => "message",
            Said::ToMany => "many",
            Said::Welcome => "welcome",
            Said::Automatic => "automatic",
        }
    }

    /// Somebody typed it.
    pub fn is_typed(self) -> bool {
        matches!(self, Said::ByHand | Said::ToMany)
    }

    fn kept(text: &str) -> Said {
        Said::ALL.into_iter().find(|said| said.as_str() == text).unwrap_or(Said::ByHand)
    }
}

/// Who wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderKind {
    Member,
    Client,
    /// Somebody around the client.
    Contact,
    /// The practice itself: an automatic reply of its own.
    Practice,
}

impl SenderKind {
    const ALL: [SenderKind; 4] = [SenderKind::Member, SenderKind::Client, SenderKind::Contact, SenderKind::Practice];

    pub fn as_str(self) -> &'static str {
        match self {
            SenderKind::Member => "member",
            SenderKind::Client => "client",
            SenderKind::Contact => "contact",
            SenderKind::Practice => "practice",
        }
    }

    fn kept(text: &str) -> SenderKind {
        SenderKind::ALL.into_iter().find(|kind| kind.as_str() == text).unwrap_or(SenderKind::Practice)
    }

    /// As whom the actor writes.
    fn of(p: &Practice) -> SenderKind {
        match &p.actor.who {
            Who::Member(_) => SenderKind::Member,
            Who::Client(viewer) if viewer.own => SenderKind::Client,
            Who::Client(_) => SenderKind::Contact,
            Who::HandedOver(_) | Who::LinkHolder | Who::System => SenderKind::Practice,
        }
    }

    pub fn is_portal(self) -> bool {
        matches!(self, SenderKind::Client | SenderKind::Contact)
    }
}

#[derive(Debug, Clone)]
pub struct Sender {
    pub kind: SenderKind,
    /// The member, the access to the portal, or the practice.
    pub id: Uuid,
    pub name: String,
}

/// A file that came with a message.
#[derive(Debug, Clone)]
pub struct Attached {
    pub id: Uuid,
    pub name: String,
    pub kind: &'static FileKind,
    /// Bytes.
    pub size: u64,
}

impl Attached {
    fn of(stored: &Stored) -> Attached {
        Attached { id: stored.id, name: stored.name.clone(), kind: stored.kind, size: stored.size }
    }
}

#[derive(Debug, Clone)]
pub struct Message {
    pub id: MessageId,
    pub conversation: ConversationId,
    /// What the sender's device called it.
    pub given: Uuid,
    pub seq: i64,
    /// The count at which it last changed.
    pub changed: i64,
    pub said: Said,
    pub sender: Sender,
    /// Empty: it was deleted, or is a file alone.
    pub body: String,
    pub at: Instant,
    pub edited: Option<Instant>,
    pub deleted: Option<Instant>,
    pub file: Option<Attached>,
}
