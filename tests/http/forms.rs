//! D2: forms in the JSON API: drafts and versions, files of other programs in and out, the library. R18, R22, R37, R39, R40.

use testkit::ruh::access::{Actor, Role};
use testkit::ruh::ids::FormId;
use testkit::{Browser, Json, TestApp, TestPractice, both_engines, json, ruh};

const ALL: &str = "/api/v1/forms";

async fn program(t: &TestApp, practice: &TestPractice) -> Browser {
    t.browser().bearer(&t.token(practice, practice.owner).await)
}

fn two_questions() -> Json {
    json!({"title": "Sleep", "items": [
        {"id": "well", "kind": "yes_no", "text": "Do you sleep well?", "required": true},
        {"id": "why", "kind": "long_text", "text": "What keeps you awake?",
            "show_if": {"conditions": [{"question": "well", "test": "is", "value": "no"}]}}
    ]})
}

async fn add(api: &mut Browser, definition: &Json) -> Json {
    let made = api.json("POST", ALL, &json!({"definition": definition})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()
}

fn at(form: &Json) -> String {
    format!("{ALL}/{}", form["id"].as_str().expect("an id"))
}

fn fields(answer: &testkit::Answer) -> Vec<String> {
    let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| error["field"].as_str().unwrap().to_string()).collect()
}

fn forms(t: &TestApp) -> i64 {
    t.raw.count("select count(*) from forms")
}

fn phq9() -> Json {
    serde_json::from_str(include_str!("../../src/forms/fhir/samples/phq9.json")).unwrap()
}

