//! Hooks in `selfservice.flows.*.{before,after}.hooks`, checked when the configuration is read. Allowed places: Kratos
//! embedx/config.schema.json.

use super::scalars::{Wrong, web_url};
use super::schemas;
use super::secret_reference::name_in;
use crate::secret::Secret;
use serde_json::Value;
use std::sync::Arc;
use url::Url;

#[derive(Clone, PartialEq, Debug)]
pub enum Hook {
    /// Hands the session over; runs last wherever it stands (Kratos: driver/registry_default_hooks.go).
    Session,
    ShowVerificationUi,
    Verification,
    RequireVerifiedAddress,
    RevokeActiveSessions,
    /// Asks or informs another service.
    WebHook(Arc<WebHook>),
    /// Settings: a new address takes the place of the old one when it is verified (Kratos: selfservice/hook/verify_new_address.go).
    VerifyNewAddress,
    /// Settings: addresses that the account had learn of a change.
    NotifyPreviousAddresses(Recipients),
    /// The place is kept; reported as not running.
    B2bSso,
}

/// Whom the hook `notify_previous_addresses` writes to (Kratos: selfservice/hook/notify_previous_addresses.go).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Recipients {
    /// Addresses that the account has no longer.
    #[default]
    Removed,
    /// Those that were verified before the change.
    AllVerified,
    All,
}

/// `hook: web_hook`, checked (Kratos: request/config.go, selfservice/hook/web_hook.go).
#[derive(Clone, PartialEq, Debug)]
pub struct WebHook {
    /// Its `id`, or host and path of its address: for logs and pages.
    pub name: String,
    pub id: Option<String>,
    pub url: Url,
    pub method: String,
    pub headers: Vec<(String, String)>,
    /// `None`: nothing is sent (Kratos: refused when it runs, unless the method is TRACE).
    pub body: Option<Template>,
    pub auth: Option<Auth>,
    pub response: Response,
    /// `emit_analytics_event`: ids of the call and of what caused it go along as headers.
    pub ids: bool,
    /// Made in the console: it calls hosts of `vestibule.web_hooks.allowed_hosts` alone.
    pub from_console: bool,
}

/// Where the Jsonnet of a body comes from.
#[derive(Clone, PartialEq, Debug)]
pub enum Template {
    Source(String),
    /// Fetched when it is needed.
    Remote(Url),
}

#[derive(Clone, PartialEq)]
pub enum Auth {
    /// Passwords, values and secrets may stand here by name: [`crate::secrets::opened`] has them when the call is made.
    Basic {
        user: String,
        password: Secret,
    },
    Header {
        name: String,
        value: Secret,
    },
    Cookie {
        name: String,
        value: Secret,
    },
    /// Ours: a signature over id, time and body after the Standard Webhooks convention, by each secret.
    Signature {
        /// As configured: a [`signing_key`], or what names one.
        secrets: Vec<Secret>,
    },
}

/// Short, since it is a secret.
impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Auth::Basic { .. } => "Basic(…)",
            Auth::Header { .. } => "Header(…)",
            Auth::Cookie { .. } => "Cookie(…)",
            Auth::Signature { .. } => "Signature(…)",
        })
    }
}

/// What its answer can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Response {
    /// Nothing; the call runs in the background.
    Ignored,
    /// The person waits, and a failure is shown to them. Where an account is made it exists by then.
    Awaited,
    /// It may stop the flow with messages for the form; runs before anything is stored.
    Interrupts,
    /// The same, and it may change the account.
    Changes,
}

impl WebHook {
    /// Stays the same when what is sent or shown changes: its `id`, or method and address without what follows `?`. Queue and log
    /// know a hook by it.
    pub fn key(&self) -> String {
        match &self.id {
            Some(id) => format!("id:{id}"),
            None => {
                let mut url = self.url.clone();
                url.set_query(None);
                // Neither fails for an address with a host.
                let _ = url.set_username("");
                let _ = url.set_password(None);
                format!("{} {url}", self.method)
            }
        }
    }

