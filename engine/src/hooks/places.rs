//! Where web hooks stand in a configuration: every list that may hold some, in the order a person meets them.

use crate::config::{Config, Hook, Method, WebHook};
use std::sync::Arc;

/// A list of hooks.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    /// `registration`, `login` or `verification`
    pub flow: &'static str,
    /// `before` or `after`
    pub stage: &'static str,
    /// `None`: the list of the whole flow.
    pub method: Option<Method>,
    pub hooks: &'a [Hook],
}

impl List<'_> {
    /// The configuration key.
    pub fn key(&self) -> String {
        let Self { flow, stage, .. } = self;
        match self.method {
            Some(method) => format!("selfservice.flows.{flow}.{stage}.{}.hooks", method.name()),
            None => format!("selfservice.flows.{flow}.{stage}.hooks"),
        }
    }

    /// As [`crate::store::deliveries::Delivery::place`] has it.
    pub fn place(&self) -> String {
        format!("{}.{}", self.flow, self.stage)
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
    all
}

/// The hook as it is configured now: of those with that key the one that stands in such a place, else any.
pub(super) fn current(config: &Config, key: &str, place: &str) -> Option<Arc<WebHook>> {
    let all = lists(config).into_iter().flat_map(|list| {
        let here = list.place() == place;
        crate::plan::web_hooks(list.hooks).map(move |hook| (here, hook)).collect::<Vec<_>>()
    });
    let found: Vec<_> = all.filter(|(_, hook)| hook.key() == key).collect();
    found.iter().find(|(here, _)| *here).or(found.first()).map(|(_, hook)| (*hook).clone())
}
