//! Forms in two steps: sign-up that asks for the traits first, and sign-in that asks for the identifier first. Which method is used is
//! the second step's question.

use super::{envelope::csrf_token, nodes, schema};
use crate::config::Style;
use crate::engine::Ctx;
use crate::error::Result;
use crate::model::Flow;
use crate::ui::{Group, InputKind, Node, text};
use serde_json::Value;

/// The first step of a sign-up, as a form calls it.
pub(crate) const PROFILE: &str = "profile";
/// The first step of a sign-in.
pub(crate) const IDENTIFIER: &str = "identifier_first";
/// `screen`: back to the first step of a sign-up.
pub(crate) const PREVIOUS: &str = "previous";
/// `screen`: to the second step of a sign-up.
pub(crate) const CREDENTIALS: &str = "credential-selection";

/// Whether a sign-up asks for the traits first.
pub(crate) fn in_two_steps(ctx: &Ctx) -> bool {
    ctx.config.selfservice.registration.style == Style::ProfileFirst
}

/// Whether a sign-in asks for the identifier first.
pub(crate) fn identifier_first(ctx: &Ctx) -> bool {
    ctx.config.selfservice.login.style == Style::IdentifierFirst
}

/// The first step of a sign-up: the traits, the way on, and what needs neither.
pub(crate) fn profile(ctx: &Ctx, flow: &Flow, of_methods: Vec<Node>) -> Result<Vec<Node>> {
    let schema = schema::of(ctx, flow)?.schema.clone();
    let mut list = vec![nodes::csrf(&csrf_token(ctx.effects(), flow))];
    let (providers, others): (Vec<_>, Vec<_>) =
        of_methods.into_iter().partition(|node| node.group == Group::Oidc);
    if !(providers.is_empty() && others.is_empty()) {
        list.extend(nodes::traits(&schema));
    }
    list.extend(providers);
    if !others.is_empty() {
        list.push(nodes::step(PROFILE, Group::Profile, text::sign_up()));
    }
    Ok(list)
}

/// The second step of a sign-up: what the first one asked for goes along unseen.
pub(crate) fn credentials(ctx: &Ctx, flow: &mut Flow, of_methods: Vec<Node>, body: &Value) -> Result<()> {
    let schema = schema::of(ctx, flow)?.schema.clone();
    let mut list = vec![nodes::csrf(&csrf_token(ctx.effects(), flow))];
    let mut traits = nodes::traits(&schema);
    for input in traits.iter_mut().filter_map(Node::input_mut) {
        let shown = flow.ui.nodes.iter().flatten().filter_map(Node::input).find(|own| own.name == input.name);
        input.value = shown.and_then(|own| own.value.clone());
        input.kind = InputKind::Hidden;
    }
    list.extend(traits);
    list.extend(of_methods);
    list.push(nodes::screen(PREVIOUS));
    flow.ui.nodes = Some(list);
    flow.ui.put_values(body);
    flow.ui.messages = vec![text::choose_method()];
    Ok(())
}

/// The first step of a sign-in. `identifier`: its field, as the schema calls it.
pub(crate) fn identifier(ctx: &Ctx, flow: &Flow, identifier: Node, of_methods: Vec<Node>) -> Vec<Node> {
    let mut list = vec![nodes::csrf(&csrf_token(ctx.effects(), flow))];
    let (providers, others): (Vec<_>, Vec<_>) =
        of_methods.into_iter().partition(|node| node.group == Group::Oidc);
    if !others.is_empty() {
        list.push(first(identifier));
        list.push(nodes::step(IDENTIFIER, Group::IdentifierFirst, text::go_on()));
    }
    list.extend(providers);
    list
}

fn first(mut identifier: Node) -> Node {
    identifier.group = Group::IdentifierFirst;
    if let Some(input) = identifier.input_mut() {
        input.autocomplete = Some("username webauthn".to_owned());
    }
    identifier
}

/// The second step of a sign-in, in the order of the methods (measured: it is not sorted).
pub(crate) fn of_identifier(
    ctx: &Ctx,
    flow: &mut Flow,
    identifier: Node,
    of_methods: Vec<Node>,
    typed: &str,
) {
    let mut identifier = first(identifier);
    if let Some(input) = identifier.input_mut() {
        (input.kind, input.value) = (InputKind::Hidden, Some(typed.into()));
    }
    let mut list = vec![identifier, nodes::csrf(&csrf_token(ctx.effects(), flow))];
    list.extend(of_methods);
    flow.ui.nodes = Some(list);
}
