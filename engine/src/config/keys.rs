//! Every configuration key that is known, once: path, type, default, one sentence, whether it has an effect yet.
//! Checking, environment variables, defaults and the reference page are all read from this table.
//! Names and defaults are Kratos' (Kratos: embedx/config.schema.json); `vestibule.*` is ours.

use super::hooks::Stage;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// What a value must look like.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Kind {
    Bool,
    /// `true` or `false` as a text: what Kratos' schema asks for `secure`.
    Flag,
    /// Both ends included.
    Integer(i64, i64),
    /// `1h30m`
    Duration,
    /// `19MB`
    Size,
    /// The same with a unit: a bare number meant KiB once, so nobody knows what it means, and the default is in force.
    Memory,
    Text,
    Choice(&'static [&'static str]),
    /// Absolute, http or https.
    BaseUrl,
    /// Absolute http(s), or relative to the public base URL.
    Page,
    Texts,
    /// Texts of at least so many characters.
    Secrets(usize),
    /// Addresses in CIDR notation.
    Networks,
    Hooks(Stage),
    Schemas,
    /// Not looked into.
    Open,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Supported,
    /// Known, read and reported; what it switches is not there yet.
    Later,
}

/// `path` may hold alternatives in braces, which stand for one key each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) path: &'static str,
    pub(super) kind: Kind,
    /// As it would stand in an environment variable; empty without a default.
    pub(super) default: &'static str,
    pub(super) text: &'static str,
    pub(super) state: State,
    /// Of a key without effect: the values that need none, and why.
    pub(super) ours: Option<(&'static [&'static str], &'static str)>,
}

/// What a value does in this version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Effect {
    There,
    /// None, and nobody misses it, for that reason.
    Needless(&'static str),
    Missing,
}

/// For [`Key::ours`]: none of its values needs an effect.
const WHATEVER: &[&str] = &[];
/// For [`Key::ours`]: these values have their effect, and the others have none yet.
const THERE: &str = "";
const OFF: &[&str] = &["false"];
const NOT_HERE: &str = "what it switches off is not there";

const fn key(path: &'static str, kind: Kind, default: &'static str, text: &'static str) -> Key {
    Key { path, kind, default, text, state: State::Supported, ours: None }
}

const fn later(path: &'static str, kind: Kind, default: &'static str, text: &'static str) -> Key {
    Key { path, kind, default, text, state: State::Later, ours: None }
}

impl Key {
    /// Whoever writes one of the values gets what they ask for without it.
    const fn ours(mut self, values: &'static [&'static str], why: &'static str) -> Self {
        self.ours = Some((values, why));
        self
    }

    /// Of a value that was checked.
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

/// 0 lets the system choose; for tests.
const PORT: Kind = Integer(0, 65_535);
const COUNT: Kind = Integer(0, i64::MAX);
const SAME_SITE: Kind = Choice(&["Strict", "Lax", "None"]);
const AAL: Kind = Choice(&["aal1", "highest_available"]);
const USE: Kind = Choice(&["code", "link"]);

