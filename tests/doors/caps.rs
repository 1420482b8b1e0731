//! Caps that are not about passwords: links asked for, invitations sent, and what a device is still known for. And what
//! was unavailable is written down.

use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use testkit::ruh::db::DbError;
use testkit::ruh::error::Error;
use testkit::{Browser, PASSWORD, TestApp, TestPractice, both_engines, json};

use crate::capture::Log;
use crate::support::{OTHER, signed_in_with};

fn asked(t: &TestApp) -> i64 {
    t.raw.count("select count(*) from reset_requests")
}

/// Adds clients with one address, and returns the outcome of the last one's invitation: the state, or nothing.
async fn invite(t: &TestApp, practice: &TestPractice, email: &str) -> Option<String> {
    let mut program = t.browser().bearer(&t.token(practice, practice.owner).await);
    let body = json!({"first_name": "Ana", "last_name": "Marchetti", "email": email, "send_invitation": true});
    let added = program.json("POST", "/api/v1/clients", &body).await;
    assert_eq!(added.status, 201, "{}", added.text);
    added.json()["invitation"]["state"].as_str().map(str::to_string)
}

/// Invites the newest client again, by the page and by the API: what is said, and the status.
async fn invite_again(t: &TestApp, practice: &TestPractice) -> (String, u16) {
    let id = t.raw.rows("select id from clients order by id desc limit 1")[0][0].clone().expect("a client");
    let id = uuid::Uuid::parse_str(&id).expect("an id");
    let mut owner = t.signed_in(&practice.owner_email).await;
    owner.post(&format!("/clients/{id}/invite"), &[]).await;
    let page = owner.get(&format!("/clients/{id}")).await.text;
    let mut program = t.browser().bearer(&t.token(practice, practice.owner).await);
    let answer = program.json("POST", &format!("/api/v1/clients/{id}/invitations"), &json!({})).await;
    if answer.status == 429 {
        assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0), "{:?}", answer.headers);
    }
    (page, answer.status)
}

async fn guess_ten_times(t: &TestApp, email: &str) {
    for n in 0..10 {
        let fields = [("email", email), ("password", "wrong")];
        assert_eq!(t.browser().from([10, 0, 0, n]).post("/sign-in", &fields).await.status, 422);
    }
}

