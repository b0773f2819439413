//! Sign-up and sign-in through a provider: leaving with a form, coming back with an answer (Kratos: selfservice/strategy/oidc/
//! strategy.go). What that comes to is `landing`'s.

use super::landing::Landing;
use super::login::SignedIn;
use super::registration::{self, Registered};
use super::{
    Flow, FlowType, ShowVerification, Start, StoredKind, Submit, Submitted, blank, counted,
    envelope::{may_submit, save, save_refused},
    exchange, login, nodes, social_test,
};
use crate::config::Method;
use crate::config::social::Provider;
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::gate::Full;
use crate::ids::FlowId;
use crate::limits_table::TYPED_VALUES;
use crate::secrets;
use crate::session;
use crate::social::{self, Ask, Line, Returned, SentToken, Stage, Trouble, Turn, Visitor};
use crate::store::social::{Exchange, Trip};
use crate::store::{self, Tx};
use crate::ui::{self, Group, Text, text};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use url::Url;

/// How long somebody may stay at the provider, as Kratos.
const AWAY: TimeDelta = TimeDelta::minutes(30);

/// Parameters that a form may pass on (Kratos: selfservice/strategy/oidc/provider.go).
const PASSED_ON: [&str; 5] = ["login_hint", "hd", "prompt", "auth_type", "acr_values"];

/// Somebody leaves for a provider.
#[derive(Debug)]
pub struct Departure {
    pub url: Url,
    /// The cookie that the browser has to come back with; none for apps.
    pub browser: Option<String>,
}

/// What a trip came to.
#[derive(Debug)]
pub enum Landed {
    SignedUp(Box<Registered>),
    SignedIn(Box<SignedIn>),
    /// A form, of either kind, with messages.
    Again(Box<Flow>),
    /// The flow had expired; a new one of the same kind takes its place.
    Replaced {
        expired_at: DateTime<Utc>,
        flow: Box<Flow>,
    },
    Unverified(ShowVerification),
    /// Back to the app, which fetches its session.
    ToApp(Url),
    /// Somebody is signed in already: a browser goes there.
    Already(Url),
    /// An operator's test is over: its page in the console.
    Tested(Url),
}

/// The way back, parsed by `server`.
#[derive(Clone, Debug)]
pub struct Callback {
    /// In the path.
    pub provider: Option<String>,
    pub query: Vec<(String, String)>,
    /// Of the request: cookies, device, who is signed in.
    pub request: Submit,
}

/// Whether a form is one for a provider: it says which, and need not say the method. Without a provider no method is meant.
pub(super) fn is_meant(body: &Value) -> bool {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    matches!(text("method"), "oidc" | "") && !text("provider").is_empty()
}

