//! Guessing codes: capped per account, however often the sign-in is begun, without locking out the owner's known device.

use std::time::Duration;

use testkit::{PASSWORD, both_engines};

use crate::support::{before_the_code, set_up_codes};

both_engines! {
    async fn r65_guessing_codes_is_capped_however_often_it_is_begun(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let (app, codes) = set_up_codes(&t, &mut owner).await;
        owner.post("/sign-out", &[]).await;
        for n in 0..10_u8 {
            let mut stranger = before_the_code(&t, &practice.owner_email).await.from([10, 0, 0, n]);
            let code = format!("{:06}", 111_111 + u32::from(n));
            assert_eq!(stranger.post("/sign-in/code", &[("code", &code)]).await.status, 422, "{n}");
        }
        let fields = [("email", practice.owner_email.as_str()), ("password", PASSWORD)];
        let mut stranger = t.browser().from([10, 9, 9, 9]);
        assert_eq!(stranger.post("/sign-in", &fields).await.status, 303);
        for code in [app.code(&t), codes[0].clone()] {
            let refused = stranger.post("/sign-in/code", &[("code", &code)]).await;
            assert_eq!(refused.status, 429, "not even the right one");
            assert!((1..=900).contains(&refused.header("retry-after").parse::<u64>().expect("seconds")));
        }
        // The owner, where they have been before, gets in all the same.
        assert_eq!(owner.post("/sign-in", &fields).await.location(), "/sign-in/code");
        assert_eq!(owner.post("/sign-in/code", &[("code", &app.code(&t))]).await.status, 303);
        // And is capped there, too.
        owner.post("/sign-out", &[]).await;
        owner.post("/sign-in", &fields).await;
        for _ in 0..10 {
            assert_eq!(owner.post("/sign-in/code", &[("code", "111111")]).await.status, 422);
        }
        assert_eq!(owner.post("/sign-in/code", &[("code", &codes[0])]).await.status, 429);
    }

    async fn r65_a_day_of_guessing_codes_is_capped(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let (app, _) = set_up_codes(&t, &mut owner).await;
        let mut tried = 0;
        for _ in 0..8 {
            let mut stranger = before_the_code(&t, &practice.owner_email).await;
            while stranger.post("/sign-in/code", &[("code", "111111")]).await.status == 422 {
                tried += 1;
            }
            t.advance(Duration::from_secs(901));
        }
        assert_eq!(tried, 50);
        let mut stranger = before_the_code(&t, &practice.owner_email).await;
        assert_eq!(stranger.post("/sign-in/code", &[("code", &app.code(&t))]).await.status, 429);
        t.advance(Duration::from_secs(24 * 3600));
        let mut stranger = before_the_code(&t, &practice.owner_email).await;
        assert_eq!(stranger.post("/sign-in/code", &[("code", &app.code(&t))]).await.status, 303);
    }

    async fn nothing_typed_is_no_try(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (app, _) = set_up_codes(&t, &mut t.signed_in(&practice.owner_email).await).await;
        let mut browser = before_the_code(&t, &practice.owner_email).await;
        for _ in 0..12 {
            assert_eq!(browser.post("/sign-in/code", &[("code", " ")]).await.status, 422);
        }
        assert_eq!(browser.post("/sign-in/code", &[("code", &app.code(&t))]).await.status, 303);
    }
}
