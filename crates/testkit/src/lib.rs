//! A whole program in a test: its own database on either engine, a clock that stands still, browsers with cookies,
//! the mail that was sent, and raw SQL beside the program. A test that leaves a due job unrun fails.

mod authenticator;
mod browser;
mod database;
mod mails;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

pub use authenticator::{Authenticator, unbase32};
pub use browser::{Answer, Browser, PARTS, in_parts};
pub use database::{Cell, Raw};
pub use mails::{Mail, parse as parse_mail};
pub use ruh;
use ruh::access::{Actor, Role};
use ruh::accounts::{self, Confirmed};
use ruh::app::{App, Shared};
use ruh::clock::Clock;
use ruh::config::Settings;
use ruh::db::Engine;
use ruh::ids::{MemberId, PracticeId};
use ruh::members::{self, NewMember};
use ruh::people::Email;
use ruh::practices::{self, Creation, NewPractice};
pub use serde_json::{Value as Json, json};

/// The password of everybody in tests.
pub const PASSWORD: &str = "lantern orchid gravel";
/// Where the clock stands at first: 2026-03-02 15:00 UTC.
pub const START: i64 = 1_772_463_600_000_000;

/// Runs a test on both engines: `both_engines! { async fn name(t: TestApp) { … } }` makes `name::sqlite` and
/// `name::postgres`.
#[macro_export]
macro_rules! both_engines {
    ($($(#[$meta:meta])* async fn $name:ident($t:ident: TestApp) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn body($t: $crate::TestApp) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body($crate::TestApp::new($crate::ruh::db::Engine::Sqlite)).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                body($crate::TestApp::new($crate::ruh::db::Engine::Postgres)).await;
            }
        }
    )*};
}

pub struct TestApp {
    pub app: Shared,
    pub raw: Raw,
    clock: Arc<AtomicI64>,
    router: axum::Router,
    leaves_jobs: bool,
    // Dropped last: the folder with database, key and mail.
    folder: tempfile::TempDir,
}

/// A practice made for a test, with its owner.
#[derive(Debug, Clone)]
pub struct TestPractice {
    pub id: PracticeId,
    pub slug: String,
    pub owner: MemberId,
    pub owner_email: String,
}

impl TestApp {
    pub fn new(engine: Engine) -> TestApp {
        TestApp::with(engine, |_| {})
    }

    /// A program with settings of its own.
    pub fn with(engine: Engine, change: impl FnOnce(&mut Settings)) -> TestApp {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let raw = match engine {
            Engine::Sqlite => Raw::sqlite(folder.path().join("ruh.db")),
            Engine::Postgres => Raw::postgres(),
        };
        let mut settings = Settings {
            data_dir: Some(folder.path().to_path_buf()),
            database_url: Some(raw.url()),
            public_url: Some("http://localhost:8080".into()),
            ..Settings::default()
        };
        change(&mut settings);
        let config = settings.resolve().expect("settings");
        let clock = Arc::new(AtomicI64::new(START));
        let app = App::open(config, Clock::Manual(Arc::clone(&clock))).expect("the program opens");
        let router = ruh::routes::router(app.clone());
        TestApp { app, raw, clock, router, leaves_jobs: false, folder }
    }

    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// For a test that means to leave jobs undone.
    pub fn leave_jobs(&mut self) {
        self.leaves_jobs = true;
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.clock.fetch_add(i64::try_from(by.as_micros()).expect("a short time"), Ordering::SeqCst);
    }

    /// Moves the clock back.
    pub fn turn_back(&self, by: Duration) {
        self.clock.fetch_sub(i64::try_from(by.as_micros()).expect("a short time"), Ordering::SeqCst);
    }

    pub fn advance_minutes(&self, minutes: u64) {
        self.advance(Duration::from_secs(60 * minutes));
    }

    /// Runs everything that is due now, and what that makes due.
    pub async fn run_jobs(&self) {
        for _ in 0..1_000 {
            if ruh::jobs::run_due(&self.app).await.expect("jobs run") == 0 {
                return;
            }
        }
        panic!("jobs make jobs without end");
    }

    /// Lets the seconds pass in which a mail can be undone, and sends what waits.
    pub async fn send_mail(&self) {
        self.advance(Duration::from_secs(11));
        self.run_jobs().await;
    }

