//! Members: the staff of a practice, each with a role, and their API tokens.
//!
//! A member is an account in one practice. What the roles may do is in `access`. A token acts as its member, in that
//! practice only; it is shown once and kept as a hash.

mod queries;

use uuid::Uuid;

use crate::access::{Actor, Member, Role, Who};
use crate::audit::Entry;
use crate::error::Result;
use crate::ids::{AccountId, MemberId, PracticeId};
use crate::practice::{House, Practice};
use crate::web::PracticeInfo;

/// Somebody new on the staff.
#[derive(Debug, Clone)]
pub struct NewMember {
    pub account: AccountId,
    pub first_name: String,
    pub last_name: String,
    pub role: Role,
    /// Can be a client's provider. Support staff cannot.
    pub sees_clients: bool,
}

/// A member who can be chosen as a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    pub id: MemberId,
    pub name: String,
}

/// Adds a member of the staff.
pub fn add(p: &Practice, new: &NewMember) -> Result<MemberId> {
    let id = MemberId(p.new_id());
    let sees_clients = new.sees_clients && new.role != Role::Support;
    queries::insert(p, id, new, sees_clients)?;
    p.audit(&Entry::new("member.added", "member", Some(id.0)).detail(new.role.as_str()))?;
    Ok(id)
}

/// The actor and practice of a session that stands on the staff side, if the member still is one.
pub fn at_place(
    h: &House,
    practice: PracticeId,
    id: Uuid,
    account: AccountId,
) -> Result<Option<(Actor, PracticeInfo)>> {
    let system = Actor::system(practice);
    let member = queries::active(&h.practice(&system), MemberId(id))?.filter(|m| m.account == account);
    in_practice(h, practice, member)
}

/// A member who may act: confirmed and not disabled.
pub fn active(p: &Practice, id: MemberId) -> Result<Option<Member>> {
    queries::active(p, id)
}

/// The actor and practice of an API token.
pub fn by_token(h: &House, token: &str) -> Result<Option<(Actor, PracticeInfo)>> {
    let Some((practice, member)) = queries::token_owner(h, &crate::secrets::token_hash(token))? else {
        return Ok(None);
    };
    let system = Actor::system(practice);
    let member = queries::active(&h.practice(&system), member)?;
    in_practice(h, practice, member)
}

fn in_practice(h: &House, practice: PracticeId, member: Option<Member>) -> Result<Option<(Actor, PracticeInfo)>> {
    let Some(member) = member else {
        return Ok(None);
    };
    let info = h.practice_info(practice)?;
    Ok(info.map(|info| (Actor { practice, who: Who::Member(member) }, info)))
}

/// The members who can be a client's provider.
pub fn providers(p: &Practice) -> Result<Vec<Provider>> {
    queries::providers(p)
}

/// A member's name, also of one who has left.
pub fn name_of(p: &Practice, id: MemberId) -> Result<Option<String>> {
    queries::name_of(p, id)
}

/// Makes an API token that acts as a member; the caller shows it once.
pub fn create_token(p: &Practice, member: MemberId, name: &str) -> Result<String> {
    let token = crate::secrets::new_token();
    let id = p.new_id();
    queries::insert_token(p, id, member, name, &crate::secrets::token_hash(&token))?;
    p.audit(&Entry::new("token.created", "member", Some(member.0)))?;
    Ok(token)
}

/// The memberships of an account, for commands at the console.
pub fn of_account(h: &House, account: AccountId) -> Result<Vec<(PracticeId, MemberId)>> {
    let places = crate::accounts::places_of(h, account)?;
    let staff = places.into_iter().filter(|place| place.kind == crate::accounts::PlaceKind::Staff);
    Ok(staff.map(|place| (place.practice, MemberId(place.id))).collect())
}
