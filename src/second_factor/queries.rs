use uuid::Uuid;

use crate::clock::Instant;
use crate::error::Result;
use crate::ids::AccountId;
use crate::params;
use crate::practice::House;

crate::sql! {
    house ON = "select 1 from second_factors where account_id = $1 and enabled_at is not null";
    house SECRET = "select secret_sealed from second_factors where account_id = $1 and enabled_at is not null";
    house BEING_SET_UP =
        "select secret_sealed from second_factors
         where account_id = $1 and session_id = $2 and enabled_at is null and created_at > $3";
    house FORGET_SET_UP = "delete from second_factors where account_id = $1 and enabled_at is null";
    house INSERT =
        "insert into second_factors (account_id, secret_sealed, created_at, session_id, last_step)
         values ($1, $2, $3, $4, 0)";
    house ENABLE =
        "update second_factors set enabled_at = $2, last_step = $3 where account_id = $1 and enabled_at is null";
    house USE_STEP =
        "update second_factors set last_step = $2
         where account_id = $1 and enabled_at is not null and last_step < $2";
    house DELETE = "delete from second_factors where account_id = $1";
    house INSERT_CODE = "insert into recovery_codes (account_id, code_hash, created_at) values ($1, $2, $3)";
    house USE_CODE =
        "update recovery_codes set used_at = $3 where account_id = $1 and code_hash = $2 and used_at is null";
    house DELETE_CODES = "delete from recovery_codes where account_id = $1";
    house CODES_LEFT = "select count(*) from recovery_codes where account_id = $1 and used_at is null";
    house CARRIED =
        "select 1 from sessions
         where id = $2 and account_id = $1 and second_factor and (ended_at is null or idled) and last_seen_at > $3";
}

crate::sealed! { SECRET_COLUMN = "second factor" in second_factors (account_id) secret_sealed }

fn seal(h: &House, account: AccountId, clear: &[u8]) -> Vec<u8> {
    h.app.secrets.seal(SECRET_COLUMN.what, &[account.0], clear)
}

fn unseal(h: &House, account: AccountId, sealed: Option<Vec<u8>>) -> Result<Option<Vec<u8>>> {
    sealed.map(|sealed| h.app.secrets.unseal(SECRET_COLUMN.what, &[account.0], &sealed)).transpose()
}

pub fn is_on(h: &House, account: AccountId) -> Result<bool> {
    Ok(h.one(&ON, params![account], |_| Ok(()))?.is_some())
}

pub fn secret(h: &House, account: AccountId) -> Result<Option<Vec<u8>>> {
    unseal(h, account, h.one(&SECRET, params![account], |row| Ok(row.get(0)?))?)
}

pub fn being_set_up(h: &House, account: AccountId, session: Uuid, oldest: Instant) -> Result<Option<Vec<u8>>> {
    unseal(h, account, h.one(&BEING_SET_UP, params![account, session, oldest], |row| Ok(row.get(0)?))?)
}

pub fn insert(h: &House, account: AccountId, secret: &[u8], session: Uuid) -> Result<()> {
    h.run(&FORGET_SET_UP, params![account])?;
    h.run(&INSERT, params![account, seal(h, account, secret), h.now, session]).map(drop)
}

pub fn enable(h: &House, account: AccountId, step: i64) -> Result<bool> {
    Ok(h.run(&ENABLE, params![account, h.now, step])? == 1)
}

/// `false`: this step or a later one was used before.
pub fn use_step(h: &House, account: AccountId, step: i64) -> Result<bool> {
    Ok(h.run(&USE_STEP, params![account, step])? == 1)
}

pub fn delete(h: &House, account: AccountId) -> Result<bool> {
    h.run(&DELETE_CODES, params![account])?;
    Ok(h.run(&DELETE, params![account])? == 1)
}

pub fn replace_codes(h: &House, account: AccountId, hashes: &[Vec<u8>]) -> Result<()> {
    h.run(&DELETE_CODES, params![account])?;
    for hash in hashes {
        h.run(&INSERT_CODE, params![account, hash.clone(), h.now])?;
    }
    Ok(())
}

/// `false`: there is no such code, or it was used before.
pub fn use_code(h: &House, account: AccountId, hash: Vec<u8>) -> Result<bool> {
    Ok(h.run(&USE_CODE, params![account, hash, h.now])? == 1)
}

pub fn codes_left(h: &House, account: AccountId) -> Result<i64> {
    Ok(h.one(&CODES_LEFT, params![account], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

pub fn carried(h: &House, account: AccountId, session: Uuid, oldest: Instant) -> Result<bool> {
    Ok(h.one(&CARRIED, params![account, session, oldest], |_| Ok(()))?.is_some())
}
