//! Kills at bad moments, and two servers on one database.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use testkit::json;
use testkit::ruh::db::Engine;

use crate::support::{Ground, Setting, Smtp, kills, long};
use crate::table::Row;

/// Clients of whom some part is missing: a verb was torn.
const TORN: &str = "select count(*) from clients c where
    not exists (select 1 from care_team t where t.practice_id = c.practice_id and t.client_id = c.id)
    or not exists (select 1 from client_prefixes x where x.practice_id = c.practice_id and x.client_id = c.id)
    or not exists (select 1 from activities a where a.practice_id = c.practice_id and a.client_id = c.id and a.kind = 'client.added')
    or not exists (select 1 from audit_entries a where a.practice_id = c.practice_id and a.client_id = c.id and a.action = 'client.added')
    or not exists (select 1 from invitations i
        join invitation_events e on e.practice_id = i.practice_id and e.invitation_id = i.id
        join jobs j on j.subject = i.id
        where i.practice_id = c.practice_id and i.client_id = c.id)";

fn killed_under_load(engine: Engine) {
    let row = Row::open("R46", engine, "kill -9 under load");
    let ground = Ground::new(engine);
    let setting = ground.setting().with("RUH_UNDO_SECONDS", "3600");
    let mut token = String::new();
    let kills = kills(10);
    let acknowledged = Mutex::new(BTreeSet::new());
    let number = AtomicUsize::new(0);
    for round in 0..kills {
        if round % 100 == 0 {
            // A practice sends two thousand invitations a day; who is added beyond that is whole without one.
            token = setting.practice_of(&format!("olive{round}@example.org"));
        }
        let server = setting.serve();
        let stop = AtomicBool::new(false);
        let before = acknowledged.lock().expect("acks").len();
        // Another moment each time: after so many answers.
        let after = before + 3 + round * 7 % 23;
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    while !stop.load(Ordering::SeqCst) {
                        let n = number.fetch_add(1, Ordering::SeqCst);
                        let email = format!("n{n}@example.org");
                        let body = json!({"first_name": "Ana", "last_name": format!("N{n}"), "email": email});
                        let (status, _) = server.add_client(&token, &body);
                        if status == 201 {
                            acknowledged.lock().expect("acks").insert(email);
                        }
                        if acknowledged.lock().expect("acks").len() >= after {
                            stop.store(true, Ordering::SeqCst);
                            // Killed by whoever counted it full, while the others are in the middle of theirs.
                            server.kill_now();
                        }
                    }
                });
            }
        });
    }
    let acknowledged = acknowledged.into_inner().expect("acks");
    assert!(acknowledged.len() >= kills * 3);
    let there: BTreeSet<String> =
        ground.raw.rows("select email from clients").into_iter().filter_map(|row| row[0].clone()).collect();
    let lost: Vec<_> = acknowledged.difference(&there).collect();
    assert!(lost.is_empty(), "acknowledged and gone: {lost:?}");
    assert_eq!(ground.raw.count(TORN), 0, "a verb was torn");
    if engine == Engine::Sqlite {
        assert_eq!(ground.raw.rows("pragma integrity_check")[0][0].as_deref(), Some("ok"));
    }
    // And it goes on from there, with the audit record whole.
    let server = setting.serve();
    server.invite(&token, "after@example.org");
    assert_eq!(server.stop(), Some(0));
    let verified = setting.run(&["audit", "verify"], "");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    // What asks for torn verbs does see one.
    ground.raw.run("delete from activities where kind = 'client.added' and client_id in (select id from clients where email = 'after@example.org')");
    assert_eq!(ground.raw.count(TORN), 1);
    let happened = format!(
        "{} answered 201 and all there, {} more unanswered, none torn; audit record whole",
        acknowledged.len(),
        there.len() - acknowledged.len()
    );
    row.held(format!("{kills} kills"), happened);
}

#[test]
fn r46_killed_under_load_sqlite() {
    killed_under_load(Engine::Sqlite);
}

#[test]
fn r46_killed_under_load_postgres() {
    killed_under_load(Engine::Postgres);
}

fn two_servers(engine: Engine) {
    let ground = Ground::new(engine);
    let smtp = Smtp::start(&[]);
    let one = ground.setting().with("RUH_UNDO_SECONDS", "1").with("RUH_SMTP_URL", &smtp.url());
    let token = one.practice();
    let mut two = one.clone();
    two.port = ground.setting().port;
    let servers = [one.serve(), two.serve()];
    let count = 120;
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let (servers, token) = (&servers, token.as_str());
            scope.spawn(move || {
                for n in 0..count / 4 {
                    servers[worker % 2].invite(token, &format!("w{worker}-{n}@example.org"));
                }
            });
        }
    });
    assert_eq!(smtp.wait(count).len(), count);
    // Both finish what they have in hand before they stop: whatever they would still send, they have sent.
    for server in servers {
        assert_eq!(server.stop(), Some(0));
    }
    let to: BTreeSet<String> = smtp.mails().iter().map(|m| m["to"].to_string()).collect();
    assert_eq!(to.len(), count, "each to its own address");
    let ids: BTreeSet<String> = smtp.mails().iter().map(|m| m["message_id"].to_string()).collect();
    assert_eq!((smtp.mails().len(), ids.len()), (count, count), "each mail once");
    assert_eq!(ground.raw.count("select count(*) from jobs"), 0);
    let sent = ground.raw.count("select count(*) from invitations where state = 'sent'");
    assert_eq!(sent, i64::try_from(count).expect("a count"));
    // Two sealers worked on one record: it is one chain.
    let verified = one.run(&["audit", "verify"], "");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

