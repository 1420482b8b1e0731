//! A run's job: short transactions, each with some clients, so that nobody else waits long.

use super::act::{act, put_back};
use super::{LIMIT, Run, State, queries, starter, target_is_missing};
use crate::access::Actor;
use crate::app::Shared;
use crate::clients;
use crate::error::{Error, Result};
use crate::ids::BulkRunId;
use crate::jobs::{Job, Kind as JobKind, Outcome, finish};
use crate::practice::{House, Practice};

/// Clients of one transaction. On SQLite some milliseconds; nobody's click waits behind more.
const SLICE: i64 = 20;
/// Clients gathered in one transaction.
const GATHER: i64 = 200;
/// Transactions before the job makes room for others.
const SLICES: usize = 100;

enum Step {
    More,
    Ended,
}

pub async fn run(app: &Shared, job: &Job) -> Result<Outcome> {
    let practice = job.practice()?;
    let id = BulkRunId(job.subject);
    for slice in 0..SLICES {
        let job = job.clone();
        let step = app
            .write(move |h| {
                let step = step(h, &Actor::system(practice), id)?;
                match step {
                    Step::Ended => finish(h, &job)?,
                    // Others' mails are not to wait for the end of this.
                    Step::More if slice + 1 == SLICES => {
                        finish(h, &job)?;
                        h.practice(&Actor::system(practice)).enqueue(JobKind::RunBulk, id.0, h.now)?;
                    }
                    Step::More => {}
                }
                Ok(step)
            })
            .await?;
        if matches!(step, Step::Ended) {
            break;
        }
    }
    Ok(Outcome::Done)
}

fn step(h: &House, system: &Actor, id: BulkRunId) -> Result<Step> {
    let Some(run) = queries::by_id(&h.practice(system), id)? else {
        return Ok(Step::Ended);
    };
    // Who was disabled does nothing any more, through a run neither.
    let Some(actor) = starter(h, system, &run)? else {
        queries::finish(&h.practice(system), id, State::Cancelled)?;
        return Ok(Step::Ended);
    };
    let p = &h.practice(&actor);
    match run.state {
        State::Gathering => gather(p, &run),
        State::Running if target_is_missing(p, run.action)?.is_some() => {
            queries::finish(p, id, State::Cancelled)?;
            Ok(Step::Ended)
        }
        State::Running => go_on(p, &run),
        State::Undoing => go_back(p, &run),
        State::Done | State::Cancelled | State::Undone => Ok(Step::Ended),
    }
}

fn gather(p: &Practice, run: &Run) -> Result<Step> {
    let query = run.query.as_deref().unwrap_or_default();
    let (found, next) = match clients::gather(p, query, run.cursor.as_deref(), GATHER) {
        // It was read when the run was started; a program of another version reads it otherwise.
        Err(Error::Invalid(_) | Error::BadRequest(_)) => {
            queries::finish(p, run.id, State::Cancelled)?;
            return Ok(Step::Ended);
        }
        found => found?,
    };
    let mut more = 0;
    for client in found {
        if queries::insert_item(p, run.id, client)? {
            more += 1;
        }
    }
    let next = next.filter(|_| run.gathered + more < LIMIT);
    let state = if next.is_some() { State::Gathering } else { State::Running };
    queries::gathered(p, run.id, more, next.as_deref(), state)?;
    Ok(Step::More)
}

fn go_on(p: &Practice, run: &Run) -> Result<Step> {
    let mut run = run.clone();
    let before = (run.done, run.skipped);
    let waiting = queries::items(p, run.id, "waiting", SLICE)?;
    for (client, _) in &waiting {
        match act(p, &run, *client)? {
            Ok(before) => {
                queries::done(p, run.id, *client, &before)?;
                run.done += 1;
            }
            Err(why) => {
                queries::skip(p, run.id, *client, why)?;
                run.skipped += 1;
            }
        }
    }
    queries::counted(p, run.id, run.done - before.0, run.skipped - before.1, 0)?;
    ended(p, &run, waiting.len(), State::Done)
}

fn go_back(p: &Practice, run: &Run) -> Result<Step> {
    let done = queries::items(p, run.id, "done", SLICE)?;
    let mut undone = 0;
    for (client, before) in &done {
        if put_back(p, run, *client, before)? {
            queries::undone(p, run.id, *client, "undone")?;
            undone += 1;
        } else {
            queries::undone(p, run.id, *client, "kept")?;
        }
    }
    queries::counted(p, run.id, 0, 0, undone)?;
    ended(p, run, done.len(), State::Undone)
}

fn ended(p: &Practice, run: &Run, count: usize, state: State) -> Result<Step> {
    if i64::try_from(count).unwrap_or(0) == SLICE {
        return Ok(Step::More);
    }
    queries::finish(p, run.id, state)?;
    Ok(Step::Ended)
}
