//! Lists of identities: filters, pages, with or without credentials (Kratos: identity/handler.go).

use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::identity::{Credential, Identity, normalise_identifier};
use crate::ids::IdentityId;
use crate::store::identity_lists::{self, Filter, Window};

/// What is listed.
#[derive(Clone, Debug)]
pub struct Listing {
    pub filter: Filter,
    pub pages: Pages,
    /// Entries of a page.
    pub size: i64,
    pub credentials: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pages {
    /// The identities that follow this one, which need not exist any more.
    After(Option<IdentityId>),
    /// Pages are counted from 0. The list tells how many entries there are.
    Number(i64),
}

#[derive(Debug)]
pub struct Listed {
    /// Without credentials where none were asked for.
    pub identities: Vec<(Identity, Option<Vec<Credential>>)>,
    /// There are more after these.
    pub more: bool,
    /// On all pages.
    pub total: Option<i64>,
}

/// Whose identifier it is.
pub fn whose(identifier: &str) -> Filter {
    Filter::Identifier { typed: normalise_identifier(identifier), raw: identifier.to_owned() }
}

/// Who has an identifier that begins so.
///
/// # Errors
/// 400 for what every identifier begins with.
pub fn similar(prefix: &str) -> Result<Filter> {
    let typed = normalise_identifier(prefix);
    if typed.is_empty() {
        return Err(Error::invalid("preview_credentials_identifier_similar needs at least one character."));
    }
    Ok(Filter::Prefix { typed, raw: prefix.to_owned() })
}

/// One page, as one state of the database has it.
pub async fn list(ctx: &Ctx, listing: &Listing) -> Result<Listed> {
    let size = listing.size;
    let (after, offset) = match listing.pages {
        Pages::After(after) => (after, 0),
        Pages::Number(number) => (None, number.saturating_mul(size)),
    };
    let mut tx = ctx.db().read().await?;
    // One more than requested, to detect a next page.
    let window = Window { after, offset, limit: size.saturating_add(1) };
    let mut found = identity_lists::page(&mut tx, &listing.filter, window).await?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = found.len() > size;
    found.truncate(size);
    let total = match listing.pages {
        Pages::After(_) => None,
        Pages::Number(_) => Some(identity_lists::count(&mut tx, &listing.filter).await?),
    };
    let mut credentials = match listing.credentials {
        true => Some(identity_lists::credentials(&mut tx, &found).await?),
        false => None,
    };
    let identities = found.into_iter().map(|identity| {
        let own = credentials.as_mut().map(|all| all.remove(&identity.id).unwrap_or_default());
        (identity, own)
    });
    Ok(Listed { identities: identities.collect(), more, total })
}
