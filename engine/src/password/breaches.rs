//! Whether a password is known from a breach. The service only gets five characters of a hash (k-anonymity:
//! https://haveibeenpwned.com/API/v3#SearchingPwnedPasswordsByRange).

use crate::config::Config;
use crate::effects::Effects;
use crate::error::{Error, Result};
use crate::ui::{Text, text};
use sha1::{Digest, Sha1};
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(1);

/// A range holds some 40 kB today.
const LIMIT: usize = 512 * 1024;

/// The breach check (SHA-1 prefix of five): `Some` is 4000034, or 4000005 when the service could not be asked and
/// `ignore_network_errors` is off (Kratos says so on the form as well). Runs beside the hash, one second at most.
/// When the network or the answer fails and `ignore_network_errors` holds, the password passes.
pub async fn check_breaches(effects: &Effects, config: &Config, password: &str) -> Result<Option<Text>> {
    let policy = &config.selfservice.password;
    if !policy.haveibeenpwned_enabled {
        return Ok(None);
    }
    let digest: String = Sha1::digest(password).iter().map(|byte| format!("{byte:02X}")).collect();
    let (prefix, suffix) = digest.split_at(5);
    let no_host = || Error::internal("the breach check has no host");
    let url = breach_service(config, prefix).ok_or_else(no_host)?;
    let reach = config.reach_of_breach_service(&url);
    match effects.outbound.get(url, reach, LIMIT, DEADLINE).await {
        Ok(range) => {
            let breaches = times_seen(&range, suffix);
            Ok((breaches > policy.max_breaches).then(|| text::password_breached(breaches)))
        }
        Err(failure) => {
            tracing::warn!(%failure, passed = policy.ignore_network_errors, "the breach check failed");
            Ok((!policy.ignore_network_errors).then(text::password_unchecked))
        }
    }
}

/// Where passwords are asked for whose digest begins with `prefix`.
pub(crate) fn breach_service(config: &Config, prefix: &str) -> Option<url::Url> {
    let host = &config.selfservice.password.haveibeenpwned_host;
    url::Url::parse(&format!("https://{host}/range/{prefix}")).ok()
}

/// Lines are `SUFFIX:COUNT`; padding lines count zero, lines of another form are none of ours.
fn times_seen(range: &str, suffix: &str) -> u64 {
    range
        .lines()
        .filter_map(|line| line.trim().split_once(':'))
        .find(|(seen, _)| seen.eq_ignore_ascii_case(suffix))
        .and_then(|(_, count)| count.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;
    use serde_json::{Value, json};

    #[test]
    fn a_range_is_read_line_by_line() {
        let range = "00000:3\r\nABCDE:12\r\nFFFFF:0\r\n";
        assert_eq!(times_seen(range, "ABCDE"), 12);
        assert_eq!(times_seen(range, "FFFFF"), 0);
        assert_eq!(times_seen(range, "BCDE"), 0);
        assert_eq!(times_seen("<html>", "ABCDE"), 0);
    }

    /// SHA-1 of "password" is 5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8.
    const RANGE: &str = "https://breaches.test/range/5BAA6";
    const SUFFIX: &str = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";

    async fn check(world: &World, policy: Value) -> Option<(u64, Value)> {
        let mut keys = json!({"haveibeenpwned_enabled": true, "haveibeenpwned_host": "breaches.test"});
        for (key, value) in policy.as_object().unwrap() {
            keys[key] = value.clone();
        }
        let config = world.config(vec![json!({"selfservice": {"methods": {"password": {"config": keys}}}})]);
        let refused = check_breaches(&world.effects(), &config, "password").await.unwrap();
        refused.map(|text| (text.id, text.context.get("breaches").cloned().unwrap_or_default()))
    }

    #[tokio::test]
    async fn a_known_password_is_refused_and_five_characters_leave_the_house() {
        let world = World::default();
        world.outbound.answer(RANGE, format!("00000000000000000000000000000000000:9\r\n{SUFFIX}:7\r\n"));
        assert_eq!(check(&world, json!({})).await, Some((4_000_034, json!(7))));
        assert_eq!(check(&world, json!({"max_breaches": 6})).await, Some((4_000_034, json!(7))));
        assert_eq!(check(&world, json!({"max_breaches": 7})).await, None);
        assert!(world.outbound.asked().iter().all(|url| url.as_str() == RANGE));
    }

    #[tokio::test]
    async fn a_password_that_nobody_lost_passes() {
        let world = World::default();
        world.outbound.answer(RANGE, "00000000000000000000000000000000000:9\r\n");
        assert_eq!(check(&world, json!({})).await, None);
    }

    #[tokio::test]
    async fn a_service_that_does_not_answer_is_a_matter_of_configuration() {
        let world = World::default();
        assert_eq!(check(&world, json!({"ignore_network_errors": true})).await, None);
        let refused = check(&world, json!({"ignore_network_errors": false})).await;
        assert_eq!(refused.map(|(id, _)| id), Some(4_000_005));
        world.outbound.refuse(RANGE, 503);
        assert_eq!(check(&world, json!({"ignore_network_errors": true})).await, None);
    }

    /// Whoever runs a service of their own names it in a file, so that it may stand in their own network. Our own listeners and
    /// metadata addresses stay out of reach, as does the network where `clients.http.disallow_private_ip_ranges` says so.
    #[tokio::test]
    async fn a_service_of_one_s_own_may_stand_in_a_private_network() {
        let asked = async |more: Value, host: &str| {
            let world = World::default();
            let url = format!("https://{host}/range/5BAA6");
            world.outbound.answer(&url, format!("{SUFFIX}:7\r\n"));
            let mut document = json!({"selfservice": {"methods": {"password": {"config": {
                "haveibeenpwned_enabled": true, "haveibeenpwned_host": host, "ignore_network_errors": true,
            }}}}});
            crate::config::set(&mut document, "clients", more);
            let config = world.config(vec![document]);
            check_breaches(&world.effects(), &config, "password").await.unwrap().is_some()
        };
        let closed = json!({"http": {"disallow_private_ip_ranges": true}});
        for host in ["10.1.2.3", "127.0.0.1:8443", "[fd00::7]:8443", "192.168.7.7:8443"] {
            assert!(asked(json!({}), host).await, "{host}");
            assert!(!asked(closed.clone(), host).await, "{host}");
        }
        let excepted = json!({"http": {
            "disallow_private_ip_ranges": true, "private_ip_exception_urls": ["https://10.1.2.3/range/5BAA6"],
        }});
        assert!(asked(excepted, "10.1.2.3").await);
        for host in ["169.254.169.254", "127.0.0.1:4434", "127.0.0.1:4433"] {
            assert!(!asked(json!({}), host).await, "{host}");
        }
    }

    #[tokio::test]
    async fn switched_off_nothing_is_asked() {
        let world = World::default();
        assert_eq!(check(&world, json!({"haveibeenpwned_enabled": false})).await, None);
        assert!(world.outbound.asked().is_empty());
    }
}
