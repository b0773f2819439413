//! Configuration files that change while the server runs. They are looked at ten times a second rather than by notifications of the
//! system: that finds a file that was written, renamed over another, or swapped by a symbolic link (as Kubernetes does with mounted
//! files), also in a network file system. After 250 milliseconds without a change they are read and checked whole, and apply or don't.

use super::revise::load_current;
use crate::config::files::{lost, need_restart};
use crate::config::load::{Loaded, Note, Problems, Sources, fetch};
use crate::config::{self, NotApplied, Why};
use crate::engine::Engine;
use crate::error::{Error, Kind, Result};
use crate::operators::{Operator, Role};
use crate::store::audit;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

const LOOK: Duration = Duration::from_millis(100);
/// So many looks without a change: longer than 250 milliseconds.
const QUIET: u32 = 3;
/// So many looks after the database did not answer.
const PAUSE: u32 = 10;

/// What became of files that changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Reloaded {
    Applied,
    /// They say the same as before.
    Unchanged,
    /// See [`Engine::files`].
    NotApplied,
    /// They changed while they were read.
    Moved,
}

/// When which file was written, by what the file system says.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Seen(Vec<Option<Version>>);

#[cfg(unix)]
type Version = [i128; 5];
#[cfg(not(unix))]
type Version = (u64, Option<std::time::SystemTime>);

impl Seen {
    fn look(files: &[PathBuf]) -> Self {
        Self(files.iter().map(|file| std::fs::metadata(file).ok().map(|found| version(&found))).collect())
    }
}

#[cfg(unix)]
fn version(found: &std::fs::Metadata) -> Version {
    use std::os::unix::fs::MetadataExt;
    let at = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    [
        found.dev().into(),
        found.ino().into(),
        found.len().into(),
        at(found.mtime(), found.mtime_nsec()),
        at(found.ctime(), found.ctime_nsec()),
    ]
}

#[cfg(not(unix))]
fn version(found: &std::fs::Metadata) -> Version {
    (found.len(), found.modified().ok())
}

/// Applies changes of the files. Never ends; dropped when the server does. What was begun runs to its end by itself.
pub async fn watch_files(engine: &Engine, sources: &Sources) {
    if sources.files.is_empty() {
        return std::future::pending().await;
    }
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut judged = None;
    let (mut seen, mut quiet) = (Seen::look(&sources.files), 0);
    loop {
        tokio::select! {
            _ = look.tick() => {}
            () = engine.files().confirmation() => judged = None,
        }
        let now = Seen::look(&sources.files);
        if judged.as_ref() == Some(&now) {
            continue;
        }
        quiet = if now == seen { quiet + 1 } else { 0 };
        seen = now;
        if quiet < QUIET {
            continue;
        }
        match reload_seen(engine, sources, Some(seen.clone())).await {
            Ok(Reloaded::Moved) => quiet = 0,
            Ok(Reloaded::Applied | Reloaded::Unchanged | Reloaded::NotApplied) => judged = Some(seen.clone()),
            Err(error) => {
                let cause = error.cause().map(ToString::to_string);
                tracing::error!(cause, "changed configuration files can't be applied: {error}");
                for _ in 0..PAUSE {
                    look.tick().await;
                }
            }
        }
    }
}

/// Reads the files, and applies them if they can be applied.
///
/// # Errors
/// The database does not answer; nothing changes then.
pub async fn reload_files(engine: &Engine, sources: &Sources) -> Result<Reloaded> {
    reload_seen(engine, sources, None).await
}

async fn reload_seen(engine: &Engine, sources: &Sources, seen: Option<Seen>) -> Result<Reloaded> {
    let mut sources = sources.clone();
    let earlier = std::mem::take(&mut sources.fetched);
    fetch(&mut sources, &*engine.effects().outbound).await;
    // A schema that was fetched once is good while its server does not answer.
    for (url, text) in sources.fetched.iter_mut().filter(|(_, text)| text.is_err()) {
        if let Some(Ok(kept)) = earlier.get(url) {
            *text = Ok(kept.clone());
        }
    }
    engine.reconfigure(move |engine| async move { judged(&engine, &sources, seen).await }).await
}

async fn judged(
    engine: &Engine,
    sources: &Sources,
    seen: Option<Seen>,
) -> Result<(Reloaded, Option<config::Config>)> {
    let loaded = load_current(engine.db(), sources).await?;
    if seen.is_some_and(|seen| seen != Seen::look(&sources.files)) {
        return Ok((Reloaded::Moved, None));
    }
    let was = engine.begin().config;
    let not_applied = |why, content| {
        say_not_applied(engine, why, content);
        Ok((Reloaded::NotApplied, None))
    };
    let Loaded { config, notes } = match loaded {
        Ok(loaded) => loaded,
        Err(Problems(problems)) => {
            let problems = problems.iter().map(ToString::to_string).collect();
            return not_applied(Why::Refused(problems), String::new());
        }
    };
    let content = config::content(&was, &config.layers);
    let fixed = need_restart(&was, &config);
    if !fixed.is_empty() {
        return not_applied(Why::NeedsRestart(fixed), content);
    }
    let lost = lost(&was.layers, &config.layers);
    if !lost.is_empty() && !engine.files().is_confirmed(&content) {
        return not_applied(Why::Loses(lost), content);
    }
    engine.files().set(None);
    if config::is_same(&was, &config) {
        return Ok((Reloaded::Unchanged, None));
    }
    for Note { file, path, text, .. } in notes.into_iter().filter(|note| !note.needless) {
        tracing::warn!(file, key = path, "{text}");
    }
    tracing::info!("the configuration files changed; they apply now");
    Ok((Reloaded::Applied, Some(config)))
}

fn say_not_applied(engine: &Engine, why: Why, content: String) {
    let told = NotApplied { since: engine.effects().now(), why: why.clone(), content };
    if !engine.files().set(Some(told)) {
        return;
    }
    match why {
        Why::Refused(problems) => tracing::error!(
            problems = problems.join(" "),
            "the changed configuration files have errors and don't apply; the configuration from before stays"
        ),
        Why::NeedsRestart(keys) => tracing::warn!(
            keys = keys.join(", "),
            "the changed configuration files apply after a restart, because these keys are read at the start only"
        ),
        Why::Loses(lost) => tracing::warn!(
            lost = lost.join(", "),
            "the changed configuration files lack these sections or lists of hooks, as a file that was cut off does; they apply \
             after an owner confirms it in the console, under Checks, or after a restart"
        ),
    }
}

/// An owner confirms that files with that content may lose what they lose. They apply right afterward.
///
/// # Errors
/// 403 for other roles · 409 the files changed meanwhile, or nothing waits.
pub async fn confirm_files(engine: &Engine, operator: &Operator, content: &str) -> Result<()> {
    if operator.disabled || operator.role != Role::Owner {
        return Err(Error::new(Kind::Forbidden, "Only owners can change this."));
    }
    if !engine.files().confirm(content) {
        return Err(Error::new(Kind::Conflict, "The configuration files changed in the meantime."));
    }
    let entry = audit::Entry {
        at: engine.effects().now(),
        actor: operator.email.clone(),
        action: "files.confirm".to_owned(),
        details: json!({}),
    };
    let mut tx = engine.db().write().await?;
    audit::append(&mut tx, &entry).await?;
    tx.commit().await
}
