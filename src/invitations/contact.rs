//! Invitations of the people around a client: the same mail and link, into the same portal, for an access of their own.

use super::{Invitation, Invited, Purpose, invite, queries, void};
use crate::error::Result;
use crate::ids::{ClientId, ContactId};
use crate::people::Email;
use crate::practice::Practice;

/// Invites somebody around a client. Whether they may be let in was decided before.
pub fn invite_contact(p: &Practice, client: ClientId, contact: ContactId, email: &Email) -> Result<Invited> {
    invite(p, client, email, Purpose::Contact(contact))
}

/// Those of all the people around a client that were not undone, the newest first.
pub fn of_contacts(p: &Practice, client: ClientId) -> Result<Vec<Invitation>> {
    queries::of_contacts(p, client)
}

/// The newest one that was not undone.
pub fn latest_of_contact(p: &Practice, contact: ContactId) -> Result<Option<Invitation>> {
    queries::latest_of_contact(p, contact)
}

/// Ends every open invitation of the people around a client.
pub fn void_contacts(p: &Practice, client: ClientId) -> Result<()> {
    for open in queries::open(p, client)?.into_iter().filter(|open| open.purpose.whose().is_some()) {
        void(p, open.id)?;
    }
    Ok(())
}

/// Ends every open invitation of somebody around a client. `false`: none was open.
pub fn void_contact(p: &Practice, client: ClientId, contact: ContactId) -> Result<bool> {
    let open = queries::open(p, client)?.into_iter().filter(|open| open.purpose.whose() == Some(contact));
    let open: Vec<Invitation> = open.collect();
    for one in &open {
        void(p, one.id)?;
    }
    Ok(!open.is_empty())
}
