//! PostgreSQL: worker threads that each own a connection with its prepared statements. Verbs run SERIALIZABLE and are
//! run again on 40001 and 40P01; pages run read only. See docs/decisions/0002 for why there is no second pool.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use postgres::config::{Host, SslMode};
use postgres::{Client, Config, NoTls, Statement, error::SqlState};

use super::queue::{Queue, Rank, Stepping, Taken};
use super::{Cell, DbError, Inner, RefCell, Row, Tx, Value, Work, migrate};

/// Threads that write.
const WRITERS: usize = 8;
/// How often a verb is run again before its caller hears of the conflict.
const TRIES: u32 = 40;
const RACE_TRIES: u32 = 3;
/// Tries beside the other verbs of this process; after that it runs alone. Verbs that touch the same practice share pages
/// of its indexes, and PostgreSQL takes that for a conflict: without a turn of its own a verb can lose every time.
const TRIES_BESIDE_OTHERS: u32 = 3;
/// Verbs of one practice that share a transaction at most.
const GROUP_LIMIT: usize = 16;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(1);

pub struct Postgres {
    pub readers: Arc<Queue>,
    pub writers: Arc<Queue>,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.readers.close();
        self.writers.close();
    }
}

/// Where the server is, and whether it could be reached.
struct Server {
    config: Config,
    tried: Mutex<Tried>,
}

impl Server {
    /// Connects, unless somebody has just tried in vain: while the server is away everybody is told at once, and it is
    /// asked again each second.
    fn connect(&self) -> Result<Session, DbError> {
        if self.tried().failed.is_some_and(|at| at.elapsed() < ASKED_AGAIN_AFTER) {
            return Err(DbError::Unavailable("it could not be reached a moment ago".into()));
        }
        let began = crate::clock::stopwatch();
        let connected = connect(&self.config);
        self.tried().note(began, connected.is_ok());
        connected
    }

    fn tried(&self) -> std::sync::MutexGuard<'_, Tried> {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the last tries to connect ended.
#[derive(Default)]
struct Tried {
    failed: Option<Instant>,
    reached: Option<Instant>,
}

impl Tried {
    /// A try that began before somebody else got through says nothing of now: it may have waited for seconds on a
    /// network that has come back since, and would turn away whom the server could serve.
    fn note(&mut self, began: Instant, reached: bool) {
        let now = crate::clock::stopwatch();
        if reached {
            *self = Tried { failed: None, reached: Some(now) };
        } else if self.reached.is_none_or(|at| at < began) {
            self.failed = Some(now);
        }
    }
}

/// A connection and the statements prepared on it.
pub struct Session {
    client: Client,
    statements: HashMap<&'static str, Statement>,
}

impl Postgres {
    pub fn open(url: &str, readers: usize) -> Result<Postgres, DbError> {
        let server = Arc::new(Server { config: config(url)?, tried: Mutex::default() });
        let mut first = server.connect()?;
        migrate::postgres(&mut first.client)?;
        let behind = crate::threads::behind();
        let postgres = Postgres {
            readers: Arc::new(Queue::new(behind + 1, Stepping::Back)),
            // Verbs of one practice touch the same rows and pages: beside each other they would only be run again.
            writers: Arc::new(Queue::new(1, Stepping::Never)),
        };
        let ranks = [(Rank::Front, readers.max(1)), (Rank::Behind, behind)];
        for rank in ranks.into_iter().flat_map(|(rank, threads)| std::iter::repeat_n(rank, threads)) {
            spawn("ruh-pg-read".into(), server.clone(), Arc::clone(&postgres.readers), Mode::Read(rank))?;
        }
        let turn = Arc::new(RwLock::new(()));
        for _ in 0..WRITERS {
            let writes = Arc::clone(&postgres.writers);
            spawn("ruh-pg-write".into(), server.clone(), writes, Mode::Write(turn.clone()))?;
        }
        Ok(postgres)
    }
}

fn config(url: &str) -> Result<Config, DbError> {
    let mut config: Config = url.parse().map_err(|e| DbError::Other(format!("RUH_DATABASE_URL: {e}")))?;
    config.connect_timeout(CONNECT_TIMEOUT).application_name("ruh");
    // A session that a network swallowed must not hold a verb for ever.
    config.keepalives_idle(Duration::from_secs(10)).keepalives_interval(Duration::from_secs(3)).keepalives_retries(3);
    config.tcp_user_timeout(Duration::from_secs(20));
    Ok(config)
}

/// A connection of its own, beside those that serve.
pub fn client(url: &str) -> Result<Client, DbError> {
    connect(&config(url)?).map(|session| session.client)
}

enum Mode {
    Read(Rank),
    /// Shared by the verbs that run beside each other, held alone by one that cannot get through otherwise.
    Write(Arc<RwLock<()>>),
}

impl Mode {
    fn rank(&self) -> Rank {
        match self {
            Mode::Read(rank) => *rank,
            Mode::Write(_) => Rank::Front,
        }
    }

