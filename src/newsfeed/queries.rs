use uuid::Uuid;

use super::{Item, UNREAD_LIMIT, Wanted, is_narrow};
use crate::activities::{Before, Choice, Topic};
use crate::clock::Instant;
use crate::db::TenantSql;
use crate::error::Result;
use crate::ids::{ClientFormId, ClientId, MemberId};
use crate::params;
use crate::practice::{House, Practice};
use crate::timeline::Entry;
use crate::{entry_columns, entry_people};

// Items go when a member leaves the team; the condition holds as well where a role came to reach less.
macro_rules! on_team {
    () => {
        " and exists (select 1 from care_team t where t.practice_id = f.practice_id and t.client_id = f.client_id
         and t.member_id = f.member_id)"
    };
}
macro_rules! list {
    ($wanted:literal, $reach:expr) => {
        concat!(
            "select ",
            entry_columns!(),
            ", f.topic, f.client_id, c.first_name, c.last_name, c.preferred_name, f.seen from feed_items f
             join activities a on a.practice_id = f.practice_id and a.id = f.id
             join clients c on c.practice_id = f.practice_id and c.id = f.client_id",
            entry_people!(),
            "where f.practice_id = $1 and f.member_id = $2",
            $wanted,
            $reach,
            " and (f.at, f.id) < ($5, $6) order by f.at desc, f.id desc limit $7"
        )
    };
}
macro_rules! unread {
    ($reach:expr) => {
        concat!(
            "select f.id from feed_items f where f.practice_id = $1 and f.member_id = $2 and not f.seen",
            $reach,
            " limit $3"
        )
    };
}

crate::sql! {
    tenant ALL = list!(" and cast($3 as text) is not null and cast($4 as uuid) is not null", "");
    tenant ALL_TEAM = list!(" and cast($3 as text) is not null and cast($4 as uuid) is not null", on_team!());
    tenant OF_TOPIC = list!(" and f.topic = $3 and cast($4 as uuid) is not null", "");
    tenant OF_TOPIC_TEAM = list!(" and f.topic = $3 and cast($4 as uuid) is not null", on_team!());
    tenant OF_CLIENT = list!(" and f.topic = coalesce(nullif(cast($3 as text), ''), f.topic) and f.client_id = $4", "");
    tenant OF_CLIENT_TEAM = list!(" and f.topic = coalesce(nullif(cast($3 as text), ''), f.topic) and f.client_id = $4", on_team!());
    tenant UNREAD = unread!("");
    tenant UNREAD_TEAM = unread!(on_team!());
    tenant CLIENT_OF = "select client_id, topic from feed_items where practice_id = $1 and member_id = $2 and id = $3";
    // What a form's activity and the form itself say of the same moment: they were written together.
    tenant FORM_OF =
        "select t.id from activities a cross join client_forms t
         where a.practice_id = $1 and a.id = $2 and t.practice_id = a.practice_id and t.client_id = a.client_id and a.at = case a.kind when 'form.handed_in' then t.done_at
             when 'form.started' then t.started_at
             when 'form.alert' then (select max(l.raised_at) from form_alerts l where l.practice_id = t.practice_id
                 and l.client_form_id = t.id and l.raised_at = a.at) end
         order by t.position, t.id limit 1";
    tenant PLACE_OF = "select at, id from feed_items where practice_id = $1 and member_id = $2 and id = $3";
    tenant MARK = "update feed_items set seen = true where practice_id = $1 and member_id = $2 and id = $3";
    tenant MARK_ALL =
        "update feed_items set seen = true
         where practice_id = $1 and member_id = $2 and not seen and (at, id) <= ($3, $4)";
    tenant CHOICES = "select topic, choice from feed_choices where practice_id = $1 and member_id = $2";
    tenant CHOOSE =
        "insert into feed_choices (practice_id, member_id, topic, choice) values ($1, $2, $3, $4)
         on conflict (practice_id, member_id, topic) do update set choice = excluded.choice";
    tenant TO_MAIL =
        "select id from feed_items where practice_id = $1 and member_id = $2 and not seen and mailed limit $3";
    tenant WAS_MAILED =
        "update feed_items set mailed = false where practice_id = $1 and member_id = $2 and not seen and mailed";
    across("what is old is deleted in every practice") PURGE = "delete from feed_items where at < $1";
}

