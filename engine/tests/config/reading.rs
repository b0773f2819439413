//! Reading configuration: layers, every kind of problem, notes, generated secrets, and the printed file.

use engine::config::load::{Loaded, Problem, Sources, load, print};
use engine::config::{self, Algorithm, Config, Hook, Method, Named, SameSite, Style};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A small valid configuration with a patch (RFC 7396) over it.
fn document(patch: Value) -> Sources {
    let base = json!({
        "serve": {"public": {"base_url": "https://accounts.example.org/"}, "admin": {"host": "127.0.0.1"}},
        "identity": {"schemas": [{"id": "default", "url": "preset://email"}]},
        "secrets": {"default": ["a-secret-of-this-test-and-none-else"]},
    });
    Sources { documents: vec![base, patch], ..Sources::default() }
}

#[track_caller]
fn loaded(sources: &Sources) -> Loaded {
    load(sources, None).unwrap_or_else(|problems| panic!("{problems}"))
}

#[track_caller]
fn problems(sources: &Sources) -> Vec<Problem> {
    load(sources, None).map(|_| ()).expect_err("there is a problem").0
}

fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn sign_in(switch: &str) -> Named {
    Named::from([("sign_in_after_registration".to_owned(), json!({"password": switch}))])
}

fn password_hooks(config: &Config) -> &[Hook] {
    &config.selfservice.registration.after.methods[&Method::Password].hooks
}

#[test]
fn without_any_file_the_starter_applies_and_says_nothing() {
    let Loaded { config, notes } = loaded(&Sources::default());
    assert_eq!(notes, []);
    for (listener, port) in
        [(&config.serve.public, 4433), (&config.serve.admin, 4434), (&config.vestibule.console, 4435)]
    {
        assert_eq!((listener.host.as_str(), listener.port), ("127.0.0.1", port));
        assert_eq!(listener.base_url_text, format!("http://127.0.0.1:{port}/"));
    }
    assert_eq!(config.selfservice.registration.style, Style::Unified);
    assert!(config.selfservice.registration.enabled && config.selfservice.verification.enabled);
    assert_eq!(config.selfservice.registration.ui_url, None);
    assert_eq!(config.default_return_url().as_str(), "http://127.0.0.1:4433/welcome");
    let argon2 = config.hashers.argon2;
    assert_eq!(config.hashers.algorithm, Algorithm::Argon2);
    assert_eq!((argon2.memory, argon2.iterations, argon2.parallelism), (19 * 1024, 2, 1));
    assert_eq!((argon2.salt_length, argon2.key_length), (16, 32));
    assert_eq!(config.identity.schemas[0].url, "preset://email");
    let password = &config.selfservice.password;
    assert!(
        password.enabled && password.haveibeenpwned_enabled && password.identifier_similarity_check_enabled
    );
    assert_eq!(password.min_password_length, 8);
    assert!(
        password_hooks(&config).is_empty(),
        "signing in after registration is off until somebody switches it on"
    );
}

#[test]
fn outside_the_starter_defaults_are_those_of_kratos() {
    let config = loaded(&document(json!({}))).config;
    assert_eq!(config.hashers.algorithm, Algorithm::Bcrypt);
    assert_eq!(config.hashers.bcrypt_cost, 12);
    assert_eq!(config.selfservice.registration.style, Style::ProfileFirst);
    assert_eq!(config.selfservice.registration.lifespan, Duration::from_secs(3600));
    assert_eq!(config.session.lifespan, Duration::from_secs(86_400));
    assert_eq!(config.session.cookie_name, "ory_kratos_session");
    assert!(config.session.cookie_persistent && !config.selfservice.verification.enabled);
    assert_eq!((config.serve.public.host.as_str(), config.serve.public.port), ("0.0.0.0", 4433));
    assert_eq!(config.serve.admin.base_url_text, "http://127.0.0.1:4434/");
    assert_eq!((config.cookies.secure, config.cookies.same_site), (None, Some(SameSite::Lax)));
    assert!(config.serve.cors.is_none());
}

