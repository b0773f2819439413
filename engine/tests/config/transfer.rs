//! Files of Kratos in and out: what becomes of each key, whether the meaning stays, and whether Kratos would take what we write.
//! Its own schema is not here: [`stock`] holds the rules of it that our export could break (contract: hook lists, required keys).

use engine::config::load::{Sources, load};
use engine::config::{Config, Export, Format, Hook, Import, Named, Outcome, export, import};
use engine::model::MethodId;
use engine::plan::{Client, FlowKind, Plan, Step, plan};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use tempfile::TempDir;

const SECRET: &str = "hunter2-of-this-test-and-no-other";
const METHODS: [MethodId; 5] =
    [MethodId::Password, MethodId::Code, MethodId::Oidc, MethodId::Passkey, MethodId::Webauthn];

/// A folder with files in it; read one after the other.
struct Files {
    folder: TempDir,
    paths: Vec<PathBuf>,
}

impl Files {
    fn of(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = files.iter().map(|(name, text)| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        });
        Self { paths: paths.collect(), folder }
    }

    #[track_caller]
    fn import(&self) -> Import {
        import(&self.paths).unwrap_or_else(|problems| panic!("{problems}"))
    }
}

#[track_caller]
fn imported(document: &Value) -> Import {
    Files::of(&[("kratos.json", &document.to_string())]).import()
}

/// What has to be there, with a patch over it.
fn kratos(patch: Value) -> Value {
    let mut document = json!({
        "dsn": "memory",
        "serve": {"public": {"base_url": "https://accounts.example.org/"}, "admin": {"host": "127.0.0.1"}},
        "identity": {"schemas": [{"id": "default", "url": "base64://eyJwcm9wZXJ0aWVzIjp7InRyYWl0cyI6eyJwcm9wZXJ0aWVzIjp7ImVtYWlsIjp7InR5cGUiOiJzdHJpbmciLCJvcnkuc2gva3JhdG9zIjp7ImNyZWRlbnRpYWxzIjp7InBhc3N3b3JkIjp7ImlkZW50aWZpZXIiOnRydWV9fX19fX19fQ=="}]},
        "selfservice": {"default_browser_return_url": "https://www.example.org/"},
        "secrets": {"default": [SECRET]},
    });
    merge(&mut document, patch);
    document
}

fn merge(target: &mut Value, patch: Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch,
    }
}

#[track_caller]
fn loaded(document: Value, named: &Named) -> Config {
    let sources = Sources { documents: vec![document], ..Sources::default() };
    load(&sources, Some((3, named))).unwrap_or_else(|problems| panic!("{problems}")).config
}

fn outcome<'a>(import: &'a Import, path: &str) -> (Outcome, &'a str) {
    let found = import.entries.iter().find(|entry| entry.path == path);
    let entry = found.unwrap_or_else(|| panic!("{path} is not in the report: {:#?}", import.entries));
    (entry.outcome, entry.text.as_str())
}

fn after(flow: Value, own: Value) -> Value {
    let mut after = Map::new();
    for (name, list) in [("hooks", flow), ("password", json!({ "hooks": own }))] {
        if list.is_array() || list["hooks"].is_array() {
            after.insert(name.to_owned(), list);
        }
    }
    json!({"selfservice": {"flows": {"registration": {"after": after}}}})
}

fn web_hook(name: &str) -> Value {
    json!({"hook": "web_hook", "config": {"id": name, "url": format!("https://crm.example.org/{name}"), "method": "POST", "body": "base64://e30="}})
}

fn blocking(name: &str) -> Value {
    let mut hook = web_hook(name);
    hook["config"]["response"] = json!({"parse": true});
    hook
}

/// Names of what runs after the account is stored, as the plan has it; `session` stands for the hand-over.
fn runs(config: &Config, method: MethodId) -> Vec<String> {
    let plan = plan(config, FlowKind::Registration, method, Client::Browser);
    let names = plan.steps.iter().filter_map(|step| match step {
        Step::Run(Hook::WebHook(hook)) => Some(hook.name.clone()),
        Step::Run(hook) => Some(hook.name().to_owned()),
        Step::SignIn => Some("session".to_owned()),
        _ => None,
    });
    names.collect()
}

