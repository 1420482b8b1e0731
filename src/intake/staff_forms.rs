//! The side Forms of a client's record: what is open, what is done, what is not wanted any more; giving, reminding, waiving.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::{Alert, By, Gift, Giver, Reminders, State, Task, queries, reminders};
use crate::access::{ANY_STAFF, CLINICAL};
use crate::audit::{Entry, note_read};
use crate::clients::{self, Head, Side};
use crate::clock::Instant;
use crate::error::{Error, FieldError, Result};
use crate::flows::{self, Needed};
use crate::forms::{self, Purpose};
use crate::ids::{ClientFormId, ClientId, FlowId};
use crate::practice::Practice;
use crate::routes::Routes;
use crate::ui::{Empty, ErrorSummary, Field, Option_, Section, Shell, Status, Tone};
use crate::web::{Cookie, Ctx, Form, Path, html, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/clients/{id}/forms", ANY_STAFF, show)
        .get("/clients/{id}/forms/give", ANY_STAFF, ask)
        .post("/clients/{id}/forms", ANY_STAFF, give)
        .post("/clients/{id}/forms/remind", ANY_STAFF, remind)
        .post("/clients/{id}/forms/stop-reminders", ANY_STAFF, stop)
        .post("/clients/{id}/forms/resume-reminders", ANY_STAFF, resume)
        .post("/client-forms/{id}/waive", CLINICAL, waive)
        .post("/client-forms/{id}/give-again", CLINICAL, give_again)
        .post("/client-forms/{id}/reopen", CLINICAL, reopen)
        .post("/form-alerts/{id}/seen", CLINICAL, seen)
}

#[derive(Template)]
#[template(path = "intake/side.html")]
struct SidePage {
    shell: Shell,
    head: Head,
    client: ClientId,
    archived: bool,
    /// Reads answers, and decides what is wanted.
    clinical: bool,
    alerts: Vec<AlertRow>,
    open: Vec<Row>,
    done: Vec<Row>,
    past: Vec<Row>,
    empty: Option<Empty>,
    reminding: Vec<String>,
    /// There is somebody to remind, and nobody was within the hour.
    can_remind: bool,
    stopped: bool,
    /// One goes out by itself.
    planned: bool,
}

struct AlertRow {
    id: Uuid,
    form: ClientFormId,
    title: String,
    at: String,
    machine: String,
}

struct Row {
    id: ClientFormId,
    form: String,
    title: String,
    status: Status,
    /// "Required", "Policy": what kind of thing it is.
    kinds: Vec<&'static str>,
    facts: Vec<String>,
    /// Questions with an answer, and all of them; nothing: there is no progress to show.
    progress: Option<(i64, usize)>,
    answers: bool,
    /// It was handed in more than once.
    compare: bool,
}

/// What the page shows, read in one view.
struct Seen {
    head: Head,
    tasks: Vec<Task>,
    alerts: Vec<Alert>,
    last: Vec<(ClientFormId, By)>,
    flows: Vec<flows::Flow>,
    reminders: Reminders,
    anybody: bool,
    /// What was given before is overdue.
    due_before: Option<Instant>,
}

fn look(p: &Practice, id: ClientId, zone: &str) -> Result<Seen> {
    Ok(Seen {
        head: clients::head(p, id, zone, Side::Forms)?,
        tasks: super::list(p, id)?,
        alerts: super::alerts(p, id)?,
        last: queries::last_by(p, id)?,
        flows: flows::all(p)?,
        reminders: reminders::reminders(p, id)?,
        anybody: reminders::can_remind(p, id)?,
        due_before: flows::due_before(p)?,
    })
}

async fn show(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    let zone = ctx.practice()?.time_zone.clone();
    let seen = ctx
        .door()?
        .read({
            let zone = zone.clone();
            move |p| look(p, id, &zone)
        })
        .await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id).detail("forms")).await?;
    let rows = |wanted: &[State]| -> Vec<Row> {
        seen.tasks.iter().filter(|task| wanted.contains(&task.state)).map(|task| row(task, &seen, &zone)).collect()
    };
    let open = rows(&[State::Open, State::Started]);
    let mut done = rows(&[State::Done]);
    done.reverse();
    let archived = seen.head.archived;
    let alert = |alert: &Alert| AlertRow {
        id: alert.id,
        form: alert.form,
        title: alert.title.clone(),
        at: alert.raised_at.said_in(&zone),
        machine: alert.raised_at.rfc3339(),
    };
    let page = SidePage {
        shell: ctx.shell(seen.head.name.clone(), Section::Clients),
        client: id,
        archived,
        clinical: ctx.member()?.role.is_clinical(),
        alerts: seen.alerts.iter().map(alert).collect(),
        past: rows(&[State::Waived, State::Skipped, State::Withdrawn]),
        empty: seen.tasks.is_empty().then(|| Empty {
            title: "No forms yet".into(),
            text: "Give a form or a whole intake flow. It waits in the client's portal, and you see how far they are."
                .into(),
            action: None,
        }),
        reminding: reminding(&seen, &zone, open.is_empty()),
        can_remind: seen.anybody && !open.is_empty() && !just_reminded(&seen, ctx.app.now()),
        stopped: seen.reminders.stopped.is_some(),
        planned: seen.reminders.next.is_some() && !open.is_empty(),
        open,
        done,
        head: seen.head,
    };
    html(StatusCode::OK, &page)
}

