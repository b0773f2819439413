//! Typed IDs. All are random UUIDs (version 4), as in Kratos.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> std::result::Result<Self, uuid::Error> {
                Uuid::parse_str(text).map($name)
            }
        }
    };
}

id!(/// A person's account.
    IdentityId);
id!(/// One run of registration, login, …
    FlowId);
id!(/// A person's session.
    SessionId);
id!(/// An administrator of the console.
    OperatorId);
id!(/// A mail.
    MessageId);
id!(/// A web hook's call, over all its tries.
    DeliveryId);