#[test]
fn every_key_is_accounted_for_and_none_is_lost() {
    let import = imported(&kratos(json!({
        "selfservice": {
            "methods": {"totp": {"enabled": true}},
            "flows": {"login": {"lifespan": "soon", "lifespam": "1h"}, "settings": {"required_aal": "aal1"}},
            "whitelisted_return_urls": ["https://www.example.org/"],
        },
        "session": {"lifespan": null},
        "of_a_later_version": {"of": "Kratos"},
    })));
    let at = |path: &str| outcome(&import, path);
    assert_eq!(at("serve.public.base_url"), (Outcome::Kept, ""));
    assert!(at("dsn").1.contains("a separate database"), "{:?}", at("dsn"));
    assert_eq!(at("selfservice.methods.totp.enabled").0, Outcome::Waiting);
    assert_eq!(at("selfservice.flows.settings.required_aal").0, Outcome::Kept);
    assert_eq!(at("selfservice.flows.login.lifespan").0, Outcome::Refused);
    let (unknown, text) = at("selfservice.flows.login.lifespam");
    assert_eq!(unknown, Outcome::Unknown);
    assert!(text.contains("did you mean `lifespan`?"), "{text}");
    assert_eq!(at("of_a_later_version").0, Outcome::Unknown);
    assert_eq!(at("session.lifespan").0, Outcome::Kept);
    assert_eq!(at("selfservice.whitelisted_return_urls").0, Outcome::Moved);
    assert_eq!(import.entries[0].outcome, Outcome::Refused, "the gravest first");
    let document = import.document(true);
    for (pointer, value) in [
        ("/of_a_later_version/of", json!("Kratos")),
        ("/selfservice/flows/login/lifespam", json!("1h")),
        ("/selfservice/flows/login/lifespan", json!("soon")),
        ("/selfservice/methods/totp/enabled", json!(true)),
        ("/selfservice/allowed_return_urls/0", json!("https://www.example.org/")),
        ("/secrets/default/0", json!(SECRET)),
    ] {
        assert_eq!(document.pointer(pointer), Some(&value), "{pointer}");
    }
}

#[test]
fn no_secret_is_shown_unless_asked_for() {
    let mut hook = web_hook("crm");
    hook["config"]["auth"] = json!({"type": "basic_auth", "config": {"user": "u", "password": SECRET}});
    hook["config"]["headers"] = json!({"X-Key": SECRET});
    let import = imported(&kratos(json!({
        "dsn": format!("mysql://kratos:{SECRET}@tcp(db)/kratos"),
        "courier": {"smtp": {"connection_uri": format!("smtps://mail:{SECRET}@mail.test/")}},
        "secrets": {"cookie": [SECRET, 7], "default": SECRET},
        "selfservice": {"flows": {"registration": {"after": {"hooks": [hook, {"hook": "session", "config": {"url": SECRET}}]}}}},
        "vestibule": {"admin": {"token": SECRET}},
        "my_secret": SECRET,
    })));
    let report = format!("{:?}", import.entries);
    assert!(!report.contains(SECRET), "{report}");
    for format in [Format::Yaml, Format::Json] {
        let text = import.text(format, false);
        assert!(!text.contains(SECRET), "{text}");
        let with = import.text(format, true);
        assert!(with.matches(SECRET).count() >= 8, "{with}");
    }
    let without = import.document(false);
    assert!(without.get("secrets").is_none() && without["vestibule"]["admin"].get("token").is_none());
    assert_eq!(outcome(&import, "dsn").0, Outcome::Refused, "no MySQL here");
}

