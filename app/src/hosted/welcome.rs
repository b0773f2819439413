//! The page for a signed-in user without a `return_to`.

use super::Site;
use super::document::{Glyph, document, icon};
use leptos::prelude::*;

#[derive(Clone, Debug)]
pub struct Welcome {
    /// The email or name by which the user knows the account.
    pub who: String,
    /// The engine's logout URL without its query, and the token for it.
    pub logout: (String, String),
    /// An unverified email of the user, and the URL to request a code for it.
    pub unverified: Option<(String, String)>,
    /// Where the account settings begin.
    pub settings: String,
    /// When the session began and when it expires: for machines (RFC 3339) and as shown.
    pub since: (String, String),
    pub until: (String, String),
}

pub fn welcome(site: &Site, page: Welcome) -> String {
    let (action, token) = page.logout;
    let main = view! {
        <h1>"You are signed in"</h1>
        <p class="lead" data-testid="signed-in-as">"as " <b><bdi>{page.who}</bdi></b></p>
        <p class="note done">{icon(Glyph::Done)} "You can close this page, or return to the app that you came from."</p>
        {page.unverified.map(|(address, href)| view! {
            <p class="note" data-testid="unverified">
                {icon(Glyph::Note)}
                <span>"Check your email: " <b><bdi>{address}</bdi></b> " isn’t verified yet. " <a href=href>"Send a new code"</a></span>
            </p>
        })}
        <form action=action method="get">
            <input type="hidden" name="token" value=token />
            <button type="submit" data-testid="logout">"Sign out"</button>
        </form>
        <p class="foot"><a href=page.settings data-testid="settings">"Account settings"</a></p>
        <dl class="details">
            <dt>"Signed in"</dt>
            <dd><time datetime=page.since.0>{page.since.1}</time></dd>
            <dt>"Session expires"</dt>
            <dd><time datetime=page.until.0>{page.until.1}</time></dd>
        </dl>
    };
    document(site, "You are signed in", false, main)
}
