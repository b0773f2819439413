//! What can happen with a configuration that is valid and unwise: one table of rules, each with its area's file, computed for any
//! configuration, saved or not. The console shows a finding beside its setting and in the overview; a Save and the command line ask
//! the same table. `docs/checks.md` is written from it.

mod calls;
mod fix;
mod hooks;
mod leaks;
mod limits;
mod listeners;
mod passwords;
mod patch;
mod proof;
mod recovery;
mod reference;
mod rule;
mod sessions;
mod sign_up;
mod text_messages;

pub use fix::{Fixed, fix};
pub use patch::{Patch, overlay};
pub use reference::reference;
pub use rule::{Check, Fix, Rule, Severity};

use crate::config::Config;
use crate::requester::UnnamedProxies;
use rule::Seen;

/// All rules, area by area.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    let areas = [
        sign_up::RULES,
        passwords::RULES,
        proof::RULES,
        leaks::RULES,
        recovery::RULES,
        limits::RULES,
        text_messages::RULES,
        hooks::RULES,
        calls::RULES,
        sessions::RULES,
        listeners::RULES,
    ];
    areas.into_iter().flatten()
}

/// All findings, the most severe first. Pure. `proxies`: what a running server saw of those that the configuration does not name.
pub fn checks(config: &Config, proxies: UnnamedProxies) -> Vec<Check> {
    let seen = Seen::new(config, proxies);
    let mut all = Vec::new();
    for rule in rules() {
        let mut found = Vec::new();
        (rule.find)(&seen, &mut found);
        all.extend(found.into_iter().map(|found| found.of(rule, config)));
    }
    all.sort_by_key(|check: &Check| check.severity);
    all
}

/// The errors and dangers of `then` that `now` does not have: what a Save would bring about. What was there before is nobody's
/// doing now, and often the files' alone to change.
pub fn brought_about(now: &Config, then: &Config) -> Vec<Check> {
    found_anew(now, then).into_iter().filter(|check| check.severity <= Severity::Danger).collect()
}

/// The same with warnings and notes.
pub fn found_anew(now: &Config, then: &Config) -> Vec<Check> {
    let before = checks(now, UnnamedProxies::default());
    let new = |check: &Check| {
        let widens = rules().find(|rule| rule.id == check.id).and_then(|rule| rule.widens);
        let same: Vec<&Check> =
            before.iter().filter(|old| old.id == check.id || Some(old.id) == widens).collect();
        same.is_empty() || check.about.iter().any(|one| same.iter().all(|old| !old.about.contains(one)))
    };
    checks(then, UnnamedProxies::default()).into_iter().filter(new).collect()
}
