//! A plan that is being carried out: what it began with, and what its steps came to so far.

use super::show::{return_url, show};
use super::verification;
use crate::error::Result;
use crate::form::csrf;
use crate::form::outcome::{DeferredLogin, Given, Issued, Outcome, Replaced, ShowVerification, Why, unknown};
use crate::hooks::call::HookContext;
use crate::identity::change::Record;
use crate::identity::verification::{VerifiedBy, mark_verified};
use crate::identity::{self, Credential, Identity, State};
use crate::invitations::Invitation;
use crate::method::{Attempt, Facts, Known, Method, NewCredential, Who, oidc};
use crate::model::{Flow, FlowKind, MethodId};
use crate::plan::{Plan, plan};
use crate::session::{self, DeviceInfo};
use crate::signup::atomic::Reservation;
use crate::signup::deferred::{self, Claim};
use crate::signup::{invitation, reset};
use crate::store;
use crate::store::social::Link;
use crate::ui::text;
use url::Url;
use uuid::Uuid;

/// Said of a code that another request used meanwhile.
pub(super) const USED: &str = "This code was used already. Ask for a new one.";

/// A plan that is being carried out.
pub(super) struct Work {
    pub(super) on: Attempt,
    pub(super) method: &'static dyn Method,
    pub(super) plan: Plan,
    pub(super) facts: Facts,
    pub(super) invitation: Option<Invitation>,
    /// As it is, or will be, stored. A verification of an account that exists reads it in its transaction.
    pub(super) account: Option<Identity>,
    /// All or nothing.
    pub(super) reservation: Option<Reservation>,
    /// The sign-up or the change of an email that is finished by a verification: its flow and plan.
    pub(super) sign_up: Option<(Flow, Plan)>,
    pub(super) made: Made,
}

/// What the steps came to so far.
#[derive(Default)]
pub(super) struct Made {
    /// The session of the response. Web hooks of a sign-in learn of it, stored it is at the end.
    pub(super) issued: Option<Issued>,
    /// It is one that is refreshed, whose token was this.
    pub(super) refreshes: Option<String>,
    pub(super) link: Option<Link>,
    /// `revoke_active_sessions`
    pub(super) others_end: bool,
    /// `show_verification_ui`
    pub(super) shows_verification: bool,
    pub(super) verification: Option<ShowVerification>,
    pub(super) deferred: Option<DeferredLogin>,
    pub(super) new_csrf_cookie: Option<String>,
    pub(super) return_to: Option<Url>,
    /// Verification: who may be signed in with it, and who is.
    pub(super) claim: Option<Claim>,
    pub(super) given: Option<Given>,
    /// Of a sign-up that waited for its verification: what the account signs in with.
    pub(super) credentials: Vec<Credential>,
    /// Settings: the account after the change.
    pub(super) record: Option<Record>,
    /// Recovery: the settings form that the user is led to.
    pub(super) settings: Option<Flow>,
    /// Recovery: whether there is one.
    pub(super) opens_settings: bool,
}

/// Whether there is anything to carry out.
pub(super) enum Begun {
    Work(Box<Work>),
    Ended(Outcome),
}

/// Whose step it is: of the flow that was sent, or of the sign-up that it finishes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Own,
    SignUp,
}

impl Work {
    pub(super) async fn begin(
        on: Attempt,
        method: &'static dyn Method,
        facts: Facts,
        invitation: Option<Invitation>,
    ) -> Result<Begun> {
        let ctx = on.ctx.clone();
        let plan = plan(&ctx.config, on.flow.kind(), method.id(), on.client);
        let mut work = Self {
            on,
            method,
            plan,
            facts,
            invitation,
            account: None,
            reservation: None,
            sign_up: None,
            made: Made::default(),
        };
        match &work.facts.who {
            Who::New(_) => work.begin_sign_up().await?,
            Who::Known(_) => {
                if let Some(refused) = work.begin_sign_in().await? {
                    return Ok(Begun::Ended(refused));
                }
            }
            Who::Owner(owner) if owner.ends => {
                let ended = reset::end(&ctx, &owner.code, owner.counted.as_ref()).await?;
                let why = if ended { text::account_ended() } else { text::generic(USED) };
                return verification::replace(&work.on, Replaced::Over, why).await.map(Begun::Ended);
            }
            Who::Recovered(_) => work.begin_recovery()?,
            Who::Owner(_) | Who::Waiting(_) => work.begin_verification().await?,
            Who::Member(_) => work.begin_change()?,
            Who::Moves(_) => work.begin_new_address().await?,
        }
        Ok(Begun::Work(Box::new(work)))
    }

