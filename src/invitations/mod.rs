//! Invitations: the mail that brings a client into their portal, and its link.
//!
//! A link has no time limit. It ends when the password is created, or when a newer one is issued: at the moment the
//! newer mail leaves the outbox, so Undo keeps the older one alive. Opening a link never uses it up; only posting does.
//! No table holds a token: it is derived when the mail is made. The address of an invitation is fixed; nobody can
//! accept it as somebody else. Every invitation has a history that staff can see. An invitation whose purpose is to
//! confirm a changed address looks the same to staff, so that they cannot tell whether an account is shared.

mod accept;
mod accept_page;
mod contact;
pub mod jobs;
mod pages;
mod queries;

use std::time::Duration;

pub use accept::{Acceptance, How, accept};
pub use contact::{invite_contact, latest_of_contact, of_contacts, void_contact, void_contacts};
pub use pages::routes;

use crate::access::Actor;
use crate::accounts::Cap;
use crate::activities::Kind as Activity;
use crate::audit::Entry;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::ids::{ClientId, ContactId, InvitationId, PracticeId};
use crate::jobs::Kind as JobKind;
use crate::people::Email;
use crate::practice::{House, Practice};
use crate::{accounts, portal_access};

/// Invitations to one client in 24 hours; undone ones do not count.
pub const DAILY_LIMIT: i64 = 5;
/// Invitations to one address in 24 hours, whichever clients of the practice they are for; undone ones count.
const PER_ADDRESS: i64 = 20;
/// Invitations that a practice sends one by one in 24 hours; those of many clients have a pace of their own.
const PER_PRACTICE: i64 = 2_000;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Openings written into one invitation's history; a scanner may open a link for ever.
const OPENINGS_LIMIT: i64 = 50;
const PURPOSE: &str = "invitation";

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
    Undone,
    /// The client's address was changed.
    Void,
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
        State::Void,
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
            State::Void => "void",
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

/// What posting on the link's page does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Gives access: a password is created, or an account connected.
    Invite,
    /// Confirms the changed address of an account that already has access.
    Confirm,
    /// Confirms what somebody typed as their address when they signed up with an invite link.
    SignUp,
    /// Gives somebody around the client access of their own.
    Contact(ContactId),
}

impl Purpose {
    fn parse(text: &str, contact: Option<ContactId>) -> Option<Purpose> {
        let own = [Purpose::Invite, Purpose::Confirm, Purpose::SignUp];
        let all = own.into_iter().chain(contact.map(Purpose::Contact));
        all.into_iter().find(|purpose| purpose.as_str() == text && purpose.whose() == contact)
    }

