//! The pages of a form: one topic each. What is typed is saved with the page; a script saves it before.

use std::collections::BTreeSet;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::check_page::{self, Outcome};
use super::fields::{Fields, mark, was_name};
use super::place::{Place, kept_secret, note_form};
use super::{Given, Kept, Page as SavedPage, Said, Sheet, State, files};
use crate::access::Who;
use crate::error::{Error, Result};
use crate::forms::{self, Definition, Kind, Paper, Purpose, Refusal, Refused, Topic, Typed, field_name};
use crate::ids::{ClientFormId, FormVersionId};
use crate::ui::{ErrorSummary, Shell};
use crate::web::{Cookie, Ctx, Form, Path, Query, html, lead_to};
use crate::words::Words;

#[derive(Template)]
#[template(path = "intake/fill.html")]
struct FillPage {
    shell: Shell,
    at_desk: bool,
    list: String,
    on_behalf: String,
    action: String,
    intro: Vec<String>,
    progress: Progress,
    errors: ErrorSummary,
    paper: Paper,
    shown: String,
    /// How each question stands, for what is sent without a script.
    was: Vec<(String, String)>,
    sitting: Uuid,
    /// What is shown: it may be another one by the time it is sent.
    version: FormVersionId,
    form: ClientFormId,
    /// Seals what is kept on the device.
    secret: String,
    number: usize,
    from_check: bool,
    has_back: bool,
    button: &'static str,
    /// Something required is missing: the page can be left for later all the same.
    may_leave: bool,
    skippable: bool,
    /// Only somebody with the right to sign can hand it in.
    needs_signer: bool,
    /// Nothing is filled in: there is nothing to save as it is typed.
    is_only_read: bool,
}

/// Which of the pages that are shown this is.
struct Progress {
    at: usize,
    of: usize,
    text: String,
}

/// The numbers of the pages that are shown, as the answers stand, counted from 0.
pub fn pages(sheet: &Sheet) -> Vec<usize> {
    let definition = &sheet.version.definition;
    let shown = forms::shown(definition, &sheet.answers);
    let is_shown = |topic: &Topic| {
        let empty = topic.items.is_empty() && topic.heading.is_some_and(|item| shown.contains(item.id.as_str()));
        empty || topic.items.iter().any(|item| shown.contains(item.id.as_str()))
    };
    let topics = definition.topics();
    topics.iter().enumerate().filter(|(_, topic)| is_shown(topic)).map(|(number, _)| number).collect()
}

/// Whether the answers are looked at once more before they are handed in: not where something is only read or agreed to.
pub fn is_checked(sheet: &Sheet) -> bool {
    sheet.task.purpose == Purpose::Form && sheet.version.definition.questions().next().is_some()
}

/// The page on which somebody left off: the first with something required and unanswered, or else the first without any
/// answer after the last that has one. Nothing: every page was seen.
fn left_off(sheet: &Sheet, pages: &[usize]) -> Option<usize> {
    let definition = &sheet.version.definition;
    let missing: BTreeSet<&str> =
        forms::missing(definition, &sheet.answers).into_iter().map(|item| item.id.as_str()).collect();
    let topics = definition.topics();
    let has = |number: &usize, test: &dyn Fn(&str) -> bool| topics[*number].items.iter().any(|item| test(&item.id));
    let required = pages.iter().find(|number| has(number, &|id| missing.contains(id)));
    let last = pages.iter().rposition(|number| has(number, &|id| sheet.answers.contains_key(id)));
    required.copied().or_else(|| pages.get(last.map_or(0, |at| at + 1)).copied())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    page: String,
    from: String,
}

/// What a page is made from.
struct View<'v> {
    number: usize,
    from_check: bool,
    sitting: Uuid,
    refused: &'v Refused,
    may_leave: bool,
}

/// A form whose turn it is. Otherwise: where to go instead.
async fn open(ctx: &Ctx, id: ClientFormId, seen: Option<FormVersionId>) -> Result<std::result::Result<Sheet, String>> {
    let (sheet, before) = ctx
        .door()?
        .read(move |p| {
            let sheet = super::sheet_as_seen(p, id, seen)?;
            let before = super::before(p, &sheet.task)?;
            Ok((sheet, before))
        })
        .await?;
    let place = Place::with(ctx, sheet.task.client)?;
    let elsewhere = match sheet.task.state {
        State::Done if place == Place::Portal => Some(format!("{}/copy", place.form(id))),
        state if !state.is_open() || before.is_some() => Some(place.list()),
        _ => None,
    };
    Ok(elsewhere.map_or(Ok(sheet), Err))
}

