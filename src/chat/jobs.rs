//! The mail that a message waits, which says nothing of it, and messages whose time has come.

use uuid::Uuid;

use super::queries::{self, Waiting};
use super::talk::{self, Looks};
use super::{message_queries as rows, notices};
use crate::access::{Actor, Right, Who};
use crate::app::Shared;
use crate::bus::Hint;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::ids::{AccessId, MemberId};
use crate::jobs::{Job, Outcome, finish};
use crate::mail::{Delivery, Mail, bodies};
use crate::practice::Practice;
use crate::words::Words;
use crate::{accounts, members, portal_access};

/// Whom to mail, and where the mail leads.
struct To {
    address: String,
    path: String,
}

/// Whether a mail goes now.
enum Due {
    Now(To),
    /// What they have not read is newer than this mail.
    At(Instant),
    Never,
}

/// Mails a reader that something waits, unless they have seen it meanwhile or may not any more.
pub async fn tell(app: &Shared, job: &Job) -> Result<Outcome> {
    let door = app.practice(Actor::system(job.practice()?));
    let subject = job.subject;
    let found = door.read(move |p| due(p, subject)).await?;
    let delivery = match found {
        Due::Now(to) => {
            let mail = compose(app, job, to)?;
            let sender = app.clone();
            let sending = tokio::task::spawn_blocking(move || sender.mail.send(&mail)).await;
            sending.map_err(|e| Error::internal(e.to_string()))?
        }
        Due::At(at) => {
            let job = job.clone();
            door.write(move |p| {
                notices::tell_at(p, subject, at)?;
                finish(&p.house(), &job)
            })
            .await?;
            return Ok(Outcome::Done);
        }
        Due::Never => {
            let job = job.clone();
            door.write(move |p| {
                match due(p, subject)? {
                    // Nobody was told: the next message may be worth a mail.
                    Due::Never => queries::not_told(p, subject)?,
                    // Something was said since it was looked at.
                    Due::Now(_) => notices::tell_at(p, subject, p.now)?,
                    Due::At(at) => notices::tell_at(p, subject, at)?,
                }
                finish(&p.house(), &job)
            })
            .await?;
            return Ok(Outcome::Done);
        }
    };
    match delivery {
        Delivery::Refused(reason) => Ok(Outcome::Failed(reason)),
        Delivery::Later(reason) => Ok(Outcome::Later(reason)),
        Delivery::Sent | Delivery::Kept => {
            let job = job.clone();
            door.write(move |p| finish(&p.house(), &job)).await?;
            Ok(Outcome::Done)
        }
    }
}

fn due(p: &Practice, row: Uuid) -> Result<Due> {
    let Some(to) = whom(p, row)? else { return Ok(Due::Never) };
    Ok(match notices::to_tell_at(p, row)? {
        Some(at) if at > p.now => Due::At(at),
        Some(_) => Due::Now(to),
        None => Due::Never,
    })
}

fn whom(p: &Practice, row: Uuid) -> Result<Option<To>> {
    let Some(waiting) = queries::reader_by_id(p, row)?.filter(|w| w.unseen && w.told && !w.muted) else {
        return Ok(None);
    };
    let Some(actor) = actor_of(p, &waiting)? else { return Ok(None) };
    // As they would be let in now.
    let house = p.house();
    let theirs = house.practice(&actor);
    if super::rights::open(&theirs, waiting.conversation).is_err() {
        return Ok(None);
    }
    let (account, path) = match &actor.who {
        Who::Member(member) => (member.account, format!("/chat/{}", waiting.conversation)),
        Who::Client(viewer) => (viewer.account, format!("/portal/messages/{}", waiting.conversation)),
        Who::HandedOver(_) | Who::LinkHolder | Who::System => return Ok(None),
    };
    let email = accounts::login_email(&house, account)?;
    Ok(email.map(|email| To { address: email.address, path }))
}

fn actor_of(p: &Practice, waiting: &Waiting) -> Result<Option<Actor>> {
    if waiting.is_member {
        let member = members::active(p, MemberId(waiting.reader))?;
        return Ok(member.map(|member| Actor { practice: p.id, who: Who::Member(member) }));
    }
    let access = AccessId(waiting.reader);
    let Some(account) = queries::account_of(p, access)? else { return Ok(None) };
    let place = portal_access::at_place(&p.house(), p.id, access.0, account)?;
    let may = |actor: &Actor| matches!(&actor.who, Who::Client(viewer) if viewer.rights.has(Right::Messages));
    Ok(place.map(|(actor, _)| actor).filter(may))
}

fn compose(app: &Shared, job: &Job, to: To) -> Result<Mail> {
    let words = Words::of("en");
    let address = app.config.link(&to.path);
    let paragraphs = [words.t("mail-hello"), words.t("mail-message-text")];
    let after = [words.with("mail-button-help", &[("link", &address)]), words.t("mail-message-why")];
    let (text, html) = bodies(words, &paragraphs, Some((&words.t("mail-message-button"), &address)), &after)?;
    let subject = words.t("mail-message-subject");
    Ok(Mail { id: job.id, to: to.address, to_name: String::new(), subject, text, html })
}

/// Sends a message whose time has come, as whoever wrote it, if they still may.
pub async fn send_scheduled(app: &Shared, job: &Job) -> Result<Outcome> {
    let door = app.practice(Actor::system(job.practice()?));
    let job = job.clone();
    door.write(move |p| {
        if let Some(one) = rows::scheduled_by_id(p, job.subject)?.filter(|one| !one.refused) {
            let is_said = say(p, &one)?;
            rows::end_scheduled(p, one.id, if is_said { "sent" } else { "refused" })?;
            if !is_said {
                let client = queries::by_id(p, one.conversation)?.and_then(|conversation| conversation.client);
                p.audit(&talk::entry("message.refused", "message", one.id, client))?;
            }
            // Whoever wrote it sees it waiting no more, and where it was refused that it was.
            p.say(Hint::News(vec![one.member.0]));
        }
        finish(&p.house(), &job)
    })
    .await?;
    Ok(Outcome::Done)
}

/// `false`: nobody may say it there any more.
fn say(p: &Practice, one: &rows::Scheduled) -> Result<bool> {
    let Some(member) = members::active(p, one.member)? else { return Ok(false) };
    let actor = Actor { practice: p.id, who: Who::Member(member) };
    let house = p.house();
    let typed = talk::Typed { given: one.id, body: one.body.clone(), file: None };
    match talk::post_as(&house.practice(&actor), one.conversation, &typed, Looks::Away) {
        Ok(_) => Ok(true),
        Err(Error::NotFound | Error::Conflict(_) | Error::OutsideTeam(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
