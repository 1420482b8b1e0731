//! Answers: how they are kept, read from what was typed, and said to people.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::definition::{CHOICE_LIMIT, Definition, Item, Kind};
use crate::people::{self, Refusal as Text};

/// Characters of a text that is answered.
pub const SHORT_LIMIT: usize = 500;
pub const LONG_LIMIT: usize = 20_000;
/// Characters of an answer in words of one's own.
pub const OWN_LIMIT: usize = 500;
/// In front of words of one's own, where others choose a code.
pub const OWN: char = '~';
/// A drawn signature: strokes, and points of all of them.
const STROKE_LIMIT: usize = 100;
const POINT_LIMIT: usize = 4_000;
/// The side of the square that a signature is drawn in.
pub const CANVAS: i32 = 1_000;

/// One answer. As JSON: `{"text": "…"}`, `{"chosen": ["…"]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Text(String),
    /// In plain decimal writing.
    Number(String),
    Date(Date),
    /// Codes of choices, or `~` and words of one's own.
    Chosen(Vec<String>),
    Scale(i64),
    YesNo(bool),
    File(File),
    Signature(Signature),
}

/// A file that was given as an answer: a document of the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub document: Uuid,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The full name of whoever signed, as they typed it.
    pub name: String,
    /// As it was drawn: strokes of points, 0 to 1000 each way. None: the typed name is the signature.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strokes: Vec<Vec<(i32, i32)>>,
}

/// The answers of a form, by the ids of its questions.
pub type Answers = BTreeMap<String, Answer>;

/// Why an answer was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Missing,
    TooLong(usize),
    ControlCharacter,
    NotANumber,
    NotADate,
    NoSuchChoice,
    NoName,
    BadDrawing,
    /// Whoever is here may not sign for the client.
    NotTheirs,
}

impl Refusal {
    /// The Fluent key of the message; `limit` may stand in it.
    pub fn key(self) -> &'static str {
        match self {
            Refusal::Missing => "answer-missing",
            Refusal::TooLong(_) => "answer-too-long",
            Refusal::ControlCharacter => "field-control-character",
            Refusal::NotANumber => "answer-not-a-number",
            Refusal::NotADate => "answer-not-a-date",
            Refusal::NoSuchChoice => "field-choice",
            Refusal::NoName => "answer-no-name",
            Refusal::BadDrawing => "answer-bad-drawing",
            Refusal::NotTheirs => "answer-not-theirs",
        }
    }

    pub fn limit(self) -> String {
        match self {
            Refusal::TooLong(limit) => limit.to_string(),
            _ => String::new(),
        }
    }
}

impl From<Text> for Refusal {
    fn from(refusal: Text) -> Refusal {
        match refusal {
            Text::Missing => Refusal::Missing,
            _ => Refusal::ControlCharacter,
        }
    }
}

/// What a form field sent for one question: its values, in order, and the words of one's own beside the choices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    pub values: Vec<String>,
    pub own: String,
}

/// Reads what was typed as an answer to a question; nothing: it was left empty. A file is not typed.
pub fn read(item: &Item, typed: &Typed) -> Result<Option<Answer>, Refusal> {
    let first = typed.values.first().map_or("", String::as_str);
    Ok(match item.kind {
        Kind::ShortText => text(first, SHORT_LIMIT)?.map(|text| Answer::Text(text.replace('\n', " "))),
        Kind::LongText => text(first, LONG_LIMIT)?.map(Answer::Text),
        Kind::Number if first.trim().is_empty() => None,
        Kind::Number => Some(Answer::Number(decimal(first).ok_or(Refusal::NotANumber)?)),
        Kind::Date if first.trim().is_empty() => None,
        Kind::Date => Some(Answer::Date(first.trim().parse().map_err(|_| Refusal::NotADate)?)),
        Kind::Single | Kind::Multiple => chosen(item, typed)?,
        Kind::Scale if first.is_empty() => None,
        Kind::Scale => Some(Answer::Scale(step(item, first).ok_or(Refusal::NoSuchChoice)?)),
        Kind::YesNo => match first {
            "" => None,
            "yes" => Some(Answer::YesNo(true)),
            "no" => Some(Answer::YesNo(false)),
            _ => return Err(Refusal::NoSuchChoice),
        },
        Kind::Signature => signature(first, &typed.own)?,
        Kind::File | Kind::Heading | Kind::Explanation => None,
    })
}

