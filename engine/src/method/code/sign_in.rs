//! Sign-in with a code: the form sends one to an identifier of the account, and the code that comes back signs in and verifies the
//! address (Kratos: selfservice/strategy/code/strategy_login.go).

use super::entry::{self, Entered, Entry, To};
use crate::courier::Letter;
use crate::engine::Ctx;
use crate::error::Result;
use crate::form::envelope::csrf_token;
use crate::form::nodes;
use crate::form::outcome::Why;
use crate::identity::{Credential, Identity, Via, normalise_identifier, phone};
use crate::ids::IdentityId;
use crate::method::account::active;
use crate::method::basis::Basis;
use crate::method::contract::{Attempt, Checked, Draw, Facts, Known, Prove, RightCode, Verdict, Who};
use crate::method::identifier_of;
use crate::model::{Flow, FlowState, FlowType, MethodId};
use crate::otp::Purpose;
use crate::store::identities;
use crate::ui::{Group, InputKind, Node, text};
use futures::future::BoxFuture;
use serde_json::Value;

const REFUSED: Checked = Checked::Done(Verdict::Form(Why::Refused));

/// The button of a form, with the field for the identifier where none is there yet.
pub(super) fn draw(on: &Draw<'_>) -> Vec<Node> {
    let button = nodes::method(
        MethodId::Code,
        Group::Code,
        text::sign_in_with_code(on.ctx.config.signs_in_by_text_message()),
    );
    if let Some(second) = on.second {
        let offers = second.offers(MethodId::Code, |_| true);
        return offers.then_some(button).into_iter().collect();
    }
    let Some(credentials) = on.refresh else { return vec![identifier_of(on.ctx, on.flow), button] };
    let own = credentials.iter().find(|one| one.kind == MethodId::Code.name());
    let Some(identifier) = own.and_then(|one| one.identifiers.first()) else { return Vec::new() };
    vec![nodes::hidden_identifier(identifier), button]
}

pub(super) fn check(on: &mut Attempt) -> Result<Checked> {
    if on.flow.asks_for_second_factor() || !on.ctx.config.selfservice.offers(MethodId::Code) {
        on.flow.message(text::no_login_method());
        return Ok(REFUSED);
    }
    if on.flow.state == FlowState::SentEmail && !entry::asks_for_another(on) {
        let code = entry::typed_code(on);
        if code.is_empty() {
            on.flow.ui.attach("code", text::required("code"));
        }
        if code.is_empty() || !on.may_submit()? {
            return Ok(REFUSED);
        }
        return Ok(Checked::Go(Box::new(Enter(code))));
    }
    let mut identifier = on.field("identifier");
    if identifier.is_empty()
        && let Some(sent) = on.flow.sent()
    {
        identifier = sent.to.clone();
    }
    on.flow.ui.put_value("identifier", Value::from(identifier.clone()));
    if identifier.is_empty() {
        on.flow.ui.attach("identifier", text::required("identifier"));
    }
    if identifier.is_empty() || !on.may_submit()? {
        return Ok(REFUSED);
    }
    Ok(Checked::Go(Box::new(Send { identifier })))
}

/// A code is asked for.
struct Send {
    identifier: String,
}

impl Prove for Send {
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let to = normalise_identifier(&self.identifier);
            let identity = owner(&on.ctx, &to).await?;
            if identity.is_none() && !on.ctx.config.hides_accounts() {
                on.flow.message(text::no_account_for_code());
                return Ok(Verdict::Form(Why::Refused));
            }
            ask_for_code(&on.ctx, &mut on.flow, &self.identifier);
            let to = To { address: to, identity, pretends: identity.is_none() };
            let letter = |code, minutes| Letter::LoginCode { code, minutes };
            entry::send(on, Purpose::Login, to, letter).await
        })
    }
}

/// Whose account receives codes at that identifier. No more is read: an account that exists takes no longer than one that does not.
async fn owner(ctx: &Ctx, to: &str) -> Result<Option<IdentityId>> {
    let mut tx = ctx.db().read().await?;
    let owner = identities::owner(&mut tx, MethodId::Code.name(), to).await?;
    let reads =
        |via: Via| via == Via::Email || phone::is_phone_number(to) && ctx.config.writes_to(via.name());
    Ok(owner.filter(|_| reads(Via::of(to))))
}

