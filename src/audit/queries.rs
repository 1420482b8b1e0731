use uuid::Uuid;

use super::Entry;
use crate::clock::Instant;
use crate::error::Result;
use crate::params;
use crate::practice::{House, Practice};

crate::sql! {
    tenant INSERT =
        "insert into audit_entries
         (practice_id, id, at, actor_kind, actor_id, action, subject_kind, subject_id, client_id, detail)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (practice_id, id) do nothing";
    across("the chain is one for the whole installation") UNSEALED =
        "select practice_id, id, at, actor_kind, actor_id, action, subject_kind, subject_id, client_id, detail
         from audit_entries where seq is null order by id limit $1";
    across("the chain is one for the whole installation") SEAL =
        "update audit_entries set seq = $3, hash = $4 where practice_id = $1 and id = $2 and seq is null";
    across("the chain is one for the whole installation") LAST =
        "select seq, hash from audit_entries where seq is not null order by seq desc limit 1";
    across("the chain is one for the whole installation") HASH_AT = "select hash from audit_entries where seq = $1";
    across("the chain is one for the whole installation") SEALED_AFTER =
        "select practice_id, id, at, actor_kind, actor_id, action, subject_kind, subject_id, client_id, detail, seq, hash
         from audit_entries where seq > $1 order by seq limit $2";
}

pub fn insert(p: &Practice, id: Uuid, at: Instant, entry: &Entry) -> Result<()> {
    let values = params![
        id,
        at,
        p.actor.kind(),
        p.actor.id(),
        entry.action,
        entry.subject_kind,
        entry.subject,
        entry.client,
        entry.detail.clone(),
    ];
    p.run(&INSERT, values).map(drop)
}

/// An entry as it stands in the table.
#[derive(Debug, Clone)]
pub struct Stored {
    pub practice: Uuid,
    pub id: Uuid,
    pub at: i64,
    pub actor_kind: String,
    pub actor: Option<Uuid>,
    pub action: String,
    pub subject_kind: String,
    pub subject: Option<Uuid>,
    pub client: Option<Uuid>,
    pub detail: Option<String>,
}

pub struct Sealed {
    pub entry: Stored,
    pub seq: i64,
    pub hash: Vec<u8>,
}

fn stored(row: &crate::db::Row) -> Result<Stored> {
    Ok(Stored {
        practice: row.get(0)?,
        id: row.get(1)?,
        at: row.get(2)?,
        actor_kind: row.get(3)?,
        actor: row.get(4)?,
        action: row.get(5)?,
        subject_kind: row.get(6)?,
        subject: row.get(7)?,
        client: row.get(8)?,
        detail: row.get(9)?,
    })
}

pub fn unsealed(h: &House, limit: i64) -> Result<Vec<Stored>> {
    h.all(&UNSEALED, params![limit], stored)
}

pub fn seal(h: &House, entry: &Stored, seq: i64, hash: &[u8]) -> Result<u64> {
    h.run(&SEAL, params![entry.practice, entry.id, seq, hash])
}

/// The number and hash of the last entry in the chain.
pub fn last(h: &House) -> Result<Option<(i64, Vec<u8>)>> {
    h.one(&LAST, params![], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The hash of the entry with a number.
pub fn hash_at(h: &House, seq: i64) -> Result<Option<Vec<u8>>> {
    h.one(&HASH_AT, params![seq], |row| Ok(row.get(0)?))
}

pub fn sealed_after(h: &House, seq: i64, limit: i64) -> Result<Vec<Sealed>> {
    h.all(&SEALED_AFTER, params![seq, limit], |row| {
        Ok(Sealed { entry: stored(row)?, seq: row.get(10)?, hash: row.get(11)? })
    })
}
