//! One trip: the address that people leave to, and what comes back, exchanged and checked (RFC 6749, RFC 7636, RFC 9207, OpenID
//! Connect Core 1.0 §3.1). Signature, issuer, audience, expiry and nonce are judged by `openidconnect`.

use super::discovery::{self, Entry};
use super::{Line, Stage, Trouble, Turn, Visitor, apple, chain, profile, signs};
use crate::config::providers::Profile;
use crate::config::social::{Pkce, Provider};
use crate::effects::OutboundError;
use crate::effects::document::{self, OF_A_PROVIDER, Unfit, judge};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use openidconnect::core::{
    CoreClient, CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
    CoreTokenResponse,
};
use openidconnect::{
    AuthType, AuthUrl, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, HttpRequest,
    HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, SignatureVerificationError, TokenResponse, TokenUrl, http,
};
use serde_json::Value;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use url::Url;

/// Characters of a subject.
const SUBJECT: usize = 255;

/// How far clocks may be apart.
const SKEW: TimeDelta = TimeDelta::seconds(60);

/// Nothing symmetric, since a secret that two know proves nobody, and never `none`.
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

/// Where the provider takes people and codes.
pub struct Destination {
    auth: Url,
    token: Url,
    userinfo: Option<Url>,
    /// The provider says that it knows S256, or the configuration demands it.
    pub pkce: bool,
    /// Every answer names its issuer.
    names_issuer: bool,
    auth_type: AuthType,
    entry: Option<Entry>,
}

