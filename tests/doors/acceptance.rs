//! Accepting: once, and only as whom the invitation is for.

use testkit::{PASSWORD, both_engines, json};

use crate::support::{OTHER, accept, alive, change_email, invited, lets_in, opens};

both_engines! {
    async fn r3_one_account_of_a_hundred_acceptances(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, link) = invited(&t, &practice, "ana@example.org").await;
        let mut first = t.browser();
        first.open_link(&link).await;
        let mut all = tokio::task::JoinSet::new();
        for n in 0..100 {
            let mut browser = first.copy();
            let password = format!("lantern orchid gravel {n}");
            all.spawn(async move { (n, browser.post("/invitation", &[("password", &password)]).await) });
        }
        let mut winners = Vec::new();
        while let Some(done) = all.join_next().await {
            let (n, answer) = done.expect("an answer");
            match answer.status {
                303 => winners.push(n),
                410 => assert!(answer.text.contains("You are already in"), "{}", answer.text),
                other => panic!("{n}: {other}: {}", answer.text),
            }
        }
        assert_eq!(winners.len(), 1, "{winners:?}");
        assert_eq!(t.raw.count("select count(*) from account_emails where email_key = 'ana@example.org'"), 1);
        assert_eq!(t.raw.count("select count(*) from accounts"), 2, "the owner's and one more");
        assert_eq!(t.raw.count("select count(*) from portal_access"), 1);
        assert_eq!(t.raw.count("select count(*) from invitation_events where kind = 'accepted'"), 1);
        assert_eq!(t.raw.count("select count(*) from activities where kind = 'invitation.accepted'"), 1);
        // The winner's password is the one that counts. Those who came second may have been counted as guessing.
        t.raw.run("delete from guesses");
        assert!(lets_in(&t, "ana@example.org", &format!("lantern orchid gravel {}", winners[0])).await);
        let loser = (winners[0] + 1) % 100;
        assert!(!lets_in(&t, "ana@example.org", &format!("lantern orchid gravel {loser}")).await);
    }

    async fn r3_two_invitations_of_one_address_at_once_make_one_account(t: TestApp) {
        // A parent with two children: two records, one address, both links opened at the same moment.
        let practice = t.practice("Calm Harbour").await;
        let (_, one) = invited(&t, &practice, "parent@example.org").await;
        t.client(&practice, json!({"first_name": "Ben", "email": "parent@example.org", "send_invitation": true})).await;
        t.send_mail().await;
        let two = t.mail_to("parent@example.org").link();
        assert_ne!(one, two);
        let ((mut a, first), (mut b, second)) = tokio::join!(accept(&t, &one, PASSWORD), accept(&t, &two, PASSWORD));
        // Whoever comes second is asked for the account's password once more, or is in already.
        for (browser, answer) in [(&mut a, first), (&mut b, second)] {
            if answer.status != 303 {
                assert!(matches!(answer.status, 409 | 422), "{}: {}", answer.status, answer.text);
                assert_eq!(browser.post("/invitation", &[("password", PASSWORD)]).await.status, 303);
            }
        }
        assert_eq!(t.raw.count("select count(*) from account_emails where email_key = 'parent@example.org'"), 1);
        assert_eq!(t.raw.count("select count(*) from portal_access where ended_at is null"), 2);
        let mut parent = t.signed_in("parent@example.org").await;
        assert_eq!(parent.get("/").await.location(), "/places");
    }

    async fn r5_the_stranger_who_claimed_the_address_first_is_out(t: TestApp) {
        // Somebody has an account whose unconfirmed address is really Ana's: typed wrong by a practice, or on purpose.
        let elsewhere = t.practice("Elsewhere").await;
        let (stranger, mut in_portal) = t.client_in_portal(&elsewhere, "eve@example.net").await;
        assert_eq!(change_email(&t, &elsewhere, &stranger, Some("ana@example.org")).await.status, 200);
        t.send_mail().await;
        assert!(opens(&t, "ana@example.org").await, "the new address and the old password sign in at once");
        let claimed = t.signed_in("ana@example.org").await;
        let practice = t.practice("Calm Harbour").await;
        let (_, link) = invited(&t, &practice, "ana@example.org").await;
        let (mut ana, accepted) = accept(&t, &link, OTHER).await;
        assert_eq!((accepted.status, accepted.location()), (303, "/portal"), "{}", accepted.text);
        // Ana is in her own account, with nothing of the stranger's.
        assert!(lets_in(&t, "ana@example.org", OTHER).await);
        assert!(!opens(&t, "ana@example.org").await, "the stranger's password is dead");
        assert!(!alive(&claimed, "/portal").await, "the stranger's session is dead");
        assert_eq!(in_portal.get("/portal").await.status, 401);
        assert!(ana.get("/portal").await.text.contains("Calm Harbour"));
        assert!(!ana.get("/places").await.text.contains("Elsewhere"));
        // The stranger keeps what was theirs: the address they had proven.
        assert!(opens(&t, "eve@example.net").await);
    }

    async fn r6_an_invitation_for_a_is_not_accepted_as_b(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, mut b) = t.client_in_portal(&practice, "b@example.org").await;
        let (_, link) = invited(&t, &practice, "a@example.org").await;
        b.open_link(&link).await;
        let fields = [
            ("password", OTHER),
            ("email", "b@example.org"),
            ("account", "b"),
            ("account_id", "b"),
            ("client_id", "b"),
        ];
        let answer = b.post("/invitation?email=b@example.org", &fields).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        // Accepted as a@, with a password of its own; b@ got nothing.
        let holders = t.raw.rows(
            "select e.email_key, count(*) from portal_access a join account_emails e on e.account_id = a.account_id
             group by e.email_key order by e.email_key",
        );
        let one = |key: &str| vec![Some(key.to_string()), Some("1".to_string())];
        assert_eq!(holders, [one("a@example.org"), one("b@example.org")]);
        assert!(lets_in(&t, "a@example.org", OTHER).await);
        assert!(opens(&t, "b@example.org").await && !lets_in(&t, "b@example.org", OTHER).await);
    }

    async fn r6_an_address_with_an_account_is_accepted_with_that_accounts_password_only(t: TestApp) {
        let elsewhere = t.practice("Elsewhere").await;
        t.client_in_portal(&elsewhere, "a@example.org").await;
        let practice = t.practice("Calm Harbour").await;
        let (_, mut b) = t.client_in_portal(&practice, "b@example.org").await;
        let hash = |email: &str| {
            t.raw.rows(&format!(
                "select a.password_hash from accounts a join account_emails e on e.account_id = a.id
                 where e.email_key = '{email}'"
            ))
        };
        let before = hash("a@example.org");
        let (_, link) = invited(&t, &practice, "a@example.org").await;
        b.open_link(&link).await;
        // Signed in as b@, with a good new password, or with somebody else's: none of it is a@'s.
        for password in [OTHER, "hammock violet thunder"] {
            let answer = b.post("/invitation", &[("password", password), ("email", "b@example.org")]).await;
            assert_eq!(answer.status, 422, "{}", answer.text);
            assert!(answer.text.contains("There is already an account"), "{}", answer.text);
        }
        assert_eq!(hash("a@example.org"), before, "the account was not touched");
        assert_eq!(t.raw.count("select count(*) from portal_access"), 2);
        let (_, answer) = accept(&t, &link, PASSWORD).await;
        assert_eq!((answer.status, answer.location()), (303, "/portal"));
        assert_eq!(t.raw.count("select count(*) from portal_access"), 3);
        assert_eq!(hash("a@example.org"), before);
    }
}
