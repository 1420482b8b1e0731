//! Forms that come from elsewhere: the library that comes with the program, and files of other programs. And a form of the
//! practice as such a file.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::builder::alone;
use super::pages::done;
use super::{Imported, LibraryForm, add_from_library, find, import, library, questionnaire};
use crate::access::CLINICAL;
use crate::error::{Error, Result};
use crate::files::disposition;
use crate::ids::FormId;
use crate::routes::Routes;
use crate::secrets::token_hash;
use crate::ui::{ErrorSummary, Field};
use crate::web::{Answer, Ctx, Form, Path, once};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/forms/library", CLINICAL, shelf)
        .post("/forms/library", CLINICAL, borrow)
        .get("/forms/import", CLINICAL, ask)
        .post("/forms/import", CLINICAL, take)
        .get("/forms/{id}/questionnaire", CLINICAL, give)
}

#[derive(Template)]
#[template(path = "forms/library.html")]
struct Library {
    forms: &'static [LibraryForm],
}

async fn shelf(ctx: Ctx) -> Result<Response> {
    alone(&ctx, "From the library", Library { forms: library() }, StatusCode::OK)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    key: String,
}

async fn borrow(ctx: Ctx, Form(wanted): Form<Wanted>) -> Result<Response> {
    let added = ctx.door()?.write(move |p| add_from_library(p, &wanted.key)).await?;
    done(&ctx, &format!("/forms/{}", added.id), "form-borrowed")
}

#[derive(Template)]
#[template(path = "forms/import.html")]
struct ImportForm {
    errors: ErrorSummary,
    text: Field,
    typed: bool,
    key: String,
}

#[derive(Template)]
#[template(path = "forms/imported.html")]
struct ImportedForm {
    id: String,
    notes: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sent {
    text: String,
    key: String,
}

fn import_form(ctx: &Ctx, sent: Sent, refused: Vec<String>) -> ImportForm {
    let error = refused.first().cloned();
    let id = |message: String| ("i-text".to_string(), message);
    ImportForm {
        typed: !refused.is_empty(),
        errors: ErrorSummary {
            items: refused.into_iter().take(10).map(id).collect(),
            title: ctx.words().t("ui-error-summary"),
        },
        text: Field::textarea("text", "What is in the file")
            .id_prefix("i-")
            .rows(7)
            .required()
            .value(sent.text)
            .error(error)
            .hint("JSON, as the file has it."),
        key: sent.key,
    }
}

async fn ask(ctx: Ctx) -> Result<Response> {
    let sent = Sent { key: ctx.app.ids.new_id().to_string(), ..Sent::default() };
    let form = import_form(&ctx, sent, Vec::new());
    alone(&ctx, "Import a form", form, StatusCode::OK)
}

/// A new form's id with the notes on it, or why there is none.
type Outcome = std::result::Result<(FormId, Vec<String>), Vec<String>>;

async fn take(ctx: Ctx, Form(sent): Form<Sent>) -> Result<Response> {
    // The page was made with an id: pressing twice makes one form.
    let key = sent.key.parse::<uuid::Uuid>().is_ok().then(|| format!("import:{}", sent.key));
    let (text, hash) = (sent.text.clone(), token_hash(&sent.text));
    let outcome: Outcome = ctx
        .door()?
        .write(move |p| {
            let mut refused = None;
            let made = once(p, key.as_deref(), &hash, || match import(p, text.as_bytes())? {
                Imported::Added(form, notes) => Answer::new(StatusCode::CREATED, &(form.id, notes)),
                Imported::Refused(problems) => {
                    refused = Some(problems.into_iter().map(|one| one.message).collect());
                    Err(Error::NotFound)
                }
                Imported::Unreadable(why) => {
                    refused = Some(vec![why]);
                    Err(Error::NotFound)
                }
            });
            match (made, refused) {
                (_, Some(refused)) => Ok(Err(refused)),
                (Ok(answer), None) => {
                    serde_json::from_str(&answer.body).map(Ok).map_err(|e| Error::internal(e.to_string()))
                }
                (Err(error), None) => Err(error),
            }
        })
        .await?;
    match outcome {
        Ok((id, notes)) if notes.is_empty() => done(&ctx, &format!("/forms/{id}"), "form-imported"),
        Ok((id, notes)) => {
            let form = ImportedForm { id: id.to_string(), notes };
            alone(&ctx, "Imported, with notes", form, StatusCode::OK)
        }
        Err(refused) => {
            let form = import_form(&ctx, sent, refused);
            alone(&ctx, "Import a form", form, StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}

async fn give(ctx: Ctx, Path(id): Path<FormId>) -> Result<Response> {
    let (title, value) = ctx.door()?.read(move |p| Ok((find(p, id)?.title, questionnaire(p, id, None)?))).await?;
    let text = serde_json::to_string_pretty(&value).map_err(|e| Error::internal(e.to_string()))?;
    let name: String = title.chars().filter(|c| !matches!(c, '/' | '\\' | ':') && !c.is_control()).take(80).collect();
    let said = disposition("attachment", &format!("{}.json", name.trim()));
    let said = HeaderValue::from_str(&said).map_err(|e| Error::internal(e.to_string()))?;
    let kind = HeaderValue::from_static("application/fhir+json; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, said)], text).into_response())
}
