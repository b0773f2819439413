//! The domain of Vestibule: flows, identities, sessions, settings, storage.
//!
//! Layer rule, downwards only:
//! `settings`, `flow` → `method` → `signup`, `users` → `form` → `otp` → `hooks` → `plan`, `session`, `operators`, `secrets`, `courier` → `identity`, `password`, `social` → `store` → `model` → `ui`,
//! `config`, `ids`, `error`, `effects`, `requester`, `request_id`, `secret`. This crate knows neither HTTP servers nor pages: envelopes, statuses, headers, cookies and
//! redirects belong to `server`; what a page looks like belongs to `app`. SQL is in `store` only.

pub mod activity;
pub mod admin;
pub mod cleanup;
pub mod config;
pub mod courier;
pub mod effects;
pub mod engine;
pub mod error;
pub mod flow;
pub mod form;
pub mod gate;
pub mod hooks;
pub mod identity;
pub mod ids;
pub mod invitations;
mod jwk;
pub mod known_secrets;
pub(crate) mod leases;
pub mod limits;
pub mod limits_table;
pub mod method;
pub mod metrics;
pub mod model;
pub(crate) mod node;
pub mod operators;
pub mod otp;
pub mod password;
pub mod pipeline;
pub mod plan;
pub mod recovery;
pub mod rehearsal;
mod remote_template;
pub mod request_id;
pub mod requester;
pub mod row_budget;
pub(crate) mod seal;
pub mod secret;
pub mod secrets;
pub mod session;
pub mod settings;
pub mod signup;
pub mod social;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tokens;
pub mod trace;
pub mod ui;
pub mod users;

pub use crate::engine::{Ctx, Engine};
pub use crate::error::{Error, Kind, Result};
