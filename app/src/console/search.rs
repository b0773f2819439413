//! *Search*: pages, users, settings and configuration keys by their names, also by those that Ory's console had. The page is what the command
//! palette of the script shows as well.

use super::fields::{Fields, trimmed};
use super::kit::text::{breakable, with_code};
use super::kit::{Frame, Head, Loaded, Meta, Page, Visit};
use super::nav::{self, PLACES, Place};
use engine::config::documented_keys;
use engine::settings::table::{SETTINGS, Setting, Text};
use engine::users::{self, Wanted};
use leptos::prelude::*;

/// Of each kind.
const SHOWN: usize = 8;

pub(super) struct Search;

pub(super) struct View {
    wanted: String,
    groups: Vec<(&'static str, Vec<Hit>)>,
}

pub(super) struct Hit {
    title: String,
    about: String,
    key: String,
    to: String,
}

/// Names of pages in Ory's console and elsewhere.
const OLD_PAGES: [(&Place, &[&str]); 18] = [
    (&nav::USERS, &["Identities", "Users & identities", "User management", "Accounts"]),
    (&nav::OVERVIEW, &["Dashboard", "Home", "Project overview", "Get started", "Statistics"]),
    (&nav::INVITATIONS, &["Invites", "Invite users"]),
    (&nav::EMAIL_VERIFICATION, &["Verification", "Verify email", "Confirm email"]),
    (&nav::PASSWORD_POLICY, &["Passwords", "Password strength", "Have I Been Pwned"]),
    (&nav::ACCOUNT_PROTECTION, &["Account enumeration", "Pre-hijacking", "Security"]),
    (&nav::LIMITS, &["Rate limits", "Throttling", "Brute force", "Blocked users", "Locked accounts"]),
    (
        &nav::AUTHENTICATION,
        &[
            "Base settings",
            "Global settings",
            "General",
            "Registration",
            "Login",
            "Sign-up",
            "Sign-in",
            "Passwordless",
        ],
    ),
    (
        &nav::SOCIAL,
        &[
            "OIDC",
            "OpenID Connect",
            "Social connections",
            "Providers",
            "Google",
            "GitHub",
            "Identity providers",
        ],
    ),
    (&nav::DELIVERY, &["Email configuration", "SMTP", "Mail server", "Courier", "Message delivery"]),
    (&nav::MAILBOX, &["Emails", "Codes", "Mailslurper", "Inbox"]),
    (&nav::WEBHOOKS, &["Actions", "Actions & Webhooks", "Hooks", "Events"]),
    (&nav::CHECKS, &["Lint", "Security", "Issues", "Problems"]),
    (&nav::HISTORY, &["Revisions", "Changes", "Rollback", "Undo"]),
    (&nav::AUDIT, &["Log", "Logs & events", "Activity"]),
    (&nav::OPERATORS, &["Members", "Team", "Admins", "Administrators", "Invite", "Collaborators"]),
    (&nav::TESTER, &["Test", "Try sign-up", "Dry run", "Simulator"]),
    (&nav::ACCOUNT, &["Account settings", "Profile", "Change password", "My sessions"]),
];

/// Names of settings in Ory's console.
const OLD_SETTINGS: [(&str, &[&str]); 6] = [
    (
        "sign_in_after_registration",
        &["Enable sign in after registration", "Session after registration", "Auto login", "hook session"],
    ),
    ("registration_enabled", &["Enable registration", "Registration enabled"]),
    (
        "require_verified_address",
        &["Require verified address for login", "Require verified address", "hook require_verified_address"],
    ),
    (
        "show_verification_page",
        &["Show verification screen", "Show verification UI", "hook show_verification_ui"],
    ),
    ("min_password_length", &["Minimum password length", "Password policy"]),
    ("breach_check", &["Have I Been Pwned", "HIBP", "haveibeenpwned"]),
];

impl Page for Search {
    const META: Meta = Meta::of(&nav::SEARCH);
    type Query = Fields;
    type View = View;

    async fn load(visit: &Visit, query: Fields) -> engine::Result<Loaded<View>> {
        let wanted: String = trimmed(&query, "q").chars().take(200).collect();
        Ok(Loaded::View(View { groups: found(visit, &wanted).await?, wanted }))
    }

    fn head(_: &View, _: &Visit) -> Head {
        Head::new(
            nav::SEARCH.title,
            "Finds pages, users, settings and configuration keys. Names from Ory’s console work as well.",
        )
    }

