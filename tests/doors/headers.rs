//! R64: what every answer says to the browser about itself, whatever kind of answer it is: page, file, JSON, redirect,
//! refusal, and what nobody knows.

use std::collections::BTreeSet;

use testkit::{Answer, Browser, TestApp, json};

use crate::pages::directive;

/// One answer of each kind, by what it is.
async fn each_kind(t: &TestApp) -> Vec<(&'static str, u16, Answer)> {
    let practice = t.practice("Calm Harbour").await;
    let token = t.token(&practice, practice.owner).await;
    let mut owner = t.signed_in(&practice.owner_email).await;
    let (mut anybody, mut program) = (t.browser(), t.browser().bearer(&token));
    let sign_in = anybody.get("/sign-in").await;
    let asset = sign_in.text.split('"').find(|word| word.starts_with("/assets/") && word.ends_with(".js"));
    let asset = asset.expect("a script of ours (make web)").to_string();
    let client = json!({"first_name": "Ana", "last_name": "Marchetti"});
    let from_elsewhere: Browser = owner.copy().with("sec-fetch-site", "cross-site");
    vec![
        ("a page", 200, owner.get("/clients").await),
        ("a page for anybody", 200, sign_in),
        ("a file of ours", 200, anybody.get(&asset).await),
        ("no file of ours", 404, anybody.get("/assets/missing.js").await),
        ("an export", 200, owner.get("/clients/export").await),
        ("JSON", 200, program.get("/api/v1/clients").await),
        ("a new record", 201, program.json("POST", "/api/v1/clients", &client).await),
        ("a problem in JSON", 422, program.json("POST", "/api/v1/clients", &json!({})).await),
        ("a redirect", 303, anybody.get("/").await),
        ("a link", 303, anybody.get("/invitation/nothing").await),
        ("nobody signed in", 401, anybody.get("/clients").await),
        ("nothing there", 404, owner.get("/nothing/at/all").await),
        ("another method", 405, owner.request("DELETE", "/sign-in", &[], axum::body::Body::empty()).await),
        ("another site's form", 403, from_elsewhere.copy().post("/sign-out", &[]).await),
        ("the wrong kind of body", 415, program.raw("POST", "/api/v1/clients", "text/xml", "<a/>").await),
        ("health", 200, anybody.get("/healthz").await),
        ("HEAD", 200, anybody.head("/sign-in").await),
    ]
}

crate::each_engine! {
    async fn r64_every_kind_of_answer_says_what_browsers_may_do_with_it(engine) {
        let t = TestApp::new(engine);
        for (kind, status, answer) in each_kind(&t).await {
            assert_eq!(answer.status, status, "{kind}: {}", answer.text);
            let policy = answer.header("content-security-policy");
            assert_eq!(directive(policy, "default-src"), "default-src 'none'", "{kind}");
            assert_eq!(directive(policy, "script-src"), "script-src 'self'", "{kind}");
            assert_eq!(directive(policy, "style-src"), "style-src 'self'", "{kind}");
            assert_eq!(directive(policy, "object-src"), "object-src 'none'", "{kind}");
            assert_eq!(directive(policy, "frame-ancestors"), "frame-ancestors 'none'", "{kind}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{kind}");
            assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{kind}");
            assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{kind}");
            let referrer = if kind == "a link" { "no-referrer" } else { "same-origin" };
            assert_eq!(answer.header("referrer-policy"), referrer, "{kind}");
            let refused: BTreeSet<&str> = answer.header("permissions-policy").split(", ").collect();
            for feature in ["camera=()", "microphone=()", "geolocation=()", "display-capture=()", "usb=()", "payment=()"] {
                assert!(refused.contains(feature), "{kind}: {feature}");
            }
            // Only files of ours, whose names change with their content, are kept; and no other origin may read anything.
            let kept = if kind == "a file of ours" { "public, max-age=31536000, immutable" } else { "no-store" };
            assert_eq!(answer.header("cache-control"), kept, "{kind}");
            for absent in ["access-control-allow-origin", "strict-transport-security", "server", "x-powered-by"] {
                assert!(!answer.headers.contains_key(absent), "{kind}: {absent}");
            }
            // What has a body says what it is, so that no browser guesses.
            if !answer.text.is_empty() {
                assert!(answer.header("content-type").contains('/'), "{kind}: {:?}", answer.headers);
            }
        }
    }

    async fn r64_under_https_every_kind_of_answer_keeps_browsers_to_https(engine) {
        let t = TestApp::with(engine, |s| s.public_url = Some("https://care.example".into()));
        for (kind, status, answer) in each_kind(&t).await {
            assert_eq!(answer.status, status, "{kind}: {}", answer.text);
            let said = answer.header("strict-transport-security");
            let parts: Vec<&str> = said.split("; ").collect();
            let seconds = parts[0].strip_prefix("max-age=").and_then(|n| n.parse::<u32>().ok());
            assert!(seconds >= Some(31_536_000), "{kind}: {said:?}");
            assert!(parts.contains(&"includeSubDomains"), "{kind}: {said:?}");
        }
    }
}
