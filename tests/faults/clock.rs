//! R50: the clock on the wall is put back an hour, or ahead a day. Nothing goes out twice, and what is dead stays dead.

use std::time::Duration;

use testkit::ruh::access::Role;
use testkit::{PASSWORD, both_engines, json};

use crate::table::Row;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

both_engines! {
    async fn r50_nothing_goes_out_twice_and_nothing_is_stuck(t: TestApp) {
        let row = Row::open("R50", t.app.engine(), "the clock put back an hour, ahead a day: jobs");
        let practice = t.practice("Calm Harbour").await;
        t.client(&practice, json!({"email": "ana@example.org", "send_invitation": true})).await;
        t.send_mail().await;
        assert_eq!(t.mails().len(), 1);
        t.turn_back(HOUR);
        t.run_jobs().await;
        t.advance(DAY);
        t.run_jobs().await;
        assert_eq!(t.mails().len(), 1, "once");
        // Queued just before it is put back: it goes out once, late at most by as much.
        t.client(&practice, json!({"email": "bea@example.org", "send_invitation": true})).await;
        t.turn_back(HOUR);
        t.run_jobs().await;
        assert_eq!(t.mails().len(), 1);
        t.advance(HOUR);
        t.send_mail().await;
        t.send_mail().await;
        assert_eq!(t.mails().len(), 2);
        // Queued in an hour that comes twice, and in the one before.
        t.turn_back(HOUR);
        t.client(&practice, json!({"email": "cleo@example.org", "send_invitation": true})).await;
        t.send_mail().await;
        assert_eq!(t.mails().len(), 3, "what is queued now goes out now");
        t.advance(2 * HOUR);
        t.run_jobs().await;
        assert_eq!(t.mails().len(), 3);
        testkit::ruh::audit::seal(&t.app).await.expect("sealed");
        let verdict = testkit::ruh::audit::verify(&t.app).await.expect("a verdict");
        assert!(matches!(verdict, testkit::ruh::audit::Verdict::Whole { .. }), "{verdict:?}");
        row.held(1, "each mail went out once, nothing was stuck");
    }

    async fn r50_used_and_replaced_links_stay_dead(t: TestApp) {
        let row = Row::open("R50", t.app.engine(), "the same: used and replaced links");
        let practice = t.practice("Calm Harbour").await;
        let id = t.client(&practice, json!({"email": "ana@example.org", "send_invitation": true})).await;
        t.send_mail().await;
        let older = t.mail_to("ana@example.org").link();
        let mut owner = t.signed_in(&practice.owner_email).await;
        owner.post(&format!("/clients/{id}/invite"), &[]).await;
        t.send_mail().await;
        let newer = t.mail_to("ana@example.org").link();
        let mut ana = t.browser();
        ana.open_link(&newer).await;
        assert_eq!(ana.post("/invitation", &[("password", PASSWORD)]).await.status, 303);
        t.browser().post("/forgot", &[("email", "ana@example.org")]).await;
        t.run_jobs().await;
        let reset = t.mail_to("ana@example.org").link();
        let mut holder = t.browser();
        holder.open_link(&reset).await;
        assert_eq!(holder.post("/reset", &[("password", "lantern orchid gravel 7")]).await.status, 303);
        for step in ["back", "ahead"] {
            if step == "back" { t.turn_back(HOUR) } else { t.advance(DAY) }
            for link in [&older, &newer] {
                let mut stranger = t.browser();
                stranger.open_link(link).await;
                let answer = stranger.post("/invitation", &[("password", "somebody else 99")]).await;
                assert_eq!(answer.status, 410, "{step}: {}", answer.text);
            }
            let mut stranger = t.browser();
            stranger.open_link(&reset).await;
            assert_eq!(stranger.post("/reset", &[("password", "somebody else 99")]).await.status, 410, "{step}");
        }
        row.held(1, "dead, both ways");
    }

    async fn r50_an_expired_link_stays_dead_when_the_clock_is_put_back(t: TestApp) {
        let row = Row::open("R50", t.app.engine(), "put back behind an expiry: expired links");
        let links = ["seen", "unseen"].map(|name| format!("{name}@calmharbour.example"));
        let practice = t.practice("Other Shore").await;
        for (n, email) in links.iter().enumerate() {
            t.member(&practice, Role::Provider, email).await;
            t.browser().from([10, 0, 0, n as u8]).post("/forgot", &[("email", email)]).await;
        }
        t.run_jobs().await;
        let links = links.map(|email| t.mail_to(&email).link());
        t.advance(DAY + HOUR);
        // One was opened when it had expired; the other was found by what deletes old things, every hour.
        let mut holder = t.browser();
        holder.open_link(&links[0]).await;
        assert_eq!(holder.get("/reset").await.status, 410);
        testkit::ruh::jobs::purge(&t.app).await.expect("purged");
        t.turn_back(HOUR * 2);
        for link in &links {
            let mut stranger = t.browser();
            stranger.open_link(link).await;
            let answer = stranger.post("/reset", &[("password", "somebody else 99")]).await;
            assert_eq!(answer.status, 410, "{}", answer.text);
            assert!(answer.text.contains("24 hours") || answer.text.contains("expired"), "{}", answer.text);
        }
        row.held(1, "dead, opened before or not");
    }

    async fn r50_a_session_left_alone_is_over_when_the_clock_is_put_back(t: TestApp) {
        let row = Row::open("R50", t.app.engine(), "put back: a session left alone");
        let practice = t.practice("Calm Harbour").await;
        let owner = t.signed_in(&practice.owner_email).await;
        assert_eq!(owner.copy().get("/clients").await.status, 200);
        // A minute's difference between two servers ends nothing.
        t.turn_back(Duration::from_secs(60));
        assert_eq!(owner.copy().get("/clients").await.status, 200);
        t.turn_back(HOUR);
        assert_eq!(owner.copy().get("/clients").await.status, 401);
        t.advance(HOUR);
        assert_eq!(owner.copy().get("/clients").await.status, 401, "for good");
        assert_eq!(t.signed_in(&practice.owner_email).await.get("/clients").await.status, 200);
        row.held(1, "over");
    }

    async fn r50_ids_go_on_growing(t: TestApp) {
        let row = Row::open("R50", t.app.engine(), "put back: ids");
        let mut last = t.app.ids.new_id();
        for step in [0, 1, 3_600, 60] {
            t.turn_back(Duration::from_secs(step));
            for _ in 0..100 {
                let next = t.app.ids.new_id();
                assert!(next > last, "after {step} s back: {last} {next}");
                last = next;
            }
        }
        row.held(1, "go on growing");
    }
}
