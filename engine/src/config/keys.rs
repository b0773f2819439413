//! The table of all configuration keys: path, type, default, description, and whether the key is supported yet. Checks, environment
//! variables, defaults and the reference page use this table. Names and defaults are from Kratos (embedx/config.schema.json); keys
//! below `vestibule` exist in Vestibule only.

use super::hooks::Stage;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Templates for session tokens.
pub(super) const TOKEN_TEMPLATES: &str = "session.whoami.tokenizer.templates";

/// What a value must look like.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Kind {
    Bool,
    /// `true` or `false` as a string, which Kratos' schema requires for `secure`.
    Flag,
    /// Both ends included.
    Integer(i64, i64),
    /// `1h30m`
    Duration,
    /// `19MB`
    Size,
    /// The same with a unit. A number without one is ambiguous, because it once meant KiB, so the default applies instead.
    Memory,
    Text,
    Choice(&'static [&'static str]),
    /// Absolute, http or https.
    BaseUrl,
    /// Absolute http(s), or relative to the public base URL.
    Page,
    Texts,
    /// Strings of at least this many characters.
    Secrets(usize),
    /// Addresses in CIDR notation.
    Networks,
    Hooks(Stage),
    Schemas,
    /// Not checked.
    Open,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Supported,
    /// Known and checked, but not supported yet.
    Later,
}

/// `path` may contain alternatives in braces, each of which is one key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) path: &'static str,
    pub(super) kind: Kind,
    /// As in an environment variable; empty without a default.
    pub(super) default: &'static str,
    pub(super) text: &'static str,
    pub(super) state: State,
    /// For a key without effect: the values that need none, and the reason.
    pub(super) ours: Option<(&'static [&'static str], &'static str)>,
}

/// What a value does in this version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Effect {
    There,
    /// None, and none is needed, for this reason.
    Needless(&'static str),
    Missing,
}

/// For [`Key::ours`]: none of its values needs an effect.
const WHATEVER: &[&str] = &[];
/// For [`Key::ours`]: these values are supported, and the others not yet.
const THERE: &str = "";
const OFF: &[&str] = &["false"];
const NOT_HERE: &str = "Vestibule doesn't have what it turns off";

const fn key(path: &'static str, kind: Kind, default: &'static str, text: &'static str) -> Key {
    Key { path, kind, default, text, state: State::Supported, ours: None }
}

const fn later(path: &'static str, kind: Kind, default: &'static str, text: &'static str) -> Key {
    Key { path, kind, default, text, state: State::Later, ours: None }
}

impl Key {
    pub(super) fn is_of_hooks(&self) -> bool {
        matches!(self.kind, Kind::Hooks(_))
    }

    /// The behavior for these values is the same without the key.
    const fn ours(mut self, values: &'static [&'static str], why: &'static str) -> Self {
        self.ours = Some((values, why));
        self
    }

    /// The effect of a checked value.
    pub(super) fn effect(&self, value: &Value) -> Effect {
        if self.state == State::Supported {
            return Effect::There;
        }
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match self.ours {
            Some((values, THERE)) if values.contains(&text.as_str()) => Effect::There,
            Some((values, why)) if values.is_empty() || values.contains(&text.as_str()) => {
                Effect::Needless(why)
            }
            _ => Effect::Missing,
        }
    }
}

use Kind::{
    BaseUrl, Bool, Choice, Duration, Flag, Hooks, Integer, Memory, Networks, Open, Page, Schemas, Secrets,
    Size, Text, Texts,
};

/// 0 lets the operating system choose, for tests.
const PORT: Kind = Integer(0, 65_535);
const COUNT: Kind = Integer(0, i64::MAX);
const SAME_SITE: Kind = Choice(&["Strict", "Lax", "None"]);
const AAL: Kind = Choice(&["aal1", "highest_available"]);
const USE: Kind = Choice(&["code", "link"]);

