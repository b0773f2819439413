//! Exchanges a code for tokens (RFC 6749 §4.1.3). `openidconnect` creates the request. The response is read as JSON, because
//! providers omit required members, and only the two tokens are needed.

use super::destination::Destination;
use super::{Line, Stage, Trouble, apple, chain};
use crate::config::providers::Exchange;
use crate::config::social::Provider;
use crate::effects::document::{self, OF_A_PROVIDER, Unfit};
use crate::effects::{Answer, OutboundError};
use openidconnect::core::{CoreClient, CoreJsonWebKeySet};
use openidconnect::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, HttpRequest, HttpResponse, IssuerUrl,
    PkceCodeVerifier, RedirectUrl, TokenUrl,
};
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};

/// What came for the code.
pub(super) struct Tokens {
    pub(super) access: Option<String>,
    pub(super) id_token: Option<String>,
    /// The whole answer, for what some providers put beside them.
    pub(super) answer: Value,
}

impl Tokens {
    /// # Errors
    /// There is none, but it is needed to get the profile.
    pub(super) fn access(&self) -> Result<&str, Trouble> {
        let missing = || Trouble::new(Stage::ExchangeFailed, "the token response has no access token");
        self.access.as_deref().ok_or_else(missing)
    }
}

/// # Errors
/// [`Stage::ExchangeFailed`]: the provider cannot be asked, does not take the code, or answers with rubbish.
pub(super) async fn exchange(
    line: Line<'_>,
    provider: &Provider,
    from: &Destination,
    redirect_uri: String,
    (code, verifier): (&str, Option<&str>),
) -> Result<Tokens, Trouble> {
    let (headers, body) = match provider.kind.exchange {
        Exchange::DingTalk => ding_talk(provider, code),
        Exchange::Header | Exchange::Form(_) => form(line, provider, from, redirect_uri, (code, verifier))?,
    };
    let failed = |failure: &OutboundError| {
        Trouble::new(Stage::ExchangeFailed, format!("the code: {}", chain(failure)))
    };
    let request = line.request(provider, "POST", from.token.clone(), headers, Some(body));
    let answer = line.effects.outbound.send(request).await.map_err(|failure| failed(&failure))?;
    let host = || from.token.host_str().unwrap_or_default().to_owned();
    read(&answer).map_err(|unread| match unread {
        Unread::Trouble(trouble) => trouble,
        Unread::Unfit(unfit) => failed(&OutboundError::Unfit { host: host(), unfit }),
    })
}

type Written = (Vec<(String, String)>, Vec<u8>);

/// DingTalk, "Obtain the token of a user".
fn ding_talk(provider: &Provider, code: &str) -> Written {
    let body = json!({
        "clientId": provider.client_id,
        "clientSecret": provider.client_secret.expose(),
        "code": code,
        "grantType": "authorization_code",
    });
    (vec![("Content-Type".to_owned(), "application/json".to_owned())], body.to_string().into_bytes())
}

/// Stands for the sending in the crate's eyes.
#[derive(Debug, thiserror::Error)]
#[error("this is not sent here")]
struct NotHere;

/// The crate writes the request, which goes through the one door later.
fn form(
    line: Line<'_>,
    provider: &Provider,
    from: &Destination,
    redirect_uri: String,
    (code, verifier): (&str, Option<&str>),
) -> Result<Written, Trouble> {
    let broken = |reason: String| Trouble::new(Stage::ExchangeFailed, reason);
    // Nothing is verified by this client; the type wants an issuer.
    let issuer = IssuerUrl::from_url(from.auth.clone());
    let redirect_uri = RedirectUrl::new(redirect_uri).map_err(|failure| broken(failure.to_string()))?;
    let secret = match &provider.apple {
        Some(keys) => apple::secret(keys, &provider.client_id, line.effects.now()).map_err(broken)?,
        None => provider.client_secret.expose().clone(),
    };
    let auth_type = if from.secret_in_header { AuthType::BasicAuth } else { AuthType::RequestBody };
    let mut client = CoreClient::new(
        ClientId::new(provider.client_id.clone()),
        issuer,
        CoreJsonWebKeySet::new(Vec::new()),
    )
    .set_auth_uri(AuthUrl::from_url(from.auth.clone()))
    .set_token_uri(TokenUrl::from_url(from.token.clone()))
    .set_redirect_uri(redirect_uri)
    .set_auth_type(auth_type);
    if !secret.is_empty() {
        client = client.set_client_secret(ClientSecret::new(secret));
    }
    let mut asked = client.exchange_code(AuthorizationCode::new(code.to_owned()));
    if let Some(verifier) = verifier {
        asked = asked.set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()));
    }
    if let Exchange::Form(further) = provider.kind.exchange {
        for (name, value) in further {
            asked = asked.add_extra_param(*name, *value);
        }
    }
    let kept = Mutex::new(None);
    let keep = |request: HttpRequest| -> Result<HttpResponse, NotHere> {
        *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(request);
        Err(NotHere)
    };
    let outcome = asked.request(&keep);
    let request = kept.into_inner().unwrap_or_else(PoisonError::into_inner).ok_or_else(|| {
        let why = outcome.err().map_or_else(String::new, |failure| format!(": {}", chain(&failure)));
        broken(format!("this code can't be exchanged{why}"))
    })?;
    let (parts, body) = request.into_parts();
    let headers = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    Ok((headers, body))
}

enum Unread {
    Trouble(Trouble),
    Unfit(Unfit),
}

/// Reasons go to the log and hold nothing of the answer but the provider's word for its refusal: the rest may be tokens.
fn read(answer: &Answer) -> Result<Tokens, Unread> {
    let failed = |reason: String| Err(Unread::Trouble(Trouble::new(Stage::ExchangeFailed, reason)));
    let said = match document::read(&answer.body, OF_A_PROVIDER) {
        Ok(said) => said,
        Err(Unfit::Unreadable(_)) if answer.status != 200 => {
            return failed(format!("the token endpoint returned {}", answer.status));
        }
        Err(Unfit::Unreadable(_)) => {
            return failed("invalid token response: not JSON".to_owned());
        }
        Err(unfit) => return Err(Unread::Unfit(unfit)),
    };
    if let Some(refusal) = refusal(&said) {
        return failed(format!("the provider rejected the code: {refusal}"));
    }
    // RFC 6749 §5.1 says 200; some say 201.
    if !answer.is_success() {
        return failed(format!("the token endpoint returned {}", answer.status));
    }
    let text = |name: &str| said[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let access = text("access_token").or_else(|| text("accessToken"));
    let id_token = text("id_token");
    if access.is_none() && id_token.is_none() {
        return failed("invalid token response: no token".to_owned());
    }
    Ok(Tokens { access, id_token, answer: said })
}

/// RFC 6749 §5.2, which GitHub answers with a status 200. Facebook says it in an object, DingTalk in `code` and `message`.
fn refusal(said: &Value) -> Option<String> {
    let text = |pointer: &str| said.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let with = |word: &str, more: Option<&str>| match more {
        Some(more) => format!("{word}: {more}"),
        None => word.to_owned(),
    };
    if let Some(error) = text("/error") {
        return Some(with(error, text("/error_description")));
    }
    if said["error"].is_object() {
        return Some(text("/error/message").unwrap_or("an error without a text").to_owned());
    }
    let has_token = ["/access_token", "/accessToken", "/id_token"].iter().any(|name| text(name).is_some());
    text("/code").filter(|_| !has_token).map(|code| with(code, text("/message")))
}
