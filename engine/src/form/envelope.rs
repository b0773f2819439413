//! What is asked of every form before its method is: whose it is, whether this request may write to it, and whether it is still
//! open. Every write of a flow is here or follows a `version` in the transaction of what it tells of.

use super::outcome::{expired, unknown};
use super::request::{Start, Submit, first};
use super::{address, csrf};
use crate::config::Config;
use crate::effects::Effects;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::ids::FlowId;
use crate::model::{Flow, FlowKind, FlowState, FlowType, Private};
use crate::store;
use crate::ui::Container;
use subtle::ConstantTimeEq;

/// How often a message is written again where another request wrote the flow meanwhile.
const TRIES: usize = 8;

impl Flow {
    /// Whether the browser with that anti-forgery cookie may read it, and send its form.
    pub(crate) fn belongs_to(&self, cookie: &str) -> bool {
        let own = std::iter::once(&self.csrf_cookie).chain(self.opened().iter().map(|one| &one.csrf_cookie));
        own.filter(|own| !own.is_empty()).any(|own| own.as_bytes().ct_eq(cookie.as_bytes()).into())
    }

    /// The browser that the flow belongs to, among those whose cookies came along. Apps have none: an app's flow belongs to whoever
    /// knows its id.
    pub(crate) fn owner<'a>(&self, cookies: &'a [String]) -> Option<&'a String> {
        cookies.iter().find(|cookie| self.belongs_to(cookie))
    }
}

/// Whose form it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Holder {
    /// The browser that it belongs to, or an app.
    Own,
    /// A browser without the form's cookie.
    Foreign,
}

/// Loads the flow of a form for its owner. This comes before anything else: nothing is written for another browser, and nothing of
/// the form is shown to it. `None`: somebody signed in here since the form was opened, which replaced the cookie. They are
/// told so, as with a form of their own.
///
/// # Errors
/// 400 missing or malformed id · 404 unknown · 403 `security_csrf_violation` without the form's cookie.
pub(crate) async fn open(ctx: &Ctx, kind: FlowKind, submit: &mut Submit) -> Result<Option<Flow>> {
    match find(ctx, kind, submit).await? {
        (flow, Holder::Own) => Ok(Some(flow)),
        (flow, Holder::Foreign) => {
            let asks_for_more = flow.is_refresh() || flow.asks_for_second_factor();
            if submit.current.is_some() && !asks_for_more { Ok(None) } else { Err(foreign(submit)) }
        }
    }
}

/// The same for a form that another browser may send a proof to.
///
/// # Errors
/// 400 missing or malformed id · 404 unknown.
pub(crate) async fn find(ctx: &Ctx, kind: FlowKind, submit: &mut Submit) -> Result<(Flow, Holder)> {
    let id = submit
        .flow
        .as_deref()
        .and_then(|id| id.parse::<FlowId>().ok())
        .ok_or_else(|| Error::invalid("The address of the form has no usable flow id. Start again."))?;
    let mut tx = ctx.db().single().await?;
    let mut flow = store::flows::get(&mut tx, kind, id).await?.ok_or_else(unknown)?;
    // What an operator began belongs to whoever has its code.
    if flow.kind_of_client == FlowType::Api || flow.by_operator().is_some() {
        return Ok((flow, Holder::Own));
    }
    // sabotage: form-ownership
    let Some(own) = flow.owner(&submit.csrf_cookies).cloned() else {
        flow.untrusted = true;
        return Ok((flow, Holder::Foreign));
    };
    flow.untrusted = !submit.body.token().is_some_and(|token| csrf::matches(&own, token));
    submit.csrf_cookie = Some(own);
    Ok((flow, Holder::Own))
}

/// 403 for a browser that the form does not belong to.
pub(crate) fn foreign(submit: &Submit) -> Error {
    let reject = match (submit.cookie_names.is_empty(), submit.csrf_cookies.is_empty()) {
        (true, _) => csrf::NO_COOKIES,
        (false, true) => csrf::NO_COOKIE,
        (false, false) => "The form belongs to another browser's anti-forgery cookie.",
    };
    csrf::violation().detail("reject_reason", reject)
}

