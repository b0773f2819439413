//! All Prometheus metrics with their labels in one table. A label is a constant of this program or the template of a route, never an
//! identifier, an address or other client input.

use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

/// One metric, as `docs/metrics.md` lists it.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    pub labels: &'static [&'static str],
    pub help: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

macro_rules! metrics {
    ($($name:ident = $text:literal, $kind:ident, [$($label:literal),*], $help:literal;)+) => {
        $(const $name: Metric =
            Metric { name: $text, kind: Kind::$kind, labels: &[$($label),*], help: $help };)+

        /// In the order of the page.
        pub const ALL: &[Metric] = &[$($name),+];
    };
}

metrics! {
    REQUESTS = "http_requests_total", Counter, ["listener", "endpoint", "method", "code"],
        "Number of HTTP requests. endpoint: the template of the route, or none.";
    SECONDS = "http_requests_duration_seconds", Histogram, ["listener", "endpoint"],
        "Seconds from the head of a request to its response.";
    STARTED = "vestibule_flows_started_total", Counter, ["flow", "client"],
        "Number of started flows. client: browser or api.";
    FLOWS = "vestibule_flows_submitted_total", Counter, ["flow", "method", "outcome"],
        "Number of submitted forms and returns from a provider. outcome: completed, code_sent, next_step, to_provider, to_app, unverified, form_again, rate_limited, expired, signed_in_already, rejected or failed.";
    ISSUED = "vestibule_sessions_issued_total", Counter, [],
        "Number of issued sessions.";
    REVOKED = "vestibule_sessions_revoked_total", Counter, [],
        "Number of sessions that were revoked before they expired. Sessions of deleted accounts are not counted.";
    HASH_QUEUE = "vestibule_hash_queue_length", Gauge, [],
        "Number of passwords that wait for a hash thread.";
    HASH_WAIT = "vestibule_hash_wait_seconds", Histogram, [],
        "Seconds that a password waited for a hash thread.";
    EMAIL_QUEUE = "vestibule_courier_queue_length", Gauge, [],
        "Number of queued emails and text messages, including those that will be retried.";
    EMAILS = "vestibule_courier_deliveries_total", Counter, ["channel", "outcome"],
        "Number of attempts to send an email or a text message. channel: email or sms. outcome: sent, retry or abandoned.";
    TEXTS_REFUSED = "vestibule_sms_refused_total", Counter, ["reason"],
        "Number of text messages that weren't sent because of a limit. reason: country or limit.";
    HOOK_QUEUE = "vestibule_webhook_queue_length", Gauge, [],
        "Number of queued webhook calls, including those that will be retried.";
    HOOKS = "vestibule_webhook_calls_total", Counter, ["mode", "outcome"],
        "Number of webhook calls. mode: awaited by a flow, or queued. outcome: done, refused, canceled, retry or failed.";
    CONNECTIONS = "vestibule_database_connections", Gauge, ["pool", "state"],
        "Number of open database connections. pool: reader and writer of SQLite, or postgresql. state: idle or in_use.";
    UP = "vestibule_database_up", Gauge, [],
        "1 if the database responded to this scrape, else 0. If it is 0, the queue lengths of emails and webhooks are missing.";
    BUILD = "vestibule_build_info", Gauge, ["version"],
        "Always 1.";
}

type Labels = Vec<(&'static str, Cow<'static, str>)>;
type Histograms = Family<Labels, Histogram, fn() -> Histogram>;

/// Counters of one server.
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    seconds: Histograms,
    started: Family<Labels, Counter>,
    flows: Family<Labels, Counter>,
    emails: Family<Labels, Counter>,
    texts_refused: Family<Labels, Counter>,
    hooks: Family<Labels, Counter>,
}

/// Sessions that began and ended, counted where they are stored.
#[derive(Clone, Default)]
pub struct Sessions {
    pub(crate) issued: Counter,
    pub(crate) revoked: Counter,
}

/// How long passwords waited, counted where they are hashed.
#[derive(Clone)]
pub struct Waits(Histogram);

impl Default for Waits {
    fn default() -> Self {
        Self(buckets())
    }
}

impl Waits {
    pub(crate) fn waited(&self, time: Duration) {
        self.0.observe(time.as_secs_f64());
    }
}

/// What is true while a scrape is answered.
#[derive(Clone, Debug, Default)]
pub struct Now {
    pub version: &'static str,
    pub passwords_waiting: usize,
    pub connections: Vec<Connections>,
    /// `None`: the database did not answer.
    pub waiting: Option<Waiting>,
}

/// Connections of one pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Connections {
    pub pool: &'static str,
    pub idle: usize,
    pub in_use: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiting {
    pub emails: i64,
    pub hook_calls: i64,
}

/// From a millisecond to ten seconds.
fn buckets() -> Histogram {
    Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
}

/// As the encoder wants it: it adds `_total` by itself.
fn registered(metric: Metric) -> (&'static str, &'static str) {
    (metric.name.trim_end_matches("_total"), metric.help.trim_end_matches('.'))
}

