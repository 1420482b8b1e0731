use uuid::Uuid;

use super::act::Before;
use super::{Action, Run, Skip, State};
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::ids::{BulkRunId, ClientId, MemberId};
use crate::params;
use crate::practice::{House, Practice};

/// Skipped clients that a page names.
const SKIPPED_SHOWN: i64 = 100;

crate::sql! {
    tenant INSERT =
        "insert into bulk_runs (practice_id, id, member_id, action, target, query, state, gathered, done, skipped, undone,
         created_at) values ($1, $2, $3, $4, $5, $6, 'gathering', 0, 0, 0, 0, $7)";
    tenant BY_ID =
        "select id, member_id, action, target, query, cursor, state, gathered, done, skipped, undone, created_at,
         finished_at from bulk_runs where practice_id = $1 and id = $2";
    tenant NEWEST =
        "select id, member_id, action, target, query, cursor, state, gathered, done, skipped, undone, created_at,
         finished_at from bulk_runs
         where practice_id = $1 and member_id = $2 and created_at > $3 order by created_at desc limit 1";
    tenant UNDER_WAY =
        "select id from bulk_runs
         where practice_id = $1 and member_id = $2 and state in ('gathering', 'running', 'undoing') limit 1";
    tenant GATHERED =
        "update bulk_runs set gathered = gathered + $3, cursor = $4, state = $5 where practice_id = $1 and id = $2";
    tenant COUNTED =
        "update bulk_runs set done = done + $3, skipped = skipped + $4, undone = undone + $5
         where practice_id = $1 and id = $2";
    tenant FINISH = "update bulk_runs set state = $3, finished_at = $4 where practice_id = $1 and id = $2";
    tenant INSERT_ITEM =
        "insert into bulk_items (practice_id, run_id, client_id, state) values ($1, $2, $3, 'waiting')
         on conflict (practice_id, run_id, client_id) do nothing";
    tenant ITEMS =
        "select client_id, before, was_on_team, made from bulk_items
         where practice_id = $1 and run_id = $2 and state = $3 order by client_id limit $4";
    tenant DONE =
        "update bulk_items set state = 'done', before = $4, was_on_team = $5, made = $6
         where practice_id = $1 and run_id = $2 and client_id = $3";
    tenant SKIPPED =
        "update bulk_items set state = 'skipped', reason = $4 where practice_id = $1 and run_id = $2 and client_id = $3";
    tenant UNDONE = "update bulk_items set state = $4 where practice_id = $1 and run_id = $2 and client_id = $3";
    tenant SKIPPED_ITEMS =
        "select client_id, reason from bulk_items
         where practice_id = $1 and run_id = $2 and state = 'skipped' order by client_id limit $3";
    across("old runs of every practice are dropped together") OLD =
        "select practice_id, id from bulk_runs where created_at < $1 limit 20";
    tenant DELETE_ITEMS = "delete from bulk_items where practice_id = $1 and run_id = $2";
    tenant DELETE_RUN = "delete from bulk_runs where practice_id = $1 and id = $2";
}

pub fn insert(p: &Practice, id: BulkRunId, member: MemberId, action: Action, query: Option<&str>) -> Result<()> {
    let values = params![id, member, action.as_str(), action.target(), query, p.now];
    p.run(&INSERT, values).map(drop)
}

fn to_run(row: &crate::db::Row) -> Result<Run> {
    let (action, target): (String, Option<Uuid>) = (row.get(2)?, row.get(3)?);
    let state: String = row.get(6)?;
    Ok(Run {
        id: row.get(0)?,
        member: row.get(1)?,
        action: Action::read(&action, target).ok_or_else(|| Error::internal("a run without an action"))?,
        query: row.get(4)?,
        cursor: row.get(5)?,
        state: State::parse(&state).ok_or_else(|| Error::internal("a run without a state"))?,
        gathered: row.get(7)?,
        done: row.get(8)?,
        skipped: row.get(9)?,
        undone: row.get(10)?,
        created_at: row.get(11)?,
        finished_at: row.get(12)?,
    })
}

pub fn by_id(p: &Practice, id: BulkRunId) -> Result<Option<Run>> {
    p.one(&BY_ID, params![id], to_run)
}

pub fn newest(p: &Practice, member: MemberId, since: Instant) -> Result<Option<Run>> {
    p.one(&NEWEST, params![member, since], to_run)
}

pub fn under_way(p: &Practice, member: MemberId) -> Result<Option<BulkRunId>> {
    p.one(&UNDER_WAY, params![member], |row| Ok(row.get(0)?))
}

pub fn gathered(p: &Practice, id: BulkRunId, more: i64, cursor: Option<&str>, state: State) -> Result<()> {
    p.run(&GATHERED, params![id, more, cursor, state.as_str()]).map(drop)
}

pub fn counted(p: &Practice, id: BulkRunId, done: i64, skipped: i64, undone: i64) -> Result<()> {
    p.run(&COUNTED, params![id, done, skipped, undone]).map(drop)
}

pub fn finish(p: &Practice, id: BulkRunId, state: State) -> Result<()> {
    p.run(&FINISH, params![id, state.as_str(), p.now]).map(drop)
}

/// `false`: the client is in the run already.
pub fn insert_item(p: &Practice, run: BulkRunId, client: ClientId) -> Result<bool> {
    Ok(p.run(&INSERT_ITEM, params![run, client])? == 1)
}

pub fn items(p: &Practice, run: BulkRunId, state: &str, limit: i64) -> Result<Vec<(ClientId, Before)>> {
    p.all(&ITEMS, params![run, state, limit], |row| {
        Ok((row.get(0)?, Before { before: row.get(1)?, was_on_team: row.get(2)?, made: row.get(3)? }))
    })
}

pub fn done(p: &Practice, run: BulkRunId, client: ClientId, before: &Before) -> Result<()> {
    p.run(&DONE, params![run, client, before.before, before.was_on_team, before.made]).map(drop)
}

pub fn skip(p: &Practice, run: BulkRunId, client: ClientId, why: Skip) -> Result<()> {
    p.run(&SKIPPED, params![run, client, why.as_str()]).map(drop)
}

/// `kept`: what was done stands, because somebody has changed it since.
pub fn undone(p: &Practice, run: BulkRunId, client: ClientId, state: &str) -> Result<()> {
    p.run(&UNDONE, params![run, client, state]).map(drop)
}

pub fn skipped(p: &Practice, run: BulkRunId) -> Result<Vec<(ClientId, String)>> {
    p.all(&SKIPPED_ITEMS, params![run, SKIPPED_SHOWN], |row| Ok((row.get(0)?, row.get(1)?)))
}

pub fn purge(h: &House, before: Instant) -> Result<()> {
    let old: Vec<(crate::ids::PracticeId, BulkRunId)> =
        h.all(&OLD, params![before], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (practice, run) in old {
        let actor = crate::access::Actor::system(practice);
        let p = h.practice(&actor);
        p.run(&DELETE_ITEMS, params![run])?;
        p.run(&DELETE_RUN, params![run])?;
    }
    Ok(())
}
