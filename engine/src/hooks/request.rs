//! One attempt of a call: the request from the template, authentication, and the response. Uses no transaction.

use crate::config::WebHook;
use crate::config::hooks::{Auth, signing_key};
use crate::effects::{Answer, OutboundError, Request, TemplateError};
use crate::engine::Ctx;
use crate::gate::Full;
use crate::ids::DeliveryId;
use crate::remote_template;
use crate::request_id;
use crate::secret::Secret;
use crate::secrets;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;
use std::collections::BTreeMap;

/// Bytes of an answer, as Kratos.
const ANSWER: usize = 5 << 20;

/// Tells a service that this is an operator's test, without a sign-up or sign-in.
pub const TEST_HEADER: &str = "Vestibule-Test";

/// The id of the request that caused the call, as the log of this server has it.
const REQUEST_HEADER: &str = "X-Request-Id";

/// What came of a try.
pub(crate) struct Attempt {
    /// As the log shows it; `None` where nothing was sent.
    pub(crate) request: Option<Value>,
    pub(crate) outcome: Result<Answer, Trouble>,
    pub(crate) millis: i64,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// No trouble of ours: the template canceled the call.
    #[error("the template canceled the call")]
    Cancelled,
    #[error("{0}")]
    Template(TemplateError),
    #[error("the template can't be fetched: {0}")]
    Fetch(String),
    /// What shows who we are cannot be had.
    #[error("{0}")]
    Secret(String),
    #[error("{0}")]
    Outbound(#[from] OutboundError),
    /// Too many templates are being evaluated.
    #[error("{0}")]
    Busy(#[from] Full),
}

/// Why a try is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// A user waits for it.
    Awaited,
    /// It comes from the queue.
    Queued,
    /// An operator waits for it. The call is marked.
    Test,
}

impl Trouble {
    /// Whether a retry can succeed without a change.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Trouble::Cancelled | Trouble::Secret(_) => false,
            Trouble::Template(
                TemplateError::Unreadable(_) | TemplateError::Broken(_) | TemplateError::TooLarge,
            ) => false,
            Trouble::Outbound(OutboundError::Refused { .. } | OutboundError::Unlisted { .. }) => false,
            Trouble::Template(_) | Trouble::Fetch(_) | Trouble::Outbound(_) | Trouble::Busy(_) => true,
        }
    }
}

