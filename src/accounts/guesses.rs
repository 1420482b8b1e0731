//! A cap on guessing, per account and per network address, that does not lock out the owner's known device.

use std::net::IpAddr;
use std::time::Duration;

use super::queries;
use crate::clock::Instant;
use crate::error::Result;
use crate::practice::House;

const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Tries for one account from devices that never signed in to it.
const PER_ACCOUNT: i64 = 10;
/// Tries for one account from one device that has.
const PER_DEVICE: i64 = 10;
/// Tries from one network address, over all accounts; a whole clinic may sit behind one.
const PER_ADDRESS: i64 = 100;

/// What one household or clinic has: an IPv4 address, or a network of 64 bits, in which anybody picks addresses at will.
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
        v4 => v4,
    }
}

/// How often something may be done: by an address, with a link, in a practice.
#[derive(Debug, Clone)]
pub struct Cap {
    bucket: Vec<u8>,
    limit: i64,
    window: Duration,
}

impl Cap {
    /// `window`: a day at most; older counts are purged.
    pub fn new(app: &crate::app::App, purpose: &str, what: &[u8], limit: i64, window: Duration) -> Cap {
        Cap { bucket: app.secrets.digest(purpose, &[what])[..16].to_vec(), limit, window }
    }

    /// The same for one network address, or a network of 64 bits.
    pub fn of_network(app: &crate::app::App, purpose: &str, ip: IpAddr, limit: i64, window: Duration) -> Cap {
        Cap::new(app, purpose, network(ip).to_string().as_bytes(), limit, window)
    }

    /// Forgets what was counted.
    pub fn forgive(&self, h: &House) -> Result<()> {
        queries::forgive(h, &self.bucket)
    }
}

/// Counts one under each cap, in their order. What one refuses is not counted under those behind it: whoever is refused
/// alone must not use up what is everybody's.
pub fn take_all(h: &House, caps: &[Cap]) -> Result<Outcome> {
    for cap in caps {
        let (start, tries) = queries::count_guess(h, &cap.bucket, h.now.minus(cap.window))?;
        if tries > cap.limit {
            return Ok(Outcome::Wait { seconds: start.plus(cap.window).since(h.now).as_secs().max(1) });
        }
    }
    Ok(Outcome::Allowed)
}

/// Who is guessing at what.
#[derive(Debug, Clone)]
pub struct Guesses {
    buckets: Vec<(Vec<u8>, i64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Allowed,
    /// Too many; again after so many seconds.
    Wait {
        seconds: u64,
    },
}

impl Guesses {
    /// `device` is the id of a device that has signed in to this address before.
    pub fn new(app: &crate::app::App, email_key: &str, ip: IpAddr, device: Option<&str>) -> Guesses {
        let bucket = |purpose: &str, parts: &[&[u8]]| app.secrets.digest(purpose, parts)[..16].to_vec();
        let buckets = match device {
            Some(device) => {
                vec![(bucket("guess device", &[device.as_bytes(), email_key.as_bytes()]), PER_DEVICE)]
            }
            None => vec![
                (bucket("guess account", &[email_key.as_bytes()]), PER_ACCOUNT),
                (bucket("guess ip", &[network(ip).to_string().as_bytes()]), PER_ADDRESS),
            ],
        };
        Guesses { buckets }
    }

    /// Counts a try before it is made, so that many at once are counted too.
    pub fn take(&self, h: &House) -> Result<Outcome> {
        let mut wait = None;
        for (bucket, limit) in &self.buckets {
            let oldest = h.now.minus(WINDOW);
            let (start, tries): (Instant, i64) = queries::count_guess(h, bucket, oldest)?;
            if tries > *limit {
                let left = start.plus(WINDOW).since(h.now).as_secs().max(1);
                wait = Some(wait.unwrap_or(0).max(left));
            }
        }
        Ok(wait.map_or(Outcome::Allowed, |seconds| Outcome::Wait { seconds }))
    }

    /// Forgets the tries of the account or device; those of the network address stay counted.
    pub fn forgive(&self, h: &House) -> Result<()> {
        match self.buckets.first() {
            Some((bucket, _)) => queries::forgive(h, bucket),
            None => Ok(()),
        }
    }
}
