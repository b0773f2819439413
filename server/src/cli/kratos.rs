//! Ory Kratos commands that Vestibule doesn't have: each prints one error that names the replacement. Kratos commands that work are in
//! files of their own.

use super::failure::{Failure, Outcome};

/// The arguments of such a command.
#[derive(clap::Args)]
pub(super) struct Words {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    words: Vec<String>,
}

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// `identities import|list|get|delete|patch|validate`, the syntax of Kratos until 0.8.
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

const IMPORT: &str = "create accounts with the admin API: curl -X POST -H 'Content-Type: application/json' -d @account.json http://127.0.0.1:4434/admin/identities";
const LIST: &str = "list accounts with the admin API: curl http://127.0.0.1:4434/admin/identities";
const GET: &str = "get an account from the admin API: curl http://127.0.0.1:4434/admin/identities/ID";
const DELETE: &str =
    "delete an account with the admin API: curl -X DELETE http://127.0.0.1:4434/admin/identities/ID";
const PATCH: &str = "Kratos removed it as well. docs/compatibility.md lists what the admin API supports";
const VALIDATE: &str = "the admin API validates an account against its schema when it creates the account: POST /admin/identities";
const HASHERS: &str = "run `vestibule hash-bench` to measure a password hash, and set the keys `hashers.argon2` or `hashers.bcrypt`";
const STATUS: &str = "request it from the server: curl http://127.0.0.1:4434/health/ready";
const VERSION: &str = "request it from the server: curl http://127.0.0.1:4434/version";
const FORMAT: &str = "use `jsonnetfmt` of the Jsonnet project. `vestibule jsonnet lint FILE` checks a file";
const WHATEVER: &str = "docs/from-kratos.md lists the Kratos commands that Vestibule supports";

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

/// The failure for a Kratos command that Vestibule doesn't have.
pub(super) fn elsewhere(command: &str, instead: &str) -> Failure {
    Failure::Elsewhere(format!("Vestibule doesn't have the Ory Kratos command `{command}`: {instead}."))
}

/// The command with its subcommands only: a file or an ID may be a secret and is left out.
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
