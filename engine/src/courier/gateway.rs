//! Delivery over HTTP: what a gateway's template is given, and what its response means (Kratos: courier/http_channel.go). The request
//! itself is made as that of a webhook is. Headers, tokens and bodies are in no log and in no reason for a failure.

use super::Written;
use crate::config::WebHook;
use crate::effects::MailError;
use crate::engine::Ctx;
use crate::error::Result;
use crate::hooks::{Body, Purpose, Trouble, attempt};
use crate::identity::{self, Via};
use crate::ids::DeliveryId;
use crate::model::MethodId;
use crate::store::identities;
use crate::store::messages::Message;
use serde_json::{Map, Value, json};

/// One call. Any 2xx is a success.
pub(super) async fn send(
    ctx: &Ctx,
    gateway: &WebHook,
    message: &Message,
    written: &Written,
) -> std::result::Result<(), MailError> {
    let input =
        input(ctx, message, written).await.map_err(|failure| MailError::NotNow(failure.to_string()))?;
    // Without a template a gateway gets what Kratos' own template makes.
    let usual = usual(&input);
    let text = input.to_string();
    let body = if gateway.body.is_some() { Body::Template(&text) } else { Body::Fixed(&usual) };
    // The id is the message's: a gateway that knows signatures recognizes a second attempt.
    let made = attempt(ctx, gateway, DeliveryId(message.id.0), Purpose::Queued, body).await;
    match made.outcome {
        Ok(answer) if answer.is_success() => Ok(()),
        Ok(answer) if is_final(answer.status) => {
            Err(MailError::Refused(format!("the gateway returned {}", answer.status)))
        }
        Ok(answer) => Err(MailError::NotNow(format!("the gateway returned {}", answer.status))),
        Err(trouble @ Trouble::Cancelled) => Err(MailError::Refused(trouble.to_string())),
        Err(trouble) => Err(MailError::NotNow(trouble.to_string())),
    }
}

/// Whether the gateway refuses the message and not us: another attempt would be refused as well. A wrong key, a wrong path and a limit
/// can be mended while messages wait.
fn is_final(status: u16) -> bool {
    (400..500).contains(&status)
        && !matches!(status, 401 | 402 | 403 | 404 | 405 | 407 | 408 | 409 | 425 | 429)
}

/// The template's argument `ctx`.
async fn input(ctx: &Ctx, message: &Message, written: &Written) -> Result<Value> {
    let mut data = Map::new();
    data.insert("to".to_owned(), message.recipient.as_str().into());
    if let Some(name) = code_name(&message.template, message.via) {
        data.insert(name.to_owned(), written.code.clone().into());
    }
    if let (Some(name), Some(link)) = (link_name(&message.template), &written.link) {
        data.insert(name.to_owned(), link.as_str().into());
    }
    if let Some(minutes) = written.minutes {
        data.insert("expires_in_minutes".to_owned(), minutes.into());
    }
    if let Some(host) = &written.host {
        data.insert("request_url_domain".to_owned(), host.as_str().into());
    }
    if let Some(identity) = owner(ctx, message).await? {
        data.insert("identity".to_owned(), identity);
    }
    Ok(json!({
        "recipient": message.recipient,
        "subject": message.subject,
        "body": written.text,
        "html_body": written.html,
        "template_type": message.template,
        "template_data": data,
        "message_type": message.via.name(),
    }))
}

/// Kratos' name of the code in `template_data`. That of a recovery by text message is Kratos' own mistake, which clients know
/// (Kratos: courier/template/sms/recovery_code.go).
fn code_name(template: &str, via: Via) -> Option<&'static str> {
    match (template, via) {
        ("verification_code_valid", _) | ("recovery_code_valid", Via::Sms) => Some("verification_code"),
        ("recovery_code_valid", Via::Email) => Some("recovery_code"),
        ("login_code_valid", _) => Some("login_code"),
        ("registration_code_valid", _) => Some("registration_code"),
        _ => None,
    }
}

fn link_name(template: &str) -> Option<&'static str> {
    match template {
        "verification_code_valid" | "verification_valid" => Some("verification_url"),
        "recovery_valid" => Some("recovery_url"),
        // Ours.
        "invitation" | "registration_known" => Some("url"),
        _ => None,
    }
}

/// Whose address it is, as webhooks see an account. `None`: nobody has it yet, or not any more.
async fn owner(ctx: &Ctx, message: &Message) -> Result<Option<Value>> {
    let (via, to) = (message.via.name(), message.recipient.as_str());
    let mut tx = ctx.db().read().await?;
    let mut found = identities::by_verifiable_address(&mut tx, via, to).await?;
    if found.is_none() {
        found = identities::by_recovery_address(&mut tx, via, to).await?;
    }
    if found.is_none()
        && let Some(id) = identities::owner(&mut tx, MethodId::Code.name(), to).await?
    {
        found = identities::get(&mut tx, id).await?;
    }
    Ok(found.map(|found| identity::json::public(&found, &ctx.config.serve.public.base_url_text)))
}

/// What a gateway without a template gets (Kratos: courier/http_channel.go, its built-in template).
fn usual(input: &Value) -> Value {
    let data = &input["template_data"];
    let mut body = json!({
        "recipient": input["recipient"],
        "template_type": input["template_type"],
        "to": data["to"],
        "subject": input["subject"],
        "body": input["body"],
    });
    for name in [
        "recovery_code",
        "recovery_url",
        "verification_url",
        "verification_code",
        "login_code",
        "registration_code",
    ] {
        if let Some(value) = data.get(name) {
            body[name] = value.clone();
        }
    }
    body
}
