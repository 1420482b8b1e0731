//! What other sites, proxies and made-up addresses can do: nothing.

use axum::body::Body;
use testkit::{PASSWORD, both_engines, json};

use crate::support::{invited, mails_to};

const HOSTILE: [(&str, &str); 8] = [
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-server", "evil.example"),
    ("x-forwarded-for", "6.6.6.6"),
    ("x-original-url", "/evil"),
    ("forwarded", "for=6.6.6.6;host=evil.example;proto=https"),
    ("x-host", "evil.example"),
    ("referer", "http://evil.example/"),
];

both_engines! {
    async fn r8_hostile_headers_never_reach_a_link_or_a_redirect(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        t.client_in_portal(&practice, "ana@example.org").await;
        let hostile = |browser: testkit::Browser| {
            HOSTILE.iter().fold(browser, |browser, (name, value)| browser.with(name, value))
        };
        let mut stranger = hostile(t.browser()).with("host", "evil.example");
        let mut answers = vec![
            stranger.post("/forgot", &[("email", "ana@example.org")]).await,
            stranger.get("http://evil.example/").await,
            stranger.get("/clients").await,
            stranger.get("/nothing-here").await,
        ];
        let fields = [("email", practice.owner_email.as_str()), ("password", PASSWORD)];
        let mut owner = hostile(t.browser()).with("host", "evil.example");
        answers.push(owner.post("/sign-in", &fields).await);
        let client =
            [("first_name", "Bea"), ("last_name", "B"), ("email", "bea@example.org"), ("send_invitation", "true")];
        answers.push(owner.post("/clients", &client).await);
        answers.push(owner.get("/clients").await);
        answers.push(owner.post("/sign-out", &[]).await);
        t.send_mail().await;
        let link = t.mail_to("bea@example.org").link();
        answers.push(stranger.get(&crate::support::path(&link)).await);
        for answer in &answers {
            let whole = format!("{:?} {}", answer.headers, answer.text);
            assert!(!whole.contains("evil") && !whole.contains("6.6.6.6"), "{whole}");
            assert!(answer.location().is_empty() || answer.location().starts_with('/'), "{}", answer.location());
        }
        assert!(answers.iter().filter(|answer| !answer.location().is_empty()).count() >= 4);
        assert_eq!(t.mails().len(), 3);
        for mail in t.mails() {
            assert!(mail.link().starts_with("http://localhost:8080/"));
            assert!(!mail.raw.contains("evil.example"));
        }
    }

    async fn r34_next_stays_on_our_origin(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let bad = [
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "http:evil.example",
            "/\t/evil.example",
            "/\r\nLocation: //evil.example",
            "evil.example",
            "///evil.example",
            " //evil.example",
            "/%0d%0aLocation:%20evil",
            "javascript:alert(1)",
            "/sign-out",
            "/sign-in?next=//evil.example",
            "/\u{2028}x",
            "@evil.example",
        ];
        for next in bad {
            let shown = t
                .browser()
                .get(&format!("/sign-in?{}", serde_urlencoded::to_string([("next", next)]).expect("a query")))
                .await;
            let sent = [("email", practice.owner_email.as_str()), ("password", PASSWORD), ("next", next)];
            let answer = t.browser().post("/sign-in", &sent).await;
            assert_eq!(answer.status, 303);
            if next.starts_with("/%0d") {
                // Encoded, it is an address of ours that does not exist.
                assert_eq!(answer.location(), next);
                continue;
            }
            assert_eq!(answer.location(), "/home", "{next:?}");
            assert!(!shown.text.contains("name=\"next\""), "{next:?}: {}", shown.text);
            // The form that is carried over a sign-in stays here too.
            let resume = [
                ("email", practice.owner_email.as_str()),
                ("password", PASSWORD),
                ("resume_path", next),
                ("resume_body", "a=b"),
            ];
            let answer = t.browser().post("/sign-in", &resume).await;
            assert_eq!((answer.status, answer.location()), (303, "/home"), "{next:?}");
        }
        let sent =
            [("email", practice.owner_email.as_str()), ("password", PASSWORD), ("next", "/clients?search=a%20b")];
        assert_eq!(t.browser().post("/sign-in", &sent).await.location(), "/clients?search=a%20b", "counter-case");
    }

    async fn csrf_a_post_from_another_site_is_refused_on_every_route(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (client, mut portal) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let writing: Vec<_> =
            testkit::ruh::routes::list(&t.app).into_iter().filter(|route| route.method != "GET").collect();
        assert!(writing.len() >= 20, "{}", writing.len());
        let before = crate::support::everything(&t);
        let foreign: [&[(&str, &str)]; 4] = [
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site"), ("origin", "http://other.localhost:8080")],
            &[("origin", "http://evil.example")],
            &[("origin", "null")],
        ];
        for route in &writing {
            let path = route.path.replace("{id}", &client).replace("{token}", "x");
            for headers in foreign {
                for browser in [&mut owner, &mut portal] {
                    let kind = ("content-type", "application/x-www-form-urlencoded");
                    let headers: Vec<_> = headers.iter().copied().chain([kind]).collect();
                    let answer =
                        browser.request(route.method.as_str(), &path, &headers, Body::from("password=x")).await;
                    assert_eq!(answer.status, 403, "{} {path} {headers:?}: {}", route.method, answer.text);
                }
            }
        }
        assert_eq!(crate::support::everything(&t), before, "nothing was written");
        // Counter-case: our own pages, and programs that send no such headers.
        for headers in [vec![("sec-fetch-site", "same-origin")], vec![("origin", "http://localhost:8080")], vec![]] {
            let kind = ("content-type", "application/x-www-form-urlencoded");
            let headers: Vec<_> = headers.into_iter().chain([kind]).collect();
            let fields = format!("email={}&password=wrong", practice.owner_email.replace('@', "%40"));
            let answer = t.browser().request("POST", "/sign-in", &headers, Body::from(fields)).await;
            assert_eq!(answer.status, 422, "{headers:?}");
        }
        // Reading needs none of it: a link in a mail comes from another site.
        let (_, link) = invited(&t, &practice, "bea@example.org").await;
        let opened = t.browser().with("sec-fetch-site", "cross-site").get(&crate::support::path(&link)).await;
        assert_eq!(opened.status, 303);
        assert_eq!(mails_to(&t, "bea@example.org").len(), 1);
    }

    async fn csrf_json_is_not_taken_as_a_form_nor_a_form_as_json(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let body = json!({"first_name": "Ana", "last_name": "M"}).to_string();
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
            let answer = owner.raw("POST", "/api/v1/clients", kind, &body).await;
            assert!((400..500).contains(&answer.status), "{kind}: {}", answer.status);
        }
        let answer = owner.raw("POST", "/clients", "text/plain", "first_name=Ana&last_name=M").await;
        assert!((400..500).contains(&answer.status), "{}", answer.status);
        assert_eq!(t.raw.count("select count(*) from clients"), 0);
    }
}
