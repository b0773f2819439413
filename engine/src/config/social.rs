//! `selfservice.methods.oidc` and `vestibule.social`: the providers. Keys are Kratos' (Kratos: embedx/config.schema.json,
//! selfServiceOIDCProvider). The `Debug` of secrets doesn't show them.

pub use crate::secret::Secret;

use super::Template;
pub(crate) use super::provider_keys::ADDRESSES;
pub(super) use super::provider_keys::ADDRESSES_FROM_CONSOLE;
pub use super::provider_keys::{
    BUTTONS, ENABLED, LIST, OFF, ORDER, REQUIRE_FRESH_SIGN_IN, REUSABLE_ID_TOKENS, TRUSTED_EMAIL_PROVIDERS,
};
use super::providers::{self, Kind, Profile};
use super::reader::Reader;
use super::scalars::{Wrong, web_url};
use super::schemas;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

#[derive(Clone, Debug)]
pub struct SocialKeys {
    pub enabled: bool,
    /// In the order of the configuration; forms sort them: see [`SocialKeys::in_order`].
    pub providers: Vec<Arc<Provider>>,
    /// Ids of those that keep their place and are not offered.
    pub off: Vec<String>,
    /// Ids of those whose buttons come first, in that order.
    pub order: Vec<String>,
    /// `base_redirect_uri`, without a slash at the end.
    pub redirect_base: String,
    /// For each request to a provider, all of it.
    pub deadline: Duration,
    /// Buttons stand above the form.
    pub buttons_first: bool,
}

/// One entry of `selfservice.methods.oidc.config.providers`.
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    pub id: String,
    pub kind: &'static Kind,
    /// On the button.
    pub label: String,
    pub client_id: String,
    pub client_secret: Secret,
    /// With it the provider is discovered.
    pub issuer: Option<Url>,
    /// What `iss` has to be, letter by letter: an address as a text loses or gains a slash when it is parsed.
    pub issuer_text: String,
    pub auth_url: Option<Url>,
    pub token_url: Option<Url>,
    pub userinfo_url: Option<Url>,
    pub scope: Vec<String>,
    pub mapper: Template,
    /// The parameter `claims`.
    pub requested_claims: Option<Value>,
    pub additional_audiences: Vec<String>,
    /// Claims come from the userinfo endpoint and not from the id_token.
    pub from_userinfo: bool,
    pub pkce: Pkce,
    pub update_on_login: bool,
    /// Its verified emails are trusted.
    pub vouches: bool,
    /// An app may send one of its id_tokens more than once.
    pub reusable_id_tokens: bool,
    /// It has to report when the user signed in there, if users have to sign in again.
    pub fresh_sign_in_required: bool,
    /// An account with the same email is linked automatically, if both sides verified it.
    pub links_by_itself: bool,
    pub apple: Option<Apple>,
    pub subject_source: SubjectSource,
    /// The console wrote where it is asked: only hosts of `vestibule.web_hooks.allowed_hosts` are.
    pub addresses_from_console: bool,
}

/// What Apple's client secret is signed with.
#[derive(Clone, Debug, PartialEq)]
pub struct Apple {
    pub team: String,
    pub key_id: String,
    pub key: Secret,
}

/// Which of Microsoft's IDs identifies the user (Kratos: `subject_source`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SubjectSource {
    /// `sub`: another one for each app.
    Token,
    /// `oid`: the same for all apps of a tenant.
    Object,
    /// `id` of the person's document at Microsoft Graph.
    Graph,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pkce {
    /// Where the provider says that it knows it.
    Auto,
    Never,
    /// Always, and with a redirect URI that names no provider.
    Force,
}

impl Provider {
    /// Whether it signs its word. One without an issuer has nothing to be held to.
    pub fn signs(&self) -> bool {
        self.kind.signs() && self.issuer.is_some()
    }

    /// Whether the address is one that the provider gives for itself, at another host than that of its issuer.
    pub(super) fn only_says(&self, url: &Url) -> bool {
        let Some(issuer) = &self.issuer else { return false };
        let configured = [&self.token_url, &self.userinfo_url].into_iter().flatten().any(|own| own == url);
        !configured && issuer.host_str() != url.host_str()
    }
}

impl SocialKeys {
    /// A provider that users can use.
    pub fn provider(&self, id: &str) -> Option<&Arc<Provider>> {
        self.configured(id).filter(|_| self.enabled && !self.is_off(id))
    }

    /// One that is there, offered or not.
    pub fn configured(&self, id: &str) -> Option<&Arc<Provider>> {
        self.providers.iter().find(|provider| provider.id == id)
    }

    pub fn is_off(&self, id: &str) -> bool {
        self.off.iter().any(|off| off == id)
    }

