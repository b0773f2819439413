//! A request that leaves: where it may go, what comes back, and the door that it goes through.

use super::document;
use futures::future::BoxFuture;
use std::time::Duration;

/// The only door for outgoing HTTP. Redirects are not followed, and no proxy of the environment is used.
pub trait Outbound: Send + Sync {
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Answer, OutboundError>>;

    /// GETs `url` where `reach` lets it go; at most `limit` bytes, at most `deadline` in all. Only 2xx is an answer.
    fn get(
        &self,
        url: url::Url,
        reach: Reach,
        limit: usize,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<String, OutboundError>> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let sent = self.send(Request {
            method: "GET".to_owned(),
            url,
            headers: Vec::new(),
            body: None,
            limit,
            deadline,
            reach,
        });
        Box::pin(async move {
            let answer = sent.await?;
            if !answer.is_success() {
                return Err(OutboundError::Status { host, status: answer.status });
            }
            String::from_utf8(answer.body)
                .map_err(|failure| OutboundError::Unreachable { host, source: failure.into() })
        })
    }
}

/// A request that leaves.
#[derive(Clone)]
pub struct Request {
    pub method: String,
    pub url: url::Url,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
    /// Bytes of the answer.
    pub limit: usize,
    /// For all of it.
    pub deadline: Duration,
    pub reach: Reach,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    /// 2xx. A redirect is not followed, so it is no success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    #[error("{host} didn't respond within {millis} ms")]
    Deadline { host: String, millis: u128 },
    #[error("{host} returned {status}")]
    Status { host: String, status: u16 },
    #[error("the response of {host} is larger than {limit} bytes")]
    TooLarge { host: String, limit: usize },
    #[error("the response of {host} is rejected: {unfit}")]
    Unfit { host: String, unfit: document::Unfit },
    #[error("{host} is an address that requests must not go to")]
    Refused { host: String },
    #[error(
        "{host} is not in `vestibule.web_hooks.allowed_hosts`, so webhooks and providers created in the console can't call it"
    )]
    Unlisted { host: String },
    #[error("{host} can't be reached")]
    Unreachable {
        host: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Where a request may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Public addresses only: neither loopback, private, link-local nor metadata addresses.
    Public,
    /// The same without this machine's own addresses, public ones included: for ports that we listen on.
    Elsewhere,
    /// Nothing is sent: the address is one of ours.
    Nowhere,
    /// Nothing is sent: a console webhook whose host isn't allowed.
    Unlisted,
    /// Private networks and loopback, too; link-local and metadata addresses still not. For what the configuration's
    /// files name (Kratos: `clients.http.disallow_private_ip_ranges`).
    Private,
}