/// Reads a flow for its page or app.
///
/// # Errors
/// 404 unknown · 403 another browser's flow · 410 expired, with where to begin anew in the details.
pub(crate) async fn get(ctx: &Ctx, kind: FlowKind, id: FlowId, cookies: &[String]) -> Result<Flow> {
    let mut tx = ctx.db().single().await?;
    let flow = store::flows::get(&mut tx, kind, id).await?.ok_or_else(unknown)?;
    let is_anybodys = flow.kind_of_client == FlowType::Api || flow.by_operator().is_some();
    if !is_anybodys && flow.owner(cookies).is_none() {
        let error = csrf::violation();
        return Err(match cookies.is_empty() {
            false => error,
            true => error.detail("reject_reason", "The request carried no anti-forgery cookie."),
        });
    }
    if flow.expires_at <= ctx.effects().now() {
        return Err(expired_on_read(&ctx.config, &flow));
    }
    Ok(flow)
}

fn expired_on_read(config: &Config, flow: &Flow) -> Error {
    let error = expired();
    let start = |way: &str| config.public_url(&format!("self-service/{}/{way}", flow.kind().name()));
    match flow.kind_of_client {
        FlowType::Api => error.detail("api", start("api")),
        FlowType::Browser => {
            let return_to = flow.return_to.clone().unwrap_or_default();
            let mut url = start("browser");
            if !return_to.is_empty() {
                let query: String = url::form_urlencoded::Serializer::new(String::new())
                    .append_pair("return_to", &return_to)
                    .finish();
                url = format!("{url}?{query}");
            }
            error.detail("redirect_to", url).detail("return_to", return_to)
        }
    }
}

/// Who may send this form: apps without cookies and `Origin`, browsers with the token of their cookie.
///
/// # Errors
/// `Err(Ok(sentence))` for an app's flow sent by a browser: the form comes back with the sentence (Kratos:
/// selfservice/flow/request.go); `Err(Err(error))` for a browser's flow without a valid token.
pub(crate) fn may_submit(
    flow: &Flow,
    submit: &Submit,
    token: Option<&str>,
) -> std::result::Result<(), std::result::Result<String, Error>> {
    match flow.kind_of_client {
        FlowType::Api => {
            const OF_A_PROXY: [&str; 3] = ["__cf", "_cf", "cf_"];
            let foreign = |name: &String| !OF_A_PROXY.iter().any(|prefix| name.starts_with(prefix));
            if submit.origin {
                return Err(Ok("A form of an app was sent with an Origin header, as browsers do. Start a browser flow instead.".to_owned()));
            }
            if submit.cookie_names.iter().any(foreign) {
                return Err(Ok(
                    "A form of an app was sent with cookies, as browsers do. Start a browser flow instead."
                        .to_owned(),
                ));
            }
            Ok(())
        }
        FlowType::Browser if flow.by_operator().is_some() => Ok(()),
        FlowType::Browser if submit.csrf_cookie.as_deref().is_some_and(|own| !flow.belongs_to(own)) => {
            Err(Err(foreign(submit)))
        }
        FlowType::Browser => csrf::check(csrf::Sent {
            any_cookie: !submit.cookie_names.is_empty(),
            cookie: submit.csrf_cookie.as_deref(),
            token,
        })
        .map_err(Err),
    }
}

/// Stores a new flow. Nobody has sent anything yet: who loses the form to a power cut begins again.
pub(crate) async fn insert(ctx: &Ctx, flow: &Flow) -> Result<()> {
    let mut tx = ctx.db().write_single_relaxed().await?;
    let bytes = store::flows::insert(&mut tx, flow).await?;
    tx.commit().await?;
    ctx.engine.row_budget().form(ctx.counted(), flow.id, bytes);
    ctx.engine.metrics().flow_started(flow.kind().name(), flow.kind_of_client.name());
    Ok(())
}

/// Stores the flow of a form that comes back. Its next submission brings a `transient_payload` of its own: the refused one is shown
/// in this response (as Kratos does) and not kept.
pub(crate) async fn save_refused(ctx: &Ctx, flow: &mut Flow) -> Result<()> {
    let payload = flow.transient_payload.take();
    let saved = save(ctx, flow).await;
    flow.transient_payload = payload;
    match saved? {
        // Nothing was stored, so nothing counts.
        0 => {}
        bytes => ctx.engine.row_budget().form(ctx.counted(), flow.id, bytes),
    }
    Ok(())
}

