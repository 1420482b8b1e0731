//! Fifty people fill in a form of two hundred questions at once: how long an answer takes to be kept, against one
//! synchronous transaction of SQLite, and how long the form takes to open.

use std::time::Duration;

use ruh::clock::stopwatch;

use crate::client::{Connection, Request};
use crate::measure::Pace;
use crate::plain;
use crate::site::{FORM, Site};
use crate::table::{Aim, Figure, Rounds, Unit, milliseconds, percentile};

/// Between two answers of one person who types quickly.
const PAUSE: Duration = Duration::from_millis(500);

/// Somebody at their form: the cookie of their session, and the form's address.
struct Person {
    cookie: String,
    form: String,
}

impl Person {
    /// An answer to a text, as the page sends it while it is typed: another one each time.
    fn answer(&self, number: usize) -> Request {
        let (page, sitting) = (number / 2 % 20, "019caf10-8770-72e9-a79e-990e7d12e771");
        let body = format!("sitting={sitting}&question=q{page}.0&ago=700&q-q{page}.0=Something+typed,+number+{number}");
        let path = format!("/portal/forms/{}/answers", self.form);
        Request::post(&path, &[&self.cookie, FORM, "sec-fetch-site: same-origin"], &body, 200)
    }
}

pub fn figures(site: &Site, pace: Pace) -> Vec<Figure> {
    let people: Vec<Person> =
        site.fillers().into_iter().map(|(email, form)| Person { cookie: site.signed_in(&email), form }).collect();
    let (mut ratios, mut kept, mut plain_times) = (Rounds::default(), Rounds::default(), Rounds::default());
    for round in 0..pace.rounds {
        // Long enough that a hundredth of the answers is some of them.
        let times = typing(site, &people, round, pace.turn * 8);
        // On both databases against SQLite: what keeping one answer costs at the least.
        let plain = plain::times(&site.folder, pace.turn * 2);
        let (ours, theirs) = (percentile(&times, 99), percentile(&plain, 99));
        ratios.push(ours.as_secs_f64() / theirs.as_secs_f64());
        kept.push(milliseconds(ours));
        plain_times.push(milliseconds(theirs));
    }
    let beside = format!("{:.1} ms of {:.1} ms", kept.median(), plain_times.median());
    let name = "An answer kept, 50 filling in, p99";
    vec![Figure::new(name, Aim::AtMost(3.0), Unit::Times, ratios).beside(beside), opening(site, &people[0], pace)]
}

/// Everybody types for a while; how long each answer took.
fn typing(site: &Site, people: &[Person], round: usize, time: Duration) -> Vec<Duration> {
    let one = |at: usize| {
        // Nobody begins at the same moment as everybody else.
        std::thread::sleep(PAUSE * u32::try_from(at).unwrap_or(0) / u32::try_from(people.len()).unwrap_or(1));
        let mut connection = Connection::open(site.server.address).expect("a connection");
        connection.ask(&people[at].answer(round * 1_000));
        let (started, mut times) = (stopwatch(), Vec::new());
        while started.elapsed() < time {
            std::thread::sleep(PAUSE);
            let request = people[at].answer(round * 1_000 + times.len() + 1);
            let asked = stopwatch();
            connection.ask(&request);
            times.push(asked.elapsed());
        }
        times
    };
    std::thread::scope(|scope| {
        let one = &one;
        let all: Vec<_> = (0..people.len()).map(|at| scope.spawn(move || one(at))).collect();
        all.into_iter().flat_map(|thread| thread.join().expect("a thread")).collect()
    })
}

/// The pages of the form that a person opens: the list, a page of questions, and the check of all two hundred.
fn opening(site: &Site, person: &Person, pace: Pace) -> Figure {
    let form = format!("/portal/forms/{}", person.form);
    let paths =
        ["/portal/forms".to_string(), format!("{form}?page=2"), format!("{form}?page=20"), format!("{form}/check")];
    let median = |path: &String| {
        let request =
            Request::get(path, &[&person.cookie, "accept: text/html", "accept-encoding: gzip, deflate, br, zstd"]);
        let times = crate::client::times(site.server.address, &request, Duration::from_millis(1), pace.turn / 2);
        milliseconds(percentile(&times, 50))
    };
    let (_, most) = paths.iter().map(median).collect::<Rounds>().ends();
    Figure::new("A form of 200 questions opened, median", Aim::AtMost(20.0), Unit::Milliseconds, most)
}
