//! The typed configuration: Kratos' keys (Kratos: embedx/config.schema.json) and `vestibule:`. Other files of this folder read, merge
//! and check it. Values of the types here are already checked.

mod allowed_hosts;
mod bounds;
mod channels;
pub mod console;
pub mod console_hooks;
mod console_lists;
pub mod console_names;
mod console_pages;
mod console_social;
pub mod console_table;
mod courier;
mod difference;
mod digest;
mod document;
mod environment;
mod export;
mod export_providers;
mod exposure;
pub(crate) mod files;
mod findings;
mod fingerprint;
mod format;
mod guard;
pub mod hooks;
mod import;
mod keys;
mod layers;
mod limits;
pub mod load;
mod print;
mod provider_keys;
pub mod providers;
mod reader;
mod redact;
mod reference;
mod registration;
mod remark;
pub(crate) mod scalars;
mod schemas;
pub mod secret_reference;
mod secrets;
pub mod social;
mod sources;
mod tokenizer;
mod typed;
mod work;
mod wrong;

pub use allowed_hosts::{AllowedHosts, host as allowed_host};
pub use bounds::{ConnectionLimits, RequestLimits, StorageLimits};
pub use courier::Route;
pub use difference::difference;
pub use digest::digest;
pub(crate) use digest::{content, is_same};
pub use document::Named;
pub(crate) use document::{get, set};
pub use export::{Export, export};
pub use files::{FilesState, NotApplied, Why};
pub(crate) use fingerprint::fingerprint;
pub use format::Format;
pub use hooks::{Hook, Recipients, Template, WebHook};
pub use import::{Entry, Import, Outcome, import};
pub(crate) use keys::BREACH_SERVICE;
pub use keys::has_effect;
pub use layers::{Layers, starter};
pub use limits::{Countries, LimitKeys};
pub use reference::{documented_keys, reference};
pub use registration::{HookList, RegistrationKeys};
pub use remark::Remark;
pub use scalars::duration;
pub use secrets::Secrets;
pub use social::SocialKeys;
pub use tokenizer::{Subject, TokenTemplate};
pub use work::WorkLimits;

use crate::effects::MailServer;
use crate::identity::Via;
use crate::identity::schema::Schema;
use crate::model::{FlowKind, MethodId, RequiredAal};
use crate::secret::Secret;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The key of one argon2id hash's memory.
pub(crate) const HASH_MEMORY: &str = "hashers.argon2.memory";

#[derive(Clone)]
pub struct Config {
    pub serve: Serve,
    pub vestibule: VestibuleKeys,
    /// Kratos' `dsn`; `None` means a SQLite file in the data folder.
    pub dsn: Option<Secret>,
    pub identity: IdentityKeys,
    pub selfservice: SelfService,
    pub session: SessionKeys,
    pub cookies: CookieKeys,
    pub hashers: Hashers,
    pub secrets: Secrets,
    pub courier: CourierKeys,
    pub clients: ClientKeys,
    pub log: Log,
    /// The merged document this was read from, settings of the console included, secrets and all.
    pub raw: Value,
    /// The active console revision; 0 without any.
    pub revision: i64,
    /// That revision's settings.
    pub named: Named,
    /// What files and environment say, to map other settings onto.
    pub layers: Arc<Layers>,
}

/// Short, since the whole holds secrets.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Config(revision {})", self.revision)
    }
}

#[derive(Clone, Debug)]
pub struct Serve {
    pub public: Listener,
    pub admin: Listener,
    pub cors: Option<Cors>,
}

#[derive(Clone, Debug)]
pub struct Listener {
    pub host: String,
    pub port: u16,
    /// Exactly as configured.
    pub base_url_text: String,
    /// SHA-256 of that text, in hexadecimal digits: part of the name of the anti-forgery cookie.
    pub base_url_digest: String,
    /// The same, parsed.
    pub base_url: Url,
}

impl Listener {
    /// `base_url` is `base_url_text`, parsed.
    pub fn new(host: String, port: u16, base_url_text: String, base_url: Url) -> Self {
        let hash = Sha256::new_with_prefix(base_url_text.as_bytes()).finalize();
        let base_url_digest = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { host, port, base_url_text, base_url_digest, base_url }
    }

    /// Reached from this machine alone.
    pub fn is_local(&self) -> bool {
        scalars::is_loopback(&self.host)
    }
}

