//! Each finding about a configuration: what brings it up, what keeps it silent, and what its fix does to a form.

use crate::{in_force, ways};
use engine::config::{Config, Named};
use engine::requester::UnnamedProxies;
use engine::settings::checks::{Check, Fixed, brought_about, checks, fix, overlay, rules};
use engine::settings::{self, Severity, Values, preview};
use engine::testing;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

fn config(document: &Value) -> Config {
    testing::config(vec![document.clone()])
}

fn ids(document: &Value) -> Vec<&'static str> {
    checks(&config(document), UnnamedProxies::default()).iter().map(|check| check.id).collect()
}

/// One key.
fn at(path: &str, value: Value) -> Value {
    path.rsplit('.').fold(value, |value, name| json!({ name: value }))
}

/// Several keys.
fn all<const N: usize>(keys: [(&str, Value); N]) -> Value {
    let mut document = json!({});
    for (path, value) in keys {
        let mut place = &mut document;
        for name in path.split('.') {
            place = &mut place[name];
        }
        *place = value;
    }
    document
}

fn hook(url: &str, more: Value) -> Value {
    let mut config = json!({
        "url": url, "method": "POST",
        "auth": {"type": "api_key", "config": {"in": "header", "name": "X-Key", "value": "k"}},
    });
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    json!({"hook": "web_hook", "config": config})
}

/// A provider whose addresses the console wrote.
fn of_the_console() -> Value {
    json!({
        "id": "acme", "provider": "generic", "client_id": "c", "issuer_url": "https://id.example.org",
        "mapper_url": "preset://mapper", "addresses_from_console": true,
    })
}

const BREACHES: &str = "selfservice.methods.password.config.haveibeenpwned_host";
const MEMORY: &str = "hashers.argon2.memory";
const OWN: &str = "selfservice.flows.registration.after.password.hooks";
const FLOW: &str = "selfservice.flows.registration.after.hooks";
const GATE: &str = "selfservice.flows.login.after.password.hooks";
const SIGN_IN: &str = "selfservice.flows.login.after.hooks";
const CODES: &str = "selfservice.flows.verification.enabled";
const OPEN: &str = "selfservice.flows.registration.enabled";
const SMTP: &str = "courier.smtp.connection_uri";
const SCHEMAS: &str = "identity.schemas";
const BASE_URL: &str = "serve.public.base_url";
const CONSOLE_URL: &str = "vestibule.console.base_url";
const PROVIDERS: &str = "selfservice.methods.oidc";
const OF_PROVIDERS: &str = "selfservice.flows.registration.after.oidc.hooks";
const TRUSTED_EMAIL_PROVIDERS: &str = "vestibule.social.trusted_email_providers";
const GATE_OF_PROVIDERS: &str = "selfservice.flows.login.after.oidc.hooks";

const TEMPLATES: &str = "session.whoami.tokenizer.templates";

/// A token template `app`, and more of it.
fn token_template(more: Value) -> Value {
    use base64::Engine as _;
    let keys = include_str!("../../src/testing/signing_keys.json");
    let keys = base64::engine::general_purpose::STANDARD.encode(keys);
    let mut template = json!({"jwks_url": format!("base64://{keys}")});
    for (name, value) in more.as_object().unwrap() {
        template[name] = value.clone();
    }
    json!({"app": template})
}

/// Switched on, with one to choose.
fn providers() -> Value {
    let google = json!({
        "id": "google", "provider": "google", "client_id": "c", "client_secret": "s", "mapper_url": "base64://e30=",
    });
    json!({"enabled": true, "config": {"providers": [google]}})
}

fn ours(name: &str) -> String {
    format!("vestibule.registration.{name}")
}

/// A gateway for text messages.
fn channel() -> Value {
    json!([{"id": "sms", "type": "http", "request_config": {"url": "https://sms.example.org/", "method": "POST"}}])
}

fn texts(countries: Value) -> Value {
    all([("courier.channels", channel()), ("vestibule.sms.countries", countries)])
}

/// A schema with a phone number that gets codes.
fn with_phone() -> String {
    use base64::Engine as _;
    let marks = json!({"verification": {"via": "sms"}, "credentials": {"password": {"identifier": true}}});
    let phone = json!({"type": "string", "format": "tel", "ory.sh/kratos": marks});
    let schema = json!({"type": "object", "properties": {"traits": {"type": "object", "properties": {"phone": phone}}}});
    format!("base64://{}", base64::engine::general_purpose::STANDARD.encode(schema.to_string()))
}

