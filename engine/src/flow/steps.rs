//! The only executor of a plan: every step in its turn. What is stored is in [`super::commit`], what the response is in
//! [`super::finish`].

use super::changes;
use super::commit::{self, Committed};
use super::new_address::{self, Held};
use super::replaced::replace;
use super::show::{return_url, show};
use super::work::{Part, USED, Work};
use super::{recovery, verification};
use crate::config::hooks::Response;
use crate::config::{Hook, WebHook};
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::form::envelope::save;
use crate::form::outcome::{Outcome, Replaced, ShowVerification, SignedUp, Verified, Why};
use crate::form::verification::{begin, unverified};
use crate::hooks::{
    self,
    call::{self, HookContext, HookDecision},
};
use crate::identity::change::IdentityChange;
use crate::identity::{Identity, VerifiableAddress};
use crate::method::{self, Attempt, NewCredential, Who};
use crate::model::{FlowKind, FlowType};
use crate::plan::Step;
use crate::signup::atomic::Reservation;
use crate::signup::pending;
use crate::store::identities::Inserted;
use crate::trace::Running;
use crate::ui::{Text, text};

/// What the account of a sign-in was when it was proven is not so any more.
const CHANGED: &str = "This account was changed meanwhile. Sign in again.";
/// The same in the settings.
const CHANGED_MEANWHILE: &str = "Your account was changed in another tab or device. Open the settings again.";
/// What became of the steps.
pub(super) enum Ran {
    Done(Outcome),
    /// An account of those identifiers was stored meanwhile.
    Taken(Box<Work>),
}

/// Carries the plan out, to the response.
pub(super) async fn run(mut work: Box<Work>) -> Result<Ran> {
    let ended = match work.steps().await {
        Ok(None) => return work.finish().await.map(Ran::Done),
        Ok(Some(Ended::With(outcome @ Outcome::SignedUp(_)))) => return Ok(Ran::Done(outcome)),
        ended => ended,
    };
    if let Some(reservation) = work.reservation.take() {
        reservation.undo(&work.on.ctx).await;
    }
    match ended? {
        Some(Ended::With(outcome)) => Ok(Ran::Done(outcome)),
        Some(Ended::Taken) | None => Ok(Ran::Taken(work)),
    }
}

/// Why no further step runs.
enum Ended {
    With(Outcome),
    /// An account of those identifiers was stored meanwhile.
    Taken,
}

impl Work {
    /// In run order. Those before the proof ran by then.
    fn queue(&self) -> Vec<(Part, Step)> {
        let ran =
            |step: &&Step| matches!(step, Step::Before(_) | Step::Invitation | Step::Check | Step::Prove);
        let own = self.plan.steps.iter().filter(|step| !ran(step)).cloned().map(|step| (Part::Own, step));
        let mut all: Vec<_> = own.collect();
        if let Some((_, plan)) = &self.sign_up {
            // What the sign-up runs once its account is stored comes before what the verification runs.
            let after = plan.steps.iter().skip_while(|step| **step != Step::Commit);
            let hooks = after.filter(|step| matches!(step, Step::Run(Hook::WebHook(_))));
            let at = all.iter().position(|(_, step)| *step == Step::Commit).map_or(0, |at| at + 1);
            all.splice(at..at, hooks.cloned().map(|step| (Part::SignUp, step)));
        }
        all
    }

    async fn steps(&mut self) -> Result<Option<Ended>> {
        for (part, step) in self.queue() {
            let running = Running::begin(self.on.ctx.engine.trace(), &step);
            if let Some(ended) = self.step(part, &step).await? {
                return Ok(Some(ended));
            }
            running.passed();
        }
        Ok(None)
    }

