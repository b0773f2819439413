//! The active configuration as a file that stock Kratos accepts, with Vestibule's own keys as comments, and documents as text.

use super::Config;
use super::export::{complete, known};
use super::fingerprint::fingerprint;
use super::format::yaml;
use super::redact::redact;
use serde_json::{Value, json};

/// The merged document as a file that stock Kratos accepts; without `with_secrets`, `••••` and a keyed fingerprint stand
/// for secrets, so that two files can be compared.
pub fn print(config: &Config, with_secrets: bool) -> String {
    let (mut document, _) = known(config);
    complete(config, &mut document);
    if !with_secrets {
        redact(&mut document, &mut |_, secret| fingerprint(config, secret));
    }
    let ours = document.as_object_mut().and_then(|members| members.shift_remove("vestibule"));
    let mut text =
        format!("# The active configuration, console revision {}.\n{}", config.revision, yaml(&document));
    if let Some(ours) = ours {
        text.push_str("\n# Keys that only Vestibule has. Remove the # to use them.\n");
        for line in yaml(&json!({"vestibule": ours})).lines() {
            text.push_str(&format!("# {line}\n"));
        }
    }
    text
}

/// A part of a configuration with masked secrets, for display.
pub fn masked(config: &Config, part: &Value) -> Value {
    let mut part = part.clone();
    redact(&mut part, &mut |_, secret| fingerprint(config, secret));
    part
}

/// As YAML, as it stands.
pub fn written(part: &Value) -> String {
    yaml(part)
}
