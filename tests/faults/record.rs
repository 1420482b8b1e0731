//! Every verb writes down what it did: an audit entry, and an activity where it concerns a client.

use std::collections::BTreeSet;

use axum::http::Method;
use testkit::ruh::access::Role;
use testkit::{Answer, Authenticator, Browser, Json, PASSWORD, TestApp, TestPractice, both_engines, json};

use super::record_forms::verbs_of_forms;
use crate::record_chat;

/// Routes that change nothing that the record is about, and why.
const UNRECORDED: &[(&str, &str)] = &[
    ("POST /session/keep", "says that somebody is still there"),
    ("POST /forgot", "asks for a link: that somebody asked must look the same whether or not there is an account"),
    ("POST /newsfeed/read", "says what somebody has seen in their own newsfeed"),
    ("POST /api/v1/newsfeed/read", "says what somebody has seen in their own newsfeed"),
    ("POST /forms/{id}/preview", "turns the pages of a form that is being written: nothing typed there is kept"),
    ("POST /invitation/again", "sends the same link to the address on file once more"),
];

/// Counts that a verb must raise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counts {
    audit: i64,
    activities: i64,
}

pub(crate) struct Walk<'t> {
    pub(crate) t: &'t TestApp,
    walked: BTreeSet<String>,
    missing: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    Client,
    Nobody,
}

impl Walk<'_> {
    fn counts(&self) -> Counts {
        // What somebody read is written with the batches, and is not what a verb owes.
        Counts {
            audit: self.t.raw.count("select count(*) from audit_entries where action not like '%.read'"),
            activities: self.t.raw.count("select count(*) from activities where client_id is not null"),
        }
    }

    /// Sends what changes something by one route, and compares the counts.
    pub(crate) async fn verb(&mut self, route: &str, about: About, answer: impl Future<Output = Answer>) -> Answer {
        let before = self.counts();
        let answer = answer.await;
        assert!((200..400).contains(&answer.status), "{route}: {} {}", answer.status, answer.text);
        let after = self.counts();
        self.walked.insert(route.to_string());
        if after.audit <= before.audit {
            self.missing.push(format!("{route} wrote no audit entry"));
        }
        if about == About::Client && after.activities <= before.activities {
            self.missing.push(format!("{route} wrote no activity"));
        }
        answer
    }
}

pub(crate) async fn newest(t: &TestApp, table: &str) -> String {
    let rows = t.raw.rows(&format!("select id from {table} order by id desc limit 1"));
    uuid::Uuid::parse_str(rows[0][0].as_deref().expect("an id")).expect("an id").to_string()
}

async fn verbs_of_staff(walk: &mut Walk<'_>, practice: &TestPractice, owner: &mut Browser) -> String {
    let t = walk.t;
    let new =
        [("first_name", "Bea"), ("last_name", "Brook"), ("email", "bea@example.org"), ("send_invitation", "true")];
    let added = walk.verb("POST /clients", About::Client, owner.post("/clients", &new)).await;
    let path = added.location().to_string();
    let changed = [("first_name", "Bea"), ("last_name", "Stream"), ("email", "bea@example.org"), ("version", "1")];
    walk.verb("POST /clients/{id}", About::Client, owner.post(&path, &changed)).await;
    let undo = format!("/invitations/{}/undo", newest(t, "invitations").await);
    walk.verb("POST /invitations/{id}/undo", About::Client, owner.post(&undo, &[])).await;
    walk.verb("POST /clients/{id}/invite", About::Client, owner.post(&format!("{path}/invite"), &[])).await;

    let columns = owner.post("/clients/columns", &[("column", "email")]);
    walk.verb("POST /clients/columns", About::Nobody, columns).await;

    let chosen = owner.post("/settings/newsfeed", &[("record", "email")]);
    walk.verb("POST /settings/newsfeed", About::Nobody, chosen).await;

    let mut program = t.browser().bearer(&t.token(practice, practice.owner).await);
    let none = json!({"record": "none"});
    let chosen = program.json("PATCH", "/api/v1/newsfeed/choices", &none);
    walk.verb("PATCH /api/v1/newsfeed/choices", About::Nobody, chosen).await;
    let body =
        json!({"first_name": "Ana", "last_name": "Marchetti", "email": "ana@example.org", "send_invitation": false});
    let added = walk.verb("POST /api/v1/clients", About::Client, program.json("POST", "/api/v1/clients", &body)).await;
    let id = added.json()["id"].as_str().expect("an id").to_string();
    let path = format!("/api/v1/clients/{id}");
    let change = json!({"pronouns": "she/her"});
    walk.verb("PATCH /api/v1/clients/{id}", About::Client, program.json("PATCH", &path, &change)).await;
    let invite = format!("{path}/invitations");
    let none = Json::Object(serde_json::Map::new());
    walk.verb("POST /api/v1/clients/{id}/invitations", About::Client, program.json("POST", &invite, &none)).await;
    let undo = format!("/api/v1/invitations/{}/undo", newest(t, "invitations").await);
    walk.verb("POST /api/v1/invitations/{id}/undo", About::Client, program.json("POST", &undo, &none)).await;
    program.json("POST", &invite, &none).await;
    id
}