/// The labels of a metric, in the order of the table.
fn labels<const N: usize>(metric: Metric, values: [Cow<'static, str>; N]) -> Labels {
    metric.labels.iter().copied().zip(values).collect()
}

impl Metrics {
    pub fn new(sessions: &Sessions, waits: &Waits) -> Self {
        let mut registry = Registry::default();
        let mut counted = |metric: Metric| {
            let family = Family::<Labels, Counter>::default();
            let (name, help) = registered(metric);
            registry.register(name, help, family.clone());
            family
        };
        let (requests, started, flows) = (counted(REQUESTS), counted(STARTED), counted(FLOWS));
        let (emails, texts_refused, hooks) = (counted(EMAILS), counted(TEXTS_REFUSED), counted(HOOKS));
        let seconds: Histograms = Family::new_with_constructor(buckets);
        let (name, help) = registered(SECONDS);
        registry.register(name, help, seconds.clone());
        let (name, help) = registered(HASH_WAIT);
        registry.register(name, help, waits.0.clone());
        for (metric, counter) in [(ISSUED, &sessions.issued), (REVOKED, &sessions.revoked)] {
            let (name, help) = registered(metric);
            registry.register(name, help, counter.clone());
        }
        // At 0 from the start: what never happened is no gap in a graph, and an alert on it can be written.
        for reason in ["country", "limit"] {
            texts_refused.get_or_create(&labels(TEXTS_REFUSED, [reason.into()])).inc_by(0);
        }
        Self { registry, requests, seconds, started, flows, emails, texts_refused, hooks }
    }

    /// `endpoint` is a route's template.
    pub fn request(
        &self,
        listener: &'static str,
        endpoint: &str,
        method: &'static str,
        code: u16,
        took: Duration,
    ) {
        let endpoint = || Cow::Owned(endpoint.to_owned());
        let all =
            labels(REQUESTS, [listener.into(), endpoint(), method.into(), Cow::Owned(code.to_string())]);
        self.requests.get_or_create(&all).inc();
        let all = labels(SECONDS, [listener.into(), endpoint()]);
        self.seconds.get_or_create(&all).observe(took.as_secs_f64());
    }

    pub(crate) fn flow_started(&self, flow: &'static str, client: &'static str) {
        self.started.get_or_create(&labels(STARTED, [flow.into(), client.into()])).inc();
    }

    pub(crate) fn flow(&self, flow: &'static str, method: &'static str, outcome: &'static str) {
        self.flows.get_or_create(&labels(FLOWS, [flow.into(), method.into(), outcome.into()])).inc();
    }

    pub(crate) fn message(&self, channel: &'static str, outcome: &'static str) {
        self.emails.get_or_create(&labels(EMAILS, [channel.into(), outcome.into()])).inc();
    }

    pub(crate) fn text_message_refused(&self, reason: &'static str) {
        self.texts_refused.get_or_create(&labels(TEXTS_REFUSED, [reason.into()])).inc();
    }

    pub(crate) fn hook(&self, mode: &'static str, outcome: &'static str) {
        self.hooks.get_or_create(&labels(HOOKS, [mode.into(), outcome.into()])).inc();
    }

    /// All of it in Prometheus' text format, version 0.0.4.
    pub fn text(&self, now: &Now) -> Result<String, std::fmt::Error> {
        // Gauges of their own for each scrape: none shows what was true at another time.
        let mut moment = Registry::default();
        let mut gauge = |metric: Metric, values: Vec<(Labels, i64)>| {
            let family = Family::<Labels, Gauge>::default();
            for (labels, value) in values {
                family.get_or_create(&labels).set(value);
            }
            let (name, help) = registered(metric);
            moment.register(name, help, family);
        };
        let alone = |value: i64| vec![(Vec::new(), value)];
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        gauge(HASH_QUEUE, alone(count(now.passwords_waiting)));
        if let Some(waiting) = now.waiting {
            gauge(EMAIL_QUEUE, alone(waiting.emails));
            gauge(HOOK_QUEUE, alone(waiting.hook_calls));
        }
        let connections = now.connections.iter().flat_map(|pool| {
            [("idle", pool.idle), ("in_use", pool.in_use)]
                .map(|(state, many)| (labels(CONNECTIONS, [pool.pool.into(), state.into()]), count(many)))
        });
        gauge(CONNECTIONS, connections.collect());
        gauge(UP, alone(i64::from(now.waiting.is_some())));
        gauge(BUILD, vec![(labels(BUILD, [now.version.into()]), 1)]);
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry)?;
        prometheus_text::encode(&mut text, &moment)?;
        Ok(text)
    }
}

/// `docs/metrics.md`.
pub fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("| Metric | Type | Labels | Description |\n|---|---|---|---|\n");
    for metric in ALL {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            metric.name,
            metric.kind.name(),
            labels.join(", "),
            metric.help
        );
    }
    page
}

const INTRODUCTION: &str = "# Metrics

`GET /metrics/prometheus` on the admin port, also `/admin/metrics/prometheus`, returns all metrics in Prometheus' text format. It is part of
the admin API: clients outside loopback and private networks have to send `vestibule.admin.token`, and the host name must be known
(`vestibule.allowed_hosts`).

```yaml
scrape_configs:
  - job_name: vestibule
    metrics_path: /metrics/prometheus
    static_configs: [{ targets: [\"127.0.0.1:4434\"] }]
    # With vestibule.admin.token:
    authorization: { credentials: the token }
```

Counters start at 0 when the server starts, and each server counts its own events. The queue lengths come from the database, so several
servers with one database report the same values. Gauges have the values at the time of the scrape. No label contains an identifier, an
address or client input, and the number of label values doesn't depend on clients.

";
