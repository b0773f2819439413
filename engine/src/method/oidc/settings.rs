//! Providers in the settings: which of them sign in to the account (Kratos: selfservice/strategy/oidc/strategy_settings.go).

use super::authorize::depart;
use super::linked::member;
use crate::config::social::Provider;
use crate::engine::Ctx;
use crate::error::Result;
use crate::form::nodes;
use crate::form::outcome::Why;
use crate::identity::Identity;
use crate::identity::change::Record;
use crate::identity::credentials::providers_of;
use crate::method::account::usable;
use crate::method::change::AccountChange;
use crate::method::contract::{Attempt, Checked, Draw, Prove, Verdict};
use crate::model::FlowType;
use crate::store;
use crate::ui::{Node, Text, text};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::sync::Arc;

/// A button for each provider that can be connected, and for each one that can be disconnected.
pub(super) fn draw(on: &Draw<'_>) -> Vec<Node> {
    let Some(record) = on.member else { return Vec::new() };
    let linked = providers_of(&record.credentials);
    let offered = on.ctx.config.selfservice.social.offered();
    // An app has no browser that could come back to its form.
    let in_browser = on.flow.kind_of_client == FlowType::Browser;
    let new = offered.iter().filter(|one| in_browser && !linked.contains(&one.id));
    let gone = offered.iter().filter(|one| linked.contains(&one.id) && may_go(on.ctx, record, &one.id));
    let new = new.map(|one| nodes::of_provider("link", &one.id, text::link_provider(&one.label)));
    let gone = gone.map(|one| nodes::of_provider("unlink", &one.id, text::unlink_provider(&one.label)));
    new.chain(gone).collect()
}

/// Whether a sign-in method is left without that provider.
fn may_go(ctx: &Ctx, record: &Record, provider: &str) -> bool {
    let without = AccountChange::Unlink { provider: provider.to_owned() }.on(record, ctx.effects().now());
    without.credentials.is_some_and(|left| usable(&ctx.config, &left) > 0)
}

pub(super) fn check(on: &mut Attempt) -> Result<Checked> {
    if !on.may_submit()? {
        return Ok(Checked::Done(Verdict::Form(Why::Refused)));
    }
    let (link, unlink) = (on.field("link"), on.field("unlink"));
    match (link.is_empty(), unlink.is_empty()) {
        (false, true) => check_link(on, &link),
        (true, false) => check_unlink(on, unlink),
        (true, true) | (false, false) => Ok(refused(on, text::link_or_unlink())),
    }
}

fn refused(on: &mut Attempt, why: Text) -> Checked {
    on.flow.message(why);
    Checked::Done(Verdict::Form(Why::Refused))
}

fn check_link(on: &mut Attempt, id: &str) -> Result<Checked> {
    if on.flow.kind_of_client == FlowType::Api {
        return Ok(refused(on, text::link_in_browser()));
    }
    let Some(provider) = on.ctx.config.selfservice.social.provider(id).cloned() else {
        return Ok(refused(on, text::provider_gone()));
    };
    if providers_of(&on.record()?.credentials).contains(&provider.id) {
        return Ok(refused(on, text::linked_already(&provider.label)));
    }
    let form = json!({ "transient_payload": on.flow.transient_payload });
    Ok(Checked::Go(Box::new(Linking { provider, form })))
}

fn check_unlink(on: &mut Attempt, provider: String) -> Result<Checked> {
    let wish = AccountChange::Unlink { provider };
    let (record, ctx) = (on.record()?, &on.ctx);
    let now = ctx.effects().now();
    let mut after = record.clone();
    after.credentials = wish.on(record, now).credentials.unwrap_or(after.credentials);
    match wish.forbidden(&ctx.config, record, &after) {
        Some(why) => Ok(refused(on, why)),
        None => Ok(Checked::Go(Box::new(Unlinking { wish }))),
    }
}

/// The user leaves for the provider.
struct Linking {
    provider: Arc<Provider>,
    form: Value,
}

impl Prove for Linking {
    fn is_sensitive(&self) -> bool {
        true
    }

    fn adds_access(&self) -> bool {
        true
    }

    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move { depart(on, &self.provider, self.form).await })
    }
}

struct Unlinking {
    wish: AccountChange,
}

impl Prove for Unlinking {
    fn is_sensitive(&self) -> bool {
        true
    }

    fn prove<'a>(self: Box<Self>, _: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move { Ok(member(self.wish)) })
    }
}

/// A provider beside an account.
#[derive(Clone, Debug)]
pub struct Connection {
    pub id: String,
    pub label: String,
    pub is_linked: bool,
}

/// Every provider that is offered, in the order of the buttons, and whether it signs in to the account.
///
/// # Errors
/// The database.
pub async fn connections(ctx: &Ctx, identity: &Identity) -> Result<Vec<Connection>> {
    let offered = ctx.config.selfservice.social.offered();
    if offered.is_empty() {
        return Ok(Vec::new());
    }
    let credentials = {
        let mut tx = ctx.db().single().await?;
        store::identities::credentials(&mut tx, identity.id).await?
    };
    let linked = providers_of(&credentials);
    let connection = |one: &Arc<Provider>| Connection {
        id: one.id.clone(),
        label: one.label.clone(),
        is_linked: linked.contains(&one.id),
    };
    Ok(offered.into_iter().map(connection).collect())
}
