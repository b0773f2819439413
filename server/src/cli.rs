//! The command line: what can be said, and which exit code means what. Each command has its file beside this one.

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
  0  done
  1  something failed; standard error says what
  2  the command line cannot be understood, or it is one of Ory Kratos' that has another place here
  3  the configuration has problems; all of them are listed
  4  the database cannot be used: not reached, migrations missing, or made by a newer version
  5  config check --lint found something dangerous
  6  config import --strict moved something, or met keys that nobody knows
  7  config check --lint found something that cannot do what it says
  8  config check --lint --fail-on warning found something to decide on purpose
  9  config check --lint --fail-on info found something to know";

const EXAMPLES: &str = "Examples:
  vestibule serve                                     start with the built-in starter configuration and ./data
  vestibule serve --config kratos.yml --data /var/lib/vestibule
  vestibule config check --config kratos.yml          every problem with file, key and what to write instead
  vestibule operator create --email ann@example.org --name Ann";

#[derive(Parser)]
#[command(
    name = "vestibule",
    version,
    about = "An identity server in one file: sign-up, sign-in, sessions, and a console to set them up.",
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
    "Command lines of Ory Kratos work as they are, such as these. For what has another place here, one
sentence names it.
  vestibule serve -c FILE --dev --watch-courier
  vestibule migrate sql -e --yes";

fn concat_help() -> String {
    format!("{EXAMPLES}\n\n{KRATOS}\n\n{EXIT_CODES}")
}

#[derive(Args)]
pub(crate) struct Global {
    /// A configuration file in Kratos' format (YAML, JSON or TOML). May be repeated, or several with commas between them; later ones
    /// win. Without any, the built-in starter file applies.
    #[arg(long, short, global = true, value_name = "FILE", value_delimiter = ',')]
    config: Vec<PathBuf>,
    /// The folder for the database, generated secrets and the set-up link.
    #[arg(long, global = true, value_name = "DIR", default_value = "data")]
    data: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Starts the three listeners: public, admin API, console.
    #[command(
        after_help = "On SQLite missing migrations are applied; on PostgreSQL run `vestibule migrate` first.
SIGTERM and SIGINT let running requests finish and end the process within 5 seconds.

Examples:
  vestibule serve
  SERVE_PUBLIC_BASE_URL=https://id.example.org/ vestibule serve --config kratos.yml"
    )]
    Serve(serve::Serve),
    /// Brings the database to this version's schema.
    #[command(
        after_help = "Example:\n  DSN=postgres://vestibule@db/vestibule vestibule migrate --config kratos.yml"
    )]
    Migrate(migrate::Migrate),
    /// Deletes what is over: a running server does it by itself.
    Cleanup(cleanup::Cleanup),
    /// Sends queued emails in a process of its own: a running server does it by itself.
    #[command(subcommand)]
    Courier(courier::Command),
    /// The people who may use the console.
    #[command(subcommand)]
    Operator(operator::Command),
    /// Show and clear the limits that users and clients have reached.
    #[command(subcommand)]
    Limits(limits::Command),
    /// Read and change settings, and the revisions that they were saved in
    #[command(subcommand)]
    Settings(settings::Command),
    /// The configuration that results from defaults, files, console and environment.
    #[command(subcommand)]
    Config(config::Command),
    /// The secrets that a database is used with.
    #[command(subcommand)]
    Secrets(secrets::Command),
    /// Says what will run for a sign-up or a sign-in, in order, and what the answer will look like.
    #[command(after_help = "Examples:
  vestibule plan registration --client native --config kratos.yml
  vestibule plan login --json")]
    Plan(plan::Command),
    /// Measures what one password hash costs on this machine, with the configured parameters.
    #[command(after_help = "Example:\n  HASHERS_ARGON2_MEMORY=64MB vestibule hash-bench --count 20")]
    HashBench(hash_bench::HashBench),
    /// Reads templates of webhooks and providers.
    #[command(subcommand)]
    Jsonnet(jsonnet::Command),
    #[command(subcommand, hide = true)]
    Lint(jsonnet::Command),
    /// Prints a script that completes this command line in a shell.
    #[command(after_help = "Example:\n  vestibule completion bash > /etc/bash_completion.d/vestibule")]
    Completion { shell: clap_complete::Shell },
    /// Prints the version.
    Version,
    #[command(flatten)]
    Kratos(kratos::Command),
    /// Evaluates one Jsonnet template from standard input: what the server starts to do so within limits.
    #[command(name = engine::effects::templates::COMMAND, hide = true)]
    EvaluateTemplate,
}

/// Reads this process' command line. Ends it where that cannot be understood.
pub(crate) fn arguments() -> Arguments {
    Arguments::parse_from(with_files_first(std::env::args_os().collect()))
}

/// Files may be named before and after a command, as Kratos takes them, and all of them count. clap keeps those after it alone.
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

/// Runs the command and says what went wrong, if anything.
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
        Command::EvaluateTemplate => engine::effects::templates::evaluate_task().map_err(Into::into),
        Command::Version => output::line(format!("vestibule {}", version())),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Such as `0.1.0 (1a2b3c4d5e6f)`; only builds by `cargo xtask build --release` know their commit.
fn version() -> String {
    let number = env!("CARGO_PKG_VERSION");
    option_env!("VESTIBULE_COMMIT").map_or(number.to_owned(), |commit| format!("{number} ({commit})"))
}

fn asynchronous(work: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(work);
    // Whatever still runs on a thread of its own, such as a hash, does not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(500));
    outcome
}

/// The one place that reads the process' environment. What is not UTF-8 cannot be a value of ours.
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
