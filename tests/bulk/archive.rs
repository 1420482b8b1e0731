//! Archive and Restore, of one and of many.

use testkit::{PASSWORD, both_engines, json};

use crate::{begin, clients};

both_engines! {
    async fn an_archived_client_loses_the_portal_and_gets_it_back(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let page = format!("/clients/{id}");
        assert_eq!(ana.get("/portal").await.status, 200);
        let archived = owner.post(&format!("{page}/archive"), &[]).await;
        assert_eq!((archived.status, archived.location()), (303, page.as_str()));
        assert_ne!(ana.get("/portal").await.status, 200);
        let shown = owner.get(&page).await;
        assert!(shown.text.contains("Archived") && shown.text.contains(&format!("{page}/restore")), "{}", shown.text);
        assert!(!shown.text.contains(&format!("{page}/invite")));
        assert!(!owner.get("/clients").await.text.contains(&page));
        // What is archived is not changed, nor written to.
        let mut program = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let refused = program.json("PATCH", &format!("/api/v1{page}"), &json!({"note": "x"})).await;
        assert_eq!(refused.status, 409, "{}", refused.text);
        assert_eq!(owner.post(&format!("{page}/invite"), &[]).await.status, 409);
        let mut again = t.browser();
        again.post("/sign-in", &[("email", "ana@example.org"), ("password", PASSWORD)]).await;
        assert_ne!(again.get("/portal").await.status, 200);
        owner.post(&format!("{page}/restore"), &[]).await;
        assert_eq!(t.signed_in("ana@example.org").await.get("/portal").await.status, 200);
        for action in ["client.archived", "client.restored"] {
            assert_eq!(t.raw.count(&format!("select count(*) from audit_entries where action = '{action}'")), 1);
            assert_eq!(t.raw.count(&format!("select count(*) from activities where kind = '{action}'")), 1);
        }
    }

    async fn e4_before_archiving_each_thing_that_ends_is_named(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let nobody = t.client(&practice, json!({})).await;
        let (ana, _) = t.client_in_portal(&practice, "ana@example.org").await;
        let sent = t.client(&practice, json!({"email": "bea@example.org", "send_invitation": true})).await;
        t.send_mail().await;
        let queued = t.client(&practice, json!({"email": "cleo@example.org", "send_invitation": true})).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let mut program = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let named = [
            (&nobody, "Nothing is cancelled by it", (0, false, false)),
            (&ana, "Their portal closes with the next request", (1, false, false)),
            (&sent, "opens nothing until they are restored", (0, false, true)),
            (&queued, "taken back before it is sent", (0, true, false)),
        ];
        for (id, sentence, (portals, taken_back, asleep)) in named {
            let page = owner.get(&format!("/clients/{id}/archive")).await;
            assert!(page.text.contains(sentence), "{sentence}: {}", page.text);
            let told = program.get(&format!("/api/v1/clients/{id}/archive")).await.json();
            let expected = json!({"archived": false, "open_forms_that_wait": 0, "messages_that_are_not_sent": 0, "portals_that_close": portals, "invitation_taken_back": taken_back,
                "link_that_opens_nothing": asleep});
            assert_eq!(told, expected);
            let status = program.get(&format!("/api/v1/clients/{id}")).await.json()["status"].clone();
            assert_eq!(status, "active", "asking archives nobody");
        }
        owner.post(&format!("/clients/{ana}/archive"), &[]).await;
        assert!(owner.get(&format!("/clients/{ana}/archive")).await.text.contains("archived already"));
        assert_eq!(program.get(&format!("/api/v1/clients/{ana}/archive")).await.json()["archived"], true);
        t.send_mail().await;
    }

    async fn an_open_link_sleeps_while_the_client_is_archived(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let id = t.client(&practice, json!({"email": "bea@example.org", "send_invitation": true})).await;
        t.send_mail().await;
        let link = t.mail_to("bea@example.org").link();
        let mut owner = t.signed_in(&practice.owner_email).await;
        owner.post(&format!("/clients/{id}/archive"), &[]).await;
        let mut bea = t.browser();
        bea.open_link(&link).await;
        assert_eq!(bea.post("/invitation", &[("password", PASSWORD)]).await.status, 404);
        owner.post(&format!("/clients/{id}/restore"), &[]).await;
        bea.open_link(&link).await;
        assert_eq!(bea.post("/invitation", &[("password", PASSWORD)]).await.location(), "/portal");
    }

    async fn what_waits_in_the_outbox_is_taken_back(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let ids = clients(&t, &practice, 4).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        begin(&mut owner, "invite", &[], &ids).await;
        t.run_jobs().await;
        let run = begin(&mut owner, "archive", &[], &ids).await;
        t.run_jobs().await;
        t.send_mail().await;
        assert!(t.mails().is_empty());
        assert_eq!(t.raw.count("select count(*) from clients where status = 'archived'"), 4);
        owner.post(&format!("{}/undo", run.location()), &[]).await;
        t.run_jobs().await;
        assert_eq!(t.raw.count("select count(*) from clients where status = 'active'"), 4);
    }
}
