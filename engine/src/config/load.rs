//! Files and environment → one document → [`Config`], every problem at once.

use super::Config;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What a configuration is made of. Keep it: a console revision is mapped onto it anew each time.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Later wins. Empty: the built-in starter file.
    pub files: Vec<PathBuf>,
    /// Given as values instead of files (tests, the golden replayer); applied after `files`. When non-empty, no starter file.
    pub documents: Vec<Value>,
    /// The process' environment, read by whoever starts it.
    pub environment: BTreeMap<String, String>,
    /// For generated secrets and the default SQLite file.
    pub data: PathBuf,
}

/// A note that does not stop the start: an unknown key, a known key whose feature is not there yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    pub file: String,
    pub path: String,
    pub text: String,
}

/// A problem that does: wrong type, impossible combination.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub file: String,
    /// Such as `selfservice.flows.login.lifespan`
    pub path: String,
    pub what: String,
    /// What to write instead.
    pub instead: String,
}

#[derive(Debug)]
pub struct Problems(pub Vec<Problem>);

pub struct Loaded {
    pub config: Config,
    pub notes: Vec<Note>,
}

/// Reads, merges, applies `revision` (number and named settings of the console) and checks.
/// Layers: defaults < files < console revision < environment.
pub fn load(sources: &Sources, revision: Option<(i64, &crate::settings::Named)>) -> Result<Loaded, Problems> {
    let _ = (sources, revision);
    todo!()
}

/// The merged document as a file that stock Kratos accepts; secrets as `••••` unless `with_secrets`.
pub fn print(config: &Config, with_secrets: bool) -> String {
    let _ = (config, with_secrets);
    todo!()
}
