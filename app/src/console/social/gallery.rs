//! The gallery of providers, and the empty form of the one that was chosen.

use super::edit::{self, Edited};
use super::{NEW, initial};
use crate::console::kit::{Frame, Head, Loaded, Meta, Page, Visit};
use crate::console::nav;
use engine::config::providers::{KINDS, Kind, PRESETS};
use leptos::prelude::*;
use serde::Deserialize;

pub(in crate::console) struct New;

#[derive(Default, Deserialize)]
pub(in crate::console) struct Which {
    /// The name of a kind or of a preset.
    #[serde(default)]
    kind: String,
}

pub(in crate::console) enum View {
    Gallery,
    Form(Box<Edited>),
}

impl Page for New {
    const META: Meta = Meta::of(&nav::SOCIAL).at(NEW);
    type Query = Which;
    type View = View;

    async fn load(visit: &Visit, Which { kind }: Which) -> engine::Result<Loaded<View>> {
        if kind.is_empty() {
            return Ok(Loaded::View(View::Gallery));
        }
        Ok(edit::blank(visit, &kind).await?.map(|edited| View::Form(Box::new(edited))).into())
    }

    fn head(view: &View, visit: &Visit) -> Head {
        match view {
            View::Gallery => {
                let lead = "Choose where your users have an account. “Verified emails”: emails that the provider has verified need no code.";
                Head::new("Add provider", lead).below(&nav::SOCIAL)
            }
            View::Form(edited) => edit::head(edited, visit),
        }
    }

    fn body(view: View, frame: &Frame<'_>) -> AnyView {
        match view {
            View::Gallery => gallery(),
            View::Form(edited) => edit::body(*edited, frame),
        }
    }
}

/// Name, label, and whether emails that it verified are trusted.
fn choices() -> impl Iterator<Item = (&'static str, &'static str, bool)> {
    let kinds = KINDS.iter().map(|Kind { name, label, vouches, .. }| (*name, *label, *vouches));
    kinds.chain(PRESETS.iter().map(|preset| (preset.name, preset.label, false)))
}

fn gallery() -> AnyView {
    let cards = choices().map(|(name, label, verified)| {
        // Of one service there may be two kinds.
        let alone = choices().filter(|(_, other, _)| *other == label).count() == 1;
        let about = (name == "generic").then_some("Any other OpenID Connect or OAuth 2.0 provider");
        let title = if alone { label.to_owned() } else { format!("{label} ({name})") };
        view! {
            <li data-testid=format!("kind-{name}")>
                <article>
                    <h2>{initial(label)}<a href=format!("{NEW}?kind={name}")>{title}</a></h2>
                    {about.map(|about| view! { <p class="soft">{about}</p> })}
                    {verified.then(|| view! { <p><span class="mark">"Verified emails"</span></p> })}
                </article>
            </li>
        }
    });
    view! { <ul class="gallery">{cards.collect_view()}</ul> }.into_any()
}
