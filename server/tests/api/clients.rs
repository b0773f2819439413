//! A person who signs up with a browser, a single-page application or an app, and what they get.

use crate::support::http::{Answer, send};
use crate::support::stand::{Ports, Stand};
use base64::Engine as _;
use engine::password::Hasher;
pub(crate) use engine::testing::code_in;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const PASSWORD: &str = "Correct-Horse-9-Battery";

pub(crate) const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
pub(crate) const JSON: &str = "application/json";
const SESSION_COOKIE: &str = "ory_kratos_session";

/// Sign-up with an e-mail address and a password; nothing signs in yet. `more` is laid over it.
pub(crate) async fn stand(dsn: &str, more: Value) -> (Stand, Site) {
    stand_with(dsn, more, Hasher::sized(2, 256)).await
}

/// The same with hashing threads of the test's choice.
pub(crate) async fn stand_with(dsn: &str, more: Value, hasher: Hasher) -> (Stand, Site) {
    crate::log::begin();
    let ports = Ports::take().await;
    let site = Site { public: ports.public().to_string(), admin: ports.admin().to_string() };
    let schema = json!({
        "$id": "https://vestibule.test/person",
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"traits": {
            "type": "object",
            "properties": {"email": {
                "type": "string", "format": "email", "title": "E-mail",
                "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}},
            }},
            "required": ["email"],
            "additionalProperties": false,
        }},
    });
    let schema = base64::engine::general_purpose::STANDARD.encode(schema.to_string());
    let listener = |address: std::net::SocketAddr| json!({"host": address.ip().to_string(), "port": address.port(), "base_url": format!("http://{address}/")});
    let mut config = json!({
        "serve": {"public": listener(ports.public()), "admin": listener(ports.admin())},
        "identity": {"default_schema_id": "default", "schemas": [{"id": "default", "url": format!("base64://{schema}")}]},
        "selfservice": {
            "default_browser_return_url": format!("http://{}/welcome", ports.public()),
            "methods": {"password": {"enabled": true, "config": {"haveibeenpwned_enabled": false}}},
        },
    });
    lay_over(&mut config, more);
    (Stand::start(ports, dsn, config, hasher).await, site)
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

/// Where the server is.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) public: String,
    pub(crate) admin: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Browser,
    Spa,
    Native,
}

/// One person with cookies of their own.
pub(crate) struct Person {
    site: Site,
    kind: Kind,
    jar: BTreeMap<String, String>,
}

/// A form that was begun and not sent yet.
pub(crate) struct Begun {
    flow: String,
    csrf: String,
}

/// What came of a sign-up.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    SignedIn,
    /// The account exists, and nobody is signed in.
    NotSignedIn,
}

impl Person {
    pub(crate) fn new(site: &Site, kind: Kind) -> Self {
        Self { site: site.clone(), kind, jar: BTreeMap::new() }
    }

