//! `outside` on SQLite: a reading transaction is one moment, and a restore fills a file beside the final one.

use std::path::{Path, PathBuf};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags};

use super::cells::{Cell, Kind};
use super::outside::{EachRow, NextRow, Table, column, is_kept, list, quoted};
use super::sqlite::{connect, error};
use super::{DbError, migrate};

pub struct Snapshot {
    conn: Connection,
}

impl Snapshot {
    pub fn open(path: &Path) -> Result<Snapshot, DbError> {
        let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .map_err(|e| DbError::Unavailable(format!("{}: {e}", path.display())))?;
        // A transaction's view begins with its first read.
        conn.execute_batch("begin; select 1 from sqlite_master limit 1").map_err(error)?;
        Ok(Snapshot { conn })
    }

    pub fn schema(&mut self) -> Result<i32, DbError> {
        let sql = "select coalesce(max(version), 0) from refinery_schema_history";
        self.conn.query_row(sql, [], |row| row.get(0)).map_err(error)
    }

    pub fn tables(&mut self) -> Result<Vec<Table>, DbError> {
        tables(&self.conn)
    }

    pub fn rows(&mut self, table: &Table, each: &mut EachRow) -> Result<(), DbError> {
        rows(&self.conn, table, each)
    }
}

fn tables(conn: &Connection) -> Result<Vec<Table>, DbError> {
    let sql = "select m.name, c.name, c.type from sqlite_master m, pragma_table_info(m.name) c
               where m.type = 'table' and m.name not like 'sqlite\\_%' escape '\\' order by m.name, c.cid";
    let mut statement = conn.prepare(sql).map_err(error)?;
    let mut found = statement.query([]).map_err(error)?;
    let mut all: Vec<Table> = Vec::new();
    while let Some(row) = found.next().map_err(error)? {
        let (name, of, declared): (String, String, String) =
            (row.get(0).map_err(error)?, row.get(1).map_err(error)?, row.get(2).map_err(error)?);
        if !is_kept(&name) {
            continue;
        }
        let column = column(&name, of, &declared)?;
        match all.last_mut().filter(|table| table.name == name) {
            Some(table) => table.columns.push(column),
            None => all.push(Table { name, columns: vec![column] }),
        }
    }
    Ok(all)
}

fn rows(conn: &Connection, table: &Table, each: &mut EachRow) -> Result<(), DbError> {
    let sql = format!("select {} from {}", list(table), quoted(&table.name));
    let mut statement = conn.prepare(&sql).map_err(error)?;
    let mut found = statement.query([]).map_err(error)?;
    let mut bytes = Vec::with_capacity(512);
    while let Some(row) = found.next().map_err(error)? {
        bytes.clear();
        for (n, column) in table.columns.iter().enumerate() {
            let cell = cell(row.get_ref(n).map_err(error)?, column.kind);
            let cell = cell.ok_or_else(|| {
                DbError::Other(format!("{}.{} holds a value of another kind", table.name, column.name))
            })?;
            cell.write(&mut bytes);
        }
        each(&bytes)?;
    }
    Ok(())
}

