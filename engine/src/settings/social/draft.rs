//! One provider as it is typed, and as an entry of the configuration. What a form does not show of an entry stays as it is.

use crate::config::hooks::Template;
use crate::config::providers::{Kind, Profile, kind};
use crate::config::social::{self, Secret};
use crate::secrets::name_in;
use crate::settings::FieldError;
use crate::settings::provider_fields::{LINKING, MAPPER, SECRETS, TEXTS};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use url::Url;

const UPDATE: &str = "update_identity_on_login";
const PRESET: &str = "preset://mapper";

/// Which mapper.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mapper {
    /// The one that suits the kind.
    #[default]
    Preset,
    /// `mapper_text`
    Own,
    /// An address that a file has; the console sets none.
    Kept(String),
}

/// As typed. Secrets are empty where nothing new was.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub id: String,
    pub kind: &'static Kind,
    pub texts: BTreeMap<&'static str, String>,
    pub mapper: Mapper,
    pub links_by_itself: bool,
    pub update_on_login: bool,
    /// Emails that it has verified are trusted.
    pub vouches: bool,
    pub client_secret: Secret,
    pub apple_private_key: Secret,
}

/// Which fields a kind has, beside `id`, `client_secret` and the mapper's.
pub fn fields(kind: &Kind) -> Vec<&'static str> {
    let own: &[&'static str] = match kind.name {
        "generic" => &["issuer_url", "auth_url", "token_url", "userinfo_url"],
        "gitlab" | "auth0" | "salesforce" | "uaepass" => &["issuer_url"],
        "jackson" => &["issuer_url", "auth_url", "token_url"],
        "microsoft" => &["microsoft_tenant"],
        "apple" => &["apple_team_id", "apple_private_key_id"],
        _ => &[],
    };
    let of_tokens: &[&'static str] = match kind.profile {
        Profile::Token => &["claims_source", "requested_claims", "additional_id_token_audiences"],
        Profile::TokenAndUserinfo => &["requested_claims", "additional_id_token_audiences"],
        Profile::UndescribedToken
        | Profile::Document(_)
        | Profile::Shown(..)
        | Profile::Below(_)
        | Profile::GitHub
        | Profile::LinkedIn
        | Profile::Facebook
        | Profile::Vk => &[],
    };
    ["label", "client_id", "scope", "pkce"].iter().chain(own).chain(of_tokens).copied().collect()
}

/// The secret that a kind is asked with.
pub fn secret_of(kind: &Kind) -> &'static str {
    if kind.name == "apple" { "apple_private_key" } else { "client_secret" }
}

impl Draft {
    /// A new one of that kind.
    pub fn new(kind: &'static Kind) -> Self {
        Self {
            id: kind.name.to_owned(),
            kind,
            texts: BTreeMap::new(),
            mapper: Mapper::Preset,
            links_by_itself: false,
            update_on_login: false,
            vouches: kind.vouches,
            client_secret: Secret::default(),
            apple_private_key: Secret::default(),
        }
    }

