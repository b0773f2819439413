//! Sign-in methods. A method judges what was sent and returns a value; `flow` acts on it. Methods store nothing of an account, begin no
//! other flow's form by themselves and know no other method's form.
//!
//! A method works in two parts around the plan: [`Method::check`] judges the form by itself, without a hash and without the network, and
//! [`Prove::prove`] does what costs something.

mod account;
pub(crate) mod address_change;
mod addressee;
pub(crate) mod basis;
pub(crate) mod change;
mod code;
mod contract;
mod link;
pub mod oidc;
mod password;
mod password_change;
mod profile;
mod recovery;

pub(crate) use code::{asked_on_opening, wrong_code};
pub(crate) use contract::{
    Attempt, Checked, Draw, Facts, Known, Method, More, Moves, NewCredential, Prove, Recovered, Second,
    Verdict, Who,
};
pub(crate) use password::identifier_of;

use crate::engine::Ctx;
use crate::error::Result;
use crate::store::codes::Code;

use crate::model::FlowKind;

/// In the order of their nodes.
static METHODS: [&dyn Method; 5] =
    [&profile::Profile, &password::Password, &oidc::Oidc, &code::EmailCode, &link::EmailLink];

/// What a link proves that was opened.
///
/// # Errors
/// 401 for an account that is disabled.
pub(crate) async fn recovered(ctx: &Ctx, link: Code) -> Result<Verdict> {
    recovery::proven(ctx, link, None).await
}

/// Those that have a part in flows of that kind.
pub(crate) fn of(flow: FlowKind) -> impl Iterator<Item = &'static dyn Method> {
    METHODS.into_iter().filter(move |method| crate::plan::offer(method.id(), flow).is_some())
}
