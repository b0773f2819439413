//! Who reaches the three listeners, whose word counts there, and what protects what is stored.

use super::calls::is_here;
use super::rule::Severity::{Danger, Error, Warning};
use super::rule::{Found, Rule, Seen};
use serde_json::Value;
use url::Url;

const ADMIN: &str = "serve.admin.host";
const TOKEN: &str = "vestibule.admin.token";
const MAILBOX: &str = "vestibule.mailbox.enabled";
const PROXIES: &str = "vestibule.trusted_proxies";
const ORIGINS: &str = "serve.public.cors.allowed_origins";
const RETURN_URLS: &str = "selfservice.allowed_return_urls";
const CONSOLE: &str = "vestibule.console.base_url";
const NULL_ORIGIN: &str = "vestibule.forms.allow_null_origin";
const KEEP_BODIES: &str = "vestibule.courier.keep_bodies";

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        ("admin_api_open", Danger),
        TOKEN,
        "The admin API is open to the network",
        "The admin API listens beyond this machine and requires no token.",
        admin,
    ),
    Rule::new(
        ("mailbox_in_public", Danger),
        MAILBOX,
        "Emails stay in the console",
        "The mailbox for tests is on, and a listener is reachable from other machines.",
        mailbox,
    ),
    Rule::new(
        ("passwords_in_the_clear", Danger),
        "serve.public.base_url",
        "Passwords are sent unencrypted",
        "The URL of the public port or of the console is http, and not on this machine.",
        clear,
    ),
    Rule::new(
        ("several_clients", Error),
        PROXIES,
        "No limit by client address applies",
        "A proxy on this machine or in a private network forwards requests, and `vestibule.trusted_proxies` does not list it. Only a \
         running server reports this.",
        several,
    ),
    Rule::new(
        ("unnamed_proxy", Warning),
        PROXIES,
        "All requests may appear to come from one client",
        "Requests from outside carry a proxy's headers, and `vestibule.trusted_proxies` is empty. Only a running server reports this.",
        unnamed,
    ),
    Rule::new(
        ("everybody_is_a_proxy", Danger),
        PROXIES,
        "Client IP addresses can be spoofed",
        "Every address is a trusted proxy.",
        everybody,
    ),
    Rule::new(
        ("console_beside_public", Danger),
        CONSOLE,
        "The console has the host of the public URL",
        "Browsers send cookies to every port of a host. Apps that get users’ cookies get the cookies of operators \
         as well.",
        console,
    ),
    Rule::new(
        ("hidden_origin_accepted", Warning),
        NULL_ORIGIN,
        "Any site can send a form",
        "Forms are accepted from pages that hide their origin, and any site can have such a page.",
        null_origin,
    ),
    // L21
    Rule::new(
        ("any_site_reads_sessions", Danger),
        ORIGINS,
        "Any site can read who is signed in",
        "The origin `null` can send cookies and read responses.",
        any_site,
    ),
    // L21
    Rule::new(
        ("origin_over_http", Warning),
        ORIGINS,
        "A page changed by a network attacker can act as users",
        "An http origin can send cookies to an https URL and read responses.",
        origin_over_http,
    ),
    // L22
    Rule::new(
        ("wide_return_address", Warning),
        RETURN_URLS,
        "Users can be redirected to a site you don’t control",
        "The allowed return URLs contain a wildcard, an http URL, or users’ own machines.",
        wide_return,
    ),
    // L24
    Rule::new(
        ("secret_of_an_example", Error),
        "secrets",
        "A secret is a published example",
        "A secret is one that examples contain.",
        example_secret,
    ),
    Rule::new(
        ("secrets_readable_by_others", Warning),
        "secrets",
        "Other users of this machine can read secrets",
        "The data folder, or a configuration file with secrets in it, can be read by every user of the machine.",
        readable,
    ),
    Rule::new(
        ("codes_stay_readable", Danger),
        KEEP_BODIES,
        "Codes and links of emails stay readable",
        "Bodies of sent emails are kept unencrypted.",
        bodies,
    ),
];

fn admin(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if seen.config.vestibule.admin_token.is_none() && !seen.config.serve.admin.is_local() {
        found.push(
            Found::new(
                "It listens beyond this machine and requires no token from private networks. Set \
                 `vestibule.admin.token`, or `serve.admin.host: 127.0.0.1`.",
            )
            .patch(ADMIN, "127.0.0.1"),
        );
    }
}

