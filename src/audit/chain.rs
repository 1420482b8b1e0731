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

/// Chains the entries that are not yet, in batches, and writes the head. Returns how many.
pub async fn seal(app: &Shared) -> Result<i64> {
    let mut total = 0;
    loop {
        let (count, head) = app.write(seal_batch).await?;
        total += count;
        if let Some((seq, hash)) = head {
            write_head(app, seq, &hash)?;
        }
        if count < BATCH {
            return Ok(total);
        }
    }
}

type SealedBatch = (i64, Option<(i64, Vec<u8>)>);

fn seal_batch(h: &crate::practice::House) -> Result<SealedBatch> {
    let unsealed = queries::unsealed(h, BATCH)?;
    if unsealed.is_empty() {
        return Ok((0, None));
    }
    let (mut seq, mut hash) = queries::last(h)?.unwrap_or((0, Vec::new()));
    for entry in &unsealed {
        seq += 1;
        hash = chained(h.app, &hash, seq, entry);
        if queries::seal(h, entry, seq, &hash)? != 1 {
            return Err(Error::internal("an audit entry was sealed twice"));
        }
    }
    Ok((i64::try_from(unsealed.len()).unwrap_or(BATCH), Some((seq, hash))))
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

fn write_head(app: &App, seq: i64, hash: &[u8]) -> Result<()> {
    let hash = hex(hash);
    let head = Head { proof: proof(app, seq, &hash), seq, hash };
    let text = serde_json::to_string(&head).map_err(|e| Error::internal(e.to_string()))?;
    let path = head_path(&app.config.data_dir);
    let next = path.with_extension("head.new");
    // Written beside and moved over, so that a crash leaves the old head or the new one.
    crate::secrets::write_private(&next, &text)?;
    std::fs::rename(&next, &path).map_err(|e| Error::internal(format!("audit head: {e}")))
}

/// Walks the chain from its start and compares its end with the head outside the database.
pub async fn verify(app: &Shared) -> Result<Verdict> {
    let head = match std::fs::read_to_string(head_path(&app.config.data_dir)) {
        Ok(text) => serde_json::from_str::<Head>(&text).ok(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(e) => return Err(Error::internal(format!("audit head: {e}"))),
    };
    let head_is_ours = head.as_ref().is_some_and(|head| head.proof == proof(app, head.seq, &head.hash));
    let (mut seq, mut hash) = (0, Vec::new());
    let mut head_seen = head.as_ref().is_some_and(|head| head.seq == 0);
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
            if let Some(head) = head.as_ref().filter(|head| head_is_ours && head.seq == seq) {
                if head.hash != hex(&hash) {
                    return Ok(Verdict::Broken { seq, what: "the entry is not the one that was sealed".into() });
                }
                head_seen = true;
            }
        }
    }
    Ok(judge_end(seq, head.is_some(), head_is_ours, head_seen))
}

fn judge_end(seq: i64, head_there: bool, head_is_ours: bool, head_seen: bool) -> Verdict {
    let what = match (head_there, head_is_ours, head_seen) {
        (true, true, true) => return Verdict::Whole { entries: seq },
        (false, ..) if seq == 0 => return Verdict::Whole { entries: 0 },
        (false, ..) => "the head outside the database is missing",
        (true, false, _) => "the head outside the database is not ours",
        (true, true, false) => "entries were cut from the end",
    };
    Verdict::Broken { seq: seq + 1, what: what.into() }
}
