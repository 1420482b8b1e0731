use super::{Contact, Fields, Relation};
use crate::access::Rights;
use crate::clock::Instant;
use crate::db::{Row, Value};
use crate::error::Result;
use crate::ids::{ClientId, ContactId};
use crate::params;
use crate::people::Email;
use crate::portal_access::Consent;
use crate::practice::Practice;

macro_rules! select {
    ($where:literal) => {
        concat!(
            "select id, client_id, first_name, last_name, relation, email, phone, emergency, main, version, removed_at,
             rights, consent, agreed
             from contacts where practice_id = $1 and ",
            $where
        )
    };
}

crate::sql! {
    tenant OF_CLIENT = select!("client_id = $2 and removed_at is null order by created_at, id limit 100");
    tenant BY_ID = select!("id = $2");
    tenant INSERT =
        "insert into contacts (practice_id, id, client_id, first_name, last_name, relation, email, phone, emergency, main,
         rights, created_at, version) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1)";
    tenant UPDATE =
        "update contacts set first_name = $3, last_name = $4, relation = $5, email = $6, phone = $7, emergency = $8,
         main = $9, rights = $10, version = version + 1 where practice_id = $1 and id = $2";
    tenant SET_CONSENT = "update contacts set consent = $3, agreed = $4 where practice_id = $1 and id = $2";
    tenant ONLY_MAIN =
        "update contacts set main = false, version = version + 1
         where practice_id = $1 and client_id = $2 and id <> $3 and main";
    // Who comes back is not the main contact: somebody else may be by now.
    tenant SET_REMOVED =
        "update contacts set removed_at = $3, main = false, version = version + 1 where practice_id = $1 and id = $2";
}

fn contact(row: &Row) -> Result<Contact> {
    let relation: String = row.get(4)?;
    Ok(Contact {
        id: row.get(0)?,
        client: row.get(1)?,
        fields: Fields {
            first_name: row.get(2)?,
            last_name: row.get(3)?,
            relation: Relation::parse(&relation).unwrap_or(Relation::Other),
            email: row.get::<Option<String>>(5)?.map(Email::stored),
            phone: row.get(6)?,
            emergency: row.get(7)?,
            main: row.get(8)?,
            rights: Rights::parse(&row.get::<String>(11)?),
        },
        consent: Consent::parse(&row.get::<String>(12)?).unwrap_or(Consent::Refused),
        agreed: Rights::parse(&row.get::<String>(13)?),
        version: row.get(9)?,
        removed: row.get::<Option<Instant>>(10)?.is_some(),
    })
}

fn values(fields: &Fields) -> Vec<Value> {
    params![
        &fields.first_name,
        fields.last_name.clone(),
        fields.relation.as_str(),
        fields.email.as_ref().map(|email| email.address.clone()),
        fields.phone.clone(),
        fields.emergency,
        fields.main,
        fields.rights.kept(),
    ]
}

/// Those who are not removed, in the order in which they were added.
pub fn of_client(p: &Practice, client: ClientId) -> Result<Vec<Contact>> {
    p.all(&OF_CLIENT, params![client], contact)
}

pub fn by_id(p: &Practice, id: ContactId) -> Result<Option<Contact>> {
    p.one(&BY_ID, params![id], contact)
}

pub fn insert(p: &Practice, id: ContactId, client: ClientId, fields: &Fields) -> Result<()> {
    let mut all = params![id, client];
    all.extend(values(fields));
    all.extend(params![p.now]);
    p.run(&INSERT, all).map(drop)
}

pub fn update(p: &Practice, id: ContactId, fields: &Fields) -> Result<()> {
    let mut all = params![id];
    all.extend(values(fields));
    p.run(&UPDATE, all).map(drop)
}

/// What the client said, which is no change of the contact: whoever edits it meanwhile is not stale.
pub fn set_consent(p: &Practice, id: ContactId, consent: Consent, agreed: &Rights) -> Result<()> {
    p.run(&SET_CONSENT, params![id, consent.as_str(), agreed.kept()]).map(drop)
}

/// Nobody but this one is the main contact.
pub fn only_main(p: &Practice, client: ClientId, id: ContactId) -> Result<()> {
    p.run(&ONLY_MAIN, params![client, id]).map(drop)
}

pub fn set_removed(p: &Practice, id: ContactId, at: Option<Instant>) -> Result<()> {
    p.run(&SET_REMOVED, params![id, at]).map(drop)
}
