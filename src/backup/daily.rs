//! The daily copies: made by one of the servers, at an hour, and kept by age.
//!
//! This is no job of the outbox: a copy may take a minute, and mail must not wait for it. The claim is a row that every
//! server sees, with a lease that its holder renews; a server that dies leaves it to run out.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;

use super::{Made, Order, age, queries};
use crate::app::Shared;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::practice::House;

/// How often a server looks whether a copy is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// What all servers know of the copies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// When the newest copy was begun, or when a server first looked.
    since: i64,
    /// Whether `since` is a copy's.
    made: bool,
    claim: Option<Uuid>,
    claimed_until: i64,
    /// Since the last copy that succeeded.
    failures: i64,
    not_before: i64,
}

/// The first time the clock shows the hour after a moment.
fn due_after(since: Instant, hour: i8) -> Instant {
    let since = since.timestamp().to_zoned(TimeZone::UTC);
    let today = since.date().at(hour, 0, 0, 0).to_zoned(TimeZone::UTC);
    let due = today.and_then(|today| {
        if today > since { Ok(today) } else { today.tomorrow()?.date().at(hour, 0, 0, 0).to_zoned(TimeZone::UTC) }
    });
    Instant(due.map_or(i64::MAX, |due| due.timestamp().as_microsecond()))
}

impl State {
    fn is_due(&self, hour: i8, now: Instant) -> bool {
        let is_claimed = self.claim.is_some() && self.claimed_until > now.0;
        now >= due_after(Instant(self.since), hour) && now.0 >= self.not_before && !is_claimed
    }
}

fn read(h: &House) -> Result<Option<State>> {
    let parse = |text: String| serde_json::from_str(&text).map_err(|e| Error::internal(format!("backup state: {e}")));
    queries::read(h)?.map(parse).transpose()
}

fn write(h: &House, state: &State) -> Result<()> {
    queries::write(h, &serde_json::to_string(state).map_err(|e| Error::internal(e.to_string()))?)
}

/// Claims the copy that is due. Nothing: none is, or another server makes it.
fn claim(h: &House, hour: i8, claim: Uuid) -> Result<Option<State>> {
    let Some(mut state) = read(h)? else {
        write(h, &State { since: h.now.0, ..State::default() })?;
        return Ok(None);
    };
    if state.is_due(hour, h.now) {
        state.claim = Some(claim);
        state.claimed_until = h.now.plus(h.app.config.lease).0;
        write(h, &state)?;
    }
    Ok(Some(state))
}

/// Changes the state as long as the claim is ours.
fn settle(h: &House, claim: Uuid, change: &dyn Fn(&mut State)) -> Result<()> {
    match read(h)?.filter(|state| state.claim == Some(claim)) {
        None => Ok(()),
        Some(mut state) => {
            change(&mut state);
            write(h, &state)
        }
    }
}

