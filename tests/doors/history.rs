//! Sending again (C3), the history of an invitation (C4), and Undo.

use testkit::{PASSWORD, TestApp, both_engines, json};

use crate::capture::Smtp;
use crate::support::{accept, history, invited, kinds, newest_invitation, note_of, press_invite};

both_engines! {
    async fn c3_five_a_day_and_the_sixth_is_refused_with_words(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, _) = invited(&t, &practice, "ana@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        // Undone ones do not count, however many.
        for _ in 0..6 {
            press_invite(&mut owner, &id).await;
            let newest = newest_invitation(&t, &practice, &id).await;
            assert_eq!(newest["state"], "queued");
            owner.post(&format!("/invitations/{}/undo", newest["id"].as_str().expect("an id")), &[]).await;
        }
        for n in 2..=5 {
            let page = press_invite(&mut owner, &id).await;
            assert!(page.text.contains("The invitation leaves in a moment"), "{n}: {}", page.text);
            t.send_mail().await;
        }
        assert_eq!(t.mails().len(), 5);
        let refused = press_invite(&mut owner, &id).await;
        assert!(
            refused.text.contains("24 hours") || refused.text.contains("today") || refused.text.contains("day"),
            "{}",
            refused.text
        );
        let token = t.token(&practice, practice.owner).await;
        let mut program = t.browser().bearer(&token);
        let api = program.json("POST", &format!("/api/v1/clients/{id}/invitations"), &json!({})).await;
        assert_eq!(api.status, 429);
        assert!(!api.header("retry-after").is_empty());
        t.send_mail().await;
        assert_eq!(t.mails().len(), 5);
        // Another client is another count, and the next day is another day.
        invited(&t, &practice, "bea@example.org").await;
        t.advance_minutes(24 * 60);
        let mut owner = t.signed_in(&practice.owner_email).await;
        press_invite(&mut owner, &id).await;
        t.send_mail().await;
        assert_eq!(t.mails().len(), 7);
    }

    async fn c3_ten_presses_at_once_stay_within_the_limit(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, _) = invited(&t, &practice, "ana@example.org").await;
        let owner = t.signed_in(&practice.owner_email).await;
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let (mut browser, path) = (owner.copy(), format!("/clients/{id}/invite"));
            all.spawn(async move { browser.post(&path, &[]).await.status });
        }
        assert!(all.join_all().await.iter().all(|status| *status == 303));
        assert_eq!(t.raw.count("select count(*) from invitations"), 5);
        t.send_mail().await;
        assert_eq!(t.raw.count("select count(*) from invitations where state = 'kept'"), 1, "only the newest is open");
        assert_eq!(accept(&t, &t.mail_to("ana@example.org").link(), PASSWORD).await.1.status, 303);
    }

    async fn c3_once_a_password_exists_the_button_sends_a_reset_and_says_so(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, _) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let page = owner.get(&format!("/clients/{id}")).await;
        assert!(
            page.text.contains("Send password reset link") && page.text.contains("already have a password"),
            "{}",
            page.text
        );
        assert!(!page.text.contains("Resend invitation"));
        for _ in 0..5 {
            press_invite(&mut owner, &id).await;
            t.run_jobs().await;
            assert_eq!(t.mail_to("ana@example.org").subject, "Choose a new password");
        }
        let mails = t.mails().len();
        press_invite(&mut owner, &id).await;
        t.run_jobs().await;
        assert_eq!(t.mails().len(), mails, "five a day here too");
        // It is an offer: the password stays until the link is used.
        assert!(crate::support::opens(&t, "ana@example.org").await);
    }

    async fn c3_a_resend_drops_no_edit(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, _) = invited(&t, &practice, "ana@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let edit = |version: &'static str, note: &'static str| {
            [
                ("first_name", "Ana"),
                ("last_name", "Marchetti"),
                ("email", "ana@example.org"),
                ("note", note),
                ("version", version),
            ]
        };
        // Opened at version 1; somebody resends; the save from that page still stands.
        press_invite(&mut owner, &id).await;
        assert_eq!(owner.post(&format!("/clients/{id}"), &edit("1", "first")).await.status, 303);
        press_invite(&mut owner, &id).await;
        assert_eq!(owner.post(&format!("/clients/{id}"), &edit("2", "second")).await.status, 303);
        assert_eq!(note_of(&t, &practice, &id).await, "second");
        t.send_mail().await;
        // Both at the same moment.
        let (mut a, mut b) = (owner.copy(), owner.copy());
        let (save, invite) = (format!("/clients/{id}"), format!("/clients/{id}/invite"));
        let third = edit("3", "third");
        let (saved, sent) = tokio::join!(a.post(&save, &third), b.post(&invite, &[]));
        assert_eq!((saved.status, sent.status), (303, 303));
        assert_eq!(note_of(&t, &practice, &id).await, "third");
        assert_eq!(newest_invitation(&t, &practice, &id).await["state"], "queued");
    }

    async fn c4_the_whole_history_is_seen(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, older) = invited(&t, &practice, "ana@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        t.browser().open_link(&older).await;
        t.advance_minutes(10);
        let mut owner2 = owner.copy();
        press_invite(&mut owner2, &id).await;
        t.send_mail().await;
        let (_, answer) = accept(&t, &t.mail_to("ana@example.org").link(), PASSWORD).await;
        assert_eq!(answer.status, 303);
        let told = history(&t, &practice, &id).await;
        assert_eq!(kinds(&told["items"][0]), ["queued", "kept", "opened", "accepted"]);
        assert_eq!(kinds(&told["items"][1]), ["queued", "kept", "opened", "superseded"]);
        let times: Vec<&str> = told["items"]
            .as_array()
            .expect("items")
            .iter()
            .flat_map(|item| item["events"].as_array().expect("events"))
            .map(|event| event["at"].as_str().expect("a time"))
            .collect();
        assert!(times.contains(&"2026-03-02T15:00:00Z") && times.contains(&"2026-03-02T15:10:22Z"), "{times:?}");
        let page = owner.get(&format!("/clients/{id}")).await.text;
        for said in [
            "Queued",
            "Not delivered: kept in the local outbox",
            "Link opened",
            "Superseded",
            "Accepted",
            "2 Mar 2026, 10:00 am",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
    }

    async fn undo_in_time_too_late_twice_and_by_a_stranger(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let id = t.client(&practice, json!({"email": "ana@example.org", "send_invitation": true})).await;
        let newest = newest_invitation(&t, &practice, &id).await;
        let invitation = newest["id"].as_str().expect("an id").to_string();
        let (page, api) = (format!("/invitations/{invitation}/undo"), format!("/api/v1/invitations/{invitation}/undo"));
        // A stranger: another practice, a client, nobody; the same as for an id that does not exist.
        let other = t.practice("Elsewhere").await;
        let mut stranger = t.signed_in(&other.owner_email).await;
        let answers = [
            stranger.post(&page, &[]).await,
            stranger.post(&format!("/invitations/{}/undo", "0198b1f4-0000-7000-8000-000000000000"), &[]).await,
        ];
        for answer in &answers {
            assert_eq!(answer.status, 404);
        }
        assert_eq!(answers[0].text, answers[1].text);
        let theirs = t.token(&other, other.owner).await;
        assert_eq!(t.browser().bearer(&theirs).json("POST", &api, &json!({})).await.status, 404);
        assert_eq!(t.browser().post(&page, &[]).await.status, 401);
        assert_eq!(newest_invitation(&t, &practice, &id).await["state"], "queued");
        // In time.
        let mut owner = t.signed_in(&practice.owner_email).await;
        let undone = owner.post(&page, &[]).await;
        assert_eq!(undone.status, 303);
        let to = undone.location().to_string();
        assert!(owner.get(&to).await.text.contains("Undone"));
        // Twice is said to be too late, and changes nothing.
        assert_eq!(owner.post(&page, &[]).await.status, 303);
        let own = t.token(&practice, practice.owner).await;
        assert_eq!(t.browser().bearer(&own).json("POST", &api, &json!({})).await.status, 409);
        t.send_mail().await;
        assert!(t.mails().is_empty(), "nothing was sent");
        assert_eq!(kinds(&newest_invitation_with_events(&t, &practice, &id).await), ["queued", "undone"]);
        // Too late.
        let (sent, _) = invited(&t, &practice, "bea@example.org").await;
        let sent = newest_invitation(&t, &practice, &sent).await;
        let path = format!("/api/v1/invitations/{}/undo", sent["id"].as_str().expect("an id"));
        assert_eq!(t.browser().bearer(&own).json("POST", &path, &json!({})).await.status, 409);
        assert_eq!(t.raw.count("select count(*) from invitations where state = 'kept'"), 1);
    }

    async fn undo_and_the_outbox_at_the_same_moment_agree(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let owner = t.signed_in(&practice.owner_email).await;
        for n in 0..6 {
            let email = format!("person{n}@example.org");
            let id = t.client(&practice, json!({"email": email, "send_invitation": true})).await;
            let invitation = newest_invitation(&t, &practice, &id).await;
            let path = format!("/invitations/{}/undo", invitation["id"].as_str().expect("an id"));
            t.advance(std::time::Duration::from_secs(10));
            let mut browser = owner.copy();
            tokio::join!(browser.post(&path, &[]), t.run_jobs());
            t.run_jobs().await;
            let state = newest_invitation(&t, &practice, &id).await["state"].as_str().expect("a state").to_string();
            let sent = t.mails().iter().any(|mail| mail.to.contains(&email));
            assert_eq!(state, if sent { "kept" } else { "undone" }, "what is told is what happened");
        }
    }
}

