//! A practice asks for two-step sign-in, role by role.

use ruh::access::{Access, Role};
use testkit::{Browser, PASSWORD, TestApp, TestPractice, both_engines, json};

use crate::support::{alive, set_up_codes};

async fn require(owner: &mut Browser, roles: &[&str]) {
    let fields: Vec<_> = roles.iter().map(|role| (*role, "true")).collect();
    let saved = owner.post("/settings/security/two-step", &fields).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
}

/// Every route of the staff, as somebody who is held; the API is refused, everything else leads to the set-up.
async fn assert_held(t: &TestApp, browser: &Browser, id: &str) {
    let mut walked = 0;
    for route in ruh::routes::list(&t.app) {
        if !matches!(route.access, Access::Staff(_)) {
            continue;
        }
        walked += 1;
        let path = route.path.replace("{id}", id);
        let mut browser = browser.copy();
        let answer = match (route.method.as_str(), route.path.starts_with("/api/")) {
            ("GET", _) => browser.get(&path).await,
            (_, false) => browser.post(&path, &[]).await,
            (method, true) => browser.json(method, &path, &json!({})).await,
        };
        if route.path.starts_with("/api/") {
            assert_eq!(answer.status, 403, "{} {path}", route.method);
            assert!(answer.json()["detail"].as_str().is_some_and(|text| text.contains("two-step")), "{}", answer.text);
        } else {
            assert_eq!((answer.status, answer.location()), (303, "/two-step/set-up"), "{} {path}", route.method);
        }
    }
    assert!(walked > 80, "{walked}");
}

/// The same with an API token.
async fn assert_token_held(t: &TestApp, practice: &TestPractice, token: &str) {
    for path in ["/api/v1/practice", "/api/v1/clients", "/api/v1/providers", "/clients"] {
        let answer = t.browser().bearer(token).get(path).await;
        assert_eq!(answer.status, 403, "{path} of {}", practice.slug);
    }
    let body = json!({"first_name": "Ana", "last_name": "Marchetti"});
    let answer = t.browser().bearer(token).json("POST", "/api/v1/clients", &body).await;
    assert_eq!(answer.status, 403);
    assert!(answer.text.contains("two-step"), "{}", answer.text);
}