both_engines! {
    async fn d2_a_form_is_drafted_published_changed_and_put_away(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = program(&t, &practice).await;
        let form = add(&mut api, &two_questions()).await;
        assert_eq!((&form["kind"], &form["title"], &form["has_draft"]), (&json!("form"), &json!("Sleep"), &json!(true)));
        assert_eq!((&form["published_id"], &form["version"], &form["definition"]["items"][0]["id"]), (&Json::Null, &json!(1), &json!("well")));
        let path = at(&form);
        let published = api.json("POST", &format!("{path}/publish"), &json!({})).await;
        assert_eq!((published.status, &published.json()["has_draft"]), (200, &json!(false)));
        // Again there is nothing to publish: no second version.
        api.json("POST", &format!("{path}/publish"), &json!({})).await;
        let mut longer = two_questions();
        longer["title"] = json!("Sleep and dreams");
        longer["items"].as_array_mut().unwrap().push(json!({"id": "dreams", "kind": "long_text", "text": "What do you dream?"}));
        let version = api.get(&path).await.json()["version"].clone();
        let changed = api.json("PATCH", &path, &json!({"definition": longer, "version": version})).await;
        assert_eq!((changed.status, &changed.json()["has_draft"]), (200, &json!(true)), "{}", changed.text);
        // Clients still get the first.
        let file = api.get(&format!("{path}/questionnaire")).await.json();
        assert_eq!((&file["title"], &file["version"], file["item"].as_array().unwrap().len()), (&json!("Sleep"), &json!("1"), 2));
        assert_eq!(api.json("POST", &format!("{path}/publish"), &json!({})).await.status, 200);
        let versions = api.get(&format!("{path}/versions")).await.json();
        let said: Vec<_> = versions["items"].as_array().unwrap().iter().map(|v| (v["number"].clone(), v["title"].clone())).collect();
        assert_eq!(said, [(json!(2), json!("Sleep and dreams")), (json!(1), json!("Sleep"))]);
        assert_eq!(versions["items"][0]["published_by"], json!(practice.owner.to_string()));
        for (number, title) in [("1", "Sleep"), ("2", "Sleep and dreams"), ("", "Sleep and dreams")] {
            let file = api.get(&format!("{path}/questionnaire?number={number}")).await;
            assert_eq!((file.status, &file.json()["title"]), (200, &json!(title)), "{number}");
        }
        assert_eq!(api.get(&format!("{path}/questionnaire?number=3")).await.status, 404);

        let copy = api.json("POST", &format!("{path}/duplicate"), &json!({})).await;
        assert_eq!((copy.status, &copy.json()["title"]), (201, &json!("Sleep and dreams (copy)")), "{}", copy.text);
        let away = api.json("DELETE", &path, &json!({})).await;
        assert!(away.status == 200 && away.json()["archived_at"].is_string(), "{}", away.text);
        let titles = |list: &Json| list["items"].as_array().unwrap().iter().map(|form| form["title"].clone()).collect::<Vec<_>>();
        assert!(!titles(&api.get(ALL).await.json()).contains(&json!("Sleep and dreams")));
        assert!(titles(&api.get(&format!("{ALL}?archived=true")).await.json()).contains(&json!("Sleep and dreams")));
        for (method, what, body) in [("PATCH", "", json!({"definition": two_questions()})), ("POST", "/publish", json!({}))] {
            assert_eq!(api.json(method, &format!("{path}{what}"), &body).await.status, 409);
        }
        let back = api.json("POST", &format!("{path}/restore"), &json!({})).await;
        assert_eq!((back.status, &back.json()["archived_at"]), (200, &Json::Null));
    }

    async fn r40_a_stale_change_is_refused_and_loses_nothing(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = program(&t, &practice).await;
        let form = add(&mut api, &two_questions()).await;
        let path = at(&form);
        let titled = |title: &str| {
            let mut definition = two_questions();
            definition["title"] = json!(title);
            json!({"definition": definition, "version": 1})
        };
        let first = api.json("PATCH", &path, &titled("First")).await;
        assert_eq!((first.status, &first.json()["version"]), (200, &json!(2)));
        let second = api.json("PATCH", &path, &titled("Second")).await;
        assert_eq!(second.status, 409, "{}", second.text);
        assert!(second.json()["detail"].as_str().unwrap().contains("version 2"), "{}", second.text);
        assert_eq!(api.get(&path).await.json()["title"], "First");
        // The same again changes nothing, and is no new version.
        let mut same = titled("First");
        same["version"] = json!(2);
        assert_eq!(api.json("PATCH", &path, &same).await.json()["version"], 2);
    }

    async fn r22_what_is_wrong_is_said_where_it_is_and_nothing_else_counts(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let theirs = t.practice("Other Shore").await;
        let mut api = program(&t, &practice).await;
        let before = forms(&t);
        let mut bad = two_questions();
        bad["title"] = json!("");
        bad["items"][0] = json!({"id": "well", "kind": "single", "text": "Do you sleep well?", "choices": []});
        bad["items"][1]["show_if"]["conditions"][0]["question"] = json!("later");
        let refused = api.json("POST", ALL, &json!({"definition": bad})).await;
        assert_eq!((refused.status, fields(&refused)), (422, vec!["title".into(), "items.well.choices".into(), "items.why.show_if".into()]));
        for (kind, definition) in [("policy", two_questions()), ("welcome", two_questions())] {
            let refused = api.json("POST", ALL, &json!({"kind": kind, "definition": definition})).await;
            assert_eq!((refused.status, fields(&refused)), (422, vec!["items".to_string()]), "{kind}: {}", refused.text);
        }
        // A form cannot go to another practice, be published, or be somebody else's by what a body says.
        let foreign = theirs.id.to_string();
        let body = json!({"definition": two_questions(), "practice_id": foreign, "id": foreign, "published_id": foreign,
            "archived_at": "2026-01-01T00:00:00Z", "role": "owner"});
        let made = api.json("POST", ALL, &body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!((&made.json()["published_id"], &made.json()["archived_at"]), (&Json::Null, &Json::Null));
        assert_eq!(forms(&t), before + 1);
        let mut other = program(&t, &theirs).await;
        assert_eq!(other.get(&at(&made.json())).await.status, 404);
        // What a definition has no place for is refused, not dropped.
        let mut more = two_questions();
        more["practice_id"] = json!(foreign);
        assert_eq!(api.json("POST", ALL, &json!({"definition": more})).await.status, 400);
    }

    async fn r18_forms_of_another_practice_do_not_exist(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let theirs = t.practice("Other Shore").await;
        let mut api = program(&t, &practice).await;
        let mut other = program(&t, &theirs).await;
        let form = add(&mut other, &two_questions()).await;
        let path = at(&form);
        other.json("POST", &format!("{path}/publish"), &json!({})).await;
        let kept = other.get(&path).await.text;
        let none = format!("{ALL}/{}", uuid::Uuid::from_u128(7));
        for (method, what) in [("GET", ""), ("GET", "/versions"), ("GET", "/questionnaire"), ("GET", "/questionnaire?number=1"),
            ("PATCH", ""), ("DELETE", ""), ("POST", "/publish"), ("POST", "/restore"), ("POST", "/duplicate")] {
            let body = json!({"definition": two_questions(), "version": 1});
            let asked = |path: &str| (method.to_string(), format!("{path}{what}"));
            let mut answers = Vec::new();
            for (method, path) in [asked(&path), asked(&none), asked("/api/v1/forms/nothing")] {
                let answer = if method == "GET" { api.get(&path).await } else { api.json(&method, &path, &body).await };
                assert_eq!(answer.status, 404, "{method} {path}");
                answers.push(answer.text);
            }
            assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
        }
        assert_eq!(other.get(&path).await.text, kept);
        assert!(!api.get(ALL).await.text.contains(form["id"].as_str().unwrap()));
        // The staff without a part in what clients answer are told who can; people in the portal find nothing.
        let support = t.member(&practice, Role::Support, "support@calm.example").await;
        assert_eq!(t.browser().bearer(&t.token(&practice, support).await).get(ALL).await.status, 403);
        let provider = t.member(&practice, Role::Provider, "on@calm.example").await;
        assert_eq!(t.browser().bearer(&t.token(&practice, provider).await).get(ALL).await.status, 200);
    }

    async fn d2_an_instrument_comes_in_and_goes_out_as_it_was(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = program(&t, &practice).await;
        let import = format!("{ALL}/import");
        let made = api.json("POST", &import, &phq9()).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let (form, notes) = (made.json()["form"].clone(), made.json()["notes"].to_string());
        assert!(notes.contains("added up from other answers"), "{notes}");
        assert_eq!((&form["title"], &form["has_draft"], &form["definition"]["codes"][0]["code"]), (&json!("PHQ-9 with neutral words"), &json!(true), &json!("44249-1")));
        assert_eq!(form["definition"]["items"][8]["id"], "/44260-8");
        let out = api.get(&format!("{}/questionnaire", at(&form))).await;
        assert_eq!((out.status, out.header("content-type")), (200, "application/fhir+json"));
        let file = out.json();
        assert_eq!((&file["resourceType"], &file["status"], &file["item"][8]["code"][0]["code"]), (&json!("Questionnaire"), &json!("draft"), &json!("44260-8")));
        assert_eq!(file["item"][8]["answerOption"][3]["extension"][0]["valueDecimal"], 3);
        assert!(file["url"].as_str().unwrap().ends_with(&format!("{}/questionnaire", at(&form))), "{}", file["url"]);
        let again = api.raw("POST", &import, "application/fhir+json; charset=utf-8", &file.to_string()).await;
        assert_eq!((again.status, &again.json()["form"]["definition"], &again.json()["notes"]), (201, &form["definition"], &json!([])));
        // Words of strangers are words.
        let hostile = json!({"resourceType": "Questionnaire", "title": "<script>alert(1)</script>", "item": [
            {"linkId": "<b>", "type": "string", "text": "<img src=x onerror=alert(1)>", "initial": [{"valueString": "x"}]}]});
        let made = api.json("POST", &import, &hostile).await;
        assert_eq!((made.status, &made.json()["form"]["definition"]["items"][0]["id"]), (201, &json!("-b-")), "{}", made.text);
        let shown = t.signed_in(&practice.owner_email).await.get("/forms").await;
        assert!(shown.status == 200 && !shown.text.contains("<script>alert"), "{}", shown.text);
    }

    async fn r37_files_that_nobody_means_well_with_are_refused(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = program(&t, &practice).await;
        let import = format!("{ALL}/import");
        let before = forms(&t);
        let deep = format!("{{\"resourceType\":\"Questionnaire\",\"item\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
        let large = format!("{{\"resourceType\":\"Questionnaire\",\"title\":\"{}\"}}", "x".repeat(300_000));
        for (kind, body, status) in [
            ("application/json", deep.as_str(), 400),
            ("application/json", &large, 413),
            ("application/json", "{\"resourceType\":\"Questionnaire\",\"resourceType\":\"Questionnaire\"}", 400),
            ("application/json", "{\"resourceType\":\"Questionnaire\",\"x\":1e400}", 400),
            ("application/json", "{\"resourceType\":\"Questionnaire\",\"title\":\"\\ud800\"}", 400),
            ("application/json", "[]", 400),
            ("application/json", "", 400),
            ("application/json", "{}", 422),
            ("application/json", "{\"resourceType\":\"Questionnaire\",\"item\":[]}", 422),
            ("application/fhir+xml", "<Questionnaire/>", 415),
            ("application/json", "<Questionnaire/>", 400),
        ] {
            let answer = api.raw("POST", &import, kind, body).await;
            assert_eq!(answer.status, status, "{kind} {}: {}", &body[..body.len().min(60)], answer.text);
        }
        let item = |n: usize| json!({"linkId": format!("q{n}"), "type": "string", "text": "Q"});
        let many = json!({"resourceType": "Questionnaire", "title": "Many", "item": (0..301).map(item).collect::<Vec<_>>()});
        let refused = api.json("POST", &import, &many).await;
        assert_eq!((refused.status, fields(&refused)), (422, vec!["items".to_string()]), "{}", refused.text);
        assert_eq!(forms(&t), before);
    }

    async fn r39_one_key_makes_one_form(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let token = t.token(&practice, practice.owner).await;
        let mut plain = t.browser().bearer(&token);
        let source = at(&add(&mut plain, &two_questions()).await);
        let bodies = [
            (ALL.to_string(), json!({"definition": two_questions()})),
            (format!("{ALL}/import"), phq9()),
            (format!("{source}/duplicate"), json!({})),
            ("/api/v1/form-library/intake".to_string(), json!({})),
        ];
        for (n, (path, body)) in bodies.iter().enumerate() {
            let mut api = t.browser().bearer(&token).with("idempotency-key", &format!("key {n}"));
            let before = forms(&t);
            let first = api.json("POST", path, body).await;
            let second = api.json("POST", path, body).await;
            assert_eq!((first.status, second.status, &first.text), (201, 201, &second.text), "{path}");
            assert_eq!(forms(&t), before + 1, "{path}");
            // The key with another request.
            let other = api.json("POST", &bodies[(n + 1) % bodies.len()].0, &bodies[(n + 1) % bodies.len()].1).await;
            assert_eq!((other.status, fields(&other)), (422, vec!["Idempotency-Key".to_string()]), "{path}");
        }
    }

    async fn d2_the_library_is_taken_as_it_is(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = program(&t, &practice).await;
        let shelf = api.get("/api/v1/form-library").await.json();
        let keys: Vec<_> = shelf["items"].as_array().unwrap().iter().map(|form| form["key"].as_str().unwrap()).collect();
        assert_eq!(keys, ["welcome", "intake", "consent", "telehealth", "release", "minor", "cancellation"]);
        for key in keys {
            let made = api.json("POST", &format!("/api/v1/form-library/{key}"), &json!({})).await;
            assert_eq!(made.status, 201, "{key}: {}", made.text);
            assert!(made.json()["published_id"].is_string() && made.json()["has_draft"] == json!(false), "{key}");
            // Out, and in again, it is the same.
            let file = api.get(&format!("{}/questionnaire", at(&made.json()))).await.json();
            let back = api.json("POST", &format!("{ALL}/import"), &file).await.json();
            assert_eq!((&back["form"]["definition"], &back["form"]["kind"], &back["notes"]), (&made.json()["definition"], &made.json()["kind"], &json!([])));
        }
        assert_eq!(api.json("POST", "/api/v1/form-library/nothing", &json!({})).await.status, 404);
    }

    async fn d2_a_new_practice_can_begin_with_the_library(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let door = t.app.practice(Actor::system(practice.id));
        let made = door.write(ruh::forms::add_first).await.unwrap();
        assert_eq!(made.len(), 7);
        let consent = made.iter().find(|(key, _)| *key == "consent").map(|(_, id)| *id).unwrap();
        let form = door.read(move |p| ruh::forms::find(p, consent)).await.unwrap();
        assert!(form.published.is_some() && !form.has_draft);
        let none = FormId(uuid::Uuid::from_u128(7));
        assert!(door.read(move |p| ruh::forms::find(p, none)).await.is_err());
        // A practice with too many of them is told so.
        let filler = "insert into forms (practice_id, id, kind, title, created_at, updated_at)";
        let id = t.raw.id(&practice.id.to_string());
        for n in 0..500u128 {
            let form = t.raw.id(&uuid::Uuid::from_u128(1_000 + n).to_string());
            t.raw.run(&format!("{filler} values ({id}, {form}, 'form', 'x', 1, 1)"));
        }
        let mut api = program(&t, &practice).await;
        let refused = api.json("POST", "/api/v1/form-library/intake", &json!({})).await;
        assert_eq!(refused.status, 409, "{}", refused.text);
        assert_eq!(api.json("POST", ALL, &json!({"definition": two_questions()})).await.status, 422);
    }
}
