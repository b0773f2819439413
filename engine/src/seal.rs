//! Encrypted bodies: XChaCha20-Poly1305 with a key from `secrets.cipher` (RFC 5869), bound to the message's ID. The first secret
//! encrypts, and all of them decrypt, so that secrets can be rotated.

use crate::config::Secrets;
use crate::effects::Effects;
use crate::error::{Error, Result};
use crate::ids::MessageId;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use uuid::Uuid;

const VERSION: u8 = 1;
const ID: usize = 8;
const NONCE: usize = 24;

struct Key {
    id: [u8; ID],
    key: [u8; 32],
}

/// Mails' own; other rows have other keys.
const MAILS: &str = "courier/v1";

#[expect(clippy::expect_used, reason = "both lengths are ones that HKDF gives")]
fn key(secret: &str, purpose: &str) -> Key {
    let hkdf = Hkdf::<Sha256>::new(None, secret.as_bytes());
    let (mut id, mut key) = ([0; ID], [0; 32]);
    hkdf.expand(purpose.as_bytes(), &mut key).expect("32 bytes");
    hkdf.expand(format!("{purpose}/id").as_bytes(), &mut id).expect("8 bytes");
    Key { id, key }
}

pub(crate) fn seal(effects: &Effects, secrets: &Secrets, id: MessageId, text: &[u8]) -> Result<Vec<u8>> {
    seal_for(effects, secrets, MAILS, id.0, text)
}

/// # Errors
/// The secret is missing, or the row was changed.
pub(crate) fn open(secrets: &Secrets, id: MessageId, sealed: &[u8]) -> Result<Vec<u8>> {
    open_for(secrets, MAILS, id.0, sealed)
}

/// For rows of another kind: `purpose` names their key, `id` is the row's.
pub(crate) fn seal_for(
    effects: &Effects,
    secrets: &Secrets,
    purpose: &str,
    id: Uuid,
    text: &[u8],
) -> Result<Vec<u8>> {
    let secret = secrets.cipher.first().ok_or_else(|| Error::internal("no cipher secret is configured"))?;
    let key = key(secret, purpose);
    let nonce = effects.bytes::<NONCE>();
    let payload = Payload { msg: text, aad: id.as_bytes() };
    let sealed = XChaCha20Poly1305::new(&key.key.into())
        .encrypt(XNonce::from_slice(&nonce), payload)
        .map_err(|_| Error::internal("a row can't be encrypted"))?;
    // sabotage: encrypted-at-rest
    Ok([&[VERSION][..], &key.id, &nonce, &sealed].concat())
}

/// The inverse of [`seal_for`].
///
/// # Errors
/// As [`open`].
pub(crate) fn open_for(secrets: &Secrets, purpose: &str, id: Uuid, sealed: &[u8]) -> Result<Vec<u8>> {
    let broken = || {
        Error::internal("an encrypted row can't be decrypted: its secret is missing, or the row was changed")
    };
    let (head, body) = sealed.split_at_checked(1 + ID + NONCE).ok_or_else(broken)?;
    if head[0] != VERSION {
        return Err(broken());
    }
    let (key_id, nonce) = head[1..].split_at(ID);
    let mut keys = secrets.cipher.iter().map(|secret| key(secret, purpose));
    let key = keys.find(|key| key.id == key_id).ok_or_else(broken)?;
    let payload = Payload { msg: body, aad: id.as_bytes() };
    XChaCha20Poly1305::new(&key.key.into()).decrypt(XNonce::from_slice(nonce), payload).map_err(|_| broken())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::effects;

    fn secrets(cipher: &[&str]) -> Secrets {
        let cipher: Vec<_> = cipher.iter().map(|secret| (*secret).into()).collect();
        Secrets { default: cipher.clone(), cookie: cipher.clone(), cipher }
    }

    #[test]
    fn what_is_sealed_opens_for_its_own_message_and_secret_only() {
        let (one, other) = (MessageId(Uuid::from_u128(1)), MessageId(Uuid::from_u128(2)));
        let old = secrets(&["the old secret"]);
        let sealed = seal(&effects(), &old, one, b"the code is 123456").unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"123456"));
        assert_eq!(open(&old, one, &sealed).unwrap(), b"the code is 123456");
        assert_eq!(
            open(&secrets(&["a new one", "the old secret"]), one, &sealed).unwrap(),
            b"the code is 123456"
        );
        assert!(open(&old, other, &sealed).is_err(), "a body that was moved to another row");
        assert!(open(&secrets(&["a new one"]), one, &sealed).is_err());
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(open(&old, one, &changed).is_err());
        assert!(open(&old, one, b"").is_err());
        assert!(open_for(&old, "hooks/v1", one.0, &sealed).is_err(), "another kind of row has another key");
    }
}
