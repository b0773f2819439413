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
        "Sessions last longer than 30 days",
        "A session lasts longer than 30 days.",
        long,
    ),
    // L20
    Rule::new(
        ("cookie_without_secure", Danger),
        "session.cookie.secure",
        "The session cookie is also sent over http",
        "The public URL is https, and the session cookie isn’t `Secure`.",
        not_secure,
    ),
    // L20
    Rule::new(
        ("cookie_for_elsewhere", Danger),
        "session.cookie.domain",
        "Browsers reject the session cookie",
        "The domain of the session cookie doesn’t match the public URL.",
        elsewhere,
    ),
    // L20
    Rule::new(
        ("cookie_for_the_whole_domain", Warning),
        "session.cookie.domain",
        "Every host of the domain gets the session cookie",
        "The domain of the session cookie is wider than the host of the public URL.",
        wide,
    ),
];

fn long(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if seen.config.session.lifespan > LONG {
        found.push(Found::new("A stolen cookie stays valid just as long. 30 days or less is common.").set(
            "Set 30 days",
            LIFESPAN,
            "720h",
        ));
    }
}

fn not_secure(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let (session, all) = (&seen.config.session.cookie, &seen.config.cookies);
    let https = seen.config.serve.public.base_url.scheme() == "https";
    if https && session.secure.or(all.secure) == Some(false) {
        let key = if session.secure.is_some() { "session.cookie.secure" } else { "cookies.secure" };
        found.push(
            Found::new("A single link to an http URL of this host gives the session to a network attacker.")
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
                "Users reach this server at {host}, and browsers reject a cookie for {domain} from there, so users \
                 don’t stay signed in."
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
                "The cookie is sent to every host below {domain}, not only to {host}. The owner of any of them can \
                 act as a signed-in user. Keep it if your apps need it there."
            ))
            .key(key)
            .patch(key, serde_json::Value::Null),
        );
    }
}
