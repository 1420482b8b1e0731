//! Sealing and verifying the chain: each entry's hash covers the one before it and everything it says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::queries::{self, Stored};
use crate::app::{App, Shared};
use crate::error::{Error, Result};
use crate::secrets::digest_with;
use crate::secrets::ring::{Key, Ring};

/// What the hashes of the chain are made for.
const CHAIN: &str = "audit chain";
/// Entries sealed in one transaction.
const BATCH: i64 = 500;

/// What `verify` found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The chain is whole: so many entries.
    Whole { entries: i64 },
    /// The first number at which something is wrong, and what.
    Broken { seq: i64, what: String },
}

/// The last number and hash, keyed, outside the database.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    seq: i64,
    hash: String,
    proof: String,
}

/// The head as it is found outside the database.
#[derive(Debug)]
enum Found {
    Missing,
    Ours {
        head: Head,
        key: u8,
    },
    /// Not written with our key.
    Strange,
}

struct Batch {
    count: i64,
    /// The last number and hash, if anything was sealed.
    end: Option<(i64, Vec<u8>)>,
    /// Whether the entry that the head names is still there as it was.
    follows: bool,
}

/// Chains the entries that are not yet, in batches, and moves the head on. Returns how many.
pub async fn seal(app: &Shared) -> Result<i64> {
    let mut total = 0;
    loop {
        let known = Arc::new(read_head(app)?);
        let batch = app.write({
            let known = known.clone();
            move |h| seal_batch(h, &known)
        });
        let batch = batch.await?;
        total += batch.count;
        match batch.end {
            Some((seq, hash)) if batch.follows => write_head(app, seq, &hash)?,
            // Moving the head on would hide what was cut or altered before these entries.
            Some(_) => tracing::error!("the audit record is not what was sealed: `ruh audit verify` says where"),
            None => renew_head(app, known).await?,
        }
        if batch.count < BATCH {
            return Ok(total);
        }
    }
}

/// Proves the head anew once the instance has another key, so that the older one can be retired.
async fn renew_head(app: &Shared, known: Arc<Found>) -> Result<()> {
    let Found::Ours { head, key } = &*known else { return Ok(()) };
    if *key >= app.secrets.ring().making().id {
        return Ok(());
    }
    let seq = head.seq;
    match app.read(move |h| queries::hash_at(h, seq)).await? {
        Some(hash) if hex(&hash) == head.hash => write_head(app, seq, &hash),
        _ => Ok(()),
    }
}

fn seal_batch(h: &crate::practice::House, known: &Found) -> Result<Batch> {
    let unsealed = queries::unsealed(h, BATCH)?;
    if unsealed.is_empty() {
        return Ok(Batch { count: 0, end: None, follows: true });
    }
    let follows = match known {
        Found::Missing => true,
        Found::Ours { head, .. } => queries::hash_at(h, head.seq)?.is_some_and(|hash| hex(&hash) == head.hash),
        Found::Strange => false,
    };
    let (mut seq, mut hash) = queries::last(h)?.unwrap_or((0, Vec::new()));
    // Whoever sealed the last one may have had another key than we know: it is in the file by now.
    h.app.secrets.refresh()?;
    let ring = h.app.secrets.ring();
    if key_of(&hash) > ring.making().id {
        // Another server has the new key as a setting already and seals; this one will once it has, too.
        return Ok(Batch { count: 0, end: None, follows: true });
    }
    for entry in &unsealed {
        seq += 1;
        hash = hash_by(ring.making(), &hash, &said(seq, entry));
        if queries::seal(h, entry, seq, &hash)? != 1 {
            return Err(Error::internal("an audit entry was sealed twice"));
        }
    }
    let count = i64::try_from(unsealed.len()).unwrap_or(BATCH);
    Ok(Batch { count, end: Some((seq, hash)), follows })
}

/// What an entry's hash covers besides the hash before it.
fn said(seq: i64, entry: &Stored) -> Vec<u8> {
    // JSON of a fixed list: every value has one spelling, and a null differs from an empty text.
    let said = serde_json::json!([
        seq,
        entry.practice,
        entry.id,
        entry.at,
        entry.actor_kind,
        entry.actor,
        entry.action,
        entry.subject_kind,
        entry.subject,
        entry.client,
        entry.detail,
    ]);
    said.to_string().into_bytes()
}

/// An entry's hash, with the number of the key that made it in front.
fn hash_by(key: &Key, before: &[u8], said: &[u8]) -> Vec<u8> {
    let mut hash = vec![key.id];
    hash.extend(digest_with(&key.bytes, CHAIN, &[before, said]));
    hash
}

