//! Flows: one run of registration or login, from its start to its answer. Flows return values; `server::respond`
//! turns them into HTTP.

use crate::ids::FlowId;
pub use crate::plan::{Client, FlowKind};
use crate::plan::{Step, default_return_url};
use crate::ui::Container;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A flow as stored; [`Flow::to_json`] is what clients see.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flow {
    pub id: FlowId,
    pub kind: StoredKind,
    #[serde(rename = "type")]
    pub kind_of_client: FlowType,
    pub issued_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub request_url: String,
    pub return_to: Option<String>,
    pub active: Option<String>,
    pub ui: Container,
    pub state: String,
    /// Browser flows: the value of the CSRF cookie they belong to; empty for apps.
    pub csrf_cookie: String,
    pub identity_schema: Option<String>,
    pub refresh: bool,
    pub requested_aal: String,
    pub transient_payload: Option<Value>,
    pub updated_at: DateTime<Utc>,
    /// Verification: where the code went, and when the last one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Sent>,
    /// An app's half of an exchange, in the answer that begins the flow and nowhere else.
    #[serde(skip)]
    pub session_token_exchange_code: Option<String>,
    /// Sign-in that links a provider: the cookie that binds it to this browser, where that one has none yet.
    #[serde(skip)]
    pub browser_cookie: Option<String>,
    /// Registration: the invitation that it began with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<uuid::Uuid>,
    /// Verification: browsers that opened the mail's link, beside the one that the flow belongs to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opened: Vec<Opened>,
    /// Of the stored row when it was read. Each write counts one up, and only from the version that it read.
    #[serde(skip)]
    pub version: i64,
    /// The request that goes on with the flow brought no valid token: nothing of it is stored.
    #[serde(skip)]
    pub untrusted: bool,
}

/// A browser that opened the mail's link.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opened {
    pub csrf_cookie: String,
    /// What fills in the field for the code there.
    pub code: String,
    /// What the form asks for there beside the code. Whoever signed up is asked for nothing, in their own browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<takeover::Missing>,
}

/// What a verification flow has mailed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sent {
    /// As it was asked for, known or not.
    pub to: String,
    pub at: DateTime<Utc>,
    /// The limit on mails kept the flow from one of its own: the code that was mailed there last counts in it as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<Earlier>,
}

/// The verification that an earlier mail belongs to, and the id that the address has there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Earlier {
    pub flow: FlowId,
    pub address: uuid::Uuid,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoredKind {
    Registration,
    Login,
    Verification,
}

