//! Provisional accounts: made by whoever signs up with an invite link, with a password and without an address. What was
//! typed as the address is kept to be shown and signs nobody in: it may be anybody's, and nothing of whoever has it is
//! read or touched. Proving the address makes an ordinary account of it; until then one browser's session is the only
//! way in.

use super::guesses::{Guesses, Outcome};
use super::sign_in::{Attempt, Proven, attempt};
use super::{Confirmed, add_address, links, queries, sessions};
use crate::error::Result;
use crate::ids::AccountId;
use crate::people::Email;
use crate::practice::House;
use crate::web::Ctx;

/// Makes an account that nobody can sign in to by an address.
pub fn create(h: &House, email: &Email, password_hash: &str) -> Result<AccountId> {
    let account = AccountId(h.new_id());
    queries::insert_provisional(h, account, password_hash, email)?;
    h.audit_account(None, account.0, "account.provisional")?;
    Ok(account)
}

/// What was typed as the address of an account that is still provisional.
pub fn email(h: &House, account: AccountId) -> Result<Option<Email>> {
    queries::sign_up_email(h, account)
}

/// The address has been proven by the account's holder: from now on it signs in. It must be nobody else's.
pub fn claim(h: &House, account: AccountId, email: &Email) -> Result<()> {
    add_address(h, account, email, Confirmed::Yes)?;
    queries::clear_sign_up_email(h, account)?;
    h.audit_account(None, account.0, "address.confirmed")
}

/// Whoever has the address came with an account of their own: what was made at the sign-up opens nothing any more.
pub fn abandon(h: &House, account: AccountId) -> Result<()> {
    queries::clear_sign_up_email(h, account)?;
    queries::set_password(h, account, None)?;
    links::end_all(h, account)?;
    sessions::end_all_of_account(h, account, None)?;
    h.audit_account(None, account.0, "account.abandoned")
}

/// Checks the password that was chosen at a sign-up. A try is counted before it is made.
pub async fn attempt_sign_up(ctx: &Ctx, account: AccountId, password: &str) -> Result<Attempt> {
    let app = &ctx.app;
    // The account's own id, and not the address: that one may be somebody's who has nothing to do with it.
    let name = format!("sign-up {account}");
    let guesses = Guesses::new(app, &name, ctx.ip, None);
    let (outcome, hash) = app
        .write({
            let guesses = guesses.clone();
            move |h| {
                let outcome = guesses.take(h)?;
                let provisional = queries::sign_up_email(h, account)?.is_some();
                Ok((outcome, if provisional { queries::password_hash(h, account)? } else { None }))
            }
        })
        .await?;
    if let Outcome::Wait { seconds } = outcome {
        app.metrics.sign_in_refusals.inc();
        return Ok(Attempt::Wait { seconds });
    }
    match (app.passwords.verify(password, hash.clone()).await?, hash) {
        (true, Some(hash)) => Ok(Attempt::In(Proven::new(account, name, hash, guesses))),
        _ => {
            app.metrics.sign_in_refusals.inc();
            Ok(Attempt::Refused)
        }
    }
}

/// Checks the password of an account that is known already, whether or not its address was ever proven: never the one
/// of another account that has the address.
pub async fn attempt_again(ctx: &Ctx, account: AccountId, password: &str) -> Result<Attempt> {
    let known = ctx.app.read(move |h| Ok((email(h, account)?.is_some(), super::login_email(h, account)?))).await?;
    match known {
        (true, _) => attempt_sign_up(ctx, account, password).await,
        (false, Some(login)) => attempt(ctx, &login.address, password).await,
        (false, None) => Ok(Attempt::Refused),
    }
}
