use std::collections::BTreeSet;

use uuid::Uuid;

use super::alerts::{Alert, LIMIT as ALERT_LIMIT};
use super::saving::{New, Standing};
use super::{By, Giver, Past, State, Task};
use crate::clock::Instant;
use crate::db::Row;
use crate::error::{Error, Result};
use crate::flows::Needed;
use crate::forms::{self, Answer, Answers, Purpose};
use crate::ids::{AccessId, AccountId, ClientFormId, ClientId, FlowId, FormVersionId, MemberId};
use crate::params;
use crate::practice::Practice;

/// Forms of one client that a list shows.
const LIST_LIMIT: i64 = 1_000;

macro_rules! select {
    ($where:literal) => {
        concat!(
            "select t.id, t.client_id, t.form_id, t.version_id, v.id, f.kind, t.flow_id, t.position, t.required, t.state,
             t.given_at, t.started_at, t.saved_at, t.answered, v.definition, t.done_at, t.done_kind, t.done_by,
             t.reopened_at, t.left_out, v.number, t.version, m.first_name, m.last_name, c.first_name, c.last_name
             from client_forms t
             join forms f on f.practice_id = t.practice_id and f.id = t.form_id
             join form_versions v on v.practice_id = t.practice_id and v.id = coalesce(t.version_id, f.published_id)
             left join members m on m.practice_id = t.practice_id and m.id = t.done_by
             left join portal_access a on a.practice_id = t.practice_id and a.id = t.done_by
             left join contacts c on c.practice_id = a.practice_id and c.id = a.contact_id
             where t.practice_id = $1 and ",
            $where
        )
    };
}

macro_rules! alert {
    ($where:literal) => {
        concat!(
            "select l.id, l.client_id, l.client_form_id, f.title, l.question_sealed, l.raised_at, l.seen_at, l.seen_by
             from form_alerts l
             join client_forms t on t.practice_id = l.practice_id and t.id = l.client_form_id
             join forms f on f.practice_id = t.practice_id and f.id = t.form_id
             where l.practice_id = $1 and ",
            $where
        )
    };
}