    /// The cookie whose name begins so.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.jar.iter().find(|(own, _)| own.starts_with(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) async fn ask(
        &mut self,
        method: &str,
        target: &str,
        accept: &str,
        more: &[(&str, &str)],
        body: Option<&str>,
    ) -> Answer {
        let mut headers =
            vec![("Host".to_owned(), self.site.public.clone()), ("Accept".to_owned(), accept.to_owned())];
        headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        if !self.jar.is_empty() {
            let pairs: Vec<String> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            headers.push(("Cookie".to_owned(), pairs.join("; ")));
        }
        let answer = send(&self.site.public, method, target, &headers, body.map(str::as_bytes))
            .await
            .expect("an answer");
        if self.kind != Kind::Native {
            for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
                if let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) {
                    self.jar.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        answer
    }

    /// Opens a sign-in form of a single-page app: its flow and anti-forgery token.
    pub(crate) async fn begin_sign_in(&mut self) -> (String, String) {
        let flow = document(&self.ask("GET", "/self-service/login/browser", JSON, &[], None).await);
        let nodes = flow["ui"]["nodes"].as_array().expect("nodes");
        let csrf =
            nodes.iter().find(|node| node["attributes"]["name"] == "csrf_token").expect("the token's node");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&flow["id"]), text(&csrf["attributes"]["value"]))
    }

    pub(crate) fn site(&self) -> &Site {
        &self.site
    }

    /// Somebody with the same cookies, as a thief of them would be.
    pub(crate) fn copy(&self) -> Self {
        Self { site: self.site.clone(), kind: self.kind, jar: self.jar.clone() }
    }

    /// As if the browser had never had it.
    pub(crate) fn forget_cookie(&mut self, name: &str) {
        self.jar.remove(name);
    }

    /// One more cookie in the jar.
    pub(crate) fn put_cookie(&mut self, name: &str, value: &str) {
        self.jar.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) async fn post(&mut self, target: &str, more: &[(&str, &str)], body: &Value) -> Answer {
        let has_type = more.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let own: &[_] = if has_type { &[] } else { &[("Content-Type", "application/json")] };
        self.ask("POST", target, JSON, &[own, more].concat(), Some(&body.to_string())).await
    }

    /// Opens the sign-up form.
    pub(crate) async fn begin(&mut self) -> Begun {
        let flow = match self.kind {
            Kind::Native => {
                document(&self.ask("GET", "/self-service/registration/api", JSON, &[], None).await)
            }
            Kind::Spa => {
                document(&self.ask("GET", "/self-service/registration/browser", JSON, &[], None).await)
            }
            Kind::Browser => {
                let sent = self.ask("GET", "/self-service/registration/browser", HTML, &[], None).await;
                assert_eq!(sent.status, 303);
                let location = sent.header("location").expect("a place to go to");
                let (_, id) = location.split_once("flow=").expect("the flow in the address");
                document(
                    &self
                        .ask("GET", &format!("/self-service/registration/flows?id={id}"), JSON, &[], None)
                        .await,
                )
            }
        };
        let nodes = flow["ui"]["nodes"].as_array().expect("nodes");
        let csrf =
            nodes.iter().find(|node| node["attributes"]["name"] == "csrf_token").expect("the token's node");
        Begun {
            flow: flow["id"].as_str().expect("an id").to_owned(),
            csrf: csrf["attributes"]["value"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// Sends the form.
    pub(crate) async fn send(&mut self, begun: &Begun, email: &str) -> Answer {
        let target = format!("/self-service/registration?flow={}", begun.flow);
        if self.kind == Kind::Browser {
            let form = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("csrf_token", &begun.csrf)
                .append_pair("method", "password")
                .append_pair("password", PASSWORD)
                .append_pair("traits.email", email)
                .finish();
            self.ask(
                "POST",
                &target,
                HTML,
                &[("Content-Type", "application/x-www-form-urlencoded")],
                Some(&form),
            )
            .await
        } else {
            let body = json!({
                "method": "password", "password": PASSWORD, "csrf_token": begun.csrf, "traits": {"email": email},
            });
            self.ask("POST", &target, JSON, &[("Content-Type", JSON)], Some(&body.to_string())).await
        }
    }

    /// Sends the form and says what came of it, as the answer tells and as `whoami` confirms.
    pub(crate) async fn finish(&mut self, begun: &Begun, email: &str) -> Outcome {
        let answer = self.send(begun, email).await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let cookie = answer
            .headers
            .iter()
            .any(|(name, value)| name == "set-cookie" && value.starts_with(SESSION_COOKIE));
        let (handed_over, token) = match self.kind {
            Kind::Browser => {
                assert_eq!(answer.status, 303, "{text}");
                assert!(
                    answer.header("location").is_some_and(|to| to.ends_with("/welcome")),
                    "{:?}",
                    answer.headers
                );
                (cookie, None)
            }
            Kind::Spa => {
                assert_eq!(answer.status, 200, "{text}");
                let session = document(&answer).get("session").is_some();
                assert_eq!(session, cookie, "the body and the cookie tell the same");
                (session, None)
            }
            Kind::Native => {
                assert_eq!(answer.status, 200, "{text}");
                assert!(!cookie, "an app gets no cookie");
                let token = document(&answer)
                    .get("session_token")
                    .map(|token| token.as_str().expect("text").to_owned());
                (token.is_some(), token)
            }
        };
        let token: Vec<(&str, &str)> =
            token.iter().map(|token| ("X-Session-Token", token.as_str())).collect();
        let whoami = self.ask("GET", "/sessions/whoami", JSON, &token, None).await;
        assert_eq!(whoami.status, if handed_over { 200 } else { 401 }, "whoami says otherwise");
        if handed_over {
            assert_eq!(document(&whoami)["identity"]["traits"]["email"], email);
            Outcome::SignedIn
        } else {
            Outcome::NotSignedIn
        }
    }
}

/// Signs up from the first request to the last.
pub(crate) async fn sign_up(site: &Site, kind: Kind, email: &str) -> Outcome {
    let mut person = Person::new(site, kind);
    let begun = person.begin().await;
    person.finish(&begun, email).await
}

/// The addresses of all accounts, as the admin API lists them.
pub(crate) async fn accounts(site: &Site) -> Vec<String> {
    let headers = [("Host".to_owned(), site.admin.clone()), ("Accept".to_owned(), JSON.to_owned())];
    let answer =
        send(&site.admin, "GET", "/admin/identities?page_size=500", &headers, None).await.expect("an answer");
    assert_eq!(answer.status, 200);
    let list = document(&answer);
    list.as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["traits"]["email"].as_str().map(str::to_owned))
        .collect()
}

pub(crate) fn document(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body)
        .unwrap_or_else(|_| panic!("{} with {}", answer.status, String::from_utf8_lossy(&answer.body)))
}
