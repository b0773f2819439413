//! What the console may change, a file for each subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod checks;
mod dangers;
mod history;
mod preview;
mod social;
mod switches;
mod web_hooks;

use engine::config::Method;
use engine::settings::Ways;

/// The one way that is enabled.
fn ways(on: bool) -> Ways {
    [(Method::Password, on)].into_iter().collect()
}
