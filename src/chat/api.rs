//! Chat in the JSON API: the same verbs as the pages, for members of the staff.

use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::api_body::{ConversationBody, MessageBody, ScheduledBody};
use super::groups::{Group, begin_group, join_group, leave_group};
use super::many;
use super::receive::{clients, give, noted, receive, refusal, remove, say};
use super::rights::open;
use super::talk::{self, Typed, begin, begin_with_practice, delete, edit, find, list, see};
use super::{
    Conversation, Person, Place, Standing, group_queries, message_queries as rows, queries, search as searching,
};
use crate::access::ANY_STAFF;
use crate::activities::Before;
use crate::clock::Instant;
use crate::error::{Error, FieldError, Result};
use crate::files::Upload;
use crate::ids::{ClientId, ConversationId, MemberId, MessageId};
use crate::practice::Practice;
use crate::routes::Routes;
use crate::web::{Answer, Ctx, Json, Path, Query};

/// Items of a page where none are asked for, and at most.
const USUAL: i64 = 50;
const MOST: i64 = 200;

pub fn routes(routes: Routes) -> Routes {
    let routes = super::api_settings::routes(routes);
    routes
        .get("/api/v1/conversations", ANY_STAFF, index)
        .post("/api/v1/conversations", ANY_STAFF, create_group)
        .get("/api/v1/clients/{id}/conversations", ANY_STAFF, of_client)
        .post("/api/v1/clients/{id}/conversations", ANY_STAFF, create)
        .get("/api/v1/conversations/{id}", ANY_STAFF, show)
        .patch("/api/v1/conversations/{id}", ANY_STAFF, update)
        .post("/api/v1/conversations/{id}/join", ANY_STAFF, join)
        .post("/api/v1/conversations/{id}/leave", ANY_STAFF, leave)
        .get("/api/v1/conversations/{id}/messages", ANY_STAFF, messages)
        .post("/api/v1/conversations/{id}/messages", ANY_STAFF, send)
        .upload("/api/v1/conversations/{id}/files", ANY_STAFF, send_file)
        .post("/api/v1/conversations/{id}/seen", ANY_STAFF, seen)
        .get("/api/v1/conversations/{id}/scheduled", ANY_STAFF, scheduled)
        .post("/api/v1/conversations/{id}/scheduled", ANY_STAFF, schedule)
        .get("/api/v1/refused-messages", ANY_STAFF, refused)
        .delete("/api/v1/scheduled-messages/{id}", ANY_STAFF, unschedule)
        .post("/api/v1/messages/search", ANY_STAFF, search)
        .post("/api/v1/messages/many", ANY_STAFF, send_many)
        .get("/api/v1/messages/{id}", ANY_STAFF, one)
        .patch("/api/v1/messages/{id}", ANY_STAFF, change)
        .delete("/api/v1/messages/{id}", ANY_STAFF, take_back)
        .get("/api/v1/message-files/{id}", ANY_STAFF, file)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    cursor: String,
    limit: Option<i64>,
    /// `true`: those put away.
    archived: String,
}

#[derive(Serialize)]
struct Items<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

fn wrong(field: &str, text: &str) -> Error {
    Error::Invalid(vec![FieldError::new(field, text)])
}

fn limit(asked: Option<i64>) -> Result<i64> {
    match asked.unwrap_or(USUAL) {
        limit @ 1..=MOST => Ok(limit),
        _ => Err(wrong("limit", "Use 1 to 200.")),
    }
}

