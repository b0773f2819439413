//! The engine's only error type: a public part that clients may see, and a private cause for the log.
//!
//! "The form is returned with messages" is not an error, see [`crate::flow::Submitted::Again`].

use serde_json::{Map, Value};
use std::fmt;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, without a word about HTTP; `server::error` maps it to a status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// 400
    Invalid,
    /// 401
    Unauthenticated,
    /// 403
    Forbidden,
    /// 404
    NotFound,
    /// 409
    Conflict,
    /// 410
    Expired,
    /// 413
    TooLarge,
    /// 422
    BrowserRequired,
    /// 429
    RateLimited,
    /// 500
    Internal,
    /// 502
    Upstream,
    /// 503
    Busy,
    /// 504
    UpstreamTimeout,
}

/// `Display` prints the public part only.
#[derive(Debug)]
pub struct Error {
    pub kind: Kind,
    /// Kratos' error id, such as `session_inactive` (Kratos: text/message_error.go).
    pub id: Option<&'static str>,
    /// What a person can do about it; our own words.
    pub reason: String,
    /// Members of `error.details`.
    pub details: Map<String, Value>,
    /// Members beside `error` in the envelope, such as `use_flow_id`.
    pub beside: Map<String, Value>,
    /// Seconds after which another try makes sense (`Retry-After`).
    pub retry_after: Option<u32>,
    /// Where a page is shown instead of the error, for a browser that asked for HTML.
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub fn new(kind: Kind, reason: impl Into<String>) -> Self {
        Self {
            kind,
            id: None,
            reason: reason.into(),
            details: Map::new(),
            beside: Map::new(),
            retry_after: None,
            cause: None,
        }
    }

    pub fn invalid(reason: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, reason)
    }

    pub fn not_found(reason: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, reason)
    }

    /// A fault of ours; the cause goes to the log, the client learns nothing of it.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut error = Self::new(Kind::Internal, "Something went wrong on our side. Try again in a moment.");
        error.cause = Some(cause.into());
        error
    }

    #[must_use]
    pub fn with_id(mut self, id: &'static str) -> Self {
        self.id = Some(id);
        self
    }

    #[must_use]
    pub fn detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    #[must_use]
    pub fn beside(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.beside.insert(key.to_owned(), value.into());
        self
    }

    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// For the log, at the boundary, once.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Error {}
