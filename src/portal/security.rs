//! Security in the portal: two-step sign-in, and where one is signed in.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use crate::access::{Access, Needs};
use crate::error::{Error, Result};
use crate::routes::Routes;
use crate::security::sessions::{SessionLine, lines};
use crate::security::{TwoStep, two_step};
use crate::ui::{Section, Shell};
use crate::web::{Ctx, html};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/portal/security", Access::Portal(Needs::Entry), show)
}

#[derive(Template)]
#[template(path = "portal/security.html")]
struct SecurityPage {
    shell: Shell,
    sessions: Vec<SessionLine>,
    two_step: TwoStep,
}

async fn show(ctx: Ctx) -> Result<Response> {
    // Where else somebody is signed in is the account's, and a one-time passphrase opens this portal only.
    if ctx.signed()?.session.passphrase.is_some() {
        return Err(Error::NotFound);
    }
    let page = SecurityPage {
        sessions: lines(&ctx).await?,
        two_step: two_step(&ctx).await?,
        shell: ctx.shell(ctx.words().t("security-title"), Section::Profile),
    };
    html(StatusCode::OK, &page)
}
