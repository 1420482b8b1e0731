//! R31: random requests made from the API's own description. No answer is a 5xx, and each is as described.
//!
//! `RUH_FUZZ_SEED` and `RUH_FUZZ_ROUNDS` make other requests and more of them; a failure names what to repeat it with.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use testkit::{Answer, Browser, Json, both_engines, json};

use crate::dice::{Dice, encoded};
use crate::openapi::{description, not_as_described, resolve};
use crate::world::{World, world};

const ACTORS: [&str; 6] = ["token_owner", "token_owner", "token_admin", "token_off", "foreign_token", "anonymous"];
/// Methods that no operation has, or that every path answers by itself.
const OTHER_METHODS: [&str; 7] = ["HEAD", "OPTIONS", "PUT", "TRACE", "CONNECT", "BREW", "PROPFIND"];

pub fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|e| panic!("{name}: {e}")))
}

struct Operation {
    method: String,
    path: String,
    parameters: Vec<Json>,
    body: Option<Json>,
}

fn operations(whole: &Json) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in whole["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters") {
            let parameters = [&item["parameters"], &operation["parameters"]].into_iter().filter_map(Json::as_array);
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            all.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                parameters: parameters.flatten().map(|parameter| resolve(whole, parameter).clone()).collect(),
                body: (!body.is_null()).then(|| body.clone()),
            });
        }
    }
    all
}

/// A request as it goes out.
#[derive(Debug)]
struct Sent {
    actor: &'static str,
    method: String,
    address: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

struct Fuzzer<'a> {
    whole: &'a Json,
    dice: Dice,
    /// Ids that there are, ours and theirs.
    ids: Vec<String>,
    keys: usize,
}

