//! One authorization request: its URL, and the callback, exchanged and validated (RFC 6749, RFC 7636, RFC 9207, OpenID Connect Core
//! 1.0 §3.1). [`super::id_token`] validates the token.

use super::destination::Destination;
use super::discovery;
use super::exchange::exchange;
use super::id_token::{self, Expected, JudgeNonce, Refusal, Token};
use super::known::Entry;
use super::values::{is_yes, text_of};
use super::{ExternalIdentity, Line, Stage, Trouble, Turn, bearer, chain, profile};
use crate::config::providers::{Exchange, Profile};
use crate::config::social::{Pkce, Provider, SubjectSource};
use crate::effects::document::{OF_A_PROVIDER, judge};
use openidconnect::{Nonce, PkceCodeChallenge, PkceCodeVerifier};
use serde_json::Value;
use url::Url;

/// Characters of a subject.
const SUBJECT: usize = 255;

/// What is asked of the provider.
pub struct Ask<'a> {
    pub state: &'a str,
    pub nonce: &'a str,
    pub verifier: Option<&'a str>,
    /// `upstream_parameters` of the form, allowed ones only.
    pub parameters: Vec<(String, String)>,
    /// The user has to sign in again.
    pub again: bool,
}

/// What the browser brought back.
#[derive(Clone, Debug, Default)]
pub struct Returned {
    pub code: String,
    /// RFC 9207
    pub issuer: Option<String>,
    /// Apple sends names once, beside the code, as JSON.
    pub user: Option<String>,
}

/// Finds the provider's addresses, asking it where it describes itself.
///
/// # Errors
/// [`Stage::ExchangeFailed`]: it cannot be asked, or what it says makes no sense.
pub async fn destination(line: Line<'_>, provider: &Provider) -> Result<Destination, Trouble> {
    found(line, provider, None).await
}

async fn found(line: Line<'_>, provider: &Provider, turn: Option<&Turn>) -> Result<Destination, Trouble> {
    let wants_pkce = |supported: bool| match provider.pkce {
        Pkce::Auto => supported,
        Pkce::Never => false,
        Pkce::Force => true,
    };
    let in_header = provider.kind.exchange == Exchange::Header;
    if provider.signs() {
        let entry = discovery::discover(line, provider, turn).await?;
        let says = &entry.description;
        let methods = &says.token_endpoint_auth_methods_supported;
        let has = |name: &str| methods.iter().any(|method| method == name);
        // Without a word of the provider it is the header (Discovery §3).
        let takes_header = methods.is_empty() || has("client_secret_basic");
        return Ok(Destination {
            auth: provider.auth_url.clone().unwrap_or_else(|| says.authorization_endpoint.clone()),
            token: provider.token_url.clone().unwrap_or_else(|| says.token_endpoint.clone()),
            userinfo: provider.userinfo_url.clone().or_else(|| says.userinfo_endpoint.clone()),
            pkce: wants_pkce(says.code_challenge_methods_supported.iter().any(|method| method == "S256")),
            names_issuer: says.authorization_response_iss_parameter_supported,
            secret_in_header: in_header && takes_header,
            entry: Some(entry),
        });
    }
    let (Some(auth), Some(token)) = (provider.auth_url.clone(), provider.token_url.clone()) else {
        return Err(Trouble::new(Stage::ExchangeFailed, "auth_url and token_url are not configured"));
    };
    Ok(Destination {
        auth,
        token,
        userinfo: provider.userinfo_url.clone(),
        pkce: wants_pkce(false),
        names_issuer: false,
        secret_in_header: in_header,
        entry: None,
    })
}

/// The address to leave to.
pub fn depart(provider: &Provider, to: &Destination, redirect_uri: &str, ask: &Ask<'_>) -> Url {
    let mut url = to.auth.clone();
    // Google's own way of asking for what others call a scope.
    let offline =
        provider.kind.name == "google" && provider.scope.iter().any(|scope| scope == "offline_access");
    let scope: Vec<&str> = provider
        .scope
        .iter()
        .map(String::as_str)
        .filter(|scope| !(offline && *scope == "offline_access"))
        .collect();
    {
        let mut query = url.query_pairs_mut();
        query.append_pair("response_type", "code");
        query.append_pair("client_id", &provider.client_id);
        query.append_pair("redirect_uri", redirect_uri);
        if !scope.is_empty() {
            query.append_pair("scope", &scope.join(" "));
        }
        query.append_pair("state", ask.state);
        if provider.signs() {
            query.append_pair("nonce", ask.nonce);
        }
        if let Some(verifier) = ask.verifier {
            let challenge =
                PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.to_owned()));
            query.append_pair("code_challenge", challenge.as_str());
            query.append_pair("code_challenge_method", "S256");
        }
        if let Some(claims) = &provider.requested_claims {
            query.append_pair("claims", &claims.to_string());
        }
        if offline {
            query.append_pair("access_type", "offline");
        }
        if provider.kind.name == "apple" && scope.iter().any(|scope| matches!(*scope, "name" | "email")) {
            query.append_pair("response_mode", "form_post");
        }
        let says = |wanted: &str| ask.parameters.iter().any(|(name, _)| name == wanted);
        query.extend_pairs(provider.kind.parameters.iter().filter(|(name, _)| !says(name)));
        if ask.again && !says("prompt") && provider.kind.name == "generic" {
            query.append_pair("prompt", "login");
        }
        // It also makes the provider say when somebody signed in there (OpenID Connect Core 1.0 §3.1.2.1).
        if ask.again && provider.signs() {
            query.append_pair("max_age", "0");
        }
        query.extend_pairs(&ask.parameters);
    }
    url
}

