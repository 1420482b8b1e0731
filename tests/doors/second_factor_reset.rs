//! A lost device: an owner asks, a day passes, and the holder's own press turns it off.

use std::time::Duration;

use ruh::access::Role;
use testkit::{Answer, Browser, PASSWORD, TestApp, TestPractice, both_engines, json};

use crate::support::{alive, before_the_code, path, set_up_codes, signed_in_with};

const EMAIL: &str = "pro@calm.example";
const DAY: Duration = Duration::from_secs(24 * 3600);

struct Scene {
    practice: TestPractice,
    owner: Browser,
    provider: Browser,
    app: testkit::Authenticator,
    id: String,
}

/// An owner, and a provider with two-step sign-in.
async fn scene(t: &TestApp) -> Scene {
    let practice = t.practice("Calm Harbour").await;
    let id = t.member(&practice, Role::Provider, EMAIL).await.to_string();
    let owner = t.signed_in(&practice.owner_email).await;
    let mut provider = t.signed_in(EMAIL).await;
    let (app, _) = set_up_codes(t, &mut provider).await;
    Scene { practice, owner, provider, app, id }
}

async fn ask(scene: &mut Scene) -> Answer {
    scene.owner.post(&format!("/settings/members/{}/second-factor-reset", scene.id), &[]).await
}

/// Signs the owner in again where a day has passed.
async fn owner_again(t: &TestApp, scene: &mut Scene) {
    scene.owner = t.signed_in(&scene.practice.owner_email).await;
}

/// `ruh second-factor reset`, beside the running program.
fn at_the_console(t: &TestApp, email: &str) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ruh"));
    command.args(["second-factor", "reset", "--email", email]);
    command.env("RUH_DATA_DIR", t.folder()).env("RUH_DATABASE_URL", t.raw.url());
    command.env("RUH_PUBLIC_URL", "http://localhost:8080").output().expect("the binary")
}

