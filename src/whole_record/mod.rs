//! Export this record: everything that is kept about one client on one page, to read, print and hand over, and the same as
//! a file for programs. Whoever may open the record may; that they did is in the audit record.

use askama::Template;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::access::ANY_STAFF;
use crate::activities::Before;
use crate::audit::Entry as Audit;
use crate::care_team::{self, Opening};
use crate::chat::{self, MessageBody, Written};
use crate::clients::{self, Client, InvitationBody, Record};
use crate::contacts::{self, Around, ContactBody};
use crate::documents::{self, Document, DocumentBody, Sharing, Which};
use crate::error::{Error, Result};
use crate::files::size_said;
use crate::ids::{ClientId, MemberId};
use crate::intake::{WholeForm, WholeFormBody};
use crate::invitations::{self, Event, Invitation};
use crate::practice::Practice;
use crate::routes::Routes;
use crate::timeline::{self, Entry, EntryBody};
use crate::ui::{Section, Shell};
use crate::web::{Answer, Ctx, Path, html};
use crate::{groups, intake, members, people};

/// Entries of the timeline in it, the newest.
const ENTRIES: i64 = 1_000;

pub fn routes(routes: Routes) -> Routes {
    routes.get("/clients/{id}/record", ANY_STAFF, show).get("/clients/{id}/record/file", ANY_STAFF, file).get(
        "/api/v1/clients/{id}/record",
        ANY_STAFF,
        api,
    )
}

/// Everything that is kept about one client.
struct Whole {
    client: Client,
    group: Option<String>,
    provider: Option<String>,
    team: Vec<String>,
    contacts: Vec<Around>,
    custody: String,
    invitations: Vec<(Invitation, Vec<Event>)>,
    entries: Vec<Entry>,
    /// There are older entries than these.
    more: bool,
    openings: Vec<Opening>,
    /// What is said of them; their bytes are downloaded one by one.
    documents: Vec<Document>,
    forms: Vec<WholeForm>,
    /// As far as whoever takes it out may read them.
    conversations: Vec<Written>,
}

/// Reads it all in one view, and writes down that it was taken out. Errors: not found; outside the team.
fn whole(p: &Practice, id: ClientId) -> Result<Whole> {
    let client = clients::open(p, id)?;
    let providers = members::providers(p)?;
    let named = |id: &MemberId| providers.iter().find(|one| one.id == *id).map(|one| one.name.clone());
    let entries = timeline::page(p, id, None, Before::FIRST, ENTRIES)?;
    let groups = groups::all(p)?;
    let found = Whole {
        group: client.fields.group.and_then(|id| groups.iter().find(|g| g.id == id)).map(|g| g.name.clone()),
        provider: client.fields.primary_provider.map(|id| members::name_of(p, id)).transpose()?.flatten(),
        team: client.fields.care_team.iter().filter_map(named).collect(),
        contacts: contacts::around(p, id)?.0,
        custody: contacts::custody_note(p, id)?.note,
        invitations: invitations::history(p, id)?,
        more: entries.next.is_some(),
        entries: entries.items,
        openings: care_team::openings(p, id)?,
        documents: documents::list(p, id, Which::Standing, Before::FIRST, documents::LIMIT)?,
        forms: intake::whole(p, id)?,
        conversations: chat::written(p, id)?,
        client,
    };
    p.audit(&Audit::of_client("client.exported", id))?;
    Ok(found)
}

#[derive(Serialize)]
struct WholeBody {
    /// When it was taken out.
    exported_at: String,
    practice: String,
    record: Record,
    group: Option<String>,
    primary_provider: Option<String>,
    care_team: Vec<String>,
    contacts: Vec<ContactBody>,
    custody_note: String,
    invitations: Vec<InvitationBody>,
    /// The newest 1,000.
    timeline: Vec<EntryBody>,
    timeline_goes_on: bool,
    opened_from_outside: Vec<OpenedBody>,
    documents: Vec<DocumentBody>,
    /// With the answers, for those who read them.
    forms: Vec<WholeFormBody>,
    conversations: Vec<WrittenBody>,
}

#[derive(Serialize)]
struct WrittenBody {
    /// The provider; the practice, where it was written to it.
    with: String,
    /// The newest 1,000, the oldest of them first.
    messages: Vec<MessageBody>,
}

