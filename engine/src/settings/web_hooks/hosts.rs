//! Hosts that owners allow for webhooks and providers of the console, in addition to those of the files (design: security §6). A file
//! can forbid it. It takes a recent sign-in, like every guarded setting.

use super::permission::may;
use crate::config::load::remap;
use crate::config::{Config, allowed_host, get};
use crate::engine::Engine;
use crate::error::Result;
use crate::settings::danger::By;
use crate::settings::names::WEB_HOOK_HOSTS;
use crate::settings::page::set_elsewhere;
use crate::settings::revise::{BaseRevision, Change, newest, save_change};
use crate::settings::table::{Setting, setting};
use crate::settings::words::web_hooks::{hosts_between, hosts_of};
use crate::settings::{FieldError, Saved, files_decide};
use url::Url;

/// The field of the form.
pub const HOST: &str = "host";

/// Another operator may save in between, and the change is made on top of that.
const TRIES: usize = 3;

/// What may be called.
pub struct Hosts {
    pub files: Vec<String>,
    /// Allowed in the console.
    pub console: Vec<String>,
    /// Why owners can't allow any here.
    pub locked: Option<String>,
}

pub fn hosts(config: &Config) -> Hosts {
    let without = config.without_console();
    let list = setting(WEB_HOOK_HOSTS).and_then(Setting::key).and_then(|key| get(&without, &key)?.as_array());
    let files = list.into_iter().flatten().filter_map(|host| host.as_str().map(str::to_owned)).collect();
    // While a file forbids it, what was allowed before doesn't count.
    let counts = config.vestibule.hosts_in_console;
    let console = if counts { hosts_of(&config.named) } else { Vec::new() };
    Hosts { files, console, locked: locked(config) }
}

/// The host that an owner can allow here, so that this URL can be called.
pub fn offered(config: &Config, url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let missing = !config.vestibule.web_hook_hosts.has(&url) && locked(config).is_none();
    allowed_host(url.host_str()?).filter(|_| missing)
}

fn locked(config: &Config) -> Option<String> {
    let key = setting(WEB_HOOK_HOSTS).and_then(Setting::key).unwrap_or_default();
    files_decide(config).or_else(|| set_elsewhere(config, &key)).or_else(|| {
        let forbidden = "`vestibule.web_hooks.allow_hosts_in_console` is off, so hosts can only be allowed in configuration files.";
        (!config.vestibule.hosts_in_console).then(|| forbidden.to_owned())
    })
}

/// Allows a host, or removes one that was allowed here (`allow` is false). It applies at once.
///
/// # Errors
/// 403 for everyone but owners, and where files decide, kept in the audit.
pub async fn set_host(
    engine: &Engine,
    by: impl Into<By>,
    host: &str,
    allow: bool,
    reason: &str,
) -> Result<Saved> {
    let by = by.into();
    may(engine, by.clone()).await?;
    let wrong =
        |message: &str| Ok(Saved::Again(vec![FieldError { field: HOST, message: message.to_owned() }]));
    if let Some(why) = locked(&engine.begin().config) {
        return wrong(&why);
    }
    let Some(host) = allowed_host(host) else {
        return wrong(
            "Enter a host without scheme, port and path, for example `crm.example.org`. `*.example.org` allows all its subdomains.",
        );
    };
    let change = move |ground: &BaseRevision| {
        let mut hosts = hosts_of(&ground.held);
        hosts.retain(|one| *one != host);
        if allow {
            hosts.push(host.clone());
        }
        let mut settings = ground.held.clone();
        match hosts.is_empty() {
            true => settings.remove(WEB_HOOK_HOSTS),
            false => settings.insert(WEB_HOOK_HOSTS.to_owned(), hosts.into()),
        };
        let next = remap(&ground.config, ground.number + 1, &settings);
        let summary = next.map(|next| hosts_between(&ground.held, &next.named)).unwrap_or_default();
        Ok(Change { settings, summary, secrets: Vec::new() })
    };
    let mut tries = 0;
    loop {
        let number = newest(engine.db()).await?.map_or(0, |row| row.number);
        let saved = save_change(engine, by.clone(), number, reason, change.clone()).await?;
        tries += 1;
        if tries == TRIES || !matches!(saved, Saved::Conflict { .. }) {
            return Ok(saved);
        }
    }
}
