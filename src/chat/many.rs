//! New messages: to one client, to many at once of whom nobody sees the others, or in a group; and messages that wait for
//! their time.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

use super::message_queries::{self as rows, Scheduled};
use super::queries::{self, New};
use super::rights::open_to_write;
use super::talk::{self, Typed, begin, body, derived, entry, post};
use super::{BODY_LIMIT, Begun, Kind, Person};
use crate::access::{ANY_STAFF, Role};
use crate::care_team;
use crate::clock::Instant;
use crate::db::Row;
use crate::error::{Error, FieldError, Result};
use crate::ids::{ClientId, ConversationId, MemberId};
use crate::jobs::{self, Kind as Job};
use crate::params;
use crate::people;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::ui::{ErrorSummary, Field, Section, Shell};
use crate::web::{Cookie, Ctx, Form, html, lead_to};

/// Clients that one message goes to at most.
pub const MANY: usize = 500;
/// Clients of a group.
const GROUP: usize = 30;
/// Written in one go: others wait no longer for it than for anything else.
const SLICE: usize = 20;
/// How far ahead a message can be scheduled.
const AHEAD: std::time::Duration = std::time::Duration::from_secs(366 * 86_400);

crate::sql! {
    tenant NAME_OF = "select first_name, last_name, preferred_name from clients where practice_id = $1 and id = $2";
    tenant OF_MEMBER =
        "select k.first_name, k.last_name, k.preferred_name, k.id from care_team t
         join clients k on k.practice_id = t.practice_id and k.id = t.client_id and k.status = 'active'
         where t.practice_id = $1 and t.member_id = $2 order by k.last_name, k.id limit 500";
}

pub fn routes(routes: Routes) -> Routes {
    routes.get("/chat/new", ANY_STAFF, new).post("/chat/new", ANY_STAFF, create)
}

/// The clients that a member cares for.
fn own_clients(p: &Practice, member: MemberId) -> Result<Vec<(ClientId, String)>> {
    p.all(&OF_MEMBER, params![member], |row| Ok((row.get(3)?, name(row)?)))
}

fn name(row: &Row) -> Result<String> {
    let (first, last): (String, String) = (row.get(0)?, row.get(1)?);
    Ok(format!("{} {last}", row.get::<Option<String>>(2)?.unwrap_or(first)))
}

/// Sends a message to each of these, in the conversation that each has with the actor. Sent again with the same id it
/// goes to those whom it has not reached. Errors: one of them is not the actor's to write to, or cannot be written to;
/// then it went to nobody. Those who became so meanwhile are named, and the others have it.
pub async fn send_to_many(ctx: &Ctx, clients: Vec<ClientId>, text: String, given: Uuid) -> Result<usize> {
    let mut clients = clients;
    clients.sort();
    clients.dedup();
    if clients.is_empty() || clients.len() > MANY {
        let refused = format!("Choose 1 to {MANY} clients.");
        return Err(Error::Invalid(vec![FieldError::new("client_ids", refused)]));
    }
    ctx.door()?.read(talk::refuse_much).await?;
    let asked = clients.clone();
    let refused = ctx.door()?.read(move |p| refused_of(p, &asked)).await?;
    if !refused.is_empty() {
        return Err(not_to("It was sent to nobody. Nobody can write to", &refused));
    }
    let (many, mut refused) = (clients.len(), Vec::new());
    for slice in clients.chunks(SLICE) {
        let (slice, text) = (slice.to_vec(), text.clone());
        let more = ctx
            .door()?
            .write(move |p| {
                let mut refused = Vec::new();
                for client in &slice {
                    let typed = Typed { given: derived(given, client.0), body: text.clone(), file: None };
                    // What changed since it was asked for holds up nobody else.
                    match begin(p, *client).and_then(|id| talk::post_one_of_many(p, id, &typed)) {
                        Ok(()) => {}
                        Err(Error::NotFound | Error::Conflict(_)) => refused.push(called(p, *client)?),
                        Err(error) => return Err(error),
                    }
                }
                Ok(refused)
            })
            .await?;
        refused.extend(more);
    }
    if refused.is_empty() { Ok(many) } else { Err(not_to("It was sent to the others, but not to", &refused)) }
}

/// Whom of these nobody can write to, though they are the actor's. Errors: one of them is not.
fn refused_of(p: &Practice, clients: &[ClientId]) -> Result<Vec<String>> {
    let me = p.actor.member().ok_or(Error::NotFound)?.id;
    let mut refused = Vec::new();
    for client in clients {
        match may_write(p, *client) {
            Ok(()) if !queries::direct_of(p, *client, me)?.is_some_and(|one| one.closed) => {}
            Ok(()) | Err(Error::Conflict(_)) => refused.push(called(p, *client)?),
            Err(error) => return Err(error),
        }
    }
    Ok(refused)
}

fn called(p: &Practice, client: ClientId) -> Result<String> {
    Ok(p.one(&NAME_OF, params![client], name)?.unwrap_or_default())
}

