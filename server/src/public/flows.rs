//! The four routes every flow has: start for browsers, start for apps, fetch, submit.

use super::{CsrfCookie, current};
use crate::error::{ApiError, forward};
use crate::{cookies, respond};
use axum::body::Bytes;
use axum::extract::{Extension, OriginalUri};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use engine::flow;
use engine::form::address::without_secrets;
use engine::form::request::{Body, Offered, Start, Submit, first};
use engine::hooks::call::RequestInfo;
use engine::identity::decode;
use engine::ids::FlowId;
use engine::model::{Flow, FlowKind, FlowType};
use engine::requester::Requester;
use engine::{Ctx, Result};
use percent_encoding::percent_decode;
use serde_json::Value;
use std::sync::Arc;

/// What the route that begins a flow is given, beside state and headers.
pub(crate) type Beginning = (OriginalUri, Option<Extension<CsrfCookie>>, Extension<Arc<Requester>>);

pub async fn start(
    (kind, kind_of_client): (FlowKind, FlowType),
    Extension(ctx): Extension<Ctx>,
    headers: HeaderMap,
    (OriginalUri(uri), csrf, Extension(requester)): Beginning,
) -> Response {
    let csrf_cookie = match kind_of_client {
        FlowType::Api => String::new(),
        FlowType::Browser => csrf.map(|Extension(cookie)| cookie.0).unwrap_or_default(),
    };
    let outcome = async {
        let start = Start {
            kind_of_client,
            path_and_query: path_and_query(&uri),
            query: query(&uri),
            csrf_cookie,
            // A verification is for anybody.
            current: if kind == FlowKind::Verification { None } else { current(&ctx, &headers).await? },
            requester,
            // The webhooks before a flow are the only ones that learn of its start.
            seen: match ctx.config.before(kind) {
                [] => RequestInfo::default(),
                _ => seen(&ctx, &Method::GET, &uri, &headers),
            },
        };
        flow::start(&ctx, kind, start).await
    };
    match outcome.await {
        Ok(started) => respond::started(&ctx, &headers, kind, started),
        Err(error) if kind_of_client == FlowType::Api => ApiError(error).into_response(),
        // These errors are JSON for everybody (Kratos: selfservice/flow/verification/handler.go).
        Err(error) if kind == FlowKind::Verification && error.kind != engine::Kind::RateLimited => {
            ApiError(error).into_response()
        }
        // Boxed: few forms need its room.
        Err(error) => Box::pin(forward(&ctx, &headers, error)).await,
    }
}

