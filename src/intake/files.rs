//! Files given as answers: documents of the client, shared with them, taken in as all documents are.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::place::Place;
use super::{Given, Kept, Page, Said, saving};
use crate::documents::{self, About, Sharing};
use crate::error::{Error, FieldError, Result};
use crate::files::{self as room, Stored, Upload};
use crate::forms::{Answer as Answered, AnsweredFile, Item, Kind};
use crate::ids::{ClientFormId, DocumentId, FormVersionId};
use crate::practice::Practice;
use crate::secrets::token_hash;
use crate::ui::{ErrorSummary, Shell};
use crate::web::{Answer, Ctx, Path, Query, html, lead_to, once};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    question: String,
    page: String,
}

#[derive(Template)]
#[template(path = "intake/file.html")]
struct FilePage {
    shell: Shell,
    action: String,
    back: String,
    errors: ErrorSummary,
    question: String,
    text: String,
    help: String,
    given: String,
    key: String,
    page: String,
    error: String,
}

/// The page on which a file is chosen, for browsers without a script.
pub async fn show(ctx: Ctx, Path(id): Path<ClientFormId>, Query(asked): Query<Asked>) -> Result<Response> {
    page(&ctx, id, &asked, None).await
}

async fn page(ctx: &Ctx, id: ClientFormId, asked: &Asked, refused: Option<(StatusCode, String)>) -> Result<Response> {
    let words = ctx.words();
    let sheet = ctx
        .door()?
        .read(move |p| {
            let sheet = super::sheet(p, id)?;
            saving::refuse_closed(p, &sheet.task)?;
            Ok(sheet)
        })
        .await?;
    let place = Place::with(ctx, sheet.task.client)?;
    let item = file_question(sheet.version.definition.item(&asked.question))?;
    let given = match sheet.answers.get(&item.id) {
        Some(Answered::File(file)) => file.name.clone(),
        _ => String::new(),
    };
    let (status, error) = refused.unwrap_or((StatusCode::OK, String::new()));
    let number = asked.page.parse::<usize>().unwrap_or(1);
    let page = FilePage {
        shell: ctx.shell(sheet.task.title.clone(), place.section()),
        action: place.form(id),
        back: format!("{}?page={number}", place.form(id)),
        errors: ErrorSummary {
            items: if error.is_empty() { Vec::new() } else { vec![("file".to_string(), error.clone())] },
            title: words.t("ui-error-summary"),
        },
        question: item.id.clone(),
        text: item.text.clone(),
        help: item.help.clone(),
        given,
        key: ctx.app.ids.new_id().to_string(),
        page: number.to_string(),
        error,
    };
    html(status, &page)
}

fn file_question(item: Option<&Item>) -> Result<&Item> {
    item.filter(|item| item.kind == Kind::File).ok_or(Error::NotFound)
}

/// A file that was kept as an answer.
#[derive(Debug, Serialize, Deserialize)]
struct GivenFile {
    id: DocumentId,
    name: String,
}

/// Takes a file as the answer to a question: the script gets JSON, a page leads back to its question.
pub async fn upload(ctx: Ctx, Path(id): Path<ClientFormId>, upload: Upload) -> Result<Response> {
    let kept = receive(&ctx, id, &upload).await;
    if ctx.is_fragment {
        return kept.map(IntoResponse::into_response);
    }
    let asked = Asked { question: upload.text("question").to_string(), page: upload.text("page").to_string() };
    match kept {
        Ok(_) => {
            let page = asked.page.parse::<usize>().unwrap_or(1);
            let anchor = crate::forms::field_name(&asked.question);
            let client = ctx.door()?.read(move |p| super::find(p, id)).await?.client;
            let place = Place::with(&ctx, client)?;
            lead_to(&ctx, &format!("{}?page={page}#{anchor}", place.form(id)))
        }
        // There is no question to say it beside.
        Err(error) if asked.question.is_empty() => Err(error),
        Err(error) => {
            let status = error.status();
            match error {
                Error::FileTooLarge(one) | Error::FileOfWrongKind(one) => {
                    page(&ctx, id, &asked, Some((status, one.message))).await
                }
                Error::Invalid(all) => {
                    let message = all.first().map(|one| one.message.clone()).unwrap_or_default();
                    page(&ctx, id, &asked, Some((status, message))).await
                }
                other => Err(other),
            }
        }
    }
}

