//! `/admin/identities`: create, read, list, delete (Kratos: identity/handler.go).

use super::body;
use super::query::{Known, Query, parsed, put_links};
use crate::error::ApiError;
use crate::respond;
use axum::body::Bytes;
use axum::extract::{Extension, OriginalUri, Path};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::admin::{Listing, Pages};
use engine::identity::decode::Shape;
use engine::identity::{Credential, Identity};
use engine::ids::IdentityId;
use engine::limits_table::IDS as MOST;
use engine::store::identity_lists::Filter;
use engine::{Ctx, Error, admin, identity};
use serde_json::Value;

type Result<T, E = ApiError> = std::result::Result<T, E>;

const DEFAULT_PAGE: i64 = 250;
const LARGEST_PAGE: i64 = 500;

/// The last entry of numbered pages (Kratos: x/pagination.go), because the database has to skip all entries before a page.
const NUMBERED: i64 = 1000;

/// Filters. Only one can be used at a time.
const IDS: &str = "ids";
const IDENTIFIER: &str = "credentials_identifier";
const SIMILAR: &str = "preview_credentials_identifier_similar";
const ORGANIZATION: &str = "organization_id";

const INCLUDE: &str = "include_credential";

/// Kratos: identity/credentials.go.
const KINDS: [&str; 10] = [
    "password",
    "oidc",
    "saml",
    "totp",
    "lookup_secret",
    "webauthn",
    "code",
    "link_recovery",
    "code_recovery",
    "passkey",
];

const LIST: Known = Known {
    once: &[IDENTIFIER, SIMILAR, ORGANIZATION, "consistency", "page", "per_page", "page_size", "page_token"],
    repeated: &[IDS, INCLUDE],
};

