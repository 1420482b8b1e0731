//! Accepting: the moment in which an invitation becomes access to a portal, exactly once.

use super::{Invitation, Purpose, State, queries, set_state};
use crate::accounts;
use crate::activities::Kind as Activity;
use crate::audit::Entry;
use crate::chat::{self, Moment};
use crate::error::Result;
use crate::ids::{AccessId, AccountId, InvitationId};
use crate::jobs::Kind as JobKind;
use crate::members;
use crate::portal_access::{self, As};
use crate::practice::Practice;

/// How the holder of the link proves who they are beyond having the link.
#[derive(Debug, Clone)]
pub enum How {
    /// Creates a password; the address has no account of its own yet.
    NewPassword { hash: String },
    /// Has just proven the password of the address' account; `hash` is the one it was checked against.
    Account { account: AccountId, hash: String },
    /// Whoever signed up confirms the address: by the password chosen then, or from the browser that signed up. `hash`
    /// is the account's, as it was when that was looked at.
    SignedUp { account: AccountId, hash: String },
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
    let Some(addressee) = queries::addressee(p, &invitation)?.filter(|a| a.active) else {
        return Ok(Acceptance::Gone);
    };
    let account = match (asks(p, &invitation)?, how) {
        (Asks::Confirm, How::Confirm { hash }) => confirm(p, &invitation, hash)?,
        (Asks::SignedUp(own), How::SignedUp { account, hash }) if own == *account => {
            with_sign_up(p, &invitation, own, hash)?
        }
        (Asks::SignedUp(own), How::NewPassword { hash }) => anew(p, &invitation, own, hash)?,
        (Asks::Password, How::NewPassword { hash }) => accounts::take_address(&p.house(), &invitation.email, hash)?,
        (Asks::Password | Asks::Connect, How::Account { account, hash }) => {
            accounts::still_proven(&p.house(), &invitation.email, *account, hash)?.then_some(*account)
        }
        _ => None,
    };
    let Some(account) = account else {
        return Ok(Acceptance::Again);
    };
    let access = let_in(p, &invitation, account)?;
    close(p, &invitation)?;
    if invitation.purpose == Purpose::SignUp {
        // Whose link it was is told; nobody's: who owns the practice.
        for member in members::told_for(p, addressee.provider_id)? {
            p.enqueue(JobKind::TellOfSignUp, member.0, p.now)?;
        }
    }
    Ok(Acceptance::In { account, access })
}

fn let_in(p: &Practice, invitation: &Invitation, account: AccountId) -> Result<AccessId> {
    let client = invitation.client;
    let Some(contact) = invitation.purpose.whose() else {
        // The record follows its address: an access of its own by another account ends here, not a moment before.
        if let Some(before) = portal_access::own(p, client)?.filter(|own| own.account != account) {
            portal_access::end(p, before.id)?;
            if accounts::provisional::email(&p.house(), before.account)?.is_some() {
                accounts::provisional::abandon(&p.house(), before.account)?;
            }
        }
        let access = portal_access::grant(p, client, account, As::Client)?;
        chat::welcome(p, client, Moment::InPortal)?;
        return Ok(access);
    };
    // One person around the client has one access: by the account that accepted last.
    if let Some(before) = portal_access::of_contacts(p, client)?.into_iter().find(|a| a.contact == Some(contact))
        && before.account != account
    {
        portal_access::end(p, before.id)?;
    }
    let access = portal_access::grant(p, client, account, As::Contact(contact))?;
    chat::welcome(p, client, Moment::InPortal)?;
    Ok(access)
}

/// Whether the invitation confirms the login of the account that has the access: it must still be that account's
/// unproven login, and the account must still reach nothing else. Otherwise it is an invitation like any other.
fn confirms(p: &Practice, invitation: &Invitation) -> Result<bool> {
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

/// What the page behind an open invitation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// A new password, or that of the account that the address may have; the page looks the same for both.
    Password,
    /// A new password, for the changed address of the account that has access.
    Confirm,
    /// The password that was chosen at the sign-up, for this provisional account.
    SignedUp(AccountId),
    /// The password of the account that the typed address belongs to.
    Connect,
}

pub fn asks(p: &Practice, invitation: &Invitation) -> Result<Asks> {
    if confirms(p, invitation)? {
        return Ok(Asks::Confirm);
    }
    if invitation.purpose != Purpose::SignUp {
        return Ok(Asks::Password);
    }
    if accounts::known(&p.house(), &invitation.email)?.is_some() {
        return Ok(Asks::Connect);
    }
    let Some(own) = portal_access::own(p, invitation.client)? else {
        return Ok(Asks::Password);
    };
    let typed = accounts::provisional::email(&p.house(), own.account)?;
    let same = typed.is_some_and(|typed| typed.key == invitation.email.key);
    Ok(if same { Asks::SignedUp(own.account) } else { Asks::Password })
}

/// Makes the address free for whoever has just proven it: a stranger's claim that was never proven is given up.
/// `false`: it is somebody's.
fn freed(p: &Practice, invitation: &Invitation) -> Result<bool> {
    let house = p.house();
    match accounts::address(&house, &invitation.email.key)? {
        None => Ok(true),
        Some(address) if !address.confirmed => accounts::give_up_unconfirmed(&house, &address).map(|()| true),
        Some(_) => Ok(false),
    }
}

/// Whoever signed up, and has the mail too. Their sessions go on.
fn with_sign_up(p: &Practice, invitation: &Invitation, own: AccountId, hash: &str) -> Result<Option<AccountId>> {
    let unchanged = accounts::password_hash(&p.house(), own)?.is_some_and(|now| now == hash);
    if !unchanged || !freed(p, invitation)? {
        return Ok(None);
    }
    accounts::provisional::claim(&p.house(), own, &invitation.email)?;
    Ok(Some(own))
}

/// Whoever has the mail and not the password of the sign-up. A stranger may have typed their address: every session and
/// the password that were made then die.
fn anew(p: &Practice, invitation: &Invitation, own: AccountId, hash: &str) -> Result<Option<AccountId>> {
    if !freed(p, invitation)? {
        // An account without a password, whose holder is here.
        return accounts::take_address(&p.house(), &invitation.email, hash);
    }
    accounts::set_password(&p.house(), own, hash, None)?;
    accounts::provisional::claim(&p.house(), own, &invitation.email)?;
    Ok(Some(own))
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
    let whose = invitation.purpose.whose();
    for other in queries::open(p, invitation.client)?.into_iter().filter(|other| other.purpose.whose() == whose) {
        crate::jobs::cancel(&p.house(), JobKind::SendInvitation, other.id.0)?;
        set_state(p, other.id, State::Superseded, None)?;
    }
    let accepted = if whose.is_some() { Activity::ContactJoined } else { Activity::InvitationAccepted };
    p.note(accepted, invitation.client, None)?;
    // From now on there is somebody to remind of what is to be filled in.
    crate::flows::schedule(p, invitation.client)?;
    p.audit(&Entry::new("invitation.accepted", "invitation", Some(invitation.id.0)).client(invitation.client))
}
