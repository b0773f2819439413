//! What is stored of a code: an HMAC of it with everything that it is good for, by a key that the database does not hold.

use super::{DIGITS, LINK_DIGITS, Purpose, is_of_link};
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::identity::normalise_identifier;
use crate::ids::FlowId;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// Everything that a code is bound to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scope {
    pub purpose: Purpose,
    pub flow: FlowId,
    /// The id of the address, or what [`bound_to`] says of its text.
    pub address: Uuid,
}

/// What a code is bound to where its address has no row: a sign-up has none yet, and an identifier to sign in with need not have one.
pub fn bound_to(address: &str) -> Uuid {
    let digest = Sha256::new().chain_update(b"code/address/v1").chain_update(normalise_identifier(address));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.finalize()[..16]);
    Uuid::from_bytes(bytes)
}

/// A new code and the secret of the email's link. Not `Debug`: both leave in the email only.
pub struct Minted {
    pub code: String,
    pub link: String,
    pub digests: Digests,
}

/// What is stored of a code and of the link's secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Digests {
    /// Which secret of the configuration made the digests.
    pub key_id: String,
    pub code: Vec<u8>,
    pub link: Vec<u8>,
}

struct Key {
    id: String,
    key: [u8; 32],
}

/// RFC 5869; the id says which secret a digest was made with and nothing of the secret itself.
#[expect(clippy::expect_used, reason = "both lengths are ones that HKDF gives")]
fn key(secret: &str) -> Key {
    let hkdf = Hkdf::<Sha256>::new(None, secret.as_bytes());
    let (mut id, mut key) = ([0; 8], [0; 32]);
    hkdf.expand(b"code/v1", &mut key).expect("32 bytes");
    hkdf.expand(b"code/v1/id", &mut id).expect("8 bytes");
    Key { id: format!("{:016x}", u64::from_be_bytes(id)), key }
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn digest(key: &Key, name: &str, scope: Scope, code: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.key).expect("any length is a key");
    for part in [name.as_bytes(), scope.flow.0.as_bytes(), scope.address.as_bytes(), code.as_bytes()] {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// A new code with the secret of its link, digested by the newest secret of the configuration.
pub fn mint(ctx: &Ctx, scope: Scope) -> Result<Minted> {
    let (code, link) = (ctx.effects().digits(DIGITS), ctx.effects().digits(LINK_DIGITS));
    let secret = ctx.config.secrets.default.first();
    let key = key(secret.ok_or_else(|| Error::internal("no default secret is configured"))?);
    let digests = Digests {
        code: digest(&key, scope.purpose.name(), scope, &code),
        link: digest(&key, scope.purpose.name_of_link(), scope, &link),
        key_id: key.id,
    };
    Ok(Minted { code, link, digests })
}

/// What stands for an address in a form that offers several: it tells nothing of the address, and is good in its flow alone.
pub fn choice(ctx: &Ctx, flow: FlowId, address: &str) -> Result<String> {
    let secret = ctx.config.secrets.default.first();
    let key = key(secret.ok_or_else(|| Error::internal("no default secret is configured"))?);
    let scope = Scope { purpose: Purpose::Recovery, flow, address: Uuid::nil() };
    Ok(STANDARD.encode(digest(&key, "recovery/choice", scope, address)))
}

/// Whether this is the code, or the link's secret, that was minted for that scope.
pub fn matches(ctx: &Ctx, scope: Scope, stored: &Digests, code: &str) -> bool {
    is_of(ctx.config.secrets.default.iter().map(|secret| &**secret), scope, stored, code)
}

fn is_of<'a>(mut secrets: impl Iterator<Item = &'a str>, scope: Scope, stored: &Digests, code: &str) -> bool {
    let Some(key) = secrets.find_map(|secret| Some(key(secret)).filter(|key| key.id == stored.key_id)) else {
        return false;
    };
    let (name, stored) = if is_of_link(code) {
        (scope.purpose.name_of_link(), &stored.link)
    } else {
        (scope.purpose.name(), &stored.code)
    };
    digest(&key, name, scope, code).ct_eq(stored).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a secret of the deployment";

    fn scope() -> Scope {
        let (flow, address) = (FlowId(Uuid::from_u128(1)), Uuid::from_u128(2));
        Scope { purpose: Purpose::Verification, flow, address }
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn stored() -> Digests {
        let key = key(SECRET);
        let link = "1".repeat(LINK_DIGITS);
        Digests {
            code: digest(&key, Purpose::Verification.name(), scope(), "123456"),
            link: digest(&key, Purpose::Verification.name_of_link(), scope(), &link),
            key_id: key.id,
        }
    }

    /// Computed with the HMAC of another language's library: codes that are stored stay good when the server is updated.
    #[test]
    fn a_digest_is_the_hmac_of_purpose_flow_address_and_code() {
        let Digests { key_id, code, link } = stored();
        assert_eq!(key_id, "83aae8b88ea9986a");
        assert_eq!(hex(&code), "77c073e56a5226f1a9fa5ce323a1751528bc426582f3afa9ee673c75a224d8a2");
        assert_eq!(hex(&link), "f8b27c0b03629d7a1510242c7cef05d825c112ffc8bcef553c0ead4de9a9fb97");
    }

    #[test]
    fn a_code_is_good_for_its_flow_and_address_alone() {
        let is = |scope, code: &str| is_of([SECRET].into_iter(), scope, &stored(), code);
        assert!(is(scope(), "123456"));
        assert!(is(scope(), &"1".repeat(LINK_DIGITS)));
        assert!(!is(scope(), "123457"));
        assert!(!is(scope(), &"2".repeat(LINK_DIGITS)));
        let other = Uuid::from_u128(3);
        assert!(!is(Scope { flow: FlowId(other), ..scope() }, "123456"));
        assert!(!is(Scope { address: other, ..scope() }, "123456"));
    }

    #[test]
    fn an_older_secret_still_reads_what_it_digested_and_a_removed_one_does_not() {
        let is = |secrets: &[&str]| is_of(secrets.iter().copied(), scope(), &stored(), "123456");
        assert!(is(&["a newer secret", SECRET]));
        assert!(!is(&["a newer secret"]));
        assert!(!is(&[]));
    }
}
