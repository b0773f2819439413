//! The method `link`: a link in an email, for recovery and for verification (Kratos: selfservice/strategy/link). Opening it shows a
//! page with a button, because email scanners open links too (`vestibule.links.confirm`).

use super::contract::{Attempt, Checked, Draw, Method, NewAccount, Verdict};
use super::{code, recovery};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::model::{FlowKind, MethodId};
use crate::ui::Node;
use futures::future::BoxFuture;
use serde_json::Value;

pub(super) struct EmailLink;

impl Method for EmailLink {
    fn id(&self) -> MethodId {
        MethodId::Link
    }

    /// The secret of a link needs no word on its method.
    fn claims(&self, body: &Value) -> bool {
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().trim();
        match text("method") {
            "link" => true,
            "" => !text("token").is_empty(),
            _ => false,
        }
    }

    fn is_enabled(&self, config: &Config) -> bool {
        config.selfservice.link.enabled
    }

    /// The form changes as it goes on: see `form::recovery` and `form::verification`.
    fn draw(&self, _: &Draw<'_>) -> Vec<Node> {
        Vec::new()
    }

    fn check<'a>(&'a self, on: &'a mut Attempt) -> BoxFuture<'a, Result<Checked>> {
        Box::pin(async move {
            match on.flow.kind() {
                FlowKind::Recovery => recovery::check_link(on),
                FlowKind::Verification | FlowKind::Registration | FlowKind::Login | FlowKind::Settings => {
                    code::check_link(on)
                }
            }
        })
    }

    fn redraw(&self, _: &mut Attempt, _: &NewAccount) -> Result<()> {
        Err(Error::internal("no sign-up by a link is drawn"))
    }

    fn taken<'a>(&'a self, _: &'a mut Attempt, _: &'a NewAccount) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async { Err(Error::internal("no sign-up by a link is stored")) })
    }
}
