//! The program through HTTP, on both databases.

mod duplicates;
mod story;
