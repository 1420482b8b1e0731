use super::PortalAccess;
use crate::access::Viewer;
use crate::error::Result;
use crate::ids::{AccessId, AccountId, ClientId};
use crate::params;
use crate::practice::Practice;

crate::sql! {
    tenant INSERT =
        "insert into portal_access (practice_id, id, client_id, account_id, relation, created_at)
         values ($1, $2, $3, $4, $5, $6)";
    tenant LIVE =
        "select id, account_id, relation from portal_access
         where practice_id = $1 and client_id = $2 and ended_at is null order by id limit 50";
    tenant EVER =
        "select count(*) from portal_access where practice_id = $1 and client_id = $2 and relation = $3";
    tenant END = "update portal_access set ended_at = $3 where practice_id = $1 and id = $2 and ended_at is null";
    tenant VIEWER =
        "select a.id, a.account_id, a.client_id, a.relation, c.first_name, c.last_name, c.preferred_name
         from portal_access a join clients c on c.practice_id = a.practice_id and c.id = a.client_id
         where a.practice_id = $1 and a.id = $2 and a.ended_at is null and c.status = 'active'";
}

pub fn insert(p: &Practice, id: AccessId, client: ClientId, account: AccountId, relation: &str) -> Result<()> {
    p.run(&INSERT, params![id, client, account, relation, p.now]).map(drop)
}

pub fn live(p: &Practice, client: ClientId) -> Result<Vec<PortalAccess>> {
    p.all(&LIVE, params![client], |row| {
        Ok(PortalAccess { id: row.get(0)?, account: row.get(1)?, relation: row.get(2)? })
    })
}

pub fn ever(p: &Practice, client: ClientId, relation: &str) -> Result<bool> {
    Ok(p.one(&EVER, params![client, relation], |row| Ok(row.get::<i64>(0)?))?.unwrap_or(0) > 0)
}

pub fn end(p: &Practice, id: AccessId) -> Result<()> {
    p.run(&END, params![id, p.now]).map(drop)
}

pub fn viewer(p: &Practice, id: AccessId) -> Result<Option<Viewer>> {
    p.one(&VIEWER, params![id], |row| {
        let (first, last): (String, String) = (row.get(4)?, row.get(5)?);
        let preferred: Option<String> = row.get(6)?;
        Ok(Viewer {
            access: row.get(0)?,
            account: row.get(1)?,
            client: row.get(2)?,
            relation: row.get(3)?,
            name: format!("{} {last}", preferred.unwrap_or(first)),
        })
    })
}
