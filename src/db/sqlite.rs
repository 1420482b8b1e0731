//! SQLite: one writer thread with group commit, readers apart. Waiting verbs share a transaction, each in its own
//! savepoint, and are answered after the common commit, so a disk flush serves all of them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, ffi};

use super::queue::{Queue, Rank, Stepping, Taken};
use super::{Cell, DbError, Inner, Row, Tx, Value, Work, migrate};

/// The first library without the WAL bug that loses committed writes.
const OLDEST_LIBRARY: i32 = 3_051_003;
/// Verbs that share one commit at most, and for how long they are gathered at most.
const GROUP_LIMIT: usize = 64;
const GROUP_TIME: Duration = Duration::from_millis(50);
/// Pages of the log after which it is put into the database: 16 MiB. Pages that every verb writes are put there once.
const CHECKPOINT: i64 = 4_000;
/// How long a command beside the server (`ruh import`, `ruh token`) waits for the other's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

pub struct Sqlite {
    pub readers: Arc<Queue>,
    pub writer: Arc<Queue>,
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.readers.close();
        self.writer.close();
    }
}

impl Sqlite {
    pub fn open(path: &Path, readers: usize) -> Result<Sqlite, DbError> {
        check_library(rusqlite::version_number())?;
        // One process at a time from here until the schema stands: SQLite does not wait for its turn to switch to WAL, and
        // two migrations would start from the same version.
        let lock = std::fs::File::create(path.with_added_extension("lock")).and_then(|file| file.lock().map(|()| file));
        let lock = lock.map_err(|e| DbError::Unavailable(format!("{}: {e}", path.display())))?;
        let mut conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        conn.pragma_update(None, "journal_mode", "wal").map_err(error)?;
        conn.pragma_update(None, "synchronous", "full").map_err(error)?;
        conn.pragma_update(None, "wal_autocheckpoint", CHECKPOINT).map_err(error)?;
        migrate::sqlite(&mut conn)?;
        // What a verb would be rolled back to is kept in memory: in a file it was four fifths of what a verb wrote. A
        // migration may have to put more in order than memory holds.
        conn.pragma_update(None, "temp_store", "memory").map_err(error)?;
        drop(lock);

        let behind = crate::threads::behind();
        let sqlite = Sqlite {
            readers: Arc::new(Queue::new(behind + 1, Stepping::Back)),
            // There is one thread that writes, and verbs of one practice share its commits.
            writer: Arc::new(Queue::new(GROUP_LIMIT, Stepping::Never)),
        };
        let writes = Arc::clone(&sqlite.writer);
        spawn("ruh-writer".into(), move || write_loop(&conn, &writes))?;
        let ranks = [(Rank::Front, readers.max(1)), (Rank::Behind, behind)];
        for rank in ranks.into_iter().flat_map(|(rank, threads)| std::iter::repeat_n(rank, threads)) {
            let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            let reads = Arc::clone(&sqlite.readers);
            spawn("ruh-reader".into(), move || read_loop(&conn, &reads, rank))?;
        }
        Ok(sqlite)
    }
}

/// Refuses a library that can lose committed writes.
pub(super) fn check_library(version: i32) -> Result<(), DbError> {
    if version < OLDEST_LIBRARY {
        return Err(DbError::Other(format!(
            "this SQLite library ({version}) is older than 3.51.3 and can lose committed writes; refusing to start"
        )));
    }
    Ok(())
}

fn spawn(name: String, body: impl FnOnce() + Send + 'static) -> Result<(), DbError> {
    std::thread::Builder::new().name(name).spawn(body).map(drop).map_err(|e| DbError::Other(e.to_string()))
}

pub(super) fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, DbError> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(error)?;
    conn.busy_timeout(BUSY_TIMEOUT).map_err(error)?;
    conn.pragma_update(None, "foreign_keys", "on").map_err(error)?;
    conn.pragma_update(None, "trusted_schema", "off").map_err(error)?;
    // A plan stands whatever is bound: without this each run of a statement that could use a partial index, or of which
    // there are statistics, plans it anew.
    conn.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(error)?;
    // What was deleted is written over, and in no backup.
    conn.pragma_update(None, "secure_delete", "on").map_err(error)?;
    conn.set_prepared_statement_cache_capacity(256);
    Ok(conn)
}

fn read_loop(conn: &Connection, queue: &Queue, rank: Rank) {
    if rank == Rank::Behind {
        crate::threads::step_back();
    }
    while let Some(Taken { mut work, lane }) = queue.take(rank) {
        let begun = control(conn, "begin deferred");
        if begun.is_ok() {
            work.run(&transaction(conn));
        }
        // Nothing was written: ending the transaction either way only lets go of the view.
        if !conn.is_autocommit() {
            let _ = control(conn, "rollback");
        }
        queue.done(lane);
        work.finish(begun);
    }
}

