//! The hosted pages: what people see who sign up and sign in. Each function makes one whole document as a string,
//! without any script, for a plain axum handler. Nothing here reads a request or decides where somebody is led.

mod document;
mod error;
mod field;
pub mod form;
mod message;
mod sign;
mod verification;
mod welcome;

pub use error::{StoredError, error, failed};
pub use message::{closed, cookies_blocked, not_here, signed_out};
pub use sign::{Sign, sign_in, sign_up};
pub use verification::{Verification, verification};
pub use welcome::{Welcome, welcome};

/// What is the same on every page of one installation.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// The customer's name. Without it, and only then, our own mark stands at the top.
    pub name: Option<String>,
    /// URL of `hosted.css`.
    pub stylesheet: String,
    /// Where signing in starts.
    pub sign_in: String,
    /// Where signing up starts; `None` while registration is switched off.
    pub sign_up: Option<String>,
}

/// Why somebody sees a fresh form who came with the address of another one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Restarted {
    Expired,
    Unknown,
    OtherBrowser,
}

impl Restarted {
    /// As carried in the query of the request that starts the new flow.
    pub fn name(self) -> &'static str {
        match self {
            Restarted::Expired => "expired",
            Restarted::Unknown => "unknown",
            Restarted::OtherBrowser => "other_browser",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Restarted::Expired, Restarted::Unknown, Restarted::OtherBrowser]
            .into_iter()
            .find(|why| why.name() == name)
    }

    fn sentence(self) -> &'static str {
        match self {
            Restarted::Expired => "The form you had open ran out of time. Here is a new one.",
            Restarted::Unknown => "The form you had open is no longer there. Here is a new one.",
            Restarted::OtherBrowser => "The form you opened belongs to another browser. Here is a new one.",
        }
    }
}

#[cfg(test)]
mod tests;
