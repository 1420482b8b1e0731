//! What is said beside a form that was read: what could not be kept, and where.

use crate::people::is_forbidden;

/// Places that one note names.
const NAMED: usize = 3;
/// Characters of a name in a note.
const NAME: usize = 60;

#[derive(Debug, Default)]
pub struct Notes(Vec<(String, Vec<String>)>);

impl Notes {
    /// Something that concerns the form as a whole: a sentence.
    pub fn say(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.0.iter().any(|(said, _)| *said == what) {
            self.0.push((what, Vec::new()));
        }
    }

    /// Something that concerns one item: a sentence without its end, and what the item is called.
    pub fn of(&mut self, what: &str, item: &str) {
        let at = self.0.iter().position(|(said, _)| said == what).unwrap_or_else(|| {
            self.0.push((what.to_string(), Vec::new()));
            self.0.len() - 1
        });
        let name = name(item);
        if let Some((_, places)) = self.0.get_mut(at)
            && !places.contains(&name)
        {
            places.push(name);
        }
    }

    /// All of them as sentences.
    pub fn said(self) -> Vec<String> {
        let sentence = |(what, places): (String, Vec<String>)| {
            if places.is_empty() {
                return what;
            }
            let named: Vec<String> = places.iter().take(NAMED).map(|place| format!("“{place}”")).collect();
            match places.len().saturating_sub(NAMED) {
                0 => format!("{what}: {}.", named.join(", ")),
                more => format!("{what}: {} and {more} more.", named.join(", ")),
            }
        };
        self.0.into_iter().map(sentence).collect()
    }
}

fn name(item: &str) -> String {
    let line: String = item.chars().map(|c| if is_forbidden(c) { ' ' } else { c }).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.chars().count() {
        0 => "(without a text)".into(),
        n if n > NAME => format!("{}…", line.chars().take(NAME).collect::<String>()),
        _ => line,
    }
}
