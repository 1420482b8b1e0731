//! The Clients list: filters, orders, columns and the export, against a plain model. On both databases.

mod columns;
mod filters;

use testkit::{Browser, Json, TestApp, TestPractice, json};

async fn api(t: &TestApp, practice: &TestPractice) -> Browser {
    t.browser().bearer(&t.token(practice, practice.owner).await)
}

async fn groups(api: &mut Browser) -> Vec<String> {
    let all = api.get("/api/v1/groups").await.json();
    all["items"].as_array().expect("items").iter().map(|group| text(group, "id")).collect()
}

fn text(of: &Json, name: &str) -> String {
    of[name].as_str().unwrap_or_default().to_string()
}

async fn add(api: &mut Browser, body: Json) -> String {
    let mut whole = json!({"first_name": "Ana", "last_name": "Marchetti", "send_invitation": false});
    for (name, value) in body.as_object().expect("an object") {
        whole[name] = value.clone();
    }
    let answer = api.json("POST", "/api/v1/clients", &whole).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    text(&answer.json(), "id")
}
