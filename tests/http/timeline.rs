//! E6: a timeline of everything about one client, by kind, and who has read the record.

use testkit::ruh::access::Role;
use testkit::{Json, both_engines, json};

fn kinds(page: &Json) -> Vec<&str> {
    page["items"].as_array().expect("items").iter().map(|item| item["kind"].as_str().expect("a kind")).collect()
}

both_engines! {
    async fn e6_everything_that_happened_by_kind_and_page_by_page(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let hana = t.member(&practice, Role::Provider, "hana@calm.example").await.to_string();
        let mut owner = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let client = t.client(&practice, json!({"email": "ana@example.org", "send_invitation": true})).await;
        t.send_mail().await;
        let path = format!("/api/v1/clients/{client}");
        let mut step = async |body: Json| {
            t.advance_minutes(1);
            assert_eq!(owner.json("PATCH", &path, &body).await.status, 200);
        };
        step(json!({"first_name": "Anna", "phone": "+44 20 7946 0018", "care_team_ids": [hana]})).await;
        step(json!({"care_team_ids": []})).await;
        t.advance_minutes(1);
        assert_eq!(owner.json("POST", &format!("{path}/archive"), &json!({})).await.status, 200);

        let all = owner.get(&format!("{path}/timeline")).await.json();
        let expected = ["client.archived", "care_team.left", "client.changed", "care_team.joined", "invitation.sent",
            "invitation.queued", "client.added"];
        let mut sorted = kinds(&all);
        sorted.sort_unstable();
        let mut wanted = expected.to_vec();
        wanted.sort_unstable();
        assert_eq!(sorted, wanted);
        assert_eq!(kinds(&all)[0], "client.archived", "the newest first");
        let changed = all["items"].as_array().unwrap().iter().find(|item| item["kind"] == "client.changed").unwrap();
        assert_eq!(changed["fields"], json!(["first_name", "phone"]), "names of fields, never what was written");
        assert_eq!(changed["actor"]["id"], json!(practice.owner.to_string()));
        let left = all["items"].as_array().unwrap().iter().find(|item| item["kind"] == "care_team.left").unwrap();
        assert_eq!(left["colleague"], json!({"id": hana, "name": "provider Member"}));

        let team = owner.get(&format!("{path}/timeline?topic=care_team")).await.json();
        assert_eq!(kinds(&team), ["care_team.left", "care_team.joined"]);
        let mut paged: Vec<String> = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = owner.get(&format!("{path}/timeline?limit=2&cursor={cursor}")).await.json();
            paged.extend(kinds(&page).iter().map(|kind| kind.to_string()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = next.to_string(),
                None => break,
            }
        }
        assert_eq!(paged, kinds(&all), "page by page it is the same");
        for (query, status) in [("topic=x", 422), ("limit=0", 422), ("cursor=x", 400)] {
            assert_eq!(owner.get(&format!("{path}/timeline?{query}")).await.status, status, "{query}");
        }

        let mut page = t.signed_in(&practice.owner_email).await;
        let shown = page.get(&format!("/clients/{client}/timeline")).await.text;
        for text in ["Archived", "Invitation kept in the local outbox", "First name, phone", "joined the care team", "by you"] {
            assert!(shown.contains(text), "{text}: {shown}");
        }
        assert!(!shown.contains("7946"), "what was written stands in the record, not here");
        let narrowed = page.get(&format!("/clients/{client}/timeline?topic=care_team")).await.text;
        assert!(narrowed.contains("left the care team") && !narrowed.contains("Invitation queued"));
    }

    async fn e6_who_has_looked_says_who_and_when(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let hana = t.member(&practice, Role::Provider, "hana@calm.example").await.to_string();
        let client = t.client(&practice, json!({"primary_provider_id": hana})).await;
        let mut reader = t.signed_in("hana@calm.example").await;
        for _ in 0..3 {
            assert_eq!(reader.get(&format!("/clients/{client}")).await.status, 200);
        }
        testkit::ruh::audit::write_reads(&t.app).await.unwrap();
        let mut owner = t.signed_in(&practice.owner_email).await;
        let shown = owner.get(&format!("/clients/{client}/looks")).await.text;
        assert!(shown.contains("provider Member") && shown.contains("Opened the record, 3 times"), "{shown}");
        assert!(shown.contains("Added the record"), "{shown}");
        let mut program = t.browser().bearer(&t.token(&practice, practice.owner).await);
        testkit::ruh::audit::write_reads(&t.app).await.unwrap();
        let looks = program.get(&format!("/api/v1/clients/{client}/looks?limit=1")).await.json();
        assert_eq!(looks["items"][0]["detail"], json!("who_has_looked"), "who looked at this is in it too");
        assert!(looks["next_cursor"].is_string());
        assert_eq!(looks["items"][0]["actor"]["id"], json!(practice.owner.to_string()));
    }

    async fn e6_the_client_reads_who_has_looked_in_plain_words(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        for _ in 0..2 {
            assert_eq!(owner.get(&format!("/clients/{client}")).await.status, 200);
        }
        testkit::ruh::audit::write_reads(&t.app).await.unwrap();
        assert!(ana.get("/portal/profile").await.text.contains("href=\"/portal/looks\""));
        let page = ana.get("/portal/looks").await.text;
        assert_eq!(page.matches("Olive Owner opened your record.").count(), 1, "once a day: {page}");
        assert!(page.contains("Olive Owner changed something, or sent you something."), "{page}");
        assert!(!page.contains("client.read") && !page.contains("Marchetti opened"), "{page}");
    }
}
