//! Invitations to the staff: the mail that brings a colleague in, and its link.
//!
//! Until it is accepted there is no row in `members`, so nobody who was only invited has any right. A link has no time
//! limit: it ends when it is accepted or withdrawn, or when a newer one to the same address leaves the outbox. Opening
//! it never uses it up. No table holds a token: it is derived when the mail is made.

mod accept;
pub mod jobs;
mod join;
mod queries;

use std::time::Duration;

pub use join::routes;

use super::staff;
use crate::access::{Actor, Role};
use crate::accounts;
use crate::audit::Entry;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::ids::{MemberId, MemberInvitationId, PracticeId};
use crate::jobs::Kind as JobKind;
use crate::people::Email;
use crate::practice::{House, Practice};

/// Invitations to one address in 24 hours; undone ones do not count.
pub const DAILY_LIMIT: i64 = 5;
/// Invitations to the staff of one practice in 24 hours.
pub const PRACTICE_DAILY_LIMIT: i64 = 100;
/// Members that a practice may have, those who left among them: lists show all of them.
const MEMBERS_LIMIT: i64 = 500;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Openings written into one invitation's history; a scanner may open a link for ever.
const OPENINGS_LIMIT: i64 = 50;
const PURPOSE: &str = "member invitation";

/// Where an invitation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Queued,
    Sent,
    /// There is no mail server: kept in the local outbox, not delivered.
    Kept,
    Bounced,
    Superseded,
    /// Taken back before the mail had left.
    Undone,
    /// Taken back after.
    Withdrawn,
    Accepted,
}

impl State {
    const ALL: [State; 8] = [
        State::Queued,
        State::Sent,
        State::Kept,
        State::Bounced,
        State::Superseded,
        State::Undone,
        State::Withdrawn,
        State::Accepted,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Sent => "sent",
            State::Kept => "kept",
            State::Bounced => "bounced",
            State::Superseded => "superseded",
            State::Undone => "undone",
            State::Withdrawn => "withdrawn",
            State::Accepted => "accepted",
        }
    }

    pub fn parse(text: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the link still works.
    pub fn is_open(self) -> bool {
        matches!(self, State::Queued | State::Sent | State::Kept | State::Bounced)
    }
}

/// Somebody who is to be asked.
#[derive(Debug, Clone)]
pub struct Invitee {
    pub first_name: String,
    pub last_name: String,
    pub email: Email,
    pub role: Role,
    pub sees_clients: bool,
}

impl Invitee {
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }
}

#[derive(Debug, Clone)]
pub struct Invitation {
    pub id: MemberInvitationId,
    pub invitee: Invitee,
    pub state: State,
    pub created_at: Instant,
    pub leaves_at: Instant,
    pub updated_at: Instant,
    /// Somebody, or a program that checks links, has opened it.
    pub opened: bool,
}

/// One line of an invitation's history.
#[derive(Debug, Clone)]
pub struct Event {
    pub at: Instant,
    /// queued, delayed, sent, kept, bounced, opened, superseded, undone, withdrawn, accepted
    pub kind: String,
    pub detail: Option<String>,
}

/// What came of asking for an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invited {
    /// It leaves the outbox in a moment; until then it can be undone.
    Queued(MemberInvitationId),
    AlreadyMember,
    /// Five went to this address in 24 hours.
    TooManyToAddress,
    /// A hundred went out from this practice in 24 hours, or its staff is full.
    TooManyFromPractice,
    /// Only one that has left and is still open can be sent again.
    NotOpen,
}

/// Queues an invitation. It waits in the outbox for as long as it can be undone.
pub fn invite(p: &Practice, invitee: &Invitee) -> Result<Invited> {
    staff::must_touch(p, &[invitee.role])?;
    let known = known(p, &invitee.email)?;
    // The invitation of a disabled member may be accepted: that changes who they were.
    let was = match known {
        Some((_, staff::Standing::Active)) => return Ok(Invited::AlreadyMember),
        Some((member, staff::Standing::Disabled)) => Some(staff::find(p, member)?.role),
        None => None,
    };
    // It ends whatever else is open for the address, too.
    let open = queries::open(p, &invitee.email.key)?;
    let touched: Vec<Role> = open.iter().map(|open| open.invitee.role).chain(was).collect();
    staff::must_touch(p, &touched)?;
    let since = p.now.minus(DAY);
    if queries::count_to_since(p, &invitee.email.key, since)? >= DAILY_LIMIT {
        return Ok(Invited::TooManyToAddress);
    }
    let full = super::queries::count_members(p)? >= MEMBERS_LIMIT;
    if full || queries::count_since(p, since)? >= PRACTICE_DAILY_LIMIT {
        return Ok(Invited::TooManyFromPractice);
    }
    // One that has not left yet is replaced, not followed: who presses twice sends one mail.
    for open in open.iter().filter(|open| open.state == State::Queued) {
        if crate::jobs::cancel(&p.house(), JobKind::SendMemberInvitation, open.id.0)? {
            set_state(p, open.id, State::Superseded, None)?;
        }
    }
    let id = MemberInvitationId(p.new_id());
    let leaves_at = p.now.plus(p.app.config.undo);
    let sees_clients = staff::sees_clients(invitee.role, invitee.sees_clients);
    queries::insert(p, id, &Invitee { sees_clients, ..invitee.clone() }, leaves_at)?;
    event(p, id, "queued", None)?;
    p.enqueue(JobKind::SendMemberInvitation, id.0, leaves_at)?;
    p.audit(&Entry::new("member.invited", "member_invitation", Some(id.0)).detail(invitee.role.as_str()))?;
    Ok(Invited::Queued(id))
}

