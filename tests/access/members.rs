//! The JSON API of members, their invitations, tokens and the practice: what it does, and that it answers as described.

use ruh::access::Role;
use testkit::{Answer, Browser, Json, TestApp, TestPractice, both_engines, json};

use crate::api::api_of;
use crate::openapi::as_described;

const INVITATIONS: &str = "/api/v1/members/invitations";

async fn ask(api: &mut Browser, body: Json) -> Answer {
    let mut whole =
        json!({"first_name": "Cleo", "last_name": "Court", "email": "cleo@calm.example", "role": "provider"});
    for (name, value) in body.as_object().unwrap() {
        whole[name] = value.clone();
    }
    let answer = api.json("POST", "/api/v1/members", &whole).await;
    as_described("post", "/api/v1/members", &answer);
    answer
}

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_string()
}

/// Sends one request with a key of its own from many at once.
async fn at_once(api: &Browser, path: &str, key: &str, body: &Json) -> Vec<Answer> {
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (mut api, path, body) = (api.copy().with("idempotency-key", key), path.to_string(), body.clone());
        running.spawn(async move { api.json("POST", &path, &body).await });
    }
    let mut all = Vec::new();
    while let Some(answer) = running.join_next().await {
        all.push(answer.unwrap());
    }
    all
}

async fn staff(t: &TestApp) -> (TestPractice, Browser, String) {
    let practice = t.practice("Calm Harbour").await;
    let provider = t.member(&practice, Role::Provider, "provider@calm.example").await;
    let api = api_of(t, &practice).await;
    (practice, api, provider.to_string())
}

