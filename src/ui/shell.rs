//! What every layout needs to know about the page and the person in front of it.

use askama::Template;

use super::Field;
use crate::words::Words;

/// Who is here, where they are, and what has just happened: the frame of a page.
pub struct Shell {
    pub title: String,
    pub lang: String,
    pub dir: &'static str,
    /// Empty where no practice is known (or may not be shown).
    pub practice: String,
    pub person: String,
    pub email: String,
    pub section: Section,
    /// Staff or Client Portal, for people with more than one place; empty for everybody else.
    pub stand: String,
    /// True where the account has more than one place to go.
    pub can_switch: bool,
    /// Seconds until the session ends by itself; `None` where nobody is signed in.
    pub idle_seconds: Option<u32>,
    /// Somebody in the portal who may see the client's documents there.
    pub sees_documents: bool,
    /// Somebody of the staff who works with forms.
    pub sees_forms: bool,
    /// Where what is new in the chat is heard of; empty for whoever has none.
    pub chat: &'static str,
    pub toast: Option<Toast>,
    pub words: Words,
}

impl Shell {
    /// The text of a key, short enough for templates.
    pub fn t(&self, key: &str) -> String {
        self.words.t(key)
    }

    /// The window's title: page, practice, product.
    pub fn full_title(&self) -> String {
        let product = self.words.t("ui-product");
        [self.title.as_str(), self.practice.as_str(), product.as_str()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" · ")
    }

    /// The value of `aria-current` for a navigation entry.
    pub fn current(&self, section: Section) -> &'static str {
        if self.section == section { "page" } else { "false" }
    }

    /// The one field of the dialog that signs in again over a page.
    pub fn renew_password(&self) -> Field {
        Field::password("password", self.words.t("ui-password"))
            .id_prefix("renew-")
            .required()
            .autocomplete("current-password")
            .words(self.words)
    }

    /// The field for a code in that dialog, which shows when one is asked for.
    pub fn renew_code(&self) -> Field {
        Field::text("code", self.words.t("ui-code"))
            .id_prefix("renew-")
            .required()
            .input_mode("numeric")
            .autocomplete("one-time-code")
            .max_length(40)
            .words(self.words)
    }

    /// Where one is, in full: the header may have no room for it.
    pub fn place(&self) -> String {
        if self.stand.is_empty() {
            return self.practice.clone();
        }
        format!("{} · {} · {}", self.practice, self.person, self.stand)
    }

    pub fn initials(&self) -> String {
        super::initials(&self.person)
    }
}

/// The navigation entry a page belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Section {
    None,
    Home,
    Clients,
    Forms,
    Chat,
    Settings,
    Portal,
    Messages,
    Documents,
    Profile,
    /// On a device that was handed over: there is nowhere else to go.
    HandOver,
}

/// A short message after something was done.
pub struct Toast {
    pub text: String,
    pub undo: Option<Undo>,
}

/// The way back from it, open for some seconds.
pub struct Undo {
    /// Address that takes the POST.
    pub action: String,
    pub seconds: u32,
}

/// A page that says what went wrong and what to do now.
#[derive(Template)]
#[template(path = "ui/error.html")]
pub struct ErrorPage {
    pub shell: Shell,
    pub text: String,
    /// What to tell whoever looks after the program; empty where there is nothing to look up.
    pub reference: String,
}

/// Tells a member of the staff, in the frame they know, that their role does not reach so far.
#[derive(Template)]
#[template(path = "ui/not_yours.html")]
pub struct NotYoursPage {
    pub shell: Shell,
    pub text: String,
}