pub async fn create(
    Extension(ctx): Extension<Ctx>,
    OriginalUri(uri): OriginalUri,
    bytes: Bytes,
) -> Result<Response> {
    Query::none(&uri)?;
    if bytes.is_empty() {
        return Err(Error::invalid("").into());
    }
    let shape = Shape { members: usize::MAX, ..ctx.config.vestibule.requests.shape() };
    let (identity, credentials) = admin::create(&ctx, body::read(shape, &bytes, "identity")?).await?;
    let mut json = shown(&ctx, &identity, Some(&credentials), &[]);
    // Only this response leaves the member out (measured).
    if let Some(members) = json.as_object_mut().filter(|_| identity.metadata_admin.is_null()) {
        members.shift_remove("metadata_admin");
    }
    let mut response = respond::with_status(StatusCode::CREATED, &json);
    let base = ctx.config.serve.admin.base_url_text.trim_end_matches('/');
    if let Ok(location) = HeaderValue::from_str(&format!("{base}/identities/{}", identity.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

pub async fn get(
    Extension(ctx): Extension<Ctx>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
) -> Result<Response> {
    let query = Query::read(&uri, Known { once: &[], repeated: &[INCLUDE] })?;
    let include = included(&query)?;
    let (identity, credentials) = admin::get(&ctx, parse(&id)?).await?;
    Ok(respond::json(&shown(&ctx, &identity, Some(&credentials), &include)))
}

/// A page of all identities, or of those that match a filter.
pub async fn list(Extension(ctx): Extension<Ctx>, OriginalUri(uri): OriginalUri) -> Result<Response> {
    let query = Query::read(&uri, LIST)?;
    let include = included(&query)?;
    let filter = filter(&query)?;
    // Both databases return the latest committed data, whatever consistency is requested.
    query.one_of("consistency", &["strong", "eventual"])?;
    let (pages, size) = pages(&query)?;
    let by_name = matches!(filter, Filter::Identifier { .. } | Filter::Prefix { .. });
    let listing = Listing { filter, pages, size, credentials: by_name || !include.is_empty() };
    let listed = admin::list(&ctx, &listing).await?;
    let links = match (pages, listed.total) {
        (Pages::Number(number), Some(total)) => numbered_links(&query, number, size, total),
        _ => {
            let last = listed.identities.last().filter(|_| listed.more);
            let next = last.map(|(identity, _)| identity.id.to_string());
            query.links(size, &uuid::Uuid::nil().to_string(), next)
        }
    };
    let list =
        listed.identities.iter().map(|(one, credentials)| shown(&ctx, one, credentials.as_deref(), &include));
    let mut response = respond::json(&list.collect::<Value>());
    let headers = response.headers_mut();
    put_links(headers, &links);
    if let Some(total) = listed.total {
        headers.insert("x-total-count", HeaderValue::from(total));
    }
    Ok(response)
}

pub async fn delete(
    Extension(ctx): Extension<Ctx>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
) -> Result<Response> {
    Query::none(&uri)?;
    admin::delete(&ctx, parse(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn shown(ctx: &Ctx, identity: &Identity, credentials: Option<&[Credential]>, include: &[&str]) -> Value {
    identity::json::admin(identity, credentials, include, &ctx.config.serve.public.base_url_text)
}

/// Types of credentials whose contents are included.
fn included(query: &Query) -> Result<Vec<&str>> {
    let kinds = query.chosen(INCLUDE)?;
    match kinds.iter().all(|kind| KINDS.contains(kind)) {
        true => Ok(kinds),
        false => Err(Error::invalid(format!("Invalid {INCLUDE}. Use one of {}.", KINDS.join(", "))).into()),
    }
}

fn filter(query: &Query) -> Result<Filter> {
    let mut filters: Vec<(&str, Filter)> = Vec::new();
    let ids = query.chosen(IDS)?;
    if ids.len() > MOST.count() {
        return Err(Error::invalid(format!("Too many {IDS}. Send at most {}.", MOST.count())).into());
    }
    if !ids.is_empty() {
        let ids: Result<Vec<IdentityId>> = ids.iter().map(|id| parsed(IDS, id, "a UUID")).collect();
        filters.push((IDS, Filter::Ids(ids?)));
    }
    if let Some(identifier) = query.choice(IDENTIFIER)? {
        filters.push((IDENTIFIER, admin::whose(identifier)));
    }
    if let Some(prefix) = query.choice(SIMILAR)? {
        filters.push((SIMILAR, admin::similar(prefix)?));
    }
    if let Some(id) = query.choice(ORGANIZATION)? {
        filters.push((ORGANIZATION, Filter::Organization(parsed(ORGANIZATION, id, "a UUID")?)));
    }
    if let [(first, _), (second, _), ..] = filters.as_slice() {
        return Err(Error::invalid(format!(
            "{first} and {second} can't be combined. Send only one of them."
        ))
        .into());
    }
    Ok(filters.pop().map_or(Filter::All, |(_, filter)| filter))
}

/// The page and its size. Pages follow an entry, or have a number (Kratos: x/pagination.go).
fn pages(query: &Query) -> Result<(Pages, i64)> {
    let numbered = ["page", "per_page"].into_iter().find(|name| query.value(name).is_some());
    let following = ["page_token", "page_size"].into_iter().find(|name| query.value(name).is_some());
    if let (Some(one), Some(other)) = (numbered, following) {
        return Err(Error::invalid(format!(
            "{one} and {other} can't be combined. Send page with per_page, or page_token with page_size."
        ))
        .into());
    }
    let Some(number) = query.number("page")? else {
        let size = if numbered.is_some() { "per_page" } else { "page_size" };
        let after = query.value("page_token").map(|id| parsed("page_token", id, "a token of this list"));
        return Ok((Pages::After(after.transpose()?), query.size(size, DEFAULT_PAGE, LARGEST_PAGE)?));
    };
    let size = query.size("per_page", DEFAULT_PAGE, LARGEST_PAGE)?;
    if number < 0 || number.saturating_mul(size) > NUMBERED {
        return Err(Error::invalid(format!(
            "Invalid page. Pages start at 0 and end at entry {NUMBERED}. To read further, send page_token with page_size."
        ))
        .into());
    }
    Ok((Pages::Number(number), size))
}

/// Links to the pages that exist.
fn numbered_links(query: &Query, number: i64, size: i64, total: i64) -> String {
    let last = (total - 1).max(0) / size;
    let pages = [
        ("first", Some(0)),
        ("prev", (number > 0).then(|| (number - 1).min(last))),
        ("next", (number < last).then_some(number + 1)),
        ("last", Some(last)),
    ];
    let links = pages.into_iter().filter_map(|(relation, page)| {
        let page = page?.to_string();
        Some(query.link(relation, &[("page", page), ("per_page", size.to_string())]))
    });
    links.collect::<Vec<_>>().join(",")
}

/// A malformed ID counts as unknown (measured).
fn parse(id: &str) -> Result<IdentityId> {
    id.parse().map_err(|_| Error::not_found("").into())
}
