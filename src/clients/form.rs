//! The fields of a record, as Add Client and Personal Information show them, and how their form is read.

use super::record::{Fields, Typed};
use crate::error::{FieldError, Result};
use crate::groups::{self, Group};
use crate::members::{self, Provider};
use crate::people;
use crate::practice::Practice;
use crate::ui::{ErrorSummary, Field, Option_, private_name};
use crate::words::Words;

/// The fields of a record, as Add Client and Personal Information show them.
pub struct FieldSet {
    pub first_name: Field,
    pub last_name: Field,
    pub preferred_name: Field,
    pub legal_name: Field,
    pub pronouns: Field,
    pub date_of_birth: Field,
    pub gender: Field,
    pub email: Field,
    pub phone: Field,
    pub time_zone: Field,
    pub group: Field,
    pub primary_provider: Field,
    pub record_number: Field,
    pub note: Field,
    /// Every provider, and whether they are on the team.
    pub care_team: Vec<(String, String, bool)>,
}

/// What the selects offer.
#[derive(Clone)]
pub struct Choices {
    pub groups: Vec<Group>,
    pub providers: Vec<Provider>,
}

pub fn choices(p: &Practice) -> Result<Choices> {
    Ok(Choices { groups: groups::all(p)?, providers: members::providers(p)? })
}

/// The same for one record: who cares for the client stays to be seen, though nobody could choose them any more.
pub fn choices_for(p: &Practice, fields: &Fields) -> Result<Choices> {
    let mut choices = choices(p)?;
    for id in fields.primary_provider.iter().chain(&fields.care_team) {
        if choices.providers.iter().any(|known| known.id == *id) {
            continue;
        }
        let name = members::name_of(p, *id)?.unwrap_or_default();
        choices.providers.push(Provider { id: *id, name: format!("{name} (no longer a provider)") });
    }
    Ok(choices)
}

/// Builds the fields with what was typed, what was wrong, and what stands now where a save was stale.
pub fn field_set(
    typed: &Typed,
    refused: &[FieldError],
    now: Option<&Typed>,
    choices: &Choices,
    words: Words,
) -> FieldSet {
    let make = Make { typed, refused, now };
    let groups = choices.groups.iter().map(|g| Option_ { value: g.id.to_string(), label: g.name.clone() });
    let providers = choices.providers.iter().map(|m| Option_ { value: m.id.to_string(), label: m.name.clone() });
    let zones = people::time_zones().into_iter().map(|zone| Option_ { label: zone.replace('_', " "), value: zone });
    let email = Field::email("email", "Email").hint(words.t("client-email-hint"));
    let note = Field::textarea("note", "Note").dir_auto().max_length(people::NOTE_LIMIT);
    FieldSet {
        first_name: make.text("first_name", "First name", |t| &t.first_name).required(),
        last_name: make.text("last_name", "Last name", |t| &t.last_name).required(),
        preferred_name: make.text("preferred_name", "Preferred name", |t| &t.preferred_name),
        legal_name: make.text("legal_name", "Legal name", |t| &t.legal_name),
        pronouns: make.text("pronouns", "Pronouns", |t| &t.pronouns),
        date_of_birth: make
            .complete(Field::date("date_of_birth", "Date of birth"), "date_of_birth", |t| &t.date_of_birth),
        gender: make.text("gender", "Gender", |t| &t.gender),
        email: make.complete(email, "email", |t| &t.email),
        phone: make.complete(Field::tel("phone", "Phone"), "phone", |t| &t.phone),
        time_zone: make.select("time_zone", "Time zone", "Same as the practice", zones, |t| &t.time_zone),
        group: make.select("group_id", "Group", "No group", groups, |t| &t.group_id),
        primary_provider: make
            .select("primary_provider_id", "Primary provider", "Nobody yet", providers, |t| &t.primary_provider_id),
        record_number: make.text("record_number", "Record number", |t| &t.record_number),
        note: make.complete(note, "note", |t| &t.note),
        care_team: choices
            .providers
            .iter()
            .filter(|m| m.id.to_string() != typed.primary_provider_id)
            .map(|m| (m.id.to_string(), m.name.clone(), typed.care_team_ids.contains(&m.id.to_string())))
            .collect(),
    }
}

type Part = fn(&Typed) -> &String;

/// Completes fields with their value, their error, and what stands now.
struct Make<'m> {
    typed: &'m Typed,
    refused: &'m [FieldError],
    now: Option<&'m Typed>,
}

impl Make<'_> {
    fn error(&self, name: &str) -> Option<String> {
        self.refused.iter().find(|e| e.field == name).map(|e| e.message.clone())
    }

    /// What stands now, where it differs from what was typed.
    fn saved(&self, part: Part) -> Option<&String> {
        self.now.map(part).filter(|theirs| *theirs != part(self.typed))
    }

    fn complete(&self, field: Field, name: &str, part: Part) -> Field {
        let saved = self.saved(part).map(|text| if text.is_empty() { "(empty)".to_string() } else { text.clone() });
        field.value(part(self.typed)).error(self.error(name)).now_saved(saved).private()
    }

    fn text(&self, name: &str, label: &str, part: Part) -> Field {
        self.complete(Field::text(name, label).dir_auto().max_length(people::LINE_LIMIT), name, part)
    }

    fn select(&self, name: &str, label: &str, none: &str, options: impl Iterator<Item = Option_>, part: Part) -> Field {
        let nothing = Option_ { value: String::new(), label: none.to_string() };
        let options: Vec<Option_> = std::iter::once(nothing).chain(options).collect();
        let said = |value: &String| {
            options.iter().find(|o| o.value == *value).map_or_else(|| value.clone(), |o| o.label.clone())
        };
        let saved = self.saved(part).map(said);
        Field::select(name, label, options).value(part(self.typed)).error(self.error(name)).now_saved(saved)
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

/// The label of a field, as the summary names it: "First name".
fn label(field: &str) -> String {
    let text = field.trim_end_matches("_ids").trim_end_matches("_id").replace('_', " ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Reads a record's form; `care_team_ids` comes once for each ticked member.
pub fn typed_from(pairs: &[(String, String)]) -> Typed {
    let mut typed = Typed::default();
    for (name, value) in pairs {
        let value = value.clone();
        match name.as_str() {
            "first_name" => typed.first_name = value,
            "last_name" => typed.last_name = value,
            "preferred_name" => typed.preferred_name = value,
            "legal_name" => typed.legal_name = value,
            "pronouns" => typed.pronouns = value,
            "date_of_birth" => typed.date_of_birth = value,
            "gender" => typed.gender = value,
            // Forms call it by the name that password managers pass by, programs by its own.
            "email" | "reach_at" => typed.email = value,
            "phone" => typed.phone = value,
            "time_zone" => typed.time_zone = value,
            "group_id" => typed.group_id = value,
            "primary_provider_id" => typed.primary_provider_id = value,
            "record_number" => typed.record_number = value,
            "note" => typed.note = value,
            "care_team_ids" if typed.care_team_ids.len() < 100 => typed.care_team_ids.push(value),
            _ => {}
        }
    }
    typed
}

/// The value of one field of a form.
pub fn given<'f>(pairs: &'f [(String, String)], name: &str) -> Option<&'f str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// Every value of a field that a form may hold several times.
pub fn all_given<'f>(pairs: &'f [(String, String)], name: &'f str) -> impl Iterator<Item = &'f str> {
    pairs.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str()).take(100)
}
