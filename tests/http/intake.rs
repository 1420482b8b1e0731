//! D3, D5, R18, R19, R20, R22, R40, R63: the provider's side of the intake: flows that come with the group, progress,
//! answers, scores over time, alerts, reminders.

use std::time::Duration;

use testkit::ruh::access::{Actor, Role};
use testkit::ruh::flows::{self, Needed};
use testkit::ruh::forms::{self, Choice, Code, Definition, Item, Kind, LOINC, Purpose, Saved};
use testkit::ruh::ids::{FlowId, FormId, GroupId};
use testkit::ruh::words::Words;
use testkit::{Answer, Browser, Json, PASSWORD, TestApp, TestPractice, both_engines, json};

const DAY: Duration = Duration::from_secs(86_400);
const PAGE: &str = "019caf10-8770-72e9-a79e-990e7d12e771";

/// How the nights are; one answer asks for attention, and each counts for something.
fn nights() -> Definition {
    let mut nights = Item::new("nights", Kind::Single, "How are your nights?");
    nights.required = true;
    let choice = |code: &str, points: i64| Choice {
        code: code.into(),
        label: format!("They are {code}"),
        system: String::new(),
        points: Some(points),
        alert: code == "unbearable",
    };
    nights.choices = vec![choice("calm", 0), choice("short", 1), choice("unbearable", 3)];
    let note = Item::new("note", Kind::LongText, "What helps?");
    Definition { title: "How you sleep".into(), items: vec![nights, note], ..Definition::default() }
}

/// Nine questions with the codes of a published instrument, in words of nobody.
fn scored() -> Definition {
    let codes = ["44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8"];
    let question = |(n, code): (usize, &&str)| {
        let mut item = Item::new(format!("i{n}"), Kind::Single, format!("Question {n}"));
        item.codes = vec![Code { system: LOINC.into(), code: (*code).into(), display: String::new() }];
        let choice = |code: &&str| Choice {
            code: (*code).into(),
            label: format!("Answer {code}"),
            system: LOINC.into(),
            points: None,
            alert: false,
        };
        item.choices = ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"].iter().map(choice).collect();
        item
    };
    let items = codes.iter().enumerate().map(question).collect();
    Definition { title: "Two weeks".into(), items, ..Definition::default() }
}

async fn published(t: &TestApp, practice: &TestPractice, definition: Definition) -> FormId {
    let door = t.app.practice(Actor::system(practice.id));
    let kept = door.write(move |p| {
        let Saved::Saved(form) = forms::add(p, Purpose::Form, &definition)? else { panic!("a sound form") };
        forms::publish(p, form.id)
    });
    kept.await.unwrap().id
}

/// The first group, and a flow of two steps that its clients get.
async fn flow_of_group(t: &TestApp, practice: &TestPractice) -> (GroupId, FlowId) {
    let (first, second) = (published(t, practice, nights()).await, published(t, practice, scored()).await);
    let door = t.app.practice(Actor::system(practice.id));
    let made = door.write(move |p| {
        let steps = vec![(first, Needed::Required), (second, Needed::Skippable)];
        let typed = flows::Typed { name: "First steps".into(), steps };
        let flows::Saved::Saved(flow) = flows::add(p, &typed, Words::of("en"))? else { panic!("a sound flow") };
        let group = testkit::ruh::groups::all(p)?[0].id;
        flows::set_group(p, group, Some(flow.id))?;
        Ok((group, flow.id))
    });
    made.await.unwrap()
}

async fn program(t: &TestApp, practice: &TestPractice) -> Browser {
    t.browser().bearer(&t.token(practice, practice.owner).await)
}

