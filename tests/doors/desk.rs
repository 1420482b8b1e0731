//! Change client's password (E3): a one-time passphrase for a client at the desk, and everything it must not open.

use std::time::Duration;

use ruh::access::Role;
use testkit::{Answer, Browser, PASSWORD, TestApp, TestPractice, both_engines, json};

use crate::support::{OTHER, accept, alive, change_email, everything, invited, lets_in, mails_to, opens, set_up_codes};

const DAY: u64 = 24 * 60;

/// Asks for a passphrase as a member, over the API.
async fn ask(t: &TestApp, practice: &TestPractice, client: &str) -> Answer {
    let mut api = t.browser().bearer(&t.token(practice, practice.owner).await);
    api.json("POST", &format!("/api/v1/clients/{client}/passphrase"), &json!({})).await
}

async fn made(t: &TestApp, practice: &TestPractice, client: &str) -> String {
    let answer = ask(t, practice, client).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["passphrase"].as_str().expect("a passphrase").to_string()
}

/// A browser in which a passphrase was typed in place of the password.
async fn at_desk(t: &TestApp, email: &str, passphrase: &str) -> Browser {
    let mut browser = t.browser();
    let answer = browser.post("/sign-in", &[("email", email), ("password", passphrase)]).await;
    assert_eq!((answer.status, answer.location()), (303, "/portal/password"), "{}", answer.text);
    browser
}

/// The words on the page that shows them.
fn shown(page: &Answer) -> String {
    let (_, rest) = page.text.split_once("id=\"passphrase\">").expect("a passphrase on the page");
    rest.split_once('<').expect("its end").0.to_string()
}

/// Somebody with an account that is a client's in two practices.
async fn shared(t: &TestApp, practice: &TestPractice, email: &str) -> String {
    let elsewhere = t.practice("Elsewhere").await;
    t.client_in_portal(&elsewhere, email).await;
    let (id, link) = invited(t, practice, email).await;
    assert_eq!(accept(t, &link, PASSWORD).await.1.status, 303);
    id
}