pub async fn show(ctx: Ctx, Path(id): Path<ClientFormId>, Query(asked): Query<Asked>) -> Result<Response> {
    let sheet = match open(&ctx, id, None).await? {
        Ok(sheet) => sheet,
        Err(elsewhere) => return lead_to(&ctx, &elsewhere),
    };
    let place = Place::with(&ctx, sheet.task.client)?;
    note_form(&ctx, sheet.task.client, id).await?;
    let pages = pages(&sheet);
    let wanted = asked.page.parse::<usize>().ok().and_then(|page| page.checked_sub(1));
    let number = match wanted {
        Some(number) if pages.contains(&number) => Some(number),
        // A page that an answer has hidden: the one that comes before it.
        Some(number) => pages.iter().rev().find(|page| **page < number).or(pages.first()).copied(),
        None => left_off(&sheet, &pages).or_else(|| pages.first().filter(|_| !is_checked(&sheet)).copied()),
    };
    let Some(number) = number else {
        return lead_to(&ctx, &format!("{}/check", place.form(id)));
    };
    let view = View {
        number,
        from_check: asked.from == "check",
        sitting: ctx.app.ids.new_id(),
        refused: &Refused::new(),
        may_leave: false,
    };
    page(&ctx, &sheet, &view, StatusCode::OK)
}

fn page(ctx: &Ctx, sheet: &Sheet, view: &View, status: StatusCode) -> Result<Response> {
    let words = ctx.words();
    let place = Place::with(ctx, sheet.task.client)?;
    let (definition, task) = (&sheet.version.definition, &sheet.task);
    let (pages, action) = (pages(sheet), place.form(task.id));
    let at = pages.iter().position(|page| *page == view.number).unwrap_or(0);
    let paper = Paper::new(definition, view.number, &sheet.answers, words)
        .refused(view.refused)
        .files_to(&format!("{action}/file"));
    let is_last = at + 1 == pages.len();
    let page = FillPage {
        secret: kept_secret(ctx, task.id)?,
        shell: ctx.shell(task.title.clone(), place.section()),
        at_desk: place == Place::Desk,
        list: place.list(),
        on_behalf: sheet.on_behalf(place),
        intro: if at == 0 { paragraphs(&definition.intro) } else { Vec::new() },
        progress: progress(at + 1, pages.len(), words),
        errors: ErrorSummary { items: paper.errors(), title: words.t("ui-error-summary") },
        shown: paper.shown_ids(),
        was: was(definition, view.number, sheet),
        paper,
        sitting: view.sitting,
        version: task.version,
        form: task.id,
        number: view.number + 1,
        from_check: view.from_check,
        has_back: at > 0 && !view.from_check,
        button: match task.purpose {
            Purpose::Policy if is_last => "forms-agree",
            Purpose::Welcome if is_last => "forms-read-done",
            _ => "forms-save-on",
        },
        may_leave: view.may_leave,
        skippable: !task.is_required(),
        needs_signer: !may_sign(ctx, sheet)?,
        is_only_read: definition.questions().next().is_none(),
        action,
    };
    html(status, &page)
}

/// Whether whoever is here may hand in what has to be signed.
pub fn may_sign(ctx: &Ctx, sheet: &Sheet) -> Result<bool> {
    let signed = sheet.version.definition.needs_signature() || sheet.task.purpose == Purpose::Policy;
    Ok(match &ctx.actor()?.who {
        Who::Client(viewer) => !signed || viewer.rights.has(crate::access::Right::Sign),
        _ => true,
    })
}

fn progress(at: usize, of: usize, words: Words) -> Progress {
    let (at_said, of_said) = (at.to_string(), of.to_string());
    Progress { at, of, text: words.with("forms-page-of", &[("at", &at_said), ("of", &of_said)]) }
}

fn paragraphs(text: &str) -> Vec<String> {
    text.split("\n\n").map(str::trim).filter(|part| !part.is_empty()).map(str::to_string).collect()
}

