use super::{Around, As, Consent, Held, PortalAccess};
use crate::access::Rights;
use crate::error::Result;
use crate::ids::{AccessId, AccountId, ClientId, ContactId};
use crate::params;
use crate::practice::Practice;

crate::sql! {
    tenant INSERT =
        "insert into portal_access (practice_id, id, client_id, account_id, relation, contact_id, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)";
    tenant LIVE =
        "select id, account_id, contact_id from portal_access
         where practice_id = $1 and client_id = $2 and ended_at is null order by id limit 50";
    tenant EVER_OWN =
        "select count(*) from portal_access where practice_id = $1 and client_id = $2 and contact_id is null";
    tenant END = "update portal_access set ended_at = $3 where practice_id = $1 and id = $2 and ended_at is null";
    tenant UNAGREED =
        "select a.id from portal_access a
         join contacts k on k.practice_id = a.practice_id and k.id = a.contact_id and k.consent <> 'given'
         where a.practice_id = $1 and a.client_id = $2 and a.ended_at is null limit 50";
    tenant HELD =
        "select a.account_id, a.client_id, c.first_name, c.last_name, c.preferred_name, c.date_of_birth, a.contact_id,
             k.rights, k.agreed, k.consent, k.id
         from portal_access a join clients c on c.practice_id = a.practice_id and c.id = a.client_id
         left join contacts k on k.practice_id = a.practice_id and k.id = a.contact_id and k.removed_at is null
         where a.practice_id = $1 and a.id = $2 and a.ended_at is null and c.status = 'active'";
}

pub fn insert(p: &Practice, id: AccessId, client: ClientId, account: AccountId, whom: As) -> Result<()> {
    let (relation, contact) = match whom {
        As::Client => ("self", None),
        As::Contact(contact) => ("contact", Some(contact)),
    };
    p.run(&INSERT, params![id, client, account, relation, contact, p.now]).map(drop)
}

pub fn live(p: &Practice, client: ClientId) -> Result<Vec<PortalAccess>> {
    p.all(&LIVE, params![client], |row| {
        Ok(PortalAccess { id: row.get(0)?, account: row.get(1)?, contact: row.get(2)? })
    })
}

pub fn unagreed(p: &Practice, client: ClientId) -> Result<Vec<AccessId>> {
    p.all(&UNAGREED, params![client], |row| Ok(row.get(0)?))
}

pub fn ever_own(p: &Practice, client: ClientId) -> Result<bool> {
    Ok(p.one(&EVER_OWN, params![client], |row| Ok(row.get::<i64>(0)?))?.unwrap_or(0) > 0)
}

pub fn end(p: &Practice, id: AccessId) -> Result<()> {
    p.run(&END, params![id, p.now]).map(drop)
}

/// An access that lives. That of a contact who was removed does not.
pub fn held(p: &Practice, id: AccessId) -> Result<Option<Held>> {
    let found = p.one(&HELD, params![id], |row| {
        let (whose, stands): (Option<ContactId>, Option<ContactId>) = (row.get(6)?, row.get(10)?);
        if whose != stands {
            return Ok(None);
        }
        let (first, last): (String, String) = (row.get(2)?, row.get(3)?);
        let preferred: Option<String> = row.get(4)?;
        let born: Option<String> = row.get(5)?;
        let around = |consent: Option<String>| -> Result<Around> {
            let rights =
                |n| Ok::<_, crate::error::Error>(Rights::parse(&row.get::<Option<String>>(n)?.unwrap_or_default()));
            let consent = consent.and_then(|text| Consent::parse(&text)).unwrap_or(Consent::Refused);
            Ok(Around { rights: rights(7)?, agreed: rights(8)?, consent })
        };
        Ok(Some(Held {
            account: row.get(0)?,
            client: row.get(1)?,
            name: format!("{} {last}", preferred.unwrap_or(first)),
            born: born.and_then(|text| text.parse().ok()),
            contact: whose.map(|_| around(row.get(9)?)).transpose()?,
        }))
    })?;
    Ok(found.flatten())
}
