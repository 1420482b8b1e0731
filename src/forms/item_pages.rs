//! The form for one item: its kind is chosen first. Rows of choices and conditions come and go with a button each, which
//! works without script too. And what is done with an item in the list: moved, copied, taken out.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::arrange::{Arrange, Placed, arrange, short};
use super::builder::{self, Page, items_html, lead_to_item};
use super::definition::{
    CHOICE_LIMIT, Definition, EXPLANATION_LIMIT, Item, Kind, LABEL_LIMIT, Problem, TEXT_LIMIT, Test,
};
use super::item_form::{CONDITION_ROWS, Fields, SavedItem, TypedCondition, TypedItem, Which, found, mark, save};
use super::pages::{Choosing, Way};
use super::{said, working};
use crate::access::CLINICAL;
use crate::error::{Error, Result};
use crate::ids::FormId;
use crate::routes::Routes;
use crate::secrets::token_hash;
use crate::ui::{ErrorSummary, Field, icon};
use crate::web::{Answer, Cookie, Ctx, Form, Path, Query, html, once};

/// Of the ids of this form's fields: the dialog opens over the list of items.
const PREFIX: &str = "f-";

pub fn routes(routes: Routes) -> Routes {
    routes.get("/forms/{id}/item", CLINICAL, show).post("/forms/{id}/item", CLINICAL, change).post(
        "/forms/{id}/arrange",
        CLINICAL,
        place,
    )
}

