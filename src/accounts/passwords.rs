//! Passwords: hashed with argon2id on a bounded pool, and the rules that a new one must meet.

use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use crossbeam_channel::Sender;
use tokio::sync::oneshot;

use crate::db::DbError;
use crate::error::{Error, Result};
use crate::people::folded;

/// Shortest and longest password, in characters; the upper limit only bounds the work.
pub const SHORTEST: usize = 10;
pub const LONGEST: usize = 512;
/// Hashes computed at once, at most: each takes 19 MiB and a core.
const AT_ONCE: usize = 4;
/// Hashes that may wait; one more is answered 503.
const WAITING_LIMIT: usize = 256;

/// A hash of no password, for addresses that nobody has: checking it takes as long as a real one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$cnVoLWNhcmUtbm9ib2R5$3T5yX5t2r2m5m2Yv0Uq2m0d1W3s2e5g7h9k1l3n5p7Q";

type Hashing = Box<dyn FnOnce() + Send>;

pub struct Passwords {
    queue: Sender<Hashing>,
    /// Passwords checked so far: tests hold known and unknown addresses to the same work.
    checks: AtomicU64,
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

impl Passwords {
    /// Starts the threads that hash. They are threads of their own: each keeps the memory of its last hash for a while,
    /// and a pool that grows under a flood would keep it many times over.
    pub fn new() -> Result<Passwords> {
        let (queue, hashes) = crossbeam_channel::bounded::<Hashing>(WAITING_LIMIT);
        for n in 0..crate::threads::behind().min(AT_ONCE) {
            let hashes = hashes.clone();
            let work = move || {
                // A flood of sign-ins takes what time is left over.
                crate::threads::step_back();
                while let Ok(hashing) = hashes.recv() {
                    // A panic must not take the thread, and everybody else's sign-in, with it.
                    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(hashing));
                }
            };
            let started = std::thread::Builder::new().name(format!("ruh-hash-{n}")).spawn(work);
            started.map_err(|e| Error::internal(format!("a thread for passwords: {e}")))?;
        }
        Ok(Passwords { queue, checks: AtomicU64::new(0) })
    }

    /// Hashes a new password. Errors: too many hashes are waiting.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let password = password.to_string();
        self.on_pool(move || {
            let hash = argon2().hash_password(password.as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|e| Error::internal(format!("argon2: {e}")))
        })
        .await?
    }

    /// Checks a password. Without a hash the same work is done and the answer is no.
    pub async fn verify(&self, password: &str, hash: Option<String>) -> Result<bool> {
        let password: String = password.chars().take(LONGEST + 1).collect();
        self.checks.fetch_add(1, Ordering::Relaxed);
        self.on_pool(move || {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| NOBODY.to_string());
            let Ok(hash) = PasswordHash::new(&hash) else {
                return false;
            };
            argon2().verify_password(password.as_bytes(), &hash).is_ok() && known
        })
        .await
    }

    /// How many passwords were checked, each with the work of one hash.
    pub fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }

    async fn on_pool<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let hashing: Hashing = Box::new(move || {
            // Whoever asked may have gone away: nobody waits for this hash any more.
            if !reply.is_closed() {
                let _ = reply.send(work());
            }
        });
        if self.queue.try_send(hashing).is_err() {
            return Err(Error::Db(DbError::Busy));
        }
        answer.await.map_err(|_| Error::internal("a password's hash was not computed"))
    }
}

/// Why a new password was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    TooShort,
    TooLong,
    Common,
    OwnName,
    Guessable,
}

impl Weakness {
    pub fn key(self) -> &'static str {
        match self {
            Weakness::TooShort => "password-too-short",
            Weakness::TooLong => "password-too-long",
            Weakness::Common => "password-common",
            Weakness::OwnName => "password-own-name",
            Weakness::Guessable => "password-guessable",
        }
    }
}

/// Checks a new password: ten characters or more, anything allowed, but not a common one and not one's own name or
/// e-mail. `about` holds the person's names and address.
pub fn check_new(password: &str, about: &[&str]) -> std::result::Result<(), Weakness> {
    let length = password.chars().count();
    if length < SHORTEST {
        return Err(Weakness::TooShort);
    }
    if length > LONGEST {
        return Err(Weakness::TooLong);
    }
    let mut rest = folded(password);
    let mut named = false;
    for part in about.iter().flat_map(|text| parts(text)) {
        if rest.contains(&part) {
            named = true;
            rest = rest.replace(&part, "");
        }
    }
    // A long phrase may well hold one's name; what is refused is a password that is little else.
    if named && rest.chars().filter(|c| c.is_alphanumeric()).count() < 6 {
        return Err(Weakness::OwnName);
    }
    let judged = zxcvbn::zxcvbn(password, about);
    if judged.score() < zxcvbn::Score::Two {
        use zxcvbn::feedback::Warning;
        let common = [
            Warning::ThisIsATop10Password,
            Warning::ThisIsATop100Password,
            Warning::ThisIsACommonPassword,
            Warning::ThisIsSimilarToACommonlyUsedPassword,
        ];
        let is_common = judged.feedback().and_then(|f| f.warning()).is_some_and(|w| common.contains(&w));
        return Err(if is_common { Weakness::Common } else { Weakness::Guessable });
    }
    Ok(())
}

/// The names and the address' parts that are long enough to matter.
fn parts(text: &str) -> Vec<String> {
    let text = folded(text);
    let mut all: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| part.chars().count() >= 3)
        .map(str::to_string)
        .collect();
    all.sort_by_key(|part| std::cmp::Reverse(part.len()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_for_new_passwords() {
        let about = ["Ana", "Marchetti", "ana.marchetti@example.org"];
        let cases = [
            ("short", Err(Weakness::TooShort)),
            ("password123", Err(Weakness::Common)),
            ("1234567890", Err(Weakness::Common)),
            ("qwertyuiop", Err(Weakness::Common)),
            ("aaaaaaaaaaaa", Err(Weakness::Guessable)),
            ("marchetti12", Err(Weakness::OwnName)),
            ("Ana.Marchetti@example.org", Err(Weakness::OwnName)),
            ("lantern orchid gravel", Ok(())),
            ("marchetti plays the cello badly", Ok(())),
            ("пароль длинный и хороший", Ok(())),
            ("  spaces are fine too  ", Ok(())),
        ];
        for (password, expected) in cases {
            assert_eq!(check_new(password, &about), expected, "{password}");
        }
        assert_eq!(check_new(&"a1b2".repeat(300), &about), Err(Weakness::TooLong));
    }

    #[tokio::test]
    async fn an_unknown_address_costs_the_same_work_and_is_refused() {
        let passwords = Passwords::new().unwrap_or_else(|e| panic!("{e}"));
        // The stand-in must parse with the same cost as real hashes, or the times would tell them apart.
        let parsed = PasswordHash::new(NOBODY).unwrap_or_else(|e| panic!("{e}"));
        let real = passwords.hash("lantern orchid gravel").await.unwrap_or_else(|e| panic!("{e}"));
        let real_parsed = PasswordHash::new(&real).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(parsed.algorithm, real_parsed.algorithm);
        assert_eq!(parsed.params.to_string(), real_parsed.params.to_string());
        assert_eq!(parsed.hash.map(|h| h.len()), real_parsed.hash.map(|h| h.len()));
        assert!(!passwords.verify("lantern orchid gravel", None).await.unwrap_or(true));
        assert!(passwords.verify("lantern orchid gravel", Some(real.clone())).await.unwrap_or(false));
        assert!(!passwords.verify("lantern orchid gravel!", Some(real)).await.unwrap_or(true));
    }
}
