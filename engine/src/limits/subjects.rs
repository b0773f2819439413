//! The subject of a counter. The database contains keyed digests, so that a copy of it reveals no address: the key is derived from
//! the secrets, which aren't in the database. Next to a digest is what an operator needs: the client's network, and the address with
//! a masked local part.

use super::limit::Limit;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::identity::normalise_identifier;
use crate::store::limits::Subject;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Makes [`Subject`]s.
pub(super) struct Subjects {
    key: [u8; 32],
}

impl Subjects {
    /// RFC 5869. Counters under an older secret are forgotten with it.
    #[expect(clippy::expect_used, reason = "a length that HKDF gives")]
    pub(super) fn of(config: &Config) -> Result<Self> {
        let secret = config.secrets.default.first();
        let secret = secret.ok_or_else(|| Error::internal("no default secret is configured"))?;
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(None, secret.as_bytes()).expand(b"limits/v1", &mut key).expect("32 bytes");
        Ok(Self { key })
    }

    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    fn digest(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("any length is a key");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().to_vec()
    }

    /// By what an address is found again, whatever is counted of it.
    pub(super) fn account(&self, address: &str) -> Vec<u8> {
        self.digest(&[b"account", normalise_identifier(address).as_bytes()])
    }

    /// An address, and a part of what is counted of it: a client's network, or a form.
    pub(super) fn of_account(
        &self,
        limit: Limit,
        address: &str,
        part: &str,
        label: Option<String>,
    ) -> Subject {
        let account = self.account(address);
        Subject {
            scope: limit.name(),
            key: self.digest(&[limit.name().as_bytes(), &account, part.as_bytes()]),
            account: Some(account),
            client: None,
            label,
        }
    }

    /// What a client does.
    pub(super) fn of_client(&self, limit: Limit, network: &str) -> Subject {
        Subject {
            scope: limit.name(),
            key: self.digest(&[limit.name().as_bytes(), network.as_bytes()]),
            account: None,
            client: Some(network.to_owned()),
            label: None,
        }
    }

    /// What a client does to an address.
    pub(super) fn of_pair(
        &self,
        limit: Limit,
        address: &str,
        network: &str,
        label: Option<String>,
    ) -> Subject {
        Subject { client: Some(network.to_owned()), ..self.of_account(limit, address, network, label) }
    }

    /// What is counted of this installation.
    pub(super) fn of_all(&self, limit: Limit) -> Subject {
        Subject { client: None, ..self.of_client(limit, "") }
    }
}

/// `a…@example.org`, for an address that the server knows or writes to. What else was typed is shown to nobody: it may be a password
/// in the wrong field.
pub fn masked(address: &str) -> String {
    let address = normalise_identifier(address);
    let first: String = address.chars().take(1).collect();
    match address.rsplit_once('@') {
        Some((_, domain)) => format!("{first}…@{domain}"),
        None => format!("{first}…"),
    }
}

/// The mailbox behind an address, where that is spelled otherwise: a tag after `+`, and dots that Gmail does not see.
pub(super) fn mailbox(address: &str) -> Option<String> {
    let address = normalise_identifier(address);
    let (local, domain) = address.rsplit_once('@')?;
    let mut owner = match local.split_once('+') {
        Some((owner, _)) if !owner.is_empty() => owner.to_owned(),
        _ => local.to_owned(),
    };
    if matches!(domain, "gmail.com" | "googlemail.com") {
        owner.retain(|letter| letter != '.');
    }
    let mailbox = format!("{owner}@{domain}");
    (mailbox != address).then_some(mailbox)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn an_address_is_masked_but_for_its_first_letter_and_its_domain() {
        for (address, mask) in
            [(" Anna@Example.org", "a…@example.org"), ("ünal", "ü…"), ("", "…"), ("a@b@c.test", "a…@c.test")]
        {
            assert_eq!(masked(address), mask, "{address}");
        }
    }

    #[test]
    fn spellings_of_a_mailbox_lead_to_it() {
        for (address, behind) in [
            (" Anna+7@Example.org", Some("anna@example.org")),
            ("anna+a+b@example.org", Some("anna@example.org")),
            ("a.n.na+x@gmail.com", Some("anna@gmail.com")),
            ("a.nna@gmail.com", Some("anna@gmail.com")),
            ("a.nna@example.org", None),
            ("anna@example.org", None),
            ("+anna@example.org", None),
            ("anna", None),
        ] {
            assert_eq!(mailbox(address).as_deref(), behind, "{address}");
        }
    }

    #[test]
    fn digests_depend_on_secret_limit_address_and_client() {
        let config = testing::config(vec![]);
        let subjects = Subjects::of(&config).unwrap();
        let pair = |limit, address, client| subjects.of_pair(limit, address, client, None).key;
        let one = pair(Limit::Codes, "a@b.test", "192.0.2.1");
        assert_eq!(one, pair(Limit::Codes, " A@B.test", "192.0.2.1"));
        for other in [
            pair(Limit::Emails, "a@b.test", "192.0.2.1"),
            pair(Limit::Codes, "c@b.test", "192.0.2.1"),
            pair(Limit::Codes, "a@b.test", "192.0.2.2"),
            subjects.of_account(Limit::Codes, "a@b.test", "", None).key,
        ] {
            assert_ne!(one, other);
        }
        let mut config = config;
        config.secrets.default = vec!["another default secret, also none".into()];
        let others = Subjects::of(&config).unwrap();
        assert_ne!(one, others.of_pair(Limit::Codes, "a@b.test", "192.0.2.1", None).key);
        assert_ne!(subjects.account("a@b.test"), others.account("a@b.test"));
    }
}
