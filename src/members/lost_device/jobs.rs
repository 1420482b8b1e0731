//! The mails of a reset: at once, that it was asked for; when it is ripe, the link.

use crate::access::Actor;
use crate::accounts::jobs::{deliver, done};
use crate::app::Shared;
use crate::error::Result;
use crate::jobs::{Job, Outcome};
use crate::mail::{Mail, bodies};
use crate::people::Email;
use crate::second_factor::resets::{self, Reset};
use crate::words::Words;

struct Told {
    reset: Reset,
    email: Email,
    practice: String,
    zone: String,
}

/// What a mail is about, where there still is something.
async fn about(app: &Shared, job: &Job) -> Result<Option<Told>> {
    let (practice, id) = (job.practice()?, job.subject);
    app.write(move |h| {
        let actor = Actor::system(practice);
        let p = h.practice(&actor);
        let (Some(reset), Some(info)) = (super::standing(&p, id)?, h.practice_info(practice)?) else {
            return Ok(None);
        };
        let email = crate::accounts::proven_email(h, reset.account)?;
        Ok(email.map(|email| Told { reset, email, practice: info.name, zone: info.time_zone }))
    })
    .await
}

/// Tells the holder at once, and how to stop it.
pub async fn tell_asked(app: &Shared, job: &Job) -> Result<Outcome> {
    let Some(told) = about(app, job).await? else {
        return done(app, job).await;
    };
    let words = Words::of("en");
    let values = [("practice", told.practice.as_str()), ("time", &told.reset.ripe_at.said_in(&told.zone))];
    let paragraphs =
        [words.t("mail-hello"), words.with("mail-reset-asked", &values), words.with("mail-reset-asked-then", &values)];
    let address = app.config.link("/sign-in");
    let after = [words.t("mail-reset-asked-stop")];
    let button = words.t("mail-joined-button");
    let (text, html) = bodies(words, &paragraphs, Some((&button, &address)), &after)?;
    let subject = words.t("mail-reset-asked-subject");
    let mail = Mail { id: job.id, to: told.email.address, to_name: String::new(), subject, text, html };
    deliver(app, job, mail).await
}

/// Sends the link that turns the second factor off.
pub async fn send_link(app: &Shared, job: &Job) -> Result<Outcome> {
    let Some(told) = about(app, job).await? else {
        return done(app, job).await;
    };
    let (practice, id) = (job.practice()?, told.reset.id);
    app.write(move |h| resets::note_sent(&h.practice(&Actor::system(practice)), id)).await?;
    let words = Words::of("en");
    let address = app.config.link(&format!("/two-step/reset/{}", resets::token(app, practice, id)));
    let asked = words.with("mail-reset-ripe", &[("practice", &told.practice)]);
    let paragraphs = [words.t("mail-hello"), asked, words.t("mail-reset-ripe-what")];
    let after = [words.with("mail-button-help", &[("link", &address)]), words.t("mail-reset-ripe-ignore")];
    let button = words.t("mail-reset-ripe-button");
    let (text, html) = bodies(words, &paragraphs, Some((&button, &address)), &after)?;
    let subject = words.t("mail-reset-ripe-subject");
    let mail = Mail { id: job.id, to: told.email.address, to_name: String::new(), subject, text, html };
    deliver(app, job, mail).await
}
