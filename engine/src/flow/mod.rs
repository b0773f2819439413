//! The driver of all flows: it finds the flow of a request, asks whose it is, finds the method that the form is for, and lets
//! [`run`] carry the plan out. What differs between flows is in a file for each kind. Flows return values; `server::respond`
//! turns them into HTTP.

mod before;
mod changes;
mod commit;
mod counted;
mod finish;
mod link;
mod login;
pub mod logout;
mod member;
mod new_address;
mod notify;
mod parked;
mod recovered;
mod recovery;
mod registration;
mod replaced;
mod run;
mod settings;
mod show;
mod stages;
mod steps;
mod verification;
mod work;

pub use link::follow_link;
pub use verification::{fill_in, finished};

use crate::config::Confirm;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::form::envelope::{self, Holder};
use crate::form::outcome::{Outcome, Replaced, Started, already_signed_in, switched_off};
use crate::form::request::{Body, Callback, Current, Start, Submit, first};
use crate::form::{return_to, transient_payload::transient_payload};
use crate::identity::decode;
use crate::ids::FlowId;
use crate::limits;
use crate::method::oidc::{self, Back};
use crate::method::{self, Attempt, Method};
use crate::model::{Flow, FlowKind, FlowType, MethodId};
use crate::plan::offer;
use crate::session;
use crate::social::Stage;
use crate::ui::{Text, text};
use before::before;
use serde_json::Value;
use show::{refused, signed_in_already};

/// Members that every form may have.
const COMMON: [&str; 4] = ["method", "csrf_token", "transient_payload", "screen"];

/// Begins a flow.
///
/// # Errors
/// 400 the flow is turned off or not supported yet, a forbidden `return_to`, a parameter that cannot be taken · 401
/// `session_aal1_required` · 403 and 410 without the invitation that a sign-up takes · 429.
pub async fn start(ctx: &Ctx, kind: FlowKind, start: Start) -> Result<Started> {
    match kind {
        FlowKind::Registration => crate::signup::enabled(ctx)?,
        FlowKind::Verification => verification::enabled(ctx)?,
        FlowKind::Recovery => recovery::enabled(ctx)?,
        FlowKind::Login | FlowKind::Settings => {}
    }
    if kind != FlowKind::Verification {
        without_oauth2(&start.query)?;
    }
    let wanted = first(&start.query, "return_to");
    let target = wanted.map(|wanted| return_to::check(&ctx.config, wanted)).transpose()?;
    if kind == FlowKind::Settings && start.current.is_none() {
        return match start.kind_of_client {
            FlowType::Api => Err(session::inactive()),
            FlowType::Browser => settings::sign_in_first(ctx, &start).map(Started::SignInFirst),
        };
    }
    let begun = match kind {
        FlowKind::Registration => registration::begin(ctx, &start).await?,
        FlowKind::Login => login::begin(ctx, &start).await?,
        FlowKind::Verification => Some(verification::begin(ctx, &start)),
        FlowKind::Recovery => recovery::begin(ctx, &start),
        FlowKind::Settings => Some(settings::begin(ctx, &start).await?),
    };
    let Some(mut flow) = begun else {
        return match start.kind_of_client {
            FlowType::Api => Err(already_signed_in()),
            FlowType::Browser => {
                Ok(Started::SignedIn(target.unwrap_or_else(|| ctx.config.default_return_url())))
            }
        };
    };
    limits::volume::flow(ctx, &start.requester).await?;
    before(ctx, &flow, &start.seen).await?;
    envelope::insert(ctx, &flow).await?;
    if matches!(kind, FlowKind::Registration | FlowKind::Login) {
        oidc::exchange::begin(ctx, &start, &mut flow).await?;
    }
    Ok(Started::Flow(Box::new(flow)))
}

/// Reads a flow for its page or app. Of several anti-forgery cookies the one that the flow belongs to counts.
///
/// # Errors
/// 404 unknown · 403 another browser's flow · 410 expired, with where to begin anew in the details · 400 it is turned off · settings:
/// 401 nobody is signed in, 403 somebody else is.
pub async fn get(
    ctx: &Ctx,
    kind: FlowKind,
    id: Option<FlowId>,
    cookies: &[String],
    current: Option<&Current>,
) -> Result<Flow> {
    match kind {
        FlowKind::Registration => crate::signup::enabled(ctx)?,
        FlowKind::Verification => return verification::get(ctx, id, cookies).await,
        FlowKind::Settings => return settings::get(ctx, id, cookies, current).await,
        FlowKind::Login | FlowKind::Recovery => {}
    }
    let id = id.ok_or_else(crate::form::outcome::unknown)?;
    match kind {
        FlowKind::Recovery => recovery::get(ctx, id, cookies).await,
        FlowKind::Registration | FlowKind::Login | FlowKind::Verification | FlowKind::Settings => {
            envelope::get(ctx, kind, id, cookies).await
        }
    }
}

