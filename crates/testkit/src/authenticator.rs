//! An authenticator app: made from what the set-up page shows, it knows the code of the moment.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::{Answer, TestApp};

#[derive(Debug, Clone)]
pub struct Authenticator {
    /// As the page shows it.
    pub secret: String,
}

impl Authenticator {
    /// Reads the QR code's address off the page.
    pub fn of(page: &Answer) -> Authenticator {
        let secret = page.text.split("secret=").nth(1).unwrap_or_else(|| panic!("no secret: {}", page.text));
        Authenticator { secret: secret.chars().take_while(char::is_ascii_alphanumeric).collect() }
    }

    /// The code that the app shows now.
    pub fn code(&self, t: &TestApp) -> String {
        self.code_at(t.app.now().0)
    }

    /// The code at another moment, in microseconds.
    pub fn code_at(&self, micros: i64) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(&unbase32(&self.secret)).expect("any length fits");
        mac.update(&(micros / 30_000_000).to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let at = usize::from(digest[19] & 15);
        let number = u32::from_be_bytes([digest[at], digest[at + 1], digest[at + 2], digest[at + 3]]) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

/// The bytes of a text in base 32.
pub fn unbase32(text: &str) -> Vec<u8> {
    let mut bits = String::new();
    for c in text.chars() {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap_or_else(|| panic!("no base 32: {text}"));
        bits.push_str(&format!("{value:05b}"));
    }
    let whole = bits.len() / 8 * 8;
    (0..whole).step_by(8).map(|at| u8::from_str_radix(&bits[at..at + 8], 2).expect("eight bits")).collect()
}
