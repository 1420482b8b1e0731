//! One's password: changed by whoever knows it, chosen by whoever is here with a one-time passphrase.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::access::{Access, Needs};
use crate::accounts::{self, Attempt, CodeRefused, Stand, check_new};
use crate::error::{FieldError, Result};
use crate::routes::Routes;
use crate::second_factor;
use crate::ui::{ErrorSummary, Field, Section, Shell};
use crate::web::{Cookie, Ctx, Form, html, lead_to};

const PATH: &str = "/portal/password";

pub fn routes(routes: Routes) -> Routes {
    routes.get(PATH, Access::Portal(Needs::Entry), show).post(PATH, Access::Portal(Needs::Entry), post)
}

#[derive(Template)]
#[template(path = "portal/password.html")]
struct PasswordPage {
    shell: Shell,
    errors: ErrorSummary,
    /// Chosen, and in force once the link in the mail is opened.
    waits: bool,
    by_passphrase: bool,
    current: Field,
    password: Field,
}

fn page(ctx: &Ctx, waits: bool, refused: &[FieldError], status: StatusCode) -> Result<Response> {
    let words = ctx.words();
    let by_passphrase = by_passphrase(ctx)?;
    let error = |name: &str| refused.iter().find(|e| e.field == name).map(|e| e.message.clone());
    let title = match (waits, by_passphrase) {
        (true, _) => "portal-password-waits-title",
        (false, true) => "portal-password-choose",
        (false, false) => "portal-password-change",
    };
    let page = PasswordPage {
        shell: ctx.shell(words.t(title), Section::Profile),
        errors: ErrorSummary {
            items: refused.iter().map(|e| (e.field.clone(), e.message.clone())).collect(),
            title: words.t("ui-error-summary"),
        },
        waits,
        by_passphrase,
        current: Field::password("current_password", words.t("profile-current-password"))
            .error(error("current_password"))
            .required()
            .autocomplete("current-password")
            .words(words),
        password: accounts::new_password_field(words, error("password")),
    };
    html(status, &page)
}

fn by_passphrase(ctx: &Ctx) -> Result<bool> {
    Ok(ctx.signed()?.session.passphrase.is_some())
}

async fn show(ctx: Ctx) -> Result<Response> {
    let account = ctx.signed()?.session.account;
    let waits = by_passphrase(&ctx)? && ctx.app.read(move |h| accounts::waits_for_link(h, account)).await?;
    page(&ctx, waits, &[], StatusCode::OK)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PasswordForm {
    current_password: String,
    password: String,
}

async fn post(ctx: Ctx, Form(typed): Form<PasswordForm>) -> Result<Response> {
    let words = ctx.words();
    let signed = ctx.signed()?;
    let account = signed.session.account;
    let mut refused = Vec::new();
    if !by_passphrase(&ctx)? {
        match accounts::attempt_again(&ctx, account, &typed.current_password).await? {
            Attempt::In(proven) if proven.account == account => {}
            Attempt::Wait { seconds } => {
                let minutes = seconds.div_ceil(60).to_string();
                let wait = words.with("sign-in-wait", &[("minutes", &minutes)]);
                refused.push(FieldError::new("current_password", wait));
            }
            _ => refused.push(FieldError::new("current_password", words.t("renew-failed"))),
        }
    }
    if let Err(weakness) = check_new(&typed.password, &[&ctx.viewer()?.name, &signed.email.address]) {
        refused.push(FieldError::new("password", words.t(weakness.key())));
    }
    if !refused.is_empty() {
        return page(&ctx, false, &refused, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let hash = ctx.app.passwords.hash(&typed.password).await?;
    if by_passphrase(&ctx)? { choose(&ctx, hash).await } else { change(&ctx, hash).await }
}

/// Changes it; every other session ends.
async fn change(ctx: &Ctx, hash: String) -> Result<Response> {
    let signed = ctx.signed()?;
    let (account, own, new) = (signed.session.account, signed.session.id, hash.clone());
    ctx.app.write(move |h| accounts::set_password(h, account, &new, Some(own))).await?;
    let mut response = lead_to(ctx, "/portal/security")?;
    if !signed.provisional {
        accounts::remember_device(ctx, &mut response, &signed.email.key, &hash)?;
    }
    Cookie::Flash.set(&ctx.app, &mut response, "password-changed")?;
    Ok(response)
}

/// Chooses one after a passphrase. In force at once, and the session an ordinary one, where the account reaches nothing
/// but this portal; otherwise once the link in the account's own mail is opened.
async fn choose(ctx: &Ctx, hash: String) -> Result<Response> {
    let (session, viewer) = (&ctx.signed()?.session, ctx.viewer()?);
    let (account, id, access) = (session.account, session.id, viewer.access);
    if !ctx.app.read(move |h| accounts::reaches_only(h, account, access)).await? {
        if ctx.app.write(move |h| accounts::wait_for_link(h, account, &hash)).await? {
            return lead_to(ctx, PATH);
        }
        let refused = [FieldError::new("password", ctx.words().t("portal-password-too-many"))];
        return page(ctx, false, &refused, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let stand = Stand::At(ctx.actor()?.practice, access.0);
    let started = accounts::start_from(ctx, stand, move |h| {
        let Some(cleared) = second_factor::carried(h, account, id)? else {
            return Ok(Err(CodeRefused::Gone));
        };
        // Asked again in the same transaction: it may have come to reach more in between.
        let in_force = accounts::set_chosen(h, account, access, &hash, id)?;
        Ok(if in_force { Ok(cleared) } else { Err(CodeRefused::Gone) })
    })
    .await?;
    let Ok(started) = started else {
        return lead_to(ctx, PATH);
    };
    let mut response = started.lead(ctx, "/portal", &ctx.signed()?.email.key)?;
    Cookie::Flash.set(&ctx.app, &mut response, "password-changed")?;
    Ok(response)
}