crate::sql! {
    tenant LIST = select!("t.client_id = $2 order by t.position, t.id limit $3");
    tenant BY_ID = select!("t.id = $2");
    tenant STANDING =
        "select id, question, value_sealed, typed_at, saved_at, sitting, giver_id from answers
         where practice_id = $1 and client_form_id = $2 and counts limit 1000";
    tenant HISTORY =
        "select s.id, s.question, s.value_sealed, s.counts, s.ended, s.saved_at, s.giver_kind, s.giver_id, m.first_name,
         m.last_name, c.first_name, c.last_name from answers s
         left join members m on m.practice_id = s.practice_id and m.id = s.giver_id
         left join portal_access a on a.practice_id = s.practice_id and a.id = s.giver_id
         left join contacts c on c.practice_id = a.practice_id and c.id = a.contact_id
         where s.practice_id = $1 and s.client_form_id = $2 order by s.question, s.typed_at, s.id limit 6000";
    tenant COUNT = "select count(*) from answers where practice_id = $1 and client_form_id = $2";
    tenant INSERT =
        "insert into answers (practice_id, id, client_form_id, question, value_sealed, counts, typed_at, saved_at, sitting,
         giver_kind, giver_id, ended) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    tenant REPLACE =
        "update answers set value_sealed = $3, typed_at = $4, saved_at = $5, sitting = $6, giver_kind = $7, giver_id = $8
         where practice_id = $1 and id = $2";
    tenant END = "update answers set counts = false, ended = $3 where practice_id = $1 and id = $2";
    tenant BEGIN =
        "update client_forms set state = 'started', version_id = $3, started_at = $4, version = version + 1
         where practice_id = $1 and id = $2 and state = 'open'";
    tenant SET_SAVED =
        "update client_forms set saved_at = $3, answered = (select count(*) from answers s
             where s.practice_id = $1 and s.client_form_id = $2 and s.counts and s.value_sealed is not null)
         where practice_id = $1 and id = $2";
    tenant SET_SAVED_AGAIN =
        "update client_forms set saved_at = $3 where practice_id = $1 and id = $2";
    tenant SET_DONE =
        "update client_forms set state = 'done', done_at = $3, done_kind = $4, done_by = $5, left_out = $6,
             answered = (select count(*) from answers s
                 where s.practice_id = $1 and s.client_form_id = $2 and s.counts and s.value_sealed is not null),
             version = version + 1
         where practice_id = $1 and id = $2";
    tenant SET_STATE =
        "update client_forms set state = $3, version = version + 1 where practice_id = $1 and id = $2";
    tenant SET_REOPENED =
        "update client_forms set state = 'started', reopened_at = $3, done_at = null, done_kind = null, done_by = null,
             saved_at = $3, version = version + 1
         where practice_id = $1 and id = $2";
    tenant HELD_BACK =
        "select count(*) from client_forms where practice_id = $1 and client_id = $2 and flow_id is not null and required
             and state in ('open', 'started')";
    tenant OPEN =
        "select count(*) from client_forms where practice_id = $1 and client_id = $2 and state in ('open', 'started')";
    tenant WANTED =
        "select count(*) from client_forms t join clients c on c.practice_id = t.practice_id and c.id = t.client_id
         where t.practice_id = $1 and t.client_id = $2 and t.required and t.state in ('open', 'started')
             and c.status = 'active'";
    tenant FIRST_REQUIRED =
        "select id from client_forms where practice_id = $1 and client_id = $2 and flow_id = $3 and position < $4
             and required and state in ('open', 'started') order by position, id limit 1";
    tenant INSERT_ALERT =
        "insert into form_alerts (practice_id, id, client_id, client_form_id, question_sealed, raised_at)
         values ($1, $2, $3, $4, $5, $6)";
    tenant ALERTS_OF = alert!("l.client_form_id = $2 order by l.raised_at desc, l.id limit $3");
    tenant OPEN_ALERTS = alert!("l.client_id = $2 and l.seen_at is null order by l.raised_at, l.id limit $3");
    tenant ALERT = alert!("l.id = $2");
    // Who gave the last answer of each form that is under way.
    tenant LAST_BY =
        "select t.id, s.giver_kind, s.giver_id, m.first_name, m.last_name, c.first_name, c.last_name
         from client_forms t cross join answers s
         left join members m on m.practice_id = s.practice_id and m.id = s.giver_id
         left join portal_access a on a.practice_id = s.practice_id and a.id = s.giver_id
         left join contacts c on c.practice_id = a.practice_id and c.id = a.contact_id
         where t.practice_id = $1 and t.client_id = $2 and t.state = 'started' and s.practice_id = t.practice_id
             and s.client_form_id = t.id and s.counts and s.saved_at = t.saved_at limit 2000";
    tenant SET_ALERT_SEEN =
        "update form_alerts set seen_at = $3, seen_by = $4 where practice_id = $1 and id = $2";
    tenant ACCESS =
        "select account_id, client_id from portal_access where practice_id = $1 and id = $2";
    tenant PRIMARY_PROVIDER =
        "select m.id from clients c join members m on m.practice_id = c.practice_id and m.id = c.primary_provider_id
         where c.practice_id = $1 and c.id = $2 and m.disabled_at is null";
    tenant RUNNER =
        "select id from members where practice_id = $1 and id > $2 and role in ('owner', 'admin') and disabled_at is null
         order by id limit 1";
}

crate::sealed! { ANSWER = "answer" in answers (practice_id, id) value_sealed }
crate::sealed! { ALERTED = "alerted question" in form_alerts (practice_id, id) question_sealed }

/// Who did something; `from`: the columns of their kind, id, and the names of a member and a contact begin there.
fn by(row: &Row, kind: usize, names: usize) -> Result<Option<By>> {
    let Some(giver) = row.get::<Option<String>>(kind)? else { return Ok(None) };
    let name = |n: usize| Ok::<_, Error>((row.get::<Option<String>>(n)?, row.get::<Option<String>>(n + 1)?));
    let full = |(first, last): (Option<String>, Option<String>)| {
        first.map(|first| last.map_or_else(|| first.clone(), |last| format!("{first} {last}")))
    };
    let (member, contact) = (full(name(names)?), full(name(names + 2)?));
    Ok(Some(By { giver: Giver::parse(&giver), id: row.get(kind + 1)?, name: member.or(contact) }))
}

fn task(row: &Row) -> Result<Task> {
    let definition = forms::definition(row.get(4)?, row.get(14)?)?;
    let (kind, state): (String, String) = (row.get(5)?, row.get(9)?);
    Ok(Task {
        id: row.get(0)?,
        client: row.get(1)?,
        form: row.get(2)?,
        bound: row.get(3)?,
        version: row.get(4)?,
        title: definition.title.clone(),
        purpose: Purpose::parse(&kind).unwrap_or(Purpose::Form),
        flow: row.get(6)?,
        position: row.get(7)?,
        needed: Needed::of(row.get(8)?),
        state: State::parse(&state).ok_or_else(|| Error::internal(format!("a form in no known state: {state}")))?,
        given_at: row.get(10)?,
        started_at: row.get(11)?,
        saved_at: row.get(12)?,
        answered: row.get(13)?,
        asked: definition.questions().count(),
        minutes: definition.minutes(),
        done_at: row.get(15)?,
        done_by: by(row, 16, 22)?,
        reopened_at: row.get(18)?,
        left_out: row.get(19)?,
        version_number: row.get(20)?,
        row_version: row.get(21)?,
    })
}