/// Takes a form for a provider. The flow is one that may still be sent.
///
/// # Errors
/// 403 a form without its token · 404 the method is off, or there is no such provider.
pub(super) async fn submit<D>(
    ctx: &Ctx,
    mut flow: Flow,
    submit: Submit,
    body: &Value,
) -> Result<Submitted<D>> {
    let keys = &ctx.config.selfservice.social;
    if !keys.enabled {
        return Err(super::switched_off());
    }
    if flow.kind == StoredKind::Login {
        flow.active = Some(Method::Oidc.name().to_owned());
    }
    flow.ui.put_values(body);
    match may_submit(&flow, &submit, body.get("csrf_token").and_then(Value::as_str)) {
        Ok(()) => {}
        Err(Ok(sentence)) => return again(ctx, flow, text::generic(&sentence)).await.map(Submitted::Again),
        Err(Err(error)) => return Err(error),
    }
    let wanted = body.get("provider").and_then(Value::as_str).unwrap_or_default();
    let Some(provider) = keys.provider(wanted).cloned() else {
        // Anybody can write anything there.
        let named: String = wanted.chars().take(64).collect();
        failed(Stage::NotSetUp, &named, flow.id, "a form names it, and no provider of that id is configured");
        return Err(Error::not_found(text::provider_gone().text));
    };
    let client = flow.client(submit.json);
    // It waits in the database until the browser is back.
    if body.get("traits").is_some_and(|traits| traits.to_string().len() > TYPED_VALUES.count()) {
        let sentence = format!("The form has more than {} bytes of fields.", TYPED_VALUES.count());
        return again(ctx, flow, text::generic(&sentence)).await.map(Submitted::Again);
    }
    let form = json!({ "traits": body.get("traits"), "transient_payload": flow.transient_payload });
    if let Some(token) = body.get("id_token").and_then(Value::as_str).filter(|token| !token.is_empty()) {
        let nonce = body.get("id_token_nonce").and_then(Value::as_str).filter(|nonce| !nonce.is_empty());
        return match social::from_token(line(ctx), &provider, token, nonce).await {
            Ok(mut visitor) => {
                if provider.reusable_id_tokens {
                    visitor.token = None;
                }
                if let Some(token) = &visitor.token {
                    bind(ctx, token, flow.id).await?;
                }
                let trip = Landing { flow, provider, visitor, form, client, exchange: None, request: submit };
                Ok(Submitted::Landed(Box::new(trip.land(ctx).await?)))
            }
            Err(trouble) if trouble.stage == Stage::Busy => Err(busy(&provider, &flow, &trouble)),
            Err(trouble) => {
                told(&provider, &flow, &trouble);
                Err(Error::new(
                    Kind::Forbidden,
                    "The id_token is not one that can be believed. Get a new one.",
                )
                .caused_by(trouble.reason))
            }
        };
    }
    let exchange = match flow.kind_of_client {
        FlowType::Browser => None,
        FlowType::Api => {
            let mut tx = ctx.db().single().await?;
            store::social::exchange_of(&mut tx, flow.id).await?
        }
    };
    if flow.kind_of_client == FlowType::Api && exchange.is_none() {
        let how = "An app gets its session by an exchange: start the form with return_session_token_exchange_code=true, or send an id_token.";
        return again(ctx, flow, text::generic(how)).await.map(Submitted::Again);
    }
    match leave(ctx, &flow, &provider, &submit, body, form).await? {
        Ok(departure) => Ok(Submitted::Leave(departure)),
        Err(trouble) if trouble.stage == Stage::Busy => Err(busy(&provider, &flow, &trouble)),
        Err(trouble) => {
            told(&provider, &flow, &trouble);
            again(ctx, flow, sentence(&trouble, &provider)).await.map(Submitted::Again)
        }
    }
}

/// From here on the token counts in this flow alone.
///
/// # Errors
/// 403 it came with another flow before, or something was issued for it.
async fn bind(ctx: &Ctx, token: &SentToken, flow: FlowId) -> Result<()> {
    let mut tx = ctx.db().write_relaxed().await?;
    if !store::id_tokens::bind(&mut tx, &token.digest, flow, token.expires_at).await? {
        return Err(used_token());
    }
    tx.commit().await
}

/// Uses the token up, in the transaction of what is issued for it.
///
/// # Errors
/// 403 it was used meanwhile; roll back.
pub(super) async fn spend(ctx: &Ctx, tx: &mut Tx, token: Option<&SentToken>) -> Result<()> {
    let Some(token) = token else { return Ok(()) };
    match store::id_tokens::use_up(tx, &token.digest, ctx.effects().now()).await? {
        true => Ok(()),
        false => Err(used_token()),
    }
}

fn used_token() -> Error {
    Error::new(Kind::Forbidden, "This id_token was used already. Get a new one from the provider.")
}