    /// Whether it may stop what is going on, and so has to run before that is stored.
    pub fn blocks(&self) -> bool {
        self.response.blocks()
    }
}

impl Response {
    fn blocks(self) -> bool {
        matches!(self, Response::Interrupts | Response::Changes)
    }
}

/// The member of an entry's `config` that marks what the console made.
pub(super) const FROM_CONSOLE: &str = "made_in_console";

/// What Kratos' schema refuses in the list of a whole sign-up and allows in those of its methods. The first runs last.
pub(super) const METHODS_ONLY: [&str; 2] = ["session", "show_verification_ui"];

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
    /// `verification.before.hooks`, `verification.after.hooks` and `recovery.before.hooks`
    Verification,
    /// `recovery.after.hooks`
    AfterRecovery,
    /// `settings.after.hooks`
    AfterSettings,
    /// `settings.after.<method>.hooks`
    AfterSettingsMethod,
    /// `settings.after.profile.hooks`
    AfterSettingsProfile,
}

impl Stage {
    pub(super) fn allowed(self) -> &'static [&'static str] {
        match self {
            // The flow-level lists share one definition in Kratos' schema, `before` included.
            Stage::Before | Stage::AfterRegistration | Stage::AfterSettings => &["web_hook", "b2b_sso"],
            Stage::Verification => &["web_hook"],
            Stage::AfterRecovery => &["web_hook", "revoke_active_sessions"],
            Stage::AfterSettingsMethod => &["web_hook", "revoke_active_sessions"],
            Stage::AfterSettingsProfile => &[
                "web_hook",
                "show_verification_ui",
                "verify_new_address",
                "notify_previous_addresses",
                "b2b_sso",
            ],
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
            Hook::VerifyNewAddress => "verify_new_address",
            Hook::NotifyPreviousAddresses(_) => "notify_previous_addresses",
            Hook::B2bSso => "b2b_sso",
        }
    }

    /// The name, and for a webhook its target.
    pub fn title(&self) -> String {
        if let Hook::WebHook(hook) = self {
            format!("web_hook {}", hook.name)
        } else {
            self.name().to_owned()
        }
    }

    /// Whether it does something today; the others keep their place and are reported.
    pub(super) fn runs(&self) -> bool {
        match self {
            Hook::Session
            | Hook::ShowVerificationUi
            | Hook::Verification
            | Hook::RequireVerifiedAddress
            | Hook::RevokeActiveSessions
            | Hook::VerifyNewAddress
            | Hook::NotifyPreviousAddresses(_)
            | Hook::WebHook(_) => true,
            Hook::B2bSso => false,
        }
    }

    /// One entry of a list, such as `{"hook": "session"}`.
    pub(super) fn read(stage: Stage, entry: &Value) -> Result<Self, Wrong> {
        let Some(name) = entry.get("hook").and_then(Value::as_str) else {
            return Err(Wrong::new(
                "the entry has no hook name",
                format!("`hook:` with one of {}", stage.allowed().join(", ")),
            ));
        };
        if !stage.allowed().contains(&name) {
            return Err(match (name, stage) {
                ("session" | "show_verification_ui", Stage::AfterRegistration) => Wrong::new(
                    format!("`{name}` isn't allowed in the flow-level hooks"),
                    format!(
                        "the same entry in the method hooks, for example `registration.after.password.hooks: [{{hook: {name}}}]`"
                    ),
                ),
                ("session", Stage::AfterLogin | Stage::AfterLoginOidc) => {
                    Wrong::new("sign-in issues a session without a hook", "nothing: remove the entry")
                }
                _ => Wrong::new(
                    format!("`{name}` isn't allowed in this list"),
                    format!("one of {}, or remove the entry", stage.allowed().join(", ")),
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
            "verify_new_address" => Hook::VerifyNewAddress,
            "notify_previous_addresses" => Hook::NotifyPreviousAddresses(recipients(config)?),
            "b2b_sso" => Hook::B2bSso,
            _ => Hook::WebHook(Arc::new(web_hook(config)?)),
        })
    }
}

fn recipients(config: Option<&Value>) -> Result<Recipients, Wrong> {
    match config.and_then(|config| config.get("recipients")).filter(|given| !given.is_null()) {
        None => Ok(Recipients::default()),
        Some(given) => match given.as_str() {
            Some("removed") => Ok(Recipients::Removed),
            Some("all_verified") => Ok(Recipients::AllVerified),
            Some("all") => Ok(Recipients::All),
            Some(_) | None => Err(Wrong::new(
                "`config.recipients` is unknown",
                "one of `removed`, `all_verified` and `all`",
            )),
        },
    }
}

fn web_hook(config: Option<&Value>) -> Result<WebHook, Wrong> {
    let example = "`config: {url: \"https://crm.example.org/new\", method: POST}`";
    let Some(config) = config.filter(|config| config.is_object()) else {
        return Err(Wrong::new("the webhook has no `config`", example));
    };
    let text = |name: &str| config.get(name).and_then(Value::as_str);
    let Some(url) = text("url").and_then(web_url) else {
        return Err(Wrong::new("`config.url` is not an absolute http or https URL", example));
    };
    let Some(method) = text("method").map(str::to_ascii_uppercase) else {
        return Err(Wrong::new("`config.method` is missing", example));
    };
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(Wrong::new("`config.method` is not an HTTP method", example));
    }
    let response = response(config)?;
    let id = text("id").filter(|id| !id.is_empty()).map(str::to_owned);
    let name = id.clone().unwrap_or_else(|| format!("{}{}", url.host_str().unwrap_or_default(), url.path()));
    Ok(WebHook {
        name,
        id,
        method,
        headers: headers(config.get("headers"))?,
        body: text("body").filter(|body| !body.is_empty()).map(template).transpose()?,
        auth: config.get("auth").filter(|auth| !auth.is_null()).map(auth).transpose()?,
        response,
        ids: config.get("emit_analytics_event").and_then(Value::as_bool).unwrap_or(true),
        from_console: config.get(FROM_CONSOLE).and_then(Value::as_bool).unwrap_or_default(),
        url,
    })
}

