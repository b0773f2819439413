//! The sender of a request: the peer, or the rightmost untrusted hop if the peer is a trusted proxy (RFC 7239, and `X-Forwarded-For`
//! as proxies write it).

use crate::cookies;
use axum::extract::{ConnectInfo, Extension, Request};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use engine::Ctx;
use engine::config::{Config, ForwardingHeader};
use engine::requester::{Client, Requester, is_internal};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Makes the [`Requester`] once and hands it to every handler as an extension.
pub async fn identify(
    Extension(ctx): Extension<Ctx>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let requester = requester(&ctx, request.headers(), peer);
    request.extensions_mut().insert(Arc::new(requester));
    next.run(request).await
}

/// The same where anyone may send requests: the rows that they leave behind are counted.
pub async fn identify_and_count(
    Extension(mut ctx): Extension<Ctx>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let requester = Arc::new(requester(&ctx, request.headers(), peer));
    ctx.requester = Some(requester.clone());
    request.extensions_mut().insert(requester);
    request.extensions_mut().insert(ctx);
    next.run(request).await
}

fn requester(ctx: &Ctx, headers: &HeaderMap, peer: SocketAddr) -> Requester {
    const LONGEST: usize = 512;
    let peer = peer.ip().to_canonical();
    let client = of(&ctx.config, headers, peer);
    tell(ctx, headers, peer, client);
    let trusted = match client {
        Client::Address(address) => ctx.config.vestibule.is_trusted_client(address),
        Client::Several | Client::Unknown => false,
    };
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Requester {
        client,
        peer,
        trusted,
        user_agent: agent.chars().take(LONGEST).collect(),
        device: cookies::known_device(ctx, headers),
    }
}

/// Each kind of trouble once: a proxy that is not named makes limits by address useless or wrong.
fn tell(ctx: &Ctx, headers: &HeaderMap, peer: IpAddr, client: Client) {
    let noticed = ctx.engine.noticed();
    match client {
        Client::Several if noticed.first_several(peer) => tracing::error!(
            %peer,
            "Requests from {peer} have X-Forwarded-For or Forwarded, but vestibule.trusted_proxies doesn't list {peer}: limits by client \
             IP address don't apply to them. Add the proxy to vestibule.trusted_proxies."
        ),
        Client::Address(_)
            if ctx.config.vestibule.trusted_proxies.is_empty()
                && is_forwarded(headers)
                && noticed.first_external(peer) =>
        {
            tracing::warn!(
                %peer,
                "Requests have X-Forwarded-For or Forwarded, but vestibule.trusted_proxies is empty: every client counts as this peer. If \
                 the proxy is yours, add its network there."
            );
        }
        Client::Unknown if noticed.first_unreadable() => tracing::warn!(
            %peer,
            "A trusted proxy sent an invalid client address, or X-Forwarded-For and Forwarded with different clients: all such clients \
             share one limit. Configure the proxy to send the address, or set vestibule.forwarding_header."
        ),
        Client::Address(_) | Client::Several | Client::Unknown => {}
    }
}

pub(crate) fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.contains_key(FORWARDED_FOR) || headers.contains_key(header::FORWARDED)
}

fn of(config: &Config, headers: &HeaderMap, peer: IpAddr) -> Client {
    let trusted = |address: IpAddr| config.vestibule.is_trusted_proxy(address);
    if !trusted(peer) {
        let several = is_internal(peer) && is_forwarded(headers);
        return if several { Client::Several } else { Client::Address(peer) };
    }
    // A hop that cannot be read hides all hops before it: what stands further left may be the client's own invention.
    let walk = |hops: Vec<Option<IpAddr>>| {
        let mut address = peer;
        for hop in hops.into_iter().rev() {
            match hop {
                None => return Client::Unknown,
                Some(hop) => address = hop,
            }
            if !trusted(address) {
                break;
            }
        }
        Client::Address(address)
    };
    let by = |name: &str, read: fn(&HeaderValue) -> Vec<Option<IpAddr>>| {
        headers.contains_key(name).then(|| walk(headers.get_all(name).iter().flat_map(read).collect()))
    };
    let which = config.vestibule.forwarding_header;
    let x_forwarded_for = by(FORWARDED_FOR, x_forwarded_for).filter(|_| which != ForwardingHeader::Forwarded);
    let forwarded =
        by(header::FORWARDED.as_str(), forwarded).filter(|_| which != ForwardingHeader::XForwardedFor);
    match (x_forwarded_for, forwarded) {
        // Proxies write one of the two and pass the other on as the client sent it.
        (Some(one), Some(other)) if one != other => Client::Unknown,
        (Some(client), _) | (None, Some(client)) => client,
        // The header that was chosen is missing, and the other one is there.
        (None, None) if is_forwarded(headers) => Client::Unknown,
        (None, None) => Client::Address(peer),
    }
}

