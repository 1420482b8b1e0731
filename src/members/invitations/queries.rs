use super::{Event, Invitation, Invitee, State};
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::ids::{MemberId, MemberInvitationId, PracticeId};
use crate::members::staff::to_role;
use crate::params;
use crate::people::Email;
use crate::practice::{House, Practice};

crate::sql! {
    tenant INSERT =
        "insert into member_invitations (practice_id, id, email, email_key, first_name, last_name, role, sees_clients,
         state, created_at, created_by, leaves_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', $9, $10, $11, $9)";
    tenant INSERT_EVENT =
        "insert into member_invitation_events (practice_id, invitation_id, id, at, kind, detail)
         values ($1, $2, $3, $4, $5, $6)";
    tenant SET_STATE = "update member_invitations set state = $3, updated_at = $4 where practice_id = $1 and id = $2";
    tenant SET_MEMBER = "update member_invitations set member_id = $3 where practice_id = $1 and id = $2";
    tenant BY_ID =
        "select i.id, i.email, i.first_name, i.last_name, i.role, i.sees_clients, i.state, i.created_at, i.leaves_at,
         i.updated_at, exists (select 1 from member_invitation_events e
             where e.practice_id = i.practice_id and e.invitation_id = i.id and e.kind = 'opened')
         from member_invitations i where i.practice_id = $1 and i.id = $2";
    tenant ALL_OPEN =
        "select i.id, i.email, i.first_name, i.last_name, i.role, i.sees_clients, i.state, i.created_at, i.leaves_at,
         i.updated_at, exists (select 1 from member_invitation_events e
             where e.practice_id = i.practice_id and e.invitation_id = i.id and e.kind = 'opened')
         from member_invitations i
         where i.practice_id = $1 and i.state in ('queued', 'sent', 'kept', 'bounced')
         order by i.state, i.created_at desc, i.id desc limit 500";
    tenant OPEN =
        "select i.id, i.email, i.first_name, i.last_name, i.role, i.sees_clients, i.state, i.created_at, i.leaves_at,
         i.updated_at, exists (select 1 from member_invitation_events e
             where e.practice_id = i.practice_id and e.invitation_id = i.id and e.kind = 'opened')
         from member_invitations i
         where i.practice_id = $1 and i.email_key = $2 and i.state in ('queued', 'sent', 'kept', 'bounced')
         order by i.created_at desc, i.id desc limit 100";
    tenant TO_ADDRESS =
        "select i.id, i.email, i.first_name, i.last_name, i.role, i.sees_clients, i.state, i.created_at, i.leaves_at,
         i.updated_at, exists (select 1 from member_invitation_events e
             where e.practice_id = i.practice_id and e.invitation_id = i.id and e.kind = 'opened')
         from member_invitations i where i.practice_id = $1 and i.email_key = $2
         order by i.created_at desc, i.id desc limit 20";
    // However many there are: whoever loses a right loses it for all of them.
    tenant OPEN_BY =
        "select i.id, i.email, i.first_name, i.last_name, i.role, i.sees_clients, i.state, i.created_at, i.leaves_at,
         i.updated_at, exists (select 1 from member_invitation_events e
             where e.practice_id = i.practice_id and e.invitation_id = i.id and e.kind = 'opened')
         from member_invitations i
         where i.practice_id = $1 and i.state in ('queued', 'sent', 'kept', 'bounced') and i.created_by = $2";
    tenant COUNT_TO_SINCE =
        "select count(*) from member_invitations
         where practice_id = $1 and email_key = $2 and created_at > $3 and state <> 'undone'";
    tenant COUNT_SINCE =
        "select count(*) from member_invitations where practice_id = $1 and created_at > $2 and state <> 'undone'";
    tenant EVENTS =
        "select at, kind, detail from member_invitation_events where practice_id = $1 and invitation_id = $2
         order by at desc, id desc limit 100";
    tenant COUNT_EVENTS =
        "select count(*) from member_invitation_events where practice_id = $1 and invitation_id = $2 and kind = $3";
    across("whoever forgot a password may wait for an invitation of any practice") OPEN_FOR_ADDRESS =
        "select practice_id, id from member_invitations
         where email_key = $1 and state in ('sent', 'kept', 'bounced') order by created_at desc limit 1";
}

