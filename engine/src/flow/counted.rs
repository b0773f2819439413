//! What became of a form or of a return from a provider, in the words of [`crate::metrics`].

use super::PASSED;
use super::social::Landed;
use super::verification;
use super::{Body, StoredKind, Submitted};
use crate::config::Method;
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use serde_json::Value;

/// The method that a form says, of those that there are.
pub(super) fn method_of(body: &Body) -> &'static str {
    let text = |name: &str| match body {
        Body::Json(body) => body.get(name).and_then(Value::as_str).unwrap_or_default(),
        Body::Form(pairs) => {
            pairs.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value.as_str())
        }
        Body::Unreadable(_) | Body::Unfit { .. } => "",
    };
    match Method::parse(text("method")) {
        Some(method) => method.name(),
        None if text("method").is_empty() && !text("provider").is_empty() => Method::Oidc.name(),
        None => "none",
    }
}

pub(super) fn submitted<D>(
    ctx: &Ctx,
    kind: StoredKind,
    method: &'static str,
    outcome: &Result<Submitted<D>>,
) {
    let word = match outcome {
        Ok(Submitted::Done(_)) => "completed",
        Ok(Submitted::Again(_)) => "form_again",
        Ok(Submitted::TooEarly { .. }) => "rate_limited",
        Ok(Submitted::Replaced { .. }) => "expired",
        Ok(Submitted::SignedIn(_)) => "signed_in_already",
        Ok(Submitted::Unverified(_)) => "unverified",
        Ok(Submitted::Leave(_)) => "to_provider",
        Ok(Submitted::Landed(landed)) => of_landed(landed),
        Err(error) => of_error(error),
    };
    ctx.engine.metrics().flow(kind.name(), method, word);
}

/// The return from a provider. `kind`: the flow that left for it.
pub(super) fn landed(ctx: &Ctx, kind: StoredKind, outcome: &Result<Landed>) {
    let word = match outcome {
        Ok(landed) => of_landed(landed),
        Err(error) => of_error(error),
    };
    ctx.engine.metrics().flow(kind.name(), Method::Oidc.name(), word);
}

pub(super) fn verified(ctx: &Ctx, method: &'static str, outcome: &Result<verification::Submitted>) {
    use verification::Submitted;
    let word = match outcome {
        Ok(Submitted::Next(flow)) if flow.state == PASSED => "completed",
        Ok(Submitted::Next(_)) => "code_sent",
        Ok(Submitted::SignedIn(..)) => "completed",
        Ok(Submitted::Wrong(_) | Submitted::Again(_) | Submitted::Filled(_)) => "form_again",
        Ok(Submitted::Replaced { .. }) => "expired",
        Err(error) => of_error(error),
    };
    ctx.engine.metrics().flow(StoredKind::Verification.name(), method, word);
}

fn of_landed(landed: &Landed) -> &'static str {
    match landed {
        Landed::SignedUp(_) | Landed::SignedIn(_) => "completed",
        Landed::Again(_) => "form_again",
        Landed::Replaced { .. } => "expired",
        Landed::Unverified(_) => "unverified",
        Landed::ToApp(_) => "to_app",
        Landed::Already(_) | Landed::Tested(_) => "signed_in_already",
    }
}

/// Whose fault it was: the request's, or that of this server or another service.
fn of_error(error: &Error) -> &'static str {
    match error.kind {
        Kind::Internal | Kind::Upstream | Kind::Busy | Kind::Late => "failed",
        Kind::Limited => "rate_limited",
        Kind::Gone => "expired",
        Kind::Invalid
        | Kind::Unauthenticated
        | Kind::Forbidden
        | Kind::NotFound
        | Kind::Conflict
        | Kind::TooLarge
        | Kind::Elsewhere => "rejected",
    }
}
