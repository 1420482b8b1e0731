//! What belongs to nobody in particular: health, metrics, the API's description, assets, and pages for developers.

mod dev;
mod kept_mail;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::access::Access;
use crate::error::{Error, Result};
use crate::routes::Routes;
use crate::web::{Ctx, Path};

/// The description of the API; a test holds it against the registered routes.
pub const OPENAPI: &str = include_str!("openapi.json");

pub fn routes(routes: Routes) -> Routes {
    let routes = routes
        .poll("/healthz", Access::Public, healthz)
        .poll("/readyz", Access::Public, readyz)
        .poll("/metrics", Access::Metrics, metrics)
        .poll("/api/openapi.json", Access::Public, openapi)
        .poll("/assets/{file}", Access::Public, asset);
    dev::routes(routes)
}

/// The process is alive.
async fn healthz() -> &'static str {
    "ok"
}

/// The database answers; it was migrated before the server began to listen.
async fn readyz(ctx: Ctx) -> Result<&'static str> {
    ctx.app.read(crate::practices::is_empty).await?;
    Ok("ok")
}

async fn metrics(ctx: Ctx) -> Response {
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], ctx.app.metrics.text()).into_response()
}

async fn openapi() -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, kind)], OPENAPI).into_response()
}

async fn asset(Path(file): Path<String>) -> Result<Response> {
    let response = crate::assets::serve(&file);
    if response.status() == StatusCode::NOT_FOUND { Err(Error::NotFound) } else { Ok(response) }
}
