//! The answers to a form as a QuestionnaireResponse, and those of another program as answers to a form of ours.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::answer::{Answer, Answers, OWN, Refusal, Signature, Typed, read};
use super::super::definition::{Definition, Item, Kind};
use super::super::shown;
use super::file::{self, DEPTH, ITEMS, choice_of, decimal, list, number, ours, sound, text};
use super::write::coding;
use super::{rules, url};
use crate::clock::Instant;
use crate::ids::ClientId;

/// How far the answers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    InProgress,
    Completed,
    /// Handed in, reopened and changed.
    Amended,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Status::InProgress => "in-progress",
            Status::Completed => "completed",
            Status::Amended => "amended",
        }
    }
}

/// The answers of one client to one version of a form.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// What the whole is called: the form as it was given to the client.
    pub id: Uuid,
    pub client: ClientId,
    /// The address of the form, as its questionnaire has it, and which version of it.
    pub url: &'a str,
    pub number: i64,
    pub status: Status,
    pub authored: Option<Instant>,
    pub definition: &'a Definition,
    pub answers: &'a Answers,
}

/// The answers as JSON. What is hidden is left out.
pub fn response(given: &Given) -> Value {
    let mut all = json!({
        "resourceType": "QuestionnaireResponse",
        "id": given.id.to_string(),
        "questionnaire": format!("{}|{}", given.url, given.number),
        "status": given.status.as_str(),
        "subject": {"reference": format!("Patient/{}", given.client)},
    });
    if let Some(at) = given.authored {
        all["authored"] = json!(at.rfc3339());
    }
    let shown = shown(given.definition, given.answers);
    let mut items = Vec::new();
    for topic in given.definition.topics() {
        let asked = topic.items.iter().filter(|item| shown.contains(item.id.as_str()));
        let within: Vec<Value> = asked.filter_map(|item| Some(answered(item, given.answers.get(&item.id)?))).collect();
        match topic.heading {
            _ if within.is_empty() => {}
            None => items.extend(within),
            Some(heading) => items.push(json!({"linkId": heading.id, "text": heading.text, "item": within})),
        }
    }
    if !items.is_empty() {
        all["item"] = json!(items);
    }
    all
}

fn answered(item: &Item, answer: &Answer) -> Value {
    let answers: Vec<Value> = match answer {
        Answer::Text(text) => vec![json!({"valueString": text})],
        Answer::Number(text) => vec![in_full(text)],
        Answer::Date(date) => vec![json!({"valueDate": date.to_string()})],
        Answer::Scale(step) => vec![json!({"valueInteger": step})],
        Answer::YesNo(yes) => vec![json!({"valueBoolean": yes})],
        Answer::Chosen(all) => all.iter().map(|value| chosen(item, value)).collect(),
        Answer::File(file) => vec![json!({"valueAttachment": {"title": file.name,
            "url": format!("/api/v1/documents/{}/content", file.document)}})],
        Answer::Signature(signature) => vec![signed(signature)],
    };
    json!({"linkId": item.id, "text": item.text, "answer": answers})
}

fn in_full(text: &str) -> Value {
    let value = number(text);
    if decimal(&value).as_deref() == Some(text) {
        return json!({"valueDecimal": value});
    }
    json!({"valueDecimal": value, "extension": [{"url": url::ours("value"), "valueString": text}]})
}

fn chosen(item: &Item, value: &str) -> Value {
    match (value.strip_prefix(OWN), item.choice(value)) {
        (Some(own), _) => json!({"valueString": own}),
        (None, Some(choice)) => {
            let mut coding = coding(choice);
            if let Some(points) = choice.points {
                coding["extension"] = json!([{"url": url::hl7("ordinalValue"), "valueDecimal": points}]);
            }
            json!({"valueCoding": coding})
        }
        (None, None) => json!({"valueCoding": {"code": value}}),
    }
}

fn signed(signature: &Signature) -> Value {
    let mut written = json!({"valueString": signature.name});
    if !signature.strokes.is_empty() {
        let strokes = serde_json::to_string(&signature.strokes).unwrap_or_default();
        written["extension"] = json!([{"url": url::ours("drawn"), "valueString": strokes}]);
    }
    written
}

/// What another program has as answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    pub answers: Answers,
    pub misfits: Vec<Misfit>,
    /// The questionnaire that it says it answers, with a version perhaps; empty: it does not say.
    pub questionnaire: String,
    /// As it was said: `completed`, `in-progress` …
    pub status: String,
}

/// An answer that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// As the other program calls the question.
    pub question: String,
    pub why: String,
}

/// Reads answers of another program to a form. Errors: the file holds none at all, and why.
pub fn read_response(definition: &Definition, bytes: &[u8]) -> Result<Response, String> {
    let whole = file::parse(bytes)?;
    if text(&whole, "resourceType") != "QuestionnaireResponse" {
        return Err("The file holds no answers to a questionnaire.".into());
    }
    let mut found = Found { answers: BTreeMap::new(), order: Vec::new(), count: 0 };
    found.all(list(&whole, "item"), 0)?;
    let mut response = Response {
        questionnaire: text(&whole, "questionnaire").into(),
        status: text(&whole, "status").into(),
        ..Response::default()
    };
    for link in found.order {
        let given = found.answers.get(link).map_or(&[][..], Vec::as_slice);
        match asked(definition, link)
            .ok_or_else(|| "The form has no such question.".to_string())
            .and_then(|item| Ok((item.id.clone(), taken(item, given)?)))
        {
            Ok((id, Some(answer))) => drop(response.answers.insert(id, answer)),
            Ok((_, None)) => {}
            Err(why) => response.misfits.push(Misfit { question: link.to_string(), why }),
        }
    }
    leave_hidden(definition, &mut response);
    Ok(response)
}

