//! An item as it is typed: what its form holds, how that becomes an item, and how it is kept beside what others changed.

use std::collections::BTreeMap;

use super::arrange::{new_id, short};
use super::definition::{
    CHOICE_LIMIT, Choice, Combine, Condition, Definition, Item, Kind, Problem, Scale, ShowIf, Test, is_id,
};
use super::{Form, keep, problems as problems_of, refuse_archived, said, working};
use crate::error::{Error, Result};
use crate::ids::FormId;
use crate::practice::Practice;

/// Conditions that a form offers at most.
pub const CONDITION_ROWS: usize = 10;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedChoice {
    /// Empty for one that is new.
    pub code: String,
    pub label: String,
    pub points: String,
    pub alert: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedCondition {
    pub question: String,
    pub test: String,
    /// As people say it: a choice's label, Yes, 3.
    pub value: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedItem {
    pub text: String,
    pub help: String,
    pub required: bool,
    pub own_words: bool,
    pub choices: Vec<TypedChoice>,
    pub from: String,
    pub to: String,
    pub low: String,
    pub high: String,
    pub any: bool,
    pub conditions: Vec<TypedCondition>,
}

/// The fields of a form by their names; the first of two counts.
pub type Fields = BTreeMap<String, String>;

fn field(fields: &Fields, name: &str) -> String {
    // A text area sends line breaks in two characters.
    fields.get(name).map(|text| text.replace("\r\n", "\n")).unwrap_or_default()
}

fn is_ticked(fields: &Fields, name: &str) -> bool {
    fields.get(name).is_some_and(|value| value == "true")
}

impl TypedItem {
    /// An empty one, with the rows that its kind begins with.
    pub fn new(kind: Kind) -> TypedItem {
        let rows = if kind.has_choices() { 2 } else { 0 };
        let (from, to) = if kind == Kind::Scale { ("0", "10") } else { ("", "") };
        TypedItem {
            choices: vec![TypedChoice::default(); rows],
            from: from.into(),
            to: to.into(),
            required: matches!(kind, Kind::Signature),
            ..TypedItem::default()
        }
    }

    pub fn of(item: &Item, definition: &Definition) -> TypedItem {
        let choice = |choice: &Choice| TypedChoice {
            code: choice.code.clone(),
            label: choice.label.clone(),
            points: choice.points.map(|points| points.to_string()).unwrap_or_default(),
            alert: choice.alert,
        };
        let condition = |one: &Condition| TypedCondition {
            question: one.question.clone(),
            test: one.test.as_str().into(),
            value: said::value(definition.item(&one.question), &one.value),
        };
        let scale = item.scale.clone();
        let end = |at: fn(&Scale) -> i64| scale.as_ref().map(|scale| at(scale).to_string()).unwrap_or_default();
        let (from, to) = (end(|scale| scale.from), end(|scale| scale.to));
        let (low, high) = scale.map(|scale| (scale.low, scale.high)).unwrap_or_default();
        TypedItem {
            text: item.text.clone(),
            help: item.help.clone(),
            required: item.required,
            own_words: item.own_words,
            choices: item.choices.iter().map(choice).collect(),
            from,
            to,
            low,
            high,
            any: item.show_if.as_ref().is_some_and(|rule| rule.combine == Combine::Any),
            conditions: item.show_if.iter().flat_map(|rule| &rule.conditions).map(condition).collect(),
        }
    }

    pub fn read(fields: &Fields) -> TypedItem {
        // The fields say how many rows there were: an empty one keeps its place.
        let rows = |kind: &str, limit: usize| {
            let last = (0..limit).rev().find(|n| fields.contains_key(&format!("{kind}-{n}")));
            last.map_or(0, |last| last + 1)
        };
        let choice = |n: usize| TypedChoice {
            code: field(fields, &format!("choice-{n}-code")),
            label: field(fields, &format!("choice-{n}")),
            points: field(fields, &format!("choice-{n}-points")),
            alert: is_ticked(fields, &format!("choice-{n}-alert")),
        };
        let condition = |n: usize| TypedCondition {
            question: field(fields, &format!("condition-{n}")),
            test: field(fields, &format!("condition-{n}-test")),
            value: field(fields, &format!("condition-{n}-value")),
        };
        TypedItem {
            text: field(fields, "text"),
            help: field(fields, "help"),
            required: is_ticked(fields, "required"),
            own_words: is_ticked(fields, "own_words"),
            choices: (0..rows("choice", CHOICE_LIMIT + 20)).map(choice).collect(),
            from: field(fields, "from"),
            to: field(fields, "to"),
            low: field(fields, "low"),
            high: field(fields, "high"),
            any: field(fields, "combine") == "any",
            conditions: (0..rows("condition", CONDITION_ROWS)).map(condition).collect(),
        }
    }

    /// Adds or takes away a row, as a button of the form says: `add-choice`, `remove-condition-2`. The id of the field that
    /// is typed into next; nothing: it says nothing of that kind.
    pub fn change_rows(&mut self, what: &str) -> Option<String> {
        let gone = |rest: &str, rows: usize| rest.parse().ok().filter(|n: &usize| *n < rows);
        match what {
            "add-choice" => {
                if self.choices.len() < CHOICE_LIMIT {
                    self.choices.push(TypedChoice::default());
                }
                Some(format!("choice-{}", self.choices.len() - 1))
            }
            "add-condition" => {
                if self.conditions.len() < CONDITION_ROWS {
                    self.conditions
                        .push(TypedCondition { test: Test::Is.as_str().into(), ..TypedCondition::default() });
                }
                Some(format!("condition-{}", self.conditions.len() - 1))
            }
            _ => {
                if let Some(rest) = what.strip_prefix("remove-choice-") {
                    self.choices.remove(gone(rest, self.choices.len())?);
                    Some(
                        self.choices
                            .len()
                            .checked_sub(1)
                            .map_or_else(|| "add-choice".into(), |n| format!("choice-{n}")),
                    )
                } else {
                    let rest = what.strip_prefix("remove-condition-")?;
                    self.conditions.remove(gone(rest, self.conditions.len())?);
                    let last = self.conditions.len().checked_sub(1);
                    Some(last.map_or_else(|| "add-condition".into(), |n| format!("condition-{n}")))
                }
            }
        }
    }

    /// The item that was meant, laid over the one that stands; with what cannot be understood of it.
    fn item(&self, stands: Item, definition: &Definition) -> (Item, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut say = |field, message: &str| {
            problems.push(Problem { item: stands.id.clone(), field, message: message.into() });
        };
        let choices = match self.read_choices(&stands) {
            Ok(choices) => choices,
            Err(message) => {
                say("choices", &message);
                stands.choices.clone()
            }
        };
        let scale = (stands.kind == Kind::Scale).then(|| self.read_scale());
        let scale = scale.unwrap_or(Ok(None)).unwrap_or_else(|message| {
            say("scale", message);
            stands.scale.clone()
        });
        let show_if = self.rule(definition).unwrap_or_else(|message| {
            say("show_if", message);
            stands.show_if.clone()
        });
        let is_question = stands.kind.is_question();
        let item = Item {
            text: self.text.trim().into(),
            help: if is_question { self.help.trim().into() } else { String::new() },
            required: is_question && self.required,
            own_words: stands.kind.has_choices() && self.own_words,
            choices,
            scale,
            show_if,
            ..stands
        };
        (item, problems)
    }

    fn read_choices(&self, stands: &Item) -> std::result::Result<Vec<Choice>, String> {
        if !stands.kind.has_choices() {
            return Ok(Vec::new());
        }
        let mut all: Vec<Choice> = Vec::new();
        // An empty row is no choice.
        for typed in self.choices.iter().filter(|row| !row.label.trim().is_empty() || !row.points.trim().is_empty()) {
            let points = match typed.points.trim() {
                "" => None,
                text => Some(text.parse().map_err(|_| "Points are whole numbers, such as 0 or 3.")?),
            };
            let known = stands.choice(&typed.code);
            let taken = |code: &str| stands.choice(code).is_some() || all.iter().any(|one| one.code == code);
            let code = match known {
                Some(choice) => choice.code.clone(),
                None => (1..).map(|n| format!("c{n}")).find(|code| !taken(code)).unwrap_or_default(),
            };
            all.push(Choice {
                code,
                label: typed.label.trim().into(),
                system: known.map(|choice| choice.system.clone()).unwrap_or_default(),
                points,
                alert: typed.alert,
            });
        }
        Ok(all)
    }

    fn read_scale(&self) -> std::result::Result<Option<Scale>, &'static str> {
        let end = |text: &str| text.trim().parse().map_err(|_| "A scale goes from one whole number to another.");
        let (from, to) = (end(&self.from)?, end(&self.to)?);
        Ok(Some(Scale { from, to, low: self.low.trim().into(), high: self.high.trim().into() }))
    }

    fn rule(&self, definition: &Definition) -> std::result::Result<Option<ShowIf>, &'static str> {
        let mut conditions = Vec::new();
        for typed in &self.conditions {
            if typed.question.is_empty() {
                if typed.value.trim().is_empty() {
                    continue;
                }
                return Err("Choose the question that it depends on.");
            }
            let test = Test::parse(&typed.test).ok_or("Choose what the answer has to be.")?;
            let value =
                if test.needs_value() { meant(definition.item(&typed.question), &typed.value) } else { String::new() };
            conditions.push(Condition { question: typed.question.clone(), test, value });
        }
        let combine = if self.any { Combine::Any } else { Combine::All };
        Ok((!conditions.is_empty()).then_some(ShowIf { combine, conditions }))
    }
}

