use uuid::Uuid;

use super::record::{Client, Fields};
use crate::error::Result;
use crate::ids::ClientId;
use crate::params;
use crate::people::Email;
use crate::practice::{House, Practice};

crate::sql! {
    tenant INSERT =
        "insert into clients (practice_id, id, first_name, last_name, preferred_name, legal_name, pronouns, date_of_birth,
         gender, email, email_key, phone, time_zone, group_id, primary_provider_id, record_number, note_sealed, sort_name,
         search_text, status, source, created_at, updated_at, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 'active', $20,
         $21, $21, 1)";
    tenant UPDATE =
        "update clients set first_name = $3, last_name = $4, preferred_name = $5, legal_name = $6, pronouns = $7,
         date_of_birth = $8, gender = $9, email = $10, email_key = $11, phone = $12, time_zone = $13, group_id = $14,
         primary_provider_id = $15, record_number = $16, note_sealed = $17, note = null, sort_name = $18, search_text = $19,
         updated_at = $20, version = version + 1 where practice_id = $1 and id = $2";
    tenant SET_STATUS =
        "update clients set status = $3, updated_at = $4, version = version + 1 where practice_id = $1 and id = $2";
    // In this slice and not in the chat's because that asks for clients: slices form no cycle.
    tenant WAITING_MESSAGES =
        "select cast(coalesce(sum((select count(*) from scheduled_messages s
             where s.practice_id = v.practice_id and s.conversation_id = v.id and s.state = 'waiting')), 0) as bigint)
         from conversations v where v.practice_id = $1 and v.client_id = $2";
    tenant END_WAITING_MESSAGES =
        "update scheduled_messages set state = 'cancelled' where practice_id = $1 and state = 'waiting'
             and conversation_id in (select v.id from conversations v where v.practice_id = $1 and v.client_id = $2)";
    tenant BY_ID =
        "select id, first_name, last_name, preferred_name, legal_name, pronouns, date_of_birth, gender, email, phone,
         time_zone, group_id, primary_provider_id, record_number, note_sealed, status, source, created_at, updated_at, version,
         merged_into from clients where practice_id = $1 and id = $2";
    tenant MERGED_INTO = "select merged_into from clients where practice_id = $1 and id = $2 and merged_into is not null";
    tenant SET_MERGED =
        "update clients set status = $3, merged_into = $4, updated_at = $5, version = version + 1
         where practice_id = $1 and id = $2";
    across("notes of every practice are sealed when the program starts") IN_CLEAR =
        "select practice_id, id, note from clients where practice_id > $1 and note is not null limit $2";
    across("notes of every practice are sealed when the program starts") SEAL =
        "update clients set note_sealed = $3, note = null where practice_id = $1 and id = $2";
    tenant JOINED_GROUP =
        "select g.name from sign_ups s
         join invite_links l on l.practice_id = s.practice_id and l.id = s.link_id
         join client_groups g on g.practice_id = l.practice_id and g.id = l.group_id
         where s.practice_id = $1 and s.client_id = $2";
    tenant DELETE_PREFIXES = "delete from client_prefixes where practice_id = $1 and client_id = $2";
    tenant INSERT_PREFIX =
        "insert into client_prefixes (practice_id, client_id, prefix, sort_name) values ($1, $2, $3, $4)
         on conflict do nothing";
}

crate::sealed! { NOTE = "client note" in clients (practice_id, id) note_sealed }

fn values(p: &Practice, id: ClientId, f: &Fields) -> Vec<crate::db::Value> {
    params![
        id,
        &f.first_name,
        &f.last_name,
        f.preferred_name.clone(),
        f.legal_name.clone(),
        f.pronouns.clone(),
        f.date_of_birth.map(|d| d.to_string()),
        f.gender.clone(),
        f.email.as_ref().map(|e| e.address.clone()),
        f.email.as_ref().map(|e| e.key.clone()),
        f.phone.clone(),
        f.time_zone.clone(),
        f.group,
        f.primary_provider,
        f.record_number.clone(),
        p.app.secrets.seal_text(NOTE.what, &[p.id.0, id.0], f.note.as_deref()),
        f.sort_name(),
        f.search_text(),
    ]
}

