//! Names of settings that code other than the table has to say. A setting that only its row and its consumer know has none here.

pub const AFTER_SIGN_UP: &str = "after_sign_up";
pub const SIGN_IN_AFTER_REGISTRATION: &str = "sign_in_after_registration";
pub const SIGN_IN_AFTER_SOCIAL: &str = "sign_in_after_social";
pub const SIGN_IN_AFTER_VERIFICATION: &str = "sign_in_after_verification";
pub const SHOW_VERIFICATION_PAGE: &str = "show_verification_page";
pub const REQUIRE_VERIFIED_ADDRESS: &str = "require_verified_address";
pub const PREVENT_ENUMERATION: &str = "prevent_enumeration";

/// Whether users can sign in with providers at all.
pub const SOCIAL_ENABLED: &str = "social_enabled";
/// By ID: entries of `selfservice.methods.oidc.config.providers`, which override those of the files.
pub const SOCIAL_PROVIDERS: &str = "social_providers";
/// IDs of the providers whose verified emails are trusted.
pub const SOCIAL_TRUSTED_EMAIL_PROVIDERS: &str = "social_trusted_email_providers";
/// IDs of the providers that are not offered.
pub const SOCIAL_OFF: &str = "social_off";
/// IDs of the providers whose buttons come first.
pub const SOCIAL_ORDER: &str = "social_order";
/// `first` or `last`: where the buttons are.
pub const SOCIAL_BUTTONS: &str = "social_buttons";
/// Hosts that owners allowed, in addition to those of the files.
pub const WEB_HOOK_HOSTS: &str = "web_hook_hosts";
/// By ID: webhooks that were created in the console.
pub const WEB_HOOKS: &str = "web_hooks";