/// Takes a form. See [`Outcome`] for what is not an error.
///
/// # Errors
/// As the contract says: 400, 401, 403, 404, 410, 429, 502, 503, 504.
pub async fn submit(ctx: &Ctx, kind: FlowKind, submit: Submit) -> Result<Outcome> {
    let method = counted::method_of(&submit.body);
    let outcome = Box::pin(take(ctx, kind, submit)).await;
    counted::submitted(ctx, kind, method, &outcome);
    outcome
}

async fn take(ctx: &Ctx, kind: FlowKind, mut submit: Submit) -> Result<Outcome> {
    let (flow, holder) = match kind {
        FlowKind::Registration | FlowKind::Login | FlowKind::Recovery => {
            match envelope::open(ctx, kind, &mut submit).await? {
                Some(flow) => (flow, Holder::Own),
                None => return signed_in_already(ctx, submit.json),
            }
        }
        FlowKind::Verification => verification::open(ctx, &mut submit).await?,
        FlowKind::Settings => match settings::open(ctx, &mut submit).await? {
            Ok(flow) => (flow, Holder::Own),
            Err(outcome) => return Ok(outcome),
        },
    };
    let mut on = Attempt::new(ctx, flow, holder, submit);
    let cookie = on.submit.csrf_cookie.clone();
    let payload = recovery::payload(&on);
    let outcome = judged(&mut on).await?;
    let outcome = match outcome {
        Next::Ended(outcome) => outcome,
        Next::Goes(method) => run::submitted(on, method).await?,
    };
    Ok(match kind {
        FlowKind::Verification => verification::shown_to(ctx, outcome, cookie.as_deref()),
        FlowKind::Recovery => recovery::with_payload(outcome, payload),
        FlowKind::Registration | FlowKind::Login | FlowKind::Settings => outcome,
    })
}

