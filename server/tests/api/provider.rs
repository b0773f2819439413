//! An OpenID provider that does as the test says, however bad that is. Everybody who comes is whom the test named last.

use crate::trip::lay_over;
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;

pub(crate) const CLIENT: &str = "vestibule-at-acme";
pub(crate) const SECRET: &str = "the client's secret at acme";

/// A claim with this value is left out.
pub(crate) const LEFT_OUT: &str = "(left out)";

/// What it sends for a code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Sends {
    #[default]
    Good,
    /// `alg: none`, without a signature.
    Unsigned,
    /// Signed by the secret that both know.
    Symmetric,
    /// Signed by a key that its set does not have.
    ForeignKey,
    /// Signed, and changed afterwards.
    Changed,
    WrongIssuer,
    WrongAudience,
    OtherParty,
    Expired,
    FromTheFuture,
    OtherNonce,
    NoNonce,
    NoToken,
    Refusal,
    /// Nested deeper than anybody needs.
    Deep,
    /// Very many values.
    Wide,
    Nonsense,
    Much,
    Nothing,
}

/// How it behaves just now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Behaviour {
    pub subject: String,
    /// Beside those that every token has.
    pub claims: Value,
    pub sends: Sends,
    /// Instead of a code.
    pub error: Option<&'static str>,
    /// `iss` in the answer; `None` leaves it out.
    pub names: Option<String>,
    /// Its description says that it always names itself.
    pub promises_to_name: bool,
    pub knows_pkce: bool,
    pub userinfo: Value,
    /// Which of its keys is in use.
    pub key: u8,
    /// Over its description.
    pub says: Value,
    /// Over the header of its tokens; `null` takes a member away.
    pub header: Value,
}

struct Given {
    nonce: Option<String>,
    challenge: Option<String>,
    redirect_uri: String,
    used: bool,
}

#[derive(Default)]
struct Inside {
    base: String,
    now: i64,
    behaviour: Behaviour,
    codes: BTreeMap<String, Given>,
    /// Form fields of each request for a token, and whether the secret was right.
    exchanges: Vec<(BTreeMap<String, String>, bool)>,
    descriptions: usize,
    keys: usize,
}

/// Ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Provider {
    pub base: String,
    inside: Arc<Mutex<Inside>>,
}

impl Provider {
    /// `now`: its clock, in seconds.
    #[expect(
        clippy::disallowed_methods,
        reason = "the test is the process: there is no worker to hand this to"
    )]
    pub(crate) async fn start(now: i64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("a bound port"));
        let behaviour = Behaviour {
            subject: "anna".to_owned(),
            claims: json!({"email": "anna@example.org", "email_verified": true}),
            knows_pkce: true,
            ..Behaviour::default()
        };
        let inside = Arc::new(Mutex::new(Inside { base: base.clone(), now, behaviour, ..Inside::default() }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .with_state(inside.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base, inside }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on it behaves otherwise.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.inside().behaviour);
    }

    /// Whoever comes next.
    pub(crate) fn visitor(&self, subject: &str, claims: Value) {
        self.change(|behaviour| {
            behaviour.subject = subject.to_owned();
            behaviour.claims = claims;
        });
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.inside().now += seconds;
    }

    /// How often its description and its keys were read.
    pub(crate) fn reads(&self) -> (usize, usize) {
        let inside = self.inside();
        (inside.descriptions, inside.keys)
    }

    /// Fields of the requests for a token so far, and whether each showed the client's secret.
    pub(crate) fn exchanges(&self) -> Vec<(BTreeMap<String, String>, bool)> {
        self.inside().exchanges.clone()
    }

    /// A token as an app's library would get it.
    pub(crate) fn id_token(&self, nonce: Option<&str>) -> String {
        self.inside().id_token(nonce.map(str::to_owned))
    }
}

impl Inside {
    fn key(&self, number: u8) -> SigningKey {
        SigningKey::from_slice(&[number + 1; 32]).expect("a key")
    }

