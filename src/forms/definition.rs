//! What a form asks: its items in their order, as they are kept, sent by the API and read by people.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Items of one form.
pub const ITEM_LIMIT: usize = 300;
/// Choices of one question.
pub const CHOICE_LIMIT: usize = 100;
/// Characters of a title, a question, a choice, a help text.
pub const TITLE_LIMIT: usize = 120;
pub const TEXT_LIMIT: usize = 2_000;
pub const LABEL_LIMIT: usize = 300;
/// Characters of a text that is read and not answered: a policy may be long.
pub const EXPLANATION_LIMIT: usize = 20_000;
/// Bytes of a whole form, as it is kept.
pub const SIZE_LIMIT: usize = 200 * 1024;

/// A form as it is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    pub title: String,
    /// Read before the first question.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub intro: String,
    /// What published instrument this is, if it is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
    #[serde(default)]
    pub items: Vec<Item>,
}

/// A code of a terminology, such as LOINC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    pub system: String,
    pub code: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub display: String,
}

/// One thing on a page: a question, or a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Stable through all versions: answers are kept under it.
    pub id: String,
    pub kind: Kind,
    pub text: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// Of a question with choices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// Whoever answers may use words of their own instead of a choice.
    #[serde(default, skip_serializing_if = "is_false")]
    pub own_words: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<Scale>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_if: Option<ShowIf>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Begins a page of its own.
    Heading,
    Explanation,
    ShortText,
    LongText,
    Number,
    Date,
    Single,
    Multiple,
    Scale,
    YesNo,
    File,
    Signature,
}

impl Kind {
    pub const ALL: [Kind; 12] = [
        Kind::Heading,
        Kind::Explanation,
        Kind::ShortText,
        Kind::LongText,
        Kind::Number,
        Kind::Date,
        Kind::Single,
        Kind::Multiple,
        Kind::Scale,
        Kind::YesNo,
        Kind::File,
        Kind::Signature,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Heading => "heading",
            Kind::Explanation => "explanation",
            Kind::ShortText => "short_text",
            Kind::LongText => "long_text",
            Kind::Number => "number",
            Kind::Date => "date",
            Kind::Single => "single",
            Kind::Multiple => "multiple",
            Kind::Scale => "scale",
            Kind::YesNo => "yes_no",
            Kind::File => "file",
            Kind::Signature => "signature",
        }
    }

    pub fn parse(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// As the builder calls it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Heading => "Heading",
            Kind::Explanation => "Explanation",
            Kind::ShortText => "Short text",
            Kind::LongText => "Long text",
            Kind::Number => "Number",
            Kind::Date => "Date",
            Kind::Single => "Single choice",
            Kind::Multiple => "Multiple choice",
            Kind::Scale => "Scale",
            Kind::YesNo => "Yes or no",
            Kind::File => "File",
            Kind::Signature => "Signature",
        }
    }

    /// Something is answered here.
    pub fn is_question(self) -> bool {
        !matches!(self, Kind::Heading | Kind::Explanation)
    }

    pub fn has_choices(self) -> bool {
        matches!(self, Kind::Single | Kind::Multiple)
    }

    /// Seconds that it takes a person, about.
    fn seconds(self) -> usize {
        match self {
            Kind::Heading | Kind::Explanation => 0,
            Kind::YesNo | Kind::Scale => 6,
            Kind::Single => 8,
            Kind::Number | Kind::Date => 10,
            Kind::Multiple | Kind::ShortText => 12,
            Kind::Signature => 20,
            Kind::LongText => 45,
            Kind::File => 60,
        }
    }
}

/// One of the answers that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Stable through all versions.
    pub code: String,
    pub label: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub system: String,
    /// What it counts for in a sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<i64>,
    /// The primary provider is told at once when this is chosen.
    #[serde(default, skip_serializing_if = "is_false")]
    pub alert: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    pub from: i64,
    pub to: i64,
    /// What its two ends mean.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub low: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub high: String,
}

