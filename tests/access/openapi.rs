//! The API's description: every route is in it and nothing else, and answers are exactly what it says.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use ruh::db::Engine;
use ruh::public::OPENAPI;
use testkit::{Answer, Json, TestApp, both_engines, json};

use crate::world::{form_and_flow, uuid_text};

pub fn description() -> &'static Json {
    static WHOLE: LazyLock<Json> = LazyLock::new(|| serde_json::from_str(OPENAPI).expect("openapi.json is JSON"));
    &WHOLE
}

const METHODS: [&str; 5] = ["get", "post", "patch", "put", "delete"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_of_the_api_is_described_and_nothing_else() {
    let t = TestApp::new(Engine::Sqlite);
    let extra = ["/healthz", "/readyz", "/metrics"];
    let registered: BTreeSet<_> = ruh::routes::list(&t.app)
        .into_iter()
        .filter(|route| route.path.starts_with("/api/") || extra.contains(&route.path))
        .map(|route| format!("{} {}", route.method.as_str().to_lowercase(), route.path))
        .collect();
    let whole = description();
    assert_eq!(whole["openapi"], "3.1.0");
    let mut described = BTreeSet::new();
    let mut operations = BTreeSet::new();
    for (path, item) in whole["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| METHODS.contains(&name.as_str()))
        {
            described.insert(format!("{method} {path}"));
            assert!(operations.insert(operation["operationId"].as_str().unwrap().to_string()), "{operation}");
            if method != "get" {
                for status in ["413", "415"] {
                    let told = &operation["responses"][status];
                    assert!(
                        !told.is_null(),
                        "{method} {path} says nothing of {status}, which every writing route answers"
                    );
                }
            }
            for placeholder in path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()) {
                let parameters =
                    [&item["parameters"], &operation["parameters"]].into_iter().filter_map(Json::as_array).flatten();
                let named: Vec<_> = parameters.map(|p| resolve(whole, p)["name"].clone()).collect();
                assert!(named.contains(&json!(placeholder)), "{method} {path} says nothing of {placeholder}");
            }
        }
    }
    assert_eq!(described, registered);
    let served = t.browser().get("/api/openapi.json").await;
    assert_eq!((served.status, served.json()), (200, whole.clone()));
    // Every reference leads somewhere.
    for part in OPENAPI.split("\"$ref\": \"").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(whole.pointer(name.trim_start_matches('#')).is_some(), "{name}");
    }
}

pub fn resolve<'d>(whole: &'d Json, part: &'d Json) -> &'d Json {
    match part.get("$ref").and_then(Json::as_str) {
        Some(name) => whole.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("{name}")),
        None => part,
    }
}

/// What of a value is not as a schema says; the part of JSON Schema that the description uses.
fn differs(whole: &Json, schema: &Json, value: &Json, at: &str) -> Option<String> {
    let schema = resolve(whole, schema);
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = choices.iter().filter(|choice| differs(whole, choice, value, at).is_none()).count();
        return (fits != 1).then(|| format!("{at}: {value} fits {fits} of {choices:?}"));
    }
    let kind = match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "integer",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    };
    let allowed = match &schema["type"] {
        Json::Array(kinds) => kinds.contains(&json!(kind)),
        one => one == kind,
    };
    if !allowed {
        return Some(format!("{at}: {value} is no {}", schema["type"]));
    }
    if let (Some(allowed), false) = (schema["enum"].as_array(), allowed && allowed_null(value))
        && !allowed.contains(value)
    {
        return Some(format!("{at}: {value} is none of {allowed:?}"));
    }
    match value {
        Json::String(text) => {
            wrong_format(schema["format"].as_str().unwrap_or_default(), text).then(|| format!("{at}: {text}"))
        }
        Json::Array(items) => {
            items.iter().enumerate().find_map(|(n, item)| differs(whole, &schema["items"], item, &format!("{at}/{n}")))
        }
        Json::Object(fields) => {
            let properties = schema["properties"].as_object()?;
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let missing = required.iter().find(|name| !fields.contains_key(name.as_str().unwrap()));
            if let Some(missing) = missing {
                return Some(format!("{at}: lacks {missing}"));
            }
            fields.iter().find_map(|(name, field)| match properties.get(name) {
                None => Some(format!("{at}: {name} is not described")),
                Some(property) => differs(whole, property, field, &format!("{at}/{name}")),
            })
        }
        _ => None,
    }
}

