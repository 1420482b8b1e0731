//! Every page of somebody who is signed in: kept by nobody, running no script but ours, asking no other host.

use testkit::{PASSWORD, both_engines, json};

/// Everything that a page's HTML points to.
pub fn addresses(html: &str) -> Vec<String> {
    let names =
        [" href=\"", " src=\"", " action=\"", " hx-get=\"", " hx-post=\"", " srcset=\"", " poster=\"", " data=\""];
    let mut all = Vec::new();
    for name in names {
        for rest in html.split(name).skip(1) {
            let address = rest.split('"').next().unwrap_or_default();
            if !address.is_empty() && !address.starts_with('#') {
                all.push(address.replace("&#38;", "&"));
            }
        }
    }
    all
}

/// What is wrong with a page, if anything: script that is not a file of ours, another host.
pub fn faults(html: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for rest in html.split("<script").skip(1) {
        let (tag, body) = rest.split_once('>').expect("a whole tag");
        if !tag.contains(" src=\"/assets/") || !body.starts_with("</script>") {
            faults.push(format!("inline script: <script{tag}>"));
        }
    }
    for address in addresses(html) {
        if !address.starts_with('/') || address.starts_with("//") {
            faults.push(format!("another host: {address}"));
        }
    }
    // Names of attributes only: texts and values may hold anything.
    for tag in html.split('<').skip(1).filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag)) {
        let unquoted: String = tag.split('"').step_by(2).collect::<Vec<_>>().join("\"\"");
        if unquoted.split_whitespace().any(|part| part.starts_with("on") && part.contains('=')) {
            faults.push(format!("inline handler: <{tag}>"));
        }
    }
    faults
}

/// One part of a content security policy.
pub fn directive(policy: &str, name: &str) -> String {
    let found = policy.split(';').map(str::trim).find(|part| part.split(' ').next() == Some(name));
    found.unwrap_or_else(|| panic!("no {name} in {policy}")).to_string()
}

both_engines! {
    async fn r64_signed_in_pages_are_stored_nowhere_and_run_nothing_foreign(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, portal) = t.client_in_portal(&practice, "ana@example.org").await;
        t.client(&practice, json!({"email": "bea@example.org", "send_invitation": true})).await;
        let owner = t.signed_in(&practice.owner_email).await;
        let reading: Vec<_> =
            testkit::ruh::routes::list(&t.app).into_iter().filter(|route| route.method == "GET").collect();
        // Streams end at once, as they do with the server.
        t.app.bus.stop();
        let (mut pages, mut walked) = (0, Vec::new());
        for route in &reading {
            let path = route.path.replace("{id}", &id).replace("{token}", "x").replace("{file}", "missing.js");
            for browser in [&owner, &portal] {
                let answer = browser.copy().get(&path).await;
                assert_eq!(answer.header("cache-control"), "no-store", "{path}");
                assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
                assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
                let policy = answer.header("content-security-policy");
                assert_eq!(directive(policy, "default-src"), "default-src 'none'", "{path}");
                assert_eq!(directive(policy, "script-src"), "script-src 'self'", "{path}");
                assert_eq!(directive(policy, "frame-ancestors"), "frame-ancestors 'none'", "{path}");
                assert_eq!(directive(policy, "base-uri"), "base-uri 'none'", "{path}");
                assert_eq!(directive(policy, "form-action"), "form-action 'self'", "{path}");
                assert!(
                    !policy.contains("http") && !policy.contains("unsafe-eval") && !policy.contains('*'),
                    "{policy}"
                );
                if answer.header("content-type").starts_with("text/html") {
                    assert_eq!(faults(&answer.text), Vec::<String>::new(), "{path}");
                    pages += 1;
                }
                if answer.status == 200 {
                    walked.push(path.clone());
                }
            }
        }
        for page in ["/home", "/clients", &format!("/clients/{id}"), "/settings/security", "/portal", "/portal/profile"]
        {
            assert!(walked.iter().any(|path| path == page), "{page} was not walked: {walked:?}");
        }
        assert!(pages >= 30, "{pages}");
    }

    async fn r64_after_signing_out_the_old_cookie_gets_nothing(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, mut portal) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let (before, portal_before) = (owner.copy(), portal.copy());
        for browser in [&mut owner, &mut portal] {
            let out = browser.post("/sign-out", &[]).await;
            assert_eq!(out.location(), "/sign-in?done=out");
            assert!(!browser.cookies.contains_key("ruh"));
        }
        for route in testkit::ruh::routes::list(&t.app) {
            use testkit::ruh::access::Access;
            if !matches!(route.access, Access::Account | Access::Session | Access::Staff(_) | Access::Portal(_)) {
                continue;
            }
            let path = route.path.replace("{id}", &id);
            for browser in [&before, &portal_before] {
                let answer = browser.copy().request(route.method.as_str(), &path, &[], axum::body::Body::empty()).await;
                assert_eq!(answer.status, 401, "{} {path}", route.method);
                for told in ["Marchetti", "ana@example.org", "Calm Harbour", "Olive"] {
                    assert!(!answer.text.contains(told), "{path} tells {told}");
                }
            }
        }
    }

    async fn r64_cookies_travel_as_the_public_address_says(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let fields = [("email", practice.owner_email.as_str()), ("password", PASSWORD)];
        let answer = t.browser().post("/sign-in", &fields).await;
        let cookies: Vec<&str> =
            answer.headers.get_all("set-cookie").iter().map(|v| v.to_str().expect("text")).collect();
        assert_eq!(cookies.len(), 2, "{cookies:?}");
        for cookie in cookies {
            for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(cookie.contains(attribute), "{cookie}");
            }
            assert!(!cookie.contains("Domain"), "{cookie}");
        }
    }
}

crate::each_engine! {
    async fn r64_under_https_cookies_travel_over_https_only(engine) {
        let t = testkit::TestApp::with(engine, |s| s.public_url = Some("https://care.example".into()));
        let practice = t.practice("Calm Harbour").await;
        let fields = [("email", practice.owner_email.as_str()), ("password", PASSWORD)];
        let answer = t.browser().with("x-forwarded-proto", "http").post("/sign-in", &fields).await;
        assert_eq!(answer.status, 303);
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("text");
            assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"), "{cookie}");
        }
        // Pages for developers, which show mail, are for somebody's own machine only.
        for path in ["/dev/mail", "/dev/components"] {
            assert_eq!(t.browser().get(path).await.status, 404, "{path}");
        }
    }
}
