//! Signing in and out.

use askama::Template;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;

use super::code_pages::{Asked, code_page};
use super::queries;
use super::sign_in::{self, Attempt, Begun, Stand};
use crate::access::Access;
use crate::error::{Error, Result};
use crate::ids::{MemberId, PracticeId};
use crate::routes::{Routes, home_of, unauthorized};
use crate::ui::{ErrorSummary, Field, Section, Shell};
use crate::web::{Cookie, Ctx, Form, Identity, Query, html, lead_to, safe_next};

/// Largest form that is carried over a sign-in.
const RESUME_LIMIT: usize = 128 * 1024;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/", Access::Public, root)
        .get("/sign-in", Access::Public, show_sign_in)
        .post("/sign-in", Access::Public, sign_in)
        .post("/sign-out", Access::Public, sign_out)
}

async fn root(ctx: Ctx) -> Result<Response> {
    match &ctx.who {
        Identity::Signed(signed) => lead_to(&ctx, home_of(signed.session.place.map(|(kind, ..)| kind))),
        _ => lead_to(&ctx, "/sign-in"),
    }
}

/// A form that was sent without a session, carried over the sign-in.
#[derive(Debug, Default, Clone)]
pub struct Resume {
    pub path: String,
    pub body: String,
}

impl Resume {
    /// What a form carries, if it leads anywhere of ours.
    pub fn of(path: &str, body: &str) -> Option<Resume> {
        safe_next(path).map(|path| Resume { path: path.to_string(), body: body.to_string() })
    }
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
    let resume = (!typed.resume_path.is_empty())
        .then(|| Resume { path: typed.resume_path.clone(), body: typed.resume_body.clone() });
    SignInPage {
        shell: Shell { idle_seconds: None, ..ctx.shell(words.t("sign-in-title"), Section::None) },
        errors: ErrorSummary { items, title: words.t("sign-in-failed-title") },
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
        "code" => words.t("code-gone"),
        "second-factor" => words.t("second-factor-reset-done"),
        _ => String::new(),
    };
    let typed = SignInForm { next: query.next, ..SignInForm::default() };
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
    let kept: Vec<_> = fields.into_iter().filter(|(name, _)| !name.contains("password")).collect();
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
    html(StatusCode::OK, &ResumePage { shell, action: path.to_string(), fields })
}

async fn sign_in(ctx: Ctx, Form(typed): Form<SignInForm>) -> Result<Response> {
    let words = ctx.words();
    let (attempt, stand) = sign_in::attempt_at_the_door(&ctx, &typed.email, &typed.password).await?;
    let proven = match attempt {
        Attempt::In(proven) => proven,
        Attempt::Refused => {
            let page = sign_in_form(&ctx, &typed, Some(words.t("sign-in-failed")), String::new());
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
        Attempt::Wait { seconds } => {
            let minutes = seconds.div_ceil(60).to_string();
            let page =
                sign_in_form(&ctx, &typed, Some(words.with("sign-in-wait", &[("minutes", &minutes)])), String::new());
            return Ok(sign_in::waiting(html(StatusCode::TOO_MANY_REQUESTS, &page)?, seconds));
        }
    };
    // A passphrase leads to where a password is chosen, and to nothing that was begun before.
    let by_passphrase = matches!(stand, Stand::Only(_));
    let resume = Resume::of(&typed.resume_path, &typed.resume_body).filter(|_| !by_passphrase);
    let next = safe_next(&typed.next).filter(|_| !by_passphrase);
    let started = match sign_in::start(&ctx, &proven, stand, next.unwrap_or("")).await? {
        Begun::In(started) => started,
        Begun::CodeNeeded(needed) if resume.is_none() => return needed.lead(&ctx),
        Begun::CodeNeeded(needed) => {
            // What was typed before goes on with the page.
            let mut response = html(StatusCode::OK, &code_page(&ctx, Asked::App, resume, None))?;
            needed.give(&ctx, &mut response)?;
            return Ok(response);
        }
        Begun::Gone => {
            let page = sign_in_form(&ctx, &typed, Some(words.t("sign-in-failed")), String::new());
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    if let Some(resume) = resume {
        let mut response = resume_page(&ctx, &resume.path, &resume.body)?;
        started.give(&ctx, &mut response, proven.email_key())?;
        return Ok(response);
    }
    let to = match next {
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
    let email = ctx.app.read(move |h| super::login_email(h, account)).await?.ok_or(Error::NotFound)?;
    sign_in::enter(ctx, account, Stand::At(practice, member.0), &email.key).await
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
