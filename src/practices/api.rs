use axum::http::StatusCode;
use serde::Serialize;

use crate::access::ANY_STAFF;
use crate::error::Result;
use crate::routes::Routes;
use crate::web::{Answer, Ctx};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/api/v1/practice", ANY_STAFF, show)
}

#[derive(Serialize)]
struct Body {
    id: String,
    slug: String,
    name: String,
    time_zone: String,
}

/// `GET /api/v1/practice`: the practice of the token's member.
async fn show(ctx: Ctx) -> Result<Answer> {
    let practice = ctx.practice()?;
    let body = Body {
        id: practice.id.to_string(),
        slug: practice.slug.clone(),
        name: practice.name.clone(),
        time_zone: practice.time_zone.clone(),
    };
    Answer::new(StatusCode::OK, &body)
}