/// What Kratos' code runs for a method, read off its lists: an own list with anything in it replaces the flow's, web hooks that
/// may stop a sign-up do not run from the flow's, `session` runs last.
fn as_kratos_runs(flow: &Value, own: &Value) -> Vec<String> {
    let own = own.as_array().filter(|list| !list.is_empty());
    let list = own.or(flow.as_array()).cloned().unwrap_or_default();
    let names = list
        .iter()
        .filter(|entry| entry["config"]["response"]["parse"] != true)
        .map(|entry| entry["config"]["id"].as_str().or(entry["hook"].as_str()).unwrap().to_owned());
    let (mut first, last): (Vec<_>, Vec<_>) = names.partition(|name| name != "session");
    first.extend(last.into_iter().take(1));
    first
}

#[test]
fn hooks_of_a_method_leave_the_list_of_the_flow_and_mean_the_same() {
    let (session, shown) = (json!({"hook": "session"}), json!({"hook": "show_verification_ui"}));
    let (crm, gate, own) = (web_hook("crm"), blocking("gate"), web_hook("own"));
    let mut compared = 0;
    for flow in [
        json!([session]),
        json!([shown]),
        json!([session, shown]),
        json!([crm, session]),
        json!([session, crm]),
        json!([crm, gate, session]),
        json!([gate, shown, crm, session]),
        json!([crm]),
    ] {
        for list in [json!(null), json!([]), json!([own]), json!([session]), json!([own, shown])] {
            let mut document = kratos(after(flow.clone(), list.clone()));
            merge(
                &mut document,
                json!({
                    "selfservice": {"methods": {"oidc": {"enabled": true}, "passkey": {"enabled": false}}},
                    // Without our own rule for providers the lists alone decide, as in Kratos.
                    "vestibule": {"registration": {"sign_in_after_social": false}},
                }),
            );
            let import = imported(&document);
            assert_eq!(import.count(Outcome::Refused), 0, "{:#?}", import.entries);
            let config = loaded(import.document(true), &Named::new());
            let expect = |own: &Value| {
                let mut names = as_kratos_runs(&flow, own);
                // Where both stand, ours shows the page before the hand-over; the order among web hooks is what counts.
                names.sort();
                names
            };
            for (method, own) in [(MethodId::Password, &list), (MethodId::Oidc, &json!(null))] {
                let mut ran = runs(&config, method);
                ran.sort();
                assert_eq!(ran, expect(own), "{method:?} {flow} {list}");
                compared += 1;
            }
            let left = config.selfservice.registration.after.hooks;
            assert!(left.iter().all(|hook| matches!(hook, Hook::WebHook(_))), "{left:?}");
            let lowered = flow.as_array().unwrap().iter().filter(|entry| entry["hook"] != "web_hook").count();
            assert_eq!(import.count(Outcome::Moved), lowered, "each is reported");
        }
    }
    assert_eq!(compared, 80);
}

#[test]
fn what_was_moved_says_where_to_and_where_not() {
    let mut document = kratos(after(json!([web_hook("crm"), {"hook": "session"}]), json!([web_hook("own")])));
    merge(&mut document, json!({"selfservice": {"methods": {"oidc": {"enabled": true}}}}));
    let import = imported(&document);
    let (outcome, text) = outcome(&import, "selfservice.flows.registration.after.hooks[1]");
    assert_eq!(outcome, Outcome::Moved);
    for part in
        ["now in the hooks of `oidc`", "1 other flow-level hook", "hooks of `password` replace", "`passkey`"]
    {
        // The words for one entry differ from those for many.
        let part = part.replace("1 other flow-level hook", "the other flow-level hook");
        assert!(text.contains(&part), "{part}: {text}");
    }
}

#[test]
fn a_web_hook_that_a_json_patch_renamed_is_there_again() {
    let mut renamed = web_hook("crm");
    renamed["hook"] = json!("session");
    let import = imported(&kratos(after(json!([renamed]), json!(null))));
    let config = loaded(import.document(true), &Named::new());
    assert_eq!(runs(&config, MethodId::Password), ["crm", "session"]);
    let (outcome, text) = outcome(&import, "selfservice.flows.registration.after.hooks[0]");
    assert_eq!(outcome, Outcome::Moved);
    assert!(text.contains("JSON Patch"), "{text}");
    // In a method's own list too; what has no settings of a web hook is what it says.
    let mut own = web_hook("own");
    own["hook"] = json!("show_verification_ui");
    let import = imported(&kratos(after(json!(null), json!([own, {"hook": "session"}]))));
    let config = loaded(import.document(true), &Named::new());
    assert_eq!(runs(&config, MethodId::Password), ["own", "show_verification_ui", "session"]);
}

