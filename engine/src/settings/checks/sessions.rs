//! How long sessions live, where their cookie goes, and the tokens that are made from them.

use super::rule::Severity::{Danger, Warning};
use super::rule::{Found, Rule, Seen};
use crate::config::Template;
use std::time::Duration;

const LIFESPAN: &str = "session.lifespan";
const LONG: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const TEMPLATES: &str = "session.whoami.tokenizer.templates";
const LONG_TOKEN: Duration = Duration::from_secs(60 * 60);

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
    Rule::new(
        ("long_session_tokens", Warning),
        TEMPLATES,
        "Session tokens stay valid after sign-out",
        "A token template has a lifetime of more than an hour.",
        long_tokens,
    ),
    Rule::new(
        ("token_claims_over_http", Danger),
        TEMPLATES,
        "Claims of session tokens come over http",
        "A token template fetches its claims mapping from an http URL.",
        claims_over_http,
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

fn long_tokens(seen: &Seen<'_>, found: &mut Vec<Found>) {
    for (name, template) in &seen.config.session.token_templates {
        if template.ttl > LONG_TOKEN {
            let key = format!("{TEMPLATES}.{name}.ttl");
            let finding = Found::new(format!(
                "Nothing revokes a token of the template {name}: services accept it until it expires, also after the user signs out or \
                 is disabled. 10 minutes or less is common."
            ));
            found.push(finding.about([name.clone()]).key(key.as_str()).patch(key.as_str(), "10m"));
        }
    }
}

fn claims_over_http(seen: &Seen<'_>, found: &mut Vec<Found>) {
    for (name, template) in &seen.config.session.token_templates {
        let Some(Template::Remote(url)) = &template.mapper else { continue };
        if url.scheme() == "http" {
            found.push(
                Found::new(format!(
                    "Anyone between this server and {} can change what tokens of the template {name} say. Use https, `file://` or \
                     `base64://`.",
                    url.host_str().unwrap_or_default()
                ))
                .about([name.clone()])
                .key(format!("{TEMPLATES}.{name}.claims_mapper_url")),
            );
        }
    }
}
