//! The fields of a member, as Invite member and a member's page show them, and how they are read.

use serde::Deserialize;

use super::Change;
use crate::access::Role;
use crate::error::FieldError;
use crate::people::{self, Email};
use crate::ui::{ErrorSummary, Field, private_name};
use crate::words::Words;

/// What was typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Typed {
    pub first_name: String,
    pub last_name: String,
    /// The form calls it by the name that password managers pass by.
    #[serde(alias = "reach_at")]
    pub email: String,
    pub role: String,
    pub sees_clients: Option<String>,
    pub version: String,
}

/// A role that can be chosen, and what it is for.
pub struct RoleChoice {
    pub role: Role,
    pub label: &'static str,
    pub text: &'static str,
    pub checked: bool,
}

pub struct Fields {
    pub first_name: Field,
    pub last_name: Field,
    pub roles: Vec<RoleChoice>,
    pub role_error: String,
    pub sees_clients: Field,
}

pub fn role_said(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Admin => "Admin",
        Role::Provider => "Provider",
        Role::Support => "Support",
    }
}

fn explained(role: Role) -> &'static str {
    match role {
        Role::Owner => "Everything, other owners included.",
        Role::Admin => "Runs the practice: all clients, members and settings, but not the owners.",
        Role::Provider => "Cares for clients, and sees those whose care team they are on.",
        Role::Support => "Front desk: adds and invites all clients, and is nobody's provider.",
    }
}

/// Builds the fields with what was typed and what was wrong. `offered`: the roles that whoever asks may give.
pub fn fields(typed: &Typed, refused: &[FieldError], offered: &[Role], words: Words) -> Fields {
    let error = |name: &str| refused.iter().find(|e| e.field == name).map(|e| e.message.clone());
    let text = |name: &str, label: &str, value: &str| {
        let field = Field::text(name, label).value(value).error(error(name)).required();
        field.dir_auto().max_length(people::LINE_LIMIT).private().words(words)
    };
    let choice = |role: &Role| RoleChoice {
        role: *role,
        label: role_said(*role),
        text: explained(*role),
        checked: typed.role == role.as_str(),
    };
    Fields {
        first_name: text("first_name", "First name", &typed.first_name),
        last_name: text("last_name", "Last name", &typed.last_name),
        roles: offered.iter().map(choice).collect(),
        role_error: error("role").unwrap_or_default(),
        sees_clients: Field::checkbox("sees_clients", "Sees clients")
            .checked(typed.sees_clients.is_some())
            .hint("For owners and admins: can be chosen as a client's provider. Providers always can, support never."),
    }
}

/// The roles that somebody may give: owners all, admins all but the owner's.
pub fn offered(own: Role) -> &'static [Role] {
    match own {
        Role::Owner => &Role::ALL,
        _ => &[Role::Admin, Role::Provider, Role::Support],
    }
}

pub fn summary(refused: &[FieldError], words: Words) -> ErrorSummary {
    ErrorSummary {
        items: refused
            .iter()
            .map(|e| (private_name(&e.field).to_string(), format!("{}: {}", label(&e.field), e.message)))
            .collect(),
        title: words.t("ui-error-summary"),
    }
}

/// A field as the summary names it.
fn label(field: &str) -> &'static str {
    match field {
        "first_name" => "First name",
        "last_name" => "Last name",
        "email" => "Email",
        _ => "Role",
    }
}

/// Reads names and role; what is wrong stands beside its field.
pub fn parse(typed: &Typed, words: Words) -> Result<Change, Vec<FieldError>> {
    let mut refused = Vec::new();
    let mut line = |field: &str, text: &str| {
        people::name(text).unwrap_or_else(|r| {
            refused.push(FieldError::new(field, words.t(r.key())));
            String::new()
        })
    };
    let first_name = line("first_name", &typed.first_name);
    let last_name = line("last_name", &typed.last_name);
    let role = Role::parse(&typed.role);
    if role.is_none() {
        refused.push(FieldError::new("role", words.t("field-choice")));
    }
    match role {
        Some(role) if refused.is_empty() => {
            Ok(Change { first_name, last_name, role, sees_clients: typed.sees_clients.is_some() })
        }
        _ => Err(refused),
    }
}

/// Reads what an invitation needs beside.
pub fn parse_with_email(typed: &Typed, words: Words) -> Result<(Change, Email), Vec<FieldError>> {
    let email = Email::parse(&typed.email).map_err(|r| FieldError::new("email", words.t(r.key())));
    match (parse(typed, words), email) {
        (Ok(change), Ok(email)) => Ok((change, email)),
        (Ok(_), Err(error)) => Err(vec![error]),
        (Err(refused), Ok(_)) => Err(refused),
        (Err(mut refused), Err(error)) => {
            let after_names = refused.iter().filter(|e| e.field != "role").count();
            refused.insert(after_names, error);
            Err(refused)
        }
    }
}
