//! Two-step sign-in of one's own account: how it stands, and setting it up. For members and clients alike, in frames of
//! their own.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::codes::codes_page;
use crate::access::Access;
use crate::accounts::{self, Asked, Attempt, CodeRefused, Stand, code_field, code_refused};
use crate::error::{Error, Result};
use crate::ids::AccountId;
use crate::practice::House;
use crate::routes::Routes;
use crate::second_factor::{self, resets};
use crate::ui::{ErrorSummary, Field, Section, Shell, Svg, qr};
use crate::web::{Ctx, Form, html, lead_to};
use crate::words::Words;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/two-step/set-up", Access::Account, show)
        .post("/two-step/set-up", Access::Account, begin)
        .get("/two-step/confirm", Access::Account, show_secret)
        .post("/two-step/confirm", Access::Account, confirm)
}

/// How it stands, for a section of the security pages.
pub struct TwoStep {
    pub on: bool,
    pub codes_left: String,
    /// Few codes, or none: worth a warning.
    pub few: bool,
    /// Resets that practices asked for.
    pub resets: Vec<String>,
    /// The address is not proven yet.
    pub provisional: bool,
}

/// Of whoever asks.
pub async fn two_step(ctx: &Ctx) -> Result<TwoStep> {
    let signed = ctx.signed()?;
    let account = signed.session.account;
    let look = move |h: &House| {
        let proven = accounts::proven_email(h, account)?.is_some();
        let state = (second_factor::is_on(h, account)?, second_factor::codes_left(h, account)?);
        Ok((state, proven, resets::open_of_account(h, account)?))
    };
    let ((on, left), proven, resets) = ctx.app.read(look).await?;
    let words = ctx.words();
    let zone = ctx.practice().map_or_else(|_| "UTC".to_string(), |p| p.time_zone.clone());
    let said = |(practice, ripe): (String, crate::clock::Instant)| {
        words.with("two-step-reset-asked", &[("practice", &practice), ("time", &ripe.said_in(&zone))])
    };
    Ok(TwoStep {
        on,
        codes_left: words.with("two-step-codes-left", &[("count", &left.to_string())]),
        few: left < 3,
        resets: resets.into_iter().map(said).collect(),
        provisional: !proven,
    })
}

/// Where these pages lead back to.
pub fn home(ctx: &Ctx) -> &'static str {
    match ctx.actor() {
        Ok(_) if ctx.viewer().is_ok() => "/portal/security",
        Ok(_) => "/settings/security",
        Err(_) => "/",
    }
}

pub fn shell(ctx: &Ctx, title: &str) -> Shell {
    ctx.shell(ctx.words().t(title), Section::None)
}

pub fn summary(words: Words, items: Vec<(String, String)>) -> ErrorSummary {
    ErrorSummary { items, title: words.t("ui-error-summary") }
}

/// The field for the password of whoever is signed in already.
pub fn password_field(words: Words, error: Option<String>) -> Field {
    Field::password("password", words.t("field-password"))
        .error(error)
        .required()
        .autocomplete("current-password")
        .words(words)
}

/// Asks for the password again. The message beside its field otherwise.
pub async fn prove(ctx: &Ctx, password: &str) -> Result<std::result::Result<(), String>> {
    let words = ctx.words();
    let account = ctx.signed()?.session.account;
    Ok(match accounts::attempt_again(ctx, account, password).await? {
        Attempt::In(proven) if proven.account == account => Ok(()),
        Attempt::Wait { seconds } => Err(code_refused(words, CodeRefused::Wait { seconds })),
        _ => Err(words.t("renew-failed")),
    })
}

#[derive(Template)]
#[template(path = "security/set_up.html")]
struct SetUpPage {
    shell: Shell,
    errors: ErrorSummary,
    password: Field,
    /// What the practice asks for; empty where nobody does.
    asked: String,
    provisional: bool,
    home: &'static str,
}

async fn set_up_page(ctx: &Ctx, error: Option<String>, status: StatusCode) -> Result<Response> {
    let words = ctx.words();
    let signed = ctx.signed()?;
    let account = signed.session.account;
    let proven = ctx.app.read(move |h| accounts::proven_email(h, account)).await?.is_some();
    let items = error.iter().map(|text| ("password".to_string(), text.clone())).collect();
    let asked = signed.held.as_ref().map(|practice| words.with("two-step-asked", &[("practice", &practice.name)]));
    let page = SetUpPage {
        shell: shell(ctx, "two-step-set-up-title"),
        errors: summary(words, items),
        password: password_field(words, error).autofocus(),
        asked: asked.unwrap_or_default(),
        provisional: !proven,
        home: home(ctx),
    };
    html(status, &page)
}

