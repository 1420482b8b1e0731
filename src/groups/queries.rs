use super::Group;
use crate::error::Result;
use crate::ids::GroupId;
use crate::params;
use crate::practice::Practice;

crate::sql! {
    tenant INSERT =
        "insert into client_groups (practice_id, id, name, colour, position, created_at)
         values ($1, $2, $3, $4, $5, $6)";
    tenant ALL =
        "select id, name, colour from client_groups where practice_id = $1 order by position, id limit 200";
}

pub fn insert(p: &Practice, id: GroupId, name: &str, colour: &str, position: i64) -> Result<()> {
    p.run(&INSERT, params![id, name, colour, position, p.now]).map(drop)
}

pub fn all(p: &Practice) -> Result<Vec<Group>> {
    p.all(&ALL, params![], |row| Ok(Group { id: row.get(0)?, name: row.get(1)?, colour: row.get(2)? }))
}
