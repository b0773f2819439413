//! *Documentation*: the pages of `docs/` as they were when this server was built, so that they fit its version and need no network.

mod markdown;

use super::kit::{Frame, Head, Loaded, Meta, Page, Visit};
use super::nav;
use leptos::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A page: its name in addresses, its title, what it answers, its text.
struct Chapter {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    text: &'static str,
}

macro_rules! chapters {
    ($($name:literal $title:literal $about:literal;)+) => {
        const CHAPTERS: &[Chapter] = &[$(Chapter {
            name: $name,
            title: $title,
            about: $about,
            text: include_str!(concat!("../../../docs/", $name, ".md")),
        }),+];
    };
}

chapters! {
    "configuration" "Configuration" "Every key of the configuration files: type, default, effect.";
    "settings" "Settings" "What operators can change in the console and on the command line.";
    "checks" "Checks" "Every check of the configuration: risk, key, way out.";
    "hosted-pages" "Hosted pages" "The sign-up and sign-in pages of this server.";
    "social-sign-in" "Social sign-in" "Sign-in with Google, GitHub and other providers.";
    "web-hooks" "Webhooks" "Call other services during sign-up, sign-in and verification.";
    "leak-free" "Prevent account enumeration" "Sign-up that responds the same for new and existing emails.";
    "limits" "Limits" "All limits on users, clients and requests.";
    "metrics" "Metrics" "What Prometheus can read.";
    "security" "Security" "Threats, protections, and the OWASP ASVS table.";
    "compatibility" "Compatibility" "Differences from Ory Kratos, with their keys.";
    "from-kratos" "Migrate from Kratos" "Move users and configuration from Ory Kratos.";
}

pub(super) struct Index;

impl Page for Index {
    const META: Meta = Meta::of(&nav::DOCUMENTATION);
    type Query = BTreeMap<String, String>;
    type View = ();

    async fn load(_: &Visit, _: Self::Query) -> engine::Result<Loaded<()>> {
        Ok(Loaded::View(()))
    }

    fn head((): &(), _: &Visit) -> Head {
        let lead =
            concat!("The documentation of version ", env!("CARGO_PKG_VERSION"), ", which is running here.");
        Head::new(nav::DOCUMENTATION.title, lead)
    }

    fn body((): (), _: &Frame<'_>) -> AnyView {
        let chapters = CHAPTERS.iter().map(|Chapter { name, title, about, .. }| {
            view! { <li><a href=format!("{}/{name}", nav::DOCUMENTATION.path)>{*title}</a><small>{*about}</small></li> }
        });
        view! { <ul class="hits">{chapters.collect_view()}</ul> }.into_any()
    }
}

pub(super) struct OneChapter;

#[derive(Default, Deserialize)]
pub(super) struct Query {
    name: String,
}

impl Page for OneChapter {
    const META: Meta = Meta::of(&nav::DOCUMENTATION).at("/documentation/{name}");
    type Query = Query;
    type View = &'static str;

    async fn load(_: &Visit, query: Query) -> engine::Result<Loaded<&'static str>> {
        Ok(CHAPTERS.iter().find(|chapter| chapter.name == query.name).map(|chapter| chapter.text).into())
    }

    fn head(text: &&'static str, _: &Visit) -> Head {
        let title = text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(nav::DOCUMENTATION.title);
        Head::new(title.replace('`', ""), "").below(&nav::DOCUMENTATION)
    }

    fn body(text: &'static str, _: &Frame<'_>) -> AnyView {
        view! { <div class="text" inner_html=markdown::html(text, link)></div> }.into_any()
    }
}

/// The title of a chapter. `None`: there is none of that name.
pub(super) fn title(name: &str) -> Option<&'static str> {
    CHAPTERS.iter().find(|chapter| chapter.name == name).map(|chapter| chapter.title)
}

/// Where a chapter is.
pub(super) fn address(name: &str) -> String {
    format!("{}/{name}", nav::DOCUMENTATION.path)
}

/// Where a link of a chapter goes. `None`: to a file that is not here.
fn link(to: &str) -> Option<String> {
    if to.starts_with('#') || to.starts_with("https://") {
        return Some(to.to_owned());
    }
    let (file, anchor) =
        to.split_once('#').map_or((to, String::new()), |(file, anchor)| (file, format!("#{anchor}")));
    let name = file.strip_suffix(".md")?;
    let chapter = CHAPTERS.iter().find(|chapter| chapter.name == name)?;
    Some(format!("{}/{}{anchor}", nav::DOCUMENTATION.path, chapter.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chapter_has_a_title_and_no_link_within_the_documentation_is_broken() {
        for chapter in CHAPTERS {
            assert!(chapter.text.starts_with("# "), "{}", chapter.name);
            let html = markdown::html(chapter.text, link);
            for to in html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
                let Some((page, anchor)) = to.split_once('#') else { continue };
                let text = match page.rsplit('/').next().unwrap() {
                    "" => chapter.text,
                    name => CHAPTERS.iter().find(|other| other.name == name).unwrap().text,
                };
                let there = markdown::html(text, link).contains(&format!("id=\"{anchor}\""));
                assert!(there, "{}: {to}", chapter.name);
            }
        }
    }
}
