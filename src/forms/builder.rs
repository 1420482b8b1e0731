//! The builder: a form's items as cards in their order, what is done with the whole of it, and its versions.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::definition::{Definition, Item, Kind};
use super::pages::state;
use super::text_pages::{self, only_text};
use super::{Form, Purpose, Version, begun, discard_draft, publish, said, undo, versions, working};
use crate::access::CLINICAL;
use crate::error::{Error, Result};
use crate::ids::FormId;
use crate::routes::Routes;
use crate::ui::{Icon, Section, Shell, Status, icon};
use crate::web::{Cookie, Ctx, Path, Query, html, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/forms/{id}", CLINICAL, show)
        .post("/forms/{id}/publish", CLINICAL, make_public)
        .post("/forms/{id}/discard", CLINICAL, discard)
        .post("/forms/{id}/undo", CLINICAL, put_back)
        .get("/forms/{id}/versions", CLINICAL, history)
}

/// A form and what it asks, as it is worked on.
pub struct Page {
    pub form: Form,
    pub definition: Definition,
}

#[derive(Template)]
#[template(path = "forms/build.html")]
struct BuildPage {
    shell: Shell,
    id: FormId,
    purpose: Purpose,
    intro: String,
    state: Status,
    archived: bool,
    is_published: bool,
    has_draft: bool,
    /// What publishing means for those who have begun.
    means: String,
    facts: String,
    /// A policy or a welcome text: its two fields, printed. Empty: items.
    text: String,
    items: ItemList,
}

/// The items in their order: a part of the page that is drawn anew by itself.
#[derive(Template)]
#[template(path = "forms/items.html")]
pub struct ItemList {
    form: FormId,
    cards: Vec<Card>,
    /// Said to those who do not see it.
    says: String,
    editable: bool,
}
impl HtmlSafe for ItemList {}

impl ItemList {
    fn is_empty(&self) -> bool {
        self.cards.is_empty()
    }
}

struct Card {
    id: String,
    icon: Icon,
    kind: &'static str,
    is_heading: bool,
    /// The page that it begins, counted from 1; 0 for what begins none.
    page: usize,
    text: String,
    /// Short, for the names of its buttons.
    name: String,
    help: String,
    facts: String,
    alerts: String,
    required: bool,
    rule: String,
    n: usize,
    first: bool,
    last: bool,
}

pub fn icon_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Heading => "heading",
        Kind::Explanation => "text",
        Kind::ShortText => "line",
        Kind::LongText => "lines",
        Kind::Number => "number",
        Kind::Date => "calendar",
        Kind::Single => "single",
        Kind::Multiple => "multiple",
        Kind::Scale => "scale",
        Kind::YesNo => "yes-no",
        Kind::File => "document",
        Kind::Signature => "edit",
    }
}

fn cards(definition: &Definition) -> Vec<Card> {
    let last = definition.items.len().saturating_sub(1);
    // What stands before the first heading is a page too.
    let mut page = usize::from(definition.items.first().is_some_and(|item| item.kind != Kind::Heading));
    let mut all = Vec::new();
    for (at, item) in definition.items.iter().enumerate() {
        page += usize::from(item.kind == Kind::Heading);
        all.push(card(item, (at, last, page), definition));
    }
    all
}

fn card(item: &Item, (at, last, page): (usize, usize, usize), definition: &Definition) -> Card {
    let is_heading = item.kind == Kind::Heading;
    Card {
        id: item.id.clone(),
        icon: icon(icon_of(item.kind)),
        kind: item.kind.name(),
        is_heading,
        page: if is_heading { page } else { 0 },
        text: item.text.clone(),
        name: super::arrange::short(item),
        help: item.help.clone(),
        facts: said::facts(item),
        alerts: said::alerts(item),
        required: item.required,
        rule: item.show_if.as_ref().map(|rule| said::rule(rule, definition)).unwrap_or_default(),
        n: at + 1,
        first: at == 0,
        last: at == last,
    }
}

pub fn items_html(page: &Page, says: String) -> ItemList {
    let editable = page.form.archived.is_none();
    ItemList { form: page.form.id, cards: cards(&page.definition), says, editable }
}

fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

pub fn facts(definition: &Definition) -> String {
    let questions = count(definition.questions().count(), "question", "questions");
    let pages = count(definition.topics().len().max(1), "page", "pages");
    format!("{questions} on {pages} · about {}", count(definition.minutes(), "minute", "minutes"))
}

/// What publishing does to people who have the form already.
fn means(form: &Form, begun: i64) -> String {
    let new = "Whoever has not begun gets the new version.";
    match (form.published, begun) {
        (None, _) => "Nobody can be given this form before it is published.".into(),
        (Some(_), 0) => format!("Nobody has answered it yet. {new}"),
        (Some(_), 1) => format!("1 person keeps the version they answered. {new}"),
        (Some(_), n) => format!("{n} people keep the version they answered. {new}"),
    }
}

async fn show(ctx: Ctx, Path(id): Path<FormId>) -> Result<Response> {
    let (form, definition, begun) = ctx
        .door()?
        .read(move |p| {
            let (form, definition) = working(p, id)?;
            Ok((form, definition, begun(p, id)?))
        })
        .await?;
    let page = Page { form, definition };
    let text = match only_text(&page) {
        Some(_) if page.form.archived.is_none() => text_pages::printed(&ctx, &page)?,
        _ => String::new(),
    };
    build_page(&ctx, page, text, begun)
}

