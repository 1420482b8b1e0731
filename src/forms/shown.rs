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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn condition(question: &str, test: Test, value: &str) -> Condition {
        Condition { question: question.into(), test, value: value.into() }
    }

    fn when(mut item: Item, combine: Combine, conditions: &[Condition]) -> Item {
        item.show_if = Some(ShowIf { combine, conditions: conditions.to_vec() });
        item
    }

    fn holds(kind: Kind, answer: Option<Answer>, test: Test, value: &str) -> bool {
        let asked = Item::new("a", kind, "A");
        let item = when(Item::new("b", Kind::ShortText, "B"), Combine::All, &[condition("a", test, value)]);
        let definition = Definition { items: vec![asked, item], ..Definition::default() };
        let answers = answer.map(|answer| ("a".to_string(), answer)).into_iter().collect();
        shown(&definition, &answers).contains("b")
    }

    #[test]
    fn conditions_hold_as_people_mean_them() {
        let (text, number) = (|s: &str| Some(Answer::Text(s.into())), |s: &str| Some(Answer::Number(s.into())));
        let date = |s: &str| Some(Answer::Date(s.parse().unwrap()));
        let chosen = |all: &[&str]| Some(Answer::Chosen(all.iter().map(|s| (*s).to_string()).collect()));
        for (kind, answer, test, value, expected) in [
            (Kind::YesNo, Some(Answer::YesNo(true)), Test::Is, "yes", true),
            (Kind::YesNo, Some(Answer::YesNo(false)), Test::Is, "yes", false),
            (Kind::YesNo, Some(Answer::YesNo(false)), Test::IsNot, "yes", true),
            // Nothing is neither this nor that.
            (Kind::YesNo, None, Test::IsNot, "yes", false),
            (Kind::YesNo, None, Test::NotAnswered, "", true),
            (Kind::YesNo, None, Test::Answered, "", false),
            (Kind::YesNo, Some(Answer::YesNo(false)), Test::Answered, "", true),
            (Kind::Multiple, chosen(&["x", "y"]), Test::Is, "y", true),
            (Kind::Multiple, chosen(&["x"]), Test::Is, "y", false),
            (Kind::Multiple, chosen(&["x", "y"]), Test::IsNot, "y", false),
            (Kind::Single, chosen(&["~y"]), Test::Is, "y", false),
            (Kind::ShortText, text(" Yes, PLEASE"), Test::Is, "yes, please ", true),
            (Kind::Number, number("1.50"), Test::Is, "1,5", true),
            (Kind::Number, number("10"), Test::Over, "9", true),
            (Kind::Number, number("9"), Test::Over, "9", false),
            (Kind::Number, number("9"), Test::AtLeast, "9.0", true),
            (Kind::Number, number("-1"), Test::Under, "0", true),
            (Kind::Scale, Some(Answer::Scale(7)), Test::AtMost, "7", true),
            (Kind::Scale, Some(Answer::Scale(8)), Test::AtMost, "7.5", false),
            (Kind::Date, date("2008-03-02"), Test::Over, "2008-03-01", true),
            (Kind::Date, date("2008-03-02"), Test::Under, "2008-03-02", false),
            (Kind::Date, date("2008-03-02"), Test::Is, "2008-03-02", true),
            // What cannot be compared does not hold.
            (Kind::Number, number("3"), Test::Over, "many", false),
        ] {
            assert_eq!(holds(kind, answer.clone(), test, value), expected, "{answer:?} {test:?} {value}");
        }
    }

    #[test]
    fn what_hangs_on_a_hidden_question_is_hidden_too() {
        let yes = |question: &str| condition(question, Test::Is, "yes");
        let definition = Definition {
            items: vec![
                Item::new("a", Kind::YesNo, "A"),
                when(Item::new("b", Kind::YesNo, "B"), Combine::All, &[yes("a")]),
                when(Item::new("c", Kind::YesNo, "C"), Combine::All, &[yes("b")]),
                when(Item::new("page", Kind::Heading, "Page"), Combine::Any, &[yes("b"), yes("c")]),
                Item::new("d", Kind::YesNo, "D"),
                when(Item::new("e", Kind::YesNo, "E"), Combine::All, &[condition("d", Test::NotAnswered, "")]),
                Item::new("last", Kind::Heading, "Last"),
                Item::new("f", Kind::YesNo, "F"),
            ],
            ..Definition::default()
        };
        let of = |yes: &[&str]| {
            let answers = yes.iter().map(|id| ((*id).to_string(), Answer::YesNo(true))).collect();
            shown(&definition, &answers).into_iter().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of(&[]), "a f last");
        assert_eq!(of(&["b", "c"]), "a f last", "answers that were given before do not count while a hides them");
        assert_eq!(of(&["a", "b"]), "a b c d e f last page");
        assert_eq!(of(&["a", "c"]), "a b f last");
        assert_eq!(of(&["a", "b", "d"]), "a b c d f last page");
    }

    proptest! {
        /// Whatever is answered to a hidden question changes nothing of what is shown.
        #[test]
        fn answers_to_hidden_questions_do_not_count(
            rules in proptest::collection::vec((any::<u8>(), any::<bool>(), any::<bool>(), any::<bool>()), 1..12),
            given in proptest::collection::vec(proptest::option::of(any::<bool>()), 12),
        ) {
            let mut items: Vec<Item> = Vec::new();
            for (n, (on, yes, any, heading)) in rules.iter().enumerate() {
                let kind = if *heading { Kind::Heading } else { Kind::YesNo };
                let item = Item::new(format!("q{n}"), kind, "Q");
                let asked: Vec<&str> =
                    items.iter().filter(|item| item.kind.is_question()).map(|item| item.id.as_str()).collect();
                let pick = |n: usize| condition(asked[n % asked.len()], Test::Is, if *yes { "yes" } else { "no" });
                let combine = if *any { Combine::Any } else { Combine::All };
                let on = usize::from(*on);
                let item = if asked.is_empty() || on.is_multiple_of(3) { item } else { when(item, combine, &[pick(on), pick(on / 3)]) };
                items.push(item);
            }
            let definition = Definition { title: "T".into(), items, ..Definition::default() };
            prop_assert_eq!(definition.problems(), vec![]);
            let answers: Answers = given.iter().enumerate()
                .filter_map(|(n, answer)| Some((format!("q{n}"), Answer::YesNo((*answer)?)))).collect();
            let seen = shown(&definition, &answers);
            let counting: Answers =
                answers.iter().filter(|(id, _)| seen.contains(id.as_str())).map(|(id, a)| (id.clone(), a.clone())).collect();
            prop_assert_eq!(shown(&definition, &counting), seen);
        }
    }
}
