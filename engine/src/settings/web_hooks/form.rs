//! What a form may ask for: every field with what is wrong with it, and the hook that a Save makes of it.

use super::names::{Secrets, Verdict, secret_name};
use crate::config::console_hooks::{Flow, MadeAuth, MadeHook, Outcome, Place, When};
use crate::config::hooks::signing_key;
use crate::config::{Config, scalars};
use crate::effects::{Reach, at_sight};
use crate::hooks::redact::is_secret;
use crate::model::MethodId;
use crate::secrets::{Change, reference};
use crate::settings::FieldError;
use crate::settings::addressees::origin;
use url::{Host, Url};

pub const ID: &str = "id";
pub const OUTCOME: &str = "outcome";
pub const METHODS: &str = "methods";
pub const URL: &str = "url";
pub const VERB: &str = "method";
pub const HEADERS: &str = "headers";
pub const BODY: &str = "body";
pub const AUTH: &str = "auth";

const HOSTS: &str = "vestibule.web_hooks.allowed_hosts";
const EXCEPTIONS: &str = "clients.http.private_ip_exception_urls";

/// HTTP methods that make sense.
pub const VERBS: [&str; 5] = ["POST", "PUT", "PATCH", "GET", "DELETE"];

/// On the starter nothing of the user's is there to write into, and a file with this key alone would not start.
const FILE_TO_MAKE: &str = "a configuration file (it replaces the built-in default configuration, so create it with \
 `vestibule config starter > vestibule.yml`, and use `--config vestibule.yml`)";

const MOVED: &str = "The address changed. Enter the secret again, so that it isn’t sent to another service.";

/// Letters of an id.
const LONGEST_ID: usize = 40;
/// Letters of everything else that is one line.
const LONGEST: usize = 2048;
/// Of a template.
const LONGEST_BODY: usize = 32 << 10;

/// Headers that are not for a person to set: those that say who we are, and those that HTTP itself needs.
const NOT_HERE: [&str; 8] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
];

/// The account as JSON, without anything of the request: no cookie, no header.
pub const ACCOUNT: &str = "function(ctx) {
  flow: { id: ctx.flow.id, type: ctx.flow.type },
  identity: if std.objectHas(ctx, 'identity') then ctx.identity else null,
}
";

/// As typed and chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    pub id: String,
    pub flow: Flow,
    pub when: When,
    pub outcome: Outcome,
    pub on: bool,
    /// None: every one.
    pub methods: Vec<MethodId>,
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    /// Jsonnet; empty: nothing is sent.
    pub body: String,
    pub auth: WantedAuth,
    /// Although the template fails with the sample.
    pub despite: bool,
}

/// How it shows who we are. `None` keeps the secret that is there.
#[derive(Clone, PartialEq)]
pub enum WantedAuth {
    Nothing,
    Basic { user: String, password: Option<String> },
    Key { place: Place, name: String, value: Option<String> },
    Signature(Signing),
}

#[derive(Clone, PartialEq)]
pub enum Signing {
    Keep,
    /// A new one, shown once.
    Make,
    /// One of the receiver's.
    Given(String),
}

/// Short, since it is a secret.
impl std::fmt::Debug for WantedAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            WantedAuth::Nothing => "Nothing",
            WantedAuth::Basic { .. } => "Basic(…)",
            WantedAuth::Key { .. } => "Key(…)",
            WantedAuth::Signature(_) => "Signature(…)",
        })
    }
}

/// Whether there are places where that method makes a difference.
pub fn is_for(method: MethodId) -> bool {
    let places = [(Flow::Registration, When::After), (Flow::Login, When::After)];
    places.into_iter().any(|(flow, when)| MadeHook::possible_methods(flow, when).contains(&method))
}

fn wrong(field: &'static str, message: impl Into<String>) -> FieldError {
    FieldError { field, message: message.into() }
}

/// All that is wrong with it by itself; whether its template can be read is for [`super::save`].
pub(super) fn problems(config: &Config, wanted: &Wanted) -> Vec<FieldError> {
    let mut found = Vec::new();
    found.extend(id(&wanted.id));
    if !MadeHook::possible_outcomes(wanted.flow, wanted.when).contains(&wanted.outcome) {
        found.push(wrong(OUTCOME, "Only a sign-up can change the account: choose something else."));
    }
    let possible = MadeHook::possible_methods(wanted.flow, wanted.when);
    if wanted.methods.iter().any(|method| !possible.contains(method)) {
        found.push(wrong(METHODS, "Methods make no difference there."));
    }
    if !VERBS.contains(&wanted.method.as_str()) {
        found.push(wrong(VERB, format!("Choose one of {}.", VERBS.join(", "))));
    }
    found.extend(url(config, &wanted.url));
    found.extend(headers(&wanted.headers));
    if !is_body(&wanted.body) {
        found.push(wrong(BODY, format!("A template is a text of {} kB at most.", LONGEST_BODY >> 10)));
    }
    found.extend(auth(&wanted.auth));
    found
}