/// A gateway of the courier, which is described as a webhook is: url, method, headers, body and auth (Kratos: request/config.go).
/// `name`: for logs.
pub(super) fn gateway(name: &str, config: &Value) -> Result<WebHook, Wrong> {
    let hook = web_hook(Some(config)).map_err(|wrong| Wrong {
        what: wrong
            .what
            .replace("`config.", "`")
            .replace("the webhook has no `config`", "this is no request"),
        instead: wrong.instead.replace("`config: {", "`request_config: {"),
        at: wrong.at,
    })?;
    Ok(WebHook {
        name: name.to_owned(),
        id: None,
        response: Response::Awaited,
        ids: false,
        from_console: false,
        ..hook
    })
}

fn response(config: &Value) -> Result<Response, Wrong> {
    let on = |pointer: &str| config.pointer(pointer).and_then(Value::as_bool) == Some(true);
    Ok(match (on("/response/ignore"), on("/response/parse"), on("/can_interrupt")) {
        (true, true, _) | (true, _, true) => {
            return Err(Wrong::new(
                "a response can't be both ignored and parsed",
                "one of `response.ignore` and `response.parse`, not both",
            ));
        }
        (true, false, false) => Response::Ignored,
        (false, true, _) => Response::Changes,
        (false, false, true) => Response::Interrupts,
        (false, false, false) => Response::Awaited,
    })
}

/// Whether an entry of a file is a webhook that can block a sign-up.
pub(super) fn may_stop(entry: &Value) -> bool {
    entry.get("hook").and_then(Value::as_str) == Some("web_hook")
        && entry.get("config").and_then(|config| response(config).ok()).is_some_and(Response::blocks)
}

