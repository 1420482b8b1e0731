//! Many writers at once: nothing is lost, a failure is its own, and nobody hears "busy".

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use testkit::ruh::accounts::{GuessOutcome, Guesses};
use testkit::ruh::db::Engine;
use testkit::ruh::error::Error;
use testkit::{Raw, TestApp, both_engines, json};

use crate::support::{Ground, long};
use crate::table::Row;

/// A counter that every writer raises: one row that all of them fight for.
pub fn counter(t: &TestApp) -> Guesses {
    Guesses::new(&t.app, "somebody@example.org", IpAddr::V4(Ipv4Addr::LOCALHOST), Some("device"))
}

pub fn raised(raw: &Raw) -> i64 {
    raw.count("select coalesce(sum(tries), 0) from guesses")
}

both_engines! {
    async fn sixteen_writers_of_one_row_lose_no_update(t: TestApp) {
        let mut writers = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (app, counter) = (t.app.clone(), counter(&t));
            writers.spawn(async move {
                for _ in 0..25 {
                    let counter = counter.clone();
                    app.write(move |h| counter.take(h)).await.expect("a write");
                }
            });
        }
        while let Some(ended) = writers.join_next().await {
            ended.expect("a writer");
        }
        assert_eq!(raised(&t.raw), 16 * 25);
    }

    async fn a_verb_that_fails_or_panics_takes_nobody_with_it(t: TestApp) {
        let mut writers = tokio::task::JoinSet::new();
        for n in 0..48 {
            let (app, counter) = (t.app.clone(), counter(&t));
            writers.spawn(async move {
                let outcome = app
                    .write(move |h| {
                        counter.take(h)?;
                        match n % 3 {
                            0 => Ok(()),
                            1 => Err(Error::bad_request("on purpose")),
                            _ => panic!("on purpose"),
                        }
                    })
                    .await;
                (n, outcome)
            });
        }
        while let Some(ended) = writers.join_next().await {
            let (n, outcome) = ended.expect("a writer");
            match n % 3 {
                0 => assert!(outcome.is_ok(), "{outcome:?}"),
                1 => assert!(matches!(outcome, Err(Error::BadRequest(_))), "{outcome:?}"),
                _ => assert!(matches!(outcome, Err(Error::Internal(_))), "{outcome:?}"),
            }
        }
        assert_eq!(raised(&t.raw), 16, "only the good ones are there");
    }

    async fn sixteen_people_add_clients_and_nobody_is_turned_away(t: TestApp) {
        let mut t = t;
        // Invitations wait for their seconds to be undone.
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let token = t.token(&practice, practice.owner).await;
        let mut people = tokio::task::JoinSet::new();
        for person in 0..16 {
            let mut browser = t.browser().bearer(&token);
            people.spawn(async move {
                for n in 0..40 {
                    let email = format!("c{person}-{n}@example.org");
                    let body = json!({"first_name": "Ana", "last_name": format!("N{person}-{n}"), "email": email});
                    let added = browser.json("POST", "/api/v1/clients", &body).await;
                    assert_eq!(added.status, 201, "{}", added.text);
                }
            });
        }
        while let Some(ended) = people.join_next().await {
            ended.expect("a person");
        }
        assert_eq!(t.raw.count("select count(*) from clients"), 16 * 40);
        assert_eq!(t.raw.count("select count(*) from jobs"), 16 * 40);
    }
}

/// Fifty people press at once, a few times each or for a minute, and a command runs beside the server: nobody is told
/// that the database is busy.
#[test]
fn r41_fifty_writers_never_hear_busy() {
    let row = Row::open("R41", Engine::Sqlite, "50 writers at once");
    let ground = Ground::new(Engine::Sqlite);
    let setting = ground.setting().with("RUH_UNDO_SECONDS", "3600");
    let token = setting.practice();
    let server = setting.serve();
    let begun = testkit::ruh::clock::stopwatch();
    let minute = Duration::from_secs(60);
    let enough = |added: usize| if long() { begun.elapsed() >= minute } else { added >= 6 };
    let (count, slowest) = (AtomicUsize::new(0), AtomicU64::new(0));
    let writing = AtomicBool::new(true);
    let commands = std::thread::scope(|scope| {
        // Three in any case, and on as long as there is somebody to be beside.
        let (beside, still) = (setting.clone(), &writing);
        let beside = scope.spawn(move || {
            let mut made = 0;
            while made < 3 || still.load(Ordering::SeqCst) {
                beside.token();
                made += 1;
            }
            made
        });
        let writers: Vec<_> = (0..50)
            .map(|writer| {
                let (server, token, enough) = (&server, token.as_str(), &enough);
                let (count, slowest) = (&count, &slowest);
                scope.spawn(move || {
                    let mut added = 0;
                    while !enough(added) {
                        let asked = testkit::ruh::clock::stopwatch();
                        server.invite(token, &format!("c{writer}-{added}@example.org"));
                        let waited = u64::try_from(asked.elapsed().as_millis()).expect("milliseconds");
                        slowest.fetch_max(waited, Ordering::SeqCst);
                        added += 1;
                        count.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        let ended: Vec<_> = writers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        writing.store(false, Ordering::SeqCst);
        assert!(ended.iter().all(Result::is_ok), "a writer was turned away");
        beside.join().expect("the commands")
    });
    assert_eq!(server.stop(), Some(0));
    let added = count.into_inner();
    assert_eq!(ground.raw.count("select count(*) from clients"), i64::try_from(added).expect("a count"));
    let happened =
        format!("{added} added, {commands} commands beside, nobody turned away, slowest {} ms", slowest.into_inner());
    row.held(if long() { "one minute" } else { "6 each" }, happened);
}

#[tokio::test]
async fn a_guess_counter_counts() {
    // The counter that these tests stand on does refuse in the end: it is not a stub.
    let t = TestApp::new(Engine::Sqlite);
    let mut last = GuessOutcome::Allowed;
    for _ in 0..11 {
        let counter = counter(&t);
        last = t.app.write(move |h| counter.take(h)).await.expect("a write");
    }
    assert!(matches!(last, GuessOutcome::Wait { .. }));
}
