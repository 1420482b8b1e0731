//! The file around a backup: a line that says what it is, chunks (sealed where there is a passphrase), a mark of the
//! end, a digest over everything before it, and a proof by the installation's key that nobody else wrote it.
//!
//! A file that was cut or altered is found before anything of it is used.

use std::io::{self, Read, Seek, SeekFrom, Write};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::secrets::random;

const MAGIC: &str = "RUH CARE BACKUP 1 ";
/// Bytes of content in a chunk, and what a seal adds to one.
const CHUNK: usize = 64 * 1024;
const SEAL: usize = 16;
/// What the first line may take.
const HEAD_LIMIT: u64 = 4096;
/// Longest work that a file may ask for before its passphrase is known to be right.
const MEMORY_LIMIT_KIB: u32 = 1024 * 1024;

/// The first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Head {
    /// RFC 3339.
    pub made_at: String,
    pub version: String,
    pub sealed: Option<Sealed>,
}

/// How the passphrase becomes the key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sealed {
    salt: String,
    memory_kib: u32,
    passes: u32,
}

impl Sealed {
    pub fn new() -> Sealed {
        // Somebody who has the file can try passphrases for years: more work than a sign-in can afford.
        Sealed { salt: hex(&random::<16>()), memory_kib: 64 * 1024, passes: 3 }
    }

    fn cipher(&self, passphrase: &str) -> Result<XChaCha20Poly1305> {
        let memory_kib = self.memory_kib.min(MEMORY_LIMIT_KIB);
        let params = Params::new(memory_kib, self.passes.min(64), 1, Some(32)).map_err(|_| altered())?;
        let mut key = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), self.salt.as_bytes(), &mut key)
            .map_err(|_| altered())?;
        Ok(XChaCha20Poly1305::new(&key.into()))
    }
}

/// The last bytes of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    pub digest: [u8; 32],
    /// Of the digest, by the installation's key.
    pub proof: [u8; 32],
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn altered() -> Error {
    Error::config("the file is cut short or was altered: nothing was restored")
}

fn unwritten(e: &io::Error) -> Error {
    Error::config(format!("the backup could not be written: {e}"))
}

/// Each chunk has its own number, and the last says that it is: none can be left out or moved.
fn nonce(number: u64, is_last: u8) -> XNonce {
    let mut nonce = [0; 24];
    nonce[..8].copy_from_slice(&number.to_be_bytes());
    nonce[8] = is_last;
    nonce.into()
}

pub struct Writer<W: Write> {
    to: W,
    seen: Sha256,
    cipher: Option<XChaCha20Poly1305>,
    head: Vec<u8>,
    chunk: Vec<u8>,
    number: u64,
    written: u64,
}

impl<W: Write> Writer<W> {
    pub fn new(to: W, head: &Head, passphrase: Option<&str>) -> Result<Writer<W>> {
        let cipher = match (&head.sealed, passphrase) {
            (Some(sealed), Some(passphrase)) => Some(sealed.cipher(passphrase)?),
            _ => None,
        };
        let said = serde_json::to_string(head).map_err(|e| Error::internal(e.to_string()))?;
        let line = format!("{MAGIC}{said}\n").into_bytes();
        let chunk = Vec::with_capacity(CHUNK);
        let mut writer = Writer { to, seen: Sha256::new(), cipher, head: line, chunk, number: 0, written: 0 };
        let line = writer.head.clone();
        writer.put(&line).map_err(|e| unwritten(&e))?;
        Ok(writer)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.seen.update(bytes);
        self.written += bytes.len() as u64;
        self.to.write_all(bytes)
    }

    fn put_chunk(&mut self, is_last: u8) -> io::Result<()> {
        let content = std::mem::take(&mut self.chunk);
        let bytes = match &self.cipher {
            None => content.clone(),
            Some(cipher) => {
                let payload = Payload { msg: &content, aad: &self.head };
                let sealed = cipher.encrypt(&nonce(self.number, is_last), payload);
                sealed.map_err(|_| io::Error::other("sealing failed"))?
            }
        };
        self.chunk = content;
        self.chunk.clear();
        self.number += 1;
        if !bytes.is_empty() {
            let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
            self.put(&length.to_be_bytes())?;
            self.put(&bytes)?;
        }
        Ok(())
    }

