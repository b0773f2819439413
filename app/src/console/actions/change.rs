//! Making, changing, switching and removing a web hook of the console: what a post does and what comes of it. What may be is said by
//! `engine::settings::web_hooks`.

use super::form;
use crate::console::checks::needs;
use crate::console::confirm::{confirmed, is_stale};
use crate::console::fields::{Fields, text, trimmed};
use chrono::{DateTime, Utc};
use engine::config::Method;
use engine::operators::{OperatorSession, Role};
use engine::settings::web_hooks::{self, Act, Listed, Preview};
use engine::settings::{Check, FieldError, Saved};
use engine::{Engine, Error};
use serde::Deserialize;

/// The form of one hook.
pub struct View {
    /// `None`: a new one.
    pub(super) listed: Option<Listed>,
    /// As typed, secrets sealed.
    pub(super) fields: Fields,
    /// The revision it stands on.
    pub(super) base: i64,
    /// Methods that somebody can use now.
    pub(super) methods: Vec<Method>,
    pub(super) preview: Option<Preview>,
    pub(super) asked: Asked,
    /// Typed before the operator's session ran out.
    pub(super) kept: bool,
    pub(super) now: DateTime<Utc>,
}

/// What came of a post that saved nothing.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) problems: Vec<FieldError>,
    pub(super) conflict: Option<Conflict>,
    /// The dangers of a Save that needs the password, and what was wrong with the one that was typed.
    pub(super) confirm: Option<(Vec<Check>, Option<String>)>,
    /// It will be asked for.
    pub(super) stale: bool,
}

/// Somebody saved meanwhile.
pub(super) struct Conflict {
    pub(super) by: String,
    pub(super) at: DateTime<Utc>,
    pub(super) revision: i64,
    /// What that was, in words.
    pub(super) theirs: Vec<String>,
}

/// What became of a post.
pub enum Outcome<V> {
    Saved(Done),
    Shown(Box<V>),
    /// 409 or 422, with everything that was typed.
    Again(u16, Box<V>),
    /// There is no such hook.
    Unknown,
}

/// The revision that is in force now.
pub struct Done {
    pub id: String,
    pub revision: i64,
    pub new: bool,
    /// A signing secret that was made: told in the answer itself.
    pub secret: Option<String>,
}

/// Whether this operator finds forms at all: an owner, where hooks can be made.
fn finds(engine: &Engine, operator: &OperatorSession) -> bool {
    operator.operator.role == Role::Owner && web_hooks::why_none(&engine.begin().config).is_none()
}

/// The empty form, or that of the hook `id`. `None`: there is none for this operator, or no such hook.
pub async fn open(
    engine: &Engine,
    operator: &OperatorSession,
    id: Option<&str>,
) -> engine::Result<Option<View>> {
    if !finds(engine, operator) {
        return Ok(None);
    }
    let listed = match id {
        Some(id) => match web_hooks::one(engine, id).await? {
            Some(listed) => Some(listed),
            None => return Ok(None),
        },
        None => None,
    };
    let fields = listed.as_ref().map_or_else(form::blank, form::of);
    Ok(Some(view(engine, operator, listed, fields)))
}

/// What somebody typed before their session ran out, on top of what is in force now. Nothing of it is saved.
pub async fn resume(
    engine: &Engine,
    operator: &OperatorSession,
    id: Option<&str>,
    fields: Fields,
) -> engine::Result<Option<View>> {
    let Some(mut view) = open(engine, operator, id).await? else { return Ok(None) };
    view.base = form::base(&fields);
    view.fields = form::shown(&engine.begin(), operator.operator.id, fields)?;
    view.kept = true;
    Ok(Some(view))
}

fn view(engine: &Engine, operator: &OperatorSession, listed: Option<Listed>, fields: Fields) -> View {
    let config = engine.begin().config;
    View {
        listed,
        fields,
        base: config.revision,
        methods: Method::ALL
            .into_iter()
            .filter(|method| config.selfservice.offers(*method) && web_hooks::is_for(*method))
            .collect(),
        preview: None,
        asked: Asked { stale: is_stale(engine, operator), ..Asked::default() },
        kept: false,
        now: engine.effects().now(),
    }
}

/// Preview and Save. What a role may not do is refused, and kept in the audit, by the engine.
pub async fn submit(
    engine: &Engine,
    operator: &OperatorSession,
    id: Option<&str>,
    fields: Fields,
) -> engine::Result<Outcome<View>> {
    web_hooks::may(engine, &operator.operator).await?;
    let ctx = engine.begin();
    let wanted = form::read(&ctx, operator.operator.id, id, &fields);
    let base = form::base(&fields);
    let wanted = match wanted {
        Ok(wanted) => wanted,
        Err(problems) => {
            return again(engine, operator, id, fields, 422, Asked { problems, ..Asked::default() }).await;
        }
    };
    if trimmed(&fields, "step") != "save" {
        return match web_hooks::preview(engine, &operator.operator, id.is_some(), &wanted).await? {
            Ok(preview) => {
                let mut view = typed(engine, operator, id, fields).await?;
                view.preview = Some(preview);
                Ok(Outcome::Shown(Box::new(view)))
            }
            Err(problems) => {
                again(engine, operator, id, fields, 422, Asked { problems, ..Asked::default() }).await
            }
        };
    }
    let (operator, wrong) = confirmed(engine, operator, text(&fields, "password")).await?;
    let operator = &operator;
    let is = wanted.id.clone();
    let kept =
        web_hooks::save(engine, operator, base, id.is_some(), wanted, trimmed(&fields, "reason")).await?;
    match became(engine, kept.saved, base, wrong).await? {
        Ok((revision, new)) => Ok(Outcome::Saved(Done { id: is, revision, new, secret: kept.secret })),
        Err((status, asked)) => again(engine, operator, id, fields, status, asked).await,
    }
}

