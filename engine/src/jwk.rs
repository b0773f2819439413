//! Keys of a JSON Web Key Set (RFC 7517) that sign JSON Web Tokens (RFC 7515, RFC 7518). The library takes its randomness from the
//! operating system itself, so a signature is not one of the effects.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaEncoding, RsaKeyPair};
use serde::Deserialize;
use serde_json::{Value, json};

/// The algorithms, as `alg` names them.
pub(crate) const ALGORITHMS: [&str; 9] =
    ["ES256", "ES384", "EdDSA", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

pub struct SigningKey {
    /// `kid`
    id: Option<String>,
    algorithm: &'static str,
    pair: Pair,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
}

/// Short, since it is a secret.
impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.algorithm)
    }
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    #[serde(default)]
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    alg: String,
    #[serde(default)]
    crv: String,
    #[serde(flatten)]
    members: serde_json::Map<String, Value>,
}

impl SigningKey {
    /// The first key of a set, which is the one that Kratos signs with.
    ///
    /// # Errors
    /// What is wrong with the set or its first key, without any of it.
    pub fn first_of(set: &str) -> Result<Self, String> {
        // The library's words may repeat a value.
        let set: Set = serde_json::from_str(set)
            .map_err(|broken| format!("it is not a JSON Web Key Set (line {})", broken.line()))?;
        let key = set.keys.into_iter().next().ok_or("it has no key")?;
        let algorithm = ALGORITHMS.into_iter().find(|known| *known == key.alg);
        let Some(algorithm) = algorithm else {
            return Err(match key.alg.as_str() {
                "" => "its first key has no `alg`".to_owned(),
                other => format!("the algorithm `{other}` of its first key isn't supported"),
            });
        };
        let unfit = || format!("its first key has the `alg` {algorithm}, which is for keys of another kind");
        let pair = match (algorithm, key.kty.as_str(), key.crv.as_str()) {
            ("ES256", "EC", "P-256") => key.ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING)?,
            ("ES384", "EC", "P-384") => key.ecdsa(&signature::ECDSA_P384_SHA384_FIXED_SIGNING)?,
            ("EdDSA", "OKP", "Ed25519") => key.ed25519()?,
            (_, "RSA", _) => key.rsa(rsa_encoding(algorithm).ok_or_else(unfit)?)?,
            _ => return Err(unfit()),
        };
        Ok(Self { id: key.kid.filter(|id| !id.is_empty()), algorithm, pair })
    }

    /// A signed token with these claims, in the compact form.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub fn sign(&self, claims: &Value) -> Result<String, String> {
        let mut header = json!({ "alg": self.algorithm, "typ": "JWT" });
        if let Some(id) = &self.id {
            header["kid"] = id.as_str().into();
        }
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let (random, message) = (SystemRandom::new(), signed.as_bytes());
        let failed = |_| "the token can't be signed".to_owned();
        let signature = match &self.pair {
            Pair::Ecdsa(pair) => pair.sign(&random, message).map_err(failed)?.as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).map_err(failed)?;
                signature
            }
        };
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn rsa_encoding(algorithm: &str) -> Option<&'static dyn RsaEncoding> {
    Some(match algorithm {
        "RS256" => &signature::RSA_PKCS1_SHA256,
        "RS384" => &signature::RSA_PKCS1_SHA384,
        "RS512" => &signature::RSA_PKCS1_SHA512,
        "PS256" => &signature::RSA_PSS_SHA256,
        "PS384" => &signature::RSA_PSS_SHA384,
        "PS512" => &signature::RSA_PSS_SHA512,
        _ => return None,
    })
}

const PRIVATE: &str = "its first key has no private part: use the set with the private key";

impl Jwk {
    /// A member in base64url.
    fn bytes(&self, name: &str) -> Result<Vec<u8>, String> {
        let text = self.members.get(name).and_then(Value::as_str);
        let text = text.ok_or_else(|| match name {
            "d" => PRIVATE.to_owned(),
            _ => format!("its first key has no `{name}`"),
        })?;
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('='));
        bytes.map_err(|_| format!("`{name}` of its first key is not base64url"))
    }

    /// The same for a number, without leading zeros.
    fn number(&self, name: &str) -> Result<Vec<u8>, String> {
        let bytes = self.bytes(name)?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Ok(bytes[zeros..].to_vec())
    }

    fn ecdsa(&self, algorithm: &'static EcdsaSigningAlgorithm) -> Result<Pair, String> {
        let (private, x, y) = (self.bytes("d")?, self.bytes("x")?, self.bytes("y")?);
        // SEC 1, 2.3.3: the uncompressed form.
        let public = [&[4], x.as_slice(), y.as_slice()].concat();
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &private, &public, &random);
        pair.map(Pair::Ecdsa).map_err(rejected)
    }

    fn ed25519(&self) -> Result<Pair, String> {
        let (seed, public) = (self.bytes("d")?, self.bytes("x")?);
        Ed25519KeyPair::from_seed_and_public_key(&seed, &public).map(Pair::Ed25519).map_err(rejected)
    }

    fn rsa(&self, encoding: &'static dyn RsaEncoding) -> Result<Pair, String> {
        let components = KeyPairComponents {
            public_key: PublicKeyComponents { n: self.number("n")?, e: self.number("e")? },
            d: self.number("d")?,
            p: self.number("p")?,
            q: self.number("q")?,
            dP: self.number("dp")?,
            dQ: self.number("dq")?,
            qInv: self.number("qi")?,
        };
        let pair = RsaKeyPair::from_components(&components)
            .map_err(|failure| format!("{}; RSA keys need 2048 to 4096 bits", rejected(failure)))?;
        Ok(Pair::Rsa(Box::new(pair), encoding))
    }
}

