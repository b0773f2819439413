//! What is wrong with a value, and addresses, which more than one kind of value holds.

use url::Url;

/// What is wrong with a value, and what to write instead.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Wrong {
    /// Place inside the value, such as `[2]`
    pub(super) at: String,
    pub(super) what: String,
    pub(super) instead: String,
}

impl Wrong {
    pub(super) fn new(what: impl Into<String>, instead: impl Into<String>) -> Self {
        Self { at: String::new(), what: what.into(), instead: instead.into() }
    }

    pub(super) fn at(mut self, index: usize) -> Self {
        self.at = format!("[{index}]{}", self.at);
        self
    }
}

/// An absolute http(s) address with a host.
pub(crate) fn web_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}
