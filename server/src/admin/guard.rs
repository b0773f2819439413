//! Who may talk to the admin API. Loopback is no boundary: any web page can send a request to a local port, and DNS
//! rebinding can read the answer. So `Host` must be one of ours, browsers' cross-site requests are refused, and callers
//! from elsewhere than loopback and private networks need the token.

use crate::error::ApiError;
use crate::guard::host_is_ours;
use crate::state::AppState;
use crate::{client, cookies};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use engine::config::Config;
use engine::{Error, Kind};
use sha2::{Digest, Sha256};
use std::net::{IpAddr, SocketAddr};

pub async fn guard(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let ctx = state.engine.begin();
    let path = request.uri().path();
    // Orchestrators ask for health under any name and from anywhere; the answer tells nothing.
    if path.ends_with("/health/alive") || path.ends_with("/health/ready") {
        return next.run(request).await;
    }
    match check(&ctx.config, request.headers(), client::address(&ctx, request.headers(), peer)) {
        Ok(()) => next.run(request).await,
        Err(error) => ApiError(error).into_response(),
    }
}

fn check(config: &Config, headers: &HeaderMap, address: IpAddr) -> Result<(), Error> {
    let forbidden = |reason: &str| Err(Error::new(Kind::Forbidden, reason));
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if !host_is_ours(config, &config.serve.admin, text(header::HOST.as_str()).unwrap_or_default()) {
        return forbidden(
            "The admin API does not answer to this host name. Add it to vestibule.allowed_hosts if it is yours.",
        );
    }
    if let Some(origin) = text(header::ORIGIN.as_str()) {
        if !config
            .vestibule
            .admin_allowed_origins
            .iter()
            .any(|allowed| allowed.trim_end_matches('/') == origin)
        {
            return forbidden(
                "The admin API is not for web pages. Add the page's origin to vestibule.admin.allowed_origins if it is yours.",
            );
        }
    } else if text("sec-fetch-site") == Some("cross-site") {
        return forbidden("The admin API is not for requests that a web page of another site makes.");
    }
    match &config.vestibule.admin_token {
        Some(token) if shows(headers, token) => Ok(()),
        _ if is_near(address) => Ok(()),
        _ => Err(Error::new(
            Kind::Unauthenticated,
            "From outside loopback and private networks the admin API needs Authorization: Bearer with vestibule.admin.token.",
        )),
    }
}

/// Compared as digests, so that time tells nothing of the token.
fn shows(headers: &HeaderMap, token: &str) -> bool {
    cookies::bearer(headers).is_some_and(|shown| Sha256::digest(shown) == Sha256::digest(token))
}

/// Loopback, RFC 1918, RFC 4193, link-local.
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::testing;
    use serde_json::{Value, json};

    fn ask(vestibule: Value, address: &str, pairs: &[(&'static str, &str)]) -> Result<(), Kind> {
        let config = testing::config(vec![json!({ "vestibule": vestibule })]);
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        check(&config, &headers, address.parse().unwrap()).map_err(|error| error.kind)
    }

    #[test]
    fn web_pages_and_strangers_are_refused() {
        let host = ("host", "127.0.0.1:4434");
        let near = "127.0.0.1";
        let token = json!({ "admin": { "token": "a long token for the admin API" } });
        assert_eq!(ask(json!({}), near, &[host]), Ok(()));
        assert_eq!(ask(json!({}), "192.168.1.7", &[host]), Ok(()));
        assert_eq!(ask(json!({}), near, &[("host", "rebound.evil.example")]), Err(Kind::Forbidden));
        assert_eq!(
            ask(json!({ "allowed_hosts": ["admin.example"] }), near, &[("host", "admin.example:4434")]),
            Ok(())
        );
        assert_eq!(ask(json!({}), near, &[host, ("origin", "http://127.0.0.1:4434")]), Err(Kind::Forbidden));
        assert_eq!(ask(json!({}), near, &[host, ("origin", "null")]), Err(Kind::Forbidden));
        assert_eq!(ask(json!({}), near, &[host, ("sec-fetch-site", "cross-site")]), Err(Kind::Forbidden));
        let allowed = json!({ "admin": { "allowed_origins": ["https://ops.example"] } });
        assert_eq!(ask(allowed.clone(), near, &[host, ("origin", "https://ops.example")]), Ok(()));
        assert_eq!(
            ask(allowed, near, &[host, ("origin", "https://ops.example.evil.example")]),
            Err(Kind::Forbidden)
        );
        assert_eq!(ask(json!({}), "203.0.113.9", &[host]), Err(Kind::Unauthenticated));
        assert_eq!(ask(token.clone(), "203.0.113.9", &[host]), Err(Kind::Unauthenticated));
        assert_eq!(
            ask(token.clone(), "203.0.113.9", &[host, ("authorization", "Bearer wrong")]),
            Err(Kind::Unauthenticated)
        );
        assert_eq!(
            ask(token, "203.0.113.9", &[host, ("authorization", "Bearer a long token for the admin API")]),
            Ok(())
        );
        assert_eq!(ask(json!({}), "::ffff:203.0.113.9", &[host]), Err(Kind::Unauthenticated));
        assert_eq!(ask(json!({}), "::1", &[("host", "[::1]:4434")]), Ok(()));
    }
}
