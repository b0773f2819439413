//! What is known of providers with an issuer: their descriptions and keys, kept from trip to trip.

use super::values::is_yes;
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::CoreJsonWebKeySet;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

/// How often tokens with invented key IDs can cause a request.
pub(super) const KEYS_AT_MOST: TimeDelta = TimeDelta::minutes(1);

/// The part of a provider's own description that is used.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Description {
    pub(super) issuer: String,
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    pub(super) jwks_uri: Url,
    #[serde(default, deserialize_with = "address")]
    pub(super) userinfo_endpoint: Option<Url>,
    #[serde(default, deserialize_with = "texts")]
    pub(super) code_challenge_methods_supported: Vec<String>,
    #[serde(default, deserialize_with = "texts")]
    pub(super) token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default, deserialize_with = "texts")]
    pub(super) id_token_signing_alg_values_supported: Vec<String>,
    /// RFC 9207.
    #[serde(default, deserialize_with = "yes")]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

/// What a provider may leave out it may also write as null, or as something that says nothing.
fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(one) => vec![one],
        Value::Array(many) => many.into_iter().filter_map(|one| Some(one.as_str()?.to_owned())).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    })
}

fn yes<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(is_yes(&Value::deserialize(from)?))
}

fn address<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
    let text = Value::deserialize(from)?;
    let text = text.as_str().filter(|text| !text.is_empty());
    text.map(|text| Url::parse(text).map_err(D::Error::custom)).transpose()
}

#[derive(Clone)]
pub(super) struct Entry {
    pub(super) description: Arc<Description>,
    pub(super) keys: Arc<CoreJsonWebKeySet>,
    pub(super) at: DateTime<Utc>,
    pub(super) keys_at: DateTime<Utc>,
}

/// By issuer; as many as were ever configured.
#[derive(Default)]
pub struct Known {
    entries: Mutex<HashMap<String, Entry>>,
}

impl Known {
    pub(super) fn get(&self, issuer: &str) -> Option<Entry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).get(issuer).cloned()
    }

    /// Whether newer keys may be asked for, which counts from now on.
    pub(super) fn ask_for_keys(&self, issuer: &str, now: DateTime<Utc>) -> bool {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        match entries.get_mut(issuer) {
            Some(entry) if now - entry.keys_at < KEYS_AT_MOST => false,
            Some(entry) => {
                entry.keys_at = now;
                true
            }
            None => true,
        }
    }

    pub(super) fn put(&self, issuer: &str, entry: Entry) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).insert(issuer.to_owned(), entry);
    }
}