fn just_reminded(seen: &Seen, now: Instant) -> bool {
    seen.reminders.last.is_some_and(|last| now.since(last) < reminders::AGAIN_AFTER)
}

/// How it stands with reminders, in sentences.
fn reminding(seen: &Seen, zone: &str, nothing_open: bool) -> Vec<String> {
    let stands = &seen.reminders;
    let mut said = Vec::new();
    if let Some(last) = stands.last {
        said.push(format!("Last reminded on {}.", last.said_in(zone)));
    }
    if !nothing_open {
        said.push(match (stands.stopped, stands.next, seen.anybody) {
            (Some(at), ..) => format!("Reminders were stopped on {}.", day(at, zone)),
            (None, _, false) => "Nobody is in the portal yet: there is nobody to remind.".into(),
            (None, Some(next), true) => format!("Next reminder by itself on {}.", day(next, zone)),
            (None, None, true) => "No further reminder goes out by itself.".into(),
        });
    }
    said
}

/// A day, in few letters.
pub fn day(at: Instant, zone: &str) -> String {
    at.date_in(zone).strftime("%-d %b %Y").to_string()
}

/// Where a form stands, for the staff.
pub fn state_said(state: State) -> &'static str {
    match state {
        State::Open => "Not begun",
        State::Started => "Begun",
        State::Done => "Handed in",
        State::Waived => "Waived",
        State::Skipped => "Skipped",
        State::Withdrawn => "Withdrawn",
    }
}

/// The badge of a form.
pub fn status(state: State) -> Status {
    let tone = match state {
        State::Started => Tone::Info,
        State::Done => Tone::Good,
        State::Open | State::Waived | State::Skipped | State::Withdrawn => Tone::Neutral,
    };
    Status { tone, text: state_said(state).into(), hint: String::new() }
}

/// Who filled something in.
pub fn said_by(by: &By) -> String {
    match (by.giver, &by.name) {
        (Giver::Member, Some(name)) => format!("{name} on behalf"),
        (Giver::Member, None) => "a colleague on behalf".into(),
        (Giver::Contact, Some(name)) => name.clone(),
        (Giver::Client, _) => "the client".into(),
        (Giver::Desk, _) => "the client, at the desk".into(),
        (Giver::Contact, None) => "somebody around the client".into(),
        (Giver::System, _) => "another program".into(),
    }
}

fn row(task: &Task, seen: &Seen, zone: &str) -> Row {
    let is_open = task.state.is_open();
    let given_at = task.reopened_at.unwrap_or(task.given_at);
    let overdue = is_open && task.is_required() && seen.due_before.is_some_and(|before| given_at < before);
    let mut kinds = Vec::new();
    if is_open {
        kinds.push(if task.is_required() { "Required" } else { "May be skipped" });
    }
    if task.purpose != Purpose::Form {
        kinds.push(task.purpose.name());
    }
    let flow = task.flow.and_then(|id| seen.flows.iter().find(|flow| flow.id == id));
    let last = seen.last.iter().find(|(id, _)| *id == task.id).map(|(_, by)| by);
    let mut facts: Vec<String> = flow.map(|flow| format!("Step of {}", flow.name)).into_iter().collect();
    facts.extend(match (task.state, task.done_at, &task.done_by, task.saved_at) {
        (State::Done, Some(at), Some(by), _) => Some(format!("{}, filled in by {}", at.said_in(zone), said_by(by))),
        (State::Started, _, _, Some(at)) => {
            let by = last.map(|by| format!(" by {}", said_by(by))).unwrap_or_default();
            Some(format!("Last saved {}{by}", at.said_in(zone)))
        }
        _ => Some(format!("Given {}", day(task.given_at, zone))),
    });
    facts.extend(task.reopened_at.filter(|_| is_open).map(|at| format!("Opened again {}", day(at, zone))));
    let again = seen.tasks.iter().filter(|one| one.form == task.form && one.state == State::Done).count();
    Row {
        id: task.id,
        form: task.form.to_string(),
        title: task.title.clone(),
        status: if overdue {
            Status { tone: Tone::Warn, text: "Overdue".into(), hint: "Open for longer than reminders wait".into() }
        } else {
            status(task.state)
        },
        kinds,
        facts,
        progress: (is_open && task.asked > 0).then_some((task.answered.min(task.asked as i64), task.asked)),
        answers: task.bound.is_some(),
        compare: task.state == State::Done && again > 1,
    }
}

#[derive(Template)]
#[template(path = "intake/give.html")]
struct GiveForm {
    client: ClientId,
    errors: ErrorSummary,
    what: Field,
    required: Field,
    /// Nothing was published yet.
    nothing: bool,
}
impl askama::filters::HtmlSafe for GiveForm {}

