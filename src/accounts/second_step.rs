//! A code is tried: counted per account before it is looked at, so that beginning the sign-in anew gains nothing. A
//! device that has signed in to the account before counts for itself: a stranger who has the password cannot lock its
//! owner out there.

use std::time::Duration;

use super::guesses::{Cap, Outcome, take_all};
use super::sign_in::known_device;
use crate::error::Result;
use crate::ids::AccountId;
use crate::practice::House;
use crate::second_factor::{self, Cleared};
use crate::web::Ctx;

/// Tries in a quarter of an hour, and in a day: of a million codes three are good at a time, and the second cap keeps a
/// year of guessing unlikely to find one.
const PER_QUARTER: i64 = 10;
const PER_DAY: i64 = 50;
const QUARTER: Duration = Duration::from_secs(15 * 60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Why there is no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The code is wrong, used, or too old.
    Code,
    Wait {
        seconds: u64,
    },
    /// What was begun is over: the session or the sign-in ended, or the password was changed.
    Gone,
}

/// Who tries.
#[derive(Debug, Clone)]
pub struct Trier {
    device: Option<String>,
}

impl Trier {
    pub fn of(ctx: &Ctx) -> Trier {
        Trier { device: ctx.device.clone() }
    }

    fn caps(&self, h: &House, account: AccountId, email_key: &str) -> Result<[Cap; 2]> {
        let device = known_device(h, self.device.as_deref(), email_key)?;
        let mut what = account.0.as_bytes().to_vec();
        let purposes = match device {
            Some(device) => {
                what.extend_from_slice(device.as_bytes());
                ["code device", "code device day"]
            }
            None => ["code account", "code account day"],
        };
        Ok([
            Cap::new(h.app, purposes[0], &what, PER_QUARTER, QUARTER),
            Cap::new(h.app, purposes[1], &what, PER_DAY, DAY),
        ])
    }

    /// Tries a code. What is counted stays counted unless it was good: the caller commits either way.
    pub fn check(
        &self,
        h: &House,
        account: AccountId,
        email_key: &str,
        typed: &str,
    ) -> Result<std::result::Result<Cleared, Refused>> {
        if typed.trim().is_empty() {
            return Ok(Err(Refused::Code));
        }
        let caps = self.caps(h, account, email_key)?;
        if let Outcome::Wait { seconds } = take_all(h, &caps)? {
            h.app.metrics.sign_in_refusals.inc();
            return Ok(Err(Refused::Wait { seconds }));
        }
        let Some(cleared) = second_factor::check(h, account, typed)? else {
            h.app.metrics.sign_in_refusals.inc();
            return Ok(Err(Refused::Code));
        };
        for cap in &caps {
            cap.forgive(h)?;
        }
        Ok(Ok(cleared))
    }
}
