//! Many writers at once: nothing is lost, a failure is its own, and nobody hears "busy".

use std::net::{IpAddr, Ipv4Addr};

use testkit::ruh::accounts::{GuessOutcome, Guesses};
use testkit::ruh::db::Engine;
use testkit::ruh::error::Error;
use testkit::{Raw, TestApp, both_engines, json};

use crate::support::{Ground, long};

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

/// Fifty people press at once, and a command runs beside the server: nobody is told that the database is busy.
#[test]
fn r41_fifty_writers_never_hear_busy() {
    let ground = Ground::new(Engine::Sqlite);
    let setting = ground.setting().with("RUH_UNDO_SECONDS", "3600");
    let token = setting.practice();
    let server = setting.serve();
    let each = if long() { 400 } else { 6 };
    let beside = {
        let setting = setting.clone();
        std::thread::spawn(move || (0..3).map(|_| setting.token()).collect::<Vec<_>>())
    };
    std::thread::scope(|scope| {
        for writer in 0..50 {
            let (server, token) = (&server, token.as_str());
            scope.spawn(move || {
                for n in 0..each {
                    server.invite(token, &format!("c{writer}-{n}@example.org"));
                }
            });
        }
    });
    assert_eq!(beside.join().expect("the commands").len(), 3);
    assert_eq!(server.stop(), Some(0));
    assert_eq!(ground.raw.count("select count(*) from clients"), 50 * each);
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
