//! What is done to one client of a run, and how it is put back.

use std::time::Duration;

use super::{Action, Run};
use crate::clients::{self, Fields, Saved, Status};
use crate::error::{Error, Result};
use crate::ids::{ClientId, InvitationId, MemberId};
use crate::invitations::{self, Invited, State as Invitation};
use crate::members;
use crate::practice::Practice;

/// Who was invited within this time is not written to again by a bulk run.
const LATELY: Duration = Duration::from_secs(24 * 3600);

/// Why a client was left as they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skip {
    /// Not there any more, or no longer in the starter's care.
    Gone,
    NoEmail,
    InPortal,
    InvitedLately,
    Archived,
    /// It was so already.
    AlreadySo,
    /// The primary provider stays on the care team until another one is chosen.
    IsPrimary,
}

impl Skip {
    const ALL: [Skip; 7] = [
        Skip::Gone,
        Skip::NoEmail,
        Skip::InPortal,
        Skip::InvitedLately,
        Skip::Archived,
        Skip::AlreadySo,
        Skip::IsPrimary,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Skip::Gone => "gone",
            Skip::NoEmail => "no_email",
            Skip::InPortal => "in_portal",
            Skip::InvitedLately => "invited_lately",
            Skip::Archived => "archived",
            Skip::AlreadySo => "already_so",
            Skip::IsPrimary => "is_primary",
        }
    }

    pub fn parse(text: &str) -> Option<Skip> {
        Skip::ALL.into_iter().find(|skip| skip.as_str() == text)
    }

    pub fn said(self) -> &'static str {
        match self {
            Skip::Gone => "No longer there",
            Skip::NoEmail => "No email",
            Skip::InPortal => "Already in the portal",
            Skip::InvitedLately => "Invited in the last 24 hours",
            Skip::Archived => "Archived",
            Skip::AlreadySo => "Was so already",
            Skip::IsPrimary => "Is their primary provider",
        }
    }
}

/// What Undo needs to know of one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Before {
    pub before: Option<uuid::Uuid>,
    pub was_on_team: bool,
    pub made: Option<uuid::Uuid>,
}

/// Does a run's action to one client.
pub fn act(p: &Practice, run: &Run, id: ClientId) -> Result<std::result::Result<Before, Skip>> {
    let client = match clients::find(p, id) {
        Ok(client) => client,
        Err(Error::NotFound | Error::Merged(_)) => return Ok(Err(Skip::Gone)),
        Err(e) => return Err(e),
    };
    let archived = client.status == Status::ARCHIVED;
    if archived && run.action != Action::Restore && run.action != Action::Archive {
        return Ok(Err(Skip::Archived));
    }
    let current = &client.fields;
    match run.action {
        Action::Invite => invite(p, run, &client),
        Action::Group(group) if current.group == group => Ok(Err(Skip::AlreadySo)),
        Action::Group(group) => {
            let before = Before { before: current.group.map(|id| id.0), ..Before::default() };
            save(p, id, Fields { group, ..current.clone() }, before)
        }
        Action::Provider(provider) if current.primary_provider == provider => Ok(Err(Skip::AlreadySo)),
        Action::Provider(provider) => {
            let before = Before {
                before: current.primary_provider.map(|id| id.0),
                was_on_team: provider.is_some_and(|new| current.care_team.contains(&new)),
                made: None,
            };
            save(p, id, with_provider(current, provider), before)
        }
        Action::JoinTeam(member) if is_on_team(current, member) => Ok(Err(Skip::AlreadySo)),
        Action::JoinTeam(member) => save(p, id, with_member(current, member), Before::default()),
        Action::LeaveTeam(member) if current.primary_provider == Some(member) => Ok(Err(Skip::IsPrimary)),
        Action::LeaveTeam(member) if !is_on_team(current, member) => Ok(Err(Skip::AlreadySo)),
        Action::LeaveTeam(member) => save(p, id, without_member(current, member), Before::default()),
        Action::Archive => Ok(if clients::archive(p, id)? { Ok(Before::default()) } else { Err(Skip::AlreadySo) }),
        Action::Restore => Ok(if clients::restore(p, id)? { Ok(Before::default()) } else { Err(Skip::AlreadySo) }),
    }
}

/// The former main provider stays on the team, as after a change on the client's page.
fn with_provider(current: &Fields, provider: Option<MemberId>) -> Fields {
    let mut fields = Fields { primary_provider: provider, ..current.clone() };
    fields.care_team.extend(current.primary_provider);
    fields.care_team.retain(|member| Some(*member) != provider);
    fields.care_team.sort();
    fields.care_team.dedup();
    fields
}