#[derive(Template)]
#[template(path = "intake/give_page.html")]
struct GivePage {
    shell: Shell,
    head: Head,
    form: GiveForm,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Giving {
    what: String,
    required: String,
}

impl Giving {
    /// What was chosen: `flow:` or `form:` and an id.
    fn gift(&self) -> Option<Gift> {
        let (kind, id) = self.what.split_once(':')?;
        match kind {
            "flow" => id.parse().ok().map(|id| Gift::Flow(FlowId(id))),
            "form" => id.parse().ok().map(|id| Gift::Form(crate::ids::FormId(id), Needed::of(self.required != "no"))),
            _ => None,
        }
    }
}

async fn ask(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    give_page(&ctx, id, &Giving::default(), &[], StatusCode::OK).await
}

async fn give_page(
    ctx: &Ctx,
    id: ClientId,
    typed: &Giving,
    refused: &[FieldError],
    status: StatusCode,
) -> Result<Response> {
    let words = ctx.words();
    let zone = ctx.practice()?.time_zone.clone();
    let (head, flows, forms) = ctx
        .door()?
        .read(move |p| Ok((clients::head(p, id, &zone, Side::Forms)?, flows::all(p)?, forms::published(p)?)))
        .await?;
    let option = |value: String, label: String| Option_ { value, label };
    let mut what: Vec<Option_> =
        flows.iter().map(|flow| option(format!("flow:{}", flow.id), format!("Intake flow: {}", flow.name))).collect();
    what.extend(forms.iter().map(|form| option(format!("form:{}", form.id), form.title.clone())));
    let nothing = what.is_empty();
    what.insert(0, option(String::new(), "Choose".into()));
    let required = vec![option("yes".into(), "Required".into()), option("no".into(), "May be skipped".into())];
    let error = refused.iter().find(|one| one.field == "what").map(|one| one.message.clone());
    let form = GiveForm {
        client: id,
        errors: ErrorSummary {
            items: refused.iter().map(|one| (one.field.clone(), one.message.clone())).collect(),
            title: words.t("ui-error-summary"),
        },
        what: Field::select("what", "Form or intake flow", what)
            .required()
            .value(&typed.what)
            .error(error)
            .words(words),
        required: Field::select("required", "Required or not", required)
            .required()
            .value(if typed.required == "no" { "no" } else { "yes" })
            .hint("For a single form. The steps of a flow say it themselves.")
            .words(words),
        nothing,
    };
    if ctx.is_fragment {
        return html(status, &form);
    }
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id).detail("forms")).await?;
    html(status, &GivePage { shell: ctx.shell("Give form", Section::Clients), head, form })
}

async fn give(ctx: Ctx, Path(id): Path<ClientId>, Form(typed): Form<Giving>) -> Result<Response> {
    let refused = match typed.gift() {
        None => "Choose what to give.".to_string(),
        Some(gift) => match ctx.door()?.write(move |p| super::give(p, id, gift)).await {
            Ok(_) => return back(&ctx, id, "form-given"),
            Err(Error::Conflict(text)) => text,
            Err(error) => return Err(error),
        },
    };
    give_page(&ctx, id, &typed, &[FieldError::new("what", refused)], StatusCode::UNPROCESSABLE_ENTITY).await
}

async fn remind(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    ctx.door()?.write(move |p| reminders::remind(p, id)).await?;
    back(&ctx, id, "form-reminded")
}

async fn stop(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    ctx.door()?.write(move |p| reminders::stop(p, id)).await?;
    back(&ctx, id, "form-reminders-stopped")
}

async fn resume(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    ctx.door()?.write(move |p| reminders::resume(p, id)).await?;
    back(&ctx, id, "form-reminders-resumed")
}

async fn waive(ctx: Ctx, Path(id): Path<ClientFormId>) -> Result<Response> {
    let task = ctx.door()?.write(move |p| super::waive(p, id)).await?;
    back(&ctx, task.client, &format!("form-waived:{id}"))
}

async fn give_again(ctx: Ctx, Path(id): Path<ClientFormId>) -> Result<Response> {
    let task = ctx.door()?.write(move |p| super::give_again(p, id)).await?;
    back(&ctx, task.client, "form-wanted")
}

async fn reopen(ctx: Ctx, Path(id): Path<ClientFormId>) -> Result<Response> {
    let task = ctx.door()?.write(move |p| super::reopen(p, id)).await?;
    back(&ctx, task.client, "form-reopened")
}

async fn seen(ctx: Ctx, Path(id): Path<Uuid>) -> Result<Response> {
    let alert = ctx.door()?.write(move |p| super::alert_seen(p, id)).await?;
    back(&ctx, alert.client, "form-alert-seen")
}

fn back(ctx: &Ctx, client: ClientId, flash: &str) -> Result<Response> {
    let mut response = lead_to(ctx, &format!("/clients/{client}/forms"))?;
    Cookie::Flash.set(&ctx.app, &mut response, flash)?;
    Ok(response)
}
