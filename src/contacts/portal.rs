//! Portal access of the people around a client: invited by the practice, with rights for this client alone.
//!
//! A minor is not asked. Whoever is of age is: nobody else is let in, and nobody does more, than they agreed to, in the
//! portal or, where they have none, before somebody of the practice who writes it down. They can take it back any time.

use super::{Contact, open_record, queries};
use crate::access::Rights;
use crate::activities::Kind as Activity;
use crate::audit::Entry;
use crate::clients::{self, Client};
use crate::error::{Error, Result};
use crate::ids::{ClientId, ContactId};
use crate::invitations::{self, Invitation, Invited, State};
use crate::people;
use crate::portal_access::{self, Consent, in_force};
use crate::practice::Practice;

/// How somebody around a client stands to the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Out,
    /// The client is asked whether they agree.
    Waits,
    /// The client refused, or withdrew.
    Refused,
    /// How the invitation fares.
    Invited(State),
    In,
    /// In, and the client is asked whether they may do more.
    InWaits,
}

/// A contact and where they stand.
#[derive(Debug, Clone)]
pub struct Around {
    pub contact: Contact,
    pub standing: Standing,
}

/// Why somebody cannot be invited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    NoEmail,
    /// The client signs in with it.
    ClientsEmail,
    NoRights,
    Already,
    /// The client is of age, has no portal to be asked in, and nobody wrote down that they agreed.
    Consent,
}

impl Standing {
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Out => "out",
            Standing::Waits => "consent_asked",
            Standing::Refused => "consent_refused",
            Standing::Invited(_) => "invited",
            Standing::In => "in",
            Standing::InWaits => "in_asks_for_more",
        }
    }

    /// Whether somebody is in, or could come in.
    pub fn is_open(self) -> bool {
        !matches!(self, Standing::Out | Standing::Refused)
    }
}

impl Refusal {
    /// As a page's short message has it; its text is `done-…`.
    pub fn word(self) -> &'static str {
        match self {
            Refusal::NoEmail => "portal-no-email",
            Refusal::ClientsEmail => "portal-clients-email",
            Refusal::NoRights => "portal-no-rights",
            Refusal::Already => "portal-already",
            Refusal::Consent => "portal-consent",
        }
    }
}

/// What came of wanting to let somebody in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    Invited(Invited),
    /// The client finds the question in their portal.
    Asked,
    Refused(Refusal),
}

/// A client's contacts with how each stands to the portal, and whether the client is a minor. Errors: not found.
pub fn around(p: &Practice, client: ClientId) -> Result<(Vec<Around>, bool)> {
    let record = clients::open(p, client)?;
    let minor = is_minor(p, &record)?;
    let accesses = portal_access::of_contacts(p, client)?;
    let invitations = invitations::of_contacts(p, client)?;
    let contacts = super::all(p, client)?;
    let with_standing = |contact: Contact| {
        let has_access = accesses.iter().any(|access| access.contact == Some(contact.id));
        // The newest of each comes first.
        let latest = invitations.iter().find(|one| one.purpose.whose() == Some(contact.id));
        Around { standing: standing(&contact, has_access, latest, minor), contact }
    };
    Ok((contacts.into_iter().map(with_standing).collect(), minor))
}

fn standing(contact: &Contact, has_access: bool, latest: Option<&Invitation>, minor: bool) -> Standing {
    let asks_more = contact.fields.rights.iter().any(|right| !contact.agreed.has(right));
    let open = latest.map(|latest| latest.state).filter(|state| state.is_open());
    match (contact.consent, open) {
        (Consent::Asked, _) if !minor => Standing::Waits,
        (Consent::Refused, _) if !minor => Standing::Refused,
        (Consent::Given, _) if !minor && has_access && asks_more => Standing::InWaits,
        (Consent::Given, _) if has_access => Standing::In,
        (_, _) if minor && has_access => Standing::In,
        (_, Some(state)) => Standing::Invited(state),
        (_, None) => Standing::Out,
    }
}

/// Where one contact stands.
pub fn stand(p: &Practice, contact: Contact) -> Result<Around> {
    let minor = is_minor(p, &clients::find(p, contact.client)?)?;
    let latest = invitations::latest_of_contact(p, contact.id)?;
    Ok(Around { standing: standing(&contact, has_access(p, &contact)?, latest.as_ref(), minor), contact })
}

/// How many questions about others wait for the client's answer.
pub fn unanswered(p: &Practice, client: ClientId) -> Result<usize> {
    let (all, _) = around(p, client)?;
    Ok(all.iter().filter(|one| matches!(one.standing, Standing::Waits | Standing::InWaits)).count())
}

pub fn has_access(p: &Practice, contact: &Contact) -> Result<bool> {
    let live = portal_access::of_contacts(p, contact.client)?;
    Ok(live.iter().any(|access| access.contact == Some(contact.id)))
}

fn is_minor(p: &Practice, client: &Client) -> Result<bool> {
    let practice = p.house().practice_info(p.id)?.ok_or(Error::NotFound)?;
    let today = p.now.date_in(&practice.time_zone);
    Ok(client.fields.date_of_birth.is_some_and(|born| people::is_minor(born, today)))
}