both_engines! {
    async fn whoever_runs_the_server_turns_it_off_at_once(t: TestApp) {
        let scene = scene(&t).await;
        let done = at_the_console(&t, EMAIL);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        assert!(!alive(&scene.provider, "/home").await, "sessions end");
        signed_in_with(&t, EMAIL, PASSWORD).await;
        assert_eq!(t.raw.count("select count(*) from jobs where kind = 'second_factor.tell_off'"), 1);
        assert_eq!(t.raw.count("select count(*) from audit_entries where action = 'second_factor.off'"), 1);
        for email in [EMAIL, "nobody@calm.example"] {
            assert_eq!(at_the_console(&t, email).status.code(), Some(1), "{email}");
        }
    }

    async fn after_a_day_the_holders_own_press_turns_it_off(t: TestApp) {
        let mut scene = scene(&t).await;
        assert_eq!(ask(&mut scene).await.status, 303);
        t.run_jobs().await;
        let told = t.mail_to(EMAIL);
        assert_eq!(told.subject, "Your two-step sign-in is to be reset");
        assert!(told.text.contains("Calm Harbour") && !told.text.contains("/two-step/reset/"), "{}", told.text);
        let page = scene.owner.get(&format!("/settings/members/{}", scene.id)).await.text;
        assert!(page.contains("Waiting until"), "{page}");
        let member = scene.owner.get("/api/v1/members").await.json();
        let member = member["items"].as_array().unwrap().iter().find(|m| m["email"] == EMAIL).unwrap().clone();
        assert_eq!(member["second_factor_reset"]["state"], "waiting");
        assert!(scene.provider.get("/settings/security").await.text.contains("Somebody asked to turn this off"));
        // Asked twice is asked once; before its time nothing happens.
        ask(&mut scene).await;
        t.advance(DAY - Duration::from_secs(60));
        t.run_jobs().await;
        assert_eq!(t.mails().iter().filter(|mail| mail.to.contains(EMAIL)).count(), 2, "on, and asked");
        t.advance_minutes(2);
        t.run_jobs().await;
        let mail = t.mail_to(EMAIL);
        assert_eq!(mail.subject, "Turn off two-step sign-in");
        let mut browser = t.browser();
        let page = browser.open_link(&mail.link()).await;
        assert!(page.text.contains("Turn it off"), "{}", page.text);
        // Opening it does nothing; pressing does.
        before_the_code(&t, EMAIL).await;
        let mut halfway = before_the_code(&t, EMAIL).await;
        let live = t.raw.count("select count(*) from sessions where ended_at is null");
        assert!(live > 0);
        let done = browser.post("/two-step/reset", &[]).await;
        assert_eq!(done.location(), "/sign-in?done=second-factor");
        t.run_jobs().await;
        assert_eq!(t.mail_to(EMAIL).subject, "Two-step sign-in is off");
        assert!(!alive(&scene.provider, "/home").await, "sessions end");
        let gone = halfway.post("/sign-in/code", &[("code", &scene.app.code(&t))]).await;
        assert_eq!(gone.location(), "/sign-in?done=code");
        let mut anew = signed_in_with(&t, EMAIL, PASSWORD).await;
        assert_eq!(anew.get("/home").await.status, 200);
        // The link is spent, and the practice may ask for a new one to be set up.
        assert_eq!(browser.open_link(&mail.link()).await.status, 410);
        owner_again(&t, &mut scene).await;
        scene.owner.post("/settings/security/two-step", &[("provider", "true")]).await;
        assert_eq!(anew.get("/home").await.location(), "/two-step/set-up");
        for action in ["member.second_factor_reset_asked", "member.second_factor_reset", "second_factor.off"] {
            let count = t.raw.count(&format!("select count(*) from audit_entries where action = '{action}'"));
            assert_eq!(count, 1, "{action}");
        }
    }

    async fn whoever_has_the_device_stops_it(t: TestApp) {
        let mut scene = scene(&t).await;
        // By signing in with a code.
        ask(&mut scene).await;
        let mut browser = before_the_code(&t, EMAIL).await;
        assert_eq!(browser.post("/sign-in/code", &[("code", &scene.app.code(&t))]).await.status, 303);
        t.advance(DAY);
        t.run_jobs().await;
        assert!(t.mails().iter().all(|mail| mail.subject != "Turn off two-step sign-in"));
        // By a press while signed in.
        owner_again(&t, &mut scene).await;
        ask(&mut scene).await;
        let mut browser = before_the_code(&t, EMAIL).await;
        t.run_jobs().await;
        browser.post("/sign-in/code", &[("code", &scene.app.code(&t))]).await;
        ask(&mut scene).await;
        assert_eq!(browser.post("/two-step/reset/stop", &[]).await.location(), "/settings/security");
        t.advance(DAY);
        t.run_jobs().await;
        assert!(t.mails().iter().all(|mail| mail.subject != "Turn off two-step sign-in"));
        // And still after the link has left.
        owner_again(&t, &mut scene).await;
        ask(&mut scene).await;
        t.advance(DAY);
        t.run_jobs().await;
        let link = t.mail_to(EMAIL).link();
        let mut browser = before_the_code(&t, EMAIL).await;
        assert_eq!(browser.post("/sign-in/code", &[("code", &scene.app.code(&t))]).await.status, 303);
        let mut late = t.browser();
        assert_eq!(late.open_link(&link).await.status, 410);
        assert_eq!(late.post("/two-step/reset", &[]).await.status, 410);
        before_the_code(&t, EMAIL).await;
    }

    async fn owners_take_it_back_and_nobody_else_asks(t: TestApp) {
        let mut scene = scene(&t).await;
        let foreign = t.practice("Other Shore").await;
        t.member(&scene.practice, Role::Admin, "admin@calm.example").await;
        let paths = [
            format!("/settings/members/{}/second-factor-reset", scene.id),
            format!("/settings/members/{}/second-factor-reset/cancel", scene.id),
        ];
        for path in &paths {
            let mut stranger = t.signed_in(&foreign.owner_email).await;
            assert_eq!(stranger.post(path, &[]).await.status, 404);
            let mut admin = t.signed_in("admin@calm.example").await;
            assert_eq!(admin.post(path, &[]).await.status, 403);
        }
        let own = format!("/settings/members/{}/second-factor-reset", scene.practice.owner);
        assert_eq!(scene.owner.post(&own, &[]).await.status, 409);
        let mut program = t.browser().bearer(&t.token(&scene.practice, scene.practice.owner).await);
        let api = format!("/api/v1/members/{}/second-factor-reset", scene.id);
        let asked = program.json("POST", &api, &json!({})).await;
        assert_eq!(asked.status, 202, "{}", asked.text);
        assert_eq!(asked.json()["second_factor_reset"]["state"], "waiting");
        let cancelled = program.raw("DELETE", &api, "application/json", "").await;
        assert_eq!((cancelled.status, &cancelled.json()["second_factor_reset"]), (200, &testkit::Json::Null));
        assert_eq!(program.raw("DELETE", &api, "application/json", "").await.status, 409);
        let mut other = t.browser().bearer(&t.token(&foreign, foreign.owner).await);
        assert_eq!(other.json("POST", &api, &json!({})).await.status, 404);
        assert_eq!(other.raw("DELETE", &api, "application/json", "").await.status, 404);
        let admin = t.raw.rows("select id from members where role = 'admin'")[0][0].clone().unwrap();
        let admin = uuid::Uuid::parse_str(&admin).unwrap();
        let api = format!("/api/v1/members/{admin}/second-factor-reset");
        assert_eq!(program.json("POST", &api, &json!({})).await.status, 409, "there is nothing to reset");
        // Asked again and again it is capped: each time the holder gets a mail.
        for _ in 0..4 {
            ask(&mut scene).await;
            scene.owner.post(&paths[1], &[]).await;
        }
        let refused = ask(&mut scene).await;
        assert_eq!(refused.status, 409);
        assert!(refused.text.contains("five times"), "{}", refused.text);
        t.run_jobs().await;
    }

    async fn it_falls_with_the_owner_who_asked(t: TestApp) {
        let mut scene = scene(&t).await;
        let second = t.member(&scene.practice, Role::Owner, "second@calm.example").await;
        scene.owner = t.signed_in("second@calm.example").await;
        ask(&mut scene).await;
        t.run_jobs().await;
        let mut first = t.signed_in(&scene.practice.owner_email).await;
        let change = [("first_name", "Sec"), ("last_name", "Ond"), ("role", "admin"), ("version", "1")];
        assert_eq!(first.post(&format!("/settings/members/{second}"), &change).await.status, 303);
        t.advance(DAY);
        t.run_jobs().await;
        assert!(t.mails().iter().all(|mail| mail.subject != "Turn off two-step sign-in"));
        before_the_code(&t, EMAIL).await;
    }

    async fn the_link_is_good_for_a_week(t: TestApp) {
        let mut scene = scene(&t).await;
        ask(&mut scene).await;
        t.advance(DAY);
        t.run_jobs().await;
        let link = t.mail_to(EMAIL).link();
        t.advance(DAY * 7);
        let mut browser = t.browser();
        assert_eq!(browser.open_link(&link).await.status, 410);
        assert_eq!(browser.post("/two-step/reset", &[]).await.status, 410);
        // A link that nobody made opens nothing.
        let made_up = path(&link).replace("/reset/", "/reset/A");
        assert_eq!(browser.open_link(&made_up).await.status, 410);
    }
}
