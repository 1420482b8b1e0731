//! Changing a client's e-mail: also a way to take an account over, so it comes complete.
//!
//! The new address becomes the login, unconfirmed until its link is used; until then the old one still signs in if it
//! ever was confirmed, and is told. Open invitations and reset links die, sessions end. Where the account also reaches
//! something else, it stays untouched: this record's access is detached and the new address is invited. Staff see the
//! same in every case: an invitation to the new address, and how it fares.

use super::Client;
use crate::accounts;
use crate::activities::Kind as Activity;
use crate::audit::Entry;
use crate::error::Result;
use crate::invitations::{self, Invited, Purpose};
use crate::people::Email;
use crate::portal_access::{self, PortalAccess};
use crate::practice::Practice;

/// What a save did with the e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmailChange {
    /// The address stayed, or there was nobody to tell.
    None,
    /// The new address gets a mail to confirm it or to come in.
    Asked(Invited),
    /// The address cannot be taken away from somebody who signs in with it.
    Needed,
}

pub fn change(p: &Practice, client: &Client, new: Option<&Email>) -> Result<EmailChange> {
    let old = client.fields.email.as_ref();
    if old.map(|e| &e.key) == new.map(|e| &e.key) {
        return Ok(EmailChange::None);
    }
    let own = portal_access::own(p, client.id)?;
    let was_invited = invitations::was_invited(p, client.id)?;
    let Some(new) = new else {
        // Also where the access was detached from a shared account: a difference would tell staff that it was shared.
        if portal_access::ever_own(p, client.id)? {
            return Ok(EmailChange::Needed);
        }
        invitations::void_open(p, client.id)?;
        return Ok(EmailChange::None);
    };
    invitations::void_open(p, client.id)?;
    p.note(Activity::EmailChanged, client.id, None)?;
    p.audit(&Entry::of_client("client.email_changed", client.id))?;
    let purpose = match own {
        Some(own) => move_login(p, &own, new)?,
        None if was_invited => Purpose::Invite,
        // Never invited: an address was written down, nothing more. The invitation follows when it is wanted.
        None => return Ok(EmailChange::None),
    };
    Ok(EmailChange::Asked(invitations::invite(p, client.id, new, purpose)?))
}

/// Moves the login of an account that is this client's alone; otherwise detaches the record from it.
fn move_login(p: &Practice, own: &PortalAccess, new: &Email) -> Result<Purpose> {
    let house = p.house();
    let alone = accounts::reaches_only(&house, own.account, own.id)?;
    let holder = accounts::address(&house, &new.key)?.map(|a| a.account);
    let free = holder.is_none_or(|account| account == own.account);
    if alone && free {
        accounts::replace_login(&house, own.account, new)?;
        return Ok(Purpose::Confirm);
    }
    if alone && accounts::provisional::email(&house, own.account)?.is_some() {
        // Whoever signed up never proved anything, and the record is another person's now: nothing of it stays good.
        portal_access::end(p, own.id)?;
        accounts::provisional::abandon(&house, own.account)?;
    } else if alone {
        // The new address is somebody's already: this login stays good, and is told, until its holder accepts.
        accounts::announce_move(&house, own.account)?;
    } else {
        portal_access::end(p, own.id)?;
    }
    Ok(Purpose::Invite)
}
