//! The page and the API by which an owner or admin opens a record from outside the care team: a reason, kept for those who
//! care for the client, who are told at once. The rule itself stands with the care team.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::access::{ANY_STAFF, RUNS_PRACTICE};
use crate::audit::{Entry, note_read};
use crate::care_team::{self, Standing};
use crate::clients;
use crate::error::{Error, FieldError, Result};
use crate::ids::ClientId;
use crate::people;
use crate::routes::Routes;
use crate::ui::{ErrorSummary, Field, Section, Shell};
use crate::web::{Answer, Ctx, Form, Json, Path, Query, html, lead_to, safe_next};
use crate::words::Words;

/// Characters of a reason.
const LIMIT: usize = 500;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/clients/{id}/open", RUNS_PRACTICE, ask)
        .post("/clients/{id}/open", RUNS_PRACTICE, open)
        .get("/api/v1/clients/{id}/openings", ANY_STAFF, list_api)
        .post("/api/v1/clients/{id}/openings", RUNS_PRACTICE, open_api)
}

#[derive(Template)]
#[template(path = "break_glass/ask.html")]
struct AskPage {
    shell: Shell,
    client: ClientId,
    name: String,
    errors: ErrorSummary,
    reason: Field,
    next: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    reason: String,
    next: String,
}

/// What was typed as the reason, if it is one.
fn reason(typed: &str, words: Words) -> std::result::Result<String, String> {
    match people::note(typed) {
        Ok(Some(text)) if text.chars().count() <= LIMIT => Ok(text),
        Ok(Some(_)) => Err(words.t("field-too-long")),
        Ok(None) => Err(words.t("field-missing")),
        Err(refused) => Err(words.with(refused.key(), &[("limit", &LIMIT.to_string())])),
    }
}

/// Where they wanted to go: a side of this client's record, or else the record.
fn next_of(client: ClientId, next: &str) -> String {
    let own = format!("/clients/{client}");
    let inside = ["/clients/", "/contacts/"].iter().any(|side| next.starts_with(side));
    safe_next(next).filter(|_| inside).map_or(own, str::to_string)
}

fn page(ctx: &Ctx, client: ClientId, name: String, typed: &Typed, error: Option<String>) -> Result<Response> {
    let words = ctx.words();
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = AskPage {
        shell: ctx.shell("Open this record?", Section::Clients),
        client,
        name,
        errors: ErrorSummary {
            items: error.iter().map(|text| ("reason".to_string(), text.clone())).collect(),
            title: words.t("ui-error-summary"),
        },
        reason: Field::textarea("reason", "Reason")
            .value(&typed.reason)
            .error(error)
            .required()
            .rows(3)
            .dir_auto()
            .max_length(LIMIT)
            .hint("Such as: covering for a colleague who is ill. The care team reads it.")
            .words(words),
        next: typed.next.clone(),
    };
    html(status, &page)
}

async fn ask(ctx: Ctx, Path(id): Path<ClientId>, Query(typed): Query<Typed>) -> Result<Response> {
    let (client, standing) =
        ctx.door()?.read(move |p| Ok((clients::find(p, id)?, care_team::standing(p, id)?))).await?;
    if standing != Standing::Outside {
        return lead_to(&ctx, &next_of(id, &typed.next));
    }
    page(&ctx, id, client.name(), &Typed { reason: String::new(), ..typed }, None)
}

async fn open(ctx: Ctx, Path(id): Path<ClientId>, Form(typed): Form<Typed>) -> Result<Response> {
    let client = ctx.door()?.read(move |p| clients::find(p, id)).await?;
    let reason = match reason(&typed.reason, ctx.words()) {
        Ok(reason) => reason,
        Err(text) => return page(&ctx, id, client.name(), &typed, Some(text)),
    };
    ctx.door()?.write(move |p| clients::find(p, id).and_then(|_| care_team::open(p, id, &reason))).await?;
    lead_to(&ctx, &next_of(id, &typed.next))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    reason: String,
}

#[derive(Serialize)]
struct OpenedBody {
    /// Nothing: whoever asks needs no reason for this record.
    until: Option<String>,
}

#[derive(Serialize)]
struct Items {
    items: Vec<OpeningBody>,
}

#[derive(Serialize)]
struct OpeningBody {
    at: String,
    until: String,
    /// The name of whoever opened it.
    who: String,
    reason: String,
}

async fn list_api(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Answer> {
    let found = ctx.door()?.read(move |p| clients::open(p, id).and_then(|_| care_team::openings(p, id))).await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id).detail("who_has_looked")).await?;
    let body = |one: care_team::Opening| OpeningBody {
        at: one.at.rfc3339(),
        until: one.until.rfc3339(),
        who: one.who,
        reason: one.reason,
    };
    Answer::new(StatusCode::OK, &Items { items: found.into_iter().map(body).collect() })
}

async fn open_api(ctx: Ctx, Path(id): Path<ClientId>, body: Json<Body>) -> Result<Answer> {
    let words = ctx.words();
    ctx.door()?
        .write(move |p| {
            clients::find(p, id)?;
            let reason = reason(&body.value.reason, words);
            let reason = reason.map_err(|text| Error::Invalid(vec![FieldError::new("reason", text)]))?;
            let until = care_team::open(p, id, &reason)?;
            Answer::new(StatusCode::CREATED, &OpenedBody { until: until.map(|until| until.rfc3339()) })
        })
        .await
}
