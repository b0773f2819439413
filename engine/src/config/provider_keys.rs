//! Keys of sign-in with providers.

/// Members of an entry that say where the server sends requests.
pub(crate) const ADDRESSES: [&str; 3] = ["issuer_url", "token_url", "userinfo_url"];
/// The member that marks an entry of which the console wrote one of [`ADDRESSES`].
pub(super) const ADDRESSES_FROM_CONSOLE: &str = "addresses_from_console";

pub const LIST: &str = "selfservice.methods.oidc.config.providers";
pub const ENABLED: &str = "selfservice.methods.oidc.enabled";
pub const TRUSTED_EMAIL_PROVIDERS: &str = "vestibule.social.trusted_email_providers";
pub const REUSABLE_ID_TOKENS: &str = "vestibule.social.reusable_id_tokens";
pub const REQUIRE_FRESH_SIGN_IN: &str = "vestibule.social.require_fresh_sign_in";
pub const OFF: &str = "vestibule.social.off";
pub const ORDER: &str = "vestibule.social.order";
pub const BUTTONS: &str = "vestibule.social.buttons";
