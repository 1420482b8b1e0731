//! The program through HTTP, on both databases.

mod demo;
mod duplicates;
mod own_email;
mod story;
