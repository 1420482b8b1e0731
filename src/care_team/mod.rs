//! Care team: the members who care for one client, the primary provider among them.
//!
//! Being on it gives a provider the record; leaving it takes the record away with the next request, because every
//! query asks this table anew. Who runs the practice opens a record from outside by giving a reason (`opening.rs`).

mod opening;

pub use opening::{Opening, Standing, open, open_added, openings, refuse_outsider, standing};

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
    tenant DELETE_NEWS = "delete from feed_items where practice_id = $1 and client_id = $2 and member_id = $3";
    tenant MEMBERS =
        "select member_id from care_team where practice_id = $1 and client_id = $2 order by since, member_id limit 100";
    tenant EXISTS = "select id from clients where practice_id = $1 and id = $2 and merged_into is null";
    tenant ON_TEAM =
        "select t.member_id from care_team t join clients c on c.practice_id = t.practice_id and c.id = t.client_id
         where t.practice_id = $1 and t.client_id = $2 and t.member_id = $3 and c.merged_into is null";
}

/// The members of a client's care team.
pub fn members(p: &Practice, client: ClientId) -> Result<Vec<MemberId>> {
    p.all(&MEMBERS, params![client], |row| Ok(row.get(0)?))
}

/// Who came to a care team, and who left it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Moved {
    pub joined: Vec<MemberId>,
    pub left: Vec<MemberId>,
}

/// Makes the care team exactly these members. Whoever leaves it loses what was in their newsfeed about the client.
pub fn set(p: &Practice, client: ClientId, wanted: &[MemberId]) -> Result<Moved> {
    let now = members(p, client)?;
    let left: Vec<MemberId> = now.iter().filter(|member| !wanted.contains(member)).copied().collect();
    let joined: Vec<MemberId> = wanted.iter().filter(|member| !now.contains(member)).copied().collect();
    for gone in &left {
        p.run(&DELETE, params![client, *gone])?;
        p.run(&DELETE_NEWS, params![client, *gone])?;
    }
    for member in &joined {
        p.run(&INSERT, params![client, *member, p.now])?;
    }
    Ok(Moved { joined, left })
}

/// Whether the actor may see a client's record. What they may not see does not exist for them; nor does, for anybody, a
/// record that was merged into another: who cares for that one is what counts.
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
