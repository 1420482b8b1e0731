//! New messages: to one client, to many at once of whom nobody sees the others, or in a group; and messages that wait for
//! their time.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

use super::groups::{Group, begin_group};
use super::message_queries::{self as rows, Scheduled};
use super::queries;
use super::rights::open_to_write;
use super::talk::{self, Typed, begin, body, derived, entry, post};
use super::{BODY_LIMIT, caps};
use crate::access::{ANY_STAFF, Role};
use crate::bus::Hint;
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
    let asked = clients.clone();
    let refused = ctx.door()?.read(move |p| refused_of(p, &asked)).await?;
    if !refused.is_empty() {
        return Err(not_to("It was sent to nobody. Nobody can write to", &refused));
    }
    ctx.door()?.write(caps::count_message).await?;
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

pub fn may_write(p: &Practice, client: ClientId) -> Result<()> {
    let me = p.actor.member().filter(|member| member.role != Role::Support).ok_or(Error::NotFound)?;
    if !care_team::members(p, client)?.contains(&me.id) {
        return Err(Error::NotFound);
    }
    talk::refuse_archived(p, client)
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
    let one = Scheduled { id: p.new_id(), conversation: id, member, body: text.into(), at, refused: false };
    // It counts when it is written, and not once more when it is sent.
    caps::count_message(p)?;
    rows::schedule(p, &one)?;
    p.enqueue(Job::SendScheduledMessage, one.id, at)?;
    p.audit(&entry("message.scheduled", "message", one.id, conversation.client))?;
    Ok(one)
}

/// Takes back a message of the actor's that waits, or discards one that was refused at its time. The conversation that it
/// was for, as far as they may still read it.
pub fn cancel(p: &Practice, id: Uuid) -> Result<Option<ConversationId>> {
    let me = p.actor.member().ok_or(Error::NotFound)?.id;
    let one = rows::scheduled_by_id(p, id)?.filter(|one| one.member == me).ok_or(Error::NotFound)?;
    let conversation = match super::rights::open(p, one.conversation) {
        Ok((conversation, _)) => Some(conversation),
        // What somebody wrote themselves is theirs to discard.
        Err(Error::NotFound | Error::OutsideTeam(_)) if one.refused => None,
        Err(error) => return Err(error),
    };
    rows::end_scheduled(p, id, if one.refused { "discarded" } else { "cancelled" })?;
    jobs::cancel(&p.house(), Job::SendScheduledMessage, id)?;
    p.say(Hint::News(vec![me.0]));
    p.audit(&entry("message.unscheduled", "message", id, conversation.as_ref().and_then(|one| one.client)))?;
    Ok(conversation.map(|one| one.id))
}

#[derive(Template)]
#[template(path = "chat/new.html")]
struct NewPage {
    shell: Shell,
    errors: ErrorSummary,
    /// Each client, and whether they are chosen.
    clients: Vec<(String, String, bool)>,
    /// The same of those who could be in a group too.
    members: Vec<(String, String, bool)>,
    group: bool,
    title: Field,
    body: Field,
    given: String,
    client_error: String,
    member_error: String,
}

async fn new(ctx: Ctx) -> Result<Response> {
    page(&ctx, &[], &[], StatusCode::OK).await
}

fn typed<'p>(pairs: &'p [(String, String)], name: &str) -> &'p str {
    pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
}

async fn page(ctx: &Ctx, pairs: &[(String, String)], refused: &[FieldError], status: StatusCode) -> Result<Response> {
    let member = ctx.member()?.id;
    let (clients, members) =
        ctx.door()?.read(move |p| Ok((own_clients(p, member)?, crate::members::providers(p)?))).await?;
    let shown = crate::audit::Entry::new("client.listed", "client", None).detail(clients.len().to_string());
    crate::audit::note_read(&ctx.app, ctx.actor()?, shown).await?;
    let words = ctx.words();
    let error = |name: &str| refused.iter().find(|one| one.field == name).map(|one| one.message.clone());
    let chosen = |of: &str, id: &str| pairs.iter().any(|(name, value)| name == of && value == id);
    let one = |of: &str, id: String, name: String| {
        let chosen = chosen(of, &id);
        (id, name, chosen)
    };
    let colleagues = members.into_iter().filter(|colleague| colleague.id != member);
    let given = Some(typed(pairs, "given_id")).filter(|text| !text.is_empty());
    let page = NewPage {
        shell: ctx.shell("New message", Section::Chat),
        errors: ErrorSummary {
            items: refused.iter().map(|one| (one.field.clone(), one.message.clone())).collect(),
            title: words.t("ui-error-summary"),
        },
        clients: clients.into_iter().map(|(id, name)| one("client_ids", id.to_string(), name)).collect(),
        members: colleagues.map(|colleague| one("member_ids", colleague.id.to_string(), colleague.name)).collect(),
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
        client_error: error("client_ids").unwrap_or_default(),
        member_error: error("member_ids").unwrap_or_default(),
    };
    html(status, &page)
}

async fn create(ctx: Ctx, Form(pairs): Form<Vec<(String, String)>>) -> Result<Response> {
    let clients = ids(&pairs, "client_ids")?;
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

/// Errors: one of them is no id.
fn ids<T: std::str::FromStr>(pairs: &[(String, String)], name: &str) -> Result<Vec<T>> {
    let all = pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.parse());
    all.collect::<std::result::Result<_, _>>().map_err(|_| Error::NotFound)
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
        let members = ids(pairs, "member_ids")?;
        let group = Group { title: typed(pairs, "title").into(), clients, members };
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
