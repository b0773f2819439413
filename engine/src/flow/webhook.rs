//! Calls to other services around a flow: what goes out, and what the answer may do (Kratos: selfservice/hook/web_hook.go).
//! Where in a flow each runs is [`crate::plan`]'s word; nothing here holds a transaction.

use super::Flow;
use crate::config::hooks::{Auth, Response, Template};
use crate::config::{Config, WebHook};
use crate::effects::{self, Answer, OutboundError, Request, TemplateError};
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::identity::{self, Identity};
use crate::session::{self, Session};
use crate::ui::{Text, TextKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;

/// Bytes of an answer, as Kratos.
const ANSWER: usize = 5 << 20;
/// Bytes of a template that is fetched.
const TEMPLATE: usize = 1 << 20;

/// Of a person's request, what a body may use. Made where the request is read: of cookies only those that are not ours.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub method: String,
    pub url: String,
    /// By lower-case name.
    pub headers: BTreeMap<String, Vec<String>>,
    pub cookies: BTreeMap<String, String>,
}

/// What a call is about.
pub struct About<'a> {
    pub flow: &'a Flow,
    /// Not before a flow.
    pub identity: Option<&'a Identity>,
    /// After sign-in.
    pub session: Option<&'a Session>,
    pub seen: &'a Seen,
}

/// What the other service says.
#[derive(Debug, PartialEq)]
pub enum Said {
    GoOn,
    /// To be laid over the account before it is stored.
    Change(Box<Changes>),
    /// By field, as [`crate::ui::Container::attach`] takes them.
    Refuse(Vec<(String, Text)>),
}

/// Members that are there replace the account's own, whole (contract: nothing is merged).
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Changes {
    pub traits: Option<Value>,
    pub schema_id: Option<String>,
    pub state: Option<crate::identity::State>,
    pub verifiable_addresses: Vec<Address>,
    pub recovery_addresses: Vec<Address>,
    /// `null` clears.
    #[serde(deserialize_with = "there")]
    pub metadata_public: Option<Value>,
    #[serde(deserialize_with = "there")]
    pub metadata_admin: Option<Value>,
    #[serde(deserialize_with = "there")]
    pub external_id: Option<Option<String>>,
}

/// An address as a hook writes it.
#[derive(Debug, PartialEq, Deserialize)]
pub struct Address {
    pub value: String,
    pub via: String,
    #[serde(default)]
    pub verified: bool,
}

/// `null` is a value here, and not the same as nothing.
fn there<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(
    from: D,
) -> std::result::Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// Calls, and says what that means for the flow. An ignored one runs beside it and says nothing.
///
/// # Errors
/// 502 a service that fails, 504 one that does not answer in time, 500 a template that cannot be evaluated.
pub async fn call(ctx: &Ctx, hook: &WebHook, about: About<'_>) -> Result<Said> {
    let input = input(&ctx.config, &about).to_string();
    if hook.response == Response::Ignored {
        let (ctx, hook) = (ctx.clone(), hook.clone());
        effects::detached(async move {
            // What is wrong with a template is in the log already.
            if let Ok(Some(request)) = request(&ctx, &hook, input).await {
                log(&hook.name, &ctx.effects().outbound.send(request).await);
            }
        });
        return Ok(Said::GoOn);
    }
    let Some(request) = request(ctx, hook, input).await? else { return Ok(Said::GoOn) };
    let outcome = ctx.effects().outbound.send(request).await;
    log(&hook.name, &outcome);
    let answer = outcome.map_err(|failure| {
        let kind =
            if matches!(failure, OutboundError::Deadline { .. }) { Kind::Late } else { Kind::Upstream };
        failed(kind, hook, failure)
    })?;
    judge(hook, &answer)
}

fn log(name: &str, outcome: &std::result::Result<Answer, OutboundError>) {
    match outcome {
        Ok(answer) => tracing::info!(hook = name, status = answer.status, "a web hook was called"),
        Err(failure) => tracing::warn!(hook = name, %failure, "a web hook failed"),
    }
}

/// What the person reads; the hook's name and the cause are for the log.
fn failed(kind: Kind, hook: &WebHook, cause: impl std::fmt::Display) -> Error {
    let reason = "A service that this step has to ask did not answer as it should. Try again in a moment.";
    Error::new(kind, reason).caused_by(format!("the web hook {}: {cause}", hook.name))
}