    /// Writes the end; gives back what was written to, and how many bytes it has.
    pub fn finish(mut self, prove: impl FnOnce(&[u8; 32]) -> [u8; 32]) -> Result<(W, u64)> {
        let ended = self.put_chunk(1).and_then(|()| self.put(&0_u32.to_be_bytes()));
        ended.map_err(|e| unwritten(&e))?;
        let digest: [u8; 32] = self.seen.clone().finalize().into();
        self.put(&digest).and_then(|()| self.put(&prove(&digest))).map_err(|e| unwritten(&e))?;
        self.to.flush().map_err(|e| unwritten(&e))?;
        Ok((self.to, self.written))
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        if self.chunk.len() == CHUNK {
            self.put_chunk(0)?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads the whole file once: its first line and its end, if the digest is right.
pub fn check(mut file: impl Read + Seek) -> Result<(Head, End)> {
    let unreadable = |e: io::Error| Error::config(format!("the backup could not be read: {e}"));
    let length = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    let mut file = io::BufReader::with_capacity(CHUNK, file);
    let line = first_line(&mut file)?;
    let said = line.strip_prefix(MAGIC.as_bytes()).ok_or_else(|| Error::config("this is no backup of Ruh Care"))?;
    let head: Head = serde_json::from_slice(said).map_err(|_| altered())?;
    let mut left = length.checked_sub(line.len() as u64 + 64).ok_or_else(altered)?;
    let mut seen = Sha256::new();
    seen.update(&line);
    let mut block = vec![0; CHUNK];
    while left > 0 {
        let wanted = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
        let got = file.read(&mut block[..wanted]).map_err(unreadable)?;
        if got == 0 {
            return Err(altered());
        }
        seen.update(&block[..got]);
        left -= got as u64;
    }
    let mut end = [0; 64];
    file.read_exact(&mut end).map_err(|_| altered())?;
    let digest: [u8; 32] = seen.finalize().into();
    let (said, proof) = end.split_at(32);
    if said != digest {
        return Err(altered());
    }
    Ok((head, End { digest, proof: proof.try_into().map_err(|_| altered())? }))
}

/// The first line with its end.
fn first_line(file: &mut impl io::BufRead) -> Result<Vec<u8>> {
    let mut line = Vec::new();
    let read = io::BufRead::read_until(&mut file.take(HEAD_LIMIT), b'\n', &mut line);
    read.map_err(|e| Error::config(format!("the backup could not be read: {e}")))?;
    if !MAGIC.as_bytes().starts_with(&line[..line.len().min(MAGIC.len())]) {
        return Err(Error::config("this is no backup of Ruh Care"));
    }
    if line.last() == Some(&b'\n') { Ok(line) } else { Err(altered()) }
}

/// Reads the content of a file that `check` has found whole.
pub struct Reader<R: Read> {
    from: io::BufReader<R>,
    cipher: Option<XChaCha20Poly1305>,
    head: Vec<u8>,
    chunk: Vec<u8>,
    at: usize,
    number: u64,
    /// Length of the chunk that comes next; none after the last.
    next: usize,
}

impl<R: Read + Seek> Reader<R> {
    /// Errors: the passphrase is missing or wrong.
    pub fn open(mut from: R, head: &Head, passphrase: Option<&str>) -> Result<Reader<R>> {
        let cipher = match (&head.sealed, passphrase) {
            (None, _) => None,
            (Some(sealed), Some(passphrase)) => Some(sealed.cipher(passphrase)?),
            (Some(_), None) => {
                return Err(Error::config("the backup is sealed: give its passphrase with --passphrase-stdin"));
            }
        };
        from.rewind().map_err(|e| Error::config(format!("the backup could not be read: {e}")))?;
        let mut from = io::BufReader::with_capacity(CHUNK, from);
        let head = first_line(&mut from)?;
        let mut reader = Reader { from, cipher, head, chunk: Vec::new(), at: 0, number: 0, next: 0 };
        reader.next = reader.length().map_err(|_| altered())?;
        match reader.fill() {
            Ok(()) => Ok(reader),
            Err(_) if reader.cipher.is_some() => Err(Error::config("the passphrase is wrong")),
            Err(_) => Err(altered()),
        }
    }

    fn length(&mut self) -> io::Result<usize> {
        let mut length = [0; 4];
        self.from.read_exact(&mut length)?;
        let length = usize::try_from(u32::from_be_bytes(length)).map_err(io::Error::other)?;
        if length > CHUNK + SEAL { Err(io::Error::other("a chunk is too long")) } else { Ok(length) }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.at = 0;
        self.chunk.resize(self.next, 0);
        self.from.read_exact(&mut self.chunk)?;
        self.next = if self.next == 0 { 0 } else { self.length()? };
        if let Some(cipher) = self.cipher.as_ref().filter(|_| !self.chunk.is_empty()) {
            let payload = Payload { msg: &self.chunk, aad: &self.head };
            let opened = cipher.decrypt(&nonce(self.number, u8::from(self.next == 0)), payload);
            self.chunk = opened.map_err(|_| io::Error::other("a chunk was altered"))?;
            self.number += 1;
        }
        Ok(())
    }
}

impl<R: Read + Seek> Read for Reader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() {
            if self.next == 0 {
                return Ok(0);
            }
            self.fill()?;
        }
        let taken = out.len().min(self.chunk.len() - self.at);
        out[..taken].copy_from_slice(&self.chunk[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    const PASSPHRASE: &str = "lantern orchid gravel";

    fn head(sealed: Option<Sealed>) -> Head {
        Head { made_at: "2026-03-02T15:00:00Z".into(), version: "0.1.0".into(), sealed }
    }

    /// Little work: these tests open many files.
    fn light() -> Sealed {
        Sealed { memory_kib: 64, passes: 1, ..Sealed::new() }
    }

    fn file(content: &[u8], head: &Head) -> Vec<u8> {
        let passphrase = head.sealed.as_ref().map(|_| PASSPHRASE);
        let mut writer = Writer::new(Vec::new(), head, passphrase).unwrap();
        writer.write_all(content).unwrap();
        let (bytes, written) = writer.finish(|digest| *digest).unwrap();
        assert_eq!(written, bytes.len() as u64);
        bytes
    }

    fn content(bytes: &[u8], passphrase: Option<&str>) -> Result<Vec<u8>> {
        let (head, end) = check(Cursor::new(bytes))?;
        assert_eq!(end.digest, end.proof);
        let mut content = Vec::new();
        let read = Reader::open(Cursor::new(bytes), &head, passphrase)?.read_to_end(&mut content);
        read.map(|_| content).map_err(|_| altered())
    }

    #[test]
    fn contents_of_every_length_read_back() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17] {
            let given: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
            for head in [head(None), head(Some(light()))] {
                let back = content(&file(&given, &head), Some(PASSPHRASE)).unwrap();
                assert!(back == given, "{length} {}", head.sealed.is_some());
            }
        }
    }

    #[test]
    fn chunks_of_a_sealed_file_cannot_be_left_out_even_where_the_digest_is_made_to_fit() {
        let given = vec![7; 3 * CHUNK];
        let bytes = file(&given, &head(Some(light())));
        let line = bytes.iter().position(|b| *b == b'\n').unwrap() + 1;
        let whole = 4 + CHUNK + SEAL;
        for (from, to) in [(line, line + whole), (line + whole, line + 2 * whole), (line + 2 * whole, line + 3 * whole)]
        {
            let mut cut = [&bytes[..from], &bytes[to..bytes.len() - 64]].concat();
            let digest = Sha256::digest(&cut).to_vec();
            cut.extend_from_slice(&digest);
            cut.extend_from_slice(&digest);
            assert!(check(Cursor::new(&cut)).is_ok());
            assert!(content(&cut, Some(PASSPHRASE)).is_err(), "{from}");
        }
    }

    #[test]
    fn a_sealed_file_says_nothing_and_opens_with_its_passphrase_only() {
        let bytes = file(b"Marchetti", &head(Some(light())));
        assert!(!bytes.windows(9).any(|part| part == b"Marchetti"));
        let said = |passphrase| content(&bytes, passphrase).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(said(None).contains("--passphrase-stdin"), "{}", said(None));
        assert!(said(Some("something else")).contains("passphrase is wrong"));
        assert!(content(b"anything else", None).is_err_and(|e| e.to_string().contains("no backup")));
        assert!(content(b"", None).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_cut_or_altered_file_is_refused(at in any::<prop::sample::Index>(), bit in 0..8_u8, sealed in any::<bool>()) {
            let bytes = file(&[b'x'; 300], &head(sealed.then(light)));
            let at = at.index(bytes.len());
            prop_assert!(content(&bytes[..at], Some(PASSPHRASE)).is_err(), "cut at {}", at);
            // The proof at the very end is its own business: see `archive`.
            if at < bytes.len() - 32 {
                let mut altered = bytes.clone();
                altered[at] ^= 1 << bit;
                prop_assert!(content(&altered, Some(PASSPHRASE)).is_err(), "altered at {}", at);
            }
        }
    }
}
