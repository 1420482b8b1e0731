//! Practices: the tenants. Made by the one-time setup link or at the console, each with an owner and first groups.
//!
//! A slug names a practice in addresses and commands. The groups New clients, Couples and Minors are there from the
//! start. `/setup` opens with a link printed by the server while the installation is empty, and never again after.

mod api;
mod pages;
mod profile;
mod queries;
mod second_factor;
mod settings_page;

use crate::access::{Actor, Role};
use crate::accounts::{self, Confirmed};
use crate::audit::Entry;
use crate::error::{Error, Result};
use crate::ids::{MemberId, PracticeId};
use crate::members::{self, NewMember};
use crate::people::Email;
use crate::practice::{House, Practice};
use crate::routes::Routes;
use crate::secrets::token_hash;
use crate::web::PracticeInfo;

pub use second_factor::require as require_second_factor;

const SETUP_KEY: &str = "setup";

pub fn routes(routes: Routes) -> Routes {
    settings_page::routes(pages::routes(api::routes(routes)))
}

/// A practice and its first owner.
#[derive(Debug, Clone)]
pub struct NewPractice {
    pub name: String,
    pub time_zone: String,
    pub owner_first_name: String,
    pub owner_last_name: String,
    pub owner_email: Email,
    pub password_hash: String,
}

#[derive(Debug, Clone)]
pub struct Created {
    pub practice: PracticeId,
    pub slug: String,
    pub owner: MemberId,
}

#[derive(Debug, Clone)]
pub enum Creation {
    Created(Created),
    /// The owner's address already has an account; it is signed in with instead of making another.
    EmailTaken,
}

/// Makes a practice, its owner's account and its first groups.
pub fn create(h: &House, new: &NewPractice) -> Result<Creation> {
    if accounts::address(h, &new.owner_email.key)?.is_some() {
        return Ok(Creation::EmailTaken);
    }
    let id = PracticeId(h.new_id());
    let slug = free_slug(h, &new.name)?;
    queries::insert(h, id, &slug, new)?;
    let account = accounts::create(h, &new.owner_email, &new.password_hash, Confirmed::Yes)?;
    let actor = Actor::system(id);
    let p = h.practice(&actor);
    crate::groups::add_first(&p)?;
    let owner = NewMember {
        account,
        first_name: new.owner_first_name.clone(),
        last_name: new.owner_last_name.clone(),
        role: Role::Owner,
        sees_clients: true,
    };
    let owner = members::add(&p, &owner)?;
    p.audit(&Entry::new("practice.created", "practice", Some(id.0)))?;
    queries::forget(h, SETUP_KEY)?;
    Ok(Creation::Created(Created { practice: id, slug, owner }))
}

fn free_slug(h: &House, name: &str) -> Result<String> {
    let base = slug_of(name);
    for n in 1..1_000 {
        let slug = if n == 1 { base.clone() } else { format!("{base}-{n}") };
        if queries::by_slug(h, &slug)?.is_none() {
            return Ok(slug);
        }
    }
    Err(Error::internal("no free slug"))
}

/// The name in plain letters with hyphens, at most 40 characters.
fn slug_of(name: &str) -> String {
    let folded = crate::people::folded(name);
    let words = folded.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug: String = words.collect::<Vec<_>>().join("-").chars().take(40).collect();
    let slug = slug.trim_matches('-').to_string();
    if slug.is_empty() { "practice".into() } else { slug }
}

pub fn by_slug(h: &House, slug: &str) -> Result<Option<PracticeInfo>> {
    match queries::by_slug(h, slug)? {
        Some(id) => h.practice_info(id),
        None => Ok(None),
    }
}

/// How long sessions may idle and what clients may do.
#[derive(Debug, Clone, Copy)]
pub struct SecuritySettings {
    pub staff_idle_minutes: i64,
    pub client_idle_minutes: i64,
    pub clients_may_change_email: bool,
}

/// Saves the practice's security settings.
pub fn change_security(p: &Practice, settings: SecuritySettings) -> Result<()> {
    queries::save_security(&p.house(), p.id, settings)?;
    p.audit(&Entry::new("practice.security_changed", "practice", Some(p.id.0)))
}

/// Whether there is no practice yet.
pub fn is_empty(h: &House) -> Result<bool> {
    Ok(!queries::any(h)?)
}

/// Makes the one-time setup token of an empty installation; the one before it stops working.
pub fn new_setup_token(h: &House, token: &str) -> Result<()> {
    let hash: String = token_hash(token).iter().map(|b| format!("{b:02x}")).collect();
    queries::forget(h, SETUP_KEY)?;
    queries::remember(h, SETUP_KEY, &hash)
}

/// Whether a token opens the setup page: it must be the last one printed, and there must be no practice yet.
pub fn setup_is_open(h: &House, token: &str) -> Result<bool> {
    let hash: String = token_hash(token).iter().map(|b| format!("{b:02x}")).collect();
    let known = queries::remembered(h, SETUP_KEY)?;
    let same = known.is_some_and(|known| bool::from(subtle::ConstantTimeEq::ct_eq(known.as_bytes(), hash.as_bytes())));
    Ok(same && is_empty(h)?)
}

#[cfg(test)]
mod tests {
    use super::slug_of;

    #[test]
    fn slugs() {
        let cases = [
            ("Calm Harbour Therapy", "calm-harbour-therapy"),
            ("Praxis Müller & Söhne", "praxis-muller-sohne"),
            ("عيادة", "practice"),
            ("", "practice"),
        ];
        for (name, slug) in cases {
            assert_eq!(slug_of(name), slug, "{name}");
        }
        assert!(slug_of(&"long name ".repeat(50)).len() <= 40);
    }
}