fn headers(value: Option<&Value>) -> Result<Vec<(String, String)>, Wrong> {
    let members = value.and_then(Value::as_object).into_iter().flatten();
    let pairs = members.map(|(name, value)| {
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        match value.as_str() {
            // RFC 9110 §5.1, §5.5
            Some(text)
                if !name.is_empty() && name.bytes().all(token) && !text.contains(['\r', '\n', '\0']) =>
            {
                Ok((name.clone(), text.to_owned()))
            }
            Some(_) | None => Err(Wrong::new(
                format!("`config.headers.{name}` is not a valid header"),
                "a header name and a value of one line",
            )),
        }
    });
    pairs.collect()
}

/// Kratos takes `http(s)://`, `file://`, `base64://`, and an older bare path.
fn template(address: &str) -> Result<Template, Wrong> {
    if address.starts_with("http://") || address.starts_with("https://") {
        return web_url(address).map(Template::Remote).ok_or_else(|| {
            Wrong::new("`config.body` is not a supported URL", "`base64://…`, `file://…` or `https://…`")
        });
    }
    let address = match address.contains("://") {
        true => address.to_owned(),
        false => format!("file://{address}"),
    };
    let source = schemas::text(&address).map_err(|wrong| {
        Wrong::new(format!("`config.body`: {}", wrong.what), "`base64://…` or `file://…`")
    })?;
    if let Some(what) = crate::effects::templates::unreadable(&source) {
        let what = format!("`config.body` is not a Jsonnet template: {what}");
        return Err(Wrong::new(what, "a template, for example `function(ctx) { id: ctx.identity.id }`"));
    }
    Ok(Template::Source(source))
}

fn auth(value: &Value) -> Result<Auth, Wrong> {
    let kinds = "`type:` with one of `basic_auth`, `api_key` and `standard_webhooks`";
    let text = |name: &str| {
        value.pointer(&format!("/config/{name}")).and_then(Value::as_str).map(str::to_owned).ok_or_else(
            || {
                Wrong::new(
                    format!("`config.auth.config.{name}` is missing"),
                    format!("`{name}:` with a value"),
                )
            },
        )
    };
    match value.get("type").and_then(Value::as_str) {
        Some("basic_auth") => Ok(Auth::Basic { user: text("user")?, password: text("password")?.into() }),
        Some("api_key") => {
            let (name, value) = (text("name")?, text("value")?.into());
            match text("in")?.as_str() {
                "header" => Ok(Auth::Header { name, value }),
                "cookie" => Ok(Auth::Cookie { name, value }),
                _ => Err(Wrong::new("`config.auth.config.in` is invalid", "`header` or `cookie`")),
            }
        }
        Some("standard_webhooks") => {
            let secrets = value.pointer("/config/secrets").and_then(Value::as_array).into_iter().flatten();
            let usable = |secret: &&str| name_in(secret).is_some() || signing_key(secret).is_some();
            let secrets: Vec<Secret> =
                secrets.filter_map(Value::as_str).filter(usable).map(Secret::from).collect();
            if secrets.is_empty() || secrets.len() > 2 {
                return Err(Wrong::new(
                    "`config.auth.config.secrets` has no usable secret, or more than two",
                    "one secret, or the new and the old one: `whsec_` and base64 of 24 to 64 random bytes",
                ));
            }
            Ok(Auth::Signature { secrets })
        }
        Some(_) | None => Err(Wrong::new("`config.auth.type` is unknown", kinds)),
    }
}

/// `whsec_` and base64 of 24 to 64 bytes (Standard Webhooks specification, "Signature scheme").
pub fn signing_key(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    let encoded = text.strip_prefix("whsec_").unwrap_or(text);
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).ok()?;
    (24..=64).contains(&bytes.len()).then_some(bytes)
}
