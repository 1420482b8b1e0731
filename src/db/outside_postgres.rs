//! `outside` on PostgreSQL: one repeatable-read transaction and COPY in its binary form; no client tools are needed.

use std::io::{Read, Write};

use postgres::Client;

use super::cells::{Cell, Kind};
use super::outside::{EachRow, NextRow, Table, UNFINISHED, column, is_kept, list, quoted};
use super::postgres::{client, error};
use super::{DbError, migrate};

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// Bytes sent at once.
const BLOCK: usize = 64 * 1024;

pub struct Snapshot {
    client: Client,
}

impl Snapshot {
    pub fn open(url: &str) -> Result<Snapshot, DbError> {
        let mut client = client(url)?;
        // A server that limits statements or idle sessions means its requests, not this.
        client
            .batch_execute(
                "begin isolation level repeatable read read only;
                 set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0",
            )
            .map_err(error)?;
        Ok(Snapshot { client })
    }

    pub fn schema(&mut self) -> Result<i32, DbError> {
        let sql = "select coalesce(max(version), 0)::int4 from refinery_schema_history";
        self.client.query_one(sql, &[]).and_then(|row| row.try_get(0)).map_err(error)
    }

    pub fn tables(&mut self) -> Result<Vec<Table>, DbError> {
        tables(&mut self.client)
    }

    pub fn rows(&mut self, table: &Table, each: &mut EachRow) -> Result<(), DbError> {
        rows(&mut self.client, table, each)
    }
}

/// Tables and columns of the schema that unqualified names mean.
const CATALOGUE: &str = "select t.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod)
    from pg_class t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
    where t.relnamespace = current_schema()::regnamespace and t.relkind in ('r', 'p')
    order by t.relname collate \"C\", a.attnum";

fn tables(client: &mut Client) -> Result<Vec<Table>, DbError> {
    let mut all: Vec<Table> = Vec::new();
    for row in client.query(CATALOGUE, &[]).map_err(error)? {
        let get = |n: usize| row.try_get::<_, String>(n).map_err(error);
        let name = get(0)?;
        if !is_kept(&name) {
            continue;
        }
        let column = column(&name, get(1)?, &get(2)?)?;
        match all.last_mut().filter(|table| table.name == name) {
            Some(table) => table.columns.push(column),
            None => all.push(Table { name, columns: vec![column] }),
        }
    }
    Ok(all)
}

fn rows(client: &mut Client, table: &Table, each: &mut EachRow) -> Result<(), DbError> {
    let sql = format!("copy {} ({}) to stdout (format binary)", quoted(&table.name), list(table));
    let mut from = client.copy_out(&sql).map_err(error)?;
    let mut head = [0; 19];
    from.read_exact(&mut head).map_err(broken)?;
    if &head[..11] != SIGNATURE || head[11..] != [0; 8] {
        return Err(strange(table));
    }
    let mut row = Vec::with_capacity(512);
    let mut field = Vec::new();
    loop {
        let fields = i16::from_be_bytes(take(&mut from)?);
        if fields == -1 {
            // Reading on to the end lets the server say whether it went well.
            return from.read_to_end(&mut row).map(drop).map_err(broken);
        }
        if usize::try_from(fields).ok() != Some(table.columns.len()) {
            return Err(strange(table));
        }
        row.clear();
        for column in &table.columns {
            let length = i32::from_be_bytes(take(&mut from)?);
            if length == -1 {
                Cell::Null.write(&mut row);
                continue;
            }
            field.resize(usize::try_from(length).map_err(|_| strange(table))?, 0);
            from.read_exact(&mut field).map_err(broken)?;
            cell(&field, column.kind).ok_or_else(|| strange(table))?.write(&mut row);
        }
        each(&row)?;
    }
}

fn take<const N: usize>(from: &mut impl Read) -> Result<[u8; N], DbError> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).map_err(broken)?;
    Ok(bytes)
}

fn cell(field: &[u8], kind: Kind) -> Option<Cell<'_>> {
    Some(match kind {
        Kind::Uuid => Cell::Uuid(field.try_into().ok()?),
        Kind::Text => Cell::Text(std::str::from_utf8(field).ok()?),
        Kind::Int => Cell::Int(i64::from_be_bytes(field.try_into().ok()?)),
        Kind::Bool => Cell::Bool(*field.first()? == 1),
        Kind::Bytes => Cell::Bytes(field),
    })
}

fn broken(e: std::io::Error) -> DbError {
    DbError::Unavailable(e.to_string())
}

fn strange(table: &Table) -> DbError {
    DbError::Other(format!("the server's copy of {} makes no sense", table.name))
}

pub struct Empty {
    client: Client,
    /// Foreign keys taken away while rows come in any order; put back they are checked as a whole.
    keys: Vec<(String, String, String)>,
}

const FOREIGN_KEYS: &str = "select k.conrelid::regclass::text, k.conname::text, pg_get_constraintdef(k.oid)
    from pg_constraint k join pg_class t on t.oid = k.conrelid
    where k.contype = 'f' and k.conparentid = 0 and t.relnamespace = current_schema()::regnamespace
    order by 1, 2";

impl Empty {
    pub fn check(url: &str) -> Result<(), DbError> {
        refuse_full(&mut client(url)?).map(drop)
    }

