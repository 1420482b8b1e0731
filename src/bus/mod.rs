//! Bus: who is to look again. A verb says so while it runs; once it is committed, every open stream that it concerns is
//! woken, in this process at once and in others through PostgreSQL. What is said holds ids and nothing else: whoever is
//! woken reads the database as themselves, and so gets no more than they may have.

mod others;
mod slots;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crossbeam_channel::Sender;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

use crate::db::{Sql, Value};
use slots::Slots;
pub use slots::{Listener, Woken};

/// What somebody is to look at again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hint {
    /// Something is new for these: members, clients, or the desk of a practice.
    News(Vec<Uuid>),
    /// Whoever stands on one of these may have lost what they had: a practice, an account, a session, a place.
    Lost(Vec<Uuid>),
    /// Somebody types in a conversation. Nothing of it is kept.
    Typing { to: Vec<Uuid>, conversation: Uuid, who: Uuid },
}

/// Whom a change concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Those who stand on one of the ids that its statement was given, beside the practice.
    Named,
    /// Everybody in the practice: a provider who is disabled is gone from all their clients' conversations.
    Practice,
}

/// Changes of who may be where and see what, by how their statements begin. What only gives is not among them, but for the
/// care team: whoever waits to write is told that somebody is there.
const TAKING: &[(&str, Reach)] = &[
    ("update sessions set ended_at", Reach::Practice),
    ("delete from sessions", Reach::Practice),
    ("update members set", Reach::Practice),
    ("delete from care_team", Reach::Named),
    ("insert into care_team", Reach::Named),
    ("update portal_access set", Reach::Named),
    ("update contacts set", Reach::Practice),
    ("update clients set status", Reach::Named),
    ("update practices set", Reach::Practice),
    ("update api_tokens set revoked_at", Reach::Practice),
];

/// Whom a statement can take something away from, of those who are looking at it.
fn takes(sql: &Sql) -> Option<Reach> {
    TAKING.iter().find(|(begins, _)| sql.sqlite.starts_with(begins)).map(|(_, reach)| *reach)
}

/// What a transaction said. Nobody hears of it before the commit, nor at all after a rollback.
#[derive(Debug, Default)]
pub struct Said(Mutex<Vec<Hint>>);

impl Said {
    pub fn say(&self, hint: Hint) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.contains(&hint) {
            all.push(hint);
        }
    }

    /// Says what a statement may have taken: from whoever stands on one of the ids that it was given.
    pub fn note(&self, sql: &Sql, params: &[Value]) {
        let Some(reach) = takes(sql) else { return };
        let id = |value: &Value| match value {
            Value::Uuid(id) => Some(*id),
            _ => None,
        };
        // A tenant's statement has the practice first.
        let all = params.iter().skip(usize::from(reach == Reach::Named));
        self.say(Hint::Lost(all.filter_map(id).collect()));
    }

    /// Forgets everything: the transaction is run again.
    pub fn clear(&self) {
        self.take();
    }

    pub fn take(&self) -> Vec<Hint> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Default)]
pub struct Bus {
    slots: Arc<Slots>,
    /// The way to other processes, where there is one.
    outside: OnceLock<Sender<Hint>>,
    stopped: AtomicBool,
    calm: Calm,
}

/// How many streams look at once of those for whom nothing is known to be new.
const CALM: usize = 16;

struct Calm(Semaphore);

impl Default for Calm {
    fn default() -> Calm {
        Calm(Semaphore::new(CALM))
    }
}

impl Bus {
    /// Wakes whom a hint concerns, here and in other processes.
    pub fn publish(&self, hint: Hint) {
        self.slots.wake(&hint);
        // One that finds no room is not waited for: every stream looks by itself now and then.
        if let Some(outside) = self.outside.get() {
            let _ = outside.try_send(hint);
        }
    }

    /// Listens until it is dropped. `news`: the ids whose news are heard; `stands`: those that one stands on. `None`: they
    /// listen too often, or too many do.
    pub fn listen(&self, who: Uuid, news: &[Uuid], stands: &[Uuid]) -> Option<Listener> {
        Slots::listen(&self.slots, who, news, stands)
    }

    /// Waits for a turn to look without being told that anything is new: after a connection to the database was lost
    /// thousands would at once, and hold up those for whom there is something.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.calm.0.acquire().await.ok()
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        self.slots.count()
    }

    /// Joins the other processes on a PostgreSQL database. On SQLite there are none.
    pub fn join_others(&self, url: &str) {
        if let Some(outside) = others::join(url, &self.slots) {
            let _ = self.outside.set(outside);
        }
    }

    /// Ends every stream: the server stops.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.slots.wake_all();
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::db::STATEMENTS;

    /// Changes of the tables that say who may be where which take nothing from anybody, and why.
    const GIVES: &[(&str, &str)] = &[
        ("src/accounts/queries.rs TOUCH", "somebody is there"),
        ("src/accounts/queries.rs SEVERAL_PLACES", "shows a way to somewhere else"),
        ("src/accounts/queries.rs NOTE_IDLED", "of a session that has ended"),
        ("src/accounts/queries.rs FORGET_IDLED", "of sessions that have ended"),
        ("src/accounts/queries.rs SPEND_IDLED", "of a session that has ended"),
        ("src/members/tokens.rs NOTE_USE", "it was used"),
    ];

    #[test]
    fn r16_what_takes_something_away_is_known_by_its_beginning() {
        let tables = ["sessions", "members", "care_team", "portal_access", "contacts", "practices", "api_tokens"];
        let mut missed = BTreeSet::new();
        for sql in STATEMENTS.iter() {
            let of = |table: &&str| {
                sql.sqlite.starts_with(&format!("update {table} "))
                    || sql.sqlite.starts_with(&format!("delete from {table} "))
            };
            // Another key changes how a value is sealed, not what it says.
            let sealed = sql.name.starts_with("PUT ");
            if tables.iter().any(of) && takes(sql).is_none() && !sealed {
                missed.insert(format!("{} {}", sql.file, sql.name));
            }
        }
        let known: BTreeSet<String> = GIVES.iter().map(|(name, _)| (*name).to_string()).collect();
        assert_eq!(missed, known);
    }

    #[test]
    fn a_transaction_that_is_run_again_says_things_once() {
        let said = Said::default();
        let id = Uuid::max();
        said.say(Hint::News(vec![id]));
        said.clear();
        said.say(Hint::News(vec![id]));
        said.say(Hint::News(vec![id]));
        assert_eq!(said.take(), [Hint::News(vec![id])]);
        assert!(said.take().is_empty());
    }
}
