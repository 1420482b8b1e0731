//! R49: PostgreSQL goes away, and everything is as before once it is back.

use testkit::json;
use testkit::ruh::db::Engine;

use crate::ground::{Cluster, Swallower};
use crate::support::{Server, Setting, Smtp, http, long};
use crate::table::Row;

fn threads(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/task", server.id())).expect("threads").count()
}

fn list(setting: &Setting, token: &str) -> u16 {
    let authorization = format!("Bearer {token}");
    http("GET", &setting.url("/api/v1/clients"), &[("authorization", authorization.as_str())], "").0
}

/// Asks until it reads and writes again; everybody who asks meanwhile hears 503. The record has no address: no mail.
fn heals(server: &Server, token: &str) -> std::time::Duration {
    let started = testkit::ruh::clock::stopwatch();
    let record = json!({"first_name": "Back", "last_name": "Again"});
    while started.elapsed().as_secs() < 60 {
        match (list(&server.setting, token), server.add_client(token, &record).0) {
            (200, 201) => return started.elapsed(),
            (read, written) => assert!([200, 503].contains(&read) && [201, 503].contains(&written), "{read} {written}"),
        }
    }
    panic!("it did not heal within a minute");
}

#[test]
fn r49_postgres_stops_and_comes_back() {
    let row = Row::open("R49", Engine::Postgres, "PostgreSQL stopped and started");
    let cluster = Cluster::new(None);
    let folder = tempfile::tempdir().expect("a folder");
    let smtp = Smtp::start(&[]);
    let setting =
        Setting::new(folder.path(), &cluster.url()).with("RUH_SMTP_URL", &smtp.url()).with("RUH_UNDO_SECONDS", "1");
    let token = setting.practice();
    let server = setting.serve();
    let rounds = if long() { 10 } else { 2 };
    let mut slowest = std::time::Duration::ZERO;
    for round in 0..rounds {
        server.invite(&token, &format!("before{round}@example.org"));
        smtp.wait(2 * round + 1);
        assert_eq!(list(&setting, &token), 200);
        let before = threads(&server);
        // Acknowledged, and its mail still waits when the database goes.
        let waiting = format!("waiting{round}@example.org");
        server.invite(&token, &waiting);
        cluster.stop();
        for n in 0..if long() { 5_000 } else { 200 } {
            assert_eq!(list(&setting, &token), 503, "{n}");
            let body = json!({"first_name": "Ana", "last_name": "Lost"});
            assert_eq!(server.add_client(&token, &body).0, 503, "{n}");
        }
        assert_eq!(http("GET", &setting.url("/healthz"), &[], "").0, 200, "the process is well");
        assert_eq!(http("GET", &setting.url("/readyz"), &[], "").0, 503, "and says that it is not ready");
        let page = http("GET", &setting.url("/sign-in"), &[], "");
        assert_eq!(page.0, 200, "a page that asks the database nothing is there");
        assert!(threads(&server) <= before + 2, "no thread for each who waits");
        cluster.start();
        let took = heals(&server, &token);
        println!("round {round}: healed {took:?} after it was back");
        slowest = slowest.max(took);
        let mails = smtp.wait(2 * (round + 1));
        let to_waiting = mails.iter().filter(|mail| mail.to_string().contains(&waiting)).count();
        assert_eq!(to_waiting, 1, "what waited went out, once");
    }
    assert_eq!(server.stop(), Some(0));
    let verified = setting.run(&["audit", "verify"], "");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    row.held(rounds, format!("healed at most {:.1} s after it was back", slowest.as_secs_f64()));
}

#[test]
fn r49_a_network_that_swallows_everything() {
    let row = Row::open("R49", Engine::Postgres, "a network that swallows all, then none");
    let cluster = Cluster::new(None);
    let network = Swallower::before(cluster.port());
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("postgres://ruh@127.0.0.1:{}/postgres", network.port);
    let setting = Setting::new(folder.path(), &url).with("RUH_ANSWER_SECONDS", "4");
    let token = setting.practice();
    let server = setting.serve();
    server.invite(&token, "ana@example.org");
    assert_eq!(list(&setting, &token), 200);
    network.swallow();
    // Those who are under way when it happens wait, but not for ever; nobody is let wait behind them for long.
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..30).map(|_| scope.spawn(|| list(&setting, &token))).collect();
        assert_eq!(http("GET", &setting.url("/healthz"), &[], "").0, 200);
        for one in asked {
            assert_eq!(one.join().expect("an answer"), 503);
        }
    });
    network.recover();
    let took = heals(&server, &token);
    server.invite(&token, "after@example.org");
    assert_eq!(server.stop(), Some(0));
    row.held(1, format!("30 who waited heard 503; healed in {:.1} s", took.as_secs_f64()));
}
