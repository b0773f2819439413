//! A test sign-up over HTTP: sends the requests of a browser or an app to the public router of a temporary engine, and records each
//! one. It decides nothing; the final check is `/sessions/whoami`.

use crate::state::AppState;
use crate::{cookies, edge, public};
use app::console::tester::{Cookie, Exchange, FormField, Verdict};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, header};
use engine::config::Config;
use engine::invitations::{self, Wanted};
use engine::model::MethodId;
use engine::plan::Client;
use engine::rehearsal::Rehearsal;
use engine::ui::{Container, InputKind};
use engine::{Engine, Error, Result};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tower::ServiceExt;

/// Of an answer that is shown.
const SHOWN: usize = 64 * 1024;

/// The fields of the current sign-up form, from an engine without accounts.
///
/// # Errors
/// Sign-up is off, or a webhook before the form rejects.
pub async fn form(engine: &Engine) -> Result<Vec<FormField>> {
    let mut visit = Visit::new(engine, Client::Native);
    visit.invited(engine).await?;
    let flow = visit.start().await.ok_or_else(|| refusal(&visit))?;
    Ok(visit.fields(&flow))
}

/// What the form's first answer says instead of a form.
fn refusal(visit: &Visit) -> Error {
    let said =
        visit.exchanges.last().and_then(|exchange| serde_json::from_str::<Value>(&exchange.answer).ok());
    let text = |pointer: &str| said.as_ref()?.pointer(pointer)?.as_str().map(str::to_owned);
    Error::invalid(
        text("/error/reason")
            .or_else(|| text("/error/message"))
            .unwrap_or_else(|| "Sign-up has no form right now.".to_owned()),
    )
}

/// What a sign-up was answered.
pub struct Visited {
    pub exchanges: Vec<Exchange>,
    /// What the form asked for, or why there was none.
    pub form: Result<Vec<FormField>>,
    pub verdict: Verdict,
}

/// Sends the form with `typed` in it, as `client` would: each of its steps, and the code that was emailed. `go_on`: then it verifies the
/// email and signs in a second time, until one of them issues a session.
///
/// # Errors
/// The temporary database fails.
pub async fn sign_up(
    rehearsal: &Rehearsal,
    client: Client,
    method: MethodId,
    typed: &[(String, String)],
    go_on: bool,
) -> Result<Visited> {
    let mut visit = Visit::new(&rehearsal.engine, client);
    visit.invited(&rehearsal.engine).await?;
    let Some(flow) = visit.start().await else {
        let form = Err(refusal(&visit));
        return Ok(Visited { exchanges: visit.exchanges, form, verdict: Verdict::NotSignedIn });
    };
    let form = Ok(visit.fields(&flow));
    visit.steps(rehearsal, flow, method, typed).await;
    let verdict = match visit.who_am_i("Check the session").await {
        true => Verdict::SignedIn,
        false if !visit.refused.is_empty() => Verdict::Rejected(visit.refused.clone()),
        false if go_on && visit.verifies(rehearsal).await? => Verdict::SignedInAfterVerification,
        false if go_on && visit.signs_in_again(method, typed).await => Verdict::SignedInAgain,
        false => Verdict::NotSignedIn,
    };
    Ok(Visited { exchanges: visit.exchanges, form, verdict })
}

/// What a form that came back says: in its messages, then at each field by the field's label.
fn complaints(flow: &Value) -> Vec<(String, String)> {
    let Some(ui) = flow.get("ui") else { return Vec::new() };
    let errors = |of: &Value| -> Vec<String> {
        let messages = of.get("messages").and_then(Value::as_array).into_iter().flatten();
        let errors = messages.filter(|message| message["type"] == "error");
        errors.filter_map(|message| message["text"].as_str().map(str::to_owned)).collect()
    };
    let nodes = ui.get("nodes").and_then(Value::as_array).into_iter().flatten();
    let at_fields = nodes.flat_map(|node| {
        let name = node.pointer("/attributes/name").and_then(Value::as_str).unwrap_or_default();
        let label = node.pointer("/meta/label/text").and_then(Value::as_str).unwrap_or(name);
        errors(node).into_iter().map(|text| (label.to_owned(), text)).collect::<Vec<_>>()
    });
    errors(ui).into_iter().map(|text| (String::new(), text)).chain(at_fields).collect()
}

