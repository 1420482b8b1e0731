//! Turning two-step sign-in off, new recovery codes, and stopping a reset that somebody asked for.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::two_step::{home, password_field, prove, shell, summary};
use crate::access::Access;
use crate::accounts::{self, Asked, CodeRefused, CodeTrier, Stand, Started, code_field, code_refused};
use crate::error::Result;
use crate::ids::AccountId;
use crate::practice::House;
use crate::routes::Routes;
use crate::second_factor::{self, resets};
use crate::ui::{ErrorSummary, Field, Shell};
use crate::web::{Cookie, Ctx, Form, html, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/two-step/off", Access::Account, show_off)
        .post("/two-step/off", Access::Account, off)
        .get("/two-step/codes", Access::Account, show_codes)
        .post("/two-step/codes", Access::Account, codes)
        .post("/two-step/reset/stop", Access::Account, stop)
}

#[derive(Template)]
#[template(path = "security/codes.html")]
struct CodesPage {
    shell: Shell,
    codes: Vec<String>,
    /// All of them, a line each, to be copied.
    all: String,
    home: &'static str,
}

/// Recovery codes, shown this once.
pub fn codes_page(ctx: &Ctx, title: &str, codes: Vec<String>) -> Result<Response> {
    html(StatusCode::OK, &CodesPage { shell: shell(ctx, title), all: codes.join("\n"), codes, home: home(ctx) })
}

/// What a page with password and code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Off,
    Codes,
}

#[derive(Template)]
#[template(path = "security/prove.html")]
struct ProvePage {
    shell: Shell,
    errors: ErrorSummary,
    lead: String,
    action: &'static str,
    button: String,
    danger: bool,
    password: Field,
    code: Field,
    home: &'static str,
}

/// What is wrong with what was typed.
#[derive(Debug, Default, Clone)]
struct Wrong {
    password: Option<String>,
    code: Option<String>,
}

fn prove_page(ctx: &Ctx, what: For, wrong: Wrong, status: StatusCode) -> Result<Response> {
    let words = ctx.words();
    let (title, lead, action, button) = match what {
        For::Off => ("two-step-off-title", "two-step-off-lead", "/two-step/off", "two-step-off-button"),
        For::Codes => ("two-step-new-codes-title", "two-step-new-codes-lead", "/two-step/codes", "two-step-new-codes"),
    };
    let named = [("password", &wrong.password), ("code", &wrong.code)];
    let items = named.into_iter().filter_map(|(field, text)| Some((field.to_string(), text.clone()?))).collect();
    let page = ProvePage {
        shell: shell(ctx, title),
        errors: summary(words, items),
        lead: words.t(lead),
        action,
        button: words.t(button),
        danger: what == For::Off,
        password: password_field(words, wrong.password),
        code: code_field(words, Asked::App, wrong.code).hint(words.t("code-either-hint")).input_mode("text"),
        home: home(ctx),
    };
    html(status, &page)
}

async fn show(ctx: &Ctx, what: For) -> Result<Response> {
    let account = ctx.signed()?.session.account;
    if !ctx.app.read(move |h| second_factor::is_on(h, account)).await? {
        return lead_to(ctx, home(ctx));
    }
    prove_page(ctx, what, Wrong::default(), StatusCode::OK)
}

async fn show_off(ctx: Ctx) -> Result<Response> {
    show(&ctx, For::Off).await
}

async fn show_codes(ctx: Ctx) -> Result<Response> {
    show(&ctx, For::Codes).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ProveForm {
    password: String,
    code: String,
}

/// Password and code, then `work`, then a session under another id. The page with what is wrong otherwise.
async fn proven(
    ctx: &Ctx,
    what: For,
    typed: ProveForm,
    work: impl Fn(&House, AccountId) -> Result<()> + Send + 'static,
) -> Result<std::result::Result<Started, Response>> {
    let words = ctx.words();
    if let Err(message) = prove(ctx, &typed.password).await? {
        let wrong = Wrong { password: Some(message), code: None };
        return Ok(Err(prove_page(ctx, what, wrong, StatusCode::UNPROCESSABLE_ENTITY)?));
    }
    let signed = ctx.signed()?;
    let (account, key, trier) = (signed.session.account, signed.email.key.clone(), CodeTrier::of(ctx));
    let started = accounts::start_from(ctx, Stand::of(&signed.session), move |h| {
        let checked = trier.check(h, account, &key, &typed.code)?;
        if checked.is_ok() {
            work(h, account)?;
        }
        Ok(checked)
    });
    let refused = match started.await? {
        Ok(started) => return Ok(Ok(started)),
        Err(refused) => refused,
    };
    let page = prove_page(
        ctx,
        what,
        Wrong { password: None, code: Some(code_refused(words, refused)) },
        StatusCode::UNPROCESSABLE_ENTITY,
    )?;
    Ok(Err(match refused {
        CodeRefused::Wait { seconds } => accounts::waiting(page, seconds),
        _ => page,
    }))
}

async fn off(ctx: Ctx, Form(typed): Form<ProveForm>) -> Result<Response> {
    match proven(&ctx, For::Off, typed, |h, account| second_factor::turn_off(h, account).map(drop)).await? {
        Err(page) => Ok(page),
        Ok(started) => {
            let mut response = started.lead(&ctx, home(&ctx), &ctx.signed()?.email.key)?;
            Cookie::Flash.set(&ctx.app, &mut response, "two-step-off")?;
            Ok(response)
        }
    }
}

async fn codes(ctx: Ctx, Form(typed): Form<ProveForm>) -> Result<Response> {
    let codes = second_factor::new_codes();
    let kept = codes.clone();
    let work = move |h: &House, account| second_factor::renew_codes(h, account, &kept);
    match proven(&ctx, For::Codes, typed, work).await? {
        Err(page) => Ok(page),
        Ok(started) => {
            let mut response = codes_page(&ctx, "two-step-codes-title", codes)?;
            started.give(&ctx, &mut response, &ctx.signed()?.email.key)?;
            Ok(response)
        }
    }
}

/// Stops whatever any practice asked: a session of an account with a second factor has had its code.
async fn stop(ctx: Ctx) -> Result<Response> {
    let account = ctx.signed()?.session.account;
    let stopped = ctx.app.write(move |h| resets::end_all(h, account)).await?;
    let mut response = lead_to(&ctx, home(&ctx))?;
    if stopped {
        Cookie::Flash.set(&ctx.app, &mut response, "two-step-reset-stopped")?;
    }
    Ok(response)
}
