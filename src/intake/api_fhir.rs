//! The answers to one form as a FHIR R4 QuestionnaireResponse, out and in: what another program collected is kept as if it
//! had been typed on behalf of the client.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::api::SavedBody;
use super::{Given, Said, Saved, Sheet, State, save};
use crate::access::CLINICAL;
use crate::audit::{Entry, note_read};
use crate::error::{Error, FieldError, Result};
use crate::forms::fhir::{self, Misfit};
use crate::ids::ClientFormId;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::web::{Answer, Ctx, Path, idempotency_key, once};
use crate::words::Words;

const PATH: &str = "/api/v1/client-forms/{id}/response";

pub fn routes(routes: Routes) -> Routes {
    routes.get(PATH, CLINICAL, show).post(PATH, CLINICAL, receive)
}

fn status(sheet: &Sheet) -> fhir::Status {
    match (sheet.task.state, sheet.task.reopened_at) {
        (State::Done, Some(_)) => fhir::Status::Amended,
        (State::Done, None) => fhir::Status::Completed,
        _ => fhir::Status::InProgress,
    }
}

async fn show(ctx: Ctx, Path(id): Path<ClientFormId>) -> Result<Response> {
    let (sheet, url) = ctx
        .door()?
        .read(move |p| {
            let sheet = super::sheet(p, id)?;
            let url = fhir::address(p, sheet.task.form);
            Ok((sheet, url))
        })
        .await?;
    let task = &sheet.task;
    let entry = Entry::new("form.read", "client_form", Some(id.0)).client(task.client).detail("response");
    note_read(&ctx.app, ctx.actor()?, entry).await?;
    let all = fhir::response(&fhir::Given {
        id: id.0,
        client: task.client,
        url: &url,
        number: sheet.version.number,
        status: status(&sheet),
        authored: task.done_at.or(task.saved_at),
        definition: &sheet.version.definition,
        answers: &sheet.answers,
    });
    let kind = HeaderValue::from_static("application/fhir+json");
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, kind)], all.to_string()).into_response())
}

#[derive(Serialize)]
struct ReceivedBody {
    #[serde(flatten)]
    saved: SavedBody,
    /// What was not taken, as the other program calls it, and why.
    misfits: Vec<MisfitBody>,
}

#[derive(Serialize)]
struct MisfitBody {
    question: String,
    why: String,
}

async fn receive(ctx: Ctx, Path(id): Path<ClientFormId>, headers: HeaderMap, body: Bytes) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    let words = ctx.words();
    let hash = Sha256::new().chain_update(format!("response {id}\n")).chain_update(&body).finalize();
    ctx.door()?
        .write(move |p| {
            super::find(p, id)?;
            once(p, key.as_deref(), &hash, || {
                let (saved, misfits) = take(p, id, &body)?;
                Answer::new(StatusCode::OK, &received(&saved, misfits, words))
            })
        })
        .await
}

/// Keeps the answers of another program. Errors: the file cannot be read; the form is not open.
fn take(p: &Practice, id: ClientFormId, bytes: &[u8]) -> Result<(Saved, Vec<Misfit>)> {
    let sheet = super::sheet(p, id)?;
    let read = fhir::read_response(&sheet.version.definition, bytes);
    let read = read.map_err(|why| Error::Invalid(vec![FieldError::new("resourceType", why)]))?;
    let given: Vec<Given> =
        read.answers.into_iter().map(|(question, answer)| Given::now(question, Said::Answer(answer))).collect();
    Ok((save(p, id, p.new_id(), &given)?, read.misfits))
}

fn received(saved: &Saved, misfits: Vec<Misfit>, words: Words) -> ReceivedBody {
    let said = |misfit: Misfit| MisfitBody { question: misfit.question, why: misfit.why };
    ReceivedBody { saved: SavedBody::new(saved, words), misfits: misfits.into_iter().map(said).collect() }
}