/// How each question of a page stands.
fn was(definition: &Definition, number: usize, sheet: &Sheet) -> Vec<(String, String)> {
    let topics = definition.topics();
    let items = topics.get(number).map_or(&[][..], |topic| topic.items);
    let questions = items.iter().filter(|item| item.kind.is_question() && item.kind != Kind::File);
    let stands = |id: &str| sheet.answers.get(id).map(forms::typed).unwrap_or_default();
    questions.map(|item| (was_name(&item.id), mark(&stands(&item.id)))).collect()
}

/// What was done with the page.
struct Posted {
    number: usize,
    from_check: bool,
    sitting: Uuid,
    fields: Fields,
}

impl Posted {
    fn new(fields: Fields) -> Result<Posted> {
        let number = fields.one("page").parse::<usize>().ok().and_then(|page| page.checked_sub(1));
        let number = number.ok_or_else(|| Error::bad_request("The page of the form is missing."))?;
        let sitting = fields.one("sitting").parse().unwrap_or_default();
        Ok(Posted { number, from_check: fields.one("from") == "check", sitting, fields })
    }

    /// The answers that were typed on the page and are not saved yet, with what their fields hold.
    fn typed(&self, definition: &Definition) -> Vec<(String, Typed)> {
        let topics = definition.topics();
        let Some(topic) = topics.get(self.number) else { return Vec::new() };
        let saved = self.fields.words("saved");
        let open = topic.items.iter().filter(|item| item.kind.is_question() && item.kind != Kind::File);
        let open = open.filter(|item| !saved.contains(item.id.as_str()));
        let typed = open.map(|item| (item, self.fields.typed(item)));
        let touched = typed.filter(|(item, typed)| !self.fields.is_untouched(item, typed));
        touched.map(|(item, typed)| (item.id.clone(), typed)).collect()
    }
}

