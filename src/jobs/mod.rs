//! The outbox: what is to be done in the outside world, committed with the verb that wants it.
//!
//! A job holds ids only. A server claims it with a lease; a finished job is deleted, one that failed for now comes back
//! later, one that cannot succeed stays as `failed` to be looked at. A server that dies leaves its leases to run out.

mod queries;

use std::time::Duration;

use tokio::sync::watch;
use uuid::Uuid;

use crate::accounts::notices::{self, Notice};
use crate::app::Shared;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::ids::PracticeId;
use crate::practice::{House, Practice};

/// Jobs claimed at once, and so mails under way at once.
const CLAIM_LIMIT: i64 = 8;
/// How long an idle runner waits before it looks again.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A lease is renewed so many times while its job runs, each time after an eighth of it. A mail server may answer each of
/// its commands late, and nobody else may send the mail meanwhile; a job that hangs for good is taken over all the same.
const RENEWALS: u32 = 80;
/// How often what has served its purpose is deleted.
const PURGE_EVERY: Duration = Duration::from_secs(3600);
/// How long something that keeps failing for now is tried: about three days.
const TRIES: i64 = 20;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Sends an invitation's mail. Subject: the invitation.
    SendInvitation,
    /// Sends the mail of an invitation to the staff. Subject: the invitation.
    SendMemberInvitation,
    /// Decides about a typed "forgot my password" and sends a link. Subject: the request.
    AnswerResetRequest,
    /// Sends the mail of an account link (reset, confirm an address). Subject: the link.
    SendAccountLink,
    /// Goes on with a bulk run. Subject: the run.
    RunBulk,
    /// Tells a confirmed old address that another one was put in its place. Subject: the old address.
    TellOldAddress,
    /// Tells a member that somebody joined by their invite link. Subject: the member.
    TellOfSignUp,
    /// Tell an account's holder what happened to their second factor. Subject: the account.
    TellSecondFactorOn,
    TellSecondFactorOff,
    TellRecoveryCodeUsed,
    TellNewRecoveryCodes,
    /// Tell an account's holder that a one-time passphrase was made, and that a password was chosen after one. Subject:
    /// the account.
    TellPassphraseMade,
    TellPasswordChosen,
    /// Tells the holder that an owner asked to reset their second factor. Subject: the reset.
    TellSecondFactorReset,
    /// Sends the link that resets it. Subject: the reset.
    SendSecondFactorReset,
    /// Sends the daily mail that says how much is new in a newsfeed. Subject: the member.
    SendDigest,
    /// Reminds a client of open forms, if that is still wanted. Subject: the client.
    RemindForms,
    /// Sends one such reminder. Subject: an access to the portal.
    SendFormReminder,
    /// Tells a provider that an answer needs attention. Subject: the alert.
    SendFormAlert,
    /// Mails somebody that a message waits. Subject: the row of the reader.
    TellOfMessage,
    /// Sends a message whose time has come. Subject: the message that waits.
    SendScheduledMessage,
}

