//! Apple's client secret: a short JWT signed with the developer's key (Apple, "Creating a client secret").

use crate::config::social::Apple;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::DecodePrivateKey;
use serde_json::json;

/// As Kratos.
const LIFE: TimeDelta = TimeDelta::minutes(5);

/// # Errors
/// A sentence for the log: the key is none.
pub(super) fn secret(apple: &Apple, client_id: &str, now: DateTime<Utc>) -> Result<String, String> {
    let key = SigningKey::from_pkcs8_pem(&apple.key.replace("\\n", "\n"))
        .map_err(|failure| format!("apple_private_key is not a PKCS #8 key in PEM format: {failure}"))?;
    let header = json!({"alg": "ES256", "kid": apple.key_id});
    let claims = json!({
        "iss": apple.team,
        "iat": now.timestamp(),
        "exp": (now + LIFE).timestamp(),
        "aud": "https://appleid.apple.com",
        "sub": client_id,
    });
    let encode = |part: &serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let signature: Signature = key.sign(signed.as_bytes());
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::social::Secret;
    use p256::ecdsa::signature::Verifier;
    use p256::pkcs8::EncodePrivateKey;

    #[test]
    fn the_secret_is_signed_by_the_key_and_lives_five_minutes() {
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let pem = key.to_pkcs8_pem(p256::pkcs8::LineEnding::LF).unwrap().to_string();
        let apple = Apple { team: "TEAM".to_owned(), key_id: "KEY".to_owned(), key: Secret::new(pem) };
        let now = DateTime::from_timestamp(1_893_456_000, 0).unwrap();
        let made = secret(&apple, "org.example.web", now).unwrap();
        let (signed, signature) = made.rsplit_once('.').unwrap();
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        key.verifying_key().verify(signed.as_bytes(), &signature).unwrap();
        let claims = URL_SAFE_NO_PAD.decode(signed.split('.').nth(1).unwrap()).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("TEAM"), &json!("org.example.web")));
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
        let broken = Apple { key: Secret::from("no key"), ..apple };
        assert!(secret(&broken, "x", now).is_err());
    }
}
