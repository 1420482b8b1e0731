//! Forms of a client in the JSON API: the same verbs as the pages.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::api_body::{AlertBody, AnsweredBody, ClientFormBody, RemindersBody};
use super::{Gift, Given, HandedIn, Kept, Said, Saved, Settings, Task, hand_in, reminders, save};
use crate::access::{ANY_STAFF, CLINICAL, RUNS_PRACTICE};
use crate::audit::{Entry, note_read};
use crate::clock::Instant;
use crate::error::{Error, FieldError, Result};
use crate::flows::Needed;
use crate::forms::Answer as FormAnswer;
use crate::ids::{ClientFormId, ClientId, FlowId, FormId};
use crate::practice::Practice;
use crate::routes::Routes;
use crate::web::{Answer, Ctx, Json, Path, idempotency_key, once};
use crate::words::Words;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v1/clients/{id}/forms", ANY_STAFF, index)
        .post("/api/v1/clients/{id}/forms", ANY_STAFF, give)
        .post("/api/v1/clients/{id}/forms/remind", ANY_STAFF, remind)
        .post("/api/v1/clients/{id}/forms/stop-reminders", ANY_STAFF, stop)
        .post("/api/v1/clients/{id}/forms/resume-reminders", ANY_STAFF, resume)
        .get("/api/v1/clients/{id}/form-alerts", ANY_STAFF, alerts)
        .post("/api/v1/form-alerts/{id}/seen", CLINICAL, seen)
        .get("/api/v1/client-forms/{id}", CLINICAL, show)
        .post("/api/v1/client-forms/{id}/answers", CLINICAL, answer)
        .post("/api/v1/client-forms/{id}/hand-in", CLINICAL, finish)
        .post("/api/v1/client-forms/{id}/waive", CLINICAL, waive)
        .post("/api/v1/client-forms/{id}/give-again", CLINICAL, give_again)
        .post("/api/v1/client-forms/{id}/reopen", CLINICAL, reopen)
        .get("/api/v1/form-settings", ANY_STAFF, settings)
        .patch("/api/v1/form-settings", RUNS_PRACTICE, set_settings)
}

#[derive(Serialize)]
struct List {
    items: Vec<ClientFormBody>,
    reminders: RemindersBody,
}

#[derive(Serialize)]
struct Items<T> {
    items: Vec<T>,
}

async fn index(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Answer> {
    let (tasks, stands) = ctx.door()?.read(move |p| Ok((super::list(p, id)?, reminders::reminders(p, id)?))).await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id).detail("forms")).await?;
    let items = tasks.iter().map(ClientFormBody::new).collect();
    Answer::new(StatusCode::OK, &List { items, reminders: RemindersBody::new(stands) })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Giving {
    form_id: Option<FormId>,
    flow_id: Option<FlowId>,
    /// Of a single form; left out: yes.
    required: Option<bool>,
}

impl Giving {
    fn gift(&self) -> Result<Gift> {
        match (self.form_id, self.flow_id) {
            (Some(form), None) => Ok(Gift::Form(form, Needed::of(self.required != Some(false)))),
            (None, Some(flow)) => Ok(Gift::Flow(flow)),
            _ => Err(Error::Invalid(vec![FieldError::new("form_id", "Name a form or a flow, one of them.")])),
        }
    }
}

/// An id in a body that leads nowhere is a fault of that field.
fn named(error: Error, gift: Gift) -> Error {
    let (field, text) = match gift {
        Gift::Flow(_) => ("flow_id", "There is no such flow."),
        Gift::Form(..) => ("form_id", "There is no such form."),
    };
    match error {
        Error::NotFound => Error::Invalid(vec![FieldError::new(field, text)]),
        other => other,
    }
}

async fn give(ctx: Ctx, Path(id): Path<ClientId>, headers: HeaderMap, body: Json<Giving>) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    ctx.door()?
        .write(move |p| {
            crate::clients::find(p, id)?;
            let gift = body.value.gift()?;
            once(p, key.as_deref(), &body.hash, || {
                let tasks = super::give(p, id, gift).map_err(|error| named(error, gift))?;
                Answer::new(StatusCode::CREATED, &Items { items: tasks.iter().map(ClientFormBody::new).collect() })
            })
        })
        .await
}

