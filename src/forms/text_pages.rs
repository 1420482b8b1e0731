//! What has a title and one text: the beginning of a new form, a form's own title and introduction, a policy, a welcome
//! text.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::builder::{self, Page, alone, beside, build_page};
use super::definition::{Definition, EXPLANATION_LIMIT, Kind, Problem, TITLE_LIMIT};
use super::pages::{choose, done};
use super::{AGREE, Form, Purpose, Saved, add, begun, change, policy, welcome, working};
use crate::access::CLINICAL;
use crate::error::{Error, Result};
use crate::ids::FormId;
use crate::routes::Routes;
use crate::secrets::token_hash;
use crate::ui::{ErrorSummary, Field};
use crate::web::{Answer, Ctx, Form as Sent, Path, Query, html, once};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/forms/new", CLINICAL, new)
        .post("/forms", CLINICAL, create)
        .get("/forms/{id}/text", CLINICAL, edit)
        .post("/forms/{id}/text", CLINICAL, save)
}

/// The text of a policy or welcome text that has nothing else in it.
pub fn only_text(page: &Page) -> Option<&str> {
    let items = &page.definition.items;
    let kinds: Vec<Kind> = items.iter().map(|item| item.kind).collect();
    let plain = items.iter().all(|item| item.show_if.is_none()) && page.definition.intro.is_empty();
    let fits = match page.form.purpose {
        Purpose::Form => false,
        Purpose::Welcome => kinds == [Kind::Explanation],
        Purpose::Policy => kinds == [Kind::Explanation, Kind::Single] && items[1].id == AGREE,
    };
    items.first().filter(|_| fits && plain).map(|item| item.text.as_str())
}

#[derive(Debug, Default, Clone, Deserialize, PartialEq, Eq)]
#[serde(default)]
struct Typed {
    purpose: String,
    title: String,
    text: String,
    /// Of the title and text that the form was made from.
    base: String,
    key: String,
}

#[derive(Template)]
#[template(path = "forms/text.html")]
struct TextForm {
    title: &'static str,
    action: String,
    back: String,
    purpose: &'static str,
    errors: ErrorSummary,
    stale: bool,
    typed: bool,
    name: Field,
    text: Field,
    base: String,
    key: String,
    /// Stands on the builder's page, and is no dialog.
    at_home: bool,
}

/// What the form shows.
struct Edit {
    form: Option<FormId>,
    purpose: Purpose,
    typed: Typed,
    problems: Vec<Problem>,
    /// What somebody else saved meanwhile.
    now: Option<(String, String)>,
    at_home: bool,
}

