//! Discovery documents and keys of providers: fetched when needed and cached for one hour. Keys are fetched again if a token names an
//! unknown one, but at most once a minute (OpenID Connect Discovery 1.0 §4; Core §10.1.1).

use super::known::{Description, Entry, KEYS_AT_MOST};
use super::{Line, Stage, Trouble, Turn, chain};
use crate::config::providers::Profile;
use crate::config::social::Provider;
use chrono::TimeDelta;
use openidconnect::core::CoreJsonWebKeySet;
use std::sync::Arc;
use url::Url;

const FRESH: TimeDelta = TimeDelta::hours(1);
/// An older answer does when there is no newer one.
const STALE: TimeDelta = TimeDelta::days(1);

/// The description and keys of a provider with an issuer. `turn`: the caller's, where it has one.
pub(super) async fn discover(
    line: Line<'_>,
    provider: &Provider,
    turn: Option<&Turn>,
) -> Result<Entry, Trouble> {
    let now = line.effects.now();
    let known = line.known.get(&provider.issuer_text);
    if let Some(entry) = known.clone().filter(|entry| now - entry.at < FRESH) {
        return Ok(entry);
    }
    // Whoever has none asks for one only now: what is known costs no request.
    let asked = async {
        let _turn = match turn {
            Some(_) => None,
            None => Some(line.turn(provider).await?),
        };
        fetch(line, provider).await
    };
    match asked.await {
        Ok(entry) => {
            line.known.put(&provider.issuer_text, entry.clone());
            Ok(entry)
        }
        Err(trouble) => match known.filter(|entry| now - entry.at < STALE) {
            Some(entry) => {
                tracing::warn!(
                    provider = provider.id,
                    reason = trouble.reason,
                    "an older discovery document is used"
                );
                Ok(entry)
            }
            None => Err(trouble),
        },
    }
}

/// The same with keys that are newer than those that did not do; `None` when they are as new as may be asked for.
pub(super) async fn with_newer_keys(
    line: Line<'_>,
    provider: &Provider,
    entry: &Entry,
) -> Result<Option<Entry>, Trouble> {
    let now = line.effects.now();
    if now - entry.keys_at < KEYS_AT_MOST {
        return Ok(None);
    }
    // Noted before the request: else each token would ask while the provider is slow, and after each failure.
    if !line.known.ask_for_keys(&provider.issuer_text, now) {
        return Ok(None);
    }
    let keys = keys(line, provider, &entry.description.jwks_uri).await?;
    let newer = Entry { keys, keys_at: now, ..entry.clone() };
    line.known.put(&provider.issuer_text, newer.clone());
    Ok(Some(newer))
}

async fn fetch(line: Line<'_>, provider: &Provider) -> Result<Entry, Trouble> {
    let description = match provider.kind.profile {
        Profile::UndescribedToken => configured(provider)?,
        Profile::Token
        | Profile::TokenAndUserinfo
        | Profile::Document(_)
        | Profile::Shown(..)
        | Profile::Below(_)
        | Profile::GitHub
        | Profile::LinkedIn
        | Profile::Facebook
        | Profile::Vk => described(line, provider).await?,
    };
    let keys = keys(line, provider, &description.jwks_uri).await?;
    let now = line.effects.now();
    Ok(Entry { description: Arc::new(description), keys, at: now, keys_at: now })
}

/// SAML Jackson has its keys and users beside the address of its tokens (Kratos: provider_jackson.go).
fn configured(provider: &Provider) -> Result<Description, Trouble> {
    let broken = |reason: String| Trouble::new(Stage::ExchangeFailed, reason);
    let (Some(auth), Some(token)) = (&provider.auth_url, &provider.token_url) else {
        return Err(broken("auth_url and token_url are not configured".to_owned()));
    };
    let base = token.as_str().trim_end_matches("/api/oauth/token");
    let beside =
        |path: &str| Url::parse(&format!("{base}{path}")).map_err(|failure| broken(failure.to_string()));
    Ok(Description {
        issuer: provider.issuer_text.clone(),
        authorization_endpoint: auth.clone(),
        token_endpoint: token.clone(),
        jwks_uri: beside("/oauth/jwks")?,
        userinfo_endpoint: Some(beside("/api/oauth/userinfo")?),
        code_challenge_methods_supported: Vec::new(),
        token_endpoint_auth_methods_supported: Vec::new(),
        id_token_signing_alg_values_supported: Vec::new(),
        authorization_response_iss_parameter_supported: false,
    })
}

async fn described(line: Line<'_>, provider: &Provider) -> Result<Description, Trouble> {
    let unreachable = |reason: String| Trouble::new(Stage::ExchangeFailed, reason);
    let text = provider.issuer_text.trim_end_matches('/');
    let url = Url::parse(&format!("{text}/.well-known/openid-configuration"))
        .map_err(|failure| unreachable(failure.to_string()))?;
    let document = line
        .document(provider, &url, None)
        .await
        .map_err(|failure| unreachable(format!("the discovery document at {url}: {}", chain(&failure))))?;
    let description: Description = serde_json::from_value(document)
        .map_err(|failure| unreachable(format!("the discovery document at {url}: {failure}")))?;
    // Whoever answers for an issuer has to be it (Discovery §4.3); Microsoft's shared tenants say `{tenantid}`.
    let shared = provider.kind.name == "microsoft" && description.issuer.contains("{tenantid}");
    if description.issuer != provider.issuer_text && !shared {
        return Err(Trouble::new(
            Stage::VerificationFailed,
            format!(
                "issuer_url is {:?}, but the provider's issuer is {:?}",
                provider.issuer_text, description.issuer
            ),
        ));
    }
    let says = [
        ("token_endpoint", Some(&description.token_endpoint)),
        ("jwks_uri", Some(&description.jwks_uri)),
        ("userinfo_endpoint", description.userinfo_endpoint.as_ref()),
    ];
    for (name, address) in says {
        if let Some(what) = address.and_then(|address| unfit(&url, address)) {
            return Err(Trouble::new(
                Stage::VerificationFailed,
                format!("the discovery document at {url}: {name} {what}"),
            ));
        }
    }
    Ok(description)
}

/// Why an address in the description at `at` is not asked. Whoever is described over https is asked over https (Discovery §3).
fn unfit(at: &Url, address: &Url) -> Option<&'static str> {
    match address.scheme() {
        "https" => {}
        "http" if at.scheme() == "http" => {}
        "http" => return Some("is an http URL, although the issuer uses https"),
        _ => return Some("is not an https URL"),
    }
    let bare = address.username().is_empty() && address.password().is_none();
    (!bare).then_some("contains user information")
}

async fn keys(line: Line<'_>, provider: &Provider, url: &Url) -> Result<Arc<CoreJsonWebKeySet>, Trouble> {
    let unreachable =
        |reason: String| Trouble::new(Stage::ExchangeFailed, format!("the keys at {url}: {reason}"));
    let document =
        line.document(provider, url, None).await.map_err(|failure| unreachable(chain(&failure)))?;
    serde_json::from_value(document).map(Arc::new).map_err(|failure| unreachable(failure.to_string()))
}
