//! Sign-in, sign-out, the forgotten password, the chooser, and staying signed in.

use askama::Template;
use axum::body::to_bytes;
use axum::extract::{Path, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::links::{self, Dead};
use super::places::{Place, PlaceKind, places_of};
use super::sign_in::{self, Attempt, Stand};
use super::{check_new, queries};
use crate::access::Access;
use crate::error::{Error, Result};
use crate::ids::{MemberId, PracticeId};
use crate::jobs::Kind as JobKind;
use crate::people::Email;
use crate::routes::{Routes, home_of, unauthorized};
use crate::ui::{ErrorSummary, Field, Section, Shell};
use crate::web::{Cookie, Ctx, Form, Identity, Query, html, lead_to, safe_next};
use crate::words::Words;

/// Largest form that is carried over a sign-in.
const RESUME_LIMIT: usize = 128 * 1024;
/// Resets asked for one address in an hour; more are answered the same and send nothing.
const RESETS_AN_HOUR: i64 = 5;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/", Access::Public, root)
        .get("/sign-in", Access::Public, show_sign_in)
        .post("/sign-in", Access::Public, sign_in)
        .post("/sign-out", Access::Public, sign_out)
        .get("/forgot", Access::Public, show_forgot)
        .post("/forgot", Access::Public, forgot)
        .get("/reset/{token}", Access::Public, open_reset)
        .get("/reset", Access::Public, show_reset)
        .post("/reset", Access::Public, reset)
        .get("/places", Access::Account, show_places)
        .post("/places", Access::Account, choose_place)
        .post("/session/keep", Access::Account, keep)
        .post("/session/renew", Access::Public, renew)
}

async fn root(ctx: Ctx) -> Result<Response> {
    match &ctx.who {
        Identity::Signed(signed) => lead_to(&ctx, home_of(signed.session.place.map(|(kind, ..)| kind))),
        _ => lead_to(&ctx, "/sign-in"),
    }
}

/// A form that was sent without a session, carried over the sign-in.
#[derive(Debug, Default, Clone)]
struct Resume {
    path: String,
    body: String,
}

#[derive(Template)]
#[template(path = "accounts/sign_in.html")]
struct SignInPage {
    shell: Shell,
    errors: ErrorSummary,
    notice: String,
    email: Field,
    password: Field,
    next: String,
    resume: Option<Resume>,
}

fn sign_in_form(ctx: &Ctx, typed: &SignInForm, problem: Option<String>, notice: String) -> SignInPage {
    let words = ctx.words();
    let items = problem.iter().map(|text| ("email".to_string(), text.clone())).collect();
    let resume = (!typed.resume_path.is_empty()).then(|| Resume {
        path: typed.resume_path.clone(),
        body: typed.resume_body.clone(),
    });
    SignInPage {
        shell: Shell {
            idle_seconds: None,
            ..ctx.shell(words.t("sign-in-title"), Section::None)
        },
        errors: ErrorSummary {
            items,
            title: words.t("sign-in-failed-title"),
        },
        notice,
        email: Field::email("email", words.t("field-email"))
            .value(&typed.email)
            .required()
            .autocomplete("username")
            .words(words),
        password: Field::password("password", words.t("field-password"))
            .required()
            .autocomplete("current-password")
            .words(words),
        next: safe_next(&typed.next).unwrap_or_default().to_string(),
        resume,
    }
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct SignInForm {
    email: String,
    password: String,
    next: String,
    resume_path: String,
    resume_body: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SignInQuery {
    next: String,
    done: String,
}

async fn show_sign_in(ctx: Ctx, Query(query): Query<SignInQuery>) -> Result<Response> {
    let words = ctx.words();
    let notice = match query.done.as_str() {
        "reset" => words.t("reset-done"),
        "out" => words.t("sign-out-done"),
        "email" => words.t("email-change-done"),
        _ => String::new(),
    };
    let typed = SignInForm {
        next: query.next,
        ..SignInForm::default()
    };
    html(StatusCode::OK, &sign_in_form(&ctx, &typed, None, notice))
}

/// The 401 of a route that needs a session: a program gets JSON; a person gets the sign-in page, and comes back to
/// where they were with everything typed still there.
pub async fn sign_in_page(ctx: Ctx, request: Request) -> Result<Response> {
    let accepts_html = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|v| v.to_str().ok())
        .is_none_or(|accept| accept.contains("text/html") || accept.contains("*/*"));
    if ctx.address.starts_with("/api/") || ctx.is_fragment || !accepts_html {
        return Ok(unauthorized());
    }
    let mut typed = SignInForm::default();
    if request.method() == Method::GET || request.method() == Method::HEAD {
        typed.next = ctx.address.clone();
    } else {
        typed.resume_path = safe_next(&ctx.address).unwrap_or_default().to_string();
        let body = to_bytes(request.into_body(), RESUME_LIMIT).await.unwrap_or_default();
        typed.resume_body = without_passwords(&body);
    }
    let notice = ctx.words().t("sign-in-needed");
    html(StatusCode::UNAUTHORIZED, &sign_in_form(&ctx, &typed, None, notice))
}

/// The fields of a form, without any password: those are typed again.
fn without_passwords(body: &[u8]) -> String {
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body).unwrap_or_default();
    let kept: Vec<_> = fields
        .into_iter()
        .filter(|(name, _)| !name.contains("password"))
        .collect();
    serde_urlencoded::to_string(kept).unwrap_or_default()
}