/// Whose address it is, if a member's. That of a disabled one may be invited: accepting enables them again.
fn known(p: &Practice, email: &Email) -> Result<Option<(MemberId, staff::Standing)>> {
    match accounts::address(&p.house(), &email.key)? {
        Some(address) => super::queries::by_account(p, address.account),
        None => Ok(None),
    }
}

/// Sends again: another invitation with the same words, which replaces this one when it leaves.
pub fn resend(p: &Practice, id: MemberInvitationId) -> Result<Invited> {
    let invitation = find(p, id)?;
    staff::must_touch(p, &[invitation.invitee.role])?;
    if !matches!(invitation.state, State::Sent | State::Kept | State::Bounced) {
        return Ok(Invited::NotOpen);
    }
    invite(p, &invitation.invitee)
}

/// Takes an invitation back that has not left yet. `false`: it is on its way, or gone.
pub fn undo(p: &Practice, id: MemberInvitationId) -> Result<bool> {
    let invitation = find(p, id)?;
    staff::must_touch(p, &[invitation.invitee.role])?;
    let house = p.house();
    if invitation.state != State::Queued || !crate::jobs::cancel(&house, JobKind::SendMemberInvitation, id.0)? {
        return Ok(false);
    }
    set_state(p, id, State::Undone, None)?;
    p.audit(&Entry::new("member.invitation_undone", "member_invitation", Some(id.0)))?;
    Ok(true)
}

/// Ends whatever is open for an invitation's address: its links say no more than that they do not work.
/// `false`: there was nothing open.
pub fn withdraw(p: &Practice, id: MemberInvitationId) -> Result<bool> {
    let invitation = find(p, id)?;
    staff::must_touch(p, &[invitation.invitee.role])?;
    let open = queries::open(p, &invitation.invitee.email.key)?;
    for one in &open {
        // One that was made by an owner, for an owner, is not an admin's to take back.
        staff::must_touch(p, &[one.invitee.role])?;
        end(p, one)?;
    }
    Ok(!open.is_empty())
}

fn end(p: &Practice, open: &Invitation) -> Result<()> {
    crate::jobs::cancel(&p.house(), JobKind::SendMemberInvitation, open.id.0)?;
    set_state(p, open.id, State::Withdrawn, None)?;
    p.audit(&Entry::new("member.invitation_withdrawn", "member_invitation", Some(open.id.0)))
}

/// What is open and hangs on a member: what they asked for with a role outside `gives`, which are those that they may
/// still give, and whatever went to an address of their own, by which they could come back.
pub fn hanging_on(p: &Practice, member: MemberId, gives: &[Role]) -> Result<Vec<Invitation>> {
    let mut all = queries::open_by(p, member)?;
    all.retain(|one| !gives.contains(&one.invitee.role));
    if let Some(account) = super::queries::account_of(p, member)? {
        for address in accounts::addresses(&p.house(), account)? {
            all.extend(queries::open(p, &address.email.key)?);
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|one| seen.insert(one.id));
    Ok(all)
}

/// Withdraws what hangs on a member who may only give these roles any more. Returns how many.
pub fn end_hanging_on(p: &Practice, member: MemberId, gives: &[Role]) -> Result<usize> {
    let all = hanging_on(p, member, gives)?;
    all.iter().try_for_each(|one| end(p, one))?;
    Ok(all.len())
}

/// Sends what has left for an address and is still open once more, with the same link, for whoever asked for a new
/// password before they had one.
pub fn send_again(h: &House, email_key: &str) -> Result<()> {
    if let Some((practice, id)) = queries::open_for_address(h, email_key)? {
        let actor = Actor::system(practice);
        h.practice(&actor).enqueue(JobKind::SendMemberInvitation, id.0, h.now)?;
    }
    Ok(())
}

pub fn find(p: &Practice, id: MemberInvitationId) -> Result<Invitation> {
    queries::by_id(p, id)?.ok_or(Error::NotFound)
}

/// The newest open invitation to each address, newest first.
pub fn waiting(p: &Practice) -> Result<Vec<Invitation>> {
    let mut seen = std::collections::BTreeSet::new();
    let mut all = queries::all_open(p)?;
    all.sort_by_key(|i| std::cmp::Reverse((i.created_at, i.id)));
    Ok(all.into_iter().filter(|i| seen.insert(i.invitee.email.key.clone())).collect())
}

/// Every invitation to one's address, newest first, and their histories.
pub fn history(p: &Practice, email: &Email) -> Result<Vec<(Invitation, Vec<Event>)>> {
    let all = queries::to_address(p, &email.key)?;
    all.into_iter().map(|invitation| Ok((invitation.clone(), events(p, invitation.id)?))).collect()
}

/// What happened to one invitation, the newest first.
pub fn events(p: &Practice, id: MemberInvitationId) -> Result<Vec<Event>> {
    queries::events(p, id)
}

fn event(p: &Practice, id: MemberInvitationId, kind: &str, detail: Option<&str>) -> Result<()> {
    queries::insert_event(p, id, kind, detail)
}

fn set_state(p: &Practice, id: MemberInvitationId, state: State, detail: Option<&str>) -> Result<()> {
    queries::set_state(p, id, state)?;
    event(p, id, state.as_str(), detail)
}

/// The link's token: derived, the same each time.
fn token(app: &crate::app::App, practice: PracticeId, id: MemberInvitationId) -> String {
    app.secrets.link_token(PURPOSE, &[practice.0, id.0])
}

fn read_token(h: &House, token: &str) -> Option<(PracticeId, MemberInvitationId)> {
    let [practice, id] = h.app.secrets.read_link_token::<2>(PURPOSE, token)?;
    Some((PracticeId(practice), MemberInvitationId(id)))
}
