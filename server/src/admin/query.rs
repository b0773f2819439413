//! Query parameters of the admin API. Unknown parameters are rejected: a script that deletes the accounts of a list must not delete all
//! accounts because the server ignored a filter.

use crate::error::ApiError;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use engine::Error;
use std::str::FromStr;

type Result<T, E = ApiError> = std::result::Result<T, E>;

/// Maximum characters of client input in an error.
const SHOWN: usize = 60;

/// The parameters of an endpoint.
#[derive(Clone, Copy)]
pub(super) struct Known {
    /// Each at most once.
    pub(super) once: &'static [&'static str],
    pub(super) repeated: &'static [&'static str],
}

/// A query of known parameters.
pub(super) struct Query {
    path: String,
    pairs: Vec<(String, String)>,
}

impl Query {
    /// # Errors
    /// 400 with the name of a parameter that is unknown or repeated.
    pub(super) fn read(uri: &Uri, known: Known) -> Result<Self> {
        let pairs = crate::public::flows::query(uri);
        for (at, (name, _)) in pairs.iter().enumerate() {
            if known.repeated.contains(&name.as_str()) {
                continue;
            }
            if !known.once.contains(&name.as_str()) {
                return Err(unknown(name, known).into());
            }
            if pairs[..at].iter().any(|(earlier, _)| earlier == name) {
                return Err(Error::invalid(format!("The parameter {name} is repeated. Send it once.")).into());
            }
        }
        Ok(Self { path: uri.path().to_owned(), pairs })
    }

    /// For endpoints without parameters.
    pub(super) fn none(uri: &Uri) -> Result<()> {
        Self::read(uri, Known { once: &[], repeated: &[] }).map(drop)
    }

    /// The value, if it is not empty.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        engine::form::request::first(&self.pairs, name)
    }

    /// All values of a filter. An empty one is rejected, because most likely a script's variable was empty.
    pub(super) fn chosen(&self, name: &str) -> Result<Vec<&str>> {
        let own = self.pairs.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str());
        let values: Vec<&str> = own.collect();
        if values.contains(&"") {
            let reason = format!("The parameter {name} is empty. Set a value, or omit it.");
            return Err(Error::invalid(reason).into());
        }
        Ok(values)
    }

    /// The same for a parameter without repetition.
    pub(super) fn choice(&self, name: &str) -> Result<Option<&str>> {
        Ok(self.chosen(name)?.first().copied())
    }

    /// # Errors
    /// 400 for any other value.
    pub(super) fn one_of(&self, name: &str, values: &[&str]) -> Result<()> {
        match self.value(name) {
            Some(value) if !values.contains(&value) => {
                Err(Error::invalid(format!("Invalid {name}. Use one of {}.", values.join(", "))).into())
            }
            _ => Ok(()),
        }
    }

    /// A number, if the parameter is set.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>> {
        self.value(name).map(|text| parsed(name, text, "a number")).transpose()
    }

    /// Entries per page: 0 and less mean the default (Kratos: oryx/pagination/keysetpagination/paginator.go).
    pub(super) fn size(&self, name: &str, usual: i64, largest: i64) -> Result<i64> {
        let size = self.number(name)?.filter(|size| *size > 0).unwrap_or(usual);
        Ok(size.min(largest))
    }

    /// One link of the header `Link`: this query with these parameters instead of its own, in the order of their names (Kratos:
    /// oryx/pagination/keysetpagination/header.go).
    pub(super) fn link(&self, relation: &str, instead: &[(&str, String)]) -> String {
        let mut pairs: Vec<(&str, &str)> = self
            .pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| !PAGING.contains(name))
            .chain(instead.iter().map(|(name, value)| (*name, value.as_str())))
            .collect();
        pairs.sort_by_key(|(name, _)| *name);
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        format!("<{}?{query}>; rel=\"{relation}\"", self.path)
    }

    /// Links of a list whose pages follow an entry.
    pub(super) fn links(&self, size: i64, first: &str, next: Option<String>) -> String {
        let link = |relation: &str, token: String| {
            self.link(relation, &[("page_size", size.to_string()), ("page_token", token)])
        };
        let mut links = vec![link("first", first.to_owned())];
        links.extend(next.map(|token| link("next", token)));
        links.join(",")
    }
}

/// The parameters that differ between pages.
const PAGING: [&str; 4] = ["page", "per_page", "page_size", "page_token"];

/// # Errors
/// 400 with the name of the parameter.
pub(super) fn parsed<T: FromStr>(name: &str, text: &str, what: &str) -> Result<T> {
    text.parse().map_err(|_| {
        let text: String = text.chars().take(SHOWN).collect();
        Error::invalid(format!("Invalid {name} {text:?}. Send {what}.")).into()
    })
}

fn unknown(name: &str, known: Known) -> Error {
    let name: String = name.chars().take(SHOWN).collect();
    let mut all: Vec<&str> = known.once.iter().chain(known.repeated).copied().collect();
    all.sort_unstable();
    Error::invalid(match all.is_empty() {
        true => format!("Unknown parameter {name:?}. This endpoint has no parameters."),
        false => format!("Unknown parameter {name:?}. This endpoint has {}.", all.join(", ")),
    })
}

pub(super) fn put_links(headers: &mut HeaderMap, links: &str) {
    if let Ok(links) = HeaderValue::from_str(links) {
        headers.insert(header::LINK, links);
    }
}
