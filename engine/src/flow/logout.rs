//! Signing out (Kratos: selfservice/flow/logout/handler.go).

use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::form::return_to;
use crate::session::Session;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use url::Url;

/// The token that ends this session, the same each time: `ory_lo_` and 32 hex digits, an HMAC of the session's id, so
/// that nothing needs to be stored.
pub fn token(ctx: &Ctx, session: &Session) -> String {
    ctx.config.secrets.default.first().map(|secret| derive(secret, session)).unwrap_or_default()
}

/// Where to go afterwards: `return_to` > `flows.logout.after.default_browser_return_url` > the global default.
///
/// # Errors
/// 400 for an address that is not allowed. Checked before the session ends (Kratos: after).
pub fn return_url(ctx: &Ctx, wanted: Option<&str>) -> Result<Url> {
    match wanted {
        Some(wanted) => return_to::check(&ctx.config, wanted),
        None => Ok(ctx
            .config
            .selfservice
            .logout_return_url
            .clone()
            .unwrap_or_else(|| ctx.config.default_return_url())),
    }
}

/// Ends the session when the token is its own.
///
/// # Errors
/// 403 for a token of another session.
pub async fn submit(ctx: &Ctx, session: &Session, presented: &str) -> Result<()> {
    let secrets = &ctx.config.secrets.default;
    let own = secrets
        .iter()
        .any(|secret| bool::from(derive(secret, session).as_bytes().ct_eq(presented.as_bytes())));
    if !own {
        return Err(Error::new(
            Kind::Forbidden,
            "This sign-out address belongs to another session. Ask for a new one.",
        ));
    }
    let mut tx = ctx.db().write().await?;
    crate::store::sessions::revoke(&mut tx, session.identity_id, session.id).await?;
    tx.commit().await
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn derive(secret: &str, session: &Session) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length is a key");
    mac.update(b"logout/v1");
    mac.update(session.id.0.as_bytes());
    let digest = mac.finalize().into_bytes();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    format!("ory_lo_{:032x}", u128::from_be_bytes(bytes))
}
