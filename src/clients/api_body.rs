//! Clients as JSON: bodies in and out.

use serde::{Deserialize, Serialize};

use super::duplicates::Duplicate;
use super::list::Listed;
use super::record::{Client, Typed};
use crate::ids::{ClientId, GroupId, MemberId};
use crate::invitations::{Event, Invitation, State};
use crate::web::Optional;

/// The body of `POST /api/v1/clients` and `PATCH /api/v1/clients/{id}`. A field left out stays as it is; null empties.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Body {
    first_name: Optional<String>,
    last_name: Optional<String>,
    preferred_name: Optional<String>,
    legal_name: Optional<String>,
    pronouns: Optional<String>,
    date_of_birth: Optional<String>,
    gender: Optional<String>,
    email: Optional<String>,
    phone: Optional<String>,
    time_zone: Optional<String>,
    group_id: Optional<String>,
    primary_provider_id: Optional<String>,
    care_team_ids: Optional<Vec<String>>,
    record_number: Optional<String>,
    note: Optional<String>,
    /// On creation only; true unless said otherwise.
    pub send_invitation: Option<bool>,
    /// On creation only: `add` (unless said otherwise) or `refuse` where another record may be the same person's.
    pub on_duplicate: Option<String>,
    /// The version that a change was made from; a stale one is answered 409.
    pub version: Option<i64>,
}

impl Body {
    /// Lays what was given over what stands.
    pub fn over(&self, mut typed: Typed) -> Typed {
        let lay = |into: &mut String, from: &Optional<String>| {
            if let Optional::Given(value) = from {
                *into = value.clone().unwrap_or_default();
            }
        };
        lay(&mut typed.first_name, &self.first_name);
        lay(&mut typed.last_name, &self.last_name);
        lay(&mut typed.preferred_name, &self.preferred_name);
        lay(&mut typed.legal_name, &self.legal_name);
        lay(&mut typed.pronouns, &self.pronouns);
        lay(&mut typed.date_of_birth, &self.date_of_birth);
        lay(&mut typed.gender, &self.gender);
        lay(&mut typed.email, &self.email);
        lay(&mut typed.phone, &self.phone);
        lay(&mut typed.time_zone, &self.time_zone);
        lay(&mut typed.group_id, &self.group_id);
        lay(&mut typed.primary_provider_id, &self.primary_provider_id);
        lay(&mut typed.record_number, &self.record_number);
        lay(&mut typed.note, &self.note);
        if let Optional::Given(ids) = &self.care_team_ids {
            typed.care_team_ids = ids.clone().unwrap_or_default();
        }
        typed
    }

    pub fn names_primary_provider(&self) -> bool {
        matches!(self.primary_provider_id, Optional::Given(_))
    }
}

/// A client's record.
#[derive(Debug, Serialize)]
pub struct Record {
    id: String,
    first_name: String,
    last_name: String,
    preferred_name: Option<String>,
    legal_name: Option<String>,
    pronouns: Option<String>,
    date_of_birth: Option<String>,
    gender: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    time_zone: Option<String>,
    group_id: Option<String>,
    primary_provider_id: Option<String>,
    care_team_ids: Vec<String>,
    record_number: Option<String>,
    note: Option<String>,
    status: String,
    source: String,
    created_at: String,
    updated_at: String,
    version: i64,
    invitation: Option<InvitationBody>,
    /// In the answer to a creation: records that may be the same person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    possible_duplicate_ids: Option<Vec<String>>,
}

impl Record {
    pub fn with_duplicates(self, found: &[Duplicate]) -> Record {
        Record { possible_duplicate_ids: Some(found.iter().map(|one| one.id.to_string()).collect()), ..self }
    }

    pub fn new(client: &Client, invitation: Option<&Invitation>) -> Record {
        let f = &client.fields;
        Record {
            id: client.id.to_string(),
            first_name: f.first_name.clone(),
            last_name: f.last_name.clone(),
            preferred_name: f.preferred_name.clone(),
            legal_name: f.legal_name.clone(),
            pronouns: f.pronouns.clone(),
            date_of_birth: f.date_of_birth.map(|d| d.to_string()),
            gender: f.gender.clone(),
            email: f.email.as_ref().map(|e| e.address.clone()),
            phone: f.phone.clone(),
            time_zone: f.time_zone.clone(),
            group_id: f.group.map(|g| g.to_string()),
            primary_provider_id: f.primary_provider.map(|m| m.to_string()),
            care_team_ids: f.care_team.iter().map(ToString::to_string).collect(),
            record_number: f.record_number.clone(),
            note: f.note.clone(),
            status: client.status.clone(),
            source: client.source.clone(),
            created_at: client.created_at.rfc3339(),
            updated_at: client.updated_at.rfc3339(),
            version: client.version,
            invitation: invitation.map(|i| InvitationBody::new(i, &[])),
            possible_duplicate_ids: None,
        }
    }
}

#[derive(Debug, Serialize)]
pub struct InvitationBody {
    id: String,
    email: String,
    state: State,
    created_at: String,
    leaves_at: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<EventBody>,
}

#[derive(Debug, Serialize)]
struct EventBody {
    at: String,
    kind: String,
    detail: Option<String>,
}

impl InvitationBody {
    pub fn new(invitation: &Invitation, events: &[Event]) -> InvitationBody {
        let event = |e: &Event| EventBody { at: e.at.rfc3339(), kind: e.kind.clone(), detail: e.detail.clone() };
        InvitationBody {
            id: invitation.id.to_string(),
            email: invitation.email.address.clone(),
            state: invitation.state,
            created_at: invitation.created_at.rfc3339(),
            leaves_at: invitation.leaves_at.rfc3339(),
            events: events.iter().map(event).collect(),
        }
    }
}

/// A row of the list.
#[derive(Debug, Serialize)]
pub struct Item<'r> {
    id: ClientId,
    first_name: &'r str,
    last_name: &'r str,
    preferred_name: Option<&'r str>,
    email: Option<&'r str>,
    phone: Option<&'r str>,
    group_id: Option<GroupId>,
    primary_provider_id: Option<MemberId>,
    record_number: Option<&'r str>,
    source: &'r str,
    created_at: String,
    invitation_state: Option<&'r str>,
}

impl Item<'_> {
    pub fn new(row: &Listed) -> Item<'_> {
        Item {
            id: row.id,
            first_name: &row.first_name,
            last_name: &row.last_name,
            preferred_name: row.preferred_name.as_deref(),
            email: row.email.as_deref(),
            phone: row.phone.as_deref(),
            group_id: row.group,
            primary_provider_id: row.primary_provider,
            record_number: row.record_number.as_deref(),
            source: &row.source,
            created_at: row.created_at.rfc3339(),
            invitation_state: row.invitation.as_deref(),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct Items<T> {
    pub items: Vec<T>,
    pub next_cursor: Option<String>,
}
