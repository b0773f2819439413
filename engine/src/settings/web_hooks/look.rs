//! What the page shows of the console's web hooks, and what a Save would bring about: nothing here is written but the audit.

use super::change::{Act, Changed, Turn, written};
use super::form::{self, BODY, ID, Wanted, WantedAuth};
use super::names::{SIGNATURE, SIGNATURE_BEFORE, Verdict};
use super::permission::may;
use crate::config::Config;
use crate::config::console_hooks::{Flow, MadeAuth, MadeHook, in_order, made_hooks};
use crate::config::load::remap;
use crate::engine::{Ctx, Engine};
use crate::error::Result;
use crate::hooks::{self, Sample};
use crate::operators::Operator;
use crate::pipeline::{Compared, compared, pipeline};
use crate::plan::{Client, FlowKind, plan};
use crate::secrets::{self, Held};
use crate::settings::FieldError;
use crate::settings::actions::{self, Action};
use crate::settings::checks::{Check, brought_about, found_anew};
use crate::settings::names::WEB_HOOKS;
use crate::settings::page::{registering, signing_in};
use crate::settings::revise::{BaseRevision, field_error, files_decide};
use crate::settings::words;
use crate::store::revisions::{self, Row};
use chrono::{DateTime, Utc};
use serde_json::json;

/// How many revisions are searched for who changed a hook last.
const SEARCHED: i64 = 1000;

/// A hook of the console.
pub struct Listed {
    pub id: String,
    pub hook: MadeHook,
    /// Where it stands; nowhere when it is off.
    pub actions: Vec<Action>,
    pub secrets: Vec<Secret>,
    /// Its place among `of` of its flow and moment, from 0.
    pub at: usize,
    pub of: usize,
    /// Why its calls would not leave.
    pub unreachable: Option<String>,
    /// Operator's name, time, revision.
    pub changed: Option<(String, DateTime<Utc>, i64)>,
}

/// One that it stands on.
pub struct Secret {
    /// What a person calls it.
    pub what: &'static str,
    /// `None`: it is gone.
    pub held: Option<Held>,
}

/// Why no web hook can be made.
pub enum WhyNone {
    /// Files decide about everything.
    Files(String),
    /// No host is allowed, and none can be allowed here. Where that is done.
    NoHosts(String),
}

pub fn why_none(config: &Config) -> Option<WhyNone> {
    if let Some(sentence) = files_decide(config) {
        return Some(WhyNone::Files(sentence));
    }
    let none = config.vestibule.web_hook_hosts.is_empty() && super::hosts(config).locked.is_some();
    none.then(|| WhyNone::NoHosts(form::place_of_hosts(config)))
}

/// All of them, in the order in which they run.
pub async fn listed(engine: &Engine) -> Result<Vec<Listed>> {
    let config = engine.begin().config;
    let hooks = made_hooks(&config.named);
    if hooks.is_empty() {
        return Ok(Vec::new());
    }
    let held = secrets::held(engine).await?;
    let rows = {
        let mut tx = engine.db().read().await?;
        let mut rows = revisions::list(&mut tx, SEARCHED).await?;
        rows.retain(|row| row.number <= config.revision);
        rows
    };
    let standing = actions::actions(&config);
    let all = in_order(&hooks);
    let list = all.iter().map(|(id, hook)| {
        let beside = || all.iter().filter(|(_, other)| (other.flow, other.when) == (hook.flow, hook.when));
        let named = hook.auth.iter().flat_map(MadeAuth::names);
        let secrets = named.map(|name| Secret { what: called(name), held: held.get(name).cloned() });
        let is_it = |action: &&Action| action.hook.from_console && action.hook.id.as_ref() == Some(*id);
        Listed {
            id: (*id).clone(),
            hook: (*hook).clone(),
            actions: standing.iter().filter(is_it).cloned().collect(),
            secrets: secrets.collect(),
            at: beside().position(|(other, _)| other == id).unwrap_or_default(),
            of: beside().count(),
            unreachable: url::Url::parse(&hook.url).ok().and_then(|url| form::unreachable(&config, &url)),
            changed: last_change(&rows, id).map(|row| (row.by.clone(), row.at, row.number)),
        }
    });
    Ok(list.collect())
}

/// One of them.
pub async fn one(engine: &Engine, id: &str) -> Result<Option<Listed>> {
    Ok(listed(engine).await?.into_iter().find(|listed| listed.id == id))
}

fn called(name: &str) -> &'static str {
    match name.rsplit('/').next() {
        Some("password") => "Password",
        Some(SIGNATURE) => "Signing secret",
        Some(SIGNATURE_BEFORE) => "Signing secret before it",
        _ => "Key",
    }
}

/// The newest of `rows` (newest first) that says something else about it than the one before.
fn last_change<'a>(rows: &'a [Row], id: &str) -> Option<&'a Row> {
    let of = |row: &'a Row| row.settings.get(WEB_HOOKS).and_then(|hooks| hooks.get(id));
    rows.iter().enumerate().find_map(|(index, row)| {
        let before = rows.get(index + 1).and_then(of);
        (of(row) != before).then_some(row)
    })
}

/// What a Save would bring about.
pub struct Preview {
    /// In words.
    pub changes: Vec<String>,
    /// What runs now and then, for each method and client of its flow; none where that has no plan.
    pub pipelines: Vec<Compared>,
    pub flow: Flow,
    /// Errors refuse the Save, dangers ask for a reason.
    pub brings_about: Vec<Check>,
    /// All that is found then and is not found now, those included.
    pub findings: Vec<Check>,
    /// What the template makes, and of what.
    pub sample: Option<Sample>,
}

