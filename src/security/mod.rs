//! Settings > Security: where one is signed in, two-step sign-in, one's password, and for those who run the practice how long sessions may
//! idle and what clients may change themselves.

mod codes;
mod required;
pub mod sessions;
mod two_step;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::access::{ANY_STAFF, RUNS_PRACTICE, Role};
use crate::accounts::{self, Attempt, check_new};
use crate::error::{FieldError, Result};
use crate::practices::{SecuritySettings, change_security};
use crate::routes::Routes;
use crate::settings::menu;
use crate::ui::{ErrorSummary, Field, Section, Shell, Tab};
use crate::web::{Cookie, Ctx, Form, html, lead_to};
use sessions::{SessionLine, lines};
pub use two_step::{TwoStep, two_step};

/// Idle minutes that can be set.
const IDLE: std::ops::RangeInclusive<i64> = 1..=240;

pub fn routes(routes: Routes) -> Routes {
    required::routes(codes::routes(two_step::routes(sessions::routes(routes))))
        .get("/settings/security", ANY_STAFF, show)
        .post("/settings/security/password", ANY_STAFF, change_password)
        .post("/settings/security/practice", RUNS_PRACTICE, save_practice)
}

#[derive(Template)]
#[template(path = "security/show.html")]
struct SecurityPage {
    shell: Shell,
    menu: Vec<Tab>,
    sessions: Vec<SessionLine>,
    two_step: TwoStep,
    /// The roles that need it, for those who may say so.
    required: Vec<Field>,
    errors: ErrorSummary,
    current_password: Field,
    password: Field,
    runs_practice: bool,
    staff_idle: Field,
    client_idle: Field,
    clients_may_change_email: Field,
}

#[derive(Default)]
struct State {
    refused: Vec<FieldError>,
    idle: Option<PracticeForm>,
}

async fn page(ctx: &Ctx, state: State, status: StatusCode) -> Result<Response> {
    let words = ctx.words();
    let practice = ctx.practice()?;
    let error = |name: &str| state.refused.iter().find(|e| e.field == name).map(|e| e.message.clone());
    let idle = state.idle.unwrap_or_else(|| PracticeForm {
        staff_idle_minutes: practice.staff_idle_minutes.to_string(),
        client_idle_minutes: practice.client_idle_minutes.to_string(),
        clients_may_change_email: practice.clients_may_change_email.then(|| "on".to_string()),
    });
    let minutes = |name: &str, label: &str, value: &str| {
        Field::text(name, label).value(value).error(error(name)).required().input_mode("numeric").max_length(3)
    };
    let page = SecurityPage {
        shell: ctx.shell("Security", Section::Settings),
        menu: menu(ctx, "/settings/security")?,
        sessions: lines(ctx).await?,
        two_step: two_step(ctx).await?,
        required: required::fields(ctx)?,
        errors: ErrorSummary {
            items: state.refused.iter().map(|e| (e.field.clone(), e.message.clone())).collect(),
            title: words.t("ui-error-summary"),
        },
        current_password: Field::password("current_password", "Current password")
            .error(error("current_password"))
            .required()
            .autocomplete("current-password"),
        password: accounts::new_password_field(words, error("password")),
        runs_practice: matches!(ctx.member()?.role, Role::Owner | Role::Admin),
        staff_idle: minutes("staff_idle_minutes", "Staff: minutes until signed out", &idle.staff_idle_minutes),
        client_idle: minutes("client_idle_minutes", "Clients: minutes until signed out", &idle.client_idle_minutes),
        clients_may_change_email: Field::checkbox("clients_may_change_email", "Clients may change their own email")
            .checked(idle.clients_may_change_email.is_some()),
    };
    html(status, &page)
}

async fn show(ctx: Ctx) -> Result<Response> {
    page(&ctx, State::default(), StatusCode::OK).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PasswordForm {
    current_password: String,
    password: String,
}

/// Changes one's own password; every other session ends.
async fn change_password(ctx: Ctx, Form(typed): Form<PasswordForm>) -> Result<Response> {
    let words = ctx.words();
    let signed = ctx.signed()?;
    let mut refused = Vec::new();
    let email = signed.email.address.clone();
    match accounts::attempt(&ctx, &email, &typed.current_password).await? {
        Attempt::In(proven) if proven.account == signed.session.account => {}
        Attempt::Wait { seconds } => {
            let minutes = seconds.div_ceil(60).to_string();
            refused.push(FieldError::new("current_password", words.with("sign-in-wait", &[("minutes", &minutes)])));
        }
        _ => refused.push(FieldError::new("current_password", words.t("renew-failed"))),
    }
    let name = ctx.member()?.name.clone();
    if let Err(weakness) = check_new(&typed.password, &[&name, &email]) {
        refused.push(FieldError::new("password", words.t(weakness.key())));
    }
    if !refused.is_empty() {
        return page(&ctx, State { refused, idle: None }, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let hash = ctx.app.passwords.hash(&typed.password).await?;
    let (account, own) = (signed.session.account, signed.session.id);
    let new = hash.clone();
    ctx.app.write(move |h| accounts::set_password(h, account, &new, Some(own))).await?;
    let mut response = lead_to(&ctx, "/settings/security")?;
    accounts::remember_device(&ctx, &mut response, &signed.email.key, &hash)?;
    Cookie::Flash.set(&ctx.app, &mut response, "password-changed")?;
    Ok(response)
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct PracticeForm {
    staff_idle_minutes: String,
    client_idle_minutes: String,
    clients_may_change_email: Option<String>,
}

async fn save_practice(ctx: Ctx, Form(typed): Form<PracticeForm>) -> Result<Response> {
    let mut refused = Vec::new();
    let mut minutes = |field: &str, text: &str| {
        let parsed = text.trim().parse::<i64>().ok().filter(|n| IDLE.contains(n));
        if parsed.is_none() {
            refused.push(FieldError::new(field, "Give a whole number of minutes, from 1 to 240."));
        }
        parsed.unwrap_or(15)
    };
    let settings = SecuritySettings {
        staff_idle_minutes: minutes("staff_idle_minutes", &typed.staff_idle_minutes),
        client_idle_minutes: minutes("client_idle_minutes", &typed.client_idle_minutes),
        clients_may_change_email: typed.clients_may_change_email.is_some(),
    };
    if !refused.is_empty() {
        return page(&ctx, State { refused, idle: Some(typed) }, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    ctx.door()?.write(move |p| change_security(p, settings)).await?;
    let mut response = lead_to(&ctx, "/settings/security")?;
    Cookie::Flash.set(&ctx.app, &mut response, "saved")?;
    Ok(response)
}
