//! The preview: a form as the client has it on a phone, page by page, with the questions that the answers ask for. What is
//! typed there goes from page to page in the pages themselves; nothing is saved.

use std::collections::BTreeMap;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::answer::{Answers, Typed, read};
use super::definition::{Definition, Item, Kind, Topic};
use super::paper::{Paper, Refused, field_name};
use super::{Purpose, shown, working};
use crate::access::CLINICAL;
use crate::error::Result;
use crate::ids::FormId;
use crate::routes::Routes;
use crate::ui::{ErrorSummary, Section, Shell};
use crate::web::{Ctx, Form, Path, html};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/forms/{id}/preview", CLINICAL, show).post("/forms/{id}/preview", CLINICAL, turn)
}

#[derive(Template)]
#[template(path = "forms/preview.html")]
struct PreviewPage {
    shell: Shell,
    id: FormId,
    title: String,
    practice: String,
    intro: Vec<String>,
    /// Nothing: the end is reached.
    paper: Option<Paper>,
    errors: ErrorSummary,
    number: usize,
    at: usize,
    of: usize,
    progress: String,
    button: &'static str,
    has_back: bool,
    /// What was typed on other pages.
    carried: Vec<(String, String)>,
}

/// What was typed, by the names of fields.
type Fields = Vec<(String, String)>;

/// The numbers of the pages that are shown, as the answers stand, counted from 0.
fn pages(definition: &Definition, answers: &Answers) -> Vec<usize> {
    let visible = shown(definition, answers);
    let is_shown = |topic: &Topic| {
        let alone = topic.items.is_empty() && topic.heading.is_some_and(|item| visible.contains(item.id.as_str()));
        alone || topic.items.iter().any(|item| visible.contains(item.id.as_str()))
    };
    definition.topics().iter().enumerate().filter(|(_, topic)| is_shown(topic)).map(|(number, _)| number).collect()
}

fn typed(fields: &Fields, item: &Item) -> Typed {
    let name = field_name(&item.id);
    let beside = format!("{name}-{}", if item.kind == Kind::Signature { "drawn" } else { "own" });
    let values = fields.iter().filter(|(known, _)| *known == name).map(|(_, value)| value.clone()).collect();
    let own = fields.iter().find(|(known, _)| *known == beside).map(|(_, value)| value.clone()).unwrap_or_default();
    Typed { values, own }
}

/// The answers in the fields, and what is none.
fn answers(definition: &Definition, fields: &Fields) -> (Answers, Refused) {
    let (mut answers, mut refused) = (Answers::new(), BTreeMap::new());
    for item in definition.questions() {
        let typed = typed(fields, item);
        match read(item, &typed) {
            Ok(Some(answer)) => drop(answers.insert(item.id.clone(), answer)),
            Ok(None) => {}
            Err(refusal) => drop(refused.insert(item.id.clone(), (typed, refusal))),
        }
    }
    (answers, refused)
}

async fn show(ctx: Ctx, Path(id): Path<FormId>) -> Result<Response> {
    let (form, definition) = ctx.door()?.read(move |p| working(p, id)).await?;
    let first = pages(&definition, &Answers::new()).first().copied();
    let view = View { purpose: form.purpose, number: first, fields: Vec::new() };
    page(&ctx, id, &definition, view)
}

/// Which page is shown, and what was typed so far.
struct View {
    purpose: Purpose,
    number: Option<usize>,
    fields: Fields,
}

async fn turn(ctx: Ctx, Path(id): Path<FormId>, Form(fields): Form<Vec<(String, String)>>) -> Result<Response> {
    let (form, definition) = ctx.door()?.read(move |p| working(p, id)).await?;
    let get = |name: &str| fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
    let now: usize = get("page").parse().unwrap_or(0);
    let (answers, refused) = answers(&definition, &fields);
    let all = pages(&definition, &answers);
    let topics = definition.topics();
    let is_wrong = topics.get(now).is_some_and(|topic| topic.items.iter().any(|item| refused.contains_key(&item.id)));
    let number = match get("go") {
        "back" => all.iter().rev().find(|page| **page < now).or(all.first()).copied(),
        _ if is_wrong => Some(now),
        _ => all.iter().find(|page| **page > now).copied(),
    };
    page(&ctx, id, &definition, View { purpose: form.purpose, number, fields })
}

