//! Intake flows: forms, policies and welcome texts in an order, each required or skippable. A group has one at most;
//! whoever enters the group is given it. A form can also be given by itself.
//!
//! What somebody was given stands in rows of their own, so that a flow can be changed without touching what people have
//! done: they are as it was when they were given it. Nobody is asked twice for what they have answered or begun.

mod api;
mod pages;
mod queries;
mod reminders;
mod standing;

pub use reminders::{
    ReminderSettings, Reminding, note_reminded, reminding, schedule, schedule_next, set_settings, set_stopped,
    settings, unschedule,
};
pub use standing::{Marks, Progress, due_before, has_alert, marks, open, progress};

use crate::activities::Kind as Activity;
use crate::audit::Entry;
use crate::clock::Instant;
use crate::error::{Error, FieldError, Result};
use crate::forms::{self, Purpose};
use crate::ids::{ClientFormId, ClientId, FlowId, FormId, GroupId};
use crate::people;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::words::Words;

/// Flows of one practice at most.
pub const LIMIT: i64 = 100;
/// Steps of one flow at most.
pub const STEP_LIMIT: usize = 50;
/// Longest name, in characters.
pub const NAME_LIMIT: usize = 60;
/// Forms that one client can have open at most.
pub const OPEN_LIMIT: i64 = 200;

pub fn routes(routes: Routes) -> Routes {
    api::routes(pages::routes(routes))
}

/// Whether a step can be passed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Needed {
    #[default]
    Required,
    Skippable,
}

impl Needed {
    pub fn of(required: bool) -> Needed {
        if required { Needed::Required } else { Needed::Skippable }
    }

    pub fn is_required(self) -> bool {
        self == Needed::Required
    }
}

/// A step of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub form: FormId,
    pub title: String,
    pub purpose: Purpose,
    pub needed: Needed,
    /// About how long it takes.
    pub minutes: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    pub id: FlowId,
    pub name: String,
    pub version: i64,
}

/// A flow, its steps in order and the groups that have it.
#[derive(Debug, Clone)]
pub struct Whole {
    pub flow: Flow,
    pub steps: Vec<Step>,
    pub groups: Vec<(GroupId, String)>,
}

impl Whole {
    /// About how long all of it takes.
    pub fn minutes(&self) -> usize {
        self.steps.iter().map(|step| step.minutes).sum()
    }
}

/// A flow as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    pub name: String,
    pub steps: Vec<(FormId, Needed)>,
}

/// What came of saving a flow.
#[derive(Debug, Clone)]
pub enum Saved {
    Saved(Flow),
    Refused(Vec<FieldError>),
    /// Somebody else saved in between; what stands now.
    Stale(Flow),
}

/// The flows of a practice, by name.
pub fn all(p: &Practice) -> Result<Vec<Flow>> {
    queries::all(p)
}

/// Errors: not found.
pub fn find(p: &Practice, id: FlowId) -> Result<Flow> {
    queries::by_id(p, id)?.ok_or(Error::NotFound)
}

/// A flow with everything about it. Errors: not found.
pub fn whole(p: &Practice, id: FlowId) -> Result<Whole> {
    let flow = find(p, id)?;
    Ok(Whole { steps: steps(p, id)?, groups: queries::groups(p, id)?, flow })
}

/// The steps of a flow, in order.
pub fn steps(p: &Practice, id: FlowId) -> Result<Vec<Step>> {
    queries::steps(p, id)
}

/// Adds a flow.
pub fn add(p: &Practice, typed: &Typed, words: Words) -> Result<Saved> {
    let name = match parse(p, None, typed, words)? {
        Ok(name) => name,
        Err(refused) => return Ok(Saved::Refused(refused)),
    };
    let id = FlowId(p.new_id());
    queries::insert(p, id, &name)?;
    queries::set_steps(p, id, &typed.steps)?;
    p.audit(&Entry::new("flow.added", "flow", Some(id.0)))?;
    find(p, id).map(Saved::Saved)
}

