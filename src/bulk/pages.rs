//! A run's page with its progress, and the strip that says how it goes on other pages.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::{Action, Run, Started, State, Whom, cancel, find, newest, skipped, start, undo};
use crate::access::ANY_STAFF;
use crate::audit::{Entry, note_read};
use crate::error::Result;
use crate::ids::{BulkRunId, ClientId};
use crate::people::initials;
use crate::routes::Routes;
use crate::ui::{Section, Shell};
use crate::web::{Cookie, Ctx, Form, Path, html, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes
        .post("/clients/bulk", ANY_STAFF, begin)
        .poll("/clients/bulk/mine", ANY_STAFF, strip)
        .get("/clients/bulk/{id}", ANY_STAFF, show)
        .poll("/clients/bulk/{id}/progress", ANY_STAFF, progress)
        .post("/clients/bulk/{id}/undo", ANY_STAFF, put_back)
        .post("/clients/bulk/{id}/cancel", ANY_STAFF, stop)
}

#[derive(Template)]
#[template(path = "bulk/run.html")]
struct RunPage {
    shell: Shell,
    progress: Progress,
    skipped: Vec<Skipped>,
    more_skipped: bool,
}

struct Skipped {
    id: String,
    name: String,
    initials: String,
    why: &'static str,
}

/// How a run goes; asks for itself again while it is under way.
#[derive(Template)]
#[template(path = "bulk/progress.html")]
struct Progress {
    id: String,
    headline: String,
    counts: String,
    value: i64,
    of: i64,
    under_way: bool,
    can_cancel: bool,
    can_undo: bool,
    explains: &'static str,
}
impl askama::filters::HtmlSafe for Progress {}

/// The same in a line, on the pages where people go meanwhile. Empty where there is no run to speak of.
#[derive(Template)]
#[template(path = "bulk/strip.html")]
struct Strip {
    run: Option<Progress>,
}

