//! The recovery page: the email, the code or the link, and the choice among several emails.

use super::document::{Glyph, document, icon};
use super::form::{Rules, form, has_errors};
use super::resend::{resend, where_to_look, without_button};
use super::{Restarted, Site};
use engine::ui::Container;
use leptos::prelude::*;

const UNAVAILABLE: &str = "Not available right now. Contact the owner of this service.";

/// One form and what surrounds it.
#[derive(Clone, Debug)]
pub struct Recovery {
    pub ui: Container,
    pub step: Step,
    /// Where the email was sent, as the user entered it.
    pub to: Option<String>,
    /// Seconds until the user can request a new code.
    pub resend: u64,
    pub restarted: Option<Restarted>,
    /// Codes go to phone numbers as well.
    pub by_text_message: bool,
}

/// What the form asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The email. `by_link`: a link is sent to it, not a code.
    Email { by_link: bool },
    /// One of several emails.
    Choice,
    /// The chosen email, in full.
    Confirmation,
    /// The code from the email.
    Code,
    /// The link from the email, which is opened elsewhere.
    LinkSent,
    /// A code that the user got from an operator.
    GivenCode,
    /// The button of a link that was opened.
    OpenedLink,
}

pub fn recovery(site: &Site, page: Recovery) -> String {
    let takes_phone_numbers = page.by_text_message;
    let (title, lead) = match page.step {
        Step::Email { by_link: false } if takes_phone_numbers => {
            ("Recover your account", "We’ll send you a code.")
        }
        Step::Email { by_link: false } => ("Recover your account", "We’ll email you a code."),
        Step::Email { by_link: true } => ("Recover your account", "We’ll email you a link."),
        Step::Choice if takes_phone_numbers => {
            ("Choose where to get a code", "Your account has several addresses.")
        }
        Step::Choice => ("Choose an email", "Your account has several."),
        Step::Confirmation if takes_phone_numbers => ("Confirm your email or phone number", ""),
        Step::Confirmation => ("Confirm your email", ""),
        Step::Code | Step::LinkSent => (where_to_look(page.to.as_deref()), ""),
        Step::GivenCode => ("Enter your recovery code", "You got it from the owner of this service."),
        Step::OpenedLink => ("Recover your account", "Continue to sign in and set a new password."),
    };
    let lead = match (&page.to, page.step) {
        (Some(to), Step::Code | Step::LinkSent) => {
            Some(view! { <p class="lead">"for " <b>{to.clone()}</b></p> }.into_any())
        }
        _ if lead.is_empty() => None,
        _ => Some(view! { <p class="lead">{lead}</p> }.into_any()),
    };
    let restarted = page.restarted.map(|why| {
        view! { <p class="note" data-testid="restarted">{icon(Glyph::Note)} {why.sentence()}</p> }
    });
    let again = ["email", "recovery_confirm_address"].into_iter().find(|name| {
        page.step == Step::Code && page.ui.nodes.iter().flatten().any(|node| node.id() == *name)
    });
    let own = again.map_or_else(|| page.ui.clone(), |button| without_button(&page.ui, button));
    let main = view! {
        <h1>{title}</h1>
        {lead}
        {restarted}
        {form(&own, Rules { min_password_length: 0, providers_first: false }, UNAVAILABLE)}
        {again.and_then(|button| Some(resend(&own, (button, value(&page.ui, button)?), page.resend, page.to.as_deref())))}
        <p class="foot">"Remember your password? " <a href=site.sign_in.clone()>"Sign in"</a></p>
    };
    document(site, title, has_errors(&page.ui), main)
}

/// What a node has as its value.
fn value(ui: &Container, name: &str) -> Option<String> {
    let node = ui.nodes.iter().flatten().find(|node| node.id() == name)?;
    node.input()?.value.as_ref()?.as_str().filter(|value| !value.is_empty()).map(str::to_owned)
}
