//! JSON bodies in and out, and errors as `application/problem+json` (RFC 9457).

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::{Error, FieldError, Result};

/// A JSON body and its bytes' hash (for idempotency keys).
pub struct Json<T> {
    pub value: T,
    pub hash: Vec<u8>,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Json<T>> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("application/json") {
            return Err(Error::bad_request("Send JSON with the content type application/json."));
        }
        let body = bytes::Bytes::from_request(request, state).await;
        let body = body.map_err(|_| Error::bad_request("The body is too large or did not arrive whole."))?;
        let value = serde_json::from_slice(&body)
            .map_err(|e| Error::bad_request(format!("The JSON is not as described: {e}")))?;
        Ok(Json { value, hash: <sha2::Sha256 as sha2::Digest>::digest(&body).to_vec() })
    }
}

/// A field of a PATCH: left out, or given (perhaps as null).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Optional<T> {
    #[default]
    Absent,
    Given(Option<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Optional<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Option::<T>::deserialize(deserializer).map(Optional::Given)
    }
}

#[derive(Serialize)]
struct Problem<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
}

/// An error for a program.
pub fn problem(status: StatusCode, error: &Error, reference: Option<String>) -> Response {
    let (detail, errors) = match error {
        Error::Invalid(errors) => (None, errors.as_slice()),
        Error::BadRequest(text) | Error::Conflict(text) => (Some(text.clone()), &[][..]),
        _ => (None, &[][..]),
    };
    let body = Problem {
        kind: "about:blank",
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        detail,
        errors,
        reference,
    };
    let text = serde_json::to_string(&body).unwrap_or_else(|_| "{}".into());
    let kind = HeaderValue::from_static("application/problem+json");
    (status, [(header::CONTENT_TYPE, kind)], text).into_response()
}
