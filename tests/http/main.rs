//! The program through HTTP, on both databases.

mod answers;
mod break_glass;
mod chat;
mod chat_groups;
mod chat_more;
mod contacts;
mod demo;
mod documents;
mod duplicates;
mod filling;
mod form_pages;
mod forms;
mod guardians;
mod hand_over;
mod intake;
mod merging;
mod newsfeed;
mod own_email;
mod story;
mod streams;
mod timeline;
mod whole_record;