fn rejected(failure: ring::error::KeyRejected) -> String {
    format!("its first key is rejected: {failure}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{RsaPublicKeyComponents, UnparsedPublicKey};

    const KEYS: &str = include_str!("testing/signing_keys.json");

    fn key(algorithm: &str) -> Value {
        let set: Value = serde_json::from_str(KEYS).unwrap();
        set["keys"].as_array().unwrap().iter().find(|key| key["alg"] == algorithm).unwrap().clone()
    }

    fn read(key: Value) -> Result<SigningKey, String> {
        SigningKey::first_of(&json!({ "keys": [key] }).to_string())
    }

    fn part(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    /// The key's public part verifies the signature of a token.
    fn verifies(key: &Value, algorithm: &str, token: &str) -> bool {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (message, signature) = (signed.as_bytes(), part(signature));
        let member = |name: &str| part(key[name].as_str().unwrap());
        let point = || [vec![4], member("x"), member("y")].concat();
        match algorithm {
            "ES256" => UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point())
                .verify(message, &signature),
            "ES384" => UnparsedPublicKey::new(&signature::ECDSA_P384_SHA384_FIXED, point())
                .verify(message, &signature),
            "EdDSA" => UnparsedPublicKey::new(&signature::ED25519, member("x")).verify(message, &signature),
            rsa => {
                let public = RsaPublicKeyComponents { n: member("n"), e: member("e") };
                let parameters = match rsa {
                    "RS256" => &signature::RSA_PKCS1_2048_8192_SHA256,
                    "RS384" => &signature::RSA_PKCS1_2048_8192_SHA384,
                    "RS512" => &signature::RSA_PKCS1_2048_8192_SHA512,
                    "PS256" => &signature::RSA_PSS_2048_8192_SHA256,
                    "PS384" => &signature::RSA_PSS_2048_8192_SHA384,
                    _ => &signature::RSA_PSS_2048_8192_SHA512,
                };
                public.verify(parameters, message, &signature)
            }
        }
        .is_ok()
    }

    #[test]
    fn a_token_is_signed_by_the_key_with_each_algorithm() {
        for algorithm in ALGORITHMS {
            let mut key = key(if key_is_rsa(algorithm) { "RS256" } else { algorithm });
            key["alg"] = algorithm.into();
            let token = read(key.clone()).unwrap().sign(&json!({ "sub": "anna" })).unwrap();
            assert!(verifies(&key, algorithm, &token), "{algorithm}");
            let parts: Vec<&str> = token.split('.').collect();
            let header: Value = serde_json::from_slice(&part(parts[0])).unwrap();
            assert_eq!(header, json!({"alg": algorithm, "typ": "JWT", "kid": key["kid"]}));
            assert_eq!(part(parts[1]), br#"{"sub":"anna"}"#);
            let forged = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode("{}"), parts[2]);
            assert!(!verifies(&key, algorithm, &forged), "{algorithm}");
        }
    }

    fn key_is_rsa(algorithm: &str) -> bool {
        rsa_encoding(algorithm).is_some()
    }

    #[test]
    fn the_first_key_of_a_set_signs() {
        let set = json!({ "keys": [key("EdDSA"), key("ES256")] }).to_string();
        assert_eq!(SigningKey::first_of(&set).unwrap().algorithm, "EdDSA");
    }

    #[test]
    fn what_is_wrong_with_a_key_is_said_without_the_key() {
        let with = |algorithm: &str, member: &str, value: Value| {
            let mut key = key(algorithm);
            key[member] = value;
            key
        };
        let other = key("ES384")["x"].clone();
        for (key, said) in [
            (with("ES256", "alg", Value::from("")), "no `alg`"),
            (with("ES256", "alg", json!("HS256")), "`HS256`"),
            (with("ES256", "alg", json!("RS256")), "another kind"),
            (with("RS256", "alg", json!("ES256")), "another kind"),
            (with("ES256", "d", Value::Null), "no private part"),
            (with("RS256", "d", Value::Null), "no private part"),
            (with("ES256", "d", json!("%%")), "not base64url"),
            (with("ES256", "x", other), "rejected"),
            (with("EdDSA", "x", Value::Null), "no `x`"),
            (with("RS256", "n", json!("AQAB")), "2048"),
        ] {
            let secret = key["d"].as_str().unwrap_or("none").to_owned();
            let told = read(key).unwrap_err();
            assert!(told.contains(said) && !told.contains(&secret), "{said}: {told}");
        }
        for set in ["", "[]", "{}", r#"{"keys": {}}"#, r#"{"keys": []}"#] {
            assert!(SigningKey::first_of(set).is_err(), "{set}");
        }
    }
}
