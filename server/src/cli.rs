//! The command line: commands, global options and exit codes. Each command has its own file in the folder `cli`.

mod assemble;
mod chores;
mod cleanup;
mod config;
mod courier;
mod export;
mod failure;
mod hash_bench;
mod hooks;
mod import;
mod jsonnet;
mod kratos;
mod limits;
mod lint;
mod migrate;
mod operator;
mod output;
mod plan;
mod secret_file;
mod secrets;
mod serve;
mod settings;

use clap::{Args, CommandFactory, Parser, Subcommand};
use failure::Outcome;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

const EXIT_CODES: &str = "Exit codes:
  0  success
  1  failure; standard error shows the reason
  2  invalid arguments, or an Ory Kratos command that Vestibule replaces with another
  3  invalid configuration; all problems are listed
  4  unusable database: unreachable, migrations pending, created by a newer version, or used with other secrets
  5  config check --lint found a danger
  6  config import --strict moved keys or found unknown keys
  7  config check --lint found an error: settings that can't work as configured
  8  config check --lint --fail-on warning found a warning
  9  config check --lint --fail-on info found an info";

const EXAMPLES: &str = "Examples:
  vestibule serve                                     start with the built-in default configuration and ./data
  vestibule serve --config kratos.yml --data /var/lib/vestibule
  vestibule config check --config kratos.yml          list all problems with file, key and correction
  vestibule operator create --email ann@example.org --name Ann";

#[derive(Parser)]
#[command(
    name = "vestibule",
    version,
    about = "Identity server in a single binary: sign-up, sign-in, sessions and an admin console.",
    after_help = concat_help(),
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const KRATOS: &str =
    "Ory Kratos command lines such as these work unchanged. For Kratos commands that Vestibule doesn't have,
the error message names the replacement.
  vestibule serve -c FILE --dev --watch-courier
  vestibule migrate sql -e --yes";

fn concat_help() -> String {
    format!("{EXAMPLES}\n\n{KRATOS}\n\n{EXIT_CODES}")
}

#[derive(Args)]
pub(crate) struct Global {
    /// Configuration file in Kratos' format (YAML, JSON or TOML). Repeat the option or separate files with commas. Later files override
    /// earlier ones. Without this option, the built-in default configuration applies.
    #[arg(long, short, global = true, value_name = "FILE", value_delimiter = ',')]
    config: Vec<PathBuf>,
    /// Folder for the database, generated secrets and the setup link.
    #[arg(long, global = true, value_name = "DIR", default_value = "data")]
    data: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Start the server (public API and pages, admin API, console)
    #[command(
        after_help = "On SQLite, pending migrations are applied automatically. On PostgreSQL, run `vestibule migrate` first.
On SIGTERM or SIGINT, running requests finish and the process ends within 5 seconds.

Examples:
  vestibule serve
  SERVE_PUBLIC_BASE_URL=https://id.example.org/ vestibule serve --config kratos.yml"
    )]
    Serve(serve::Serve),
    /// Apply pending database migrations
    #[command(
        after_help = "Example:\n  DSN=postgres://vestibule@db/vestibule vestibule migrate --config kratos.yml"
    )]
    Migrate(migrate::Migrate),
    /// Delete expired data. A running server does this automatically.
    Cleanup(cleanup::Cleanup),
    /// Send queued emails from a separate process. A running server sends them automatically.
    #[command(subcommand)]
    Courier(courier::Command),
    /// Manage console operators
    #[command(subcommand)]
    Operator(operator::Command),
    /// Show and clear the limits that users and clients have reached.
    #[command(subcommand)]
    Limits(limits::Command),
    /// Read and change settings, and list and restore revisions
    #[command(subcommand)]
    Settings(settings::Command),
    /// Check, print, import and export the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Manage the secrets that a database is used with
    #[command(subcommand)]
    Secrets(secrets::Command),
    /// Show the steps and the response of a sign-up or sign-in
    #[command(after_help = "Examples:
  vestibule plan registration --client native --config kratos.yml
  vestibule plan login --json")]
    Plan(plan::Command),
    /// Measure how long a password hash takes on this machine with the configured parameters
    #[command(after_help = "Example:\n  HASHERS_ARGON2_MEMORY=64MB vestibule hash-bench --count 20")]
    HashBench(hash_bench::HashBench),
    /// Check Jsonnet templates of webhooks and providers
    #[command(subcommand)]
    Jsonnet(jsonnet::Command),
    #[command(subcommand, hide = true)]
    Lint(jsonnet::Command),
    /// Print a shell completion script
    #[command(after_help = "Example:\n  vestibule completion bash > /etc/bash_completion.d/vestibule")]
    Completion { shell: clap_complete::Shell },
    /// Print the version
    Version,
    #[command(flatten)]
    Kratos(kratos::Command),
    /// Evaluate one Jsonnet template from standard input. The server starts this process to enforce limits.
    #[command(name = engine::effects::evaluators::COMMAND, hide = true)]
    EvaluateTemplate,
}

