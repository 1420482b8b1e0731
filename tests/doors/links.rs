//! The link of an invitation: opened for ever, used once, and silent about whom it was for once it is dead.

use testkit::{PASSWORD, both_engines, json};

use crate::support::{
    OTHER, accept, change_email, history, invited, kinds, newest_invitation, path, press_invite, token,
};

both_engines! {
    async fn r1_opening_never_uses_an_invitation_up(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, link) = invited(&t, &practice, "ana@example.org").await;
        // HEAD is a look from outside: nothing is written down.
        for _ in 0..20 {
            let looked = t.browser().head(&path(&link)).await;
            assert_eq!((looked.status, looked.text.as_str()), (303, ""));
        }
        let before = history(&t, &practice, &id).await;
        assert_eq!(kinds(&before["items"][0]), ["queued", "kept"]);
        let mut scanner = t.browser();
        for _ in 0..20 {
            let page = scanner.open_link(&link).await;
            assert_eq!(page.status, 200);
            assert!(page.text.contains("ana@example.org"));
            scanner.head("/invitation").await;
        }
        let after = newest_invitation(&t, &practice, &id).await;
        let opened = history(&t, &practice, &id).await;
        assert_eq!(after["state"], "kept", "opened is not used");
        assert_eq!(kinds(&opened["items"][0]).iter().filter(|kind| *kind == "opened").count(), 20);
        assert_eq!(t.raw.count("select count(*) from portal_access"), 0);
        // Posting a password that is refused does not use it either; one that is taken does.
        assert_eq!(scanner.post("/invitation", &[("password", "short")]).await.status, 422);
        let (_, answer) = accept(&t, &link, PASSWORD).await;
        assert_eq!((answer.status, answer.location()), (303, "/portal"));
        assert_eq!(newest_invitation(&t, &practice, &id).await["state"], "accepted");
        assert_eq!(t.browser().open_link(&link).await.status, 410);
    }

    async fn r1_a_scanner_fills_no_table(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, link) = invited(&t, &practice, "ana@example.org").await;
        let mut scanner = t.browser();
        for _ in 0..70 {
            scanner.get(&path(&link)).await;
        }
        assert_eq!(t.raw.count("select count(*) from invitation_events where kind = 'opened'"), 50);
    }

    async fn r2_a_newer_link_takes_over_when_it_leaves_the_outbox(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, older) = invited(&t, &practice, "ana@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        press_invite(&mut owner, &id).await;
        // Queued, not gone: the older one still opens.
        assert_eq!(t.browser().open_link(&older).await.status, 200);
        // Undone: the older one stays, for good.
        let queued = newest_invitation(&t, &practice, &id).await;
        let queued = queued["id"].as_str().expect("an id").to_string();
        owner.post(&format!("/invitations/{queued}/undo"), &[]).await;
        t.send_mail().await;
        assert_eq!(t.browser().open_link(&older).await.status, 200, "Undo keeps the older one alive");
        assert_eq!(t.mails().len(), 1);
        // Sent: the older one says so, and nothing about whom it was for.
        press_invite(&mut owner, &id).await;
        t.send_mail().await;
        let newer = t.mail_to("ana@example.org").link();
        assert_ne!(older, newer);
        let (_, refused) = accept(&t, &older, PASSWORD).await;
        assert_eq!(refused.status, 410);
        assert!(refused.text.contains("A newer link was sent"), "{}", refused.text);
        assert!(!refused.text.contains("ana@example.org") && !refused.text.contains("Ana"), "{}", refused.text);
        let (_, answer) = accept(&t, &newer, PASSWORD).await;
        assert_eq!(answer.status, 303);
    }

    async fn r2_the_older_link_has_the_newer_sent_again_to_the_address_on_file(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, older) = invited(&t, &practice, "ana@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        press_invite(&mut owner, &id).await;
        t.send_mail().await;
        let mut ana = t.browser();
        assert!(ana.open_link(&older).await.text.contains("/invitation/again"));
        let sent = ana.post("/invitation/again", &[("email", "eve@evil.example")]).await;
        assert_eq!(sent.status, 200);
        t.send_mail().await;
        assert_eq!(t.mails().len(), 3);
        assert!(t.mails().iter().all(|mail| mail.to.contains("ana@example.org")));
        assert_eq!(accept(&t, &t.mail_to("ana@example.org").link(), PASSWORD).await.1.status, 303);
        // A link that opens nothing gets the same words and sends nothing.
        let mut stranger = t.browser();
        let nothing = stranger.post("/invitation/again", &[]).await;
        assert_eq!((nothing.status, nothing.text), (200, sent.text));
        t.send_mail().await;
        assert_eq!(t.mails().len(), 3);
    }

    async fn r2_dead_links_reveal_nothing(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, good) = invited(&t, &practice, "used@example.org").await;
        accept(&t, &good, PASSWORD).await;
        let (changed, void) = invited(&t, &practice, "void@example.org").await;
        change_email(&t, &practice, &changed, None).await;
        let (resent, superseded) = invited(&t, &practice, "superseded@example.org").await;
        press_invite(&mut t.signed_in(&practice.owner_email).await, &resent).await;
        t.send_mail().await;
        let (other, undone) = invited(&t, &practice, "undone@example.org").await;
        let unsent = t.raw.id(&other);
        t.raw.run(&format!("update invitations set state = 'undone' where client_id = {unsent}"));
        let mut broken = token(&good).into_bytes();
        broken[40] = if broken[40] == b'A' { b'B' } else { b'A' };
        let garbage = format!("http://localhost:8080/invitation/{}", String::from_utf8(broken).expect("text"));
        let nonsense = "http://localhost:8080/invitation/nonsense".to_string();
        let mut unknown = Vec::new();
        for (link, status) in
            [(&good, 410), (&superseded, 410), (&void, 404), (&undone, 404), (&garbage, 404), (&nonsense, 404)]
        {
            let mut browser = t.browser();
            let opened = browser.open_link(link).await;
            let posted = browser.post("/invitation", &[("password", OTHER)]).await;
            for answer in [&opened, &posted] {
                assert_eq!(answer.status, status, "{link}: {}", answer.text);
                for told in ["example.org", "Ana", "Marchetti", "Calm Harbour", "Olive"] {
                    assert!(!answer.text.contains(told), "{link} tells {told}: {}", answer.text);
                }
            }
            if status == 404 {
                unknown.push(opened.text);
            }
        }
        assert!(unknown.iter().all(|text| *text == unknown[0]), "all that is unknown looks the same");
    }

    async fn r9_the_token_leaves_the_address(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, link) = invited(&t, &practice, "ana@example.org").await;
        t.client_in_portal(&practice, "bea@example.org").await;
        t.browser().post("/forgot", &[("email", "bea@example.org")]).await;
        t.run_jobs().await;
        let reset = t.mail_to("bea@example.org").link();
        assert!(reset.contains("/reset/"));
        for link in [&link, &reset] {
            let mut browser = t.browser();
            let first = browser.get(&path(link)).await;
            assert_eq!(first.status, 303);
            assert_eq!(first.header("referrer-policy"), "no-referrer");
            assert_eq!(first.header("cache-control"), "no-store");
            assert!(!first.location().contains(&token(link)) && first.location().starts_with('/'));
            let cookie = first.header("set-cookie");
            assert!(cookie.contains(&token(link)), "the token goes on in a cookie: {cookie}");
            for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(cookie.contains(attribute), "{cookie}");
            }
            let to = first.location().to_string();
            let page = browser.get(&to).await;
            assert_eq!(page.status, 200);
            assert!(!page.text.contains(&token(link)), "the page does not hold the token");
            for address in crate::pages::addresses(&page.text) {
                assert!(address.starts_with('/') && !address.starts_with("//"), "another host: {address}");
            }
            // Counter-case: on any other page the referrer may stay in the house.
            assert_eq!(page.header("referrer-policy"), "same-origin");
        }
    }

    async fn r9_the_token_is_derived_and_the_same_each_time(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, link) = invited(&t, &practice, "ana@example.org").await;
        assert!(t.mail_to("ana@example.org").html.contains(&token(&link)));
        // A repeat of the same job says the same link: the outbox holds ids only.
        let rows = t.raw.rows("select * from jobs");
        assert!(rows.is_empty());
        let whole = t.client(&practice, json!({"email": "bea@example.org", "send_invitation": true})).await;
        let jobs = t.raw.rows("select kind, last_error from jobs");
        assert_eq!(jobs, [[Some("invitation.send".to_string()), None]]);
        t.send_mail().await;
        assert!(!t.mail_to("bea@example.org").link().contains(&whole));
    }
}
