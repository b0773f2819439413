//! Hooks as they stand in `selfservice.flows.*.{before,after}.hooks`, checked when the configuration is read.
//! Where each may stand: Kratos embedx/config.schema.json.

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
}
