//! Intake flows in the JSON API: the same verbs as the pages.

use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use super::{Needed, Saved, Step, Typed, Whole, add, all, change, delete, steps, whole};
use crate::access::CLINICAL;
use crate::error::{Error, Result};
use crate::ids::{FlowId, FormId, GroupId};
use crate::practice::Practice;
use crate::routes::Routes;
use crate::web::{Answer, Ctx, Json, Optional, Path, idempotency_key, once};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v1/flows", CLINICAL, index)
        .post("/api/v1/flows", CLINICAL, create)
        .get("/api/v1/flows/{id}", CLINICAL, show)
        .patch("/api/v1/flows/{id}", CLINICAL, update)
        .delete("/api/v1/flows/{id}", CLINICAL, remove)
}

#[derive(Debug, Serialize)]
struct FlowBody {
    id: FlowId,
    name: String,
    steps: Vec<StepBody>,
    /// About how long all of it takes.
    minutes: usize,
    groups: Vec<GroupBody>,
    version: i64,
}

#[derive(Debug, Serialize)]
struct StepBody {
    form_id: FormId,
    title: String,
    purpose: &'static str,
    required: bool,
    minutes: usize,
}

#[derive(Debug, Serialize)]
struct GroupBody {
    id: GroupId,
    name: String,
}

impl FlowBody {
    fn new(whole: Whole) -> FlowBody {
        let step = |step: Step| StepBody {
            form_id: step.form,
            title: step.title,
            purpose: step.purpose.as_str(),
            required: step.needed.is_required(),
            minutes: step.minutes,
        };
        FlowBody {
            id: whole.flow.id,
            minutes: whole.minutes(),
            name: whole.flow.name,
            steps: whole.steps.into_iter().map(step).collect(),
            groups: whole.groups.into_iter().map(|(id, name)| GroupBody { id, name }).collect(),
            version: whole.flow.version,
        }
    }
}

#[derive(Debug, Serialize)]
struct FlowList {
    items: Vec<FlowBody>,
}

async fn index(ctx: Ctx) -> Result<Answer> {
    let flows = ctx.door()?.read(|p| all(p)?.into_iter().map(|flow| whole(p, flow.id)).collect()).await?;
    listed(flows, StatusCode::OK)
}

/// Several flows as an answer.
pub fn listed(flows: Vec<Whole>, status: StatusCode) -> Result<Answer> {
    Answer::new(status, &FlowList { items: flows.into_iter().map(FlowBody::new).collect() })
}

fn one(p: &Practice, id: FlowId, status: StatusCode) -> Result<Answer> {
    Answer::new(status, &FlowBody::new(whole(p, id)?))
}

async fn show(ctx: Ctx, Path(id): Path<FlowId>) -> Result<Answer> {
    ctx.door()?.read(move |p| one(p, id, StatusCode::OK)).await
}

#[derive(Debug, Clone, Deserialize)]
struct GivenStep {
    form_id: FormId,
    #[serde(default = "required")]
    required: bool,
}

fn required() -> bool {
    true
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    name: Optional<String>,
    /// All steps, in order.
    steps: Option<Vec<GivenStep>>,
    /// The version that a change was made from; a stale one is answered 409.
    version: Option<i64>,
}

impl Body {
    /// Lays what was given over what stands.
    fn over(&self, stands: Typed) -> Typed {
        let name = match &self.name {
            Optional::Given(name) => name.clone().unwrap_or_default(),
            Optional::Absent => stands.name,
        };
        let given = |steps: &Vec<GivenStep>| steps.iter().map(|one| (one.form_id, Needed::of(one.required))).collect();
        Typed { name, steps: self.steps.as_ref().map_or(stands.steps, given) }
    }
}

fn saved(p: &Practice, saved: Saved, status: StatusCode) -> Result<Answer> {
    match saved {
        Saved::Saved(flow) => one(p, flow.id, status),
        Saved::Refused(refused) => Err(Error::Invalid(refused)),
        Saved::Stale(now) => {
            Err(Error::Conflict(format!("The flow was changed in between; it is at version {}.", now.version)))
        }
    }
}

async fn create(ctx: Ctx, headers: HeaderMap, body: Json<Body>) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    let words = ctx.words();
    let typed = body.value.over(Typed::default());
    ctx.door()?
        .write(move |p| once(p, key.as_deref(), &body.hash, || saved(p, add(p, &typed, words)?, StatusCode::CREATED)))
        .await
}

async fn update(ctx: Ctx, Path(id): Path<FlowId>, body: Json<Body>) -> Result<Answer> {
    let words = ctx.words();
    ctx.door()?
        .write(move |p| {
            let stands = super::find(p, id)?;
            let steps = steps(p, id)?.into_iter().map(|step| (step.form, step.needed)).collect();
            let typed = body.value.over(Typed { name: stands.name, steps });
            saved(p, change(p, id, &typed, body.value.version, words)?, StatusCode::OK)
        })
        .await
}

#[derive(Debug, Serialize)]
struct DeletedBody {
    /// The groups that had it and have none now.
    groups: Vec<GroupBody>,
}

async fn remove(ctx: Ctx, Path(id): Path<FlowId>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            let groups = whole(p, id)?.groups;
            delete(p, id)?;
            let groups = groups.into_iter().map(|(id, name)| GroupBody { id, name }).collect();
            Answer::new(StatusCode::OK, &DeletedBody { groups })
        })
        .await
}
