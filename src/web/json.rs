//! JSON bodies in and out, and errors as `application/problem+json` (RFC 9457).

use std::collections::HashSet;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::{DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, FieldError, Result};

/// A JSON body, and a hash of all that was asked for: method, path and the body's bytes (for idempotency keys).
pub struct Json<T> {
    pub value: T,
    pub hash: Vec<u8>,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Json<T>> {
        let asked = format!("{} {}\n", request.method(), request.uri().path());
        let body = bytes::Bytes::from_request(request, state).await;
        let body = body.map_err(|_| Error::bad_request("The body did not arrive whole."))?;
        // Serde would take a list for an object, by the order of the fields.
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Err(Error::bad_request("The JSON is not an object."));
        }
        let not_as_described = |e| Error::bad_request(format!("The JSON is not as described: {e}"));
        serde_json::from_slice::<Sound>(&body).map_err(not_as_described)?;
        let value = serde_json::from_slice(&body).map_err(not_as_described)?;
        let hash = Sha256::new().chain_update(asked).chain_update(&body).finalize().to_vec();
        Ok(Json { value, hash })
    }
}

/// Looks at what the types of a body skip, too: too deep, a number beyond all numbers, or a name given twice.
struct Sound;

impl<'de> Deserialize<'de> for Sound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Sound, D::Error> {
        deserializer.deserialize_any(Sound)
    }
}

impl<'de> Visitor<'de> for Sound {
    type Value = Sound;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> std::result::Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_u64<E>(self, _: u64) -> std::result::Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_str<E>(self, _: &str) -> std::result::Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Sound, A::Error> {
        while items.next_element::<Sound>()?.is_some() {}
        Ok(Sound)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> std::result::Result<Sound, A::Error> {
        let mut names = HashSet::new();
        while let Some((name, _)) = fields.next_entry::<String, Sound>()? {
            if !names.insert(name) {
                return Err(serde::de::Error::custom("a name is given twice"));
            }
        }
        Ok(Sound)
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
        Error::FileTooLarge(one) | Error::FileOfWrongKind(one) => {
            (Some(one.message.clone()), std::slice::from_ref(one))
        }
        Error::BadRequest(text) | Error::Conflict(text) => (Some(text.clone()), &[][..]),
        Error::TooLarge
        | Error::WrongKind { .. }
        | Error::SecondFactorNeeded
        | Error::OutsideTeam(_)
        | Error::Merged(_) => (Some(error.to_string()), &[][..]),
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