/// No accident of a JSON Patch, which leaves the name of a hook: it stays where it stands, and is refused there.
#[test]
fn a_misspelt_web_hook_is_refused_where_it_stands() {
    for name in ["webhook", "web-hook", "verification"] {
        let mut misspelt = web_hook("crm");
        misspelt["hook"] = json!(name);
        let import = imported(&kratos(after(json!([web_hook("first"), misspelt.clone()]), json!(null))));
        let refused: Vec<&str> = import
            .entries
            .iter()
            .filter(|entry| entry.outcome == Outcome::Refused)
            .map(|entry| entry.path.as_str())
            .collect();
        assert_eq!(refused, ["selfservice.flows.registration.after.hooks[1]"], "{:#?}", import.entries);
        assert_eq!(import.count(Outcome::Moved), 0, "{:#?}", import.entries);
        let (_, text) = outcome(&import, "selfservice.flows.registration.after.hooks[1]");
        assert!(text.contains(&format!("`{name}` isn't allowed in this list")), "{text}");
        let left = import.document(true);
        assert_eq!(
            left.pointer("/selfservice/flows/registration/after/hooks"),
            Some(&json!([web_hook("first"), misspelt]))
        );
    }
}

#[test]
fn a_session_after_sign_in_is_taken_out() {
    let login = json!({"hooks": [{"hook": "session"}], "password": {"hooks": [{"hook": "session"}, {"hook": "revoke_active_sessions"}]}});
    let import = imported(&kratos(json!({"selfservice": {"flows": {"login": {"after": login}}}})));
    assert_eq!(
        (import.count(Outcome::Moved), import.count(Outcome::Refused)),
        (2, 0),
        "{:#?}",
        import.entries
    );
    assert_eq!(
        import.document(true).pointer("/selfservice/flows/login/after/password/hooks"),
        Some(&json!([{"hook": "revoke_active_sessions"}]))
    );
}

#[test]
fn of_two_files_the_later_wins_and_each_key_names_its_own() {
    let first = kratos(json!({"session": {"lifespan": "24h"}, "log": {"level": "debug"}})).to_string();
    let files = Files::of(&[
        ("first.json", &first),
        ("second.yml", "session:\n  lifespan: 12h\nlog: {level: null}\n"),
        ("third.toml", "[hashers]\nalgorithm = \"argon2\"\n"),
    ]);
    let import = files.import();
    let document = import.document(true);
    assert_eq!(document["session"]["lifespan"], "12h");
    assert_eq!(document["log"]["level"], Value::Null);
    for (path, file) in [
        ("session.lifespan", "second.yml"),
        ("hashers.algorithm", "third.toml"),
        ("log.level", "second.yml"),
        ("serve.public.base_url", "first.json"),
    ] {
        let entry = import.entries.iter().find(|entry| entry.path == path).unwrap();
        assert!(entry.file.ends_with(file), "{path}: {}", entry.file);
    }
    let text = import.text(Format::Yaml, true);
    assert!(text.starts_with("# Created by `vestibule config import` from "), "{text}");
    assert!(files.folder.path().join("first.json").is_file(), "files are only read");
    assert_eq!(std::fs::read_to_string(files.folder.path().join("first.json")).unwrap(), first);
}

#[test]
fn a_file_that_is_only_where_the_server_runs_is_no_fault() {
    let mut hook = web_hook("crm");
    hook["config"]["body"] = json!("file:///etc/nowhere/crm.jsonnet");
    let mut document = kratos(after(json!([hook]), json!(null)));
    document["identity"]["schemas"][0]["url"] = json!("file:///etc/nowhere/person.schema.json");
    let import = imported(&document);
    assert_eq!(import.count(Outcome::Refused), 0, "{:#?}", import.entries);
    for path in ["identity.schemas[0].url", "selfservice.flows.registration.after.hooks[0]"] {
        let (outcome, text) = outcome(&import, path);
        assert_eq!(outcome, Outcome::Kept, "{path}");
        assert!(text.contains("must exist on the server"), "{text}");
    }
    assert_eq!(import.document(true), document);
}