async fn listed(api: &mut Browser, client: &str) -> Vec<Json> {
    let answer = api.get(&format!("/api/v1/clients/{client}/forms")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["items"].as_array().unwrap().clone()
}

/// Gives a form; what the client has of it then.
async fn given(api: &mut Browser, client: &str, form: FormId) -> String {
    let body = json!({"form_id": form.to_string()});
    let made = api.json("POST", &format!("/api/v1/clients/{client}/forms"), &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["items"][0]["id"].as_str().unwrap().to_string()
}

async fn answered(api: &mut Browser, id: &str, answers: Json) -> Answer {
    api.json("POST", &format!("/api/v1/client-forms/{id}/answers"), &json!({"answers": answers})).await
}

/// The client answers in the portal, as the page's script sends it.
async fn typed(client: &mut Browser, id: &str, question: &str, value: &str) -> Answer {
    let field = format!("q-{question}");
    let fields = [("question", question), ("ago", "0"), ("sitting", PAGE), (field.as_str(), value)];
    client.post(&format!("/portal/forms/{id}/answers"), &fields).await
}

async fn post(api: &mut Browser, path: &str) -> Answer {
    api.json("POST", path, &json!({})).await
}

both_engines! {
    async fn d3_the_flow_comes_with_the_group_whichever_way_the_client_arrives(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (group, _) = flow_of_group(&t, &practice).await;
        let group = group.to_string();
        let mut api = program(&t, &practice).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let by_api = t.client(&practice, json!({"group_id": group})).await;
        let fields = [("first_name", "Pia"), ("last_name", "Page"), ("group_id", group.as_str())];
        assert_eq!(owner.post("/clients", &fields).await.status, 303);
        let changed = t.client(&practice, json!({"first_name": "Cora", "last_name": "Changed"})).await;
        assert!(listed(&mut api, &changed).await.is_empty());
        assert_eq!(api.json("PATCH", &format!("/api/v1/clients/{changed}"), &json!({"group_id": group})).await.status, 200);
        let bulk = t.client(&practice, json!({"first_name": "Bo", "last_name": "Bulk"})).await;
        owner.post("/clients/bulk", &[("action", "group"), ("group_id", &group), ("id", &bulk)]).await;
        t.run_jobs().await;
        let link = api.json("POST", "/api/v1/invite-links", &json!({"group_id": group})).await.json();
        let mut joining = t.browser();
        joining.open_link(link["address"].as_str().unwrap()).await;
        let fields = [("first_name", "Lina"), ("last_name", "Link"), ("email", "lina@example.org"), ("password", PASSWORD)];
        assert_eq!(joining.post("/join", &fields).await.status, 303);
        t.send_mail().await;
        let all = api.get("/api/v1/clients?limit=10").await.json();
        let all: Vec<String> = all["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_string()).collect();
        assert_eq!(all.len(), 5);
        for client in &all {
            let items = listed(&mut api, client).await;
            let said: Vec<_> = items.iter().map(|one| (one["title"].as_str().unwrap(), one["required"].as_bool().unwrap())).collect();
            assert_eq!(said, [("How you sleep", true), ("Two weeks", false)], "{client}");
        }
        assert!(all.contains(&by_api));
        // Into another group: what was not begun gives way, and nobody is asked twice on the way back.
        let begun = listed(&mut api, &by_api).await[0]["id"].as_str().unwrap().to_string();
        assert_eq!(answered(&mut api, &begun, json!({"nights": {"chosen": ["calm"]}})).await.status, 200);
        for to in [Json::Null, json!(group)] {
            assert_eq!(api.json("PATCH", &format!("/api/v1/clients/{by_api}"), &json!({"group_id": to})).await.status, 200);
        }
        let states: Vec<_> = listed(&mut api, &by_api).await.iter().map(|one| one["state"].clone()).collect();
        assert_eq!(states, [json!("started"), json!("open")]);
        // The list counts them.
        let page = owner.get("/clients").await.text;
        assert!(page.contains("0 of 2"), "{page}");
    }

    async fn d5_a_form_is_given_filled_in_on_behalf_read_and_opened_again(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let form = published(&t, &practice, nights()).await;
        let client = t.client(&practice, json!({})).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let mut api = program(&t, &practice).await;
        let side = format!("/clients/{client}/forms");
        assert!(owner.get(&side).await.text.contains("No forms yet"));
        let dialog = owner.get(&format!("{side}/give")).await.text;
        assert!(dialog.contains("How you sleep") && dialog.contains("Required or not"), "{dialog}");
        let wrong = owner.post(&side, &[("what", "form:nothing")]).await;
        assert!(wrong.status == 422 && wrong.text.contains("Choose what to give."), "{}", wrong.text);
        let what = format!("form:{form}");
        for _ in 0..2 {
            let gave = owner.post(&side, &[("what", &what), ("required", "no")]).await;
            assert_eq!((gave.status, gave.location()), (303, side.as_str()), "{}", gave.text);
        }
        let items = listed(&mut api, &client).await;
        assert_eq!(items.len(), 1, "one that is open is not given twice");
        let id = items[0]["id"].as_str().unwrap().to_string();
        let shown = owner.get(&side).await.text;
        for text in ["How you sleep", "Not begun", "May be skipped", "0 of 2 answered", "Given.", "/fill\"", "Nobody is in the portal yet"] {
            assert!(shown.contains(text), "{text}: {shown}");
        }
        // On behalf, on the client's own pages.
        let fill = format!("/client-forms/{id}/fill");
        let page = owner.get(&fill).await.text;
        assert!(page.contains("on behalf of") && page.contains("How are your nights?"), "{page}");
        let fields = [("page", "1"), ("sitting", PAGE), ("shown", "nights note"), ("q-nights", "short"), ("q-note", "Tea"), ("go", "on")];
        let saved = owner.post(&fill, &fields).await;
        assert_eq!(saved.location(), format!("{fill}/check"), "{}", saved.text);
        let shown = owner.get(&side).await.text;
        assert!(shown.contains("2 of 2 answered") && shown.contains("by Olive Owner on behalf"), "{shown}");
        let seen = owner.get(&format!("{fill}/check")).await.text;
        assert!(seen.contains("Tea"), "{seen}");
        let sent = owner.post(&format!("{fill}/send"), &[]).await;
        assert_eq!(sent.location(), format!("{fill}/done"), "{}", sent.text);
        assert!(owner.get(&format!("{fill}/done")).await.text.contains("Back to the record"));
        let shown = owner.get(&side).await.text;
        assert!(shown.contains("filled in by Olive Owner on behalf") && shown.contains("Reopen"), "{shown}");
        let answers = owner.get(&format!("/client-forms/{id}")).await.text;
        for text in ["They are short", "Tea", "Score: 1 of 3", "Olive Owner on behalf", "1 of 2 Mar 2026"] {
            assert!(answers.contains(text), "{text}: {answers}");
        }
        assert_eq!(post(&mut api, &format!("/api/v1/client-forms/{id}/waive")).await.status, 409, "it was handed in");
        // Opened again, changed, handed in: the answer that was there is history.
        assert_eq!(owner.post(&format!("/client-forms/{id}/reopen"), &[]).await.location(), side);
        t.advance(Duration::from_secs(900));
        assert_eq!(answered(&mut api, &id, json!({"nights": {"chosen": ["calm"]}, "note": null})).await.status, 200);
        let again = post(&mut api, &format!("/api/v1/client-forms/{id}/hand-in")).await;
        assert_eq!((again.status, again.json()["state"].as_str()), (200, Some("done")), "{}", again.text);
        let mut owner = t.signed_in(&practice.owner_email).await;
        let answers = owner.get(&format!("/client-forms/{id}")).await.text;
        assert!(answers.contains("They are calm") && answers.contains("1 earlier answer") && answers.contains("replaced by a later answer"), "{answers}");
        let whole = api.get(&format!("/api/v1/client-forms/{id}")).await.json();
        assert_eq!(whole["score"], json!({"name": "", "sum": 0, "most": 3, "band": ""}));
        assert_eq!(whole["history"][0]["answer"], json!({"chosen": ["short"]}), "{whole}");
        // Waived, and wanted again with one press of Undo.
        let other = given(&mut api, &client, form).await;
        let waived = owner.post(&format!("/client-forms/{other}/waive"), &[]).await;
        assert_eq!(waived.status, 303);
        let shown = owner.get(&side).await.text;
        assert!(shown.contains("Waived. The client is not asked for it any more.") && shown.contains(&format!("/client-forms/{other}/give-again")), "{shown}");
        assert_eq!(owner.post(&format!("/client-forms/{other}/give-again"), &[]).await.status, 303);
        assert_eq!(listed(&mut api, &client).await[1]["state"], "open");
        // What is missing is named by its question.
        let missing = post(&mut api, &format!("/api/v1/client-forms/{other}/hand-in")).await;
        assert_eq!((missing.status, &missing.json()["errors"][0]["field"]), (422, &json!("nights")));
        // The whole record has it all, in words.
        let record = api.get(&format!("/api/v1/clients/{client}/record")).await.json();
        assert_eq!(record["forms"][0]["said"][0], json!({"question": "How are your nights?", "answer": "They are calm"}));
        let page = owner.get(&format!("/clients/{client}/record")).await.text;
        assert!(page.contains("They are calm") && page.contains("Score: 0 of 3"), "{page}");
        let preview = api.get(&format!("/api/v1/clients/{client}/archive")).await.json();
        assert_eq!(preview["open_forms_that_wait"], 1);
    }

    async fn d5_scores_are_compared_over_time(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let form = published(&t, &practice, scored()).await;
        let client = t.client(&practice, json!({})).await;
        let mut api = program(&t, &practice).await;
        let frequency = ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"];
        for each in [2, 1] {
            let id = given(&mut api, &client, form).await;
            let mut answers = json!({});
            for n in 0..9 {
                // The last asks for attention from the first answer above nothing.
                answers[format!("i{n}")] = json!({"chosen": [frequency[if n == 8 { 0 } else { each }]]});
            }
            assert_eq!(answered(&mut api, &id, answers).await.status, 200);
            assert_eq!(post(&mut api, &format!("/api/v1/client-forms/{id}/hand-in")).await.status, 200);
            t.advance(DAY * 20);
            t.run_jobs().await;
        }
        assert_eq!(api.get(&format!("/api/v1/clients/{client}/form-alerts")).await.json()["items"], json!([]));
        let mut owner = t.signed_in(&practice.owner_email).await;
        let compared = owner.get(&format!("/clients/{client}/forms/{form}/compare")).await;
        assert_eq!(compared.status, 200, "{}", compared.text);
        for text in ["PHQ-9 over time", "<svg class=\"chart\"", "Moderately severe", "16 of 27", "8 of 27", "−8", "Mild", "Changed", "Question 0"] {
            assert!(compared.text.contains(text), "{text}: {}", compared.text);
        }
        assert!(!compared.text.contains("style="), "the policy lets no style in");
        let shown = owner.get(&format!("/clients/{client}/forms")).await.text;
        assert!(shown.contains("/compare\""), "{shown}");
        let id = listed(&mut api, &client).await[0]["id"].as_str().unwrap().to_string();
        let answers = owner.get(&format!("/client-forms/{id}")).await.text;
        assert!(answers.contains("PHQ-9: 16 of 27, moderately severe"), "{answers}");
        // As another program knows it, and back.
        let response = api.get(&format!("/api/v1/client-forms/{id}/response")).await;
        assert_eq!((response.status, response.header("content-type")), (200, "application/fhir+json"));
        assert_eq!((&response.json()["status"], &response.json()["item"][0]["linkId"]), (&json!("completed"), &json!("i0")));
        let open = given(&mut api, &client, form).await;
        let path = format!("/api/v1/client-forms/{open}/response");
        let taken = api.raw("POST", &path, "application/fhir+json", &response.text).await;
        assert_eq!((taken.status, &taken.json()["misfits"]), (200, &json!([])), "{}", taken.text);
        assert_eq!(api.get(&format!("/api/v1/client-forms/{open}")).await.json()["score"]["sum"], 16);
        let broken = api.raw("POST", &path, "application/fhir+json", "{\"resourceType\": \"Patient\"}").await;
        assert_eq!(broken.status, 422, "{}", broken.text);
    }

    async fn r63_a_critical_answer_is_told_at_once_and_the_mail_says_nothing(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let provider = t.member(&practice, Role::Provider, "on@calm.example").await;
        t.member(&practice, Role::Support, "support@calm.example").await;
        let form = published(&t, &practice, nights()).await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut api = program(&t, &practice).await;
        let body = json!({"primary_provider_id": provider.to_string()});
        assert_eq!(api.json("PATCH", &format!("/api/v1/clients/{client}"), &body).await.status, 200);
        let id = given(&mut api, &client, form).await;
        let before = t.mails().len();
        for _ in 0..2 {
            let saved = typed(&mut ana, &id, "nights", "unbearable").await;
            assert_eq!(saved.status, 200, "{}", saved.text);
        }
        assert_eq!(t.raw.count("select count(*) from form_alerts"), 1, "once for one question");
        t.run_jobs().await;
        let mails = t.mails();
        assert_eq!(mails.len(), before + 1);
        let mail = t.mail_to("on@calm.example");
        let text = format!("{mail:?}").to_lowercase();
        for word in ["night", "unbearable", "sleep", "ana", "marchetti", "answer", "form"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
        // Where it leads, and what stands there.
        let mut on = t.signed_in("on@calm.example").await;
        let news = on.get("/newsfeed").await.text;
        assert!(news.contains("An answer needs your attention"), "{news}");
        let item = t.raw.rows("select f.id from feed_items f join activities a on a.practice_id = f.practice_id and a.id = f.id
            where a.kind = 'form.alert' order by f.member_id limit 1")[0][0].clone().unwrap();
        let item = uuid::Uuid::parse_str(&item).unwrap();
        assert_eq!(on.get(&format!("/newsfeed/{item}")).await.location(), format!("/client-forms/{id}"));
        let answers = on.get(&format!("/client-forms/{id}")).await.text;
        assert!(answers.contains("This answer needs attention") && answers.contains("They are unbearable"), "{answers}");
        for path in ["", "/timeline", "/contacts"] {
            let page = on.get(&format!("/clients/{client}{path}")).await.text;
            assert!(page.contains("Needs attention") && page.contains("An answer in a form needs attention."), "{path}: {page}");
        }
        // Support learns that there is something, and nothing of what.
        let mut support = t.signed_in("support@calm.example").await;
        let side = support.get(&format!("/clients/{client}/forms")).await.text;
        assert!(side.contains("An answer needs attention") && !side.contains("I have seen it") && !side.contains("unbearable"), "{side}");
        let alert = api.get(&format!("/api/v1/clients/{client}/form-alerts")).await.json()["items"][0].clone();
        assert_eq!(alert["question"], "nights");
        let alert = alert["id"].as_str().unwrap().to_string();
        assert_eq!(support.post(&format!("/form-alerts/{alert}/seen"), &[]).await.status, 403);
        for _ in 0..2 {
            assert_eq!(on.post(&format!("/form-alerts/{alert}/seen"), &[]).await.location(), format!("/clients/{client}/forms"));
        }
        assert!(!on.get(&format!("/clients/{client}")).await.text.contains("Needs attention"));
        assert_eq!(t.raw.count("select count(*) from activities where kind = 'form.alert_seen'"), 1);
        t.run_jobs().await;
    }

    async fn d5_reminders_go_out_until_all_is_done_and_stop_when_told(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let form = published(&t, &practice, nights()).await;
        let (client, _) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut api = program(&t, &practice).await;
        let mails = |t: &TestApp| t.mails().iter().filter(|mail| mail.subject == "Something to fill in").count();
        let settings = api.json("PATCH", "/api/v1/form-settings", &json!({"remind_after_days": 2, "remind_times": 3})).await;
        assert_eq!(settings.status, 200, "{}", settings.text);
        let id = given(&mut api, &client, form).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let page = owner.get(&format!("/clients/{client}/forms")).await.text;
        assert!(page.contains("Next reminder by itself on 4 Mar 2026"), "{page}");
        for (days, sent) in [(1, 0), (1, 1), (1, 1), (1, 2)] {
            t.advance(DAY * days);
            t.run_jobs().await;
            t.run_jobs().await;
            assert_eq!(mails(&t), sent);
        }
        let mail = format!("{:?}", t.mail_to("ana@example.org"));
        assert!(!mail.contains("sleep") && !mail.contains("nights"), "{mail}");
        // Stopped: none goes out. Resumed: the rhythm begins anew.
        assert_eq!(post(&mut api, &format!("/api/v1/clients/{client}/forms/stop-reminders")).await.status, 200);
        t.advance(DAY * 5);
        t.run_jobs().await;
        assert_eq!(mails(&t), 2);
        let mut owner = t.signed_in(&practice.owner_email).await;
        let page = owner.get(&format!("/clients/{client}/forms")).await.text;
        assert!(page.contains("Reminders were stopped on") && page.contains("Overdue"), "{page}");
        assert!(owner.get(&format!("/clients/{client}")).await.text.contains("Overdue form"));
        // By hand, once within the hour.
        let reminded = post(&mut api, &format!("/api/v1/clients/{client}/forms/remind")).await;
        assert_eq!((reminded.status, reminded.json()["reminded"].as_i64()), (200, Some(1)), "{}", reminded.text);
        assert_eq!(post(&mut api, &format!("/api/v1/clients/{client}/forms/remind")).await.status, 409);
        t.run_jobs().await;
        assert_eq!(mails(&t), 3);
        assert_eq!(post(&mut api, &format!("/api/v1/clients/{client}/forms/resume-reminders")).await.status, 200);
        // Archived they hear nothing; restored and done neither.
        assert_eq!(post(&mut api, &format!("/api/v1/clients/{client}/archive")).await.status, 200);
        t.advance(DAY * 3);
        t.run_jobs().await;
        assert_eq!(mails(&t), 3);
        assert_eq!(post(&mut api, &format!("/api/v1/clients/{client}/restore")).await.status, 200);
        assert_eq!(answered(&mut api, &id, json!({"nights": {"chosen": ["calm"]}})).await.status, 200);
        assert_eq!(post(&mut api, &format!("/api/v1/client-forms/{id}/hand-in")).await.status, 200);
        t.advance(DAY * 9);
        t.run_jobs().await;
        assert_eq!(mails(&t), 3);
        assert_eq!(post(&mut api, &format!("/api/v1/clients/{client}/forms/remind")).await.status, 409, "nothing is open");
    }

    async fn r18_r19_r20_answers_are_for_the_care_team_alone(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let other = t.practice("Other Shore").await;
        let on = t.member(&practice, Role::Provider, "on@calm.example").await;
        let off = t.member(&practice, Role::Provider, "off@calm.example").await;
        let support = t.member(&practice, Role::Support, "support@calm.example").await;
        let form = published(&t, &practice, nights()).await;
        let client = t.client(&practice, json!({"primary_provider_id": on.to_string()})).await;
        let mut on_api = t.browser().bearer(&t.token(&practice, on).await);
        let id = given(&mut on_api, &client, form).await;
        assert_eq!(answered(&mut on_api, &id, json!({"note": {"text": "Warm milk"}, "nights": {"chosen": ["unbearable"]}})).await.status, 200);
        t.run_jobs().await;
        let alert = on_api.get(&format!("/api/v1/clients/{client}/form-alerts")).await.json()["items"][0]["id"].as_str().unwrap().to_string();
        let none = uuid::Uuid::from_u128(7).to_string();
        let (one, all) = (format!("/api/v1/client-forms/{id}"), format!("/api/v1/clients/{client}/forms"));
        for token in [t.token(&practice, off).await, t.token(&other, other.owner).await] {
            let mut stranger = t.browser().bearer(&token);
            for path in [one.clone(), format!("{one}/response"), all.clone(), format!("/api/v1/clients/{client}/form-alerts")] {
                assert_eq!(stranger.get(&path).await.status, 404, "{path}");
            }
            for path in ["answers", "hand-in", "waive", "give-again", "reopen", "response"] {
                let (real, unreal) = (post(&mut stranger, &format!("{one}/{path}")).await, post(&mut stranger, &format!("/api/v1/client-forms/{none}/{path}")).await);
                assert_eq!((real.status, &real.text), (404, &unreal.text), "{path}");
            }
            assert_eq!(post(&mut stranger, &format!("/api/v1/form-alerts/{alert}/seen")).await.status, 404);
            assert_eq!(stranger.json("POST", &all, &json!({"form_id": form.to_string()})).await.status, 404);
        }
        // Another practice's form is none of ours.
        let foreign = published(&t, &other, nights()).await;
        for body in [json!({"form_id": foreign.to_string()}), json!({"form_id": none}), json!({"flow_id": none}), json!({})] {
            assert_eq!(on_api.json("POST", &all, &body).await.status, 422, "{body}");
        }
        // Support sees how far it is, and no answer.
        let mut desk = t.browser().bearer(&t.token(&practice, support).await);
        assert_eq!(listed(&mut desk, &client).await[0]["answered"], 2);
        assert_eq!(desk.get(&format!("/api/v1/clients/{client}/form-alerts")).await.json()["items"][0]["question"], Json::Null);
        for path in [one.clone(), format!("{one}/response")] {
            assert_eq!(desk.get(&path).await.status, 403, "{path}");
        }
        let record = desk.get(&format!("/api/v1/clients/{client}/record")).await;
        assert!(record.status == 403 || (!record.text.contains("Warm milk") && !record.text.contains("unbearable")), "{}", record.text);
        // Idempotent: pressed twice by a program, given once. What a body says of more changes nothing (R22).
        let second = published(&t, &practice, scored()).await;
        let body = json!({"form_id": second.to_string(), "state": "done", "practice_id": other.id.to_string(), "done_by": none});
        let mut keyed = on_api.copy().with("idempotency-key", "give-1");
        let made = [keyed.json("POST", &all, &body).await, keyed.json("POST", &all, &body).await];
        assert_eq!((made[0].status, made[1].status, &made[0].text), (201, 201, &made[1].text));
        assert_eq!(made[0].json()["items"][0]["state"], "open");
        // Who leaves the team reads nothing with the next request.
        let mut browser = t.signed_in("on@calm.example").await;
        let pages = [format!("/client-forms/{id}"), format!("/clients/{client}/forms"), format!("/client-forms/{id}/fill?page=1")];
        for path in &pages {
            assert_eq!(browser.get(path).await.status, 200, "{path}");
        }
        let mut owner = program(&t, &practice).await;
        let team = json!({"primary_provider_id": null, "care_team_ids": [practice.owner.to_string()]});
        assert_eq!(owner.json("PATCH", &format!("/api/v1/clients/{client}"), &team).await.status, 200);
        for path in &pages {
            assert_eq!(browser.get(path).await.status, 404, "{path}");
        }
        assert_eq!(on_api.get(&one).await.status, 404);
    }

    async fn r40_a_stale_sheet_or_setting_is_refused_and_nothing_is_lost(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let form = published(&t, &practice, nights()).await;
        let client = t.client(&practice, json!({})).await;
        let mut api = program(&t, &practice).await;
        let id = given(&mut api, &client, form).await;
        let seen = answered(&mut api, &id, json!({"nights": {"chosen": ["calm"]}})).await.json()["saved_at"].clone();
        t.advance(Duration::from_secs(1));
        assert_eq!(answered(&mut api, &id, json!({"nights": {"chosen": ["short"]}})).await.status, 200);
        let hand_in = format!("/api/v1/client-forms/{id}/hand-in");
        assert_eq!(api.json("POST", &hand_in, &json!({"seen": seen})).await.status, 409);
        assert_eq!(api.json("POST", &hand_in, &json!({"seen": "yesterday"})).await.status, 422);
        let now = api.get(&format!("/api/v1/client-forms/{id}")).await.json();
        assert_eq!(now["answers"]["nights"], json!({"chosen": ["short"]}));
        assert_eq!(api.json("POST", &hand_in, &json!({"seen": now["saved_at"]})).await.status, 200);
        assert_eq!(answered(&mut api, &id, json!({"nights": {"chosen": ["calm"]}})).await.status, 409, "it was handed in");

        let mut owner = t.signed_in(&practice.owner_email).await;
        let page = owner.get("/settings/forms").await.text;
        assert!(page.contains("Remind after how many days") && page.contains("value=\"3\""), "{page}");
        let fields = [("remind_after_days", "5"), ("remind_times", "2"), ("version", "0")];
        assert_eq!(owner.post("/settings/forms", &fields).await.status, 303);
        let stale = owner.post("/settings/forms", &[("remind_after_days", "7"), ("remind_times", "2"), ("version", "0")]).await;
        assert!(stale.status == 409 && stale.text.contains("value=\"7\"") && stale.text.contains("Somebody else changed this meanwhile"), "{}", stale.text);
        let wrong = owner.post("/settings/forms", &[("remind_after_days", "many"), ("remind_times", "0"), ("version", "1")]).await;
        assert!(wrong.status == 422 && wrong.text.contains("Use 0 (never) to 60 days.") && wrong.text.contains("Use 1 to 10 times."), "{}", wrong.text);
        assert_eq!(api.get("/api/v1/form-settings").await.json()["remind_after_days"], 5);
    }
}
