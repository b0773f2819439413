//! The page *Social sign-in*: which providers there are, where each comes from, and what a Save of one writes. Providers are laid
//! over the files by id; their secrets lie elsewhere (design: security §7).

mod draft;
mod mapper;

pub use super::provider_fields::{SECRETS, TEXTS};
pub use draft::{Draft, Mapper, fields, secret_of};
pub use mapper::{Made, Tried, sample, try_mapper};

use super::danger::By;
use super::history::settings_of;
use super::names::{
    SOCIAL_BUTTONS, SOCIAL_ENABLED, SOCIAL_OFF, SOCIAL_ORDER, SOCIAL_PROVIDERS,
    SOCIAL_TRUSTED_EMAIL_PROVIDERS,
};
use super::page::{SEARCHED, set_elsewhere};
use super::provider_fields::field_of;
use super::revise::{BaseRevision, Change, save_change};
use super::table::{self, Setting, on_page, setting};
use super::web_hooks::unreachable;
use super::words::social as words;
use super::{FieldError, Named, Saved};
use crate::config::load::remap;
use crate::config::social::{ADDRESSES, ENABLED, LIST, Pkce, TRUSTED_EMAIL_PROVIDERS};
use crate::config::{Config, fingerprint, get};
use crate::engine::Engine;
use crate::error::Result;
use crate::secrets::{self, Held, name_in, reference};
use crate::store::revisions::{self, Row};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use url::Url;

/// Where an entry stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum From {
    Files,
    Console,
    /// In a file, with something of the console laid over it.
    Both,
}

/// What there is of a secret.
#[derive(Clone, Debug, PartialEq)]
pub enum Kept {
    Nothing,
    /// In a file or in the environment.
    InFiles,
    Held(Held),
    /// It is named, and not there: nobody can come from this provider.
    Gone,
}

/// One provider.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: String,
    /// As in `provider:`.
    pub kind_name: String,
    pub label: String,
    pub from: From,
    pub off: bool,
    pub redirect_uri: String,
    pub secret: Kept,
    /// Last change in the console: operator's name, time, revision.
    pub changed: Option<(String, DateTime<Utc>, i64)>,
    /// As a form shows it; `None`: of a kind that is not there yet.
    pub draft: Option<Draft>,
}

impl Entry {
    /// Whether the secret of that draft is the one that is held; one that was not typed is.
    pub fn holds_secret_of(&self, config: &Config, draft: &Draft) -> bool {
        let typed = draft.secret(secret_of(draft.kind));
        typed.is_empty()
            || matches!(&self.secret, Kept::Held(held) if held.fingerprint == fingerprint(config, typed))
    }
}

/// What the page shows.
#[derive(Clone, Debug)]
pub struct Page {
    pub revision: i64,
    pub enabled: bool,
    pub buttons_first: bool,
    /// In the order of the buttons.
    pub entries: Vec<Entry>,
    /// Why one of its keys cannot be changed here, by the setting's name.
    pub locked: BTreeMap<&'static str, String>,
}

/// What is in force, with where it comes from.
pub async fn current(engine: &Engine) -> Result<Page> {
    let config = engine.begin().config;
    let held = secrets::held(engine).await?;
    let mut rows = {
        let mut tx = engine.db().read().await?;
        revisions::list(&mut tx, SEARCHED).await?
    };
    rows.retain(|row| row.number <= config.revision);
    let files = of_files(&config);
    let social = &config.selfservice.social;
    let mut entries: Vec<Entry> =
        in_force(&config).iter().map(|entry| read(&config, entry, &files, &held, &rows)).collect();
    entries.sort_by_cached_key(|entry| social.place(&entry.id));
    Ok(Page {
        revision: config.revision,
        enabled: social.enabled,
        buttons_first: social.buttons_first,
        entries,
        locked: on_page(table::Page::SocialSignIn)
            .filter_map(|setting| Some((setting.name, set_elsewhere(&config, &setting.key()?)?)))
            .collect(),
    })
}