/// Looks for copies that are due until the server stops; one that is under way then is given up.
pub async fn run_until(app: Shared, mut stop: watch::Receiver<bool>) {
    let give_up = Arc::new(AtomicBool::new(false));
    let mut asked = stop.clone();
    let flag = give_up.clone();
    tokio::spawn(async move {
        let _ = asked.changed().await;
        flag.store(true, Ordering::Relaxed);
    });
    while !*stop.borrow() {
        if let Err(e) = run_if_due(&app, &give_up).await {
            tracing::error!(error = %e, "the daily copy was not made; it is tried again");
        }
        tokio::select! {
            _ = stop.changed() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Makes the copy that is due, and removes those that have had their time. Nothing: none is due here and now.
pub async fn run_if_due(app: &Shared, give_up: &Arc<AtomicBool>) -> Result<Option<Made>> {
    let Some(hour) = app.config.backup_hour else { return Ok(None) };
    let (mine, began) = (app.ids.new_id(), app.now());
    let state = app.write(move |h| claim(h, hour, mine)).await?;
    let Some(state) = state else { return Ok(None) };
    if state.made {
        app.metrics.backup_newest.set(state.since / 1_000_000);
    }
    if state.claim != Some(mine) {
        return Ok(None);
    }
    let outcome = while_renewing(app, mine, give_up).await;
    match &outcome {
        Ok(made) => {
            tracing::info!(bytes = made.bytes, "the daily copy is made");
            app.metrics.backups_made.inc();
            app.metrics.backup_newest.set(began.0 / 1_000_000);
            app.write(move |h| {
                settle(h, mine, &|state| *state = State { since: began.0, made: true, ..State::default() })
            })
            .await?;
        }
        Err(_) if give_up.load(Ordering::Relaxed) => {
            app.write(move |h| settle(h, mine, &|state| state.claim = None)).await?;
        }
        Err(_) => {
            app.metrics.backups_failed.inc();
            let now = app.now();
            app.write(move |h| {
                settle(h, mine, &|state| {
                    state.claim = None;
                    state.failures += 1;
                    state.not_before = now.plus(crate::jobs::next_try(state.failures)).0;
                })
            })
            .await?;
        }
    }
    outcome.map(Some)
}

/// On a thread and a connection of its own: requests and verbs go on beside it.
async fn while_renewing(app: &Shared, mine: Uuid, give_up: &Arc<AtomicBool>) -> Result<Made> {
    let mut making = tokio::task::spawn_blocking({
        let (app, give_up) = (app.clone(), give_up.clone());
        move || copy(&app, &give_up)
    });
    loop {
        tokio::select! {
            made = &mut making => return made.map_err(|e| Error::internal(e.to_string()))?,
            () = tokio::time::sleep(app.config.lease / 4) => {}
        }
        let until = app.now().plus(app.config.lease).0;
        if let Err(e) = app.write(move |h| settle(h, mine, &|state| state.claimed_until = until)).await {
            tracing::warn!(error = %e, "the claim on the daily copy could not be renewed");
        }
    }
}

fn copy(app: &Shared, give_up: &AtomicBool) -> Result<Made> {
    let folder = &app.config.backup_dir;
    make_folder(folder)?;
    let now = app.now();
    let to = folder.join(age::name(now.timestamp().to_zoned(TimeZone::UTC).datetime()));
    let order = Order { to: &to, passphrase: app.config.backup_passphrase.as_deref(), now, stop: give_up };
    let made = super::make(&app.config, &order)?;
    // A copy that cannot be removed is no reason to call the new one a failure.
    if let Err(e) = thin_out(folder) {
        tracing::warn!(error = %e, "old copies could not be removed");
    }
    Ok(made)
}

fn make_folder(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|e| Error::config(format!("RUH_BACKUP_DIR: {}: {e}", folder.display())))
}

/// Removes copies that have had their time, and what a server that died has left half written. Nothing else.
fn thin_out(folder: &Path) -> std::io::Result<()> {
    let mut copies: Vec<DateTime> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.file_type()?.is_file() {
            continue;
        }
        let half = name.strip_suffix(super::UNFINISHED).and_then(|name| name.strip_suffix('.'));
        if half.and_then(age::moment).is_some() {
            let is_dead = std::fs::File::options().write(true).open(entry.path())?.try_lock().is_ok();
            if is_dead {
                std::fs::remove_file(entry.path())?;
            }
        }
        copies.extend(age::moment(&name));
    }
    age::outdated(&copies).into_iter().try_for_each(|at| std::fs::remove_file(folder.join(age::name(at))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
    }

    #[test]
    fn a_copy_is_due_when_the_clock_next_shows_the_hour() {
        let cases = [
            ("2026-03-02T15:00:00Z", 2, "2026-03-03T02:00:00Z"),
            ("2026-03-02T01:59:59Z", 2, "2026-03-02T02:00:00Z"),
            ("2026-03-02T02:00:00Z", 2, "2026-03-03T02:00:00Z"),
            ("2026-12-31T23:30:00Z", 23, "2027-01-01T23:00:00Z"),
            ("2026-03-02T15:00:00Z", 0, "2026-03-03T00:00:00Z"),
        ];
        for (since, hour, due) in cases {
            assert_eq!(due_after(at(since), hour), at(due), "{since} {hour}");
        }
    }

    #[test]
    fn a_claim_holds_others_off_until_it_runs_out() {
        let since = at("2026-03-02T15:00:00Z");
        let now = at("2026-03-03T02:00:10Z");
        let state = State { since: since.0, ..State::default() };
        assert!(state.is_due(2, now));
        assert!(!state.is_due(2, at("2026-03-03T01:59:59Z")));
        let claimed = |until: Instant| State { claim: Some(Uuid::nil()), claimed_until: until.0, ..state.clone() };
        assert!(!claimed(now.plus(Duration::from_secs(1))).is_due(2, now));
        assert!(claimed(now).is_due(2, now));
        assert!(!State { not_before: now.0 + 1, ..state.clone() }.is_due(2, now));
        assert!(state.is_due(2, at("2026-03-09T09:00:00Z")), "a server that was off for days makes up for it");
    }
}