    fn id_token(&self, nonce: Option<String>) -> String {
        let sends = self.behaviour.sends;
        let mut claims = json!({
            "iss": if sends == Sends::WrongIssuer { "https://other.example".to_owned() } else { self.base.clone() },
            "aud": if sends == Sends::WrongAudience { "another client" } else { CLIENT },
            "sub": self.behaviour.subject,
            "iat": self.now,
            "exp": self.now + 300,
        });
        match sends {
            Sends::Expired => {
                claims["iat"] = (self.now - 3600).into();
                claims["exp"] = (self.now - 120).into();
            }
            Sends::FromTheFuture => claims["iat"] = (self.now + 3600).into(),
            Sends::OtherParty => claims["azp"] = "another client".into(),
            _ => {}
        }
        match (sends, nonce) {
            (Sends::NoNonce, _) | (_, None) => {}
            (Sends::OtherNonce, _) => claims["nonce"] = "a nonce of another trip".into(),
            (_, Some(nonce)) => claims["nonce"] = nonce.into(),
        }
        for (name, value) in self.behaviour.claims.as_object().into_iter().flatten() {
            match value.as_str() {
                // No JSON leaves a member out by its value.
                Some(LEFT_OUT) => _ = claims.as_object_mut().expect("claims").remove(name),
                _ => claims[name] = value.clone(),
            }
        }
        let number = if sends == Sends::ForeignKey { 99 } else { self.behaviour.key };
        let mut header = match sends {
            Sends::Unsigned => json!({"alg": "none"}),
            Sends::Symmetric => json!({"alg": "HS256"}),
            _ => json!({"alg": "ES256", "kid": format!("key-{number}"), "typ": "JWT"}),
        };
        if self.behaviour.header.is_object() {
            lay_over(&mut header, self.behaviour.header.clone());
        }
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = match sends {
            Sends::Unsigned => String::new(),
            Sends::Symmetric => URL_SAFE_NO_PAD.encode(hmac_sha256(SECRET.as_bytes(), signed.as_bytes())),
            _ => {
                let signature: Signature = self.key(number).sign(signed.as_bytes());
                URL_SAFE_NO_PAD.encode(signature.to_bytes())
            }
        };
        if sends == Sends::Changed {
            claims["sub"] = "somebody else".into();
            return format!("{}.{}.{signature}", encode(&header), encode(&claims));
        }
        format!("{signed}.{signature}")
    }
}

/// RFC 2104, so that no further package is needed for one forged token.
fn hmac_sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().to_vec()
}

type Shared = State<Arc<Mutex<Inside>>>;

fn json_answer(body: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

async fn describe(State(inside): Shared) -> Response {
    let mut inside = inside.lock().unwrap_or_else(PoisonError::into_inner);
    inside.descriptions += 1;
    let base = &inside.base;
    let methods: &[&str] = if inside.behaviour.knows_pkce { &["S256"] } else { &[] };
    let mut description = json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/keys"),
        "userinfo_endpoint": format!("{base}/userinfo"),
        "code_challenge_methods_supported": methods,
        "authorization_response_iss_parameter_supported": inside.behaviour.promises_to_name,
    });
    for (name, value) in inside.behaviour.says.as_object().into_iter().flatten() {
        description[name] = value.clone();
    }
    json_answer(&description)
}

async fn keys(State(inside): Shared) -> Response {
    let mut inside = inside.lock().unwrap_or_else(PoisonError::into_inner);
    inside.keys += 1;
    let number = inside.behaviour.key;
    let point = inside.key(number).verifying_key().to_sec1_point(false);
    let encode = |part: Option<_>| {
        part.map(|part: &p256::FieldBytes| URL_SAFE_NO_PAD.encode(part)).unwrap_or_default()
    };
    json_answer(&json!({"keys": [{
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": format!("key-{number}"),
        "x": encode(point.x()), "y": encode(point.y()),
    }]}))
}

