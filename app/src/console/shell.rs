//! The frame of every console page: bar, navigation from the table of `nav`, the script that wakes the island. It knows no page.

use super::nav::{self, Badge, Group, PLACES, Place, includes, role_name};
use engine::operators::{Operator, Role};
use hydration_context::SsrSharedContext;
use leptos::prelude::*;
use std::sync::Arc;

/// What every page of a request has: URLs of what it loads, and what it must say wherever one is.
#[derive(Clone, Debug)]
pub struct Assets {
    pub stylesheet: String,
    /// JavaScript and WASM; `None` in a binary that was built without them: then all works without a script.
    pub script: Option<(String, String)>,
    /// For the one inline script of the content security policy.
    pub nonce: String,
    /// Mails do not leave.
    pub mail_stuck: bool,
}

/// What a page of a signed-in operator has around it.
#[derive(Clone, Debug)]
pub struct Shell {
    pub assets: Assets,
    pub operator: Operator,
    /// Path and query of the request.
    pub address: String,
    /// The page of the navigation that this one belongs to.
    pub place: Option<&'static Place>,
    /// Emails are kept here.
    pub mailbox: bool,
    /// Errors and dangers of the active configuration, for the navigation.
    pub critical_count: usize,
    /// Name and URL of the hosted pages.
    pub user_pages: Vec<(&'static str, String)>,
    /// The configuration files changed and do not apply.
    pub files: bool,
}

impl Shell {
    fn places(&self, group: Group) -> Vec<&'static Place> {
        let there = PLACES.into_iter().filter(|place| place.group == group);
        there.filter(|place| self.mailbox || !place.needs_mailbox).collect()
    }

    fn navigation(&self) -> AnyView {
        Group::ALL
            .into_iter()
            .map(|group| (group, self.places(group)))
            .filter(|(_, places)| !places.is_empty())
            .map(|(group, places)| {
                let title = group.title().map(|title| view! { <h2>{title}</h2> });
                let class = if title.is_some() { "" } else { "apart" };
                view! { {title}<ul class=class>{places.into_iter().map(|place| self.entry(place)).collect_view()}</ul> }
            })
            .collect_view()
            .into_any()
    }

    fn entry(&self, place: &'static Place) -> AnyView {
        let current = self.place.is_some_and(|own| own.path == place.path).then_some("page");
        let beside = match place.badge {
            Badge::Issues => critical(self.critical_count),
            Badge::Delivery if self.assets.mail_stuck => {
                view! { " "<b class="count" data-testid="mail-stuck">"Failing"</b> }.into_any()
            }
            Badge::Delivery | Badge::None => ().into_any(),
        };
        if !includes(self.operator.role, place.role) {
            let who = match place.role {
                Role::Owner => "Owners only",
                Role::Editor | Role::Viewer => "Owners and editors only",
            };
            return view! { <li><span class="locked">{icon(place.icon)}<span>{place.title}<small>{who}</small></span></span></li> }
                .into_any();
        }
        view! { <li><a href=place.path aria-current=current>{icon(place.icon)}<span>{place.title}</span>{beside}</a></li> }
            .into_any()
    }
}

/// An icon of the navigation.
pub(super) fn icon(path: &'static str) -> AnyView {
    view! { <svg class="icon" viewBox="0 0 18 18" aria-hidden="true"><path d=path /></svg> }.into_any()
}

/// A whole page in the shell. `main` is called once everything that an island needs is there.
pub fn document<V: IntoView + 'static>(shell: &Shell, title: &str, main: impl FnOnce() -> V) -> String {
    let shell = shell.clone();
    let title = title.strip_suffix(" · Vestibule").unwrap_or(title).to_owned();
    page(&shell.assets.clone(), &title.clone(), move || {
        // What went wrong is told in the title of the window and on the page; the page's name stays what it is.
        let name = title.strip_prefix("Error: ").unwrap_or(&title).to_owned();
        let group = shell.place.and_then(|place| place.group.title());
        let initials: String =
            shell.operator.name.split_whitespace().filter_map(|word| word.chars().next()).take(2).collect();
        let initials = initials.to_uppercase();
        view! {
            <a class="skip" href="#main">"Skip to main content"</a>
            <header class="bar">
                <details class="open-nav"><summary aria-label="Menu">{icon("M2.5 5h13M2.5 9h13M2.5 13h13")}</summary></details>
                <a class="brand" href="/">{mark()}"Vestibule"</a>
                <span class="crumb">{group.map(|group| view! { {group} <span aria-hidden="true">" / "</span> })}<b><bdi>{name}</bdi></b></span>
                <a class="find" href=nav::SEARCH.path data-palette="">{icon("M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM12 12l4 4")}<span>"Search"</span><kbd aria-hidden="true">"Ctrl K"</kbd></a>
                // Escape and a click elsewhere close it, also without a script.
                <button class="account" type="button" popovertarget="account-menu" aria-label=format!("{initials}, account menu")><span class="me" aria-hidden="true">{initials.clone()}</span></button>
                <div class="sheet" id="account-menu" popover="auto">
                    <p class="who"><b><bdi>{shell.operator.name.clone()}</bdi></b><span><bdi>{shell.operator.email.clone()}</bdi></span><span>{role_name(shell.operator.role)}</span></p>
                    <a class="button" href=nav::ACCOUNT.path>"Your account"</a>
                    <form method="post" action="/sign-out"><button class="button" type="submit">"Sign out"</button></form>
                </div>
            </header>
            {shell.files.then(super::files::notice)}
            <div class="frame">
                <nav class="side" aria-label="Console">
                    {shell.navigation()}
                    <footer>
                        <ul>
                            {shell.user_pages.iter().map(|(name, url)| view! { <li><a href=url.clone() target="_blank" rel="noopener">{icon("M6 12 12.5 5.5M7 5h6v6")}<span>{*name}<span class="unseen">" (opens in a new tab)"</span></span></a></li> }).collect_view()}
                            <li><a href=nav::DOCUMENTATION.path>{icon(nav::DOCUMENTATION.icon)}<span>{nav::DOCUMENTATION.title}</span></a></li>
                        </ul>
                        <p class="version">"Version "{env!("CARGO_PKG_VERSION")}</p>
                    </footer>
                </nav>
                {main()}
            </div>
            // What the script opens with Ctrl+K. Without it there is the page.
            <dialog id="palette" aria-label="Search">
                <form method="get" action=nav::SEARCH.path role="search">
                    <input id="palette-q" name="q" type="search" aria-label="Search pages, users, settings and keys" placeholder="Search pages, users, settings and keys" maxlength="200" autocomplete="off" autocapitalize="none" spellcheck="false" dir="auto" />
                </form>
                <div id="palette-results" aria-live="polite"></div>
            </dialog>
        }
    })
}

