use uuid::Uuid;

use super::{Begun, Conversation, Kind, Listed, Place};
use crate::activities::Before;
use crate::clock::Instant;
use crate::db::{Row, TenantSql};
use crate::error::Result;
use crate::ids::{AccessId, ClientId, ConversationId, MemberId};
use crate::params;
use crate::practice::Practice;

macro_rules! columns {
    () => {
        "c.id, c.kind, c.client_id, c.member_id, c.title_sealed, c.begun_by, c.last, c.last_said, c.last_at, c.closed_at,
         k.first_name, k.last_name, k.preferred_name, k.status, m.first_name, m.last_name, m.disabled_at,
         case when m.role <> 'support' then t.since end"
    };
}
macro_rules! people {
    () => {
        " left join clients k on k.practice_id = c.practice_id and k.id = c.client_id
         left join members m on m.practice_id = c.practice_id and m.id = c.member_id
         left join care_team t on t.practice_id = c.practice_id and t.client_id = c.client_id and t.member_id = c.member_id "
    };
}
/// Conversations as a list shows them to a reader, `$2`: who is in it, how far the reader is, and whether it is put away.
macro_rules! list {
    ($from:literal, $where:expr) => {
        concat!(
            "select ",
            columns!(),
            ", coalesce(r.seen, 0), coalesce(r.muted, false),
             (select count(*) from messages n where n.practice_id = c.practice_id
                 and n.conversation_id = c.id and n.seq > coalesce(r.seen, 0) and n.sender_id <> $2)
             from ",
            $from,
            people!(),
            " left join conversation_readers r on r.practice_id = c.practice_id and r.conversation_id = c.id
                 and r.reader_id = $2
             where ",
            $where,
            " and (c.last_at, c.id) < ($3, $4) and coalesce(r.archived, false) = $5
             order by c.last_at desc, c.id desc limit $6"
        )
    };
}
/// How many conversations hold something that the reader, `$2`, has not seen.
macro_rules! unseen {
    ($from:literal, $where:expr) => {
        concat!(
            "select c.id from ",
            $from,
            " left join conversation_readers r on r.practice_id = c.practice_id and r.conversation_id = c.id
                 and r.reader_id = $2
             where ",
            $where,
            " and c.last_said > coalesce(r.seen, 0) and not coalesce(r.muted, false) limit 100"
        )
    };
}
macro_rules! direct {
    () => {
        "c.practice_id = $1 and c.member_id = $2 and c.kind = 'direct' and exists (select 1 from care_team o
         where o.practice_id = c.practice_id and o.client_id = c.client_id and o.member_id = c.member_id)"
    };
}
macro_rules! desk {
    () => {
        "c.practice_id = $1 and c.kind = 'practice'"
    };
}
macro_rules! desk_team {
    () => {
        "c.practice_id = $1 and c.kind = 'practice' and exists (select 1 from care_team o
         where o.practice_id = c.practice_id and o.client_id = c.client_id and o.member_id = $2)"
    };
}
// A member is in a group as long as they care for every client whose words are in it, those who have left too.
macro_rules! group {
    () => {
        "g.practice_id = $1 and g.person_id = $2 and g.left_at is null and not exists (select 1 from conversation_people x
         where x.practice_id = g.practice_id and x.conversation_id = g.conversation_id and x.kind = 'client'
         and not exists (select 1 from care_team o where o.practice_id = x.practice_id
             and o.client_id = x.person_id and o.member_id = $2))"
    };
}
macro_rules! own {
    ($client:literal) => {
        concat!("c.practice_id = $1 and c.client_id = ", $client)
    };
}
macro_rules! own_group {
    ($client:literal) => {
        concat!("g.practice_id = $1 and g.left_at is null and g.person_id = ", $client)
    };
}

