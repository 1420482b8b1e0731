//! What a merge does to the records themselves, and how the other record is found. The merge is a slice of its own.

use super::duplicates::{self, Duplicate, born_said};
use super::list::{self, ListQuery, Wanted};
use super::{Client, Fields, Status, came_of_age, note_care, queries};
use crate::care_team;
use crate::error::{Error, Result};
use crate::ids::ClientId;
use crate::practice::Practice;

/// Records that a search shows of each list.
const SHOWN: i64 = 8;

/// Merges that are followed, one after the other.
const CHAIN: usize = 20;

/// A record that was found.
#[derive(Debug, Clone)]
pub struct Match {
    pub id: ClientId,
    pub name: String,
    /// As people say it; empty where it is not known.
    pub born: String,
    pub email: String,
    pub archived: bool,
}

/// The first records that fit what was typed, archived ones last, of those that the actor may see.
pub fn lookup(p: &Practice, text: &str) -> Result<Vec<Match>> {
    let mut found = Vec::new();
    for status in [Status::ACTIVE, Status::ARCHIVED] {
        let query = ListQuery { search: text.to_string(), status: status.to_string(), ..ListQuery::default() }.sound();
        let wanted = Wanted::of(&query);
        let page = list::page(p, &wanted, &wanted.sort.start(), SHOWN)?;
        found.extend(page.rows.into_iter().map(|row| Match {
            id: row.id,
            name: row.name(),
            born: born_said(row.date_of_birth.as_deref()),
            email: row.email.unwrap_or_default(),
            archived: status == Status::ARCHIVED,
        }));
    }
    Ok(found)
}

/// The records that are likely the same person's.
pub fn alike(p: &Practice, client: &Client) -> Result<Vec<Match>> {
    let found = duplicates::of(p, &client.fields, Some(client.id))?;
    let to_match = |one: Duplicate| Match {
        born: one.born(),
        id: one.id,
        name: one.name,
        email: one.email.unwrap_or_default(),
        archived: one.archived,
    };
    Ok(found.into_iter().map(to_match).collect())
}

/// Writes a record as a merge, or taking one back, has made it. The e-mail is written as it is: the way into the portal
/// goes with the rows that move.
pub fn lay_over(p: &Practice, current: &Client, fields: &Fields) -> Result<()> {
    queries::update(p, current.id, fields)?;
    queries::set_prefixes(p, current.id, fields)?;
    came_of_age(p, current, fields)?;
    let moved = care_team::set(p, current.id, &of_fields(fields))?;
    note_care(p, current.id, current.fields.primary_provider, fields.primary_provider, &moved)
}

fn of_fields(fields: &Fields) -> Vec<crate::ids::MemberId> {
    fields.primary_provider.into_iter().chain(fields.care_team.iter().copied()).collect()
}

/// Takes a record out of every list: it opens as `kept` from now on.
pub fn set_merged(p: &Practice, gone: ClientId, kept: ClientId) -> Result<()> {
    queries::set_merged(p, gone, Status::MERGED, Some(kept))
}

/// A merged record stands by itself again, with these fields.
pub fn bring_back(p: &Practice, gone: &Client, status: &str, fields: &Fields) -> Result<()> {
    queries::set_merged(p, gone.id, status, None)?;
    lay_over(p, gone, fields)
}

/// A record that was merged into another.
pub fn merged(p: &Practice, gone: ClientId) -> Result<Client> {
    queries::by_id(p, gone)?.filter(|client| client.merged_into.is_some()).ok_or(Error::NotFound)
}

/// The record as which a merged one is known now, for whoever may see that. Merges can follow each other.
pub fn stays_as(p: &Practice, gone: ClientId) -> Result<Option<ClientId>> {
    let mut now = gone;
    for _ in 0..CHAIN {
        match queries::merged_into(p, now)? {
            Some(kept) => now = kept,
            None => break,
        }
    }
    Ok(if now != gone && care_team::may_see(p, now)? { Some(now) } else { None })
}