    /// No wildcard: a new step or hook does not compile until it has its place.
    async fn step(&mut self, part: Part, step: &Step) -> Result<Option<Ended>> {
        match step {
            // These ran before there was a proof. A code is sent in the transaction that stores: an account without its email would be
            // stuck.
            Step::Before(_) | Step::Invitation | Step::Check | Step::Prove | Step::SendCode => Ok(None),
            Step::Ask(hook) | Step::Run(Hook::WebHook(hook)) => self.web_hook(part, step, hook).await,
            Step::Pend => Ok(self.pend().await?.map(|kept| Ended::With(Outcome::SignedUp(Box::new(kept))))),
            Step::Reserve => self.reserve().await,
            Step::Commit => self.commit().await,
            Step::Run(Hook::RequireVerifiedAddress) if self.plan.flow == FlowKind::Login => {
                self.require_verified_address().await
            }
            Step::Run(Hook::Verification) if self.plan.flow == FlowKind::Login => {
                self.send_code_at_sign_in().await
            }
            // Within the transaction that stores.
            Step::Run(Hook::RevokeActiveSessions) if self.plan.flow == FlowKind::Settings => Ok(None),
            Step::Run(Hook::RevokeActiveSessions)
                if matches!(self.plan.flow, FlowKind::Login | FlowKind::Recovery) =>
            {
                // With the session that is stored at the end, all or nothing.
                self.made.others_end = true;
                Ok(None)
            }
            // Leads on to the page for the code, where there is one to type in (Kratos: selfservice/hook/show_verification_ui.go).
            Step::Run(Hook::ShowVerificationUi) => {
                self.made.shows_verification = true;
                Ok(None)
            }
            // Queued within the transaction that stores.
            Step::Run(Hook::NotifyPreviousAddresses(_)) if self.plan.flow == FlowKind::Settings => Ok(None),
            Step::Run(Hook::VerifyNewAddress) if self.plan.flow == FlowKind::Settings => {
                match new_address::hold(self).await? {
                    Held::No => Ok(None),
                    Held::Refused(why) => self.refused(why).await,
                    Held::Void => self.void().await.map(|outcome| Some(Ended::With(outcome))),
                    Held::Yes(outcome) => Ok(Some(Ended::With(outcome))),
                }
            }
            // Those without a feature yet were named when the configuration was read.
            Step::Run(
                hook @ (Hook::Session
                | Hook::Verification
                | Hook::B2bSso
                | Hook::RequireVerifiedAddress
                | Hook::RevokeActiveSessions
                | Hook::VerifyNewAddress
                | Hook::NotifyPreviousAddresses(_)),
            ) => {
                tracing::warn!(
                    hook = hook.name(),
                    flow = self.plan.flow.name(),
                    "this hook does nothing here"
                );
                Ok(None)
            }
            Step::OpenSettings => {
                self.made.opens_settings = !recovery::skips_settings(&self.on.flow);
                Ok(None)
            }
            Step::SignIn | Step::SignInWhenProven => self.sign_in().await,
        }
    }

    async fn web_hook(&mut self, part: Part, step: &Step, hook: &WebHook) -> Result<Option<Ended>> {
        let ctx = self.on.ctx.clone();
        let kind = match part {
            Part::Own => self.plan.flow,
            Part::SignUp => FlowKind::Registration,
        };
        let mut reservation = self.reservation.take();
        let said = asked(&ctx, hook, self.about(part), reservation.as_mut()).await;
        self.reservation = reservation;
        match (said?, kind) {
            (HookDecision::Continue, _) => Ok(None),
            (HookDecision::Modify(changes), FlowKind::Registration) if matches!(step, Step::Ask(_)) => {
                self.change(*changes, hook).await
            }
            (HookDecision::Modify(changes), FlowKind::Settings) if matches!(step, Step::Ask(_)) => {
                self.change_more(*changes, hook).await
            }
            // What it would change of the account is for sign-up and settings alone (contract).
            (HookDecision::Modify(_), _) => Ok(None),
            (HookDecision::Reject(messages), FlowKind::Registration) if matches!(step, Step::Ask(_)) => {
                self.refuse(messages).await.map(Some)
            }
            (HookDecision::Reject(messages), FlowKind::Settings) => {
                self.attach(messages);
                show(&mut self.on, Why::Refused).await.map(|form| Some(Ended::With(form)))
            }
            // A service that may refuse was asked before; a failure is shown, and the account stays unless it is all or nothing.
            (HookDecision::Reject(_), FlowKind::Registration) => Ok(None),
            (HookDecision::Reject(messages), FlowKind::Login | FlowKind::Recovery) => {
                self.on.flow.active = Some(self.plan.method.name().to_owned());
                self.attach(messages);
                show(&mut self.on, Why::Refused).await.map(|form| Some(Ended::With(form)))
            }
            // The address stays verified whatever a service says; nobody is issued a session that one of them refused.
            (HookDecision::Reject(messages), FlowKind::Verification) => {
                self.attach(messages);
                save(&ctx, &mut self.on.flow).await?;
                let done = Verified { flow: self.on.flow.clone(), given: None };
                Ok(Some(Ended::With(Outcome::Verified(Box::new(done)))))
            }
        }
    }

    fn attach(&mut self, messages: Vec<(String, Text)>) {
        for (name, message) in messages {
            self.on.flow.ui.attach(&name, message);
        }
    }

