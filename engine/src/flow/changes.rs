//! The account as a web hook wants it, before it is stored.

use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::hooks::call::Changes;
use crate::identity::Identity;
use crate::identity::change::{IdentityChange, Record, Refused};
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
    // Nothing is stored so far, so the account is as old as its parts.
    let rules = ctx.change_rules(identity.created_at);
    let before = Record { identity, credentials: Vec::new() };
    let changed = match IdentityChange::from(changes).apply(&before, &rules) {
        Ok(changed) => changed,
        Err(Refused::Violations(violations)) => {
            let messages = violations.into_iter().map(|found| (found.pointer, found.text));
            return Ok(Err(messages.collect()));
        }
        Err(Refused::UnknownSchema(id)) => {
            return Err(Error::new(
                Kind::Upstream,
                "The account cannot be created as another service wants it.",
            )
            .caused_by(format!("the web hook {hook} names the unknown identity schema {id:?}")));
        }
        Err(Refused::UnknownAddress(id)) => {
            return Err(Error::internal(format!("the web hook {hook} verifies the unknown address {id}")));
        }
    };
    if let Some(found) = changed.extracted {
        if found.password_identifiers.is_empty() && method == MethodId::Password {
            return Ok(Err(vec![(String::new(), text::no_identifier())]));
        }
        *extracted = found;
    }
    Ok(Ok(changed.record.identity))
}
