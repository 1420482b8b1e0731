//! Records that may already stand for the same person: the same e-mail, or the same name and birth date or phone.
//!
//! Only what the person who adds may see is compared with: what they may not see does not exist for them.

use super::record::Fields;
use crate::access::Reach;
use crate::db::TenantSql;
use crate::error::Result;
use crate::ids::ClientId;
use crate::params;
use crate::practice::Practice;

/// Records named at most; more would not help anybody to decide.
const LIMIT: usize = 10;
/// Records of one name or e-mail that are compared; in no order, so that the index of the key alone is used.
const COMPARED: i64 = 100;

macro_rules! like {
    ($condition:literal, $reach:literal) => {
        concat!(
            "select c.id, c.first_name, c.last_name, c.preferred_name, c.date_of_birth, c.email, c.email_key, c.phone,
             c.sort_name, c.status from clients c where c.practice_id = $1 and c.merged_into is null and ",
            $condition,
            $reach,
            " limit $3"
        )
    };
}
crate::sql! {
    tenant BY_EMAIL = like!("c.email_key = $2", "");
    tenant BY_EMAIL_TEAM = like!("c.email_key = $2", " and exists (select 1 from care_team t
        where t.practice_id = $1 and t.client_id = c.id and t.member_id = $4)");
    tenant BY_NAME = like!("c.sort_name = $2", "");
    tenant BY_NAME_TEAM = like!("c.sort_name = $2", " and exists (select 1 from care_team t
        where t.practice_id = $1 and t.client_id = c.id and t.member_id = $4)");
}

/// What two records have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Common {
    Name,
    Email,
    BirthDate,
    Phone,
}

impl Common {
    fn said(self) -> &'static str {
        match self {
            Common::Name => "name",
            Common::Email => "email",
            Common::BirthDate => "birth date",
            Common::Phone => "phone",
        }
    }
}

/// A record that may be the same person's.
#[derive(Debug, Clone)]
pub struct Duplicate {
    pub id: ClientId,
    pub name: String,
    pub date_of_birth: Option<String>,
    pub email: Option<String>,
    pub archived: bool,
    pub common: Vec<Common>,
}

impl Duplicate {
    /// The birth date as people say it; empty where it is not known.
    pub fn born(&self) -> String {
        born_said(self.date_of_birth.as_deref())
    }

    /// "Same name and birth date".
    pub fn why(&self) -> String {
        let said: Vec<&str> = self.common.iter().map(|common| common.said()).collect();
        match said.split_last() {
            None => String::new(),
            Some((last, [])) => format!("Same {last}"),
            Some((last, rest)) => format!("Same {} and {last}", rest.join(", ")),
        }
    }

    /// Beyond an e-mail, which brothers and sisters may share, also the name.
    pub fn is_likely(&self) -> bool {
        self.common.contains(&Common::Name)
    }
}

/// A birth date of the database as people say it; empty where it is not known.
pub fn born_said(date_of_birth: Option<&str>) -> String {
    let date = date_of_birth.and_then(|text| text.parse::<jiff::civil::Date>().ok());
    date.map(|date| date.strftime("%-d %b %Y").to_string()).unwrap_or_default()
}

/// The records that may be the same person as these fields, the oldest first; `except` is the record itself.
pub fn of(p: &Practice, fields: &Fields, except: Option<ClientId>) -> Result<Vec<Duplicate>> {
    let mut found = Vec::new();
    if let Some(email) = &fields.email {
        found.extend(all(p, &BY_EMAIL, &BY_EMAIL_TEAM, &email.key, fields)?);
    }
    let named = all(p, &BY_NAME, &BY_NAME_TEAM, &fields.sort_name(), fields)?;
    found.extend(named.into_iter().filter(|one| one.common.len() > 1));
    found.retain(|one| Some(one.id) != except);
    found.sort_by_key(|one| one.id.0);
    found.dedup_by_key(|one| one.id);
    found.truncate(LIMIT);
    Ok(found)
}

fn all(
    p: &Practice,
    everybody: &'static TenantSql,
    team: &'static TenantSql,
    key: &str,
    fields: &Fields,
) -> Result<Vec<Duplicate>> {
    match p.actor.reach() {
        Reach::All => p.all(everybody, params![key, COMPARED], |row| duplicate(row, fields)),
        Reach::CareTeam(me) => p.all(team, params![key, COMPARED, me], |row| duplicate(row, fields)),
        Reach::Own(_) | Reach::Nobody => Ok(Vec::new()),
    }
}

fn duplicate(row: &crate::db::Row, fields: &Fields) -> Result<Duplicate> {
    let (first, last): (String, String) = (row.get(1)?, row.get(2)?);
    let called: Option<String> = row.get(3)?;
    let date_of_birth: Option<String> = row.get(4)?;
    let (email, email_key, phone): (Option<String>, Option<String>, Option<String>) =
        (row.get(5)?, row.get(6)?, row.get(7)?);
    let sort_name: String = row.get(8)?;
    let status: String = row.get(9)?;
    let mut common = Vec::new();
    if sort_name == fields.sort_name() {
        common.push(Common::Name);
    }
    if email_key.is_some() && email_key == fields.email.as_ref().map(|email| email.key.clone()) {
        common.push(Common::Email);
    }
    if date_of_birth.is_some() && date_of_birth == fields.date_of_birth.map(|date| date.to_string()) {
        common.push(Common::BirthDate);
    }
    if phone.is_some() && phone == fields.phone {
        common.push(Common::Phone);
    }
    Ok(Duplicate {
        id: row.get(0)?,
        name: format!("{} {last}", called.unwrap_or(first)),
        date_of_birth,
        email,
        archived: status == "archived",
        common,
    })
}
