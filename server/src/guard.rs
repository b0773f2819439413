//! Access to the console (docs: security of the listeners). Loopback is no boundary: `Host` must be a known name because of DNS
//! rebinding, and every change must come from the console's own pages.

use axum::http::{HeaderMap, Method, header};
use engine::config::{Config, Listener};
use std::net::IpAddr;

/// Why a request is rejected, as a sentence for administrators.
pub fn refused(config: &Config, method: &Method, headers: &HeaderMap) -> Option<&'static str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if !host_is_ours(config, &config.vestibule.console, text(header::HOST.as_str()).unwrap_or_default()) {
        return Some("Unknown host name. If it is yours, add it to vestibule.allowed_hosts.");
    }
    if method == Method::GET || method == Method::HEAD {
        return None;
    }
    let own = config.vestibule.console.base_url.origin().ascii_serialization();
    match text(header::ORIGIN.as_str()) {
        // sabotage: console-origin
        Some(origin) if origin == own => None,
        // `null`, which a sandboxed page sends, lands here too.
        Some(_) => Some(
            "This request came from a page of another site. Open the console at its own URL and try again.",
        ),
        None if text("sec-fetch-site") == Some("same-origin") => None,
        None => Some("This request has no origin. Open the console in a browser and try again."),
    }
}

/// Loopback names, addresses, the base URL's host, `vestibule.allowed_hosts`. An address is no name that somebody
/// else's DNS could point here.
pub fn host_is_ours(config: &Config, listener: &Listener, host: &str) -> bool {
    let name = name_of(host);
    name == "localhost"
        || name.parse::<IpAddr>().is_ok()
        || listener
            .base_url
            .host_str()
            .is_some_and(|own| own.trim_matches(['[', ']']).eq_ignore_ascii_case(&name))
        || config.vestibule.allowed_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(&name))
}

/// Whether no name server of the internet can point that name anywhere: one without a dot (RFC 1034 leaves it to the machine's
/// own network, as Compose does), or a service of a Kubernetes cluster, written out or not (`svc` is no top-level domain, and
/// `local` is reserved by RFC 6762). `service.namespace` is none: the namespace may be called like a top-level domain.
pub fn is_cluster_name(host: &str) -> bool {
    let name = name_of(host);
    let name = name.strip_suffix('.').unwrap_or(&name);
    let service = name.strip_suffix(".svc.cluster.local").or_else(|| name.strip_suffix(".svc"));
    let label = |label: &str| {
        label.bytes().any(|byte| byte.is_ascii_lowercase())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    match service {
        Some(service) => service.split('.').all(|part| !part.is_empty()),
        None => label(name),
    }
}

/// A `Host` without its port and brackets, in small letters.
fn name_of(host: &str) -> String {
    let without_port = host
        .rsplit_once(':')
        .filter(|(_, port)| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    without_port.map_or(host, |(name, _)| name).trim_matches(['[', ']']).to_lowercase()
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
    fn names_that_only_a_network_of_ones_own_can_have() {
        for (host, own) in [
            ("kratos", true),
            ("kratos:4434", true),
            ("Kratos-Admin", true),
            ("kratos_1", true),
            ("kratos-admin.default.svc:4434", true),
            ("kratos-admin.default.svc.cluster.local", true),
            ("kratos-admin.default.svc.cluster.local.:4434", true),
            ("pod-0.kratos.default.svc", true),
            ("kratos-admin.default", false),
            ("kratos.dev", false),
            ("kratos.local", false),
            ("cluster.local", false),
            ("svc.evil.example", false),
            ("a.svc.cluster.local.evil.example", false),
            ("evilsvc", true),
            ("evil.example.notsvc", false),
            (".svc", false),
            ("..svc", false),
            ("2130706433", false),
            ("", false),
            (".", false),
            ("a b", false),
        ] {
            assert_eq!(is_cluster_name(host), own, "{host:?}");
        }
        // The console is for browsers, which are told its address.
        assert!(ask(&Method::GET, &[("host", "kratos:4435")]).is_some());
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
