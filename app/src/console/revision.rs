//! One revision, or the configuration files alone: what restoring it would change, and the button that does.

use super::comparison;
use super::history::PATH;
use super::kit::form::asks;
use super::kit::text::{ago, name};
use super::kit::{Acted, Asks, Frame, Head, Loaded, Meta, Page, Posted, Verb, Visit, saved};
use super::nav;
use engine::operators::Role;
use engine::settings::Revision;
use engine::settings::history::{self, Back};
use leptos::prelude::*;
use serde::Deserialize;

pub(super) struct OneRevision;

#[derive(Default, Deserialize)]
pub(super) struct Query {
    /// As typed: text that is no number is no revision.
    #[serde(default)]
    number: String,
}

pub(super) struct View {
    number: i64,
    back: Back,
    read_only: Option<String>,
}

impl Page for OneRevision {
    const META: Meta =
        Meta { draft: Some(|_| true), ..Meta::of(&nav::HISTORY).at("/settings/history/{number}") };
    const VERBS: &'static [Verb] = &[Verb::new("restore", Role::Editor, "settings.refused").confirming()];
    type Query = Query;
    type View = View;

    async fn load(visit: &Visit, query: Query) -> engine::Result<Loaded<View>> {
        Ok(view(visit, &query).await?.into())
    }

    async fn act(visit: &Visit, query: Query, posted: Posted) -> engine::Result<Acted<View>> {
        let Some(before) = view(visit, &query).await? else { return Ok(Acted::Gone) };
        let restored =
            history::go_back(&visit.engine, &visit.operator, posted.base, before.number, &posted.reason)
                .await?;
        Ok(match Asks::of(visit, restored, "reason") {
            Ok(done) => Acted::Done(saved(PATH, done)),
            Err(asks) => match view(visit, &query).await? {
                Some(view) => Acted::Again(view, asks),
                None => Acted::Gone,
            },
        })
    }

    fn head(view: &View, visit: &Visit) -> Head {
        let title = match view.number {
            0 => "Configuration files only".to_owned(),
            number => format!("Revision {number}"),
        };
        let lead = view.back.to.as_ref().map(|Revision { at, by, reason, .. }| {
            view! {
                {name(by.clone())}", "{ago(visit.now(), *at)}
                {(!reason.is_empty()).then(|| view! { <span class="reason">" “"{name(reason.clone())}"”"</span> })}
            }
            .into_any()
        });
        Head { lead, read_only: view.read_only.clone(), ..Head::new(title, "").below(&nav::HISTORY) }
    }

    fn body(View { number, back, read_only }: View, frame: &Frame<'_>) -> AnyView {
        let current = number == back.base;
        let part = match (current, back.changes.is_empty(), back.refused) {
            (true, ..) => view! { <p>"This revision is current."</p> }.into_any(),
            (_, _, Some(why)) => view! { <div class="note danger" id="refused"><span><b>"This revision can’t be restored"</b>{why}</span></div> }.into_any(),
            (_, true, None) => view! { <p>"This revision matches the current settings."</p> }.into_any(),
            (_, false, None) => {
                let button = if number == 0 { "Restore configuration files".to_owned() } else { format!("Restore revision {number}") };
                view! {
                    <section aria-labelledby="changes">
                        <h2 id="changes">"Restoring this revision changes"</h2>
                        <div class="inside">
                            <ul class="changes">{back.changes.into_iter().map(|change| view! { <li>{change}</li> }).collect_view()}</ul>
                            {asks(&back.brings_about).map(|asks| view! { <p>{asks}</p> })}
                            {read_only.is_none().then(|| view! {
                                <form method="post" class="form">
                                    <input type="hidden" name="base" value=back.base />
                                    {frame.confirmation(&back.brings_about, !back.brings_about.is_empty())}
                                    <p class="buttons"><button class="button main" id="restore" type="submit" name="action" value="restore">{button}</button></p>
                                </form>
                            })}
                        </div>
                    </section>
                }
                .into_any()
            }
        };
        view! {
            {part}
            <p class="pages">
                {(!current && back.base > 0).then(|| view! { <a href=comparison::link(back.base, number)>"Compare with current"</a> })}
                {(number > 1).then(|| view! { <a href=comparison::link(number - 1, number)>"Compare with previous"</a> })}
                {(number > 0).then(|| view! { <a href=comparison::link(0, number)>"Compare with configuration files"</a> })}
            </p>
        }
        .into_any()
    }
}

/// `None`: there is no such revision.
async fn view(visit: &Visit, query: &Query) -> engine::Result<Option<View>> {
    let Ok(number) = query.number.parse() else { return Ok(None) };
    let back = history::look_back(&visit.engine, number).await?;
    Ok(back.map(|back| View { number, back, read_only: visit.read_only(Role::Editor) }))
}
