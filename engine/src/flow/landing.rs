//! What a trip to a provider comes to: who is known signs in, who is not signs up, and whose address has an account is asked
//! to prove it.

use super::registration::{self, Ran};
use super::social::{Landed, back, busy, held_out, held_out_as_is, line, sentence, told};
use super::{Flow, StoredKind, Submit, Submitted, basis::Basis, exchange, handover, linking, login};
use crate::config::Method;
use crate::config::social::Provider;
use crate::effects::to_completion;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::identity::schema::Extracted;
use crate::identity::{Identity, proof};
use crate::plan::{Client, FlowKind, plan};
use crate::social::{self, Mapped, Stage, Trouble, Visitor};
use crate::store;
use crate::store::social::Exchange;
use crate::ui::text;
use chrono::TimeDelta;
use serde_json::Value;
use std::sync::Arc;

/// How far the provider's clock may be behind.
const SKEW: TimeDelta = TimeDelta::seconds(60);

/// Somebody whose provider vouches for who they are.
pub(super) struct Landing {
    pub(super) flow: Flow,
    pub(super) provider: Arc<Provider>,
    pub(super) visitor: Visitor,
    /// What was filled in before.
    pub(super) form: Value,
    pub(super) client: Client,
    /// An app waits for its session.
    pub(super) exchange: Option<Exchange>,
    pub(super) request: Submit,
}

/// Whom a sign-up through a provider is for.
#[derive(Clone)]
pub(super) struct Arrived {
    pub(super) visitor: Visitor,
    pub(super) mapped: Mapped,
    /// An app fetches the session: it is made then.
    pub(super) parked: bool,
}

impl Arrived {
    /// What the provider says beside the traits.
    pub(super) fn lay_over(&self, identity: &mut Identity) {
        if let Some(metadata) = &self.mapped.metadata_public {
            identity.metadata_public = metadata.clone();
        }
        if let Some(metadata) = &self.mapped.metadata_admin {
            identity.metadata_admin = metadata.clone();
        }
        let at = identity.created_at;
        for address in &mut identity.verifiable_addresses {
            if address.via == "email" && self.mapped.vouched.contains(&address.value) {
                proof::address_proven(address, proof::By::Provider, at);
            }
        }
    }
}

impl Landing {
    pub(super) async fn land(mut self, ctx: &Ctx) -> Result<Landed> {
        self.flow.active = Some(Method::Oidc.name().to_owned());
        if self.flow.refresh && !self.is_fresh() {
            let reason = match self.visitor.signed_in_at {
                Some(at) => format!("a fresh sign-in was asked for, and the last one there was at {at}"),
                None => "a fresh sign-in was asked for, and it does not say when there was one \
                         (vestibule.social.require_fresh_sign_in)"
                    .to_owned(),
            };
            told(&self.provider, &self.flow, &Trouble::new(Stage::ClaimsInvalid, reason));
            let text = text::provider_sign_in_is_old(&self.provider.label);
            return back(ctx, self.flow, text, self.exchange).await;
        }
        if let Some(identity) = known(ctx, &self.visitor).await? {
            return self.sign_in(ctx, identity).await;
        }
        let waiting = {
            let mut tx = ctx.db().single().await?;
            store::social::link(&mut tx, self.flow.id).await?
        };
        if self.flow.kind == StoredKind::Login && (self.flow.refresh || waiting.is_some()) {
            let text = text::not_this_account();
            return back(ctx, self.flow, text, self.exchange).await;
        }
        self.sign_up(ctx).await
    }

    /// Whether they proved themselves to the provider since the flow began (OWASP ASVS 5.0, 6.8.4).
    fn is_fresh(&self) -> bool {
        match self.visitor.signed_in_at {
            Some(at) => at >= self.flow.issued_at - SKEW,
            None => !self.provider.fresh_sign_in_required,
        }
    }

