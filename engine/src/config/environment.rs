//! What an environment variable sets: a whole key, or one list entry by its index, as in Kratos
//! (`SELFSERVICE_METHODS_OIDC_CONFIG_PROVIDERS_0_CLIENT_SECRET`). Contains names and spellings, not the order of layers.

use super::keys::{Kind, REGISTRY};
use super::layers::{get, set};
use super::scalars::{self, Wrong};
use serde_json::{Map, Value};

/// What one variable says.
#[derive(Clone, Debug)]
pub(super) enum Setting {
    /// The value of the key at a dotted path.
    Key { path: String, value: Value },
    /// One entry of the list at a dotted path, or one member of it.
    Entry(Entry),
    /// The name looks like one of ours, and no key has it.
    Unknown,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) variable: String,
    /// Dotted path of the list.
    pub(super) list: String,
    /// Counted from 0.
    pub(super) index: usize,
    /// Dotted path inside the entry; empty: the whole entry.
    member: String,
    value: Value,
}

/// Members of an entry, as dotted paths, and how their text is read.
type Members = &'static [(&'static str, Kind)];

const SCHEMA: Members = &[("id", Kind::Text), ("url", Kind::Text), ("selfservice_selectable", Kind::Bool)];

const PROVIDER: Members = &[
    ("id", Kind::Text),
    ("provider", Kind::Text),
    ("label", Kind::Text),
    ("client_id", Kind::Text),
    ("client_secret", Kind::Text),
    ("issuer_url", Kind::Text),
    ("auth_url", Kind::Text),
    ("token_url", Kind::Text),
    ("userinfo_url", Kind::Text),
    ("mapper_url", Kind::Text),
    ("scope", Kind::Texts),
    ("additional_id_token_audiences", Kind::Texts),
    ("requested_claims", Kind::Open),
    ("claims_source", Kind::Text),
    ("pkce", Kind::Text),
    ("subject_source", Kind::Text),
    ("microsoft_tenant", Kind::Text),
    ("apple_team_id", Kind::Text),
    ("apple_private_key_id", Kind::Text),
    ("apple_private_key", Kind::Text),
    ("organization_id", Kind::Text),
    ("fedcm_config_url", Kind::Text),
    ("net_id_token_origin_header", Kind::Text),
    ("update_identity_on_login", Kind::Text),
    ("account_linking_mode", Kind::Text),
];

const HOOK: Members = &[
    ("hook", Kind::Text),
    ("config", Kind::Open),
    ("config.id", Kind::Text),
    ("config.url", Kind::Text),
    ("config.method", Kind::Text),
    ("config.body", Kind::Text),
    ("config.headers", Kind::Open),
    ("config.can_interrupt", Kind::Bool),
    ("config.emit_analytics_event", Kind::Bool),
    ("config.response.ignore", Kind::Bool),
    ("config.response.parse", Kind::Bool),
    ("config.auth.type", Kind::Text),
    ("config.auth.config.name", Kind::Text),
    ("config.auth.config.value", Kind::Text),
    ("config.auth.config.in", Kind::Text),
    ("config.auth.config.user", Kind::Text),
    ("config.auth.config.password", Kind::Text),
    ("config.auth.config.secret", Kind::Text),
];

/// Sections whose variables nothing else is likely to use: whatever begins so is meant for this server.
const OURS: [&str; 12] = [
    "SELFSERVICE_",
    "COURIER_",
    "HASHERS_",
    "IDENTITY_",
    "SECRETS_",
    "SERVE_",
    "CIPHERS_",
    "CLIENTS_",
    "OAUTH2_PROVIDER_",
    "FEATURE_FLAGS_",
    "SESSION_COOKIE_",
    "SESSION_WHOAMI_",
];

/// `None`: not a variable of Vestibule.
pub(super) fn read(variable: &str, text: &str) -> Option<Result<Setting, (String, Wrong)>> {
    if let Some((path, key)) =
        REGISTRY.by_variable(variable).and_then(|path| Some((path, REGISTRY.key(path)?)))
    {
        let value = scalars::from_text(key.kind, text);
        return Some(match value {
            Ok(value) => Ok(Setting::Key { path: path.to_owned(), value }),
            Err(wrong) => Err((path.to_owned(), wrong)),
        });
    }
    if let Some((list, kind, index, rest)) = place(variable) {
        return Some(
            entry(variable, list, kind, index, rest, text).map_err(|wrong| (list.to_owned(), wrong)),
        );
    }
    is_ours(variable).then_some(Ok(Setting::Unknown))
}

/// The list that the name begins with, the index after it, and what follows: empty, or `_MEMBER`.
fn place(variable: &str) -> Option<(&'static str, Kind, &str, &str)> {
    variable.match_indices('_').find_map(|(at, _)| {
        let path = REGISTRY.by_variable(&variable[..at])?;
        let kind = REGISTRY.key(path)?.kind;
        let after = &variable[at + 1..];
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (index, rest) = after.split_at(end);
        let fits = !index.is_empty() && (rest.is_empty() || rest.starts_with('_'));
        (fits && members(path, kind).is_some()).then_some((path, kind, index, rest))
    })
}

