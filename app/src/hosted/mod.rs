//! The hosted pages, where users sign up and sign in. Each function renders one whole document as a string, without any script, for a
//! plain axum handler. Nothing here reads a request or decides on a redirect.

mod document;
mod error;
mod field;
pub mod form;
mod message;
mod recovery;
mod resend;
mod settings;
mod sign;
mod verification;
mod welcome;

pub use error::{StoredError, error, failed};
pub use message::{closed, cookies_blocked, no_page, not_here, recovery_closed, signed_out};
pub use recovery::{Recovery, Step, recovery};
pub use settings::{Settings, Shown, settings};
pub use sign::{Sign, sign_in, sign_up};
pub use verification::{Verification, verification};
pub use welcome::{Welcome, welcome};

/// What is the same on every page of an installation.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// The service's name. The Vestibule mark is shown only without it.
    pub name: Option<String>,
    /// URL of `hosted.css`.
    pub stylesheet: String,
    /// Where sign-in starts.
    pub sign_in: String,
    /// Where sign-up starts; `None` while it is turned off.
    pub sign_up: Option<String>,
    /// Where recovery starts; `None` while it is turned off.
    pub recovery: Option<String>,
}

/// Why the page shows a new form instead of the requested one.
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
            Restarted::Expired => "Your form expired. Here is a new one.",
            Restarted::Unknown => "Your form is no longer available. Here is a new one.",
            Restarted::OtherBrowser => {
                "The form that you opened belongs to another browser. Here is a new one."
            }
        }
    }
}

#[cfg(test)]
mod tests;
