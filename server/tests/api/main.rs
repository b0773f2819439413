//! The public API from outside, where no recording can show it: a setting that changes between two requests, and many
//! requests at once.

mod clients;
mod edges;
mod hand_over;
mod hooks;
mod parallel;
mod proof;
mod session_hook;
#[path = "../support/mod.rs"]
mod support;
mod trouble;