/// `None`: this is no list.
fn members(path: &str, kind: Kind) -> Option<Members> {
    match kind {
        Kind::Texts | Kind::Secrets(_) | Kind::Networks => Some(&[]),
        Kind::Schemas => Some(SCHEMA),
        Kind::Hooks(_) => Some(HOOK),
        Kind::Open if path == super::social::LIST => Some(PROVIDER),
        Kind::Bool
        | Kind::Flag
        | Kind::Integer(..)
        | Kind::Duration
        | Kind::Size
        | Kind::Memory
        | Kind::Text
        | Kind::Choice(_)
        | Kind::BaseUrl
        | Kind::Page
        | Kind::Open => None,
    }
}

fn entry(
    variable: &str,
    list: &str,
    kind: Kind,
    index: &str,
    rest: &str,
    text: &str,
) -> Result<Setting, Wrong> {
    let Ok(index) = index.parse::<usize>() else {
        return Err(Wrong::new(format!("{index} is not an index"), "a number, starting at 0"));
    };
    let known = members(list, kind).unwrap_or_default();
    let (member, value) = if rest.is_empty() {
        // Entries of a list of texts are texts; others are objects.
        let value = match known.is_empty() {
            true => Value::from(text),
            false => serde_json::from_str::<Value>(text)
                .ok()
                .filter(Value::is_object)
                .ok_or_else(|| Wrong::new("not a JSON object", "the entry as JSON, or one of its members"))?,
        };
        (String::new(), value)
    } else {
        let name = &rest[1..];
        let found = known.iter().find(|(path, _)| path.to_uppercase().replace('.', "_") == name);
        let Some((path, kind)) = found else {
            let names: Vec<&str> = known.iter().map(|(path, _)| *path).collect();
            let instead = match names.is_empty() {
                true => "the variable without the part after the index".to_owned(),
                false => format!("one of {}", names.join(", ")),
            };
            return Err(Wrong::new(format!("entries of this list have no member `{name}`"), instead));
        };
        let value = match kind {
            Kind::Open => serde_json::from_str(text)
                .map_err(|_| Wrong::new("invalid JSON", "the member's value as JSON"))?,
            Kind::Bool => match text.to_ascii_lowercase().as_str() {
                "true" | "1" => true.into(),
                "false" | "0" => false.into(),
                _ => return Err(Wrong::new("not a boolean", "`true` or `false`")),
            },
            kind @ (Kind::Flag
            | Kind::Integer(..)
            | Kind::Duration
            | Kind::Size
            | Kind::Memory
            | Kind::Text
            | Kind::Choice(_)
            | Kind::BaseUrl
            | Kind::Page
            | Kind::Texts
            | Kind::Secrets(_)
            | Kind::Networks
            | Kind::Hooks(_)
            | Kind::Schemas) => scalars::from_text(*kind, text)?,
        };
        ((*path).to_owned(), value)
    };
    Ok(Setting::Entry(Entry { variable: variable.to_owned(), list: list.to_owned(), index, member, value }))
}

fn is_ours(variable: &str) -> bool {
    OURS.iter().any(|prefix| variable.starts_with(prefix)) || {
        // `VESTIBULE_CONSOLE_…` is a section, `VESTIBULE_BIN` is somebody's script.
        let rest = variable.strip_prefix("VESTIBULE_").and_then(|rest| rest.split_once('_'));
        rest.is_some_and(|(section, _)| REGISTRY.is_section(&format!("vestibule.{}", section.to_lowercase())))
    }
}

impl Entry {
    /// Puts the value into the list of `document`.
    ///
    /// # Errors
    /// The list is too short, or no list.
    pub(super) fn apply(&self, document: &mut Value) -> Result<(), Wrong> {
        let mut entries = match get(document, &self.list) {
            None => Vec::new(),
            Some(Value::Array(entries)) => entries.clone(),
            Some(_) => return Err(Wrong::new("the key is not a list", "a list in the file")),
        };
        if self.index > entries.len() {
            return Err(Wrong::new(
                format!("the list has {} entries, so there can't be an entry {}", entries.len(), self.index),
                format!("the index {} for the next entry", entries.len()),
            ));
        }
        if self.index == entries.len() {
            entries.push(Value::Object(Map::new()));
        }
        self.write(&mut entries[self.index]);
        set(document, &self.list, entries.into());
        Ok(())
    }

    fn write(&self, entry: &mut Value) {
        match self.member.is_empty() {
            true => *entry = self.value.clone(),
            false => set(entry, &self.member, self.value.clone()),
        }
    }