pub fn build_page(ctx: &Ctx, page: Page, text: String, begun: i64) -> Result<Response> {
    html(StatusCode::OK, &build(ctx, &page, text, begun))
}

fn build(ctx: &Ctx, page: &Page, text: String, begun: i64) -> impl Template + use<> {
    let form = &page.form;
    BuildPage {
        shell: ctx.shell(page.definition.title.clone(), Section::Forms),
        id: form.id,
        purpose: form.purpose,
        intro: page.definition.intro.clone(),
        state: state(form),
        archived: form.archived.is_some(),
        is_published: form.published.is_some(),
        has_draft: form.has_draft,
        means: means(form, begun),
        facts: match text.is_empty() {
            true => facts(&page.definition),
            false => format!("about {}", count(page.definition.minutes(), "minute", "minutes")),
        },
        text,
        items: items_html(page, String::new()),
    }
}

/// A form of its own page, beside the builder it belongs to.
#[derive(Template)]
#[template(path = "forms/one.html")]
struct OnePage {
    shell: Shell,
    back: String,
    back_label: String,
    inner: String,
}

/// Shows something that belongs to a form: over the builder where script runs, on a page of its own elsewhere.
pub fn beside<T: Template>(ctx: &Ctx, page: &Page, title: String, inner: T, status: StatusCode) -> Result<Response> {
    if ctx.is_fragment {
        return html(status, &inner);
    }
    let shell = ctx.shell(title, Section::Forms);
    let back = format!("/forms/{}", page.form.id);
    html(status, &OnePage { shell, back, back_label: page.definition.title.clone(), inner: inner.render()? })
}

/// The same for what belongs to no form yet.
pub fn alone<T: Template>(ctx: &Ctx, title: &str, inner: T, status: StatusCode) -> Result<Response> {
    if ctx.is_fragment {
        return html(status, &inner);
    }
    let shell = ctx.shell(title, Section::Forms);
    html(status, &OnePage { shell, back: "/forms".into(), back_label: "Forms".into(), inner: inner.render()? })
}

/// Back to the builder, at one of its items. The version makes it another address: a browser that is there already loads
/// the page anew.
pub fn lead_to_item(ctx: &Ctx, form: FormId, version: i64, item: &str) -> Result<Response> {
    if item.is_empty() {
        return lead_to(ctx, &format!("/forms/{form}"));
    }
    lead_to(ctx, &format!("/forms/{form}?v={version}#item-{item}"))
}

fn back(ctx: &Ctx, id: FormId, flash: &str) -> Result<Response> {
    let mut response = lead_to(ctx, &format!("/forms/{id}"))?;
    Cookie::Flash.set(&ctx.app, &mut response, flash)?;
    Ok(response)
}

async fn make_public(ctx: Ctx, Path(id): Path<FormId>) -> Result<Response> {
    ctx.door()?.write(move |p| publish(p, id)).await?;
    back(&ctx, id, "form-published")
}

async fn discard(ctx: Ctx, Path(id): Path<FormId>) -> Result<Response> {
    ctx.door()?.write(move |p| discard_draft(p, id)).await?;
    back(&ctx, id, &format!("form-discarded:{id}"))
}

async fn put_back(ctx: Ctx, Path(id): Path<FormId>) -> Result<Response> {
    ctx.door()?.write(move |p| undo(p, id)).await?;
    back(&ctx, id, "form-put-back")
}

#[derive(Template)]
#[template(path = "forms/versions.html")]
struct VersionsPage {
    shell: Shell,
    id: FormId,
    title: String,
    rows: Vec<VersionRow>,
    shown: Option<Shown>,
}

struct VersionRow {
    number: i64,
    at: String,
    machine: String,
    by: String,
    is_current: bool,
    is_shown: bool,
}

struct Shown {
    number: i64,
    title: String,
    intro: String,
    facts: String,
    items: ItemList,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Numbered {
    number: Option<i64>,
}

async fn history(ctx: Ctx, Path(id): Path<FormId>, Query(asked): Query<Numbered>) -> Result<Response> {
    let (form, all) = ctx.door()?.read(move |p| Ok((super::find(p, id)?, versions(p, id)?))).await?;
    let zone = &ctx.practice()?.time_zone;
    let shown = match asked.number {
        None => all.first(),
        Some(number) => Some(all.iter().find(|version| version.number == number).ok_or(Error::NotFound)?),
    };
    let row = |version: &Version| VersionRow {
        number: version.number,
        at: version.published_at.said_in(zone),
        machine: version.published_at.rfc3339(),
        by: version.published_by_name.clone().unwrap_or_else(|| "the program".into()),
        is_current: form.published == Some(version.id),
        is_shown: shown.is_some_and(|shown| shown.id == version.id),
    };
    let page = VersionsPage {
        shell: ctx.shell("Versions", Section::Forms),
        id,
        title: form.title.clone(),
        rows: all.iter().map(row).collect(),
        shown: shown.map(|version| Shown {
            number: version.number,
            title: version.definition.title.clone(),
            intro: version.definition.intro.clone(),
            facts: facts(&version.definition),
            items: ItemList { form: id, cards: cards(&version.definition), says: String::new(), editable: false },
        }),
    };
    html(StatusCode::OK, &page)
}
