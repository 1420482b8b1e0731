//! The one room that knows which tables belong to a client: what goes along with a merge is named here, and a test walks
//! the tables for one that nobody thought of.

use uuid::Uuid;

use super::{Merge, Moved};
use crate::clock::Instant;
use crate::db::{Row, TenantSql};
use crate::error::Result;
use crate::ids::{AccessId, ClientId, ContactId, MemberId, MergeId};
use crate::params;
use crate::practice::Practice;

macro_rules! select {
    ($where:literal) => {
        concat!(
            "select g.id, g.kept, g.gone, g.status_before, g.filled, g.email_before, g.merged_at, g.undone_at,
             c.first_name, c.last_name, c.preferred_name, m.first_name, m.last_name
             from merges g join clients c on c.practice_id = g.practice_id and c.id = g.gone
             left join members m on m.practice_id = g.practice_id and m.id = g.merged_by where g.practice_id = $1 and ",
            $where
        )
    };
}

/// Puts the rows of a kind that a merge moved into one record.
macro_rules! put {
    ($table:literal, $whats:literal) => {
        concat!(
            "update ",
            $table,
            " set client_id = $3 where practice_id = $1 and id in (select v.row_id from merge_moves v
             where v.practice_id = $1 and v.merge_id = $2 and v.what ",
            $whats,
            ")"
        )
    };
}
/// Writes down which rows of a table a merge moves: of the record that goes, or of the one that stays.
macro_rules! record {
    ($what:literal, $table:literal, $side:literal, $where:literal) => {
        concat!(
            "insert into merge_moves (practice_id, merge_id, what, row_id)
             select $1, g.id, '",
            $what,
            "', x.id from merges g join ",
            $table,
            " x on x.practice_id = g.practice_id and x.client_id = ",
            $side,
            " where g.practice_id = $1 and g.id = $2",
            $where
        )
    };
}

