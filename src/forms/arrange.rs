//! The order of a form's items: moved, copied, taken out. What a rule looks back at stays before it.

use super::definition::{Definition, ITEM_LIMIT, Item};
use super::{Form, keep, problems, refuse_archived, working};
use crate::error::{Error, Result};
use crate::ids::FormId;
use crate::practice::Practice;

/// What is done with an item, by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrange {
    Up,
    Down,
    /// Before another item, or behind all.
    Before(Option<String>),
    Duplicate,
    Remove,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Placed {
    pub form: Form,
    pub definition: Definition,
    /// Where the item is now, its copy, or what stands in its place; counted from 0.
    pub at: usize,
}

/// Does it to what stands now. Errors: no such item; a rule would look forward, in words that name it.
pub fn arrange(p: &Practice, form: FormId, item: &str, how: &Arrange) -> Result<Placed> {
    let (stands, before) = working(p, form)?;
    refuse_archived(&stands)?;
    let mut definition = before.clone();
    let at = apply(&mut definition, item, how, || new_id(p, &before))?;
    if definition == before {
        return Ok(Placed { form: stands, definition, at });
    }
    if let Some(problem) = problems(stands.purpose, &definition).into_iter().next() {
        return Err(Error::Conflict(problem.message));
    }
    let undo = (*how == Arrange::Remove).then_some(&before);
    let form = keep(p, &stands, &definition, undo)?;
    Ok(Placed { form, definition, at })
}

/// An id that no item of any version has: answers are kept under it.
pub fn new_id(p: &Practice, definition: &Definition) -> String {
    loop {
        let random = p.new_id().as_u128() & 0xffff_ffff;
        let id = format!("q{random:08x}");
        if definition.item(&id).is_none() {
            return id;
        }
    }
}

fn apply(definition: &mut Definition, item: &str, how: &Arrange, new_id: impl FnOnce() -> String) -> Result<usize> {
    let items = &mut definition.items;
    let at = items.iter().position(|one| one.id == item).ok_or(Error::NotFound)?;
    let last = items.len() - 1;
    let to = match how {
        Arrange::Up => at.saturating_sub(1),
        Arrange::Down => (at + 1).min(last),
        Arrange::Before(None) => last,
        Arrange::Before(Some(other)) if other == item => at,
        Arrange::Before(Some(other)) => {
            let before = items.iter().position(|one| one.id == *other).ok_or(Error::NotFound)?;
            if before > at { before - 1 } else { before }
        }
        Arrange::Duplicate => {
            if items.len() >= ITEM_LIMIT {
                return Err(Error::Conflict(format!("A form has {ITEM_LIMIT} items at most.")));
            }
            // Codes say which question of a published instrument it is: there is one of each.
            let copy = Item { id: new_id(), codes: Vec::new(), ..items[at].clone() };
            items.insert(at + 1, copy);
            return Ok(at + 1);
        }
        Arrange::Remove => {
            if let Some(waits) = dependent(definition, item) {
                let text =
                    format!("“{}” is shown by the answer to this question. Change its rule first.", short(waits));
                return Err(Error::Conflict(text));
            }
            definition.items.remove(at);
            return Ok(at.min(last.saturating_sub(1)));
        }
    };
    let moved = items.remove(at);
    items.insert(to, moved);
    match forward(definition) {
        None => Ok(to),
        Some((waits, asked)) => Err(Error::Conflict(format!(
            "“{}” is shown by the answer to “{}”: it has to stay behind it.",
            short(waits),
            short(asked)
        ))),
    }
}

/// An item whose rule looks at a question.
fn dependent<'d>(definition: &'d Definition, question: &str) -> Option<&'d Item> {
    definition.items.iter().find(|item| looks_at(item, question))
}

fn looks_at(item: &Item, question: &str) -> bool {
    item.show_if.as_ref().is_some_and(|rule| rule.conditions.iter().any(|one| one.question == question))
}

/// The first rule that looks forward: the item that has it, and the question.
fn forward(definition: &Definition) -> Option<(&Item, &Item)> {
    let items = &definition.items;
    items
        .iter()
        .enumerate()
        .find_map(|(at, item)| items[at..].iter().find(|later| looks_at(item, &later.id)).map(|later| (item, later)))
}

/// A question's text, short enough to stand in a sentence.
pub fn short(item: &Item) -> String {
    shortened(&item.text)
}

pub fn shortened(text: &str) -> String {
    const LONGEST: usize = 80;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= LONGEST {
        return text;
    }
    let cut: String = text.chars().take(LONGEST - 1).collect();
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::super::definition::{Combine, Condition, Kind, ShowIf, Test};
    use super::*;

    fn form() -> Definition {
        let mut waits = Item::new("b", Kind::LongText, "Which ones?");
        let condition = Condition { question: "a".into(), test: Test::Is, value: "yes".into() };
        waits.show_if = Some(ShowIf { combine: Combine::All, conditions: vec![condition] });
        let items = vec![
            Item::new("a", Kind::YesNo, "Do you take medication?"),
            waits,
            Item::new("c", Kind::ShortText, "Anything else?"),
        ];
        Definition { title: "Health".into(), items, ..Definition::default() }
    }

    fn order(item: &str, how: &Arrange) -> std::result::Result<String, String> {
        let mut definition = form();
        match apply(&mut definition, item, how, || "new".into()) {
            Ok(at) => {
                let ids: Vec<_> = definition.items.iter().map(|item| item.id.as_str()).collect();
                Ok(format!("{} {at}", ids.join("")))
            }
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn items_move_and_rules_go_on_looking_back() {
        let before = |id: &str| Arrange::Before(Some(id.into()));
        assert_eq!(order("c", &Arrange::Up).unwrap(), "acb 1");
        assert_eq!(order("c", &Arrange::Down).unwrap(), "abc 2");
        assert_eq!(order("c", &before("a")).unwrap(), "cab 0");
        assert_eq!(order("b", &Arrange::Before(None)).unwrap(), "acb 2");
        assert_eq!(order("b", &before("b")).unwrap(), "abc 1");
        assert_eq!(order("c", &Arrange::Duplicate).unwrap(), "abcnew 3");
        assert_eq!(order("b", &Arrange::Remove).unwrap(), "ac 1");
        assert_eq!(order("c", &Arrange::Remove).unwrap(), "ab 1");
        let refused = "“Which ones?” is shown by the answer to “Do you take medication?”: it has to stay behind it.";
        for (item, how) in [("a", Arrange::Down), ("b", Arrange::Up), ("b", before("a")), ("a", Arrange::Before(None))]
        {
            assert_eq!(order(item, &how).unwrap_err(), refused, "{item} {how:?}");
        }
        let removed = order("a", &Arrange::Remove).unwrap_err();
        assert!(removed.contains("Which ones?") && removed.contains("Change its rule first"), "{removed}");
        assert_eq!(order("x", &Arrange::Up).unwrap_err(), "not found");
    }

    #[test]
    fn a_long_question_is_cut_between_characters() {
        assert_eq!(shortened("a\n b"), "a b");
        assert_eq!(shortened(&"ä".repeat(90)).chars().count(), 80);
    }
}
