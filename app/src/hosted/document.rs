//! The frame of every hosted page: head, the service's name or the Vestibule mark, one column.

use super::Site;
use leptos::prelude::*;

/// The Vestibule mark as the tab's icon. Shown only while no service name is configured.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' \
    stroke='%231c5a49' stroke-width='2'%3E%3Cpath d='M3 23V11a9 9 0 0 1 18 0v12'/%3E%3Cpath d='M8 23V12a4 4 0 0 1 8 \
    0v11' fill='%231c5a49' stroke='none'/%3E%3C/svg%3E";

/// Renders a whole document. `title` becomes the tab's title. When `failed`, `Error:` precedes it, so that a screen reader announces
/// the error first (GOV.UK Design System, error summary).
pub(super) fn document(site: &Site, title: &str, failed: bool, main: impl IntoView + 'static) -> String {
    let owner = Owner::new();
    let site = site.clone();
    let title = [if failed { "Error: " } else { "" }, title].concat();
    owner.with(move || {
        let title = match &site.name {
            Some(name) => format!("{title} · {name}"),
            None => title,
        };
        // An empty icon keeps browsers from requesting /favicon.ico, so that no foreign mark is shown next to the service's name.
        let icon = if site.name.is_some() { "data:," } else { ICON };
        view! {
            <!DOCTYPE html>
            <html lang="en">
                <head>
                    <meta charset="utf-8" />
                    <meta name="viewport" content="width=device-width,initial-scale=1" />
                    <meta name="color-scheme" content="light dark" />
                    <meta name="description" content=title.clone() />
                    <title>{title}</title>
                    <link rel="icon" href=icon />
                    <link rel="stylesheet" href=site.stylesheet />
                </head>
                <body>
                    <main>{brand(site.name)} {main}</main>
                </body>
            </html>
        }
        .to_html()
    })
}

fn brand(name: Option<String>) -> AnyView {
    match name {
        Some(name) => view! { <p class="brand"><bdi>{name}</bdi></p> }.into_any(),
        None => view! {
            <svg class="mark" width="40" height="44" viewBox="0 0 22 24" aria-hidden="true">
                <path class="arch" d="M2 23V11a9 9 0 0 1 18 0v12" />
                <path class="door" d="M7 23V12a4 4 0 0 1 8 0v11" />
            </svg>
        }
        .into_any(),
    }
}

/// The icon before a message, so that color isn't the only sign of its kind. The text next to it says the kind as well.
pub(super) fn icon(kind: Glyph) -> AnyView {
    let path = match kind {
        Glyph::Wrong => "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M8 4.5v4.2M8 11.2v.3",
        Glyph::Note => "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M8 7.3v4.2M8 4.5v.3",
        Glyph::Done => "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M5 8.2l2.2 2.2L11 6.2",
    };
    view! {
        <svg class="icon" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
            <path d=path />
        </svg>
    }
    .into_any()
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Glyph {
    Wrong,
    Note,
    Done,
}