#[derive(Serialize)]
struct Reminded {
    /// How many people.
    reminded: usize,
}

async fn remind(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Answer> {
    let reminded = ctx.door()?.write(move |p| reminders::remind(p, id)).await?;
    Answer::new(StatusCode::OK, &Reminded { reminded })
}

async fn stop(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Answer> {
    let change = move |p: &Practice| reminders::stop(p, id).and_then(|()| reminders::reminders(p, id));
    Answer::new(StatusCode::OK, &RemindersBody::new(ctx.door()?.write(change).await?))
}

async fn resume(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Answer> {
    let change = move |p: &Practice| reminders::resume(p, id).and_then(|()| reminders::reminders(p, id));
    Answer::new(StatusCode::OK, &RemindersBody::new(ctx.door()?.write(change).await?))
}

async fn alerts(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Answer> {
    let read = move |p: &Practice| -> Result<Vec<AlertBody>> {
        Ok(super::alerts(p, id)?.iter().map(|alert| AlertBody::new(p, alert)).collect())
    };
    let items = ctx.door()?.read(read).await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id).detail("forms")).await?;
    Answer::new(StatusCode::OK, &Items { items })
}

async fn seen(ctx: Ctx, Path(id): Path<Uuid>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            let alert = super::alert_seen(p, id)?;
            Answer::new(StatusCode::OK, &AlertBody::new(p, &alert))
        })
        .await
}

