//! Providers: where users authenticate, and what the response contains. The crate `openidconnect` validates tokens. Every request
//! uses [`crate::effects::Outbound`]. `flow` decides what to do with the result.

mod apple;
mod destination;
mod discovery;
mod exchange;
mod id_token;
mod known;
mod mapper;
mod profile;
mod trip;
mod values;

pub use destination::Destination;
pub use known::Known;
pub use mapper::{Mapped, map, try_out};
pub use profile::shape;
pub use trip::{Ask, Returned, arrive, depart, destination, from_token};

use crate::config::Config;
use crate::config::social::Provider;
use crate::effects::document::{self, OF_A_PROVIDER};
use crate::effects::{Effects, OutboundError, Request};
use crate::gate::{Full, Gates, Pass};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

/// What it takes to talk to providers.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    pub effects: &'a Effects,
    pub config: &'a Config,
    pub known: &'a Known,
    pub gates: &'a Gates,
}

/// A place among those who wait for one provider.
pub struct Turn {
    _pass: Pass,
}

/// A user at a provider. `claims` has the format that claims mappings read.
#[derive(Clone, Debug, PartialEq)]
pub struct ExternalIdentity {
    pub provider: String,
    pub subject: String,
    pub claims: Value,
    /// When they last proved themselves to the provider, as its id_token says (`auth_time`, OpenID Connect Core 1.0 §2).
    pub signed_in_at: Option<DateTime<Utc>>,
    /// They came with an id_token that an app sent.
    pub token: Option<SentToken>,
}

/// An id_token of an app, as far as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentToken {
    /// SHA-256 of what was signed.
    pub digest: Vec<u8>,
    pub expires_at: DateTime<Utc>,
}

impl ExternalIdentity {
    /// As it stands in the credential (Kratos: identity/credentials_oidc.go). Subjects tell small from capital letters.
    pub fn identifier(&self) -> String {
        identifier(&self.provider, &self.subject)
    }
}

pub fn identifier(provider: &str, subject: &str) -> String {
    format!("{provider}:{subject}")
}

/// One link to a provider in a credential, as Kratos writes it. The provider's tokens are not kept: nothing here uses them, and what
/// is not there cannot be stolen.
pub fn entry(provider: &str, subject: &str) -> Value {
    json!({
        "subject": subject,
        "provider": provider,
        "initial_id_token": "",
        "initial_access_token": "",
        "initial_refresh_token": "",
    })
}

/// Where in a trip something went wrong; the names are those of Kratos' test flow, the last one is ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    StateInvalid,
    AccessDenied,
    /// The provider cannot be asked, or did not take the code.
    ExchangeFailed,
    /// Its word cannot be believed.
    VerificationFailed,
    /// Its word is good and says too little, or the mapper makes nothing of it.
    ClaimsInvalid,
    /// Something of ours is missing, such as the client's secret.
    NotSetUp,
    /// Too many wait for the provider, or for a mapper.
    Busy,
}

impl Stage {
    pub fn name(self) -> &'static str {
        match self {
            Stage::StateInvalid => "state_invalid",
            Stage::AccessDenied => "access_denied",
            Stage::ExchangeFailed => "exchange_failed",
            Stage::VerificationFailed => "verification_failed",
            Stage::ClaimsInvalid => "claims_invalid",
            Stage::NotSetUp => "not_set_up",
            Stage::Busy => "busy",
        }
    }
}

/// A failed provider sign-in. The reason is for administrators; users get a message of `ui::text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub stage: Stage,
    pub reason: String,
}

impl Trouble {
    pub fn new(stage: Stage, reason: impl Into<String>) -> Self {
        Self { stage, reason: reason.into() }
    }
}

impl From<Full> for Trouble {
    fn from(full: Full) -> Self {
        Self::new(Stage::Busy, full.to_string())
    }
}

/// Bytes of one answer of a provider; key sets of large providers have a few thousand.
const ANSWER: usize = OF_A_PROVIDER.bytes;

impl Line<'_> {
    /// Waits for a place among those who wait for that provider. Whoever has one is the reason for one request at a time.
    ///
    /// # Errors
    /// [`Stage::Busy`]
    pub async fn turn(&self, provider: &Provider) -> Result<Turn, Trouble> {
        let capacity = self.config.vestibule.work.provider_requests;
        let pass = self.gates.provider(&provider.id).enter(capacity).await?;
        Ok(Turn { _pass: pass })
    }

    fn request(
        &self,
        provider: &Provider,
        method: &str,
        url: Url,
        headers: Vec<(String, String)>,
        body: Option<Vec<u8>>,
    ) -> Request {
        Request {
            method: method.to_owned(),
            reach: self.config.reach_of_provider(provider, &url),
            url,
            headers,
            body,
            limit: ANSWER,
            deadline: self.config.selfservice.social.deadline,
        }
    }

    /// GETs JSON, with the header that shows an access token, or without.
    async fn document(
        &self,
        provider: &Provider,
        url: &Url,
        shows: Option<(String, String)>,
    ) -> Result<Value, OutboundError> {
        let accepts = ("Accept".to_owned(), "application/json".to_owned());
        let headers = [accepts].into_iter().chain(shows).collect();
        let host = url.host_str().unwrap_or_default().to_owned();
        let request = self.request(provider, "GET", url.clone(), headers, None);
        let answer = self.effects.outbound.send(request).await?;
        if answer.status != 200 {
            return Err(OutboundError::Status { host, status: answer.status });
        }
        document::read(&answer.body, OF_A_PROVIDER).map_err(|unfit| OutboundError::Unfit { host, unfit })
    }
}

/// RFC 6750 §2.1.
fn bearer(token: &str) -> Option<(String, String)> {
    Some(("Authorization".to_owned(), format!("Bearer {token}")))
}

/// The cause and what caused it, for the log.
fn chain(failure: &dyn std::error::Error) -> String {
    let mut text = failure.to_string();
    let mut next = failure.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
