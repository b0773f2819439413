//! What a sign-in was proven with, asked again in the transaction that stores its session: a password that was changed meanwhile, an
//! account that was switched off, or a provider that was unlinked gives no session (OWASP ASVS 5.0, 7.4).

use crate::error::Result;
use crate::ids::IdentityId;
use crate::model::MethodId;
use crate::store::{Tx, identities};
use serde_json::Value;

/// What was checked, as it was stored then.
#[derive(Clone, Debug)]
pub(crate) enum Basis {
    /// A credential of the account with that configuration.
    Credential { kind: MethodId, config: Value },
    /// The subject of a provider, as its identifier.
    Subject(String),
}

impl Basis {
    /// Whether it is stored still and the account is active. From here on neither changes until the transaction ends.
    pub(crate) async fn holds(&self, tx: &mut Tx, identity: IdentityId) -> Result<bool> {
        match self {
            Basis::Credential { kind, config } => {
                identities::hold_credential(tx, identity, kind.name(), config).await
            }
            Basis::Subject(identifier) => {
                identities::hold_identifier(tx, identity, MethodId::Oidc.name(), identifier).await
            }
        }
    }
}
