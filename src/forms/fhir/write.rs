//! A form as a questionnaire that other programs read.

use serde_json::{Value, json};

use super::super::Purpose;
use super::super::definition::{Choice, Code, Definition, Item, Kind};
use super::file::unlike;
use super::{rules, url};
use crate::clock::Instant;

/// What goes out.
#[derive(Debug, Clone, Copy)]
pub struct Exported<'d> {
    pub definition: &'d Definition,
    pub purpose: Purpose,
    /// What it is called everywhere: the address of the form.
    pub url: &'d str,
    /// Which version; nothing: it was never published.
    pub number: Option<i64>,
    pub date: Instant,
    /// `draft`, `active` or `retired`.
    pub status: &'static str,
}

/// The questionnaire as JSON.
pub fn write(exported: &Exported) -> Value {
    let definition = exported.definition;
    let mut all = json!({
        "resourceType": "Questionnaire",
        "url": exported.url,
        "title": definition.title,
        "status": exported.status,
        "subjectType": ["Patient"],
        "date": exported.date.rfc3339(),
        "extension": [extension("purpose", "valueCode", exported.purpose.as_str())],
    });
    if let Some(number) = exported.number {
        all["version"] = json!(number.to_string());
    }
    if !definition.codes.is_empty() {
        all["code"] = definition.codes.iter().map(code).collect();
    }
    let mut items = Vec::new();
    if !definition.intro.is_empty() {
        let link = unlike("intro", |id| definition.item(id).is_some());
        items.push(json!({"linkId": link, "type": "display", "text": definition.intro,
            "extension": [extension("part", "valueCode", "intro")]}));
    }
    for topic in definition.topics() {
        let within: Vec<Value> = topic.items.iter().map(|item| written(item, definition)).collect();
        match topic.heading {
            None => items.extend(within),
            Some(heading) => items.push(group(heading, within, definition)),
        }
    }
    if !items.is_empty() {
        all["item"] = json!(items);
    }
    all
}

fn extension(name: &str, kind: &str, value: &str) -> Value {
    json!({"url": url::ours(name), kind: value})
}

fn code(code: &Code) -> Value {
    let mut written = json!({"code": code.code});
    if !code.system.is_empty() {
        written["system"] = json!(code.system);
    }
    if !code.display.is_empty() {
        written["display"] = json!(code.display);
    }
    written
}

/// A choice as a coding.
pub fn coding(choice: &Choice) -> Value {
    let choice = Code { system: choice.system.clone(), code: choice.code.clone(), display: choice.label.clone() };
    code(&choice)
}

/// What every item has.
fn base(item: &Item, kind: &str, definition: &Definition) -> Value {
    let mut written = json!({"linkId": item.id, "type": kind, "text": item.text});
    if !item.codes.is_empty() {
        written["code"] = item.codes.iter().map(code).collect();
    }
    if item.required {
        written["required"] = json!(true);
    }
    if let Some(rule) = &item.show_if {
        rules::write(&mut written, rule, definition);
    }
    written
}

fn group(heading: &Item, within: Vec<Value>, definition: &Definition) -> Value {
    // A group has something in it; what has nothing is a display with a mark.
    if within.is_empty() {
        let mut alone = base(heading, "display", definition);
        let mut extensions = vec![extension("kind", "valueCode", "heading")];
        if !heading.help.is_empty() {
            extensions.push(extension("help", "valueMarkdown", &heading.help));
        }
        alone["extension"] = json!(extensions);
        return alone;
    }
    let mut group = base(heading, "group", definition);
    let mut items = Vec::new();
    if !heading.help.is_empty() {
        items.push(beside(heading, "help", &heading.help, definition));
    }
    items.extend(within);
    group["item"] = json!(items);
    group
}

/// A display within an item that says how to read it.
fn beside(item: &Item, control: &str, text: &str, definition: &Definition) -> Value {
    let link = unlike(&format!("{}.{control}", item.id), |id| definition.item(id).is_some());
    json!({"linkId": link, "type": "display", "text": text, "extension": [itemControl(control)]})
}

#[expect(non_snake_case, reason = "as the standard calls it")]
fn itemControl(code: &str) -> Value {
    json!({"url": url::hl7("questionnaire-itemControl"),
        "valueCodeableConcept": {"coding": [{"system": "http://hl7.org/fhir/questionnaire-item-control", "code": code}]}})
}

fn written(item: &Item, definition: &Definition) -> Value {
    let kind = match item.kind {
        Kind::Heading | Kind::Explanation => "display",
        Kind::ShortText | Kind::Signature => "string",
        Kind::LongText => "text",
        Kind::Number => "decimal",
        Kind::Date => "date",
        Kind::Single | Kind::Multiple if item.own_words => "open-choice",
        Kind::Single | Kind::Multiple => "choice",
        Kind::Scale => "integer",
        Kind::YesNo => "boolean",
        Kind::File => "attachment",
    };
    let mut written = base(item, kind, definition);
    let mut extensions = Vec::new();
    let mut within = Vec::new();
    if !item.help.is_empty() && item.kind == Kind::Explanation {
        // A display holds no other items.
        extensions.push(extension("help", "valueMarkdown", &item.help));
    } else if !item.help.is_empty() {
        within.push(beside(item, "help", &item.help, definition));
    }
    if item.kind == Kind::Multiple {
        written["repeats"] = json!(true);
    }
    if !item.choices.is_empty() {
        written["answerOption"] = item.choices.iter().map(option).collect();
    }
    if item.kind == Kind::Signature {
        let consent = json!({"coding": [{"system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.7",
            "display": "Consent Signature"}]});
        extensions.push(json!({"url": url::hl7("questionnaire-signatureRequired"), "valueCodeableConcept": consent}));
    }
    if let Some(scale) = &item.scale {
        extensions.push(itemControl("slider"));
        extensions.push(json!({"url": url::hl7("minValue"), "valueInteger": scale.from}));
        extensions.push(json!({"url": url::hl7("maxValue"), "valueInteger": scale.to}));
        for (control, text) in [("lower", &scale.low), ("upper", &scale.high)] {
            if !text.is_empty() {
                within.push(beside(item, control, text, definition));
            }
        }
    }
    if !extensions.is_empty() {
        written["extension"] = json!(extensions);
    }
    if !within.is_empty() {
        written["item"] = json!(within);
    }
    written
}

fn option(choice: &Choice) -> Value {
    let mut option = json!({"valueCoding": coding(choice)});
    let mut extensions = Vec::new();
    if let Some(points) = choice.points {
        extensions.push(json!({"url": url::hl7("ordinalValue"), "valueDecimal": points}));
    }
    if choice.alert {
        extensions.push(json!({"url": url::ours("alert"), "valueBoolean": true}));
    }
    if !extensions.is_empty() {
        option["extension"] = json!(extensions);
    }
    option
}
