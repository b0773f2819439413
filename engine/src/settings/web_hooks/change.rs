//! What a Save of the form and a press of a button do to the hooks, and how hooks are put into the settings.

use super::form::{AUTH, ID, URL, Wanted, unreachable};
use super::names::{PLACE, SIGNATURE, SIGNATURE_BEFORE, Secrets, Verdict, secret_name};
use crate::config::console_hooks::{Flow, MadeAuth, MadeHook, MadeHooks, When, in_order, made_hooks};
use crate::config::load::remap;
use crate::config::{Config, WebHook};
use crate::hooks::{List, lists};
use crate::model::MethodId;
use crate::secrets::{self, reference};
use crate::settings::actions;
use crate::settings::names::WEB_HOOKS;
use crate::settings::outcome::FieldError;
use crate::settings::page::set_elsewhere;
use crate::settings::revise::{BaseRevision, Change};
use crate::settings::words::web_hooks as words;
use std::sync::Arc;

/// What one press does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    On,
    Off,
    Remove,
    /// To that place among those of its flow and moment, from 0.
    Move(usize),
    /// A new signing secret beside the one that is there. Where there are two already, the newer one is made again.
    Rotate,
    /// The older of two signing secrets goes.
    Retire,
}

pub(super) type Changed = Verdict<Change>;

fn put(ground: &BaseRevision, hooks: &MadeHooks, secrets: Secrets) -> Changed {
    let before = made_hooks(&ground.held);
    let mut settings = ground.held.clone();
    if hooks.is_empty() {
        settings.remove(WEB_HOOKS);
    } else {
        let value = serde_json::to_value(hooks).map_err(|failure| {
            vec![FieldError { field: ID, message: format!("This cannot be kept: {failure}.") }]
        })?;
        settings.insert(WEB_HOOKS.to_owned(), value);
    }
    if let Ok(next) = remap(&ground.config, ground.number + 1, &settings) {
        let switched_on = hooks.iter().filter(|(id, hook)| hook.on && before.get(*id) != Some(hook));
        for (id, hook) in switched_on {
            if let Some(message) = held_elsewhere(&next, id, hook) {
                return Err(vec![FieldError { field: PLACE, message }]);
            }
        }
    }
    let mut summary = words::differences(&before, hooks);
    summary.extend(secrets.iter().map(|(name, change)| told(name, change)));
    Ok(Change { settings, summary, secrets })
}

/// Why the hook would not run where it is put: a variable says what runs there. A Save must not look as if it did something.
fn held_elsewhere(next: &Config, id: &str, hook: &MadeHook) -> Option<String> {
    let place = hook.place();
    let lists: Vec<List<'_>> = lists(next);
    let of = |method: Option<MethodId>| {
        lists.iter().find(|list| format!("{}.{}", list.flow, list.stage) == place && list.method == method)
    };
    let methods = MadeHook::possible_methods(hook.flow, hook.when);
    let wanted = methods.iter().filter(|method| hook.is_for(**method) && next.selfservice.offers(**method));
    let wanted: Vec<Option<MethodId>> =
        if methods.is_empty() { vec![None] } else { wanted.map(|method| Some(*method)).collect() };
    wanted.into_iter().find_map(|method| {
        let (own, whole) = (of(method), of(None));
        let decides = own.filter(|own| !own.hooks.is_empty()).or(whole)?;
        let made = |hook: &Arc<WebHook>| hook.from_console && hook.id.as_deref() == Some(id);
        if decides.web_hooks().iter().any(|(_, hook)| made(hook)) {
            return None;
        }
        own.and_then(|own| set_elsewhere(next, &own.key())).or_else(|| set_elsewhere(next, &decides.key()))
    })
}

/// What happens to a secret, for the history.
fn told(name: &str, change: &secrets::Change) -> String {
    let (id, member) =
        name.strip_prefix("hooks/").and_then(|rest| rest.split_once('/')).unwrap_or((name, ""));
    let what = match member {
        SIGNATURE => "signing secret",
        SIGNATURE_BEFORE => "older signing secret",
        "password" => "password",
        _ => "key",
    };
    match change {
        secrets::Change::Put(_) => format!("Webhook {id}: {what} set"),
        secrets::Change::Destroy => format!("Webhook {id}: {what} destroyed"),
    }
}

/// The highest place among those of a flow and moment.
fn last(hooks: &MadeHooks, flow: Flow, when: When) -> u32 {
    let there = hooks.values().filter(|hook| (hook.flow, hook.when) == (flow, when));
    there.map(|hook| hook.order).max().unwrap_or_default()
}

