//! Looking at the answers once more, handing them in, and what comes next.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::copy::{Copied, copied};
use super::fields::Fields;
use super::fill_page::{is_checked, may_sign, pages};
use super::list_page::{next, shown};
use super::place::{Place, kept_secret, note_form};
use super::{HandedIn, State};
use crate::clock::Instant;
use crate::error::Result;
use crate::forms;
use crate::ids::ClientFormId;
use crate::ui::{ErrorSummary, Shell};
use crate::web::{Cookie, Ctx, Form, Path, html, lead_to};

#[derive(Template)]
#[template(path = "intake/check.html")]
struct CheckPage {
    shell: Shell,
    at_desk: bool,
    list: String,
    on_behalf: String,
    action: String,
    errors: ErrorSummary,
    copied: Copied,
    form: ClientFormId,
    /// Seals what is kept on the device.
    secret: String,
    /// When the last of the answers that are shown was saved, in microseconds.
    seen: String,
    /// The last page that is shown.
    back: String,
    needs_signer: bool,
    is_complete: bool,
}

pub async fn show(ctx: Ctx, Path(id): Path<ClientFormId>) -> Result<Response> {
    page(&ctx, id, StatusCode::OK).await
}

async fn page(ctx: &Ctx, id: ClientFormId, status: StatusCode) -> Result<Response> {
    let words = ctx.words();
    let (sheet, before) = ctx
        .door()?
        .read(move |p| {
            let sheet = super::sheet(p, id)?;
            let before = super::before(p, &sheet.task)?;
            Ok((sheet, before))
        })
        .await?;
    let place = Place::with(ctx, sheet.task.client)?;
    if !sheet.task.state.is_open() || before.is_some() || !is_checked(&sheet) {
        return lead_to(ctx, &place.form(id));
    }
    note_form(ctx, sheet.task.client, id).await?;
    let missing = forms::missing(&sheet.version.definition, &sheet.answers);
    let missing: Vec<String> = missing.into_iter().map(|item| item.id.clone()).collect();
    let errors = match status {
        StatusCode::OK => Vec::new(),
        _ => missing.iter().map(|id| (format!("asked-{id}"), label(&sheet, id))).collect(),
    };
    let action = place.form(id);
    let back = pages(&sheet).last().map_or(action.clone(), |page| format!("{action}?page={}", page + 1));
    let page = CheckPage {
        secret: kept_secret(ctx, id)?,
        shell: ctx.shell(sheet.task.title.clone(), place.section()),
        at_desk: place == Place::Desk,
        list: place.list(),
        on_behalf: sheet.on_behalf(place),
        errors: ErrorSummary { items: errors, title: words.t("forms-missing-title") },
        copied: copied(&sheet, words).changes_at(&action),
        form: id,
        seen: sheet.task.saved_at.map(|at| at.0.to_string()).unwrap_or_default(),
        back,
        needs_signer: !may_sign(ctx, &sheet)?,
        is_complete: missing.is_empty(),
        action,
    };
    html(status, &page)
}

fn label(sheet: &super::Sheet, id: &str) -> String {
    sheet.version.definition.item(id).map(|item| item.text.clone()).unwrap_or_default()
}

pub async fn send(
    ctx: Ctx,
    Path(id): Path<ClientFormId>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response> {
    let seen = Fields(pairs).one("seen").parse().ok().map(Instant);
    match send_in(&ctx, id, seen).await? {
        Outcome::Led(response) => Ok(response),
        Outcome::Missing(_) => page(&ctx, id, StatusCode::UNPROCESSABLE_ENTITY).await,
    }
}

/// Where handing in has led, or what is missing.
pub enum Outcome {
    Led(Response),
    Missing(Vec<String>),
}

/// Hands a form in.
pub async fn send_in(ctx: &Ctx, id: ClientFormId, seen: Option<Instant>) -> Result<Outcome> {
    let (handed, client) = ctx
        .door()?
        .write(move |p| {
            let task = super::find(p, id)?;
            // Sent twice, it was handed in once.
            if task.state == State::Done {
                return Ok((HandedIn::Done { left_out: 0 }, task.client));
            }
            Ok((super::hand_in(p, id, seen)?, task.client))
        })
        .await?;
    let place = Place::with(ctx, client)?;
    let action = place.form(id);
    let said = |to: String, flash: &str| {
        let mut response = lead_to(ctx, &to)?;
        Cookie::Flash.set(&ctx.app, &mut response, flash)?;
        Ok(Outcome::Led(response))
    };
    match handed {
        HandedIn::Done { .. } => lead_to(ctx, &format!("{action}/done")).map(Outcome::Led),
        HandedIn::Missing(all) => Ok(Outcome::Missing(all)),
        HandedIn::Changed => said(format!("{action}/check"), "form-changed"),
        HandedIn::NeedsSigner => said(place.list(), "form-needs-signer"),
    }
}

#[derive(Template)]
#[template(path = "intake/done.html")]
struct DonePage {
    shell: Shell,
    at_desk: bool,
    form: ClientFormId,
    text: String,
    left_out: String,
    /// What is next; nothing: all is done.
    next: Option<Next>,
    copy: String,
    /// Back to the record, for the staff; empty for everybody else.
    record: String,
}

struct Next {
    href: String,
    title: String,
    facts: String,
}

/// Thank you, and on to the next.
pub async fn done(ctx: Ctx, Path(id): Path<ClientFormId>) -> Result<Response> {
    let words = ctx.words();
    let (task, tasks) = ctx
        .door()?
        .read(move |p| {
            let task = super::find(p, id)?;
            let tasks = super::list(p, task.client)?;
            Ok((task, tasks))
        })
        .await?;
    let place = Place::with(&ctx, task.client)?;
    if task.state != State::Done {
        return lead_to(&ctx, &place.form(id));
    }
    let tasks = shown(tasks);
    let next = next(&tasks).map(|task| Next {
        href: place.form(task.id),
        title: task.title.clone(),
        facts: words.with("forms-minutes", &[("minutes", &task.minutes_left().to_string())]),
    });
    let text = match (&next, place) {
        (Some(_), _) => words.t("forms-thanks-more"),
        (None, Place::Portal) => words.t("forms-thanks-all"),
        (None, Place::Desk) => words.t("forms-thanks-desk"),
        (None, Place::Staff(_)) => words.t("forms-thanks-staff"),
    };
    let page = DonePage {
        shell: ctx.shell(words.t("forms-thanks"), place.section()),
        at_desk: place == Place::Desk,
        form: id,
        text,
        left_out: match task.left_out {
            0 => String::new(),
            n => words.with("forms-left-out", &[("count", &n.to_string())]),
        },
        next,
        copy: match place {
            Place::Staff(_) => format!("/client-forms/{id}"),
            _ => format!("{}/copy", place.form(id)),
        },
        record: if matches!(place, Place::Staff(_)) { place.list() } else { String::new() },
    };
    html(StatusCode::OK, &page)
}
