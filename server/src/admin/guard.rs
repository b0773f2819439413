//! Access to the admin API. Loopback is no boundary: any web page can send a request to a local port, and DNS rebinding can read the
//! response. So `Host` must be a known name, cross-site requests of browsers are rejected, and clients outside loopback and private
//! networks need the token. A client with the token is no web page and may use any name.

use crate::error::ApiError;
use crate::guard::{host_is_ours, is_cluster_name};
use axum::extract::{Extension, Request};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use engine::config::Config;
use engine::requester::Requester;
use engine::{Ctx, Error, Kind};
use sha2::{Digest, Sha256};
use std::sync::Arc;

pub async fn guard(
    Extension(ctx): Extension<Ctx>,
    Extension(requester): Extension<Arc<Requester>>,
    request: Request,
    next: Next,
) -> Response {
    // Orchestrators check health by any name and from any network. The response reveals nothing.
    if is_health(request.uri().path()) {
        return next.run(request).await;
    }
    let headers = request.headers();
    let ignored = ctx.config.vestibule.admin_token.is_none() && headers.contains_key(header::AUTHORIZATION);
    if ignored && ctx.engine.noticed().first_ignored_token() {
        tracing::warn!(
            "A client of the admin API sends Authorization, but vestibule.admin.token is not set: the header is ignored"
        );
    }
    if let Some(host) = foreign_name(&ctx.config, headers, &requester) {
        if ctx.engine.noticed().first_refused_host(host) {
            tracing::warn!(
                host,
                "Unknown host name of the admin API. Add it to vestibule.allowed_hosts, or set serve.admin.base_url"
            );
        }
        return ApiError(Error::new(Kind::Forbidden, FOREIGN_NAME)).into_response();
    }
    match check(&ctx.config, headers, &requester) {
        Ok(()) => next.run(request).await,
        Err(error) => ApiError(error).into_response(),
    }
}

const FOREIGN_NAME: &str =
    "Unknown host name. If it is yours, add it to vestibule.allowed_hosts, or set serve.admin.base_url.";

/// The `Host` of a request that may come from a page of another site, by DNS rebinding. Names that exist only in the local network are
/// accepted from other machines only: for a browser on this machine, an attacker in its network may control such names.
fn foreign_name<'a>(config: &Config, headers: &'a HeaderMap, requester: &Requester) -> Option<&'a str> {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let ours = host_is_ours(config, &config.serve.admin, host)
        || (requester.is_elsewhere() && is_cluster_name(host))
        || config.vestibule.admin_token.as_ref().is_some_and(|token| is_sent(headers, token));
    // sabotage: admin-host
    (!ours).then_some(host)
}

fn is_health(path: &str) -> bool {
    path.strip_prefix("/admin").unwrap_or(path).starts_with("/health/")
}

fn check(config: &Config, headers: &HeaderMap, requester: &Requester) -> Result<(), Error> {
    let forbidden = |reason: &str| Err(Error::new(Kind::Forbidden, reason));
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(origin) = text(header::ORIGIN.as_str()) {
        if !config
            .vestibule
            .admin_allowed_origins
            .iter()
            .any(|allowed| allowed.trim_end_matches('/') == origin)
        {
            return forbidden(
                "The admin API rejects requests from web pages. If the page is yours, add its origin to vestibule.admin.allowed_origins.",
            );
        }
    } else if text("sec-fetch-site") == Some("cross-site") {
        return forbidden("The admin API rejects requests from web pages of other sites.");
    }
    let refused = |reason: &str| Err(Error::new(Kind::Unauthenticated, reason));
    match (&config.vestibule.admin_token, headers.contains_key(header::AUTHORIZATION)) {
        (Some(token), true) if is_sent(headers, token) => Ok(()),
        // sabotage: admin-token
        (Some(_), true) => refused("Invalid token in Authorization. Send vestibule.admin.token."),
        (Some(_), false) if config.vestibule.admin_require_token => {
            refused("The admin API requires Authorization: Bearer with vestibule.admin.token.")
        }
        _ if requester.is_internal() => Ok(()),
        _ => refused(
            "From outside loopback and private networks, and through a proxy that vestibule.trusted_proxies doesn't list, the admin API \
             requires Authorization: Bearer with vestibule.admin.token.",
        ),
    }
}