/// Id, what brings it up, what keeps it silent: as near to the first as can be.
fn cases() -> Vec<(&'static str, Value, Value)> {
    let session = || json!({"hook": "session"});
    let shown = || json!({"hook": "show_verification_ui"});
    let gate = || json!({"hook": "require_verified_address"});
    let revoke = || json!({"hook": "revoke_active_sessions"});
    let far = "https://crm.example.org/new";
    let ignored = || json!({"response": {"ignore": true}});
    let parse = || json!({"response": {"parse": true}});
    let asks = || json!({"can_interrupt": true});
    let sign_up = |hooks: Value| at(OWN, hooks);
    let mail = || (SMTP, json!("smtps://mail.example.org/"));
    let user_names = || json!([{"id": "default", "url": "preset://username"}]);
    let return_to = |base: &str, url: &str| {
        all([(BASE_URL, json!(base)), ("selfservice.allowed_return_urls", json!([url]))])
    };
    let cors = |base: &str, origin: &str| {
        all([
            (BASE_URL, json!(base)),
            ("serve.public.cors.enabled", json!(true)),
            ("serve.public.cors.allow_credentials", json!(true)),
            ("serve.public.cors.allowed_origins", json!([origin])),
        ])
    };
    let listeners = |host: &str| {
        all([
            ("serve.public.host", json!(host)),
            ("serve.admin.host", json!("127.0.0.1")),
            ("vestibule.console.host", json!("127.0.0.1")),
            ("vestibule.mailbox.enabled", json!(true)),
        ])
    };
    let domain = |host: &str, domain: &str| {
        all([(BASE_URL, json!(format!("https://{host}/"))), ("session.cookie.domain", json!(domain))])
    };
    let leaking = |more: &[(&str, Value)]| {
        let mut document = all([(CODES, json!(true)), (&ours("prevent_enumeration"), json!(true))]);
        for (path, value) in more {
            let mut place = &mut document;
            for name in path.split('.') {
                place = &mut place[name];
            }
            *place = value.clone();
        }
        document
    };
    vec![
        // Sign-up
        ("registration_closed", at(OPEN, json!(false)), at(OPEN, json!(true))),
        ("no_method", at("selfservice.methods.password.enabled", json!(false)), json!({})),
        ("enumeration", sign_up(json!([session()])), sign_up(json!([]))),
        ("enumeration", sign_up(json!([session()])), all([(OWN, json!([session()])), (OPEN, json!(false))])),
        ("enumeration", sign_up(json!([session()])), leaking(&[(OWN, json!([session()]))])),
        ("enumeration", all([(OWN, json!([session()])), (CODES, json!(true))]), leaking(&[])),
        ("enumeration_by_form", at(CODES, json!(true)), leaking(&[])),
        ("enumeration_by_form", at(&ours("prevent_enumeration"), json!(true)), leaking(&[])),
        ("enumeration_by_form", json!({}), sign_up(json!([session()]))),
        (
            "mitigation_without_sign_up",
            at("security.account_enumeration.mitigate", json!(true)),
            all([("security.account_enumeration.mitigate", json!(true)), (OPEN, json!(false))]),
        ),
        (
            "squatted_addresses",
            at(CODES, json!(true)),
            all([(CODES, json!(true)), (&ours("reset_on_first_verification"), json!(true))]),
        ),
        ("squatted_addresses", at(CODES, json!(true)), json!({})),
        (
            "sessions_for_programs",
            sign_up(json!([session()])),
            all([(OWN, json!([session()])), (&ours("invite_only"), json!(true))]),
        ),
        (
            "sign_in_differs",
            all([
                (OWN, json!([session()])),
                (PROVIDERS, providers()),
                (&ours("sign_in_after_social"), json!(false)),
            ]),
            all([(OWN, json!([session()])), (PROVIDERS, providers())]),
        ),
        (
            "providers_sign_in_anyway",
            at(PROVIDERS, providers()),
            all([(PROVIDERS, providers()), (&ours("sign_in_after_social"), json!(false))]),
        ),
        // Where nobody finds a provider, none signs anybody in.
        ("providers_sign_in_anyway", at(PROVIDERS, providers()), at(PROVIDERS, json!({"enabled": true}))),
        (
            "providers_sign_in_anyway",
            all([
                (PROVIDERS, providers()),
                (OF_PROVIDERS, json!([session()])),
                (&ours("sign_in_after_social"), json!(false)),
            ]),
            all([
                (PROVIDERS, providers()),
                (OF_PROVIDERS, json!([session()])),
                (OWN, json!([session()])),
                (&ours("sign_in_after_social"), json!(false)),
            ]),
        ),
        // Nobody types somebody else's address at a provider.
        ("enumeration", sign_up(json!([session()])), at(PROVIDERS, providers())),
        ("sessions_for_programs", sign_up(json!([session()])), at(PROVIDERS, providers())),
        // Passwords
        (
            "short_passwords",
            at("selfservice.methods.password.config.min_password_length", json!(7)),
            at("selfservice.methods.password.config.min_password_length", json!(8)),
        ),
        (
            "similarity_check_off",
            at("selfservice.methods.password.config.identifier_similarity_check_enabled", json!(false)),
            json!({}),
        ),
        (
            "breach_check_off",
            at("selfservice.methods.password.config.haveibeenpwned_enabled", json!(false)),
            json!({}),
        ),
        ("no_sign_in_method", at("selfservice.methods.password.enabled", json!(false)), json!({})),
        (
            "no_sign_in_method",
            all([
                ("selfservice.methods.password.enabled", json!(false)),
                (PROVIDERS, json!({"enabled": true})),
            ]),
            all([("selfservice.methods.password.enabled", json!(false)), (PROVIDERS, providers())]),
        ),
        (
            "breach_service_out_of_reach",
            all([(BREACHES, json!("10.1.2.3")), ("clients.http.disallow_private_ip_ranges", json!(true))]),
            at(BREACHES, json!("10.1.2.3")),
        ),
        // Our own admin API, and metadata.
        (
            "breach_service_out_of_reach",
            at(BREACHES, json!("127.0.0.1:4434")),
            at("clients.http.disallow_private_ip_ranges", json!(true)),
        ),
        (
            "breach_service_out_of_reach",
            at(BREACHES, json!("169.254.169.254")),
            all([
                (BREACHES, json!("169.254.169.254")),
                ("selfservice.methods.password.config.haveibeenpwned_enabled", json!(false)),
            ]),
        ),
        ("weak_hash_memory", at(MEMORY, json!("1KB")), at(MEMORY, json!("19MB"))),
        ("weak_hash_memory", at(MEMORY, json!(131_072)), at(MEMORY, json!("131072KB"))),
        ("weak_hash_memory", at(MEMORY, json!("131072")), at("hashers.algorithm", json!("bcrypt"))),
        // Proof
        (
            "nobody_can_sign_in",
            at(GATE, json!([gate()])),
            all([(GATE, json!([gate()])), (CODES, json!(true))]),
        ),
        (
            "nobody_can_sign_in",
            all([(GATE, json!([gate()])), (CODES, json!(true)), (SCHEMAS, user_names())]),
            all([(CODES, json!(true)), (SCHEMAS, user_names())]),
        ),
        (
            "codes_go_nowhere",
            all([(GATE, json!([gate()])), (CODES, json!(true))]),
            all([(GATE, json!([gate()])), (CODES, json!(true)), mail()]),
        ),
        ("mails_wait", at(CODES, json!(true)), all([(CODES, json!(true)), mail()])),
        (
            "providers_prove_nothing",
            all([
                (GATE_OF_PROVIDERS, json!([gate()])),
                (PROVIDERS, providers()),
                (TRUSTED_EMAIL_PROVIDERS, json!(["other"])),
            ]),
            all([(GATE_OF_PROVIDERS, json!([gate()])), (PROVIDERS, providers())]),
        ),
        (
            "providers_prove_nothing",
            all([
                (GATE_OF_PROVIDERS, json!([gate()])),
                (PROVIDERS, providers()),
                (TRUSTED_EMAIL_PROVIDERS, json!([])),
            ]),
            all([(GATE, json!([gate()])), (PROVIDERS, providers()), (TRUSTED_EMAIL_PROVIDERS, json!([]))]),
        ),
        // One that is not offered lets nobody in.
        (
            "providers_prove_nothing",
            all([
                ("selfservice.flows.login.after.hooks", json!([gate()])),
                (PROVIDERS, providers()),
                (TRUSTED_EMAIL_PROVIDERS, json!([])),
            ]),
            all([
                ("selfservice.flows.login.after.hooks", json!([gate()])),
                (PROVIDERS, providers()),
                ("vestibule.social.off", json!(["google"])),
                (TRUSTED_EMAIL_PROVIDERS, json!([])),
            ]),
        ),
        (
            "gate_on_some_methods",
            all([(GATE, json!([gate()])), (PROVIDERS, providers())]),
            all([("selfservice.flows.login.after.hooks", json!([gate()])), (PROVIDERS, providers())]),
        ),
        (
            "gate_on_some_methods",
            all([(GATE_OF_PROVIDERS, json!([gate()])), (PROVIDERS, providers())]),
            all([(GATE_OF_PROVIDERS, json!([gate()])), (GATE, json!([gate()])), (PROVIDERS, providers())]),
        ),
        (
            "gate_on_some_methods",
            all([(GATE, json!([gate()])), (PROVIDERS, providers())]),
            all([(GATE, json!([gate()])), (PROVIDERS, json!({"enabled": true}))]),
        ),
        (
            "signed_in_once_without_proof",
            all([(GATE, json!([gate()])), (CODES, json!(true)), mail(), (OWN, json!([session()]))]),
            all([
                (GATE, json!([gate()])),
                (CODES, json!(true)),
                mail(),
                (OWN, json!([session()])),
                (&ours("unverified_session_lifespan"), json!("30m")),
            ]),
        ),
        (
            "no_code_to_show_a_page_for",
            sign_up(json!([shown()])),
            all([(OWN, json!([shown()])), (CODES, json!(true))]),
        ),
        (
            "nothing_is_ever_proven",
            at(&ours("sign_in_after_verification"), json!(true)),
            all([(&ours("sign_in_after_verification"), json!(true)), (CODES, json!(true))]),
        ),
        (
            "nothing_to_take_over",
            at(&ours("reset_on_first_verification"), json!(true)),
            all([(&ours("reset_on_first_verification"), json!(true)), (CODES, json!(true))]),
        ),
        (
            "unproven_sessions_live_as_long",
            at(&ours("unverified_session_lifespan"), json!("24h")),
            at(&ours("unverified_session_lifespan"), json!("30m")),
        ),
        // Sign-up that leaks nothing
        ("leak_by_identifier", leaking(&[(SCHEMAS, user_names())]), leaking(&[])),
        (
            "leak_by_login_hints",
            leaking(&[("selfservice.flows.registration.login_hints", json!(true))]),
            at("selfservice.flows.registration.login_hints", json!(true)),
        ),
        (
            "leak_by_recovery_choice",
            leaking(&[("feature_flags.choose_recovery_address", json!(true))]),
            at("feature_flags.choose_recovery_address", json!(true)),
        ),
        (
            "recovery_without_its_method",
            all([
                ("selfservice.flows.recovery.enabled", json!(true)),
                ("selfservice.flows.recovery.use", json!("link")),
            ]),
            at("selfservice.flows.recovery.enabled", json!(true)),
        ),
        (
            "recovery_without_addresses",
            all([
                ("selfservice.flows.recovery.enabled", json!(true)),
                ("identity.schemas", json!([{"id": "default", "url": "preset://username"}])),
            ]),
            at("selfservice.flows.recovery.enabled", json!(true)),
        ),
        (
            "links_used_up_by_scanners",
            all([
                ("selfservice.methods.link.enabled", json!(true)),
                ("vestibule.links.confirm", json!("never")),
            ]),
            at("selfservice.methods.link.enabled", json!(true)),
        ),
        ("leak_nothing_without_codes", at(&ours("prevent_enumeration"), json!(true)), leaking(&[])),
        ("nobody_is_signed_in_at_once", leaking(&[(OWN, json!([session()]))]), leaking(&[])),
        // Hooks
        (
            "account_without_an_answer",
            sign_up(json!([hook(far, json!({}))])),
            sign_up(json!([hook(far, ignored())])),
        ),
        (
            "account_without_an_answer",
            sign_up(json!([hook(far, json!({}))])),
            all([(OWN, json!([hook(far, json!({}))])), (OPEN, json!(false))]),
        ),
        (
            "account_without_an_answer",
            sign_up(json!([hook(far, json!({}))])),
            all([(OWN, json!([hook(far, json!({}))])), (&ours("atomic"), json!(["password"]))]),
        ),
        (
            "shadowed_hooks",
            all([(FLOW, json!([hook(far, ignored())])), (OWN, json!([session()]))]),
            all([(FLOW, json!([hook(far, ignored())])), (OWN, json!([hook(far, ignored()), session()]))]),
        ),
        (
            "shadowed_hooks",
            all([
                (FLOW, json!([hook(far, ignored())])),
                (OF_PROVIDERS, json!([shown()])),
                (PROVIDERS, providers()),
            ]),
            all([
                (FLOW, json!([hook(far, ignored())])),
                (OF_PROVIDERS, json!([hook(far, ignored()), shown()])),
                (PROVIDERS, providers()),
            ]),
        ),
        (
            "shadowed_sign_in_hooks",
            all([(SIGN_IN, json!([hook(far, ignored())])), (GATE, json!([revoke()]))]),
            all([(SIGN_IN, json!([hook(far, ignored())])), (GATE, json!([hook(far, ignored()), revoke()]))]),
        ),
        (
            "shadowed_sign_in_hooks",
            all([(SIGN_IN, json!([gate(), hook(far, ignored())])), (GATE, json!([gate()]))]),
            all([(SIGN_IN, json!([gate()])), (GATE, json!([revoke()]))]),
        ),
        ("never_asked", at(FLOW, json!([hook(far, asks())])), sign_up(json!([hook(far, asks())]))),
        (
            "gate_shadowed",
            all([(SIGN_IN, json!([gate()])), (GATE, json!([revoke()]))]),
            all([(SIGN_IN, json!([gate()])), (GATE, json!([gate(), revoke()]))]),
        ),
        ("session_listed_early", sign_up(json!([session(), shown()])), sign_up(json!([shown(), session()]))),
        (
            "account_changed_over_http",
            sign_up(json!([hook("http://crm.example.org/", parse())])),
            sign_up(json!([hook(far, parse())])),
        ),
        ("hook_proves_addresses", sign_up(json!([hook(far, parse())])), sign_up(json!([hook(far, asks())]))),
        (
            "hook_over_http",
            sign_up(json!([hook("http://crm.example.org/", ignored())])),
            sign_up(json!([hook("http://127.0.0.1:9000/", ignored())])),
        ),
        (
            "hook_without_a_secret",
            sign_up(json!([hook(far, json!({"auth": null, "response": {"ignore": true}}))])),
            sign_up(json!([hook(far, ignored())])),
        ),
        (
            "hook_to_a_private_network",
            sign_up(json!([hook("https://10.1.2.3/new", ignored())])),
            all([
                (OWN, json!([hook("https://10.1.2.3/new", ignored())])),
                ("clients.http.disallow_private_ip_ranges", json!(true)),
            ]),
        ),
        (
            "hook_host_not_listed",
            sign_up(json!([hook(far, json!({"response": {"ignore": true}, "made_in_console": true}))])),
            all([
                (OWN, json!([hook(far, json!({"response": {"ignore": true}, "made_in_console": true}))])),
                ("vestibule.web_hooks.allowed_hosts", json!(["*.example.org"])),
            ]),
        ),
        (
            "provider_host_not_listed",
            at(PROVIDERS, json!({"enabled": true, "config": {"providers": [of_the_console()]}})),
            all([
                (PROVIDERS, json!({"enabled": true, "config": {"providers": [of_the_console()]}})),
                ("vestibule.web_hooks.allowed_hosts", json!(["id.example.org"])),
            ]),
        ),
        (
            "hook_to_a_private_network",
            at("selfservice.flows.login.before.hooks", json!([hook("http://crm.internal/", ignored())])),
            sign_up(json!([hook(far, ignored())])),
        ),
        // Sessions
        ("long_sessions", at("session.lifespan", json!("721h")), at("session.lifespan", json!("720h"))),
        (
            "cookie_without_secure",
            all([(BASE_URL, json!("https://id.example.org/")), ("cookies.secure", json!(false))]),
            all([(BASE_URL, json!("http://127.0.0.1:4433/")), ("cookies.secure", json!(false))]),
        ),
        (
            "cookie_for_elsewhere",
            domain("id.example.org", "example.com"),
            domain("id.example.org", "id.example.org"),
        ),
        (
            "cookie_for_elsewhere",
            domain("notexample.org", "example.org"),
            domain("a.example.org", "example.org"),
        ),
        (
            "cookie_for_the_whole_domain",
            domain("id.example.org", ".example.org"),
            domain("id.example.org", "id.example.org"),
        ),
        (
            "long_session_tokens",
            at(TEMPLATES, token_template(json!({"ttl": "61m"}))),
            at(TEMPLATES, token_template(json!({"ttl": "60m"}))),
        ),
        (
            "token_claims_over_http",
            at(
                TEMPLATES,
                token_template(json!({"claims_mapper_url": "http://mappers.example.org/app.jsonnet"})),
            ),
            at(
                TEMPLATES,
                token_template(json!({"claims_mapper_url": "https://mappers.example.org/app.jsonnet"})),
            ),
        ),
        // Listeners and what is stored
        (
            "admin_api_open",
            at("serve.admin.host", json!("0.0.0.0")),
            all([
                ("serve.admin.host", json!("0.0.0.0")),
                ("vestibule.admin.token", json!("a token of 16 or more")),
            ]),
        ),
        ("mailbox_in_public", listeners("0.0.0.0"), listeners("127.0.0.1")),
        (
            "passwords_in_the_clear",
            at(BASE_URL, json!("http://id.example.org/")),
            at(BASE_URL, json!("https://id.example.org/")),
        ),
        (
            "passwords_in_the_clear",
            at("vestibule.console.base_url", json!("http://console.example.org/")),
            at("vestibule.console.base_url", json!("http://localhost:4435/")),
        ),
        (
            "everybody_is_a_proxy",
            at("vestibule.trusted_proxies", json!(["0.0.0.0/0"])),
            at("vestibule.trusted_proxies", json!(["10.0.0.0/8"])),
        ),
        // `*` lets everybody read, and nobody with cookies.
        (
            "any_site_reads_sessions",
            cors("https://id.example.org/", "null"),
            cors("https://id.example.org/", "*"),
        ),
        (
            "origin_over_http",
            cors("https://id.example.org/", "http://app.example.org"),
            cors("https://id.example.org/", "https://app.example.org"),
        ),
        (
            "wide_return_address",
            return_to("https://id.example.org/", "https://*.example.org"),
            return_to("https://id.example.org/", "https://app.example.org"),
        ),
        (
            "wide_return_address",
            return_to("https://id.example.org/", "http://app.example.org"),
            return_to("http://127.0.0.1:4433/", "http://127.0.0.1:3000"),
        ),
        (
            "wide_return_address",
            return_to("https://id.example.org/", "http://localhost:3000"),
            return_to("http://localhost:4433/", "http://localhost:3000"),
        ),
        (
            "wide_return_address",
            return_to("https://id.example.org/", "https://*.example.org"),
            return_to("https://id.example.org/", "https://app.example.org/*"),
        ),
        (
            "secret_of_an_example",
            at("secrets.cookie", json!(["PLEASE-CHANGE-ME-I-AM-VERY-INSECURE"])),
            at("secrets.cookie", json!(["8c1f6b0a52f94f0e9d7a3b61"])),
        ),
        (
            "secret_of_an_example",
            at("secrets.cipher", json!(["32-LONG-SECRET-NOT-SECURE-AT-ALL"])),
            at("secrets.cipher", json!(["8c1f6b0a52f94f0e9d7a3b61c2e4d5f6"])),
        ),
        (
            "console_beside_public",
            all([(BASE_URL, json!("https://id.example/")), (CONSOLE_URL, json!("https://id.example:4435/"))]),
            all([
                (BASE_URL, json!("https://id.example/")),
                (CONSOLE_URL, json!("https://console.id.example/")),
            ]),
        ),
        (
            "console_beside_public",
            all([
                (BASE_URL, json!("https://ID.example./a/")),
                (CONSOLE_URL, json!("https://id.example/console")),
            ]),
            all([(BASE_URL, json!("https://id.example/")), (CONSOLE_URL, json!("https://example/"))]),
        ),
        (
            "console_beside_public",
            all([(BASE_URL, json!("https://192.0.2.7/")), (CONSOLE_URL, json!("https://192.0.2.7:4435/"))]),
            all([
                (BASE_URL, json!("http://127.0.0.1:4433/")),
                (CONSOLE_URL, json!("http://127.0.0.1:4435/")),
            ]),
        ),
        (
            "console_beside_public",
            all([
                (BASE_URL, json!("http://[2001:db8::7]/")),
                (CONSOLE_URL, json!("http://[2001:db8::7]:4435/")),
            ]),
            all([
                (BASE_URL, json!("http://localhost:4433/")),
                (CONSOLE_URL, json!("http://localhost:4435/")),
            ]),
        ),
        (
            "hidden_origin_accepted",
            at("vestibule.forms.allow_null_origin", json!(true)),
            at("vestibule.forms.allow_null_origin", json!(false)),
        ),
        (
            "codes_stay_readable",
            at("vestibule.courier.keep_bodies", json!(true)),
            at("vestibule.courier.keep_bodies", json!(false)),
        ),
        (
            "limits_off",
            at("vestibule.limits.enabled", json!(false)),
            at("vestibule.limits.enabled", json!(true)),
        ),
        ("text_messages_to_no_country", texts(json!([])), texts(json!(["DE"]))),
        ("text_messages_to_every_country", texts(json!(["*"])), texts(json!(["DE"]))),
        (
            "phone_numbers_without_channel",
            at(SCHEMAS, json!([{"id": "default", "url": with_phone()}])),
            all([
                (SCHEMAS, json!([{"id": "default", "url": with_phone()}])),
                ("courier.channels", channel()),
            ]),
        ),
    ]
}

