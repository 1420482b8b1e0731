//! Forms of a client as the JSON API says them.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use super::{Alert, By, Past, Reminders, Sheet, Task};
use crate::error::Result;
use crate::forms::{self, Answers, Score};
use crate::ids::{ClientFormId, ClientId, FlowId, FormId, FormVersionId};
use crate::practice::Practice;

#[derive(Debug, Serialize)]
pub struct ClientFormBody {
    id: ClientFormId,
    client_id: ClientId,
    form_id: FormId,
    /// What is asked: the version that was answered, or that would be now.
    form_version_id: FormVersionId,
    form_version: i64,
    title: String,
    /// form, policy, welcome.
    purpose: &'static str,
    flow_id: Option<FlowId>,
    required: bool,
    /// open, started, done, waived, skipped, withdrawn.
    state: &'static str,
    given_at: String,
    started_at: Option<String>,
    saved_at: Option<String>,
    /// Questions with an answer, and all questions.
    answered: i64,
    questions: usize,
    minutes_left: usize,
    done_at: Option<String>,
    done_by: Option<ByBody>,
    reopened_at: Option<String>,
    /// Answers to hidden questions that were left out when it was handed in.
    left_out: i64,
    version: i64,
}

#[derive(Debug, Serialize)]
pub struct ByBody {
    /// member, client, contact, desk, system.
    kind: &'static str,
    /// The member's id.
    id: Option<Uuid>,
    /// Of a member or a contact.
    name: Option<String>,
}

impl ByBody {
    fn new(by: &By) -> ByBody {
        let is_member = by.giver == super::Giver::Member;
        ByBody { kind: by.giver.as_str(), id: by.id.filter(|_| is_member), name: by.name.clone() }
    }
}

impl ClientFormBody {
    pub fn new(task: &Task) -> ClientFormBody {
        let at = |at: Option<crate::clock::Instant>| at.map(|at| at.rfc3339());
        ClientFormBody {
            id: task.id,
            client_id: task.client,
            form_id: task.form,
            form_version_id: task.version,
            form_version: task.version_number,
            title: task.title.clone(),
            purpose: task.purpose.as_str(),
            flow_id: task.flow,
            required: task.is_required(),
            state: task.state.as_str(),
            given_at: task.given_at.rfc3339(),
            started_at: at(task.started_at),
            saved_at: at(task.saved_at),
            answered: task.answered,
            questions: task.asked,
            minutes_left: task.minutes_left(),
            done_at: at(task.done_at),
            done_by: task.done_by.as_ref().map(ByBody::new),
            reopened_at: at(task.reopened_at),
            left_out: task.left_out,
            version: task.row_version,
        }
    }
}

#[derive(Debug, Serialize)]
pub struct RemindersBody {
    /// How often they were reminded since something new was given.
    sent: i64,
    last_at: Option<String>,
    /// When they are reminded next, by itself.
    next_at: Option<String>,
    stopped_at: Option<String>,
}

impl RemindersBody {
    pub fn new(stands: Reminders) -> RemindersBody {
        RemindersBody {
            sent: stands.sent,
            last_at: stands.last.map(|at| at.rfc3339()),
            next_at: stands.next.map(|at| at.rfc3339()),
            stopped_at: stands.stopped.map(|at| at.rfc3339()),
        }
    }
}

/// A form with its answers, for those who read them.
#[derive(Debug, Serialize)]
pub struct AnsweredBody {
    #[serde(flatten)]
    form: ClientFormBody,
    answers: Answers,
    score: Option<ScoreBody>,
    /// Answers that count no more, in the order of typing.
    history: Vec<PastBody>,
}

#[derive(Debug, Serialize)]
struct ScoreBody {
    /// The instrument's name; empty: a form of the practice's own.
    name: &'static str,
    sum: i64,
    most: i64,
    /// Empty where nobody has said what a sum means.
    band: &'static str,
}

impl ScoreBody {
    fn new(score: Score) -> ScoreBody {
        ScoreBody { name: score.name, sum: score.sum, most: score.most, band: score.band }
    }
}

#[derive(Debug, Serialize)]
struct PastBody {
    question: String,
    /// Nothing: it was emptied.
    answer: Option<forms::Answer>,
    /// later, hidden, reopened.
    ended: Option<String>,
    saved_at: String,
    by: ByBody,
}

