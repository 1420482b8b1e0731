//! What happens when things break: many writers, two servers, kills at bad moments, mail servers that misbehave, a
//! tampered audit record, data of another version.

mod audit;
mod away;
mod backup;
mod backup_daily;
mod backup_kills;
mod clock;
mod crash;
mod disk;
mod ground;
mod keys;
mod mail;
mod migrations;
mod queue;
mod record;
mod record_chat;
mod record_forms;
mod start;
mod stop;
mod support;
mod table;
mod writers;
