//! The practice's forms as a list, what a new one can begin with, and what is done with a whole one.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::builder::alone;
use super::{Form, Purpose, Saved, Which, archive, duplicate, list, restore};
use crate::access::CLINICAL;
use crate::error::{Error, Result};
use crate::ids::FormId;
use crate::routes::Routes;
use crate::ui::{Empty, Icon, Link, Section, Shell, Status, Tab, Tabs, Tone, icon};
use crate::web::{Cookie, Ctx, Path, Query, html, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/forms", CLINICAL, show)
        .post("/forms/{id}/duplicate", CLINICAL, copy)
        .post("/forms/{id}/archive", CLINICAL, put_away)
        .post("/forms/{id}/restore", CLINICAL, bring_back)
}

/// Where one is among the pages of forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Forms,
    Flows,
    Archived,
}

/// The tabs over the lists of forms and of intake flows.
pub fn tabs(side: Side) -> Tabs {
    let all = [
        (Side::Forms, "/forms", "Forms"),
        (Side::Flows, "/flows", "Intake flows"),
        (Side::Archived, "/forms?archived=true", "Archived"),
    ];
    let tab =
        |(at, href, label): (Side, &str, &str)| Tab { href: href.into(), label: label.into(), current: at == side };
    Tabs { label: "Forms".into(), items: all.into_iter().map(tab).collect() }
}

#[derive(Template)]
#[template(path = "forms/list.html")]
struct ListPage {
    shell: Shell,
    tabs: Tabs,
    rows: Vec<Row>,
    empty: Option<Empty>,
}

struct Row {
    id: FormId,
    title: String,
    purpose: &'static str,
    state: Status,
    minutes: String,
    at: String,
    machine: String,
}

/// How a form stands, in words.
pub fn state(form: &Form) -> Status {
    let (tone, text, hint) = match (form.archived, form.published, form.has_draft) {
        (Some(_), ..) => (Tone::Neutral, "Archived", "It cannot be given any more; answers stay"),
        (None, Some(_), false) => (Tone::Good, "Published", "Clients get it as it is here"),
        (None, Some(_), true) => (Tone::Info, "Changed since published", "Clients get the version published last"),
        (None, None, _) => (Tone::Warn, "Draft", "Nobody can be given it yet"),
    };
    Status { tone, text: text.into(), hint: hint.into() }
}

fn row(form: Form, zone: &str) -> Row {
    Row {
        id: form.id,
        state: state(&form),
        purpose: form.purpose.name(),
        minutes: format!("{} min", form.minutes),
        at: form.updated_at.date_in(zone).strftime("%-d %b %Y").to_string(),
        machine: form.updated_at.rfc3339(),
        title: form.title,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    archived: String,
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Response> {
    let archived = asked.archived == "true";
    let (which, side) = if archived { (Which::Archived, Side::Archived) } else { (Which::Standing, Side::Forms) };
    let all = ctx.door()?.read(move |p| list(p, which)).await?;
    let zone = &ctx.practice()?.time_zone;
    let empty = match archived {
        true => Empty {
            title: "Nothing is archived".into(),
            text: "Forms that are not needed any more can be archived. What was answered stays.".into(),
            action: None,
        },
        false => Empty {
            title: "No forms yet".into(),
            text: "What a practice asks before the first session: begin with one from the library, and make it yours."
                .into(),
            action: Some(Link { href: "/forms/new".into(), label: "New form".into(), dialog: true }),
        },
    };
    let page = ListPage {
        shell: ctx.shell(if archived { "Archived forms" } else { "Forms" }, Section::Forms),
        tabs: tabs(side),
        empty: all.is_empty().then_some(empty),
        rows: all.into_iter().map(|form| row(form, zone)).collect(),
    };
    html(StatusCode::OK, &page)
}

/// A few ways on, to choose one.
#[derive(Template)]
#[template(path = "forms/choosing.html")]
pub struct Choosing {
    pub title: String,
    pub ways: Vec<Way>,
}
impl HtmlSafe for Choosing {}

pub struct Way {
    pub href: String,
    pub icon: Icon,
    pub label: String,
    pub text: String,
    pub dialog: bool,
}

/// What a new form can begin with.
pub fn choose(ctx: &Ctx) -> Result<Response> {
    let way = |href: &str, drawn: &str, label: &str, text: &str| Way {
        href: href.into(),
        icon: icon(drawn),
        label: label.into(),
        text: text.into(),
        dialog: true,
    };
    let new = |purpose: Purpose| format!("/forms/new?purpose={}", purpose.as_str());
    let ways = vec![
        way(&new(Purpose::Form), "lines", "Form", "Questions to fill in"),
        way(&new(Purpose::Policy), "check", "Policy", "A text to read and agree to"),
        way(&new(Purpose::Welcome), "text", "Welcome text", "A text to read"),
        way("/forms/library", "document", "From the library", "Ready to use, and to make your own"),
        way("/forms/import", "download", "Import file", "A FHIR Questionnaire, such as a published instrument"),
    ];
    alone(ctx, "New form", Choosing { title: "New form".into(), ways }, StatusCode::OK)
}

async fn copy(ctx: Ctx, Path(id): Path<FormId>) -> Result<Response> {
    match ctx.door()?.write(move |p| duplicate(p, id)).await? {
        Saved::Saved(form) => done(&ctx, &format!("/forms/{}", form.id), "form-duplicated"),
        Saved::Refused(problems) => {
            Err(Error::Conflict(problems.into_iter().map(|one| one.message).collect::<Vec<_>>().join(" ")))
        }
        Saved::Stale(_) => Err(Error::internal("a copy cannot be stale")),
    }
}

async fn put_away(ctx: Ctx, Path(id): Path<FormId>) -> Result<Response> {
    ctx.door()?.write(move |p| archive(p, id)).await?;
    done(&ctx, "/forms", &format!("form-archived:{id}"))
}

async fn bring_back(ctx: Ctx, Path(id): Path<FormId>) -> Result<Response> {
    ctx.door()?.write(move |p| restore(p, id)).await?;
    done(&ctx, &format!("/forms/{id}"), "form-restored")
}

pub fn done(ctx: &Ctx, to: &str, flash: &str) -> Result<Response> {
    let mut response = lead_to(ctx, to)?;
    Cookie::Flash.set(&ctx.app, &mut response, flash)?;
    Ok(response)
}
