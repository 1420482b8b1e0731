//! A member who lost the device with their second factor, and the recovery codes too: an owner asks to have it turned
//! off. The holder is told at once; a day later they get a link, and their own press on it turns it off. So no owner
//! alone weakens an account that may reach other practices, and none learns whether it does. Any sign-in with a code
//! stops it.

pub mod jobs;
mod owner_pages;
mod pages;

use super::queries;
use crate::access::{Role, Who};
use crate::accounts::{self, Cap, GuessOutcome, take_all};
use crate::audit::Entry;
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::practice::Practice;
use crate::second_factor::{
    self,
    resets::{self, Reset},
};

/// Resets asked for one account in a day: each mails its holder.
const A_DAY: i64 = 5;
const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

pub fn routes(routes: crate::routes::Routes) -> crate::routes::Routes {
    owner_pages::routes(pages::routes(routes))
}

/// What came of asking.
#[derive(Debug, Clone)]
pub enum Asked {
    /// It is under way, since now or since before.
    UnderWay(Reset),
    /// Nobody asks for themselves.
    Yourself,
    /// There is no second factor to turn off.
    NotOn,
    TooMany,
}

impl Asked {
    /// What to say; nothing where it is under way.
    pub fn refusal(&self) -> Option<&'static str> {
        match self {
            Asked::UnderWay(_) => None,
            Asked::Yourself => Some("This is you: use a recovery code, or ask another owner."),
            Asked::NotOn => Some("Two-step sign-in is not on for this member."),
            Asked::TooMany => Some("This was asked for five times in the last 24 hours. Please wait until tomorrow."),
        }
    }
}

/// Owners only; their role is asked for again, as it is now.
fn must_be_owner(p: &Practice) -> Result<MemberId> {
    let Who::Member(member) = &p.actor.who else {
        return Err(Error::Forbidden);
    };
    let own = queries::active(p, member.id)?.filter(|own| own.role == Role::Owner);
    own.map(|own| own.id).ok_or(Error::Forbidden)
}

/// Asks to have a member's second factor turned off.
pub fn ask(p: &Practice, id: MemberId) -> Result<Asked> {
    let owner = must_be_owner(p)?;
    let member = queries::active(p, id)?.ok_or(Error::NotFound)?;
    if member.id == owner {
        return Ok(Asked::Yourself);
    }
    if !second_factor::is_on(&p.house(), member.account)? {
        return Ok(Asked::NotOn);
    }
    if let Some(open) = resets::open_of(p, id)? {
        return Ok(Asked::UnderWay(open));
    }
    let cap = Cap::new(p.app, "second factor reset", member.account.0.as_bytes(), A_DAY, DAY);
    if take_all(&p.house(), std::slice::from_ref(&cap))? != GuessOutcome::Allowed {
        return Ok(Asked::TooMany);
    }
    let reset = resets::begin(p, id, member.account, owner)?;
    p.audit(&Entry::new("member.second_factor_reset_asked", "member", Some(id.0)))?;
    Ok(Asked::UnderWay(reset))
}

/// Takes it back. `false`: there is none.
pub fn cancel(p: &Practice, id: MemberId) -> Result<bool> {
    must_be_owner(p)?;
    queries::name_of(p, id)?.ok_or(Error::NotFound)?;
    let Some(open) = resets::open_of(p, id)? else {
        return Ok(false);
    };
    resets::cancel(p, open.id)?;
    p.audit(&Entry::new("member.second_factor_reset_cancelled", "member", Some(id.0)))?;
    Ok(true)
}

/// The one that is under way, as it still may be: its member is one, whoever asked owns the practice.
fn standing(p: &Practice, id: uuid::Uuid) -> Result<Option<Reset>> {
    let Some(reset) = resets::find(p, id)? else {
        return Ok(None);
    };
    let member = queries::active(p, reset.member)?.filter(|member| member.account == reset.account);
    let owner = queries::active(p, reset.asked_by)?.filter(|owner| owner.role == Role::Owner);
    if member.is_none() || owner.is_none() {
        resets::cancel(p, id)?;
        return Ok(None);
    }
    Ok(Some(reset))
}

/// The holder's press on the link: the second factor is off, every session ends. `false`: it is not under way, or not
/// ripe.
fn complete(p: &Practice, id: uuid::Uuid) -> Result<bool> {
    let Some(reset) = standing(p, id)?.filter(|reset| reset.is_ripe(p.now)) else {
        return Ok(false);
    };
    if !resets::complete(p, id)? {
        return Ok(false);
    }
    let house = p.house();
    second_factor::turn_off(&house, reset.account)?;
    accounts::end_all_of_account(&house, reset.account, None)?;
    p.audit(&Entry::new("member.second_factor_reset", "member", Some(reset.member.0)))?;
    Ok(true)
}
