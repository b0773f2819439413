//! What tells the providers of two configurations apart, one sentence per difference. Secrets are named, never shown.

use crate::config::social::{LIST, SocialKeys};
use crate::config::{Config, get};
use crate::settings::page::values;
use crate::settings::table::Page;
use crate::settings::values::changes_on;
use serde_json::Value;
use std::collections::BTreeSet;

/// What the page of providers sets, read as a change from the one to the other.
pub(in crate::settings) fn between(was: &Config, is: &Config) -> Vec<String> {
    let mut said = changes_on(Page::SocialSignIn, &values(was), &values(is));
    said.extend(of_providers(was, is));
    said
}

/// Of that, what is no setting with one value.
pub(in crate::settings) fn of_providers(was: &Config, is: &Config) -> Vec<String> {
    let (before, after) = (&was.selfservice.social, &is.selfservice.social);
    let mut said = Vec::new();
    entries(was, is, &mut said);
    for provider in &after.providers {
        let id = provider.id.as_str();
        let Some(earlier) = before.configured(id) else { continue };
        if earlier.vouches != provider.vouches {
            let counts = if provider.vouches { "trusted" } else { "not trusted" };
            said.push(format!("{}: verified emails {counts}", provider.label));
        }
        if before.is_off(id) != after.is_off(id) {
            let on = if after.is_off(id) { "off" } else { "on" };
            said.push(format!("{}: {on}", provider.label));
        }
    }
    let common = |of: &SocialKeys, other: &SocialKeys| -> Vec<String> {
        let all = of.in_order().into_iter().filter(|provider| other.configured(&provider.id).is_some());
        all.map(|provider| provider.id.clone()).collect()
    };
    if common(before, after) != common(after, before) {
        let labels: Vec<&str> = after.in_order().iter().map(|provider| provider.label.as_str()).collect();
        said.push(format!("Order of the providers: {}", labels.join(", ")));
    }
    said
}

fn entries(was: &Config, is: &Config, said: &mut Vec<String>) {
    let list =
        |config: &Config| get(&config.raw, LIST).and_then(Value::as_array).cloned().unwrap_or_default();
    let id = |entry: &Value| entry["id"].as_str().unwrap_or_default().to_owned();
    let (before, after) = (list(was), list(is));
    for entry in &after {
        match before.iter().find(|earlier| id(earlier) == id(entry)) {
            None => {
                let off = if is.selfservice.social.is_off(&id(entry)) { ", off" } else { "" };
                said.push(format!("{}: added{off}", name(is, entry)));
            }
            Some(earlier) => {
                let members: BTreeSet<&String> = [earlier, entry]
                    .into_iter()
                    .filter_map(Value::as_object)
                    .flat_map(|map| map.keys())
                    .collect();
                let changed: Vec<&str> = members
                    .into_iter()
                    .filter(|member| earlier.get(member.as_str()) != entry.get(member.as_str()))
                    .map(|member| word(member))
                    .collect();
                if !changed.is_empty() {
                    said.push(format!("{}: changed {}", name(is, entry), changed.join(", ")));
                }
            }
        }
    }
    for entry in before.iter().filter(|entry| !after.iter().any(|later| id(later) == id(entry))) {
        said.push(format!("{}: removed", name(was, entry)));
    }
}

/// `Acme (generic)`
fn name(config: &Config, entry: &Value) -> String {
    let text = |name: &str| entry[name].as_str().unwrap_or_default();
    let label = config.selfservice.social.configured(text("id")).map(|provider| provider.label.as_str());
    format!("{} ({})", label.unwrap_or(text("id")), text("provider"))
}

/// A member as its field is called.
fn word(member: &str) -> &str {
    match member {
        "client_id" => "client ID",
        "client_secret" => "client secret",
        "issuer_url" => "issuer",
        "auth_url" => "authorization endpoint",
        "token_url" => "token endpoint",
        "userinfo_url" => "userinfo endpoint",
        "microsoft_tenant" => "tenant",
        "apple_team_id" => "team ID",
        "apple_private_key_id" => "key ID",
        "apple_private_key" => "private key",
        "scope" => "scopes",
        "mapper_url" => "claims mapping",
        "pkce" => "PKCE",
        "claims_source" => "source of claims",
        "requested_claims" => "requested claims",
        "additional_id_token_audiences" => "further audiences",
        "account_linking_mode" => "account linking",
        "update_identity_on_login" => "update at sign-in",
        other => other,
    }
}
