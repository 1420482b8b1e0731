//! What the verbs of forms, intake flows, filling in and handing over write down.

use testkit::{Browser, Json, TestPractice, json};
use uuid::Uuid;

use super::record::{About, Walk, newest};

const ALL: &str = "/api/v1/forms";

/// Everything about forms, each verb once, in a practice of its own.
pub(crate) async fn verbs_of_forms(walk: &mut Walk<'_>) {
    let t = walk.t;
    let practice = &t.practice("Forms Harbour").await;
    let owner = &mut t.signed_in(&practice.owner_email).await;
    let mut program = t.browser().bearer(&t.token(practice, practice.owner).await);
    verbs_of_the_builder(walk, owner).await;
    verbs_of_form_files(walk, owner, &mut program).await;
    verbs_of_forms_by_a_program(walk, &mut program).await;
    let form = published(&mut program).await;
    let ana = verbs_of_giving(walk, practice, owner, &mut program, &form).await;
    verbs_on_behalf(walk, owner, &mut program, &ana, &form).await;
    let bea = verbs_of_reminders_by_a_program(walk, practice, &mut program, &form).await;
    verbs_of_hand_over(walk, owner, &bea).await;
    verbs_of_flows(walk, owner, &mut program, &form).await;
    verbs_of_ready_made_flows(walk, owner, &mut program).await;
    verbs_of_form_settings(walk, owner, &mut program).await;
    t.run_jobs().await;
}

/// Nothing is required; one answer asks for attention, and one is a file.
fn asked() -> Json {
    json!({"title": "Before we meet", "items": [
        {"id": "name", "kind": "short_text", "text": "What do you like to be called?"},
        {"id": "mood", "kind": "single", "text": "How are you?", "choices": [
            {"code": "well", "label": "Well"}, {"code": "bad", "label": "Not well", "alert": true}]},
        {"id": "card", "kind": "file", "text": "A picture of your insurance card"}
    ]})
}

fn id_of(body: &Json) -> String {
    body["id"].as_str().expect("an id").to_string()
}

/// The value of a hidden field on a page.
fn hidden(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let rest = page.split_once(&start).unwrap_or_else(|| panic!("no {name}: {page}")).1;
    rest.split('"').next().expect("a value").to_string()
}