/// Parses the command line. Ends the process if it is invalid.
pub(crate) fn arguments() -> Arguments {
    Arguments::parse_from(with_files_first(std::env::args_os().collect()))
}

/// Files may be given before and after a command, as in Kratos, and all of them apply. clap alone would keep only those after it.
fn with_files_first(line: Vec<OsString>) -> Vec<OsString> {
    let (mut files, mut rest) = (Vec::new(), Vec::new());
    let mut line = line.into_iter().peekable();
    let program = line.next();
    while let Some(argument) = line.next() {
        let text = argument.to_str().unwrap_or_default();
        if text == "--" {
            rest.push(argument);
            rest.extend(line);
            break;
        }
        let alone = text == "-c" || text == "--config";
        if alone && line.peek().is_some() {
            files.push(argument);
            files.extend(line.next());
        } else if !alone && (text.starts_with("-c") || text.starts_with("--config=")) {
            files.push(argument);
        } else {
            rest.push(argument);
        }
    }
    program.into_iter().chain(files).chain(rest).collect()
}

fn completion(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "vestibule", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Runs the command and reports a failure.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let Arguments { global, command } = arguments;
    let outcome = match command {
        Command::Serve(serve) => asynchronous(serve.run(&global)),
        Command::Migrate(migrate) => asynchronous(migrate.run(&global)),
        Command::Cleanup(cleanup) => asynchronous(cleanup.run(&global)),
        Command::Courier(command) => asynchronous(courier::watch(&global, command)),
        Command::Operator(command) => asynchronous(operator::run(&global, command)),
        Command::Limits(command) => asynchronous(limits::run(&global, command)),
        Command::Settings(command) => asynchronous(settings::run(&global, command)),
        Command::Config(command) => asynchronous(config::run(&global, command)),
        Command::Secrets(command) => asynchronous(secrets::run(&global, command)),
        Command::Plan(command) => asynchronous(command.run(&global)),
        Command::HashBench(bench) => asynchronous(bench.run(&global)),
        Command::Jsonnet(command) | Command::Lint(command) => jsonnet::run(command),
        Command::Completion { shell } => output::show(completion(shell)),
        Command::Kratos(command) => command.run(),
        Command::EvaluateTemplate => engine::effects::evaluators::evaluate_tasks().map_err(Into::into),
        Command::Version => output::line(format!("vestibule {}", version())),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// For example `0.1.0 (1a2b3c4d5e6f)`. Only builds by `cargo xtask build --release` know their commit.
fn version() -> String {
    let number = env!("CARGO_PKG_VERSION");
    option_env!("VESTIBULE_COMMIT").map_or(number.to_owned(), |commit| format!("{number} ({commit})"))
}

fn asynchronous(work: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(work);
    // Work on other threads, such as a hash, must not delay the end.
    runtime.shutdown_timeout(Duration::from_millis(500));
    outcome
}

/// The only place that reads the process' environment. Variables that are not UTF-8 can't be configuration values.
fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Arguments, with_files_first};
    use clap::CommandFactory;

    #[test]
    fn files_count_wherever_they_are_named() {
        for (line, read) in [
            ("v serve", "v serve"),
            ("v -c a serve", "v -c a serve"),
            ("v serve -c a", "v -c a serve"),
            ("v -c a serve --config b --dev", "v -c a --config b serve --dev"),
            ("v serve --config=a -cb", "v --config=a -cb serve"),
            ("v serve -c", "v serve -c"),
            ("v plan -- -c a", "v plan -- -c a"),
            ("v settings list --data d", "v settings list --data d"),
        ] {
            let line = line.split(' ').map(Into::into).collect();
            assert_eq!(with_files_first(line).join(std::ffi::OsStr::new(" ")), *read, "{read}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn no_argument_of_any_command_takes_a_secret() {
        fn walk(command: &clap::Command) {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                let takes = argument.get_action().takes_values();
                assert!(!(takes && name.contains("password")), "{} --{name}", command.get_name());
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Arguments::command());
    }
}