impl StoredKind {
    /// As in the paths of the API.
    pub fn name(self) -> &'static str {
        match self {
            StoredKind::Registration => "registration",
            StoredKind::Login => "login",
            StoredKind::Verification => "verification",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowType {
    Browser,
    Api,
}

impl FlowType {
    /// As in the paths of the API.
    pub fn name(self) -> &'static str {
        match self {
            FlowType::Browser => "browser",
            FlowType::Api => "api",
        }
    }
}

/// Of a verification whose address is proven.
const PASSED: &str = "passed_challenge";

pub mod address;
mod basis;
mod code;
pub use code::is_of_link;
mod counted;
pub mod csrf;
mod envelope;
pub mod exchange;
pub mod handover;
mod invited;
mod landing;
mod linking;
pub mod login;
pub mod logout;
mod nodes;
pub mod pending;
pub mod provisional;
pub mod registration;
pub mod return_to;
pub mod social;
pub mod social_test;
mod takeover;
pub mod verification;
pub mod webhook;

use crate::config::Config;
use crate::config::hooks::Response;
use crate::effects::Effects;
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::identity::Identity;
use crate::requester::Requester;
use crate::session::Session;
use crate::trace::Running;
use crate::ui::{Node, Text};
use serde_json::json;
use url::Url;

/// How a flow is started, parsed from the request by `server`.
#[derive(Clone, Debug)]
pub struct Start {
    pub kind_of_client: FlowType,
    /// Path and query as requested, such as `self-service/login/browser?refresh=true`.
    pub path_and_query: String,
    pub query: Vec<(String, String)>,
    /// The browser's anti-forgery cookie; empty for apps.
    pub csrf_cookie: String,
    pub current: Option<Current>,
    pub requester: Requester,
    /// For web hooks.
    pub seen: webhook::Seen,
}

/// Who is signed in on this request.
#[derive(Clone, Debug)]
pub struct Current {
    pub session: Session,
    pub identity: Identity,
    pub token: String,
}

#[derive(Debug)]
pub enum Started {
    Flow(Box<Flow>),
    /// Somebody is signed in already: a browser goes there, others get [`already_signed_in`].
    SignedIn(Url),
}

/// A submitted form, as it came.
#[derive(Clone, Debug)]
pub struct Submit {
    /// The query's `flow`.
    pub flow: Option<String>,
    pub body: Body,
    /// The request asks for JSON: a browser flow is then an SPA's.
    pub json: bool,
    /// Names of the cookies that came along.
    pub cookie_names: Vec<String>,
    /// The values of the anti-forgery cookie. Another host of the domain may have set some of them.
    pub csrf_cookies: Vec<String>,
    /// The one of them that counts: the flow's, else the one that the form's token was made from.
    pub csrf_cookie: Option<String>,
    /// Whether an `Origin` header came along.
    pub origin: bool,
    pub current: Option<Current>,
    /// The values of the cookie of a browser that left for a provider. Another host may have added some, so none counts by its
    /// position: the one that the authorization began with does.
    pub browser: Vec<String>,
    pub requester: Requester,
    /// Verification: what may sign in with the proof.
    pub offered: handover::Offered,
    /// For web hooks.
    pub seen: webhook::Seen,
}

#[derive(Clone, Debug)]
pub enum Body {
    Json(Value),
    Form(Vec<(String, String)>),
    /// Not a form that anybody can read; the sentence says why.
    Unreadable(String),
    /// A form that can be read and holds something that cannot be taken; the sentence says why.
    Unfit {
        token: Option<String>,
        reason: String,
    },
}

impl Body {
    /// The field `csrf_token`; headers do not count.
    pub fn token(&self) -> Option<&str> {
        match self {
            Body::Json(document) => document.get("csrf_token").and_then(Value::as_str),
            Body::Form(fields) => first(fields, "csrf_token"),
            Body::Unreadable(_) => None,
            Body::Unfit { token, .. } => token.as_deref(),
        }
    }
}

#[derive(Debug)]
pub enum Submitted<D> {
    Done(D),
    /// The form comes back with messages.
    Again(Box<Flow>),
    /// A limit was reached, and nothing was judged. So many seconds are left. The form says so; it is stored only for a browser
    /// whose form is shown elsewhere.
    TooEarly {
        flow: Box<Flow>,
        seconds: u32,
    },
    /// The flow had expired; a new one of the same kind takes its place.
    Replaced {
        expired_at: DateTime<Utc>,
        flow: Box<Flow>,
    },
    /// Somebody is signed in already: a browser goes there.
    SignedIn(Url),
    /// No session before the address is proven (Kratos: selfservice/hook/require_verified_address.go).
    Unverified(ShowVerification),
    /// To a provider.
    Leave(social::Departure),
    /// A provider's word came along with the form.
    Landed(Box<social::Landed>),
}

/// A verification flow that somebody is led to.
#[derive(Clone, Debug, PartialEq)]
pub struct ShowVerification {
    pub flow: FlowId,
    /// Where the code went.
    pub address: String,
    /// The page with the flow's form.
    pub url: Url,
}

/// What an app or a page does next (Kratos: selfservice/flow/continue_with.go).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum ContinueWith {
    RedirectBrowserTo { redirect_browser_to: String },
    SetOrySessionToken { ory_session_token: String },
    ShowVerificationUi { flow: VerificationItem },
}

/// Kratos: selfservice/flow/continue_with.go.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VerificationItem {
    pub id: FlowId,
    pub verifiable_address: String,
    /// For browsers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl ShowVerification {
    /// `with_url`: the client is a browser, or has to open one.
    pub fn item(&self, with_url: bool) -> ContinueWith {
        ContinueWith::ShowVerificationUi {
            flow: VerificationItem {
                id: self.flow,
                verifiable_address: self.address.clone(),
                url: with_url.then(|| self.url.to_string()),
            },
        }
    }
}

/// A session that leaves with the answer.
#[derive(Clone, Debug)]
pub struct HandedOver {
    pub session: Session,
    pub token: String,
}

