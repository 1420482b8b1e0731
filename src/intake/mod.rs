//! Intake: what clients were given to fill in, what they answered, and what is still open.
//!
//! An answer is kept as it is typed; of two answers to one question the one that was typed later counts, and the other
//! stays as history. A required step of a flow holds the portal back until it is done (`gate`), and steps go in their
//! order. Handing in checks what is required, leaves out answers to hidden questions and says so. An answer that asks for
//! somebody's eyes at once raises an alert the moment it is kept.

mod alerts;
mod api;
mod api_body;
mod api_fhir;
mod autosave;
mod check_page;
mod copy;
mod fields;
mod files;
mod fill_page;
mod hand_over;
mod hand_over_pages;
mod handing_in;
pub mod jobs;
mod list_page;
mod place;
mod queries;
mod reminders;
mod saving;
mod staff_answers;
mod staff_chart;
mod staff_compare;
mod staff_forms;
mod staff_settings;

pub use alerts::{Alert, alert_seen, alerts};
pub use api_body::{WholeForm, WholeFormBody, whole};
pub use hand_over::{Device, HandOver, Where, device, end_all, hand_over, purge, run_out, standing, touch};
pub use hand_over_pages::handed_back;
pub use handing_in::{HandedIn, give_again, hand_in, reopen, skip, waive};
pub use list_page::open_forms;
pub use reminders::{Reminders, Settings, can_remind, remind, reminders, resume, set_settings, settings, stop};
pub use saving::{Given, Kept, Page, Said, Saved, save, save_known, save_on};
pub use staff_answers::score_said;
pub use staff_forms::{said_by, state_said};

use std::time::Duration;

use uuid::Uuid;

use crate::access::{Access, Right, Who};
use crate::clients;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::flows::{self, Needed};
use crate::forms::{self, Answers, Purpose, Version};
use crate::ids::{ClientFormId, ClientId, FlowId, FormId, FormVersionId};
use crate::practice::Practice;
use crate::routes::Routes;

pub fn routes(routes: Routes) -> Routes {
    let routes = staff_settings::routes(staff_compare::routes(staff_answers::routes(staff_forms::routes(routes))));
    let routes = api_fhir::routes(api::routes(hand_over_pages::routes(routes)));
    staff_routes(desk_routes(portal_routes(routes)))
}

fn portal_routes(routes: Routes) -> Routes {
    const WHO: Access = place::PORTAL;
    routes
        .get("/portal/forms", WHO, list_page::show)
        .get("/portal/forms/{id}", WHO, fill_page::show)
        .post("/portal/forms/{id}", WHO, fill_page::post)
        .post("/portal/forms/{id}/answers", WHO, autosave::save)
        .get("/portal/forms/{id}/file", WHO, files::show)
        .upload("/portal/forms/{id}/file", WHO, files::upload)
        .post("/portal/forms/{id}/file/remove", WHO, files::take_away)
        .get("/portal/forms/{id}/check", WHO, check_page::show)
        .post("/portal/forms/{id}/send", WHO, check_page::send)
        .get("/portal/forms/{id}/done", WHO, check_page::done)
        .post("/portal/forms/{id}/skip", WHO, fill_page::skip)
        .post("/portal/forms/{id}/again", WHO, fill_page::unskip)
        .get("/portal/forms/{id}/copy", WHO, copy::show)
}

/// The same by the staff, on behalf of a client.
fn staff_routes(routes: Routes) -> Routes {
    const WHO: Access = crate::access::CLINICAL;
    routes
        .get("/client-forms/{id}/fill", WHO, fill_page::show)
        .post("/client-forms/{id}/fill", WHO, fill_page::post)
        .post("/client-forms/{id}/fill/answers", WHO, autosave::save)
        .get("/client-forms/{id}/fill/file", WHO, files::show)
        .upload("/client-forms/{id}/fill/file", WHO, files::upload)
        .post("/client-forms/{id}/fill/file/remove", WHO, files::take_away)
        .get("/client-forms/{id}/fill/check", WHO, check_page::show)
        .post("/client-forms/{id}/fill/send", WHO, check_page::send)
        .get("/client-forms/{id}/fill/done", WHO, check_page::done)
        .post("/client-forms/{id}/fill/skip", WHO, fill_page::skip)
}

