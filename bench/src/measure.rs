//! What is measured, on one database: each figure in rounds, both sides in turn, so that a busy machine meets both.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use ruh::clock::stopwatch;

use crate::bare;
use crate::client::{Connection, Request, rate, rate_of_all, times};
use crate::crowd::{PRACTICES, owner_of};
use crate::filling;
use crate::history;
use crate::parts::{Part, Parts};
use crate::plain;
use crate::server::Server;
use crate::site::{Site, wrong_password};
use crate::table::{Aim, Figure, Rounds, Unit, milliseconds, percentile};

/// Connections at once.
const CONNECTIONS: usize = 16;
/// Between two requests of somebody who works while others flood.
const PAUSE: Duration = Duration::from_millis(3);

/// How long and how often.
#[derive(Clone, Copy)]
pub struct Pace {
    pub rounds: usize,
    /// One side's turn.
    pub turn: Duration,
    /// Additions of a turn, and messages; under the two thousand invitations that a practice may send in a day.
    pub additions: u64,
    /// Sign-ins of each kind.
    pub sign_ins: usize,
}

pub const FULL: Pace = Pace { rounds: 7, turn: Duration::from_millis(1_200), additions: 960, sign_ins: PRACTICES };
pub const QUICK: Pace = Pace { rounds: 3, turn: Duration::from_millis(500), additions: 320, sign_ins: 100 };

/// The same program on the crowd and on a tenth of it.
pub struct Pair {
    pub whole: Site,
    pub tenth: Site,
    pub pace: Pace,
}

/// What somebody asks for, and what it is to reach.
struct Asked {
    name: &'static str,
    grown: &'static str,
    aim: f64,
    request: fn(&Site) -> Request,
}

const READS: [Asked; 6] = [
    Asked { name: "Clients page", grown: "… × 10 clients", aim: 0.15, request: |site| site.page("/clients") },
    Asked {
        name: "JSON list",
        grown: "… × 10 clients",
        aim: 0.20,
        request: |site| site.api("/api/v1/clients?limit=50"),
    },
    Asked { name: "Search that finds ten", grown: "… × 10 clients", aim: 0.20, request: |site| site.api(FEW) },
    Asked { name: "Search that finds one in 15", grown: "… × 10 clients", aim: 0.0, request: |site| site.api(MANY) },
    Asked { name: "One record", grown: "… × 10 clients", aim: 0.25, request: one_record },
    Asked {
        name: "Clients page, compressed",
        grown: "… × 10 clients",
        aim: 0.0,
        request: |site| site.compressed_page("/clients"),
    },
];

/// The crowd's names end in a number of five digits: these are ten of the Petrovs.
const FEW: &str = "/api/v1/clients?limit=50&search=trov+0023";
const MANY: &str = "/api/v1/clients?limit=50&search=walcz";

fn one_record(site: &Site) -> Request {
    site.api(&format!("/api/v1/clients/{}", some_client(site)))
}

fn some_client(site: &Site) -> String {
    site.fetch(&site.api(FEW)).json()["items"][4]["id"].as_str().expect("a client").to_string()
}

/// Start and memory at rest, of a program of its own.
pub fn start(folder: &Path, database: Option<&str>, pace: Pace) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (name, path) in [("Start to the first 200 of /healthz", "/healthz"), ("… of /sign-in", "/sign-in")] {
        let rounds: Rounds = (0..pace.rounds).map(|_| milliseconds(Server::start(folder, database, path).1)).collect();
        figures.push(Figure::new(name, Aim::AtMost(150.0), Unit::Milliseconds, rounds));
    }
    let (server, _) = Server::start(folder, database, "/healthz");
    std::thread::sleep(Duration::from_secs(2));
    figures.push(Figure::new("Memory at rest", Aim::AtMost(40.0), Unit::Mebibytes, server.memory().0));
    figures
}

