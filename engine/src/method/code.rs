//! The method `code`: a code that was sent to an address comes back. It verifies the address (Kratos:
//! selfservice/strategy/code/strategy_verification.go), signs up ([`sign_up`]) or signs in ([`sign_in`]).

mod entry;
mod sign_in;
mod sign_up;

use super::account::taken;
use super::addressee::not_an_address;
use super::contract::{Attempt, Checked, Draw, Facts, Method, Moves, NewAccount, Owner, Prove, Verdict, Who};
use super::{address_change, recovery};
use crate::config::Config;
use crate::effects::to_completion;
use crate::engine::Ctx;
use crate::error::Result;
use crate::form::code;
use crate::form::envelope::{self, Holder};
use crate::form::nodes;
use crate::form::outcome::{Replaced, Why};
use crate::form::request::Submit;
use crate::form::verification::{address_is_missing, ask_for_code, forget_code, forget_codes};
use crate::identity::{Via, normalise_identifier};
use crate::model::{Flow, FlowKind, FlowState, MethodId, Missing, Sent};
use crate::otp::{self, Found, Purpose};
use crate::requester::Requester;
use crate::signup::{pending, reset};
use crate::store::{self, Tx};
use crate::ui::{Group, Node, text};
use futures::future::BoxFuture;
use serde_json::Value;

const USED: &str = "This code was used already. Ask for a new one.";

pub(super) struct EmailCode;

impl Method for EmailCode {
    fn id(&self) -> MethodId {
        MethodId::Code
    }

    /// A code needs no word on its method.
    fn claims(&self, body: &Value) -> bool {
        match trimmed(body, "method").as_str() {
            "code" => true,
            "" => !otp::typed(&trimmed(body, "code")).is_empty(),
            _ => false,
        }
    }

    fn is_enabled(&self, config: &Config) -> bool {
        config.selfservice.code.enabled
    }

    /// The form of a verification changes as it goes on: see `form::verification`.
    fn draw(&self, on: &Draw<'_>) -> Vec<Node> {
        match on.flow.kind() {
            _ if !on.ctx.config.selfservice.offers(MethodId::Code) => Vec::new(),
            FlowKind::Registration => {
                let label = text::sign_up_with_code(on.ctx.config.signs_in_by_text_message());
                vec![nodes::method(MethodId::Code, Group::Code, label)]
            }
            FlowKind::Login => sign_in::draw(on),
            FlowKind::Verification | FlowKind::Recovery | FlowKind::Settings => Vec::new(),
        }
    }

    fn check<'a>(&'a self, on: &'a mut Attempt) -> BoxFuture<'a, Result<Checked>> {
        Box::pin(async move {
            match on.flow.kind() {
                FlowKind::Registration => sign_up::check(on),
                FlowKind::Login => sign_in::check(on),
                FlowKind::Recovery => recovery::check_code(on),
                FlowKind::Verification | FlowKind::Settings => check(on),
            }
        })
    }

    /// The form for the code stays as it is.
    fn redraw(&self, _: &mut Attempt, _: &NewAccount) -> Result<()> {
        Ok(())
    }

    fn taken<'a>(&'a self, on: &'a mut Attempt, account: &'a NewAccount) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let told = taken(&on.ctx, &account.extracted).await?;
            on.flow.message(told);
            Ok(Verdict::Form(Why::Refused))
        })
    }
}

fn trimmed(body: &Value, name: &str) -> String {
    body.get(name).and_then(Value::as_str).unwrap_or_default().trim().to_owned()
}

fn check(on: &mut Attempt) -> Result<Checked> {
    let code = otp::typed(&trimmed(&on.body, "code"));
    check_form(on, code)
}

/// The same for the method `link`: its secret stands in the place of the code.
pub(super) fn check_link(on: &mut Attempt) -> Result<Checked> {
    let typed = |name: &str| otp::typed(&trimmed(&on.body, name));
    let token = Some(typed("token")).filter(|token| !token.is_empty()).unwrap_or_else(|| typed("code"));
    // A code that users type belongs to the other method.
    check_form(on, if otp::is_of_link(&token) { token } else { String::new() })
}

