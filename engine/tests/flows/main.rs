//! Flows at the engine, a file for each subject: what HTTP has no part in.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests compare values as they are, and fail on a variant that they do not expect"
)]

mod atomic;
mod combinations;
mod formats;
mod forms;
mod generated;
mod hand_over;
mod hooks;
mod marks;
mod rehearsal;
mod rules;
mod schemas;
