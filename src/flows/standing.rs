//! How somebody's forms stand, in short: for the top of a record, the list of clients and the question before archiving,
//! which belong to slices that know nothing of filling in.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use super::settings;
use crate::clock::Instant;
use crate::error::Result;
use crate::ids::ClientId;
use crate::params;
use crate::practice::Practice;

/// Clients that are counted with one question to the database.
const AT_ONCE: usize = 50;
const DAY: u64 = 86_400;

crate::sql! {
    tenant HAS_ALERT =
        "select id from form_alerts where practice_id = $1 and client_id = $2 and seen_at is null limit 1";
    tenant OVERDUE =
        "select id from client_forms where practice_id = $1 and client_id = $2 and required
             and state in ('open', 'started') and coalesce(reopened_at, given_at) < $3 limit 1";
    tenant OPEN =
        "select count(*) from client_forms where practice_id = $1 and client_id = $2 and state in ('open', 'started')";
    tenant PROGRESS =
        "select client_id, count(*) filter (where state = 'done'), count(*) from client_forms
         where practice_id = $1 and state in ('open', 'started', 'done')
             and client_id in ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                 $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42,
                 $43, $44, $45, $46, $47, $48, $49, $50, $51)
         group by client_id limit 50";
}

/// What the top of a record says of somebody's forms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// An answer asks for the care team's eyes, and nobody has seen it.
    pub attention: bool,
    /// Something required has been open for longer than people are reminded after.
    pub overdue: bool,
}

pub fn marks(p: &Practice, client: ClientId) -> Result<Marks> {
    let overdue = match due_before(p)? {
        Some(before) => p.one(&OVERDUE, params![client, before], |row| Ok(row.get::<Uuid>(0)?))?.is_some(),
        None => false,
    };
    Ok(Marks { attention: has_alert(p, client)?, overdue })
}

/// What was given before this moment and is still open is overdue; nothing: the practice reminds nobody.
pub fn due_before(p: &Practice) -> Result<Option<Instant>> {
    let days = u64::try_from(settings(p)?.after_days).unwrap_or(0);
    Ok((days > 0).then(|| p.now.minus(Duration::from_secs(DAY * days))))
}

/// Whether a client has an alert that nobody has seen.
pub fn has_alert(p: &Practice, client: ClientId) -> Result<bool> {
    Ok(p.one(&HAS_ALERT, params![client], |row| Ok(row.get::<Uuid>(0)?))?.is_some())
}

/// Forms that a client has still to fill in.
pub fn open(p: &Practice, client: ClientId) -> Result<i64> {
    Ok(p.one(&OPEN, params![client], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

/// How many of somebody's forms are done, of those that are done or open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub done: i64,
    pub all: i64,
}

impl Progress {
    /// As a list says it; empty: nothing was given.
    pub fn said(self) -> String {
        match self {
            Progress { all: 0, .. } => String::new(),
            Progress { done, all } if done == all => "Done".into(),
            Progress { done, all } => format!("{done} of {all}"),
        }
    }
}

/// The progress of many; who was given nothing is not among them.
pub fn progress(p: &Practice, clients: &[ClientId]) -> Result<BTreeMap<ClientId, Progress>> {
    let mut all = BTreeMap::new();
    for some in clients.chunks(AT_ONCE) {
        let mut values = Vec::with_capacity(AT_ONCE);
        for at in 0..AT_ONCE {
            values.extend(params![some.get(at).copied().unwrap_or(ClientId(Uuid::nil()))]);
        }
        let row = |row: &crate::db::Row| Ok((row.get(0)?, Progress { done: row.get(1)?, all: row.get(2)? }));
        all.extend(p.all(&PROGRESS, values, row)?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::Progress;

    #[test]
    fn progress_is_said_in_few_words() {
        for (done, all, said) in [(0, 0, ""), (0, 3, "0 of 3"), (2, 5, "2 of 5"), (5, 5, "Done")] {
            assert_eq!(Progress { done, all }.said(), said);
        }
    }
}