impl Pair {
    pub fn figures(&self, parts: &Parts, scratch: &Path, postgres: Option<&str>) -> Vec<Figure> {
        let mut figures = Vec::new();
        let peak = |name| Figure::new(name, Aim::AtMost(90.0), Unit::Mebibytes, self.whole.server.memory().1);
        if parts.have(Part::Reads) {
            figures.extend(self.reads(scratch));
            figures.push(self.staff_pages());
        }
        if parts.have(Part::Additions) {
            figures.extend(self.additions(postgres));
        }
        if parts.have_any(&[Part::Reads, Part::Additions]) {
            figures.push(peak("Memory under load, at most"));
        }
        if parts.have(Part::SignIn) {
            figures.push(self.sign_in_times());
        }
        if parts.have(Part::Floods) {
            figures.push(self.flood_of_sign_ins());
            figures.push(self.flood_of_a_practice());
            figures.push(peak("Memory after the floods, at most"));
        }
        if parts.have(Part::LongLife) {
            figures.push(self.long_life());
        }
        if parts.have(Part::Filling) {
            figures.extend(filling::figures(&self.whole, self.pace));
        }
        figures
    }

    fn reads(&self, scratch: &Path) -> Vec<Figure> {
        let requests: Vec<_> = READS.iter().map(|asked| [&self.whole, &self.tenth].map(asked.request)).collect();
        for (number, [whole, _]) in requests.iter().enumerate() {
            bare::record(scratch, number, &self.whole.fetch(whole));
        }
        let bare = Server::bare(scratch);
        let mut figures = Vec::new();
        for (number, (asked, [whole, tenth])) in READS.iter().zip(&requests).enumerate() {
            let nothing = Request::get(&format!("/{number}"), &[]);
            let sides =
                [(self.whole.server.address, whole), (self.tenth.server.address, tenth), (bare.address, &nothing)];
            let turn = |side: usize| rate(sides[side].0, sides[side].1, CONNECTIONS, self.pace.turn);
            let [whole, tenth, bare] = in_turns(self.pace.rounds, turn);
            let share = Rounds::from_iter(whole.iter().zip(&bare).map(|(ours, bare)| ours / bare));
            let beside = format!("{:.0}/s", Rounds::from_iter(whole.iter().copied()).median());
            let aim = if asked.aim > 0.0 { Aim::AtLeast(asked.aim) } else { Aim::None };
            figures.push(Figure::new(asked.name, aim, Unit::Percent, share).beside(beside));
            figures.push(grown(asked.grown, &whole, &tenth));
        }
        figures
    }

    /// The slowest of the staff's pages, asked for by one person.
    fn staff_pages(&self) -> Figure {
        let site = &self.whole;
        let client = format!("/clients/{}", some_client(site));
        let mut requests = vec![site.page_of(&site.said("provider"), "/clients")];
        let lists = ["search=walcz", "search=k", "sort=-created_at", "invitation=none"];
        requests.extend(lists.map(|query| site.compressed_page(&format!("/clients?{query}"))));
        let pages = ["/home", &client, "/clients", "/clients/new", "/settings/practice"];
        requests.extend(pages.map(|path| site.compressed_page(path)));
        let slowest = |request: &Request| {
            let times = times(site.server.address, request, Duration::from_millis(1), self.pace.turn / 2);
            milliseconds(percentile(&times, 50))
        };
        let medians: Rounds = requests.iter().map(slowest).collect();
        let (_, most) = medians.ends();
        Figure::new("Slowest staff page, one person, median", Aim::AtMost(20.0), Unit::Milliseconds, most)
    }