impl Flow {
    /// Kratos' JSON; what differs by kind is which members exist (Kratos: selfservice/flow/*/flow.go).
    pub fn to_json(&self) -> Value {
        let mut json = json!({
            "id": self.id,
            "type": self.kind_of_client,
            "expires_at": self.expires_at,
            "issued_at": self.issued_at,
            "request_url": self.request_url,
            "ui": self.ui,
            "state": self.state,
        });
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                json[key] = value;
            }
        };
        put("return_to", self.return_to.clone().map(Value::from));
        put("active", self.active.clone().map(Value::from));
        put("transient_payload", self.transient_payload.clone());
        put("session_token_exchange_code", self.session_token_exchange_code.clone().map(Value::from));
        match self.kind {
            StoredKind::Verification => {}
            StoredKind::Registration => {
                put("organization_id", Some(Value::Null));
                put("identity_schema", self.identity_schema.clone().map(Value::from));
            }
            StoredKind::Login => {
                put("organization_id", Some(Value::Null));
                put("created_at", Some(json!(self.issued_at)));
                put("updated_at", Some(json!(self.updated_at)));
                put("refresh", Some(json!(self.refresh)));
                put("requested_aal", Some(json!(self.requested_aal)));
                put("identity_schema", self.identity_schema.clone().map(Value::from));
            }
        }
        json
    }

    pub fn client(&self, json: bool) -> Client {
        match (self.kind_of_client, json) {
            (FlowType::Api, _) => Client::Native,
            (FlowType::Browser, true) => Client::Spa,
            (FlowType::Browser, false) => Client::Browser,
        }
    }

    /// The page that shows it, where that is none of ours.
    pub fn page_of<'a>(&self, config: &'a Config) -> Option<&'a Url> {
        let pages = &config.selfservice;
        match self.kind {
            StoredKind::Registration => pages.registration.ui_url.as_ref(),
            StoredKind::Login => pages.login.ui_url.as_ref(),
            StoredKind::Verification => pages.verification.ui_url.as_ref(),
        }
    }

    fn message(&mut self, text: Text) {
        self.ui.messages.push(text);
    }

    fn nodes(&mut self) -> &mut Vec<Node> {
        self.ui.nodes.get_or_insert_default()
    }
}

/// A flow with everything but its nodes.
fn blank(ctx: &Ctx, kind: StoredKind, start: &Start, lifespan: std::time::Duration) -> Flow {
    let id = ctx.effects().flow_id();
    let now = ctx.effects().now();
    let name = kind.name();
    Flow {
        id,
        kind,
        kind_of_client: start.kind_of_client,
        issued_at: now,
        expires_at: now + lifespan,
        request_url: ctx.config.public_url(&address::without_secrets(&start.path_and_query)),
        return_to: first(&start.query, "return_to").map(str::to_owned),
        active: None,
        ui: Container {
            action: ctx.config.public_url(&format!("self-service/{name}?flow={id}")),
            method: "POST".to_owned(),
            nodes: None,
            messages: Vec::new(),
        },
        state: "choose_method".to_owned(),
        csrf_cookie: start.csrf_cookie.clone(),
        identity_schema: None,
        refresh: false,
        requested_aal: "aal1".to_owned(),
        transient_payload: None,
        updated_at: now,
        sent: None,
        session_token_exchange_code: None,
        browser_cookie: None,
        invitation: None,
        opened: Vec::new(),
        version: 0,
        untrusted: false,
    }
}

/// The first non-empty value of a query parameter.
pub fn first<'a>(query: &'a [(String, String)], key: &str) -> Option<&'a str> {
    query.iter().find(|(name, value)| name == key && !value.is_empty()).map(|(_, value)| value.as_str())
}

/// An OAuth 2.0 server that leads a user here waits for its challenge to be accepted, which nothing here does yet: who went on without
/// a word would sign in and never get back.
///
/// # Errors
/// 400 where the parameter is there, with a value or without (Kratos: hydra/hydra.go, as 500).
fn without_oauth2(query: &[(String, String)]) -> Result<()> {
    match query.iter().any(|(name, _)| name == "login_challenge") {
        true => Err(Error::invalid(
            "login_challenge is for OAuth 2.0 servers, which are not supported yet. Start without it.",
        )),
        false => Ok(()),
    }
}

/// The token for a flow's `csrf_token` node; apps get the empty string.
fn csrf_token(effects: &Effects, flow: &Flow) -> String {
    match flow.kind_of_client {
        FlowType::Api => String::new(),
        FlowType::Browser => csrf::mask(effects, &flow.csrf_cookie),
    }
}

