//! The state of the watched configuration files: why the newest files do not apply, for the log and the console. And what a change of
//! files may not do by itself.

use super::{Config, Layers};
use chrono::{DateTime, Utc};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Files that changed and do not apply. The configuration from before them stays.
#[derive(Clone, PartialEq, Debug)]
pub struct NotApplied {
    pub since: DateTime<Utc>,
    pub why: Why,
    /// Names what the files contained, without revealing it.
    pub content: String,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Why {
    /// Each problem as a sentence.
    Refused(Vec<String>),
    /// These keys are read at the start only.
    NeedsRestart(Vec<&'static str>),
    /// These sections and lists of hooks are gone, as in a file that was cut off. An owner confirms that.
    Loses(Vec<String>),
}

/// What this server knows of its files.
#[derive(Default)]
pub struct FilesState {
    not_applied: Mutex<Option<NotApplied>>,
    confirmed: Mutex<Option<String>>,
    confirmation: Notify,
}

impl FilesState {
    pub fn not_applied(&self) -> Option<NotApplied> {
        lock(&self.not_applied).clone()
    }

    /// `false`: it was so already.
    pub(crate) fn set(&self, not_applied: Option<NotApplied>) -> bool {
        let mut own = lock(&self.not_applied);
        let same =
            |one: &NotApplied, other: &NotApplied| one.why == other.why && one.content == other.content;
        let changes = match (&*own, &not_applied) {
            (Some(was), Some(is)) => !same(was, is),
            (None, None) => false,
            (Some(_), None) | (None, Some(_)) => true,
        };
        if changes {
            *own = not_applied;
        }
        changes
    }

    /// Files with that content may lose what they lose. `false`: it is not what waits.
    pub(crate) fn confirm(&self, content: &str) -> bool {
        let waits = lock(&self.not_applied)
            .as_ref()
            .is_some_and(|waits| matches!(waits.why, Why::Loses(_)) && waits.content == content);
        if waits {
            *lock(&self.confirmed) = Some(content.to_owned());
            self.confirmation.notify_one();
        }
        waits
    }

    pub(crate) fn is_confirmed(&self, content: &str) -> bool {
        lock(&self.confirmed).as_deref() == Some(content)
    }

    /// Until the next confirmation.
    pub(crate) async fn confirmation(&self) {
        self.confirmation.notified().await;
    }
}

/// A panic elsewhere leaves a value as it was.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keys that are read at the start only, each with how it is compared.
type Fixed = (&'static str, fn(&Config) -> String);

const FIXED: &[Fixed] = &[
    ("serve.public.host, serve.public.port", |config| {
        format!("{}:{}", config.serve.public.host, config.serve.public.port)
    }),
    ("serve.admin.host, serve.admin.port", |config| {
        format!("{}:{}", config.serve.admin.host, config.serve.admin.port)
    }),
    ("vestibule.console.host, vestibule.console.port", |config| {
        format!("{}:{}", config.vestibule.console.host, config.vestibule.console.port)
    }),
    ("dsn", |config| config.dsn.as_ref().map(|dsn| dsn.to_string()).unwrap_or_default()),
    ("secrets", |config| {
        let secrets = &config.secrets;
        let all = [&secrets.default, &secrets.cookie, &secrets.cipher];
        all.map(|list| list.iter().map(|secret| secret.to_string()).collect::<Vec<_>>().join("\n"))
            .join("\n\n")
    }),
    ("log", |config| format!("{:?}", config.log)),
    ("vestibule.limits.connections", |config| format!("{:?}", config.vestibule.connections)),
    ("vestibule.limits.requests.head", |config| format!("{:?}", config.vestibule.requests.head)),
];

/// Keys with another value in `next` that are read at the start only.
pub(crate) fn need_restart(config: &Config, next: &Config) -> Vec<&'static str> {
    FIXED.iter().filter(|(_, value)| value(config) != value(next)).map(|(key, _)| *key).collect()
}

/// What is in the files of `config`, and in those of `next` no more: a section, or a list of hooks.
pub(crate) fn lost(config: &Layers, next: &Layers) -> Vec<String> {
    let (was, is) = (config.files(), next.files());
    let sections =
        was.as_object().into_iter().flatten().filter(|(_, value)| value.is_object()).map(|(name, _)| name);
    let mut lost: Vec<String> = sections.filter(|name| is.get(name).is_none()).cloned().collect();
    let mut hooks = Vec::new();
    super::layers::hook_lists(was, "", &mut hooks);
    let in_section = |path: &String| lost.iter().any(|name| path.split('.').next() == Some(name));
    let gone = |path: &String| super::get(is, path).is_none_or(serde_json::Value::is_null);
    let hooks: Vec<String> = hooks.into_iter().filter(|path| !in_section(path) && gone(path)).collect();
    lost.extend(hooks);
    lost
}
