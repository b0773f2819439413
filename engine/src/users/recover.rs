//! An owner creates a recovery for a user who can't sign in: a code or a link, to be given to the user. Who has it can sign in as that
//! user, so it takes the role that reads codes in the mailbox, and a recent sign-in.

use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::ids::IdentityId;
use crate::operators::{self, FRESH, OperatorSession, Role};
use crate::recovery::{self, Made, Wanted};
use crate::store::identities;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Recovery {
    Code,
    Link,
}

/// What became of [`recover`].
pub enum Recovered {
    Made(Made),
    /// The user is gone.
    Gone,
    /// The operator's sign-in is too old.
    NeedsFreshSignIn,
}

/// Whether users can recover their accounts that way.
pub fn can_recover(ctx: &Ctx, by: Recovery) -> bool {
    let flows = &ctx.config.selfservice;
    let method = match by {
        Recovery::Code => flows.code.enabled,
        Recovery::Link => flows.link.enabled,
    };
    flows.recovery.enabled && method
}

/// Creates it, and an entry of the audit with it.
///
/// # Errors
/// 400 while recovery is turned off · 403 for everyone but owners, kept in the audit.
pub async fn recover(ctx: &Ctx, by: &OperatorSession, id: IdentityId, with: Recovery) -> Result<Recovered> {
    let operator = &by.operator;
    if operator.disabled || operator.role != Role::Owner {
        operators::refused(&ctx.engine, operator, "user.refused", "users", "create a recovery").await?;
        return Err(Error::new(Kind::Forbidden, "Only owners can create a recovery code or link."));
    }
    if !can_recover(ctx, with) {
        return Err(Error::invalid("Account recovery is turned off, so nothing would accept it."));
    }
    if ctx.effects().now() - by.authenticated_at > FRESH {
        return Ok(Recovered::NeedsFreshSignIn);
    }
    let known = identities::get(&mut ctx.db().read().await?, id).await?.is_some();
    if !known {
        return Ok(Recovered::Gone);
    }
    let wanted =
        Wanted { identity: id, expires_in: None, flow_type: None, return_to: None, actor: &operator.email };
    Ok(Recovered::Made(match with {
        Recovery::Code => recovery::code(ctx, wanted).await?,
        Recovery::Link => recovery::link(ctx, wanted).await?,
    }))
}
