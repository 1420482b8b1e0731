//! The audit record: every read and change of client data, chained so that a removed or altered entry is found.
//!
//! A verb's entry commits with the verb, without a place in the chain; reads are gathered and written in batches. The
//! sealer (`seal`) gives each entry its number and chains it within seconds, and keeps the head, keyed, in a file
//! outside the database: a tail that was cut off is only seen from there. `verify` walks the whole chain.

mod chain;
mod queries;

use std::sync::Mutex;
use std::time::Duration;

use uuid::Uuid;

use crate::access::Actor;
use crate::app::Shared;
use crate::clock::Instant;
use crate::error::Result;
use crate::ids::{ClientId, PracticeId};
use crate::practice::{House, Practice};

pub use chain::{Verdict, seal, verify};

/// Reads that wait for their batch at most; past that, a page waits until they are written.
const WAITING_LIMIT: usize = 10_000;
/// How long a read waits for its batch.
pub const BATCH_EVERY: Duration = Duration::from_secs(1);

/// What was done to what.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Such as `client.read`, `client.changed`, `session.started`.
    pub action: &'static str,
    pub subject_kind: &'static str,
    pub subject: Option<Uuid>,
    pub client: Option<ClientId>,
    /// Names of fields, counts; never what somebody wrote.
    pub detail: Option<String>,
}

impl Entry {
    pub fn of_client(action: &'static str, client: ClientId) -> Entry {
        Entry { action, subject_kind: "client", subject: Some(client.0), client: Some(client), detail: None }
    }

    pub fn new(action: &'static str, subject_kind: &'static str, subject: Option<Uuid>) -> Entry {
        Entry { action, subject_kind, subject, client: None, detail: None }
    }

    pub fn client(mut self, client: ClientId) -> Entry {
        self.client = Some(client);
        self
    }

    pub fn detail(mut self, detail: impl Into<String>) -> Entry {
        self.detail = Some(detail.into());
        self
    }
}

#[derive(Clone)]
struct Read {
    id: Uuid,
    at: Instant,
    actor: Actor,
    entry: Entry,
}

/// Reads that wait to be written together.
pub struct Reads {
    waiting: Mutex<Vec<Read>>,
}

impl Reads {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Reads {
        Reads { waiting: Mutex::new(Vec::new()) }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Read>> {
        self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Notes that somebody read something; it is written with the next batch.
pub async fn note_read(app: &Shared, actor: &Actor, entry: Entry) -> Result<()> {
    // A full batch is written by the one who finds it full, so the list cannot grow without end. Where it cannot be
    // written, nobody reads any more: not unrecorded.
    if app.reads.lock().len() >= WAITING_LIMIT {
        write_reads(app).await?;
    }
    let read = Read { id: app.ids.new_id(), at: app.now(), actor: actor.clone(), entry };
    app.reads.lock().push(read);
    Ok(())
}

/// Writes the reads that wait. On failure they go back to wait, so that an outage loses none of them.
pub async fn write_reads(app: &Shared) -> Result<()> {
    let batch = std::sync::Arc::new(std::mem::take(&mut *app.reads.lock()));
    if batch.is_empty() {
        return Ok(());
    }
    let mine = std::sync::Arc::clone(&batch);
    let written = app
        .write(move |house| {
            for read in mine.iter() {
                queries::insert(&house.practice(&read.actor), read.id, read.at, &read.entry)?;
            }
            Ok(())
        })
        .await;
    if written.is_err() {
        let mut waiting = app.reads.lock();
        let newer = std::mem::replace(&mut *waiting, std::sync::Arc::unwrap_or_clone(batch));
        waiting.extend(newer);
    }
    written
}

impl Practice<'_> {
    /// Writes an audit entry that commits with the verb.
    pub fn audit(&self, entry: &Entry) -> Result<()> {
        queries::insert(self, self.new_id(), self.now, entry)
    }
}

impl House<'_> {
    /// Writes an audit entry of what happened to an account: under the practice where it acts, or under none.
    pub fn audit_account(&self, practice: Option<PracticeId>, account: Uuid, action: &'static str) -> Result<()> {
        let actor = Actor::system(practice.unwrap_or(PracticeId(Uuid::nil())));
        let practice = self.practice(&actor);
        practice.audit(&Entry::new(action, "account", Some(account)))
    }
}
