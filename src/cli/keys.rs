//! `ruh keys`: the instance's keys, from the shell.

use std::time::Duration;

use clap::Subcommand;

use crate::app::Shared;
use crate::error::Result;
use crate::keys;

/// How long a running server may go on with the keys it has read.
const NOTICED: Duration = Duration::from_secs(3);

#[derive(Subcommand)]
pub enum KeysCommand {
    /// Lists the keys by number, and how many sealed values there are of each. Shows no key.
    List,
    /// Makes a new key and seals everything anew with it, while servers run. The old key still opens links.
    Rotate,
    /// Seals what other keys sealed with the one in use; goes on where a rotation was cut off.
    Reseal,
    /// Ends an old key: links that were made with it stop working.
    Retire {
        /// The number that `ruh keys list` shows.
        id: u8,
    },
}

pub async fn run(app: &Shared, command: KeysCommand) -> Result<()> {
    match command {
        KeysCommand::List => {}
        KeysCommand::Rotate => {
            let id = app.secrets.rotate()?;
            println!("Key {id} is in use from now on. Copy the file secret.key to where the old one is kept.");
            // A server that has not noticed yet seals with the old key, behind our back.
            tokio::time::sleep(NOTICED).await;
            reseal(app).await?;
        }
        KeysCommand::Reseal => reseal(app).await?,
        KeysCommand::Retire { id } => {
            keys::retire(app, id).await?;
            println!("Key {id} is retired: invitations and recovery codes from before its rotation must be made anew.");
        }
    }
    list(app).await
}

async fn reseal(app: &Shared) -> Result<()> {
    let mut total = 0;
    loop {
        let resealed = keys::reseal(app).await?;
        total += resealed;
        if resealed == 0 {
            println!("{total} values were sealed anew.");
            return Ok(());
        }
    }
}

async fn list(app: &Shared) -> Result<()> {
    let counts = keys::left(app).await?;
    let ring = app.secrets.ring();
    for key in ring.all() {
        let state = match key {
            key if key.retired => "retired",
            key if *key == *ring.making() => "in use",
            _ => "opens what it made",
        };
        println!("key {:<3} {state:<19} {} sealed values", key.id, counts.get(&key.id).copied().unwrap_or(0));
    }
    Ok(())
}
