//! Files of configuration, a file for each subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod reading;
mod transfer;
