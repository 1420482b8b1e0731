//! Which of its staff a practice asks for a second factor.

use super::queries;
use crate::access::Role;
use crate::audit::Entry;
use crate::error::Result;
use crate::members;
use crate::practice::Practice;

/// Asks these roles for a second factor, and no others. Who has none is held with their next request, until they set it
/// up. Only those who may touch a role may ask more or less of it.
pub fn require(p: &Practice, roles: &[Role]) -> Result<()> {
    let now = p.house().practice_info(p.id)?.map(|info| info.second_factor_roles).unwrap_or_default();
    let to: Vec<Role> = Role::ALL.into_iter().filter(|role| roles.contains(role)).collect();
    let changed: Vec<Role> = Role::ALL.into_iter().filter(|role| now.contains(role) != to.contains(role)).collect();
    if changed.is_empty() {
        return Ok(());
    }
    members::must_touch(p, &changed)?;
    queries::save_second_factor_roles(&p.house(), p.id, &Role::join(&to))?;
    let detail = if to.is_empty() { "nobody".to_string() } else { Role::join(&to) };
    p.audit(&Entry::new("practice.second_factor_required", "practice", Some(p.id.0)).detail(detail))
}
