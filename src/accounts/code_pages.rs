//! The page that asks for the code, between the password and the session.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::pages::{Resume, resume_page};
use super::second_step::Refused;
use super::sign_in::{self, Finished};
use super::{pending, waiting};
use crate::access::Access;
use crate::error::Result;
use crate::routes::Routes;
use crate::ui::{ErrorSummary, Field, Section, Shell};
use crate::web::{Cookie, Ctx, Form, Query, html, lead_to, safe_next};
use crate::words::Words;

pub fn routes(routes: Routes) -> Routes {
    routes.get("/sign-in/code", Access::Public, show).post("/sign-in/code", Access::Public, post).get(
        "/sign-in/lost-device",
        Access::Public,
        lost_device,
    )
}

/// Which code is asked for. Either field takes either: it is the words and the keyboard that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    App,
    Recovery,
}

/// The field for a code, wherever one is asked for.
pub fn code_field(words: Words, asked: Asked, error: Option<String>) -> Field {
    let field = match asked {
        Asked::App => Field::text("code", words.t("code-field"))
            .hint(words.t("code-hint"))
            .input_mode("numeric")
            .autocomplete("one-time-code"),
        Asked::Recovery => {
            Field::text("code", words.t("code-recovery-field")).hint(words.t("code-recovery-hint")).autocomplete("off")
        }
    };
    field.error(error).required().max_length(40).words(words)
}

/// What to say about a code that was not taken.
pub fn code_refused(words: Words, refused: Refused) -> String {
    match refused {
        Refused::Code => words.t("code-refused"),
        Refused::Wait { seconds } => words.with("sign-in-wait", &[("minutes", &seconds.div_ceil(60).to_string())]),
        Refused::Gone => words.t("code-gone"),
    }
}

#[derive(Template)]
#[template(path = "accounts/code.html")]
struct CodePage {
    shell: Shell,
    errors: ErrorSummary,
    code: Field,
    recovery: bool,
    resume: Option<Resume>,
}

#[derive(Template)]
#[template(path = "accounts/lost_device.html")]
struct LostDevicePage {
    shell: Shell,
}

pub fn code_page(ctx: &Ctx, asked: Asked, resume: Option<Resume>, error: Option<String>) -> impl Template {
    let words = ctx.words();
    let items = error.iter().map(|text| ("code".to_string(), text.clone())).collect();
    let title = words.t(if asked == Asked::Recovery { "code-recovery-title" } else { "code-title" });
    CodePage {
        // Whoever was signed in here before is not who is asked now.
        shell: Shell { practice: String::new(), idle_seconds: None, ..ctx.shell(title, Section::None) },
        errors: ErrorSummary { items, title: words.t("sign-in-failed-title") },
        code: code_field(words, asked, error).autofocus(),
        recovery: asked == Asked::Recovery,
        resume,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct With {
    with: String,
}

fn asked(with: &str) -> Asked {
    if with == "recovery" { Asked::Recovery } else { Asked::App }
}

async fn show(ctx: Ctx, Query(query): Query<With>) -> Result<Response> {
    let token = ctx.step.clone().unwrap_or_default();
    if ctx.app.read(move |h| pending::find(h, &token)).await?.is_none() {
        return lead_to(&ctx, "/sign-in?done=code");
    }
    html(StatusCode::OK, &code_page(&ctx, asked(&query.with), None, None))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CodeForm {
    code: String,
    with: String,
    resume_path: String,
    resume_body: String,
}

async fn post(ctx: Ctx, Form(typed): Form<CodeForm>) -> Result<Response> {
    let resume = Resume::of(&typed.resume_path, &typed.resume_body);
    match sign_in::finish(&ctx, &typed.code).await? {
        Ok(finished) => go_on(&ctx, &finished, resume),
        Err(Refused::Gone) => {
            let mut response = lead_to(&ctx, "/sign-in?done=code")?;
            Cookie::Step.clear(&ctx.app, &mut response)?;
            Ok(response)
        }
        Err(refused) => {
            let error = Some(code_refused(ctx.words(), refused));
            let page = code_page(&ctx, asked(&typed.with), resume, error);
            match refused {
                Refused::Wait { seconds } => Ok(waiting(html(StatusCode::TOO_MANY_REQUESTS, &page)?, seconds)),
                _ => html(StatusCode::UNPROCESSABLE_ENTITY, &page),
            }
        }
    }
}

fn go_on(ctx: &Ctx, finished: &Finished, resume: Option<Resume>) -> Result<Response> {
    let started = &finished.started;
    let mut response = match &resume {
        Some(resume) => {
            let mut response = resume_page(ctx, &resume.path, &resume.body)?;
            started.give(ctx, &mut response, &finished.email_key)?;
            response
        }
        None => {
            let to = safe_next(&finished.next).filter(|next| started.place.is_some() && *next != "/");
            started.lead(ctx, to.unwrap_or(started.landing()), &finished.email_key)?
        }
    };
    Cookie::Step.clear(&ctx.app, &mut response)?;
    Ok(response)
}

async fn lost_device(ctx: Ctx) -> Result<Response> {
    let title = ctx.words().t("lost-device-title");
    let shell = Shell { practice: String::new(), idle_seconds: None, ..ctx.shell(title, Section::None) };
    html(StatusCode::OK, &LostDevicePage { shell })
}
