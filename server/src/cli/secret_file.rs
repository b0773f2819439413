//! Files that only their owner can read, for secrets that must not appear in a log.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Creates the folder for its owner only, unless it exists.
pub(super) fn data_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("the data folder {} can't be created: {error}", folder.display()),
        )
    })
}

/// Replaces the file. The new file never has the mode or owner of the old one, not even briefly.
pub(super) fn write(file: &Path, text: &str) -> io::Result<()> {
    remove(file)?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(text.as_bytes())
}

/// Does nothing if the file doesn't exist.
pub(super) fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
