//! Guessing passwords: capped per account and per network address, without locking out the owner's known device.

use testkit::{PASSWORD, TestApp, both_engines};

type Fields<'a> = &'a [(&'a str, &'a str)];

/// One try from a device that nobody knows.
async fn guess(t: &TestApp, ip: [u8; 4], email: &str, password: &str) -> u16 {
    t.browser().from(ip).post("/sign-in", &[("email", email), ("password", password)]).await.status
}

both_engines! {
    async fn r65_guessing_at_an_account_is_capped(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let email = practice.owner_email.clone();
        for n in 0..10_u8 {
            // From ten networks, in ten spellings: it is one account.
            let spelt = if n % 2 == 0 { email.to_uppercase() } else { format!(" {email} ") };
            assert_eq!(guess(&t, [10, 0, 0, n], &spelt, "wrong").await, 422, "{n}");
        }
        let refused =
            t.browser().from([10, 0, 1, 1]).post("/sign-in", &[("email", &email), ("password", PASSWORD)]).await;
        assert_eq!(refused.status, 429, "not even the right password, from a device that was never here");
        let wait: u64 = refused.header("retry-after").parse().expect("seconds");
        assert!((1..=900).contains(&wait), "{wait}");
        assert!(refused.text.contains("too many tries"));
        // Other accounts are not concerned, and the wait ends.
        assert_eq!(guess(&t, [10, 0, 1, 1], "nobody@example.org", "wrong").await, 422);
        t.advance(std::time::Duration::from_secs(wait + 1));
        assert_eq!(guess(&t, [10, 0, 1, 1], &email, PASSWORD).await, 303);
    }

    async fn r65_the_owners_known_device_still_gets_in(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let email = practice.owner_email.clone();
        let mut known = t.signed_in(&email).await;
        known.post("/sign-out", &[]).await;
        for n in 0..30 {
            guess(&t, [10, 0, 0, n], &email, "wrong").await;
        }
        assert_eq!(guess(&t, [10, 0, 9, 9], &email, PASSWORD).await, 429);
        let fields = [("email", email.as_str()), ("password", PASSWORD)];
        assert_eq!(known.copy().post("/sign-in", &fields).await.status, 303, "the known device");
        // A device cookie made up, or that of somebody else, is no known device.
        let other = t.practice("Elsewhere").await;
        let theirs = t.signed_in(&other.owner_email).await.cookies["ruh-device"].clone();
        let made_up = theirs.replace('.', "A.");
        for cookie in [theirs.as_str(), made_up.as_str(), "x.y", "."] {
            let mut browser = t.browser();
            browser.cookies.insert("ruh-device".into(), cookie.to_string());
            assert_eq!(browser.post("/sign-in", &fields).await.status, 429, "{cookie}");
        }
        // Whoever sits at the known device is capped too.
        for _ in 0..10 {
            let answer = known.post("/sign-in", &[("email", &email), ("password", "wrong")]).await;
            assert_eq!(answer.status, 422);
        }
        assert_eq!(known.post("/sign-in", &fields).await.status, 429);
    }

    async fn r65_guessing_from_one_network_is_capped_over_all_accounts(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        for n in 0..100 {
            assert_eq!(guess(&t, [10, 0, 0, 1], &format!("person{n}@example.org"), "wrong").await, 422, "{n}");
        }
        assert_eq!(guess(&t, [10, 0, 0, 1], "one-more@example.org", "wrong").await, 429);
        assert_eq!(guess(&t, [10, 0, 0, 1], &practice.owner_email, PASSWORD).await, 429);
        // A header that nobody vouches for changes no network.
        let mut liar =
            t.browser().from([10, 0, 0, 1]).with("x-forwarded-for", "10.9.9.9").with("forwarded", "for=10.9.9.9");
        let fields = [("email", practice.owner_email.as_str()), ("password", PASSWORD)];
        assert_eq!(liar.post("/sign-in", &fields).await.status, 429);
        assert_eq!(guess(&t, [10, 0, 0, 2], &practice.owner_email, PASSWORD).await, 303);
    }

    async fn r65_one_network_of_ipv6_is_one_network(t: TestApp) {
        let try_from = async |host: u16, email: String| {
            let mut browser = t.browser();
            browser.address = (std::net::Ipv6Addr::new(0x2001, 0xdb8, 1, 1, host, host, host, host), 1).into();
            browser.post("/sign-in", &[("email", email.as_str()), ("password", "wrong")]).await.status
        };
        for n in 0..100 {
            assert_eq!(try_from(n, format!("person{n}@example.org")).await, 422);
        }
        assert_eq!(try_from(5_000, "one-more@example.org".into()).await, 429);
        let mut neighbour = t.browser();
        neighbour.address = (std::net::Ipv6Addr::new(0x2001, 0xdb8, 1, 2, 0, 0, 0, 1), 1).into();
        let answer = neighbour.post("/sign-in", &[("email", "x@example.org"), ("password", "wrong")]).await;
        assert_eq!(answer.status, 422);
    }

    async fn r65_many_guesses_at_once_are_counted_before_they_are_made(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let before = t.app.passwords.checks();
        let mut all = tokio::task::JoinSet::new();
        for n in 0..60_u8 {
            let mut browser = t.browser().from([10, 0, 0, n]);
            let email = practice.owner_email.clone();
            all.spawn(async move {
                browser.post("/sign-in", &[("email", email.as_str()), ("password", "wrong")]).await.status
            });
        }
        let answers = all.join_all().await;
        assert_eq!(answers.iter().filter(|status| **status == 422).count(), 10, "{answers:?}");
        assert_eq!(answers.iter().filter(|status| **status == 429).count(), 50, "{answers:?}");
        assert_eq!(t.app.passwords.checks() - before, 10, "what is refused costs no hash");
    }

    async fn r65_a_success_forgives(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let email = practice.owner_email.clone();
        for _ in 0..3 {
            for _ in 0..9 {
                assert_eq!(guess(&t, [10, 0, 0, 1], &email, "wrong").await, 422);
            }
            assert_eq!(guess(&t, [10, 0, 0, 1], &email, PASSWORD).await, 303);
        }
        // Only the account's tries: those of the network stay counted, or guessing would be free between two successes.
        let left = t.raw.rows("select tries from guesses");
        assert_eq!(left, [[Some("30".to_string())]]);
    }

    async fn r65_every_door_that_takes_a_password_counts(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, portal) = t.client_in_portal(&practice, "ana@example.org").await;
        let owner = t.signed_in(&practice.owner_email).await;
        let email = [("new_email", "new@example.org"), ("password", "wrong")];
        let own = [("current_password", "wrong"), ("password", "copper meadow whistle")];
        let doors: [(&testkit::Browser, &str, Fields); 3] = [
            (&portal, "/portal/email", &email),
            (&owner, "/settings/security/password", &own),
            (&portal, "/session/renew", &email[1..]),
        ];
        for (browser, path, fields) in doors {
            t.raw.run("delete from guesses");
            let before = t.app.passwords.checks();
            for _ in 0..15 {
                browser.copy().post(path, fields).await;
            }
            assert_eq!(t.app.passwords.checks() - before, 10, "{path}");
        }
        // And the link of an invitation that asks for an account's password.
        let (_, link) = crate::support::invited(&t, &t.practice("Elsewhere").await, "ana@example.org").await;
        let mut stranger = t.browser();
        stranger.open_link(&link).await;
        let before = t.app.passwords.checks();
        for _ in 0..15 {
            stranger.post("/invitation", &[("password", "wrong wrong wrong")]).await;
        }
        assert_eq!(t.app.passwords.checks() - before, 10);
    }
}
