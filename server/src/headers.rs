//! The security headers in one list for every response of every listener, including errors, redirects, styles and panics. `edge` sets
//! them; a page replaces some of them.

use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use engine::Ctx;
use engine::config::{Config, Listener};

/// No `Cross-Origin-Resource-Policy` and no `Cross-Origin-Embedder-Policy`: pages elsewhere read this API.
pub const EVERYWHERE: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    // For browsers that do not know `frame-ancestors`.
    (header::X_FRAME_OPTIONS, "DENY"),
    // A redirect's policy applies to the request that follows: with `same-origin` or `no-referrer`, a form of a page elsewhere
    // would arrive with `Origin: null` after a 307.
    (header::REFERRER_POLICY, ACROSS_ORIGINS),
];

const ACROSS_ORIGINS: &str = "strict-origin-when-cross-origin";

/// What a page has instead or beside, next to its own content security policy.
const OF_PAGES: [(HeaderName, &str); 4] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// For the HTML of a page. `posts_elsewhere`: its forms go to another origin, and have to name the page's own.
pub fn of_page(headers: &mut HeaderMap, policy: &str, posts_elsewhere: bool) {
    for (name, value) in OF_PAGES {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if posts_elsewhere {
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static(ACROSS_ORIGINS));
    }
    if let Ok(policy) = HeaderValue::from_str(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// Around a listener, outside of everything that responds.
pub async fn put(
    State(listener): State<&'static str>,
    Extension(Ctx { config, .. }): Extension<Ctx>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in EVERYWHERE {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if let Some(value) = hsts(&config, own(&config, listener)) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    response
}

fn own<'a>(config: &'a Config, listener: &str) -> &'a Listener {
    match listener {
        "admin" => &config.serve.admin,
        "console" => &config.vestibule.console,
        _ => &config.serve.public,
    }
}

/// Where the listener's host is a name that browsers know by https alone (RFC 6797). Browsers do not know ports here: with an http
/// listener on the same host, they could not open that one any more. Never `includeSubDomains`: those hosts are not ours.
pub fn hsts(config: &Config, own: &Listener) -> Option<HeaderValue> {
    let host = name(own).filter(|_| own.base_url.scheme() == "https")?;
    let here = host == "localhost" || host.ends_with(".localhost");
    let listeners = [&config.serve.public, &config.serve.admin, &config.vestibule.console];
    let shared = listeners
        .into_iter()
        .any(|other| other.base_url.scheme() == "http" && name(other).as_deref() == Some(&*host));
    if here || shared {
        return None;
    }
    HeaderValue::from_str(&format!("max-age={}", config.vestibule.hsts.as_secs())).ok()
}

/// `None` for an address.
fn name(listener: &Listener) -> Option<String> {
    listener.base_url.domain().map(|name| name.trim_end_matches('.').to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::testing;
    use serde_json::{Value, json};

    fn sent(public: &str, admin: &str, console: &str, more: Value) -> Option<String> {
        let mut document = json!({
            "serve": { "public": { "base_url": public }, "admin": { "base_url": admin } },
            "vestibule": { "console": { "base_url": console } },
        });
        document["vestibule"]["headers"] = more;
        let config = testing::config(vec![document]);
        hsts(&config, &config.serve.public).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn https_is_pinned_for_names_that_no_http_listener_shares() {
        let (admin, console) = ("http://127.0.0.1:4434/", "https://console.example/");
        let day = Some("max-age=86400".to_owned());
        assert_eq!(sent("https://id.example/", admin, console, json!({})), day);
        assert_eq!(sent("https://id.example:8443/auth/", admin, console, json!({})), day);
        for public in [
            "http://id.example/",
            "https://203.0.113.9/",
            "https://[2001:db8::1]/",
            "https://localhost/",
            "https://id.localhost:4433/",
        ] {
            assert_eq!(sent(public, admin, console, json!({})), None, "{public}");
        }
        let public = "https://id.example/";
        assert_eq!(sent(public, "http://id.example:4434/", console, json!({})), None);
        assert_eq!(sent(public, admin, "http://ID.example.:4435/", json!({})), None);
        assert_eq!(sent(public, "https://id.example:4434/", console, json!({})), day);
        let set = |text: &str| sent(public, admin, console, json!({ "hsts": text }));
        assert_eq!(set("17520h").as_deref(), Some("max-age=63072000"));
        assert_eq!(set("0s").as_deref(), Some("max-age=0"), "browsers are told to forget it");
    }
}
