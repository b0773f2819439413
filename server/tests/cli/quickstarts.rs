//! Configurations of the shape of those that Kratos' documentation begins with, started as its Compose files start them, with its
//! UI at an address of its own. Where passwords are on, somebody signs up, is known, and signs in: with a browser and with an app.

use super::*;

const PASSWORD: &str = "quiet copper meadow 73";

/// Where the UI is: Kratos' own runs beside it on another port.
const UI: &str = "http://127.0.0.1:4455";

fn schema(email: Value, more: Value, required: &[&str]) -> Value {
    let mut traits = json!({"email": {
        "type": "string", "format": "email", "title": "E-mail address", "minLength": 3, "ory.sh/kratos": email,
    }});
    for (name, value) in more.as_object().unwrap() {
        traits[name] = value.clone();
    }
    json!({
        "$id": "https://vestibule.test/quickstart", "$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
        "properties": {"traits": {
            "type": "object", "properties": traits, "required": required, "additionalProperties": false,
        }},
    })
}

fn name() -> Value {
    let text = |title: &str| json!({"type": "string", "title": title});
    json!({"name": {"type": "object", "properties": {"first": text("Given name"), "last": text("Family name")}}})
}

/// What all of them have.
fn common(schema: &str) -> Value {
    let page = |path: &str| json!({"ui_url": format!("{UI}/{path}")});
    json!({
        "version": "v0.13.0",
        "dsn": "memory",
        "serve": {
            "public": {"base_url": "http://127.0.0.1:4433/", "cors": {"enabled": true}},
            "admin": {"base_url": "http://kratos:4434/"},
        },
        "selfservice": {
            "default_browser_return_url": format!("{UI}/welcome"),
            "allowed_return_urls": [UI, "http://localhost:19006/Callback", "exp://localhost:8081/--/Callback"],
            "methods": {"password": {"enabled": true}},
            "flows": {
                "error": page("error"),
                "settings": {"ui_url": format!("{UI}/settings"), "privileged_session_max_age": "15m"},
                "recovery": {"enabled": true, "ui_url": format!("{UI}/recovery")},
                "verification": page("verification"),
                "logout": {"after": {"default_browser_return_url": format!("{UI}/login")}},
                "login": {"ui_url": format!("{UI}/login"), "lifespan": "10m"},
                "registration": {
                    "ui_url": format!("{UI}/registration"), "lifespan": "10m",
                    "after": {"password": {"hooks": [{"hook": "session"}]}},
                },
            },
        },
        "log": {"level": "debug", "format": "text", "leak_sensitive_values": true},
        "secrets": {"cookie": ["a-cookie-secret-of-a-quickstart"], "cipher": ["a-cipher-secret-of-32-characters"]},
        "ciphers": {"algorithm": "xchacha20-poly1305"},
        "hashers": {"algorithm": "bcrypt", "bcrypt": {"cost": 8}},
        "identity": {"default_schema_id": "default", "schemas": [{"id": "default", "url": schema}]},
        "courier": {"smtp": {"connection_uri": "smtps://test:test@127.0.0.1:1/?skip_ssl_verify=true"}},
    })
}

fn lay_over(target: &mut Value, more: Value) {
    match (target, more) {
        (Value::Object(target), Value::Object(more)) => {
            for (key, value) in more {
                lay_over(target.entry(key).or_insert(Value::Null), value);
            }
        }
        (target, more) => *target = more,
    }
}

fn relying_party(origins: Value) -> Value {
    let mut rp = json!({"id": "localhost", "display_name": "A service"});
    lay_over(&mut rp, origins);
    json!({"enabled": true, "config": {"rp": rp}})
}

