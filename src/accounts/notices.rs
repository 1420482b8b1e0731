//! Mails that tell an account's holder what happened to their second factor or password. They name nobody and nothing of
//! a practice.

use super::jobs::{deliver, done};
use crate::app::Shared;
use crate::error::Result;
use crate::ids::AccountId;
use crate::jobs::{Job, Outcome};
use crate::mail::{Mail, bodies};
use crate::words::Words;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    SecondFactorOn,
    SecondFactorOff,
    RecoveryCodeUsed,
    NewRecoveryCodes,
    PassphraseMade,
    /// After a one-time passphrase.
    PasswordChosen,
}

impl Notice {
    /// Subject and text.
    fn keys(self) -> [&'static str; 2] {
        match self {
            Notice::SecondFactorOn => ["mail-second-factor-on-subject", "mail-second-factor-on"],
            Notice::SecondFactorOff => ["mail-second-factor-off-subject", "mail-second-factor-off"],
            Notice::RecoveryCodeUsed => ["mail-recovery-used-subject", "mail-recovery-used"],
            Notice::NewRecoveryCodes => ["mail-recovery-new-subject", "mail-recovery-new"],
            Notice::PassphraseMade => ["mail-passphrase-subject", "mail-passphrase"],
            Notice::PasswordChosen => ["mail-password-chosen-subject", "mail-password-chosen"],
        }
    }

    /// What to do about it if it was not the holder.
    fn not_you(self) -> &'static str {
        match self {
            Notice::PassphraseMade | Notice::PasswordChosen => "mail-passphrase-not-you",
            _ => "mail-second-factor-not-you",
        }
    }
}

/// Tells the account that the job is about.
pub async fn tell(app: &Shared, job: &Job, notice: Notice) -> Result<Outcome> {
    let account = AccountId(job.subject);
    let Some(email) = app.read(move |h| super::proven_email(h, account)).await? else {
        return done(app, job).await;
    };
    let words = Words::of("en");
    let [subject, text] = notice.keys().map(|key| words.t(key));
    let address = app.config.link("/sign-in");
    let after = [words.t(notice.not_you())];
    let button = words.t("mail-joined-button");
    let (text, html) = bodies(words, &[words.t("mail-hello"), text], Some((&button, &address)), &after)?;
    deliver(app, job, Mail { id: job.id, to: email.address, to_name: String::new(), subject, text, html }).await
}
