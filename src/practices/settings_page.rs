//! Settings > Practice.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::profile::{self, Changed, Profile};
use crate::access::RUNS_PRACTICE;
use crate::error::{FieldError, Result};
use crate::people;
use crate::routes::Routes;
use crate::settings;
use crate::ui::{ErrorSummary, Field, Option_, Section, Shell, Tab};
use crate::web::{Cookie, Ctx, Form, html, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/settings/practice", RUNS_PRACTICE, show).post("/settings/practice", RUNS_PRACTICE, save)
}

#[derive(Template)]
#[template(path = "practices/settings.html")]
struct PracticePage {
    shell: Shell,
    menu: Vec<Tab>,
    errors: ErrorSummary,
    stale: bool,
    version: i64,
    name: Field,
    time_zone: Field,
    slug: String,
    made: String,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Typed {
    name: String,
    time_zone: String,
    version: String,
}

struct Edit {
    typed: Typed,
    refused: Vec<FieldError>,
    stale: bool,
}

fn page(ctx: &Ctx, now: Profile, edit: Edit, status: StatusCode) -> Result<Response> {
    let words = ctx.words();
    let error = |name: &str| edit.refused.iter().find(|e| e.field == name).map(|e| e.message.clone());
    let saved = |typed: &str, now: &str| (edit.stale && typed != now).then(|| now.replace('_', " "));
    let zones = people::time_zones().into_iter();
    let mut zones: Vec<_> = zones.map(|zone| Option_ { label: zone.replace('_', " "), value: zone }).collect();
    // One that lists leave out, such as UTC, may still have been set by a command.
    if !zones.iter().any(|zone| zone.value == now.time_zone) {
        zones.insert(0, Option_ { label: now.time_zone.replace('_', " "), value: now.time_zone.clone() });
    }
    let page = PracticePage {
        shell: ctx.shell("Practice", Section::Settings),
        menu: settings::menu(ctx, "/settings/practice")?,
        errors: ErrorSummary {
            items: edit
                .refused
                .iter()
                .map(|e| (e.field.clone(), format!("{}: {}", label(&e.field), e.message)))
                .collect(),
            title: words.t("ui-error-summary"),
        },
        stale: edit.stale,
        // Saving again keeps what is in the form, once both were seen.
        version: if edit.stale { now.version } else { edit.typed.version.parse().unwrap_or(now.version) },
        name: Field::text("name", "Practice name")
            .value(&edit.typed.name)
            .error(error("name"))
            .now_saved(saved(&edit.typed.name, &now.name))
            .hint("Clients read it in their portal and in every mail.")
            .required()
            .dir_auto()
            .max_length(people::LINE_LIMIT)
            .autocomplete("organization"),
        time_zone: Field::select("time_zone", "Time zone", zones)
            .value(&edit.typed.time_zone)
            .error(error("time_zone"))
            .now_saved(saved(&edit.typed.time_zone, &now.time_zone))
            .hint("Times are shown in it, except to clients who have one of their own.")
            .required(),
        made: now.created_at.said_in(&now.time_zone),
        slug: now.slug,
    };
    html(status, &page)
}

/// A field as the summary names it.
fn label(field: &str) -> &'static str {
    if field == "name" { "Practice name" } else { "Time zone" }
}

async fn show(ctx: Ctx) -> Result<Response> {
    let now = ctx.door()?.read(profile::find).await?;
    let typed = Typed { name: now.name.clone(), time_zone: now.time_zone.clone(), version: now.version.to_string() };
    page(&ctx, now, Edit { typed, refused: Vec::new(), stale: false }, StatusCode::OK)
}

async fn save(ctx: Ctx, Form(typed): Form<Typed>) -> Result<Response> {
    let to = match profile::parse(&typed.name, &typed.time_zone, ctx.words()) {
        Ok(to) => to,
        Err(refused) => {
            let now = ctx.door()?.read(profile::find).await?;
            return page(&ctx, now, Edit { typed, refused, stale: false }, StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    let version = typed.version.parse().unwrap_or(0);
    match ctx.door()?.write(move |p| profile::change(p, &to, Some(version))).await? {
        Changed::Saved => {
            let mut response = lead_to(&ctx, "/settings/practice")?;
            Cookie::Flash.set(&ctx.app, &mut response, "saved")?;
            Ok(response)
        }
        Changed::Stale(now) => page(&ctx, now, Edit { typed, refused: Vec::new(), stale: true }, StatusCode::CONFLICT),
    }
}
