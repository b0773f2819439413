//! The form of one web hook, new or there already, and what a post does. Its controls are in `fields`, what may be is said by
//! `engine::settings::web_hooks`.

use super::fields::{previewed, sent, what, who};
use super::form::{self, may_wait};
use super::list::after;
use super::markup::drawing;
use super::press::{Done, told};
use super::{CHANGE, NEW, PATH, hosts};
use crate::console::fields::{Fields, trimmed};
use crate::console::kit::form::Form;
use crate::console::kit::{Acted, Asks, Frame, Head, Loaded, Meta, Page, Posted, Verb, Visit};
use crate::console::nav;
use engine::model::MethodId;
use engine::operators::Role;
use engine::settings::web_hooks::{self, ID, Listed, Preview};
use leptos::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;

const POSTED: &[Verb] = &[
    Verb::new("save", Role::Owner, "settings.refused").confirming(),
    Verb::new("preview", Role::Owner, "settings.refused"),
    Verb::new(hosts::ALLOW, Role::Owner, "settings.refused").confirming(),
];

pub(in crate::console) struct New;
pub(in crate::console) struct Change;

#[derive(Default, Deserialize)]
pub(in crate::console) struct Which {
    #[serde(default)]
    id: String,
}

pub(in crate::console) enum View {
    Form(Box<Edited>),
    /// A signing secret that was created.
    Told(Done),
}

pub(in crate::console) struct Edited {
    /// `None`: a new one.
    listed: Option<Listed>,
    /// As typed, secrets sealed.
    fields: Fields,
    base: i64,
    /// Methods that are turned on.
    methods: Vec<MethodId>,
    preview: Option<Preview>,
    /// The host of the URL, where an owner can allow it.
    offered: Option<String>,
}

impl Page for New {
    const META: Meta = Meta { draft: Some(may_wait), ..Meta::of(&nav::WEBHOOKS).at(NEW) };
    const VERBS: &'static [Verb] = POSTED;
    type Query = BTreeMap<String, String>;
    type View = View;

    async fn load(visit: &Visit, _: Self::Query) -> engine::Result<Loaded<View>> {
        Ok(open(visit, None).await?.map_or_else(to_the_list, shown))
    }

    async fn act(visit: &Visit, _: Self::Query, posted: Posted) -> engine::Result<Acted<View>> {
        submit(visit, None, posted).await
    }

    async fn restore(visit: &Visit, _: Self::Query, typed: Fields) -> engine::Result<Loaded<View>> {
        restore(visit, None, typed).await
    }

    fn head(view: &View, _: &Visit) -> Head {
        head(view)
    }

    fn body(view: View, frame: &Frame<'_>) -> AnyView {
        body(view, frame)
    }

    fn aside(view: &View) -> Option<AnyView> {
        aside(view)
    }
}

impl Page for Change {
    const META: Meta = Meta { draft: Some(may_wait), ..Meta::of(&nav::WEBHOOKS).at(CHANGE) };
    const VERBS: &'static [Verb] = POSTED;
    type Query = Which;
    type View = View;

    async fn load(visit: &Visit, which: Which) -> engine::Result<Loaded<View>> {
        Ok(open(visit, Some(&which.id)).await?.map_or_else(to_the_list, shown))
    }

    async fn act(visit: &Visit, _: Which, posted: Posted) -> engine::Result<Acted<View>> {
        let id = trimmed(&posted.fields, "edited").to_owned();
        submit(visit, Some(&id), posted).await
    }

    async fn restore(visit: &Visit, _: Which, typed: Fields) -> engine::Result<Loaded<View>> {
        let id = trimmed(&typed, "edited").to_owned();
        restore(visit, Some(&id), typed).await
    }

    fn head(view: &View, _: &Visit) -> Head {
        head(view)
    }

    fn body(view: View, frame: &Frame<'_>) -> AnyView {
        body(view, frame)
    }

    fn aside(view: &View) -> Option<AnyView> {
        aside(view)
    }
}

fn shown(edited: Edited) -> Loaded<View> {
    Loaded::View(View::Form(Box::new(edited)))
}

/// Who finds no form finds the list, which says why.
fn to_the_list() -> Loaded<View> {
    Loaded::To(PATH.to_owned())
}

/// The empty form, or that of the hook `id`. `None`: there is none for this operator, or no such hook.
async fn open(visit: &Visit, id: Option<&str>) -> engine::Result<Option<Edited>> {
    if !visit.may(Role::Owner) || web_hooks::why_none(&visit.engine.begin().config).is_some() {
        return Ok(None);
    }
    let listed = match id {
        Some(id) => match web_hooks::one(&visit.engine, id).await? {
            Some(listed) => Some(listed),
            None => return Ok(None),
        },
        None => None,
    };
    let fields = listed.as_ref().map_or_else(form::blank, form::of);
    Ok(Some(edited(visit, listed, fields)))
}

/// On top of what is current now. Nothing of it is saved.
async fn restore(visit: &Visit, id: Option<&str>, fields: Fields) -> engine::Result<Loaded<View>> {
    let Some(mut view) = open(visit, id).await? else { return Ok(to_the_list()) };
    view.base = trimmed(&fields, "base").parse().unwrap_or_default();
    view.fields = form::shown(&visit.engine.begin(), visit.operator.operator.id, fields)?;
    Ok(shown(view))
}

fn edited(visit: &Visit, listed: Option<Listed>, fields: Fields) -> Edited {
    let config = visit.engine.begin().config;
    let methods = MethodId::ALL
        .into_iter()
        .filter(|method| config.selfservice.offers(*method) && web_hooks::is_for(*method))
        .collect();
    let offered = web_hooks::offered(&config, trimmed(&fields, web_hooks::URL));
    Edited { listed, fields, base: config.revision, methods, preview: None, offered }
}

