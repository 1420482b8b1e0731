//! The audit record against somebody with the database in hand.

use testkit::ruh::audit::{self, Verdict};
use testkit::{TestApp, both_engines, json};

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

    async fn entries_are_chained_once_by_sealers_at_the_same_time(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        for n in 0..10 {
            t.client(&practice, json!({"last_name": format!("N{n}")})).await;
        }
        let sealers: Vec<_> = (0..4).map(|_| {
            let app = t.app.clone();
            tokio::spawn(async move { audit::seal(&app).await })
        }).collect();
        for sealer in sealers {
            sealer.await.expect("a sealer").expect("sealing");
        }
        let entries = t.raw.count("select count(*) from audit_entries");
        assert_eq!(verdict(&t).await, Verdict::Whole { entries });
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
