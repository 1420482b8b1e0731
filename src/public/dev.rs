//! Only on somebody's own machine: all components on one page, and the mail that was kept instead of sent.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::kept_mail;
use crate::access::Access;
use crate::error::{Error, Result};
use crate::routes::Routes;
use crate::ui::{Section, Shell};
use crate::web::{Ctx, Path, html};

/// Mails listed.
const SHOWN: usize = 200;

pub fn routes(routes: Routes) -> Routes {
    routes.get("/dev/components", Access::Local, components).get("/dev/mail", Access::Local, mail).get(
        "/dev/mail/{id}",
        Access::Local,
        one_mail,
    )
}

async fn components(ctx: Ctx) -> Result<Response> {
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], crate::ui::gallery::page(ctx.words())).into_response())
}

#[derive(Template)]
#[template(path = "public/mail.html")]
struct MailPage {
    shell: Shell,
    mails: Vec<Kept>,
}

struct Kept {
    id: String,
    to: String,
    subject: String,
}

async fn mail(ctx: Ctx) -> Result<Response> {
    let mut mails = Vec::new();
    if let Some(folder) = ctx.app.mail.folder()
        && let Ok(entries) = std::fs::read_dir(folder)
    {
        let mut ids: Vec<String> = entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".eml").map(str::to_string))
            .collect();
        // Ids grow with time: the newest mail first.
        ids.sort_by(|a, b| b.cmp(a));
        for id in ids.into_iter().take(SHOWN) {
            let text = std::fs::read_to_string(folder.join(format!("{id}.eml"))).unwrap_or_default();
            let letter = kept_mail::read(&text);
            mails.push(Kept { to: letter.to, subject: letter.subject, id });
        }
    }
    html(StatusCode::OK, &MailPage { shell: ctx.shell("Local outbox", Section::None), mails })
}

#[derive(Template)]
#[template(path = "public/one_mail.html")]
struct OneMailPage {
    shell: Shell,
    to: String,
    lines: Vec<Line>,
}

/// A line of a mail; one that is nothing but an address can be followed.
struct Line {
    text: String,
    is_link: bool,
}

async fn one_mail(ctx: Ctx, Path(id): Path<uuid::Uuid>) -> Result<Response> {
    let folder = ctx.app.mail.folder().ok_or(Error::NotFound)?;
    let file = std::fs::read_to_string(folder.join(format!("{id}.eml"))).map_err(|_| Error::NotFound)?;
    let letter = kept_mail::read(&file);
    let is_link = |text: &str| (text.starts_with("http://") || text.starts_with("https://")) && !text.contains(' ');
    let lines = letter.text.lines().filter(|text| !text.is_empty());
    let lines = lines.map(|text| Line { is_link: is_link(text), text: text.into() }).collect();
    html(StatusCode::OK, &OneMailPage { shell: ctx.shell(letter.subject, Section::None), to: letter.to, lines })
}
