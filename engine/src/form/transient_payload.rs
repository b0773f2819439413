//! What an app hands through to hooks and emails: an object of bounded size, and never part of the identity.

use crate::engine::Ctx;
use crate::ui::{Text, text};
use serde_json::Value;

/// That of a form, or why it is refused.
pub(crate) fn transient_payload<'a>(ctx: &Ctx, body: &'a Value) -> Result<Option<&'a Value>, Text> {
    let most = ctx.config.vestibule.requests.transient_payload;
    match body.get("transient_payload") {
        None | Some(Value::Null) => Ok(None),
        Some(payload) if payload.to_string().len() > most => {
            Err(text::generic(&format!("transient_payload has more than {most} bytes.")))
        }
        Some(payload @ Value::Object(_)) => Ok(Some(payload)),
        Some(_) => Err(text::generic("transient_payload has to be an object.")),
    }
}