pub fn list(p: &Practice, client: ClientId) -> Result<Vec<Task>> {
    p.all(&LIST, params![client, LIST_LIMIT], task)
}

pub fn by_id(p: &Practice, id: ClientFormId) -> Result<Option<Task>> {
    p.one(&BY_ID, params![id], task)
}

fn unsealed(p: &Practice, id: Uuid, sealed: Option<&[u8]>) -> Result<Option<Answer>> {
    let text = p.app.secrets.unseal_text(ANSWER.what, &[p.id.0, id], sealed)?;
    let read = |text: String| serde_json::from_str(&text).map_err(|e| Error::internal(format!("a kept answer: {e}")));
    text.map(read).transpose()
}

fn sealed(p: &Practice, id: Uuid, answer: Option<&Answer>) -> Result<Option<Vec<u8>>> {
    let text = answer.map(serde_json::to_string).transpose().map_err(|e| Error::internal(e.to_string()))?;
    Ok(p.app.secrets.seal_text(ANSWER.what, &[p.id.0, id], text.as_deref()))
}

/// The answers that count, those that were emptied among them.
pub fn standing(p: &Practice, form: ClientFormId) -> Result<Vec<Standing>> {
    p.all(&STANDING, params![form], |row| to_standing(p, row))
}

fn to_standing(p: &Practice, row: &Row) -> Result<Standing> {
    let id: Uuid = row.get(0)?;
    Ok(Standing {
        id,
        question: row.get(1)?,
        answer: unsealed(p, id, row.get::<Option<Vec<u8>>>(2)?.as_deref())?,
        typed_at: row.get(3)?,
        saved_at: row.get(4)?,
        sitting: row.get(5)?,
        giver_id: row.get(6)?,
    })
}

/// The answers that count to some of the questions, and whether any at all was given from a page. The others stay sealed:
/// while somebody types, every letter comes here.
pub fn standing_of(
    p: &Practice,
    form: ClientFormId,
    questions: &BTreeSet<&str>,
    sitting: Uuid,
) -> Result<(Vec<Standing>, bool)> {
    let (mut found, mut goes_on) = (Vec::new(), false);
    p.all(&STANDING, params![form], |row| {
        goes_on |= row.get::<Option<Uuid>>(5)? == Some(sitting);
        if questions.contains(row.get::<String>(1)?.as_str()) {
            found.push(to_standing(p, row)?);
        }
        Ok(())
    })?;
    Ok((found, goes_on))
}

pub fn answers(p: &Practice, form: ClientFormId) -> Result<Answers> {
    let all = standing(p, form)?;
    Ok(all.into_iter().filter_map(|one| Some((one.question, one.answer?))).collect())
}

pub fn history(p: &Practice, form: ClientFormId) -> Result<Vec<Past>> {
    p.all(&HISTORY, params![form], |row| {
        let id: Uuid = row.get(0)?;
        Ok(Past {
            question: row.get(1)?,
            answer: unsealed(p, id, row.get::<Option<Vec<u8>>>(2)?.as_deref())?,
            counts: row.get(3)?,
            ended: row.get(4)?,
            saved_at: row.get(5)?,
            by: by(row, 6, 8)?.unwrap_or(By { giver: Giver::System, id: None, name: None }),
        })
    })
}

/// Who gave the last answer of each form that is under way.
pub fn last_by(p: &Practice, client: ClientId) -> Result<Vec<(ClientFormId, By)>> {
    let row = |row: &Row| Ok((row.get(0)?, by(row, 1, 3)?));
    let found: Vec<(ClientFormId, Option<By>)> = p.all(&LAST_BY, params![client], row)?;
    Ok(found.into_iter().filter_map(|(id, by)| Some((id, by?))).collect())
}

