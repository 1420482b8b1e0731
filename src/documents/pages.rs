//! The side Documents of a client's record: the list, the form that takes a file, and what is done with one.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::receive::{give, receive};
use super::{
    Document, KEPT, NOTE_LIMIT, PAGE, Saved, Sharing, Typed, Which, change, delete, find, list, restore, share,
};
use crate::access::ANY_STAFF;
use crate::activities::Before;
use crate::audit::{Entry, note_read};
use crate::clients::{self, Head, Side};
use crate::error::{Error, FieldError, Result};
use crate::files::{NAME_LIMIT, Shown, Upload, size_said};
use crate::ids::{ClientId, DocumentId};
use crate::routes::Routes;
use crate::timeline::Page;
use crate::ui::{Empty, ErrorSummary, Field, Option_, Section, Shell, Status, Tone};
use crate::web::{Cookie, Ctx, Form, Path, Query, html, lead_to};
use crate::words::Words;

/// Deleted ones that are shown.
const DELETED_SHOWN: i64 = 100;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/clients/{id}/documents", ANY_STAFF, show)
        .upload("/clients/{id}/documents", ANY_STAFF, create)
        .get("/documents/{id}", ANY_STAFF, edit)
        .post("/documents/{id}", ANY_STAFF, save)
        .get("/documents/{id}/file", ANY_STAFF, download)
        .post("/documents/{id}/share", ANY_STAFF, make_shared)
        .post("/documents/{id}/unshare", ANY_STAFF, make_private)
        .get("/documents/{id}/delete", ANY_STAFF, ask)
        .post("/documents/{id}/delete", ANY_STAFF, take_off)
        .post("/documents/{id}/restore", ANY_STAFF, bring_back)
}

#[derive(Template)]
#[template(path = "documents/show.html")]
struct ShowPage {
    shell: Shell,
    head: Head,
    client: ClientId,
    archived: bool,
    errors: ErrorSummary,
    file: Field,
    note: Field,
    sharing: Field,
    key: String,
    rows: Vec<Row>,
    deleted: Vec<Gone>,
    empty: Option<Empty>,
    next: Option<String>,
    first: Option<String>,
}

struct Row {
    id: String,
    name: String,
    note: String,
    facts: String,
    at: String,
    machine: String,
    status: Status,
    /// The browser shows it; everything else is downloaded.
    shown: bool,
    /// What sharing can be turned to: the address' last part, and the button's label. Nothing: it came by the portal.
    turn: Option<(&'static str, &'static str)>,
}

struct Gone {
    id: String,
    name: String,
    until: String,
}

pub fn status(document: &Document, words: Words) -> Status {
    let (tone, key, hint) = match document.sharing {
        Sharing::Shared => (Tone::Good, "documents-shared", "documents-shared-hint"),
        Sharing::Private => (Tone::Neutral, "documents-private", "documents-private-hint"),
    };
    Status { tone, text: words.t(key), hint: words.t(hint) }
}

fn row(document: &Document, zone: &str, words: Words) -> Row {
    let turn = match document.sharing {
        _ if document.giver.is_portal() => None,
        Sharing::Private => Some(("share", "Share with client")),
        Sharing::Shared => Some(("unshare", "Stop sharing")),
    };
    Row {
        id: document.id.to_string(),
        name: document.name.clone(),
        note: document.note.clone().unwrap_or_default(),
        facts: format!("{} · from {}", size_said(document.size), document.from()),
        at: document.at.said_in(zone),
        machine: document.at.rfc3339(),
        status: status(document, words),
        shown: document.kind.shown == Shown::Inline,
        turn,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    cursor: String,
}

/// What was typed into the form that takes a file.
#[derive(Default)]
struct Typing {
    note: String,
    shared: String,
    refused: Vec<FieldError>,
}

async fn show(ctx: Ctx, Path(id): Path<ClientId>, Query(asked): Query<Asked>) -> Result<Response> {
    // On a page a broken place is the first.
    let before = Before::parse(&asked.cursor).unwrap_or(Before::FIRST);
    list_page(&ctx, id, before, Typing::default(), StatusCode::OK).await
}

async fn list_page(ctx: &Ctx, id: ClientId, before: Before, typing: Typing, status: StatusCode) -> Result<Response> {
    let zone = ctx.practice()?.time_zone.clone();
    let is_first = before == Before::FIRST;
    let (head, found, gone) = ctx
        .door()?
        .read({
            let zone = zone.clone();
            move |p| {
                let head = clients::head(p, id, &zone, Side::Documents)?;
                let gone = if is_first { list(p, id, Which::Deleted, before, DELETED_SHOWN)? } else { Vec::new() };
                Ok((head, list(p, id, Which::Standing, before, PAGE + 1)?, gone))
            }
        })
        .await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id).detail("documents")).await?;
    let found = Page::of(found, PAGE, |document| Before(document.at, document.id.0));
    let words = ctx.words();
    let way = format!("/clients/{id}/documents");
    let page = ShowPage {
        shell: ctx.shell(head.name.clone(), Section::Clients),
        client: id,
        archived: head.archived,
        errors: summary(&typing.refused, words),
        file: file_field(&typing.refused, words),
        note: note_field(&typing.note, &typing.refused, words),
        sharing: sharing_field(&typing, words),
        key: ctx.app.ids.new_id().to_string(),
        empty: (found.items.is_empty() && is_first).then(|| Empty {
            title: "No documents yet".into(),
            text: "Letters, reports, pictures. Only the care team sees them until you share one.".into(),
            action: None,
        }),
        rows: found.items.iter().map(|document| row(document, &zone, words)).collect(),
        deleted: gone.iter().map(|document| lost(document, &zone)).collect(),
        next: found.next.map(|next| format!("{way}?cursor={}", next.text())),
        first: (!is_first).then_some(way),
        head,
    };
    html(status, &page)
}