fn check_form(on: &mut Attempt, code: String) -> Result<Checked> {
    const REFUSED: Checked = Checked::Done(Verdict::Form(Why::Refused));
    let email = trimmed(&on.body, "email");
    if on.flow.state == FlowState::Passed {
        let over = Verdict::Replace(Replaced::Over, text::already_proven());
        return Ok(Checked::Done(over));
    }
    if !code.is_empty() {
        return Ok(Checked::Go(Box::new(Code(code))));
    }
    if email.is_empty() {
        address_is_missing(&on.ctx, &mut on.flow);
        return Ok(REFUSED);
    }
    if !on.may_submit()? {
        return Ok(REFUSED);
    }
    let by_text_message = on.ctx.config.verifies(Via::Sms.name());
    if let Some(wrong) = not_an_address(&email, by_text_message) {
        on.flow.ui.attach("email", wrong);
        return Ok(REFUSED);
    }
    Ok(Checked::Go(Box::new(SendTo(normalise_identifier(&email)))))
}

/// A code is asked for.
struct SendTo(String);

impl Prove for SendTo {
    /// Sends a code, if somebody has that address; the response is the same when nobody has.
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let SendTo(to) = *self;
            let now = on.ctx.effects().now();
            on.flow.set_sent(Sent::new(to.clone(), now));
            on.flow.updated_at = now;
            ask_for_code(&on.ctx, &mut on.flow);
            forget_codes(&mut on.flow);
            let (ctx, flow, requester) = (on.ctx.clone(), on.flow.clone(), on.submit.requester.clone());
            on.flow =
                to_completion(
                    on.ctx.engine.following(),
                    async move { send(&ctx, flow, &to, &requester).await },
                )
                .await?;
            Ok(Verdict::Stored(Why::Sent))
        })
    }
}

async fn send(ctx: &Ctx, mut flow: Flow, to: &str, requester: &Requester) -> Result<Flow> {
    let mut tx = ctx.db().write().await?;
    let waits = pending::send_again(ctx, &mut tx, &mut flow, requester).await?
        || address_change::send_again(ctx, &mut tx, &flow, requester).await?;
    if !waits {
        send_to_account(ctx, &mut tx, &mut flow, to, requester).await?;
    }
    if store::flows::update(&mut tx, &mut flow).await?.is_none() {
        // Another request for this form was first, and its email is sent: one is enough.
        drop(tx);
        return envelope::newest(ctx, &flow).await;
    }
    tx.commit().await?;
    Ok(flow)
}

async fn send_to_account(
    ctx: &Ctx,
    tx: &mut Tx,
    flow: &mut Flow,
    to: &str,
    requester: &Requester,
) -> Result<()> {
    let known = store::identities::by_verifiable_address(tx, Via::of(to).name(), to).await?;
    let address = known.as_ref().and_then(|identity| {
        let address = identity.verifiable_addresses.iter().find(|address| address.value == to)?;
        Some((identity.id, address))
    });
    if let Some((identity, address)) = address {
        return code::send(ctx, tx, flow, requester, identity, address).await;
    }
    code::pretend_to_send(ctx, tx, flow.id, requester, to).await
}

/// A code came back. It needs no anti-forgery token: who has it has read the email. What a session is issued for is another matter
/// (`signup::deferred`).
struct Code(String);

impl Prove for Code {
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let Code(code) = *self;
            let (ctx, requester) = (on.ctx.clone(), on.submit.requester.clone());
            if let Some(found) = pending::look_up(&ctx, &requester, &on.flow, &code, on.holder).await? {
                return of_sign_up(on, &code, found).await;
            }
            let change = address_change::waiting(&mut ctx.db().single().await?, &on.flow).await?;
            let purpose = change.as_ref().map_or(Purpose::Verification, |_| Purpose::AddressChange);
            let found = code::look_up_for(purpose, &ctx, &requester, &on.flow, &code, on.holder).await?;
            match found {
                Found::Right(row, counted) => match change {
                    Some(change) => {
                        let moves = Moves { change, code: *row, counted };
                        Ok(Verdict::Proceed(Box::new(Facts::of(Who::Moves(Box::new(moves))))))
                    }
                    None => of_account(on, &code, *row, counted).await,
                },
                Found::Wrong => wrong(on),
                Found::Locked => locked(on),
                Found::Expired(at) => {
                    Ok(Verdict::Replace(Replaced::CodeExpired(at), text::verification_expired(at)))
                }
                Found::Used => Ok(used()),
                Found::TooMany => tried_too_often(on),
            }
        })
    }
}

fn used() -> Verdict {
    Verdict::Replace(Replaced::Over, text::generic(USED))
}

