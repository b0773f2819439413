//! Which identities a list of the admin API contains, and the rows of a whole page at once.
//!
//! A page is found by its IDs, with one statement for each filter. The rows of these IDs are the same for all filters.

use super::Param;
use super::Tx;
use super::identities::{
    Joined, StoredCredential, columns, credential_columns, gather, gather_credentials, unseen,
};
use crate::error::Result;
use crate::identity::{Credential, Identity};
use crate::ids::IdentityId;
use std::collections::HashMap;
use uuid::Uuid;

/// The selected identities. Identifiers are compared unchanged: the caller has normalized them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Filter {
    All,
    Ids(Vec<IdentityId>),
    /// `typed`: as users enter it, for passwords and codes. `raw`: as a provider returned it.
    Identifier {
        typed: String,
        raw: String,
    },
    /// The same for identifiers that begin so.
    Prefix {
        typed: String,
        raw: String,
    },
    Organization(Uuid),
}

/// By id, ascending, which is not by time (Kratos: persistence/sql/identity/persister_identity.go).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    pub after: Option<IdentityId>,
    pub offset: i64,
    pub limit: i64,
}

impl Window {
    pub fn first(limit: i64) -> Self {
        Self { after: None, offset: 0, limit }
    }
}

/// How many IDs one statement takes; the rest is filled with the nil ID, which no identity has.
const AT_ONCE: usize = 100;

macro_rules! hundred {
    () => {
        "($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26,$27,$28,$29,$30,$31,$32,$33,$34,
          $35,$36,$37,$38,$39,$40,$41,$42,$43,$44,$45,$46,$47,$48,$49,$50,$51,$52,$53,$54,$55,$56,$57,$58,$59,$60,$61,$62,$63,$64,$65,$66,
          $67,$68,$69,$70,$71,$72,$73,$74,$75,$76,$77,$78,$79,$80,$81,$82,$83,$84,$85,$86,$87,$88,$89,$90,$91,$92,$93,$94,$95,$96,$97,$98,
          $99,$100)"
    };
}

// Passkeys are found by no name (Kratos: the same file).
macro_rules! has_identifier {
    () => {
        "s.id in (select identity_id from identity_identifiers
                where kind in ('password', 'code', 'webauthn') and identifier = $1
            union select identity_id from identity_identifiers where kind in ('oidc', 'saml') and identifier = $2)"
    };
}

// From the prefix to the first text that comes after all that begin with it.
macro_rules! has_prefix {
    () => {
        "s.id in (select identity_id from identity_identifiers
                where kind in ('password', 'code', 'webauthn') and identifier >= $1 and identifier < $2
            union select identity_id from identity_identifiers
                where kind in ('oidc', 'saml') and identifier >= $3 and identifier < $4)"
    };
}

statements! {
    // The nil id is smaller than every random one.
    const ALL: &str = concat!(
        "select s.id from identities s where s.id > $1 and ",
        unseen!("s.id"),
        " order by s.id limit $2 offset $3"
    );
    const OF_IDENTIFIER: &str = concat!(
        "select s.id from identities s where ",
        has_identifier!(),
        " and s.id > $3 and ",
        unseen!("s.id"),
        " order by s.id limit $4 offset $5"
    );
    const OF_PREFIX: &str = concat!(
        "select s.id from identities s where ",
        has_prefix!(),
        " and s.id > $5 and ",
        unseen!("s.id"),
        " order by s.id limit $6 offset $7"
    );
    const OF_ORGANIZATION: &str = concat!(
        "select s.id from identities s where s.organization_id = $1 and s.id > $2 and ",
        unseen!("s.id"),
        " order by s.id limit $3 offset $4"
    );
    const COUNT_ALL: &str = concat!("select count(*) from identities s where ", unseen!("s.id"));
    const COUNT_OF_IDENTIFIER: &str =
        concat!("select count(*) from identities s where ", has_identifier!(), " and ", unseen!("s.id"));
    const COUNT_OF_PREFIX: &str =
        concat!("select count(*) from identities s where ", has_prefix!(), " and ", unseen!("s.id"));
    const COUNT_OF_ORGANIZATION: &str =
        concat!("select count(*) from identities s where s.organization_id = $1 and ", unseen!("s.id"));
    const ROWS: &str = concat!(
        "select ",
        columns!(),
        " from identities i left join identity_addresses a on a.identity_id = i.id where i.id in ",
        hundred!(),
        " and ",
        unseen!("i.id"),
        " order by i.id, a.purpose, a.position"
    );
    const CREDENTIALS: &str = concat!(
        "select ",
        credential_columns!(),
        " where c.identity_id in ",
        hundred!(),
        " order by c.identity_id, c.created_at, c.kind, n.position"
    );
}

