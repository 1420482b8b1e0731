//! Forms: what a practice asks of its clients, built, published in versions, brought in and given out.
//!
//! The builder works on a draft, which is always sound: what is wrong is refused where it is typed. Publishing makes a
//! version that is never changed again; answers belong to the version that they were given to. Three kinds: a form is
//! filled in, a policy is read and agreed to, a welcome text is read.

mod answer;
#[cfg(test)]
mod answer_tests;
mod api;
mod arrange;
mod builder;
mod definition;
pub mod fhir;
mod file_pages;
mod item_form;
mod item_pages;
mod known;
mod library;
mod pages;
mod paper;
mod preview;
mod problems;
mod queries;
mod said;
mod scoring;
mod shown;
mod text_pages;

pub use answer::{
    Answer, Answers, CANVAS, File as AnsweredFile, LONG_LIMIT, OWN, OWN_LIMIT, Refusal, SHORT_LIMIT, Signature, Typed,
    check, missing, number, path, read, said, typed,
};
pub use arrange::{Arrange, Placed, arrange};
pub use definition::{
    CHOICE_LIMIT, Choice, Code, Combine, Condition, Definition, EXPLANATION_LIMIT, ITEM_LIMIT, Item, Kind, LABEL_LIMIT,
    Problem, SIZE_LIMIT, Scale, ShowIf, TEXT_LIMIT, TITLE_LIMIT, Test, Topic, is_id,
};
pub use known::definition;
pub use library::{LibraryForm, add_first, add_from_library, library};
pub use pages::{Side, tabs};
pub use paper::{Paper, Refused, field_name, said as refusal_said};
pub use scoring::{INSTRUMENTS, Instrument, LOINC, Score, is_critical, is_scored, score};
pub use shown::shown;

use std::sync::Arc;

use crate::audit::Entry;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::ids::{FormId, FormVersionId, MemberId};
use crate::practice::Practice;
use crate::routes::Routes;

/// Forms of one practice at most, archived ones among them.
pub const LIMIT: i64 = 500;
/// The question by which somebody agrees to a policy, and its one choice.
pub const AGREE: &str = "agree";

pub fn routes(routes: Routes) -> Routes {
    let routes = file_pages::routes(preview::routes(pages::routes(routes)));
    api::routes(text_pages::routes(item_pages::routes(builder::routes(routes))))
}

/// What is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Filled in.
    Form,
    /// Read and agreed to.
    Policy,
    /// Read.
    Welcome,
}

impl Purpose {
    pub const ALL: [Purpose; 3] = [Purpose::Form, Purpose::Policy, Purpose::Welcome];

    pub fn as_str(self) -> &'static str {
        match self {
            Purpose::Form => "form",
            Purpose::Policy => "policy",
            Purpose::Welcome => "welcome",
        }
    }

    pub fn parse(text: &str) -> Option<Purpose> {
        Purpose::ALL.into_iter().find(|purpose| purpose.as_str() == text)
    }

    /// Whether a definition asks what such a thing asks: a policy has the one box to tick, a welcome text asks nothing.
    pub fn fits(self, definition: &Definition) -> bool {
        let mut questions = definition.questions();
        match self {
            Purpose::Form => true,
            Purpose::Welcome => questions.next().is_none(),
            Purpose::Policy => {
                let agree = questions.next();
                let is_box =
                    |item: &Item| item.id == AGREE && item.kind == Kind::Single && item.choice(AGREE).is_some();
                agree.is_some_and(is_box) && questions.next().is_none()
            }
        }
    }

    /// As the staff see it.
    pub fn name(self) -> &'static str {
        match self {
            Purpose::Form => "Form",
            Purpose::Policy => "Policy",
            Purpose::Welcome => "Welcome text",
        }
    }
}

/// A form of the practice, without what it asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    pub id: FormId,
    pub purpose: Purpose,
    pub title: String,
    /// What is given to clients; nothing: it was never published.
    pub published: Option<FormVersionId>,
    /// Changed since it was published.
    pub has_draft: bool,
    pub updated_at: Instant,
    pub archived: Option<Instant>,
    pub version: i64,
    /// About how long it takes, as it is being worked on.
    pub minutes: i64,
}

/// What was published once.
#[derive(Debug, Clone)]
pub struct Version {
    pub id: FormVersionId,
    pub form: FormId,
    pub number: i64,
    pub published_at: Instant,
    pub published_by: Option<MemberId>,
    pub published_by_name: Option<String>,
    pub definition: Arc<Definition>,
}

/// Which forms a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Standing,
    Archived,
}

/// What came of saving a form.
#[derive(Debug, Clone)]
pub enum Saved {
    Saved(Form),
    Refused(Vec<Problem>),
    /// Somebody else saved in between; what stands now.
    Stale(Form),
}

