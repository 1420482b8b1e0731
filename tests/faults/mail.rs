//! Mail servers as they are: with TLS and passwords, refusing, putting off, stalling, dropping, away.

use testkit::ruh::db::Engine;
use testkit::{TestApp, TestPractice, json};

use crate::support::{Ground, Smtp};

/// A program that sends by this server; a silent one is given up after a second.
async fn sending_by(smtp: &Smtp) -> (TestApp, TestPractice) {
    let url = smtp.url();
    let t = TestApp::with(Engine::Sqlite, |settings| {
        settings.smtp_url = Some(url);
        settings.lease_seconds = Some(4);
    });
    let practice = t.practice("Calm Harbour").await;
    (t, practice)
}

fn state(t: &TestApp) -> String {
    t.raw.rows("select state from invitations")[0][0].clone().expect("a state")
}

fn events(t: &TestApp) -> Vec<String> {
    let rows = t.raw.rows("select kind from invitation_events order by at, id");
    rows.into_iter().filter_map(|row| row[0].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_address_bounces_with_the_reason() {
    let smtp = Smtp::start(&["--refuse", "550"]);
    let (t, practice) = sending_by(&smtp).await;
    let id = t.client(&practice, json!({"email": "gone@example.org", "send_invitation": true})).await;
    t.send_mail().await;
    assert_eq!((state(&t).as_str(), events(&t)), ("bounced", vec!["queued".to_string(), "bounced".into()]));
    let page = t.signed_in(&practice.owner_email).await.get(&format!("/clients/{id}")).await;
    assert!(page.text.contains("Bounced") && page.text.contains("550"), "{}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_puts_off_gets_the_mail_later() {
    let smtp = Smtp::start(&["--greylist", "2"]);
    let (t, practice) = sending_by(&smtp).await;
    t.client(&practice, json!({"email": "ana@example.org", "send_invitation": true})).await;
    t.send_mail().await;
    assert_eq!((state(&t).as_str(), events(&t)), ("queued", vec!["queued".to_string(), "delayed".into()]));
    for _ in 0..2 {
        t.advance_minutes(5);
        t.run_jobs().await;
    }
    assert_eq!(state(&t), "sent");
    assert_eq!(events(&t), ["queued", "delayed", "sent"], "delay is said once");
    assert_eq!(smtp.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stalls_or_drops_loses_nothing() {
    let smtp = Smtp::start(&["--stall", "command"]);
    let (t, practice) = sending_by(&smtp).await;
    t.client(&practice, json!({"email": "ana@example.org", "send_invitation": true})).await;
    t.send_mail().await;
    assert_eq!(state(&t), "queued");
    smtp.behave(&json!({"drop": 1}));
    t.advance_minutes(5);
    t.run_jobs().await;
    assert_eq!(state(&t), "queued", "cut in the middle of the message");
    t.advance_minutes(5);
    t.run_jobs().await;
    assert_eq!(state(&t), "sent");
    assert_eq!(smtp.mails().len(), 1);
    assert!(smtp.attempts() >= 3);
}

/// A server may be slow with each of its answers, and all of them together longer than a lease: nobody else may take the
/// mail over meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn r42_a_lease_is_renewed_while_the_mail_server_takes_its_time() {
    let smtp = Smtp::start(&["--stall", "answer"]);
    let url = smtp.url();
    let t = TestApp::with(Engine::Sqlite, |settings| {
        settings.smtp_url = Some(url);
        settings.lease_seconds = Some(8);
    });
    let practice = t.practice("Calm Harbour").await;
    t.client(&practice, json!({"email": "ana@example.org", "send_invitation": true})).await;
    t.advance(std::time::Duration::from_secs(11));
    let app = t.app.clone();
    let sending = tokio::spawn(async move { testkit::ruh::jobs::run_due(&app).await });
    let until = || t.raw.rows("select lease_until from jobs")[0][0].clone();
    while smtp.mails().is_empty() {
        tokio::task::yield_now().await;
    }
    let first = until();
    t.advance(std::time::Duration::from_secs(7));
    while until() == first {
        tokio::task::yield_now().await;
    }
    assert!(until().is_some(), "given up before it was renewed");
    t.advance(std::time::Duration::from_secs(7));
    assert_eq!(testkit::ruh::jobs::run_due(&t.app).await.expect("a look"), 0, "still the first one's");
    assert_eq!(sending.await.expect("the runner").expect("a run"), 1);
    smtp.behave(&json!({}));
    t.advance_minutes(5);
    t.run_jobs().await;
    // The server took the first and did not say so: the repeat that a promise allows.
    assert_eq!((state(&t).as_str(), smtp.mails().len()), ("sent", 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_asked_again() {
    let port = {
        let smtp = Smtp::start(&[]);
        smtp.port
    };
    let t = TestApp::with(Engine::Sqlite, |s| s.smtp_url = Some(format!("smtp://127.0.0.1:{port}")));
    let practice = t.practice("Calm Harbour").await;
    t.client(&practice, json!({"email": "ana@example.org", "send_invitation": true})).await;
    t.send_mail().await;
    assert_eq!(state(&t), "queued");
    let smtp = Smtp::start(&["--port", &port.to_string()]);
    t.advance_minutes(5);
    t.run_jobs().await;
    assert_eq!((state(&t).as_str(), smtp.mails().len()), ("sent", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mail_server_nothing_is_called_sent() {
    let t = TestApp::new(Engine::Sqlite);
    let practice = t.practice("Calm Harbour").await;
    t.client(&practice, json!({"email": "ana@example.org", "send_invitation": true})).await;
    t.send_mail().await;
    assert_eq!((state(&t).as_str(), t.mails().len()), ("kept", 1));
}

/// TLS with a certificate of an own authority, and a password: through the real binary, whose environment names the
/// authority.
fn over_tls(mode: &str, url: impl Fn(u16) -> String, password_is_right: bool) {
    let smtp = Smtp::start(&["--tls", mode, "--auth", "ruh:secret"]);
    let ground = Ground::new(Engine::Sqlite);
    let setting = ground
        .setting()
        .with("RUH_UNDO_SECONDS", "0")
        .with("RUH_SMTP_URL", &url(smtp.port))
        .with("SSL_CERT_FILE", smtp.ca.as_deref().expect("an authority"));
    let token = setting.practice();
    let server = setting.serve();
    let id = server.invite(&token, "ana@example.org");
    if password_is_right {
        let mails = smtp.wait(1);
        assert_eq!(mails.len(), 1);
        assert_eq!((&mails[0]["tls"], mails[0]["user"].as_str()), (&json!(true), Some("ruh")));
        assert_eq!(server.stop(), Some(0));
        return;
    }
    // The history says "delayed" once the server has turned us away; the client's address has not bounced.
    let authorization = format!("Bearer {token}");
    let path = server.setting.url(&format!("/api/v1/clients/{id}/invitations"));
    let delayed = (0..2_000).any(|_| {
        crate::support::http("GET", &path, &[("authorization", &authorization)], "").1.contains("\"delayed\"")
    });
    assert!(delayed, "the refusal shows in the history");
    assert_eq!(server.stop(), Some(0));
    assert_eq!(ground.raw.count("select count(*) from invitations where state = 'queued'"), 1);
    assert!(smtp.mails().is_empty());
}

#[test]
fn mail_goes_by_starttls_with_a_password() {
    over_tls("starttls", |port| format!("smtp://ruh:secret@localhost:{port}?tls=required"), true);
}

#[test]
fn mail_goes_by_implicit_tls_with_a_password() {
    over_tls("implicit", |port| format!("smtps://ruh:secret@localhost:{port}"), true);
}

#[test]
fn a_wrong_mail_password_is_no_bounce() {
    over_tls("starttls", |port| format!("smtp://ruh:wrong@localhost:{port}?tls=required"), false);
}
