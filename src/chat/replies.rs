//! Saved replies: texts that are used again, a member's own or everybody's.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::settings::long_text;
use crate::access::ANY_STAFF;
use crate::audit::Entry;
use crate::error::{Error, FieldError, Result};
use crate::ids::MemberId;
use crate::params;
use crate::people;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::settings::menu;
use crate::ui::{ErrorSummary, Field, Section, Shell, Tab};
use crate::web::{Cookie, Ctx, Form, Path, html, lead_to};

/// Replies of one member, and of everybody.
const LIMIT: usize = 100;

crate::sql! {
    tenant OWN =
        "select id, member_id, title, text_sealed from chat_replies
         where practice_id = $1 and member_id = $2 order by title, id limit 100";
    tenant EVERYBODYS =
        "select id, member_id, title, text_sealed from chat_replies
         where practice_id = $1 and member_id is null order by title, id limit 100";
    tenant INSERT =
        "insert into chat_replies (practice_id, id, member_id, title, text_sealed, created_at) values ($1, $2, $3, $4, $5, $6)";
    tenant BY_ID = "select id, member_id, title, text_sealed from chat_replies where practice_id = $1 and id = $2";
    tenant DELETE = "delete from chat_replies where practice_id = $1 and id = $2";
}
crate::sealed! { TEXT = "saved reply" in chat_replies (practice_id, id) text_sealed }

pub fn routes(routes: Routes) -> Routes {
    routes.get("/settings/chat/replies/new", ANY_STAFF, new).post("/settings/chat/replies", ANY_STAFF, create).post(
        "/settings/chat/replies/{id}/delete",
        ANY_STAFF,
        remove,
    )
}

#[derive(Debug, Clone)]
pub struct Reply {
    pub id: Uuid,
    /// Nothing: everybody's.
    pub member: Option<MemberId>,
    pub title: String,
    pub text: String,
}

fn reply(p: &Practice, row: &crate::db::Row) -> Result<Reply> {
    let id: Uuid = row.get(0)?;
    let sealed: Vec<u8> = row.get(3)?;
    let text = p.app.secrets.unseal_text(TEXT.what, &[p.id.0, id], Some(&sealed))?.unwrap_or_default();
    Ok(Reply { id, member: row.get(1)?, title: row.get(2)?, text })
}

/// A member's own, and everybody's after them.
pub fn all(p: &Practice, member: MemberId) -> Result<Vec<Reply>> {
    let mut all = p.all(&OWN, params![member], |row| reply(p, row))?;
    all.extend(p.all(&EVERYBODYS, params![], |row| reply(p, row))?);
    Ok(all)
}

/// As the field that takes a message offers them: title and text.
pub fn texts(p: &Practice, member: MemberId) -> Result<Vec<(String, String)>> {
    Ok(all(p, member)?.into_iter().map(|one| (one.title, one.text)).collect())
}

/// Whose a reply is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    Me,
    Everybody,
}

/// Keeps a reply. Errors: what is wrong; everybody's are for those who run the practice.
pub fn add(p: &Practice, title: &str, text: &str, whose: For) -> Result<Reply> {
    let me = p.actor.member().ok_or(Error::NotFound)?;
    let mut wrong = Vec::new();
    let title = people::name(title).map_err(|_| FieldError::new("title", "Enter a short title."));
    let text = long_text("text", text).and_then(|text| match text.is_empty() {
        true => Err(FieldError::new("text", "Enter the text.")),
        false => Ok(text),
    });
    let all = all(p, me.id)?;
    if all.len() >= LIMIT {
        wrong.push(FieldError::new("title", "There are a hundred replies already. Delete some first."));
    }
    if whose == For::Everybody && !me.role.runs_practice() {
        return Err(Error::Forbidden);
    }
    let (title, text) = match (title, text) {
        (Ok(title), Ok(text)) if wrong.is_empty() => (title, text),
        (title, text) => {
            wrong.extend([title.err(), text.err()].into_iter().flatten());
            return Err(Error::Invalid(wrong));
        }
    };
    let id = p.new_id();
    let member = (whose == For::Me).then_some(me.id);
    let sealed = p.app.secrets.seal(TEXT.what, &[p.id.0, id], text.as_bytes());
    p.run(&INSERT, params![id, member, &title, sealed, p.now])?;
    p.audit(&Entry::new("chat.reply_added", "reply", Some(id)))?;
    Ok(Reply { id, member, title, text })
}