    /// Somebody who came from there before.
    async fn sign_in(self, ctx: &Ctx, identity: Identity) -> Result<Landed> {
        let flow = match self.flow.kind {
            StoredKind::Login => self.flow,
            _ => {
                let flow = login::converted(ctx, &self.flow, &self.request).await?;
                if let Some(token) = &self.visitor.token {
                    let mut tx = ctx.db().write_single_relaxed().await?;
                    store::id_tokens::follow(&mut tx, &token.digest, flow.id).await?;
                    tx.commit().await?;
                }
                flow
            }
        };
        let plan = plan(&ctx.config, FlowKind::Login, Method::Oidc, self.client);
        let (ctx, request, provider, exchange) = (ctx.clone(), self.request, self.provider, self.exchange);
        let visitor = self.visitor;
        to_completion(ctx.engine.following(), async move {
            login::active(&identity)?;
            let id = identity.id;
            let basis = Basis::Subject(visitor.identifier());
            let by = login::By {
                basis,
                provider: Some(&provider.id),
                parked: exchange.is_some(),
                token: visitor.token.as_ref(),
            };
            match login::execute(&ctx, &plan, &flow, identity, "", request, by).await? {
                Submitted::Done(done) => match exchange {
                    Some(exchange) => exchange::answer(&ctx, exchange, &flow, Some((id, &provider.id)))
                        .await
                        .map(Landed::ToApp),
                    None => Ok(Landed::SignedIn(Box::new(done))),
                },
                Submitted::Again(flow) | Submitted::TooEarly { flow, .. } => {
                    held_out(&ctx, *flow, exchange).await
                }
                Submitted::Unverified(shown) => Ok(Landed::Unverified(shown)),
                Submitted::SignedIn(url) => Ok(Landed::Already(url)),
                Submitted::Replaced { expired_at, flow } => Ok(Landed::Replaced { expired_at, flow }),
                Submitted::Leave(_) | Submitted::Landed(_) => {
                    Err(Error::internal("a sign-in by a provider that leads to a provider"))
                }
            }
        })
        .await
    }

    async fn sign_up(mut self, ctx: &Ctx) -> Result<Landed> {
        let mapped = match social::map(line(ctx), &self.provider, &self.visitor, None).await {
            Ok(mapped) => mapped,
            Err(trouble) if trouble.stage == Stage::Busy => {
                return Err(busy(&self.provider, &self.flow, &trouble));
            }
            Err(trouble) => {
                told(&self.provider, &self.flow, &trouble);
                let sentence = sentence(&trouble, &self.provider);
                return back(ctx, self.flow, sentence, self.exchange).await;
            }
        };
        let mut traits = mapped.traits.clone();
        if let Some(typed) = self.form.get("traits").filter(|typed| typed.is_object()) {
            lay_over(&mut traits, typed);
        }
        let schema = registration::schema_of(ctx, &self.flow)?;
        let schema_id = schema.id.clone();
        let checked = schema.schema.validate(&traits, ctx.config.vestibule.requests.violations());
        // Before anything is looked up: an address that nobody vouches for is answered alike, known or not.
        let keys = &ctx.config.vestibule.registration;
        if let (true, Ok(extracted)) = (keys.prevent_enumeration && ctx.config.sends_codes(), &checked)
            && !vouched_for(extracted, &mapped)
        {
            told(&self.provider, &self.flow, &nobody_vouches(&self.provider));
            let text = text::provider_does_not_vouch(&self.provider.label);
            return back(ctx, self.flow, text, self.exchange).await;
        }
        // Who has an account and must link may do so where nobody signs up any more (contract).
        let open = registration::enabled(ctx);
        if let (Err(_), Ok(extracted)) = (&open, &checked)
            && let Some((identity, duplicate)) = conflict(ctx, extracted).await?
        {
            return self.link(ctx, &mapped, identity, duplicate).await;
        }
        open?;
        if self.flow.kind == StoredKind::Login {
            self.flow = registration::converted(ctx, &self.flow, &self.request).await?;
        }
        let extracted = match checked {
            Ok(extracted) => extracted,
            Err(violations) => {
                // No failure: the person is asked for the rest. Whether a mapper makes nonsense only its author can tell.
                let fields: Vec<&str> = violations.iter().map(|found| found.pointer.as_str()).collect();
                let (provider, flow) = (&self.provider.id, &self.flow.id);
                tracing::info!(provider, %flow, ?fields, "what a provider says makes no account yet: the person is asked");
                let mut flow = self.flow;
                registration::draw_to_go_on(ctx, &mut flow, &self.provider, &traits)?;
                for violation in violations {
                    flow.ui.attach(&violation.pointer, violation.text);
                }
                return held_out(ctx, flow, self.exchange).await;
            }
        };
        let arrived = Arrived {
            visitor: self.visitor.clone(),
            mapped: mapped.clone(),
            parked: self.exchange.is_some(),
        };
        let ctx = ctx.clone();
        to_completion(ctx.engine.following(), async move {
            let done = registration::by_provider(
                &ctx,
                &self.flow,
                self.client,
                (schema_id, traits.clone(), extracted.clone()),
                arrived,
                &self.request,
            )
            .await?;
            match done {
                Ran::Done(done) => match self.exchange {
                    Some(exchange) => {
                        let plan = plan(&ctx.config, FlowKind::Registration, Method::Oidc, Client::Native);
                        let proven = handover::nothing_left_to_prove(&done.identity);
                        let signs_in = plan.signs_in() || (plan.signs_in_when_proven() && proven);
                        let who = signs_in.then_some((done.identity.id, self.provider.id.as_str()));
                        exchange::answer(&ctx, exchange, &self.flow, who).await.map(Landed::ToApp)
                    }
                    None => Ok(Landed::SignedUp(done)),
                },
                Ran::Refused(messages) => {
                    let mut flow = self.flow;
                    registration::draw_to_go_on(&ctx, &mut flow, &self.provider, &traits)?;
                    for (name, message) in messages {
                        flow.ui.attach(&name, message);
                    }
                    held_out(&ctx, flow, self.exchange).await
                }
                Ran::Taken => {
                    // Two first visits of one person at once: the other one made the account.
                    if let Some(identity) = known(&ctx, &self.visitor).await? {
                        return self.sign_in(&ctx, identity).await;
                    }
                    match conflict(&ctx, &extracted).await? {
                        Some((identity, duplicate)) => self.link(&ctx, &mapped, identity, duplicate).await,
                        None => back(&ctx, self.flow, text::identifier_exists(), self.exchange).await,
                    }
                }
            }
        })
        .await
    }

