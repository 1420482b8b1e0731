//! The list of forms: what is left to do, in its order, and what is done.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::place::Place;
use super::{State, Task};
use crate::audit::{Entry, note_read};
use crate::error::Result;
use crate::forms::Purpose;
use crate::ids::ClientId;
use crate::practice::Practice;
use crate::ui::Shell;
use crate::web::{Ctx, html};
use crate::words::Words;

#[derive(Template)]
#[template(path = "intake/list.html")]
struct ListPage {
    shell: Shell,
    at_desk: bool,
    lead: String,
    /// The rest of the portal waits for what is required.
    gated: bool,
    open: Vec<Row>,
    done: Vec<Row>,
}

struct Row {
    href: String,
    title: String,
    facts: String,
    button: &'static str,
    /// The one thing to do next.
    is_next: bool,
    /// It is this one's turn; otherwise another step comes first.
    is_ready: bool,
    /// Passed by; it can be taken up after all.
    was_skipped: bool,
}

/// What people see of all that a client was given.
pub fn shown(tasks: Vec<Task>) -> Vec<Task> {
    tasks.into_iter().filter(|task| !matches!(task.state, State::Withdrawn | State::Waived)).collect()
}

/// Whether an open required step of the same flow comes before a task.
pub fn waits(tasks: &[Task], task: &Task) -> bool {
    let comes_first = |other: &Task| {
        other.flow == task.flow && other.position < task.position && other.is_required() && other.state.is_open()
    };
    task.flow.is_some() && tasks.iter().any(comes_first)
}

/// The open forms of a client, the one to go on with first, for whoever may see the client.
pub fn open_forms(p: &Practice, client: ClientId) -> Result<Vec<Task>> {
    let tasks = super::list(p, client)?;
    let first = next(&tasks).map(|task| task.id);
    let mut open: Vec<Task> = tasks.into_iter().filter(|task| task.state.is_open()).collect();
    open.sort_by_key(|task| Some(task.id) != first);
    Ok(open)
}

/// The task to go on with: the first that is open and whose turn it is, what is required before the rest.
pub fn next(tasks: &[Task]) -> Option<&Task> {
    let ready = || tasks.iter().filter(|task| task.state.is_open() && !waits(tasks, task));
    ready().find(|task| task.state == State::Started).or_else(|| ready().next())
}

fn minutes(count: usize, words: Words) -> String {
    words.with("forms-minutes", &[("minutes", &count.to_string())])
}

pub async fn show(ctx: Ctx) -> Result<Response> {
    let words = ctx.words();
    let (place, client) = Place::of(&ctx)?;
    let zone = ctx.practice()?.time_zone.clone();
    let (tasks, gated) = ctx.door()?.read(move |p| Ok((super::list(p, client)?, super::gate(p, client)?))).await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", client).detail("forms")).await?;
    let tasks = shown(tasks);
    let next = next(&tasks).map(|task| task.id);
    let row = |task: &Task| Row {
        href: place.form(task.id),
        title: task.title.clone(),
        facts: facts(task, &zone, words),
        button: button(task),
        is_next: next == Some(task.id),
        is_ready: !waits(&tasks, task),
        was_skipped: task.state == State::Skipped,
    };
    let open: Vec<&Task> = tasks.iter().filter(|task| task.state.is_open()).collect();
    let left = open.iter().map(|task| task.minutes_left()).sum();
    let lead = match open.len() {
        0 => words.t("forms-all-done"),
        n => words.with("forms-left", &[("count", &n.to_string()), ("minutes", &minutes(left, words))]),
    };
    let page = ListPage {
        shell: ctx.shell(words.t("forms-title"), place.section()),
        at_desk: place == Place::Desk,
        lead: if tasks.is_empty() { words.t("forms-none") } else { lead },
        gated,
        open: open.into_iter().map(row).collect(),
        done: tasks.iter().filter(|task| !task.state.is_open()).map(row).collect(),
    };
    html(StatusCode::OK, &page)
}

fn button(task: &Task) -> &'static str {
    match (task.state, task.purpose) {
        (State::Started, _) => "forms-go-on",
        (_, Purpose::Form) => "forms-begin",
        _ => "forms-read",
    }
}

fn facts(task: &Task, zone: &str, words: Words) -> String {
    let needed = words.t(if task.is_required() { "forms-required" } else { "forms-optional" });
    match (task.state, task.done_at) {
        (State::Done, Some(at)) => words.with("forms-done-at", &[("time", &at.said_in(zone))]),
        (State::Skipped, _) => words.t("forms-skipped"),
        _ if task.reopened_at.is_some() => [words.t("forms-reopened"), minutes(task.minutes_left(), words)].join(" · "),
        (State::Started, _) => {
            let (answered, asked) = (task.answered.to_string(), task.asked.to_string());
            let answered = words.with("forms-answered", &[("answered", &answered), ("asked", &asked)]);
            [needed, answered, minutes(task.minutes_left(), words)].join(" · ")
        }
        _ => [needed, minutes(task.minutes_left(), words)].join(" · "),
    }
}