/// A record of a colleague's client is opened with a reason.
async fn verbs_of_openings(walk: &mut Walk<'_>, practice: &TestPractice, owner: &mut Browser) {
    let t = walk.t;
    let member = t.member(practice, Role::Provider, "their@calm.example").await;
    let client = t.client(practice, json!({"first_name": "Ida", "primary_provider_id": member.to_string()})).await;
    let reason = [("reason", "Covering for a colleague")];
    walk.verb("POST /clients/{id}/open", About::Client, owner.post(&format!("/clients/{client}/open"), &reason)).await;
    let mut program = t.browser().bearer(&t.token(practice, practice.owner).await);
    let (path, body) = (format!("/api/v1/clients/{client}/openings"), json!({"reason": "Again"}));
    walk.verb("POST /api/v1/clients/{id}/openings", About::Client, program.json("POST", &path, &body)).await;
}

/// Two records become one, and apart again.
async fn verbs_of_merges(walk: &mut Walk<'_>, practice: &TestPractice, owner: &mut Browser, program: &mut Browser) {
    let t = walk.t;
    let kept = t.client(practice, json!({"first_name": "Ida"})).await;
    let gone = t.client(practice, json!({"first_name": "Ida", "phone": "+41446681800"})).await;
    let form = [("with", gone.as_str()), ("version", "1"), ("with_version", "1")];
    walk.verb("POST /clients/{id}/merge", About::Client, owner.post(&format!("/clients/{kept}/merge"), &form)).await;
    let undo = format!("/merges/{}/undo", newest(t, "merges").await);
    walk.verb("POST /merges/{id}/undo", About::Client, owner.post(&undo, &[])).await;
    let (path, body) = (format!("/api/v1/clients/{kept}/merges"), json!({"with": gone}));
    walk.verb("POST /api/v1/clients/{id}/merges", About::Client, program.json("POST", &path, &body)).await;
    let undo = format!("/api/v1/merges/{}/undo", newest(t, "merges").await);
    walk.verb("POST /api/v1/merges/{id}/undo", About::Client, program.json("POST", &undo, &json!({}))).await;
}

/// Somebody around a client is let in and out again, with the client's word and without.
async fn verbs_of_guardians(walk: &mut Walk<'_>, practice: &TestPractice, owner: &mut Browser, program: &mut Browser) {
    let (t, none) = (walk.t, json!({}));
    let client =
        t.client(practice, json!({"first_name": "Mia", "email": "mia@example.org", "send_invitation": true})).await;
    let body = json!({"first_name": "Sam", "relation": "spouse", "email": "sam@example.org", "rights": ["receipts"]});
    program.json("POST", &format!("/api/v1/clients/{client}/contacts"), &body).await;
    let id = newest(t, "contacts").await;
    let (page, api) = (format!("/contacts/{id}"), format!("/api/v1/contacts/{id}"));
    // No portal to be asked in: it is written down.
    walk.verb("POST /contacts/{id}/consent", About::Client, owner.post(&format!("{page}/consent"), &[])).await;
    walk.verb("POST /contacts/{id}/portal/end", About::Client, owner.post(&format!("{page}/portal/end"), &[])).await;
    let consent = format!("{api}/consent");
    walk.verb("POST /api/v1/contacts/{id}/consent", About::Client, program.json("POST", &consent, &none)).await;
    let portal = format!("{api}/portal");
    walk.verb("POST /api/v1/contacts/{id}/portal", About::Client, program.json("POST", &portal, &none)).await;
    walk.verb("POST /contacts/{id}/portal", About::Client, owner.post(&format!("{page}/portal"), &[])).await;
    walk.verb("DELETE /api/v1/contacts/{id}/portal", About::Client, program.json("DELETE", &portal, &none)).await;
    let custody = format!("/clients/{client}/custody");
    let note = [("note", "Both decide."), ("version", "0")];
    walk.verb("POST /clients/{id}/custody", About::Client, owner.post(&custody, &note)).await;
    let (custody, note) = (format!("/api/v1/clients/{client}/custody-note"), json!({"note": "The mother decides."}));
    walk.verb("PATCH /api/v1/clients/{id}/custody-note", About::Client, program.json("PATCH", &custody, &note)).await;
    t.send_mail().await;
    let mut mia = t.browser();
    mia.open_link(&t.mail_to("mia@example.org").link()).await;
    mia.post("/invitation", &[("password", PASSWORD)]).await;
    program.json("POST", &portal, &none).await;
    let answer = [("answer", "agree"), ("rights", "receipts")];
    walk.verb("POST /portal/people/{id}", About::Client, mia.post(&format!("/portal/people/{id}"), &answer)).await;
}