    fn body(View { wanted, groups }: View, _: &Frame<'_>) -> AnyView {
        let none = groups.is_empty() && !wanted.is_empty();
        view! {
            <form method="get" action=nav::SEARCH.path role="search" class="filters">
                <div><label for="q">"Search"</label><input id="q" name="q" type="search" value=wanted.clone() maxlength="200" autocomplete="off" autocapitalize="none" spellcheck="false" dir="auto" autofocus=true /></div>
                <button class="button main" type="submit">"Search"</button>
            </form>
            <div id="results" data-part="">
                {none.then(|| view! { <p class="soft" data-testid="none">"Nothing found for “"<bdi>{wanted.clone()}</bdi>"”. Try a shorter word."</p> })}
                {groups.into_iter().map(|(title, hits)| view! {
                    <h2>{title}</h2>
                    <ul class="hits">{hits.into_iter().map(hit).collect_view()}</ul>
                }).collect_view()}
            </div>
        }
        .into_any()
    }
}

fn hit(Hit { title, about, key, to }: Hit) -> AnyView {
    let about = (!about.is_empty()).then(|| view! { <small>{with_code(&about)}</small> });
    let key = (!key.is_empty()).then(|| view! { <code>{breakable(&key)}</code> });
    view! { <li><a href=to><bdi>{title}</bdi></a>{about}{key}</li> }.into_any()
}

async fn found(visit: &Visit, wanted: &str) -> engine::Result<Vec<(&'static str, Vec<Hit>)>> {
    let words: Vec<String> = wanted.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let groups = [
        ("Pages", pages(visit, &words)),
        ("Users", users(visit, wanted).await?),
        ("Settings", settings(&words)),
        ("Configuration keys", keys(&words)),
    ];
    Ok(groups.into_iter().filter(|(_, hits)| !hits.is_empty()).collect())
}

/// How well the words are found in these texts, the most telling text first. `None`: one of them is in none.
fn rank(words: &[String], texts: &[&str]) -> Option<usize> {
    let lower: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
    let mut worst = 0;
    for word in words {
        let at = lower.iter().enumerate().find_map(|(place, text)| {
            let begins = text
                .split(|letter: char| !letter.is_alphanumeric())
                .any(|part| part.starts_with(word.as_str()));
            match (begins, text.contains(word.as_str())) {
                (true, _) => Some(2 * place),
                (false, true) => Some(2 * place + 1),
                (false, false) => None,
            }
        });
        worst = worst.max(at?);
    }
    Some(worst)
}

fn best(mut ranked: Vec<(usize, Hit)>) -> Vec<Hit> {
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().take(SHOWN).map(|(_, hit)| hit).collect()
}

/// Without a word: all pages.
fn pages(visit: &Visit, words: &[String]) -> Vec<Hit> {
    let there = PLACES.into_iter().chain([&nav::ACCOUNT]);
    let open = there.filter(|place| visit.may(place.role) && (visit.shell.mailbox || !place.needs_mailbox));
    let ranked = open.filter_map(|place| {
        let old = OLD_PAGES.iter().find(|(own, _)| own.path == place.path).map_or(&[][..], |(_, old)| old);
        let texts: Vec<&str> = std::iter::once(place.title).chain(old.iter().copied()).collect();
        let rank = rank(words, &texts)?;
        let group = place.group.title().filter(|group| *group != place.title).unwrap_or_default();
        let (title, about, to) = (place.title.to_owned(), group.to_owned(), place.path.to_owned());
        Some((rank.min(2), Hit { title, about, key: String::new(), to }))
    });
    let ranked: Vec<_> = ranked.collect();
    match words.is_empty() {
        true => ranked.into_iter().map(|(_, hit)| hit).collect(),
        false => best(ranked),
    }
}

/// By what an identifier or email begins with, or by ID: the search of the page *Users*.
async fn users(visit: &Visit, wanted: &str) -> engine::Result<Vec<Hit>> {
    if wanted.is_empty() || !visit.may(nav::USERS.role) {
        return Ok(Vec::new());
    }
    let found =
        users::list(&visit.engine.begin(), Wanted { search: wanted, ..Wanted::default() }, SHOWN).await?;
    Ok(found
        .users
        .into_iter()
        .map(|user| Hit {
            title: user.handle(),
            about: user.name().unwrap_or_default(),
            key: String::new(),
            to: format!("{}/{}", nav::USERS.path, user.identity.id),
        })
        .collect())
}

fn settings(words: &[String]) -> Vec<Hit> {
    if words.is_empty() {
        return Vec::new();
    }
    let ranked = SETTINGS.iter().filter_map(|setting| {
        let old = OLD_SETTINGS.iter().find(|(name, _)| *name == setting.name).map_or(&[][..], |(_, old)| old);
        let key = setting.key().unwrap_or_default();
        let about = match setting.text {
            Text::OnOff(on, _) => format!("On: {on}"),
            Text::One(text) => text.to_owned(),
        };
        let mut texts = vec![setting.label];
        texts.extend(old);
        texts.push(setting.name);
        texts.push(&key);
        texts.push(&about);
        let rank = rank(words, &texts)?;
        let hit = Hit { title: setting.label.to_owned(), about, key, to: address(setting) };
        Some((rank, hit))
    });
    best(ranked.collect())
}

/// Its page, and its place there.
fn address(setting: &Setting) -> String {
    let own = PLACES.into_iter().find(|place| place.settings == Some(setting.section.page));
    let place = own.unwrap_or(&nav::WEBHOOKS);
    format!("{}#{}", place.path, super::kit::form::id(setting.name))
}

/// Those that only a file sets.
fn keys(words: &[String]) -> Vec<Hit> {
    if words.is_empty() {
        return Vec::new();
    }
    let here: Vec<String> = SETTINGS.iter().filter_map(Setting::key).collect();
    let ranked = documented_keys().filter(|(path, _)| !here.iter().any(|own| own == path)).filter_map(
        |(path, about)| {
            let rank = rank(words, &[path, about])?;
            let hit = Hit {
                title: path.to_owned(),
                about: about.to_owned(),
                key: String::new(),
                to: format!("{}/configuration#{path}", nav::DOCUMENTATION.path),
            };
            Some((rank, hit))
        },
    );
    best(ranked.collect())
}