crate::sql! {
    tenant BY_ID = concat!("select ", columns!(), " from conversations c", people!(), "where c.practice_id = $1 and c.id = $2");
    tenant DIRECT_OF = concat!("select ", columns!(), " from conversations c", people!(),
        "where c.practice_id = $1 and c.client_id = $2 and c.member_id = $3 and c.kind = 'direct'");
    tenant PRACTICE_OF = concat!("select ", columns!(), " from conversations c", people!(),
        "where c.practice_id = $1 and c.client_id = $2 and c.kind = 'practice'");
    tenant OF_CLIENT = concat!("select ", columns!(), " from conversations c", people!(),
        "where c.practice_id = $1 and c.client_id = $2 order by c.last_at desc, c.id desc limit 100");
    tenant LIST_DIRECT = list!("conversations c", direct!());
    tenant LIST_DESK = list!("conversations c", desk!());
    tenant LIST_DESK_TEAM = list!("conversations c", desk_team!());
    tenant LIST_GROUP = list!("conversation_people g join conversations c on c.practice_id = g.practice_id and c.id = g.conversation_id", group!());
    tenant LIST_OWN = list!("conversations c", own!("$7"));
    tenant LIST_OWN_GROUP = list!("conversation_people g join conversations c on c.practice_id = g.practice_id and c.id = g.conversation_id", own_group!("$7"));
    tenant UNSEEN_DIRECT = unseen!("conversations c", direct!());
    tenant UNSEEN_DESK = unseen!("conversations c", desk!());
    tenant UNSEEN_DESK_TEAM = unseen!("conversations c", desk_team!());
    tenant UNSEEN_REFUSED =
        "select s.id from scheduled_messages s
         where s.practice_id = $1 and s.member_id = $2 and s.state = 'refused' limit 100";
    tenant UNSEEN_GROUP = unseen!("conversation_people g join conversations c on c.practice_id = g.practice_id and c.id = g.conversation_id", group!());
    tenant UNSEEN_OWN = unseen!("conversations c", own!("$3"));
    tenant UNSEEN_OWN_GROUP = unseen!("conversation_people g join conversations c on c.practice_id = g.practice_id and c.id = g.conversation_id", own_group!("$3"));
    tenant INSERT =
        "insert into conversations (practice_id, id, kind, client_id, member_id, title_sealed, begun_by, created_at, last,
         last_said, last_at) values ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $8)";
    tenant NEXT = "update conversations set last = last + 1 where practice_id = $1 and id = $2 returning last";
    tenant NEXT_SAID =
        "update conversations set last = last + 1, last_said = last + 1, last_at = $3
         where practice_id = $1 and id = $2 returning last";
    tenant SET_CLOSED = "update conversations set closed_at = $3, last = last + 1 where practice_id = $1 and id = $2";
    tenant SET_BEGUN = "update conversations set begun_by = $3 where practice_id = $1 and id = $2";
    tenant READERS =
        "select r.reader_id, r.kind, r.delivered, r.seen, r.seen_at, r.muted, r.archived, m.first_name, m.last_name,
             q.first_name, q.last_name, k.first_name, k.last_name, k.preferred_name
         from conversation_readers r
         left join members m on m.practice_id = r.practice_id and m.id = r.reader_id
         left join portal_access a on a.practice_id = r.practice_id and a.id = r.reader_id
         left join contacts q on q.practice_id = a.practice_id and q.id = a.contact_id
         left join clients k on k.practice_id = a.practice_id and k.id = a.client_id
         where r.practice_id = $1 and r.conversation_id = $2 limit 300";
    tenant KNOWN_AT_DESK =
        "select r.reader_id from conversation_readers r
         join members m on m.practice_id = r.practice_id and m.id = r.reader_id and m.disabled_at is null
         where r.practice_id = $1 and r.conversation_id = $2 and r.kind = 'member' and not r.muted and r.seen > 0
         and case when m.role = 'provider' then exists (select 1 from care_team o
             where o.practice_id = r.practice_id and o.client_id = $3 and o.member_id = r.reader_id) else true end limit 100";
    tenant MARKS =
        "select reader_id, id, muted, archived, told, seen from conversation_readers
         where practice_id = $1 and conversation_id = $2 limit 300";
    tenant ENSURE_READER =
        "insert into conversation_readers (practice_id, conversation_id, reader_id, id, kind, delivered, seen, muted,
         archived, told) values ($1, $2, $3, $4, $5, 0, 0, false, false, false)
         on conflict (practice_id, conversation_id, reader_id) do nothing";
    tenant SET_DELIVERED =
        "update conversation_readers set delivered = $4
         where practice_id = $1 and conversation_id = $2 and reader_id = $3 and delivered < $4";
    tenant SET_SEEN =
        "update conversation_readers set seen = $4, seen_at = $5, told = false,
             delivered = case when delivered < $4 then $4 else delivered end
         where practice_id = $1 and conversation_id = $2 and reader_id = $3 and seen < $4 returning id";
    tenant OLDEST_UNREAD =
        "select n.sent_at from conversation_readers r join messages n on n.practice_id = r.practice_id
             and n.conversation_id = r.conversation_id and n.seq > r.seen
         where r.practice_id = $1 and r.id = $2 and n.sender_id <> r.reader_id and n.deleted_at is null
             and n.kind <> 'automatic' order by n.seq limit 1";
    tenant AFTER =
        "select n.id from messages n where n.practice_id = $1 and n.conversation_id = $2 and n.seq > $4
         and n.sender_id <> $3 limit 1";
    tenant SET_MUTED =
        "update conversation_readers set muted = $4 where practice_id = $1 and conversation_id = $2 and reader_id = $3";
    tenant SET_ARCHIVED =
        "update conversation_readers set archived = $4 where practice_id = $1 and conversation_id = $2 and reader_id = $3";
    tenant BRING_BACK =
        "update conversation_readers set archived = false where practice_id = $1 and conversation_id = $2 and archived";
    tenant TO_TELL =
        "update conversation_readers set told = true
         where practice_id = $1 and conversation_id = $2 and reader_id = $3 and not told and not muted returning id";
    tenant READER_BY_ID =
        "select r.conversation_id, r.reader_id, r.kind, r.seen, r.muted, r.told, c.last_said from conversation_readers r
         join conversations c on c.practice_id = r.practice_id and c.id = r.conversation_id
         where r.practice_id = $1 and r.id = $2";
    tenant NOT_TOLD = "update conversation_readers set told = false where practice_id = $1 and id = $2";
    tenant ACCESSES =
        "select id from portal_access
         where practice_id = $1 and client_id = $2 and ended_at is null order by id limit 50";
    tenant ACCOUNT_OF = "select account_id from portal_access where practice_id = $1 and id = $2";
    tenant CLIENT_STATUS = "select status from clients where practice_id = $1 and id = $2";
}

