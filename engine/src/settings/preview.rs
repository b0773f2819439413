//! What unsaved values would mean: what runs, what an answer holds, and what can happen then. Nothing here is written.

use super::checks::{brought_about, checks};
use super::page::{named, registering, signing_in, values};
use super::{Preview, Values, changes, words};
use crate::config::Config;
use crate::config::load::remap;
use crate::model::MethodId;
use crate::pipeline::{Compared, compared, pipeline};
use crate::plan::{Client, FlowKind, Plan, plan};
use crate::requester::UnnamedProxies;

/// Warnings and plans for values that were not saved yet. Pure: the same mapper as a Save, on the configuration in force.
/// Values that a Save would refuse change no plan and no finding.
pub fn preview(config: &Config, unsaved: &Values) -> Preview {
    let would_be = remap(config, config.revision, &named(config, &config.named, unsaved));
    let would_be = would_be.as_ref().unwrap_or(config);
    let clients = [Client::Browser, Client::Spa, Client::Native];
    let of = |flow, methods: Vec<MethodId>| -> Vec<(Plan, Plan)> {
        let runs = methods.into_iter().flat_map(|method| clients.map(|client| (method, client)));
        let both = |(method, client)| {
            let plan = |config| plan(config, flow, method, client);
            (plan(config), plan(would_be))
        };
        runs.map(both).collect()
    };
    let drawn = |plans: &[(Plan, Plan)]| -> Vec<Compared> {
        let both = |(saved, unsaved): &(Plan, Plan)| {
            compared(&pipeline(config, saved), &pipeline(would_be, unsaved))
        };
        plans.iter().map(both).collect()
    };
    let plans = of(FlowKind::Registration, ways(would_be));
    let pipelines = drawn(&plans);
    let sign_in = drawn(&of(FlowKind::Login, signing_in(would_be).collect()));
    let mut changes = changes(&values(config), unsaved);
    changes.extend(words::at_sign_in(config, would_be));
    Preview {
        warnings: checks(would_be, UnnamedProxies::default())
            .into_iter()
            .filter(|check| check.at.is_some())
            .collect(),
        brings_about: brought_about(config, would_be),
        plans,
        pipelines,
        sign_in,
        changes,
    }
}

/// Enabled ways to sign up. Without any, what a password would do.
fn ways(config: &Config) -> Vec<MethodId> {
    let ways: Vec<MethodId> = registering(config).collect();
    if ways.is_empty() { vec![MethodId::Password] } else { ways }
}
