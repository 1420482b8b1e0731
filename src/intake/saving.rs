//! Keeping answers as they are typed: by one or by several devices, at once or after a connection was lost.

use std::collections::BTreeSet;
use std::time::Duration;

use uuid::Uuid;

use super::{State, alerts, queries};
use crate::activities::Kind as Activity;
use crate::audit::Entry;
use crate::clients;
use crate::clock::Instant;
use crate::documents::{self, Sharing};
use crate::error::{Error, Result};
use crate::forms::{self, AGREE, Answer, AnsweredFile, Item, Kind, Purpose, Refusal, Typed, Version};
use crate::ids::{ClientFormId, DocumentId, FormVersionId};
use crate::practice::Practice;

/// Answers in one save at most.
pub const SAVE_LIMIT: usize = 400;
/// How far back an answer can have been typed before it arrives.
const LATE: Duration = Duration::from_secs(7 * 86_400);
/// While the same page goes on typing, an answer is replaced; after so long, or from another page, it is kept beside.
const SITTING: Duration = Duration::from_secs(600);
/// Rows of answers to one form at most, past ones among them.
const HISTORY_LIMIT: i64 = 2_000;

/// What somebody said to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// As a form's fields hold it.
    Typed(Typed),
    /// As a program says it.
    Answer(Answer),
    /// A file that is kept as a document of the client.
    File(AnsweredFile),
    /// It is taken back.
    Nothing,
}

/// One answer on its way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub question: String,
    pub said: Said,
    /// How long ago it was typed.
    pub ago: Duration,
}

impl Given {
    pub fn now(question: impl Into<String>, said: Said) -> Given {
        Given { question: question.into(), said, ago: Duration::ZERO }
    }
}

/// What became of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    Kept,
    /// Somebody typed another one later: that one counts. It stays as it is.
    Older(Option<Answer>),
    Refused(Refusal),
    /// The form does not ask this.
    NotAsked,
}

/// What became of a save.
#[derive(Debug, Clone)]
pub struct Saved {
    pub at: Instant,
    /// For each answer that was sent, in the same order.
    pub kept: Vec<(String, Kept)>,
}

/// A page of a form in front of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    pub sitting: Uuid,
    /// What it shows: as long as nobody has begun, another version may be published meanwhile.
    pub version: Option<FormVersionId>,
}

/// Keeps answers to a form as it is asked now: `save_on` for whoever has no page in front of them.
pub fn save(p: &Practice, id: ClientFormId, sitting: Uuid, given: &[Given]) -> Result<Saved> {
    save_on(p, id, Page { sitting, version: None }, given)
}

/// Keeps answers that were typed on a page to a form that is open. What cannot be kept is said one by one; everything
/// else is. Errors: not found; it was handed in or taken back; the client is archived; it is not its turn; what the page
/// shows is not asked any more.
pub fn save_on(p: &Practice, id: ClientFormId, page: Page, given: &[Given]) -> Result<Saved> {
    let task = super::as_seen(p, super::find(p, id)?, page.version)?;
    let version = forms::version(p, task.version)?;
    save_known(p, &task, &version, page.sitting, given)
}

/// The same for a form that was found already, with the version that its page shows.
pub fn save_known(
    p: &Practice,
    task: &super::Task,
    version: &Version,
    sitting: Uuid,
    given: &[Given],
) -> Result<Saved> {
    let id = task.id;
    refuse_closed(p, task)?;
    // What was begun goes on being kept, although a step before it was opened again.
    if task.state == State::Open {
        refuse_out_of_turn(p, task)?;
    }
    let questions: BTreeSet<&str> = given.iter().map(|one| one.question.as_str()).collect();
    if given.len() > SAVE_LIMIT || questions.len() < given.len() {
        return Err(Error::bad_request("Too many answers at once, or two to one question."));
    }
    let (stands, goes_on) = queries::standing_of(p, id, &questions, sitting)?;
    let mut kept = Vec::with_capacity(given.len());
    let mut critical = Vec::new();
    let (mut changed, mut again) = (false, true);
    for one in given {
        let item = version.definition.item(&one.question).filter(|item| item.kind.is_question());
        let Some(item) = item else {
            kept.push((one.question.clone(), Kept::NotAsked));
            continue;
        };
        let answer = match read(p, task, item, &one.said)? {
            Ok(answer) => answer,
            Err(refusal) => {
                kept.push((one.question.clone(), Kept::Refused(refusal)));
                continue;
            }
        };
        let typed_at = p.now.minus(one.ago.min(LATE));
        let current = stands.iter().find(|standing| standing.question == one.question);
        let outcome = keep(p, task, current, &New { item, answer: answer.as_ref(), typed_at, sitting })?;
        if outcome == Outcome::Changed {
            changed = true;
            again &= answer.is_some() && current.is_some_and(|standing| standing.answer.is_some());
            critical.extend(answer.filter(|a| forms::is_critical(&version.definition, item, a)).map(|_| item));
        }
        let older = || current.and_then(|standing| standing.answer.clone());
        kept.push((one.question.clone(), if outcome == Outcome::Older { Kept::Older(older()) } else { Kept::Kept }));
    }
    if changed {
        begin(p, task)?;
        queries::set_saved(p, id, again)?;
        // Once for each page that somebody types in: every letter has its row in the history.
        if !goes_on {
            p.audit(&Entry::new("form.answered", "client_form", Some(task.id.0)).client(task.client))?;
        }
    }
    for item in critical {
        alerts::raise(p, task, item)?;
    }
    Ok(Saved { at: p.now, kept })
}