/// Deletes a reply. Errors: not found; everybody's are for those who run the practice.
pub fn delete(p: &Practice, id: Uuid) -> Result<()> {
    let me = p.actor.member().ok_or(Error::NotFound)?;
    let found = p.one(&BY_ID, params![id], |row| reply(p, row))?.ok_or(Error::NotFound)?;
    match found.member {
        Some(member) if member != me.id => return Err(Error::NotFound),
        None if !me.role.runs_practice() => return Err(Error::Forbidden),
        _ => {}
    }
    p.run(&DELETE, params![id])?;
    p.audit(&Entry::new("chat.reply_deleted", "reply", Some(id)))
}

#[derive(Template)]
#[template(path = "chat/reply.html")]
struct ReplyForm {
    errors: ErrorSummary,
    title: Field,
    text: Field,
    everybody: Option<Field>,
}

#[derive(Template)]
#[template(path = "chat/one_setting.html")]
struct OnePage {
    shell: Shell,
    menu: Vec<Tab>,
    form: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    title: String,
    text: String,
    everybody: String,
}

async fn new(ctx: Ctx) -> Result<Response> {
    form_page(&ctx, &Typed::default(), &[], StatusCode::OK)
}

fn form_page(ctx: &Ctx, typed: &Typed, refused: &[FieldError], status: StatusCode) -> Result<Response> {
    let words = ctx.words();
    let error = |name: &str| refused.iter().find(|one| one.field == name).map(|one| one.message.clone());
    let form = ReplyForm {
        errors: ErrorSummary {
            items: refused.iter().map(|one| (format!("reply-{}", one.field), one.message.clone())).collect(),
            title: words.t("ui-error-summary"),
        },
        title: Field::text("title", "Title")
            .id_prefix("reply-")
            .required()
            .dir_auto()
            .max_length(people::LINE_LIMIT)
            .value(&typed.title)
            .error(error("title"))
            .words(words),
        text: Field::textarea("text", "Text")
            .id_prefix("reply-")
            .required()
            .dir_auto()
            .rows(5)
            .max_length(super::settings::TEXT_LIMIT)
            .value(&typed.text)
            .error(error("text"))
            .words(words),
        everybody: ctx.member()?.role.runs_practice().then(|| {
            Field::checkbox("everybody", "For everybody on the staff")
                .id_prefix("reply-")
                .checked(!typed.everybody.is_empty())
        }),
    };
    if ctx.is_fragment {
        return html(status, &form);
    }
    let form = form.render()?;
    html(
        status,
        &OnePage { shell: ctx.shell("New saved reply", Section::Settings), menu: menu(ctx, "/settings/chat")?, form },
    )
}

async fn create(ctx: Ctx, Form(typed): Form<Typed>) -> Result<Response> {
    let whose = if typed.everybody.is_empty() { For::Me } else { For::Everybody };
    let (title, text) = (typed.title.clone(), typed.text.clone());
    match ctx.door()?.write(move |p| add(p, &title, &text, whose)).await {
        Ok(_) => back(&ctx),
        Err(Error::Invalid(refused)) => form_page(&ctx, &typed, &refused, StatusCode::UNPROCESSABLE_ENTITY),
        Err(error) => Err(error),
    }
}

async fn remove(ctx: Ctx, Path(id): Path<Uuid>) -> Result<Response> {
    ctx.door()?.write(move |p| delete(p, id)).await?;
    back(&ctx)
}

fn back(ctx: &Ctx) -> Result<Response> {
    let mut response = lead_to(ctx, "/settings/chat")?;
    Cookie::Flash.set(&ctx.app, &mut response, "saved")?;
    Ok(response)
}
