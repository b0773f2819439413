//! Where people land who are signed in and have nowhere else to go.

use super::Site;
use super::document::{Glyph, document, icon};
use leptos::prelude::*;

#[derive(Clone, Debug)]
pub struct Welcome {
    /// The address or name the person knows themselves by.
    pub who: String,
    /// The engine's logout URL without its query, and the token that goes with it.
    pub logout: (String, String),
    /// An address of theirs that waits for proof, and where a code for it can be had.
    pub unverified: Option<(String, String)>,
    /// When the session began and when it ends: for machines (RFC 3339) and for people.
    pub since: (String, String),
    pub until: (String, String),
}

pub fn welcome(site: &Site, page: Welcome) -> String {
    let (action, token) = page.logout;
    let main = view! {
        <h1>"You are signed in"</h1>
        <p class="lead" data-testid="signed-in-as">"as " <b>{page.who}</b></p>
        <p class="note done">{icon(Glyph::Done)} "You can close this page, or go back to where you came from."</p>
        {page.unverified.map(|(address, href)| view! {
            <p class="note" data-testid="unverified">
                {icon(Glyph::Note)}
                <span>"Check your mail: " <b>{address}</b> " is not confirmed yet. " <a href=href>"Send a new code"</a></span>
            </p>
        })}
        <form action=action method="get">
            <input type="hidden" name="token" value=token />
            <button type="submit" data-testid="logout">"Sign out"</button>
        </form>
        <dl class="details">
            <dt>"Signed in"</dt>
            <dd><time datetime=page.since.0>{page.since.1}</time></dd>
            <dt>"Ends"</dt>
            <dd><time datetime=page.until.0>{page.until.1}</time></dd>
        </dl>
    };
    document(site, "You are signed in", false, main)
}