/// The value that a condition keeps for what was typed: a choice's code, `yes`, `no`; anything else as it is.
fn meant(asked: Option<&Item>, typed: &str) -> String {
    let typed = typed.trim();
    let same = |label: &str| label.trim().to_lowercase() == typed.to_lowercase();
    match asked {
        Some(asked) if asked.kind.has_choices() => {
            let found = asked.choices.iter().find(|choice| same(&choice.label));
            found.map_or_else(|| typed.into(), |choice| choice.code.clone())
        }
        Some(asked) if asked.kind == Kind::YesNo => typed.to_lowercase(),
        _ => typed.into(),
    }
}

/// Which item is saved, and from where the change was made.
#[derive(Debug, Clone, Default)]
pub struct Which {
    /// Empty for a new one, which goes behind `after`, or behind all.
    pub item: String,
    pub after: String,
    /// Of the item that the form was made from.
    pub base: String,
}

/// What an item is known by, to see whether somebody else changed it.
pub fn mark(item: &Item) -> String {
    let hash = crate::secrets::token_hash(&serde_json::to_string(item).unwrap_or_default());
    hash[..8].iter().map(|b| format!("{b:02x}")).collect()
}

#[derive(Debug)]
pub enum SavedItem {
    Saved(Form, String),
    Refused(Vec<Problem>),
    /// Somebody else changed the item meanwhile; as it is now. Nothing: they took it out.
    Stale(Option<Box<Item>>),
}