/// Errors: it is not open for whoever asks.
pub fn refuse_closed(p: &Practice, task: &super::Task) -> Result<()> {
    clients::refuse_archived(&clients::find(p, task.client)?.status)?;
    if !task.state.is_open() {
        return Err(Error::Conflict("This form is not open any more: it was handed in, or is not needed.".into()));
    }
    Ok(())
}

/// Errors: another step comes first.
pub fn refuse_out_of_turn(p: &Practice, task: &super::Task) -> Result<()> {
    if super::before(p, task)?.is_some() {
        return Err(Error::Conflict("Another step comes first.".into()));
    }
    Ok(())
}

fn read(
    p: &Practice,
    task: &super::Task,
    item: &Item,
    said: &Said,
) -> Result<std::result::Result<Option<Answer>, Refusal>> {
    let is_signing = item.kind == Kind::Signature || (task.purpose == Purpose::Policy && item.id == AGREE);
    if is_signing && !super::handing_in::may_sign(p) {
        return Ok(Err(Refusal::NotTheirs));
    }
    Ok(match said {
        Said::Nothing => Ok(None),
        Said::Typed(_) if item.kind == Kind::File => Err(Refusal::NoSuchChoice),
        Said::Typed(typed) => forms::read(item, typed),
        Said::Answer(answer) => forms::check(item, answer).map(Some),
        Said::File(file) if item.kind == Kind::File => {
            let document = documents::find(p, DocumentId(file.document))?;
            let shared = document.sharing == Sharing::Shared;
            let fits = document.client == task.client && document.deleted.is_none() && shared;
            let file = AnsweredFile { document: file.document, name: document.name };
            if fits { Ok(Some(Answer::File(file))) } else { Err(Refusal::NoSuchChoice) }
        }
        Said::File(_) => Err(Refusal::NoSuchChoice),
    })
}

/// An answer that counts, as it stands in the database.
pub struct Standing {
    pub id: Uuid,
    pub question: String,
    pub answer: Option<Answer>,
    pub typed_at: Instant,
    pub saved_at: Instant,
    pub sitting: Option<Uuid>,
    pub giver_id: Option<Uuid>,
}

/// An answer that wants to count.
pub struct New<'n> {
    pub item: &'n Item,
    pub answer: Option<&'n Answer>,
    pub typed_at: Instant,
    pub sitting: Uuid,
}

#[derive(PartialEq, Eq)]
enum Outcome {
    Changed,
    /// The same as it stands: sent again.
    Same,
    Older,
}

fn keep(p: &Practice, task: &super::Task, current: Option<&Standing>, new: &New) -> Result<Outcome> {
    let Some(current) = current else {
        if new.answer.is_none() {
            return Ok(Outcome::Same);
        }
        queries::insert(p, task.id, new, queries::Place::Counts)?;
        return Ok(Outcome::Changed);
    };
    if current.answer.as_ref() == new.answer {
        return Ok(Outcome::Same);
    }
    let same_page = current.sitting == Some(new.sitting) && current.giver_id == p.actor.id();
    if new.typed_at < current.typed_at {
        // What was typed before, and arrives now, is history; what the page itself has replaced since is nothing.
        if !same_page && queries::count(p, task.id)? < HISTORY_LIMIT {
            queries::insert(p, task.id, new, queries::Place::Past)?;
        }
        return Ok(Outcome::Older);
    }
    let goes_on = same_page && p.now.since(current.saved_at) < SITTING;
    if goes_on {
        queries::replace(p, current.id, new)?;
    } else if queries::count(p, task.id)? >= HISTORY_LIMIT {
        // Nobody's answer gives way without a trace.
        return Err(Error::Conflict("This form was changed too often. Please ask the practice to look at it.".into()));
    } else {
        queries::end(p, current.id, "later")?;
        queries::insert(p, task.id, new, queries::Place::Counts)?;
    }
    Ok(Outcome::Changed)
}

/// With the first answer the form is bound to the version that was answered.
pub fn begin(p: &Practice, task: &super::Task) -> Result<()> {
    if task.state != State::Open {
        return Ok(());
    }
    queries::begin(p, task.id, task.version)?;
    p.note(Activity::FormStarted, task.client, Some(&task.title))?;
    p.audit(&Entry::new("form.started", "client_form", Some(task.id.0)).client(task.client))
}
