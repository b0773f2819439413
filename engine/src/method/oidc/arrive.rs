//! What a provider says of a user, and what that means: a user who is known signs in, one who is not signs up, and one whose address
//! has an account is asked to verify it.

use super::known::known;
use super::link;
use super::linked;
use super::trouble::{busy, line, sentence, told};
use crate::config::social::Provider;
use crate::error::Result;
use crate::form::outcome::Why;
use crate::form::schema;
use crate::identity::schema::Extracted;
use crate::identity::{Identity, verification};
use crate::method::account::{active, conflict};
use crate::method::basis::Basis;
use crate::method::contract::{
    Attempt, CallbackOutcome, Facts, Known, More, NewAccount, NewCredential, Prove, Verdict, Who,
};
use crate::model::{FlowKind, MethodId};
use crate::signup;
use crate::social::{self, ExternalIdentity, Mapped, Stage, Trouble};
use crate::store;
use crate::ui::{Text, text};
use chrono::TimeDelta;
use futures::future::BoxFuture;
use serde_json::Value;
use std::sync::Arc;

/// How far the provider's clock may be behind.
const SKEW: TimeDelta = TimeDelta::seconds(60);

/// A user whose provider vouches for who they are.
pub(crate) struct Arrival {
    pub(crate) provider: Arc<Provider>,
    pub(crate) visitor: ExternalIdentity,
    /// What was filled in before.
    pub(crate) form: Value,
}

impl CallbackOutcome {
    /// What the provider says beside the traits.
    pub(crate) fn lay_over(&self, identity: &mut Identity) {
        if let Some(metadata) = &self.mapped.metadata_public {
            identity.metadata_public = metadata.clone();
        }
        if let Some(metadata) = &self.mapped.metadata_admin {
            identity.metadata_admin = metadata.clone();
        }
        let at = identity.created_at;
        for address in &mut identity.verifiable_addresses {
            if address.via == "email" && self.mapped.vouched.contains(&address.value) {
                verification::mark_verified(address, verification::VerifiedBy::Provider, at);
            }
        }
    }

    /// An account of those identifiers was stored meanwhile.
    pub(super) async fn taken(&self, on: &mut Attempt, extracted: &Extracted) -> Result<Verdict> {
        let ctx = on.ctx.clone();
        // Two first visits of one user at once: the other one created the account.
        if let Some(identity) = known(&ctx, &self.visitor).await? {
            return sign_in(&self.visitor, identity);
        }
        match conflict(&ctx, extracted).await? {
            Some(found) => link(on, &self.provider, &self.visitor, &self.mapped, found).await,
            None => Ok(refused(on, text::identifier_exists())),
        }
    }
}

impl Prove for Arrival {
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let ctx = on.ctx.clone();
            if on.flow.kind() == FlowKind::Settings {
                return linked::arrived(on, &self.provider, self.visitor).await;
            }
            on.flow.active = Some(MethodId::Oidc.name().to_owned());
            if on.flow.is_refresh() && !self.is_fresh(on) {
                let reason = match self.visitor.signed_in_at {
                    Some(at) => format!("a fresh sign-in was asked for, and the last one there was at {at}"),
                    None => "a fresh sign-in was asked for, and it does not say when there was one \
                             (vestibule.social.require_fresh_sign_in)"
                        .to_owned(),
                };
                told(&self.provider, &on.flow, &Trouble::new(Stage::ClaimsInvalid, reason));
                return Ok(refused(on, text::provider_sign_in_is_old(&self.provider.label)));
            }
            if let Some(identity) = known(&ctx, &self.visitor).await? {
                return sign_in(&self.visitor, identity);
            }
            let waiting = {
                let mut tx = ctx.db().single().await?;
                store::social::link(&mut tx, on.flow.id).await?
            };
            if on.flow.kind() == FlowKind::Login && (on.flow.is_refresh() || waiting.is_some()) {
                return Ok(refused(on, text::not_this_account()));
            }
            self.sign_up(on).await
        })
    }
}

impl Arrival {
    /// Whether they proved themselves to the provider since the flow began (OWASP ASVS 5.0, 6.8.4).
    fn is_fresh(&self, on: &Attempt) -> bool {
        match self.visitor.signed_in_at {
            Some(at) => at >= on.flow.issued_at - SKEW,
            None => !self.provider.fresh_sign_in_required,
        }
    }

