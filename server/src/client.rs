//! Where a request came from: the peer, or the rightmost hop that is not one of ours when it is a trusted proxy.

use axum::http::{HeaderMap, header};
use engine::Ctx;
use engine::config::Config;
use engine::session::DeviceInfo;
use std::net::{IpAddr, SocketAddr};

/// Forwarded headers count only behind `vestibule.trusted_proxies`. That they come without any is told once in the log:
/// all clients look like one then.
pub fn address(ctx: &Ctx, headers: &HeaderMap, peer: SocketAddr) -> IpAddr {
    let unconfigured = ctx.config.vestibule.trusted_proxies.is_empty() && headers.contains_key(FORWARDED_FOR);
    if unconfigured && ctx.engine.first_unconfigured_proxy() {
        tracing::warn!(
            peer = %peer.ip(),
            "requests carry X-Forwarded-For, but vestibule.trusted_proxies is empty: every client counts as this \
             peer. Name the proxy's network there if it is yours."
        );
    }
    of(&ctx.config, headers, peer)
}

const FORWARDED_FOR: &str = "x-forwarded-for";

fn of(config: &Config, headers: &HeaderMap, peer: SocketAddr) -> IpAddr {
    let peer = peer.ip().to_canonical();
    let trusted = |address: &IpAddr| config.vestibule.trusted_proxies.iter().any(|net| net.contains(address));
    if !trusted(&peer) {
        return peer;
    }
    let forwarded: Vec<&str> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let mut address = peer;
    for hop in forwarded.iter().rev() {
        // What cannot be read was not written by a proxy of ours: stop at the last address that was.
        let Ok(hop) = hop.trim().parse::<IpAddr>() else { break };
        address = hop.to_canonical();
        if !trusted(&address) {
            break;
        }
    }
    address
}

pub fn device(ctx: &Ctx, headers: &HeaderMap, peer: SocketAddr) -> DeviceInfo {
    const LONGEST: usize = 512;
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    DeviceInfo {
        ip_address: address(ctx, headers, peer).to_string(),
        user_agent: agent.chars().take(LONGEST).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::testing;
    use serde_json::json;

    fn seen(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let config = testing::config(vec![json!({ "vestibule": { "trusted_proxies": trusted } })]);
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        of(&config, &headers, SocketAddr::new(peer.parse().unwrap(), 1)).to_string()
    }

    #[test]
    fn forwarded_addresses_count_behind_our_own_proxies_only() {
        let proxies = ["10.0.0.0/8"];
        for (trusted, peer, forwarded, expected) in [
            (&[][..], "203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            (&proxies, "203.0.113.9", &["198.51.100.1"], "203.0.113.9"),
            (&proxies, "10.0.0.1", &[], "10.0.0.1"),
            (&proxies, "10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            // What the client wrote itself stands further left.
            (&proxies, "10.0.0.1", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            (&proxies, "10.0.0.1", &["1.1.1.1", "198.51.100.1, 10.0.0.7"], "198.51.100.1"),
            (&proxies, "10.0.0.1", &["1.1.1.1, nonsense, 10.0.0.7"], "10.0.0.7"),
            (&proxies, "::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
        ] {
            assert_eq!(seen(trusted, peer, forwarded), expected, "{trusted:?} {peer} {forwarded:?}");
        }
    }
}