/// The same on a device that was handed over, but for the copies of what was handed in.
fn desk_routes(routes: Routes) -> Routes {
    const WHO: Access = Access::HandOver;
    routes
        .get("/hand-over", WHO, list_page::show)
        .get("/hand-over/forms/{id}", WHO, fill_page::show)
        .post("/hand-over/forms/{id}", WHO, fill_page::post)
        .post("/hand-over/forms/{id}/answers", WHO, autosave::save)
        .get("/hand-over/forms/{id}/file", WHO, files::show)
        .upload("/hand-over/forms/{id}/file", WHO, files::upload)
        .post("/hand-over/forms/{id}/file/remove", WHO, files::take_away)
        .get("/hand-over/forms/{id}/check", WHO, check_page::show)
        .post("/hand-over/forms/{id}/send", WHO, check_page::send)
        .get("/hand-over/forms/{id}/done", WHO, check_page::done)
        .post("/hand-over/forms/{id}/skip", WHO, fill_page::skip)
        .post("/hand-over/forms/{id}/again", WHO, fill_page::unskip)
}

/// Where a form that was given to a client stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing was answered yet.
    Open,
    Started,
    Done,
    /// A provider does not want it any more.
    Waived,
    /// The client passed it by, as they might.
    Skipped,
    /// Its flow gave way to another before it was begun.
    Withdrawn,
}

impl State {
    pub const ALL: [State; 6] =
        [State::Open, State::Started, State::Done, State::Waived, State::Skipped, State::Withdrawn];

    pub fn as_str(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Started => "started",
            State::Done => "done",
            State::Waived => "waived",
            State::Skipped => "skipped",
            State::Withdrawn => "withdrawn",
        }
    }

    pub fn parse(text: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Something is still to be done.
    pub fn is_open(self) -> bool {
        matches!(self, State::Open | State::Started)
    }
}

/// Who answered, or handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Giver {
    /// On behalf of the client.
    Member,
    Client,
    /// Somebody around the client.
    Contact,
    /// On a device that was handed over at the desk.
    Desk,
    System,
}

impl Giver {
    const ALL: [Giver; 5] = [Giver::Member, Giver::Client, Giver::Contact, Giver::Desk, Giver::System];

    pub fn as_str(self) -> &'static str {
        match self {
            Giver::Member => "member",
            Giver::Client => "client",
            Giver::Contact => "contact",
            Giver::Desk => "desk",
            Giver::System => "system",
        }
    }

    fn parse(text: &str) -> Giver {
        Giver::ALL.into_iter().find(|giver| giver.as_str() == text).unwrap_or(Giver::System)
    }

    fn of(p: &Practice) -> Giver {
        match &p.actor.who {
            Who::Member(_) => Giver::Member,
            Who::Client(viewer) if viewer.own => Giver::Client,
            Who::Client(_) => Giver::Contact,
            Who::HandedOver(_) => Giver::Desk,
            Who::LinkHolder | Who::System => Giver::System,
        }
    }
}

/// Somebody who did something, as it is shown: a kind, and the name of a member or a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    pub giver: Giver,
    pub id: Option<Uuid>,
    pub name: Option<String>,
}

/// A form that was given to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    pub id: ClientFormId,
    pub client: ClientId,
    pub form: FormId,
    /// The version that was answered; nothing: nobody has begun.
    pub bound: Option<FormVersionId>,
    /// What is asked: the version that was answered, or that would be now.
    pub version: FormVersionId,
    pub title: String,
    pub purpose: Purpose,
    pub flow: Option<FlowId>,
    pub position: i64,
    pub needed: Needed,
    pub state: State,
    pub given_at: Instant,
    pub started_at: Option<Instant>,
    /// The last answer.
    pub saved_at: Option<Instant>,
    /// Questions with an answer.
    pub answered: i64,
    /// Questions in all, and the minutes that they take about.
    pub asked: usize,
    pub minutes: usize,
    pub done_at: Option<Instant>,
    pub done_by: Option<By>,
    pub reopened_at: Option<Instant>,
    /// Answers to hidden questions that were left out when it was handed in.
    pub left_out: i64,
    pub version_number: i64,
    pub row_version: i64,
}

