//! Tells a member that somebody joined by an invite link. The mail names nobody: whoever reads over a shoulder learns
//! that there is something to look at, and no more.

use crate::access::Actor;
use crate::app::Shared;
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::jobs::{Job, Outcome, finish};
use crate::mail::{Delivery, Mail, bodies};
use crate::members;
use crate::words::Words;

pub async fn tell_of_sign_up(app: &Shared, job: &Job) -> Result<Outcome> {
    let door = app.practice(Actor::system(job.practice()?));
    let member = MemberId(job.subject);
    let email = door.read(move |p| members::email_of(p, member)).await?;
    let delivery = match email {
        None => Delivery::Kept,
        Some(email) => {
            let mail = compose(app, job, email.address)?;
            let sender = app.clone();
            let sending = tokio::task::spawn_blocking(move || sender.mail.send(&mail)).await;
            sending.map_err(|e| Error::internal(e.to_string()))?
        }
    };
    match delivery {
        Delivery::Refused(reason) => Ok(Outcome::Failed(reason)),
        Delivery::Later(reason) => Ok(Outcome::Later(reason)),
        Delivery::Sent | Delivery::Kept => {
            let job = job.clone();
            app.write(move |h| finish(h, &job)).await?;
            Ok(Outcome::Done)
        }
    }
}

fn compose(app: &Shared, job: &Job, to: String) -> Result<Mail> {
    let words = Words::of("en");
    let address = app.config.link("/home");
    let paragraphs = [words.t("mail-hello"), words.t("mail-joined-text")];
    let after = [words.with("mail-button-help", &[("link", &address)])];
    let (text, html) = bodies(words, &paragraphs, Some((&words.t("mail-joined-button"), &address)), &after)?;
    Ok(Mail { id: job.id, to, to_name: String::new(), subject: words.t("mail-joined-subject"), text, html })
}
