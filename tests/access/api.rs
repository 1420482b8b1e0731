//! The JSON API of clients: adding, changing, paging, searching, and what arrives broken.

use std::collections::BTreeSet;

use testkit::{Browser, Json, TestApp, TestPractice, both_engines, json};

use crate::openapi::as_described;

pub async fn api_of(t: &TestApp, practice: &TestPractice) -> Browser {
    t.browser().bearer(&t.token(practice, practice.owner).await)
}

async fn add(api: &mut Browser, body: Json) -> Json {
    let mut whole = json!({"first_name": "Ana", "last_name": "Marchetti", "send_invitation": false});
    for (name, value) in body.as_object().unwrap() {
        whole[name] = value.clone();
    }
    let answer = api.json("POST", "/api/v1/clients", &whole).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

/// The names found by a search, sorted as they come.
async fn found(api: &mut Browser, search: &str) -> Vec<String> {
    let query = serde_urlencoded::to_string([("search", search)]).unwrap();
    let answer = api.get(&format!("/api/v1/clients?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let name =
        |item: &Json| format!("{} {}", item["first_name"].as_str().unwrap(), item["last_name"].as_str().unwrap());
    answer.json()["items"].as_array().unwrap().iter().map(name).collect()
}

/// Walks all pages; `between` runs after each.
async fn walk(
    api: &mut Browser,
    query: &str,
    mut between: impl AsyncFnMut(&mut Browser, usize),
) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    for page in 0..100 {
        let answer = api.get(&format!("/api/v1/clients?{query}{cursor}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let body = answer.json();
        for item in body["items"].as_array().unwrap() {
            all.push((item["id"].as_str().unwrap().to_string(), item["last_name"].as_str().unwrap().to_string()));
        }
        let Some(next) = body["next_cursor"].as_str() else { return all };
        assert!(next.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        cursor = format!("&cursor={next}");
        between(api, page).await;
    }
    panic!("pages without end");
}

/// What a section of a client's page says that it was made from.
fn seen_of(page: &str, section: &str) -> String {
    let own = page.split(&format!("name=\"section\" value=\"{section}\"")).nth(1).expect("the section");
    own.split("name=\"seen\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("what was seen")
        .to_string()
}

both_engines! {
    async fn a_change_keeps_what_is_absent_and_empties_what_is_null(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = api_of(&t, &practice).await;
        let full = json!({"preferred_name": "Ani", "pronouns": "she", "phone": "+12125550123", "note": "hello", "record_number": "7", "date_of_birth": "2000-02-29"});
        let made = add(&mut api, full.clone()).await;
        let path = format!("/api/v1/clients/{}", made["id"].as_str().unwrap());
        assert_eq!(made["primary_provider_id"].as_str(), Some(practice.owner.to_string().as_str()), "who adds and sees clients is the provider");

        let changed = api.json("PATCH", &path, &json!({"note": null, "pronouns": ""})).await.json();
        assert_eq!((&changed["note"], &changed["pronouns"]), (&Json::Null, &Json::Null));
        for field in ["preferred_name", "phone", "record_number", "date_of_birth", "first_name", "primary_provider_id"] {
            assert_eq!(changed[field], made[field], "{field}");
        }
        assert_eq!(changed["version"], 2);
        let same = api.json("PATCH", &path, &json!({})).await.json();
        assert_eq!(same["version"], 2, "nothing changed");
        let cleared = api.json("PATCH", &path, &json!({"primary_provider_id": null})).await.json();
        assert_eq!(cleared["primary_provider_id"], Json::Null);
        for field in ["first_name", "last_name"] {
            let refused = api.json("PATCH", &path, &json!({field: null})).await;
            assert_eq!((refused.status, &refused.json()["errors"][0]["field"]), (422, &json!(field)));
        }
        let without = add(&mut api, json!({"primary_provider_id": null})).await;
        assert_eq!(without["primary_provider_id"], Json::Null);
    }

    async fn an_invitation_goes_out_unless_it_is_switched_off(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = api_of(&t, &practice).await;
        let states = [
            (json!({"email": "a@example.org"}), Some("queued")),
            (json!({"email": "b@example.org", "send_invitation": true}), Some("queued")),
            (json!({"email": "c@example.org", "send_invitation": null}), Some("queued")),
            (json!({"email": "d@example.org", "send_invitation": false}), None),
            (json!({}), None),
        ];
        for (mut body, state) in states {
            body["first_name"] = json!("A");
            body["last_name"] = json!("B");
            let answer = api.json("POST", "/api/v1/clients", &body).await;
            assert_eq!(answer.json()["invitation"]["state"].as_str(), state, "{body}");
        }
        t.send_mail().await;
        let mut to: Vec<_> = t.mails().into_iter().map(|mail| mail.to).collect();
        to.sort();
        assert_eq!(to.len(), 3, "{to:?}");
    }

    async fn support_staff_are_nobodys_provider(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let support = t.member(&practice, ruh::access::Role::Support, "s@calm.example").await;
        let mut api = api_of(&t, &practice).await;
        for field in [json!({"primary_provider_id": support.to_string()}), json!({"care_team_ids": [support.to_string()]})] {
            let mut body = json!({"first_name": "A", "last_name": "B"});
            body.as_object_mut().unwrap().extend(field.as_object().unwrap().clone());
            assert_eq!(api.json("POST", "/api/v1/clients", &body).await.status, 422, "{body}");
        }
        let mut theirs = t.browser().bearer(&t.token(&practice, support).await);
        let added = add(&mut theirs, json!({})).await;
        assert_eq!(added["primary_provider_id"], Json::Null);
    }

    async fn pages_through_250_clients_have_no_gap_and_no_double(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = api_of(&t, &practice).await;
        let mut made = BTreeSet::new();
        for n in 0..250 {
            // Few names and few instants: the id has to decide between equals.
            let last = ["Álvarez", "Zoë", "王", "adams", "Adams"][n % 5];
            if n % 40 == 0 {
                t.advance(std::time::Duration::from_secs(1));
            }
            made.insert(add(&mut api, json!({"first_name": "A", "last_name": last})).await["id"].as_str().unwrap().to_string());
        }
        for (sort, limit) in [("name", 7), ("name", 200), ("-created_at", 7), ("-created_at", 50)] {
            let rows = walk(&mut api, &format!("sort={sort}&limit={limit}"), async |_, _| {}).await;
            let ids: BTreeSet<_> = rows.iter().map(|(id, _)| id.clone()).collect();
            assert_eq!((rows.len(), &ids), (250, &made), "{sort} by {limit}");
            if sort == "name" {
                let folded: Vec<_> = rows.iter().map(|(_, last)| ruh::people::folded(last)).collect();
                assert!(folded.is_sorted(), "{folded:?}");
            } else {
                assert!(rows.iter().rev().map(|(id, _)| id).is_sorted(), "the newest come first");
            }
        }
        // While others add clients, those who were there before are still seen once each.
        for (sort, limit) in [("name", 23), ("-created_at", 23)] {
            let rows = walk(&mut api, &format!("sort={sort}&limit={limit}"), async |api, page| {
                t.advance(std::time::Duration::from_secs(1));
                add(api, json!({"first_name": "A", "last_name": (if page % 2 == 0 { "Aaa" } else { "Zzz" })})).await;
            }).await;
            let ids: BTreeSet<_> = rows.iter().map(|(id, _)| id.clone()).collect();
            assert_eq!(ids.len(), rows.len(), "somebody is there twice by {sort}");
            assert!(ids.is_superset(&made), "somebody is missing by {sort}");
        }
        // The page on screen walks the same way.
        let mut owner = t.signed_in(&practice.owner_email).await;
        let (mut at, mut seen) = ("/clients".to_string(), BTreeSet::new());
        loop {
            let text = owner.get(&at).await.text;
            seen.extend(text.split("/clients/").skip(1).filter_map(|rest| rest.get(..36)).filter(|id| uuid::Uuid::parse_str(id).is_ok()).map(str::to_string));
            let Some(next) = text.split("href=\"/clients?").skip(1).map(|rest| rest.split('"').next().unwrap()).find(|q| q.contains("cursor=")) else { break };
            at = format!("/clients?{}", next.replace("&amp;", "&").replace("&#38;", "&"));
        }
        assert!(seen.is_superset(&made), "{} of 250 on screen", seen.len());
    }

    async fn the_list_keeps_its_limits(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = api_of(&t, &practice).await;
        let group = crate::world::uuid_text(t.raw.rows("select id from client_groups order by position")[0][0].as_deref().unwrap());
        add(&mut api, json!({"group_id": group, "last_name": "Grouped"})).await;
        add(&mut api, json!({"last_name": "Loose"})).await;
        for (query, status, count) in [
            ("", 200, 2), ("limit=1", 200, 1), ("limit=200", 200, 2), ("limit=0", 422, 0), ("limit=-1", 422, 0), ("limit=201", 422, 0),
            ("limit=1e3", 400, 0), ("limit=99999999999999999999", 400, 0), ("sort=name", 200, 2), ("sort=-created_at", 200, 2), ("sort=created_at", 200, 2), ("sort=-name", 200, 2), ("sort=age", 422, 0),
            ("provider_id=x", 422, 0), ("invitation=x", 422, 0), ("group_id=none", 200, 1), ("provider_id=none", 200, 0), ("invitation=no_email", 200, 2), ("invitation=sent", 200, 0),
            ("status=active", 200, 2), ("status=archived", 200, 0), ("status=gone", 422, 0), ("group_id=x", 422, 0), ("cursor=%00", 400, 0),
            ("cursor=bm9wZQ", 400, 0), ("search=%00", 200, 2), ("search=%ff", 200, 0), ("search=%25", 200, 0), ("search=%22", 200, 0), ("search=a%22*%20OR%20b", 200, 0),
            ("search=%5C%25%5F", 200, 0), ("limit=1&limit=2", 400, 0),
        ] {
            let answer = api.get(&format!("/api/v1/clients?{query}")).await;
            assert_eq!(answer.status, status, "{query}: {}", answer.text);
            as_described("get", "/api/v1/clients", &answer);
            if status == 200 {
                assert_eq!(answer.json()["items"].as_array().unwrap().len(), count, "{query}: {}", answer.text);
            }
        }
        let grouped = api.get(&format!("/api/v1/clients?group_id={group}")).await.json();
        assert_eq!(grouped["items"].as_array().unwrap().len(), 1);
        assert_eq!(grouped["items"][0]["last_name"], "Grouped");
        let both = api.get(&format!("/api/v1/clients?group_id={group}&search=loose")).await.json();
        assert_eq!(both["items"], json!([]));
        let long = api.get(&format!("/api/v1/clients?search={}", "x".repeat(8_000))).await;
        assert_eq!(long.status, 200);
    }

    async fn anybody_is_found_by_any_fragment(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = api_of(&t, &practice).await;
        for body in [
            json!({"first_name": "Zoë", "last_name": "Müller-Söhne", "preferred_name": "Mimi", "legal_name": "Zoraida", "email": "zoe.m+x@example.org", "phone": "+1 212 555 0123", "record_number": "AB-9_7%"}),
            json!({"first_name": "伟", "last_name": "王"}),
            json!({"first_name": "Bo", "last_name": "Li"}),
            json!({"first_name": "مریم", "last_name": "رضایی"}),
            json!({"first_name": "İlker", "last_name": "O'Neil"}),
        ] {
            add(&mut api, body).await;
        }
        let zoe = "Zoë Müller-Söhne";
        let wang = "伟 王";
        for (search, expected) in [
            ("Zoe", zoe), ("ZOË", zoe), ("mull", zoe), ("müll", zoe), ("ller-s", zoe), ("e mul", zoe), ("Müller-Söhne Zoë", zoe), ("mimi", zoe), ("zorai", zoe),
            ("oe.m+x@ex", zoe), ("ZOE.M+X@EXAMPLE.ORG", zoe), ("(212) 555", zoe), ("212-555-0123", zoe), ("+1 212", zoe), ("5550123", zoe),
            ("ab-9", zoe), ("9_7%", zoe), ("z", zoe), ("Mü", zoe), ("  zoe ", zoe),
            ("王", wang), ("伟", wang), ("王伟", wang), ("伟王", wang), ("王 伟", wang),
            ("b", "Bo Li"), ("Bo", "Bo Li"), ("li", "Bo Li"), ("Bo Li", "Bo Li"), ("li bo", "Bo Li"),
            ("مر", "مریم رضایی"), ("ضای", "مریم رضایی"), ("ilker", "İlker O'Neil"), ("o'n", "İlker O'Neil"),
        ] {
            let names = found(&mut api, search).await;
            assert!(names.contains(&expected.to_string()), "{search:?} finds {names:?}");
        }
        for search in ["nobody", "zoe bo", "212556", "_", "%", "9x7", "王王", "lib\"", "AND", "zoe*"] {
            assert_eq!(found(&mut api, search).await, Vec::<String>::new(), "{search:?}");
        }
        // What was changed is found under its new name only.
        let id = api.get("/api/v1/clients?search=Bo").await.json()["items"][0]["id"].as_str().unwrap().to_string();
        api.json("PATCH", &format!("/api/v1/clients/{id}"), &json!({"first_name": "Xaver"})).await;
        assert_eq!(found(&mut api, "bo").await, Vec::<String>::new());
        assert_eq!(found(&mut api, "xav").await, ["Xaver Li"]);
        assert_eq!(found(&mut api, "x").await, ["Xaver Li"]);
        assert_eq!(found(&mut api, "").await.len(), 5);
    }

    async fn r37_broken_json_is_refused_and_never_breaks_us(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = api_of(&t, &practice).await;
        let id = add(&mut api, json!({})).await["id"].as_str().unwrap().to_string();
        let before = t.raw.rows("select * from clients");
        let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        let nested = format!("{{\"first_name\": \"A\", \"last_name\": \"B\", \"x\": {}1{}}}", "[".repeat(50_000), "]".repeat(50_000));
        let huge = format!("{{\"first_name\": \"A\", \"last_name\": \"B\", \"note\": \"{}\"}}", "x".repeat(300_000));
        let base = |field: &str| format!("{{\"first_name\": \"A\", \"last_name\": \"B\", \"send_invitation\": false, {field}}}");
        let bodies = [
            String::new(), "{".into(), "null".into(), "[]".into(), "1".into(), "\"x\"".into(), "{} {}".into(), "\u{feff}{}".into(), deep("[", "]"), deep("{\"a\":", "}"), nested, huge,
            base("\"first_name\": \"C\""), base("\"note\": 1e400"), base("\"x\": 1e400"), base("\"x\": 1, \"x\": 2"), base("\"x\": {\"y\": 1, \"y\": 1}"), base("\"version\": 1e400"), base("\"version\": 1.5"), base("\"version\": \"1\""), base("\"version\": 99999999999999999999"),
            base("\"note\": 1"), base("\"note\": []"), base("\"note\": {}"), base("\"note\": true"), base("\"email\": [\"a@example.org\"]"), base("\"care_team_ids\": \"x\""),
            base("\"care_team_ids\": [1]"), base("\"care_team_ids\": [null]"), base("\"send_invitation\": \"yes\""), base("\"note\": \"\\ud800\""), base("\"note\": \"\\u0000\""),
            base("\"record_number\": \"a\\u0000b\""), base("\"group_id\": \"\\u0000\""), base("\"time_zone\": \"../../etc/passwd\""), base("\"time_zone\": \"\\u0000\""),
            base(&format!("\"care_team_ids\": [{}\"x\"]", "\"x\",".repeat(2_000))),
        ];
        for body in &bodies {
            for (method, path) in [("POST", "/api/v1/clients".to_string()), ("PATCH", format!("/api/v1/clients/{id}"))] {
                let answer = api.raw(method, &path, "application/json", body).await;
                let shown: String = body.chars().take(120).collect();
                assert!((400..500).contains(&answer.status), "{method} {shown}: {} {}", answer.status, answer.text);
                let template = if method == "POST" { "/api/v1/clients" } else { "/api/v1/clients/{id}" };
                as_described(method, template, &answer);
                assert!(answer.text.len() < 100_000, "{shown}");
            }
        }
        let good = base("\"note\": \"fine\"");
        for kind in ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx"] {
            let answer = api.raw("POST", "/api/v1/clients", kind, &good).await;
            assert!((400..500).contains(&answer.status), "{kind}: {}", answer.status);
            as_described("POST", "/api/v1/clients", &answer);
        }
        let latin: &[u8] = b"{\"first_name\": \"\xff\", \"last_name\": \"B\"}";
        let answer = api.request("POST", "/api/v1/clients", &[("content-type", "application/json")], axum::body::Body::from(latin)).await;
        assert_eq!(answer.status, 400);
        assert_eq!(t.raw.rows("select * from clients"), before, "something was saved");
        for kind in ["application/json", "application/json; charset=utf-8"] {
            assert_eq!(api.raw("POST", "/api/v1/clients", kind, &good).await.status, 201, "the counter-case: {kind}");
        }
    }

    async fn r37_broken_addresses_and_methods_are_refused(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = api_of(&t, &practice).await;
        for path in ["/api/v1/clients/x", "/api/v1/clients/%00", "/api/v1/clients/%ff", "/api/v1/clients/00000000-0000-0000-0000-000000000000", "/api/v1/nothing", "/api/v2/clients", "/api/"] {
            let answer = api.get(path).await;
            assert_eq!((answer.status, answer.header("content-type")), (404, "application/problem+json"), "{path}");
        }
        for (method, path) in [("DELETE", "/api/v1/clients"), ("PUT", "/api/v1/clients"), ("TRACE", "/api/v1/clients")] {
            let answer = api.request(method, path, &[], axum::body::Body::empty()).await;
            assert_eq!((answer.status, answer.header("content-type")), (405, "application/problem+json"), "{method}");
            assert!(answer.header("allow").contains("GET"), "{:?}", answer.headers);
        }
        let mut owner = t.signed_in(&practice.owner_email).await;
        for path in ["/clients/x", "/clients/%ff", "/nothing"] {
            let answer = owner.get(path).await;
            assert_eq!(answer.status, 404);
            assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        }
    }

    async fn r39_one_key_has_one_effect(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let other = t.member(&practice, ruh::access::Role::Admin, "admin@calm.example").await;
        let body = json!({"first_name": "Ana", "last_name": "Once", "email": "ana@example.org"});
        let api = api_of(&t, &practice).await.with("idempotency-key", "k-1");
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (mut api, body) = (api.copy(), body.clone());
            tasks.spawn(async move { api.json("POST", "/api/v1/clients", &body).await });
        }
        let answers = tasks.join_all().await;
        let first = answers[0].text.clone();
        for answer in &answers {
            assert_eq!((answer.status, &answer.text), (201, &first));
        }
        let count = || t.raw.count("select count(*) from clients");
        assert_eq!(count(), 1);
        assert_eq!(t.raw.count("select count(*) from invitations"), 1);
        assert_eq!(t.raw.count("select count(*) from jobs"), 1);

        let another = api.copy().json("POST", "/api/v1/clients", &json!({"first_name": "B", "last_name": "C"})).await;
        assert_eq!(another.status, 422, "{}", another.text);
        assert_eq!((count(), &another.json()["errors"][0]["field"]), (1, &json!("Idempotency-Key")));
        // The key of another member, and another key, are their own.
        let token = t.token(&practice, other).await;
        let theirs = t.browser().bearer(&token).with("idempotency-key", "k-1").json("POST", "/api/v1/clients", &body).await;
        assert_eq!((theirs.status, count()), (201, 2));
        assert_ne!(theirs.text, first);
        let second = api_of(&t, &practice).await.with("idempotency-key", "k-2").json("POST", "/api/v1/clients", &body).await;
        assert_eq!((second.status, count()), (201, 3));
        // What was refused may be tried again under its key.
        let mut again = api_of(&t, &practice).await.with("idempotency-key", "k-3");
        assert_eq!(again.json("POST", "/api/v1/clients", &json!({"first_name": ""})).await.status, 422);
        assert_eq!(again.json("POST", "/api/v1/clients", &body).await.status, 201);
        for (key, status) in [("", 400), (&*"k".repeat(201), 400), (&*"k".repeat(200), 201)] {
            let mut api = api_of(&t, &practice).await.with("idempotency-key", key);
            assert_eq!(api.json("POST", "/api/v1/clients", &body).await.status, status, "{} long", key.len());
        }
        t.send_mail().await;
    }

    async fn r39_a_key_used_for_one_record_does_not_answer_for_another(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = api_of(&t, &practice).await;
        let [one, two] = [add(&mut api, json!({})).await, add(&mut api, json!({})).await].map(|made| format!("/api/v1/clients/{}", made["id"].as_str().unwrap()));
        let mut keyed = api_of(&t, &practice).await.with("idempotency-key", "k");
        let body = json!({"note": "x"});
        assert_eq!(keyed.json("PATCH", &one, &body).await.json()["note"], "x");
        let reused = keyed.json("PATCH", &two, &body).await;
        assert_eq!(reused.status, 422, "{}", reused.text);
        assert_eq!(api.get(&two).await.json()["note"], Json::Null);
    }

    async fn r40_a_stale_save_loses_nothing(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = api_of(&t, &practice).await;
        let id = add(&mut api, json!({"note": "at first"})).await["id"].as_str().unwrap().to_string();
        let path = format!("/api/v1/clients/{id}");
        let theirs = api.json("PATCH", &path, &json!({"note": "theirs", "pronouns": "they", "version": 1})).await;
        assert_eq!(theirs.status, 200);
        let stale = api.json("PATCH", &path, &json!({"note": "mine", "version": 1})).await;
        assert_eq!(stale.status, 409);
        assert!(stale.json()["detail"].as_str().unwrap().contains("version 2"), "{}", stale.text);
        assert_eq!(api.get(&path).await.json()["note"], "theirs");

        let mut owner = t.signed_in(&practice.owner_email).await;
        let page = format!("/clients/{id}");
        let shown = owner.get(&page).await.text;
        let seen = seen_of(&shown, "client-info");
        let theirs = api.json("PATCH", &path, &json!({"note": "theirs now", "pronouns": "they"})).await;
        assert_eq!(theirs.status, 200);
        let mine = [("section", "client-info"), ("note", "mine"), ("gender", "my gender"), ("seen", seen.as_str())];
        let conflict = owner.post(&page, &mine).await;
        assert_eq!(conflict.status, 409);
        for both in ["mine", "theirs now", "my gender", "they"] {
            assert!(conflict.text.contains(both), "{both} is not on the page");
        }
        assert_eq!(api.get(&path).await.json()["note"], "theirs now");
        // Another section saved meanwhile is no conflict, and what stands in the others is not touched by it.
        let other = seen_of(&shown, "personal-information");
        let named = [("section", "personal-information"), ("first_name", "Anna"), ("last_name", "Marchetti"), ("seen", other.as_str())];
        assert_eq!(owner.post(&page, &named).await.status, 303);
        assert_eq!(api.get(&path).await.json()["note"], "theirs now");
        // The section now carries what was seen: pressing again saves what is in the form.
        let seen = seen_of(&conflict.text, "client-info");
        let mut again = mine;
        again[3] = ("seen", seen.as_str());
        assert_eq!(owner.post(&page, &again).await.status, 303);
        let saved = api.get(&path).await.json();
        assert_eq!((&saved["note"], &saved["first_name"], &saved["pronouns"]), (&json!("mine"), &json!("Anna"), &json!(null)));
        // A section that does not say what it was made from is stale, too; and one that there is not is none.
        assert_eq!(owner.post(&page, &[("section", "client-info"), ("note", "blind")]).await.status, 409);
        assert_eq!(owner.post(&page, &[("section", "attic"), ("note", "blind")]).await.status, 400);
        // A page from before there were sections still has the whole record in one form, from a version.
        let version = saved["version"].to_string();
        let whole = [("first_name", "Ana"), ("last_name", "Marchetti"), ("note", "whole"), ("version", version.as_str())];
        assert_eq!(owner.post(&page, &whole[..3]).await.status, 409);
        assert_eq!(owner.post(&page, &whole).await.status, 303);
        assert_eq!(api.get(&path).await.json()["note"], "whole");
        // Of two who save at once from the same version, one is told.
        let version = api.get(&path).await.json()["version"].clone();
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..8 {
            let (mut api, path, version) = (api.copy(), path.clone(), version.clone());
            tasks.spawn(async move { api.json("PATCH", &path, &json!({"note": format!("n{n}"), "version": version})).await.status });
        }
        let mut statuses = tasks.join_all().await;
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
    }
}
