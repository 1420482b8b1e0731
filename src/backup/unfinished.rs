//! The mark in a data folder while a restore fills it: nothing serves from there, and another try may clear it away.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

const FILE: &str = "restore.unfinished";

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE)
}

/// Errors: a restore into this folder has not finished.
pub fn refuse(data_dir: &Path) -> Result<()> {
    match read(data_dir)? {
        None => Ok(()),
        Some(_) => Err(Error::config(format!(
            "a restore into {} has not finished: run `ruh restore` again",
            data_dir.display()
        ))),
    }
}

/// The database that the unfinished restore was for; nothing where none is unfinished.
pub fn read(data_dir: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path(data_dir)) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::config(format!("{}: {e}", path(data_dir).display()))),
    }
}

/// Sets the mark. The address may hold a password: only the file of a SQLite database is noted.
pub fn set(data_dir: &Path, database_url: &str) -> Result<()> {
    crate::secrets::write_private(&path(data_dir), if database_url.starts_with("sqlite:") { database_url } else { "" })
}

pub fn lift(data_dir: &Path) -> Result<()> {
    std::fs::remove_file(path(data_dir)).map_err(|e| Error::config(format!("{}: {e}", path(data_dir).display())))
}

pub fn is_mark(name: &str) -> bool {
    name == FILE || name.strip_prefix(FILE).is_some_and(|rest| rest == ".new")
}
