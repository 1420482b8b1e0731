//! Forms in the JSON API: the same verbs as the pages. A form goes out, and comes in, as a FHIR R4 Questionnaire, too.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::{
    Definition, Form, Imported, Problem, Purpose, Saved, Version, Which, add, add_from_library, archive, change,
    duplicate, import, library, list, publish, questionnaire, restore, versions, working,
};
use crate::access::CLINICAL;
use crate::error::{Error, FieldError, Result};
use crate::ids::{FormId, FormVersionId, MemberId};
use crate::practice::Practice;
use crate::routes::Routes;
use crate::web::{Answer, Ctx, Json, Path, Query, idempotency_key, once};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v1/forms", CLINICAL, index)
        .post("/api/v1/forms", CLINICAL, create)
        .post("/api/v1/forms/import", CLINICAL, bring_in)
        .get("/api/v1/forms/{id}", CLINICAL, show)
        .patch("/api/v1/forms/{id}", CLINICAL, update)
        .delete("/api/v1/forms/{id}", CLINICAL, put_away)
        .post("/api/v1/forms/{id}/publish", CLINICAL, make_public)
        .post("/api/v1/forms/{id}/restore", CLINICAL, bring_back)
        .post("/api/v1/forms/{id}/duplicate", CLINICAL, copy)
        .get("/api/v1/forms/{id}/versions", CLINICAL, history)
        .get("/api/v1/forms/{id}/questionnaire", CLINICAL, export)
        .get("/api/v1/form-library", CLINICAL, shelf)
        .post("/api/v1/form-library/{key}", CLINICAL, take)
}

#[derive(Debug, Serialize)]
pub struct FormBody {
    id: FormId,
    /// `form`, `policy` or `welcome`.
    kind: &'static str,
    title: String,
    /// What is given to clients; nothing: it was never published.
    published_id: Option<FormVersionId>,
    /// Changed since it was published.
    has_draft: bool,
    /// About how long it takes.
    minutes: i64,
    updated_at: String,
    archived_at: Option<String>,
    version: i64,
}

impl FormBody {
    pub fn new(form: &Form) -> FormBody {
        FormBody {
            id: form.id,
            kind: form.purpose.as_str(),
            title: form.title.clone(),
            published_id: form.published,
            has_draft: form.has_draft,
            minutes: form.minutes,
            updated_at: form.updated_at.rfc3339(),
            archived_at: form.archived.map(|at| at.rfc3339()),
            version: form.version,
        }
    }
}

/// A form with what it asks, as the builder has it.
#[derive(Debug, Serialize)]
struct WholeBody {
    #[serde(flatten)]
    form: FormBody,
    definition: Definition,
}

fn whole(p: &Practice, id: FormId) -> Result<WholeBody> {
    let (form, definition) = working(p, id)?;
    Ok(WholeBody { form: FormBody::new(&form), definition })
}

fn one(p: &Practice, id: FormId, status: StatusCode) -> Result<Answer> {
    Answer::new(status, &whole(p, id)?)
}

#[derive(Debug, Serialize)]
struct Items<T> {
    items: Vec<T>,
}

/// Where something is wrong: `title`, or `items.<id>.choices`.
fn refused(problems: Vec<Problem>) -> Error {
    let at = |problem: &Problem| match problem.item.as_str() {
        "" => problem.field.to_string(),
        item => format!("items.{item}.{}", problem.field),
    };
    Error::Invalid(problems.into_iter().map(|problem| FieldError::new(&at(&problem), problem.message)).collect())
}

