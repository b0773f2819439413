//! The link of a recovery's email, and the one that an operator creates.

use super::recovery::{anew, enabled, replace};
use super::run;
use super::show::signed_in_already;
use crate::config::Confirm;
use crate::engine::Ctx;
use crate::error::Result;
use crate::form::csrf;
use crate::form::envelope::{self, Holder};
use crate::form::outcome::{Outcome, Replaced, Why, switched_off};
use crate::form::recovery::{confirm_link, found_link};
use crate::form::request::Submit;
use crate::ids::FlowId;
use crate::limits;
use crate::method::{self, Attempt};
use crate::model::{Client, FlowKind, FlowState, MethodId, Private};
use crate::store;
use crate::store::codes::Code;
use crate::ui::text;

/// A link was opened, always in a browser. Email scanners open links too: unless `vestibule.links.confirm` says otherwise, nothing is
/// used up before the user presses the button of the form that is shown then.
///
/// # Errors
/// 400 recovery is turned off · 404 links are · 429.
pub async fn follow_link(ctx: &Ctx, submit: Submit, token: &str) -> Result<Outcome> {
    if submit.current.is_some() {
        return signed_in_already(ctx, submit.json);
    }
    let found = match submit.flow.as_deref().and_then(|id| id.parse::<FlowId>().ok()) {
        Some(id) => store::flows::get(&mut ctx.db().single().await?, FlowKind::Recovery, id).await?,
        None => None,
    };
    let by_operator = found.as_ref().is_some_and(|flow| flow.by_operator().is_some());
    if !by_operator {
        enabled(ctx)?;
    }
    if !ctx.config.selfservice.link.enabled {
        return Err(switched_off());
    }
    limits::volume::flow(ctx, &submit.requester).await?;
    let client = if submit.json { Client::Spa } else { Client::Browser };
    // Without its flow, which is cleaned up after a while, a link is one that expired.
    let flow = found.unwrap_or_else(|| anew(ctx, None, false, &submit));
    let mut on = Attempt::new(ctx, flow, Holder::Own, submit);
    on.client = client;
    let row = match on.flow.state {
        FlowState::Passed => None,
        FlowState::ChooseMethod
        | FlowState::SentEmail
        | FlowState::AwaitingAddress
        | FlowState::AwaitingAddressChoice
        | FlowState::ConfirmingAddress
        | FlowState::AwaitingCode
        | FlowState::ShowForm
        | FlowState::Success => found_link(ctx, &on.submit.requester, &on.flow, token).await?,
    };
    let Some(row) = row else {
        return replace(&on, Replaced::Over, text::recovery_link_invalid()).await;
    };
    let asks_first = match ctx.config.selfservice.link.confirm {
        Confirm::Emailed => !row.is_by_operator(),
        Confirm::Always => true,
        Confirm::Never => false,
    };
    // sabotage: link-opened-by-a-scanner
    if asks_first {
        return ask_first(&on, &row).await;
    }
    let verdict = method::recovered(ctx, row).await?;
    run::proved(on, MethodId::Link, verdict).await
}

/// A form with a button, for this browser alone. What it is worth is in its row: neither the page nor the database holds the secret.
async fn ask_first(on: &Attempt, row: &Code) -> Result<Outcome> {
    let ctx = &on.ctx;
    let own = match on.submit.csrf_cookies.as_slice() {
        [own] => own.clone(),
        _ => csrf::new_cookie(ctx.effects()),
    };
    let mut flow = anew(ctx, Some(&on.flow), false, &on.submit);
    flow.csrf_cookie = own;
    flow.expires_at = flow.expires_at.min(row.expires_at);
    flow.private =
        Private::Recovery { sent: on.flow.sent().cloned(), by_operator: None, opened: Some(row.id) };
    confirm_link(ctx, &mut flow);
    envelope::insert(ctx, &flow).await?;
    Ok(Outcome::Form { flow: Box::new(flow), why: Why::Filled })
}