both_engines! {
    async fn whoever_is_asked_is_held_until_it_is_set_up(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let client = t.client(&practice, json!({})).await;
        let member = t.member(&practice, Role::Provider, "pro@calm.example").await;
        let token = t.token(&practice, member).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let mut provider = t.signed_in("pro@calm.example").await;
        require(&mut owner, &["provider"]).await;
        assert!(alive(&owner, "/home").await, "owners are not asked");
        // Whoever is signed in is held with the next request, and whoever signs in as well.
        assert_held(&t, &provider, &client).await;
        assert_token_held(&t, &practice, &token).await;
        let mut anew = t.signed_in("pro@calm.example").await;
        assert_eq!(anew.get("/home").await.location(), "/two-step/set-up");
        let page = anew.get("/two-step/set-up").await;
        assert!(page.text.contains("Calm Harbour asks you"), "{}", page.text);
        assert!(page.text.contains("/sign-out"));
        // The list says who is left.
        let list = owner.get("/settings/members").await.text;
        assert!(list.contains("Two-step"), "{list}");
        let api = owner.copy().get("/api/v1/members").await.json();
        let row = |json: &testkit::Json| {
            let all = json["items"].as_array().expect("items").clone();
            all.into_iter().find(|m| m["email"] == "pro@calm.example").expect("the provider")
        };
        assert_eq!(row(&api)["second_factor"], "off");
        let (app, _) = set_up_codes(&t, &mut provider).await;
        assert!(alive(&provider, "/home").await);
        assert_eq!(t.browser().bearer(&token).get("/api/v1/practice").await.status, 200);
        assert_eq!(row(&owner.get("/api/v1/members").await.json())["second_factor"], "on");
        // Turned off, they are held again.
        let fields = [("password", PASSWORD), ("code", &app.code(&t))];
        provider.post("/two-step/off", &fields).await;
        t.run_jobs().await;
        assert_eq!(provider.get("/clients").await.location(), "/two-step/set-up");
        assert_eq!(t.browser().bearer(&token).get("/api/v1/practice").await.status, 403);
        let audited = t.raw.count("select count(*) from audit_entries where action = 'practice.second_factor_required'");
        assert_eq!(audited, 1);
    }

    async fn other_practices_and_the_portal_are_not_concerned(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let other = t.practice("Other Shore").await;
        t.member(&practice, Role::Provider, "pro@calm.example").await;
        // The same person on the staff of another practice, and a client of the first.
        let account = t.raw.rows("select account_id from account_emails where email = 'pro@calm.example'")[0][0].clone();
        let account = t.raw.id(account.as_deref().expect("an account"));
        let [shore, id] = [other.id.to_string(), t.app.ids.new_id().to_string()].map(|id| t.raw.id(&id));
        t.raw.run(&format!(
            "insert into members
                 (practice_id, id, account_id, first_name, last_name, role, sees_clients, created_at, confirmed_at)
             values ({shore}, {id}, {account}, 'Pro', 'Member', 'provider', true, 1, 1)"
        ));
        t.client(&practice, json!({"email": "pro@calm.example", "send_invitation": true})).await;
        t.send_mail().await;
        let mut browser = t.browser();
        browser.open_link(&t.mail_to("pro@calm.example").link()).await;
        assert_eq!(browser.post("/invitation", &[("password", PASSWORD)]).await.location(), "/portal");
        let mut owner = t.signed_in(&practice.owner_email).await;
        require(&mut owner, &["owner", "admin", "provider", "support"]).await;
        assert_eq!(owner.get("/home").await.location(), "/two-step/set-up", "whoever asks is asked, too");
        assert!(alive(&browser, "/portal").await);
        assert_eq!(browser.get("/portal/security").await.status, 200);
        let (_, mut client) = t.client_in_portal(&other, "ana@example.org").await;
        assert_eq!(client.get("/portal").await.status, 200);
        let places = t.raw.rows(&format!("select practice_id, id from members where account_id = {account}"));
        for place in places {
            let [at, id] = [0, 1].map(|n| place[n].clone().expect("an id"));
            let switched = browser.post("/places", &[("practice", &at), ("id", &id)]).await;
            assert_eq!(switched.location(), "/home");
            let home = browser.get("/home").await;
            let ours = at == practice.id.to_string().replace('-', "");
            assert_eq!(home.status, if ours { 303 } else { 200 }, "{at}");
            assert_eq!(browser.get("/places").await.status, 200, "there is a way to the others");
        }
    }

    async fn an_admin_leaves_the_owners_alone(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let admin = t.member(&practice, Role::Admin, "admin@calm.example").await;
        t.member(&practice, Role::Provider, "pro@calm.example").await;
        let mut owner = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let roles = |browser: Browser| async move {
            let mut browser = browser;
            browser.get("/api/v1/practice").await.json()["second_factor_roles"].to_string()
        };
        assert_eq!(roles(owner.copy()).await, "[]");
        let mut program = t.browser().bearer(&t.token(&practice, admin).await);
        let body = json!({"second_factor_roles": ["owner"]});
        assert_eq!(program.json("PATCH", "/api/v1/practice", &body).await.status, 403);
        let body = json!({"second_factor_roles": ["provider", "support"]});
        assert_eq!(program.json("PATCH", "/api/v1/practice", &body).await.status, 200);
        let unknown = json!({"second_factor_roles": ["emperor"]});
        assert_eq!(program.json("PATCH", "/api/v1/practice", &unknown).await.status, 422);
        let mut page = t.signed_in("admin@calm.example").await;
        assert!(!page.get("/settings/security").await.text.contains("name=\"owner\""));
        require(&mut page, &["owner", "support"]).await;
        assert_eq!(roles(owner.copy()).await, "[\"support\"]");
        let same = json!({"name": "Calm Harbour"});
        assert_eq!(owner.json("PATCH", "/api/v1/practice", &same).await.status, 200);
        assert_eq!(roles(owner.copy()).await, "[\"support\"]", "what is left out stays");
        let mut provider = t.signed_in("pro@calm.example").await;
        let refused = provider.post("/settings/security/two-step", &[]).await;
        assert_eq!(refused.status, 403);
    }
}
