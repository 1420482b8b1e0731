//! Change client's password: a link to choose a new one, or, for a client who stands at the desk, a one-time passphrase.
//!
//! Staff never choose a password and never see a lasting one. A passphrase opens the one portal it was made for; what the
//! client chooses there is in force at once where their account reaches nothing else, and otherwise once they open a link
//! in the account's own mail. Whoever makes one cannot tell which it was. The holder is told of both.

mod api;
mod pages;

use std::time::Duration;

use crate::accounts::{self, Cap, GuessOutcome, passphrases, take_all};
use crate::activities::Kind as Activity;
use crate::audit::Entry;
use crate::clients;
use crate::clock::Instant;
use crate::error::Result;
use crate::ids::ClientId;
use crate::jobs::Kind as JobKind;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::{members, portal_access};

/// Passphrases for one client in a day.
pub const DAILY_LIMIT: i64 = 5;
const DAY: Duration = Duration::from_secs(24 * 3600);

pub fn routes(routes: Routes) -> Routes {
    api::routes(pages::routes(routes))
}

/// What came of asking for a passphrase.
#[derive(Debug, Clone)]
pub enum Made {
    Made {
        /// To be shown once.
        passphrase: String,
        expires_at: Instant,
    },
    Refused(Refusal),
}

/// Why there is no passphrase for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// They have no portal yet, and so no password.
    NoPortal,
    /// They signed up, and the address they typed was never confirmed: it signs nobody in.
    NotConfirmed,
    /// Their account is one of the practice's own staff.
    Staff,
    TooMany,
}

impl Refusal {
    pub fn said(self) -> &'static str {
        match self {
            Refusal::NoPortal => "They have no password yet. Send the invitation: its link lets them choose one.",
            Refusal::NotConfirmed => {
                "They have not confirmed their email yet. Send the mail to confirm it once more from the profile."
            }
            Refusal::Staff => {
                "They sign in with the account of a member of staff. For such an account there are only reset links."
            }
            Refusal::TooMany => "Five passphrases were made in the last 24 hours. Use a reset link, or wait.",
        }
    }
}

/// Why there would be none for a client, whom the caller may see.
fn refusal(p: &Practice, client: ClientId) -> Result<Option<Refusal>> {
    let Some(access) = portal_access::own(p, client)? else {
        return Ok(Some(Refusal::NoPortal));
    };
    let house = p.house();
    if accounts::login_email(&house, access.account)?.is_none() {
        return Ok(Some(Refusal::NotConfirmed));
    }
    // Whether it is of another practice's staff is not this one's to know: there the passphrase opens this portal, and
    // what is chosen waits for the link like with every account that reaches more.
    let staff = members::of_account(&house, access.account)?.iter().any(|(practice, _)| *practice == p.id);
    Ok(staff.then_some(Refusal::Staff))
}

/// Makes a one-time passphrase for a client; the one before it ends. Errors: not found; archived.
pub fn make(p: &Practice, client: ClientId) -> Result<Made> {
    clients::refuse_archived(&clients::open(p, client)?.status)?;
    if let Some(refused) = refusal(p, client)? {
        return Ok(Made::Refused(refused));
    }
    let Some(access) = portal_access::own(p, client)? else {
        return Ok(Made::Refused(Refusal::NoPortal));
    };
    let house = p.house();
    let cap = Cap::new(p.app, "passphrases", client.0.as_bytes(), DAILY_LIMIT, DAY);
    if take_all(&house, &[cap])? != GuessOutcome::Allowed {
        return Ok(Made::Refused(Refusal::TooMany));
    }
    let (passphrase, expires_at) = passphrases::make(&house, access.account, p.id, access.id)?;
    house.enqueue(JobKind::TellPassphraseMade, access.account.0, p.now)?;
    p.note(Activity::PassphraseMade, client, None)?;
    p.audit(&Entry::new("passphrase.made", "client", Some(client.0)).client(client))?;
    Ok(Made::Made { passphrase, expires_at })
}