    async fn begin_sign_up(&mut self) -> Result<()> {
        let Who::New(account) = &self.facts.who else { return Ok(()) };
        let ctx = self.on.ctx.clone();
        let mut identity =
            identity::create(ctx.effects(), &account.schema_id, account.traits.clone(), &account.extracted);
        if let NewCredential::Provider(arrived) = &account.by {
            arrived.lay_over(&mut identity);
        }
        let keys = &ctx.config.vestibule.registration;
        identity.unverified = keys.unverified_session_lifespan.is_some();
        identity.resettable = keys.reset_on_first_verification;
        let at = identity.created_at;
        for own in
            identity.verifiable_addresses.iter_mut().filter(|own| account.verified.contains(&own.value))
        {
            mark_verified(own, VerifiedBy::Code, at);
        }
        self.reservation = Reservation::begin(&ctx, &self.plan, &self.on.flow, identity.id).await?;
        self.account = Some(identity);
        Ok(())
    }

    async fn begin_sign_in(&mut self) -> Result<Option<Outcome>> {
        let Who::Known(known) = &self.facts.who else { return Ok(None) };
        let Known { identity, provider, .. } = &**known;
        let (ctx, method) = (self.on.ctx.clone(), self.plan.method.name());
        let (mut identity, provider) = (identity.clone(), provider.clone());
        if let Some(address) = self.verifies() {
            // Nobody is known to have signed up: who it was is asked where the address is verified.
            if identity.resettable {
                let own = identity.verifiable_addresses.iter().find(|own| own.id == address);
                let own = own.ok_or_else(unknown)?.clone();
                return self.send_code(&identity, &own).await.map(|shown| Some(Outcome::Unverified(shown)));
            }
            for own in identity.verifiable_addresses.iter_mut().filter(|own| own.id == address) {
                mark_verified(own, VerifiedBy::Code, ctx.effects().now());
            }
            identity.unverified = false;
        }
        match oidc::link::waiting(&ctx, &self.on.flow, identity.id, &self.on.submit).await? {
            Ok(link) => self.made.link = link,
            Err(refused) => {
                self.on.flow.message(refused);
                return show(&mut self.on, Why::Refused).await.map(Some);
            }
        }
        self.made.return_to = Some(return_url(&self.on, &self.on.flow, self.plan.method)?);
        let current = self.on.submit.current.clone();
        // A session from before the verification ends with it, so that none is left to refresh.
        let same = current.filter(|current| {
            let stays = self.verifies().is_none() || !current.session.unverified;
            stays && self.on.flow.is_refresh() && current.identity.id == identity.id
        });
        let (mut session, token) = match same {
            Some(mut current) => {
                self.made.refreshes = Some(current.token);
                let token = session::refresh(&ctx, &mut current.session, method);
                (current.session, token)
            }
            None => session::new(&ctx, &identity, method, &DeviceInfo::of(&self.on.submit.requester)),
        };
        session::by_provider(&mut session, provider.as_deref());
        if let Some(link) = &self.made.link {
            let at = session.authenticated_at;
            session::linked(&mut session, &link.provider, at);
        }
        self.made.issued = Some(Issued { session, token });
        self.account = Some(identity);
        Ok(None)
    }

    /// Web hooks that may stop the change see the account as it will be.
    fn begin_change(&mut self) -> Result<()> {
        let Who::Member(member) = &self.facts.who else { return Ok(()) };
        self.made.return_to = Some(return_url(&self.on, &self.on.flow, self.plan.method)?);
        let (record, now) = (self.on.record()?, self.on.ctx.effects().now());
        let changed = member.wish.on(record, now).apply(record, &self.on.ctx.change_rules(now));
        self.account =
            Some(changed.map_or_else(|_| record.identity.clone(), |changed| changed.record.identity));
        Ok(())
    }

    /// The address that a sign-in verifies, where a reset of the account can follow.
    pub(super) fn verifies(&self) -> Option<Uuid> {
        let Who::Known(known) = &self.facts.who else { return None };
        known.verifies.filter(|_| !known.identity.resettable || self.on.ctx.config.sends_codes())
    }

    /// The account's other sessions end: whoever has taken it over is out (design: recovery).
    fn begin_recovery(&mut self) -> Result<()> {
        let Who::Recovered(recovered) = &self.facts.who else { return Ok(()) };
        let ctx = self.on.ctx.clone();
        let mut identity = recovered.identity.clone();
        identity.unverified &= recovered.address.is_none();
        let amr = format!("{}_recovery", self.plan.method.name());
        let device = DeviceInfo::of(&self.on.submit.requester);
        let (session, token) = session::new(&ctx, &identity, &amr, &device);
        self.made.issued = Some(Issued { session, token });
        self.made.others_end = true;
        self.made.return_to = Some(return_url(&self.on, &self.on.flow, self.plan.method)?);
        self.made.new_csrf_cookie = Some(csrf::new_cookie(ctx.effects()));
        self.account = Some(identity);
        Ok(())
    }

