//! The answers that can be chosen: listed at the question, or in a set of values that comes along in the file.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::super::definition::{CHOICE_LIMIT, Choice};
use super::file::{choice_of, extension, list, ours, sound, text, unlike, whole};
use super::notes::Notes;
use super::read::one_line;
use super::rules::plain;

/// Concepts of a set that are looked at: with more it is too long for choices in any case.
const CONCEPTS: usize = 500;

/// The sets of values, and systems of codes, that a file brings with it, by their names.
#[derive(Debug, Default)]
pub struct Sets<'f>(HashMap<String, &'f Value>);

impl<'f> Sets<'f> {
    pub fn of(resources: impl Iterator<Item = &'f Value>) -> Sets<'f> {
        let mut sets = HashMap::new();
        for resource in resources.filter(|one| matches!(text(one, "resourceType"), "ValueSet" | "CodeSystem")) {
            let (id, url) = (text(resource, "id"), text(resource, "url"));
            if !id.is_empty() {
                sets.insert(format!("#{}", id.trim_start_matches('#')), resource);
            }
            if !url.is_empty() {
                // A set and the system that it takes its codes from may be called the same.
                sets.insert(format!("{} {url}", text(resource, "resourceType")), resource);
            }
        }
        Sets(sets)
    }

    /// The codings of a set. Nothing: it is not in the file, or says only by a rule what is in it.
    fn codings(&self, name: &str) -> Option<Vec<Coding<'f>>> {
        let plain = name.split('|').next().unwrap_or_default();
        let set = self.0.get(name).or_else(|| self.0.get(&format!("ValueSet {plain}")))?;
        let mut found = Vec::new();
        expanded(list(&set["expansion"], "contains"), &mut found);
        if !found.is_empty() {
            return Some(found);
        }
        for include in list(&set["compose"], "include") {
            let system = text(include, "system");
            let mut concepts = list(include, "concept");
            if concepts.is_empty() && list(include, "filter").is_empty() {
                let codes = self.0.get(&format!("CodeSystem {system}"));
                concepts = codes.map_or(&[], |codes| list(codes, "concept"));
            }
            let left_out = !list(include, "valueSet").is_empty() || concepts.is_empty();
            if left_out {
                return None;
            }
            found.extend(concepts.iter().take(CONCEPTS).map(|concept| Coding { system, concept, option: concept }));
        }
        (!found.is_empty() && list(&set["compose"], "exclude").is_empty()).then_some(found)
    }
}

fn expanded<'f>(contains: &'f [Value], found: &mut Vec<Coding<'f>>) {
    for concept in contains {
        if found.len() >= CONCEPTS {
            return;
        }
        let is_one = concept["abstract"].as_bool() != Some(true) && !text(concept, "code").is_empty();
        if is_one {
            found.push(Coding { system: text(concept, "system"), concept, option: concept });
        }
        expanded(list(concept, "contains"), found);
    }
}

/// A coding, and where what is said about it stands beside.
#[derive(Debug, Clone, Copy)]
struct Coding<'f> {
    system: &'f str,
    concept: &'f Value,
    option: &'f Value,
}

/// What came of looking for the answers of a question.
#[derive(Debug)]
pub enum Found {
    Choices(Vec<Choice>),
    /// The question has none in the file, or names a set that is not there.
    Nowhere,
    /// More than a question of ours has.
    TooMany,
}

/// The answers of a question.
pub fn choices(item: &Value, sets: &Sets, notes: &mut Notes) -> Found {
    let name = text(item, "text");
    // `option` is how the version before called it.
    let options = if item["answerOption"].is_array() { list(item, "answerOption") } else { list(item, "option") };
    if options.len() > CHOICE_LIMIT {
        return Found::TooMany;
    }
    let mut all = Vec::new();
    if options.is_empty() {
        let set = text(item, "answerValueSet");
        let Some(codings) = sets.codings(set) else { return Found::Nowhere };
        if codings.len() > CHOICE_LIMIT {
            return Found::TooMany;
        }
        all.extend(codings.iter().filter_map(|coding| of_coding(coding, name, notes)));
    }
    for option in options {
        match choice_of(option, "value") {
            Some(("Coding", concept)) => {
                let coding = Coding { system: text(concept, "system"), concept, option };
                all.extend(of_coding(&coding, name, notes));
            }
            Some(("Reference", reference)) => {
                let label = if text(reference, "display").is_empty() { "reference" } else { "display" };
                all.extend(made(text(reference, label), option, name, notes));
            }
            Some((_, value)) => all.extend(plain(value).and_then(|label| made(&label, option, name, notes))),
            None => {}
        }
        if option["initialSelected"].as_bool() == Some(true) {
            notes.of("No answer is chosen from the beginning here, as it is in the file", name);
        }
    }
    apart(&mut all, name, notes);
    if all.is_empty() { Found::Nowhere } else { Found::Choices(all) }
}

fn of_coding(coding: &Coding, name: &str, notes: &mut Notes) -> Option<Choice> {
    let code = text(coding.concept, "code");
    let display = text(coding.concept, "display");
    let label = if display.trim().is_empty() { code } else { display };
    let mut choice = made(label, coding.option, name, notes)?;
    if choice.points.is_none() {
        choice.points = points(coding.concept, name, notes);
    }
    choice.system = coding.system.to_string();
    let sound = sound(code);
    if !sound.is_empty() {
        choice.code = sound;
    }
    Some(choice)
}

fn made(label: &str, option: &Value, name: &str, notes: &mut Notes) -> Option<Choice> {
    let label = one_line(label, notes);
    if label.trim().is_empty() {
        return None;
    }
    for (extension, note) in [
        ("questionnaire-optionExclusive", "An answer that rules out all others is not kept as such"),
        ("questionnaire-optionPrefix", "Letters or numbers before the answers are not shown"),
    ] {
        if super::file::extension(option, extension).is_some() {
            notes.of(note, name);
        }
    }
    let code = match sound(&label.to_lowercase()) {
        code if code.is_empty() => "choice".to_string(),
        code => code,
    };
    let alert = ours(option, "alert").is_some_and(|found| found["valueBoolean"].as_bool() == Some(true));
    Some(Choice { code, label, system: String::new(), points: points(option, name, notes), alert })
}

/// What an answer counts for.
fn points(of: &Value, name: &str, notes: &mut Notes) -> Option<i64> {
    let found = extension(of, "ordinalValue").or_else(|| extension(of, "itemWeight"))?;
    let points = choice_of(found, "value").and_then(|(_, value)| whole(value));
    if points.is_none() {
        notes.of("Points that are no whole numbers are not kept", name);
    }
    points
}

/// Codes and labels that no other answer of the question has.
fn apart(all: &mut [Choice], name: &str, notes: &mut Notes) {
    let (mut codes, mut labels) = (BTreeSet::new(), BTreeSet::new());
    for choice in all {
        if codes.contains(&choice.code) {
            let short: String = choice.code.chars().take(56).collect();
            choice.code = unlike(&short, |code| codes.contains(code));
        }
        if labels.contains(choice.label.trim()) {
            choice.label = unlike(&format!("{} ({})", choice.label, choice.code), |label| labels.contains(label));
            notes.of("Two answers that are called the same have their codes behind them", name);
        }
        codes.insert(choice.code.clone());
        labels.insert(choice.label.trim().to_string());
    }
}
