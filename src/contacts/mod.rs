//! Family and contacts: the people around a client, with what they are to them, whom to call in an emergency, and who is
//! asked first. They have no portal by being here: `portal.rs` lets them in, with rights for each client apart.

mod api;
mod custody;
mod of_age;
mod pages;
mod portal;
mod portal_api;
mod portal_pages;
mod queries;
mod typed;

pub use api::ContactBody;
pub use custody::{find as custody_note, save as save_custody, take_back as take_custody_back};
pub use of_age::look as look_for_ages;
pub use portal::{Answer, Around, Standing, Wanted, answer, around, invite, unanswered};
pub use typed::{Relation, Typed, right_said};

use crate::access::Rights;
use crate::activities::Kind as Activity;
use crate::audit::Entry;
use crate::clients::{self, Status};
use crate::error::{Error, FieldError, Result};
use crate::ids::{ClientId, ContactId};
use crate::invitations;
use crate::people::{self, Email};
use crate::portal_access::Consent;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::words::Words;

/// Contacts of one client at most.
pub const LIMIT: usize = 20;

pub fn routes(routes: Routes) -> Routes {
    portal_api::routes(portal_pages::routes(api::routes(pages::routes(routes))))
}

/// Somebody around a client.
#[derive(Debug, Clone)]
pub struct Contact {
    pub id: ContactId,
    pub client: ClientId,
    pub fields: Fields,
    /// What the client said to their being in the portal, and to which rights; asked only of clients who are of age.
    pub consent: Consent,
    pub agreed: Rights,
    pub version: i64,
    pub removed: bool,
}

/// Everything about a contact that people can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    pub first_name: String,
    pub last_name: Option<String>,
    pub relation: Relation,
    pub email: Option<Email>,
    /// E.164.
    pub phone: Option<String>,
    pub emergency: bool,
    pub main: bool,
    /// What they may do in the client's portal, once they are in.
    pub rights: Rights,
}

impl Contact {
    /// Whether another record's contact is the same person: the same e-mail, or the same name in the same relation.
    pub fn is_same_person(&self, other: &Contact) -> bool {
        let key = |contact: &Contact| contact.fields.email.as_ref().map(|email| email.key.clone());
        let name = |contact: &Contact| people::folded(&contact.fields.name());
        let same_email = key(self).is_some() && key(self) == key(other);
        same_email && name(self) == name(other)
            || name(self) == name(other) && self.fields.relation == other.fields.relation
    }
}

impl Fields {
    pub fn name(&self) -> String {
        match &self.last_name {
            Some(last) => format!("{} {last}", self.first_name),
            None => self.first_name.clone(),
        }
    }

