//! Members: the staff of a practice, each with a role, and their API tokens.
//!
//! A member is an account in one practice. What the roles may do is in `access`. A token acts as its member, in that
//! practice only; it is shown once and kept as a hash. Somebody new is invited by mail (`invitations`) and has no row,
//! and so no right, until they accept. Whoever is disabled is out with their next request.

mod api;
mod form;
pub mod invitations;
mod invited_pages;
pub mod lost_device;
mod member_pages;
mod pages;
mod queries;
mod staff;
mod token_api;
mod token_pages;
mod tokens;

use uuid::Uuid;

use crate::access::{Actor, Member, Role, Who};
use crate::audit::Entry;
use crate::error::Result;
use crate::ids::{AccountId, MemberId, PracticeId};
use crate::practice::{House, Practice};
use crate::second_factor;
use crate::web::PracticeInfo;

pub use staff::{Change, Changed, Consequences, Refusal, Row, change, disable, enable, must_touch};
pub use tokens::{Bearer, Holder, by_secret, note_use};

pub fn routes(routes: crate::routes::Routes) -> crate::routes::Routes {
    let routes = invited_pages::routes(invitations::routes(pages::routes(routes)));
    let routes = lost_device::routes(token_pages::routes(member_pages::routes(routes)));
    token_api::routes(api::routes(routes))
}

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
    queries::insert(p, id, new, staff::sees_clients(new.role, new.sees_clients))?;
    p.audit(&Entry::new("member.added", "member", Some(id.0)).detail(new.role.as_str()))?;
    Ok(id)
}

/// Somebody who is on the staff of a practice.
#[derive(Debug, Clone)]
pub enum Admitted {
    In(Actor, PracticeInfo),
    /// The practice asks their role for a second factor, and they have none: they act for nobody until they do.
    Held(PracticeInfo),
}

/// Who a session that stands on the staff side acts for, if the member still is one.
pub fn at_place(h: &House, practice: PracticeId, id: Uuid, account: AccountId) -> Result<Option<Admitted>> {
    let system = Actor::system(practice);
    let member = queries::active(&h.practice(&system), MemberId(id))?.filter(|m| m.account == account);
    admitted(h, practice, member)
}

/// A member who may act: confirmed and not disabled.
pub fn active(p: &Practice, id: MemberId) -> Result<Option<Member>> {
    queries::active(p, id)
}

/// The one way from a member who asks to the actor that requests are served for.
fn admitted(h: &House, practice: PracticeId, member: Option<Member>) -> Result<Option<Admitted>> {
    let (Some(member), Some(info)) = (member, h.practice_info(practice)?) else {
        return Ok(None);
    };
    if info.second_factor_roles.contains(&member.role) && !second_factor::is_on(h, member.account)? {
        return Ok(Some(Admitted::Held(info)));
    }
    Ok(Some(Admitted::In(Actor { practice, who: Who::Member(member) }, info)))
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
    tokens::create(p, member, name).map(|(_, secret)| secret)
}

/// The memberships of an account, for commands at the console.
pub fn of_account(h: &House, account: AccountId) -> Result<Vec<(PracticeId, MemberId)>> {
    let places = crate::accounts::places_of(h, account)?;
    let staff = places.into_iter().filter(|place| place.kind == crate::accounts::PlaceKind::Staff);
    Ok(staff.map(|place| (place.practice, MemberId(place.id))).collect())
}

/// Who is told that somebody came to a provider: the provider, or, where there is none (any more), the owners.
pub fn told_for(p: &Practice, provider: Option<MemberId>) -> Result<Vec<MemberId>> {
    if let Some(member) = provider.map(|id| queries::active(p, id)).transpose()?.flatten() {
        return Ok(vec![member.id]);
    }
    queries::owners(p)
}

/// Where mail to a member goes, as long as they are one.
pub fn email_of(p: &Practice, id: MemberId) -> Result<Option<crate::people::Email>> {
    match queries::active(p, id)? {
        Some(member) => crate::accounts::login_email(&p.house(), member.account),
        None => Ok(None),
    }
}
