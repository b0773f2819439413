//! A server with providers, and browsers and apps that go there and back.

use crate::provider::{CLIENT, Provider, SECRET};
use crate::support::http::{Answer, send};
use crate::support::stand::{Ports, Stand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::password::Hasher;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
pub(crate) const JSON: &str = "application/json";
const PASSWORD: &str = "Correct-Horse-9-Battery";

const MAPPER: &str = "local claims = std.extVar('claims');
{ identity: {
    traits: { [if 'email' in claims then 'email']: claims.email, [if 'name' in claims then 'name']: claims.name },
    metadata_public: { locale: std.get(claims, 'locale', 'none') },
    verified_addresses:
        if std.get(claims, 'email_verified', false) then [{ via: 'email', value: claims.email }] else [],
} }";

/// A server with the provider `acme`, whose word on addresses counts, and `other`, the same people under another name.
pub(crate) struct Place {
    pub(crate) stand: Stand,
    pub(crate) provider: Provider,
    pub(crate) public: String,
    pub(crate) admin: String,
    pub(crate) document: Value,
}

pub(crate) fn acme(provider: &Provider, more: Value) -> Value {
    let mut entry = json!({
        "id": "acme", "provider": "generic", "label": "Acme", "client_id": CLIENT, "client_secret": SECRET,
        "issuer_url": provider.base, "mapper_url": format!("base64://{}", STANDARD.encode(MAPPER)),
        "scope": ["openid", "email"],
    });
    lay_over(&mut entry, more);
    entry
}

/// A merge patch.
pub(crate) fn lay_over(target: &mut Value, more: Value) {
    match (target, more) {
        (Value::Object(target), Value::Object(more)) => {
            for (key, value) in more {
                // RFC 7396
                if value.is_null() {
                    target.remove(&key);
                } else {
                    lay_over(target.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (target, more) => *target = more,
    }
}

impl Place {
    pub(crate) async fn start(dsn: &str, more: impl FnOnce(&Provider) -> Value) -> Self {
        // The test's clock begins in 2030.
        let provider = Provider::start(1_893_456_000).await;
        let ports = Ports::take().await;
        let (public, admin) = (ports.public().to_string(), ports.admin().to_string());
        let listener = |address: std::net::SocketAddr| json!({"host": address.ip().to_string(), "port": address.port(), "base_url": format!("http://{address}/")});
        let mut person: Value =
            serde_json::from_str(include_str!("../golden/data/schemas/person.schema.json")).expect("JSON");
        let traits = &mut person["properties"]["traits"]["properties"];
        traits["name"] = json!({"type": "string", "title": "Name"});
        let mut document = json!({
            "serve": {"public": listener(ports.public()), "admin": listener(ports.admin())},
            "identity": {"default_schema_id": "default", "schemas": [{"id": "default", "url": format!("base64://{}", STANDARD.encode(person.to_string()))}]},
            "selfservice": {
                "allowed_return_urls": ["app://callback"],
                "methods": {
                    "password": {"config": {"haveibeenpwned_enabled": false}},
                    "oidc": {"enabled": true, "config": {"providers": [
                        acme(&provider, json!({})), acme(&provider, json!({"id": "other", "label": "Other"})),
                    ]}},
                },
                "flows": {"registration": {"style": "unified"}},
            },
            "vestibule": {"social": {"trusted_email_providers": ["acme"], "deadline": "300ms"}},
            "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/?disable_starttls=true"}},
        });
        lay_over(&mut document, more(&provider));
        let stand = Stand::start(ports, dsn, document.clone(), Hasher::sized(2, 256)).await;
        Self { stand, provider, public, admin, document }
    }

    pub(crate) fn browser(&self) -> Tab {
        let base = self.document["serve"]["public"]["base_url"].as_str().expect("an address");
        Tab { public: self.public.clone(), base: base.trim_end_matches('/').to_owned(), jar: BTreeMap::new() }
    }

    pub(crate) async fn accounts(&self) -> Vec<Value> {
        let headers = [("Host".to_owned(), self.admin.clone()), ("Accept".to_owned(), JSON.to_owned())];
        let answer = send(&self.admin, "GET", "/admin/identities", &headers, None).await.expect("an answer");
        document(&answer).as_array().expect("a list").clone()
    }

    pub(crate) async fn account(&self, id: &str) -> Value {
        let headers = [("Host".to_owned(), self.admin.clone()), ("Accept".to_owned(), JSON.to_owned())];
        let target = format!("/admin/identities/{id}");
        document(&send(&self.admin, "GET", &target, &headers, None).await.expect("an answer"))
    }

    /// Other settings from now on.
    pub(crate) fn change(&self, more: Value) {
        let mut document = self.document.clone();
        lay_over(&mut document, more);
        self.stand.engine.publish(self.stand.world.config(vec![document]));
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.stand.world.clock.advance(std::time::Duration::from_secs(seconds));
        self.provider.advance(seconds.try_into().expect("a small number"));
    }

    /// Signs somebody up with a password, in a browser of their own.
    pub(crate) async fn with_password(&self, email: &str) -> String {
        let (status, done) = self.native_password("registration", json!({"traits": {"email": email}})).await;
        assert_eq!(status, 200, "{done}");
        done["identity"]["id"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn native_password(&self, kind: &str, fields: Value) -> (u16, Value) {
        let mut app = self.browser();
        let flow = document(&app.get(&format!("/self-service/{kind}/api"), JSON).await);
        app.jar.clear();
        let mut body = json!({"method": "password", "password": PASSWORD});
        lay_over(&mut body, fields);
        let answer = app.post(&flow, body).await;
        (answer.status, document(&answer))
    }
}

/// One browser, or an app that clears its jar.
#[derive(Clone)]
pub(crate) struct Tab {
    public: String,
    base: String,
    pub(crate) jar: BTreeMap<String, String>,
}

impl Tab {
    pub(crate) async fn ask(
        &mut self,
        method: &str,
        target: &str,
        accept: &str,
        body: Option<(&str, &str)>,
    ) -> Answer {
        let target = target.strip_prefix(&self.base).unwrap_or(target);
        let host = self.base.split_once("://").map_or("", |(_, host)| host).to_owned();
        let mut headers = vec![("Host".to_owned(), host), ("Accept".to_owned(), accept.to_owned())];
        if let Some((kind, _)) = body {
            headers.push(("Content-Type".to_owned(), kind.to_owned()));
        }
        if !self.jar.is_empty() {
            let pairs: Vec<String> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            headers.push(("Cookie".to_owned(), pairs.join("; ")));
        }
        let answer = send(&self.public, method, target, &headers, body.map(|(_, body)| body.as_bytes()))
            .await
            .expect("an answer");
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            if let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub(crate) async fn get(&mut self, target: &str, accept: &str) -> Answer {
        self.ask("GET", target, accept, None).await
    }

    /// Opens a form as a browser does.
    pub(crate) async fn open(&mut self, kind: &str) -> Value {
        let answer = self.get(&format!("/self-service/{kind}/browser"), HTML).await;
        self.follow(&answer).await
    }

    /// The flow that a redirect leads to.
    pub(crate) async fn follow(&mut self, answer: &Answer) -> Value {
        let to = location(answer);
        let url = url::Url::parse(&to).expect("an address");
        let kinds = ["login", "settings"];
        let kind = kinds.into_iter().find(|kind| url.path().ends_with(kind)).unwrap_or("registration");
        let (_, id) = url.query_pairs().find(|(name, _)| name == "flow").unwrap_or_else(|| panic!("{to}"));
        let answer = self.get(&format!("/self-service/{kind}/flows?id={id}"), JSON).await;
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        document(&answer)
    }

    /// Sends a form as a browser does.
    pub(crate) async fn submit(&mut self, flow: &Value, fields: &[(&str, &str)]) -> Answer {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("csrf_token", value(flow, "csrf_token").as_str().unwrap_or_default())
            .extend_pairs(fields)
            .finish();
        let action = flow["ui"]["action"].as_str().expect("an action").to_owned();
        self.ask("POST", &action, HTML, Some(("application/x-www-form-urlencoded", &form))).await
    }

    /// Sends a form as an app does.
    pub(crate) async fn post(&mut self, flow: &Value, body: Value) -> Answer {
        let mut all = json!({"csrf_token": value(flow, "csrf_token")});
        lay_over(&mut all, body);
        let action = flow["ui"]["action"].as_str().expect("an action").to_owned();
        self.ask("POST", &action, JSON, Some((JSON, &all.to_string()))).await
    }

    /// From the form to the provider: the address there.
    pub(crate) async fn leave(&mut self, flow: &Value, provider: &str) -> String {
        let answer = self.submit(flow, &[("provider", provider)]).await;
        assert_eq!(answer.status, 303, "{}", String::from_utf8_lossy(&answer.body));
        location(&answer)
    }

    /// From the first page to what the way back is answered with.
    pub(crate) async fn through(&mut self, kind: &str, provider: &str) -> Answer {
        let flow = self.open(kind).await;
        let there = self.leave(&flow, provider).await;
        let back = agree(&there).await;
        self.get(&back, HTML).await
    }

    pub(crate) async fn whoami(&mut self) -> Option<Value> {
        let answer = self.get("/sessions/whoami", JSON).await;
        (answer.status == 200).then(|| document(&answer))
    }
}

/// The person agrees at the provider: the address they are sent back to.
pub(crate) async fn agree(there: &str) -> String {
    let url = url::Url::parse(there).expect("an address");
    let authority = format!("{}:{}", url.host_str().expect("a host"), url.port().expect("a port"));
    let target = format!("{}?{}", url.path(), url.query().unwrap_or_default());
    let headers = [("Host".to_owned(), authority.clone())];
    let answer = send(&authority, "GET", &target, &headers, None).await.expect("the provider answers");
    assert_eq!(answer.status, 302);
    location(&answer)
}

pub(crate) fn location(answer: &Answer) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    answer.header("location").unwrap_or_else(|| panic!("{} leads nowhere: {text}", answer.status)).to_owned()
}

pub(crate) fn document(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body)
        .unwrap_or_else(|_| panic!("{} with {}", answer.status, String::from_utf8_lossy(&answer.body)))
}

pub(crate) fn node<'a>(flow: &'a Value, name: &str) -> Option<&'a Value> {
    flow["ui"]["nodes"].as_array()?.iter().find(|node| node["attributes"]["name"] == name)
}

pub(crate) fn value(flow: &Value, name: &str) -> Value {
    node(flow, name).map_or(Value::Null, |node| node["attributes"]["value"].clone())
}

/// Numbers of all messages of a form.
pub(crate) fn messages(flow: &Value) -> Vec<u64> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let of_nodes = list(&flow["ui"]["nodes"]).into_iter().flat_map(|node| list(&node["messages"]));
    list(&flow["ui"]["messages"]).into_iter().chain(of_nodes).filter_map(|text| text["id"].as_u64()).collect()
}
