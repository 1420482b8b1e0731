//! Accepting: the moment in which an invitation becomes access to a portal, exactly once.

use super::{Invitation, Purpose, State, queries, set_state};
use crate::accounts;
use crate::activities::Kind as Activity;
use crate::audit::Entry;
use crate::error::Result;
use crate::ids::{AccessId, AccountId, InvitationId};
use crate::jobs::Kind as JobKind;
use crate::portal_access::{self, OWN};
use crate::practice::Practice;

/// How the holder of the link proves who they are beyond having the link.
#[derive(Debug, Clone)]
pub enum How {
    /// Creates a password; the address has no account of its own yet.
    NewPassword { hash: String },
    /// Has just proven the password of the address' account; `hash` is the one it was checked against.
    Account { account: AccountId, hash: String },
    /// Confirms the changed address of the account that already has access.
    /// With a new password: whoever was in by the address before must not stay in.
    Confirm { hash: String },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acceptance {
    In {
        account: AccountId,
        access: AccessId,
    },
    AlreadyAccepted,
    Superseded,
    /// Undone, or the address was changed; says no more than that.
    Gone,
    /// The account was changed in the meantime; the page is to be shown anew.
    Again,
}

/// Why an invitation in this state cannot be accepted.
pub fn refusal(state: State) -> Option<Acceptance> {
    match state {
        State::Accepted => Some(Acceptance::AlreadyAccepted),
        State::Superseded => Some(Acceptance::Superseded),
        State::Undone | State::Void => Some(Acceptance::Gone),
        State::Queued | State::Sent | State::Kept | State::Bounced => None,
    }
}

pub fn accept(p: &Practice, id: InvitationId, how: &How) -> Result<Acceptance> {
    let Some(invitation) = queries::by_id(p, id)? else {
        return Ok(Acceptance::Gone);
    };
    if let Some(refusal) = refusal(invitation.state) {
        return Ok(refusal);
    }
    if !queries::addressee(p, invitation.client)?.is_some_and(|a| a.active) {
        return Ok(Acceptance::Gone);
    }
    let account = match (confirms(p, &invitation)?, how) {
        (true, How::Confirm { hash }) => confirm(p, &invitation, hash)?,
        (false, How::NewPassword { hash }) => accounts::take_address(&p.house(), &invitation.email, hash)?,
        (false, How::Account { account, hash }) => {
            accounts::still_proven(&p.house(), &invitation.email, *account, hash)?.then_some(*account)
        }
        _ => None,
    };
    let Some(account) = account else {
        return Ok(Acceptance::Again);
    };
    // The record follows its address: an access of its own by another account ends here, not a moment before.
    if let Some(before) = portal_access::own(p, invitation.client)?.filter(|own| own.account != account) {
        portal_access::end(p, before.id)?;
    }
    let access = portal_access::grant(p, invitation.client, account, OWN)?;
    close(p, &invitation)?;
    Ok(Acceptance::In { account, access })
}

/// Whether the invitation confirms the login of the account that has the access: it must still be that account's
/// unproven login, and the account must still reach nothing else. Otherwise it is an invitation like any other.
pub fn confirms(p: &Practice, invitation: &Invitation) -> Result<bool> {
    if invitation.purpose != Purpose::Confirm {
        return Ok(false);
    }
    let Some(own) = portal_access::own(p, invitation.client)? else {
        return Ok(false);
    };
    let house = p.house();
    let key = &invitation.email.key;
    let mut live = accounts::addresses(&house, own.account)?.into_iter();
    Ok(live.any(|a| a.is_login && !a.confirmed && a.email.key == *key)
        && accounts::reaches_only(&house, own.account, own.id)?)
}

fn confirm(p: &Practice, invitation: &Invitation, hash: &str) -> Result<Option<AccountId>> {
    let Some(access) = portal_access::own(p, invitation.client)? else {
        return Ok(None);
    };
    if !accounts::confirm_login(&p.house(), access.account, &invitation.email.key)? {
        return Ok(None);
    }
    accounts::set_password(&p.house(), access.account, hash, None)?;
    Ok(Some(access.account))
}

/// The invitation is used; whatever else is open for the client is worth nothing any more.
fn close(p: &Practice, invitation: &Invitation) -> Result<()> {
    crate::jobs::cancel(&p.house(), JobKind::SendInvitation, invitation.id.0)?;
    set_state(p, invitation.id, State::Accepted, None)?;
    for other in queries::open(p, invitation.client)? {
        crate::jobs::cancel(&p.house(), JobKind::SendInvitation, other.id.0)?;
        set_state(p, other.id, State::Superseded, None)?;
    }
    p.note(Activity::InvitationAccepted, invitation.client, None)?;
    p.audit(&Entry::new("invitation.accepted", "invitation", Some(invitation.id.0)).client(invitation.client))
}