/// For an address that no page has.
pub fn not_found(shell: &Shell) -> String {
    let text = "Check the URL, or search for the page.";
    plain(shell, "Page not found", text.to_owned())
}

/// For what no form can show.
pub fn trouble(shell: &Shell, sentence: &str) -> String {
    plain(shell, "Something went wrong", sentence.to_owned())
}

fn plain(shell: &Shell, title: &'static str, sentence: String) -> String {
    let main = move || {
        view! {
            <main id="main">
                <div class="head"><h1>{title}</h1><p>{sentence}</p></div>
                <p class="buttons"><a class="button main" href=nav::OVERVIEW.path>"Go to overview"</a><a class="button" href=nav::SEARCH.path>"Search"</a></p>
            </main>
        }
    };
    document(shell, title, main)
}

/// Head and body around anything.
pub(super) fn page<V: IntoView>(assets: &Assets, title: &str, body: impl FnOnce() -> V) -> String {
    // The island needs to know that it is being rendered for islands.
    let owner = Owner::new_root(Some(Arc::new(SsrSharedContext::new_islands())));
    owner.with(|| {
        let wake = assets.script.as_ref().map(|(script, wasm)| {
            let code = format!(
                "import start,* as islands from {script:?};await start({{module_or_path:{wasm:?}}});islands.hydrate();\
                 for(const element of document.querySelectorAll('leptos-island'))await islands[element.dataset.component]?.(element);"
            );
            view! {
                <link rel="modulepreload" href=script.clone() nonce=assets.nonce.clone() />
                <script type="module" nonce=assets.nonce.clone() inner_html=code></script>
            }
        });
        view! {
            <!DOCTYPE html>
            <html lang="en">
                <head>
                    <meta charset="utf-8" />
                    <meta name="viewport" content="width=device-width,initial-scale=1" />
                    <meta name="color-scheme" content="light dark" />
                    <meta name="description" content=format!("{title}, in the console of this identity server") />
                    <title>{format!("{title} · Vestibule")}</title>
                    <link rel="icon" href=ICON />
                    <link rel="stylesheet" href=assets.stylesheet.clone() />
                    {wake}
                </head>
                <body>{body()}</body>
            </html>
        }
        .to_html()
    })
}

const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' \
    stroke='%231c5a49' stroke-width='2'%3E%3Cpath d='M3 23V11a9 9 0 0 1 18 0v12'/%3E%3Cpath d='M8 23V12a4 4 0 0 1 8 \
    0v11' fill='%231c5a49' stroke='none'/%3E%3C/svg%3E";

/// The arch with a door in it.
pub(super) fn mark() -> AnyView {
    view! {
        <svg width="22" height="24" viewBox="0 0 22 24" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true">
            <path d="M2 23V11a9 9 0 0 1 18 0v12" />
            <path d="M7 23V12a4 4 0 0 1 8 0v11" fill="currentColor" stroke="none" />
        </svg>
    }
    .into_any()
}

/// How many errors and dangers there are: beside the link to them, and what a Save puts there.
pub(super) fn critical(count: usize) -> AnyView {
    let shown = (count > 0).then(|| {
        let words = if count == 1 { " error or danger" } else { " errors and dangers" };
        view! { " "<span class="count">{count}</span><span class="unseen">{words}</span> }
    });
    view! { <span id="critical" data-part="">{shown}</span> }.into_any()
}