/// The nodes that users fill in.
fn fields(flow: &Value) -> Vec<FormField> {
    let Some(ui) = flow.get("ui").cloned().and_then(|ui| serde_json::from_value::<Container>(ui).ok()) else {
        return Vec::new();
    };
    let inputs = ui.nodes.unwrap_or_default().into_iter().filter_map(|node| {
        let label = node.meta.label.as_ref().map(|label| label.text.clone());
        let input = node.input()?.clone();
        let hidden = matches!(input.kind, InputKind::Hidden | InputKind::Submit | InputKind::Button);
        (!hidden).then(|| FormField {
            label: label
                .unwrap_or_else(|| input.name.rsplit('.').next().unwrap_or_default().replace('_', " ")),
            ticked: input.kind == InputKind::Checkbox,
            secret: input.kind == InputKind::Password,
            address: input.kind == InputKind::Email,
            number: input.kind == InputKind::Number,
            required: input.required,
            name: input.name,
            value: String::new(),
        })
    });
    inputs.collect()
}

/// One client on its way through the public port.
struct Visit {
    router: Router,
    config: Arc<Config>,
    client: Client,
    cookies: BTreeMap<String, String>,
    token: Option<String>,
    exchanges: Vec<Exchange>,
    /// What begins a sign-up: `?invitation=…` while sign-up takes one.
    query: String,
    /// Which form is filled in: `registration`, `verification` or `login`.
    kind: &'static str,
    /// What the last form that came back complains about.
    refused: Vec<(String, String)>,
}

impl Visit {
    fn new(engine: &Engine, client: Client) -> Self {
        let state = AppState { engine: engine.clone() };
        Self {
            router: edge::around(public::router(state), "rehearsal", engine),
            config: engine.begin().config,
            client,
            cookies: BTreeMap::new(),
            token: None,
            exchanges: Vec::new(),
            query: String::new(),
            kind: "registration",
            refused: Vec::new(),
        }
    }

    /// With an invitation of the temporary database, where sign-up takes one.
    async fn invited(&mut self, engine: &Engine) -> Result<()> {
        if self.config.vestibule.registration.invite_only {
            let made =
                invitations::make(&engine.begin(), invitations::By::AdminApi, Wanted::default()).await?;
            let link = made.link.unwrap_or_default();
            self.query = link.split_once('?').map_or_else(String::new, |(_, query)| format!("?{query}"));
        }
        Ok(())
    }

    /// The flow, or `None` where there is no form.
    async fn start(&mut self) -> Option<Value> {
        const START: &str = "Start the flow";
        let begin = |how: &str| self.url(&format!("self-service/{}/{how}{}", self.kind, self.query));
        match self.client {
            Client::Native => {
                let answer = self.exchange(START, "GET", &begin("api"), None).await;
                (answer.status == 200).then(|| json_of(&answer)).flatten()
            }
            Client::Spa => {
                let answer = self.exchange(START, "GET", &begin("browser"), None).await;
                (answer.status == 200).then(|| json_of(&answer)).flatten()
            }
            Client::Browser => {
                let answer = self.exchange(START, "GET", &begin("browser"), None).await;
                let page = answer.location.filter(|_| answer.status == 303)?;
                let page = url::Url::parse(&page).ok()?;
                let named = |wanted: &str| page.query_pairs().find(|(name, _)| name == wanted);
                let Some((_, flow)) = named("flow") else {
                    if let Some((_, id)) = named("id") {
                        let url = self.url(&format!("self-service/errors?id={id}"));
                        self.exchange("Load the error", "GET", &url, None).await;
                    }
                    return None;
                };
                self.load(&flow).await
            }
        }
    }

    async fn load(&mut self, flow: &str) -> Option<Value> {
        let url = self.url(&format!("self-service/{}/flows?id={flow}", self.kind));
        let answer = self.exchange("Load the form", "GET", &url, None).await;
        (answer.status == 200).then(|| json_of(&answer)).flatten()
    }

    /// Enters the code of the email, in the form that its link opens. Whether that signs in.
    async fn verifies(&mut self, rehearsal: &Rehearsal) -> Result<bool> {
        let mails = rehearsal.mails().await?.into_iter().rev();
        let mut links = mails.filter_map(|mail| {
            let link = url::Url::parse(&mail.written.link?).ok()?;
            let (_, flow) = link.query_pairs().find(|(name, _)| name == "flow")?;
            Some((flow.into_owned(), mail.written.code?))
        });
        let Some((flow, code)) = links.next() else { return Ok(false) };
        self.kind = "verification";
        let Some(flow) = self.load(&flow).await else { return Ok(false) };
        self.send("Enter the verification code", &flow, "code", &[("code".to_owned(), code)]).await;
        Ok(self.who_am_i("Check the session after the verification").await)
    }

