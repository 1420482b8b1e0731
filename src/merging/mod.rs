//! Merge: two records of one person become one, with a preview that names each thing; undone within thirty days.
//!
//! `kept` stays and `gone` goes into it: contacts, care team, the way into the portal and the history move over; what is
//! empty in `kept` is filled from `gone`. Each row that moves is written down, and goes back with Undo. Where both have a
//! portal, the account of `kept` stays in and the other one is out; nobody's password or address is touched.

mod plan;
mod queries;

use std::time::Duration;

pub use plan::{Plan, Portals, plan};

use crate::activities::Kind as Activity;
use crate::audit::Entry;
use crate::care_team;
use crate::clients::{self, Status};
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::ids::{ClientId, MergeId};
use crate::jobs::Kind as JobKind;
use crate::practice::Practice;
use crate::{contacts, invitations, portal_access};

/// How long a merge can be undone.
pub const UNDO_FOR: Duration = Duration::from_secs(30 * 86_400);

/// One merge.
#[derive(Debug, Clone)]
pub struct Merge {
    pub id: MergeId,
    pub kept: ClientId,
    pub gone: ClientId,
    pub filled: Vec<String>,
    pub merged_at: Instant,
    pub undone: bool,
}

/// Why two records cannot be merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A record with itself.
    Same,
    /// One of them is archived, or merged already.
    NotActive,
    /// Together they would have more contacts than a client can have.
    TooManyContacts,
    /// Somebody changed one of them since the preview was made.
    Changed,
}

/// What came of merging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged {
    Merged(MergeId),
    Refused(Refusal),
}

/// Merges `gone` into `kept`, as the preview showed it: `seen` are the versions of both records that it was made from.
/// Errors: one of them not found; outside the care team.
pub fn merge(p: &Practice, kept: ClientId, gone: ClientId, seen: Option<(i64, i64)>) -> Result<Merged> {
    let plan = match plan(p, kept, gone)? {
        Ok(plan) => plan,
        Err(refused) => return Ok(Merged::Refused(refused)),
    };
    if seen.is_some_and(|seen| seen != plan.versions) {
        return Ok(Merged::Refused(Refusal::Changed));
    }
    let id = MergeId(p.new_id());
    queries::insert(p, id, kept, gone, &plan.filled_names())?;
    // The way in first: what is open for the record that goes must not open anything half merged.
    invitations::void_open(p, gone)?;
    invitations::void_contacts(p, gone)?;
    move_portal(p, id, &plan)?;
    for contact in contacts::move_all(p, gone, kept)? {
        queries::moved(p, id, "contact", contact.0)?;
    }
    for member in care_team::join(p, kept, &care_team::members(p, gone)?)? {
        queries::moved(p, id, "joined", member.0)?;
    }
    clients::fill(p, kept, &plan.fields)?;
    clients::set_merged(p, gone)?;
    p.note(Activity::Merged, kept, None)?;
    p.audit(&Entry::of_client("client.merged", kept).detail(gone.to_string()))?;
    p.audit(&Entry::of_client("client.merged", gone).detail(kept.to_string()))?;
    // A long history moves in slices, after the commit.
    p.enqueue(JobKind::MoveHistory, id.0, p.now)?;
    Ok(Merged::Merged(id))
}