/// One `Authorization` header with the token. Compares digests, so that the duration reveals nothing about the token.
fn is_sent(headers: &HeaderMap, token: &str) -> bool {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(only), None) = (all.next(), all.next()) else { return false };
    let sent = only.to_str().ok().and_then(|value| value.split_once(' '));
    sent.is_some_and(|(scheme, sent)| {
        scheme.eq_ignore_ascii_case("bearer") && Sha256::digest(sent.trim()) == Sha256::digest(token)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::requester::Client;
    use engine::testing;
    use serde_json::{Value, json};

    fn ask(vestibule: Value, address: &str, pairs: &[(&'static str, &str)]) -> Result<(), Kind> {
        ask_by(vestibule, &Requester::direct(address.parse().unwrap()), pairs)
    }

    fn ask_by(vestibule: Value, requester: &Requester, pairs: &[(&'static str, &str)]) -> Result<(), Kind> {
        let config = testing::config(vec![json!({ "vestibule": vestibule })]);
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        match foreign_name(&config, &headers, requester) {
            Some(_) => Err(Kind::Forbidden),
            None => check(&config, &headers, requester).map_err(|error| error.kind),
        }
    }

    #[test]
    fn services_of_a_cluster_are_answered_from_other_machines_alone() {
        let names =
            ["kratos:4434", "kratos-admin.default.svc:4434", "kratos-admin.default.svc.cluster.local"];
        for name in names {
            for (address, answered) in
                [("10.0.0.9", true), ("fd00::9", true), ("127.0.0.1", false), ("::1", false)]
            {
                let asked = ask(json!({}), address, &[("host", name)]);
                assert_eq!(asked.is_ok(), answered, "{name} from {address}");
            }
            // Nearness is asked of them as of everybody.
            assert_eq!(ask(json!({}), "203.0.113.9", &[("host", name)]), Err(Kind::Unauthenticated));
            let page = [("host", name), ("origin", "http://kratos:4434")];
            assert_eq!(ask(json!({}), "10.0.0.9", &page), Err(Kind::Forbidden));
        }
        for name in ["kratos-admin.default:4434", "rebound.evil.example"] {
            assert_eq!(ask(json!({}), "10.0.0.9", &[("host", name)]), Err(Kind::Forbidden), "{name}");
        }
        let near = Requester::direct("10.0.0.9".parse().unwrap());
        for client in [Client::Unknown, Client::Several] {
            let requester = Requester { client, ..near.clone() };
            assert_eq!(ask_by(json!({}), &requester, &[("host", "kratos:4434")]), Err(Kind::Forbidden));
        }
    }

    #[test]
    fn who_has_the_token_may_use_any_name() {
        let token = json!({ "admin": { "token": "a long token for the admin API" } });
        let right = ("authorization", "Bearer a long token for the admin API");
        let name = ("host", "kratos-admin.auth:4434");
        assert_eq!(ask(token.clone(), "127.0.0.1", &[name, right]), Ok(()));
        assert_eq!(ask(token.clone(), "127.0.0.1", &[name]), Err(Kind::Forbidden));
        assert_eq!(ask(token, "127.0.0.1", &[name, ("authorization", "Bearer wrong")]), Err(Kind::Forbidden));
        assert_eq!(ask(json!({}), "127.0.0.1", &[name, right]), Err(Kind::Forbidden), "none is configured");
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

    #[test]
    fn who_is_not_known_to_be_near_needs_the_token() {
        let host = ("host", "127.0.0.1:4434");
        let token = json!({ "admin": { "token": "a long token for the admin API" } });
        let right = ("authorization", "bearer a long token for the admin API");
        let near = Requester::direct("127.0.0.1".parse().unwrap());
        for client in [Client::Unknown, Client::Several] {
            let requester = Requester { client, ..near.clone() };
            assert_eq!(ask_by(json!({}), &requester, &[host]), Err(Kind::Unauthenticated), "{client:?}");
            assert_eq!(ask_by(token.clone(), &requester, &[host]), Err(Kind::Unauthenticated), "{client:?}");
            assert_eq!(ask_by(token.clone(), &requester, &[host, right]), Ok(()), "{client:?}");
        }
    }

    #[test]
    fn a_wrong_token_is_refused_from_everywhere_once_there_is_one() {
        let host = ("host", "127.0.0.1:4434");
        let token = json!({ "admin": { "token": "a long token for the admin API" } });
        let right = ("authorization", "Bearer a long token for the admin API");
        for near in ["127.0.0.1", "::1", "10.0.0.1", "203.0.113.9"] {
            for wrong in [
                "Bearer wrong",
                "Bearer",
                "Bearer ",
                "",
                "a long token for the admin API",
                "Basic a long token for the admin API",
                "Bearer a long token for the admin AP",
            ] {
                let refused = ask(token.clone(), near, &[host, ("authorization", wrong)]);
                assert_eq!(refused, Err(Kind::Unauthenticated), "{near} {wrong:?}");
            }
            assert_eq!(ask(token.clone(), near, &[host, right]), Ok(()), "{near}");
            let twice = [host, right, ("authorization", "Bearer wrong")];
            assert_eq!(ask(token.clone(), near, &twice), Err(Kind::Unauthenticated), "{near}");
        }
        assert_eq!(ask(token, "127.0.0.1", &[host]), Ok(()), "near, and none was sent");
        assert_eq!(ask(json!({}), "127.0.0.1", &[host, ("authorization", "Bearer any")]), Ok(()));
    }

    #[test]
    fn one_key_demands_the_token_from_every_client() {
        let host = ("host", "127.0.0.1:4434");
        let keys = json!({ "admin": { "token": "a long token for the admin API", "require_token": true } });
        let right = ("authorization", "Bearer a long token for the admin API");
        for near in ["127.0.0.1", "::1", "192.168.1.7", "203.0.113.9"] {
            assert_eq!(ask(keys.clone(), near, &[host]), Err(Kind::Unauthenticated), "{near}");
            assert_eq!(ask(keys.clone(), near, &[host, right]), Ok(()), "{near}");
        }
    }

    #[test]
    fn health_is_exempt_and_nothing_else_is() {
        for path in ["/health/alive", "/health/ready", "/health/config", "/admin/health/ready"] {
            assert!(is_health(path), "{path}");
        }
        for path in ["/admin/identities", "/admin/identities/health/alive", "/healthy", "/version", "/health"]
        {
            assert!(!is_health(path), "{path}");
        }
    }
}