fn lost(document: &Document, zone: &str) -> Gone {
    let until = document.deleted.unwrap_or(document.at).plus(KEPT);
    Gone { id: document.id.to_string(), name: document.name.clone(), until: until.day_in(zone) }
}

pub fn summary(refused: &[FieldError], words: Words) -> ErrorSummary {
    ErrorSummary {
        items: refused.iter().map(|one| (one.field.clone(), one.message.clone())).collect(),
        title: words.t("ui-error-summary"),
    }
}

fn error_of(refused: &[FieldError], name: &str) -> Option<String> {
    refused.iter().find(|one| one.field == name).map(|one| one.message.clone())
}

pub fn file_field(refused: &[FieldError], words: Words) -> Field {
    Field::file("file", words.t("documents-file"))
        .required()
        .hint(words.t("documents-file-hint"))
        .error(error_of(refused, "file"))
        .words(words)
}

pub fn note_field(typed: &str, refused: &[FieldError], words: Words) -> Field {
    Field::text("note", words.t("documents-note"))
        .value(typed)
        .dir_auto()
        .max_length(NOTE_LIMIT)
        .error(error_of(refused, "note"))
        .words(words)
}

fn sharing_field(typing: &Typing, words: Words) -> Field {
    let choice = |value: &str, key: &str| Option_ { value: value.into(), label: words.t(key) };
    let choices = vec![choice("false", "documents-private-hint"), choice("true", "documents-shared-hint")];
    let value = if typing.shared == "true" { "true" } else { "false" };
    Field::select("shared", "Who can see it", choices)
        .required()
        .value(value)
        .error(error_of(&typing.refused, "shared"))
        .words(words)
}

/// What was refused of an upload, with the status that says it; other errors go on.
pub fn refusals(error: Error) -> Result<(StatusCode, Vec<FieldError>)> {
    let status = error.status();
    match error {
        Error::Invalid(refused) => Ok((status, refused)),
        Error::FileTooLarge(one) | Error::FileOfWrongKind(one) => Ok((status, vec![one])),
        other => Err(other),
    }
}

/// The page was made with an id: pressing twice keeps one document.
pub fn key_of(upload: &Upload) -> Option<String> {
    let key = upload.text("key");
    key.parse::<uuid::Uuid>().is_ok().then(|| format!("document:{key}"))
}

async fn create(ctx: Ctx, Path(id): Path<ClientId>, upload: Upload) -> Result<Response> {
    match receive(&ctx, id, &upload, key_of(&upload)).await {
        Ok(_) => back(&ctx, id, "document-added"),
        Err(error) => {
            let (status, refused) = refusals(error)?;
            let typing = Typing { note: upload.text("note").into(), shared: upload.text("shared").into(), refused };
            list_page(&ctx, id, Before::FIRST, typing, status).await
        }
    }
}

async fn download(ctx: Ctx, Path(id): Path<DocumentId>) -> Result<Response> {
    give(&ctx, id).await
}

#[derive(Template)]
#[template(path = "documents/form.html")]
struct EditForm {
    id: DocumentId,
    client: ClientId,
    errors: ErrorSummary,
    stale: bool,
    name: Field,
    note: Field,
    version: i64,
}

#[derive(Template)]
#[template(path = "documents/one.html")]
struct OnePage {
    shell: Shell,
    head: Head,
    title: &'static str,
    /// A form of ours, printed.
    form: String,
}

struct Edit {
    document: Document,
    typed: Typed,
    version: i64,
    refused: Vec<FieldError>,
    stale: bool,
}

