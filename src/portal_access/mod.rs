//! Portal access: which account reaches which client record, and as whom (self, parent, guardian …).
//!
//! Granted when an invitation is accepted, ended when the e-mail moves to somebody else. Nothing else lets an account
//! into a client's portal.

mod queries;

use uuid::Uuid;

use crate::access::{Actor, Viewer, Who};
use crate::accounts;
use crate::error::Result;
use crate::ids::{AccessId, AccountId, ClientId, PracticeId};
use crate::practice::{House, Practice};
use crate::web::PracticeInfo;

/// The client's own access, as opposed to a parent's or guardian's.
pub const OWN: &str = "self";

#[derive(Debug, Clone)]
pub struct PortalAccess {
    pub id: AccessId,
    pub account: AccountId,
    pub relation: String,
}

/// Lets an account into a client's portal; once is enough.
pub fn grant(p: &Practice, client: ClientId, account: AccountId, relation: &str) -> Result<AccessId> {
    if let Some(known) = queries::live(p, client)?.into_iter().find(|a| a.account == account) {
        return Ok(known.id);
    }
    let id = AccessId(p.new_id());
    queries::insert(p, id, client, account, relation)?;
    Ok(id)
}

/// The client's own live access, if they have accepted an invitation.
pub fn own(p: &Practice, client: ClientId) -> Result<Option<PortalAccess>> {
    Ok(queries::live(p, client)?.into_iter().find(|a| a.relation == OWN))
}

/// How many people are in a client's portal.
pub fn live(p: &Practice, client: ClientId) -> Result<usize> {
    Ok(queries::live(p, client)?.len())
}

/// Whether the client ever had an access of their own, ended or not.
pub fn ever_own(p: &Practice, client: ClientId) -> Result<bool> {
    queries::ever(p, client, OWN)
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
    let viewer: Option<Viewer> = queries::viewer(&h.practice(&system), AccessId(id))?.filter(|v| v.account == account);
    let Some(viewer) = viewer else {
        return Ok(None);
    };
    let info = h.practice_info(practice)?;
    Ok(info.map(|info| (Actor { practice, who: Who::Client(viewer) }, info)))
}
