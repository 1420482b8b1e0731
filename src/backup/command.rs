//! `ruh backup`, `ruh restore` and `ruh outbox`: what they say.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::archive::Manifest;
use super::{Made, Order, Restored};
use crate::app::Shared;
use crate::audit::Verdict;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, Result};

/// Tables that people know by name.
const NAMED: [(&str, &str); 6] = [
    ("practices", "practices"),
    ("members", "members"),
    ("clients", "clients"),
    ("accounts", "accounts"),
    ("invitations", "invitations"),
    ("audit_entries", "audit entries"),
];

/// Makes a backup and says what is in it.
pub async fn backup(config: Config, to: PathBuf, passphrase: Option<String>) -> Result<()> {
    let passphrase = passphrase.or_else(|| config.backup_passphrase.clone());
    let is_sealed = passphrase.is_some();
    let making = tokio::task::spawn_blocking(move || {
        let order = Order {
            to: &to,
            passphrase: passphrase.as_deref(),
            now: Clock::System.now(),
            stop: &AtomicBool::new(false),
        };
        super::make(&config, &order)
    });
    let made: Made = making.await.map_err(|e| Error::internal(e.to_string()))??;
    println!("Backed up to {} ({}).", made.to.display(), size(made.bytes));
    print!("{}", counts(&made.manifest));
    if is_sealed {
        println!("It is sealed with the passphrase and holds the key: file and passphrase are all a restore needs.");
    } else {
        println!("It is not sealed: names and addresses stand in it in clear, readable for you alone (mode 0600).");
        println!("The key is not in it. Keep a copy of secret.key apart from it: a restore needs both.");
    }
    Ok(())
}

/// Restores a backup and says what came back. Errors: also where the audit record does not verify; the rest is there.
pub async fn restore(config: Config, from: &Path, passphrase: Option<String>) -> Result<()> {
    let passphrase = passphrase.or_else(|| config.backup_passphrase.clone());
    let restored: Restored = super::restore(config, from.to_path_buf(), passphrase).await?;
    println!("Restored the backup of {}.", restored.made_at);
    print!("{}", counts(&restored.manifest));
    if restored.brought_key {
        println!("The key came with it and is in secret.key.");
    }
    println!("Every row was read back and is as it was saved. Nobody is signed in.");
    let waiting = restored.manifest.rows_of("jobs");
    if waiting > 0 {
        println!("Up to {waiting} mails waited then. They are held, because some may have left since:");
        println!("`ruh outbox` counts them, `ruh outbox release` sends them.");
    }
    match restored.audit {
        Verdict::Whole { entries } => {
            println!("The audit record is whole: {entries} entries.");
            Ok(())
        }
        Verdict::Broken { seq, what } => Err(Error::config(format!(
            "everything is restored, but the audit record is broken at entry {seq}, as it was in the backup: {what}"
        ))),
    }
}

/// What waits in the outbox, and what a restore holds back.
pub async fn outbox(app: &Shared) -> Result<()> {
    let counts = app.read(crate::jobs::counts).await?;
    for (state, count) in counts {
        println!("{count:>9}  {state}");
    }
    Ok(())
}

/// Lets go out what a restore has held back.
pub async fn release(app: &Shared) -> Result<()> {
    let released = app.write(crate::jobs::release).await?;
    println!("{released} released; the server sends them now.");
    Ok(())
}

fn counts(manifest: &Manifest) -> String {
    let mut text = String::new();
    for (table, called) in NAMED {
        text.push_str(&format!("{:>9}  {called}\n", manifest.rows_of(table)));
    }
    let rows: u64 = manifest.tables.iter().map(|table| table.rows).sum();
    text.push_str(&format!("{rows:>9}  rows in all {} tables\n", manifest.tables.len()));
    text.push_str(&format!("{:>9}  files\n", manifest.files.len()));
    text
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}
