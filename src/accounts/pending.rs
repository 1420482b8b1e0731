//! Sign-ins that wait for a code: the password was right, and that opens nothing yet. Named by a token in a cookie of
//! their own, good for ten minutes, gone with the first session they lead to and with every change of the password.

use std::time::Duration;

use uuid::Uuid;

use super::queries;
use super::sign_in::Stand;
use crate::error::Result;
use crate::ids::AccountId;
use crate::practice::House;

/// How long the code may be looked for.
pub const LASTS: Duration = Duration::from_secs(10 * 60);

/// A sign-in that waits for a code.
#[derive(Debug, Clone)]
pub struct Pending {
    pub id: Uuid,
    pub account: AccountId,
    pub email_key: String,
    pub stand: Stand,
    /// Where to go on to; may be empty.
    pub next: String,
}

/// What is remembered of a sign-in until the code is there.
#[derive(Debug, Clone)]
pub struct NewPending {
    pub account: AccountId,
    pub email_key: String,
    pub stand: Stand,
    pub next: String,
}

/// Notes it; the token is its holder's alone.
pub fn begin(h: &House, token: &str, new: &NewPending) -> Result<()> {
    let pending = Pending {
        id: h.new_id(),
        account: new.account,
        email_key: new.email_key.clone(),
        stand: new.stand.clone(),
        next: new.next.clone(),
    };
    queries::insert_pending(h, &crate::secrets::token_hash(token), &pending)?;
    h.audit_account(None, new.account.0, "sign_in.code_asked")
}

/// The one that a token names, if its time has not run out.
pub fn find(h: &House, token: &str) -> Result<Option<Pending>> {
    queries::pending(h, &crate::secrets::token_hash(token), h.now.minus(LASTS))
}

/// Takes it off the table. `false`: somebody was faster.
pub fn take(h: &House, id: Uuid) -> Result<bool> {
    queries::delete_pending(h, id)
}