impl Fuzzer<'_> {
    /// What a schema asks for.
    fn fitting(&mut self, schema: &Json) -> Json {
        let schema = resolve(self.whole, schema);
        if let Some(choices) = schema["oneOf"].as_array() {
            let choice = self.dice.of(choices).clone();
            return self.fitting(&choice);
        }
        if let Some(choices) = schema["enum"].as_array() {
            return self.dice.of(choices).clone();
        }
        let kind = match &schema["type"] {
            Json::Array(_) if self.dice.percent(20) => return Json::Null,
            Json::Array(kinds) => kinds[0].as_str().unwrap_or_default(),
            kind => kind.as_str().unwrap_or_default(),
        };
        match kind {
            "boolean" => json!(self.dice.percent(50)),
            "integer" | "number" => {
                let (least, most) = (schema["minimum"].as_i64().unwrap_or(0), schema["maximum"].as_i64().unwrap_or(3));
                json!(self.dice.of(&[least, least + 1, most]))
            }
            "array" => {
                let count = self.dice.below(4);
                (0..count).map(|_| self.fitting(&schema["items"])).collect()
            }
            "object" => self.object(schema),
            _ => json!(self.fitting_text(schema)),
        }
    }

    fn fitting_text(&mut self, schema: &Json) -> String {
        match schema["format"].as_str().unwrap_or_default() {
            "uuid" => self.dice.of(&self.ids).clone(),
            "date" => (*self.dice.of(&["1990-02-28", "2001-12-31"])).to_string(),
            "date-time" => "2026-03-02T15:00:00Z".to_string(),
            "email" => format!("fuzz{}@example.org", self.dice.below(200)),
            _ => format!("{}{}", self.dice.of(&["Ana", "Bo", "مریم", "O'Neil", "Zoë 😀"]), self.dice.below(100)),
        }
    }

    fn object(&mut self, schema: &Json) -> Json {
        let Some(properties) = schema["properties"].as_object() else { return json!({}) };
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let mut fields = serde_json::Map::new();
        for (name, property) in properties {
            if required.contains(&json!(name)) || self.dice.percent(35) {
                fields.insert(name.clone(), self.fitting(property));
            }
        }
        Json::Object(fields)
    }

    /// A body by its schema; mostly with something wrong in it.
    fn body(&mut self, schema: &Json) -> Vec<u8> {
        let mut value = self.fitting(schema);
        let wrong = *self.dice.of(&[0, 0, 1, 1, 2, 4]);
        for _ in 0..wrong {
            let Some(fields) = value.as_object_mut() else { continue };
            let names: Vec<String> = resolve(self.whole, schema)["properties"]
                .as_object()
                .map(|properties| properties.keys().cloned().collect())
                .unwrap_or_default();
            match self.dice.below(10) {
                0 => drop(fields.insert(self.dice.hostile_text(), self.dice.hostile())),
                1 => drop(fields.remove(self.dice.of(&names))),
                2 => drop(fields.insert("practice_id".into(), json!(self.dice.of(&self.ids)))),
                _ => drop(fields.insert(self.dice.of(&names).clone(), self.dice.hostile())),
            }
        }
        let bytes = value.to_string().into_bytes();
        if self.dice.percent(15) { self.broken(bytes) } else { bytes }
    }

    /// Bytes that are hardly JSON any more.
    fn broken(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        let inside = |extra: &str, bytes: &[u8]| [b"{", extra.as_bytes(), b",", &bytes[1..]].concat();
        match self.dice.below(11) {
            0 => bytes.truncate(self.dice.below(bytes.len())),
            1 => {
                let at = self.dice.below(bytes.len());
                bytes[at] = *self.dice.of(&[0, 0xff, 0xc0, b'"', b'}', b'\\']);
            }
            2 => bytes = inside("\"version\": 1, \"version\": 2", &bytes),
            3 => bytes = inside("\"version\": 1e400", &bytes),
            4 => bytes = inside(&format!("\"x\": {}{}", "[".repeat(20_000), "]".repeat(20_000)), &bytes),
            5 => bytes = inside("\"note\": \"\\ud800\"", &bytes),
            6 => bytes = inside(&format!("\"note\": \"{}\"", "x".repeat(300_000)), &bytes),
            7 => bytes = [b"\xef\xbb\xbf".to_vec(), bytes].concat(),
            8 => bytes = [bytes.clone(), bytes].concat(),
            9 => bytes = self.dice.hostile().to_string().into_bytes(),
            _ => bytes.clear(),
        }
        bytes
    }

    fn parameter(&mut self, schema: &Json, hostile: usize) -> String {
        let value =
            if self.dice.percent(hostile) { Json::String(self.dice.hostile_text()) } else { self.fitting(schema) };
        // An address has an end.
        value.as_str().map_or_else(|| value.to_string(), |text| text.chars().take(1_001).collect())
    }

    fn request(&mut self, operation: &Operation) -> Sent {
        let mut address = operation.path.clone();
        let mut query = Vec::new();
        let mut headers = Vec::new();
        for parameter in &operation.parameters {
            let name = parameter["name"].as_str().unwrap();
            match parameter["in"].as_str().unwrap() {
                "path" => {
                    // An empty one would be another address.
                    let value = Some(self.parameter(&parameter["schema"], 12)).filter(|value| !value.is_empty());
                    address = address.replace(&format!("{{{name}}}"), &encoded(&value.unwrap_or_else(|| "x".into())));
                }
                "query" if self.dice.percent(40) => {
                    query.push(format!("{name}={}", encoded(&self.parameter(&parameter["schema"], 35))))
                }
                _ => {}
            }
        }
        if self.dice.percent(5) {
            query.push(
                (*self.dice.of(&["limit=1&limit=2", "%", "&&=&", "%ff=%ff", "x", "cursor=AAAA", "limit[]=1"]))
                    .to_string(),
            );
        }
        if !query.is_empty() {
            address = format!("{address}?{}", query.join("&"));
        }
        if operation.method != "GET" && self.dice.percent(30) {
            headers.push(("idempotency-key", self.key()));
        }
        if self.dice.percent(6) {
            headers
                .push(("accept", (*self.dice.of(&["", "text/html", "*/*;q=0", "é", "application/xml"])).to_string()));
        }
        let (kind, body) = match &operation.body {
            Some(schema) => (Some("application/json"), self.body(schema)),
            None if operation.method == "GET" => (None, Vec::new()),
            None => (Some("application/json"), (*self.dice.of(&["", "", "{}", "[", "null"])).as_bytes().to_vec()),
        };
        let odd = [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "application/json; charset=latin1",
            "é",
        ];
        let kind = if self.dice.percent(4) { Some(*self.dice.of(&odd)) } else { kind };
        headers.extend(kind.map(|kind| ("content-type", kind.to_string())));
        let method =
            if self.dice.percent(4) { (*self.dice.of(&OTHER_METHODS)).to_string() } else { operation.method.clone() };
        let actor = self.dice.of(&ACTORS);
        Sent { actor, method, address, headers, body }
    }

    fn key(&mut self) -> String {
        self.keys += 1;
        match self.dice.below(8) {
            0 => String::new(),
            1 => "k".repeat(200),
            2 => "k".repeat(201),
            3 => "é \t~".into(),
            // One that was used already, perhaps with another body.
            4 => format!("key-{}", self.dice.below(self.keys)),
            _ => format!("key-{}", self.keys),
        }
    }
}

async fn send(w: &World, sent: &Sent) -> Answer {
    let mut browser: Browser = w.actor(sent.actor);
    let headers: Vec<_> = sent.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.request(&sent.method, &sent.address, &headers, Body::from(sent.body.clone())).await
}

