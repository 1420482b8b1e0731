//! Migrations: one set for both databases, and beside it the few that differ.

use refinery::{Migration, Runner};

use super::DbError;

const BOTH: &[(i32, &str, &str)] = &[
    (1, "foundation", include_str!("../../migrations/0001_foundation.sql")),
    (3, "members", include_str!("../../migrations/0003_members.sql")),
    (4, "invite_links", include_str!("../../migrations/0004_invite_links.sql")),
    (6, "bulk", include_str!("../../migrations/0006_bulk.sql")),
    (7, "sealed", include_str!("../../migrations/0007_sealed.sql")),
];
const SQLITE: &[(i32, &str, &str)] = &[
    (2, "search", include_str!("../../migrations/0002_search.sqlite.sql")),
    (5, "list", include_str!("../../migrations/0005_list.sqlite.sql")),
];
const POSTGRES: &[(i32, &str, &str)] = &[
    (2, "search", include_str!("../../migrations/0002_search.postgres.sql")),
    (5, "list", include_str!("../../migrations/0005_list.postgres.sql")),
];

fn runner(own: &[(i32, &str, &str)]) -> Result<Runner, DbError> {
    let mut all: Vec<_> = BOTH.iter().chain(own).collect();
    all.sort_by_key(|(version, ..)| *version);
    let migrations: Result<Vec<_>, _> =
        all.iter().map(|(version, name, sql)| Migration::unapplied(&format!("V{version}__{name}"), sql)).collect();
    let migrations = migrations.map_err(|e| DbError::Other(e.to_string()))?;
    // Each migration in a transaction of its own: one that is killed midway leaves nothing, and the next start resumes.
    Ok(Runner::new(&migrations).set_grouped(false).set_abort_divergent(true).set_abort_missing(true))
}

fn newest(own: &[(i32, &str, &str)]) -> i32 {
    BOTH.iter().chain(own).map(|(version, ..)| *version).max().unwrap_or(0)
}

fn refuse_newer(found: i32, known: i32) -> Result<(), DbError> {
    if found > known {
        return Err(DbError::Other(format!(
            "this data was written by a newer version of Ruh Care (schema {found}, this program knows {known}); \
             refusing to start"
        )));
    }
    Ok(())
}

pub fn sqlite(conn: &mut rusqlite::Connection) -> Result<(), DbError> {
    let found: i32 = conn
        .query_row("select coalesce(max(version), 0) from refinery_schema_history", [], |row| row.get(0))
        .unwrap_or(0);
    refuse_newer(found, newest(SQLITE))?;
    runner(SQLITE)?.run(conn).map(drop).map_err(|e| DbError::Other(e.to_string()))
}

pub fn postgres(client: &mut postgres::Client) -> Result<(), DbError> {
    // Two servers that start at once must not migrate at once.
    client.batch_execute("select pg_advisory_lock(7247001)").map_err(super::postgres::error)?;
    let table: bool = client
        .query_one("select to_regclass('refinery_schema_history') is not null", &[])
        .and_then(|row| row.try_get(0))
        .map_err(super::postgres::error)?;
    if table {
        let found: i32 = client
            .query_one("select coalesce(max(version), 0)::int4 from refinery_schema_history", &[])
            .and_then(|row| row.try_get(0))
            .map_err(super::postgres::error)?;
        refuse_newer(found, newest(POSTGRES))?;
    }
    let done = runner(POSTGRES)?.run(client).map(drop).map_err(|e| DbError::Other(e.to_string()));
    client.batch_execute("select pg_advisory_unlock(7247001)").map_err(super::postgres::error)?;
    done
}
