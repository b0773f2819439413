//! Who may talk to the console (docs: security of the listeners). Loopback is no boundary: `Host` must be one of ours
//! against DNS rebinding, and everything that changes something must come from our own pages.

use axum::http::{HeaderMap, Method, header};
use engine::config::{Config, Listener};
use std::net::IpAddr;

/// Why a request is refused, as a sentence for whoever runs the server.
pub fn refused(config: &Config, method: &Method, headers: &HeaderMap) -> Option<&'static str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if !host_is_ours(config, &config.vestibule.console, text(header::HOST.as_str()).unwrap_or_default()) {
        return Some(
            "The console does not answer to this host name. Add it to vestibule.allowed_hosts if it is yours.",
        );
    }
    if method == Method::GET || method == Method::HEAD {
        return None;
    }
    let own = config.vestibule.console.base_url.origin().ascii_serialization();
    match text(header::ORIGIN.as_str()) {
        Some(origin) if origin == own => None,
        // `null`, which a sandboxed page sends, lands here too.
        Some(_) => Some(
            "This was sent from another site's page. Open the console at its own address and try again there.",
        ),
        None if text("sec-fetch-site") == Some("same-origin") => None,
        None => Some(
            "This was sent without saying from which page. Open the console in a browser and try again there.",
        ),
    }
}

/// Loopback names, addresses, the base URL's host, `vestibule.allowed_hosts`. An address is no name that somebody
/// else's DNS could point here.
pub fn host_is_ours(config: &Config, listener: &Listener, host: &str) -> bool {
    let without_port = host
        .rsplit_once(':')
        .filter(|(_, port)| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = without_port.map_or(host, |(name, _)| name).trim_matches(['[', ']']).to_lowercase();
    name == "localhost"
        || name.parse::<IpAddr>().is_ok()
        || listener
            .base_url
            .host_str()
            .is_some_and(|own| own.trim_matches(['[', ']']).eq_ignore_ascii_case(&name))
        || config.vestibule.allowed_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(&name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::testing;

    fn ask(method: &Method, pairs: &[(&'static str, &str)]) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        refused(&testing::config(vec![]), method, &headers)
    }

    #[test]
    fn only_our_own_pages_change_anything() {
        let host = ("host", "127.0.0.1:4435");
        let own = testing::config(vec![]).vestibule.console.base_url.origin().ascii_serialization();
        assert_eq!(ask(&Method::GET, &[host]), None);
        assert_eq!(ask(&Method::POST, &[host, ("origin", &own)]), None);
        assert_eq!(ask(&Method::POST, &[host, ("sec-fetch-site", "same-origin")]), None);
        for foreign in ["null", "http://evil.example", "http://127.0.0.1:4433", "http://127.0.0.1"] {
            assert!(ask(&Method::POST, &[host, ("origin", foreign)]).is_some(), "{foreign}");
        }
        assert!(ask(&Method::POST, &[host]).is_some(), "neither Origin nor Sec-Fetch-Site");
        assert!(ask(&Method::POST, &[host, ("sec-fetch-site", "same-site")]).is_some());
        assert!(
            ask(&Method::DELETE, &[host, ("origin", "null"), ("sec-fetch-site", "same-origin")]).is_some()
        );
    }

    #[test]
    fn a_foreign_name_is_not_answered() {
        for (host, fine) in [
            ("localhost:4435", true),
            ("[::1]:4435", true),
            ("127.0.0.1", true),
            ("rebound.evil.example:4435", false),
            ("localhost.evil.example", false),
            ("", false),
        ] {
            assert_eq!(ask(&Method::GET, &[("host", host)]).is_none(), fine, "{host:?}");
        }
    }
}
