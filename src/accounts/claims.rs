//! Who an invited address belongs to, when its holder shows up with the link: the same for clients and for staff.

use super::{Confirmed, address, addresses, create, give_up_unconfirmed, password_hash, set_password};
use crate::error::Result;
use crate::ids::AccountId;
use crate::people::Email;
use crate::practice::House;

/// A new account for somebody who holds the link and chose a password; where a stranger claimed the address without ever
/// proving it, the address is taken back first. Nothing where the address has an account with a password by now.
pub fn take_address(h: &House, email: &Email, hash: &str) -> Result<Option<AccountId>> {
    match address(h, &email.key)? {
        None => {}
        Some(address) if !address.confirmed => give_up_unconfirmed(h, &address)?,
        // An account that lost its password to `give_up_unconfirmed`: its holder is here, and sets a new one.
        Some(address) if password_hash(h, address.account)?.is_none() => {
            set_password(h, address.account, hash, None)?;
            return Ok(Some(address.account));
        }
        Some(_) => return Ok(None),
    }
    create(h, email, hash, Confirmed::Yes).map(Some)
}

/// Whether an account is still the one that the address belongs to, and the password still the one that was proven: an
/// invitation for one address is not accepted as another.
pub fn still_proven(h: &House, email: &Email, account: AccountId, hash: &str) -> Result<bool> {
    let address = address(h, &email.key)?.filter(|a| a.account == account && a.confirmed);
    let unchanged = password_hash(h, account)?.is_some_and(|now| now == hash);
    if address.is_none() || !unchanged {
        return Ok(false);
    }
    // From here on the account reaches more than one record: an address that one practice put there and nobody has
    // proven must not open the others.
    for pending in addresses(h, account)?.iter().filter(|a| a.is_login && !a.confirmed) {
        give_up_unconfirmed(h, pending)?;
    }
    Ok(true)
}

/// The account that an invited address can be accepted with, and its password's hash: asked before the slow work.
pub fn known(h: &House, email: &Email) -> Result<Option<(AccountId, String)>> {
    let Some(address) = address(h, &email.key)?.filter(|a| a.confirmed) else {
        return Ok(None);
    };
    let hash = password_hash(h, address.account)?;
    Ok(hash.map(|hash| (address.account, hash)))
}
