//! Whether other users of this machine can read a file: depends on its mode and the modes of its folders.

use std::path::{Path, PathBuf};

/// Of the data folder and what lies in it, what others can read: password hashes, sessions and secrets are there.
pub(super) fn of_data(data: &Path) -> Vec<PathBuf> {
    if data.as_os_str().is_empty() || !data.is_dir() {
        return Vec::new();
    }
    let files = ["secrets.json", "vestibule.sqlite", "vestibule.sqlite-wal"].map(|name| data.join(name));
    std::iter::once(data.to_owned()).chain(files).filter(|path| is_exposed(path)).collect()
}

/// A folder counts when others can list it or go through it. What is not there is not exposed.
#[cfg(unix)]
pub(super) fn is_exposed(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    const READ: u32 = 0o004;
    const PASS: u32 = 0o001;
    let mode = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
    // The file itself, not a link to it: what matters is where it lies.
    let Ok(path) = path.canonicalize() else { return false };
    let own = if path.is_dir() { READ | PASS } else { READ };
    mode(&path) & own != 0 && path.ancestors().skip(1).all(|folder| mode(folder) & PASS != 0)
}

#[cfg(not(unix))]
pub(super) fn is_exposed(_: &Path) -> bool {
    false
}
