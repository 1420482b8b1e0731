//! Starting: on data of another version, and on data that a killed migration left.

use testkit::ruh::db::Engine;

use crate::support::{Ground, long};
use crate::table::Row;

fn newer_data(engine: Engine) {
    let row = Row::open("R51", engine, "started on data of a newer version");
    let ground = Ground::new(engine);
    let setting = ground.setting();
    assert!(setting.run(&["migrate"], "").status.success());
    ground.raw.run(
        "insert into refinery_schema_history (version, name, applied_on, checksum) values (999, 'later', '2030-01-01T00:00:00Z', '1')",
    );
    let refused = setting.run(&["migrate"], "");
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("newer version") && said.contains("999"), "{said}");
    let served = setting.run(&["serve"], "");
    assert_eq!(served.status.code(), Some(1), "the server refuses too");
    row.held(1, "refused by every command, with the reason");
}

#[test]
fn r51_data_of_a_newer_version_is_refused_sqlite() {
    newer_data(Engine::Sqlite);
}

#[test]
fn r51_data_of_a_newer_version_is_refused_postgres() {
    newer_data(Engine::Postgres);
}

/// Killed between two migrations, or within the second: a migration is a transaction, so the first alone is there. The
/// next start goes on from it.
fn half_migrated(engine: Engine) {
    let row = Row::open("R51", engine, "a migration cut short");
    let ground = Ground::new(engine);
    let setting = ground.setting();
    // What stands in the way makes the second migration fail at its end.
    let (obstacle, gone) = match engine {
        Engine::Sqlite => (
            "create table client_search_delete_stands_for (x text);
             create trigger client_search_delete after insert on client_search_delete_stands_for begin select 1; end;",
            "drop table client_search_delete_stands_for",
        ),
        Engine::Postgres => ("create sequence client_search", "drop sequence client_search"),
    };
    ground.raw.run(obstacle);
    let failed = setting.run(&["migrate"], "");
    assert_eq!(failed.status.code(), Some(1), "{}", String::from_utf8_lossy(&failed.stderr));
    assert_eq!(ground.raw.count("select max(version) from refinery_schema_history"), 1, "the first stands");
    assert_eq!(ground.raw.count("select count(*) from clients"), 0);
    if engine == Engine::Sqlite {
        let begun = "select count(*) from sqlite_master where name = 'client_search_rows'";
        assert_eq!(ground.raw.count(begun), 0, "of the second nothing");
    }
    ground.raw.run(gone);
    let token = setting.practice();
    assert!(ground.raw.count("select max(version) from refinery_schema_history") > 1, "the rest has followed");
    let server = setting.serve();
    server.invite(&token, "ana@example.org");
    let authorization = format!("Bearer {token}");
    let found = crate::support::http(
        "GET",
        &setting.url("/api/v1/clients?search=arch"),
        &[("authorization", &authorization)],
        "",
    );
    assert!(found.1.contains("ana@example.org"), "the index of the second works: {}", found.1);
    assert_eq!(server.stop(), Some(0));
    row.held(1, "the next start went on from there");
}

#[test]
fn r51_a_migration_that_was_cut_short_goes_on_sqlite() {
    half_migrated(Engine::Sqlite);
}

#[test]
fn r51_a_migration_that_was_cut_short_goes_on_postgres() {
    half_migrated(Engine::Postgres);
}

/// Servers that start on an empty folder and database at once: one makes the key and migrates, the others wait for it.
fn first_starts_at_once(engine: Engine) {
    let row = Row::open("R51", engine, "six first starts at once");
    let rounds = if long() { 50 } else { 5 };
    for _ in 0..rounds {
        let ground = Ground::new(engine);
        let starts: Vec<_> = (0..6)
            .map(|_| {
                let setting = ground.setting();
                std::thread::spawn(move || setting.run(&["migrate"], ""))
            })
            .collect();
        for start in starts {
            let ended = start.join().expect("a start");
            assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        }
    }
    row.held(rounds, "all came up, with one key and one set of tables");
}

#[test]
fn r51_first_starts_at_once_sqlite() {
    first_starts_at_once(Engine::Sqlite);
}

#[test]
fn r51_first_starts_at_once_postgres() {
    first_starts_at_once(Engine::Postgres);
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let ground = Ground::new(Engine::Sqlite);
    for (name, value) in [
        ("RUH_PUBLIC_URL", "ftp://x"),
        ("RUH_LISTEN", "nowhere"),
        ("RUH_TRUSTED_PROXIES", "everybody"),
        ("RUH_SECRET_KEY", "short"),
        ("RUH_MAIL_FROM", "not an address"),
        ("RUH_DATABASE_URL", "mysql://x"),
    ] {
        let refused = ground.setting().with(name, value).run(&["migrate"], "");
        assert_eq!(refused.status.code(), Some(1), "{name}");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains(name), "{name}: {said}");
    }
}

#[test]
fn the_key_is_made_once_and_only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let ground = Ground::new(Engine::Sqlite);
    let setting = ground.setting();
    assert!(setting.run(&["migrate"], "").status.success());
    let path = ground.folder.path().join("secret.key");
    let key = std::fs::read_to_string(&path).expect("the key");
    assert_eq!(std::fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
    assert!(setting.run(&["migrate"], "").status.success());
    assert_eq!(std::fs::read_to_string(&path).expect("the key"), key);
    // What cannot be read as a key is refused and left as it is: with it go all links and the audit record.
    for strange in [b"no key".as_slice(), &[0xff; 32], b""] {
        std::fs::write(&path, strange).expect("writing");
        let refused = setting.run(&["migrate"], "");
        assert_eq!(refused.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&refused.stderr).contains("secret.key"));
        assert_eq!(std::fs::read(&path).expect("the file"), strange);
    }
}
