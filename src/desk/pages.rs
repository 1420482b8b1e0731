//! The dialog Change client's password.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::{Made, Refusal, make, refusal};
use crate::access::ANY_STAFF;
use crate::audit::{Entry, note_read};
use crate::clients::{self, Head, Side};
use crate::error::Result;
use crate::ids::ClientId;
use crate::routes::Routes;
use crate::ui::{Section, Shell};
use crate::web::{Ctx, Path, html};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/clients/{id}/password", ANY_STAFF, show).post("/clients/{id}/passphrase", ANY_STAFF, post)
}

#[derive(Template)]
#[template(path = "desk/ways.html")]
struct Ways {
    id: ClientId,
    archived: bool,
    /// A reset link can be sent.
    link: bool,
    /// Why there is no passphrase; empty where there may be one.
    refused: &'static str,
    made: Option<Shown>,
}
impl askama::filters::HtmlSafe for Ways {}

/// A passphrase, this once.
struct Shown {
    passphrase: String,
    until: String,
    sign_in: String,
}

#[derive(Template)]
#[template(path = "desk/show.html")]
struct WaysPage {
    shell: Shell,
    head: Head,
    ways: Ways,
}

const TITLE: &str = "Change client's password";

async fn page(ctx: &Ctx, id: ClientId, status: StatusCode, ways: Ways) -> Result<Response> {
    if ctx.is_fragment {
        return html(status, &ways);
    }
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id)).await?;
    let zone = ctx.practice()?.time_zone.clone();
    let head = ctx.door()?.read(move |p| clients::head(p, id, &zone, Side::Overview)).await?;
    html(status, &WaysPage { shell: ctx.shell(TITLE, Section::Clients), head, ways })
}

async fn show(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    let (archived, refused) = ctx
        .door()?
        .read(move |p| {
            let archived = clients::open(p, id)?.status == clients::Status::ARCHIVED;
            Ok((archived, refusal(p, id)?))
        })
        .await?;
    let ways = Ways {
        id,
        archived,
        link: !matches!(refused, Some(Refusal::NoPortal | Refusal::NotConfirmed)),
        refused: refused.map_or("", Refusal::said),
        made: None,
    };
    page(&ctx, id, StatusCode::OK, ways).await
}

/// Makes one and shows it: in the answer, and never again.
async fn post(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    let ways = Ways { id, archived: false, link: true, refused: "", made: None };
    match ctx.door()?.write(move |p| make(p, id)).await? {
        Made::Made { passphrase, expires_at } => {
            let shown = Shown {
                passphrase,
                until: expires_at.said_in(&ctx.practice()?.time_zone),
                sign_in: ctx.app.config.link("/sign-in"),
            };
            page(&ctx, id, StatusCode::OK, Ways { made: Some(shown), ..ways }).await
        }
        Made::Refused(refused) => {
            let link = !matches!(refused, Refusal::NoPortal | Refusal::NotConfirmed);
            page(&ctx, id, StatusCode::UNPROCESSABLE_ENTITY, Ways { link, refused: refused.said(), ..ways }).await
        }
    }
}
