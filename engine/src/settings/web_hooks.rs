//! Web hooks that the console makes, changes, switches off and removes, for owners who have just signed in (design: security §7). Their
//! secrets are sealed in the transaction of the Save; a revision holds names alone. A Save that stands on an older revision applies to
//! the newest one where nobody touched that hook meanwhile.

mod change;
mod form;
mod hosts;
mod look;
mod names;
mod permission;

pub use super::words::web_hooks::{address, choice, moment};
pub use crate::config::console_hooks::{Flow, MadeAuth, MadeHook, Outcome, Place, When};
pub use change::Act;
pub(in crate::settings) use form::unreachable;
pub use form::{
    ACCOUNT, AUTH, BODY, HEADERS, ID, METHODS, OUTCOME, Signing, URL, VERB, VERBS, Wanted, WantedAuth,
    is_for, place_of_hosts,
};
pub use hosts::{HOST, Hosts, hosts, offered, set_host};
pub use look::{Listed, Preview, Secret, WhyNone, listed, one, preview, preview_act, since, why_none};
pub use names::{PLACE, Verdict};
pub use permission::may;

use super::danger::By;
use super::revise::{BaseRevision, conflict, gone, newest, save_change};
use super::{Named, Saved};
use crate::config::console_hooks::made_hooks;
use crate::effects::Effects;
use crate::engine::Engine;
use crate::error::Result;
use crate::secrets;
use crate::store::revisions;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use change::{Changed, Turn, written};
use names::{SIGNATURE, secret_name};

/// Others may save in between; whoever is overtaken so often is told.
const TRIES: usize = 3;

/// What became of it.
#[derive(Debug)]
pub struct Kept {
    pub saved: Saved,
    /// A signing secret that was made: it is told here, and nowhere else.
    pub secret: Option<String>,
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
    let saved = keep(engine, by, base, id, reason, move |ground: &BaseRevision| turn.taken(ground)).await?;
    let secret = made.filter(|_| matches!(saved, Saved::Done { .. }));
    Ok(Kept { saved, secret })
}

/// `whsec_` and base64 of 32 random bytes (Standard Webhooks specification, "Signature scheme").
fn signing_secret(effects: &Effects) -> String {
    format!("whsec_{}", STANDARD.encode(effects.bytes::<32>()))
}

/// Saves on the newest revision, if nobody touched the hook since `base`.
async fn keep<F>(engine: &Engine, by: By, base: i64, id: &str, reason: &str, change: F) -> Result<Saved>
where
    F: Fn(&BaseRevision) -> Changed + Clone + Send + 'static,
{
    for _ in 0..TRIES {
        let newest = newest(engine.db()).await?;
        let (number, held) =
            newest.as_ref().map_or_else(|| (0, Named::new()), |row| (row.number, row.settings.clone()));
        if number != base && !untouched(engine, base, id, &held).await? {
            let Some(row) = newest else { return Err(gone()) };
            let ground = BaseRevision { number, held, config: engine.begin().config };
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
            saved @ (Saved::Done { .. }
            | Saved::Unchanged { .. }
            | Saved::Again(_)
            | Saved::NeedsOwner(_)
            | Saved::NeedsFreshSignIn(_)
            | Saved::NeedsReason(_)) => return Ok(saved),
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
