//! The account as a web hook wants it, before it is stored.

use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::hooks::call::Changes;
use crate::identity::Identity;
use crate::identity::change::{Changed, IdentityChange, Record, Refused};
use crate::identity::schema::Extracted;
use crate::model::MethodId;
use crate::ui::{Text, text};

/// Or why that cannot be, by field.
///
/// # Errors
/// 502 for what only the author of the hook can mend.
pub(super) fn apply(
    ctx: &Ctx,
    method: MethodId,
    identity: Identity,
    extracted: &mut Extracted,
    changes: Changes,
    hook: &str,
) -> Result<std::result::Result<Identity, Vec<(String, Text)>>> {
    let changed = match judged(ctx, identity, IdentityChange::from(changes), hook)? {
        Ok(changed) => changed,
        Err(messages) => return Ok(Err(messages)),
    };
    if let Some(found) = changed.extracted {
        if found.password_identifiers.is_empty() && method == MethodId::Password {
            return Ok(Err(vec![(String::new(), text::no_identifier())]));
        }
        *extracted = found;
    }
    Ok(Ok(changed.record.identity))
}

/// The account with that change; or why that cannot be, by field.
///
/// # Errors
/// 502 for what only the author of the hook can mend.
pub(super) fn judged(
    ctx: &Ctx,
    identity: Identity,
    change: IdentityChange,
    hook: &str,
) -> Result<std::result::Result<Changed, Vec<(String, Text)>>> {
    // Of a sign-up nothing is stored so far, so the account is as old as its parts.
    let rules = ctx.change_rules(identity.created_at);
    let before = Record { identity, credentials: Vec::new() };
    match change.apply(&before, &rules) {
        Ok(changed) => Ok(Ok(changed)),
        Err(Refused::Violations(violations)) => {
            let messages = violations.into_iter().map(|found| (found.pointer, found.text));
            Ok(Err(messages.collect()))
        }
        Err(Refused::UnknownSchema(id)) => {
            Err(Error::new(Kind::Upstream, "The account cannot be stored as another service wants it.")
                .caused_by(format!("the web hook {hook} names the unknown identity schema {id:?}")))
        }
        Err(Refused::UnknownAddress(id)) => {
            Err(Error::internal(format!("the web hook {hook} verifies the unknown address {id}")))
        }
    }
}
