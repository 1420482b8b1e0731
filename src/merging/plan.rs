//! What merging two records would do, each thing by name; nothing is written yet. The merge does exactly this.

use crate::clients::{self, Client, Fields, Status};
use crate::contacts::{self, Contact};
use crate::error::Result;
use crate::ids::{AccessId, ClientId, MemberId};
use crate::invitations::{self, State};
use crate::members;
use crate::people::{NOTE_LIMIT, is_minor};
use crate::portal_access;
use crate::practice::Practice;

use super::{Refusal, queries};

/// Members of a care team at most, as a form takes them.
const TEAM_LIMIT: usize = 50;

/// Everything that a merge does.
#[derive(Debug, Clone)]
pub struct Plan {
    pub kept: Client,
    pub gone: Client,
    /// The record that stays, as it will be.
    pub fields: Fields,
    /// Names of the fields that it takes over.
    pub filled: Vec<&'static str>,
    pub portal: Portal,
    /// The client's own invitations come along, and those of the record that stays go the other way.
    pub invitations: Invitations,
    pub contacts: Vec<Coming>,
    /// The accesses that come along, the client's own or a contact's.
    pub accesses: Vec<AccessId>,
    /// Who comes to the care team.
    pub joining: Vec<MemberId>,
    pub custody: Custody,
    /// Documents that come along, each as private or shared as it is.
    pub documents: i64,
    /// Forms that come along, with what was answered.
    pub forms: i64,
    /// Conversations that come along.
    pub conversations: i64,
    /// Entries of the timeline that come along.
    pub history: i64,
}

/// A contact of the record that goes.
#[derive(Debug, Clone)]
pub struct Coming {
    pub contact: Contact,
    /// The record that stays has the same person already: this one stays behind.
    pub known: bool,
    pub with_portal: bool,
}

