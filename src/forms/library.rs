//! Forms that come with the program, in words of our own: taken as they are, or as a beginning.

use super::{Definition, Form, Purpose, Saved, add, policy, publish, welcome};
use crate::error::{Error, Result};
use crate::ids::FormId;
use crate::practice::Practice;

/// One of them.
#[derive(Debug)]
pub struct LibraryForm {
    pub key: &'static str,
    pub purpose: Purpose,
    pub title: &'static str,
    /// What it is for, in a sentence.
    pub about: &'static str,
    /// A form as JSON, or the text of a policy or a welcome text.
    source: &'static str,
}

static LIBRARY: [LibraryForm; 7] = [
    LibraryForm {
        key: "welcome",
        purpose: Purpose::Welcome,
        title: "Welcome",
        about: "What awaits new clients, before the first form.",
        source: include_str!("library/welcome.txt"),
    },
    LibraryForm {
        key: "intake",
        purpose: Purpose::Form,
        title: "Intake questionnaire",
        about: "Who comes to you, what brings them, and what was before.",
        source: include_str!("library/intake.json"),
    },
    LibraryForm {
        key: "consent",
        purpose: Purpose::Form,
        title: "Informed consent",
        about: "What therapy is and what stays confidential, to be signed.",
        source: include_str!("library/consent.json"),
    },
    LibraryForm {
        key: "telehealth",
        purpose: Purpose::Form,
        title: "Telehealth consent",
        about: "Sessions by video or phone, and where the client will be, to be signed.",
        source: include_str!("library/telehealth.json"),
    },
    LibraryForm {
        key: "release",
        purpose: Purpose::Form,
        title: "Release of information",
        about: "With whom you may speak, about what and for how long, to be signed.",
        source: include_str!("library/release.json"),
    },
    LibraryForm {
        key: "minor",
        purpose: Purpose::Form,
        title: "Minor's consent",
        about: "For the parent or guardian of a young client, to be signed.",
        source: include_str!("library/minor.json"),
    },
    LibraryForm {
        key: "cancellation",
        purpose: Purpose::Policy,
        title: "Cancellation policy",
        about: "What happens when somebody cannot come, to be agreed to.",
        source: include_str!("library/policy.txt"),
    },
];

impl LibraryForm {
    pub fn definition(&self) -> Result<Definition> {
        let text = self.source.trim();
        match self.purpose {
            Purpose::Policy => Ok(policy(self.title, text)),
            Purpose::Welcome => Ok(welcome(self.title, text)),
            Purpose::Form => serde_json::from_str(text).map_err(|e| Error::internal(format!("{}: {e}", self.key))),
        }
    }
}

/// The forms that come with the program, in the order in which a new client would meet them.
pub fn library() -> &'static [LibraryForm] {
    &LIBRARY
}

/// Makes a published form of one of the library's. Errors: there is none of that key; the practice has too many forms.
pub fn add_from_library(p: &Practice, key: &str) -> Result<Form> {
    let found = LIBRARY.iter().find(|form| form.key == key).ok_or(Error::NotFound)?;
    match add(p, found.purpose, &found.definition()?)? {
        Saved::Saved(form) => publish(p, form.id),
        Saved::Refused(problems) => Err(Error::Conflict(problems.into_iter().map(|problem| problem.message).collect())),
        Saved::Stale(_) => Err(Error::internal("a new form cannot be stale")),
    }
}

/// What a new practice begins with: all of the library, published. By its keys.
pub fn add_first(p: &Practice) -> Result<Vec<(&'static str, FormId)>> {
    LIBRARY.iter().map(|form| Ok((form.key, add_from_library(p, form.key)?.id))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{Answers, Kind, shown};
    use super::*;

    #[test]
    fn everything_in_the_library_can_be_asked() {
        let mut keys = BTreeSet::new();
        for form in library() {
            let definition = form.definition().unwrap();
            assert_eq!(super::super::problems(form.purpose, &definition), [], "{}", form.key);
            assert_eq!(definition.title, form.title, "{}", form.key);
            assert!(keys.insert(form.key));
            let signed = matches!(form.key, "consent" | "telehealth" | "release" | "minor");
            assert_eq!(definition.needs_signature(), signed, "{}", form.key);
            // Every page has something on it before anything is answered.
            let shown = shown(&definition, &Answers::new());
            for topic in definition.topics() {
                assert!(topic.items.iter().any(|item| shown.contains(item.id.as_str())), "{}", form.key);
            }
        }
    }

    #[test]
    fn an_intake_takes_ten_minutes_about() {
        let intake = library().iter().find(|form| form.key == "intake").unwrap().definition().unwrap();
        assert!((8..=15).contains(&intake.minutes()), "{}", intake.minutes());
        assert!((25..=35).contains(&intake.questions().count()), "{}", intake.questions().count());
        assert!(intake.topics().len() >= 6);
        assert!(intake.items.iter().filter(|item| item.show_if.is_some()).count() >= 5);
        let safety = intake.item("safety").unwrap();
        assert_eq!((safety.kind, safety.choices.iter().filter(|choice| choice.alert).count()), (Kind::Single, 3));
    }
}