#[test]
fn what_shows_only_together_is_refused_too_and_no_name_of_a_key_commands_a_terminal() {
    let import = imported(&kratos(json!({
        "identity": {"default_schema_id": "people"},
        "evil\u{1b}]0;title\u{7}\nkey": true,
    })));
    let refused: Vec<_> = import.entries.iter().filter(|entry| entry.outcome == Outcome::Refused).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].path, "identity.default_schema_id");
    assert!(import.entries.iter().all(|entry| !entry.path.chars().any(char::is_control)));
}

// The way out

/// What a stock Kratos would say against the document; its rules by hand.
fn stock(document: &Value) -> Vec<String> {
    const TOP: &[&str] = &[
        "selfservice",
        "database",
        "dsn",
        "courier",
        "oauth2_provider",
        "preview",
        "serve",
        "tracing",
        "log",
        "identity",
        "secrets",
        "hashers",
        "ciphers",
        "cookies",
        "session",
        "security",
        "version",
        "dev",
        "help",
        "sqa-opt-out",
        "watch-courier",
        "expose-metrics-port",
        "config",
        "clients",
        "feature_flags",
        "organizations",
        "enterprise",
        "revision",
    ];
    let mut wrong = Vec::new();
    let mut must = |holds: bool, what: String| {
        if !holds {
            wrong.push(what);
        }
    };
    for name in document.as_object().unwrap().keys() {
        must(TOP.contains(&name.as_str()), format!("unknown key {name}"));
    }
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
    for pointer in ["/dsn", "/selfservice/default_browser_return_url"] {
        must(text(pointer).is_some(), format!("{pointer} is missing"));
    }
    let schemas =
        document.pointer("/identity/schemas").and_then(Value::as_array).cloned().unwrap_or_default();
    must(!schemas.is_empty(), "there is no schema".into());
    for schema in schemas {
        let url = schema["url"].as_str().unwrap_or_default();
        let known =
            ["base64://", "file://", "http://", "https://"].iter().any(|scheme| url.starts_with(scheme));
        must(schema["id"].is_string() && known, format!("schema {url}"));
    }
    for flow in ["verification", "recovery"] {
        let on = document.pointer(&format!("/selfservice/flows/{flow}/enabled")) == Some(&json!(true));
        must(!on || document["courier"].is_object(), format!("{flow} is on, and there is no courier"));
    }
    for name in ["registration", "login", "error"] {
        let page = text(&format!("/selfservice/flows/{name}/ui_url"));
        must(page.is_some_and(|page| page.starts_with("http")), format!("{name} has no page: {page:?}"));
    }
    for (name, exact) in [("default", false), ("cookie", false), ("cipher", true)] {
        for secret in document["secrets"][name].as_array().into_iter().flatten() {
            let length = secret.as_str().unwrap().chars().count();
            must(length == 32 || (!exact && length >= 16), format!("secrets.{name} has {length} characters"));
        }
    }
    for pointer in ["/cookies/secure", "/session/cookie/secure"] {
        must(document.pointer(pointer).is_none_or(Value::is_string), format!("{pointer} is no text"));
    }
    for pointer in ["/serve/public/port", "/serve/admin/port"] {
        must(document.pointer(pointer).is_none_or(|port| port.as_u64() > Some(0)), format!("{pointer} is 0"));
    }
    durations(document, "", &mut must);
    for flow in ["registration", "login", "verification"] {
        let flow_path = format!("/selfservice/flows/{flow}");
        let lists = document.pointer(&flow_path).cloned().unwrap_or_default();
        must(allowed(&lists["before"]["hooks"], &["web_hook", "b2b_sso"]), format!("{flow}.before"));
        for (name, after) in lists["after"].as_object().into_iter().flatten() {
            let (list, method) =
                if name == "hooks" { (after, None) } else { (&after["hooks"], Some(name.as_str())) };
            let hooks: &[&str] = match (flow, method) {
                ("registration", None) => &["web_hook", "b2b_sso"],
                ("registration", Some(_)) => &["session", "web_hook", "show_verification_ui", "b2b_sso"],
                ("login", Some("oidc")) => {
                    &["revoke_active_sessions", "web_hook", "require_verified_address", "b2b_sso"]
                }
                ("login", _) => &[
                    "revoke_active_sessions",
                    "require_verified_address",
                    "web_hook",
                    "verification",
                    "show_verification_ui",
                    "b2b_sso",
                ],
                _ => &["web_hook"],
            };
            must(allowed(list, hooks), format!("{flow}.after.{name}: {list}"));
        }
    }
    wrong
}