fn text(typed: &str, limit: usize) -> Result<Option<String>, Refusal> {
    match people::text(typed, limit) {
        Ok(text) => Ok(text),
        Err(Text::TooLong) => Err(Refusal::TooLong(limit)),
        Err(_) => Err(Refusal::ControlCharacter),
    }
}

/// A number in plain decimal writing, whichever sign people put before the decimals.
fn decimal(typed: &str) -> Option<String> {
    let typed = typed.trim().replace(',', ".");
    let typed = typed.strip_prefix('+').unwrap_or(&typed);
    let digits = typed.strip_prefix('-').unwrap_or(typed);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_number = all_digits(whole) && all_digits(part) && digits.len() <= 20;
    is_number.then(|| typed.to_string())
}

/// A number to compare with; nothing: it is none.
pub fn number(text: &str) -> Option<f64> {
    decimal(text)?.parse().ok()
}

fn step(item: &Item, typed: &str) -> Option<i64> {
    let scale = item.scale.as_ref()?;
    typed.parse().ok().filter(|step| (scale.from..=scale.to).contains(step))
}

fn chosen(item: &Item, typed: &Typed) -> Result<Option<Answer>, Refusal> {
    let mut all: Vec<String> = Vec::new();
    for value in typed.values.iter().filter(|value| !value.is_empty()) {
        if value.len() == 1 && value.starts_with(OWN) {
            // The mark alone: what was meant is typed beside it.
            continue;
        }
        let own = value.strip_prefix(OWN);
        let known = own.map_or_else(|| item.choice(value).is_some(), |_| item.own_words);
        if !known {
            return Err(Refusal::NoSuchChoice);
        }
        let value = match own {
            Some(own) => text(own, OWN_LIMIT)?.map(|own| format!("{OWN}{own}")),
            None => Some(value.clone()),
        };
        all.extend(value.filter(|value| !all.contains(value)));
    }
    let marked = typed.values.iter().any(|value| value.len() == 1 && value.starts_with(OWN));
    if item.own_words && (marked || all.is_empty()) {
        all.extend(text(&typed.own, OWN_LIMIT)?.map(|own| format!("{OWN}{own}")));
    }
    let most = if item.kind == Kind::Single { 1 } else { CHOICE_LIMIT };
    if all.len() > most {
        return Err(Refusal::NoSuchChoice);
    }
    Ok((!all.is_empty()).then_some(Answer::Chosen(all)))
}

/// The name is typed; what was drawn comes as JSON, strokes of points.
fn signature(name: &str, drawn: &str) -> Result<Option<Answer>, Refusal> {
    let name = text(name, people::LINE_LIMIT)?;
    let strokes: Vec<Vec<(i32, i32)>> = match drawn.trim() {
        "" => Vec::new(),
        drawn => serde_json::from_str(drawn).map_err(|_| Refusal::BadDrawing)?,
    };
    let points = strokes.iter().map(Vec::len).sum::<usize>();
    let inside = |at: &i32| (0..=CANVAS).contains(at);
    let fits = strokes.iter().flatten().all(|(x, y)| inside(x) && inside(y));
    if strokes.len() > STROKE_LIMIT || points > POINT_LIMIT || !fits {
        return Err(Refusal::BadDrawing);
    }
    match name {
        Some(name) => Ok(Some(Answer::Signature(Signature { name: name.replace('\n', " "), strokes }))),
        None if points > 0 => Err(Refusal::NoName),
        None => Ok(None),
    }
}

