use uuid::Uuid;

use super::Job;
use crate::clock::Instant;
use crate::error::Result;
use crate::ids::PracticeId;
use crate::params;
use crate::practice::House;

crate::sql! {
    house INSERT =
        "insert into jobs (id, job_practice, kind, subject, state, run_at, attempts, created_at)
         values ($1, $2, $3, $4, 'ready', $5, 0, $6)";
    house CLAIM =
        "update jobs set lease = $1, lease_until = $2, attempts = attempts + 1
         where (lease_until is null or lease_until <= $3) and id in
             (select id from jobs where state = 'ready' and run_at <= $3
              and (lease_until is null or lease_until <= $3) order by run_at, id limit $4)
         returning id, job_practice, kind, subject, attempts, lease";
    house FINISH = "delete from jobs where id = $1 and lease = $2";
    house CANCEL = "delete from jobs where subject = $1 and kind = $2 and state = 'ready' and lease is null";
    house RENEW = "update jobs set lease_until = $3 where id = $1 and lease = $2";
    house COUNTS = "select state, count(*) from jobs group by state order by state";
    house RELEASE = "update jobs set state = 'ready', run_at = $1 where state = 'held'";
    house PUT_BACK =
        "update jobs set state = $3, run_at = $4, last_error = $5, lease = null, lease_until = null
         where id = $1 and lease = $2";
}

pub fn insert(
    h: &House,
    id: Uuid,
    practice: Option<PracticeId>,
    kind: &str,
    subject: Uuid,
    run_at: Instant,
) -> Result<()> {
    h.run(&INSERT, params![id, practice, kind, subject, run_at, h.now])?;
    h.app.jobs_queued.store(true, std::sync::atomic::Ordering::SeqCst);
    Ok(())
}

pub fn claim(h: &House, lease: Uuid, until: Instant, limit: i64) -> Result<Vec<Job>> {
    h.all(&CLAIM, params![lease, until, h.now, limit], |row| {
        Ok(Job {
            id: row.get(0)?,
            practice: row.get(1)?,
            kind: row.get(2)?,
            subject: row.get(3)?,
            attempts: row.get(4)?,
            lease: row.get(5)?,
        })
    })
}

pub fn finish(h: &House, id: Uuid, lease: Uuid) -> Result<u64> {
    h.run(&FINISH, params![id, lease])
}

pub fn renew(h: &House, id: Uuid, lease: Uuid, until: Instant) -> Result<()> {
    h.run(&RENEW, params![id, lease, until]).map(drop)
}

pub fn counts(h: &House) -> Result<Vec<(String, i64)>> {
    h.all(&COUNTS, params![], |row| Ok((row.get(0)?, row.get(1)?)))
}

pub fn release(h: &House) -> Result<u64> {
    h.run(&RELEASE, params![h.now])
}

pub fn cancel(h: &House, kind: &str, subject: Uuid) -> Result<u64> {
    h.run(&CANCEL, params![subject, kind])
}

pub fn put_back(h: &House, id: Uuid, lease: Uuid, state: &str, run_at: Instant, error: &str) -> Result<()> {
    let error: String = error.chars().take(500).collect();
    h.run(&PUT_BACK, params![id, lease, state, run_at, error]).map(drop)
}
