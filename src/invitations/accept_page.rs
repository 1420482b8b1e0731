//! What the page behind an open invitation looks like: for an invitation, for a changed address, and after a sign-up.

use askama::Template;

use super::accept::Asks;
use super::pages::Found;
use crate::accounts;
use crate::ui::{ErrorSummary, Field, Section, Shell};
use crate::web::Ctx;

/// How whoever has the link goes on, where there is more than one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Usual,
    /// This browser's session is the sign-up's: one press is enough.
    Here,
    /// With a new password instead of the one chosen at the sign-up.
    Anew,
}

#[derive(Template)]
#[template(path = "invitations/accept.html")]
pub struct AcceptPage {
    shell: Shell,
    errors: ErrorSummary,
    lead: String,
    /// "You will sign in with", before the address.
    with: String,
    /// Which link this page was made for: another one may be opened in another tab meanwhile.
    link: String,
    email: String,
    password: Option<Field>,
    button: String,
    anew: bool,
    /// Offers a new password instead.
    offers_new: bool,
    footer: String,
    /// Offers to have the account's password reset.
    forgot: bool,
}

/// The keys of title, lead, button and footer.
struct Said {
    title: &'static str,
    lead: &'static str,
    button: &'static str,
    footer: &'static str,
}

fn said(found: &Found, way: Way) -> Said {
    let said = |title, lead, button, footer| Said { title, lead, button, footer };
    match (found.asks, way) {
        (Asks::Confirm, _) => said("confirm-title", "confirm-lead", "confirm-button", ""),
        (Asks::SignedUp(_), Way::Here) => said("confirm-title", "sign-up-confirm-here", "sign-up-confirm-button", ""),
        (Asks::SignedUp(_), Way::Usual) => said("confirm-title", "sign-up-confirm-lead", "sign-up-confirm-button", ""),
        (Asks::SignedUp(_), Way::Anew) => said("confirm-title", "sign-up-confirm-new", "invitation-button", ""),
        (Asks::Connect, _) => said("sign-up-connect-title", "sign-up-connect-lead", "sign-up-connect-button", ""),
        (Asks::Password, _) if found.invitation.purpose.whose().is_some() => {
            said("invitation-title", "invitation-lead-contact", "invitation-button", "invitation-have-account")
        }
        (Asks::Password, _) if found.addressee.provider.is_some() => {
            said("invitation-title", "invitation-lead-provider", "invitation-button", "invitation-have-account")
        }
        (Asks::Password, _) => {
            said("invitation-title", "invitation-lead", "invitation-button", "invitation-have-account")
        }
    }
}

pub fn accept_page(ctx: &Ctx, found: &Found, way: Way, error: Option<String>) -> AcceptPage {
    let words = ctx.words();
    let said = said(found, way);
    let provider = found.addressee.provider.clone().unwrap_or_default();
    let values = [
        ("name", found.addressee.called.as_str()),
        ("practice", found.practice_name.as_str()),
        ("provider", provider.as_str()),
    ];
    let known = |label: &str, error: Option<String>| {
        Field::password("password", words.t(label))
            .error(error)
            .required()
            .autocomplete("current-password")
            .words(words)
    };
    // A page without the field says what went wrong in one line on top.
    let at = if way == Way::Here && matches!(found.asks, Asks::SignedUp(_)) { "" } else { "password" };
    let items = error.iter().map(|text| (at.to_string(), text.clone())).collect();
    let password = match (found.asks, way) {
        (Asks::SignedUp(_), Way::Here) => None,
        (Asks::SignedUp(_), Way::Usual) => Some(known("sign-up-chosen-password", error)),
        (Asks::Connect, _) => Some(known("field-password", error)),
        (Asks::Password, _) => Some(accounts::invited_password_field(words, error)),
        _ => Some(accounts::new_password_field(words, error)),
    };
    let title = words.with(said.title, &values);
    AcceptPage {
        shell: Shell { practice: found.practice_name.clone(), idle_seconds: None, ..ctx.shell(title, Section::None) },
        errors: ErrorSummary { items, title: words.t("ui-error-summary") },
        lead: words.with(said.lead, &values),
        with: words.t("invitation-email"),
        link: accounts::link_mark(ctx),
        email: found.invitation.email.address.clone(),
        password,
        button: words.t(said.button),
        anew: way == Way::Anew,
        offers_new: matches!((found.asks, way), (Asks::SignedUp(_), Way::Usual)),
        footer: if said.footer.is_empty() { String::new() } else { words.t(said.footer) },
        forgot: found.asks == Asks::Connect,
    }
}
