//! Settings > Forms: after how many days people are reminded of what is open, and how often.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::{Settings, set_settings, settings};
use crate::access::RUNS_PRACTICE;
use crate::error::{Error, FieldError, Result};
use crate::routes::Routes;
use crate::settings::menu;
use crate::ui::{ErrorSummary, Field, Section, Shell, Tab};
use crate::web::{Cookie, Ctx, Form, html, lead_to};

const PATH: &str = "/settings/forms";

pub fn routes(routes: Routes) -> Routes {
    routes.get(PATH, RUNS_PRACTICE, show).post(PATH, RUNS_PRACTICE, save)
}

#[derive(Template)]
#[template(path = "intake/settings.html")]
struct SettingsPage {
    shell: Shell,
    menu: Vec<Tab>,
    errors: ErrorSummary,
    after_days: Field,
    times: Field,
    version: i64,
    stale: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Typed {
    remind_after_days: String,
    remind_times: String,
    version: i64,
}

impl Typed {
    fn of(settings: Settings) -> Typed {
        Typed {
            remind_after_days: settings.after_days.to_string(),
            remind_times: settings.times.to_string(),
            version: settings.version,
        }
    }

    /// What cannot be read is out of every range.
    fn wanted(&self) -> Settings {
        let number = |text: &str| text.trim().parse().unwrap_or(-1);
        Settings {
            after_days: number(&self.remind_after_days),
            times: number(&self.remind_times),
            version: self.version,
        }
    }
}

async fn show(ctx: Ctx) -> Result<Response> {
    let stands = ctx.door()?.read(settings).await?;
    page(&ctx, &Typed::of(stands), &[], None)
}

/// `now`: what somebody else saved meanwhile.
fn page(ctx: &Ctx, typed: &Typed, refused: &[FieldError], now: Option<Settings>) -> Result<Response> {
    let words = ctx.words();
    let error = |name: &str| refused.iter().find(|one| one.field == name).map(|one| one.message.clone());
    let theirs = |mine: &str, now: Option<i64>| now.map(|now| now.to_string()).filter(|now| now != mine.trim());
    let page = SettingsPage {
        shell: ctx.shell("Forms", Section::Settings),
        menu: menu(ctx, PATH)?,
        errors: ErrorSummary {
            items: refused.iter().map(|one| (one.field.clone(), one.message.clone())).collect(),
            title: words.t("ui-error-summary"),
        },
        after_days: Field::text("remind_after_days", "Remind after how many days")
            .value(&typed.remind_after_days)
            .required()
            .input_mode("numeric")
            .max_length(4)
            .hint("0: nobody is reminded by itself.")
            .error(error("remind_after_days"))
            .now_saved(theirs(&typed.remind_after_days, now.map(|now| now.after_days)))
            .words(words),
        times: Field::text("remind_times", "How often at most")
            .value(&typed.remind_times)
            .required()
            .input_mode("numeric")
            .max_length(4)
            .hint("Reminders go on in the same rhythm until all is done, and no more than so often.")
            .error(error("remind_times"))
            .now_saved(theirs(&typed.remind_times, now.map(|now| now.times)))
            .words(words),
        version: now.map_or(typed.version, |now| now.version),
        stale: now.is_some(),
    };
    let status = match (now.is_some(), refused.is_empty()) {
        (true, _) => StatusCode::CONFLICT,
        (false, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (false, true) => StatusCode::OK,
    };
    html(status, &page)
}

async fn save(ctx: Ctx, Form(typed): Form<Typed>) -> Result<Response> {
    let wanted = typed.wanted();
    match ctx.door()?.write(move |p| set_settings(p, wanted)).await {
        Ok(_) => {}
        Err(Error::Invalid(refused)) => return page(&ctx, &typed, &refused, None),
        Err(Error::Conflict(_)) => {
            let now = ctx.door()?.read(settings).await?;
            return page(&ctx, &typed, &[], Some(now));
        }
        Err(error) => return Err(error),
    }
    let mut response = lead_to(&ctx, PATH)?;
    Cookie::Flash.set(&ctx.app, &mut response, "saved")?;
    Ok(response)
}
