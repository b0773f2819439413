//! Carrying out the plan of a sign-up whose form was accepted: each step in its turn, with what is stored in one transaction.

use super::super::provisional::Provisional;
use super::super::{
    ContinueWith, Flow, HandedOver, csrf, handover, invited, landing, pending, return_url, social,
    verification, webhook,
};
use super::Form;
use super::Registered;
use crate::config::hooks::Response;
use crate::config::{Hook, Method, WebHook};
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::hooks;
use crate::identity::proof::{By, address_proven};
use crate::identity::{self, Credential, Identity, RecoveryAddress, VerifiableAddress};
use crate::ids::FlowId;
use crate::invitations::Invitation;
use crate::plan::{Client, FlowKind, Plan, Step};
use crate::requester::Requester;
use crate::session::{self, DeviceInfo};
use crate::store::{self, Tx, identities::Inserted};
use crate::trace::Running;
use crate::ui::{Text, text};
use serde_json::{Value, json};
use uuid::Uuid;

/// A plan being carried out for an accepted form.
pub(super) struct Execution {
    pub(super) ctx: Ctx,
    pub(super) plan: Plan,
    pub(super) form: Form,
    pub(super) invitation: Option<Invitation>,
    pub(super) proof: Proof,
    pub(super) requester: Requester,
    pub(super) seen: webhook::Seen,
}

/// What the account can be signed in to with.
pub(super) enum Proof {
    /// The hash.
    Password(String),
    Provider(Box<landing::Arrived>),
}

impl Proof {
    fn credentials(&self, identity: &Identity, identifiers: &[String]) -> Vec<Credential> {
        let credential = |method: Method, identifiers: Vec<String>, config: Value| Credential {
            kind: method.name().to_owned(),
            identifiers,
            config,
            created_at: identity.created_at,
            updated_at: identity.created_at,
        };
        match self {
            Proof::Password(hash) => {
                vec![credential(Method::Password, identifiers.to_vec(), json!({ "hashed_password": hash }))]
            }
            Proof::Provider(arrived) => {
                let visitor = &arrived.visitor;
                let entry = crate::social::entry(&visitor.provider, &visitor.subject);
                let mut all = vec![credential(
                    Method::Oidc,
                    vec![visitor.identifier()],
                    json!({ "providers": [entry] }),
                )];
                // Reserved without a password, as in Kratos: else the next sign-up with this address would be a second account.
                if !identifiers.is_empty() {
                    all.push(credential(Method::Password, identifiers.to_vec(), json!({})));
                }
                all
            }
        }
    }

    fn provider(&self) -> Option<&str> {
        match self {
            Proof::Password(_) => None,
            Proof::Provider(arrived) => Some(&arrived.visitor.provider),
        }
    }

    /// The session is made later, when an app fetches it.
    fn parked(&self) -> bool {
        matches!(self, Proof::Provider(arrived) if arrived.parked)
    }
}

/// What became of it.
pub(in crate::flow) enum Ran {
    Done(Box<Registered>),
    /// The identifier is.
    Taken,
    /// By a web hook, or because what a web hook made of the account does not fit: messages by field, nothing is stored.
    Refused(Vec<(String, Text)>),
}

impl Execution {
    pub(super) async fn run(mut self, flow: &Flow) -> Result<Ran> {
        let ctx = self.ctx.clone();
        let mut identity = identity::create(
            ctx.effects(),
            &self.form.schema_id,
            self.form.traits.clone(),
            &self.form.extracted,
        );
        if let Proof::Provider(arrived) = &self.proof {
            arrived.lay_over(&mut identity);
        }
        identity.unverified = ctx.config.vestibule.registration.unverified_session_lifespan.is_some();
        identity.resettable = ctx.config.vestibule.registration.reset_on_first_verification;
        let mut provisional = Provisional::begin(&ctx, &self.plan, flow, identity.id).await?;
        let ran = self.steps(flow, identity, provisional.as_mut()).await;
        match (&ran, provisional) {
            (Ok(Ran::Done(_)), _) | (_, None) => {}
            (_, Some(provisional)) => provisional.undo(&ctx).await,
        }
        ran
    }

