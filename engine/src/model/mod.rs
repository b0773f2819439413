//! Plain types that every layer may name: flows as they are stored, kinds of flows and clients, sign-in methods, assurance levels.

mod flow;
mod method;

pub use flow::{Client, Earlier, Flow, FlowKind, FlowState, FlowType, Missing, Opened, Private, Sent};
pub use method::{Aal, MethodId};
