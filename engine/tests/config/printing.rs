//! Secrets, the digest, and the printed file.

use crate::*;

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

/// YAML that was copied out of the console, wherever the secret stands.
#[test]
fn a_masked_value_is_a_problem_where_it_stands() {
    let auth =
        json!({"type": "api_key", "config": {"in": "header", "name": "X-Key", "value": "•••• 017b815d"}});
    let hook =
        json!({"hook": "web_hook", "config": {"url": "https://crm.test/", "method": "POST", "auth": auth}});
    let provider = json!({"id": "g", "provider": "google", "client_id": "c", "client_secret": "•••• 017b815d", "mapper_url": "base64://e30="});
    for (patch, path) in [
        (
            json!({"selfservice": {"flows": {"registration": {"after": {"hooks": [hook]}}}}}),
            "selfservice.flows.registration.after.hooks[0].config.auth.config.value",
        ),
        (
            json!({"selfservice": {"methods": {"oidc": {"enabled": true, "config": {"providers": [provider]}}}}}),
            "selfservice.methods.oidc.config.providers[0].client_secret",
        ),
        (
            json!({"courier": {"smtp": {"connection_uri": "smtps://mail:•••• 017b815d@mail.test/"}}}),
            "courier.smtp.connection_uri",
        ),
        (json!({"vestibule": {"admin": {"token": "•••• 017b815d"}}}), "vestibule.admin.token"),
        // Known, and without effect so far.
        (json!({"secrets": {"pagination": ["•••• 017b815d"]}}), "secrets.pagination[0]"),
    ] {
        let found = problems(&document(patch));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].path, path);
        assert!(found[0].what.contains("masked secret"), "{found:?}");
        assert!(
            found[0].instead.contains("the secret itself") && !found[0].what.contains("017b"),
            "{found:?}"
        );
    }
}

#[test]
fn who_only_looks_finds_the_secrets_that_are_there_and_makes_none() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let looking = Sources { data: data.clone(), looks_only: true, ..Sources::default() };
    let made_up = loaded(&looking).config.secrets.default;
    assert!(!data.exists());
    let kept = loaded(&Sources { data: data.clone(), ..Sources::default() }).config.secrets.default;
    assert_ne!(made_up, kept);
    assert_eq!(loaded(&looking).config.secrets.default, kept);
}

#[test]
fn the_printed_starter_has_the_starters_effect() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "vestibule.yml", config::starter());
    let Loaded { config, notes } = loaded(&Sources { files: vec![path], ..Sources::default() });
    assert_eq!(notes, [], "nothing in it is without effect");
    assert_eq!(config.raw, loaded(&Sources::default()).config.raw);
    let told =
        &problems(&Sources { documents: vec![json!({"log": {"level": "debug"}})], ..Sources::default() })[0];
    assert!(told.what.contains("`vestibule config starter > vestibule.yml`"), "{told}");
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
    assert_eq!(secrets.cookie, ["a-secret-of-this-test-and-none-else".into()]);
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
        let (theirs, ours) = text.split_once("\n# Keys that only Vestibule has").unwrap_or((&text, ""));
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
