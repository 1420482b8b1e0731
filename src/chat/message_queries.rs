use uuid::Uuid;

use super::queries::full;
use super::{Attached, Message, Said, Sender, SenderKind};
use crate::clock::Instant;
use crate::db::Row;
use crate::error::{Error, Result};
use crate::files::{FileKey, Kind as FileKind, Stored};
use crate::ids::{ConversationId, MemberId, MessageId};
use crate::params;
use crate::practice::{House, Practice};

macro_rules! select {
    ($where:literal) => {
        concat!(
            "select s.id, s.conversation_id, s.given_id, s.seq, s.changed, s.kind, s.sender_kind, s.sender_id, s.body_sealed,
             s.sent_at, s.edited_at, s.deleted_at, m.first_name, m.last_name, q.first_name, q.last_name, k.first_name,
             k.last_name, k.preferred_name, f.id, f.name_sealed, f.kind, f.size
             from messages s
             left join members m on m.practice_id = s.practice_id and m.id = s.sender_id
             left join portal_access a on a.practice_id = s.practice_id and a.id = s.sender_id
             left join contacts q on q.practice_id = a.practice_id and q.id = a.contact_id
             left join clients k on k.practice_id = a.practice_id and k.id = a.client_id
             left join chat_files f on f.practice_id = s.practice_id and f.message_id = s.id
             where s.practice_id = $1 and ",
            $where
        )
    };
}

crate::sql! {
    tenant BY_ID = select!("s.id = $2");
    tenant GIVEN = select!("s.sender_id = $2 and s.given_id = $3");
    tenant BEFORE = select!("s.conversation_id = $2 and s.seq < $3 order by s.seq desc limit $4");
    tenant CHANGED = select!("s.conversation_id = $2 and s.changed > $3 order by s.changed limit $4");
    tenant INSERT =
        "insert into messages (practice_id, id, conversation_id, given_id, seq, changed, kind, sender_kind, sender_id,
         body_sealed, sent_at) values ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10)";
    tenant SET_EDITED =
        "update messages set body_sealed = $3, edited_at = $4, changed = $5 where practice_id = $1 and id = $2";
    tenant SET_DELETED =
        "update messages set body_sealed = null, deleted_at = $3, changed = $4 where practice_id = $1 and id = $2";
    tenant KEEP_VERSION =
        "insert into message_versions (practice_id, id, message_id, body_sealed, at) values ($1, $2, $3, $4, $5)";
    tenant LAST_AUTOMATIC =
        "select s.sent_at from messages s where s.practice_id = $1 and s.conversation_id = $2 and s.sent_at > $3
         and s.kind = 'automatic' and s.sender_id = $4 limit 1";
    tenant ANY_OF_CLIENT =
        "select c.id from conversations c where c.practice_id = $1 and c.client_id = $2 and c.last_said > 0 limit 1";
    tenant INSERT_FILE =
        "insert into chat_files (practice_id, id, message_id, name_sealed, key_sealed, kind, size, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)";
    tenant FILE =
        "select f.id, f.name_sealed, f.kind, f.size, f.message_id, f.key_sealed from chat_files f
         where f.practice_id = $1 and f.id = $2";
    // The same row as of the documents, who ask chat and so cannot be asked by it: what both take is counted together.
    tenant SPACE = "select bytes from document_space where practice_id = $1";
    tenant TAKE_SPACE =
        "insert into document_space (practice_id, bytes) values ($1, $2)
         on conflict (practice_id) do update set bytes = document_space.bytes + excluded.bytes";
    tenant DROP_FILES = "delete from chat_files where practice_id = $1 and message_id = $2";
    tenant SCHEDULE =
        "insert into scheduled_messages (practice_id, id, conversation_id, member_id, body_sealed, send_at, state,
         created_at) values ($1, $2, $3, $4, $5, $6, 'waiting', $7)";
    tenant SCHEDULED =
        "select id, conversation_id, member_id, body_sealed, send_at, state from scheduled_messages
         where practice_id = $1 and conversation_id = $2 and member_id = $3 and state = 'waiting'
         order by send_at, id limit 50";
    tenant REFUSED =
        "select id, conversation_id, member_id, body_sealed, send_at, state from scheduled_messages
         where practice_id = $1 and member_id = $2 and state = 'refused' order by send_at, id limit 50";
    tenant SCHEDULED_BY_ID =
        "select id, conversation_id, member_id, body_sealed, send_at, state from scheduled_messages
         where practice_id = $1 and id = $2 and state in ('waiting', 'refused')";
    tenant END_SCHEDULED =
        "update scheduled_messages set state = $3
         where practice_id = $1 and id = $2 and state in ('waiting', 'refused')";
    across("files are looked up by their name, which says no practice") OF_FILE =
        "select id from chat_files where id = $1";
}

