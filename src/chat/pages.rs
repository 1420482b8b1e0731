//! Chat for the staff, and Messages in the portal: the list, one conversation, and what is done in it. Everything works
//! without script; with it a conversation is live.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::message_queries::{self as rows, Scheduled};
use super::receive::{noted, receive};
use super::rights::open;
use super::settings::settings;
use super::show::{ListRow, ListView, Views};
use super::talk::{self, Door, With, list, mute, put_away, see, set_door};
use super::thread::{Later, Thread, Typing, crisis, gather, thread};
use super::{Conversation, Kind, Listed, Muted, Place, queries};
use crate::access::{ANY_STAFF, Access, Needs, Right, Who};
use crate::activities::Before;
use crate::audit::{Entry, note_read};
use crate::error::{Error, FieldError, Result};
use crate::files::{Given, Upload};
use crate::ids::{ConversationId, MemberId};
use crate::practice::Practice;
use crate::routes::Routes;
use crate::ui::{Section, Shell};
use crate::web::{Cookie, Ctx, Form, Path, Query, html, lead_to};
use crate::words::Words;

pub const PORTAL: Access = Access::Portal(Needs::Right(Right::Messages));

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/chat", ANY_STAFF, index)
        .get("/portal/messages", PORTAL, index)
        .post("/portal/messages/begin", PORTAL, begin)
        .get("/chat/{id}", ANY_STAFF, show)
        .get("/portal/messages/{id}", PORTAL, show)
        .upload("/chat/{id}/messages", ANY_STAFF, send)
        .upload("/portal/messages/{id}/messages", PORTAL, send)
        .upload("/chat/{id}/later", ANY_STAFF, later)
        .post("/chat/later/{id}/cancel", ANY_STAFF, cancel)
        .post("/chat/{id}/see", ANY_STAFF, seen)
        .post("/portal/messages/{id}/see", PORTAL, seen)
        .post("/chat/{id}/set", ANY_STAFF, set)
        .post("/portal/messages/{id}/set", PORTAL, set)
}

#[derive(Template)]
#[template(path = "chat/staff.html")]
struct StaffPage {
    shell: Shell,
    list: ListView,
    thread: Option<Thread>,
    /// Messages that could not be sent at their time.
    refused: Vec<Later>,
}

#[derive(Template)]
#[template(path = "chat/portal.html")]
struct PortalPage {
    shell: Shell,
    list: ListView,
    thread: Option<Thread>,
    crisis: String,
    /// With whom a conversation can be begun: what is sent, and the name.
    with: Vec<(String, String)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    cursor: String,
    show: String,
    /// The place before which an older page ends.
    before: Option<i64>,
}

pub fn is_staff(ctx: &Ctx) -> Result<bool> {
    Ok(matches!(ctx.actor()?.who, Who::Member(_)))
}

