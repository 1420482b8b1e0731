//! Accounts: one e-mail and one password each, belonging to no practice, and the sessions signed in with them.
//!
//! An account reaches practices through places: as a member of the staff, or by portal access to a client record.
//! Sign-in finds the place where the person lands; with several, a chooser. Sessions end after idle time, can be seen
//! and ended, and change their token whenever somebody proves who they are. Resets and confirmations are links whose
//! tokens are derived, never stored. The same words and the same work for known and unknown addresses.

mod claims;
mod code_pages;
mod guesses;
pub mod jobs;
mod links;
pub mod notices;
mod pages;
pub mod passphrases;
pub mod passwords;
mod pending;
mod places;
pub mod provisional;
mod queries;
mod reset_pages;
mod second_step;
mod session_pages;
mod sessions;
mod sign_in;

pub use claims::{known, still_proven, take_address};
pub use code_pages::{Asked, code_field, code_refused};
pub use guesses::{Cap, Guesses, Outcome as GuessOutcome, take_all};
pub use links::{request_reset, waits_for_link};
pub use pages::{sign_in_as_member, sign_in_page};
pub use passwords::{Weakness, check_new};
pub use places::{Place, PlaceKind, places_of, reaches_only};
pub use provisional::{attempt_again, attempt_sign_up};
pub use reset_pages::{invited_password_field, link_mark, new_password_field, take_link};
pub use second_step::{Refused as CodeRefused, Trier as CodeTrier};
pub use sessions::{
    NO_PLACE_IDLE, Session, SessionRow, TOUCH_EVERY, end, end_all_of_access, end_all_of_account, end_all_of_member,
    end_idle, end_others, find, list, touch,
};
pub use sign_in::{Attempt, Proven, Stand, Started, attempt, enter, remember_device, start_from, waiting};

use uuid::Uuid;

use crate::error::Result;
use crate::ids::{AccessId, AccountId};
use crate::people::Email;
use crate::practice::House;

/// Links in a day for passwords that were chosen after a passphrase.
const CHOSEN_A_DAY: i64 = 5;
const CHOSEN_DAY: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

pub fn routes(routes: crate::routes::Routes) -> crate::routes::Routes {
    session_pages::routes(reset_pages::routes(code_pages::routes(pages::routes(routes))))
}

/// What is known of a live address.
#[derive(Debug, Clone)]
pub struct Address {
    pub id: Uuid,
    pub account: AccountId,
    pub email: Email,
    pub is_login: bool,
    pub confirmed: bool,
}

/// The live address under a key, if anybody has it.
pub fn address(h: &House, key: &str) -> Result<Option<Address>> {
    queries::address(h, key)
}

/// All live addresses of an account: the one that signs in, and perhaps a confirmed one before it.
pub fn addresses(h: &House, account: AccountId) -> Result<Vec<Address>> {
    queries::addresses(h, account)
}

/// The address an account signs in with.
pub fn login_email(h: &House, account: AccountId) -> Result<Option<Email>> {
    Ok(addresses(h, account)?.into_iter().find(|a| a.is_login).map(|a| a.email))
}

/// The address that mail about an account's safety goes to: one that is proven to be its holder's.
pub fn proven_email(h: &House, account: AccountId) -> Result<Option<Email>> {
    let proven = addresses(h, account)?.into_iter().filter(|a| a.confirmed);
    Ok(proven.max_by_key(|a| a.is_login).map(|a| a.email))
}

/// The address that an account is shown with: its login, or what was typed at a sign-up that nobody has proven yet.
pub fn shown_email(h: &House, account: AccountId) -> Result<Option<Shown>> {
    if let Some(email) = login_email(h, account)? {
        return Ok(Some(Shown { email, provisional: false }));
    }
    Ok(provisional::email(h, account)?.map(|email| Shown { email, provisional: true }))
}

/// An address to be shown.
#[derive(Debug, Clone)]
pub struct Shown {
    pub email: Email,
    /// Typed at a sign-up, and not proven to be anybody's.
    pub provisional: bool,
}

/// Makes an account with one address.
pub fn create(h: &House, email: &Email, password_hash: &str, confirmed: Confirmed) -> Result<AccountId> {
    let account = AccountId(h.new_id());
    queries::insert_account(h, account, password_hash)?;
    add_address(h, account, email, confirmed)?;
    Ok(account)
}

/// Deletes what has served its purpose.
pub fn purge(h: &House) -> Result<()> {
    queries::purge(h)
}

/// Whether an address is proven to be its holder's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    Yes,
    NotYet,
}

fn add_address(h: &House, account: AccountId, email: &Email, confirmed: Confirmed) -> Result<()> {
    let at = (confirmed == Confirmed::Yes).then_some(h.now);
    queries::insert_address(h, h.new_id(), account, email, at)
}