/// The number of the key that made a hash; the first key did not write its number yet. 0 for the empty chain.
fn key_of(hash: &[u8]) -> u8 {
    match hash.len() {
        0 => 0,
        32 => 1,
        _ => hash[0],
    }
}

/// Whether this hash is what stood here when the entry was sealed. An entry may not be of an older key than the one
/// before it: who holds a key that was changed because it leaked can forge nothing that came after.
fn is_next(ring: &Ring, before: &[u8], (seq, entry): (i64, &Stored), hash: &[u8]) -> bool {
    let id = key_of(hash);
    let Some(key) = ring.all().iter().find(|key| key.id == id && id >= key_of(before)) else {
        return false;
    };
    let made = hash_by(key, before, &said(seq, entry));
    // Without its number, a hash of the first key is 32 bytes.
    made == *hash || (hash.len() == 32 && made[1..] == *hash)
}

fn head_path(data_dir: &Path) -> PathBuf {
    data_dir.join("audit.head")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn proof(key: &Key, seq: i64, hash: &str) -> String {
    hex(&digest_with(&key.bytes, "audit head", &[&seq.to_be_bytes(), hash.as_bytes()]))
}

fn read_head(app: &App) -> Result<Found> {
    let text = match std::fs::read_to_string(head_path(&app.config.data_dir)) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Missing),
        Err(e) => return Err(Error::internal(format!("audit head: {e}"))),
    };
    let Ok(head) = serde_json::from_str::<Head>(&text) else { return Ok(Found::Strange) };
    let prover = |ring: &Ring| {
        let mut usable = ring.all().iter().filter(|key| !key.retired);
        usable.find(|key| proof(key, head.seq, &head.hash) == head.proof).map(|key| key.id)
    };
    let mut key = prover(&app.secrets.ring());
    if key.is_none() {
        // Another process may have made a key since, and the head with it.
        app.secrets.refresh()?;
        key = prover(&app.secrets.ring());
    }
    Ok(key.map_or(Found::Strange, |key| Found::Ours { key, head }))
}

fn write_head(app: &App, seq: i64, hash: &[u8]) -> Result<()> {
    let hash = hex(hash);
    let ring = app.secrets.ring();
    let head = Head { proof: proof(ring.making(), seq, &hash), seq, hash };
    let text = serde_json::to_string(&head).map_err(|e| Error::internal(e.to_string()))?;
    let path = head_path(&app.config.data_dir);
    // Several sealers may share the folder: one writes at a time, and the one that comes late does not go back.
    let _lock = crate::secrets::lock(&app.config.data_dir)?;
    if let Found::Ours { head: there, key } = read_head(app)?
        && (there.seq, key) >= (seq, ring.making().id)
    {
        return Ok(());
    }
    crate::secrets::write_private(&path, &text)
}

/// Walks the chain from its start and compares its end with the head outside the database.
pub async fn verify(app: &Shared) -> Result<Verdict> {
    let found = read_head(app)?;
    let ring = app.secrets.ring();
    let (mut seq, mut hash) = (0, Vec::new());
    let mut head_seen = false;
    loop {
        let batch = app.read(move |h| queries::sealed_after(h, seq, BATCH)).await?;
        if batch.is_empty() {
            break;
        }
        for sealed in batch {
            if sealed.seq != seq + 1 {
                return Ok(Verdict::Broken { seq: seq + 1, what: "the entry is missing".into() });
            }
            seq = sealed.seq;
            if !is_next(&ring, &hash, (seq, &sealed.entry), &sealed.hash) {
                return Ok(Verdict::Broken { seq, what: "the entry was altered".into() });
            }
            hash = sealed.hash;
            if let Found::Ours { head, .. } = &found
                && head.seq == seq
            {
                if head.hash != hex(&hash) {
                    return Ok(Verdict::Broken { seq, what: "the entry is not the one that was sealed".into() });
                }
                head_seen = true;
            }
        }
    }
    Ok(judge_end(seq, &found, head_seen))
}

fn judge_end(seq: i64, found: &Found, head_seen: bool) -> Verdict {
    let what = match found {
        Found::Ours { .. } if head_seen => return Verdict::Whole { entries: seq },
        Found::Missing if seq == 0 => return Verdict::Whole { entries: 0 },
        Found::Missing => "the head outside the database is missing",
        Found::Strange => "the head outside the database is not ours",
        Found::Ours { .. } => "entries were cut from the end",
    };
    Verdict::Broken { seq: seq + 1, what: what.into() }
}