/// What is asked of the provider.
pub struct Ask<'a> {
    pub state: &'a str,
    pub nonce: &'a str,
    pub verifier: Option<&'a str>,
    /// `upstream_parameters` of the form, allowed ones only.
    pub parameters: Vec<(String, String)>,
    /// The person is to prove themselves anew.
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
    if signs(provider) {
        let entry = discovery::discover(line, provider, turn).await?;
        let says = &entry.description;
        let methods = &says.token_endpoint_auth_methods_supported;
        let has = |name: &str| methods.iter().any(|method| method == name);
        // Without a word of the provider it is the header (Discovery §3); Apple's signed secret goes in the body.
        let basic = (methods.is_empty() || has("client_secret_basic")) && provider.apple.is_none();
        return Ok(Destination {
            auth: provider.auth_url.clone().unwrap_or_else(|| says.authorization_endpoint.clone()),
            token: provider.token_url.clone().unwrap_or_else(|| says.token_endpoint.clone()),
            userinfo: provider.userinfo_url.clone().or_else(|| says.userinfo_endpoint.clone()),
            pkce: wants_pkce(says.code_challenge_methods_supported.iter().any(|method| method == "S256")),
            names_issuer: says.authorization_response_iss_parameter_supported,
            auth_type: if basic { AuthType::BasicAuth } else { AuthType::RequestBody },
            entry: Some(entry),
        });
    }
    let (Some(auth), Some(token)) = (provider.auth_url.clone(), provider.token_url.clone()) else {
        return Err(Trouble::new(Stage::ExchangeFailed, "auth_url and token_url are not configured"));
    };
    let body = matches!(provider.kind.name, "github" | "facebook" | "linkedin_v2");
    Ok(Destination {
        auth,
        token,
        userinfo: provider.userinfo_url.clone(),
        pkce: wants_pkce(false),
        names_issuer: false,
        auth_type: if body { AuthType::RequestBody } else { AuthType::BasicAuth },
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
        query.append_pair("scope", &scope.join(" "));
        query.append_pair("state", ask.state);
        if signs(provider) {
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
        let prompted = ask.parameters.iter().any(|(name, _)| name == "prompt");
        if ask.again && !prompted && provider.kind.name == "generic" {
            query.append_pair("prompt", "login");
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
) -> Result<Visitor, Trouble> {
    let from = found(line, provider, Some(turn)).await?;
    issuer_of_answer(provider, &from, returned.issuer.as_deref())?;
    let client = client(line, provider, &from, redirect_uri)?;
    // The crate writes the request and reads the answer; in between it goes through the one door.
    let asked = asking(&client, &returned.code, verifier)?;
    let answered = outgoing(line, provider, asked)
        .await
        .map_err(|failure| Trouble::new(Stage::ExchangeFailed, format!("the code: {}", chain(&failure))))?;
    let tokens = reading(&client, &returned.code, verifier, &answered)?;
    let access = tokens.access_token().secret();
    let mut claims = match &from.entry {
        Some(entry) => {
            let Some(token) = tokens.id_token() else {
                return Err(Trouble::new(Stage::VerificationFailed, "the provider sent no id_token"));
            };
            let demanded = Nonce::new(nonce.to_owned());
            let claims = verified(line, provider, entry, token, &|found| expected(&demanded, found)).await?;
            if provider.from_userinfo {
                userinfo(line, provider, &from, access, claims).await?
            } else {
                claims
            }
        }
        None => profile::ask(line, provider, access).await?,
    };
    if let Some(user) = returned.user.filter(|_| provider.kind.name == "apple") {
        names_beside(&mut claims, &user);
    }
    visitor(provider, claims)
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
) -> Result<Visitor, Trouble> {
    if !signs(provider) || provider.kind.profile != Profile::Token {
        return Err(Trouble::new(Stage::VerificationFailed, "this provider signs no id_token"));
    }
    let turn = line.turn(provider).await?;
    let entry = discovery::discover(line, provider, Some(&turn)).await?;
    let token = CoreIdToken::from_str(token).map_err(|failure| {
        Trouble::new(Stage::VerificationFailed, format!("this is no id_token: {failure}"))
    })?;
    let unsupported = payload(&token)?["nonce_supported"].as_bool() != Some(true);
    // Where a provider's own app libraries set none.
    let dispensable = provider.kind.name == "google" || (provider.kind.name == "apple" && unsupported);
    let judge = |found: Option<&Nonce>| match (found, nonce) {
        (None, None) if dispensable => Ok(()),
        (_, None) => Err("id_token_nonce is missing".to_owned()),
        (found, Some(nonce)) => expected(&Nonce::new(nonce.to_owned()), found),
    };
    let claims = verified(line, provider, &entry, &token, &judge).await?;
    visitor(provider, claims)
}

fn expected(demanded: &Nonce, found: Option<&Nonce>) -> Result<(), String> {
    openidconnect::NonceVerifier::verify(demanded, found)
}

/// A provider that names itself in its answers is believed only by its own name: else the code of one could be sent to
/// another (RFC 9207 §2.4).
fn issuer_of_answer(provider: &Provider, from: &Destination, named: Option<&str>) -> Result<(), Trouble> {
    let Some(entry) = &from.entry else { return Ok(()) };
    match named {
        Some(named) if named != entry.description.issuer && named != provider.issuer_text => {
            Err(Trouble::new(Stage::VerificationFailed, format!("the answer is one of the issuer {named:?}")))
        }
        None if from.names_issuer => Err(Trouble::new(
            Stage::VerificationFailed,
            "the answer names no issuer, though the provider says that its answers do",
        )),
        Some(_) | None => Ok(()),
    }
}

type Client = CoreClient<
    openidconnect::EndpointSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointSet,
>;

fn client(
    line: Line<'_>,
    provider: &Provider,
    from: &Destination,
    redirect_uri: String,
) -> Result<Client, Trouble> {
    let broken = |reason: String| Trouble::new(Stage::ExchangeFailed, reason);
    // Without an issuer nothing is verified by this client; the type wants an address.
    let issuer =
        if provider.issuer_text.is_empty() { from.auth.to_string() } else { provider.issuer_text.clone() };
    let issuer = IssuerUrl::new(issuer).map_err(|failure| broken(failure.to_string()))?;
    let redirect_uri = RedirectUrl::new(redirect_uri).map_err(|failure| broken(failure.to_string()))?;
    let secret = match &provider.apple {
        Some(keys) => apple::secret(keys, &provider.client_id, line.effects.now()).map_err(broken)?,
        None => provider.client_secret.expose().clone(),
    };
    let mut client = CoreClient::new(
        ClientId::new(provider.client_id.clone()),
        issuer,
        CoreJsonWebKeySet::new(Vec::new()),
    )
    .set_auth_uri(AuthUrl::from_url(from.auth.clone()))
    .set_token_uri(TokenUrl::from_url(from.token.clone()))
    .set_redirect_uri(redirect_uri)
    .set_auth_type(from.auth_type.clone());
    if !secret.is_empty() {
        client = client.set_client_secret(ClientSecret::new(secret));
    }
    Ok(client)
}

/// Stands for the sending in the crate's eyes.
#[derive(Debug, thiserror::Error)]
#[error("this is not sent here")]
struct NotHere;

/// The request that exchanges the code.
fn asking(client: &Client, code: &str, verifier: Option<&str>) -> Result<HttpRequest, Trouble> {
    let kept = Mutex::new(None);
    let keep = |request: HttpRequest| -> Result<HttpResponse, NotHere> {
        *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(request);
        Err(NotHere)
    };
    let outcome = exchange(client, code, verifier, &keep);
    let request = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
    request.ok_or_else(|| {
        outcome
            .err()
            .unwrap_or_else(|| Trouble::new(Stage::ExchangeFailed, "no request can be made of this code"))
    })
}

/// The tokens in its answer.
fn reading(
    client: &Client,
    code: &str,
    verifier: Option<&str>,
    answered: &HttpResponse,
) -> Result<CoreTokenResponse, Trouble> {
    exchange(client, code, verifier, &|_| Ok(answered.clone()))
}

fn exchange(
    client: &Client,
    code: &str,
    verifier: Option<&str>,
    send: &dyn Fn(HttpRequest) -> Result<HttpResponse, NotHere>,
) -> Result<CoreTokenResponse, Trouble> {
    let mut request = client.exchange_code(AuthorizationCode::new(code.to_owned()));
    if let Some(verifier) = verifier {
        request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()));
    }
    request.request(&|request| send(request)).map_err(|failure| {
        let reason = match &failure {
            RequestTokenError::ServerResponse(said) => format!("the provider refused the code: {said}"),
            // The body may hold tokens: the place of what is wrong is enough.
            RequestTokenError::Parse(place, _) => format!("the answer to the code cannot be read: {place}"),
            other => chain(other),
        };
        Trouble::new(Stage::ExchangeFailed, reason)
    })
}

/// The crate's requests through the one door.
async fn outgoing(
    line: Line<'_>,
    provider: &Provider,
    request: HttpRequest,
) -> Result<HttpResponse, OutboundError> {
    let (parts, body) = request.into_parts();
    let unreadable = |source: Box<dyn std::error::Error + Send + Sync>| OutboundError::Unreachable {
        host: String::new(),
        source,
    };
    let url = Url::parse(&parts.uri.to_string()).map_err(|failure| unreadable(failure.into()))?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let headers = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    let sent = line.request(provider, parts.method.as_str(), url, headers, Some(body));
    let answer = line.effects.outbound.send(sent).await?;
    // What is not JSON says so when it is read.
    match document::read(&answer.body, OF_A_PROVIDER) {
        Ok(_) | Err(Unfit::Unreadable(_)) => {}
        Err(unfit) => return Err(OutboundError::Unfit { host, unfit }),
    }
    http::Response::builder()
        .status(answer.status)
        .body(answer.body)
        .map_err(|failure| unreadable(failure.into()))
}

type JudgeNonce<'a> = &'a (dyn Fn(Option<&Nonce>) -> Result<(), String> + Send + Sync);

/// The token's claims, once everything about it has been checked. A key that is not there may be a new one.
async fn verified(
    line: Line<'_>,
    provider: &Provider,
    entry: &Entry,
    token: &CoreIdToken,
    nonce: JudgeNonce<'_>,
) -> Result<Value, Trouble> {
    let refused = |failure: &ClaimsVerificationError| Trouble::new(Stage::VerificationFailed, chain(failure));
    match check(line, provider, entry, token, nonce)? {
        Ok(claims) => Ok(claims),
        Err(failure) if is_about_keys(&failure) => {
            match discovery::with_newer_keys(line, provider, entry).await? {
                Some(newer) => {
                    check(line, provider, &newer, token, nonce)?.map_err(|failure| refused(&failure))
                }
                None => Err(refused(&failure)),
            }
        }
        Err(failure) => Err(refused(&failure)),
    }
}

fn is_about_keys(failure: &ClaimsVerificationError) -> bool {
    matches!(
        failure,
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey | SignatureVerificationError::CryptoError(_)
        )
    )
}

