//! Settings > Groups and the groups of the API: names, colours, order, and where the clients of a deleted one go.

use testkit::ruh::access::Role;
use testkit::{Browser, Json, TestApp, TestPractice, both_engines, json};

async fn api(t: &TestApp, practice: &TestPractice) -> Browser {
    t.browser().bearer(&t.token(practice, practice.owner).await)
}

async fn list(api: &mut Browser) -> Vec<Json> {
    api.get("/api/v1/groups").await.json()["items"].as_array().expect("items").clone()
}

fn names(all: &[Json]) -> Vec<&str> {
    all.iter().map(|group| group["name"].as_str().expect("a name")).collect()
}

async fn add(api: &mut Browser, name: &str) -> String {
    let answer = api.json("POST", "/api/v1/groups", &json!({ "name": name })).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].as_str().expect("an id").to_string()
}

both_engines! {
    async fn d1_groups_are_added_changed_and_ordered(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let mut api = api(&t, &practice).await;
        assert_eq!(names(&list(&mut api).await), ["New clients", "Couples", "Minors"]);
        let form = [("name", "Evening group"), ("colour", "teal"), ("key", "01900000-0000-7000-8000-0000000000ab")];
        for _ in 0..2 {
            // Pressed twice: one group.
            assert_eq!(owner.post("/settings/groups", &form).await.location(), "/settings/groups");
        }
        let all = list(&mut api).await;
        assert_eq!(names(&all), ["New clients", "Couples", "Minors", "Evening group"]);
        assert_eq!((&all[3]["colour"], &all[3]["clients"]), (&json!("teal"), &json!(0)));
        let id = all[3]["id"].as_str().expect("an id");
        for (way, at) in [("up", 2), ("up", 1), ("down", 2), ("down", 3), ("down", 3)] {
            let moved = owner.post(&format!("/settings/groups/{id}/move"), &[("way", way)]).await;
            assert_eq!(moved.status, 303);
            assert_eq!(list(&mut api).await[at]["id"], id, "{way}");
        }
        assert_eq!(owner.post(&format!("/settings/groups/{id}/move"), &[("way", "sideways")]).await.status, 400);
        let page = owner.get("/settings/groups").await;
        assert!(page.text.contains("Evening group") && page.text.contains("Teal"), "{}", page.text);
        let changed = api.json("PATCH", &format!("/api/v1/groups/{id}"), &json!({"colour": "red"})).await;
        assert_eq!((&changed.json()["name"], &changed.json()["colour"]), (&json!("Evening group"), &json!("red")));
    }

    async fn d1_a_name_is_one_groups_alone(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let mut api = api(&t, &practice).await;
        let long = "x".repeat(61);
        for bad in ["", "   ", "  couPLES ", "Coupl\u{e9}s", "a\nb", long.as_str()] {
            let answer = owner.post("/settings/groups", &[("name", bad), ("colour", "olive")]).await;
            assert_eq!(answer.status, 422, "{bad:?}");
            assert!(answer.text.contains("value=\"olive\" checked"), "what was chosen is still there");
            let answer = api.json("POST", "/api/v1/groups", &json!({ "name": bad })).await;
            assert_eq!((answer.status, &answer.json()["errors"][0]["field"]), (422, &json!("name")), "{bad:?}");
        }
        let answer = api.json("POST", "/api/v1/groups", &json!({"name": "Other", "colour": "#ff0000"})).await;
        assert_eq!((answer.status, &answer.json()["errors"][0]["field"]), (422, &json!("colour")));
        // The same name in another practice, and a name that became free.
        let elsewhere = t.practice("Elsewhere").await;
        let mut theirs = self::api(&t, &elsewhere).await;
        add(&mut api, "Evenings").await;
        let id = add(&mut theirs, "Evenings").await;
        assert_eq!(theirs.request("DELETE", &format!("/api/v1/groups/{id}"), &[], Default::default()).await.status, 200);
        add(&mut theirs, "EVENINGS").await;
        // As many at once: one of them gets the name.
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let mut api = api.copy();
            all.spawn(async move { api.json("POST", "/api/v1/groups", &json!({"name": "Mornings"})).await.status });
        }
        let mut answers = all.join_all().await;
        answers.sort_unstable();
        assert_eq!(answers, [201, 422, 422, 422, 422, 422, 422, 422]);
    }

    async fn d1_fifty_groups_are_enough(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = api(&t, &practice).await;
        for n in 3..50 {
            add(&mut api, &format!("Group {n}")).await;
        }
        let answer = api.json("POST", "/api/v1/groups", &json!({"name": "One more"})).await;
        assert_eq!(answer.status, 422);
        assert!(answer.text.contains("50 groups at most"));
    }

    async fn r40_a_stale_save_of_a_group_shows_both(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let mut api = api(&t, &practice).await;
        let id = list(&mut api).await[1]["id"].as_str().expect("an id").to_string();
        let path = format!("/settings/groups/{id}");
        assert!(owner.get(&path).await.text.contains("name=\"version\" value=\"1\""));
        api.json("PATCH", &format!("/api/v1/groups/{id}"), &json!({"name": "Pairs"})).await;
        let stale = owner.post(&path, &[("name", "Twosomes"), ("colour", "pink"), ("version", "1")]).await;
        assert_eq!(stale.status, 409);
        assert!(stale.text.contains("Twosomes") && stale.text.contains("Pairs") && stale.text.contains("saved now"));
        assert_eq!(names(&list(&mut api).await)[1], "Pairs");
        let again = owner.post(&path, &[("name", "Twosomes"), ("colour", "pink"), ("version", "2")]).await;
        assert_eq!(again.status, 303);
        assert_eq!(names(&list(&mut api).await)[1], "Twosomes");
        let stale = api.json("PATCH", &format!("/api/v1/groups/{id}"), &json!({"name": "X", "version": 2})).await;
        assert_eq!(stale.status, 409);
    }

    async fn d1_the_clients_of_a_deleted_group_go_where_it_is_said(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let mut api = api(&t, &practice).await;
        let all = list(&mut api).await;
        let [first, couples, minors] = [0, 1, 2].map(|n| all[n]["id"].as_str().expect("an id").to_string());
        for n in 0..3 {
            t.client(&practice, json!({"first_name": format!("C{n}"), "group_id": couples})).await;
        }
        let asked = owner.get(&format!("/settings/groups/{couples}/delete")).await;
        assert!(asked.text.contains("<b>3 clients</b>"), "{}", asked.text);
        for bad in [vec![], vec![("move_to", couples.as_str())], vec![("move_to", "x")], vec![("move_to", "01900000-0000-7000-8000-000000000001")]] {
            assert_eq!(owner.post(&format!("/settings/groups/{couples}/delete"), &bad).await.status, 422, "{bad:?}");
        }
        let unsaid = api.request("DELETE", &format!("/api/v1/groups/{couples}"), &[], Default::default()).await;
        assert_eq!((unsaid.status, &unsaid.json()["errors"][0]["field"]), (422, &json!("move_to")));
        assert_eq!(t.raw.count("select count(*) from client_groups where deleted_at is not null"), 0);
        let before = t.raw.count("select count(*) from activities");
        let done = owner.post(&format!("/settings/groups/{couples}/delete"), &[("move_to", &minors)]).await;
        assert_eq!(done.location(), "/settings/groups");
        let moved = api.get(&format!("/api/v1/clients?group_id={minors}")).await.json();
        assert_eq!(moved["items"].as_array().map(Vec::len), Some(3));
        assert_eq!(t.raw.count("select count(*) from clients where version = 2"), 3);
        assert_eq!(t.raw.count("select count(*) from activities") - before, 3, "one with each client");
        let noted = t.raw.rows("select id from activities where about = 'group_id'");
        let ids: Vec<_> = noted.iter().map(|row| uuid::Uuid::parse_str(row[0].as_deref().expect("an id")).expect("an id")).collect();
        assert!(ids.iter().all(|id| id.get_version_num() == 7), "{ids:?}");
        assert_eq!(t.raw.rows("select detail from audit_entries where action = 'group.deleted'"), [[Some("clients moved: 3".to_string())]]);
        let audited = "select count(distinct client_id) from audit_entries where action = 'client.changed' and detail = 'group_id' and subject_id = client_id and actor_id is not null";
        assert_eq!(t.raw.count(audited), 3, "and an entry that names them");
        testkit::ruh::audit::seal(&t.app).await.unwrap();
        assert!(matches!(testkit::ruh::audit::verify(&t.app).await.unwrap(), testkit::ruh::audit::Verdict::Whole { .. }));
        // Gone for everybody: not offered, not changed, not deleted again.
        assert_eq!(names(&list(&mut api).await), ["New clients", "Minors"]);
        assert_eq!(owner.get(&format!("/settings/groups/{couples}")).await.status, 404);
        assert_eq!(owner.post(&format!("/settings/groups/{couples}/delete"), &[("move_to", "")]).await.status, 404);
        let refused = api.json("POST", "/api/v1/clients", &json!({"first_name": "A", "last_name": "B", "group_id": couples})).await;
        assert_eq!((refused.status, &refused.json()["errors"][0]["field"]), (422, &json!("group_id")));
        // To no group.
        t.advance_minutes(1);
        let gone = api.request("DELETE", &format!("/api/v1/groups/{minors}?move_to="), &[], Default::default()).await;
        assert_eq!(gone.json(), json!({"moved": 3}));
        assert_eq!(t.raw.count("select count(*) from clients where group_id is null"), 3);
        assert_eq!(names(&list(&mut api).await), ["New clients"]);
        let last = api.request("DELETE", &format!("/api/v1/groups/{first}"), &[], Default::default()).await;
        assert_eq!(last.json(), json!({"moved": 0}));
        assert!(owner.get("/settings/groups").await.text.contains("No groups yet"));
    }

    async fn d1_nobody_stays_in_a_group_that_is_deleted_meanwhile(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = api(&t, &practice).await;
        let couples = list(&mut api).await[1]["id"].as_str().expect("an id").to_string();
        let mut all = tokio::task::JoinSet::new();
        for n in 0..24 {
            let (mut api, couples) = (api.copy(), couples.clone());
            all.spawn(async move {
                if n == 12 {
                    return api.request("DELETE", &format!("/api/v1/groups/{couples}?move_to="), &[], Default::default()).await.status;
                }
                let body = json!({"first_name": format!("C{n}"), "last_name": "X", "group_id": couples});
                api.json("POST", "/api/v1/clients", &body).await.status
            });
        }
        let answers = all.join_all().await;
        assert!(answers.iter().all(|status| [200, 201, 422].contains(status)), "{answers:?}");
        assert_eq!(t.raw.count(&format!("select count(*) from clients where group_id = {}", t.raw.id(&couples))), 0);
    }

    async fn d1_ten_thousand_clients_move_in_one_stroke(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = api(&t, &practice).await;
        let couples = list(&mut api).await[1]["id"].as_str().expect("an id").to_string();
        let client = t.client(&practice, json!({"group_id": couples})).await;
        let (practice_id, client) = (t.raw.id(&practice.id.to_string()), t.raw.id(&client));
        let another = match t.app.engine() {
            testkit::ruh::db::Engine::Sqlite => "randomblob(16)",
            testkit::ruh::db::Engine::Postgres => "gen_random_uuid()",
        };
        t.raw.run(&format!(
            "insert into clients (practice_id, id, first_name, last_name, status, source, sort_name, search_text, created_at, updated_at, version, group_id)
             with recursive n(n) as (select 1 union all select n + 1 from n where n < 9999)
             select c.practice_id, {another}, 'N', 'N', 'active', 'added', 'n n', '', 1, 1, 1, c.group_id
             from clients c, n where c.practice_id = {practice_id} and c.id = {client}"
        ));
        let gone = api.request("DELETE", &format!("/api/v1/groups/{couples}?move_to="), &[], Default::default()).await;
        assert_eq!(gone.json(), json!({"moved": 10_000}));
        assert_eq!(t.raw.count("select count(*) from activities where about = 'group_id'"), 10_000);
        assert_eq!(t.raw.count("select count(*) from audit_entries where action like 'group.%'"), 1);
    }

    async fn d1_all_staff_see_groups_and_those_who_run_the_practice_change_them(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        t.member(&practice, Role::Support, "support@calm.example").await;
        let mut support = t.signed_in("support@calm.example").await;
        let page = support.get("/settings/groups").await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("Couples") && !page.text.contains("Add group") && !page.text.contains("/move"));
        assert_eq!(support.post("/settings/groups", &[("name", "Mine"), ("colour", "blue")]).await.status, 403);
    }
}