impl Task {
    pub fn is_required(&self) -> bool {
        self.needed.is_required()
    }

    /// Minutes that are left, about.
    pub fn minutes_left(&self) -> usize {
        if !self.state.is_open() {
            return 0;
        }
        let answered = usize::try_from(self.answered).unwrap_or(0).min(self.asked);
        let left = self.minutes * (self.asked - answered);
        if self.asked == 0 { self.minutes } else { left.div_ceil(self.asked).max(1) }
    }
}

/// A form with what it asks and what was answered.
#[derive(Debug, Clone)]
pub struct Sheet {
    pub task: Task,
    pub version: Version,
    pub answers: Answers,
    /// The client's.
    pub name: String,
}

impl Sheet {
    /// Whom the staff fill it in for; empty for everybody else.
    fn on_behalf(&self, place: place::Place) -> String {
        if matches!(place, place::Place::Staff(_)) { self.name.clone() } else { String::new() }
    }
}

/// Everything that a client was given, in the order in which it is to be done, for whoever may see the client.
pub fn list(p: &Practice, client: ClientId) -> Result<Vec<Task>> {
    clients::open(p, client)?;
    queries::list(p, client)
}

/// A form that was given, without its answers. Errors: not found; outside the team.
pub fn find(p: &Practice, id: ClientFormId) -> Result<Task> {
    let task = queries::by_id(p, id)?.ok_or(Error::NotFound)?;
    clients::open(p, task.client)?;
    // What a provider took back is not there for the client.
    let gone = matches!(task.state, State::Withdrawn | State::Waived);
    if gone && p.actor.member().is_none() && !matches!(p.actor.who, Who::System) {
        return Err(Error::NotFound);
    }
    Ok(task)
}

/// The form as a page shows it. As long as nobody has begun, another version may be published while somebody reads: what
/// they saw is what they answer, for a day. Errors: it was published longer ago.
fn as_seen(p: &Practice, mut task: Task, seen: Option<FormVersionId>) -> Result<Task> {
    const GOOD_FOR: Duration = Duration::from_secs(86_400);
    let Some(seen) = seen.filter(|seen| task.bound.is_none() && *seen != task.version) else { return Ok(task) };
    let now = forms::version(p, task.version)?;
    let known = match forms::version(p, seen) {
        Ok(version) => version.form == task.form,
        Err(Error::NotFound) => false,
        Err(error) => return Err(error),
    };
    if !known || p.now.since(now.published_at) > GOOD_FOR {
        return Err(Error::Conflict("This form was changed meanwhile. Please open it again.".into()));
    }
    task.version = seen;
    Ok(task)
}

/// A form with its answers. Errors: not found; outside the team.
pub fn sheet(p: &Practice, id: ClientFormId) -> Result<Sheet> {
    sheet_as_seen(p, id, None)
}

/// A form with its answers, as a page shows it. Errors: those of `sheet`, and of `as_seen`.
fn sheet_as_seen(p: &Practice, id: ClientFormId, seen: Option<FormVersionId>) -> Result<Sheet> {
    let task = as_seen(p, find(p, id)?, seen)?;
    let version = forms::version(p, task.version)?;
    Ok(Sheet { answers: queries::answers(p, id)?, version, name: clients::find(p, task.client)?.name(), task })
}

/// An answer that counted once, or counts now, and who gave it.
#[derive(Debug, Clone)]
pub struct Past {
    pub question: String,
    /// Nothing: it was emptied.
    pub answer: Option<forms::Answer>,
    pub counts: bool,
    /// Why it counts no more: `later`, `hidden`, `reopened`.
    pub ended: Option<String>,
    pub saved_at: Instant,
    pub by: By,
}