    /// The contact it is for; nothing: the client.
    pub fn whose(self) -> Option<ContactId> {
        match self {
            Purpose::Contact(contact) => Some(contact),
            Purpose::Invite | Purpose::Confirm | Purpose::SignUp => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Purpose::Invite => "invite",
            Purpose::Confirm => "confirm",
            Purpose::SignUp => "sign_up",
            Purpose::Contact(_) => "contact",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Invitation {
    pub id: InvitationId,
    pub client: ClientId,
    pub email: Email,
    pub purpose: Purpose,
    pub state: State,
    pub created_at: Instant,
    pub leaves_at: Instant,
}

/// One line of an invitation's history.
#[derive(Debug, Clone)]
pub struct Event {
    pub invitation: InvitationId,
    pub at: Instant,
    /// queued, delayed, sent, kept, bounced, opened, superseded, undone, void, accepted
    pub kind: String,
    pub detail: Option<String>,
}

/// What came of asking for an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invited {
    /// It leaves the outbox in a moment; until then it can be undone.
    Queued(InvitationId),
    /// The client has a password already: a link to choose a new one was sent instead.
    ResetSent,
    /// There is no address to send it to.
    NoEmail,
    /// Five were sent in 24 hours.
    TooMany,
    /// Twenty were sent to the address in 24 hours, for whichever clients.
    TooManyToAddress,
    /// The practice sent two thousand in 24 hours.
    TooManyFromPractice,
}

impl Invited {
    /// As a page's short message has it; its text is `done-…`.
    pub fn word(&self) -> &'static str {
        match self {
            Invited::Queued(_) => "invited",
            Invited::ResetSent => "reset-sent",
            Invited::NoEmail => "invite-no-email",
            Invited::TooMany => "invite-too-many",
            Invited::TooManyToAddress => "invite-too-many-address",
            Invited::TooManyFromPractice => "invite-too-many-practice",
        }
    }
}

/// Queues an invitation to an address. It waits in the outbox for as long as it can be undone.
pub fn invite(p: &Practice, client: ClientId, email: &Email, purpose: Purpose) -> Result<Invited> {
    // Whoever signed up is waiting for the mail, and there is nobody who could take it back. Sign-ups have caps of their
    // own, taken before there was a client.
    if purpose == Purpose::SignUp {
        let refused = refused(p, client, None, &[])?;
        return refused.map_or_else(|| queue(p, client, email, purpose, p.now), Ok);
    }
    let practice = Cap::new(p.app, "invitations from practice", p.id.0.as_bytes(), PER_PRACTICE, DAY);
    let caps = [to_address(p, email), (practice, Invited::TooManyFromPractice)];
    match refused(p, client, purpose.whose(), &caps)? {
        Some(refused) => Ok(refused),
        None => queue(p, client, email, purpose, p.now.plus(p.app.config.undo)),
    }
}

fn to_address(p: &Practice, email: &Email) -> (Cap, Invited) {
    let what = [p.id.0.as_bytes(), email.key.as_bytes()].concat();
    (Cap::new(p.app, "invitations to address", &what, PER_ADDRESS, DAY), Invited::TooManyToAddress)
}

/// Why no more may be sent now. What one cap refuses is not counted under those behind it.
fn refused(
    p: &Practice,
    client: ClientId,
    whose: Option<ContactId>,
    caps: &[(Cap, Invited)],
) -> Result<Option<Invited>> {
    if queries::count_since(p, client, whose, p.now.minus(DAY))? >= DAILY_LIMIT {
        return Ok(Some(Invited::TooMany));
    }
    for (cap, refused) in caps {
        if accounts::take_all(&p.house(), std::slice::from_ref(cap))? != accounts::GuessOutcome::Allowed {
            return Ok(Some(refused.clone()));
        }
    }
    Ok(None)
}

/// Queues an invitation that leaves the outbox at a time of its own: those of many clients leave one after the other.
pub fn invite_at(
    p: &Practice,
    client: ClientId,
    email: &Email,
    purpose: Purpose,
    leaves_at: Instant,
) -> Result<Invited> {
    match refused(p, client, purpose.whose(), &[to_address(p, email)])? {
        Some(refused) => Ok(refused),
        None => queue(p, client, email, purpose, leaves_at),
    }
}

fn queue(p: &Practice, client: ClientId, email: &Email, purpose: Purpose, leaves_at: Instant) -> Result<Invited> {
    let id = InvitationId(p.new_id());
    queries::insert(
        p,
        &Invitation { id, client, email: email.clone(), purpose, state: State::Queued, created_at: p.now, leaves_at },
    )?;
    event(p, id, "queued", None)?;
    p.enqueue(JobKind::SendInvitation, id.0, leaves_at)?;
    p.note(
        if purpose.whose().is_some() { Activity::ContactInvited } else { Activity::InvitationQueued },
        client,
        None,
    )?;
    p.audit(&Entry::new("invitation.queued", "invitation", Some(id.0)).client(client))?;
    Ok(Invited::Queued(id))
}

/// Sends again: another invitation, or, once a password exists, a link to choose a new one.
pub fn resend(p: &Practice, client: ClientId, email: Option<&Email>) -> Result<Invited> {
    let Some(email) = email else {
        return Ok(Invited::NoEmail);
    };
    let last = latest(p, client)?;
    let own = portal_access::own(p, client)?;
    match (own, last) {
        (Some(access), Some(last)) if last.state == State::Accepted && last.email.key == email.key => {
            if queries::count_resets_since(p, client, p.now.minus(DAY))? >= DAILY_LIMIT {
                return Ok(Invited::TooMany);
            }
            let house = p.house();
            let to = accounts::login_email(&house, access.account)?.unwrap_or_else(|| email.clone());
            accounts::request_reset(&house, access.account, &to)?;
            p.note(Activity::ResetSent, client, None)?;
            p.audit(&Entry::new("reset.sent", "client", Some(client.0)).client(client))?;
            Ok(Invited::ResetSent)
        }
        _ => invite(p, client, email, purpose_of(p, client, email)?),
    }
}

/// What another invitation of a client is for, by the access they have.
pub fn purpose_of(p: &Practice, client: ClientId, email: &Email) -> Result<Purpose> {
    let Some(own) = portal_access::own(p, client)? else {
        return Ok(Purpose::Invite);
    };
    Ok(match accounts::provisional::email(&p.house(), own.account)? {
        // Signed up, and the address that was typed then is still the one on file.
        Some(typed) if typed.key == email.key => Purpose::SignUp,
        Some(_) => Purpose::Invite,
        None => Purpose::Confirm,
    })
}

/// Sends what has left for an address and is still open once more, with the same link. It is no new invitation: nothing
/// is superseded, and what the practice may send in a day is not used up by whoever asks.
///
/// Only the newest of them: one question is answered by one mail, whoever asked it.
pub fn send_again(h: &House, email_key: &str) -> Result<()> {
    if let Some((practice, id)) = queries::open_for_address(h, email_key)? {
        let actor = Actor::system(practice);
        h.practice(&actor).enqueue(JobKind::SendInvitation, id.0, h.now)?;
    }
    Ok(())
}

/// The same for whoever holds an older link of a client: the newest goes to the address on file once more. What staff
/// may send in a day is left alone, for the older link may be in a stranger's hands.
fn send_newest_again(p: &Practice, older: &Invitation) -> Result<()> {
    let whose = older.purpose.whose();
    let (what, newest) = match whose {
        None => (older.client.0, latest(p, older.client)?),
        Some(contact) => (contact.0, latest_of_contact(p, contact)?),
    };
    let newest = newest.filter(|newest| newest.state.is_open() && newest.state != State::Queued);
    let cap = Cap::new(p.app, "invitation again", what.as_bytes(), DAILY_LIMIT, DAY);
    match newest {
        Some(newest) if accounts::take_all(&p.house(), &[cap])? == accounts::GuessOutcome::Allowed => {
            p.enqueue(JobKind::SendInvitation, newest.id.0, p.now)
        }
        _ => Ok(()),
    }
}

/// Takes an invitation back that has not left yet. `false`: it is on its way, or gone.
pub fn undo(p: &Practice, id: InvitationId) -> Result<bool> {
    let Some(invitation) = queries::by_id(p, id)? else {
        return Err(Error::NotFound);
    };
    if invitation.state != State::Queued || !crate::jobs::cancel(&p.house(), JobKind::SendInvitation, id.0)? {
        return Ok(false);
    }
    set_state(p, id, State::Undone, None)?;
    // Taken back is the mail, not the change of an address: what was accepted for the address before must not speak for
    // the new one, and what its button does would tell whether the account is shared.
    let left = if invitation.purpose.whose().is_some() { None } else { latest(p, invitation.client)? };
    if left.is_some_and(|left| left.state == State::Accepted && left.email.key != invitation.email.key) {
        set_state(p, id, State::Void, None)?;
    }
    p.note(Activity::InvitationUndone, invitation.client, None)?;
    p.audit(&Entry::new("invitation.undone", "invitation", Some(id.0)).client(invitation.client))?;
    Ok(true)
}

/// Takes back what waits in the outbox for a client.
pub fn take_back_queued(p: &Practice, client: ClientId) -> Result<()> {
    for queued in queries::open(p, client)?.into_iter().filter(|open| open.state == State::Queued) {
        undo(p, queued.id)?;
    }
    Ok(())
}

/// Ends every open invitation of a client whose address is being changed.
pub fn void_open(p: &Practice, client: ClientId) -> Result<()> {
    for open in queries::open(p, client)?.into_iter().filter(|open| open.purpose.whose().is_none()) {
        void(p, open.id)?;
    }
    Ok(())
}

fn void(p: &Practice, id: InvitationId) -> Result<()> {
    crate::jobs::cancel(&p.house(), JobKind::SendInvitation, id.0)?;
    set_state(p, id, State::Void, None)
}

/// Says anew on a client's row where their newest invitation stands, after invitations have come or gone by a merge.
pub fn show_anew(p: &Practice, client: ClientId) -> Result<()> {
    queries::show_state(p, client)
}

/// How the open invitations of a client stand, and of the people around them.
pub fn open(p: &Practice, client: ClientId) -> Result<Vec<State>> {
    Ok(queries::open(p, client)?.into_iter().map(|open| open.state).collect())
}

/// Whether a client was ever invited (an undone invitation is none).
pub fn was_invited(p: &Practice, client: ClientId) -> Result<bool> {
    Ok(latest(p, client)?.is_some())
}

/// The newest invitation of the client's own that was not undone.
pub fn latest(p: &Practice, client: ClientId) -> Result<Option<Invitation>> {
    queries::latest(p, client)
}

pub fn by_id(p: &Practice, id: InvitationId) -> Result<Option<Invitation>> {
    queries::by_id(p, id)
}

/// A client's invitations, newest first, and their histories.
pub fn history(p: &Practice, client: ClientId) -> Result<Vec<(Invitation, Vec<Event>)>> {
    let events = queries::events(p, client)?;
    let with_events = |invitation: Invitation| {
        let own = events.iter().filter(|e| e.invitation == invitation.id).cloned().collect();
        (invitation, own)
    };
    Ok(queries::all(p, client)?.into_iter().map(with_events).collect())
}

/// Notes that somebody, or a mail program that checks links, opened a link that still works.
pub fn note_opened(p: &Practice, id: InvitationId) -> Result<()> {
    let is_open = queries::by_id(p, id)?.is_some_and(|i| i.state.is_open());
    if is_open && queries::count_events(p, id, "opened")? < OPENINGS_LIMIT {
        event(p, id, "opened", None)?;
    }
    Ok(())
}

fn event(p: &Practice, id: InvitationId, kind: &str, detail: Option<&str>) -> Result<()> {
    queries::insert_event(p, id, kind, detail)
}

fn set_state(p: &Practice, id: InvitationId, state: State, detail: Option<&str>) -> Result<()> {
    queries::set_state(p, id, state)?;
    event(p, id, state.as_str(), detail)
}

/// The link's token: derived, the same each time.
fn token(app: &crate::app::App, practice: PracticeId, id: InvitationId) -> String {
    app.secrets.link_token(PURPOSE, &[practice.0, id.0])
}

fn read_token(h: &House, token: &str) -> Option<(PracticeId, InvitationId)> {
    let [practice, id] = h.app.secrets.read_link_token::<2>(PURPOSE, token)?;
    Some((PracticeId(practice), InvitationId(id)))
}