#[derive(Serialize)]
struct OpenedBody {
    at: String,
    who: String,
    reason: String,
}

fn body(ctx: &Ctx, whole: Whole) -> Result<WholeBody> {
    let latest = whole.invitations.first().map(|(invitation, _)| invitation);
    let practice = ctx.practice()?.name.clone();
    let opened = |one: Opening| OpenedBody { at: one.at.rfc3339(), who: one.who, reason: one.reason };
    Ok(WholeBody {
        exported_at: ctx.app.now().rfc3339(),
        practice: practice.clone(),
        record: Record::new(&whole.client, latest),
        group: whole.group,
        primary_provider: whole.provider,
        care_team: whole.team,
        invitations: whole.invitations.iter().map(|(one, events)| InvitationBody::new(one, events)).collect(),
        contacts: whole.contacts.into_iter().map(ContactBody::new).collect(),
        custody_note: whole.custody,
        timeline: whole.entries.iter().map(EntryBody::new).collect(),
        timeline_goes_on: whole.more,
        documents: whole.documents.iter().map(DocumentBody::new).collect(),
        forms: whole.forms.iter().map(WholeFormBody::new).collect(),
        conversations: whole.conversations.iter().map(|one| written(one, &practice)).collect(),
        opened_from_outside: whole.openings.into_iter().map(opened).collect(),
    })
}

fn with_whom(one: &Written, practice: &str) -> String {
    let name = one.conversation.member_name.clone();
    if name.is_empty() { practice.to_string() } else { name }
}

fn written(one: &Written, practice: &str) -> WrittenBody {
    WrittenBody { with: with_whom(one, practice), messages: one.messages.iter().map(MessageBody::new).collect() }
}

async fn api(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Answer> {
    let whole = ctx.door()?.write(move |p| whole(p, id)).await?;
    Answer::new(StatusCode::OK, &body(&ctx, whole)?)
}

/// The same, as a file to keep.
async fn file(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    let whole = ctx.door()?.write(move |p| whole(p, id)).await?;
    let text = serde_json::to_string_pretty(&body(&ctx, whole)?).map_err(|e| Error::internal(e.to_string()))?;
    // Nobody's name: a download's name is seen by others than the file.
    let name = format!("attachment; filename=\"record-{}.json\"", ctx.app.now().date_in(&ctx.practice()?.time_zone));
    let name = HeaderValue::from_str(&name).map_err(|e| Error::internal(e.to_string()))?;
    let headers: [(HeaderName, HeaderValue); 2] =
        [(header::CONTENT_TYPE, HeaderValue::from_static("application/json")), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, text).into_response())
}

/// Who, when, and what.
type Line = (String, String, String);

