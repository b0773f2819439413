//! Outgoing requests with reqwest: no redirects, no proxy, limits on time and size. Addresses are checked where the connection
//! resolves them, so that it connects to the checked address.

use super::request::{Answer, Outbound, OutboundError, Reach, Request};
use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls_platform_verifier::BuilderVerifierExt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use url::{Host, Url};

#[cfg(test)]
mod rebinding;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// The addresses of a name.
type Found = BoxFuture<'static, io::Result<Vec<SocketAddr>>>;

/// Where a name leads today: the system's resolver, or one that a test answers for.
type LookUp = Arc<dyn Fn(String) -> Found + Send + Sync>;

/// The real door.
pub struct SystemOutbound {
    clients: Arc<OnceLock<Clients>>,
    look_up: LookUp,
}

/// One for each reach, or the text of what failed when they were built, such as a system without any root certificate.
type Clients = Result<[reqwest::Client; 3], String>;

impl SystemOutbound {
    /// The system's root certificates are read for the first request: that takes longer than all else of a start, and many a
    /// server sends none.
    pub fn new() -> Self {
        Self::resolving(Arc::new(by_the_system))
    }

    fn resolving(look_up: LookUp) -> Self {
        Self { clients: Arc::default(), look_up }
    }
}

impl Default for SystemOutbound {
    fn default() -> Self {
        Self::new()
    }
}

fn by_the_system(name: String) -> Found {
    Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
}

fn clients(look_up: &LookUp) -> Clients {
    let all = || {
        // The provider is named here, so that nothing process-wide has to be installed.
        let tls =
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_platform_verifier()?
                .with_no_client_auth();
        let client = |reach| client(reach, tls.clone(), look_up.clone());
        Ok::<_, Source>([client(Reach::Public)?, client(Reach::Elsewhere)?, client(Reach::Private)?])
    };
    all().map_err(|failure| failure.to_string())
}

fn client(reach: Reach, tls: rustls::ClientConfig, look_up: LookUp) -> Result<reqwest::Client, Source> {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(Checked { reach, look_up }))
        .user_agent(concat!("vestibule/", env!("CARGO_PKG_VERSION")))
        .build()?;
    Ok(client)
}

impl Outbound for SystemOutbound {
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Answer, OutboundError>> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        if let Err(refused) = at_sight(request.reach, &request.url) {
            return Box::pin(async move { Err(refused) });
        }
        let (clients, look_up) = (Arc::clone(&self.clients), Arc::clone(&self.look_up));
        Box::pin(async move {
            let client = match (clients.get_or_init(|| self::clients(&look_up)), request.reach) {
                (Ok([public, _, _]), Reach::Public | Reach::Nowhere | Reach::Unlisted) => public.clone(),
                (Ok([_, elsewhere, _]), Reach::Elsewhere) => elsewhere.clone(),
                (Ok([_, _, private]), Reach::Private) => private.clone(),
                (Err(failure), _) => {
                    return Err(OutboundError::Unreachable { host, source: failure.clone().into() });
                }
            };
            let deadline = request.deadline;
            match tokio::time::timeout(deadline, fetch(&client, request, &host)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(OutboundError::Deadline { host, millis: deadline.as_millis() }),
            }
        })
    }
}

/// Checks before a name is resolved, also for a future request.
///
/// # Errors
/// Why it would not be sent.
pub fn at_sight(reach: Reach, url: &Url) -> Result<(), OutboundError> {
    let host = || url.host_str().unwrap_or_default().to_owned();
    // Literal addresses never reach the resolver.
    let literal = match url.host() {
        Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        _ => None,
    };
    match reach {
        Reach::Unlisted => Err(OutboundError::Unlisted { host: host() }),
        Reach::Nowhere => Err(OutboundError::Refused { host: host() }),
        reach if literal.is_some_and(|address| !allowed(reach, address)) => {
            Err(OutboundError::Refused { host: host() })
        }
        Reach::Public | Reach::Elsewhere | Reach::Private => Ok(()),
    }
}

async fn fetch(client: &reqwest::Client, request: Request, host: &str) -> Result<Answer, OutboundError> {
    let host = host.to_owned();
    let method = match reqwest::Method::from_bytes(request.method.as_bytes()) {
        Ok(method) => method,
        Err(failure) => return Err(OutboundError::Unreachable { host, source: failure.into() }),
    };
    let mut building = client.request(method, request.url);
    for (name, value) in &request.headers {
        building = building.header(name, value);
    }
    if let Some(body) = request.body {
        building = building.body(body);
    }
    let mut response = match building.send().await {
        Ok(response) => response,
        Err(failure) if refused(&failure) => return Err(OutboundError::Refused { host }),
        // Whose address stands in the text may have a secret in its query.
        Err(failure) => {
            return Err(OutboundError::Unreachable { host, source: failure.without_url().into() });
        }
    };
    let status = response.status().as_u16();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > request.limit => {
                return Err(OutboundError::TooLarge { host, limit: request.limit });
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(Answer { status, body }),
            Err(failure) => {
                return Err(OutboundError::Unreachable { host, source: failure.without_url().into() });
            }
        }
    }
}