struct Found<'v> {
    answers: BTreeMap<&'v str, Vec<&'v Value>>,
    order: Vec<&'v str>,
    count: usize,
}

impl<'v> Found<'v> {
    fn all(&mut self, items: &'v [Value], depth: usize) -> Result<(), String> {
        if depth > 2 * DEPTH {
            return Err("The answers lie too deep within each other.".into());
        }
        for item in items {
            self.count += 1;
            if self.count > ITEMS {
                return Err(format!("There are too many answers: {ITEMS} at most."));
            }
            let answers = list(item, "answer");
            if !answers.is_empty() {
                let link = text(item, "linkId");
                if !self.answers.contains_key(link) {
                    self.order.push(link);
                }
                self.answers.entry(link).or_default().extend(answers);
            }
            self.all(list(item, "item"), depth + 1)?;
            for answer in answers {
                self.all(list(answer, "item"), depth + 1)?;
            }
        }
        Ok(())
    }
}

fn asked<'d>(definition: &'d Definition, link: &str) -> Option<&'d Item> {
    let item = definition.item(link).or_else(|| definition.item(&sound(link)));
    item.filter(|item| item.kind.is_question())
}

/// A question that is not shown has no answer.
fn leave_hidden(definition: &Definition, response: &mut Response) {
    // What is left out may hide the next.
    loop {
        let shown = shown(definition, &response.answers);
        let hidden = response.answers.keys().find(|id| !shown.contains(id.as_str())).cloned();
        let Some(id) = hidden else { return };
        response.answers.remove(&id);
        let why = "It is not asked, as the other answers stand.".into();
        response.misfits.push(Misfit { question: id, why });
    }
}

/// The answer to one question. Errors: why it does not fit.
fn taken(item: &Item, given: &[&Value]) -> Result<Option<Answer>, String> {
    if item.kind == Kind::File {
        return Err("Files are not taken from another program's answers.".into());
    }
    let mut typed = Typed::default();
    for answer in given {
        let (kind, value) = choice_of(answer, "value").ok_or("There is no value in this answer.")?;
        let as_text = if item.kind.has_choices() { choose(item, value) } else { one(item, answer, (kind, value)) };
        typed.values.push(as_text.ok_or("The answer is not of a kind that this question takes.")?);
        if item.kind == Kind::Signature {
            let drawn = ours(answer, "drawn").map_or("", |drawn| text(drawn, "valueString"));
            typed.own = drawn.to_string();
        }
    }
    if typed.values.len() > 1 && item.kind != Kind::Multiple {
        return Err("There are several answers to a question that takes one.".into());
    }
    read(item, &typed).map_err(why)
}

fn choose(item: &Item, value: &Value) -> Option<String> {
    if value.is_object() {
        let own = || Some(text(value, "display")).filter(|own| item.own_words && !own.is_empty());
        let choice = rules::choice(item, value).map(|choice| choice.code.clone());
        return choice.or_else(|| own().map(|own| format!("{OWN}{own}")));
    }
    let plain = rules::plain(value)?;
    let known = item.choices.iter().find(|choice| choice.label.trim() == plain.trim()).or_else(|| item.choice(&plain));
    let own = || item.own_words.then(|| format!("{OWN}{plain}"));
    known.map(|choice| choice.code.clone()).or_else(own)
}

fn one(item: &Item, answer: &Value, (kind, value): (&str, &Value)) -> Option<String> {
    match (item.kind, kind) {
        (Kind::Number, _) if ours(answer, "value").is_some() => {
            ours(answer, "value").map(|own| text(own, "valueString").to_string())
        }
        (Kind::Number | Kind::Scale, "Quantity") => decimal(&value["value"]),
        (Kind::Number | Kind::Scale, _) => decimal(value),
        (Kind::Date, _) => value.as_str()?.get(..10).map(str::to_string),
        (Kind::YesNo, "Boolean") => Some(if value.as_bool()? { "yes".into() } else { "no".into() }),
        // As the older standard says yes and no.
        (Kind::YesNo, "Coding") => match text(value, "code") {
            "Y" => Some("yes".into()),
            "N" => Some("no".into()),
            _ => None,
        },
        (Kind::ShortText | Kind::LongText, "Coding") => Some(text(value, "display").to_string()),
        (Kind::ShortText | Kind::LongText | Kind::Signature, _) => rules::plain(value),
        _ => None,
    }
}

fn why(refusal: Refusal) -> String {
    match refusal {
        Refusal::Missing => "There is no answer in it.".into(),
        Refusal::TooLong(limit) => format!("It is longer than {limit} characters."),
        Refusal::ControlCharacter => "There is a character in it that cannot be kept.".into(),
        Refusal::NotANumber => "It is no number.".into(),
        Refusal::NotADate => "It is no date.".into(),
        Refusal::NoSuchChoice => "There is no such answer to choose.".into(),
        Refusal::NoName => "The name of whoever signed is missing.".into(),
        Refusal::BadDrawing => "The drawing of the signature could not be read.".into(),
        Refusal::NotTheirs => "Whoever is here may not sign for the client.".into(),
    }
}
