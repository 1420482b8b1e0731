//! Chat on a server of its own: how soon a message is on the other side's screen, what open streams cost in memory, and
//! how many messages are stored.
//!
//! The people are those of five hundred practices: in each a provider, who comes as a program with a token, and a client,
//! who comes as a browser with a session. Nothing in the program caps the streams of a person or of a process; they are
//! spread so that a message wakes those whom it concerns, and nobody for whom there is nothing.

use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use ruh::clock::stopwatch;

use crate::client::{Connection, Request, rate_of_all};
use crate::crowd::{TALKS, Talk};
use crate::measure::{Pace, in_turns, pgbench};
use crate::plain;
use crate::server::Server;
use crate::site::Site;
use crate::streams::{Stream, open_all, raise_descriptors};
use crate::table::{Aim, Figure, Rounds, Unit, milliseconds, percentile};

/// Streams that are open while messages arrive: one for each person.
const OPEN: usize = 1_000;
/// Idle ones, of which memory is asked: ten tabs a person.
const IDLE: usize = 10_000;
/// Who talk to each other while the others' streams are open: forty messages a second in all.
const TALKING: usize = 16;
const PAUSE: Duration = Duration::from_millis(400);
/// Connections of those who flood.
const FLOODING: usize = 16;
/// Who send as fast as they can.
const SENDERS: usize = 16;
/// In this time every stream has looked by itself at least once: each does so every twenty seconds.
const LOOKED: Duration = Duration::from_secs(25);
/// Who sign in at once.
const SIGNING_IN: usize = 4;

enum Key {
    Token(String),
    Cookie(String),
}

struct Person {
    key: Key,
    conversation: String,
}

impl Person {
    /// What opens a tab with the conversation.
    fn stream(&self) -> Request {
        let id = &self.conversation;
        match &self.key {
            Key::Token(token) => Request::get(
                &format!("/api/v1/conversations/{id}/events"),
                &[&format!("authorization: Bearer {token}"), "accept: text/event-stream"],
            ),
            Key::Cookie(cookie) => Request::get(
                &format!("/portal/messages/live?conversation={id}"),
                &[cookie, "accept: text/event-stream", "sec-fetch-site: same-origin"],
            ),
        }
    }