#[derive(Clone, Debug)]
pub struct Cors {
    pub allowed_origins: Vec<String>,
    pub allowed_methods: Vec<String>,
    pub allowed_headers: Vec<String>,
    pub exposed_headers: Vec<String>,
    pub allow_credentials: bool,
    pub max_age: i64,
}

#[derive(Clone, Debug)]
pub struct VestibuleKeys {
    pub console: Listener,
    /// Further `Host` names that console and admin API answer to, beside loopback and the base URL's.
    pub allowed_hosts: Vec<String>,
    /// Clients outside loopback and private networks must send it as a bearer token.
    pub admin_token: Option<Secret>,
    /// Every client must.
    pub admin_require_token: bool,
    pub admin_allowed_origins: Vec<String>,
    pub trusted_proxies: Vec<ipnet::IpNet>,
    pub forwarding_header: ForwardingHeader,
    /// Clients that act for many users.
    pub trusted_clients: Vec<ipnet::IpNet>,
    /// Forms of pages that hide their origin (`Origin: null`) are accepted.
    pub allow_null_origin: bool,
    /// `None`: by https for our own cookies, not for those with Kratos' names.
    pub host_prefix: Option<bool>,
    /// How long the token before a fresh sign-in may still read.
    pub rotation_overlap: Duration,
    /// How long a browser is told to use https alone, where it is told at all.
    pub hsts: Duration,
    /// How long an operator stays signed in. Absolute: no use of the console prolongs it (OWASP ASVS 5, 7.3.2).
    pub operator_session: Duration,
    pub cleanup: CleanupKeys,
    /// How long the hosted page waits before it offers another code.
    pub resend_after: Duration,
    /// For the whole of a call.
    pub web_hook_deadline: Duration,
    /// Hosts that console webhooks may call.
    pub web_hook_hosts: AllowedHosts,
    /// Owners may allow more hosts in the console.
    pub hosts_in_console: bool,
    pub registration: RegistrationKeys,
    pub limits: LimitKeys,
    /// The console only shows; what was saved in it is not applied.
    pub settings_from_files: bool,
    /// The gate asks for the address that was typed, not for any of the account's.
    pub require_verified_identifier: bool,
    pub requests: RequestLimits,
    pub connections: ConnectionLimits,
    pub storage: StorageLimits,
    pub work: WorkLimits,
}

impl VestibuleKeys {
    /// A proxy whose word on the client counts.
    pub fn is_trusted_proxy(&self, address: IpAddr) -> bool {
        is_among(&self.trusted_proxies, address)
    }

    /// A client that acts for many users.
    pub fn is_trusted_client(&self, address: IpAddr) -> bool {
        is_among(&self.trusted_clients, address)
    }
}

