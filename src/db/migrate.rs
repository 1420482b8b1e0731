//! Migrations: one set for both databases, and beside it the few that differ.

use refinery::{Migration, Runner, Target};

use super::{DbError, Engine};

const BOTH: &[(i32, &str, &str)] = &[
    (1, "foundation", include_str!("../../migrations/0001_foundation.sql")),
    (3, "members", include_str!("../../migrations/0003_members.sql")),
    (4, "invite_links", include_str!("../../migrations/0004_invite_links.sql")),
    (6, "bulk", include_str!("../../migrations/0006_bulk.sql")),
    (7, "sealed", include_str!("../../migrations/0007_sealed.sql")),
    (8, "second_factor", include_str!("../../migrations/0008_second_factor.sql")),
    (9, "newsfeed", include_str!("../../migrations/0009_newsfeed.sql")),
    (11, "expired_links", include_str!("../../migrations/0011_expired_links.sql")),
    (12, "contacts", include_str!("../../migrations/0012_contacts.sql")),
    (13, "passphrases", include_str!("../../migrations/0013_passphrases.sql")),
    (14, "guardians", include_str!("../../migrations/0014_guardians.sql")),
    (15, "openings", include_str!("../../migrations/0015_openings.sql")),
    (16, "merges", include_str!("../../migrations/0016_merges.sql")),
    (17, "documents", include_str!("../../migrations/0017_documents.sql")),
    (18, "forms", include_str!("../../migrations/0018_forms.sql")),
    (19, "chat", include_str!("../../migrations/0019_chat.sql")),
    (20, "chat_indexes", include_str!("../../migrations/0020_chat_indexes.sql")),
];
const SQLITE: &[(i32, &str, &str)] = &[
    (2, "search", include_str!("../../migrations/0002_search.sqlite.sql")),
    (5, "list", include_str!("../../migrations/0005_list.sqlite.sql")),
    (10, "prefixes", include_str!("../../migrations/0010_prefixes.sqlite.sql")),
];
const POSTGRES: &[(i32, &str, &str)] = &[
    (2, "search", include_str!("../../migrations/0002_search.postgres.sql")),
    (5, "list", include_str!("../../migrations/0005_list.postgres.sql")),
    (10, "prefixes", include_str!("../../migrations/0010_prefixes.postgres.sql")),
];

type Own = &'static [(i32, &'static str, &'static str)];

fn runner(own: Own) -> Result<Runner, DbError> {
    let mut all: Vec<_> = BOTH.iter().chain(own).collect();
    all.sort_by_key(|(version, ..)| *version);
    let migrations: Result<Vec<_>, _> =
        all.iter().map(|(version, name, sql)| Migration::unapplied(&format!("V{version}__{name}"), sql)).collect();
    let migrations = migrations.map_err(|e| DbError::Other(e.to_string()))?;
    // In a group a migration and the note that it was done are one transaction. Left to itself refinery makes two, and
    // a program that is killed between them never starts again.
    Ok(Runner::new(&migrations).set_grouped(true).set_abort_divergent(true).set_abort_missing(true))
}

/// Migrates one by one, each in a transaction of its own: one that is killed midway leaves nothing, and the next start
/// goes on with it.
fn one_by_one<C>(conn: &mut C, own: Own, found: i32, until: Option<i32>) -> Result<(), DbError>
where
    C: refinery::Migrate,
{
    let until = until.unwrap_or_else(|| newest(own));
    let mut versions: Vec<i32> = BOTH.iter().chain(own).map(|(version, ..)| *version).collect();
    versions.sort_unstable();
    // The last is looked at even if it was done: what was done is compared with what is known.
    for version in versions.into_iter().filter(|v| *v <= until && (*v > found || *v == until)) {
        let step = runner(own)?.set_target(Target::Version(version));
        step.run(conn).map_err(|e| DbError::Other(e.to_string()))?;
    }
    Ok(())
}

fn newest(own: Own) -> i32 {
    BOTH.iter().chain(own).map(|(version, ..)| *version).max().unwrap_or(0)
}

fn refuse_newer(found: i32, known: i32) -> Result<(), DbError> {
    if found > known {
        return Err(DbError::Other(format!(
            "this data was written by a newer version of Ruh Care (schema {found}, this program knows {known}); \
             refusing it"
        )));
    }
    Ok(())
}

/// Errors: the data of a backup was written by a program that knows more migrations than this one.
pub fn refuse_newer_than_this(engine: Engine, found: i32) -> Result<(), DbError> {
    let own = match engine {
        Engine::Sqlite => SQLITE,
        Engine::Postgres => POSTGRES,
    };
    refuse_newer(found, newest(own))
}

pub fn sqlite(conn: &mut rusqlite::Connection) -> Result<(), DbError> {
    sqlite_to(conn, None)
}

/// Migrates up to a number, or to the newest.
pub fn sqlite_to(conn: &mut rusqlite::Connection, until: Option<i32>) -> Result<(), DbError> {
    let found: i32 = conn
        .query_row("select coalesce(max(version), 0) from refinery_schema_history", [], |row| row.get(0))
        .unwrap_or(0);
    refuse_newer(found, newest(SQLITE))?;
    one_by_one(conn, SQLITE, found, until)
}

pub fn postgres(client: &mut postgres::Client) -> Result<(), DbError> {
    alone(client, |client| {
        if super::outside_postgres::is_unfinished(client)? {
            return Err(DbError::Other(
                "a restore into this database has not finished: run `ruh restore` again, or empty it".into(),
            ));
        }
        migrate_postgres(client, None)
    })
}

/// Migrates up to a number, or to the newest, while a restore is under way.
pub fn postgres_to(client: &mut postgres::Client, until: Option<i32>) -> Result<(), DbError> {
    alone(client, |client| migrate_postgres(client, until))
}

/// Keeps other servers that start out meanwhile: two must not migrate at once.
pub fn alone<T>(
    client: &mut postgres::Client,
    body: impl FnOnce(&mut postgres::Client) -> Result<T, DbError>,
) -> Result<T, DbError> {
    client.batch_execute("select pg_advisory_lock(7247001)").map_err(super::postgres::error)?;
    let done = body(client);
    let unlocked = client.batch_execute("select pg_advisory_unlock(7247001)").map_err(super::postgres::error);
    // What went wrong inside says more than what followed from it.
    done.and_then(|done| unlocked.map(|()| done))
}

fn migrate_postgres(client: &mut postgres::Client, until: Option<i32>) -> Result<(), DbError> {
    let mut found = 0;
    let table: bool = client
        .query_one("select to_regclass('refinery_schema_history') is not null", &[])
        .and_then(|row| row.try_get(0))
        .map_err(super::postgres::error)?;
    if table {
        found = client
            .query_one("select coalesce(max(version), 0)::int4 from refinery_schema_history", &[])
            .and_then(|row| row.try_get(0))
            .map_err(super::postgres::error)?;
        refuse_newer(found, newest(POSTGRES))?;
    }
    one_by_one(client, POSTGRES, found, until)
}