/// In the order of the reference page.
#[rustfmt::skip]
pub(super) const TABLE: &[Key] = &[
    // Listeners
    key("serve.public.host", Text, "0.0.0.0", "Address that the public API and the hosted pages listen on."),
    key("serve.public.port", PORT, "4433", "Port of the public API and the hosted pages."),
    key("serve.public.base_url", BaseUrl, "", "Address under which browsers and apps reach the public port; unset, it is made from host and port."),
    key("serve.public.cors.enabled", Bool, "false", "Answer cross-origin requests of the listed origins."),
    key("serve.public.cors.allowed_origins", Texts, r#"["*"]"#, "Origins that may read answers; one `*` may stand inside a host."),
    key("serve.public.cors.allowed_methods", Texts, r#"["POST","GET","PUT","PATCH","DELETE"]"#, "Methods that other origins may use."),
    key("serve.public.cors.allowed_headers", Texts, r#"["Authorization","Content-Type","Max-Age","X-Session-Token","X-XSRF-TOKEN","X-CSRF-TOKEN"]"#, "Request headers that other origins may send."),
    key("serve.public.cors.exposed_headers", Texts, r#"["Content-Type"]"#, "Answer headers that other origins may read."),
    key("serve.public.cors.allow_credentials", Bool, "true", "Let cross-origin requests carry cookies."),
    key("serve.public.cors.max_age", COUNT, "0", "Seconds for which a browser may keep the answer to a preflight request."),
    later("serve.public.cors.{options_passthrough,debug}", Bool, "false", "Switches of Kratos' CORS library.").ours(OFF, "the library is not ours"),
    key("serve.admin.host", Text, "0.0.0.0", "Address that the admin API listens on."),
    key("serve.admin.port", PORT, "4434", "Port of the admin API."),
    key("serve.admin.base_url", BaseUrl, "", "Address under which the admin API is reached; unset, it is made from host and port."),
    later("serve.{public,admin}.request_log.disable_for_health", Bool, "false", "Keep health checks out of the request log."),
    later("serve.{public,admin}.socket.{owner,group}", Text, "", "Owner of a unix socket."),
    later("serve.{public,admin}.socket.mode", Open, "", "Mode of a unix socket."),
    later("serve.{public,admin}.tls.{key,cert}.{path,base64}", Text, "", "TLS by the server itself."),
    key("vestibule.console.host", Text, "127.0.0.1", "Address that the console listens on."),
    key("vestibule.console.port", PORT, "4435", "Port of the console."),
    key("vestibule.console.base_url", BaseUrl, "", "Address under which operators reach the console; unset, it is made from host and port."),
    key("vestibule.console.session_lifespan", Duration, "12h", "How long an operator stays signed in to the console, used or not."),
    key("vestibule.allowed_hosts", Texts, "[]", "Further host names that the console and the admin API answer to, beside loopback names and those of the base URLs. The admin API also answers clients of other machines by names without a dot and by names that end in `.svc` or `.svc.cluster.local`, and whoever sends the token by any name."),
    key("vestibule.admin.token", Text, "", "Bearer token of the admin API. Clients outside loopback and private networks must send it. A wrong token gets 401 from everywhere."),
    key("vestibule.admin.require_token", Bool, "false", "Require `vestibule.admin.token` from every client of the admin API, also from loopback and private networks. `/health/*` is exempt."),
    key("vestibule.admin.allowed_origins", Texts, "[]", "Origins whose pages may call the admin API."),
    key("vestibule.pages.name", Text, "", "Name that stands at the top of the hosted pages: yours. Unset, it is taken from what other keys call you."),
    key("vestibule.pages.resend_after", Duration, "60s", "How long the page for a code waits before it offers to send another; a minute at most."),
    key("vestibule.web_hooks.deadline", Duration, "10s", "How long the whole of a web hook's call may take."),
    key("vestibule.web_hooks.allowed_hosts", Texts, "[]", "Hosts that webhooks made in the console may call, and providers whose addresses were entered there, such as `crm.example.org` or `*.example.org`. Without any, no such webhook or provider can be made there. The console cannot set it."),
    // What may happen around a sign-up; `engine/src/config/registration.rs` reads them.
    key("vestibule.registration.sign_in_after_verification", Bool, "false", "Sign people in when they prove the address they signed up with, in the browser or app that signed up. For methods that do not sign in at once."),
    key("vestibule.registration.deferred_login_lifespan", Duration, "1h", "How long after the sign-up a proof still signs in; another code does not make it longer."),
    key("vestibule.registration.reset_on_first_verification", Bool, "false", "Whoever first proves the address of a new account takes it over: sessions, credentials and other addresses from before the proof end, unless they hold what the account was made with."),
    key("vestibule.registration.unverified_session_lifespan", Duration, "", "How long a session lives that is handed over before an address is proven; unset, as long as any other."),
    key("vestibule.registration.prevent_enumeration", Bool, "false", "Answer a sign-up alike whether or not the address has an account; the account is made when the address is proven."),
    key("vestibule.registration.invite_only", Bool, "false", "Sign-up needs an invitation link."),
    key("vestibule.registration.invitation_lifespan", Duration, "168h", "How long an invitation is good that is made without a life of its own."),
    key("vestibule.registration.atomic", Texts, "[]", "Methods (and `flow` for the flow's list) whose sign-ups leave no account behind when a web hook fails that is waited for."),
    key("vestibule.registration.sign_in_after_social", Bool, "true", "Signing up through a provider signs in, whether or not a list says `session`."),
    key("vestibule.limits.enabled", Bool, "true", "Limit what clients may do. Off: attackers can guess passwords and codes without any delay, and can make this server send any number of emails."),
    key("vestibule.limits.passwords.attempts", Integer(1, 1000), "10", "Wrong passwords for one account from one client without a delay. Each further one costs a delay that doubles. Forgotten after 1 hour without a wrong password."),
    key("vestibule.limits.passwords.max_delay", Duration, "60s", "The longest of these delays."),
    key("vestibule.limits.passwords.account_clients", Integer(1, 100_000), "10", "Clients with wrong passwords for one account before every further client is delayed. Devices that signed in to the account before never are."),
    key("vestibule.limits.passwords.account_max_delay", Duration, "30s", "The longest of these delays."),
    key("vestibule.limits.passwords.accounts_per_client", Integer(1, 1_000_000), "100", "Accounts within 1 hour for which one client may send wrong passwords only. Each further account costs a delay of at most `vestibule.limits.passwords.max_delay`."),
    key("vestibule.limits.codes.per_address_and_client", Integer(1, 1000), "10", "Wrong codes within 1 hour for one address from one client, whatever form they are sent to. The link in the email keeps working."),
    key("vestibule.limits.codes.per_address", Integer(1, 10_000), "30", "Wrong codes within 1 hour for one address from all clients that the account does not know."),
    key("vestibule.limits.emails.per_address_and_client", Integer(1, 10_000), "5", "Emails within 1 hour to one address because of one client. Users who ask for more get the same response and no email."),
    key("vestibule.limits.emails.per_address", Integer(1, 10_000), "20", "Emails within 1 hour to one address because of all clients."),
    key("vestibule.limits.emails.per_flow", Integer(0, 100), "1", "Emails within 1 hour beyond both limits for a form that one email was sent for, so that nobody can keep its user from a new code."),
    key("vestibule.limits.emails.per_client", Integer(1, 1_000_000), "300", "Emails within 1 hour because of one client, to whatever addresses."),
    key("vestibule.limits.emails.total", Integer(1, 100_000_000), "10000", "Emails within 1 hour that users and clients cause in all."),
    key("vestibule.limits.sign_ups.per_client", Integer(1, 10_000_000), "1000", "Sign-ups within 1 hour from one client."),
    key("vestibule.limits.flows.per_client", Integer(1, 100_000_000), "3600", "Forms that one client may start within 1 hour."),
    key("vestibule.login.require_verified_identifier", Bool, "false", "`require_verified_address` asks for the very address that was typed, not for any address of the account."),
    key("vestibule.settings.source", Choice(&["console", "file"]), "console", "Who decides what the console can set: `file` makes the console read-only, does not apply what was saved in it, and shows how that differs."),
    key("vestibule.session.rotation_overlap", Duration, "30s", "How long the token that a session had before a fresh sign-in may still read. Requests that are under way meanwhile do not fail. `0s`: not at all."),
    key("vestibule.cookies.host_prefix", Choice(&["auto", "true", "false"]), "auto", "Names of cookies begin with `__Host-`, so that no other host can set them. `auto`: over https, for the cookies that only Vestibule knows. `true`: also for the session cookie and the anti-forgery cookie of Kratos; it needs https and neither a domain nor a path for cookies. `false`: for none, for a proxy that writes a `Domain` into cookies."),
    key("vestibule.forms.allow_null_origin", Bool, "false", "Accept forms that a browser sends with `Origin: null`, as it does for a page whose `Referrer-Policy` is `no-referrer`. Any site can send such a form."),
    key("vestibule.headers.hsts", Duration, "24h", "How long browsers are told to use https alone (`Strict-Transport-Security`), without subdomains. It is sent by a listener whose base URL is https and whose host is a name that no http listener shares; `0s` tells browsers to forget it."),
    key("vestibule.trusted_proxies", Networks, "[]", "Networks of the proxies whose `X-Forwarded-For` and `Forwarded` headers are trusted."),
    key("vestibule.forwarding_header", Choice(&["any", "x-forwarded-for", "forwarded"]), "any", "Header in which trusted proxies name the client. With `any` a request whose two headers name different clients comes from an unknown client."),
    key("vestibule.limits.trusted_clients", Networks, "[]", "Networks of clients that act for many users, such as servers that render your pages. No limit by client address applies to them."),
    // What requests may cost; `engine/src/config/bounds.rs` reads them, `engine/src/limits_table.rs` says what each protects.
    key("vestibule.limits.requests.head", Size, "64KB", "Most bytes of a request line with its header fields, 8KB at least."),
    key("vestibule.limits.requests.url", Size, "16KB", "Most bytes of a request's path and query."),
    key("vestibule.limits.requests.self_service_body", Size, "256KB", "Most bytes of a body on the public port (Kratos: 5 MB)."),
    key("vestibule.limits.requests.admin_body", Size, "5MB", "Most bytes of a body on the admin API."),
    key("vestibule.limits.requests.console_body", Size, "64KB", "Most bytes of a body on the console."),
    key("vestibule.limits.requests.bodies_at_once", Size, "32MB", "Most bytes of all bodies that a listener reads at the same time. One client gets a quarter of it."),
    key("vestibule.limits.requests.depth", Integer(4, 100), "32", "How many objects and lists may be inside each other in a body."),
    key("vestibule.limits.requests.members", Integer(100, 1_000_000), "10000", "Most members of objects, entries of lists and fields of a form in a body on the public port."),
    key("vestibule.limits.requests.transient_payload", Size, "64KB", "Most bytes of a form's `transient_payload`."),
    key("vestibule.limits.requests.messages", Integer(1, 1000), "20", "Most messages about wrong fields in one response."),
    key("vestibule.limits.requests.messages_per_field", Integer(1, 1000), "4", "Most messages about one field in one response."),
    key("vestibule.limits.connections.public", Integer(32, 100_000), "2000", "Most connections to the public port at the same time."),
    key("vestibule.limits.connections.admin", Integer(32, 100_000), "500", "Most connections to the admin API at the same time."),
    key("vestibule.limits.connections.console", Integer(32, 100_000), "500", "Most connections to the console at the same time."),
    key("vestibule.limits.connections.per_client", Integer(8, 100_000), "250", "Most connections of one client to one listener. Trusted proxies are exempt."),
    key("vestibule.limits.connections.head_deadline", Duration, "15s", "How long the head of a request may take, from its first byte."),
    key("vestibule.limits.connections.body_deadline", Duration, "60s", "How long the body of a request may take."),
    key("vestibule.limits.connections.write_deadline", Duration, "30s", "How long a client may read nothing of a response that it is sent."),
    key("vestibule.limits.connections.public_idle", Duration, "130s", "How long a connection to the public port or the console stays open without a request. Longer than the keep-alive of a proxy in front of it."),
    key("vestibule.limits.connections.admin_idle", Duration, "620s", "How long a connection to the admin API stays open without a request."),
    key("vestibule.limits.storage.forms_per_client", Size, "4MB", "Most bytes of forms that one client has begun and not completed, about 1,500 forms. The oldest are deleted."),
    key("vestibule.limits.storage.errors_per_client", Integer(10, 1_000_000), "100", "Most errors of one client that are stored for the error page. The oldest are deleted."),
    key("vestibule.limits.storage.hook_calls_per_client", Integer(10, 1_000_000), "1000", "Most finished calls of webhooks in the log that one client's requests caused. The oldest are deleted."),
    // Work that costs a process or waits for another service.
    key("vestibule.limits.work.templates", Integer(1, 1000), "4", "Most templates (Jsonnet) that are evaluated at once while a user waits. Half as many again are evaluated for the queue of webhooks. Each is a process."),
    key("vestibule.limits.work.templates_waiting", Integer(0, 10_000), "64", "Most evaluations that wait for their turn. Further ones get 503."),
    key("vestibule.limits.work.provider_requests", Integer(1, 1000), "16", "Most sign-ins at once that wait for one provider. Each provider has its own."),
    key("vestibule.limits.work.provider_requests_waiting", Integer(0, 10_000), "32", "Most sign-ins that wait for their turn at one provider. Further ones get 503."),
    key("vestibule.limits.work.patience", Duration, "2s", "How long a request waits for its turn before it gets 503."),
    // Storage
    key("dsn", Text, "", "Database: `sqlite://FILE`, `postgres://…` or `memory`; unset, a SQLite file in the data folder."),
    key("vestibule.cleanup.flows", Duration, "24h", "How long a form stays after its end; until then its browser is told that it ran out of time. A sign-up or sign-in that came back with messages stays for an hour at most."),
    key("vestibule.cleanup.sessions", Duration, "720h", "How long a session stays after its end."),
    key("vestibule.cleanup.messages", Duration, "720h", "How long a mail stays in the list."),
    key("vestibule.cleanup.deliveries", Duration, "168h", "How long a web hook's call stays in its log."),
    key("vestibule.cleanup.invitations", Duration, "720h", "How long an invitation stays in the list after its end."),
    key("vestibule.cleanup.errors", Duration, "168h", "How long an error can be read at its page."),
    // Identities
    key("identity.default_schema_id", Text, "default", "Identity schema of whoever signs up without naming one."),
    key("identity.schemas", Schemas, "", "Identity schemas: a list of `id`, `url` (`base64://`, `file://`, `https://`, `preset://email`, `preset://username`) and `selfservice_selectable`."),
    // Self-service
    key("selfservice.default_browser_return_url", Page, "", "Where a browser goes when nothing else says so; unset, to our own welcome page."),
    key("selfservice.allowed_return_urls", Texts, "[]", "Addresses that `return_to` may name."),
    key("selfservice.methods.password.enabled", Bool, "true", "Sign up and sign in with a password."),
    key("selfservice.methods.password.config.min_password_length", Integer(6, 1024), "8", "Fewest characters of a new password."),
    key("selfservice.methods.password.config.identifier_similarity_check_enabled", Bool, "true", "Refuse passwords that look like the person's own address or name."),
    key("selfservice.methods.password.config.haveibeenpwned_enabled", Bool, "true", "Refuse passwords known from data breaches."),
    key("selfservice.methods.password.config.haveibeenpwned_host", Text, "api.pwnedpasswords.com", "Host that answers the breach check over https, with a port where it needs one; it may stand in your own network. It only learns five characters of a digest."),
    key("selfservice.methods.password.config.max_breaches", COUNT, "0", "In how many breaches a password may have been seen."),
    key("selfservice.methods.password.config.ignore_network_errors", Bool, "true", "Let a password pass when the breach check cannot be asked."),
    key("vestibule.password.max_length", Integer(64, 4096), "1024", "Most characters of a password; longer ones are refused, never cut."),
    later("selfservice.methods.password.config.migrate_hook", Open, "", "Asking another system for a password at the first sign-in."),
    key("selfservice.methods.code.enabled", Bool, "true", "Prove an address by a code that is mailed to it."),
    key("selfservice.methods.code.config.lifespan", Duration, "10m", "How long a mailed code is good (Kratos: an hour)."),
    key("selfservice.methods.code.config.max_submissions", Integer(1, 100), "5", "How often a code may be tried before its form is replaced."),
    later("selfservice.methods.profile.enabled", Bool, "true", "The method as a whole."),
    key("selfservice.methods.oidc.enabled", Bool, "false", "Sign up and sign in through a provider: Google, GitHub, your own OpenID provider."),
    key("selfservice.methods.oidc.config.base_redirect_uri", BaseUrl, "", "Base of the addresses that providers send people back to; unset, the public base URL."),
    key("selfservice.methods.oidc.config.providers", Open, "", "Providers: a list of `id`, `provider`, `client_id`, `client_secret`, `issuer_url`, `mapper_url` and what `docs/social-sign-in.md` names."),
    key("vestibule.social.trusted_email_providers", Texts, "", "Ids of the providers whose word on an address counts as proof, as a list; unset, those whose kind checks addresses itself (google, github, gitlab, apple, discord, slack, linkedin_v2)."),
    key("vestibule.social.reusable_id_tokens", Texts, "", "Ids of the providers whose `id_token` an app may send more than once, as a list. The token of any other provider signs in once."),
    key("vestibule.social.require_fresh_sign_in", Texts, "", "Ids of the providers that have to say when the user signed in there (`auth_time`) where a fresh sign-in is asked for, as a list. A sign-in that is older is always refused; any other provider is believed where it says nothing."),
    key("vestibule.social.off", Texts, "", "Ids of providers that keep their place and are not offered, as a list."),
    key("vestibule.social.order", Texts, "", "Ids of the providers whose buttons come first, in that order; the others follow, sorted by id."),
    key("vestibule.social.buttons", Choice(&["last", "first"]), "last", "Where the providers' buttons stand on the hosted pages: below or above the form."),
    key("vestibule.social.deadline", Duration, "10s", "How long one request to a provider may take, all of it."),
    later("selfservice.methods.{link,totp,passkey,webauthn,lookup_secret}.enabled", Bool, "false", "The method as a whole.").ours(OFF, NOT_HERE),
    later("selfservice.methods.code.{passwordless_enabled,mfa_enabled}", Bool, "false", "Sign in by a code, as the first or the second factor.").ours(OFF, NOT_HERE),
    later("selfservice.methods.link.config.lifespan", Duration, "1h", "How long a link is good."),
    later("selfservice.methods.code.config.missing_credential_fallback_enabled", Bool, "false", "Sign in by code without a credential of that kind.").ours(OFF, NOT_HERE),
    later("selfservice.methods.link.config.base_url", Text, "", "Base URL of links in mails."),
    later("selfservice.methods.{totp,passkey,webauthn,b2b}.config", Open, "", "Settings of the method."),
    // Registration
    key("selfservice.flows.registration.enabled", Bool, "true", "Whether anybody can sign up."),
    key("selfservice.flows.registration.ui_url", Page, "", "Sign-up page; unset, our own."),
    key("selfservice.flows.registration.lifespan", Duration, "1h", "How long a sign-up form can be sent."),
    key("selfservice.flows.registration.login_hints", Bool, "false", "Tell whoever signs up with a taken address how that account signs in."),
    later("selfservice.flows.registration.style", Choice(&["profile_first", "unified"]), "profile_first", "Sign up in two steps or with one form.").ours(&["unified"], THERE),
    key("selfservice.flows.registration.enable_legacy_one_step", Bool, "false", "Kratos' older way to say `style: unified`; it wins over `style`."),
    key("selfservice.flows.registration.before.hooks", Hooks(Stage::Before), "", "What runs before a sign-up form is made."),
    key("selfservice.flows.registration.after.hooks", Hooks(Stage::AfterRegistration), "", "What runs after sign-up by a method without a list of its own."),
    key("selfservice.flows.registration.after.{password,code,oidc,passkey,webauthn}.hooks", Hooks(Stage::AfterRegistrationMethod), "", "What runs after sign-up by that method; replaces the flow's list."),
    key("selfservice.flows.registration.after.default_browser_return_url", Page, "", "Where a browser goes after sign-up."),
    key("selfservice.flows.registration.after.{password,code,oidc,passkey,webauthn}.default_browser_return_url", Page, "", "Where a browser goes after sign-up by that method."),
    // Login
    key("selfservice.flows.login.ui_url", Page, "", "Sign-in page; unset, our own."),
    key("selfservice.flows.login.lifespan", Duration, "1h", "How long a sign-in form can be sent."),
    later("selfservice.flows.login.style", Choice(&["unified", "identifier_first"]), "unified", "Ask for everything at once, or for the identifier first.").ours(&["unified"], THERE),
    key("selfservice.flows.login.before.hooks", Hooks(Stage::Before), "", "What runs before a sign-in form is made."),
    key("selfservice.flows.login.after.hooks", Hooks(Stage::AfterLogin), "", "What runs after sign-in by a method without a list of its own."),
    key("selfservice.flows.login.after.{password,code,totp,passkey,webauthn,lookup_secret}.hooks", Hooks(Stage::AfterLogin), "", "What runs after sign-in by that method; replaces the flow's list."),
    key("selfservice.flows.login.after.oidc.hooks", Hooks(Stage::AfterLoginOidc), "", "What runs after sign-in by a provider; replaces the flow's list."),
    key("selfservice.flows.login.after.default_browser_return_url", Page, "", "Where a browser goes after sign-in."),
    key("selfservice.flows.login.after.{password,code,oidc,totp,passkey,webauthn,lookup_secret}.default_browser_return_url", Page, "", "Where a browser goes after sign-in by that method."),
    // Verification
    key("selfservice.flows.verification.enabled", Bool, "false", "Send a code to the address of whoever signs up, and let people ask for another."),
    key("selfservice.flows.verification.ui_url", Page, "", "Page that takes the code; unset, our own."),
    key("selfservice.flows.verification.lifespan", Duration, "1h", "How long the form for a code can be sent."),
    key("selfservice.flows.verification.notify_unknown_recipients", Bool, "false", "Write to addresses that nobody has, so that whoever mistyped their own learns of it."),
    key("selfservice.flows.verification.after.default_browser_return_url", Page, "", "Where a browser goes when the address is proven."),
    key("selfservice.flows.verification.{before,after}.hooks", Hooks(Stage::Verification), "", "What runs before the form for a code is made, and after an address is proven."),
    // Other flows
    key("selfservice.flows.logout.after.default_browser_return_url", Page, "", "Where a browser goes after sign-out."),
    later("selfservice.flows.logout.clear_browser_data", Bool, "false", "Tell the browser to forget everything of the site at sign-out.").ours(OFF, NOT_HERE),
    key("selfservice.flows.error.ui_url", Page, "", "Page that shows errors; unset, our own."),
    later("selfservice.flows.recovery.enabled", Bool, "false", "The flow as a whole.").ours(OFF, NOT_HERE),
    later("selfservice.flows.{recovery,settings}.ui_url", Page, "", "Page of the flow."),
    later("selfservice.flows.{recovery,settings}.lifespan", Duration, "1h", "How long a form of the flow can be sent."),
    later("selfservice.flows.verification.use", USE, "code", "Prove an address by a code or by a link.").ours(&["code"], "codes prove addresses, and their mail has a link, too"),
    later("selfservice.flows.recovery.use", USE, "code", "Get back into an account by a code or by a link."),
    later("selfservice.flows.recovery.notify_unknown_recipients", Bool, "false", "Write to addresses that nobody has."),
    later("selfservice.flows.{recovery,settings}.{before,after}", Open, "", "What runs before and after the flow."),
    later("selfservice.flows.settings.privileged_session_max_age", Duration, "1h", "How fresh a sign-in must be for changing credentials."),
    later("selfservice.flows.settings.required_aal", AAL, "highest_available", "Assurance level that the settings flow asks for."),
    // Sessions and cookies
    key("session.lifespan", Duration, "24h", "How long a session lives."),
    key("session.cookie.name", Text, "ory_kratos_session", "Name of the session cookie."),
    key("session.cookie.persistent", Bool, "true", "Let the session cookie outlive the browser window."),
    key("session.cookie.domain", Text, "", "Domain of the session cookie; unset, as `cookies.domain`."),
    key("session.cookie.path", Text, "", "Path of the session cookie; unset, as `cookies.path`."),
    key("session.cookie.same_site", SAME_SITE, "", "`SameSite` of the session cookie; unset, as `cookies.same_site`."),
    key("session.cookie.secure", Flag, "", "`Secure` of the session cookie; unset, as `cookies.secure`."),
    later("session.whoami.required_aal", AAL, "highest_available", "Assurance level that whoami asks for.").ours(&["aal1"], "there is one assurance level so far, and whoami asks for it"),
    later("session.whoami.tokenizer.templates", Open, "", "Sessions as JSON Web Tokens."),
    later("session.earliest_possible_extend", Duration, "", "How early a session can be extended."),
    key("cookies.domain", Text, "", "Domain of cookies; unset, the host alone."),
    key("cookies.path", Text, "/", "Path of cookies."),
    key("cookies.same_site", SAME_SITE, "Lax", "`SameSite` of cookies."),
    key("cookies.secure", Flag, "", "`Secure` of cookies; unset, by the scheme of the public base URL."),
    // Secrets and hashes
    key("secrets.default", Secrets(16), "", "Signs and encrypts whatever has no secret of its own; unset, generated into the data folder. The first one writes, all of them read."),
    key("secrets.cookie", Secrets(16), "", "Signs cookies; unset, as `secrets.default`."),
    key("secrets.cipher", Secrets(32), "", "Encrypts what is stored, 32 characters each; unset, as `secrets.default`."),
    later("secrets.pagination", Secrets(16), "", "Encrypts page tokens."),
    key("hashers.algorithm", Choice(&["argon2", "bcrypt"]), "bcrypt", "How new passwords are hashed; others are hashed anew at the next sign-in."),
    key("hashers.argon2.memory", Memory, "19MB", "Memory of one argon2id hash (Kratos: 128MB). A number without a unit is not used: older versions of Kratos read it as KiB."),
    key("hashers.argon2.iterations", Integer(1, 1000), "2", "Passes of one argon2id hash (Kratos: 1)."),
    key("hashers.argon2.parallelism", Integer(1, 255), "1", "Lanes of one argon2id hash (Kratos: twice the number of processors)."),
    key("hashers.argon2.salt_length", Integer(16, 64), "16", "Bytes of salt."),
    key("hashers.argon2.key_length", Integer(16, 256), "32", "Bytes of the hash."),
    later("hashers.argon2.{expected_duration,expected_deviation}", Duration, "500ms", "Kratos' own measuring.").ours(WHATEVER, "`vestibule hash-bench` measures, and nothing else does"),
    later("hashers.argon2.dedicated_memory", Size, "1GB", "Kratos' own measuring.").ours(WHATEVER, "`vestibule hash-bench` measures, and nothing else does"),
    key("hashers.bcrypt.cost", Integer(4, 31), "12", "Work factor of bcrypt."),
    later("ciphers.algorithm", Choice(&["noop", "aes", "xchacha20-poly1305"]), "noop", "How stored secrets are encrypted."),
    // Log
    key("log.level", Choice(&["trace", "debug", "info", "warning", "error", "fatal", "panic"]), "info", "How much is logged."),
    key("log.format", Choice(&["text", "json"]), "text", "How it is written."),
    later("log.leak_sensitive_values", Bool, "false", "Log secrets; ours never does.").ours(OFF, "the log never holds secrets"),
    later("log.redaction_text", Text, "", "What stands in the log for a secret."),
    // Mail
    key("courier.smtp.connection_uri", Text, "", "Mail server: `smtp://USER:PASSWORD@HOST:587/` demands STARTTLS (`?disable_starttls=true` does without), `smtps://…` is TLS from the start."),
    key("courier.smtp.from_address", Text, "", "Sender of mails; unset, `no-reply` at the host of the public base URL."),
    key("courier.smtp.from_name", Text, "", "Name of the sender."),
    key("courier.smtp.local_name", Text, "localhost", "Name that the mail server is greeted with."),
    key("courier.smtp.headers", Open, "", "Further headers of every mail: names and texts."),
    key("courier.message_retries", Integer(0, 100), "5", "How often sending is tried again before a mail is given up."),
    key("courier.worker.pull_count", Integer(1, 1000), "10", "Mails taken from the queue at once."),
    key("courier.worker.pull_wait", Duration, "1s", "Pause between looks into the queue."),
    key("vestibule.courier.keep_bodies", Bool, "false", "Keep codes and links of sent mails readable in the admin API. For tests only."),
    key("vestibule.mailbox.enabled", Flag, "", "Keep mails in the console's mailbox instead of sending them; unset, when there is no mail server and every listener is on loopback."),
    // Outgoing requests
    key("clients.http.disallow_private_ip_ranges", Bool, "false", "Keep web hooks from private networks and this machine. Link-local and metadata addresses are refused always."),
    key("clients.http.private_ip_exception_urls", Texts, "[]", "Addresses that web hooks may call all the same, exactly as they stand in the hook."),
    key("clients.web_hook.header_allowlist", Texts, r#"["Accept","Accept-Encoding","Accept-Language","Content-Length","Content-Type","Origin","Priority","Referer","Sec-Ch-Ua","Sec-Ch-Ua-Mobile","Sec-Ch-Ua-Platform","Sec-Fetch-Dest","Sec-Fetch-Mode","Sec-Fetch-Site","Sec-Fetch-User","True-Client-Ip","User-Agent"]"#, "Headers of a person's request that a web hook's body may use."),
    // Not there yet
    later("courier.smtp.{client_cert_path,client_key_path}", Text, "", "Certificate to show to the mail server."),
    later("courier.delivery_strategy", Choice(&["smtp", "http"]), "smtp", "How messages leave.").ours(&["smtp"], "messages leave by SMTP"),
    later("courier.template_override_path", Text, "", "Folder with other texts of mails."),
    later("courier.{templates,http,channels}", Open, "", "Messages and where they go."),
    later("security.account_enumeration.mitigate", Bool, "false", "Answer alike whether or not an account exists.").ours(OFF, "it is off here, too; `vestibule.registration.prevent_enumeration` is the switch"),
    later("security.disallow_ref_in_identity_schemas", Bool, "false", "Refuse `$ref` in identity schemas.").ours(OFF, NOT_HERE),
    later("oauth2_provider.url", Text, "", "OAuth2 server that asks us who signs in."),
    later("oauth2_provider.headers", Open, "", "Headers for the OAuth2 server."),
    later("oauth2_provider.override_return_to", Bool, "false", "Return to where the OAuth2 request began.").ours(OFF, NOT_HERE),
    later("feature_flags.{cacheable_sessions,use_continue_with_transitions,choose_recovery_address,legacy_continue_with_verification_ui,legacy_require_verified_login_error,faster_session_extend,legacy_oidc_registration_node_group,legacy_allow_insecure_origins,refresh_login_choose_address}", Bool, "false", "Kratos' feature flags."),
    later("feature_flags.cacheable_sessions_max_age", Duration, "", "How long whoami may be cached."),
    later("feature_flags.password_profile_registration_node_group", Text, "", "Node group of traits."),
    later("database.cleanup", Open, "", "Kratos' cleaning of the database."),
    later("preview", Open, "", "Kratos' previews."),
    later("tracing", Open, "", "Traces to elsewhere."),
    later("enterprise", Open, "", "Of Kratos' enterprise edition."),
    later("organizations", Open, "", "Of Kratos' enterprise edition."),
    key("revision", Text, "", "A mark of yours, told back at `/admin/health/config`."),
    later("version", Text, "", "Version of Kratos that the file was written for.").ours(WHATEVER, "it says which Kratos the file was written for"),
    later("dev", Bool, "false", "Kratos' development mode.").ours(WHATEVER, "cookies are `Secure` when the base URL is https, and no check is switched off"),
    later("help", Bool, "false", "Switch of Kratos' command line.").ours(OFF, "Vestibule's command line has no such switch"),
    later("sqa-opt-out", Bool, "false", "Send Kratos' makers no statistics.").ours(WHATEVER, "nobody is sent any"),
    later("watch-courier", Bool, "false", "Send mails in the same process.").ours(WHATEVER, "the server sends its mails itself"),
    later("expose-metrics-port", COUNT, "0", "Switch of Kratos' command line."),
    later("config", Open, "", "Switch of Kratos' command line."),
];

/// Keys that unreleased versions knew under another name. A file or variable that still uses the old name is refused with the
/// new one: ignoring it would change who may sign in without a word.
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

/// The table with its alternatives spelt out.
pub(super) struct Registry {
    keys: BTreeMap<String, Key>,
    /// Paths of sections, such as `serve` and `serve.public`.
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
        // A section may be left with old names only: those are still refused with the new ones.
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

    /// The key that an environment variable stands for.
    pub(super) fn by_variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Names that may stand in the section `path`.
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

/// The environment variable of a key. `dsn` apart, keys of one word have none: `VERSION` or `CONFIG` in an environment
/// are rarely meant for us.
pub(super) fn variable(path: &str) -> Option<String> {
    (path.contains('.') || path == "dsn").then(|| path.to_uppercase().replace(['.', '-'], "_"))
}

/// The host that the breach check asks.
pub(crate) const BREACH_SERVICE: &str = "selfservice.methods.password.config.haveibeenpwned_host";

/// Whether a key does something in this version; the others are known and reported.
pub fn has_effect(path: &str) -> bool {
    REGISTRY.key(path).is_some_and(|key| key.state == State::Supported)
}

/// A key's default as the table has it; empty without one.
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