crate::sealed! { TITLE = "conversation title" in conversations (practice_id, id) title_sealed }

pub fn full(first: Option<String>, last: Option<String>, called: Option<String>) -> Option<String> {
    let first = called.or(first)?;
    Some(match last.filter(|last| !last.is_empty()) {
        Some(last) => format!("{first} {last}"),
        None => first,
    })
}

fn conversation(p: &Practice, row: &Row) -> Result<Conversation> {
    let id: ConversationId = row.get(0)?;
    let title: Option<Vec<u8>> = row.get(4)?;
    Ok(Conversation {
        id,
        kind: Kind::kept(&row.get::<String>(1)?),
        client: row.get(2)?,
        member: row.get(3)?,
        title: p.app.secrets.unseal_text(TITLE.what, &[p.id.0, id.0], title.as_deref())?.unwrap_or_default(),
        begun: Begun::kept(&row.get::<String>(5)?),
        last: row.get(6)?,
        last_said: row.get(7)?,
        last_at: row.get(8)?,
        closed: row.get::<Option<Instant>>(9)?.is_some(),
        client_name: full(row.get(10)?, row.get(11)?, row.get(12)?).unwrap_or_default(),
        client_active: row.get::<Option<String>>(13)?.is_none_or(|status| status == "active"),
        member_name: full(row.get(14)?, row.get(15)?, None).unwrap_or_default(),
        member_there: row.get::<Option<Instant>>(16)?.is_none() && row.get::<Option<Instant>>(17)?.is_some(),
    })
}