impl Page {
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    /// An id for a new one, such as `google`, or `google-2`.
    pub fn free_id(&self, name: &str) -> String {
        let taken = |id: &str| self.entry(id).is_some();
        let further = (2..).map(|number| format!("{name}-{number}"));
        std::iter::once(name.to_owned()).chain(further).find(|id| !taken(id)).unwrap_or_default()
    }
}

/// Where people are sent back to, for a provider as it is typed.
pub fn redirect_uri(config: &Config, draft: &Draft) -> String {
    let pkce = match draft.text("pkce") {
        "force" => Pkce::Force,
        "never" => Pkce::Never,
        _ if draft.kind.takes_proof_keys => Pkce::Force,
        _ => Pkce::Auto,
    };
    config.selfservice.social.redirect_uri_of(&draft.id, pkce)
}

fn in_force(config: &Config) -> Vec<Value> {
    get(&config.raw, LIST).and_then(Value::as_array).cloned().unwrap_or_default()
}

/// The same without the console.
fn of_files(config: &Config) -> Vec<Value> {
    get(&config.without_console(), LIST).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn with_id<'a>(list: &'a [Value], id: &str) -> Option<&'a Value> {
    list.iter().find(|entry| entry["id"].as_str() == Some(id))
}

/// What the console says of that provider.
fn laid_over<'a>(named: &'a Named, id: &str) -> Option<&'a Value> {
    named.get(SOCIAL_PROVIDERS)?.get(id)
}

fn read(
    config: &Config,
    entry: &Value,
    files: &[Value],
    held: &BTreeMap<String, Held>,
    rows: &[Row],
) -> Entry {
    let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    let id = text("id");
    let social = &config.selfservice.social;
    let provider = social.configured(&id);
    let draft = Draft::of(entry, provider.is_some_and(|provider| provider.vouches));
    let member = draft.as_ref().map_or("client_secret", |draft| secret_of(draft.kind));
    let changed = rows.iter().enumerate().find_map(|(index, row)| {
        let before = rows.get(index + 1).and_then(|row| laid_over(&row.settings, &id));
        (laid_over(&row.settings, &id) != before).then(|| (row.by.clone(), row.at, row.number))
    });
    Entry {
        kind_name: text("provider"),
        label: provider.map_or_else(|| id.clone(), |provider| provider.label.clone()),
        from: match (with_id(files, &id), laid_over(&config.named, &id)) {
            (Some(_), Some(_)) => From::Both,
            (None, Some(_)) => From::Console,
            (_, None) => From::Files,
        },
        off: social.is_off(&id),
        redirect_uri: provider.map_or_else(String::new, |provider| social.redirect_uri(provider)),
        secret: match entry[member].as_str() {
            None | Some("") => Kept::Nothing,
            Some(text) => match name_in(text) {
                None => Kept::InFiles,
                Some(name) => held.get(name).map_or(Kept::Gone, |held| Kept::Held(held.clone())),
            },
        },
        changed,
        draft,
        id,
    }
}

/// Saves a provider; `was`: its id, if it is there already. A new one is off until somebody switches it on.
pub async fn save(
    engine: &Engine,
    by: impl Into<By>,
    base: i64,
    (was, draft): (Option<String>, Draft),
    reason: &str,
) -> Result<Saved> {
    let id = was.clone().unwrap_or_else(|| draft.id.clone());
    let change = move |ground: &BaseRevision| written(ground, was.as_deref(), &draft);
    on_newest(engine, by.into(), base, reason, of_one(id), change).await
}

/// Takes a provider away, or what the console says of one that a file has. Its secrets are destroyed.
pub async fn remove(
    engine: &Engine,
    by: impl Into<By>,
    base: i64,
    id: String,
    reason: &str,
) -> Result<Saved> {
    let mine = of_one(id.clone());
    on_newest(engine, by.into(), base, reason, mine, move |ground: &BaseRevision| taken_away(ground, &id))
        .await
}

/// What can be done on the list of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrange {
    /// Offers a provider, or does not.
    Offer(String, bool),
    Up(String),
    Down(String),
    /// All of it.
    Method(bool),
    ButtonsFirst(bool),
}