/// Of the form. Shows what was sent before, so it is for owners, and kept in the audit.
///
/// # Errors
/// As [`super::save`].
pub async fn preview(
    engine: &Engine,
    by: &Operator,
    edited: bool,
    wanted: &Wanted,
) -> Result<Verdict<Preview>> {
    may(engine, by).await?;
    let ctx = engine.begin();
    let mut problems = form::problems(&ctx.config, wanted);
    let (sample, wrong) = tried(&ctx, wanted).await?;
    problems.extend(wrong);
    if !problems.is_empty() {
        return Ok(Err(problems));
    }
    let mut tx = ctx.db().write().await?;
    let about = json!({"hook": wanted.id, "place": place(wanted)});
    actions::record(&mut tx, engine, by, "hooks.look", about).await?;
    tx.commit().await?;
    // Nothing is kept, so any secret will do.
    let change = written(edited, wanted.clone(), Some(String::new()));
    Ok(would_be(&ctx, wanted.flow, change).map(|preview| Preview { sample, ..preview }))
}

/// Of one press.
pub fn preview_act(engine: &Engine, id: &str, act: Act) -> Verdict<Preview> {
    let ctx = engine.begin();
    let hooks = made_hooks(&ctx.config.named);
    let Some(hook) = hooks.get(id) else {
        let message = format!("The webhook {id} no longer exists. Another operator removed it.");
        return Err(vec![FieldError { field: ID, message }]);
    };
    let turn = Turn { id: id.to_owned(), act, made: None, old: None };
    would_be(&ctx, hook.flow, move |ground: &BaseRevision| turn.taken(ground))
}

/// What was saved since the revision `base`, in words.
pub async fn since(engine: &Engine, base: i64) -> Result<Vec<String>> {
    let now = engine.begin().config;
    let mut tx = engine.db().read().await?;
    let was = if base == 0 { None } else { revisions::get(&mut tx, base).await? };
    let was = remap(&now, base, &was.map(|row| row.settings).unwrap_or_default());
    Ok(was.map(|was| words::between(&was, &now)).unwrap_or_default())
}

fn would_be(ctx: &Ctx, flow: Flow, change: impl Fn(&BaseRevision) -> Changed) -> Verdict<Preview> {
    let config = &ctx.config;
    let ground = BaseRevision { number: config.revision, held: config.named.clone(), config: config.clone() };
    let changed = change(&ground)?;
    let then = remap(config, config.revision, &changed.settings)
        .map_err(|problems| problems.0.iter().map(field_error).collect::<Vec<_>>())?;
    Ok(Preview {
        changes: words::web_hooks::between(&config.named, &changed.settings),
        pipelines: pipelines(config, &then, flow),
        flow,
        brings_about: brought_about(config, &then),
        findings: found_anew(config, &then),
        sample: None,
    })
}

fn pipelines(now: &Config, then: &Config, flow: Flow) -> Vec<Compared> {
    let (kind, methods) = match flow {
        Flow::Registration => (FlowKind::Registration, registering(then).collect::<Vec<_>>()),
        Flow::Login => (FlowKind::Login, signing_in(then).collect()),
        Flow::Verification => return Vec::new(),
    };
    let clients = [Client::Browser, Client::Spa, Client::Native];
    let each = methods.into_iter().flat_map(|method| clients.map(|client| (method, client)));
    each.map(|(method, client)| {
        let drawn = |config: &Config| pipeline(config, &plan(config, kind, method, client));
        compared(&drawn(now), &drawn(then))
    })
    .collect()
}

fn place(wanted: &Wanted) -> String {
    format!("{}.{}", wanted.flow.name(), wanted.when.name())
}

/// What the template makes of what was sent last, or of somebody made up; and what is wrong with it.
pub(super) async fn tried(ctx: &Ctx, wanted: &Wanted) -> Result<(Option<Sample>, Vec<FieldError>)> {
    // What is too long has been said.
    if wanted.body.is_empty() || !form::is_body(&wanted.body) {
        return Ok((None, Vec::new()));
    }
    let wrong = |message: String| vec![FieldError { field: BODY, message }];
    // All else has no part in it, and may be wrong itself.
    let alone = Wanted {
        url: "https://example.org/".to_owned(),
        method: "POST".to_owned(),
        headers: Vec::new(),
        auth: WantedAuth::Nothing,
        ..wanted.clone()
    };
    let id = if form::is_id(&wanted.id) { wanted.id.as_str() } else { "" };
    let hook = alone.made(None, 0, None).map(|(hook, _)| hook.web_hook(id));
    let hook = match hook {
        Ok(Ok(hook)) => hook,
        Ok(Err(what)) => return Ok((None, wrong(format!("{what}.")))),
        Err(problems) => return Ok((None, problems)),
    };
    let sample = hooks::sample(ctx, &hook, &place(wanted)).await?;
    let why = sample.output.as_ref().err().filter(|_| sample.never || !(wanted.despite || sample.cancelled));
    let why = why.map(|why| {
        let mut letters = why.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        format!("{first}{}.", letters.as_str())
    });
    Ok((Some(sample), why.map(wrong).unwrap_or_default()))
}