    /// `provisional`: where it is all or nothing.
    async fn steps(
        &mut self,
        flow: &Flow,
        mut identity: Identity,
        mut provisional: Option<&mut Provisional>,
    ) -> Result<Ran> {
        let ctx = self.ctx.clone();
        let mut done = None;
        for step in self.plan.steps.clone() {
            let running = match &step {
                Step::Before(_) | Step::Check | Step::Hash => None,
                step => Some(Running::begin(ctx.engine.trace(), step)),
            };
            match step {
                // These came before: a refused form never gets this far.
                Step::Before(_) | Step::Invitation | Step::Check | Step::Hash => {}
                Step::Ask(hook) => {
                    let about = webhook::About {
                        flow,
                        identity: Some(&identity),
                        session: None,
                        method: Some(self.plan.method),
                        seen: &self.seen,
                    };
                    match asked(&ctx, &hook, about, provisional.as_deref_mut()).await? {
                        webhook::Said::GoOn => {}
                        webhook::Said::Refuse(messages) => return Ok(Ran::Refused(messages)),
                        webhook::Said::Change(changes) => {
                            match self.change(identity, *changes, &hook.name)? {
                                Ok(changed) => identity = changed,
                                Err(messages) => return Ok(Ran::Refused(messages)),
                            }
                        }
                    }
                }
                // What stands below happens with the proof.
                Step::Pend => {
                    // No plan of a provider has this step.
                    let Proof::Password(hash) = &self.proof else { continue };
                    let sign_up = pending::SignUp {
                        requester: &self.requester,
                        plan: &self.plan,
                        identity: identity.clone(),
                        identifiers: self.form.extracted.password_identifiers.clone(),
                        hash,
                        invitation: self.invited_by(),
                    };
                    if let Some(kept) = pending::keep(&ctx, flow, sign_up).await? {
                        return Ok(Ran::Done(Box::new(kept)));
                    }
                }
                // Done in the transaction that stores: an account without its mail would be stuck.
                Step::SendCode => {}
                Step::Reserve => {
                    self.count_proofs(&mut identity);
                    if let Some(provisional) = provisional.as_deref_mut() {
                        match provisional.reserve(&ctx, &identity, &self.credentials(&identity)).await? {
                            Inserted::Done => {}
                            Inserted::Taken => return Ok(Ran::Taken),
                        }
                    }
                }
                Step::Store => match self.store(flow, identity.clone(), provisional.as_deref()).await? {
                    Some(stored) => done = Some(stored),
                    None => return Ok(Ran::Taken),
                },
                Step::Run(Hook::WebHook(hook)) => {
                    let identity = done.as_ref().map_or(&identity, |done: &Registered| &done.identity);
                    let about = webhook::About {
                        flow,
                        identity: Some(identity),
                        session: None,
                        method: Some(self.plan.method),
                        seen: &self.seen,
                    };
                    // Whoever may refuse was asked before; a failure is shown, and the account stays unless it is all or
                    // nothing.
                    asked(&ctx, &hook, about, provisional.as_deref_mut()).await?;
                }
                Step::Run(hook) => {
                    if let Some(done) = &mut done {
                        run_hook(&hook, done);
                    }
                }
                Step::SignIn | Step::SignInWhenProven => {
                    if let Some(done) = &mut done {
                        self.hand_over(done).await?;
                    }
                }
                Step::Authenticate => {}
            }
            if let Some(running) = running {
                running.passed();
            }
        }
        done.map(|done| Ran::Done(Box::new(done)))
            .ok_or_else(|| Error::internal("a registration plan without the step that stores"))
    }

    fn invited_by(&self) -> Option<Uuid> {
        self.invitation.as_ref().map(|invitation| invitation.id)
    }

    /// The account as a web hook wants it, or why that cannot be.
    ///
    /// # Errors
    /// 502 for what only whoever wrote the hook can mend.
    fn change(
        &mut self,
        identity: Identity,
        changes: webhook::Changes,
        hook: &str,
    ) -> Result<std::result::Result<Identity, Vec<(String, Text)>>> {
        let (config, effects) = (&self.ctx.config, self.ctx.effects());
        let mut identity = identity;
        if changes.traits.is_some() || changes.schema_id.is_some() {
            let id = changes.schema_id.unwrap_or_else(|| identity.schema_id.clone());
            let schema = config.schema(&id).ok_or_else(|| {
                Error::new(Kind::Upstream, "The account cannot be made as another service wants it.")
                    .caused_by(format!("the web hook {hook} names the unknown identity schema {id:?}"))
            })?;
            let traits = changes.traits.unwrap_or_else(|| identity.traits.clone());
            let extracted = match schema.schema.validate(&traits, config.vestibule.requests.violations()) {
                Ok(extracted) => extracted,
                Err(violations) => {
                    let messages = violations.into_iter().map(|found| (found.pointer, found.text));
                    return Ok(Err(messages.collect()));
                }
            };
            if extracted.password_identifiers.is_empty() && self.plan.method == Method::Password {
                return Ok(Err(vec![(String::new(), text::no_identifier())]));
            }
            let made = identity::create(effects, &id, traits, &extracted);
            identity = Identity {
                schema_id: made.schema_id,
                traits: made.traits,
                verifiable_addresses: made.verifiable_addresses,
                recovery_addresses: made.recovery_addresses,
                ..identity
            };
            self.form.extracted = extracted;
        }
        let now = identity.created_at;
        if !changes.verifiable_addresses.is_empty() {
            identity.verifiable_addresses = changes
                .verifiable_addresses
                .into_iter()
                .map(|given| {
                    let mut address = VerifiableAddress {
                        id: effects.uuid(),
                        value: identity::normalise_identifier(&given.value),
                        verified: false,
                        via: given.via,
                        status: "pending".to_owned(),
                        verified_at: None,
                        created_at: now,
                        updated_at: now,
                    };
                    if given.verified {
                        address_proven(&mut address, By::Hook, now);
                    }
                    address
                })
                .collect();
        }
        if !changes.recovery_addresses.is_empty() {
            identity.recovery_addresses = changes
                .recovery_addresses
                .into_iter()
                .map(|given| RecoveryAddress {
                    id: effects.uuid(),
                    value: identity::normalise_identifier(&given.value),
                    via: given.via,
                    created_at: now,
                    updated_at: now,
                })
                .collect();
        }
        identity.state = changes.state.unwrap_or(identity.state);
        identity.metadata_public = changes.metadata_public.unwrap_or(identity.metadata_public);
        identity.metadata_admin = changes.metadata_admin.unwrap_or(identity.metadata_admin);
        identity.external_id = match changes.external_id {
            Some(id) => id.filter(|id| !id.is_empty()),
            None => identity.external_id,
        };
        Ok(Ok(identity))
    }

