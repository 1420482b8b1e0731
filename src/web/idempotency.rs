//! `Idempotency-Key`: the same key and body have one effect and one answer, however often and however much at once.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::{Error, FieldError, Result};
use crate::params;
use crate::practice::{House, Practice};

/// Longest key, in bytes.
const KEY_LIMIT: usize = 200;

/// How long a key is remembered.
const KEPT: std::time::Duration = std::time::Duration::from_secs(48 * 3600);

crate::sql! {
    across("old keys of every practice are dropped together") PURGE = "delete from idempotency where created_at < $1";
    tenant FIND =
        "select request_hash, status, answer_sealed from idempotency where practice_id = $1 and id = $2";
    tenant INSERT =
        "insert into idempotency (practice_id, id, request_hash, status, answer_sealed, created_at)
         values ($1, $2, $3, $4, $5, $6)";
}
crate::sealed! { ANSWER = "repeated answer" in idempotency (practice_id, id) answer_sealed }

/// A status and a JSON body.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub body: String,
}

impl Answer {
    pub fn new(status: StatusCode, body: &impl Serialize) -> Result<Answer> {
        let body = serde_json::to_string(body).map_err(|e| Error::internal(e.to_string()))?;
        Ok(Answer { status, body })
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let kind = HeaderValue::from_static("application/json");
        (self.status, [(header::CONTENT_TYPE, kind)], self.body).into_response()
    }
}

/// The key of a request, if it carries one.
pub fn key(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= KEY_LIMIT => Ok(Some(key.to_string())),
        _ => Err(Error::bad_request("Idempotency-Key must be 1 to 200 visible ASCII characters.")),
    }
}

/// Forgets keys that nobody repeats any more.
pub fn purge(h: &House) -> Result<()> {
    h.run(&PURGE, params![h.now.minus(KEPT)]).map(drop)
}

/// Where the answer to an actor's key is kept: each actor's keys are their own.
fn id_of(p: &Practice, key: &str) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(p.actor.id().unwrap_or_default().as_bytes());
    hash.update(key.as_bytes());
    let hash: [u8; 32] = hash.finalize().into();
    Uuid::from_slice(&hash[..16]).unwrap_or_default()
}

/// Runs a verb once for a key: the answer is kept in the verb's own transaction, and given again to whoever repeats.
/// Errors are not kept: what was refused may be tried again.
pub fn once(
    p: &Practice,
    key: Option<&str>,
    request_hash: &[u8],
    verb: impl FnOnce() -> Result<Answer>,
) -> Result<Answer> {
    let Some(key) = key else {
        return verb();
    };
    let id = id_of(p, key);
    let known = p.one(&FIND, params![id], |row| {
        Ok((row.get::<Vec<u8>>(0)?, row.get::<i64>(1)?, row.get::<Option<Vec<u8>>>(2)?))
    })?;
    let place = [p.id.0, id];
    if let Some((hash, status, sealed)) = known {
        if hash != request_hash {
            let message = "This key was used with another request.";
            return Err(Error::Invalid(vec![FieldError::new("Idempotency-Key", message)]));
        }
        let status = u16::try_from(status).ok().and_then(|code| StatusCode::from_u16(code).ok());
        let body = p.app.secrets.unseal_text(ANSWER.what, &place, sealed.as_deref())?.unwrap_or_default();
        return Ok(Answer { status: status.unwrap_or(StatusCode::OK), body });
    }
    let answer = verb()?;
    let status = i64::from(answer.status.as_u16());
    let sealed = p.app.secrets.seal(ANSWER.what, &place, answer.body.as_bytes());
    p.run(&INSERT, params![id, request_hash, status, sealed, p.now])?;
    Ok(answer)
}

/// Whether something was done under a key already.
pub fn was_done(p: &Practice, key: &str) -> Result<bool> {
    Ok(p.one(&FIND, params![id_of(p, key)], |_| Ok(()))?.is_some())
}
