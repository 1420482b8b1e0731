//! The queue in front of the database: what waits shares a commit, what is too much is told so, what collides runs again.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Context, Waker};

use testkit::ruh::db::{DbError, Engine};
use testkit::ruh::error::{Error, Result};
use testkit::{TestApp, both_engines, json};

use crate::writers::{counter, raised};

/// Closures that wait for one thread to open the gate.
struct Gate {
    started: mpsc::Receiver<()>,
    open: mpsc::Sender<()>,
}

/// What a closure does at the gate.
type Stop = Arc<dyn Fn() + Send + Sync>;

fn gate() -> (Gate, Stop) {
    let (start, started) = mpsc::channel();
    let (open, opened) = mpsc::channel();
    let opened = Mutex::new(opened);
    let stop = move || {
        start.send(()).expect("the test waits");
        opened.lock().expect("the gate").recv().expect("the gate opens");
    };
    (Gate { started, open }, Arc::new(stop))
}

type Writing = Pin<Box<dyn Future<Output = Result<()>>>>;

/// A write that stands in the queue from here on: asking it once is what puts it there.
fn queued(mut writing: Writing) -> Writing {
    assert!(writing.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    writing
}

/// Keeps every database thread that writes busy.
fn hold(t: &TestApp, threads: usize) -> (Gate, Vec<Writing>) {
    let (gate, stop) = gate();
    let held = (0..threads).map(|_| {
        let (app, stop) = (t.app.clone(), stop.clone());
        queued(Box::pin(async move {
            app.write(move |_| {
                stop();
                Ok(())
            })
            .await
        }))
    });
    let held = held.collect();
    for _ in 0..threads {
        gate.started.recv().expect("a thread takes it up");
    }
    (gate, held)
}

fn threads(t: &TestApp) -> usize {
    match t.app.engine() {
        Engine::Sqlite => 1,
        Engine::Postgres => 8,
    }
}

/// Commits in a write-ahead log: a frame whose header names the size of the database ends one.
fn commits(log: &Path) -> usize {
    let bytes = std::fs::read(log).expect("the log");
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let (page, salt) = (number(8) as usize, number(16));
    let mut at = 32;
    let mut count = 0;
    while at + 24 + page <= bytes.len() && number(at + 8) == salt {
        count += usize::from(number(at + 4) != 0);
        at += 24 + page;
    }
    count
}

/// Sixteen verbs that wait while the disk is busy cost it one flush, not sixteen.
#[tokio::test]
async fn verbs_that_wait_share_a_commit() {
    let t = TestApp::new(Engine::Sqlite);
    let log = t.folder().join("ruh.db-wal");
    let write = || {
        let (app, counter) = (t.app.clone(), counter(&t));
        Box::pin(async move { app.write(move |h| counter.take(h).map(drop)).await })
    };
    let before = commits(&log);
    for _ in 0..4 {
        write().await.expect("a write");
    }
    assert_eq!(commits(&log), before + 4, "one by one, each has a commit of its own");
    let (gate, held) = hold(&t, 1);
    let waiting: Vec<_> = (0..40).map(|_| queued(write())).collect();
    gate.open.send(()).expect("open");
    for writing in held.into_iter().chain(waiting) {
        writing.await.expect("a write");
    }
    // One for the closure at the gate, and one for all the others; more only where the machine is very slow.
    let shared = commits(&log) - before - 4;
    assert!((1..=10).contains(&shared), "{shared} commits for 40 verbs");
    assert_eq!(raised(&t.raw), 44);
}

both_engines! {
    async fn a_full_queue_says_come_again(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let token = t.token(&practice, practice.owner).await;
        let body = json!({"first_name": "Ana", "last_name": "Marchetti"});
        let (gate, held) = hold(&t, threads(&t));
        let mut waiting = Vec::new();
        let busy = loop {
            let app = t.app.clone();
            let mut writing: Writing = Box::pin(async move { app.write(|_| Ok(())).await });
            match writing.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                std::task::Poll::Pending => waiting.push(writing),
                std::task::Poll::Ready(outcome) => break outcome,
            }
            assert!(waiting.len() <= 10_000, "the queue has no end");
        };
        assert!(matches!(busy, Err(Error::Db(DbError::Busy))), "{busy:?}");
        let refused = t.browser().bearer(&token).json("POST", "/api/v1/clients", &body).await;
        assert_eq!((refused.status, refused.header("retry-after")), (503, "5"), "{}", refused.text);
        assert_eq!(refused.header("content-type"), "application/problem+json");
        // Reading goes on meanwhile.
        assert_eq!(t.browser().bearer(&token).get("/api/v1/clients").await.status, 200);
        for _ in 0..threads(&t) {
            gate.open.send(()).expect("open");
        }
        for writing in held.into_iter().chain(waiting) {
            writing.await.expect("whoever was let in is served");
        }
        assert_eq!(t.browser().bearer(&token).json("POST", "/api/v1/clients", &body).await.status, 201);
        assert_eq!(t.raw.count("select count(*) from clients"), 1, "what was refused is not there");
    }

    async fn a_reader_sees_one_view(t: TestApp) {
        let empty = testkit::ruh::practices::is_empty;
        let (gate, stop) = gate();
        let app = t.app.clone();
        let reader = tokio::spawn(async move {
            app.read(move |h| {
                let before = empty(h)?;
                stop();
                Ok((before, empty(h)?))
            })
            .await
        });
        // Off the runtime's threads: the reader is to be started by one of them.
        let started = tokio::task::spawn_blocking(move || gate.started.recv().map(|()| gate));
        let gate = started.await.expect("a thread").expect("the reader has looked once");
        t.practice("Calm Harbour").await;
        assert!(!t.app.read(empty).await.expect("a read"), "the practice is committed");
        gate.open.send(()).expect("open");
        assert_eq!(reader.await.expect("the reader").expect("a read"), (true, true), "the same as at its start");
    }
}