    /// The second sign-in, with the password. Whether it succeeds.
    async fn signs_in_again(&mut self, method: MethodId, typed: &[(String, String)]) -> bool {
        if method != MethodId::Password {
            return false;
        }
        let is = |wanted: &str| typed.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        let login = is("traits.email").or_else(|| is("traits.username"));
        let (Some(identifier), Some(password)) = (login, is("password")) else { return false };
        (self.kind, self.query) = ("login", String::new());
        let Some(flow) = self.start().await else { return false };
        let sent = [("identifier".to_owned(), identifier), ("password".to_owned(), password)];
        self.send("Sign in with the password", &flow, "password", &sent).await;
        self.who_am_i("Check the session after the sign-in").await
    }

    /// The fields of the form, with what its second step asks for.
    fn fields(&self, flow: &Value) -> Vec<FormField> {
        let mut all = fields(flow);
        let asks_later = has_button(flow, "profile") && self.config.selfservice.offers(MethodId::Password);
        if asks_later {
            let (name, label) = ("password".to_owned(), "Password".to_owned());
            all.push(FormField { name, label, secret: true, required: true, ..FormField::default() });
        }
        all
    }

    async fn steps(
        &mut self,
        rehearsal: &Rehearsal,
        mut flow: Value,
        method: MethodId,
        typed: &[(String, String)],
    ) {
        let traits: Vec<_> = typed.iter().filter(|(name, _)| name != "password").cloned().collect();
        if has_button(&flow, "profile") {
            let Some(next) = self.send("Submit the first step", &flow, "profile", &traits).await else {
                return;
            };
            flow = next;
        }
        if method != MethodId::Code {
            self.send("Submit the form", &flow, method.name(), typed).await;
            return;
        }
        let Some(flow) = self.send("Request a code", &flow, method.name(), &traits).await else { return };
        let code = match rehearsal.mails().await {
            Ok(mails) => mails.into_iter().rev().find_map(|mail| mail.written.code),
            Err(_) => None,
        };
        let Some(code) = code else { return };
        let mut entered = traits;
        entered.push(("code".to_owned(), code));
        self.send("Enter the code", &flow, method.name(), &entered).await;
    }

