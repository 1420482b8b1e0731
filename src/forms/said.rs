//! What the builder says of an item in words: its facts and its rule.

use super::arrange::shortened;
use super::definition::{Combine, Condition, Definition, Item, Kind, ShowIf, Test};

/// A rule in words: "Shown if “Do you take medication?” is Yes".
pub fn rule(rule: &ShowIf, definition: &Definition) -> String {
    let link = match rule.combine {
        Combine::All => ", and ",
        Combine::Any => ", or ",
    };
    let conditions: Vec<_> = rule.conditions.iter().map(|one| condition(one, definition)).collect();
    format!("Shown if {}", conditions.join(link))
}

fn condition(condition: &Condition, definition: &Definition) -> String {
    let asked = definition.item(&condition.question);
    let question = asked.map_or_else(|| condition.question.clone(), |item| shortened(&item.text));
    let test = test(condition.test);
    if condition.test.needs_value() {
        format!("“{question}” {test} {}", value(asked, &condition.value))
    } else {
        format!("“{question}” {test}")
    }
}

/// A test as it stands between question and answer.
pub fn test(test: Test) -> &'static str {
    match test {
        Test::Answered => "is answered",
        Test::NotAnswered => "is not answered",
        Test::Is => "is",
        Test::IsNot => "is not",
        Test::Over => "is over",
        Test::Under => "is under",
        Test::AtLeast => "is at least",
        Test::AtMost => "is at most",
    }
}

/// An answer that a rule waits for, as people read and type it.
pub fn value(asked: Option<&Item>, value: &str) -> String {
    let Some(asked) = asked else { return value.into() };
    match (asked.kind, value) {
        (Kind::YesNo, "yes") => "Yes".into(),
        (Kind::YesNo, "no") => "No".into(),
        _ => asked.choice(value).map_or_else(|| value.into(), |choice| choice.label.clone()),
    }
}

/// What else there is to know of an item, in a line.
pub fn facts(item: &Item) -> String {
    let mut all = Vec::new();
    if item.kind.has_choices() {
        let labels: Vec<_> = item.choices.iter().take(6).map(|choice| shortened(&choice.label)).collect();
        let more = item.choices.len().saturating_sub(labels.len());
        all.push(if more > 0 { format!("{} and {more} more", labels.join(" / ")) } else { labels.join(" / ") });
    }
    if item.own_words {
        all.push("or in words of their own".into());
    }
    if let Some(scale) = &item.scale {
        let end = |at: i64, label: &str| if label.is_empty() { at.to_string() } else { format!("{at} ({label})") };
        all.push(format!("From {} to {}", end(scale.from, &scale.low), end(scale.to, &scale.high)));
    }
    if item.choices.iter().any(|choice| choice.points.is_some()) {
        all.push("counts towards a score".into());
    }
    all.join(" · ")
}

/// The choices of an item that the care team is told of at once.
pub fn alerts(item: &Item) -> String {
    let labels: Vec<_> =
        item.choices.iter().filter(|choice| choice.alert).map(|choice| format!("“{}”", choice.label)).collect();
    labels.join(", ")
}

/// One line under each kind where one is chosen.
pub fn about(kind: Kind) -> &'static str {
    match kind {
        Kind::Heading => "Begins a new page",
        Kind::Explanation => "A text to read",
        Kind::ShortText => "A line",
        Kind::LongText => "As much as they like to write",
        Kind::Number => "An age, a count, an amount",
        Kind::Date => "A day of the calendar",
        Kind::Single => "One of several answers",
        Kind::Multiple => "Any of several answers",
        Kind::Scale => "0 to 10, 1 to 5 …",
        Kind::YesNo => "One of the two",
        Kind::File => "A photo or a document",
        Kind::Signature => "Typed or drawn, with name and time",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_said_as_people_say_it() {
        let items =
            vec![Item::new("a", Kind::YesNo, "Do you take medication?"), Item::new("n", Kind::Number, "How many?")];
        let definition = Definition { title: "T".into(), items, ..Definition::default() };
        let condition =
            |question: &str, test, value: &str| Condition { question: question.into(), test, value: value.into() };
        let conditions = vec![condition("a", Test::Is, "yes"), condition("n", Test::Over, "3")];
        let both = ShowIf { combine: Combine::Any, conditions };
        assert_eq!(rule(&both, &definition), "Shown if “Do you take medication?” is Yes, or “How many?” is over 3");
        let one = ShowIf { combine: Combine::All, conditions: vec![condition("n", Test::NotAnswered, "")] };
        assert_eq!(rule(&one, &definition), "Shown if “How many?” is not answered");
    }
}
