//! What a practice is called and what time it goes by.

use super::queries;
use crate::access::Role;
use crate::audit::Entry;
use crate::clock::Instant;
use crate::error::{Error, FieldError, Result};
use crate::ids::PracticeId;
use crate::people;
use crate::practice::Practice;
use crate::words::Words;

#[derive(Debug, Clone)]
pub struct Profile {
    pub id: PracticeId,
    pub name: String,
    /// Names the practice in addresses and commands; it stays when the name changes.
    pub slug: String,
    pub time_zone: String,
    pub created_at: Instant,
    pub version: i64,
    /// Whose members must have a second factor.
    pub second_factor_roles: Vec<Role>,
}

/// What can be changed about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub name: String,
    pub time_zone: String,
}

#[derive(Debug, Clone)]
pub enum Changed {
    Saved,
    /// Somebody else saved in between; this is what stands now.
    Stale(Profile),
}

pub fn find(p: &Practice) -> Result<Profile> {
    queries::find(&p.house(), p.id)?.ok_or(Error::NotFound)
}

/// Reads what was typed; what is wrong stands beside its field.
pub fn parse(name: &str, time_zone: &str, words: Words) -> std::result::Result<Change, Vec<FieldError>> {
    let name = people::name(name).map_err(|r| FieldError::new("name", words.t(r.key())));
    let zone = people::time_zone(time_zone).and_then(|zone| zone.ok_or(people::Refusal::Missing));
    let zone = zone.map_err(|r| FieldError::new("time_zone", words.t(r.key())));
    match (name, zone) {
        (Ok(name), Ok(time_zone)) => Ok(Change { name, time_zone }),
        (name, zone) => Err(name.err().into_iter().chain(zone.err()).collect()),
    }
}

/// Changes name and time zone. `version`: the one that the change was made from.
pub fn change(p: &Practice, to: &Change, version: Option<i64>) -> Result<Changed> {
    let now = find(p)?;
    if version.is_some_and(|version| version != now.version) {
        return Ok(Changed::Stale(now));
    }
    let differs = [("name", to.name != now.name), ("time_zone", to.time_zone != now.time_zone)];
    let fields: Vec<_> = differs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect();
    if fields.is_empty() {
        return Ok(Changed::Saved);
    }
    queries::save(&p.house(), p.id, to)?;
    p.audit(&Entry::new("practice.changed", "practice", Some(p.id.0)).detail(fields.join(" ")))?;
    Ok(Changed::Saved)
}
