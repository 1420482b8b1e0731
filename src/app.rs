//! `App`: everything from the outside world, built once. Clock, ids and randomness come from here and nowhere else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::access::Actor;
use crate::accounts::passwords::Passwords;
use crate::audit::Reads;
use crate::bus::{Bus, Said};
use crate::clock::{Clock, Instant};
use crate::config::Config;
use crate::db::{Db, Lane, Options};
use crate::error::{Error, Result};
use crate::ids::Ids;
use crate::mail::Mailer;
use crate::practice::{House, Practice};
use crate::secrets::Secrets;

pub struct App {
    pub config: Config,
    pub clock: Clock,
    pub ids: Ids,
    pub secrets: Secrets,
    pub passwords: Passwords,
    pub mail: Mailer,
    pub files: crate::files::Files,
    pub reads: Reads,
    pub metrics: crate::metrics::Metrics,
    /// Wakes the job runner after a verb has queued something.
    pub jobs_wake: tokio::sync::Notify,
    /// Something was queued since the runner was last woken.
    pub jobs_queued: AtomicBool,
    /// Wakes those who look on, after a commit.
    pub bus: Bus,
    db: Db,
}

pub type Shared = Arc<App>;

impl App {
    /// Opens the database and everything else that the settings name. Errors: a restore has not finished there.
    pub fn open(config: Config, clock: Clock) -> Result<Shared> {
        crate::backup::refuse_unfinished(&config.data_dir)?;
        App::assemble(config, clock)
    }

    /// The same where a restore is about to finish, by that restore.
    pub(crate) fn assemble(config: Config, clock: Clock) -> Result<Shared> {
        // One provider for mail, the database and everything that follows. A second install is the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        std::fs::create_dir_all(&config.data_dir)
            .map_err(|e| Error::config(format!("{}: {e}", config.data_dir.display())))?;
        let secrets = Secrets::load(config.secret_key.as_deref(), &config.data_dir)?;
        let db = Db::open(&Options { url: config.database_url.clone(), readers: 4 })?;
        let mail = Mailer::new(&config)?;
        Ok(Arc::new(App {
            ids: Ids::new(clock.clone()),
            passwords: Passwords::new()?,
            reads: Reads::new(),
            metrics: crate::metrics::Metrics::default(),
            jobs_wake: tokio::sync::Notify::new(),
            jobs_queued: AtomicBool::new(false),
            bus: Bus::default(),
            files: crate::files::Files::new(&config.data_dir),
            secrets,
            clock,
            mail,
            db,
            config,
        }))
    }

    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    pub fn engine(&self) -> crate::db::Engine {
        self.db.engine()
    }

    /// Reads what belongs to no practice (accounts, sessions, jobs).
    pub async fn read<T, F>(self: &Arc<Self>, closure: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&House) -> Result<T> + Send + 'static,
    {
        self.read_in(None, closure).await
    }

    async fn read_in<T, F>(self: &Arc<Self>, lane: Lane, closure: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&House) -> Result<T> + Send + 'static,
    {
        let app = Arc::clone(self);
        let now = self.now();
        // Whoever reads has nothing to say.
        self.db.read(lane, move |tx| closure(&House::new(tx, &Said::default(), &app, now))).await
    }

    /// Writes what belongs to no practice. The closure may run again.
    pub async fn write<T, F>(self: &Arc<Self>, closure: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&House) -> Result<T> + Send + 'static,
    {
        self.write_in(None, closure).await
    }

    async fn write_in<T, F>(self: &Arc<Self>, lane: Lane, closure: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&House) -> Result<T> + Send + 'static,
    {
        let app = Arc::clone(self);
        let now = self.now();
        let said = Arc::new(Said::default());
        let saying = Arc::clone(&said);
        let run = move |tx: &crate::db::Tx| {
            saying.clear();
            closure(&House::new(tx, &saying, &app, now))
        };
        let outcome = self.db.write(lane, run).await;
        if outcome.is_ok() {
            said.take().into_iter().for_each(|hint| self.bus.publish(hint));
        }
        // Only for what was queued: the runner writes too, and must not wake itself.
        if outcome.is_ok() && self.jobs_queued.swap(false, Ordering::SeqCst) {
            self.jobs_wake.notify_one();
        }
        outcome
    }

    /// The door to one practice, for somebody who may be there.
    pub fn practice(self: &Arc<Self>, actor: Actor) -> Door {
        Door { app: Arc::clone(self), actor }
    }
}

/// Opens transactions in one practice on behalf of one actor.
#[derive(Clone)]
pub struct Door {
    pub app: Shared,
    actor: Actor,
}

impl Door {
    /// Runs a page's closure on one consistent view of the practice.
    pub async fn read<T, F>(&self, closure: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Practice) -> Result<T> + Send + 'static,
    {
        let actor = self.actor.clone();
        self.app.read_in(Some(actor.practice.0), move |house| closure(&house.practice(&actor))).await
    }

    /// Runs a verb: everything it writes is committed together, or nothing is.
    pub async fn write<T, F>(&self, closure: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Practice) -> Result<T> + Send + 'static,
    {
        let actor = self.actor.clone();
        self.app.write_in(Some(actor.practice.0), move |house| closure(&house.practice(&actor))).await
    }
}
