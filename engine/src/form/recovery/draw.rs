//! The form of a recovery by code or by link. With `feature_flags.choose_recovery_address` users with several addresses choose one of
//! them first (Kratos: selfservice/strategy/code/strategy_recovery.go).

use super::super::envelope::csrf_token;
use super::super::nodes;
use crate::engine::Ctx;
use crate::error::Result;
use crate::identity::Via;
use crate::model::{Flow, FlowState, MethodId};
use crate::otp;
use crate::ui::{Group, Input, InputKind, Node, Text, text};

/// The first step.
pub(crate) fn ask_for_address(ctx: &Ctx, flow: &mut Flow) {
    let recovery = &ctx.config.selfservice.recovery;
    let (method, group) = match recovery.by {
        MethodId::Link => (MethodId::Link, Group::Link),
        MethodId::Password
        | MethodId::Oidc
        | MethodId::Code
        | MethodId::Totp
        | MethodId::Passkey
        | MethodId::Webauthn
        | MethodId::LookupSecret
        | MethodId::Profile => (MethodId::Code, Group::Code),
    };
    if method == MethodId::Code && recovery.choose_address {
        flow.state = FlowState::AwaitingAddress;
        let by_text_message = ctx.config.writes_to(Via::Sms.name());
        let input = Input { required: true, ..field("recovery_address", InputKind::Text) };
        draw(
            ctx,
            flow,
            method,
            vec![node(Some(text::recovery_address(by_text_message)), input), go_on(method)],
        );
        return;
    }
    flow.state = FlowState::ChooseMethod;
    let input = Input { required: true, ..field("email", InputKind::Email) };
    draw(
        ctx,
        flow,
        method,
        vec![
            nodes::of_recovery(group, Some(text::email()), input),
            nodes::method(method, group, text::go_on()),
        ],
    );
}

/// The code was sent, or would have been.
pub(crate) fn ask_for_code(ctx: &Ctx, flow: &mut Flow, chosen_from: Option<&str>) {
    let to = flow.sent().map(|sent| sent.to.clone()).unwrap_or_default();
    let mut list = vec![
        nodes::recovery_code(),
        nodes::hidden_method(MethodId::Code, Group::Code),
        go_on(MethodId::Code),
    ];
    match chosen_from {
        None => {
            flow.state = FlowState::SentEmail;
            list.push(nodes::resend(&to));
            flow.ui.messages = vec![text::recovery_code_sent()];
        }
        Some(typed) => {
            flow.state = FlowState::AwaitingCode;
            list.push(hidden("recovery_address", typed));
            let again = Input {
                value: Some(to.clone().into()),
                ..field("recovery_confirm_address", InputKind::Submit)
            };
            list.push(node(Some(text::resend()), again));
            list.push(previous());
            flow.ui.messages = vec![text::recovery_code_sent_to(&masked(&to))];
        }
    }
    draw(ctx, flow, MethodId::Code, list);
}

/// An operator created the code, and gives it to the user.
pub(crate) fn ask_for_operators_code(ctx: &Ctx, flow: &mut Flow) {
    flow.state = FlowState::SentEmail;
    draw(ctx, flow, MethodId::Code, vec![nodes::recovery_code(), go_on(MethodId::Code)]);
}

/// The link was sent, or would have been.
pub(crate) fn say_link_is_sent(flow: &mut Flow, to: &str) {
    flow.active = Some(MethodId::Link.name().to_owned());
    flow.state = FlowState::SentEmail;
    flow.ui.put_value("email", to.into());
    flow.ui.messages = vec![text::recovery_link_sent()];
}

/// A link was opened, and waits for its button.
pub(crate) fn confirm_link(ctx: &Ctx, flow: &mut Flow) {
    flow.state = FlowState::SentEmail;
    draw(ctx, flow, MethodId::Link, vec![nodes::method(MethodId::Link, Group::Link, text::go_on())]);
}

/// One of several addresses, masked.
///
/// # Errors
/// 500 without a secret.
pub(crate) fn choose(ctx: &Ctx, flow: &mut Flow, typed: &str, addresses: &[String]) -> Result<()> {
    flow.state = FlowState::AwaitingAddressChoice;
    let mut list = vec![hidden("recovery_address", typed), nodes::hidden_method(MethodId::Code, Group::Code)];
    for address in addresses {
        let value = otp::choice(ctx, flow.id, address)?;
        let input =
            Input { value: Some(value.into()), ..field("recovery_select_address", InputKind::Submit) };
        list.push(node(Some(text::masked_address(&masked(address))), input));
    }
    list.push(previous());
    flow.ui.messages = vec![text::choose_recovery_address()];
    draw(ctx, flow, MethodId::Code, list);
    Ok(())
}

/// The chosen address, in full.
pub(crate) fn confirm(ctx: &Ctx, flow: &mut Flow, typed: &str) {
    flow.state = FlowState::ConfirmingAddress;
    let by_text_message = ctx.config.writes_to(Via::Sms.name());
    let input = Input { required: true, ..field("recovery_confirm_address", InputKind::Text) };
    let list = vec![
        hidden("recovery_address", typed),
        node(Some(text::full_recovery_address(by_text_message)), input),
        go_on(MethodId::Code),
        previous(),
    ];
    flow.ui.messages = vec![text::confirm_recovery_address()];
    draw(ctx, flow, MethodId::Code, list);
}

/// An address as the choice shows it: enough for its owner, and no more.
pub(crate) fn masked(address: &str) -> String {
    let letters: Vec<char> = address.chars().collect();
    let part = |letters: &[char]| letters.iter().collect::<String>();
    match address.rsplit_once('@') {
        Some((local, domain)) if local.chars().count() >= 2 => {
            format!("{}****@{domain}", part(&letters[..2]))
        }
        Some(_) => address.to_owned(),
        None if letters.len() < 6 => address.to_owned(),
        None => format!("{}****{}", part(&letters[..3]), part(&letters[letters.len() - 2..])),
    }
}

fn draw(ctx: &Ctx, flow: &mut Flow, method: MethodId, fields: Vec<Node>) {
    flow.active = Some(method.name().to_owned());
    let mut list = vec![nodes::csrf(&csrf_token(ctx.effects(), flow))];
    list.extend(fields);
    flow.ui.nodes = Some(list);
}

fn field(name: &str, kind: InputKind) -> Input {
    Input { name: name.to_owned(), kind, ..Input::default() }
}

fn node(label: Option<Text>, input: Input) -> Node {
    nodes::of_recovery(Group::Code, label, input)
}

fn hidden(name: &str, value: &str) -> Node {
    node(None, Input { value: Some(value.into()), ..field(name, InputKind::Hidden) })
}

fn go_on(method: MethodId) -> Node {
    nodes::method(method, Group::Code, text::go_on())
}

/// Back to the step before.
fn previous() -> Node {
    node(
        Some(text::back_to_recovery_address()),
        Input { value: Some("previous".into()), ..field("screen", InputKind::Submit) },
    )
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn a_masked_address_shows_its_owner_which_one_it_is() {
        for (address, shown) in [
            ("anna@example.org", "an****@example.org"),
            ("ab@example.org", "ab****@example.org"),
            ("a@example.org", "a@example.org"),
            ("+431234567", "+43****67"),
            ("+4312", "+4312"),
        ] {
            assert_eq!(masked(address), shown);
        }
    }
}
