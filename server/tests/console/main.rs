//! The console as a browser without a script meets it, a file for each subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod account;
mod audit;
mod auth;
#[path = "../support/console.rs"]
mod browser;
mod checks;
mod client;
mod documentation;
mod files;
mod guarded;
mod history;
mod kit;
mod limits;
mod mail;
mod operators;
mod overview;
mod roles;
mod search;
mod sessions;
mod settings;
mod tester;
mod trouble;
mod user;
mod users;
mod webhooks;
