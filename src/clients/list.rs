//! The list of clients: what is wanted of it, and where a page goes on.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::list_queries;
use crate::clock::Instant;
use crate::error::{Error, FieldError, Result};
use crate::flows::{self, Progress};
use crate::ids::{ClientId, GroupId, MemberId};
use crate::people;
use crate::practice::Practice;

/// Rows of a page on screen, and the most that the API gives at once.
pub const PAGE: i64 = 50;
pub const API_LIMIT: i64 = 200;
/// How far the clients that a list finds are counted. As far as one bulk run reaches: whoever selects them all is told how
/// many they are.
pub const COUNT_LIMIT: i64 = 10_000;
/// How far those that a search finds are counted: each is looked up, and further would take longer than all the rest.
const FOUND_LIMIT: i64 = 1_000;
/// Characters of a search that count.
const SEARCH_LIMIT: usize = 100;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    None,
    /// One or two characters: how a name begins.
    Prefix(String),
    /// Three or more: anywhere in a name, e-mail, phone or record number.
    Fragment(String),
}

impl Search {
    pub fn of(text: &str) -> Search {
        let short: String = text.chars().filter(|c| !c.is_control()).take(SEARCH_LIMIT).collect();
        let mut folded = people::folded(&short);
        // A phone number as people write it is found by its digits.
        let phone_like = folded.chars().all(|c| c.is_ascii_digit() || "+-()./ ".contains(c));
        if phone_like {
            let digits: String = folded.chars().filter(char::is_ascii_digit).collect();
            // A trunk zero is not part of the international form.
            folded = digits.trim_start_matches('0').to_string();
        }
        match folded.chars().count() {
            0 => Search::None,
            1 | 2 => Search::Prefix(folded),
            _ => Search::Fragment(folded),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    Name,
    NameDown,
    Oldest,
    Newest,
}

impl Sort {
    const ALL: [Sort; 4] = [Sort::Name, Sort::NameDown, Sort::Oldest, Sort::Newest];

    pub fn as_str(self) -> &'static str {
        match self {
            Sort::Name => "name",
            Sort::NameDown => "-name",
            Sort::Oldest => "created_at",
            Sort::Newest => "-created_at",
        }
    }

    pub fn parse(text: &str) -> Option<Sort> {
        Sort::ALL.into_iter().find(|sort| sort.as_str() == text)
    }

    fn by_name(self) -> bool {
        matches!(self, Sort::Name | Sort::NameDown)
    }

    /// Before the first row.
    pub fn start(self) -> Cursor {
        match self {
            Sort::Name => Cursor::Name(String::new(), Uuid::nil()),
            // Past every name there is: the last of all characters.
            Sort::NameDown => Cursor::Name("\u{10ffff}".into(), Uuid::max()),
            Sort::Oldest => Cursor::Created(i64::MIN, Uuid::nil()),
            Sort::Newest => Cursor::Created(i64::MAX, Uuid::max()),
        }
    }
}

/// One of a filter's choices: everybody, those who have none, or those who have this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick<T> {
    Any,
    None,
    One(T),
}

impl<T> Pick<T> {
    pub fn map<U>(self, to: impl FnOnce(T) -> U) -> Pick<U> {
        match self {
            Pick::Any => Pick::Any,
            Pick::None => Pick::None,
            Pick::One(one) => Pick::One(to(one)),
        }
    }
}

impl<T: std::str::FromStr> Pick<T> {
    /// Nothing, `none`, or an id.
    fn parse(text: &str) -> Option<Pick<T>> {
        match text {
            "" => Some(Pick::Any),
            "none" => Some(Pick::None),
            id => id.parse().ok().map(Pick::One),
        }
    }
}

/// What the list says of somebody's invitation: the state of the newest, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Not invited, or not at the address that the record has now.
    None,
    Queued,
    Sent,
    Kept,
    Bounced,
    Accepted,
    NoEmail,
}

impl Said {
    pub const ALL: [Said; 7] =
        [Said::None, Said::Queued, Said::Sent, Said::Kept, Said::Bounced, Said::Accepted, Said::NoEmail];

    pub fn as_str(self) -> &'static str {
        match self {
            Said::None => "none",
            Said::Queued => "queued",
            Said::Sent => "sent",
            Said::Kept => "kept",
            Said::Bounced => "bounced",
            Said::Accepted => "accepted",
            Said::NoEmail => "no_email",
        }
    }

    pub fn parse(text: &str) -> Option<Said> {
        Said::ALL.into_iter().find(|said| said.as_str() == text)
    }
}

/// What is wanted of the list.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub search: Search,
    pub status: &'static str,
    pub group: Pick<GroupId>,
    pub provider: Pick<MemberId>,
    pub invitation: Option<Said>,
    pub sort: Sort,
}

