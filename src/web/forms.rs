//! Forms, query strings and what an address names, with a limit and a clear answer.

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// An urlencoded form. Fields are texts with a default, so that a form with a mistake comes back as it was typed.
pub struct Form<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Form<T>> {
        let body = bytes::Bytes::from_request(request, state).await;
        let body = body.map_err(|_| Error::bad_request("The form did not arrive whole."))?;
        let form = serde_urlencoded::from_bytes(&body);
        form.map(Form).map_err(|_| Error::bad_request("The form could not be read."))
    }
}

/// The query string.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query<T>> {
        let query = serde_urlencoded::from_str(parts.uri.query().unwrap_or_default());
        query.map(Query).map_err(|_| Error::bad_request("The address could not be read."))
    }
}

/// What an address names. An id that is none is not found, like one that nobody has; so is what climbs out of a folder.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>> {
        let named = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Error::NotFound)?;
        if named.iter().any(|(_, name)| name.contains("..") || name.contains(['/', '\\', '\0'])) {
            return Err(Error::NotFound);
        }
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(named)| Path(named)).map_err(|_| Error::NotFound)
    }
}

/// The path to go on to after sign-in, if it stays on our origin: one slash, no backslash, no control character.
pub fn safe_next(next: &str) -> Option<&str> {
    let good = next.starts_with('/')
        && !next.starts_with("//")
        && next.len() <= 2_000
        && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    // The addresses of signing in and out themselves lead nowhere.
    let loops = ["/sign-in", "/sign-out", "/session/"].iter().any(|path| next.starts_with(path));
    (good && !loops).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::safe_next;

    #[test]
    fn r34_next_stays_on_our_origin() {
        for good in ["/", "/clients", "/clients?search=a%20b&x=1"] {
            assert_eq!(safe_next(good), Some(good));
        }
        let bad = [
            "",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil",
            "https://evil.example",
            "clients",
            "/a\r\nb",
            "/\t/evil",
            "/ü",
            "/sign-out",
        ];
        for bad in bad {
            assert_eq!(safe_next(bad), None, "{bad:?}");
        }
    }
}