/// An IPv4 address may come in the clothes of an IPv6 one.
fn is_among(networks: &[ipnet::IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

/// The header in which trusted proxies name the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ForwardingHeader {
    Any,
    XForwardedFor,
    Forwarded,
}

/// How long rows stay that are over.
#[derive(Clone, Debug)]
pub struct CleanupKeys {
    pub flows: Duration,
    pub sessions: Duration,
    pub messages: Duration,
    pub deliveries: Duration,
    pub errors: Duration,
    pub invitations: Duration,
}

#[derive(Clone, Debug)]
pub struct IdentityKeys {
    pub default_schema_id: String,
    pub schemas: Vec<IdentitySchema>,
}

#[derive(Clone, Debug)]
pub struct IdentitySchema {
    pub id: String,
    pub url: String,
    pub selfservice_selectable: bool,
    pub schema: Arc<Schema>,
}

#[derive(Clone, Debug)]
pub struct SelfService {
    /// `None`: our own `/welcome`.
    pub default_browser_return_url: Option<Url>,
    /// As configured; `crate::form::return_to` holds the rule.
    pub allowed_return_urls: Vec<String>,
    pub password: PasswordMethod,
    pub code: CodeMethod,
    pub social: SocialKeys,
    /// `selfservice.methods.<name>.enabled` of every other method, for what a plan or a page says of them.
    pub enabled: BTreeMap<MethodId, bool>,
    pub registration: RegistrationFlow,
    pub login: LoginFlow,
    pub verification: VerificationFlow,
    pub settings: SettingsFlow,
    /// `security.account_enumeration.mitigate`
    pub hides_accounts: bool,
    pub recovery: RecoveryFlow,
    pub link: LinkMethod,
    /// `feature_flags.use_continue_with_transitions`
    pub continue_with_transitions: bool,
    pub logout_return_url: Option<Url>,
    pub error_ui_url: Option<Url>,
}

impl SelfService {
    /// Whether the method is on a form: it is on and, for providers, there is at least one.
    pub fn offers(&self, method: MethodId) -> bool {
        match method {
            MethodId::Password => self.password.enabled,
            MethodId::Oidc => !self.social.offered().is_empty(),
            MethodId::Code => self.code.enabled && self.code.passwordless,
            other @ (MethodId::Link
            | MethodId::Totp
            | MethodId::Passkey
            | MethodId::Webauthn
            | MethodId::LookupSecret
            | MethodId::Profile) => self.enabled.get(&other).copied().unwrap_or_default(),
        }
    }
}

#[derive(Clone, Debug)]
pub struct PasswordMethod {
    pub enabled: bool,
    pub min_password_length: usize,
    /// Characters; ours, since nothing is ever truncated (Kratos: 72 bytes with bcrypt).
    pub max_password_length: usize,
    /// Changing it in the settings signs out every other device.
    pub change_ends_other_sessions: bool,
    pub identifier_similarity_check_enabled: bool,
    pub haveibeenpwned_enabled: bool,
    pub haveibeenpwned_host: String,
    pub max_breaches: u64,
    pub ignore_network_errors: bool,
}

#[derive(Clone, Debug)]
pub struct RegistrationFlow {
    pub enabled: bool,
    /// `None`: our own page.
    pub ui_url: Option<Url>,
    pub lifespan: Duration,
    pub login_hints: bool,
    pub style: Style,
    pub before: Vec<Hook>,
    pub after: After,
}

#[derive(Clone, Debug)]
pub struct LoginFlow {
    pub ui_url: Option<Url>,
    pub lifespan: Duration,
    pub style: Style,
    pub before: Vec<Hook>,
    pub after: After,
}

#[derive(Clone, Debug)]
pub struct VerificationFlow {
    pub enabled: bool,
    pub ui_url: Option<Url>,
    pub lifespan: Duration,
    /// `after.default_browser_return_url`
    pub return_url: Option<Url>,
    pub before: Vec<Hook>,
    pub after: Vec<Hook>,
    pub notify_unknown_recipients: bool,
    /// `use`: [`MethodId::Code`] or [`MethodId::Link`].
    pub by: MethodId,
}

#[derive(Clone, Debug)]
pub struct RecoveryFlow {
    pub enabled: bool,
    pub ui_url: Option<Url>,
    pub lifespan: Duration,
    /// `use`: [`MethodId::Code`] or [`MethodId::Link`].
    pub by: MethodId,
    pub notify_unknown_recipients: bool,
    /// `feature_flags.choose_recovery_address`
    pub choose_address: bool,
    pub before: Vec<Hook>,
    pub after: Vec<Hook>,
}

/// `selfservice.methods.link`
#[derive(Clone, Debug)]
pub struct LinkMethod {
    pub enabled: bool,
    pub lifespan: Duration,
    /// `None`: the public base URL.
    pub base_url: Option<Url>,
    pub confirm: Confirm,
}

/// Which links open a page with a button before they do anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Confirm {
    /// Those that this server sends by email.
    Emailed,
    /// Those that operators create as well.
    Always,
    Never,
}

#[derive(Clone, Debug)]
pub struct SettingsFlow {
    /// `None`: our own page.
    pub ui_url: Option<Url>,
    pub lifespan: Duration,
    /// How old a sign-in may be that changes how an account is signed in to.
    pub privileged_session_max_age: Duration,
    pub required_aal: RequiredAal,
    pub before: Vec<Hook>,
    pub after: After,
}

/// `selfservice.methods.code`
#[derive(Clone, Debug)]
pub struct CodeMethod {
    pub enabled: bool,
    /// Users sign up and sign in with a code.
    pub passwordless: bool,
    pub lifespan: Duration,
    pub max_submissions: i64,
}

