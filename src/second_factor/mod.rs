//! The second factor of an account: codes by time from an app, and ten recovery codes.
//!
//! A session is opened with a `Cleared` and nothing else makes one but this room: for an account that has no second
//! factor, for one whose code was just given, or for a session that goes on from one with a code. A code by time is
//! taken once, and none before it afterwards; a recovery code once. The secret is sealed, recovery codes are hashes.
//! How it is lost and got back is in docs/decisions/0009.

mod queries;
mod recovery;
pub mod resets;
mod totp;

use std::time::Duration;

use uuid::Uuid;

use crate::error::{Error, Result};
use crate::ids::AccountId;
use crate::jobs::Kind as JobKind;
use crate::practice::House;
use crate::secrets::read_code;

pub use recovery::new_codes;
pub use totp::{address, base32};

/// What an app shows above the code.
pub const ISSUER: &str = "Ruh Care";
/// How long a secret that was shown waits for its first code.
const SET_UP_LASTS: Duration = Duration::from_secs(15 * 60);
/// How long after its last sign of life a session that idled may go on without another code.
const CARRIED_FOR: Duration = Duration::from_secs(12 * 3600);

/// The proof that the second factor does not stand in a session's way.
#[derive(Debug, Clone)]
pub struct Cleared {
    account: AccountId,
    way: Way,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    NotSetUp,
    Passed,
}

impl Cleared {
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Whether a code was given for it.
    pub fn passed(&self) -> bool {
        self.way == Way::Passed
    }
}

pub fn is_on(h: &House, account: AccountId) -> Result<bool> {
    queries::is_on(h, account)
}

/// Recovery codes that are not used yet.
pub fn codes_left(h: &House, account: AccountId) -> Result<i64> {
    queries::codes_left(h, account)
}

/// The proof for an account without a second factor; nothing for one that has it.
pub fn not_set_up(h: &House, account: AccountId) -> Result<Option<Cleared>> {
    Ok((!is_on(h, account)?).then_some(Cleared { account, way: Way::NotSetUp }))
}

/// The proof for going on from a session: a code was given for it, and it lives or has only idled.
pub fn carried(h: &House, account: AccountId, session: Uuid) -> Result<Option<Cleared>> {
    if let Some(cleared) = not_set_up(h, account)? {
        return Ok(Some(cleared));
    }
    let carried = queries::carried(h, account, session, h.now.minus(CARRIED_FOR))?;
    Ok(carried.then_some(Cleared { account, way: Way::Passed }))
}

/// The proof for a code of the app, or a recovery code. The code is used up by it. Whoever calls has counted the try.
pub fn check(h: &House, account: AccountId, typed: &str) -> Result<Option<Cleared>> {
    let good = check_by_time(h, account, typed)? || check_recovery(h, account, typed)?;
    if !good {
        return Ok(None);
    }
    // Whoever has the device has not lost it.
    resets::end_all(h, account)?;
    Ok(Some(Cleared { account, way: Way::Passed }))
}

fn check_by_time(h: &House, account: AccountId, typed: &str) -> Result<bool> {
    let Some(secret) = queries::secret(h, account)? else {
        return Ok(false);
    };
    match totp::step(&secret, &digits(typed), h.now) {
        Some(step) => queries::use_step(h, account, step),
        None => Ok(false),
    }
}

/// Apps show "123 456", and some keyboards put a space behind.
fn digits(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_whitespace()).take(20).collect()
}

fn check_recovery(h: &House, account: AccountId, typed: &str) -> Result<bool> {
    let Some(code) = read_code(typed) else {
        return Ok(false);
    };
    if !is_on(h, account)? {
        return Ok(false);
    }
    for hash in recovery::hashes(&h.app.secrets, account, &code) {
        if queries::use_code(h, account, hash)? {
            h.audit_account(None, account.0, "second_factor.recovery_used")?;
            h.enqueue(JobKind::TellRecoveryCodeUsed, account.0, h.now)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// Begins to set it up, in this session: a new secret, that nothing depends on yet. `false`: it is on already.
pub fn begin(h: &House, account: AccountId, session: Uuid) -> Result<bool> {
    if is_on(h, account)? {
        return Ok(false);
    }
    let secret = crate::secrets::random::<{ totp::SECRET }>();
    queries::insert(h, account, &secret, session)?;
    Ok(true)
}

/// The secret that this session is setting up.
pub fn being_set_up(h: &House, account: AccountId, session: Uuid) -> Result<Option<Vec<u8>>> {
    queries::being_set_up(h, account, session, h.now.minus(SET_UP_LASTS))
}

/// Turns on what this session has set up, by its first code. `codes`: the recovery codes that are about to be shown.
pub fn turn_on(h: &House, account: AccountId, session: Uuid, typed: &str, codes: &[String]) -> Result<Option<Cleared>> {
    let Some(secret) = being_set_up(h, account, session)? else {
        return Ok(None);
    };
    let Some(step) = totp::step(&secret, &digits(typed), h.now) else {
        return Ok(None);
    };
    if !queries::enable(h, account, step)? {
        return Ok(None);
    }
    keep_codes(h, account, codes)?;
    h.audit_account(None, account.0, "second_factor.on")?;
    h.enqueue(JobKind::TellSecondFactorOn, account.0, h.now)?;
    Ok(Some(Cleared { account, way: Way::Passed }))
}

fn keep_codes(h: &House, account: AccountId, codes: &[String]) -> Result<()> {
    let read = |code: &String| read_code(code).ok_or_else(|| Error::internal("a recovery code that is none"));
    let codes = codes.iter().map(read).collect::<Result<Vec<_>>>()?;
    let hashes: Vec<_> = codes.iter().map(|code| recovery::hash(&h.app.secrets, account, code)).collect();
    queries::replace_codes(h, account, &hashes)
}

/// Puts new recovery codes in the place of the old ones; for whoever has just given a code.
pub fn renew_codes(h: &House, account: AccountId, codes: &[String]) -> Result<()> {
    keep_codes(h, account, codes)?;
    h.audit_account(None, account.0, "second_factor.new_codes")?;
    h.enqueue(JobKind::TellNewRecoveryCodes, account.0, h.now)
}

/// Turns it off. `false`: it was not on. The caller ends the sessions that must not go on.
pub fn turn_off(h: &House, account: AccountId) -> Result<bool> {
    if !is_on(h, account)? {
        return Ok(false);
    }
    queries::delete(h, account)?;
    resets::end_all(h, account)?;
    h.audit_account(None, account.0, "second_factor.off")?;
    h.enqueue(JobKind::TellSecondFactorOff, account.0, h.now)?;
    Ok(true)
}
