//! Forms of a sign-up through a provider, after a visit there.

use crate::engine::Ctx;
use crate::error::Result;
use crate::form::envelope::csrf_token;
use crate::form::{nodes, schema};
use crate::model::Flow;
use crate::ui::{InputKind, text};
use serde_json::{Value, json};

/// The form with nothing but the traits and the button that goes on: the provider left something out, or what it said was refused.
pub(crate) fn to_go_on(ctx: &Ctx, flow: &mut Flow, provider: &str, traits: &Value) -> Result<()> {
    let schema = schema::of(ctx, flow)?.schema.clone();
    let mut list = vec![nodes::csrf(&csrf_token(ctx.effects(), flow))];
    list.extend(nodes::traits(&schema));
    list.push(nodes::provider(provider, text::go_on_to_provider()));
    flow.ui.nodes = Some(list);
    flow.ui.put_values(&json!({ "traits": traits }));
    Ok(())
}

/// The form with the provider's button alone, after a visit there that came to nothing (Kratos: selfservice/strategy/oidc/strategy.go).
/// What was filled in before it goes along unseen: an invitation's address is part of it.
pub(super) fn to_try_again(ctx: &Ctx, flow: &mut Flow, provider: &str, form: &Value) -> Result<()> {
    to_go_on(ctx, flow, provider, &form["traits"])?;
    flow.nodes().retain_mut(|node| {
        if !node.id().starts_with("traits.") {
            return true;
        }
        node.meta.label = None;
        let Some(input) = node.input_mut() else { return false };
        (input.kind, input.required) = (InputKind::Hidden, false);
        (input.pattern, input.autocomplete) = (None, None);
        input.value.as_ref().is_some_and(|value| !value.is_null() && value != "")
    });
    Ok(())
}
