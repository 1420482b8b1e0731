//! API tokens in the JSON API: the same verbs as the page.

use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use super::token_pages::TOO_MANY;
use super::tokens::{self, Made, Token};
use crate::access::ANY_STAFF;
use crate::error::{Error, FieldError, Result};
use crate::ids::TokenId;
use crate::people;
use crate::routes::Routes;
use crate::web::{Answer, Ctx, Json, Path, idempotency_key, once};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/api/v1/tokens", ANY_STAFF, index).post("/api/v1/tokens", ANY_STAFF, create).delete(
        "/api/v1/tokens/{id}",
        ANY_STAFF,
        revoke,
    )
}

#[derive(Serialize)]
struct TokenBody {
    id: String,
    name: String,
    member_id: String,
    created_at: String,
    last_used_at: Option<String>,
    /// In the answer to a creation only: it is shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl TokenBody {
    fn new(token: &Token) -> TokenBody {
        TokenBody {
            id: token.id.to_string(),
            name: token.name.clone(),
            member_id: token.member.to_string(),
            created_at: token.created_at.rfc3339(),
            last_used_at: token.last_used_at.map(crate::clock::Instant::rfc3339),
            token: None,
        }
    }
}

#[derive(Serialize)]
struct Items {
    items: Vec<TokenBody>,
}

async fn index(ctx: Ctx) -> Result<Answer> {
    let all = ctx.door()?.read(tokens::visible).await?;
    Answer::new(StatusCode::OK, &Items { items: all.iter().map(TokenBody::new).collect() })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    name: Option<String>,
}

/// Makes a token. Whoever repeats the request with its `Idempotency-Key` gets the same token's record, without the
/// secret: that is kept nowhere.
async fn create(ctx: Ctx, headers: HeaderMap, body: Json<Body>) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    let invalid = |message: String| Error::Invalid(vec![FieldError::new("name", message)]);
    let name = people::name(&body.value.name.clone().unwrap_or_default());
    let name = name.map_err(|r| invalid(ctx.words().t(r.key())))?;
    ctx.door()?
        .write(move |p| {
            let mut fresh = None;
            let kept = once(p, key.as_deref(), &body.hash, || match tokens::make(p, &name)? {
                Made::TooMany => Err(Error::Conflict(TOO_MANY.into())),
                Made::Made { token, secret } => {
                    let answer = Answer::new(StatusCode::CREATED, &TokenBody::new(&token))?;
                    fresh = Some(TokenBody { token: Some(secret), ..TokenBody::new(&token) });
                    Ok(answer)
                }
            })?;
            fresh.map_or(Ok(kept), |body| Answer::new(StatusCode::CREATED, &body))
        })
        .await
}

async fn revoke(ctx: Ctx, Path(id): Path<TokenId>) -> Result<Answer> {
    let token = ctx
        .door()?
        .write(move |p| {
            let token = tokens::find(p, id)?;
            tokens::revoke(p, id)?;
            Ok(token)
        })
        .await?;
    Answer::new(StatusCode::OK, &TokenBody::new(&token))
}
