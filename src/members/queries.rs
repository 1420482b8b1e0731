use super::staff::{Change, Row, Standing, to_role};
use super::{NewMember, Provider};
use crate::access::Member;
use crate::error::Result;
use crate::ids::{AccountId, MemberId};
use crate::params;
use crate::practice::Practice;

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
    tenant OWNERS =
        "select id from members
         where practice_id = $1 and role = 'owner' and disabled_at is null and confirmed_at is not null
         order by id limit 20";
    tenant NAME = "select first_name, last_name from members where practice_id = $1 and id = $2";
    tenant ALL =
        "select members.id, first_name, last_name, role, sees_clients, members.created_at, disabled_at, version, e.email,
             f.enabled_at is not null
         from members left join second_factors f on f.account_id = members.account_id
         left join account_emails e
             on e.account_id = members.account_id and e.is_login and e.retired_at is null
         where members.practice_id = $1 order by last_name, first_name, members.id limit 1000";
    tenant FIND =
        "select m.id, m.first_name, m.last_name, m.role, m.sees_clients, m.created_at, m.disabled_at, m.version, e.email,
             f.enabled_at is not null
         from members m left join second_factors f on f.account_id = m.account_id
         left join account_emails e
             on e.account_id = m.account_id and e.is_login and e.retired_at is null
         where m.practice_id = $1 and m.id = $2";
    tenant BY_ACCOUNT = "select id, disabled_at is null from members where practice_id = $1 and account_id = $2";
    tenant ACCOUNT_OF = "select account_id from members where practice_id = $1 and id = $2";
    tenant COUNT_OWNERS =
        "select count(*) from members where practice_id = $1 and role = 'owner' and disabled_at is null";
    tenant COUNT_MEMBERS = "select count(*) from members where practice_id = $1";
    tenant UPDATE =
        "update members set first_name = $3, last_name = $4, role = $5, sees_clients = $6, version = version + 1
         where practice_id = $1 and id = $2";
    tenant DISABLE =
        "update members set disabled_at = $3, version = version + 1
         where practice_id = $1 and id = $2 and disabled_at is null";
    tenant ENABLE =
        "update members set disabled_at = null, version = version + 1 where practice_id = $1 and id = $2";
    tenant COUNT_CLIENTS =
        "select count(*) from care_team t join clients c on c.practice_id = t.practice_id and c.id = t.client_id
         where t.practice_id = $1 and t.member_id = $2 and c.primary_provider_id = $2 and c.status = 'active'";
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
            role: to_role(&role)?,
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

pub fn owners(p: &Practice) -> Result<Vec<MemberId>> {
    p.all(&OWNERS, params![], |row| Ok(row.get(0)?))
}

pub fn name_of(p: &Practice, id: MemberId) -> Result<Option<String>> {
    p.one(&NAME, params![id], |row| {
        let (first, last): (String, String) = (row.get(0)?, row.get(1)?);
        Ok(format!("{first} {last}"))
    })
}

fn to_row(row: &crate::db::Row) -> Result<Row> {
    let role: String = row.get(3)?;
    Ok(Row {
        id: row.get(0)?,
        first_name: row.get(1)?,
        last_name: row.get(2)?,
        role: to_role(&role)?,
        sees_clients: row.get(4)?,
        created_at: row.get(5)?,
        disabled_at: row.get(6)?,
        version: row.get(7)?,
        email: row.get::<Option<String>>(8)?.unwrap_or_default(),
        second_factor: row.get(9)?,
    })
}

pub fn all(p: &Practice) -> Result<Vec<Row>> {
    p.all(&ALL, params![], to_row)
}

pub fn find(p: &Practice, id: MemberId) -> Result<Option<Row>> {
    p.one(&FIND, params![id], to_row)
}

/// The member that an account is, and whether they still are.
pub fn by_account(p: &Practice, account: AccountId) -> Result<Option<(MemberId, Standing)>> {
    p.one(&BY_ACCOUNT, params![account], |row| {
        Ok((row.get(0)?, if row.get(1)? { Standing::Active } else { Standing::Disabled }))
    })
}

pub fn account_of(p: &Practice, id: MemberId) -> Result<Option<AccountId>> {
    p.one(&ACCOUNT_OF, params![id], |row| Ok(row.get(0)?))
}

pub fn count_owners(p: &Practice) -> Result<i64> {
    Ok(p.one(&COUNT_OWNERS, params![], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

pub fn count_members(p: &Practice) -> Result<i64> {
    Ok(p.one(&COUNT_MEMBERS, params![], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

pub fn update(p: &Practice, id: MemberId, to: &Change) -> Result<()> {
    let values = params![id, &to.first_name, &to.last_name, to.role.as_str(), to.sees_clients];
    p.run(&UPDATE, values).map(drop)
}

pub fn disable(p: &Practice, id: MemberId) -> Result<()> {
    p.run(&DISABLE, params![id, p.now]).map(drop)
}

pub fn enable(p: &Practice, id: MemberId) -> Result<()> {
    p.run(&ENABLE, params![id]).map(drop)
}

/// Active clients whose primary provider a member is. The primary provider is always on the care team.
pub fn count_clients(p: &Practice, id: MemberId) -> Result<i64> {
    Ok(p.one(&COUNT_CLIENTS, params![id], |row| Ok(row.get(0)?))?.unwrap_or(0))
}
