//! What may be changed about a member, by whom, and what follows. The rules in one place: owners alone touch owners,
//! nobody changes their own role or disables themselves, and somebody always stays to own the practice.

use super::{invitations, queries, tokens};
use crate::access::Role;
use crate::accounts;
use crate::audit::Entry;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::practice::Practice;

/// A member as Settings shows them.
#[derive(Debug, Clone)]
pub struct Row {
    pub id: MemberId,
    pub first_name: String,
    pub last_name: String,
    /// What they sign in with.
    pub email: String,
    pub role: Role,
    pub sees_clients: bool,
    pub created_at: Instant,
    pub disabled_at: Option<Instant>,
    pub version: i64,
    /// Two-step sign-in is on.
    pub second_factor: bool,
}

impl Row {
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }
}

/// A role as it is kept.
pub fn to_role(text: &str) -> Result<Role> {
    Role::parse(text).ok_or_else(|| Error::internal("an unknown role"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Active,
    Disabled,
}

/// What can be changed about a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub first_name: String,
    pub last_name: String,
    pub role: Role,
    /// Can be a client's provider: a provider always, support staff never.
    pub sees_clients: bool,
}

impl Change {
    fn settled(&self) -> Change {
        Change { sees_clients: sees_clients(self.role, self.sees_clients), ..self.clone() }
    }
}

/// Whether somebody of a role sees clients, where they are asked to or not.
pub fn sees_clients(role: Role, wanted: bool) -> bool {
    match role {
        Role::Provider => true,
        Role::Support => false,
        Role::Owner | Role::Admin => wanted,
    }
}

/// Why a member stays as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody changes their own role or disables themselves.
    Yourself,
    /// The practice would be left without an owner.
    LastOwner,
}

impl Refusal {
    pub fn said(self) -> &'static str {
        match self {
            Refusal::Yourself => "This is you: ask another owner or admin to do it.",
            Refusal::LastOwner => "This is the practice's last active owner. Make somebody else an owner first.",
        }
    }
}

#[derive(Debug, Clone)]
pub enum Changed {
    Saved,
    /// Somebody else saved in between; this is what stands now.
    Stale(Box<Row>),
    Refused(Refusal),
}

/// What disabling a member brings with it.
#[derive(Debug, Clone, Copy)]
pub struct Consequences {
    /// Active clients who keep them as primary provider.
    pub clients: i64,
    pub tokens: usize,
    /// Open invitations to the staff that are withdrawn.
    pub invitations: usize,
}

pub fn all(p: &Practice) -> Result<Vec<Row>> {
    queries::all(p)
}

pub fn find(p: &Practice, id: MemberId) -> Result<Row> {
    queries::find(p, id)?.ok_or(Error::NotFound)
}

/// Whether the actor may give, take or change these roles: owners all of them, admins all but the owner's.
/// The actor's own role is asked for again: it may have changed since the request was let in.
pub fn may_touch(p: &Practice, roles: &[Role]) -> Result<bool> {
    let Some(member) = p.actor.member() else {
        // The console.
        return Ok(matches!(p.actor.who, crate::access::Who::System));
    };
    let Some(own) = queries::active(p, member.id)?.map(|member| member.role) else {
        return Ok(false);
    };
    let touched = touches(own);
    Ok(!touched.is_empty() && roles.iter().all(|role| touched.contains(role)))
}

/// The roles that a role gives, takes and changes.
fn touches(own: Role) -> &'static [Role] {
    match own {
        Role::Owner => &Role::ALL,
        Role::Admin => &[Role::Admin, Role::Provider, Role::Support],
        Role::Provider | Role::Support => &[],
    }
}

/// Whether a role means less than another one: they stand in the order of what they may.
fn falls(from: Role, to: Role) -> bool {
    let rank = |role| Role::ALL.iter().position(|one| *one == role);
    rank(to) > rank(from)
}

