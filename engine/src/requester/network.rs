//! Networks that limits count clients by.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::fmt;
use std::net::IpAddr;

/// What limits count by: a network that one client can choose its addresses from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Network {
    Of(IpNet),
    /// All clients that are [`super::Client::Unknown`].
    Unknown,
}

impl Network {
    pub(super) fn of(address: IpAddr, ipv6_prefix: u8) -> Option<Self> {
        let net = match address.to_canonical() {
            IpAddr::V4(v4) => Ipv4Net::new(v4, 32).ok()?.into(),
            IpAddr::V6(v6) => IpNet::from(Ipv6Net::new(v6, ipv6_prefix).ok()?.trunc()),
        };
        Some(Self::Of(net))
    }
}

impl fmt::Display for Network {
    /// `192.0.2.1`, `2001:db8:1:2::/64` or `unknown`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(IpNet::V4(net)) => net.addr().fmt(f),
            Self::Of(IpNet::V6(net)) => net.fmt(f),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}
