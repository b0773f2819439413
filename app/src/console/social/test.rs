//! An operator's test of a provider: the page before the redirect, and the one with its result.

use super::report::over;
use super::{PATH, TEST};
use crate::console::fields::trimmed;
use crate::console::kit::{Acted, Frame, Head, Loaded, Meta, Page, Posted, Verb, Visit};
use crate::console::nav;
use engine::Kind;
use engine::method::oidc::trial::{self, Begun, Shown};
use engine::operators::Role;
use leptos::prelude::*;
use serde::Deserialize;

pub(in crate::console) struct Test;

#[derive(Default, Deserialize)]
pub(in crate::console) struct Which {
    /// As in the address: text that is no ID is no test's.
    #[serde(default)]
    id: String,
}

pub(in crate::console) enum View {
    /// A link, since a form of the console leads nowhere else: its content security policy says so.
    Leave {
        label: String,
        url: String,
    },
    Result(Shown),
}

impl Page for Test {
    const META: Meta = Meta::of(&nav::SOCIAL).at(TEST);
    const VERBS: &'static [Verb] = &[Verb::new("test", Role::Owner, "social.test_refused")];
    type Query = Which;
    type View = View;

    /// The result, for the operator who tested. Others find nothing.
    async fn load(visit: &Visit, which: Which) -> engine::Result<Loaded<View>> {
        let Ok(id) = which.id.parse() else { return Ok(Loaded::Gone) };
        let shown = trial::result(&visit.engine.begin(), &visit.operator.operator, id).await?;
        Ok(shown.map(View::Result).into())
    }

    async fn act(visit: &Visit, _: Which, posted: Posted) -> engine::Result<Acted<View>> {
        let provider = trimmed(&posted.fields, "provider");
        Ok(match trial::begin(&visit.engine.begin(), &visit.operator.operator, provider).await {
            Ok(Begun::Leave { url, label }) => Acted::Shown(View::Leave { label, url: url.into() }),
            Ok(Begun::Over(id)) => Acted::Done(format!("{TEST}?id={id}")),
            Err(failed) if failed.kind == Kind::NotFound => Acted::Gone,
            Err(failed) => return Err(failed),
        })
    }

    fn head(view: &View, _: &Visit) -> Head {
        let lead = match view {
            View::Leave { label, .. } => format!(
                "Sign in at {label} with your own account. You return to the console, which shows the result only to you, for ten minutes. Nothing is stored, and no session is issued."
            ),
            View::Result(_) => String::new(),
        };
        Head::new("Test sign-in", &lead).below(&nav::SOCIAL)
    }

    fn body(view: View, _: &Frame<'_>) -> AnyView {
        match view {
            View::Leave { label, url } => view! { <p><a class="button main" href=url rel="noreferrer" autofocus=true>{format!("Continue to {label}")}</a></p> }.into_any(),
            View::Result(Shown::UnderWay) => view! { <p data-testid="outcome">"This test isn’t finished. The browser is still at the provider, or it didn’t return. Start another test from "<a href=PATH>"Social sign-in"</a>"."</p> }.into_any(),
            View::Result(Shown::Over(report)) => over(*report),
        }
    }
}