fn not_to(said: &str, refused: &[String]) -> Error {
    let text = format!("{said}: {}. Their conversation is closed, or their record archived.", refused.join(", "));
    Error::Invalid(vec![FieldError::new("client_ids", text)])
}

fn may_write(p: &Practice, client: ClientId) -> Result<()> {
    let me = p.actor.member().filter(|member| member.role != Role::Support).ok_or(Error::NotFound)?;
    if !care_team::members(p, client)?.contains(&me.id) {
        return Err(Error::NotFound);
    }
    talk::refuse_archived(p, client)
}

/// Who is to be in a group.
#[derive(Debug, Clone)]
pub struct Group {
    pub title: String,
    pub clients: Vec<ClientId>,
    /// Beside the actor.
    pub members: Vec<MemberId>,
}

/// Begins a group, in which everybody sees everybody. Its members care for each of its clients.
pub fn begin_group(p: &Practice, group: &Group) -> Result<ConversationId> {
    let me = p.actor.member().filter(|member| member.role != Role::Support).ok_or(Error::NotFound)?.id;
    let mut members = group.members.clone();
    members.push(me);
    members.sort();
    members.dedup();
    let mut clients = group.clients.clone();
    clients.sort();
    clients.dedup();
    let mut wrong = Vec::new();
    let title = people::name(&group.title).map_err(|_| wrong.push(FieldError::new("title", "Enter a short title.")));
    if clients.is_empty() || clients.len() > GROUP {
        wrong.push(FieldError::new("client_ids", format!("Choose 1 to {GROUP} clients for a group.")));
    }
    for client in &clients {
        may_write(p, *client)?;
        let team = care_team::members(p, *client)?;
        if members.iter().any(|member| !team.contains(member)) {
            wrong.push(FieldError::new("member_ids", "Everybody of the staff in a group cares for each client in it."));
            break;
        }
    }
    let Ok(title) = title else { return Err(Error::Invalid(wrong)) };
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    let id = ConversationId(p.new_id());
    queries::insert(
        p,
        id,
        &New { kind: Kind::Group, client: None, member: None, title: Some(&title), begun: Begun::Staff },
    )?;
    for person in members.into_iter().map(Person::Member).chain(clients.iter().copied().map(Person::Client)) {
        queries::add_person(p, id, person)?;
    }
    for client in clients {
        p.audit(&entry("conversation.group_begun", "conversation", id.0, Some(client)))?;
    }
    Ok(id)
}

/// Takes somebody out of a group: a member themselves, or a client by a member in it.
pub fn leave_group(p: &Practice, id: ConversationId, person: Person) -> Result<()> {
    let conversation = open_to_write(p, id)?;
    let me = p.actor.member().ok_or(Error::NotFound)?.id;
    let others = matches!(person, Person::Member(member) if member != me);
    if conversation.kind != Kind::Group || others {
        return Err(Error::NotFound);
    }
    if !queries::leave(p, id, person)? {
        return Err(Error::NotFound);
    }
    p.say(crate::bus::Hint::News(vec![person.id()]));
    p.audit(&entry("conversation.left", "conversation", id.0, None).detail(person.kind()))
}

/// A time as a field of the browser gives it, where the practice is. Errors: it is none, or over.
pub fn typed_time(text: &str, zone: &str, now: Instant) -> Result<Instant> {
    let refused = |text: &str| Error::Invalid(vec![FieldError::new("at", text)]);
    let local = text.trim().parse::<jiff::civil::DateTime>().map_err(|_| refused("Enter a date and a time."))?;
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let zoned = local.to_zoned(zone).map_err(|_| refused("Enter a date and a time."))?;
    ahead(Instant(zoned.timestamp().as_microsecond()), now)
}

/// A time to come, within a year. Errors: it is over, or too far.
pub fn ahead(at: Instant, now: Instant) -> Result<Instant> {
    if at <= now || at > now.plus(AHEAD) {
        let text = "Choose a time to come, within a year.";
        return Err(Error::Invalid(vec![FieldError::new("at", text)]));
    }
    Ok(at)
}

/// Keeps a message for a time to come. Errors: nobody can write there.
pub fn schedule(p: &Practice, id: ConversationId, text: &str, at: Instant) -> Result<Scheduled> {
    let member = p.actor.member().ok_or(Error::NotFound)?.id;
    let conversation = open_to_write(p, id)?;
    if text.is_empty() {
        let text = crate::words::Words::of("en").t("chat-empty");
        return Err(Error::Invalid(vec![FieldError::new("body", text)]));
    }
    if rows::scheduled(p, id, member)?.len() >= 50 {
        return Err(Error::Invalid(vec![FieldError::new("at", "Fifty messages wait here already.")]));
    }
    let one = Scheduled { id: p.new_id(), conversation: id, member, body: text.into(), at };
    rows::schedule(p, &one)?;
    p.enqueue(Job::SendScheduledMessage, one.id, at)?;
    p.audit(&entry("message.scheduled", "message", one.id, conversation.client))?;
    Ok(one)
}