/// Preview and Save.
async fn submit(visit: &Visit, id: Option<&str>, posted: Posted) -> engine::Result<Acted<View>> {
    let (engine, by) = (&visit.engine, &visit.operator.operator);
    web_hooks::may(engine, by).await?;
    if posted.verb == hosts::ALLOW {
        // Everything that was typed stays; nothing else is saved.
        return match hosts::changed(visit, &posted).await? {
            Ok((revision, _)) => {
                let base = if posted.base + 1 == revision { revision } else { posted.base };
                Ok(Acted::Shown(View::Form(Box::new(typed(visit, id, posted.fields, base).await?))))
            }
            Err(asks) => again(visit, id, posted.fields, posted.base, asks).await,
        };
    }
    let Posted { verb, fields, base, reason, .. } = posted;
    let wanted = match form::read(&engine.begin(), by.id, id, &fields) {
        Ok(wanted) => wanted,
        Err(problems) => return again(visit, id, fields, base, Asks::problems(problems)).await,
    };
    if verb == "preview" {
        return match web_hooks::preview(engine, by, id.is_some(), &wanted).await? {
            Ok(preview) => {
                let view = typed(visit, id, fields, base).await?;
                Ok(Acted::Shown(View::Form(Box::new(Edited { preview: Some(preview), ..view }))))
            }
            Err(problems) => again(visit, id, fields, base, Asks::problems(problems)).await,
        };
    }
    let is = wanted.id.clone();
    let kept = web_hooks::save(engine, &visit.operator, base, id.is_some(), wanted, reason.trim()).await?;
    match (Asks::of(visit, kept.saved, ID), kept.secret) {
        (Ok((revision, _)), Some(secret)) => Ok(Acted::Shown(View::Told(Done { id: is, revision, secret }))),
        (Ok(done), None) => Ok(Acted::Done(after(&is, done))),
        (Err(mut asks), _) => {
            if let Some(conflict) = &mut asks.conflict {
                conflict.theirs = web_hooks::since(engine, base).await?;
            }
            again(visit, id, fields, base, asks).await
        }
    }
}

/// The form with what was typed, on the revision that it was made from.
async fn typed(visit: &Visit, id: Option<&str>, fields: Fields, base: i64) -> engine::Result<Edited> {
    let listed = match id {
        Some(id) => web_hooks::one(&visit.engine, id).await?,
        None => None,
    };
    let fields = form::shown(&visit.engine.begin(), visit.operator.operator.id, fields)?;
    Ok(Edited { base, ..edited(visit, listed, fields) })
}

async fn again(
    visit: &Visit,
    id: Option<&str>,
    fields: Fields,
    base: i64,
    asks: Asks,
) -> engine::Result<Acted<View>> {
    let mut view = typed(visit, id, fields, base).await?;
    if id.is_some() && view.listed.is_none() && asks.conflict.is_none() {
        return Ok(Acted::Gone);
    }
    if let Some(conflict) = &asks.conflict {
        // Made anew on what is current: a second Save is meant.
        view.base = conflict.revision;
    }
    Ok(Acted::Again(View::Form(Box::new(view)), asks))
}

fn head(view: &View) -> Head {
    let (title, lead) = match view {
        View::Told(done) => (format!("Signing secret of {}", done.id), ""),
        View::Form(edited) => (
            edited
                .listed
                .as_ref()
                .map_or_else(|| "New webhook".to_owned(), |listed| format!("Edit {}", listed.id)),
            "Calls another service during sign-up, sign-in or verification. You can turn it off or undo the change at any time.",
        ),
    };
    Head::new(title, lead).below(&nav::WEBHOOKS)
}

fn aside(view: &View) -> Option<AnyView> {
    match view {
        View::Form(edited) => edited.preview.as_ref().and_then(drawing),
        View::Told(_) => None,
    }
}

fn body(view: View, frame: &Frame<'_>) -> AnyView {
    let Edited { listed, fields, base, methods, preview, offered } = match view {
        View::Told(done) => return told(done),
        View::Form(edited) => *edited,
    };
    let form = Form { fields: &fields, problems: &frame.asks.problems, editable: true };
    let action = if listed.is_some() { CHANGE } else { NEW };
    let dangers = preview.as_ref().map(|preview| preview.brings_about.clone()).unwrap_or_default();
    view! {
        <form method="post" action=action autocomplete="off" class="form make">
            <input type="hidden" name="base" value=base />
            {listed.as_ref().map(|listed| view! { <input type="hidden" name="edited" value=listed.id.clone() /> })}
            {preview.map(previewed)}
            {what(&form, listed.is_some(), &methods)}
            {sent(&form)}
            {who(&form, listed.as_ref(), frame.now)}
            <section aria-labelledby="save-title">
                <h2 id="save-title">"Save"</h2>
                <div class="inside">
                    {frame.confirmation(&dangers, true)}
                    <p class="buttons">
                        <button class="button main" id="save" type="submit" name="action" value="save">"Save"</button>
                        {offered.filter(|_| form.has_problem(web_hooks::URL)).map(|host| view! {
                            <button class="button" id="allow-host" type="submit" name="action" value=format!("{}:{host}", hosts::ALLOW)>{format!("Allow {host}")}</button>
                        })}
                        <button class="button" id="preview" type="submit" name="action" value="preview">"Preview"</button>
                        <a class="button" href=PATH>"Discard"</a>
                    </p>
                </div>
            </section>
        </form>
    }
    .into_any()
}
