//! The binary `vestibule`: reads the command line, runs one command, ends with its exit code.

mod cli;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(cli::Arguments::parse())
}
