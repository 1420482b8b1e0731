//! Sessions: a new token whenever somebody proves who they are, an end after idle time, and a list to end them from.

use testkit::{Browser, PASSWORD, TestApp, both_engines, json};

use crate::support::{alive, note_of, signed_in_with};

fn session(browser: &Browser) -> String {
    browser.cookies["ruh"].clone()
}

/// A browser with nothing but a session's token.
fn holding(t: &TestApp, token: &str) -> Browser {
    let mut browser = t.browser();
    browser.cookies.insert("ruh".into(), token.to_string());
    browser
}

fn ids_in(page: &str) -> Vec<String> {
    let parts = page.split("action=\"/sessions/").skip(1);
    parts
        .filter_map(|rest| rest.split_once("/end\"").map(|(id, _)| id.to_string()))
        .filter(|id| id.len() == 36)
        .collect()
}

both_engines! {
    async fn r11_the_session_changes_at_sign_in_renewal_and_choosing_a_place(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let fields = [("email", practice.owner_email.as_str()), ("password", PASSWORD)];
        // A token planted before the sign-in is not taken over.
        let mut browser = holding(&t, "planted");
        browser.post("/sign-in", &fields).await;
        let first = session(&browser);
        assert_ne!(first, "planted");
        // Signing in again.
        browser.post("/sign-in", &fields).await;
        let second = session(&browser);
        assert_ne!(first, second);
        assert!(!alive(&holding(&t, &first), "/home").await, "the one before is dead");
        // Proving oneself again over a page.
        let renewed = browser.post("/session/renew", &[("password", PASSWORD)]).await;
        assert_eq!((renewed.status, &renewed.json()["ok"]), (200, &json!(true)));
        let third = session(&browser);
        assert_ne!(second, third);
        assert!(!alive(&holding(&t, &second), "/home").await);
        assert!(alive(&browser, "/home").await);
        // A wrong password changes nothing.
        assert_eq!(browser.post("/session/renew", &[("password", "wrong")]).await.status, 422);
        assert_eq!(session(&browser), third);
        assert!(alive(&browser, "/home").await);
        // Signing out.
        browser.post("/sign-out", &[]).await;
        assert!(!alive(&holding(&t, &third), "/home").await);
    }

    async fn r11_choosing_a_place_is_a_new_session(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let elsewhere = t.practice("Elsewhere").await;
        t.client_in_portal(&practice, "ana@example.org").await;
        let (_, link) = crate::support::invited(&t, &elsewhere, "ana@example.org").await;
        crate::support::accept(&t, &link, PASSWORD).await;
        let mut ana = t.signed_in("ana@example.org").await;
        let mut seen = vec![session(&ana)];
        let places = t.raw.rows("select practice_id, id from portal_access order by id");
        assert_eq!(places.len(), 2);
        for place in &places {
            let (practice, id) = (place[0].clone().expect("an id"), place[1].clone().expect("an id"));
            let chosen = ana.post("/places", &[("practice", &practice), ("id", &id)]).await;
            assert_eq!((chosen.status, chosen.location()), (303, "/portal"), "{}", chosen.text);
            let now = session(&ana);
            assert!(!seen.contains(&now));
            for old in &seen {
                assert!(!alive(&holding(&t, old), "/places").await, "every one before is dead");
            }
            seen.push(now);
        }
        // A place of somebody else does not exist.
        let foreign = t.raw.rows("select practice_id, id from members limit 1").remove(0);
        let fields = [foreign[0].clone().expect("an id"), foreign[1].clone().expect("an id")];
        assert_eq!(ana.post("/places", &[("practice", &fields[0]), ("id", &fields[1])]).await.status, 404);
    }

    async fn a2_a_second_place_offers_switch_in_every_window(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let elsewhere = t.practice("Elsewhere").await;
        let (_, mut first) = t.client_in_portal(&practice, "ana@example.org").await;
        let switch = "href=\"/places\"";
        let alone = first.get("/portal").await.text;
        assert!(!alone.contains(switch) && !alone.contains("· Client Portal"), "{alone}");
        let (_, link) = crate::support::invited(&t, &elsewhere, "ana@example.org").await;
        assert!(!first.get("/portal").await.text.contains(switch), "not before she accepts");
        crate::support::accept(&t, &link, PASSWORD).await;
        let page = first.get("/portal").await.text;
        assert!(page.contains(switch) && page.contains("· Client Portal"), "{page}");
        assert!(!page.contains("Elsewhere"), "no word of the other practice: {page}");
        let chooser = first.get("/places").await.text;
        assert_eq!(chooser.matches("aria-current=\"true\"").count(), 1, "{chooser}");
    }

    async fn r14_idle_past_the_limit_is_over_for_everything(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let id = t.client(&practice, json!({})).await;
        let owner = t.signed_in(&practice.owner_email).await;
        let page = format!("/clients/{id}");
        t.advance_minutes(14);
        assert!(alive(&owner, &page).await, "a look that does not count, within the limit");
        t.advance_minutes(1);
        let asked: [(&str, String); 6] = [
            ("GET", page.clone()),
            ("GET", format!("{page}?edit=1&keep=1&token=x")),
            ("POST", page.clone()),
            ("POST", "/session/keep".into()),
            ("GET", format!("/clients/{id}/invitation")),
            ("GET", format!("/api/v1/clients/{id}")),
        ];
        for (method, path) in &asked {
            let fragment = path.ends_with("/invitation");
            let mut browser =
                owner.copy().with("x-requested-with", "XMLHttpRequest").with("x-forwarded-for", "127.0.0.1");
            if fragment {
                browser = browser.with("hx-request", "true");
            }
            let answer = browser.request(method, path, &[], axum::body::Body::empty()).await;
            assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text);
            assert!(!answer.text.contains("Marchetti"), "{path}");
        }
        // The clock going back wakes nothing up.
        t.turn_back(std::time::Duration::from_secs(10 * 60));
        assert!(!alive(&owner, &page).await);
        t.turn_back(std::time::Duration::from_secs(3600));
        assert!(!alive(&owner, &page).await);
    }

    async fn r14_a_poll_keeps_nobody_signed_in(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let id = t.client(&practice, json!({})).await;
        let owner = t.signed_in(&practice.owner_email).await;
        let poll = format!("/clients/{id}/invitation");
        let mut quiet = owner.copy().with("ruh-quiet", "1");
        // An open page asks again and again, and some of what it asks for is an ordinary address marked as quiet.
        for _ in 0..14 {
            t.advance_minutes(1);
            assert_eq!(owner.copy().get(&poll).await.status, 200);
            assert_eq!(quiet.get("/home").await.status, 200);
            assert_eq!(owner.copy().get("/healthz").await.status, 200);
        }
        t.advance_minutes(1);
        assert_eq!(owner.copy().get(&poll).await.status, 401);
        assert_eq!(quiet.get("/home").await.status, 401);
    }

    async fn r14_somebody_who_is_there_stays(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, mut client) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        for _ in 0..5 {
            t.advance_minutes(14);
            assert_eq!(owner.get("/home").await.status, 200);
            assert_eq!(client.get("/portal").await.status, 200);
        }
        // Clients have thirty minutes, staff fifteen.
        t.advance_minutes(29);
        assert!(alive(&client, "/portal").await && !alive(&owner, "/home").await);
        t.advance_minutes(1);
        assert!(!alive(&client, "/portal").await);
    }

    async fn r14_the_limit_is_a_setting(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, client) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        for wrong in ["0", "241", "-5", "ten", ""] {
            let fields = [("staff_idle_minutes", wrong), ("client_idle_minutes", "30")];
            assert_eq!(owner.post("/settings/security/practice", &fields).await.status, 422, "{wrong}");
        }
        let fields = [("staff_idle_minutes", "5"), ("client_idle_minutes", "60")];
        assert_eq!(owner.post("/settings/security/practice", &fields).await.status, 303);
        t.advance_minutes(5);
        assert!(!alive(&owner, "/home").await, "it holds for sessions that are open already");
        t.advance_minutes(54);
        assert!(alive(&client, "/portal").await);
        t.advance_minutes(1);
        assert!(!alive(&client, "/portal").await);
    }

    async fn r14_the_chooser_is_not_for_ever(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        t.client_in_portal(&practice, "ana@example.org").await;
        let (_, link) = crate::support::invited(&t, &t.practice("Elsewhere").await, "ana@example.org").await;
        crate::support::accept(&t, &link, PASSWORD).await;
        let ana = t.signed_in("ana@example.org").await;
        assert!(alive(&ana, "/places").await);
        t.advance_minutes(15);
        assert!(!alive(&ana, "/places").await);
    }

    async fn a4_sessions_are_seen_and_ended(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let fields = [("email", practice.owner_email.as_str()), ("password", PASSWORD)];
        let mut phone = t.browser().with("user-agent", "Mozilla/5.0 (iPhone) Safari/605");
        phone.post("/sign-in", &fields).await;
        let mut desk = t.browser().with("user-agent", "Mozilla/5.0 (Windows NT 10.0) Gecko Firefox/140.0");
        desk.post("/sign-in", &fields).await;
        let other = t.practice("Elsewhere").await;
        let theirs = t.signed_in(&other.owner_email).await;
        let page = desk.get("/settings/security").await.text;
        assert!(page.contains("Firefox on Windows") && page.contains("Safari on iPhone"), "{page}");
        assert!(page.contains("This device"));
        let listed = ids_in(&page);
        let on_phone =
            t.raw.rows("select id from sessions where device = 'Safari on iPhone'").remove(0).remove(0).expect("an id");
        let on_phone = listed.iter().find(|id| id.replace('-', "") == on_phone).expect("the phone is listed").clone();
        // Somebody else's session does not exist here, and ending it does not end it.
        let foreign = t
            .raw
            .rows("select id from sessions order by created_at desc, id desc limit 1")
            .remove(0)
            .remove(0)
            .expect("an id");
        assert_eq!(desk.post(&format!("/sessions/{foreign}/end"), &[]).await.status, 404);
        assert!(alive(&theirs, "/home").await);
        assert_eq!(desk.post(&format!("/sessions/{on_phone}/end"), &[]).await.status, 303);
        assert_eq!(phone.get("/home").await.status, 401, "with the next request");
        assert!(alive(&desk, "/home").await);
        // All others at once.
        phone.post("/sign-in", &fields).await;
        let third = t.signed_in(&practice.owner_email).await;
        assert_eq!(desk.post("/sessions/end-others", &[]).await.status, 303);
        assert!(!alive(&phone, "/home").await && !alive(&third, "/home").await && alive(&desk, "/home").await);
        assert!(alive(&theirs, "/home").await);
    }

    async fn a4_what_was_typed_is_carried_over_the_sign_in(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        t.advance_minutes(20);
        let note = "two lines\nand \"quotes\" & <tags>";
        let key = "0198b1f4-0000-7000-8000-000000000001";
        let fields = [
            ("first_name", "Zoë"),
            ("last_name", "Marchetti"),
            ("note", note),
            ("key", key),
            ("password", "typed-secret"),
        ];
        let asked = owner.post("/clients", &fields).await;
        assert_eq!(asked.status, 401);
        assert!(!asked.text.contains("typed-secret"), "passwords are typed again");
        let hidden = |page: &str, name: &str| {
            let rest = page.split_once(&format!("name=\"{name}\" value=\"")).expect("a hidden field").1;
            let value = rest.split_once('"').expect("its end").0;
            value.replace("&#38;", "&").replace("&#34;", "\"").replace("&amp;", "&")
        };
        let (path, body) = (hidden(&asked.text, "resume_path"), hidden(&asked.text, "resume_body"));
        assert_eq!(path, "/clients");
        let sign_in = [("email", practice.owner_email.as_str()), ("resume_path", &path), ("resume_body", &body)];
        // A mistyped password on the way loses nothing.
        let wrong: Vec<_> = sign_in.iter().copied().chain([("password", "wrong")]).collect();
        let again = owner.post("/sign-in", &wrong).await;
        assert_eq!(
            (hidden(&again.text, "resume_path"), hidden(&again.text, "resume_body")),
            (path.clone(), body.clone())
        );
        let right: Vec<_> = sign_in.iter().copied().chain([("password", PASSWORD)]).collect();
        let resumed = owner.post("/sign-in", &right).await;
        assert_eq!(resumed.status, 200);
        assert_eq!(t.raw.count("select count(*) from clients"), 0, "nothing is sent before it is pressed");
        assert!(resumed.text.contains("action=\"/clients\"") && resumed.text.contains("Zoë"), "{}", resumed.text);
        let carried: Vec<(String, String)> = serde_urlencoded::from_str(&body).expect("fields");
        assert_eq!(
            carried,
            [("first_name", "Zoë"), ("last_name", "Marchetti"), ("note", note), ("key", key)]
                .map(|(k, v)| (k.to_string(), v.to_string()))
        );
        let carried: Vec<_> = carried.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        // Pressed twice, it is sent once.
        let (first, second) = (owner.post("/clients", &carried).await, owner.post("/clients", &carried).await);
        assert_eq!((first.status, first.location()), (303, second.location()));
        assert_eq!(t.raw.rows("select first_name from clients"), [[Some("Zoë".to_string())]]);
        let id = first.location().split(['/', '?']).nth(2).expect("an id");
        assert_eq!(note_of(&t, &practice, id).await, note);
    }

    async fn a4_a_program_without_a_session_is_told_in_json(t: TestApp) {
        let mut nobody = t.browser();
        let answer = nobody.json("POST", "/api/v1/clients", &json!({"first_name": "A"})).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Bearer"));
        assert!(answer.header("content-type").contains("json"));
        let mut script = t.browser().with("hx-request", "true");
        assert_eq!(script.get("/clients").await.status, 401);
    }

    async fn a4_changing_the_password_ends_every_other_session(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut desk = t.signed_in(&practice.owner_email).await;
        let phone = t.signed_in(&practice.owner_email).await;
        let fields = [("current_password", PASSWORD), ("password", crate::support::OTHER)];
        assert_eq!(desk.post("/settings/security/password", &fields).await.status, 303);
        assert!(alive(&desk, "/home").await && !alive(&phone, "/home").await);
        signed_in_with(&t, &practice.owner_email, crate::support::OTHER).await;
        assert!(!crate::support::opens(&t, &practice.owner_email).await);
    }

    async fn r11_every_session_has_256_bits_of_its_own(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut tokens = std::collections::BTreeSet::new();
        for _ in 0..8 {
            let token = session(&t.signed_in(&practice.owner_email).await);
            // 43 signs of 6 bits, or more.
            assert!(token.len() >= 43, "{token}");
            assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{token}");
            tokens.insert(token);
        }
        assert_eq!(tokens.len(), 8);
        // No two have the same beginning or end either: nothing in them is a constant, a count or a time.
        for part in [0..8, 35..43] {
            let parts: std::collections::BTreeSet<&str> = tokens.iter().map(|token| &token[part.clone()]).collect();
            assert_eq!(parts.len(), 8, "{tokens:?}");
        }
    }
}
