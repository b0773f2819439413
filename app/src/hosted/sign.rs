//! The sign-up page, the sign-in page, and the page that confirms a signed-in user.

use super::document::{Glyph, document, icon};
use super::form::{Rules, form, goes_on_to_provider, has_errors};
use super::resend::{resend, where_to_look};
use super::{Restarted, Site};
use engine::ui::{Container, Group, InputKind, Node};
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
    /// Where a code was sent, on the page that asks for it.
    pub to: Option<String>,
    /// Seconds until the user can request a new code.
    pub resend: u64,
}

/// Where no method is enabled.
const NO_SIGN_UP: &str = "Sign-up is not available right now. Contact the owner of this service.";
const NO_SIGN_IN: &str = "Sign-in is not available right now. Contact the owner of this service.";

pub fn sign_up(site: &Site, sign: Sign) -> String {
    // The form after a provider's response has no other method.
    let anew = site.sign_up.clone().filter(|_| goes_on_to_provider(&sign.ui));
    let anew = anew.map(|url| view! { <br /> <a href=url>"Use another sign-up method"</a> });
    let foot = view! { "Have an account? " <a href=site.sign_in.clone()>"Sign in"</a> {anew} };
    let title = sign.to.as_deref().map_or("Create your account", |to| where_to_look(Some(to)));
    page(site, (title, NO_SIGN_UP), sign, Some(foot.into_any()))
}

pub fn sign_in(site: &Site, sign: Sign) -> String {
    if sign.refresh {
        let foot =
            sign.sign_out.clone().map(|url| view! { "Not you? " <a href=url>"Sign out"</a> }.into_any());
        return page(site, ("Confirm it’s you", NO_SIGN_IN), sign, foot);
    }
    if sign.to.is_some() || second_step(&sign.ui).is_some() {
        let title = sign.to.as_deref().map_or("Sign in", |to| where_to_look(Some(to)));
        let foot = view! { "Not you? " <a href=site.sign_in.clone() data-testid="anew">"Use another email or username"</a> };
        return page(site, (title, NO_SIGN_IN), sign, Some(foot.into_any()));
    }
    let forgot = site.recovery.clone().filter(|_| asks_for_password(&sign));
    let forgot = forgot.map(|url| view! { <a href=url data-testid="forgot-password">"Forgot password?"</a> });
    let sign_up = site.sign_up.clone().map(|url| view! { "New here? " <a href=url>"Create an account"</a> });
    let between = (forgot.is_some() && sign_up.is_some()).then(|| view! { <br /> });
    let foot =
        (forgot.is_some() || sign_up.is_some()).then(|| view! { {forgot} {between} {sign_up} }.into_any());
    page(site, ("Sign in", NO_SIGN_IN), sign, foot)
}

fn page(
    site: &Site,
    (title, unavailable): (&'static str, &'static str),
    sign: Sign,
    foot: Option<AnyView>,
) -> String {
    let lead = match (who(&sign), sign.continue_to) {
        _ if sign.to.is_some() => sign.to.clone().map(|to| ("for ", to)),
        (Some(who), _) => Some(("as ", who)),
        (None, Some(host)) => Some(("to continue to ", host)),
        (None, None) => None,
    };
    let lead = lead.map(|(words, what)| view! { <p class="lead">{words} <b><bdi>{what}</bdi></b></p> });
    let restarted = sign.restarted.map(|why| {
        view! { <p class="note" data-testid="restarted">{icon(Glyph::Note)} {why.sentence()}</p> }
    });
    let foot = foot.map(|foot| view! { <p class="foot">{foot}</p> });
    let mut own = sign.ui.clone();
    let asks = sign.to.is_some();
    if asks {
        // It has a form of its own: see `resend`.
        own.nodes.iter_mut().for_each(|nodes| nodes.retain(|node| node.id() != "resend"));
    }
    let again =
        asks.then(|| resend(&sign.ui, ("resend", "code".to_owned()), sign.resend, sign.to.as_deref()));
    let main = view! {
        <h1>{title}</h1>
        {lead}
        {restarted}
        {form(&own, sign.rules, unavailable)}
        {again}
        {foot}
    };
    document(site, title, has_errors(&sign.ui), main)
}

fn asks_for_password(sign: &Sign) -> bool {
    sign.ui.nodes.iter().flatten().any(|node| node.id() == "password")
}

/// The account that the user has to confirm, or that the second step of a form is for.
fn who(sign: &Sign) -> Option<String> {
    let nodes = sign.ui.nodes.as_deref().unwrap_or_default();
    let named = nodes.iter().find(|node| node.id() == "identifier").filter(|_| sign.refresh);
    shown(named.or_else(|| second_step(&sign.ui))?)
}

/// What the first step of a form asked for, in its second step: the identifier, or the email of a sign-up.
fn second_step(ui: &Container) -> Option<&Node> {
    let nodes = ui.nodes.as_deref().unwrap_or_default();
    let hidden = |node: &&Node| node.input().is_some_and(|input| input.kind == InputKind::Hidden);
    let is_email =
        |node: &&Node| node.input().is_some_and(|input| input.autocomplete.as_deref() == Some("email"));
    let identifier = nodes.iter().filter(hidden).find(|node| node.group == Group::IdentifierFirst);
    identifier.or_else(|| nodes.iter().filter(hidden).find(is_email))
}

fn shown(node: &Node) -> Option<String> {
    node.input()?.value.as_ref()?.as_str().filter(|who| !who.is_empty()).map(str::to_owned)
}
