//! Security in the portal: where one is signed in.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use crate::access::Access;
use crate::error::Result;
use crate::routes::Routes;
use crate::security::sessions::{SessionLine, lines};
use crate::ui::{Section, Shell};
use crate::web::{Ctx, html};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/portal/security", Access::Portal, show)
}

#[derive(Template)]
#[template(path = "portal/security.html")]
struct SecurityPage {
    shell: Shell,
    sessions: Vec<SessionLine>,
}

async fn show(ctx: Ctx) -> Result<Response> {
    let sessions = lines(&ctx).await?;
    html(
        StatusCode::OK,
        &SecurityPage { shell: ctx.shell(ctx.words().t("security-title"), Section::Profile), sessions },
    )
}
