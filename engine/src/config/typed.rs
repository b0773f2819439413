//! The checked document → [`Config`], with the checks that concern several keys.

use super::findings::Findings;
use super::keys::REGISTRY;
pub(super) use super::reader::Reader;
use super::scalars::{self, is_loopback};
use super::*;
use serde_json::Map;

/// `None` when there is no way to make one; the reason is in `findings`. Generated secrets and compiled schemas are taken
/// from `earlier` where there is one.
pub(super) fn read(checked: &Value, findings: &mut Findings<'_>, earlier: Option<&Config>) -> Option<Config> {
    let mut reader = Reader { checked, findings };
    let serve = serve(&mut reader);
    let vestibule = vestibule(&mut reader);
    ports(
        &mut reader,
        [
            ("serve.public", &serve.public),
            ("serve.admin", &serve.admin),
            ("vestibule.console", &vestibule.console),
        ],
    );
    if vestibule.admin_token.is_none() && !is_loopback(&serve.admin.host) {
        reader.findings.note(
            "serve.admin.host",
            "the admin API accepts requests from other machines without a token: set `vestibule.admin.token`, or `serve.admin.host: 127.0.0.1`",
        );
    }
    let identity = identity(&mut reader, earlier);
    let selfservice = selfservice(&mut reader, &serve.public);
    somebody_can_sign_in(&mut reader, &identity, &selfservice);
    let session = session(&mut reader, earlier);
    let cookies = cookies(&mut reader, "cookies");
    same_site(&mut reader, &session.cookie, &cookies, serve.public.base_url.scheme() == "https");
    if vestibule.host_prefix == Some(true) {
        host_prefix(&mut reader, &session.cookie, &cookies, serve.public.base_url.scheme() == "https");
    }
    let hashers = hashers(&mut reader);
    let courier = courier::read(&mut reader, &serve, &vestibule);
    let log = Log {
        level: match reader.text("log.level").as_str() {
            "fatal" | "panic" => "error".into(),
            level => level.to_owned(),
        },
        format: reader.text("log.format"),
    };
    let clients = clients(&reader);
    let dsn = reader.optional("dsn");
    let secrets = if reader.findings.problems.is_empty() { secrets(&mut reader, earlier) } else { None };
    Some(Config {
        serve,
        vestibule,
        dsn: dsn.map(Into::into),
        identity,
        selfservice,
        session,
        cookies,
        hashers,
        secrets: secrets?,
        courier,
        clients,
        log,
        raw: Value::Object(Map::new()),
        revision: 0,
        named: Named::new(),
        layers: Arc::new(reader.findings.layers.clone()),
    })
}

fn clients(reader: &Reader<'_, '_>) -> ClientKeys {
    ClientKeys {
        disallow_private: reader.boolean("clients.http.disallow_private_ip_ranges"),
        private_exceptions: reader.texts("clients.http.private_ip_exception_urls"),
        header_allowlist: reader
            .texts("clients.web_hook.header_allowlist")
            .iter()
            .map(|name| name.to_ascii_lowercase())
            .collect(),
    }
}

/// Identity schemas by http(s), and where each request may go.
pub(super) fn remote_schemas(
    checked: &Value,
    findings: &mut Findings<'_>,
) -> Vec<(Url, crate::effects::Reach)> {
    let mut reader = Reader { checked, findings };
    let serve = serve(&mut reader);
    let console = listener(&mut reader, "vestibule.console");
    let clients = clients(&reader);
    let entries = reader.value("identity.schemas").unwrap_or_default();
    let urls = entries.as_array().into_iter().flatten().filter_map(|entry| entry["url"].as_str());
    urls.filter(|url| schemas::is_remote(url))
        .filter_map(scalars::web_url)
        .map(|url| {
            let reach = guard::reach([&serve.public, &serve.admin, &console], &clients, &url);
            (url, reach)
        })
        .collect()
}

impl Reader<'_, '_> {
    fn page(&self, path: &str, base: &Url) -> Option<Url> {
        let text = self.optional(path)?;
        // A base URL may have a path of its own, and `/welcome` is below it.
        if scalars::page_is_relative(&text) {
            return Url::parse(&format!("{}{text}", base.as_str().trim_end_matches('/'))).ok();
        }
        scalars::web_url(&text)
    }