/// The form for the code, as it is once the code is on its way.
fn ask_for_code(ctx: &Ctx, flow: &mut Flow, identifier: &str) {
    let mut field = identifier_of(ctx, flow);
    if let Some(input) = field.input_mut() {
        (input.kind, input.value) = (InputKind::Hidden, Some(identifier.into()));
    }
    let mut list = vec![field];
    list.extend(entry::nodes(text::login_code()));
    if flow.kind_of_client == FlowType::Browser {
        list.push(nodes::csrf(&csrf_token(ctx.effects(), flow)));
    }
    flow.ui.nodes = Some(list);
    flow.ui.messages = vec![match Via::of(&normalise_identifier(identifier)) {
        _ if flow.is_refresh() => text::login_code_sent_to_you(),
        Via::Sms if phone::is_phone_number(identifier) => text::login_code_sent_by_text_message(),
        Via::Email | Via::Sms => text::login_code_sent(),
    }];
}

/// The same after a wrong code (measured: with the token for apps too).
fn ask_again(ctx: &Ctx, flow: &mut Flow) {
    let shown = flow.ui.nodes.iter().flatten().find(|node| node.id() == "identifier");
    let shown = shown.and_then(|node| node.input()?.value.as_ref()?.as_str()).unwrap_or_default().to_owned();
    let mut list = vec![nodes::csrf(&csrf_token(ctx.effects(), flow)), nodes::hidden_identifier(&shown)];
    list.extend(entry::nodes(text::login_code()));
    flow.ui.nodes = Some(list);
}

/// A code came back.
struct Enter(String);

impl Prove for Enter {
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let found = match entry::look_up(on, Purpose::Login, &self.0).await? {
                Entered::Right(code, counted) => right(on, *code, counted).await?,
                Entered::Refused(entry) => Err(entry),
            };
            match found {
                Ok(facts) => Ok(Verdict::Proceed(facts)),
                Err(entry) => {
                    ask_again(&on.ctx, &mut on.flow);
                    on.flow.message(match entry {
                        Entry::Wrong => text::wrong_login_code(),
                        Entry::Expired => text::expired_code(text::wrong_login_code()),
                        Entry::TooMany => text::generic(entry::TOO_MANY),
                        Entry::Locked => text::generic(entry::LOCKED),
                    });
                    Ok(Verdict::Form(Why::Refused))
                }
            }
        })
    }
}

/// The account that the code was sent to, as it is now. Without the identifier that received it the code is worth nothing.
///
/// # Errors
/// 401 for an account that is disabled.
async fn right(
    on: &Attempt,
    code: crate::store::codes::Code,
    counted: Option<crate::limits::codes::Attempt>,
) -> Result<std::result::Result<Box<Facts>, Entry>> {
    let used = on.flow.sent().map(|sent| sent.to.clone()).unwrap_or_default();
    let Some((identity, credential)) = read(&on.ctx, code.identity(), &used).await? else {
        return Ok(Err(Entry::Wrong));
    };
    active(&identity)?;
    let basis = Basis::Credential { kind: MethodId::Code, config: credential.config };
    let own = identity.verifiable_addresses.iter().find(|address| address.value == used && !address.verified);
    let verifies = own.map(|address| address.id);
    let known = Known { identity, basis, used, provider: None, verifies };
    let code = Some(RightCode { code, counted });
    Ok(Ok(Box::new(Facts { code, ..Facts::of(Who::Known(Box::new(known))) })))
}

async fn read(ctx: &Ctx, id: IdentityId, identifier: &str) -> Result<Option<(Identity, Credential)>> {
    let mut tx = ctx.db().read().await?;
    let Some(identity) = identities::get(&mut tx, id).await? else { return Ok(None) };
    let credentials = identities::credentials(&mut tx, id).await?;
    let own = credentials
        .into_iter()
        .find(|one| one.kind == MethodId::Code.name() && one.identifiers.iter().any(|own| own == identifier));
    Ok(own.map(|own| (identity, own)))
}
