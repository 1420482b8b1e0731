//! What may be sent at all: how much of it, and of which kind. The guard asks here before any handler runs.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::IntoResponse;

use crate::error::{Error, Result};

/// Largest body of a form or of JSON.
pub const BODY_LIMIT: usize = 256 * 1024;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const FHIR: &str = "application/fhir+json";

const NOT_WHOLE: &str = "The request did not arrive whole.";
/// How long the rest of a request may take to arrive.
const ARRIVES_WITHIN: Duration = Duration::from_secs(30);

/// A request's body, read whole before anybody asks who is there: whoever holds a request open must not keep the rights
/// that they had when it began. A body that did not come, or was too large, is an answer for those who are let in.
pub async fn arrived(request: Request) -> (Parts, Result<Bytes>) {
    let (parts, body) = request.into_parts();
    if !matches!(parts.method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE) {
        return (parts, Ok(Bytes::new()));
    }
    let whole = Bytes::from_request(Request::from_parts(parts.clone(), body), &());
    let whole = match tokio::time::timeout(ARRIVES_WITHIN, whole).await {
        Ok(Ok(whole)) => Ok(whole),
        Ok(Err(rejection)) => Err(match rejection.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge,
            _ => Error::bad_request(NOT_WHOLE),
        }),
        Err(_) => Err(Error::bad_request(NOT_WHOLE)),
    };
    (parts, whole)
}

/// The request as a handler gets it. A handler that wants no body must not run for one that is too large or of another
/// kind than its address takes.
pub fn taken(parts: Parts, whole: Result<Bytes>) -> Result<Request> {
    let whole = whole?;
    if !matches!(parts.method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE) {
        return Ok(Request::from_parts(parts, Body::empty()));
    }
    let takes = if parts.uri.path().starts_with("/api/") { JSON } else { FORM };
    match kind(&parts.headers) {
        // An empty body needs no kind.
        kind if kind.is_empty() && whole.is_empty() => {}
        kind if kind.eq_ignore_ascii_case(takes) => {}
        // What other programs call a questionnaire and the answers to one.
        kind if takes_fhir(parts.uri.path()) && kind.eq_ignore_ascii_case(FHIR) => {}
        _ => return Err(Error::WrongKind { takes }),
    }
    Ok(Request::from_parts(parts, Body::from(whole)))
}

fn takes_fhir(path: &str) -> bool {
    path.ends_with("/response") || path == "/api/v1/forms/import"
}

/// The media type of a body, without its parameters.
fn kind(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).map_or(Ok(""), |value| value.to_str());
    let value = value.unwrap_or("unreadable");
    value.split(';').next().unwrap_or_default().trim()
}