fn mailbox(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let config = seen.config;
    let listeners = [&config.serve.public, &config.serve.admin, &config.vestibule.console];
    if config.courier.mailbox && listeners.into_iter().any(|listener| !listener.is_local()) {
        found.push(
            Found::new(
                "No email is sent, and owners can read every code. Set `courier.smtp.connection_uri`, and remove \
                 `vestibule.mailbox.enabled`.",
            )
            .patch(MAILBOX, Value::Null),
        );
    }
}

fn clear(seen: &Seen<'_>, found: &mut Vec<Found>) {
    for (key, listener) in [
        ("serve.public.base_url", &seen.config.serve.public),
        ("vestibule.console.base_url", &seen.config.vestibule.console),
    ] {
        let url = &listener.base_url;
        if url.scheme() == "http" && !is_here(url) {
            found.push(
                Found::new(format!(
                    "{url} is http, so a network attacker can read passwords and cookies. Use a reverse proxy with \
                     a certificate, and set its https URL."
                ))
                .key(key)
                .about([key.to_owned()]),
            );
        }
    }
}

fn several(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let keys = &seen.config.vestibule;
    let unnamed = seen.proxies.several.filter(|peer| !keys.is_trusted_proxy(*peer));
    if let Some(peer) = unnamed {
        let named = keys.trusted_proxies.iter().map(ToString::to_string).chain([peer.to_string()]);
        found.push(
            Found::new(format!(
                "Requests from {peer} carry X-Forwarded-For or Forwarded, so they come from several clients with one address. Limits by \
                 client address do not apply to them, and the admin API asks them for a token. Add the proxy to \
                 `vestibule.trusted_proxies`."
            ))
            .about([peer.to_string()])
            .patch(PROXIES, named.collect::<Vec<_>>()),
        );
    }
}

fn unnamed(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let none_named = seen.config.vestibule.trusted_proxies.is_empty();
    if let Some(peer) = seen.proxies.external.filter(|_| none_named) {
        found.push(Found::new(format!(
            "Requests from {peer} carry X-Forwarded-For or Forwarded, and no proxy is trusted. If {peer} is a proxy of yours, limits \
             and session lists see its address in place of the client's. Add its network to `vestibule.trusted_proxies` then."
        )));
    }
}

fn everybody(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let proxies = &seen.config.vestibule.trusted_proxies;
    if proxies.iter().any(|network| network.prefix_len() == 0) {
        let named: Vec<Value> = proxies
            .iter()
            .filter(|network| network.prefix_len() > 0)
            .map(|network| network.to_string().into())
            .collect();
        found.push(
            Found::new(
                "Clients can write any address into X-Forwarded-For, so limits by IP address have no effect. List \
                 the networks of your proxies.",
            )
            .patch(PROXIES, named),
        );
    }
}

/// On this machine there is one host for everything, and no app of somebody else.
fn console(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let (public, console) = (&seen.config.serve.public.base_url, &seen.config.vestibule.console.base_url);
    let host = |url: &Url| url.host_str().map(|host| host.trim_end_matches('.').to_ascii_lowercase());
    if let Some(shared) = host(console).filter(|own| host(public).as_ref() == Some(own) && !is_here(console))
    {
        found.push(
            Found::new(format!(
                "`{CONSOLE}` and `serve.public.base_url` have the host {shared}. Browsers send an operator's session to every port of \
                 it, so also to apps that read users' sessions there. Give the console a host name of its own."
            ))
            .about([shared]),
        );
    }
}

fn null_origin(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if seen.config.vestibule.allow_null_origin {
        found.push(
            Found::new(
                "A page of any site can send forms with `Origin: null`, and sign a user in to an account of an attacker. Set \
                 `Referrer-Policy: strict-origin-when-cross-origin` on your own pages, and turn the key off.",
            )
            .patch(NULL_ORIGIN, Value::Null),
        );
    }
}

