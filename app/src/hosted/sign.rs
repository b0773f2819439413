//! The sign-up page, the sign-in page, and the page that confirms a signed-in user.

use super::document::{Glyph, document, icon};
use super::form::{Rules, form, goes_on_to_provider, has_errors};
use super::{Restarted, Site};
use engine::ui::Container;
use leptos::prelude::*;

/// One form and what surrounds it.
#[derive(Clone, Debug)]
pub struct Sign {
    pub ui: Container,
    pub rules: Rules,
    /// Host name of the site that the user continues to, if it is another one.
    pub continue_to: Option<String>,
    pub restarted: Option<Restarted>,
    /// Sign-in only: a signed-in user has to confirm it's them (Kratos' `refresh`).
    pub refresh: bool,
    /// With `refresh`: the URL that signs out, for a different user.
    pub sign_out: Option<String>,
}

/// Where no method is enabled.
const NO_SIGN_UP: &str = "Sign-up is not available right now. Contact the owner of this service.";
const NO_SIGN_IN: &str = "Sign-in is not available right now. Contact the owner of this service.";

pub fn sign_up(site: &Site, sign: Sign) -> String {
    // The form after a provider's response has no other method.
    let anew = site.sign_up.clone().filter(|_| goes_on_to_provider(&sign.ui));
    let anew = anew.map(|url| view! { <br /> <a href=url>"Use another sign-up method"</a> });
    let foot = view! { "Have an account? " <a href=site.sign_in.clone()>"Sign in"</a> {anew} };
    page(site, ("Create your account", NO_SIGN_UP), sign, Some(foot.into_any()))
}

pub fn sign_in(site: &Site, sign: Sign) -> String {
    if sign.refresh {
        let foot =
            sign.sign_out.clone().map(|url| view! { "Not you? " <a href=url>"Sign out"</a> }.into_any());
        return page(site, ("Confirm it’s you", NO_SIGN_IN), sign, foot);
    }
    let foot =
        site.sign_up.clone().map(|url| view! { "New here? " <a href=url>"Create an account"</a> }.into_any());
    page(site, ("Sign in", NO_SIGN_IN), sign, foot)
}

fn page(
    site: &Site,
    (title, unavailable): (&'static str, &'static str),
    sign: Sign,
    foot: Option<AnyView>,
) -> String {
    let lead = match (who(&sign), sign.continue_to) {
        (Some(who), _) => Some(("as ", who)),
        (None, Some(host)) => Some(("to continue to ", host)),
        (None, None) => None,
    };
    let lead = lead.map(|(words, what)| view! { <p class="lead">{words} <b><bdi>{what}</bdi></b></p> });
    let restarted = sign.restarted.map(|why| {
        view! { <p class="note" data-testid="restarted">{icon(Glyph::Note)} {why.sentence()}</p> }
    });
    let foot = foot.map(|foot| view! { <p class="foot">{foot}</p> });
    let main = view! {
        <h1>{title}</h1>
        {lead}
        {restarted}
        {form(&sign.ui, sign.rules, unavailable)}
        {foot}
    };
    document(site, title, has_errors(&sign.ui), main)
}

/// The account that the user has to confirm.
fn who(sign: &Sign) -> Option<String> {
    let nodes = sign.ui.nodes.as_deref().filter(|_| sign.refresh)?;
    let input = nodes.iter().filter_map(|node| node.input()).find(|input| input.name == "identifier")?;
    input.value.as_ref()?.as_str().filter(|who| !who.is_empty()).map(str::to_owned)
}