/// Runs `round` once, or in the long run ten times, under a row of its own.
fn in_rounds(row: Row, happened: &str, mut round: impl FnMut()) {
    let rounds = if long() { 10 } else { 1 };
    for _ in 0..rounds {
        round();
    }
    row.held(rounds, happened);
}

fn two_servers_in_rounds(engine: Engine) {
    let row = Row::open("R42", engine, "two servers on one outbox");
    in_rounds(row, "120 mails a round, each once; the audit record is one chain", || two_servers(engine));
}

#[test]
fn r42_two_servers_send_each_mail_once_sqlite() {
    two_servers_in_rounds(Engine::Sqlite);
}

#[test]
fn r42_two_servers_send_each_mail_once_postgres() {
    two_servers_in_rounds(Engine::Postgres);
}

fn sending_by(ground: &Ground, smtp: &Smtp) -> Setting {
    let setting = ground.setting().with("RUH_UNDO_SECONDS", "0").with("RUH_SMTP_URL", &smtp.url());
    setting.with("RUH_LEASE_SECONDS", "4")
}

/// The mail is taken whole, and the line is dead (`dropped`) or silent when the kill comes: the moments in which nobody
/// can know.
fn killed_after_the_dot(engine: Engine, behaviour: &[&str]) {
    let ground = Ground::new(engine);
    let smtp = Smtp::start(behaviour);
    let setting = sending_by(&ground, &smtp);
    let token = setting.practice();
    let server = setting.serve();
    server.invite(&token, "ana@example.org");
    let taken = smtp.wait(1);
    server.kill();
    assert_eq!(taken.len(), 1);
    smtp.behave(&json!({}));
    let server = setting.serve();
    let mails = smtp.wait(2);
    assert_eq!(mails.len(), 2, "never lost, repeated only there");
    assert_eq!(mails[0]["message_id"], mails[1]["message_id"], "with the same Message-ID");
    assert_eq!(mails[0]["raw"].as_str().map(link), mails[1]["raw"].as_str().map(link), "and the same link");
    assert_eq!(server.stop(), Some(0));
    assert_eq!(ground.raw.count("select count(*) from invitations where state = 'sent'"), 1);
    assert_eq!(smtp.mails().len(), 2);
}

/// Killed while the server has the envelope or the text, and has not taken the mail: it comes once.
fn killed_before_the_dot(engine: Engine, stall: &str) {
    let ground = Ground::new(engine);
    let smtp = Smtp::start(&["--stall", stall]);
    let setting = sending_by(&ground, &smtp);
    let token = setting.practice();
    let server = setting.serve();
    server.invite(&token, "ana@example.org");
    while smtp.attempts() == 0 {
        std::thread::yield_now();
    }
    server.kill();
    assert_eq!(ground.raw.count("select count(*) from jobs"), 1, "nobody has called it done");
    smtp.behave(&json!({}));
    let server = setting.serve();
    assert_eq!(smtp.wait(1).len(), 1, "never lost");
    assert_eq!(server.stop(), Some(0));
    assert_eq!(ground.raw.count("select count(*) from invitations where state = 'sent'"), 1);
    assert_eq!(smtp.mails().len(), 1);
}

fn link(raw: &str) -> String {
    let unfolded = raw.replace("=\r\n", "").replace("=\n", "");
    unfolded.split_whitespace().find(|w| w.contains("/invitation/")).expect("a link").to_string()
}

fn killed_with_the_line_cut(engine: Engine) {
    let row = Row::open("R47", engine, "kill -9 after the dot, line cut");
    let happened = "came twice, with the same Message-ID and link";
    in_rounds(row, happened, || killed_after_the_dot(engine, &["--drop-after-dot", "1"]));
}

#[test]
fn r47_killed_after_the_dot_with_the_line_cut_sqlite() {
    killed_with_the_line_cut(Engine::Sqlite);
}

#[test]
fn r47_killed_after_the_dot_with_the_line_cut_postgres() {
    killed_with_the_line_cut(Engine::Postgres);
}

fn killed_while_waiting(engine: Engine) {
    let row = Row::open("R47", engine, "kill -9 after the dot, no answer yet");
    let happened = "came twice, with the same Message-ID and link";
    in_rounds(row, happened, || killed_after_the_dot(engine, &["--stall", "answer"]));
}

#[test]
fn r47_killed_while_waiting_for_the_answer_sqlite() {
    killed_while_waiting(Engine::Sqlite);
}

#[test]
fn r47_killed_while_waiting_for_the_answer_postgres() {
    killed_while_waiting(Engine::Postgres);
}

fn killed_in_the_middle(engine: Engine, stalls: &[&str]) {
    let row = Row::open("R47", engine, "kill -9 in the middle of the mail");
    in_rounds(row, "came once", || stalls.iter().for_each(|stall| killed_before_the_dot(engine, stall)));
}

#[test]
fn r47_killed_in_the_middle_of_the_mail_sqlite() {
    killed_in_the_middle(Engine::Sqlite, &["command", "dot"]);
}

#[test]
fn r47_killed_in_the_middle_of_the_mail_postgres() {
    killed_in_the_middle(Engine::Postgres, &["dot"]);
}