/// Delivery of emails and text messages.
#[derive(Clone, Debug)]
pub struct CourierKeys {
    /// `courier.smtp.connection_uri`
    pub smtp: Option<MailServer>,
    /// `courier.http.request_config`, with `courier.delivery_strategy: http`: takes the place of the mail server.
    pub http: Option<Arc<WebHook>>,
    /// The entry `sms` of `courier.channels`.
    pub sms: Option<Arc<WebHook>>,
    pub from_address: String,
    pub from_name: String,
    pub headers: Vec<(String, String)>,
    /// Tries after the first.
    pub message_retries: i64,
    pub pull_count: i64,
    pub pull_wait: Duration,
    pub keep_bodies: bool,
    /// Mails stay in the console's mailbox and go nowhere else.
    pub mailbox: bool,
    /// Text messages as well: the mailbox was asked for, and isn't there for want of a mail server.
    pub mailbox_for_texts: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// One form: traits and credentials together.
    Unified,
    /// Registration in two steps.
    ProfileFirst,
    /// Login that asks for the address first.
    IdentifierFirst,
}

/// `after:` of a flow: the flow-level list and the methods' own.
#[derive(Clone, Debug, Default)]
pub struct After {
    pub default_browser_return_url: Option<Url>,
    pub hooks: Vec<Hook>,
    pub methods: BTreeMap<MethodId, AfterMethod>,
}

#[derive(Clone, Debug, Default)]
pub struct AfterMethod {
    pub default_browser_return_url: Option<Url>,
    pub hooks: Vec<Hook>,
}

#[derive(Clone, Debug)]
pub struct SessionKeys {
    pub lifespan: Duration,
    /// How long before its end a session can be extended; `None`: at any time.
    pub earliest_possible_extend: Option<Duration>,
    /// `feature_flags.faster_session_extend`: the response to an extension has no body.
    pub extend_without_body: bool,
    /// Of `/sessions/whoami` and the list of sessions.
    pub required_aal: RequiredAal,
    /// By their names in `tokenize_as`.
    pub token_templates: BTreeMap<String, Arc<TokenTemplate>>,
    pub cookie_name: String,
    pub cookie_persistent: bool,
    pub cookie: CookieKeys,
}

/// A browser takes a cookie with such a name from its own host alone, over https, without a domain (RFC 6265bis §4.1.3.2): no
/// sibling host can set it.
pub const HOST_PREFIX: &str = "__Host-";

/// `None` falls back: session.cookie → cookies → default (`/`, `Lax`, `Secure` by the base URL's scheme).
#[derive(Clone, Debug, Default)]
pub struct CookieKeys {
    pub domain: Option<String>,
    pub path: Option<String>,
    pub same_site: Option<SameSite>,
    pub secure: Option<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SameSite {
    Strict,
    Lax,
    None,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    Argon2,
    Bcrypt,
}

#[derive(Clone, Debug)]
pub struct Hashers {
    pub algorithm: Algorithm,
    pub argon2: Argon2Keys,
    pub bcrypt_cost: u32,
}

/// Defaults: 19 MiB, t = 2, p = 1 (OWASP password storage cheat sheet).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Argon2Keys {
    /// KiB
    pub memory: u32,
    pub iterations: u32,
    pub parallelism: u32,
    /// bytes
    pub salt_length: u32,
    /// bytes
    pub key_length: u32,
}

/// `clients`: where webhook requests may go, and which headers they may contain.
#[derive(Clone, Debug)]
pub struct ClientKeys {
    pub disallow_private: bool,
    pub private_exceptions: Vec<String>,
    /// In lower case.
    pub header_allowlist: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Log {
    /// trace, debug, info, warning, error
    pub level: String,
    /// text or json
    pub format: String,
}

/// The default of a key, as it is written in the table of keys; empty without one.
pub fn default_of(path: &str) -> &'static str {
    keys::REGISTRY.key(path).map_or("", |key| key.default)
}

/// All keys of a section.
#[cfg(test)]
pub(crate) fn keys_below(section: &str) -> Vec<String> {
    let below = |path: &&str| path.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'));
    keys::REGISTRY.iter().map(|(path, _)| path).filter(below).map(str::to_owned).collect()
}

impl Config {
    /// What applies for a key, in the spelling of the table of keys; its default where nothing says it.
    pub fn value(&self, path: &str) -> Option<Value> {
        let key = keys::REGISTRY.key(path)?;
        let said = match get(&self.raw, path).filter(|value| !value.is_null()) {
            Some(value) => value.clone(),
            None if key.default.is_empty() => return None,
            None => scalars::from_text(key.kind, key.default).ok()?,
        };
        scalars::check(key.kind, &said).ok()
    }