/// Exchanges the code and says who came.
///
/// # Errors
/// By [`Stage`]: the provider did not take the code, its token cannot be believed, it says too little.
pub async fn arrive(
    line: Line<'_>,
    provider: &Provider,
    redirect_uri: String,
    returned: Returned,
    (nonce, verifier): (&str, Option<&str>),
    turn: &Turn,
) -> Result<ExternalIdentity, Trouble> {
    let from = found(line, provider, Some(turn)).await?;
    issuer_of_answer(provider, &from, returned.issuer.as_deref())?;
    let tokens = exchange(line, provider, &from, redirect_uri, (&returned.code, verifier)).await?;
    let mut signed_in_at = None;
    let mut claims = match &from.entry {
        Some(entry) => {
            let Some(token) = &tokens.id_token else {
                return Err(Trouble::new(Stage::VerificationFailed, "the provider returned no id_token"));
            };
            let demanded = Nonce::new(nonce.to_owned());
            let judge = |found: Option<&Nonce>| same(&demanded, found);
            let claims = verified(line, provider, entry, &Token::read(token)?, (&judge, true)).await?;
            signed_in_at = id_token::signed_in_at(&claims);
            if provider.from_userinfo {
                userinfo(line, provider, &from, tokens.access()?, claims).await?
            } else {
                claims
            }
        }
        None => profile::ask(line, provider, &tokens).await?,
    };
    match provider.subject_source {
        SubjectSource::Token => {}
        SubjectSource::Object => by_object(&mut claims),
        SubjectSource::Graph => {
            let id = profile::graph_id(line, provider, tokens.access()?).await?;
            claims.as_object_mut().and_then(|claims| claims.insert("sub".to_owned(), id));
        }
    }
    if let Some(user) = returned.user.filter(|_| provider.kind.name == "apple") {
        names_beside(&mut claims, &user);
    }
    Ok(ExternalIdentity { signed_in_at, ..visitor(provider, claims)? })
}

/// Who an id_token speaks of that an app got by itself (Kratos: provider_apple.go, provider_google.go).
///
/// # Errors
/// As [`arrive`].
pub async fn from_token(
    line: Line<'_>,
    provider: &Provider,
    token: &str,
    nonce: Option<&str>,
) -> Result<ExternalIdentity, Trouble> {
    if !provider.signs() || provider.kind.profile != Profile::Token {
        return Err(Trouble::new(Stage::VerificationFailed, "this provider doesn't sign id_tokens"));
    }
    let turn = line.turn(provider).await?;
    let entry = discovery::discover(line, provider, Some(&turn)).await?;
    let token = Token::read(token)?;
    let unsupported = !is_yes(&token.unverified()["nonce_supported"]);
    // Where a provider's own app libraries set none.
    let dispensable = provider.kind.name == "google" || (provider.kind.name == "apple" && unsupported);
    let judge = |found: Option<&Nonce>| match (found, nonce) {
        (None, None) if dispensable => Ok(()),
        (_, None) => Err("id_token_nonce is missing".to_owned()),
        (found, Some(nonce)) => same(&Nonce::new(nonce.to_owned()), found),
    };
    let mut claims = verified(line, provider, &entry, &token, (&judge, false)).await?;
    let (signed_in_at, kept) = (id_token::signed_in_at(&claims), token.kept(line.effects.now()));
    match provider.subject_source {
        SubjectSource::Token => {}
        SubjectSource::Object => by_object(&mut claims),
        SubjectSource::Graph => {
            let why = "`subject_source: me` requires an access token for Microsoft Graph";
            return Err(Trouble::new(Stage::ClaimsInvalid, why));
        }
    }
    Ok(ExternalIdentity { signed_in_at, token: Some(kept), ..visitor(provider, claims)? })
}

fn by_object(claims: &mut Value) {
    let id = claims["oid"].clone();
    claims.as_object_mut().and_then(|claims| claims.insert("sub".to_owned(), id));
}

