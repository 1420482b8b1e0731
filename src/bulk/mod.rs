//! Bulk runs: one thing done to many clients, by a job that goes on when the page is left.
//!
//! A run first gathers its clients (those that were chosen, or everybody whom a list's address finds), then does to each
//! what is done to one: the same verbs, with the same checks, by the rights that its starter has at that moment. What
//! cannot be done is skipped with a reason. Undo puts back what was there, where nobody has changed it since. Each client
//! is done once, however often the job is begun anew. One run at a time for each member.

mod act;
mod api;
pub mod jobs;
mod pages;
mod queries;

use std::time::Duration;

use uuid::Uuid;

use crate::access::Actor;
use crate::audit::Entry;
use crate::clock::Instant;
use crate::error::{Error, FieldError, Result};
use crate::ids::{BulkRunId, ClientId, GroupId, MemberId};
use crate::jobs::Kind as JobKind;
use crate::practice::{House, Practice};
use crate::routes::Routes;
use crate::{clients, groups, members};

pub use act::Skip;

/// Clients of one run at most.
pub const LIMIT: i64 = 100_000;
/// Clients that can be named one by one.
pub const CHOSEN_LIMIT: usize = 1_000;
/// How long a run can be undone after its end.
const UNDO_FOR: Duration = Duration::from_secs(30 * 60);
/// How long a run and its items are kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

pub fn routes(routes: Routes) -> Routes {
    api::routes(pages::routes(routes))
}

/// What is done to each client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Invite,
    /// Nothing: no group.
    Group(Option<GroupId>),
    /// The primary provider. Nothing: nobody yet.
    Provider(Option<MemberId>),
    /// Puts a member on the care team, beside the primary provider.
    JoinTeam(MemberId),
    LeaveTeam(MemberId),
    Archive,
    Restore,
}