async fn show(ctx: Ctx) -> Result<Response> {
    let account = ctx.signed()?.session.account;
    if ctx.app.read(move |h| second_factor::is_on(h, account)).await? {
        return lead_to(&ctx, home(&ctx));
    }
    set_up_page(&ctx, None, StatusCode::OK).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PasswordForm {
    password: String,
}

/// The password again, and with it a new session: whoever found the device open gets no further.
async fn begin(ctx: Ctx, Form(typed): Form<PasswordForm>) -> Result<Response> {
    if let Err(message) = prove(&ctx, &typed.password).await? {
        return set_up_page(&ctx, Some(message), StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let signed = ctx.signed()?;
    let account = signed.session.account;
    let started = accounts::start_from(&ctx, Stand::of(&signed.session), move |h| may_begin(h, account)).await?;
    let Ok(started) = started else {
        return lead_to(&ctx, home(&ctx));
    };
    let session = started.session;
    ctx.app.write(move |h| second_factor::begin(h, account, session)).await?;
    started.lead(&ctx, "/two-step/confirm", &signed.email.key)
}

fn may_begin(h: &House, account: AccountId) -> Result<std::result::Result<second_factor::Cleared, CodeRefused>> {
    // Notices go to a proven address; without one a stranger could lock the account of whoever has it.
    if accounts::proven_email(h, account)?.is_none() {
        return Ok(Err(CodeRefused::Gone));
    }
    Ok(second_factor::not_set_up(h, account)?.ok_or(CodeRefused::Gone))
}

#[derive(Template)]
#[template(path = "security/confirm.html")]
struct ConfirmPage {
    shell: Shell,
    errors: ErrorSummary,
    qr: Svg,
    address: String,
    secret: String,
    /// The secret in groups of four, to be typed.
    groups: String,
    code: Field,
}

async fn confirm_page(ctx: &Ctx, error: Option<String>, status: StatusCode) -> Result<Response> {
    let words = ctx.words();
    let signed = ctx.signed()?;
    let (account, session) = (signed.session.account, signed.session.id);
    let found = ctx.app.read(move |h| second_factor::being_set_up(h, account, session)).await?;
    let Some(secret) = found else {
        return lead_to(ctx, "/two-step/set-up");
    };
    let address = second_factor::address(second_factor::ISSUER, &signed.email.address, &secret);
    let text = second_factor::base32(&secret);
    let groups: Vec<&str> = (0..text.len()).step_by(4).map(|at| &text[at..(at + 4).min(text.len())]).collect();
    let items = error.iter().map(|text| ("code".to_string(), text.clone())).collect();
    let page = ConfirmPage {
        shell: shell(ctx, "two-step-set-up-title"),
        errors: summary(words, items),
        qr: qr::drawing(&address, &words.t("two-step-qr"))?,
        groups: groups.join(" "),
        address,
        secret: text,
        code: code_field(words, Asked::App, error),
    };
    html(status, &page)
}

async fn show_secret(ctx: Ctx) -> Result<Response> {
    confirm_page(&ctx, None, StatusCode::OK).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CodeForm {
    code: String,
}

/// The first code turns it on: every other session ends, this one goes on under another id.
async fn confirm(ctx: Ctx, Form(typed): Form<CodeForm>) -> Result<Response> {
    let signed = ctx.signed()?;
    let (account, session) = (signed.session.account, signed.session.id);
    let codes = second_factor::new_codes();
    let kept = codes.clone();
    let started = accounts::start_from(&ctx, Stand::of(&signed.session), move |h| {
        let Some(cleared) = second_factor::turn_on(h, account, session, &typed.code, &kept)? else {
            return Ok(Err(CodeRefused::Code));
        };
        accounts::end_all_of_account(h, account, Some(session))?;
        Ok(Ok(cleared))
    });
    match started.await? {
        Ok(started) => {
            let mut response = codes_page(&ctx, "two-step-on-title", codes)?;
            started.give(&ctx, &mut response, &signed.email.key)?;
            Ok(response)
        }
        Err(CodeRefused::Code) => {
            confirm_page(&ctx, Some(ctx.words().t("code-refused")), StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(_) => Err(Error::NotFound),
    }
}