/// What a Save of the form makes.
pub(super) fn written(
    edited: bool,
    wanted: Wanted,
    made: Option<String>,
) -> impl Fn(&BaseRevision) -> Changed + Clone + Send + 'static {
    move |ground| {
        let id = &wanted.id;
        let mut hooks = made_hooks(&ground.held);
        let was = hooks.get(id).cloned();
        if edited && was.is_none() {
            let message = format!("The webhook {id} no longer exists. Another operator removed it.");
            return Err(vec![FieldError { field: ID, message }]);
        }
        let (hook, secrets) =
            wanted.made(was.as_ref(), last(&hooks, wanted.flow, wanted.when), made.as_deref())?;
        // The very same is there after a second click.
        let other = !edited && was.is_some_and(|was| was != hook);
        if other || is_of_files(ground, id) {
            let message = format!("A webhook {id} already exists. Choose another name.");
            return Err(vec![FieldError { field: ID, message }]);
        }
        hooks.insert(id.clone(), hook);
        put(ground, &hooks, secrets)
    }
}

fn is_of_files(ground: &BaseRevision, id: &str) -> bool {
    actions::actions(&ground.config)
        .iter()
        .any(|action| !action.hook.from_console && action.hook.id.as_deref() == Some(id))
}

/// One press, with what it needs.
#[derive(Clone)]
pub(super) struct Turn {
    pub(super) id: String,
    pub(super) act: Act,
    /// The new signing secret.
    pub(super) made: Option<String>,
    /// The one that is there, and the revision it was read at.
    pub(super) old: Option<(i64, String)>,
}

impl Turn {
    pub(super) fn taken(&self, ground: &BaseRevision) -> Changed {
        let (id, mut hooks) = (&self.id, made_hooks(&ground.held));
        let mut secrets = Vec::new();
        let problem = |field, message: String| Err(vec![FieldError { field, message }]);
        let Some(hook) = hooks.get_mut(id) else {
            return match self.act {
                Act::Remove => put(ground, &hooks, secrets),
                Act::On | Act::Off | Act::Move(_) | Act::Rotate | Act::Retire => {
                    problem(ID, format!("The webhook {id} no longer exists. Another operator removed it."))
                }
            };
        };
        match self.act {
            Act::On => {
                let why = url::Url::parse(&hook.url).ok().and_then(|url| unreachable(&ground.config, &url));
                if let Some(why) = why {
                    return problem(URL, why);
                }
                hook.on = true;
            }
            Act::Off => hook.on = false,
            Act::Remove => {
                let names = hook.auth.iter().flat_map(MadeAuth::names);
                secrets = names.map(|name| (name.to_owned(), secrets::Change::Destroy)).collect();
                hooks.remove(id);
            }
            Act::Move(to) => move_to(&mut hooks, id, to),
            Act::Rotate | Act::Retire => {
                let Some(MadeAuth::StandardWebhooks { secrets: signing }) = &mut hook.auth else {
                    return problem(AUTH, format!("{id} signs nothing any more."));
                };
                let (new, before) = (secret_name(id, SIGNATURE), secret_name(id, SIGNATURE_BEFORE));
                match (self.act, &self.old) {
                    (Act::Retire, _) if signing.len() > 1 => {
                        *signing = vec![reference(&new)];
                        secrets.push((before, secrets::Change::Destroy));
                    }
                    // Pressed twice.
                    (Act::Retire, _) => {}
                    (_, Some((number, _))) if *number != ground.number => {
                        return problem(
                            AUTH,
                            "Another operator saved in the meantime. Try again.".to_owned(),
                        );
                    }
                    (_, Some((_, old))) if signing.len() < 2 => {
                        *signing = vec![reference(&new), reference(&before)];
                        secrets.push((before, secrets::Change::Put(old.clone())));
                    }
                    _ => {}
                }
                if let Some(made) = self.made.clone() {
                    secrets.push((new, secrets::Change::Put(made)));
                }
            }
        }
        put(ground, &hooks, secrets)
    }
}

/// Numbers those of the same flow and moment anew.
fn move_to(hooks: &mut MadeHooks, id: &str, to: usize) {
    let Some(place) = hooks.get(id).map(|hook| (hook.flow, hook.when)) else { return };
    let mut list: Vec<String> = in_order(hooks)
        .into_iter()
        .filter(|(_, hook)| (hook.flow, hook.when) == place)
        .map(|(id, _)| id.clone())
        .collect();
    list.retain(|other| other != id);
    list.insert(to.min(list.len()), id.to_owned());
    for (order, id) in (1..).zip(&list) {
        if let Some(hook) = hooks.get_mut(id) {
            hook.order = order;
        }
    }
}
