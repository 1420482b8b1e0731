//! A client's record: what can be known of somebody, and how what was typed becomes it.

use jiff::civil::Date;

use crate::clock::Instant;
use crate::error::{Error, FieldError, Result};
use crate::ids::{ClientId, GroupId, MemberId};
use crate::people::{self, Email, LINE_LIMIT, Refusal};
use crate::practice::Practice;
use crate::words::Words;
use crate::{groups, members};

/// Care team members at most.
const TEAM_LIMIT: usize = 50;

/// A record as it stands.
#[derive(Debug, Clone)]
pub struct Client {
    pub id: ClientId,
    pub fields: Fields,
    pub status: String,
    pub source: String,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub version: i64,
    /// The record that it was merged into; it opens as that one.
    pub merged_into: Option<ClientId>,
}

/// Everything about a client that people can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    pub first_name: String,
    pub last_name: String,
    pub preferred_name: Option<String>,
    pub legal_name: Option<String>,
    pub pronouns: Option<String>,
    pub date_of_birth: Option<Date>,
    pub gender: Option<String>,
    pub email: Option<Email>,
    /// E.164.
    pub phone: Option<String>,
    pub time_zone: Option<String>,
    pub group: Option<GroupId>,
    pub primary_provider: Option<MemberId>,
    /// Other care team members, without the primary provider; sorted.
    pub care_team: Vec<MemberId>,
    pub record_number: Option<String>,
    pub note: Option<String>,
}

/// A form or body as it was typed. Comes back to the person as it is when something is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    pub first_name: String,
    pub last_name: String,
    pub preferred_name: String,
    pub legal_name: String,
    pub pronouns: String,
    pub date_of_birth: String,
    pub gender: String,
    pub email: String,
    pub phone: String,
    pub time_zone: String,
    pub group_id: String,
    pub primary_provider_id: String,
    pub care_team_ids: Vec<String>,
    pub record_number: String,
    pub note: String,
}

impl Client {
    /// First (or preferred) and last name.
    pub fn name(&self) -> String {
        let first = self.fields.preferred_name.as_ref().unwrap_or(&self.fields.first_name);
        format!("{first} {}", self.fields.last_name)
    }

    /// Whole years on a date.
    pub fn age_on(&self, today: Date) -> Option<i16> {
        let born = self.fields.date_of_birth?;
        Some(people::age(born, today))
    }
}

impl Fields {
    /// The names of the fields in which another version differs.
    pub fn differing(&self, other: &Fields) -> Vec<&'static str> {
        let pairs = [
            ("first_name", self.first_name != other.first_name),
            ("last_name", self.last_name != other.last_name),
            ("preferred_name", self.preferred_name != other.preferred_name),
            ("legal_name", self.legal_name != other.legal_name),
            ("pronouns", self.pronouns != other.pronouns),
            ("date_of_birth", self.date_of_birth != other.date_of_birth),
            ("gender", self.gender != other.gender),
            ("email", self.email != other.email),
            ("phone", self.phone != other.phone),
            ("time_zone", self.time_zone != other.time_zone),
            ("group_id", self.group != other.group),
            ("primary_provider_id", self.primary_provider != other.primary_provider),
            ("care_team_ids", self.care_team != other.care_team),
            ("record_number", self.record_number != other.record_number),
            ("note", self.note != other.note),
        ];
        pairs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }

    /// As somebody would type it.
    pub fn typed(&self) -> Typed {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        Typed {
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            preferred_name: text(&self.preferred_name),
            legal_name: text(&self.legal_name),
            pronouns: text(&self.pronouns),
            date_of_birth: self.date_of_birth.map(|d| d.to_string()).unwrap_or_default(),
            gender: text(&self.gender),
            email: self.email.as_ref().map(|e| e.address.clone()).unwrap_or_default(),
            phone: self.phone.as_deref().map(people::phone_said).unwrap_or_default(),
            time_zone: text(&self.time_zone),
            group_id: self.group.map(|g| g.to_string()).unwrap_or_default(),
            primary_provider_id: self.primary_provider.map(|m| m.to_string()).unwrap_or_default(),
            care_team_ids: self.care_team.iter().map(ToString::to_string).collect(),
            record_number: text(&self.record_number),
            note: text(&self.note),
        }
    }

    /// How the record sorts: by last name, then first, folded.
    pub fn sort_name(&self) -> String {
        people::folded(&format!("{} {}", self.last_name, self.first_name))
    }

    /// Everything the record is found by, folded.
    pub fn search_text(&self) -> String {
        let phone = self.phone.as_deref().unwrap_or_default();
        let parts = [
            people::folded(&format!("{} {}", self.first_name, self.last_name)),
            people::folded(&format!("{} {}", self.last_name, self.first_name)),
            people::folded(self.preferred_name.as_deref().unwrap_or_default()),
            people::folded(self.legal_name.as_deref().unwrap_or_default()),
            self.email.as_ref().map(|e| e.key.clone()).unwrap_or_default(),
            phone.to_string(),
            people::folded(self.record_number.as_deref().unwrap_or_default()),
        ];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
    }

    /// The first one and two characters of every name, and of the names written together as Chinese names are.
    pub fn prefixes(&self) -> Vec<String> {
        let (first, last) = (people::folded(&self.first_name), people::folded(&self.last_name));
        let mut texts = vec![format!("{last}{first}"), format!("{first}{last}")];
        for name in [Some(first), Some(last), self.preferred_name.as_deref().map(people::folded)].into_iter().flatten()
        {
            texts.extend(name.split(' ').map(str::to_string));
        }
        let mut all: Vec<String> = texts
            .iter()
            .flat_map(|text| [1, 2].map(|n| text.chars().take(n).collect::<String>()))
            .filter(|prefix| !prefix.is_empty())
            .collect();
        all.sort();
        all.dedup();
        all
    }
}

