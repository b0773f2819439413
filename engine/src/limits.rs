//! Limits: how often a client may do something, and how often something may be done to an account or address. A limit delays or
//! rejects until later. It never locks the owner of an account out, and keeps no connection open (see `docs/limits.md`).
//!
//! Counters are rows, so that they survive a restart and several servers share them. They are written without a flush, because no
//! client relies on them. Unknown accounts count like existing ones, so no limit reveals which emails have an account.

pub mod codes;
pub mod emails;
mod limit;
pub mod passwords;
pub mod report;
mod subjects;
pub mod texts;
pub mod volume;

pub use crate::leases::WINDOW;
pub use limit::Limit;
pub use subjects::masked;

use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::ids::IdentityId;
use crate::plan::Client;
use crate::requester::{DeviceId, Requester, Subject, WIDE_FACTOR};
use crate::session;
use crate::store::limits as rows;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use std::time::Duration;
use subjects::Subjects;
use uuid::Uuid;

/// 429, with the seconds to wait.
pub fn too_many(seconds: u32) -> Error {
    Error::new(Kind::RateLimited, crate::ui::text::too_many_attempts(seconds).text).retry_after(seconds)
}

/// What an account knows of a requester.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    Stranger,
    /// An app in a network that the account was signed in from before. Others may be there as well.
    Network,
    /// A browser that signed in to the account before. No other client has its cookie.
    Device(DeviceId),
}

impl Standing {
    /// `None`: nobody has the account. The same is asked then, so that no response comes sooner. Not while a transaction is open.
    pub async fn of(
        ctx: &Ctx,
        requester: &Requester,
        account: Option<IdentityId>,
        client: Client,
    ) -> Result<Self> {
        let account = account.unwrap_or(IdentityId(Uuid::nil()));
        let standing = Self::of_browser(requester, account);
        if standing == Self::Stranger && session::is_known(ctx, requester, account, client).await? {
            return Ok(Self::Network);
        }
        Ok(standing)
    }

    /// By its cookie alone.
    pub fn of_browser(requester: &Requester, account: IdentityId) -> Self {
        requester.known_device(Subject::Identity(account)).map_or(Self::Stranger, Self::Device)
    }

    fn is_known(self) -> bool {
        self != Self::Stranger
    }

    /// What its counters are found by, where it has counters of its own.
    fn device(self) -> Option<String> {
        match self {
            Self::Device(device) => Some(URL_SAFE_NO_PAD.encode(device.0)),
            Self::Stranger | Self::Network => None,
        }
    }
}

/// By what a requester counts at one account, each with what its limit is multiplied by: a known device by itself, everyone else by
/// their networks.
fn own(
    subjects: &Subjects,
    limit: Limit,
    (requester, standing): (&Requester, Standing),
    address: &str,
    label: Option<&str>,
) -> Vec<(rows::Subject, i64)> {
    let label = || label.map(str::to_owned);
    if let Some(device) = standing.device() {
        return vec![(subjects.of_account(limit, address, &device, label()), 1)];
    }
    let pair =
        |(network, factor): (String, i64)| (subjects.of_pair(limit, address, &network, label()), factor);
    networks(requester).map(pair).collect()
}

/// Networks that a client counts by, each with what its limit is multiplied by. None for several and for trusted clients.
fn networks(requester: &Requester) -> impl Iterator<Item = (String, i64)> {
    let narrow = requester.network().map(|network| (network.to_string(), 1));
    let wide = requester.wide_network().map(|network| (network.to_string(), i64::from(WIDE_FACTOR)));
    narrow.into_iter().chain(wide)
}

/// 1, 2, 4, … seconds after the first that was too many.
fn doubling(too_many: i64, longest: Duration) -> TimeDelta {
    match too_many {
        ..0 => TimeDelta::zero(),
        doublings => {
            let longest = i64::try_from(longest.as_secs()).unwrap_or(i64::MAX);
            TimeDelta::seconds(longest.min(1 << doublings.min(16)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_limit() {
        let seconds: Vec<_> =
            (-2..9).map(|many| doubling(many, Duration::from_secs(60)).num_seconds()).collect();
        assert_eq!(seconds, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(doubling(i64::MAX, Duration::from_secs(30)).num_seconds(), 30);
    }

    #[test]
    fn every_limit_has_a_name_of_its_own() {
        for limit in Limit::ALL {
            assert_eq!(Limit::parse(limit.name()), Some(limit));
        }
        assert_eq!(Limit::parse("nothing"), None);
    }
}