#[test]
fn a_configuration_as_kratos_users_have_it_is_read() {
    let Loaded { config, notes } = loaded(&document(json!({
        "serve": {"public": {"base_url": "http://127.0.0.1:4433", "cors": {"enabled": true, "allowed_origins": ["http://ui.test"]}}},
        "selfservice": {
            "default_browser_return_url": "http://ui.test/welcome",
            "allowed_return_urls": ["http://ui.test"],
            "methods": {
                "password": {"config": {"haveibeenpwned_enabled": false}},
                "totp": {"enabled": true, "config": {"issuer": "Test"}},
                "oidc": {"enabled": true, "config": {"providers": [
                    {"id": "z", "provider": "generic", "client_id": "c", "client_secret": "s", "issuer_url": "https://idp.test/", "mapper_url": "base64://e30="},
                ]}},
            },
            "flows": {
                "registration": {"lifespan": "2s", "style": "unified", "ui_url": "http://ui.test/registration", "after": {
                    "default_browser_return_url": "/done",
                    "hooks": [{"hook": "b2b_sso"}],
                    "password": {"hooks": [{"hook": "show_verification_ui"}, {"hook": "session"}]},
                    "code": {"hooks": [{"hook": "session"}]},
                }},
                "settings": {"privileged_session_max_age": "15m"},
            },
        },
        "session": {"cookie": {"secure": "true"}},
        "cookies": {"secure": true},
        "hashers": {"algorithm": "argon2", "argon2": {"memory": "8MB", "iterations": "1"}},
        "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1025/"}, "worker": {"pull_wait": "200ms"}},
    })));
    assert_eq!(config.serve.public.base_url_text, "http://127.0.0.1:4433", "the text is kept to the letter");
    assert_eq!(config.session.cookie.secure, Some(true));
    assert_eq!(config.cookies.secure, Some(true));
    assert_eq!((config.hashers.argon2.memory, config.hashers.argon2.iterations), (8 * 1024, 1));
    assert_eq!(config.selfservice.registration.lifespan, Duration::from_secs(2));
    assert_eq!(password_hooks(&config), [Hook::ShowVerificationUi, Hook::Session]);
    assert!(config.selfservice.enabled[&Method::Totp]);
    assert_eq!(config.serve.cors.as_ref().map(|cors| cors.allowed_methods.len()), Some(5));
    let after = config.selfservice.registration.after.default_browser_return_url.as_ref();
    assert_eq!(after.map(url::Url::as_str), Some("http://127.0.0.1:4433/done"));
    let noted: Vec<&str> = notes.iter().map(|note| note.path.as_str()).collect();
    for path in [
        "selfservice.flows.settings.privileged_session_max_age",
        "selfservice.methods.totp.enabled",
        "selfservice.flows.registration.after.hooks[0]",
    ] {
        assert!(noted.contains(&path), "{path} is reported: {noted:?}");
    }
    for runs in [
        "selfservice.flows.registration.after.password.hooks[0]",
        "selfservice.flows.registration.after.password.hooks[1]",
        "courier.smtp.connection_uri",
    ] {
        assert!(!noted.contains(&runs), "{runs} works");
    }
    assert_eq!(config.courier.smtp.as_ref().map(|server| server.port), Some(1025));
    assert_eq!(config.courier.pull_wait, Duration::from_millis(200));
}