/// Whether an answer that came as JSON fits its question. Errors: why not.
pub fn check(item: &Item, answer: &Answer) -> Result<Answer, Refusal> {
    let typed = match answer {
        // As they are: a field holds words of one's own once.
        Answer::Chosen(all) => Typed { values: all.clone(), own: String::new() },
        answer => typed(answer),
    };
    let fits = matches!(
        (item.kind, answer),
        (Kind::ShortText | Kind::LongText, Answer::Text(_))
            | (Kind::Number, Answer::Number(_))
            | (Kind::Date, Answer::Date(_))
            | (Kind::Single | Kind::Multiple, Answer::Chosen(_))
            | (Kind::Scale, Answer::Scale(_))
            | (Kind::YesNo, Answer::YesNo(_))
            | (Kind::Signature, Answer::Signature(_))
    );
    if !fits {
        return Err(Refusal::NoSuchChoice);
    }
    read(item, &typed)?.ok_or(Refusal::Missing)
}

/// As a form field holds an answer.
pub fn typed(answer: &Answer) -> Typed {
    let one = |text: String| Typed { values: vec![text], own: String::new() };
    match answer {
        Answer::Text(text) | Answer::Number(text) => one(text.clone()),
        Answer::Date(date) => one(date.to_string()),
        Answer::Scale(step) => one(step.to_string()),
        Answer::YesNo(yes) => one(if *yes { "yes".into() } else { "no".into() }),
        Answer::File(file) => one(file.name.clone()),
        Answer::Chosen(all) => {
            let own = all.iter().filter_map(|value| value.strip_prefix(OWN)).collect::<Vec<_>>().join(", ");
            let values = all.iter().map(|v| if v.starts_with(OWN) { OWN.to_string() } else { v.clone() }).collect();
            Typed { values, own }
        }
        Answer::Signature(signature) => Typed {
            values: vec![signature.name.clone()],
            own: if signature.strokes.is_empty() {
                String::new()
            } else {
                serde_json::to_string(&signature.strokes).unwrap_or_default()
            },
        },
    }
}

/// An answer in words, as whoever reads it sees it; `yes` and `no` in their language.
pub fn said(item: Option<&Item>, answer: &Answer, yes_no: (&str, &str)) -> String {
    match answer {
        Answer::Text(text) | Answer::Number(text) => text.clone(),
        Answer::Date(date) => date.strftime("%-d %b %Y").to_string(),
        Answer::Scale(step) => step.to_string(),
        Answer::YesNo(true) => yes_no.0.into(),
        Answer::YesNo(false) => yes_no.1.into(),
        Answer::File(file) => file.name.clone(),
        Answer::Signature(signature) => signature.name.clone(),
        Answer::Chosen(all) => {
            let label = |value: &String| match (value.strip_prefix(OWN), item.and_then(|item| item.choice(value))) {
                (Some(own), _) => own.to_string(),
                (None, Some(choice)) => choice.label.clone(),
                (None, None) => value.clone(),
            };
            all.iter().map(label).collect::<Vec<_>>().join(", ")
        }
    }
}

/// A drawn signature as a path of SVG.
pub fn path(signature: &Signature) -> String {
    let stroke = |points: &Vec<(i32, i32)>| {
        let mut path = String::new();
        for (n, (x, y)) in points.iter().enumerate() {
            path.push_str(&format!("{}{x} {y}", if n == 0 { "M" } else { "L" }));
        }
        // A dot is a line to where it is.
        if points.len() == 1 { format!("{path}l0 0") } else { path }
    };
    signature.strokes.iter().map(stroke).collect()
}

/// The answer asks for the care team's eyes at once.
pub fn alerts(item: &Item, answer: &Answer) -> bool {
    let Answer::Chosen(all) = answer else { return false };
    all.iter().filter_map(|code| item.choice(code)).any(|choice| choice.alert)
}

/// What is still missing, and answers that do not fit any more, by their questions; of those that are shown.
pub fn missing<'d>(definition: &'d Definition, answers: &Answers) -> Vec<&'d Item> {
    let shown = super::shown::shown(definition, answers);
    let open = |item: &&Item| item.kind.is_question() && item.required && !answers.contains_key(&item.id);
    definition.items.iter().filter(|item| shown.contains(item.id.as_str())).filter(open).collect()
}