fn any_site(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let Some(cors) = &seen.config.serve.cors else { return };
    // `*` lets everybody read, never with a person's cookies (see `server::cors`).
    let null = |origin: &str| origin.eq_ignore_ascii_case("null");
    if cors.allow_credentials && cors.allowed_origins.iter().any(|origin| null(origin)) {
        let rest: Vec<&str> =
            cors.allowed_origins.iter().map(String::as_str).filter(|origin| !null(origin)).collect();
        found.push(
            Found::new(
                "The origin `null` is allowed with credentials. Any page can use it in a sandboxed frame, and act \
                 as the user who visits it. Remove `null`.",
            )
            .patch(ORIGINS, rest),
        );
    }
}

fn origin_over_http(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let Some(cors) = &seen.config.serve.cors else { return };
    if !cors.allow_credentials || seen.config.serve.public.base_url.scheme() != "https" {
        return;
    }
    let open: Vec<String> = cors
        .allowed_origins
        .iter()
        .filter(|origin| origin.to_ascii_lowercase().starts_with("http://"))
        .filter(|origin| !Url::parse(origin).is_ok_and(|url| is_here(&url)))
        .cloned()
        .collect();
    if !open.is_empty() {
        let safe: Vec<String> = cors
            .allowed_origins
            .iter()
            .map(|origin| match open.contains(origin) {
                true => format!("https{}", &origin[4..]),
                false => origin.clone(),
            })
            .collect();
        found.push(
            Found::new(format!(
                "{}: a network attacker can change pages from there, and act as the user who visits them. Use https.",
                open.join(", ")
            ))
            .about(open)
            .patch(ORIGINS, safe),
        );
    }
}

fn wide_return(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let in_public = seen.config.serve.public.base_url.scheme() == "https";
    let all = &seen.config.selfservice.allowed_return_urls;
    for allowed in all {
        let http = allowed.to_ascii_lowercase().starts_with("http://");
        let here = Url::parse(allowed).is_ok_and(|url| is_here(&url));
        let without = || all.iter().filter(|other| *other != allowed).cloned().collect::<Vec<_>>();
        let (reason, better) = match (allowed.contains("://*."), http && !here, here && in_public) {
            (true, _, _) => ("a host that matches can belong to someone else later", None),
            (_, true, _) => ("over http, a network attacker can change the redirect", {
                let mut list = without();
                list.push(format!("https{}", &allowed[4..]));
                Some(list)
            }),
            (_, _, true) => ("on users’ own machines, another program can listen there", Some(without())),
            _ => continue,
        };
        let finding =
            Found::new(format!("{allowed}: {reason}. List the URLs that you need.")).about([allowed.clone()]);
        found.push(match better {
            Some(list) => finding.patch(RETURN_URLS, list),
            None => finding,
        });
    }
}

/// Those of Kratos' quick start, and what people write into examples.
fn is_of_an_example(secret: &str) -> bool {
    let secret = secret.to_ascii_uppercase().replace(['_', ' '], "-");
    let told = ["CHANGE-ME", "CHANGEME", "INSECURE", "NOT-SECURE"];
    let first = secret.chars().next();
    told.iter().any(|part| secret.contains(part)) || secret.chars().all(|letter| Some(letter) == first)
}

fn readable(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let files: Vec<_> = seen.config.exposed().iter().map(|path| path.display().to_string()).collect();
    if !files.is_empty() {
        found.push(
            Found::new(format!(
                "Every user of this machine can read {}. Run `chmod 0600` for a file and `chmod 0700` for the data folder, and rotate the \
                 secrets if anyone else uses the machine.",
                files.join(", ")
            ))
            .about(files),
        );
    }
}

fn example_secret(seen: &Seen<'_>, found: &mut Vec<Found>) {
    for name in ["default", "cookie", "cipher"] {
        let key = format!("secrets.{name}");
        let known = seen.list(&key).iter().filter_map(Value::as_str).any(is_of_an_example);
        if known {
            found.push(
                Found::new(format!(
                    "`{key}` contains a secret from examples, so an attacker can forge what only this server may \
                     create. Without the key, a secret is generated in the data folder. Queued emails and sent \
                     codes of the old one are lost."
                ))
                .key(key.clone())
                .about([key.clone()])
                .patch(key, Value::Null),
            );
        }
    }
}

fn bodies(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if seen.config.courier.keep_bodies {
        found.push(
            Found::new(
                "Anyone with access to the admin API can take over an account while its code is valid. Use this for \
                 tests only.",
            )
            .patch(KEEP_BODIES, Value::Null),
        );
    }
}
