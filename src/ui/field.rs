//! A form's field: label, control, hint, message, all tied together for eyes and screen readers alike.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::words::Words;

/// One choice of a select.
pub struct Option_ {
    pub value: String,
    pub label: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Email,
    Password,
    Tel,
    Date,
    Search,
    Textarea,
    Checkbox,
    Select,
    Hidden,
    File,
}

/// A field, built up by its setters and printed by `{{ field }}`.
#[derive(Template)]
#[template(path = "ui/field.html")]
pub struct Field {
    kind: Kind,
    name: String,
    label: String,
    value: String,
    checked: bool,
    error: Option<String>,
    hint: String,
    required: bool,
    autocomplete: &'static str,
    private: bool,
    prefix: String,
    max_length: Option<usize>,
    input_mode: &'static str,
    dir_auto: bool,
    strength: bool,
    now_saved: Option<String>,
    rows: usize,
    autofocus: bool,
    options: Vec<Option_>,
    words: Words,
}

impl HtmlSafe for Field {}

impl Field {
    fn new(kind: Kind, name: &str, label: impl Into<String>) -> Field {
        Field {
            kind,
            name: name.to_string(),
            label: label.into(),
            value: String::new(),
            checked: false,
            error: None,
            hint: String::new(),
            required: false,
            autocomplete: "",
            private: false,
            prefix: String::new(),
            max_length: None,
            input_mode: "",
            dir_auto: false,
            strength: false,
            now_saved: None,
            rows: 3,
            autofocus: false,
            options: Vec::new(),
            words: Words::of("en"),
        }
    }

    pub fn text(name: &str, label: impl Into<String>) -> Field {
        Field::new(Kind::Text, name, label)
    }

    pub fn email(name: &str, label: impl Into<String>) -> Field {
        Field::new(Kind::Email, name, label)
    }

    pub fn password(name: &str, label: impl Into<String>) -> Field {
        Field::new(Kind::Password, name, label)
    }

    pub fn tel(name: &str, label: impl Into<String>) -> Field {
        Field::new(Kind::Tel, name, label)
    }

    pub fn date(name: &str, label: impl Into<String>) -> Field {
        Field::new(Kind::Date, name, label)
    }

    pub fn search(name: &str, label: impl Into<String>) -> Field {
        Field::new(Kind::Search, name, label)
    }

    pub fn textarea(name: &str, label: impl Into<String>) -> Field {
        Field::new(Kind::Textarea, name, label)
    }

    /// Sends "true" when it is ticked, nothing otherwise.
    pub fn checkbox(name: &str, label: impl Into<String>) -> Field {
        Field::new(Kind::Checkbox, name, label).required().value("true")
    }

    pub fn select(name: &str, label: impl Into<String>, options: Vec<Option_>) -> Field {
        Field { options, ..Field::new(Kind::Select, name, label) }
    }

    /// A file of a kind that is taken; its form has to be sent in parts.
    pub fn file(name: &str, label: impl Into<String>) -> Field {
        Field::new(Kind::File, name, label)
    }

    pub fn hidden(name: &str) -> Field {
        Field::new(Kind::Hidden, name, "")
    }

    pub fn value(mut self, value: impl Into<String>) -> Field {
        self.value = value.into();
        self
    }

    pub fn checked(mut self, checked: bool) -> Field {
        self.checked = checked;
        self
    }

