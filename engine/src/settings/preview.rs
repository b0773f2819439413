//! What unsaved values would mean: what runs, what an answer holds, and what can happen then. Nothing here is written.

use super::checks::{brought_about, checks};
use super::page::{changes, named, values};
use super::{Authentication, Preview};
use crate::config::load::remap;
use crate::config::{Config, Method};
use crate::plan::{Client, FlowKind, plan};

/// Warnings and plans for values that were not saved yet. Pure: the same mapper as a Save, on the configuration in force.
/// Values that a Save would refuse change no plan and no finding.
pub fn preview(config: &Config, unsaved: &Authentication) -> Preview {
    let would_be = remap(config, config.revision, &named(config, &config.named, unsaved));
    let would_be = would_be.as_ref().unwrap_or(config);
    let clients = [Client::Browser, Client::Spa, Client::Native];
    let plans = clients.map(|client| {
        let plan = |config| plan(config, FlowKind::Registration, Method::Password, client);
        (plan(config), plan(would_be))
    });
    Preview {
        warnings: checks(would_be, false).into_iter().filter(|check| check.at.is_some()).collect(),
        brings_about: brought_about(config, would_be),
        plans: plans.into(),
        changes: changes(&values(config), unsaved),
    }
}
