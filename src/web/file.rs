//! A file that somebody gave, as an answer. It came from a stranger as far as a browser is concerned: nothing in it may
//! run, and nobody on the way may keep it.

use axum::body::{Body, Bytes};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;

use crate::error::{Error, Result};
use crate::files::{Kind, Shown, disposition};

/// Nothing is loaded, nothing runs, and what is opened has an origin of its own.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'";

/// Marks an answer as such a file.
#[derive(Clone, Copy)]
struct Given;

/// A file as an answer: a picture is shown, everything else is a download.
pub fn file<S>(name: &str, kind: &Kind, size: u64, bytes: S) -> Result<Response>
where
    S: Stream<Item = Result<Bytes>> + Send + 'static,
{
    let way = if kind.shown == Shown::Inline { "inline" } else { "attachment" };
    let said = HeaderValue::from_str(&disposition(way, name)).map_err(|e| Error::internal(e.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind.media)),
        (header::CONTENT_LENGTH, HeaderValue::from(size)),
        (header::CONTENT_DISPOSITION, said),
    ];
    let mut response = (StatusCode::OK, headers, Body::from_stream(bytes)).into_response();
    response.extensions_mut().insert(Given);
    Ok(response)
}

/// Sets what the headers of such a file have of their own. `false`: the answer is none.
pub fn file_headers(response: &mut Response) -> bool {
    if response.extensions().get::<Given>().is_none() {
        return false;
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    true
}

/// Files are sent as they are: their size is known, and most are packed already.
pub fn is_no_file(_: StatusCode, _: Version, _: &HeaderMap, extensions: &Extensions) -> bool {
    extensions.get::<Given>().is_none()
}