    async fn begin_verification(&mut self) -> Result<()> {
        let ctx = self.on.ctx.clone();
        self.made.claim = Some(Claim::of(&self.on.flow, &self.on.submit, self.on.token()));
        let Who::Waiting(right) = &self.facts.who else { return Ok(()) };
        let now = ctx.effects().now();
        let sign_up = plan(&ctx.config, FlowKind::Registration, MethodId::Password, self.on.client);
        let (identity, credentials) = right.account(now);
        if sign_up.signs_in() || sign_up.signs_in_when_proven() {
            let claim = self.made.claim.as_ref();
            self.made.given = claim.and_then(|claim| {
                claim.give(&ctx, &self.on.flow, MethodId::Password, &identity, right.secret_hash())
            });
        }
        let began = {
            let mut tx = ctx.db().single().await?;
            store::flows::get(&mut tx, FlowKind::Registration, right.registration()).await?
        };
        // It may be cleaned up by now.
        self.sign_up = Some((began.unwrap_or_else(|| self.on.flow.clone()), sign_up));
        self.account = Some(identity);
        self.made.credentials = credentials;
        Ok(())
    }

    /// The settings form that the verification finishes, with what follows its change.
    async fn begin_new_address(&mut self) -> Result<()> {
        let Who::Moves(moves) = &self.facts.who else { return Ok(()) };
        let ctx = self.on.ctx.clone();
        let origin = {
            let mut tx = ctx.db().single().await?;
            store::flows::get(&mut tx, FlowKind::Settings, moves.change.origin).await?
        };
        // It may be cleaned up by now.
        let flow = origin.unwrap_or_else(|| self.on.flow.clone());
        let client = flow.client(self.on.submit.json);
        self.sign_up = Some((flow, plan(&ctx.config, FlowKind::Settings, MethodId::Profile, client)));
        Ok(())
    }

    /// The flow that a step belongs to.
    pub(super) fn flow_of(&self, part: Part) -> &Flow {
        match (part, &self.sign_up) {
            (Part::SignUp, Some((flow, _))) => flow,
            (Part::SignUp, None) | (Part::Own, _) => &self.on.flow,
        }
    }

    pub(super) fn about(&self, part: Part) -> HookContext<'_> {
        let of_verification = part == Part::Own && self.plan.flow == FlowKind::Verification;
        HookContext {
            flow: self.flow_of(part),
            identity: self.account.as_ref(),
            session: match self.plan.flow {
                FlowKind::Login | FlowKind::Recovery => {
                    self.made.issued.as_ref().map(|issued| &issued.session)
                }
                FlowKind::Settings => self.on.submit.current.as_ref().map(|current| &current.session),
                FlowKind::Registration | FlowKind::Verification => None,
            },
            method: match (part, &self.sign_up) {
                (Part::SignUp, Some((_, plan))) => Some(plan.method),
                (Part::SignUp, None) | (Part::Own, _) => Some(self.plan.method).filter(|_| !of_verification),
            },
            seen: &self.on.submit.seen,
        }
    }

    /// For those that nobody waits for, which are queued with what they tell of: each part of the work with its plan.
    pub(super) fn informs(&self) -> Vec<(HookContext<'_>, &Plan)> {
        let sign_up = self.sign_up.as_ref().map(|(_, plan)| (self.about(Part::SignUp), plan));
        sign_up.into_iter().chain([(self.about(Part::Own), &self.plan)]).collect()
    }

    /// What was vouched for before there is an account, by whoever invited or by another service, is a proof.
    pub(super) fn count_proofs(&mut self) {
        let Some(identity) = &mut self.account else { return };
        invitation::prove(&self.on.ctx, self.invitation.as_ref(), identity);
        let proven = identity.verifiable_addresses.iter().any(|address| address.verified);
        let provable = !proven && !identity.verifiable_addresses.is_empty();
        identity.unverified &= provable;
        identity.resettable &= provable;
    }

    /// Whether a session is stored with the account. Also where the plan waits for a proof, and nothing is left to prove.
    pub(super) fn signs_in_at_once(&self) -> bool {
        self.account.as_ref().is_some_and(|identity| {
            let at_once = self.plan.signs_in()
                || (self.plan.signs_in_when_proven()
                    && deferred::nothing_left_to_prove(&self.on.ctx.config, identity));
            at_once && identity.state == State::Active
        })
    }

    /// A service is waited for, and nothing is stored before it agrees that might not be returned.
    pub(super) fn issues_later(&self) -> bool {
        self.plan.waits_after_storing()
            || self.sign_up.as_ref().is_some_and(|(_, plan)| plan.waits_after_storing())
    }
}
