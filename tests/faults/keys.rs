//! R60: the key is changed while people work, and nothing they save is lost or left under the old one.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use testkit::ruh::db::Engine;
use testkit::{Json, json};

use crate::support::{Ground, http, long};
use crate::table::Row;

fn rotated_under_load(engine: Engine) {
    let row = Row::open("R60", engine, "the key changed under load");
    let ground = Ground::new(engine);
    let setting = ground.setting().with("RUH_UNDO_SECONDS", "3600");
    let token = setting.practice();
    let server = setting.serve();
    let (stop, number) = (AtomicBool::new(false), AtomicUsize::new(0));
    let noted = Mutex::new(BTreeMap::new());
    let rotations = if long() { 10 } else { 2 };
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let note = format!("note {}", number.fetch_add(1, Ordering::SeqCst));
                    let body = json!({"first_name": "Ana", "last_name": "Brook", "note": note});
                    let (status, text) = server.add_client(&token, &body);
                    assert_eq!(status, 201, "nobody is turned away: {text}");
                    let body: Json = serde_json::from_str(&text).expect("JSON");
                    noted.lock().expect("notes").insert(body["id"].as_str().expect("an id").to_string(), note);
                }
            });
        }
        for _ in 0..rotations {
            let rotated = setting.run(&["keys", "rotate"], "");
            if !rotated.status.success() {
                stop.store(true, Ordering::SeqCst);
                panic!("{}", String::from_utf8_lossy(&rotated.stderr));
            }
        }
        stop.store(true, Ordering::SeqCst);
    });
    let noted = noted.into_inner().expect("notes");
    assert!(noted.len() > 50, "{}", noted.len());
    let resealed = setting.run(&["keys", "reseal"], "");
    let said = String::from_utf8_lossy(&resealed.stdout).into_owned();
    assert!(said.contains("0 values were sealed anew"), "the rotation itself left nothing: {said}");
    for old in 1..=rotations {
        let retired = setting.run(&["keys", "retire", &old.to_string()], "");
        assert!(retired.status.success(), "{}", String::from_utf8_lossy(&retired.stderr));
    }
    let newest = (rotations + 1).to_string();
    assert!(!setting.run(&["keys", "retire", &newest], "").status.success(), "the one in use stays");
    let authorization = format!("Bearer {token}");
    for (id, note) in &noted {
        let url = setting.url(&format!("/api/v1/clients/{id}"));
        let (status, text) = http("GET", &url, &[("authorization", authorization.as_str())], "");
        assert_eq!(status, 200, "{text}");
        let body: Json = serde_json::from_str(&text).expect("JSON");
        assert_eq!(body["note"], *note);
    }
    assert_eq!(server.stop(), Some(0));
    let verified = setting.run(&["audit", "verify"], "");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let listed = setting.run(&["keys", "list"], "");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains(&format!("key {newest}")) && listed.contains("key 1   retired"), "{listed}");
    let file = std::fs::read_to_string(ground.folder.path().join("secret.key")).expect("the keys");
    assert!(file.lines().all(|line| !listed.contains(line.split(':').nth(1).expect("a key"))), "shows no key");
    row.held(format!("{rotations} changes"), format!("{} notes saved meanwhile, all read back", noted.len()));
}

#[test]
fn r60_the_key_is_rotated_under_load_sqlite() {
    rotated_under_load(Engine::Sqlite);
}

#[test]
fn r60_the_key_is_rotated_under_load_postgres() {
    rotated_under_load(Engine::Postgres);
}