/// Every kind of problem: what is written, where it is reported, a word of what to write instead.
#[test]
fn each_problem_is_found_where_it_is() {
    let registration = |after: Value| json!({"selfservice": {"flows": {"registration": {"after": after}}}});
    let argon2 = |keys: Value| json!({"hashers": {"algorithm": "argon2", "argon2": keys}});
    let web_hook = |config: Value| registration(json!({"hooks": [{"hook": "web_hook", "config": config}]}));
    for (patch, path, instead) in [
        (json!({"serve": 1}), "serve", "section"),
        (json!({"dsn": true}), "dsn", "text"),
        (json!({"serve": {"public": {"port": "http"}}}), "serve.public.port", "65535"),
        (json!({"serve": {"public": {"port": 70000}}}), "serve.public.port", "65535"),
        (json!({"serve": {"admin": {"port": 4433}}}), "serve.admin.port", "another port"),
        (
            json!({"serve": {"public": {"base_url": "accounts.example.org"}}}),
            "serve.public.base_url",
            "https://",
        ),
        (
            json!({"serve": {"public": {"base_url": "ftp://example.org/"}}}),
            "serve.public.base_url",
            "https://",
        ),
        (
            json!({"serve": {"public": {"base_url": "https://example.org/?a=b"}}}),
            "serve.public.base_url",
            "https://",
        ),
        (
            json!({"serve": {"public": {"cors": {"allowed_origins": "*"}}}}),
            "serve.public.cors.allowed_origins",
            "list",
        ),
        (
            json!({"vestibule": {"trusted_proxies": ["10.0.0.0/99"]}}),
            "vestibule.trusted_proxies[0]",
            "10.0.0.0/8",
        ),
        (json!({"vestibule": {"admin": {"token": "short"}}}), "vestibule.admin.token", "16 characters"),
        (json!({"identity": {"schemas": null}}), "identity.schemas", "preset://email"),
        (json!({"identity": {"schemas": []}}), "identity.schemas", "preset://email"),
        (json!({"identity": {"schemas": [{"id": "default"}]}}), "identity.schemas[0]", "preset://email"),
        (json!({"identity": {"default_schema_id": "other"}}), "identity.default_schema_id", "`default`"),
        (
            json!({"identity": {"schemas": [{"id": "default", "url": "https://x.test/s.json"}]}}),
            "identity.schemas[0].url",
            "file://",
        ),
        (
            json!({"identity": {"schemas": [{"id": "default", "url": "base64://%%%"}]}}),
            "identity.schemas[0].url",
            "base64",
        ),
        (
            json!({"identity": {"schemas": [{"id": "default", "url": "preset://fax"}]}}),
            "identity.schemas[0].url",
            "preset://email",
        ),
        (
            json!({"identity": {"schemas": [{"id": "default", "url": "file://nowhere/s.json"}]}}),
            "identity.schemas[0].url",
            "absolute",
        ),
        (
            json!({"selfservice": {"methods": {"password": {"config": {"min_password_length": 5}}}}}),
            "selfservice.methods.password.config.min_password_length",
            "6",
        ),
        (
            json!({"vestibule": {"password": {"max_length": 64}}, "selfservice": {"methods": {"password": {"config": {"min_password_length": 65}}}}}),
            "selfservice.methods.password.config.min_password_length",
            "max_length",
        ),
        (
            json!({"selfservice": {"methods": {"password": {"enabled": "perhaps"}}}}),
            "selfservice.methods.password.enabled",
            "`true`",
        ),
        (
            json!({"selfservice": {"flows": {"login": {"lifespan": "10"}}}}),
            "selfservice.flows.login.lifespan",
            "10m",
        ),
        (
            json!({"selfservice": {"flows": {"login": {"lifespan": "0s"}}}}),
            "selfservice.flows.login.lifespan",
            "1h",
        ),
        (
            json!({"selfservice": {"flows": {"login": {"style": "modern"}}}}),
            "selfservice.flows.login.style",
            "identifier_first",
        ),
        (
            json!({"selfservice": {"flows": {"login": {"ui_url": "javascript:alert(1)"}}}}),
            "selfservice.flows.login.ui_url",
            "https://",
        ),
        (
            json!({"selfservice": {"flows": {"login": {"ui_url": "//evil.test/"}}}}),
            "selfservice.flows.login.ui_url",
            "https://",
        ),
        (
            registration(json!({"hooks": [{"hook": "session"}]})),
            "selfservice.flows.registration.after.hooks[0]",
            "after.password.hooks",
        ),
        (
            registration(json!({"hooks": {"hook": "session"}})),
            "selfservice.flows.registration.after.hooks",
            "list",
        ),
        (
            registration(json!({"password": {"hooks": [{"hook": "session"}, {"hook": "session"}]}})),
            "selfservice.flows.registration.after.password.hooks[1]",
            "once",
        ),
        (
            registration(json!({"password": {"hooks": [{"hook": "revoke_active_sessions"}]}})),
            "selfservice.flows.registration.after.password.hooks[0]",
            "session",
        ),
        (
            registration(json!({"password": {"hooks": ["session"]}})),
            "selfservice.flows.registration.after.password.hooks[0]",
            "hook:",
        ),
        (
            json!({"selfservice": {"flows": {"login": {"after": {"hooks": [{"hook": "session"}]}}}}}),
            "selfservice.flows.login.after.hooks[0]",
            "take the entry out",
        ),
        (
            json!({"selfservice": {"flows": {"login": {"before": {"hooks": [{"hook": "require_verified_address"}]}}}}}),
            "selfservice.flows.login.before.hooks[0]",
            "web_hook",
        ),
        (web_hook(json!(null)), "selfservice.flows.registration.after.hooks[0]", "config:"),
        (
            web_hook(json!({"url": "crm", "method": "POST"})),
            "selfservice.flows.registration.after.hooks[0]",
            "url:",
        ),
        (
            web_hook(
                json!({"url": "http://crm/", "method": "POST", "response": {"ignore": true, "parse": true}}),
            ),
            "selfservice.flows.registration.after.hooks[0]",
            "not both",
        ),
        (json!({"secrets": {"default": []}}), "secrets.default", "generated"),
        (json!({"secrets": {"cookie": [""]}}), "secrets.cookie[0]", "16 characters"),
        (json!({"secrets": {"cipher": ["too-short-for-a-cipher"]}}), "secrets.cipher[0]", "exactly 32"),
        (json!({"cookies": {"same_site": "None", "secure": "false"}}), "cookies.same_site", "Lax"),
        (
            json!({"session": {"cookie": {"same_site": "None", "secure": "false"}}}),
            "session.cookie.same_site",
            "Lax",
        ),
        (json!({"session": {"cookie": {"name": "a b"}}}), "session.cookie.name", "letters"),
        (json!({"session": {"cookie": {"domain": "x; Secure"}}}), "session.cookie.domain", "without"),
        (argon2(json!({"parallelism": 0})), "hashers.argon2.parallelism", "1"),
        (argon2(json!({"memory": "a lot"})), "hashers.argon2.memory", "19MB"),
        (argon2(json!({"memory": "8KB", "parallelism": 4})), "hashers.argon2.memory", "32KB"),
        (json!({"hashers": {"algorithm": "md5"}}), "hashers.algorithm", "`bcrypt`"),
        (json!({"log": {"level": "loud"}}), "log.level", "`warning`"),
    ] {
        let found = problems(&document(patch.clone()));
        let [problem] = found.as_slice() else { panic!("{patch}: {found:?}") };
        assert_eq!(problem.path, path, "{patch}");
        assert!(problem.instead.contains(instead), "{patch}: {problem}");
        assert_eq!(problem.file, "document 2", "{patch}: {problem}");
    }
}

