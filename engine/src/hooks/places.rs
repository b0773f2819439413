//! Where a configuration contains webhooks: every list that may contain some, in the order in which a user meets them.

use crate::config::{Config, Hook, WebHook};
use crate::model::MethodId;
use crate::plan::web_hooks;
use std::sync::Arc;

/// A list of hooks.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    /// `registration`, `login`, `verification`, `recovery` or `settings`
    pub flow: &'static str,
    /// `before` or `after`
    pub stage: &'static str,
    /// `None`: the list of the whole flow.
    pub method: Option<MethodId>,
    pub hooks: &'a [Hook],
}

impl<'a> List<'a> {
    /// The configuration key.
    pub fn key(&self) -> String {
        let Self { flow, stage, .. } = self;
        match self.method {
            Some(method) => format!("selfservice.flows.{flow}.{stage}.{}.hooks", method.name()),
            None => format!("selfservice.flows.{flow}.{stage}.hooks"),
        }
    }

    /// Its web hooks, each with its place, as [`crate::store::deliveries::Delivery::place`] has it: the list, and for another
    /// one with the same key in that list which of them it is, such as `registration.after.password.2`.
    pub fn web_hooks(&self) -> Vec<(String, &'a Arc<WebHook>)> {
        let mut list = format!("{}.{}", self.flow, self.stage);
        if let Some(method) = self.method {
            list = format!("{list}.{}", method.name());
        }
        let mut earlier: Vec<String> = Vec::new();
        let mut all = Vec::new();
        for hook in web_hooks(self.hooks) {
            let key = hook.key();
            let place = match earlier.iter().filter(|one| **one == key).count() {
                0 => list.clone(),
                before => format!("{list}.{}", before + 1),
            };
            earlier.push(key);
            all.push((place, hook));
        }
        all
    }
}

/// Every list, empty ones too.
pub fn lists(config: &Config) -> Vec<List<'_>> {
    let flows = &config.selfservice;
    let mut all = Vec::new();
    for (flow, before, after) in [
        ("registration", &flows.registration.before, Some(&flows.registration.after)),
        ("login", &flows.login.before, Some(&flows.login.after)),
        ("verification", &flows.verification.before, None),
        ("recovery", &flows.recovery.before, None),
        ("settings", &flows.settings.before, Some(&flows.settings.after)),
    ] {
        all.push(List { flow, stage: "before", method: None, hooks: before });
        let Some(after) = after else { continue };
        all.push(List { flow, stage: "after", method: None, hooks: &after.hooks });
        all.extend(after.methods.iter().map(|(method, own)| List {
            flow,
            stage: "after",
            method: Some(*method),
            hooks: &own.hooks,
        }));
    }
    all.push(List { flow: "verification", stage: "after", method: None, hooks: &flows.verification.after });
    all.push(List { flow: "recovery", stage: "after", method: None, hooks: &flows.recovery.after });
    all
}

/// Every webhook with its place.
fn all(config: &Config) -> Vec<(String, &Arc<WebHook>)> {
    lists(config).iter().flat_map(List::web_hooks).collect()
}

/// Where that very entry stands. It is known by being the one of the snapshot that the request holds on to, not by what it says:
/// a method's list may repeat an entry of the flow's, and another may have its key.
pub(crate) fn place_of(config: &Config, hook: &WebHook) -> Option<String> {
    let found = all(config).into_iter().find(|(_, entry)| std::ptr::eq(Arc::as_ptr(entry), hook));
    found.map(|(place, _)| place)
}

/// The hook as it is configured now: of those with that key the one in that place. Where the lists changed meanwhile, or the place
/// was written before it named the list, the nearest: in that list, around that step, anywhere.
pub(super) fn current(config: &Config, key: &str, place: &str) -> Option<Arc<WebHook>> {
    let with_key: Vec<_> = all(config).into_iter().filter(|(_, hook)| hook.key() == key).collect();
    let mut around = Some(place);
    while let Some(wanted) = around {
        let inside =
            |is: &str| is.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        if let Some((_, hook)) = with_key.iter().find(|(is, _)| inside(is)) {
            return Some((*hook).clone());
        }
        around = wanted.rsplit_once('.').map(|(around, _)| around);
    }
    with_key.first().map(|(_, hook)| (*hook).clone())
}

/// Whether a call from `place` is one of the hook in `own`. An entry and its copy in another list are one hook.
pub fn is_of(config: &Config, key: &str, place: &str, own: &str) -> bool {
    place == own || current(config, key, place) == current(config, key, own)
}

/// Flow and stage of a place.
pub(super) fn step(place: &str) -> (&str, &str) {
    let (flow, rest) = place.split_once('.').unwrap_or((place, ""));
    (flow, rest.split('.').next().unwrap_or_default())
}
