use super::{Event, Invitation, Purpose, State};
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::ids::{ClientId, ContactId, InvitationId, MemberId, PracticeId};
use crate::params;
use crate::people::Email;
use crate::practice::{House, Practice};

crate::sql! {
    tenant INSERT =
        "insert into invitations (practice_id, id, client_id, email, email_key, purpose, contact_id, state, created_at,
         created_by, leaves_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, 'queued', $8, $9, $10, $8)";
    tenant INSERT_EVENT =
        "insert into invitation_events (practice_id, invitation_id, id, at, kind, detail) values ($1, $2, $3, $4, $5, $6)";
    tenant SET_STATE = "update invitations set state = $3, updated_at = $4 where practice_id = $1 and id = $2";
    tenant SHOW_STATE =
        "update clients set invitation_state = coalesce((select i.state from invitations i
         where i.practice_id = $1 and i.client_id = $2 and i.contact_id is null and i.state <> 'undone'
         order by i.created_at desc, i.id desc limit 1), 'none') where practice_id = $1 and id = $2";
    tenant BY_ID =
        "select id, client_id, email, purpose, state, created_at, leaves_at, contact_id from invitations
         where practice_id = $1 and id = $2";
    tenant LATEST =
        "select id, client_id, email, purpose, state, created_at, leaves_at, contact_id from invitations
         where practice_id = $1 and client_id = $2 and contact_id is null and state <> 'undone'
         order by created_at desc, id desc limit 1";
    tenant LATEST_OF_CONTACT =
        "select id, client_id, email, purpose, state, created_at, leaves_at, contact_id from invitations
         where practice_id = $1 and contact_id = $2 and state <> 'undone' order by created_at desc, id desc limit 1";
    tenant OF_CONTACTS =
        "select id, client_id, email, purpose, state, created_at, leaves_at, contact_id from invitations
         where practice_id = $1 and client_id = $2 and contact_id is not null and state <> 'undone'
         order by created_at desc, id desc limit 200";
    tenant ALL =
        "select id, client_id, email, purpose, state, created_at, leaves_at, contact_id from invitations
         where practice_id = $1 and client_id = $2 and contact_id is null order by created_at desc, id desc limit 20";
    tenant OPEN =
        "select id, client_id, email, purpose, state, created_at, leaves_at, contact_id from invitations
         where practice_id = $1 and client_id = $2 and state in ('queued', 'sent', 'kept', 'bounced')
         order by created_at, id limit 200";
    across("whoever forgot a password may wait for an invitation of any practice") OPEN_FOR_ADDRESS =
        "select practice_id, id from invitations
         where email_key = $1 and state in ('sent', 'kept', 'bounced') order by created_at desc limit 1";
    tenant COUNT_SINCE =
        "select count(*) from invitations i
         where i.practice_id = $1 and i.client_id = $2 and i.contact_id is not distinct from $3 and i.created_at > $4
             and not exists (
             select 1 from invitation_events e
             where e.practice_id = i.practice_id and e.invitation_id = i.id and e.kind = 'undone')";
    tenant COUNT_RESETS_SINCE =
        "select count(*) from activities
         where practice_id = $1 and client_id = $2 and at > $3 and kind = 'reset.sent'";
    tenant EVENTS =
        "select e.invitation_id, e.at, e.kind, e.detail from invitation_events e
         where e.practice_id = $1 and e.invitation_id in
             (select i.id from invitations i
              where i.practice_id = $1 and i.client_id = $2 and i.contact_id is null)
         order by e.at desc, e.id desc limit 400";
    tenant COUNT_EVENTS =
        "select count(*) from invitation_events where practice_id = $1 and invitation_id = $2 and kind = $3";
    tenant ADDRESSEE =
        "select c.first_name, c.last_name, c.preferred_name, c.status, m.first_name, m.last_name, c.primary_provider_id
         from clients c left join members m on m.practice_id = c.practice_id and m.id = c.primary_provider_id
         where c.practice_id = $1 and c.id = $2";
    tenant CONTACT =
        "select k.first_name, k.last_name from contacts k
         join clients c on c.practice_id = k.practice_id and c.id = k.client_id
         where k.practice_id = $1 and k.id = $2 and k.removed_at is null and c.status = 'active'";
}

pub fn insert(p: &Practice, i: &Invitation) -> Result<()> {
    let (purpose, contact) = (i.purpose.as_str(), i.purpose.whose());
    let (address, key) = (&i.email.address, &i.email.key);
    let values = params![i.id, i.client, address, key, purpose, contact, i.created_at, p.actor.id(), i.leaves_at];
    p.run(&INSERT, values)?;
    show_state(p, i.client)
}

pub fn insert_event(p: &Practice, id: InvitationId, kind: &str, detail: Option<&str>) -> Result<()> {
    p.run(&INSERT_EVENT, params![id, p.new_id(), p.now, kind, detail]).map(drop)
}

