//! Whose clients, whose run: a run has the rights that its starter has when each client's turn comes.

use ruh::access::Role;
use testkit::{both_engines, json};

use crate::{begin, clients};

both_engines! {
    async fn r18_clients_of_others_are_nobody(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let other = t.practice("Other House").await;
        let ours = clients(&t, &practice, 1).await;
        let theirs = t.client(&other, json!({})).await;
        t.member(&practice, Role::Provider, "off@example.org").await;
        let unknown = uuid::Uuid::from_u128(5).to_string();
        for (email, seen) in [(practice.owner_email.as_str(), 1), ("off@example.org", 0)] {
            let mut browser = t.signed_in(email).await;
            let begun = begin(&mut browser, "archive", &[], &[ours[0].clone(), theirs.clone(), unknown.clone()]).await;
            assert_eq!(begun.status, 303);
            t.run_jobs().await;
            let page = browser.get(begun.location()).await;
            assert!(page.text.contains(&format!("{seen} of {seen} clients")), "{email}: {}", page.text);
            assert!(!page.text.contains("Skipped"), "nothing is told of others");
            assert_eq!(t.raw.count("select count(*) from clients where status = 'archived'"), 1);
        }
        // A provider off the team gathers nobody, whatever the filter finds for others.
        let mut off = t.signed_in("off@example.org").await;
        let begun = off.post("/clients/bulk", &[("action", "archive"), ("all", "1"), ("filter", "")]).await;
        t.run_jobs().await;
        assert!(off.get(begun.location()).await.text.contains("0 of 0 clients"));
    }

    async fn r18_a_run_is_its_starters_alone(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let other = t.practice("Other House").await;
        let ids = clients(&t, &practice, 2).await;
        t.member(&practice, Role::Admin, "admin@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let run = begin(&mut owner, "archive", &[], &ids).await.location().to_string();
        t.run_jobs().await;
        for email in ["admin@example.org", other.owner_email.as_str()] {
            let mut browser = t.signed_in(email).await;
            assert_eq!(browser.get(&run).await.status, 404);
            assert_eq!(browser.get(&format!("{run}/progress")).await.status, 404);
            assert_eq!(browser.post(&format!("{run}/undo"), &[]).await.status, 404);
            assert_eq!(browser.post(&format!("{run}/cancel"), &[]).await.status, 404);
            assert!(!browser.get("/clients/bulk/mine").await.text.contains("Archived"));
        }
        assert_eq!(t.raw.count("select count(*) from clients where status = 'archived'"), 2);
    }

    async fn r19_whoever_left_the_team_before_its_turn_is_left_alone(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let provider = t.member(&practice, Role::Provider, "mine@example.org").await;
        let ids = clients(&t, &practice, 2).await;
        let mut program = t.browser().bearer(&t.token(&practice, practice.owner).await);
        for id in &ids {
            program.json("PATCH", &format!("/api/v1/clients/{id}"), &json!({"care_team_ids": [provider.to_string()]})).await;
        }
        let mut mine = t.signed_in("mine@example.org").await;
        let run = begin(&mut mine, "archive", &[], &ids).await;
        program.json("PATCH", &format!("/api/v1/clients/{}", ids[0]), &json!({"care_team_ids": []})).await;
        t.run_jobs().await;
        let page = mine.get(run.location()).await;
        assert!(page.text.contains("1 of 2 clients, 1 skipped") && !page.text.contains("Number 0000"), "{}", page.text);
        assert_eq!(t.raw.count("select count(*) from clients where status = 'archived'"), 1);
    }

    async fn r16_a_disabled_members_run_stops(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let ids = clients(&t, &practice, 2).await;
        t.member(&practice, Role::Admin, "admin@example.org").await;
        let mut admin = t.signed_in("admin@example.org").await;
        assert_eq!(begin(&mut admin, "archive", &[], &ids).await.status, 303);
        t.raw.run("update members set disabled_at = 1 where role = 'admin'");
        t.run_jobs().await;
        assert_eq!(t.raw.count("select count(*) from clients where status = 'archived'"), 0);
        assert_eq!(t.raw.rows("select state from bulk_runs"), [[Some("cancelled".to_string())]]);
    }

    async fn r22_by_the_api_with_its_own_limits(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let ids = clients(&t, &practice, 2).await;
        let mut program = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let bad = [
            json!({"action": "archive"}),
            json!({"action": "archive", "ids": [], "filter": {}}),
            json!({"action": "archive", "ids": []}),
            json!({"action": "archive", "ids": ["x"]}),
            json!({"action": "archive", "filter": {"practice_id": "x"}}),
            json!({"action": "archive", "filter": {"group_id": "x"}}),
            json!({"action": "archive", "filter": {"search": "--"}}),
            json!({"action": "archive", "filter": {"provider_id": "everybody"}}),
            json!({"action": "archive", "filter": {"status": "gone"}}),
            json!({"action": "archive", "filter": {"invitation": "lost"}}),
            json!({"action": "archive", "ids": vec![uuid::Uuid::nil(); 1_001]}),
            json!({"action": "erase", "ids": ids}),
            json!({"action": "group", "group_id": "x", "ids": ids}),
            json!({"action": "group", "group_id": uuid::Uuid::nil(), "ids": ids}),
        ];
        for body in bad {
            assert_eq!(program.json("POST", "/api/v1/clients/bulk", &body).await.status, 422, "{body}");
        }
        let body = json!({"action": "archive", "ids": ids, "member_id": uuid::Uuid::nil(), "state": "done"});
        let begun = program.json("POST", "/api/v1/clients/bulk", &body).await;
        assert_eq!(begun.status, 202, "{}", begun.text);
        let path = format!("/api/v1/clients/bulk/{}", begun.json()["id"].as_str().unwrap());
        t.run_jobs().await;
        let done = program.get(&path).await.json();
        assert_eq!((&done["state"], &done["done"], &done["can_undo"]), (&json!("done"), &json!(2), &json!(true)));
        let undone = program.json("POST", &format!("{path}/undo"), &json!({})).await;
        assert_eq!(undone.status, 202, "{}", undone.text);
        t.run_jobs().await;
        assert_eq!(program.get(&path).await.json()["state"], "undone");
        assert_eq!(program.json("POST", &format!("{path}/undo"), &json!({})).await.status, 409);
        assert_eq!(program.json("POST", &format!("{path}/cancel"), &json!({})).await.status, 409);
    }
}