/// Shown only where other answers say so. Always answers to items before it: so no rule can run in a circle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShowIf {
    #[serde(default)]
    pub combine: Combine,
    pub conditions: Vec<Condition>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    #[default]
    All,
    Any,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    pub question: String,
    pub test: Test,
    /// A choice's code, `yes` or `no`, a number, a date (YYYY-MM-DD). Empty where only an answer counts.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    Answered,
    NotAnswered,
    Is,
    IsNot,
    Over,
    Under,
    AtLeast,
    AtMost,
}

impl Test {
    pub const ALL: [Test; 8] = [
        Test::Is,
        Test::IsNot,
        Test::Answered,
        Test::NotAnswered,
        Test::Over,
        Test::Under,
        Test::AtLeast,
        Test::AtMost,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Test::Answered => "answered",
            Test::NotAnswered => "not_answered",
            Test::Is => "is",
            Test::IsNot => "is_not",
            Test::Over => "over",
            Test::Under => "under",
            Test::AtLeast => "at_least",
            Test::AtMost => "at_most",
        }
    }

    pub fn parse(text: &str) -> Option<Test> {
        Test::ALL.into_iter().find(|test| test.as_str() == text)
    }

    pub fn needs_value(self) -> bool {
        !matches!(self, Test::Answered | Test::NotAnswered)
    }

    /// Compares sizes: for numbers, scales and dates.
    pub fn compares(self) -> bool {
        matches!(self, Test::Over | Test::Under | Test::AtLeast | Test::AtMost)
    }
}

/// What is wrong with a form: which item, which part of it, and the words beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Empty: the form itself.
    pub item: String,
    /// `title`, `text`, `choices`, `scale`, `show_if` …
    pub field: &'static str,
    pub message: String,
}

/// A page of a form: what stands between two headings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic<'d> {
    pub heading: Option<&'d Item>,
    pub items: &'d [Item],
}

impl Definition {
    pub fn item(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    pub fn questions(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.kind.is_question())
    }

    /// Its pages, in order.
    pub fn topics(&self) -> Vec<Topic<'_>> {
        let mut topics = Vec::new();
        let mut rest = self.items.as_slice();
        while let Some(first) = rest.first() {
            let heading = (first.kind == Kind::Heading).then_some(first);
            let body = if heading.is_some() { &rest[1..] } else { rest };
            let end = body.iter().position(|item| item.kind == Kind::Heading).unwrap_or(body.len());
            topics.push(Topic { heading, items: &body[..end] });
            rest = &body[end..];
        }
        topics
    }

    /// Minutes that it takes, about; one at least.
    pub fn minutes(&self) -> usize {
        let read = |text: &str| text.split_whitespace().count() * 60 / 220;
        let item = |item: &Item| item.kind.seconds() + read(&item.text) + read(&item.help);
        let seconds = read(&self.intro) + self.items.iter().map(item).sum::<usize>();
        seconds.div_ceil(60).max(1)
    }

    /// An id that no item has: the next number.
    pub fn free_id(&self) -> String {
        let taken: BTreeSet<&str> = self.items.iter().map(|item| item.id.as_str()).collect();
        let free = (1..=self.items.len() + 1).map(|n| format!("q{n}")).find(|id| !taken.contains(id.as_str()));
        free.unwrap_or_default()
    }

    pub fn needs_signature(&self) -> bool {
        self.items.iter().any(|item| item.kind == Kind::Signature)
    }
}

/// Letters, digits and `. _ - / :`, 64 at most: it stands in addresses of pages, and in files of other programs.
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/' | b':'))
}

impl Item {
    /// An empty one of a kind, ready to be filled in.
    pub fn new(id: impl Into<String>, kind: Kind, text: impl Into<String>) -> Item {
        Item {
            id: id.into(),
            kind,
            text: text.into(),
            help: String::new(),
            required: false,
            choices: Vec::new(),
            own_words: false,
            scale: (kind == Kind::Scale).then(|| Scale { from: 0, to: 10, low: String::new(), high: String::new() }),
            show_if: None,
            codes: Vec::new(),
        }
    }

    pub fn choice(&self, code: &str) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.code == code)
    }
}
