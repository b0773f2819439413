//! Validation of a provider's id_token by `openidconnect`: signature, issuer, audience, expiry, nonce (OpenID Connect Core 1.0
//! §3.1.3.7). The crate rejects a whole token because of an irrelevant claim, such as a date as text, so it only gets the relevant
//! claims and the signed text. Other claims are passed on unchanged.

use super::values::text_of;
use super::{SentToken, Stage, Trouble};
use crate::config::social::Provider;
use crate::effects::document::{self, OF_A_PROVIDER};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{
    CoreIdToken, CoreJsonWebKey, CoreJsonWebKeySet, CoreJsonWebKeyType, CoreJsonWebKeyUse,
    CoreJwsSigningAlgorithm,
};
use openidconnect::{
    Audience, ClaimsVerificationError, ClientId, IdTokenVerifier, IssuerUrl, JsonWebKey, JsonWebKeyAlgorithm,
    JsonWebKeyId, JsonWebKeySet, Nonce, SignatureVerificationError,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::str::FromStr;

/// How far clocks may be apart.
const SKEW: TimeDelta = TimeDelta::seconds(60);

/// No symmetric algorithms, because both sides know the secret, and never `none`.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

pub(super) type JudgeNonce<'a> = &'a (dyn Fn(Option<&Nonce>) -> Result<(), String> + Send + Sync);

/// A token that isn't validated yet.
pub(super) struct Token {
    /// Header and claims as they were signed.
    signed: String,
    signature: String,
    claims: Value,
}

/// What it has to say.
pub(super) struct Expected<'a> {
    pub provider: &'a Provider,
    pub issuer: &'a str,
    /// Names of algorithms that the provider says it signs with; empty where it says nothing.
    pub algorithms: &'a [String],
    pub nonce: JudgeNonce<'a>,
    /// It came as the answer to a request of ours, and not from an app.
    pub asked_for: bool,
    pub now: DateTime<Utc>,
}

/// Why a token is not believed.
pub(super) enum Refusal {
    /// Newer keys may end it.
    Keys(ClaimsVerificationError),
    Token(Trouble),
}

impl Token {
    /// # Errors
    /// It is no token (RFC 7515 §7.1), or its claims are beyond the bounds of a provider's documents.
    pub(super) fn read(text: &str) -> Result<Self, Trouble> {
        let unreadable = || Trouble::new(Stage::VerificationFailed, "invalid id_token");
        let (signed, signature) = text.rsplit_once('.').ok_or_else(unreadable)?;
        let (_, claims) = signed.split_once('.').ok_or_else(unreadable)?;
        let claims = URL_SAFE_NO_PAD.decode(claims).ok();
        let claims = claims.and_then(|bytes| document::read(&bytes, OF_A_PROVIDER).ok());
        let claims = claims.filter(Value::is_object).ok_or_else(unreadable)?;
        Ok(Self { signed: signed.to_owned(), signature: signature.to_owned(), claims })
    }

    /// What is kept of it. The signature is left out: one token may have several.
    pub(super) fn kept(&self, now: DateTime<Utc>) -> SentToken {
        let expires_at = date(&self.claims["exp"]).unwrap_or(now) + SKEW;
        SentToken { digest: Sha256::digest(self.signed.as_bytes()).to_vec(), expires_at }
    }

    /// Whether or not they are trusted.
    pub(super) fn unverified(&self) -> &Value {
        &self.claims
    }