fn allowed_null(value: &Json) -> bool {
    value.is_null()
}

fn wrong_format(format: &str, text: &str) -> bool {
    match format {
        "uuid" => text.len() != 36 || uuid::Uuid::parse_str(text).is_err(),
        "date-time" => text.parse::<jiff::Timestamp>().is_err() || !text.ends_with('Z'),
        "date" => text.parse::<jiff::civil::Date>().is_err(),
        "email" => !text.contains('@'),
        _ => false,
    }
}

/// Holds an answer against what is described for its operation and status.
pub fn as_described(method: &str, template: &str, answer: &Answer) {
    let problem = not_as_described(method, template, answer);
    assert!(problem.is_none(), "{}", problem.unwrap());
}

/// What of an answer is not as described.
pub fn not_as_described(method: &str, template: &str, answer: &Answer) -> Option<String> {
    let whole = description();
    let at = format!("{method} {template} {}", answer.status);
    let operation = &whole["paths"][template][method.to_lowercase()];
    let response = &operation["responses"][answer.status.to_string()];
    if response.is_null() {
        return Some(format!("{at} is not described: {}", answer.text));
    }
    let Some(content) = resolve(whole, response)["content"].as_object() else {
        return (!answer.text.is_empty()).then(|| format!("{at} has a body: {}", answer.text));
    };
    let (kind, body) = content.iter().next().unwrap();
    if kind != "*/*" && !answer.header("content-type").starts_with(kind.as_str()) {
        return Some(format!("{at}: {}", answer.header("content-type")));
    }
    if !kind.ends_with("json") {
        return None;
    }
    let Ok(value) = serde_json::from_str(&answer.text) else {
        return Some(format!("{at} is no JSON: {}", answer.text));
    };
    differs(whole, &body["schema"], &value, "").map(|problem| format!("{at}: {problem}\n{}", answer.text))
}

#[test]
fn the_checker_of_answers_sees_what_is_wrong() {
    let whole = description();
    let schema = json!({"$ref": "#/components/schemas/FieldError"});
    assert_eq!(differs(whole, &schema, &json!({"field": "a", "message": "b"}), ""), None);
    for bad in [
        json!({"field": "a"}),
        json!({"field": "a", "message": "b", "more": 1}),
        json!({"field": 1, "message": "b"}),
        json!([]),
    ] {
        assert!(differs(whole, &schema, &bad, "").is_some(), "{bad}");
    }
    let state = json!({"$ref": "#/components/schemas/InvitationState"});
    assert!(differs(whole, &state, &json!("lost"), "").is_some());
    assert!(differs(whole, &json!({"type": "string", "format": "uuid"}), &json!("x"), "").is_some());
}