/// The hash of an account's password, if it has one.
pub fn password_hash(h: &House, account: AccountId) -> Result<Option<String>> {
    queries::password_hash(h, account)
}

/// Sets the password, ends every session of the account but `keep`, and makes its open links worthless.
pub fn set_password(h: &House, account: AccountId, hash: &str, keep: Option<Uuid>) -> Result<()> {
    queries::set_password(h, account, Some(hash))?;
    links::end_all(h, account)?;
    sessions::end_all_of_account(h, account, keep)?;
    h.audit_account(None, account.0, "password.changed")
}

/// Sets the password that its holder chose after a one-time passphrase for one portal access, and tells them. `false`,
/// with nothing done: the account reaches more than that, and the password is for `wait_for_link`.
pub fn set_chosen(h: &House, account: AccountId, access: AccessId, hash: &str, keep: Uuid) -> Result<bool> {
    if !reaches_only(h, account, access)? {
        return Ok(false);
    }
    set_password(h, account, hash, Some(keep))?;
    h.enqueue(crate::jobs::Kind::TellPasswordChosen, account.0, h.now)?;
    Ok(true)
}

/// Keeps a chosen password until the link to the account's own address is opened. `false`: too many links in a day.
pub fn wait_for_link(h: &House, account: AccountId, hash: &str) -> Result<bool> {
    let cap = Cap::new(h.app, "chosen passwords", account.0.as_bytes(), CHOSEN_A_DAY, CHOSEN_DAY);
    let to = match proven_email(h, account)? {
        Some(proven) => Some(proven),
        None => login_email(h, account)?,
    };
    let Some(to) = to else {
        return Err(crate::error::Error::internal("an account that a passphrase opened has no address"));
    };
    if take_all(h, &[cap])? != GuessOutcome::Allowed {
        return Ok(false);
    }
    links::request_chosen(h, account, &to, hash)?;
    h.audit_account(None, account.0, "password.chosen")?;
    Ok(true)
}

/// Takes an address away from an account that never proved it: its holder has shown up. If that leaves the account
/// without an address, the stranger's password and sessions die with it.
pub fn give_up_unconfirmed(h: &House, address: &Address) -> Result<()> {
    queries::retire_address(h, address.id)?;
    links::end_all(h, address.account)?;
    let left = addresses(h, address.account)?;
    match left.iter().find(|a| a.confirmed) {
        Some(former) => queries::make_login(h, former.id)?,
        None => queries::set_password(h, address.account, None)?,
    }
    sessions::end_all_of_account(h, address.account, None)?;
    h.audit_account(None, address.account.0, "address.given_up")
}

/// Puts a new address in the place of the one an account signs in with. The new one is unconfirmed; the old one stays
/// good until then if it ever was confirmed, and is told. Sessions and open links end.
/// The new address must not be anybody else's.
pub fn replace_login(h: &House, account: AccountId, new: &Email) -> Result<()> {
    let live = addresses(h, account)?;
    for old in &live {
        if old.email.key == new.key {
            continue;
        }
        if old.confirmed {
            queries::make_former(h, old.id)?;
            h.enqueue(crate::jobs::Kind::TellOldAddress, old.id, h.now)?;
        } else {
            // It may be a stranger's: it is told nothing.
            queries::retire_address(h, old.id)?;
        }
    }
    match live.iter().find(|a| a.email.key == new.key) {
        Some(known) => queries::make_login(h, known.id)?,
        None => add_address(h, account, new, Confirmed::NotYet)?,
    }
    // An address that was only typed at a sign-up has been put right.
    queries::clear_sign_up_email(h, account)?;
    links::end_all(h, account)?;
    sessions::end_all_of_account(h, account, None)?;
    h.audit_account(None, account.0, "address.replaced")
}

/// Tells the proven addresses of an account that its client's e-mail was changed; sessions and open links end.
pub fn announce_move(h: &House, account: AccountId) -> Result<()> {
    for address in addresses(h, account)?.iter().filter(|a| a.confirmed) {
        h.enqueue(crate::jobs::Kind::TellOldAddress, address.id, h.now)?;
    }
    links::end_all(h, account)?;
    sessions::end_all_of_account(h, account, None)
}

/// Notes that the holder of an account has proven the address; the one before it stops signing in.
pub fn confirm_login(h: &House, account: AccountId, key: &str) -> Result<bool> {
    let live = addresses(h, account)?;
    let Some(proven) = live.iter().find(|a| a.email.key == key && a.is_login) else {
        return Ok(false);
    };
    if !proven.confirmed {
        queries::confirm_address(h, proven.id)?;
        h.audit_account(None, account.0, "address.confirmed")?;
    }
    for former in live.iter().filter(|a| a.id != proven.id) {
        queries::retire_address(h, former.id)?;
    }
    Ok(true)
}