crate::sql! {
    tenant BY_ID = select!("g.id = $2");
    tenant INTO = select!("g.kept = $2 order by g.merged_at desc, g.id desc limit 50");
    tenant INSERT =
        "insert into merges (practice_id, id, kept, gone, status_before, filled, email_before, merged_at, merged_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    tenant SET_UNDONE = "update merges set undone_at = $3 where practice_id = $1 and id = $2 and undone_at is null";
    tenant COUNT_HISTORY = "select count(*) from activities where practice_id = $1 and client_id = $2";
    tenant COUNT_DOCUMENTS =
        "select count(*) from documents where practice_id = $1 and client_id = $2 and deleted_at is null";
    tenant MOVED =
        "select what, row_id from merge_moves where practice_id = $1 and merge_id = $2 and what in ('contact', 'main', 'member')
         limit 500";
    tenant RECORD_ONE = "insert into merge_moves (practice_id, merge_id, what, row_id) values ($1, $2, $3, $4)";
    tenant RECORD_ACTIVITIES = record!("activity", "activities", "g.gone", "");
    tenant RECORD_INVITATIONS = record!("invitation", "invitations", "g.gone", " and x.contact_id is null");
    tenant RECORD_INVITATIONS_AWAY = record!("invitation_away", "invitations", "g.kept", " and x.contact_id is null");
    tenant RECORD_INVITATIONS_OF_CONTACTS = record!("invitation", "invitations", "g.gone",
        " and x.contact_id in (select v.row_id from merge_moves v
         where v.practice_id = $1 and v.merge_id = $2 and v.what in ('contact', 'main'))");
    tenant PUT_ACTIVITIES = put!("activities", "= 'activity'");
    tenant PUT_ACCESSES = put!("portal_access", "= 'access'");
    tenant RECORD_DOCUMENTS = record!("document", "documents", "g.gone", "");
    tenant PUT_DOCUMENTS = put!("documents", "= 'document'");
    tenant COUNT_FORMS =
        "select count(*) from client_forms x where x.practice_id = $1 and x.client_id = $2 and x.state <> 'withdrawn'
             and not (x.state = 'open' and exists (select 1 from client_forms k where k.practice_id = x.practice_id
                 and k.client_id = $3 and k.form_id = x.form_id and k.state not in ('withdrawn', 'skipped')))";
    // Nobody is asked twice: what nobody has begun stays behind where the record that stays has the same form.
    tenant RECORD_FORMS = record!("form", "client_forms", "g.gone",
        " and not (x.state = 'open' and exists (select 1 from client_forms k where k.practice_id = x.practice_id
             and k.client_id = g.kept and k.form_id = x.form_id and k.state not in ('withdrawn', 'skipped')))");
    tenant PUT_FORMS = put!("client_forms", "= 'form'");
    // Alerts go where their forms go, those among them that were raised after the merge.
    tenant PUT_ALERTS =
        "update form_alerts set client_id = $3 where practice_id = $1 and client_form_id in (select v.row_id
             from merge_moves v where v.practice_id = $1 and v.merge_id = $2 and v.what = 'form')";
    // A flow stands once for a client: what both were given stays where it is, and counts for the forms that came along.
    tenant PUT_FLOWS =
        "insert into client_flows (practice_id, client_id, flow_id, given_at, completed_at)
         select $1, g.kept, f.flow_id, f.given_at, f.completed_at from merges g
         join client_flows f on f.practice_id = g.practice_id and f.client_id = g.gone
         where g.practice_id = $1 and g.id = $2
         on conflict (practice_id, client_id, flow_id) do nothing";
    tenant COUNT_CONVERSATIONS = "select count(*) from conversations where practice_id = $1 and client_id = $2";
    tenant RECORD_CONVERSATIONS = record!("conversation", "conversations", "g.gone", "");
    // A second conversation with the same provider, or with the practice, goes on in the one that stays.
    tenant RECORD_DOUBLES = record!("double", "conversations", "g.gone",
        " and x.kind = 'direct' and exists (select 1 from conversations y where y.practice_id = g.practice_id
         and y.client_id = g.kept and y.member_id = x.member_id and y.kind = 'direct')");
    tenant RECORD_DOUBLE_PRACTICE = record!("double", "conversations", "g.gone",
        " and x.kind = 'practice' and exists (select 1 from conversations y where y.practice_id = g.practice_id
         and y.client_id = g.kept and y.kind = 'practice')");
    tenant SET_EARLIER =
        "update conversations set kind = 'earlier' where practice_id = $1 and id in (select v.row_id from merge_moves v
         where v.practice_id = $1 and v.merge_id = $2 and v.what = 'double')";
    tenant SET_AGAIN =
        "update conversations set kind = case when member_id is null then 'practice' else 'direct' end
         where practice_id = $1 and id in (select v.row_id from merge_moves v
         where v.practice_id = $1 and v.merge_id = $2 and v.what = 'double')";
    tenant RECORD_GROUPS =
        "insert into merge_moves (practice_id, merge_id, what, row_id)
         select $1, g.id, 'group', x.conversation_id from merges g
         join conversation_people x on x.practice_id = g.practice_id and x.person_id = g.gone
         where g.practice_id = $1 and g.id = $2 and not exists (select 1 from conversation_people y
             where y.practice_id = x.practice_id and y.person_id = g.kept and y.conversation_id = x.conversation_id)";
    tenant PUT_GROUPS =
        "update conversation_people set person_id = $4 where practice_id = $1 and person_id = $3
         and conversation_id in (select v.row_id from merge_moves v
         where v.practice_id = $1 and v.merge_id = $2 and v.what = 'group')";
    tenant PUT_CONVERSATIONS = put!("conversations", "= 'conversation'");
    tenant PUT_INVITATIONS = put!("invitations", "= 'invitation'");
    tenant PUT_INVITATIONS_AWAY = put!("invitations", "= 'invitation_away'");
    tenant PUT_CONTACT =
        "update contacts set client_id = $3, main = $4, version = version + 1 where practice_id = $1 and id = $2";
    tenant PUT_NEWS =
        "update feed_items set client_id = $3 where practice_id = $1 and client_id = $2
         and member_id in (select id from members where practice_id = $1)";
    tenant PUT_NEWS_BACK =
        "update feed_items set client_id = $3 where practice_id = $1 and client_id = $2
         and member_id in (select id from members where practice_id = $1)
         and id in (select v.row_id from merge_moves v
             where v.practice_id = $1 and v.merge_id = $4 and v.what = 'activity')";
}

fn merge(row: &Row) -> Result<Merge> {
    let (first, last, called): (String, String, Option<String>) = (row.get(8)?, row.get(9)?, row.get(10)?);
    let by: (Option<String>, Option<String>) = (row.get(11)?, row.get(12)?);
    Ok(Merge {
        id: row.get(0)?,
        kept: row.get(1)?,
        gone: row.get(2)?,
        status_before: row.get(3)?,
        filled: row.get::<String>(4)?.split_whitespace().map(str::to_string).collect(),
        email_before: row.get(5)?,
        at: row.get(6)?,
        undone: row.get::<Option<Instant>>(7)?.is_some(),
        name: format!("{} {last}", called.unwrap_or(first)),
        by: by.0.zip(by.1).map(|(first, last)| format!("{first} {last}")),
    })
}

pub fn by_id(p: &Practice, id: MergeId) -> Result<Option<Merge>> {
    p.one(&BY_ID, params![id], merge)
}

/// What was merged into a record, the newest first, undone or not.
pub fn into(p: &Practice, kept: ClientId) -> Result<Vec<Merge>> {
    p.all(&INTO, params![kept], merge)
}

/// Writes a merge down, made now by the actor.
pub fn insert(p: &Practice, merge: &Merge) -> Result<()> {
    let filled = merge.filled.join(" ");
    let (before, email) = (merge.status_before.clone(), merge.email_before.clone());
    p.run(&INSERT, params![merge.id, merge.kept, merge.gone, before, filled, email, merge.at, p.actor.id()]).map(drop)
}