/// Saves an item. Two people may each change another one at a time. Errors: no such form; archived.
pub fn save(p: &Practice, form: FormId, kind: Kind, which: &Which, typed: &TypedItem) -> Result<SavedItem> {
    let (stands, mut definition) = working(p, form)?;
    refuse_archived(&stands)?;
    let at = definition.items.iter().position(|item| item.id == which.item);
    if !which.item.is_empty() {
        match at {
            None if !which.base.is_empty() => return Ok(SavedItem::Stale(None)),
            Some(at) if mark(&definition.items[at]) != which.base => {
                return Ok(SavedItem::Stale(Some(Box::new(definition.items[at].clone()))));
            }
            _ => {}
        }
    }
    let old = at.map(|at| definition.items[at].clone());
    let (item, mut problems) = match old {
        Some(old) => typed.item(old, &definition),
        None => {
            // What somebody else took out meanwhile comes back as what it was: its answers are kept under its id.
            let id = if is_id(&which.item) { which.item.clone() } else { new_id(p, &definition) };
            typed.item(Item::new(id, kind, ""), &definition)
        }
    };
    let id = item.id.clone();
    match at {
        Some(at) => definition.items[at] = item,
        None => {
            let after = definition.items.iter().position(|one| one.id == which.after);
            definition.items.insert(after.map_or(definition.items.len(), |after| after + 1), item);
        }
    }
    for problem in problems_of(stands.purpose, &definition) {
        // What could not be read was said already.
        if !(problem.item == id && problems.iter().any(|said| said.field == problem.field)) {
            problems.push(elsewhere(problem, &id, &definition));
        }
    }
    if !problems.is_empty() {
        return Ok(SavedItem::Refused(problems));
    }
    let form = if definition == working(p, form)?.1 { stands } else { keep(p, &stands, &definition, None)? };
    Ok(SavedItem::Saved(form, id))
}

