//! Providers as stock Kratos has them: without those that are off, with mappers that it can read, and without what only names a
//! secret of the console. Part of [`super::export`].

use super::Config;
use super::export::{LEFT_OUT, Remark};
use super::layers::{get, set};
use super::providers;
use super::secret_reference::name_in;
use super::social::LIST;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What only we have in an entry, and what Kratos does without it.
const OURS: [(&str, &str); 1] = [(
    "userinfo_url",
    "Kratos asks a provider without an issuer for no such document: it needs `issuer_url`",
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
            say("", format!("left out: `{id}` is switched off here, and Kratos would offer it"));
            continue;
        }
        let kind = entry["provider"].as_str().and_then(providers::kind);
        if let (Some("preset://mapper"), Some(kind)) = (entry["mapper_url"].as_str(), kind) {
            entry["mapper_url"] = format!("base64://{}", STANDARD.encode(kind.mapper)).into();
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

/// After everything else, so that it is said once: Kratos cannot read what the console keeps.
pub(super) fn without_references(document: &mut Value, remarks: &mut Vec<Remark>) {
    let Some(Value::Array(mut entries)) = get(document, LIST).cloned() else { return };
    for (index, entry) in entries.iter_mut().enumerate() {
        for (member, value) in entry.as_object_mut().into_iter().flatten() {
            if value.as_str().and_then(name_in).is_none() {
                continue;
            }
            *value = LEFT_OUT.into();
            remarks.push(Remark {
                path: format!("{LIST}[{index}].{member}"),
                text: format!(
                    "the console keeps this secret and shows it to nobody: write it where `{LEFT_OUT}` stands"
                ),
            });
        }
    }
    set(document, LIST, Value::Array(entries));
}
