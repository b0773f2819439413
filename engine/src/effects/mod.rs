//! Everything that the engine takes from the outside, as one value: clock, randomness, outgoing requests. `clippy.toml` bans the
//! ambient ones.

pub mod document;
mod following;
mod mailer;
mod outbound;
mod template_words;
pub mod templates;

pub use following::{Following, to_completion};
pub use mailer::{Encryption, Mail, MailError, MailServer, Mailer, SmtpMailer};
pub use outbound::{Reach, SystemOutbound, at_sight};
pub use templates::{SystemTemplates, TemplateError, Templates};

use crate::ids::{FlowId, IdentityId, OperatorId, SessionId};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

pub trait Clock: Send + Sync {
    fn now(&self) -> DateTime<Utc>;
}

pub trait Random: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

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

#[derive(Clone)]
pub struct Effects {
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub outbound: Arc<dyn Outbound>,
    pub mailer: Arc<dyn Mailer>,
    pub templates: Arc<dyn Templates>,
}

impl Effects {
    /// The system's clock and randomness; requests go where each says it may.
    pub fn system() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            outbound: Arc::new(SystemOutbound::new()),
            mailer: Arc::new(SmtpMailer),
            templates: Arc::new(SystemTemplates::default()),
        }
    }

    /// Now, in UTC, cut to microseconds: PostgreSQL keeps no more, and both databases must agree.
    pub fn now(&self) -> DateTime<Utc> {
        let now = self.clock.now();
        now.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(now)
    }

    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }

    pub fn uuid(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    pub fn identity_id(&self) -> IdentityId {
        IdentityId(self.uuid())
    }

    pub fn flow_id(&self) -> FlowId {
        FlowId(self.uuid())
    }

    pub fn session_id(&self) -> SessionId {
        SessionId(self.uuid())
    }

    pub fn operator_id(&self) -> OperatorId {
        OperatorId(self.uuid())
    }

    /// `length` decimal digits, each drawn evenly.
    pub fn digits(&self, length: usize) -> String {
        let mut text = String::with_capacity(length);
        while text.len() < length {
            for byte in self.bytes::<16>() {
                // 250 = 25 × 10: larger bytes would favour the first digits.
                if byte < 250 && text.len() < length {
                    text.push(char::from(b'0' + byte % 10));
                }
            }
        }
        text
    }

    /// `length` characters out of 62, each drawn evenly: 32 of them carry 190 bits.
    pub fn alphanumeric(&self, length: usize) -> String {
        const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut text = String::with_capacity(length);
        while text.len() < length {
            for byte in self.bytes::<64>() {
                // 248 = 4 × 62: larger bytes would favour the first letters.
                if byte < 248 && text.len() < length {
                    text.push(char::from(ALPHABET[usize::from(byte % 62)]));
                }
            }
        }
        text
    }
}

/// The system's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// The operating system's randomness.
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place; without randomness nothing is safe, so stop"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives randomness");
    }
}
