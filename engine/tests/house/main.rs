//! What keeps the house: mails, operators, what is over and goes, and the layers that its sources stand in.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cleanup;
mod courier;
mod known_secrets;
mod layers;
mod mailer;
mod operators;
mod words;
