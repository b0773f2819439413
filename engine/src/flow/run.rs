//! What a method found, and what follows from it: a form, another flow, or the plan, which [`super::steps`] carries out.

use super::parked;
use super::replaced::replace;
use super::show::{refused, show, shown};
use super::steps::{self, Ran};
use super::work::{Begun, Work};
use super::{login, registration, settings};
use crate::effects::to_completion;
use crate::error::{Error, Result};
use crate::form::outcome::{Outcome, Why};
use crate::identity::schema::Extracted;
use crate::invitations::Invitation;
use crate::limits;
use crate::method::{self, Attempt, Checked, Facts, Method, More, Prove, Verdict, Who, oidc};
use crate::model::{FlowKind, MethodId};
use crate::plan::Step;
use crate::signup::invitation;
use crate::social::SentToken;
use crate::store;
use crate::trace::Running;
use crate::ui::{Text, text};
use futures::future::BoxFuture;

/// A form that `method` takes.
pub(super) async fn submitted(mut on: Attempt, method: &'static dyn Method) -> Result<Outcome> {
    let ctx = on.ctx.clone();
    let checking = Running::begin(ctx.engine.trace(), &Step::Check);
    let proof = match method.check(&mut on).await? {
        Checked::Done(verdict) => return settle(on, method, verdict, None).await,
        Checked::Go(proof) => proof,
    };
    if proof.is_sensitive()
        && let Some(first) = settings::refresh_first(&on, proof.adds_access())?
    {
        parked::park(&mut on, method.id()).await?;
        return Ok(first);
    }
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
    if on.flow.kind() == FlowKind::Settings
        && let Some(ended) = settings::came_back(&mut on).await?
    {
        return Ok(ended);
    }
    let verdict = proof.prove(&mut on).await?;
    settle(on, method, verdict, None).await
}

/// An email's link was opened, and is worth something without a form.
pub(super) async fn proved(on: Attempt, method: MethodId, verdict: Verdict) -> Result<Outcome> {
    let method = method::of(on.flow.kind()).find(|own| own.id() == method);
    let method = method.ok_or_else(|| Error::internal("a link without its method"))?;
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
            Verdict::Replace(why, message) => replace(&on, why, message).await,
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
        Who::Owner(_) | Who::Waiting(_) | Who::Member(_) | Who::Moves(_) | Who::Recovered(_) => {}
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
        let work = match Work::begin(on, method, facts, admitted.0).await? {
            Begun::Work(work) => work,
            Begun::Ended(outcome) => return Ok(outcome),
        };
        match steps::run(work).await? {
            Ran::Done(outcome) => Ok(outcome),
            // The method says what a taken identifier means, once.
            Ran::Taken(work) => {
                let Work { mut on, method, facts, .. } = *work;
                let Who::New(account) = facts.who else {
                    return Err(Error::internal("identifiers are taken, and no account was to be stored"));
                };
                let verdict = method.taken(&mut on, &account).await?;
                settle(on, method, verdict, None).await
            }
        }
    })
    .await
}
