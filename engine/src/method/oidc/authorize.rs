//! Leaving for a provider with a form, and an `id_token` that an app sends instead (Kratos: selfservice/strategy/oidc/strategy.go).

use super::arrive::Arrival;
use super::browser::only;
use super::exchange;
use super::trouble::{busy, line, sentence, told};
use crate::config::social::Provider;
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::form::outcome::{AuthorizationRequest, Why};
use crate::ids::FlowId;
use crate::method::contract::{Attempt, Prove, Verdict};
use crate::model::{FlowKind, FlowType};
use crate::session;
use crate::social::{self, Ask, SentToken, Stage, Trouble};
use crate::store::social::Trip;
use crate::store::{self, Tx};
use crate::ui::text;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use futures::future::BoxFuture;
use serde_json::Value;
use std::sync::Arc;

/// How long somebody may stay at the provider, as Kratos.
const AWAY: TimeDelta = TimeDelta::minutes(30);

/// Parameters that a form may pass on (Kratos: selfservice/strategy/oidc/provider.go).
const PASSED_ON: [&str; 5] = ["login_hint", "hd", "prompt", "auth_type", "acr_values"];

/// The form may be sent, and the user leaves for the provider.
pub(super) struct Authorize {
    pub(super) provider: Arc<Provider>,
    /// What was filled in, which waits in the database until the browser is back.
    pub(super) form: Value,
}

impl Prove for Authorize {
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let exchange = exchange::of(&on.ctx, &on.flow).await?;
            if on.flow.kind_of_client == FlowType::Api && exchange.is_none() {
                let how = "An app gets its session by an exchange: start the form with return_session_token_exchange_code=true, or send an id_token.";
                on.flow.message(text::generic(how));
                return Ok(Verdict::Form(Why::Refused));
            }
            depart(on, &self.provider, self.form).await
        })
    }
}

/// To the provider, or why not.
pub(super) async fn depart(on: &mut Attempt, provider: &Provider, form: Value) -> Result<Verdict> {
    match leave(on, provider, form).await? {
        Ok(departure) => Ok(Verdict::Leave(departure)),
        Err(trouble) if trouble.stage == Stage::Busy => Err(busy(provider, &on.flow, &trouble)),
        Err(trouble) => {
            told(provider, &on.flow, &trouble);
            on.flow.message(sentence(&trouble, provider));
            Ok(Verdict::Form(Why::Refused))
        }
    }
}

/// An app sent what the provider says of its user.
pub(super) struct WithToken {
    pub(super) provider: Arc<Provider>,
    pub(super) form: Value,
    pub(super) token: String,
    pub(super) nonce: Option<String>,
}

impl Prove for WithToken {
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let WithToken { provider, form, token, nonce } = *self;
            let ctx = on.ctx.clone();
            let mut visitor = match social::from_token(line(&ctx), &provider, &token, nonce.as_deref()).await
            {
                Ok(visitor) => visitor,
                Err(trouble) if trouble.stage == Stage::Busy => {
                    return Err(busy(&provider, &on.flow, &trouble));
                }
                Err(trouble) => {
                    told(&provider, &on.flow, &trouble);
                    return Err(Error::new(
                        Kind::Forbidden,
                        "The id_token is not one that can be believed. Get a new one.",
                    )
                    .caused_by(trouble.reason));
                }
            };
            if provider.reusable_id_tokens {
                visitor.token = None;
            }
            if let Some(token) = &visitor.token {
                bind(&ctx, token, on.flow.id).await?;
            }
            Box::new(Arrival { provider, visitor, form }).prove(on).await
        })
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
pub(crate) async fn spend(ctx: &Ctx, tx: &mut Tx, token: Option<&SentToken>) -> Result<()> {
    let Some(token) = token else { return Ok(()) };
    match store::id_tokens::use_up(tx, &token.digest, ctx.effects().now()).await? {
        true => Ok(()),
        false => Err(used_token()),
    }
}

fn used_token() -> Error {
    Error::new(Kind::Forbidden, "This id_token was used already. Get a new one from the provider.")
}

/// The settings do without `auth_type`, as in Kratos.
fn passes_on(kind: FlowKind, name: &str) -> bool {
    PASSED_ON.contains(&name) && !(kind == FlowKind::Settings && name == "auth_type")
}

async fn leave(
    on: &Attempt,
    provider: &Provider,
    form: Value,
) -> Result<std::result::Result<AuthorizationRequest, Trouble>> {
    let (ctx, flow) = (&on.ctx, &on.flow);
    let effects = ctx.effects();
    let to = match social::destination(line(ctx), provider).await {
        Ok(to) => to,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let secret = || URL_SAFE_NO_PAD.encode(effects.bytes::<32>());
    let (state, nonce) = (secret(), secret());
    let verifier = to.pkce.then(secret);
    let browser = (flow.kind_of_client == FlowType::Browser)
        .then(|| only(&on.submit.browser).map_or_else(secret, str::to_owned));
    let now = effects.now();
    let trip = Trip {
        state_hash: session::token_hash(&state),
        flow: flow.id,
        kind: flow.kind(),
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
    let parameters = on.body.get("upstream_parameters").and_then(Value::as_object).into_iter().flatten();
    let ask = Ask {
        state: &state,
        nonce: &nonce,
        verifier: verifier.as_deref(),
        parameters: parameters
            .filter(|(name, _)| passes_on(flow.kind(), name))
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect(),
        again: flow.is_refresh(),
    };
    let redirect_uri = ctx.config.selfservice.social.redirect_uri(provider);
    Ok(Ok(AuthorizationRequest { url: social::depart(provider, &to, &redirect_uri, &ask), browser }))
}