pub(super) fn is_body(text: &str) -> bool {
    text.len() <= LONGEST_BODY && !text.contains('\0')
}

pub(super) fn is_id(text: &str) -> bool {
    let right = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.chars().all(right)
        && text.len() <= LONGEST_ID
}

fn id(text: &str) -> Option<FieldError> {
    let message = format!(
        "Use small letters, digits, `-` and `_`, {LONGEST_ID} at most, such as `crm`. It stays as it is: the log knows the hook by it."
    );
    (!is_id(text)).then(|| wrong(ID, message))
}

fn url(config: &Config, text: &str) -> Option<FieldError> {
    let Some(url) = scalars::web_url(text).filter(|_| text.len() <= LONGEST) else {
        return Some(wrong(URL, "Write the whole address, such as `https://crm.example.org/new`."));
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Some(wrong(
            URL,
            "Take user and password out: addresses stay in the history. Give them under Authentication.",
        ));
    }
    if let Some((name, _)) = url.query_pairs().find(|(name, _)| is_secret(name)) {
        return Some(wrong(
            URL,
            format!(
                "Take `{name}` out: it looks like a secret, and addresses stay in the history. Give it under Authentication."
            ),
        ));
    }
    unreachable(config, &url).map(|why| wrong(URL, why))
}

/// Where the list of hosts is written.
pub fn place_of_hosts(config: &Config) -> String {
    place_of(config, HOSTS)
}

fn place_of(config: &Config, key: &str) -> String {
    match (config.variable(key), config.layers.names()) {
        (Some(variable), _) => format!("the environment variable {variable}"),
        (None, Some(_)) => config.file_of(key),
        (None, None) => FILE_TO_MAKE.to_owned(),
    }
}

/// Why what the console made could not be called there, as far as can be seen before a name is looked up.
pub(in crate::settings) fn unreachable(config: &Config, url: &Url) -> Option<String> {
    let host = url.host_str().unwrap_or_default();
    if !config.vestibule.web_hook_hosts.has(url) {
        let way_out = match super::hosts(config).locked {
            None => "An owner can allow it on the page Webhooks.".to_owned(),
            Some(_) => format!("Add it to `{HOSTS}` in {}, and restart the server.", place_of_hosts(config)),
        };
        return Some(format!("Webhooks and providers created here may not call {host} yet. {way_out}"));
    }
    let reach = config.reach(url);
    let here =
        matches!(url.host(), Some(Host::Domain(name)) if name == "localhost" || name.ends_with(".localhost"));
    match (reach, at_sight(reach, url)) {
        (Reach::Nowhere | Reach::Elsewhere, Err(_)) => {
            Some(format!("{url} is an address of this very server, which it never calls."))
        }
        (Reach::Public, outcome) if outcome.is_err() || here => Some(format!(
            "{host} is a private address, and `clients.http.disallow_private_ip_ranges` keeps requests from those. Add {url} to \
             `{EXCEPTIONS}` in {}, and start the server again.",
            place_of(config, EXCEPTIONS)
        )),
        (_, Err(_)) => Some(format!(
            "{host} is an address that nothing here calls, such as those of a cloud's metadata."
        )),
        (_, Ok(())) => None,
    }
}