fn listed(p: &Practice, row: &Row) -> Result<Listed> {
    Ok(Listed { conversation: conversation(p, row)?, seen: row.get(18)?, muted: row.get(19)?, unread: row.get(20)? })
}

pub fn by_id(p: &Practice, id: ConversationId) -> Result<Option<Conversation>> {
    p.one(&BY_ID, params![id], |row| conversation(p, row))
}

pub fn direct_of(p: &Practice, client: ClientId, member: MemberId) -> Result<Option<Conversation>> {
    p.one(&DIRECT_OF, params![client, member], |row| conversation(p, row))
}

pub fn practice_of(p: &Practice, client: ClientId) -> Result<Option<Conversation>> {
    p.one(&PRACTICE_OF, params![client], |row| conversation(p, row))
}

/// All conversations of a client but the groups, the newest first.
pub fn of_client(p: &Practice, client: ClientId) -> Result<Vec<Conversation>> {
    p.all(&OF_CLIENT, params![client], |row| conversation(p, row))
}

/// Which conversations a list gathers.
#[derive(Debug, Clone, Copy)]
pub enum Whose {
    /// A member's own, and those of the practice that they answer for.
    Member(MemberId, Desk),
    /// Those of the practice alone, for who is no provider.
    FrontDesk(MemberId, Desk),
    Portal(AccessId, ClientId),
}

/// Whose conversations with the practice somebody answers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Desk {
    Everybodys,
    OwnClients,
}

impl Whose {
    fn lists(self) -> Vec<&'static TenantSql> {
        match self {
            Whose::Member(_, Desk::Everybodys) => vec![&LIST_DIRECT, &LIST_DESK, &LIST_GROUP],
            Whose::Member(_, Desk::OwnClients) => vec![&LIST_DIRECT, &LIST_DESK_TEAM, &LIST_GROUP],
            Whose::FrontDesk(_, Desk::Everybodys) => vec![&LIST_DESK],
            Whose::FrontDesk(_, Desk::OwnClients) => vec![&LIST_DESK_TEAM],
            Whose::Portal(..) => vec![&LIST_OWN, &LIST_OWN_GROUP],
        }
    }

    fn counts(self) -> Vec<&'static TenantSql> {
        match self {
            Whose::Member(_, Desk::Everybodys) => vec![&UNSEEN_DIRECT, &UNSEEN_DESK, &UNSEEN_GROUP, &UNSEEN_REFUSED],
            Whose::Member(_, Desk::OwnClients) => {
                vec![&UNSEEN_DIRECT, &UNSEEN_DESK_TEAM, &UNSEEN_GROUP, &UNSEEN_REFUSED]
            }
            Whose::FrontDesk(_, Desk::Everybodys) => vec![&UNSEEN_DESK, &UNSEEN_REFUSED],
            Whose::FrontDesk(_, Desk::OwnClients) => vec![&UNSEEN_DESK_TEAM, &UNSEEN_REFUSED],
            Whose::Portal(..) => vec![&UNSEEN_OWN, &UNSEEN_OWN_GROUP],
        }
    }
}

/// The newest conversations before a moment, those put away or the others.
pub fn list(p: &Practice, whose: Whose, place: Place, before: Before, limit: i64) -> Result<Vec<Listed>> {
    let mut all = Vec::new();
    for statement in whose.lists() {
        let mut values = match whose {
            Whose::Member(id, _) | Whose::FrontDesk(id, _) => params![id],
            Whose::Portal(id, _) => params![id],
        };
        values.extend(params![before.0, before.1, place == Place::Archive, limit]);
        if let Whose::Portal(_, client) = whose {
            values.extend(params![client]);
        }
        all.extend(p.all(statement, values, |row| listed(p, row))?);
    }
    all.sort_by_key(|one| std::cmp::Reverse((one.conversation.last_at, one.conversation.id)));
    all.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(all)
}