    /// The sign-up's form comes back, and nothing is stored.
    async fn refuse(&mut self, messages: Vec<(String, Text)>) -> Result<Ended> {
        if let Who::New(account) = &self.facts.who {
            self.method.redraw(&mut self.on, account)?;
        }
        self.attach(messages);
        show(&mut self.on, Why::Refused).await.map(Ended::With)
    }

    /// A web hook changes the account before it is stored.
    async fn change(&mut self, wanted: call::Changes, hook: &WebHook) -> Result<Option<Ended>> {
        let (Who::New(account), Some(identity)) = (&mut self.facts.who, &self.account) else {
            return Ok(None);
        };
        let was = identity.clone();
        match changes::apply(&self.on.ctx, self.plan.method, was, &mut account.extracted, wanted, &hook.name)?
        {
            Ok(changed) => {
                self.account = Some(changed);
                Ok(None)
            }
            Err(messages) => self.refuse(messages).await.map(Some),
        }
    }

    /// The same for an account that is there: with the user's own change, or not at all.
    async fn change_more(&mut self, wanted: call::Changes, hook: &WebHook) -> Result<Option<Ended>> {
        let (Who::Member(member), Some(identity)) = (&mut self.facts.who, &self.account) else {
            return Ok(None);
        };
        let change = IdentityChange::from(wanted);
        match changes::judged(&self.on.ctx, identity.clone(), change.clone(), &hook.name)? {
            Ok(changed) => {
                member.hooked = Some(change);
                self.account = Some(changed.record.identity);
                Ok(None)
            }
            Err(messages) => {
                self.attach(messages);
                show(&mut self.on, Why::Refused).await.map(|form| Some(Ended::With(form)))
            }
        }
    }

    /// What stands below happens once the address is verified; `None`: there is no address that could be.
    async fn pend(&mut self) -> Result<Option<SignedUp>> {
        let (Who::New(account), Some(identity)) = (&self.facts.who, &self.account) else { return Ok(None) };
        // No plan of a provider has this step.
        let NewCredential::Password(hash) = &account.by else { return Ok(None) };
        let sign_up = pending::SignUp {
            client: self.on.client,
            return_to: return_url(&self.on, &self.on.flow, self.plan.method)?,
            requester: &self.on.submit.requester,
            identity: identity.clone(),
            extracted: account.extracted.clone(),
            hash,
            invitation: self.invitation.as_ref().map(|invitation| invitation.id),
        };
        pending::keep(&self.on.ctx, &self.on.flow, sign_up).await
    }

    async fn reserve(&mut self) -> Result<Option<Ended>> {
        self.count_proofs();
        let (Who::New(account), Some(identity)) = (&self.facts.who, &self.account) else { return Ok(None) };
        let Some(reservation) = &mut self.reservation else { return Ok(None) };
        match reservation.reserve(&self.on.ctx, identity, &account.credentials(identity)).await? {
            Inserted::Done => Ok(None),
            Inserted::Taken => Ok(Some(Ended::Taken)),
        }
    }

    async fn commit(&mut self) -> Result<Option<Ended>> {
        match commit::commit(self).await? {
            Committed::Done => Ok(None),
            Committed::Taken => match &self.facts.who {
                Who::Member(member) => {
                    let why = member.wish.taken();
                    self.refused(why).await
                }
                Who::Moves(_) => self.refused(text::identifier_exists()).await,
                Who::New(_) | Who::Known(_) | Who::Owner(_) | Who::Recovered(_) | Who::Waiting(_) => {
                    Ok(Some(Ended::Taken))
                }
            },
            Committed::Refused(why) => self.refused(why).await,
            Committed::Void => self.void().await.map(|outcome| Some(Ended::With(outcome))),
        }
    }

    async fn refused(&mut self, why: Text) -> Result<Option<Ended>> {
        self.on.flow.message(why);
        show(&mut self.on, Why::Refused).await.map(|form| Some(Ended::With(form)))
    }

