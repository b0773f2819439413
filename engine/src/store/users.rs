//! Which users a list of the console contains: newest first by state and verification, or by what their identifiers and addresses
//! begin with. Each statement reads a range of one index, and a page merges several ranges.

use super::Tx;
use super::identities::unseen;
use super::identity_lists::{after_all_of, storable};
use crate::error::Result;
use crate::identity::State;
use crate::ids::IdentityId;
use chrono::{DateTime, Utc};
use std::cmp::Reverse;
use uuid::Uuid;

statements! {
    const NEWEST: &str = concat!(
        "select created_at, id from identities s
        where state = $1 and verified = $2 and (created_at, id) < ($3, $4) and ",
        unseen!("s.id"),
        " order by created_at desc, id desc limit $5"
    );
    const COUNT: &str = "select count(*) from (select 1 from identities where state = $1 and verified = $2 limit $3) c";
    // Two users never share an identifier of one kind.
    const BY_IDENTIFIER: &str = "select identifier, identity_id from identity_identifiers
        where kind = $1 and identifier >= $2 and identifier < $3 and (identifier > $2 or identity_id > $4)
        order by identifier limit $5";
    // As many rows have one value as there are purposes and channels: four.
    const BY_ADDRESS: &str = "select value, identity_id from identity_addresses
        where value >= $1 and value < $2 and (value > $1 or identity_id > $3)
        order by value limit $4";
}

/// A place in the list, newest first.
pub type Moment = (DateTime<Utc>, IdentityId);

/// What an identifier begins with: `typed` as users enter it, `raw` as a provider returned it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prefix {
    pub typed: String,
    pub raw: String,
}

/// Kinds of identifiers that users enter, and kinds that a provider gives. Passkeys have no name.
pub const TYPED: [&str; 3] = ["password", "code", "webauthn"];
pub const GIVEN: [&str; 2] = ["oidc", "saml"];

/// Identifiers and addresses in the order of their bytes.
#[derive(Debug)]
pub struct Matches {
    pub names: Vec<(String, IdentityId)>,
    /// There are more after these.
    pub more: bool,
}

/// At most `limit` users in one of these states, with or without a verified address, newest first.
pub async fn newest(
    tx: &mut Tx,
    states: &[State],
    verified: &[bool],
    before: Option<Moment>,
    limit: i64,
) -> Result<Vec<Moment>> {
    // Far in the future; PostgreSQL and text columns both know it.
    let end = DateTime::from_timestamp(253_402_300_799, 0).unwrap_or_default();
    let (at, id) = before.map_or((end, Uuid::max()), |(at, id)| (at, id.0));
    let mut all: Vec<(DateTime<Utc>, Uuid)> = Vec::new();
    for state in states {
        for verified in verified {
            let range: Vec<(DateTime<Utc>, Uuid)> =
                tx.fetch_all(NEWEST, &[&state.name(), verified, &at, &id, &limit]).await?;
            all.extend(range);
        }
    }
    all.sort_unstable_by_key(|moment| Reverse(*moment));
    all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(all.into_iter().map(|(at, id)| (at, IdentityId(id))).collect())
}

/// How many there are, counted up to `most` in each range. Accounts of sign-ups that are not finished count as well.
pub async fn count(tx: &mut Tx, states: &[State], verified: &[bool], most: i64) -> Result<i64> {
    let mut all = 0;
    for state in states {
        for verified in verified {
            let (count,): (i64,) = tx.fetch_one(COUNT, &[&state.name(), verified, &most]).await?;
            all += count;
        }
    }
    Ok(all)
}

/// Identifiers and addresses that begin so, after that one. Each name of a user once. `limit`: of each range, and more than four.
pub async fn matching(
    tx: &mut Tx,
    prefix: &Prefix,
    after: Option<(&str, IdentityId)>,
    limit: i64,
) -> Result<Matches> {
    let mut matches = Matches { names: Vec::new(), more: false };
    let Some([typed, raw]) = storable([&prefix.typed, &prefix.raw]) else { return Ok(matches) };
    let after = after.filter(|(name, _)| !name.contains('\0'));
    let mut ranges: Vec<Vec<(String, Uuid)>> = Vec::new();
    for (kinds, prefix) in [(&TYPED[..], typed), (&GIVEN[..], raw)] {
        let (end, (from, beyond)) = (after_all_of(prefix), start(prefix, after));
        for kind in kinds {
            ranges.push(tx.fetch_all(BY_IDENTIFIER, &[kind, &from, &end, &beyond, &limit]).await?);
        }
    }
    let (end, (from, beyond)) = (after_all_of(typed), start(typed, after));
    ranges.push(tx.fetch_all(BY_ADDRESS, &[&from, &end, &beyond, &limit]).await?);

    // What comes after the end of a range that was cut is not complete, and neither are the rows of its last value.
    let is_cut = |range: &&Vec<(String, Uuid)>| i64::try_from(range.len()).is_ok_and(|len| len >= limit);
    let complete = ranges.iter().filter(is_cut).filter_map(|range| range.last()).map(|(name, _)| name).min();
    let complete = complete.cloned();
    let is_complete = |name: &String| complete.as_ref().is_none_or(|end| name < end);
    let names = ranges.into_iter().flatten().filter(|(name, _)| is_complete(name));
    matches.names = names.map(|(name, id)| (name, IdentityId(id))).collect();
    matches.names.sort_unstable();
    matches.names.dedup();
    matches.more = complete.is_some();
    Ok(matches)
}

/// Where a range begins: at the prefix, or after that name of that user.
fn start<'a>(prefix: &'a str, after: Option<(&'a str, IdentityId)>) -> (&'a str, Uuid) {
    match after {
        Some((name, id)) if name >= prefix => (name, id.0),
        Some(_) | None => (prefix, Uuid::nil()),
    }
}
