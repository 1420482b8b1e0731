//! Care team: the members who care for one client, the primary provider among them.
//!
//! Being on it gives a provider the record; leaving it takes the record away with the next request, because every
//! query asks this table anew.

use crate::access::Reach;
use crate::error::Result;
use crate::ids::{ClientId, MemberId};
use crate::params;
use crate::practice::Practice;

crate::sql! {
    tenant INSERT =
        "insert into care_team (practice_id, client_id, member_id, since) values ($1, $2, $3, $4)
         on conflict (practice_id, client_id, member_id) do nothing";
    tenant DELETE = "delete from care_team where practice_id = $1 and client_id = $2 and member_id = $3";
    tenant MEMBERS =
        "select member_id from care_team where practice_id = $1 and client_id = $2 order by since, member_id limit 100";
    tenant EXISTS = "select id from clients where practice_id = $1 and id = $2";
    tenant ON_TEAM = "select member_id from care_team where practice_id = $1 and client_id = $2 and member_id = $3";
}

/// The members of a client's care team.
pub fn members(p: &Practice, client: ClientId) -> Result<Vec<MemberId>> {
    p.all(&MEMBERS, params![client], |row| Ok(row.get(0)?))
}

/// Makes the care team exactly these members.
pub fn set(p: &Practice, client: ClientId, wanted: &[MemberId]) -> Result<()> {
    for gone in members(p, client)?.into_iter().filter(|m| !wanted.contains(m)) {
        p.run(&DELETE, params![client, gone])?;
    }
    for member in wanted {
        p.run(&INSERT, params![client, *member, p.now])?;
    }
    Ok(())
}

/// Whether the actor may see a client's record. What they may not see does not exist for them.
pub fn may_see(p: &Practice, client: ClientId) -> Result<bool> {
    let found = match p.actor.reach() {
        Reach::All => p.one(&EXISTS, params![client], |row| Ok(row.get::<ClientId>(0)?))?.is_some(),
        Reach::CareTeam(member) => {
            p.one(&ON_TEAM, params![client, member], |row| Ok(row.get::<MemberId>(0)?))?.is_some()
        }
        Reach::Own(own) => own == client,
        Reach::Nobody => false,
    };
    Ok(found)
}
