//! Which items are shown, as the answers stand.

use std::collections::BTreeSet;

use super::answer::{Answer, Answers, number};
use super::definition::{Combine, Condition, Definition, Item, Kind, ShowIf, Test};

/// The ids of the items that are shown. What depends on a hidden question takes it as not answered; a hidden heading
/// hides its whole page.
pub fn shown<'d>(definition: &'d Definition, answers: &Answers) -> BTreeSet<&'d str> {
    let mut shown: BTreeSet<&str> = BTreeSet::new();
    let mut page_shown = true;
    for item in &definition.items {
        let answer = |question: &str| answers.get(question).filter(|_| shown.contains(question));
        let meant = item.show_if.as_ref().is_none_or(|rule| holds(rule, definition, &answer));
        if item.kind == Kind::Heading {
            page_shown = meant;
        }
        if page_shown && meant {
            shown.insert(item.id.as_str());
        }
    }
    shown
}

fn holds<'a>(rule: &ShowIf, definition: &Definition, answer: &dyn Fn(&str) -> Option<&'a Answer>) -> bool {
    let holds = |condition: &Condition| {
        let asked = definition.item(&condition.question);
        asked.is_some_and(|asked| condition_holds(condition, asked, answer(&condition.question)))
    };
    match rule.combine {
        Combine::All => rule.conditions.iter().all(holds),
        Combine::Any => rule.conditions.iter().any(holds),
    }
}

fn condition_holds(condition: &Condition, asked: &Item, answer: Option<&Answer>) -> bool {
    let Some(answer) = answer else { return condition.test == Test::NotAnswered };
    match condition.test {
        Test::Answered => true,
        Test::NotAnswered => false,
        Test::Is => is(condition, answer),
        Test::IsNot => !is(condition, answer),
        Test::Over | Test::Under | Test::AtLeast | Test::AtMost => compare(condition, asked, answer),
    }
}

fn is(condition: &Condition, answer: &Answer) -> bool {
    match answer {
        Answer::Chosen(all) => all.contains(&condition.value),
        Answer::YesNo(yes) => condition.value == if *yes { "yes" } else { "no" },
        Answer::Text(text) => text.trim().to_lowercase() == condition.value.trim().to_lowercase(),
        Answer::Number(value) => number(value) == number(&condition.value),
        Answer::Scale(step) => condition.value.parse() == Ok(*step),
        Answer::Date(date) => condition.value.parse().ok() == Some(*date),
        Answer::File(_) | Answer::Signature(_) => false,
    }
}

fn compare(condition: &Condition, asked: &Item, answer: &Answer) -> bool {
    let order = match (asked.kind, answer) {
        (_, Answer::Date(date)) => condition.value.parse().ok().map(|other| date.cmp(&other)),
        (_, Answer::Number(value)) => number(value).zip(number(&condition.value)).and_then(|(a, b)| a.partial_cmp(&b)),
        #[expect(clippy::cast_precision_loss, reason = "a scale has few steps")]
        (_, Answer::Scale(step)) => number(&condition.value).and_then(|other| (*step as f64).partial_cmp(&other)),
        _ => None,
    };
    order.is_some_and(|order| match condition.test {
        Test::Over => order.is_gt(),
        Test::Under => order.is_lt(),
        Test::AtLeast => order.is_ge(),
        Test::AtMost => order.is_le(),
        _ => false,
    })
}