async fn verbs_of_contacts(walk: &mut Walk<'_>, practice: &TestPractice, owner: &mut Browser) {
    let t = walk.t;
    let client = t.client(practice, json!({"first_name": "Nils"})).await;
    let new = [("first_name", "Ingrid"), ("relation", "parent")];
    let path = format!("/clients/{client}/contacts");
    walk.verb("POST /clients/{id}/contacts", About::Client, owner.post(&path, &new)).await;
    let path = format!("/contacts/{}", newest(t, "contacts").await);
    let changed = [("first_name", "Ingrid"), ("relation", "legal_guardian"), ("version", "1")];
    walk.verb("POST /contacts/{id}", About::Client, owner.post(&path, &changed)).await;
    walk.verb("POST /contacts/{id}/remove", About::Client, owner.post(&format!("{path}/remove"), &[])).await;
    walk.verb("POST /contacts/{id}/restore", About::Client, owner.post(&format!("{path}/restore"), &[])).await;

    let mut program = t.browser().bearer(&t.token(practice, practice.owner).await);
    let all = format!("/api/v1/clients/{client}/contacts");
    let body = json!({"first_name": "Leo", "relation": "other"});
    walk.verb("POST /api/v1/clients/{id}/contacts", About::Client, program.json("POST", &all, &body)).await;
    let path = format!("/api/v1/contacts/{}", newest(t, "contacts").await);
    let body = json!({"main": true});
    walk.verb("PATCH /api/v1/contacts/{id}", About::Client, program.json("PATCH", &path, &body)).await;
    let none = json!({});
    verbs_of_guardians(walk, practice, owner, &mut program).await;
    verbs_of_merges(walk, practice, owner, &mut program).await;
    walk.verb("DELETE /api/v1/contacts/{id}", About::Client, program.json("DELETE", &path, &none)).await;
    let back = format!("{path}/restore");
    walk.verb("POST /api/v1/contacts/{id}/restore", About::Client, program.json("POST", &back, &none)).await;
}

async fn verbs_of_documents(walk: &mut Walk<'_>, practice: &TestPractice, owner: &mut Browser) {
    let t = walk.t;
    let (client, mut ana) = t.client_in_portal(practice, "ana.papers@example.org").await;
    let letter = Some(("letter.pdf", &b"%PDF-1.4"[..]));
    let path = format!("/clients/{client}/documents");
    walk.verb("POST /clients/{id}/documents", About::Client, owner.upload(&path, &[], letter)).await;
    let given = ana.upload("/portal/documents", &[], letter);
    walk.verb("POST /portal/documents", About::Client, given).await;
    let mut program = t.browser().bearer(&t.token(practice, practice.owner).await);
    let path = format!("/api/v1{path}");
    walk.verb("POST /api/v1/clients/{id}/documents", About::Client, program.upload(&path, &[], letter)).await;
    let id = newest(t, "documents").await;
    let (page, api) = (format!("/documents/{id}"), format!("/api/v1/documents/{id}"));
    for what in ["share", "unshare", "delete", "restore"] {
        let route = format!("POST /documents/{{id}}/{what}");
        walk.verb(&route, About::Client, owner.post(&format!("{page}/{what}"), &[])).await;
    }
    let named = [("name", "Report"), ("version", "5")];
    walk.verb("POST /documents/{id}", About::Client, owner.post(&page, &named)).await;
    let (change, none) = (json!({"note": "From the doctor"}), json!({}));
    walk.verb("PATCH /api/v1/documents/{id}", About::Client, program.json("PATCH", &api, &change)).await;
    walk.verb("DELETE /api/v1/documents/{id}", About::Client, program.json("DELETE", &api, &none)).await;
    let back = format!("{api}/restore");
    walk.verb("POST /api/v1/documents/{id}/restore", About::Client, program.json("POST", &back, &none)).await;
}

