//! What every flow's form is made of, whatever its method: the request that came, anti-forgery, whose form it is, its fields, where
//! it leads, and the form of a verification. It decides nothing about accounts.

pub mod address;
pub mod code;
pub mod csrf;
pub mod envelope;
pub mod nodes;
pub mod outcome;
pub(crate) mod recovery;
pub mod request;
pub mod return_to;
pub(crate) mod schema;
pub(crate) mod stages;
pub(crate) mod transient_payload;
pub mod verification;