#[derive(Template)]
#[template(path = "forms/item.html")]
struct ItemForm {
    form: FormId,
    title: String,
    kind: Kind,
    which: Which,
    key: String,
    /// It came back with what was typed, and so has something to lose.
    typed: bool,
    /// Somebody else changed it: what stands now, part by part. Nothing in it: they took it out.
    stale: Option<Vec<(&'static str, String)>>,
    errors: ErrorSummary,
    text: Field,
    help: Option<Field>,
    required: Option<Field>,
    choices: Vec<ChoiceRow>,
    choices_full: bool,
    choices_error: String,
    own_words: Option<Field>,
    scale: Vec<Field>,
    scale_error: String,
    asked: Vec<Asked>,
    combine: Field,
    conditions: Vec<ConditionRow>,
    conditions_full: bool,
    rule_error: String,
}
impl askama::filters::HtmlSafe for ItemForm {}

struct ChoiceRow {
    n: usize,
    code: String,
    label: String,
    points: String,
    alert: bool,
    focus: bool,
}

/// A question that a rule can look back at, with the answers that can be chosen there.
struct Asked {
    id: String,
    text: String,
    kind: &'static str,
    /// As JSON; empty where people type.
    answers: String,
}

struct ConditionRow {
    n: usize,
    typed: TypedCondition,
    tests: Vec<(&'static str, &'static str)>,
    focus: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Question {
    item: String,
    kind: String,
    after: String,
}

async fn show(ctx: Ctx, Path(id): Path<FormId>, Query(asked): Query<Question>) -> Result<Response> {
    let (form, definition) = ctx.door()?.read(move |p| working(p, id)).await?;
    if !asked.item.is_empty() {
        let item = found(&definition, &asked.item)?.clone();
        let which = Which { item: item.id.clone(), base: mark(&item), after: String::new() };
        let edit = Edit { kind: item.kind, typed: TypedItem::of(&item, &definition), which, ..Edit::default() };
        return form_page(&ctx, &Page { form, definition }, edit, StatusCode::OK);
    }
    let which = Which { after: asked.after, ..Which::default() };
    match Kind::parse(&asked.kind) {
        Some(kind) => {
            let key = ctx.app.ids.new_id().to_string();
            let edit = Edit { kind, typed: TypedItem::new(kind), which, key, ..Edit::default() };
            form_page(&ctx, &Page { form, definition }, edit, StatusCode::OK)
        }
        None => choose_kind(&ctx, &Page { form, definition }, &which.after),
    }
}

fn choose_kind(ctx: &Ctx, page: &Page, after: &str) -> Result<Response> {
    let way = |kind: Kind| {
        let query = serde_urlencoded::to_string([("kind", kind.as_str()), ("after", after)]).unwrap_or_default();
        Way {
            href: format!("/forms/{}/item?{query}", page.form.id),
            icon: icon(builder::icon_of(kind)),
            label: kind.name().into(),
            text: said::about(kind).into(),
            dialog: true,
        }
    };
    // Questions first: they are what is added most.
    let (texts, questions): (Vec<Kind>, Vec<Kind>) = Kind::ALL.into_iter().partition(|kind| !kind.is_question());
    let choosing =
        Choosing { title: "Add to the form".into(), ways: questions.into_iter().chain(texts).map(way).collect() };
    builder::beside(ctx, page, choosing.title.clone(), choosing, StatusCode::OK)
}

/// What the form for an item shows.
struct Edit {
    kind: Kind,
    typed: TypedItem,
    which: Which,
    key: String,
    problems: Vec<Problem>,
    stale: Option<Option<Box<Item>>>,
    is_typed: bool,
    focus: String,
}

impl Default for Edit {
    fn default() -> Edit {
        Edit {
            kind: Kind::ShortText,
            typed: TypedItem::default(),
            which: Which::default(),
            key: String::new(),
            problems: Vec::new(),
            stale: None,
            is_typed: false,
            focus: String::new(),
        }
    }
}

impl Edit {
    fn error(&self, field: &str) -> Option<String> {
        let all: Vec<_> =
            self.problems.iter().filter(|one| one.field == field).map(|one| one.message.as_str()).collect();
        (!all.is_empty()).then(|| all.join(" "))
    }
}

fn form_page(ctx: &Ctx, page: &Page, edit: Edit, status: StatusCode) -> Result<Response> {
    let title = match edit.which.item.is_empty() {
        true => format!("Add: {}", edit.kind.name()),
        false => format!("Edit: {}", edit.kind.name()),
    };
    let form = item_form(ctx, page, &edit, title.clone());
    builder::beside(ctx, page, title, form, status)
}

fn item_form(ctx: &Ctx, page: &Page, edit: &Edit, title: String) -> ItemForm {
    let (kind, typed) = (edit.kind, &edit.typed);
    let is_question = kind.is_question();
    let now = edit.stale.as_ref().and_then(|stale| stale.as_deref());
    let theirs = |mine: &str, now: Option<&str>| now.filter(|now| *now != mine.trim()).map(ToString::to_string);
    let help = Field::textarea("help", "Help")
        .id_prefix(PREFIX)
        .rows(2)
        .dir_auto()
        .max_length(TEXT_LIMIT)
        .value(&typed.help)
        .hint("Stands under the question, in smaller letters.")
        .error(edit.error("help"))
        .now_saved(theirs(&typed.help, now.map(|item| item.help.as_str())));
    ItemForm {
        form: page.form.id,
        title,
        kind,
        which: edit.which.clone(),
        key: edit.key.clone(),
        typed: edit.is_typed,
        stale: edit
            .stale
            .as_ref()
            .map(|item| item.as_ref().map_or_else(Vec::new, |item| differences(item, edit, &page.definition))),
        errors: summary(ctx, edit),
        text: text_field(edit, now),
        help: is_question.then_some(help),
        required: is_question.then(|| check("required", "An answer is required").checked(typed.required)),
        choices: choice_rows(edit),
        choices_full: typed.choices.len() >= CHOICE_LIMIT,
        choices_error: edit.error("choices").unwrap_or_default(),
        own_words: kind
            .has_choices()
            .then(|| check("own_words", "They may use words of their own").checked(typed.own_words)),
        scale: if kind == Kind::Scale { scale_fields(typed) } else { Vec::new() },
        scale_error: edit.error("scale").unwrap_or_default(),
        asked: asked(&page.definition, &edit.which),
        combine: combine_field(typed),
        conditions: condition_rows(edit),
        conditions_full: typed.conditions.len() >= CONDITION_ROWS,
        rule_error: edit.error("show_if").unwrap_or_default(),
    }
}

fn check(name: &str, label: &str) -> Field {
    Field::checkbox(name, label).id_prefix(PREFIX)
}

/// The first message of each field, leading to it.
fn summary(ctx: &Ctx, edit: &Edit) -> ErrorSummary {
    let id = |field: &str| match field {
        "choices" => "f-choices".to_string(),
        "scale" => "f-from".into(),
        "show_if" => "f-rule".into(),
        "id" | "items" => String::new(),
        other => format!("{PREFIX}{other}"),
    };
    let items = edit.problems.iter().map(|one| (id(one.field), one.message.clone())).collect();
    ErrorSummary { items, title: ctx.words().t("ui-error-summary") }
}

fn text_field(edit: &Edit, now: Option<&Item>) -> Field {
    let field = match edit.kind {
        Kind::Heading => Field::text("text", "Heading").max_length(TEXT_LIMIT),
        Kind::Explanation => Field::textarea("text", "Text").rows(7).max_length(EXPLANATION_LIMIT),
        _ => Field::textarea("text", "Question").rows(2).max_length(TEXT_LIMIT),
    };
    let theirs = now.filter(|item| item.text != edit.typed.text.trim()).map(|item| item.text.clone());
    let field = field.id_prefix(PREFIX).required().dir_auto().value(&edit.typed.text).now_saved(theirs);
    let field = field.error(edit.error("text"));
    if edit.focus.is_empty() { field.autofocus() } else { field }
}

/// What somebody else saved, where no field of its own shows it.
fn differences(now: &Item, edit: &Edit, definition: &Definition) -> Vec<(&'static str, String)> {
    let mine = &edit.typed;
    let theirs = TypedItem::of(now, definition);
    let rule = || now.show_if.as_ref().map_or_else(|| "Always shown".into(), |rule| said::rule(rule, definition));
    let mut all = Vec::new();
    if theirs.choices != mine.choices || theirs.own_words != mine.own_words {
        all.push(("Answers", said::facts(now)));
    }
    if (&theirs.from, &theirs.to, &theirs.low, &theirs.high) != (&mine.from, &mine.to, &mine.low, &mine.high) {
        all.push(("Scale", said::facts(now)));
    }
    if theirs.required != mine.required {
        all.push(("Required", if now.required { "Yes" } else { "No" }.into()));
    }
    if theirs.conditions != mine.conditions || theirs.any != mine.any {
        all.push(("Rule", rule()));
    }
    if all.is_empty() {
        all.push(("Text", short(now)));
    }
    all
}

fn choice_rows(edit: &Edit) -> Vec<ChoiceRow> {
    if !edit.kind.has_choices() {
        return Vec::new();
    }
    let row = |(n, typed): (usize, &super::item_form::TypedChoice)| ChoiceRow {
        n,
        code: typed.code.clone(),
        label: typed.label.clone(),
        points: typed.points.clone(),
        alert: typed.alert,
        focus: edit.focus == format!("choice-{n}"),
    };
    edit.typed.choices.iter().enumerate().map(row).collect()
}

fn scale_fields(typed: &TypedItem) -> Vec<Field> {
    let end = |name: &str, label: &str, value: &str| {
        Field::text(name, label).id_prefix(PREFIX).required().input_mode("numeric").max_length(4).value(value)
    };
    let meaning = |name: &str, label: &str, value: &str| {
        Field::text(name, label).id_prefix(PREFIX).dir_auto().max_length(LABEL_LIMIT).value(value)
    };
    vec![
        end("from", "From", &typed.from),
        meaning("low", "What the lowest means", &typed.low),
        end("to", "To", &typed.to),
        meaning("high", "What the highest means", &typed.high),
    ]
}

/// The questions that stand before an item, or before the place where it will stand.
fn asked(definition: &Definition, which: &Which) -> Vec<Asked> {
    let items = &definition.items;
    let own = items.iter().position(|item| item.id == which.item);
    let behind = items.iter().position(|item| item.id == which.after).map(|at| at + 1);
    let end = own.or(behind).unwrap_or(items.len());
    let one = |item: &Item| {
        let answers: Vec<&str> = match item.kind {
            Kind::YesNo => vec!["Yes", "No"],
            _ => item.choices.iter().map(|choice| choice.label.as_str()).collect(),
        };
        let answers =
            if answers.is_empty() { String::new() } else { serde_json::to_string(&answers).unwrap_or_default() };
        Asked { id: item.id.clone(), text: short(item), kind: item.kind.as_str(), answers }
    };
    items[..end].iter().filter(|item| item.kind.is_question()).map(one).collect()
}

fn combine_field(typed: &TypedItem) -> Field {
    let option = |value: &str, label: &str| crate::ui::Option_ { value: value.into(), label: label.into() };
    let options = vec![option("all", "All have to be true"), option("any", "One has to be true")];
    Field::select("combine", "Of the conditions", options).id_prefix(PREFIX).required().value(if typed.any {
        "any"
    } else {
        "all"
    })
}

fn condition_rows(edit: &Edit) -> Vec<ConditionRow> {
    let tests: Vec<_> = Test::ALL.into_iter().map(|test| (test.as_str(), said::test(test))).collect();
    let row = |(n, typed): (usize, &TypedCondition)| ConditionRow {
        n,
        typed: typed.clone(),
        tests: tests.clone(),
        focus: edit.focus == format!("condition-{n}"),
    };
    edit.typed.conditions.iter().enumerate().map(row).collect()
}

async fn change(ctx: Ctx, Path(id): Path<FormId>, Form(sent): Form<Vec<(String, String)>>) -> Result<Response> {
    let mut fields = Fields::new();
    for (name, value) in sent {
        fields.entry(name).or_insert(value);
    }
    let get = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let which = Which { item: get("item"), after: get("after"), base: get("base") };
    let kind = Kind::parse(&get("kind")).ok_or_else(|| Error::bad_request("There is no such kind of item."))?;
    let (key, what) = (get("key"), get("do"));
    let mut typed = TypedItem::read(&fields);
    if let Some(focus) = typed.change_rows(&what) {
        let (form, definition) = ctx.door()?.read(move |p| working(p, id)).await?;
        let edit = Edit { kind, typed, which, key, is_typed: true, focus, ..Edit::default() };
        return form_page(&ctx, &Page { form, definition }, edit, StatusCode::OK);
    }
    let outcome = keep_once(&ctx, id, (kind, which.clone(), typed.clone()), &key).await?;
    let (problems, stale) = match outcome {
        Outcome::Saved(version, item) => return lead_to_item(&ctx, id, version, &item),
        Outcome::Not(SavedItem::Refused(problems)) => (problems, None),
        Outcome::Not(SavedItem::Stale(now)) => (Vec::new(), Some(now)),
        Outcome::Not(SavedItem::Saved(form, item)) => return lead_to_item(&ctx, id, form.version, &item),
    };
    let (form, definition) = ctx.door()?.read(move |p| working(p, id)).await?;
    // Saving again from here keeps what is in the form, now that both versions were seen.
    let which = match &stale {
        Some(Some(now)) => Which { base: mark(now), ..which },
        Some(None) => Which { base: String::new(), ..which },
        None => which,
    };
    let status = if stale.is_some() { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
    let edit = Edit { kind, typed, which, key, problems, stale, is_typed: true, focus: String::new() };
    form_page(&ctx, &Page { form, definition }, edit, status)
}

enum Outcome {
    /// The form's version now, and the item's id.
    Saved(i64, String),
    Not(SavedItem),
}

/// The page was made with an id: pressing twice adds one item.
async fn keep_once(ctx: &Ctx, form: FormId, what: (Kind, Which, TypedItem), key: &str) -> Result<Outcome> {
    let (kind, which, typed) = what;
    let hash = token_hash(&format!("{typed:?}"));
    let key = key.parse::<uuid::Uuid>().is_ok().then(|| format!("item:{key}"));
    ctx.door()?
        .write(move |p| {
            let mut not = None;
            let done = once(p, key.as_deref(), &hash, || match save(p, form, kind, &which, &typed)? {
                SavedItem::Saved(form, item) => Answer::new(StatusCode::CREATED, &(form.version, item)),
                other => {
                    not = Some(other);
                    Err(Error::NotFound)
                }
            });
            match (done, not) {
                (_, Some(not)) => Ok(Outcome::Not(not)),
                (Ok(answer), None) => {
                    let (version, item) =
                        serde_json::from_str(&answer.body).map_err(|e| Error::internal(e.to_string()))?;
                    Ok(Outcome::Saved(version, item))
                }
                (Err(error), None) => Err(error),
            }
        })
        .await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Move {
    item: String,
    how: String,
    before: String,
}

async fn place(ctx: Ctx, Path(id): Path<FormId>, Form(asked): Form<Move>) -> Result<Response> {
    let how = match asked.how.as_str() {
        "up" => Arrange::Up,
        "down" => Arrange::Down,
        "before" => Arrange::Before(Some(asked.before).filter(|before| !before.is_empty())),
        "duplicate" => Arrange::Duplicate,
        "remove" => Arrange::Remove,
        _ => return Err(Error::bad_request("An item is moved up or down, before another, duplicated or removed.")),
    };
    let placed = {
        let how = how.clone();
        ctx.door()?.write(move |p| arrange(p, id, &asked.item, &how)).await?
    };
    let Placed { form, definition, at } = placed;
    let here = definition.items.get(at).map(|item| item.id.clone()).unwrap_or_default();
    let version = form.version;
    match how {
        Arrange::Remove => {
            let mut response = lead_to_item(&ctx, id, version, &here)?;
            Cookie::Flash.set(&ctx.app, &mut response, &format!("form-item-removed:{id}"))?;
            Ok(response)
        }
        Arrange::Duplicate => {
            let mut response = lead_to_item(&ctx, id, version, &here)?;
            Cookie::Flash.set(&ctx.app, &mut response, "form-item-duplicated")?;
            Ok(response)
        }
        _ if ctx.is_fragment => {
            let count = definition.items.len();
            let says = format!("{} is now {} of {count}.", short(&definition.items[at]), at + 1);
            html(StatusCode::OK, &items_html(&Page { form, definition }, says))
        }
        _ => lead_to_item(&ctx, id, version, &here),
    }
}