    /// Those whose buttons are shown.
    pub fn offered(&self) -> Vec<&Arc<Provider>> {
        let mut all: Vec<_> =
            self.providers.iter().filter(|one| self.enabled && !self.is_off(&one.id)).collect();
        all.sort_by_cached_key(|one| self.place(&one.id));
        all
    }

    /// All of them in the order of the buttons.
    pub fn in_order(&self) -> Vec<&Arc<Provider>> {
        let mut all: Vec<_> = self.providers.iter().collect();
        all.sort_by_cached_key(|one| self.place(&one.id));
        all
    }

    /// Those that are named come first; the rest is sorted by id, as Kratos sorts them.
    pub fn place(&self, id: &str) -> (usize, String) {
        let named = self.order.iter().position(|named| named == id);
        (named.unwrap_or(usize::MAX), id.to_owned())
    }

    /// The redirect URI, which has to be entered exactly at the provider.
    pub fn redirect_uri(&self, provider: &Provider) -> String {
        self.redirect_uri_of(&provider.id, provider.pkce)
    }

    /// The same for one that is not there yet.
    pub fn redirect_uri_of(&self, id: &str, pkce: Pkce) -> String {
        let base = &self.redirect_base;
        match pkce {
            Pkce::Force => format!("{base}/self-service/methods/oidc/callback"),
            Pkce::Auto | Pkce::Never => format!("{base}/self-service/methods/oidc/callback/{id}"),
        }
    }
}

pub(super) fn read(reader: &mut Reader<'_, '_>, public_base: &str) -> SocialKeys {
    let enabled = reader.boolean(ENABLED);
    let base = reader.optional("selfservice.methods.oidc.config.base_redirect_uri");
    let named = reader.value(TRUSTED_EMAIL_PROVIDERS).map(|_| reader.texts(TRUSTED_EMAIL_PROVIDERS));
    let (reusable, fresh) = (reader.texts(REUSABLE_ID_TOKENS), reader.texts(REQUIRE_FRESH_SIGN_IN));
    let mut providers = Vec::new();
    let mut ids = BTreeSet::new();
    let entries = reader.value(LIST).unwrap_or_default();
    let all_ids: BTreeSet<String> = entries
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.get("id")?.as_str()?.to_owned()))
        .collect();
    for (index, entry) in entries.as_array().into_iter().flatten().enumerate() {
        let path = format!("{LIST}[{index}]");
        // As an environment variable leaves it that nobody filled in: Kratos starts with it.
        if entry.get("client_id").and_then(Value::as_str) == Some("") {
            reader.findings.note(&format!("{path}.client_id"), "empty, so the provider gets no button");
            continue;
        }
        match provider(entry) {
            Ok(Some(mut provider)) => {
                if !ids.insert(provider.id.clone()) {
                    reader.findings.problem(
                        &format!("{path}.id"),
                        format!("duplicate ID `{}`", provider.id),
                        "a unique ID for each provider",
                    );
                }
                provider.vouches = match &named {
                    Some(named) => named.contains(&provider.id),
                    None => provider.kind.vouches,
                };
                provider.reusable_id_tokens = reusable.contains(&provider.id);
                provider.fresh_sign_in_required = fresh.contains(&provider.id);
                if provider.links_by_itself {
                    reader.findings.note(
                        &format!("{path}.account_linking_mode"),
                        "accounts with the same verified email are linked automatically: anyone who controls the email at this provider gets the account",
                    );
                    if !provider.vouches {
                        reader.findings.note(
                            &format!("{path}.account_linking_mode"),
                            "`automatic` has no effect: the provider is not in `vestibule.social.trusted_email_providers`",
                        );
                    }
                }
                providers.push(Arc::new(provider));
            }
            Ok(None) => {
                let name = entry["provider"].as_str().unwrap_or_default();
                let why = absent(name).unwrap_or_default();
                reader.findings.note(
                    &path,
                    format!("the provider `{name}` isn't supported, so it gets no button: {why}"),
                );
            }
            Err((member, wrong)) => {
                let path = if member.is_empty() { path } else { format!("{path}.{member}") };
                reader.findings.problem(&path, wrong.what, wrong.instead);
            }
        }
    }
    let (off, order) = (reader.texts(OFF), reader.texts(ORDER));
    let lists = [
        (TRUSTED_EMAIL_PROVIDERS, named.as_deref().unwrap_or_default()),
        (REUSABLE_ID_TOKENS, &reusable),
        (REQUIRE_FRESH_SIGN_IN, &fresh),
        (OFF, &off),
        (ORDER, &order),
    ];
    for (key, list) in lists {
        for id in list.iter().filter(|id| !all_ids.contains(*id)) {
            reader.findings.note(key, format!("unknown provider `{id}`"));
        }
    }
    if enabled && providers.is_empty() {
        reader.findings.note(ENABLED, "the method is on, but no provider is configured");
    }
    SocialKeys {
        enabled,
        providers,
        off,
        order,
        redirect_base: base.as_deref().unwrap_or(public_base).trim_end_matches('/').to_owned(),
        deadline: reader.lifespan("vestibule.social.deadline"),
        buttons_first: reader.text(BUTTONS) == "first",
    }
}