async fn index(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Answer> {
    let before = match asked.cursor.as_str() {
        "" => Before::FIRST,
        text => Before::parse(text).ok_or_else(|| wrong("cursor", "This is no place in the list."))?,
    };
    let place = match asked.archived.as_str() {
        "" | "false" => Place::Inbox,
        "true" => Place::Archive,
        _ => return Err(wrong("archived", "Use true or false.")),
    };
    let limit = limit(asked.limit)?;
    let mut found = ctx.door()?.read(move |p| list(p, place, before, limit + 1)).await?;
    let more = i64::try_from(found.len()).unwrap_or(0) > limit;
    found.truncate(usize::try_from(limit).unwrap_or(0));
    let next = found.last().filter(|_| more).map(|one| Before(one.conversation.last_at, one.conversation.id.0).text());
    let entry = crate::audit::Entry::new("conversation.listed", "conversation", None).detail(found.len().to_string());
    crate::audit::note_read(&ctx.app, ctx.actor()?, entry).await?;
    let items = found.iter().map(ConversationBody::listed).collect();
    Answer::new(StatusCode::OK, &Items { items, next_cursor: next })
}

async fn of_client(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Answer> {
    let found = ctx
        .door()?
        .read(move |p| {
            if !crate::care_team::may_see(p, id)? {
                return Err(Error::NotFound);
            }
            crate::care_team::refuse_outsider(p, id)?;
            talk::of_client(p, id)
        })
        .await?;
    noted(&ctx, vec![id]).await?;
    let items: Vec<_> = found.iter().map(|(conversation, _)| ConversationBody::new(conversation)).collect();
    Answer::new(StatusCode::OK, &Items { items, next_cursor: None })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Begin {
    /// `direct` or `practice`.
    kind: String,
}

async fn create(ctx: Ctx, Path(id): Path<ClientId>, body: Json<Begin>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            if !crate::care_team::may_see(p, id)? {
                return Err(Error::NotFound);
            }
            let conversation = match body.value.kind.as_str() {
                "" | "direct" => begin(p, id)?,
                "practice" => begin_with_practice(p, id)?,
                _ => return Err(wrong("kind", "Use direct or practice.")),
            };
            whole(p, conversation, StatusCode::CREATED)
        })
        .await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BeginGroup {
    title: String,
    client_ids: Vec<ClientId>,
    member_ids: Vec<MemberId>,
}

async fn create_group(ctx: Ctx, body: Json<BeginGroup>) -> Result<Answer> {
    let BeginGroup { title, client_ids, member_ids } = body.value;
    let group = Group { title, clients: client_ids, members: member_ids };
    ctx.door()?
        .write(move |p| {
            let id = begin_group(p, &group)?;
            whole(p, id, StatusCode::CREATED)
        })
        .await
}

fn whole(p: &Practice, id: ConversationId, status: StatusCode) -> Result<Answer> {
    let (conversation, standing) = open(p, id)?;
    whole_of(p, &conversation, standing, status)
}

fn whole_of(p: &Practice, conversation: &Conversation, standing: Standing, status: StatusCode) -> Result<Answer> {
    let (people, readers) = (group_queries::people(p, conversation.id)?, queries::readers(p, conversation.id)?);
    Answer::new(status, &ConversationBody::whole(conversation, standing, &people, &readers))
}

async fn show(ctx: Ctx, Path(id): Path<ConversationId>) -> Result<Answer> {
    let (answer, clients) = ctx
        .door()?
        .read(move |p| {
            let (conversation, standing) = open(p, id)?;
            Ok((whole_of(p, &conversation, standing, StatusCode::OK)?, clients(p, &conversation)?))
        })
        .await?;
    noted(&ctx, clients).await?;
    Ok(answer)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Change {
    closed: Option<bool>,
    muted: Option<bool>,
    archived: Option<bool>,
}

async fn update(ctx: Ctx, Path(id): Path<ConversationId>, body: Json<Change>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            open(p, id)?;
            let all = [
                body.value.closed.map(|to| if to { "close" } else { "reopen" }),
                body.value.muted.map(|to| if to { "mute" } else { "unmute" }),
                body.value.archived.map(|to| if to { "archive" } else { "unarchive" }),
            ];
            all.into_iter().flatten().try_for_each(|what| super::pages::turn(p, id, what))?;
            whole(p, id, StatusCode::OK)
        })
        .await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Leave {
    /// A client who is taken out; left out: the member who asks.
    client_id: Option<ClientId>,
}

#[derive(Serialize)]
struct Done {
    done: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Join {
    /// One of them: a member of the staff, or a client who was in it before.
    member_id: Option<MemberId>,
    client_id: Option<ClientId>,
}

async fn join(ctx: Ctx, Path(id): Path<ConversationId>, body: Json<Join>) -> Result<Answer> {
    let Join { member_id, client_id } = body.value;
    ctx.door()?
        .write(move |p| {
            open(p, id)?;
            let person = match (member_id, client_id) {
                (Some(member), None) => Person::Member(member),
                (None, Some(client)) => Person::Client(client),
                _ => return Err(wrong("member_id", "Name one: a member, or a client who was in the group.")),
            };
            join_group(p, id, person)?;
            whole(p, id, StatusCode::OK)
        })
        .await
}

async fn leave(ctx: Ctx, Path(id): Path<ConversationId>, body: Json<Leave>) -> Result<Answer> {
    let me = ctx.member()?.id;
    let person = body.value.client_id.map_or(Person::Member(me), Person::Client);
    ctx.door()?.write(move |p| leave_group(p, id, person)).await?;
    Answer::new(StatusCode::OK, &Done { done: true })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Which {
    /// Messages before this place, the newest first.
    before: Option<i64>,
    /// Messages said or changed after this count, in their order.
    after: Option<i64>,
    limit: Option<i64>,
}

#[derive(Serialize)]
struct Messages {
    items: Vec<MessageBody>,
    /// Where the page before this one ends.
    next_before: Option<i64>,
}

async fn messages(ctx: Ctx, Path(id): Path<ConversationId>, Query(which): Query<Which>) -> Result<Answer> {
    let (found, clients, many) = ctx
        .door()?
        .read(move |p| {
            let (conversation, _) = open(p, id)?;
            let many = limit(which.limit)?;
            let found = match which.after {
                Some(after) => rows::changed(p, id, after, many)?,
                None => rows::before(p, id, which.before.unwrap_or(i64::MAX), many)?,
            };
            Ok((found, clients(p, &conversation)?, many))
        })
        .await?;
    noted(&ctx, clients).await?;
    let full = i64::try_from(found.len()).unwrap_or(0) == many;
    let next_before = found.last().filter(|_| full && which.after.is_none()).map(|message| message.seq);
    Answer::new(StatusCode::OK, &Messages { items: found.iter().map(MessageBody::new).collect(), next_before })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Say {
    given_id: Option<Uuid>,
    body: String,
}

async fn send(ctx: Ctx, Path(id): Path<ConversationId>, body: Json<Say>) -> Result<Answer> {
    let given = body.value.given_id.unwrap_or_else(|| ctx.app.ids.new_id());
    let body = match talk::body(&body.value.body, ctx.words()) {
        Ok(body) => body,
        Err(error) => return Err(refusal(&ctx, id, error).await),
    };
    let posted = say(&ctx, id, Typed { given, body, file: None }).await?;
    let status = if posted.again { StatusCode::OK } else { StatusCode::CREATED };
    Answer::new(status, &MessageBody::new(&posted.message))
}

async fn send_file(ctx: Ctx, Path(id): Path<ConversationId>, upload: Upload) -> Result<Answer> {
    let posted = receive(&ctx, id, upload).await?;
    let status = if posted.again { StatusCode::OK } else { StatusCode::CREATED };
    Answer::new(status, &MessageBody::new(&posted.message))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct UpTo {
    up_to: i64,
}

async fn seen(ctx: Ctx, Path(id): Path<ConversationId>, body: Json<UpTo>) -> Result<Answer> {
    let up_to = body.value.up_to;
    ctx.door()?
        .write(move |p| {
            see(p, id, up_to)?;
            whole(p, id, StatusCode::OK)
        })
        .await
}

async fn scheduled(ctx: Ctx, Path(id): Path<ConversationId>) -> Result<Answer> {
    let me = ctx.member()?.id;
    let found = ctx
        .door()?
        .read(move |p| {
            open(p, id)?;
            rows::scheduled(p, id, me)
        })
        .await?;
    let items = found.iter().map(ScheduledBody::new).collect();
    Answer::new(StatusCode::OK, &Items { items, next_cursor: None })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Later {
    body: String,
    /// RFC 3339.
    at: String,
}

async fn schedule(ctx: Ctx, Path(id): Path<ConversationId>, body: Json<Later>) -> Result<Answer> {
    let (words, now) = (ctx.words(), ctx.app.now());
    ctx.door()?
        .write(move |p| {
            open(p, id)?;
            let at = body
                .value
                .at
                .parse::<jiff::Timestamp>()
                .map_err(|_| wrong("at", "Use a time such as 2026-07-31T09:00:00Z."))?;
            let at = many::ahead(Instant(at.as_microsecond()), now)?;
            let one = many::schedule(p, id, &talk::body(&body.value.body, words)?, at)?;
            Answer::new(StatusCode::CREATED, &ScheduledBody::new(&one))
        })
        .await
}

/// Whoever left a care team sees what they had kept for later, which is their own, and nothing of the conversation.
async fn refused(ctx: Ctx) -> Result<Answer> {
    let me = ctx.member()?.id;
    let found = ctx.door()?.read(move |p| rows::refused(p, me)).await?;
    let items = found.iter().map(ScheduledBody::new).collect();
    Answer::new(StatusCode::OK, &Items { items, next_cursor: None })
}

async fn unschedule(ctx: Ctx, Path(id): Path<Uuid>) -> Result<Answer> {
    ctx.door()?.write(move |p| many::cancel(p, id)).await?;
    Answer::new(StatusCode::OK, &Done { done: true })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sought {
    text: String,
    conversation_id: Option<ConversationId>,
}

#[derive(Serialize)]
struct Hits {
    items: Vec<MessageBody>,
    /// Everything that may be read was looked at.
    whole: bool,
}

async fn search(ctx: Ctx, body: Json<Sought>) -> Result<Answer> {
    let found = searching::search(&ctx, body.value.text, body.value.conversation_id).await?;
    let items = found.items.iter().map(|(_, message)| MessageBody::new(message)).collect();
    Answer::new(StatusCode::OK, &Hits { items, whole: found.whole })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Many {
    client_ids: Vec<ClientId>,
    body: String,
    given_id: Option<Uuid>,
}

#[derive(Serialize)]
struct Sent {
    sent: usize,
}

async fn send_many(ctx: Ctx, body: Json<Many>) -> Result<Answer> {
    let text = talk::body(&body.value.body, ctx.words())?;
    if text.is_empty() {
        return Err(wrong("body", &ctx.words().t("chat-empty")));
    }
    let given = body.value.given_id.unwrap_or_else(|| ctx.app.ids.new_id());
    let sent = many::send_to_many(&ctx, body.value.client_ids, text, given).await?;
    Answer::new(StatusCode::OK, &Sent { sent })
}

async fn one(ctx: Ctx, Path(id): Path<MessageId>) -> Result<Answer> {
    let (message, all) = ctx
        .door()?
        .read(move |p| {
            let (message, conversation) = find(p, id)?;
            let all = clients(p, &conversation)?;
            Ok((message, all))
        })
        .await?;
    noted(&ctx, all).await?;
    Answer::new(StatusCode::OK, &MessageBody::new(&message))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Edited {
    body: String,
}

async fn change(ctx: Ctx, Path(id): Path<MessageId>, body: Json<Edited>) -> Result<Answer> {
    let words = ctx.words();
    ctx.door()?
        .write(move |p| {
            find(p, id)?;
            let message = edit(p, id, &talk::body(&body.value.body, words)?)?;
            Answer::new(StatusCode::OK, &MessageBody::new(&message))
        })
        .await
}

async fn take_back(ctx: Ctx, Path(id): Path<MessageId>) -> Result<Answer> {
    let (message, file) = ctx.door()?.write(move |p| delete(p, id)).await?;
    remove(&ctx, file).await?;
    Answer::new(StatusCode::OK, &MessageBody::new(&message))
}

async fn file(ctx: Ctx, Path(id): Path<Uuid>) -> Result<Response> {
    give(&ctx, id).await
}