/// What is wrong with an answer, if anything is.
fn complaint(whole: &Json, operation: &Operation, sent: &Sent, answer: &Answer) -> Option<String> {
    if answer.status >= 500 {
        return Some(format!("{}: {}", answer.status, answer.text));
    }
    if answer.text.len() > 400_000 {
        return Some(format!("an answer of {} bytes", answer.text.len()));
    }
    if sent.method == operation.method {
        return not_as_described(&operation.method.to_lowercase(), &operation.path, answer);
    }
    if sent.method == "HEAD" {
        return (!answer.text.is_empty()).then(|| "HEAD has a body".to_string());
    }
    let allowed = whole["paths"][&operation.path].get(sent.method.to_lowercase()).is_some();
    // Who may not come in is not told what there is.
    let refused = matches!(answer.status, 401 | 403 | 404 | 405 | 413 | 415)
        && answer.header("content-type") == "application/problem+json";
    (!allowed && !refused).then(|| format!("{} {}: {}", sent.method, answer.status, answer.text))
}

fn shown(sent: &Sent) -> String {
    let body: String = String::from_utf8_lossy(&sent.body).chars().take(600).collect();
    let address: String = sent.address.chars().take(300).collect();
    format!("{} {} {address} {:?}\n{body}", sent.actor, sent.method, sent.headers)
}

pub fn ids(w: &World) -> Vec<String> {
    let ours = [
        &w.client,
        &w.client,
        &w.other_client,
        &w.other_client,
        &w.invitation,
        &w.group,
        &w.on_team,
        &w.member,
        &w.token,
        &w.form,
        &w.form,
        &w.conversation,
        &w.conversation,
        &w.message,
        &w.message_file,
        &w.scheduled,
        &w.reply,
    ];
    let theirs = [&w.foreign_client, &w.foreign_invitation, &w.member_invitation];
    let mut all: Vec<String> = ours.into_iter().chain(theirs).cloned().collect();
    all.extend([w.ours.owner.to_string(), w.ours.id.to_string(), w.theirs.owner.to_string()]);
    all
}

both_engines! {
    async fn r31_random_requests_are_answered_as_described(t: TestApp) {
        let mut t = t;
        // What is queued on the way is not what is tested here.
        t.leave_jobs();
        let w = world(&t).await;
        let (seed, rounds) = (from_environment("RUH_FUZZ_SEED", 31), from_environment("RUH_FUZZ_ROUNDS", 1_500));
        let whole = description();
        let operations = operations(whole);
        let mut fuzzer = Fuzzer { whole, dice: Dice::new(seed), ids: ids(&w), keys: 0 };
        let mut statuses: BTreeMap<String, BTreeMap<u16, usize>> = BTreeMap::new();
        let mut wrong = Vec::new();
        let mut told = BTreeSet::new();
        for round in 0..rounds {
            let operation = &operations[usize::try_from(round).unwrap() % operations.len()];
            let sent = fuzzer.request(operation);
            let answer = send(&w, &sent).await;
            let name = format!("{} {}", operation.method, operation.path);
            *statuses.entry(name.clone()).or_default().entry(answer.status).or_default() += 1;
            // A request may have asked that staff need a second factor; the others would be refused for it.
            if name == "PATCH /api/v1/practice" && answer.status < 300 {
                t.raw.run("update practices set second_factor_roles = ''");
            }
            // What was made is asked for later.
            if answer.status == 201 && let Some(id) = answer.json()["id"].as_str() {
                fuzzer.ids.push(id.to_string());
                // What went into another record is asked for later, too.
                if name.ends_with("/merges") {
                    let undo = format!("/api/v1/merges/{id}/undo");
                    w.actor("token_owner").json("POST", &undo, &json!({})).await;
                }
            }
            if let Some(complaint) = complaint(whole, operation, &sent, &answer)
                && told.insert((name, answer.status))
            {
                wrong.push(format!("{complaint}\n  after {}\n", shown(&sent)));
            }
        }
        assert!(wrong.is_empty(), "RUH_FUZZ_SEED={seed} RUH_FUZZ_ROUNDS={rounds}\n{}", wrong.join("\n"));
        // The requests were no noise: of each operation some were refused or some were let in, and of all a good part.
        assert_eq!(statuses.len(), operations.len().min(usize::try_from(rounds).unwrap()), "{statuses:?}");
        let let_in: usize = statuses.values().flatten().filter(|(status, _)| **status < 300).map(|(_, count)| count).sum();
        assert!(rounds < 1_000 || u64::try_from(let_in).unwrap() * 7 > rounds, "{let_in} of {rounds}: {statuses:#?}");
        // And the program is still as it was.
        let mut owner = w.actor("token_owner");
        for path in ["/healthz", "/readyz", "/api/v1/practice", "/api/v1/clients"] {
            assert_eq!(owner.get(path).await.status, 200, "{path}");
        }
        let added = owner.json("POST", "/api/v1/clients", &json!({"first_name": "Still", "last_name": "Alive"})).await;
        assert_eq!(added.status, 201, "{}", added.text);
    }
}
