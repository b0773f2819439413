//! What a configuration is made of, and what is wrong with it.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Where values of the built-in starter file come from.
pub(super) const STARTER: &str = "built-in default configuration";

/// What a configuration is made of. Keep it: a console revision is mapped onto it anew each time.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Later wins. Empty: the built-in starter file.
    pub files: Vec<PathBuf>,
    /// Given as values instead of files (tests, the golden replayer); applied after `files`. When non-empty, no starter file.
    pub documents: Vec<Value>,
    /// The process' environment, read by the caller.
    pub environment: BTreeMap<String, String>,
    /// For generated secrets and the default SQLite file. Empty: generated secrets are not kept.
    pub data: PathBuf,
    /// Nothing is made in `data`: secrets that are not kept there yet live as long as the process.
    pub looks_only: bool,
    /// Identity schemas by http(s), or why they cannot be had; see [`super::load::fetch`].
    pub fetched: Fetched,
}

/// Texts by address.
pub type Fetched = BTreeMap<String, Result<String, String>>;

/// A note that does not stop the start: an unknown key, a known key whose feature is not there yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    pub file: String,
    pub path: String,
    pub text: String,
    /// The key needs no effect: Vestibule always behaves as it says.
    pub needless: bool,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}", self.text)
    }
}

/// A problem that does: wrong type, impossible combination.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub file: String,
    /// Such as `selfservice.flows.login.lifespan`; empty when it is about the file as a whole.
    pub path: String,
    pub what: String,
    /// What to write instead.
    pub instead: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}. Write instead: {}.", self.what, self.instead)
    }
}

#[derive(Debug)]
pub struct Problems(pub Vec<Problem>);

/// One problem a line.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