impl Kind {
    const ALL: [Kind; 21] = [
        Kind::SendInvitation,
        Kind::SendMemberInvitation,
        Kind::AnswerResetRequest,
        Kind::SendAccountLink,
        Kind::TellOldAddress,
        Kind::TellOfSignUp,
        Kind::RunBulk,
        Kind::TellSecondFactorOn,
        Kind::TellSecondFactorOff,
        Kind::TellRecoveryCodeUsed,
        Kind::TellNewRecoveryCodes,
        Kind::TellPassphraseMade,
        Kind::TellPasswordChosen,
        Kind::TellSecondFactorReset,
        Kind::SendSecondFactorReset,
        Kind::SendDigest,
        Kind::RemindForms,
        Kind::SendFormReminder,
        Kind::SendFormAlert,
        Kind::TellOfMessage,
        Kind::SendScheduledMessage,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Kind::SendInvitation => "invitation.send",
            Kind::SendMemberInvitation => "member_invitation.send",
            Kind::AnswerResetRequest => "reset.answer",
            Kind::SendAccountLink => "account_link.send",
            Kind::RunBulk => "bulk.run",
            Kind::TellOldAddress => "old_address.tell",
            Kind::TellOfSignUp => "sign_up.tell",
            Kind::TellSecondFactorOn => "second_factor.tell_on",
            Kind::TellSecondFactorOff => "second_factor.tell_off",
            Kind::TellRecoveryCodeUsed => "recovery_code.tell_used",
            Kind::TellNewRecoveryCodes => "recovery_code.tell_new",
            Kind::TellPassphraseMade => "passphrase.tell_made",
            Kind::TellPasswordChosen => "password.tell_chosen",
            Kind::TellSecondFactorReset => "second_factor_reset.tell",
            Kind::SendSecondFactorReset => "second_factor_reset.send",
            Kind::SendDigest => "digest.send",
            Kind::RemindForms => "forms.remind",
            Kind::SendFormReminder => "form_reminder.send",
            Kind::SendFormAlert => "form_alert.send",
            Kind::TellOfMessage => "message.tell",
            Kind::SendScheduledMessage => "message.send",
        }
    }

    fn parse(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether it belongs to a practice; without one it must not run.
    fn needs_practice(self) -> bool {
        matches!(
            self,
            Kind::SendInvitation
                | Kind::SendMemberInvitation
                | Kind::TellOfSignUp
                | Kind::RunBulk
                | Kind::TellSecondFactorReset
                | Kind::SendSecondFactorReset
                | Kind::SendDigest
                | Kind::RemindForms
                | Kind::SendFormReminder
                | Kind::SendFormAlert
                | Kind::TellOfMessage
                | Kind::SendScheduledMessage
        )
    }
}

/// A claimed job.
#[derive(Debug, Clone)]
pub struct Job {
    pub id: Uuid,
    pub practice: Option<PracticeId>,
    kind: String,
    pub subject: Uuid,
    pub attempts: i64,
    lease: Uuid,
}

impl Job {
    /// The practice of a job that needs one. A job without its practice reads nothing and fails.
    pub fn practice(&self) -> Result<PracticeId> {
        self.practice.ok_or_else(|| Error::internal(format!("job {} has no practice", self.id)))
    }
}

/// How a run ended.
#[derive(Debug)]
pub enum Outcome {
    /// Done, and the run has already deleted the job in the transaction that noted the result.
    Done,
    /// Failed for now.
    Later(String),
    /// Cannot succeed; the run has noted why where people see it.
    Failed(String),
}

impl Practice<'_> {
    /// Queues a job of this practice.
    pub fn enqueue(&self, kind: Kind, subject: Uuid, run_at: Instant) -> Result<()> {
        queries::insert(&self.house(), self.new_id(), Some(self.id), kind.as_str(), subject, run_at)
    }
}

impl House<'_> {
    /// Queues a job that belongs to no practice.
    pub fn enqueue(&self, kind: Kind, subject: Uuid, run_at: Instant) -> Result<()> {
        queries::insert(self, self.new_id(), None, kind.as_str(), subject, run_at)
    }
}

/// Takes back a queued job that nobody has claimed. `false`: it is under way, or done.
pub fn cancel(h: &House, kind: Kind, subject: Uuid) -> Result<bool> {
    Ok(queries::cancel(h, kind.as_str(), subject)? > 0)
}

/// Deletes a job whose work is done; part of the transaction that notes the result. Errors: the lease was lost, and
/// somebody else does the job; everything noted is rolled back.
pub fn finish(h: &House, job: &Job) -> Result<()> {
    if queries::finish(h, job.id, job.lease)? == 1 {
        return Ok(());
    }
    Err(Error::internal(format!("the lease of job {} was lost", job.id)))
}

