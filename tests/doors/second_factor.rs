//! Two-step sign-in: setting it up, the code at the door, recovery codes, and everything that must not lead past it.

use std::time::Duration;

use ruh::access::Role;
use testkit::{Browser, PASSWORD, both_engines, unbase32};

use crate::capture::Log;
use crate::support::{OTHER, alive, before_the_code, codes_on, set_up_codes, signed_in_with};

const STEP: Duration = Duration::from_secs(30);

fn session(browser: &Browser) -> String {
    browser.cookies["ruh"].clone()
}

/// The same browser as it was with an earlier session.
fn with_session(browser: &Browser, token: &str) -> Browser {
    let mut browser = browser.copy();
    browser.cookies.insert("ruh".into(), token.into());
    browser
}

both_engines! {
    async fn r11_the_session_changes_at_every_step(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let mut elsewhere = t.signed_in(&practice.owner_email).await;
        let first = session(&owner);
        // The password again, before anything is set up.
        let begun = owner.post("/two-step/set-up", &[("password", PASSWORD)]).await;
        assert_eq!(begun.location(), "/two-step/confirm");
        let second = session(&owner);
        assert_ne!(first, second);
        assert!(!alive(&with_session(&owner, &first), "/home").await);
        // The first code.
        let app = testkit::Authenticator::of(&owner.get("/two-step/confirm").await);
        let done = owner.post("/two-step/confirm", &[("code", &app.code(&t))]).await;
        assert_eq!(done.status, 200, "{}", done.text);
        let third = session(&owner);
        assert_ne!(second, third);
        assert!(!alive(&with_session(&owner, &second), "/home").await);
        assert!(alive(&owner, "/home").await);
        // Who was signed in without a code elsewhere is out.
        assert_eq!(elsewhere.get("/home").await.status, 401);
        t.run_jobs().await;
        // A code at sign-in.
        t.advance(STEP);
        let mut anew = before_the_code(&t, &practice.owner_email).await;
        assert!(!anew.cookies.contains_key("ruh"), "no session before the code");
        let step = anew.cookies["ruh-step"].clone();
        let entered = anew.post("/sign-in/code", &[("code", &app.code(&t))]).await;
        assert_eq!((entered.status, entered.location()), (303, "/home"), "{}", entered.text);
        assert_ne!(session(&anew), step);
        assert!(!anew.cookies.contains_key("ruh-step"));
        // New codes and turning off are proof again, and make another session each.
        t.advance(STEP);
        let before = session(&anew);
        let fields = [("password", PASSWORD), ("code", &app.code(&t))];
        codes_on(&anew.post("/two-step/codes", &fields).await);
        assert_ne!(session(&anew), before);
        assert!(!alive(&with_session(&anew, &before), "/home").await);
        t.advance(STEP);
        let before = session(&anew);
        let fields = [("password", PASSWORD), ("code", &app.code(&t))];
        assert_eq!(anew.post("/two-step/off", &fields).await.status, 303);
        assert_ne!(session(&anew), before);
        assert!(!alive(&with_session(&anew, &before), "/home").await);
        t.run_jobs().await;
    }

    async fn r15_a_used_code_is_refused(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (app, _) = set_up_codes(&t, &mut t.signed_in(&practice.owner_email).await).await;
        let (older, now) = (app.code_at(t.app.now().0 - 30_000_000), app.code(&t));
        let later = app.code_at(t.app.now().0 + 30_000_000);
        // The code that turned it on is still within the window, and used up.
        let mut browser = before_the_code(&t, &practice.owner_email).await;
        let refused = browser.post("/sign-in/code", &[("code", &older)]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains("id=\"code-error\""), "the message stands beside the field");
        assert_eq!(browser.post("/sign-in/code", &[("code", &later)]).await.status, 303, "one step ahead");
        // Neither that one nor one before it.
        for used in [&later, &now] {
            let mut browser = before_the_code(&t, &practice.owner_email).await;
            assert_eq!(browser.post("/sign-in/code", &[("code", used)]).await.status, 422);
        }
        t.advance(STEP * 2);
        let mut browser = before_the_code(&t, &practice.owner_email).await;
        let code = app.code(&t);
        let spaced = format!(" {} {} ", &code[..3], &code[3..]);
        assert_eq!(browser.post("/sign-in/code", &[("code", &spaced)]).await.status, 303);
    }

    async fn r15_of_two_with_one_code_one_gets_in(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (app, recovery) = set_up_codes(&t, &mut t.signed_in(&practice.owner_email).await).await;
        for code in [app.code(&t), recovery[0].clone()] {
            let mut browsers = Vec::new();
            for _ in 0..6 {
                browsers.push(before_the_code(&t, &practice.owner_email).await);
            }
            let tries = browsers.into_iter().map(|mut browser| {
                let code = code.clone();
                tokio::spawn(async move { browser.post("/sign-in/code", &[("code", &code)]).await.status })
            });
            let mut statuses = Vec::new();
            for one in tries.collect::<Vec<_>>() {
                statuses.push(one.await.expect("a try"));
            }
            statuses.sort_unstable();
            assert_eq!(statuses, [303, 422, 422, 422, 422, 422], "{code}");
        }
        t.run_jobs().await;
    }

    async fn r15_a_password_reset_keeps_the_second_factor(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (app, _) = set_up_codes(&t, &mut t.signed_in(&practice.owner_email).await).await;
        // Somebody has got as far as the code with the old password.
        let mut halfway = before_the_code(&t, &practice.owner_email).await;
        t.browser().post("/forgot", &[("email", &practice.owner_email)]).await;
        t.run_jobs().await;
        let mut browser = t.browser();
        browser.open_link(&t.mail_to(&practice.owner_email).link()).await;
        let reset = browser.post("/reset", &[("password", OTHER)]).await;
        assert_eq!((reset.status, reset.location()), (303, "/sign-in?done=reset"));
        assert!(!browser.cookies.contains_key("ruh"));
        let asked = browser.post("/sign-in", &[("email", &practice.owner_email), ("password", OTHER)]).await;
        assert_eq!(asked.location(), "/sign-in/code");
        assert_eq!(browser.get("/home").await.status, 401);
        let gone = halfway.post("/sign-in/code", &[("code", &app.code(&t))]).await;
        assert_eq!(gone.location(), "/sign-in?done=code", "the old password is worth nothing");
        let entered = browser.post("/sign-in/code", &[("code", &app.code(&t))]).await;
        assert_eq!(entered.location(), "/home", "the code was not used up by it");
    }

    async fn a_recovery_code_signs_in_once(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let (app, codes) = set_up_codes(&t, &mut owner).await;
        assert!(t.mail_to(&practice.owner_email).subject.contains("is on"));
        let mut browser = before_the_code(&t, &practice.owner_email).await;
        let page = browser.get("/sign-in/code?with=recovery").await;
        assert!(page.text.contains("Recovery code"), "{}", page.text);
        let typed = codes[3].to_uppercase().replace('-', " ");
        assert_eq!(browser.post("/sign-in/code", &[("code", &typed)]).await.status, 303);
        t.run_jobs().await;
        assert_eq!(t.mail_to(&practice.owner_email).subject, "A recovery code was used");
        assert!(browser.get("/settings/security").await.text.contains("9 codes left"));
        let mut again = before_the_code(&t, &practice.owner_email).await;
        assert_eq!(again.post("/sign-in/code", &[("code", &codes[3])]).await.status, 422);
        // New ones end the old ones, and need the password and a code.
        let refused = browser.post("/two-step/codes", &[("password", "wrong"), ("code", &app.code(&t))]).await;
        assert_eq!(refused.status, 422);
        let refused = browser.post("/two-step/codes", &[("password", PASSWORD), ("code", "123")]).await;
        assert_eq!(refused.status, 422);
        let fields = [("password", PASSWORD), ("code", &app.code(&t))];
        let new = codes_on(&browser.post("/two-step/codes", &fields).await);
        t.run_jobs().await;
        assert_eq!(t.mail_to(&practice.owner_email).subject, "New recovery codes");
        assert_eq!(again.post("/sign-in/code", &[("code", &codes[4])]).await.status, 422);
        assert_eq!(again.post("/sign-in/code", &[("code", &new[4])]).await.status, 303);
        t.run_jobs().await;
        // Turning it off needs both, too.
        let refused = browser.post("/two-step/off", &[("password", PASSWORD), ("code", "")]).await;
        assert_eq!(refused.status, 422);
        let off = browser.post("/two-step/off", &[("password", PASSWORD), ("code", &new[5])]).await;
        assert_eq!((off.status, off.location()), (303, "/settings/security"), "{}", off.text);
        t.run_jobs().await;
        assert!(t.mails().iter().any(|mail| mail.subject == "Two-step sign-in is off"));
        signed_in_with(&t, &practice.owner_email, PASSWORD).await;
    }

    async fn a_sign_in_that_waits_for_its_code_opens_nothing(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let (app, _) = set_up_codes(&t, &mut owner).await;
        let waiting = before_the_code(&t, &practice.owner_email).await;
        for route in ruh::routes::list(&t.app) {
            let needs_session = route.access != ruh::access::Access::Public
                && !matches!(route.access, ruh::access::Access::Local | ruh::access::Access::Metrics);
            if route.method == "GET" && needs_session && !route.path.contains('{') {
                let mut as_session = waiting.copy();
                as_session.cookies.insert("ruh".into(), waiting.cookies["ruh-step"].clone());
                assert_eq!(as_session.get(route.path).await.status, 401, "{}", route.path);
            }
        }
        // Ten minutes, and no more.
        t.advance(Duration::from_secs(601));
        let late = waiting.copy().post("/sign-in/code", &[("code", &app.code(&t))]).await;
        assert_eq!(late.location(), "/sign-in?done=code");
        // Where somebody wanted to go they go, and a form goes on with them.
        let mut browser = t.browser();
        let fields = [("email", practice.owner_email.as_str()), ("password", PASSWORD), ("next", "/settings/members")];
        browser.post("/sign-in", &fields).await;
        let entered = browser.post("/sign-in/code", &[("code", &app.code(&t))]).await;
        assert_eq!(entered.location(), "/settings/members");
        t.advance(STEP);
        let mut browser = t.browser();
        let resume = [("resume_path", "/clients"), ("resume_body", "first_name=Ana")];
        let sign_in = [("email", practice.owner_email.as_str()), ("password", PASSWORD), resume[0], resume[1]];
        let asked = browser.post("/sign-in", &sign_in).await;
        assert_eq!(asked.status, 200);
        assert!(asked.text.contains("name=\"code\"") && asked.text.contains("first_name=Ana"));
        let code = app.code(&t);
        let entered = browser.post("/sign-in/code", &[("code", code.as_str()), resume[0], resume[1]]).await;
        assert_eq!(entered.status, 200);
        assert!(entered.text.contains("action=\"/clients\"") && entered.text.contains("Ana"), "{}", entered.text);
    }

    async fn a_wrong_password_looks_the_same_with_and_without_it(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        t.member(&practice, Role::Admin, "another@calmharbour.example").await;
        set_up_codes(&t, &mut t.signed_in(&practice.owner_email).await).await;
        let mut seen = Vec::new();
        for email in [practice.owner_email.as_str(), "another@calmharbour.example", "nobody@calmharbour.example"] {
            let answer = t.browser().post("/sign-in", &[("email", email), ("password", "wrong")]).await;
            let cookies = answer.headers.get_all("set-cookie").iter().count();
            seen.push((answer.status, answer.text.replace(email, "-"), cookies));
        }
        assert_eq!(seen[0], seen[1]);
        assert_eq!(seen[0], seen[2]);
    }

    async fn an_invitation_by_a_known_account_asks_for_the_code(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let other = t.practice("Other Shore").await;
        let (_, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let (app, _) = set_up_codes(&t, &mut ana).await;
        t.client(&other, testkit::json!({"email": "ana@example.org", "send_invitation": true})).await;
        t.send_mail().await;
        let mut browser = t.browser();
        browser.open_link(&t.mail_to("ana@example.org").link()).await;
        let accepted = browser.post("/invitation", &[("password", PASSWORD)]).await;
        assert_eq!((accepted.status, accepted.location()), (303, "/sign-in/code"), "{}", accepted.text);
        assert_eq!(browser.get("/portal").await.status, 401);
        t.advance(STEP);
        let entered = browser.post("/sign-in/code", &[("code", &app.code(&t))]).await;
        assert_eq!(entered.location(), "/portal");
        // From place to place the code is not asked again: it was given for the session.
        let place = t.raw.rows("select practice_id, id from portal_access order by created_at limit 1")[0].clone();
        let [practice, id] = [0, 1].map(|n| place[n].clone().expect("an id"));
        let switched = browser.post("/places", &[("practice", &practice), ("id", &id)]).await;
        assert_eq!(switched.location(), "/portal");
    }

    async fn after_idling_the_password_is_enough_where_a_code_was_given(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let (app, _) = set_up_codes(&t, &mut owner).await;
        t.advance_minutes(16);
        assert_eq!(owner.get("/home").await.status, 401);
        let idled = owner.copy();
        let renewed = owner.post("/session/renew", &[("password", PASSWORD)]).await;
        assert_eq!(renewed.status, 200, "{}", renewed.text);
        assert!(alive(&owner, "/home").await);
        // Once: the session that had idled is spent.
        let again = idled.copy().post("/session/renew", &[("password", PASSWORD)]).await;
        assert_eq!((again.status, again.json()["code"].as_bool()), (422, Some(true)), "{}", again.text);
        let code = app.code(&t);
        let again = idled.copy().post("/session/renew", &[("password", PASSWORD), ("code", &code)]).await;
        assert_eq!(again.status, 200, "{}", again.text);
        // Not after half a day, not after signing out, and not after the others were ended.
        t.advance(Duration::from_secs(13 * 3600));
        owner.get("/home").await;
        let late = owner.copy().post("/session/renew", &[("password", PASSWORD)]).await;
        assert_eq!(late.json()["code"].as_bool(), Some(true), "{}", late.text);
        let renewed = owner.post("/session/renew", &[("password", PASSWORD), ("code", &app.code(&t))]).await;
        assert_eq!(renewed.status, 200);
        let signed_out = owner.copy();
        owner.post("/sign-out", &[]).await;
        let refused = signed_out.copy().post("/session/renew", &[("password", PASSWORD)]).await;
        assert_eq!(refused.json()["code"].as_bool(), Some(true));
        assert_eq!(signed_out.copy().post("/session/renew", &[("password", "wrong")]).await.json()["code"], testkit::Json::Null);
    }

    async fn r15_a_session_that_idled_does_not_outlive_a_reset(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        set_up_codes(&t, &mut owner).await;
        t.advance_minutes(16);
        owner.get("/home").await;
        t.browser().post("/forgot", &[("email", &practice.owner_email)]).await;
        t.run_jobs().await;
        let mut browser = t.browser();
        browser.open_link(&t.mail_to(&practice.owner_email).link()).await;
        browser.post("/reset", &[("password", OTHER)]).await;
        let refused = owner.post("/session/renew", &[("password", OTHER)]).await;
        assert_eq!((refused.status, refused.json()["code"].as_bool()), (422, Some(true)), "{}", refused.text);
    }

    async fn setting_up_is_for_this_session_and_needs_the_password(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        assert_eq!(owner.get("/two-step/confirm").await.location(), "/two-step/set-up");
        let refused = owner.post("/two-step/set-up", &[("password", "wrong")]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains("id=\"password-error\""));
        owner.post("/two-step/set-up", &[("password", PASSWORD)]).await;
        let app = testkit::Authenticator::of(&owner.get("/two-step/confirm").await);
        // Another window of the same person does not see the secret, and cannot finish.
        let mut other = t.signed_in(&practice.owner_email).await;
        assert_eq!(other.get("/two-step/confirm").await.location(), "/two-step/set-up");
        let foreign = other.post("/two-step/confirm", &[("code", &app.code(&t))]).await;
        assert_eq!(foreign.location(), "/two-step/set-up");
        let wrong = owner.post("/two-step/confirm", &[("code", "000000")]).await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.text.contains(&app.secret), "the same secret still");
        // Nothing is asked for before it is on; a quarter of an hour is enough.
        signed_in_with(&t, &practice.owner_email, PASSWORD).await;
        t.advance_minutes(14);
        owner.get("/home").await;
        t.advance_minutes(2);
        assert_eq!(owner.post("/two-step/confirm", &[("code", &app.code(&t))]).await.location(), "/two-step/set-up");
    }

    async fn codes_go_on_after_the_key_was_changed(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (app, recovery) = set_up_codes(&t, &mut t.signed_in(&practice.owner_email).await).await;
        let sealed = || t.raw.rows("select secret_sealed from second_factors")[0][0].clone();
        let before = sealed();
        t.app.secrets.rotate().expect("another key");
        assert_eq!(ruh::keys::reseal(&t.app).await.expect("sealed anew"), 1);
        assert_ne!(sealed(), before);
        for code in [app.code(&t), recovery[0].clone()] {
            let mut browser = before_the_code(&t, &practice.owner_email).await;
            assert_eq!(browser.post("/sign-in/code", &[("code", &code)]).await.status, 303, "{code}");
        }
        t.run_jobs().await;
    }

    async fn r62_neither_database_nor_log_holds_a_secret(t: TestApp) {
        let log = Log::everything();
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let (app, codes) = set_up_codes(&t, &mut owner).await;
        let mut browser = before_the_code(&t, &practice.owner_email).await;
        let code = app.code(&t);
        assert_eq!(browser.post("/sign-in/code", &[("code", &code)]).await.status, 303);
        let mut browser = before_the_code(&t, &practice.owner_email).await;
        let step = browser.cookies["ruh-step"].clone();
        assert_eq!(browser.post("/sign-in/code", &[("code", &codes[0])]).await.status, 303);
        t.run_jobs().await;
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let secret = unbase32(&app.secret);
        let mut kept = String::new();
        for table in ["second_factors", "recovery_codes", "pending_sign_ins", "sessions", "audit_entries", "jobs"] {
            kept.push_str(&format!("{:?}", t.raw.rows(&format!("select * from {table}"))));
        }
        let bare: Vec<String> = codes.iter().map(|code| code.replace('-', "")).collect();
        let texts = [app.secret.clone(), step].into_iter().chain(codes).chain(bare);
        let log = log.text();
        assert!(log.contains("/sign-in/code"));
        for text in texts {
            assert!(!kept.contains(&text) && !kept.contains(&hex(text.as_bytes())), "{text} is in the database");
            assert!(!log.contains(&text), "{text} is in the log");
        }
        assert!(!kept.contains(&hex(&secret)));
        assert!(!log.contains(&format!("code={code}")));
        for mail in t.mails() {
            assert!(!mail.raw.contains(&app.secret) && !mail.text.contains("Calm Harbour"), "{}", mail.text);
        }
    }
}
