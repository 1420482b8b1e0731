//! Copies the rows of a SQLite file into a migrated PostgreSQL database, so that both hold the same.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use postgres::{Client, NoTls};
use rusqlite::types::ValueRef;

struct Column {
    name: String,
    kind: String,
}

/// Replaces every table's rows. `url`: a database that the program has migrated.
pub fn copy(file: &Path, url: &str) {
    let lite = rusqlite::Connection::open(file).expect("the file");
    let mut pg = Client::connect(url, NoTls).expect("the database");
    let tables = "select table_name from information_schema.tables
         where table_schema = 'public' and table_type = 'BASE TABLE' and table_name <> 'refinery_schema_history'";
    let tables: Vec<String> = pg.query(tables, &[]).expect("tables").iter().map(|row| row.get(0)).collect();
    // Rows come table by table: foreign keys are whole only at the end.
    pg.batch_execute("set session_replication_role = replica; set synchronous_commit = off").expect("settings");
    pg.batch_execute(&format!("truncate {}", tables.join(", "))).expect("empty tables");
    for table in &tables {
        let columns = "select column_name, data_type from information_schema.columns
             where table_schema = 'public' and table_name = $1 order by ordinal_position";
        let columns = pg.query(columns, &[table]).expect("columns");
        let columns: Vec<Column> = columns.iter().map(|row| Column { name: row.get(0), kind: row.get(1) }).collect();
        rows(&lite, &mut pg, table, &columns);
    }
    // As the server would by itself in its next quiet minute.
    for statement in ["vacuum analyze", "checkpoint"] {
        pg.batch_execute(statement).expect("statistics");
    }
}

fn rows(lite: &rusqlite::Connection, pg: &mut Client, table: &str, columns: &[Column]) {
    let names: Vec<String> = columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
    let names = names.join(", ");
    let mut statement = lite.prepare(&format!("select {names} from {table}")).expect("a query");
    let mut found = statement.query([]).expect("rows");
    let mut writer = pg.copy_in(&format!("copy {table} ({names}) from stdin")).expect("copy");
    let mut line = String::new();
    while let Some(row) = found.next().expect("a row") {
        line.clear();
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                line.push('\t');
            }
            value(&mut line, row.get_ref(index).expect("a value"), &column.kind);
        }
        line.push('\n');
        writer.write_all(line.as_bytes()).expect("a line");
    }
    writer.finish().expect("the end of the table");
}

fn value(line: &mut String, value: ValueRef, kind: &str) {
    match value {
        ValueRef::Null => line.push_str("\\N"),
        ValueRef::Integer(n) if kind == "boolean" => line.push_str(if n == 0 { "f" } else { "t" }),
        ValueRef::Integer(n) => {
            let _ = write!(line, "{n}");
        }
        ValueRef::Real(n) => {
            let _ = write!(line, "{n}");
        }
        ValueRef::Text(text) => {
            for c in String::from_utf8_lossy(text).chars() {
                match c {
                    '\\' => line.push_str("\\\\"),
                    '\t' => line.push_str("\\t"),
                    '\n' => line.push_str("\\n"),
                    '\r' => line.push_str("\\r"),
                    c => line.push(c),
                }
            }
        }
        ValueRef::Blob(bytes) => {
            if kind == "bytea" {
                line.push_str("\\\\x");
            }
            for byte in bytes {
                let _ = write!(line, "{byte:02x}");
            }
        }
    }
}