    /// Files with secrets, and the data folder, that other users of this machine could read when they were read.
    pub fn exposed(&self) -> &[std::path::PathBuf] {
        &self.layers.exposed
    }

    /// A number that the file has for the memory of a hash and that is not used, since it has no unit.
    pub fn unused_hash_memory(&self) -> Option<u64> {
        scalars::unitless(keys::Kind::Memory, get(&self.raw, HASH_MEMORY)?)
    }

    /// The environment variable that sets `path`, if one does: the console cannot change that key then.
    pub fn variable(&self, path: &str) -> Option<&str> {
        self.layers.variable(path)
    }

    /// The file that writes `path`, or the one that comes closest to it.
    pub fn file_of(&self, path: &str) -> String {
        self.layers.file_of(path)
    }

    /// Where files or environment write `path`; `None` where neither does.
    pub fn written_in(&self, path: &str) -> Option<String> {
        let variable = || self.variable(path).map(|variable| format!("environment variable {variable}"));
        variable().or_else(|| self.layers.writes(path).then(|| self.file_of(path)))
    }

    /// Files and environment only, without console settings.
    pub(crate) fn without_console(&self) -> Value {
        self.layers.document(0, &Named::new()).0
    }

    pub fn schema(&self, id: &str) -> Option<&IdentitySchema> {
        self.identity.schemas.iter().find(|schema| schema.id == id)
    }

    pub fn default_schema(&self) -> Option<&IdentitySchema> {
        self.schema(&self.identity.default_schema_id)
    }

    /// `<public base>/<path>`, with exactly one slash between.
    pub fn public_url(&self, path: &str) -> String {
        format!("{}/{path}", self.serve.public.base_url_text.trim_end_matches('/'))
    }

    /// The page of a flow: `ui_url`, or our own page at `path`.
    pub fn ui_url(&self, configured: Option<&Url>, path: &str) -> Url {
        configured.cloned().unwrap_or_else(|| self.own_page(path))
    }

    /// Name of the session cookie as browsers see it.
    pub fn session_cookie(&self) -> String {
        self.kratos_cookie(&self.session.cookie_name)
    }

    /// Name of a cookie that Kratos' clients may know, with the prefix where a key asks for it.
    pub fn kratos_cookie(&self, name: &str) -> String {
        match self.vestibule.host_prefix {
            Some(true) if !name.starts_with(HOST_PREFIX) => format!("{HOST_PREFIX}{name}"),
            _ => name.to_owned(),
        }
    }

    /// Name of a cookie of the public port that only Vestibule knows.
    pub fn own_cookie(&self, name: &str) -> String {
        let secure = self.cookies.secure.unwrap_or(self.serve.public.base_url.scheme() == "https");
        self.prefixed(name, secure)
    }

    /// Name of a cookie of the console.
    pub fn console_cookie(&self, name: &str) -> String {
        self.prefixed(name, self.vestibule.console.base_url.scheme() == "https")
    }

    fn prefixed(&self, name: &str, secure: bool) -> String {
        match secure && self.vestibule.host_prefix != Some(false) {
            true => format!("{HOST_PREFIX}{name}"),
            false => name.to_owned(),
        }
    }

    /// Every page of a flow that the configuration names, also of flows that are not supported yet.
    pub fn ui_urls(&self) -> Vec<Url> {
        const FLOWS: [&str; 6] = ["registration", "login", "verification", "recovery", "settings", "error"];
        let named = FLOWS.into_iter().filter_map(|flow| {
            let path = self.raw.pointer(&format!("/selfservice/flows/{flow}/ui_url"))?.as_str()?;
            self.serve.public.base_url.join(path).ok()
        });
        named.collect()
    }

    /// Whether no form of sign-in tells who has an account.
    pub fn hides_accounts(&self) -> bool {
        self.selfservice.hides_accounts || self.vestibule.registration.prevent_enumeration
    }

    /// Whether verification codes or links are sent at all.
    pub fn sends_codes(&self) -> bool {
        self.selfservice.verification.enabled && self.is_on(self.selfservice.verification.by)
    }

    /// Whether codes go to such addresses (`email` or `sms`): to phone numbers where a channel for text messages is configured.
    pub fn writes_to(&self, via: &str) -> bool {
        Via::parse(via).is_some_and(|via| via == Via::Email || self.courier.has_route(via))
    }

