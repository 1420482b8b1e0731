//! The doors: sign-in, invitations, links, sessions, the change of an e-mail, and what must not leak through any of
//! them. On both databases.

mod acceptance;
mod caps;
mod capture;
mod changed_email;
mod changed_email_looks;
mod desk;
mod equal;
mod foreign_sites;
mod groups;
mod guessing;
mod headers;
mod history;
mod join;
mod keys;
mod leaks;
mod links;
mod mails;
mod members;
mod members_gone;
mod members_roles;
mod pages;
mod passwords;
mod resets;
mod second_factor;
mod second_factor_caps;
mod second_factor_required;
mod second_factor_reset;
mod sessions;
mod setup;
mod support;
