//! Recovery by a code or a link: where it is sent, and what it proves (Kratos: selfservice/strategy/code, selfservice/strategy/link).

use super::account::active;
use super::addressee::not_an_address;
use super::contract::{Attempt, Checked, Facts, Prove, Recovered, Verdict, Who};
use crate::effects::to_completion;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::form::envelope;
use crate::form::outcome::{Replaced, Why, unknown};
use crate::form::recovery::{
    ask_for_address, ask_for_code, choose, confirm, found_link, look_up, say_link_is_sent, send,
};
use crate::identity::{Via, normalise_identifier};
use crate::limits::codes::Attempt as Counted;
use crate::model::{Flow, FlowState, MethodId, Sent};
use crate::otp::{self, Found};
use crate::requester::Requester;
use crate::store::codes::{self, Code};
use crate::store::{self, identities};
use crate::ui::text;
use futures::future::BoxFuture;

const REFUSED: Checked = Checked::Done(Verdict::Form(Why::Refused));

fn over() -> Checked {
    Checked::Done(Verdict::Replace(Replaced::Over, text::already_recovered()))
}

/// A form of the method `code`: an address, one of several, or a code.
pub(super) fn check_code(on: &mut Attempt) -> Result<Checked> {
    let typed = |on: &Attempt, name: &str| on.field(name).trim().to_owned();
    let code = otp::typed(&on.field("code"));
    match on.flow.state {
        FlowState::Passed => Ok(over()),
        _ if on.flow.by_operator().is_some() && !typed(on, "email").is_empty() => {
            on.flow.message(text::generic(
                "No code can be sent for this form. Enter the code that you were given.",
            ));
            Ok(REFUSED)
        }
        FlowState::ChooseMethod => address(on, "email", MethodId::Code),
        FlowState::SentEmail if typed(on, "email").is_empty() => code_of(on, &code),
        FlowState::SentEmail => address(on, "email", MethodId::Code),
        FlowState::AwaitingAddress
        | FlowState::AwaitingAddressChoice
        | FlowState::ConfirmingAddress
        | FlowState::AwaitingCode
        | FlowState::ShowForm
        | FlowState::Success => check_choice(on, &code),
    }
}

/// A form of the method `link`: an address, or the button of a link that was opened.
pub(super) fn check_link(on: &mut Attempt) -> Result<Checked> {
    if on.flow.state == FlowState::Passed {
        return Ok(over());
    }
    let token = on.field("token").trim().to_owned();
    if on.flow.opened_link().is_none() && token.is_empty() {
        return address(on, "email", MethodId::Link);
    }
    if !on.may_submit()? {
        return Ok(REFUSED);
    }
    Ok(Checked::Go(Box::new(Link(token))))
}

/// The field holds an address that something is sent to.
fn address(on: &mut Attempt, field: &'static str, by: MethodId) -> Result<Checked> {
    let typed = on.field(field).trim().to_owned();
    if typed.is_empty() {
        on.flow.ui.attach(field, text::required(field));
        return Ok(REFUSED);
    }
    if !on.may_submit()? {
        return Ok(REFUSED);
    }
    // Only the form that offers a choice takes phone numbers (as in Kratos).
    let by_text_message = field != "email" && on.ctx.config.writes_to(Via::Sms.name());
    if let Some(wrong) = not_an_address(&typed, by_text_message) {
        on.flow.ui.attach(field, wrong);
        return Ok(REFUSED);
    }
    let to = normalise_identifier(&typed);
    Ok(Checked::Go(match field {
        "recovery_address" => Box::new(Choose(to)),
        _ => Box::new(SendTo { to, by, chosen_from: None }),
    }))
}

fn code_of(on: &mut Attempt, code: &str) -> Result<Checked> {
    if code.is_empty() {
        on.flow.ui.attach("code", text::required("code"));
        return Ok(REFUSED);
    }
    if !on.may_submit()? {
        return Ok(REFUSED);
    }
    Ok(Checked::Go(Box::new(TheCode(code.to_owned()))))
}

