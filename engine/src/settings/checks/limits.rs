//! What clients may do how often.

use super::rule::Severity::Danger;
use super::rule::{Found, Rule, Seen};
use serde_json::Value;

const ENABLED: &str = "vestibule.limits.enabled";

pub(super) const RULES: &[Rule] = &[Rule::new(
    ("limits_off", Danger),
    ENABLED,
    "Limits are turned off",
    "Attackers can guess passwords and codes without any delay.",
    off,
)];

fn off(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if !seen.config.vestibule.limits.enabled {
        found.push(
            Found::new(
                "Attackers can guess passwords and codes without any delay, and can make this server send any number of emails. Remove \
                 `vestibule.limits.enabled` from the configuration file.",
            )
            .patch(ENABLED, Value::Null),
        );
    }
}
