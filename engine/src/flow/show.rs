//! How a form comes back: sorted, stored, and led back to the app that waits for it.

use super::{settings, verification};
use crate::engine::Ctx;
use crate::error::Result;
use crate::form::envelope;
use crate::form::outcome::{Outcome, Why, already_signed_in};
use crate::form::return_to;
use crate::method::{Attempt, oidc};
use crate::model::{Client, Flow, FlowKind, MethodId};
use crate::ui::{Text, sort, text};
use url::Url;

/// The form comes back with that message.
pub(super) async fn refused(on: &mut Attempt, why: Text) -> Result<Outcome> {
    on.flow.message(why);
    show(on, Why::Refused).await
}

/// Stores the form as it comes back, and shows it; an app that waits for its session is led back to it.
pub(super) async fn show(on: &mut Attempt, why: Why) -> Result<Outcome> {
    let ctx = on.ctx.clone();
    match (on.flow.kind(), why) {
        (_, Why::TooEarly(seconds)) => {
            on.flow.message(text::too_many_attempts(seconds));
            if on.client == Client::Browser && ctx.config.ui_url_of(on.flow.kind()).is_some() {
                envelope::save(&ctx, &mut on.flow).await?;
            }
        }
        (FlowKind::Verification, _) => verification::store(on, why).await?,
        (FlowKind::Registration | FlowKind::Login | FlowKind::Recovery | FlowKind::Settings, _) => {
            if on.flow.kind() == FlowKind::Settings {
                settings::bound_messages(on);
            }
            in_order(&ctx, &mut on.flow);
            // A form that comes back after a visit to a provider keeps what the visit began with.
            match on.returned {
                true => envelope::save(&ctx, &mut on.flow).await.map(drop)?,
                false => envelope::save_refused(&ctx, &mut on.flow).await?,
            }
        }
    }
    shown(on, why).await
}

/// The same for a form that is stored already.
pub(super) async fn shown(on: &mut Attempt, why: Why) -> Result<Outcome> {
    match on.exchange.take() {
        Some(exchange) => oidc::exchange::answer(&on.ctx, exchange, &on.flow, None).await.map(Outcome::ToApp),
        None => Ok(Outcome::Form { flow: Box::new(on.flow.clone()), why }),
    }
}

/// Nodes in the order in which pages show them.
fn in_order(ctx: &Ctx, flow: &mut Flow) {
    match flow.kind() {
        FlowKind::Registration => {
            let names = crate::form::schema::names(ctx, flow);
            sort::registration(flow.nodes(), &names);
        }
        FlowKind::Login => sort::login(flow.nodes()),
        FlowKind::Settings => sort::settings(flow.nodes()),
        FlowKind::Verification | FlowKind::Recovery => {}
    }
}

/// A form was sent though somebody is signed in: a page is led on, a client of the API is told.
pub(super) fn signed_in_already(ctx: &Ctx, json: bool) -> Result<Outcome> {
    if json { Err(already_signed_in()) } else { Ok(Outcome::Already(ctx.config.default_return_url())) }
}

/// Where a browser goes after success: the flow's `return_to` > the defaults of [`crate::plan::default_return_url`].
///
/// # Errors
/// `return_to` was allowed at the start and is not any more.
pub(super) fn return_url(on: &Attempt, flow: &Flow, method: MethodId) -> Result<Url> {
    if flow.kind() == FlowKind::Settings {
        return settings::return_url(on, method);
    }
    let config = &on.ctx.config;
    match flow.return_to.as_deref().filter(|url| !url.is_empty()) {
        Some(wanted) => return_to::check(config, wanted),
        None => Ok(crate::plan::default_return_url(config, flow.kind(), method)),
    }
}