async fn show(ctx: Ctx, Path(id): Path<ClientFormId>) -> Result<Answer> {
    let (sheet, history) = ctx.door()?.read(move |p| Ok((super::sheet(p, id)?, super::history(p, id)?))).await?;
    let entry = Entry::new("form.read", "client_form", Some(id.0)).client(sheet.task.client);
    note_read(&ctx.app, ctx.actor()?, entry).await?;
    Answer::new(StatusCode::OK, &AnsweredBody::new(&sheet, &history))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answering {
    /// By the ids of the questions; null takes an answer back.
    answers: BTreeMap<String, Option<FormAnswer>>,
    /// The page or program that goes on typing: its own answers are replaced within ten minutes, not kept beside.
    sitting: Option<Uuid>,
}

impl Answering {
    fn given(self) -> Vec<Given> {
        let said = |answer: Option<FormAnswer>| match answer {
            None => Said::Nothing,
            Some(FormAnswer::File(file)) => Said::File(file),
            Some(answer) => Said::Answer(answer),
        };
        self.answers.into_iter().map(|(question, answer)| Given::now(question, said(answer))).collect()
    }
}

#[derive(Serialize)]
pub struct SavedBody {
    saved_at: String,
    items: Vec<KeptBody>,
}

#[derive(Serialize)]
struct KeptBody {
    question: String,
    /// kept, older, refused, not_asked.
    outcome: &'static str,
    /// Why it was refused.
    message: Option<String>,
    /// The answer that counts, where a later one stands.
    stands: Option<FormAnswer>,
}

impl SavedBody {
    pub fn new(saved: &Saved, words: Words) -> SavedBody {
        let item = |(question, kept): &(String, Kept)| {
            let (outcome, message, stands) = match kept {
                Kept::Kept => ("kept", None, None),
                Kept::Older(stands) => ("older", None, stands.clone()),
                Kept::NotAsked => ("not_asked", None, None),
                Kept::Refused(refusal) => {
                    ("refused", Some(words.with(refusal.key(), &[("limit", &refusal.limit())])), None)
                }
            };
            KeptBody { question: question.clone(), outcome, message, stands }
        };
        SavedBody { saved_at: saved.at.rfc3339(), items: saved.kept.iter().map(item).collect() }
    }
}

async fn answer(ctx: Ctx, Path(id): Path<ClientFormId>, body: Json<Answering>) -> Result<Answer> {
    let words = ctx.words();
    let sitting = body.value.sitting.unwrap_or_else(|| ctx.app.ids.new_id());
    let given = body.value.given();
    let saved = ctx.door()?.write(move |p| save(p, id, sitting, &given)).await?;
    Answer::new(StatusCode::OK, &SavedBody::new(&saved, words))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Finishing {
    /// `saved_at` of the answers that were looked at; a later answer is answered 409.
    seen: Option<String>,
}

impl Finishing {
    fn seen(&self) -> Result<Option<Instant>> {
        let Some(text) = &self.seen else { return Ok(None) };
        let at: jiff::Timestamp = text
            .parse()
            .map_err(|_| Error::Invalid(vec![FieldError::new("seen", "Use an instant as `saved_at` says it.")]))?;
        Ok(Some(Instant(at.as_microsecond())))
    }
}

/// What handing in came to, as an answer. Errors: what is missing.
pub fn handed_in(p: &Practice, id: ClientFormId, came: HandedIn, words: Words) -> Result<Answer> {
    match came {
        HandedIn::Done { .. } => Answer::new(StatusCode::OK, &ClientFormBody::new(&super::find(p, id)?)),
        HandedIn::Missing(missing) => {
            let text = words.t("answer-missing");
            Err(Error::Invalid(missing.iter().map(|question| FieldError::new(question, text.clone())).collect()))
        }
        HandedIn::Changed => Err(Error::Conflict("An answer was changed since. Look at them again.".into())),
        HandedIn::NeedsSigner => Err(Error::Conflict("Somebody has to sign it who may.".into())),
    }
}

async fn finish(ctx: Ctx, Path(id): Path<ClientFormId>, body: Json<Finishing>) -> Result<Answer> {
    let words = ctx.words();
    ctx.door()?
        .write(move |p| {
            super::find(p, id)?;
            let seen = body.value.seen()?;
            let came = hand_in(p, id, seen)?;
            handed_in(p, id, came, words)
        })
        .await
}

async fn changed(ctx: &Ctx, id: ClientFormId, verb: fn(&Practice, ClientFormId) -> Result<Task>) -> Result<Answer> {
    let task = ctx.door()?.write(move |p| verb(p, id)).await?;
    Answer::new(StatusCode::OK, &ClientFormBody::new(&task))
}

async fn waive(ctx: Ctx, Path(id): Path<ClientFormId>) -> Result<Answer> {
    changed(&ctx, id, super::waive).await
}

async fn give_again(ctx: Ctx, Path(id): Path<ClientFormId>) -> Result<Answer> {
    changed(&ctx, id, super::give_again).await
}

async fn reopen(ctx: Ctx, Path(id): Path<ClientFormId>) -> Result<Answer> {
    changed(&ctx, id, super::reopen).await
}

#[derive(Serialize)]
struct SettingsBody {
    remind_after_days: i64,
    remind_times: i64,
    version: i64,
}

impl SettingsBody {
    fn new(settings: Settings) -> SettingsBody {
        SettingsBody { remind_after_days: settings.after_days, remind_times: settings.times, version: settings.version }
    }
}

async fn settings(ctx: Ctx) -> Result<Answer> {
    Answer::new(StatusCode::OK, &SettingsBody::new(ctx.door()?.read(super::settings).await?))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SettingsChange {
    remind_after_days: Option<i64>,
    remind_times: Option<i64>,
    /// The version that a change was made from; a stale one is answered 409.
    version: Option<i64>,
}

async fn set_settings(ctx: Ctx, body: Json<SettingsChange>) -> Result<Answer> {
    let given = body.value;
    let change = move |p: &Practice| {
        let stands = super::settings(p)?;
        let wanted = Settings {
            after_days: given.remind_after_days.unwrap_or(stands.after_days),
            times: given.remind_times.unwrap_or(stands.times),
            version: given.version.unwrap_or(stands.version),
        };
        super::set_settings(p, wanted)
    };
    Answer::new(StatusCode::OK, &SettingsBody::new(ctx.door()?.write(change).await?))
}
