//! Sends an invitation's mail, notes what became of it, and supersedes the older ones when it has left.

use super::queries::{self, Addressee};
use super::{Invitation, Purpose, State, event, set_state};
use crate::access::Actor;
use crate::activities::Kind as Activity;
use crate::app::Shared;
use crate::audit::Entry;
use crate::error::{Error, Result};
use crate::ids::{InvitationId, PracticeId};
use crate::jobs::{Job, Kind as JobKind, Outcome, finish};
use crate::mail::{Delivery, Mail, bodies};
use crate::people::unlinked;
use crate::practice::Practice;
use crate::words::Words;

/// Tries before a mail that a server keeps putting off counts as undeliverable: about three days.
const TRIES: i64 = 18;

/// Answers a "forgot my password": where there is an account, accounts have queued a link. An address that was only
/// invited has no password to forget and gets the invitation again; any other gets nothing.
pub async fn answer_reset_request(app: &Shared, job: &Job) -> Result<Outcome> {
    let job = job.clone();
    app.write(move |h| {
        if let Some(key) = crate::accounts::jobs::answer_reset_request(h, job.subject)? {
            super::send_again(h, &key)?;
            crate::members::invitations::send_again(h, &key)?;
        }
        finish(h, &job)?;
        Ok(Outcome::Done)
    })
    .await
}

pub async fn send(app: &Shared, job: &Job) -> Result<Outcome> {
    let practice = job.practice()?;
    let door = app.practice(Actor::system(practice));
    let id = InvitationId(job.subject);
    let found = door
        .read(move |p| {
            let Some(invitation) = queries::by_id(p, id)?.filter(|i| i.state.is_open()) else {
                return Ok(None);
            };
            let addressee = queries::addressee(p, &invitation)?.filter(|a| a.active);
            let practice = p.house().practice_info(practice)?;
            Ok(addressee.zip(practice).map(|(addressee, practice)| (invitation, addressee, practice.name)))
        })
        .await?;
    let Some((invitation, addressee, practice_name)) = found else {
        // Undone, replaced or archived in the meantime: there is nothing to send.
        let job = job.clone();
        door.write(move |p| finish(&p.house(), &job)).await?;
        return Ok(Outcome::Done);
    };
    let mail = compose(app, job, practice, &invitation, &addressee, &practice_name)?;
    let sender = app.clone();
    let delivery = tokio::task::spawn_blocking(move || sender.mail.send(&mail)).await;
    let delivery = delivery.map_err(|e| Error::internal(e.to_string()))?;
    if let Delivery::Later(reason) = &delivery
        && job.attempts < TRIES
    {
        let (reason, first) = (reason.clone(), job.attempts == 1);
        let noted = reason.clone();
        if first {
            door.write(move |p| event(p, id, "delayed", Some(&noted))).await?;
        }
        return Ok(Outcome::Later(reason));
    }
    let job = job.clone();
    door.write(move |p| {
        note_result(p, &invitation, &delivery)?;
        finish(&p.house(), &job)
    })
    .await?;
    Ok(Outcome::Done)
}

/// Notes what became of an invitation's mail that nobody sends: those of a made-up practice go nowhere.
pub fn settle(p: &Practice, id: InvitationId, delivery: &Delivery) -> Result<()> {
    let invitation = queries::by_id(p, id)?.ok_or(Error::NotFound)?;
    crate::jobs::cancel(&p.house(), JobKind::SendInvitation, id.0)?;
    note_result(p, &invitation, delivery)
}

fn note_result(p: &Practice, invitation: &Invitation, delivery: &Delivery) -> Result<()> {
    let client = invitation.client;
    // It may have been accepted (or voided) while the server took its time; that stands.
    let still_open = queries::by_id(p, invitation.id)?.is_some_and(|i| i.state.is_open());
    let (state, detail) = match delivery {
        Delivery::Sent => (State::Sent, None),
        Delivery::Kept => (State::Kept, None),
        Delivery::Refused(reason) | Delivery::Later(reason) => (State::Bounced, Some(reason.as_str())),
    };
    if still_open {
        set_state(p, invitation.id, state, detail)?;
    } else {
        event(p, invitation.id, state.as_str(), detail)?;
    }
    let whose = invitation.purpose.whose();
    let kind = match (state, whose) {
        (State::Bounced, None) => Activity::InvitationBounced,
        (State::Bounced, Some(_)) => Activity::ContactBounced,
        (_, None) => Activity::InvitationSent,
        (_, Some(_)) => Activity::ContactMailed,
    };
    // Kept is not sent.
    p.note(kind, client, (state == State::Kept).then_some("kept"))?;
    p.audit(&Entry::new("invitation.left", "invitation", Some(invitation.id.0)).client(client).detail(state.as_str()))?;
    if state == State::Bounced {
        return Ok(());
    }
    for older in queries::open(p, client)? {
        let is_older =
            older.purpose.whose() == whose && (older.created_at, older.id) < (invitation.created_at, invitation.id);
        if is_older {
            crate::jobs::cancel(&p.house(), JobKind::SendInvitation, older.id.0)?;
            set_state(p, older.id, State::Superseded, None)?;
        }
    }
    Ok(())
}

fn compose(
    app: &Shared,
    job: &Job,
    practice: PracticeId,
    invitation: &Invitation,
    addressee: &Addressee,
    practice_name: &str,
) -> Result<Mail> {
    let words = Words::of("en");
    let link = app.config.link(&format!("/invitation/{}", super::token(app, practice, invitation.id)));
    let practice_said = unlinked(practice_name);
    let provider = unlinked(addressee.provider.as_deref().unwrap_or_default());
    // Whoever signed up typed the name, and perhaps somebody else's address: nothing of theirs goes there but the link.
    let typed_by_a_stranger = invitation.purpose == Purpose::SignUp;
    let hello = match typed_by_a_stranger {
        true => words.t("mail-hello"),
        false => words.with("mail-hello-name", &[("name", &unlinked(&addressee.called))]),
    };
    let (subject, key, button) = match invitation.purpose {
        Purpose::Confirm => ("mail-confirm-subject", "mail-confirm-text", "mail-confirm-button"),
        Purpose::SignUp => ("mail-confirm-subject", "mail-sign-up-text", "mail-confirm-button"),
        Purpose::Contact(_) => ("mail-invitation-subject", "mail-invitation-text-contact", "mail-invitation-button"),
        Purpose::Invite if addressee.provider.is_some() => {
            ("mail-invitation-subject", "mail-invitation-text-provider", "mail-invitation-button")
        }
        Purpose::Invite => ("mail-invitation-subject", "mail-invitation-text", "mail-invitation-button"),
    };
    let text = words.with(key, &[("practice", &practice_said), ("provider", &provider)]);
    let mut paragraphs = vec![hello, text];
    if matches!(invitation.purpose, Purpose::Invite | Purpose::Contact(_)) {
        paragraphs.push(words.t("mail-invitation-what"));
    }
    let after = [words.with("mail-button-help", &[("link", &link)]), words.t("mail-invitation-ignore")];
    let (text, html) = bodies(words, &paragraphs, Some((&words.t(button), &link)), &after)?;
    let to_name = match typed_by_a_stranger {
        true => String::new(),
        false => format!("{} {}", addressee.first_name, addressee.last_name),
    };
    Ok(Mail { id: job.id, to: invitation.email.address.clone(), to_name, subject: words.t(subject), text, html })
}
