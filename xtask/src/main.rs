//! The project's two commands: `cargo xtask run` and `cargo xtask test`, and `build` which both stand on. Beside them
//! `bench`, which measures, `sabotage`, which tests the tests, and `asvs`, which writes a table into docs/security.md.
//! Needs rustup and package registries, nothing else; see docs/decisions/0007-xtask-builds-the-wasm.md.

mod asvs;
mod bench;
mod browser_part;
mod counts;
mod needs;
mod room;
mod sabotage;
mod steps;
mod tests;
mod workspace;

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;
use steps::Steps;
use workspace::Workspace;

/// What a step returns when it cannot go on: one sentence for the person at the terminal.
type Outcome<T = ()> = Result<T, String>;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, starts and tests Vestibule.", after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  cargo xtask run                              build all, start on 127.0.0.1, print the addresses
  cargo xtask run -- --config kratos.yml       the same with your configuration
  cargo xtask build --release                  one file: target/release/vestibule
  cargo xtask test                             everything CI checks
  cargo xtask test --only engine --only server the parts you are working on
  cargo xtask bench --only whoami --seconds 20 one of the figures of docs/performance.md
  cargo xtask sabotage session-last            whether the tests of this rule notice its loss";

#[derive(Subcommand)]
enum Command {
    /// Builds the browser part and the server, then starts it with the folder `data`.
    Run {
        /// Arguments for `vestibule serve`, after `--`.
        #[arg(last = true)]
        arguments: Vec<OsString>,
    },
    /// Builds the binary with pages, styles, WASM and migrations inside.
    Build {
        /// Optimised: `target/release/vestibule`.
        #[arg(long)]
        release: bool,
    },
    /// Format, lints, unit, store on both databases, API, golden, browser. What it cannot get is a failure.
    Test {
        /// Only these parts; may be repeated.
        #[arg(long, value_enum)]
        only: Vec<tests::Part>,
    },
    /// Measures the release binary on this machine and prints one table. Needs Linux.
    Bench {
        /// Only these; may be repeated.
        #[arg(long, value_enum)]
        only: Vec<bench::Part>,
        /// How long each load lasts.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
        seconds: u64,
        /// Takes `target/release/vestibule` as it is.
        #[arg(long)]
        built: bool,
        /// Sets `vestibule.limits.enabled: false`, to see what the limits cost.
        #[arg(long)]
        without_limits: bool,
    },
    /// Break one rule at a time in a copy of this tree, and expect the tests that protect it to fail
    Sabotage {
        /// Only these rules
        #[arg(value_name = "NAME")]
        only: Vec<String>,
    },
    /// Write the table of OWASP ASVS into docs/security.md
    Asvs,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = Workspace::find().and_then(|workspace| match arguments.command {
        Command::Run { arguments } => run(&workspace, &arguments),
        Command::Build { release } => build(&workspace, release),
        Command::Test { only } => tests::run(&workspace, &only),
        Command::Bench { only, seconds, built, without_limits } => {
            let setup = bench::Setup { built, limits: !without_limits };
            bench::run(&workspace, &only, Duration::from_secs(seconds), setup)
        }
        Command::Sabotage { only } => sabotage::run(&workspace, &only),
        Command::Asvs => asvs::run(&workspace),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("xtask: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn run(workspace: &Workspace, arguments: &[OsString]) -> Outcome {
    let mut steps = Steps::new(4);
    steps.run("Rust target for the browser", || needs::wasm_target(workspace))?;
    steps.run("Browser part (WASM)", || browser_part::build(workspace))?;
    steps.run("Server", || workspace.build_server(false))?;
    steps.announce("Start");
    let mut command = workspace.vestibule("debug");
    command.arg("serve");
    if !arguments.iter().any(|argument| argument.to_string_lossy().starts_with("--data")) {
        command.arg("--data").arg(workspace.root.join("data"));
    }
    workspace::become_process(command.args(arguments))
}

fn build(workspace: &Workspace, release: bool) -> Outcome {
    let mut steps = Steps::new(3);
    steps.run("Rust target for the browser", || needs::wasm_target(workspace))?;
    steps.run("Browser part (WASM)", || browser_part::build(workspace))?;
    steps.run("Server", || workspace.build_server(release))?;
    let file = workspace.binary(if release { "release" } else { "debug" });
    let bytes = std::fs::metadata(&file).map_err(|error| format!("{}: {error}", file.display()))?.len();
    println!("{} ({:.1} MB, everything inside)", file.display(), bytes as f64 / 1e6);
    Ok(())
}