async fn verbs_of_groups(walk: &mut Walk<'_>, practice: &TestPractice, owner: &mut Browser) {
    let t = walk.t;
    let new = [("name", "Evenings"), ("colour", "teal")];
    walk.verb("POST /settings/groups", About::Nobody, owner.post("/settings/groups", &new)).await;
    let id = newest(t, "client_groups").await;
    t.client(practice, json!({"first_name": "Cleo", "group_id": id})).await;
    let path = format!("/settings/groups/{id}");
    let changed = [("name", "Mornings"), ("colour", "teal"), ("version", "1")];
    walk.verb("POST /settings/groups/{id}", About::Nobody, owner.post(&path, &changed)).await;
    let shift = format!("{path}/move");
    walk.verb("POST /settings/groups/{id}/move", About::Nobody, owner.post(&shift, &[("way", "up")])).await;
    let delete = format!("{path}/delete");
    walk.verb("POST /settings/groups/{id}/delete", About::Client, owner.post(&delete, &[("move_to", "")])).await;

    let mut program = t.browser().bearer(&t.token(practice, practice.owner).await);
    let body = json!({"name": "Evenings"});
    let add = program.json("POST", "/api/v1/groups", &body);
    let id =
        walk.verb("POST /api/v1/groups", About::Nobody, add).await.json()["id"].as_str().expect("an id").to_string();
    let path = format!("/api/v1/groups/{id}");
    let body = json!({"colour": "red"});
    let change = program.json("PATCH", &path, &body);
    walk.verb("PATCH /api/v1/groups/{id}", About::Nobody, change).await;
    t.client(practice, json!({"first_name": "Dora", "group_id": id})).await;
    let path = format!("{path}?move_to=");
    let delete = program.raw("DELETE", &path, "application/json", "");
    walk.verb("DELETE /api/v1/groups/{id}", About::Client, delete).await;
}

async fn verbs_of_invite_links(walk: &mut Walk<'_>, practice: &TestPractice, owner: &mut Browser) {
    let t = walk.t;
    let choice = [("provider_id", "none")];
    let path = "/clients/invite-link";
    walk.verb("POST /clients/invite-link", About::Nobody, owner.post(path, &choice)).await;
    let renew = format!("/invite-links/{}/renew", newest(t, "invite_links").await);
    walk.verb("POST /invite-links/{id}/renew", About::Nobody, owner.post(&renew, &[])).await;
    let revoke = format!("/invite-links/{}/revoke", newest(t, "invite_links").await);
    walk.verb("POST /invite-links/{id}/revoke", About::Nobody, owner.post(&revoke, &[])).await;

    let mut program = t.browser().bearer(&t.token(practice, practice.owner).await);
    let none = Json::Object(serde_json::Map::new());
    let path = "/api/v1/invite-links";
    walk.verb("POST /api/v1/invite-links", About::Nobody, program.json("POST", path, &none)).await;
    let renew = format!("{path}/{}/renew", newest(t, "invite_links").await);
    let renewed =
        walk.verb("POST /api/v1/invite-links/{id}/renew", About::Nobody, program.json("POST", &renew, &none)).await;
    let mut eve = t.browser();
    eve.open_link(renewed.json()["address"].as_str().expect("an address")).await;
    let form = [("first_name", "Eve"), ("last_name", "Ever"), ("email", "eve@example.org"), ("password", PASSWORD)];
    walk.verb("POST /join", About::Client, eve.post("/join", &form)).await;
    walk.verb("POST /join/again", About::Client, eve.post("/join/again", &[])).await;
    let delete = format!("{path}/{}", newest(t, "invite_links").await);
    walk.verb(
        "DELETE /api/v1/invite-links/{id}",
        About::Nobody,
        program.raw("DELETE", &delete, "application/json", ""),
    )
    .await;
}