/// Keeps the file that came. Errors leave none behind, unless nobody can say whether its row was committed: then the
/// daily look decides.
async fn receive(ctx: &Ctx, id: ClientFormId, upload: &Upload) -> Result<Answer> {
    let kept = keep(ctx, id, upload).await;
    let is_unsure = matches!(kept, Err(Error::Db(_)));
    let is_kept = match (&kept, &upload.file) {
        (Ok(answer), room::Given::Stored(stored)) => is_of(answer, stored)?,
        _ => is_unsure,
    };
    if !is_kept {
        upload.discard(&ctx.app).await?;
    }
    kept
}

/// Whether an answer is about this file, and not about the one that came before under the same key.
fn is_of(answer: &Answer, stored: &Stored) -> Result<bool> {
    let given: GivenFile = serde_json::from_str(&answer.body).map_err(|e| Error::internal(e.to_string()))?;
    Ok(given.id.0 == stored.id)
}

async fn keep(ctx: &Ctx, id: ClientFormId, upload: &Upload) -> Result<Answer> {
    let words = ctx.words();
    // Whose form it is not learns nothing from what was sent.
    ctx.door()?.read(move |p| super::find(p, id)).await?;
    let stored = match &upload.file {
        room::Given::Nothing => return Err(Error::Invalid(vec![FieldError::new("file", words.t("file-missing"))])),
        room::Given::Refused(refused) => return Err(refused.error(words.t(refused.key()))),
        room::Given::Stored(stored) => stored.clone(),
    };
    let (question, key) = (upload.text("question").to_string(), upload.text("key").to_string());
    let sitting: Uuid = upload.text("sitting").parse().unwrap_or_else(|_| ctx.app.ids.new_id());
    let version = upload.text("version").parse().ok();
    let key = Some(key).filter(|key| (1..=200).contains(&key.len()));
    // The same request: the same file, to the same question.
    let content = format!("{id} {question} {} {:?}", stored.name, stored.digest);
    ctx.door()?
        .write(move |p| {
            once(p, key.as_deref(), &token_hash(&content), || {
                let file = give(p, id, &At { question: question.clone(), sitting, version }, &stored)?;
                Answer::new(StatusCode::CREATED, &file)
            })
        })
        .await
}

/// The question that a file answers, and the page that it was given on.
struct At {
    question: String,
    sitting: Uuid,
    version: Option<FormVersionId>,
}

fn give(p: &Practice, id: ClientFormId, at: &At, stored: &Stored) -> Result<GivenFile> {
    let sheet = super::sheet_as_seen(p, id, at.version)?;
    saving::refuse_closed(p, &sheet.task)?;
    file_question(sheet.version.definition.item(&at.question))?;
    // Documents are seen by all of the staff: what was asked stands with the answers alone.
    let about = About { note: None, sharing: Sharing::Shared };
    let document = documents::add(p, sheet.task.client, stored, &about)?;
    let file = AnsweredFile { document: document.id.0, name: document.name.clone() };
    let page = Page { sitting: at.sitting, version: at.version };
    let saved = super::save_on(p, id, page, &[Given::now(&at.question, Said::File(file))])?;
    match saved.kept.first() {
        Some((_, Kept::Kept)) => Ok(GivenFile { id: document.id, name: document.name }),
        _ => Err(Error::internal("a file that answers its question was not kept")),
    }
}

/// Takes the file away that answers a question. What whoever is here has given is deleted with it, as documents are.
pub fn remove(p: &Practice, id: ClientFormId, sitting: Uuid, question: &str) -> Result<()> {
    let sheet = super::sheet(p, id)?;
    saving::refuse_closed(p, &sheet.task)?;
    file_question(sheet.version.definition.item(question))?;
    let Some(Answered::File(file)) = sheet.answers.get(question) else { return Ok(()) };
    super::save(p, id, sitting, &[Given::now(question, Said::Nothing)])?;
    let document = documents::find(p, DocumentId(file.document))?;
    if document.giver_id == p.actor.id() {
        documents::delete(p, document.id)?;
    }
    Ok(())
}

/// Takes a file away, for the script.
pub async fn take_away(ctx: Ctx, Path(id): Path<ClientFormId>, form: crate::web::Form<Removing>) -> Result<Response> {
    let crate::web::Form(asked) = form;
    let sitting = asked.sitting.parse().unwrap_or_else(|_| ctx.app.ids.new_id());
    ctx.door()?.write(move |p| remove(p, id, sitting, &asked.question)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Removing {
    question: String,
    sitting: String,
}
