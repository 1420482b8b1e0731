//! `ruh serve`: listens, runs jobs, and stops gracefully: requests in flight finish, jobs are finished or given back.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::app::{App, Shared};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::practices;

/// How long requests in flight may take once the server is asked to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// Runs the server until it is asked to stop.
pub async fn serve(config: Config) -> Result<()> {
    let app = App::open(config, Clock::System)?;
    let listener = tokio::net::TcpListener::bind(app.config.listen).await;
    let listener = listener.map_err(|e| Error::config(format!("cannot listen on {}: {e}", app.config.listen)))?;
    crate::clients::seal_notes(&app).await?;
    // From here on a stop is a stop: what waits to be written must not depend on when it is asked for.
    let signals = stop_signals()?;
    greet(&app).await?;
    app.bus.join_others(&app.config.database_url);
    let (stop, stopping) = watch::channel(false);
    let jobs = tokio::spawn(crate::jobs::run_until(app.clone(), stopping.clone()));
    let copies = tokio::spawn(crate::backup::daily::run_until(app.clone(), stopping.clone()));
    let service = crate::routes::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let mut asked = stopping.clone();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
        let _ = asked.changed().await;
    });
    let server = tokio::spawn(async move { server.await });
    asked_to_stop(signals).await;
    tracing::info!("stopping: finishing what is under way");
    let _ = stop.send(true);
    // Streams have no end of their own.
    app.bus.stop();
    if tokio::time::timeout(STOP_PATIENCE, server).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
    if tokio::time::timeout(STOP_PATIENCE, jobs).await.is_err() {
        tracing::warn!("some jobs did not finish in time; they come back when their leases run out");
    }
    if tokio::time::timeout(STOP_PATIENCE, copies).await.is_err() {
        tracing::warn!("the daily copy did not stop in time");
    }
    // Only now: a request that was under way has been noting what it read.
    crate::jobs::housekeeping(&app).await;
    Ok(())
}

/// Says where the server is, and on an empty installation how to begin.
async fn greet(app: &Shared) -> Result<()> {
    println!("Ruh Care is at {}", app.config.public_url);
    if !app.mail.delivers() {
        println!(
            "No mail server is set up (RUH_SMTP_URL): mail is kept in {}",
            app.config.data_dir.join("mail").display()
        );
        if app.config.is_local() {
            println!("and shown at {}", app.config.link("/dev/mail"));
        }
    }
    if app.read(practices::is_empty).await? {
        let token = crate::secrets::new_token();
        let link = app.config.link(&format!("/setup/{token}"));
        app.write(move |h| practices::new_setup_token(h, &token)).await?;
        println!("\nTo begin, open this link; it works once:\n{link}\n");
    }
    Ok(())
}

/// TERM and INT, listened to from now on.
fn stop_signals() -> Result<[Signal; 2]> {
    let listen = |kind| signal(kind).map_err(|e| Error::internal(format!("signals: {e}")));
    Ok([listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?])
}

async fn asked_to_stop([mut term, mut int]: [Signal; 2]) {
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}