    /// Writes it once more into a list that the console's settings changed since [`Entry::apply`] wrote it into `below`. There the
    /// index may be another entry's: it is known by its id, and one without an id by what it says. Where the console took it away,
    /// the list is what it was.
    pub(super) fn hold(&self, below: &Value, document: &mut Value) {
        let Some(Value::Array(was)) = get(below, &self.list) else { return };
        let Some(own) = was.get(self.index) else { return };
        // A switch that takes the last entry away takes the key away.
        let mut list = get(document, &self.list).and_then(Value::as_array).cloned().unwrap_or_default();
        let same = |entry: &Value| match own.get("id").filter(|id| id.is_string()) {
            Some(id) => entry.get("id") == Some(id),
            None => entry == own,
        };
        match list.iter_mut().find(|entry| same(entry)) {
            Some(entry) => self.write(entry),
            None => list.clone_from(was),
        }
        set(document, &self.list, list.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_list_takes_an_index() {
        for (path, key) in REGISTRY.iter() {
            let Some(variable) = super::super::keys::variable(path) else { continue };
            let Some(known) = members(path, key.kind) else { continue };
            if known.is_empty() {
                let read = read(&format!("{variable}_0"), "text");
                assert!(matches!(read, Some(Ok(Setting::Entry(entry))) if entry.list == path), "{path}");
            }
            for (member, kind) in known {
                let name = format!("{variable}_12_{}", member.to_uppercase().replace('.', "_"));
                let text = if matches!(kind, Kind::Bool) {
                    "true"
                } else if matches!(kind, Kind::Open) {
                    "{}"
                } else {
                    "text"
                };
                let Some(Ok(Setting::Entry(entry))) = read(&name, text) else { panic!("{name}") };
                assert_eq!((entry.list.as_str(), entry.index, entry.member.as_str()), (path, 12, *member));
            }
        }
    }

    /// The reference names a variable for each key, and each of them reaches its key.
    #[test]
    fn every_variable_of_the_reference_reaches_its_key() {
        for (path, key) in REGISTRY.iter() {
            let Some(variable) = super::super::keys::variable(path) else { continue };
            let text = match key.kind {
                Kind::Bool | Kind::Flag => "true",
                Kind::Integer(..) => "7",
                Kind::Duration => "90s",
                Kind::Size | Kind::Memory => "33554432B",
                Kind::Choice(choices) => choices[0],
                Kind::BaseUrl | Kind::Page => "https://a.example.org/",
                Kind::Networks => "10.0.0.0/8,::1",
                Kind::Secrets(_) => "a-secret-of-thirty-two-letters-ab",
                Kind::Hooks(_) => "[]",
                Kind::Schemas => r#"[{"id":"default","url":"preset://email"}]"#,
                Kind::Text | Kind::Texts | Kind::Open => "one,two",
            };
            let sources = super::super::load::Sources {
                environment: [(variable.clone(), text.to_owned())].into(),
                ..Default::default()
            };
            let layers = super::super::layers::Layers::read(&sources).unwrap();
            let (document, problems) = layers.document(0, &Default::default());
            assert!(problems.is_empty(), "{problems:?}");
            let reached = get(&document, path).unwrap_or_else(|| panic!("{variable} does not reach {path}"));
            assert_eq!(*reached, scalars::from_text(key.kind, text).unwrap(), "{variable}");
        }
    }

    #[test]
    fn names_that_are_not_ours_are_left_alone() {
        for name in ["PATH", "SESSION_MANAGER", "LOG_FILE", "VESTIBULE_BIN", "COOKIES", "VERSION"] {
            assert!(read(name, "x").is_none(), "{name}");
        }
        for name in ["SELFSERVICE_FLOWS_LOGIN_LIFE", "SERVE_PUBLIC_PORTS", "VESTIBULE_CONSOLE_PROT"] {
            assert!(matches!(read(name, "x"), Some(Ok(Setting::Unknown))), "{name}");
        }
    }

    #[test]
    fn an_entry_is_changed_added_or_refused() {
        let provider = |variable: &str, text: &str| {
            let name = format!("SELFSERVICE_METHODS_OIDC_CONFIG_PROVIDERS_{variable}");
            match read(&name, text) {
                Some(Ok(Setting::Entry(entry))) => entry,
                other => panic!("{other:?}"),
            }
        };
        let mut document = json!({});
        set(&mut document, super::super::social::LIST, json!([{"id": "a", "client_id": "file"}]));
        provider("0_CLIENT_ID", "12345").apply(&mut document).unwrap();
        provider("0_SCOPE", "email,profile").apply(&mut document).unwrap();
        provider("1_ID", "b").apply(&mut document).unwrap();
        assert!(provider("3_ID", "d").apply(&mut document).is_err());
        assert_eq!(
            get(&document, super::super::social::LIST).unwrap(),
            &json!([{"id": "a", "client_id": "12345", "scope": ["email", "profile"]}, {"id": "b"}])
        );
    }
}
