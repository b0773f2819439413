//! Commands of Ory Kratos that are something else here: each is answered with one sentence that names what takes its place. Those that
//! mean something here have files of their own.

use super::failure::{Failure, Outcome};

/// Whatever follows such a command.
#[derive(clap::Args)]
pub(super) struct Words {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    words: Vec<String>,
}

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// `identities import|list|get|delete|patch|validate`, as Kratos spelled it until 0.8.
    #[command(hide = true)]
    Identities(Words),
    #[command(hide = true)]
    Import(Words),
    #[command(hide = true)]
    List(Words),
    #[command(hide = true)]
    Get(Words),
    #[command(hide = true)]
    Delete(Words),
    #[command(hide = true)]
    Validate(Words),
    #[command(hide = true)]
    Hashers(Words),
    #[command(hide = true)]
    Remote(Words),
    #[command(hide = true)]
    Format(Words),
}

const IMPORT: &str = "the admin API makes accounts: curl -X POST -H 'Content-Type: application/json' -d @account.json http://127.0.0.1:4434/admin/identities";
const LIST: &str = "the admin API lists accounts: curl http://127.0.0.1:4434/admin/identities";
const GET: &str = "the admin API shows an account: curl http://127.0.0.1:4434/admin/identities/ID";
const DELETE: &str =
    "the admin API deletes an account: curl -X DELETE http://127.0.0.1:4434/admin/identities/ID";
const PATCH: &str =
    "Kratos has dropped it, too. What the admin API does with accounts is listed in docs/compatibility.md";
const VALIDATE: &str =
    "an account is checked against its schema when the admin API makes it: POST /admin/identities";
const HASHERS: &str = "`vestibule hash-bench` measures what a password hash costs on this machine; its parameters are the keys `hashers.argon2` and `hashers.bcrypt`";
const STATUS: &str = "ask the server itself: curl http://127.0.0.1:4434/health/ready";
const VERSION: &str = "ask the server itself: curl http://127.0.0.1:4434/version";
const FORMAT: &str = "Vestibule formats no Jsonnet; `jsonnetfmt` of the Jsonnet project does. `vestibule jsonnet lint FILE` reads it";
const WHATEVER: &str = "docs/from-kratos.md lists which commands of Kratos mean something here";

impl Command {
    pub(super) fn run(self) -> Outcome {
        let (name, Words { words }) = match self {
            Self::Identities(words) => ("identities", words),
            Self::Import(words) => ("import", words),
            Self::List(words) => ("list", words),
            Self::Get(words) => ("get", words),
            Self::Delete(words) => ("delete", words),
            Self::Validate(words) => ("validate", words),
            Self::Hashers(words) => ("hashers", words),
            Self::Remote(words) => ("remote", words),
            Self::Format(words) => ("format", words),
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Err(elsewhere(&spelled(name, &words), instead(name, &words)))
    }
}

/// A command that Kratos has and Vestibule has not.
pub(super) fn elsewhere(command: &str, instead: &str) -> Failure {
    Failure::Elsewhere(format!(
        "`{command}` is a command of Ory Kratos, and Vestibule has none of that name: {instead}."
    ))
}

/// The command with the words that belong to its name: a file or an id is none, and may be a secret.
fn spelled(name: &str, words: &[&str]) -> String {
    const OF_NAMES: [&str; 16] = [
        "identities",
        "identity",
        "import",
        "list",
        "get",
        "delete",
        "patch",
        "validate",
        "argon2",
        "calibrate",
        "load-test",
        "hash",
        "status",
        "version",
        "jsonnet",
        "format",
    ];
    let words = words.iter().take_while(|word| OF_NAMES.contains(word));
    std::iter::once(name).chain(words.copied()).collect::<Vec<_>>().join(" ")
}

fn instead(name: &str, words: &[&str]) -> &'static str {
    // `identities list` is `list identities`.
    let verb = match (name, words.first()) {
        ("identities", Some(verb)) => verb,
        _ => name,
    };
    match (verb, words.first()) {
        ("import", _) => IMPORT,
        ("list", _) => LIST,
        ("get", _) => GET,
        ("delete", _) => DELETE,
        ("patch", _) => PATCH,
        ("validate", _) => VALIDATE,
        ("hashers", _) => HASHERS,
        ("remote", Some(&"status")) => STATUS,
        ("remote", Some(&"version")) => VERSION,
        ("format", _) => FORMAT,
        _ => WHATEVER,
    }
}