pub async fn fetch(
    kind: FlowKind,
    Extension(ctx): Extension<Ctx>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Response {
    let id = first(&query(&uri), "id").and_then(|id| id.parse().ok());
    match load(&ctx, kind, id, &headers).await {
        Ok(flow) => respond::json(&flow.view()),
        Err(error) => ApiError(error).into_response(),
    }
}

/// The flow as this browser sees it. Of several anti-forgery cookies the one that the flow belongs to counts.
pub(crate) async fn load(ctx: &Ctx, kind: FlowKind, id: Option<FlowId>, headers: &HeaderMap) -> Result<Flow> {
    let current = match kind {
        FlowKind::Settings => super::reader(ctx, headers).await?,
        FlowKind::Registration | FlowKind::Login | FlowKind::Verification | FlowKind::Recovery => None,
    };
    flow::get(ctx, kind, id, &cookies::csrf_cookies(ctx, headers), current.as_ref()).await
}

pub async fn submit(
    kind: FlowKind,
    Extension(ctx): Extension<Ctx>,
    Extension(requester): Extension<Arc<Requester>>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
    bytes: Bytes,
) -> Response {
    let mut submit = submission(&ctx, &headers, requester, &uri, read(&ctx, &headers, &bytes));
    submit.seen = seen(&ctx, &Method::POST, &uri, &headers);
    let outcome = async {
        // On a page, Back may send the form of a verification once more.
        if kind != FlowKind::Verification || who_matters(&ctx, &submit) || !submit.json {
            submit.current = current(&ctx, &headers).await?;
        }
        flow::submit(&ctx, kind, submit).await
    };
    let outcome = outcome.await;
    respond::outcome(&ctx, &headers, Some(kind), outcome).await
}

/// Whether it makes a difference to a verification who is signed in: somebody else might be, or may verify without resetting the account.
pub(crate) fn who_matters(ctx: &Ctx, submit: &Submit) -> bool {
    let keys = &ctx.config.vestibule.registration;
    keys.unverified_session_lifespan.is_some()
        || keys.reset_on_first_verification
        || !submit.offered.secrets.is_empty()
}

/// A form's address that a browser opens, as after a reload: the page of the form. Of the query only the form's id counts.
pub async fn page(
    kind: FlowKind,
    Extension(ctx): Extension<Ctx>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Response {
    page_of_form(&ctx, kind, &headers, &query(&uri))
}

pub(crate) fn page_of_form(
    ctx: &Ctx,
    kind: FlowKind,
    headers: &HeaderMap,
    query: &[(String, String)],
) -> Response {
    if crate::negotiate::names_html(headers) {
        let id = first(query, "flow").and_then(|id| id.parse().ok());
        return respond::see_other(respond::page(&ctx.config, kind, id).as_str());
    }
    ([(header::ALLOW, "POST")], crate::error::wrong_method("POST")).into_response()
}

/// What came with a request that may go on with a flow. A GET has no form: its `body` is empty.
pub(crate) fn submission(
    ctx: &Ctx,
    headers: &HeaderMap,
    requester: Arc<Requester>,
    uri: &Uri,
    body: Body,
) -> Submit {
    Submit {
        flow: first(&query(uri), "flow").map(str::to_owned),
        path_and_query: path_and_query(uri),
        csrf_cookies: cookies::csrf_cookies(ctx, headers),
        csrf_cookie: cookies::csrf_cookie(ctx, headers, body.token()),
        body,
        json: crate::negotiate::is_json(headers),
        cookie_names: cookies::names(headers),
        origin: headers.contains_key(header::ORIGIN),
        current: None,
        browser: cookies::continuity(&ctx.config, headers),
        requester,
        offered: Offered {
            secrets: cookies::hand_overs(&ctx.config, headers),
            own_origin: crate::cors::names_our_pages(&ctx.config, headers),
        },
        seen: RequestInfo::default(),
    }
}

/// No key allows passing these to a webhook.
const SECRET_HEADERS: [&str; 6] =
    ["cookie", "authorization", "proxy-authorization", "x-session-token", "x-csrf-token", "x-xsrf-token"];

/// What web hooks may learn of a request. Our own cookies stay here: session, anti-forgery, and the console's, which comes
/// along where console and public port share a host name.
pub(crate) fn seen(ctx: &Ctx, method: &Method, uri: &Uri, headers: &HeaderMap) -> RequestInfo {
    let mut all = RequestInfo {
        method: method.to_string(),
        url: without_secrets(
            &ctx.config
                .public_url(uri.path_and_query().map_or("", |path| path.as_str()).trim_start_matches('/')),
        ),
        ..RequestInfo::default()
    };
    for (name, value) in headers {
        let secret = SECRET_HEADERS.contains(&name.as_str());
        if let (false, Ok(value)) = (secret, value.to_str()) {
            // The page before may be one of ours, with a secret in its own address.
            let value = if name == header::REFERER { without_secrets(value) } else { value.to_owned() };
            all.headers.entry(name.as_str().to_owned()).or_default().push(value);
        }
    }
    all.cookies = cookies::of_others(&ctx.config, headers);
    all
}

fn path_and_query(uri: &Uri) -> String {
    uri.path_and_query().map_or("", |path| path.as_str()).trim_start_matches('/').to_owned()
}

pub(crate) fn query(uri: &Uri) -> Vec<(String, String)> {
    url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect()
}

/// JSON or a form, by its content type (Kratos: decoderx). Both are UTF-8: what is written in anything else would be read as other
/// letters, and be stored so.
pub(crate) fn read(ctx: &Ctx, headers: &HeaderMap, bytes: &[u8]) -> Body {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (media, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    let media = media.trim().to_ascii_lowercase();
    if !parameters.split(';').all(is_utf_8) {
        return Body::Unreadable("Send the form in UTF-8.".to_owned());
    }
    // Some clients begin with what marks a text as UTF-8 (RFC 8259 §8.1 lets it be ignored).
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.is_empty() {
        return Body::Unreadable("The request has no body. Send the fields of the form.".to_owned());
    }
    let shape = ctx.config.vestibule.requests.shape();
    let fits = match media.as_str() {
        "application/json" if std::str::from_utf8(bytes).is_err() => Err("Send JSON in UTF-8.".to_owned()),
        "application/json" => shape.check_json(bytes),
        _ => shape.check_form(bytes),
    };
    if let Err(reason) = fits {
        return Body::Unreadable(reason);
    }
    let body = match media.as_str() {
        "application/json" => match serde_json::from_slice(bytes) {
            Ok(body) => Body::Json(body),
            Err(broken) => Body::Unreadable(format!(
                "The body is not valid JSON (line {}, column {}).",
                broken.line(),
                broken.column()
            )),
        },
        "application/x-www-form-urlencoded" if percent_decode(bytes).decode_utf8().is_err() => {
            Body::Unreadable("Send the form in UTF-8.".to_owned())
        }
        "application/x-www-form-urlencoded" => {
            Body::Form(url::form_urlencoded::parse(bytes).into_owned().collect())
        }
        _ => Body::Unreadable(
            "Send the form as application/x-www-form-urlencoded or as application/json.".to_owned(),
        ),
    };
    // A payload may be one text that holds JSON, which counts as if it stood there.
    let packed: Vec<&str> = match &body {
        Body::Json(body) => body.get(decode::PAYLOAD).and_then(Value::as_str).into_iter().collect(),
        Body::Form(pairs) => {
            let payloads = pairs.iter().filter(|(name, _)| name == decode::PAYLOAD);
            payloads.map(|(_, text)| text.as_str()).collect()
        }
        Body::Unreadable(_) | Body::Unfit { .. } => Vec::new(),
    };
    match packed.into_iter().try_for_each(|text| shape.check_json(text.as_bytes())) {
        Ok(()) => body,
        Err(reason) => Body::Unfit { token: body.token().map(str::to_owned), reason },
    }
}

/// A parameter of a content type: another charset is not taken.
fn is_utf_8(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return true };
    let charset = value.trim().trim_matches('"');
    !name.trim().eq_ignore_ascii_case("charset")
        || ["utf-8", "utf8", "us-ascii"].into_iter().any(|known| charset.eq_ignore_ascii_case(known))
}