crate::sealed! { BODY = "message" in messages (practice_id, id) body_sealed }
crate::sealed! { VERSION = "message version" in message_versions (practice_id, id) body_sealed }
crate::sealed! { FILE_NAME = "chat file name" in chat_files (practice_id, id) name_sealed }
crate::sealed! { FILE_KEY = "chat file key" in chat_files (practice_id, id) key_sealed }
crate::sealed! { LATER = "scheduled message" in scheduled_messages (practice_id, id) body_sealed }

fn attached(p: &Practice, row: &Row, from: usize) -> Result<Option<Attached>> {
    let Some(id) = row.get::<Option<Uuid>>(from)? else { return Ok(None) };
    let name: Option<Vec<u8>> = row.get(from + 1)?;
    let kind: String = row.get::<Option<String>>(from + 2)?.unwrap_or_default();
    Ok(Some(Attached {
        id,
        name: p.app.secrets.unseal_text(FILE_NAME.what, &[p.id.0, id], name.as_deref())?.unwrap_or_default(),
        kind: FileKind::kept(&kind).ok_or_else(|| Error::internal(format!("a file of no known kind: {kind}")))?,
        size: u64::try_from(row.get::<Option<i64>>(from + 3)?.unwrap_or(0)).unwrap_or(0),
    }))
}

fn message(p: &Practice, row: &Row) -> Result<Message> {
    let id: MessageId = row.get(0)?;
    let body: Option<Vec<u8>> = row.get(8)?;
    let name = full(row.get(12)?, row.get(13)?, None).or(full(row.get(14)?, row.get(15)?, None)).or(full(
        row.get(16)?,
        row.get(17)?,
        row.get(18)?,
    ));
    Ok(Message {
        id,
        conversation: row.get(1)?,
        given: row.get(2)?,
        seq: row.get(3)?,
        changed: row.get(4)?,
        said: Said::kept(&row.get::<String>(5)?),
        sender: Sender {
            kind: SenderKind::kept(&row.get::<String>(6)?),
            id: row.get(7)?,
            name: name.unwrap_or_default(),
        },
        body: p.app.secrets.unseal_text(BODY.what, &[p.id.0, id.0], body.as_deref())?.unwrap_or_default(),
        at: row.get(9)?,
        edited: row.get(10)?,
        deleted: row.get(11)?,
        file: attached(p, row, 19)?,
    })
}

pub fn by_id(p: &Practice, id: MessageId) -> Result<Option<Message>> {
    p.one(&BY_ID, params![id], |row| message(p, row))
}

/// The message that a sender's device called so.
pub fn given(p: &Practice, sender: Uuid, given: Uuid) -> Result<Option<Message>> {
    p.one(&GIVEN, params![sender, given], |row| message(p, row))
}

/// The newest before a place, the newest first.
pub fn before(p: &Practice, id: ConversationId, seq: i64, limit: i64) -> Result<Vec<Message>> {
    p.all(&BEFORE, params![id, seq, limit], |row| message(p, row))
}

/// What was said or changed after a place, in the order of that.
pub fn changed(p: &Practice, id: ConversationId, after: i64, limit: i64) -> Result<Vec<Message>> {
    p.all(&CHANGED, params![id, after, limit], |row| message(p, row))
}

/// A new message, before it is kept.
pub struct NewRow<'n> {
    pub id: MessageId,
    pub conversation: ConversationId,
    pub given: Uuid,
    pub seq: i64,
    pub said: Said,
    pub sender: (SenderKind, Uuid),
    pub body: &'n str,
}

pub fn insert(p: &Practice, new: &NewRow) -> Result<()> {
    let body = p.app.secrets.seal(BODY.what, &[p.id.0, new.id.0], new.body.as_bytes());
    let (kind, sender) = new.sender;
    let values =
        params![new.id, new.conversation, new.given, new.seq, new.said.as_str(), kind.as_str(), sender, body, p.now,];
    p.run(&INSERT, values).map(drop)
}

fn keep_version(p: &Practice, old: &Message) -> Result<()> {
    let id = p.new_id();
    let body = p.app.secrets.seal(VERSION.what, &[p.id.0, id], old.body.as_bytes());
    p.run(&KEEP_VERSION, params![id, old.id, body, p.now]).map(drop)
}

/// What it said before is kept beside it.
pub fn edit(p: &Practice, old: &Message, body: &str, changed: i64) -> Result<()> {
    keep_version(p, old)?;
    let body = p.app.secrets.seal(BODY.what, &[p.id.0, old.id.0], body.as_bytes());
    p.run(&SET_EDITED, params![old.id, body, p.now, changed]).map(drop)
}