/// Invites a contact into the client's portal, again if need be; or asks the client first.
/// Errors: not found; archived; removed.
pub fn invite(p: &Practice, id: ContactId) -> Result<Wanted> {
    let (contact, record) = standing_contact(p, id)?;
    let email = match refusal(p, &contact, &record)? {
        Err(refused) => return Ok(Wanted::Refused(refused)),
        Ok(email) => email,
    };
    let of_age = !is_minor(p, &record)?;
    if of_age && in_force(&contact.fields.rights, &contact.agreed, contact.consent, false).is_none_or(|r| r.is_empty())
    {
        if portal_access::own(p, record.id)?.is_none() {
            return Ok(Wanted::Refused(Refusal::Consent));
        }
        if contact.consent != Consent::Asked {
            set_consent(p, &contact, Consent::Asked)?;
        }
        return Ok(Wanted::Asked);
    }
    Ok(Wanted::Invited(invitations::invite_contact(p, record.id, id, &email)?))
}

fn refusal(p: &Practice, contact: &Contact, record: &Client) -> Result<std::result::Result<people::Email, Refusal>> {
    let Some(email) = contact.fields.email.clone() else {
        return Ok(Err(Refusal::NoEmail));
    };
    if record.fields.email.as_ref().is_some_and(|own| own.key == email.key) {
        return Ok(Err(Refusal::ClientsEmail));
    }
    if contact.fields.rights.is_empty() {
        return Ok(Err(Refusal::NoRights));
    }
    Ok(if has_access(p, contact)? { Err(Refusal::Already) } else { Ok(email) })
}

/// Writes down that a client who has no portal agreed before somebody of the practice, and invites the contact.
pub fn record_consent(p: &Practice, id: ContactId) -> Result<Wanted> {
    let (contact, record) = standing_contact(p, id)?;
    let email = match refusal(p, &contact, &record)? {
        Err(refused) => return Ok(Wanted::Refused(refused)),
        Ok(email) => email,
    };
    if is_minor(p, &record)? || portal_access::own(p, record.id)?.is_some() {
        return Err(Error::Conflict("Who has a portal is asked there; a minor is not asked.".into()));
    }
    set_consent(p, &contact, Consent::Given)?;
    Ok(Wanted::Invited(invitations::invite_contact(p, record.id, id, &email)?))
}

/// Ends a contact's way into the portal: the access, and what is still open; whose contact it is.
pub fn end(p: &Practice, id: ContactId) -> Result<ClientId> {
    let (contact, _) = standing_contact(p, id)?;
    forget(p, &contact)?;
    Ok(contact.client)
}

/// The same for a contact who is removed: put back, they are asked for anew.
pub fn forget(p: &Practice, contact: &Contact) -> Result<()> {
    shut(p, contact)?;
    queries::set_consent(p, contact.id, Consent::None, &Rights::default())
}

/// Takes back what is open and ends the access, if there is one.
fn shut(p: &Practice, contact: &Contact) -> Result<()> {
    let taken_back = invitations::void_contact(p, contact.client, contact.id)?;
    let ended = portal_access::end_of_contact(p, contact.client, contact.id)?;
    if taken_back || ended {
        p.note(Activity::ContactLeft, contact.client, None)?;
        let entry = Entry::new("contact.portal_ended", "contact", Some(contact.id.0)).client(contact.client);
        p.audit(&entry)?;
    }
    Ok(())
}

/// What a client says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Agree,
    /// Refuses, or withdraws.
    Refuse,
}

/// The client's own answer, in their portal. To agree means to what is asked now: `rights`, as their page showed them.
/// Errors: not found; a minor is not asked; the rights were changed since.
pub fn answer(p: &Practice, id: ContactId, answer: Answer, rights: &Rights) -> Result<()> {
    let (contact, record) = standing_contact(p, id)?;
    if is_minor(p, &record)? {
        return Err(Error::Conflict("A minor is not asked.".into()));
    }
    match answer {
        Answer::Refuse => {
            shut(p, &contact)?;
            set_consent(p, &contact, Consent::Refused)
        }
        Answer::Agree if contact.consent == Consent::None || contact.fields.rights != *rights => {
            Err(Error::Conflict("Your practice changed this in between. Please look at it again.".into()))
        }
        Answer::Agree => {
            set_consent(p, &contact, Consent::Given)?;
            match refusal(p, &contact, &record)? {
                Ok(email) => invitations::invite_contact(p, record.id, id, &email).map(drop),
                Err(_) => Ok(()),
            }
        }
    }
}

fn set_consent(p: &Practice, contact: &Contact, consent: Consent) -> Result<()> {
    let agreed = match consent {
        Consent::Given => contact.fields.rights.clone(),
        Consent::None | Consent::Asked | Consent::Refused => Rights::default(),
    };
    queries::set_consent(p, contact.id, consent, &agreed)?;
    let (kind, action) = match consent {
        Consent::Given => (Activity::ConsentGiven, "consent.given"),
        Consent::Refused => (Activity::ConsentRefused, "consent.refused"),
        Consent::Asked | Consent::None => (Activity::ConsentAsked, "consent.asked"),
    };
    p.note(kind, contact.client, None)?;
    p.audit(&Entry::new(action, "contact", Some(contact.id.0)).client(contact.client))
}

/// A contact that was not removed, of a client whose record can be changed.
fn standing_contact(p: &Practice, id: ContactId) -> Result<(Contact, Client)> {
    let contact = super::find(p, id)?;
    if contact.removed {
        return Err(Error::NotFound);
    }
    let record = open_record(p, contact.client)?;
    Ok((contact, record))
}

/// Who came of age: whoever was in without their word is out, and they are asked. How many were in.
pub fn came_of_age(p: &Practice, client: ClientId) -> Result<usize> {
    let mut were_in = 0;
    for contact in super::all(p, client)?.into_iter().filter(|contact| contact.consent != Consent::Given) {
        let was_in = has_access(p, &contact)?;
        shut(p, &contact)?;
        if was_in {
            were_in += 1;
            set_consent(p, &contact, Consent::Asked)?;
        }
    }
    Ok(were_in)
}