/// Who signs in afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Portal {
    /// Neither record has a portal.
    None,
    /// Only the one that stays: nothing changes.
    Kept,
    /// Only the one that goes: it comes along, with its e-mail.
    Comes,
    /// Both, with one account: it opens the one that stays.
    Same,
    /// Both, with two accounts: the one of the record that stays goes on, the other is out.
    Two,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invitations {
    /// They stay where they are.
    Stay,
    /// Those of the record that goes count from now on.
    Come,
    /// An open link opens nothing any more: another e-mail stays.
    Dead,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Custody {
    None,
    /// Only the record that goes has a note; it is copied.
    Comes(String),
    /// Both have: the one of the record that stays stands.
    Both,
}

impl Plan {
    /// The e-mail of the record that stays gives way to another.
    pub fn email_replaced(&self) -> bool {
        self.kept.fields.email.is_some() && self.kept.fields.email != self.fields.email
    }

    /// The versions that the preview was made from, of the one that stays and the one that goes.
    pub fn versions(&self) -> (i64, i64) {
        (self.kept.version, self.gone.version)
    }
}

/// Errors: one of them not found, or outside the care team.
pub fn plan(p: &Practice, kept: ClientId, gone: ClientId) -> Result<std::result::Result<Plan, Refusal>> {
    let (kept, gone) = (clients::open(p, kept)?, clients::open(p, gone)?);
    if kept.id == gone.id {
        return Ok(Err(Refusal::Same));
    }
    if kept.status != Status::ACTIVE {
        return Ok(Err(Refusal::Archived));
    }
    let (own, other) = (portal_access::own(p, kept.id)?, portal_access::own(p, gone.id)?);
    let portal = match (&own, &other) {
        (None, None) => Portal::None,
        (Some(_), None) => Portal::Kept,
        (None, Some(_)) => Portal::Comes,
        (Some(own), Some(other)) if own.account == other.account => Portal::Same,
        (Some(_), Some(_)) => Portal::Two,
    };
    let providers: Vec<MemberId> = members::providers(p)?.into_iter().map(|one| one.id).collect();
    let (fields, filled) = laid_over(&kept.fields, &gone.fields, portal, &providers);
    let now = team(&kept.fields);
    let joining: Vec<MemberId> = team(&fields).into_iter().filter(|member| !now.contains(member)).collect();
    let contacts = coming(p, &kept, &gone)?;
    let stay = contacts::all(p, kept.id)?.len();
    if stay + contacts.iter().filter(|one| !one.known).count() > contacts::LIMIT {
        return Ok(Err(Refusal::TooManyContacts));
    }
    if team(&fields).len() > TEAM_LIMIT {
        return Ok(Err(Refusal::TooManyMembers));
    }
    let mut accesses: Vec<AccessId> =
        other.iter().filter(|_| portal == Portal::Comes).map(|access| access.id).collect();
    let of_contacts = portal_access::of_contacts(p, gone.id)?;
    for one in contacts.iter().filter(|one| one.with_portal) {
        accesses.extend(of_contacts.iter().filter(|a| a.contact == Some(one.contact.id)).map(|access| access.id));
    }
    Ok(Ok(Plan {
        invitations: invitations_of(p, &kept, &gone, &fields, portal)?,
        custody: custody(p, &kept, &gone)?,
        documents: queries::count_documents(p, gone.id)?,
        forms: queries::count_forms(p, gone.id, kept.id)?,
        conversations: queries::count_conversations(p, gone.id)?,
        history: queries::count_history(p, gone.id)?,
        fields,
        filled,
        portal,
        contacts,
        accesses,
        joining,
        kept,
        gone,
    }))
}

/// The primary provider and the others.
pub fn team(fields: &Fields) -> Vec<MemberId> {
    fields.primary_provider.into_iter().chain(fields.care_team.iter().copied()).collect()
}

/// What is empty in the one is taken from the other. A note is added to a note; with the way into the portal comes the
/// e-mail that signs in.
fn laid_over(kept: &Fields, gone: &Fields, portal: Portal, providers: &[MemberId]) -> (Fields, Vec<&'static str>) {
    let mut fields = kept.clone();
    let mut filled = Vec::new();
    macro_rules! fill {
        ($($field:ident $name:literal),*) => {$(
            if kept.$field.is_none() && gone.$field.is_some() {
                fields.$field = gone.$field.clone();
                filled.push($name);
            }
        )*};
    }
    fill!(
        preferred_name "preferred_name", legal_name "legal_name", pronouns "pronouns", date_of_birth "date_of_birth",
        gender "gender", email "email", phone "phone", time_zone "time_zone", group "group_id",
        record_number "record_number", note "note"
    );
    if portal == Portal::Comes && gone.email.is_some() && kept.email != gone.email {
        fields.email = gone.email.clone();
        filled.retain(|name| *name != "email");
        filled.push("email");
    }
    let stands = |member: &MemberId| providers.contains(member);
    if kept.primary_provider.is_none() && gone.primary_provider.as_ref().is_some_and(stands) {
        fields.primary_provider = gone.primary_provider;
        filled.push("primary_provider_id");
    }
    if let (Some(own), Some(other)) = (&kept.note, &gone.note) {
        let both = joined(own, other);
        if own != other && both.chars().count() <= NOTE_LIMIT {
            fields.note = Some(both);
            filled.push("note_added");
        }
    }
    fields.care_team.extend(team(gone).iter().filter(|member| stands(member)));
    fields.care_team.retain(|member| Some(*member) != fields.primary_provider);
    fields.care_team.sort();
    fields.care_team.dedup();
    (fields, filled)
}

/// Two notes as one.
pub fn joined(own: &str, other: &str) -> String {
    format!("{own}\n\n{other}")
}

fn coming(p: &Practice, kept: &Client, gone: &Client) -> Result<Vec<Coming>> {
    let own = contacts::all(p, kept.id)?;
    let in_there: Vec<_> =
        portal_access::of_contacts(p, kept.id)?.into_iter().chain(portal_access::own(p, kept.id)?).collect();
    let coming = portal_access::of_contacts(p, gone.id)?;
    // Who is of age by one date and a minor by the other: nobody else's access is carried over on either's word.
    let zone = p.house().practice_info(p.id)?.map(|info| info.time_zone).unwrap_or_default();
    let today = p.now.date_in(&zone);
    let minor = |client: &Client| {
        client.fields.date_of_birth.or(gone.fields.date_of_birth).is_some_and(|born| is_minor(born, today))
    };
    let alike = minor(kept) == minor(gone);
    let judge = |contact: Contact| {
        let access = coming.iter().find(|access| access.contact == Some(contact.id));
        let known = own.iter().any(|one| one.is_same_person(&contact));
        let free = access.is_some_and(|access| in_there.iter().all(|one| one.account != access.account));
        Coming { known, with_portal: alike && free && !known, contact }
    };
    Ok(contacts::all(p, gone.id)?.into_iter().map(judge).collect())
}

fn invitations_of(p: &Practice, kept: &Client, gone: &Client, fields: &Fields, portal: Portal) -> Result<Invitations> {
    let is_open = |latest: &invitations::Invitation| latest.state.is_open() && latest.state != State::Queued;
    let sent = invitations::latest(p, gone.id)?.filter(is_open);
    let stands = invitations::latest(p, kept.id)?.filter(is_open);
    Ok(match (portal, sent) {
        (Portal::Comes, _) => Invitations::Come,
        (_, None) => Invitations::Stay,
        (Portal::None, Some(sent)) if stands.is_none() && fields.email.as_ref() == Some(&sent.email) => {
            Invitations::Come
        }
        (_, Some(_)) => Invitations::Dead,
    })
}

fn custody(p: &Practice, kept: &Client, gone: &Client) -> Result<Custody> {
    let (own, other) = (contacts::custody_note(p, kept.id)?.note, contacts::custody_note(p, gone.id)?.note);
    Ok(match (own.is_empty(), other.is_empty()) {
        (_, true) => Custody::None,
        (true, false) => Custody::Comes(other),
        (false, false) if own == other => Custody::None,
        (false, false) => Custody::Both,
    })
}