    fn begin(&self) -> &'static str {
        match self {
            Mode::Read(_) => "begin isolation level repeatable read read only",
            Mode::Write(_) => "begin isolation level serializable",
        }
    }

    fn tries(&self) -> u32 {
        match self {
            Mode::Read(_) => 2,
            Mode::Write(_) => TRIES,
        }
    }

    /// Runs one try beside the others, or alone once it has lost too often.
    fn in_turn<T>(&self, attempt: u32, body: impl FnOnce() -> T) -> T {
        match self {
            Mode::Read(_) => body(),
            Mode::Write(turn) if attempt < TRIES_BESIDE_OTHERS => {
                let _beside = turn.read().unwrap_or_else(PoisonError::into_inner);
                body()
            }
            Mode::Write(turn) => {
                let _alone = turn.write().unwrap_or_else(PoisonError::into_inner);
                body()
            }
        }
    }
}

fn spawn(name: String, server: Arc<Server>, queue: Arc<Queue>, mode: Mode) -> Result<(), DbError> {
    let body = move || {
        let mut session = None;
        if mode.rank() == Rank::Behind {
            crate::threads::step_back();
        }
        while let Some(Taken { work, lane }) = queue.take(mode.rank()) {
            let mut group = vec![work];
            if matches!(mode, Mode::Write(_)) && lane.is_some() {
                group.extend(queue.take_more(lane, GROUP_LIMIT - 1));
            }
            let shared = match &mut session {
                Some(session) if group.len() > 1 => mode.in_turn(0, || together(session, &mut group, &mode)),
                _ => Group::Apart,
            };
            for mut work in group {
                let outcome = match &shared {
                    Group::Committed => Ok(()),
                    Group::Lost(error) => Err(error.clone()),
                    Group::Apart => run(&server, &mut session, work.as_mut(), &mode),
                };
                work.finish(outcome);
            }
            queue.done(lane);
        }
    };
    std::thread::Builder::new().name(name).spawn(body).map(drop).map_err(|e| DbError::Other(e.to_string()))
}

/// What became of verbs that were run in one transaction.
enum Group {
    Committed,
    /// Nothing was written: each is to be run by itself.
    Apart,
    /// The connection ended with the commit under way: nobody knows.
    Lost(DbError),
}

/// Runs verbs of one practice in one transaction, each in its savepoint, so that they share its commit and are not in
/// each other's way. Whatever gets in between is for the verbs one by one.
fn together(session: &mut Session, group: &mut [Box<dyn Work>], mode: &Mode) -> Group {
    if session.client.batch_execute(mode.begin()).is_err() {
        return Group::Apart;
    }
    let mut next = "savepoint verb";
    for work in group {
        if session.client.batch_execute(next).is_err() {
            return abandoned(session);
        }
        let (keep, lost) = {
            let inner = Inner::Postgres(RefCell::new(session));
            let tx = Tx { inner, conflict: Cell::new(false), raced: Cell::new(false) };
            (work.run(&tx), tx.conflict.get() || tx.raced.get())
        };
        if lost {
            return abandoned(session);
        }
        next = if keep { "release verb; savepoint verb" } else { "rollback to verb; release verb; savepoint verb" };
    }
    if session.client.batch_execute(next.trim_end_matches("; savepoint verb")).is_err() {
        return abandoned(session);
    }
    match session.client.batch_execute("commit").map_err(error) {
        Ok(()) => Group::Committed,
        Err(e @ DbError::Unavailable(_)) => Group::Lost(e),
        Err(_) => Group::Apart,
    }
}

fn abandoned(session: &mut Session) -> Group {
    // Should that fail too, the connection is gone, and the transaction with it.
    let _ = session.client.batch_execute("rollback");
    Group::Apart
}

fn run(server: &Server, slot: &mut Option<Session>, work: &mut dyn Work, mode: &Mode) -> Result<(), DbError> {
    let mut outcome = Err(DbError::Conflict);
    for attempt in 0..mode.tries() {
        if slot.as_ref().is_none_or(|s| s.client.is_closed()) {
            *slot = Some(server.connect()?);
        }
        let Some(session) = slot.as_mut() else { continue };
        let tried = mode.in_turn(attempt, || {
            session.client.batch_execute(mode.begin()).map_err(error)?;
            Ok(once(session, work, attempt))
        });
        outcome = match tried {
            Ok(outcome) => {
                server.tried().note(crate::clock::stopwatch(), true);
                outcome
            }
            // Nothing of the verb was sent: a connection that died while it was idle is made anew, once.
            Err(e @ DbError::Unavailable(_)) => {
                *slot = None;
                if attempt == 0 {
                    continue;
                }
                return Err(e);
            }
            Err(e) => return Err(e),
        };
        match &outcome {
            Err(DbError::Conflict) => crate::clock::back_off(attempt),
            // One that died during the commit leaves the outcome unknown, and the caller is told so.
            Err(DbError::Unavailable(_)) if slot.as_ref().is_some_and(|s| s.client.is_closed()) => {
                *slot = None;
                return outcome;
            }
            _ => return outcome,
        }
    }
    outcome
}

