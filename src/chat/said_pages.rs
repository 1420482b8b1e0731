//! About single messages: editing, deleting, the files that came with them, and looking for one.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::pages::{PORTAL, is_staff};
use super::receive::{clients, give, noted, remove};
use super::show::Views;
use super::talk::{self, delete, edit, find};
use super::{BODY_LIMIT, Conversation, Message, search as searching};
use crate::access::ANY_STAFF;
use crate::error::{Error, FieldError, Result};
use crate::ids::{ConversationId, MessageId};
use crate::routes::Routes;
use crate::ui::{ErrorSummary, Field, Section, Shell};
use crate::web::{Ctx, Form, Path, html, lead_to};
use crate::words::Words;

pub fn routes(routes: Routes) -> Routes {
    routes
        .post("/chat/search", ANY_STAFF, search)
        .post("/portal/messages/search", PORTAL, search)
        .get("/chat/said/{id}", ANY_STAFF, ask_edit)
        .get("/portal/messages/said/{id}", PORTAL, ask_edit)
        .post("/chat/said/{id}", ANY_STAFF, save_edit)
        .post("/portal/messages/said/{id}", PORTAL, save_edit)
        .get("/chat/said/{id}/delete", ANY_STAFF, ask_delete)
        .get("/portal/messages/said/{id}/delete", PORTAL, ask_delete)
        .post("/chat/said/{id}/delete", ANY_STAFF, take_back)
        .post("/portal/messages/said/{id}/delete", PORTAL, take_back)
        .get("/chat/files/{id}", ANY_STAFF, download)
        .get("/portal/messages/files/{id}", PORTAL, download)
}

#[derive(Template)]
#[template(path = "chat/edit.html")]
struct EditForm {
    words: Words,
    base: &'static str,
    conversation: ConversationId,
    id: MessageId,
    /// Asks whether to delete it.
    deleting: bool,
    errors: ErrorSummary,
    body: Field,
    said: String,
}

#[derive(Template)]
#[template(path = "chat/one_staff.html")]
struct OneStaff {
    shell: Shell,
    form: String,
}

#[derive(Template)]
#[template(path = "chat/one_portal.html")]
struct OnePortal {
    shell: Shell,
    form: String,
}

/// Which of the two is asked about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asking {
    Edit,
    Delete,
}

async fn about_one(
    ctx: &Ctx,
    id: MessageId,
    asking: Asking,
    typed: Option<(String, Vec<FieldError>)>,
) -> Result<Response> {
    let (message, clients) = ctx
        .door()?
        .read(move |p| {
            let (message, conversation) = find(p, id)?;
            let mine = Some(message.sender.id) == p.actor.id() && message.deleted.is_none();
            if !mine || asking == Asking::Edit && !message.can_be_edited(p.now) {
                return Err(Error::NotFound);
            }
            let clients = clients(p, &conversation)?;
            Ok((message, clients))
        })
        .await?;
    noted(ctx, clients).await?;
    let words = ctx.words();
    let status = if typed.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (body, refused) = typed.unwrap_or_else(|| (message.body.clone(), Vec::new()));
    let error = refused.first().map(|one| one.message.clone());
    let form = EditForm {
        words,
        base: Views::of(ctx)?.base,
        conversation: message.conversation,
        id,
        deleting: asking == Asking::Delete,
        errors: ErrorSummary {
            items: refused.iter().map(|one| (format!("edit-{}", one.field), one.message.clone())).collect(),
            title: words.t("ui-error-summary"),
        },
        body: Field::textarea("body", words.t("chat-write"))
            .id_prefix("edit-")
            .value(body)
            .dir_auto()
            .rows(4)
            .max_length(BODY_LIMIT)
            .error(error)
            .words(words),
        said: message.body,
    };
    let title = words.t(if asking == Asking::Edit { "chat-edit-title" } else { "chat-delete-title" });
    framed(ctx, title, status, &form)
}

/// Something about a conversation alone: for a dialog, or on a page of its own.
pub fn framed(ctx: &Ctx, title: String, status: StatusCode, form: &impl Template) -> Result<Response> {
    if ctx.is_fragment {
        return html(status, form);
    }
    let form = form.render()?;
    if is_staff(ctx)? {
        return html(status, &OneStaff { shell: ctx.shell(title, Section::Chat), form });
    }
    html(status, &OnePortal { shell: ctx.shell(title, Section::Messages), form })
}

async fn ask_edit(ctx: Ctx, Path(id): Path<MessageId>) -> Result<Response> {
    about_one(&ctx, id, Asking::Edit, None).await
}

async fn ask_delete(ctx: Ctx, Path(id): Path<MessageId>) -> Result<Response> {
    about_one(&ctx, id, Asking::Delete, None).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EditTyped {
    body: String,
}

async fn save_edit(ctx: Ctx, Path(id): Path<MessageId>, Form(form): Form<EditTyped>) -> Result<Response> {
    let words = ctx.words();
    let body = talk::body(&form.body, words);
    let saved = ctx
        .door()?
        .write(move |p| {
            // Whose it is not learns nothing of what was wrong.
            find(p, id)?;
            edit(p, id, &body.clone()?)
        })
        .await;
    match saved {
        Ok(message) => lead_to(&ctx, &format!("{}/{}", Views::of(&ctx)?.base, message.conversation)),
        Err(Error::Invalid(refused)) => about_one(&ctx, id, Asking::Edit, Some((form.body, refused))).await,
        Err(error) => Err(error),
    }
}

async fn take_back(ctx: Ctx, Path(id): Path<MessageId>) -> Result<Response> {
    let (message, file) = ctx.door()?.write(move |p| delete(p, id)).await?;
    remove(&ctx, file).await?;
    lead_to(&ctx, &format!("{}/{}", Views::of(&ctx)?.base, message.conversation))
}

async fn download(ctx: Ctx, Path(id): Path<Uuid>) -> Result<Response> {
    give(&ctx, id).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sought {
    q: String,
}

#[derive(Template)]
#[template(path = "chat/found.html")]
struct FoundView {
    words: Words,
    base: &'static str,
    search: String,
    rows: Vec<FoundRow>,
    whole: bool,
}

struct FoundRow {
    href: String,
    title: String,
    by: String,
    body: String,
    at: String,
    machine: String,
}

/// By POST: what somebody looks for is nothing for an address.
async fn search(ctx: Ctx, Form(sought): Form<Sought>) -> Result<Response> {
    let text: String = sought.q.chars().take(200).collect();
    let found = searching::search(&ctx, text.clone(), None).await?;
    let (views, words) = (Views::of(&ctx)?, ctx.words());
    let row = |(conversation, message): &(Conversation, Message)| FoundRow {
        // The page on which it is the newest.
        href: format!("{}/{}?before={}#m-{}", views.base, conversation.id, message.seq + 1, message.id),
        title: views.title(conversation),
        by: message.sender.name.clone(),
        body: message.body.chars().take(300).collect(),
        at: views.when(message.at),
        machine: message.at.rfc3339(),
    };
    let view = FoundView {
        words,
        base: views.base,
        search: text,
        rows: found.items.iter().map(row).collect(),
        whole: found.whole,
    };
    framed(&ctx, words.t("chat-search"), StatusCode::OK, &view)
}
