//! Groups and providers, progress, Undo, and jobs that are begun twice.

use ruh::access::Role;
use testkit::{both_engines, json};

use crate::{begin, clients, group};

both_engines! {
    async fn many_get_a_group_and_get_back_what_they_had_unless_somebody_changed_it(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let ids = clients(&t, &practice, 45).await;
        let (couples, minors) = (group(&t, &practice, "Couples"), group(&t, &practice, "Minors"));
        let mut owner = t.signed_in(&practice.owner_email).await;
        let mut program = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let of = |id: &str| format!("/api/v1/clients/{id}");
        program.json("PATCH", &of(&ids[0]), &json!({"group_id": couples})).await;
        program.json("PATCH", &of(&ids[1]), &json!({"group_id": minors})).await;

        let begun = begin(&mut owner, "group", &[("group_id", &couples)], &ids).await;
        assert_eq!(begun.status, 303, "{}", begun.text);
        let run = begun.location().to_string();
        let under_way = owner.get(&run).await;
        assert!(under_way.text.contains("0 of 45") && under_way.text.contains("It goes on when you leave"), "{}", under_way.text);
        let strip = owner.get("/clients/bulk/mine").await;
        assert!(strip.text.contains("0 of 45"), "{}", strip.text);
        t.run_jobs().await;
        let done = owner.get(&run).await;
        assert!(done.text.contains("44 of 45 clients, 1 skipped"), "{}", done.text);
        assert!(done.text.contains("Was so already") && done.text.contains("Number 0000"), "{}", done.text);
        assert_eq!(t.raw.count("select count(*) from clients where group_id is null"), 0);
        // Each by the verb of one: its own audit entry and its own line in the timeline.
        assert_eq!(t.raw.count("select count(*) from audit_entries where action = 'client.changed' and detail = 'group_id'"), 46);

        // Somebody moves one on; Undo leaves that one alone.
        program.json("PATCH", &of(&ids[2]), &json!({"group_id": minors})).await;
        let undo = owner.post(&format!("{run}/undo"), &[]).await;
        assert_eq!(undo.status, 303, "{}", undo.text);
        t.run_jobs().await;
        let undone = owner.get(&run).await;
        assert!(undone.text.contains("43 put back, 1 stay"), "{}", undone.text);
        let is_in = |id: &str, group: &str| {
            let sql = format!("select count(*) from clients where id = {} and group_id = {}", t.raw.id(id), t.raw.id(group));
            t.raw.count(&sql) == 1
        };
        assert!(is_in(&ids[0], &couples) && is_in(&ids[1], &minors) && is_in(&ids[2], &minors));
        assert_eq!(t.raw.count("select count(*) from clients where group_id is null"), 42);
        let again = owner.post(&format!("{run}/undo"), &[]).await;
        assert_eq!(again.status, 303);
        assert!(owner.get(again.location()).await.text.contains("nothing to undo any more"));
    }

    async fn a_new_provider_comes_and_leaves_again_with_undo(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let ids = clients(&t, &practice, 3).await;
        let new = t.member(&practice, Role::Provider, "new@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let mut theirs = t.signed_in("new@example.org").await;
        let page = format!("/clients/{}", ids[0]);
        assert_eq!(theirs.get(&page).await.status, 404);
        // The new one cares for the third already, beside the owner.
        let mut program = t.browser().bearer(&t.token(&practice, practice.owner).await);
        program.json("PATCH", &format!("/api/v1/clients/{}", ids[2]), &json!({"care_team_ids": [new.to_string()]})).await;
        let begun = begin(&mut owner, "provider", &[("provider_id", &new.to_string())], &ids).await;
        t.run_jobs().await;
        assert_eq!(theirs.get(&page).await.status, 200);
        // The former main provider stays on the team.
        assert_eq!(t.raw.count("select count(*) from care_team"), 6);
        owner.post(&format!("{}/undo", begun.location()), &[]).await;
        t.run_jobs().await;
        assert_eq!(theirs.get(&page).await.status, 404);
        assert_eq!(theirs.get(&format!("/clients/{}", ids[2])).await.status, 200, "was there before");
        assert_eq!(t.raw.count("select count(*) from care_team"), 4);
        let primary = format!("select count(*) from clients where primary_provider_id = {}", t.raw.id(&practice.owner.to_string()));
        assert_eq!(t.raw.count(&primary), 3);
    }

    async fn f1_colleagues_join_and_leave_care_teams_with_undo(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let ids = clients(&t, &practice, 3).await;
        let new = t.member(&practice, Role::Provider, "new@example.org").await.to_string();
        let mut owner = t.signed_in(&practice.owner_email).await;
        let mut theirs = t.signed_in("new@example.org").await;
        let on_team = || t.raw.count(&format!("select count(*) from care_team where member_id = {}", t.raw.id(&new)));
        let told = || t.raw.count(&format!("select count(*) from feed_items where member_id = {}", t.raw.id(&new)));
        let begun = begin(&mut owner, "join_team", &[("team_id", &new)], &ids).await;
        t.run_jobs().await;
        assert!(owner.get(begun.location()).await.text.contains("Added to care teams"));
        assert_eq!((on_team(), told()), (3, 3), "each assignment is told");
        assert_eq!(theirs.get(&format!("/clients/{}", ids[0])).await.status, 200);
        owner.post(&format!("{}/undo", begun.location()), &[]).await;
        t.run_jobs().await;
        assert_eq!((on_team(), told()), (0, 0), "and taken away with the team");
        assert_eq!(theirs.get(&format!("/clients/{}", ids[0])).await.status, 404);

        // The primary provider stays until there is another one; whoever is not on the team is skipped.
        let mut program = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let patch = async |program: &mut testkit::Browser, id: &str, body: testkit::Json| {
            assert_eq!(program.json("PATCH", &format!("/api/v1/clients/{id}"), &body).await.status, 200);
        };
        patch(&mut program, &ids[0], json!({"primary_provider_id": new})).await;
        patch(&mut program, &ids[1], json!({"care_team_ids": [new]})).await;
        let run = program.json("POST", "/api/v1/clients/bulk", &json!({"action": "leave_team", "provider_id": new, "ids": ids})).await;
        assert_eq!((run.status, &run.json()["provider_id"]), (202, &json!(new)), "{}", run.text);
        t.run_jobs().await;
        let path = format!("/api/v1/clients/bulk/{}", run.json()["id"].as_str().unwrap());
        let ended = program.get(&path).await.json();
        assert_eq!((&ended["done"], &ended["skipped"]), (&json!(1), &json!(2)), "{ended}");
        let mut why: Vec<_> = ended["skipped_clients"].as_array().unwrap().iter().map(|one| one["reason"].as_str().unwrap()).collect();
        why.sort_unstable();
        assert_eq!(why, ["already_so", "is_primary"]);
        assert_eq!(on_team(), 1);
        assert_eq!(program.json("POST", &format!("{path}/undo"), &json!({})).await.status, 202);
        t.run_jobs().await;
        assert_eq!(on_team(), 2);
        for (body, field) in [
            (json!({"action": "join_team", "ids": ids}), "provider_id"),
            (json!({"action": "leave_team", "provider_id": practice.id.to_string(), "ids": ids}), "provider_id"),
        ] {
            let refused = program.json("POST", "/api/v1/clients/bulk", &body).await;
            assert_eq!((refused.status, &refused.json()["errors"][0]["field"]), (422, &json!(field)), "{}", refused.text);
        }
    }

    async fn everybody_whom_the_list_finds(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        clients(&t, &practice, 230).await;
        t.client(&practice, json!({"first_name": "Bo", "last_name": "Else"})).await;
        let couples = group(&t, &practice, "Couples");
        let mut owner = t.signed_in(&practice.owner_email).await;
        let fields = [("action", "group"), ("group_id", couples.as_str()), ("all", "1"), ("filter", "search=number")];
        let begun = owner.post("/clients/bulk", &fields).await;
        assert_eq!(begun.status, 303, "{}", begun.text);
        t.run_jobs().await;
        assert!(owner.get(begun.location()).await.text.contains("230 of 230 clients"));
        assert_eq!(t.raw.count("select count(*) from clients where group_id is null"), 1);
    }

    async fn a_job_begun_twice_does_each_client_once(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let ids = clients(&t, &practice, 90).await;
        let couples = group(&t, &practice, "Couples");
        let mut owner = t.signed_in(&practice.owner_email).await;
        begin(&mut owner, "group", &[("group_id", &couples)], &ids).await;
        // As after a server that died with the lease in its hands, and came back.
        let other = t.raw.id(&uuid::Uuid::from_u128(77).to_string());
        t.raw.run(&format!(
            "insert into jobs (id, job_practice, kind, subject, state, run_at, attempts, created_at)
             select {other}, job_practice, kind, subject, state, run_at, 0, created_at from jobs where kind = 'bulk.run'"
        ));
        t.run_jobs().await;
        assert_eq!(t.raw.count("select count(*) from audit_entries where action = 'client.changed'"), 90);
        assert_eq!(t.raw.rows("select done, skipped, state from bulk_runs"), [[Some("90".into()), Some("0".into()), Some("done".into())]]);
    }

    async fn one_run_at_a_time_and_it_can_be_stopped(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let ids = clients(&t, &practice, 3).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let first = begin(&mut owner, "archive", &[], &ids).await;
        let second = begin(&mut owner, "invite", &[], &ids).await;
        assert_eq!(second.location(), first.location());
        assert!(owner.get(second.location()).await.text.contains("still under way"));
        let mut program = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let third = program.json("POST", "/api/v1/clients/bulk", &json!({"action": "invite", "ids": ids})).await;
        assert_eq!(third.status, 409, "{}", third.text);
        owner.post(&format!("{}/cancel", first.location()), &[]).await;
        t.run_jobs().await;
        assert!(owner.get(first.location()).await.text.contains("Archiving was stopped"));
        assert_eq!(t.raw.count("select count(*) from clients where status = 'archived'"), 0);
        assert_eq!(begin(&mut owner, "archive", &[], &ids).await.status, 303);
        t.run_jobs().await;
        assert_eq!(t.raw.count("select count(*) from clients where status = 'archived'"), 3);
    }

    async fn what_was_not_chosen_is_said(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let ids = clients(&t, &practice, 1).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let (choose, nobody) = ("choose a group or provider", "choose at least one client");
        for (action, field, value, count, said) in [
            ("group", "group_id", "", 1, choose),
            ("group", "group_id", "0199a8a8-0000-7000-8000-000000000000", 1, choose),
            ("provider", "provider_id", "x", 1, choose),
            ("rename", "group_id", "", 1, choose),
            ("archive", "group_id", "", 0, nobody),
            ("archive", "filter", "search=n%0d%0aum&search=x", 0, nobody),
        ] {
            let answer = begin(&mut owner, action, &[(field, value)], &ids[..count]).await;
            assert_eq!(answer.status, 303, "{action} {value}: {}", answer.text);
            assert!(answer.location().starts_with("/clients"), "{}", answer.location());
            assert!(owner.get("/clients").await.text.contains(said), "{action} {value}");
        }
        assert_eq!(t.raw.count("select count(*) from bulk_runs"), 0);
    }

    async fn old_runs_are_forgotten(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let ids = clients(&t, &practice, 2).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let begun = begin(&mut owner, "archive", &[], &ids).await;
        t.run_jobs().await;
        t.advance_minutes(31);
        let mut owner = t.signed_in(&practice.owner_email).await;
        assert!(!owner.get(begun.location()).await.text.contains("/undo"));
        assert!(!owner.get("/clients/bulk/mine").await.text.contains("Archived"));
        t.advance_minutes(60 * 24 * 31);
        ruh::jobs::purge(&t.app).await.unwrap();
        assert_eq!(t.raw.count("select count(*) from bulk_runs") + t.raw.count("select count(*) from bulk_items"), 0);
    }
}
