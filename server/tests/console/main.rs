//! The console as a browser without a script meets it, a file for each subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod account;
mod actions;
mod audit;
#[path = "../support/console.rs"]
mod browser;
mod checks;
mod client;
mod doors;
mod guarded;
mod history;
mod kit;
mod mail;
mod operators;
mod roles;
mod sessions;
mod settings;
mod tester;
mod trouble;
mod user;
mod users;