async fn leave(
    ctx: &Ctx,
    flow: &Flow,
    provider: &Provider,
    submit: &Submit,
    body: &Value,
    form: Value,
) -> Result<std::result::Result<Departure, Trouble>> {
    let effects = ctx.effects();
    let to = match social::destination(line(ctx), provider).await {
        Ok(to) => to,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let secret = || URL_SAFE_NO_PAD.encode(effects.bytes::<32>());
    let (state, nonce) = (secret(), secret());
    let verifier = to.pkce.then(secret);
    let browser = (flow.kind_of_client == FlowType::Browser)
        .then(|| only(&submit.browser).map_or_else(secret, str::to_owned));
    let now = effects.now();
    let trip = Trip {
        state_hash: session::token_hash(&state),
        flow: flow.id,
        kind: flow.kind,
        provider: provider.id.clone(),
        browser: browser.as_deref().map(session::token_hash),
        nonce: nonce.clone(),
        verifier: verifier.clone(),
        form,
        expires_at: flow.expires_at.min(now + AWAY),
        used_at: None,
    };
    let mut tx = ctx.db().write_single_relaxed().await?;
    store::social::insert_trip(&mut tx, &trip).await?;
    tx.commit().await?;
    let parameters = body.get("upstream_parameters").and_then(Value::as_object).into_iter().flatten();
    let ask = Ask {
        state: &state,
        nonce: &nonce,
        verifier: verifier.as_deref(),
        parameters: parameters
            .filter(|(name, _)| PASSED_ON.contains(&name.as_str()))
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect(),
        again: flow.refresh,
    };
    let redirect_uri = ctx.config.selfservice.social.redirect_uri(provider);
    Ok(Ok(Departure { url: social::depart(provider, &to, &redirect_uri, &ask), browser }))
}

/// The value of the browser's cookie, when there is exactly one that a departure could have made.
pub(super) fn only(browser: &[String]) -> Option<&str> {
    let mut values = browser.iter().filter(|value| is_well_formed(value));
    values.next().filter(|_| values.next().is_none()).map(String::as_str)
}

fn is_well_formed(cookie: &str) -> bool {
    URL_SAFE_NO_PAD.decode(cookie).is_ok_and(|bytes| bytes.len() == 32)
}

/// The value with that digest, wherever it is among the others.
pub(super) fn with_hash<'a>(browser: &'a [String], hash: &[u8]) -> Option<&'a String> {
    browser.iter().find(|value| bool::from(session::token_hash(value).ct_eq(hash)))
}

/// Somebody comes back.
///
/// # Errors
/// What no form can show, since none can be told: 400 no state, or none of ours · 403 another browser · 410 used.
pub async fn callback(ctx: &Ctx, callback: Callback) -> Result<Landed> {
    let Some(trip) = trip(ctx, super::first(&callback.query, "state")).await? else {
        // A state is either of a trip or of a test; the one that people wait for is looked up first.
        if let Some(page) = social_test::landed(ctx, &callback).await? {
            return Ok(Landed::Tested(page));
        }
        let reason = match super::first(&callback.query, "state") {
            None => "it came back without a state",
            Some(_) => "its state is none that was given out, or one of long ago",
        };
        tracing::warn!(step = Stage::StateInvalid.name(), reason, "a trip to a provider failed");
        return Err(Error::invalid(
            "This address belongs to no sign-in that is under way here. Start again from the sign-in page.",
        ));
    };
    let kind = trip.kind;
    let outcome = Box::pin(come_back(ctx, trip, callback)).await;
    counted::landed(ctx, kind, &outcome);
    outcome
}