/// Whoever comes agrees at once, unless the test says otherwise.
async fn authorize(State(inside): Shared, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let mut inside = inside.lock().unwrap_or_else(PoisonError::into_inner);
    let redirect_uri = asked.get("redirect_uri").cloned().unwrap_or_default();
    let mut back = url::Url::parse(&redirect_uri).expect("a redirect URI");
    let code = format!("code-{}", inside.codes.len());
    {
        let mut query = back.query_pairs_mut();
        query.append_pair("state", asked.get("state").map_or("", String::as_str));
        if let Some(name) = &inside.behaviour.names {
            query.append_pair("iss", name);
        }
        match inside.behaviour.error {
            Some(error) => {
                query.append_pair("error", error).append_pair("error_description", "as the test wants")
            }
            None => query.append_pair("code", &code),
        };
    }
    let given = Given {
        nonce: asked.get("nonce").cloned(),
        challenge: asked.get("code_challenge").cloned(),
        redirect_uri,
        used: false,
    };
    inside.codes.insert(code, given);
    (StatusCode::FOUND, [(header::LOCATION, back.to_string())]).into_response()
}

async fn token(
    State(inside): Shared,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let answer = {
        let mut inside = inside.lock().unwrap_or_else(PoisonError::into_inner);
        let basic = format!("Basic {}", STANDARD.encode(encoded_pair()));
        let known = headers.get(header::AUTHORIZATION).is_some_and(|value| value == basic.as_str())
            || (form.get("client_id").is_some_and(|id| id == CLIENT)
                && form.get("client_secret").is_some_and(|secret| secret == SECRET));
        inside.exchanges.push((form.clone(), known));
        inside.answer(&form, known)
    };
    match answer {
        Some(answer) => answer,
        None => std::future::pending().await,
    }
}

/// RFC 6749 §2.3.1: both parts are form-encoded first.
fn encoded_pair() -> String {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("{}:{}", encode(CLIENT), encode(SECRET))
}

impl Inside {
    /// `None`: it never answers.
    fn answer(&mut self, form: &BTreeMap<String, String>, known: bool) -> Option<Response> {
        let refuse = |error: &str| {
            let body = json!({ "error": error }).to_string();
            Some(
                (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
            )
        };
        match self.behaviour.sends {
            Sends::Nothing => return None,
            Sends::Much => return Some("x".repeat(5 << 20).into_response()),
            Sends::Nonsense => return Some("<html>".into_response()),
            Sends::Deep => {
                let deep = (0..100).fold(json!(1), |inner, _| json!({ "a": inner }));
                return Some(json_answer(
                    &json!({"access_token": "a", "token_type": "bearer", "more": deep}),
                ));
            }
            Sends::Wide => {
                let wide = vec![0; 30_000];
                return Some(json_answer(
                    &json!({"access_token": "a", "token_type": "bearer", "more": wide}),
                ));
            }
            Sends::Refusal => return refuse("temporarily_unavailable"),
            _ => {}
        }
        if !known {
            return refuse("invalid_client");
        }
        let text = |name: &str| form.get(name).map_or("", String::as_str);
        let nonce = match self.codes.get_mut(text("code")) {
            Some(given) if !given.used && given.redirect_uri == text("redirect_uri") => {
                given.used = true;
                let proven = given.challenge.as_ref().is_none_or(|challenge| {
                    *challenge == URL_SAFE_NO_PAD.encode(Sha256::digest(text("code_verifier").as_bytes()))
                });
                if !proven {
                    return refuse("invalid_grant");
                }
                given.nonce.clone()
            }
            _ => return refuse("invalid_grant"),
        };
        let mut body = json!({"access_token": "an access token", "token_type": "Bearer", "expires_in": 60});
        if self.behaviour.sends != Sends::NoToken {
            body["id_token"] = self.id_token(nonce).into();
        }
        Some(json_answer(&body))
    }
}

async fn userinfo(State(inside): Shared, headers: HeaderMap) -> Response {
    let inside = inside.lock().unwrap_or_else(PoisonError::into_inner);
    if headers.get(header::AUTHORIZATION).is_none_or(|value| value != "Bearer an access token") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    json_answer(&inside.behaviour.userinfo)
}
