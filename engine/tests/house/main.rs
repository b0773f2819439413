//! What keeps the house: mails, operators, what is over and goes, and the layers that its sources stand in.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests compare values as they are, and fail on a variant that they do not expect"
)]

mod cleanup;
mod courier;
mod gateway;
mod identity_changes;
mod imports;
mod known_secrets;
mod layers;
mod mailer;
mod operators;
mod words;
