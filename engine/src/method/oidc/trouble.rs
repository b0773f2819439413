//! What went wrong with a provider: for the log, and for the user.

use crate::config::social::Provider;
use crate::engine::Ctx;
use crate::error::Error;
use crate::gate::Full;
use crate::ids::FlowId;
use crate::model::Flow;
use crate::social::{Line, Stage, Trouble};
use crate::ui::{Text, text};

pub(super) fn line(ctx: &Ctx) -> Line<'_> {
    Line { effects: ctx.effects(), config: &ctx.config, known: ctx.engine.known(), gates: ctx.engine.gates() }
}

/// For whoever runs the service: step and reason, never tokens.
pub(super) fn told(provider: &Provider, flow: &Flow, trouble: &Trouble) {
    failed(trouble.stage, &provider.id, flow.id, &trouble.reason);
}

/// 503 for what a form cannot mend.
pub(super) fn busy(provider: &Provider, flow: &Flow, trouble: &Trouble) -> Error {
    told(provider, flow, trouble);
    Error::from(Full)
}

pub(super) fn failed(step: Stage, provider: &str, flow: FlowId, reason: &str) {
    tracing::warn!(step = step.name(), provider, %flow, reason, "a trip to a provider failed");
}

/// For the person.
pub(super) fn sentence(trouble: &Trouble, provider: &Provider) -> Text {
    match trouble.stage {
        Stage::AccessDenied => text::provider_refused(&provider.label),
        Stage::ExchangeFailed | Stage::Busy => text::provider_failed(&provider.label),
        Stage::NotSetUp => text::provider_not_set_up(&provider.label),
        Stage::StateInvalid | Stage::VerificationFailed => text::provider_not_believed(&provider.label),
        Stage::ClaimsInvalid => text::provider_says_too_little(&provider.label),
    }
}
