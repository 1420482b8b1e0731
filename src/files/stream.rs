//! How a file is sealed: XChaCha20-Poly1305 in chunks, by the STREAM construction. The number of a chunk and whether it is
//! the last are part of its nonce, so that a chunk which was altered, moved, left out or cut off does not open.

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::error::{Error, Result};
use crate::secrets::random;

/// Clear bytes of every chunk but the last.
pub const CHUNK: usize = 64 * 1024;
/// What sealing adds to a chunk.
const MARK: usize = 16;
/// The random part of the nonces; the number of the chunk and the mark of the last follow.
const PREFIX: usize = 19;
/// In front of the chunks: how the file is sealed, and the prefix.
pub const HEAD: usize = 1 + PREFIX;
const VERSION: u8 = 1;

/// The key of one file, which seals nothing else.
pub type FileKey = [u8; 32];

/// How many bytes a sealed file of so many clear ones has.
pub fn sealed_size(clear: u64) -> u64 {
    let chunks = clear.div_ceil(CHUNK as u64).max(1);
    HEAD as u64 + clear + chunks * MARK as u64
}

/// Counts chunks and makes their nonces.
struct Nonces {
    prefix: [u8; PREFIX],
    next: u32,
}

impl Nonces {
    fn take(&mut self, last: Place) -> Result<XNonce> {
        let mut nonce = [0; PREFIX + 5];
        nonce[..PREFIX].copy_from_slice(&self.prefix);
        nonce[PREFIX..PREFIX + 4].copy_from_slice(&self.next.to_be_bytes());
        nonce[PREFIX + 4] = u8::from(last == Place::Last);
        self.next = self.next.checked_add(1).ok_or_else(|| Error::internal("a file has too many chunks"))?;
        Ok(XNonce::from(nonce))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Inside,
    Last,
}

/// Seals a file piece by piece. What it gives is to be written in the order in which it is given.
pub struct Sealer {
    cipher: XChaCha20Poly1305,
    nonces: Nonces,
    /// Clear bytes that are not sealed yet: whether a chunk is the last is known when more comes, or nothing.
    waits: Vec<u8>,
}

impl Sealer {
    /// A sealer, and what stands in front of the chunks.
    pub fn new(key: &FileKey) -> (Sealer, Vec<u8>) {
        let prefix = random::<PREFIX>();
        let mut head = vec![VERSION];
        head.extend_from_slice(&prefix);
        let nonces = Nonces { prefix, next: 0 };
        (Sealer { cipher: XChaCha20Poly1305::new(&(*key).into()), nonces, waits: Vec::with_capacity(2 * CHUNK) }, head)
    }

    /// Takes clear bytes; gives the chunks that they complete.
    pub fn push(&mut self, clear: &[u8]) -> Result<Vec<u8>> {
        self.waits.extend_from_slice(clear);
        let mut sealed = Vec::new();
        while self.waits.len() > CHUNK {
            sealed.extend(self.seal(CHUNK, Place::Inside)?);
            self.waits.drain(..CHUNK);
        }
        Ok(sealed)
    }

    /// The last chunk.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        self.seal(self.waits.len(), Place::Last)
    }

    fn seal(&mut self, bytes: usize, place: Place) -> Result<Vec<u8>> {
        let nonce = self.nonces.take(place)?;
        self.cipher.encrypt(&nonce, &self.waits[..bytes]).map_err(|_| Error::internal("a chunk could not be sealed"))
    }
}

/// Opens what a `Sealer` made, piece by piece. Nothing comes out before its chunk is proven whole.
pub struct Opener {
    cipher: XChaCha20Poly1305,
    nonces: Option<Nonces>,
    waits: Vec<u8>,
}

impl Opener {
    pub fn new(key: &FileKey) -> Opener {
        Opener { cipher: XChaCha20Poly1305::new(&(*key).into()), nonces: None, waits: Vec::new() }
    }

    /// Takes sealed bytes; gives the clear bytes of the chunks that they complete. Errors: they were altered or moved.
    pub fn push(&mut self, sealed: &[u8]) -> Result<Vec<u8>> {
        self.waits.extend_from_slice(sealed);
        if self.nonces.is_none() && self.waits.len() >= HEAD {
            let head: Vec<u8> = self.waits.drain(..HEAD).collect();
            if head[0] != VERSION {
                return Err(Error::internal("a file is sealed in a way that this version does not know"));
            }
            let mut prefix = [0; PREFIX];
            prefix.copy_from_slice(&head[1..]);
            self.nonces = Some(Nonces { prefix, next: 0 });
        }
        let mut clear = Vec::new();
        // A whole chunk may be the last: it is opened once something comes behind it.
        while self.nonces.is_some() && self.waits.len() > CHUNK + MARK {
            clear.extend(self.open(CHUNK + MARK, Place::Inside)?);
            self.waits.drain(..CHUNK + MARK);
        }
        Ok(clear)
    }