    /// A message as the API takes it, or as the portal's page sends it.
    fn message(&self, given: &str) -> Request {
        let (id, text) = (&self.conversation, "Three nights so far. Last night was the first without waking at four.");
        match &self.key {
            Key::Token(token) => {
                let authorization = format!("authorization: Bearer {token}");
                let body = format!(r#"{{"given_id": "{given}", "body": "{text}"}}"#);
                let path = format!("/api/v1/conversations/{id}/messages");
                Request::post(&path, &[&authorization, "content-type: application/json"], &body, 201)
            }
            Key::Cookie(cookie) => {
                let field = |name: &str, value: &str| {
                    format!("--part\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                };
                let body = format!("{}{}--part--\r\n", field("given_id", given), field("body", text));
                let kind = "content-type: multipart/form-data; boundary=part";
                let headers = [cookie.as_str(), kind, "hx-request: true", "sec-fetch-site: same-origin"];
                Request::post(&format!("/portal/messages/{id}/messages"), &headers, &body, 201)
            }
        }
    }
}

/// A provider and their client.
type Two = [Person; 2];

/// What a device calls its next message.
fn new_given() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("5eed0000-0000-4000-8000-{:012x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// `postgres`: where pgbench has its tables, if that is what is measured.
pub fn figures(folder: &Path, database: Option<&str>, pace: Pace, postgres: Option<&str>) -> Vec<Figure> {
    raise_descriptors();
    let site = Site::open(folder, database);
    let all = people(&site);
    let (talking, others) = all.split_at(TALKING);
    let requests: Vec<Request> = others.iter().flatten().map(Person::stream).collect();
    let open = open_all(site.server.address, &requests);
    assert!(open.len() == requests.len(), "{} streams of {OPEN}", open.len() + TALKING * 2);
    let mut figures = vec![arriving(&site, talking, pace), in_a_flood(&site, talking, &others[0], pace)];
    drop(open);
    let stored = stored(&site, &all, pace, postgres);
    drop(site);
    figures.extend([idle(folder, database, &all), stored]);
    figures
}

/// Everybody, the clients signed in.
fn people(site: &Site) -> Vec<Two> {
    site.forget_caps();
    let talks: Vec<(usize, _)> = site.talks().into_iter().enumerate().collect();
    assert!(talks.len() == TALKS && TALKS * 2 == OPEN, "a stream for each person");
    let two = |(number, (token, email, conversation)): &(usize, Talk)| {
        let cookie = site.signed_in_from(email, *number);
        let person = |key| Person { key, conversation: conversation.clone() };
        [person(Key::Token(token.clone())), person(Key::Cookie(cookie))]
    };
    std::thread::scope(|scope| {
        let two = &two;
        let parts = talks.chunks(talks.len().div_ceil(SIGNING_IN));
        let all: Vec<_> = parts.map(|part| scope.spawn(move || part.iter().map(two).collect::<Vec<Two>>())).collect();
        all.into_iter().flat_map(|thread| thread.join().expect("a thread")).collect()
    })
}

/// From the first byte of a POST to the last of the event on the other side, while everybody has a stream.
fn arriving(site: &Site, talking: &[Two], pace: Pace) -> Figure {
    let (mut medians, mut rounds) = (Rounds::default(), Rounds::default());
    // What a conversation's first messages leave in the timeline comes before.
    talk(site, talking, pace.turn);
    for _ in 0..pace.rounds {
        let times = talk(site, talking, pace.turn * 6);
        medians.push(milliseconds(percentile(&times, 50)));
        rounds.push(milliseconds(percentile(&times, 99)));
    }
    let beside = format!("p50 {:.1} ms", medians.median());
    let name = "A message on the other side, 1,000 streams, p99";
    Figure::new(name, Aim::AtMost(20.0), Unit::Milliseconds, rounds).beside(beside)
}

/// The same while two people of one other practice write as fast as they can, against how it was just before.
fn in_a_flood(site: &Site, talking: &[Two], flooding: &Two, pace: Pace) -> Figure {
    let (mut rounds, mut usual) = (Rounds::default(), Rounds::default());
    for _ in 0..pace.rounds {
        let before = percentile(&talk(site, talking, pace.turn * 6), 99);
        let over = AtomicBool::new(false);
        let one = |person: &Person| {
            let mut connection = Connection::open(site.server.address).expect("a connection");
            while !over.load(Ordering::Relaxed) {
                connection.ask(&person.message(&new_given()));
            }
        };
        let during = std::thread::scope(|scope| {
            let one = &one;
            for at in 0..FLOODING {
                scope.spawn(move || one(&flooding[at % 2]));
            }
            let times = talk(site, talking, pace.turn * 6);
            over.store(true, Ordering::Relaxed);
            percentile(&times, 99)
        });
        rounds.push(during.as_secs_f64() / before.as_secs_f64());
        usual.push(milliseconds(before));
    }
    let beside = format!("usually {:.1} ms", usual.median());
    Figure::new("… in another practice's flood of messages", Aim::AtMost(2.0), Unit::Times, rounds).beside(beside)
}

/// Some write to each other for a while, in turn; how long each message took.
fn talk(site: &Site, talking: &[Two], time: Duration) -> Vec<Duration> {
    let ready = Barrier::new(talking.len());
    let one = |at: usize| talk_of_two(site, &talking[at], &ready, PAUSE * part(at, talking.len()) / 100, time);
    std::thread::scope(|scope| {
        let one = &one;
        let all: Vec<_> = (0..talking.len()).map(|at| scope.spawn(move || one(at))).collect();
        all.into_iter().flat_map(|thread| thread.join().expect("a thread")).collect()
    })
}

/// Hundredths.
fn part(at: usize, of: usize) -> u32 {
    u32::try_from(at * 100 / of).unwrap_or(0)
}

fn talk_of_two(site: &Site, two: &Two, ready: &Barrier, later: Duration, time: Duration) -> Vec<Duration> {
    let address = site.server.address;
    let mut streams = [0, 1].map(|side| Stream::open(address, &two[side].stream()).expect("a stream"));
    let mut connections = [0, 1].map(|_| Connection::open(address).expect("a connection"));
    ready.wait();
    // Nobody begins at the same moment as everybody else.
    std::thread::sleep(later);
    let (started, mut times) = (stopwatch(), Vec::new());
    while started.elapsed() < time {
        let (from, given) = (times.len() % 2, new_given());
        let request = two[from].message(&given);
        let sent = stopwatch();
        connections[from].send(&request).expect("a connection");
        let come = streams[1 - from].wait_for(&given);
        times.push(sent.elapsed());
        // What was wrong with a message that did not come stands in the answer.
        connections[from].finish(&request);
        come.expect("an event");
        std::thread::sleep(PAUSE);
    }
    times
}

/// What a server holds that has nothing to do but streams, once each has looked by itself.
fn idle(folder: &Path, database: Option<&str>, all: &[Two]) -> Figure {
    let (server, _) = Server::start(folder, database, "/healthz");
    let requests: Vec<Request> = all.iter().flatten().cycle().take(IDLE).map(Person::stream).collect();
    let mut open = open_all(server.address, &requests);
    std::thread::sleep(LOOKED);
    let memory = server.memory().0;
    let count = open.iter_mut().map(Stream::goes_on).filter(|goes_on| *goes_on).count();
    let figure = Figure::new("Memory with 10,000 idle streams", Aim::AtMost(400.0), Unit::Mebibytes, memory);
    // Fewer where the machine's limit is low: the server takes one descriptor a stream, and so does this process.
    if count < IDLE {
        figure.beside(format!("with {count} only, of {} descriptors", server.descriptors()))
    } else {
        figure
    }
}

/// Messages by senders who do not wait: half of them providers by the API, half clients from the portal. On SQLite beside
/// single rows by rusqlite; on PostgreSQL through two servers on one database, beside pgbench's single insert.
fn stored(site: &Site, all: &[Two], pace: Pace, postgres: Option<&str>) -> Figure {
    let second = postgres.map(|_| Server::start(&site.folder, site.database.as_deref(), "/healthz").0);
    let addresses = [Some(&site.server), second.as_ref()].map(|server| server.unwrap_or(&site.server).address);
    let numbers = AtomicU64::new(0);
    let turn = |side: usize| match (side, postgres) {
        (0, _) => {
            // Both servers have senders of both kinds.
            let list = |n: usize| {
                let sender = &all[n][n % 2];
                let each = pace.additions / SENDERS as u64;
                (addresses[n / 2 % 2], (0..each).map(|_| sender.message(&new_given())).collect())
            };
            rate_of_all(&(0..SENDERS).map(list).collect::<Vec<_>>())
        }
        (_, None) => {
            plain::messages(&site.folder, numbers.fetch_add(pace.additions, Ordering::Relaxed), pace.additions)
        }
        (_, Some(url)) => pgbench(url, pace.turn),
    };
    let [ours, theirs] = in_turns(pace.rounds, turn);
    let share = Rounds::from_iter(ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs));
    let median = |all: &[f64]| Rounds::from_iter(all.iter().copied()).median();
    let (aim, how) = match postgres {
        None => (Aim::AtLeast(1.0), "/s of rusqlite's"),
        Some(_) => (Aim::None, "/s by two servers of pgbench's"),
    };
    let beside = format!("{:.0}{how} {:.0}/s", median(&ours), median(&theirs));
    Figure::new("Messages stored, 16 senders", aim, Unit::Percent, share).beside(beside)
}
