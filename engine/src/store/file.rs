//! The file of a SQLite database, and whether it is still the open one. An open file remains after its deletion, and so would all
//! data written to it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) struct DatabaseFile {
    path: PathBuf,
    opened: Option<Identity>,
    gone: AtomicBool,
}

/// What tells a file from another that came into its place.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    number: u64,
}

impl DatabaseFile {
    /// The file is open already.
    pub(super) fn new(path: PathBuf) -> Self {
        let opened = identity(&path);
        Self { path, opened, gone: AtomicBool::new(false) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The result of the last [`DatabaseFile::look`], without a new check: every write calls this.
    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// Asks the file system whether the open file still has its name.
    pub(super) async fn look(&self) {
        let path = self.path.clone();
        let now = tokio::task::spawn_blocking(move || identity(&path)).await.unwrap_or(None);
        let gone = now.is_none() || now != self.opened;
        if gone && !self.gone.swap(gone, Ordering::Relaxed) {
            tracing::error!(file = %self.path.display(), "the database file is missing or was replaced; nothing is written until the server is restarted with the right one");
        }
        self.gone.store(gone, Ordering::Relaxed);
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).ok()?;
    Some(Identity { device: metadata.dev(), number: metadata.ino() })
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<Identity> {
    path.exists().then_some(Identity { device: 0, number: 0 })
}
