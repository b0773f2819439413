//! Pages without a form: a message and links to continue.

use super::Site;
use super::document::document;
use leptos::prelude::*;

/// A page with a message: what happened, what to do, and links for it.
pub(super) struct Message {
    pub(super) title: &'static str,
    pub(super) text: Vec<String>,
    /// The first one is the main button.
    pub(super) links: Vec<(&'static str, String)>,
    /// Details for support: name and value.
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

/// Sign-up is turned off.
pub fn closed(site: &Site) -> String {
    Message {
        title: "Sign-up is closed",
        text: vec![
            "New accounts can’t be created right now. If you already have an account, sign in.".to_owned(),
        ],
        links: vec![("Sign in", site.sign_in.clone())],
        details: Vec::new(),
        failed: false,
    }
    .page(site)
}

/// Recovery is turned off.
pub fn recovery_closed(site: &Site) -> String {
    Message {
        title: "Recovery is not available",
        text: vec![
            "Accounts can’t be recovered here. If you can’t sign in, contact the owner of this service."
                .to_owned(),
        ],
        links: vec![("Sign in", site.sign_in.clone())],
        details: Vec::new(),
        failed: false,
    }
    .page(site)
}

/// The browser got a new form once and still didn't send the cookie that belongs to it. `again`: where the flow starts. It is a link, so
/// that the browser isn't redirected in a loop.
pub fn cookies_blocked(site: &Site, again: String) -> String {
    Message {
        title: "This form needs cookies",
        text: vec![
            "Your browser didn’t send the cookie that protects this form, or you opened a link that was created in \
             another browser."
                .to_owned(),
            "Allow cookies for this site, then try again.".to_owned(),
        ],
        links: vec![("Try again", again)],
        details: Vec::new(),
        failed: true,
    }
    .page(site)
}

/// No page has this URL.
pub fn no_page(site: &Site) -> String {
    Message {
        title: "Page not found",
        text: vec!["No page has this URL. Check the address, or go on from here.".to_owned()],
        links: both(site),
        details: Vec::new(),
        failed: true,
    }
    .page(site)
}

/// The error page without an error: its ID is unknown, or the error was deleted.
pub fn not_here(site: &Site) -> String {
    Message {
        title: "No error found",
        text: vec!["This page shows details of an error. There are none, or they have expired.".to_owned()],
        links: both(site),
        details: Vec::new(),
        failed: false,
    }
    .page(site)
}

/// `/welcome` without a session. `came_from`: the referring page, if it is a hosted page. `proof_first`: sign-in requires a verified
/// email.
pub fn signed_out(site: &Site, came_from: Option<&str>, proof_first: bool) -> String {
    let (title, text, failed) = match came_from {
        Some("registration") if proof_first => (
            "Check your email to finish",
            "Your account is ready. Verify your email with the message we sent, then sign in.",
            false,
        ),
        Some("registration") => ("Your account is ready", "Sign in to continue.", false),
        Some("login") => (
            "You are not signed in",
            "Your browser didn’t keep the cookie that signs you in. Allow cookies for this site, then sign in again.",
            true,
        ),
        Some("welcome") => ("You are signed out", "On a shared device, close the browser too.", false),
        _ => ("You are not signed in", "Sign in to continue.", false),
    };
    let links =
        if came_from == Some("registration") { vec![("Sign in", site.sign_in.clone())] } else { both(site) };
    Message { title, text: vec![text.to_owned()], links, details: Vec::new(), failed }.page(site)
}
