//! Every kind of problem, and where it is found.

use crate::*;

/// Every kind of problem: what is written, where it is reported, a word of what to write instead.
#[test]
fn each_problem_is_found_where_it_is() {
    let registration = |after: Value| json!({"selfservice": {"flows": {"registration": {"after": after}}}});
    let argon2 = |keys: Value| json!({"hashers": {"algorithm": "argon2", "argon2": keys}});
    let web_hook = |config: Value| registration(json!({"hooks": [{"hook": "web_hook", "config": config}]}));
    for (patch, path, instead) in [
        (json!({"serve": 1}), "serve", "section"),
        (json!({"dsn": true}), "dsn", "string"),
        (json!({"serve": {"public": {"port": "http"}}}), "serve.public.port", "65535"),
        (json!({"serve": {"public": {"port": 70000}}}), "serve.public.port", "65535"),
        (json!({"serve": {"admin": {"port": 4433}}}), "serve.admin.port", "a different port"),
        (json!({"serve": {"public": {"host": "unix:/run/kratos.sock"}}}), "serve.public.host", "IP address"),
        (
            registration(
                json!({"hooks": [{"hook": "web_hook", "config": {"url": "https://crm.test/", "method": "POST",
                "body": "base64://ZnVuY3Rpb24oY3R4KSB7IGE6IA=="}}]}),
            ),
            "selfservice.flows.registration.after.hooks[0]",
            "template",
        ),
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
        (
            json!({"vestibule": {"admin": {"require_token": true}}}),
            "vestibule.admin.require_token",
            "`vestibule.admin.token`",
        ),
        (
            json!({"vestibule": {"limits": {"trusted_clients": ["my-pages"]}}}),
            "vestibule.limits.trusted_clients[0]",
            "10.0.0.0/8",
        ),
        (json!({"identity": {"schemas": null}}), "identity.schemas", "preset://email"),
        (json!({"identity": {"schemas": []}}), "identity.schemas", "preset://email"),
        (json!({"identity": {"schemas": [{"id": "default"}]}}), "identity.schemas[0]", "preset://email"),
        (json!({"identity": {"default_schema_id": "other"}}), "identity.default_schema_id", "`default`"),
        (
            json!({"identity": {"schemas": [{"id": "default", "url": "https://x.test/s.json"}]}}),
            "identity.schemas[0].url",
            "file://",
        ),
        // No trait is marked as an identifier.
        (
            json!({"identity": {"schemas": [{"id": "default", "url": "base64://eyJwcm9wZXJ0aWVzIjp7InRyYWl0cyI6eyJwcm9wZXJ0aWVzIjp7Im5hbWUiOnsidHlwZSI6InN0cmluZyJ9fX19fQ=="}]}}),
            "identity.schemas[0].url",
            "ory.sh/kratos",
        ),
        // A pattern that RE2 does not take.
        (
            json!({"identity": {"schemas": [{"id": "default", "url": "base64://eyJwcm9wZXJ0aWVzIjp7InRyYWl0cyI6eyJwcm9wZXJ0aWVzIjp7Im5hbWUiOnsidHlwZSI6InN0cmluZyIsInBhdHRlcm4iOiJhezIwMDB9In19fX19"}]}}),
            "identity.schemas[0].url",
            "a corrected schema",
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
            "remove the entry",
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
        (prefixed(json!({"cookies": {"domain": "example.org"}})), "cookies.domain", "host_prefix: auto"),
        (prefixed(json!({"cookies": {"path": "/auth"}})), "cookies.path", "host_prefix: auto"),
        (
            prefixed(json!({"session": {"cookie": {"domain": "example.org"}}})),
            "session.cookie.domain",
            "host_prefix: auto",
        ),
        (
            prefixed(json!({"session": {"cookie": {"path": "/a"}}})),
            "session.cookie.path",
            "host_prefix: auto",
        ),
        (prefixed(json!({"cookies": {"secure": "false"}})), "vestibule.cookies.host_prefix", "auto"),
        (
            prefixed(json!({"session": {"cookie": {"secure": "false"}}})),
            "vestibule.cookies.host_prefix",
            "auto",
        ),
        (
            json!({"vestibule": {"cookies": {"host_prefix": true}}, "serve": {"public": {"base_url": "http://id.example/"}}}),
            "vestibule.cookies.host_prefix",
            "https",
        ),
        (json!({"vestibule": {"cookies": {"host_prefix": "yes"}}}), "vestibule.cookies.host_prefix", "auto"),
        (
            json!({"session": {"cookie": {"same_site": "None", "secure": "false"}}}),
            "session.cookie.same_site",
            "Lax",
        ),
        (json!({"session": {"cookie": {"name": "a b"}}}), "session.cookie.name", "letters"),
        (json!({"session": {"cookie": {"domain": "x; Secure"}}}), "session.cookie.domain", "without"),
        (argon2(json!({"parallelism": 0})), "hashers.argon2.parallelism", "1"),
        (argon2(json!({"memory": "a lot"})), "hashers.argon2.memory", "19MB"),
        (argon2(json!({"memory": "5GB", "parallelism": 4})), "hashers.argon2.memory", "from 32KB to 4GB"),
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
fn broken_files_are_named_with_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text, expected) in [
        ("bad.yml", "dsn: memory\nlog: [unclosed\n", "line "),
        ("twice.yml", "log:\n  level: info\nlog:\n  level: error\n", "line 3, column "),
        ("bad.json", "{\n  \"dsn\": \"memory\",\n}", "line 3, column 1: "),
        ("bad.toml", "dsn = \"memory\"\n[log\n", "line 2, column "),
        ("empty.yml", " \n", "empty"),
        ("comment.yml", "# nothing yet\n", "no content"),
        ("list.yml", "- dsn\n", "doesn't contain keys"),
        ("config.ini", "dsn=memory", "no known extension"),
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
    assert!(missing[0].what.contains("can't be read"), "{}", missing[0]);
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
        (json!({"mapper_url": "base64://eyBhOiA="}), "mapper_url"),
        (json!({"pkce": "maybe"}), "pkce"),
        (json!({"account_linking_mode": "always"}), "account_linking_mode"),
        (json!({"provider": "apple"}), "apple_private_key"),
        (json!({"provider": "salesforce", "issuer_url": null}), "issuer_url"),
        (json!({"provider": "jackson"}), "auth_url"),
        (json!({"provider": "jackson", "auth_url": "https://saml.example/auth"}), "token_url"),
        (json!({"provider": "jackson", "issuer_url": null}), "issuer_url"),
        (json!({"subject_source": "email"}), "subject_source"),
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

    // One of Kratos' that is not there stops nothing.
    let mut later = good.clone();
    later["provider"] = "x".into();
    let Loaded { config, notes } = loaded(&with_providers(
        json!([later, {"id": "b", "provider": "generic", "client_id": "c", "issuer_url": "https://i.example", "mapper_url": "base64://e30="}]),
    ));
    assert_eq!(config.selfservice.social.providers.len(), 1);
    assert!(notes.iter().any(|note| note.text.contains("the provider `x` isn't supported")), "{notes:?}");

    // Nor does one whose id nobody filled in, as a variable of an environment may leave it.
    let mut empty = good.clone();
    empty["client_id"] = "".into();
    let Loaded { config, notes } = loaded(&with_providers(json!([empty])));
    assert!(config.selfservice.social.providers.is_empty());
    let path = "selfservice.methods.oidc.config.providers[0].client_id";
    assert!(notes.iter().any(|note| note.path == path && note.text.contains("no button")), "{notes:?}");

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
        assert!(found[0].what.contains("an address that requests must not go to"), "{url}: {found:?}");
    }
}

#[test]
fn unknown_keys_are_reported_with_the_one_that_may_be_meant() {
    let notes = loaded(&document(json!({"log": {"levle": "info"}, "frobnicate": {"deeply": 1}}))).notes;
    let found: Vec<(&str, &str)> =
        notes.iter().map(|note| (note.path.as_str(), note.text.as_str())).collect();
    assert_eq!(
        found,
        [
            ("log.levle", "unknown key without effect; did you mean `level`?"),
            ("frobnicate", "unknown key without effect"),
        ]
    );
}

/// Keys of unreleased versions, in a file and in the environment: refused with the current name, never ignored.
#[test]
fn an_old_name_is_refused_with_the_new_one() {
    for (section, old, new) in [
        ("registration", "leak_nothing", "vestibule.registration.prevent_enumeration"),
        ("registration", "unproven_session", "vestibule.registration.unverified_session_lifespan"),
        ("verification", "mails_per_hour", "vestibule.limits.emails.per_address_and_client"),
        ("login", "require_used_address", "vestibule.login.require_verified_identifier"),
        ("social", "vouching", "vestibule.social.trusted_email_providers"),
    ] {
        let patch = json!({"vestibule": {section: {old: true}}});
        let found = problems(&document(patch));
        let [problem] = found.as_slice() else { panic!("{old}: {found:?}") };
        assert_eq!(problem.path, format!("vestibule.{section}.{old}"));
        assert!(problem.instead.contains(new), "{problem:?}");
    }
}

#[test]
fn an_old_environment_variable_is_refused_with_the_new_one() {
    let environment = BTreeMap::from([("VESTIBULE_REGISTRATION_LEAK_NOTHING".to_owned(), "true".to_owned())]);
    let found = problems(&Sources { environment, ..Sources::default() });
    let [problem] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(problem.file, "environment variable VESTIBULE_REGISTRATION_LEAK_NOTHING");
    assert!(problem.instead.contains("`VESTIBULE_REGISTRATION_PREVENT_ENUMERATION`"), "{problem}");
}

#[test]
fn an_entry_of_a_list_that_the_environment_cannot_reach_is_a_problem() {
    for (variable, text, told) in [
        ("SELFSERVICE_ALLOWED_RETURN_URLS_4", "https://a.example/", "be an entry 4"),
        ("IDENTITY_SCHEMAS_0_URI", "preset://email", "no member `URI`"),
        ("SELFSERVICE_ALLOWED_RETURN_URLS_0_URL", "https://a.example/", "no member"),
        ("IDENTITY_SCHEMAS_0", "preset://email", "JSON object"),
        ("SELFSERVICE_FLOWS_LOGIN_AFTER_HOOKS_0_CONFIG_CAN_INTERRUPT", "maybe", "not a boolean"),
    ] {
        let environment = BTreeMap::from([(variable.to_owned(), text.to_owned())]);
        let found = problems(&Sources { environment, ..document(json!({})) });
        assert_eq!(found[0].file, format!("environment variable {variable}"), "{found:?}");
        assert!(found[0].what.contains(told), "{variable}: {found:?}");
    }
}

/// Every style has an effect, so nothing is told of it; what Kratos has beside them is refused.
#[test]
fn every_style_of_forms_is_there() {
    for (flow, style) in [
        ("registration", "profile_first"),
        ("registration", "unified"),
        ("login", "identifier_first"),
        ("login", "unified"),
    ] {
        let notes = loaded(&document(json!({"selfservice": {"flows": {flow: {"style": style}}}}))).notes;
        let path = format!("selfservice.flows.{flow}.style");
        let found = notes.iter().find(|note| note.path == path);
        assert!(found.is_none(), "{notes:?}");
    }
    let other = document(json!({"selfservice": {"flows": {"login": {"style": "profile_first"}}}}));
    assert_eq!(problems(&other).len(), 1);
}

/// Over https, with the prefix on every cookie.
fn prefixed(mut document: Value) -> Value {
    document["vestibule"] = json!({"cookies": {"host_prefix": true}});
    document["serve"] = json!({"public": {"base_url": "https://id.example/"}});
    document
}

#[test]
fn what_is_wrong_with_a_token_template_is_told_where_it_stands() {
    let good = json!({"jwks_url": inline(KEYS), "ttl": "5m", "claims_mapper_url": inline("{ claims: {} }")});
    let with = |template: Value| {
        document(json!({"session": {"whoami": {"tokenizer": {"templates": {"app": template}}}}}))
    };
    assert!(loaded(&with(good.clone())).notes.is_empty());
    let public = KEYS.replace("\"d\"", "\"not_d\"");
    for (change, member, said) in [
        (json!({"jwks_url": null}), "jwks_url", "no key"),
        (json!({"jwks_url": "https://keys.example/jwks.json"}), "jwks_url", "private key"),
        (json!({"jwks_url": "file:///nowhere/jwks.json"}), "jwks_url", "/nowhere/jwks.json"),
        (json!({"jwks_url": "base64://%%%"}), "jwks_url", "base64"),
        (json!({"jwks_url": inline("{\"keys\": []}")}), "jwks_url", "no key"),
        (json!({"jwks_url": inline(&public)}), "jwks_url", "no private part"),
        (json!({"jwks_url": inline(&KEYS.replace("ES256", "HS256"))}), "jwks_url", "HS256"),
        (json!({"claims_mapper_url": inline("{ claims: ")}), "claims_mapper_url", "Jsonnet"),
        (json!({"claims_mapper_url": "ftp://mappers.example/"}), "claims_mapper_url", "invalid"),
        (json!({"ttl": "soon"}), "ttl", "duration"),
        (json!({"ttl": "0s"}), "ttl", "duration"),
        (json!({"subject_source": "email"}), "subject_source", "email"),
    ] {
        let mut template = good.clone();
        for (name, value) in change.as_object().unwrap() {
            template[name] = value.clone();
        }
        let found = problems(&with(template));
        let path = format!("session.whoami.tokenizer.templates.app.{member}");
        assert_eq!(found.len(), 1, "{change}: {found:?}");
        assert!(found[0].path == path && found[0].what.contains(said), "{change}: {}", found[0]);
        assert!(!format!("{found:?}").contains("\"d\""), "{change}");
    }
    let unknown = loaded(&with(json!({"jwks_url": inline(KEYS), "algorithm": "ES256"})));
    assert!(unknown.notes.iter().any(|note| note.path.ends_with("app.algorithm")), "{:?}", unknown.notes);
    for templates in [json!([]), json!({"app": "base64://e30="})] {
        let sources = document(json!({"session": {"whoami": {"tokenizer": {"templates": templates}}}}));
        assert_eq!(problems(&sources).len(), 1);
    }
}
