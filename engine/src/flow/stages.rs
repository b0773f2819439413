//! Forms in two steps: a submission that goes from one step to the other, and proves nothing.

use super::registration;
use super::show::{show, shown};
use crate::error::Result;
use crate::form::envelope::save_refused;
use crate::form::outcome::{Outcome, Why};
use crate::form::{schema, stages};
use crate::method::{self, Attempt, Draw, Second, identifier_of};
use crate::model::{Flow, FlowKind, FlowState};
use crate::store::identities;
use crate::ui::{Node, text};
use serde_json::json;

/// `None`: the submission is for a method.
pub(super) async fn take(on: &mut Attempt) -> Result<Option<Outcome>> {
    match on.flow.kind() {
        FlowKind::Registration if stages::in_two_steps(&on.ctx) => sign_up(on).await,
        FlowKind::Login if stages::identifier_first(&on.ctx) && !asks_for_more(&on.flow) => sign_in(on).await,
        FlowKind::Registration
        | FlowKind::Login
        | FlowKind::Verification
        | FlowKind::Recovery
        | FlowKind::Settings => Ok(None),
    }
}

fn asks_for_more(flow: &Flow) -> bool {
    flow.is_refresh() || flow.asks_for_second_factor()
}

fn drawn(on: &Attempt, second: Second<'_>) -> Vec<Node> {
    let draw = Draw { ctx: &on.ctx, flow: &on.flow, refresh: None, member: None, second: Some(second) };
    method::of(on.flow.kind()).flat_map(|method| method.draw(&draw)).collect()
}

/// `screen` counts before `method`, as in Kratos (selfservice/strategy/profile/registration.go).
async fn sign_up(on: &mut Attempt) -> Result<Option<Outcome>> {
    let (screen, method) = (on.trimmed("screen"), on.trimmed("method"));
    if screen == stages::PREVIOUS || method == "profile:back" {
        first(on)?;
        on.flow.ui.put_values(&on.body);
        return show(on, Why::Step).await.map(Some);
    }
    if screen != stages::CREDENTIALS && method != stages::PROFILE {
        return Ok(None);
    }
    let schema = schema::of(&on.ctx, &on.flow)?.schema.clone();
    let mut traits = on.body.get("traits").cloned().unwrap_or_else(|| json!({}));
    schema.nest(&mut traits);
    if let Err(violations) = schema.validate(&traits, on.ctx.config.vestibule.requests.violations()) {
        if !on.flow.ui.nodes.iter().flatten().any(is_first) {
            first(on)?;
        }
        on.flow.ui.put_values(&on.body);
        for violation in violations {
            on.flow.ui.attach(&violation.pointer, violation.text);
        }
        return show(on, Why::Refused).await.map(Some);
    }
    if !on.may_submit()? {
        return show(on, Why::Refused).await.map(Some);
    }
    (on.flow.active, on.flow.state) = (None, FlowState::ChooseMethod);
    let of_methods = drawn(on, Second::Anybody);
    stages::credentials(&on.ctx, &mut on.flow, of_methods, &on.body)?;
    on.flow.transient_payload.get_or_insert_with(|| json!({}));
    show(on, Why::Step).await.map(Some)
}

/// Back to the fields of the traits.
fn first(on: &mut Attempt) -> Result<()> {
    (on.flow.active, on.flow.state) = (None, FlowState::ChooseMethod);
    let ctx = on.ctx.clone();
    registration::draw(&ctx, &mut on.flow)
}

fn is_first(node: &Node) -> bool {
    node.input().is_some_and(|input| {
        input.name == "method" && input.value.as_ref().is_some_and(|value| value == stages::PROFILE)
    })
}

/// The identifier leads to the methods of its account. Where no form tells who has an account it leads to all methods, and nothing is
/// looked up.
async fn sign_in(on: &mut Attempt) -> Result<Option<Outcome>> {
    if on.trimmed("method") != stages::IDENTIFIER {
        return Ok(None);
    }
    let typed = on.field("identifier");
    on.flow.ui.put_value("identifier", typed.clone().into());
    if typed.trim().is_empty() {
        return unknown(on).await;
    }
    if !on.may_submit()? {
        return show(on, Why::Refused).await.map(Some);
    }
    let of_methods = if on.ctx.config.hides_accounts() {
        drawn(on, Second::Anybody)
    } else {
        let credentials = {
            let mut tx = on.ctx.db().read().await?;
            identities::credentials_of(&mut tx, &crate::identity::normalise_identifier(&typed)).await?
        };
        match &credentials {
            Some(credentials) => drawn(on, Second::Account(credentials)),
            None => Vec::new(),
        }
    };
    if of_methods.is_empty() {
        return unknown(on).await;
    }
    on.flow.active = Some(stages::IDENTIFIER.to_owned());
    on.flow.state = FlowState::ChooseMethod;
    let field = identifier_of(&on.ctx, &on.flow);
    stages::of_identifier(&on.ctx, &mut on.flow, field, of_methods, &typed);
    on.flow.transient_payload.get_or_insert_with(|| json!({}));
    let ctx = on.ctx.clone();
    save_refused(&ctx, &mut on.flow).await?;
    shown(on, Why::Step).await.map(Some)
}

async fn unknown(on: &mut Attempt) -> Result<Option<Outcome>> {
    on.flow.ui.attach("identifier", text::no_account_for_identifier());
    show(on, Why::Refused).await.map(Some)
}