    pub fn error(mut self, error: Option<String>) -> Field {
        self.error = error;
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Field {
        self.hint = hint.into();
        self
    }

    /// Without it the field is marked optional.
    pub fn required(mut self) -> Field {
        self.required = true;
        self
    }

    pub fn autocomplete(mut self, token: &'static str) -> Field {
        self.autocomplete = token;
        self
    }

    /// Keeps the password manager of whoever fills the form in from putting their own data into it. An email's type and
    /// name say "login" to all of them, whatever the other attributes say: here it has neither.
    pub fn private(mut self) -> Field {
        self.private = true;
        if self.kind == Kind::Email {
            self.name = private_name(&self.name).to_string();
            self.input_mode = "email";
        }
        self
    }

    /// Put before the name to make the id, where a page has two forms with the same names.
    pub fn id_prefix(mut self, prefix: &str) -> Field {
        self.prefix = prefix.to_string();
        self
    }

    pub fn max_length(mut self, characters: usize) -> Field {
        self.max_length = Some(characters);
        self
    }

    pub fn input_mode(mut self, mode: &'static str) -> Field {
        self.input_mode = mode;
        self
    }

    /// For names and free text: written in the direction of what is typed.
    pub fn dir_auto(mut self) -> Field {
        self.dir_auto = true;
        self
    }

    /// Says beside a new password how strong it is.
    pub fn strength(mut self) -> Field {
        self.strength = true;
        self
    }

    /// What somebody else saved meanwhile, shown beside what is typed here.
    pub fn now_saved(mut self, value: Option<String>) -> Field {
        self.now_saved = value;
        self
    }

    /// Height of a text area, in lines.
    pub fn rows(mut self, rows: usize) -> Field {
        self.rows = rows;
        self
    }

    /// Takes the focus when the page or dialog opens: the first field of a page made for one form.
    pub fn autofocus(mut self) -> Field {
        self.autofocus = true;
        self
    }

    /// The language of what the field says by itself.
    pub fn words(mut self, words: Words) -> Field {
        self.words = words;
        self
    }

    /// The id of the control, which the error summary links to.
    pub fn id(&self) -> String {
        format!("{}{}", self.prefix, self.name)
    }

    fn optional(&self) -> bool {
        !self.required && self.kind != Kind::Search
    }

    fn input_type(&self) -> &'static str {
        match self.kind {
            Kind::Email if !self.private => "email",
            Kind::Password => "password",
            Kind::Tel => "tel",
            // A date control swallows what is no date; typed text must stay to be put right.
            Kind::Date if self.value.is_empty() || is_date(&self.value) => "date",
            Kind::Search => "search",
            _ => "text",
        }
    }

    fn direction(&self) -> &'static str {
        match self.kind {
            _ if self.dir_auto => "auto",
            Kind::Email | Kind::Tel | Kind::Password => "ltr",
            _ => "",
        }
    }

    fn described_by(&self) -> String {
        let id = self.id();
        let mut ids = Vec::new();
        if self.error.is_some() {
            ids.push(format!("{id}-error"));
        }
        if self.now_saved.is_some() {
            ids.push(format!("{id}-saved"));
        }
        if !self.hint.is_empty() {
            ids.push(format!("{id}-hint"));
        }
        if self.optional() {
            ids.push(format!("{id}-optional"));
        }
        ids.join(" ")
    }
}

/// What a private field is called in its form: an email has a name that no password manager takes for a login's.
pub fn private_name(field: &str) -> &str {
    match field {
        "email" => "reach_at",
        other => other,
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_once() {
        let html = Field::text("first_name", "First name").value("\"><script>").to_string();
        assert!(html.contains("value=\"&#34;&#62;&#60;script&#62;\""), "{html}");
    }

    #[test]
    fn a_private_email_looks_like_no_login() {
        let html = Field::email("email", "Email").private().to_string();
        assert!(html.contains("type=\"text\" id=\"reach_at\" name=\"reach_at\""), "{html}");
        assert!(html.contains("inputmode=\"email\"") && html.contains("autocomplete=\"off\""), "{html}");
    }

    #[test]
    fn an_impossible_date_stays_to_be_put_right() {
        assert!(Field::date("d", "Date").value("2026-02-31").to_string().contains("type=\"text\""));
        assert!(Field::date("d", "Date").value("2026-02-28").to_string().contains("type=\"date\""));
    }

    #[test]
    fn the_label_holds_the_name_alone() {
        let html = Field::text("first_name", "First name").to_string();
        assert!(html.contains("<label for=\"first_name\">First name</label>"), "{html}");
        assert!(html.contains("aria-describedby=\"first_name-optional\""), "{html}");
    }
}