/// The steps of a choice among several addresses. The address that it began with comes along in every form.
fn check_choice(on: &mut Attempt, code: &str) -> Result<Checked> {
    let first = normalise_identifier(on.field("recovery_address").trim());
    let goes_back = on.field("screen") == "previous";
    let send_to = |to: String| SendTo { to, by: MethodId::Code, chosen_from: Some(first.clone()) };
    match on.flow.state {
        _ if goes_back => {
            if !on.may_submit()? {
                return Ok(REFUSED);
            }
            Ok(Checked::Go(Box::new(Back(first))))
        }
        FlowState::AwaitingAddressChoice => {
            let chosen = on.field("recovery_select_address");
            if chosen.is_empty() {
                on.flow.message(text::required("recovery_select_address"));
                return Ok(REFUSED);
            }
            if !on.may_submit()? {
                return Ok(REFUSED);
            }
            Ok(Checked::Go(Box::new(Chosen { first, chosen })))
        }
        FlowState::ConfirmingAddress => match address(on, "recovery_confirm_address", MethodId::Code)? {
            Checked::Done(refused) => Ok(Checked::Done(refused)),
            Checked::Go(_) => {
                let to = normalise_identifier(on.field("recovery_confirm_address").trim());
                Ok(Checked::Go(Box::new(send_to(to))))
            }
        },
        FlowState::AwaitingCode if code.is_empty() || !on.field("recovery_confirm_address").is_empty() => {
            if !on.may_submit()? {
                return Ok(REFUSED);
            }
            let to = on.flow.sent().map(|sent| sent.to.clone()).unwrap_or_default();
            Ok(Checked::Go(Box::new(send_to(to))))
        }
        FlowState::AwaitingCode => code_of(on, code),
        FlowState::AwaitingAddress
        | FlowState::ChooseMethod
        | FlowState::SentEmail
        | FlowState::Passed
        | FlowState::ShowForm
        | FlowState::Success => address(on, "recovery_address", MethodId::Code),
    }
}

/// Something is sent there, if somebody has that address; the response is the same when nobody has.
struct SendTo {
    to: String,
    by: MethodId,
    /// The address that a choice among several began with.
    chosen_from: Option<String>,
}

impl Prove for SendTo {
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let now = on.ctx.effects().now();
            on.flow.set_sent(Sent::new(self.to.clone(), now));
            on.flow.updated_at = now;
            match self.by == MethodId::Link {
                true => say_link_is_sent(&mut on.flow, &self.to),
                false => ask_for_code(&on.ctx, &mut on.flow, self.chosen_from.as_deref()),
            }
            on.flow.transient_payload = None;
            let (ctx, flow, requester) = (on.ctx.clone(), on.flow.clone(), on.submit.requester.clone());
            let (to, by) = (self.to, self.by);
            on.flow = to_completion(on.ctx.engine.following(), async move {
                stored(&ctx, flow, &requester, (&to, by)).await
            })
            .await?;
            Ok(Verdict::Stored(Why::Sent))
        })
    }
}

async fn stored(ctx: &Ctx, mut flow: Flow, requester: &Requester, to: (&str, MethodId)) -> Result<Flow> {
    let mut tx = ctx.db().write().await?;
    send(ctx, &mut tx, &mut flow, requester, to).await?;
    if store::flows::update(&mut tx, &mut flow).await?.is_none() {
        // Another request for this form was first, and its email is sent: one is enough.
        drop(tx);
        return envelope::newest(ctx, &flow).await;
    }
    tx.commit().await?;
    Ok(flow)
}

/// Addresses that the account of one of them can be recovered with. Empty: nobody has it.
async fn addresses_of(ctx: &Ctx, address: &str) -> Result<Vec<String>> {
    let mut tx = ctx.db().read().await?;
    let known = identities::by_recovery_address(&mut tx, Via::of(address).name(), address).await?;
    let all = known.into_iter().flat_map(|identity| identity.recovery_addresses);
    Ok(all.filter(|address| ctx.config.writes_to(&address.via)).map(|address| address.value).collect())
}

/// The first address of a choice: whose account it is decides whether there is anything to choose.
struct Choose(String);

