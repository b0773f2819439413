//! Web hooks that the console makes, changes, switches off and removes, for owners who have just signed in (design: security §7). Their
//! secrets are sealed in the transaction of the Save; a revision holds names alone. A Save that stands on an older revision applies to
//! the newest one where nobody touched that hook meanwhile.

mod form;
mod look;
mod words;

pub use crate::config::console_hooks::{Flow, MadeAuth, MadeHook, Outcome, Place, When};
pub(in crate::settings) use form::unreachable;
pub use form::{
    ACCOUNT, AUTH, BODY, HEADERS, ID, METHODS, OUTCOME, Signing, URL, VERB, VERBS, Wanted, WantedAuth, is_for,
};
pub use look::{Listed, Preview, Secret, WhyNone, listed, one, preview, preview_act, since, why_none};
pub(super) use words::between;
pub use words::{address, choice, moment};

use super::actions;
use super::danger::By;
use super::names::WEB_HOOKS;
use super::page::set_elsewhere;
use super::revise::{Change, Ground, conflict, gone, may_write, newest, record, save_change};
use super::{FieldError, Named, Saved};
use crate::config::console_hooks::{MadeHooks, in_order, made_hooks};
use crate::config::load::remap;
use crate::config::{Config, Method, WebHook};
use crate::effects::Effects;
use crate::engine::Engine;
use crate::error::{Error, Kind, Result};
use crate::hooks::{List, lists};
use crate::secrets::{self, reference};
use crate::store::revisions;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Others may save in between; whoever is overtaken so often is told.
const TRIES: usize = 3;

/// The field of a problem with where a hook runs.
pub const PLACE: &str = "place";

/// The signing secret, and the one before it while they are exchanged.
const SIGNATURE: &str = "signature";
const SIGNATURE_BEFORE: &str = "signature_before";

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

/// What became of it.
#[derive(Debug)]
pub struct Kept {
    pub saved: Saved,
    /// A signing secret that was made: it is told here, and nowhere else.
    pub secret: Option<String>,
}

fn secret_name(id: &str, member: &str) -> String {
    format!("hooks/{id}/{member}")
}

/// Makes a hook, or changes the one that is there (`edited`). `base`: the revision that the form was made from.
///
/// # Errors
/// 403 for whoever is no owner, and where files decide, kept in the audit.
pub async fn save(
    engine: &Engine,
    by: impl Into<By>,
    base: i64,
    edited: bool,
    wanted: Wanted,
    reason: &str,
) -> Result<Kept> {
    let by = by.into();
    may(engine, by.clone()).await?;
    let ctx = engine.begin();
    let mut problems = form::problems(&ctx.config, &wanted);
    problems.extend(look::tried(&ctx, &wanted).await?.1);
    if !problems.is_empty() {
        return Ok(Kept { saved: Saved::Again(problems), secret: None });
    }
    let made =
        matches!(wanted.auth, WantedAuth::Signature(Signing::Make)).then(|| signing_secret(engine.effects()));
    let id = wanted.id.clone();
    let change = written(edited, wanted, made.clone());
    let saved = keep(engine, by, base, &id, reason, change).await?;
    let secret = made.filter(|_| matches!(saved, Saved::Done { .. }));
    Ok(Kept { saved, secret })
}

/// One press on the hook `id`.
///
/// # Errors
/// As [`save`].
pub async fn act(
    engine: &Engine,
    by: impl Into<By>,
    base: i64,
    id: &str,
    act: Act,
    reason: &str,
) -> Result<Kept> {
    let by = by.into();
    may(engine, by.clone()).await?;
    let ctx = engine.begin();
    let mut turn = Turn { id: id.to_owned(), act, made: None, old: None };
    if act == Act::Rotate {
        turn.made = Some(signing_secret(engine.effects()));
        let number = newest(engine.db()).await?.map_or(0, |row| row.number);
        // Whose secret is gone gets a new one alone; whose cannot be read now keeps it.
        let old = secrets::value(&ctx, &secret_name(id, SIGNATURE)).await?;
        turn.old = old.map(|old| (number, old));
    }
    let made = turn.made.clone();
    let saved = keep(engine, by, base, id, reason, move |ground: &Ground| turn.taken(ground)).await?;
    let secret = made.filter(|_| matches!(saved, Saved::Done { .. }));
    Ok(Kept { saved, secret })
}

/// `whsec_` and base64 of 32 random bytes (Standard Webhooks specification, "Signature scheme").
fn signing_secret(effects: &Effects) -> String {
    format!("whsec_{}", STANDARD.encode(effects.bytes::<32>()))
}

/// Whom each secret that travels with a call is for.
pub(super) fn addressees(named: &Named) -> BTreeMap<String, String> {
    let hooks = made_hooks(named);
    let each = hooks.values().flat_map(|hook| {
        let auth = hook.auth.iter().filter(|auth| !matches!(auth, MadeAuth::StandardWebhooks { .. }));
        auth.flat_map(MadeAuth::names).map(move |name| (name.to_owned(), form::origin(&hook.url)))
    });
    each.collect()
}

/// Whether somebody may do any of this.
///
/// # Errors
/// 403, kept in the audit.
pub async fn may(engine: &Engine, by: impl Into<By>) -> Result<()> {
    let by = by.into();
    may_write(engine, &by).await?;
    if by.is_owner() {
        return Ok(());
    }
    let details = json!({"reason": "guarded", "needs": "owner"});
    let mut tx = engine.db().write().await?;
    record(&mut tx, engine.effects().now(), by.actor(), "settings.refused", details).await?;
    tx.commit().await?;
    Err(Error::new(Kind::Forbidden, "Only owners may make and change web hooks."))
}

