//! Where one provider is to be found.

use super::known::Entry;
use url::Url;

/// The provider's endpoints for users and codes.
pub struct Destination {
    pub(super) auth: Url,
    pub(super) token: Url,
    pub(super) userinfo: Option<Url>,
    /// The provider says that it knows S256, or the configuration demands it.
    pub pkce: bool,
    /// Every answer names its issuer.
    pub(super) names_issuer: bool,
    /// Client id and secret go into the header of the request for tokens, else into its form.
    pub(super) secret_in_header: bool,
    pub(super) entry: Option<Entry>,
}
