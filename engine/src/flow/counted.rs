//! What became of a form or of a return from a provider, in the words of [`crate::metrics`].

use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::form::outcome::{Outcome, Why};
use crate::form::request::Body;
use crate::model::{FlowKind, MethodId};

/// The method that a form says, of those that there are.
pub(super) fn method_of(body: &Body) -> &'static str {
    let text = |name: &str| body.text(name).unwrap_or_default();
    match MethodId::parse(text("method")) {
        Some(method) => method.name(),
        None if text("method").is_empty() && !text("provider").is_empty() => MethodId::Oidc.name(),
        None => "none",
    }
}

pub(super) fn submitted(ctx: &Ctx, kind: FlowKind, method: &'static str, outcome: &Result<Outcome>) {
    let word = match outcome {
        Ok(
            Outcome::SignedUp(_)
            | Outcome::SignedIn(_)
            | Outcome::Verified(_)
            | Outcome::Saved(_)
            | Outcome::Recovered(_),
        ) => "completed",
        Ok(Outcome::Form { why: Why::Refused | Why::WrongCode | Why::Filled, .. }) => "form_again",
        Ok(Outcome::Form { why: Why::Sent, .. }) => "code_sent",
        Ok(Outcome::Form { why: Why::Step, .. }) => "next_step",
        Ok(Outcome::Form { why: Why::TooEarly(_), .. }) => "rate_limited",
        Ok(Outcome::Replaced { .. }) => "expired",
        Ok(Outcome::Already(_) | Outcome::Tested(_)) => "signed_in_already",
        Ok(Outcome::SignInFirst(_) | Outcome::SignInAgain { .. }) => "rejected",
        Ok(Outcome::Unverified(_)) => "unverified",
        Ok(Outcome::Leave(_)) => "to_provider",
        Ok(Outcome::ToApp(_)) => "to_app",
        Err(error) => of_error(error),
    };
    ctx.engine.metrics().flow(kind.name(), method, word);
}

/// Whose fault it was: the request's, or that of this server or another service.
fn of_error(error: &Error) -> &'static str {
    match error.kind {
        Kind::Internal | Kind::Upstream | Kind::Busy | Kind::UpstreamTimeout => "failed",
        Kind::RateLimited => "rate_limited",
        Kind::Expired => "expired",
        Kind::Invalid
        | Kind::Unauthenticated
        | Kind::Forbidden
        | Kind::NotFound
        | Kind::Conflict
        | Kind::TooLarge
        | Kind::BrowserRequired => "rejected",
    }
}