pub fn delete(p: &Practice, old: &Message, changed: i64) -> Result<()> {
    keep_version(p, old)?;
    if let Some(file) = &old.file {
        p.run(&DROP_FILES, params![old.id])?;
        take_space(p, -i64::try_from(file.size).unwrap_or(0))?;
    }
    p.run(&SET_DELETED, params![old.id, p.now, changed]).map(drop)
}

/// Whether an automatic reply went out in a conversation since a moment.
pub fn replied_since(p: &Practice, id: ConversationId, sender: Uuid, since: Instant) -> Result<bool> {
    Ok(p.one(&LAST_AUTOMATIC, params![id, since, sender], |_| Ok(()))?.is_some())
}

pub fn any_of_client(p: &Practice, client: crate::ids::ClientId) -> Result<bool> {
    Ok(p.one(&ANY_OF_CLIENT, params![client], |_| Ok(()))?.is_some())
}

pub fn insert_file(p: &Practice, message: MessageId, stored: &Stored) -> Result<()> {
    let place = [p.id.0, stored.id];
    let values = params![
        stored.id,
        message,
        p.app.secrets.seal(FILE_NAME.what, &place, stored.name.as_bytes()),
        p.app.secrets.seal(FILE_KEY.what, &place, &stored.key),
        stored.kind.ending(),
        i64::try_from(stored.size).unwrap_or(i64::MAX),
        p.now,
    ];
    p.run(&INSERT_FILE, values)?;
    take_space(p, i64::try_from(stored.size).unwrap_or(i64::MAX))
}

/// Bytes that the files of the practice take.
pub fn space(p: &Practice) -> Result<i64> {
    Ok(p.one(&SPACE, params![], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

/// Adds to them; a negative size gives it back.
fn take_space(p: &Practice, size: i64) -> Result<()> {
    p.run(&TAKE_SPACE, params![size]).map(drop)
}

/// A file, the message it came with, and its key.
pub fn file(p: &Practice, id: Uuid) -> Result<Option<(Attached, MessageId, FileKey)>> {
    let found =
        p.one(&FILE, params![id], |row| Ok((attached(p, row, 0)?, row.get::<MessageId>(4)?, row.get::<Vec<u8>>(5)?)))?;
    let Some((Some(file), message, sealed)) = found else { return Ok(None) };
    let key = p.app.secrets.unseal(FILE_KEY.what, &[p.id.0, id], &sealed)?;
    let key = key.try_into().map_err(|_| Error::internal("the key of a file has not the length of one"))?;
    Ok(Some((file, message, key)))
}

/// Whether a file is one that came with a message.
pub fn is_kept(h: &House, file: Uuid) -> Result<bool> {
    Ok(h.one(&OF_FILE, params![file], |_| Ok(()))?.is_some())
}

/// A message that waits for its time.
#[derive(Debug, Clone)]
pub struct Scheduled {
    pub id: Uuid,
    pub conversation: ConversationId,
    pub member: MemberId,
    pub body: String,
    pub at: Instant,
    /// Its time came, and nobody could say it there.
    pub refused: bool,
}

fn scheduled_row(p: &Practice, row: &Row) -> Result<Scheduled> {
    let id: Uuid = row.get(0)?;
    let body: Vec<u8> = row.get(3)?;
    let body = p.app.secrets.unseal_text(LATER.what, &[p.id.0, id], Some(&body))?.unwrap_or_default();
    let refused = row.get::<String>(5)? == "refused";
    Ok(Scheduled { id, conversation: row.get(1)?, member: row.get(2)?, body, at: row.get(4)?, refused })
}

pub fn schedule(p: &Practice, one: &Scheduled) -> Result<()> {
    let body = p.app.secrets.seal(LATER.what, &[p.id.0, one.id], one.body.as_bytes());
    p.run(&SCHEDULE, params![one.id, one.conversation, one.member, body, one.at, p.now]).map(drop)
}

pub fn scheduled(p: &Practice, id: ConversationId, member: MemberId) -> Result<Vec<Scheduled>> {
    p.all(&SCHEDULED, params![id, member], |row| scheduled_row(p, row))
}

/// What a member had kept for a time and nobody could say then, the oldest first.
pub fn refused(p: &Practice, member: MemberId) -> Result<Vec<Scheduled>> {
    p.all(&REFUSED, params![member], |row| scheduled_row(p, row))
}

/// One that waits or was refused.
pub fn scheduled_by_id(p: &Practice, id: Uuid) -> Result<Option<Scheduled>> {
    p.one(&SCHEDULED_BY_ID, params![id], |row| scheduled_row(p, row))
}

/// `false`: it was ended before.
pub fn end_scheduled(p: &Practice, id: Uuid, state: &str) -> Result<bool> {
    Ok(p.run(&END_SCHEDULED, params![id, state])? > 0)
}