/// Parses what was typed. Groups and providers must be this practice's. The outer error is the database's, the inner
/// one what is wrong with which field.
pub fn parse(p: &Practice, typed: &Typed, words: Words) -> Result<Parsed> {
    parse_with(p, typed, words, Vec::new())
}

/// Parses a change: who cares for the client already may stay, though nobody could choose them any more.
pub fn parse_change(p: &Practice, typed: &Typed, words: Words, now: &Fields) -> Result<Parsed> {
    let stay = now.primary_provider.into_iter().chain(now.care_team.iter().copied()).collect();
    parse_with(p, typed, words, stay)
}

/// The record, or what is wrong with which field.
pub type Parsed = std::result::Result<Fields, Vec<FieldError>>;

fn parse_with(p: &Practice, typed: &Typed, words: Words, stay: Vec<MemberId>) -> Result<Parsed> {
    let practice = p.house().practice_info(p.id)?.ok_or(Error::NotFound)?;
    let groups: Vec<GroupId> = groups::all(p)?.into_iter().map(|g| g.id).collect();
    let providers: Vec<MemberId> = members::providers(p)?.into_iter().map(|m| m.id).chain(stay).collect();
    let mut refused = Refused { errors: Vec::new(), words };
    let primary_provider = refused.choice("primary_provider_id", &typed.primary_provider_id, &providers);
    let mut care_team: Vec<MemberId> =
        typed.care_team_ids.iter().filter_map(|id| refused.choice("care_team_ids", id, &providers)).collect();
    care_team.retain(|member| Some(*member) != primary_provider);
    care_team.sort();
    care_team.dedup();
    if care_team.len() > TEAM_LIMIT {
        refused.errors.push(FieldError::new("care_team_ids", words.t("field-too-many")));
    }
    let zone = typed.time_zone.as_str();
    let phone_zone = if zone.is_empty() { &practice.time_zone } else { zone };
    let email = if typed.email.trim().is_empty() { Ok(None) } else { Email::parse(&typed.email).map(Some) };
    let fields = Fields {
        first_name: refused.or_default("first_name", people::name(&typed.first_name)),
        last_name: refused.or_default("last_name", people::name(&typed.last_name)),
        preferred_name: refused.or_default("preferred_name", people::line(&typed.preferred_name)),
        legal_name: refused.or_default("legal_name", people::line(&typed.legal_name)),
        pronouns: refused.or_default("pronouns", people::line(&typed.pronouns)),
        date_of_birth: refused
            .or_default("date_of_birth", people::birth_date(&typed.date_of_birth, p.now.date_in(&practice.time_zone))),
        gender: refused.or_default("gender", people::line(&typed.gender)),
        email: refused.or_default("email", email),
        phone: refused.or_default("phone", people::phone(&typed.phone, phone_zone)),
        time_zone: refused.or_default("time_zone", people::time_zone(zone)),
        group: refused.choice("group_id", &typed.group_id, &groups),
        primary_provider,
        care_team,
        record_number: refused.or_default("record_number", people::line(&typed.record_number)),
        note: refused.or_default("note", people::note(&typed.note)),
    };
    Ok(if refused.errors.is_empty() { Ok(fields) } else { Err(refused.errors) })
}

struct Refused {
    errors: Vec<FieldError>,
    words: Words,
}

impl Refused {
    fn or_default<T: Default>(&mut self, field: &str, parsed: std::result::Result<T, Refusal>) -> T {
        parsed.unwrap_or_else(|refusal| {
            let limit = if field == "note" { people::NOTE_LIMIT } else { LINE_LIMIT }.to_string();
            let text = self.words.with(refusal.key(), &[("limit", &limit)]);
            self.errors.push(FieldError::new(field, text));
            T::default()
        })
    }

    fn choice<T: std::str::FromStr + PartialEq + Copy>(&mut self, field: &str, text: &str, known: &[T]) -> Option<T> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let chosen = text.parse().ok().filter(|id| known.contains(id));
        // A list may hold any number of wrong ones: the field is named once.
        if chosen.is_none() && !self.errors.iter().any(|e| e.field == field) {
            self.errors.push(FieldError::new(field, self.words.t("field-choice")));
        }
        chosen
    }
}
