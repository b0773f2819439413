//! `courier.channels` and `courier.http`: gateways that deliver text messages and emails over HTTP (Kratos: courier/http_channel.go).

use super::hooks::{WebHook, gateway};
use super::reader::Reader;
use super::wrong::Wrong;
use crate::identity::Via;
use serde_json::Value;
use std::sync::Arc;

const CHANNELS: &str = "courier.channels";
const STRATEGY: &str = "courier.delivery_strategy";
const HTTP: &str = "courier.http.request_config";

/// The gateway for emails, when they are delivered over HTTP.
pub(super) fn emails(reader: &mut Reader<'_, '_>) -> Option<Arc<WebHook>> {
    let config = reader.value(HTTP);
    let read = config.as_ref().map(|config| gateway(HTTP, config));
    match (reader.text(STRATEGY) == "http", read) {
        (true, None) => {
            reader.findings.problem(
                STRATEGY,
                "emails are delivered over HTTP, and no gateway is configured",
                format!("`{HTTP}` with `url` and `method`, or `smtp`"),
            );
            None
        }
        (delivers, Some(Ok(gateway))) => delivers.then(|| Arc::new(gateway)),
        (_, Some(Err(wrong))) => {
            reader.findings.problem(HTTP, wrong.what, wrong.instead);
            None
        }
        (false, None) => None,
    }
}

/// The gateway for text messages.
pub(super) fn text_messages(reader: &mut Reader<'_, '_>) -> Option<Arc<WebHook>> {
    let value = reader.value(CHANNELS)?;
    let Some(entries) = value.as_array() else {
        reader.findings.problem(CHANNELS, "this is not a list", "a list with the entry `id: sms`");
        return None;
    };
    let mut found = None;
    for (index, entry) in entries.iter().enumerate() {
        match channel(entry) {
            Ok(gateway) if found.is_none() => found = Some(Arc::new(gateway)),
            Ok(_) => reader.findings.problem(
                &format!("{CHANNELS}[{index}]"),
                "text messages have a channel already",
                "nothing: remove the entry",
            ),
            Err(wrong) => {
                let at = format!("{CHANNELS}[{index}]{}", wrong.at);
                reader.findings.problem(&at, wrong.what, wrong.instead);
            }
        }
    }
    found
}

/// Kratos' schema knows one id and one type.
fn channel(entry: &Value) -> Result<WebHook, Wrong> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("id") != Via::Sms.name() {
        return Err(Wrong::new("the channel has an unknown `id`", "`id: sms`"));
    }
    if !matches!(text("type"), "" | "http") {
        return Err(Wrong::new("the channel has an unknown `type`", "`type: http`"));
    }
    let Some(config) = entry.get("request_config") else {
        return Err(Wrong::new(
            "the channel has no `request_config`",
            "`request_config: {url: \"https://sms.example.org/messages\", method: POST}`",
        ));
    };
    gateway("courier.channels.sms", config).map_err(|mut wrong| {
        wrong.at = format!(".request_config{}", wrong.at);
        wrong
    })
}