    async fn sign_up(self: Box<Self>, on: &mut Attempt) -> Result<Verdict> {
        let ctx = on.ctx.clone();
        let Arrival { provider, visitor, form } = *self;
        let mapped = match social::map(line(&ctx), &provider, &visitor, None).await {
            Ok(mapped) => mapped,
            Err(trouble) if trouble.stage == Stage::Busy => return Err(busy(&provider, &on.flow, &trouble)),
            Err(trouble) => {
                told(&provider, &on.flow, &trouble);
                return Ok(refused(on, sentence(&trouble, &provider)));
            }
        };
        let mut traits = mapped.traits.clone();
        if let Some(typed) = form.get("traits").filter(|typed| typed.is_object()) {
            lay_over(&mut traits, typed);
        }
        let schema = schema::of(&ctx, &on.flow)?;
        let schema_id = schema.id.clone();
        let checked = schema.schema.validate(&traits, ctx.config.vestibule.requests.violations());
        // Before anything is looked up: an address that nobody vouches for gets the same response, known or not.
        let keys = &ctx.config.vestibule.registration;
        if let (true, Ok(extracted)) = (keys.prevent_enumeration && ctx.config.sends_codes(), &checked)
            && !vouched_for(extracted, &mapped)
        {
            told(&provider, &on.flow, &nobody_vouches(&provider));
            return Ok(refused(on, text::provider_does_not_vouch(&provider.label)));
        }
        // A user who has an account and must link may do so where nobody signs up any more (contract).
        let open = signup::enabled(&ctx);
        if let (Err(_), Ok(extracted)) = (&open, &checked)
            && let Some(found) = conflict(&ctx, extracted).await?
        {
            return link(on, &provider, &visitor, &mapped, found).await;
        }
        open?;
        let extracted = match checked {
            Ok(extracted) => extracted,
            Err(violations) => {
                // No failure: the user is asked for the rest. Whether a mapper makes nonsense only its author can tell.
                let fields: Vec<&str> = violations.iter().map(|found| found.pointer.as_str()).collect();
                let (provider, flow) = (&provider.id, &on.flow.id);
                tracing::info!(provider, %flow, ?fields, "what a provider says makes no account yet: the person is asked");
                let messages = violations.into_iter().map(|found| (found.pointer, found.text)).collect();
                let more = More { provider: provider.clone(), traits, messages, token: visitor.token };
                return Ok(Verdict::AskForMore(Box::new(more)));
            }
        };
        let token = visitor.token.clone();
        let by = NewCredential::Provider(Arc::new(CallbackOutcome { provider, visitor, mapped }));
        let account = NewAccount { schema_id, traits, extracted, by, verified: Vec::new() };
        Ok(Verdict::Proceed(Box::new(Facts { token, ..Facts::of(Who::New(Box::new(account))) })))
    }
}

fn refused(on: &mut Attempt, text: Text) -> Verdict {
    on.flow.message(text);
    Verdict::Form(Why::Refused)
}

/// A user who came from there before.
fn sign_in(visitor: &ExternalIdentity, identity: Identity) -> Result<Verdict> {
    active(&identity)?;
    let known = Known {
        identity,
        basis: Basis::Subject(visitor.identifier()),
        used: String::new(),
        provider: Some(visitor.provider.clone()),
        verifies: None,
    };
    let facts = Facts { token: visitor.token.clone(), ..Facts::of(Who::Known(Box::new(known))) };
    Ok(Verdict::Proceed(Box::new(facts)))
}

/// The address has an account: the user who signs in to it links the two.
async fn link(
    on: &Attempt,
    provider: &Provider,
    visitor: &ExternalIdentity,
    mapped: &Mapped,
    (identity, duplicate): (Identity, String),
) -> Result<Verdict> {
    let mut addresses = identity.verifiable_addresses.iter();
    let verified = addresses.any(|address| address.verified && address.value == duplicate);
    if provider.links_by_itself && mapped.vouched.contains(&duplicate) && verified {
        link::at_once(&on.ctx, visitor, &identity).await?;
        return sign_in(visitor, identity);
    }
    let account = (&identity, duplicate.as_str());
    let flow = link::begin(&on.ctx, &on.flow, provider, visitor, account, &on.submit).await?;
    Ok(Verdict::Another(Box::new(flow)))
}

/// Why no account is made where accounts have proven addresses only.
fn nobody_vouches(provider: &Provider) -> Trouble {
    let reason = match provider.vouches {
        true => "its mapper names an address of the account that is not among verified_addresses",
        false => "its verified emails are not trusted: see vestibule.social.trusted_email_providers",
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