impl Action {
    fn as_str(self) -> &'static str {
        match self {
            Action::Invite => "invite",
            Action::Group(_) => "group",
            Action::Provider(_) => "provider",
            Action::JoinTeam(_) => "join_team",
            Action::LeaveTeam(_) => "leave_team",
            Action::Archive => "archive",
            Action::Restore => "restore",
        }
    }

    fn target(self) -> Option<Uuid> {
        match self {
            Action::Group(group) => group.map(|id| id.0),
            Action::Provider(provider) => provider.map(|id| id.0),
            Action::JoinTeam(member) | Action::LeaveTeam(member) => Some(member.0),
            Action::Invite | Action::Archive | Action::Restore => None,
        }
    }

    fn read(action: &str, target: Option<Uuid>) -> Option<Action> {
        match action {
            "invite" => Some(Action::Invite),
            "group" => Some(Action::Group(target.map(GroupId))),
            "provider" => Some(Action::Provider(target.map(MemberId))),
            "join_team" => target.map(|id| Action::JoinTeam(MemberId(id))),
            "leave_team" => target.map(|id| Action::LeaveTeam(MemberId(id))),
            "archive" => Some(Action::Archive),
            "restore" => Some(Action::Restore),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Gathering,
    Running,
    Done,
    Cancelled,
    Undoing,
    Undone,
}

impl State {
    const ALL: [State; 6] =
        [State::Gathering, State::Running, State::Done, State::Cancelled, State::Undoing, State::Undone];

    fn as_str(self) -> &'static str {
        match self {
            State::Gathering => "gathering",
            State::Running => "running",
            State::Done => "done",
            State::Cancelled => "cancelled",
            State::Undoing => "undoing",
            State::Undone => "undone",
        }
    }

    fn parse(text: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether its job is at work.
    pub fn is_under_way(self) -> bool {
        matches!(self, State::Gathering | State::Running | State::Undoing)
    }
}

/// A run as it stands.
#[derive(Debug, Clone)]
pub struct Run {
    pub id: BulkRunId,
    pub member: MemberId,
    pub action: Action,
    query: Option<String>,
    cursor: Option<String>,
    pub state: State,
    pub gathered: i64,
    pub done: i64,
    pub skipped: i64,
    pub undone: i64,
    pub created_at: Instant,
    pub finished_at: Option<Instant>,
}

impl Run {
    /// Clients that were looked at.
    pub fn looked_at(&self) -> i64 {
        self.done + self.skipped
    }

    /// Whether it can be undone now.
    pub fn can_undo(&self, now: Instant) -> bool {
        let ended = matches!(self.state, State::Done | State::Cancelled);
        ended && self.done > 0 && self.finished_at.is_some_and(|end| now.since(end) < UNDO_FOR)
    }
}

/// Whom a run is about.
#[derive(Debug, Clone)]
pub enum Whom {
    Chosen(Vec<ClientId>),
    /// Everybody whom the list finds with this behind its question mark.
    Matching(String),
}

/// What came of asking for a run.
#[derive(Debug, Clone)]
pub enum Started {
    Started(BulkRunId),
    /// Another one of this member is under way.
    Busy(BulkRunId),
    Refused(FieldError),
}

/// Starts a run; its job does the rest.
pub fn start(p: &Practice, action: Action, whom: &Whom) -> Result<Started> {
    let member = p.actor.member().ok_or(Error::NotFound)?.id;
    if let Some(other) = queries::under_way(p, member)? {
        return Ok(Started::Busy(other));
    }
    if let Some(refused) = target_is_missing(p, action)? {
        return Ok(Started::Refused(refused));
    }
    if let Whom::Chosen(chosen) = whom
        && !(1..=CHOSEN_LIMIT).contains(&chosen.len())
    {
        let message = format!("Choose 1 to {CHOSEN_LIMIT} clients, or all that match.");
        return Ok(Started::Refused(FieldError::new("ids", message)));
    }
    if let Whom::Matching(query) = whom {
        // Before anything is written: a filter that was misread could mean everybody.
        match clients::understands(query) {
            Err(Error::Invalid(mut wrong)) => {
                return Ok(Started::Refused(wrong.pop().unwrap_or_else(|| FieldError::new("filter", ""))));
            }
            other => other?,
        }
    }
    let id = BulkRunId(p.new_id());
    let query = match whom {
        Whom::Chosen(_) => None,
        Whom::Matching(query) => Some(query.as_str()),
    };
    queries::insert(p, id, member, action, query)?;
    if let Whom::Chosen(chosen) = whom {
        let mut gathered = 0;
        for client in chosen {
            // Somebody who is not there, or not for this member, is nobody: nothing is told of them.
            if crate::care_team::may_see(p, *client)? && queries::insert_item(p, id, *client)? {
                gathered += 1;
            }
        }
        queries::gathered(p, id, gathered, None, State::Running)?;
    }
    p.enqueue(JobKind::RunBulk, id.0, p.now)?;
    p.audit(&Entry::new("bulk.started", "bulk_run", Some(id.0)).detail(action.as_str()))?;
    Ok(Started::Started(id))
}

fn target_is_missing(p: &Practice, action: Action) -> Result<Option<FieldError>> {
    let (known, field) = match action {
        Action::Group(Some(group)) => (groups::all(p)?.iter().any(|known| known.id == group), "group_id"),
        Action::Provider(Some(provider)) | Action::JoinTeam(provider) => {
            (members::providers(p)?.iter().any(|known| known.id == provider), "provider_id")
        }
        // Also of somebody who has left the staff.
        Action::LeaveTeam(member) => (members::name_of(p, member)?.is_some(), "provider_id"),
        _ => return Ok(None),
    };
    Ok((!known).then(|| FieldError::new(field, "Please choose one of the list.")))
}

/// A run of the member who asks; everybody else's is not there.
pub fn find(p: &Practice, id: BulkRunId) -> Result<Run> {
    let member = p.actor.member().ok_or(Error::NotFound)?.id;
    queries::by_id(p, id)?.filter(|run| run.member == member).ok_or(Error::NotFound)
}

/// The member's newest run, while it is under way and for a while after.
pub fn newest(p: &Practice) -> Result<Option<Run>> {
    let member = p.actor.member().ok_or(Error::NotFound)?.id;
    queries::newest(p, member, p.now.minus(UNDO_FOR))
}

/// Stops a run; what is done stays, and can be undone. `false`: it has ended already.
pub fn cancel(p: &Practice, id: BulkRunId) -> Result<bool> {
    let run = find(p, id)?;
    if !matches!(run.state, State::Gathering | State::Running) {
        return Ok(false);
    }
    queries::finish(p, id, State::Cancelled)?;
    p.audit(&Entry::new("bulk.cancelled", "bulk_run", Some(id.0)))?;
    Ok(true)
}

/// Begins to put back what a run has done. `false`: there is nothing to undo, or no longer.
pub fn undo(p: &Practice, id: BulkRunId) -> Result<bool> {
    let run = find(p, id)?;
    if !run.can_undo(p.now) || queries::under_way(p, run.member)?.is_some() {
        return Ok(false);
    }
    queries::finish(p, id, State::Undoing)?;
    p.enqueue(JobKind::RunBulk, id.0, p.now)?;
    p.audit(&Entry::new("bulk.undone", "bulk_run", Some(id.0)))?;
    Ok(true)
}

/// Deletes runs that nobody asks for any more.
pub fn purge(h: &House) -> Result<()> {
    queries::purge(h, h.now.minus(KEPT))
}

/// Names of the skipped, with why, for whoever may see them.
pub fn skipped(p: &Practice, id: BulkRunId) -> Result<Vec<(ClientId, String, Skip)>> {
    let mut named = Vec::new();
    for (client, reason) in queries::skipped(p, id)? {
        let Some(skip) = Skip::parse(&reason) else { continue };
        match clients::find(p, client) {
            Ok(found) => named.push((client, found.name(), skip)),
            Err(Error::NotFound) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(named)
}

/// The actor that a run acts as: its starter, by the rights they have now.
fn starter(h: &House, system: &Actor, run: &Run) -> Result<Option<Actor>> {
    let member = members::active(&h.practice(system), run.member)?;
    Ok(member.map(|member| Actor { practice: system.practice, who: crate::access::Who::Member(member) }))
}