fn saved(p: &Practice, saved: Saved, status: StatusCode) -> Result<Answer> {
    match saved {
        Saved::Saved(form) => one(p, form.id, status),
        Saved::Refused(problems) => Err(refused(problems)),
        Saved::Stale(now) => {
            Err(Error::Conflict(format!("The form was changed in between; it is at version {}.", now.version)))
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// `true`: those that were archived.
    archived: String,
}

async fn index(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Answer> {
    let which = match asked.archived.as_str() {
        "" | "false" => Which::Standing,
        "true" => Which::Archived,
        _ => return Err(Error::Invalid(vec![FieldError::new("archived", "Use true or false.")])),
    };
    let found = ctx.door()?.read(move |p| list(p, which)).await?;
    Answer::new(StatusCode::OK, &Items { items: found.iter().map(FormBody::new).collect() })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    /// Of a new one.
    kind: Option<String>,
    definition: Option<Definition>,
    /// The version that a change was made from; a stale one is answered 409.
    version: Option<i64>,
}

impl Body {
    fn definition(&self) -> Result<&Definition> {
        let missing = || Error::Invalid(vec![FieldError::new("definition", "Say what the form asks.")]);
        self.definition.as_ref().ok_or_else(missing)
    }
}

async fn create(ctx: Ctx, headers: HeaderMap, body: Json<Body>) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    let purpose = Purpose::parse(body.value.kind.as_deref().unwrap_or("form"));
    let purpose =
        purpose.ok_or_else(|| Error::Invalid(vec![FieldError::new("kind", "Use form, policy or welcome.")]))?;
    body.value.definition()?;
    ctx.door()?
        .write(move |p| {
            once(p, key.as_deref(), &body.hash, || {
                saved(p, add(p, purpose, body.value.definition()?)?, StatusCode::CREATED)
            })
        })
        .await
}

#[derive(Debug, Serialize)]
struct ImportedBody {
    form: WholeBody,
    /// What could not be kept as it was in the file.
    notes: Vec<String>,
}

async fn bring_in(ctx: Ctx, headers: HeaderMap, body: Json<serde_json::Value>) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    let file = body.value.to_string().into_bytes();
    ctx.door()?
        .write(move |p| {
            once(p, key.as_deref(), &body.hash, || match import(p, &file)? {
                Imported::Added(form, notes) => {
                    let added = ImportedBody { form: whole(p, form.id)?, notes };
                    Answer::new(StatusCode::CREATED, &added)
                }
                Imported::Refused(problems) => Err(refused(problems)),
                Imported::Unreadable(why) => Err(Error::Invalid(vec![FieldError::new("questionnaire", why)])),
            })
        })
        .await
}

async fn show(ctx: Ctx, Path(id): Path<FormId>) -> Result<Answer> {
    ctx.door()?.read(move |p| one(p, id, StatusCode::OK)).await
}

async fn update(ctx: Ctx, Path(id): Path<FormId>, body: Json<Body>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            let stands = working(p, id)?.1;
            let definition = body.value.definition.as_ref().unwrap_or(&stands);
            saved(p, change(p, id, definition, body.value.version)?, StatusCode::OK)
        })
        .await
}

async fn put_away(ctx: Ctx, Path(id): Path<FormId>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            archive(p, id)?;
            one(p, id, StatusCode::OK)
        })
        .await
}

async fn bring_back(ctx: Ctx, Path(id): Path<FormId>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            restore(p, id)?;
            one(p, id, StatusCode::OK)
        })
        .await
}

async fn make_public(ctx: Ctx, Path(id): Path<FormId>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            publish(p, id)?;
            one(p, id, StatusCode::OK)
        })
        .await
}

/// What was asked for without a body, for idempotency keys.
fn asked(ctx: &Ctx) -> Vec<u8> {
    format!("POST {}", ctx.address).into_bytes()
}

async fn copy(ctx: Ctx, Path(id): Path<FormId>, headers: HeaderMap) -> Result<Answer> {
    let (key, asked) = (idempotency_key(&headers)?, asked(&ctx));
    ctx.door()?
        .write(move |p| once(p, key.as_deref(), &asked, || saved(p, duplicate(p, id)?, StatusCode::CREATED)))
        .await
}

#[derive(Debug, Serialize)]
struct VersionBody {
    id: FormVersionId,
    number: i64,
    title: String,
    published_at: String,
    published_by: Option<MemberId>,
}

impl VersionBody {
    fn new(version: &Version) -> VersionBody {
        VersionBody {
            id: version.id,
            number: version.number,
            title: version.definition.title.clone(),
            published_at: version.published_at.rfc3339(),
            published_by: version.published_by,
        }
    }
}

async fn history(ctx: Ctx, Path(id): Path<FormId>) -> Result<Answer> {
    let all = ctx.door()?.read(move |p| super::find(p, id).and_then(|_| versions(p, id))).await?;
    Answer::new(StatusCode::OK, &Items { items: all.iter().map(VersionBody::new).collect() })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ExportQuery {
    /// The number of a version. Left out: as clients get it.
    number: String,
}

async fn export(ctx: Ctx, Path(id): Path<FormId>, Query(query): Query<ExportQuery>) -> Result<Response> {
    // What is no number is the number of no version.
    let number = match query.number.as_str() {
        "" => None,
        number => Some(number.parse().map_err(|_| Error::NotFound)?),
    };
    let written = ctx.door()?.read(move |p| questionnaire(p, id, number)).await?;
    let kind = HeaderValue::from_static("application/fhir+json");
    Ok(([(header::CONTENT_TYPE, kind)], written.to_string()).into_response())
}

#[derive(Debug, Serialize)]
struct LibraryBody {
    key: &'static str,
    kind: &'static str,
    title: &'static str,
    about: &'static str,
    minutes: usize,
}

async fn shelf() -> Result<Answer> {
    let body = |form: &super::LibraryForm| {
        Ok(LibraryBody {
            key: form.key,
            kind: form.purpose.as_str(),
            title: form.title,
            about: form.about,
            minutes: form.definition()?.minutes(),
        })
    };
    let items = library().iter().map(body).collect::<Result<Vec<_>>>()?;
    Answer::new(StatusCode::OK, &Items { items })
}

async fn take(ctx: Ctx, Path(key): Path<String>, headers: HeaderMap) -> Result<Answer> {
    let (repeated, asked) = (idempotency_key(&headers)?, asked(&ctx));
    ctx.door()?
        .write(move |p| {
            once(p, repeated.as_deref(), &asked, || one(p, add_from_library(p, &key)?.id, StatusCode::CREATED))
        })
        .await
}
