//! What the verbs of the chat write down: an audit entry each, and an activity where a conversation wakes.

use testkit::{Browser, TestPractice, json};

use crate::record::{About, Walk, newest};

/// Routes of the chat that change nothing that the record is about, and why.
pub(crate) const UNRECORDED: &[(&str, &str)] = &[
    ("POST /chat/search", "reads: it is written down with what was read"),
    ("POST /portal/messages/search", "reads: it is written down with what was read"),
    ("POST /api/v1/messages/search", "reads: it is written down with what was read"),
    ("POST /chat/{id}/typing", "says that somebody is typing, and is kept nowhere"),
    ("POST /portal/messages/{id}/typing", "says that somebody is typing, and is kept nowhere"),
    ("POST /chat/{id}/see", "says how far somebody has read: the receipt is kept with the conversation"),
    ("POST /portal/messages/{id}/see", "says how far somebody has read: the receipt is kept with the conversation"),
    (
        "POST /api/v1/conversations/{id}/seen",
        "says how far somebody has read: the receipt is kept with the conversation",
    ),
    ("POST /portal/messages/{id}/set", "mutes or puts away in somebody's own list; only the staff can close"),
    ("POST /settings/chat/welcome/preview", "shows a text as a client would read it, and keeps nothing"),
];

/// In a practice of its own, whose tokens are not the others'.
pub(crate) async fn verbs_of_chat(walk: &mut Walk<'_>) {
    let t = walk.t;
    let practice = t.practice("Quiet Shore").await;
    let mut owner = t.signed_in(&practice.owner_email).await;
    let mut program = t.browser().bearer(&t.token(&practice, practice.owner).await);
    verbs_of_chat_settings(walk, &mut owner).await;
    verbs_of_chat_settings_by_program(walk, &mut program).await;
    verbs_of_conversations(walk, &practice, &mut owner).await;
    verbs_of_the_portals_side(walk, &practice).await;
    verbs_of_conversations_by_program(walk, &practice, &mut program).await;
    verbs_of_messages_to_many(walk, &practice, &mut owner, &mut program).await;
    verbs_of_messages_that_wait(walk, &practice, &mut owner, &mut program).await;
    t.run_jobs().await;
}

/// Afterwards clients may write first, and no mail tells of what is unread.
async fn verbs_of_chat_settings(walk: &mut Walk<'_>, owner: &mut Browser) {
    let t = walk.t;
    let typed = [("clients_begin", "on"), ("crisis_line", "Call 112."), ("notice_minutes", "0")];
    walk.verb("POST /settings/chat", About::Nobody, owner.post("/settings/chat", &typed)).await;
    let path = "/settings/chat/welcome";
    let text = [("welcome_text", "Hi {client}")];
    walk.verb("POST /settings/chat/welcome", About::Nobody, owner.post(path, &text)).await;
    let own = format!("{path}/own");
    walk.verb("POST /settings/chat/welcome/own", About::Nobody, owner.post(&own, &text)).await;
    let switch = format!("{path}/switch");
    walk.verb("POST /settings/chat/welcome/switch", About::Nobody, owner.post(&switch, &[("to", "on")])).await;
    let away = [("away_from", "2026-08-01"), ("away_until", "2026-08-05"), ("away_text", "I am at the sea.")];
    walk.verb("POST /settings/chat/away", About::Nobody, owner.post("/settings/chat/away", &away)).await;
    let reply = [("title", "Hours"), ("text", "From nine to five."), ("everybody", "on")];
    let add = owner.post("/settings/chat/replies", &reply);
    walk.verb("POST /settings/chat/replies", About::Nobody, add).await;
    let delete = format!("/settings/chat/replies/{}/delete", newest(t, "chat_replies").await);
    walk.verb("POST /settings/chat/replies/{id}/delete", About::Nobody, owner.post(&delete, &[])).await;
}