type Member = &'static str;

/// An entry that isn't active, for example one that is being edited.
pub(crate) fn unsaved(entry: &Value) -> Option<Provider> {
    provider(entry).ok().flatten()
}

/// Why one of Kratos' providers is not there.
fn absent(name: &str) -> Option<&'static str> {
    providers::ABSENT.iter().find(|(absent, _)| *absent == name).map(|(_, why)| *why)
}

/// `Ok(None)`: one of Kratos' that is not there.
fn provider(entry: &Value) -> Result<Option<Provider>, (Member, Wrong)> {
    let example = "an entry, for example `{id: google, provider: google, client_id: …, client_secret: …, mapper_url: \"base64://…\"}`";
    if !entry.is_object() {
        return Err(("", Wrong::new("not a provider", example)));
    }
    let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let demanded = |name: Member| {
        text(name)
            .map(str::to_owned)
            .ok_or_else(|| (name, Wrong::new(format!("`{name}` is missing"), example)))
    };
    let address = |name: Member| match text(name) {
        None => Ok(None),
        Some(given) => web_url(given)
            .map(Some)
            .ok_or_else(|| (name, Wrong::new("not an absolute http or https URL", "`https://…`"))),
    };
    let texts = |name: &str| -> Option<Vec<String>> {
        let list = entry.get(name)?.as_array()?;
        Some(list.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect())
    };
    let id = demanded("id")?;
    // It stands in a path and before a colon in the identifiers of credentials.
    if id.len() > 64 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return Err(("id", Wrong::new("invalid ID", "at most 64 letters, digits, `-`, `_` and `.`")));
    }
    let name = demanded("provider")?;
    let Some(kind) = providers::kind(&name) else {
        if absent(&name).is_some() {
            return Ok(None);
        }
        let known =
            providers::KINDS.iter().map(|kind| format!("`{}`", kind.name)).collect::<Vec<_>>().join(", ");
        return Err((
            "provider",
            Wrong::new(format!("unknown provider `{name}`"), format!("one of {known}")),
        ));
    };
    let client_id = demanded("client_id")?;
    let (mut auth_url, mut token_url, mut userinfo_url) =
        (address("auth_url")?, address("token_url")?, address("userinfo_url")?);
    let fixed = |text: &'static str| web_url(text).filter(|_| !text.is_empty());
    let issuer_text = match (text("issuer_url").filter(|_| kind.has_issuer()), kind.issuer) {
        (Some(given), _) => given.to_owned(),
        (None, "https://login.microsoftonline.com/{tenant}/v2.0") => {
            kind.issuer.replace("{tenant}", text("microsoft_tenant").unwrap_or("common"))
        }
        (None, fixed) => fixed.to_owned(),
    };
    let unusable = || ("issuer_url", Wrong::new("not an absolute http or https URL", "`https://…`"));
    let mut issuer = match issuer_text.as_str() {
        "" => None,
        text => Some(web_url(text).ok_or_else(unusable)?),
    };
    let endpoints = auth_url.is_some() && token_url.is_some() && userinfo_url.is_some();
    if kind.needs_issuer() && issuer.is_none() && !(kind.profile == Profile::Token && endpoints) {
        let instead = match kind.name {
            "generic" => {
                "`issuer_url: https://…`; for OAuth 2.0 without OpenID Connect `auth_url`, `token_url` and `userinfo_url`"
            }
            _ => "`issuer_url: https://…`",
        };
        return Err(("issuer_url", Wrong::new("the provider has no issuer", instead)));
    }
    if kind.needs_addresses() && !(auth_url.is_some() && token_url.is_some()) {
        let member = if auth_url.is_none() { "auth_url" } else { "token_url" };
        return Err((member, Wrong::new(format!("`{member}` is missing"), format!("`{member}: https://…`"))));
    }
    if let Profile::Below(paths) = kind.profile {
        let base = issuer_text.trim_end_matches('/');
        let [auth, token, userinfo] = paths.map(|path| web_url(&format!("{base}/{path}")));
        (auth_url, token_url, userinfo_url) =
            (auth_url.or(auth), token_url.or(token), userinfo_url.or(userinfo));
        // What is there speaks OAuth2 alone: it names itself and signs nothing.
        issuer = None;
    }
    let mapper = demanded("mapper_url")?;
    let mapper = mapper_at(&mapper, kind).map_err(|wrong| ("mapper_url", wrong))?;
    let mut scope =
        texts("scope").unwrap_or_else(|| kind.scope.iter().map(|&scope| scope.to_owned()).collect());
    if issuer.is_some() && !scope.iter().any(|scope| scope == "openid") {
        scope.insert(0, "openid".to_owned());
    }
    let one_of = |name: Member, known: &'static [&'static str]| match text(name) {
        None => Ok(known.first().copied().unwrap_or_default()),
        Some(given) => known.iter().copied().find(|known| *known == given).ok_or_else(|| {
            (name, Wrong::new(format!("unknown value `{given}`"), format!("one of {}", known.join(", "))))
        }),
    };
    let apple = match (text("apple_team_id"), text("apple_private_key_id"), text("apple_private_key")) {
        (Some(team), Some(key_id), Some(key)) => {
            Some(Apple { team: team.to_owned(), key_id: key_id.to_owned(), key: key.into() })
        }
        _ if kind.name == "apple" && text("client_secret").is_none() => {
            return Err((
                "apple_private_key",
                Wrong::new(
                    "Apple's keys are missing",
                    "`apple_team_id`, `apple_private_key_id` and `apple_private_key`",
                ),
            ));
        }
        _ => None,
    };
    Ok(Some(Provider {
        label: text("label").map_or_else(|| label(&id, kind), str::to_owned),
        id,
        kind,
        client_id,
        client_secret: text("client_secret").unwrap_or_default().into(),
        issuer,
        issuer_text,
        auth_url: auth_url.or_else(|| fixed(kind.auth_url)),
        token_url: token_url.or_else(|| fixed(kind.token_url)),
        userinfo_url,
        scope,
        mapper,
        requested_claims: entry.get("requested_claims").filter(|claims| claims.is_object()).cloned(),
        additional_audiences: texts("additional_id_token_audiences").unwrap_or_default(),
        from_userinfo: one_of("claims_source", &["id_token", "userinfo"])? == "userinfo"
            || kind.profile == Profile::TokenAndUserinfo,
        pkce: match one_of("pkce", &["auto", "never", "force"])? {
            "never" => Pkce::Never,
            "force" => Pkce::Force,
            // As in Kratos, so that the redirect URI that is registered there goes on to work.
            _ if kind.takes_proof_keys => Pkce::Force,
            _ => Pkce::Auto,
        },
        subject_source: match one_of("subject_source", &["userinfo", "me", "oid"])? {
            "oid" if kind.name == "microsoft" => SubjectSource::Object,
            "me" if kind.name == "microsoft" => SubjectSource::Graph,
            _ => SubjectSource::Token,
        },
        update_on_login: one_of("update_identity_on_login", &["never", "automatic"])? == "automatic",
        vouches: false,
        reusable_id_tokens: false,
        fresh_sign_in_required: false,
        links_by_itself: one_of("account_linking_mode", &["confirm_with_existing_credential", "automatic"])?
            == "automatic",
        apple,
        addresses_from_console: entry
            .get(ADDRESSES_FROM_CONSOLE)
            .and_then(Value::as_bool)
            .unwrap_or_default(),
    }))
}

