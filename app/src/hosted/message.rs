//! Pages that only say something and offer the way on.

use super::Site;
use super::document::document;
use leptos::prelude::*;

/// A page of words: what is the case, what to do, and the links to do it.
pub(super) struct Message {
    pub(super) title: &'static str,
    pub(super) text: Vec<String>,
    /// The first one is the way on.
    pub(super) links: Vec<(&'static str, String)>,
    /// Small print for whoever asks for help: name and value.
    pub(super) details: Vec<(&'static str, String)>,
    pub(super) failed: bool,
}

impl Message {
    pub(super) fn page(self, site: &Site) -> String {
        let text: Vec<_> = self.text.into_iter().map(|text| view! { <p>{text}</p> }).collect();
        let links: Vec<_> = self
            .links
            .into_iter()
            .enumerate()
            .map(|(at, (text, href))| {
                let class = if at == 0 { "button main" } else { "button" };
                view! { <a class=class href=href>{text}</a> }
            })
            .collect();
        let details: Vec<_> =
            self.details.into_iter().map(|(name, value)| view! { <dt>{name}</dt><dd>{value}</dd> }).collect();
        let details = (!details.is_empty()).then(|| view! { <dl class="details">{details}</dl> });
        let main = view! {
            <h1>{self.title}</h1>
            <div class="text">{text}</div>
            {links}
            {details}
        };
        document(site, self.title, self.failed, main)
    }
}

fn both(site: &Site) -> Vec<(&'static str, String)> {
    let mut links = vec![("Sign in", site.sign_in.clone())];
    links.extend(site.sign_up.clone().map(|url| ("Create an account", url)));
    links
}

/// Registration is switched off.
pub fn closed(site: &Site) -> String {
    Message {
        title: "Sign-up is closed",
        text: vec![
            "New accounts cannot be created here at the moment. If you have one, sign in with it.".to_owned(),
        ],
        links: vec![("Sign in", site.sign_in.clone())],
        details: Vec::new(),
        failed: false,
    }
    .page(site)
}

/// The browser was given a fresh form once and still did not bring the cookie that goes with it.
/// `again`: where the flow starts. It is a link, so nothing goes round in circles by itself.
pub fn cookies_blocked(site: &Site, again: String) -> String {
    Message {
        title: "This form needs cookies",
        text: vec![
            "Your browser did not send back the cookie that keeps this form yours, or you opened a link that was \
             made in another browser."
                .to_owned(),
            "Allow cookies for this site, then try again.".to_owned(),
        ],
        links: vec![("Try again", again)],
        details: Vec::new(),
        failed: true,
    }
    .page(site)
}

/// A page that was asked for by an address that leads nowhere: an unknown id of an error.
pub fn not_here(site: &Site) -> String {
    Message {
        title: "Nothing to show here",
        text: vec![
            "This page tells about something that went wrong, and it does not know of anything. What it had to say \
             may have been deleted since."
                .to_owned(),
        ],
        links: both(site),
        details: Vec::new(),
        failed: false,
    }
    .page(site)
}

/// `/welcome` without a session. `came_from`: the page the browser says it comes from, if it is one of ours.
/// `proof_first`: nobody signs in before their address is confirmed.
pub fn signed_out(site: &Site, came_from: Option<&str>, proof_first: bool) -> String {
    let (title, text, failed) = match came_from {
        Some("registration") if proof_first => (
            "Check your mail to finish",
            "Your account is made. Open the mail that we sent you and confirm your address, then sign in.",
            false,
        ),
        Some("registration") => ("Your account is ready", "Sign in with it to go on.", false),
        Some("login") => (
            "You are not signed in",
            "Your browser did not keep the cookie that would sign you in. Allow cookies for this site, then sign in \
             again.",
            true,
        ),
        Some("welcome") => {
            ("You are signed out", "On a device that others use, close the browser too.", false)
        }
        _ => ("You are not signed in", "Sign in to go on.", false),
    };
    let links =
        if came_from == Some("registration") { vec![("Sign in", site.sign_in.clone())] } else { both(site) };
    Message { title, text: vec![text.to_owned()], links, details: Vec::new(), failed }.page(site)
}
