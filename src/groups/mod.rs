//! Groups: one per client at most. A new practice starts with New clients, Couples and Minors.

mod queries;

use crate::error::Result;
use crate::ids::GroupId;
use crate::practice::Practice;

const FIRST: [(&str, &str); 3] = [("New clients", "blue"), ("Couples", "violet"), ("Minors", "amber")];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub id: GroupId,
    pub name: String,
    pub colour: String,
}

/// The groups of a new practice.
pub fn add_first(p: &Practice) -> Result<()> {
    for (position, (name, colour)) in FIRST.into_iter().enumerate() {
        let position = i64::try_from(position).unwrap_or(0);
        queries::insert(p, GroupId(p.new_id()), name, colour, position)?;
    }
    Ok(())
}

/// All groups in their order.
pub fn all(p: &Practice) -> Result<Vec<Group>> {
    queries::all(p)
}