/// What stands in the address of the Clients page.
#[derive(Debug, Default, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct ListQuery {
    pub search: String,
    pub status: String,
    pub group_id: String,
    pub provider_id: String,
    pub invitation: String,
    pub sort: String,
    pub cursor: String,
}

impl ListQuery {
    /// The address of the list, from this cursor on.
    pub fn address(&self, cursor: Option<&str>) -> String {
        let text = self.text(cursor);
        if text.is_empty() { "/clients".into() } else { format!("/clients?{text}") }
    }

    /// As it stands behind the question mark; what is not set is left out.
    pub fn text(&self, cursor: Option<&str>) -> String {
        let pairs = [
            ("search", self.search.as_str()),
            ("status", &self.status),
            ("group_id", &self.group_id),
            ("provider_id", &self.provider_id),
            ("invitation", &self.invitation),
            ("sort", &self.sort),
            ("cursor", cursor.unwrap_or_default()),
        ];
        let pairs: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        serde_urlencoded::to_string(pairs).unwrap_or_default()
    }

    /// Without what could not be read: on a page a broken filter is none.
    pub fn sound(mut self) -> ListQuery {
        for error in Wanted::parse(&self).1 {
            match error.field.as_str() {
                "status" => self.status.clear(),
                "group_id" => self.group_id.clear(),
                "provider_id" => self.provider_id.clear(),
                "invitation" => self.invitation.clear(),
                _ => self.sort.clear(),
            }
        }
        self
    }
}

impl Wanted {
    /// What an address wants; what cannot be read of it is left out.
    pub fn of(query: &ListQuery) -> Wanted {
        Wanted::parse(query).0
    }

    /// The same, and what could not be read.
    pub fn parse(query: &ListQuery) -> (Wanted, Vec<FieldError>) {
        let mut wrong = Vec::new();
        let mut refuse = |field: &str, text: &str| wrong.push(FieldError::new(field, text));
        let status = match query.status.as_str() {
            "" | "active" => "active",
            "archived" => "archived",
            _ => {
                refuse("status", "Use active or archived.");
                "active"
            }
        };
        let group = Pick::parse(&query.group_id).unwrap_or_else(|| {
            refuse("group_id", "Use the id of a group, or none.");
            Pick::Any
        });
        let provider = Pick::parse(&query.provider_id).unwrap_or_else(|| {
            refuse("provider_id", "Use the id of a member, or none.");
            Pick::Any
        });
        let invitation = Said::parse(&query.invitation);
        if invitation.is_none() && !query.invitation.is_empty() {
            refuse("invitation", "Use none, queued, sent, kept, bounced, accepted or no_email.");
        }
        let sort = Sort::parse(&query.sort).unwrap_or_else(|| {
            if !query.sort.is_empty() {
                refuse("sort", "Use name, -name, created_at or -created_at.");
            }
            Sort::Name
        });
        (Wanted { search: Search::of(&query.search), status, group, provider, invitation, sort }, wrong)
    }

    /// How far the page counts them.
    pub fn count_limit(&self) -> i64 {
        if self.search == Search::None { COUNT_LIMIT } else { FOUND_LIMIT }
    }

    /// Whether the list is less than everybody.
    pub fn is_narrowed(&self) -> bool {
        self.search != Search::None
            || self.status != "active"
            || self.group != Pick::Any
            || self.provider != Pick::Any
            || self.invitation.is_some()
    }
}

/// What an address that stands behind a question mark wants. Errors: what of it cannot be read; a filter that is left out
/// would find more people than were meant.
fn strictly(query: &str) -> Result<Wanted> {
    let query: ListQuery =
        serde_urlencoded::from_str(query).map_err(|_| Error::Invalid(vec![FieldError::new("filter", UNREADABLE)]))?;
    let (wanted, mut wrong) = Wanted::parse(&query);
    // A search of signs alone finds everybody.
    if wanted.search == Search::None && !query.search.is_empty() {
        wrong.push(FieldError::new("search", UNREADABLE));
    }
    if wrong.is_empty() { Ok(wanted) } else { Err(Error::Invalid(wrong)) }
}

const UNREADABLE: &str = "The filter cannot be read.";

/// Whether everything of a filter can be read.
pub fn understands(query: &str) -> Result<()> {
    strictly(query).map(drop)
}

/// The ids of everybody whom an address (what stands behind its question mark) finds, so many at a time; and where to go
/// on, if there are more.
pub fn gather(p: &Practice, query: &str, cursor: Option<&str>, limit: i64) -> Result<(Vec<ClientId>, Option<String>)> {
    let wanted = strictly(query)?;
    let after = match cursor {
        Some(cursor) => Cursor::parse(cursor, wanted.sort)?,
        None => wanted.sort.start(),
    };
    let found = page(p, &wanted, &after, limit)?;
    Ok((found.rows.iter().map(|row| row.id).collect(), found.next.map(|next| next.text())))
}

/// The row after which a page goes on. It names no practice: whatever it says, the list stays this practice's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    Name(String, Uuid),
    Created(i64, Uuid),
}

