//! What a practice has decided about its chat, and what a member has of their own.

use jiff::civil::Date;

use super::hours::Hours;
use crate::audit::Entry;
use crate::error::{Error, FieldError, Result};
use crate::ids::MemberId;
use crate::params;
use crate::people;
use crate::practice::Practice;

/// Characters of a text that is sent by itself.
pub const TEXT_LIMIT: usize = 2_000;
/// Minutes after which a mail tells of an unread message, as they can be chosen; 0: never.
pub const NOTICES: [i64; 6] = [0, 5, 10, 30, 60, 240];

const WELCOME: &str = "Hello {client}, welcome. This is the place where we can write to each other. If you have a question \
before we meet, send it here.\n\n{provider}";
const AWAY: &str = "I am away at the moment and will read your message when I am back.";
const AFTER_HOURS: &str = "Thank you for your message. We are out of the office now and will read it when we are back.";

crate::sql! {
    tenant FIND =
        "select welcome, welcome_text, clients_begin, crisis_line, notice_minutes, hours, hours_text, version
         from chat_settings where practice_id = $1";
    tenant SAVE =
        "insert into chat_settings (practice_id, welcome, welcome_text, clients_begin, crisis_line, notice_minutes, hours,
         hours_text, version) values ($1, $2, $3, $4, $5, $6, $7, $8, 1)
         on conflict (practice_id) do update set welcome = excluded.welcome, welcome_text = excluded.welcome_text,
         clients_begin = excluded.clients_begin, crisis_line = excluded.crisis_line,
         notice_minutes = excluded.notice_minutes, hours = excluded.hours, hours_text = excluded.hours_text,
         version = chat_settings.version + 1";
    tenant OWN =
        "select welcome_text, away_from, away_until, away_text from chat_members where practice_id = $1 and member_id = $2";
    tenant SAVE_OWN =
        "insert into chat_members (practice_id, member_id, welcome_text, away_from, away_until, away_text)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (practice_id, member_id) do update set welcome_text = excluded.welcome_text,
         away_from = excluded.away_from, away_until = excluded.away_until, away_text = excluded.away_text";
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// New clients are welcomed by themselves.
    pub welcome: bool,
    pub welcome_text: String,
    /// Clients may write first.
    pub clients_begin: bool,
    /// Above the field in the portal; empty: the default.
    pub crisis_line: String,
    pub notice_minutes: i64,
    pub hours: Hours,
    pub hours_text: String,
    pub version: i64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            welcome: false,
            welcome_text: WELCOME.into(),
            clients_begin: false,
            crisis_line: String::new(),
            notice_minutes: 10,
            hours: Hours::default(),
            hours_text: AFTER_HOURS.into(),
            version: 0,
        }
    }
}

pub fn settings(p: &Practice) -> Result<Settings> {
    let found = p.one(&FIND, params![], |row| {
        Ok(Settings {
            welcome: row.get(0)?,
            welcome_text: row.get(1)?,
            clients_begin: row.get(2)?,
            crisis_line: row.get(3)?,
            notice_minutes: row.get(4)?,
            hours: Hours::kept(&row.get::<String>(5)?),
            hours_text: row.get(6)?,
            version: row.get(7)?,
        })
    })?;
    Ok(found.unwrap_or_default())
}

/// Saves what has changed; each new text applies from now on.
pub fn save(p: &Practice, new: &Settings) -> Result<()> {
    let old = settings(p)?;
    let new = Settings { version: old.version, ..new.clone() };
    if new == old {
        return Ok(());
    }
    let changed = [
        ("welcome", new.welcome != old.welcome),
        ("welcome_text", new.welcome_text != old.welcome_text),
        ("clients_begin", new.clients_begin != old.clients_begin),
        ("crisis_line", new.crisis_line != old.crisis_line),
        ("notice_minutes", new.notice_minutes != old.notice_minutes),
        ("hours", new.hours != old.hours),
        ("hours_text", new.hours_text != old.hours_text),
    ];
    let changed: Vec<&str> = changed.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect();
    let values = params![
        new.welcome,
        &new.welcome_text,
        new.clients_begin,
        &new.crisis_line,
        new.notice_minutes,
        new.hours.text(),
        &new.hours_text,
    ];
    p.run(&SAVE, values)?;
    p.audit(&Entry::new("chat.settings_changed", "practice", Some(p.id.0)).detail(changed.join(", ")))
}

/// What a member has of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Own {
    /// Nothing: the practice's.
    pub welcome_text: Option<String>,
    pub away: Option<Away>,
}

/// Days on which somebody is away, both included, where the practice is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    pub from: Date,
    pub until: Date,
    pub text: String,
}

impl Away {
    pub fn holds_on(&self, day: Date) -> bool {
        self.from <= day && day <= self.until
    }
}

pub fn own(p: &Practice, member: MemberId) -> Result<Own> {
    let found = p.one(&OWN, params![member], |row| {
        let day = |n: usize| Ok::<_, Error>(row.get::<Option<String>>(n)?.and_then(|text| text.parse::<Date>().ok()));
        let text: Option<String> = row.get(3)?;
        let away = day(1)?.zip(day(2)?);
        let text = text.unwrap_or_else(|| AWAY.into());
        Ok(Own { welcome_text: row.get(0)?, away: away.map(|(from, until)| Away { from, until, text }) })
    })?;
    Ok(found.unwrap_or_default())
}

pub fn save_own(p: &Practice, member: MemberId, new: &Own) -> Result<()> {
    let (from, until, text) = match &new.away {
        Some(away) => (Some(away.from.to_string()), Some(away.until.to_string()), Some(away.text.clone())),
        None => (None, None, None),
    };
    p.run(&SAVE_OWN, params![member, new.welcome_text.clone(), from, until, text])?;
    p.audit(&Entry::new("chat.own_changed", "member", Some(member.0)))
}

/// Days and a text as they were typed. Errors: the fields that are wrong. Both days empty: nobody is away.
pub fn away(from: &str, until: &str, text: &str) -> std::result::Result<Option<Away>, Vec<FieldError>> {
    if from.trim().is_empty() && until.trim().is_empty() {
        return Ok(None);
    }
    let day = |field: &str, typed: &str| {
        typed.trim().parse::<Date>().map_err(|_| FieldError::new(field, "Enter a date, such as 2026-07-31."))
    };
    let text = long_text("away_text", text).map(|text| if text.is_empty() { AWAY.to_string() } else { text });
    match (day("away_from", from), day("away_until", until), text) {
        (Ok(from), Ok(until), Ok(_)) if until < from => {
            Err(vec![FieldError::new("away_until", "The last day is before the first.")])
        }
        (Ok(from), Ok(until), Ok(text)) => Ok(Some(Away { from, until, text })),
        (from, until, text) => Err([from.err(), until.err(), text.err()].into_iter().flatten().collect()),
    }
}

/// A text of some lines, as it was typed.
pub fn long_text(field: &str, typed: &str) -> std::result::Result<String, FieldError> {
    match people::note(typed) {
        Ok(text) if text.as_ref().is_some_and(|text| text.chars().count() > TEXT_LIMIT) => {
            Err(FieldError::new(field, format!("Use {TEXT_LIMIT} characters at most.")))
        }
        Ok(text) => Ok(text.unwrap_or_default()),
        Err(people::Refusal::TooLong) => Err(FieldError::new(field, format!("Use {TEXT_LIMIT} characters at most."))),
        Err(_) => Err(FieldError::new(field, "This holds a character that is none of any text.")),
    }
}
