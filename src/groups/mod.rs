//! Groups: one per client at most. A new practice starts with New clients, Couples and Minors.
//!
//! Each has a name of its own and a colour from a palette, shown beside the name and never instead of it. Deleting one
//! says where its clients go; the group's row stays, so that links and history can still name it.

mod api;
mod colours;
mod queries;

pub use colours::{COLOURS, Colour};

use crate::audit::Entry;
use crate::error::{Error, FieldError, Result};
use crate::ids::GroupId;
use crate::people;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::words::Words;

/// Groups of one practice at most.
pub const LIMIT: usize = 50;
/// Longest name, in characters.
pub const NAME_LIMIT: usize = 60;

const FIRST: [(&str, &str); 3] = [("New clients", "blue"), ("Couples", "violet"), ("Minors", "amber")];

pub fn routes(routes: Routes) -> Routes {
    api::routes(routes)
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub id: GroupId,
    pub name: String,
    pub colour: String,
    pub version: i64,
}

/// A group and how many clients are in it, archived ones too.
#[derive(Debug, Clone)]
pub struct Counted {
    pub group: Group,
    pub clients: i64,
}

/// A form or body as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    pub name: String,
    pub colour: String,
}

/// What came of adding or changing a group.
#[derive(Debug, Clone)]
pub enum Saved {
    Saved(Group),
    Refused(Vec<FieldError>),
    /// Somebody else saved in between; what stands now.
    Stale(Group),
}

/// The groups of a new practice.
pub fn add_first(p: &Practice) -> Result<()> {
    for (position, (name, colour)) in FIRST.into_iter().enumerate() {
        let typed = Typed { name: name.into(), colour: colour.into() };
        queries::insert(p, GroupId(p.new_id()), &typed, i64::try_from(position).unwrap_or(0))?;
    }
    Ok(())
}

/// All groups in their order.
pub fn all(p: &Practice) -> Result<Vec<Group>> {
    queries::all(p)
}

/// All groups in their order, and how many clients are in each.
pub fn counted(p: &Practice) -> Result<Vec<Counted>> {
    let counts = queries::counts(p)?;
    let count = |id| counts.iter().find(|(of, _)| *of == id).map_or(0, |(_, clients)| *clients);
    Ok(queries::all(p)?.into_iter().map(|group| Counted { clients: count(group.id), group }).collect())
}

/// A group that was not deleted.
pub fn find(p: &Practice, id: GroupId) -> Result<Group> {
    queries::by_id(p, id)?.ok_or(Error::NotFound)
}

/// Adds a group behind the others.
pub fn add(p: &Practice, typed: &Typed, words: Words) -> Result<Saved> {
    let standing = queries::all(p)?;
    let typed = match parse(typed, None, &standing, words) {
        Ok(typed) => typed,
        Err(refused) => return Ok(Saved::Refused(refused)),
    };
    if standing.len() >= LIMIT {
        let message = format!("A practice has {LIMIT} groups at most. Delete one first.");
        return Ok(Saved::Refused(vec![FieldError::new("name", message)]));
    }
    let id = GroupId(p.new_id());
    queries::insert(p, id, &typed, queries::next_position(p)?)?;
    p.audit(&Entry::new("group.added", "group", Some(id.0)))?;
    Ok(Saved::Saved(find(p, id)?))
}

/// Changes name and colour. `version`: the one that the change was made from; nothing: whatever stands now is changed.
pub fn change(p: &Practice, id: GroupId, typed: &Typed, version: Option<i64>, words: Words) -> Result<Saved> {
    let current = find(p, id)?;
    if version.is_some_and(|version| version != current.version) {
        return Ok(Saved::Stale(current));
    }
    let typed = match parse(typed, Some(id), &queries::all(p)?, words) {
        Ok(typed) => typed,
        Err(refused) => return Ok(Saved::Refused(refused)),
    };
    if typed.name == current.name && typed.colour == current.colour {
        return Ok(Saved::Saved(current));
    }
    queries::update(p, id, &typed)?;
    p.audit(&Entry::new("group.changed", "group", Some(id.0)))?;
    Ok(Saved::Saved(find(p, id)?))
}

/// Which way a group goes in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Up,
    Down,
}

/// Moves a group by one place. At the end of the list it stays where it is.
pub fn shift(p: &Practice, id: GroupId, way: Way) -> Result<()> {
    let mut order: Vec<GroupId> = queries::all(p)?.into_iter().map(|group| group.id).collect();
    let at = order.iter().position(|other| *other == id).ok_or(Error::NotFound)?;
    let to = match way {
        Way::Up => at.saturating_sub(1),
        Way::Down => (at + 1).min(order.len() - 1),
    };
    order.swap(at, to);
    for (position, id) in order.into_iter().enumerate() {
        queries::set_position(p, id, i64::try_from(position).unwrap_or(0))?;
    }
    p.audit(&Entry::new("group.moved", "group", Some(id.0)))
}

/// What came of deleting a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// So many clients went to the other group, or to none.
    Deleted { moved: u64 },
    /// The clients cannot go there: no such group, or this one.
    NoSuchPlace,
}

/// Deletes a group: its clients go to another group or to none, its invite links end.
pub fn delete(p: &Practice, id: GroupId, to: Option<GroupId>) -> Result<Deleted> {
    find(p, id)?;
    if to == Some(id) || to.map(|to| queries::by_id(p, to)).transpose()?.is_some_and(|found| found.is_none()) {
        return Ok(Deleted::NoSuchPlace);
    }
    // The activities and audit entries first: afterwards nobody is in the group any more.
    queries::note_move(p, id)?;
    let moved = queries::move_clients(p, id, to)?;
    queries::end_links(p, id)?;
    queries::delete(p, id)?;
    let detail = format!("clients moved: {moved}");
    p.audit(&Entry::new("group.deleted", "group", Some(id.0)).detail(detail))?;
    Ok(Deleted::Deleted { moved })
}

/// Reads what was typed; a name is one group's alone, however it is spelt.
fn parse(
    typed: &Typed,
    own: Option<GroupId>,
    standing: &[Group],
    words: Words,
) -> std::result::Result<Typed, Vec<FieldError>> {
    let mut refused = Vec::new();
    let name = match people::name(&typed.name) {
        Ok(name) if name.chars().count() > NAME_LIMIT => {
            refused.push(FieldError::new("name", words.t(people::Refusal::TooLong.key())));
            String::new()
        }
        Ok(name) => name,
        Err(refusal) => {
            refused.push(FieldError::new("name", words.t(refusal.key())));
            String::new()
        }
    };
    let key = people::folded(&name);
    if standing.iter().any(|group| Some(group.id) != own && people::folded(&group.name) == key) {
        refused.push(FieldError::new("name", "Another group has this name already."));
    }
    if colours::find(&typed.colour).is_none() {
        refused.push(FieldError::new("colour", words.t("field-choice")));
    }
    if refused.is_empty() { Ok(Typed { name, colour: typed.colour.clone() }) } else { Err(refused) }
}