/// A resolver that hides forbidden addresses.
struct Checked {
    reach: Reach,
    look_up: LookUp,
}

#[derive(Debug, thiserror::Error)]
#[error("no address of the host may be connected to")]
struct NotAllowed;

fn refused(failure: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(failure);
    while let Some(current) = next {
        if current.is::<NotAllowed>() {
            return true;
        }
        next = current.source();
    }
    false
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, found) = (self.reach, (self.look_up)(name.as_str().to_owned()));
        Box::pin(async move {
            let kept: Vec<SocketAddr> =
                found.await?.into_iter().filter(|address| allowed(reach, address.ip())).collect();
            if kept.is_empty() {
                return Err(Source::from(NotAllowed));
            }
            Ok(Box::new(kept.into_iter()) as Addrs)
        })
    }
}

fn allowed(reach: Reach, address: IpAddr) -> bool {
    !never(address)
        && match reach {
            // sabotage: private-network
            Reach::Public => public(address),
            Reach::Elsewhere => public(address) && !is_here(address),
            Reach::Nowhere | Reach::Unlisted => false,
            Reach::Private => true,
        }
}

/// Whether the address is one of this machine's: what leaves for it leaves from it. A socket that is only addressed sends
/// nothing.
fn is_here(address: IpAddr) -> bool {
    let address = match address {
        IpAddr::V6(inside) => inner_v4(inside).map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    };
    let from: SocketAddr = match address {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let leaves_from = || {
        let socket = std::net::UdpSocket::bind(from)?;
        socket.connect((address, 9))?;
        socket.local_addr()
    };
    address.is_loopback() || leaves_from().is_ok_and(|local: SocketAddr| local.ip() == address)
}

/// Addresses that no request goes to, whoever configured it: link-local ones, where clouds keep their metadata, the other
/// addresses at which clouds keep it, multicast, and what is no address of a host. An IPv4 address inside an IPv6 one counts
/// as itself.
fn never(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => never_v4(address),
        IpAddr::V6(address) => never_v6(address) || inner_v4(address).is_some_and(never_v4),
    }
}

fn never_v4(address: Ipv4Addr) -> bool {
    /// Alibaba Cloud, Oracle Cloud, and the platform services of Azure.
    const METADATA: [Ipv4Addr; 3] =
        [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192), Ipv4Addr::new(168, 63, 129, 16)];
    let first = address.octets()[0];
    first == 0 || first >= 224 || address.is_link_local() || METADATA.contains(&address)
}

fn never_v6(address: Ipv6Addr) -> bool {
    /// Amazon EC2, its pod identities, and Google Cloud.
    const METADATA: [Ipv6Addr; 3] = [
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
        Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    ];
    let [a, b, c, ..] = address.segments();
    METADATA.contains(&address)
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unicast_link_local()
        // The local prefix of NAT64 (RFC 8215): each network embeds IPv4 addresses in it in a way of its own.
        || (a, b, c) == (0x64, 0xff9b, 1)
        // Teredo (RFC 4380) leads to an IPv4 address that it hides.
        || (a, b) == (0x2001, 0)
}

/// Whether the address belongs to the public internet (IANA special-purpose registries); an IPv4 address inside an
/// IPv6 one counts as itself.
fn public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => public_v4(address),
        IpAddr::V6(address) => inner_v4(address).map_or_else(|| public_v6(address), public_v4),
    }
}

fn public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || address.is_private()
        || address.is_loopback()
        // 169.254.169.254 is where clouds keep their metadata.
        || address.is_link_local()
        || (a == 100 && (64..128).contains(&b))
        || (a, b, c) == (192, 0, 0)
        // The relays of 6to4.
        || (a, b, c) == (192, 88, 99)
        || (a == 198 && (b == 18 || b == 19))
        || address.is_documentation()
        // Multicast, reserved, broadcast.
        || a >= 224)
}

fn public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Only 2000::/3 is handed out at all. Of that 2001:2::/48 is for measurements, 2001:10::/28 is given up, 2001:db8::/32 and
    // 3fff::/20 are for documents.
    first & 0xe000 == 0x2000
        && !(first == 0x2001 && matches!(second, 2 | 0x10..0x20 | 0x0db8))
        && !(first == 0x3fff && second < 0x1000)
}

/// Of mapped (::ffff:0:0/96), compatible (::/96), translated (::ffff:0:0:0/96), NAT64 (64:ff9b::/96) and 6to4 (2002::/16)
/// addresses.
fn inner_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let pair = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0xffff) | (0, 0, 0, 0, 0xffff, 0) | (0x64, 0xff9b, 0, 0, 0, 0) => Some(pair(g, h)),
        (0, 0, 0, 0, 0, 0) if !address.is_loopback() && !address.is_unspecified() => Some(pair(g, h)),
        (0x2002, ..) => Some(pair(b, c)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
