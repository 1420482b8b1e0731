//! The test's own database, and raw SQL beside the program, as somebody with the file or the server in hand would run it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// A database made for one test; a PostgreSQL one is dropped with it.
pub struct Raw {
    kind: Kind,
}

enum Kind {
    Sqlite(PathBuf),
    Postgres { server: String, name: String },
}

/// One value of a row, as text; ids and bytes as hex.
pub type Cell = Option<String>;

static NEXT: AtomicU32 = AtomicU32::new(0);

impl Raw {
    pub fn sqlite(path: PathBuf) -> Raw {
        Raw { kind: Kind::Sqlite(path) }
    }

    /// A new database on the server of RUH_TEST_POSTGRES_URL. A missing server fails the test: nothing is skipped.
    pub fn postgres() -> Raw {
        let server = std::env::var("RUH_TEST_POSTGRES_URL");
        let server = server.expect("RUH_TEST_POSTGRES_URL is not set: run the tests through `make test`");
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let name = format!("ruh_test_{}_{number}", std::process::id());
        on_own_thread(|| {
            let mut admin = postgres::Client::connect(&server, postgres::NoTls).expect("the test server");
            admin.batch_execute(&format!("drop database if exists {name} with (force)")).expect("drop database");
            admin.batch_execute(&format!("create database {name}")).expect("create database");
        });
        Raw { kind: Kind::Postgres { server, name } }
    }

    /// For RUH_DATABASE_URL.
    pub fn url(&self) -> String {
        match &self.kind {
            Kind::Sqlite(path) => format!("sqlite:{}", path.display()),
            Kind::Postgres { server, name } => {
                let (base, options) = server.split_once('?').unwrap_or((server, ""));
                let base = base.rsplit_once('/').map_or(base, |(base, _)| base);
                let options = if options.is_empty() { "sslmode=disable" } else { options };
                format!("{base}/{name}?{options}")
            }
        }
    }

    /// Runs statements without rows.
    pub fn run(&self, sql: &str) {
        match &self.kind {
            Kind::Sqlite(path) => {
                let conn = rusqlite::Connection::open(path).expect("the file");
                conn.busy_timeout(std::time::Duration::from_secs(20)).expect("timeout");
                conn.execute_batch(sql).unwrap_or_else(|e| panic!("{e}: {sql}"));
            }
            Kind::Postgres { .. } => on_own_thread(|| {
                let mut client = postgres::Client::connect(&self.url(), postgres::NoTls).expect("the database");
                client.batch_execute(sql).unwrap_or_else(|e| panic!("{e:?}: {sql}"));
            }),
        }
    }

    /// Rows as texts.
    pub fn rows(&self, sql: &str) -> Vec<Vec<Cell>> {
        match &self.kind {
            Kind::Sqlite(path) => {
                let conn = rusqlite::Connection::open(path).expect("the file");
                let mut statement = conn.prepare(sql).unwrap_or_else(|e| panic!("{e}: {sql}"));
                let width = statement.column_count();
                let rows = statement.query_map([], |row| (0..width).map(|i| Ok(lite(row.get_ref(i)?))).collect());
                rows.expect("rows").collect::<Result<_, _>>().expect("a row")
            }
            Kind::Postgres { .. } => on_own_thread(|| {
                let mut client = postgres::Client::connect(&self.url(), postgres::NoTls).expect("the database");
                let rows = client.simple_query(sql).unwrap_or_else(|e| panic!("{e:?}: {sql}"));
                let row = |m: &postgres::SimpleQueryMessage| match m {
                    postgres::SimpleQueryMessage::Row(row) => {
                        Some((0..row.len()).map(|i| row.get(i).map(plain)).collect())
                    }
                    _ => None,
                };
                rows.iter().filter_map(row).collect()
            }),
        }
    }

    /// The one number that a statement gives.
    pub fn count(&self, sql: &str) -> i64 {
        let rows = self.rows(sql);
        let cell = rows.first().and_then(|row| row.first()).cloned().flatten();
        cell.and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no number: {sql}"))
    }

    /// An id as a literal of this engine.
    pub fn id(&self, id: &str) -> String {
        let hex: String = id.chars().filter(char::is_ascii_hexdigit).collect();
        match &self.kind {
            Kind::Sqlite(_) => format!("x'{hex}'"),
            Kind::Postgres { .. } => format!("'{hex}'::uuid"),
        }
    }
}

fn lite(value: rusqlite::types::ValueRef) -> Cell {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(n) => Some(n.to_string()),
        ValueRef::Real(n) => Some(n.to_string()),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Some(bytes.iter().map(|b| format!("{b:02x}")).collect()),
    }
}

/// As `lite` writes it: true is 1, ids and bytes are hex.
fn plain(text: &str) -> String {
    match text {
        "t" => "1".into(),
        "f" => "0".into(),
        _ if uuid::Uuid::try_parse(text).is_ok() => text.replace('-', ""),
        _ => text.strip_prefix("\\x").unwrap_or(text).to_string(),
    }
}

/// The PostgreSQL driver runs a runtime of its own, which must not be inside another.
fn on_own_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join().expect("the database thread"))
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Kind::Postgres { server, name } = &self.kind {
            let drop = || {
                let mut admin = postgres::Client::connect(server, postgres::NoTls)?;
                admin.batch_execute(&format!("drop database if exists {name} with (force)"))
            };
            // A database that stays behind goes with the throw-away server.
            let _ = std::thread::scope(|scope| scope.spawn(drop).join());
        }
    }
}