/// Its name, its configuration, its schema and the traits of a person; none where nobody signs up with a password.
type Start = (&'static str, Value, Value, Option<Value>);

fn starts(file: &str) -> [Start; 6] {
    let anna = || Some(json!({"email": "anna@vestibule.test"}));
    let known = |more: Value| {
        let mut all = json!({
            "credentials": {"password": {"identifier": true}},
            "verification": {"via": "email"}, "recovery": {"via": "email"},
        });
        lay_over(&mut all, more);
        all
    };
    let factors = json!({"selfservice": {
        "methods": {
            "totp": {"enabled": true, "config": {"issuer": "A service"}}, "lookup_secret": {"enabled": true},
            "link": {"enabled": true}, "code": {"enabled": true},
        },
        "flows": {
            "settings": {"required_aal": "highest_available"},
            "recovery": {"use": "code"},
            "verification": {
                "enabled": true, "use": "code", "after": {"default_browser_return_url": format!("{UI}/welcome")},
            },
            "registration": {"after": {"password": {"hooks": [{"hook": "session"}, {"hook": "show_verification_ui"}]}}},
        },
    }});
    let of = |more: Value| {
        let mut all = common(file);
        lay_over(&mut all, more);
        all
    };
    let with_factors = |more: Value| {
        let mut all = of(factors.clone());
        lay_over(&mut all, more);
        all
    };
    let session = || json!({"hooks": [{"hook": "session"}]});
    let keys = json!({"methods": {
        "webauthn": relying_party(json!({"origin": UI})), "passkey": relying_party(json!({"origins": [UI]})),
    }});
    let mut passkey = of(json!({"session": {"whoami": {"required_aal": "aal1"}}, "selfservice": keys}));
    passkey["selfservice"]["flows"]["registration"]["after"]["passkey"] = session();
    // The method is on without a word, and the only schema is the default one.
    passkey["selfservice"]["methods"].as_object_mut().unwrap().remove("password");
    passkey["identity"].as_object_mut().unwrap().remove("default_schema_id");
    passkey.as_object_mut().unwrap().remove("dsn");
    let mut all_strategies =
        of(json!({"session": {"whoami": {"required_aal": "aal1"}}, "selfservice": keys}));
    lay_over(
        &mut all_strategies["selfservice"]["flows"],
        json!({
            "verification": {"enabled": false, "use": "code"},
            "registration": {"enable_legacy_one_step": false, "after": {
                "passkey": session(), "webauthn": session(),
                "password": {"hooks": [{"hook": "session"}, {"hook": "show_verification_ui"}]},
            }},
        }),
    );
    let mut cloud = of(json!({"selfservice": {"flows": {"verification": {"enabled": true}}}}));
    cloud["identity"] =
        json!({"default_schema_id": "preset://email", "schemas": [{"id": "preset://email", "url": file}]});
    let phone = json!({"type": "string", "format": "tel", "title": "Phone", "minLength": 3, "ory.sh/kratos": {
        "credentials": {"password": {"identifier": true}}, "verification": {"via": "sms"},
    }});
    let mut by_phone = with_factors(json!({"feature_flags": {"use_continue_with_transitions": true}}));
    by_phone["courier"] = json!({"channels": [{"id": "sms", "type": "http", "request_config": {
        "url": "https://sms.vestibule.test/send", "method": "POST",
        "body": "base64://ZnVuY3Rpb24oY3R4KSB7IHRvOiBjdHguUmVjaXBpZW50LCB0ZXh0OiBjdHguQm9keSB9",
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        "auth": {"type": "basic_auth", "config": {"user": "AX", "password": "XX"}},
    }}]});
    let code = json!({"credentials": {
        "password": {"identifier": true}, "code": {"identifier": true, "via": "email"}, "webauthn": {"identifier": true},
        "passkey": {"display_name": true},
    }});
    [
        (
            "email and password, second factors",
            with_factors(json!({"feature_flags": {"use_continue_with_transitions": true}})),
            schema(known(json!({})), name(), &["email"]),
            Some(json!({"email": "anna@vestibule.test", "name": {"first": "Anna"}})),
        ),
        ("behind one host", cloud, schema(known(json!({})), name(), &["email"]), anna()),
        ("all strategies", all_strategies, schema(known(code.clone()), name(), &["email"]), anna()),
        ("passkeys", passkey, schema(code, json!({}), &["email"]), None),
        (
            "phone and password",
            by_phone,
            schema(known(json!({})), json!({"phone": phone}), &["email", "phone"]),
            Some(json!({"email": "anna@vestibule.test", "phone": "+12025550123"})),
        ),
        (
            "security keys alone",
            with_factors(json!({"selfservice": {"methods": {
                "password": {"enabled": false}, "webauthn": relying_party(json!({"origin": UI})),
            }}})),
            schema(known(json!({"credentials": {"webauthn": {"identifier": true}}})), name(), &["email"]),
            None,
        ),
    ]
}

/// The cookies of an answer, as a browser sends them back.
fn jar(answers: &[&str]) -> String {
    let lines = answers.iter().flat_map(|answer| answer.lines());
    let pairs = lines.filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("set-cookie")
            .then(|| value.split(';').next().unwrap_or_default().to_owned())
    });
    let mut all = std::collections::BTreeMap::new();
    for pair in pairs {
        let (name, value) = pair.split_once('=').unwrap();
        all.insert(name.to_owned(), value.to_owned());
    }
    all.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

fn header<'a>(answer: &'a str, name: &str) -> &'a str {
    answer
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find_map(|(own, value)| own.eq_ignore_ascii_case(name).then_some(value.trim()))
        .unwrap_or_default()
}