fn write_loop(conn: &Connection, queue: &Queue) {
    while let Some(first) = queue.take(Rank::Front) {
        write_group(conn, first, queue);
    }
}

fn transaction(conn: &Connection) -> Tx<'_> {
    Tx { inner: Inner::Sqlite(conn), conflict: Cell::new(false), raced: Cell::new(false) }
}

fn write_group(conn: &Connection, first: Taken, queue: &Queue) {
    if let Err(e) = control(conn, "begin immediate") {
        queue.done(first.lane);
        return first.work.finish(Err(e));
    }
    let started = crate::clock::stopwatch();
    let mut done = Vec::with_capacity(8);
    let mut next = Some(first);
    let mut broken = None;
    while let Some(mut taken) = next {
        let outcome = in_savepoint(conn, taken.work.as_mut());
        done.push(taken);
        if let Err(e) = outcome {
            broken = Some(e);
            break;
        }
        let full = done.len() >= GROUP_LIMIT || started.elapsed() >= GROUP_TIME;
        next = if full { None } else { queue.take_now() };
    }
    let commit = match broken {
        Some(e) => Err(e),
        None => control(conn, "commit"),
    };
    if commit.is_err() && !conn.is_autocommit() {
        let _ = control(conn, "rollback");
    }
    for taken in done {
        queue.done(taken.lane);
        taken.work.finish(commit.clone());
    }
}

/// Runs one verb in its savepoint. An error here means that the whole group's transaction is gone (disk full).
fn in_savepoint(conn: &Connection, work: &mut dyn Work) -> Result<(), DbError> {
    control(conn, "savepoint verb")?;
    let keep = work.run(&transaction(conn));
    if conn.is_autocommit() {
        return Err(DbError::Unavailable("the transaction was ended by the disk".into()));
    }
    if !keep {
        control(conn, "rollback to verb")?;
    }
    control(conn, "release verb")
}

/// Begins or ends something. Kept prepared: several times as often as anything else it is run.
fn control(conn: &Connection, text: &'static str) -> Result<(), DbError> {
    conn.prepare_cached(text).and_then(|mut statement| statement.raw_execute()).map(drop).map_err(error)
}

pub fn each(
    conn: &Connection,
    text: &'static str,
    params: &[Value],
    row: &mut dyn FnMut(&Row) -> Result<(), DbError>,
) -> Result<(), DbError> {
    let mut statement = conn.prepare_cached(text).map_err(error)?;
    bind(&mut statement, params)?;
    let mut rows = statement.raw_query();
    while let Some(found) = rows.next().map_err(error)? {
        row(&Row::Sqlite(found))?;
    }
    Ok(())
}

pub fn execute(conn: &Connection, text: &'static str, params: &[Value]) -> Result<u64, DbError> {
    let mut statement = conn.prepare_cached(text).map_err(error)?;
    bind(&mut statement, params)?;
    statement.raw_execute().map(|n| n as u64).map_err(error)
}

/// Binds by name: SQLite numbers `$N` by first appearance, so the position in the text says nothing.
fn bind(statement: &mut rusqlite::CachedStatement, params: &[Value]) -> Result<(), DbError> {
    let wanted = statement.parameter_count();
    if wanted != params.len() {
        return Err(DbError::Other(format!("the statement has {wanted} parameters, {} were given", params.len())));
    }
    let mut name = String::with_capacity(4);
    for (n, value) in params.iter().enumerate() {
        name.clear();
        let _ = std::fmt::Write::write_fmt(&mut name, format_args!("${}", n + 1));
        let index = statement.parameter_index(&name).map_err(error)?;
        let index = index.ok_or_else(|| DbError::Other(format!("the statement has no {name}")))?;
        statement.raw_bind_parameter(index, value).map_err(error)?;
    }
    Ok(())
}

pub fn error(e: rusqlite::Error) -> DbError {
    if let rusqlite::Error::SqliteFailure(failure, message) = &e {
        let text = message.clone().unwrap_or_else(|| failure.to_string());
        return match failure.extended_code {
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => DbError::Unique(text),
            _ => match failure.code {
                rusqlite::ErrorCode::DiskFull
                | rusqlite::ErrorCode::SystemIoFailure
                | rusqlite::ErrorCode::DatabaseBusy
                | rusqlite::ErrorCode::CannotOpen
                | rusqlite::ErrorCode::ReadOnly => DbError::Unavailable(text),
                _ => DbError::Other(text),
            },
        };
    }
    DbError::Other(e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r51_an_old_library_is_refused() {
        for old in [3_046_000, 3_051_002] {
            let said = check_library(old).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(said.contains("older than 3.51.3"), "{said}");
        }
        assert!(check_library(3_051_003).is_ok());
        assert!(check_library(rusqlite::version_number()).is_ok(), "the library that is built in");
    }
}