async fn groups_as_described(t: &TestApp, api: &mut testkit::Browser, none: &str) {
    let (all, one) = ("/api/v1/groups", "/api/v1/groups/{id}");
    as_described("get", all, &api.get(all).await);
    as_described("get", all, &t.browser().get(all).await);
    let added = api.json("POST", all, &json!({"name": "Evenings", "colour": "teal"})).await;
    assert_eq!(added.status, 201);
    as_described("post", all, &added);
    as_described("post", all, &api.json("POST", all, &json!({"name": "evenings"})).await);
    as_described("post", all, &api.raw("POST", all, "application/json", "[]").await);
    let id = added.json()["id"].as_str().unwrap().to_string();
    for (id, body, status) in [
        (id.as_str(), json!({"name": "Mornings", "version": 1}), 200),
        (&id, json!({"name": "Nights", "version": 1}), 409),
        (&id, json!({"colour": "loud"}), 422),
        (none, json!({"name": "X"}), 404),
    ] {
        let answer = api.json("PATCH", &format!("{all}/{id}"), &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("patch", one, &answer);
    }
    for (query, status) in [("?move_to=x", 422), ("", 200), ("", 404)] {
        let answer = api.raw("DELETE", &format!("{all}/{id}{query}"), "application/json", "").await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("delete", one, &answer);
    }
}

async fn flows_as_described(t: &TestApp, form: &str, api: &mut testkit::Browser, none: &str) {
    let (all, one) = ("/api/v1/flows", "/api/v1/flows/{id}");
    as_described("get", all, &t.browser().get(all).await);
    let added = api.json("POST", all, &json!({"name": "Evenings", "steps": [{"form_id": form}]})).await;
    assert_eq!(added.status, 201, "{}", added.text);
    as_described("post", all, &added);
    as_described("post", all, &api.json("POST", all, &json!({"name": "evenings", "steps": []})).await);
    as_described("post", all, &api.raw("POST", all, "application/json", "[]").await);
    as_described("get", all, &api.get(all).await);
    let id = added.json()["id"].as_str().unwrap().to_string();
    for (id, body, status) in [
        (id.as_str(), json!({"name": "Mornings", "version": 1}), 200),
        (&id, json!({"name": "Nights", "version": 1}), 409),
        (&id, json!({"steps": [{"form_id": none}]}), 422),
        (none, json!({"name": "X"}), 404),
    ] {
        let answer = api.json("PATCH", &format!("{all}/{id}"), &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("patch", one, &answer);
    }
    as_described("get", one, &api.get(&format!("{all}/{id}")).await);
    for status in [200, 404] {
        let answer = api.raw("DELETE", &format!("{all}/{id}"), "application/json", "").await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("delete", one, &answer);
    }
}

async fn news_as_described(t: &TestApp, practice: &testkit::TestPractice, client: &str, none: &str) {
    let mut api = t.browser().bearer(&t.token(practice, practice.owner).await);
    for part in ["timeline", "looks"] {
        let template = format!("/api/v1/clients/{{id}}/{part}");
        for (id, query, status) in
            [(client, "", 200), (client, "?limit=0", 422), (client, "?cursor=x", 400), (none, "", 404)]
        {
            let answer = api.get(&format!("{}{query}", template.replace("{id}", id))).await;
            assert_eq!(answer.status, status, "{}", answer.text);
            as_described("get", &template, &answer);
        }
        as_described("get", &template, &t.browser().get(&template.replace("{id}", client)).await);
    }
    let (all, read, choices) = ("/api/v1/newsfeed", "/api/v1/newsfeed/read", "/api/v1/newsfeed/choices");
    let member = t.member(practice, ruh::access::Role::Provider, "news@calm.example").await;
    let team = json!({"care_team_ids": [member.to_string()]});
    assert_eq!(api.json("PATCH", &format!("/api/v1/clients/{client}"), &team).await.status, 200);
    let mut reader = t.browser().bearer(&t.token(practice, member).await);
    let shown = reader.get(all).await;
    assert_eq!(shown.json()["unread"], 1, "{}", shown.text);
    as_described("get", all, &shown);
    for query in ["topic=x", "cursor=x", "client_id=x"] {
        as_described("get", all, &reader.get(&format!("{all}?{query}")).await);
    }
    let item = shown.json()["items"][0]["id"].clone();
    for (body, status) in [(json!({"up_to": none}), 422), (json!({"up_to": item}), 200), (json!({}), 200)] {
        let answer = reader.json("POST", read, &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("post", read, &answer);
    }
    as_described("post", read, &reader.raw("POST", read, "application/json", "{").await);
    as_described("get", choices, &reader.get(choices).await);
    for (body, status) in [(json!({"record": "x"}), 422), (json!({"record": "email"}), 200), (json!({}), 200)] {
        let answer = reader.json("PATCH", choices, &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("patch", choices, &answer);
    }
}

/// The preview of a merge, the merge, and Undo.
async fn merges_as_described(api: &mut testkit::Browser, client: &str, none: &str) {
    let body = json!({"first_name": "Anna", "last_name": "Marchetti", "phone": "+41446681800"});
    let other = api.json("POST", "/api/v1/clients", &body).await.json()["id"].as_str().unwrap().to_string();
    let (preview, merges, undo) =
        ("/api/v1/clients/{id}/merge", "/api/v1/clients/{id}/merges", "/api/v1/merges/{id}/undo");
    for (with, status) in [(other.as_str(), 200), (none, 404), (client, 422), ("x", 422)] {
        let answer = api.get(&format!("{}?with={with}", preview.replace("{id}", client))).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("get", preview, &answer);
    }
    let mut merge = String::new();
    for (body, status) in [
        (json!({"with": other, "version": 0, "with_version": 0}), 409),
        (json!({"with": other}), 201),
        (json!({"with": other}), 404),
        (json!({}), 422),
    ] {
        let answer = api.json("POST", &merges.replace("{id}", client), &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("post", merges, &answer);
        merge = answer.json()["id"].as_str().map_or(merge, str::to_string);
    }
    as_described("get", merges, &api.get(&merges.replace("{id}", client)).await);
    for (id, status) in [(merge.as_str(), 200), (&merge, 409), (none, 404)] {
        let answer = api.json("POST", &undo.replace("{id}", id), &json!({})).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("post", undo, &answer);
    }
}

/// Portal access of a contact, the custody note, and openings from outside the care team.
async fn family_as_described(t: &TestApp, api: &mut testkit::Browser, client: &str, none: &str) {
    let (portal, consent) = ("/api/v1/contacts/{id}/portal", "/api/v1/contacts/{id}/consent");
    let body = json!({"first_name": "Lars", "relation": "spouse", "email": "lars@example.org", "rights": ["receipts"]});
    let made = api.json("POST", &format!("/api/v1/clients/{client}/contacts"), &body).await.json();
    let id = made["id"].as_str().unwrap().to_string();
    for (id, status) in [(id.as_str(), 409), (none, 404)] {
        let answer = api.json("POST", &portal.replace("{id}", id), &json!({})).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("post", portal, &answer);
    }
    for status in [200, 200, 200, 200, 200, 409] {
        let answer = api.json("POST", &consent.replace("{id}", &id), &json!({})).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("post", consent, &answer);
    }
    for id in [id.as_str(), none] {
        as_described("delete", portal, &api.json("DELETE", &portal.replace("{id}", id), &json!({})).await);
    }
    let custody = "/api/v1/clients/{id}/custody-note";
    let of = |id: &str| custody.replace("{id}", id);
    let long = "x".repeat(5_001);
    for (id, body, status) in [
        (client, json!({"note": "Both decide."}), 200),
        (client, json!({"note": "x", "version": 7}), 409),
        (client, json!({"note": long}), 422),
        (client, json!({}), 422),
        (none, json!({"note": "x"}), 404),
    ] {
        let answer = api.json("PATCH", &of(id), &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("patch", custody, &answer);
    }
    as_described("get", custody, &api.get(&of(client)).await);
    as_described("get", custody, &t.browser().get(&of(client)).await);
    let openings = "/api/v1/clients/{id}/openings";
    let of = |id: &str| openings.replace("{id}", id);
    for (id, body, status) in
        [(client, json!({"reason": "Cover"}), 201), (client, json!({}), 422), (none, json!({"reason": "x"}), 404)]
    {
        let answer = api.json("POST", &of(id), &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("post", openings, &answer);
    }
    as_described("get", openings, &api.get(&of(client)).await);
    merges_as_described(api, client, none).await;
    let whole = "/api/v1/clients/{id}/record";
    for id in [client, none] {
        as_described("get", whole, &api.get(&whole.replace("{id}", id)).await);
    }
}

async fn contacts_as_described(t: &TestApp, api: &mut testkit::Browser, client: &str, none: &str) {
    let (all, one, back) = ("/api/v1/clients/{id}/contacts", "/api/v1/contacts/{id}", "/api/v1/contacts/{id}/restore");
    let of = |id: &str| all.replace("{id}", id);
    let body = json!({"first_name": "Ingrid", "last_name": "Berg", "relation": "parent", "email": "ingrid@example.org",
        "phone": "+1 212 555 0123", "emergency": true, "main": true});
    for (id, body, status) in [(client, body, 201), (client, json!({"relation": "aunt"}), 422), (none, json!({}), 404)]
    {
        let answer = api.json("POST", &of(id), &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("post", all, &answer);
    }
    as_described("post", all, &api.raw("POST", &of(client), "application/json", "[").await);
    let listed = api.get(&of(client)).await;
    as_described("get", all, &listed);
    as_described("get", all, &api.get(&of(none)).await);
    as_described("get", all, &t.browser().get(&of(client)).await);
    let id = listed.json()["items"][0]["id"].as_str().unwrap().to_string();
    let path = one.replace("{id}", &id);
    for (body, status) in [
        (json!({"last_name": null, "version": 1}), 200),
        (json!({"last_name": "X", "version": 1}), 409),
        (json!({"phone": "x"}), 422),
    ] {
        let answer = api.json("PATCH", &path, &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("patch", one, &answer);
    }
    for id in [id.as_str(), none] {
        as_described("delete", one, &api.json("DELETE", &one.replace("{id}", id), &json!({})).await);
        as_described("post", back, &api.json("POST", &back.replace("{id}", id), &json!({})).await);
    }
}

async fn documents_as_described(t: &TestApp, api: &mut testkit::Browser, client: &str, none: &str) {
    let (all, one) = ("/api/v1/clients/{id}/documents", "/api/v1/documents/{id}");
    let (content, back) = ("/api/v1/documents/{id}/content", "/api/v1/documents/{id}/restore");
    let of = |id: &str| all.replace("{id}", id);
    let large = vec![b'x'; 25 * 1024 * 1024 + 1];
    for (id, name, bytes, status) in [
        (client, "letter.pdf", &b"%PDF-1.4"[..], 201),
        (client, "letter.exe", b"MZ", 415),
        (client, "letter.txt", &large, 413),
        (client, "letter.txt", b"", 422),
        (none, "letter.pdf", b"%PDF-1.4", 404),
    ] {
        let answer = api.upload(&of(id), &[("note", "A letter")], Some((name, bytes))).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("post", all, &answer);
    }
    as_described("post", all, &api.raw("POST", &of(client), testkit::PARTS, "--between").await);
    as_described("post", all, &t.browser().upload(&of(client), &[], None).await);
    let listed = api.get(&of(client)).await;
    as_described("get", all, &listed);
    for query in ["?deleted=true", "?deleted=x", "?limit=0", "?cursor=x"] {
        as_described("get", all, &api.get(&format!("{}{query}", of(client))).await);
    }
    as_described("get", all, &api.get(&of(none)).await);
    let id = listed.json()["items"][0]["id"].as_str().unwrap().to_string();
    let path = one.replace("{id}", &id);
    for (body, status) in [
        (json!({"name": "Report", "shared": true, "version": 1}), 200),
        (json!({"note": null, "version": 1}), 409),
        (json!({"name": "../x"}), 422),
    ] {
        let answer = api.json("PATCH", &path, &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("patch", one, &answer);
    }
    for id in [id.as_str(), none] {
        as_described("get", one, &api.get(&one.replace("{id}", id)).await);
        as_described("get", content, &api.get(&content.replace("{id}", id)).await);
        as_described("delete", one, &api.json("DELETE", &one.replace("{id}", id), &json!({})).await);
        as_described("post", back, &api.json("POST", &back.replace("{id}", id), &json!({})).await);
    }
}

async fn forms_as_described(t: &TestApp, api: &mut testkit::Browser, none: &str) {
    let (all, one, library) = ("/api/v1/forms", "/api/v1/forms/{id}", "/api/v1/form-library/{key}");
    as_described("get", "/api/v1/form-library", &api.get("/api/v1/form-library").await);
    for (key, status) in [("intake", 201), ("consent", 201), ("nothing", 404)] {
        let answer = api.json("POST", &library.replace("{key}", key), &json!({})).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("post", library, &answer);
    }
    let item = json!({"id": "a", "kind": "single", "text": "A", "help": "H", "required": true, "own_words": true,
        "choices": [{"code": "x", "label": "X", "system": "http://loinc.org", "points": 1, "alert": true}],
        "codes": [{"system": "http://loinc.org", "code": "1-8", "display": "One"}]});
    let next = json!({"id": "b", "kind": "scale", "text": "B", "scale": {"from": 0, "to": 3, "low": "L", "high": "H"},
        "show_if": {"combine": "any", "conditions": [{"question": "a", "test": "is", "value": "x"}]}});
    let definition = json!({"title": "T", "intro": "I", "codes": [{"system": "", "code": "c"}], "items": [item, next]});
    for (body, status) in [
        (json!({"definition": definition}), 201),
        (json!({"definition": {"title": ""}}), 422),
        (json!({"kind": "x", "definition": definition}), 422),
        (json!({"definition": {"title": "T", "practice_id": none}}), 400),
    ] {
        let answer = api.json("POST", all, &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("post", all, &answer);
    }
    for query in ["", "?archived=true", "?archived=x", "?archived=x&archived=x"] {
        as_described("get", all, &api.get(&format!("{all}{query}")).await);
    }
    as_described("get", all, &t.browser().get(all).await);
    let id = api.get(all).await.json()["items"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_string();
    let of = |template: &str, id: &str| template.replace("{id}", id);
    for (id, body, status) in [
        (id.as_str(), json!({"definition": definition, "version": 1}), 200),
        (&id, json!({"definition": {"title": "T"}, "version": 7}), 409),
        (&id, json!({"definition": {"title": "", "items": []}}), 422),
        (none, json!({}), 404),
    ] {
        let answer = api.json("PATCH", &of(one, id), &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("patch", one, &answer);
    }
    for what in ["publish", "duplicate", "restore"] {
        let template = format!("{one}/{what}");
        for id in [id.as_str(), none] {
            as_described("post", &template, &api.json("POST", &of(&template, id), &json!({})).await);
        }
    }
    for (what, query) in [
        ("", ""),
        ("/versions", ""),
        ("/questionnaire", ""),
        ("/questionnaire", "?number=9"),
        ("/questionnaire", "?number=x"),
    ] {
        let template = format!("{one}{what}");
        for id in [id.as_str(), none] {
            as_described("get", &template, &api.get(&format!("{}{query}", of(&template, id))).await);
        }
    }
    let import = "/api/v1/forms/import";
    let file: Json = api.get(&of("/api/v1/forms/{id}/questionnaire", &id)).await.json();
    for (body, status) in [(file, 201), (json!({"resourceType": "Patient"}), 422)] {
        let answer = api.json("POST", import, &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("post", import, &answer);
    }
    as_described("post", import, &api.raw("POST", import, "application/json", "[]").await);
    for id in [id.as_str(), none] {
        as_described("delete", one, &api.raw("DELETE", &of(one, id), "application/json", "").await);
    }
    for what in ["publish", "restore"] {
        let template = format!("{one}/{what}");
        as_described("post", &template, &api.json("POST", &of(&template, &id), &json!({})).await);
    }
}

async fn invite_links_as_described(t: &TestApp, api: &mut testkit::Browser, none: &str) {
    let (all, renew, one) = ("/api/v1/invite-links", "/api/v1/invite-links/{id}/renew", "/api/v1/invite-links/{id}");
    for status in [201, 200] {
        let made = api.json("POST", all, &json!({"group_id": null})).await;
        assert_eq!(made.status, status);
        as_described("post", all, &made);
    }
    as_described("post", all, &api.json("POST", all, &json!({"group_id": none})).await);
    as_described("post", all, &api.raw("POST", all, "application/json", "{").await);
    let listed = api.get(all).await;
    as_described("get", all, &listed);
    as_described("get", all, &t.browser().get(all).await);
    let id = listed.json()["items"][0]["id"].as_str().unwrap().to_string();
    let renewed = api.json("POST", &format!("{all}/{id}/renew"), &json!({})).await;
    as_described("post", renew, &renewed);
    as_described("post", renew, &api.json("POST", &format!("{all}/{id}/renew"), &json!({})).await);
    let id = renewed.json()["id"].as_str().unwrap().to_string();
    for status in [200, 404] {
        let answer = api.raw("DELETE", &format!("{all}/{id}"), "application/json", "").await;
        assert_eq!(answer.status, status);
        as_described("delete", one, &answer);
    }
}

async fn bulk_runs_as_described(t: &TestApp, api: &mut testkit::Browser, client: &str, none: &str) {
    let (all, one) = ("/api/v1/clients/bulk", "/api/v1/clients/bulk/{id}");
    for what in ["archive", "restore"] {
        let template = format!("/api/v1/clients/{{id}}/{what}");
        for id in [client, none] {
            let path = template.replace("{id}", id);
            as_described("post", &template, &api.json("POST", &path, &json!({})).await);
            as_described("post", &template, &t.browser().json("POST", &path, &json!({})).await);
        }
    }
    let begun = api.json("POST", all, &json!({"action": "archive", "ids": [client]})).await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    as_described("post", all, &begun);
    for (body, status) in [
        (json!({"action": "archive", "filter": {}}), 409),
        (json!({"action": "erase", "filter": {}}), 422),
        (json!({"action": "archive", "filter": []}), 400),
    ] {
        let answer = api.json("POST", all, &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        as_described("post", all, &answer);
    }
    t.run_jobs().await;
    let id = begun.json()["id"].as_str().unwrap().to_string();
    for id in [id.as_str(), none] {
        as_described("get", one, &api.get(&one.replace("{id}", id)).await);
        for what in ["cancel", "undo", "undo"] {
            let template = format!("{one}/{what}");
            as_described("post", &template, &api.json("POST", &template.replace("{id}", id), &json!({})).await);
        }
        t.run_jobs().await;
    }
    // What was archived already is skipped, and named.
    api.json("POST", &format!("/api/v1/clients/{client}/archive"), &json!({})).await;
    let again = api.json("POST", all, &json!({"action": "archive", "ids": [client]})).await;
    t.run_jobs().await;
    let ended = api.get(&one.replace("{id}", again.json()["id"].as_str().unwrap())).await;
    assert_eq!(ended.json()["skipped_clients"][0]["reason"], "already_so", "{}", ended.text);
    as_described("get", one, &ended);
    let refused = api.json("POST", &format!("/api/v1/clients/{client}/invitations"), &json!({})).await;
    assert_eq!(refused.status, 409);
    as_described("post", "/api/v1/clients/{id}/invitations", &refused);
    api.json("POST", &format!("/api/v1/clients/{client}/restore"), &json!({})).await;
}

both_engines! {
    async fn answers_are_as_described(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let token = t.token(&practice, practice.owner).await;
        let mut api = t.browser().bearer(&token);
        let none = uuid::Uuid::from_u128(7).to_string();

        for path in ["/healthz", "/readyz", "/metrics", "/api/openapi.json", "/api/v1/practice", "/api/v1/clients"] {
            let answer = api.get(path).await;
            let answer = if path == "/metrics" { t.browser().get(path).await } else { answer };
            assert_eq!(answer.status, 200, "{path}");
            as_described("get", path, &answer);
        }
        for path in ["/api/v1/practice", "/api/v1/clients"] {
            as_described("get", path, &t.browser().get(path).await);
        }
        for query in ["limit=0", "sort=x", "status=x", "group_id=x", "cursor=x", "limit=x"] {
            let answer = api.get(&format!("/api/v1/clients?{query}")).await;
            assert!(matches!(answer.status, 400 | 422), "{query}");
            as_described("get", "/api/v1/clients", &answer);
        }
        let table = "/api/v1/clients/export.csv";
        for query in ["", "?columns=shown", "?columns=x", "?sort=x"] {
            as_described("get", table, &api.get(&format!("{table}{query}")).await);
        }

        groups_as_described(&t, &mut api, &none).await;
        let (form, _) = form_and_flow(&t, &practice).await;
        flows_as_described(&t, &form, &mut api, &none).await;
        invite_links_as_described(&t, &mut api, &none).await;
        forms_as_described(&t, &mut api, &none).await;
        let groups = t.raw.rows("select id from client_groups where deleted_at is null");
        let full = json!({"first_name": "Ana", "last_name": "Marchetti", "preferred_name": "Ani", "legal_name": "Ana M", "pronouns": "she",
            "date_of_birth": "1990-02-28", "gender": "woman", "email": "ana@example.org", "phone": "+1 (212) 555-0123", "time_zone": "Europe/Berlin",
            "group_id": uuid_text(groups[0][0].as_deref().unwrap()), "primary_provider_id": practice.owner.to_string(),
            "care_team_ids": [], "record_number": "R-1", "note": "two\nlines"});
        let created = api.json("POST", "/api/v1/clients", &full).await;
        assert_eq!(created.status, 201, "{}", created.text);
        as_described("post", "/api/v1/clients", &created);
        for (name, value) in full.as_object().unwrap() {
            let expected = if name == "phone" { json!("+12125550123") } else { value.clone() };
            assert_eq!(created.json()[name], expected, "{name}");
        }
        let id = created.json()["id"].as_str().unwrap().to_string();
        let bare = api.json("POST", "/api/v1/clients", &json!({"first_name": "Bo", "last_name": "Li"})).await;
        as_described("post", "/api/v1/clients", &bare);
        as_described("post", "/api/v1/clients", &api.json("POST", "/api/v1/clients", &json!({"email": "x"})).await);
        as_described("post", "/api/v1/clients", &api.raw("POST", "/api/v1/clients", "application/json", "{").await);
        as_described("get", "/api/v1/clients", &api.get("/api/v1/clients?limit=1").await);

        let one = "/api/v1/clients/{id}";
        let invitations = "/api/v1/clients/{id}/invitations";
        let path = format!("/api/v1/clients/{id}");
        as_described("get", one, &api.get(&path).await);
        as_described("get", one, &api.get(&format!("/api/v1/clients/{none}")).await);
        as_described("get", one, &api.get("/api/v1/clients/nothing").await);
        as_described("patch", one, &api.json("PATCH", &path, &json!({"note": null, "version": 1})).await);
        let stale = api.json("PATCH", &path, &json!({"note": "x", "version": 1})).await;
        assert_eq!(stale.status, 409);
        as_described("patch", one, &stale);
        as_described("patch", one, &api.json("PATCH", &path, &json!({"first_name": null})).await);

        let listed = api.get(&format!("{path}/invitations")).await;
        assert_eq!(listed.json()["items"][0]["events"][0]["kind"], "queued", "{}", listed.text);
        as_described("get", invitations, &listed);
        let queued = created.json()["invitation"]["id"].as_str().unwrap().to_string();
        let undo = "/api/v1/invitations/{id}/undo";
        let undone = api.json("POST", &format!("/api/v1/invitations/{queued}/undo"), &json!({})).await;
        assert_eq!((undone.status, undone.json()["state"].as_str()), (200, Some("undone")));
        as_described("post", undo, &undone);
        for (id, status) in [(queued.as_str(), 409), (&none, 404)] {
            let answer = api.json("POST", &format!("/api/v1/invitations/{id}/undo"), &json!({})).await;
            assert_eq!(answer.status, status);
            as_described("post", undo, &answer);
        }
        for n in 1..=6 {
            let answer = api.json("POST", &format!("{path}/invitations"), &json!({})).await;
            assert_eq!(answer.status, if n <= 5 { 201 } else { 429 }, "{}", answer.text);
            as_described("post", invitations, &answer);
        }
        contacts_as_described(&t, &mut api, bare.json()["id"].as_str().unwrap(), &none).await;
        documents_as_described(&t, &mut api, bare.json()["id"].as_str().unwrap(), &none).await;
        family_as_described(&t, &mut api, bare.json()["id"].as_str().unwrap(), &none).await;
        news_as_described(&t, &practice, bare.json()["id"].as_str().unwrap(), &none).await;
        bulk_runs_as_described(&t, &mut api, bare.json()["id"].as_str().unwrap(), &none).await;
        let nowhere = api.json("POST", &format!("/api/v1/clients/{}/invitations", bare.json()["id"].as_str().unwrap()), &json!({})).await;
        assert_eq!(nowhere.status, 422);
        as_described("post", invitations, &nowhere);
        let (portal, _) = t.client_in_portal(&practice, "portal@example.org").await;
        let reset = api.json("POST", &format!("/api/v1/clients/{portal}/invitations"), &json!({})).await;
        assert_eq!((reset.status, reset.json()["outcome"].as_str()), (200, Some("reset_sent")));
        as_described("post", invitations, &reset);
        t.send_mail().await;
        as_described("get", one, &api.get(&format!("/api/v1/clients/{portal}")).await);
        as_described("get", invitations, &api.get(&format!("/api/v1/clients/{portal}/invitations")).await);
    }
}