enum Next {
    Ended(Outcome),
    Goes(&'static dyn Method),
}

/// What is asked of a form before its method is: whether anybody may send it now, whether it is still open, and whether its body can
/// be read.
async fn judged(on: &mut Attempt) -> Result<Next> {
    let (ctx, kind) = (on.ctx.clone(), on.flow.kind());
    let admitted = match kind {
        FlowKind::Registration => registration::admit(on)?,
        FlowKind::Login => login::admit(on).await?,
        FlowKind::Verification => verification::admit(on)?,
        FlowKind::Settings => settings::admit(on).await?,
        FlowKind::Recovery => recovery::admit(on)?,
    };
    if let Some(ended) = admitted {
        return Ok(Next::Ended(ended));
    }
    if on.flow.expires_at <= ctx.effects().now() {
        let at = on.flow.expires_at;
        return replace(on, Replaced::FlowExpired(at)).await.map(Next::Ended);
    }
    match kind {
        // Messages of these forms add up, other than in every other flow (measured).
        FlowKind::Verification | FlowKind::Settings => {
            on.flow.nodes().iter_mut().for_each(|node| node.messages.clear());
            on.flow.ui.messages.retain(|message| !text::is_unsaved(message));
        }
        FlowKind::Registration | FlowKind::Login | FlowKind::Recovery => {
            on.flow.ui.reset_messages();
        }
    }
    if matches!(kind, FlowKind::Registration | FlowKind::Settings) {
        registration::forget_made_fields(on);
    }
    on.body = match decoded(on)? {
        Ok(body) => body,
        Err(reason) => return refused(on, text::generic(&reason)).await.map(Next::Ended),
    };
    if kind != FlowKind::Verification
        && let Err(reason) = take_transient_payload(on)
    {
        return refused(on, reason).await.map(Next::Ended);
    }
    if let Some(step) = stages::take(on).await? {
        return Ok(Next::Ended(step));
    }
    let chosen = method::of(kind).find(|method| method.claims(&on.body));
    match chosen {
        Some(method) if method.is_enabled(&ctx.config) => Ok(Next::Goes(method)),
        Some(_) => Err(switched_off()),
        None => {
            let why = match kind {
                FlowKind::Registration => text::no_registration_method(),
                FlowKind::Login => text::no_login_method(),
                FlowKind::Recovery => text::no_recovery_method(),
                FlowKind::Settings => {
                    on.flow.ui.reset_messages();
                    text::no_settings_method()
                }
                FlowKind::Verification => {
                    verification::without_method(on);
                    text::no_verification_method()
                }
            };
            refused(on, why).await.map(Next::Ended)
        }
    }
}

/// The link of a verification by the method `link`. Unless `vestibule.links.confirm` says otherwise, it waits for its button.
///
/// # Errors
/// As [`submit`] and [`fill_in`].
pub async fn open_verification(ctx: &Ctx, mut submit: Submit, token: &str) -> Result<Outcome> {
    if ctx.config.selfservice.link.confirm != Confirm::Never {
        return fill_in(ctx, submit, token).await;
    }
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    submit.body = Body::Form(vec![field("method", MethodId::Link.name()), field("token", token)]);
    self::submit(ctx, FlowKind::Verification, submit).await
}

/// A browser comes back from a provider.
///
/// # Errors
/// What no form can show, since none can be shown: 400 no state, or none of ours · 403 another browser · 410 used.
pub async fn callback(ctx: &Ctx, callback: Callback) -> Result<Outcome> {
    let state = first(&callback.query, "state");
    let Some(trip) = oidc::trip(ctx, state).await? else {
        // A state is either of an authorization or of a test; the one that users wait for is looked up first.
        if let Some(page) = oidc::trial::landed(ctx, &callback).await? {
            return Ok(Outcome::Tested(page));
        }
        let reason = match state {
            None => "it came back without a state",
            Some(_) => "its state is none that was given out, or one of long ago",
        };
        tracing::warn!(step = Stage::StateInvalid.name(), reason, "a trip to a provider failed");
        return Err(Error::invalid(
            "This address belongs to no sign-in that is under way here. Start again from the sign-in page.",
        ));
    };
    let kind = trip.kind;
    let outcome = Box::pin(async {
        match oidc::come_back(ctx, trip, callback).await? {
            Back::Ended(outcome) => Ok(outcome),
            Back::Expired(mut on, at) => replace(&mut on, Replaced::FlowExpired(at)).await,
            Back::Prove(on, proof) => run::returned(*on, proof).await,
        }
    });
    let outcome = outcome.await;
    counted::submitted(ctx, kind, MethodId::Oidc.name(), &outcome);
    outcome
}

/// An OAuth 2.0 server that leads a user here waits for its challenge to be accepted, which nothing here does yet: who went on without
/// a word would sign in and never get back.
///
/// # Errors
/// 400 where the parameter is there, with a value or without (Kratos: hydra/hydra.go, as 500).
fn without_oauth2(query: &[(String, String)]) -> Result<()> {
    match query.iter().any(|(name, _)| name == "login_challenge") {
        true => Err(Error::invalid(
            "login_challenge is for OAuth 2.0 servers, which are not supported yet. Start without it.",
        )),
        false => Ok(()),
    }
}

/// Members of the body by name, traits nested; or why the body cannot be read.
fn decoded(on: &Attempt) -> Result<std::result::Result<Value, String>> {
    let kind = on.flow.kind();
    let mut members = COMMON.to_vec();
    for offer in method::of(kind).filter_map(|method| offer(method.id(), kind)) {
        members.extend(offer.members);
    }
    let schema = match kind {
        FlowKind::Registration => Some(&crate::form::schema::of(&on.ctx, &on.flow)?.schema),
        // Traits may come along for a sign-up that takes its place, which is one of the default schema.
        FlowKind::Login => on.ctx.config.default_schema().map(|schema| &schema.schema),
        FlowKind::Settings => crate::form::schema::of(&on.ctx, &on.flow).ok().map(|schema| &schema.schema),
        FlowKind::Verification | FlowKind::Recovery => None,
    };
    let schema = schema.map(|schema| &**schema);
    let shape = on.ctx.config.vestibule.requests.shape();
    Ok(match on.submit.body.clone() {
        Body::Json(body) => decode::json(body, &members, schema, shape),
        Body::Form(pairs) => Ok(decode::form(&pairs, &members, schema, shape)),
        Body::Unreadable(reason) | Body::Unfit { reason, .. } => Err(reason),
    })
}

/// A form without a payload leaves that of the flow.
fn take_transient_payload(on: &mut Attempt) -> std::result::Result<(), Text> {
    if let Some(payload) = transient_payload(&on.ctx, &on.body)? {
        on.flow.transient_payload = Some(payload.clone());
    }
    Ok(())
}

/// A flow that is over gives way to a new one of the same kind.
async fn replace(on: &mut Attempt, why: Replaced) -> Result<Outcome> {
    let (ctx, old) = (on.ctx.clone(), &on.flow);
    let mut flow = match old.kind() {
        FlowKind::Registration => registration::successor(&ctx, old, &on.submit)?,
        FlowKind::Login => login::successor(&ctx, old, &on.submit).await?,
        FlowKind::Settings => settings::successor(&ctx, old, &on.submit).await?,
        FlowKind::Recovery => {
            return recovery::replace(on, why, text::recovery_expired(on.flow.expires_at)).await;
        }
        FlowKind::Verification => {
            return verification::replace(on, why, text::verification_expired(on.flow.expires_at)).await;
        }
    };
    flow.message(match old.kind() {
        FlowKind::Registration => text::registration_expired(old.expires_at),
        FlowKind::Settings => text::settings_expired(old.expires_at),
        FlowKind::Login | FlowKind::Verification | FlowKind::Recovery => text::login_expired(old.expires_at),
    });
    envelope::insert(&ctx, &flow).await?;
    let of_app = old.kind_of_client == FlowType::Api;
    Ok(Outcome::Replaced { flow: Box::new(flow), why, of_app })
}