    /// The address has an account: whoever signs in to it links the two.
    async fn link(self, ctx: &Ctx, mapped: &Mapped, identity: Identity, duplicate: String) -> Result<Landed> {
        let proven = identity
            .verifiable_addresses
            .iter()
            .any(|address| address.verified && address.value == duplicate);
        if self.provider.links_by_itself && mapped.vouched.contains(&duplicate) && proven {
            linking::at_once(ctx, &self.visitor, &identity).await?;
            return Box::pin(self.sign_in(ctx, identity)).await;
        }
        let flow = linking::begin(
            ctx,
            &self.flow,
            &self.provider,
            &self.visitor,
            (&identity, &duplicate),
            &self.request,
        )
        .await?;
        held_out_as_is(ctx, flow, self.exchange).await
    }
}

/// Whose account the provider's subject is linked to.
pub(super) async fn known(ctx: &Ctx, visitor: &Visitor) -> Result<Option<Identity>> {
    let mut tx = ctx.db().read().await?;
    let found = store::identities::by_identifier(&mut tx, Method::Oidc.name(), &visitor.identifier()).await?;
    Ok(found.map(|(identity, _)| identity))
}

/// Why no account is made where accounts have proven addresses only.
fn nobody_vouches(provider: &Provider) -> Trouble {
    let reason = match provider.vouches {
        true => "its mapper names an address of the account that is not among verified_addresses",
        false => "its word on addresses does not count: see vestibule.social.trusted_email_providers",
    };
    let all = "and vestibule.registration.prevent_enumeration takes no address without proof";
    Trouble::new(Stage::ClaimsInvalid, format!("{reason}, {all}"))
}

/// Whether the provider vouches for all addresses.
pub(super) fn vouched_for(extracted: &Extracted, mapped: &Mapped) -> bool {
    let addresses = extracted.verifiable.iter().chain(&extracted.recovery).map(|address| &address.value);
    let identifiers = extracted.password_identifiers.iter().filter(|identifier| identifier.contains('@'));
    addresses.chain(identifiers).all(|address| mapped.vouched.contains(address))
}

/// Who has one of these identifiers or addresses already, and which.
pub(super) async fn conflict(ctx: &Ctx, extracted: &Extracted) -> Result<Option<(Identity, String)>> {
    let mut tx = ctx.db().read().await?;
    for identifier in &extracted.password_identifiers {
        let kind = Method::Password.name();
        if let Some((identity, _)) = store::identities::by_identifier(&mut tx, kind, identifier).await? {
            return Ok(Some((identity, identifier.clone())));
        }
    }
    for address in extracted.verifiable.iter().chain(&extracted.recovery) {
        if let Some(identity) = store::identities::by_address(&mut tx, &address.value).await? {
            return Ok(Some((identity, address.value.clone())));
        }
    }
    Ok(None)
}

/// Objects are laid into each other; anything else replaces.
fn lay_over(target: &mut Value, more: &Value) {
    match (target, more) {
        (Value::Object(target), Value::Object(more)) => {
            for (name, value) in more {
                lay_over(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (target, more) => *target = more.clone(),
    }
}
