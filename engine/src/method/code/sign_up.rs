//! Sign-up with a code: the form sends one to the address of the traits, and the code that comes back creates the account with that
//! address verified (Kratos: selfservice/strategy/code/strategy_registration.go).

use super::entry::{self, Entered, Entry, To};
use crate::courier::Letter;
use crate::engine::Ctx;
use crate::error::Result;
use crate::form::envelope::csrf_token;
use crate::form::outcome::Why;
use crate::form::{nodes, schema, stages};
use crate::identity::schema::{Address, Extracted};
use crate::method::contract::{
    Attempt, Checked, Facts, NewAccount, NewCredential, Prove, RightCode, Verdict, Who,
};
use crate::model::{Flow, FlowState, MethodId};
use crate::otp::Purpose;
use crate::ui::{InputKind, text};
use futures::future::BoxFuture;
use serde_json::{Value, json};

const REFUSED: Checked = Checked::Done(Verdict::Form(Why::Refused));

/// A sign-up whose form is right.
struct SignUp {
    schema_id: String,
    traits: Value,
    extracted: Extracted,
    /// Where its code goes.
    to: String,
}

/// Traits all at once, then the token, as with a password.
pub(super) fn check(on: &mut Attempt) -> Result<Checked> {
    let ctx = on.ctx.clone();
    if !ctx.config.selfservice.offers(MethodId::Code) {
        on.flow.ui.put_values(&on.body);
        on.flow.message(text::no_identifier());
        return Ok(REFUSED);
    }
    let enters = on.flow.state == FlowState::SentEmail && !entry::asks_for_another(on);
    let code = entry::typed_code(on);
    let schema = schema::of(&ctx, &on.flow)?;
    let mut traits = on.body.get("traits").cloned().unwrap_or_else(|| json!({}));
    schema.schema.nest(&mut traits);
    let checked = schema.schema.validate(&traits, ctx.config.vestibule.requests.violations());
    let extracted = match checked {
        Ok(extracted) if !(enters && code.is_empty()) => extracted,
        checked => {
            if !enters {
                on.flow.ui.put_values(&on.body);
            }
            if enters && code.is_empty() {
                on.flow.ui.attach("code", text::required("code"));
            }
            for violation in checked.err().into_iter().flatten() {
                on.flow.ui.attach(&violation.pointer, violation.text);
            }
            return Ok(REFUSED);
        }
    };
    if !on.may_submit()? {
        return Ok(REFUSED);
    }
    let Some(to) = recipient(&ctx, &extracted) else {
        on.flow.ui.put_values(&on.body);
        on.flow.message(text::no_identifier());
        return Ok(REFUSED);
    };
    // Where a sign-up leaks nothing, a code vouches for its own address alone: another one could be somebody's.
    if ctx.config.vestibule.registration.prevent_enumeration && !covers(&to.value, &extracted) {
        on.flow.ui.put_values(&on.body);
        on.flow.message(text::one_address_by_code());
        return Ok(REFUSED);
    }
    let sign_up = SignUp { schema_id: schema.id.clone(), traits, to: to.value.clone(), extracted };
    if !enters {
        return Ok(Checked::Go(Box::new(Send(sign_up))));
    }
    let same = on.flow.sent().is_some_and(|sent| sent.to == sign_up.to);
    if !same || !repeats(&on.flow, &on.body) {
        on.flow.message(text::traits_changed());
        return Ok(REFUSED);
    }
    Ok(Checked::Go(Box::new(Enter { sign_up, code })))
}

/// Where the code goes: the first identifier that receives codes, in the schema's order.
fn recipient<'a>(ctx: &Ctx, extracted: &'a Extracted) -> Option<&'a Address> {
    extracted.code_identifiers.iter().find(|address| ctx.config.writes_to(&address.via))
}

/// Whether the account would have no other identifier or address.
fn covers(to: &str, extracted: &Extracted) -> bool {
    let addresses = extracted.code_identifiers.iter().chain(&extracted.verifiable).chain(&extracted.recovery);
    addresses.map(|address| &address.value).chain(&extracted.password_identifiers).all(|value| value == to)
}

/// Whether the traits are those that the code was asked for with, as far as both name them.
fn repeats(flow: &Flow, body: &Value) -> bool {
    let fields = flow.ui.nodes.iter().flatten().filter_map(|node| node.input());
    let mut traits = fields.filter(|field| field.name.starts_with("traits."));
    traits.all(|field| {
        let mut sent = Some(body);
        for part in field.name.split('.') {
            sent = sent.and_then(|value| value.get(part));
        }
        match (sent, &field.value) {
            (None, _) | (_, None) => true,
            (Some(sent), Some(shown)) => {
                sent == shown
                    || crate::form::request::as_text(Some(sent)) == crate::form::request::as_text(Some(shown))
            }
        }
    })
}

/// A code is asked for.
struct Send(SignUp);

impl Prove for Send {
    fn applicant(&self) -> Option<&Extracted> {
        Some(&self.0.extracted)
    }

    /// The same for an address that has an account: only whoever reads its email learns of it, with the right code.
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let Send(sign_up) = *self;
            draw(&on.ctx, &mut on.flow, &sign_up.traits)?;
            let to = To { address: sign_up.to, identity: None, pretends: false };
            let letter = |code, minutes| Letter::RegistrationCode { code, minutes };
            entry::send(on, Purpose::Registration, to, letter).await
        })
    }
}

/// The form for the code: what was filled in goes along unseen.
fn draw(ctx: &Ctx, flow: &mut Flow, traits: &Value) -> Result<()> {
    let schema = schema::of(ctx, flow)?.schema.clone();
    let mut list = vec![nodes::csrf(&csrf_token(ctx.effects(), flow))];
    list.extend(nodes::traits(&schema));
    for input in list.iter_mut().filter_map(|node| node.input_mut()) {
        input.kind = InputKind::Hidden;
    }
    list.extend(entry::nodes(text::registration_code()));
    if stages::in_two_steps(ctx) {
        list.push(nodes::screen(stages::CREDENTIALS));
    }
    flow.ui.nodes = Some(list);
    flow.ui.put_values(&json!({ "traits": traits }));
    flow.ui.messages = vec![text::registration_code_sent()];
    Ok(())
}

/// A code came back.
struct Enter {
    sign_up: SignUp,
    code: String,
}

impl Prove for Enter {
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let Enter { sign_up, code } = *self;
            let (code, counted) = match entry::look_up(on, Purpose::Registration, &code).await? {
                Entered::Right(code, counted) => (code, counted),
                Entered::Refused(entry) => {
                    on.flow.message(match entry {
                        Entry::Wrong => text::wrong_registration_code(),
                        Entry::Expired => text::expired_code(text::wrong_registration_code()),
                        Entry::TooMany => text::generic(entry::TOO_MANY),
                        Entry::Locked => text::generic(entry::LOCKED),
                    });
                    return Ok(Verdict::Form(Why::Refused));
                }
            };
            let SignUp { schema_id, traits, extracted, to } = sign_up;
            let by = NewCredential::Identifiers;
            let account = NewAccount { schema_id, traits, extracted, by, verified: vec![to] };
            let facts = Facts {
                code: Some(RightCode { code: *code, counted }),
                ..Facts::of(Who::New(Box::new(account)))
            };
            Ok(Verdict::Proceed(Box::new(facts)))
        })
    }
}
