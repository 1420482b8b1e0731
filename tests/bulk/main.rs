//! B8: one thing done to many clients, with progress, Undo, and the rights of whoever asked.

mod archive;
mod invite;
mod runs;
mod strangers;

use testkit::{Answer, Browser, TestApp, TestPractice, json};

/// So many clients of a practice, added by its owner; Client 0, Client 1, …
async fn clients(t: &TestApp, practice: &TestPractice, count: usize) -> Vec<String> {
    let mut program = t.browser().bearer(&t.token(practice, practice.owner).await);
    let mut ids = Vec::new();
    for n in 0..count {
        let body = json!({"first_name": "Client", "last_name": format!("Number {n:04}"), "send_invitation": false,
            "email": format!("client{n}@example.org")});
        let added = program.json("POST", "/api/v1/clients", &body).await;
        assert_eq!(added.status, 201, "{}", added.text);
        ids.push(added.json()["id"].as_str().unwrap().to_string());
    }
    ids
}

/// Starts a run from the page for chosen clients; the answer.
async fn begin(browser: &mut Browser, action: &str, target: &[(&str, &str)], ids: &[String]) -> Answer {
    let mut fields = vec![("action", action)];
    fields.extend(target);
    fields.extend(ids.iter().map(|id| ("id", id.as_str())));
    browser.post("/clients/bulk", &fields).await
}

fn group(t: &TestApp, practice: &TestPractice, name: &str) -> String {
    let sql = format!(
        "select id from client_groups where name = '{name}' and practice_id = {}",
        t.raw.id(&practice.id.to_string())
    );
    uuid::Uuid::parse_str(t.raw.rows(&sql)[0][0].as_deref().unwrap()).unwrap().to_string()
}
