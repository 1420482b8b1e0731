//! A stop that is asked for: what is under way finishes, and nothing that was done is forgotten.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use testkit::json;
use testkit::ruh::db::Engine;

use crate::support::{Ground, Server, Smtp};

/// A request of which the server has read the head and waits for the rest.
struct Slow {
    answer: BufReader<TcpStream>,
    body: String,
}

impl Slow {
    fn add_client(server: &Server, token: &str) -> Slow {
        let body = json!({"first_name": "Slow", "last_name": "Request", "email": "slow@example.org"}).to_string();
        let mut to = TcpStream::connect(("127.0.0.1", server.setting.port)).expect("a connection");
        write!(
            to,
            "POST /api/v1/clients HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
            body.len()
        )
        .expect("a head");
        let mut answer = BufReader::new(to);
        let mut line = String::new();
        answer.read_line(&mut line).expect("a first line");
        assert!(line.contains("100 Continue"), "{line}");
        answer.read_line(&mut line).expect("an empty line");
        Slow { answer, body }
    }

    /// Sends the rest; the answer's first line.
    fn finish(mut self) -> String {
        self.answer.get_mut().write_all(self.body.as_bytes()).expect("a body");
        let mut answer = String::new();
        self.answer.read_to_string(&mut answer).expect("an answer");
        answer.lines().next().unwrap_or_default().to_string()
    }
}

fn await_stopping(server: &Server) {
    // The listener is the first thing to go.
    while TcpStream::connect(("127.0.0.1", server.setting.port)).is_ok() {
        std::thread::yield_now();
    }
}

fn asked_to_stop(engine: Engine) {
    let ground = Ground::new(engine);
    let smtp = Smtp::start(&["--stall"]);
    let setting =
        ground.setting().with("RUH_UNDO_SECONDS", "0").with("RUH_SMTP_URL", &smtp.url()).with("RUH_LEASE_SECONDS", "8");
    let token = setting.practice();
    let server = setting.serve();
    server.invite(&token, "ana@example.org");
    let slow = Slow::add_client(&server, &token);
    // The mail server has the mail's envelope and says nothing: a job is under way too.
    while smtp.attempts() == 0 {
        std::thread::yield_now();
    }
    server.ask_to_stop();
    await_stopping(&server);
    // The job ends first, and the runner with it.
    while ground.raw.count("select count(*) from jobs where lease is not null") > 0 {
        std::thread::yield_now();
    }
    let answer = slow.finish();
    assert!(answer.contains("201"), "a request under way is answered: {answer:?}");
    assert_eq!(server.ended(), Some(0));
    let clients = ground.raw.rows("select email from clients order by email");
    assert_eq!(clients.len(), 2, "and what it wrote is there: {clients:?}");
    assert_eq!(ground.raw.count("select count(*) from jobs where lease is not null"), 0, "given back, not kept");
    assert_eq!(ground.raw.count("select count(*) from jobs where state = 'ready'"), 2);
    // Its entries were written by a request that ended after the runner had stopped, and are sealed all the same.
    assert_eq!(ground.raw.count("select count(*) from audit_entries where seq is null"), 0);
    let verified = setting.run(&["audit", "verify"], "");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

#[test]
fn a_stop_lets_requests_finish_and_gives_jobs_back_sqlite() {
    asked_to_stop(Engine::Sqlite);
}

#[test]
fn a_stop_lets_requests_finish_and_gives_jobs_back_postgres() {
    asked_to_stop(Engine::Postgres);
}

/// Who read what in the last second before the stop is known after it.
fn reads_survive(engine: Engine) {
    let ground = Ground::new(engine);
    let setting = ground.setting();
    let token = setting.practice();
    let server = setting.serve();
    let id = server.invite(&token, "ana@example.org");
    let authorization = format!("Bearer {token}");
    for _ in 0..5 {
        let path = setting.url(&format!("/api/v1/clients/{id}"));
        assert_eq!(crate::support::http("GET", &path, &[("authorization", &authorization)], "").0, 200);
    }
    assert_eq!(server.stop(), Some(0));
    assert_eq!(ground.raw.count("select count(*) from audit_entries where action = 'client.read'"), 5);
    assert_eq!(ground.raw.count("select count(*) from audit_entries where seq is null"), 0);
}

#[test]
fn a_stop_forgets_no_read_sqlite() {
    reads_survive(Engine::Sqlite);
}

#[test]
fn a_stop_forgets_no_read_postgres() {
    reads_survive(Engine::Postgres);
}

/// Whoever holds a request open while their rights end has none when the rest of it arrives.
fn held_open(engine: Engine) {
    let ground = Ground::new(engine);
    let setting = ground.setting();
    let token = setting.practice();
    let server = setting.serve();
    let slow = Slow::add_client(&server, &token);
    let tokens = setting.url("/api/v1/tokens");
    let authorization = format!("Bearer {token}");
    let (status, listed) = crate::support::http("GET", &tokens, &[("authorization", &authorization)], "");
    assert_eq!(status, 200, "{listed}");
    let listed: testkit::Json = serde_json::from_str(&listed).expect("JSON");
    let id = listed["items"][0]["id"].as_str().expect("a token's id").to_string();
    let revoked = crate::support::http("DELETE", &format!("{tokens}/{id}"), &[("authorization", &authorization)], "");
    assert!((200..300).contains(&revoked.0), "{revoked:?}");
    let answer = slow.finish();
    assert!(answer.contains("401"), "{answer:?}");
    assert_eq!(ground.raw.count("select count(*) from clients"), 0);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn r16_a_request_held_open_has_no_rights_of_before_sqlite() {
    held_open(Engine::Sqlite);
}

#[test]
fn r16_a_request_held_open_has_no_rights_of_before_postgres() {
    held_open(Engine::Postgres);
}