async fn newest_invitation_with_events(t: &TestApp, practice: &testkit::TestPractice, id: &str) -> testkit::Json {
    history(t, practice, id).await["items"][0].clone()
}

crate::each_engine! {
    async fn c4_sent_delayed_and_bounced_are_told_apart(engine) {
        let smtp = Smtp::start();
        let t = TestApp::with(engine, |s| s.smtp_url = Some(smtp.url.clone()));
        let practice = t.practice("Calm Harbour").await;
        let id = t.client(&practice, json!({"email": "ana@example.org", "send_invitation": true})).await;
        smtp.answer("451 4.7.1 try later");
        t.send_mail().await;
        let told = history(&t, &practice, &id).await;
        assert_eq!(kinds(&told["items"][0]), ["queued", "delayed"]);
        assert_eq!(told["items"][0]["state"], "queued", "a mail that is put off is not sent");
        smtp.answer("250 ok");
        t.advance_minutes(1);
        t.run_jobs().await;
        assert_eq!(smtp.taken().len(), 1);
        let sent = history(&t, &practice, &id).await;
        assert_eq!(
            (kinds(&sent["items"][0]).join(" "), &sent["items"][0]["state"]),
            ("queued delayed sent".into(), &json!("sent"))
        );
        // Refused for good.
        smtp.answer("550 5.1.1 no such person");
        let gone = t.client(&practice, json!({"email": "gone@example.org", "send_invitation": true})).await;
        t.send_mail().await;
        let bounced = history(&t, &practice, &gone).await;
        assert_eq!(
            (kinds(&bounced["items"][0]).join(" "), &bounced["items"][0]["state"]),
            ("queued bounced".into(), &json!("bounced"))
        );
        assert!(
            bounced["items"][0]["events"][0]["detail"].as_str().expect("a reason").contains("no such person"),
            "{bounced}"
        );
        let mut owner = t.signed_in(&practice.owner_email).await;
        assert!(owner.get("/home").await.text.contains("gone@example.org"), "what bounced needs a hand");
        let page = owner.get(&format!("/clients/{gone}")).await.text;
        assert!(page.contains("Bounced") && page.contains("Resend invitation"), "{page}");
        // A bounce supersedes nothing: the older link of the first one goes on working while its newer one bounces.
        let link = testkit::parse_mail(&smtp.taken()[0].text).link();
        press_invite(&mut owner, &id).await;
        t.send_mail().await;
        assert_eq!(t.browser().open_link(&link).await.status, 200);
    }
}
