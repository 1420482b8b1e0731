//! What an addition or a message costs without the program: the rows that one left, again and again, by rusqlite.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use ruh::clock::stopwatch;
use rusqlite::types::Value;

/// Where an addition leaves rows, and which of them are the newest client's.
const TABLES: &[(&str, &str)] = &[
    ("clients", "id = ?1"),
    ("client_prefixes", "client_id = ?1"),
    ("care_team", "client_id = ?1"),
    ("activities", "client_id = ?1"),
    ("audit_entries", "client_id = ?1"),
    ("invitations", "client_id = ?1"),
    ("invitation_events", "invitation_id in (select id from invitations where client_id = ?1)"),
    ("jobs", "subject in (select id from invitations where client_id = ?1)"),
];

/// Columns whose ids are new for every addition.
const OWN: &[&str] = &["id", "client_id", "invitation_id", "subject", "subject_id"];

struct Row {
    insert: String,
    columns: Vec<String>,
    values: Vec<Value>,
}

/// Transactions a second that each write the rows of one addition into the same file, flushed to the disk. `from` makes
/// the ids of one call others than those of the one before.
pub fn transactions(file: &Path, from: u64, count: u64) -> f64 {
    let mut conn = rusqlite::Connection::open(file).expect("the file");
    conn.busy_timeout(Duration::from_secs(10)).expect("patience");
    conn.execute_batch("pragma synchronous = full; pragma foreign_keys = on").expect("settings");
    let newest: Vec<u8> =
        conn.query_row("select id from clients order by id desc limit 1", [], |row| row.get(0)).expect("a client");
    let rows: Vec<Row> = TABLES.iter().flat_map(|(table, which)| rows(&conn, table, which, &newest)).collect();
    let started = stopwatch();
    for n in from..from + count {
        let mut ids = HashMap::new();
        let tx = conn.transaction().expect("a transaction");
        for row in &rows {
            let values = row.columns.iter().zip(&row.values).map(|(column, value)| match value {
                // The sealer may have been there already: an addition leaves them empty.
                _ if matches!(column.as_str(), "seq" | "hash") => Value::Null,
                Value::Blob(id) if id.len() == 16 && OWN.contains(&column.as_str()) => {
                    let next = ids.len() as u64;
                    Value::Blob(ids.entry(id.clone()).or_insert_with(|| renewed(id, n, next)).clone())
                }
                other => other.clone(),
            });
            let mut insert = tx.prepare_cached(&row.insert).expect("an insert");
            insert.execute(rusqlite::params_from_iter(values)).expect("a row");
        }
        tx.commit().expect("a commit");
    }
    count as f64 / started.elapsed().as_secs_f64()
}

/// Another id that sorts beside the old one, as a new one would.
fn renewed(id: &[u8], n: u64, next: u64) -> Vec<u8> {
    let mut new = id[..6].to_vec();
    new.extend_from_slice(&[0xff, 0xff]);
    new.extend_from_slice(&(n << 16 | next).to_be_bytes());
    new
}

fn rows(conn: &rusqlite::Connection, table: &str, which: &str, client: &[u8]) -> Vec<Row> {
    let mut statement = conn.prepare(&format!("select * from {table} where {which}")).expect("a query");
    let columns: Vec<String> = statement.column_names().map(str::to_string).collect();
    let marks: Vec<String> = (1..=columns.len()).map(|n| format!("?{n}")).collect();
    let insert = format!("insert into {table} ({}) values ({})", columns.join(", "), marks.join(", "));
    let read = |row: &rusqlite::Row| (0..columns.len()).map(|n| row.get(n)).collect::<Result<Vec<Value>, _>>();
    let found = statement.query_map([client], read).expect("rows").collect::<Result<Vec<_>, _>>().expect("a row");
    assert!(!found.is_empty(), "an addition left nothing in {table}");
    found.into_iter().map(|values| Row { insert: insert.clone(), columns: columns.clone(), values }).collect()
}

/// Transactions a second that each write one message's row: into a file of their own, so that nobody reads them, with
/// the program's own table and indexes. `from` as above.
pub fn messages(folder: &Path, from: u64, count: u64) -> f64 {
    let program = rusqlite::Connection::open(folder.join("ruh.db")).expect("the file");
    program.busy_timeout(Duration::from_secs(10)).expect("patience");
    let newest: Vec<u8> =
        program.query_row("select id from messages order by id desc limit 1", [], |row| row.get(0)).expect("a message");
    let row = rows(&program, "messages", "id = ?1", &newest).remove(0);
    let mut conn = rusqlite::Connection::open(folder.join("plain-messages.db")).expect("a file");
    let settings = "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = off";
    conn.execute_batch(settings).expect("settings");
    if !conn.table_exists(None, "messages").expect("a look") {
        let made = "select sql from sqlite_master where tbl_name = 'messages' and type in ('table', 'index')
             and sql is not null order by type desc";
        let mut made = program.prepare(made).expect("a query");
        let made = made.query_map([], |row| row.get::<_, String>(0)).expect("rows");
        made.for_each(|statement| conn.execute_batch(&statement.expect("a row")).expect("a table"));
    }
    let started = stopwatch();
    for n in from..from + count {
        let place = i64::try_from(n).expect("a number");
        let values = row.columns.iter().zip(&row.values).map(|(column, value)| match (column.as_str(), value) {
            ("id" | "given_id", Value::Blob(id)) => Value::Blob(renewed(id, n, 0)),
            ("seq" | "changed", _) => Value::Integer(place),
            (_, other) => other.clone(),
        });
        let tx = conn.transaction().expect("a transaction");
        let written = tx.prepare_cached(&row.insert).expect("an insert").execute(rusqlite::params_from_iter(values));
        written.expect("a row");
        tx.commit().expect("a commit");
    }
    count as f64 / started.elapsed().as_secs_f64()
}

/// How long one row takes to be kept by rusqlite, in a synchronous transaction of its own, again and again with a pause
/// between: in a file beside the program's, on the same disk.
pub fn times(folder: &Path, time: Duration) -> Vec<Duration> {
    let path = folder.join("plain.db");
    let conn = rusqlite::Connection::open(&path).expect("a file");
    conn.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = full;
         create table if not exists kept (id integer primary key, value blob not null)",
    )
    .expect("a table");
    let (started, mut times) = (stopwatch(), Vec::new());
    while started.elapsed() < time {
        let begun = stopwatch();
        conn.execute("insert into kept (value) values (?1)", [vec![7_u8; 120]]).expect("a row");
        times.push(begun.elapsed());
        std::thread::sleep(Duration::from_millis(5));
    }
    times
}