    fn hooks(&mut self, path: &str) -> Vec<Hook> {
        let hooks = self.findings.hooks.remove(path).unwrap_or_default();
        for (index, hook) in hooks.iter().enumerate().filter(|(_, hook)| !hook.runs()) {
            self.findings.note(
                &format!("{path}[{index}]"),
                format!("the hook `{}` isn't supported yet and doesn't run", hook.name()),
            );
        }
        hooks
    }

    fn after(&mut self, flow: &str, base: &Url) -> After {
        let path = format!("selfservice.flows.{flow}.after");
        let methods = MethodId::ALL.into_iter().filter_map(|method| {
            let own = format!("{path}.{}", method.name());
            // Not every method can register.
            REGISTRY.is_section(&own).then(|| {
                let after = AfterMethod {
                    default_browser_return_url: self.page(&format!("{own}.default_browser_return_url"), base),
                    hooks: self.hooks(&format!("{own}.hooks")),
                };
                (method, after)
            })
        });
        let methods = methods.collect();
        After {
            default_browser_return_url: self.page(&format!("{path}.default_browser_return_url"), base),
            hooks: self.hooks(&format!("{path}.hooks")),
            methods,
        }
    }
}

fn serve(reader: &mut Reader<'_, '_>) -> Serve {
    let cors = reader.boolean("serve.public.cors.enabled").then(|| Cors {
        allowed_origins: reader.texts("serve.public.cors.allowed_origins"),
        allowed_methods: reader.texts("serve.public.cors.allowed_methods"),
        allowed_headers: reader.texts("serve.public.cors.allowed_headers"),
        exposed_headers: reader.texts("serve.public.cors.exposed_headers"),
        allow_credentials: reader.boolean("serve.public.cors.allow_credentials"),
        max_age: reader.integer("serve.public.cors.max_age"),
    });
    if let Some(cors) = &cors
        && cors.allow_credentials
        && cors.allowed_origins.iter().any(|origin| origin == "*")
    {
        reader.findings.note(
            "serve.public.cors.allowed_origins",
            "`*` allows all origins, but never with cookies: list the origins that need cookies",
        );
    }
    Serve { public: listener(reader, "serve.public"), admin: listener(reader, "serve.admin"), cors }
}

fn listener(reader: &mut Reader<'_, '_>, path: &str) -> Listener {
    let host = reader.text(&format!("{path}.host"));
    let port: u16 = reader.integer(&format!("{path}.port"));
    if host.starts_with("unix:") {
        reader.findings.problem(
            &format!("{path}.host"),
            "Unix sockets aren't supported",
            "a host name or an IP address, for example `127.0.0.1` for a proxy on the same machine",
        );
        return Listener::new(host, port, loopback().into(), loopback());
    }
    let base_url_text = reader.optional(&format!("{path}.base_url")).unwrap_or_else(|| {
        let name = match host.trim_matches(['[', ']']) {
            "" | "0.0.0.0" | "::" => "127.0.0.1".to_owned(),
            name if name.contains(':') => format!("[{name}]"),
            name => name.to_owned(),
        };
        format!("http://{name}:{port}/")
    });
    let base_url = scalars::web_url(&base_url_text).unwrap_or_else(|| {
        reader.findings.problem(&format!("{path}.host"), "invalid host", "a host name or an IP address");
        loopback()
    });
    Listener::new(host, port, base_url_text, base_url)
}

/// Stands where a problem was found, so that the search for others goes on.
fn loopback() -> Url {
    Url::parse("http://127.0.0.1/").unwrap_or_else(|_| unreachable!("a constant that parses"))
}