async fn verbs_of_many(walk: &mut Walk<'_>, practice: &TestPractice, owner: &mut Browser) {
    let t = walk.t;
    let id = t.client(practice, json!({"first_name": "Mina"})).await;
    let path = format!("/clients/{id}");
    for what in ["archive", "restore"] {
        let page = format!("{path}/{what}");
        let route = format!("POST /clients/{{id}}/{what}");
        walk.verb(&route, About::Client, owner.post(&page, &[])).await;
    }
    let mut program = t.browser().bearer(&t.token(practice, practice.owner).await);
    let none = Json::Object(serde_json::Map::new());
    for what in ["archive", "restore"] {
        let route = format!("POST /api/v1/clients/{{id}}/{what}");
        let ask = format!("/api/v1{path}/{what}");
        walk.verb(&route, About::Client, program.json("POST", &ask, &none)).await;
    }
    let begin = [("action", "archive"), ("id", id.as_str())];
    let begun = walk.verb("POST /clients/bulk", About::Nobody, owner.post("/clients/bulk", &begin)).await;
    // What a run does is recorded with each client.
    let before = walk.counts();
    t.run_jobs().await;
    assert!(walk.counts().audit > before.audit && walk.counts().activities > before.activities, "a run's part");
    let undo = format!("{}/undo", begun.location());
    walk.verb("POST /clients/bulk/{id}/undo", About::Nobody, owner.post(&undo, &[])).await;
    t.run_jobs().await;
    let begun = owner.post("/clients/bulk", &begin).await;
    let cancel = format!("{}/cancel", begun.location());
    walk.verb("POST /clients/bulk/{id}/cancel", About::Nobody, owner.post(&cancel, &[])).await;
    t.run_jobs().await;

    let body = json!({"action": "archive", "ids": [id]});
    let all = "/api/v1/clients/bulk";
    let begun = walk.verb("POST /api/v1/clients/bulk", About::Nobody, program.json("POST", all, &body)).await;
    t.run_jobs().await;
    let run = begun.json()["id"].as_str().expect("an id").to_string();
    let undo = format!("{all}/{run}/undo");
    walk.verb("POST /api/v1/clients/bulk/{id}/undo", About::Nobody, program.json("POST", &undo, &none)).await;
    t.run_jobs().await;
    let begun = program.json("POST", all, &body).await;
    let cancel = format!("{all}/{}/cancel", begun.json()["id"].as_str().expect("an id"));
    walk.verb("POST /api/v1/clients/bulk/{id}/cancel", About::Nobody, program.json("POST", &cancel, &none)).await;
    t.run_jobs().await;
}

async fn verbs_of_a_client(walk: &mut Walk<'_>) {
    let t = walk.t;
    // The mail's leaving is a verb of its own.
    let before = walk.counts();
    t.send_mail().await;
    assert!(walk.counts().audit > before.audit && walk.counts().activities > before.activities, "sending");
    let mut ana = t.browser();
    ana.open_link(&t.mail_to("ana@example.org").link()).await;
    let accept = ana.post("/invitation", &[("password", PASSWORD)]);
    let accepted = walk.verb("POST /invitation", About::Client, accept).await;
    assert_eq!(accepted.location(), "/portal");
    let profile = [("pronouns", "they/them"), ("version", "2")];
    walk.verb("POST /portal/profile", About::Client, ana.post("/portal/profile", &profile)).await;
    let email = [("new_email", "ana@new.example"), ("password", PASSWORD)];
    walk.verb("POST /portal/email", About::Client, ana.post("/portal/email", &email)).await;
    t.send_mail().await;
}

/// A client at the desk, and the passwords that come of it.
async fn verbs_of_the_desk(walk: &mut Walk<'_>, practice: &TestPractice, owner: &mut Browser) {
    let t = walk.t;
    let (client, mut bea) = t.client_in_portal(practice, "bea.desk@example.org").await;
    let path = format!("/clients/{client}/passphrase");
    walk.verb("POST /clients/{id}/passphrase", About::Client, owner.post(&path, &[])).await;
    let mut program = t.browser().bearer(&t.token(practice, practice.owner).await);
    let none = json!({});
    let path = format!("/api/v1{path}");
    let made = program.json("POST", &path, &none);
    walk.verb("POST /api/v1/clients/{id}/passphrase", About::Client, made).await;
    let fields = [("current_password", PASSWORD), ("password", "another quiet harbour")];
    walk.verb("POST /portal/password", About::Nobody, bea.post("/portal/password", &fields)).await;
    t.run_jobs().await;
}

