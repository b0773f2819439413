//! Everything about HTTP: the three listeners, envelopes, statuses, headers, cookies, redirects.

pub mod admin;
pub mod assets;
pub mod bounds;
pub mod client;
pub mod console;
pub mod cookies;
pub mod cors;
pub mod edge;
pub mod error;
pub mod guard;
pub mod headers;
pub mod hosted;
pub mod meta;
pub mod negotiate;
pub mod origin;
pub mod public;
pub mod rehearse;
pub mod respond;
pub mod serve;
pub mod state;

pub use serve::{Listeners, serve};