/// Only a running server sees them.
const SEEN: [&str; 2] = ["several_clients", "unnamed_proxy"];
const PROXIED: UnnamedProxies = UnnamedProxies {
    several: Some(IpAddr::V4(Ipv4Addr::new(172, 17, 0, 1))),
    external: Some(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9))),
};

#[test]
fn every_finding_comes_up_and_stays_silent() {
    for (id, fires, silent) in cases() {
        assert!(ids(&fires).contains(&id), "{id} is silent: {:?}", ids(&fires));
        assert!(!ids(&silent).contains(&id), "{id} comes up");
    }
    let proxied = |document: Value, seen| {
        let found = checks(&config(&document), seen);
        SEEN.map(|id| found.iter().find(|check| check.id == id).map(|check| check.text.clone()))
    };
    let told = proxied(json!({}), PROXIED).map(Option::unwrap_or_default);
    assert!(told[0].contains("172.17.0.1") && told[1].contains("203.0.113.9"), "{told:?}");
    assert!(told.iter().all(|text| text.contains("`vestibule.trusted_proxies`")), "{told:?}");
    assert_eq!(proxied(json!({}), UnnamedProxies::default()), [None, None]);
    let named = at("vestibule.trusted_proxies", json!(["172.16.0.0/12", "203.0.113.0/24"]));
    assert_eq!(proxied(named, PROXIED), [None, None]);
}