async fn verbs_of_chat_settings_by_program(walk: &mut Walk<'_>, program: &mut Browser) {
    let off = json!({"welcome": false});
    let change = program.json("PATCH", "/api/v1/chat/settings", &off);
    walk.verb("PATCH /api/v1/chat/settings", About::Nobody, change).await;
    let own = json!({"welcome_text": null});
    walk.verb("PATCH /api/v1/chat/own", About::Nobody, program.json("PATCH", "/api/v1/chat/own", &own)).await;
    let (path, reply) = ("/api/v1/chat/replies", json!({"title": "Hours", "text": "From nine to five."}));
    let made = walk.verb("POST /api/v1/chat/replies", About::Nobody, program.json("POST", path, &reply)).await;
    let delete = format!("{path}/{}", made.json()["id"].as_str().expect("an id"));
    let none = json!({});
    let delete = program.json("DELETE", &delete, &none);
    walk.verb("DELETE /api/v1/chat/replies/{id}", About::Nobody, delete).await;
}

/// A timeline says when a conversation wakes; that it was begun or changed is for the audit record alone.
async fn verbs_of_conversations(walk: &mut Walk<'_>, practice: &TestPractice, owner: &mut Browser) {
    let t = walk.t;
    let client = t.client(practice, json!({"first_name": "Tove"})).await;
    let begin = format!("/clients/{client}/messages");
    let begin = owner.post(&begin, &[("kind", "direct")]);
    let begun = walk.verb("POST /clients/{id}/messages", About::Nobody, begin).await;
    let path = begun.location().to_string();
    let send = format!("{path}/messages");
    let send = owner.upload(&send, &[("body", "Hello")], None);
    walk.verb("POST /chat/{id}/messages", About::Client, send).await;
    let said = format!("/chat/said/{}", newest(t, "messages").await);
    let edit = owner.post(&said, &[("body", "Hello again")]);
    walk.verb("POST /chat/said/{id}", About::Nobody, edit).await;
    let delete = format!("{said}/delete");
    walk.verb("POST /chat/said/{id}/delete", About::Nobody, owner.post(&delete, &[])).await;
    let set = format!("{path}/set");
    walk.verb("POST /chat/{id}/set", About::Nobody, owner.post(&set, &[("what", "close")])).await;
}

async fn verbs_of_the_portals_side(walk: &mut Walk<'_>, practice: &TestPractice) {
    let t = walk.t;
    let (_, mut ana) = t.client_in_portal(practice, "ana.writes@example.org").await;
    let begin = ana.post("/portal/messages/begin", &[("with", "practice")]);
    let begun = walk.verb("POST /portal/messages/begin", About::Nobody, begin).await;
    let send = format!("{}/messages", begun.location());
    let send = ana.upload(&send, &[("body", "First")], None);
    walk.verb("POST /portal/messages/{id}/messages", About::Client, send).await;
    let said = format!("/portal/messages/said/{}", newest(t, "messages").await);
    let edit = ana.post(&said, &[("body", "At three")]);
    walk.verb("POST /portal/messages/said/{id}", About::Nobody, edit).await;
    let delete = format!("{said}/delete");
    walk.verb("POST /portal/messages/said/{id}/delete", About::Nobody, ana.post(&delete, &[])).await;
}

async fn verbs_of_conversations_by_program(walk: &mut Walk<'_>, practice: &TestPractice, program: &mut Browser) {
    let t = walk.t;
    let client = t.client(practice, json!({"first_name": "Ulf"})).await;
    let (path, none) = (format!("/api/v1/clients/{client}/conversations"), json!({}));
    let direct = json!({"kind": "direct"});
    let begin = program.json("POST", &path, &direct);
    let begun = walk.verb("POST /api/v1/clients/{id}/conversations", About::Nobody, begin).await;
    let one = format!("/api/v1/conversations/{}", begun.json()["id"].as_str().expect("an id"));
    let (send, hello) = (format!("{one}/messages"), json!({"body": "Hello"}));
    let send = program.json("POST", &send, &hello);
    let sent = walk.verb("POST /api/v1/conversations/{id}/messages", About::Client, send).await;
    let said = format!("/api/v1/messages/{}", sent.json()["id"].as_str().expect("an id"));
    let other = json!({"body": "Hello again"});
    walk.verb("PATCH /api/v1/messages/{id}", About::Nobody, program.json("PATCH", &said, &other)).await;
    walk.verb("DELETE /api/v1/messages/{id}", About::Nobody, program.json("DELETE", &said, &none)).await;
    let closed = json!({"closed": true});
    walk.verb("PATCH /api/v1/conversations/{id}", About::Nobody, program.json("PATCH", &one, &closed)).await;
    let begun = program.json("POST", &path, &json!({"kind": "practice"})).await;
    let files = format!("/api/v1/conversations/{}/files", begun.json()["id"].as_str().expect("an id"));
    let send = program.upload(&files, &[("body", "Here")], Some(("letter.pdf", b"%PDF-1.4")));
    walk.verb("POST /api/v1/conversations/{id}/files", About::Client, send).await;
}

