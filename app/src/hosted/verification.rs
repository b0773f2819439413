//! The verification page: the form for the email, the form for the code, and the result. The engine's nodes decide which one is shown.

use super::document::{Glyph, document, icon};
use super::form::{Rules, form, has_errors};
use super::resend::{where_to_look, without_button};
use super::{Restarted, Site};
use engine::identity::Via;
use engine::ui::{Container, Group, Input, InputKind, Node};
use leptos::prelude::*;

const UNAVAILABLE: &str = "Not available right now. Contact the owner of this service.";

/// One form and what surrounds it.
#[derive(Clone, Debug)]
pub struct Verification {
    pub ui: Container,
    /// Where the code was sent, as the user entered it.
    pub to: Option<String>,
    /// Seconds until the user can request a new code; `None`: not on this page.
    pub resend: Option<u64>,
    pub restarted: Option<Restarted>,
    /// The email has a link instead of a code.
    pub by_link: bool,
    /// It was sent.
    pub link_sent: bool,
    /// The user is signed in, so the page doesn't mention sign-in.
    pub signed_in: bool,
    /// A rejected sign-in redirected here.
    pub refused: bool,
    /// The next step is sign-in, because verification signs in another browser.
    pub sign_in_next: bool,
    /// Another account is signed in in this browser.
    pub other: bool,
}

pub fn verification(site: &Site, page: Verification) -> String {
    let node = |name: &str| page.ui.nodes.iter().flatten().find(|node| node.id() == name);
    let typed = |node: &Node| node.input().and_then(|input| Some(input.value.as_ref()?.as_str()?.to_owned()));
    // A code from the email's link is not shown: users neither read nor enter it.
    let by_link = node("code").and_then(typed).is_some_and(|code| engine::otp::is_of_link(&code));
    let asks = node("email").and_then(Node::input).map(|input| input.kind);
    let takes_phone_numbers = asks == Some(InputKind::Text);
    let title = match (node("continue").and_then(Node::anchor), node("code")) {
        (Some(anchor), _) => {
            let title = match page.to.as_deref().map(Via::of) {
                Some(Via::Sms) => "Your phone number is verified",
                Some(Via::Email) | None => "Your email is verified",
            };
            let href = anchor.href.clone();
            return proven(site, title, href, &page);
        }
        (None, Some(_)) if !by_link => where_to_look(page.to.as_deref()),
        (None, Some(_) | None) if page.link_sent => "Check your email",
        (None, Some(_) | None) if takes_phone_numbers => "Verify your email or phone number",
        (None, Some(_) | None) => "Verify your email",
    };
    let asks_for_code = node("code").is_some();
    let lead = match (&page.to, asks_for_code) {
        (Some(to), _) if asks_for_code || page.link_sent => {
            view! { <p class="lead">"for " <b><bdi>{to.clone()}</bdi></b></p> }.into_any()
        }
        _ if page.by_link => view! { <p class="lead">"We’ll email you a link."</p> }.into_any(),
        _ if takes_phone_numbers => view! { <p class="lead">"We’ll send you a code."</p> }.into_any(),
        _ => view! { <p class="lead">"We’ll email you a code."</p> }.into_any(),
    };
    let restarted = page.restarted.map(|why| {
        view! { <p class="note" data-testid="restarted">{icon(Glyph::Note)} {why.sentence()}</p> }
    });
    let mut own = if asks_for_code { without_button(&page.ui, "email") } else { page.ui.clone() };
    // The engine requires these in a browser that is not known to have signed up.
    let asks_more = ["password", "start_over"].into_iter().any(|name| node(name).is_some());
    if by_link {
        if !asks_more {
            own.messages.clear();
        }
        own.nodes.iter_mut().flatten().filter(|node| node.id() == "code").for_each(|node| {
            let input = Input { kind: InputKind::Hidden, ..node.input().cloned().unwrap_or_default() };
            *node = Node::new_input(Group::Code, None, input);
        });
    }
    let foot = (!page.signed_in).then(
        || view! { <p class="foot">"Already verified? " <a href=site.sign_in.clone()>"Sign in"</a></p> },
    );
    let main = view! {
        <h1>{title}</h1>
        {lead}
        {restarted}
        {(page.refused && asks_for_code).then(|| view! {
            <p class="note" data-testid="refused">
                {icon(Glyph::Note)} {match page.to.as_deref().map(Via::of) {
                    Some(Via::Sms) => "You aren’t signed in yet. Verify your phone number first.",
                    Some(Via::Email) | None => "You aren’t signed in yet. Verify your email first.",
                }}
            </p>
        })}
        {by_link.then(|| view! {
            <p class="note" data-testid="by-link">
                {icon(Glyph::Note)} "We filled in the code from your email. "
                {(!asks_more).then(|| view! { <span data-testid="one-step">"Select Continue to verify your email."</span> })}
            </p>
        })}
        {form(&own, Rules { min_password_length: 0, providers_first: false }, UNAVAILABLE)}
        {(asks_for_code && !by_link).then(|| resend(&page))}
        {foot}
    };
    document(site, title, has_errors(&page.ui), main)
}

/// Where the page offers a new code. What the email's link filled in is no part of the request.
fn resend(page: &Verification) -> AnyView {
    let Some(wait) = page.resend else { return ().into_any() };
    let node = page.ui.nodes.iter().flatten().find(|node| node.id() == "email");
    let address = node.and_then(|node| Some(node.input()?.value.as_ref()?.as_str()?.to_owned()));
    let Some(address) = address.filter(|address| !address.is_empty()) else { return ().into_any() };
    super::resend::resend(&page.ui, ("email", address), wait, page.to.as_deref())
}

fn proven(site: &Site, title: &'static str, href: String, page: &Verification) -> String {
    let next = !page.signed_in && page.sign_in_next;
    let done = match (page.other, next || page.refused) {
        (true, _) => "Another account is signed in in this browser. Sign out to continue with this one.",
        (false, true) => "You can now sign in.",
        (false, false) => "There is nothing else to do on this page.",
    };
    let way = match next {
        true => view! {
            <a class="button main" href=site.sign_in.clone() data-testid="sign-in-next">"Sign in"</a>
        }
        .into_any(),
        false => view! { <a class="button main" href=href data-testid="continue">"Continue"</a> }.into_any(),
    };
    let foot = (!page.signed_in && !next).then(|| {
        view! { <p class="foot">"Not signed in yet? " <a href=site.sign_in.clone()>"Sign in"</a></p> }
    });
    let lead = page.to.clone().map(|to| view! { <p class="lead"><b><bdi>{to}</bdi></b></p> });
    let main = view! {
        <h1>{title}</h1>
        {lead}
        <p class="note done">{icon(Glyph::Done)} {done}</p>
        {way}
        {foot}
    };
    document(site, title, false, main)
}
