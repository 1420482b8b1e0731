//! Bus: who is to look again. A verb says so while it runs; once it is committed, every open stream that it concerns is
//! woken, in this process at once and in others through PostgreSQL. What is said holds ids and nothing else: whoever is
//! woken reads the database as themselves, and so gets no more than they may have.

mod others;
mod slots;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crossbeam_channel::Sender;
use serde::{Deserialize, Serialize};
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

/// Changes of who may be where and see what, by how their statements begin. What only gives is not among them.
const TAKING: &[&str] = &[
    "update sessions set ended_at",
    "delete from sessions",
    "update members set",
    "delete from care_team",
    "update portal_access set",
    "update contacts set",
    "update clients set status",
    "update practices set",
    "update api_tokens set revoked_at",
];

/// Whether a statement can take something away from somebody who is looking at it.
pub fn takes(sql: &Sql) -> bool {
    TAKING.iter().any(|begins| sql.sqlite.starts_with(begins))
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
        if !takes(sql) {
            return;
        }
        let id = |value: &Value| match value {
            Value::Uuid(id) => Some(*id),
            _ => None,
        };
        self.say(Hint::Lost(params.iter().filter_map(id).collect()));
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
            if tables.iter().any(of) && !takes(sql) && !sealed {
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