/// Conversations with something unseen, and messages of a member's that could not be sent at their time.
pub fn unseen(p: &Practice, whose: Whose) -> Result<i64> {
    let mut sum = 0;
    for statement in whose.counts() {
        let values = match whose {
            Whose::Member(id, _) | Whose::FrontDesk(id, _) => params![id],
            Whose::Portal(id, client) => params![id, client],
        };
        sum += p.all(statement, values, |row| Ok(row.get::<ConversationId>(0)?))?.len();
    }
    Ok(i64::try_from(sum).unwrap_or(i64::MAX))
}

/// What a new conversation is.
pub struct New<'n> {
    pub kind: Kind,
    pub client: Option<ClientId>,
    pub member: Option<MemberId>,
    pub title: Option<&'n str>,
    pub begun: Begun,
}

pub fn insert(p: &Practice, id: ConversationId, new: &New) -> Result<()> {
    let title = p.app.secrets.seal_text(TITLE.what, &[p.id.0, id.0], new.title);
    let values = params![id, new.kind.as_str(), new.client, new.member, title, new.begun.as_str(), p.now];
    p.run(&INSERT, values).map(drop)
}

fn counted(p: &Practice, statement: &'static TenantSql, values: Vec<crate::db::Value>) -> Result<i64> {
    p.one(statement, values, |row| Ok(row.get(0)?))?.ok_or(crate::error::Error::NotFound)
}

/// Counts on for a change of a message.
pub fn next(p: &Practice, id: ConversationId) -> Result<i64> {
    counted(p, &NEXT, params![id])
}

/// Counts on for a new message.
pub fn next_said(p: &Practice, id: ConversationId) -> Result<i64> {
    counted(p, &NEXT_SAID, params![id, p.now])
}

pub fn set_closed(p: &Practice, id: ConversationId, at: Option<Instant>) -> Result<()> {
    p.run(&SET_CLOSED, params![id, at]).map(drop)
}

pub fn set_begun(p: &Practice, id: ConversationId, begun: Begun) -> Result<()> {
    p.run(&SET_BEGUN, params![id, begun.as_str()]).map(drop)
}

/// How far somebody is.
#[derive(Debug, Clone)]
pub struct Reader {
    pub id: Uuid,
    pub is_member: bool,
    pub name: String,
    pub delivered: i64,
    pub seen: i64,
    pub seen_at: Option<Instant>,
    pub muted: bool,
    pub archived: bool,
}

pub fn readers(p: &Practice, id: ConversationId) -> Result<Vec<Reader>> {
    p.all(&READERS, params![id], |row| {
        let name = full(row.get(7)?, row.get(8)?, None).or(full(row.get(9)?, row.get(10)?, None)).or(full(
            row.get(11)?,
            row.get(12)?,
            row.get(13)?,
        ));
        Ok(Reader {
            id: row.get(0)?,
            is_member: row.get::<String>(1)? == "member",
            delivered: row.get(2)?,
            seen: row.get(3)?,
            seen_at: row.get(4)?,
            muted: row.get(5)?,
            archived: row.get(6)?,
            name: name.unwrap_or_default(),
        })
    })
}

/// What is to be known of a reader when something new is said.
#[derive(Debug, Clone)]
pub struct Mark {
    pub reader: Uuid,
    pub row: Uuid,
    pub muted: bool,
    pub archived: bool,
    /// A mail waits for them, or went.
    pub told: bool,
    pub seen: i64,
}

/// Members who have read in a conversation with the practice, may still, and have not muted it.
pub fn known_at_desk(p: &Practice, conversation: &Conversation) -> Result<Vec<Uuid>> {
    p.all(&KNOWN_AT_DESK, params![conversation.id, conversation.client], |row| Ok(row.get(0)?))
}

pub fn marks(p: &Practice, id: ConversationId) -> Result<Vec<Mark>> {
    p.all(&MARKS, params![id], |row| {
        let (reader, of) = (row.get(0)?, row.get(1)?);
        Ok(Mark { reader, row: of, muted: row.get(2)?, archived: row.get(3)?, told: row.get(4)?, seen: row.get(5)? })
    })
}