fn text_form(ctx: &Ctx, edit: Edit) -> TextForm {
    let error = |name: &str| edit.problems.iter().find(|one| one.field == name).map(|one| one.message.clone());
    let theirs = |mine: &str, now: Option<&String>| now.filter(|now| *now != mine.trim()).cloned();
    let (now_title, now_text) = edit.now.as_ref().map(|(title, text)| (title, text)).unzip();
    let (label, rows) = match edit.purpose {
        Purpose::Form => ("Introduction", 4),
        Purpose::Policy | Purpose::Welcome => ("Text", 14),
    };
    let text = Field::textarea("text", label)
        .id_prefix("t-")
        .rows(rows)
        .dir_auto()
        .max_length(EXPLANATION_LIMIT)
        .value(&edit.typed.text)
        .error(error("text").or(error("intro")))
        .now_saved(theirs(&edit.typed.text, now_text));
    let text = match edit.purpose {
        Purpose::Form => text.hint("Read before the first question."),
        Purpose::Policy => text.required().hint("They read it and tick “I have read this and agree to it”."),
        Purpose::Welcome => text.required(),
    };
    let items = edit.problems.iter().map(|one| match one.field {
        "title" => ("t-title".into(), one.message.clone()),
        "text" | "intro" => ("t-text".into(), one.message.clone()),
        _ => (String::new(), one.message.clone()),
    });
    let title = match (edit.form, edit.purpose) {
        (Some(_), Purpose::Form) => "Title and introduction",
        (Some(_), _) => "Title and text",
        (None, Purpose::Form) => "New form",
        (None, Purpose::Policy) => "New policy",
        (None, Purpose::Welcome) => "New welcome text",
    };
    TextForm {
        title,
        action: edit.form.map_or_else(|| "/forms".into(), |id| format!("/forms/{id}/text")),
        back: edit.form.map_or_else(|| "/forms".into(), |id| format!("/forms/{id}")),
        purpose: edit.purpose.as_str(),
        errors: ErrorSummary { items: items.collect(), title: ctx.words().t("ui-error-summary") },
        stale: edit.now.is_some(),
        typed: edit.now.is_some() || !edit.problems.is_empty(),
        name: Field::text("title", "Title")
            .id_prefix("t-")
            .required()
            .dir_auto()
            .max_length(TITLE_LIMIT)
            .value(&edit.typed.title)
            .error(error("title"))
            .now_saved(theirs(&edit.typed.title, now_title)),
        text,
        base: edit.typed.base,
        key: edit.typed.key,
        at_home: edit.at_home,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    purpose: String,
}

async fn new(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Response> {
    let Some(purpose) = Purpose::parse(&asked.purpose) else {
        return choose(&ctx);
    };
    let typed = Typed { key: ctx.app.ids.new_id().to_string(), ..Typed::default() };
    let edit = Edit { form: None, purpose, typed, problems: Vec::new(), now: None, at_home: false };
    let form = text_form(&ctx, edit);
    alone(&ctx, form.title, form, StatusCode::OK)
}

fn definition(purpose: Purpose, typed: &Typed) -> Definition {
    let (title, text) = (typed.title.trim(), typed.text.replace("\r\n", "\n"));
    match purpose {
        Purpose::Form => Definition { title: title.into(), intro: text.trim().into(), ..Definition::default() },
        Purpose::Policy => policy(title, text.trim()),
        Purpose::Welcome => welcome(title, text.trim()),
    }
}

async fn create(ctx: Ctx, Sent(typed): Sent<Typed>) -> Result<Response> {
    let purpose = Purpose::parse(&typed.purpose).unwrap_or(Purpose::Form);
    let made = definition(purpose, &typed);
    // The page was made with an id: pressing twice makes one form.
    let key = typed.key.parse::<uuid::Uuid>().is_ok().then(|| format!("form:{}", typed.key));
    let hash = token_hash(&format!("{made:?}"));
    let outcome = ctx
        .door()?
        .write(move |p| {
            let mut refused = None;
            let done = once(p, key.as_deref(), &hash, || match add(p, purpose, &made)? {
                Saved::Saved(form) => Answer::new(StatusCode::CREATED, &form.id),
                Saved::Refused(problems) => {
                    refused = Some(problems);
                    Err(Error::NotFound)
                }
                Saved::Stale(_) => Err(Error::internal("a new form cannot be stale")),
            });
            match (done, refused) {
                (_, Some(problems)) => Ok(Err(problems)),
                (Ok(answer), None) => Ok(Ok(answer.body.trim_matches('"').to_string())),
                (Err(error), None) => Err(error),
            }
        })
        .await?;
    match outcome {
        Ok(id) => done(&ctx, &format!("/forms/{id}"), "form-added"),
        Err(problems) => {
            let form = text_form(&ctx, Edit { form: None, purpose, typed, problems, now: None, at_home: false });
            alone(&ctx, form.title, form, StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}

/// What the form begins with where it stands.
fn standing(page: &Page) -> Edit {
    let text = only_text(page);
    // A policy with questions of its own has an introduction like a form.
    let is_text = text.is_some();
    let purpose = if is_text { page.form.purpose } else { Purpose::Form };
    let (title, text) = (page.definition.title.clone(), text.unwrap_or(&page.definition.intro).to_string());
    let typed = Typed { base: mark(&title, &text), title, text, ..Typed::default() };
    Edit { form: Some(page.form.id), purpose, typed, problems: Vec::new(), now: None, at_home: is_text }
}

/// What a title and a text are known by, to see whether somebody else changed them.
fn mark(title: &str, text: &str) -> String {
    let hash = token_hash(&format!("{title}\n{text}"));
    hash[..8].iter().map(|b| format!("{b:02x}")).collect()
}

/// The two fields of a policy or welcome text, for the builder's page.
pub fn printed(ctx: &Ctx, page: &Page) -> Result<String> {
    Ok(text_form(ctx, standing(page)).render()?)
}

async fn edit(ctx: Ctx, Path(id): Path<FormId>) -> Result<Response> {
    let (form, definition) = ctx.door()?.read(move |p| working(p, id)).await?;
    let page = Page { form, definition };
    let form = text_form(&ctx, Edit { at_home: false, ..standing(&page) });
    beside(&ctx, &page, form.title.into(), form, StatusCode::OK)
}

async fn save(ctx: Ctx, Path(id): Path<FormId>, Sent(typed): Sent<Typed>) -> Result<Response> {
    let (page, begun, saved) = ctx
        .door()?
        .write({
            let typed = typed.clone();
            move |p| {
                let (form, definition) = working(p, id)?;
                let page = Page { form, definition };
                let stands = standing(&page).typed.base;
                let saved = match stands == typed.base {
                    true => change(p, id, &laid_over(&page, &typed), None)?,
                    false => Saved::Stale(page.form.clone()),
                };
                Ok((page, begun(p, id)?, saved))
            }
        })
        .await?;
    let stands = standing(&page);
    let at_home = stands.at_home && !ctx.is_fragment;
    let (edit, status) = match saved {
        Saved::Saved(Form { .. }) => return done(&ctx, &format!("/forms/{id}"), "saved"),
        Saved::Refused(problems) => (Edit { typed, problems, at_home, ..stands }, StatusCode::UNPROCESSABLE_ENTITY),
        // Saving again from here keeps what is in the form, now that both versions were seen.
        Saved::Stale(_) => {
            let saved = Some((stands.typed.title.clone(), stands.typed.text.clone()));
            let typed = Typed { base: stands.typed.base.clone(), ..typed };
            (Edit { typed, now: saved, at_home, ..stands }, StatusCode::CONFLICT)
        }
    };
    let form = text_form(&ctx, edit);
    if at_home {
        let text = form.render()?;
        let mut response = build_page(&ctx, page, text, begun)?;
        *response.status_mut() = status;
        return Ok(response);
    }
    if ctx.is_fragment {
        return html(status, &form);
    }
    builder::beside(&ctx, &page, form.title.into(), form, status)
}

/// What stands, with the title and the text that were typed.
fn laid_over(page: &Page, typed: &Typed) -> Definition {
    let (title, text) = (typed.title.trim().to_string(), typed.text.replace("\r\n", "\n").trim().to_string());
    let mut changed = page.definition.clone();
    changed.title = title;
    if only_text(page).is_some() {
        changed.items[0].text = text;
    } else {
        changed.intro = text;
    }
    changed
}