    /// Somebody with a browser who is not signed in.
    pub fn browser(&self) -> Browser {
        Browser::new(self.router.clone())
    }

    pub fn router(&self) -> axum::Router {
        self.router.clone()
    }

    /// The mails kept in the folder, oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        mails::in_folder(&self.folder.path().join("mail"))
    }

    /// The newest mail to an address.
    pub fn mail_to(&self, address: &str) -> Mail {
        let found = self.mails().into_iter().rev().find(|mail| mail.to.contains(address));
        found.unwrap_or_else(|| panic!("no mail to {address}"))
    }

    /// Makes a practice; its owner is a provider too, and has the address owner@<slug>.example.
    pub async fn practice(&self, name: &str) -> TestPractice {
        let slug_like: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
        let owner_email = format!("owner@{slug_like}.example");
        let new = NewPractice {
            name: name.to_string(),
            time_zone: "America/New_York".into(),
            owner_first_name: "Olive".into(),
            owner_last_name: "Owner".into(),
            owner_email: Email::parse(&owner_email).expect("an address"),
            password_hash: self.password_hash().await,
        };
        let created = self.app.write(move |h| practices::create(h, &new)).await.expect("a practice");
        let Creation::Created(created) = created else { panic!("the owner's address is taken") };
        TestPractice { id: created.practice, slug: created.slug, owner: created.owner, owner_email }
    }

    async fn password_hash(&self) -> String {
        self.app.passwords.hash(PASSWORD).await.expect("a hash")
    }

    /// Adds a member of the staff with an account of their own.
    pub async fn member(&self, practice: &TestPractice, role: Role, email: &str) -> MemberId {
        let hash = self.password_hash().await;
        let (practice, email) = (practice.id, Email::parse(email).expect("an address"));
        let first_name = role.as_str().to_string();
        self.app
            .write(move |h| {
                let account = accounts::create(h, &email, &hash, Confirmed::Yes)?;
                let new = NewMember {
                    account,
                    first_name: first_name.clone(),
                    last_name: "Member".into(),
                    role,
                    sees_clients: role != Role::Support,
                };
                members::add(&h.practice(&Actor::system(practice)), &new)
            })
            .await
            .expect("a member")
    }

    /// A browser signed in with the password of everybody in tests.
    pub async fn signed_in(&self, email: &str) -> Browser {
        let mut browser = self.browser();
        let answer = browser.post("/sign-in", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 303, "{email} signs in: {}", answer.text);
        browser
    }

    /// An API token of a member.
    pub async fn token(&self, practice: &TestPractice, member: MemberId) -> String {
        let actor = Actor::system(practice.id);
        let door = self.app.practice(actor);
        door.write(move |p| members::create_token(p, member, "test")).await.expect("a token")
    }

    /// Adds a client as the owner through the API, without inviting them; returns the id.
    pub async fn client(&self, practice: &TestPractice, body: Json) -> String {
        let token = self.token(practice, practice.owner).await;
        let mut whole = json!({"first_name": "Ana", "last_name": "Marchetti", "send_invitation": false});
        for (key, value) in body.as_object().expect("an object") {
            whole[key] = value.clone();
        }
        let answer = self.browser().bearer(&token).json("POST", "/api/v1/clients", &whole).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["id"].as_str().expect("an id").to_string()
    }

    /// Adds a client with an address, lets them accept the invitation, and returns the id and the client's browser.
    pub async fn client_in_portal(&self, practice: &TestPractice, email: &str) -> (String, Browser) {
        let id = self.client(practice, json!({"email": email, "send_invitation": true})).await;
        self.send_mail().await;
        let mut browser = self.browser();
        browser.open_link(&self.mail_to(email).link()).await;
        let answer = browser.post("/invitation", &[("password", PASSWORD)]).await;
        assert_eq!((answer.status, answer.location()), (303, "/portal"), "{}", answer.text);
        (id, browser)
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if self.leaves_jobs || std::thread::panicking() {
            return;
        }
        let now = self.clock.load(Ordering::SeqCst);
        let due = self.raw.rows(&format!("select kind from jobs where state = 'ready' and run_at <= {now}"));
        assert!(due.is_empty(), "the test left jobs undone: {due:?}");
    }
}
