//! The output of commands. If the reader closes the pipe, as `head -1` does, only the output ends: the command still completes and
//! returns its exit code.

use super::failure::{Failure, Outcome};
use std::fmt::Display;
use std::io::{ErrorKind, Write};

/// A line on standard output.
pub(super) fn line(text: impl Display) -> Outcome {
    show(format!("{text}\n"))
}

/// Prints to standard output unchanged. `Err` if the output can't be written although the reader is there, as on a full disk.
pub(super) fn show(text: impl Display) -> Outcome {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.to_string().as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("can't write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// A line on standard error. If that fails, it can't be reported anywhere.
pub(super) fn aside(text: impl Display) {
    let _ = std::io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}