#[test]
fn no_rule_is_without_a_case() {
    // Those of files' modes have their test where files are: `server/tests/cli/secrets.rs`.
    let elsewhere = ["secrets_readable_by_others"];
    let told: BTreeSet<&str> = cases().iter().map(|(id, ..)| *id).chain(SEEN).chain(elsewhere).collect();
    let there: BTreeSet<&str> = rules().map(|rule| rule.id).collect();
    assert_eq!(told, there);
}

#[test]
fn every_finding_is_a_sentence_with_a_key() {
    for (id, fires, _) in cases() {
        for check in checks(&config(&fires), UnnamedProxies::default()).iter().filter(|check| check.id == id)
        {
            assert!(check.text.ends_with('.') && check.title.len() > 8 && !check.key.is_empty(), "{check:?}");
            assert!(!check.text.contains('!') && !check.text.contains("lease"), "{check:?}");
        }
    }
}

/// What is left of a finding when a file says what it asks for.
fn with_patch(document: &Value, check: &Check) -> Vec<Check> {
    let patched = testing::config(vec![document.clone(), overlay(&check.patch)]);
    let same = |other: &Check| other.id == check.id && other.key == check.key && other.about == check.about;
    checks(&patched, UnnamedProxies::default()).into_iter().filter(same).collect()
}

