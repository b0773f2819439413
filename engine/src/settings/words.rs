//! What tells two configurations apart, as far as the console sets it: one sentence per difference, of every page.

use super::page::values;
use super::{changes, social, web_hooks};
use crate::config::Config;

/// Read as a change from the one to the other.
pub(super) fn between(was: &Config, is: &Config) -> Vec<String> {
    let mut said = changes(&values(was), &values(is));
    said.extend(web_hooks::between(&was.named, &is.named));
    said.extend(social::words::between(was, is));
    said
}