/// Every answer to a form, those that were replaced among them, in the order of typing. Errors: not found; outside the team.
pub fn history(p: &Practice, id: ClientFormId) -> Result<Vec<Past>> {
    find(p, id)?;
    queries::history(p, id)
}

/// The handed-in sheets of one form, the oldest first: to compare. At most twenty of the newest.
pub fn handed_in(p: &Practice, client: ClientId, form: FormId) -> Result<Vec<Sheet>> {
    let name = clients::open(p, client)?.name();
    let mut all = Vec::new();
    for task in queries::list(p, client)?.into_iter().filter(|task| task.form == form && task.state == State::Done) {
        let version = forms::version(p, task.version)?;
        all.push(Sheet { answers: queries::answers(p, task.id)?, version, name: name.clone(), task });
    }
    all.sort_by_key(|sheet| (sheet.task.done_at, sheet.task.id));
    Ok(all.split_off(all.len().saturating_sub(20)))
}

/// Gives a client a flow or a form, by a member: what is open of it now, by whoever it was given.
pub fn give(p: &Practice, client: ClientId, what: Gift) -> Result<Vec<Task>> {
    let client = clients::find(p, client)?;
    clients::refuse_archived(&client.status)?;
    let given: Box<dyn Fn(&Task) -> bool> = match what {
        Gift::Flow(flow) => {
            flows::give_flow(p, client.id, flow)?;
            Box::new(move |task| task.flow == Some(flow))
        }
        Gift::Form(form, needed) => {
            let id = flows::give_form(p, client.id, form, needed)?;
            Box::new(move |task| task.id == id)
        }
    };
    complete_flows(p, client.id)?;
    Ok(queries::list(p, client.id)?.into_iter().filter(|task| given(task)).collect())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gift {
    Flow(FlowId),
    Form(FormId, Needed),
}

/// Whether required steps of a flow hold back the rest of the portal, for whoever may fill them in.
pub fn gate(p: &Practice, client: ClientId) -> Result<bool> {
    let Who::Client(viewer) = &p.actor.who else { return Ok(false) };
    if !viewer.rights.has(Right::Forms) || !queries::is_held_back(p, client)? {
        return Ok(false);
    }
    if viewer.rights.has(Right::Sign) {
        return Ok(true);
    }
    // Nobody is held back by a step that somebody else has to sign.
    let tasks = queries::list(p, client)?;
    let next = tasks.iter().find(|task| task.flow.is_some() && task.is_required() && task.state.is_open());
    let Some(next) = next else { return Ok(false) };
    Ok(next.purpose != Purpose::Policy && !forms::version(p, next.version)?.definition.needs_signature())
}

/// The step that has to be done before this one, for people who go through a flow; nothing: it is its turn.
pub fn before(p: &Practice, task: &Task) -> Result<Option<ClientFormId>> {
    let (Some(flow), None) = (task.flow, p.actor.member()) else { return Ok(None) };
    queries::first_required(p, task.client, flow, task.position)
}

/// Notes each flow of a client of which all that is required is done.
pub(crate) fn complete_flows(p: &Practice, client: ClientId) -> Result<()> {
    let given = flows::given(p, client)?;
    if given.iter().all(|one| one.completed.is_some()) {
        return Ok(());
    }
    let tasks = queries::list(p, client)?;
    for one in given.into_iter().filter(|one| one.completed.is_none()) {
        let mut steps = tasks.iter().filter(|task| task.flow == Some(one.flow)).peekable();
        let any = steps.peek().is_some();
        let required: Vec<&Task> = steps.clone().filter(|task| task.is_required()).collect();
        let open = |task: &&Task| task.state.is_open();
        let done = if required.is_empty() { !steps.any(|t| t.state.is_open()) } else { !required.iter().any(open) };
        if any && done && flows::complete(p, client, one.flow)? {
            let name = flows::find(p, one.flow).ok().map(|flow| flow.name);
            p.note(crate::activities::Kind::FlowCompleted, client, name.as_deref())?;
        }
    }
    Ok(())
}
