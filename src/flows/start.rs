//! A ready-made beginning for a practice that has no flow yet: the library's forms, two flows made of them, and the groups
//! that a new practice has.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::{Needed, Saved, Typed, add, all, queries, set_group, whole};
use crate::access::RUNS_PRACTICE;
use crate::error::{Error, Result};
use crate::forms;
use crate::ids::FlowId;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::ui::{Section, Shell};
use crate::web::{Answer, Cookie, Ctx, Json, html, idempotency_key, lead_to, once};
use crate::words::Words;

/// A flow's name, its forms by their keys in the library, and the groups of a new practice that get it.
struct Ready {
    name: &'static str,
    steps: &'static [(&'static str, Needed)],
    groups: &'static [&'static str],
}

const READY: [Ready; 2] = [
    Ready {
        name: "Intake",
        steps: &[
            ("welcome", Needed::Required),
            ("intake", Needed::Required),
            ("consent", Needed::Required),
            ("telehealth", Needed::Skippable),
            ("cancellation", Needed::Required),
        ],
        groups: &["New clients", "Couples"],
    },
    Ready {
        name: "Intake for minors",
        steps: &[
            ("welcome", Needed::Required),
            ("minor", Needed::Required),
            ("intake", Needed::Required),
            ("cancellation", Needed::Required),
        ],
        groups: &["Minors"],
    },
];

pub fn routes(routes: Routes) -> Routes {
    routes.get("/flows/ready-made", RUNS_PRACTICE, ask).post("/flows/ready-made", RUNS_PRACTICE, take).post(
        "/api/v1/flows/ready-made",
        RUNS_PRACTICE,
        take_by_program,
    )
}

/// Adds the library's forms, published, and the flows made of them; groups that go by a name of a new practice's and have
/// no flow get theirs. Errors: the practice has a flow already.
pub fn begin(p: &Practice, words: Words) -> Result<Vec<FlowId>> {
    if !all(p)?.is_empty() {
        return Err(Error::Conflict("There is an intake flow already. Add another one beside it.".into()));
    }
    let made = forms::add_first(p)?;
    let form = |key: &str| made.iter().find(|(known, _)| *known == key).map(|(_, id)| *id);
    let free = queries::free_groups(p)?;
    let mut flows = Vec::new();
    for ready in &READY {
        let steps = ready.steps.iter().filter_map(|(key, needed)| Some((form(key)?, *needed))).collect();
        let typed = Typed { name: ready.name.into(), steps };
        let Saved::Saved(flow) = add(p, &typed, words)? else {
            return Err(Error::internal("a ready-made flow was refused"));
        };
        for (group, _) in free.iter().filter(|(_, name)| ready.groups.contains(&name.as_str())) {
            set_group(p, *group, Some(flow.id))?;
        }
        flows.push(flow.id);
    }
    Ok(flows)
}

#[derive(Template)]
#[template(path = "flows/ready.html")]
struct ReadyForm {
    forms: Vec<&'static str>,
    /// Name, and the groups of this practice that get it.
    flows: Vec<(&'static str, String)>,
}
impl HtmlSafe for ReadyForm {}

#[derive(Template)]
#[template(path = "flows/ready_page.html")]
struct ReadyPage {
    shell: Shell,
    form: ReadyForm,
}

async fn ask(ctx: Ctx) -> Result<Response> {
    let free = ctx.door()?.read(queries::free_groups).await?;
    let named = |ready: &Ready| {
        let wanted = ready.groups.iter().filter(|name| free.iter().any(|(_, group)| group == **name));
        (ready.name, wanted.copied().collect::<Vec<_>>().join(", "))
    };
    let form = ReadyForm {
        forms: forms::library().iter().map(|form| form.title).collect(),
        flows: READY.iter().map(named).collect(),
    };
    if ctx.is_fragment {
        return html(StatusCode::OK, &form);
    }
    html(StatusCode::OK, &ReadyPage { shell: ctx.shell("Ready-made intake", Section::Forms), form })
}

async fn take(ctx: Ctx) -> Result<Response> {
    let words = ctx.words();
    ctx.door()?.write(move |p| begin(p, words)).await?;
    let mut response = lead_to(&ctx, "/flows")?;
    Cookie::Flash.set(&ctx.app, &mut response, "flows-ready")?;
    Ok(response)
}

async fn take_by_program(ctx: Ctx, headers: HeaderMap, body: Json<serde_json::Value>) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    let words = ctx.words();
    ctx.door()?
        .write(move |p| {
            once(p, key.as_deref(), &body.hash, || {
                let made = begin(p, words)?;
                let flows = made.into_iter().map(|id| whole(p, id)).collect::<Result<Vec<_>>>()?;
                super::api::listed(flows, StatusCode::CREATED)
            })
        })
        .await
}
