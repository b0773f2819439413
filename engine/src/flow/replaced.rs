//! A flow whose code or link decided that it is over, and the new one of its kind that takes its place.

use super::{recovery, verification};
use crate::error::Result;
use crate::form::outcome::{Outcome, Replaced};
use crate::method::Attempt;
use crate::model::FlowKind;
use crate::ui::Text;

pub(super) async fn replace(on: &Attempt, why: Replaced, message: Text) -> Result<Outcome> {
    match on.flow.kind() {
        FlowKind::Recovery => recovery::replace(on, why, message).await,
        FlowKind::Verification | FlowKind::Registration | FlowKind::Login | FlowKind::Settings => {
            verification::replace(on, why, message).await
        }
    }
}