both_engines! {
    async fn members_are_listed_changed_disabled_and_enabled(t: TestApp) {
        let (practice, mut api, provider) = staff(&t).await;
        let list = api.get("/api/v1/members").await;
        as_described("get", "/api/v1/members", &list);
        let owner = practice.owner.to_string();
        let items = list.json()["items"].as_array().unwrap().clone();
        let ids: Vec<_> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
        assert_eq!(ids, [provider.as_str(), owner.as_str()], "by last name");
        assert_eq!((&items[0]["email"], &items[0]["status"]), (&json!("provider@calm.example"), &json!("active")));

        let one = "/api/v1/members/{id}";
        let path = format!("/api/v1/members/{provider}");
        let changed = api.json("PATCH", &path, &json!({"last_name": "Reed", "role": "admin", "sees_clients": false, "version": 1})).await;
        as_described("patch", one, &changed);
        assert_eq!((&changed.json()["first_name"], &changed.json()["role"], &changed.json()["version"]), (&json!("provider"), &json!("admin"), &json!(2)));
        let same = api.json("PATCH", &path, &json!({})).await;
        assert_eq!(same.json()["version"], 2, "nothing changed");
        for (body, status) in [
            (json!({"version": 1}), 409), (json!({"role": "god"}), 422), (json!({"first_name": ""}), 422), (json!({"role": 1}), 400), (json!({"last_name": "a\u{0}"}), 422),
        ] {
            let answer = api.json("PATCH", &path, &body).await;
            assert_eq!(answer.status, status, "{body}: {}", answer.text);
            as_described("patch", one, &answer);
        }
        let own = api.json("PATCH", &format!("/api/v1/members/{owner}"), &json!({"role": "admin"})).await;
        assert_eq!((own.status, &own.json()["errors"][0]["field"]), (422, &json!("role")));
        for what in ["disable", "enable"] {
            let template = format!("{one}/{what}");
            for status in [if what == "disable" { "disabled" } else { "active" }; 2] {
                let answer = api.json("POST", &format!("{path}/{what}"), &json!({})).await;
                as_described("post", &template, &answer);
                assert_eq!(answer.json()["status"], status);
            }
            let nobody = api.json("POST", &format!("/api/v1/members/{}/{what}", uuid::Uuid::from_u128(7)), &json!({})).await;
            assert_eq!(nobody.status, 404);
            as_described("post", &template, &nobody);
        }
        let own = api.json("POST", &format!("/api/v1/members/{owner}/disable"), &json!({})).await;
        assert_eq!(own.status, 409);
        as_described("post", "/api/v1/members/{id}/disable", &own);

        let providers = api.get("/api/v1/providers").await;
        as_described("get", "/api/v1/providers", &providers);
        assert_eq!(providers.json()["items"], json!([{"id": owner, "name": "Olive Owner"}]), "an admin who sees no clients is none");
        // Below owners and admins it is refused, and said so in JSON.
        let support = t.member(&practice, Role::Support, "support@calm.example").await;
        let mut support = t.browser().bearer(&t.token(&practice, support).await);
        for (method, path) in [("GET", "/api/v1/members"), ("GET", INVITATIONS), ("PATCH", "/api/v1/practice")] {
            let answer = support.json(method, path, &json!({})).await;
            assert_eq!(answer.status, 403, "{path}");
            as_described(&method.to_lowercase(), path, &answer);
        }
        assert_eq!(support.get("/api/v1/providers").await.status, 200);
    }

    async fn invitations_are_sent_resent_and_withdrawn(t: TestApp) {
        let (_, mut api, _) = staff(&t).await;
        let made = ask(&mut api, json!({})).await;
        assert_eq!((made.status, &made.json()["state"], &made.json()["sees_clients"]), (201, &json!("queued"), &json!(true)));
        for (body, field) in [
            (json!({"email": "cleo@"}), "email"), (json!({"email": "provider@calm.example"}), "email"), (json!({"role": ""}), "role"),
            (json!({"first_name": " "}), "first_name"), (json!({"last_name": "x".repeat(101)}), "last_name"),
        ] {
            let refused = ask(&mut api, body.clone()).await;
            assert_eq!((refused.status, &refused.json()["errors"][0]["field"]), (422, &json!(field)), "{body}");
        }
        let first = format!("{INVITATIONS}/{}", id(&made));
        let resend = "/api/v1/members/invitations/{id}/resend";
        let early = api.json("POST", &format!("{first}/resend"), &json!({})).await;
        assert_eq!(early.status, 409, "it has not left yet");
        as_described("post", resend, &early);
        t.send_mail().await;
        let again = api.json("POST", &format!("{first}/resend"), &json!({})).await;
        assert_eq!(again.status, 201);
        as_described("post", resend, &again);
        t.send_mail().await;
        let waiting = api.get(INVITATIONS).await;
        as_described("get", INVITATIONS, &waiting);
        let items = waiting.json()["items"].as_array().unwrap().clone();
        assert_eq!((items.len(), &items[0]["id"], &items[0]["state"]), (1, &json!(id(&again)), &json!("kept")), "the newest to each address");
        let kinds: Vec<_> = items[0]["events"].as_array().unwrap().iter().map(|e| e["kind"].clone()).collect();
        assert_eq!(kinds, ["kept", "queued"]);
        let withdraw = "/api/v1/members/invitations/{id}";
        for status in [200, 409] {
            let answer = api.json("DELETE", &format!("{INVITATIONS}/{}", id(&again)), &json!({})).await;
            assert_eq!(answer.status, status, "{}", answer.text);
            as_described("delete", withdraw, &answer);
        }
        let over = api.json("POST", &format!("{first}/resend"), &json!({})).await;
        assert_eq!(over.status, 409, "superseded");
        assert_eq!(api.get(INVITATIONS).await.json()["items"], json!([]));
        for _ in 0..3 {
            assert_eq!(ask(&mut api, json!({})).await.status, 201);
            t.send_mail().await;
        }
        let sixth = ask(&mut api, json!({})).await;
        assert_eq!((sixth.status, sixth.header("retry-after").is_empty()), (429, false));
    }

    async fn r39_one_key_one_invitation(t: TestApp) {
        let (_, mut api, _) = staff(&t).await;
        let body = json!({"first_name": "Cleo", "last_name": "Court", "email": "cleo@calm.example", "role": "support"});
        let answers = at_once(&api, "/api/v1/members", "one", &body).await;
        let ids: std::collections::BTreeSet<_> = answers.iter().map(id).collect();
        assert_eq!((ids.len(), t.raw.count("select count(*) from member_invitations")), (1, 1));
        t.send_mail().await;
        assert_eq!(t.mails().len(), 1);
        let path = format!("{INVITATIONS}/{}/resend", ids.first().unwrap());
        assert_eq!(at_once(&api, &path, "two", &json!({})).await.iter().map(id).collect::<std::collections::BTreeSet<_>>().len(), 1);
        t.send_mail().await;
        assert_eq!(t.mails().len(), 2);
        // A token's secret is kept nowhere: whoever repeats gets its record.
        let name = json!({"name": "The website"});
        let made = at_once(&api, "/api/v1/tokens", "three", &name).await;
        let secrets: Vec<_> = made.iter().filter_map(|answer| answer.json()["token"].as_str().map(str::to_string)).collect();
        assert_eq!(secrets.len(), 1, "shown once");
        assert!(made.iter().all(|answer| answer.status == 201));
        for table in ["idempotency", "api_tokens", "audit_entries"] {
            let rows = format!("{:?}", t.raw.rows(&format!("select * from {table}")));
            assert!(!rows.contains(&secrets[0]), "{table} holds the secret");
        }
        assert_eq!(api.get("/api/v1/tokens").await.json()["items"].as_array().unwrap().len(), 2);
    }

    async fn tokens_are_made_used_and_revoked(t: TestApp) {
        let (practice, mut api, provider) = staff(&t).await;
        let made = api.json("POST", "/api/v1/tokens", &json!({"name": "The website"})).await;
        as_described("post", "/api/v1/tokens", &made);
        let secret = made.json()["token"].as_str().unwrap().to_string();
        let mut website = t.browser().bearer(&secret);
        let last_used = async |api: &mut Browser| {
            let list = api.get("/api/v1/tokens").await;
            as_described("get", "/api/v1/tokens", &list);
            let items = list.json()["items"].as_array().unwrap().clone();
            items.into_iter().find(|item| item["name"] == "The website").unwrap()["last_used_at"].clone()
        };
        assert_eq!(last_used(&mut api).await, Json::Null);
        assert_eq!(website.get("/api/v1/practice").await.status, 200);
        let first = last_used(&mut api).await;
        assert!(first.is_string());
        t.advance_minutes(59);
        website.get("/api/v1/practice").await;
        assert_eq!(last_used(&mut api).await, first, "at most once an hour");
        t.advance_minutes(1);
        website.get("/api/v1/practice").await;
        assert_ne!(last_used(&mut api).await, first);

        // Whose they are: a provider sees their own, an owner everybody's.
        let member = ruh::ids::MemberId(provider.parse().unwrap());
        let mut theirs = t.browser().bearer(&t.token(&practice, member).await);
        assert_eq!(theirs.get("/api/v1/tokens").await.json()["items"].as_array().unwrap().len(), 1);
        let path = format!("/api/v1/tokens/{}", id(&made));
        let not_theirs = theirs.json("DELETE", &path, &json!({})).await;
        assert_eq!(not_theirs.status, 404);
        as_described("delete", "/api/v1/tokens/{id}", &not_theirs);
        let all = api.get("/api/v1/tokens").await.json();
        let of_provider = all["items"].as_array().unwrap().iter().find(|item| item["member_id"] == json!(provider)).unwrap()["id"].clone();
        assert_eq!(api.json("DELETE", &format!("/api/v1/tokens/{}", of_provider.as_str().unwrap()), &json!({})).await.status, 200);
        assert_eq!(theirs.get("/api/v1/practice").await.status, 401);
        let revoked = api.json("DELETE", &path, &json!({})).await;
        as_described("delete", "/api/v1/tokens/{id}", &revoked);
        assert_eq!(website.get("/api/v1/practice").await.status, 401);
        assert_eq!(api.json("DELETE", &path, &json!({})).await.status, 404, "revoked is gone");

        for n in 1..20 {
            assert_eq!(api.json("POST", "/api/v1/tokens", &json!({"name": format!("n{n}")})).await.status, 201, "{n}");
        }
        let over = api.json("POST", "/api/v1/tokens", &json!({"name": "one more"})).await;
        assert_eq!(over.status, 409);
        as_described("post", "/api/v1/tokens", &over);
        for bad in [json!({}), json!({"name": ""}), json!({"name": "x".repeat(101)}), json!({"name": "a\nb"})] {
            assert_eq!(api.json("POST", "/api/v1/tokens", &bad).await.status, 422, "{bad}");
        }
    }

    async fn the_practice_changes_its_name_and_time_zone(t: TestApp) {
        let (practice, mut api, _) = staff(&t).await;
        let path = "/api/v1/practice";
        let changed = api.json("PATCH", path, &json!({"name": "Calm Haven", "time_zone": "Europe/Berlin", "version": 1})).await;
        as_described("patch", path, &changed);
        let body = changed.json();
        assert_eq!((&body["name"], &body["time_zone"], &body["version"]), (&json!("Calm Haven"), &json!("Europe/Berlin"), &json!(2)));
        assert_eq!(body["slug"], json!(practice.slug), "addresses stay");
        for (bad, status) in [
            (json!({"version": 1}), 409), (json!({"name": ""}), 422), (json!({"name": null}), 422), (json!({"time_zone": "Mars/Olympus"}), 422),
            (json!({"time_zone": null}), 422), (json!({"name": "x".repeat(101)}), 422), (json!({"name": 1}), 400),
        ] {
            let answer = api.json("PATCH", path, &bad).await;
            assert_eq!(answer.status, status, "{bad}: {}", answer.text);
            as_described("patch", path, &answer);
        }
        let same = api.json("PATCH", path, &json!({"slug": "mine", "id": "x", "practice_id": "y"})).await.json();
        assert_eq!((&same["slug"], &same["version"]), (&json!(practice.slug), &json!(2)), "nothing of that is theirs to say");
        // The page, too: both versions are shown, and what was typed stays.
        let mut owner = t.signed_in(&practice.owner_email).await;
        let page = owner.get("/settings/practice").await.text;
        assert!(page.contains("value=\"Calm Haven\"") && page.contains("<code>calm-harbour</code>"), "{page}");
        let stale = owner.post("/settings/practice", &[("name", "Mine"), ("time_zone", "Europe/Paris"), ("version", "1")]).await;
        assert_eq!(stale.status, 409);
        for part in ["value=\"Mine\"", "Calm Haven</bdi>", "Europe/Berlin</bdi>", "name=\"version\" value=\"2\""] {
            assert!(stale.text.contains(part), "{part}: {}", stale.text);
        }
        let saved = owner.post("/settings/practice", &[("name", "Mine"), ("time_zone", "Europe/Paris"), ("version", "2")]).await;
        assert_eq!(saved.status, 303);
        assert!(owner.get("/home").await.text.contains("<bdi>Mine</bdi>"));
        let refused = owner.post("/settings/practice", &[("name", ""), ("time_zone", "Nowhere"), ("version", "3")]).await;
        assert_eq!(refused.status, 422);
        assert_eq!(owner.get("/settings").await.location(), "/settings/practice");
    }

    async fn r18_foreign_members_invitations_and_tokens_are_as_none(t: TestApp) {
        let w = crate::world::world(&t).await;
        let nobody = "01900000-0000-7000-8000-000000000001";
        let (member, invitation, token) = (w.member.as_str(), w.member_invitation.as_str(), w.token.as_str());
        let form = "first_name=A&last_name=B&role=support&version=1";
        let before = ["members", "member_invitations", "api_tokens"].map(|table| t.raw.rows(&format!("select * from {table}")));
        for (method, path, body, id) in [
            ("GET", "/settings/members/ID", "", member), ("POST", "/settings/members/ID", form, member), ("POST", "/settings/members/ID", "", member),
            ("POST", "/settings/members/ID/disable", "", member), ("POST", "/settings/members/ID/enable", "", member),
            ("GET", "/settings/members/invitations/ID", "", invitation), ("POST", "/settings/members/invitations/ID/resend", "", invitation),
            ("POST", "/settings/members/invitations/ID/withdraw", "", invitation), ("POST", "/settings/members/invitations/ID/undo", "", invitation),
            ("GET", "/settings/tokens/ID/revoke", "", token), ("POST", "/settings/tokens/ID/revoke", "", token),
            ("PATCH", "/api/v1/members/ID", "{\"role\": \"support\"}", member), ("PATCH", "/api/v1/members/ID", "{\"role\": \"god\"}", member),
            ("POST", "/api/v1/members/ID/disable", "", member), ("POST", "/api/v1/members/ID/enable", "", member),
            ("POST", "/api/v1/members/invitations/ID/resend", "", invitation), ("DELETE", "/api/v1/members/invitations/ID", "", invitation),
            ("DELETE", "/api/v1/tokens/ID", "", token),
        ] {
            let kind = if path.starts_with("/api/") { "application/json" } else { "application/x-www-form-urlencoded" };
            let mut said = Vec::new();
            for id in [id, nobody, "nonsense"] {
                let answer = w.actor("foreign_owner").raw(method, &path.replace("ID", id), kind, body).await;
                assert_eq!(answer.status, 404, "{method} {path}");
                said.push(answer.text.replace(id, "ID"));
            }
            assert!(said.windows(2).all(|two| two[0] == two[1]), "{method} {path}: {said:?}");
        }
        let after = ["members", "member_invitations", "api_tokens"].map(|table| t.raw.rows(&format!("select * from {table}")));
        assert_eq!(before, after);
        // What lists show is one's own.
        for path in ["/settings/members", "/settings/tokens", "/api/v1/members", INVITATIONS, "/api/v1/tokens", "/api/v1/providers"] {
            let text = w.actor("foreign_owner").get(path).await.text;
            for foreign in ["calm.example", member, invitation, token] {
                assert!(!text.contains(foreign), "{path} shows {foreign}: {text}");
            }
        }
    }
}
