//! The frame of every console page: bar, navigation from one table, the script that wakes the island.

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
    /// Its page of the navigation, see [`section`]; empty for none.
    pub path: &'static str,
    /// Mails stay here, and this operator may read them.
    pub mailbox: bool,
    /// Errors and dangers of the configuration in force, for the navigation.
    pub grave: usize,
    /// Name and URL of the pages that all of this is about.
    pub doors: Vec<(&'static str, String)>,
}

/// Title, pages. Only what exists.
const NAVIGATION: [(&str, &[(&str, &str)]); 3] = [
    (
        "Sign-up and sign-in",
        &[
            ("Authentication", super::authentication::PATH),
            ("Social sign-in", super::social::PATH),
            ("Actions", super::actions::PATH),
            ("Checks", super::checks::PATH),
            ("History", super::history::PATH),
            ("Invitations", super::invitations::PATH),
        ],
    ),
    // For owners only: codes and sessions are seen there.
    ("Trial", &[("Sign-up tester", super::tester::PATH), ("Mailbox", super::mailbox::PATH)]),
    ("Mail", &[("Outgoing mail", super::mail::PATH)]),
];

/// The page of the navigation that an address belongs to: its own, or one below it. Empty: none.
pub fn section(address: &str) -> &'static str {
    let mut paths = NAVIGATION.iter().flat_map(|(_, pages)| pages.iter()).map(|(_, path)| *path);
    let holds = |path: &str| {
        address.strip_prefix(path).is_some_and(|below| below.is_empty() || below.starts_with('/'))
    };
    paths.find(|path| holds(path)).unwrap_or_default()
}

impl Shell {
    /// What this operator finds.
    fn navigation(&self) -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
        let finds = |path: &str| match path {
            super::tester::PATH => self.operator.role == Role::Owner,
            super::mailbox::PATH => self.mailbox,
            // Where mails stay in the mailbox, none goes out.
            super::mail::PATH => !self.mailbox,
            _ => true,
        };
        let groups = NAVIGATION.into_iter().map(|(group, pages)| {
            (group, pages.iter().copied().filter(|(_, path)| finds(path)).collect::<Vec<_>>())
        });
        groups.filter(|(_, pages)| !pages.is_empty()).collect()
    }
}

pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Editor => "Editor",
        Role::Viewer => "Viewer",
    }
}

/// A whole page in the shell. `main` is called once everything that an island needs is there.
pub fn document<V: IntoView + 'static>(shell: &Shell, title: &str, main: impl FnOnce() -> V) -> String {
    let shell = shell.clone();
    let title = title.to_owned();
    page(&shell.assets.clone(), &title.clone(), move || {
        let group = shell
            .navigation()
            .into_iter()
            .find(|(_, pages)| pages.iter().any(|(_, path)| *path == shell.path))
            .map(|(group, _)| group);
        let stuck = shell.assets.mail_stuck;
        let initials: String =
            shell.operator.name.split_whitespace().filter_map(|word| word.chars().next()).take(2).collect();
        view! {
            <a class="skip" href="#main">"Skip to the settings"</a>
            <header class="bar">
                <a class="brand" href="/">{mark()}"Vestibule"</a>
                <span class="crumb">{group.map(|group| view! { {group} <span aria-hidden="true">" / "</span> })}<b>{title.clone()}</b></span>
                <details class="menu">
                    <summary aria-label=format!("Your account: {}", shell.operator.name)><span class="me" aria-hidden="true">{initials.to_uppercase()}</span></summary>
                    <div class="sheet">
                        <p class="who"><b>{shell.operator.name.clone()}</b><span>{shell.operator.email.clone()}</span><span>{role(shell.operator.role)}</span></p>
                        <form method="post" action="/sign-out"><button class="button" type="submit">"Sign out"</button></form>
                    </div>
                </details>
            </header>
            <div class="frame">
                <nav class="side" aria-label="Console">
                    {shell.navigation().into_iter().map(|(group, pages)| view! {
                        <h2>{group}</h2>
                        <ul>{pages.into_iter().map(|(name, path)| {
                            let current = (path == shell.path).then_some("page");
                            let grave = (path == super::checks::PATH).then(|| grave(shell.grave));
                            let stuck = (stuck && path == super::mail::PATH).then(|| view! { ": "<b data-testid="mail-stuck">"not leaving"</b> });
                            view! { <li><a href=path aria-current=current>{name}{grave}{stuck}</a></li> }
                        }).collect_view()}</ul>
                    }).collect_view()}
                    <h2>"What people see"</h2>
                    <ul>{shell.doors.iter().map(|(name, url)| view! { <li><a href=url.clone()>{*name}</a></li> }).collect_view()}</ul>
                </nav>
                {main()}
            </div>
        }
    })
}

/// For an address that no page has.
pub fn not_found(shell: &Shell) -> String {
    let main = || {
        view! {
            <main id="main">
                <div class="head"><h1>"There is no such page"</h1><p>"The address may be old, or mistyped."</p></div>
                <p><a href="/settings/authentication">"Authentication settings"</a></p>
            </main>
        }
    };
    document(shell, "Not found", main)
}

/// For what no form can show.
pub fn trouble(shell: &Shell, sentence: &str) -> String {
    let sentence = sentence.to_owned();
    let main = || {
        view! {
            <main id="main">
                <div class="head"><h1>"This did not work"</h1><p>{sentence}</p></div>
                <p><a href="/settings/authentication">"Back to the settings"</a></p>
            </main>
        }
    };
    document(shell, "Error", main)
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
pub(super) fn grave(count: usize) -> AnyView {
    let shown = (count > 0).then(|| {
        view! { " "<span class="count">{count}</span><span class="unseen">" errors and dangers"</span> }
    });
    view! { <span id="grave" data-part="">{shown}</span> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::section;

    #[test]
    fn what_lies_below_a_page_belongs_to_it_and_what_only_begins_alike_does_not() {
        for (address, of) in [
            ("/settings/authentication", "/settings/authentication"),
            ("/settings/history/12", "/settings/history"),
            ("/actions/hook", "/actions"),
            ("/mail", "/mail"),
            ("/mailbox", "/mailbox"),
            ("/mailboxes", ""),
            ("/settings", ""),
            ("/", ""),
        ] {
            assert_eq!(section(address), of, "{address}");
        }
    }
}