async fn of_account(
    on: &mut Attempt,
    typed: &str,
    code: store::codes::Code,
    counted: Option<crate::limits::codes::Attempt>,
) -> Result<Verdict> {
    let (new_password, ends) = match reset::standing(&on.ctx, &on.flow, &code, &on.body, &on.submit).await? {
        reset::Standing::Keeps => (None, false),
        reset::Standing::TakesOver(hash) => (Some(hash), false),
        reset::Standing::Ends => (None, true),
        reset::Standing::Asked(missing) => return ask(on, typed, missing).await,
    };
    let owner = Owner { code, counted, new_password, ends };
    Ok(Verdict::Proceed(Box::new(Facts::of(Who::Owner(Box::new(owner))))))
}

/// The same where the code is for a sign-up that waits: the account is created with it.
async fn of_sign_up(on: &mut Attempt, typed: &str, found: pending::Found) -> Result<Verdict> {
    let mut right = match found {
        pending::Found::Right(right) => right,
        pending::Found::Wrong => return wrong(on),
        pending::Found::Locked => return locked(on),
        pending::Found::TooMany => return tried_too_often(on),
        pending::Found::Expired(at) => {
            return Ok(Verdict::Replace(Replaced::CodeExpired(at), text::verification_expired(at)));
        }
    };
    if !on.ctx.config.selfservice.password.enabled {
        pending::say_it_is_over(&on.ctx, &mut on.flow);
        return Ok(Verdict::Form(Why::Refused));
    }
    match pending::holder(&on.ctx, &on.flow, &mut right, &on.body, &on.submit).await? {
        Ok(()) => Ok(Verdict::Proceed(Box::new(Facts::of(Who::Waiting(right))))),
        Err(missing) => ask(on, typed, missing).await,
    }
}

/// The form asks for more beside the code, which stays valid.
async fn ask(on: &mut Attempt, code: &str, missing: Missing) -> Result<Verdict> {
    reset::ask(&on.ctx, &mut on.flow, &on.submit, code, missing).await?;
    Ok(Verdict::Stored(Why::Refused))
}

/// A browser without the form's cookie is told nothing.
fn is_foreign(on: &Attempt) -> Result<()> {
    match on.holder {
        Holder::Own => Ok(()),
        Holder::Foreign => Err(envelope::foreign(&on.submit)),
    }
}

/// The form for a code, once more.
///
/// # Errors
/// 403 in a browser without the form's cookie.
pub(crate) fn wrong_code(on: &mut Attempt) -> Result<()> {
    is_foreign(on)?;
    ask_for_code(&on.ctx, &mut on.flow);
    forget_code(&mut on.flow, on.submit.csrf_cookie.as_deref());
    on.flow.ui.messages = vec![text::wrong_code()];
    Ok(())
}

fn wrong(on: &mut Attempt) -> Result<Verdict> {
    wrong_code(on)?;
    Ok(Verdict::Form(Why::WrongCode))
}

/// Too many wrong codes for that address, whatever flow they were for.
fn locked(on: &mut Attempt) -> Result<Verdict> {
    const LOCKED: &str =
        "Too many wrong codes for this email. Open the link in the email, or try again in 1 hour.";
    wrong_code(on)?;
    on.flow.ui.messages = vec![text::generic(LOCKED)];
    Ok(Verdict::Form(Why::WrongCode))
}

fn tried_too_often(on: &Attempt) -> Result<Verdict> {
    is_foreign(on)?;
    Ok(Verdict::Replace(Replaced::Over, text::tried_too_often()))
}

/// What somebody who opened the email's link will be asked for here, so that the form asks from the start. Only the link's own secret is
/// looked at, which shows that they have read the email: anybody else would learn what waits for that address. Nothing changes, and
/// no attempt is counted.
pub(crate) async fn asked_on_opening(
    ctx: &Ctx,
    flow: &Flow,
    submit: &Submit,
    code: &str,
) -> Result<Option<Missing>> {
    if !otp::is_of_link(code) {
        return Ok(None);
    }
    if let Some(asked) = pending::asked_on_opening(ctx, flow, code, submit).await? {
        return Ok(asked);
    }
    let Found::Right(row, _) = code::look_up(ctx, &submit.requester, flow, code, Holder::Own).await? else {
        return Ok(None);
    };
    Ok(match reset::standing(ctx, flow, &row, &Value::Null, submit).await? {
        reset::Standing::Asked(Missing::Password(_)) => Some(Missing::Password(text::password_first())),
        reset::Standing::Asked(Missing::Consent(_)) => Some(Missing::Consent(text::consent_first())),
        reset::Standing::Keeps | reset::Standing::TakesOver(_) | reset::Standing::Ends => None,
    })
}
