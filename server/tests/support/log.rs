//! What the server logs during one test, as an operator reads it.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, Once, PoisonError};
use tracing_subscriber::EnvFilter;

/// Listens until it is dropped. It hears what runs on the test's own thread, as all of a server does whose runtime has no other:
/// other tests of the program are on threads of their own.
pub(crate) struct Log {
    written: Arc<Mutex<Vec<u8>>>,
    before: Option<Arc<Mutex<Vec<u8>>>>,
}

thread_local! {
    static LISTENING: RefCell<Option<Arc<Mutex<Vec<u8>>>>> = const { RefCell::new(None) };
}

/// Writes to the log that listens on this thread. Without one, the line is dropped.
struct OfThisThread;

impl io::Write for OfThisThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LISTENING.with_borrow(|log| {
            if let Some(log) = log {
                log.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One subscriber for the whole program, with the filter that `vestibule serve` has when nothing is configured. `tracing` caches for
/// each line of code whether any subscriber wants it, and may ask only the subscriber of the thread that reaches the line first. A
/// subscriber for one thread would miss every line that a test without a log reaches first. Called before the first server starts.
pub(crate) fn begin() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new("warn,engine=info,server=info,app=info"))
            .with_ansi(false)
            .with_writer(|| OfThisThread)
            .finish();
        tracing::subscriber::set_global_default(subscriber).expect("there is no other subscriber");
        // Lines that were reached meanwhile have asked no subscriber at all.
        tracing::callsite::rebuild_interest_cache();
    });
}

impl Log {
    pub(crate) fn listen() -> Self {
        begin();
        let written = Arc::default();
        let before = LISTENING.replace(Some(Arc::clone(&written)));
        Self { written, before }
    }

    /// What was written since the last look.
    pub(crate) fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.written.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8(bytes).expect("the log is text")
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        LISTENING.set(self.before.take());
    }
}

#[test]
fn a_line_that_another_thread_reached_first_is_heard() {
    let say = || tracing::warn!("of two threads");
    let log = Log::listen();
    std::thread::spawn(say).join().expect("it is said");
    assert_eq!(log.take(), "", "of another thread");
    say();
    assert!(log.take().contains("of two threads"));
}
