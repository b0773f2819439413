//! What the server logs during one test, as whoever runs it reads it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::EnvFilter;

/// Listens until it is dropped. It hears what runs on the test's own thread, as all of a server does whose runtime has no other:
/// other tests of the program are on threads of their own.
pub(crate) struct Log {
    written: Written,
    _listening: DefaultGuard,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// As `vestibule serve` writes it when nobody configured anything.
    pub(crate) fn listen() -> Self {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new("warn,engine=info,server=info,app=info"))
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        Self { written, _listening: tracing::subscriber::set_default(subscriber) }
    }

    /// What was written since the last look.
    pub(crate) fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.written.0.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8(bytes).expect("the log is text")
    }
}
