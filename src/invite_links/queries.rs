use super::{Link, Target};
use crate::clock::Instant;
use crate::error::Result;
use crate::ids::{ClientId, InviteLinkId, MemberId};
use crate::params;
use crate::practice::Practice;

// A live link whose group was deleted or whose provider takes no clients any more is none.
macro_rules! live {
    ($condition:literal) => {
        concat!(
            "select l.id, l.group_id, l.provider_id, l.created_at, g.name, g.deleted_at, m.first_name, m.last_name,
             m.disabled_at, m.sees_clients
             from invite_links l
             left join client_groups g on g.practice_id = l.practice_id and g.id = l.group_id
             left join members m on m.practice_id = l.practice_id and m.id = l.provider_id
             where l.practice_id = $1 and l.revoked_at is null and ",
            $condition
        )
    };
}

crate::sql! {
    tenant INSERT =
        "insert into invite_links (practice_id, id, group_id, provider_id, target, created_at, created_by)
         values ($1, $2, $3, $4, $5, $6, $7)";
    tenant LIVE = live!("l.target = $2");
    tenant BY_ID = live!("l.id = $2");
    tenant OF_PROVIDER = live!("l.provider_id = $2 order by coalesce(g.position, -1), l.id limit 500");
    tenant ALL = live!("l.target > '' order by coalesce(g.position, -1), l.id limit 500");
    tenant REVOKE = "update invite_links set revoked_at = $3 where practice_id = $1 and id = $2 and revoked_at is null";
    tenant INSERT_OPENING =
        "insert into invite_link_openings (practice_id, link_id, id, at) values ($1, $2, $3, $4)";
    tenant COUNT_OPENINGS = "select count(*) from invite_link_openings where practice_id = $1 and link_id = $2";
    tenant INSERT_SIGN_UP = "insert into sign_ups (practice_id, client_id, link_id, at) values ($1, $2, $3, $4)";
    tenant COUNT_SIGN_UPS = "select count(*) from sign_ups where practice_id = $1 and link_id = $2";
}

pub fn insert(p: &Practice, id: InviteLinkId, target: Target, key: &str) -> Result<()> {
    let values = params![id, target.group, target.provider, key, p.now, p.actor.id()];
    p.run(&INSERT, values).map(drop)
}

fn to_link(row: &crate::db::Row) -> Result<Option<Link>> {
    let (deleted, disabled): (Option<Instant>, Option<Instant>) = (row.get(5)?, row.get(8)?);
    let provider: (Option<String>, Option<String>) = (row.get(6)?, row.get(7)?);
    let link = Link {
        id: row.get(0)?,
        target: Target { group: row.get(1)?, provider: row.get(2)? },
        created_at: row.get(3)?,
        group_name: row.get(4)?,
        provider_name: provider.0.zip(provider.1).map(|(first, last)| format!("{first} {last}")),
    };
    let takes_nobody = row.get::<Option<bool>>(9)? == Some(false);
    Ok((deleted.is_none() && disabled.is_none() && !takes_nobody).then_some(link))
}

pub fn live(p: &Practice, key: &str) -> Result<Option<Link>> {
    Ok(p.one(&LIVE, params![key], to_link)?.flatten())
}

pub fn by_id(p: &Practice, id: InviteLinkId) -> Result<Option<Link>> {
    Ok(p.one(&BY_ID, params![id], to_link)?.flatten())
}

pub fn of_provider(p: &Practice, provider: MemberId) -> Result<Vec<Link>> {
    Ok(p.all(&OF_PROVIDER, params![provider], to_link)?.into_iter().flatten().collect())
}

pub fn all(p: &Practice) -> Result<Vec<Link>> {
    Ok(p.all(&ALL, params![], to_link)?.into_iter().flatten().collect())
}

pub fn revoke(p: &Practice, id: InviteLinkId) -> Result<()> {
    p.run(&REVOKE, params![id, p.now]).map(drop)
}

pub fn insert_opening(p: &Practice, id: InviteLinkId) -> Result<()> {
    p.run(&INSERT_OPENING, params![id, p.new_id(), p.now]).map(drop)
}

pub fn count_openings(p: &Practice, id: InviteLinkId) -> Result<i64> {
    Ok(p.one(&COUNT_OPENINGS, params![id], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

pub fn insert_sign_up(p: &Practice, client: ClientId, link: InviteLinkId) -> Result<()> {
    p.run(&INSERT_SIGN_UP, params![client, link, p.now]).map(drop)
}

pub fn count_sign_ups(p: &Practice, id: InviteLinkId) -> Result<i64> {
    Ok(p.one(&COUNT_SIGN_UPS, params![id], |row| Ok(row.get(0)?))?.unwrap_or(0))
}
