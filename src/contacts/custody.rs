//! The custody note: what a court, or the parents among themselves, settled about a child. The practice's staff who see
//! the client read and write it; nobody in a portal does, whoever they are.

use super::open_record;
use crate::activities::Kind as Activity;
use crate::audit::Entry;
use crate::clients;
use crate::error::{FieldError, Result};
use crate::ids::ClientId;
use crate::params;
use crate::people;
use crate::practice::Practice;
use crate::words::Words;

crate::sql! {
    tenant FIND = "select note_sealed, version from custody_notes where practice_id = $1 and client_id = $2";
    tenant PUT =
        "insert into custody_notes (practice_id, client_id, note_sealed, version, updated_at, updated_by)
         values ($1, $2, $3, 1, $4, $5)
         on conflict (practice_id, client_id) do update set note_sealed = excluded.note_sealed,
         version = custody_notes.version + 1, updated_at = excluded.updated_at, updated_by = excluded.updated_by";
}

crate::sealed! { CUSTODY = "custody note" in custody_notes (practice_id, client_id) note_sealed }

/// The note as it stands; version 0: there never was one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Custody {
    pub note: String,
    pub version: i64,
}

/// What came of saving it.
#[derive(Debug, Clone)]
pub enum Saved {
    Done,
    Refused(FieldError),
    /// Somebody else saved in between; what stands now.
    Stale(Custody),
}

/// Errors: not found.
pub fn find(p: &Practice, client: ClientId) -> Result<Custody> {
    clients::open(p, client)?;
    read(p, client)
}

fn read(p: &Practice, client: ClientId) -> Result<Custody> {
    let found = p.one(&FIND, params![client], |row| Ok((row.get::<Option<Vec<u8>>>(0)?, row.get::<i64>(1)?)))?;
    let Some((sealed, version)) = found else {
        return Ok(Custody::default());
    };
    let note = p.app.secrets.unseal_text(CUSTODY.what, &[p.id.0, client.0], sealed.as_deref())?;
    Ok(Custody { note: note.unwrap_or_default(), version })
}

/// Takes a merge's copy of a note back: empties the one of `kept` where it is the very one that `gone` has.
pub fn take_back(p: &Practice, kept: ClientId, gone: ClientId) -> Result<()> {
    let (copy, own) = (read(p, kept)?, read(p, gone)?);
    if own.note.is_empty() || copy.note != own.note {
        return Ok(());
    }
    put(p, kept, None)
}

/// Saves the note; an empty one takes it away. `version`: the one that the change was made from; nothing: whatever
/// stands now is changed. Errors: not found; archived.
pub fn save(p: &Practice, client: ClientId, typed: &str, version: Option<i64>, words: Words) -> Result<Saved> {
    open_record(p, client)?;
    let now = find(p, client)?;
    if version.is_some_and(|version| version != now.version) {
        return Ok(Saved::Stale(now));
    }
    let note = match people::note(typed) {
        Ok(note) => note,
        Err(refused) => {
            let text = words.with(refused.key(), &[("limit", &people::NOTE_LIMIT.to_string())]);
            return Ok(Saved::Refused(FieldError::new("note", text)));
        }
    };
    if note.clone().unwrap_or_default() == now.note {
        return Ok(Saved::Done);
    }
    put(p, client, note.as_deref())?;
    Ok(Saved::Done)
}

fn put(p: &Practice, client: ClientId, note: Option<&str>) -> Result<()> {
    let sealed = p.app.secrets.seal_text(CUSTODY.what, &[p.id.0, client.0], note);
    p.run(&PUT, params![client, sealed, p.now, p.actor.id()])?;
    p.note(Activity::CustodyChanged, client, None)?;
    p.audit(&Entry::of_client("custody.changed", client))
}