/// Status and body, as the contract reads them.
fn judge(hook: &WebHook, answer: &Answer) -> Result<Said> {
    match answer.status {
        200 if hook.response == Response::Changes => {
            #[derive(Deserialize)]
            struct Body {
                #[serde(default)]
                identity: Option<Changes>,
            }
            let body: Body = serde_json::from_slice(&answer.body).map_err(|failure| {
                failed(Kind::Upstream, hook, format!("its answer cannot be read: {failure}"))
            })?;
            Ok(body.identity.map_or(Said::GoOn, |changes| Said::Change(Box::new(changes))))
        }
        200..400 => Ok(Said::GoOn),
        400..500 if hook.blocks() && answer.status != 429 => match messages(&answer.body) {
            Some(messages) => Ok(Said::Refuse(messages)),
            None => Err(failed(
                Kind::Upstream,
                hook,
                format!("it refused with {} and without messages for the form", answer.status),
            )),
        },
        status => Err(failed(Kind::Upstream, hook, format!("it answered {status}"))),
    }
}

/// `None`: not one that could be shown.
fn messages(body: &[u8]) -> Option<Vec<(String, Text)>> {
    #[derive(Deserialize)]
    struct Body {
        messages: Vec<AtNode>,
    }
    #[derive(Deserialize)]
    struct AtNode {
        #[serde(default)]
        instance_ptr: String,
        messages: Vec<Message>,
    }
    #[derive(Deserialize)]
    struct Message {
        #[serde(default)]
        id: u64,
        text: String,
        #[serde(default, rename = "type")]
        kind: String,
        #[serde(default)]
        context: Map<String, Value>,
    }
    let body: Body = serde_json::from_slice(body).ok()?;
    let mut all = Vec::new();
    for at in body.messages {
        let name = at.instance_ptr.trim_start_matches('#').trim_matches('/').replace('/', ".");
        for message in at.messages {
            let kind = if message.kind == "error" { TextKind::Error } else { TextKind::Info };
            all.push((
                name.clone(),
                Text { id: message.id, text: message.text, kind, context: message.context },
            ));
        }
    }
    (!all.is_empty()).then_some(all)
}

