//! Who may read a conversation, and who may write in it. Asked with every request.

use super::group_queries::{self, InGroup};
use super::queries::{self, Desk, Whose};
use super::settings::settings;
use super::{Begun, Conversation, Kind, Person};
use crate::access::{Member, Right, Viewer, Who};
use crate::care_team;
use crate::error::{Error, Result};
use crate::ids::{ClientId, ConversationId, MemberId};
use crate::practice::Practice;

/// How somebody stands to a conversation that they may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Writes,
    Reads(Why),
}

/// Why somebody may read and not write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The provider is not on the client's care team any more.
    NobodyThere,
    /// Nobody of the staff is in the group any more.
    NoStaff,
    Closed,
    /// The practice writes first.
    NotYet,
    /// The client's record is archived.
    Archived,
    /// It is somebody else's, seen by who runs the practice.
    Others,
    /// It came with a merge.
    Earlier,
}

impl Why {
    /// The key of what it is called to whoever cannot write.
    pub fn word(self) -> &'static str {
        match self {
            Why::NobodyThere => "chat-nobody-there",
            Why::NoStaff => "chat-no-staff",
            Why::Closed => "chat-closed",
            Why::NotYet => "chat-not-yet",
            Why::Archived => "chat-client-archived",
            Why::Others => "chat-others",
            Why::Earlier => "chat-earlier",
        }
    }
}

/// Whose conversations the actor's list gathers. Errors: nobody's.
pub fn whose(p: &Practice) -> Result<Whose> {
    match &p.actor.who {
        Who::Member(member) if member.role.is_clinical() => Ok(Whose::Member(member.id, desk(member))),
        Who::Member(member) => Ok(Whose::FrontDesk(member.id, desk(member))),
        Who::Client(viewer) if viewer.rights.has(Right::Messages) => Ok(Whose::Portal(viewer.access, viewer.client)),
        _ => Err(Error::NotFound),
    }
}

fn desk(member: &Member) -> Desk {
    if member.role.sees_all_clients() { Desk::Everybodys } else { Desk::OwnClients }
}

/// A conversation that the actor may read, and how they stand to it. Errors: not found; outside the care team.
pub fn open(p: &Practice, id: ConversationId) -> Result<(Conversation, Standing)> {
    let conversation = queries::by_id(p, id)?.ok_or(Error::NotFound)?;
    let standing = match &p.actor.who {
        Who::Member(member) => of_member(p, &conversation, member)?,
        Who::Client(viewer) => of_viewer(p, &conversation, viewer)?,
        Who::HandedOver(_) | Who::LinkHolder | Who::System => return Err(Error::NotFound),
    };
    Ok((conversation, standing))
}

/// The same for what is written. Errors: not found; the text says why not.
pub fn open_to_write(p: &Practice, id: ConversationId) -> Result<Conversation> {
    match open(p, id)? {
        (conversation, Standing::Writes) => Ok(conversation),
        // What is somebody else's is nothing to write in for anybody.
        (_, Standing::Reads(Why::Others)) => Err(Error::NotFound),
        (_, Standing::Reads(why)) => Err(Error::Conflict(crate::words::Words::of("en").t(why.word()))),
    }
}

fn on_team(p: &Practice, client: ClientId, member: MemberId) -> Result<bool> {
    Ok(care_team::members(p, client)?.contains(&member))
}

/// Where nothing speaks against it.
fn writing(conversation: &Conversation) -> Standing {
    match conversation {
        Conversation { kind: Kind::Earlier, .. } => Standing::Reads(Why::Earlier),
        Conversation { client_active: false, .. } => Standing::Reads(Why::Archived),
        Conversation { closed: true, .. } => Standing::Reads(Why::Closed),
        _ => Standing::Writes,
    }
}

fn of_member(p: &Practice, conversation: &Conversation, member: &Member) -> Result<Standing> {
    match (conversation.kind, conversation.client) {
        // Whoever was a provider and is none any more has lost what they wrote with clients.
        (Kind::Direct | Kind::Earlier | Kind::Group, _) if !member.role.is_clinical() => Err(Error::NotFound),
        (Kind::Direct | Kind::Earlier, Some(client)) => {
            if conversation.member == Some(member.id) && on_team(p, client, member.id)? {
                return Ok(writing(conversation));
            }
            looks_on(p, &[client], member)
        }
        (Kind::Practice, Some(client)) => {
            if !care_team::may_see(p, client)? {
                return Err(Error::NotFound);
            }
            Ok(writing(conversation))
        }
        (Kind::Group, _) => {
            let people = group_queries::people(p, conversation.id)?;
            if people.iter().any(|one| one.is_there() && one.person == Person::Member(member.id)) {
                return Ok(writing(conversation));
            }
            looks_on(p, &ever(&people), member)
        }
        _ => Err(Error::NotFound),
    }
}

/// Clients who are or were in a group: what they wrote stands there.
pub fn ever(people: &[InGroup]) -> Vec<ClientId> {
    people.iter().filter_map(|one| one.person.client()).collect()
}

/// Clients who are in a group now.
pub fn present(people: &[InGroup]) -> Vec<ClientId> {
    people.iter().filter(|one| !one.left).filter_map(|one| one.person.client()).collect()
}

/// Who runs the practice may read what others write with a client, once they may open that client's record.
fn looks_on(p: &Practice, clients: &[ClientId], member: &Member) -> Result<Standing> {
    if !member.role.runs_practice() || clients.is_empty() {
        return Err(Error::NotFound);
    }
    for client in clients {
        if !care_team::may_see(p, *client)? {
            return Err(Error::NotFound);
        }
        care_team::refuse_outsider(p, *client)?;
    }
    Ok(Standing::Reads(Why::Others))
}

fn of_viewer(p: &Practice, conversation: &Conversation, viewer: &Viewer) -> Result<Standing> {
    if !viewer.rights.has(Right::Messages) {
        return Err(Error::NotFound);
    }
    let (is_theirs, is_anybody_there) = match conversation.kind {
        Kind::Group => {
            let people = group_queries::people(p, conversation.id)?;
            let staff = |one: &InGroup| one.is_there() && one.person.client().is_none();
            (present(&people).contains(&viewer.client), people.iter().any(staff))
        }
        Kind::Direct => (conversation.client == Some(viewer.client), conversation.member_there),
        Kind::Practice | Kind::Earlier => (conversation.client == Some(viewer.client), true),
    };
    if !is_theirs {
        return Err(Error::NotFound);
    }
    Ok(match writing(conversation) {
        Standing::Writes if !is_anybody_there && conversation.kind == Kind::Group => Standing::Reads(Why::NoStaff),
        Standing::Writes if !is_anybody_there => Standing::Reads(Why::NobodyThere),
        Standing::Writes if conversation.begun == Begun::Client && !settings(p)?.clients_begin => {
            Standing::Reads(Why::NotYet)
        }
        other => other,
    })
}