/// One page.
pub async fn page(tx: &mut Tx, filter: &Filter, window: Window) -> Result<Vec<Identity>> {
    let Window { after, offset, limit } = window;
    let after = after.map_or(Uuid::nil(), |id| id.0);
    let found: Vec<(Uuid,)> = match filter {
        Filter::All => tx.fetch_all(ALL, &[&after, &limit, &offset]).await?,
        Filter::Ids(ids) => {
            let whole = rows(tx, ids.iter().map(|id| id.0).filter(|id| *id > after).collect()).await?;
            let (offset, limit) = (at_least_none(offset), at_least_none(limit));
            return Ok(whole.into_iter().skip(offset).take(limit).collect());
        }
        Filter::Identifier { typed, raw } => match storable([typed, raw]) {
            Some([typed, raw]) => {
                tx.fetch_all(OF_IDENTIFIER, &[&typed, &raw, &after, &limit, &offset]).await?
            }
            None => Vec::new(),
        },
        Filter::Prefix { typed, raw } => match storable([typed, raw]) {
            Some([typed, raw]) => {
                let (end, raw_end) = (after_all_of(typed), after_all_of(raw));
                let params: [&dyn Param; 7] = [&typed, &end, &raw, &raw_end, &after, &limit, &offset];
                tx.fetch_all(OF_PREFIX, &params).await?
            }
            None => Vec::new(),
        },
        Filter::Organization(id) => tx.fetch_all(OF_ORGANIZATION, &[id, &after, &limit, &offset]).await?,
    };
    rows(tx, found.into_iter().map(|(id,)| id).collect()).await
}

/// How many there are on all pages.
pub async fn count(tx: &mut Tx, filter: &Filter) -> Result<i64> {
    let (count,): (i64,) = match filter {
        Filter::All => tx.fetch_one(COUNT_ALL, &[]).await?,
        Filter::Ids(ids) => {
            let found = rows(tx, ids.iter().map(|id| id.0).collect()).await?;
            (i64::try_from(found.len()).unwrap_or(i64::MAX),)
        }
        Filter::Identifier { typed, raw } => match storable([typed, raw]) {
            Some([typed, raw]) => tx.fetch_one(COUNT_OF_IDENTIFIER, &[&typed, &raw]).await?,
            None => (0,),
        },
        Filter::Prefix { typed, raw } => match storable([typed, raw]) {
            Some([typed, raw]) => {
                let (end, raw_end) = (after_all_of(typed), after_all_of(raw));
                tx.fetch_one(COUNT_OF_PREFIX, &[&typed, &end, &raw, &raw_end]).await?
            }
            None => (0,),
        },
        Filter::Organization(id) => tx.fetch_one(COUNT_OF_ORGANIZATION, &[id]).await?,
    };
    Ok(count)
}

/// The credentials of each of these identities that has any.
pub async fn credentials(
    tx: &mut Tx,
    identities: &[Identity],
) -> Result<HashMap<IdentityId, Vec<Credential>>> {
    let ids: Vec<Uuid> = identities.iter().map(|identity| identity.id.0).collect();
    let mut all = HashMap::new();
    for chunk in ids.chunks(AT_ONCE) {
        let places = places(chunk);
        let rows: Vec<StoredCredential> = tx.fetch_all(CREDENTIALS, &params(&places)).await?;
        all.extend(gather_credentials(rows)?.into_iter().map(|(id, own)| (IdentityId(id), own)));
    }
    Ok(all)
}

/// The identities of these ids in the order of their ids, each once. Unknown ids are left out.
async fn rows(tx: &mut Tx, mut ids: Vec<Uuid>) -> Result<Vec<Identity>> {
    ids.sort_unstable();
    ids.dedup();
    let mut all = Vec::new();
    for chunk in ids.chunks(AT_ONCE) {
        let places = places(chunk);
        let rows: Vec<Joined> = tx.fetch_all(ROWS, &params(&places)).await?;
        all.extend(gather(rows)?);
    }
    Ok(all)
}

fn places(ids: &[Uuid]) -> [Uuid; AT_ONCE] {
    let mut places = [Uuid::nil(); AT_ONCE];
    for (place, id) in places.iter_mut().zip(ids) {
        *place = *id;
    }
    places
}

fn params(places: &[Uuid; AT_ONCE]) -> Vec<&dyn Param> {
    places.iter().map(|place| place as &dyn Param).collect()
}

fn at_least_none(count: i64) -> usize {
    usize::try_from(count).unwrap_or_default()
}

/// PostgreSQL rejects the character, so no identity has it.
pub(super) fn storable<const N: usize>(texts: [&String; N]) -> Option<[&str; N]> {
    (!texts.iter().any(|text| text.contains('\0'))).then(|| texts.map(String::as_str))
}

/// The first text, by its bytes, that comes after all that begin with `prefix`.
pub(super) fn after_all_of(prefix: &str) -> String {
    let mut end: Vec<char> = prefix.chars().collect();
    while let Some(last) = end.pop() {
        // Surrogates are no characters: what follows the last one before them is the first one behind them.
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            end.push(next);
            return end.into_iter().collect();
        }
    }
    // Nothing but the last of all characters: as good as no end.
    prefix.chars().chain(std::iter::repeat_n(char::MAX, 64)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_where_the_next_text_begins() {
        for (prefix, end) in [
            ("ann", "ano"),
            ("a%_\\", "a%_]"),
            ("é", "ê"),
            ("x\u{d7ff}", "x\u{e000}"),
            ("x\u{10ffff}", "y"),
            ("~", "\u{7f}"),
        ] {
            assert_eq!(after_all_of(prefix), end, "{prefix:?}");
            assert!(format!("{prefix}\u{10ffff}\u{10ffff}").as_str() < end);
        }
        assert!(after_all_of("\u{10ffff}").as_str() > "\u{10ffff}\u{10ffff}");
    }

    #[test]
    fn there_is_a_place_for_each_id() {
        assert_eq!(hundred!().matches('$').count(), AT_ONCE);
        assert_eq!(places(&[Uuid::max()])[..2], [Uuid::max(), Uuid::nil()]);
    }
}