fn check(
    line: Line<'_>,
    provider: &Provider,
    entry: &Entry,
    token: &CoreIdToken,
    nonce: JudgeNonce<'_>,
) -> Result<Result<Value, ClaimsVerificationError>, Trouble> {
    let invalid = |reason: String| Trouble::new(Stage::VerificationFailed, reason);
    let claims = payload(token)?;
    let says = &entry.description;
    let issuer = match says.issuer.contains("{tenantid}") {
        true => {
            let tenant = claims["tid"].as_str().and_then(|tenant| uuid::Uuid::parse_str(tenant).ok());
            let tenant = tenant.ok_or_else(|| invalid("the token names no tenant".to_owned()))?;
            says.issuer.replace("{tenantid}", &tenant.to_string())
        }
        false => says.issuer.clone(),
    };
    let issuer = IssuerUrl::new(issuer).map_err(|failure| invalid(failure.to_string()))?;
    let now = line.effects.now();
    // One of the further audiences stands in for the client where the token is for it alone.
    let client = audiences(&claims)
        .into_iter()
        .find(|audience| *audience == provider.client_id || provider.additional_audiences.contains(audience))
        .unwrap_or_else(|| provider.client_id.clone());
    let said = &says.id_token_signing_alg_values_supported;
    let allowed = ALGORITHMS.into_iter().filter(|algorithm| {
        let name = serde_json::to_value(algorithm).unwrap_or_default();
        said.is_empty() || said.iter().any(|said| name == said.as_str())
    });
    let further = provider.additional_audiences.clone();
    let own = provider.client_id.clone();
    let verifier =
        CoreIdTokenVerifier::new_public_client(ClientId::new(client), issuer, (*entry.keys).clone())
            .set_allowed_algs(allowed)
            .set_other_audience_verifier_fn(move |audience| {
                let audience: &String = audience;
                *audience == own || further.contains(audience)
            })
            .set_time_fn(move || now - SKEW)
            .set_issue_time_verifier_fn(move |at| match at > now + SKEW {
                true => Err(format!("issued in the future, at {at}")),
                false => Ok(()),
            });
    if let Err(failure) = token.claims(&verifier, |found: Option<&Nonce>| nonce(found)) {
        return Ok(Err(failure));
    }
    // Core §3.1.3.7, 5: who the token was made for.
    match claims["azp"].as_str() {
        Some(party)
            if party != provider.client_id
                && !provider.additional_audiences.iter().any(|one| one == party) =>
        {
            Err(invalid(format!("the token was made for the client {party:?}")))
        }
        Some(_) | None => Ok(Ok(claims)),
    }
}