/// `^([0-9]+(ns|us|ms|s|m|h))+$` wherever Kratos has a duration that our files set.
fn durations(value: &Value, path: &str, must: &mut impl FnMut(bool, String)) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let full = format!("{path}/{name}");
        let is_one = ["lifespan", "pull_wait", "privileged_session_max_age"].contains(&name.as_str());
        if let (true, Some(text)) = (is_one, value.as_str()) {
            let parts: Vec<&str> = text.split_inclusive(|c: char| c.is_ascii_lowercase()).collect();
            let plain = text.starts_with(|c: char| c.is_ascii_digit())
                && text.ends_with(['s', 'm', 'h'])
                && text.bytes().all(|b| b.is_ascii_digit() || b"nusmh".contains(&b))
                && !parts.is_empty();
            must(plain, format!("{full}: {text}"));
        }
        durations(value, &full, must);
    }
}

/// Only those hooks, each with the members that its definition has, and none twice.
fn allowed(list: &Value, hooks: &[&str]) -> bool {
    const CONFIG: &[&str] = &[
        "id",
        "response",
        "url",
        "method",
        "headers",
        "body",
        "can_interrupt",
        "emit_analytics_event",
        "auth",
    ];
    let Some(entries) = list.as_array() else { return list.is_null() };
    entries.iter().enumerate().all(|(index, entry)| {
        let members: Vec<&str> = entry.as_object().unwrap().keys().map(String::as_str).collect();
        let name = entry["hook"].as_str().unwrap();
        let shape = match name {
            "web_hook" => {
                let config = entry["config"].as_object().unwrap();
                let auth = config.get("auth").is_none_or(|auth| {
                    matches!(auth["type"].as_str(), Some("basic_auth" | "api_key"))
                        && auth["config"].is_object()
                });
                members.len() == 2
                    && config.keys().all(|name| CONFIG.contains(&name.as_str()))
                    && config["url"].is_string()
                    && config["method"].is_string()
                    && auth
            }
            "b2b_sso" => true,
            _ => members == ["hook"],
        };
        hooks.contains(&name) && shape && !entries[..index].contains(entry)
    })
}

