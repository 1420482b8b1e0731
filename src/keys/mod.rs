//! Changing the instance's key while people work: make another, seal every sealed value anew with it, retire the old one.
//!
//! A running server reads the keys' file again every second and whenever it meets a number it does not know, so nothing
//! stops. Values are sealed anew in slices, each only if it still is what was read: what somebody saves meanwhile wins,
//! and is sealed with the new key already.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use crate::app::Shared;
use crate::db::{DbError, Row, Value};
use crate::error::{Error, Result};
use crate::practice::House;
use crate::secrets::{SEALED_COLUMNS, SealedColumn, key_of};

/// Values read at once.
const SLICE: i64 = 500;
/// Values sealed anew in one transaction.
const FEW: usize = 50;
/// Under load a transaction may lose to others several times.
const TRIES: usize = 20;

/// A sealed value and the row it stands in.
struct Sealed {
    ids: Vec<Uuid>,
    value: Vec<u8>,
}

/// Seals every value that another key made with the one that makes now; how many there were. Those that somebody saved
/// meanwhile with an older key are not among them: see `left`.
pub async fn reseal(app: &Shared) -> Result<u64> {
    let mut total = 0;
    for column in SEALED_COLUMNS {
        let mut after = vec![Uuid::nil(); column.ids];
        loop {
            let rows = app.read(move |h| following(h, column, &after)).await?;
            let Some(last) = rows.last().map(|row| row.ids.clone()) else { break };
            let making = app.secrets.ring().making().id;
            let older: Vec<Sealed> = rows.into_iter().filter(|row| key_of(&row.value) != Some(making)).collect();
            for few in older.chunks(FEW) {
                total += reseal_few(app, column, few).await?;
            }
            after = last;
        }
    }
    Ok(total)
}

/// Apart from reading them, so that only a change of one of these rows gets in between.
async fn reseal_few(app: &Shared, column: &'static SealedColumn, few: &[Sealed]) -> Result<u64> {
    let mut changes = Vec::with_capacity(few.len());
    for row in few {
        let clear = app.secrets.unseal(column.what, &row.ids, &row.value)?;
        let sealed = app.secrets.seal(column.what, &row.ids, &clear);
        let mut values: Vec<Value> = row.ids.iter().map(|id| Value::from(*id)).collect();
        values.extend([Value::from(sealed), Value::from(row.value.clone())]);
        changes.push(values);
    }
    let changes = Arc::new(changes);
    for _ in 1..TRIES {
        match put(app, column, &changes).await {
            Err(Error::Db(DbError::Conflict)) => {}
            done => return done,
        }
    }
    put(app, column, &changes).await
}

async fn put(app: &Shared, column: &'static SealedColumn, changes: &Arc<Vec<Vec<Value>>>) -> Result<u64> {
    let changes = changes.clone();
    app.write(move |h| changes.iter().map(|values| h.run(column.put, values.clone())).sum()).await
}

fn following(h: &House, column: &'static SealedColumn, after: &[Uuid]) -> Result<Vec<Sealed>> {
    let mut values: Vec<Value> = after.iter().map(|id| Value::from(*id)).collect();
    values.push(SLICE.into());
    h.all(column.after, values, |row: &Row| {
        let ids = (0..column.ids).map(|n| row.get::<Uuid>(n)).collect::<std::result::Result<_, _>>()?;
        Ok(Sealed { ids, value: row.get(column.ids)? })
    })
}

/// How many sealed values there are of each key.
pub async fn left(app: &Shared) -> Result<BTreeMap<u8, u64>> {
    let mut counts = BTreeMap::new();
    for column in SEALED_COLUMNS {
        let mut after = vec![Uuid::nil(); column.ids];
        loop {
            let from = after.clone();
            let rows = app.read(move |h| following(h, column, &from)).await?;
            for row in &rows {
                *counts.entry(key_of(&row.value).unwrap_or(0)).or_default() += 1;
            }
            match rows.into_iter().last() {
                Some(last) => after = last.ids,
                None => break,
            }
        }
    }
    Ok(counts)
}

/// Retires a key: links that it made stop working, and nothing it sealed opens any more. What it wrote in the audit
/// record is still verified. Errors: it is the one that makes, or sealed values of it are left.
pub async fn retire(app: &Shared, id: u8) -> Result<()> {
    // The record's head is proven by the key that makes, and no longer by this one.
    crate::audit::seal(app).await?;
    let of_it = left(app).await?.get(&id).copied().unwrap_or(0);
    if of_it > 0 {
        return Err(Error::config(format!("{of_it} sealed values are of key {id}: run `ruh keys reseal` first")));
    }
    app.secrets.retire(id)
}
