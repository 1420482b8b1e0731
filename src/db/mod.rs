//! The one way to the database: `Db::read` and `Db::write` run a whole page's or verb's closure on a database thread,
//! in one hop a request. Inside, rules and queries are plain functions. Two engines, one text per query.

mod cells;
mod dialect;
mod migrate;
mod outside;
mod outside_postgres;
mod outside_sqlite;
mod postgres;
mod queue;
mod row;
mod sql;
mod sqlite;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use tokio::sync::oneshot;

pub use cells::Kind;
pub use dialect::{Engine, search_pattern};
pub use migrate::refuse_newer_than_this;
pub use outside::{ColumnOf, Empty, Snapshot, Table, abandon, release};
pub use outside_sqlite::remove as remove_file_of;
pub use postgres::client;
pub use queue::Lane;
pub use row::{Column, Row, Value};
pub use sql::{HouseSql, STATEMENTS, Scope, Sql, TenantSql};

use crate::error::Error;

/// Verbs and pages that may wait for a database thread at once; one more is answered 503.
const QUEUE_LIMIT: usize = 4096;
/// What waited so long for a thread is answered 503 and not begun: whoever asked has gone, and while the database is away
/// the queue must not grow into work that nobody wants any more when it is back.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, thiserror::Error)]
pub enum DbError {
    /// The queue in front of the database is full.
    #[error("the database queue is full")]
    Busy,
    /// Nothing can be read or written right now: the disk is full, or the server is away.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// A unique key refused the row.
    #[error("a unique key refused the row: {0}")]
    Unique(String),
    /// Another transaction got in between (PostgreSQL); the closure is run again before anybody sees this.
    #[error("another transaction got in between")]
    Conflict,
    #[error("database: {0}")]
    Other(String),
}

/// A handle to the database that all requests share.
pub struct Db {
    backend: Backend,
}

enum Backend {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

/// An open transaction; lives for one closure on one database thread.
pub struct Tx<'a> {
    inner: Inner<'a>,
    /// Another transaction got in between: the closure is to run again.
    conflict: Cell<bool>,
    /// A unique key refused a row: perhaps because somebody else's verb has just committed the same.
    raced: Cell<bool>,
}

enum Inner<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(RefCell<&'a mut postgres::Session>),
}

/// A closure waiting for a database thread. `run` may be called more than once (PostgreSQL retries).
trait Work: Send {
    /// Runs inside the transaction; `true` asks for a commit.
    fn run(&mut self, tx: &Tx) -> bool;
    /// Since it was queued.
    fn waited(&self) -> Duration;
    /// Called once, after the commit (or its failure); answers the one who waits.
    fn finish(self: Box<Self>, commit: Result<(), DbError>);
}

struct Waiting<F, T> {
    queued: std::time::Instant,
    closure: F,
    outcome: Option<Result<T, Error>>,
    reply: Option<oneshot::Sender<Result<T, Error>>>,
}

impl<F, T> Work for Waiting<F, T>
where
    F: FnMut(&Tx) -> Result<T, Error> + Send,
    T: Send,
{
    fn run(&mut self, tx: &Tx) -> bool {
        // A panic in a closure must not take the writer thread, and everybody else's verbs, with it.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.closure)(tx)))
            .unwrap_or_else(|_| Err(Error::internal("a database closure panicked")));
        let good = outcome.is_ok();
        self.outcome = Some(outcome);
        good
    }

    fn waited(&self) -> Duration {
        self.queued.elapsed()
    }

    fn finish(self: Box<Self>, commit: Result<(), DbError>) {
        let Waiting { closure, outcome, reply, .. } = *self;
        // Let go of first: whoever hears of a failure may want back what the closure held.
        drop(closure);
        let outcome = match (outcome, commit) {
            // A refusal stands whatever became of the transaction: it wrote nothing.
            (Some(Err(error)), Ok(())) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (_, Err(error)) => Err(Error::Db(error)),
            (None, Ok(())) => Err(Error::internal("a closure was never run")),
        };
        if let Some(reply) = reply {
            // The one who asked may have gone away; the work is done all the same.
            let _ = reply.send(outcome);
        }
    }
}

/// Where and how to open the database.
pub struct Options {
    /// `sqlite:<path>` or `postgres://…`.
    pub url: String,
    /// Threads that read.
    pub readers: usize,
}

/// The file that an address names; nothing for one of PostgreSQL.
pub fn path_of(url: &str) -> Result<Option<&std::path::Path>, DbError> {
    match url.strip_prefix("sqlite:") {
        Some(path) => Ok(Some(std::path::Path::new(path))),
        None if url.starts_with("postgres://") || url.starts_with("postgresql://") => Ok(None),
        None => Err(DbError::Other("RUH_DATABASE_URL must start with postgres:// or sqlite:".into())),
    }
}

