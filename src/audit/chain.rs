//! Sealing and verifying the chain: each entry's hash covers the one before it and everything it says.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::queries::{self, Stored};
use crate::app::{App, Shared};
use crate::error::{Error, Result};

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
    Ours(Head),
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
        let known = read_head(app)?;
        let batch = app.write(move |h| seal_batch(h, &known)).await?;
        total += batch.count;
        match batch.end {
            Some((seq, hash)) if batch.follows => write_head(app, seq, &hash)?,
            // Moving the head on would hide what was cut or altered before these entries.
            Some(_) => tracing::error!("the audit record is not what was sealed: `ruh audit verify` says where"),
            None => {}
        }
        if batch.count < BATCH {
            return Ok(total);
        }
    }
}

fn seal_batch(h: &crate::practice::House, known: &Found) -> Result<Batch> {
    let unsealed = queries::unsealed(h, BATCH)?;
    if unsealed.is_empty() {
        return Ok(Batch { count: 0, end: None, follows: true });
    }
    let follows = match known {
        Found::Missing => true,
        Found::Ours(head) => queries::hash_at(h, head.seq)?.is_some_and(|hash| hex(&hash) == head.hash),
        Found::Strange => false,
    };
    let (mut seq, mut hash) = queries::last(h)?.unwrap_or((0, Vec::new()));
    for entry in &unsealed {
        seq += 1;
        hash = chained(h.app, &hash, seq, entry);
        if queries::seal(h, entry, seq, &hash)? != 1 {
            return Err(Error::internal("an audit entry was sealed twice"));
        }
    }
    let count = i64::try_from(unsealed.len()).unwrap_or(BATCH);
    Ok(Batch { count, end: Some((seq, hash)), follows })
}

fn chained(app: &App, before: &[u8], seq: i64, entry: &Stored) -> Vec<u8> {
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
    app.secrets.digest("audit chain", &[before, said.to_string().as_bytes()]).to_vec()
}

fn head_path(data_dir: &Path) -> PathBuf {
    data_dir.join("audit.head")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn proof(app: &App, seq: i64, hash: &str) -> String {
    hex(&app.secrets.digest("audit head", &[&seq.to_be_bytes(), hash.as_bytes()]))
}

fn read_head(app: &App) -> Result<Found> {
    let text = match std::fs::read_to_string(head_path(&app.config.data_dir)) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Missing),
        Err(e) => return Err(Error::internal(format!("audit head: {e}"))),
    };
    let head = serde_json::from_str::<Head>(&text).ok().filter(|head| head.proof == proof(app, head.seq, &head.hash));
    Ok(head.map_or(Found::Strange, Found::Ours))
}

fn write_head(app: &App, seq: i64, hash: &[u8]) -> Result<()> {
    let hash = hex(hash);
    let head = Head { proof: proof(app, seq, &hash), seq, hash };
    let text = serde_json::to_string(&head).map_err(|e| Error::internal(e.to_string()))?;
    let path = head_path(&app.config.data_dir);
    // Several sealers may share the folder: one writes at a time, and the one that comes late does not go back.
    let _lock = crate::secrets::lock(&app.config.data_dir)?;
    if matches!(read_head(app)?, Found::Ours(there) if there.seq >= seq) {
        return Ok(());
    }
    crate::secrets::write_private(&path, &text)
}

/// Walks the chain from its start and compares its end with the head outside the database.
pub async fn verify(app: &Shared) -> Result<Verdict> {
    let found = read_head(app)?;
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
            hash = chained(app, &hash, seq, &sealed.entry);
            if hash != sealed.hash {
                return Ok(Verdict::Broken { seq, what: "the entry was altered".into() });
            }
            if let Found::Ours(head) = &found
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
        Found::Ours(_) if head_seen => return Verdict::Whole { entries: seq },
        Found::Missing if seq == 0 => return Verdict::Whole { entries: 0 },
        Found::Missing => "the head outside the database is missing",
        Found::Strange => "the head outside the database is not ours",
        Found::Ours(_) => "entries were cut from the end",
    };
    Verdict::Broken { seq: seq + 1, what: what.into() }
}
