//! The installation's key as backups handle it: a text that goes into a sealed file whole, and is only recognised by an
//! open one.

use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::secrets::ring::Ring;

pub const FILE: &str = "secret.key";

/// One key or several, first the one that makes.
pub struct Keys {
    /// As it stands in the file or the setting.
    pub text: String,
    ring: Ring,
}

impl Keys {
    pub fn parse(text: &str) -> Option<Keys> {
        Ring::parse(text).map(|ring| Keys { text: text.to_string(), ring })
    }

    /// The keys of the setting or the data folder; none is made. Nothing where there is none.
    pub fn find(config: &Config) -> Result<Option<Keys>> {
        if let Some(text) = &config.secret_key {
            let keys = Keys::parse(text).ok_or_else(|| Error::config("RUH_SECRET_KEY does not hold a key"))?;
            return Ok(Some(keys));
        }
        Keys::in_folder(&config.data_dir)
    }

    pub fn in_folder(folder: &Path) -> Result<Option<Keys>> {
        let path = folder.join(FILE);
        let named = |what: &dyn std::fmt::Display| Error::config(format!("{}: {what}", path.display()));
        match std::fs::read_to_string(&path) {
            Ok(text) => Keys::parse(&text).map(Some).ok_or_else(|| named(&"does not hold a key")),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(named(&e)),
        }
    }

    /// What the key that makes says of something.
    pub fn prove(&self, purpose: &str, what: &[u8]) -> [u8; 32] {
        proof(&self.ring.making().bytes, purpose, what)
    }

    /// Whether any of the keys has said so, one that was retired since too.
    pub fn has_proven(&self, purpose: &str, what: &[u8], said: &[u8]) -> bool {
        use subtle::ConstantTimeEq;
        self.ring.all().iter().any(|key| bool::from(proof(&key.bytes, purpose, what).as_slice().ct_eq(said)))
    }
}

fn proof(key: &[u8; 32], purpose: &str, what: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("any length fits"));
    for part in ["backup".as_bytes(), purpose.as_bytes(), what] {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    #[test]
    fn a_changed_key_still_recognises_what_the_older_one_made() {
        let (old, new) = (STANDARD.encode([7; 32]), URL_SAFE_NO_PAD.encode([8; 32]));
        let before = Keys::parse(&old).unwrap();
        let after = Keys::parse(&format!("2:{new}\n1:{old}:retired\n")).unwrap();
        let said = before.prove("mark", b"x");
        assert!(after.has_proven("mark", b"x", &said));
        assert!(!after.has_proven("mark", b"y", &said) && !after.has_proven("other", b"x", &said));
        assert!(!Keys::parse(&new).unwrap().has_proven("mark", b"x", &said));
        assert_ne!(after.prove("mark", b"x"), said);
        assert!(Keys::parse(&"ab".repeat(32)).is_some());
        assert!(Keys::parse("").is_none() && Keys::parse("short").is_none());
    }
}
