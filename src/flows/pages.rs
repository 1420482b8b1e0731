//! The practice's intake flows as a list, and the form for one: its name and its steps in their order. Steps come, go and
//! move with a button each, which works without script too.

use std::collections::BTreeMap;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::{Flow, NAME_LIMIT, Needed, STEP_LIMIT, Saved, Typed, Whole, add, all, change, delete, steps, whole};
use crate::access::CLINICAL;
use crate::error::{Error, FieldError, Result};
use crate::forms::{self, Form as Asked, Side};
use crate::ids::{FlowId, FormId};
use crate::routes::Routes;
use crate::secrets::token_hash;
use crate::ui::{Empty, ErrorSummary, Field, Icon, Link, Option_, Section, Shell, Tabs, icon};
use crate::web::{Answer, Cookie, Ctx, Form, Path, html, lead_to, once};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/flows", CLINICAL, show)
        .post("/flows", CLINICAL, create)
        .get("/flows/new", CLINICAL, new)
        .get("/flows/{id}", CLINICAL, edit)
        .post("/flows/{id}", CLINICAL, save)
        .get("/flows/{id}/delete", CLINICAL, ask)
        .post("/flows/{id}/delete", CLINICAL, take_off)
}

#[derive(Template)]
#[template(path = "flows/list.html")]
struct ListPage {
    shell: Shell,
    tabs: Tabs,
    rows: Vec<Row>,
    empty: Option<Empty>,
}

struct Row {
    id: FlowId,
    name: String,
    steps: String,
    minutes: String,
    groups: String,
}

fn row(whole: Whole) -> Row {
    let skippable = whole.steps.iter().filter(|step| !step.needed.is_required()).count();
    let steps = match (whole.steps.len(), skippable) {
        (1, 0) => "1 step".to_string(),
        (n, 0) => format!("{n} steps"),
        (n, s) => format!("{n} steps, {s} of them can be skipped"),
    };
    let groups: Vec<_> = whole.groups.iter().map(|(_, name)| name.as_str()).collect();
    Row {
        id: whole.flow.id,
        steps,
        minutes: format!("{} min", whole.minutes()),
        groups: groups.join(", "),
        name: whole.flow.name,
    }
}

async fn show(ctx: Ctx) -> Result<Response> {
    let all =
        ctx.door()?.read(|p| all(p)?.into_iter().map(|flow| whole(p, flow.id)).collect::<Result<Vec<_>>>()).await?;
    let runs = ctx.member()?.role.runs_practice();
    let empty = Empty {
        title: "No intake flows yet".into(),
        text: "A flow leads new clients through forms, policies and welcome texts, in your order.".into(),
        action: Some(match runs {
            true => Link { href: "/flows/ready-made".into(), label: "Begin with ours".into(), dialog: true },
            false => Link { href: "/flows/new".into(), label: "New intake flow".into(), dialog: false },
        }),
    };
    let page = ListPage {
        shell: ctx.shell("Intake flows", Section::Forms),
        tabs: forms::tabs(Side::Flows),
        empty: all.is_empty().then_some(empty),
        rows: all.into_iter().map(row).collect(),
    };
    html(StatusCode::OK, &page)
}

#[derive(Template)]
#[template(path = "flows/form.html")]
struct FlowForm {
    action: String,
    errors: ErrorSummary,
    typed: bool,
    /// Somebody else saved meanwhile; the steps as they stand now.
    stale: Option<Vec<String>>,
    name: Field,
    rows: Vec<StepRow>,
    steps_error: String,
    more: Option<Field>,
    minutes: String,
    says: String,
    version: i64,
    key: String,
}
impl HtmlSafe for FlowForm {}

struct StepRow {
    form: FormId,
    n: usize,
    icon: Icon,
    title: String,
    facts: String,
    required: bool,
    first: bool,
    last: bool,
}

#[derive(Template)]
#[template(path = "flows/one.html")]
struct OnePage {
    shell: Shell,
    /// Nothing for a new one.
    id: Option<FlowId>,
    form: FlowForm,
}

