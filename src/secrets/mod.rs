//! What is derived from or checked against the instance's keys: link tokens, hashes of tokens, proofs in cookies, sealed
//! values.

mod codes;
mod columns;
pub mod ring;
mod seal;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::error::Error;
pub use codes::{new_code, read_code};
pub use columns::{SEALED_COLUMNS, SealedColumn};
use ring::Ring;
pub use seal::key_of;

/// The keys as they are now; read again when another process has changed their file.
pub struct Secrets {
    ring: RwLock<Arc<Ring>>,
    /// Where the keys are kept; nothing if they came as a setting.
    path: Option<PathBuf>,
}

impl Secrets {
    /// Reads the keys from their setting or from the data folder, where the first is made on first start with mode 0600.
    /// `ring::Ring` says how they are spelled.
    pub fn load(setting: Option<&str>, data_dir: &Path) -> Result<Secrets, Error> {
        if let Some(text) = setting {
            let ring = Ring::parse(text)
                .ok_or_else(|| Error::config("RUH_SECRET_KEY must be 32 bytes as base64 or 64 hex digits"))?;
            return Ok(Secrets::holding(ring));
        }
        let path = data_dir.join("secret.key");
        if let Some(ring) = ring_in(&path)? {
            return Ok(Secrets { ring: RwLock::new(Arc::new(ring)), path: Some(path) });
        }
        // Several may start on an empty folder: one makes the key, the others find it.
        let _lock = lock(data_dir)?;
        let ring = match ring_in(&path)? {
            Some(ring) => ring,
            None => {
                let ring = Ring::of(random::<32>());
                write_private(&path, &ring.said())?;
                ring
            }
        };
        Ok(Secrets { ring: RwLock::new(Arc::new(ring)), path: Some(path) })
    }

    fn holding(ring: Ring) -> Secrets {
        Secrets { ring: RwLock::new(Arc::new(ring)), path: None }
    }

    /// The keys as they are now.
    pub fn ring(&self) -> Arc<Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the keys again: another process may have changed their file. A file that is gone or makes no sense leaves
    /// the keys as they were.
    pub fn refresh(&self) -> Result<(), Error> {
        let Some(path) = &self.path else { return Ok(()) };
        if let Some(ring) = ring_in(path)?
            && ring != *self.ring()
        {
            *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        }
        Ok(())
    }

    /// Makes another key, which makes from now on; its number. Errors: the keys came as a setting.
    pub fn rotate(&self) -> Result<u8, Error> {
        self.change(|ring| ring.with(random::<32>()).ok_or_else(|| Error::config("no number is left for a key")))?;
        Ok(self.ring().making().id)
    }

    /// Retires a key: no link and no sealed value opens with it any more. Errors: there is none of this number, it is
    /// the one that makes, or the keys came as a setting.
    pub fn retire(&self, id: u8) -> Result<(), Error> {
        let refused = || Error::config(format!("key {id} is not there, or is the one in use"));
        self.change(|ring| ring.without(id).ok_or_else(refused))
    }

    fn change(&self, next: impl FnOnce(&Ring) -> Result<Ring, Error>) -> Result<(), Error> {
        let Some(path) = &self.path else {
            return Err(Error::config("the keys come from RUH_SECRET_KEY: change them there (docs/operations.md)"));
        };
        let _lock = lock(path.parent().unwrap_or(Path::new(".")))?;
        self.refresh()?;
        write_private(path, &next(&self.ring())?.said())?;
        self.refresh()
    }

    /// A keyed digest; `purpose` keeps the uses apart.
    pub fn digest(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        digest_with(&self.ring().making().bytes, purpose, parts)
    }

    /// The digests that keys still in use give, that of the key that makes first: what an earlier key made is known again.
    pub fn digests(&self, purpose: &str, parts: &[&[u8]]) -> Vec<[u8; 32]> {
        let ring = self.ring();
        let usable = ring.all().iter().filter(|key| !key.retired);
        usable.map(|key| digest_with(&key.bytes, purpose, parts)).collect()
    }

    /// The token of a link: the ids it names and a keyed digest over them. Made anew each time, stored nowhere.
    pub fn link_token(&self, purpose: &str, ids: &[Uuid]) -> String {
        let ring = self.ring();
        let key = ring.making();
        let mut bytes = vec![key.id];
        for id in ids {
            bytes.extend_from_slice(id.as_bytes());
        }
        let digest = digest_with(&key.bytes, purpose, &[&bytes]);
        bytes.extend_from_slice(&digest);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The ids a token names, or nothing if this instance did not make it or its key was retired.
    pub fn read_link_token<const N: usize>(&self, purpose: &str, token: &str) -> Option<[Uuid; N]> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        if bytes.len() != 1 + 16 * N + 32 {
            return None;
        }
        let ring = self.ring();
        let key = ring.key(bytes[0])?;
        let (named, digest) = bytes.split_at(1 + 16 * N);
        if !bool::from(digest_with(&key.bytes, purpose, &[named]).ct_eq(digest)) {
            return None;
        }
        let mut ids = [Uuid::nil(); N];
        for (id, chunk) in ids.iter_mut().zip(named[1..].chunks_exact(16)) {
            *id = Uuid::from_slice(chunk).ok()?;
        }
        Some(ids)
    }
}

/// A digest with one of the keys.
pub fn digest_with(key: &[u8; 32], purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("any length fits"));
    for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
        // The length in front keeps ("ab", "c") and ("a", "bc") apart.
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The keys in a file; nothing if there is no file. One that cannot be read is never written over.
fn ring_in(path: &Path) -> Result<Option<Ring>, Error> {
    let named = |what: &dyn std::fmt::Display| Error::config(format!("{}: {what}", path.display()));
    match std::fs::read_to_string(path) {
        Ok(text) => Ring::parse(&text).map(Some).ok_or_else(|| named(&"does not hold a key")),
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
        let secrets = Secrets::holding(Ring::of([7; 32]));
        let ids = [Uuid::from_u128(1), Uuid::from_u128(2)];
        let token = secrets.link_token("invitation", &ids);
        assert_eq!(secrets.read_link_token::<2>("invitation", &token), Some(ids));
        assert_eq!(secrets.read_link_token::<2>("reset", &token), None);
        assert_eq!(secrets.read_link_token::<1>("invitation", &token), None);
        let other = Secrets::holding(Ring::of([8; 32]));
        assert_eq!(other.read_link_token::<2>("invitation", &token), None);
        for n in 0..token.len() {
            let mut broken = token.clone().into_bytes();
            broken[n] = if broken[n] == b'A' { b'B' } else { b'A' };
            let broken = String::from_utf8(broken).unwrap_or_default();
            assert_eq!(secrets.read_link_token::<2>("invitation", &broken), None, "byte {n}");
        }
    }
}
