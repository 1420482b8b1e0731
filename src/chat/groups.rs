//! Groups: several clients and those who care for all of them, of whom everybody reads everything.

use super::group_queries;
use super::many::may_write;
use super::queries::{self, New};
use super::rights::{open, open_to_write};
use super::talk::{addressees, entry};
use super::{Begun, Conversation, Kind, Person, Standing, Why};
use crate::access::{Role, Who};
use crate::bus::Hint;
use crate::care_team;
use crate::error::{Error, FieldError, Result};
use crate::ids::{ClientId, ConversationId, MemberId};
use crate::people;
use crate::portal_access;
use crate::practice::Practice;

/// Clients of a group.
const CLIENTS: usize = 30;

/// Who is to be in a group.
#[derive(Debug, Clone)]
pub struct Group {
    pub title: String,
    pub clients: Vec<ClientId>,
    /// Beside the actor.
    pub members: Vec<MemberId>,
}

/// Begins a group, in which everybody sees everybody. Its members care for each of its clients.
pub fn begin_group(p: &Practice, group: &Group) -> Result<ConversationId> {
    let me = p.actor.member().filter(|member| member.role != Role::Support).ok_or(Error::NotFound)?.id;
    let mut members = group.members.clone();
    members.push(me);
    members.sort();
    members.dedup();
    let mut clients = group.clients.clone();
    clients.sort();
    clients.dedup();
    let mut wrong = Vec::new();
    let title = people::name(&group.title).map_err(|_| wrong.push(FieldError::new("title", "Enter a short title.")));
    if clients.is_empty() || clients.len() > CLIENTS {
        wrong.push(FieldError::new("client_ids", format!("Choose 1 to {CLIENTS} clients for a group.")));
    }
    for client in &clients {
        may_write(p, *client)?;
        let team = care_team::members(p, *client)?;
        if members.iter().any(|member| !team.contains(member)) {
            wrong.push(FieldError::new("member_ids", "Everybody of the staff in a group cares for each client in it."));
            break;
        }
    }
    let Ok(title) = title else { return Err(Error::Invalid(wrong)) };
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    let id = ConversationId(p.new_id());
    queries::insert(
        p,
        id,
        &New { kind: Kind::Group, client: None, member: None, title: Some(&title), begun: Begun::Staff },
    )?;
    for person in members.into_iter().map(Person::Member).chain(clients.iter().copied().map(Person::Client)) {
        group_queries::add_person(p, id, person)?;
    }
    for client in clients {
        p.audit(&entry("conversation.group_begun", "conversation", id.0, Some(client)))?;
    }
    Ok(id)
}

/// A group that the actor writes in. Errors: not found; the text says why nobody can write there.
fn group(p: &Practice, id: ConversationId) -> Result<Conversation> {
    Some(open_to_write(p, id)?).filter(|conversation| conversation.kind == Kind::Group).ok_or(Error::NotFound)
}

/// Brings somebody into a group, who then reads what was written before: a member who cares for each client in it, or a
/// client who was in it already. Another client is in a new group: what the others wrote was not for them. Errors: not
/// found; they cannot be in it.
pub fn join_group(p: &Practice, id: ConversationId, person: Person) -> Result<()> {
    p.actor.member().ok_or(Error::NotFound)?;
    let conversation = group(p, id)?;
    let known = group_queries::people(p, id)?.into_iter().find(|one| one.person == person);
    let refused = |text: &str| Err(Error::Invalid(vec![FieldError::new("person", text)]));
    match person {
        _ if known.as_ref().is_some_and(|one| !one.left) => return Ok(()),
        Person::Client(client) => {
            if known.is_none() {
                return refused(
                    "Who comes later would read what the others wrote before. Begin a new group with them.",
                );
            }
            may_write(p, client)?;
        }
        Person::Member(member) => {
            if !group_queries::can_join(p, id)?.iter().any(|(one, _)| *one == member) {
                return refused("Choose somebody of the staff who cares for each client in the group.");
            }
        }
    }
    group_queries::add_person(p, id, person)?;
    changed(p, &conversation, "conversation.joined", person)
}

/// Takes somebody out of a group: whoever acts, or a client by a member in it. Errors: not found.
pub fn leave_group(p: &Practice, id: ConversationId, person: Person) -> Result<()> {
    let own = match &p.actor.who {
        Who::Member(member) => Person::Member(member.id),
        Who::Client(viewer) => Person::Client(viewer.client),
        Who::HandedOver(_) | Who::LinkHolder | Who::System => return Err(Error::NotFound),
    };
    let (conversation, standing) = open(p, id)?;
    // From a closed one too: whoever is in it goes on reading.
    let in_it = matches!(standing, Standing::Writes | Standing::Reads(Why::Closed));
    let by_staff = p.actor.member().is_some() && person.client().is_some() && in_it;
    let can = conversation.kind == Kind::Group && (by_staff || person == own && may_leave(p, standing)?);
    if !can || !group_queries::leave(p, id, person)? {
        return Err(Error::NotFound);
    }
    p.say(Hint::Lost(vec![person.id()]));
    changed(p, &conversation, "conversation.left", person)
}

/// Whether the actor leaves a group that they may read: for a client whoever looks after them does, as long as the client
/// is not in the portal themselves.
pub fn may_leave(p: &Practice, standing: Standing) -> Result<bool> {
    Ok(match &p.actor.who {
        Who::Client(viewer) if !viewer.own => portal_access::own(p, viewer.client)?.is_none(),
        _ => standing != Standing::Reads(Why::Others),
    })
}

/// Everybody in a group looks again at who is there; the audit record names whom it is about: the client, or each client
/// whose words a member reads from now on, or no more.
fn changed(p: &Practice, conversation: &Conversation, action: &'static str, person: Person) -> Result<()> {
    let id = conversation.id;
    let about = match person {
        Person::Client(client) => vec![client],
        Person::Member(_) => super::rights::ever(&group_queries::people(p, id)?),
    };
    for client in about {
        p.audit(&entry(action, "conversation", id.0, Some(client)).detail(format!(
            "{} {}",
            person.kind(),
            person.id()
        )))?;
    }
    p.say(Hint::News(addressees(p, conversation)?));
    Ok(())
}