    /// What an entry says; `None` for a kind that is not there.
    pub(super) fn of(entry: &Value, vouches: bool) -> Option<Self> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
        let words = |name: &str| {
            let list = entry.get(name).and_then(Value::as_array);
            let words: Vec<&str> = list.into_iter().flatten().filter_map(Value::as_str).collect();
            words.join(" ")
        };
        let kind = kind(text("provider"))?;
        let mut texts: BTreeMap<&'static str, String> =
            TEXTS.into_iter().map(|name| (name, text(name).to_owned())).collect();
        for name in ["scope", "additional_id_token_audiences"] {
            texts.insert(name, words(name));
        }
        if let Some(claims) = entry.get("requested_claims").filter(|claims| claims.is_object()) {
            texts.insert("requested_claims", serde_json::to_string_pretty(claims).unwrap_or_default());
        }
        let mapper = match (text(MAPPER), social::unsaved(entry).map(|provider| provider.mapper)) {
            (PRESET, _) => Mapper::Preset,
            (address, Some(Template::Source(source))) if address.starts_with("base64://") => {
                texts.insert("mapper_text", source);
                Mapper::Own
            }
            (address, _) => Mapper::Kept(address.to_owned()),
        };
        Some(Self {
            id: text("id").to_owned(),
            texts,
            mapper,
            links_by_itself: text(LINKING) == "automatic",
            update_on_login: text(UPDATE) == "automatic",
            vouches,
            ..Self::new(kind)
        })
    }

    pub fn text(&self, name: &str) -> &str {
        self.texts.get(name).map(|text| text.trim()).unwrap_or_default()
    }

    /// A value that was typed for one of [`SECRETS`].
    pub fn secret(&self, member: &str) -> &str {
        match member {
            "apple_private_key" => self.apple_private_key.trim(),
            _ => self.client_secret.trim(),
        }
    }

    /// Every member that this form fills, `None` where it says nothing.
    pub(super) fn members(&self) -> Result<Vec<(&'static str, Option<Value>)>, FieldError> {
        let mut members = vec![("provider", Some(self.kind.name.into()))];
        for name in fields(self.kind) {
            let text = self.text(name);
            let value = match name {
                _ if text.is_empty() => None,
                "scope" | "additional_id_token_audiences" => {
                    let words = text.split([' ', ',', '\n', '\r', '\t']).filter(|word| !word.is_empty());
                    Some(words.collect())
                }
                "requested_claims" => Some(object(text)?),
                // Said by nobody, since it is so by itself.
                "pkce" if text == "auto" => None,
                "claims_source" if text == "id_token" => None,
                _ => Some(text.into()),
            };
            members.push((name, value));
        }
        let automatic = |on: bool| on.then(|| "automatic".into());
        members.push((LINKING, automatic(self.links_by_itself)));
        members.push((UPDATE, automatic(self.update_on_login)));
        members.push((MAPPER, Some(self.address().into())));
        Ok(members)
    }

    fn address(&self) -> String {
        match &self.mapper {
            Mapper::Preset => PRESET.to_owned(),
            Mapper::Own => {
                let text = self.texts.get("mapper_text").map(String::as_str).unwrap_or_default();
                format!("base64://{}", STANDARD.encode(text.replace("\r\n", "\n")))
            }
            Mapper::Kept(address) => address.clone(),
        }
    }

    /// The mapper as it was typed; `None`: what the file has.
    pub(super) fn template(&self) -> Option<Template> {
        match &self.mapper {
            Mapper::Preset => Some(Template::Source(self.kind.mapper.to_owned())),
            Mapper::Own => Some(Template::Source(self.texts.get("mapper_text").cloned().unwrap_or_default())),
            Mapper::Kept(_) => None,
        }
    }

    /// What a person can put right, all at once. `file`: the entry that this is laid over; `before`: the entry in force; `taken`:
    /// the id belongs to another one.
    pub(super) fn problems(
        &self,
        file: Option<&Value>,
        before: Option<&Value>,
        taken: bool,
    ) -> Vec<FieldError> {
        let mut problems = Vec::new();
        let mut say = |field: &'static str, message: &str| {
            problems.push(FieldError { field, message: message.to_owned() });
        };
        let id = self.id.as_str();
        if id.is_empty() {
            say("id", "Enter an ID, for example `google`.");
        } else if id.len() > 64 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
            say("id", "Use at most 64 letters without accents, digits, `-`, `_` and `.`.");
        } else if taken {
            say("id", "A provider with this ID already exists. Enter another ID.");
        }
        if self.text("client_id").is_empty() {
            say("client_id", "Enter the client ID from the provider.");
        }
        let member = secret_of(self.kind);
        let has_one = before.and_then(|entry| entry.get(member)).and_then(Value::as_str).is_some();
        // Without one a client is public; only somebody's own provider knows those.
        let needed = !matches!(self.kind.name, "generic");
        if needed && !has_one && self.secret(member).is_empty() {
            let what = match self.kind.name {
                "apple" => "Enter the private key from Apple.",
                _ => "Enter the client secret from the provider. Many providers show it only once.",
            };
            say(member, what);
        }
        // Whoever changes where a secret is sent has to know it: else anybody could have it sent to themselves.
        let moved = before.is_some_and(|before| {
            let earlier = |name: &str| before.get(name).and_then(Value::as_str).unwrap_or_default();
            let addresses = ["issuer_url", "token_url"].into_iter();
            earlier("provider") != self.kind.name
                || addresses
                    .filter(|name| fields(self.kind).contains(name))
                    .any(|name| earlier(name) != self.text(name))
        });
        if has_one && moved && self.secret(member).is_empty() {
            say(
                member,
                "The address changed. Enter the secret again, so that it isn’t sent to another service.",
            );
        }
        if SECRETS.iter().any(|member| name_in(self.secret(member)).is_some()) {
            say(member, "This is a reference to a secret. Enter the secret itself.");
        }
        if self.kind.name == "apple" {
            for (name, what) in [
                ("apple_team_id", "Enter the team ID. Apple shows it next to your name."),
                ("apple_private_key_id", "Enter the key ID. Apple shows it next to the key."),
            ] {
                if self.text(name).is_empty() {
                    say(name, what);
                }
            }
            let key = self.secret("apple_private_key");
            if !key.is_empty() && !key.contains("PRIVATE KEY-----") {
                say(
                    "apple_private_key",
                    "This isn’t a private key. Paste the whole file, starting with `-----BEGIN PRIVATE KEY-----`.",
                );
            }
        }
        let shown = fields(self.kind);
        for name in ["issuer_url", "auth_url", "token_url", "userinfo_url"] {
            let text = self.text(name);
            if shown.contains(&name) && !text.is_empty() && !is_address(text) {
                say(name, "Enter a complete URL, for example `https://id.example.org`.");
            }
        }
        let endpoints = ["auth_url", "token_url", "userinfo_url"];
        let speaks_oauth2 = self.kind.profile == Profile::Token
            && endpoints.iter().all(|name| shown.contains(name) && !self.text(name).is_empty());
        if self.kind.needs_issuer() && self.text("issuer_url").is_empty() && !speaks_oauth2 {
            let what = match self.kind.name {
                "generic" => {
                    "Enter the issuer URL. For OAuth 2.0 without OpenID Connect, enter all three endpoints below."
                }
                _ => "Enter the issuer URL.",
            };
            say("issuer_url", what);
        }
        for name in ["auth_url", "token_url"] {
            if self.kind.needs_addresses() && self.text(name).is_empty() {
                say(name, "Enter this URL. The server can’t find it on its own.");
            }
        }
        match &self.mapper {
            Mapper::Own if self.text("mapper_text").is_empty() => {
                say("mapper_text", "Enter a claims mapping, or choose the default mapping.");
            }
            Mapper::Kept(address) if file.and_then(|file| file[MAPPER].as_str()) != Some(address) => {
                say("mapper_text", "The console accepts no URLs of claims mappings. Paste the text.");
            }
            Mapper::Preset | Mapper::Own | Mapper::Kept(_) => {}
        }
        if let Err(problem) = self.members() {
            problems.push(problem);
        }
        problems
    }
}

/// A mistake in a list of claims is told before anybody signs in with it.
fn object(text: &str) -> Result<Value, FieldError> {
    let wrong = |what: String| FieldError { field: "requested_claims", message: what };
    match serde_json::from_str::<Map<String, Value>>(text) {
        Ok(object) => Ok(object.into()),
        Err(failure) => Err(wrong(format!(
            "Enter a JSON object, for example `{{\"id_token\": {{\"email\": null}}}}`: {failure}."
        ))),
    }
}

fn is_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "https" | "http")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    })
}
