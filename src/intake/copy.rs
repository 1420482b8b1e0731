//! What was answered, as it is read: on the page that is checked before it is handed in, and as the copy that is kept.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::http::StatusCode;
use axum::response::Response;

use super::fill_page::pages;
use super::place::{Place, note_form};
use super::{By, Giver, Sheet, State};
use crate::clients;
use crate::error::{Error, Result};
use crate::forms::{self, Answer, Item, Kind, field_name};
use crate::ids::ClientFormId;
use crate::ui::Shell;
use crate::web::{Ctx, Path, html};
use crate::words::Words;

/// All questions that are shown, with their answers; printed by `{{ copied }}`.
#[derive(Template)]
#[template(path = "intake/copied.html")]
pub struct Copied {
    topics: Vec<Topic>,
    /// Where an answer can be changed; empty: nowhere.
    changes: String,
    words: Words,
}
impl HtmlSafe for Copied {}

struct Topic {
    /// Counted from 1, as addresses do.
    number: usize,
    heading: String,
    lines: Vec<Line>,
}

struct Line {
    id: String,
    anchor: String,
    is_question: bool,
    text: Vec<String>,
    answer: String,
    is_missing: bool,
    /// A drawn signature, as a path of SVG.
    drawn: String,
    signed: bool,
}

impl Line {
    /// What can be done with the answer, and the same with its question for those who hear it alone.
    fn change(&self, copied: &Copied) -> String {
        copied.t(if self.answer.is_empty() { "forms-answer-it" } else { "forms-change" })
    }

    fn change_label(&self, copied: &Copied) -> String {
        format!("{}: {}", self.change(copied), self.text.join(" "))
    }
}

impl Copied {
    /// With a link beside each answer that leads to its page.
    pub fn changes_at(mut self, action: &str) -> Copied {
        self.changes = action.to_string();
        self
    }

    fn t(&self, key: &str) -> String {
        self.words.t(key)
    }
}

/// A sheet as it is read.
pub fn copied(sheet: &Sheet, words: Words) -> Copied {
    let definition = &sheet.version.definition;
    let shown = forms::shown(definition, &sheet.answers);
    let topics = definition.topics();
    let pages = pages(sheet);
    let topic = |number: usize| {
        let topic = topics.get(number)?;
        let lines = topic.items.iter().filter(|item| shown.contains(item.id.as_str()));
        Some(Topic {
            number: number + 1,
            heading: topic.heading.map(|item| item.text.clone()).unwrap_or_default(),
            lines: lines.map(|item| line(item, sheet.answers.get(&item.id), words)).collect(),
        })
    };
    Copied { topics: pages.into_iter().filter_map(topic).collect(), changes: String::new(), words }
}

fn line(item: &Item, answer: Option<&Answer>, words: Words) -> Line {
    let (yes, no) = (words.t("forms-yes"), words.t("forms-no"));
    let signature = match answer {
        Some(Answer::Signature(signature)) => Some(signature),
        _ => None,
    };
    Line {
        id: item.id.clone(),
        anchor: field_name(&item.id),
        is_question: item.kind.is_question(),
        text: item.text.split("\n\n").map(str::trim).filter(|part| !part.is_empty()).map(str::to_string).collect(),
        answer: answer.map(|answer| forms::said(Some(item), answer, (&yes, &no))).unwrap_or_default(),
        is_missing: item.required && answer.is_none(),
        drawn: signature.map(forms::path).unwrap_or_default(),
        signed: item.kind == Kind::Signature && signature.is_some(),
    }
}

#[derive(Template)]
#[template(path = "intake/copy.html")]
struct CopyPage {
    shell: Shell,
    practice: String,
    client: String,
    /// Who handed it in and when, and which version it was.
    facts: Vec<String>,
    intro: Vec<String>,
    copied: Copied,
    left_out: String,
}

/// The copy of what was handed in.
pub async fn show(ctx: Ctx, Path(id): Path<ClientFormId>) -> Result<Response> {
    let words = ctx.words();
    let (place, client) = Place::of(&ctx)?;
    let (sheet, client) =
        ctx.door()?.read(move |p| Ok((super::sheet(p, id)?, clients::open(p, client)?.name()))).await?;
    if place != Place::Portal || sheet.task.state != State::Done {
        return Err(Error::NotFound);
    }
    note_form(&ctx, sheet.task.client, id).await?;
    let practice = ctx.practice()?;
    let page = CopyPage {
        shell: ctx.shell(sheet.task.title.clone(), place.section()),
        practice: practice.name.clone(),
        facts: facts(&sheet, &client, &practice.time_zone, words),
        client,
        intro: sheet.version.definition.intro.split("\n\n").map(str::to_string).filter(|p| !p.is_empty()).collect(),
        copied: copied(&sheet, words),
        left_out: match sheet.task.left_out {
            0 => String::new(),
            n => words.with("forms-left-out", &[("count", &n.to_string())]),
        },
    };
    html(StatusCode::OK, &page)
}

/// Who handed a form in, when, and which version it was.
fn facts(sheet: &Sheet, client: &str, zone: &str, words: Words) -> Vec<String> {
    let task = &sheet.task;
    let at = task.done_at.map(|at| at.said_in(zone)).unwrap_or_default();
    let who = task.done_by.as_ref().map(|by| by_said(by, client, words)).unwrap_or_default();
    let number = sheet.version.number.to_string();
    let published = sheet.version.published_at.said_in(zone);
    let by = match who.as_str() {
        "" => words.with("forms-copy-at", &[("time", &at)]),
        who => words.with("forms-copy-by", &[("who", who), ("time", &at)]),
    };
    vec![by, words.with("forms-copy-version", &[("number", &number), ("time", &published)])]
}

fn by_said(by: &By, client: &str, words: Words) -> String {
    match (by.giver, &by.name) {
        (Giver::Client, _) => client.to_string(),
        (Giver::Desk, _) => words.with("forms-by-desk", &[("name", client)]),
        (_, Some(name)) => name.clone(),
        _ => String::new(),
    }
}
