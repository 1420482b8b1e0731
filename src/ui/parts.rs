//! Small components: badges, tabs, empty states, notes, the error summary.

use askama::Template;
use askama::filters::HtmlSafe;

use super::{Icon, icon};

/// The messages of a form that could not be taken, on top of it, each leading to its field.
#[derive(Template, Default)]
#[template(path = "ui/error_summary.html")]
pub struct ErrorSummary {
    /// Id of the field, and its message. Empty: nothing is shown. An empty id makes a plain line.
    pub items: Vec<(String, String)>,
    pub title: String,
}

/// A friendly nothing, with the one next step.
#[derive(Template)]
#[template(path = "ui/empty.html")]
pub struct Empty {
    pub title: String,
    pub text: String,
    pub action: Option<Link>,
}

/// A way on.
pub struct Link {
    pub href: String,
    pub label: String,
    /// Opens over the page where script runs.
    pub dialog: bool,
}

/// A state in words, with an icon and a colour that repeat it.
#[derive(Template)]
#[template(path = "ui/status.html")]
pub struct Status {
    pub tone: Tone,
    pub text: String,
    /// A longer explanation; may be empty.
    pub hint: String,
}

/// How good or bad the news is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    Neutral,
    Info,
    Good,
    Warn,
    Bad,
}

impl Tone {
    pub fn name(self) -> &'static str {
        match self {
            Tone::Neutral => "neutral",
            Tone::Info => "info",
            Tone::Good => "good",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
        }
    }

    pub fn icon(self) -> Icon {
        icon(match self {
            Tone::Neutral => "dot",
            Tone::Info => "clock",
            Tone::Good => "check",
            Tone::Warn => "warn",
            Tone::Bad => "error",
        })
    }

    fn note_icon(self) -> Icon {
        match self {
            Tone::Neutral | Tone::Info => icon("info"),
            other => other.icon(),
        }
    }
}

/// A paragraph that must not be overlooked.
#[derive(Template)]
#[template(path = "ui/note.html")]
pub struct Note {
    pub tone: Tone,
    /// May be empty.
    pub title: String,
    pub text: String,
}

/// Links to the sides of one thing.
#[derive(Template)]
#[template(path = "ui/tabs.html")]
pub struct Tabs {
    pub label: String,
    pub items: Vec<Tab>,
}

/// One of them.
pub struct Tab {
    pub href: String,
    pub label: String,
    pub current: bool,
}

/// A person's initials in a circle; decoration beside the name.
#[derive(Template)]
#[template(source = r#"<span class="avatar" aria-hidden="true">{{ super::initials(name) }}</span>"#, ext = "html")]
pub struct Avatar {
    pub name: String,
}

/// A group's colour as a dot; decoration beside the group's name, never without it.
#[derive(Template)]
#[template(source = r#"<span class="group-dot" data-colour="{{ colour }}" aria-hidden="true"></span>"#, ext = "html")]
pub struct GroupDot {
    pub colour: String,
}

impl HtmlSafe for GroupDot {}
impl HtmlSafe for ErrorSummary {}
impl HtmlSafe for Empty {}
impl HtmlSafe for Status {}
impl HtmlSafe for Note {}
impl HtmlSafe for Tabs {}
impl HtmlSafe for Avatar {}

/// At most two initials of a name ("Ana María López" gives "AL"); empty for an empty name.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    let last = words.next_back();
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_take_first_and_last_word() {
        assert_eq!(initials("Ana María López"), "AL");
        assert_eq!(initials("  سارة  "), "س");
        assert_eq!(initials("(Bo) d'Arc"), "BD");
        assert_eq!(initials(""), "");
    }
}