/// `None`: the template says that nothing is to be sent.
async fn request(ctx: &Ctx, hook: &WebHook, input: String) -> Result<Option<Request>> {
    let effects = ctx.effects();
    let mut headers = hook.headers.clone();
    let has = |headers: &[(String, String)], wanted: &str| {
        headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    let body = match &hook.body {
        None => None,
        Some(template) => {
            let source = source(ctx, hook, template).await?;
            match effects.templates.render(source, input).await {
                Ok(made) => Some(made),
                Err(TemplateError::Cancelled) => return Ok(None),
                Err(failure) => {
                    tracing::error!(hook = hook.name, %failure, "the body of a web hook cannot be made");
                    return Err(failed(Kind::Internal, hook, failure));
                }
            }
        }
    };
    let body = match body {
        Some(made) if is_form(&headers) => Some(form(hook, &made)?.into_bytes()),
        Some(made) => {
            if !has(&headers, "content-type") {
                headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
            }
            Some(made.into_bytes())
        }
        None => None,
    };
    let call = effects.uuid();
    if hook.ids {
        headers.push(("Ory-Webhook-Request-ID".to_owned(), call.to_string()));
        headers.push(("Ory-Webhook-Trigger-ID".to_owned(), effects.uuid().to_string()));
    }
    match &hook.auth {
        None => {}
        Some(Auth::Basic { user, password }) => {
            let both = STANDARD.encode(format!("{user}:{password}"));
            headers.push(("Authorization".to_owned(), format!("Basic {both}")));
        }
        Some(Auth::Header { name, value }) => headers.push((name.clone(), value.clone())),
        Some(Auth::Cookie { name, value }) => headers.push(("Cookie".to_owned(), format!("{name}={value}"))),
        Some(Auth::Signature { secrets }) => {
            let (id, at) = (format!("msg_{}", call.simple()), effects.now().timestamp());
            let signatures: Vec<String> = secrets
                .iter()
                .map(|secret| signature(secret, &id, at, body.as_deref().unwrap_or_default()))
                .collect();
            headers.push(("webhook-id".to_owned(), id));
            headers.push(("webhook-timestamp".to_owned(), at.to_string()));
            headers.push(("webhook-signature".to_owned(), signatures.join(" ")));
        }
    }
    Ok(Some(Request {
        method: hook.method.clone(),
        url: hook.url.clone(),
        headers,
        body,
        limit: ANSWER,
        deadline: ctx.config.vestibule.web_hook_deadline,
        reach: ctx.config.reach(&hook.url),
    }))
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
fn form(hook: &WebHook, made: &str) -> Result<String> {
    let pairs: BTreeMap<String, String> = serde_json::from_str(made).map_err(|failure| {
        failed(Kind::Internal, hook, format!("a form needs a template that makes texts by name: {failure}"))
    })?;
    Ok(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}

async fn source(ctx: &Ctx, hook: &WebHook, template: &Template) -> Result<String> {
    match template {
        Template::Source(source) => Ok(source.clone()),
        Template::Remote(url) => {
            let answer = ctx
                .effects()
                .outbound
                .send(Request {
                    method: "GET".to_owned(),
                    url: url.clone(),
                    headers: Vec::new(),
                    body: None,
                    limit: TEMPLATE,
                    deadline: ctx.config.vestibule.web_hook_deadline,
                    reach: ctx.config.reach(url),
                })
                .await
                .map_err(|failure| failed(Kind::Upstream, hook, failure))?;
            match String::from_utf8(answer.body) {
                Ok(source) if answer.status == 200 => Ok(source),
                Ok(_) | Err(_) => Err(failed(Kind::Upstream, hook, "its template cannot be fetched")),
            }
        }
    }
}

/// The template's argument `ctx`.
fn input(config: &Config, about: &About<'_>) -> Value {
    let headers: BTreeMap<String, &Vec<String>> = about
        .seen
        .headers
        .iter()
        .filter(|(name, _)| config.clients.header_allowlist.contains(name))
        .map(|(name, values)| (canonical(name), values))
        .collect();
    let mut flow = about.flow.to_json();
    if let (Some(payload), Some(flow)) = (&about.flow.transient_payload, flow.as_object_mut()) {
        flow.insert("transient_payload".to_owned(), payload.clone());
    }
    // Whoever has the token of a form and its cookie could send it.
    for node in flow.pointer_mut("/ui/nodes").and_then(Value::as_array_mut).into_iter().flatten() {
        if matches!(node["attributes"]["name"].as_str(), Some("csrf_token" | "code")) {
            node["attributes"]["value"] = "".into();
        }
    }
    let base = &config.serve.public.base_url_text;
    let mut all = json!({
        "flow": flow,
        "request_headers": headers,
        "request_method": about.seen.method,
        "request_url": about.seen.url,
        "request_cookies": about.seen.cookies,
    });
    if let Some(identity) = about.identity {
        all["identity"] = identity::json::public(identity, base);
    }
    if let Some(session) = about.session {
        all["session"] = session::to_json(config, session, about.identity, session.authenticated_at);
    }
    all
}

/// `user-agent` → `User-Agent`, as Go writes header names: templates know them so.
fn canonical(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    });
    words.collect::<Vec<_>>().join("-")
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

    #[test]
    fn pointers_name_fields() {
        let body = json!({"messages": [
            {"instance_ptr": "#/traits/name/first", "messages": [{"id": 7, "text": "x", "type": "error"}]},
            {"instance_ptr": "#/", "messages": [{"text": "y", "type": "success"}]},
        ]});
        let found = messages(body.to_string().as_bytes()).unwrap();
        assert_eq!(
            (found[0].0.as_str(), found[0].1.id, found[0].1.kind),
            ("traits.name.first", 7, TextKind::Error)
        );
        assert_eq!((found[1].0.as_str(), found[1].1.kind), ("", TextKind::Info));
        for nothing in ["", "{}", r#"{"messages": []}"#, r#"{"messages": [{"messages": []}]}"#, "<html>"] {
            assert_eq!(messages(nothing.as_bytes()), None, "{nothing}");
        }
    }
}