fn unknown() -> Error {
    Error::not_found("")
}

/// A form for a way of signing up, in or of proving an address that the configuration does not switch on.
fn switched_off() -> Error {
    Error::not_found("This way is switched off here. Use another one.")
}

/// 410 `self_service_flow_expired`.
pub fn expired() -> Error {
    Error::new(Kind::Gone, "This form was open for too long. Start again with a new one.")
        .with_id("self_service_flow_expired")
}

/// 410 `self_service_flow_replaced`, with the flow to go on with.
pub fn replaced(by: &Flow) -> Error {
    Error::new(Kind::Gone, "This form is over. Go on with the new one.")
        .with_id("self_service_flow_replaced")
        .beside("use_flow_id", json!(by.id))
}

/// 400 `session_already_available`.
pub fn already_signed_in() -> Error {
    Error::invalid("Somebody is signed in already. Sign out first.").with_id("session_already_available")
}

/// A form was sent though somebody is signed in: a page is led on, a client of the API is told.
fn signed_in_already<D>(ctx: &Ctx, json: bool) -> Result<Submitted<D>> {
    if json { Err(already_signed_in()) } else { Ok(Submitted::SignedIn(ctx.config.default_return_url())) }
}

/// What an app hands through to hooks and mails: an object of bounded size, and never part of the identity.
fn take_transient_payload(ctx: &Ctx, flow: &mut Flow, body: &Value) -> std::result::Result<(), Text> {
    let most = ctx.config.vestibule.requests.transient_payload;
    match body.get("transient_payload") {
        None | Some(Value::Null) => Ok(()),
        Some(payload) if payload.to_string().len() > most => {
            Err(crate::ui::text::generic(&format!("transient_payload has more than {most} bytes.")))
        }
        Some(payload @ Value::Object(_)) => {
            flow.transient_payload = Some(payload.clone());
            Ok(())
        }
        Some(_) => Err(crate::ui::text::generic("transient_payload has to be an object.")),
    }
}

/// Kratos takes a number as its digits.
fn as_text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => String::new(),
    }
}

/// Where a browser goes after success: the flow's `return_to` > the defaults of [`crate::plan::default_return_url`].
///
/// # Errors
/// `return_to` was allowed at the start and is not any more.
fn return_url(config: &Config, flow: &Flow, kind: FlowKind, method: crate::config::Method) -> Result<Url> {
    match flow.return_to.as_deref().filter(|url| !url.is_empty()) {
        Some(wanted) => return_to::check(config, wanted),
        None => Ok(default_return_url(config, kind, method)),
    }
}

/// The web hooks of a list `before`, in its order, for a flow that is about to begin. One that refuses keeps the flow from
/// beginning, and there is no form yet that could show its messages.
async fn before(ctx: &Ctx, list: &[crate::config::Hook], flow: &Flow, seen: &webhook::Seen) -> Result<()> {
    let about = || webhook::About { flow, identity: None, session: None, method: None, seen };
    // Who is only told is told even where another keeps the flow from beginning: somebody came for it.
    if crate::plan::web_hooks(list).any(|hook| hook.response == Response::Ignored) {
        let mut tx = ctx.db().write().await?;
        webhook::inform(ctx, &mut tx, crate::plan::web_hooks(list), &about()).await?;
        tx.commit().await?;
        ctx.engine.wake_hooks();
    }
    for hook in crate::plan::web_hooks(list) {
        let about = about();
        let asking = Running::begin(ctx.engine.trace(), &Step::Before(hook.clone()));
        if let webhook::Said::Refuse(messages) = webhook::call(ctx, hook, about).await? {
            let sentences: Vec<String> = messages.into_iter().map(|(_, text)| text.text).collect();
            return Err(Error::invalid(sentences.join(" ")));
        }
        asking.passed();
    }
    Ok(())
}

/// A limit was reached.
async fn too_early<D>(ctx: &Ctx, mut flow: Flow, client: Client, seconds: u32) -> Result<Submitted<D>> {
    flow.message(crate::ui::text::too_many_attempts(seconds));
    if client == Client::Browser && flow.page_of(&ctx.config).is_some() {
        envelope::save(ctx, &mut flow).await?;
    }
    Ok(Submitted::TooEarly { flow: Box::new(flow), seconds })
}