async fn verbs_of_an_account(walk: &mut Walk<'_>, practice: &TestPractice, owner: &mut Browser) {
    let t = walk.t;
    let sign_in = [("email", practice.owner_email.as_str()), ("password", PASSWORD)];
    let mut other = t.browser();
    walk.verb("POST /sign-in", About::Nobody, other.post("/sign-in", &sign_in)).await;
    let end = format!("/sessions/{}/end", newest(t, "sessions").await);
    walk.verb("POST /sessions/{id}/end", About::Nobody, owner.post(&end, &[])).await;
    walk.verb("POST /session/renew", About::Nobody, other.post("/session/renew", &[("password", PASSWORD)])).await;
    walk.verb("POST /sessions/end-others", About::Nobody, owner.post("/sessions/end-others", &[])).await;
    let (id, place) = (practice.owner.to_string(), practice.id.to_string());
    walk.verb("POST /places", About::Nobody, owner.post("/places", &[("practice", &place), ("id", &id)])).await;
    let idle = [("staff_idle_minutes", "20"), ("client_idle_minutes", "20")];
    let save = owner.post("/settings/security/practice", &idle);
    walk.verb("POST /settings/security/practice", About::Nobody, save).await;
    let next = [("current_password", PASSWORD), ("password", "another quiet harbour")];
    walk.verb("POST /settings/security/password", About::Nobody, owner.post("/settings/security/password", &next))
        .await;
    walk.verb("POST /sign-out", About::Nobody, owner.post("/sign-out", &[])).await;
    t.browser().post("/forgot", &[("email", &practice.owner_email)]).await;
    t.send_mail().await;
    let mut anew = t.browser();
    anew.open_link(&t.mail_to(&practice.owner_email).link()).await;
    walk.verb("POST /reset", About::Nobody, anew.post("/reset", &[("password", PASSWORD)])).await;
    verbs_of_two_steps(walk, practice).await;
}

/// A member sets up two-step sign-in, signs in with it, loses the device, and turns it off.
async fn verbs_of_two_steps(walk: &mut Walk<'_>, practice: &TestPractice) {
    let t = walk.t;
    let step = std::time::Duration::from_secs(30);
    let id = t.member(practice, Role::Owner, "two@calm.example").await;
    let second = t.member(practice, Role::Owner, "second@calm.example").await;
    let mut member = t.signed_in("two@calm.example").await;
    let roles = member.post("/settings/security/two-step", &[("support", "true")]);
    walk.verb("POST /settings/security/two-step", About::Nobody, roles).await;
    let begin = member.post("/two-step/set-up", &[("password", PASSWORD)]);
    walk.verb("POST /two-step/set-up", About::Nobody, begin).await;
    let app = Authenticator::of(&member.get("/two-step/confirm").await);
    let code = app.code(t);
    let fields = [("code", code.as_str())];
    let confirm = member.post("/two-step/confirm", &fields);
    walk.verb("POST /two-step/confirm", About::Nobody, confirm).await;
    t.advance(step);
    let mut anew = t.browser();
    anew.post("/sign-in", &[("email", "two@calm.example"), ("password", PASSWORD)]).await;
    walk.verb("POST /sign-in/code", About::Nobody, anew.post("/sign-in/code", &[("code", &app.code(t))])).await;
    t.advance(step);
    let code = app.code(t);
    let both = [("password", PASSWORD), ("code", code.as_str())];
    walk.verb("POST /two-step/codes", About::Nobody, anew.post("/two-step/codes", &both)).await;
    let mut owner = t.signed_in("second@calm.example").await;
    let ask = format!("/settings/members/{id}/second-factor-reset");
    let route = "POST /settings/members/{id}/second-factor-reset";
    walk.verb(route, About::Nobody, owner.post(&ask, &[])).await;
    walk.verb("POST /two-step/reset/stop", About::Nobody, anew.post("/two-step/reset/stop", &[])).await;
    owner.post(&ask, &[]).await;
    let path = format!("{ask}/cancel");
    let cancel = owner.post(&path, &[]);
    walk.verb(&format!("{route}/cancel"), About::Nobody, cancel).await;
    let mut program = t.browser().bearer(&t.token(practice, second).await);
    let none = Json::Object(serde_json::Map::new());
    let path = format!("/api/v1/members/{id}/second-factor-reset");
    let route = "/api/v1/members/{id}/second-factor-reset";
    walk.verb(&format!("POST {route}"), About::Nobody, program.json("POST", &path, &none)).await;
    walk.verb(&format!("DELETE {route}"), About::Nobody, program.json("DELETE", &path, &none)).await;
    program.json("POST", &path, &none).await;
    t.advance(std::time::Duration::from_secs(24 * 3600));
    t.run_jobs().await;
    let mut link = t.browser();
    link.open_link(&t.mail_to("two@calm.example").link()).await;
    walk.verb("POST /two-step/reset", About::Nobody, link.post("/two-step/reset", &[])).await;
    let mut member = t.signed_in("two@calm.example").await;
    member.post("/two-step/set-up", &[("password", PASSWORD)]).await;
    let app = Authenticator::of(&member.get("/two-step/confirm").await);
    member.post("/two-step/confirm", &[("code", &app.code(t))]).await;
    t.advance(step);
    let code = app.code(t);
    let both = [("password", PASSWORD), ("code", code.as_str())];
    walk.verb("POST /two-step/off", About::Nobody, member.post("/two-step/off", &both)).await;
    t.run_jobs().await;
}

