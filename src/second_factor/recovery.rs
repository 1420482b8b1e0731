//! Recovery codes: ten, each good once, for when the device with the app is not at hand. Kept as keyed hashes.

use crate::ids::AccountId;
use crate::secrets::{Secrets, random};

/// Codes that are made together.
pub const COUNT: usize = 10;
/// Letters of one: 60 bits.
const LENGTH: usize = 12;
/// Digits and letters without those that are taken for another (Crockford).
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// New codes, as they are shown once: "k3f9-2mzt-07qe".
pub fn new_codes() -> Vec<String> {
    (0..COUNT).map(|_| shown(&random::<LENGTH>())).collect()
}

fn shown(random: &[u8]) -> String {
    let letters: Vec<char> = random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    letters.chunks(4).map(|part| part.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// A code as it was meant: without hyphens and spaces, in small letters, with the digits that were taken for letters.
/// Nothing if it cannot be one.
pub fn read(typed: &str) -> Option<String> {
    let mut code = String::with_capacity(LENGTH);
    for c in typed.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '—')) {
        let c = match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            c => c,
        };
        if !c.is_ascii() || !LETTERS.contains(&(c as u8)) || code.len() == LENGTH {
            return None;
        }
        code.push(c);
    }
    (code.len() == LENGTH).then_some(code)
}

const PURPOSE: &str = "recovery code";

/// How a code is kept.
pub fn hash(secrets: &Secrets, account: AccountId, code: &str) -> Vec<u8> {
    secrets.digest(PURPOSE, &[account.0.as_bytes(), code.as_bytes()]).to_vec()
}

/// How it may have been kept: by the key that makes now, or by one before it.
pub fn hashes(secrets: &Secrets, account: AccountId, code: &str) -> Vec<Vec<u8>> {
    let all = secrets.digests(PURPOSE, &[account.0.as_bytes(), code.as_bytes()]);
    all.into_iter().map(|digest| digest.to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back_however_it_is_typed() {
        let code = shown(&[20, 3, 15, 9, 2, 19, 31, 26, 0, 7, 23, 14]);
        assert_eq!(code, "m3f9-2kzt-07qe");
        for typed in ["m3f9-2kzt-07qe", "M3F92KZT07QE", " m3f9 2kzt o7qe ", "m3f9–2kzt–O7qe"] {
            assert_eq!(read(typed).as_deref(), Some("m3f92kzt07qe"), "{typed}");
        }
        for wrong in ["", "123456", "m3f9-2kzt-07q", "m3f9-2kzt-07qee", "m3f9-2kzt-07qü", "m3f9-2kzt-07u!"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ten_codes_all_differ() {
        let codes: std::collections::BTreeSet<_> = new_codes().into_iter().collect();
        assert_eq!(codes.len(), COUNT);
    }
}
