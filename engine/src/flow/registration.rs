//! What is particular to sign-up: how its form begins, who may send it, and what a finished one is.

use super::before::before;
use super::show::signed_in_already;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::form::envelope::{self, csrf_token};
use crate::form::outcome::Outcome;
use crate::form::request::{Start, Submit, first};
use crate::form::{nodes, schema, stages};
use crate::method::{self, Attempt, Draw};
use crate::model::{Client, Flow, FlowKind};
use crate::signup::{self, invitation};
use crate::ui;

/// A new form; `None`: somebody is signed in.
///
/// # Errors
/// 400 a schema that nobody may choose · 403 and 410 without the invitation that it takes.
pub(super) async fn begin(ctx: &Ctx, start: &Start) -> Result<Option<Flow>> {
    let schema_id = schema::chosen(ctx, first(&start.query, "identity_schema"))?;
    if start.current.is_some() {
        return Ok(None);
    }
    let invitation = invitation::of_start(ctx, start).await?;
    let mut flow = envelope::blank(ctx, FlowKind::Registration, start);
    flow.identity_schema = schema_id;
    draw(ctx, &mut flow)?;
    if let Some(invitation) = invitation {
        flow.set_invitation(Some(invitation.id));
        let schema = schema::of(ctx, &flow)?.schema.clone();
        invitation::fill_in(&mut flow, &invitation, &schema);
    }
    Ok(Some(flow))
}

/// Whether this request may send the form at all. `Some`: it may not, and is told so.
pub(super) fn admit(on: &Attempt) -> Result<Option<Outcome>> {
    signup::enabled(&on.ctx)?;
    if on.submit.current.is_some() {
        return signed_in_already(&on.ctx, on.client != Client::Browser).map(Some);
    }
    Ok(None)
}

/// Earlier submissions may have left fields that were made for a message.
pub(super) fn forget_made_fields(on: &mut Attempt) {
    if let Ok(schema) = schema::of(&on.ctx, &on.flow) {
        let (names, most) = (schema.schema.names(), on.ctx.config.vestibule.requests.messages);
        on.flow.ui.forget_made_fields(&names, most);
    }
}

/// The nodes of a fresh form.
pub(super) fn draw(ctx: &Ctx, flow: &mut Flow) -> Result<()> {
    let schema = schema::of(ctx, flow)?.schema.clone();
    let drawn = Draw { ctx, flow, refresh: None, member: None, second: None };
    let of_methods: Vec<ui::Node> =
        method::of(FlowKind::Registration).flat_map(|method| method.draw(&drawn)).collect();
    if stages::in_two_steps(ctx) {
        let mut list = stages::profile(ctx, flow, of_methods)?;
        ui::sort::registration(&mut list, &schema.names());
        flow.ui.nodes = Some(list);
        return Ok(());
    }
    let mut list = vec![nodes::csrf(&csrf_token(ctx.effects(), flow))];
    // As in Kratos, the methods bring the traits along: without one there is nothing to fill in.
    if !of_methods.is_empty() {
        list.extend(nodes::traits(&schema));
    }
    list.extend(of_methods);
    ui::sort::registration(&mut list, &schema.names());
    flow.ui.nodes = Some(list);
    Ok(())
}

/// A new form in the place of an expired one.
pub(super) fn successor(ctx: &Ctx, old: &Flow, submit: &Submit) -> Result<Flow> {
    let mut flow = envelope::successor(ctx, old, submit);
    draw(ctx, &mut flow)?;
    Ok(flow)
}

/// A sign-up in the place of a sign-in whose user is not known yet, stored.
///
/// # Errors
/// 400 where sign-up is by invitation only.
pub(super) async fn converted(on: &Attempt) -> Result<Flow> {
    let ctx = &on.ctx;
    if ctx.config.vestibule.registration.invite_only {
        return Err(Error::invalid(
            "Sign-up needs an invitation here, and there is no account for this sign-in yet.",
        )
        .with_id("self_service_flow_disabled"));
    }
    let mut flow = envelope::turned(ctx, &on.flow, FlowKind::Registration, &on.submit);
    draw(ctx, &mut flow)?;
    before(ctx, &flow, &on.submit.seen).await?;
    envelope::insert(ctx, &flow).await?;
    Ok(flow)
}
