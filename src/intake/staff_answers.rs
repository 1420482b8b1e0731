//! The answers to one form, as the care team reads and prints them: what counts, what was there before, and by whom.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

use super::staff_forms::{said_by, status};
use super::{Alert, Past, Sheet, State, queries};
use crate::access::CLINICAL;
use crate::audit::{Entry, note_read};
use crate::clients::{self, Head, Side};
use crate::error::Result;
use crate::forms::{self, Answer, Item, Kind, Score};
use crate::ids::{ClientFormId, ClientId};
use crate::practice::Practice;
use crate::routes::Routes;
use crate::ui::{Section, Shell, Status};
use crate::web::{Ctx, Path, html};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/client-forms/{id}", CLINICAL, show)
}

#[derive(Template)]
#[template(path = "intake/answers.html")]
struct AnswersPage {
    shell: Shell,
    head: Head,
    id: ClientFormId,
    client: ClientId,
    form: String,
    title: String,
    status: Status,
    facts: Vec<(&'static str, String)>,
    score: String,
    left_out: String,
    alerts: Vec<(Uuid, String)>,
    topics: Vec<TopicView>,
    /// Questions that are not asked as the answers stand, and were answered once.
    hidden: Vec<QuestionView>,
    is_open: bool,
    is_done: bool,
    archived: bool,
    compare: bool,
}

struct TopicView {
    heading: String,
    lines: Vec<Line>,
}

enum Line {
    /// Read, and not answered.
    Text(String),
    Question(QuestionView),
}

struct QuestionView {
    id: String,
    text: String,
    /// Empty: not answered.
    answer: String,
    critical: bool,
    /// A document of the client.
    file: Option<Uuid>,
    signature: Option<Signed>,
    past: Vec<PastView>,
}

struct Signed {
    /// Empty: the typed name is the signature.
    path: String,
    when: String,
}

struct PastView {
    answer: String,
    facts: String,
}

struct Seen {
    head: Head,
    sheet: Sheet,
    history: Vec<Past>,
    alerts: Vec<Alert>,
    done: usize,
}

fn look(p: &Practice, id: ClientFormId, zone: &str) -> Result<Seen> {
    let sheet = super::sheet(p, id)?;
    let client = sheet.task.client;
    let again = |one: &super::Task| one.form == sheet.task.form && one.state == State::Done;
    Ok(Seen {
        head: clients::head(p, client, zone, Side::Forms)?,
        history: super::history(p, id)?,
        alerts: queries::alerts_of(p, id)?.into_iter().filter(|alert| alert.seen_at.is_none()).collect(),
        done: super::list(p, client)?.iter().filter(|one| again(one)).count(),
        sheet,
    })
}

async fn show(ctx: Ctx, Path(id): Path<ClientFormId>) -> Result<Response> {
    let zone = ctx.practice()?.time_zone.clone();
    let seen = ctx
        .door()?
        .read({
            let zone = zone.clone();
            move |p| look(p, id, &zone)
        })
        .await?;
    let task = &seen.sheet.task;
    let entry = Entry::new("form.read", "client_form", Some(id.0)).client(task.client);
    note_read(&ctx.app, ctx.actor()?, entry).await?;
    let shown = forms::shown(&seen.sheet.version.definition, &seen.sheet.answers);
    let topics = topics(&seen, &zone, &shown);
    let hidden: Vec<QuestionView> = seen
        .sheet
        .version
        .definition
        .questions()
        .filter(|item| !shown.contains(item.id.as_str()))
        .map(|item| question(item, &seen, &zone))
        .filter(|view| !view.past.is_empty() || !view.answer.is_empty())
        .collect();
    let score = forms::score(&seen.sheet.version.definition, &seen.sheet.answers);
    let text = |alert: &Alert| {
        let item = seen.sheet.version.definition.item(&alert.question);
        (alert.id, item.map(|item| item.text.clone()).unwrap_or_default())
    };
    let page = AnswersPage {
        shell: ctx.shell(task.title.clone(), Section::Clients),
        id,
        client: task.client,
        form: task.form.to_string(),
        title: task.title.clone(),
        status: status(task.state),
        facts: facts(&seen.sheet, &zone),
        score: score.as_ref().map(score_said).unwrap_or_default(),
        left_out: match task.left_out {
            0 => String::new(),
            1 => "1 answer to a hidden question was left out.".into(),
            n => format!("{n} answers to hidden questions were left out."),
        },
        alerts: seen.alerts.iter().map(text).collect(),
        topics,
        hidden,
        is_open: task.state.is_open(),
        is_done: task.state == State::Done,
        archived: seen.head.archived,
        compare: seen.done > 1 || (seen.done == 1 && score.is_some()),
        head: seen.head,
    };
    html(StatusCode::OK, &page)
}

/// "PHQ-9: 12 of 27, Moderate".
pub fn score_said(score: &Score) -> String {
    let name = if score.name.is_empty() { "Score" } else { score.name };
    let band = if score.band.is_empty() { String::new() } else { format!(", {}", score.band.to_lowercase()) };
    format!("{name}: {} of {}{band}", score.sum, score.most)
}

/// Which version it is, and who did what when.
fn facts(sheet: &Sheet, zone: &str) -> Vec<(&'static str, String)> {
    let (task, version) = (&sheet.task, &sheet.version);
    let mut facts = vec![
        ("Version", format!("{} of {}", task.version_number, version.published_at.said_in(zone))),
        ("Given", task.given_at.said_in(zone)),
    ];
    facts.extend(task.started_at.map(|at| ("Begun", at.said_in(zone))));
    facts.extend(task.reopened_at.map(|at| ("Opened again", at.said_in(zone))));
    if task.state.is_open() {
        facts.push(("Answered", format!("{} of {}", task.answered.min(task.asked as i64), task.asked)));
        facts.extend(task.saved_at.map(|at| ("Last saved", at.said_in(zone))));
    }
    facts.extend(task.done_at.map(|at| ("Handed in", at.said_in(zone))));
    facts.extend(task.done_by.as_ref().map(|by| ("Filled in by", said_by(by))));
    facts
}

fn topics(seen: &Seen, zone: &str, shown: &std::collections::BTreeSet<&str>) -> Vec<TopicView> {
    let definition = &seen.sheet.version.definition;
    let line = |item: &Item| match item.kind {
        Kind::Heading | Kind::Explanation => Line::Text(item.text.clone()),
        _ => Line::Question(question(item, seen, zone)),
    };
    let mut all = Vec::new();
    for topic in definition.topics() {
        let lines: Vec<Line> = topic.items.iter().filter(|item| shown.contains(item.id.as_str())).map(line).collect();
        if !lines.is_empty() {
            all.push(TopicView { heading: topic.heading.map(|item| item.text.clone()).unwrap_or_default(), lines });
        }
    }
    all
}

/// An answer as the staff read it.
pub fn said(item: Option<&Item>, answer: &Answer) -> String {
    forms::said(item, answer, ("Yes", "No"))
}

fn question(item: &Item, seen: &Seen, zone: &str) -> QuestionView {
    let answer = seen.sheet.answers.get(&item.id);
    let own = || seen.history.iter().filter(|past| past.question == item.id);
    let signed = own().find(|past| past.counts);
    QuestionView {
        id: item.id.clone(),
        text: item.text.clone(),
        answer: answer.map(|answer| said(Some(item), answer)).unwrap_or_default(),
        critical: answer.is_some_and(|answer| forms::is_critical(&seen.sheet.version.definition, item, answer)),
        file: match answer {
            Some(Answer::File(file)) => Some(file.document),
            _ => None,
        },
        signature: match answer {
            Some(Answer::Signature(signature)) => Some(Signed {
                path: forms::path(signature),
                when: signed.map(|past| past.saved_at.said_in(zone)).unwrap_or_default(),
            }),
            _ => None,
        },
        past: own().filter(|past| !past.counts).map(|past| past_view(item, past, zone)).collect(),
    }
}

fn past_view(item: &Item, past: &Past, zone: &str) -> PastView {
    let why = match past.ended.as_deref() {
        Some("hidden") => "left out, as the question was hidden",
        Some("reopened") => "ended when the form was opened again",
        _ => "replaced by a later answer",
    };
    PastView {
        answer: past.answer.as_ref().map_or_else(|| "No answer".into(), |answer| said(Some(item), answer)),
        facts: format!("{} by {}, {why}", past.saved_at.said_in(zone), said_by(&past.by)),
    }
}
