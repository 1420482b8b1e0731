//! Sends an invitation's mail, notes what became of it, and supersedes the older ones when it has left.

use super::{Invitation, State, event, queries, set_state, token};
use crate::access::Actor;
use crate::app::Shared;
use crate::audit::Entry;
use crate::error::{Error, Result};
use crate::ids::{MemberInvitationId, PracticeId};
use crate::jobs::{Job, Kind as JobKind, Outcome, finish};
use crate::mail::{Delivery, Mail, bodies};
use crate::people::unlinked;
use crate::practice::Practice;
use crate::words::Words;

/// Tries before a mail that a server keeps putting off counts as undeliverable: about three days.
const TRIES: i64 = 18;

pub async fn send(app: &Shared, job: &Job) -> Result<Outcome> {
    let practice = job.practice()?;
    let door = app.practice(Actor::system(practice));
    let id = MemberInvitationId(job.subject);
    let found = door
        .read(move |p| {
            let invitation = queries::by_id(p, id)?.filter(|i| i.state.is_open());
            let practice = p.house().practice_info(practice)?;
            Ok(invitation.zip(practice.map(|practice| practice.name)))
        })
        .await?;
    let Some((invitation, practice_name)) = found else {
        // Undone, withdrawn or replaced in the meantime: there is nothing to send.
        let job = job.clone();
        door.write(move |p| finish(&p.house(), &job)).await?;
        return Ok(Outcome::Done);
    };
    let mail = compose(app, job, practice, &invitation, &practice_name)?;
    let sender = app.clone();
    let delivery = tokio::task::spawn_blocking(move || sender.mail.send(&mail)).await;
    let delivery = delivery.map_err(|e| Error::internal(e.to_string()))?;
    if let Delivery::Later(reason) = &delivery
        && job.attempts < TRIES
    {
        if job.attempts == 1 {
            let noted = reason.clone();
            door.write(move |p| event(p, id, "delayed", Some(&noted))).await?;
        }
        return Ok(Outcome::Later(reason.clone()));
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
pub fn settle(p: &Practice, id: MemberInvitationId, delivery: &Delivery) -> Result<()> {
    let invitation = queries::by_id(p, id)?.ok_or(Error::NotFound)?;
    crate::jobs::cancel(&p.house(), JobKind::SendMemberInvitation, id.0)?;
    note_result(p, &invitation, delivery)
}

fn note_result(p: &Practice, invitation: &Invitation, delivery: &Delivery) -> Result<()> {
    // It may have been accepted or withdrawn while the server took its time; that stands.
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
    let subject = Some(invitation.id.0);
    p.audit(&Entry::new("member.invitation_left", "member_invitation", subject).detail(state.as_str()))?;
    if state == State::Bounced {
        return Ok(());
    }
    for older in queries::open(p, &invitation.invitee.email.key)? {
        if (older.created_at, older.id) < (invitation.created_at, invitation.id) {
            crate::jobs::cancel(&p.house(), JobKind::SendMemberInvitation, older.id.0)?;
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
    practice_name: &str,
) -> Result<Mail> {
    let words = Words::of("en");
    let link = app.config.link(&format!("/join-staff/{}", token(app, practice, invitation.id)));
    let to = &invitation.invitee;
    let paragraphs = [
        words.with("mail-hello-name", &[("name", &unlinked(&to.first_name))]),
        words.with("mail-staff-text", &[("practice", &unlinked(practice_name))]),
        words.t("mail-staff-what"),
    ];
    let after = [words.with("mail-button-help", &[("link", &link)]), words.t("mail-invitation-ignore")];
    let (text, html) = bodies(words, &paragraphs, Some((&words.t("mail-staff-button"), &link)), &after)?;
    Ok(Mail {
        id: job.id,
        to: to.email.address.clone(),
        to_name: to.name(),
        subject: words.t("mail-invitation-subject"),
        text,
        html,
    })
}