/// Stores the flow with its messages, which only tell about what is stored elsewhere; how many bytes that is. Nothing of a request
/// without a valid token is stored, and no message takes the place of what another request made of the flow meanwhile.
pub(crate) async fn save(ctx: &Ctx, flow: &mut Flow) -> Result<usize> {
    flow.updated_at = ctx.effects().now();
    if flow.untrusted {
        return Ok(0);
    }
    for _ in 0..TRIES {
        let mut tx = ctx.db().write_single_relaxed().await?;
        if let Some(bytes) = store::flows::update(&mut tx, flow).await? {
            tx.commit().await?;
            return Ok(bytes);
        }
        drop(tx);
        let newest = newest(ctx, flow).await?;
        if is_ahead(&newest, flow) {
            break;
        }
        flow.version = newest.version;
        let Some(opened) = flow.opened_mut() else { continue };
        for other in newest.opened() {
            if !opened.iter().any(|own| own.csrf_cookie == other.csrf_cookie) {
                opened.push(other.clone());
            }
        }
    }
    Ok(0)
}

/// The flow as it is now, after another request wrote it.
///
/// # Errors
/// 404 it was cleaned up.
pub(crate) async fn newest(ctx: &Ctx, flow: &Flow) -> Result<Flow> {
    let mut tx = ctx.db().single().await?;
    let newest = store::flows::get(&mut tx, flow.kind(), flow.id).await?;
    let mut newest = newest.ok_or_else(|| Error::not_found("This form is no longer there. Start again."))?;
    newest.untrusted = flow.untrusted;
    Ok(newest)
}

/// Whether something happened to the flow that no message may undo: its proof, a stored change, or another email.
fn is_ahead(newest: &Flow, flow: &Flow) -> bool {
    let sent = |flow: &Flow| flow.sent().map(|sent| (sent.to.clone(), sent.at));
    let reached = |state| newest.state == state && flow.state != state;
    reached(FlowState::Passed) || reached(FlowState::Success) || sent(newest) != sent(flow)
}

/// A flow with everything but its nodes.
pub(crate) fn blank(ctx: &Ctx, kind: FlowKind, start: &Start) -> Flow {
    let id = ctx.effects().flow_id();
    let now = ctx.effects().now();
    let name = kind.name();
    Flow {
        id,
        kind_of_client: start.kind_of_client,
        issued_at: now,
        expires_at: now + ctx.config.lifespan_of(kind),
        request_url: ctx.config.public_url(&address::without_secrets(&start.path_and_query)),
        return_to: first(&start.query, "return_to").map(str::to_owned),
        active: None,
        ui: Container {
            action: ctx.config.public_url(&format!("self-service/{name}?flow={id}")),
            method: "POST".to_owned(),
            nodes: None,
            messages: Vec::new(),
        },
        state: FlowState::of(kind),
        csrf_cookie: start.csrf_cookie.clone(),
        identity_schema: None,
        transient_payload: None,
        updated_at: now,
        private: Private::of(kind),
        session_token_exchange_code: None,
        browser_cookie: None,
        identity: None,
        version: 0,
        untrusted: false,
    }
}

/// A new flow in the place of an expired one: same kind, client, address, schema.
pub(crate) fn successor(ctx: &Ctx, old: &Flow, submit: &Submit) -> Flow {
    let mut flow = in_place_of(ctx, old, old.kind(), submit);
    flow.identity_schema.clone_from(&old.identity_schema);
    flow.set_invitation(old.invitation());
    flow.set_account(old.account());
    flow
}

/// A flow of another kind in the place of one that came out otherwise, for the same browser or app.
pub(crate) fn turned(ctx: &Ctx, from: &Flow, kind: FlowKind, submit: &Submit) -> Flow {
    let mut flow = in_place_of(ctx, from, kind, submit);
    flow.transient_payload.clone_from(&from.transient_payload);
    flow.active.clone_from(&from.active);
    flow
}

fn in_place_of(ctx: &Ctx, old: &Flow, kind: FlowKind, submit: &Submit) -> Flow {
    let cookie = submit.csrf_cookie.clone().unwrap_or_else(|| old.csrf_cookie.clone());
    let start = Start::following(old, cookie, submit.requester.clone(), submit.seen.clone());
    let mut flow = blank(ctx, kind, &start);
    flow.request_url.clone_from(&old.request_url);
    flow.return_to.clone_from(&old.return_to);
    flow
}

/// The token for a flow's `csrf_token` node; apps get the empty string.
pub(crate) fn csrf_token(effects: &Effects, flow: &Flow) -> String {
    match flow.kind_of_client {
        FlowType::Api => String::new(),
        FlowType::Browser => csrf::mask(effects, &flow.csrf_cookie),
    }
}