    /// The slowest page of the timeline, of who has looked and of the newsfeed, with ten thousand entries about the client
    /// and a million in the practice.
    fn long_life(&self) -> Figure {
        let site = &self.whole;
        let client = some_client(site);
        let staff = site.fetch(&site.api("/api/v1/members")).json();
        let owner =
            staff["items"].as_array().and_then(|all| all.iter().find(|one| one["role"] == "owner")).expect("an owner");
        history::write(site, &client, owner["id"].as_str().expect("an id"));
        let timeline = format!("/api/v1/clients/{client}/timeline?limit=200");
        let next = site.fetch(&site.api(&timeline)).json()["next_cursor"].as_str().expect("a next page").to_string();
        let pages = [
            format!("/clients/{client}/timeline"),
            format!("/clients/{client}/timeline?topic=invitations&cursor={next}"),
            format!("/clients/{client}/looks"),
            "/home".into(),
            "/newsfeed".into(),
            "/newsfeed/list".into(),
            "/newsfeed?topic=invitations".into(),
            "/newsfeed?topic=care_team".into(),
            format!("/newsfeed?client_id={client}&topic=invitations"),
        ];
        let median = |path: &String| {
            let request = site.compressed_page(path);
            let times = times(site.server.address, &request, Duration::from_millis(1), self.pace.turn / 2);
            milliseconds(percentile(&times, 50))
        };
        let (_, most) = pages.iter().map(median).collect::<Rounds>().ends();
        Figure::new("Slowest page of a long life, median", Aim::AtMost(20.0), Unit::Milliseconds, most)
    }

    /// Clients added and invited through the API. On SQLite beside the same rows by rusqlite, on PostgreSQL beside
    /// pgbench's single insert.
    fn additions(&self, postgres: Option<&str>) -> Vec<Figure> {
        let numbers = AtomicUsize::new(0);
        let file = self.whole.folder.join("ruh.db");
        let turn = |side: usize| {
            let site = if side == 0 { &self.whole } else { &self.tenth };
            if side < 2 {
                site.forget_caps();
                let each = self.pace.additions / CONNECTIONS as u64;
                let one = |_| site.addition(numbers.fetch_add(1, Ordering::Relaxed) as u64);
                let list = |_| (site.server.address, (0..each).map(one).collect());
                return rate_of_all(&(0..CONNECTIONS).map(list).collect::<Vec<_>>());
            }
            match postgres {
                None => {
                    let from = numbers.fetch_add(self.pace.additions as usize, Ordering::Relaxed) as u64;
                    plain::transactions(&file, from, self.pace.additions)
                }
                Some(url) => pgbench(url, self.pace.turn),
            }
        };
        let [whole, tenth, other] = in_turns(self.pace.rounds, turn);
        let share = Rounds::from_iter(whole.iter().zip(&other).map(|(ours, other)| ours / other));
        let median = |all: &[f64]| Rounds::from_iter(all.iter().copied()).median();
        let (aim, what) = if postgres.is_some() { (0.4, "pgbench") } else { (1.0, "rusqlite") };
        let beside = format!("{:.0}/s of {what}'s {:.0}/s", median(&whole), median(&other));
        vec![
            Figure::new("Client added and invited", Aim::AtLeast(aim), Unit::Percent, share).beside(beside),
            grown("… × 10 clients", &whole, &tenth),
        ]
    }

    /// R10: a wrong password for addresses that have an account and for addresses that have none, in turn.
    fn sign_in_times(&self) -> Figure {
        self.whole.forget_caps();
        let mut connection = Connection::open(self.whole.server.address).expect("a connection");
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for number in 0..self.pace.sign_ins {
            let tries = [(owner_of(number), &mut known), (format!("nobody@practice-{number}.example"), &mut unknown)];
            for (at, (email, times)) in tries.into_iter().enumerate() {
                let request = wrong_password(&email, number * 2 + at);
                let asked = stopwatch();
                connection.ask(&request);
                times.push(asked.elapsed());
            }
        }
        let (known, unknown) = (percentile(&known, 50), percentile(&unknown, 50));
        let (more, less) = (known.max(unknown), known.min(unknown));
        let beside = format!("{:.1} ms", milliseconds(known));
        let apart = more.as_secs_f64() / less.as_secs_f64();
        Figure::new("Sign-in, known against unknown address", Aim::AtMost(1.05), Unit::Times, apart).beside(beside)
    }