fn page(ctx: &Ctx, id: FormId, definition: &Definition, view: View) -> Result<Response> {
    let words = ctx.words();
    let (answers, refused) = answers(definition, &view.fields);
    let all = pages(definition, &answers);
    let paper = view.number.map(|number| Paper::new(definition, number, &answers, words).refused(&refused));
    let number = view.number.unwrap_or(definition.topics().len());
    let at = all.iter().position(|page| *page == number);
    let last = at.is_none_or(|at| at + 1 == all.len());
    let (at_said, of_said) = (at.map_or(0, |at| at + 1).to_string(), all.len().to_string());
    let page = PreviewPage {
        shell: ctx.shell(format!("Preview: {}", definition.title), Section::Forms),
        id,
        title: definition.title.clone(),
        practice: ctx.practice()?.name.clone(),
        intro: if at == Some(0) { paragraphs(&definition.intro) } else { Vec::new() },
        errors: ErrorSummary {
            items: paper.as_ref().map(Paper::errors).unwrap_or_default(),
            title: words.t("ui-error-summary"),
        },
        paper,
        number,
        at: at.map_or(all.len(), |at| at + 1),
        of: all.len(),
        progress: words.with("forms-page-of", &[("at", &at_said), ("of", &of_said)]),
        button: match view.purpose {
            Purpose::Policy if last => "forms-agree",
            Purpose::Welcome if last => "forms-read-done",
            _ => "forms-save-on",
        },
        has_back: at.is_some_and(|at| at > 0),
        carried: carried(definition, view.number, view.fields),
    };
    html(StatusCode::OK, &page)
}

fn paragraphs(text: &str) -> Vec<String> {
    text.split("\n\n").map(str::trim).filter(|part| !part.is_empty()).map(str::to_string).collect()
}

/// What was typed on the pages that are not shown now.
fn carried(definition: &Definition, number: Option<usize>, fields: Fields) -> Fields {
    let topics = definition.topics();
    let here = number.and_then(|number| topics.get(number)).map_or(&[][..], |topic| topic.items);
    let own = |item: &Item| {
        let name = field_name(&item.id);
        [format!("{name}-own"), format!("{name}-drawn"), name]
    };
    let here: Vec<String> = here.iter().flat_map(own).collect();
    let known: Vec<String> = definition.questions().flat_map(own).collect();
    fields.into_iter().filter(|(name, _)| known.contains(name) && !here.contains(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Answer, Combine, Condition, ShowIf, Test};
    use super::*;

    #[test]
    fn pages_come_and_go_with_the_answers() {
        let mut more = Item::new("h", Kind::Heading, "More");
        let condition = Condition { question: "a".into(), test: Test::Is, value: "yes".into() };
        more.show_if = Some(ShowIf { combine: Combine::All, conditions: vec![condition] });
        let items = vec![
            Item::new("a", Kind::YesNo, "Do you?"),
            more,
            Item::new("b", Kind::Number, "How many?"),
            Item::new("e", Kind::Heading, "End"),
            Item::new("c", Kind::ShortText, "Else?"),
        ];
        let definition = Definition { title: "T".into(), items, ..Definition::default() };
        assert_eq!(pages(&definition, &Answers::new()), [0, 2]);
        let field = |name: &str, value: &str| (name.to_string(), value.to_string());
        let fields = vec![field("q-a", "yes"), field("q-b", "many"), field("q-c", ""), field("page", "0")];
        let (answers, refused) = answers(&definition, &fields);
        assert_eq!(answers.get("a"), Some(&Answer::YesNo(true)));
        assert!(refused.contains_key("b") && !refused.contains_key("c"));
        assert_eq!(pages(&definition, &answers), [0, 1, 2]);
        assert_eq!(carried(&definition, Some(0), fields).len(), 2, "what is known and of other pages");
    }
}
