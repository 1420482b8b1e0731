use super::profile::{Change, Profile};
use super::{NewPractice, SecuritySettings};
use crate::access::Role;
use crate::error::Result;
use crate::ids::PracticeId;
use crate::params;
use crate::practice::House;

crate::sql! {
    house INSERT = "insert into practices (id, slug, name, time_zone, created_at) values ($1, $2, $3, $4, $5)";
    house BY_SLUG = "select id from practices where slug = $1";
    house ANY = "select id from practices limit 1";
    house SAVE_SECURITY =
        "update practices set staff_idle_minutes = $2, client_idle_minutes = $3, clients_may_change_email = $4,
         version = version + 1 where id = $1";
    house SAVE_SECOND_FACTOR_ROLES =
        "update practices set second_factor_roles = $2, version = version + 1 where id = $1";
    house FIND =
        "select name, slug, time_zone, created_at, version, second_factor_roles from practices where id = $1";
    house SAVE = "update practices set name = $2, time_zone = $3, version = version + 1 where id = $1";
    house REMEMBER = "insert into installation (key, value) values ($1, $2)";
    house REMEMBERED = "select value from installation where key = $1";
    house FORGET = "delete from installation where key = $1";
}

pub fn insert(h: &House, id: PracticeId, slug: &str, new: &NewPractice) -> Result<()> {
    h.run(&INSERT, params![id, slug, &new.name, &new.time_zone, h.now]).map(drop)
}

pub fn by_slug(h: &House, slug: &str) -> Result<Option<PracticeId>> {
    h.one(&BY_SLUG, params![slug], |row| Ok(row.get(0)?))
}

pub fn any(h: &House) -> Result<bool> {
    Ok(h.one(&ANY, params![], |row| Ok(row.get::<PracticeId>(0)?))?.is_some())
}

pub fn save_security(h: &House, id: PracticeId, settings: SecuritySettings) -> Result<()> {
    let values =
        params![id, settings.staff_idle_minutes, settings.client_idle_minutes, settings.clients_may_change_email];
    h.run(&SAVE_SECURITY, values).map(drop)
}

pub fn save_second_factor_roles(h: &House, id: PracticeId, roles: &str) -> Result<()> {
    h.run(&SAVE_SECOND_FACTOR_ROLES, params![id, roles]).map(drop)
}

pub fn find(h: &House, id: PracticeId) -> Result<Option<Profile>> {
    h.one(&FIND, params![id], |row| {
        Ok(Profile {
            id,
            name: row.get(0)?,
            slug: row.get(1)?,
            time_zone: row.get(2)?,
            created_at: row.get(3)?,
            version: row.get(4)?,
            second_factor_roles: Role::parse_all(&row.get::<String>(5)?),
        })
    })
}

pub fn save(h: &House, id: PracticeId, to: &Change) -> Result<()> {
    h.run(&SAVE, params![id, &to.name, &to.time_zone]).map(drop)
}

pub fn remember(h: &House, key: &str, value: &str) -> Result<()> {
    h.run(&REMEMBER, params![key, value]).map(drop)
}

pub fn remembered(h: &House, key: &str) -> Result<Option<String>> {
    h.one(&REMEMBERED, params![key], |row| Ok(row.get(0)?))
}

pub fn forget(h: &House, key: &str) -> Result<()> {
    h.run(&FORGET, params![key]).map(drop)
}