/// Switches and orders.
pub async fn arrange(
    engine: &Engine,
    by: impl Into<By>,
    base: i64,
    wanted: Arrange,
    reason: &str,
) -> Result<Saved> {
    let name = match &wanted {
        Arrange::Offer(..) => SOCIAL_OFF,
        Arrange::Up(_) | Arrange::Down(_) => SOCIAL_ORDER,
        Arrange::Method(_) => SOCIAL_ENABLED,
        Arrange::ButtonsFirst(_) => SOCIAL_BUTTONS,
    };
    let mine = move |named: &Named| named.get(name).cloned().unwrap_or_default();
    on_newest(engine, by.into(), base, reason, mine, move |ground: &BaseRevision| arranged(ground, &wanted))
        .await
}

/// What the console says of one provider: of interest to whoever edits it.
fn of_one(id: String) -> impl Fn(&Named) -> Value {
    move |named: &Named| {
        let vouching = named.get(SOCIAL_TRUSTED_EMAIL_PROVIDERS).and_then(Value::as_array);
        let vouches = vouching.map(|list| list.iter().any(|one| one == id.as_str()));
        serde_json::json!([laid_over(named, &id), vouches])
    }
}

/// As [`save_change`], on the newest revision where nobody touched what this is about since `base`.
async fn on_newest<F>(
    engine: &Engine,
    by: By,
    base: i64,
    reason: &str,
    mine: impl Fn(&Named) -> Value,
    change: F,
) -> Result<Saved>
where
    F: Fn(&BaseRevision) -> std::result::Result<Change, Vec<FieldError>> + Clone + Send + 'static,
{
    const TRIES: usize = 3;
    let mut on = base;
    for _ in 0..TRIES {
        let saved = save_change(engine, by.clone(), on, reason, change.clone()).await?;
        let Saved::Conflict { revision, .. } = saved else { return Ok(saved) };
        let (was, is) = (settings_of(engine, base).await?, settings_of(engine, revision).await?);
        match (was, is) {
            (Some(was), Some(is)) if mine(&was) == mine(&is) => on = revision,
            _ => return Ok(saved),
        }
    }
    save_change(engine, by, on, reason, change).await
}

type Changed = std::result::Result<Change, Vec<FieldError>>;

/// A key of a variable cannot be changed here.
fn unlocked(config: &Config, name: &str, field: &'static str) -> std::result::Result<(), Vec<FieldError>> {
    match set_elsewhere(config, &setting(name).and_then(Setting::key).unwrap_or_default()) {
        Some(message) => Err(vec![FieldError { field, message }]),
        None => Ok(()),
    }
}

fn written(ground: &BaseRevision, was: Option<&str>, draft: &Draft) -> Changed {
    let config = &ground.config;
    unlocked(config, SOCIAL_PROVIDERS, "id")?;
    let (files, all) = (of_files(config), in_force(config));
    let (file, before) = (with_id(&files, &draft.id), with_id(&all, &draft.id));
    if let Some(was) = was
        && (was != draft.id || before.is_none())
    {
        let message = format!("The provider {was} no longer exists. Another operator removed it.");
        return Err(vec![FieldError { field: "id", message }]);
    }
    let problems = draft.problems(file, before.filter(|_| was.is_some()), was.is_none() && before.is_some());
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut over = laid_over(&ground.held, &draft.id).and_then(Value::as_object).cloned().unwrap_or_default();
    for (name, value) in draft.members().map_err(|problem| vec![problem])? {
        lay(&mut over, name, value, file);
    }
    let unlisted = unlisted(config, &over);
    if !unlisted.is_empty() {
        return Err(unlisted);
    }
    let mut secrets = Vec::new();
    for member in SECRETS {
        let value = draft.secret(member);
        if !value.is_empty() && member == secret_of(draft.kind) {
            let name = secret_name(&draft.id, member);
            over.insert(member.to_owned(), reference(&name).into());
            secrets.push((name, secrets::Change::Put(value.to_owned())));
        }
    }
    let mut settings = ground.held.clone();
    put_provider(&mut settings, &draft.id, Some(over));
    vouch(&mut settings, config, draft)?;
    if was.is_none() {
        // Else it would be offered before anybody has tested it.
        unlocked(config, SOCIAL_OFF, "id")?;
        let off = config.selfservice.social.off.iter().cloned().chain([draft.id.clone()]);
        settings.insert(SOCIAL_OFF.to_owned(), off.collect());
    }
    // What is wrong with the whole entry, such as a mapper that cannot be read.
    let whole = remap(config, ground.number + 1, &settings);
    if let Err(problems) = &whole {
        let beside = problems.0.iter().find_map(|problem| Some((field_of(&problem.path)?, problem)));
        if let Some((field, problem)) = beside {
            let message = format!("{}. Enter {}.", capital(&problem.what), problem.instead);
            return Err(vec![FieldError { field, message }]);
        }
    }
    let mut summary = whole.map(|next| words::between(config, &next)).unwrap_or_default();
    if was.is_some() {
        let label = if draft.text("label").is_empty() { &draft.id } else { draft.text("label") };
        summary.extend(secrets.iter().map(|_| format!("{label}: a new secret")));
    }
    Ok(Change { settings, summary, secrets })
}