/// How many jobs there are in each state.
pub fn counts(h: &House) -> Result<Vec<(String, i64)>> {
    queries::counts(h)
}

/// Lets go what a restore has held: jobs of the moment of the backup, some of which may have been done since.
pub fn release(h: &House) -> Result<u64> {
    queries::release(h)
}

/// When the next try is: 10 s, 20 s, 40 s … at most 6 hours.
pub fn next_try(attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts.clamp(0, 12)).unwrap_or(12);
    Duration::from_secs((10_u64 << doublings).min(6 * 3600))
}

/// Runs what is due now, once; returns how many jobs were claimed. The runner's step, and what tests call.
pub async fn run_due(app: &Shared) -> Result<usize> {
    let lease = app.ids.new_id();
    let until = app.now().plus(app.config.lease);
    let claimed = app.write(move |h| queries::claim(h, lease, until, CLAIM_LIMIT)).await?;
    let count = claimed.len();
    let mut running = tokio::task::JoinSet::new();
    for job in claimed {
        let app = app.clone();
        running.spawn(async move { run_one(&app, job).await });
    }
    while let Some(ended) = running.join_next().await {
        if let Err(e) = ended {
            tracing::error!(error = %e, "a job panicked; it comes back when its lease runs out");
        }
    }
    Ok(count)
}

async fn run_one(app: &Shared, job: Job) {
    let outcome = match keeping_lease(app, &job, dispatch(app, &job)).await {
        Ok(outcome) => outcome,
        Err(e) => Outcome::Later(e.to_string()),
    };
    let (failed, reason) = match outcome {
        Outcome::Done => {
            app.metrics.jobs_done.inc();
            return;
        }
        Outcome::Later(reason) => (job.attempts >= TRIES, reason),
        Outcome::Failed(reason) => (true, reason),
    };
    app.metrics.jobs_failed.inc();
    // The reason stays in the table: a mail server's refusal names the address.
    tracing::warn!(job = %job.id, kind = %job.kind, attempts = job.attempts, failed, "a job did not succeed");
    let again = app.now().plus(next_try(job.attempts));
    let noted = app.write({
        let job = job.clone();
        move |h| queries::put_back(h, job.id, job.lease, if failed { "failed" } else { "ready" }, again, &reason)
    });
    if let Err(e) = noted.await {
        tracing::error!(job = %job.id, error = %e, "could not note a job's end; it comes back when its lease runs out");
    }
}

async fn keeping_lease<T>(app: &Shared, job: &Job, run: impl Future<Output = T>) -> T {
    let mut run = std::pin::pin!(run);
    for _ in 0..RENEWALS {
        tokio::select! {
            done = &mut run => return done,
            () = tokio::time::sleep(app.config.lease / 8) => {}
        }
        let (id, lease, until) = (job.id, job.lease, app.now().plus(app.config.lease));
        if let Err(e) = app.write(move |h| queries::renew(h, id, lease, until)).await {
            tracing::warn!(job = %id, error = %e, "a lease could not be renewed");
        }
    }
    run.await
}