/// The kind's name where the id says no more, else the id as words.
fn label(id: &str, kind: &Kind) -> String {
    if id == kind.name {
        return kind.label.to_owned();
    }
    let words = id.split(['-', '_', '.']).filter(|word| !word.is_empty()).map(|word| {
        let mut letters = word.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().to_string() + letters.as_str())
    });
    words.collect::<Vec<_>>().join(" ")
}

/// As a webhook's body, and `preset://mapper` for the kind's default.
fn mapper_at(address: &str, kind: &Kind) -> Result<Template, Wrong> {
    if address == "preset://mapper" {
        return Ok(Template::Source(kind.mapper.to_owned()));
    }
    if address.starts_with("http://") || address.starts_with("https://") {
        return web_url(address)
            .map(Template::Remote)
            .ok_or_else(|| Wrong::new("not a supported URL", "`base64://…`, `file://…` or `https://…`"));
    }
    if address.starts_with("preset://") {
        return Err(Wrong::new("unknown preset", "`preset://mapper`, the default mapping of the provider"));
    }
    let source = schemas::text(address)?;
    match crate::effects::templates::unreadable(&source) {
        None => Ok(Template::Source(source)),
        Some(what) => Err(Wrong::new(
            format!("invalid Jsonnet claims mapping: {what}"),
            "`preset://mapper`, or Jsonnet that returns `identity.traits`",
        )),
    }
}