    /// What a flood of sign-ins does to somebody else's page.
    fn flood_of_sign_ins(&self) -> Figure {
        self.whole.forget_caps();
        let numbers = AtomicUsize::new(0);
        let flood = |connection: &mut Connection| {
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            let email =
                if number.is_multiple_of(2) { owner_of(number % PRACTICES) } else { format!("n{number}@example.org") };
            // Some are told to wait; that is an answer as well.
            connection.status(&wrong_password(&email, number)).expect("an answer");
        };
        let page = self.whole.page("/clients");
        let name = "Others' p99 in a flood of sign-ins";
        self.beside_a_flood(name, 3.0, &page, flood)
    }

    /// R67: what one practice's flood does to another's page.
    fn flood_of_a_practice(&self) -> Figure {
        let requests = [self.whole.api("/api/v1/clients?limit=200"), self.whole.api(MANY)];
        let flood = |connection: &mut Connection| requests.iter().for_each(|request| connection.ask(request));
        let page = self.whole.page_of(&owner_of(0), "/clients");
        self.beside_a_flood("Another practice's p99 in one's flood", 2.0, &page, flood)
    }

    fn beside_a_flood(
        &self,
        name: &'static str,
        aim: f64,
        page: &Request,
        flood: impl Fn(&mut Connection) + Sync,
    ) -> Figure {
        let address = self.whole.server.address;
        let p99 = || percentile(&times(address, page, PAUSE, self.pace.turn * 2), 99);
        let (mut ratios, mut usual_times) = (Rounds::default(), Rounds::default());
        for _ in 0..self.pace.rounds {
            let usual = p99();
            let over = AtomicBool::new(false);
            let flooded = std::thread::scope(|scope| {
                for _ in 0..CONNECTIONS {
                    scope.spawn(|| {
                        let mut connection = Connection::open(address).expect("a connection");
                        while !over.load(Ordering::Relaxed) {
                            flood(&mut connection);
                        }
                    });
                }
                let flooded = p99();
                over.store(true, Ordering::Relaxed);
                flooded
            });
            ratios.push(flooded.as_secs_f64() / usual.as_secs_f64());
            usual_times.push(milliseconds(usual));
        }
        let beside = format!("usually {:.1} ms", usual_times.median());
        Figure::new(name, Aim::AtMost(aim), Unit::Times, ratios).beside(beside)
    }
}

fn grown(name: &'static str, whole: &[f64], tenth: &[f64]) -> Figure {
    let ratio = Rounds::from_iter(whole.iter().zip(tenth).map(|(whole, tenth)| whole / tenth));
    Figure::new(name, Aim::AtLeast(0.9), Unit::Times, ratio)
}

/// Lets the sides run in turn, forwards and backwards, after a turn that does not count.
pub fn in_turns<const SIDES: usize>(rounds: usize, turn: impl Fn(usize) -> f64) -> [Vec<f64>; SIDES] {
    for side in 0..SIDES {
        turn(side);
    }
    let mut all = [const { Vec::new() }; SIDES];
    for round in 0..rounds {
        for at in 0..SIDES {
            let side = if round % 2 == 0 { at } else { SIDES - 1 - at };
            all[side].push(turn(side));
        }
    }
    all
}

/// Rows a second that pgbench inserts one by one, by as many clients at once.
pub fn pgbench(url: &str, time: Duration) -> f64 {
    let script = tempfile::NamedTempFile::new().expect("a script");
    let insert = "\\set aid random(1, 100000)\n\\set delta random(-5000, 5000)\n\
        insert into pgbench_history (tid, bid, aid, delta, mtime) values (1, 1, :aid, :delta, current_timestamp);\n";
    std::fs::write(script.path(), insert).expect("a script");
    let mut command = Command::new("pgbench");
    command.args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--client"]).arg(CONNECTIONS.to_string());
    command.arg("--time").arg(time.as_secs().max(1).to_string()).arg("--file").arg(script.path()).arg(url);
    let said = command.output().expect("pgbench");
    let text = String::from_utf8_lossy(&said.stdout);
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.unwrap_or_else(|| panic!("pgbench: {text}{}", String::from_utf8_lossy(&said.stderr)))
}
