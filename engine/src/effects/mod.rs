//! Everything that the engine takes from the outside, as one value: clock, randomness, outgoing requests. `clippy.toml` bans the
//! ambient ones.

pub mod document;
pub mod evaluators;
mod following;
mod mailer;
mod outbound;
mod request;
mod template_words;
pub mod templates;

pub use evaluators::SystemTemplates;
pub use following::{Following, to_completion};
pub use mailer::{Encryption, Mail, MailError, MailServer, Mailer, SmtpMailer};
pub use outbound::{SystemOutbound, at_sight};
pub use request::{Answer, Outbound, OutboundError, Reach, Request};
pub use templates::{TemplateError, Templates};

use crate::ids::{FlowId, IdentityId, OperatorId, SessionId};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use std::sync::Arc;
use uuid::Uuid;

pub trait Clock: Send + Sync {
    fn now(&self) -> DateTime<Utc>;
}

pub trait Random: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
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
