//! The audit record against somebody with the database in hand.

use testkit::ruh::app::App;
use testkit::ruh::audit::{self, Verdict};
use testkit::ruh::clock::Clock;
use testkit::ruh::config::Settings;
use testkit::ruh::db::Engine;
use testkit::{TestApp, both_engines, json};

use crate::support::Ground;

async fn sealed(t: &TestApp) -> i64 {
    let practice = t.practice("Calm Harbour").await;
    for n in 0..5 {
        t.client(&practice, json!({"last_name": format!("N{n}")})).await;
    }
    audit::seal(&t.app).await.expect("sealing");
    let Verdict::Whole { entries } = verdict(t).await else { panic!("not whole") };
    assert!(entries >= 10, "{entries}");
    entries
}

async fn verdict(t: &TestApp) -> Verdict {
    audit::verify(&t.app).await.expect("a verdict")
}

fn broken_at(verdict: &Verdict) -> i64 {
    match verdict {
        Verdict::Broken { seq, .. } => *seq,
        Verdict::Whole { entries } => panic!("whole: {entries}"),
    }
}

both_engines! {
    async fn r61_an_altered_entry_is_named(t: TestApp) {
        sealed(&t).await;
        for change in ["action = 'client.read'", "at = at + 1", "actor_kind = 'system'", "detail = 'x'", "client_id = null"] {
            let before = t.raw.rows("select action, at, actor_kind, detail from audit_entries where seq = 4");
            t.raw.run("create table kept as select * from audit_entries where seq = 4");
            t.raw.run(&format!("update audit_entries set {change} where seq = 4"));
            let after = t.raw.rows("select action, at, actor_kind, detail from audit_entries where seq = 4");
            if before != after {
                assert_eq!(broken_at(&verdict(&t).await), 4, "{change}");
            }
            t.raw.run("delete from audit_entries where seq = 4");
            t.raw.run("insert into audit_entries select * from kept");
            t.raw.run("drop table kept");
            assert!(matches!(verdict(&t).await, Verdict::Whole { .. }), "put back after {change}");
        }
    }

    async fn r61_a_removed_entry_is_named(t: TestApp) {
        sealed(&t).await;
        t.raw.run("delete from audit_entries where seq = 3");
        assert_eq!(broken_at(&verdict(&t).await), 3);
    }

    async fn r61_a_removed_entry_is_named_even_when_the_numbers_are_closed_up(t: TestApp) {
        let entries = sealed(&t).await;
        t.raw.run("delete from audit_entries where seq = 3");
        for seq in 4..=entries {
            t.raw.run(&format!("update audit_entries set seq = {} where seq = {seq}", seq - 1));
        }
        assert_eq!(broken_at(&verdict(&t).await), 3);
    }

    async fn r61_an_entry_put_in_between_is_named(t: TestApp) {
        let entries = sealed(&t).await;
        // Room at 3, and there a copy of another entry with its true hash, its own id and its own place.
        for seq in (3..=entries).rev() {
            t.raw.run(&format!("update audit_entries set seq = {} where seq = {seq}", seq + 1));
        }
        let id = t.raw.id(&t.app.ids.new_id().to_string());
        t.raw.run(&format!(
            "insert into audit_entries (practice_id, id, at, actor_kind, actor_id, action, subject_kind, subject_id,
                 client_id, detail, seq, hash)
             select practice_id, {id}, at, actor_kind, actor_id, action, subject_kind, subject_id, client_id, detail, 3, hash
             from audit_entries where seq = 2"
        ));
        assert_eq!(broken_at(&verdict(&t).await), 3);
    }

    async fn r61_two_entries_that_changed_places_are_named(t: TestApp) {
        sealed(&t).await;
        for (from, to) in [(3, -3), (5, 3), (-3, 5)] {
            t.raw.run(&format!("update audit_entries set seq = {to} where seq = {from}"));
        }
        assert_eq!(broken_at(&verdict(&t).await), 3);
    }

    async fn r61_what_was_cut_stays_missing_when_the_record_goes_on(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        t.client(&practice, json!({})).await;
        audit::seal(&t.app).await.expect("sealing");
        let entries = t.raw.count("select count(*) from audit_entries");
        t.raw.run(&format!("delete from audit_entries where seq > {}", entries - 2));
        // The server goes on, with more than was cut, and its sealer fills the numbers again.
        for n in 0..6 {
            t.client(&practice, json!({"last_name": format!("N{n}")})).await;
            audit::seal(&t.app).await.expect("sealing");
        }
        assert!(t.raw.count("select max(seq) from audit_entries") > entries);
        assert_eq!(broken_at(&verdict(&t).await), entries, "the entry that the head names is another one");
        // The same for a head that was made to fit without the key.
        let head = t.folder().join("audit.head");
        std::fs::write(&head, json!({"seq": 1, "hash": "00", "proof": "00"}).to_string()).expect("writing");
        t.client(&practice, json!({"last_name": "Later"})).await;
        audit::seal(&t.app).await.expect("sealing");
        assert!(matches!(verdict(&t).await, Verdict::Broken { .. }));
    }

    async fn r61_an_entry_waits_for_its_seal_for_a_moment_only(t: TestApp) {
        sealed(&t).await;
        let practice = t.practice("Other Shore").await;
        t.client(&practice, json!({})).await;
        let waiting = t.raw.count("select count(*) from audit_entries where seq is null");
        assert!(waiting >= 2);
        // What is not sealed yet is no fault.
        assert!(matches!(verdict(&t).await, Verdict::Whole { .. }));
        assert_eq!(audit::seal(&t.app).await.expect("sealing"), waiting);
        let entries = t.raw.count("select count(*) from audit_entries");
        assert_eq!(verdict(&t).await, Verdict::Whole { entries });
    }

    async fn r61_a_cut_tail_is_seen(t: TestApp) {
        let entries = sealed(&t).await;
        t.raw.run(&format!("delete from audit_entries where seq > {}", entries - 2));
        assert_eq!(broken_at(&verdict(&t).await), entries - 1);
        // Nor does it help to remove or to write the head outside the database without the key.
        let head = t.folder().join("audit.head");
        let text = std::fs::read_to_string(&head).expect("the head");
        let mut said: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        said["seq"] = json!(entries - 2);
        std::fs::write(&head, said.to_string()).expect("writing");
        assert_eq!(broken_at(&verdict(&t).await), entries - 1);
        std::fs::remove_file(&head).expect("removing");
        assert_eq!(broken_at(&verdict(&t).await), entries - 1);
    }

    async fn entries_are_chained_once_by_servers_at_the_same_time(t: TestApp) {
        // Four servers on one database and one folder, which seal while entries keep coming.
        let settings = Settings {
            data_dir: Some(t.folder().to_path_buf()),
            database_url: Some(t.raw.url()),
            ..Settings::default()
        };
        let config = settings.resolve().expect("settings");
        let mut servers = vec![t.app.clone()];
        for _ in 0..3 {
            servers.push(App::open(config.clone(), Clock::System).expect("another server"));
        }
        let practice = t.practice("Calm Harbour").await;
        let sealers: Vec<_> = servers
            .into_iter()
            .map(|app| {
                tokio::spawn(async move {
                    for _ in 0..40 {
                        audit::seal(&app).await.expect("sealing");
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for n in 0..20 {
            t.client(&practice, json!({"last_name": format!("N{n}")})).await;
        }
        for sealer in sealers {
            sealer.await.expect("a sealer");
        }
        audit::seal(&t.app).await.expect("sealing");
        let entries = t.raw.count("select count(*) from audit_entries");
        assert_eq!(verdict(&t).await, Verdict::Whole { entries });
        // The head is the newest: cutting one entry shows.
        t.raw.run(&format!("delete from audit_entries where seq = {entries}"));
        assert_eq!(broken_at(&verdict(&t).await), entries);
    }

    async fn reads_wait_while_the_database_refuses_them(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let id = t.client(&practice, json!({})).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let (refuse, accept) = match t.app.engine() {
            Engine::Sqlite => (
                "create trigger away before insert on audit_entries begin select raise(abort, 'away'); end",
                "drop trigger away",
            ),
            Engine::Postgres => (
                "alter table audit_entries add constraint away check (false) not valid",
                "alter table audit_entries drop constraint away",
            ),
        };
        let count = "select count(*) from audit_entries where action = 'client.read'";
        t.raw.run(refuse);
        // Many times: whether a batch comes back must not depend on who lets go of it first.
        for n in 1..=50 {
            assert_eq!(owner.get(&format!("/clients/{id}")).await.status, 200, "reading goes on");
            assert!(audit::write_reads(&t.app).await.is_err(), "try {n}");
        }
        assert_eq!(t.raw.count(count), 0);
        t.raw.run(accept);
        audit::write_reads(&t.app).await.expect("writing");
        assert_eq!(t.raw.count(count), 50, "none was lost, none is there twice");
        audit::write_reads(&t.app).await.expect("writing");
        assert_eq!(t.raw.count(count), 50);
    }

    async fn reads_are_written_in_batches_and_name_who_read(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let id = t.client(&practice, json!({})).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        for _ in 0..3 {
            assert_eq!(owner.get(&format!("/clients/{id}")).await.status, 200);
        }
        let count = format!(
            "select count(*) from audit_entries where action = 'client.read' and actor_kind = 'member' and client_id = {}",
            t.raw.id(&id)
        );
        assert_eq!(t.raw.count(&count), 0, "they wait");
        audit::write_reads(&t.app).await.expect("writing");
        assert_eq!(t.raw.count(&count), 3);
        // Somebody who is shown nothing has read nothing.
        assert_eq!(owner.get("/clients/018f0000-0000-7000-8000-000000000000").await.status, 404);
        audit::write_reads(&t.app).await.expect("writing");
        assert_eq!(t.raw.count(&count), 3);
    }
}

/// What the command says, and to scripts by its exit code.
fn verified_by_command(engine: Engine) {
    let ground = Ground::new(engine);
    let setting = ground.setting();
    let token = setting.practice();
    let server = setting.serve();
    server.invite(&token, "ana@example.org");
    assert_eq!(server.stop(), Some(0));
    let verify = || {
        let ended = setting.run(&["audit", "verify"], "");
        let said = [ended.stdout, ended.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        (ended.status.code(), said)
    };
    let entries = ground.raw.count("select count(*) from audit_entries");
    assert_eq!(verify(), (Some(0), format!("The audit record is whole: {entries} entries.\n")));
    ground.raw.run("update audit_entries set at = at + 1 where seq = 2");
    let (code, said) = verify();
    assert_eq!(code, Some(1));
    assert!(said.contains("broken at entry 2") && said.contains("altered"), "{said}");
    ground.raw.run("update audit_entries set at = at - 1 where seq = 2");
    assert_eq!(verify().0, Some(0));
    std::fs::remove_file(ground.folder.path().join("audit.head")).expect("removing");
    let (code, said) = verify();
    assert!(code == Some(1) && said.contains("head outside the database is missing"), "{said}");
}

#[test]
fn r61_the_command_names_the_first_bad_entry_sqlite() {
    verified_by_command(Engine::Sqlite);
}

#[test]
fn r61_the_command_names_the_first_bad_entry_postgres() {
    verified_by_command(Engine::Postgres);
}