impl Cursor {
    pub fn text(&self) -> String {
        let (kind, key, id) = match self {
            Cursor::Name(name, id) => ('n', name.clone(), id),
            Cursor::Created(at, id) => ('t', at.to_string(), id),
        };
        URL_SAFE_NO_PAD.encode(format!("{kind}{}{key}", id.simple()))
    }

    /// Errors: not a cursor of this sort order.
    pub fn parse(text: &str, sort: Sort) -> Result<Cursor> {
        let bad = || Error::bad_request("The cursor is not one of this list.");
        if text.len() > 2_000 {
            return Err(bad());
        }
        let text = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(bad)?;
        let kind = text.chars().next().ok_or_else(bad)?;
        let id = text.get(1..33).and_then(|id| Uuid::try_parse(id).ok()).ok_or_else(bad)?;
        let key = text.get(33..).unwrap_or_default();
        match (kind, sort.by_name()) {
            ('n', true) if !key.contains('\0') => Ok(Cursor::Name(key.to_string(), id)),
            ('t', false) => Ok(Cursor::Created(key.parse().map_err(|_| bad())?, id)),
            _ => Err(bad()),
        }
    }
}

/// One row.
#[derive(Debug, Clone)]
pub struct Listed {
    pub id: ClientId,
    pub first_name: String,
    pub last_name: String,
    pub preferred_name: Option<String>,
    pub pronouns: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub sort_name: String,
    pub created_at: Instant,
    pub group_name: Option<String>,
    pub group_colour: Option<String>,
    pub provider: Option<String>,
    pub source: String,
    pub record_number: Option<String>,
    pub group: Option<GroupId>,
    pub primary_provider: Option<MemberId>,
    /// State of the newest invitation.
    pub invitation: Option<String>,
    pub legal_name: Option<String>,
    pub date_of_birth: Option<String>,
    pub gender: Option<String>,
    pub time_zone: Option<String>,
    pub status: String,
    /// Filled in by `count_forms`, for whoever shows it.
    pub forms: Progress,
}

impl Listed {
    pub fn name(&self) -> String {
        format!("{} {}", self.preferred_name.as_ref().unwrap_or(&self.first_name), self.last_name)
    }
}

/// A page of rows, and where the next one starts.
#[derive(Debug, Clone)]
pub struct Rows {
    pub rows: Vec<Listed>,
    pub next: Option<Cursor>,
}

pub fn page(p: &Practice, wanted: &Wanted, after: &Cursor, limit: i64) -> Result<Rows> {
    let mut rows = list_queries::list(p, wanted, after, limit + 1)?;
    let more = i64::try_from(rows.len()).unwrap_or(0) > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next = rows.last().filter(|_| more).map(|last| match wanted.sort.by_name() {
        true => Cursor::Name(last.sort_name.clone(), last.id.0),
        false => Cursor::Created(last.created_at.0, last.id.0),
    });
    Ok(Rows { rows, next })
}

/// Counts the forms of everybody in some rows.
pub fn count_forms(p: &Practice, rows: &mut [Listed]) -> Result<()> {
    let ids: Vec<ClientId> = rows.iter().map(|row| row.id).collect();
    let found = flows::progress(p, &ids)?;
    for row in rows {
        row.forms = found.get(&row.id).copied().unwrap_or_default();
    }
    Ok(())
}

/// How many there are, up to one more than the limit.
pub fn count(p: &Practice, wanted: &Wanted, limit: i64) -> Result<i64> {
    list_queries::count(p, wanted, limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches() {
        let cases = [
            ("", Search::None),
            ("  ", Search::None),
            ("M", Search::Prefix("m".into())),
            ("王伟", Search::Prefix("王伟".into())),
            ("Mül", Search::Fragment("mul".into())),
            ("(212) 555", Search::Fragment("212555".into())),
            ("030 901", Search::Fragment("30901".into())),
            ("ana@", Search::Fragment("ana@".into())),
        ];
        for (text, expected) in cases {
            assert_eq!(Search::of(text), expected, "{text}");
        }
    }

    #[test]
    fn cursors_read_back_and_rubbish_is_refused() {
        for cursor in [Cursor::Name("müller ana".into(), Uuid::from_u128(5)), Cursor::Created(7, Uuid::from_u128(6))] {
            let sort = if matches!(cursor, Cursor::Name(..)) { Sort::Name } else { Sort::Newest };
            assert_eq!(Cursor::parse(&cursor.text(), sort).ok(), Some(cursor.clone()));
            let other = if sort == Sort::Name { Sort::Newest } else { Sort::Name };
            assert!(Cursor::parse(&cursor.text(), other).is_err());
        }
        for bad in ["", "x", "AAAA", &"A".repeat(3_000), "bm9wZQ"] {
            assert!(Cursor::parse(bad, Sort::Name).is_err(), "{bad}");
        }
    }
}
