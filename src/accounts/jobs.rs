//! Mail about accounts. Jobs hold ids; what is written in the mail is looked up when it leaves.

use uuid::Uuid;

use super::{links, queries};
use crate::app::Shared;
use crate::error::{Error, Result};
use crate::jobs::{Job, Outcome, finish};
use crate::mail::{Delivery, Mail, bodies};
use crate::practice::House;
use crate::words::Words;

/// Decides about a "forgot my password": an address with an account gets a link. The key of one that has none is given
/// back: invitations know whether it was invited.
pub fn answer_reset_request(h: &House, request: Uuid) -> Result<Option<String>> {
    let Some(key) = queries::reset_request(h, request)? else {
        return Ok(None);
    };
    match super::address(h, &key)? {
        Some(address) => super::request_reset(h, address.account, &address.email).map(|()| None),
        None => Ok(Some(key)),
    }
}

/// Sends the mail of a link, if the link still holds.
pub async fn send_link(app: &Shared, job: &Job) -> Result<Outcome> {
    let id = job.subject;
    let link = app.read(move |h| queries::link(h, id)).await?;
    let Some(link) = link.filter(|link| link.state(app.now()).is_ok()) else {
        return done(app, job).await;
    };
    let words = Words::of("en");
    let address = app.config.link(&format!("/reset/{}", links::token(app, link.id)));
    let [subject, text, button, ignore] = if link.is_chosen() {
        ["mail-chosen-subject", "mail-chosen-text", "mail-chosen-button", "mail-chosen-ignore"]
    } else {
        ["mail-reset-subject", "mail-reset-text", "mail-reset-button", "mail-reset-ignore"]
    };
    let paragraphs = [words.t("mail-hello"), words.t(text)];
    let after = [words.with("mail-button-help", &[("link", &address)]), words.t(ignore)];
    let (text, html) = bodies(words, &paragraphs, Some((&words.t(button), &address)), &after)?;
    let mail = Mail {
        id: job.id,
        to: link.email.address.clone(),
        to_name: String::new(),
        subject: words.t(subject),
        text,
        html,
    };
    deliver(app, job, mail).await
}

/// Tells a confirmed address that another one was put in its place.
pub async fn tell_old_address(app: &Shared, job: &Job) -> Result<Outcome> {
    let id = job.subject;
    let old = app.read(move |h| queries::address_by_id(h, id)).await?;
    let Some((_, email)) = old else {
        return done(app, job).await;
    };
    let words = Words::of("en");
    let paragraphs = [words.t("mail-hello"), words.t("mail-moved-text"), words.t("mail-moved-until")];
    let after = [words.t("mail-moved-not-you")];
    let (text, html) = bodies(words, &paragraphs, None, &after)?;
    let mail = Mail {
        id: job.id,
        to: email.address,
        to_name: String::new(),
        subject: words.t("mail-moved-subject"),
        text,
        html,
    };
    deliver(app, job, mail).await
}

/// Sends a mail and finishes its job.
pub async fn deliver(app: &Shared, job: &Job, mail: Mail) -> Result<Outcome> {
    let sender = app.clone();
    let sending = tokio::task::spawn_blocking(move || sender.mail.send(&mail)).await;
    match sending.map_err(|e| Error::internal(e.to_string()))? {
        Delivery::Sent | Delivery::Kept => done(app, job).await,
        Delivery::Refused(reason) => Ok(Outcome::Failed(reason)),
        Delivery::Later(reason) => Ok(Outcome::Later(reason)),
    }
}

/// There is nothing to send any more.
pub async fn done(app: &Shared, job: &Job) -> Result<Outcome> {
    let job = job.clone();
    app.write(move |h| finish(h, &job)).await?;
    Ok(Outcome::Done)
}
