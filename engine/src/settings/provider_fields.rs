//! Fields of the form for a provider, and the members of an entry that they fill.

use crate::config::social;

/// Fields of text, named as the members they fill; `mapper_text` fills `mapper_url`.
pub const TEXTS: [&str; 15] = [
    "label",
    "client_id",
    "issuer_url",
    "auth_url",
    "token_url",
    "userinfo_url",
    "microsoft_tenant",
    "apple_team_id",
    "apple_private_key_id",
    "scope",
    "mapper_text",
    "pkce",
    "claims_source",
    "requested_claims",
    "additional_id_token_audiences",
];

/// Members that hold secrets: an entry names them, and they lie elsewhere.
pub const SECRETS: [&str; 2] = ["client_secret", "apple_private_key"];

pub(super) const MAPPER: &str = "mapper_url";
pub(super) const LINKING: &str = "account_linking_mode";

/// A problem with any member of an entry stands beside the field that fills it.
pub(super) fn field_of(path: &str) -> Option<&'static str> {
    let (_, member) = path.strip_prefix(social::LIST)?.split_once("].")?;
    let beside = match member {
        MAPPER => "mapper_text",
        other => other,
    };
    let further = ["id", LINKING];
    TEXTS.into_iter().chain(SECRETS).chain(further).find(|field| *field == beside)
}
