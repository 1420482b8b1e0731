//! Accepting: the moment in which an invitation becomes a member, exactly once.

use super::super::queries as members_queries;
use super::{Invitation, State, queries, set_state};
use crate::accounts;
use crate::audit::Entry;
use crate::error::Result;
use crate::ids::{AccountId, MemberId, MemberInvitationId};
use crate::jobs::Kind as JobKind;
use crate::members::staff::{Change, Standing};
use crate::members::{NewMember, add};
use crate::practice::Practice;

/// How the holder of the link proves who they are beyond having the link.
#[derive(Debug, Clone)]
pub enum How {
    /// Creates a password; the address has no account of its own yet.
    NewPassword { hash: String },
    /// Has just proven the password of the address' account; `hash` is the one it was checked against.
    Account { account: AccountId, hash: String },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acceptance {
    In {
        account: AccountId,
        member: MemberId,
    },
    AlreadyAccepted,
    Superseded,
    /// Undone or withdrawn; says no more than that.
    Gone,
    /// The account was changed in the meantime; the page is to be shown anew.
    Again,
}

/// Why an invitation in this state cannot be accepted.
pub fn refusal(state: State) -> Option<Acceptance> {
    match state {
        State::Accepted => Some(Acceptance::AlreadyAccepted),
        State::Superseded => Some(Acceptance::Superseded),
        State::Undone | State::Withdrawn => Some(Acceptance::Gone),
        State::Queued | State::Sent | State::Kept | State::Bounced => None,
    }
}

pub fn accept(p: &Practice, id: MemberInvitationId, how: &How) -> Result<Acceptance> {
    let Some(invitation) = queries::by_id(p, id)? else {
        return Ok(Acceptance::Gone);
    };
    if let Some(refusal) = refusal(invitation.state) {
        return Ok(refusal);
    }
    let email = &invitation.invitee.email;
    let account = match how {
        How::NewPassword { hash } => accounts::take_address(&p.house(), email, hash)?,
        How::Account { account, hash } => {
            accounts::still_proven(&p.house(), email, *account, hash)?.then_some(*account)
        }
    };
    let Some(account) = account else {
        return Ok(Acceptance::Again);
    };
    let member = join(p, account, &invitation)?;
    close(p, &invitation, member)?;
    Ok(Acceptance::In { account, member })
}

/// A new row, or the one of somebody who was here before. An active member stays what they are: an invitation is no
/// way around those who may change roles.
fn join(p: &Practice, account: AccountId, invitation: &Invitation) -> Result<MemberId> {
    let to = &invitation.invitee;
    match members_queries::by_account(p, account)? {
        Some((member, Standing::Active)) => Ok(member),
        Some((member, Standing::Disabled)) => {
            let change = Change {
                first_name: to.first_name.clone(),
                last_name: to.last_name.clone(),
                role: to.role,
                sees_clients: to.sees_clients,
            };
            members_queries::update(p, member, &change)?;
            members_queries::enable(p, member)?;
            p.audit(&Entry::new("member.enabled", "member", Some(member.0)).detail(to.role.as_str()))?;
            Ok(member)
        }
        None => add(
            p,
            &NewMember {
                account,
                first_name: to.first_name.clone(),
                last_name: to.last_name.clone(),
                role: to.role,
                sees_clients: to.sees_clients,
            },
        ),
    }
}

/// The invitation is used; whatever else is open for the address is worth nothing any more.
fn close(p: &Practice, invitation: &Invitation, member: MemberId) -> Result<()> {
    for open in queries::open(p, &invitation.invitee.email.key)? {
        crate::jobs::cancel(&p.house(), JobKind::SendMemberInvitation, open.id.0)?;
        let state = if open.id == invitation.id { State::Accepted } else { State::Superseded };
        set_state(p, open.id, state, None)?;
    }
    queries::set_member(p, invitation.id, member)?;
    p.audit(&Entry::new("member.invitation_accepted", "member_invitation", Some(invitation.id.0)))
}
