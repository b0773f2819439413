//! Whom the secrets that settings name are for. Settings hold no value, so a way back could send a secret that is there today to an
//! address of before, which it was not entered for.

use super::page::SEARCHED;
use super::provider_fields::SECRETS;
use crate::config::Named;
use crate::config::console_hooks::{MadeAuth, made_hooks};
use crate::config::console_names::SOCIAL_PROVIDERS;
use crate::config::secret_reference::name_in;
use crate::error::Result;
use crate::store::revisions::{self, Row};
use crate::store::{Tx, setting_secrets};
use serde_json::Value;
use std::collections::BTreeMap;
use url::Url;

/// By the name of the secret. What never travels, such as what signs calls, is for nobody.
fn addressees(named: &Named) -> BTreeMap<String, String> {
    of_providers(named).into_iter().chain(of_web_hooks(named)).collect()
}

/// Whom each secret that settings name is for: the kind of the provider, and the addresses that the console laid over it.
fn of_providers(named: &Named) -> BTreeMap<String, String> {
    let all = named.get(SOCIAL_PROVIDERS).and_then(Value::as_object);
    let each = all.into_iter().flatten().flat_map(|(_, over)| {
        let names = SECRETS.into_iter().filter_map(|member| over.get(member)?.as_str().and_then(name_in));
        let to =
            ["provider", "issuer_url", "token_url"].map(|member| over.get(member).unwrap_or(&Value::Null));
        let to = serde_json::json!(to).to_string();
        names.map(move |name| (name.to_owned(), to.clone())).collect::<Vec<_>>()
    });
    each.collect()
}

/// Whom each secret that travels with a call is for.
fn of_web_hooks(named: &Named) -> BTreeMap<String, String> {
    let hooks = made_hooks(named);
    let each = hooks.values().flat_map(|hook| {
        let auth = hook.auth.iter().filter(|auth| !matches!(auth, MadeAuth::StandardWebhooks { .. }));
        auth.flat_map(MadeAuth::names).map(move |name| (name.to_owned(), origin(&hook.url)))
    });
    each.collect()
}

/// Whom a secret that travels with a call is for: scheme, host and port.
pub(super) fn origin(address: &str) -> String {
    Url::parse(address).map_or_else(|_| address.to_owned(), |url| url.origin().ascii_serialization())
}

/// Names of the secrets that are there and that `then` would send to somebody else than they were entered for.
pub(super) async fn moved(tx: &mut Tx, then: &Named) -> Result<Vec<String>> {
    let then = addressees(then);
    if then.is_empty() {
        return Ok(Vec::new());
    }
    let rows = revisions::list(tx, SEARCHED).await?;
    let there = setting_secrets::list(tx).await?;
    let mut moved = sent_elsewhere(&rows, then);
    moved.retain(|name| there.iter().any(|row| row.name == *name));
    Ok(moved)
}

/// An address comes with a secret, in each revision that names both: so the newest of `rows`, newest first, says whom it is for.
fn sent_elsewhere(rows: &[Row], then: BTreeMap<String, String>) -> Vec<String> {
    let differs = |(name, to): &(String, String)| {
        let last = rows.iter().find_map(|row| addressees(&row.settings).remove(name));
        last.as_ref() != Some(to)
    };
    then.into_iter().filter(differs).map(|(name, _)| name).collect()
}

/// What becomes of such a secret, in words.
pub(super) fn destroyed(name: &str) -> String {
    let whose = name.split('/').nth(1).unwrap_or(name);
    format!("{whose}: its secret was entered for another address and is destroyed; enter it again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use serde_json::json;

    fn row(number: i64, settings: Value) -> Row {
        Row {
            number,
            at: DateTime::UNIX_EPOCH,
            by: String::new(),
            base: number - 1,
            settings: serde_json::from_value(settings).unwrap(),
            summary: Vec::new(),
            reason: String::new(),
        }
    }

    fn provider(issuer: &str) -> Value {
        let secret = "secret://social/acme/client_secret";
        json!({"social_providers": {"acme": {"provider": "generic", "issuer_url": issuer, "client_secret": secret}}})
    }

    fn hook(url: &str, auth: Value) -> Value {
        let mut hook = json!({"flow": "registration", "when": "after", "outcome": "inform", "on": true, "method": "POST"});
        (hook["url"], hook["auth"]) = (url.into(), auth);
        json!({"web_hooks": {"crm": hook}})
    }

    fn key() -> Value {
        json!({"type": "api_key", "config": {"in": "header", "name": "X-Key", "value": "secret://hooks/crm/value"}})
    }

    fn signature() -> Value {
        json!({"type": "standard_webhooks", "config": {"secrets": ["secret://hooks/crm/signature"]}})
    }

    #[test]
    fn a_secret_is_for_whom_the_newest_revision_that_names_it_says() {
        let (here, there) = ("https://id.example.org", "https://evil.example");
        let (mine, theirs) = ("https://crm.example.org/new", "https://crm.example.org.evil.example/new");
        for (rows, then, moved) in [
            (vec![provider(here)], provider(here), vec![]),
            (vec![provider(here)], json!({}), vec![]),
            (vec![provider(here), provider(there)], provider(there), vec!["social/acme/client_secret"]),
            // It was taken away in between, and its secret is there still.
            (vec![json!({}), provider(here)], provider(here), vec![]),
            (
                vec![json!({}), provider(here), provider(there)],
                provider(there),
                vec!["social/acme/client_secret"],
            ),
            (vec![], provider(here), vec!["social/acme/client_secret"]),
            (vec![hook(mine, key())], hook("https://crm.example.org/other", key()), vec![]),
            (vec![hook(mine, key())], hook(theirs, key()), vec!["hooks/crm/value"]),
            (vec![hook(mine, key())], hook("http://crm.example.org/new", key()), vec!["hooks/crm/value"]),
            (vec![hook(mine, signature())], hook(theirs, signature()), vec![]),
        ] {
            let rows: Vec<Row> = (1..).zip(rows).map(|(number, settings)| row(number, settings)).collect();
            let found = sent_elsewhere(&rows, addressees(&row(0, then.clone()).settings));
            assert_eq!(found, moved, "{then}");
        }
    }
}