/// 10243 as "10,243".
fn said(count: i64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What is being done, and what has been done.
fn doing(action: Action) -> (&'static str, &'static str) {
    match action {
        Action::Invite => ("Inviting", "Invitations are on their way"),
        Action::Group(_) => ("Assigning the group", "Group assigned"),
        Action::Provider(_) => ("Assigning the provider", "Provider assigned"),
        Action::JoinTeam(_) => ("Adding to care teams", "Added to care teams"),
        Action::LeaveTeam(_) => ("Taking off care teams", "Taken off care teams"),
        Action::Archive => ("Archiving", "Archived"),
        Action::Restore => ("Restoring", "Restored"),
    }
}

fn progress_of(run: &Run, now: crate::clock::Instant) -> Progress {
    let (present, past) = doing(run.action);
    let (value, of) = match run.state {
        State::Undoing | State::Undone => (run.undone, run.done),
        _ => (run.looked_at(), run.gathered),
    };
    let headline = match run.state {
        State::Gathering => format!("{present}: looking for clients"),
        State::Running => present.to_string(),
        State::Done => past.to_string(),
        State::Cancelled => format!("{present} was stopped"),
        State::Undoing => "Putting back what was there".into(),
        State::Undone => "Undone".into(),
    };
    let skipped = if run.skipped > 0 { format!(", {} skipped", said(run.skipped)) } else { String::new() };
    let kept = run.done - run.undone;
    let counts = match run.state {
        State::Gathering => format!("{} found so far", said(run.gathered)),
        State::Running => format!("{} of {}{skipped}", said(run.looked_at()), said(run.gathered)),
        State::Done | State::Cancelled => format!("{} of {} clients{skipped}", said(run.done), said(run.gathered)),
        State::Undoing => format!("{} of {}", said(run.undone), said(run.done)),
        State::Undone if kept > 0 => {
            format!("{} put back, {} stay: they were changed since, or had left", said(run.undone), said(kept))
        }
        State::Undone => format!("{} put back", said(run.undone)),
    };
    let can_undo = run.can_undo(now);
    let explains = match (run.action, run.state.is_under_way(), can_undo) {
        (_, true, _) => "It goes on when you leave this page.",
        (Action::Invite, _, true) => "They leave one after the other. Undo takes back those that have not left yet.",
        (_, _, true) => "Undo puts back what was there, except where somebody has changed it since.",
        _ => "",
    };
    Progress {
        id: run.id.to_string(),
        headline,
        counts,
        value,
        of: of.max(1),
        under_way: run.state.is_under_way(),
        can_cancel: matches!(run.state, State::Gathering | State::Running),
        can_undo,
        explains,
    }
}

/// What a form wants done, and with whom.
struct Wish {
    action: Option<Action>,
    whom: Whom,
    /// Where the list was.
    back: String,
}

fn wish(pairs: &[(String, String)]) -> Wish {
    let given = |name: &str| pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    // A choice that was not made is not the choice of none.
    let choice = |name: &str| match given(name) {
        "none" => Some(None),
        text => text.parse().ok().map(Some),
    };
    let action = match given("action") {
        "group" => choice("group_id").map(|id: Option<uuid::Uuid>| Action::read("group", id)),
        "provider" => choice("provider_id").map(|id| Action::read("provider", id)),
        team @ ("join_team" | "leave_team") => given("team_id").parse().ok().map(|id| Action::read(team, Some(id))),
        other => Some(Action::read(other, None)),
    };
    let filter: Vec<(String, String)> = serde_urlencoded::from_str(given("filter")).unwrap_or_default();
    let filter = serde_urlencoded::to_string(filter).unwrap_or_default();
    let chosen = pairs.iter().filter(|(key, _)| key == "id").filter_map(|(_, id)| id.parse::<ClientId>().ok());
    Wish {
        action: action.flatten(),
        whom: if given("all") == "1" { Whom::Matching(filter.clone()) } else { Whom::Chosen(chosen.collect()) },
        back: if filter.is_empty() { "/clients".into() } else { format!("/clients?{filter}") },
    }
}

async fn begin(ctx: Ctx, Form(pairs): Form<Vec<(String, String)>>) -> Result<Response> {
    let wish = wish(&pairs);
    let Some(action) = wish.action else {
        return saying(&ctx, &wish.back, "bulk-choose");
    };
    let whom = wish.whom;
    match ctx.door()?.write(move |p| start(p, action, &whom)).await? {
        Started::Started(id) => lead_to(&ctx, &format!("/clients/bulk/{id}")),
        Started::Busy(id) => saying(&ctx, &format!("/clients/bulk/{id}"), "bulk-busy"),
        Started::Refused(refused) if refused.field == "ids" => saying(&ctx, &wish.back, "bulk-nobody"),
        Started::Refused(_) => saying(&ctx, &wish.back, "bulk-choose"),
    }
}

fn saying(ctx: &Ctx, to: &str, flash: &str) -> Result<Response> {
    let mut response = lead_to(ctx, to)?;
    Cookie::Flash.set(&ctx.app, &mut response, flash)?;
    Ok(response)
}

async fn show(ctx: Ctx, Path(id): Path<BulkRunId>) -> Result<Response> {
    let (run, names) = ctx.door()?.read(move |p| Ok((find(p, id)?, skipped(p, id)?))).await?;
    if !names.is_empty() {
        let entry = Entry::new("client.listed", "client", None).detail(names.len().to_string());
        note_read(&ctx.app, ctx.actor()?, entry).await?;
    }
    let shown = i64::try_from(names.len()).unwrap_or(0);
    let page = RunPage {
        shell: ctx.shell(doing(run.action).0, Section::Clients),
        progress: progress_of(&run, ctx.app.now()),
        more_skipped: shown < run.skipped,
        skipped: names
            .into_iter()
            .map(|(id, name, skip)| Skipped { id: id.to_string(), initials: initials(&name), name, why: skip.said() })
            .collect(),
    };
    html(StatusCode::OK, &page)
}

async fn progress(ctx: Ctx, Path(id): Path<BulkRunId>) -> Result<Response> {
    let run = ctx.door()?.read(move |p| find(p, id)).await?;
    // The page at its end shows more than its progress: who was skipped.
    if !run.state.is_under_way() && ctx.is_fragment {
        return lead_to(&ctx, &format!("/clients/bulk/{id}"));
    }
    html(StatusCode::OK, &progress_of(&run, ctx.app.now()))
}

async fn strip(ctx: Ctx) -> Result<Response> {
    let run = ctx.door()?.read(newest).await?;
    let now = ctx.app.now();
    html(StatusCode::OK, &Strip { run: run.map(|run| progress_of(&run, now)) })
}

async fn put_back(ctx: Ctx, Path(id): Path<BulkRunId>) -> Result<Response> {
    let begun = ctx.door()?.write(move |p| undo(p, id)).await?;
    let to = format!("/clients/bulk/{id}");
    if begun { lead_to(&ctx, &to) } else { saying(&ctx, &to, "bulk-too-late") }
}

async fn stop(ctx: Ctx, Path(id): Path<BulkRunId>) -> Result<Response> {
    ctx.door()?.write(move |p| cancel(p, id)).await?;
    lead_to(&ctx, &format!("/clients/bulk/{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_said_with_commas() {
        for (count, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (10_243, "10,243"), (1_234_567, "1,234,567")] {
            assert_eq!(said(count), text);
        }
    }

    #[test]
    fn a_choice_that_was_not_made_is_not_the_choice_of_none() {
        let pairs =
            |action: &str, group: &str| vec![("action".into(), action.into()), ("group_id".into(), group.into())];
        assert_eq!(wish(&pairs("group", "")).action, None);
        assert_eq!(wish(&pairs("group", "none")).action, Some(Action::Group(None)));
        assert_eq!(wish(&pairs("rename", "")).action, None);
        assert_eq!(wish(&pairs("archive", "")).action, Some(Action::Archive));
        assert_eq!(wish(&pairs("join_team", "none")).action, None);
    }
}