/// Addresses that the console would write and may not call: the list of hosts is that of webhooks (design: security §11.19).
fn unlisted(config: &Config, over: &Map<String, Value>) -> Vec<FieldError> {
    let each = ADDRESSES.into_iter().filter_map(|field| {
        let url = Url::parse(over.get(field)?.as_str()?).ok()?;
        Some(FieldError { field, message: unreachable(config, &url)? })
    });
    each.collect()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

fn secret_name(id: &str, member: &str) -> String {
    format!("social/{id}/{member}")
}

/// Only what differs from the file is laid over it, so that the file still decides the rest.
fn lay(over: &mut Map<String, Value>, name: &str, wanted: Option<Value>, file: Option<&Value>) {
    let of_file = file.and_then(|file| file.get(name)).filter(|value| !value.is_null());
    match (wanted, of_file) {
        (wanted, of_file) if wanted.as_ref() == of_file => {
            over.shift_remove(name);
        }
        (Some(wanted), _) => {
            over.insert(name.to_owned(), wanted);
        }
        (None, _) => {
            over.insert(name.to_owned(), Value::Null);
        }
    }
}

/// `None`, or nothing in it: the console says nothing of it.
fn put_provider(settings: &mut Named, id: &str, over: Option<Map<String, Value>>) {
    let mut all = settings.get(SOCIAL_PROVIDERS).and_then(Value::as_object).cloned().unwrap_or_default();
    match over.filter(|over| !over.is_empty()) {
        Some(over) => all.insert(id.to_owned(), over.into()),
        None => all.shift_remove(id),
    };
    if all.is_empty() {
        settings.remove(SOCIAL_PROVIDERS);
    } else {
        settings.insert(SOCIAL_PROVIDERS.to_owned(), all.into());
    }
}

/// The list is written once somebody differs from what the kinds say; from then on it decides alone.
fn vouch(settings: &mut Named, config: &Config, draft: &Draft) -> std::result::Result<(), Vec<FieldError>> {
    let social = &config.selfservice.social;
    let list = get(&config.raw, TRUSTED_EMAIL_PROVIDERS).and_then(Value::as_array);
    let so_far = match (social.configured(&draft.id), list) {
        (Some(provider), _) => provider.vouches,
        (None, Some(list)) => list.iter().any(|one| one == draft.id.as_str()),
        (None, None) => draft.kind.vouches,
    };
    if so_far == draft.vouches {
        return Ok(());
    }
    unlocked(config, SOCIAL_TRUSTED_EMAIL_PROVIDERS, "vouches")?;
    let mut ids: Vec<String> = match list {
        Some(list) => list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        None => {
            let all = social.providers.iter().filter(|provider| provider.vouches);
            all.map(|provider| provider.id.clone()).collect()
        }
    };
    ids.retain(|id| *id != draft.id);
    if draft.vouches {
        ids.push(draft.id.clone());
    }
    settings.insert(SOCIAL_TRUSTED_EMAIL_PROVIDERS.to_owned(), ids.into());
    Ok(())
}

fn taken_away(ground: &BaseRevision, id: &str) -> Changed {
    let config = &ground.config;
    unlocked(config, SOCIAL_PROVIDERS, "id")?;
    let Some(over) = laid_over(&ground.held, id) else {
        let message = match with_id(&in_force(config), id) {
            Some(_) => {
                "It is defined in a file and has no console settings. Remove it from the file, or turn it off."
            }
            None => "This provider no longer exists.",
        };
        return Err(vec![FieldError { field: "id", message: message.to_owned() }]);
    };
    let named = SECRETS.iter().filter_map(|member| over.get(*member)?.as_str().and_then(name_in));
    let secrets = named.map(|name| (name.to_owned(), secrets::Change::Destroy)).collect();
    let mut settings = ground.held.clone();
    put_provider(&mut settings, id, None);
    if with_id(&of_files(config), id).is_none() {
        for name in [SOCIAL_TRUSTED_EMAIL_PROVIDERS, SOCIAL_OFF, SOCIAL_ORDER] {
            if let Some(Value::Array(ids)) = settings.get_mut(name) {
                ids.retain(|one| one != id);
            }
        }
    }
    let summary = remap(config, ground.number + 1, &settings).map(|next| words::between(config, &next));
    Ok(Change { settings, summary: summary.unwrap_or_default(), secrets })
}

fn arranged(ground: &BaseRevision, wanted: &Arrange) -> Changed {
    let config = &ground.config;
    let social = &config.selfservice.social;
    let mut settings = ground.held.clone();
    let list = |ids: Vec<String>| Value::from(ids);
    let mut put = |name: &str, value: Value| -> std::result::Result<(), Vec<FieldError>> {
        unlocked(config, name, "id")?;
        settings.insert(name.to_owned(), value);
        Ok(())
    };
    match wanted {
        Arrange::Offer(id, on) => {
            exists(config, id)?;
            let mut off: Vec<String> = social.off.iter().filter(|one| *one != id).cloned().collect();
            let alone = social.providers.iter().all(|one| one.id == *id || social.is_off(&one.id));
            if !on {
                off.push(id.clone());
            }
            if *on == social.is_off(id) {
                put(SOCIAL_OFF, list(off))?;
            }
            // The first one that is offered brings the method along; where others would appear with it, that is said separately.
            if *on && alone && !social.enabled && config.variable(ENABLED).is_none() {
                put(SOCIAL_ENABLED, true.into())?;
            }
        }
        Arrange::Up(id) | Arrange::Down(id) => {
            exists(config, id)?;
            let mut ids: Vec<String> =
                in_force(config).iter().filter_map(|entry| entry["id"].as_str().map(str::to_owned)).collect();
            ids.sort_by_cached_key(|id| social.place(id));
            let at = ids.iter().position(|one| one == id).unwrap_or_default();
            let to = match wanted {
                Arrange::Up(_) => at.checked_sub(1),
                Arrange::Offer(..) | Arrange::Down(_) | Arrange::Method(_) | Arrange::ButtonsFirst(_) => {
                    Some(at + 1).filter(|to| *to < ids.len())
                }
            };
            if let Some(to) = to {
                ids.swap(at, to);
                put(SOCIAL_ORDER, list(ids))?;
            }
        }
        Arrange::Method(on) if *on != social.enabled => put(SOCIAL_ENABLED, (*on).into())?,
        Arrange::ButtonsFirst(first) if *first != social.buttons_first => {
            put(SOCIAL_BUTTONS, if *first { "first" } else { "last" }.into())?;
        }
        Arrange::Method(_) | Arrange::ButtonsFirst(_) => {}
    }
    let summary = remap(config, ground.number + 1, &settings).map(|next| words::between(config, &next));
    Ok(Change { settings, summary: summary.unwrap_or_default(), secrets: Vec::new() })
}

fn exists(config: &Config, id: &str) -> std::result::Result<(), Vec<FieldError>> {
    match with_id(&in_force(config), id) {
        Some(_) => Ok(()),
        None => {
            let message = "This provider no longer exists. Reload the page.".to_owned();
            Err(vec![FieldError { field: "id", message }])
        }
    }
}
