//! Archive and Restore: a client who is no longer seen leaves the list and loses the portal; nothing is deleted, and
//! Restore brings everything back, an open invitation too.

use super::{Status, find, queries};
use crate::activities::Kind as Activity;
use crate::audit::Entry;
use crate::error::{Error, Result};
use crate::flows;
use crate::ids::ClientId;
use crate::invitations::{self, Invited, State};
use crate::portal_access;
use crate::practice::Practice;

/// What archiving a client would end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// People whose way into the portal closes.
    pub portals: usize,
    /// An invitation waits in the outbox, and is taken back.
    pub invitation_queued: bool,
    /// One that was sent opens nothing until they are restored.
    pub link_open: bool,
    /// Forms that they have still to fill in: nobody is reminded of them until they are restored.
    pub open_forms: i64,
    /// Messages to them that wait for their time, and are not sent.
    pub waiting_messages: i64,
}

/// Errors: not found.
pub fn ends(p: &Practice, id: ClientId) -> Result<Ends> {
    find(p, id)?;
    let open = invitations::open(p, id)?;
    Ok(Ends {
        portals: portal_access::live(p, id)?,
        invitation_queued: open.contains(&State::Queued),
        link_open: open.iter().any(|state| *state != State::Queued),
        open_forms: flows::open(p, id)?,
        waiting_messages: queries::waiting_messages(p, id)?,
    })
}

/// Archives a client: the portal is closed with the next request, and what waits in the outbox is taken back.
/// `false`: they were archived already.
pub fn archive(p: &Practice, id: ClientId) -> Result<bool> {
    if find(p, id)?.status == Status::ARCHIVED {
        return Ok(false);
    }
    // What has left stays as it is: while the client is archived its link opens nothing, and Restore revives it.
    invitations::take_back_queued(p, id)?;
    queries::end_waiting_messages(p, id)?;
    queries::set_status(p, id, Status::ARCHIVED)?;
    p.note(Activity::ClientArchived, id, None)?;
    p.audit(&Entry::of_client("client.archived", id))?;
    Ok(true)
}

/// Brings an archived client back. `false`: they were not archived.
pub fn restore(p: &Practice, id: ClientId) -> Result<bool> {
    if find(p, id)?.status != Status::ARCHIVED {
        return Ok(false);
    }
    queries::set_status(p, id, Status::ACTIVE)?;
    p.note(Activity::ClientRestored, id, None)?;
    p.audit(&Entry::of_client("client.restored", id))?;
    Ok(true)
}

/// Invites a client, or sends again. Errors: not found; archived.
pub fn invite(p: &Practice, id: ClientId) -> Result<Invited> {
    let client = find(p, id)?;
    refuse_archived(&client.status)?;
    invitations::resend(p, id, client.fields.email.as_ref())
}

/// What is archived is not changed.
pub fn refuse_archived(status: &str) -> Result<()> {
    if status == Status::ARCHIVED {
        return Err(Error::Conflict("This client is archived. Restore them first.".into()));
    }
    Ok(())
}
