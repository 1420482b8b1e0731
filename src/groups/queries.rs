use super::{Group, Typed};
use crate::error::Result;
use crate::ids::GroupId;
use crate::params;
use crate::people;
use crate::practice::Practice;

crate::sql! {
    tenant INSERT =
        "insert into client_groups (practice_id, id, name, name_key, colour, position, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)";
    tenant ALL =
        "select id, name, colour, version from client_groups
         where practice_id = $1 and deleted_at is null order by position, id limit 200";
    tenant BY_ID =
        "select id, name, colour, version from client_groups where practice_id = $1 and id = $2 and deleted_at is null";
    tenant COUNTS =
        "select client_groups.id, (select count(*) from clients c
             where c.practice_id = client_groups.practice_id and c.group_id = client_groups.id)
         from client_groups where client_groups.practice_id = $1 and client_groups.deleted_at is null limit 200";
    tenant NEXT_POSITION =
        "select coalesce(max(position), -1) + 1 from client_groups where practice_id = $1 and deleted_at is null";
    tenant UPDATE =
        "update client_groups set name = $3, name_key = $4, colour = $5, version = version + 1
         where practice_id = $1 and id = $2";
    tenant SET_POSITION =
        "update client_groups set position = $3 where practice_id = $1 and id = $2 and position <> $3";
    tenant DELETE = "update client_groups set deleted_at = $3, version = version + 1 where practice_id = $1 and id = $2";
    // In this slice and not in the clients' because they ask for groups: slices form no cycle.
    tenant MOVE_CLIENTS =
        "update clients set group_id = $3, updated_at = $4, version = version + 1
         where practice_id = $1 and group_id = $2";
    // An id is the time in front, as in every UUIDv7, and the random part of the client's own.
    tenant NOTE_MOVE =
        sqlite "insert into activities (practice_id, id, at, kind, client_id, actor_kind, actor_id, about)
         select $1, cast(cast($3 as blob) || substr(c.id, 7) as blob), $4, 'client.changed', c.id, $5, $6, 'group_id'
         from clients c where c.practice_id = $1 and c.group_id = $2",
        postgres "insert into activities (practice_id, id, at, kind, client_id, actor_kind, actor_id, about)
         select $1, cast(encode($3::bytea, 'hex') || substr(replace(cast(c.id as text), '-', ''), 13) as uuid), $4,
         'client.changed', c.id, $5, $6, 'group_id'
         from clients c where c.practice_id = $1 and c.group_id = $2";
    // The same into the audit record, which finds a client's entries by the client. It is chained by the sealer later.
    tenant AUDIT_MOVE =
        sqlite "insert into audit_entries
         (practice_id, id, at, actor_kind, actor_id, action, subject_kind, subject_id, client_id, detail)
         select $1, cast(cast($3 as blob) || substr(c.id, 7) as blob), $4, $5, $6, 'client.changed', 'client', c.id,
         c.id, 'group_id' from clients c where c.practice_id = $1 and c.group_id = $2",
        postgres "insert into audit_entries
         (practice_id, id, at, actor_kind, actor_id, action, subject_kind, subject_id, client_id, detail)
         select $1, cast(encode($3::bytea, 'hex') || substr(replace(cast(c.id as text), '-', ''), 13) as uuid), $4,
         $5, $6, 'client.changed', 'client', c.id, c.id, 'group_id'
         from clients c where c.practice_id = $1 and c.group_id = $2";
    tenant END_LINKS =
        "update invite_links set revoked_at = $3 where practice_id = $1 and group_id = $2 and revoked_at is null";
}

fn to_group(row: &crate::db::Row) -> Result<Group> {
    Ok(Group { id: row.get(0)?, name: row.get(1)?, colour: row.get(2)?, version: row.get(3)? })
}

pub fn insert(p: &Practice, id: GroupId, typed: &Typed, position: i64) -> Result<()> {
    let values = params![id, &typed.name, people::folded(&typed.name), &typed.colour, position, p.now];
    p.run(&INSERT, values).map(drop)
}

pub fn all(p: &Practice) -> Result<Vec<Group>> {
    p.all(&ALL, params![], to_group)
}

pub fn by_id(p: &Practice, id: GroupId) -> Result<Option<Group>> {
    p.one(&BY_ID, params![id], to_group)
}

/// How many clients each group has.
pub fn counts(p: &Practice) -> Result<Vec<(GroupId, i64)>> {
    p.all(&COUNTS, params![], |row| Ok((row.get(0)?, row.get(1)?)))
}

pub fn next_position(p: &Practice) -> Result<i64> {
    Ok(p.one(&NEXT_POSITION, params![], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

pub fn update(p: &Practice, id: GroupId, typed: &Typed) -> Result<()> {
    p.run(&UPDATE, params![id, &typed.name, people::folded(&typed.name), &typed.colour]).map(drop)
}

pub fn set_position(p: &Practice, id: GroupId, position: i64) -> Result<()> {
    p.run(&SET_POSITION, params![id, position]).map(drop)
}

pub fn delete(p: &Practice, id: GroupId) -> Result<()> {
    p.run(&DELETE, params![id, p.now]).map(drop)
}

/// Moves every client of a group; returns how many.
pub fn move_clients(p: &Practice, from: GroupId, to: Option<GroupId>) -> Result<u64> {
    p.run(&MOVE_CLIENTS, params![from, to, p.now])
}

/// Notes with each client of a group that the group changes, and in the audit record: one statement each, however many
/// clients there are.
pub fn note_move(p: &Practice, from: GroupId) -> Result<()> {
    for note in [&NOTE_MOVE, &AUDIT_MOVE] {
        let time = p.new_id().as_bytes()[..6].to_vec();
        p.run(note, params![from, time, p.now, p.actor.kind(), p.actor.id()])?;
    }
    Ok(())
}

/// The invite links of a deleted group lead nowhere.
pub fn end_links(p: &Practice, id: GroupId) -> Result<()> {
    p.run(&END_LINKS, params![id, p.now]).map(drop)
}