    /// All claims, once what they are trusted for has been judged.
    pub(super) fn verified(
        &self,
        keys: &CoreJsonWebKeySet,
        expected: &Expected<'_>,
    ) -> Result<Value, Refusal> {
        let invalid = |reason: String| Refusal::Token(Trouble::new(Stage::VerificationFailed, reason));
        let issuer =
            IssuerUrl::new(expected.issuer.to_owned()).map_err(|failure| invalid(failure.to_string()))?;
        let judged = CoreIdToken::from_str(&self.judged(expected.now).map_err(invalid)?)
            .map_err(|failure| invalid(format!("invalid id_token: {failure}")))?;
        // One of the further audiences stands in for the client where the token is for it alone.
        let provider = expected.provider;
        let is_ours = |name: &str| is_ours(provider, name);
        let client = audiences(&self.claims).into_iter().find(|audience| is_ours(audience));
        let client = ClientId::new(client.unwrap_or_else(|| provider.client_id.clone()));
        let party = match &self.claims["azp"] {
            Value::Null => None,
            Value::String(party) if is_ours(party) => Some(party),
            // Core §3.1.3.7, 5
            party @ (Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_)) => {
                return Err(invalid(format!("the token was issued for the client {party}")));
            }
        };
        // It may be for the services around the provider too, as those of Keycloak and Zitadel are, when it was made for us: the nonce of
        // our own request is in it. One from an app may have come from any of them.
        let shared = expected.asked_for && party == Some(&provider.client_id);
        let keys = keys.keys().iter().map(|key| KeyOver { key: key.clone(), signed: self.signed.clone() });
        let now = expected.now;
        let verifier = IdTokenVerifier::new_public_client(client, issuer, JsonWebKeySet::new(keys.collect()))
            .set_allowed_algs(ALGORITHMS.into_iter().filter(|algorithm| said(expected.algorithms, algorithm)))
            .set_other_audience_verifier_fn(|audience: &Audience| shared || is_ours(audience))
            .set_time_fn(move || now - SKEW)
            .set_issue_time_verifier_fn(move |at| match at > now + SKEW {
                true => Err(format!("issued in the future, at {at}")),
                false => Ok(()),
            });
        match judged.claims(&verifier, |found: Option<&Nonce>| (expected.nonce)(found)) {
            Ok(_) => Ok(self.claims.clone()),
            Err(failure) if is_about_keys(&failure) => Err(Refusal::Keys(failure)),
            Err(failure) => Err(invalid(super::chain(&failure))),
        }
    }

    /// The token with those of its claims that are judged, in the types that the crate reads.
    fn judged(&self, now: DateTime<Utc>) -> Result<String, String> {
        let time = |name: &str| {
            let value = &self.claims[name];
            if value.is_null() {
                return Ok(None);
            }
            date(value).map(Some).ok_or_else(|| format!("the token's `{name}` is not a time"))
        };
        if let Some(begin) = time("nbf")?.filter(|begin| *begin > now + SKEW) {
            return Err(format!("the token is valid only in the future, from {begin}"));
        }
        let mut claims = Map::new();
        for name in ["iss", "aud", "nonce"] {
            claims.extend(self.claims.get(name).map(|value| (name.to_owned(), value.clone())));
        }
        claims.extend(text_of(&self.claims["sub"]).map(|subject| ("sub".to_owned(), subject.into())));
        claims.extend(time("exp")?.map(|end| ("exp".to_owned(), end.timestamp().into())));
        // Kratos does without; what is in the future is refused.
        let issued = time("iat")?.unwrap_or(now);
        claims.insert("iat".to_owned(), issued.timestamp().into());
        let header = self.signed.split('.').next().unwrap_or_default();
        let claims = URL_SAFE_NO_PAD.encode(Value::Object(claims).to_string());
        Ok(format!("{header}.{claims}.{}", self.signature))
    }
}

/// A key that judges what the provider signed: the whole token, and not the part of it that the crate sees.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct KeyOver {
    key: CoreJsonWebKey,
    signed: String,
}

impl JsonWebKey for KeyOver {
    type KeyUse = CoreJsonWebKeyUse;
    type SigningAlgorithm = CoreJwsSigningAlgorithm;

    fn key_id(&self) -> Option<&JsonWebKeyId> {
        self.key.key_id()
    }

    fn key_type(&self) -> &CoreJsonWebKeyType {
        self.key.key_type()
    }

    fn key_use(&self) -> Option<&CoreJsonWebKeyUse> {
        self.key.key_use()
    }

    fn signing_alg(&self) -> JsonWebKeyAlgorithm<&CoreJwsSigningAlgorithm> {
        self.key.signing_alg()
    }

    fn new_symmetric(key: Vec<u8>) -> Self {
        Self { key: CoreJsonWebKey::new_symmetric(key), signed: String::new() }
    }

    fn verify_signature(
        &self,
        algorithm: &CoreJwsSigningAlgorithm,
        _of_the_part: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureVerificationError> {
        // sabotage: provider-signature
        self.key.verify_signature(algorithm, self.signed.as_bytes(), signature)
    }

    fn hash_bytes(&self, bytes: &[u8], algorithm: &CoreJwsSigningAlgorithm) -> Result<Vec<u8>, String> {
        self.key.hash_bytes(bytes, algorithm)
    }
}

fn is_ours(provider: &Provider, name: &str) -> bool {
    name == provider.client_id || provider.additional_audiences.iter().any(|audience| audience == name)
}

fn audiences(claims: &Value) -> Vec<String> {
    match &claims["aud"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

fn said(names: &[String], algorithm: &CoreJwsSigningAlgorithm) -> bool {
    let own = serde_json::to_value(algorithm).unwrap_or_default();
    names.is_empty() || names.iter().any(|name| own == name.as_str())
}

/// Seconds since 1970 (RFC 7519 §2), which some write as text.
fn date(value: &Value) -> Option<DateTime<Utc>> {
    let seconds: f64 = text_of(value)?.parse().ok()?;
    seconds.is_finite().then(|| DateTime::from_timestamp(seconds as i64, 0))?
}

/// When the user last proved themselves there.
pub(super) fn signed_in_at(claims: &Value) -> Option<DateTime<Utc>> {
    date(&claims["auth_time"])
}

fn is_about_keys(failure: &ClaimsVerificationError) -> bool {
    matches!(
        failure,
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey | SignatureVerificationError::CryptoError(_)
        )
    )
}

/// The issuer that a token has to name. Microsoft's shared tenants have one for each tenant.
///
/// # Errors
/// The token names no tenant.
pub(super) fn issuer_for(issuer: &str, token: &Token) -> Result<String, Trouble> {
    if !issuer.contains("{tenantid}") {
        return Ok(issuer.to_owned());
    }
    let tenant = token.claims["tid"].as_str().and_then(|tenant| uuid::Uuid::parse_str(tenant).ok());
    let tenant = tenant.ok_or_else(|| Trouble::new(Stage::VerificationFailed, "the token has no tenant"))?;
    Ok(issuer.replace("{tenantid}", &tenant.to_string()))
}
