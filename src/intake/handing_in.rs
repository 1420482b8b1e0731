//! Handing in, and the other ways in which a form is done with: skipped, waived, wanted again, reopened.

use std::collections::BTreeSet;

use super::{Giver, State, Task, queries, saving};
use crate::access::{Right, Who};
use crate::activities::Kind as Activity;
use crate::audit::Entry;
use crate::clients;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::flows;
use crate::forms::{self, AGREE, Kind, Purpose};
use crate::ids::ClientFormId;
use crate::practice::Practice;

/// What came of handing in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandedIn {
    /// `left_out`: answers to hidden questions that are not part of it.
    Done { left_out: usize },
    /// Required questions without an answer, in order.
    Missing(Vec<String>),
    /// An answer was changed after the page was made from which it was handed in.
    Changed,
    /// It has to be signed by somebody who may.
    NeedsSigner,
}

/// Hands a form in. `seen`: when the last of the answers that were looked at was saved; nothing: as they stand.
/// Errors: not found; not open; not its turn.
pub fn hand_in(p: &Practice, id: ClientFormId, seen: Option<Instant>) -> Result<HandedIn> {
    let sheet = super::sheet(p, id)?;
    let task = &sheet.task;
    saving::refuse_closed(p, task)?;
    saving::refuse_out_of_turn(p, task)?;
    if seen.is_some() && task.saved_at.is_some() && seen != task.saved_at {
        return Ok(HandedIn::Changed);
    }
    let definition = &sheet.version.definition;
    if (definition.needs_signature() || task.purpose == Purpose::Policy) && !may_sign(p) {
        return Ok(HandedIn::NeedsSigner);
    }
    let missing = forms::missing(definition, &sheet.answers);
    if !missing.is_empty() {
        return Ok(HandedIn::Missing(missing.iter().map(|item| item.id.clone()).collect()));
    }
    saving::begin(p, task)?;
    let shown = forms::shown(definition, &sheet.answers);
    let hidden: BTreeSet<&String> = sheet.answers.keys().filter(|id| !shown.contains(id.as_str())).collect();
    for standing in queries::standing(p, id)? {
        if hidden.contains(&standing.question) {
            queries::end(p, standing.id, "hidden")?;
        }
    }
    let giver = Giver::of(p);
    queries::set_done(p, id, giver, hidden.len())?;
    p.note(Activity::FormHandedIn, task.client, Some(&task.title))?;
    let detail = format!("{}, left out: {}", giver.as_str(), hidden.len());
    p.audit(&entry("form.handed_in", task).detail(detail))?;
    super::complete_flows(p, task.client)?;
    Ok(HandedIn::Done { left_out: hidden.len() })
}

fn entry(action: &'static str, task: &Task) -> Entry {
    Entry::new(action, "client_form", Some(task.id.0)).client(task.client)
}

/// Staff write down what the client signed on paper or said; somebody around the client needs the right.
pub(super) fn may_sign(p: &Practice) -> bool {
    match &p.actor.who {
        Who::Client(viewer) => viewer.rights.has(Right::Sign),
        _ => true,
    }
}

/// Passes a form by that is not required. Errors: it is required; not open.
pub fn skip(p: &Practice, id: ClientFormId) -> Result<()> {
    let task = super::find(p, id)?;
    saving::refuse_closed(p, &task)?;
    saving::refuse_out_of_turn(p, &task)?;
    if task.is_required() {
        return Err(Error::Conflict("This step is required.".into()));
    }
    set(p, &task, State::Skipped, Activity::FormSkipped, "form.skipped")?;
    super::complete_flows(p, task.client)
}

/// A member does not want a form any more: it is gone from the client's list. Errors: it was handed in.
pub fn waive(p: &Practice, id: ClientFormId) -> Result<Task> {
    let task = changeable(p, id)?;
    match task.state {
        State::Done => {
            return Err(Error::Conflict("This form was handed in already.".into()));
        }
        State::Waived => {}
        _ => {
            set(p, &task, State::Waived, Activity::FormWaived, "form.waived")?;
            super::complete_flows(p, task.client)?;
        }
    }
    super::find(p, id)
}

/// A form that was waived, skipped or withdrawn is wanted again, with the answers that it had.
pub fn give_again(p: &Practice, id: ClientFormId) -> Result<Task> {
    let task = changeable(p, id)?;
    if matches!(task.state, State::Waived | State::Skipped | State::Withdrawn) {
        let back = if task.bound.is_some() { State::Started } else { State::Open };
        set(p, &task, back, Activity::FormWanted, "form.wanted")?;
        flows::schedule(p, task.client)?;
    }
    super::find(p, id)
}

/// Opens a form that was handed in, for the client to go on with. What was signed and agreed to has to be so again.
pub fn reopen(p: &Practice, id: ClientFormId) -> Result<Task> {
    let task = changeable(p, id)?;
    if task.state != State::Done {
        return Err(Error::Conflict("Only a form that was handed in can be reopened.".into()));
    }
    let version = forms::version(p, task.version)?;
    for standing in queries::standing(p, id)? {
        let item = version.definition.item(&standing.question);
        if item.is_some_and(|item| item.kind == Kind::Signature || item.id == AGREE) {
            queries::end(p, standing.id, "reopened")?;
        }
    }
    queries::set_reopened(p, id)?;
    p.note(Activity::FormReopened, task.client, Some(&task.title))?;
    p.audit(&entry("form.reopened", &task))?;
    flows::schedule(p, task.client)?;
    super::find(p, id)
}

fn changeable(p: &Practice, id: ClientFormId) -> Result<Task> {
    let task = super::find(p, id)?;
    clients::refuse_archived(&clients::find(p, task.client)?.status)?;
    Ok(task)
}

fn set(p: &Practice, task: &Task, state: State, activity: Activity, action: &'static str) -> Result<()> {
    queries::set_state(p, task.id, state)?;
    p.note(activity, task.client, Some(&task.title))?;
    p.audit(&entry(action, task))
}