    /// What was vouched for before there is an account, by whoever invited or by another service, is a proof.
    fn count_proofs(&self, identity: &mut Identity) {
        invited::prove(&self.ctx, self.invitation.as_ref(), identity);
        let proven = identity.verifiable_addresses.iter().any(|address| address.verified);
        let provable = !proven && !identity.verifiable_addresses.is_empty();
        identity.unverified &= provable;
        identity.resettable &= provable;
    }

    /// Identity, credential and, as the plan says, session, verification with its code and mail: one transaction. `None`: the
    /// identifier is taken.
    async fn store(
        &self,
        flow: &Flow,
        mut identity: Identity,
        provisional: Option<&Provisional>,
    ) -> Result<Option<Registered>> {
        let ctx = &self.ctx;
        let effects = ctx.effects();
        self.count_proofs(&mut identity);
        let handed_over = self.signs_in_at_once(&identity).then(|| {
            let device = DeviceInfo::from(&self.requester);
            let (mut session, token) = session::new(ctx, &identity, self.plan.method.name(), &device);
            session::by_provider(&mut session, self.proof.provider());
            HandedOver { session, token }
        });
        // An address that was allowed at the start and is not any more must not cost the account.
        let return_to = return_url(&ctx.config, flow, FlowKind::Registration, self.plan.method)?;
        let mut tx = ctx.db().write().await?;
        if !provisional.is_some_and(Provisional::is_reserved) {
            match store::identities::insert(&mut tx, &identity, &self.credentials(&identity)).await? {
                Inserted::Done => {}
                Inserted::Taken => return Ok(None),
            }
        }
        if let Some(provisional) = provisional {
            provisional.finish(&mut tx).await?;
        }
        if let Proof::Provider(arrived) = &self.proof {
            social::spend(ctx, &mut tx, arrived.visitor.token.as_ref()).await?;
        }
        invited::use_up(ctx, &mut tx, self.invited_by(), &identity).await?;
        // No session is stored that might not be handed over: with a service to wait for, it comes after that.
        if let Some(handed_over) = handed_over.as_ref().filter(|_| !self.plan.waits_after_storing()) {
            store::sessions::insert(&mut tx, &handed_over.session).await?;
        }
        let sends_code = self.plan.steps.contains(&Step::SendCode);
        let new_csrf_cookie = (self.plan.client != Client::Native && (handed_over.is_some() || sends_code))
            .then(|| csrf::new_cookie(effects));
        let (mut verification, mut pending) = (None, None);
        if let Some(address) = verification::unverified(&identity).filter(|_| sends_code).cloned() {
            let cookie = new_csrf_cookie.as_deref().unwrap_or_default();
            let begun =
                verification::begin(ctx, &mut tx, flow, cookie, &self.requester, identity.id, &address)
                    .await?;
            if !self.hands_over_later() {
                pending = self.pend(&mut tx, &identity, begun.flow, address.id).await?;
            }
            verification = Some(begun);
            for sent in identity.verifiable_addresses.iter_mut().filter(|sent| sent.id == address.id) {
                sent.status = "sent".to_owned();
            }
        }
        let about = webhook::About {
            flow,
            identity: Some(&identity),
            session: None,
            method: Some(self.plan.method),
            seen: &self.seen,
        };
        webhook::inform(ctx, &mut tx, self.plan.informed(), &about).await?;
        tx.commit().await?;
        ctx.engine.wake_hooks();
        let mut continue_with = Vec::new();
        if self.plan.client == Client::Spa {
            continue_with
                .push(ContinueWith::RedirectBrowserTo { redirect_browser_to: return_to.to_string() });
        }
        Ok(Some(Registered {
            client: self.plan.client,
            identity,
            handed_over,
            continue_with,
            return_to,
            verification,
            pending,
            new_csrf_cookie,
        }))
    }

