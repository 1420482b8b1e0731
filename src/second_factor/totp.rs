//! Codes by time (RFC 6238: HMAC-SHA-1, 30 seconds, six digits), as every authenticator app makes them.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

use crate::clock::Instant;

const STEP_MICROS: i64 = 30_000_000;
/// Steps before and after the present one whose codes are taken: clocks differ, and typing takes a while.
const WINDOW: i64 = 1;

/// The bytes of a secret, as RFC 4226 asks for.
pub const SECRET: usize = 20;

/// The time step of an instant.
fn step_of(at: Instant) -> i64 {
    at.0.div_euclid(STEP_MICROS)
}

/// The code of a time step.
fn code(secret: &[u8], step: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).unwrap_or_else(|_| unreachable!("any length fits"));
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest[19] & 0x0f);
    let bytes = [digest[offset], digest[offset + 1], digest[offset + 2], digest[offset + 3]];
    format!("{:06}", (u32::from_be_bytes(bytes) & 0x7fff_ffff) % 1_000_000)
}

/// The time step of a typed code, if it is one of those that are good now. The same work whatever was typed.
pub fn step(secret: &[u8], typed: &str, now: Instant) -> Option<i64> {
    let here = step_of(now);
    let mut found = None;
    // The newest last: should two steps have the same code, it stands for the later one, and is used up in both.
    for step in here - WINDOW..=here + WINDOW {
        if bool::from(code(secret, step).as_bytes().ct_eq(typed.as_bytes())) {
            found = Some(step);
        }
    }
    found
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A secret as it is typed into an app (RFC 4648, without padding).
pub fn base32(bytes: &[u8]) -> String {
    let bit = |n: usize| bytes.get(n / 8).map_or(0, |byte| usize::from(byte >> (7 - n % 8) & 1));
    let digits = (bytes.len() * 8).div_ceil(5);
    (0..digits).map(|digit| char::from(BASE32[(0..5).fold(0, |value, n| value * 2 + bit(digit * 5 + n))])).collect()
}

/// The address that a QR code carries to the app.
pub fn address(issuer: &str, account: &str, secret: &[u8]) -> String {
    let (issuer, account) = (percent(issuer), percent(account));
    format!(
        "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period=30",
        base32(secret)
    )
}

/// Everything but plain letters, digits and four signs is written as percent and two digits. Some apps show a plus as it
/// stands.
fn percent(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_rfc_6238() {
        let vectors = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (seconds, expected) in vectors {
            let at = Instant(seconds * 1_000_000);
            assert_eq!(code(SECRET, step_of(at)), expected, "{seconds}");
            assert_eq!(step(SECRET, expected, at), Some(step_of(at)));
        }
    }

    #[test]
    fn one_step_to_each_side_is_taken_and_no_more() {
        let now = Instant(1_234_567_890 * 1_000_000);
        let here = step_of(now);
        for (away, good) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            assert_eq!(step(SECRET, &code(SECRET, here + away), now), good.then_some(here + away), "{away}");
        }
        for wrong in ["", "00592", "0059241", "000000", "٠٠٥٩٢٤"] {
            assert_eq!(step(SECRET, wrong, now), None, "{wrong}");
        }
    }

    #[test]
    fn secrets_are_written_as_rfc_4648_says() {
        for (bytes, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        assert_eq!(base32(SECRET), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn the_address_names_issuer_and_account() {
        assert_eq!(
            address("Ruh Care", "ana+1@example.org", b"foobar"),
            "otpauth://totp/Ruh%20Care:ana%2B1%40example.org?secret=MZXW6YTBOI&issuer=Ruh%20Care&algorithm=SHA1&digits=6&period=30"
        );
    }
}
