//! The method `oidc`: sign-up and sign-in through a provider (Kratos: selfservice/strategy/oidc).

mod arrive;
mod authorize;
mod browser;
mod callback;
mod draw;
pub mod exchange;
mod known;
pub(crate) mod link;
mod linked;
mod settings;
pub mod trial;
mod trouble;

pub(crate) use authorize::spend;
pub(crate) use callback::{Back, come_back, trip};
pub(crate) use draw::to_go_on as draw_to_go_on;
pub use settings::{Connection, connections};

use super::contract::{Attempt, Checked, Draw, Method, NewAccount, NewCredential, Second, Verdict};
use crate::config::Config;
use crate::config::social::Provider;
use crate::error::{Error, Result};
use crate::form::nodes;
use crate::form::outcome::{Why, switched_off};
use crate::identity::credentials::providers_of;
use crate::limits_table::TYPED_VALUES;
use crate::model::{FlowKind, MethodId};
use crate::social::Stage;
use crate::ui::{Node, text};
use authorize::{Authorize, WithToken};
use futures::future::BoxFuture;
use serde_json::{Value, json};

pub(super) struct Oidc;

impl Method for Oidc {
    fn id(&self) -> MethodId {
        MethodId::Oidc
    }

    /// A form for a provider says which, and need not say the method. Without a provider no method is meant.
    fn claims(&self, body: &Value) -> bool {
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        // The members of a form are those of its flow: only the settings have the last two.
        let named = ["provider", "link", "unlink"].into_iter().any(|name| !text(name).is_empty());
        matches!(text("method"), "oidc" | "") && named
    }

    fn is_enabled(&self, config: &Config) -> bool {
        config.selfservice.social.enabled
    }

    fn draw(&self, on: &Draw<'_>) -> Vec<Node> {
        if on.flow.kind() == FlowKind::Settings {
            return settings::draw(on);
        }
        let linked = match on.second {
            Some(Second::Account(own)) => Some(providers_of(own)),
            Some(Second::Anybody) => None,
            None => on.refresh.map(providers_of),
        };
        let label = |provider: &Provider| match on.flow.kind() {
            FlowKind::Registration => text::sign_up_with(&provider.label, &provider.id),
            FlowKind::Login | FlowKind::Verification | FlowKind::Recovery | FlowKind::Settings => {
                text::sign_in_with(&provider.label, &provider.id)
            }
        };
        let offered = on.ctx.config.selfservice.social.offered();
        let shown = offered.into_iter().filter(|one| linked.as_ref().is_none_or(|own| own.contains(&one.id)));
        shown.map(|provider| nodes::provider(&provider.id, label(provider))).collect()
    }

    fn check<'a>(&'a self, on: &'a mut Attempt) -> BoxFuture<'a, Result<Checked>> {
        Box::pin(async move {
            match on.flow.kind() {
                FlowKind::Settings => settings::check(on),
                FlowKind::Registration | FlowKind::Login | FlowKind::Verification | FlowKind::Recovery => {
                    check(on)
                }
            }
        })
    }

    fn redraw(&self, on: &mut Attempt, account: &NewAccount) -> Result<()> {
        let provider = account.provider().unwrap_or_default().to_owned();
        draw::to_go_on(&on.ctx, &mut on.flow, &provider, &account.traits)
    }

    fn taken<'a>(&'a self, on: &'a mut Attempt, account: &'a NewAccount) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            match &account.by {
                NewCredential::Provider(arrived) => arrived.taken(on, &account.extracted).await,
                NewCredential::Password(_) | NewCredential::Identifiers => {
                    Err(Error::internal("an account that came from no provider"))
                }
            }
        })
    }
}

fn check(on: &mut Attempt) -> Result<Checked> {
    const REFUSED: Checked = Checked::Done(Verdict::Form(Why::Refused));
    let config = on.ctx.config.clone();
    if on.flow.asks_for_second_factor() {
        on.flow.message(text::no_login_method());
        return Ok(REFUSED);
    }
    if !config.selfservice.social.enabled {
        return Err(switched_off());
    }
    if on.flow.kind() == FlowKind::Login {
        on.flow.active = Some(MethodId::Oidc.name().to_owned());
    }
    on.flow.ui.put_values(&on.body);
    if !on.may_submit()? {
        return Ok(REFUSED);
    }
    let text = |name: &str| on.body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let wanted = text("provider").unwrap_or_default();
    let Some(provider) = config.selfservice.social.provider(wanted).cloned() else {
        // Anybody can write anything there.
        let named: String = wanted.chars().take(64).collect();
        let reason = "a form names it, and no provider of that id is configured";
        trouble::failed(Stage::NotSetUp, &named, on.flow.id, reason);
        return Err(Error::not_found(text::provider_gone().text));
    };
    // It waits in the database until the browser is back.
    if on.body.get("traits").is_some_and(|traits| traits.to_string().len() > TYPED_VALUES.count()) {
        let sentence = format!("The form has more than {} bytes of fields.", TYPED_VALUES.count());
        on.flow.message(text::generic(&sentence));
        return Ok(REFUSED);
    }
    let form = json!({ "traits": on.body.get("traits"), "transient_payload": on.flow.transient_payload });
    Ok(Checked::Go(match text("id_token").map(str::to_owned) {
        Some(token) => {
            let nonce = text("id_token_nonce").map(str::to_owned);
            Box::new(WithToken { provider, form, token, nonce })
        }
        None => Box::new(Authorize { provider, form }),
    }))
}
