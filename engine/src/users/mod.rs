//! Users as operators see them: the list with its filters and search, one user with everything that belongs to the account, sessions,
//! and what operators do to an account. Every action is in the audit, in its own transaction.

mod act;
mod list;
mod one;
mod recover;
mod sessions;

pub use act::{
    CodeSent, Deleted, StateSet, can_send_code, delete, send_code, set_state, sign_out, sign_out_everywhere,
};
pub use list::{Count, Found, Wanted, count, list};
pub use one::{Detail, Email, detail};
pub use recover::{Recovered, Recovery, can_recover, recover};
pub use sessions::{Condition, FoundSessions, WantedSessions, sessions};

use crate::identity::{Credential, Identity};
use serde_json::Value;

/// An identity and everything that it is signed in with.
#[derive(Clone, Debug)]
pub struct User {
    pub identity: Identity,
    pub credentials: Vec<Credential>,
}

impl User {
    /// What the traits call the user, if they do.
    pub fn name(&self) -> Option<String> {
        let written = |value: &Value| value.as_str().map(|text| text.trim().to_owned());
        let name = self.identity.traits.get("name")?;
        let name = match name.as_object() {
            Some(parts) => parts.values().filter_map(written).collect::<Vec<_>>().join(" "),
            None => written(name)?,
        };
        Some(name.trim().to_owned()).filter(|name| !name.is_empty())
    }

    /// The address or identifier that operators know the user by; the ID for a user without any.
    pub fn handle(&self) -> String {
        let address = self.identity.verifiable_addresses.iter().map(|address| &address.value);
        let identifiers = self.credentials.iter().flat_map(|credential| &credential.identifiers);
        address.chain(identifiers).next().cloned().unwrap_or_else(|| self.identity.id.to_string())
    }

    /// The name, or else the handle.
    pub fn title(&self) -> String {
        self.name().unwrap_or_else(|| self.handle())
    }

    /// Credentials that the user can sign in with. One without contents only reserves its identifiers.
    pub fn methods(&self) -> impl Iterator<Item = &Credential> {
        self.credentials.iter().filter(|own| own.config.as_object().is_some_and(|config| !config.is_empty()))
    }
}