/// What the form holds.
struct Edit {
    id: Option<FlowId>,
    typed: Typed,
    version: i64,
    key: String,
    refused: Vec<FieldError>,
    stale: Option<(Flow, Vec<String>)>,
    is_typed: bool,
    says: String,
}

impl Edit {
    fn new(id: Option<FlowId>, typed: Typed, version: i64) -> Edit {
        let (key, says) = (String::new(), String::new());
        Edit { id, typed, version, key, refused: Vec::new(), stale: None, is_typed: false, says }
    }

    fn error(&self, name: &str) -> Option<String> {
        self.refused.iter().find(|one| one.field == name).map(|one| one.message.clone())
    }
}

fn step_rows(typed: &Typed, known: &[Asked]) -> Vec<StepRow> {
    let last = typed.steps.len().saturating_sub(1);
    let row = |(at, (form, needed)): (usize, &(FormId, Needed))| {
        let found = known.iter().find(|one| one.id == *form);
        let drawn = match found.map(|one| one.purpose) {
            Some(forms::Purpose::Policy) => "check",
            Some(forms::Purpose::Welcome) => "text",
            _ => "lines",
        };
        StepRow {
            form: *form,
            n: at + 1,
            icon: icon(drawn),
            title: found.map_or_else(|| "A form that is not published any more".into(), |one| one.title.clone()),
            facts: found.map_or_else(String::new, |one| format!("{} · about {} min", one.purpose.name(), one.minutes)),
            required: needed.is_required(),
            first: at == 0,
            last: at == last,
        }
    };
    typed.steps.iter().enumerate().map(row).collect()
}

async fn form_page(ctx: &Ctx, edit: Edit, status: StatusCode) -> Result<Response> {
    let known = ctx.door()?.read(forms::published).await?;
    let form = flow_form(ctx, &edit, &known);
    if ctx.is_fragment {
        return html(status, &form);
    }
    let title = if edit.id.is_some() { "Edit intake flow" } else { "New intake flow" };
    html(status, &OnePage { shell: ctx.shell(title, Section::Forms), id: edit.id, form })
}

fn flow_form(ctx: &Ctx, edit: &Edit, known: &[Asked]) -> FlowForm {
    let free = known.iter().filter(|one| edit.typed.steps.iter().all(|(form, _)| *form != one.id));
    let option =
        |one: &Asked| Option_ { value: one.id.to_string(), label: format!("{} ({})", one.title, one.purpose.name()) };
    let choose = Option_ { value: String::new(), label: "Choose a form, policy or text".into() };
    let options: Vec<_> = std::iter::once(choose).chain(free.map(option)).collect();
    let minutes: i64 = edit
        .typed
        .steps
        .iter()
        .filter_map(|(form, _)| known.iter().find(|one| one.id == *form))
        .map(|one| one.minutes)
        .sum();
    let id = |field: &str| if field == "steps" { "steps".to_string() } else { field.to_string() };
    let theirs = edit.stale.as_ref().map(|(now, _)| now.name.clone()).filter(|name| *name != edit.typed.name);
    FlowForm {
        action: edit.id.map_or_else(|| "/flows".into(), |id| format!("/flows/{id}")),
        errors: ErrorSummary {
            items: edit.refused.iter().map(|one| (id(&one.field), one.message.clone())).collect(),
            title: ctx.words().t("ui-error-summary"),
        },
        typed: edit.is_typed,
        stale: edit.stale.as_ref().map(|(_, steps)| steps.clone()),
        name: Field::text("name", "Name")
            .required()
            .dir_auto()
            .max_length(NAME_LIMIT)
            .private()
            .value(&edit.typed.name)
            .error(edit.error("name"))
            .now_saved(theirs),
        rows: step_rows(&edit.typed, known),
        steps_error: edit.error("steps").unwrap_or_default(),
        more: (options.len() > 1 && edit.typed.steps.len() < STEP_LIMIT)
            .then(|| Field::select("add", "Next step", options).required()),
        minutes: if minutes == 1 { "About 1 minute".into() } else { format!("About {minutes} minutes") },
        says: edit.says.clone(),
        version: edit.version,
        key: edit.key.clone(),
    }
}

