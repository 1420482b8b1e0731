//! The daily mail: how much is new, and where to look. It names nobody and nothing that happened.

use super::queries;
use crate::access::Actor;
use crate::app::Shared;
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::jobs::{Job, Outcome, finish};
use crate::mail::{Delivery, Mail, bodies};
use crate::members;
use crate::words::Words;

pub async fn send_digest(app: &Shared, job: &Job) -> Result<Outcome> {
    let door = app.practice(Actor::system(job.practice()?));
    let member = MemberId(job.subject);
    let (email, new) = door.read(move |p| Ok((members::email_of(p, member)?, queries::to_mail(p, member)?))).await?;
    let delivery = match email {
        // Whoever has seen everything needs no mail, and whoever has left gets none.
        Some(email) if new > 0 => {
            let mail = compose(app, job, email.address, new)?;
            let sender = app.clone();
            let sending = tokio::task::spawn_blocking(move || sender.mail.send(&mail)).await;
            sending.map_err(|e| Error::internal(e.to_string()))?
        }
        _ => Delivery::Kept,
    };
    match delivery {
        Delivery::Refused(reason) => Ok(Outcome::Failed(reason)),
        Delivery::Later(reason) => Ok(Outcome::Later(reason)),
        Delivery::Sent | Delivery::Kept => {
            let job = job.clone();
            door.write(move |p| {
                queries::was_mailed(p, member)?;
                finish(&p.house(), &job)
            })
            .await?;
            Ok(Outcome::Done)
        }
    }
}

fn compose(app: &Shared, job: &Job, to: String, new: i64) -> Result<Mail> {
    let words = Words::of("en");
    let address = app.config.link("/newsfeed");
    let many = if new >= super::UNREAD_LIMIT { format!("{new}+") } else { new.to_string() };
    let paragraphs = [words.t("mail-hello"), words.with("mail-digest-text", &[("many", &many)])];
    let after = [words.with("mail-button-help", &[("link", &address)]), words.t("mail-digest-choose")];
    let (text, html) = bodies(words, &paragraphs, Some((&words.t("mail-digest-button"), &address)), &after)?;
    Ok(Mail { id: job.id, to, to_name: String::new(), subject: words.t("mail-digest-subject"), text, html })
}
