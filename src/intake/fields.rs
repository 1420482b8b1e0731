//! The fields of a page of a form, as they were sent.

use std::collections::BTreeSet;

use crate::forms::{Item, Kind, Typed, field_name};
use crate::secrets::token_hash;

/// Names and values, in the order of the page.
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// The first value of a name; empty where there is none.
    pub fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The words of a value, apart by spaces.
    pub fn words(&self, name: &str) -> BTreeSet<&str> {
        self.one(name).split(' ').filter(|word| !word.is_empty()).collect()
    }

    /// What was typed to a question.
    pub fn typed(&self, item: &Item) -> Typed {
        let name = field_name(&item.id);
        let values = self.all(&name).map(str::to_string).collect();
        let beside = if item.kind == Kind::Signature { "drawn" } else { "own" };
        Typed { values, own: self.one(&format!("{name}-{beside}")).to_string() }
    }

    /// Whether a question stands as it did when the page was made: then nothing was typed here, and what another device
    /// has typed meanwhile stays.
    pub fn is_untouched(&self, item: &Item, typed: &Typed) -> bool {
        let (was, name) = (was_name(&item.id), field_name(&item.id));
        match self.0.iter().find(|(known, _)| *known == was) {
            Some((_, was)) => *was == mark(typed),
            // A form that does not hold the question says nothing of it.
            None => !self.0.iter().any(|(known, _)| *known == name),
        }
    }
}

/// The name of the field that says how a question stood when the page was made.
pub fn was_name(question: &str) -> String {
    format!("was-{question}")
}

/// A short mark of what a field holds.
pub fn mark(typed: &Typed) -> String {
    let mut whole = String::new();
    // Choices come in the order of the page, and are kept in that in which they were made.
    let values: BTreeSet<&String> = typed.values.iter().collect();
    for value in values.into_iter().chain([&typed.own]) {
        // As browsers send lines, and as they are kept.
        whole.push_str(&value.replace("\r\n", "\n"));
        whole.push('\u{1f}');
    }
    // Nothing at all, and one empty field, look the same.
    let whole = whole.trim_matches('\u{1f}');
    token_hash(whole)[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::{Item, Kind};

    fn typed(values: &[&str], own: &str) -> Typed {
        Typed { values: values.iter().map(ToString::to_string).collect(), own: own.to_string() }
    }

    #[test]
    fn a_mark_tells_what_was_typed_from_what_stood_there() {
        assert_eq!(mark(&typed(&[], "")), mark(&typed(&[""], "")));
        assert_eq!(mark(&typed(&["a\r\nb"], "")), mark(&typed(&["a\nb"], "")));
        assert_ne!(mark(&typed(&["a"], "")), mark(&typed(&["b"], "")));
        assert_ne!(mark(&typed(&["a", "b"], "")), mark(&typed(&["ab"], "")));
        assert_ne!(mark(&typed(&["~"], "x")), mark(&typed(&["~"], "")));
        assert_eq!(mark(&typed(&["a", "~", "b"], "x")), mark(&typed(&["b", "a", "~", "~"], "x")));
    }

    #[test]
    fn a_question_that_was_not_on_the_form_is_untouched() {
        let item = Item::new("name", Kind::ShortText, "Name?");
        let fields = |all: &[(&str, &str)]| Fields(all.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect());
        let untouched = |all: &[(&str, &str)]| {
            let fields = fields(all);
            fields.is_untouched(&item, &fields.typed(&item))
        };
        assert!(untouched(&[("page", "1"), ("remove", "card")]));
        assert!(!untouched(&[("q-name", "Ana")]), "sent by whoever knows of no marks");
        assert!(!untouched(&[("was-name", &mark(&typed(&["Ana"], "")))]), "emptied");
        assert!(untouched(&[("was-name", &mark(&typed(&["Ana"], ""))), ("q-name", "Ana")]));
    }
}