async fn form_page(ctx: &Ctx, edit: Edit, status: StatusCode) -> Result<Response> {
    let words = ctx.words();
    let now = Typed::of(&edit.document);
    let theirs = |mine: &str, now: &str| (edit.stale && mine != now).then(|| now.to_string());
    let client = edit.document.client;
    let form = EditForm {
        id: edit.document.id,
        client,
        errors: summary(&edit.refused, words),
        stale: edit.stale,
        name: Field::text("name", "Name")
            .value(&edit.typed.name)
            .required()
            .dir_auto()
            .max_length(NAME_LIMIT)
            .error(error_of(&edit.refused, "name"))
            .now_saved(theirs(&edit.typed.name, &now.name))
            .words(words),
        note: note_field(&edit.typed.note, &edit.refused, words).now_saved(theirs(&edit.typed.note, &now.note)),
        version: edit.version,
    };
    if ctx.is_fragment {
        return html(status, &form);
    }
    let zone = ctx.practice()?.time_zone.clone();
    let head = ctx.door()?.read(move |p| clients::head(p, client, &zone, Side::Documents)).await?;
    let (title, form) = ("Edit document", form.render()?);
    html(status, &OnePage { shell: ctx.shell(title, Section::Clients), head, title, form })
}

/// A document that stands, for the pages about it.
async fn one(ctx: &Ctx, id: DocumentId) -> Result<Document> {
    let document = ctx
        .door()?
        .read(move |p| {
            let document = find(p, id)?;
            if document.deleted.is_some() { Err(Error::NotFound) } else { Ok(document) }
        })
        .await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", document.client).detail("documents")).await?;
    Ok(document)
}

async fn edit(ctx: Ctx, Path(id): Path<DocumentId>) -> Result<Response> {
    let document = one(&ctx, id).await?;
    let (typed, version) = (Typed::of(&document), document.version);
    form_page(&ctx, Edit { document, typed, version, refused: Vec::new(), stale: false }, StatusCode::OK).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EditTyped {
    name: String,
    note: String,
    version: i64,
}

async fn save(ctx: Ctx, Path(id): Path<DocumentId>, Form(form): Form<EditTyped>) -> Result<Response> {
    let words = ctx.words();
    let typed = Typed { name: form.name, note: form.note };
    let (document, saved) = ctx
        .door()?
        .write({
            let typed = typed.clone();
            move |p| Ok((find(p, id)?, change(p, id, &typed, Some(form.version), words)?))
        })
        .await?;
    let edit = Edit { document, typed, version: form.version, refused: Vec::new(), stale: false };
    match saved {
        Saved::Saved(document) => back(&ctx, document.client, "saved"),
        Saved::Refused(refused) => form_page(&ctx, Edit { refused, ..edit }, StatusCode::UNPROCESSABLE_ENTITY).await,
        // Saving again from here keeps what is in the form, now that both versions were seen.
        Saved::Stale(now) => {
            let edit = Edit { version: now.version, document: now, stale: true, ..edit };
            form_page(&ctx, edit, StatusCode::CONFLICT).await
        }
    }
}

#[derive(Template)]
#[template(path = "documents/delete.html")]
struct DeleteForm {
    id: DocumentId,
    client: ClientId,
    name: String,
    shared: bool,
}

async fn ask(ctx: Ctx, Path(id): Path<DocumentId>) -> Result<Response> {
    let document = one(&ctx, id).await?;
    let client = document.client;
    let shared = document.sharing == Sharing::Shared;
    let form = DeleteForm { id, client, name: document.name, shared };
    if ctx.is_fragment {
        return html(StatusCode::OK, &form);
    }
    let zone = ctx.practice()?.time_zone.clone();
    let head = ctx.door()?.read(move |p| clients::head(p, client, &zone, Side::Documents)).await?;
    let (title, form) = ("Delete document?", form.render()?);
    html(StatusCode::OK, &OnePage { shell: ctx.shell(title, Section::Clients), head, title, form })
}

async fn make_shared(ctx: Ctx, Path(id): Path<DocumentId>) -> Result<Response> {
    let client = ctx.door()?.write(move |p| share(p, id, Sharing::Shared)).await?;
    back(&ctx, client, "document-shared")
}

async fn make_private(ctx: Ctx, Path(id): Path<DocumentId>) -> Result<Response> {
    let client = ctx.door()?.write(move |p| share(p, id, Sharing::Private)).await?;
    back(&ctx, client, "document-unshared")
}

async fn take_off(ctx: Ctx, Path(id): Path<DocumentId>) -> Result<Response> {
    let client = ctx.door()?.write(move |p| delete(p, id)).await?;
    back(&ctx, client, &format!("document-deleted:{id}"))
}

async fn bring_back(ctx: Ctx, Path(id): Path<DocumentId>) -> Result<Response> {
    let client = ctx.door()?.write(move |p| restore(p, id)).await?;
    back(&ctx, client, "document-restored")
}

fn back(ctx: &Ctx, client: ClientId, flash: &str) -> Result<Response> {
    let mut response = lead_to(ctx, &format!("/clients/{client}/documents"))?;
    Cookie::Flash.set(&ctx.app, &mut response, flash)?;
    Ok(response)
}
