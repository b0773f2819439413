//! What the console may change, a file for each subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests compare values as they are, and fail on a variant that they do not expect"
)]

mod checks;
mod dangers;
mod files;
mod gate;
mod history;
mod preview;
mod reconfigure;
mod social;
mod switches;
mod web_hooks;

use engine::model::MethodId;
use engine::settings::{self, PerMethod, Values};
use engine::testing;

/// The one way that is enabled.
fn ways(on: bool) -> PerMethod {
    [(MethodId::Password, on)].into_iter().collect()
}

/// What the form shows where nobody saved anything.
fn in_force() -> Values {
    settings::values(&testing::config(Vec::new()))
}