#[derive(Template)]
#[template(path = "accounts/resume.html")]
struct ResumePage {
    shell: Shell,
    action: String,
    fields: Vec<(String, String)>,
}

/// After signing in again: what was typed before, one press away from being sent.
pub fn resume_page(ctx: &Ctx, path: &str, body: &str) -> Result<Response> {
    let words = ctx.words();
    let fields = serde_urlencoded::from_str(body).unwrap_or_default();
    let shell = ctx.shell(words.t("resume-title"), Section::None);
    html(
        StatusCode::OK,
        &ResumePage {
            shell,
            action: path.to_string(),
            fields,
        },
    )
}

async fn sign_in(ctx: Ctx, Form(typed): Form<SignInForm>) -> Result<Response> {
    let words = ctx.words();
    let proven = match sign_in::attempt(&ctx, &typed.email, &typed.password).await? {
        Attempt::In(proven) => proven,
        Attempt::Refused => {
            let page = sign_in_form(&ctx, &typed, Some(words.t("sign-in-failed")), String::new());
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
        Attempt::Wait { seconds } => {
            let minutes = seconds.div_ceil(60).to_string();
            let page = sign_in_form(
                &ctx,
                &typed,
                Some(words.with("sign-in-wait", &[("minutes", &minutes)])),
                String::new(),
            );
            return Ok(sign_in::waiting(html(StatusCode::TOO_MANY_REQUESTS, &page)?, seconds));
        }
    };
    let Some(started) = sign_in::start(&ctx, &proven, Stand::Anywhere).await? else {
        let page = sign_in_form(&ctx, &typed, Some(words.t("sign-in-failed")), String::new());
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    if let Some(path) = safe_next(&typed.resume_path) {
        let mut response = resume_page(&ctx, path, &typed.resume_body)?;
        started.give(&ctx, &mut response, proven.email_key())?;
        return Ok(response);
    }
    let to = match safe_next(&typed.next) {
        Some(next) if started.place.is_some() && next != "/" => next,
        _ => started.landing(),
    };
    started.lead(&ctx, to, proven.email_key())
}

/// Signs a new practice's owner in.
pub async fn sign_in_as_member(ctx: &Ctx, practice: PracticeId, member: MemberId) -> Result<Response> {
    let account = ctx
        .app
        .read(move |h| queries::account_of_member(h, practice, member))
        .await?
        .ok_or_else(|| Error::internal("the new owner has no account"))?;
    let email = ctx
        .app
        .read(move |h| super::login_email(h, account))
        .await?
        .ok_or(Error::NotFound)?;
    let started = sign_in::start_for(ctx, account, Stand::At(practice, member.0))
        .await?
        .ok_or(Error::NotFound)?;
    started.lead(ctx, started.landing(), &email.key)
}

async fn sign_out(ctx: Ctx) -> Result<Response> {
    if let Identity::Signed(signed) = &ctx.who {
        let (account, id) = (signed.session.account, signed.session.id);
        ctx.app.write(move |h| super::end(h, account, id)).await?;
    }
    let mut response = lead_to(&ctx, "/sign-in?done=out")?;
    Cookie::Session.clear(&ctx.app, &mut response)?;
    Ok(response)
}

#[derive(Template)]
#[template(path = "accounts/forgot.html")]
struct ForgotPage {
    shell: Shell,
    errors: ErrorSummary,
    email: Field,
    sent: bool,
}

fn forgot_page(ctx: &Ctx, typed: &str, error: Option<String>, sent: bool) -> ForgotPage {
    let words = ctx.words();
    let items = error.iter().map(|text| ("email".to_string(), text.clone())).collect();
    ForgotPage {
        shell: ctx.shell(
            words.t(if sent { "forgot-sent-title" } else { "forgot-title" }),
            Section::None,
        ),
        errors: ErrorSummary {
            items,
            title: words.t("ui-error-summary"),
        },
        email: Field::email("email", words.t("field-email"))
            .value(typed)
            .error(error)
            .required()
            .autocomplete("username")
            .words(words),
        sent,
    }
}

async fn show_forgot(ctx: Ctx) -> Result<Response> {
    html(StatusCode::OK, &forgot_page(&ctx, "", None, false))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ForgotForm {
    email: String,
}

/// Writes down what was asked, known address or not, and lets a job decide: the answer and its time say nothing.
async fn forgot(ctx: Ctx, Form(typed): Form<ForgotForm>) -> Result<Response> {
    let email = match Email::parse(&typed.email) {
        Ok(email) => email,
        Err(refusal) => {
            let page = forgot_page(&ctx, &typed.email, Some(ctx.words().t(refusal.key())), false);
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    ctx.app
        .write(move |h| {
            let hour_ago = h.now.minus(std::time::Duration::from_secs(3600));
            let recent = queries::recent_reset_requests(h, &email.key, hour_ago)?;
            if recent >= RESETS_AN_HOUR {
                return Ok(());
            }
            let id = h.new_id();
            queries::insert_reset_request(h, id, &email.address, &email.key)?;
            h.enqueue(JobKind::AnswerResetRequest, id, h.now)
        })
        .await?;
    html(StatusCode::OK, &forgot_page(&ctx, "", None, true))
}

async fn open_reset(ctx: Ctx, Path(token): Path<String>) -> Result<Response> {
    take_link(&ctx, &token, "/reset")
}

/// Takes a token out of the address: it goes on in a cookie, and neither log nor referrer sees it again.
pub fn take_link(ctx: &Ctx, token: &str, to: &'static str) -> Result<Response> {
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    response
        .headers_mut()
        .insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let token: String = token
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .take(200)
        .collect();
    Cookie::Link.set(&ctx.app, &mut response, &token)?;
    Ok(response)
}

#[derive(Template)]
#[template(path = "accounts/reset.html")]
struct ResetPage {
    shell: Shell,
    errors: ErrorSummary,
    password: Field,
    /// Why the link does not work; empty if it does.
    dead: String,
}

fn reset_page(ctx: &Ctx, error: Option<String>, dead: Option<Dead>) -> ResetPage {
    let words = ctx.words();
    let items = error
        .iter()
        .map(|text| ("password".to_string(), text.clone()))
        .collect();
    let dead = dead.map(|dead| match dead {
        Dead::Expired => words.t("reset-expired"),
        Dead::Used => words.t("reset-used"),
        Dead::Replaced => words.t("reset-replaced"),
        Dead::Unknown => words.t("link-unknown"),
    });
    ResetPage {
        shell: ctx.shell(words.t("reset-title"), Section::None),
        errors: ErrorSummary {
            items,
            title: words.t("ui-error-summary"),
        },
        password: new_password_field(words, error),
        dead: dead.unwrap_or_default(),
    }
}

/// The field for a new password, wherever one is chosen.
pub fn new_password_field(words: Words, error: Option<String>) -> Field {
    Field::password("password", words.t("field-new-password"))
        .error(error)
        .hint(words.t("password-rule"))
        .required()
        .autocomplete("new-password")
        .strength()
        .words(words)
}

async fn link_of(ctx: &Ctx) -> Result<std::result::Result<links::Link, Dead>> {
    let token = ctx.link.clone().unwrap_or_default();
    let link = ctx.app.read(move |h| links::by_token(h, &token)).await?;
    let Some(link) = link.filter(|link| link.kind == links::LinkKind::Reset.as_str()) else {
        return Ok(Err(Dead::Unknown));
    };
    Ok(link.state(ctx.app.now()).map(|()| link))
}

async fn show_reset(ctx: Ctx) -> Result<Response> {
    match link_of(&ctx).await? {
        Ok(_) => html(StatusCode::OK, &reset_page(&ctx, None, None)),
        Err(dead) => html(StatusCode::GONE, &reset_page(&ctx, None, Some(dead))),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PasswordForm {
    password: String,
}

async fn reset(ctx: Ctx, Form(typed): Form<PasswordForm>) -> Result<Response> {
    let link = match link_of(&ctx).await? {
        Ok(link) => link,
        Err(dead) => return html(StatusCode::GONE, &reset_page(&ctx, None, Some(dead))),
    };
    if let Err(weakness) = check_new(&typed.password, &[&link.email.address]) {
        let page = reset_page(&ctx, Some(ctx.words().t(weakness.key())), None);
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let hash = ctx.app.passwords.hash(&typed.password).await?;
    let used = ctx
        .app
        .write(move |h| {
            // Only one of two presses wins, and only while the link still holds.
            let now_dead = queries::link(h, link.id)?.is_none_or(|link| link.state(h.now).is_err());
            if now_dead || !queries::use_link(h, link.id)? {
                return Ok(false);
            }
            // Whoever opened it has read the mail: the address is proven by that.
            super::confirm_login(h, link.account, &link.email.key)?;
            super::set_password(h, link.account, &hash, None)?;
            Ok(true)
        })
        .await?;
    if !used {
        return html(StatusCode::GONE, &reset_page(&ctx, None, Some(Dead::Used)));
    }
    let mut response = lead_to(&ctx, "/sign-in?done=reset")?;
    Cookie::Link.clear(&ctx.app, &mut response)?;
    Cookie::Session.clear(&ctx.app, &mut response)?;
    Ok(response)
}

#[derive(Template)]
#[template(path = "accounts/places.html")]
struct PlacesPage {
    shell: Shell,
    places: Vec<Place>,
}

async fn show_places(ctx: Ctx) -> Result<Response> {
    let account = ctx.signed()?.session.account;
    let places = ctx.app.read(move |h| places_of(h, account)).await?;
    let key = if places.is_empty() {
        "places-none-title"
    } else {
        "places-title"
    };
    html(
        StatusCode::OK,
        &PlacesPage {
            shell: ctx.shell(ctx.words().t(key), Section::None),
            places,
        },
    )
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
    if !places
        .iter()
        .any(|p| p.practice.0 == chosen.practice && p.id == chosen.id)
    {
        return Err(Error::NotFound);
    }
    let stand = Stand::At(PracticeId(chosen.practice), chosen.id);
    let started = sign_in::start_for(&ctx, account, stand).await?.ok_or(Error::NotFound)?;
    started.lead(&ctx, started.landing(), &key)
}

#[derive(serde::Serialize)]
struct Renewed {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// Somebody is still there; the guard has already moved the idle end.
async fn keep(ctx: Ctx) -> Result<axum::Json<Renewed>> {
    let id = ctx.signed()?.session.id;
    ctx.app.write(move |h| super::touch(h, id)).await?;
    Ok(axum::Json(Renewed {
        ok: true,
        message: None,
    }))
}

/// Signs in again over a page whose session has ended, as the same person and in the same place.
async fn renew(ctx: Ctx, headers: axum::http::HeaderMap, Form(typed): Form<PasswordForm>) -> Result<Response> {
    let words = ctx.words();
    let refused = |status, message| {
        (
            status,
            axum::Json(Renewed {
                ok: false,
                message: Some(message),
            }),
        )
            .into_response()
    };
    let token = crate::web::cookie_value(&ctx.app, &headers, Cookie::Session).unwrap_or_default();
    let before = ctx
        .app
        .read(move |h| {
            let Some(session) = queries::session_ever(h, &crate::secrets::token_hash(&token))? else {
                return Ok(None);
            };
            Ok(super::login_email(h, session.account)?.map(|email| (session, email)))
        })
        .await?;
    let Some((session, email)) = before else {
        return Ok(refused(StatusCode::UNAUTHORIZED, words.t("renew-unknown")));
    };
    let proven = match sign_in::attempt(&ctx, &email.address, &typed.password).await? {
        Attempt::In(proven) if proven.account == session.account => proven,
        Attempt::Wait { seconds } => {
            let minutes = seconds.div_ceil(60).to_string();
            let response = refused(StatusCode::OK, words.with("sign-in-wait", &[("minutes", &minutes)]));
            return Ok(sign_in::waiting(response, seconds));
        }
        _ => return Ok(refused(StatusCode::UNPROCESSABLE_ENTITY, words.t("renew-failed"))),
    };
    let stand = session
        .place
        .map_or(Stand::Anywhere, |(_, practice, id)| Stand::At(practice, id));
    let Some(started) = sign_in::start(&ctx, &proven, stand).await? else {
        return Ok(refused(StatusCode::UNPROCESSABLE_ENTITY, words.t("renew-failed")));
    };
    let mut response = axum::Json(Renewed {
        ok: true,
        message: None,
    })
    .into_response();
    started.give(&ctx, &mut response, proven.email_key())?;
    Ok(response)
}
