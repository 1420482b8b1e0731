//! Backup and restore, while the server runs.
//!
//! A backup is one file: every table of one moment of the database, row by row in a form that both databases take, and
//! the files of the data folder. It is compressed; with a passphrase it is sealed and holds the key too, without one the
//! key stays out. A restore goes into an empty folder and an empty database, of either kind, and is all or nothing: until
//! it has read back what it wrote, nothing serves from there. See docs/decisions/0010-backup.md.

mod age;
mod archive;
pub mod command;
mod container;
pub mod daily;
mod keys;
mod make;
mod queries;
mod restore;
mod unfinished;

pub use make::{Made, Order, make};
pub use restore::{Restored, restore};
pub use unfinished::refuse as refuse_unfinished;

/// What a backup takes from the data folder. What is not named here or below stays out.
const KEPT_FILES: [&str; 1] = ["audit.head"];
/// Mail that was kept instead of sent, and files that people have given.
const KEPT_FOLDERS: [&str; 2] = ["mail", "files"];
/// Ending of a backup that is not whole.
const UNFINISHED: &str = "unfinished";
