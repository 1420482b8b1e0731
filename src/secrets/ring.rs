//! The instance's keys: the newest makes, older ones still read, retired ones only check the audit record.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Keys at most: the number of a key is one byte, and none is used twice.
const LIMIT: usize = 255;

#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// In front of every token and sealed value that the key made.
    pub id: u8,
    pub bytes: [u8; 32],
    /// Opens no link and no sealed value any more; what it wrote in the audit record is still recognised.
    pub retired: bool,
}

/// At least one key. The first makes; the others still open what they made. A higher number is a newer key.
#[derive(Clone, PartialEq, Eq)]
pub struct Ring(Vec<Key>);

impl Ring {
    pub fn of(bytes: [u8; 32]) -> Ring {
        Ring(vec![Key { id: 1, bytes, retired: false }])
    }

    /// Reads `2:BASE64` and `1:BASE64:retired`, one a line or with commas between, first the one that makes. A key
    /// alone, in base64 or hex, is number 1. Nothing if any part makes no sense.
    pub fn parse(text: &str) -> Option<Ring> {
        let parts = text.split(['\n', ',']).map(str::trim).filter(|part| !part.is_empty());
        let keys = parts.map(parse_key).collect::<Option<Vec<Key>>>()?;
        let mut ids: Vec<u8> = keys.iter().map(|key| key.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let is_sound = !keys.is_empty() && !keys[0].retired && ids.len() == keys.len();
        is_sound.then_some(Ring(keys))
    }

    /// As `parse` reads it, a key a line.
    pub fn said(&self) -> String {
        let line = |key: &Key| {
            let retired = if key.retired { ":retired" } else { "" };
            format!("{}:{}{retired}\n", key.id, URL_SAFE_NO_PAD.encode(key.bytes))
        };
        self.0.iter().map(line).collect()
    }

    /// The key that makes.
    pub fn making(&self) -> &Key {
        &self.0[0]
    }

    /// Every key, first the one that makes.
    pub fn all(&self) -> &[Key] {
        &self.0
    }

    /// The key of this number, if it still opens what it made.
    pub fn key(&self, id: u8) -> Option<&Key> {
        self.0.iter().find(|key| key.id == id && !key.retired)
    }

    /// With one more key, which makes from now on. Nothing once all numbers are used.
    pub fn with(&self, bytes: [u8; 32]) -> Option<Ring> {
        if self.0.len() >= LIMIT {
            return None;
        }
        let id = self.0.iter().map(|key| key.id).max().unwrap_or(0).checked_add(1)?;
        let mut keys = vec![Key { id, bytes, retired: false }];
        keys.extend(self.0.iter().cloned());
        Some(Ring(keys))
    }

    /// With a key retired. Nothing if there is none of this number, or if it is the one that makes.
    pub fn without(&self, id: u8) -> Option<Ring> {
        let mut keys = self.0.clone();
        let key = keys.iter_mut().skip(1).find(|key| key.id == id)?;
        key.retired = true;
        Some(Ring(keys))
    }
}

fn parse_key(part: &str) -> Option<Key> {
    let fields: Vec<&str> = part.split(':').collect();
    let (id, bytes, retired) = match fields[..] {
        [bytes] => ("1", bytes, false),
        [id, bytes] => (id, bytes, false),
        [id, bytes, "retired"] => (id, bytes, true),
        _ => return None,
    };
    let id = id.parse().ok().filter(|id| *id > 0)?;
    Some(Key { id, bytes: parse_bytes(bytes)?, retired })
}

fn parse_bytes(text: &str) -> Option<[u8; 32]> {
    let from_hex = || {
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        let pairs: Option<Vec<u8>> =
            (0..64).step_by(2).map(|i| u8::from_str_radix(text.get(i..i + 2)?, 16).ok()).collect();
        pairs
    };
    let bytes = from_hex()
        .or_else(|| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok())
        .or_else(|| STANDARD.decode(text).ok())?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_reads_back_what_it_says() {
        let ring = Ring::of([7; 32]).with([8; 32]).unwrap().with([9; 32]).unwrap().without(2).unwrap();
        assert!(Ring::parse(&ring.said()).unwrap() == ring);
        assert!(Ring::parse(&ring.said().replace('\n', ",")).unwrap() == ring);
        assert_eq!(ring.all().iter().map(|key| key.id).collect::<Vec<_>>(), [3, 2, 1]);
        assert_eq!(ring.making().id, 3);
        assert!(ring.key(2).is_none(), "retired");
        assert!(ring.key(1).is_some_and(|key| key.bytes == [7; 32]));
    }

    #[test]
    fn a_key_alone_is_number_one_in_any_spelling() {
        let hex: String = "ab".repeat(32);
        for text in [hex.clone(), STANDARD.encode([0xab; 32]), URL_SAFE_NO_PAD.encode([0xab; 32]), format!("{hex}\n")] {
            assert!(Ring::parse(&text).is_some_and(|ring| ring == Ring::of([0xab; 32])), "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_no_ring() {
        let key = URL_SAFE_NO_PAD.encode([7; 32]);
        for text in [
            String::new(),
            "\n,\n".into(),
            "short".into(),
            format!("0:{key}"),
            format!("256:{key}"),
            format!("1:{key}:old"),
            format!("1:{key}:retired"),
            format!("1:{key}\n1:{key}"),
            format!("2:{key}\nrubbish"),
        ] {
            assert!(Ring::parse(&text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_key_that_makes_cannot_be_retired_and_numbers_end() {
        let mut ring = Ring::of([7; 32]);
        assert!(ring.without(1).is_none());
        assert!(ring.without(9).is_none());
        for _ in 1..LIMIT {
            ring = ring.with([1; 32]).unwrap();
        }
        assert_eq!(ring.making().id, 255);
        assert!(ring.with([1; 32]).is_none());
    }
}