pub fn must_touch(p: &Practice, roles: &[Role]) -> Result<()> {
    if may_touch(p, roles)? { Ok(()) } else { Err(Error::Forbidden) }
}

fn is_self(p: &Practice, id: MemberId) -> bool {
    p.actor.member().is_some_and(|member| member.id == id)
}

fn is_last_owner(p: &Practice, row: &Row) -> Result<bool> {
    Ok(row.role == Role::Owner && row.disabled_at.is_none() && queries::count_owners(p)? <= 1)
}

/// Changes name, role and whether they see clients. `version`: the one that the change was made from.
pub fn change(p: &Practice, id: MemberId, to: &Change, version: Option<i64>) -> Result<Changed> {
    let now = find(p, id)?;
    must_touch(p, &[now.role, to.role])?;
    if version.is_some_and(|version| version != now.version) {
        return Ok(Changed::Stale(Box::new(now)));
    }
    let to = to.settled();
    if to.role != now.role && is_self(p, id) {
        return Ok(Changed::Refused(Refusal::Yourself));
    }
    if to.role != Role::Owner && is_last_owner(p, &now)? {
        return Ok(Changed::Refused(Refusal::LastOwner));
    }
    let differs = [
        ("first_name", to.first_name != now.first_name),
        ("last_name", to.last_name != now.last_name),
        ("role", to.role != now.role),
        ("sees_clients", to.sees_clients != now.sees_clients),
    ];
    let fields: Vec<_> = differs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect();
    if fields.is_empty() {
        return Ok(Changed::Saved);
    }
    queries::update(p, id, &to)?;
    if falls(now.role, to.role) {
        // A link that is out already would give what they may not give any more.
        invitations::end_hanging_on(p, id, touches(to.role))?;
    }
    let detail = match to.role == now.role {
        true => fields.join(" "),
        false => format!("{}: {} to {}", fields.join(" "), now.role.as_str(), to.role.as_str()),
    };
    p.audit(&Entry::new("member.changed", "member", Some(id.0)).detail(detail))?;
    Ok(Changed::Saved)
}

pub fn consequences(p: &Practice, id: MemberId) -> Result<Consequences> {
    Ok(Consequences {
        clients: queries::count_clients(p, id)?,
        tokens: tokens::live_of(p, id)?.len(),
        invitations: invitations::hanging_on(p, id, &[])?.len(),
    })
}

/// Takes every right away, at once: sessions in this practice end, API tokens are revoked for good, and no link
/// that they asked for or were sent brings anybody in. Places of the account elsewhere stay. Disabling somebody twice changes nothing.
pub fn disable(p: &Practice, id: MemberId) -> Result<std::result::Result<(), Refusal>> {
    let now = find(p, id)?;
    must_touch(p, &[now.role])?;
    if is_self(p, id) {
        return Ok(Err(Refusal::Yourself));
    }
    if now.disabled_at.is_some() {
        return Ok(Ok(()));
    }
    if is_last_owner(p, &now)? {
        return Ok(Err(Refusal::LastOwner));
    }
    queries::disable(p, id)?;
    accounts::end_all_of_member(&p.house(), p.id, id.0)?;
    let revoked = tokens::revoke_all(p, id)?;
    let withdrawn = invitations::end_hanging_on(p, id, &[])?;
    let detail = format!("{revoked} tokens revoked, {withdrawn} invitations withdrawn");
    p.audit(&Entry::new("member.disabled", "member", Some(id.0)).detail(detail))?;
    Ok(Ok(()))
}

/// Gives the rights back: role and clients as they were. Sessions and tokens stay ended.
pub fn enable(p: &Practice, id: MemberId) -> Result<()> {
    let now = find(p, id)?;
    must_touch(p, &[now.role])?;
    if now.disabled_at.is_none() {
        return Ok(());
    }
    queries::enable(p, id)?;
    p.audit(&Entry::new("member.enabled", "member", Some(id.0)))
}
