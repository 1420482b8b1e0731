//! Sealed values: what nobody may read who has only the database. XChaCha20-Poly1305, with the number of the key in
//! front.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use uuid::Uuid;

use super::ring::Key;
use super::{Secrets, digest_with, random};
use crate::error::{Error, Result};

const NONCE: usize = 24;
/// The number of the key, the nonce, and the mark that proves it whole.
const AROUND: usize = 1 + NONCE + 16;

impl Secrets {
    /// Seals a value for its place: `what` it is ("client note") and the ids of the row that holds it. Moved to another
    /// place it does not open.
    pub fn seal(&self, what: &str, ids: &[Uuid], clear: &[u8]) -> Vec<u8> {
        let ring = self.ring();
        let key = ring.making();
        let nonce = random::<NONCE>();
        let place = place(what, ids);
        let payload = Payload { msg: clear, aad: &place };
        let sealed = cipher(key).encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.unwrap_or_else(|_| unreachable!("only a value of 256 GiB is too long"));
        let mut bytes = Vec::with_capacity(AROUND + clear.len());
        bytes.push(key.id);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        bytes
    }

    /// Opens what `seal` made for this place. Errors: it was altered, stood elsewhere, or its key is not here.
    pub fn unseal(&self, what: &str, ids: &[Uuid], sealed: &[u8]) -> Result<Vec<u8>> {
        let failed = |why: &str| Error::internal(format!("a sealed value ({what}) does not open: {why}"));
        let Some((nonce, body)) = sealed.get(1..).and_then(|rest| rest.split_first_chunk::<NONCE>()) else {
            return Err(failed("it is cut short"));
        };
        let mut ring = self.ring();
        if ring.key(sealed[0]).is_none() {
            // Another process may have made a key since.
            self.refresh()?;
            ring = self.ring();
        }
        let key = ring.key(sealed[0]).ok_or_else(|| failed(&format!("key {} is not here", sealed[0])))?;
        let place = place(what, ids);
        let payload = Payload { msg: body, aad: &place };
        cipher(key).decrypt(&XNonce::from(*nonce), payload).map_err(|_| failed("it was altered or stood elsewhere"))
    }

    /// Seals a text that may be missing.
    pub fn seal_text(&self, what: &str, ids: &[Uuid], clear: Option<&str>) -> Option<Vec<u8>> {
        clear.map(|text| self.seal(what, ids, text.as_bytes()))
    }

    /// Opens what `seal_text` made.
    pub fn unseal_text(&self, what: &str, ids: &[Uuid], sealed: Option<&[u8]>) -> Result<Option<String>> {
        let text = |bytes| String::from_utf8(bytes).map_err(|_| Error::internal("a sealed text is not text"));
        sealed.map(|sealed| self.unseal(what, ids, sealed).and_then(text)).transpose()
    }
}

/// The number of the key that sealed a value.
pub fn key_of(sealed: &[u8]) -> Option<u8> {
    sealed.first().copied()
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    // A key of its own for sealing, so that no use of the instance's key helps against another.
    XChaCha20Poly1305::new(&digest_with(&key.bytes, "seal", &[]).into())
}

fn place(what: &str, ids: &[Uuid]) -> Vec<u8> {
    let mut place = (what.len() as u64).to_be_bytes().to_vec();
    place.extend_from_slice(what.as_bytes());
    for id in ids {
        place.extend_from_slice(id.as_bytes());
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::ring::Ring;

    const IDS: [Uuid; 2] = [Uuid::from_u128(1), Uuid::from_u128(2)];

    #[test]
    fn a_sealed_value_opens_in_its_place_only() {
        let secrets = Secrets::holding(Ring::of([7; 32]));
        let sealed = secrets.seal("note", &IDS, b"private");
        assert_eq!(key_of(&sealed), Some(1));
        assert!(!sealed.windows(7).any(|part| part == b"private"));
        assert_ne!(sealed, secrets.seal("note", &IDS, b"private"), "a nonce is new each time");
        assert_eq!(secrets.unseal("note", &IDS, &sealed).unwrap(), b"private");
        assert!(secrets.unseal("answer", &IDS, &sealed).is_err());
        assert!(secrets.unseal("note", &[IDS[1], IDS[0]], &sealed).is_err());
        assert!(Secrets::holding(Ring::of([8; 32])).unseal("note", &IDS, &sealed).is_err());
    }

    #[test]
    fn a_sealed_value_that_was_altered_or_cut_does_not_open() {
        let secrets = Secrets::holding(Ring::of([7; 32]));
        let sealed = secrets.seal("note", &IDS, b"private");
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(secrets.unseal("note", &IDS, &altered).is_err(), "byte {at}");
            assert!(secrets.unseal("note", &IDS, &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn an_older_key_still_opens_until_it_is_retired() {
        let old = Ring::of([7; 32]);
        let sealed = Secrets::holding(old.clone()).seal("note", &IDS, b"private");
        let both = old.with([8; 32]).unwrap();
        let rotated = Secrets::holding(both.clone());
        assert_eq!(rotated.unseal("note", &IDS, &sealed).unwrap(), b"private");
        assert_eq!(key_of(&rotated.seal("note", &IDS, b"private")), Some(2));
        let retired = Secrets::holding(both.without(1).unwrap());
        assert!(retired.unseal("note", &IDS, &sealed).is_err());
    }
}