#[test]
fn all_problems_come_at_once_each_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let one = file(
        folder.path(),
        "one.yml",
        "identity:\n  schemas: [{id: a, url: preset://email}]\nlog: {level: loud}\n",
    );
    let two = file(folder.path(), "two.json", r#"{"session": {"lifespan": "long"}}"#);
    let environment = BTreeMap::from([("SERVE_PUBLIC_PORT".to_owned(), "many".to_owned())]);
    let sources = Sources { files: vec![one, two], environment, ..Sources::default() };
    let found = problems(&sources);
    let places: Vec<(&str, &str)> =
        found.iter().map(|p| (p.file.rsplit('/').next().unwrap(), p.path.as_str())).collect();
    assert_eq!(
        places,
        [
            ("one.yml", "identity.default_schema_id"),
            ("one.yml", "log.level"),
            ("two.json", "session.lifespan"),
            ("environment variable SERVE_PUBLIC_PORT", "serve.public.port"),
        ]
    );
}

#[test]
fn a_printed_mask_is_told_from_a_secret_that_is_too_short() {
    let printed = print(&loaded(&document(json!({}))).config, false);
    let masked =
        printed.lines().find_map(|line| line.trim().strip_prefix("- ").filter(|text| text.contains('•')));
    let mask = masked.unwrap().trim_matches('"');
    let found = problems(&document(json!({"secrets": {"default": [mask]}})));
    assert!(found[0].what.contains("config print"), "{found:?}");
    assert!(found[0].instead.contains("--with-secrets"), "{found:?}");
}

#[test]
fn the_digest_follows_every_change_and_cannot_be_tried_without_the_secrets() {
    let digest = |sources: &Sources| config::digest(&loaded(sources).config);
    let plain = document(json!({}));
    assert_eq!(digest(&plain), digest(&plain));
    assert_ne!(digest(&plain), digest(&document(json!({"log": {"level": "debug"}}))));
    // The same in all but what nobody wrote down.
    let nowhere = document(json!({"secrets": null}));
    assert_ne!(digest(&nowhere), digest(&nowhere), "secrets are made anew for each");
    let saved = load(&plain, Some((3, &sign_in("on")))).unwrap().config;
    assert_ne!(config::digest(&saved), digest(&plain));
    assert_eq!(digest(&document(json!({"revision": "7c1"}))), "7c1");
}

#[test]
fn broken_files_are_named_with_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text, expected) in [
        ("bad.yml", "dsn: memory\nlog: [unclosed\n", "line "),
        ("twice.yml", "log:\n  level: info\nlog:\n  level: error\n", "line 3, column "),
        ("bad.json", "{\n  \"dsn\": \"memory\",\n}", "line 3, column 1: "),
        ("bad.toml", "dsn = \"memory\"\n[log\n", "line 2, column "),
        ("empty.yml", " \n", "empty"),
        ("comment.yml", "# nothing yet\n", "says nothing"),
        ("list.yml", "- dsn\n", "not a set of keys"),
        ("config.ini", "dsn=memory", "no format"),
    ] {
        let path = file(folder.path(), name, text);
        let found = problems(&Sources { files: vec![path.clone()], ..Sources::default() });
        let [problem] = found.as_slice() else { panic!("{name}: {found:?}") };
        assert_eq!(problem.file, path.display().to_string());
        assert!(problem.what.contains(expected), "{name}: {problem}");
        assert!(
            !problem.what.contains('\n'),
            "{name}: one line, no excerpt that may hold a secret: {problem}"
        );
    }
    let missing = problems(&Sources { files: vec![folder.path().join("missing.yml")], ..Sources::default() });
    assert!(missing[0].what.contains("cannot be read"), "{}", missing[0]);
}

