//! `make bench`: ratios in one run, so that a slow or busy machine changes both sides.
//!
//! - Additions of a client with an invitation by 16 people at once, against the same rows put into the same SQLite file
//!   by rusqlite, a synchronous transaction for each.
//! - The Clients page, the JSON list and one record among a thousand, against a bare route that answers the same bytes.
//! - R10: the median time of a sign-in for a known and for an unknown address.
//!
//! Requests go to the router itself, without a network in between.

mod plain;

use std::time::Duration;

use testkit::ruh::clock::stopwatch;
use testkit::ruh::db::Engine;
use testkit::{PASSWORD, TestApp, json};

const WRITERS: usize = 16;
const EACH: usize = 60;
const PAGES: usize = 200;
const TRIES: usize = 150;

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    println!("{:<52} {:>12} {:>12}", "", "SQLite", "PostgreSQL");
    let lite = runtime.block_on(measure(Engine::Sqlite));
    let pg = runtime.block_on(measure(Engine::Postgres));
    let row = |name: &str, lite: String, pg: String| println!("{name:<52} {lite:>12} {pg:>12}");
    let per_second = |figures: &Figures| format!("{:.0}/s", figures.additions);
    row("clients added and invited, 16 at once", per_second(&lite), per_second(&pg));
    let plain = lite.plain.unwrap_or(f64::NAN);
    row("  as a share of the same rows by plain SQLite", share(lite.additions / plain), share(pg.additions / plain));
    for (name, lite, pg) in [
        ("Clients page", lite.page, pg.page),
        ("JSON list", lite.list, pg.list),
        ("one record", lite.record, pg.record),
    ] {
        row(name, rate(lite.0), rate(pg.0));
        row("  as a share of a bare route with the same bytes", share(lite.0 / lite.1), share(pg.0 / pg.1));
    }
    row("sign-in, median known / median unknown address", format!("{:.3}", lite.sign_in), format!("{:.3}", pg.sign_in));
    println!("the same rows by plain synchronous SQLite transactions: {plain:.0}/s");
}

/// Answers a second: ours, and a bare route's with the same bytes.
type Rates = (f64, f64);

struct Figures {
    additions: f64,
    /// The same rows without the program; on SQLite.
    plain: Option<f64>,
    page: Rates,
    list: Rates,
    record: Rates,
    sign_in: f64,
}

fn share(ratio: f64) -> String {
    format!("{:.0} %", ratio * 100.0)
}

fn rate(per_second: f64) -> String {
    format!("{per_second:.0}/s")
}

async fn measure(engine: Engine) -> Figures {
    let mut t = TestApp::new(engine);
    t.leave_jobs();
    let practice = t.practice("Calm Harbour").await;
    let token = t.token(&practice, practice.owner).await;
    let started = stopwatch();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let mut browser = t.browser().bearer(&token);
        writers.spawn(async move {
            for n in 0..EACH {
                let email = format!("c{writer}-{n}@example.org");
                let body = json!({"first_name": "Ana", "last_name": format!("N{writer}-{n}"), "email": email});
                assert_eq!(browser.json("POST", "/api/v1/clients", &body).await.status, 201);
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.expect("a writer");
    }
    let additions = (WRITERS * EACH) as f64 / started.elapsed().as_secs_f64();
    let plain = (engine == Engine::Sqlite).then(|| plain::transactions(&t.folder().join("ruh.db")));
    let id = t.client(&practice, json!({})).await;
    let mut owner = t.signed_in(&practice.owner_email).await;
    let page = reading(&mut owner, "/clients").await;
    let mut program = t.browser().bearer(&token);
    let list = reading(&mut program, "/api/v1/clients?limit=50").await;
    let record = reading(&mut program, &format!("/api/v1/clients/{id}")).await;
    let sign_in = sign_in_ratio(&t, &practice.owner_email).await;
    Figures { additions, plain, page, list, record, sign_in }
}

async fn reading(browser: &mut testkit::Browser, path: &str) -> Rates {
    let answer = browser.get(path).await;
    let (kind, body) = (answer.header("content-type").to_string(), answer.text);
    let handler = move || async move { ([("content-type", kind)], body) };
    let bare = axum::Router::new().route("/", axum::routing::get(handler));
    let mut bare = testkit::Browser::new(bare);
    (pages(browser, path).await, pages(&mut bare, "/").await)
}

async fn pages(browser: &mut testkit::Browser, path: &str) -> f64 {
    let started = stopwatch();
    for _ in 0..PAGES {
        assert_eq!(browser.get(path).await.status, 200);
    }
    PAGES as f64 / started.elapsed().as_secs_f64()
}

/// Known and unknown in turn, each with a wrong password, each from a network address of its own so that no cap is met.
async fn sign_in_ratio(t: &TestApp, known: &str) -> f64 {
    let (mut known_times, mut unknown_times) = (Vec::new(), Vec::new());
    for n in 0..TRIES {
        // The cap on guesses for one account ends with its window.
        t.advance_minutes(20);
        let ip = [10, 0, u8::try_from(n / 250).unwrap_or(0), u8::try_from(n % 250).unwrap_or(0)];
        for (email, times) in [(known, &mut known_times), ("nobody@example.org", &mut unknown_times)] {
            let mut browser = t.browser().from(ip);
            let started = stopwatch();
            let wrong = format!("{PASSWORD}!");
            assert_eq!(browser.post("/sign-in", &[("email", email), ("password", &wrong)]).await.status, 422);
            times.push(started.elapsed());
        }
    }
    median(known_times).as_secs_f64() / median(unknown_times).as_secs_f64()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
