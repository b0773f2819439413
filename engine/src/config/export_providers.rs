//! Providers for stock Kratos: without those that are off, with claims mappings that it can read. Part of [`super::export`].

use super::Config;
use super::layers::{get, set};
use super::providers;
use super::remark::Remark;
use super::social::{ADDRESSES_FROM_CONSOLE, LIST};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What only we have in an entry, and what Kratos does without it.
const OURS: [(&str, &str); 1] = [(
    "userinfo_url",
    "Kratos doesn't use such a document for a provider without an issuer: it needs `issuer_url`",
)];

pub(super) fn as_kratos_has_them(config: &Config, document: &mut Value, remarks: &mut Vec<Remark>) {
    let Some(Value::Array(entries)) = get(document, LIST).cloned() else { return };
    let mut kept = Vec::with_capacity(entries.len());
    for (index, mut entry) in entries.into_iter().enumerate() {
        let id = entry["id"].as_str().unwrap_or_default().to_owned();
        let mut say = |member: &str, text: String| {
            remarks.push(Remark { path: format!("{LIST}[{index}]{member}"), text });
        };
        if config.selfservice.social.is_off(&id) {
            say("", format!("left out: `{id}` is turned off, but Kratos would offer it"));
            continue;
        }
        let kind = entry["provider"].as_str().and_then(providers::kind);
        if let (Some("preset://mapper"), Some(kind)) = (entry["mapper_url"].as_str(), kind) {
            entry["mapper_url"] = format!("base64://{}", STANDARD.encode(kind.mapper)).into();
        }
        if let Some(members) = entry.as_object_mut() {
            // Where it was made changes nothing in Kratos.
            members.shift_remove(ADDRESSES_FROM_CONSOLE);
        }
        for (member, without) in OURS {
            if entry.as_object_mut().is_some_and(|members| members.shift_remove(member).is_some()) {
                say(&format!(".{member}"), without.to_owned());
            }
        }
        kept.push(entry);
    }
    set(document, LIST, Value::Array(kept));
}
