//! The program through HTTP, on both databases.

mod story;