    /// `Some`: the form comes back.
    async fn send(
        &mut self,
        title: &'static str,
        flow: &Value,
        method: &str,
        typed: &[(String, String)],
    ) -> Option<Value> {
        let action = flow.pointer("/ui/action").and_then(Value::as_str).unwrap_or_default().to_owned();
        let token = csrf_token(flow);
        let body = match self.client {
            Client::Browser => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                form.append_pair("csrf_token", &token).append_pair("method", method);
                form.extend_pairs(typed);
                Sent { media: "application/x-www-form-urlencoded", text: form.finish() }
            }
            Client::Spa | Client::Native => {
                let mut document = Map::new();
                document.insert("method".to_owned(), method.into());
                if self.client == Client::Spa {
                    document.insert("csrf_token".to_owned(), token.into());
                }
                let kinds = fields(flow);
                for (name, value) in typed {
                    let kind = kinds.iter().find(|field| field.name == *name);
                    put(&mut document, name, typed_value(kind, value));
                }
                Sent { media: "application/json", text: Value::Object(document).to_string() }
            }
        };
        let answer = self.exchange(title, "POST", &action, Some(body)).await;
        if let Some(token) =
            json_of(&answer).as_ref().and_then(|body| body.get("session_token")).and_then(Value::as_str)
        {
            self.token = Some(token.to_owned());
        }
        self.refused = Vec::new();
        let flow = match self.client {
            Client::Spa | Client::Native => json_of(&answer).filter(|body| body.get("ui").is_some()),
            Client::Browser => {
                let page = answer.location?;
                let form = form_of(&page, self.kind);
                if self.is_ours(&page) {
                    self.exchange("Follow the redirect", "GET", &page, None).await;
                }
                self.load(&form?).await
            }
        };
        self.refused = flow.as_ref().map(complaints).unwrap_or_default();
        flow
    }

    /// Looks from outside, as an app would.
    async fn who_am_i(&mut self, title: &'static str) -> bool {
        self.exchange(title, "GET", &self.url("sessions/whoami"), None).await.status == 200
    }

    fn url(&self, path: &str) -> String {
        self.config.public_url(path)
    }

    fn is_ours(&self, url: &str) -> bool {
        self.target(url).is_some()
    }

    /// Path and query of an absolute URL for the router; `None` for another host.
    fn target(&self, url: &str) -> Option<String> {
        let base = self.config.serve.public.base_url_text.trim_end_matches('/');
        let rest = match url.strip_prefix(base) {
            Some(rest) => rest,
            None if url.starts_with('/') => url,
            None => return None,
        };
        match rest.as_bytes().first() {
            None => Some("/".to_owned()),
            Some(b'/') => Some(rest.to_owned()),
            Some(b'?') => Some(format!("/{rest}")),
            Some(_) => None,
        }
    }

    async fn exchange(
        &mut self,
        title: &'static str,
        method: &'static str,
        url: &str,
        body: Option<Sent>,
    ) -> Answer {
        let target = self.target(url).unwrap_or_else(|| "/".to_owned());
        let host = self.config.serve.public.base_url.host_str().unwrap_or_default().to_owned();
        let host = match self.config.serve.public.base_url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host,
        };
        let mut headers = vec![("Accept".to_owned(), self.accepts().to_owned())];
        if let Some(body) = &body {
            headers.push(("Content-Type".to_owned(), body.media.to_owned()));
        }
        if self.client != Client::Native && !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            headers.push(("Cookie".to_owned(), pairs.join("; ")));
        }
        if self.client != Client::Native && method == "POST" {
            let origin = self.config.serve.public.base_url.origin().ascii_serialization();
            headers.push(("Origin".to_owned(), origin));
        }
        if let Some(token) = &self.token {
            headers.push(("X-Session-Token".to_owned(), token.clone()));
        }
        let text = body.map(|body| body.text);
        let mut request = Request::builder().method(method).uri(&target).header(header::HOST, host);
        for (name, value) in &headers {
            request = request.header(name.as_str(), value.as_str());
        }
        let since = Instant::now();
        let request = request.body(Body::from(text.clone().unwrap_or_default()));
        let (status, received, answer) = match request {
            Ok(mut request) => {
                request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 0))));
                let Ok(response) = self.router.clone().oneshot(request).await;
                let (parts, body) = response.into_parts();
                let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
                (parts.status.as_u16(), parts.headers, String::from_utf8_lossy(&body).into_owned())
            }
            // A header that cannot be sent, such as a line break in a cookie.
            Err(broken) => (0, HeaderMap::new(), broken.to_string()),
        };
        let took = since.elapsed();
        let text_of =
            |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let cookies: Vec<Cookie> = received
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|value| cookie(&self.config, &text_of(value)))
            .collect();
        for cookie in &cookies {
            if cookie.attributes.iter().any(|attribute| attribute.eq_ignore_ascii_case("max-age=0")) {
                self.cookies.remove(&cookie.name);
            } else {
                self.cookies.insert(cookie.name.clone(), cookie.value.clone());
            }
        }
        let location = received.get(header::LOCATION).map(text_of);
        let curl = curl(method, url, &headers, text.as_deref());
        self.exchanges.push(Exchange {
            title: title.to_owned(),
            method: method.to_owned(),
            url: url.to_owned(),
            headers,
            body: text,
            status,
            answer_headers: received
                .iter()
                .filter(|(name, _)| *name != header::SET_COOKIE)
                .map(|(name, value)| (name.as_str().to_owned(), text_of(value)))
                .collect(),
            cookies,
            answer: shown(&answer),
            took,
            curl,
        });
        Answer { status, location, text: answer }
    }

    fn accepts(&self) -> &'static str {
        match self.client {
            Client::Browser => "text/html,application/xhtml+xml",
            Client::Spa | Client::Native => "application/json",
        }
    }
}

struct Sent {
    media: &'static str,
    text: String,
}

struct Answer {
    status: u16,
    location: Option<String>,
    text: String,
}

fn json_of(answer: &Answer) -> Option<Value> {
    serde_json::from_str(&answer.text).ok()
}

/// The flow of the page of that kind that a redirect leads to.
fn form_of(page: &str, kind: &str) -> Option<String> {
    let page = url::Url::parse(page).ok()?;
    let is_it = page.path().ends_with(kind);
    page.query_pairs().find(|(name, _)| is_it && name == "flow").map(|(_, flow)| flow.into_owned())
}

