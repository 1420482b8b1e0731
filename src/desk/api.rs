//! One-time passphrases over the API.

use axum::http::StatusCode;
use serde::Serialize;

use super::{Made, make};
use crate::access::ANY_STAFF;
use crate::error::{Error, Result};
use crate::ids::ClientId;
use crate::routes::Routes;
use crate::web::{Answer, Ctx, Path};

pub fn routes(routes: Routes) -> Routes {
    routes.post("/api/v1/clients/{id}/passphrase", ANY_STAFF, post)
}

#[derive(Serialize)]
struct PassphraseBody {
    passphrase: String,
    expires_at: String,
}

/// 201 with the passphrase, this once; 409 where there can be none, with the reason. No answer is kept for an
/// `Idempotency-Key`, for it would hold the passphrase: whoever asks again gets another one, and the first is over.
async fn post(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Answer> {
    match ctx.door()?.write(move |p| make(p, id)).await? {
        Made::Made { passphrase, expires_at } => {
            Answer::new(StatusCode::CREATED, &PassphraseBody { passphrase, expires_at: expires_at.rfc3339() })
        }
        Made::Refused(refused) => Err(Error::Conflict(refused.said().into())),
    }
}
