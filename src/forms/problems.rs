//! What is wrong with a form, if anything is: said where it was typed, before anything of it is kept.

use std::collections::BTreeSet;

use super::definition::{
    CHOICE_LIMIT, Code, Condition, Definition, EXPLANATION_LIMIT, ITEM_LIMIT, Item, Kind, LABEL_LIMIT, Problem,
    SIZE_LIMIT, ShowIf, TEXT_LIMIT, TITLE_LIMIT, is_id,
};
use crate::people::{self, Refusal};

/// Codes of one item, and of a form.
const CODE_LIMIT: usize = 20;
/// Conditions of one item.
const CONDITION_LIMIT: usize = 10;
/// How far a scale reaches, in steps.
pub const SCALE_STEPS: i64 = 20;

impl Definition {
    /// Everything that is wrong with it; nothing: it can be asked.
    pub fn problems(&self) -> Vec<Problem> {
        let mut all = Vec::new();
        let mut own = |field, message: String| all.push(Problem { item: String::new(), field, message });
        if let Err(message) = line(&self.title, TITLE_LIMIT) {
            own("title", message);
        }
        if let Err(message) = text(&self.intro, EXPLANATION_LIMIT) {
            own("intro", message);
        }
        if let Err(message) = check_codes(&self.codes) {
            own("codes", message);
        }
        if self.items.len() > ITEM_LIMIT {
            own("items", format!("A form has {ITEM_LIMIT} items at most."));
            return all;
        }
        let mut seen = BTreeSet::new();
        for (at, item) in self.items.iter().enumerate() {
            if !seen.insert(item.id.as_str()) {
                all.push(Problem { item: item.id.clone(), field: "id", message: "Two items have this id.".into() });
            }
            all.extend(item.problems(&self.items[..at]));
        }
        if serde_json::to_string(self).is_ok_and(|text| text.len() > SIZE_LIMIT) {
            all.push(Problem {
                item: String::new(),
                field: "items",
                message: "The form is too long as a whole.".into(),
            });
        }
        all
    }
}

fn line(typed: &str, limit: usize) -> Result<(), String> {
    if typed.trim().is_empty() {
        return Err("Write something here.".into());
    }
    if typed.contains('\n') {
        return Err("This has to be one line.".into());
    }
    text(typed, limit)
}

fn text(typed: &str, limit: usize) -> Result<(), String> {
    match people::text(typed, limit) {
        Ok(_) => Ok(()),
        Err(Refusal::ControlCharacter) => Err("There is a character in it that cannot be kept.".into()),
        Err(_) => Err(format!("Use {limit} characters at most.")),
    }
}

fn check_codes(codes: &[Code]) -> Result<(), String> {
    if codes.len() > CODE_LIMIT {
        return Err(format!("Use {CODE_LIMIT} codes at most."));
    }
    for code in codes {
        line(&code.code, LABEL_LIMIT)?;
        for said in [&code.system, &code.display] {
            text(said, TEXT_LIMIT)?;
        }
    }
    Ok(())
}

impl Item {
    fn problems(&self, before: &[Item]) -> Vec<Problem> {
        let mut all = Vec::new();
        let mut say = |field, message: String| all.push(Problem { item: self.id.clone(), field, message });
        if !is_id(&self.id) {
            say("id", "An id has letters, digits and . _ - / : and 64 characters at most.".into());
        }
        let long = self.kind == Kind::Explanation;
        let typed = if self.text.trim().is_empty() { Err("Write something here.".into()) } else { Ok(()) };
        let limit = if long { EXPLANATION_LIMIT } else { TEXT_LIMIT };
        if let Err(message) = typed.and_then(|()| text(&self.text, limit)) {
            say("text", message);
        }
        if let Err(message) = text(&self.help, TEXT_LIMIT) {
            say("help", message);
        }
        if let Err(message) = self.check_choices() {
            say("choices", message);
        }
        if let Err(message) = self.check_scale() {
            say("scale", message);
        }
        if let Err(message) = check_codes(&self.codes) {
            say("codes", message);
        }
        if let Some(Err(message)) = self.show_if.as_ref().map(|rule| rule.check(before)) {
            say("show_if", message);
        }
        all
    }

    fn check_choices(&self) -> Result<(), String> {
        if !self.kind.has_choices() {
            return if self.choices.is_empty() { Ok(()) } else { Err("Only questions with choices have them.".into()) };
        }
        if self.choices.is_empty() {
            return Err("Give at least one choice.".into());
        }
        if self.choices.len() > CHOICE_LIMIT {
            return Err(format!("A question has {CHOICE_LIMIT} choices at most."));
        }
        let (mut codes, mut labels) = (BTreeSet::new(), BTreeSet::new());
        for choice in &self.choices {
            line(&choice.label, LABEL_LIMIT)?;
            text(&choice.system, TEXT_LIMIT)?;
            if !is_id(&choice.code) {
                return Err(format!("The code of “{}” has to be letters, digits and . _ - / :", choice.label));
            }
            if !codes.insert(&choice.code) || !labels.insert(choice.label.trim()) {
                return Err(format!("“{}” stands there twice.", choice.label));
            }
            if choice.points.is_some_and(|points| !(-1_000..=1_000).contains(&points)) {
                return Err("Points go from -1000 to 1000.".into());
            }
        }
        Ok(())
    }

    fn check_scale(&self) -> Result<(), String> {
        match (&self.scale, self.kind) {
            (None, Kind::Scale) => Err("Say from where to where the scale goes.".into()),
            (Some(scale), Kind::Scale) => {
                let steps = scale.to.saturating_sub(scale.from);
                if !(1..=SCALE_STEPS).contains(&steps) || !(-100..=100).contains(&scale.from) {
                    return Err(format!("A scale goes up, by {SCALE_STEPS} steps at most."));
                }
                text(&scale.low, LABEL_LIMIT)?;
                text(&scale.high, LABEL_LIMIT)
            }
            (Some(_), _) => Err("Only a scale has this.".into()),
            (None, _) => Ok(()),
        }
    }
}

impl ShowIf {
    fn check(&self, before: &[Item]) -> Result<(), String> {
        if self.conditions.is_empty() || self.conditions.len() > CONDITION_LIMIT {
            return Err(format!("Give one to {CONDITION_LIMIT} conditions."));
        }
        for condition in &self.conditions {
            let asked = before.iter().find(|item| item.id == condition.question && item.kind.is_question());
            let asked = asked.ok_or("It can only depend on a question that comes before it.")?;
            condition.check(asked)?;
        }
        Ok(())
    }
}

impl Condition {
    fn check(&self, asked: &Item) -> Result<(), String> {
        if !self.test.needs_value() {
            return Ok(());
        }
        let sized = matches!(asked.kind, Kind::Number | Kind::Scale | Kind::Date);
        if self.test.compares() && !sized {
            return Err("Only numbers, scales and dates can be compared by size.".into());
        }
        let fits = match asked.kind {
            Kind::Single | Kind::Multiple => asked.choice(&self.value).is_some(),
            Kind::YesNo => matches!(self.value.as_str(), "yes" | "no"),
            Kind::Number | Kind::Scale => super::answer::number(&self.value).is_some(),
            Kind::Date => self.value.parse::<jiff::civil::Date>().is_ok(),
            Kind::ShortText | Kind::LongText => !self.value.is_empty() && self.value.chars().count() <= LABEL_LIMIT,
            Kind::File | Kind::Signature | Kind::Heading | Kind::Explanation => false,
        };
        if fits { Ok(()) } else { Err(format!("“{}” has no such answer.", asked.text)) }
    }
}