fn cell(value: ValueRef<'_>, kind: Kind) -> Option<Cell<'_>> {
    Some(match (value, kind) {
        (ValueRef::Null, _) => Cell::Null,
        (ValueRef::Integer(n @ (0 | 1)), Kind::Bool) => Cell::Bool(n == 1),
        (ValueRef::Integer(n), Kind::Int) => Cell::Int(n),
        (ValueRef::Text(text), Kind::Text) => Cell::Text(std::str::from_utf8(text).ok()?),
        (ValueRef::Blob(bytes), Kind::Bytes) => Cell::Bytes(bytes),
        (ValueRef::Blob(bytes), Kind::Uuid) => Cell::Uuid(bytes.try_into().ok()?),
        _ => return None,
    })
}

pub struct Empty {
    conn: Connection,
    path: PathBuf,
    filling: PathBuf,
}

impl Empty {
    pub fn check(path: &Path) -> Result<(), DbError> {
        match std::fs::symlink_metadata(path) {
            Ok(_) => Err(DbError::Other(format!("there is a database already: {}", path.display()))),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(DbError::Unavailable(format!("{}: {e}", path.display()))),
        }
    }

    pub fn make(path: &Path, schema: i32) -> Result<Empty, DbError> {
        Empty::check(path)?;
        let filling = filling(path);
        remove(&filling)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut conn = connect(&filling, flags)?;
        // Nobody reads the file before it is whole, and it is forced to the disk before it gets its name.
        conn.execute_batch("pragma journal_mode = memory; pragma synchronous = off").map_err(error)?;
        migrate::sqlite_to(&mut conn, Some(schema))?;
        conn.execute_batch("pragma foreign_keys = off; begin").map_err(error)?;
        Ok(Empty { conn, path: path.to_path_buf(), filling })
    }

    pub fn tables(&mut self) -> Result<Vec<Table>, DbError> {
        tables(&self.conn)
    }

    pub fn fill(&mut self, table: &Table, next: &mut NextRow) -> Result<(), DbError> {
        let name = quoted(&table.name);
        self.conn.execute_batch(&format!("delete from {name}")).map_err(error)?;
        let places = vec!["?"; table.columns.len()].join(", ");
        let sql = format!("insert into {name} ({}) values ({places})", list(table));
        let mut statement = self.conn.prepare(&sql).map_err(error)?;
        let mut row = Vec::new();
        while next(&mut row)? {
            let mut rest = row.as_slice();
            for (n, column) in table.columns.iter().enumerate() {
                let cell = Cell::read_for(&mut rest, column.kind)?;
                statement.raw_bind_parameter(n + 1, Bound(cell)).map_err(error)?;
            }
            statement.raw_execute().map_err(error)?;
        }
        Ok(())
    }

    pub fn rows(&mut self, table: &Table, each: &mut EachRow) -> Result<(), DbError> {
        rows(&self.conn, table, each)
    }

    pub fn run(&mut self, sql: &str) -> Result<(), DbError> {
        self.conn.execute_batch(sql).map_err(error)
    }

    pub fn complete(self) -> Result<(), DbError> {
        let Empty { mut conn, path, filling } = self;
        conn.execute_batch("commit").map_err(error)?;
        migrate::sqlite_to(&mut conn, None)?;
        let orphans: Option<String> = {
            let mut statement =
                conn.prepare("select \"table\" from pragma_foreign_key_check limit 1").map_err(error)?;
            let mut found = statement.query([]).map_err(error)?;
            found.next().map_err(error)?.map(|row| row.get(0)).transpose().map_err(error)?
        };
        if let Some(table) = orphans {
            return Err(DbError::Other(format!("a row of {table} names another that is not there")));
        }
        let said: String = conn.query_row("pragma integrity_check(1)", [], |row| row.get(0)).map_err(error)?;
        if said != "ok" {
            return Err(DbError::Other(format!("the restored file is not sound: {said}")));
        }
        conn.close().map_err(|(_, e)| error(e))?;
        let placed = std::fs::File::open(&filling).and_then(|file| {
            file.sync_all()?;
            std::fs::rename(&filling, &path)?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        });
        placed.map_err(|e| DbError::Unavailable(format!("{}: {e}", path.display())))
    }
}

/// Where a database is filled before it has its name.
pub fn filling(path: &Path) -> PathBuf {
    path.with_added_extension("restoring")
}

/// Removes a database file and what SQLite keeps beside it; missing is fine.
pub fn remove(path: &Path) -> Result<(), DbError> {
    for beside in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(beside);
        match std::fs::remove_file(&name) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(DbError::Unavailable(format!("{}: {e}", path.display())));
            }
            _ => {}
        }
    }
    Ok(())
}

struct Bound<'a>(Cell<'a>);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match &self.0 {
            Cell::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Cell::Bool(v) => ToSqlOutput::Borrowed(ValueRef::Integer(i64::from(*v))),
            Cell::Int(v) => ToSqlOutput::Borrowed(ValueRef::Integer(*v)),
            Cell::Text(v) => ToSqlOutput::Borrowed(ValueRef::Text(v.as_bytes())),
            Cell::Bytes(v) => ToSqlOutput::Borrowed(ValueRef::Blob(v)),
            Cell::Uuid(v) => ToSqlOutput::Borrowed(ValueRef::Blob(v)),
        })
    }
}