fn is_on_team(fields: &Fields, member: MemberId) -> bool {
    fields.primary_provider == Some(member) || fields.care_team.contains(&member)
}

fn with_member(current: &Fields, member: MemberId) -> Fields {
    let mut fields = current.clone();
    fields.care_team.push(member);
    fields.care_team.sort();
    fields
}

fn without_member(current: &Fields, member: MemberId) -> Fields {
    let mut fields = current.clone();
    fields.care_team.retain(|one| *one != member);
    fields
}

fn save(p: &Practice, id: ClientId, fields: Fields, before: Before) -> Result<std::result::Result<Before, Skip>> {
    match clients::change(p, id, &fields, None)? {
        Saved::Saved { .. } => Ok(Ok(before)),
        // Without a version nothing is stale, and the e-mail stays.
        Saved::Stale(_) | Saved::EmailNeeded => Err(Error::internal("a bulk change was refused")),
    }
}

fn invite(p: &Practice, run: &Run, client: &clients::Client) -> Result<std::result::Result<Before, Skip>> {
    let Some(email) = &client.fields.email else {
        return Ok(Err(Skip::NoEmail));
    };
    let latest = invitations::latest(p, client.id)?;
    if latest.as_ref().is_some_and(|i| i.state == Invitation::Accepted && i.email.key == email.key) {
        return Ok(Err(Skip::InPortal));
    }
    if latest.as_ref().is_some_and(|i| i.state.is_open() && p.now.since(i.created_at) < LATELY) {
        return Ok(Err(Skip::InvitedLately));
    }
    let purpose = invitations::purpose_of(p, client.id, email)?;
    // One after the other: a mail server is not flooded, and those who are late can still be taken back.
    let turn = u32::try_from(run.done).unwrap_or(u32::MAX);
    let leaves_at = run.created_at.plus(p.app.config.undo + p.app.config.bulk_mail_every * turn);
    let leaves_at = leaves_at.max(p.now.plus(p.app.config.undo));
    match invitations::invite_at(p, client.id, email, purpose, leaves_at)? {
        Invited::Queued(made) => Ok(Ok(Before { made: Some(made.0), ..Before::default() })),
        _ => Ok(Err(Skip::InvitedLately)),
    }
}

/// Puts back what was done to one client. `false`: somebody has changed it since, or the mail has left.
pub fn put_back(p: &Practice, run: &Run, id: ClientId, before: &Before) -> Result<bool> {
    let client = match clients::find(p, id) {
        Ok(client) => client,
        Err(Error::NotFound | Error::Merged(_)) => return Ok(false),
        Err(e) => return Err(e),
    };
    if client.status == Status::ARCHIVED && run.action != Action::Archive {
        return Ok(false);
    }
    match run.action {
        Action::Invite => match before.made {
            Some(made) => invitations::undo(p, InvitationId(made)),
            None => Ok(false),
        },
        Action::Group(group) if client.fields.group != group => Ok(false),
        Action::Group(_) => {
            let known = crate::groups::all(p)?;
            let group = before.before.map(crate::ids::GroupId);
            if group.is_some_and(|group| known.iter().all(|one| one.id != group)) {
                return Ok(false);
            }
            Ok(save(p, id, Fields { group, ..client.fields }, Before::default())?.is_ok())
        }
        Action::Provider(provider) if client.fields.primary_provider != provider => Ok(false),
        // Who has left the staff or this team since does not come back by an Undo.
        Action::Provider(_) if !may_return(p, &client.fields, before)? => Ok(false),
        Action::Provider(provider) => {
            let stays = provider.filter(|_| before.was_on_team);
            clients::hand_back(p, id, before.before.map(MemberId), stays)?;
            Ok(true)
        }
        Action::JoinTeam(member) => {
            let now = &client.fields;
            let may = now.care_team.contains(&member);
            Ok(may && save(p, id, without_member(now, member), Before::default())?.is_ok())
        }
        Action::LeaveTeam(member) => {
            let now = &client.fields;
            let may = !is_on_team(now, member) && members::providers(p)?.iter().any(|one| one.id == member);
            Ok(may && save(p, id, with_member(now, member), Before::default())?.is_ok())
        }
        Action::Archive => clients::restore(p, id),
        Action::Restore => clients::archive(p, id),
    }
}

fn may_return(p: &Practice, now: &Fields, before: &Before) -> Result<bool> {
    let Some(former) = before.before.map(MemberId) else {
        return Ok(true);
    };
    Ok(now.care_team.contains(&former) && members::providers(p)?.iter().any(|one| one.id == former))
}