impl AnsweredBody {
    pub fn new(sheet: &Sheet, history: &[Past]) -> AnsweredBody {
        let past = |past: &Past| PastBody {
            question: past.question.clone(),
            answer: past.answer.clone(),
            ended: past.ended.clone(),
            saved_at: past.saved_at.rfc3339(),
            by: ByBody::new(&past.by),
        };
        AnsweredBody {
            form: ClientFormBody::new(&sheet.task),
            answers: sheet.answers.clone(),
            score: forms::score(&sheet.version.definition, &sheet.answers).map(ScoreBody::new),
            history: history.iter().filter(|past| !past.counts).map(past).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct AlertBody {
    id: Uuid,
    client_id: ClientId,
    client_form_id: ClientFormId,
    title: String,
    /// The id of the question, for those who read answers.
    question: Option<String>,
    raised_at: String,
    seen_at: Option<String>,
    seen_by: Option<Uuid>,
}

impl AlertBody {
    pub fn new(p: &Practice, alert: &Alert) -> AlertBody {
        let reads = p.actor.member().is_some_and(|member| member.role.is_clinical());
        AlertBody {
            id: alert.id,
            client_id: alert.client,
            client_form_id: alert.form,
            title: alert.title.clone(),
            question: reads.then(|| alert.question.clone()),
            raised_at: alert.raised_at.rfc3339(),
            seen_at: alert.seen_at.map(|at| at.rfc3339()),
            seen_by: alert.seen_by.map(|member| member.0),
        }
    }
}

/// Everything that a client was given, as the whole record has it: with the answers for those who read them.
#[derive(Debug, Serialize)]
pub struct WholeFormBody {
    #[serde(flatten)]
    form: ClientFormBody,
    /// Each question and its answer, in words.
    said: Option<Vec<SaidBody>>,
    answers: Option<Answers>,
    score: Option<ScoreBody>,
}

#[derive(Debug, Serialize)]
struct SaidBody {
    question: String,
    answer: String,
}

/// What a client was given, and what was answered to it; nothing of the answers for those who do not read them.
pub struct WholeForm {
    pub task: Task,
    pub sheet: Option<Sheet>,
}

impl WholeForm {
    /// Each question that was answered and its answer, in words.
    pub fn said(&self) -> Vec<(String, String)> {
        let Some(sheet) = &self.sheet else { return Vec::new() };
        let answered = sheet.version.definition.questions().filter_map(|item| {
            let answer = sheet.answers.get(&item.id)?;
            Some((item.text.clone(), super::staff_answers::said(Some(item), answer)))
        });
        answered.collect()
    }

    pub fn score(&self) -> Option<Score> {
        self.sheet.as_ref().and_then(|sheet| forms::score(&sheet.version.definition, &sheet.answers))
    }
}

impl WholeFormBody {
    pub fn new(whole: &WholeForm) -> WholeFormBody {
        let said = |(question, answer): (String, String)| SaidBody { question, answer };
        WholeFormBody {
            form: ClientFormBody::new(&whole.task),
            said: whole.sheet.as_ref().map(|_| whole.said().into_iter().map(said).collect()),
            answers: whole.sheet.as_ref().map(|sheet| sheet.answers.clone()),
            score: whole.score().map(ScoreBody::new),
        }
    }
}

/// Everything that a client was given, for the whole record.
pub fn whole(p: &Practice, client: ClientId) -> Result<Vec<WholeForm>> {
    let reads = p.actor.member().is_some_and(|member| member.role.is_clinical());
    let name = crate::clients::open(p, client)?.name();
    let mut all = Vec::new();
    // Many are versions of the same few.
    let mut versions: BTreeMap<Uuid, forms::Version> = BTreeMap::new();
    for task in super::list(p, client)? {
        let sheet = if reads && task.bound.is_some() {
            let version = match versions.get(&task.version.0) {
                Some(version) => version.clone(),
                None => forms::version(p, task.version)?,
            };
            versions.insert(task.version.0, version.clone());
            Some(Sheet {
                answers: super::queries::answers(p, task.id)?,
                version,
                name: name.clone(),
                task: task.clone(),
            })
        } else {
            None
        };
        all.push(WholeForm { task, sheet });
    }
    Ok(all)
}