async fn index(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Response> {
    let place = if asked.show == "archive" { Place::Archive } else { Place::Inbox };
    let before = Before::parse(&asked.cursor).unwrap_or(Before::FIRST);
    let page = Frame { place, before, search: String::new() };
    if ctx.is_fragment {
        let found = ctx.door()?.read(move |p| list(p, place, before, super::LIST + 1)).await?;
        note_listed(&ctx, &found).await?;
        return html(StatusCode::OK, &list_view(&ctx, &page, found, None)?);
    }
    framed(&ctx, page, None, StatusCode::OK).await
}

/// The list beside a conversation.
struct Frame {
    place: Place,
    before: Before,
    search: String,
}

fn list_view(ctx: &Ctx, frame: &Frame, found: Vec<Listed>, current: Option<&Conversation>) -> Result<ListView> {
    let views = Views::of(ctx)?;
    let many = usize::try_from(super::LIST).unwrap_or(50);
    let more = found.len() > many;
    let shown = &found[..found.len().min(many)];
    let show = if frame.place == Place::Archive { "archive" } else { "" };
    let next = shown.last().filter(|_| more).map(|last| {
        let cursor = Before(last.conversation.last_at, last.conversation.id.0).text();
        format!("{}?show={show}&cursor={cursor}", views.base)
    });
    let rows: Vec<ListRow> = shown.iter().map(|one| views.row(one, current)).collect();
    Ok(ListView {
        words: views.words,
        base: views.base,
        rows,
        archive: frame.place == Place::Archive,
        search: frame.search.clone(),
        next,
        is_staff: is_staff(ctx)?,
    })
}

async fn framed(
    ctx: &Ctx,
    frame: Frame,
    thread: Option<(Thread, Conversation)>,
    status: StatusCode,
) -> Result<Response> {
    let (place, before) = (frame.place, frame.before);
    let (found, with, crisis, refused) = ctx
        .door()?
        .read(move |p| Ok((list(p, place, before, super::LIST + 1)?, can_begin(p)?, crisis(p)?, refused(p)?)))
        .await?;
    note_listed(ctx, &found).await?;
    let current = thread.as_ref().map(|(_, conversation)| conversation);
    let list = list_view(ctx, &frame, found, current)?;
    let thread = thread.map(|(thread, _)| thread);
    let words = ctx.words();
    if is_staff(ctx)? {
        let views = Views::of(ctx)?;
        let refused = refused.into_iter().map(|one| Later::new(one, &views)).collect();
        return html(status, &StaffPage { shell: ctx.shell("Chat", Section::Chat), list, thread, refused });
    }
    let shell = ctx.shell(words.t("chat-portal-title"), Section::Messages);
    html(status, &PortalPage { shell, list, thread, crisis, with })
}

fn refused(p: &Practice) -> Result<Vec<Scheduled>> {
    p.actor.member().map_or(Ok(Vec::new()), |member| rows::refused(p, member.id))
}

/// The staff's list names clients.
async fn note_listed(ctx: &Ctx, found: &[Listed]) -> Result<()> {
    if !is_staff(ctx)? {
        return Ok(());
    }
    let entry = Entry::new("conversation.listed", "conversation", None).detail(found.len().to_string());
    note_read(&ctx.app, ctx.actor()?, entry).await
}

/// With whom somebody in the portal can begin to write: the care team, and the practice, as far as there is nothing yet.
fn can_begin(p: &Practice) -> Result<Vec<(String, String)>> {
    let Who::Client(viewer) = &p.actor.who else { return Ok(Vec::new()) };
    if !settings(p)?.clients_begin {
        return Ok(Vec::new());
    }
    let known = queries::of_client(p, viewer.client)?;
    let mut with = Vec::new();
    for member in crate::care_team::members(p, viewer.client)? {
        if known.iter().any(|one| one.kind == Kind::Direct && one.member == Some(member) && one.last_said > 0) {
            continue;
        }
        if let Some(active) = crate::members::active(p, member)?.filter(|active| active.role.is_clinical()) {
            with.push((member.to_string(), active.name));
        }
    }
    if !known.iter().any(|one| one.kind == Kind::Practice && one.last_said > 0) {
        let name = p.house().practice_info(p.id)?.map(|info| info.name).unwrap_or_default();
        with.push(("practice".into(), name));
    }
    Ok(with)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BeginForm {
    with: String,
}

async fn begin(ctx: Ctx, Form(form): Form<BeginForm>) -> Result<Response> {
    let with = match (form.with.as_str(), form.with.parse::<MemberId>()) {
        ("practice", _) => With::Practice,
        (_, Ok(member)) => With::Provider(member),
        _ => return Err(Error::bad_request("The form is not one of ours.")),
    };
    let viewer = ctx.viewer()?.clone();
    let id = ctx.door()?.write(move |p| talk::begin_in_portal(p, &viewer, with)).await?;
    lead_to(&ctx, &format!("/portal/messages/{id}"))
}

async fn show(ctx: Ctx, Path(id): Path<ConversationId>, Query(asked): Query<Asked>) -> Result<Response> {
    thread_page(&ctx, id, asked.before, Typing::default(), StatusCode::OK).await
}

async fn thread_page(
    ctx: &Ctx,
    id: ConversationId,
    before: Option<i64>,
    typing: Typing,
    status: StatusCode,
) -> Result<Response> {
    let from = before.unwrap_or(i64::MAX);
    let found = ctx.door()?.read(move |p| gather(p, id, from)).await?;
    noted(ctx, found.clients.clone()).await?;
    let conversation = found.conversation.clone();
    let thread = thread(ctx, found, before, typing)?;
    if ctx.is_fragment {
        return html(status, &thread);
    }
    let frame = Frame { place: Place::Inbox, before: Before::FIRST, search: String::new() };
    framed(ctx, frame, Some((thread, conversation)), status).await
}

/// From script it is answered with the message; without, with the page.
async fn send(ctx: Ctx, Path(id): Path<ConversationId>, upload: Upload) -> Result<Response> {
    let (body, given) = (upload.text("body").to_string(), upload.text("given_id").to_string());
    let views = Views::of(&ctx)?;
    match receive(&ctx, id, upload).await {
        Ok(posted) if ctx.is_fragment => html(StatusCode::CREATED, &views.view(&posted.message, &[])),
        Ok(_) => lead_to(&ctx, &format!("{}/{id}#latest", views.base)),
        Err(error) if ctx.is_fragment => Err(error),
        Err(error) => {
            let (status, refused) = refusals(error)?;
            // An id that was used is used up.
            let given = if refused.iter().any(|one| one.field == "given_id") { String::new() } else { given };
            thread_page(&ctx, id, None, Typing { body, given, refused }, status).await
        }
    }
}

fn refusals(error: Error) -> Result<(StatusCode, Vec<FieldError>)> {
    let status = error.status();
    match error {
        Error::Invalid(refused) => Ok((status, refused)),
        Error::FileTooLarge(one) | Error::FileOfWrongKind(one) => Ok((status, vec![one])),
        Error::TooMany { .. } => Ok((status, vec![FieldError::new("body", Words::of("en").t("chat-too-many"))])),
        other => Err(other),
    }
}

/// Keeps a message for a time to come, as clocks show it where the practice is.
async fn later(ctx: Ctx, Path(id): Path<ConversationId>, upload: Upload) -> Result<Response> {
    upload.discard(&ctx.app).await?;
    let words = ctx.words();
    let typed = upload.text("body").to_string();
    let at = super::many::typed_time(upload.text("at"), &ctx.practice()?.time_zone, ctx.app.now());
    let file = match &upload.file {
        Given::Nothing => Ok(()),
        Given::Refused(refused) => Err(refused.error(words.t(refused.key()))),
        Given::Stored(_) => {
            let text = "A file cannot wait. Send it now, or the message without it.";
            Err(Error::Invalid(vec![FieldError::new("file", text)]))
        }
    };
    let body = file.and_then(|()| talk::body(&typed, words));
    let kept = match (body, at) {
        (Ok(body), Ok(at)) => ctx.door()?.write(move |p| super::many::schedule(p, id, &body, at).map(drop)).await,
        (Err(error), _) | (_, Err(error)) => Err(error),
    };
    match kept {
        Ok(()) => {
            let mut response = lead_to(&ctx, &format!("/chat/{id}"))?;
            Cookie::Flash.set(&ctx.app, &mut response, "message-later")?;
            Ok(response)
        }
        Err(error) => {
            let (status, refused) = refusals(error)?;
            thread_page(&ctx, id, None, Typing { body: typed, given: String::new(), refused }, status).await
        }
    }
}

async fn cancel(ctx: Ctx, Path(id): Path<Uuid>) -> Result<Response> {
    let conversation = ctx.door()?.write(move |p| super::many::cancel(p, id)).await?;
    lead_to(&ctx, &conversation.map_or("/chat".into(), |id| format!("/chat/{id}")))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SeenForm {
    up_to: i64,
    /// From a page without script: it leads back there.
    by_hand: bool,
}

async fn seen(ctx: Ctx, Path(id): Path<ConversationId>, Form(form): Form<SeenForm>) -> Result<Response> {
    ctx.door()?.write(move |p| see(p, id, form.up_to)).await?;
    if form.by_hand {
        return lead_to(&ctx, &format!("{}/{id}#latest", Views::of(&ctx)?.base));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SetForm {
    what: String,
}

/// Does to a conversation what its name says. Errors: no such thing.
pub fn turn(p: &Practice, id: ConversationId, what: &str) -> Result<()> {
    match what {
        "mute" => mute(p, id, Muted::Yes),
        "unmute" => mute(p, id, Muted::No),
        "archive" => put_away(p, id, Place::Archive),
        "unarchive" => put_away(p, id, Place::Inbox),
        "close" => set_door(p, id, Door::Closed),
        "reopen" => set_door(p, id, Door::Open),
        _ => {
            open(p, id)?;
            Err(Error::Invalid(vec![FieldError::new("what", "There is no such thing to do.")]))
        }
    }
}

async fn set(ctx: Ctx, Path(id): Path<ConversationId>, Form(form): Form<SetForm>) -> Result<Response> {
    let what = form.what.clone();
    ctx.door()?.write(move |p| turn(p, id, &what)).await?;
    let base = Views::of(&ctx)?.base;
    let to = if form.what == "archive" { base.to_string() } else { format!("{base}/{id}") };
    lead_to(&ctx, &to)
}
