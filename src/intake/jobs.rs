//! Mails about forms: reminders to whoever fills them in, and the word to a provider that an answer needs attention. None
//! says what it is about.

use uuid::Uuid;

use super::{alerts, queries, reminders};
use crate::access::{Actor, Needs, Right, Who};
use crate::accounts;
use crate::app::Shared;
use crate::error::{Error, Result};
use crate::flows;
use crate::ids::{AccessId, ClientId, PracticeId};
use crate::jobs::{Job, Outcome, finish};
use crate::mail::{Delivery, Mail, bodies};
use crate::members;
use crate::portal_access;
use crate::practice::Practice;
use crate::words::Words;

/// Reminds a client of what is open, if that is still wanted, and plans the next time. Subject: the client.
pub async fn remind(app: &Shared, job: &Job) -> Result<Outcome> {
    let client = ClientId(job.subject);
    let done = job.clone();
    app.practice(Actor::system(job.practice()?))
        .write(move |p| {
            let stands = reminders::reminders(p, client)?;
            // Another plan has taken the place of the one that this job was for.
            if stands.stopped.is_none() && stands.next.is_some_and(|next| next <= p.now) {
                if queries::wants_reminding(p, client)? && reminders::send(p, client)? > 0 {
                    flows::schedule_next(p, client)?;
                } else {
                    // Nothing is open, or nobody is in: planned anew with what is given next, or when somebody comes in.
                    flows::unschedule(p, client)?;
                }
            }
            finish(&p.house(), &done)
        })
        .await?;
    Ok(Outcome::Done)
}

/// Whom a reminder goes to; nothing: they are out, or all is done meanwhile.
fn addressee(p: &Practice, access: AccessId) -> Result<Option<String>> {
    let Some((account, client)) = queries::access(p, access)? else { return Ok(None) };
    let found = portal_access::at_place(&p.house(), p.id, access.0, account)?;
    let may = found.is_some_and(|(actor, _)| match &actor.who {
        Who::Client(viewer) => viewer.may(Needs::Right(Right::Forms)),
        _ => false,
    });
    if !may || !queries::has_open(p, client)? {
        return Ok(None);
    }
    Ok(accounts::login_email(&p.house(), account)?.map(|email| email.address))
}

/// Sends one reminder. Subject: an access to the portal.
pub async fn send_reminder(app: &Shared, job: &Job) -> Result<Outcome> {
    let practice = job.practice()?;
    let access = AccessId(job.subject);
    let (to, name) = app
        .practice(Actor::system(practice))
        .read(move |p| {
            let info = p.house().practice_info(p.id)?;
            Ok((addressee(p, access)?, info.map(|info| info.name).unwrap_or_default()))
        })
        .await?;
    let words = Words::of("en");
    let mail = to.map(|to| {
        let address = app.config.link("/sign-in");
        let paragraphs =
            [words.t("mail-hello"), words.with("mail-forms-text", &[("practice", &crate::people::unlinked(&name))])];
        let after = [words.with("mail-button-help", &[("link", &address)])];
        let (text, html) = bodies(words, &paragraphs, Some((&words.t("mail-forms-button"), &address)), &after)?;
        let subject = words.t("mail-forms-subject");
        Ok::<_, Error>(Mail { id: job.id, to, to_name: String::new(), subject, text, html })
    });
    deliver(app, job, practice, mail.transpose()?).await
}

/// Tells the primary provider, or whoever runs the practice where there is none, to look. Subject: the alert.
pub async fn send_alert(app: &Shared, job: &Job) -> Result<Outcome> {
    let practice = job.practice()?;
    let id: Uuid = job.subject;
    let to = app
        .practice(Actor::system(practice))
        .read(move |p| {
            let open = queries::alert(p, id)?.filter(|alert: &alerts::Alert| alert.seen_at.is_none());
            let Some(alert) = open else { return Ok(None) };
            let whom = queries::whom_to_tell(p, alert.client)?;
            whom.map(|member| members::email_of(p, member)).transpose().map(Option::flatten)
        })
        .await?;
    let words = Words::of("en");
    let mail = to.map(|email| {
        let address = app.config.link("/newsfeed");
        let paragraphs = [words.t("mail-hello"), words.t("mail-alert-text")];
        let after = [words.with("mail-button-help", &[("link", &address)])];
        let (text, html) = bodies(words, &paragraphs, Some((&words.t("mail-alert-button"), &address)), &after)?;
        let subject = words.t("mail-alert-subject");
        Ok::<_, Error>(Mail { id: job.id, to: email.address, to_name: String::new(), subject, text, html })
    });
    deliver(app, job, practice, mail.transpose()?).await
}

async fn deliver(app: &Shared, job: &Job, practice: PracticeId, mail: Option<Mail>) -> Result<Outcome> {
    let delivery = match mail {
        None => Delivery::Kept,
        Some(mail) => {
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
            app.practice(Actor::system(practice)).write(move |p| finish(&p.house(), &job)).await?;
            Ok(Outcome::Done)
        }
    }
}
