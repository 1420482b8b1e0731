//! A5: `ruh demo` fills a made-up practice to look around in.

use std::collections::BTreeSet;

use ruh::audit::Verdict;
use testkit::{PASSWORD, both_engines};

both_engines! {
    async fn a5_the_made_up_practice_is_lively_and_leaves_nothing_to_the_outbox(t: TestApp) {
        let made = ruh::demo::make(&t.app, PASSWORD, 0).await.unwrap();
        assert_eq!(t.raw.count("select count(*) from clients where status <> 'merged'"), 40);
        assert_eq!(t.raw.count("select count(*) from merges where undone_at is null"), 1);
        assert_eq!(t.raw.count("select count(*) from members where sees_clients and disabled_at is null"), 3);
        assert_eq!(t.raw.count("select count(*) from clients where source = 'invite_link'"), 2);
        assert_eq!(t.raw.count("select count(*) from clients where status = 'archived'"), 1);
        assert_eq!(t.raw.count("select count(*) from member_invitations where state = 'sent'"), 1);
        assert!(t.raw.count("select count(distinct group_id) from clients") >= 3);
        let states: BTreeSet<_> = t.raw.rows("select distinct state from invitations").into_iter().flatten().flatten().collect();
        let every = ["accepted", "bounced", "kept", "queued", "sent", "superseded", "undone", "void"];
        assert_eq!(states, every.map(str::to_string).into());
        // Made-up addresses are never written to, whoever runs a server beside it.
        assert_eq!(t.raw.count("select count(*) from jobs"), 0);
        assert!(t.mails().is_empty());
        for (what, address) in &made.people {
            let mut browser = t.signed_in(address).await;
            let landing = browser.get("/").await;
            let page = browser.get(landing.location()).await;
            assert_eq!(page.status, 200, "{what}");
            let wanted = match *what {
                "Client" => "Hello, Ana",
                "Mother of two clients" => "Leo",
                _ => "Harbour Light Therapy",
            };
            assert!(page.text.contains(wanted), "{what}: {}", page.text);
        }
        ruh::jobs::housekeeping(&t.app).await;
        assert!(matches!(ruh::audit::verify(&t.app).await.unwrap(), Verdict::Whole { .. }));
        let again = ruh::demo::make(&t.app, PASSWORD, 0).await;
        assert!(again.is_err_and(|e| e.to_string().contains("here already")));
        assert_eq!(t.raw.count("select count(*) from clients where status <> 'merged'"), 40);
    }

    async fn a5_the_made_up_practice_can_be_crowded(t: TestApp) {
        ruh::demo::make(&t.app, PASSWORD, 120).await.unwrap();
        assert_eq!(t.raw.count("select count(*) from clients where status <> 'merged'"), 160);
        assert_eq!(t.raw.count("select count(*) from jobs"), 0);
    }
}
