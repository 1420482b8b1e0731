//! Invite links in the JSON API: the same verbs as the pages.

use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use super::{Counted, Made};
use crate::access::{ANY_STAFF, Reach};
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{InviteLinkId, PracticeId};
use crate::routes::Routes;
use crate::web::{Answer, Ctx, Json, Optional, Path, idempotency_key, once};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v1/invite-links", ANY_STAFF, index)
        .post("/api/v1/invite-links", ANY_STAFF, create)
        .post("/api/v1/invite-links/{id}/renew", ANY_STAFF, renew)
        .delete("/api/v1/invite-links/{id}", ANY_STAFF, revoke)
}

#[derive(Debug, Serialize)]
struct LinkBody {
    id: String,
    address: String,
    group_id: Option<String>,
    provider_id: Option<String>,
    created_at: String,
    opened: i64,
    signed_up: i64,
}

impl LinkBody {
    fn new(app: &App, practice: PracticeId, counted: &Counted) -> LinkBody {
        let link = &counted.link;
        LinkBody {
            id: link.id.to_string(),
            address: super::address(app, practice, link.id),
            group_id: link.target.group.map(|id| id.to_string()),
            provider_id: link.target.provider.map(|id| id.to_string()),
            created_at: link.created_at.rfc3339(),
            opened: counted.opened,
            signed_up: counted.signed_up,
        }
    }
}

#[derive(Debug, Serialize)]
struct LinkList {
    items: Vec<LinkBody>,
}

async fn index(ctx: Ctx) -> Result<Answer> {
    let body = ctx
        .door()?
        .read(|p| {
            let items = super::all(p)?.iter().map(|counted| LinkBody::new(p.app, p.id, counted)).collect();
            Ok(LinkList { items })
        })
        .await?;
    Answer::new(StatusCode::OK, &body)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    group_id: Optional<String>,
    /// Left out: the token's member, if they see clients. Null: nobody.
    provider_id: Optional<String>,
}

async fn create(ctx: Ctx, headers: HeaderMap, body: Json<Body>) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    let words = ctx.words();
    let member = ctx.member()?;
    let group = match &body.value.group_id {
        Optional::Given(Some(id)) => id.clone(),
        _ => String::new(),
    };
    let own = member.sees_clients || matches!(ctx.actor()?.reach(), Reach::CareTeam(_));
    let provider = match &body.value.provider_id {
        Optional::Given(id) => id.clone().unwrap_or_default(),
        Optional::Absent if own => member.id.to_string(),
        Optional::Absent => String::new(),
    };
    ctx.door()?
        .write(move |p| {
            once(p, key.as_deref(), &body.hash, || {
                let target = super::target(p, &group, &provider, words)?.map_err(Error::Invalid)?;
                let (link, status) = match super::create(p, target)? {
                    Made::Made(link) => (link, StatusCode::CREATED),
                    Made::Known(link) => (link, StatusCode::OK),
                };
                Answer::new(status, &LinkBody::new(p.app, p.id, &super::count(p, link)?))
            })
        })
        .await
}

async fn renew(ctx: Ctx, Path(id): Path<InviteLinkId>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            let link = super::renew(p, id)?;
            Answer::new(StatusCode::CREATED, &LinkBody::new(p.app, p.id, &super::count(p, link)?))
        })
        .await
}

#[derive(Debug, Serialize)]
struct Revoked {
    id: String,
}

async fn revoke(ctx: Ctx, Path(id): Path<InviteLinkId>) -> Result<Answer> {
    let link = ctx.door()?.write(move |p| super::revoke(p, id)).await?;
    Answer::new(StatusCode::OK, &Revoked { id: link.id.to_string() })
}
