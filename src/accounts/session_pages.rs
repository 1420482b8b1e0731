//! The chooser, and staying signed in.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::code_pages::code_refused;
use super::places::{Place, places_of};
use super::queries;
use super::second_step::Refused;
use super::sign_in::{self, Attempt, Stand};
use crate::access::Access;
use crate::error::{Error, Result};
use crate::ids::PracticeId;
use crate::routes::Routes;
use crate::second_factor;
use crate::ui::{Section, Shell};
use crate::web::{Cookie, Ctx, Form, html};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/places", Access::Account, show_places)
        .post("/places", Access::Account, choose_place)
        .post("/session/keep", Access::Session, keep)
        .post("/session/renew", Access::Public, renew)
}

#[derive(Template)]
#[template(path = "accounts/places.html")]
struct PlacesPage {
    shell: Shell,
    places: Vec<Place>,
    /// The place of this session, if one was chosen.
    here: Option<Uuid>,
}

async fn show_places(ctx: Ctx) -> Result<Response> {
    let session = &ctx.signed()?.session;
    let (account, here) = (session.account, session.place.map(|(.., id)| id));
    let places = ctx.app.read(move |h| places_of(h, account)).await?;
    let key = if places.is_empty() { "places-none-title" } else { "places-title" };
    // No practice stands above the choice: it is the account's page, and not one practice's.
    let shell = Shell { practice: String::new(), ..ctx.shell(ctx.words().t(key), Section::None) };
    html(StatusCode::OK, &PlacesPage { shell, places, here })
}

#[derive(Debug, Deserialize)]
struct PlaceForm {
    practice: Uuid,
    id: Uuid,
}

/// Moves the session to another place: a new session, so that a token never means two things.
async fn choose_place(ctx: Ctx, Form(chosen): Form<PlaceForm>) -> Result<Response> {
    let signed = ctx.signed()?;
    let account = signed.session.account;
    let key = signed.email.key.clone();
    let places = ctx.app.read(move |h| places_of(h, account)).await?;
    if !places.iter().any(|p| p.practice.0 == chosen.practice && p.id == chosen.id) {
        return Err(Error::NotFound);
    }
    let stand = Stand::At(PracticeId(chosen.practice), chosen.id);
    let session = signed.session.id;
    let started =
        sign_in::start_from(
            &ctx,
            stand,
            move |h| Ok(second_factor::carried(h, account, session)?.ok_or(Refused::Gone)),
        );
    let started = started.await?.map_err(|_| Error::NotFound)?;
    started.lead(&ctx, started.landing(), &key)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RenewForm {
    password: String,
    code: String,
}

#[derive(serde::Serialize)]
struct Renewed {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// The code is asked for, too.
    #[serde(skip_serializing_if = "is_false")]
    code: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_false(value: &bool) -> bool {
    !*value
}

fn renewed(ok: bool, message: Option<String>) -> Renewed {
    Renewed { ok, message, code: false }
}

/// Somebody is still there; the guard has already moved the idle end.
async fn keep(ctx: Ctx) -> Result<axum::Json<Renewed>> {
    let id = ctx.signed()?.session.id;
    ctx.app.write(move |h| super::touch(h, id)).await?;
    Ok(axum::Json(renewed(true, None)))
}

/// Signs in again over a page whose session has ended, as the same person and in the same place.
async fn renew(ctx: Ctx, headers: axum::http::HeaderMap, Form(typed): Form<RenewForm>) -> Result<Response> {
    let words = ctx.words();
    let refused = |status, message| (status, axum::Json(renewed(false, Some(message)))).into_response();
    let token = crate::web::cookie_value(&ctx.app, &headers, Cookie::Session).unwrap_or_default();
    let before = ctx
        .app
        .read(move |h| {
            let Some(session) = queries::session_ever(h, &crate::secrets::token_hash(&token))? else {
                return Ok(None);
            };
            Ok(super::shown_email(h, session.account)?.map(|_| session))
        })
        .await?;
    let Some(session) = before else {
        return Ok(refused(StatusCode::UNAUTHORIZED, words.t("renew-unknown")));
    };
    let proven = match super::attempt_again(&ctx, session.account, &typed.password).await? {
        Attempt::In(proven) if proven.account == session.account => proven,
        Attempt::Wait { seconds } => {
            let minutes = seconds.div_ceil(60).to_string();
            let response = refused(StatusCode::OK, words.with("sign-in-wait", &[("minutes", &minutes)]));
            return Ok(sign_in::waiting(response, seconds));
        }
        _ => return Ok(refused(StatusCode::UNPROCESSABLE_ENTITY, words.t("renew-failed"))),
    };
    let started = match sign_in::resume(&ctx, &proven, &session, &typed.code).await? {
        Ok(started) => started,
        Err(Refused::Gone) => return Ok(refused(StatusCode::UNPROCESSABLE_ENTITY, words.t("renew-failed"))),
        Err(why) => return Ok(code_needed(&ctx, &typed, why)),
    };
    let mut response = axum::Json(renewed(true, None)).into_response();
    started.give(&ctx, &mut response, proven.email_key())?;
    Ok(response)
}

/// The password is right, and a code is missing or was not taken.
fn code_needed(ctx: &Ctx, typed: &RenewForm, why: Refused) -> Response {
    let words = ctx.words();
    let message = if typed.code.trim().is_empty() && why == Refused::Code {
        words.t("renew-code")
    } else {
        code_refused(words, why)
    };
    let body = axum::Json(Renewed { ok: false, message: Some(message), code: true });
    match why {
        Refused::Wait { seconds } => sign_in::waiting((StatusCode::OK, body).into_response(), seconds),
        _ => (StatusCode::UNPROCESSABLE_ENTITY, body).into_response(),
    }
}
