//! The only executor of a plan: what a method proved, step by step, to the response. What is stored is in [`super::commit`].

use super::commit::{self, Committed};
use super::show::{refused, return_url, show, shown};
use super::{changes, login, registration, verification};
use crate::config::hooks::Response;
use crate::config::{Hook, WebHook};
use crate::effects::to_completion;
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::form::envelope::save;
use crate::form::outcome::{
    ContinueWith, DeferredLogin, Given, Issued, Outcome, Replaced, ShowVerification, SignedIn, SignedUp,
    Verified, Why,
};
use crate::form::verification::{begin, unverified};
use crate::hooks::{
    self,
    call::{self, About, Said},
};
use crate::identity::schema::Extracted;
use crate::identity::{self, Identity, State, VerifiableAddress};
use crate::invitations::Invitation;
use crate::limits;
use crate::method::{
    self, Attempt, Checked, Facts, Known, Method, More, NewCredential, Prove, Verdict, Who, oidc,
};
use crate::model::{Client, Flow, FlowKind, FlowType, MethodId};
use crate::plan::{Plan, Step, plan};
use crate::session::{self, DeviceInfo};
use crate::signup::atomic::Provisional;
use crate::signup::deferred::{self, Claim};
use crate::signup::{invitation, pending, reset};
use crate::social::SentToken;
use crate::store;
use crate::store::identities::Inserted;
use crate::store::social::Link;
use crate::trace::Running;
use crate::ui::{Text, text};
use futures::future::BoxFuture;
use url::Url;

/// What the account of a sign-in was when it was proven is not so any more.
const CHANGED: &str = "This account was changed meanwhile. Sign in again.";
const USED: &str = "This code was used already. Ask for a new one.";

/// A form that `method` takes.
pub(super) async fn submitted(mut on: Attempt, method: &'static dyn Method) -> Result<Outcome> {
    let ctx = on.ctx.clone();
    let checking = Running::begin(ctx.engine.trace(), &Step::Check);
    let proof = match method.check(&mut on).await? {
        Checked::Done(verdict) => return settle(on, method, verdict, None).await,
        Checked::Go(proof) => proof,
    };
    checking.passed();
    let admitted = match proof.applicant().cloned() {
        None => None,
        Some(extracted) => match admit(&on, &extracted).await? {
            Ok(admitted) => Some(admitted),
            Err(refusal) => {
                on.flow.ui.put_values(&on.body);
                return match refusal {
                    Refusal::Said(message) => refused(&mut on, message).await,
                    Refusal::TooEarly(seconds) => show(&mut on, Why::TooEarly(seconds)).await,
                };
            }
        },
    };
    let proving = Running::begin(ctx.engine.trace(), &Step::Prove);
    let verdict = proof.prove(&mut on).await?;
    if matches!(verdict, Verdict::Proceed(_)) {
        proving.passed();
    }
    settle(on, method, verdict, admitted).await
}

/// A browser is back from a provider: the attempt enters at its proof.
pub(super) async fn returned(mut on: Attempt, proof: Box<dyn Prove>) -> Result<Outcome> {
    let method = method::of(on.flow.kind()).find(|method| method.id() == MethodId::Oidc);
    let method = method.ok_or_else(|| Error::internal("a return from a provider without its method"))?;
    let verdict = proof.prove(&mut on).await?;
    settle(on, method, verdict, None).await
}

/// What a sign-up was admitted with.
struct Admitted(Option<Invitation>);

/// Why a sign-up is not admitted.
enum Refusal {
    Said(Text),
    TooEarly(u32),
}

/// Asked once it is known whose account a sign-up would create: its invitation, and how many sign-ups the client may send.
async fn admit(on: &Attempt, extracted: &Extracted) -> Result<std::result::Result<Admitted, Refusal>> {
    let invitation = match invitation::of_submit(&on.ctx, &on.flow, extracted).await? {
        Ok(invitation) => invitation,
        Err(refused) => return Ok(Err(Refusal::Said(refused))),
    };
    Ok(match limits::volume::sign_up(&on.ctx, &on.submit.requester).await? {
        None => Ok(Admitted(invitation)),
        Some(seconds) => Err(Refusal::TooEarly(seconds)),
    })
}

