//! What several of these tests need.

use std::collections::BTreeMap;

use testkit::{Answer, Authenticator, Browser, Mail, PASSWORD, TestApp, TestPractice, json};

/// Another password than everybody's.
pub const OTHER: &str = "copper meadow whistle";

/// The path of a link from a mail.
pub fn path(link: &str) -> String {
    link.strip_prefix("http://localhost:8080").expect("a link of ours").to_string()
}

/// The token at the end of a link.
pub fn token(link: &str) -> String {
    link.rsplit('/').next().expect("a token").to_string()
}

/// Adds a client with an address, and sends the invitation; returns the client's id and the link.
pub async fn invited(t: &TestApp, practice: &TestPractice, email: &str) -> (String, String) {
    let id = t.client(practice, json!({"email": email, "send_invitation": true})).await;
    t.send_mail().await;
    (id, t.mail_to(email).link())
}

/// Accepts with a link from a mail, in a browser of its own.
pub async fn accept(t: &TestApp, link: &str, password: &str) -> (Browser, Answer) {
    let mut browser = t.browser();
    browser.open_link(link).await;
    let answer = browser.post("/invitation", &[("password", password)]).await;
    (browser, answer)
}

/// Whether an address and a password let somebody in now.
pub async fn lets_in(t: &TestApp, email: &str, password: &str) -> bool {
    let mut browser = t.browser();
    let answer = browser.post("/sign-in", &[("email", email), ("password", password)]).await;
    match answer.status {
        303 => true,
        422 => false,
        other => panic!("{other}: {}", answer.text),
    }
}

/// A browser that has just signed in.
pub async fn signed_in_with(t: &TestApp, email: &str, password: &str) -> Browser {
    let mut browser = t.browser();
    let answer = browser.post("/sign-in", &[("email", email), ("password", password)]).await;
    assert_eq!(answer.status, 303, "{email}: {}", answer.text);
    browser
}

/// Where a session stands with the program: 200 while it is alive, 401 when it is over.
pub async fn alive(browser: &Browser, page: &str) -> bool {
    let answer = browser.copy().with("ruh-quiet", "1").get(page).await;
    match answer.status {
        200 | 303 => true,
        401 => false,
        other => panic!("{page}: {other}"),
    }
}

/// The mails to exactly one address, oldest first.
pub fn mails_to(t: &TestApp, address: &str) -> Vec<Mail> {
    t.mails().into_iter().filter(|mail| bare(&mail.to) == address).collect()
}

/// The address of a To header, without the name.
pub fn bare(to: &str) -> String {
    to.rsplit_once('<').map_or(to, |(_, rest)| rest.trim_end_matches('>')).trim().to_string()
}

/// Changes a client's e-mail as staff would in Personal Information.
pub async fn change_email(t: &TestApp, practice: &TestPractice, client: &str, email: Option<&str>) -> Answer {
    let token = t.token(practice, practice.owner).await;
    let mut program = t.browser().bearer(&token);
    program.json("PATCH", &format!("/api/v1/clients/{client}"), &json!({ "email": email })).await
}

/// The note on a client's record: sealed in the database, so asked for as a program would.
pub async fn note_of(t: &TestApp, practice: &TestPractice, client: &str) -> testkit::Json {
    let token = t.token(practice, practice.owner).await;
    t.browser().bearer(&token).get(&format!("/api/v1/clients/{client}")).await.json()["note"].clone()
}

/// Presses the one button of the invitation's card.
pub async fn press_invite(owner: &mut Browser, client: &str) -> Answer {
    let answer = owner.post(&format!("/clients/{client}/invite"), &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let to = answer.location().to_string();
    owner.get(&to).await
}

/// The newest invitation of a client, as the API tells it.
pub async fn newest_invitation(t: &TestApp, practice: &TestPractice, client: &str) -> testkit::Json {
    history(t, practice, client).await["items"][0].clone()
}

/// All invitations of a client with their histories.
pub async fn history(t: &TestApp, practice: &TestPractice, client: &str) -> testkit::Json {
    let token = t.token(practice, practice.owner).await;
    t.browser().bearer(&token).get(&format!("/api/v1/clients/{client}/invitations")).await.json()
}

/// The kinds of an invitation's events, oldest first.
pub fn kinds(invitation: &testkit::Json) -> Vec<String> {
    let events = invitation["events"].as_array().expect("events");
    events.iter().rev().map(|event| event["kind"].as_str().expect("a kind").to_string()).collect()
}

/// Every table of the program with all its rows as texts.
pub fn everything(t: &TestApp) -> BTreeMap<String, Vec<Vec<testkit::Cell>>> {
    let tables = match t.app.engine() {
        testkit::ruh::db::Engine::Sqlite => {
            "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and sql not like '%virtual%'"
        }
        testkit::ruh::db::Engine::Postgres => "select tablename from pg_tables where schemaname = 'public'",
    };
    let names: Vec<String> =
        t.raw.rows(tables).into_iter().map(|mut row| row.remove(0).expect("a table's name")).collect();
    assert!(names.iter().any(|name| name == "invitations"), "{names:?}");
    names.into_iter().map(|name| (name.clone(), t.raw.rows(&format!("select * from {name}")))).collect()
}

/// How many rows every table has.
pub fn row_counts(t: &TestApp) -> BTreeMap<String, usize> {
    everything(t).into_iter().map(|(name, rows)| (name, rows.len())).collect()
}

/// Signs in with everybody's password.
pub async fn opens(t: &TestApp, email: &str) -> bool {
    lets_in(t, email, PASSWORD).await
}

/// Sets up two-step sign-in in a browser that is signed in; returns the app and the recovery codes.
pub async fn set_up_codes(t: &TestApp, browser: &mut Browser) -> (Authenticator, Vec<String>) {
    let begun = browser.post("/two-step/set-up", &[("password", PASSWORD)]).await;
    assert_eq!((begun.status, begun.location()), (303, "/two-step/confirm"), "{}", begun.text);
    let page = browser.get("/two-step/confirm").await;
    assert_eq!(page.status, 200, "{}", page.text);
    let app = Authenticator::of(&page);
    let done = browser.post("/two-step/confirm", &[("code", &app.code(t))]).await;
    assert_eq!(done.status, 200, "{}", done.text);
    t.run_jobs().await;
    // The next code is another one.
    t.advance(std::time::Duration::from_secs(30));
    (app, codes_on(&done))
}

/// The recovery codes that a page shows.
pub fn codes_on(page: &Answer) -> Vec<String> {
    let codes = page.text.split("<li><code>").skip(1);
    let codes: Vec<String> = codes.filter_map(|rest| Some(rest.split_once("</code>")?.0.to_string())).collect();
    assert_eq!(codes.len(), 10, "{}", page.text);
    codes
}

/// A browser whose password was right, before the page that asks for the code.
pub async fn before_the_code(t: &TestApp, email: &str) -> Browser {
    let mut browser = t.browser();
    let answer = browser.post("/sign-in", &[("email", email), ("password", PASSWORD)]).await;
    assert_eq!((answer.status, answer.location()), (303, "/sign-in/code"), "{}", answer.text);
    browser
}