both_engines! {
    async fn e3_at_the_desk_a_client_gets_in_once_and_chooses_a_password(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, before) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let page = owner.get(&format!("/clients/{id}/password")).await;
        assert!(page.text.contains("Make passphrase") && page.text.contains("Send link"), "{}", page.text);
        let page = owner.post(&format!("/clients/{id}/passphrase"), &[]).await;
        let passphrase = shown(&page);
        assert_eq!(passphrase.split('-').count(), 5, "{passphrase}");
        assert!(!owner.get(&format!("/clients/{id}/password")).await.text.contains(&passphrase), "shown once");
        let kept = format!("{:?}", everything(&t));
        assert!(!kept.contains(&passphrase), "no table holds the words");
        // Spoken over the counter, typed on a phone.
        let mut ana = at_desk(&t, "ana@example.org", &format!(" {} ", passphrase.replace('-', " ").to_uppercase())).await;
        assert!(!lets_in(&t, "ana@example.org", &passphrase).await, "once");
        assert!(opens(&t, "ana@example.org").await, "until another is chosen the old password stands");
        // It stands in this portal; the account's own pages are not its.
        assert!(ana.get("/portal").await.text.contains("one-time passphrase"));
        for path in ["/places", "/portal/security", "/two-step/set-up"] {
            assert_eq!(ana.get(path).await.status, 404, "{path}");
        }
        for path in ["/sessions/end-others", "/two-step/set-up", "/places"] {
            assert_eq!(ana.post(path, &[]).await.status, 404, "{path}");
        }
        let wrong = ana.post("/portal/email", &[("new_email", "eve@example.net"), ("password", &passphrase)]).await;
        assert_eq!(wrong.status, 422, "the passphrase is nobody's password");
        let weak = ana.post("/portal/password", &[("password", "ana@example.org")]).await;
        assert!(weak.status == 422 && weak.text.contains("data-invalid"), "{}", weak.text);
        let chosen = ana.post("/portal/password", &[("password", OTHER)]).await;
        assert_eq!((chosen.status, chosen.location()), (303, "/portal"), "{}", chosen.text);
        assert_eq!(ana.get("/portal/security").await.status, 200, "an ordinary session from here on");
        assert!(!ana.get("/portal").await.text.contains("one-time passphrase"));
        assert!(!alive(&before, "/portal").await, "who was in with the old password is out");
        assert!(lets_in(&t, "ana@example.org", OTHER).await && !opens(&t, "ana@example.org").await);
        // The holder is told of both, in words that name nobody.
        t.run_jobs().await;
        let told: Vec<_> = mails_to(&t, "ana@example.org").into_iter().map(|mail| mail.subject).collect();
        assert!(told.ends_with(&["A passphrase was made for you".into(), "Your password was changed".into()]), "{told:?}");
        let timeline = owner.get(&format!("/clients/{id}/timeline")).await;
        assert!(timeline.text.contains("One-time passphrase made at the desk"));
    }

    async fn e3_where_the_account_reaches_more_the_password_waits_for_a_link(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let both = shared(&t, &practice, "ana@example.org").await;
        let (alone, _) = t.client_in_portal(&practice, "bea@example.org").await;
        let there = t.signed_in("ana@example.org").await;
        // Staff see the same in both cases.
        let mut owner = t.signed_in(&practice.owner_email).await;
        let mut pages = Vec::new();
        for id in [&both, &alone] {
            let page = owner.get(&format!("/clients/{id}/password")).await;
            let post = owner.post(&format!("/clients/{id}/passphrase"), &[]).await;
            let words = shown(&post);
            let anonymous = |text: &str| {
                let (_, body) = text.split_once("data-fragment").expect("the fragment");
                body.replace(id.as_str(), "id").replace(&words, "words")
            };
            pages.push((page.status, anonymous(&page.text), post.status, anonymous(&post.text)));
        }
        assert_eq!(pages[0], pages[1]);
        let mut ana = at_desk(&t, "ana@example.org", &made(&t, &practice, &both).await).await;
        let home = ana.get("/portal").await;
        assert!(home.text.contains("Calm Harbour") && !home.text.contains("Elsewhere") && !home.text.contains("/places"));
        let chosen = ana.post("/portal/password", &[("password", OTHER)]).await;
        assert_eq!((chosen.status, chosen.location()), (303, "/portal/password"), "{}", chosen.text);
        assert!(ana.get("/portal/password").await.text.contains("open the link in your mail"));
        assert!(opens(&t, "ana@example.org").await && !lets_in(&t, "ana@example.org", OTHER).await);
        assert!(alive(&there, "/places").await, "nothing happened to what stands elsewhere");
        t.run_jobs().await;
        let mail = t.mail_to("ana@example.org");
        assert_eq!(mail.subject, "Your new password");
        let mut opened = t.browser();
        for _ in 0..3 {
            let page = opened.open_link(&mail.link()).await;
            assert!(page.status == 200 && page.text.contains("Use the new password"), "{}", page.text);
            opened.head("/reset").await;
        }
        assert!(opens(&t, "ana@example.org").await, "opening it changes nothing");
        assert_eq!(opened.post("/reset", &[]).await.location(), "/sign-in?done=reset");
        assert!(lets_in(&t, "ana@example.org", OTHER).await && !opens(&t, "ana@example.org").await);
        assert!(!alive(&there, "/places").await && !alive(&ana, "/portal").await);
        assert_eq!(t.browser().open_link(&mail.link()).await.status, 410);
        let left = t.raw.count("select count(*) from account_links where password_hash is not null");
        assert_eq!(left, 0, "no hash outlives its link");
        t.run_jobs().await;
    }

    async fn e3_a_chosen_password_is_for_a_day_and_a_reset_ends_it(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let id = shared(&t, &practice, "ana@example.org").await;
        let choose = async |password: &str| {
            let mut ana = at_desk(&t, "ana@example.org", &made(&t, &practice, &id).await).await;
            assert_eq!(ana.post("/portal/password", &[("password", password)]).await.status, 303);
            t.run_jobs().await;
            t.mail_to("ana@example.org").link()
        };
        let use_link = async |link: &str| {
            let mut browser = t.browser();
            browser.open_link(link).await;
            browser.post("/reset", &[]).await.status
        };
        let (first, second) = (choose(OTHER).await, choose("hammock violet thunder").await);
        assert_eq!(use_link(&first).await, 410, "a newer one replaces it");
        t.advance_minutes(DAY);
        assert_eq!(use_link(&second).await, 410, "24 hours");
        let third = choose(OTHER).await;
        t.browser().post("/forgot", &[("email", "ana@example.org")]).await;
        t.run_jobs().await;
        let mut reset = t.browser();
        reset.open_link(&t.mail_to("ana@example.org").link()).await;
        assert_eq!(reset.post("/reset", &[("password", PASSWORD)]).await.status, 303);
        assert_eq!(use_link(&third).await, 410, "the holder has chosen another way");
        assert!(opens(&t, "ana@example.org").await);
    }

    async fn e3_a_passphrase_ends(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, _) = t.client_in_portal(&practice, "ana@example.org").await;
        t.client_in_portal(&practice, "bea@example.org").await;
        let dead = async |passphrase: &str, why: &str| {
            assert!(!lets_in(&t, "ana@example.org", passphrase).await, "{why}");
        };
        // A newer one, somebody else's address, a day.
        let older = made(&t, &practice, &id).await;
        let newer = made(&t, &practice, &id).await;
        dead(&older, "a newer one was made").await;
        assert!(!lets_in(&t, "bea@example.org", &newer).await, "another account's");
        t.advance_minutes(DAY - 1);
        let last = made(&t, &practice, &id).await;
        t.advance_minutes(DAY);
        dead(&newer, "a day has passed").await;
        dead(&last, "a day has passed").await;
        // Once expired it stays so, whatever the clock does.
        t.run_jobs().await;
        t.app.write(ruh::accounts::purge).await.unwrap();
        t.turn_back(Duration::from_secs(3600));
        dead(&last, "the clock was put back").await;
        t.advance_minutes(60);
        // The password was changed; the client was archived; the address was changed.
        let one = made(&t, &practice, &id).await;
        let mut ana = t.signed_in("ana@example.org").await;
        let fields = [("current_password", PASSWORD), ("password", OTHER)];
        assert_eq!(ana.post("/portal/password", &fields).await.location(), "/portal/security");
        dead(&one, "the password was changed").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let one = made(&t, &practice, &id).await;
        owner.post(&format!("/clients/{id}/archive"), &[]).await;
        dead(&one, "archived").await;
        assert_eq!(ask(&t, &practice, &id).await.status, 409, "nor is another one made");
        owner.post(&format!("/clients/{id}/restore"), &[]).await;
        t.advance_minutes(DAY);
        let one = made(&t, &practice, &id).await;
        assert_eq!(change_email(&t, &practice, &id, Some("new@example.org")).await.status, 200);
        dead(&one, "the address was changed").await;
        t.send_mail().await;
    }

    async fn e3_who_gets_none(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let refused = async |id: &str, why: &str| {
            let answer = ask(&t, &practice, id).await;
            assert!(answer.status == 409 && answer.text.contains(why), "{why}: {} {}", answer.status, answer.text);
            let page = t.signed_in(&practice.owner_email).await.post(&format!("/clients/{id}/passphrase"), &[]).await;
            assert!(page.status == 422 && page.text.contains(why), "{}", page.text);
        };
        let nobody = t.client(&practice, json!({})).await;
        refused(&nobody, "They have no password yet").await;
        t.member(&practice, Role::Provider, "therapist@example.org").await;
        let (staff, link) = invited(&t, &practice, "therapist@example.org").await;
        assert_eq!(accept(&t, &link, PASSWORD).await.1.status, 303);
        refused(&staff, "account of a member of staff").await;
        // Whoever is staff elsewhere is like everybody whose account reaches more: nothing here tells.
        t.member(&t.practice("Elsewhere").await, Role::Owner, "busy@example.org").await;
        let (busy, link) = invited(&t, &practice, "busy@example.org").await;
        assert_eq!(accept(&t, &link, PASSWORD).await.1.status, 303);
        let mut in_portal = at_desk(&t, "busy@example.org", &made(&t, &practice, &busy).await).await;
        assert_eq!(in_portal.get("/home").await.status, 404);
        assert_eq!(in_portal.post("/portal/password", &[("password", OTHER)]).await.location(), "/portal/password");
        assert!(opens(&t, "busy@example.org").await);
        // Six in a day.
        let (id, _) = t.client_in_portal(&practice, "ana@example.org").await;
        for _ in 0..5 {
            made(&t, &practice, &id).await;
        }
        refused(&id, "Five passphrases").await;
        t.advance_minutes(DAY);
        made(&t, &practice, &id).await;
        t.run_jobs().await;
    }

    async fn e3_the_second_factor_is_asked_for_all_the_same(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let (app, _) = set_up_codes(&t, &mut ana).await;
        t.advance_minutes(1);
        let passphrase = made(&t, &practice, &id).await;
        let mut desk = t.browser();
        let typed = [("email", "ana@example.org"), ("password", passphrase.as_str())];
        assert_eq!(desk.post("/sign-in", &typed).await.location(), "/sign-in/code");
        assert_eq!(desk.get("/portal").await.status, 401, "half a sign-in is none");
        // Mistyped twice, and begun again: the passphrase is used up by the session and not before.
        assert_eq!(desk.post("/sign-in/code", &[("code", "000000")]).await.status, 422);
        let mut anew = t.browser();
        assert_eq!(anew.post("/sign-in", &typed).await.location(), "/sign-in/code");
        let entered = anew.post("/sign-in/code", &[("code", &app.code(&t))]).await;
        assert_eq!((entered.status, entered.location()), (303, "/portal/password"), "{}", entered.text);
        assert_eq!(anew.get("/portal/security").await.status, 404);
        t.advance_minutes(1);
        let late = desk.post("/sign-in/code", &[("code", &app.code(&t))]).await;
        assert_eq!(late.location(), "/sign-in?done=code", "the other sign-in was faster");
        assert_eq!(anew.post("/portal/password", &[("password", OTHER)]).await.location(), "/portal");
        assert_eq!(anew.get("/portal/security").await.status, 200);
        t.run_jobs().await;
    }

    async fn e3_of_two_at_once_one_gets_in(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, _) = t.client_in_portal(&practice, "ana@example.org").await;
        for _ in 0..4 {
            let passphrase = made(&t, &practice, &id).await;
            let try_it = async || lets_in(&t, "ana@example.org", &passphrase).await;
            let (first, second) = tokio::join!(try_it(), try_it());
            assert_ne!(first, second, "exactly one");
            t.advance_minutes(16);
        }
        t.run_jobs().await;
    }
}