/// Or what is wrong with the form.
pub type Verdict<T> = std::result::Result<T, Vec<FieldError>>;

type Changed = Verdict<Change>;

/// What happens to which.
type Secrets = Vec<(String, secrets::Change)>;

fn put(ground: &Ground, hooks: &MadeHooks, secrets: Secrets) -> Changed {
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
    let of = |method: Option<Method>| {
        lists.iter().find(|list| format!("{}.{}", list.flow, list.stage) == place && list.method == method)
    };
    let methods = MadeHook::possible_methods(hook.flow, hook.when);
    let wanted = methods.iter().filter(|method| hook.is_for(**method) && next.selfservice.offers(**method));
    let wanted: Vec<Option<Method>> =
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
        secrets::Change::Put(_) => format!("Web hook {id}: {what} set"),
        secrets::Change::Destroy => format!("Web hook {id}: {what} destroyed"),
    }
}

/// The highest place among those of a flow and moment.
fn last(hooks: &MadeHooks, flow: Flow, when: When) -> u32 {
    let there = hooks.values().filter(|hook| (hook.flow, hook.when) == (flow, when));
    there.map(|hook| hook.order).max().unwrap_or_default()
}

/// What a Save of the form makes.
fn written(
    edited: bool,
    wanted: Wanted,
    made: Option<String>,
) -> impl Fn(&Ground) -> Changed + Clone + Send + 'static {
    move |ground| {
        let id = &wanted.id;
        let mut hooks = made_hooks(&ground.held);
        let was = hooks.get(id).cloned();
        if edited && was.is_none() {
            let message = format!("There is no web hook {id} any more: somebody removed it.");
            return Err(vec![FieldError { field: ID, message }]);
        }
        let (hook, secrets) =
            wanted.made(was.as_ref(), last(&hooks, wanted.flow, wanted.when), made.as_deref())?;
        // The very same is there after a second click.
        let other = !edited && was.is_some_and(|was| was != hook);
        if other || is_of_files(ground, id) {
            let message = format!("There is a web hook {id} already: choose another name.");
            return Err(vec![FieldError { field: ID, message }]);
        }
        hooks.insert(id.clone(), hook);
        put(ground, &hooks, secrets)
    }
}

fn is_of_files(ground: &Ground, id: &str) -> bool {
    actions::actions(&ground.config)
        .iter()
        .any(|action| !action.hook.from_console && action.hook.id.as_deref() == Some(id))
}

/// One press, with what it needs.
#[derive(Clone)]
struct Turn {
    id: String,
    act: Act,
    /// The new signing secret.
    made: Option<String>,
    /// The one that is there, and the revision it was read at.
    old: Option<(i64, String)>,
}

impl Turn {
    fn taken(&self, ground: &Ground) -> Changed {
        let (id, mut hooks) = (&self.id, made_hooks(&ground.held));
        let mut secrets = Vec::new();
        let problem = |field, message: String| Err(vec![FieldError { field, message }]);
        let Some(hook) = hooks.get_mut(id) else {
            return match self.act {
                Act::Remove => put(ground, &hooks, secrets),
                _ => problem(ID, format!("There is no web hook {id} any more: somebody removed it.")),
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
                        return problem(AUTH, "Somebody saved meanwhile. Press it again.".to_owned());
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

/// Saves on the newest revision, if nobody touched the hook since `base`.
async fn keep<F>(engine: &Engine, by: By, base: i64, id: &str, reason: &str, change: F) -> Result<Saved>
where
    F: Fn(&Ground) -> Changed + Clone + Send + 'static,
{
    for _ in 0..TRIES {
        let newest = newest(engine.db()).await?;
        let (number, held) =
            newest.as_ref().map_or_else(|| (0, Named::new()), |row| (row.number, row.settings.clone()));
        if number != base && !untouched(engine, base, id, &held).await? {
            let Some(row) = newest else { return Err(gone()) };
            let ground = Ground { number, held, config: engine.begin().config };
            // The second click of two: the first one did it. A secret that was made is made once more, for the one that was told of
            // the first click nobody saw.
            match change(&ground) {
                Ok(change) if change.settings == ground.held && change.secrets.is_empty() => {
                    return Ok(Saved::Unchanged { revision: number });
                }
                Ok(change)
                    if change.settings == ground.held && number == base + 1 && row.by == by.shown() => {}
                _ => return Ok(conflict(row)),
            }
        }
        match save_change(engine, by.clone(), number, reason, change.clone()).await? {
            Saved::Conflict { .. } => {}
            saved => return Ok(saved),
        }
    }
    newest(engine.db()).await?.map(conflict).ok_or_else(gone)
}

/// Whether the hook is as it was then. Its place in a list is moved by others, too.
async fn untouched(engine: &Engine, base: i64, id: &str, held: &Named) -> Result<bool> {
    let was = match base {
        0 => Named::new(),
        base => {
            let mut tx = engine.db().single().await?;
            revisions::get(&mut tx, base).await?.ok_or_else(gone)?.settings
        }
    };
    let of = |named: &Named| made_hooks(named).get(id).map(|hook| MadeHook { order: 0, ..hook.clone() });
    Ok(of(&was) == of(held))
}