async fn new(ctx: Ctx) -> Result<Response> {
    let key = ctx.app.ids.new_id().to_string();
    form_page(&ctx, Edit { key, ..Edit::new(None, Typed::default(), 0) }, StatusCode::OK).await
}

async fn edit(ctx: Ctx, Path(id): Path<FlowId>) -> Result<Response> {
    let whole = ctx.door()?.read(move |p| whole(p, id)).await?;
    let steps = whole.steps.iter().map(|step| (step.form, step.needed)).collect();
    let typed = Typed { name: whole.flow.name, steps };
    form_page(&ctx, Edit::new(Some(id), typed, whole.flow.version), StatusCode::OK).await
}

/// What was sent: the flow as it is typed, and what is to be done with it.
struct Sent {
    typed: Typed,
    what: String,
    /// A step to add.
    add: Option<FormId>,
    version: i64,
    key: String,
}

fn read(fields: Vec<(String, String)>) -> Sent {
    let mut one = BTreeMap::new();
    let mut order: Vec<FormId> = Vec::new();
    for (name, value) in fields {
        match name.as_str() {
            "step" => order.extend(value.parse::<FormId>().ok().filter(|_| order.len() < STEP_LIMIT * 2)),
            _ => drop(one.entry(name).or_insert(value)),
        }
    }
    let needed = |form: &FormId| Needed::of(one.get(&format!("needed-{form}")).is_some_and(|value| value == "true"));
    let get = |name: &str| one.get(name).cloned().unwrap_or_default();
    Sent {
        typed: Typed { name: get("name"), steps: order.iter().map(|form| (*form, needed(form))).collect() },
        what: get("do"),
        add: get("add").parse().ok(),
        version: get("version").parse().unwrap_or(0),
        key: get("key"),
    }
}

impl Sent {
    /// Does what a button beside the steps says. What is said of it; nothing: the flow is to be saved.
    fn arrange(&mut self) -> Option<String> {
        let steps = &mut self.typed.steps;
        let (verb, form) = self.what.split_once(':').unwrap_or((self.what.as_str(), ""));
        let at = steps.iter().position(|(one, _)| one.to_string() == form);
        if let (Some(add), "add" | "save" | "") = (self.add, verb) {
            // Whoever has chosen a step and not pressed Add means it to be in the flow.
            if steps.len() < STEP_LIMIT && steps.iter().all(|(one, _)| *one != add) {
                steps.push((add, Needed::Required));
            }
        }
        match (verb, at) {
            ("add", _) => Some("Added.".into()),
            ("up", Some(at)) => {
                steps.swap(at, at.saturating_sub(1));
                Some(format!("Now step {}.", at.saturating_sub(1) + 1))
            }
            ("down", Some(at)) => {
                let to = (at + 1).min(steps.len() - 1);
                steps.swap(at, to);
                Some(format!("Now step {}.", to + 1))
            }
            ("remove", Some(at)) => {
                steps.remove(at);
                Some("Removed.".into())
            }
            ("up" | "down" | "remove", None) => Some(String::new()),
            _ => None,
        }
    }
}

