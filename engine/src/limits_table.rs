//! The table of all limits on the cost of a request, a client and a listener: name, amount, effect when exceeded, what it protects and
//! what it can't stop. The code reads fixed amounts here, and `docs/limits.md` is generated from it.

use std::fmt::Write;

/// A limit. Its amount is a configuration key with its default in the table of keys, or a fixed number.
#[derive(Debug)]
pub struct Limit {
    pub name: &'static str,
    amount: Amount,
    /// The effect for the client or the server.
    exceeded: &'static str,
    protects: &'static str,
    /// Which attack remains.
    cannot: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum Amount {
    Key(&'static str),
    /// A number and its unit.
    Fixed(usize, &'static str),
    /// Not supported at all.
    None(&'static str),
}

impl Limit {
    /// The amount is a configuration key.
    pub const fn key(
        key: &'static str,
        name: &'static str,
        exceeded: &'static str,
        protects: &'static str,
        cannot: &'static str,
    ) -> Self {
        Self { name, amount: Amount::Key(key), exceeded, protects, cannot }
    }

    /// The amount is fixed; the code reads it with [`Limit::count`].
    pub const fn fixed(
        count: usize,
        unit: &'static str,
        name: &'static str,
        exceeded: &'static str,
        protects: &'static str,
        cannot: &'static str,
    ) -> Self {
        Self { name, amount: Amount::Fixed(count, unit), exceeded, protects, cannot }
    }

    /// The fixed amount; 0 for a limit with a key.
    pub const fn count(&self) -> usize {
        match self.amount {
            Amount::Fixed(count, _) => count,
            Amount::Key(_) | Amount::None(_) => 0,
        }
    }
}

/// Header fields of one request.
pub const HEADER_FIELDS: Limit = Limit::fixed(
    100,
    "fields",
    "Header fields of a request",
    "431, and the connection is closed",
    "Memory and the time that parsing takes",
    "",
);

/// Characters of a configured or entered value that a message repeats.
pub const QUOTED: Limit = Limit::fixed(
    200,
    "characters",
    "Entered value that a form's message repeats",
    "The message is truncated with an ellipsis",
    "The size of responses and of stored forms",
    "",
);

/// Bytes of entered values that a rejected form shows again.
pub const TYPED_VALUES: Limit = Limit::fixed(
    16 * 1024,
    "bytes",
    "Entered values that a rejected form keeps",
    "Further fields are returned empty",
    "The database",
    "",
);

/// Identifiers, addresses to verify and addresses for recovery of one account, of each kind.
pub const IDENTIFIERS: Limit = Limit::fixed(
    100,
    "values",
    "Identifiers of one account, and its addresses",
    "The form is returned with a message at the list",
    "The emails of other users: one sign-up could reserve thousands",
    "",
);

/// Bytes of a compiled pattern of an identity schema.
pub const PATTERN_SIZE: Limit = Limit::fixed(
    16 * 1024 * 1024,
    "bytes",
    "A compiled pattern of an identity schema",
    "The configuration is rejected",
    "Memory, and the time that matching takes",
    "",
);

/// Identities that one request to the admin API names (Kratos: identity/handler.go). The address of such a request may be longer.
pub const IDS: Limit = Limit::fixed(
    500,
    "ids",
    "Identities that one list names with `ids`; path and query have 41 bytes more for each",
    "400 in the envelope",
    "The database",
    "",
);

/// Bytes beyond the limit of a body that are read and discarded, so that the client can read the response.
pub const DISCARDED: Limit = Limit::fixed(
    5 * 1024 * 1024,
    "bytes",
    "Bytes beyond the limit of a body that are read and discarded, so that the client can read the response",
    "The connection is closed after the response",
    "The network",
    "",
);

/// Lists of sessions at once, beside a short queue: [`crate::gate::LISTS`].
pub const LISTS_AT_ONCE: Limit = Limit::fixed(
    2,
    "",
    "Lists of own sessions (`GET /sessions`) that are created at the same time; 32 more wait for up to 5 seconds",
    "503 with `Retry-After`",
    "Database connections for other requests",
    "Users who wait for a list wait longer",
);

/// Sessions of one page of a user's own list.
pub const SESSIONS_OF_A_PAGE: Limit = Limit::fixed(
    250,
    "",
    "Sessions of one page of `GET /sessions`",
    "Further sessions are on the next page",
    "Memory",
    "",
);

/// Bytes of a response that the operating system keeps for a client that doesn't read it, per connection.
pub const SEND_BUFFER: Limit = Limit::fixed(
    128 * 1024,
    "bytes",
    "Bytes of responses that the operating system keeps for a connection whose client doesn't read; Linux reserves twice as much",
    "The server waits with the rest until `vestibule.limits.connections.write_deadline`",
    "Memory of the operating system",
    "",
);

/// Bytes of one stored error.
pub const STORED_ERROR: Limit = Limit::fixed(
    4 * 1024,
    "bytes",
    "One stored error",
    "Long texts in it are truncated or left out",
    "The database",
    "",
);

/// Connections to one listener that are kept for health checks while all others are in use.
pub const HEALTH_CONNECTIONS: Limit = Limit::fixed(
    16,
    "connections",
    "Connections of a listener that are kept for `/health/*`",
    "The oldest of them that has sent no request is closed",
    "Health checks while a listener is full",
    "An attacker who can open connections faster than the check sends its one packet",
);

/// Addresses whose connections carry several clients.
pub const KNOWN_PROXIES: Limit = Limit::fixed(
    1024,
    "addresses",
    "Unconfigured proxies that a listener remembers",
    "The listener forgets all of them and detects them again",
    "Memory",
    "",
);

/// Rows whose clients the server remembers.
pub const TRACKED_ROWS: Limit = Limit::fixed(
    200_000,
    "rows",
    "Forms, errors and calls whose clients the server remembers, of each kind",
    "The server forgets all of them, and the count of every client restarts at 0",
    "Memory",
    "",
);

/// File descriptors for everything that is not a client's connection.
pub const RESERVED_FILES: Limit = Limit::fixed(
    64,
    "file descriptors",
    "Files, database connections and outgoing connections that client connections leave room for",
    "The listeners accept fewer connections than configured, which the log reports at startup",
    "The database, outgoing calls, and each listener from the others",
    "A limit of the operating system that is smaller than this",
);

/// Bytes of a webhook's response that a flow reads.
pub const WEBHOOK_ANSWER: Limit = Limit::fixed(
    256 * 1024,
    "bytes",
    "The response of a webhook that can block a flow or change an account (32 levels, 10,000 values)",
    "The call fails: 502, and nothing is stored",
    "Memory, the database, and clients that read the account",
    "A configured service that stays within these limits",
);

/// Bytes of one document of a provider.
pub const PROVIDER_DOCUMENT: Limit = Limit::fixed(
    512 * 1024,
    "bytes",
    "One document of a provider (32 levels, 20,000 values)",
    "The sign-in fails with a message in the form",
    "Memory and the processor",
    "As above",
);

/// Bytes of traits or metadata from another service.
pub const ACCOUNT_DOCUMENT: Limit = Limit::fixed(
    64 * 1024,
    "bytes",
    "Traits, public metadata and admin metadata from a webhook or claims mapping, each (24 levels, 5,000 values)",
    "502, or a message in the form",
    "The database",
    "",
);

/// Bytes of a template's output.
pub const TEMPLATE_OUTPUT: Limit = Limit::fixed(
    1024 * 1024,
    "bytes",
    "The output of a template",
    "The evaluation fails; the call of a webhook in the background fails with an error in the log",
    "Memory",
    "",
);

const SECTIONS: &[(&str, &[Limit])] = &[
    ("Attempts", ATTEMPTS),
    (
        "Work",
        &[
            Limit::key(
                "vestibule.limits.work.templates",
                "Templates that are evaluated at the same time while a user waits; half as many more for the webhook queue",
                "Further evaluations are queued",
                "Memory and the processor: each evaluation is a process of at most 512 MB and 3 seconds of processor time",
                "Sign-ups that all need a template, which wait for each other",
            ),
            Limit::key(
                "vestibule.limits.work.templates_waiting",
                "Queued evaluations",
                "503 with `Retry-After`",
                "Memory, and users from waiting in vain",
                "As above",
            ),
            Limit::key(
                "vestibule.limits.work.provider_requests",
                "Simultaneous sign-ins that wait for one provider",
                "Further sign-ins with this provider are queued",
                "Connections, other providers and password sign-in from a slow provider",
                "Other users who sign in with the same provider",
            ),
            Limit::key(
                "vestibule.limits.work.provider_requests_waiting",
                "Queued sign-ins per provider",
                "503 with `Retry-After`; a user who returned from the provider can reload the page",
                "As above",
                "As above",
            ),
            Limit::key(
                "vestibule.limits.work.patience",
                "Time that a request stays queued; five times as long for the claims mapping of a user who returned from a provider",
                "503 with `Retry-After`",
                "As above",
                "",
            ),
            WEBHOOK_ANSWER,
            PROVIDER_DOCUMENT,
            ACCOUNT_DOCUMENT,
            TEMPLATE_OUTPUT,
        ],
    ),
    (
        "Connections",
        &[
            Limit::key(
                "vestibule.limits.connections.public",
                "Connections to the public port",
                "The oldest connection without a request is closed; if all connections have one, 503 with `Retry-After`",
                "Memory, file descriptors, and the other two listeners",
                "Many IP addresses that send complete requests; block those at a proxy or firewall",
            ),
            Limit::key(
                "vestibule.limits.connections.admin",
                "Connections to the admin API",
                "As above",
                "As above",
                "As above",
            ),
            Limit::key(
                "vestibule.limits.connections.console",
                "Connections to the console",
                "As above",
                "As above",
                "As above",
            ),
            Limit::key(
                "vestibule.limits.connections.per_client",
                "Connections of one client to one listener (an IPv4 address or a /64 of IPv6, and 16 times as many for a /48)",
                "As above, among that client's connections. `vestibule.trusted_proxies` and unconfigured proxies are exempt; \
                 `/health/*` still responds",
                "Other clients of the listener",
                "An attacker behind the same address as other users",
            ),
            HEALTH_CONNECTIONS,
            KNOWN_PROXIES,
            RESERVED_FILES,
            Limit::key(
                "vestibule.limits.connections.head_deadline",
                "Time for the head of a request",
                "The connection is closed",
                "Connections, from clients that send one byte at a time",
                "Clients that open a new connection each time",
            ),
            Limit::key(
                "vestibule.limits.connections.body_deadline",
                "Time for the body of a request",
                "408, and the connection is closed",
                "As above",
                "As above",
            ),
            Limit::key(
                "vestibule.limits.connections.write_deadline",
                "Time in which a client has to read something of its response",
                "The connection is closed",
                "As above",
                "As above",
            ),
            Limit::key(
                "vestibule.limits.connections.public_idle",
                "Time without a request on a connection to the public port or the console",
                "The connection is closed",
                "Connections",
                "",
            ),
            Limit::key(
                "vestibule.limits.connections.admin_idle",
                "Time without a request on a connection to the admin API",
                "The connection is closed",
                "Connections",
                "",
            ),
            Limit {
                name: "HTTP/2 streams and resets",
                amount: Amount::None("no HTTP/2"),
                exceeded: "The listeners speak HTTP/1.1 only and close a connection that begins with HTTP/2",
                protects: "The processor, from streams that are opened and reset",
                cannot: "A proxy in front of Vestibule that serves HTTP/2 needs limits of its own",
            },
        ],
    ),
    (
        "Requests",
        &[
            Limit::key(
                "vestibule.limits.requests.head",
                "Head of a request",
                "431, and the connection is closed",
                "Memory",
                "",
            ),
            HEADER_FIELDS,
            Limit::key(
                "vestibule.limits.requests.url",
                "Path and query of a request",
                "414 in the envelope",
                "The database, where forms remember the address they were requested with",
                "",
            ),
            IDS,
            Limit::key(
                "vestibule.limits.requests.self_service_body",
                "Body of a request to the public port",
                "413 in the envelope, or a page for browsers",
                "Memory and the processor",
                "",
            ),
            Limit::key(
                "vestibule.limits.requests.admin_body",
                "Body of a request to the admin API",
                "413 in the envelope",
                "Memory",
                "A caller that has the token",
            ),
            Limit::key(
                "vestibule.limits.requests.console_body",
                "Body of a request to the console",
                "413 with a page",
                "Memory",
                "",
            ),
            DISCARDED,
            SEND_BUFFER,
            LISTS_AT_ONCE,
            SESSIONS_OF_A_PAGE,
            Limit::key(
                "vestibule.limits.requests.bodies_at_once",
                "Bodies that a listener reads at the same time; one client gets a quarter of it",
                "503 with `Retry-After`",
                "Memory",
                "Many IP addresses at once: other clients wait as well",
            ),
            Limit::key(
                "vestibule.limits.requests.depth",
                "Nested objects and lists in a body",
                "400 with the form, or in the envelope",
                "The processor and the stack",
                "",
            ),
            Limit::key(
                "vestibule.limits.requests.members",
                "Members of objects, entries of lists and fields of forms in a body to the public port",
                "400 with the form, or in the envelope",
                "The processor and memory",
                "",
            ),
            Limit::key(
                "vestibule.limits.requests.transient_payload",
                "`transient_payload` of a form",
                "400 with the form",
                "The database and webhooks",
                "",
            ),
            Limit::key(
                "vestibule.limits.requests.messages",
                "Messages about invalid fields in one response",
                "Only the first ones are returned, in the order of the schema check",
                "The size of responses and of stored forms",
                "",
            ),
            Limit::key(
                "vestibule.limits.requests.messages_per_field",
                "Messages about one field in one response",
                "Only the first ones are returned",
                "As above",
                "",
            ),
            QUOTED,
            IDENTIFIERS,
            PATTERN_SIZE,
        ],
    ),
    (
        "Storage",
        &[
            Limit::key(
                "vestibule.limits.storage.forms_per_client",
                "Forms that one client started and didn't complete, of all flows together",
                "The client's oldest unsent forms are deleted, and submitting one returns 404. The log reports this once",
                "The database",
                "Many IP addresses at once",
            ),
            Limit::key(
                "vestibule.limits.storage.errors_per_client",
                "Errors of one client that are stored for the error page",
                "The client's oldest stored errors are deleted",
                "The database",
                "Many IP addresses at once",
            ),
            Limit::key(
                "vestibule.limits.storage.hook_calls_per_client",
                "Finished webhook calls in the log that one client's requests caused",
                "The client's oldest log entries are deleted; queued calls stay",
                "The database",
                "Many IP addresses at once",
            ),
            TRACKED_ROWS,
            TYPED_VALUES,
            STORED_ERROR,
            Limit::key(
                "vestibule.cleanup.flows",
                "Time that a form is kept after it expires",
                "It is deleted",
                "The database",
                "",
            ),
            Limit::key(
                "vestibule.cleanup.errors",
                "Time that an error is available on its page",
                "It is deleted",
                "The database",
                "",
            ),
        ],
    ),
];

const ATTEMPTS: &[Limit] = &[
    Limit::key(
        "vestibule.limits.passwords.attempts",
        "Wrong passwords for one account from one client (or one known device, and 16 times as many for a /48) without a delay",
        "429 with `Retry-After`, or the form with a message. The delay doubles with each further wrong password. The password is not checked",
        "Passwords, and the queue of hashes",
        "An attacker behind the same address delays users there who sign in for the first time on a device",
    ),
    Limit::key(
        "vestibule.limits.passwords.max_delay",
        "The longest of these delays",
        "–",
        "The owner of the account",
        "",
    ),
    Limit::key(
        "vestibule.limits.passwords.account_clients",
        "Clients with wrong passwords for one account before every further client waits before its first attempt and between attempts",
        "As above. Each client waits only for its own attempts, so an attacker can't block other clients. Known devices never wait",
        "Passwords, from attackers with many IP addresses",
        "An attacker with very many IP addresses can try one password from each",
    ),
    Limit::key(
        "vestibule.limits.passwords.account_max_delay",
        "The longest of these delays",
        "–",
        "The owner of the account",
        "",
    ),
    Limit::key(
        "vestibule.limits.passwords.accounts_per_client",
        "Accounts within 1 hour for which one client sent only wrong passwords",
        "As above, for each further account. An account with a correct password doesn't count",
        "Accounts with common passwords",
        "An attacker behind the same address delays users there who sign in for the first time on a device",
    ),
    Limit::key(
        "vestibule.limits.codes.per_address_and_client",
        "Wrong codes within 1 hour for one address from one client (or one known device, which may use one more form)",
        "The form with a message; the code is not checked",
        "Codes, over many forms. One form allows five attempts (`selfservice.methods.code.config.max_submissions`)",
        "",
    ),
    Limit::key(
        "vestibule.limits.codes.per_address",
        "Wrong codes within 1 hour for one address from all clients that aren't known devices of the account",
        "As above. The link in the email keeps working",
        "Codes, from attackers with many IP addresses",
        "Attackers with many IP addresses can block codes for new users for an hour. The link in the email keeps working",
    ),
    Limit::key(
        "vestibule.limits.emails.per_address_and_client",
        "Emails within 1 hour to one address because of one client (or one known device)",
        "The same response, but no email. The code of the last email stays valid",
        "Mailboxes",
        "",
    ),
    Limit::key(
        "vestibule.limits.emails.per_address",
        "Emails within 1 hour to one address because of all clients that aren't known devices of the account; spellings such as `name+tag@example.org` count together",
        "As above",
        "Mailboxes, from attackers with many IP addresses",
        "Attackers with many IP addresses can block emails for new forms for an hour",
    ),
    Limit::key(
        "vestibule.limits.emails.per_flow",
        "Emails within 1 hour beyond both limits, for a form that an email was sent for",
        "As above",
        "Users whose limit an attacker uses up",
        "",
    ),
    Limit::key(
        "vestibule.limits.emails.per_client",
        "Emails within 1 hour because of one client, to all addresses together",
        "As above",
        "Recipients, and the reputation of your mail server",
        "An attacker behind the same address as other users",
    ),
    Limit::key(
        "vestibule.limits.emails.total",
        "Emails within 1 hour because of all users and clients",
        "As above. Known devices are exempt",
        "As above",
        "Attackers with very many IP addresses can block emails for new users for an hour",
    ),
    Limit::key(
        "vestibule.sms.countries",
        "Countries whose phone numbers get text messages",
        "The same response, but no text message",
        "Your budget: attackers earn money with messages to numbers in expensive countries",
        "",
    ),
    Limit::key(
        "vestibule.limits.sms.per_number",
        "Text messages within 24 hours to one number, beside the limits on emails, which count text messages too",
        "As above. The code of the last message stays valid",
        "The owner of a number, and your budget",
        "Attackers can block text messages to a number for a day",
    ),
    Limit::key(
        "vestibule.limits.sms.per_client",
        "Text messages within 24 hours because of one client, to all numbers together",
        "As above",
        "Your budget",
        "An attacker behind the same address as other users",
    ),
    Limit::key(
        "vestibule.limits.sms.total",
        "Text messages within 24 hours because of all users and clients",
        "As above",
        "Your budget, from attackers with many IP addresses",
        "Attackers with many IP addresses can block text messages for a day",
    ),
    Limit::key(
        "vestibule.limits.sign_ups.per_client",
        "Sign-ups within 1 hour from one client (16 times as many from a /48)",
        "429 with `Retry-After`, or the form with a message",
        "The database, and the queue of hashes",
        "An attacker behind the same address as other users",
    ),
    Limit::key(
        "vestibule.limits.flows.per_client",
        "Forms that one client starts within 1 hour (16 times as many from a /48)",
        "429 with `Retry-After`, or a page",
        "The database",
        "An attacker behind the same address as other users",
    ),
];

const HEAD: &str = "\
# Limits

This page is generated from the code: `vestibule config limits > docs/limits.md`.

Limits on the cost of one request, one client and one listener. [configuration.md](configuration.md) describes the keys. An amount
without a key is fixed.

A *client* is an IPv4 address or a /64 of IPv6. A private or loopback address that sends `X-Forwarded-For` and isn't listed in
`vestibule.trusted_proxies` counts as several clients, and no limit by IP address applies to it. A *known device* is a browser that
signed in to the account before.

`vestibule.limits.enabled: false` turns off the limits on attempts. Limits on connections, requests and storage always apply.
";

/// The page, in Markdown. `default_of` is [`crate::config::default_of`]: this table is below the configuration.
pub fn reference(default_of: impl Fn(&str) -> &'static str) -> String {
    let mut page = HEAD.to_owned();
    for (title, limits) in SECTIONS {
        // Writing to a String cannot fail.
        let _ = write!(
            page,
            "\n## {title}\n\n| Limit | Key | Amount | When exceeded | Protects | Can't stop |\n|---|---|---|---|---|---|\n"
        );
        for limit in *limits {
            let (key, amount) = match limit.amount {
                Amount::Key(key) => (format!("`{key}`"), format!("`{}`", default_of(key))),
                Amount::Fixed(count, unit) => ("–".to_owned(), format!("{count} {unit}")),
                Amount::None(text) => ("–".to_owned(), text.to_owned()),
            };
            let cannot = if limit.cannot.is_empty() { "–" } else { limit.cannot };
            let Limit { name, exceeded, protects, .. } = limit;
            let _ = writeln!(page, "| {name} | {key} | {amount} | {exceeded} | {protects} | {cannot} |");
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn keys() -> impl Iterator<Item = &'static str> {
        SECTIONS.iter().flat_map(|(_, limits)| *limits).filter_map(|limit| match limit.amount {
            Amount::Key(key) => Some(key),
            Amount::Fixed(..) | Amount::None(_) => None,
        })
    }

    #[test]
    fn the_committed_page_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/limits.md");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == reference(config::default_of),
            "docs/limits.md is stale: cargo run -p server --bin vestibule -- config limits > docs/limits.md"
        );
    }

    #[test]
    fn every_key_of_a_limit_is_in_the_table_once_and_has_a_default() {
        for key in keys() {
            assert!(!config::default_of(key).is_empty(), "{key} has no default");
            assert_eq!(keys().filter(|other| *other == key).count(), 1, "{key}");
        }
        // Not amounts.
        const OTHERS: [&str; 2] = ["vestibule.limits.enabled", "vestibule.limits.trusted_clients"];
        for key in config::keys_below("vestibule.limits") {
            if OTHERS.contains(&key.as_str()) {
                continue;
            }
            assert!(keys().any(|listed| listed == key), "{key} is a limit without a row in the table");
        }
    }
}