async fn come_back(ctx: &Ctx, trip: Trip, callback: Callback) -> Result<Landed> {
    let mut request = callback.request;
    // Before anything is used up: whoever else has the address must not end the trip.
    if let Some(left) = &trip.browser {
        // sabotage: provider-browser
        let Some(own) = with_hash(&request.browser, left).cloned() else {
            let reason = "it came back in another browser, or without its cookie";
            failed(Stage::StateInvalid, &trip.provider, trip.flow, reason);
            return Err(Error::new(
                Kind::Forbidden,
                "This sign-in was begun in another browser, or its cookie is gone. Start again in this browser.",
            ));
        };
        request.browser = vec![own];
    }
    let now = ctx.effects().now();
    let flow = {
        let mut tx = ctx.db().single().await?;
        store::flows::get(&mut tx, trip.kind, trip.flow).await?.ok_or_else(super::unknown)?
    };
    if trip.used_at.is_some() {
        return used_already(ctx, &trip, &request);
    }
    if trip.expires_at <= now {
        failed(Stage::StateInvalid, &trip.provider, trip.flow, "it came back after its time was up");
        let replaced = match flow.kind {
            StoredKind::Login => login::replacement(ctx, &flow, &request).await?,
            _ => registration::replacement(ctx, &flow, &request).await?,
        };
        return Ok(Landed::Replaced { expired_at: trip.expires_at, flow: Box::new(replaced) });
    }
    // Before the trip is used up: whoever is sent away comes back with the same address.
    let turn = match ctx.config.selfservice.social.provider(&trip.provider) {
        Some(provider) => match line(ctx).turn(provider).await {
            Ok(turn) => Some(turn),
            Err(trouble) => return Err(busy(provider, &flow, &trouble)),
        },
        None => None,
    };
    {
        let mut tx = ctx.db().write_single().await?;
        if !store::social::use_trip(&mut tx, &trip.state_hash, now).await? {
            return used_already(ctx, &trip, &request);
        }
        tx.commit().await?;
    }
    let exchange = match flow.kind_of_client {
        FlowType::Browser => None,
        FlowType::Api => {
            let mut tx = ctx.db().single().await?;
            store::social::exchange_of(&mut tx, flow.id).await?
        }
    };
    if flow.kind_of_client == FlowType::Browser && request.current.is_some() && !flow.refresh {
        return Ok(Landed::Already(ctx.config.default_return_url()));
    }
    let mut flow = flow;
    flow.ui.reset_messages();
    // A sign-up has a method once the provider has said who it is for.
    if flow.kind == StoredKind::Login {
        flow.active = Some(Method::Oidc.name().to_owned());
    }
    if let Some(payload) = trip.form.get("transient_payload").filter(|payload| payload.is_object()) {
        flow.transient_payload = Some(payload.clone());
    }
    let provider = ctx.config.selfservice.social.provider(&trip.provider).cloned();
    let Some((provider, turn)) = provider.zip(turn) else {
        let offered: Vec<String> =
            ctx.config.selfservice.social.offered().iter().map(|provider| provider.id.clone()).collect();
        flow.nodes().retain(|node| {
            let value = node.input().and_then(|input| input.value.as_ref()).and_then(Value::as_str);
            node.group != Group::Oidc || value.is_some_and(|id| offered.iter().any(|offered| offered == id))
        });
        let reason = "somebody came back from it, and no provider of that id is configured any more";
        failed(Stage::NotSetUp, &trip.provider, flow.id, reason);
        return back(ctx, flow, text::provider_gone(), exchange).await;
    };
    let returned = brought(&callback.query, callback.provider.as_deref(), &provider);
    let turned_away = returned.is_err();
    let arrived = arrived(ctx, &provider, returned, (&trip.nonce, trip.verifier.as_deref()), &turn).await?;
    drop(turn);
    match arrived {
        Ok(visitor) => {
            let client = flow.client(request.json);
            let landing = Landing { flow, provider, visitor, form: trip.form, client, exchange, request };
            landing.land(ctx).await
        }
        Err(trouble) => {
            told(&provider, &flow, &trouble);
            // Where Kratos has an error page, the whole form comes back: another method is one click away.
            if turned_away && flow.kind == StoredKind::Registration {
                registration::draw_to_try_again(ctx, &mut flow, &provider, &trip.form)?;
            }
            back(ctx, flow, sentence(&trouble, &provider), exchange).await
        }
    }
}

