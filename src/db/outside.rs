//! The database beside its server: a snapshot of every table for a backup, and an empty database that a restore fills.
//! A connection of its own each, tables and columns as the catalogue names them, rows as `Cell`s.

use super::cells::Kind;
use super::{DbError, Engine, outside_postgres, outside_sqlite};

/// Made by the migrations and by the program itself; everything in them follows from other tables.
const DERIVED: [&str; 2] = ["client_search", "refinery_schema_history"];
/// Stands in a PostgreSQL database as long as a restore into it has not ended well.
pub const UNFINISHED: &str = "restore_unfinished";
/// A session is of no use elsewhere, nor is a sign-in that waits for its code, and whoever restores an old state wants
/// nobody signed in by it.
const LEFT_OUT: [&str; 2] = ["sessions", "pending_sign_ins"];

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Table {
    pub name: String,
    pub columns: Vec<ColumnOf>,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ColumnOf {
    pub name: String,
    pub kind: Kind,
}

/// Whether a backup holds the rows of a table.
pub fn is_kept(table: &str) -> bool {
    let derived =
        DERIVED.iter().any(|name| table == *name || table.strip_prefix(name).is_some_and(|r| r.starts_with('_')));
    !derived && table != UNFINISHED && !LEFT_OUT.contains(&table)
}

pub(super) fn column(table: &str, name: String, declared: &str) -> Result<ColumnOf, DbError> {
    let kind = Kind::of(&declared.to_ascii_lowercase());
    let kind =
        kind.ok_or_else(|| DbError::Other(format!("{table}.{name} is of type {declared}, unknown to backups")))?;
    Ok(ColumnOf { name, kind })
}

/// `"a", "b"`: names come from the catalogue, and are quoted all the same.
pub(super) fn list(table: &Table) -> String {
    table.columns.iter().map(|c| quoted(&c.name)).collect::<Vec<_>>().join(", ")
}

pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Called with each row, as cells one behind the other.
pub type EachRow<'a> = dyn FnMut(&[u8]) -> Result<(), DbError> + 'a;
/// Puts the next row into the buffer; `false` after the last.
pub type NextRow<'a> = dyn FnMut(&mut Vec<u8>) -> Result<bool, DbError> + 'a;

/// One moment of a database, whatever is written meanwhile. Not for a thread that drives a runtime.
pub enum Snapshot {
    Sqlite(outside_sqlite::Snapshot),
    Postgres(outside_postgres::Snapshot),
}

impl Snapshot {
    /// Opens what is there; makes and changes nothing.
    pub fn open(url: &str) -> Result<Snapshot, DbError> {
        match super::path_of(url)? {
            Some(path) => outside_sqlite::Snapshot::open(path).map(Snapshot::Sqlite),
            None => outside_postgres::Snapshot::open(url).map(Snapshot::Postgres),
        }
    }

    pub fn engine(&self) -> Engine {
        match self {
            Snapshot::Sqlite(_) => Engine::Sqlite,
            Snapshot::Postgres(_) => Engine::Postgres,
        }
    }

    /// The number of the last migration.
    pub fn schema(&mut self) -> Result<i32, DbError> {
        match self {
            Snapshot::Sqlite(db) => db.schema(),
            Snapshot::Postgres(db) => db.schema(),
        }
    }

    /// The tables whose rows a backup holds, in the order of their names.
    pub fn tables(&mut self) -> Result<Vec<Table>, DbError> {
        match self {
            Snapshot::Sqlite(db) => db.tables(),
            Snapshot::Postgres(db) => db.tables(),
        }
    }

    pub fn rows(&mut self, table: &Table, each: &mut EachRow) -> Result<(), DbError> {
        match self {
            Snapshot::Sqlite(db) => db.rows(table, each),
            Snapshot::Postgres(db) => db.rows(table, each),
        }
    }
}

/// An empty database that is being filled. Nothing can serve it before `finish`; not for a thread that drives a runtime.
pub enum Empty {
    Sqlite(outside_sqlite::Empty),
    Postgres(outside_postgres::Empty),
}

impl Empty {
    /// Makes the tables of a schema in an empty database. What an earlier restore left unfinished goes first.
    /// Errors: there is something in it already.
    pub fn make(url: &str, schema: i32) -> Result<Empty, DbError> {
        match super::path_of(url)? {
            Some(path) => outside_sqlite::Empty::make(path, schema).map(Empty::Sqlite),
            None => outside_postgres::Empty::make(url, schema).map(Empty::Postgres),
        }
    }

    /// Errors: there is something in the database already. Changes nothing.
    pub fn check(url: &str) -> Result<(), DbError> {
        match super::path_of(url)? {
            Some(path) => outside_sqlite::Empty::check(path),
            None => outside_postgres::Empty::check(url),
        }
    }

    pub fn tables(&mut self) -> Result<Vec<Table>, DbError> {
        match self {
            Empty::Sqlite(db) => db.tables(),
            Empty::Postgres(db) => db.tables(),
        }
    }

    pub fn fill(&mut self, table: &Table, next: &mut NextRow) -> Result<(), DbError> {
        match self {
            Empty::Sqlite(db) => db.fill(table, next),
            Empty::Postgres(db) => db.fill(table, next),
        }
    }

    /// Every row as it can be read now.
    pub fn rows(&mut self, table: &Table, each: &mut EachRow) -> Result<(), DbError> {
        match self {
            Empty::Sqlite(db) => db.rows(table, each),
            Empty::Postgres(db) => db.rows(table, each),
        }
    }

    /// Changes what was filled, before anybody can see it.
    pub fn run(&mut self, sql: &'static str) -> Result<(), DbError> {
        match self {
            Empty::Sqlite(db) => db.run(sql),
            Empty::Postgres(db) => db.run(sql),
        }
    }

    /// Checks what one row says of another, commits, and migrates to this program's schema.
    pub fn complete(self) -> Result<(), DbError> {
        match self {
            Empty::Sqlite(db) => db.complete(),
            Empty::Postgres(db) => db.complete(),
        }
    }
}

/// Removes what a restore has put into an empty database that it could not finish.
pub fn abandon(url: &str) -> Result<(), DbError> {
    match super::path_of(url)? {
        Some(path) => outside_sqlite::remove(&outside_sqlite::filling(path)),
        None => outside_postgres::abandon(url),
    }
}

/// The last step of a restore: from here on the database may be served.
pub fn release(url: &str) -> Result<(), DbError> {
    match super::path_of(url)? {
        Some(_) => Ok(()),
        None => outside_postgres::release(url),
    }
}

#[cfg(test)]
mod tests {
    use super::is_kept;

    #[test]
    fn what_follows_from_other_tables_is_left_out() {
        for table in
            ["client_search", "client_search_rows", "client_search_data", "refinery_schema_history", "sessions"]
        {
            assert!(!is_kept(table), "{table}");
        }
        for table in ["clients", "client_searches", "audit_entries"] {
            assert!(is_kept(table), "{table}");
        }
    }
}