#[test]
fn what_a_file_is_to_say_ends_the_finding_and_every_fix_has_it() {
    let mut patched = BTreeSet::new();
    for (id, fires, _) in cases() {
        for check in checks(&config(&fires), UnnamedProxies::default()).iter().filter(|check| check.id == id)
        {
            assert!(check.fix.is_none() || !check.patch.is_empty(), "{id} can be fixed in the console alone");
            if !check.patch.is_empty() {
                assert_eq!(with_patch(&fires, check), [], "{id}: {:?}", check.patch);
                patched.insert(id);
            }
        }
    }
    // By hand: a certificate, a contract with another service, a network's name.
    let by_hand = [
        "registration_closed",
        "enumeration",
        "enumeration_by_form",
        "mitigation_without_sign_up",
        "mails_wait",
        // Whether a provider checks addresses is for people to find out.
        "providers_prove_nothing",
        "account_changed_over_http",
        "hook_proves_addresses",
        "hook_over_http",
        "hook_without_a_secret",
        "passwords_in_the_clear",
        "console_beside_public",
        "unnamed_proxy",
        // Only the owner of the service knows the gateway, and where the users live.
        "text_messages_to_no_country",
        "text_messages_to_every_country",
        "phone_numbers_without_channel",
        // Another server for the mapping, or a file.
        "token_claims_over_http",
        // Another address for the service, or another network.
        "breach_service_out_of_reach",
        // The mode of a file is no configuration.
        "secrets_readable_by_others",
    ];
    // Its patch adds the proxy that the server saw.
    patched.insert("several_clients");
    let there: BTreeSet<&str> = rules().map(|rule| rule.id).collect();
    for id in there {
        assert!(patched.contains(id) || by_hand.contains(&id), "{id} has no way out");
    }
}