    /// The names of the fields in which another version differs.
    fn differing(&self, other: &Fields) -> Vec<&'static str> {
        let pairs = [
            ("first_name", self.first_name != other.first_name),
            ("last_name", self.last_name != other.last_name),
            ("relation", self.relation != other.relation),
            ("email", self.email != other.email),
            ("phone", self.phone != other.phone),
            ("emergency", self.emergency != other.emergency),
            ("main", self.main != other.main),
            ("rights", self.rights != other.rights),
        ];
        pairs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

/// What came of adding or changing a contact.
#[derive(Debug, Clone)]
pub enum Saved {
    Saved(Contact),
    Refused(Vec<FieldError>),
    /// Somebody else saved in between; what stands now.
    Stale(Contact),
}

/// A client's contacts, the main one first, for whoever may see the client.
pub fn all(p: &Practice, client: ClientId) -> Result<Vec<Contact>> {
    clients::open(p, client)?;
    let mut all = queries::of_client(p, client)?;
    // Main, then for emergencies, then as they were added.
    all.sort_by_key(|contact| (!contact.fields.main, !contact.fields.emergency));
    Ok(all)
}

/// A contact, removed or not, for whoever may see the client.
pub fn find(p: &Practice, id: ContactId) -> Result<Contact> {
    let contact = queries::by_id(p, id)?.ok_or(Error::NotFound)?;
    clients::open(p, contact.client)?;
    Ok(contact)
}

/// Adds a contact. Errors: the client is archived.
pub fn add(p: &Practice, client: ClientId, typed: &Typed, words: Words) -> Result<Saved> {
    let record = open_record(p, client)?;
    let fields = match typed.parse(p, record.fields.time_zone.as_deref(), words)? {
        Ok(fields) => fields,
        Err(refused) => return Ok(Saved::Refused(refused)),
    };
    if queries::of_client(p, client)?.len() >= LIMIT {
        return Ok(Saved::Refused(vec![FieldError::new("first_name", "A client has 20 contacts at most.")]));
    }
    let id = ContactId(p.new_id());
    queries::insert(p, id, client, &fields)?;
    settle_main(p, client, id, &fields)?;
    p.note(Activity::ContactAdded, client, None)?;
    p.audit(&Entry::new("contact.added", "contact", Some(id.0)).client(client))?;
    find(p, id).map(Saved::Saved)
}

/// Saves a contact. `version`: the one that the change was made from; nothing: whatever stands now is changed.
pub fn change(p: &Practice, id: ContactId, typed: &Typed, version: Option<i64>, words: Words) -> Result<Saved> {
    let current = find(p, id)?;
    let record = open_record(p, current.client)?;
    if current.removed {
        return Err(Error::Conflict("This contact was removed.".into()));
    }
    if version.is_some_and(|version| version != current.version) {
        return Ok(Saved::Stale(current));
    }
    let fields = match typed.parse(p, record.fields.time_zone.as_deref(), words)? {
        Ok(fields) => fields,
        Err(refused) => return Ok(Saved::Refused(refused)),
    };
    let changed = current.fields.differing(&fields);
    if changed.contains(&"email") {
        if portal::has_access(p, &current)? {
            let text = "They sign in with this email. End their portal access first, then invite the new one.";
            return Ok(Saved::Refused(vec![FieldError::new("email", text)]));
        }
        invitations::void_contact(p, current.client, id)?;
    }
    if !changed.is_empty() {
        queries::update(p, id, &fields)?;
        settle_main(p, current.client, id, &fields)?;
        let changed = changed.join(", ");
        p.note(Activity::ContactChanged, current.client, Some(&changed))?;
        p.audit(&Entry::new("contact.changed", "contact", Some(id.0)).client(current.client).detail(changed))?;
    }
    find(p, id).map(Saved::Saved)
}

/// Removes a contact, and their way into the portal; whose it was. Removed again it stays so.
pub fn remove(p: &Practice, id: ContactId) -> Result<ClientId> {
    let current = find(p, id)?;
    open_record(p, current.client)?;
    if !current.removed {
        portal::forget(p, &current)?;
        queries::set_removed(p, id, Some(p.now))?;
        p.note(Activity::ContactRemoved, current.client, None)?;
        p.audit(&Entry::new("contact.removed", "contact", Some(id.0)).client(current.client))?;
    }
    Ok(current.client)
}

/// Puts a removed contact back; whose it is. Another one may be the main contact by now, and stays so.
pub fn restore(p: &Practice, id: ContactId) -> Result<ClientId> {
    let current = find(p, id)?;
    open_record(p, current.client)?;
    if current.removed {
        if queries::of_client(p, current.client)?.len() >= LIMIT {
            return Err(Error::Conflict("A client has 20 contacts at most.".into()));
        }
        queries::set_removed(p, id, None)?;
        p.note(Activity::ContactRestored, current.client, None)?;
        p.audit(&Entry::new("contact.restored", "contact", Some(id.0)).client(current.client))?;
    }
    Ok(current.client)
}

/// There is one main contact: the one that was chosen last.
fn settle_main(p: &Practice, client: ClientId, id: ContactId, fields: &Fields) -> Result<()> {
    if fields.main { queries::only_main(p, client, id) } else { Ok(()) }
}

/// The client, if their record can be changed.
fn open_record(p: &Practice, client: ClientId) -> Result<clients::Client> {
    let record = clients::open(p, client)?;
    if record.status == Status::ARCHIVED {
        return Err(Error::Conflict("This client is archived. Restore them first.".into()));
    }
    Ok(record)
}
