//! Documents in the Client Portal: what was shared with the client, and what was given here. Taking something back is
//! asked of the care team: nothing is deleted here.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::pages::{file_field, key_of, note_field, refusals, summary};
use super::receive::{give, receive};
use super::{Document, Giver, PAGE, Which, list};
use crate::access::{Access, Needs, Right, Viewer};
use crate::activities::Before;
use crate::audit::{Entry, note_read};
use crate::clients;
use crate::error::{FieldError, Result};
use crate::files::{Shown, Upload, size_said};
use crate::ids::DocumentId;
use crate::routes::Routes;
use crate::timeline::Page;
use crate::ui::{ErrorSummary, Field, Section, Shell};
use crate::web::{Cookie, Ctx, Path, Query, html, lead_to};
use crate::words::Words;

const PATH: &str = "/portal/documents";
/// Papers to fill in and to hand in: whoever may do the one may do the other.
const WHO: Access = Access::Portal(Needs::Right(Right::Forms));

pub fn routes(routes: Routes) -> Routes {
    routes.get(PATH, WHO, show).upload(PATH, WHO, create).get("/portal/documents/{id}/file", WHO, download)
}

#[derive(Template)]
#[template(path = "documents/portal.html")]
struct PortalPage {
    shell: Shell,
    errors: ErrorSummary,
    file: Field,
    note: Field,
    key: String,
    rows: Vec<Row>,
    next: Option<String>,
    first: bool,
}

struct Row {
    id: String,
    name: String,
    note: String,
    facts: String,
    at: String,
    machine: String,
    new: bool,
    shown: bool,
}

fn from(document: &Document, me: &Viewer, client: &str, words: Words) -> String {
    let who = match (document.giver, &document.giver_name) {
        _ if document.giver_id == Some(me.access.0) => return words.t("documents-from-you"),
        (Giver::Client, _) => client,
        (_, Some(name)) => name,
        _ => return String::new(),
    };
    words.with("documents-from", &[("who", who)])
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    cursor: String,
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Response> {
    let before = Before::parse(&asked.cursor).unwrap_or(Before::FIRST);
    page(&ctx, before, "", &[], StatusCode::OK).await
}

async fn page(ctx: &Ctx, before: Before, note: &str, refused: &[FieldError], status: StatusCode) -> Result<Response> {
    let (words, me) = (ctx.words(), ctx.viewer()?);
    let (id, zone) = (me.client, ctx.practice()?.time_zone.clone());
    let (client, found) = ctx
        .door()?
        .read(move |p| Ok((clients::open(p, id)?.name(), list(p, id, Which::Standing, before, PAGE + 1)?)))
        .await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id).detail("documents")).await?;
    let found = Page::of(found, PAGE, |document| Before(document.at, document.id.0));
    let row = |document: &Document| Row {
        id: document.id.to_string(),
        name: document.name.clone(),
        note: document.note.clone().unwrap_or_default(),
        facts: [size_said(document.size), from(document, me, &client, words)]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" · "),
        at: document.at.said_in(&zone),
        machine: document.at.rfc3339(),
        new: document.is_new(),
        shown: document.kind.shown == Shown::Inline,
    };
    let page = PortalPage {
        shell: ctx.shell(words.t("documents-title"), Section::Documents),
        errors: summary(refused, words),
        file: file_field(refused, words),
        note: note_field(note, refused, words),
        key: ctx.app.ids.new_id().to_string(),
        rows: found.items.iter().map(row).collect(),
        next: found.next.map(|next| format!("{PATH}?cursor={}", next.text())),
        first: before == Before::FIRST,
    };
    html(status, &page)
}

async fn create(ctx: Ctx, upload: Upload) -> Result<Response> {
    let client = ctx.viewer()?.client;
    match receive(&ctx, client, &upload, key_of(&upload)).await {
        Ok(_) => {
            let mut response = lead_to(&ctx, PATH)?;
            Cookie::Flash.set(&ctx.app, &mut response, "document-given")?;
            Ok(response)
        }
        Err(error) => {
            let (status, refused) = refusals(error)?;
            page(&ctx, Before::FIRST, upload.text("note"), &refused, status).await
        }
    }
}

async fn download(ctx: Ctx, Path(id): Path<DocumentId>) -> Result<Response> {
    give(&ctx, id).await
}