    /// What was proven is not so any more.
    async fn void(&mut self) -> Result<Outcome> {
        match &self.facts.who {
            Who::Owner(owner) => {
                tracing::debug!(id = %owner.code.id, "two came with one code at once");
                verification::replace(&self.on, Replaced::Over, text::generic(USED)).await
            }
            Who::Recovered(recovered) => {
                tracing::debug!(id = %recovered.code.id, "a recovery lost its account or its code meanwhile");
                replace(&self.on, Replaced::Over, text::already_recovered()).await
            }
            Who::Waiting(_) => {
                method::wrong_code(&mut self.on)?;
                show(&mut self.on, Why::WrongCode).await
            }
            Who::Moves(_) => {
                verification::replace(&self.on, Replaced::Over, text::generic(CHANGED_MEANWHILE)).await
            }
            Who::Member(_) => {
                self.on.flow.message(text::generic(CHANGED_MEANWHILE));
                show(&mut self.on, Why::Refused).await
            }
            Who::New(_) | Who::Known(_) => {
                let why = if self.facts.code.is_some() { USED } else { CHANGED };
                self.on.flow.message(text::generic(why));
                show(&mut self.on, Why::Refused).await
            }
        }
    }

    /// Always the last step: it makes the response, so nothing may run after it.
    async fn sign_in(&mut self) -> Result<Option<Ended>> {
        match self.plan.flow {
            // Nothing is stored before every service has agreed.
            FlowKind::Login | FlowKind::Recovery => self.commit().await,
            FlowKind::Registration if self.issues_later() => {
                commit::issue_later(self).await?;
                Ok(None)
            }
            FlowKind::Registration | FlowKind::Verification | FlowKind::Settings => Ok(None),
        }
    }

    /// `None`: some address is verified, or the very one that was typed where `vestibule.login.require_verified_identifier` says so and it
    /// is an address. Otherwise a code is on its way, and nobody is signed in (Kratos: selfservice/hook/require_verified_address.go).
    ///
    /// # Errors
    /// 500 `invalid_configuration` for an identity without any address that could be verified.
    async fn require_verified_address(&mut self) -> Result<Option<Ended>> {
        let (Who::Known(known), Some(identity)) = (&self.facts.who, &self.account) else { return Ok(None) };
        let config = &self.on.ctx.config;
        let typed = identity.verifiable_addresses.iter().find(|address| address.value == known.used);
        let typed = typed.filter(|_| config.vestibule.require_verified_identifier);
        let verified = match typed {
            Some(typed) => typed.verified,
            // sabotage: session-after-proof
            None => identity.verifiable_addresses.iter().any(|address| address.verified),
        };
        if verified {
            return Ok(None);
        }
        let waits =
            typed.filter(|address| config.verifies(&address.via)).or_else(|| unverified(config, identity));
        let Some(address) = waits.filter(|_| config.sends_codes()) else {
            return Err(Error::new(
                Kind::Internal,
                "Signing in needs a confirmed address, and this account has none that could be confirmed. Ask whoever runs \
                 this service.",
            )
            .with_id("invalid_configuration"));
        };
        let shown = self.send_code(identity, address).await?;
        Ok(Some(Ended::With(Outcome::Unverified(shown))))
    }

    async fn send_code_at_sign_in(&mut self) -> Result<Option<Ended>> {
        let config = self.on.ctx.config.clone();
        let waits =
            self.account.as_ref().and_then(|identity| Some((identity, unverified(&config, identity)?)));
        if let Some((identity, address)) = waits.filter(|_| config.sends_codes()) {
            self.made.verification = Some(self.send_code(identity, address).await?);
        }
        Ok(None)
    }

    pub(super) async fn send_code(
        &self,
        identity: &Identity,
        address: &VerifiableAddress,
    ) -> Result<ShowVerification> {
        let Attempt { ctx, flow, submit, .. } = &self.on;
        // Whoever submits need not be the browser that the flow began in.
        let cookie = match flow.kind_of_client {
            FlowType::Api => "",
            FlowType::Browser => submit.csrf_cookie.as_deref().unwrap_or(&flow.csrf_cookie),
        };
        let mut tx = ctx.db().write().await?;
        let begun = begin(ctx, &mut tx, flow, cookie, &submit.requester, identity.id, address).await?;
        tx.commit().await?;
        Ok(begun)
    }
}

/// What a service says. For an atomic sign-up it is stored which services may know of it.
async fn asked(
    ctx: &Ctx,
    hook: &WebHook,
    about: HookContext<'_>,
    reservation: Option<&mut Reservation>,
) -> Result<HookDecision> {
    let Some(reservation) = reservation.filter(|_| hook.response != Response::Ignored) else {
        return call::call(ctx, hook, about).await;
    };
    let id = hooks::new_id(ctx);
    reservation.notifies(ctx, hook, id).await?;
    let (said, notified) = call::ask(ctx, hook, about, id).await;
    if !notified {
        reservation.not_notified(id);
    }
    said
}
