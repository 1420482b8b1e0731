//! What is derived from or checked against the instance key: link tokens, hashes of tokens, proofs in cookies.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::error::Error;

/// The number of the key that made a token, in front of it, so that keys can be changed later.
const KEY_ID: u8 = 1;

pub struct Secrets {
    key: [u8; 32],
}

impl Secrets {
    /// Reads the key from its setting (base64 or hex of 32 bytes) or from the data folder, where it is made on first
    /// start with mode 0600.
    pub fn load(setting: Option<&str>, data_dir: &Path) -> Result<Secrets, Error> {
        if let Some(text) = setting {
            let key = parse_key(text.trim())
                .ok_or_else(|| Error::config("RUH_SECRET_KEY must be 32 bytes as base64 or 64 hex digits"))?;
            return Ok(Secrets { key });
        }
        let path = data_dir.join("secret.key");
        if let Some(key) = key_in(&path)? {
            return Ok(Secrets { key });
        }
        // Several may start on an empty folder: one makes the key, the others find it.
        let _lock = lock(data_dir)?;
        if let Some(key) = key_in(&path)? {
            return Ok(Secrets { key });
        }
        let key = random::<32>();
        write_private(&path, &URL_SAFE_NO_PAD.encode(key))?;
        Ok(Secrets { key })
    }

    /// A keyed digest; `purpose` keeps the uses apart.
    pub fn digest(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).unwrap_or_else(|_| unreachable!("any length fits"));
        for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
            // The length in front keeps ("ab", "c") and ("a", "bc") apart.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The token of a link: the ids it names and a keyed digest over them. Made anew each time, stored nowhere.
    pub fn link_token(&self, purpose: &str, ids: &[Uuid]) -> String {
        let mut bytes = vec![KEY_ID];
        for id in ids {
            bytes.extend_from_slice(id.as_bytes());
        }
        let digest = self.digest(purpose, &[&bytes]);
        bytes.extend_from_slice(&digest);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The ids a token names, or nothing if this instance did not make it.
    pub fn read_link_token<const N: usize>(&self, purpose: &str, token: &str) -> Option<[Uuid; N]> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        if bytes.len() != 1 + 16 * N + 32 || bytes[0] != KEY_ID {
            return None;
        }
        let (named, digest) = bytes.split_at(1 + 16 * N);
        if !bool::from(self.digest(purpose, &[named]).ct_eq(digest)) {
            return None;
        }
        let mut ids = [Uuid::nil(); N];
        for (id, chunk) in ids.iter_mut().zip(named[1..].chunks_exact(16)) {
            *id = Uuid::from_slice(chunk).ok()?;
        }
        Some(ids)
    }
}

/// The key in a file; nothing if there is no file. One that cannot be read is never written over.
fn key_in(path: &Path) -> Result<Option<[u8; 32]>, Error> {
    let named = |what: &dyn std::fmt::Display| Error::config(format!("{}: {what}", path.display()));
    match std::fs::read_to_string(path) {
        Ok(text) => parse_key(text.trim()).map(Some).ok_or_else(|| named(&"does not hold a key")),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(named(&e)),
    }
}

/// Keeps every other process that asks for the same out, until it is dropped.
pub fn lock(data_dir: &Path) -> Result<std::fs::File, Error> {
    let path = data_dir.join("lock");
    let locked = std::fs::File::create(&path).and_then(|file| file.lock().map(|()| file));
    locked.map_err(|e| Error::config(format!("{}: {e}", path.display())))
}

fn parse_key(text: &str) -> Option<[u8; 32]> {
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
        .or_else(|| base64::engine::general_purpose::STANDARD.decode(text).ok())?;
    bytes.try_into().ok()
}

/// Writes a file that only its owner can read; a crash leaves what was there before or all of the new text. One writer
/// at a time: see `lock`.
pub fn write_private(path: &Path, text: &str) -> Result<(), Error> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let next = path.with_added_extension("new");
    let write = options.open(&next).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&next, path)
    });
    write.map_err(|e| Error::config(format!("{}: {e}", path.display())))
}

/// Random bytes from the operating system.
#[allow(clippy::disallowed_methods)] // the one place that asks the system
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(e) = getrandom::fill(&mut bytes) {
        // Without randomness no secret can be made; going on would be worse than stopping.
        panic!("the operating system gives no random numbers: {e}");
    }
    bytes
}

/// A token of 256 random bits, as it is shown to its owner once.
pub fn new_token() -> String {
    URL_SAFE_NO_PAD.encode(random::<32>())
}

/// How a token is kept: only its hash.
pub fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_token_reads_back_and_nothing_else_does() {
        let secrets = Secrets { key: [7; 32] };
        let ids = [Uuid::from_u128(1), Uuid::from_u128(2)];
        let token = secrets.link_token("invitation", &ids);
        assert_eq!(secrets.read_link_token::<2>("invitation", &token), Some(ids));
        assert_eq!(secrets.read_link_token::<2>("reset", &token), None);
        assert_eq!(secrets.read_link_token::<1>("invitation", &token), None);
        let other = Secrets { key: [8; 32] };
        assert_eq!(other.read_link_token::<2>("invitation", &token), None);
        for n in 0..token.len() {
            let mut broken = token.clone().into_bytes();
            broken[n] = if broken[n] == b'A' { b'B' } else { b'A' };
            let broken = String::from_utf8(broken).unwrap_or_default();
            assert_eq!(secrets.read_link_token::<2>("invitation", &broken), None, "byte {n}");
        }
    }
}
