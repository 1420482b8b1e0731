//! The first run (A5), and what a new password must be (A6).

use testkit::ruh::practices;
use testkit::{Browser, TestApp, both_engines};

use crate::support::{accept, invited};

const OWNER: [(&str, &str); 6] = [
    ("practice_name", "Calm Harbour"),
    ("time_zone", "Europe/Berlin"),
    ("first_name", "Olive"),
    ("last_name", "Owner"),
    ("email", "olive@example.org"),
    ("password", "lantern orchid gravel"),
];

/// Prints a setup link, as the server does when it starts.
async fn started(t: &TestApp, token: &'static str) {
    t.app.write(move |h| practices::new_setup_token(h, token)).await.expect("a token");
}

async fn opened(t: &TestApp, token: &str) -> (Browser, u16) {
    let mut browser = t.browser();
    let first = browser.get(&format!("/setup/{token}")).await;
    assert_eq!((first.status, first.location(), first.header("referrer-policy")), (303, "/setup", "no-referrer"));
    let status = browser.get("/setup").await.status;
    (browser, status)
}

both_engines! {
    async fn a5_the_setup_link_makes_one_practice_and_is_shut_for_good(t: TestApp) {
        started(&t, "first-token").await;
        assert_eq!(t.browser().get("/setup").await.status, 404, "not without the link");
        assert_eq!(opened(&t, "another-token").await.1, 404);
        let (mut olive, status) = opened(&t, "first-token").await;
        assert_eq!(status, 200);
        // A mistake loses nothing and makes nothing.
        let wrong: Vec<_> =
            OWNER.iter().map(|(name, value)| (*name, if *name == "password" { "short" } else { *value })).collect();
        let refused = olive.post("/setup", &wrong).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains("olive@example.org") && refused.text.contains("Calm Harbour"));
        assert_eq!(t.raw.count("select count(*) from practices"), 0);
        let (mut held, _) = opened(&t, "first-token").await;
        let made = olive.post("/setup", &OWNER).await;
        assert_eq!((made.status, made.location()), (303, "/home"), "{}", made.text);
        assert!(olive.get("/clients").await.text.contains("Add Client"));
        // Shut: for a page that was open, for the link, and for a link that somebody prints later.
        assert_eq!(held.get("/setup").await.status, 404);
        let other: Vec<_> = OWNER
            .iter()
            .map(|(name, value)| (*name, if *name == "email" { "eve@evil.example" } else { *value }))
            .collect();
        assert_eq!(held.post("/setup", &other).await.status, 404);
        assert_eq!(opened(&t, "first-token").await.1, 404);
        started(&t, "later-token").await;
        assert_eq!(opened(&t, "later-token").await.1, 404);
        assert_eq!(t.raw.count("select count(*) from practices"), 1);
        assert_eq!(t.raw.count("select count(*) from accounts"), 1);
    }

    async fn a5_a_second_start_replaces_the_link(t: TestApp) {
        started(&t, "first-token").await;
        let (mut held, status) = opened(&t, "first-token").await;
        assert_eq!(status, 200);
        started(&t, "second-token").await;
        assert_eq!(held.post("/setup", &OWNER).await.status, 404);
        assert_eq!(opened(&t, "first-token").await.1, 404);
        let (mut olive, status) = opened(&t, "second-token").await;
        assert_eq!(status, 200);
        assert_eq!(olive.post("/setup", &OWNER).await.status, 303);
        let kept = t.raw.rows("select value from installation where value like '%token%'");
        assert!(kept.is_empty(), "the token itself is stored nowhere: {kept:?}");
    }

    async fn a5_of_many_at_once_one_makes_the_practice(t: TestApp) {
        started(&t, "first-token").await;
        let (first, _) = opened(&t, "first-token").await;
        let mut all = tokio::task::JoinSet::new();
        for n in 0..8 {
            let mut browser = first.copy();
            all.spawn(async move {
                let email = format!("owner{n}@example.org");
                let fields: Vec<_> = OWNER
                    .iter()
                    .map(|(name, value)| (*name, if *name == "email" { email.as_str() } else { *value }))
                    .collect();
                browser.post("/setup", &fields).await.status
            });
        }
        let mut answers = all.join_all().await;
        answers.sort_unstable();
        assert_eq!(answers, [303, 404, 404, 404, 404, 404, 404, 404]);
        assert_eq!(t.raw.count("select count(*) from practices"), 1);
        assert_eq!(t.raw.count("select count(*) from accounts"), 1);
        assert_eq!(t.raw.count("select count(*) from members"), 1);
    }

    async fn a6_what_a_new_password_must_be(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, link) = invited(&t, &practice, "ana.marchetti@example.org").await;
        let long = "a long walk by the sea ".repeat(30);
        let cases = [
            ("", "10 characters or more"),
            ("kT9#vQ2!x", "10 characters or more"),
            ("password123", "Many people use this password"),
            ("1234567890", "Many people use this password"),
            ("qwertyuiop", "Many people use this password"),
            ("aaaaaaaaaaaaaa", "guessed quickly"),
            ("abcabcabcabc", "guessed quickly"),
            ("Marchetti1", "leave your own name and email out"),
            ("ana.marchetti@example.org", "leave your own name and email out"),
            (long.as_str(), "under 512 characters"),
        ];
        for (password, reason) in cases {
            let answer = accept(&t, &link, password).await.1;
            assert_eq!(answer.status, 422, "{password}");
            assert!(answer.text.contains(reason), "{password}: {reason}");
            let is_shown = password.contains("@"); // the address stands on the page by itself
            assert!(password.is_empty() || is_shown || !answer.text.contains(password), "a password never comes back");
        }
        assert_eq!(t.raw.count("select count(*) from portal_access"), 0);
        // Anything else goes: spaces, emoji, other scripts, markup, exactly ten characters.
        let good = [
            "  walking   slowly  ",
            "🦊🌊🍋 tall quiet cedar",
            "گرم چائے اور بارش",
            "<b>tall</b> &amp; \"quiet\"",
            "kT9#vQ2!xw",
            "a\ttab inside of it",
        ];
        for (n, password) in good.iter().enumerate() {
            let email = format!("person{n}@example.net");
            let (_, link) = invited(&t, &practice, &email).await;
            let answer = accept(&t, &link, password).await.1;
            assert_eq!(answer.status, 303, "{password:?}: {}", answer.text);
            assert!(crate::support::lets_in(&t, &email, password).await, "{password:?}");
            assert!(
                !crate::support::lets_in(&t, &email, password.trim()).await || password.trim() == *password,
                "nothing is trimmed"
            );
        }
    }

    async fn a6_the_rules_hold_wherever_a_password_is_chosen(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        t.client_in_portal(&practice, "ana@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        t.browser().post("/forgot", &[("email", "ana@example.org")]).await;
        t.run_jobs().await;
        let mut reset = t.browser();
        reset.open_link(&t.mail_to("ana@example.org").link()).await;
        for weak in ["short", "password123", "aaaaaaaaaaaaaa"] {
            assert_eq!(reset.post("/reset", &[("password", weak)]).await.status, 422, "{weak}");
            let fields = [("current_password", testkit::PASSWORD), ("password", weak)];
            assert_eq!(owner.post("/settings/security/password", &fields).await.status, 422, "{weak}");
        }
        assert!(crate::support::opens(&t, "ana@example.org").await);
        assert!(crate::support::opens(&t, &practice.owner_email).await);
    }
}

both_engines! {
    async fn a5_a_new_practice_is_told_its_first_steps_until_there_is_a_client(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let home = owner.get("/home").await.text;
        for step in ["/clients/new", "/clients/invite-link", "/settings/members/new", "/settings/groups"] {
            assert!(home.contains("First steps") && home.contains(&format!("href=\"{step}\"")), "{step}: {home}");
            assert_eq!(owner.get(step).await.status, 200, "{step}");
        }
        invited(&t, &practice, "ana@example.org").await;
        let home = owner.get("/home").await.text;
        assert!(!home.contains("First steps") && home.contains("href=\"/dev/mail\""), "{home}");
        // What was kept is read as its reader would see it, and its link can be followed.
        let outbox = owner.get("/dev/mail").await.text;
        let mail = outbox.split("href=\"").find(|part| part.starts_with("/dev/mail/")).expect("the mail is listed");
        let mail = owner.get(mail.split('"').next().expect("its address")).await.text;
        let link = mail.split("href=\"").find(|part| part.contains("/invitation/")).expect("a link");
        let link = link.split('"').next().expect("its address");
        assert_eq!(link, t.mail_to("ana@example.org").link());
        assert_eq!(t.browser().open_link(link).await.status, 200);
    }
}