    /// The clear bytes of the last chunk. Errors: it is not the last, or was altered.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        self.open(self.waits.len(), Place::Last)
    }

    fn open(&mut self, bytes: usize, place: Place) -> Result<Vec<u8>> {
        let broken = || Error::internal("a file does not open: it was altered or cut short");
        let nonce = self.nonces.as_mut().ok_or_else(broken)?.take(place)?;
        self.cipher.decrypt(&nonce, &self.waits[..bytes]).map_err(|_| broken())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: FileKey = [7; 32];

    fn clear(size: usize) -> Vec<u8> {
        (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect()
    }

    fn sealed(clear: &[u8], piece: usize) -> Vec<u8> {
        let (mut sealer, mut all) = Sealer::new(&KEY);
        for piece in clear.chunks(piece) {
            all.extend(sealer.push(piece).unwrap());
        }
        all.extend(sealer.finish().unwrap());
        all
    }

    /// The clear bytes, and how many came out before it was refused.
    fn opened(sealed: &[u8], piece: usize) -> std::result::Result<Vec<u8>, Vec<u8>> {
        let mut opener = Opener::new(&KEY);
        let mut all = Vec::new();
        for piece in sealed.chunks(piece) {
            match opener.push(piece) {
                Ok(clear) => all.extend(clear),
                Err(_) => return Err(all),
            }
        }
        match opener.finish() {
            Ok(clear) => {
                all.extend(clear);
                Ok(all)
            }
            Err(_) => Err(all),
        }
    }

    #[test]
    fn r60_a_file_reads_back_whatever_the_pieces() {
        for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 77] {
            let clear = clear(size);
            for (a, b) in [(1_000, 999), (CHUNK, CHUNK), (3 * CHUNK, 1 << 20)] {
                let sealed = sealed(&clear, a);
                assert_eq!(sealed.len() as u64, sealed_size(size as u64));
                assert!(opened(&sealed, b).unwrap() == clear, "{size} {a} {b}");
            }
        }
    }

    #[test]
    fn r60_a_cut_file_does_not_open() {
        let clear = clear(2 * CHUNK + 100);
        let sealed = sealed(&clear, CHUNK);
        let end = sealed.len();
        for at in [0, 1, HEAD, HEAD + 5, HEAD + CHUNK, HEAD + CHUNK + MARK, HEAD + 2 * (CHUNK + MARK), end - 1] {
            assert!(opened(&sealed[..at], CHUNK).is_err(), "cut at {at}");
        }
        let longer = [sealed.as_slice(), b"x"].concat();
        assert!(opened(&longer, CHUNK).is_err());
    }

    #[test]
    fn r60_altered_and_reordered_chunks_do_not_come_out() {
        let clear = clear(2 * CHUNK + 100);
        let sealed = sealed(&clear, CHUNK);
        for at in [0, 1, HEAD, HEAD + CHUNK + MARK + 3, sealed.len() - 1] {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            let out = opened(&altered, 1_000).unwrap_err();
            assert!(clear.starts_with(&out), "byte {at}: what comes out is proven");
        }
        let (head, chunks) = sealed.split_at(HEAD);
        let (first, rest) = chunks.split_at(CHUNK + MARK);
        let (second, last) = rest.split_at(CHUNK + MARK);
        for order in [[second, first, last], [first, first, last], [first, last, second]] {
            assert!(opened(&[head, order[0], order[1], order[2]].concat(), CHUNK).is_err());
        }
        assert!(opened(&[head, first, last].concat(), CHUNK).is_err());
        assert!(opened(&[head, first, second].concat(), CHUNK).is_err());
    }

    #[test]
    fn nothing_clear_is_in_a_sealed_file() {
        let clear = b"the client's own words ".repeat(10_000);
        let sealed = sealed(&clear, 5_000);
        assert!(!sealed.windows(12).any(|part| part == b"client's own"));
        assert!(opened(&sealed, 100).unwrap() == clear);
    }
}
