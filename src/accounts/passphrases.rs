//! One-time passphrases for a client at the desk: made by staff, shown once, good for a day and for one portal of theirs.
//! What they open stands in that portal and goes nowhere else, not even to the account's own pages.

use std::time::Duration;

use uuid::Uuid;

use super::places::{PlaceKind, places_of};
use crate::clock::Instant;
use crate::error::Result;
use crate::ids::{AccessId, AccountId, PracticeId};
use crate::params;
use crate::practice::House;
use crate::secrets::{Secrets, random};

/// How long one may be used.
pub const LASTS: Duration = Duration::from_secs(24 * 3600);

/// Words of one: 9 bits each, 45 together, behind the cap on guesses.
const WORDS: usize = 5;
const PURPOSE: &str = "passphrase";

/// 512 short words that nobody is troubled by, in the order of letters.
static CALM: std::sync::LazyLock<Vec<&str>> =
    std::sync::LazyLock::new(|| include_str!("calm_words.txt").split_whitespace().collect());

crate::sql! {
    house INSERT =
        "insert into passphrases (id, account_id, place_practice, place_id, hash, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)";
    house END =
        "update passphrases set ended_at = $2 where account_id = $1 and used_at is null and ended_at is null";
    house END_AT =
        "update passphrases set ended_at = $3
         where account_id = $1 and place_id = $2 and used_at is null and ended_at is null";
    house OPEN =
        "select id, place_practice, place_id, hash from passphrases
         where account_id = $1 and used_at is null and ended_at is null and expires_at > $2
         order by created_at desc limit 20";
    house USE =
        "update passphrases set used_at = $2
         where id = $1 and used_at is null and ended_at is null and expires_at > $2";
    house END_EXPIRED =
        "update passphrases set ended_at = expires_at
         where created_at <= $1 and used_at is null and ended_at is null";
    house PURGE = "delete from passphrases where created_at < $1";
}

/// One that still opens something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passphrase {
    pub id: Uuid,
    pub practice: PracticeId,
    pub access: AccessId,
}

/// Makes one for a portal access, and ends the one before it. The words are nowhere but in what is given back.
pub fn make(h: &House, account: AccountId, practice: PracticeId, access: AccessId) -> Result<(String, Instant)> {
    let words = new_words();
    let expires = h.now.plus(LASTS);
    h.run(&END_AT, params![account, access, h.now])?;
    let hash = hash(&h.app.secrets, account, &words);
    h.run(&INSERT, params![h.new_id(), account, practice, access, hash, h.now, expires])?;
    Ok((words, expires))
}

/// The one that was typed, if it is an account's and still good. The same statement whether there is such an account.
pub fn typed(h: &House, account: Option<AccountId>, typed: &str) -> Result<Option<Passphrase>> {
    let account = account.unwrap_or(AccountId(Uuid::nil()));
    let open = h.all(&OPEN, params![account, h.now], |row| {
        let one = Passphrase { id: row.get(0)?, practice: row.get(1)?, access: row.get(2)? };
        Ok((one, row.get::<Vec<u8>>(3)?))
    })?;
    let hashes = h.app.secrets.digests(PURPOSE, &[account.0.as_bytes(), read(typed).as_bytes()]);
    let fits = |kept: &[u8]| hashes.iter().any(|hash| bool::from(subtle::ConstantTimeEq::ct_eq(&hash[..], kept)));
    Ok(open.into_iter().find(|(_, kept)| fits(kept)).map(|(one, _)| one))
}

/// Uses one up. `false`: it is used, ended or too old, or what it opens is no longer the account's.
pub fn take(h: &House, account: AccountId, one: &Passphrase) -> Result<bool> {
    let still = places_of(h, account)?
        .iter()
        .any(|place| place.kind == PlaceKind::Portal && place.practice == one.practice && place.id == one.access.0);
    Ok(still && h.run(&USE, params![one.id, h.now])? > 0)
}

/// Ends those of an account: its password or its address was changed.
pub fn end_all(h: &House, account: AccountId) -> Result<()> {
    h.run(&END, params![account, h.now]).map(drop)
}

/// Ends what has expired, for good, and deletes what is older than `oldest`.
pub fn purge(h: &House, oldest: Instant) -> Result<()> {
    h.run(&END_EXPIRED, params![h.now.minus(LASTS)])?;
    h.run(&PURGE, params![oldest]).map(drop)
}

fn new_words() -> String {
    let random = random::<{ 2 * WORDS }>();
    let word = |two: &[u8]| CALM[usize::from(u16::from_le_bytes([two[0], two[1]])) % CALM.len()];
    random.chunks(2).map(word).collect::<Vec<_>>().join("-")
}

/// A passphrase as it was meant: in small letters, with one hyphen between words, whatever stood there.
fn read(typed: &str) -> String {
    let parts = typed.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).take(2 * WORDS);
    parts.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

fn hash(secrets: &Secrets, account: AccountId, words: &str) -> Vec<u8> {
    secrets.digest(PURPOSE, &[account.0.as_bytes(), words.as_bytes()]).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_512_words_each_once() {
        assert_eq!(CALM.len(), 512, "9 bits a word, without a bias");
        assert!(CALM.windows(2).all(|two| two[0] < two[1]), "in the order of letters, each once");
        assert!(CALM.iter().all(|word| (3..=7).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase())));
    }

    #[test]
    fn words_read_back_however_they_are_typed() {
        let words = new_words();
        assert_eq!(words.split('-').count(), WORDS, "{words}");
        let spoken = words.replace('-', " ").to_uppercase();
        for typed in [words.clone(), format!("  {spoken} "), words.replace('-', " - "), words.replace('-', "_")] {
            assert_eq!(read(&typed), words, "{typed}");
        }
        assert_ne!(read(&words.replace('-', "")), words);
        assert_eq!(read("  "), "");
    }
}