async fn verbs_of_messages_to_many(
    walk: &mut Walk<'_>,
    practice: &TestPractice,
    owner: &mut Browser,
    program: &mut Browser,
) {
    let t = walk.t;
    let (first, second) = (
        t.client(practice, json!({"first_name": "Vera"})).await,
        t.client(practice, json!({"first_name": "Wim"})).await,
    );
    let form = [("client_ids", first.as_str()), ("way", "each"), ("body", "We are closed on Friday.")];
    walk.verb("POST /chat/new", About::Client, owner.post("/chat/new", &form)).await;
    let many = json!({"client_ids": [first, second], "body": "We are open on Monday."});
    let send = program.json("POST", "/api/v1/messages/many", &many);
    walk.verb("POST /api/v1/messages/many", About::Client, send).await;
    // A group is nobody's alone, and stands in no timeline.
    let (path, group) = ("/api/v1/conversations", json!({"title": "Circle", "client_ids": [first, second]}));
    let begun = walk.verb("POST /api/v1/conversations", About::Nobody, program.json("POST", path, &group)).await;
    let id = begun.json()["id"].as_str().expect("an id").to_string();
    let (leave, join) = (format!("{path}/{id}/leave"), format!("{path}/{id}/join"));
    let second_one = json!({"client_id": second});
    let out = program.json("POST", &leave, &second_one);
    walk.verb("POST /api/v1/conversations/{id}/leave", About::Nobody, out).await;
    let back = program.json("POST", &join, &second_one);
    walk.verb("POST /api/v1/conversations/{id}/join", About::Nobody, back).await;
    let leave = format!("/chat/{id}/leave");
    let which = [("client", second.as_str())];
    let out = owner.post(&leave, &which);
    walk.verb("POST /chat/{id}/leave", About::Nobody, out).await;
    let people = format!("/chat/{id}/people");
    let back = owner.post(&people, &which);
    walk.verb("POST /chat/{id}/people", About::Nobody, back).await;
    let (in_portal, mut browser) = t.client_in_portal(practice, "group.portal@example.org").await;
    let group = json!({"title": "Circle", "client_ids": [in_portal]});
    let begun = program.json("POST", path, &group).await;
    let leave = format!("/portal/messages/{}/leave", begun.json()["id"].as_str().expect("an id"));
    walk.verb("POST /portal/messages/{id}/leave", About::Nobody, browser.post(&leave, &[])).await;
}

/// What waits has not been said: only the audit record knows of it.
async fn verbs_of_messages_that_wait(
    walk: &mut Walk<'_>,
    practice: &TestPractice,
    owner: &mut Browser,
    program: &mut Browser,
) {
    let t = walk.t;
    let client = t.client(practice, json!({"first_name": "Yara"})).await;
    let begin = format!("/api/v1/clients/{client}/conversations");
    let begun = program.json("POST", &begin, &json!({"kind": "direct"})).await;
    let id = begun.json()["id"].as_str().expect("an id").to_string();
    let later = format!("/chat/{id}/later");
    let typed = [("body", "See you tomorrow"), ("at", "2026-09-01T12:30")];
    walk.verb("POST /chat/{id}/later", About::Nobody, owner.upload(&later, &typed, None)).await;
    let cancel = format!("/chat/later/{}/cancel", newest(t, "scheduled_messages").await);
    walk.verb("POST /chat/later/{id}/cancel", About::Nobody, owner.post(&cancel, &[])).await;
    let later = format!("/api/v1/conversations/{id}/scheduled");
    let body = json!({"body": "See you tomorrow", "at": "2026-09-01T18:00:00Z"});
    let schedule = program.json("POST", &later, &body);
    let kept = walk.verb("POST /api/v1/conversations/{id}/scheduled", About::Nobody, schedule).await;
    let cancel = format!("/api/v1/scheduled-messages/{}", kept.json()["id"].as_str().expect("an id"));
    let none = json!({});
    let cancel = program.json("DELETE", &cancel, &none);
    walk.verb("DELETE /api/v1/scheduled-messages/{id}", About::Nobody, cancel).await;
}