#[test]
fn the_most_severe_come_first_and_those_of_the_console_are_among_them() {
    let document = all([(
        OWN,
        json!([{"hook": "session"}, hook("https://crm.example.org/new", json!({"auth": null})), {"hook": "show_verification_ui"}]),
    )]);
    let found = checks(&config(&document), PROXIED);
    let severities: Vec<Severity> = found.iter().map(|check| check.severity).collect();
    let worst_first =
        [Severity::Error, Severity::Danger, Severity::Warning, Severity::Info].map(Severity::word);
    let rank = |severity: Severity| worst_first.iter().position(|word| *word == severity.word());
    assert!(severities.windows(2).all(|pair| rank(pair[0]) <= rank(pair[1])), "{severities:?}");
    assert_eq!(rank(severities[0]), Some(0), "{severities:?}");
    for id in ["several_clients", "enumeration", "unnamed_proxy", "no_code_to_show_a_page_for"] {
        assert!(found.iter().any(|check| check.id == id), "{id}: {found:?}");
    }
}

#[test]
fn several_hooks_are_told_one_by_one_and_a_list_is_patched_with_all_that_stands_in_it() {
    let document = at(
        OWN,
        json!([
            {"hook": "session"},
            hook("https://one.example.org/", json!({})),
            hook("https://two.example.org/", json!({})),
        ]),
    );
    let found = checks(&config(&document), UnnamedProxies::default());
    let about: Vec<&[String]> = found
        .iter()
        .filter(|check| check.id == "account_without_an_answer")
        .map(|check| check.about.as_slice())
        .collect();
    assert_eq!(about, [["one.example.org/".to_owned()], ["two.example.org/".to_owned()]]);
    let shadowed = all([
        (FLOW, json!([hook("https://crm.example.org/", json!({"response": {"ignore": true}}))])),
        (OWN, json!([{"hook": "show_verification_ui"}, {"hook": "session"}])),
    ]);
    let found = checks(&config(&shadowed), UnnamedProxies::default());
    let check = found.iter().find(|check| check.id == "shadowed_hooks").unwrap();
    let hooks: Vec<&str> =
        check.patch[0].value.as_array().unwrap().iter().map(|hook| hook["hook"].as_str().unwrap()).collect();
    assert_eq!(hooks, ["show_verification_ui", "web_hook", "session"]);
}

