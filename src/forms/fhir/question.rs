//! One question of a file as a question of ours: the nearest kind that there is.

use serde_json::Value;

use super::super::definition::{Item, Kind, Scale};
use super::super::problems::SCALE_STEPS;
use super::super::scoring::INSTRUMENTS;
use super::choices::{Found, choices};
use super::file::{choice_of, control, decimal, extension, list, says, text, whole};
use super::read::{Origin, Reader, name};

impl Reader<'_> {
    /// Nothing: it was left out, and a note says so.
    pub fn question(&mut self, item: &Value) -> Option<Item> {
        let named = name(item);
        if self.origin == Origin::Theirs && is_counted(item) {
            self.notes.of("What is added up from other answers is not asked", named);
            return None;
        }
        let kind = self.kind(item)?;
        let mut question = self.titled(item, kind);
        question.help = self.help(item);
        question.required = says(item, "required");
        match kind {
            Kind::Single | Kind::Multiple => self.choose(item, &mut question),
            Kind::Scale => question.scale = self.scale(item),
            Kind::Number => self.range(item, &mut question),
            _ => {}
        }
        let once = !matches!(question.kind, Kind::Multiple | Kind::LongText | Kind::Explanation);
        if says(item, "repeats") && once {
            self.notes.of("It can be answered once, and several times in the file", named);
        }
        Some(question)
    }

    fn kind(&mut self, item: &Value) -> Option<Kind> {
        let named = name(item);
        let mut near = |kind: Kind, note: &str| {
            self.notes.of(note, named);
            Some(kind)
        };
        if extension(item, "questionnaire-signatureRequired").is_some() {
            return Some(Kind::Signature);
        }
        match text(item, "type") {
            "display" => Some(Kind::Explanation),
            "boolean" => Some(Kind::YesNo),
            "integer" | "decimal" if control(item) == "slider" && ends(item).is_some() => Some(Kind::Scale),
            "integer" | "decimal" => Some(Kind::Number),
            "quantity" => near(Kind::Number, "A quantity is asked as a number, without a choice of units"),
            "date" => Some(Kind::Date),
            "dateTime" => near(Kind::Date, "Only the date is asked, not the time of the day"),
            "time" => near(Kind::ShortText, "A time of the day is asked as a text"),
            "string" if says(item, "repeats") => near(Kind::LongText, "Several answers go into one longer text"),
            "string" => Some(Kind::ShortText),
            "text" => Some(Kind::LongText),
            "url" => near(Kind::ShortText, "An address on the web is asked as a text"),
            "reference" => near(Kind::ShortText, "What refers to another record is asked as a text"),
            "choice" | "open-choice" | "coding" | "question" => {
                Some(if says(item, "repeats") { Kind::Multiple } else { Kind::Single })
            }
            "attachment" => Some(Kind::File),
            _ => {
                self.notes.of("Questions of a kind that is not known were left out", named);
                None
            }
        }
    }

    fn choose(&mut self, item: &Value, question: &mut Item) {
        let open = matches!(text(item, "answerConstraint"), "optionsOrString" | "optionsOrType");
        question.own_words = text(item, "type") == "open-choice" || open;
        let note = match choices(item, &self.sets, &mut self.notes) {
            Found::Choices(choices) => {
                question.choices = choices;
                return;
            }
            Found::TooMany => "It has more answers than can be chosen from here, and is asked as a text",
            Found::Nowhere => "The answers to choose from are not in the file: it is asked as a text",
        };
        self.notes.of(note, name(item));
        question.kind = if question.kind == Kind::Multiple { Kind::LongText } else { Kind::ShortText };
        question.own_words = false;
    }

    fn scale(&mut self, item: &Value) -> Option<Scale> {
        let (from, to) = ends(item)?;
        let mut end = |which: &str| {
            let found = list(item, "item").iter().find(|one| control(one) == which);
            found.map_or_else(String::new, |one| self.clean(text(one, "text")))
        };
        Some(Scale { from, to, low: end("lower"), high: end("upper") })
    }

    /// A number may be in a unit and between two others: that is said, not held.
    fn range(&mut self, item: &Value, question: &mut Item) {
        let limit = |name: &str| {
            let found = extension(item, name)?;
            choice_of(found, "value").and_then(|(_, value)| decimal(value).or_else(|| decimal(&value["value"])))
        };
        let end = |which: &str| {
            let found = list(item, "item").iter().find(|one| control(one) == which);
            found.map_or_else(String::new, |one| format!(" ({})", text(one, "text").trim()))
        };
        let range = match (limit("minValue"), limit("maxValue")) {
            (Some(from), Some(to)) => format!("{from}{} – {to}{}", end("lower"), end("upper")),
            (Some(from), None) => format!("≥ {from}{}", end("lower")),
            (None, Some(to)) => format!("≤ {to}{}", end("upper")),
            (None, None) => String::new(),
        };
        if !range.is_empty() {
            self.notes.of("The least and the most stand in the help text, and are not held", name(item));
        }
        let unit = extension(item, "questionnaire-unit").map(|found| &found["valueCoding"]);
        let unit = unit.map(|unit| [text(unit, "display"), text(unit, "code")]).unwrap_or_default();
        let unit = unit.into_iter().find(|unit| !unit.is_empty()).unwrap_or_default().trim_matches(['{', '}']);
        let said: Vec<&str> = [question.help.as_str(), &range, unit].into_iter().filter(|s| !s.is_empty()).collect();
        question.help = said.join("\n");
        question.help = self.clean(&question.help.clone());
    }
}

/// Where a slider goes from and to, if its steps are few and by one.
fn ends(item: &Value) -> Option<(i64, i64)> {
    let end = |name: &str| whole(choice_of(extension(item, name)?, "value")?.1);
    let step = end("questionnaire-sliderStepValue").unwrap_or(1);
    let (from, to) = (end("minValue")?, end("maxValue")?);
    let steps = to.checked_sub(from)?;
    (step == 1 && (1..=SCALE_STEPS).contains(&steps) && (-100..=100).contains(&from)).then_some((from, to))
}

/// A sum that other programs work out in a field of its own, as instruments have.
fn is_counted(item: &Value) -> bool {
    let calculated = list(item, "extension").iter().any(|one| text(one, "url").ends_with("calculatedExpression"));
    let is_total = |code: &Value| INSTRUMENTS.iter().any(|one| one.total == text(code, "code"));
    calculated || (says(item, "readOnly") && text(item, "type") != "display") || list(item, "code").iter().any(is_total)
}