    /// Whether accounts of the default identity schema can get codes to sign up and sign in as text messages.
    pub fn signs_in_by_text_message(&self) -> bool {
        self.writes_to(Via::Sms.name())
            && self.default_schema().is_some_and(|schema| schema.schema.signs_in(Via::Sms))
    }

    /// Whether such addresses can be verified. No text message has a link.
    pub fn verifies(&self, via: &str) -> bool {
        via == Via::Email.name() || self.selfservice.verification.by == MethodId::Code && self.writes_to(via)
    }

    /// Whether users can recover an account.
    pub fn recovers(&self) -> bool {
        self.selfservice.recovery.enabled && self.is_on(self.selfservice.recovery.by)
    }

    /// Of the methods that send something to an address.
    fn is_on(&self, method: MethodId) -> bool {
        match method {
            MethodId::Link => self.selfservice.link.enabled,
            MethodId::Code => self.selfservice.code.enabled,
            MethodId::Password
            | MethodId::Oidc
            | MethodId::Totp
            | MethodId::Passkey
            | MethodId::Webauthn
            | MethodId::LookupSecret
            | MethodId::Profile => false,
        }
    }

    /// `<base of links>/<path>`
    pub fn link_url(&self, path: &str) -> String {
        match &self.selfservice.link.base_url {
            Some(base) => format!("{}/{path}", base.as_str().trim_end_matches('/')),
            None => self.public_url(path),
        }
    }

    /// The service's name: Vestibule's key, or another key that contains the name for users.
    pub fn service_name(&self) -> Option<String> {
        const KEYS: [&str; 5] = [
            "/vestibule/pages/name",
            "/selfservice/methods/passkey/config/rp/display_name",
            "/selfservice/methods/webauthn/config/rp/display_name",
            "/selfservice/methods/totp/config/issuer",
            "/courier/smtp/from_name",
        ];
        let text = |key: &&str| {
            self.raw.pointer(key).and_then(Value::as_str).map(str::trim).filter(|name| !name.is_empty())
        };
        KEYS.iter().find_map(text).map(str::to_owned)
    }

    pub fn default_return_url(&self) -> Url {
        self.selfservice.default_browser_return_url.clone().unwrap_or_else(|| self.own_page("welcome"))
    }

    /// The page of a flow: the one that is configured, or our own.
    pub fn page_of(&self, kind: FlowKind) -> Url {
        self.ui_url(self.ui_url_of(kind), kind.name())
    }

    /// The configured page of a flow, where that is none of ours.
    pub fn ui_url_of(&self, kind: FlowKind) -> Option<&Url> {
        let flows = &self.selfservice;
        match kind {
            FlowKind::Registration => flows.registration.ui_url.as_ref(),
            FlowKind::Login => flows.login.ui_url.as_ref(),
            FlowKind::Verification => flows.verification.ui_url.as_ref(),
            FlowKind::Recovery => flows.recovery.ui_url.as_ref(),
            FlowKind::Settings => flows.settings.ui_url.as_ref(),
        }
    }

    /// How long a form of that kind can be sent. Flows that are not supported yet have Kratos' default.
    pub fn lifespan_of(&self, kind: FlowKind) -> Duration {
        let flows = &self.selfservice;
        match kind {
            FlowKind::Registration => flows.registration.lifespan,
            FlowKind::Login => flows.login.lifespan,
            FlowKind::Verification => flows.verification.lifespan,
            FlowKind::Recovery => flows.recovery.lifespan,
            FlowKind::Settings => flows.settings.lifespan,
        }
    }

    /// The hooks that run before the form of a flow is shown.
    pub fn before(&self, kind: FlowKind) -> &[Hook] {
        let flows = &self.selfservice;
        match kind {
            FlowKind::Registration => &flows.registration.before,
            FlowKind::Login => &flows.login.before,
            FlowKind::Verification => &flows.verification.before,
            FlowKind::Recovery => &flows.recovery.before,
            FlowKind::Settings => &flows.settings.before,
        }
    }

    fn own_page(&self, path: &str) -> Url {
        let mut url = self.serve.public.base_url.clone();
        url.set_path(&format!("{}/{path}", url.path().trim_end_matches('/')));
        url
    }
}