pub fn ensure_reader(p: &Practice, id: ConversationId, reader: Uuid, kind: &str) -> Result<()> {
    p.run(&ENSURE_READER, params![id, reader, p.new_id(), kind]).map(drop)
}

/// `false`: it was delivered so far already.
pub fn set_delivered(p: &Practice, id: ConversationId, reader: Uuid, up_to: i64) -> Result<bool> {
    Ok(p.run(&SET_DELIVERED, params![id, reader, up_to])? > 0)
}

/// The reader's row, who is not told of anything now. Nothing: they were so far already.
pub fn set_seen(p: &Practice, id: ConversationId, reader: Uuid, up_to: i64) -> Result<Option<Uuid>> {
    p.one(&SET_SEEN, params![id, reader, up_to, p.now], |row| Ok(row.get(0)?))
}

/// Whether nobody else has said anything after a place.
pub fn is_all_seen(p: &Practice, id: ConversationId, reader: Uuid, up_to: i64) -> Result<bool> {
    Ok(p.one(&AFTER, params![id, reader, up_to], |_| Ok(()))?.is_none())
}

/// When the oldest message that a reader has not seen was written.
pub fn oldest_unread(p: &Practice, row: Uuid) -> Result<Option<Instant>> {
    p.one(&OLDEST_UNREAD, params![row], |row| Ok(row.get(0)?))
}

pub fn set_muted(p: &Practice, id: ConversationId, reader: Uuid, muted: super::Muted) -> Result<()> {
    p.run(&SET_MUTED, params![id, reader, muted == super::Muted::Yes]).map(drop)
}

pub fn set_archived(p: &Practice, id: ConversationId, reader: Uuid, place: Place) -> Result<()> {
    p.run(&SET_ARCHIVED, params![id, reader, place == Place::Archive]).map(drop)
}

/// What somebody put away comes back when something is said.
pub fn bring_back(p: &Practice, id: ConversationId) -> Result<()> {
    p.run(&BRING_BACK, params![id]).map(drop)
}

/// The row of a reader who is to be mailed, from now on counted as told. Nothing: they are, or want no mail.
pub fn to_tell(p: &Practice, id: ConversationId, reader: Uuid) -> Result<Option<Uuid>> {
    p.one(&TO_TELL, params![id, reader], |row| Ok(row.get(0)?))
}

/// Somebody who is perhaps to be mailed.
pub struct Waiting {
    pub conversation: ConversationId,
    pub reader: Uuid,
    pub is_member: bool,
    pub unseen: bool,
    pub muted: bool,
    pub told: bool,
}

pub fn reader_by_id(p: &Practice, id: Uuid) -> Result<Option<Waiting>> {
    p.one(&READER_BY_ID, params![id], |row| {
        Ok(Waiting {
            conversation: row.get(0)?,
            reader: row.get(1)?,
            is_member: row.get::<String>(2)? == "member",
            unseen: row.get::<i64>(3)? < row.get::<i64>(6)?,
            muted: row.get(4)?,
            told: row.get(5)?,
        })
    })
}

pub fn not_told(p: &Practice, id: Uuid) -> Result<()> {
    p.run(&NOT_TOLD, params![id]).map(drop)
}

/// The live ways into a client's portal.
pub fn accesses(p: &Practice, client: ClientId) -> Result<Vec<AccessId>> {
    p.all(&ACCESSES, params![client], |row| Ok(row.get(0)?))
}

pub fn account_of(p: &Practice, access: AccessId) -> Result<Option<crate::ids::AccountId>> {
    p.one(&ACCOUNT_OF, params![access], |row| Ok(row.get(0)?))
}

/// Whether a record is neither archived nor merged.
pub fn is_active(p: &Practice, client: ClientId) -> Result<bool> {
    Ok(p.one(&CLIENT_STATUS, params![client], |row| Ok(row.get::<String>(0)?))?.is_some_and(|s| s == "active"))
}
