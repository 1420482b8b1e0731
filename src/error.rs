//! The one internal error. Refusals that a user can understand are not errors: each slice has its own named outcomes.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::db::DbError;
use crate::ids::ClientId;

#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Does not exist, or not for this person: the two look the same.
    #[error("not found")]
    NotFound,
    /// The role of a member of this practice does not reach so far.
    #[error("this is for those who run the practice")]
    Forbidden,
    /// A member whose practice asks for a second factor that they have not set up.
    #[error("this practice asks for two-step sign-in: set it up under /two-step/set-up, signed in with a browser")]
    SecondFactorNeeded,
    /// Somebody who runs the practice and is not on the client's care team: they give a reason first.
    #[error("you are not on this client's care team: give a reason first, at POST /api/v1/clients/{0}/openings")]
    OutsideTeam(ClientId),
    /// A record that was merged into this one: that one is asked instead.
    #[error("this record was merged into another: ask /api/v1/clients/{0}")]
    Merged(ClientId),
    /// The request makes no sense; the text is shown.
    #[error("{0}")]
    BadRequest(String),
    /// More than a body may hold.
    #[error("a body holds at most 256 KiB")]
    TooLarge,
    /// A body of another kind than the address takes.
    #[error("this address takes {takes}")]
    WrongKind { takes: &'static str },
    /// A file that is larger than a file may be, and one of a kind that is not taken; with the message beside its field.
    #[error("{}", .0.message)]
    FileTooLarge(FieldError),
    #[error("{}", .0.message)]
    FileOfWrongKind(FieldError),
    /// Too many tries; come back after so many seconds.
    #[error("too many requests")]
    TooMany { retry_after: u64 },
    /// A request that is well formed but refused by a field; for the API.
    #[error("a field was refused")]
    Invalid(Vec<FieldError>),
    /// Somebody saved in between; the text says what happened.
    #[error("{0}")]
    Conflict(String),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("configuration: {0}")]
    Config(String),
    #[error("{0}")]
    Internal(String),
}

/// A message beside a field.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    pub field: String,
    pub message: String,
}

impl FieldError {
    pub fn new(field: &str, message: impl Into<String>) -> FieldError {
        FieldError { field: field.to_string(), message: message.into() }
    }
}

impl Error {
    pub fn internal(text: impl Into<String>) -> Error {
        Error::Internal(text.into())
    }

    pub fn config(text: impl Into<String>) -> Error {
        Error::Config(text.into())
    }

    pub fn bad_request(text: impl Into<String>) -> Error {
        Error::BadRequest(text.into())
    }

    pub fn status(&self) -> StatusCode {
        match self {
            Error::NotFound | Error::Merged(_) => StatusCode::NOT_FOUND,
            Error::Forbidden | Error::SecondFactorNeeded | Error::OutsideTeam(_) => StatusCode::FORBIDDEN,
            Error::BadRequest(_) => StatusCode::BAD_REQUEST,
            Error::TooLarge | Error::FileTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Error::WrongKind { .. } | Error::FileOfWrongKind(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::Conflict(_) => StatusCode::CONFLICT,
            Error::Db(DbError::Busy | DbError::Unavailable(_) | DbError::Conflict) => StatusCode::SERVICE_UNAVAILABLE,
            Error::Db(_) | Error::Config(_) | Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<askama::Error> for Error {
    fn from(e: askama::Error) -> Error {
        Error::internal(format!("a template failed: {e}"))
    }
}

impl IntoResponse for Error {
    /// Carries the error out to `web::present_errors`, which knows whether a person or a program asked.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

pub type Result<T> = std::result::Result<T, Error>;