/// What goes out.
pub(crate) enum Body<'a> {
    /// The template's argument `ctx`, as JSON.
    Template(&'a str),
    /// Word for word, as JSON.
    Fixed(&'a Value),
}

/// Makes the request and sends it. `id` is the same over all tries; everything else is made anew.
pub(crate) async fn attempt(
    ctx: &Ctx,
    hook: &WebHook,
    id: DeliveryId,
    purpose: Purpose,
    body: Body<'_>,
) -> Attempt {
    let begun = ctx.effects().now();
    let mut attempt = Attempt { request: None, outcome: Err(Trouble::Cancelled), millis: 0 };
    attempt.outcome = match ready(ctx, hook, id, purpose, body).await {
        Err(trouble) => Err(trouble),
        Ok(request) => {
            attempt.request = Some(super::redact::request(&request));
            ctx.effects().outbound.send(request).await.map_err(Trouble::Outbound)
        }
    };
    attempt.millis = (ctx.effects().now() - begun).num_milliseconds();
    attempt
}

async fn ready(
    ctx: &Ctx,
    hook: &WebHook,
    id: DeliveryId,
    purpose: Purpose,
    body: Body<'_>,
) -> Result<Request, Trouble> {
    let made = made(ctx, hook, purpose, body).await?;
    addressed(ctx, hook, id, purpose, made).await
}

/// Headers and bytes of a body.
struct Made {
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

async fn made(ctx: &Ctx, hook: &WebHook, purpose: Purpose, body: Body<'_>) -> Result<Made, Trouble> {
    let mut headers = hook.headers.clone();
    let input = match body {
        Body::Template(input) => input,
        Body::Fixed(document) => {
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
            return Ok(Made { headers, body: Some(document.to_string().into_bytes()) });
        }
    };
    let Some(text) = rendered(ctx, hook, purpose, input).await? else {
        return Ok(Made { headers, body: None });
    };
    let body = if is_form(&headers) {
        form(&text)?.into_bytes()
    } else {
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        text.into_bytes()
    };
    Ok(Made { headers, body: Some(body) })
}

/// What the template makes of `input`; `None` for a hook without a template.
pub(crate) async fn rendered(
    ctx: &Ctx,
    hook: &WebHook,
    purpose: Purpose,
    input: &str,
) -> Result<Option<String>, Trouble> {
    let Some(template) = &hook.body else { return Ok(None) };
    let source = remote_template::source(ctx, template).await.map_err(Trouble::Fetch)?;
    let (gates, work) = (ctx.engine.gates(), &ctx.config.vestibule.work);
    let _pass = match purpose {
        Purpose::Awaited | Purpose::Test => gates.templates.enter(work.templates).await?,
        Purpose::Queued => gates.background_templates.enter(work.background_templates()).await?,
    };
    let made = ctx.effects().templates.render(source, input.to_owned()).await;
    made.map(Some).map_err(|failure| {
        if matches!(failure, TemplateError::Cancelled) {
            Trouble::Cancelled
        } else {
            Trouble::Template(failure)
        }
    })
}

async fn addressed(
    ctx: &Ctx,
    hook: &WebHook,
    id: DeliveryId,
    purpose: Purpose,
    made: Made,
) -> Result<Request, Trouble> {
    let Made { mut headers, body } = made;
    if hook.ids {
        // The call is a new one with each try, what caused it is not.
        let call = ctx.effects().uuid();
        headers.push(("Ory-Webhook-Request-ID".to_owned(), call.to_string()));
        headers.push(("Ory-Webhook-Trigger-ID".to_owned(), id.to_string()));
    }
    if let Some(id) = request_id::current()
        && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(REQUEST_HEADER))
    {
        headers.push((REQUEST_HEADER.to_owned(), id.to_string()));
    }
    if purpose == Purpose::Test {
        headers.push((TEST_HEADER.to_owned(), "true".to_owned()));
    }
    if let Some(auth) = &hook.auth {
        headers.extend(shown(ctx, auth, id, body.as_deref().unwrap_or_default()).await?);
    }
    Ok(Request {
        method: hook.method.clone(),
        url: hook.url.clone(),
        headers,
        body,
        limit: ANSWER,
        deadline: ctx.config.vestibule.web_hook_deadline,
        reach: ctx.config.reach_of(hook),
    })
}

/// The headers that show who we are.
async fn shown(
    ctx: &Ctx,
    auth: &Auth,
    id: DeliveryId,
    body: &[u8],
) -> Result<Vec<(String, String)>, Trouble> {
    Ok(match auth {
        Auth::Basic { user, password } => {
            let both = STANDARD.encode(format!("{user}:{}", opened(ctx, password).await?.expose()));
            vec![("Authorization".to_owned(), format!("Basic {both}"))]
        }
        Auth::Header { name, value } => vec![(name.clone(), opened(ctx, value).await?.expose().clone())],
        Auth::Cookie { name, value } => {
            vec![("Cookie".to_owned(), format!("{name}={}", opened(ctx, value).await?.expose()))]
        }
        Auth::Signature { secrets } => {
            let (id, at) = (message_id(id), ctx.effects().now().timestamp());
            let mut signatures = Vec::with_capacity(secrets.len());
            for secret in secrets {
                let key = signing_key(&opened(ctx, secret).await?)
                    .ok_or_else(|| Trouble::Secret("the signing secret is invalid".to_owned()))?;
                signatures.push(signature(&key, &id, at, body));
            }
            vec![
                ("webhook-id".to_owned(), id),
                ("webhook-timestamp".to_owned(), at.to_string()),
                ("webhook-signature".to_owned(), signatures.join(" ")),
            ]
        }
    })
}

/// What stands there, or what it names.
async fn opened(ctx: &Ctx, text: &str) -> Result<Secret, Trouble> {
    secrets::opened(ctx, text).await.map_err(|failure| {
        Trouble::Secret(failure.cause().map_or_else(|| failure.to_string(), ToString::to_string))
    })
}

/// A delivery as receivers know it (Standard Webhooks specification, "webhook-id").
pub(crate) fn message_id(id: DeliveryId) -> String {
    format!("msg_{}", id.0.simple())
}

/// `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body` (Standard Webhooks specification, "Signature scheme").
fn signature(secret: &[u8], id: &str, at: i64, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(format!("{id}.{at}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

fn is_form(headers: &[(String, String)]) -> bool {
    headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("content-type")
            && value.trim().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded")
    })
}

/// A form needs a flat map of texts.
fn form(made: &str) -> Result<String, Trouble> {
    let pairs: BTreeMap<String, String> = serde_json::from_str(made).map_err(|failure| {
        let what = format!("a form needs a template that returns an object of strings: {failure}");
        Trouble::Template(TemplateError::Broken(what))
    })?;
    Ok(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_convention() {
        // The example of the Standard Webhooks reference implementations.
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        assert_eq!(
            signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }
}
