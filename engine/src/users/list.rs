//! The list of users: newest first, or by what an identifier begins with.

use super::User;
use crate::engine::Ctx;
use crate::error::Result;
use crate::identity::{Identity, State, normalise_identifier};
use crate::ids::IdentityId;
use crate::store::Tx;
use crate::store::identity_lists::{self, Filter, Window};
use crate::store::users::{self as rows, GIVEN, Moment, Prefix, TYPED};
use chrono::{DateTime, Utc};
use std::collections::{BTreeSet, HashMap};

/// How many users are counted at most.
const COUNTED: i64 = 10_000;

/// Of a search, so many identifiers are read at once, and so often for one page.
const AT_ONCE: i64 = 100;
const ROUNDS: usize = 10;

/// What is listed. `None` and an empty search are no filter.
#[derive(Clone, Copy, Default, Debug)]
pub struct Wanted<'a> {
    /// An ID, or what an identifier or address begins with.
    pub search: &'a str,
    pub state: Option<State>,
    pub verified: Option<bool>,
    /// What the page before gave as [`Found::next`]. Text that is none begins at the first page.
    pub after: Option<&'a str>,
}

#[derive(Debug)]
pub struct Found {
    pub users: Vec<User>,
    /// Where the next page begins. A search with a filter may have fewer users than fit: a page reads a limited number of rows.
    pub next: Option<String>,
}

/// How many users there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Count {
    Exactly(i64),
    MoreThan(i64),
}

/// One page of at most `limit` users.
pub async fn list(ctx: &Ctx, wanted: Wanted<'_>, limit: usize) -> Result<Found> {
    let mut tx = ctx.db().read().await?;
    let search = wanted.search.trim();
    if search.is_empty() {
        return newest(&mut tx, wanted, limit).await;
    }
    if let Ok(id) = search.parse::<IdentityId>() {
        let users = load(&mut tx, [id]).await?.into_values().filter(|user| wanted.includes(user));
        return Ok(Found { users: users.collect(), next: None });
    }
    let prefix = Prefix { typed: normalise_identifier(search), raw: search.to_owned() };
    matching(&mut tx, wanted, prefix, limit).await
}

/// How many users the filters include; a search is not counted.
pub async fn count(ctx: &Ctx, wanted: Wanted<'_>) -> Result<Count> {
    let mut tx = ctx.db().read().await?;
    let counted = rows::count(&mut tx, &wanted.states(), &wanted.verifications(), COUNTED + 1).await?;
    Ok(if counted > COUNTED { Count::MoreThan(COUNTED) } else { Count::Exactly(counted) })
}

impl Wanted<'_> {
    fn states(&self) -> Vec<State> {
        self.state.map_or_else(|| vec![State::Active, State::Inactive], |state| vec![state])
    }

    fn verifications(&self) -> Vec<bool> {
        self.verified.map_or_else(|| vec![true, false], |verified| vec![verified])
    }

    fn includes(&self, user: &User) -> bool {
        self.state.is_none_or(|state| user.identity.state == state)
            && self.verified.is_none_or(|verified| user.identity.has_verified_address() == verified)
    }
}

async fn newest(tx: &mut Tx, wanted: Wanted<'_>, limit: usize) -> Result<Found> {
    let before = wanted.after.and_then(moment);
    let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut found = rows::newest(tx, &wanted.states(), &wanted.verifications(), before, one_more).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|(at, id)| format!("{}.{id}", at.timestamp_micros()));
    let mut users = load(tx, found.iter().map(|(_, id)| *id)).await?;
    Ok(Found { users: found.iter().filter_map(|(_, id)| users.remove(id)).collect(), next })
}

fn moment(text: &str) -> Option<Moment> {
    let (at, id) = text.split_once('.')?;
    Some((DateTime::<Utc>::from_timestamp_micros(at.parse().ok()?)?, id.parse().ok()?))
}

/// In the order of identifiers, so that the one that is the search itself comes first.
async fn matching(tx: &mut Tx, wanted: Wanted<'_>, prefix: Prefix, limit: usize) -> Result<Found> {
    let mut after = wanted.after.and_then(|text| {
        let (id, name) = text.split_once('.')?;
        Some((name.to_owned(), id.parse::<IdentityId>().ok()?))
    });
    let mut found = Found { users: Vec::new(), next: None };
    for _ in 0..ROUNDS {
        let last = after.as_ref().map(|(name, id)| (name.as_str(), *id));
        let matches = rows::matching(tx, &prefix, last, AT_ONCE).await?;
        let users = load(tx, matches.names.iter().map(|(_, id)| *id)).await?;
        for (name, id) in matches.names {
            if found.users.len() == limit {
                found.next = after.map(cursor);
                return Ok(found);
            }
            // Under the first of their names that match: a user is listed once.
            let user = users.get(&id).filter(|user| first_match(user, &prefix) == Some(name.as_str()));
            found.users.extend(user.filter(|user| wanted.includes(user)).cloned());
            after = Some((name, id));
        }
        if !matches.more {
            return Ok(found);
        }
    }
    found.next = after.map(cursor);
    Ok(found)
}

fn cursor((name, id): (String, IdentityId)) -> String {
    format!("{id}.{name}")
}

fn first_match<'a>(user: &'a User, prefix: &Prefix) -> Option<&'a str> {
    let identity = &user.identity;
    let addresses = identity.verifiable_addresses.iter().map(|address| address.value.as_str());
    let recovery = identity.recovery_addresses.iter().map(|address| address.value.as_str());
    let identifiers = user.credentials.iter().flat_map(|own| {
        let kind = own.kind.as_str();
        let begin = if TYPED.contains(&kind) { Some(&prefix.typed) } else { None };
        let begin = begin.or_else(|| GIVEN.contains(&kind).then_some(&prefix.raw));
        let names = own.identifiers.iter().map(String::as_str);
        names.filter(move |name| begin.is_some_and(|begin| name.starts_with(begin.as_str())))
    });
    addresses.chain(recovery).filter(|name| name.starts_with(&prefix.typed)).chain(identifiers).min()
}

/// Those that exist, by their IDs.
pub(super) async fn load(
    tx: &mut Tx,
    ids: impl IntoIterator<Item = IdentityId>,
) -> Result<HashMap<IdentityId, User>> {
    let ids: Vec<_> = ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let limit = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let identities = identity_lists::page(tx, &Filter::Ids(ids), Window::first(limit)).await?;
    let mut credentials = identity_lists::credentials(tx, &identities).await?;
    let user = |identity: Identity| {
        let credentials = credentials.remove(&identity.id).unwrap_or_default();
        (identity.id, User { identity, credentials })
    };
    Ok(identities.into_iter().map(user).collect())
}