both_engines! {
    async fn r66_links_asked_for_are_capped_per_network(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let mut known = t.signed_in(&practice.owner_email).await.from([10, 0, 0, 1]);
        let mut network = t.browser().from([10, 0, 0, 1]);
        let mut pages = std::collections::BTreeSet::new();
        for n in 0..40 {
            let answer = network.post("/forgot", &[("email", &format!("person{n}@example.org"))]).await;
            pages.insert((answer.status, answer.text));
        }
        assert_eq!(pages.len(), 1, "whoever is refused is told the same");
        assert_eq!(asked(&t), 30);
        network.post("/forgot", &[("email", &practice.owner_email)]).await;
        assert_eq!(asked(&t), 30, "an address that has an account makes no difference");
        // A device that has signed in to an address asks for it all the same, and for no other.
        known.post("/forgot", &[("email", "person50@example.org")]).await;
        assert_eq!(asked(&t), 30);
        known.post("/forgot", &[("email", &practice.owner_email)]).await;
        assert_eq!(asked(&t), 31);
        // Other networks are not concerned, and the hour ends.
        t.browser().from([10, 0, 0, 2]).post("/forgot", &[("email", "person60@example.org")]).await;
        assert_eq!(asked(&t), 32);
        t.advance(Duration::from_secs(3_601));
        network.post("/forgot", &[("email", "person70@example.org")]).await;
        assert_eq!(asked(&t), 33);
    }

    async fn r66_one_question_is_answered_by_one_mail_and_ten_in_a_day(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let elsewhere = t.practice("Elsewhere").await;
        for practice in [&practice, &practice, &elsewhere] {
            assert!(invite(&t, practice, "parent@example.org").await.is_some());
        }
        t.send_mail().await;
        let mails = |address: &str| t.mails().iter().filter(|mail| mail.to.contains(address)).count();
        assert_eq!(mails("parent@example.org"), 3);
        t.browser().post("/forgot", &[("email", "parent@example.org")]).await;
        t.run_jobs().await;
        assert_eq!(mails("parent@example.org"), 4, "three open invitations, and one mail more");
        for hour in 0..5 {
            for n in 0..6 {
                t.browser().from([10, 0, hour, n]).post("/forgot", &[("email", &practice.owner_email)]).await;
                t.run_jobs().await;
            }
            t.advance(Duration::from_secs(3_601));
        }
        assert_eq!(mails(&practice.owner_email), 10);
        // The last of them opens the account all the same.
        let mut owner = t.browser();
        owner.open_link(&t.mail_to(&practice.owner_email).link()).await;
        assert_eq!(owner.post("/reset", &[("password", "lantern orchid gravel 7")]).await.status, 303);
    }

    async fn r66_a_stranger_with_an_older_link_uses_up_nothing_of_the_practice(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        assert!(invite(&t, &practice, "ana@example.org").await.is_some());
        t.send_mail().await;
        let older = t.mail_to("ana@example.org").link();
        assert_eq!(invite_again(&t, &practice).await.1, 201);
        t.send_mail().await;
        let newer = t.mail_to("ana@example.org").link();
        let before = t.mails().len();
        let mut stranger = t.browser();
        stranger.open_link(&older).await;
        for _ in 0..8 {
            assert_eq!(stranger.post("/invitation/again", &[]).await.status, 200);
            t.send_mail().await;
        }
        assert_eq!(t.mails().len(), before + 5, "five in a day");
        assert_eq!(t.mail_to("ana@example.org").link(), newer, "the same link");
        assert_eq!(invite_again(&t, &practice).await.1, 201, "staff may still send");
    }

    async fn r66_invitations_to_one_address_are_capped_over_all_clients(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let family = "family@example.org";
        for n in 0..20 {
            let spelt = if n % 2 == 0 { family.to_uppercase() } else { family.into() };
            assert_eq!(invite(&t, &practice, &spelt).await.as_deref(), Some("queued"), "{n}");
        }
        assert_eq!(invite(&t, &practice, family).await, None, "added, and not invited");
        let (page, status) = invite_again(&t, &practice).await;
        assert!(page.contains("Twenty invitations went to this email"), "{page}");
        assert_eq!(status, 429);
        assert_eq!(t.raw.count("select count(*) from invitations"), 20);
        // Other addresses and practices are not concerned, and the day ends.
        assert!(invite(&t, &practice, "other@example.org").await.is_some());
        let elsewhere = t.practice("Elsewhere").await;
        assert!(invite(&t, &elsewhere, family).await.is_some());
        t.advance(Duration::from_secs(24 * 3_600 + 1));
        assert!(invite(&t, &practice, family).await.is_some());
    }

    async fn r66_invitations_of_a_practice_are_capped(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        assert!(invite(&t, &practice, "first@example.org").await.is_some());
        // As after 1,999 in a day.
        t.raw.run("update guesses set tries = 1999");
        assert!(invite(&t, &practice, "last@example.org").await.is_some());
        assert_eq!(invite(&t, &practice, "one-more@example.org").await, None);
        let (page, status) = invite_again(&t, &practice).await;
        assert!(page.contains("has sent 2,000 invitations"), "{page}");
        assert_eq!(status, 429);
        // Whoever adds a client on the page is told.
        let mut owner = t.signed_in(&practice.owner_email).await;
        let new = [("first_name", "Bea"), ("last_name", "Brook"), ("email", "bea@example.org"), ("send_invitation", "true")];
        let added = owner.post("/clients", &new).await;
        assert_eq!(added.status, 303, "{}", added.text);
        let page = owner.get(added.location()).await.text;
        assert!(page.contains("limit of invitations is reached"), "{page}");
        let elsewhere = t.practice("Elsewhere").await;
        assert!(invite(&t, &elsewhere, "one-more@example.org").await.is_some());
        t.advance(Duration::from_secs(24 * 3_600 + 1));
        assert!(invite(&t, &practice, "tomorrow@example.org").await.is_some());
    }

    async fn r65_a_device_is_known_as_long_as_the_password(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let email = practice.owner_email.clone();
        let mut stolen = t.signed_in(&email).await;
        let mut own = t.signed_in(&email).await;
        let changed = own.post("/settings/security/password", &[("current_password", PASSWORD), ("password", OTHER)]).await;
        assert_eq!(changed.status, 303, "{}", changed.text);
        guess_ten_times(&t, &email).await;
        let fields = [("email", email.as_str()), ("password", OTHER)];
        assert_eq!(stolen.post("/sign-in", &fields).await.status, 429, "known by the old password only");
        assert_eq!(own.post("/sign-in", &fields).await.status, 303, "the device where it was changed");
        // And each sign-in makes a device known anew.
        t.advance(Duration::from_secs(901));
        let mut again = signed_in_with(&t, &email, OTHER).await;
        guess_ten_times(&t, &email).await;
        assert_eq!(again.post("/sign-in", &fields).await.status, 303);
    }

    async fn what_is_unavailable_is_logged_with_its_reference(t: TestApp) {
        let log = Log::everything();
        let broken = || async { Err::<(), _>(Error::Db(DbError::Unavailable("the disk is away".into()))) };
        let router = Router::new()
            .route("/page", get(broken))
            .route("/api/page", get(broken))
            .layer(from_fn_with_state(
                testkit::ruh::web::Finish { app: t.app.clone(), uploads: [].into() },
                testkit::ruh::web::finish,
            ));
        let mut browser = Browser::new(router);
        assert_eq!(browser.get("/page").await.status, 503);
        let answer = browser.get("/api/page").await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, "5"));
        let reference = answer.json()["reference"].as_str().expect("a reference").to_string();
        let text = log.text();
        let lines: Vec<_> = text.lines().filter(|line| line.contains(&reference)).collect();
        assert_eq!(lines.len(), 2, "why, and the request: {lines:?}");
        assert!(lines[0].contains("WARN") && lines[0].contains("the disk is away"), "{lines:?}");
        assert!(lines[1].contains("503"), "{lines:?}");
    }
}