pub fn count(p: &Practice, form: ClientFormId) -> Result<i64> {
    Ok(p.one(&COUNT, params![form], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

/// Whether an answer counts from the start, or comes late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Counts,
    Past,
}

pub fn insert(p: &Practice, form: ClientFormId, new: &New, place: Place) -> Result<()> {
    let id = p.new_id();
    let ended = (place == Place::Past).then_some("later");
    let values = params![
        id,
        form,
        &new.item.id,
        sealed(p, id, new.answer)?,
        place == Place::Counts,
        new.typed_at,
        p.now,
        new.sitting,
        Giver::of(p).as_str(),
        p.actor.id(),
        ended,
    ];
    p.run(&INSERT, values).map(drop)
}

pub fn replace(p: &Practice, id: Uuid, new: &New) -> Result<()> {
    let value = sealed(p, id, new.answer)?;
    let giver = Giver::of(p).as_str();
    p.run(&REPLACE, params![id, value, new.typed_at, p.now, new.sitting, giver, p.actor.id()]).map(drop)
}

pub fn end(p: &Practice, id: Uuid, why: &str) -> Result<()> {
    p.run(&END, params![id, why]).map(drop)
}

pub fn begin(p: &Practice, id: ClientFormId, version: FormVersionId) -> Result<()> {
    p.run(&BEGIN, params![id, version, p.now]).map(drop)
}

/// `again`: as many questions are answered as before.
pub fn set_saved(p: &Practice, id: ClientFormId, again: bool) -> Result<()> {
    let statement = if again { &SET_SAVED_AGAIN } else { &SET_SAVED };
    p.run(statement, params![id, p.now]).map(drop)
}

pub fn set_done(p: &Practice, id: ClientFormId, giver: Giver, left_out: usize) -> Result<()> {
    let left_out = i64::try_from(left_out).unwrap_or(0);
    p.run(&SET_DONE, params![id, p.now, giver.as_str(), p.actor.id(), left_out]).map(drop)
}

pub fn set_state(p: &Practice, id: ClientFormId, state: State) -> Result<()> {
    p.run(&SET_STATE, params![id, state.as_str()]).map(drop)
}

pub fn set_reopened(p: &Practice, id: ClientFormId) -> Result<()> {
    p.run(&SET_REOPENED, params![id, p.now]).map(drop)
}

/// Required steps of a flow are open.
pub fn is_held_back(p: &Practice, client: ClientId) -> Result<bool> {
    Ok(p.one(&HELD_BACK, params![client], |row| Ok(row.get::<i64>(0)?))?.unwrap_or(0) > 0)
}

pub fn has_open(p: &Practice, client: ClientId) -> Result<bool> {
    Ok(p.one(&OPEN, params![client], |row| Ok(row.get::<i64>(0)?))?.unwrap_or(0) > 0)
}

/// Something required is open, and the client is not archived.
pub fn wants_reminding(p: &Practice, client: ClientId) -> Result<bool> {
    Ok(p.one(&WANTED, params![client], |row| Ok(row.get::<i64>(0)?))?.unwrap_or(0) > 0)
}

/// The first required step of a flow that is open and comes before a place.
pub fn first_required(p: &Practice, client: ClientId, flow: FlowId, position: i64) -> Result<Option<ClientFormId>> {
    p.one(&FIRST_REQUIRED, params![client, flow, position], |row| Ok(row.get(0)?))
}

pub fn insert_alert(p: &Practice, id: Uuid, task: &Task, question: &str) -> Result<()> {
    let question = p.app.secrets.seal(ALERTED.what, &[p.id.0, id], question.as_bytes());
    p.run(&INSERT_ALERT, params![id, task.client, task.id, question, p.now]).map(drop)
}

fn to_alert(p: &Practice, row: &Row) -> Result<Alert> {
    let id: Uuid = row.get(0)?;
    let question: Vec<u8> = row.get(4)?;
    Ok(Alert {
        id,
        client: row.get(1)?,
        form: row.get(2)?,
        title: row.get(3)?,
        question: p.app.secrets.unseal_text(ALERTED.what, &[p.id.0, id], Some(&question))?.unwrap_or_default(),
        raised_at: row.get(5)?,
        seen_at: row.get::<Option<Instant>>(6)?,
        seen_by: row.get(7)?,
    })
}

pub fn alerts_of(p: &Practice, form: ClientFormId) -> Result<Vec<Alert>> {
    p.all(&ALERTS_OF, params![form, ALERT_LIMIT], |row| to_alert(p, row))
}

pub fn open_alerts(p: &Practice, client: ClientId) -> Result<Vec<Alert>> {
    p.all(&OPEN_ALERTS, params![client, ALERT_LIMIT], |row| to_alert(p, row))
}

pub fn alert(p: &Practice, id: Uuid) -> Result<Option<Alert>> {
    p.one(&ALERT, params![id], |row| to_alert(p, row))
}

pub fn set_alert_seen(p: &Practice, id: Uuid) -> Result<()> {
    p.run(&SET_ALERT_SEEN, params![id, p.now, p.actor.member().map(|member| member.id)]).map(drop)
}

/// Whose access it is, and to whom.
pub fn access(p: &Practice, id: AccessId) -> Result<Option<(AccountId, ClientId)>> {
    p.one(&ACCESS, params![id], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The primary provider; where there is none, the first of those who run the practice.
pub fn whom_to_tell(p: &Practice, client: ClientId) -> Result<Option<MemberId>> {
    if let Some(provider) = p.one(&PRIMARY_PROVIDER, params![client], |row| Ok(row.get(0)?))? {
        return Ok(Some(provider));
    }
    p.one(&RUNNER, params![Uuid::nil()], |row| Ok(row.get(0)?))
}