    fn credentials(&self, identity: &Identity) -> Vec<Credential> {
        self.proof.credentials(identity, &self.form.extracted.password_identifiers)
    }

    /// Also where the plan waits for a proof, and nothing is left to prove.
    fn signs_in_at_once(&self, identity: &Identity) -> bool {
        let at_once = self.plan.signs_in()
            || (self.plan.signs_in_when_proven() && handover::nothing_left_to_prove(identity));
        at_once && !self.proof.parked() && identity.state == identity::State::Active
    }

    /// What waits for the proof, where the plan says so or the proof takes over.
    async fn pend(
        &self,
        tx: &mut Tx,
        identity: &Identity,
        flow: FlowId,
        address: Uuid,
    ) -> Result<Option<handover::Pending>> {
        let signs_in = self.plan.signs_in_when_proven() && identity.state == identity::State::Active;
        // Whoever has the secret is known by it to have signed up: their proof takes nothing over.
        if self.proof.parked() || !(signs_in || identity.resettable) {
            return Ok(None);
        }
        handover::keep(&self.ctx, tx, flow, identity.id, address, (self.plan.method, signs_in)).await
    }

    /// Where a service is waited for, what it may still refuse to hand over comes after it.
    fn hands_over_later(&self) -> bool {
        self.plan.waits_after_storing() && (self.plan.signs_in() || self.plan.signs_in_when_proven())
    }

    /// Always the last step: it makes the answer, so nothing may run after it. Where a service was waited for, nothing was kept
    /// so far that might not be handed over.
    async fn hand_over(&self, done: &mut Registered) -> Result<()> {
        if self.plan.waits_after_storing() {
            let mut tx = self.ctx.db().write().await?;
            // Somebody proved the address while the service was waited for: no session from before begins after it.
            let unverified = done.handed_over.as_ref().is_some_and(|given| given.session.unverified);
            let before = done.identity.resettable || unverified;
            if before && !store::identities::still_before_proof(&mut tx, &done.identity).await? {
                done.handed_over = None;
            }
            if let Some(handed_over) = &done.handed_over {
                store::sessions::insert(&mut tx, &handed_over.session).await?;
            }
            let waiting = verification::unverified(&done.identity).map(|address| address.id);
            if let (Some(begun), Some(address)) = (&done.verification, waiting) {
                done.pending = self.pend(&mut tx, &done.identity, begun.flow, address).await?;
            }
            tx.commit().await?;
        }
        if let Some(handed_over) = done.handed_over.as_ref().filter(|_| done.client == Client::Native) {
            done.continue_with
                .push(ContinueWith::SetOrySessionToken { ory_session_token: handed_over.token.clone() });
        }
        Ok(())
    }
}

/// A service's word; where it is all or nothing it is kept who knows of the sign-up.
async fn asked(
    ctx: &Ctx,
    hook: &WebHook,
    about: webhook::About<'_>,
    provisional: Option<&mut Provisional>,
) -> Result<webhook::Said> {
    let Some(provisional) = provisional.filter(|_| hook.response != Response::Ignored) else {
        return webhook::call(ctx, hook, about).await;
    };
    let id = hooks::new_id(ctx);
    let (said, told) = webhook::ask(ctx, hook, about, id).await;
    if told {
        provisional.told(ctx, hook, id).await?;
    }
    said
}

/// No wildcard: a new hook does not compile until it has its place. Those without a feature yet were named when the
/// configuration was read.
fn run_hook(hook: &Hook, done: &mut Registered) {
    match hook {
        Hook::Session => {}
        Hook::ShowVerificationUi => show_verification(done),
        Hook::Verification
        // It has a step of its own.
        | Hook::WebHook(_)
        | Hook::B2bSso
        | Hook::RequireVerifiedAddress
        | Hook::RevokeActiveSessions => {
            tracing::warn!(hook = hook.name(), "this hook does nothing at registration");
        }
    }
}

/// Leads on to the page for the code, where there is one to type in (Kratos: selfservice/hook/show_verification_ui.go).
fn show_verification(done: &mut Registered) {
    if let Some(verification) = &done.verification {
        done.continue_with.push(verification.item(done.client != Client::Native));
        done.return_to = verification.url.clone();
    }
}
