//! Ruh Care: practice software for therapists and the people they care for. See docs/ARCHITECTURE.md.

#![forbid(unsafe_op_in_unsafe_fn)]

pub mod access;
pub mod accounts;
pub mod activities;
pub mod app;
pub mod assets;
pub mod audit;
pub mod backup;
pub mod bulk;
pub mod care_team;
pub mod cli;
pub mod clients;
pub mod clock;
pub mod config;
pub mod db;
pub mod demo;
pub mod error;
pub mod group_settings;
pub mod groups;
pub mod home;
pub mod identify;
pub mod ids;
pub mod invitations;
pub mod invite_links;
pub mod jobs;
pub mod keys;
pub mod logging;
pub mod mail;
pub mod members;
pub mod metrics;
pub mod people;
pub mod portal;
pub mod portal_access;
pub mod practice;
pub mod practices;
pub mod public;
pub mod routes;
pub mod second_factor;
pub mod secrets;
pub mod security;
pub mod serve;
pub mod settings;
pub mod ui;
pub mod web;
pub mod words;
