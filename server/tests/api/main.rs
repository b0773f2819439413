//! The public API from outside, where no recording can show it: a setting that changes between two requests, and many
//! requests at once.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests compare values as they are, and fail on a variant that they do not expect"
)]

mod account_emails;
mod account_providers;
mod account_settings;
mod activity;
mod admin_lists;
mod admin_sessions;
mod attacked;
mod bounded;
mod clients;
mod codes;
mod combinations;
mod common_passwords;
#[path = "../support/console.rs"]
mod console;
mod durability;
mod edges;
mod evaluators;
mod every_response;
mod forms;
mod fresh_sign_in;
mod guessing;
mod hand_over;
mod hook_context;
mod hooks;
mod invitations;
mod jars;
mod known_devices;
mod leaks;
mod limits;
#[path = "../support/log.rs"]
mod log;
mod metrics;
mod oidc_links;
mod ownership;
mod parallel;
mod parameters;
mod proof;
mod proven_elsewhere;
mod provider;
mod recovery;
mod recovery_attacked;
mod request_ids;
mod requesters;
mod revoked;
mod session_hook;
mod small_things;
mod social;
mod social_answers;
mod social_claims;
mod social_console;
mod social_kinds;
mod social_reasons;
mod social_trouble;
mod statements;
#[path = "../support/mod.rs"]
mod support;
mod takeover;
mod text_messages;
mod tokenised;
mod traits;
mod trip;
mod trouble;
mod unverified;
mod ways_to_prove;
