//! The form of a verification: it asks for the address, then for the code, and becomes the way on.

use super::super::envelope::csrf_token;
use super::super::{nodes, return_to};
use crate::config::Config;
use crate::engine::Ctx;
use crate::identity::Via;
use crate::model::{Flow, FlowState, FlowType, MethodId};
use crate::ui::{Anchor, Group, Input, Node, text};
use url::Url;

/// What verifies an address: the method that the configuration chooses, and its group of nodes.
fn by(ctx: &Ctx) -> (MethodId, Group) {
    match ctx.config.selfservice.verification.by == MethodId::Link {
        true => (MethodId::Link, Group::Link),
        false => (MethodId::Code, Group::Code),
    }
}

pub(crate) fn ask_for_address(ctx: &Ctx, flow: &mut Flow) {
    let (method, group) = by(ctx);
    flow.active = Some(method.name().to_owned());
    let mut list = vec![
        nodes::address_to_prove(group, ctx.config.verifies(Via::Sms.name())),
        nodes::method(method, group, text::go_on()),
    ];
    list.extend(token_node(ctx, flow));
    flow.ui.nodes = Some(list);
}

/// The form once the email is sent. One with a link asks for nothing but the address again.
pub(crate) fn ask_for_code(ctx: &Ctx, flow: &mut Flow) {
    if by(ctx).0 == MethodId::Link {
        ask_for_address(ctx, flow);
        flow.state = FlowState::SentEmail;
        let to = flow.sent().map(|sent| sent.to.clone()).unwrap_or_default();
        flow.ui.put_value("email", to.into());
        flow.ui.messages = vec![text::verification_link_sent()];
        return;
    }
    flow.active = Some(MethodId::Code.name().to_owned());
    flow.state = FlowState::SentEmail;
    let mut list = vec![
        nodes::hidden_method(MethodId::Code, Group::Code),
        nodes::code(),
        nodes::method(MethodId::Code, Group::Code, text::go_on()),
    ];
    list.extend(token_node(ctx, flow));
    let to = flow.sent().map(|sent| sent.to.clone()).unwrap_or_default();
    list.push(nodes::resend(&to));
    flow.ui.nodes = Some(list);
    flow.ui.messages = vec![match Via::of(&to) {
        Via::Email => text::code_sent(),
        Via::Sms => text::code_sent_by_text_message(),
    }];
}

/// The form becomes the way on.
pub(crate) fn finish(ctx: &Ctx, flow: &mut Flow) {
    let href = continue_url(&ctx.config, flow).to_string();
    flow.state = FlowState::Passed;
    flow.active = Some(by(ctx).0.name().to_owned());
    let anchor = Anchor { href: href.clone(), title: text::go_on(), id: "continue".to_owned() };
    flow.ui.method = "GET".to_owned();
    flow.ui.action = href;
    flow.ui.nodes =
        Some(vec![nodes::csrf(&csrf_token(ctx.effects(), flow)), Node::new_anchor(Group::Code, anchor)]);
    let to = flow.sent().map(|sent| Via::of(&sent.to));
    flow.ui.messages = vec![match to {
        Some(Via::Sms) => text::phone_number_proven(),
        Some(Via::Email) | None => text::address_proven(),
    }];
}

/// Browser flows have one; in an app's it comes with some of the errors (measured).
fn token_node(ctx: &Ctx, flow: &Flow) -> Option<Node> {
    (flow.kind_of_client == FlowType::Browser).then(|| nodes::csrf(&csrf_token(ctx.effects(), flow)))
}

pub(crate) fn with_token(ctx: &Ctx, flow: &mut Flow) {
    if !flow.nodes().iter().any(|node| node.id() == "csrf_token") {
        let node = nodes::csrf(&csrf_token(ctx.effects(), flow));
        flow.nodes().push(node);
    }
}

/// The flow's `return_to`, when it is allowed still > `flows.verification.after` > the global default.
fn continue_url(config: &Config, flow: &Flow) -> Url {
    wanted_url(config, flow).unwrap_or_else(|| config.default_return_url())
}

/// The same without the default.
pub(crate) fn wanted_url(config: &Config, flow: &Flow) -> Option<Url> {
    flow.return_to
        .as_deref()
        .filter(|wanted| !wanted.is_empty())
        .and_then(|wanted| return_to::check(config, wanted).ok())
        .or_else(|| config.selfservice.verification.return_url.clone())
}

/// Neither a code nor an address came.
pub(crate) fn address_is_missing(ctx: &Ctx, flow: &mut Flow) {
    if let Some(node) = flow.nodes().iter_mut().find(|node| node.id() == "email") {
        let shown = nodes::address_to_prove(by(ctx).1, ctx.config.verifies(Via::Sms.name()));
        let kind = shown.input().map(|input| input.kind).unwrap_or_default();
        let input = Input { kind, value: Some("".into()), required: true, ..as_input(node) };
        *node = Node::new_input(by(ctx).1, shown.meta.label.clone(), input);
    }
    flow.ui.attach("email", text::required("email"));
    with_token(ctx, flow);
}

fn as_input(node: &Node) -> Input {
    node.input().cloned().unwrap_or_default()
}