/// The hops of one line of `X-Forwarded-For`.
fn x_forwarded_for(value: &HeaderValue) -> Vec<Option<IpAddr>> {
    match value.to_str() {
        Ok(text) => text.split(',').map(hop).collect(),
        Err(_) => vec![None],
    }
}

/// The hops of one line of `Forwarded`. A line that breaks RFC 7239 is one hop that cannot be read: with a quote of its own a client
/// could otherwise swallow what the proxy appended.
fn forwarded(value: &HeaderValue) -> Vec<Option<IpAddr>> {
    let elements = value.to_str().ok().and_then(|text| quoted_split(text, ','));
    let Some(elements) = elements else { return vec![None] };
    elements.into_iter().map(client_of_element).collect()
}

/// `for=192.0.2.43;proto=https` → the address of its one `for`.
fn client_of_element(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in quoted_split(element, ';')? {
        let (name, value) = pair.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("for") && found.replace(value.trim()).is_some() {
            return None;
        }
    }
    hop(found?)
}

/// Splits where the separator is outside quotes; `None` when a quote is not closed.
fn quoted_split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut begin) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if letter == separator && !quoted => {
                parts.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    (!quoted).then_some(parts)
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:443`, each quoted or not, IPv6 with a zone or
/// without. Names such as `unknown` and `_hidden` are no addresses.
fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let is_port = |port: &str| port.parse::<u16>().is_ok() && port.bytes().all(|byte| byte.is_ascii_digit());
    let address = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, after) = rest.split_once(']')?;
            if !after.is_empty() && !after.strip_prefix(':').is_some_and(is_port) {
                return None;
            }
            IpAddr::V6(without_zone(address)?.parse().ok()?)
        }
        None => match text.split_once(':') {
            Some((address, port)) if !port.contains(':') => {
                is_port(port).then(|| address.parse().ok().map(IpAddr::V4))??
            }
            _ => without_zone(text)?.parse().ok()?,
        },
    };
    Some(address.to_canonical())
}

/// Without the interface of `fe80::1%eth0`, which means something on the proxy alone.
fn without_zone(address: &str) -> Option<&str> {
    match address.split_once('%') {
        Some((address, zone)) => (!zone.is_empty() && address.contains(':')).then_some(address),
        None => Some(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::testing;
    use serde_json::json;

    const PROXIES: [&str; 1] = ["10.0.0.0/8"];

    fn seen(trusted: &[&str], peer: &str, pairs: &[(&'static str, &str)]) -> String {
        seen_with("any", trusted, peer, pairs)
    }

    fn seen_with(which: &str, trusted: &[&str], peer: &str, pairs: &[(&'static str, &str)]) -> String {
        let config = testing::config(vec![
            json!({ "vestibule": { "trusted_proxies": trusted, "forwarding_header": which } }),
        ]);
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        match of(&config, &headers, peer.parse::<IpAddr>().unwrap().to_canonical()) {
            Client::Address(address) => address.to_string(),
            Client::Several => "several".to_owned(),
            Client::Unknown => "unknown".to_owned(),
        }
    }

    #[test]
    fn forwarded_addresses_count_behind_our_own_proxies_only() {
        for (trusted, peer, forwarded, expected) in [
            (&[][..], "203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            (&PROXIES, "203.0.113.9", &["198.51.100.1"], "203.0.113.9"),
            (&PROXIES, "10.0.0.1", &[], "10.0.0.1"),
            (&PROXIES, "10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            // What the client wrote itself stands further left.
            (&PROXIES, "10.0.0.1", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            (&PROXIES, "10.0.0.1", &["nonsense, 198.51.100.1"], "198.51.100.1"),
            (&PROXIES, "10.0.0.1", &["1.1.1.1", "198.51.100.1, 10.0.0.7"], "198.51.100.1"),
            (&PROXIES, "10.0.0.1", &["10.0.0.9, 10.0.0.7"], "10.0.0.9"),
            (&PROXIES, "::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            (&PROXIES, "10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
        ] {
            let pairs: Vec<_> = forwarded.iter().map(|value| (FORWARDED_FOR, *value)).collect();
            assert_eq!(seen(trusted, peer, &pairs), expected, "{trusted:?} {peer} {forwarded:?}");
        }
    }

    #[test]
    fn an_address_is_read_as_proxies_write_it() {
        for (written, expected) in [
            ("203.0.113.9:4711", "203.0.113.9"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%25eth0]:443", "fe80::1"),
            ("\"203.0.113.9\"", "203.0.113.9"),
            ("[::ffff:203.0.113.9]:1", "203.0.113.9"),
        ] {
            assert_eq!(seen(&PROXIES, "10.0.0.1", &[(FORWARDED_FOR, written)]), expected, "{written}");
            let element = format!("proto=https; FOR=\"{}\" ;by=_edge", written.trim_matches('"'));
            assert_eq!(seen(&PROXIES, "10.0.0.1", &[("forwarded", &element)]), expected, "{element}");
        }
    }

    #[test]
    fn a_hop_that_cannot_be_read_makes_the_client_unknown() {
        for written in [
            "unknown",
            "203.0.113.9, _hidden",
            "",
            "203.0.113.9,",
            ", ,",
            "203.0.113.9:",
            "203.0.113.9:port",
            "203.0.113.9:70000",
            "203.0.113.9:+80",
            "203.0.113.9%eth0",
            "[203.0.113.9]:80",
            "[2001:db8::1",
            "[2001:db8::1]443",
            "2001:db8::1]:443",
            "localhost",
            "10.0.0.7, nonsense, 10.0.0.8",
            "203.0.113.9 10.0.0.7",
            "127.1",
            "ü",
        ] {
            assert_eq!(seen(&PROXIES, "10.0.0.1", &[(FORWARDED_FOR, written)]), "unknown", "{written:?}");
        }
        for written in [
            "",
            "proto=https",
            "for=unknown",
            "for=_hidden",
            "for",
            "for=1.1.1.1;for=203.0.113.9",
            "for=\"1.1.1.1, for=203.0.113.9",
            "for=\"1.1.1.1, for=\"203.0.113.9\"",
            "for=1.1.1.1, ",
        ] {
            assert_eq!(seen(&PROXIES, "10.0.0.1", &[("forwarded", written)]), "unknown", "{written:?}");
        }
        // A line of the client's own is not looked at once a proxy of ours named somebody else.
        let lines = [("forwarded", "for=\"broken"), ("forwarded", "for=203.0.113.9")];
        assert_eq!(seen(&PROXIES, "10.0.0.1", &lines), "203.0.113.9");
    }

    #[test]
    fn of_two_headers_that_disagree_none_is_believed_unless_one_is_chosen() {
        let both = [(FORWARDED_FOR, "203.0.113.9"), ("forwarded", "for=198.51.100.1")];
        assert_eq!(seen(&PROXIES, "10.0.0.1", &both), "unknown");
        assert_eq!(seen_with("x-forwarded-for", &PROXIES, "10.0.0.1", &both), "203.0.113.9");
        assert_eq!(seen_with("forwarded", &PROXIES, "10.0.0.1", &both), "198.51.100.1");
        let same = [(FORWARDED_FOR, "1.1.1.1, 203.0.113.9"), ("forwarded", "for=203.0.113.9")];
        assert_eq!(seen(&PROXIES, "10.0.0.1", &same), "203.0.113.9");
        let other = [("forwarded", "for=198.51.100.1")];
        assert_eq!(seen_with("x-forwarded-for", &PROXIES, "10.0.0.1", &other), "unknown");
    }

    #[test]
    fn an_internal_peer_that_forwards_without_being_named_stands_for_several() {
        let forwards = [(FORWARDED_FOR, "198.51.100.1")];
        for peer in
            ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.7", "172.17.0.1", "fd00::1", "::ffff:10.1.2.3"]
        {
            assert_eq!(seen(&["203.0.113.0/24"], peer, &forwards), "several", "{peer}");
            assert_eq!(seen(&[], peer, &[("forwarded", "for=198.51.100.1")]), "several", "{peer}");
            let alone = peer.trim_start_matches("::ffff:");
            assert_eq!(seen(&[], peer, &[]), alone, "{peer} without such a header");
        }
        assert_eq!(seen(&[], "203.0.113.9", &forwards), "203.0.113.9", "anyone on the internet can send it");
    }
}