#[test]
fn later_files_win_objects_merge_lists_replace_null_removes() {
    let folder = tempfile::tempdir().unwrap();
    let first = file(
        folder.path(),
        "first.yaml",
        "identity: {schemas: [{id: default, url: preset://email}]}\nlog: {level: debug, format: json}\nselfservice: {allowed_return_urls: [https://a.test, https://b.test]}\n",
    );
    let second = file(
        folder.path(),
        "second.toml",
        "[log]\nlevel = \"error\"\n[selfservice]\nallowed_return_urls = [\"https://c.test\"]\n[serve.public]\nport = 5000\n",
    );
    let third = file(folder.path(), "third.json", r#"{"log": {"format": null}}"#);
    let config = loaded(&Sources { files: vec![first, second, third], ..Sources::default() }).config;
    assert_eq!((config.log.level.as_str(), config.log.format.as_str()), ("error", "text"));
    assert_eq!(config.selfservice.allowed_return_urls, ["https://c.test"]);
    assert_eq!(config.serve.public.base_url_text, "http://127.0.0.1:5000/");
}

#[test]
fn environment_wins_over_console_which_wins_over_files() {
    let key = "selfservice.methods.password.config.min_password_length";
    let named = Named::from([("min_password_length".to_owned(), json!(12))]);
    let mut sources =
        document(json!({"selfservice": {"methods": {"password": {"config": {"min_password_length": 10}}}}}));
    let length = |sources: &Sources, revision| {
        let config = load(sources, revision).unwrap_or_else(|problems| panic!("{problems}")).config;
        (config.selfservice.password.min_password_length, config.variable(key).map(str::to_owned))
    };
    assert_eq!(length(&sources, None), (10, None));
    assert_eq!(length(&sources, Some((3, &named))), (12, None));
    let variable = "SELFSERVICE_METHODS_PASSWORD_CONFIG_MIN_PASSWORD_LENGTH";
    sources.environment.insert(variable.to_owned(), "14".to_owned());
    assert_eq!(length(&sources, Some((3, &named))), (14, Some(variable.to_owned())));
    sources.environment.insert(variable.to_owned(), String::new());
    assert_eq!(length(&sources, None), (10, None), "an empty variable counts as unset");
}

#[test]
fn variables_are_read_by_the_type_of_their_key() {
    let mut sources = document(json!({}));
    for (variable, text) in [
        ("SERVE_PUBLIC_BASE_URL", "https://id.example.org/"),
        ("SERVE_PUBLIC_PORT", "8080"),
        ("SELFSERVICE_FLOWS_LOGIN_LIFESPAN", "90s"),
        ("SELFSERVICE_ALLOWED_RETURN_URLS", r#"["https://a.test"]"#),
        ("SESSION_COOKIE_SECURE", "false"),
        ("HASHERS_ARGON2_MEMORY", "33554432"),
        ("DSN", "memory"),
        ("LOG_LEVEL", "warning"),
        ("VERSION", "not ours"),
        ("PATH", "/bin"),
    ] {
        sources.environment.insert(variable.to_owned(), text.to_owned());
    }
    let Loaded { config, notes } = loaded(&sources);
    assert_eq!(notes, []);
    assert_eq!(config.serve.public.base_url_text, "https://id.example.org/");
    assert_eq!(config.serve.public.port, 8080);
    assert_eq!(config.selfservice.login.lifespan, Duration::from_secs(90));
    assert_eq!(config.selfservice.allowed_return_urls, ["https://a.test"]);
    assert_eq!(config.session.cookie.secure, Some(false));
    assert_eq!(config.hashers.argon2.memory, 32 * 1024);
    assert_eq!((config.dsn.as_deref(), config.log.level.as_str()), (Some("memory"), "warning"));
    sources.environment.insert("SELFSERVICE_ALLOWED_RETURN_URLS".into(), "https://a.test".into());
    let found = problems(&sources);
    assert_eq!(found[0].file, "environment variable SELFSERVICE_ALLOWED_RETURN_URLS");
    assert!(found[0].instead.contains("JSON"), "{}", found[0]);
}

#[test]
fn unknown_keys_are_reported_with_the_one_that_may_be_meant() {
    let notes = loaded(&document(json!({"log": {"levle": "info"}, "frobnicate": {"deeply": 1}}))).notes;
    let found: Vec<(&str, &str)> =
        notes.iter().map(|note| (note.path.as_str(), note.text.as_str())).collect();
    assert_eq!(
        found,
        [
            ("log.levle", "unknown key without effect; perhaps `level` is meant"),
            ("frobnicate", "unknown key without effect"),
        ]
    );
}

#[test]
fn a_flow_level_hook_is_carried_over_and_back() {
    let hook = json!({"hook": "web_hook", "config": {"url": "http://crm.test/", "method": "POST"}});
    let sources = document(json!({"selfservice": {"flows": {"registration": {"after": {"hooks": [hook]}}}}}));
    let hooks = |switch: &str| {
        let config = load(&sources, Some((1, &sign_in(switch)))).unwrap().config;
        let names: Vec<&str> = password_hooks(&config).iter().map(Hook::name).collect();
        names.join(" ")
    };
    assert_eq!(hooks("on"), "web_hook session");
    assert_eq!(hooks("off"), "");
    assert_eq!(hooks("on"), "web_hook session");
}

#[test]
fn a_revision_that_no_longer_fits_is_named() {
    let sources = document(json!({"vestibule": {"password": {"max_length": 64}}}));
    for named in [
        Named::from([("min_password_length".to_owned(), json!(100))]),
        Named::from([("from_a_later_version".to_owned(), json!(true))]),
    ] {
        let found = load(&sources, Some((7, &named))).map(|_| ()).unwrap_err().0;
        assert_eq!(found[0].file, "console revision 7", "{}", found[0]);
    }
}

#[test]
fn secrets_are_generated_once_and_for_the_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let sources = Sources { data: data.clone(), ..Sources::default() };
    let first = loaded(&sources).config.secrets;
    let path = data.join("secrets.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 1, "nothing is left beside it");
    assert_eq!(first.cipher[0].len(), 32);
    let mut distinct = vec![&first.default, &first.cookie, &first.cipher];
    distinct.dedup();
    assert_eq!(distinct.len(), 3);
    let second = loaded(&sources).config.secrets;
    assert_eq!((first.default, first.cookie, first.cipher), (second.default, second.cookie, second.cipher));
    std::fs::write(&path, "{").unwrap();
    let found = problems(&sources);
    assert!(found[0].what.contains("damaged"), "{}", found[0]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{", "a damaged file is never replaced");
}

#[test]
fn cookie_and_cipher_fall_back_to_the_configured_default() {
    let folder = tempfile::tempdir().unwrap();
    let mut sources = document(json!({}));
    sources.data = folder.path().to_path_buf();
    let secrets = loaded(&sources).config.secrets;
    assert_eq!(secrets.cookie, ["a-secret-of-this-test-and-none-else"]);
    assert_eq!(secrets.cipher, secrets.default);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing needs to be generated");
}

#[test]
fn what_is_printed_loads_again_and_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for sources in [
        Sources { data: folder.path().join("starter"), ..Sources::default() },
        Sources {
            data: folder.path().join("other"),
            ..document(json!({
                "hashers": {"algorithm": "argon2", "argon2": {"memory": "32MiB"}},
                "selfservice": {"flows": {"registration": {"lifespan": "1.5h"}}},
                "session": {"cookie": {"secure": true}},
                "vestibule": {"console": {"port": 5435}},
                "unknown": {"to": "kratos"},
            }))
        },
    ] {
        let config = load(&sources, Some((4, &sign_in("on")))).unwrap().config;
        let text = print(&config, true);
        assert!(!text.contains("unknown"), "stock Kratos refuses unknown keys:\n{text}");
        assert!(!text.contains("preset://"), "stock Kratos knows no presets:\n{text}");
        // Our own block, with its marks taken away.
        let (theirs, ours) = text.split_once("\n# Keys of Vestibule").unwrap_or((&text, ""));
        let ours: String =
            ours.lines().skip(1).map(|line| format!("{}\n", line.trim_start_matches("# "))).collect();
        let path = file(folder.path(), "printed.yml", &format!("{theirs}\n{ours}"));
        let again = loaded(&Sources { files: vec![path], ..Sources::default() }).config;
        assert_eq!(password_hooks(&again), [Hook::Session], "settings of the console are in the file");
        let (a, b) = (&config, &again);
        assert_eq!(a.hashers.argon2, b.hashers.argon2);
        assert_eq!(a.secrets.default, b.secrets.default);
        assert_eq!(a.secrets.cookie, b.secrets.cookie);
        assert_eq!(a.secrets.cipher, b.secrets.cipher);
        assert_eq!(a.serve.public.base_url_text, b.serve.public.base_url_text);
        assert_eq!(a.vestibule.console.port, b.vestibule.console.port);
        assert_eq!(a.selfservice.registration.lifespan, b.selfservice.registration.lifespan);
        assert_eq!(a.default_return_url(), b.default_return_url());
        assert_eq!(a.session.cookie.secure, b.session.cookie.secure);
        let document: Value = serde_saphyr::from_str(&text).unwrap();
        for required in ["/dsn", "/identity/schemas/0/url", "/selfservice/default_browser_return_url"] {
            assert!(document.pointer(required).is_some_and(Value::is_string), "{required} is there:\n{text}");
        }
        assert!(document.get("vestibule").is_none());
    }
}

#[test]
fn a_print_shows_no_secret_unless_asked() {
    let sources = document(json!({
        "dsn": "postgres://vestibule:hunter2-dsn@db.test/vestibule",
        "secrets": {"cookie": ["hunter2-cookie-of-this-test"], "cipher": ["hunter2-cipher-of-this-test-32ch"]},
        "courier": {"smtp": {"connection_uri": "smtps://mail:hunter2-smtp@mail.test/"}},
        "vestibule": {"admin": {"token": "hunter2-token-of-this-test"}},
        "selfservice": {
            "methods": {"oidc": {"config": {"providers": [
                {"id": "g", "provider": "google", "client_id": "c", "client_secret": "hunter2-oidc", "mapper_url": "preset://mapper"},
            ]}}},
            "flows": {"registration": {"after": {"hooks": [{"hook": "web_hook", "config": {
                "url": "http://u:hunter2-url@crm.test/", "method": "POST", "headers": {"X-Key": "hunter2-header"},
                "auth": {"type": "basic_auth", "config": {"user": "u", "password": "hunter2-auth"}},
            }}]}}},
        },
    }));
    let config = loaded(&sources).config;
    let masked = print(&config, false);
    assert!(!masked.contains("hunter2") && !masked.contains("a-secret-of-this-test"), "{masked}");
    assert!(
        masked.contains("••••") && masked.contains("db.test") && masked.contains("client_secret"),
        "{masked}"
    );
    assert_eq!(print(&config, true).matches("hunter2").count(), 9);
    let debugged = format!("{config:?} {:?}", config.layers);
    assert!(!debugged.contains("hunter2"), "{debugged}");
}

fn with_providers(providers: Value) -> Sources {
    document(
        json!({"selfservice": {"methods": {"oidc": {"enabled": true, "config": {"providers": providers}}}}}),
    )
}

#[test]
fn providers_are_read_with_what_their_kind_brings_along() {
    let config = loaded(&with_providers(json!([
        {"id": "google", "provider": "google", "client_id": "c", "client_secret": "s", "mapper_url": "preset://mapper"},
        {"id": "work", "provider": "generic", "client_id": "c", "client_secret": "s", "issuer_url": "https://sso.example.org/realms/work",
         "mapper_url": "base64://e30=", "scope": ["email"], "pkce": "force"},
        {"id": "ms", "provider": "microsoft", "client_id": "c", "client_secret": "s", "microsoft_tenant": "organizations", "mapper_url": "preset://mapper"},
    ])))
    .config;
    let social = &config.selfservice.social;
    let [google, work, microsoft] = social.providers.as_slice() else { panic!("{social:?}") };
    assert_eq!(
        (google.label.as_str(), google.issuer_text.as_str(), google.vouches),
        ("Google", "https://accounts.google.com", true)
    );
    assert_eq!(work.scope, ["openid", "email"], "without `openid` there is no id_token");
    assert_eq!((work.label.as_str(), work.vouches), ("Work", false));
    assert_eq!(social.redirect_uri(work), "https://accounts.example.org/self-service/methods/oidc/callback");
    assert_eq!(
        social.redirect_uri(google),
        "https://accounts.example.org/self-service/methods/oidc/callback/google"
    );
    assert_eq!(microsoft.issuer_text, "https://login.microsoftonline.com/organizations/v2.0");
    assert!(!format!("{social:?}").contains("\"s\""), "no secret is printed");
    let printed = print(&config, false);
    assert!(!printed.contains("client_secret: s"), "{printed}");
    let ids: Vec<&str> = social.offered().iter().map(|provider| provider.id.as_str()).collect();
    assert_eq!(ids, ["google", "ms", "work"], "as Kratos sorts them");
}

#[test]
fn what_is_wrong_with_a_provider_is_told_where_it_stands() {
    let good = json!({"id": "a", "provider": "generic", "client_id": "c", "issuer_url": "https://i.example", "mapper_url": "base64://e30="});
    for (change, member) in [
        (json!({"id": null}), "id"),
        (json!({"id": "a/b"}), "id"),
        (json!({"provider": null}), "provider"),
        (json!({"provider": "myspace"}), "provider"),
        (json!({"client_id": null}), "client_id"),
        (json!({"issuer_url": null}), "issuer_url"),
        (json!({"issuer_url": "i.example"}), "issuer_url"),
        (json!({"mapper_url": null}), "mapper_url"),
        (json!({"mapper_url": "file:///nowhere.jsonnet"}), "mapper_url"),
        (json!({"pkce": "maybe"}), "pkce"),
        (json!({"account_linking_mode": "always"}), "account_linking_mode"),
        (json!({"provider": "apple"}), "apple_private_key"),
    ] {
        let mut entry = good.clone();
        for (name, value) in change.as_object().unwrap() {
            match value {
                Value::Null => entry.as_object_mut().unwrap().shift_remove(name),
                value => entry.as_object_mut().unwrap().insert(name.clone(), value.clone()),
            };
        }
        let found = problems(&with_providers(json!([entry])));
        let path = format!("selfservice.methods.oidc.config.providers[0].{member}");
        assert_eq!(found.iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(), [path], "{change}");
    }
    let twice = problems(&with_providers(json!([good, good])));
    assert_eq!(twice[0].path, "selfservice.methods.oidc.config.providers[1].id");

    // One of Kratos' that is not there yet stops nothing.
    let mut later = good.clone();
    later["provider"] = "yandex".into();
    let Loaded { config, notes } = loaded(&with_providers(
        json!([later, {"id": "b", "provider": "generic", "client_id": "c", "issuer_url": "https://i.example", "mapper_url": "base64://e30="}]),
    ));
    assert_eq!(config.selfservice.social.providers.len(), 1);
    assert!(notes.iter().any(|note| note.text.contains("`yandex` is not there yet")), "{notes:?}");

    // Linking without asking is told.
    let mut automatic = good;
    automatic["account_linking_mode"] = "automatic".into();
    let notes = loaded(&with_providers(json!([automatic]))).notes;
    assert_eq!(
        notes.iter().filter(|note| note.path.ends_with("account_linking_mode")).count(),
        2,
        "{notes:?}"
    );
}

#[tokio::test]
async fn identity_schemas_are_fetched_through_the_guard_and_a_failure_is_a_problem_at_its_place() {
    let world = engine::testing::World::default();
    let url = "https://schemas.example.org/person.json";
    let schema = json!({
        "$id": "https://schemas.example.org/person", "type": "object",
        "properties": {"traits": {"type": "object", "properties": {"email": {
            "type": "string", "format": "email",
            "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}},
        }}}},
    });
    let named = || document(json!({"identity": {"schemas": [{"id": "default", "url": url}]}}));
    world.outbound.answer(url, schema.to_string());
    let mut sources = named();
    engine::config::load::fetch(&mut sources, world.outbound.as_ref()).await;
    assert!(loaded(&sources).config.schema("default").is_some());
    assert_eq!(world.outbound.asked().len(), 1);

    for (status, body, told) in [(404, "", "404"), (200, "<html>", "not JSON")] {
        world.outbound.answer_with(url, status, body);
        let mut sources = named();
        engine::config::load::fetch(&mut sources, world.outbound.as_ref()).await;
        let found = problems(&sources);
        assert_eq!(found[0].path, "identity.schemas[0].url");
        assert!(found[0].what.contains(told), "{found:?}");
    }

    // Never from ourselves, and not from private networks where the keys say so.
    for (url, keys) in [
        ("http://127.0.0.1:4434/admin/identities", json!({})),
        ("http://169.254.169.254/latest", json!({})),
        ("http://10.1.2.3/schema.json", json!({"clients": {"http": {"disallow_private_ip_ranges": true}}})),
    ] {
        let mut patch = keys;
        patch["identity"] = json!({"schemas": [{"id": "default", "url": url}]});
        let mut sources = document(patch);
        engine::config::load::fetch(&mut sources, &engine::effects::SystemOutbound::new()).await;
        let found = problems(&sources);
        assert!(found[0].what.contains("not an address that requests may go to"), "{url}: {found:?}");
    }
}
