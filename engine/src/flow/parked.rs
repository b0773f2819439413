//! A change of the settings that waits until its user has signed in again.

use super::show::show;
use crate::error::Result;
use crate::form::outcome::Why;
use crate::method::Attempt;
use crate::model::{Client, MethodId};
use crate::ui::text;

/// Keeps on a browser's form what was typed, so that the user finds it there after signing in again. The form keeps it as one that
/// comes back refused: the button stores it, and never a link. A password is not kept. Other clients have what they sent.
pub(super) async fn park(on: &mut Attempt, method: MethodId) -> Result<()> {
    if on.client != Client::Browser {
        return Ok(());
    }
    on.flow.message(match method {
        MethodId::Password => text::unsaved_password(),
        MethodId::Oidc => text::unsaved_provider(),
        MethodId::Profile
        | MethodId::Code
        | MethodId::Link
        | MethodId::Totp
        | MethodId::Passkey
        | MethodId::Webauthn
        | MethodId::LookupSecret => text::unsaved(),
    });
    show(on, Why::Refused).await.map(drop)
}
