//! What may be sent at all: how much of it, and of which kind. The guard asks here before any handler runs.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::IntoResponse;

use crate::error::{Error, Result};

/// Largest body of a form or of JSON.
pub const BODY_LIMIT: usize = 256 * 1024;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// The request with its body read whole: a handler that wants no body must not run for one that is too large or of
/// another kind than its address takes.
pub async fn taken(request: Request) -> Result<Request> {
    if !matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH | Method::DELETE) {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let whole = Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await;
    let whole = whole.map_err(|rejection| match rejection.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge,
        _ => Error::bad_request("The request did not arrive whole."),
    })?;
    let takes = if parts.uri.path().starts_with("/api/") { JSON } else { FORM };
    match kind(&parts.headers) {
        // An empty body needs no kind.
        kind if kind.is_empty() && whole.is_empty() => {}
        kind if kind.eq_ignore_ascii_case(takes) => {}
        _ => return Err(Error::WrongKind { takes }),
    }
    Ok(Request::from_parts(parts, Body::from(whole)))
}

/// The media type of a body, without its parameters.
fn kind(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).map_or(Ok(""), |value| value.to_str());
    let value = value.unwrap_or("unreadable");
    value.split(';').next().unwrap_or_default().trim()
}