async fn verbs_about_members(walk: &mut Walk<'_>, owner: &mut Browser) {
    let t = walk.t;
    let new = [("first_name", "Cleo"), ("last_name", "Court"), ("email", "cleo@calm.example"), ("role", "provider")];
    let invite = owner.post("/settings/members/invitations", &new);
    walk.verb("POST /settings/members/invitations", About::Nobody, invite).await;
    let path = |id: &str, what: &str| format!("/settings/members/invitations/{id}/{what}");
    let first = newest(t, "member_invitations").await;
    let undo = path(&first, "undo");
    walk.verb("POST /settings/members/invitations/{id}/undo", About::Nobody, owner.post(&undo, &[])).await;
    for name in ["Cleo", "Dora"] {
        let email = format!("{}@calm.example", name.to_lowercase());
        let new = [("first_name", name), ("last_name", "Court"), ("email", email.as_str()), ("role", "provider")];
        owner.post("/settings/members/invitations", &new).await;
    }
    t.send_mail().await;
    let id = newest(t, "member_invitations").await;
    let withdraw = path(&id, "withdraw");
    walk.verb("POST /settings/members/invitations/{id}/withdraw", About::Nobody, owner.post(&withdraw, &[])).await;
    let rows = t.raw.rows("select id from member_invitations where email = 'cleo@calm.example' order by id desc");
    let id = uuid::Uuid::parse_str(rows[0][0].as_deref().expect("an id")).expect("an id").to_string();
    let resend = path(&id, "resend");
    walk.verb("POST /settings/members/invitations/{id}/resend", About::Nobody, owner.post(&resend, &[])).await;
    t.send_mail().await;
    let mut cleo = t.browser();
    cleo.open_link(&t.mail_to("cleo@calm.example").link()).await;
    let join = cleo.post("/join-staff", &[("password", PASSWORD)]);
    walk.verb("POST /join-staff", About::Nobody, join).await;
    let id = newest(t, "members").await;
    let change = [("first_name", "Cleo"), ("last_name", "Kort"), ("role", "admin"), ("version", "1")];
    let path = format!("/settings/members/{id}");
    walk.verb("POST /settings/members/{id}", About::Nobody, owner.post(&path, &change)).await;
    let disable = format!("{path}/disable");
    walk.verb("POST /settings/members/{id}/disable", About::Nobody, owner.post(&disable, &[])).await;
    let enable = format!("{path}/enable");
    walk.verb("POST /settings/members/{id}/enable", About::Nobody, owner.post(&enable, &[])).await;
}

async fn verbs_about_tokens(walk: &mut Walk<'_>, owner: &mut Browser) {
    let make = owner.post("/settings/tokens", &[("name", "The website")]);
    walk.verb("POST /settings/tokens", About::Nobody, make).await;
    let revoke = format!("/settings/tokens/{}/revoke", newest(walk.t, "api_tokens").await);
    walk.verb("POST /settings/tokens/{id}/revoke", About::Nobody, owner.post(&revoke, &[])).await;
}