/// Whether a button sends the form with that method.
fn has_button(flow: &Value, method: &str) -> bool {
    let nodes = flow.pointer("/ui/nodes").and_then(Value::as_array);
    nodes.into_iter().flatten().any(|node| {
        let of = |name: &str| node.pointer(&format!("/attributes/{name}")).and_then(Value::as_str);
        of("name") == Some("method") && of("type") == Some("submit") && of("value") == Some(method)
    })
}

fn csrf_token(flow: &Value) -> String {
    let nodes = flow.pointer("/ui/nodes").and_then(Value::as_array);
    let node = nodes
        .into_iter()
        .flatten()
        .find(|node| node.pointer("/attributes/name").and_then(Value::as_str) == Some("csrf_token"));
    let value = node.and_then(|node| node.pointer("/attributes/value")).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}

/// As an app would send it: numbers and ticks are no texts in JSON. What is no number is sent as typed, so that the refusal shows.
fn typed_value(kind: Option<&FormField>, value: &str) -> Value {
    match kind {
        Some(field) if field.ticked => Value::Bool(value == "true"),
        Some(field) if field.number => {
            serde_json::from_str::<serde_json::Number>(value).map_or_else(|_| value.into(), Value::Number)
        }
        _ => value.into(),
    }
}

/// `traits.name.first` → `{"traits": {"name": {"first": …}}}`. A field that was left empty is left out.
fn put(document: &mut Map<String, Value>, name: &str, value: Value) {
    if value == Value::String(String::new()) {
        return;
    }
    match name.split_once('.') {
        None => {
            document.insert(name.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = document.entry(first).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

/// JSON with line breaks; everything else unchanged and truncated.
fn shown(answer: &str) -> String {
    let pretty = serde_json::from_str::<Value>(answer).and_then(|value| serde_json::to_string_pretty(&value));
    let text = pretty.unwrap_or_else(|_| answer.to_owned());
    if text.len() <= SHOWN {
        return text;
    }
    let end = (0..=SHOWN).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    format!("{}\n… {} bytes in total", &text[..end], text.len())
}

/// `name=value; attribute; …` (RFC 6265 §4.1.1).
fn cookie(config: &Config, line: &str) -> Cookie {
    let mut parts = line.split(';').map(str::trim);
    let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).unwrap_or_default();
    let what = if name == config.session_cookie() {
        "session"
    } else if name == cookies::csrf_name(config) {
        "CSRF protection"
    } else {
        ""
    };
    Cookie {
        name: name.to_owned(),
        value: value.to_owned(),
        attributes: parts.map(str::to_owned).collect(),
        what,
    }
}

/// The same request for a shell. It is sent to the real server, where tokens and cookies of a rehearsal are worth nothing.
fn curl(method: &str, url: &str, headers: &[(String, String)], body: Option<&str>) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let mut line = format!("curl -i {}", quoted(url));
    if method != "GET" {
        line.push_str(&format!(" \\\n  -X {method}"));
    }
    for (name, value) in headers {
        line.push_str(&format!(" \\\n  -H {}", quoted(&format!("{name}: {value}"))));
    }
    if let Some(body) = body {
        line.push_str(&format!(" \\\n  --data-raw {}", quoted(body)));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_shell_reads_back_what_was_sent() {
        let headers = [("Accept".to_owned(), "application/json".to_owned())];
        let line =
            curl("POST", "http://x.test/?a=1&b=2", &headers, Some(r#"{"password":"it's $HOME `id`"}"#));
        assert_eq!(
            line,
            "curl -i 'http://x.test/?a=1&b=2' \\\n  -X POST \\\n  -H 'Accept: application/json' \\\n  \
             --data-raw '{\"password\":\"it'\\''s $HOME `id`\"}'"
        );
    }

    #[test]
    fn names_with_dots_become_a_document() {
        let mut document = Map::new();
        for (name, value) in
            [("traits.name.first", "Ann"), ("traits.email", "ann@x.test"), ("traits.left", "")]
        {
            put(&mut document, name, value.into());
        }
        assert_eq!(
            Value::Object(document),
            json!({"traits": {"name": {"first": "Ann"}, "email": "ann@x.test"}})
        );
    }

    #[test]
    fn a_long_answer_is_cut_between_two_letters() {
        let long = "ä".repeat(SHOWN);
        let cut = shown(&long);
        assert!(cut.len() < long.len() && cut.ends_with("bytes in total"), "{}", cut.len());
    }
}