fn ports(reader: &mut Reader<'_, '_>, listeners: [(&str, &Listener); 3]) {
    for (index, (path, listener)) in listeners.iter().enumerate() {
        let clash = listeners[..index].iter().find(|(_, other)| {
            let everywhere = |host: &str| matches!(host, "" | "0.0.0.0" | "::");
            listener.port != 0
                && other.port == listener.port
                && (other.host == listener.host || everywhere(&other.host) || everywhere(&listener.host))
        });
        if let Some((other, _)) = clash {
            let what = format!("port {} is already used by `{other}`", listener.port);
            reader.findings.problem(&format!("{path}.port"), what, "a different port for each listener");
        }
    }
}

fn vestibule(reader: &mut Reader<'_, '_>) -> VestibuleKeys {
    let token = reader.optional("vestibule.admin.token");
    if token.as_ref().is_some_and(|token| token.len() < 16) {
        reader.findings.problem("vestibule.admin.token", "the token is too short", "16 characters or more");
    }
    let require_token = reader.boolean("vestibule.admin.require_token");
    if require_token && token.is_none() {
        reader.findings.problem(
            "vestibule.admin.require_token",
            "the admin API requires a token, and none is set",
            "`vestibule.admin.token` with a token of 16 characters or more",
        );
    }
    VestibuleKeys {
        console: listener(reader, "vestibule.console"),
        allowed_hosts: reader.texts("vestibule.allowed_hosts"),
        admin_token: token.map(Into::into),
        admin_require_token: require_token,
        admin_allowed_origins: reader.texts("vestibule.admin.allowed_origins"),
        operator_session: reader.lifespan("vestibule.console.session_lifespan"),
        cleanup: CleanupKeys {
            flows: reader.lifespan("vestibule.cleanup.flows"),
            sessions: reader.lifespan("vestibule.cleanup.sessions"),
            messages: reader.lifespan("vestibule.cleanup.messages"),
            deliveries: reader.lifespan("vestibule.cleanup.deliveries"),
            errors: reader.lifespan("vestibule.cleanup.errors"),
            invitations: reader.lifespan("vestibule.cleanup.invitations"),
        },
        resend_after: reader.lifespan("vestibule.pages.resend_after"),
        web_hook_deadline: reader.lifespan("vestibule.web_hooks.deadline"),
        web_hook_hosts: web_hook_hosts(reader),
        hosts_in_console: reader.boolean("vestibule.web_hooks.allow_hosts_in_console"),
        registration: registration::read(reader),
        limits: limits::read(reader),
        settings_from_files: reader.text("vestibule.settings.source") == "file",
        require_verified_identifier: reader.boolean("vestibule.login.require_verified_identifier"),
        requests: bounds::requests(reader),
        connections: bounds::connections(reader),
        storage: bounds::storage(reader),
        trusted_proxies: networks(reader, "vestibule.trusted_proxies"),
        forwarding_header: match reader.text("vestibule.forwarding_header").as_str() {
            "x-forwarded-for" => ForwardingHeader::XForwardedFor,
            "forwarded" => ForwardingHeader::Forwarded,
            _ => ForwardingHeader::Any,
        },
        trusted_clients: networks(reader, "vestibule.limits.trusted_clients"),
        allow_null_origin: reader.boolean("vestibule.forms.allow_null_origin"),
        host_prefix: match reader.text("vestibule.cookies.host_prefix").as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        },
        rotation_overlap: reader
            .optional("vestibule.session.rotation_overlap")
            .and_then(|text| scalars::duration(&text))
            .unwrap_or_default(),
        hsts: reader
            .optional("vestibule.headers.hsts")
            .and_then(|text| scalars::duration(&text))
            .unwrap_or_default(),
        work: work::read(reader),
    }
}

fn networks(reader: &Reader<'_, '_>, path: &str) -> Vec<ipnet::IpNet> {
    reader.texts(path).iter().filter_map(|text| scalars::network(text)).collect()
}