async fn create(ctx: Ctx, Form(fields): Form<Vec<(String, String)>>) -> Result<Response> {
    let mut sent = read(fields);
    if let Some(says) = sent.arrange() {
        let edit = Edit { key: sent.key, is_typed: true, says, ..Edit::new(None, sent.typed, 0) };
        return form_page(&ctx, edit, StatusCode::OK).await;
    }
    let words = ctx.words();
    // The page was made with an id: pressing twice makes one flow.
    let key = sent.key.parse::<uuid::Uuid>().is_ok().then(|| format!("flow:{}", sent.key));
    let typed = sent.typed.clone();
    let refused = ctx
        .door()?
        .write(move |p| {
            let hash = token_hash(&format!("{typed:?}"));
            let added = once(p, key.as_deref(), &hash, || match add(p, &typed, words)? {
                Saved::Saved(_) => Answer::new(StatusCode::CREATED, &Value::Null),
                Saved::Refused(all) => Err(Error::Invalid(all)),
                Saved::Stale(_) => Err(Error::internal("a new flow cannot be stale")),
            });
            match added {
                Ok(_) => Ok(Vec::new()),
                Err(Error::Invalid(all)) => Ok(all),
                Err(error) => Err(error),
            }
        })
        .await?;
    if refused.is_empty() {
        return back(&ctx, "flow-added");
    }
    let edit = Edit { key: sent.key, is_typed: true, refused, ..Edit::new(None, sent.typed, 0) };
    form_page(&ctx, edit, StatusCode::UNPROCESSABLE_ENTITY).await
}

async fn save(ctx: Ctx, Path(id): Path<FlowId>, Form(fields): Form<Vec<(String, String)>>) -> Result<Response> {
    let mut sent = read(fields);
    if let Some(says) = sent.arrange() {
        // Errors: not found.
        ctx.door()?.read(move |p| super::find(p, id)).await?;
        let edit = Edit { is_typed: true, says, ..Edit::new(Some(id), sent.typed, sent.version) };
        return form_page(&ctx, edit, StatusCode::OK).await;
    }
    let (words, typed, version) = (ctx.words(), sent.typed.clone(), sent.version);
    let (saved, stands) = ctx
        .door()?
        .write(move |p| {
            let saved = change(p, id, &typed, Some(version), words)?;
            let stands = match &saved {
                Saved::Stale(_) => steps(p, id)?.into_iter().map(|step| step.title).collect(),
                _ => Vec::new(),
            };
            Ok((saved, stands))
        })
        .await?;
    let edit = Edit { is_typed: true, ..Edit::new(Some(id), sent.typed, sent.version) };
    match saved {
        Saved::Saved(_) => back(&ctx, "saved"),
        Saved::Refused(refused) => form_page(&ctx, Edit { refused, ..edit }, StatusCode::UNPROCESSABLE_ENTITY).await,
        // Saving again from here keeps what is in the form, now that both versions were seen.
        Saved::Stale(now) => {
            let edit = Edit { version: now.version, stale: Some((now, stands)), ..edit };
            form_page(&ctx, edit, StatusCode::CONFLICT).await
        }
    }
}

fn back(ctx: &Ctx, flash: &str) -> Result<Response> {
    let mut response = lead_to(ctx, "/flows")?;
    Cookie::Flash.set(&ctx.app, &mut response, flash)?;
    Ok(response)
}

/// Which groups have a flow that is to be deleted.
#[derive(Template)]
#[template(path = "flows/delete.html")]
struct DeleteForm {
    id: FlowId,
    name: String,
    groups: Vec<String>,
}
impl HtmlSafe for DeleteForm {}

#[derive(Template)]
#[template(path = "flows/delete_page.html")]
struct DeletePage {
    shell: Shell,
    form: DeleteForm,
}

async fn ask(ctx: Ctx, Path(id): Path<FlowId>) -> Result<Response> {
    let whole = ctx.door()?.read(move |p| whole(p, id)).await?;
    let groups = whole.groups.into_iter().map(|(_, name)| name).collect();
    let form = DeleteForm { id, name: whole.flow.name, groups };
    if ctx.is_fragment {
        return html(StatusCode::OK, &form);
    }
    html(StatusCode::OK, &DeletePage { shell: ctx.shell("Delete intake flow?", Section::Forms), form })
}

async fn take_off(ctx: Ctx, Path(id): Path<FlowId>) -> Result<Response> {
    ctx.door()?.write(move |p| delete(p, id)).await?;
    back(&ctx, "flow-deleted")
}