/// Members, tokens and the practice itself, as another program changes them.
async fn verbs_of_a_program(walk: &mut Walk<'_>, practice: &TestPractice) {
    let t = walk.t;
    let mut program = t.browser().bearer(&t.token(practice, practice.owner).await);
    let none = json!({});
    let name = json!({"name": "Calm Haven"});
    let rename = program.json("PATCH", "/api/v1/practice", &name);
    walk.verb("PATCH /api/v1/practice", About::Nobody, rename).await;
    let new = json!({"first_name": "Eve", "last_name": "East", "email": "eve@calm.example", "role": "support"});
    let invite = program.json("POST", "/api/v1/members", &new);
    let invited = walk.verb("POST /api/v1/members", About::Nobody, invite).await;
    t.send_mail().await;
    let path = format!("/api/v1/members/invitations/{}", invited.json()["id"].as_str().expect("an id"));
    let again = format!("{path}/resend");
    let resend = program.json("POST", &again, &none);
    walk.verb("POST /api/v1/members/invitations/{id}/resend", About::Nobody, resend).await;
    let withdraw = program.json("DELETE", &path, &none);
    walk.verb("DELETE /api/v1/members/invitations/{id}", About::Nobody, withdraw).await;
    let path = format!("/api/v1/members/{}", newest(t, "members").await);
    let role = json!({"role": "support"});
    walk.verb("PATCH /api/v1/members/{id}", About::Nobody, program.json("PATCH", &path, &role)).await;
    for what in ["disable", "enable"] {
        let path = format!("{path}/{what}");
        let route = format!("POST /api/v1/members/{{id}}/{what}");
        walk.verb(&route, About::Nobody, program.json("POST", &path, &none)).await;
    }
    let name = json!({"name": "The website"});
    let make = program.json("POST", "/api/v1/tokens", &name);
    let made = walk.verb("POST /api/v1/tokens", About::Nobody, make).await;
    let path = format!("/api/v1/tokens/{}", made.json()["id"].as_str().expect("an id"));
    walk.verb("DELETE /api/v1/tokens/{id}", About::Nobody, program.json("DELETE", &path, &none)).await;
}

/// The first practice, made by the printed link.
async fn setting_up(walk: &mut Walk<'_>) {
    let t = walk.t;
    let token = "a-token-that-was-printed-once-and-is-long-enough";
    t.app.write(move |h| testkit::ruh::practices::new_setup_token(h, token)).await.expect("a token");
    let mut somebody = t.browser();
    somebody.open_link(&format!("/setup/{token}")).await;
    let fields = [
        ("practice_name", "First Light"),
        ("name", "First Light"),
        ("time_zone", "Europe/Berlin"),
        ("first_name", "Fay"),
        ("last_name", "First"),
        ("email", "fay@example.org"),
        ("password", PASSWORD),
    ];
    walk.verb("POST /setup", About::Nobody, somebody.post("/setup", &fields)).await;
}

both_engines! {
    async fn r61_every_verb_writes_down_what_it_did(t: TestApp) {
        let mut walk = Walk { t: &t, walked: BTreeSet::new(), missing: Vec::new() };
        setting_up(&mut walk).await;
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        verbs_of_staff(&mut walk, &practice, &mut owner).await;
        verbs_of_groups(&mut walk, &practice, &mut owner).await;
        verbs_of_contacts(&mut walk, &practice, &mut owner).await;
        verbs_of_openings(&mut walk, &practice, &mut owner).await;
        verbs_of_invite_links(&mut walk, &practice, &mut owner).await;
        verbs_of_many(&mut walk, &practice, &mut owner).await;
        verbs_of_a_client(&mut walk).await;
        verbs_of_the_desk(&mut walk, &practice, &mut owner).await;
        verbs_of_forms(&mut walk).await;
        verbs_about_members(&mut walk, &mut owner).await;
        verbs_about_tokens(&mut walk, &mut owner).await;
        verbs_of_documents(&mut walk, &practice, &mut owner).await;
        let named = [("name", "Calm Harbour Therapy"), ("time_zone", "Europe/Berlin"), ("version", "1")];
        let save = owner.post("/settings/practice", &named);
        walk.verb("POST /settings/practice", About::Nobody, save).await;
        verbs_of_a_program(&mut walk, &practice).await;
        verbs_of_an_account(&mut walk, &practice, &mut owner).await;
        record_chat::verbs_of_chat(&mut walk).await;
        let Walk { walked, mut missing, .. } = walk;
        let routes = testkit::ruh::routes::list(&t.app);
        let mutating: BTreeSet<_> = routes
            .iter()
            .filter(|route| route.method != Method::GET)
            .map(|route| format!("{} {}", route.method, route.path))
            .collect();
        let unrecorded = UNRECORDED.iter().chain(record_chat::UNRECORDED);
        let unrecorded: BTreeSet<_> = unrecorded.map(|(route, _)| (*route).to_string()).collect();
        let known: BTreeSet<_> = walked.union(&unrecorded).cloned().collect();
        missing.extend(mutating.difference(&known).map(|route| format!("{route} is not walked here")));
        missing.extend(known.difference(&mutating).map(|route| format!("{route} is no route any more")));
        assert!(missing.is_empty(), "{}", missing.join("\n"));
    }
}
