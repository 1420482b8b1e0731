//! Kills at bad moments, two servers on one database, and a stop that is asked for.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use testkit::json;
use testkit::ruh::db::Engine;

use crate::support::{Ground, Smtp, long};

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
    let ground = Ground::new(engine);
    let setting = ground.setting().with("RUH_UNDO_SECONDS", "3600");
    let token = setting.practice();
    let kills = if long() { 500 } else { 6 };
    let acknowledged = Mutex::new(BTreeSet::new());
    let number = AtomicUsize::new(0);
    for round in 0..kills {
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
    // And it goes on from there.
    let server = setting.serve();
    server.invite(&token, "after@example.org");
    assert_eq!(server.stop(), Some(0));
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
    let count = 60;
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
    let ids: BTreeSet<String> = smtp.mails().iter().map(|m| m["message_id"].to_string()).collect();
    assert_eq!((smtp.mails().len(), ids.len()), (count, count), "each mail once");
    assert_eq!(ground.raw.count("select count(*) from jobs"), 0);
    let sent = ground.raw.count("select count(*) from invitations where state = 'sent'");
    assert_eq!(sent, i64::try_from(count).expect("a count"));
}

#[test]
fn r42_two_servers_send_each_mail_once_sqlite() {
    two_servers(Engine::Sqlite);
}

#[test]
fn r42_two_servers_send_each_mail_once_postgres() {
    two_servers(Engine::Postgres);
}

fn killed_around_sending(engine: Engine) {
    let ground = Ground::new(engine);
    // The mail is taken whole and the line is cut instead of an answer: the moment in which nobody can know.
    let smtp = Smtp::start(&["--drop-after-dot", "1"]);
    let setting =
        ground.setting().with("RUH_UNDO_SECONDS", "0").with("RUH_SMTP_URL", &smtp.url()).with("RUH_LEASE_SECONDS", "4");
    let token = setting.practice();
    let server = setting.serve();
    server.invite(&token, "ana@example.org");
    let taken = smtp.wait(1);
    server.kill();
    assert_eq!(taken.len(), 1);
    let server = setting.serve();
    let mails = smtp.wait(2);
    assert_eq!(mails.len(), 2, "never lost, repeated only there");
    assert_eq!(mails[0]["message_id"], mails[1]["message_id"], "with the same Message-ID");
    assert_eq!(mails[0]["raw"].as_str().map(link), mails[1]["raw"].as_str().map(link), "and the same link");
    assert_eq!(server.stop(), Some(0));
    assert_eq!(ground.raw.count("select count(*) from invitations where state = 'sent'"), 1);
    assert_eq!(smtp.mails().len(), 2);
}

fn link(raw: &str) -> String {
    let unfolded = raw.replace("=\r\n", "").replace("=\n", "");
    unfolded.split_whitespace().find(|w| w.contains("/invitation/")).expect("a link").to_string()
}

#[test]
fn r47_killed_around_sending_sqlite() {
    killed_around_sending(Engine::Sqlite);
}

#[test]
fn r47_killed_around_sending_postgres() {
    killed_around_sending(Engine::Postgres);
}