/// The form with what was typed, on the revision that it was made from.
async fn typed(
    engine: &Engine,
    operator: &OperatorSession,
    id: Option<&str>,
    fields: Fields,
) -> engine::Result<View> {
    let listed = match id {
        Some(id) => web_hooks::one(engine, id).await?,
        None => None,
    };
    let base = form::base(&fields);
    let fields = form::shown(&engine.begin(), operator.operator.id, fields)?;
    Ok(View { base, ..view(engine, operator, listed, fields) })
}

async fn again(
    engine: &Engine,
    operator: &OperatorSession,
    id: Option<&str>,
    fields: Fields,
    status: u16,
    asked: Asked,
) -> engine::Result<Outcome<View>> {
    let mut view = typed(engine, operator, id, fields).await?;
    if id.is_some() && view.listed.is_none() && asked.conflict.is_none() {
        return Ok(Outcome::Unknown);
    }
    if let Some(conflict) = &asked.conflict {
        // Made anew on what is in force: a second Save is meant.
        view.base = conflict.revision;
    }
    view.asked = Asked { stale: view.asked.stale, ..asked };
    Ok(Outcome::Again(status, Box::new(view)))
}

/// The revision and whether it is new; otherwise status and what to ask.
async fn became(
    engine: &Engine,
    saved: Saved,
    base: i64,
    wrong: Option<String>,
) -> engine::Result<Result<(i64, bool), (u16, Asked)>> {
    Ok(match saved {
        Saved::Done { revision } => Ok((revision, true)),
        Saved::Unchanged { revision } => Ok((revision, false)),
        Saved::Conflict { revision, by, at } => {
            let theirs = web_hooks::since(engine, base).await?;
            let conflict = Some(Conflict { by, at, revision, theirs });
            Err((409, Asked { conflict, ..Asked::default() }))
        }
        Saved::Again(problems) => Err((422, Asked { problems, ..Asked::default() })),
        Saved::NeedsFreshSignIn(dangers) => {
            Err((422, Asked { confirm: Some((dangers, wrong)), ..Asked::default() }))
        }
        asking @ (Saved::NeedsOwner(_) | Saved::NeedsReason(_)) => {
            Err((422, Asked { problems: vec![needs(asking)], ..Asked::default() }))
        }
    })
}

// One press

/// What a button of the list posts, and what its page asks for.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Press {
    #[serde(default)]
    pub id: String,
    /// `on`, `off`, `remove`, `move`, `rotate` or `retire`.
    #[serde(default)]
    pub act: String,
    /// Where to, from 0.
    #[serde(default)]
    pub to: usize,
    #[serde(default)]
    pub base: i64,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub password: String,
}

impl Press {
    pub(super) fn act(&self) -> Option<Act> {
        Some(match self.act.as_str() {
            "on" => Act::On,
            "off" => Act::Off,
            "remove" => Act::Remove,
            "move" => Act::Move(self.to),
            "rotate" => Act::Rotate,
            "retire" => Act::Retire,
            _ => return None,
        })
    }
}

/// The page that asks before, or why nothing was done.
pub struct Pressed {
    pub(super) press: Press,
    pub(super) act: Act,
    pub(super) listed: Listed,
    pub(super) preview: Option<Preview>,
    pub(super) asked: Asked,
    pub(super) now: DateTime<Utc>,
}

/// What a press would do. `None`: there is no such hook, or nothing for this operator.
pub async fn ask(
    engine: &Engine,
    operator: &OperatorSession,
    press: Press,
) -> engine::Result<Option<Pressed>> {
    let Some(act) = press.act().filter(|_| operator.operator.role == Role::Owner) else { return Ok(None) };
    let Some(listed) = web_hooks::one(engine, &press.id).await? else { return Ok(None) };
    let base = engine.begin().config.revision;
    let (preview, problems) = match web_hooks::preview_act(engine, &press.id, act) {
        Ok(preview) => (Some(preview), Vec::new()),
        Err(problems) => (None, problems),
    };
    let asked = Asked { problems, stale: is_stale(engine, operator), ..Asked::default() };
    let press = Press { base, password: String::new(), ..press };
    Ok(Some(Pressed { press, act, listed, preview, asked, now: engine.effects().now() }))
}

pub async fn press(
    engine: &Engine,
    operator: &OperatorSession,
    press: Press,
) -> engine::Result<Outcome<Pressed>> {
    web_hooks::may(engine, &operator.operator).await?;
    let act = press.act().ok_or_else(|| Error::not_found("There is nothing of that name to be done."))?;
    let (operator, wrong) = confirmed(engine, operator, &press.password).await?;
    let operator = &operator;
    let kept = web_hooks::act(engine, operator, press.base, &press.id, act, &press.reason).await?;
    let (id, base) = (press.id.clone(), press.base);
    match became(engine, kept.saved, base, wrong).await? {
        Ok((revision, new)) => Ok(Outcome::Saved(Done { id, revision, new, secret: kept.secret })),
        Err((status, asked)) => {
            let Some(mut pressed) = ask(engine, operator, press).await? else { return Ok(Outcome::Unknown) };
            pressed.asked = Asked { stale: pressed.asked.stale, ..asked };
            Ok(Outcome::Again(status, Box::new(pressed)))
        }
    }
}