/// In the order of the reference page.
#[rustfmt::skip]
pub(super) const TABLE: &[Key] = &[
    // Listeners
    key("serve.public.host", Text, "0.0.0.0", "IP address that the public API and the hosted pages listen on."),
    key("serve.public.port", PORT, "4433", "Port of the public API and the hosted pages."),
    key("serve.public.base_url", BaseUrl, "", "URL at which browsers and apps reach the public port. Default: built from host and port."),
    key("serve.public.cors.enabled", Bool, "false", "Allow cross-origin requests from the listed origins."),
    key("serve.public.cors.allowed_origins", Texts, r#"["*"]"#, "Origins that may read responses. A host may contain one `*`."),
    key("serve.public.cors.allowed_methods", Texts, r#"["POST","GET","PUT","PATCH","DELETE"]"#, "HTTP methods that other origins may use."),
    key("serve.public.cors.allowed_headers", Texts, r#"["Authorization","Content-Type","Max-Age","X-Session-Token","X-XSRF-TOKEN","X-CSRF-TOKEN"]"#, "Request headers that other origins may send."),
    key("serve.public.cors.exposed_headers", Texts, r#"["Content-Type"]"#, "Response headers that other origins may read."),
    key("serve.public.cors.allow_credentials", Bool, "true", "Allow cookies in cross-origin requests."),
    key("serve.public.cors.max_age", COUNT, "0", "Number of seconds for which browsers may cache the response to a preflight request."),
    later("serve.public.cors.{options_passthrough,debug}", Bool, "false", "Settings of Kratos' CORS library.").ours(OFF, "Vestibule doesn't use that library"),
    key("serve.admin.host", Text, "0.0.0.0", "IP address that the admin API listens on."),
    key("serve.admin.port", PORT, "4434", "Port of the admin API."),
    key("serve.admin.base_url", BaseUrl, "", "URL at which the admin API is reached. Default: built from host and port."),
    later("serve.{public,admin}.request_log.disable_for_health", Bool, "false", "Leave health checks out of the request log."),
    later("serve.{public,admin}.socket.{owner,group}", Text, "", "Owner of a Unix socket."),
    later("serve.{public,admin}.socket.mode", Open, "", "Mode of a Unix socket."),
    later("serve.{public,admin}.tls.{key,cert}.{path,base64}", Text, "", "TLS certificate and key of the listener."),
    key("vestibule.console.host", Text, "127.0.0.1", "IP address that the console listens on."),
    key("vestibule.console.port", PORT, "4435", "Port of the console."),
    key("vestibule.console.base_url", BaseUrl, "", "URL at which operators reach the console. Default: built from host and port."),
    key("vestibule.console.session_lifespan", Duration, "12h", "Lifetime of a console session, with or without activity."),
    key("vestibule.allowed_hosts", Texts, "[]", "Additional host names that the console and the admin API accept. Loopback names and the hosts of the base URLs are always accepted. From other machines, the admin API also accepts names without a dot and names that end in `.svc` or `.svc.cluster.local`. Clients that send the token may use any name."),
    key("vestibule.admin.token", Text, "", "Bearer token of the admin API. Clients outside loopback and private networks must send it. A wrong token always gets a 401 response."),
    key("vestibule.admin.require_token", Bool, "false", "Require `vestibule.admin.token` from every client of the admin API, also from loopback and private networks. `/health/*` is exempt."),
    key("vestibule.admin.allowed_origins", Texts, "[]", "Origins whose pages may call the admin API."),
    key("vestibule.pages.name", Text, "", "Name of your service at the top of the hosted pages. Default: taken from other keys that contain a name."),
    key("vestibule.pages.resend_after", Duration, "60s", "Time before the verification page offers to send a new code. At most one minute."),
    key("vestibule.web_hooks.deadline", Duration, "10s", "Maximum duration of a webhook call, from connection to response."),
    key("vestibule.web_hooks.allowed_hosts", Texts, "[]", "Hosts that may be called by webhooks created in the console and by providers whose URLs were entered there, for example `crm.example.org` or `*.example.org`. Owners can add hosts in the console."),
    key("vestibule.web_hooks.allow_hosts_in_console", Bool, "true", "Owners can allow more hosts in the console, after a recent sign-in. Off: only hosts in `allowed_hosts` may be called, and hosts that were allowed in the console no longer count. The console can't change this key."),
    // Sign-up; `engine/src/config/registration.rs` reads these.
    key("vestibule.registration.sign_in_after_verification", Bool, "false", "Sign users in when they verify their email, in the browser or app where they signed up. For methods that don't sign in immediately."),
    key("vestibule.registration.deferred_login_lifespan", Duration, "1h", "Time after the sign-up during which verification signs in. A new code doesn't extend it."),
    key("vestibule.registration.reset_on_first_verification", Bool, "false", "The first person to verify the email of a new account gets the account. Earlier sessions, credentials and other addresses are removed, unless that person has the credential that the account was created with."),
    key("vestibule.registration.unverified_session_lifespan", Duration, "", "Lifetime of a session that is issued before an email is verified. Default: the same as for other sessions."),
    key("vestibule.registration.prevent_enumeration", Bool, "false", "Return the same response to a sign-up whether or not the email has an account. The account is created when the email is verified."),
    key("vestibule.registration.invite_only", Bool, "false", "Require an invitation link to sign up."),
    key("vestibule.registration.invitation_lifespan", Duration, "168h", "How long an invitation is valid if it is created without an expiry."),
    key("vestibule.registration.atomic", Texts, "[]", "Sign-up methods that leave no account behind if a blocking webhook fails. `flow` means the flow-level hooks."),
    key("vestibule.registration.sign_in_after_social", Bool, "true", "Sign users in after sign-up with a provider, whether or not a hook list contains `session`."),
    key("vestibule.limits.enabled", Bool, "true", "Limit what clients may do. While this is off, attackers can guess passwords and codes without any delay, and can make this server send any number of emails."),
    key("vestibule.limits.passwords.attempts", Integer(1, 1000), "10", "Wrong passwords for one account from one client without a delay. Each further one doubles the delay. The count is reset after 1 hour without a wrong password."),
    key("vestibule.limits.passwords.max_delay", Duration, "60s", "The longest of these delays."),
    key("vestibule.limits.passwords.account_clients", Integer(1, 100_000), "10", "Clients with wrong passwords for one account before every further client is delayed. Devices that signed in to the account before are never delayed."),
    key("vestibule.limits.passwords.account_max_delay", Duration, "30s", "The longest of these delays."),
    key("vestibule.limits.passwords.accounts_per_client", Integer(1, 1_000_000), "100", "Accounts within 1 hour for which one client may send only wrong passwords. Each further account causes a delay of at most `vestibule.limits.passwords.max_delay`."),
    key("vestibule.limits.codes.per_address_and_client", Integer(1, 1000), "10", "Wrong codes within 1 hour for one address from one client, counted over all forms. The link in the email keeps working."),
    key("vestibule.limits.codes.per_address", Integer(1, 10_000), "30", "Wrong codes within 1 hour for one address from all clients that the account does not know."),
    key("vestibule.limits.emails.per_address_and_client", Integer(1, 10_000), "5", "Emails within 1 hour to one address because of one client. Users who request more get the same response but no email."),
    key("vestibule.limits.emails.per_address", Integer(1, 10_000), "20", "Emails within 1 hour to one address because of all clients."),
    key("vestibule.limits.emails.per_flow", Integer(0, 100), "1", "Emails within 1 hour beyond both limits for a form that one email was sent for, so that an attacker can't keep its user from getting a new code."),
    key("vestibule.limits.emails.per_client", Integer(1, 1_000_000), "300", "Emails within 1 hour because of one client, to all addresses together."),
    key("vestibule.limits.emails.total", Integer(1, 100_000_000), "10000", "Emails within 1 hour because of all users and clients."),
    key("vestibule.sms.countries", Texts, "[]", "Countries whose phone numbers get text messages, as two letters each, for example `DE`. While the list is empty, no text message is sent. `*` allows every country."),
    key("vestibule.limits.sms.per_number", Integer(1, 10_000), "10", "Text messages within 24 hours to one number. Users who request more get the same response but no text message."),
    key("vestibule.limits.sms.per_client", Integer(1, 1_000_000), "50", "Text messages within 24 hours because of one client, to all numbers together."),
    key("vestibule.limits.sms.total", Integer(1, 100_000_000), "1000", "Text messages within 24 hours because of all users and clients. Each one is paid for."),
    key("vestibule.limits.sign_ups.per_client", Integer(1, 10_000_000), "1000", "Sign-ups within 1 hour from one client."),
    key("vestibule.limits.flows.per_client", Integer(1, 100_000_000), "3600", "Forms that one client may start within 1 hour."),
    key("vestibule.login.require_verified_identifier", Bool, "false", "`require_verified_address` requires that the email used to sign in is itself verified. Otherwise, any verified email of the account is enough."),
    key("vestibule.settings.source", Choice(&["console", "file"]), "console", "Where console settings come from. With `file`, the console is read-only, saved console settings don't apply, and the console shows how they differ from the files."),
    key("vestibule.session.rotation_overlap", Duration, "30s", "How long the previous token of a session remains valid for reading after the user signed in again, so that requests in progress don't fail. `0s` revokes it immediately."),
    key("vestibule.cookies.host_prefix", Choice(&["auto", "true", "false"]), "auto", "Cookie names begin with `__Host-`, so that no other host can set them. `auto`: with https, for cookies that only Vestibule has. `true`: also for Kratos' session cookie and CSRF cookie, which requires https and cookies without a domain and a path. `false`: for no cookie, for example if a proxy adds a `Domain` to cookies."),
    key("vestibule.forms.allow_null_origin", Bool, "false", "Accept forms that a browser sends with `Origin: null`, for example from a page with `Referrer-Policy: no-referrer`. Any site can send such a form."),
    key("vestibule.headers.hsts", Duration, "24h", "How long browsers must use https only (`Strict-Transport-Security`), without subdomains. A listener sends it if its base URL is https and its host is a name that no http listener shares. `0s` tells browsers to forget it."),
    key("vestibule.trusted_proxies", Networks, "[]", "Networks of the proxies whose `X-Forwarded-For` and `Forwarded` headers are trusted."),
    key("vestibule.forwarding_header", Choice(&["any", "x-forwarded-for", "forwarded"]), "any", "Header in which trusted proxies name the client. With `any`, a request whose two headers name different clients counts as from an unknown client."),
    key("vestibule.limits.trusted_clients", Networks, "[]", "Networks of clients that act for many users, for example servers that render your pages. Limits by client IP address don't apply to them."),
    // Cost of requests; `engine/src/config/bounds.rs` reads these, and `engine/src/limits_table.rs` says what each one protects.
    key("vestibule.limits.requests.head", Size, "64KB", "Maximum size of a request line with its header fields. At least 8KB."),
    key("vestibule.limits.requests.url", Size, "16KB", "Maximum size of a request's path and query."),
    key("vestibule.limits.requests.self_service_body", Size, "256KB", "Maximum size of a body on the public port (Kratos: 5 MB)."),
    key("vestibule.limits.requests.admin_body", Size, "5MB", "Maximum size of a body on the admin API."),
    key("vestibule.limits.requests.console_body", Size, "64KB", "Maximum size of a body on the console."),
    key("vestibule.limits.requests.bodies_at_once", Size, "32MB", "Maximum total size of the bodies that a listener reads at the same time. One client gets a quarter of it."),
    key("vestibule.limits.requests.depth", Integer(4, 100), "32", "Maximum nesting depth of objects and lists in a body."),
    key("vestibule.limits.requests.members", Integer(100, 1_000_000), "10000", "Maximum number of object members, list entries and form fields in a body on the public port."),
    key("vestibule.limits.requests.transient_payload", Size, "64KB", "Maximum size of a form's `transient_payload`."),
    key("vestibule.limits.requests.messages", Integer(1, 1000), "20", "Maximum number of messages about invalid fields in one response."),
    key("vestibule.limits.requests.messages_per_field", Integer(1, 1000), "4", "Maximum number of messages about one field in one response."),
    key("vestibule.limits.connections.public", Integer(32, 100_000), "2000", "Maximum number of simultaneous connections to the public port."),
    key("vestibule.limits.connections.admin", Integer(32, 100_000), "500", "Maximum number of simultaneous connections to the admin API."),
    key("vestibule.limits.connections.console", Integer(32, 100_000), "500", "Maximum number of simultaneous connections to the console."),
    key("vestibule.limits.connections.per_client", Integer(8, 100_000), "250", "Maximum number of connections from one client to one listener. Trusted proxies are exempt."),
    key("vestibule.limits.connections.head_deadline", Duration, "15s", "Maximum time to receive the head of a request, from its first byte."),
    key("vestibule.limits.connections.body_deadline", Duration, "60s", "Maximum time to receive the body of a request."),
    key("vestibule.limits.connections.write_deadline", Duration, "30s", "Maximum time during which a client reads nothing of a response."),
    key("vestibule.limits.connections.public_idle", Duration, "130s", "How long a connection to the public port or the console stays open without a request. Set it longer than the keep-alive of your reverse proxy."),
    key("vestibule.limits.connections.admin_idle", Duration, "620s", "How long a connection to the admin API stays open without a request."),
    key("vestibule.limits.storage.forms_per_client", Size, "4MB", "Maximum total size of the forms that one client started and didn't complete, about 1,500 forms. The oldest ones are deleted."),
    key("vestibule.limits.storage.errors_per_client", Integer(10, 1_000_000), "100", "Maximum number of errors per client that are stored for the error page. The oldest ones are deleted."),
    key("vestibule.limits.storage.hook_calls_per_client", Integer(10, 1_000_000), "1000", "Maximum number of finished webhook calls per client in the log. The oldest ones are deleted."),
    // Work that needs a process or waits for another service.
    key("vestibule.limits.work.templates", Integer(1, 1000), "4", "Maximum number of Jsonnet templates that are evaluated at the same time while a user waits. Half as many more are evaluated for the webhook queue. Each one is a process."),
    key("vestibule.limits.work.templates_waiting", Integer(0, 10_000), "64", "Maximum number of queued evaluations. Further ones get a 503 response."),
    key("vestibule.limits.work.provider_requests", Integer(1, 1000), "16", "Maximum number of simultaneous sign-ins that wait for one provider. Each provider has its own limit."),
    key("vestibule.limits.work.provider_requests_waiting", Integer(0, 10_000), "32", "Maximum number of queued sign-ins per provider. Further ones get a 503 response."),
    key("vestibule.limits.work.patience", Duration, "2s", "How long a request stays queued before it gets a 503 response."),
    // Storage
    key("dsn", Text, "", "Database URL: `sqlite://FILE`, `postgres://…` or `memory`. Default: a SQLite file in the data folder."),
    key("vestibule.cleanup.flows", Duration, "24h", "How long a form is kept after it expires. Until then, its browser is told that it expired. A sign-up or sign-in that was returned with messages is kept for at most one hour."),
    key("vestibule.cleanup.sessions", Duration, "720h", "How long a session is kept after it ends."),
    key("vestibule.cleanup.messages", Duration, "720h", "How long an email is kept in the list."),
    key("vestibule.cleanup.deliveries", Duration, "168h", "How long a webhook call is kept in the log."),
    key("vestibule.cleanup.invitations", Duration, "720h", "How long an invitation is kept in the list after it ends."),
    key("vestibule.cleanup.errors", Duration, "168h", "How long an error is available on its page."),
    // Identities
    key("identity.default_schema_id", Text, "default", "Identity schema of users who sign up without a schema name."),
    key("identity.schemas", Schemas, "", "Identity schemas: a list of `id`, `url` (`base64://`, `file://`, `https://`, `preset://email`, `preset://username`) and `selfservice_selectable`."),
    // Self-service
    key("selfservice.default_browser_return_url", Page, "", "Default redirect target of browsers. Default: the hosted welcome page."),
    key("selfservice.allowed_return_urls", Texts, "[]", "URLs that `return_to` may contain."),
    key("selfservice.methods.password.enabled", Bool, "true", "Sign up and sign in with a password."),
    key("selfservice.methods.password.config.min_password_length", Integer(6, 1024), "8", "Minimum number of characters in a new password."),
    key("selfservice.methods.password.config.identifier_similarity_check_enabled", Bool, "true", "Reject passwords that resemble the user's email or username."),
    key("selfservice.methods.password.config.haveibeenpwned_enabled", Bool, "true", "Reject passwords from known data breaches."),
    key("selfservice.methods.password.config.haveibeenpwned_host", Text, "api.pwnedpasswords.com", "Host of the breach check over https, with an optional port. It may be in your own network. It receives only five characters of a hash."),
    key("selfservice.methods.password.config.max_breaches", COUNT, "0", "Number of breaches in which a password may have appeared."),
    key("selfservice.methods.password.config.ignore_network_errors", Bool, "true", "Accept a password if the breach check can't be reached."),
    key("vestibule.password.change_ends_other_sessions", Bool, "false", "Sign out every other device when a user changes the password in the settings (as the hook `revoke_active_sessions` does)."),
    key("vestibule.password.max_length", Integer(64, 4096), "1024", "Maximum number of characters in a password. Longer passwords are rejected, never truncated."),
    later("selfservice.methods.password.config.migrate_hook", Open, "", "Check the password with another system at the first sign-in."),
    key("selfservice.methods.code.enabled", Bool, "true", "Verify an email, or recover an account, with a code that is sent by email."),
    key("selfservice.methods.code.config.lifespan", Duration, "10m", "How long an emailed code is valid (Kratos: one hour)."),
    key("selfservice.methods.code.config.max_submissions", Integer(1, 100), "5", "Number of attempts to enter a code before its form is replaced."),
    key("selfservice.methods.profile.enabled", Bool, "true", "Let users change their traits in the settings."),
    key("selfservice.methods.oidc.enabled", Bool, "false", "Sign up and sign in with a provider: Google, GitHub, your own OpenID Connect provider."),
    key("selfservice.methods.oidc.config.base_redirect_uri", BaseUrl, "", "Base URL of the redirect URIs that providers return users to. Default: the public base URL."),
    key("selfservice.methods.oidc.config.providers", Open, "", "Providers: a list of `id`, `provider`, `client_id`, `client_secret`, `issuer_url`, `mapper_url` and the members in `docs/social-sign-in.md`."),
    key("vestibule.social.trusted_email_providers", Texts, "", "IDs of the providers whose verified emails are trusted, as a list. Default: the providers of kinds that verify emails (google, github, gitlab, apple, discord, slack, linkedin_v2)."),
    key("vestibule.social.reusable_id_tokens", Texts, "", "IDs of the providers whose `id_token` an app may send more than once, as a list. The token of any other provider signs in once."),
    key("vestibule.social.require_fresh_sign_in", Texts, "", "IDs of the providers that must report when the user signed in there (`auth_time`) if users have to sign in again, as a list. An older sign-in is always rejected. Other providers are trusted if they don't report the time."),
    key("vestibule.social.off", Texts, "", "IDs of the providers that are configured but turned off, as a list."),
    key("vestibule.social.order", Texts, "", "IDs of the providers whose buttons come first, in this order. The others follow, sorted by ID."),
    key("vestibule.social.buttons", Choice(&["last", "first"]), "last", "Position of the provider buttons on the hosted pages: below or above the form."),
    key("vestibule.social.deadline", Duration, "10s", "Maximum duration of one request to a provider, from connection to response."),
    key("selfservice.methods.link.enabled", Bool, "false", "Recover accounts and verify emails with a link that is sent by email. `selfservice.flows.{recovery,verification}.use` chooses it."),
    key("selfservice.methods.link.config.lifespan", Duration, "1h", "How long an emailed link is valid."),
    key("selfservice.methods.link.config.base_url", BaseUrl, "", "Base URL of links in emails. Default: the public base URL."),
    key("vestibule.links.confirm", Choice(&["emailed", "always", "never"]), "emailed", "Links that open a page with a button first, so that email scanners that open every link don't use them up: those that this server sends by email, or those that operators create as well. With `never`, opening a link is enough, as in Kratos."),
    later("selfservice.methods.{totp,passkey,webauthn,lookup_secret}.enabled", Bool, "false", "Turn on the method.").ours(OFF, NOT_HERE),
    key("selfservice.methods.code.passwordless_enabled", Bool, "false", "Sign up and sign in with a code that is sent by email. The identity schema marks the email with `credentials.code`."),
    later("selfservice.methods.code.mfa_enabled", Bool, "false", "Use a code as the second factor.").ours(OFF, NOT_HERE),
    later("selfservice.methods.code.config.missing_credential_fallback_enabled", Bool, "false", "Sign in with a code without a credential of that type.").ours(OFF, NOT_HERE),
    later("selfservice.methods.{totp,passkey,webauthn,b2b}.config", Open, "", "Settings of the method."),
    // Sign-up
    key("selfservice.flows.registration.enabled", Bool, "true", "Allow sign-up."),
    key("selfservice.flows.registration.ui_url", Page, "", "Sign-up page. Default: the hosted page."),
    key("selfservice.flows.registration.lifespan", Duration, "1h", "How long a sign-up form is valid."),
    key("selfservice.flows.registration.login_hints", Bool, "false", "Show users who sign up with a taken email how that account signs in."),
    key("selfservice.flows.registration.style", Choice(&["profile_first", "unified"]), "profile_first", "Sign up in two steps (`profile_first`) or with one form (`unified`)."),
    key("selfservice.flows.registration.enable_legacy_one_step", Bool, "false", "Kratos' older key for `style: unified`. It overrides `style`."),
    key("selfservice.flows.registration.before.hooks", Hooks(Stage::Before), "", "Hooks before a sign-up form is created."),
    key("selfservice.flows.registration.after.hooks", Hooks(Stage::AfterRegistration), "", "Flow-level hooks after sign-up. They run for methods without method hooks."),
    key("selfservice.flows.registration.after.{password,code,oidc,passkey,webauthn}.hooks", Hooks(Stage::AfterRegistrationMethod), "", "Method hooks after sign-up. They replace the flow-level hooks."),
    key("selfservice.flows.registration.after.default_browser_return_url", Page, "", "Redirect target of browsers after sign-up."),
    key("selfservice.flows.registration.after.{password,code,oidc,passkey,webauthn}.default_browser_return_url", Page, "", "Redirect target of browsers after sign-up with this method."),
    // Login
    key("selfservice.flows.login.ui_url", Page, "", "Sign-in page. Default: the hosted page."),
    key("selfservice.flows.login.lifespan", Duration, "1h", "How long a sign-in form is valid."),
    key("selfservice.flows.login.style", Choice(&["unified", "identifier_first"]), "unified", "Show one form for everything, or ask for the identifier first."),
    key("selfservice.flows.login.before.hooks", Hooks(Stage::Before), "", "Hooks before a sign-in form is created."),
    key("selfservice.flows.login.after.hooks", Hooks(Stage::AfterLogin), "", "Flow-level hooks after sign-in. They run for methods without method hooks."),
    key("selfservice.flows.login.after.{password,code,totp,passkey,webauthn,lookup_secret}.hooks", Hooks(Stage::AfterLogin), "", "Method hooks after sign-in. They replace the flow-level hooks."),
    key("selfservice.flows.login.after.oidc.hooks", Hooks(Stage::AfterLoginOidc), "", "Method hooks after sign-in with a provider. They replace the flow-level hooks."),
    key("selfservice.flows.login.after.default_browser_return_url", Page, "", "Redirect target of browsers after sign-in."),
    key("selfservice.flows.login.after.{password,code,oidc,totp,passkey,webauthn,lookup_secret}.default_browser_return_url", Page, "", "Redirect target of browsers after sign-in with this method."),
    // Verification
    key("selfservice.flows.verification.enabled", Bool, "false", "Send a code to the email of users who sign up, and let users request a new one."),
    key("selfservice.flows.verification.ui_url", Page, "", "Page that accepts the code. Default: the hosted page."),
    key("selfservice.flows.verification.lifespan", Duration, "1h", "How long a verification form is valid."),
    key("selfservice.flows.verification.notify_unknown_recipients", Bool, "false", "Send an email to addresses without an account, so that users learn that they mistyped theirs or signed up with another one."),
    key("selfservice.flows.verification.after.default_browser_return_url", Page, "", "Redirect target of browsers after verification."),
    key("selfservice.flows.verification.{before,after}.hooks", Hooks(Stage::Verification), "", "Hooks before a verification form is created, and after an email is verified."),
    key("selfservice.flows.verification.use", USE, "code", "Verify an email with a code or with a link. The email of a code also contains a link."),
    // Recovery
    key("selfservice.flows.recovery.enabled", Bool, "false", "Let users who can't sign in recover their account with an email."),
    key("selfservice.flows.recovery.ui_url", Page, "", "Recovery page. Default: the hosted page."),
    key("selfservice.flows.recovery.lifespan", Duration, "1h", "How long a recovery form is valid."),
    key("selfservice.flows.recovery.use", USE, "code", "Recover an account with a code or with a link. The method must be on."),
    key("selfservice.flows.recovery.notify_unknown_recipients", Bool, "false", "Send an email to addresses without an account, so that users learn that they signed up with another one."),
    key("selfservice.flows.recovery.before.hooks", Hooks(Stage::Verification), "", "Hooks before a recovery form is created."),
    key("selfservice.flows.recovery.after.hooks", Hooks(Stage::AfterRecovery), "", "Hooks after the code or link of a recovery was correct, before the user is signed in."),
    key("feature_flags.choose_recovery_address", Bool, "false", "Users with several recovery emails choose one of them, masked, and enter it in full. This reveals which emails have an account."),
    key("feature_flags.use_continue_with_transitions", Bool, "false", "Single-page and native apps get the next step of a recovery in `continue_with`. Without it, they get a 422 response with a URL."),
    // Other flows
    key("selfservice.flows.logout.after.default_browser_return_url", Page, "", "Redirect target of browsers after sign-out."),
    later("selfservice.flows.logout.clear_browser_data", Bool, "false", "Tell the browser to clear all data of the site at sign-out.").ours(OFF, NOT_HERE),
    key("selfservice.flows.error.ui_url", Page, "", "Error page. Default: the hosted page."),
    // Settings of an account
    key("selfservice.flows.settings.ui_url", Page, "", "Page of the account settings. Default: the hosted page."),
    key("selfservice.flows.settings.lifespan", Duration, "1h", "How long a settings form is valid."),
    key("selfservice.flows.settings.privileged_session_max_age", Duration, "1h", "Maximum age of a sign-in that allows changing credentials, emails and linked providers. Users with an older one sign in again first."),
    key("selfservice.flows.settings.before.hooks", Hooks(Stage::Before), "", "Hooks before a settings form is created."),
    key("selfservice.flows.settings.after.hooks", Hooks(Stage::AfterSettings), "", "Flow-level hooks after a change in the settings. They run for methods without method hooks."),
    key("selfservice.flows.settings.after.{password,totp,oidc,webauthn,passkey,lookup_secret}.hooks", Hooks(Stage::AfterSettingsMethod), "", "Method hooks after a change of how the user signs in. They replace the flow-level hooks."),
    key("selfservice.flows.settings.after.profile.hooks", Hooks(Stage::AfterSettingsProfile), "", "Method hooks after a change of traits. They replace the flow-level hooks."),
    key("selfservice.flows.settings.after.default_browser_return_url", Page, "", "Redirect target of browsers after a change in the settings. Default: the settings page."),
    key("selfservice.flows.settings.after.{password,totp,oidc,webauthn,passkey,lookup_secret,profile}.default_browser_return_url", Page, "", "Redirect target of browsers after a change with this method."),
    key("selfservice.flows.settings.required_aal", AAL, "highest_available", "Assurance level that the settings flow requires: one factor, or the highest that the user can reach. Second factors aren't supported yet, so one factor is the highest."),
    // Sessions and cookies
    key("session.lifespan", Duration, "24h", "Lifetime of a session."),
    key("session.cookie.name", Text, "ory_kratos_session", "Name of the session cookie."),
    key("session.cookie.persistent", Bool, "true", "Keep the session cookie after the browser is closed."),
    key("session.cookie.domain", Text, "", "Domain of the session cookie. Default: `cookies.domain`."),
    key("session.cookie.path", Text, "", "Path of the session cookie. Default: `cookies.path`."),
    key("session.cookie.same_site", SAME_SITE, "", "`SameSite` of the session cookie. Default: `cookies.same_site`."),
    key("session.cookie.secure", Flag, "", "`Secure` of the session cookie. Default: `cookies.secure`."),
    key("session.whoami.required_aal", AAL, "highest_available", "Assurance level that `/sessions/whoami` and `/sessions` require: one factor, or the highest that the user can reach. Second factors aren't supported yet, so one factor is the highest."),
    key("session.whoami.tokenizer.templates", Open, "", "Templates for sessions as JSON Web Tokens, by the name that clients send: `/sessions/whoami?tokenize_as=NAME`. `jwks_url`: key set whose first key signs, as `file://` or `base64://`. `ttl`: lifetime of a token (`1m`). `claims_mapper_url`: Jsonnet that returns more claims. `subject_source`: `id` or `external_id`."),
    key("session.earliest_possible_extend", Duration, "", "How long before its end the admin API can extend a session. An earlier request changes nothing. Default: at any time."),
    key("feature_flags.faster_session_extend", Bool, "false", "The response to the extension of a session is 204 without a body, not 200 with the session."),
    key("cookies.domain", Text, "", "Domain of cookies. Default: the host only."),
    key("cookies.path", Text, "/", "Path of cookies."),
    key("cookies.same_site", SAME_SITE, "Lax", "`SameSite` of cookies."),
    key("cookies.secure", Flag, "", "`Secure` of cookies. Default: depends on the scheme of the public base URL."),
    // Secrets and hashes
    key("secrets.default", Secrets(16), "", "Signs and encrypts everything that has no secret of its own. Default: generated in the data folder. The first secret encrypts, and all secrets decrypt."),
    key("secrets.cookie", Secrets(16), "", "Signs cookies. Default: `secrets.default`."),
    key("secrets.cipher", Secrets(32), "", "Encrypts stored data, 32 characters each. Default: `secrets.default`."),
    later("secrets.pagination", Secrets(16), "", "Encrypts page tokens."),
    key("hashers.algorithm", Choice(&["argon2", "bcrypt"]), "bcrypt", "Hash algorithm of new passwords. Existing passwords are rehashed at the next sign-in."),
    key("hashers.argon2.memory", Memory, "19MB", "Memory of one argon2id hash (Kratos: 128MB). A number without a unit is ignored, because older versions of Kratos read it as KiB."),
    key("hashers.argon2.iterations", Integer(1, 1000), "2", "Passes of one argon2id hash (Kratos: 1)."),
    key("hashers.argon2.parallelism", Integer(1, 255), "1", "Lanes of one argon2id hash (Kratos: twice the number of processors)."),
    key("hashers.argon2.salt_length", Integer(16, 64), "16", "Bytes of salt."),
    key("hashers.argon2.key_length", Integer(16, 256), "32", "Bytes of the hash."),
    later("hashers.argon2.{expected_duration,expected_deviation}", Duration, "500ms", "Kratos' calibration.").ours(WHATEVER, "only `vestibule hash-bench` measures hashes"),
    later("hashers.argon2.dedicated_memory", Size, "1GB", "Kratos' calibration.").ours(WHATEVER, "only `vestibule hash-bench` measures hashes"),
    key("hashers.bcrypt.cost", Integer(4, 31), "12", "Work factor of bcrypt."),
    later("ciphers.algorithm", Choice(&["noop", "aes", "xchacha20-poly1305"]), "noop", "How stored secrets are encrypted."),
    // Log
    key("log.level", Choice(&["trace", "debug", "info", "warning", "error", "fatal", "panic"]), "info", "Log level."),
    key("log.format", Choice(&["text", "json"]), "text", "Log format."),
    later("log.leak_sensitive_values", Bool, "false", "Log secrets. Vestibule never does.").ours(OFF, "the log never contains secrets"),
    later("log.redaction_text", Text, "", "Replacement for secrets in the log."),
    // Email
    key("courier.smtp.connection_uri", Text, "", "Mail server: `smtp://USER:PASSWORD@HOST:587/` requires STARTTLS unless `?disable_starttls=true` is set; `smtps://…` uses TLS from the start."),
    key("courier.smtp.from_address", Text, "", "Sender of emails. Default: `no-reply` at the host of the public base URL."),
    key("courier.smtp.from_name", Text, "", "Name of the sender."),
    key("courier.smtp.local_name", Text, "localhost", "Host name that is sent to the mail server in the greeting."),
    key("courier.smtp.headers", Open, "", "Additional headers of every email: names and values."),
    key("courier.delivery_strategy", Choice(&["smtp", "http"]), "smtp", "How emails are delivered: through the mail server, or by a call of `courier.http.request_config`."),
    key("courier.http.request_config", Open, "", "Call that delivers an email: `url`, `method`, `headers`, `body` (Jsonnet) and `auth`, as in a webhook."),
    key("courier.channels", Open, "", "Delivery of text messages: one entry with `id: sms`, `type: http` and a `request_config`."),
    key("courier.message_retries", Integer(0, 100), "5", "Number of retries before an email or a text message fails."),
    key("courier.worker.pull_count", Integer(1, 1000), "10", "Number of emails and text messages taken from the queue at once."),
    key("courier.worker.pull_wait", Duration, "1s", "Pause between checks of the queue."),
    key("vestibule.courier.keep_bodies", Bool, "false", "Keep codes and links of sent emails readable in the admin API. For tests only."),
    key("vestibule.mailbox.enabled", Flag, "", "Keep emails in the console's mailbox instead of sending them. Default: on if no mail server is configured and every listener is on loopback."),
    // Outgoing requests
    key("clients.http.disallow_private_ip_ranges", Bool, "false", "Block webhooks to private networks and this machine. Link-local and metadata addresses are always blocked."),
    key("clients.http.private_ip_exception_urls", Texts, "[]", "URLs that webhooks may call nevertheless, exactly as written in the hook."),
    key("clients.web_hook.header_allowlist", Texts, r#"["Accept","Accept-Encoding","Accept-Language","Content-Length","Content-Type","Origin","Priority","Referer","Sec-Ch-Ua","Sec-Ch-Ua-Mobile","Sec-Ch-Ua-Platform","Sec-Fetch-Dest","Sec-Fetch-Mode","Sec-Fetch-Site","Sec-Fetch-User","True-Client-Ip","User-Agent"]"#, "Headers of a user's request that a webhook's body may use."),
    // Not supported yet
    later("courier.smtp.{client_cert_path,client_key_path}", Text, "", "Client certificate for the mail server."),
    later("courier.template_override_path", Text, "", "Folder with custom email templates."),
    later("courier.templates", Open, "", "Custom templates of emails and text messages."),
    key("security.account_enumeration.mitigate", Bool, "false", "Return the same response at sign-in whether or not an account exists. For sign-up, set `vestibule.registration.prevent_enumeration`, which includes it."),
    later("security.disallow_ref_in_identity_schemas", Bool, "false", "Reject `$ref` in identity schemas.").ours(OFF, NOT_HERE),
    later("oauth2_provider.url", Text, "", "OAuth 2.0 server that delegates sign-in to Vestibule."),
    later("oauth2_provider.headers", Open, "", "Headers for the OAuth 2.0 server."),
    later("oauth2_provider.override_return_to", Bool, "false", "Return to where the OAuth 2.0 request started.").ours(OFF, NOT_HERE),
    later("feature_flags.{cacheable_sessions,legacy_continue_with_verification_ui,legacy_require_verified_login_error,legacy_oidc_registration_node_group,legacy_allow_insecure_origins,refresh_login_choose_address}", Bool, "false", "Kratos' feature flags."),
    later("feature_flags.cacheable_sessions_max_age", Duration, "", "How long a whoami response may be cached."),
    later("feature_flags.password_profile_registration_node_group", Text, "", "Node group of traits."),
    later("database.cleanup", Open, "", "Kratos' database cleanup."),
    later("preview", Open, "", "Kratos' preview features."),
    later("tracing", Open, "", "Export of traces."),
    later("enterprise", Open, "", "Kratos' enterprise edition."),
    later("organizations", Open, "", "Kratos' enterprise edition."),
    key("revision", Text, "", "Your own revision label, returned by `/admin/health/config`."),
    later("version", Text, "", "Version of Kratos that the file was written for.").ours(WHATEVER, "it only names the Kratos version of the file"),
    later("dev", Bool, "false", "Kratos' development mode.").ours(WHATEVER, "cookies are `Secure` if the base URL is https, and no check is turned off"),
    later("help", Bool, "false", "Option of Kratos' command line.").ours(OFF, "it isn't a configuration key of Vestibule"),
    later("sqa-opt-out", Bool, "false", "Opt out of Ory's statistics.").ours(WHATEVER, "Vestibule never sends statistics"),
    later("watch-courier", Bool, "false", "Send emails in the server process.").ours(WHATEVER, "the server always sends its emails"),
    later("expose-metrics-port", COUNT, "0", "Option of Kratos' command line."),
    later("config", Open, "", "Option of Kratos' command line."),
];

/// Keys that had another name in unreleased versions. A file or variable with an old name is rejected with the new one, because ignoring
/// it would silently change who may sign in.
const RENAMED: &[(&str, &str)] = &[
    ("vestibule.registration.leak_nothing", "vestibule.registration.prevent_enumeration"),
    ("vestibule.registration.proof_takes_over", "vestibule.registration.reset_on_first_verification"),
    ("vestibule.registration.sign_in_when_proven", "vestibule.registration.sign_in_after_verification"),
    ("vestibule.registration.unproven_session", "vestibule.registration.unverified_session_lifespan"),
    ("vestibule.registration.all_or_nothing", "vestibule.registration.atomic"),
    ("vestibule.registration.social_sign_in", "vestibule.registration.sign_in_after_social"),
    ("vestibule.registration.hand_over_lifespan", "vestibule.registration.deferred_login_lifespan"),
    ("vestibule.verification.mails_per_hour", "vestibule.limits.emails.per_address_and_client"),
    ("vestibule.verification.emails_per_hour", "vestibule.limits.emails.per_address_and_client"),
    ("vestibule.verification.wrong_codes_per_hour", "vestibule.limits.codes.per_address_and_client"),
    ("vestibule.login.require_used_address", "vestibule.login.require_verified_identifier"),
    ("vestibule.social.vouching", "vestibule.social.trusted_email_providers"),
];

/// The current name of a key that was renamed before the first release.
pub(super) fn renamed(path: &str) -> Option<&'static str> {
    RENAMED.iter().find(|(old, _)| *old == path).map(|(_, new)| *new)
}

/// As [`renamed`], for an environment variable: the current variable's name and key.
pub(super) fn renamed_variable(name: &str) -> Option<(String, &'static str)> {
    let (_, new) = RENAMED.iter().find(|(old, _)| variable(old).as_deref() == Some(name))?;
    Some((variable(new)?, new))
}

/// The table with its alternatives expanded.
pub(super) struct Registry {
    keys: BTreeMap<String, Key>,
    /// Paths of sections, for example `serve` and `serve.public`.
    sections: BTreeSet<String>,
    /// Environment variable → path.
    variables: BTreeMap<String, String>,
}

pub(super) static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::new);

impl Registry {
    fn new() -> Self {
        let mut keys = BTreeMap::new();
        let mut sections = BTreeSet::from([String::new()]);
        let mut variables = BTreeMap::new();
        for key in TABLE {
            for path in alternatives(key.path) {
                for (dot, _) in path.match_indices('.') {
                    sections.insert(path[..dot].to_owned());
                }
                if let Some(variable) = variable(&path) {
                    variables.insert(variable, path.clone());
                }
                keys.insert(path, *key);
            }
        }
        // A section may contain old names only, which are still rejected with the new ones.
        for (old, _) in RENAMED {
            for (dot, _) in old.match_indices('.') {
                sections.insert(old[..dot].to_owned());
            }
        }
        Self { keys, sections, variables }
    }

    pub(super) fn key(&self, path: &str) -> Option<&Key> {
        self.keys.get(path)
    }

    pub(super) fn is_section(&self, path: &str) -> bool {
        self.sections.contains(path)
    }

    /// The key that an environment variable sets.
    pub(super) fn by_variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The members of the section `path`.
    pub(super) fn members<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.keys.keys().chain(&self.sections).filter_map(move |full| {
            let rest = if path.is_empty() { full } else { full.strip_prefix(path)?.strip_prefix('.')? };
            (!rest.is_empty() && !rest.contains('.')).then_some(rest)
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Key)> {
        self.keys.iter().map(|(path, key)| (path.as_str(), key))
    }
}

/// The environment variable of a key. Except for `dsn`, keys of one word have none: `VERSION` or `CONFIG` in an environment are rarely
/// meant for Vestibule.
pub(super) fn variable(path: &str) -> Option<String> {
    (path.contains('.') || path == "dsn").then(|| path.to_uppercase().replace(['.', '-'], "_"))
}

/// The host that the breach check asks.
pub(crate) const BREACH_SERVICE: &str = "selfservice.methods.password.config.haveibeenpwned_host";

/// Whether a key does something in this version; the others are known and reported.
pub fn has_effect(path: &str) -> bool {
    REGISTRY.key(path).is_some_and(|key| key.state == State::Supported)
}

/// A key's default as in the table; empty without one.
pub(super) fn default_of(path: &str) -> &'static str {
    REGISTRY.key(path).map_or("", |key| key.default)
}

/// The least and the most of a key that is a whole number.
pub(super) fn bounds_of(path: &str) -> Option<(i64, i64)> {
    let Kind::Integer(least, most) = REGISTRY.key(path)?.kind else { return None };
    Some((least, most))
}

/// `a.{b,c}` → `a.b`, `a.c`
fn alternatives(path: &str) -> Vec<String> {
    let parts = path.split_once('{').and_then(|(head, rest)| Some((head, rest.split_once('}')?)));
    let Some((head, (names, tail))) = parts else { return vec![path.to_owned()] };
    let tails = alternatives(tail);
    names.split(',').flat_map(|name| tails.iter().map(move |tail| format!("{head}{name}{tail}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::scalars;

    #[test]
    fn no_path_and_no_variable_stands_twice() {
        let paths: Vec<String> = TABLE.iter().flat_map(|key| alternatives(key.path)).collect();
        let distinct: BTreeSet<&String> = paths.iter().collect();
        assert_eq!(paths.len(), distinct.len());
        let named: Vec<String> = paths.iter().filter_map(|path| variable(path)).collect();
        assert_eq!(named.len(), REGISTRY.variables.len(), "two keys share an environment variable");
    }

    #[test]
    fn no_key_is_a_section_of_another() {
        for (path, _) in REGISTRY.iter() {
            assert!(!REGISTRY.is_section(path), "{path} is both a key and a section");
        }
    }

    #[test]
    fn every_default_passes_its_own_check() {
        for (path, key) in REGISTRY.iter().filter(|(_, key)| !key.default.is_empty()) {
            let value = scalars::from_text(key.kind, key.default)
                .unwrap_or_else(|wrong| panic!("{path}: {}", wrong.what));
            assert!(scalars::check(key.kind, &value).is_ok(), "{path}");
        }
    }

    #[test]
    fn values_that_need_no_effect_are_values_of_their_key() {
        for (path, key) in REGISTRY.iter() {
            let Some((values, _)) = key.ours else { continue };
            assert_eq!(key.state, State::Later, "{path} has an effect");
            for value in values {
                let value = scalars::check(key.kind, &scalars::from_text(key.kind, value).unwrap()).unwrap();
                assert!(!matches!(key.effect(&value), Effect::Missing), "{path}: {value}");
            }
        }
    }

    #[test]
    fn a_renamed_key_leads_to_a_key_that_exists_and_is_itself_gone() {
        for (old, new) in RENAMED {
            assert!(REGISTRY.key(new).is_some(), "{new}");
            assert!(REGISTRY.key(old).is_none() && !REGISTRY.is_section(old), "{old}");
        }
    }

    #[test]
    fn variables_are_upper_cased_paths() {
        for (variable, path) in [
            ("SERVE_PUBLIC_BASE_URL", "serve.public.base_url"),
            ("SELFSERVICE_FLOWS_LOGIN_LIFESPAN", "selfservice.flows.login.lifespan"),
            ("SESSION_COOKIE_SECURE", "session.cookie.secure"),
            ("DSN", "dsn"),
            ("LOG_LEVEL", "log.level"),
            ("VESTIBULE_CONSOLE_PORT", "vestibule.console.port"),
        ] {
            assert_eq!(REGISTRY.by_variable(variable), Some(path));
        }
        assert_eq!(REGISTRY.by_variable("VERSION"), None);
    }
}
