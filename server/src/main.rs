//! The binary `vestibule`: reads the command line, runs one command, ends with its exit code.
#![deny(clippy::print_stdout, clippy::print_stderr, reason = "`cli::output` prints, and outlives its reader")]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(cli::arguments())
}
