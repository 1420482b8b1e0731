//! The forgotten password (A3).

use testkit::{PASSWORD, TestApp, both_engines};

use crate::support::{OTHER, alive, invited, lets_in, mails_to, opens};

/// Asks for a reset and returns the link that came.
async fn asked(t: &TestApp, email: &str) -> String {
    let answer = t.browser().post("/forgot", &[("email", email)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    t.run_jobs().await;
    t.mail_to(email).link()
}

async fn reset(t: &TestApp, link: &str, password: &str) -> u16 {
    let mut browser = t.browser();
    browser.open_link(link).await;
    browser.post("/reset", &[("password", password)]).await.status
}

both_engines! {
    async fn a3_a_reset_sets_the_password_once_and_ends_sessions(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, portal) = t.client_in_portal(&practice, "ana@example.org").await;
        let other = t.signed_in(&practice.owner_email).await;
        let link = asked(&t, "ana@example.org").await;
        let mut browser = t.browser();
        // Opened by whoever scans mail, it still works.
        for _ in 0..5 {
            assert_eq!(browser.open_link(&link).await.status, 200);
            browser.head("/reset").await;
        }
        assert!(opens(&t, "ana@example.org").await);
        let weak = browser.post("/reset", &[("password", "ana@example.org")]).await;
        assert_eq!(weak.status, 422, "one's own address is no password");
        let done = browser.post("/reset", &[("password", OTHER)]).await;
        assert_eq!((done.status, done.location()), (303, "/sign-in?done=reset"));
        assert!(
            !alive(&portal, "/portal").await && alive(&other, "/home").await,
            "the sessions of this account, no others"
        );
        assert!(lets_in(&t, "ana@example.org", OTHER).await && !opens(&t, "ana@example.org").await);
        let again = t.browser().open_link(&link).await;
        assert_eq!(again.status, 410);
        assert!(again.text.contains("used already") && !again.text.contains("ana@example.org"));
        assert_eq!(reset(&t, &link, "hammock violet thunder").await, 410);
        assert!(lets_in(&t, "ana@example.org", OTHER).await);
    }

    async fn a3_a_link_is_good_for_24_hours(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        t.client_in_portal(&practice, "ana@example.org").await;
        let link = asked(&t, "ana@example.org").await;
        let held = {
            let mut browser = t.browser();
            browser.open_link(&link).await;
            browser
        };
        t.advance_minutes(24 * 60 - 1);
        assert_eq!(t.browser().open_link(&link).await.status, 200);
        t.advance_minutes(1);
        let late = t.browser().open_link(&link).await;
        assert_eq!(late.status, 410);
        assert!(late.text.contains("24 hours"), "{}", late.text);
        // A page that was opened in time is too late to be sent.
        assert_eq!(held.copy().post("/reset", &[("password", OTHER)]).await.status, 410);
        assert!(opens(&t, "ana@example.org").await);
    }

    async fn a3_a_newer_link_replaces_the_older(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        t.client_in_portal(&practice, "ana@example.org").await;
        let older = asked(&t, "ana@example.org").await;
        let newer = asked(&t, "ana@example.org").await;
        assert_ne!(older, newer);
        assert!(t.browser().open_link(&older).await.text.contains("replaced by a newer one"));
        assert_eq!(reset(&t, &older, OTHER).await, 410);
        assert_eq!(reset(&t, &newer, OTHER).await, 303);
    }

    async fn a3_two_presses_at_once_set_one_password(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        t.client_in_portal(&practice, "ana@example.org").await;
        let link = asked(&t, "ana@example.org").await;
        let mut all = tokio::task::JoinSet::new();
        let mut first = t.browser();
        first.open_link(&link).await;
        for n in 0..8 {
            let mut browser = first.copy();
            all.spawn(async move {
                browser.post("/reset", &[("password", &format!("hammock violet thunder {n}"))]).await.status
            });
        }
        let mut answers = all.join_all().await;
        answers.sort_unstable();
        assert_eq!(answers, [303, 410, 410, 410, 410, 410, 410, 410]);
    }

    async fn a3_six_times_in_an_hour_sends_five(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        t.client_in_portal(&practice, "ana@example.org").await;
        let before = mails_to(&t, "ana@example.org").len();
        let mut said = Vec::new();
        for spelt in [
            "ana@example.org",
            "ANA@example.org",
            " ana@EXAMPLE.org ",
            "ana@example.org",
            "ana@example.org",
            "ana@example.org",
        ] {
            let answer = t.browser().post("/forgot", &[("email", spelt)]).await;
            said.push((answer.status, answer.text));
            t.run_jobs().await;
        }
        assert_eq!(mails_to(&t, "ana@example.org").len(), before + 5);
        assert!(said.iter().all(|one| *one == said[0]), "all are answered alike");
        t.advance_minutes(61);
        asked(&t, "ana@example.org").await;
        assert_eq!(mails_to(&t, "ana@example.org").len(), before + 6);
    }

    async fn a3_many_at_once_send_no_more_than_five(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        t.client_in_portal(&practice, "ana@example.org").await;
        let before = mails_to(&t, "ana@example.org").len();
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let mut browser = t.browser();
            all.spawn(async move { browser.post("/forgot", &[("email", "ana@example.org")]).await.status });
        }
        assert!(all.join_all().await.iter().all(|status| *status == 200));
        assert_eq!(t.raw.count("select count(*) from reset_requests"), 5);
        t.run_jobs().await;
        // Links that a newer one replaced before they left need no mail; the last one came.
        let sent = mails_to(&t, "ana@example.org").len() - before;
        assert!((1..=5).contains(&sent), "{sent}");
        assert_eq!(reset(&t, &t.mail_to("ana@example.org").link(), OTHER).await, 303);
    }

    async fn a3_an_unknown_address_is_sent_nothing(t: TestApp) {
        t.practice("Calm Harbour").await;
        t.browser().post("/forgot", &[("email", "nobody@example.org")]).await;
        t.run_jobs().await;
        assert!(t.mails().is_empty());
        assert_eq!(t.raw.count("select count(*) from account_links"), 0);
        assert_eq!(t.browser().post("/forgot", &[("email", "no address")]).await.status, 422);
    }

    async fn a3_somebody_who_was_invited_and_forgot_is_sent_the_invitation_again(t: TestApp) {
        // They have no password yet, and do not know that: the mail they need is the invitation's.
        let practice = t.practice("Calm Harbour").await;
        let (id, link) = invited(&t, &practice, "ana@example.org").await;
        let unknown = t.browser().post("/forgot", &[("email", "nobody@example.org")]).await;
        let known = t.browser().post("/forgot", &[("email", "ana@example.org")]).await;
        assert_eq!((known.status, &known.text), (unknown.status, &unknown.text));
        t.run_jobs().await;
        let mails = mails_to(&t, "ana@example.org");
        assert_eq!(mails.len(), 2);
        assert_eq!(
            (mails[1].subject.as_str(), mails[1].link()),
            ("Your invitation", link.clone()),
            "the same link once more"
        );
        let history = crate::support::history(&t, &practice, &id).await;
        assert_eq!(history["items"].as_array().expect("items").len(), 1, "nothing of the practice's limit is used up");
        assert_eq!(crate::support::accept(&t, &link, PASSWORD).await.1.status, 303);
        // Undone, void, accepted: nothing of that comes again.
        let (other, _) = invited(&t, &practice, "bea@example.org").await;
        crate::support::change_email(&t, &practice, &other, None).await;
        let before = t.mails().len();
        t.browser().post("/forgot", &[("email", "bea@example.org")]).await;
        t.run_jobs().await;
        assert_eq!(t.mails().len(), before);
        t.browser().post("/forgot", &[("email", "ana@example.org")]).await;
        t.run_jobs().await;
        assert_eq!(t.mail_to("ana@example.org").subject, "Choose a new password");
    }

    async fn a3_a_reset_link_is_not_an_invitation_and_the_other_way_round(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        t.client_in_portal(&practice, "ana@example.org").await;
        let reset_link = asked(&t, "ana@example.org").await;
        let (_, invitation) = invited(&t, &practice, "bea@example.org").await;
        let mut browser = t.browser();
        browser.get(&crate::support::path(&reset_link)).await;
        assert_eq!(browser.get("/invitation").await.status, 404);
        assert_eq!(browser.post("/invitation", &[("password", OTHER)]).await.status, 404);
        assert_eq!(browser.get("/setup").await.status, 404);
        let mut browser = t.browser();
        browser.get(&crate::support::path(&invitation)).await;
        assert_eq!(browser.get("/reset").await.status, 410);
        assert_eq!(browser.post("/reset", &[("password", OTHER)]).await.status, 410);
        assert_eq!(reset(&t, &reset_link, OTHER).await, 303);
    }
}
