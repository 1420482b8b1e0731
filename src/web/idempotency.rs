//! `Idempotency-Key`: the same key and body have one effect and one answer, however often and however much at once.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

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
        "select request_hash, status, body from idempotency where practice_id = $1 and actor_id = $2 and key = $3";
    tenant INSERT =
        "insert into idempotency (practice_id, actor_id, key, request_hash, status, body, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)";
}

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
    let actor = p.actor.id().unwrap_or_default();
    let known = p.one(&FIND, params![actor, key], |row| {
        Ok((row.get::<Vec<u8>>(0)?, row.get::<i64>(1)?, row.get::<String>(2)?))
    })?;
    if let Some((hash, status, body)) = known {
        if hash != request_hash {
            let message = "This key was used with another request.";
            return Err(Error::Invalid(vec![FieldError::new("Idempotency-Key", message)]));
        }
        let status = u16::try_from(status).ok().and_then(|code| StatusCode::from_u16(code).ok());
        return Ok(Answer { status: status.unwrap_or(StatusCode::OK), body });
    }
    let answer = verb()?;
    let status = i64::from(answer.status.as_u16());
    p.run(&INSERT, params![actor, key, request_hash, status, &answer.body, p.now])?;
    Ok(answer)
}

/// Whether something was done under a key already.
pub fn was_done(p: &Practice, key: &str) -> Result<bool> {
    Ok(p.one(&FIND, params![p.actor.id().unwrap_or_default(), key], |_| Ok(()))?.is_some())
}
