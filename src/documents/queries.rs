use uuid::Uuid;

use super::{Document, Giver, Sharing, Which};
use crate::activities::Before;
use crate::clock::Instant;
use crate::db::Row;
use crate::error::{Error, Result};
use crate::files::{FileKey, Kind, Stored};
use crate::ids::{ClientId, DocumentId, PracticeId};
use crate::params;
use crate::practice::{House, Practice};

macro_rules! select {
    ($where:literal) => {
        concat!(
            "select d.id, d.client_id, d.name_sealed, d.note_sealed, d.kind, d.size, d.shared, d.giver_kind, d.giver_id,
             d.created_at, d.seen_at, d.deleted_at, d.version, m.first_name, m.last_name, c.first_name, c.last_name
             from documents d
             left join members m on m.practice_id = d.practice_id and m.id = d.giver_id
             left join portal_access a on a.practice_id = d.practice_id and a.id = d.giver_id
             left join contacts c on c.practice_id = a.practice_id and c.id = a.contact_id
             where d.practice_id = $1 and ",
            $where
        )
    };
}

crate::sql! {
    tenant LIST = select!("d.client_id = $2 and (d.created_at, d.id) < ($3, $4) and d.deleted_at is null
         order by d.created_at desc, d.id desc limit $5");
    tenant DELETED = select!("d.client_id = $2 and (d.created_at, d.id) < ($3, $4) and d.deleted_at is not null
         order by d.created_at desc, d.id desc limit $5");
    tenant SHARED = select!("d.client_id = $2 and (d.created_at, d.id) < ($3, $4) and d.shared and d.deleted_at is null
         order by d.created_at desc, d.id desc limit $5");
    tenant BY_ID = select!("d.id = $2");
    tenant KEY_OF = "select key_sealed from documents where practice_id = $1 and id = $2";
    tenant COUNT = "select count(*) from documents where practice_id = $1 and client_id = $2";
    tenant UNSEEN =
        "select count(*) from documents where practice_id = $1 and client_id = $2 and shared and deleted_at is null
             and seen_at is null and giver_kind = 'member'";
    tenant INSERT =
        "insert into documents (practice_id, id, client_id, name_sealed, note_sealed, key_sealed, kind, size, shared,
         giver_kind, giver_id, created_at, version) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1)";
    tenant RENAME =
        "update documents set name_sealed = $3, note_sealed = $4, version = version + 1
         where practice_id = $1 and id = $2";
    tenant SET_SHARED =
        "update documents set shared = $3, seen_at = null, version = version + 1 where practice_id = $1 and id = $2";
    tenant SET_SEEN =
        "update documents set seen_at = $3 where practice_id = $1 and id = $2 and seen_at is null";
    tenant SET_DELETED =
        "update documents set deleted_at = $3, version = version + 1 where practice_id = $1 and id = $2";
    tenant DROP_DELETED =
        "delete from documents where practice_id = $1 and id = $2 and deleted_at < $3 returning client_id, size";
    tenant SPACE = "select bytes from document_space where practice_id = $1";
    tenant TAKE_SPACE =
        "insert into document_space (practice_id, bytes) values ($1, $2)
         on conflict (practice_id) do update set bytes = document_space.bytes + excluded.bytes";
    across("what was deleted long ago is removed in every practice") DUE =
        "select practice_id, id from documents where deleted_at < $1 order by deleted_at limit $2";
    across("files are looked up by their name, which says no practice") OF_FILE =
        "select id from documents where id = $1";
}

crate::sealed! { NAME = "document name" in documents (practice_id, id) name_sealed }
crate::sealed! { NOTE = "document note" in documents (practice_id, id) note_sealed }
crate::sealed! { KEY = "document key" in documents (practice_id, id) key_sealed }

fn document(p: &Practice, row: &Row) -> Result<Document> {
    let id: DocumentId = row.get(0)?;
    let place = [p.id.0, id.0];
    let (name, note): (Vec<u8>, Option<Vec<u8>>) = (row.get(2)?, row.get(3)?);
    let name = p.app.secrets.unseal_text(NAME.what, &place, Some(&name))?.unwrap_or_default();
    let kind: String = row.get(4)?;
    let said = |n: usize| Ok::<_, Error>(row.get::<Option<String>>(n)?.zip(Some(row.get::<Option<String>>(n + 1)?)));
    let full = |(first, last): (String, Option<String>)| match last {
        Some(last) => format!("{first} {last}"),
        None => first,
    };
    Ok(Document {
        id,
        client: row.get(1)?,
        note: p.app.secrets.unseal_text(NOTE.what, &place, note.as_deref())?,
        kind: Kind::kept(&kind).ok_or_else(|| Error::internal(format!("a document of no known kind: {kind}")))?,
        name,
        size: u64::try_from(row.get::<i64>(5)?).unwrap_or(0),
        sharing: if row.get(6)? { Sharing::Shared } else { Sharing::Private },
        giver: Giver::kept(&row.get::<String>(7)?),
        giver_id: row.get(8)?,
        giver_name: said(13)?.or(said(15)?).map(full),
        at: row.get(9)?,
        seen: row.get::<Option<Instant>>(10)?.is_some(),
        deleted: row.get(11)?,
        version: row.get(12)?,
    })
}

pub fn list(p: &Practice, client: ClientId, which: Which, before: Before, limit: i64) -> Result<Vec<Document>> {
    let statement = if which == Which::Deleted { &DELETED } else { &LIST };
    p.all(statement, params![client, before.0, before.1, limit], |row| document(p, row))
}

/// Those that the portal shows.
pub fn shared(p: &Practice, client: ClientId, before: Before, limit: i64) -> Result<Vec<Document>> {
    p.all(&SHARED, params![client, before.0, before.1, limit], |row| document(p, row))
}

pub fn by_id(p: &Practice, id: DocumentId) -> Result<Option<Document>> {
    p.one(&BY_ID, params![id], |row| document(p, row))
}

/// The key that opens a document's file.
pub fn key(p: &Practice, id: DocumentId) -> Result<Option<FileKey>> {
    let Some(sealed) = p.one(&KEY_OF, params![id], |row| Ok(row.get::<Vec<u8>>(0)?))? else { return Ok(None) };
    let key = p.app.secrets.unseal(KEY.what, &[p.id.0, id.0], &sealed)?;
    key.try_into().map(Some).map_err(|_| Error::internal("the key of a file has not the length of one"))
}

pub fn count(p: &Practice, client: ClientId) -> Result<i64> {
    Ok(p.one(&COUNT, params![client], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

pub fn unseen(p: &Practice, client: ClientId) -> Result<i64> {
    Ok(p.one(&UNSEEN, params![client], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

pub fn insert(
    p: &Practice,
    client: ClientId,
    stored: &Stored,
    note: Option<&str>,
    sharing: Sharing,
    giver: Giver,
) -> Result<()> {
    let place = [p.id.0, stored.id];
    let secrets = &p.app.secrets;
    let values = params![
        stored.id,
        client,
        secrets.seal(NAME.what, &place, stored.name.as_bytes()),
        secrets.seal_text(NOTE.what, &place, note),
        secrets.seal(KEY.what, &place, &stored.key),
        stored.kind.ending(),
        i64::try_from(stored.size).unwrap_or(i64::MAX),
        sharing == Sharing::Shared,
        giver.as_str(),
        p.actor.id(),
        p.now,
    ];
    p.run(&INSERT, values).map(drop)
}

pub fn rename(p: &Practice, id: DocumentId, name: &str, note: Option<&str>) -> Result<()> {
    let place = [p.id.0, id.0];
    let name = p.app.secrets.seal(NAME.what, &place, name.as_bytes());
    p.run(&RENAME, params![id, name, p.app.secrets.seal_text(NOTE.what, &place, note)]).map(drop)
}

/// Shared anew it is new to the client.
pub fn set_sharing(p: &Practice, id: DocumentId, sharing: Sharing) -> Result<()> {
    p.run(&SET_SHARED, params![id, sharing == Sharing::Shared]).map(drop)
}

pub fn set_seen(p: &Practice, id: DocumentId) -> Result<()> {
    p.run(&SET_SEEN, params![id, p.now]).map(drop)
}

pub fn set_deleted(p: &Practice, id: DocumentId, at: Option<Instant>) -> Result<()> {
    p.run(&SET_DELETED, params![id, at]).map(drop)
}

/// Drops what was deleted before a moment; whose it was, and its size. Nothing: it was put back.
pub fn drop_deleted(p: &Practice, id: DocumentId, before: Instant) -> Result<Option<(ClientId, i64)>> {
    p.one(&DROP_DELETED, params![id, before], |row| Ok((row.get(0)?, row.get(1)?)))
}

pub fn space(p: &Practice) -> Result<i64> {
    Ok(p.one(&SPACE, params![], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

/// Adds to what the documents take; a negative size gives it back.
pub fn take_space(p: &Practice, size: i64) -> Result<()> {
    p.run(&TAKE_SPACE, params![size]).map(drop)
}

/// Documents that were deleted before a moment.
pub fn due(h: &House, before: Instant, limit: i64) -> Result<Vec<(PracticeId, DocumentId)>> {
    h.all(&DUE, params![before, limit], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Whether a file is a document's.
pub fn is_kept(h: &House, file: Uuid) -> Result<bool> {
    Ok(h.one(&OF_FILE, params![file], |_| Ok(()))?.is_some())
}
