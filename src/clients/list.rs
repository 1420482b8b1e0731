//! The list of clients: what is wanted of it, and where a page goes on.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::queries;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::ids::{ClientId, GroupId, MemberId};
use crate::people;
use crate::practice::Practice;

/// Rows of a page on screen, and the most that the API gives at once.
pub const PAGE: i64 = 50;
pub const API_LIMIT: i64 = 200;
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
    Newest,
}

impl Sort {
    /// `name` or `-created_at`; nothing else.
    pub fn parse(text: &str) -> Option<Sort> {
        match text {
            "" | "name" => Some(Sort::Name),
            "-created_at" => Some(Sort::Newest),
            _ => None,
        }
    }

    /// Before the first row.
    pub fn start(self) -> Cursor {
        match self {
            Sort::Name => Cursor::Name(String::new(), Uuid::nil()),
            Sort::Newest => Cursor::Newest(i64::MAX, Uuid::max()),
        }
    }
}

/// What is wanted of the list.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub search: Search,
    pub status: String,
    pub group: Option<GroupId>,
    pub sort: Sort,
}

/// What stands in the address of the Clients page.
#[derive(Debug, Default, Clone, serde::Deserialize)]
#[serde(default)]
pub struct ListQuery {
    pub search: String,
    pub sort: String,
    pub group_id: String,
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
            ("group_id", &self.group_id),
            ("sort", &self.sort),
            ("cursor", cursor.unwrap_or_default()),
        ];
        let pairs: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        serde_urlencoded::to_string(pairs).unwrap_or_default()
    }
}

impl Wanted {
    /// What a page's address wants; what cannot be read of it is left out.
    pub fn of(query: &ListQuery) -> Wanted {
        Wanted {
            search: Search::of(&query.search),
            status: "active".into(),
            group: query.group_id.parse().ok(),
            sort: Sort::parse(&query.sort).unwrap_or(Sort::Name),
        }
    }

    /// Whether the list is less than everybody.
    pub fn is_narrowed(&self) -> bool {
        self.search != Search::None || self.group.is_some()
    }
}

/// The ids of everybody whom an address (what stands behind its question mark) finds, so many at a time; and where to go
/// on, if there are more.
pub fn gather(p: &Practice, query: &str, cursor: Option<&str>, limit: i64) -> Result<(Vec<ClientId>, Option<String>)> {
    let query: ListQuery = serde_urlencoded::from_str(query).unwrap_or_default();
    let wanted = Wanted::of(&query);
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
    Newest(i64, Uuid),
}

impl Cursor {
    pub fn text(&self) -> String {
        let (kind, key, id) = match self {
            Cursor::Name(name, id) => ('n', name.clone(), id),
            Cursor::Newest(at, id) => ('t', at.to_string(), id),
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
        match (kind, sort) {
            ('n', Sort::Name) if !key.contains('\0') => Ok(Cursor::Name(key.to_string(), id)),
            ('t', Sort::Newest) => Ok(Cursor::Newest(key.parse().map_err(|_| bad())?, id)),
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
    pub provider: Option<String>,
    pub source: String,
    pub record_number: Option<String>,
    pub group: Option<GroupId>,
    pub primary_provider: Option<MemberId>,
    /// State of the newest invitation.
    pub invitation: Option<String>,
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
    let mut rows = queries::list(p, wanted, after, limit + 1)?;
    let more = i64::try_from(rows.len()).unwrap_or(0) > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next = rows.last().filter(|_| more).map(|last| match wanted.sort {
        Sort::Name => Cursor::Name(last.sort_name.clone(), last.id.0),
        Sort::Newest => Cursor::Newest(last.created_at.0, last.id.0),
    });
    Ok(Rows { rows, next })
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
        for cursor in [Cursor::Name("müller ana".into(), Uuid::from_u128(5)), Cursor::Newest(7, Uuid::from_u128(6))] {
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
