//! *Social sign-in*: providers such as Google, added, changed, tested, turned on and ordered without a file. Rules are in
//! `engine::settings::social`; each page has its file below.

mod controls;
mod edit;
mod form;
mod gallery;
mod list;
mod report;
mod sections;
mod test;

pub(super) use edit::Provider;
pub(super) use gallery::New;
pub(super) use list::Social;
pub(super) use test::Test;

use super::nav;
use engine::config::providers::KINDS;
pub(super) use engine::method::oidc::trial::PATH as TEST;
use engine::settings::social as rules;
use leptos::prelude::*;

const PATH: &str = nav::SOCIAL.path;
const NEW: &str = "/social/new";
const PROVIDER: &str = "/social/provider";
const REFUSED: &str = "settings.refused";

/// Whether a field of the form is kept while its operator signs in again.
fn may_wait(field: &str) -> bool {
    // sabotage: secret-in-a-draft
    !rules::SECRETS.contains(&field)
}

/// What a kind is called on the pages.
fn kind_label(name: &str) -> &str {
    KINDS.iter().find(|kind| kind.name == name).map_or(name, |kind| kind.label)
}

/// Our own sign for a provider, as on the hosted pages: the marks of most may be shown only as their owners' rules say.
fn initial(label: &str) -> AnyView {
    let letter: String = label.chars().next().into_iter().flat_map(char::to_uppercase).collect();
    view! { <span class="initial" aria-hidden="true">{letter}</span> }.into_any()
}
