//! *Webhooks*: every web hook by what it can do rather than by its flags, when each runs, its calls, and those that are made here. What
//! runs is said by `engine::settings::actions`, from the planner; what may be made by `engine::settings::web_hooks`.

mod edit;
mod fields;
mod form;
mod hook;
mod hosts;
mod list;
mod markup;
mod press;
mod words;

pub(super) use edit::{Change, New};
pub(super) use hook::OneHook;
pub(super) use list::Webhooks;
pub(super) use press::Press;

use super::nav;

const PATH: &str = nav::WEBHOOKS.path;
const HOOK: &str = "/webhooks/hook";
const NEW: &str = "/webhooks/new";
const CHANGE: &str = "/webhooks/change";
const PRESS: &str = "/webhooks/press";