fn is_token(text: &str) -> bool {
    // RFC 9110 §5.6.2
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn is_line(text: &str) -> bool {
    !text.chars().any(char::is_control) && text.len() <= LONGEST
}

fn headers(headers: &[(String, String)]) -> Option<FieldError> {
    let mut seen: Vec<String> = Vec::new();
    for (name, value) in headers {
        let lower = name.to_ascii_lowercase();
        let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
        let why = if !is_token(name) {
            format!("`{shown}` is no name of a header. Write `Name: value`, one in each line.")
        } else if !is_line(value) {
            format!("The value of `{shown}` is not one line of text.")
        } else if NOT_HERE.contains(&lower.as_str()) {
            format!("`{shown}` cannot stand here. What shows who we are belongs under Authentication.")
        } else if is_secret(name) {
            format!(
                "`{shown}` looks like a secret, and headers stay in the history. Give it under Authentication."
            )
        } else if seen.contains(&lower) {
            format!("`{shown}` stands there twice.")
        } else {
            seen.push(lower);
            continue;
        };
        return Some(wrong(HEADERS, why));
    }
    None
}

fn auth(auth: &WantedAuth) -> Option<FieldError> {
    let why = match auth {
        WantedAuth::Basic { user, .. } if user.is_empty() || user.contains(':') || !is_line(user) => {
            "Write the user's name, without a colon."
        }
        WantedAuth::Basic { password: Some(secret), .. } | WantedAuth::Key { value: Some(secret), .. }
            if secret.is_empty() || !is_line(secret) =>
        {
            "The secret is not one line of text."
        }
        WantedAuth::Key { place, name, .. }
            if !is_token(name)
                || *place == Place::Header
                    && NOT_HERE.contains(&name.to_ascii_lowercase().as_str())
                    && !name.eq_ignore_ascii_case("authorization") =>
        {
            "Write the name of the header or cookie that the key goes into, such as `X-Api-Key`."
        }
        WantedAuth::Key { place: Place::Cookie, value: Some(secret), .. }
            if secret.contains([';', ',', ' ', '"', '\\']) =>
        {
            "A cookie cannot hold blanks, quotes, commas and semicolons."
        }
        WantedAuth::Signature(Signing::Given(secret)) if signing_key(secret).is_none() => {
            "This is no signing secret: it is `whsec_` and base64 of 24 to 64 random bytes. Or let one be made."
        }
        WantedAuth::Nothing
        | WantedAuth::Basic { .. }
        | WantedAuth::Key { .. }
        | WantedAuth::Signature(_) => return None,
    };
    Some(wrong(AUTH, why))
}

impl Wanted {
    /// The hook, and what happens to secrets. `was`: what is there; `last`: the highest place in its list; `made`: the new signing
    /// secret, if one is wanted.
    pub(super) fn made(
        &self,
        was: Option<&MadeHook>,
        last: u32,
        made: Option<&str>,
    ) -> Verdict<(MadeHook, Secrets)> {
        let before = was.and_then(|was| was.auth.as_ref());
        let moved = was.is_some_and(|was| origin(&was.url) != origin(&self.url));
        let (auth, mut secrets) = self.auth(before, moved, made).map_err(|problem| vec![problem])?;
        let stays: Vec<&str> = auth.iter().flat_map(MadeAuth::names).collect();
        let gone = before.into_iter().flat_map(MadeAuth::names).filter(|name| !stays.contains(name));
        secrets.extend(gone.map(|name| (name.to_owned(), Change::Destroy)));
        let order = match was {
            Some(was) if (was.flow, was.when) == (self.flow, self.when) => was.order,
            _ => last + 1,
        };
        let hook = MadeHook {
            flow: self.flow,
            when: self.when,
            outcome: self.outcome,
            on: self.on,
            order,
            method: self.method.clone(),
            url: self.url.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            auth,
            methods: self.methods.iter().map(|method| method.name().to_owned()).collect(),
        };
        Ok((hook, secrets))
    }

    /// `moved`: calls go elsewhere from now on.
    fn auth(
        &self,
        was: Option<&MadeAuth>,
        moved: bool,
        made: Option<&str>,
    ) -> Result<(Option<MadeAuth>, Secrets), FieldError> {
        let name = |member: &str| secret_name(&self.id, member);
        let (member, value, kept, missing) = match &self.auth {
            WantedAuth::Nothing => return Ok((None, Vec::new())),
            WantedAuth::Signature(Signing::Keep) => {
                let kept = was.filter(|was| matches!(was, MadeAuth::StandardWebhooks { .. }));
                let missing =
                    || wrong(AUTH, "There is no signing secret yet: let one be made, or paste yours.");
                return kept.cloned().map(|auth| (Some(auth), Vec::new())).ok_or_else(missing);
            }
            WantedAuth::Basic { password, .. } => (
                "password",
                password.as_deref(),
                matches!(was, Some(MadeAuth::BasicAuth { .. })),
                "Enter the password.",
            ),
            WantedAuth::Key { value, .. } => {
                ("value", value.as_deref(), matches!(was, Some(MadeAuth::ApiKey { .. })), "Enter the key.")
            }
            WantedAuth::Signature(Signing::Given(secret)) => ("signature", Some(secret.as_str()), false, ""),
            WantedAuth::Signature(Signing::Make) => ("signature", made, false, "No secret could be made."),
        };
        let name = name(member);
        let secrets = match value {
            Some(value) => vec![(name.clone(), Change::Put(value.to_owned()))],
            // Whoever changes where a secret is sent has to know it: else anybody could have it sent to themselves.
            None if kept && moved => return Err(wrong(AUTH, MOVED)),
            None if kept => Vec::new(),
            None => return Err(wrong(AUTH, missing)),
        };
        let secret = reference(&name);
        let auth = match &self.auth {
            WantedAuth::Basic { user, .. } => MadeAuth::BasicAuth { user: user.clone(), password: secret },
            WantedAuth::Key { place, name, .. } => {
                MadeAuth::ApiKey { place: *place, name: name.clone(), value: secret }
            }
            WantedAuth::Signature(_) | WantedAuth::Nothing => {
                MadeAuth::StandardWebhooks { secrets: vec![secret] }
            }
        };
        Ok((Some(auth), secrets))
    }
}