fn identity(reader: &mut Reader<'_, '_>, earlier: Option<&Config>) -> IdentityKeys {
    let default_schema_id = reader.text("identity.default_schema_id");
    let entries = reader.value("identity.schemas").unwrap_or_default();
    let mut schemas = Vec::new();
    for (index, entry) in entries.as_array().into_iter().flatten().enumerate() {
        let member = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let (id, url) = (member("id"), member("url"));
        let known = earlier.and_then(|config| config.schema(&id)).filter(|schema| schema.url == url);
        let schema = match known
            .map(|schema| Ok(schema.schema.clone()))
            .unwrap_or_else(|| schemas::compile(&url, &reader.findings.layers.fetched).map(Arc::new))
        {
            Ok(schema) => schema,
            Err(wrong) => {
                for wrong in wrong {
                    reader.findings.problem(
                        &format!("identity.schemas[{index}].url"),
                        wrong.what,
                        wrong.instead,
                    );
                }
                continue;
            }
        };
        let selfservice_selectable = entry["selfservice_selectable"].as_bool().unwrap_or_default();
        schemas.push(IdentitySchema { id, url, selfservice_selectable, schema });
    }
    let ids: Vec<&str> =
        entries.as_array().into_iter().flatten().filter_map(|entry| entry["id"].as_str()).collect();
    // When the list is there but wrong, that was reported.
    let listed = reader.findings.problems.iter().any(|problem| problem.path.starts_with("identity.schemas"));
    if ids.is_empty() && !listed {
        reader.findings.problem(
            "identity.schemas",
            "no identity schema is configured, so sign-up isn't possible. A file replaces the built-in default configuration. To start \
             from it, run `vestibule config starter > vestibule.yml`",
            "`identity: {default_schema_id: default, schemas: [{id: default, url: \"preset://email\"}]}`",
        );
    } else if !ids.is_empty() && !ids.contains(&default_schema_id.as_str()) {
        reader.findings.problem(
            "identity.default_schema_id",
            format!("`identity.schemas` has no schema `{default_schema_id}`"),
            format!("one of {}", ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")),
        );
    }
    IdentityKeys { default_schema_id, schemas }
}

fn web_hook_hosts(reader: &mut Reader<'_, '_>) -> AllowedHosts {
    let texts = reader.texts(allowed_hosts::KEY);
    let (hosts, wrong) = allowed_hosts::parse(&texts);
    for (index, text) in wrong {
        reader.findings.problem(
            &format!("{}[{index}]", allowed_hosts::KEY),
            format!("`{text}` is not a host"),
            "a host without scheme, port and path, for example `crm.example.org`, or `*.example.org` for all its subdomains",
        );
    }
    hosts
}

/// Users who sign up must be able to sign in: with an identifier of the schema, or with a provider.
fn somebody_can_sign_in(reader: &mut Reader<'_, '_>, identity: &IdentityKeys, selfservice: &SelfService) {
    if !selfservice.password.enabled || selfservice.social.enabled {
        return;
    }
    for (index, schema) in identity.schemas.iter().enumerate() {
        let offered = schema.selfservice_selectable || schema.id == identity.default_schema_id;
        if offered && !schema.schema.has_identifier() {
            reader.findings.problem(
                &format!("identity.schemas[{index}].url"),
                format!(
                    "accounts with the schema `{}` can't sign in, because it marks no trait as an identifier",
                    schema.id
                ),
                "`\"ory.sh/kratos\": {\"credentials\": {\"password\": {\"identifier\": true}}}` on a trait, for example the email",
            );
        }
    }
}

fn selfservice(reader: &mut Reader<'_, '_>, public: &Listener) -> SelfService {
    let base = &public.base_url;
    let others = MethodId::ALL.into_iter().filter(|method| *method != MethodId::Password);
    let enabled = others
        .map(|method| (method, reader.boolean(&format!("selfservice.methods.{}.enabled", method.name()))))
        .collect();
    let one_step = reader.boolean("selfservice.flows.registration.enable_legacy_one_step");
    let registration = RegistrationFlow {
        enabled: reader.boolean("selfservice.flows.registration.enabled"),
        ui_url: reader.page("selfservice.flows.registration.ui_url", base),
        lifespan: reader.lifespan("selfservice.flows.registration.lifespan"),
        login_hints: reader.boolean("selfservice.flows.registration.login_hints"),
        style: match reader.text("selfservice.flows.registration.style").as_str() {
            "profile_first" if !one_step => Style::ProfileFirst,
            _ => Style::Unified,
        },
        before: reader.hooks("selfservice.flows.registration.before.hooks"),
        after: reader.after("registration", base),
    };
    let login = LoginFlow {
        ui_url: reader.page("selfservice.flows.login.ui_url", base),
        lifespan: reader.lifespan("selfservice.flows.login.lifespan"),
        style: match reader.text("selfservice.flows.login.style").as_str() {
            "identifier_first" => Style::IdentifierFirst,
            _ => Style::Unified,
        },
        before: reader.hooks("selfservice.flows.login.before.hooks"),
        after: reader.after("login", base),
    };
    SelfService {
        default_browser_return_url: reader.page("selfservice.default_browser_return_url", base),
        allowed_return_urls: reader.texts("selfservice.allowed_return_urls"),
        password: password(reader),
        code: CodeMethod {
            enabled: reader.boolean("selfservice.methods.code.enabled"),
            passwordless: reader.boolean("selfservice.methods.code.passwordless_enabled"),
            lifespan: reader.lifespan("selfservice.methods.code.config.lifespan"),
            max_submissions: reader.integer("selfservice.methods.code.config.max_submissions"),
        },
        social: social::read(reader, &public.base_url_text),
        enabled,
        registration,
        login,
        verification: VerificationFlow {
            enabled: reader.boolean("selfservice.flows.verification.enabled"),
            ui_url: reader.page("selfservice.flows.verification.ui_url", base),
            lifespan: reader.lifespan("selfservice.flows.verification.lifespan"),
            return_url: reader.page("selfservice.flows.verification.after.default_browser_return_url", base),
            before: reader.hooks("selfservice.flows.verification.before.hooks"),
            after: reader.hooks("selfservice.flows.verification.after.hooks"),
            notify_unknown_recipients: reader
                .boolean("selfservice.flows.verification.notify_unknown_recipients"),
            by: by(reader, "selfservice.flows.verification.use"),
        },
        settings: SettingsFlow {
            ui_url: reader.page("selfservice.flows.settings.ui_url", base),
            lifespan: reader.lifespan("selfservice.flows.settings.lifespan"),
            privileged_session_max_age: reader
                .lifespan("selfservice.flows.settings.privileged_session_max_age"),
            required_aal: required_aal(reader, "selfservice.flows.settings.required_aal"),
            before: reader.hooks("selfservice.flows.settings.before.hooks"),
            after: reader.after("settings", base),
        },
        hides_accounts: reader.boolean("security.account_enumeration.mitigate"),
        recovery: RecoveryFlow {
            enabled: reader.boolean("selfservice.flows.recovery.enabled"),
            ui_url: reader.page("selfservice.flows.recovery.ui_url", base),
            lifespan: reader.lifespan("selfservice.flows.recovery.lifespan"),
            by: by(reader, "selfservice.flows.recovery.use"),
            notify_unknown_recipients: reader.boolean("selfservice.flows.recovery.notify_unknown_recipients"),
            choose_address: reader.boolean("feature_flags.choose_recovery_address"),
            before: reader.hooks("selfservice.flows.recovery.before.hooks"),
            after: reader.hooks("selfservice.flows.recovery.after.hooks"),
        },
        link: LinkMethod {
            enabled: reader.boolean("selfservice.methods.link.enabled"),
            lifespan: reader.lifespan("selfservice.methods.link.config.lifespan"),
            base_url: reader
                .optional("selfservice.methods.link.config.base_url")
                .and_then(|text| Url::parse(&text).ok()),
            confirm: match reader.text("vestibule.links.confirm").as_str() {
                "always" => Confirm::Always,
                "never" => Confirm::Never,
                _ => Confirm::Emailed,
            },
        },
        continue_with_transitions: reader.boolean("feature_flags.use_continue_with_transitions"),
        logout_return_url: reader.page("selfservice.flows.logout.after.default_browser_return_url", base),
        error_ui_url: reader.page("selfservice.flows.error.ui_url", base),
    }
}

/// The default where the value is not one of the two, which was reported.
fn required_aal(reader: &Reader<'_, '_>, path: &str) -> RequiredAal {
    RequiredAal::parse(&reader.text(path)).unwrap_or(RequiredAal::HighestAvailable)
}

/// The method that a flow sends something with.
fn by(reader: &mut Reader<'_, '_>, path: &str) -> MethodId {
    if reader.text(path) == MethodId::Link.name() { MethodId::Link } else { MethodId::Code }
}

fn password(reader: &mut Reader<'_, '_>) -> PasswordMethod {
    const CONFIG: &str = "selfservice.methods.password.config";
    let keys = PasswordMethod {
        enabled: reader.boolean("selfservice.methods.password.enabled"),
        min_password_length: reader.integer(&format!("{CONFIG}.min_password_length")),
        max_password_length: reader.integer("vestibule.password.max_length"),
        change_ends_other_sessions: reader.boolean("vestibule.password.change_ends_other_sessions"),
        identifier_similarity_check_enabled: reader
            .boolean(&format!("{CONFIG}.identifier_similarity_check_enabled")),
        haveibeenpwned_enabled: reader.boolean(&format!("{CONFIG}.haveibeenpwned_enabled")),
        haveibeenpwned_host: reader.text(&format!("{CONFIG}.haveibeenpwned_host")),
        max_breaches: reader.integer(&format!("{CONFIG}.max_breaches")),
        ignore_network_errors: reader.boolean(&format!("{CONFIG}.ignore_network_errors")),
    };
    let host = &keys.haveibeenpwned_host;
    let url = Url::parse(&format!("https://{host}/")).ok();
    if !url.is_some_and(|url| url.username().is_empty() && url.query().is_none() && url.fragment().is_none())
        || host.contains("//")
    {
        reader.findings.problem(
            super::keys::BREACH_SERVICE,
            "this is an invalid host",
            "a host with an optional port, for example `breaches.example.org:8443`",
        );
    }
    if keys.min_password_length > keys.max_password_length {
        reader.findings.problem(
            &format!("{CONFIG}.min_password_length"),
            format!(
                "passwords can't be this long: `vestibule.password.max_length` is {}",
                keys.max_password_length
            ),
            "a smaller number, or a larger `vestibule.password.max_length`",
        );
    }
    keys
}

fn session(reader: &mut Reader<'_, '_>, earlier: Option<&Config>) -> SessionKeys {
    let cookie_name = reader.text("session.cookie.name");
    // RFC 6265 §4.1.1: a cookie's name is a token.
    if cookie_name.is_empty()
        || !cookie_name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    {
        reader.findings.problem("session.cookie.name", "invalid cookie name", "letters, digits, `-` and `_`");
    }
    SessionKeys {
        lifespan: reader.lifespan("session.lifespan"),
        earliest_possible_extend: reader.optional_lifespan("session.earliest_possible_extend"),
        extend_without_body: reader.boolean("feature_flags.faster_session_extend"),
        required_aal: required_aal(reader, "session.whoami.required_aal"),
        token_templates: tokenizer::read(reader, earlier.map(|config| &config.session.token_templates)),
        cookie_name,
        cookie_persistent: reader.boolean("session.cookie.persistent"),
        cookie: cookies(reader, "session.cookie"),
    }
}

fn cookies(reader: &mut Reader<'_, '_>, section: &str) -> CookieKeys {
    for name in ["domain", "path"] {
        let path = format!("{section}.{name}");
        if reader
            .optional(&path)
            .is_some_and(|text| text.chars().any(|c| c == ';' || c == ',' || c.is_control()))
        {
            reader.findings.problem(&path, "invalid character for a cookie", "a string without `;` and `,`");
        }
    }
    CookieKeys {
        domain: reader.optional(&format!("{section}.domain")),
        path: reader.optional(&format!("{section}.path")),
        same_site: reader.optional(&format!("{section}.same_site")).and_then(|text| match text.as_str() {
            "Strict" => Some(SameSite::Strict),
            "Lax" => Some(SameSite::Lax),
            "None" => Some(SameSite::None),
            _ => None,
        }),
        secure: reader.flag(&format!("{section}.secure")),
    }
}

/// Browsers drop such cookies.
fn same_site(reader: &mut Reader<'_, '_>, session: &CookieKeys, cookies: &CookieKeys, https: bool) {
    let secure = cookies.secure.unwrap_or(https);
    for (path, same_site, secure) in [
        ("cookies.same_site", cookies.same_site, secure),
        (
            "session.cookie.same_site",
            session.same_site.or(cookies.same_site),
            session.secure.unwrap_or(secure),
        ),
    ] {
        let said_already =
            path.starts_with("session") && session.same_site.is_none() && session.secure.is_none();
        if same_site == Some(SameSite::None) && !secure && !said_already {
            reader.findings.problem(
                path,
                "browsers reject cookies with `SameSite: None` that are not `Secure`",
                "`Lax`, an https base URL, or `secure: \"true\"`",
            );
        }
    }
}

/// Browsers drop a cookie named `__Host-…` that has a domain, another path than `/`, or no `Secure` (RFC 6265bis §4.1.3.2).
fn host_prefix(reader: &mut Reader<'_, '_>, session: &CookieKeys, cookies: &CookieKeys, https: bool) {
    const KEY: &str = "vestibule.cookies.host_prefix";
    for (section, keys) in [("cookies", cookies), ("session.cookie", session)] {
        let path = keys.path.as_deref().filter(|path| *path != "/");
        for (name, value) in [("domain", keys.domain.as_deref()), ("path", path)] {
            if value.is_some() {
                reader.findings.problem(
                    &format!("{section}.{name}"),
                    format!("`{KEY}: true` can't be combined with it, because browsers reject such cookies"),
                    format!("remove it, or set `{KEY}: auto`"),
                );
            }
        }
    }
    let secure = cookies.secure.unwrap_or(https);
    if !(secure && session.secure.unwrap_or(secure)) {
        reader.findings.problem(
            KEY,
            "`true` requires `Secure` cookies, because browsers reject others",
            "`auto`, or an https `serve.public.base_url` without `secure: \"false\"`",
        );
    }
}

fn hashers(reader: &mut Reader<'_, '_>) -> Hashers {
    let memory = reader.optional(HASH_MEMORY).and_then(|text| scalars::size(&text)).unwrap_or_default();
    let mut argon2 = Argon2Keys {
        memory: u32::try_from(memory / 1024).unwrap_or(u32::MAX),
        iterations: reader.integer("hashers.argon2.iterations"),
        parallelism: reader.integer("hashers.argon2.parallelism"),
        salt_length: reader.integer("hashers.argon2.salt_length"),
        key_length: reader.integer("hashers.argon2.key_length"),
    };
    // RFC 9106 §3.1: at least 8 KiB a lane. Kratos' hasher takes no less either, whatever the file says.
    let least = argon2.parallelism.saturating_mul(8);
    if argon2.memory < least {
        reader.findings.note(
            HASH_MEMORY,
            format!(
                "too little for {} lanes, so {least} KiB are used. 19MB is a good value",
                argon2.parallelism
            ),
        );
        argon2.memory = least;
    }
    // Above 4 GiB a single sign-in would take the machine down.
    if argon2.memory > 4 << 20 {
        reader.findings.problem(
            HASH_MEMORY,
            format!("{} KiB are too much for a hash", argon2.memory),
            format!("from {least}KB to 4GB; 19MB is a good value"),
        );
    }
    Hashers {
        algorithm: match reader.text("hashers.algorithm").as_str() {
            "argon2" => Algorithm::Argon2,
            _ => Algorithm::Bcrypt,
        },
        argon2,
        bcrypt_cost: reader.integer("hashers.bcrypt.cost"),
    }
}

fn secrets(reader: &mut Reader<'_, '_>, earlier: Option<&Config>) -> Option<Secrets> {
    // The console never changes secrets.
    if let Some(config) = earlier {
        return Some(config.secrets.clone());
    }
    let completed = secrets::complete(
        &reader.findings.layers.secrets,
        reader.texts("secrets.default"),
        reader.texts("secrets.cookie"),
        reader.texts("secrets.cipher"),
    );
    completed.map_err(|problem| reader.findings.problems.push(problem)).ok()
}