/// A change of one item can break the rule of another: said beside the choices, which it depends on.
fn elsewhere(problem: Problem, item: &str, definition: &Definition) -> Problem {
    if problem.item == item {
        return problem;
    }
    let Some(other) = definition.item(&problem.item) else { return Problem { field: "text", ..problem } };
    let message = format!("“{}” is shown by an answer that would be gone. Change its rule first.", short(other));
    let field = if problem.field == "show_if" { "choices" } else { "text" };
    Problem { item: item.into(), field, message }
}

/// Errors: it is not in the form.
pub fn found<'d>(definition: &'d Definition, item: &str) -> Result<&'d Item> {
    definition.item(item).ok_or(Error::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(all: &[(&str, &str)]) -> Fields {
        all.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string())).collect()
    }

    fn asked() -> Definition {
        let mut one = Item::new("one", Kind::Single, "Which?");
        let choice = |code: &str, label: &str| Choice {
            code: code.into(),
            label: label.into(),
            system: "http://loinc.org".into(),
            points: Some(1),
            alert: false,
        };
        one.choices = vec![choice("LA1", "Not at all"), choice("c1", "Often")];
        Definition {
            title: "T".into(),
            items: vec![one, Item::new("two", Kind::LongText, "Why?")],
            ..Definition::default()
        }
    }

    #[test]
    fn choices_keep_their_codes_however_they_are_worded() {
        let typed = TypedItem::read(&fields(&[
            ("text", " Which?\r\nOf these "),
            ("choice-0-code", "LA1"),
            ("choice-0", "Never"),
            ("choice-0-points", "0"),
            ("choice-1", ""),
            ("choice-2", "New"),
            ("choice-2-alert", "true"),
        ]));
        assert_eq!(typed.choices.len(), 3);
        let definition = asked();
        let (item, problems) = typed.item(definition.items[0].clone(), &definition);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(item.text, "Which?\nOf these");
        let codes: Vec<_> = item.choices.iter().map(|one| (one.code.as_str(), one.points, one.alert)).collect();
        // c1 was another choice once: its answers are not those of the new one.
        assert_eq!(codes, [("LA1", Some(0), false), ("c2", None, true)]);
        assert_eq!(item.choices[0].system, "http://loinc.org");
    }

    #[test]
    fn conditions_are_read_as_people_write_them() {
        let definition = asked();
        let typed = TypedItem::read(&fields(&[
            ("text", "Why?"),
            ("combine", "any"),
            ("condition-0", "one"),
            ("condition-0-test", "is"),
            ("condition-0-value", "often "),
            ("condition-1", ""),
            ("condition-1-test", "is"),
        ]));
        let (item, problems) = typed.item(definition.items[1].clone(), &definition);
        assert!(problems.is_empty(), "{problems:?}");
        let rule = item.show_if.clone().unwrap();
        assert_eq!((rule.combine, rule.conditions.len(), rule.conditions[0].value.as_str()), (Combine::Any, 1, "c1"));
        assert_eq!(TypedItem::of(&item, &definition).conditions[0].value, "Often");
    }

    #[test]
    fn rows_come_and_go() {
        let mut typed = TypedItem::new(Kind::Single);
        assert_eq!(typed.change_rows("add-choice").as_deref(), Some("choice-2"));
        typed.choices[1].label = "B".into();
        assert_eq!(typed.change_rows("remove-choice-0").as_deref(), Some("choice-1"));
        assert_eq!(typed.choices[0].label, "B");
        for nonsense in ["save", "remove-choice-9", "remove-choice-x", "remove-condition-0", ""] {
            assert_eq!(typed.change_rows(nonsense), None, "{nonsense}");
        }
        assert_eq!(typed.change_rows("add-condition").as_deref(), Some("condition-0"));
        assert_eq!(typed.change_rows("remove-condition-0").as_deref(), Some("add-condition"));
    }

    #[test]
    fn what_cannot_be_read_is_said_beside_its_field() {
        let definition = asked();
        let typed = TypedItem::read(&fields(&[
            ("choice-0", "A"),
            ("choice-0-points", "many"),
            ("condition-0-value", "x"),
            ("condition-0", ""),
        ]));
        let (_, problems) = typed.item(definition.items[0].clone(), &definition);
        let fields: Vec<_> = problems.iter().map(|one| one.field).collect();
        assert_eq!(fields, ["choices", "show_if"]);
    }
}