pub fn set_undone(p: &Practice, id: MergeId) -> Result<()> {
    p.run(&SET_UNDONE, params![id, p.now]).map(drop)
}

pub fn count_history(p: &Practice, client: ClientId) -> Result<i64> {
    Ok(p.one(&COUNT_HISTORY, params![client], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

/// Documents of a record, without the deleted ones.
pub fn count_documents(p: &Practice, client: ClientId) -> Result<i64> {
    Ok(p.one(&COUNT_DOCUMENTS, params![client], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

/// Forms that would come along from one record into another, without those that were withdrawn.
pub fn count_forms(p: &Practice, gone: ClientId, kept: ClientId) -> Result<i64> {
    Ok(p.one(&COUNT_FORMS, params![gone, kept], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

/// The record that stays was given the flows of the other as well. Undo leaves them: without their forms they say nothing.
pub fn put_flows(p: &Practice, id: MergeId) -> Result<()> {
    p.run(&PUT_FLOWS, params![id]).map(drop)
}

/// The contacts and members that a merge moved.
pub fn moved(p: &Practice, id: MergeId) -> Result<Vec<Moved>> {
    p.all(&MOVED, params![id], |row| {
        let row_id: Uuid = row.get(1)?;
        Ok(match row.get::<String>(0)?.as_str() {
            "member" => Moved::Member(MemberId(row_id)),
            what => Moved::Contact(ContactId(row_id), what == "main"),
        })
    })
}

fn record(p: &Practice, id: MergeId, what: &str, row: Uuid) -> Result<()> {
    p.run(&RECORD_ONE, params![id, what, row]).map(drop)
}

pub fn record_member(p: &Practice, id: MergeId, member: MemberId) -> Result<()> {
    record(p, id, "member", member.0)
}

pub fn record_access(p: &Practice, id: MergeId, access: AccessId) -> Result<()> {
    record(p, id, "access", access.0)
}

/// `was_main`: it was the main contact of the record that goes; comes back as that.
pub fn record_contact(p: &Practice, id: MergeId, contact: ContactId, was_main: bool) -> Result<()> {
    record(p, id, if was_main { "main" } else { "contact" }, contact.0)
}

pub fn put_contact(p: &Practice, contact: ContactId, client: ClientId, main: bool) -> Result<()> {
    p.run(&PUT_CONTACT, params![contact, client, main]).map(drop)
}

/// Writes down the whole history, and the invitations of the contacts that move; with `own` the client's own as well,
/// and those that the record which stays had, which go the other way.
pub fn record_rows(p: &Practice, id: MergeId, own: bool) -> Result<()> {
    p.run(&RECORD_ACTIVITIES, params![id])?;
    p.run(&RECORD_DOCUMENTS, params![id])?;
    p.run(&RECORD_FORMS, params![id])?;
    p.run(&RECORD_CONVERSATIONS, params![id])?;
    p.run(&RECORD_DOUBLES, params![id])?;
    p.run(&RECORD_DOUBLE_PRACTICE, params![id])?;
    p.run(&SET_EARLIER, params![id])?;
    p.run(&RECORD_GROUPS, params![id])?;
    p.run(&RECORD_INVITATIONS_OF_CONTACTS, params![id])?;
    if own {
        p.run(&RECORD_INVITATIONS, params![id])?;
        p.run(&RECORD_INVITATIONS_AWAY, params![id])?;
    }
    Ok(())
}

/// Puts all rows that were written down into the record `to`, and those that go the other way into `from`.
pub fn put_rows(p: &Practice, id: MergeId, from: ClientId, to: ClientId) -> Result<()> {
    const ALONG: [&TenantSql; 7] =
        [&PUT_ACTIVITIES, &PUT_DOCUMENTS, &PUT_FORMS, &PUT_ALERTS, &PUT_CONVERSATIONS, &PUT_ACCESSES, &PUT_INVITATIONS];
    for statement in ALONG {
        p.run(statement, params![id, to])?;
    }
    p.run(&PUT_GROUPS, params![id, from, to])?;
    p.run(&PUT_INVITATIONS_AWAY, params![id, from]).map(drop)
}

/// What a merge made an earlier conversation is one of its own again, back in its record.
pub fn part_conversations(p: &Practice, id: MergeId) -> Result<()> {
    p.run(&SET_AGAIN, params![id]).map(drop)
}

/// Conversations of a record.
pub fn count_conversations(p: &Practice, client: ClientId) -> Result<i64> {
    Ok(p.one(&COUNT_CONVERSATIONS, params![client], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

/// All news about a record become news about another.
pub fn put_news(p: &Practice, from: ClientId, to: ClientId) -> Result<()> {
    p.run(&PUT_NEWS, params![from, to]).map(drop)
}

/// The news that a merge took along go back.
pub fn put_news_back(p: &Practice, id: MergeId, from: ClientId, to: ClientId) -> Result<()> {
    p.run(&PUT_NEWS_BACK, params![from, to, id]).map(drop)
}