async fn dispatch(app: &Shared, job: &Job) -> Result<Outcome> {
    let Some(kind) = Kind::parse(&job.kind) else {
        return Ok(Outcome::Failed(format!("no such kind of job: {}", job.kind)));
    };
    if kind.needs_practice() && job.practice.is_none() {
        return Ok(Outcome::Failed("the job has no practice".into()));
    }
    match kind {
        Kind::SendInvitation => crate::invitations::jobs::send(app, job).await,
        Kind::SendMemberInvitation => crate::members::invitations::jobs::send(app, job).await,
        Kind::AnswerResetRequest => crate::invitations::jobs::answer_reset_request(app, job).await,
        Kind::SendAccountLink => crate::accounts::jobs::send_link(app, job).await,
        Kind::RunBulk => crate::bulk::jobs::run(app, job).await,
        Kind::TellOldAddress => crate::accounts::jobs::tell_old_address(app, job).await,
        Kind::TellOfSignUp => crate::invite_links::jobs::tell_of_sign_up(app, job).await,
        Kind::TellSecondFactorOn => notices::tell(app, job, Notice::SecondFactorOn).await,
        Kind::TellSecondFactorOff => notices::tell(app, job, Notice::SecondFactorOff).await,
        Kind::TellRecoveryCodeUsed => notices::tell(app, job, Notice::RecoveryCodeUsed).await,
        Kind::TellNewRecoveryCodes => notices::tell(app, job, Notice::NewRecoveryCodes).await,
        Kind::TellPassphraseMade => notices::tell(app, job, Notice::PassphraseMade).await,
        Kind::TellPasswordChosen => notices::tell(app, job, Notice::PasswordChosen).await,
        Kind::TellSecondFactorReset => crate::members::lost_device::jobs::tell_asked(app, job).await,
        Kind::SendSecondFactorReset => crate::members::lost_device::jobs::send_link(app, job).await,
        Kind::SendDigest => crate::newsfeed::jobs::send_digest(app, job).await,
        Kind::RemindForms => crate::intake::jobs::remind(app, job).await,
        Kind::SendFormReminder => crate::intake::jobs::send_reminder(app, job).await,
        Kind::SendFormAlert => crate::intake::jobs::send_alert(app, job).await,
        Kind::TellOfMessage => crate::chat::tell(app, job).await,
        Kind::SendScheduledMessage => crate::chat::send_scheduled(app, job).await,
    }
}

/// Runs jobs, writes reads and seals the audit record until the server stops. Claimed jobs are finished first; the last
/// `housekeeping` is the caller's, once no request is under way any more.
pub async fn run_until(app: Shared, mut stop: watch::Receiver<bool>) {
    // Not by the clock on the wall: put back an hour, it would have the audit record wait for an hour.
    let mut housekept = crate::clock::stopwatch();
    let mut purged = crate::clock::stopwatch();
    while !*stop.borrow() {
        let claimed = run_due(&app).await.unwrap_or_else(|e| {
            tracing::error!(error = %e, "could not look for jobs");
            0
        });
        if housekept.elapsed() >= crate::audit::BATCH_EVERY {
            housekept = crate::clock::stopwatch();
            housekeeping(&app).await;
        }
        if purged.elapsed() >= PURGE_EVERY {
            purged = crate::clock::stopwatch();
            if let Err(e) = crate::contacts::look_for_ages(&app).await {
                tracing::error!(error = %e, "could not look for who comes of age");
            }
            if let Err(e) = crate::documents::look(&app).await {
                tracing::error!(error = %e, "could not look after the documents' files");
            }
            if let Err(e) = purge(&app).await {
                tracing::error!(error = %e, "could not delete what is old");
            }
        }
        if claimed > 0 {
            continue;
        }
        tokio::select! {
            _ = stop.changed() => {}
            () = app.jobs_wake.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Deletes what has served its purpose: old keys, counted guesses, asked resets, ended sessions.
pub async fn purge(app: &Shared) -> Result<()> {
    app.write(|h| {
        crate::accounts::purge(h)?;
        crate::bulk::purge(h)?;
        crate::intake::purge(h)?;
        crate::newsfeed::purge(h)?;
        crate::web::purge_keys(h)
    })
    .await
}

/// Notices a changed key, writes the reads that wait and seals the audit record.
pub async fn housekeeping(app: &Shared) {
    if let Err(e) = app.secrets.refresh() {
        tracing::error!(error = %e, "the keys could not be read again; those known stay in use");
    }
    if let Err(e) = crate::audit::write_reads(app).await {
        tracing::error!(error = %e, "audit: reads wait for the database");
    }
    if let Err(e) = crate::audit::seal(app).await {
        tracing::error!(error = %e, "audit: could not seal");
    }
}