/// Changes name and steps, for those who are given it from now on. `version`: the one that the change was made from;
/// nothing: whatever stands now is changed.
pub fn change(p: &Practice, id: FlowId, typed: &Typed, version: Option<i64>, words: Words) -> Result<Saved> {
    let current = find(p, id)?;
    if version.is_some_and(|version| version != current.version) {
        return Ok(Saved::Stale(current));
    }
    let name = match parse(p, Some(id), typed, words)? {
        Ok(name) => name,
        Err(refused) => return Ok(Saved::Refused(refused)),
    };
    let stands: Vec<(FormId, Needed)> = steps(p, id)?.iter().map(|step| (step.form, step.needed)).collect();
    if name != current.name || stands != typed.steps {
        queries::update(p, id, &name)?;
        queries::set_steps(p, id, &typed.steps)?;
        p.audit(&Entry::new("flow.changed", "flow", Some(id.0)))?;
    }
    find(p, id).map(Saved::Saved)
}

/// Deletes a flow: no group has it any more. Who was given it keeps what they were given.
pub fn delete(p: &Practice, id: FlowId) -> Result<()> {
    find(p, id)?;
    queries::delete(p, id)?;
    p.audit(&Entry::new("flow.deleted", "flow", Some(id.0)))
}

fn parse(
    p: &Practice,
    own: Option<FlowId>,
    typed: &Typed,
    words: Words,
) -> Result<std::result::Result<String, Vec<FieldError>>> {
    let standing = queries::all(p)?;
    let mut refused = Vec::new();
    let name = people::name(&typed.name)
        .and_then(|name| if name.chars().count() > NAME_LIMIT { Err(people::Refusal::TooLong) } else { Ok(name) });
    match &name {
        Err(refusal) => refused.push(FieldError::new("name", words.t(refusal.key()))),
        Ok(name) => {
            let key = people::folded(name);
            if standing.iter().any(|flow| Some(flow.id) != own && people::folded(&flow.name) == key) {
                refused.push(FieldError::new("name", "Another flow has this name already."));
            }
        }
    }
    if own.is_none() && i64::try_from(standing.len()).unwrap_or(LIMIT) >= LIMIT {
        refused.push(FieldError::new("name", format!("A practice has {LIMIT} flows at most. Delete one first.")));
    }
    if let Some(message) = wrong_steps(p, &typed.steps)? {
        refused.push(FieldError::new("steps", message));
    }
    Ok(name.ok().filter(|_| refused.is_empty()).ok_or(refused))
}

fn wrong_steps(p: &Practice, steps: &[(FormId, Needed)]) -> Result<Option<String>> {
    if steps.is_empty() {
        return Ok(Some("Add at least one step.".into()));
    }
    if steps.len() > STEP_LIMIT {
        return Ok(Some(format!("A flow has {STEP_LIMIT} steps at most.")));
    }
    let known = forms::published(p)?;
    for (at, (form, _)) in steps.iter().enumerate() {
        let Some(found) = known.iter().find(|one| one.id == *form) else {
            return Ok(Some("One of the steps is no form that can be given: publish it first.".into()));
        };
        if steps[..at].iter().any(|(other, _)| other == form) {
            return Ok(Some(format!("“{}” is in it twice.", found.title)));
        }
    }
    Ok(None)
}

/// The flow of a group.
pub fn of_group(p: &Practice, group: GroupId) -> Result<Option<FlowId>> {
    queries::of_group(p, group)
}

/// The flows of all groups that have one.
pub fn of_groups(p: &Practice) -> Result<Vec<(GroupId, FlowId)>> {
    queries::of_groups(p)
}

/// Gives a group another flow, or none: for those who enter it from now on. Errors: no such flow.
pub fn set_group(p: &Practice, group: GroupId, flow: Option<FlowId>) -> Result<()> {
    if let Some(flow) = flow {
        find(p, flow)?;
    }
    if queries::of_group(p, group)? != flow {
        queries::set_group(p, group, flow)?;
        p.audit(&Entry::new("group.flow_changed", "group", Some(group.0)))?;
    }
    Ok(())
}

