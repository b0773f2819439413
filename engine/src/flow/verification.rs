//! Verification: a code that was mailed to an address comes back, and the address is proven. Standalone, after a sign-up
//! and where sign-in demands it (Kratos: selfservice/flow/verification, selfservice/strategy/code/strategy_verification.go).

use super::code::{self, Found};
use super::handover::{self, Claim, Given};
use super::limits;
use super::{
    Body, Flow, FlowType, Sent, ShowVerification, Start, StoredKind, Submit, blank, csrf, csrf_token, first,
    insert, may_submit, nodes, of_submit, pending, return_to, save, webhook,
};
use crate::config::hooks::Response;
use crate::config::{Config, Method};
use crate::courier::{self, Letter};
use crate::effects::to_completion;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::identity::proof::{By, address_proven};
use crate::identity::{Identity, VerifiableAddress, decode, normalise_identifier, schema::is_email};
use crate::ids::{FlowId, IdentityId};
use crate::store::codes::{self, Code};
use crate::store::{self, Tx};
use crate::ui::{Anchor, Group, Input, InputKind, Node, Text, text};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use url::Url;

/// What became of a form, and with that which of Kratos' three ways of asking for JSON decides how it is answered.
#[derive(Debug)]
pub enum Submitted {
    /// A code is under way, or the address is proven.
    Next(Box<Flow>),
    /// The address is proven, and whoever proved it is signed in.
    SignedIn(Box<Flow>, Box<Given>),
    /// A code that is none.
    Wrong(Box<Flow>),
    /// The form comes back with messages.
    Again(Box<Flow>),
    /// Another flow takes its place, and belongs to a new anti-forgery cookie.
    Replaced {
        flow: Box<Flow>,
        why: Replaced,
        /// The replaced one was an app's.
        of_app: bool,
    },
    /// The mail's link: the form waits with the code filled in, and belongs to a new anti-forgery cookie.
    Filled(Box<Flow>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Replaced {
    /// The flow was open for too long.
    FlowExpired,
    /// The code was too old, at that time.
    CodeExpired(DateTime<Utc>),
    /// The code was used, was tried too often, or the address is proven already.
    Over,
}

/// Begins a verification.
///
/// # Errors
/// 400 when verification is off or `return_to` is not allowed.
pub async fn start(ctx: &Ctx, start: Start) -> Result<Flow> {
    enabled(ctx)?;
    if let Some(wanted) = first(&start.query, "return_to") {
        return_to::check(&ctx.config, wanted)?;
    }
    let mut flow = blank(ctx, StoredKind::Verification, &start, ctx.config.selfservice.verification.lifespan);
    ask_for_address(ctx, &mut flow);
    super::before(ctx, &ctx.config.selfservice.verification.before, &flow, &start.seen).await?;
    insert(ctx, &flow).await?;
    Ok(flow)
}

/// See [`super::get`]. The error for an expired flow has no id here (Kratos: selfservice/flow/verification/handler.go).
pub async fn get(ctx: &Ctx, id: Option<FlowId>, csrf_cookie: Option<&str>) -> Result<Flow> {
    enabled(ctx)?;
    let id = id.ok_or_else(super::unknown)?;
    let mut flow =
        super::get(ctx, StoredKind::Verification, id, csrf_cookie).await.map_err(|mut error| {
            if error.kind == crate::Kind::Gone {
                error.id = None;
            }
            error
        })?;
    keep_code_from_others(&mut flow, csrf_cookie);
    Ok(flow)
}

/// What the mail's link filled in is for the browser that opened it. Whoever began the flow knows its id, and may have begun it
/// with somebody else's address: the code must not reach them by the owner's opening of the link, nor by a mail scanner's.
fn keep_code_from_others(flow: &mut Flow, csrf_cookie: Option<&str>) {
    if csrf_cookie != Some(flow.csrf_cookie.as_str()) {
        flow.ui.clear_value("code");
    }
}

/// Takes a form. `path_and_query`: of this request, for a flow that takes the place of this one.
///
/// # Errors
/// 400, 403, 404 as the contract says.
pub async fn submit(ctx: &Ctx, submit: Submit, path_and_query: &str) -> Result<Submitted> {
    let (flow, replaced) = open(ctx, &submit).await?;
    if let Some(replaced) = replaced {
        return Ok(replaced);
    }
    let mut flow = flow;
    keep_code_from_others(&mut flow, submit.csrf_cookie.as_deref());
    let body = match decoded(submit.body.clone()) {
        Ok(body) => body,
        Err(reason) => return again(ctx, flow, [text::generic(&reason)]).await,
    };
    let member = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let (email, code) = (member("email"), member("code"));
    // Messages of the form add up here, other than in every other flow (measured).
    for node in flow.nodes() {
        node.messages.clear();
    }
    match member("method").as_str() {
        "code" => {}
        "" if !code.is_empty() => {}
        _ => {
            flow.active = Some("default".to_owned());
            flow.ui.put_value("email", email.into());
            with_token(ctx, &mut flow);
            return again(ctx, flow, [text::no_verification_method()]).await;
        }
    }
    if flow.state == PASSED {
        let why = text::already_proven();
        return replace(ctx, &flow, &submit, path_and_query, Replaced::Over, why).await;
    }
    if !code.is_empty() {
        return prove(ctx, flow, &code, &body, path_and_query, submit).await;
    }
    if email.is_empty() {
        return without_address(ctx, flow).await;
    }
    match may_submit(&flow, &submit, body.get("csrf_token").and_then(Value::as_str)) {
        Ok(()) => {}
        Err(Ok(sentence)) => return again(ctx, flow, [text::generic(&sentence)]).await,
        Err(Err(error)) => return Err(error),
    }
    if !is_email(&email) {
        flow.ui.attach("email", text::not_an_email(&email));
        return again(ctx, flow, []).await;
    }
    send(ctx, flow, &normalise_identifier(&email)).await
}

/// The link in the mail. It fills the code in and proves nothing: mail scanners open links too.
///
/// # Errors
/// 400 and 404 as for a form.
pub async fn fill_in(ctx: &Ctx, submit: Submit, code: &str) -> Result<Submitted> {
    const LONGEST: usize = 64;
    let (mut flow, replaced) = open(ctx, &submit).await?;
    if let Some(replaced) = replaced {
        return Ok(replaced);
    }
    flow.csrf_cookie = csrf::new_cookie(ctx.effects());
    if flow.kind_of_client == FlowType::Browser {
        let token = csrf_token(ctx.effects(), &flow);
        flow.ui.put_value("csrf_token", token.into());
    }
    // Not the one that another browser brought.
    flow.ui.clear_value("code");
    if !code.is_empty() && code.len() <= LONGEST {
        flow.ui.put_value("code", code.into());
    }
    save(ctx, &mut flow).await?;
    Ok(Submitted::Filled(Box::new(flow)))
}

const PASSED: &str = "passed_challenge";

/// The flow that a form or a link belongs to; one that expired is replaced.
async fn open(ctx: &Ctx, submit: &Submit) -> Result<(Flow, Option<Submitted>)> {
    enabled(ctx)?;
    let flow =
        of_submit(ctx, StoredKind::Verification, submit.flow.as_deref()).await.map_err(|mut error| {
            if error.reason.is_empty() {
                error.reason = "This form is not known here. Start again.".to_owned();
            }
            error
        })?;
    if !ctx.config.selfservice.code.enabled {
        return Err(super::unknown());
    }
    if flow.expires_at > ctx.effects().now() {
        return Ok((flow, None));
    }
    let path = flow.request_url.clone();
    let why = text::verification_expired(flow.expires_at);
    let replaced = replace(ctx, &flow, submit, &path, Replaced::FlowExpired, why).await?;
    Ok((flow, Some(replaced)))
}

fn enabled(ctx: &Ctx) -> Result<()> {
    if ctx.config.selfservice.verification.enabled {
        return Ok(());
    }
    Err(Error::invalid("Confirming an address is switched off here. Ask whoever runs this service."))
}

/// Neither a code nor an address.
async fn without_address(ctx: &Ctx, mut flow: Flow) -> Result<Submitted> {
    if let Some(node) = flow.nodes().iter_mut().find(|node| node.id() == "email") {
        let input =
            Input { kind: InputKind::Email, value: Some("".into()), required: true, ..as_input(node) };
        *node = Node::new_input(Group::Code, Some(text::email()), input);
    }
    flow.ui.attach("email", text::required("email"));
    with_token(ctx, &mut flow);
    again(ctx, flow, []).await
}

fn as_input(node: &Node) -> Input {
    node.input().cloned().unwrap_or_default()
}

/// Mails a code, if somebody has that address; the answer is the same when nobody has.
async fn send(ctx: &Ctx, mut flow: Flow, to: &str) -> Result<Submitted> {
    let now = ctx.effects().now();
    flow.sent = Some(Sent { to: to.to_owned(), at: now });
    flow.updated_at = now;
    ask_for_code(ctx, &mut flow);
    let ctx = ctx.clone();
    let to = to.to_owned();
    to_completion(async move {
        let mut tx = ctx.db().write().await?;
        let waits = pending::send_again(&ctx, &mut tx, &mut flow).await?;
        store::flows::update(&mut tx, &flow).await?;
        if waits {
            tx.commit().await?;
            return Ok(Submitted::Next(Box::new(flow)));
        }
        let known = store::identities::by_verifiable_address(&mut tx, "email", &to).await?;
        let address = known.as_ref().and_then(|identity| {
            let address = identity.verifiable_addresses.iter().find(|address| address.value == to)?;
            Some((identity.id, address))
        });
        match address {
            Some((identity, address)) => code::send(&ctx, &mut tx, &flow, identity, address).await?,
            None => {
                codes::forget(&mut tx, flow.id, code::VERIFICATION).await?;
                let notify = ctx.config.selfservice.verification.notify_unknown_recipients;
                if notify && limits::may_mail(&ctx, &mut tx, &to).await? {
                    courier::queue(&ctx, &mut tx, &to, &Letter::VerificationUnknown).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(Submitted::Next(Box::new(flow)))
    })
    .await
}

/// A code came back. It needs no anti-forgery token: who has it has read the mail. What a session is given for is another
/// matter ([`Claim`]).
async fn prove(
    ctx: &Ctx,
    flow: Flow,
    code: &str,
    body: &Value,
    path_and_query: &str,
    submit: Submit,
) -> Result<Submitted> {
    const USED: &str = "This code was used already. Ask for a new one.";
    let waiting = pending::look_up(ctx, &flow, code).await?;
    if let Some(found) = waiting {
        return prove_pending(ctx, flow, found, code, body, path_and_query, submit).await;
    }
    let (why, over) = match code::look_up(ctx, &flow, code).await? {
        Found::Right(row, counted) => {
            let claim = Claim::of(&flow, &submit, body.get("csrf_token").and_then(Value::as_str));
            let (work, id) = (ctx.clone(), row.id);
            let (passed, seen) = (flow.clone(), submit.seen.clone());
            let done = to_completion(async move { pass(&work, passed, (*row, counted), claim, &seen).await })
                .await?;
            match done {
                Some((flow, Some(given))) => return Ok(Submitted::SignedIn(Box::new(flow), Box::new(given))),
                Some((flow, None)) => return Ok(Submitted::Next(Box::new(flow))),
                None => {
                    tracing::debug!(%id, "two came with one code at once");
                    (Replaced::Over, text::generic(USED))
                }
            }
        }
        Found::Wrong => return wrong(ctx, flow, body).await,
        Found::Locked => return locked(ctx, flow).await,
        Found::Expired(at) => (Replaced::CodeExpired(at), text::verification_expired(at)),
        Found::Used => (Replaced::Over, text::generic(USED)),
        Found::TooMany => (Replaced::Over, text::tried_too_often()),
    };
    replace(ctx, &flow, &submit, path_and_query, why, over).await
}

async fn wrong(ctx: &Ctx, mut flow: Flow, body: &Value) -> Result<Submitted> {
    ask_for_code(ctx, &mut flow);
    flow.ui.messages = vec![text::wrong_code()];
    save(ctx, &mut flow).await?;
    // Only this answer tells the payload back (measured).
    flow.transient_payload = Some(body.get("transient_payload").cloned().unwrap_or_else(|| json!({})));
    Ok(Submitted::Wrong(Box::new(flow)))
}

/// Too many wrong codes for that address, whatever flow they were for.
async fn locked(ctx: &Ctx, mut flow: Flow) -> Result<Submitted> {
    const LOCKED: &str = "There were too many wrong codes for this address. Open the link in the mail, or try again in an hour.";
    ask_for_code(ctx, &mut flow);
    flow.ui.messages = vec![text::generic(LOCKED)];
    save(ctx, &mut flow).await?;
    Ok(Submitted::Wrong(Box::new(flow)))
}

/// The same where the code is for a sign-up that waits: the account is made with it.
async fn prove_pending(
    ctx: &Ctx,
    flow: Flow,
    found: pending::Found,
    code: &str,
    body: &Value,
    path_and_query: &str,
    submit: Submit,
) -> Result<Submitted> {
    use pending::Passed;
    let (why, over) = match found {
        pending::Found::Right(row, counted) => {
            return match pending::pass(ctx, flow.clone(), (*row, counted), code, body, &submit).await? {
                Passed::Done(flow, Some(given)) => Ok(Submitted::SignedIn(flow, given)),
                Passed::Done(flow, None) => Ok(Submitted::Next(flow)),
                Passed::Again(flow) => Ok(Submitted::Again(flow)),
                Passed::Wrong => wrong(ctx, flow, body).await,
            };
        }
        pending::Found::Wrong => return wrong(ctx, flow, body).await,
        pending::Found::Locked => return locked(ctx, flow).await,
        pending::Found::Expired(at) => (Replaced::CodeExpired(at), text::verification_expired(at)),
        pending::Found::TooMany => (Replaced::Over, text::tried_too_often()),
    };
    replace(ctx, &flow, &submit, path_and_query, why, over).await
}

/// Uses the code up, proves the address, takes what waited for that and finishes the flow: one transaction. Then the web hooks:
/// the address stays proven whatever they say, and a session is stored only when none of them failed or refused. `None`:
/// somebody else used it meanwhile.
async fn pass(
    ctx: &Ctx,
    mut flow: Flow,
    (row, counted): (Code, Option<limits::Try>),
    claim: Claim,
    seen: &webhook::Seen,
) -> Result<Option<(Flow, Option<Given>)>> {
    let now = ctx.effects().now();
    let hooks = &ctx.config.selfservice.verification.after;
    let waits = crate::plan::web_hooks(hooks).any(|hook| hook.response != Response::Ignored);
    let mut tx = ctx.db().write().await?;
    if !codes::use_up(&mut tx, row.id, now).await? {
        return Ok(None);
    }
    if let Some(counted) = &counted {
        limits::forget(&mut tx, counted).await?;
    }
    let mut identity = store::identities::get(&mut tx, row.identity()).await?.ok_or_else(super::unknown)?;
    let taken = claim.take(ctx, &mut tx, &flow, &row, &identity).await?;
    let mut given = taken.or_else(|| claim.renew(ctx, &flow, &identity));
    let address = identity
        .verifiable_addresses
        .iter_mut()
        .find(|address| address.id == row.address_id)
        .ok_or_else(super::unknown)?;
    address_proven(address, By::Verification, now);
    store::identities::save_proof(&mut tx, address).await?;
    if let Some(given) = &mut given {
        given.identity = identity.clone();
    }
    finish(ctx, &mut flow);
    flow.updated_at = now;
    store::flows::update(&mut tx, &flow).await?;
    if let Some(given) = given.as_ref().filter(|_| !waits) {
        store::sessions::insert(&mut tx, &given.handed_over.session).await?;
    }
    let about = webhook::About { flow: &flow, identity: Some(&identity), session: None, seen };
    webhook::inform(ctx, &mut tx, crate::plan::web_hooks(hooks), &about).await?;
    tx.commit().await?;
    ctx.engine.wake_hooks();
    for hook in crate::plan::web_hooks(hooks) {
        let about = webhook::About { flow: &flow, identity: Some(&identity), session: None, seen };
        if let webhook::Said::Refuse(messages) = webhook::call(ctx, hook, about).await? {
            for (name, message) in messages {
                flow.ui.attach(&name, message);
            }
            save(ctx, &mut flow).await?;
            return Ok(Some((flow, None)));
        }
    }
    if let Some(given) = given.as_ref().filter(|_| waits) {
        let mut tx = ctx.db().write().await?;
        store::sessions::insert(&mut tx, &given.handed_over.session).await?;
        tx.commit().await?;
    }
    Ok(Some((flow, given)))
}

/// A verification for somebody whose address waits for proof, with its code and mail, as part of `tx`. `from`: the flow
/// that led here.
pub(super) async fn begin(
    ctx: &Ctx,
    tx: &mut Tx,
    from: &Flow,
    csrf_cookie: &str,
    identity: IdentityId,
    address: &VerifiableAddress,
) -> Result<ShowVerification> {
    let (mut flow, shown) = for_address(ctx, from, csrf_cookie, address);
    ask_for_code(ctx, &mut flow);
    store::flows::insert(tx, &flow).await?;
    code::send(ctx, tx, &flow, identity, address).await?;
    Ok(shown)
}

pub(super) fn for_address(
    ctx: &Ctx,
    from: &Flow,
    csrf_cookie: &str,
    address: &VerifiableAddress,
) -> (Flow, ShowVerification) {
    let start = Start {
        kind_of_client: from.kind_of_client,
        path_and_query: String::new(),
        query: Vec::new(),
        csrf_cookie: csrf_cookie.to_owned(),
        current: None,
        seen: webhook::Seen::default(),
    };
    let mut flow = blank(ctx, StoredKind::Verification, &start, ctx.config.selfservice.verification.lifespan);
    flow.request_url.clone_from(&from.request_url);
    flow.return_to = after_verification(&from.request_url).or_else(|| from.return_to.clone());
    flow.transient_payload.clone_from(&from.transient_payload);
    flow.sent = Some(Sent { to: address.value.clone(), at: flow.issued_at });
    let mut url = ctx.config.verification_page();
    url.query_pairs_mut().append_pair("flow", &flow.id.to_string());
    let shown = ShowVerification { flow: flow.id, address: address.value.clone(), url };
    (flow, shown)
}

/// `after_verification_return_to` of the request that began the sign-up.
fn after_verification(request_url: &str) -> Option<String> {
    let url = Url::parse(request_url).ok()?;
    let (_, wanted) = url.query_pairs().find(|(name, _)| name == "after_verification_return_to")?;
    Some(wanted.into_owned()).filter(|wanted| !wanted.is_empty())
}

/// The address that is to be proven first: the first in the schema's order that waits for it and can be written to.
pub fn unproven(identity: &Identity) -> Option<&VerifiableAddress> {
    identity.verifiable_addresses.iter().find(|address| !address.verified && address.via == "email")
}

/// A new flow that asks for the address, with a message that says why.
async fn replace(
    ctx: &Ctx,
    old: &Flow,
    submit: &Submit,
    path_and_query: &str,
    why: Replaced,
    message: Text,
) -> Result<Submitted> {
    let start = Start {
        // An app's flow gives way to a browser's as well (Kratos: selfservice/flow/verification/error.go).
        kind_of_client: FlowType::Browser,
        path_and_query: String::new(),
        query: Vec::new(),
        csrf_cookie: csrf::new_cookie(ctx.effects()),
        current: None,
        seen: webhook::Seen::default(),
    };
    let mut flow = blank(ctx, StoredKind::Verification, &start, ctx.config.selfservice.verification.lifespan);
    flow.request_url = if why == Replaced::FlowExpired {
        old.request_url.clone()
    } else {
        ctx.config.public_url(path_and_query)
    };
    flow.return_to.clone_from(&old.return_to);
    ask_for_address(ctx, &mut flow);
    flow.message(message);
    let mut tx = ctx.db().write().await?;
    store::flows::insert(&mut tx, &flow).await?;
    let follows = handover::follow(ctx, &mut tx, old, flow.id, submit).await?
        || pending::follow(ctx, &mut tx, old, flow.id, submit).await?;
    if follows && old.kind_of_client == FlowType::Api {
        // Whoever holds what an app was given is that app: it goes on with a form that it can send.
        flow.kind_of_client = FlowType::Api;
        flow.csrf_cookie.clear();
        flow.nodes().retain(|node| node.id() != "csrf_token");
        store::flows::update(&mut tx, &flow).await?;
    }
    tx.commit().await?;
    Ok(Submitted::Replaced { flow: Box::new(flow), why, of_app: old.kind_of_client == FlowType::Api })
}

fn ask_for_address(ctx: &Ctx, flow: &mut Flow) {
    flow.active = Some(Method::Code.name().to_owned());
    let mut list = vec![nodes::email_to_prove(), nodes::method(Method::Code, Group::Code, text::go_on())];
    list.extend(token_node(ctx, flow));
    flow.ui.nodes = Some(list);
}

pub(super) fn ask_for_code(ctx: &Ctx, flow: &mut Flow) {
    flow.active = Some(Method::Code.name().to_owned());
    flow.state = "sent_email".to_owned();
    let mut list = vec![
        nodes::hidden_method(Method::Code, Group::Code),
        nodes::code(),
        nodes::method(Method::Code, Group::Code, text::go_on()),
    ];
    list.extend(token_node(ctx, flow));
    let to = flow.sent.as_ref().map(|sent| sent.to.clone()).unwrap_or_default();
    list.push(nodes::resend(&to));
    flow.ui.nodes = Some(list);
    flow.ui.messages = vec![text::code_sent()];
}

/// The form becomes the way on.
pub(super) fn finish(ctx: &Ctx, flow: &mut Flow) {
    let href = continue_url(&ctx.config, flow).to_string();
    flow.state = PASSED.to_owned();
    flow.active = Some(Method::Code.name().to_owned());
    let anchor = Anchor { href: href.clone(), title: text::go_on(), id: "continue".to_owned() };
    flow.ui.method = "GET".to_owned();
    flow.ui.action = href;
    flow.ui.nodes =
        Some(vec![nodes::csrf(&csrf_token(ctx.effects(), flow)), Node::new_anchor(Group::Code, anchor)]);
    flow.ui.messages = vec![text::address_proven()];
}

/// Browser flows have one; in an app's it comes with some of the errors (measured).
fn token_node(ctx: &Ctx, flow: &Flow) -> Option<Node> {
    (flow.kind_of_client == FlowType::Browser).then(|| nodes::csrf(&csrf_token(ctx.effects(), flow)))
}

fn with_token(ctx: &Ctx, flow: &mut Flow) {
    if !flow.nodes().iter().any(|node| node.id() == "csrf_token") {
        let node = nodes::csrf(&csrf_token(ctx.effects(), flow));
        flow.nodes().push(node);
    }
}

/// The flow's `return_to`, when it is allowed still > `flows.verification.after` > the global default.
pub fn continue_url(config: &Config, flow: &Flow) -> Url {
    wanted_url(config, flow).unwrap_or_else(|| config.default_return_url())
}

/// The same without the default.
pub(super) fn wanted_url(config: &Config, flow: &Flow) -> Option<Url> {
    flow.return_to
        .as_deref()
        .filter(|wanted| !wanted.is_empty())
        .and_then(|wanted| return_to::check(config, wanted).ok())
        .or_else(|| config.selfservice.verification.return_url.clone())
}

async fn again(ctx: &Ctx, mut flow: Flow, texts: impl IntoIterator<Item = Text>) -> Result<Submitted> {
    flow.ui.messages.extend(texts);
    save(ctx, &mut flow).await?;
    Ok(Submitted::Again(Box::new(flow)))
}

fn decoded(body: Body) -> std::result::Result<Value, String> {
    // A password only where a sign-up waits for its proof, see [`pending`].
    const MEMBERS: [&str; 6] = ["method", "email", "code", "password", "csrf_token", "transient_payload"];
    match body {
        Body::Json(body) => decode::json(body, &MEMBERS),
        Body::Form(pairs) => Ok(decode::form(&pairs, &MEMBERS, None)),
        Body::Unreadable(reason) => Err(reason),
    }
}
