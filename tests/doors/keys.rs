//! R60: what is sealed is nowhere in clear, and the key can be changed without anything that was promised ending.

use testkit::ruh::audit::{self, Verdict};
use testkit::ruh::keys;
use testkit::ruh::secrets::SEALED_COLUMNS;
use testkit::{PASSWORD, TestApp, both_engines, json};

use crate::support::{accept, everything, invited, token};

const MARK: &str = "Zwischenraum-7731";

/// Where a text stands in clear: tables, and files of the data folder.
fn places(t: &TestApp, text: &str) -> Vec<String> {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut found = Vec::new();
    for (table, rows) in everything(t) {
        let holds = |cell: &testkit::Cell| cell.as_ref().is_some_and(|c| c.contains(text) || c.contains(&hex));
        if rows.iter().flatten().any(holds) {
            found.push(table);
        }
    }
    let mut folders = vec![t.folder().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if std::fs::read(entry.path()).is_ok_and(|b| b.windows(text.len()).any(|w| w == text.as_bytes())) {
                found.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
    }
    found
}

async fn whole(t: &TestApp) -> i64 {
    audit::seal(&t.app).await.expect("sealing");
    match audit::verify(&t.app).await.expect("a verdict") {
        Verdict::Whole { entries } => entries,
        Verdict::Broken { seq, what } => panic!("{seq}: {what}"),
    }
}

both_engines! {
    async fn r60_a_note_stands_nowhere_in_clear(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let key = uuid::Uuid::from_u128(7).to_string();
        let typed = [("key", key.as_str()), ("first_name", "Ana"), ("last_name", MARK), ("note", MARK)];
        let added = owner.post("/clients", &typed).await;
        assert_eq!(added.status, 303, "{}", added.text);
        assert!(!places(&t, MARK).is_empty(), "a last name is found: the search looks where it should");
        let id = added.location().split(['/', '?']).nth(2).expect("an id").to_string();

        let api_token = t.token(&practice, practice.owner).await;
        let mut api = t.browser().bearer(&api_token).with("idempotency-key", "k-1");
        let body = json!({"last_name": "Brook", "note": format!("{MARK} anew")});
        let at = format!("/api/v1/clients/{id}");
        for _ in 0..2 {
            let answer = api.json("PATCH", &at, &body).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert_eq!(answer.json()["note"], format!("{MARK} anew"));
        }
        let page = owner.get(&format!("/clients/{id}")).await;
        assert!(page.text.contains(&format!("{MARK} anew")));
        assert_eq!(places(&t, &format!("{MARK} anew")), Vec::<String>::new());
    }

    async fn r60_notes_that_an_earlier_version_left_in_clear_are_sealed(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let id = t.client(&practice, json!({"note": "sealed"})).await;
        t.raw.run(&format!("update clients set note = '{MARK}', note_sealed = null where id = {}", t.raw.id(&id)));
        testkit::ruh::clients::seal_notes(&t.app).await.expect("sealing");
        assert_eq!(t.raw.count("select count(*) from clients where note is null and note_sealed is not null"), 1);
        let mut owner = t.signed_in(&practice.owner_email).await;
        assert!(owner.get(&format!("/clients/{id}")).await.text.contains(MARK));
        assert!(!everything(&t)["clients"].iter().flatten().flatten().any(|cell| cell.contains(MARK)));
    }

    async fn r60_a_sealed_value_moved_to_another_record_does_not_open(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let one = t.client(&practice, json!({"note": MARK})).await;
        let two = t.client(&practice, json!({"note": "other"})).await;
        let (one, at) = (t.raw.id(&one), t.raw.id(&two));
        t.raw.run(&format!("update clients set note_sealed = (select note_sealed from clients where id = {one}) where id = {at}"));
        let mut owner = t.signed_in(&practice.owner_email).await;
        let answer = owner.get(&format!("/clients/{two}")).await;
        assert_eq!(answer.status, 500);
        assert!(!answer.text.contains(MARK));
    }

    async fn r60_another_key_keeps_links_devices_and_the_record_until_the_old_one_is_retired(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (_, link) = invited(&t, &practice, "ana@example.org").await;
        let (_, later) = invited(&t, &practice, "bea@example.org").await;
        let noted = t.client(&practice, json!({"note": MARK})).await;
        let device = t.signed_in(&practice.owner_email).await;
        let before = whole(&t).await;

        assert_eq!(t.app.secrets.rotate().expect("a new key"), 2);
        assert!(keys::retire(&t.app, 2).await.is_err(), "the key in use");
        assert!(keys::retire(&t.app, 1).await.is_err(), "values of it are left");
        let resealed = keys::reseal(&t.app).await.expect("sealing anew");
        assert!(resealed > 0);
        assert_eq!(keys::reseal(&t.app).await.expect("nothing left"), 0);
        assert_eq!(keys::left(&t.app).await.expect("counts").into_keys().collect::<Vec<_>>(), [2]);

        // A link in a mail that was sent before opens as ever, and the device is still known.
        let (_, accepted) = accept(&t, &link, PASSWORD).await;
        assert_eq!(accepted.status, 303, "{}", accepted.text);
        for _ in 0..12 {
            let wrong = [("email", practice.owner_email.as_str()), ("password", "not the password")];
            t.browser().post("/sign-in", &wrong).await;
        }
        let right = [("email", practice.owner_email.as_str()), ("password", PASSWORD)];
        assert_eq!(t.browser().post("/sign-in", &right).await.status, 429, "strangers have to wait");
        let mut known = device.copy();
        assert_eq!(known.post("/sign-in", &right).await.status, 303, "the known device does not");
        assert!(whole(&t).await > before);

        keys::retire(&t.app, 1).await.expect("nothing is left of it");
        let mut bea = t.browser();
        bea.open_link(&later).await;
        let dead = bea.post("/invitation", &[("password", PASSWORD)]).await;
        assert_eq!(dead.status, 404, "{}", dead.text);
        assert!(!dead.text.contains("bea@example.org"));
        assert_eq!(t.raw.count("select count(*) from account_emails where email_key = 'bea@example.org'"), 0);
        whole(&t).await;
        assert!(known.get(&format!("/clients/{noted}")).await.text.contains(MARK));
        // A program that starts now has both keys from the file.
        let again = testkit::ruh::secrets::Secrets::load(None, t.folder()).expect("the file");
        assert!(*again.ring() == *t.app.secrets.ring());
        assert!(again.read_link_token::<2>("invitation", &token(&later)).is_none());
    }

    async fn r61_an_entry_made_with_an_older_key_than_the_one_before_is_named(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let old = t.app.secrets.ring();
        whole(&t).await;
        t.app.secrets.rotate().expect("a new key");
        t.client(&practice, json!({})).await;
        let entries = whole(&t).await;
        t.client(&practice, json!({})).await;
        // Somebody holds the leaked key and puts it first in a program of their own.
        let file = t.folder().join("secret.key");
        let ours = std::fs::read_to_string(&file).expect("the keys");
        let lines: Vec<&str> = ours.lines().rev().collect();
        std::fs::write(&file, lines.join("\n")).expect("written");
        t.app.secrets.refresh().expect("read");
        assert_eq!(t.app.secrets.ring().making().id, old.making().id);
        audit::seal(&t.app).await.expect("a round");
        let unsealed = "select count(*) from audit_entries where seq is null";
        assert!(t.raw.count(unsealed) > 0, "who has only an older key to seal with leaves it to the others");
        std::fs::write(&file, &ours).expect("written");
        t.app.secrets.refresh().expect("read");
        assert!(whole(&t).await > entries);
        // The number in front of a hash is part of what is checked.
        let last = t.raw.count("select max(seq) from audit_entries");
        let hash = t.raw.rows(&format!("select hash from audit_entries where seq = {last}"))[0][0].clone().expect("a hash");
        assert!(hash.starts_with("02"), "{hash}");
        let forged = match t.app.engine() {
            testkit::ruh::db::Engine::Sqlite => format!("x'01{}'", &hash[2..]),
            testkit::ruh::db::Engine::Postgres => format!("'\\x01{}'", &hash[2..]),
        };
        t.raw.run(&format!("update audit_entries set hash = {forged} where seq = {last}"));
        assert_eq!(audit::verify(&t.app).await.expect("a verdict"), Verdict::Broken { seq: last, what: "the entry was altered".into() });
    }

    async fn every_column_named_sealed_can_be_sealed_anew(t: TestApp) {
        let sql = match t.app.engine() {
            testkit::ruh::db::Engine::Sqlite =>
                "select m.name || '.' || c.name from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table' and c.name like '%sealed'",
            testkit::ruh::db::Engine::Postgres =>
                "select table_name || '.' || column_name from information_schema.columns where table_schema = 'public' and column_name like '%sealed'",
        };
        let mut there: Vec<String> = t.raw.rows(sql).into_iter().filter_map(|mut row| row.remove(0)).collect();
        let mut known: Vec<String> = SEALED_COLUMNS.iter().map(|column| column.name.to_string()).collect();
        there.sort();
        known.sort();
        assert!(known.len() >= 2);
        assert_eq!(there, known);
    }
}
