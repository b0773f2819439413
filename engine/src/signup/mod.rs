//! Policies of sign-up, each called by `flow` at one step of a plan: by invitation only, all or nothing, kept until its address is
//! verified, signed in then, and reset by the first verification.

pub mod atomic;
pub mod deferred;
pub(crate) mod invitation;
pub mod pending;
pub(crate) mod reset;

use crate::engine::Ctx;
use crate::error::{Error, Result};

/// # Errors
/// 400 `self_service_flow_disabled`.
pub(crate) fn enabled(ctx: &Ctx) -> Result<()> {
    if ctx.config.selfservice.registration.enabled {
        return Ok(());
    }
    Err(Error::invalid(
        "Sign-up is switched off here. Sign in, or ask whoever runs this service for an account.",
    )
    .with_id("self_service_flow_disabled"))
}
