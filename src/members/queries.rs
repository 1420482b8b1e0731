use uuid::Uuid;

use super::{NewMember, Provider};
use crate::access::{Member, Role};
use crate::error::{Error, Result};
use crate::ids::{MemberId, PracticeId};
use crate::params;
use crate::practice::{House, Practice};

crate::sql! {
    tenant INSERT =
        "insert into members
         (practice_id, id, account_id, first_name, last_name, role, sees_clients, created_at, confirmed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
    tenant ACTIVE =
        "select id, account_id, role, sees_clients, first_name, last_name from members
         where practice_id = $1 and id = $2 and disabled_at is null and confirmed_at is not null";
    tenant PROVIDERS =
        "select id, first_name, last_name from members
         where practice_id = $1 and sees_clients and disabled_at is null order by last_name, first_name limit 500";
    tenant NAME = "select first_name, last_name from members where practice_id = $1 and id = $2";
    tenant INSERT_TOKEN =
        "insert into api_tokens (practice_id, id, member_id, name, token_hash, created_at)
         values ($1, $2, $3, $4, $5, $6)";
    across("the token names the practice; it is not known before") TOKEN_OWNER =
        "select practice_id, member_id from api_tokens where token_hash = $1 and revoked_at is null";
}

pub fn insert(p: &Practice, id: MemberId, new: &NewMember, sees_clients: bool) -> Result<()> {
    let values = params![id, new.account, &new.first_name, &new.last_name, new.role.as_str(), sees_clients, p.now];
    p.run(&INSERT, values).map(drop)
}

pub fn active(p: &Practice, id: MemberId) -> Result<Option<Member>> {
    p.one(&ACTIVE, params![id], |row| {
        let role: String = row.get(2)?;
        let (first, last): (String, String) = (row.get(4)?, row.get(5)?);
        Ok(Member {
            id: row.get(0)?,
            account: row.get(1)?,
            role: Role::parse(&role).ok_or_else(|| Error::internal("a member with an unknown role"))?,
            sees_clients: row.get(3)?,
            name: format!("{first} {last}"),
        })
    })
}

pub fn providers(p: &Practice) -> Result<Vec<Provider>> {
    p.all(&PROVIDERS, params![], |row| {
        let (first, last): (String, String) = (row.get(1)?, row.get(2)?);
        Ok(Provider { id: row.get(0)?, name: format!("{first} {last}") })
    })
}

pub fn name_of(p: &Practice, id: MemberId) -> Result<Option<String>> {
    p.one(&NAME, params![id], |row| {
        let (first, last): (String, String) = (row.get(0)?, row.get(1)?);
        Ok(format!("{first} {last}"))
    })
}

pub fn insert_token(p: &Practice, id: Uuid, member: MemberId, name: &str, hash: &[u8]) -> Result<()> {
    p.run(&INSERT_TOKEN, params![id, member, name, hash, p.now]).map(drop)
}

pub fn token_owner(h: &House, hash: &[u8]) -> Result<Option<(PracticeId, MemberId)>> {
    h.one(&TOKEN_OWNER, params![hash], |row| Ok((row.get(0)?, row.get(1)?)))
}
