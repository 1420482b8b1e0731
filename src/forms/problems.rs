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

#[cfg(test)]
mod tests {
    use super::super::definition::{Choice, Combine, Scale, Test};
    use super::*;

    fn choice(code: &str, label: &str) -> Choice {
        Choice { code: code.into(), label: label.into(), system: String::new(), points: None, alert: false }
    }

    fn when(mut item: Item, question: &str, test: Test, value: &str) -> Item {
        let conditions = vec![Condition { question: question.into(), test, value: value.into() }];
        item.show_if = Some(ShowIf { combine: Combine::All, conditions });
        item
    }

    fn fields(items: Vec<Item>) -> Vec<String> {
        let definition = Definition { title: "T".into(), items, ..Definition::default() };
        definition.problems().into_iter().map(|problem| format!("{}.{}", problem.item, problem.field)).collect()
    }

    fn single(choices: &[(&str, &str)]) -> Item {
        let mut item = Item::new("a", Kind::Single, "A");
        item.choices = choices.iter().map(|(code, label)| choice(code, label)).collect();
        item
    }

    #[test]
    fn rules_look_back_to_questions_only() {
        let yes = |id: &str, question: &str| when(Item::new(id, Kind::YesNo, "Q"), question, Test::Is, "yes");
        let a = || Item::new("a", Kind::YesNo, "A");
        assert_eq!(fields(vec![a(), yes("b", "a"), yes("c", "b")]), [""; 0]);
        for (items, at) in [
            (vec![yes("b", "a"), a()], "b.show_if"),
            (vec![yes("b", "b")], "b.show_if"),
            (vec![yes("b", "c"), yes("c", "b")], "b.show_if"),
            (vec![a(), yes("b", "none")], "b.show_if"),
            (vec![Item::new("h", Kind::Heading, "H"), yes("b", "h")], "b.show_if"),
        ] {
            assert!(fields(items).contains(&at.to_string()));
        }
        let mut none = yes("b", "a");
        none.show_if = Some(ShowIf { combine: Combine::All, conditions: vec![] });
        assert_eq!(fields(vec![a(), none]), ["b.show_if"]);
        let mut many = yes("b", "a");
        let one = many.show_if.as_ref().unwrap().conditions[0].clone();
        many.show_if.as_mut().unwrap().conditions = vec![one; 11];
        assert_eq!(fields(vec![a(), many]), ["b.show_if"]);
    }

    #[test]
    fn a_condition_names_an_answer_that_there_can_be() {
        let kinds = |kind: Kind| Item::new("a", kind, "A");
        for (asked, test, value, sound) in [
            (single(&[("x", "X")]), Test::Is, "x", true),
            (single(&[("x", "X")]), Test::Is, "y", false),
            (single(&[("x", "X")]), Test::Over, "x", false),
            (kinds(Kind::YesNo), Test::IsNot, "no", true),
            (kinds(Kind::YesNo), Test::Is, "true", false),
            (kinds(Kind::Number), Test::AtLeast, "-1,5", true),
            (kinds(Kind::Number), Test::AtLeast, "some", false),
            (kinds(Kind::Scale), Test::Under, "3", true),
            (kinds(Kind::Date), Test::Over, "2026-02-28", true),
            (kinds(Kind::Date), Test::Over, "2026-02-30", false),
            (kinds(Kind::ShortText), Test::Is, "words", true),
            (kinds(Kind::ShortText), Test::Is, "", false),
            (kinds(Kind::ShortText), Test::Under, "b", false),
            (kinds(Kind::File), Test::Answered, "", true),
            (kinds(Kind::Signature), Test::Is, "x", false),
        ] {
            let named = format!("{:?} {test:?} {value}", asked.kind);
            let found = fields(vec![asked, when(Item::new("b", Kind::Heading, "B"), "a", test, value)]);
            assert_eq!(found.is_empty(), sound, "{named}: {found:?}");
        }
    }

    #[test]
    fn items_are_whole_and_within_bounds() {
        let item = |change: &dyn Fn(&mut Item)| {
            let mut item = single(&[("x", "X"), ("y", "Y")]);
            change(&mut item);
            fields(vec![item])
        };
        assert_eq!(item(&|_| {}), [""; 0]);
        for (change, at) in [
            (&(|item: &mut Item| item.text = " \n".into()) as &dyn Fn(&mut Item), "a.text"),
            (&|item| item.text = "a\u{202e}b".into(), "a.text"),
            (&|item| item.text = "x".repeat(TEXT_LIMIT + 1), "a.text"),
            (&|item| item.help = "\0".into(), "a.help"),
            (&|item| item.choices.clear(), "a.choices"),
            (&|item| item.choices[1].code = "x".into(), "a.choices"),
            (&|item| item.choices[1].label = " X ".into(), "a.choices"),
            (&|item| item.choices[1].label = "two\nlines".into(), "a.choices"),
            (&|item| item.choices[1].code = "a b".into(), "a.choices"),
            (&|item| item.choices[1].system = "\n\0".into(), "a.choices"),
            (&|item| item.choices[1].points = Some(1_001), "a.choices"),
            (&|item| item.choices = (0..101).map(|n| choice(&n.to_string(), &n.to_string())).collect(), "a.choices"),
            (&|item| item.kind = Kind::Date, "a.choices"),
            (&|item| item.scale = Some(Scale { from: 0, to: 1, low: String::new(), high: String::new() }), "a.scale"),
            (
                &|item| item.codes = vec![Code { system: String::new(), code: " ".into(), display: String::new() }],
                "a.codes",
            ),
        ] {
            assert_eq!(item(change), [at]);
        }
        for (from, to, sound) in
            [(0, 10, true), (1, 1, false), (5, 1, false), (0, 21, false), (i64::MIN, i64::MAX, false)]
        {
            let mut item = Item::new("a", Kind::Scale, "A");
            item.scale = Some(Scale { from, to, low: String::new(), high: String::new() });
            assert_eq!(fields(vec![item]).is_empty(), sound, "{from} {to}");
        }
        assert_eq!(fields(vec![Item::new("b c", Kind::Date, "B")]), ["b c.id"]);
        assert_eq!(fields(vec![Item::new("b", Kind::Date, "B"), Item::new("b", Kind::Date, "B")]), ["b.id"]);
    }

    #[test]
    fn a_form_has_a_title_and_an_end() {
        let of = |title: &str, items: Vec<Item>| {
            let definition = Definition { title: title.into(), items, ..Definition::default() };
            definition.problems().into_iter().map(|problem| problem.field).collect::<Vec<_>>()
        };
        assert_eq!(of("Ana’s form", vec![]), [""; 0]);
        for title in ["", " ", "a\nb", &"x".repeat(TITLE_LIMIT + 1), "a\0"] {
            assert_eq!(of(title, vec![]), ["title"], "{title:?}");
        }
        let items = |count: usize, text: &str| {
            (0..count).map(|n| Item::new(format!("q{n}"), Kind::Explanation, text)).collect::<Vec<_>>()
        };
        assert_eq!(of("T", items(ITEM_LIMIT, "x")), [""; 0]);
        assert_eq!(of("T", items(ITEM_LIMIT + 1, "x")), ["items"]);
        assert_eq!(of("T", items(11, &"x".repeat(EXPLANATION_LIMIT))), ["items"], "too long as a whole");
    }
}
