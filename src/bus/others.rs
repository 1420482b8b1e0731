//! Other processes on the same PostgreSQL: hints go out by NOTIFY and come in by LISTEN. Sent after the commit and not in
//! it: inside, every verb that says something would wait for one lock of the whole server.

use std::sync::{Arc, Weak};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use postgres::fallible_iterator::FallibleIterator;
use serde::{Deserialize, Serialize};

use super::{Hint, slots::Slots};
use crate::db;

const CHANNEL: &str = "ruh_bus";
/// Hints that wait to go out at most.
const WAITING: usize = 10_000;
/// Bytes of one notice; PostgreSQL takes 8,000.
const NOTICE_LIMIT: usize = 7_500;
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often a listener looks whether anybody still wants it.
const LOOK_EVERY: Duration = Duration::from_millis(500);

#[derive(Serialize, Deserialize)]
struct Notice {
    /// Which process says it: it has heard itself already.
    from: String,
    hints: Vec<Hint>,
}

/// Starts both threads; where hints go out. Nothing on SQLite.
pub fn join(url: &str, slots: &Arc<Slots>) -> Option<Sender<Hint>> {
    if db::path_of(url).ok()?.is_some() {
        return None;
    }
    let me = crate::secrets::new_token();
    let (outside, waiting) = crossbeam_channel::bounded(WAITING);
    let (to, from, own) = (url.to_string(), url.to_string(), me.clone());
    let heard = Arc::downgrade(slots);
    let sending = std::thread::Builder::new().name("ruh-bus-send".into()).spawn(move || send(&to, &me, &waiting));
    let hearing = std::thread::Builder::new().name("ruh-bus-hear".into()).spawn(move || hear(&from, &own, &heard));
    if sending.is_err() || hearing.is_err() {
        tracing::error!("no thread for the bus: other processes hear late of what happens here");
    }
    Some(outside)
}

fn send(url: &str, me: &str, waiting: &Receiver<Hint>) {
    let mut client = None;
    while let Ok(first) = waiting.recv() {
        let mut hints = vec![first];
        hints.extend(waiting.try_iter().take(20));
        for notice in notices(me, hints) {
            if client.as_ref().is_none_or(postgres::Client::is_closed) {
                client = db::client(url).ok();
            }
            // What is lost here others find by themselves when they next look.
            let sent = client.as_mut().map(|client| client.execute("select pg_notify($1, $2)", &[&CHANNEL, &notice]));
            if !matches!(sent, Some(Ok(_))) {
                client = None;
                std::thread::sleep(AGAIN_AFTER);
            }
        }
    }
}

/// As few notices as hold them.
fn notices(me: &str, hints: Vec<Hint>) -> Vec<String> {
    let text = |hints: Vec<Hint>| serde_json::to_string(&Notice { from: me.into(), hints }).unwrap_or_default();
    let whole = text(hints.clone());
    if whole.len() <= NOTICE_LIMIT {
        return vec![whole];
    }
    let parts = |hint: Hint| match hint {
        Hint::News(ids) => ids.chunks(100).map(|part| Hint::News(part.to_vec())).collect(),
        Hint::Lost(ids) => ids.chunks(100).map(|part| Hint::Lost(part.to_vec())).collect(),
        typing => vec![typing],
    };
    hints.into_iter().flat_map(parts).map(|hint| text(vec![hint])).filter(|one| one.len() <= NOTICE_LIMIT).collect()
}

fn hear(url: &str, me: &str, slots: &Weak<Slots>) {
    while slots.strong_count() > 0 {
        if let Err(error) = hear_once(url, me, slots) {
            tracing::warn!(%error, "the bus lost its connection");
        }
        if let Some(slots) = slots.upgrade() {
            slots.wake_all();
        }
        std::thread::sleep(AGAIN_AFTER);
    }
}

fn hear_once(url: &str, me: &str, slots: &Weak<Slots>) -> Result<(), db::DbError> {
    let lost = |e: postgres::Error| db::DbError::Unavailable(e.to_string());
    let mut client = db::client(url)?;
    client.batch_execute("listen ruh_bus").map_err(lost)?;
    // What was said before it listened nobody has heard.
    if let Some(slots) = slots.upgrade() {
        slots.wake_all();
    }
    loop {
        {
            let mut heard = client.notifications();
            let mut coming = heard.timeout_iter(LOOK_EVERY);
            while let Some(notice) = coming.next().map_err(lost)? {
                let Some(slots) = slots.upgrade() else { return Ok(()) };
                let notice: Option<Notice> = serde_json::from_str(notice.payload()).ok();
                for hint in notice.filter(|notice| notice.from != me).into_iter().flat_map(|notice| notice.hints) {
                    slots.wake(&hint);
                }
            }
        }
        if slots.strong_count() == 0 {
            return Ok(());
        }
        if client.is_closed() {
            return Err(db::DbError::Unavailable("the connection ended".into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_notice_is_never_larger_than_postgres_takes() {
        let many: Vec<Uuid> = (0..1_000).map(Uuid::from_u128).collect();
        let hints = vec![Hint::News(many.clone()), Hint::Lost(vec![Uuid::nil()])];
        let all = notices("me", hints);
        assert!(all.len() > 2 && all.iter().all(|notice| notice.len() <= NOTICE_LIMIT));
        let back: Vec<Hint> = all.iter().flat_map(|n| serde_json::from_str::<Notice>(n).unwrap().hints).collect();
        let news: Vec<Uuid> =
            back.iter().flat_map(|h| if let Hint::News(ids) = h { ids.clone() } else { vec![] }).collect();
        assert_eq!(news, many);
    }
}