/// Acts on what a method found.
fn settle(
    mut on: Attempt,
    method: &'static dyn Method,
    verdict: Verdict,
    admitted: Option<Admitted>,
) -> BoxFuture<'static, Result<Outcome>> {
    Box::pin(async move {
        match verdict {
            Verdict::Form(why) => show(&mut on, why).await,
            Verdict::Stored(why) => shown(&mut on, why).await,
            Verdict::Leave(departure) => Ok(Outcome::Leave(departure)),
            Verdict::Replace(why, message) => verification::replace(&on, why, message).await,
            Verdict::Another(flow) => {
                on.flow = *flow;
                shown(&mut on, Why::Refused).await
            }
            Verdict::AskForMore(more) => ask_for_more(on, *more).await,
            Verdict::Proceed(facts) => proceed(on, method, *facts, admitted).await,
        }
    })
}

/// The provider leaves something out: a form of a sign-up asks for it.
async fn ask_for_more(mut on: Attempt, more: More) -> Result<Outcome> {
    turn(&mut on, FlowKind::Registration, more.token.as_ref()).await?;
    oidc::draw_to_go_on(&on.ctx, &mut on.flow, &more.provider, &more.traits)?;
    for (name, message) in more.messages {
        on.flow.ui.attach(&name, message);
    }
    show(&mut on, Why::Refused).await
}