/// A policy as a form: a text, and one box to tick.
pub fn policy(title: &str, text: &str) -> Definition {
    let mut agree = Item::new(AGREE, Kind::Single, "Do you agree?");
    agree.required = true;
    agree.choices = vec![Choice {
        code: AGREE.into(),
        label: "I have read this and agree to it".into(),
        system: String::new(),
        points: None,
        alert: false,
    }];
    let text = Item::new("text", Kind::Explanation, text);
    Definition { title: title.into(), items: vec![text, agree], ..Definition::default() }
}

/// A welcome text as a form without questions.
pub fn welcome(title: &str, text: &str) -> Definition {
    let text = Item::new("text", Kind::Explanation, text);
    Definition { title: title.into(), items: vec![text], ..Definition::default() }
}

/// The forms of a practice, by title.
pub fn list(p: &Practice, which: Which) -> Result<Vec<Form>> {
    queries::list(p, which)
}

/// Those that can be given to clients, by title.
pub fn published(p: &Practice) -> Result<Vec<Form>> {
    Ok(queries::list(p, Which::Standing)?.into_iter().filter(|form| form.published.is_some()).collect())
}

/// Errors: not found.
pub fn find(p: &Practice, id: FormId) -> Result<Form> {
    queries::by_id(p, id)?.ok_or(Error::NotFound)
}

/// A form and what it asks, as the builder has it: the draft, or what was published last.
pub fn working(p: &Practice, id: FormId) -> Result<(Form, Definition)> {
    let form = find(p, id)?;
    let definition = match (queries::draft(p, id)?, form.published) {
        (Some(draft), _) => draft,
        (None, Some(published)) => Definition::clone(&version(p, published)?.definition),
        (None, None) => return Err(Error::internal("a form with neither draft nor version")),
    };
    Ok((form, definition))
}

/// A version, with what it asks. Errors: not found.
pub fn version(p: &Practice, id: FormVersionId) -> Result<Version> {
    queries::version(p, id)?.ok_or(Error::NotFound)
}

/// All versions of a form, the newest first.
pub fn versions(p: &Practice, id: FormId) -> Result<Vec<Version>> {
    queries::versions(p, id)
}

/// Everything that is wrong with what a form of a purpose asks.
pub fn problems(purpose: Purpose, definition: &Definition) -> Vec<Problem> {
    let mut problems = definition.problems();
    if !purpose.fits(definition) {
        let message = match purpose {
            Purpose::Policy => format!("A policy asks one thing: “{AGREE}”, with one box to tick. Make a form of it."),
            _ => "A welcome text asks nothing. Make a form of it.".into(),
        };
        problems.push(Problem { item: String::new(), field: "items", message });
    }
    problems
}

/// Keeps a new form as a draft. Errors in it are said, and nothing is kept.
pub fn add(p: &Practice, purpose: Purpose, definition: &Definition) -> Result<Saved> {
    let mut problems = problems(purpose, definition);
    if queries::count(p)? >= LIMIT {
        let message = format!("A practice has {LIMIT} forms at most.");
        problems.push(Problem { item: String::new(), field: "title", message });
    }
    if !problems.is_empty() {
        return Ok(Saved::Refused(problems));
    }
    let id = FormId(p.new_id());
    queries::insert(p, id, purpose, definition)?;
    p.audit(&Entry::new("form.added", "form", Some(id.0)))?;
    find(p, id).map(Saved::Saved)
}

/// What came of a file.
#[derive(Debug, Clone)]
pub enum Imported {
    /// A new form, as a draft, and notes on what could not be kept as it was in the file.
    Added(Form, Vec<String>),
    Refused(Vec<Problem>),
    /// The file is no questionnaire that can be read; why.
    Unreadable(String),
}

/// Makes a new form of a file that another program made: a FHIR R4 Questionnaire in JSON.
pub fn import(p: &Practice, bytes: &[u8]) -> Result<Imported> {
    let read = match fhir::read(bytes) {
        Ok(read) => read,
        Err(why) => return Ok(Imported::Unreadable(why)),
    };
    Ok(match add(p, read.purpose, &read.definition)? {
        Saved::Saved(form) => Imported::Added(form, read.notes),
        Saved::Refused(problems) => Imported::Refused(problems),
        Saved::Stale(_) => return Err(Error::internal("a new form cannot be stale")),
    })
}

/// A form as a file for other programs: one of its versions by number, or as clients get it, or the draft of one that
/// was never published. Errors: not found; no such version.
pub fn questionnaire(p: &Practice, id: FormId, number: Option<i64>) -> Result<serde_json::Value> {
    let (form, draft) = working(p, id)?;
    let published = match number {
        Some(number) => Some(queries::version_by_number(p, id, number)?.ok_or(Error::NotFound)?),
        None => form.published.map(|published| version(p, published)).transpose()?,
    };
    let status = match (form.archived, &published) {
        (Some(_), _) => "retired",
        (None, Some(_)) => "active",
        (None, None) => "draft",
    };
    Ok(fhir::write(&fhir::Exported {
        definition: published.as_ref().map_or(&draft, |version| &version.definition),
        purpose: form.purpose,
        url: &fhir::address(p, id),
        number: published.as_ref().map(|version| version.number),
        date: published.as_ref().map_or(form.updated_at, |version| version.published_at),
        status,
    }))
}

