//! Plain types that every layer may name: flows as they are stored, kinds of flows and clients, sign-in methods, assurance
//! levels, sessions and operators.

mod flow;
mod method;
mod operator;
mod session;

pub use flow::{Client, Earlier, Flow, FlowKind, FlowState, FlowType, Missing, Opened, Private, Sent};
pub use method::{Aal, MethodId, RequiredAal};
pub use operator::{Operator, OperatorSession, Role};
pub use session::{Amr, Device, Session};
