//! What commands print, in one place: a reader that goes away, as `head -1` does, ends the output and nothing else. The command
//! still does what it was asked to do, and its exit code still says what came of it.

use super::failure::{Failure, Outcome};
use std::fmt::Display;
use std::io::{ErrorKind, Write};

/// A line on standard output.
pub(super) fn line(text: impl Display) -> Outcome {
    show(format!("{text}\n"))
}

/// On standard output as it stands. `Err` when it cannot be written though somebody waits for it, as on a full disk.
pub(super) fn show(text: impl Display) -> Outcome {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.to_string().as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// A line on standard error. When that one is gone, nobody is left to be told.
pub(super) fn aside(text: impl Display) {
    let _ = std::io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}
