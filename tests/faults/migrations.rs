//! Migrations that are killed midway: whatever they had not committed is gone, and the next start goes on from there.

use testkit::ruh::db::Engine;

use crate::backup::said;
use crate::support::Ground;

/// What a database is made of.
const SCHEMA: &str = "select type, name, tbl_name, sql from sqlite_master order by type, name";
const CATALOGUE: &str =
    "select c.relname, c.relkind::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
        pg_get_indexdef(c.oid) || ''
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'i')
    order by c.relname, a.attnum";
const NEWEST: &str = "select max(version) from refinery_schema_history";

/// A real kill -9 at each migration, as soon as the one before it can be seen.
#[test]
fn r59_migrations_killed_midway_resume_sqlite() {
    let whole = Ground::new(Engine::Sqlite);
    assert!(whole.setting().run(&["migrate"], "").status.success());
    let newest = whole.raw.count(NEWEST);
    let mut killed = 0;
    for version in 0..newest {
        let ground = Ground::new(Engine::Sqlite);
        let setting = ground.setting();
        let path = ground.folder.path().join("ruh.db");
        let reached = || {
            // The file may not be there, or have no tables yet.
            let conn = rusqlite::Connection::open_with_flags(&path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).ok();
            let found = conn.and_then(|conn| conn.query_row(NEWEST, [], |row| row.get::<_, Option<i64>>(0)).ok());
            if version == 0 { path.exists() } else { found.flatten().is_some_and(|found| found >= version) }
        };
        let mut migrating = setting.begin(&["migrate"], "");
        while !reached() && migrating.try_wait().expect("a child").is_none() {}
        let _ = migrating.kill();
        killed += usize::from(!migrating.wait().expect("an end").success());
        let resumed = setting.run(&["migrate"], "");
        assert!(resumed.status.success(), "{version}: {}", said(&resumed));
        assert_eq!(ground.raw.rows("pragma integrity_check")[0][0].as_deref(), Some("ok"));
        assert_eq!(ground.raw.rows(SCHEMA), whole.raw.rows(SCHEMA), "{version}");
    }
    assert!(killed > 0, "every one of them was quicker than its kill");
}

/// Each migration is stopped where it has done everything and not committed: it waits for a row of its own number that
/// somebody else is writing. There its backend is terminated.
#[test]
fn r59_migrations_whose_backend_is_terminated_resume_postgres() {
    let whole = Ground::new(Engine::Postgres);
    assert!(whole.setting().run(&["migrate"], "").status.success());
    let newest = whole.raw.count(NEWEST);
    for version in 1..=newest {
        let ground = Ground::new(Engine::Postgres);
        let setting = ground.setting();
        // As refinery makes it.
        ground.raw.run(
            "create table refinery_schema_history
             (version int4 primary key, name varchar(255), applied_on varchar(255), checksum varchar(255))",
        );
        let mut blocker = postgres::Client::connect(&ground.raw.url(), postgres::NoTls).expect("the database");
        let row = format!("begin; insert into refinery_schema_history (version) values ({version})");
        blocker.batch_execute(&row).expect("a row in the way");
        let migrating = setting.begin(&["migrate"], "");
        let terminated = "select count(*) from (select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and application_name = 'ruh' and wait_event_type = 'Lock') x";
        while ground.raw.count(terminated) == 0 {}
        let ended = migrating.wait_with_output().expect("an end");
        assert_eq!(ended.status.code(), Some(1), "{}", said(&ended));
        blocker.batch_execute("rollback").expect("out of the way");
        let reached = ground.raw.count("select coalesce(max(version), 0) from refinery_schema_history");
        assert_eq!(reached, version - 1, "those before it stand");
        let resumed = setting.run(&["migrate"], "");
        assert!(resumed.status.success(), "{version}: {}", said(&resumed));
        let (found, wanted) = (ground.raw.rows(CATALOGUE), whole.raw.rows(CATALOGUE));
        assert!(wanted.len() > 200);
        assert_eq!(found, wanted, "{version}");
    }
}
