//! How long sessions live, and where their cookie goes.

use super::rule::Severity::{Danger, Warning};
use super::rule::{Found, Rule, Seen};
use std::time::Duration;

const LIFESPAN: &str = "session.lifespan";
const LONG: Duration = Duration::from_secs(30 * 24 * 60 * 60);

pub(super) const RULES: &[Rule] = &[
    // L19
    Rule::new(
        ("long_sessions", Warning),
        LIFESPAN,
        "Sessions live for more than 30 days",
        "A session lives for more than 30 days.",
        long,
    ),
    // L20
    Rule::new(
        ("cookie_without_secure", Danger),
        "session.cookie.secure",
        "The session cookie goes over http, too",
        "The public address is https, and the session cookie is not `Secure`.",
        not_secure,
    ),
    // L20
    Rule::new(
        ("cookie_for_elsewhere", Danger),
        "session.cookie.domain",
        "No browser keeps the session cookie",
        "The domain of the session cookie is none of the public address.",
        elsewhere,
    ),
    // L20
    Rule::new(
        ("cookie_for_the_whole_domain", Warning),
        "session.cookie.domain",
        "Every site of the domain gets the session cookie",
        "The domain of the session cookie is wider than the host of the public address.",
        wide,
    ),
];

fn long(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if seen.config.session.lifespan > LONG {
        found.push(
            Found::new("A cookie that is stolen is good for as long. 30 days or less are usual.")
                .set("30 days", LIFESPAN, "720h"),
        );
    }
}

fn not_secure(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let (session, all) = (&seen.config.session.cookie, &seen.config.cookies);
    let https = seen.config.serve.public.base_url.scheme() == "https";
    if https && session.secure.or(all.secure) == Some(false) {
        let key = if session.secure.is_some() { "session.cookie.secure" } else { "cookies.secure" };
        found.push(
            Found::new(
                "One link to an http address of this host, and whoever is on the way has the session.",
            )
            .key(key)
            .patch(key, serde_json::Value::Null),
        );
    }
}

/// The cookie's domain with its key, and the host of the public address.
fn domain<'a>(seen: &'a Seen<'_>) -> Option<(&'a str, &'static str, &'a str)> {
    let (session, all) = (&seen.config.session.cookie, &seen.config.cookies);
    let (domain, key) = match (&session.domain, &all.domain) {
        (Some(domain), _) => (domain, "session.cookie.domain"),
        (None, Some(domain)) => (domain, "cookies.domain"),
        (None, None) => return None,
    };
    // RFC 6265 §5.2.3: a leading dot means nothing.
    Some((domain.trim_start_matches('.'), key, seen.config.serve.public.base_url.host_str()?))
}

fn is_below(host: &str, domain: &str) -> bool {
    let (host, domain) = (host.to_ascii_lowercase(), domain.to_ascii_lowercase());
    host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'))
}

fn elsewhere(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let Some((domain, key, host)) = domain(seen) else { return };
    if !host.eq_ignore_ascii_case(domain) && !is_below(host, domain) {
        found.push(
            Found::new(format!(
                "People reach this server at {host}, and a browser drops a cookie for {domain} from there: nobody stays signed in."
            ))
            .key(key)
            .patch(key, serde_json::Value::Null),
        );
    }
}

fn wide(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let Some((domain, key, host)) = domain(seen) else { return };
    if is_below(host, domain) {
        found.push(
            Found::new(format!(
                "The cookie goes to every host below {domain}, not to {host} alone: whoever runs one of them can act as anybody who is \
                 signed in. Keep it if your apps need it there."
            ))
            .key(key)
            .patch(key, serde_json::Value::Null),
        );
    }
}