pub fn insert(p: &Practice, id: MemberInvitationId, to: &Invitee, leaves_at: Instant) -> Result<()> {
    let values = params![
        id,
        &to.email.address,
        &to.email.key,
        &to.first_name,
        &to.last_name,
        to.role.as_str(),
        to.sees_clients,
        p.now,
        p.actor.id(),
        leaves_at,
    ];
    p.run(&INSERT, values).map(drop)
}

pub fn insert_event(p: &Practice, id: MemberInvitationId, kind: &str, detail: Option<&str>) -> Result<()> {
    p.run(&INSERT_EVENT, params![id, p.new_id(), p.now, kind, detail]).map(drop)
}

pub fn set_state(p: &Practice, id: MemberInvitationId, state: State) -> Result<()> {
    p.run(&SET_STATE, params![id, state.as_str(), p.now]).map(drop)
}

/// Notes who came of it.
pub fn set_member(p: &Practice, id: MemberInvitationId, member: MemberId) -> Result<()> {
    p.run(&SET_MEMBER, params![id, member]).map(drop)
}

fn to_invitation(row: &crate::db::Row) -> Result<Invitation> {
    let (role, state): (String, String) = (row.get(4)?, row.get(6)?);
    Ok(Invitation {
        id: row.get(0)?,
        invitee: Invitee {
            email: Email::stored(row.get(1)?),
            first_name: row.get(2)?,
            last_name: row.get(3)?,
            role: to_role(&role)?,
            sees_clients: row.get(5)?,
        },
        state: State::parse(&state).ok_or_else(|| Error::internal("an invitation in an unknown state"))?,
        created_at: row.get(7)?,
        leaves_at: row.get(8)?,
        updated_at: row.get(9)?,
        opened: row.get(10)?,
    })
}

pub fn by_id(p: &Practice, id: MemberInvitationId) -> Result<Option<Invitation>> {
    p.one(&BY_ID, params![id], to_invitation)
}

/// Every open invitation of the practice, in no order that matters.
pub fn all_open(p: &Practice) -> Result<Vec<Invitation>> {
    p.all(&ALL_OPEN, params![], to_invitation)
}

/// The open ones to an address, newest first.
pub fn open(p: &Practice, email_key: &str) -> Result<Vec<Invitation>> {
    p.all(&OPEN, params![email_key], to_invitation)
}

/// The open ones that a member asked for.
pub fn open_by(p: &Practice, member: MemberId) -> Result<Vec<Invitation>> {
    p.all(&OPEN_BY, params![member], to_invitation)
}

pub fn to_address(p: &Practice, email_key: &str) -> Result<Vec<Invitation>> {
    p.all(&TO_ADDRESS, params![email_key], to_invitation)
}

pub fn count_to_since(p: &Practice, email_key: &str, since: Instant) -> Result<i64> {
    Ok(p.one(&COUNT_TO_SINCE, params![email_key, since], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

pub fn count_since(p: &Practice, since: Instant) -> Result<i64> {
    Ok(p.one(&COUNT_SINCE, params![since], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

pub fn events(p: &Practice, id: MemberInvitationId) -> Result<Vec<Event>> {
    p.all(&EVENTS, params![id], |row| Ok(Event { at: row.get(0)?, kind: row.get(1)?, detail: row.get(2)? }))
}

pub fn count_events(p: &Practice, id: MemberInvitationId, kind: &str) -> Result<i64> {
    Ok(p.one(&COUNT_EVENTS, params![id, kind], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

pub fn open_for_address(h: &House, key: &str) -> Result<Option<(PracticeId, MemberInvitationId)>> {
    h.one(&OPEN_FOR_ADDRESS, params![key], |row| Ok((row.get(0)?, row.get(1)?)))
}
