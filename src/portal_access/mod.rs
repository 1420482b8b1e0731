//! Portal access: which account reaches which client record, and as whom: the client, or somebody around them.
//!
//! Granted when an invitation is accepted, ended when the e-mail moves to somebody else. Nothing else lets an account
//! into a client's portal. What somebody around the client may do there stands with the contact and is asked anew with
//! every request: what the practice gave, and, where the client is of age, only as far as they agreed to it.

mod queries;

use uuid::Uuid;

use crate::access::{Actor, Rights, Viewer, Who};
use crate::accounts;
use crate::error::Result;
use crate::ids::{AccessId, AccountId, ClientId, ContactId, PracticeId};
use crate::people;
use crate::practice::{House, Practice};
use crate::web::PracticeInfo;

#[derive(Debug, Clone)]
pub struct PortalAccess {
    pub id: AccessId,
    pub account: AccountId,
    /// Whose it is, if not the client's own.
    pub contact: Option<ContactId>,
}

/// As whom somebody is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum As {
    Client,
    Contact(ContactId),
}

/// What a client who is of age said to somebody being in their portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Nobody asked.
    None,
    Asked,
    Given,
    Refused,
}

impl Consent {
    pub const ALL: [Consent; 4] = [Consent::None, Consent::Asked, Consent::Given, Consent::Refused];

    pub fn as_str(self) -> &'static str {
        match self {
            Consent::None => "none",
            Consent::Asked => "asked",
            Consent::Given => "given",
            Consent::Refused => "refused",
        }
    }

    pub fn parse(text: &str) -> Option<Consent> {
        Consent::ALL.into_iter().find(|consent| consent.as_str() == text)
    }
}

/// What somebody around a client may do in the portal today. Nothing: they are not let in at all. A client without a date
/// of birth counts as of age: nobody's portal is opened to others for want of a date.
pub fn in_force(rights: &Rights, agreed: &Rights, consent: Consent, minor: bool) -> Option<Rights> {
    match consent {
        _ if minor => Some(rights.clone()),
        Consent::Given => Some(rights.and(agreed)),
        Consent::None | Consent::Asked | Consent::Refused => None,
    }
}

/// Lets an account into a client's portal; once is enough. Whoever was in as somebody around them and turns out to be
/// the client is in as the client.
pub fn grant(p: &Practice, client: ClientId, account: AccountId, whom: As) -> Result<AccessId> {
    if let Some(known) = queries::live(p, client)?.into_iter().find(|a| a.account == account) {
        if known.contact.is_none() || whom != As::Client {
            return Ok(known.id);
        }
        end(p, known.id)?;
    }
    let id = AccessId(p.new_id());
    queries::insert(p, id, client, account, whom)?;
    Ok(id)
}

/// The client's own live access, if they have accepted an invitation.
pub fn own(p: &Practice, client: ClientId) -> Result<Option<PortalAccess>> {
    Ok(queries::live(p, client)?.into_iter().find(|a| a.contact.is_none()))
}

/// The live accesses of the people around a client.
pub fn of_contacts(p: &Practice, client: ClientId) -> Result<Vec<PortalAccess>> {
    Ok(queries::live(p, client)?.into_iter().filter(|a| a.contact.is_some()).collect())
}

/// Ends the access of somebody around a client. `false`: they had none.
pub fn end_of_contact(p: &Practice, client: ClientId, contact: ContactId) -> Result<bool> {
    let found = of_contacts(p, client)?.into_iter().find(|access| access.contact == Some(contact));
    found.map_or(Ok(false), |access| end(p, access.id).map(|()| true))
}

/// Ends what others have in the portal of a client who turned out to be of age, without the client's word for it.
pub fn end_unagreed(p: &Practice, client: ClientId) -> Result<()> {
    for access in queries::unagreed(p, client)? {
        end(p, access)?;
    }
    Ok(())
}

/// How many people are in a client's portal.
pub fn live(p: &Practice, client: ClientId) -> Result<usize> {
    Ok(queries::live(p, client)?.len())
}

/// Whether the client ever had an access of their own, ended or not.
pub fn ever_own(p: &Practice, client: ClientId) -> Result<bool> {
    queries::ever_own(p, client)
}

/// Ends an access and the sessions that stand in it.
pub fn end(p: &Practice, access: AccessId) -> Result<()> {
    queries::end(p, access)?;
    accounts::end_all_of_access(&p.house(), p.id, access.0)
}

/// The actor and practice of a session that stands in the portal, if the access still holds.
pub fn at_place(
    h: &House,
    practice: PracticeId,
    id: Uuid,
    account: AccountId,
) -> Result<Option<(Actor, PracticeInfo)>> {
    let system = Actor::system(practice);
    let found = queries::held(&h.practice(&system), AccessId(id))?.filter(|held| held.account == account);
    let (Some(held), Some(info)) = (found, h.practice_info(practice)?) else {
        return Ok(None);
    };
    let minor = held.born.is_some_and(|born| people::is_minor(born, h.now.date_in(&info.time_zone)));
    let viewer = held.viewer(AccessId(id), minor);
    Ok(viewer.map(|viewer| (Actor { practice, who: Who::Client(viewer) }, info)))
}

/// An access as it stands in the database, with what it depends on.
struct Held {
    account: AccountId,
    client: ClientId,
    name: String,
    born: Option<jiff::civil::Date>,
    contact: Option<Around>,
}

struct Around {
    rights: Rights,
    agreed: Rights,
    consent: Consent,
}

impl Held {
    fn viewer(self, access: AccessId, minor: bool) -> Option<Viewer> {
        let own = self.contact.is_none();
        let rights = match self.contact {
            None => Rights::all(),
            Some(around) => in_force(&around.rights, &around.agreed, around.consent, minor)?,
        };
        Some(Viewer { access, account: self.account, client: self.client, own, rights, name: self.name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Right;

    #[test]
    fn r24_who_is_of_age_decides_who_else_is_in() {
        let given = Rights::parse("details messages");
        let agreed = Rights::parse("messages receipts");
        for consent in Consent::ALL {
            assert_eq!(Consent::parse(consent.as_str()), Some(consent));
            assert_eq!(
                in_force(&given, &Rights::default(), consent, true),
                Some(given.clone()),
                "a minor is not asked"
            );
            let of_age = in_force(&given, &agreed, consent, false);
            assert_eq!(of_age.is_some(), consent == Consent::Given);
            assert!(of_age.is_none_or(|rights| rights.iter().eq([Right::Messages])), "no more than was agreed to");
        }
    }
}