/// Runs the closure in the transaction that was begun, and ends it.
fn once(session: &mut Session, work: &mut dyn Work, attempt: u32) -> Result<(), DbError> {
    let (keep, conflict) = {
        let tx =
            Tx { inner: Inner::Postgres(RefCell::new(session)), conflict: Cell::new(false), raced: Cell::new(false) };
        // A unique key may have refused a row because somebody else has just committed the same: run again, the verb
        // sees that row and gives its proper answer. If it is refused every time, it is the verb's own doing.
        let raced = attempt < RACE_TRIES;
        (work.run(&tx), tx.conflict.get() || raced && tx.raced.get())
    };
    if keep && !conflict {
        return session.client.batch_execute("commit").map_err(error);
    }
    let ended = session.client.batch_execute("rollback").map_err(error);
    if conflict { Err(DbError::Conflict) } else { ended }
}

fn connect(config: &Config) -> Result<Session, DbError> {
    let is_near = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1"),
        Host::Unix(_) => true,
    });
    // On one machine there is nobody in between, and Debian's server shows a certificate that nobody has signed.
    let client = if config.get_ssl_mode() == SslMode::Disable || is_near && config.get_ssl_mode() == SslMode::Prefer {
        config.connect(NoTls)
    } else {
        let mut roots = rustls::RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        // The machine's own roots too: a practice may run a certificate authority (SSL_CERT_FILE).
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        config.connect(tokio_postgres_rustls::MakeRustlsConnect::new(tls))
    };
    let client = client.map_err(|e| DbError::Unavailable(e.to_string()))?;
    Ok(Session { client, statements: HashMap::new() })
}

impl Session {
    fn prepare(&mut self, text: &'static str) -> Result<Statement, DbError> {
        if let Some(statement) = self.statements.get(text) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(text).map_err(error)?;
        self.statements.insert(text, statement.clone());
        Ok(statement)
    }

    pub fn each(
        &mut self,
        text: &'static str,
        params: &[Value],
        row: &mut dyn FnMut(&Row) -> Result<(), DbError>,
    ) -> Result<(), DbError> {
        let statement = self.prepare(text)?;
        let rows = self.client.query(&statement, &borrowed(params)).map_err(error)?;
        rows.iter().try_for_each(|found| row(&Row::Postgres(found)))
    }

    pub fn execute(&mut self, text: &'static str, params: &[Value]) -> Result<u64, DbError> {
        let statement = self.prepare(text)?;
        self.client.execute(&statement, &borrowed(params)).map_err(error)
    }
}

fn borrowed(params: &[Value]) -> Vec<&(dyn postgres::types::ToSql + Sync)> {
    params.iter().map(|v| v as &(dyn postgres::types::ToSql + Sync)).collect()
}

pub fn error(e: postgres::Error) -> DbError {
    let Some(db) = e.as_db_error() else {
        return if e.is_closed() || std::error::Error::source(&e).is_some_and(|s| s.is::<std::io::Error>()) {
            DbError::Unavailable(e.to_string())
        } else {
            DbError::Other(format!("{e}: {:?}", std::error::Error::source(&e).map(ToString::to_string)))
        };
    };
    match db.code() {
        c if *c == SqlState::T_R_SERIALIZATION_FAILURE || *c == SqlState::T_R_DEADLOCK_DETECTED => DbError::Conflict,
        c if *c == SqlState::UNIQUE_VIOLATION => DbError::Unique(db.constraint().unwrap_or_default().to_string()),
        c if c.code().starts_with("53") || c.code().starts_with("57P") || c.code().starts_with("08") => {
            DbError::Unavailable(db.message().to_string())
        }
        _ => DbError::Other(format!("{} ({})", db.message(), db.code().code())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_failure_does_not_turn_away_whom_the_server_serves() {
        let mut tried = Tried::default();
        let before = crate::clock::stopwatch();
        tried.note(before, true);
        tried.note(before, false);
        assert!(tried.failed.is_none(), "it began before the server answered");
        let since = crate::clock::stopwatch() + Duration::from_millis(1);
        tried.note(since, false);
        assert!(tried.failed.is_some(), "it began after, and nobody has got through since");
        tried.note(since, true);
        assert!(tried.failed.is_none());
    }
}
