//! Hooks as they stand in `selfservice.flows.*.{before,after}.hooks`, checked when the configuration is read.
//! Where each may stand: Kratos embedx/config.schema.json.

use super::scalars::{Wrong, web_url};
use serde_json::Value;

#[derive(Clone, PartialEq, Debug)]
pub enum Hook {
    /// Hands the session over; runs last wherever it stands (Kratos: driver/registry_default_hooks.go).
    Session,
    ShowVerificationUi,
    Verification,
    RequireVerifiedAddress,
    RevokeActiveSessions,
    /// The place is kept; reported as not running yet.
    WebHook(Value),
    /// The place is kept; reported as not running.
    B2bSso,
}

/// The lists, as far as they allow different hooks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// `registration.before`, `login.before`
    Before,
    /// `registration.after.hooks`
    AfterRegistration,
    /// `registration.after.<method>.hooks`
    AfterRegistrationMethod,
    /// `login.after.hooks` and those of its methods
    AfterLogin,
    /// `login.after.oidc.hooks`
    AfterLoginOidc,
}

impl Stage {
    pub(super) fn allowed(self) -> &'static [&'static str] {
        match self {
            // The flow-level lists share one definition in Kratos' schema, `before` included.
            Stage::Before | Stage::AfterRegistration => &["web_hook", "b2b_sso"],
            Stage::AfterRegistrationMethod => &["session", "web_hook", "show_verification_ui", "b2b_sso"],
            Stage::AfterLogin => &[
                "revoke_active_sessions",
                "require_verified_address",
                "web_hook",
                "verification",
                "show_verification_ui",
                "b2b_sso",
            ],
            Stage::AfterLoginOidc => {
                &["revoke_active_sessions", "web_hook", "require_verified_address", "b2b_sso"]
            }
        }
    }
}

impl Hook {
    pub fn name(&self) -> &'static str {
        match self {
            Hook::Session => "session",
            Hook::ShowVerificationUi => "show_verification_ui",
            Hook::Verification => "verification",
            Hook::RequireVerifiedAddress => "require_verified_address",
            Hook::RevokeActiveSessions => "revoke_active_sessions",
            Hook::WebHook(_) => "web_hook",
            Hook::B2bSso => "b2b_sso",
        }
    }

    /// Whether it does something today; the others keep their place and are reported.
    pub(super) fn runs(&self) -> bool {
        match self {
            Hook::Session | Hook::ShowVerificationUi | Hook::Verification | Hook::RequireVerifiedAddress => {
                true
            }
            Hook::RevokeActiveSessions | Hook::WebHook(_) | Hook::B2bSso => false,
        }
    }

    /// One entry of a list, such as `{"hook": "session"}`.
    pub(super) fn read(stage: Stage, entry: &Value) -> Result<Self, Wrong> {
        let Some(name) = entry.get("hook").and_then(Value::as_str) else {
            return Err(Wrong::new(
                "the entry names no hook",
                format!("`hook:` with one of {}", stage.allowed().join(", ")),
            ));
        };
        if !stage.allowed().contains(&name) {
            return Err(match (name, stage) {
                ("session" | "show_verification_ui", Stage::AfterRegistration) => Wrong::new(
                    format!("`{name}` cannot stand in the list of the whole flow"),
                    format!(
                        "the same entry in the list of each method, such as `registration.after.password.hooks: [{{hook: {name}}}]`"
                    ),
                ),
                ("session", Stage::AfterLogin | Stage::AfterLoginOidc) => Wrong::new(
                    "whoever signs in gets a session without a hook",
                    "nothing: take the entry out",
                ),
                _ => Wrong::new(
                    format!("`{name}` cannot stand in this list"),
                    format!("one of {}, or take the entry out", stage.allowed().join(", ")),
                ),
            });
        }
        let config = entry.get("config");
        Ok(match name {
            "session" => Hook::Session,
            "show_verification_ui" => Hook::ShowVerificationUi,
            "verification" => Hook::Verification,
            "require_verified_address" => Hook::RequireVerifiedAddress,
            "revoke_active_sessions" => Hook::RevokeActiveSessions,
            "b2b_sso" => Hook::B2bSso,
            _ => Hook::WebHook(web_hook(config)?),
        })
    }
}

fn web_hook(config: Option<&Value>) -> Result<Value, Wrong> {
    let example = "`config: {url: \"https://crm.example.org/new\", method: POST}`";
    let Some(config) = config.filter(|config| config.is_object()) else {
        return Err(Wrong::new("the web hook has no `config`", example));
    };
    if config.get("url").and_then(Value::as_str).and_then(web_url).is_none() {
        return Err(Wrong::new("`config.url` is not an absolute http or https address", example));
    }
    if config.get("method").and_then(Value::as_str).is_none() {
        return Err(Wrong::new("`config.method` is missing", example));
    }
    let on = |pointer: &str| config.pointer(pointer).and_then(Value::as_bool) == Some(true);
    if on("/response/ignore") && (on("/response/parse") || on("/can_interrupt")) {
        return Err(Wrong::new(
            "an ignored answer cannot be read as well",
            "one of `response.ignore` and `response.parse`, not both",
        ));
    }
    Ok(config.clone())
}