fn audiences(claims: &Value) -> Vec<String> {
    match &claims["aud"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// All claims of a token, whether or not anybody may believe them.
fn payload(token: &CoreIdToken) -> Result<Value, Trouble> {
    let text = token.to_string();
    text.split('.')
        .nth(1)
        .and_then(|part| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok())
        .and_then(|bytes| document::read(&bytes, OF_A_PROVIDER).ok())
        .ok_or_else(|| Trouble::new(Stage::VerificationFailed, "the id_token cannot be read"))
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
        .document(provider, url, Some(access))
        .await
        .map_err(|failure| Trouble::new(Stage::ExchangeFailed, format!("userinfo: {}", chain(&failure))))?;
    if said["sub"] != claims["sub"] {
        return Err(Trouble::new(
            Stage::VerificationFailed,
            "userinfo speaks of somebody else than the id_token",
        ));
    }
    let mut all = claims;
    if let (Some(all), Value::Object(said)) = (all.as_object_mut(), said) {
        all.extend(said);
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

fn visitor(provider: &Provider, claims: Value) -> Result<Visitor, Trouble> {
    let named = |name: &str| claims[name].as_str().filter(|text| !text.is_empty());
    let (Some(subject), Some(_)) = (named("sub"), named("iss")) else {
        return Err(Trouble::new(Stage::ClaimsInvalid, "the claims lack `iss` or `sub`"));
    };
    // It becomes part of an identifier (Core §2: at most 255 characters).
    if subject.chars().count() > SUBJECT || subject.chars().any(char::is_control) {
        return Err(Trouble::new(
            Stage::ClaimsInvalid,
            format!("`sub` is longer than {SUBJECT} characters, or has control characters"),
        ));
    }
    judge(&claims, OF_A_PROVIDER)
        .map_err(|unfit| Trouble::new(Stage::ClaimsInvalid, format!("the claims are not taken: {unfit}")))?;
    let subject = subject.to_owned();
    Ok(Visitor { provider: provider.id.clone(), subject, claims: profile::shape(&claims) })
}
