//! Outgoing requests over reqwest: no redirects, no proxy, limits on time and size, and addresses checked where the
//! connection takes them from, so that the checked address is the one connected to.

use super::{Outbound, OutboundError};
use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls_platform_verifier::BuilderVerifierExt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Where requests may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Public addresses only: neither loopback, private, link-local nor metadata addresses.
    Public,
    /// Anywhere; for tests against a server on loopback.
    Anywhere,
}

/// The real door.
pub struct SystemOutbound {
    reach: Reach,
    /// The text of what failed when it was built, such as a system without any root certificate.
    client: Result<reqwest::Client, String>,
}

impl SystemOutbound {
    pub fn new(reach: Reach) -> Self {
        Self { reach, client: client(reach).map_err(|failure| failure.to_string()) }
    }
}

fn client(reach: Reach) -> Result<reqwest::Client, Source> {
    // The provider is named here, so that nothing process-wide has to be installed.
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(Checked(reach)))
        .user_agent(concat!("vestibule/", env!("CARGO_PKG_VERSION")))
        .build()?;
    Ok(client)
}

impl Outbound for SystemOutbound {
    fn get(
        &self,
        url: Url,
        limit: usize,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<String, OutboundError>> {
        let host = url.host_str().unwrap_or_default().to_owned();
        // Literal addresses never reach the resolver.
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        if literal.is_some_and(|address| !allowed(self.reach, address)) {
            return Box::pin(async move { Err(OutboundError::Refused { host }) });
        }
        let client = self.client.clone();
        Box::pin(async move {
            let client = match client {
                Ok(client) => client,
                Err(failure) => return Err(OutboundError::Unreachable { host, source: failure.into() }),
            };
            match tokio::time::timeout(deadline, fetch(&client, url, &host, limit)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(OutboundError::Deadline { host, millis: deadline.as_millis() }),
            }
        })
    }
}

async fn fetch(
    client: &reqwest::Client,
    url: Url,
    host: &str,
    limit: usize,
) -> Result<String, OutboundError> {
    let host = host.to_owned();
    let mut response = match client.get(url).send().await {
        Ok(response) => response,
        Err(failure) if refused(&failure) => return Err(OutboundError::Refused { host }),
        Err(failure) => return Err(OutboundError::Unreachable { host, source: failure.into() }),
    };
    if !response.status().is_success() {
        return Err(OutboundError::Status { host, status: response.status().as_u16() });
    }
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > limit => {
                return Err(OutboundError::TooLarge { host, limit });
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(failure) => return Err(OutboundError::Unreachable { host, source: failure.into() }),
        }
    }
    String::from_utf8(body).map_err(|failure| OutboundError::Unreachable { host, source: failure.into() })
}

/// A resolver that keeps the addresses to itself that nobody may connect to.
struct Checked(Reach);

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
        let reach = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let kept: Vec<SocketAddr> = found.filter(|address| allowed(reach, address.ip())).collect();
            if kept.is_empty() {
                return Err(Source::from(NotAllowed));
            }
            Ok(Box::new(kept.into_iter()) as Addrs)
        })
    }
}

fn allowed(reach: Reach, address: IpAddr) -> bool {
    reach == Reach::Anywhere || public(address)
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
        || (a == 198 && (b == 18 || b == 19))
        || address.is_documentation()
        // Multicast, reserved, broadcast.
        || a >= 224)
}

fn public_v6(address: Ipv6Addr) -> bool {
    let first = address.segments()[0];
    // Only 2000::/3 is handed out at all; 2001:db8::/32 is for documents.
    first & 0xe000 == 0x2000 && !(first == 0x2001 && address.segments()[1] == 0x0db8)
}

/// Mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96) and 6to4 (2002::/16) addresses.
fn inner_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let pair = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => Some(pair(g, h)),
        (0x2002, ..) => Some(pair(b, c)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn only_the_public_internet_is_public() {
        for address in
            ["9.9.9.9", "2606:4700::1111", "::ffff:9.9.9.9", "64:ff9b::909:909", "172.32.0.1", "100.128.0.1"]
        {
            assert!(public(address.parse().unwrap()), "{address}");
        }
        let ours = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::",
            "::1",
            "fe80::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2001:db8::1",
        ];
        for address in ours {
            assert!(!public(address.parse().unwrap()), "{address}");
        }
    }

    /// Answers every connection with `answer`; the URL of it.
    async fn server(answer: &'static str) -> Url {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                if answer.is_empty() {
                    // Held open: the answer never comes.
                    std::mem::forget(stream);
                }
            }
        });
        url.parse().unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "the test stands in for another server")]
    fn spawn(work: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(work);
    }

    async fn get(answer: &'static str, limit: usize) -> Result<String, OutboundError> {
        SystemOutbound::new(Reach::Anywhere).get(server(answer).await, limit, Duration::from_secs(5)).await
    }

    #[tokio::test]
    async fn a_body_comes_back_whole_or_not_at_all() {
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
        assert_eq!(get(answer, 5).await.unwrap(), "hello");
        assert!(matches!(get(answer, 4).await, Err(OutboundError::TooLarge { limit: 4, .. })));
    }

    #[tokio::test]
    async fn redirects_and_failures_are_answers_of_their_own() {
        let moved = "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
        assert!(matches!(get(moved, 10).await, Err(OutboundError::Status { status: 302, .. })));
        let outbound = SystemOutbound::new(Reach::Anywhere);
        let silent = outbound.get(server("").await, 10, Duration::from_millis(50)).await;
        assert!(matches!(silent, Err(OutboundError::Deadline { millis: 50, .. })));
    }

    #[tokio::test]
    async fn names_and_literals_of_this_machine_are_refused() {
        let outbound = SystemOutbound::new(Reach::Public);
        for url in [
            "http://127.0.0.1:9/",
            "http://localhost:9/",
            "http://[::1]:9/",
            "http://2130706433/",
            "http://[::ffff:7f00:1]/",
        ] {
            let refused = outbound.get(url.parse().unwrap(), 10, Duration::from_secs(5)).await;
            assert!(matches!(refused, Err(OutboundError::Refused { .. })), "{url}: {refused:?}");
        }
    }
}