async fn published(program: &mut Browser) -> String {
    let id = id_of(&program.json("POST", ALL, &json!({"definition": asked()})).await.json());
    let answer = program.json("POST", &format!("{ALL}/{id}/publish"), &json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    id
}

async fn verbs_of_the_builder(walk: &mut Walk<'_>, owner: &mut Browser) {
    let new = [("purpose", "form"), ("title", "Health"), ("text", "")];
    let made = walk.verb("POST /forms", About::Nobody, owner.post("/forms", &new)).await;
    let form = made.location().to_string();
    let question = [("kind", "short_text"), ("text", "Do you sleep well?")];
    let item = format!("{form}/item");
    let added = walk.verb("POST /forms/{id}/item", About::Nobody, owner.post(&item, &question)).await;
    let first = added.location().split_once("#item-").expect("an item").1.to_string();
    let base = hidden(&owner.get(&format!("{form}/text")).await.text, "base");
    let text = [("base", base.as_str()), ("title", "Your health"), ("text", "Take your time.")];
    walk.verb("POST /forms/{id}/text", About::Nobody, owner.post(&format!("{form}/text"), &text)).await;
    let twice = [("item", first.as_str()), ("how", "duplicate")];
    walk.verb("POST /forms/{id}/arrange", About::Nobody, owner.post(&format!("{form}/arrange"), &twice)).await;
    walk.verb("POST /forms/{id}/publish", About::Nobody, owner.post(&format!("{form}/publish"), &[])).await;
    owner.post(&item, &question).await;
    for what in ["discard", "undo", "duplicate", "archive", "restore"] {
        let route = format!("POST /forms/{{id}}/{what}");
        walk.verb(&route, About::Nobody, owner.post(&format!("{form}/{what}"), &[])).await;
    }
}

/// Forms come from files and from the library.
async fn verbs_of_form_files(walk: &mut Walk<'_>, owner: &mut Browser, program: &mut Browser) {
    let borrow = owner.post("/forms/library", &[("key", "consent")]);
    let form = walk.verb("POST /forms/library", About::Nobody, borrow).await.location().to_string();
    let file = owner.get(&format!("{form}/questionnaire")).await.text;
    let text = [("text", file.as_str())];
    walk.verb("POST /forms/import", About::Nobody, owner.post("/forms/import", &text)).await;
    let import = format!("{ALL}/import");
    let bring = program.raw("POST", &import, "application/fhir+json", &file);
    walk.verb("POST /api/v1/forms/import", About::Nobody, bring).await;
    let none = json!({});
    let take = program.json("POST", "/api/v1/form-library/telehealth", &none);
    walk.verb("POST /api/v1/form-library/{key}", About::Nobody, take).await;
}

async fn verbs_of_forms_by_a_program(walk: &mut Walk<'_>, program: &mut Browser) {
    let (body, none) = (json!({"definition": asked()}), json!({}));
    let made = walk.verb("POST /api/v1/forms", About::Nobody, program.json("POST", ALL, &body)).await;
    let path = format!("{ALL}/{}", id_of(&made.json()));
    let mut longer = asked();
    longer["title"] = json!("Before we meet again");
    let change = json!({"definition": longer, "version": 1});
    walk.verb("PATCH /api/v1/forms/{id}", About::Nobody, program.json("PATCH", &path, &change)).await;
    for what in ["publish", "duplicate"] {
        let route = format!("POST /api/v1/forms/{{id}}/{what}");
        walk.verb(&route, About::Nobody, program.json("POST", &format!("{path}/{what}"), &none)).await;
    }
    walk.verb("DELETE /api/v1/forms/{id}", About::Nobody, program.json("DELETE", &path, &none)).await;
    let back = format!("{path}/restore");
    walk.verb("POST /api/v1/forms/{id}/restore", About::Nobody, program.json("POST", &back, &none)).await;
}

/// Somebody passes a form by, and takes it up after all.
async fn verbs_of_passing_by(walk: &mut Walk<'_>, who: &mut Browser, route: &str, id: &str) {
    let at = route.replace("{id}", id);
    for what in ["skip", "again"] {
        walk.verb(&format!("POST {route}/{what}"), About::Client, who.post(&format!("{at}/{what}"), &[])).await;
    }
}

/// A form is answered on its pages, each time from another one, gets a file and is sent.
async fn verbs_of_filling(walk: &mut Walk<'_>, who: &mut Browser, route: &str, id: &str) {
    let at = route.replace("{id}", id);
    let sittings: Vec<_> = (1..=4).map(|n| Uuid::from_u128(n).to_string()).collect();
    let typed =
        |n: usize, question: &'static str| [("sitting", sittings[n].as_str()), ("question", question), ("ago", "0")];
    let answers = format!("{at}/answers");
    // The first answer begins the form.
    let begun = who.post(&answers, &[&typed(0, "mood")[..], &[("q-mood", "bad")]].concat()).await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    let more = [&typed(1, "name")[..], &[("q-name", "An")]].concat();
    walk.verb(&format!("POST {route}/answers"), About::Nobody, who.post(&answers, &more)).await;
    let page = [("page", "1"), ("sitting", &sittings[2]), ("shown", "name"), ("go", "later"), ("q-name", "Ana")];
    walk.verb(&format!("POST {route}"), About::Nobody, who.post(&at, &page)).await;
    let (file, card) = (format!("{at}/file"), [("question", "card"), ("page", "1"), ("sitting", sittings[3].as_str())]);
    let picture = Some(("card.png", &b"\x89PNG\r\n\x1a\n..."[..]));
    walk.verb(&format!("POST {route}/file"), About::Client, who.upload(&file, &card, picture)).await;
    let remove = format!("{file}/remove");
    walk.verb(&format!("POST {route}/file/remove"), About::Client, who.post(&remove, &card[..1])).await;
    walk.verb(&format!("POST {route}/send"), About::Client, who.post(&format!("{at}/send"), &[])).await;
}

/// A form is given, asked for again and again, filled in in the portal, opened again and handed in by a program.
async fn verbs_of_giving(
    walk: &mut Walk<'_>,
    practice: &TestPractice,
    owner: &mut Browser,
    program: &mut Browser,
    form: &str,
) -> String {
    let t = walk.t;
    let (client, mut ana) = t.client_in_portal(practice, "ana.forms@example.org").await;
    let side = format!("/clients/{client}/forms");
    let what = format!("form:{form}");
    let gift = [("what", what.as_str()), ("required", "no")];
    walk.verb("POST /clients/{id}/forms", About::Client, owner.post(&side, &gift)).await;
    let id = newest(t, "client_forms").await;
    let remind = format!("{side}/remind");
    walk.verb("POST /clients/{id}/forms/remind", About::Client, owner.post(&remind, &[])).await;
    // A choice about mails to come: what happens to the client is the mail that goes or does not go.
    for what in ["stop-reminders", "resume-reminders"] {
        let route = format!("POST /clients/{{id}}/forms/{what}");
        walk.verb(&route, About::Nobody, owner.post(&format!("{side}/{what}"), &[])).await;
    }
    let page = format!("/client-forms/{id}");
    for what in ["waive", "give-again"] {
        let route = format!("POST /client-forms/{{id}}/{what}");
        walk.verb(&route, About::Client, owner.post(&format!("{page}/{what}"), &[])).await;
    }
    verbs_of_passing_by(walk, &mut ana, "/portal/forms/{id}", &id).await;
    verbs_of_filling(walk, &mut ana, "/portal/forms/{id}", &id).await;
    let seen = format!("/form-alerts/{}/seen", newest(t, "form_alerts").await);
    walk.verb("POST /form-alerts/{id}/seen", About::Client, owner.post(&seen, &[])).await;
    let reopen = format!("{page}/reopen");
    walk.verb("POST /client-forms/{id}/reopen", About::Client, owner.post(&reopen, &[])).await;

    let (api, none) = (format!("/api/v1{page}"), json!({}));
    let answers = (format!("{api}/answers"), json!({"answers": {"name": {"text": "Anna"}}}));
    let save = program.json("POST", &answers.0, &answers.1);
    walk.verb("POST /api/v1/client-forms/{id}/answers", About::Nobody, save).await;
    for what in ["waive", "give-again", "hand-in", "reopen"] {
        let route = format!("POST /api/v1/client-forms/{{id}}/{what}");
        walk.verb(&route, About::Client, program.json("POST", &format!("{api}/{what}"), &none)).await;
    }
    program.json("POST", &format!("{api}/hand-in"), &none).await;
    client
}

/// Staff fill in for a client, and another program does.
async fn verbs_on_behalf(walk: &mut Walk<'_>, owner: &mut Browser, program: &mut Browser, client: &str, form: &str) {
    let (t, none) = (walk.t, json!({}));
    let (all, gift) = (format!("/api/v1/clients/{client}/forms"), json!({"form_id": form, "required": false}));
    walk.verb("POST /api/v1/clients/{id}/forms", About::Client, program.json("POST", &all, &gift)).await;
    let id = newest(t, "client_forms").await;
    let skip = format!("/client-forms/{id}/fill/skip");
    walk.verb("POST /client-forms/{id}/fill/skip", About::Client, owner.post(&skip, &[])).await;
    owner.post(&format!("/client-forms/{id}/give-again"), &[]).await;
    verbs_of_filling(walk, owner, "/client-forms/{id}/fill", &id).await;
    let seen = format!("/api/v1/form-alerts/{}/seen", newest(t, "form_alerts").await);
    walk.verb("POST /api/v1/form-alerts/{id}/seen", About::Client, program.json("POST", &seen, &none)).await;
    let answers = program.get(&format!("/api/v1/client-forms/{id}/response")).await.text;
    program.json("POST", &all, &gift).await;
    let path = format!("/api/v1/client-forms/{}/response", newest(t, "client_forms").await);
    // Its first answers begin the form.
    let bring = program.raw("POST", &path, "application/fhir+json", &answers);
    walk.verb("POST /api/v1/client-forms/{id}/response", About::Client, bring).await;
}

async fn verbs_of_reminders_by_a_program(
    walk: &mut Walk<'_>,
    practice: &TestPractice,
    program: &mut Browser,
    form: &str,
) -> String {
    let (client, _) = walk.t.client_in_portal(practice, "bea.forms@example.org").await;
    let all = format!("/api/v1/clients/{client}/forms");
    let none = json!({});
    program.json("POST", &all, &json!({"form_id": form, "required": false})).await;
    for (what, about) in
        [("remind", About::Client), ("stop-reminders", About::Nobody), ("resume-reminders", About::Nobody)]
    {
        let route = format!("POST /api/v1/clients/{{id}}/forms/{what}");
        walk.verb(&route, about, program.json("POST", &format!("{all}/{what}"), &none)).await;
    }
    client
}

/// Opens a device by the code on the staff's page; what opens it was written down with the code.
async fn open(walk: &mut Walk<'_>, page: &str) -> Browser {
    let address = page.split("id=\"hand-over-address\">").nth(1).expect("an address");
    let address = address.split('<').next().expect("an address");
    let mut tablet = walk.t.browser();
    let mark = hidden(&tablet.open_link(address).await.text, "link");
    let enter = [("link", mark.as_str())];
    walk.verb("POST /hand-over/open", About::Nobody, tablet.post("/hand-over/open", &enter)).await;
    assert_eq!(tablet.get("/hand-over").await.status, 200);
    tablet
}

async fn verbs_of_hand_over(walk: &mut Walk<'_>, owner: &mut Browser, client: &str) {
    let t = walk.t;
    let id = newest(t, "client_forms").await;
    let path = format!("/clients/{client}/hand-over");
    let elsewhere = [("where", "elsewhere")];
    let made = walk.verb("POST /clients/{id}/hand-over", About::Client, owner.post(&path, &elsewhere)).await;
    let mut tablet = open(walk, &made.text).await;
    verbs_of_passing_by(walk, &mut tablet, "/hand-over/forms/{id}", &id).await;
    verbs_of_filling(walk, &mut tablet, "/hand-over/forms/{id}", &id).await;
    walk.verb("POST /hand-over/finish", About::Client, tablet.post("/hand-over/finish", &[])).await;
    let made = owner.post(&path, &elsewhere).await;
    open(walk, &made.text).await;
    let end = format!("{path}/end");
    walk.verb("POST /clients/{id}/hand-over/end", About::Client, owner.post(&end, &[])).await;
}

async fn verbs_of_flows(walk: &mut Walk<'_>, owner: &mut Browser, program: &mut Browser, form: &str) {
    let typed = [("name", "First weeks"), ("step", form)];
    walk.verb("POST /flows", About::Nobody, owner.post("/flows", &typed)).await;
    let page = format!("/flows/{}", newest(walk.t, "flows").await);
    let renamed = [("name", "First month"), ("step", form), ("version", "1")];
    walk.verb("POST /flows/{id}", About::Nobody, owner.post(&page, &renamed)).await;
    let delete = format!("{page}/delete");
    walk.verb("POST /flows/{id}/delete", About::Nobody, owner.post(&delete, &[])).await;

    let body = json!({"name": "Little ones", "steps": [{"form_id": form}]});
    let made = walk.verb("POST /api/v1/flows", About::Nobody, program.json("POST", "/api/v1/flows", &body)).await;
    let path = format!("/api/v1/flows/{}", id_of(&made.json()));
    let change = json!({"name": "Families"});
    walk.verb("PATCH /api/v1/flows/{id}", About::Nobody, program.json("PATCH", &path, &change)).await;
    let none = json!({});
    walk.verb("DELETE /api/v1/flows/{id}", About::Nobody, program.json("DELETE", &path, &none)).await;
}

/// A practice begins with the ready-made flows where it has none.
async fn verbs_of_ready_made_flows(walk: &mut Walk<'_>, owner: &mut Browser, program: &mut Browser) {
    walk.verb("POST /flows/ready-made", About::Nobody, owner.post("/flows/ready-made", &[])).await;
    let (all, none) = ("/api/v1/flows", json!({}));
    for flow in program.get(all).await.json()["items"].as_array().expect("flows") {
        program.json("DELETE", &format!("{all}/{}", id_of(flow)), &none).await;
    }
    let take = program.json("POST", "/api/v1/flows/ready-made", &none);
    walk.verb("POST /api/v1/flows/ready-made", About::Nobody, take).await;
}

async fn verbs_of_form_settings(walk: &mut Walk<'_>, owner: &mut Browser, program: &mut Browser) {
    let fields = [("remind_after_days", "5"), ("remind_times", "2"), ("version", "0")];
    walk.verb("POST /settings/forms", About::Nobody, owner.post("/settings/forms", &fields)).await;
    let change = json!({"remind_after_days": 2});
    let set = program.json("PATCH", "/api/v1/form-settings", &change);
    walk.verb("PATCH /api/v1/form-settings", About::Nobody, set).await;
}
