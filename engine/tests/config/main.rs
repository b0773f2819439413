//! Reading configuration, a file for each subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests compare values as they are, and fail on a variant that they do not expect"
)]

mod environment;
mod printing;
mod problems;
mod reading;
mod transfer;

use engine::config::load::{Loaded, Problem, Sources, load, print};
use engine::config::{self, Algorithm, Config, Hook, Named, SameSite, Style};
use engine::model::MethodId;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Keys that sign session tokens.
const KEYS: &str = include_str!("../../src/testing/signing_keys.json");

fn inline(text: &str) -> String {
    use base64::Engine as _;
    format!("base64://{}", base64::engine::general_purpose::STANDARD.encode(text))
}

/// A small valid configuration with a patch (RFC 7396) over it.
fn document(patch: Value) -> Sources {
    let base = json!({
        "serve": {"public": {"base_url": "https://accounts.example.org/"}, "admin": {"host": "127.0.0.1"}},
        "identity": {"schemas": [{"id": "default", "url": "preset://email"}]},
        "secrets": {"default": ["a-secret-of-this-test-and-none-else"]},
    });
    Sources { documents: vec![base, patch], ..Sources::default() }
}

#[track_caller]
fn loaded(sources: &Sources) -> Loaded {
    load(sources, None).unwrap_or_else(|problems| panic!("{problems}"))
}

#[track_caller]
fn problems(sources: &Sources) -> Vec<Problem> {
    load(sources, None).map(|_| ()).expect_err("there is a problem").0
}

fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn sign_in(switch: &str) -> Named {
    Named::from([("sign_in_after_registration".to_owned(), json!({"password": switch}))])
}

fn password_hooks(config: &Config) -> &[Hook] {
    &config.selfservice.registration.after.methods[&MethodId::Password].hooks
}

fn with_providers(providers: Value) -> Sources {
    document(
        json!({"selfservice": {"methods": {"oidc": {"enabled": true, "config": {"providers": providers}}}}}),
    )
}