/// The newest before a moment.
pub fn list(p: &Practice, member: MemberId, wanted: Wanted, before: Before, limit: i64) -> Result<Vec<Item>> {
    let statement = match (wanted.client, wanted.topic, is_narrow(p)) {
        (Some(_), _, false) => &OF_CLIENT,
        (Some(_), _, true) => &OF_CLIENT_TEAM,
        (None, Some(_), false) => &OF_TOPIC,
        (None, Some(_), true) => &OF_TOPIC_TEAM,
        (None, None, false) => &ALL,
        (None, None, true) => &ALL_TEAM,
    };
    let topic = wanted.topic.map_or("", Topic::as_str);
    let client = wanted.client.map_or(Uuid::nil(), |client| client.0);
    let found = p.all(statement, params![member, topic, client, before.0, before.1, limit], |row| {
        let Some(entry) = Entry::of(row, 0)? else { return Ok(None) };
        let (first, last): (String, String) = (row.get(13)?, row.get(14)?);
        let called = row.get::<Option<String>>(15)?.unwrap_or(first);
        let name = format!("{called} {last}");
        let topic = Topic::parse(&row.get::<String>(11)?).unwrap_or(entry.kind.topic());
        Ok(Some(Item { entry, topic, client: row.get(12)?, name, seen: row.get(16)? }))
    })?;
    Ok(found.into_iter().flatten().collect())
}

pub fn unread(p: &Practice, member: MemberId) -> Result<i64> {
    let statement = if is_narrow(p) { &UNREAD_TEAM } else { &UNREAD };
    count(p, statement, member)
}

fn count(p: &Practice, statement: &'static TenantSql, member: MemberId) -> Result<i64> {
    let found = p.all(statement, params![member, UNREAD_LIMIT], |row| Ok(row.get::<Uuid>(0)?))?;
    Ok(i64::try_from(found.len()).unwrap_or(UNREAD_LIMIT))
}

pub fn client_of(p: &Practice, member: MemberId, id: Uuid) -> Result<Option<(ClientId, String)>> {
    p.one(&CLIENT_OF, params![member, id], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The form that an item is about, for whoever reads answers.
pub fn form_of(p: &Practice, id: Uuid) -> Result<Option<ClientFormId>> {
    p.one(&FORM_OF, params![id], |row| Ok(row.get(0)?))
}

pub fn place_of(p: &Practice, member: MemberId, id: Uuid) -> Result<Option<Before>> {
    p.one(&PLACE_OF, params![member, id], |row| Ok(Before(row.get(0)?, row.get(1)?)))
}

pub fn mark(p: &Practice, member: MemberId, id: Uuid) -> Result<()> {
    p.run(&MARK, params![member, id]).map(drop)
}

pub fn mark_all(p: &Practice, member: MemberId, up_to: Before) -> Result<()> {
    p.run(&MARK_ALL, params![member, up_to.0, up_to.1]).map(drop)
}

/// What was chosen: topics and choices as they are kept.
pub fn choices(p: &Practice, member: MemberId) -> Result<Vec<(String, String)>> {
    p.all(&CHOICES, params![member], |row| Ok((row.get(0)?, row.get(1)?)))
}

pub fn choose(p: &Practice, member: MemberId, topic: Topic, choice: Choice) -> Result<()> {
    p.run(&CHOOSE, params![member, topic.as_str(), choice.as_str()]).map(drop)
}

/// How many the daily mail tells of, counted up to `UNREAD_LIMIT`.
pub fn to_mail(p: &Practice, member: MemberId) -> Result<i64> {
    count(p, &TO_MAIL, member)
}

/// What was told once is not told again.
pub fn was_mailed(p: &Practice, member: MemberId) -> Result<()> {
    p.run(&WAS_MAILED, params![member]).map(drop)
}

pub fn purge(h: &House, before: Instant) -> Result<()> {
    h.run(&PURGE, params![before]).map(drop)
}