pub fn insert(p: &Practice, id: ClientId, fields: &Fields, source: &str) -> Result<()> {
    let mut all = values(p, id, fields);
    all.extend(params![source, p.now]);
    p.run(&INSERT, all).map(drop)
}

pub fn update(p: &Practice, id: ClientId, fields: &Fields) -> Result<()> {
    let mut all = values(p, id, fields);
    all.extend(params![p.now]);
    p.run(&UPDATE, all).map(drop)
}

pub fn set_status(p: &Practice, id: ClientId, status: &str) -> Result<()> {
    p.run(&SET_STATUS, params![id, status, p.now]).map(drop)
}

/// Messages to a client that wait for their time.
pub fn waiting_messages(p: &Practice, id: ClientId) -> Result<i64> {
    Ok(p.one(&WAITING_MESSAGES, params![id], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

pub fn end_waiting_messages(p: &Practice, id: ClientId) -> Result<()> {
    p.run(&END_WAITING_MESSAGES, params![id]).map(drop)
}

/// The record that one was merged into, if it was.
pub fn merged_into(p: &Practice, id: ClientId) -> Result<Option<ClientId>> {
    p.one(&MERGED_INTO, params![id], |row| Ok(row.get(0)?))
}

/// `into`: nothing: it stands by itself again.
pub fn set_merged(p: &Practice, id: ClientId, status: &str, into: Option<ClientId>) -> Result<()> {
    p.run(&SET_MERGED, params![id, status, into, p.now]).map(drop)
}

pub fn set_prefixes(p: &Practice, id: ClientId, fields: &Fields) -> Result<()> {
    p.run(&DELETE_PREFIXES, params![id])?;
    let sort_name = fields.sort_name();
    for prefix in fields.prefixes() {
        p.run(&INSERT_PREFIX, params![id, prefix, &sort_name])?;
    }
    Ok(())
}

/// Seals so many notes that still stand in clear; how many there were.
pub fn seal_notes(h: &House, limit: i64) -> Result<usize> {
    let clear = h.all(&IN_CLEAR, params![Uuid::nil(), limit], |row| {
        Ok((row.get::<Uuid>(0)?, row.get::<Uuid>(1)?, row.get::<Option<String>>(2)?))
    })?;
    for (practice, id, note) in &clear {
        let sealed = h.app.secrets.seal_text(NOTE.what, &[*practice, *id], note.as_deref());
        h.run(&SEAL, params![*practice, *id, sealed])?;
    }
    Ok(clear.len())
}

fn note(p: &Practice, id: ClientId, sealed: Option<Vec<u8>>) -> Result<Option<String>> {
    p.app.secrets.unseal_text(NOTE.what, &[p.id.0, id.0], sealed.as_deref())
}

/// The group of the invite link that a client signed up by.
pub fn joined_group(p: &Practice, id: ClientId) -> Result<Option<String>> {
    p.one(&JOINED_GROUP, params![id], |row| Ok(row.get(0)?))
}

pub fn by_id(p: &Practice, id: ClientId) -> Result<Option<Client>> {
    let mut client = p.one(&BY_ID, params![id], |row| {
        let born: Option<String> = row.get(6)?;
        Ok(Client {
            id: row.get(0)?,
            fields: Fields {
                first_name: row.get(1)?,
                last_name: row.get(2)?,
                preferred_name: row.get(3)?,
                legal_name: row.get(4)?,
                pronouns: row.get(5)?,
                date_of_birth: born.and_then(|text| text.parse().ok()),
                gender: row.get(7)?,
                email: row.get::<Option<String>>(8)?.map(Email::stored),
                phone: row.get(9)?,
                time_zone: row.get(10)?,
                group: row.get(11)?,
                primary_provider: row.get(12)?,
                care_team: Vec::new(),
                record_number: row.get(13)?,
                note: note(p, id, row.get::<Option<Vec<u8>>>(14)?)?,
            },
            status: row.get(15)?,
            source: row.get(16)?,
            created_at: row.get(17)?,
            updated_at: row.get(18)?,
            version: row.get(19)?,
            merged_into: row.get(20)?,
        })
    })?;
    if let Some(client) = &mut client {
        let primary = client.fields.primary_provider;
        client.fields.care_team =
            crate::care_team::members(p, id)?.into_iter().filter(|m| Some(*m) != primary).collect();
        client.fields.care_team.sort();
    }
    Ok(client)
}
