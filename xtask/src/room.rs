//! Whether the disk has room for what is about to be built. Said before the first step: a disk that fills up in the twentieth
//! minute fails in words that name anything but the disk.

use crate::Outcome;
use crate::workspace::{Workspace, output};
use std::path::Path;
use std::process::Command;

const GB: u64 = 1_000_000_000;

/// What `cargo xtask test` leaves from nothing, with a margin; measured figures are in CONTRIBUTING.md.
const WHOLE: u64 = 10 * GB;
/// The same without debug information and incremental data, as `.ci/run` builds.
const WHOLE_LEAN: u64 = 6 * GB;
/// What a run writes where everything is built already.
const LEAST: u64 = GB;

/// # Errors
/// One sentence with what is needed, what is there, and what helps.
pub(crate) fn for_tests(workspace: &Workspace) -> Outcome {
    let lean = std::env::var_os("CARGO_INCREMENTAL").is_some_and(|value| value == "0");
    let whole = if lean { WHOLE_LEAN } else { WHOLE };
    // What is there need not be written again.
    let needed = whole.saturating_sub(size(&workspace.build)).max(LEAST);
    let folder = workspace.build.ancestors().find(|folder| folder.is_dir()).unwrap_or(&workspace.root);
    // Where nobody knows `df`, nothing is said, and nothing is stopped.
    let Ok(said) = output(Command::new("df").arg("-Pk").arg(folder)) else { return Ok(()) };
    match free(&said) {
        Some(free) if free < needed => Err(format!(
            "{} has {:.1} GB left, and the tests need about {:.1} GB there. Make room, or name a folder on another disk in \
             CARGO_TARGET_DIR.",
            folder.display(),
            free as f64 / GB as f64,
            needed as f64 / GB as f64
        )),
        _ => Ok(()),
    }
}

/// Bytes that may still be written, from what POSIX' `df -Pk` prints.
fn free(said: &str) -> Option<u64> {
    let line = said.lines().nth(1)?;
    // The name of the file system may hold blanks: the columns behind it are counted from the percentage.
    let columns: Vec<&str> = line.split_whitespace().collect();
    let percentage = columns.iter().rposition(|column| column.ends_with('%'))?;
    let kilobytes: u64 = columns.get(percentage.checked_sub(1)?)?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// What the files in `folder` hold together; what cannot be read counts nothing.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(data) if data.is_dir() => size(&entry.path()),
            Ok(data) => data.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::{free, size};

    #[test]
    fn what_is_free_is_read_whatever_the_disk_is_called() {
        let head = "Filesystem     1024-blocks     Used Available Capacity Mounted on\n";
        assert_eq!(
            free(&format!("{head}/dev/vda 263174212 15728640 80740352 17% /\n")),
            Some(80_740_352 * 1024)
        );
        assert_eq!(free(&format!("{head}map auto home 10 10 0 100% /my disk 5\n")), Some(0));
        assert_eq!(free("df: nothing\n"), None);
    }

    #[test]
    fn files_count_however_deep_they_lie() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(deep.join("x"), [0; 300]).unwrap();
        std::fs::write(folder.path().join("y"), [0; 40]).unwrap();
        assert_eq!(size(folder.path()), 340);
        assert_eq!(size(&folder.path().join("not there")), 0);
    }
}