#[test]
fn a_finding_never_shows_the_secret_of_a_hook() {
    let document = at(OWN, json!([hook("https://crm.example.org/new", json!({}))]));
    let found = checks(&config(&document), UnnamedProxies::default());
    let check = found.iter().find(|check| check.id == "account_without_an_answer").unwrap();
    assert!(!serde_json::to_string(check).unwrap().contains("\"k\""), "{check:?}");
    let shown = engine::config::load::masked(&config(&document), &overlay(&check.patch)).to_string();
    assert!(!shown.contains("\"k\""), "{shown}");
}

/// A form as it is in force.
fn form(config: &Config) -> Values {
    settings::values(config)
}

fn anything() -> Values {
    in_force().having("min_password_length", 7_u32)
}

#[test]
fn a_fix_goes_into_the_form_keeps_what_was_typed_and_works_once() {
    let config = config(&json!({}));
    let typed = form(&config).having("min_password_length", 7_u32).having("breach_check", false);
    let Fixed::Unsaved(fixed) = fix(&config, &typed, "short_passwords") else { panic!("it can be fixed") };
    assert_eq!(fixed, typed.clone().having("min_password_length", 12_u32));
    assert_eq!(config.revision, 0, "nothing is saved by it");
    assert_eq!(fix(&config, &fixed, "short_passwords"), Fixed::Gone, "the second press finds nothing");
    assert_eq!(fix(&config, &typed, "of_a_later_version"), Fixed::Gone);
    let unreadable = typed.having("min_password_length", 2_u32);
    assert!(matches!(fix(&config, &unreadable, "breach_check_off"), Fixed::Refused(_)));
}