/// Kratos' UI for Node: it fetches the form with the browser's cookies, and the page posts it to the public port.
fn by_browser(port: u16, kind: &str, fields: &[(&str, &str)]) -> (String, String) {
    let html = ("Accept", "text/html");
    let begun = ask(port, "GET", &format!("/self-service/{kind}/browser"), &[html], "");
    let page = header(&begun, "location");
    assert!(page.starts_with(&format!("{UI}/{kind}?flow=")), "{begun}");
    let (_, id) = page.split_once("flow=").unwrap();
    let cookies = jar(&[&begun]);
    let target = format!("/self-service/{kind}/flows?id={id}");
    let flow =
        document(&ask(port, "GET", &target, &[("Cookie", &cookies), ("Accept", "application/json")], ""));
    let nodes = flow["ui"]["nodes"].as_array().unwrap();
    let token = nodes.iter().find(|node| node["attributes"]["name"] == "csrf_token").unwrap();
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("csrf_token", token["attributes"]["value"].as_str().unwrap())
        .append_pair("method", "password")
        .append_pair("password", PASSWORD)
        .extend_pairs(fields)
        .finish();
    let headers = [
        ("Cookie", cookies.as_str()),
        html,
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Origin", UI),
        ("Sec-Fetch-Site", "same-site"),
    ];
    let sent = ask(port, "POST", &format!("/self-service/{kind}?flow={id}"), &headers, &form);
    let cookies = jar(&[&begun, &sent]);
    (sent, cookies)
}

fn by_app(port: u16, kind: &str, mut fields: Value) -> Value {
    let flow = document(&get(port, &format!("/self-service/{kind}/api")));
    fields["method"] = "password".into();
    fields["password"] = PASSWORD.into();
    let target = format!("/self-service/{kind}?flow={}", flow["id"].as_str().unwrap());
    let json = [("Content-Type", "application/json"), ("Accept", "application/json")];
    let answer = ask(port, "POST", &target, &json, &fields.to_string());
    assert!(answer.starts_with("HTTP/1.1 200"), "{kind}: {answer}");
    document(&answer)
}

fn is_known(port: u16, header: (&str, &str), email: &str) {
    let answer = ask(port, "GET", "/sessions/whoami", &[header], "");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(document(&answer)["identity"]["traits"]["email"], email);
}

fn people(port: u16, traits: &Value, name: &str) {
    let email = traits["email"].as_str().unwrap();
    let fields: Vec<(String, String)> = traits
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(name, value)| match value {
            Value::Object(inner) => inner
                .iter()
                .map(|(part, value)| (format!("traits.{name}.{part}"), value.as_str().unwrap().to_owned()))
                .collect(),
            value => vec![(format!("traits.{name}"), value.as_str().unwrap().to_owned())],
        })
        .collect();
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let (signed_up, cookies) = by_browser(port, "registration", &fields);
    assert!(
        signed_up.starts_with("HTTP/1.1 303") && header(&signed_up, "location").starts_with(UI),
        "{name}: {signed_up}"
    );
    is_known(port, ("Cookie", &cookies), email);
    let (signed_in, cookies) = by_browser(port, "login", &[("identifier", email)]);
    assert_eq!(header(&signed_in, "location"), format!("{UI}/welcome"), "{name}: {signed_in}");
    is_known(port, ("Cookie", &cookies), email);

    let app = json!({"email": "app@vestibule.test", "phone": "+12025550199"});
    let traits: serde_json::Map<String, Value> =
        app.as_object().unwrap().clone().into_iter().filter(|(name, _)| traits.get(name).is_some()).collect();
    let done = by_app(port, "registration", json!({"traits": traits}));
    is_known(port, ("X-Session-Token", done["session_token"].as_str().unwrap()), "app@vestibule.test");
    let done = by_app(port, "login", json!({"identifier": "app@vestibule.test"}));
    is_known(port, ("X-Session-Token", done["session_token"].as_str().unwrap()), "app@vestibule.test");
}

#[test]
fn what_kratos_documentation_begins_with_starts_and_lets_people_in() {
    for (name, config, schema, traits) in starts("file://identity.schema.json") {
        let place = Place::new();
        place.write("identity.schema.json", &schema.to_string());
        place.write("kratos.json", &config.to_string());
        let mut check = place.command(&["config", "check", "-c", "kratos.json"]);
        let checked = check.output().unwrap();
        assert_eq!(checked.status.code(), Some(0), "{name}: {}", text(&checked.stderr));
        let with_passwords = config["selfservice"]["methods"]["password"]["enabled"] != false;
        let mut serve = place.command(&["serve", "-c", "kratos.json", "--dev", "--watch-courier"]);
        // Nothing is asked outside of this machine.
        serve.env("SELFSERVICE_METHODS_PASSWORD_CONFIG_HAVEIBEENPWNED_ENABLED", "false");
        let serving = Place::serving(serve);
        let [public, admin, _] = place.ports;
        let traits = traits.or_else(|| with_passwords.then(|| json!({"email": "anna@vestibule.test"})));
        match &traits {
            Some(traits) => people(public, traits, name),
            None => {
                let form = get(public, "/self-service/registration/api");
                assert!(
                    form.starts_with("HTTP/1.1 200") && !form.contains("\"name\":\"password\""),
                    "{name}: {form}"
                );
            }
        }
        let list = ask(admin, "GET", "/admin/identities", &[], "");
        assert_eq!(
            list.matches("\"schema_id\"").count(),
            if traits.is_some() { 2 } else { 0 },
            "{name}: {list}"
        );
        let ended = serving.terminate();
        assert!(ended.status.success(), "{name}: {}", ended.log);
    }
}