/// Saves the page, and goes on.
pub async fn post(
    ctx: Ctx,
    Path(id): Path<ClientFormId>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response> {
    let fields = Fields(pairs);
    let sheet = match open(&ctx, id, fields.one("version").parse().ok()).await? {
        Ok(sheet) => sheet,
        Err(elsewhere) => {
            let mut response = lead_to(&ctx, &elsewhere)?;
            Cookie::Flash.set(&ctx.app, &mut response, "form-closed")?;
            return Ok(response);
        }
    };
    let posted = Posted::new(fields)?;
    let typed = posted.typed(&sheet.version.definition);
    let (sheet, refused) = save(&ctx, sheet, &posted, typed).await?;
    if !refused.is_empty() {
        return again(&ctx, &sheet, &posted, &refused);
    }
    if let Some(to) = beside(&ctx, &sheet, &posted).await? {
        return lead_to(&ctx, &to);
    }
    go(&ctx, &sheet, &posted).await
}

/// Keeps what was typed; the form as it stands then, and what could not be kept.
async fn save(ctx: &Ctx, sheet: Sheet, posted: &Posted, typed: Vec<(String, Typed)>) -> Result<(Sheet, Refused)> {
    if typed.is_empty() {
        return Ok((sheet, Refused::new()));
    }
    let (id, page) = (sheet.task.id, SavedPage { sitting: posted.sitting, version: Some(sheet.task.version) });
    let given: Vec<Given> = typed.iter().map(|(id, typed)| Given::now(id, Said::Typed(typed.clone()))).collect();
    let (saved, sheet) =
        ctx.door()?.write(move |p| Ok((super::save_on(p, id, page, &given)?, super::sheet(p, id)?))).await?;
    let refused = saved.kept.iter().zip(typed).filter_map(|((question, kept), (_, typed))| match kept {
        Kept::Refused(refusal) => Some((question.clone(), (typed, *refusal))),
        _ => None,
    });
    Ok((sheet, refused.collect()))
}

fn again(ctx: &Ctx, sheet: &Sheet, posted: &Posted, refused: &Refused) -> Result<Response> {
    let may_leave = refused.values().all(|(_, refusal)| *refusal == Refusal::Missing);
    let view =
        View { number: posted.number, from_check: posted.from_check, sitting: posted.sitting, refused, may_leave };
    page(ctx, sheet, &view, StatusCode::UNPROCESSABLE_ENTITY)
}

/// Ways that are no way on: a file to add or to take away, or questions that an answer on this page has brought up.
async fn beside(ctx: &Ctx, sheet: &Sheet, posted: &Posted) -> Result<Option<String>> {
    let place = Place::with(ctx, sheet.task.client)?;
    let action = place.form(sheet.task.id);
    let file = posted.fields.one("file");
    if !file.is_empty() {
        let query = serde_urlencoded::to_string([("question", file), ("page", posted.fields.one("page"))]);
        return Ok(Some(format!("{action}/file?{}", query.unwrap_or_default())));
    }
    let here = format!("{action}?page={}{}", posted.number + 1, if posted.from_check { "&from=check" } else { "" });
    let remove = posted.fields.one("remove").to_string();
    if !remove.is_empty() {
        let (id, sitting) = (sheet.task.id, posted.sitting);
        ctx.door()?.write(move |p| files::remove(p, id, sitting, &remove)).await?;
        return Ok(Some(here));
    }
    if matches!(posted.fields.one("go"), "back" | "close") {
        return Ok(None);
    }
    let definition = &sheet.version.definition;
    let (shown, known) = (forms::shown(definition, &sheet.answers), posted.fields.words("shown"));
    let topics = definition.topics();
    let items = topics.get(posted.number).map_or(&[][..], |topic| topic.items);
    let new = items.iter().find(|item| shown.contains(item.id.as_str()) && !known.contains(item.id.as_str()));
    Ok(new.filter(|item| item.kind.is_question()).map(|item| format!("{here}#{}", field_name(&item.id))))
}

/// To the page that comes next: unless something required is missing here, which can be left for later all the same.
async fn go(ctx: &Ctx, sheet: &Sheet, posted: &Posted) -> Result<Response> {
    let place = Place::with(ctx, sheet.task.client)?;
    let (id, pages) = (sheet.task.id, pages(sheet));
    let action = place.form(id);
    let before = pages.iter().rev().find(|page| **page < posted.number);
    let after = pages.iter().find(|page| **page > posted.number);
    match posted.fields.one("go") {
        "close" => return lead_to(ctx, &place.list()),
        "back" => {
            let to = before.map_or(place.list(), |page| format!("{action}?page={}", page + 1));
            return lead_to(ctx, &to);
        }
        "later" => {}
        _ => {
            let missing = missing_here(sheet, posted.number);
            if !missing.is_empty() {
                return again(ctx, sheet, posted, &missing);
            }
        }
    }
    match after.filter(|_| !posted.from_check) {
        Some(page) => lead_to(ctx, &format!("{action}?page={}", page + 1)),
        None if is_checked(sheet) => lead_to(ctx, &format!("{action}/check")),
        None => match check_page::send_in(ctx, id, None).await? {
            Outcome::Led(response) => Ok(response),
            Outcome::Missing(all) => again(ctx, sheet, posted, &missing(all)),
        },
    }
}

fn missing(questions: Vec<String>) -> Refused {
    questions.into_iter().map(|id| (id, (Typed::default(), Refusal::Missing))).collect()
}

fn missing_here(sheet: &Sheet, number: usize) -> Refused {
    let definition = &sheet.version.definition;
    let topics = definition.topics();
    let items = topics.get(number).map_or(&[][..], |topic| topic.items);
    let all = forms::missing(definition, &sheet.answers).into_iter().map(|item| item.id.clone());
    missing(all.filter(|id| items.iter().any(|item| item.id == *id)).collect())
}

/// Passes a form by that is not required.
pub async fn skip(ctx: Ctx, Path(id): Path<ClientFormId>) -> Result<Response> {
    let client = ctx.door()?.write(move |p| super::skip(p, id).and_then(|()| Ok(super::find(p, id)?.client))).await?;
    let place = Place::with(&ctx, client)?;
    let mut response = lead_to(&ctx, &place.list())?;
    if place == Place::Portal {
        Cookie::Flash.set(&ctx.app, &mut response, &format!("form-skipped:{id}"))?;
    }
    Ok(response)
}

/// Takes up after all what was passed by.
pub async fn unskip(ctx: Ctx, Path(id): Path<ClientFormId>) -> Result<Response> {
    let (place, _) = Place::of(&ctx)?;
    ctx.door()?
        .write(move |p| {
            if super::find(p, id)?.state == State::Skipped {
                super::give_again(p, id)?;
            }
            Ok(())
        })
        .await?;
    lead_to(&ctx, &place.list())
}