/// Somebody has come into a group: they are given its flow. Steps of a flow that they had before and have not begun are
/// withdrawn.
pub fn entered_group(p: &Practice, client: ClientId, group: Option<GroupId>) -> Result<()> {
    match group.map(|group| queries::of_group(p, group)).transpose()?.flatten() {
        Some(flow) => {
            queries::withdraw_others(p, client, flow)?;
            give_flow(p, client, flow)
        }
        None => Ok(()),
    }
}

/// Gives a client a flow: each step that they have neither done nor begun. Given again, what was withdrawn or skipped
/// comes back. Errors: no such flow; too many open forms.
pub fn give_flow(p: &Practice, client: ClientId, flow: FlowId) -> Result<()> {
    let found = find(p, flow)?;
    let (steps, held) = (steps(p, flow)?, queries::held(p, client)?);
    refuse_too_many(p, client, steps.len())?;
    let mut given = false;
    for (at, step) in steps.iter().enumerate() {
        let place = Place { flow: Some(flow), position: i64::try_from(at).unwrap_or(0), needed: step.needed };
        match held.iter().find(|one| one.form == step.form && one.counts()) {
            // Begun already, by another way: it is part of this flow now.
            Some(one) if one.is_open() => queries::place(p, one.id, place)?,
            Some(_) => {}
            None => {
                queries::give(p, client, step.form, place)?;
                given = true;
            }
        }
    }
    let is_new = queries::note_flow(p, client, flow)?;
    if given {
        schedule(p, client)?;
    }
    if is_new || given {
        p.note(Activity::FlowGiven, client, Some(&found.name))?;
        p.audit(&Entry::new("flow.given", "flow", Some(flow.0)).client(client))?;
    }
    Ok(())
}

/// Gives a client one form, apart from flows. The same form can be given again and again, one at a time: while one is
/// open it is that one. Errors: no such form, or it was never published; too many open forms.
pub fn give_form(p: &Practice, client: ClientId, form: FormId, needed: Needed) -> Result<ClientFormId> {
    let found = forms::find(p, form)?;
    if found.archived.is_some() || found.published.is_none() {
        return Err(Error::Conflict("This form cannot be given: publish it first, or restore it.".into()));
    }
    let held = queries::held(p, client)?;
    if let Some(open) = held.iter().find(|one| one.form == form && one.is_open()) {
        return Ok(open.id);
    }
    refuse_too_many(p, client, 1)?;
    // Behind the steps of flows, in the order of giving.
    let position = 1_000 + i64::try_from(held.len()).unwrap_or(0);
    let id = queries::give(p, client, form, Place { flow: None, position, needed })?;
    schedule(p, client)?;
    p.note(Activity::FormGiven, client, Some(&found.title))?;
    p.audit(&Entry::new("form.given", "client_form", Some(id.0)).client(client))?;
    Ok(id)
}

fn refuse_too_many(p: &Practice, client: ClientId, more: usize) -> Result<()> {
    let open = queries::held(p, client)?.iter().filter(|one| one.is_open()).count();
    if i64::try_from(open + more).unwrap_or(i64::MAX) <= OPEN_LIMIT {
        return Ok(());
    }
    Err(Error::Conflict(format!("A client has {OPEN_LIMIT} open forms at most.")))
}

/// Where a form stands among what a client was given.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub flow: Option<FlowId>,
    pub position: i64,
    pub needed: Needed,
}

/// A form that a client was given, as far as giving more has to know.
struct Held {
    id: ClientFormId,
    form: FormId,
    state: String,
}

impl Held {
    fn is_open(&self) -> bool {
        matches!(self.state.as_str(), "open" | "started")
    }

    /// Withdrawn and skipped ones are as if they had not been given.
    fn counts(&self) -> bool {
        self.is_open() || matches!(self.state.as_str(), "done" | "waived")
    }
}

/// When the flow was given to a client, and when all that it requires was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    pub flow: FlowId,
    pub at: Instant,
    pub completed: Option<Instant>,
}

/// The flows that a client was given.
pub fn given(p: &Practice, client: ClientId) -> Result<Vec<Given>> {
    queries::given(p, client)
}

/// Notes that all of a flow that is required was done. `false`: it was noted before.
pub fn complete(p: &Practice, client: ClientId, flow: FlowId) -> Result<bool> {
    queries::complete(p, client, flow)
}