impl Prove for Choose {
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let Choose(first) = *self;
            let all = addresses_of(&on.ctx, &first).await?;
            if all.len() <= 1 {
                let send = SendTo { to: first.clone(), by: MethodId::Code, chosen_from: Some(first) };
                return Box::new(send).prove(on).await;
            }
            choose(&on.ctx, &mut on.flow, &first, &all)?;
            Ok(Verdict::Form(Why::Sent))
        })
    }
}

/// One of the masked addresses.
struct Chosen {
    first: String,
    chosen: String,
}

impl Prove for Chosen {
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let Chosen { first, chosen } = *self;
            for address in addresses_of(&on.ctx, &first).await? {
                if otp::choice(&on.ctx, on.flow.id, &address)? != chosen {
                    continue;
                }
                if address == first {
                    let send = SendTo { to: first.clone(), by: MethodId::Code, chosen_from: Some(first) };
                    return Box::new(send).prove(on).await;
                }
                confirm(&on.ctx, &mut on.flow, &first);
                return Ok(Verdict::Form(Why::Sent));
            }
            Err(Error::invalid("This is none of the addresses to choose from. Start again."))
        })
    }
}

/// One step back.
struct Back(String);

impl Prove for Back {
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let Back(first) = *self;
            let all = addresses_of(&on.ctx, &first).await?;
            if on.flow.state == FlowState::AwaitingAddressChoice || all.len() <= 1 {
                ask_for_address(&on.ctx, &mut on.flow);
            } else {
                choose(&on.ctx, &mut on.flow, &first, &all)?;
            }
            Ok(Verdict::Form(Why::Sent))
        })
    }
}

/// A code came back.
struct TheCode(String);

impl Prove for TheCode {
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        const USED: &str = "This code was used already. Request a new one.";
        const LOCKED: &str = "Too many wrong codes for this address. Try again in 1 hour.";
        Box::pin(async move {
            let found = look_up(&on.ctx, &on.submit.requester, &on.flow, &self.0).await?;
            let why = match found {
                Found::Right(code, counted) => return proven(&on.ctx, *code, counted).await,
                Found::Used => return Ok(Verdict::Replace(Replaced::Over, text::generic(USED))),
                Found::TooMany => return Ok(Verdict::Replace(Replaced::Over, text::tried_too_often())),
                // What the flow sent last may be gone: the answer is that of a wrong code.
                Found::Wrong | Found::Expired(_) => text::wrong_recovery_code(),
                Found::Locked => text::generic(LOCKED),
            };
            on.flow.ui.messages = vec![why];
            Ok(Verdict::Form(Why::WrongCode))
        })
    }
}

/// The button of a link that this browser opened, or the secret of a link itself.
struct Link(String);

impl Prove for Link {
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let code = match on.flow.opened_link() {
                Some(id) => {
                    let mut tx = on.ctx.db().read().await?;
                    let now = on.ctx.effects().now();
                    let row = codes::get(&mut tx, id).await?;
                    row.filter(|row| row.used_at.is_none() && row.expires_at > now)
                }
                None => found_link(&on.ctx, &on.submit.requester, &on.flow, &self.0).await?,
            };
            match code {
                Some(code) => proven(&on.ctx, code, None).await,
                None => Ok(Verdict::Replace(Replaced::Over, text::recovery_link_invalid())),
            }
        })
    }
}

/// Whose account a right code or link is for.
///
/// # Errors
/// 401 for an account that is disabled.
pub(crate) async fn proven(ctx: &Ctx, code: Code, counted: Option<Counted>) -> Result<Verdict> {
    let identity = {
        let mut tx = ctx.db().read().await?;
        identities::get(&mut tx, code.identity()).await?.ok_or_else(unknown)?
    };
    active(&identity)?;
    let own = identity.recovery_addresses.iter().find(|address| Some(address.id) == code.address_id);
    let address = own.map(|address| address.value.clone());
    let recovered = Recovered { identity, code, counted, address };
    Ok(Verdict::Proceed(Box::new(Facts {
        who: Who::Recovered(Box::new(recovered)),
        token: None,
        code: None,
    })))
}
