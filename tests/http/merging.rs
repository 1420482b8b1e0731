//! E4: two records of one person become one, and apart again: each thing by name, both portals, both care teams.

use std::time::Duration;

use testkit::ruh;
use testkit::ruh::access::Role;
use testkit::{Browser, PASSWORD, TestApp, TestPractice, both_engines, json};

const DAY: Duration = Duration::from_secs(86_400);

async fn program(t: &TestApp, practice: &TestPractice) -> Browser {
    t.browser().bearer(&t.token(practice, practice.owner).await)
}

/// Merges without a preview: its id.
async fn merged(api: &mut Browser, kept: &str, gone: &str) -> String {
    let answer = api.json("POST", &format!("/api/v1/clients/{kept}/merges"), &json!({"with": gone})).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].as_str().unwrap().to_string()
}

async fn undone(api: &mut Browser, merge: &str) -> u16 {
    api.json("POST", &format!("/api/v1/merges/{merge}/undo"), &json!({})).await.status
}

async fn record(api: &mut Browser, id: &str) -> serde_json::Value {
    let answer = api.get(&format!("/api/v1/clients/{id}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn listed(api: &mut Browser) -> usize {
    api.get("/api/v1/clients").await.json()["items"].as_array().unwrap().len()
}

both_engines! {
    async fn e4_two_records_with_two_portals_are_merged_and_unmerged(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = program(&t, &practice).await;
        let (kept, mut new) = t.client_in_portal(&practice, "ana.new@example.org").await;
        let (gone, mut old) = t.client_in_portal(&practice, "ana.old@example.org").await;
        let older = json!({"phone": "+41 44 668 18 00", "note": "Prefers mornings", "pronouns": "she/her"});
        api.json("PATCH", &format!("/api/v1/clients/{gone}"), &older).await;
        api.json("PATCH", &format!("/api/v1/clients/{kept}"), &json!({"note": "Afraid of lifts"})).await;
        let contact = json!({"first_name": "Luca", "last_name": "Marchetti", "relation": "spouse", "main": true});
        api.json("POST", &format!("/api/v1/clients/{gone}/contacts"), &contact).await;
        api.json("PATCH", &format!("/api/v1/clients/{gone}/custody-note"), &json!({"note": "Shared"})).await;
        for (name, shared) in [("Shared letter.txt", "true"), ("Private note.txt", "false")] {
            let given = api.upload(&format!("/api/v1/clients/{gone}/documents"), &[("shared", shared)], Some((name, b"words"))).await;
            assert_eq!(given.status, 201, "{}", given.text);
        }
        let before = (record(&mut api, &kept).await, record(&mut api, &gone).await);

        // The preview names each thing, writes nothing, and finds the other record by what one knows.
        let mut owner = t.signed_in(&practice.owner_email).await;
        let page = format!("/clients/{kept}/merge");
        let found = owner.get(&format!("{page}?search=ana.old")).await.text;
        assert!(found.contains(&format!("/clients/{kept}/merge?with={gone}")), "{found}");
        assert!(!found.contains(&format!("with={kept}")), "not with itself");
        let shown = owner.get(&format!("{page}?with={gone}")).await;
        for said in ["ana.old@example.org is out", "ana.new@example.org goes on signing in", "Luca Marchetti (Spouse", "custody note comes along",
            "+41 44 668 18 00", "Prefers mornings", "Afraid of lifts", "she/her", "2 documents come along", "timeline come along"] {
            assert!(shown.text.contains(said), "{said}: {}", shown.text);
        }
        let plan = api.get(&format!("/api/v1/clients/{kept}/merge?with={gone}")).await.json();
        assert_eq!((&plan["portal"], &plan["custody_note"], &plan["contacts"][0]["comes"]), (&json!("two_accounts"), &json!("comes"), &json!(true)));
        assert_eq!(listed(&mut api).await, 2);

        // Somebody changes one of them meanwhile: the preview comes again, as they stand now.
        let form = |version: &str| [("with", gone.clone()), ("version", before.0["version"].to_string()), ("with_version", version.to_string())];
        let typed = form("1");
        let typed: Vec<(&str, &str)> = typed.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let stale = owner.post(&page, &typed).await;
        assert!(stale.status == 409 && stale.text.contains("changed one of the two") && stale.text.contains("Luca"), "{}", stale.text);
        assert_eq!(listed(&mut api).await, 2);

        // Merged: one record, one way in, nothing lost.
        let typed = form(&before.1["version"].to_string());
        let typed: Vec<(&str, &str)> = typed.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let answer = owner.post(&page, &typed).await;
        assert_eq!((answer.status, answer.location()), (303, format!("/clients/{kept}").as_str()), "{}", answer.text);
        let now = record(&mut api, &kept).await;
        assert_eq!((&now["phone"], &now["pronouns"], &now["email"]), (&json!("+41446681800"), &json!("she/her"), &json!("ana.new@example.org")));
        assert_eq!(now["note"], json!("Afraid of lifts\n\nPrefers mornings"));
        assert_eq!((new.get("/portal").await.status, listed(&mut api).await), (200, 1));
        assert_ne!(old.get("/portal").await.status, 200);
        assert_ne!(t.signed_in("ana.old@example.org").await.get("/portal").await.status, 200);
        let contacts = api.get(&format!("/api/v1/clients/{kept}/contacts")).await.json();
        assert_eq!((&contacts["items"][0]["first_name"], &contacts["items"][0]["main"]), (&json!("Luca"), &json!(true)));
        assert_eq!(api.get(&format!("/api/v1/clients/{kept}/custody-note")).await.json()["note"], json!("Shared"));
        let timeline = api.get(&format!("/api/v1/clients/{kept}/timeline?limit=100")).await.text;
        assert!(timeline.contains("record.merged") && timeline.contains("contact.added"), "{timeline}");
        assert_eq!(timeline.matches("\"client.added\"").count(), 2);

        let documents = new.get("/portal/documents").await.text;
        assert!(documents.contains("Shared letter.txt") && !documents.contains("Private note.txt"), "{documents}");

        // Who looked at the other one before stands with it, for staff; the program's own reading of it too.
        ruh::audit::write_reads(&t.app).await.unwrap();
        let looks = api.get(&format!("/api/v1/clients/{kept}/looks?limit=200")).await.text;
        let of_gone = t.raw.count(&format!("select count(*) from audit_entries where client_id = {}", t.raw.id(&gone)));
        assert!(of_gone > 5 && looks.matches("\"contact.added\"").count() == 1 && looks.matches("\"client.added\"").count() == 2, "{looks}");

        // Whoever opens the other one is led here; nothing else works on it.
        let led = owner.get(&format!("/clients/{gone}")).await;
        assert_eq!((led.status, led.location()), (303, format!("/clients/{kept}").as_str()));
        let asked = api.get(&format!("/api/v1/clients/{gone}")).await;
        assert!(asked.status == 404 && asked.text.contains(&kept), "{}", asked.text);
        for (method, path) in [("PATCH", ""), ("POST", "/archive"), ("POST", "/restore"), ("POST", "/invitations"), ("GET", "/timeline"), ("GET", "/record"), ("POST", "/contacts")] {
            let body = json!({"first_name": "X", "relation": "other"});
            assert_eq!(api.json(method, &format!("/api/v1/clients/{gone}{path}"), &body).await.status, 404, "{method} {path}");
        }
        let again = api.json("POST", &format!("/api/v1/clients/{kept}/merges"), &json!({"with": gone})).await;
        assert_eq!(again.status, 404, "{}", again.text);
        assert!(!owner.get(&format!("{page}?search=ana.old")).await.text.contains("Compare"), "nor is it found");

        // Undone, from the record's own page: everything is where it was, and the other account is in again.
        api.json("PATCH", &format!("/api/v1/clients/{kept}"), &json!({"pronouns": "they/them"})).await;
        let merges = api.get(&format!("/api/v1/clients/{kept}/merges")).await.json();
        let merge = merges["items"][0]["id"].as_str().unwrap().to_string();
        assert!(owner.get(&page).await.text.contains(&format!("/merges/{merge}/undo")));
        assert!(owner.get(&format!("/merges/{merge}/undo")).await.text.contains("Undo the merge"));
        let answer = owner.post(&format!("/merges/{merge}/undo"), &[]).await;
        assert_eq!((answer.status, answer.location()), (303, format!("/clients/{kept}").as_str()), "{}", answer.text);
        let after = (record(&mut api, &kept).await, record(&mut api, &gone).await);
        for field in ["first_name", "email", "phone", "note", "status", "care_team_ids", "primary_provider_id"] {
            assert_eq!(after.0[field], before.0[field], "{field}");
            assert_eq!(after.1[field], before.1[field], "{field}");
        }
        assert_eq!(after.0["pronouns"], json!("they/them"), "what somebody changed since stays");
        assert_eq!([new.get("/portal").await.status, old.get("/portal").await.status], [200, 200]);
        assert!(!new.get("/portal/documents").await.text.contains("Shared letter.txt"));
        assert!(old.get("/portal/documents").await.text.contains("Shared letter.txt"));
        let contacts = api.get(&format!("/api/v1/clients/{gone}/contacts")).await.json();
        assert_eq!((&contacts["items"][0]["first_name"], &contacts["items"][0]["main"]), (&json!("Luca"), &json!(true)));
        assert!(api.get(&format!("/api/v1/clients/{kept}/contacts")).await.json()["items"].as_array().unwrap().is_empty());
        assert_eq!(api.get(&format!("/api/v1/clients/{kept}/custody-note")).await.json()["note"], json!(""));
        assert_eq!(api.get(&format!("/api/v1/clients/{gone}/custody-note")).await.json()["note"], json!("Shared"));
        let timeline = api.get(&format!("/api/v1/clients/{gone}/timeline?limit=100")).await.text;
        assert!(timeline.contains("contact.added") && timeline.contains("record.unmerged"), "{timeline}");
        assert_eq!(listed(&mut api).await, 2);
        assert_eq!(undone(&mut api, &merge).await, 409, "once");
        assert!(owner.post(&format!("/merges/{merge}/undo"), &[]).await.text.contains("undone already"));
        t.run_jobs().await;
    }

    async fn e4_the_way_into_the_portal_comes_along_with_its_email(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = program(&t, &practice).await;
        // Added again with a mistyped address, and invited to it; and the record they have signed in to for months.
        let body = json!({"first_name": "Ana", "last_name": "Client", "email": "ana@exmaple.org", "send_invitation": true});
        let kept = t.client(&practice, body).await;
        t.send_mail().await;
        let typo = t.mail_to("ana@exmaple.org").link();
        let (gone, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let merge = merged(&mut api, &kept, &gone).await;

        // They are in without doing anything, in the record that stays, with the address they sign in with.
        assert_eq!(ana.get("/portal").await.status, 200);
        let now = record(&mut api, &kept).await;
        assert_eq!((&now["email"], &now["invitation"]["state"]), (&json!("ana@example.org"), &json!("accepted")), "{now}");
        let changed = ana.post("/portal/profile", &[("preferred_name", "Annie"), ("version", &now["version"].to_string())]).await;
        assert_eq!(changed.status, 303, "{}", changed.text);
        assert_eq!(record(&mut api, &kept).await["preferred_name"], json!("Annie"));
        let mut late = t.browser();
        late.open_link(&typo).await;
        assert_ne!(late.post("/invitation", &[("password", PASSWORD)]).await.status, 303, "the link to the typo opens nothing");

        // Undone: the address goes back with the way in, and the other record's link is alive again.
        assert_eq!(undone(&mut api, &merge).await, 200);
        assert_eq!(record(&mut api, &kept).await["email"], json!("ana@exmaple.org"));
        let back = record(&mut api, &gone).await;
        assert_eq!((&back["email"], &back["invitation"]["state"]), (&json!("ana@example.org"), &json!("accepted")));
        assert_eq!(ana.get("/portal").await.status, 200);
        assert!(!ana.get("/portal/profile").await.text.contains("Annie"), "in their own record again");
        let mut opened = t.browser();
        opened.open_link(&typo).await;
        assert_eq!(opened.get("/invitation").await.status, 200);
        t.run_jobs().await;
    }

    async fn e4_an_open_invitation_stays_good(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = program(&t, &practice).await;
        let kept = t.client(&practice, json!({"first_name": "Ana", "last_name": "Client"})).await;
        let body = json!({"first_name": "Anna", "last_name": "Client", "email": "ana@example.org", "send_invitation": true});
        let gone = t.client(&practice, body).await;
        t.send_mail().await;
        merged(&mut api, &kept, &gone).await;
        let now = record(&mut api, &kept).await;
        assert_eq!((&now["email"], &now["invitation"]["state"]), (&json!("ana@example.org"), &json!("kept")), "{now}");
        let mut ana = t.browser();
        ana.open_link(&t.mail_to("ana@example.org").link()).await;
        assert_eq!(ana.post("/invitation", &[("password", PASSWORD)]).await.location(), "/portal");
        assert!(ana.get("/portal").await.text.contains("Ana"));
        assert_eq!(record(&mut api, &kept).await["invitation"]["state"], json!("accepted"));
        t.run_jobs().await;
    }

    async fn r19_a_merge_gives_nobody_a_record_back(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = program(&t, &practice).await;
        let hana = t.member(&practice, Role::Provider, "hana@calm.example").await;
        let kept = t.client(&practice, json!({"first_name": "Ana", "last_name": "Client"})).await;
        let gone = t.client(&practice, json!({"first_name": "Ana", "last_name": "Client", "primary_provider_id": hana.to_string()})).await;
        let mut provider = t.browser().bearer(&t.token(&practice, hana).await);

        // Who cares for one of them alone knows nothing of the other.
        for (one, other) in [(&kept, &gone), (&gone, &kept)] {
            let refused = provider.json("POST", &format!("/api/v1/clients/{one}/merges"), &json!({"with": other})).await;
            assert_eq!(refused.status, 404, "{}", refused.text);
            assert_eq!(provider.get(&format!("/api/v1/clients/{one}/merge?with={other}")).await.status, 404);
        }
        let mut signed_in = t.signed_in("hana@calm.example").await;
        assert!(!signed_in.get(&format!("/clients/{gone}/merge?search=Ana")).await.text.contains(&kept));

        // With the merge they come along, and are told.
        let merge = merged(&mut api, &kept, &gone).await;
        assert_eq!(record(&mut provider, &kept).await["care_team_ids"], json!([hana.to_string()]));
        assert!(provider.get("/api/v1/newsfeed").await.text.contains("record.merged"));
        // Taken off the team they are out of both, and Undo does not bring them back.
        api.json("PATCH", &format!("/api/v1/clients/{kept}"), &json!({"primary_provider_id": null, "care_team_ids": []})).await;
        for id in [&kept, &gone] {
            assert_eq!(provider.get(&format!("/api/v1/clients/{id}")).await.status, 404);
        }
        assert_eq!(undone(&mut provider, &merge).await, 404);
        assert_eq!(signed_in.get(&format!("/clients/{gone}")).await.status, 404, "not even where it went");
        assert_eq!(undone(&mut api, &merge).await, 200);
        assert_eq!(provider.get(&format!("/api/v1/clients/{gone}")).await.status, 404);
        assert_eq!(record(&mut api, &gone).await["primary_provider_id"], json!(null));
        t.run_jobs().await;
    }

    async fn r24_guardians_come_along_with_what_they_may(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = program(&t, &practice).await;
        let child = json!({"first_name": "Nils", "last_name": "Berg", "date_of_birth": "2020-05-01"});
        let (kept, gone) = (t.client(&practice, child.clone()).await, t.client(&practice, child).await);
        let mut browsers = Vec::new();
        for (name, email, client) in [("Ingrid", "ingrid@example.org", &gone), ("Lars", "lars@example.org", &gone)] {
            let body = json!({"first_name": name, "last_name": "Berg", "relation": "parent", "email": email, "rights": ["details"]});
            let made = api.json("POST", &format!("/api/v1/clients/{client}/contacts"), &body).await.json();
            api.json("POST", &format!("/api/v1/contacts/{}/portal", made["id"].as_str().unwrap()), &json!({})).await;
            t.send_mail().await;
            let mut browser = t.browser();
            browser.open_link(&t.mail_to(email).link()).await;
            assert_eq!(browser.post("/invitation", &[("password", PASSWORD)]).await.status, 303);
            browsers.push(browser);
        }
        // The father stands with both, and what the record that stays gives him is what counts.
        let lars = json!({"first_name": "Lars", "last_name": "Berg", "relation": "parent", "email": "lars@example.org", "rights": []});
        api.json("POST", &format!("/api/v1/clients/{kept}/contacts"), &lars).await;
        let plan = api.get(&format!("/api/v1/clients/{kept}/merge?with={gone}")).await.json();
        let comes = |name: &str| plan["contacts"].as_array().unwrap().iter().find(|c| c["name"] == json!(name)).unwrap().clone();
        assert_eq!((&comes("Ingrid Berg")["with_portal"], &comes("Lars Berg")["comes"]), (&json!(true), &json!(false)), "{plan}");
        let merge = merged(&mut api, &kept, &gone).await;
        assert!(browsers[0].get("/portal/profile").await.text.contains("1 May 2020"));
        assert_ne!(browsers[1].get("/portal").await.status, 200);
        assert_eq!(undone(&mut api, &merge).await, 200);
        for browser in &mut browsers {
            assert!(browser.get("/portal/profile").await.text.contains("1 May 2020"));
        }

        // By one date a minor, by the other of age: nobody's access is carried over on either's word.
        api.json("PATCH", &format!("/api/v1/clients/{kept}"), &json!({"date_of_birth": "1990-05-01"})).await;
        let back = merged(&mut api, &gone, &kept).await;
        assert_eq!(browsers[0].get("/portal").await.status, 200, "the record that stays keeps its own");
        assert_eq!(undone(&mut api, &back).await, 200);
        merged(&mut api, &kept, &gone).await;
        assert_ne!(browsers[0].get("/portal").await.status, 200);
        t.run_jobs().await;
    }

    async fn e4_what_cannot_be_merged_or_undone_says_why(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = program(&t, &practice).await;
        let body = |name: &str| json!({"first_name": name, "last_name": "Client"});
        let (one, two) = (t.client(&practice, body("Ana")).await, t.client(&practice, body("Bea")).await);
        let three = t.client(&practice, body("Cleo")).await;
        let at = |id: &str| format!("/api/v1/clients/{id}/merges");
        for with in [json!({}), json!({"with": "nobody"}), json!({"with": one})] {
            assert_eq!(api.json("POST", &at(&one), &with).await.status, 422, "{with}");
        }
        assert_eq!(api.json("POST", &at(&one), &json!({"with": practice.id.to_string()})).await.status, 404);
        let stale = api.json("POST", &at(&one), &json!({"with": two, "version": 1, "with_version": 9})).await;
        assert_eq!(stale.status, 409, "{}", stale.text);
        let mut owner = t.signed_in(&practice.owner_email).await;
        let itself = owner.get(&format!("/clients/{one}/merge?with={one}")).await;
        assert!(itself.status == 409 && itself.text.contains("this record itself"), "{}", itself.text);
        assert_eq!(owner.post(&format!("/clients/{one}/merge"), &[("with", "x")]).await.status, 400);

        // Archived: it can go, it cannot stay.
        api.json("POST", &format!("/api/v1/clients/{two}/archive"), &json!({})).await;
        let refused = api.json("POST", &at(&two), &json!({"with": one})).await;
        assert!(refused.status == 409 && refused.text.contains("archived"), "{}", refused.text);
        let first = merged(&mut api, &one, &two).await;
        // One after the other: the later merge is undone first.
        let second = merged(&mut api, &three, &one).await;
        let led = owner.get(&format!("/clients/{two}")).await;
        assert_eq!((led.status, led.location()), (303, format!("/clients/{three}").as_str()), "both merges are followed");
        let export = owner.get(&format!("/clients/export?id={two}")).await;
        assert!(!export.text.contains("Bea"), "{}", export.text);
        assert_eq!(undone(&mut api, &first).await, 404);
        assert_eq!(undone(&mut api, &second).await, 200);
        assert_eq!(undone(&mut api, &first).await, 200);
        assert_eq!(record(&mut api, &two).await["status"], json!("archived"));
        assert_eq!(record(&mut api, &one).await["status"], json!("active"));

        // Thirty days, and no longer.
        let late = merged(&mut api, &three, &two).await;
        t.advance(DAY * 30);
        assert_eq!(undone(&mut api, &late).await, 409);
        let mut owner = t.signed_in(&practice.owner_email).await;
        owner.post(&format!("/clients/{three}/open"), &[("reason", "A look at the merge")]).await;
        let page = owner.get(&format!("/merges/{late}/undo")).await;
        assert!(!page.text.contains("Undo the merge"), "{}", page.text);
        t.run_jobs().await;
    }

    async fn r42_two_records_merged_into_each_other_at_once_are_one(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = program(&t, &practice).await;
        let body = json!({"first_name": "Ana", "last_name": "Client"});
        let (one, two) = (t.client(&practice, body.clone()).await, t.client(&practice, body).await);
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..8 {
            let (kept, gone) = if n % 2 == 0 { (&one, &two) } else { (&two, &one) };
            let (mut api, path, body) = (api.copy(), format!("/api/v1/clients/{kept}/merges"), json!({"with": gone}));
            tasks.spawn(async move { api.json("POST", &path, &body).await.status });
        }
        let mut statuses = tasks.join_all().await;
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 404, 404, 404, 404, 404, 404, 404]);
        assert_eq!((listed(&mut api).await, t.raw.count("select count(*) from merges")), (1, 1));
        // And undone at once, once.
        let merge = uuid::Uuid::parse_str(t.raw.rows("select id from merges")[0][0].as_deref().unwrap()).unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let (mut api, merge) = (api.copy(), merge.to_string());
            tasks.spawn(async move { undone(&mut api, &merge).await });
        }
        let mut statuses = tasks.join_all().await;
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409, 409, 409, 409, 409]);
        assert_eq!(listed(&mut api).await, 2);
        t.run_jobs().await;
    }

    /// A table that holds something of a client goes along with a merge, or stays behind for a reason that stands here.
    async fn no_table_of_a_client_is_forgotten_by_a_merge(t: TestApp) {
        let along = ["activities", "contacts", "portal_access", "invitations", "documents", "client_forms", "form_alerts",
            "client_flows", "feed_items", "conversations", "care_team", "custody_notes"];
        let stays = [
            ("audit_entries", "the chain is never rewritten"),
            ("bulk_items", "what a run did to a record, it did to that one"),
            ("client_prefixes", "made from the names of a record"),
            ("client_search_rows", "made from the text of a record"),
            ("comings_of_age", "whom the practice was told about, by the date on a record"),
            ("form_reminders", "planned anew for the record that stays"),
            ("hand_overs", "a device was handed over for one record, and ends with it"),
            ("openings", "the reason was given for one record"),
            ("sign_ups", "how a record came to be"),
            ("welcomes", "whether a record was welcomed"),
        ];
        let sqlite = "select distinct m.name from sqlite_master m join pragma_table_info(m.name) c
            where m.type = 'table' and c.name = 'client_id'";
        let postgres = "select table_name from information_schema.columns where column_name = 'client_id'
            and table_schema = current_schema()";
        let is_sqlite = t.folder().join("ruh.db").exists();
        let found = t.raw.rows(if is_sqlite { sqlite } else { postgres });
        assert!(found.len() > 10, "{found:?}");
        for name in found.into_iter().map(|row| row[0].clone().unwrap()) {
            let known = along.contains(&name.as_str()) || stays.iter().any(|(stays, _)| *stays == name);
            assert!(known, "does {name} go along with a merge?");
        }
    }
}