/// Configurations that differ in what an export could get wrong: document, settings of the console.
fn configurations() -> Vec<(Value, Named)> {
    let none = Named::new();
    let mut signed = web_hook("signed");
    signed["config"]["auth"] = json!({"type": "standard_webhooks", "config": {"secrets": [
        "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
    ]}});
    signed["config"]["of_ours"] = json!({"all": "ours"});
    let keyed = json!({"hook": "web_hook", "config": {
        "url": format!("https://crm.example.org/new?token={SECRET}"), "method": "PUT", "response": {"ignore": true},
        "headers": {"Content-Type": "application/json", "X-Key": SECRET},
        "auth": {"type": "api_key", "config": {"name": "Authorization", "value": SECRET, "in": "header"}},
    }});
    let preset = json!({"identity": {"schemas": [{"id": "default", "url": "preset://email", "selfservice_selectable": "true"}]}});
    let saved = Named::from([
        ("sign_in_after_registration".to_owned(), json!({"password": "on"})),
        ("show_verification_page".to_owned(), json!({"password": "on"})),
        ("require_verified_address".to_owned(), json!({"password": "on", "oidc": "on"})),
        ("min_password_length".to_owned(), json!(12)),
    ]);
    let with = |patch: Value| {
        let mut document = kratos(preset.clone());
        merge(&mut document, patch);
        document
    };
    vec![
        (kratos(json!({})), none.clone()),
        (with(json!({"dsn": null, "serve": {"public": {"port": 0}, "admin": {"port": 0}}})), saved.clone()),
        (with(after(json!([web_hook("crm"), blocking("gate")]), json!(null))), saved.clone()),
        (
            with(after(
                json!([keyed]),
                json!([signed, {"hook": "session", "config": {}}, {"hook": "b2b_sso", "config": {"x": 1}}]),
            )),
            none.clone(),
        ),
        (
            with(json!({
                "selfservice": {
                    "default_browser_return_url": "/welcome",
                    "methods": {"oidc": {"enabled": true, "config": {"providers": [{"id": "g", "provider": "generic", "client_id": "c",
                        "client_secret": SECRET, "issuer_url": "https://idp.test", "mapper_url": "base64://e30="}]}}, "totp": {"enabled": true}},
                    "flows": {
                        "registration": {"ui_url": "/sign-up", "lifespan": "1.5h", "before": {"hooks": [web_hook("before")]},
                            "after": {"hooks": [web_hook("all")], "default_browser_return_url": "/hello"}},
                        "login": {"after": {"hooks": [{"hook": "require_verified_address"}, {"hook": "revoke_active_sessions"}]}},
                        "verification": {"enabled": true, "after": {"hooks": [web_hook("proven")]}},
                        "settings": {"privileged_session_max_age": "15m", "after": {"hooks": [web_hook("changed")]}},
                    },
                },
                "cookies": {"secure": true}, "session": {"cookie": {"secure": false, "same_site": "Strict"}},
                "hashers": {"algorithm": "argon2", "argon2": {"memory": "32MiB"}},
                "courier": {"smtp": {"connection_uri": format!("smtps://mail:{SECRET}@mail.test/"), "headers": {"X-Pass": SECRET}}},
                "secrets": {"cookie": [format!("{SECRET}-cookie")], "cipher": ["hunter2-cipher-of-this-test-32ch"]},
                "unknown": {"to": "Kratos"},
                "vestibule": {"registration": {"sign_in_after_social": true, "invite_only": true}, "admin": {"token": SECRET},
                    "pages": {"name": "Example"}},
            })),
            saved,
        ),
    ]
}

/// A number of an older version is not made bytes of on the way, and what is exported has the size that is in force.
#[test]
fn the_memory_of_a_hash_without_a_unit_is_not_taken_over() {
    let memory = |value: Value| json!({"hashers": {"algorithm": "argon2", "argon2": {"memory": value}}});
    for number in [json!(131_072), json!("131072")] {
        let import = imported(&memory(number.clone()));
        let (what, text) = outcome(&import, "hashers.argon2.memory");
        assert_eq!(what, Outcome::Refused, "{number}");
        assert!(text.contains("no unit"), "{text}");
        let config = super::loaded(&super::document(memory(number))).config;
        let document = export(&config, true).document;
        assert_eq!(document["hashers"]["argon2"]["memory"], "19456KB");
    }
}

