//! The way back from a provider, up to what it says of the user.

use super::arrive::Arrival;
use super::browser::with_hash;
use super::trouble::{busy, failed, line, sentence, told};
use super::{draw, exchange};
use crate::config::social::{Pkce, Provider};
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::form::outcome::{Outcome, Why, unknown};
use crate::form::request::{Callback, Submit, first};
use crate::method::contract::{Attempt, Prove, Verdict};
use crate::model::{FlowKind, FlowType, MethodId};
use crate::secrets;
use crate::session;
use crate::social::{self, ExternalIdentity, Returned, Stage, Trouble, Turn};
use crate::store;
use crate::store::social::Trip;
use crate::ui::{Group, text};
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use serde_json::Value;
use std::sync::Arc;

/// What a return from a provider goes on as.
pub(crate) enum Back {
    /// The proof of the attempt.
    Prove(Box<Attempt>, Box<dyn Prove>),
    /// The flow, or the time at the provider, is over.
    Expired(Box<Attempt>, DateTime<Utc>),
    Ended(Outcome),
}

/// The authorization that a state belongs to.
pub(crate) async fn trip(ctx: &Ctx, state: Option<&str>) -> Result<Option<Trip>> {
    let Some(state) = state else { return Ok(None) };
    let mut tx = ctx.db().single().await?;
    store::social::trip(&mut tx, &session::token_hash(state)).await
}

/// A browser comes back for that authorization.
///
/// # Errors
/// What no form can show, since none can be shown: 403 another browser · 404 the flow is gone · 410 used · 503.
pub(crate) async fn come_back(ctx: &Ctx, trip: Trip, callback: Callback) -> Result<Back> {
    let mut request = callback.request;
    // Before anything is used up: another browser that has the address must not end the authorization.
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
        store::flows::get(&mut tx, trip.kind, trip.flow).await?.ok_or_else(unknown)?
    };
    if trip.used_at.is_some() {
        return used_already(ctx, &trip, &request).map(Back::Ended);
    }
    let mut on = Attempt::new(ctx, flow, crate::form::envelope::Holder::Own, request);
    on.returned = true;
    if trip.expires_at <= now {
        failed(Stage::StateInvalid, &trip.provider, trip.flow, "it came back after its time was up");
        return Ok(Back::Expired(Box::new(on), trip.expires_at));
    }
    // Before the authorization is used up: a browser that is sent away comes back with the same address.
    let turn = match ctx.config.selfservice.social.provider(&trip.provider) {
        Some(provider) => match line(ctx).turn(provider).await {
            Ok(turn) => Some(turn),
            Err(trouble) => return Err(busy(provider, &on.flow, &trouble)),
        },
        None => None,
    };
    {
        let mut tx = ctx.db().write_single().await?;
        if !store::social::use_trip(&mut tx, &trip.state_hash, now).await? {
            return used_already(ctx, &trip, &on.submit).map(Back::Ended);
        }
        tx.commit().await?;
    }
    on.exchange = exchange::of(ctx, &on.flow).await?;
    let signs_in = on.flow.kind() != FlowKind::Settings && !on.flow.is_refresh();
    if on.flow.kind_of_client == FlowType::Browser && on.submit.current.is_some() && signs_in {
        return Ok(Back::Ended(Outcome::Already(ctx.config.default_return_url())));
    }
    on.flow.ui.reset_messages();
    // A sign-up has a method once the provider has said who it is for.
    if on.flow.kind() == FlowKind::Login {
        on.flow.active = Some(MethodId::Oidc.name().to_owned());
    }
    if let Some(payload) = trip.form.get("transient_payload").filter(|payload| payload.is_object()) {
        on.flow.transient_payload = Some(payload.clone());
    }
    let provider = ctx.config.selfservice.social.provider(&trip.provider).cloned().zip(turn);
    let returned = Box::new(Returning { trip, provider, query: callback.query, of_path: callback.provider });
    Ok(Back::Prove(Box::new(on), returned))
}

/// What the browser brought back, not judged yet.
struct Returning {
    trip: Trip,
    /// `None`: it was removed meanwhile.
    provider: Option<(Arc<Provider>, Turn)>,
    query: Vec<(String, String)>,
    of_path: Option<String>,
}

impl Prove for Returning {
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let Returning { trip, provider, query, of_path } = *self;
            let ctx = on.ctx.clone();
            let Some((provider, turn)) = provider else {
                provider_is_gone(on, &trip);
                return Ok(Verdict::Form(Why::Refused));
            };
            let returned = brought(&query, of_path.as_deref(), &provider);
            let turned_away = returned.is_err();
            let secrets = (trip.nonce.as_str(), trip.verifier.as_deref());
            let arrived = arrived(&ctx, &provider, returned, secrets, &turn).await?;
            drop(turn);
            match arrived {
                Ok(visitor) => Box::new(Arrival { provider, visitor, form: trip.form }).prove(on).await,
                Err(trouble) => {
                    told(&provider, &on.flow, &trouble);
                    // Where Kratos has an error page, the whole form comes back: another method is one click away.
                    if turned_away && on.flow.kind() == FlowKind::Registration {
                        draw::to_try_again(&ctx, &mut on.flow, &provider.id, &trip.form)?;
                    }
                    on.flow.message(sentence(&trouble, &provider));
                    Ok(Verdict::Form(Why::Refused))
                }
            }
        })
    }
}

fn provider_is_gone(on: &mut Attempt, trip: &Trip) {
    let offered = on.ctx.config.selfservice.social.offered();
    let offered: Vec<String> = offered.iter().map(|provider| provider.id.clone()).collect();
    on.flow.nodes().retain(|node| {
        let value = node.input().and_then(|input| input.value.as_ref()).and_then(Value::as_str);
        node.group != Group::Oidc || value.is_some_and(|id| offered.iter().any(|offered| offered == id))
    });
    let reason = "somebody came back from it, and no provider of that id is configured any more";
    failed(Stage::NotSetUp, &trip.provider, on.flow.id, reason);
    on.flow.message(text::provider_gone());
}

/// What the browser brought back, as far as it can be judged without asking anybody.
pub(super) fn brought(
    query: &[(String, String)],
    of_path: Option<&str>,
    provider: &Provider,
) -> std::result::Result<Returned, Trouble> {
    let field = |name: &str| first(query, name).map(str::to_owned);
    let returned = Returned {
        code: field("code").or_else(|| field("authCode")).unwrap_or_default(),
        issuer: field("iss"),
        user: field("user"),
    };
    let right_path = match provider.pkce {
        Pkce::Force => of_path.is_none(),
        Pkce::Auto | Pkce::Never => of_path == Some(provider.id.as_str()),
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
) -> Result<std::result::Result<ExternalIdentity, Trouble>> {
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

/// Twice the same address: a page that was loaded again, or two at once. Who is signed in by now goes on.
fn used_already(ctx: &Ctx, trip: &Trip, request: &Submit) -> Result<Outcome> {
    if request.current.is_some() {
        return Ok(Outcome::Already(match trip.kind {
            FlowKind::Settings => {
                let mut form = ctx.config.page_of(trip.kind);
                form.query_pairs_mut().append_pair("flow", &trip.flow.to_string());
                form
            }
            FlowKind::Registration | FlowKind::Login | FlowKind::Verification | FlowKind::Recovery => {
                ctx.config.default_return_url()
            }
        }));
    }
    let reason = "it came back once more with a state that was used";
    failed(Stage::StateInvalid, &trip.provider, trip.flow, reason);
    Err(Error::new(
        Kind::Expired,
        "This sign-in is finished, or is being finished in another tab. If you are not signed in, start again.",
    ))
}