#[derive(Template)]
#[template(path = "whole_record/show.html")]
struct RecordPage {
    shell: Shell,
    id: ClientId,
    name: String,
    made: String,
    facts: Vec<(&'static str, String)>,
    /// Name, relation, and how to reach them.
    contacts: Vec<(String, String, String)>,
    custody: String,
    /// Address, state and when.
    invitations: Vec<(String, String)>,
    entries: Vec<(String, String, String)>,
    more: bool,
    openings: Vec<(String, String, String)>,
    /// Name, what it is, and from whom and when.
    documents: Vec<(String, String, String)>,
    forms: Vec<FormRow>,
    /// With whom, and each message: who, when, and what.
    conversations: Vec<(String, Vec<Line>)>,
}

/// A form, how it stands, its score, and each question with its answer.
struct FormRow {
    title: String,
    facts: String,
    score: String,
    said: Vec<(String, String)>,
}

async fn show(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    let whole = ctx.door()?.write(move |p| whole(p, id)).await?;
    let zone = ctx.practice()?.time_zone.clone();
    let (name, practice) = (whole.client.name(), ctx.practice()?.name.clone());
    let history = |(one, events): &(Invitation, Vec<Event>)| {
        let told: Vec<String> = events.iter().rev().map(|e| format!("{} {}", e.kind, e.at.said_in(&zone))).collect();
        (one.email.address.clone(), told.join(", "))
    };
    let page = RecordPage {
        shell: ctx.shell("Whole record", Section::Clients),
        id,
        name,
        made: ctx.app.now().said_in(&zone),
        facts: facts(&whole, &zone),
        contacts: whole.contacts.iter().map(contact).collect(),
        invitations: whole.invitations.iter().map(history).collect(),
        entries: whole.entries.iter().map(|e| (e.at.said_in(&zone), e.title(None), e.detail(None))).collect(),
        openings: whole.openings.iter().map(|o| (o.at.said_in(&zone), o.who.clone(), o.reason.clone())).collect(),
        documents: whole.documents.iter().map(|one| document(one, &zone)).collect(),
        forms: whole.forms.iter().map(|one| form(one, &zone)).collect(),
        conversations: whole.conversations.iter().map(|one| (with_whom(one, &practice), lines(one, &zone))).collect(),
        custody: whole.custody,
        more: whole.more,
    };
    html(StatusCode::OK, &page)
}

fn lines(one: &Written, zone: &str) -> Vec<Line> {
    let line = |message: &chat::Message| {
        let file = message.file.as_ref().map(|file| format!("[{}]", file.name));
        let gone = message.deleted.map(|_| "[deleted]".to_string());
        let said = [Some(message.body.clone()).filter(|body| !body.is_empty()), file, gone];
        let said = said.into_iter().flatten().collect::<Vec<_>>().join("\n");
        (message.sender.name.clone(), message.at.said_in(zone), said)
    };
    one.messages.iter().map(line).collect()
}

fn document(one: &Document, zone: &str) -> (String, String, String) {
    let shared = if one.sharing == Sharing::Shared { "shared with the client" } else { "private" };
    let facts = format!("{} · from {} · {} · {shared}", size_said(one.size), one.from(), one.at.said_in(zone));
    (one.name.clone(), one.note.clone().unwrap_or_default(), facts)
}

fn form(one: &WholeForm, zone: &str) -> FormRow {
    let task = &one.task;
    let facts = [
        Some(intake::state_said(task.state).to_string()),
        Some(format!("version {}", task.version_number)),
        Some(format!("given {}", task.given_at.day_in(zone))),
        task.done_at.map(|at| format!("handed in {}", at.said_in(zone))),
        task.done_by.as_ref().map(|by| format!("filled in by {}", intake::said_by(by))),
    ];
    FormRow {
        title: task.title.clone(),
        facts: facts.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        score: one.score().as_ref().map(intake::score_said).unwrap_or_default(),
        said: one.said(),
    }
}

fn contact(around: &Around) -> (String, String, String) {
    let fields = &around.contact.fields;
    let phone = fields.phone.as_deref().map(people::phone_said);
    let email = fields.email.as_ref().map(|email| email.address.clone());
    let rights: Vec<&str> = fields.rights.iter().map(contacts::right_said).collect();
    let rights = (!rights.is_empty()).then(|| format!("In the portal: {}", rights.join(", ")));
    let reach: Vec<String> = [phone, email, rights].into_iter().flatten().collect();
    (fields.name(), fields.relation.said().to_string(), reach.join(" · "))
}

/// What is known of the client; nothing is said of what is not.
fn facts(whole: &Whole, zone: &str) -> Vec<(&'static str, String)> {
    let (client, f) = (&whole.client, &whole.client.fields);
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let all = [
        ("First name", f.first_name.clone()),
        ("Last name", f.last_name.clone()),
        ("Preferred name", text(&f.preferred_name)),
        ("Legal name", text(&f.legal_name)),
        ("Pronouns", text(&f.pronouns)),
        ("Date of birth", f.date_of_birth.map(|d| d.strftime("%-d %b %Y").to_string()).unwrap_or_default()),
        ("Gender", text(&f.gender)),
        ("Email", f.email.as_ref().map(|email| email.address.clone()).unwrap_or_default()),
        ("Phone", f.phone.as_deref().map(people::phone_said).unwrap_or_default()),
        ("Time zone", text(&f.time_zone).replace('_', " ")),
        ("Group", text(&whole.group)),
        ("Primary provider", text(&whole.provider)),
        ("Other care team members", whole.team.join(", ")),
        ("Record number", text(&f.record_number)),
        ("Added", client.created_at.said_in(zone)),
        ("Note", text(&f.note)),
    ];
    all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}