#[test]
fn kratos_takes_what_is_exported_and_it_comes_back_meaning_the_same() {
    for (number, (document, named)) in configurations().into_iter().enumerate() {
        let config = loaded(document, &named);
        for with_secrets in [true, false] {
            let Export { document, .. } = export(&config, with_secrets);
            assert_eq!(stock(&document), Vec::<String>::new(), "configuration {number}: {document:#}");
            assert_eq!(document.to_string().contains("hunter2"), with_secrets, "{document:#}");
        }
        for (format, name) in [(Format::Yaml, "exported.yml"), (Format::Json, "exported.json")] {
            let text = export(&config, true).text(format);
            let import = Files::of(&[(name, &text)]).import();
            let all =
                [Outcome::Refused, Outcome::Moved, Outcome::Unknown].map(|outcome| import.count(outcome));
            assert_eq!(all, [0, 0, 0], "{:#?}", import.entries);
            let back = loaded(import.document(true), &Named::new());
            assert_eq!(back.named, Named::new());
            for plan in plans(&config) {
                let again = plans(&back).into_iter().find(|other| {
                    (other.flow, other.method, other.client) == (plan.flow, plan.method, plan.client)
                });
                let again = again.unwrap();
                // Signing by our convention and a provider's sign-in are the two that Kratos says otherwise.
                if unsigned(&plan) != unsigned(&again) {
                    assert_eq!(
                        (plan.flow, plan.method),
                        (FlowKind::Registration, MethodId::Oidc),
                        "{number}"
                    );
                    assert!(again.signs_in(), "{number}: the entry stands for `sign_in_after_social`");
                }
            }
            let password = |config: &Config| config.selfservice.password.min_password_length;
            assert_eq!(password(&back), password(&config));
            assert_eq!(back.selfservice.code.lifespan, config.selfservice.code.lifespan);
            assert_eq!(back.secrets.default, config.secrets.default);
        }
    }
}

fn plans(config: &Config) -> Vec<Plan> {
    let clients = [Client::Browser, Client::Spa, Client::Native];
    let kinds = [FlowKind::Registration, FlowKind::Login];
    kinds
        .into_iter()
        .flat_map(|flow| METHODS.map(|method| clients.map(|client| plan(config, flow, method, client))))
        .flatten()
        .collect()
}

/// The plan in words, without how its web hooks prove who they are.
fn unsigned(plan: &Plan) -> String {
    // Kratos has no invitations.
    let steps = plan.steps.iter().filter(|step| **step != Step::Invitation);
    let names = steps.map(|step| match step {
        Step::Before(hook) | Step::Ask(hook) => format!("{} {:?}", hook.name, hook.response),
        Step::Run(Hook::WebHook(hook)) => format!("run {} {:?}", hook.name, hook.response),
        other => format!("{other:?}"),
    });
    format!("{:?} {:?} {:?} {:?}", names.collect::<Vec<_>>(), plan.source, plan.silenced(), plan.answer)
}

#[test]
fn what_kratos_will_do_differently_is_said() {
    let (document, named) = configurations().pop().unwrap();
    let exported = export(&loaded(document, &named), false);
    let said = |path: &str| {
        let found = exported.remarks.iter().find(|remark| remark.path == path);
        found.map(|remark| remark.text.as_str()).unwrap_or_else(|| panic!("{path}: {:#?}", exported.remarks))
    };
    for (path, part) in [
        ("vestibule.registration.invite_only", "invitations"),
        ("vestibule.registration.sign_in_after_social", "`session`"),
        ("vestibule.admin.token", "token"),
        ("unknown", "rejects"),
        ("dsn", "create another one for Kratos"),
        ("secrets", "SECRETS_DEFAULT"),
        ("selfservice.flows.login.ui_url", "https://accounts.example.org/login"),
        ("courier.smtp.connection_uri", "left out"),
        ("selfservice.methods.oidc.config.providers[0].client_secret", "left out"),
    ] {
        assert!(said(path).contains(part), "{path}: {}", said(path));
    }
    assert!(!format!("{:?}", exported.remarks).contains("hunter2"));
    let oidc = exported.document.pointer("/selfservice/flows/registration/after/oidc/hooks").unwrap();
    let names: Vec<_> =
        oidc.as_array().unwrap().iter().map(|entry| entry["hook"].as_str().unwrap()).collect();
    assert_eq!(names, ["web_hook", "session"], "an own list replaces the flow's, so its entries come along");
    assert_eq!(exported.document["secrets"], Value::Null, "nothing is signed with what everybody knows");
    assert_eq!(
        exported.document["selfservice"]["flows"]["registration"]["ui_url"],
        "https://accounts.example.org/sign-up"
    );
}
