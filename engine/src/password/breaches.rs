//! Whether a password is known from a breach, asked so that the service learns five characters of a digest
//! (k-anonymity: https://haveibeenpwned.com/API/v3#SearchingPwnedPasswordsByRange).

use super::policy::refusal;
use crate::config::Config;
use crate::effects::Effects;
use crate::error::{Error, Result};
use crate::ui::Text;
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
    let url = format!("https://{}/range/{prefix}", policy.haveibeenpwned_host);
    let url = url::Url::parse(&url).map_err(Error::internal)?;
    match effects.outbound.get(url, LIMIT, DEADLINE).await {
        Ok(range) => {
            let breaches = times_seen(&range, suffix);
            Ok((breaches > policy.max_breaches).then(|| {
                let words = "This password is known from a data breach. Choose another one.";
                refusal(4_000_034, words, [("breaches", breaches.into())])
            }))
        }
        Err(failure) => {
            tracing::warn!(%failure, passed = policy.ignore_network_errors, "the breach check could not be made");
            Ok((!policy.ignore_network_errors).then(|| {
                let words =
                    "The password could not be checked against known breaches. Try again in a moment.";
                refusal(4_000_005, words, [("reason", words.into())])
            }))
        }
    }
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

    #[test]
    fn a_range_is_read_line_by_line() {
        let range = "00000:3\r\nABCDE:12\r\nFFFFF:0\r\n";
        assert_eq!(times_seen(range, "ABCDE"), 12);
        assert_eq!(times_seen(range, "FFFFF"), 0);
        assert_eq!(times_seen(range, "BCDE"), 0);
        assert_eq!(times_seen("<html>", "ABCDE"), 0);
    }
}