impl Db {
    /// Opens the database, migrates it and starts its threads.
    /// Errors: a SQLite library older than 3.51.3, a database of a newer version, an unreachable server.
    pub fn open(options: &Options) -> Result<Db, DbError> {
        let backend = match path_of(&options.url)? {
            Some(path) => Backend::Sqlite(sqlite::Sqlite::open(path, options.readers)?),
            None => {
                // The driver runs a runtime of its own, which must not be started on a thread of another.
                let open = || postgres::Postgres::open(&options.url, options.readers);
                let opened = std::thread::scope(|scope| scope.spawn(open).join());
                Backend::Postgres(opened.map_err(|_| DbError::Other("opening the database panicked".into()))??)
            }
        };
        Ok(Db { backend })
    }

    /// Which of the two engines this is; for the few true differences and for tests.
    pub fn engine(&self) -> Engine {
        match &self.backend {
            Backend::Sqlite(_) => Engine::Sqlite,
            Backend::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs a closure in a read-only transaction with one consistent view. It waits in the lane of its practice.
    pub async fn read<T, F>(&self, lane: Lane, closure: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnMut(&Tx) -> Result<T, Error> + Send + 'static,
    {
        self.submit(lane, closure, Door::Read).await
    }

    /// Runs a closure in a writing transaction; the answer comes after the commit, or the error after the rollback.
    /// The closure may run again (PostgreSQL), so it has no effect outside the transaction.
    pub async fn write<T, F>(&self, lane: Lane, closure: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnMut(&Tx) -> Result<T, Error> + Send + 'static,
    {
        self.submit(lane, closure, Door::Write).await
    }

    async fn submit<T, F>(&self, lane: Lane, closure: F, door: Door) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnMut(&Tx) -> Result<T, Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work: Box<dyn Work> =
            Box::new(Waiting { queued: crate::clock::stopwatch(), closure, outcome: None, reply: Some(reply) });
        let queue = match (&self.backend, &door) {
            (Backend::Sqlite(db), Door::Read) => &db.readers,
            (Backend::Sqlite(db), Door::Write) => &db.writer,
            (Backend::Postgres(db), Door::Read) => &db.readers,
            (Backend::Postgres(db), Door::Write) => &db.writers,
        };
        if !queue.put(lane, work) {
            return Err(Error::Db(DbError::Busy));
        }
        answer.await.unwrap_or_else(|_| Err(Error::internal("the database thread stopped")))
    }
}

enum Door {
    Read,
    Write,
}

/// What a closure can do with its transaction. Slices reach it through `Practice` and `House` only.
pub trait Transaction {
    fn engine(&self) -> Engine;

    /// Runs a statement and hands over its rows one by one.
    fn each(
        &self,
        sql: &'static Sql,
        params: &[Value],
        row: &mut dyn FnMut(&Row) -> Result<(), DbError>,
    ) -> Result<(), DbError>;

    /// Runs a statement without rows; returns how many rows it touched.
    fn execute(&self, sql: &'static Sql, params: &[Value]) -> Result<u64, DbError>;
}

impl Transaction for Tx<'_> {
    fn engine(&self) -> Engine {
        match &self.inner {
            Inner::Sqlite(_) => Engine::Sqlite,
            Inner::Postgres(_) => Engine::Postgres,
        }
    }

    fn each(
        &self,
        sql: &'static Sql,
        params: &[Value],
        row: &mut dyn FnMut(&Row) -> Result<(), DbError>,
    ) -> Result<(), DbError> {
        let result = match &self.inner {
            Inner::Sqlite(conn) => sqlite::each(conn, sql.text(Engine::Sqlite), params, row),
            Inner::Postgres(session) => session.borrow_mut().each(sql.text(Engine::Postgres), params, row),
        };
        self.noting_conflict(result)
    }

    fn execute(&self, sql: &'static Sql, params: &[Value]) -> Result<u64, DbError> {
        let result = match &self.inner {
            Inner::Sqlite(conn) => sqlite::execute(conn, sql.text(Engine::Sqlite), params),
            Inner::Postgres(session) => session.borrow_mut().execute(sql.text(Engine::Postgres), params),
        };
        self.noting_conflict(result)
    }
}

impl Tx<'_> {
    fn noting_conflict<T>(&self, result: Result<T, DbError>) -> Result<T, DbError> {
        match &result {
            Err(DbError::Conflict) => self.conflict.set(true),
            Err(DbError::Unique(_)) => self.raced.set(true),
            _ => {}
        }
        result
    }
}