/// Changes the draft. `version`: the one that the change was made from; nothing: whatever stands now is changed.
/// Errors: not found; archived.
pub fn change(p: &Practice, id: FormId, definition: &Definition, version: Option<i64>) -> Result<Saved> {
    let (form, stands) = working(p, id)?;
    if version.is_some_and(|version| version != form.version) {
        return Ok(Saved::Stale(form));
    }
    refuse_archived(&form)?;
    let problems = problems(form.purpose, definition);
    if !problems.is_empty() {
        return Ok(Saved::Refused(problems));
    }
    if *definition == stands {
        return Ok(Saved::Saved(form));
    }
    keep(p, &form, definition, None).map(Saved::Saved)
}

/// Keeps a draft that is sound. One that is again as it was published is none. `before`: what Undo puts back.
fn keep(p: &Practice, form: &Form, definition: &Definition, before: Option<&Definition>) -> Result<Form> {
    let published = form.published.map(|id| version(p, id)).transpose()?;
    if published.is_some_and(|published| *published.definition == *definition) {
        queries::drop_draft(p, form.id, definition, before)?;
    } else {
        queries::set_draft(p, form.id, definition, before)?;
    }
    p.audit(&Entry::new("form.changed", "form", Some(form.id.0)))?;
    find(p, form.id)
}

/// Puts back what was taken out of a draft last. Errors: it was changed since.
pub fn undo(p: &Practice, id: FormId) -> Result<Form> {
    let form = find(p, id)?;
    refuse_archived(&form)?;
    let before = queries::before(p, id)?;
    let before = before.ok_or_else(|| {
        Error::Conflict("The form was changed since: what was there before cannot be put back any more.".into())
    })?;
    keep(p, &form, &before, None)
}

/// How many clients have begun to answer a form: they keep the version that they began with.
pub fn begun(p: &Practice, id: FormId) -> Result<i64> {
    queries::begun(p, id)
}

/// Publishes the draft as a new version: what is given from now on, also to those who were given the form and have not
/// begun. Without a draft nothing happens. Errors: not found; archived; nothing in it yet.
pub fn publish(p: &Practice, id: FormId) -> Result<Form> {
    let (form, definition) = working(p, id)?;
    refuse_archived(&form)?;
    if !form.has_draft {
        return Ok(form);
    }
    if definition.items.is_empty() {
        return Err(Error::Conflict("There is nothing in this form yet. Add a question first.".into()));
    }
    let version = FormVersionId(p.new_id());
    queries::insert_version(p, id, version, &definition)?;
    queries::set_published(p, id, version)?;
    p.audit(&Entry::new("form.published", "form", Some(id.0)))?;
    find(p, id)
}

/// Drops the draft of a form that was published: it is again as clients get it, until somebody takes that back. Errors:
/// never published.
pub fn discard_draft(p: &Practice, id: FormId) -> Result<Form> {
    let form = find(p, id)?;
    let Some(published) = form.published else {
        return Err(Error::Conflict("This form was never published: there is nothing to go back to.".into()));
    };
    if form.has_draft {
        let draft = queries::draft(p, id)?;
        queries::drop_draft(p, id, &version(p, published)?.definition, draft.as_ref())?;
        p.audit(&Entry::new("form.draft_discarded", "form", Some(id.0)))?;
    }
    find(p, id)
}

/// A copy of a form, as a draft.
pub fn duplicate(p: &Practice, id: FormId) -> Result<Saved> {
    let (form, mut definition) = working(p, id)?;
    let title: String = definition.title.chars().take(TITLE_LIMIT - 7).collect();
    definition.title = format!("{title} (copy)");
    add(p, form.purpose, &definition)
}

/// Takes a form out of use; what was answered stays. Errors: a flow asks for it.
pub fn archive(p: &Practice, id: FormId) -> Result<()> {
    let form = find(p, id)?;
    if let Some(flow) = queries::flow_with(p, id)? {
        let text = format!("It is a step of the intake flow “{flow}”. Take it out of the flow first.");
        return Err(Error::Conflict(text));
    }
    if form.archived.is_none() {
        queries::set_archived(p, id, Some(p.now))?;
        p.audit(&Entry::new("form.archived", "form", Some(id.0)))?;
    }
    Ok(())
}

pub fn restore(p: &Practice, id: FormId) -> Result<()> {
    if find(p, id)?.archived.is_some() {
        queries::set_archived(p, id, None)?;
        p.audit(&Entry::new("form.restored", "form", Some(id.0)))?;
    }
    Ok(())
}

fn refuse_archived(form: &Form) -> Result<()> {
    if form.archived.is_none() {
        return Ok(());
    }
    Err(Error::Conflict("This form is archived. Restore it first.".into()))
}