/// Takes back a message of the actor's that waits; the conversation it was for.
pub fn cancel(p: &Practice, id: Uuid) -> Result<ConversationId> {
    let me = p.actor.member().ok_or(Error::NotFound)?.id;
    let one = rows::scheduled_by_id(p, id)?.filter(|one| one.member == me).ok_or(Error::NotFound)?;
    let (conversation, _) = super::rights::open(p, one.conversation)?;
    rows::end_scheduled(p, id, "cancelled")?;
    jobs::cancel(&p.house(), Job::SendScheduledMessage, id)?;
    p.audit(&entry("message.unscheduled", "message", id, conversation.client))?;
    Ok(one.conversation)
}

#[derive(Template)]
#[template(path = "chat/new.html")]
struct NewPage {
    shell: Shell,
    errors: ErrorSummary,
    /// Each client, and whether they are chosen.
    clients: Vec<(String, String, bool)>,
    group: bool,
    title: Field,
    body: Field,
    given: String,
    client_error: String,
}

async fn new(ctx: Ctx) -> Result<Response> {
    page(&ctx, &[], &[], StatusCode::OK).await
}

fn typed<'p>(pairs: &'p [(String, String)], name: &str) -> &'p str {
    pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
}

async fn page(ctx: &Ctx, pairs: &[(String, String)], refused: &[FieldError], status: StatusCode) -> Result<Response> {
    let member = ctx.member()?.id;
    let clients = ctx.door()?.read(move |p| own_clients(p, member)).await?;
    let shown = crate::audit::Entry::new("client.listed", "client", None).detail(clients.len().to_string());
    crate::audit::note_read(&ctx.app, ctx.actor()?, shown).await?;
    let words = ctx.words();
    let error = |name: &str| refused.iter().find(|one| one.field == name).map(|one| one.message.clone());
    let chosen = |id: &ClientId| pairs.iter().any(|(name, value)| name == "client_ids" && *value == id.to_string());
    let given = Some(typed(pairs, "given_id")).filter(|text| !text.is_empty());
    let page = NewPage {
        shell: ctx.shell("New message", Section::Chat),
        errors: ErrorSummary {
            items: refused.iter().map(|one| (one.field.clone(), one.message.clone())).collect(),
            title: words.t("ui-error-summary"),
        },
        clients: clients.iter().map(|(id, name)| (id.to_string(), name.clone(), chosen(id))).collect(),
        group: typed(pairs, "way") == "group",
        title: Field::text("title", "Title of the group")
            .dir_auto()
            .max_length(people::LINE_LIMIT)
            .value(typed(pairs, "title"))
            .error(error("title"))
            .hint("Only for a group: everybody in it reads it.")
            .words(words),
        body: Field::textarea("body", "Message")
            .required()
            .dir_auto()
            .rows(5)
            .max_length(BODY_LIMIT)
            .value(typed(pairs, "body"))
            .error(error("body"))
            .words(words),
        given: given.map_or_else(|| ctx.app.ids.new_id().to_string(), str::to_string),
        client_error: error("client_ids").or(error("member_ids")).unwrap_or_default(),
    };
    html(status, &page)
}

async fn create(ctx: Ctx, Form(pairs): Form<Vec<(String, String)>>) -> Result<Response> {
    let ids = pairs.iter().filter(|(name, _)| name == "client_ids").map(|(_, value)| value.parse::<ClientId>());
    let clients = ids.collect::<std::result::Result<Vec<_>, _>>().map_err(|_| Error::NotFound)?;
    match sent(&ctx, &pairs, clients).await {
        Ok(to) => {
            let mut response = lead_to(&ctx, &to)?;
            Cookie::Flash.set(&ctx.app, &mut response, "message-sent")?;
            Ok(response)
        }
        Err(Error::Invalid(refused)) => page(&ctx, &pairs, &refused, StatusCode::UNPROCESSABLE_ENTITY).await,
        Err(error) => Err(error),
    }
}

/// Sends what was typed; where it leads then.
async fn sent(ctx: &Ctx, pairs: &[(String, String)], clients: Vec<ClientId>) -> Result<String> {
    let words = ctx.words();
    let text = body(typed(pairs, "body"), words)?;
    if text.is_empty() {
        return Err(Error::Invalid(vec![FieldError::new("body", words.t("chat-empty"))]));
    }
    let given = super::receive::given(ctx, typed(pairs, "given_id"))?;
    if typed(pairs, "way") == "group" {
        let group = Group { title: typed(pairs, "title").into(), clients, members: Vec::new() };
        let id = ctx
            .door()?
            .write(move |p| {
                if let Some(known) = rows::given(p, p.actor.id().unwrap_or_default(), given)? {
                    return Ok(known.conversation);
                }
                let id = begin_group(p, &group)?;
                post(p, id, &Typed { given, body: text.clone(), file: None })?;
                Ok(id)
            })
            .await?;
        return Ok(format!("/chat/{id}"));
    }
    let only = clients.first().copied().filter(|_| clients.len() == 1);
    send_to_many(ctx, clients, text, given).await?;
    match only {
        Some(client) => {
            let id = ctx.door()?.write(move |p| begin(p, client)).await?;
            Ok(format!("/chat/{id}"))
        }
        None => Ok("/chat".into()),
    }
}
