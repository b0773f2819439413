//! Layers of configuration: which wins, what they come to, and what is said of them.

use crate::*;

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
fn the_prefix_of_cookies_follows_https_and_may_be_set() {
    for (base, host_prefix, session, own) in [
        ("http://id.example/", json!("auto"), "ory_kratos_session", "x"),
        ("https://id.example/", json!("auto"), "ory_kratos_session", "__Host-x"),
        ("https://id.example/", json!(true), "__Host-ory_kratos_session", "__Host-x"),
        ("https://id.example/", json!("true"), "__Host-ory_kratos_session", "__Host-x"),
        ("https://id.example/", json!(false), "ory_kratos_session", "x"),
    ] {
        let document = document(json!({
            "serve": {"public": {"base_url": base}}, "vestibule": {"cookies": {"host_prefix": host_prefix}},
        }));
        let config = loaded(&document).config;
        assert_eq!((config.session_cookie().as_str(), config.own_cookie("x").as_str()), (session, own));
        assert_eq!(config.console_cookie("x"), "x", "the console is on http");
    }
    let named = json!({
        "serve": {"public": {"base_url": "https://id.example/"}}, "vestibule": {"cookies": {"host_prefix": true}},
        "session": {"cookie": {"name": "__Host-own"}},
    });
    assert_eq!(loaded(&document(named)).config.session_cookie(), "__Host-own", "not twice");
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
    assert_eq!(config.selfservice.settings.privileged_session_max_age, Duration::from_secs(900));
    assert!(config.selfservice.enabled[&MethodId::Totp]);
    assert_eq!(config.serve.cors.as_ref().map(|cors| cors.allowed_methods.len()), Some(5));
    let after = config.selfservice.registration.after.default_browser_return_url.as_ref();
    assert_eq!(after.map(url::Url::as_str), Some("http://127.0.0.1:4433/done"));
    let noted: Vec<&str> = notes.iter().map(|note| note.path.as_str()).collect();
    for path in ["selfservice.methods.totp.enabled", "selfservice.flows.registration.after.hooks[0]"] {
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
        ("HASHERS_ARGON2_MEMORY", "32MB"),
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
    sources.environment.insert("SELFSERVICE_ALLOWED_RETURN_URLS".into(), r#"["https://a.test""#.into());
    let found = problems(&sources);
    assert_eq!(found[0].file, "environment variable SELFSERVICE_ALLOWED_RETURN_URLS");
    assert!(found[0].instead.contains("JSON"), "{}", found[0]);
}

/// One text, commas, an index: Kratos takes all three for a list.
#[test]
fn a_list_in_the_environment_is_one_text_or_has_commas_or_an_index() {
    let urls = |variables: &[(&str, &str)]| {
        let mut sources =
            document(json!({"selfservice": {"allowed_return_urls": ["https://a.test", "https://b.test"]}}));
        for (variable, text) in variables {
            sources.environment.insert((*variable).to_owned(), (*text).to_owned());
        }
        loaded(&sources).config.selfservice.allowed_return_urls
    };
    const LIST: &str = "SELFSERVICE_ALLOWED_RETURN_URLS";
    assert_eq!(urls(&[(LIST, "https://c.test")]), ["https://c.test"]);
    assert_eq!(urls(&[(LIST, "https://c.test, https://d.test,")]), ["https://c.test", "https://d.test"]);
    assert_eq!(urls(&[(LIST, r#"["https://c.test"]"#)]), ["https://c.test"]);
    assert_eq!(
        urls(&[("SELFSERVICE_ALLOWED_RETURN_URLS_1", "https://c.test")]),
        ["https://a.test", "https://c.test"]
    );
    let many: Vec<String> = (2..12).map(|index| format!("{LIST}_{index}")).collect();
    let variables: Vec<(&str, &str)> =
        many.iter().map(|variable| (variable.as_str(), variable.rsplit('_').next().unwrap())).collect();
    assert_eq!(urls(&variables)[11], "11", "entry 10 comes after entry 9, not after entry 1");
    assert_eq!(
        urls(&[(LIST, "https://c.test"), ("SELFSERVICE_ALLOWED_RETURN_URLS_1", "https://d.test")]),
        ["https://c.test", "https://d.test"]
    );
}

#[test]
fn a_member_of_an_entry_comes_from_the_environment() {
    let mut sources = with_providers(json!([
        {"id": "corp", "provider": "google", "client_id": "file", "client_secret": "file", "mapper_url": "preset://mapper"},
    ]));
    let hook = json!([{"hook": "web_hook", "config": {"url": "http://crm.test/", "method": "POST"}}]);
    sources
        .documents
        .push(json!({"selfservice": {"flows": {"login": {"after": {"password": {"hooks": hook}}}}}}));
    for (variable, text) in [
        ("SELFSERVICE_METHODS_OIDC_CONFIG_PROVIDERS_0_CLIENT_ID", "12345"),
        ("SELFSERVICE_METHODS_OIDC_CONFIG_PROVIDERS_0_CLIENT_SECRET", "of-the-environment"),
        ("SELFSERVICE_FLOWS_LOGIN_AFTER_PASSWORD_HOOKS_0_CONFIG_URL", "https://crm.example.org/hook"),
        ("IDENTITY_SCHEMAS_1_ID", "customer"),
        ("IDENTITY_SCHEMAS_1_URL", "preset://username"),
    ] {
        sources.environment.insert(variable.to_owned(), text.to_owned());
    }
    let Loaded { config, notes } = loaded(&sources);
    assert_eq!(notes, []);
    assert_eq!(config.selfservice.social.providers[0].client_id, "12345");
    let Hook::WebHook(hook) = &config.selfservice.login.after.methods[&MethodId::Password].hooks[0] else {
        panic!("a web hook")
    };
    assert_eq!(hook.url.as_str(), "https://crm.example.org/hook");
    assert!(config.schema("customer").is_some());
    // The console finds the list locked: an index would mean another entry after a change there.
    assert_eq!(
        config.variable("selfservice.methods.oidc.config.providers"),
        Some("SELFSERVICE_METHODS_OIDC_CONFIG_PROVIDERS_0_CLIENT_ID")
    );
    let printed = print(&config, false);
    assert!(printed.contains("12345") && !printed.contains("of-the-environment"), "{printed}");
}

#[test]
fn a_variable_that_no_key_has_is_told() {
    let mut sources = document(json!({}));
    sources.environment.insert("SELFSERVICE_FLOWS_LOGIN_LIFE".to_owned(), "90s".to_owned());
    let notes = loaded(&sources).notes;
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert_eq!(
        note.to_string(),
        "environment variable SELFSERVICE_FLOWS_LOGIN_LIFE: unknown key, so the variable has no effect"
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

/// A number without a unit was KiB once and is nothing today: hashes stay as strong as by default, and the reason is told. What is
/// less than the lanes need becomes what they need. Neither keeps the server from starting.
#[test]
fn the_memory_of_a_hash_has_a_unit_and_is_never_too_small() {
    let of = |memory: Value, lanes: i64| {
        let argon2 = json!({"memory": memory, "parallelism": lanes});
        let Loaded { config, notes } =
            loaded(&document(json!({"hashers": {"algorithm": "argon2", "argon2": argon2}})));
        let told =
            notes.into_iter().filter(|note| note.path == "hashers.argon2.memory").map(|note| note.text);
        (config.hashers.argon2.memory, told.collect::<Vec<_>>().join(" "))
    };
    for number in [json!(131_072), json!("131072"), json!(1), json!(0), json!("65536")] {
        let (memory, told) = of(number.clone(), 1);
        assert_eq!(memory, 19 << 10, "{number}");
        assert!(told.contains("has no unit") && told.contains("19MB"), "{number}: {told}");
    }
    for (text, lanes, kib) in [("1KB", 1, 8), ("512B", 4, 32), ("0B", 2, 16)] {
        let (memory, told) = of(json!(text), lanes);
        assert_eq!(memory, kib, "{text}");
        assert!(told.contains(&format!("{kib} KiB are used")), "{text}: {told}");
    }
    for (text, kib) in [("131072KB", 131_072), ("128MB", 131_072), ("19MiB", 19_456), ("64KB", 64)] {
        assert_eq!(of(json!(text), 1), (kib, String::new()), "{text}");
    }
    for text in ["5GB", "much", "-1MB"] {
        let sources = document(json!({"hashers": {"argon2": {"memory": text}}}));
        assert!(load(&sources, None).is_err(), "{text}");
    }
    // A variable says the same.
    let mut sources = document(json!({"hashers": {"algorithm": "argon2"}}));
    sources.environment = [("HASHERS_ARGON2_MEMORY".to_owned(), "131072".to_owned())].into();
    let Loaded { config, notes } = loaded(&sources);
    assert_eq!(config.hashers.argon2.memory, 19 << 10);
    assert!(notes.iter().any(|note| note.file.contains("HASHERS_ARGON2_MEMORY")), "{notes:?}");
}

/// It becomes the host of an address.
#[test]
fn the_host_of_the_breach_check_is_a_host() {
    let of = |host: &str| {
        let key = json!({"haveibeenpwned_host": host});
        load(&document(json!({"selfservice": {"methods": {"password": {"config": key}}}})), None)
    };
    for host in
        ["breaches.example.org", "10.1.2.3:8443", "[fd00::1]:8443", "example.org/mirror", "localhost:1"]
    {
        assert!(of(host).is_ok(), "{host}");
    }
    for host in ["https://example.org", "user@example.org", "example.org?x", "two words", "example.org:99999"]
    {
        let problems = of(host).unwrap_err();
        assert!(problems.to_string().contains("invalid host"), "{host}: {problems}");
    }
}