pub fn set_state(p: &Practice, id: InvitationId, state: State) -> Result<()> {
    p.run(&SET_STATE, params![id, state.as_str(), p.now])?;
    let client = by_id(p, id)?.ok_or(Error::NotFound)?.client;
    show_state(p, client)
}

/// The list of clients filters by it: on the client's own row stands where their newest invitation stands.
pub fn show_state(p: &Practice, client: ClientId) -> Result<()> {
    p.run(&SHOW_STATE, params![client]).map(drop)
}

fn to_invitation(row: &crate::db::Row) -> Result<Invitation> {
    let (purpose, state): (String, String) = (row.get(3)?, row.get(4)?);
    Ok(Invitation {
        id: row.get(0)?,
        client: row.get(1)?,
        email: Email::stored(row.get(2)?),
        purpose: Purpose::parse(&purpose, row.get(7)?)
            .ok_or_else(|| Error::internal("an invitation for an unknown purpose"))?,
        state: State::parse(&state).ok_or_else(|| Error::internal("an invitation in an unknown state"))?,
        created_at: row.get(5)?,
        leaves_at: row.get(6)?,
    })
}

pub fn by_id(p: &Practice, id: InvitationId) -> Result<Option<Invitation>> {
    p.one(&BY_ID, params![id], to_invitation)
}

pub fn latest(p: &Practice, client: ClientId) -> Result<Option<Invitation>> {
    p.one(&LATEST, params![client], to_invitation)
}

pub fn latest_of_contact(p: &Practice, contact: ContactId) -> Result<Option<Invitation>> {
    p.one(&LATEST_OF_CONTACT, params![contact], to_invitation)
}

pub fn of_contacts(p: &Practice, client: ClientId) -> Result<Vec<Invitation>> {
    p.all(&OF_CONTACTS, params![client], to_invitation)
}

pub fn all(p: &Practice, client: ClientId) -> Result<Vec<Invitation>> {
    p.all(&ALL, params![client], to_invitation)
}

pub fn open(p: &Practice, client: ClientId) -> Result<Vec<Invitation>> {
    p.all(&OPEN, params![client], to_invitation)
}

pub fn open_for_address(h: &House, key: &str) -> Result<Option<(PracticeId, InvitationId)>> {
    h.one(&OPEN_FOR_ADDRESS, params![key], |row| Ok((row.get(0)?, row.get(1)?)))
}

pub fn count_since(p: &Practice, client: ClientId, whose: Option<ContactId>, since: Instant) -> Result<i64> {
    Ok(p.one(&COUNT_SINCE, params![client, whose, since], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

pub fn count_resets_since(p: &Practice, client: ClientId, since: Instant) -> Result<i64> {
    Ok(p.one(&COUNT_RESETS_SINCE, params![client, since], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

pub fn events(p: &Practice, client: ClientId) -> Result<Vec<Event>> {
    p.all(&EVENTS, params![client], |row| {
        Ok(Event { invitation: row.get(0)?, at: row.get(1)?, kind: row.get(2)?, detail: row.get(3)? })
    })
}

pub fn count_events(p: &Practice, id: InvitationId, kind: &str) -> Result<i64> {
    Ok(p.one(&COUNT_EVENTS, params![id, kind], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

/// Who an invitation is for and from, as the mail and the page say it.
#[derive(Debug, Clone)]
pub struct Addressee {
    pub first_name: String,
    pub last_name: String,
    pub called: String,
    pub active: bool,
    pub provider: Option<String>,
    pub provider_id: Option<MemberId>,
}

/// Whom an invitation is for: the client, or, with access of their own, somebody around them.
pub fn addressee(p: &Practice, invitation: &Invitation) -> Result<Option<Addressee>> {
    match invitation.purpose.whose() {
        None => client(p, invitation.client),
        Some(contact) => p.one(&CONTACT, params![contact], |row| {
            let (first_name, last_name): (String, Option<String>) = (row.get(0)?, row.get(1)?);
            Ok(Addressee {
                called: first_name.clone(),
                first_name,
                last_name: last_name.unwrap_or_default(),
                active: true,
                provider: None,
                provider_id: None,
            })
        }),
    }
}

fn client(p: &Practice, client: ClientId) -> Result<Option<Addressee>> {
    p.one(&ADDRESSEE, params![client], |row| {
        let (first_name, last_name): (String, String) = (row.get(0)?, row.get(1)?);
        let preferred: Option<String> = row.get(2)?;
        let status: String = row.get(3)?;
        let provider: (Option<String>, Option<String>) = (row.get(4)?, row.get(5)?);
        Ok(Addressee {
            called: preferred.unwrap_or_else(|| first_name.clone()),
            first_name,
            last_name,
            active: status == "active",
            provider: provider.0.zip(provider.1).map(|(first, last)| format!("{first} {last}")),
            provider_id: row.get(6)?,
        })
    })
}
