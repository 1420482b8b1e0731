//! Starting: on data of another version, and on data that a killed migration left.

use testkit::ruh::db::Engine;

use crate::support::Ground;

fn newer_data(engine: Engine) {
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
}

#[test]
fn r51_data_of_a_newer_version_is_refused_sqlite() {
    newer_data(Engine::Sqlite);
}

#[test]
fn r51_data_of_a_newer_version_is_refused_postgres() {
    newer_data(Engine::Postgres);
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
}