/// A flow that came out as one of another kind gives way to it. An `id_token` goes along: it counts in the flow and its successor.
async fn turn(on: &mut Attempt, kind: FlowKind, token: Option<&SentToken>) -> Result<()> {
    on.flow = match (on.flow.kind(), kind) {
        (FlowKind::Login, FlowKind::Registration) => registration::converted(on).await?,
        (FlowKind::Registration, FlowKind::Login) => login::converted(on).await?,
        _ => return Ok(()),
    };
    if let Some(token) = token {
        let mut tx = on.ctx.db().write_single_relaxed().await?;
        store::id_tokens::follow(&mut tx, &token.digest, on.flow.id).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Carries out what follows a proof. From here on a disconnect stops nothing: what was committed is followed by what belongs to it.
async fn proceed(
    mut on: Attempt,
    method: &'static dyn Method,
    facts: Facts,
    admitted: Option<Admitted>,
) -> Result<Outcome> {
    match &facts.who {
        Who::New(_) => turn(&mut on, FlowKind::Registration, facts.token.as_ref()).await?,
        Who::Known(_) => turn(&mut on, FlowKind::Login, facts.token.as_ref()).await?,
        Who::Owner(_) | Who::Waiting(_) => {}
    }
    let admitted = match (&facts.who, admitted) {
        (Who::New(account), None) => match admit(&on, &account.extracted).await? {
            Ok(admitted) => admitted,
            Err(refusal) => {
                method.redraw(&mut on, account)?;
                return refused(
                    &mut on,
                    match refusal {
                        Refusal::Said(message) => message,
                        Refusal::TooEarly(seconds) => text::too_many_attempts(seconds),
                    },
                )
                .await;
            }
        },
        (_, admitted) => admitted.unwrap_or(Admitted(None)),
    };
    let following = on.ctx.engine.following();
    to_completion(following, async move {
        match Work::begin(on, method, facts, admitted.0).await? {
            Begun::Work(work) => work.run().await,
            Begun::Ended(outcome) => Ok(outcome),
        }
    })
    .await
}

/// A plan that is being carried out.
pub(super) struct Work {
    pub(super) on: Attempt,
    method: &'static dyn Method,
    pub(super) plan: Plan,
    pub(super) facts: Facts,
    pub(super) invitation: Option<Invitation>,
    /// As it is, or will be, stored. A verification of an account that exists reads it in its transaction.
    pub(super) account: Option<Identity>,
    /// All or nothing.
    pub(super) provisional: Option<Provisional>,
    /// The sign-up that is finished by a verification: its flow and plan.
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
    shows_verification: bool,
    pub(super) verification: Option<ShowVerification>,
    pub(super) deferred: Option<DeferredLogin>,
    pub(super) new_csrf_cookie: Option<String>,
    pub(super) return_to: Option<Url>,
    /// Verification: who may be signed in with it, and who is.
    pub(super) claim: Option<Claim>,
    pub(super) given: Option<Given>,
}

enum Begun {
    Work(Box<Work>),
    Ended(Outcome),
}

/// Why no further step runs.
enum Ended {
    With(Outcome),
    /// An account of those identifiers was stored meanwhile.
    Taken,
}

/// Whose step it is: of the flow that was sent, or of the sign-up that it finishes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Own,
    SignUp,
}

impl Work {
    async fn begin(
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
            provisional: None,
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
            Who::Owner(_) | Who::Waiting(_) => work.begin_verification().await?,
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
        self.provisional = Provisional::begin(&ctx, &self.plan, &self.on.flow, identity.id).await?;
        self.account = Some(identity);
        Ok(())
    }

    async fn begin_sign_in(&mut self) -> Result<Option<Outcome>> {
        let Who::Known(known) = &self.facts.who else { return Ok(None) };
        let Known { identity, provider, .. } = &**known;
        let (ctx, method) = (self.on.ctx.clone(), self.plan.method.name());
        let (identity, provider) = (identity.clone(), provider.clone());
        match oidc::link::waiting(&ctx, &self.on.flow, identity.id, &self.on.submit).await? {
            Ok(link) => self.made.link = link,
            Err(refused) => {
                self.on.flow.message(refused);
                return show(&mut self.on, Why::Refused).await.map(Some);
            }
        }
        self.made.return_to = Some(return_url(&self.on, &self.on.flow, self.plan.method)?);
        let current = self.on.submit.current.clone();
        let same = current.filter(|current| self.on.flow.is_refresh() && current.identity.id == identity.id);
        let (mut session, token) = match same {
            Some(mut current) => {
                self.made.refreshes = Some(current.token);
                let token = session::refresh(&ctx, &mut current.session, method);
                (current.session, token)
            }
            None => session::new(&ctx, &identity, method, &DeviceInfo::from(&self.on.submit.requester)),
        };
        session::by_provider(&mut session, provider.as_deref());
        if let Some(link) = &self.made.link {
            session::linked(&mut session, &link.provider);
        }
        self.made.issued = Some(Issued { session, token });
        self.account = Some(identity);
        Ok(None)
    }

    async fn begin_verification(&mut self) -> Result<()> {
        let ctx = self.on.ctx.clone();
        self.made.claim = Some(Claim::of(&self.on.flow, &self.on.submit, self.on.token()));
        let Who::Waiting(right) = &self.facts.who else { return Ok(()) };
        let now = ctx.effects().now();
        let sign_up = plan(&ctx.config, FlowKind::Registration, MethodId::Password, self.on.client);
        let (identity, _) = right.account(now);
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
        Ok(())
    }

    async fn run(mut self: Box<Self>) -> Result<Outcome> {
        let ctx = self.on.ctx.clone();
        let ran = self.steps().await;
        let ended = match ran {
            Ok(None) => return self.finish().await,
            Ok(Some(Ended::With(outcome))) if matches!(outcome, Outcome::SignedUp(_)) => return Ok(outcome),
            ended => ended,
        };
        if let Some(provisional) = self.provisional.take() {
            provisional.undo(&ctx).await;
        }
        match ended? {
            Some(Ended::With(outcome)) => Ok(outcome),
            Some(Ended::Taken) | None => {
                let Who::New(account) = self.facts.who else {
                    return Err(Error::internal("identifiers are taken, and no account was to be stored"));
                };
                let verdict = self.method.taken(&mut self.on, &account).await?;
                settle(self.on, self.method, verdict, None).await
            }
        }
    }

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
            Step::Run(Hook::RevokeActiveSessions) if self.plan.flow == FlowKind::Login => {
                // With the session that is stored at the end, all or nothing.
                self.made.others_end = true;
                Ok(None)
            }
            // Leads on to the page for the code, where there is one to type in (Kratos: selfservice/hook/show_verification_ui.go).
            Step::Run(Hook::ShowVerificationUi) => {
                self.made.shows_verification = true;
                Ok(None)
            }
            // Those without a feature yet were named when the configuration was read.
            Step::Run(
                hook @ (Hook::Session
                | Hook::Verification
                | Hook::B2bSso
                | Hook::RequireVerifiedAddress
                | Hook::RevokeActiveSessions),
            ) => {
                tracing::warn!(
                    hook = hook.name(),
                    flow = self.plan.flow.name(),
                    "this hook does nothing here"
                );
                Ok(None)
            }
            Step::SignIn | Step::SignInWhenProven => self.sign_in().await,
        }
    }

    /// The flow that a step belongs to.
    fn flow_of(&self, part: Part) -> &Flow {
        match (part, &self.sign_up) {
            (Part::SignUp, Some((flow, _))) => flow,
            (Part::SignUp, None) | (Part::Own, _) => &self.on.flow,
        }
    }

    async fn web_hook(&mut self, part: Part, step: &Step, hook: &WebHook) -> Result<Option<Ended>> {
        let ctx = self.on.ctx.clone();
        let kind = match part {
            Part::Own => self.plan.flow,
            Part::SignUp => FlowKind::Registration,
        };
        let mut provisional = self.provisional.take();
        let said = asked(&ctx, hook, self.about(part), provisional.as_mut()).await;
        self.provisional = provisional;
        match (said?, kind) {
            (Said::GoOn, _) => Ok(None),
            (Said::Change(changes), FlowKind::Registration) if matches!(step, Step::Ask(_)) => {
                self.change(*changes, hook).await
            }
            // What it would change of the account is for sign-up alone (contract).
            (Said::Change(_), _) => Ok(None),
            (Said::Refuse(messages), FlowKind::Registration) if matches!(step, Step::Ask(_)) => {
                self.refuse(messages).await.map(Some)
            }
            // A service that may refuse was asked before; a failure is shown, and the account stays unless it is all or nothing.
            (Said::Refuse(_), FlowKind::Registration) => Ok(None),
            (Said::Refuse(messages), FlowKind::Login) => {
                self.on.flow.active = Some(self.plan.method.name().to_owned());
                self.attach(messages);
                show(&mut self.on, Why::Refused).await.map(|form| Some(Ended::With(form)))
            }
            // The address stays verified whatever a service says; nobody is issued a session that one of them refused.
            (Said::Refuse(messages), FlowKind::Verification | FlowKind::Recovery | FlowKind::Settings) => {
                self.attach(messages);
                save(&ctx, &mut self.on.flow).await?;
                let done = Verified { flow: self.on.flow.clone(), given: None };
                Ok(Some(Ended::With(Outcome::Verified(Box::new(done)))))
            }
        }
    }

    fn about(&self, part: Part) -> About<'_> {
        let of_verification = part == Part::Own && self.plan.flow == FlowKind::Verification;
        About {
            flow: self.flow_of(part),
            identity: self.account.as_ref(),
            session: match self.plan.flow {
                FlowKind::Login => self.made.issued.as_ref().map(|issued| &issued.session),
                FlowKind::Registration | FlowKind::Verification | FlowKind::Recovery | FlowKind::Settings => {
                    None
                }
            },
            method: match (part, &self.sign_up) {
                (Part::SignUp, Some((_, plan))) => Some(plan.method),
                (Part::SignUp, None) | (Part::Own, _) => Some(self.plan.method).filter(|_| !of_verification),
            },
            seen: &self.on.submit.seen,
        }
    }

    /// For those that nobody waits for, which are queued with what they tell of: each part of the work with its plan.
    pub(super) fn informs(&self) -> Vec<(About<'_>, &Plan)> {
        let sign_up = self.sign_up.as_ref().map(|(_, plan)| (self.about(Part::SignUp), plan));
        sign_up.into_iter().chain([(self.about(Part::Own), &self.plan)]).collect()
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
            identifiers: account.extracted.password_identifiers.clone(),
            hash,
            invitation: self.invitation.as_ref().map(|invitation| invitation.id),
        };
        pending::keep(&self.on.ctx, &self.on.flow, sign_up).await
    }

    async fn reserve(&mut self) -> Result<Option<Ended>> {
        self.count_proofs();
        let (Who::New(account), Some(identity)) = (&self.facts.who, &self.account) else { return Ok(None) };
        let Some(provisional) = &mut self.provisional else { return Ok(None) };
        match provisional.reserve(&self.on.ctx, identity, &account.credentials(identity)).await? {
            Inserted::Done => Ok(None),
            Inserted::Taken => Ok(Some(Ended::Taken)),
        }
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

    async fn commit(&mut self) -> Result<Option<Ended>> {
        match commit::commit(self).await? {
            Committed::Done => Ok(None),
            Committed::Taken => Ok(Some(Ended::Taken)),
            Committed::Void => self.void().await.map(|outcome| Some(Ended::With(outcome))),
        }
    }

    /// What was proven is not so any more.
    async fn void(&mut self) -> Result<Outcome> {
        match &self.facts.who {
            Who::Owner(owner) => {
                tracing::debug!(id = %owner.code.id, "two came with one code at once");
                verification::replace(&self.on, Replaced::Over, text::generic(USED)).await
            }
            Who::Waiting(_) => {
                method::wrong_code(&mut self.on)?;
                show(&mut self.on, Why::WrongCode).await
            }
            Who::New(_) | Who::Known(_) => {
                self.on.flow.message(text::generic(CHANGED));
                show(&mut self.on, Why::Refused).await
            }
        }
    }

    /// Whether a session is stored with the account. Also where the plan waits for a proof, and nothing is left to prove.
    pub(super) fn signs_in_at_once(&self) -> bool {
        self.account.as_ref().is_some_and(|identity| {
            let at_once = self.plan.signs_in()
                || (self.plan.signs_in_when_proven() && deferred::nothing_left_to_prove(identity));
            at_once && identity.state == State::Active
        })
    }

    /// A service is waited for, and nothing is stored before it agrees that might not be returned.
    pub(super) fn issues_later(&self) -> bool {
        self.plan.waits_after_storing()
            || self.sign_up.as_ref().is_some_and(|(_, plan)| plan.waits_after_storing())
    }

    /// Always the last step: it makes the response, so nothing may run after it.
    async fn sign_in(&mut self) -> Result<Option<Ended>> {
        match self.plan.flow {
            // A sign-in has nothing to store but its session.
            FlowKind::Login => self.commit().await,
            FlowKind::Registration if self.issues_later() => {
                commit::issue_later(self).await?;
                Ok(None)
            }
            FlowKind::Registration | FlowKind::Verification | FlowKind::Recovery | FlowKind::Settings => {
                Ok(None)
            }
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
            None => identity.verifiable_addresses.iter().any(|address| address.verified),
        };
        if verified {
            return Ok(None);
        }
        let waits = typed.filter(|address| address.via == "email").or_else(|| unverified(identity));
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
        let waits = self.account.as_ref().and_then(|identity| Some((identity, unverified(identity)?)));
        if let Some((identity, address)) = waits.filter(|_| self.on.ctx.config.sends_codes()) {
            self.made.verification = Some(self.send_code(identity, address).await?);
        }
        Ok(None)
    }

    async fn send_code(&self, identity: &Identity, address: &VerifiableAddress) -> Result<ShowVerification> {
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

    /// The response.
    async fn finish(mut self: Box<Self>) -> Result<Outcome> {
        if self.plan.flow == FlowKind::Verification {
            if self.issues_later() {
                commit::issue_later(&mut self).await?;
            }
            let done = Verified { flow: self.on.flow, given: self.made.given };
            return Ok(Outcome::Verified(Box::new(done)));
        }
        let lacks = || Error::internal("a plan without the step that stores");
        if let Some(exchange) = self.on.exchange.take() {
            let who = self.account.as_ref().map(|identity| identity.id);
            let signs_in = self.plan.flow == FlowKind::Login || self.signs_in_at_once();
            let provider = match &self.facts.who {
                Who::New(account) => account.provider(),
                Who::Known(known) => known.provider.as_deref(),
                Who::Owner(_) | Who::Waiting(_) => None,
            };
            let who = who.zip(provider).filter(|_| signs_in);
            return oidc::exchange::answer(&self.on.ctx, exchange, &self.on.flow, who)
                .await
                .map(Outcome::ToApp);
        }
        let identity = self.account.ok_or_else(lacks)?;
        let Made { issued, verification, shows_verification, deferred, .. } = self.made;
        let mut return_to = self.made.return_to.ok_or_else(lacks)?;
        let client = self.plan.client;
        let mut continue_with = Vec::new();
        if client == Client::Spa {
            continue_with
                .push(ContinueWith::RedirectBrowserTo { redirect_browser_to: return_to.to_string() });
        }
        if let Some(verification) = verification.as_ref().filter(|_| shows_verification) {
            continue_with.push(verification.item(client != Client::Native));
            return_to.clone_from(&verification.url);
        }
        if self.plan.flow == FlowKind::Login {
            let new_csrf_cookie = client != Client::Native && self.made.refreshes.is_none();
            let issued = issued.ok_or_else(lacks)?;
            let done = SignedIn { client, identity, issued, continue_with, return_to, new_csrf_cookie };
            return Ok(Outcome::SignedIn(Box::new(done)));
        }
        if let Some(issued) = issued.as_ref().filter(|_| client == Client::Native) {
            continue_with.push(ContinueWith::SetOrySessionToken { ory_session_token: issued.token.clone() });
        }
        let new_csrf_cookie = self.made.new_csrf_cookie;
        Ok(Outcome::SignedUp(Box::new(SignedUp {
            client,
            identity,
            issued,
            continue_with,
            return_to,
            verification,
            deferred,
            new_csrf_cookie,
        })))
    }
}

/// What a service says; where it is all or nothing, it is noted which services know of the sign-up.
async fn asked(
    ctx: &Ctx,
    hook: &WebHook,
    about: About<'_>,
    provisional: Option<&mut Provisional>,
) -> Result<Said> {
    let Some(provisional) = provisional.filter(|_| hook.response != Response::Ignored) else {
        return call::call(ctx, hook, about).await;
    };
    let id = hooks::new_id(ctx);
    let (said, told) = call::ask(ctx, hook, about, id).await;
    if told {
        provisional.told(ctx, hook, id).await?;
    }
    said
}