/// Two verbs have both looked before either wrote: PostgreSQL refuses one (40001), which runs again and loses nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verbs_that_collide_run_again() {
    let t = TestApp::new(Engine::Postgres);
    let count = counter(&t);
    t.app.write(move |h| count.take(h)).await.expect("the row they fight for");
    let (runs, both_have_looked) = (Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(2)));
    let verbs: Vec<_> = (0..2)
        .map(|_| {
            let (app, counter) = (t.app.clone(), counter(&t));
            let (runs, barrier) = (runs.clone(), both_have_looked.clone());
            tokio::spawn(async move {
                let first = std::sync::atomic::AtomicBool::new(true);
                app.write(move |h| {
                    runs.fetch_add(1, Ordering::SeqCst);
                    testkit::ruh::practices::is_empty(h)?;
                    if first.swap(false, Ordering::SeqCst) {
                        barrier.wait();
                    }
                    counter.take(h)
                })
                .await
            })
        })
        .collect();
    for verb in verbs {
        verb.await.expect("a verb").expect("nobody hears of it");
    }
    assert!(runs.load(Ordering::SeqCst) >= 3, "neither ran again: they did not collide");
    assert_eq!(raised(&t.raw), 3);
}

/// The server was restarted, or cut what was idle: the next request does not pay for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_cut_while_idle_are_made_anew() {
    let t = TestApp::new(Engine::Postgres);
    let practice = t.practice("Calm Harbour").await;
    let mut owner = t.signed_in(&practice.owner_email).await;
    t.raw.run(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()",
    );
    // More than there are threads: each finds its own connection dead.
    for n in 0..30 {
        assert_eq!(owner.get("/clients").await.status, 200, "read {n}");
        let counter = counter(&t);
        t.app.write(move |h| counter.take(h)).await.unwrap_or_else(|e| panic!("write {n}: {e}"));
    }
}
