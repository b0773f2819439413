//! The sender of a request: the client as far as its address is trusted, the networks that limits count by, and proxies that the
//! running server detected. `server::client` reads it from the connection and its headers, once per request.

mod device;
mod network;

pub use device::{DeviceId, KnownDevice, LIFESPAN, Subject, network_hashes, remember};
pub use network::Network;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, OnceLock, PoisonError};

/// A limit for a [`Requester::wide_network`] is this many times the limit for a [`Requester::network`].
pub const WIDE_FACTOR: u32 = 16;

/// The client of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Client {
    Address(IpAddr),
    /// A proxy that the configuration does not name forwarded the request: many clients have one address.
    Several,
    /// A trusted proxy sent an address that cannot be read. Such a client is never private and never trusted.
    Unknown,
}

/// Who sent a request.
#[derive(Clone, Debug)]
pub struct Requester {
    pub client: Client,
    /// The other end of the connection.
    pub peer: IpAddr,
    /// `vestibule.limits.trusted_clients` lists the client.
    pub trusted: bool,
    pub user_agent: String,
    /// What its browser remembers of earlier sign-ins.
    pub device: Option<KnownDevice>,
}

impl Requester {
    /// A client that talks to this server directly.
    pub fn direct(address: IpAddr) -> Self {
        Self {
            client: Client::Address(address),
            peer: address,
            trusted: false,
            user_agent: String::new(),
            device: None,
        }
    }

    /// The network to count by: an IPv4 address, or the /64 of an IPv6 address. `None` for several and for trusted clients: no
    /// limit, delay, share or connection cap by address applies to them.
    pub fn network(&self) -> Option<Network> {
        match self.client {
            _ if self.trusted => None,
            Client::Address(address) => Network::of(address, 64),
            Client::Several => None,
            Client::Unknown => Some(Network::Unknown),
        }
    }

    /// The /48 of an IPv6 address, counted beside its /64 at [`WIDE_FACTOR`] times the limit: one customer may own 65,536 of them.
    pub fn wide_network(&self) -> Option<Network> {
        match self.client {
            Client::Address(address) if !self.trusted && address.to_canonical().is_ipv6() => {
                Network::of(address, 48)
            }
            Client::Address(_) | Client::Several | Client::Unknown => None,
        }
    }

    /// Whether this browser completed a sign-in as that account before. Apps have no cookies: see `session::is_known`.
    pub fn knows(&self, subject: Subject) -> bool {
        self.known_device(subject).is_some()
    }

    /// The sign-in that makes it known, to count by: a copied cookie gives its holder one count, not one for each address.
    pub fn known_device(&self, subject: Subject) -> Option<DeviceId> {
        self.device.as_ref().and_then(|device| device.of(subject))
    }

    /// Whether the client itself has an address of this machine or of a private network.
    pub fn is_internal(&self) -> bool {
        matches!(self.client, Client::Address(address) if is_internal(address))
    }

    /// Whether the client itself is another machine.
    pub fn is_elsewhere(&self) -> bool {
        matches!(self.client, Client::Address(address) if !address.to_canonical().is_loopback())
    }

    /// What a session shows as its device's address: empty where no address is known. For several clients it is their proxy's.
    pub fn ip_address(&self) -> String {
        match self.client {
            Client::Address(address) => address.to_string(),
            Client::Several => self.peer.to_string(),
            Client::Unknown => String::new(),
        }
    }
}

impl Default for Requester {
    /// Nothing is known of the client.
    fn default() -> Self {
        let peer = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Self { client: Client::Unknown, peer, trusted: false, user_agent: String::new(), device: None }
    }
}