#[test]
fn a_fix_of_what_files_alone_can_say_is_refused_with_the_key() {
    let config = config(&at("vestibule.courier.keep_bodies", json!(true)));
    let Fixed::Refused(sentence) = fix(&config, &form(&config), "codes_stay_readable") else {
        panic!("the console cannot")
    };
    assert!(sentence.contains("vestibule.courier.keep_bodies"), "{sentence}");
}

#[test]
fn a_fix_of_a_key_that_the_environment_sets_is_refused_with_the_variable() {
    use engine::config::load::{Sources, load};
    let variable = "SELFSERVICE_METHODS_PASSWORD_CONFIG_MIN_PASSWORD_LENGTH";
    let sources = Sources {
        documents: vec![json!({
            "identity": {"schemas": [{"id": "default", "url": "preset://email"}]},
            "secrets": {"default": ["a-secret-of-this-test-and-none-else"]},
        })],
        environment: [(variable.to_owned(), "7".to_owned())].into(),
        ..Sources::default()
    };
    let config = load(&sources, None).unwrap().config;
    let Fixed::Refused(sentence) = fix(&config, &anything(), "short_passwords") else {
        panic!("the environment sets it")
    };
    assert!(sentence.contains(variable), "{sentence}");
}

#[test]
fn the_fix_of_a_switch_leaves_other_methods_alone() {
    let named = Named::from([("sign_in_after_registration".to_owned(), json!({"password": "on"}))]);
    let config = testing::config_with(vec![json!({})], &named);
    let on = anything().having("min_password_length", 8_u32).having("sign_in_after_registration", ways(true));
    let Fixed::Unsaved(fixed) = fix(&config, &on, "sessions_for_programs") else { panic!("it can be fixed") };
    assert_eq!(fixed, on.having("sign_in_after_registration", ways(false)));
}

#[test]
fn only_what_is_new_counts_against_a_save() {
    let new = |now: &Value, then: &Value| -> Vec<&str> {
        brought_about(&config(now), &config(then)).iter().map(|check| check.id).collect()
    };
    let session = || at(OWN, json!([{"hook": "session"}]));
    assert_eq!(new(&json!({}), &session()), Vec::<&str>::new(), "the form tells as much already");
    let closed = |hooks: Value| all([(OPEN, json!(false)), (OWN, hooks)]);
    assert_eq!(
        new(&closed(json!([{"hook": "session"}])), &session()),
        ["enumeration"],
        "opening opens the hole"
    );
    let one = hook("https://one.example.org/", json!({}));
    let two = hook("https://two.example.org/", json!({}));
    let with = |hooks: Value| at(OWN, hooks);
    assert_eq!(new(&with(json!([one])), &with(json!([one]))), Vec::<&str>::new());
    assert_eq!(new(&with(json!([one])), &with(json!([one, two]))), ["account_without_an_answer"]);
    assert_eq!(new(&with(json!([one, two])), &with(json!([one]))), Vec::<&str>::new(), "fewer are no danger");
    assert_eq!(
        new(&json!({}), &with(json!([{"hook": "show_verification_ui"}]))),
        ["no_code_to_show_a_page_for"]
    );
}

#[test]
fn the_preview_says_what_a_save_would_bring_about() {
    let config = config(&json!({}));
    let shows = anything().having("show_verification_page", ways(true)).having("min_password_length", 8_u32);
    let preview = preview(&config, &shows);
    let found: Vec<(&str, Severity)> =
        preview.brings_about.iter().map(|check| (check.id, check.severity)).collect();
    assert_eq!(found, [("no_code_to_show_a_page_for", Severity::Error)]);
    let beside = preview.warnings.iter().find(|check| check.id == "no_code_to_show_a_page_for").unwrap();
    assert_eq!(beside.at, Some("show_verification_page"));
    assert_eq!(beside.fix.as_ref().map(|fix| fix.label.as_str()), Some("Don’t show the page"));
}

#[test]
fn the_fix_of_a_gate_that_providers_lead_past_goes_through_the_form() {
    let config =
        config(&all([(GATE, json!([{"hook": "require_verified_address"}])), (PROVIDERS, providers())]));
    let form = form(&config);
    assert_eq!(form.ways("require_verified_address").words(), "on for 1 of 2");
    let Fixed::Unsaved(fixed) = fix(&config, &form, "gate_on_some_methods") else {
        panic!("it can be fixed")
    };
    assert_eq!(
        fixed,
        form.clone().having("require_verified_address", form.ways("require_verified_address").level(true))
    );
    assert_eq!(fix(&config, &fixed, "gate_on_some_methods"), Fixed::Gone);
}

#[test]
fn a_hook_that_stands_in_two_lists_is_told_once_with_both_places() {
    let bare = || hook("https://crm.example.org/new", json!({"auth": null, "response": {"ignore": true}}));
    let document = all([(FLOW, json!([bare()])), (OWN, json!([bare(), {"hook": "session"}]))]);
    let found = checks(&config(&document), PROXIED);
    let told: Vec<&Check> = found.iter().filter(|check| check.id == "hook_without_a_secret").collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].text.contains(&format!("It is in {FLOW} and {OWN}.")), "{}", told[0].text);
}
