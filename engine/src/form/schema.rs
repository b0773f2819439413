//! The identity schema that a form is made for.

use crate::config::IdentitySchema;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::model::Flow;

/// Only the default schema and those marked `selfservice_selectable` may be chosen.
pub(crate) fn chosen(ctx: &Ctx, wanted: Option<&str>) -> Result<Option<String>> {
    let Some(wanted) = wanted else { return Ok(None) };
    let is_default = wanted == ctx.config.identity.default_schema_id;
    match ctx.config.schema(wanted) {
        Some(schema) if is_default || schema.selfservice_selectable => Ok(Some(wanted.to_owned())),
        Some(_) | None => Err(Error::invalid("There is no identity schema of that name to choose.")),
    }
}

/// The schema of the accounts that a form creates.
///
/// # Errors
/// 400 it was removed from the configuration.
pub(crate) fn of<'a>(ctx: &'a Ctx, flow: &Flow) -> Result<&'a IdentitySchema> {
    let id = flow.identity_schema.as_ref().unwrap_or(&ctx.config.identity.default_schema_id);
    ctx.config.schema(id).ok_or_else(|| {
        Error::invalid("The kind of account this form was made for is not offered any more. Start again.")
    })
}

/// The names of that schema's fields, in its order; none where it is gone.
pub(crate) fn names(ctx: &Ctx, flow: &Flow) -> Vec<String> {
    of(ctx, flow).map(|schema| schema.schema.names()).unwrap_or_default()
}