/// Loopback, RFC 1918, RFC 4193, link-local.
pub fn is_internal(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Proxies that the configuration does not name, as the running server saw them.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct UnnamedProxies {
    /// The first internal peer that forwarded for others: its requests come from several clients.
    pub several: Option<IpAddr>,
    /// The first other peer that did. Anyone on the internet can send such a header.
    pub external: Option<IpAddr>,
}

/// What the running server noticed since its start. Each is logged once.
#[derive(Default)]
pub struct Noticed {
    several: OnceLock<IpAddr>,
    external: OnceLock<IpAddr>,
    unreadable: OnceLock<()>,
    ignored_token: OnceLock<()>,
    refused_hosts: Mutex<BTreeSet<String>>,
}

/// The maximum number of rejected host names in the log, because any client can invent some.
const MOST_HOSTS: usize = 16;

impl Noticed {
    pub fn unnamed_proxies(&self) -> UnnamedProxies {
        UnnamedProxies { several: self.several.get().copied(), external: self.external.get().copied() }
    }

    /// Whether this is the first unnamed internal proxy.
    pub fn first_several(&self, peer: IpAddr) -> bool {
        self.several.set(peer).is_ok()
    }

    /// Whether this is the first unnamed external proxy.
    pub fn first_external(&self, peer: IpAddr) -> bool {
        self.external.set(peer).is_ok()
    }

    /// Whether this is the first address of a trusted proxy that cannot be read.
    pub fn first_unreadable(&self) -> bool {
        self.unreadable.set(()).is_ok()
    }

    /// Whether this is the first request to the admin API by that name, as long as there were not many.
    pub fn first_refused_host(&self, host: &str) -> bool {
        let mut hosts = self.refused_hosts.lock().unwrap_or_else(PoisonError::into_inner);
        host.len() <= 255 && hosts.len() < MOST_HOSTS && hosts.insert(host.to_owned())
    }

    /// Whether this is the first request to the admin API with a token while none is configured.
    pub fn first_ignored_token(&self) -> bool {
        self.ignored_token.set(()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(address: &str) -> (String, Option<String>) {
        let requester = Requester::direct(address.parse().unwrap());
        let wide = requester.wide_network().map(|network| network.to_string());
        (requester.network().unwrap().to_string(), wide)
    }

    #[test]
    fn clients_count_by_the_network_they_can_choose_from() {
        for (address, own, wide) in [
            ("192.0.2.1", "192.0.2.1", None),
            ("::ffff:192.0.2.1", "192.0.2.1", None),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", Some("2001:db8:1::/48")),
            ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64", Some("2001:db8:1::/48")),
            ("2001:db8:1:3::1", "2001:db8:1:3::/64", Some("2001:db8:1::/48")),
        ] {
            assert_eq!(networks(address), (own.to_owned(), wide.map(str::to_owned)), "{address}");
        }
    }

    #[test]
    fn names_of_refused_hosts_are_noticed_once_and_not_without_end() {
        let noticed = Noticed::default();
        assert!(noticed.first_refused_host("a.example"));
        assert!(!noticed.first_refused_host("a.example"));
        assert!(!noticed.first_refused_host(&"a".repeat(256)));
        let noticed_of_many =
            (0..1000).filter(|n| noticed.first_refused_host(&format!("{n}.example"))).count();
        assert_eq!(noticed_of_many, MOST_HOSTS - 1);
    }

    #[test]
    fn several_and_trusted_clients_are_counted_by_no_network_and_unknown_ones_by_one() {
        let direct = Requester::direct("2001:db8::1".parse().unwrap());
        let several = Requester { client: Client::Several, ..direct.clone() };
        let trusted = Requester { trusted: true, ..direct };
        let unknown = Requester { client: Client::Unknown, ..several.clone() };
        for requester in [&several, &trusted] {
            assert_eq!((requester.network(), requester.wide_network()), (None, None), "{requester:?}");
        }
        assert_eq!((unknown.network(), unknown.wide_network()), (Some(Network::Unknown), None));
        assert_eq!((several.ip_address().as_str(), unknown.ip_address().as_str()), ("2001:db8::1", ""));
        let inside: IpAddr = "10.0.0.1".parse().unwrap();
        assert!(Requester::direct(inside).is_internal());
        assert!(!Requester { peer: inside, ..unknown }.is_internal());
        assert!(!Requester { peer: inside, ..several }.is_internal());
    }
}