/// What the browser brought back, as far as it can be judged without asking anybody.
pub(super) fn brought(
    query: &[(String, String)],
    of_path: Option<&str>,
    provider: &Provider,
) -> std::result::Result<Returned, Trouble> {
    let field = |name: &str| super::first(query, name).map(str::to_owned);
    let returned = Returned {
        code: field("code").or_else(|| field("authCode")).unwrap_or_default(),
        issuer: field("iss"),
        user: field("user"),
    };
    let right_path = match provider.pkce {
        crate::config::social::Pkce::Force => of_path.is_none(),
        _ => of_path == Some(provider.id.as_str()),
    };
    if !right_path {
        return Err(Trouble::new(Stage::StateInvalid, format!("it came back at the address of {of_path:?}")));
    }
    if let Some(error) = field("error") {
        let more = field("error_description").unwrap_or_default();
        let stage = if error == "access_denied" { Stage::AccessDenied } else { Stage::ExchangeFailed };
        return Err(Trouble::new(stage, format!("the provider says {error:?}: {more:?}")));
    }
    if returned.code.is_empty() {
        return Err(Trouble::new(Stage::StateInvalid, "it came back without a code"));
    }
    Ok(returned)
}

/// Exchanges what was brought and checks it. `secrets`: nonce and PKCE verifier of the trip.
pub(super) async fn arrived(
    ctx: &Ctx,
    provider: &Provider,
    returned: std::result::Result<Returned, Trouble>,
    secrets: (&str, Option<&str>),
    turn: &Turn,
) -> Result<std::result::Result<Visitor, Trouble>> {
    let returned = match returned {
        Ok(returned) => returned,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let provider = match opened(ctx, provider).await? {
        Ok(provider) => provider,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let redirect_uri = ctx.config.selfservice.social.redirect_uri(&provider);
    Ok(social::arrive(line(ctx), &provider, redirect_uri, returned, secrets, turn).await)
}

/// The provider with the secrets that it is asked with, opened for this one use.
async fn opened(ctx: &Ctx, provider: &Provider) -> Result<std::result::Result<Provider, Trouble>> {
    let mut provider = provider.clone();
    let key = provider.apple.as_mut().map(|apple| &mut apple.key);
    for secret in [Some(&mut provider.client_secret), key].into_iter().flatten() {
        match secrets::opened(ctx, secret).await {
            Ok(value) => *secret = value,
            Err(error) if error.kind == Kind::Internal => {
                let reason = error.cause().map_or_else(|| error.to_string(), ToString::to_string);
                return Ok(Err(Trouble::new(Stage::NotSetUp, reason)));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Ok(provider))
}

async fn trip(ctx: &Ctx, state: Option<&str>) -> Result<Option<Trip>> {
    let Some(state) = state else { return Ok(None) };
    let mut tx = ctx.db().single().await?;
    store::social::trip(&mut tx, &session::token_hash(state)).await
}

/// Twice the same address: a page that was loaded again, or two at once. Who is signed in by now goes on.
fn used_already(ctx: &Ctx, trip: &Trip, request: &Submit) -> Result<Landed> {
    if request.current.is_some() {
        return Ok(Landed::Already(ctx.config.default_return_url()));
    }
    let reason = "it came back once more with a state that was used";
    failed(Stage::StateInvalid, &trip.provider, trip.flow, reason);
    Err(Error::new(
        Kind::Gone,
        "This sign-in is finished, or is being finished in another tab. If you are not signed in, start again.",
    ))
}

pub(super) fn line(ctx: &Ctx) -> Line<'_> {
    Line { effects: ctx.effects(), config: &ctx.config, known: ctx.engine.known(), gates: ctx.engine.gates() }
}

/// For whoever runs the service: step and reason, never tokens.
pub(super) fn told(provider: &Provider, flow: &Flow, trouble: &Trouble) {
    failed(trouble.stage, &provider.id, flow.id, &trouble.reason);
}

/// 503 for what a form cannot mend.
pub(super) fn busy(provider: &Provider, flow: &Flow, trouble: &Trouble) -> Error {
    told(provider, flow, trouble);
    Error::from(Full)
}

fn failed(step: Stage, provider: &str, flow: FlowId, reason: &str) {
    tracing::warn!(step = step.name(), provider, %flow, reason, "a trip to a provider failed");
}

/// For the person.
pub(super) fn sentence(trouble: &Trouble, provider: &Provider) -> Text {
    match trouble.stage {
        Stage::AccessDenied => text::provider_refused(&provider.label),
        Stage::ExchangeFailed | Stage::Busy => text::provider_failed(&provider.label),
        Stage::NotSetUp => text::provider_not_set_up(&provider.label),
        Stage::StateInvalid | Stage::VerificationFailed => text::provider_not_believed(&provider.label),
        Stage::ClaimsInvalid => text::provider_says_too_little(&provider.label),
    }
}

async fn again(ctx: &Ctx, mut flow: Flow, text: Text) -> Result<Box<Flow>> {
    flow.message(text);
    sorted(ctx, &mut flow);
    save_refused(ctx, &mut flow).await?;
    Ok(Box::new(flow))
}

/// The form once more with a sentence; an app is led back to it.
pub(super) async fn back(
    ctx: &Ctx,
    mut flow: Flow,
    text: Text,
    exchange: Option<Exchange>,
) -> Result<Landed> {
    flow.message(text);
    held_out(ctx, flow, exchange).await
}

pub(super) async fn held_out(ctx: &Ctx, mut flow: Flow, exchange: Option<Exchange>) -> Result<Landed> {
    sorted(ctx, &mut flow);
    save(ctx, &mut flow).await?;
    held_out_as_is(ctx, flow, exchange).await
}

pub(super) async fn held_out_as_is(ctx: &Ctx, flow: Flow, exchange: Option<Exchange>) -> Result<Landed> {
    match exchange {
        Some(exchange) => exchange::answer(ctx, exchange, &flow, None).await.map(Landed::ToApp),
        None => Ok(Landed::Again(Box::new(flow))),
    }
}

fn sorted(ctx: &Ctx, flow: &mut Flow) {
    match flow.kind {
        StoredKind::Registration => {
            let names =
                registration::schema_of(ctx, flow).map(|schema| schema.schema.names()).unwrap_or_default();
            ui::sort::registration(flow.nodes(), &names);
        }
        _ => ui::sort::login(flow.nodes()),
    }
}

/// A flow of the other kind in the place of one that came out otherwise, for the same browser or app.
pub(super) fn turned(
    ctx: &Ctx,
    from: &Flow,
    kind: StoredKind,
    lifespan: std::time::Duration,
    request: &Submit,
) -> Flow {
    let start = Start {
        kind_of_client: from.kind_of_client,
        path_and_query: String::new(),
        query: Vec::new(),
        csrf_cookie: match from.kind_of_client {
            FlowType::Api => String::new(),
            FlowType::Browser => request.csrf_cookie.clone().unwrap_or_else(|| from.csrf_cookie.clone()),
        },
        current: None,
        requester: request.requester.clone(),
        seen: request.seen.clone(),
    };
    let mut flow = blank(ctx, kind, &start, lifespan);
    flow.request_url.clone_from(&from.request_url);
    flow.return_to.clone_from(&from.return_to);
    flow.transient_payload.clone_from(&from.transient_payload);
    flow.active = Some(Method::Oidc.name().to_owned());
    flow
}

/// The buttons of the providers, for a form of that kind.
pub(super) fn buttons(ctx: &Ctx, kind: StoredKind) -> Vec<ui::Node> {
    let label = |provider: &Provider| match kind {
        StoredKind::Registration => text::sign_up_with(&provider.label, &provider.id),
        _ => text::sign_in_with(&provider.label, &provider.id),
    };
    let offered = ctx.config.selfservice.social.offered();
    offered.into_iter().map(|provider| nodes::provider(&provider.id, label(provider))).collect()
}