    pub fn make(url: &str, schema: i32) -> Result<Empty, DbError> {
        let mut client = client(url)?;
        // A server that starts now waits here with its migrations, and finds the mark.
        migrate::alone(&mut client, |client| {
            let left = refuse_full(client)?;
            let mut sql = format!("begin;{}", drop_all(&left));
            sql.push_str(&format!("create table {UNFINISHED} (note text not null);"));
            sql.push_str(&format!("insert into {UNFINISHED} values ('ruh restore has not finished');commit"));
            client.batch_execute(&sql).map_err(error)
        })?;
        migrate::postgres_to(&mut client, Some(schema))?;
        client
            .batch_execute(
                "begin; set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0;
                 set local synchronous_commit = on",
            )
            .map_err(error)?;
        let keys = client.query(FOREIGN_KEYS, &[]).map_err(error)?;
        let keys = keys.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)));
        let keys: Vec<(String, String, String)> = keys.collect::<Result<_, postgres::Error>>().map_err(error)?;
        for (table, name, _) in &keys {
            client.batch_execute(&format!("alter table {table} drop constraint {}", quoted(name))).map_err(error)?;
        }
        Ok(Empty { client, keys })
    }

    pub fn tables(&mut self) -> Result<Vec<Table>, DbError> {
        tables(&mut self.client)
    }

    pub fn fill(&mut self, table: &Table, next: &mut NextRow) -> Result<(), DbError> {
        let name = quoted(&table.name);
        self.client.batch_execute(&format!("delete from {name}")).map_err(error)?;
        let sql = format!("copy {name} ({}) from stdin (format binary)", list(table));
        let mut to = self.client.copy_in(&sql).map_err(error)?;
        let mut block = Vec::with_capacity(BLOCK + 4096);
        block.extend_from_slice(SIGNATURE);
        block.extend_from_slice(&[0; 8]);
        let width = i16::try_from(table.columns.len()).map_err(|_| strange(table))?;
        let mut row = Vec::new();
        while next(&mut row)? {
            block.extend_from_slice(&width.to_be_bytes());
            let mut rest = row.as_slice();
            for column in &table.columns {
                put(&mut block, Cell::read_for(&mut rest, column.kind)?);
            }
            if block.len() >= BLOCK {
                to.write_all(&block).map_err(broken)?;
                block.clear();
            }
        }
        block.extend_from_slice(&(-1_i16).to_be_bytes());
        to.write_all(&block).map_err(broken)?;
        to.finish().map(drop).map_err(error)
    }

    pub fn rows(&mut self, table: &Table, each: &mut EachRow) -> Result<(), DbError> {
        rows(&mut self.client, table, each)
    }

    pub fn run(&mut self, sql: &str) -> Result<(), DbError> {
        self.client.batch_execute(sql).map_err(error)
    }

    pub fn complete(mut self) -> Result<(), DbError> {
        for (table, name, text) in &self.keys {
            let sql = format!("alter table {table} add constraint {} {text}", quoted(name));
            self.client.batch_execute(&sql).map_err(error)?;
        }
        self.client.batch_execute("commit; analyze").map_err(error)?;
        migrate::postgres_to(&mut self.client, None)
    }
}

fn put(block: &mut Vec<u8>, cell: Cell) {
    let mut field = |bytes: &[u8]| {
        block.extend_from_slice(&i32::try_from(bytes.len()).unwrap_or(i32::MAX).to_be_bytes());
        block.extend_from_slice(bytes);
    };
    match cell {
        Cell::Null => block.extend_from_slice(&(-1_i32).to_be_bytes()),
        Cell::Bool(v) => field(&[u8::from(v)]),
        Cell::Int(v) => field(&v.to_be_bytes()),
        Cell::Text(v) => field(v.as_bytes()),
        Cell::Bytes(v) => field(v),
        Cell::Uuid(v) => field(&v),
    }
}

/// All of it was made by a restore that did not end: the mark came first.
fn drop_all(left: &[String]) -> String {
    left.iter().map(|name| format!("drop table {} cascade;", quoted(name))).collect()
}

pub fn abandon(url: &str) -> Result<(), DbError> {
    let mut client = client(url)?;
    if !is_unfinished(&mut client)? {
        return Ok(());
    }
    let left = refuse_full(&mut client)?;
    client.batch_execute(&format!("begin;{}commit", drop_all(&left))).map_err(error)
}

/// Refuses a database with anything in it; gives what an unfinished restore has left there.
fn refuse_full(client: &mut Client) -> Result<Vec<String>, DbError> {
    let sql = "select relname::text from pg_class
               where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'v', 'm') order by 1";
    let names = client.query(sql, &[]).map_err(error)?;
    let names: Vec<String> = names.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(error)?;
    match names.first() {
        Some(first) if !names.iter().any(|name| name == UNFINISHED) => {
            Err(DbError::Other(format!("the database is not empty: it has a table {first}")))
        }
        _ => Ok(names),
    }
}

/// Whether a restore into this database has not ended.
pub fn is_unfinished(client: &mut Client) -> Result<bool, DbError> {
    let sql = format!("select to_regclass('{UNFINISHED}') is not null");
    client.query_one(&sql, &[]).and_then(|row| row.try_get(0)).map_err(error)
}

pub fn release(url: &str) -> Result<(), DbError> {
    client(url)?.batch_execute(&format!("drop table if exists {UNFINISHED}")).map_err(error)
}
