//! R48: a disk that fills. Writes are refused clearly, reads go on, and it heals by itself.

use std::collections::BTreeSet;

use testkit::ruh::db::Engine;
use testkit::{Json, PASSWORD, json};

use crate::ground::{Cluster, SmallDisk};
use crate::support::{Ground, Server, Setting, answer, http};
use crate::table::Row;

/// Tries until something is so; it is not a matter of time but of asking again.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    assert!((0..2_000).any(|_| so()), "{what}");
}

fn add(server: &Server, token: &str, n: usize) -> u16 {
    // Long, so that a page of the database is full soon.
    let note = format!("{n} {}", "x".repeat(4_000));
    let body =
        json!({"first_name": "Ana", "last_name": format!("N{n}"), "email": format!("n{n}@example.org"), "note": note});
    let (status, text) = server.add_client(token, &body);
    if status == 503 {
        let problem: Json = serde_json::from_str(&text).expect("a problem");
        assert_eq!(problem["status"], 503, "{text}");
    }
    status
}

/// The session's cookie of somebody who signs in.
fn sign_in(setting: &Setting) -> String {
    let form = format!("email=olive%40example.org&password={}", PASSWORD.replace(' ', "+"));
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", &setting.url("")[..])];
    let signed = answer("POST", &setting.url("/sign-in"), &headers, &form);
    assert_eq!(signed.status, 303, "{}", signed.body);
    let cookies = signed.cookies.iter().filter_map(|cookie| cookie.split(';').next());
    cookies.collect::<Vec<_>>().join("; ")
}

fn full(engine: Engine) {
    let ground = Ground::new(Engine::Sqlite);
    let disk = match engine {
        Engine::Sqlite => SmallDisk::small(),
        Engine::Postgres => SmallDisk::new(96 << 20),
    };
    if engine == Engine::Postgres && !disk.is_mounted {
        println!("no file system could be mounted: PostgreSQL's own full disk is not tried here");
        return;
    }
    let row = Row::open("R48", engine, "a disk that fills, then has room again");
    let cluster = (engine == Engine::Postgres).then(|| Cluster::new(Some(disk.folder.path())));
    let setting = match &cluster {
        None => {
            let url = format!("sqlite:{}", disk.folder.path().join("ruh.db").display());
            Setting::new(disk.folder.path(), &url).through(&["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        }
        Some(cluster) => Setting::new(ground.folder.path(), &cluster.url()),
    };
    let setting = setting.with("RUH_UNDO_SECONDS", "3600");
    let token = setting.practice();
    let server = setting.serve();
    let cookie = sign_in(&setting);
    let mut acknowledged = BTreeSet::new();
    for n in 0..10 {
        assert_eq!(add(&server, &token, n), 201);
        acknowledged.insert(n);
    }
    disk.fill(server.id());
    // What was allotted before still takes some.
    let mut next = 10;
    until("the disk refuses", || {
        next += 1;
        match add(&server, &token, next) {
            201 => !acknowledged.insert(next),
            503 => true,
            other => panic!("{other}"),
        }
    });
    let authorization = format!("Bearer {token}");
    let bearer = [("authorization", authorization.as_str())];
    let form = [
        ("cookie", cookie.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", &setting.url("")[..]),
    ];
    for _ in 0..20 {
        next += 1;
        match add(&server, &token, next) {
            201 => assert!(acknowledged.insert(next)),
            status => assert_eq!(status, 503),
        }
        assert_eq!(http("GET", &setting.url("/api/v1/clients?search=Ana"), &bearer, "").0, 200, "reads go on");
        assert_eq!(http("GET", &setting.url("/clients"), &[("cookie", cookie.as_str())], "").0, 200);
        assert_eq!(http("GET", &setting.url("/readyz"), &[], "").0, 200);
        let typed = format!("first_name=Typed&last_name=Kept&note={}", "y".repeat(4_000));
        let page = answer("POST", &setting.url("/clients"), &form, &typed);
        if page.status != 303 {
            assert_eq!(page.status, 503);
            assert!(page.retry_after.is_some_and(|seconds| seconds > 0));
        }
    }
    disk.make_room(server.id());
    until("it heals by itself", || {
        next += 1;
        let healed = add(&server, &token, next) == 201;
        if healed {
            acknowledged.insert(next);
        }
        healed
    });
    let added = acknowledged.len();
    for n in &acknowledged {
        let url = setting.url(&format!("/api/v1/clients?search=n{n}@example.org"));
        let (status, text) = http("GET", &url, &bearer, "");
        let found: Json = serde_json::from_str(&text).expect("JSON");
        assert_eq!((status, found["items"].as_array().map(Vec::len)), (200, Some(1)), "acknowledged and gone: {n}");
    }
    assert_eq!(server.stop(), Some(0));
    let verified = setting.run(&["audit", "verify"], "");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    if engine == Engine::Sqlite {
        let raw = testkit::Raw::sqlite(disk.folder.path().join("ruh.db"));
        assert_eq!(raw.rows("pragma integrity_check")[0][0].as_deref(), Some("ok"));
    }
    row.held(1, format!("reads went on, refusals were 503, all {added} answered 201 are there"));
}

#[test]
fn r48_a_full_disk_sqlite() {
    full(Engine::Sqlite);
}

#[test]
fn r48_a_full_disk_postgres() {
    full(Engine::Postgres);
}
