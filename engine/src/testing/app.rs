//! An app, as the engine sees it: it begins flows and sends their forms. A test that needs a browser changes what it has to.

use crate::engine::Engine;
use crate::error::Result;
use crate::flow;
use crate::form::outcome::{Outcome, Started};
use crate::form::request::{Body, Offered, Start, Submit};
use crate::hooks::call::RequestInfo;
use crate::model::{FlowKind, FlowType};
use serde_json::{Value, json};
use std::sync::Arc;

/// What everybody signs up with.
pub const PASSWORD: &str = "quiet copper meadow 73";

/// A flow begins.
pub fn start() -> Start {
    Start {
        kind_of_client: FlowType::Api,
        path_and_query: "self-service/x/api".into(),
        query: Vec::new(),
        csrf_cookie: String::new(),
        current: None,
        requester: Arc::default(),
        seen: RequestInfo::default(),
    }
}

/// Its form is sent.
pub fn form(flow: impl ToString, fields: Value) -> Submit {
    Submit {
        flow: Some(flow.to_string()),
        path_and_query: String::new(),
        body: Body::Json(fields),
        json: true,
        cookie_names: Vec::new(),
        csrf_cookies: Vec::new(),
        csrf_cookie: None,
        origin: false,
        current: None,
        browser: Vec::new(),
        requester: Arc::default(),
        offered: Offered::default(),
        seen: RequestInfo::default(),
    }
}

/// Somebody signs up with an e-mail address and [`PASSWORD`].
///
/// # Errors
/// As [`flow::start`] and [`flow::submit`].
pub async fn sign_up(engine: &Engine, email: &str) -> Result<Outcome> {
    sign_up_with(engine, email, Value::Null).await
}

/// The same with a payload.
///
/// # Errors
/// As [`sign_up`].
///
/// # Panics
/// When somebody is signed in, as nobody is here.
pub async fn sign_up_with(engine: &Engine, email: &str, payload: Value) -> Result<Outcome> {
    let ctx = engine.begin();
    let Started::Flow(flow) = flow::start(&ctx, FlowKind::Registration, start()).await? else {
        panic!("a form")
    };
    let fields = json!({
        "method": "password", "password": PASSWORD, "traits": {"email": email}, "transient_payload": payload,
    });
    flow::submit(&ctx, FlowKind::Registration, form(flow.id, fields)).await
}

/// The code in a mail's text: six digits that stand alone.
///
/// # Panics
/// When there is none.
pub fn code_in(mail: &str) -> String {
    let mut words = mail.split(|letter: char| !letter.is_ascii_alphanumeric());
    let code = words.find(|word| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit()));
    code.expect("a code").to_owned()
}