fn same(demanded: &Nonce, found: Option<&Nonce>) -> Result<(), String> {
    openidconnect::NonceVerifier::verify(demanded, found)
}

/// A provider that names itself in its answers is believed only by its own name: else the code of one could be sent to
/// another (RFC 9207 §2.4).
fn issuer_of_answer(provider: &Provider, from: &Destination, named: Option<&str>) -> Result<(), Trouble> {
    let Some(entry) = &from.entry else { return Ok(()) };
    match named {
        Some(named) if named != entry.description.issuer && named != provider.issuer_text => {
            Err(Trouble::new(Stage::VerificationFailed, format!("the response is from the issuer {named:?}")))
        }
        None if from.names_issuer => Err(Trouble::new(
            Stage::VerificationFailed,
            "the response names no issuer, although the provider supports that",
        )),
        Some(_) | None => Ok(()),
    }
}

/// The token's claims, once everything about it has been checked. A key that is not there may be a new one. `nonce`: what judges
/// it, and whether the token is the answer to a request of ours.
async fn verified(
    line: Line<'_>,
    provider: &Provider,
    entry: &Entry,
    token: &Token,
    (nonce, asked_for): (JudgeNonce<'_>, bool),
) -> Result<Value, Trouble> {
    let refused = |refusal: Refusal| match refusal {
        Refusal::Keys(failure) => Trouble::new(Stage::VerificationFailed, chain(&failure)),
        Refusal::Token(trouble) => trouble,
    };
    let says = &entry.description;
    let issuer = id_token::issuer_for(&says.issuer, token)?;
    let algorithms = &says.id_token_signing_alg_values_supported;
    let now = line.effects.now();
    let expected = Expected { provider, issuer: &issuer, algorithms, nonce, asked_for, now };
    match token.verified(&entry.keys, &expected) {
        Err(refusal @ Refusal::Keys(_)) => match discovery::with_newer_keys(line, provider, entry).await? {
            Some(newer) => token.verified(&newer.keys, &expected).map_err(refused),
            None => Err(refused(refusal)),
        },
        outcome => outcome.map_err(refused),
    }
}

/// The userinfo endpoint's claims over the token's. Whom it speaks of has to be the same (Core §5.3.2).
async fn userinfo(
    line: Line<'_>,
    provider: &Provider,
    from: &Destination,
    access: &str,
    claims: Value,
) -> Result<Value, Trouble> {
    let Some(url) = &from.userinfo else {
        return Err(Trouble::new(Stage::ClaimsInvalid, "the provider has no userinfo endpoint"));
    };
    let said = line
        .document(provider, url, bearer(access))
        .await
        .map_err(|failure| Trouble::new(Stage::ExchangeFailed, format!("userinfo: {}", chain(&failure))))?;
    if text_of(&said["sub"]) != text_of(&claims["sub"]) {
        return Err(Trouble::new(
            Stage::VerificationFailed,
            "userinfo and id_token are about different users",
        ));
    }
    let mut all = claims;
    if let (Some(all), Value::Object(said)) = (all.as_object_mut(), said) {
        // What was judged stays as it was judged.
        all.extend(said.into_iter().filter(|(name, _)| name != "iss" && name != "sub"));
    }
    Ok(all)
}

fn names_beside(claims: &mut Value, user: &str) {
    let Ok(user) = serde_json::from_str::<Value>(user) else { return };
    let Some(claims) = claims.as_object_mut() else { return };
    for (name, pointer) in [("given_name", "/name/firstName"), ("family_name", "/name/lastName")] {
        if let Some(text) = user.pointer(pointer).and_then(Value::as_str) {
            claims.entry(name).or_insert_with(|| text.into());
        }
    }
}

fn visitor(provider: &Provider, claims: Value) -> Result<ExternalIdentity, Trouble> {
    let named = |name: &str| text_of(&claims[name]).filter(|text| !text.is_empty());
    let (Some(subject), Some(_)) = (named("sub"), named("iss")) else {
        return Err(Trouble::new(Stage::ClaimsInvalid, "the claims have no `iss` or `sub`"));
    };
    // It becomes part of an identifier (Core §2: at most 255 characters).
    if subject.chars().count() > SUBJECT || subject.chars().any(char::is_control) {
        return Err(Trouble::new(
            Stage::ClaimsInvalid,
            format!("`sub` is longer than {SUBJECT} characters or contains control characters"),
        ));
    }
    judge(&claims, OF_A_PROVIDER)
        .map_err(|unfit| Trouble::new(Stage::ClaimsInvalid, format!("the claims are rejected: {unfit}")))?;
    let (provider, claims) = (provider.id.clone(), profile::shape(&claims));
    Ok(ExternalIdentity { provider, subject, claims, signed_in_at: None, token: None })
}
