//! A request that begins a flow or goes on with one, as `server` parsed it.

use crate::hooks::call::RequestInfo;
use crate::identity::Identity;
use crate::model::{Flow, FlowType};
use crate::requester::Requester;
use crate::session::Session;
use serde_json::Value;
use std::sync::Arc;

/// How a flow is started.
#[derive(Clone, Debug)]
pub struct Start {
    pub kind_of_client: FlowType,
    /// Path and query as requested, such as `self-service/login/browser?refresh=true`.
    pub path_and_query: String,
    pub query: Vec<(String, String)>,
    /// The browser's anti-forgery cookie; empty for apps.
    pub csrf_cookie: String,
    pub current: Option<Current>,
    pub requester: Arc<Requester>,
    /// For web hooks.
    pub seen: RequestInfo,
}

/// Who is signed in on this request.
#[derive(Clone, Debug)]
pub struct Current {
    pub session: Session,
    pub identity: Identity,
    pub token: String,
}

/// A submitted form, as it came.
#[derive(Clone, Debug)]
pub struct Submit {
    /// The query's `flow`.
    pub flow: Option<String>,
    /// Path and query as requested, for a flow that takes the place of this one.
    pub path_and_query: String,
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
    pub requester: Arc<Requester>,
    /// Verification: what may sign in with the proof.
    pub offered: Offered,
    /// For web hooks.
    pub seen: RequestInfo,
}

/// What a browser brings along beside the form, to be signed in once its address is verified.
#[derive(Clone, Debug, Default)]
pub struct Offered {
    /// The values of its cookies for deferred sign-in.
    pub secrets: Vec<String>,
    /// The request names its origin, and it is one that our forms are sent from.
    pub own_origin: bool,
}

/// The way back from a provider.
#[derive(Clone, Debug)]
pub struct Callback {
    /// In the path.
    pub provider: Option<String>,
    pub query: Vec<(String, String)>,
    /// Of the request: cookies, device, who is signed in.
    pub request: Submit,
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
    /// A top-level field that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self {
            Body::Json(document) => document.get(name).and_then(Value::as_str),
            Body::Form(fields) => first(fields, name),
            Body::Unreadable(_) | Body::Unfit { .. } => None,
        }
    }

    /// The field `csrf_token`; headers do not count.
    pub fn token(&self) -> Option<&str> {
        match self {
            Body::Unfit { token, .. } => token.as_deref(),
            Body::Json(_) | Body::Form(_) | Body::Unreadable(_) => self.text("csrf_token"),
        }
    }
}

impl Start {
    /// A flow that begins without a request of its own, in the place of `from` or because of it.
    pub fn following(from: &Flow, csrf_cookie: String, requester: Arc<Requester>, seen: RequestInfo) -> Self {
        Self {
            kind_of_client: from.kind_of_client,
            path_and_query: String::new(),
            query: Vec::new(),
            csrf_cookie: match from.kind_of_client {
                FlowType::Api => String::new(),
                FlowType::Browser => csrf_cookie,
            },
            current: None,
            requester,
            seen,
        }
    }
}

/// The first non-empty value of a query parameter.
pub fn first<'a>(query: &'a [(String, String)], key: &str) -> Option<&'a str> {
    query.iter().find(|(name, value)| name == key && !value.is_empty()).map(|(_, value)| value.as_str())
}

/// Kratos takes a number as its digits.
pub fn as_text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => String::new(),
    }
}
