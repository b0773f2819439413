//! What became of each step of a plan, for whoever watches. Only a rehearsal does: elsewhere nothing is written down.

use crate::plan::Step;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One step that ran.
#[derive(Clone, Debug)]
pub struct Ran {
    pub step: Step,
    /// In words, such as `agreed` or `refused`.
    pub became: String,
    pub took: Duration,
}

/// A cheap handle; all copies write the same list.
#[derive(Clone, Default)]
pub struct Trace(Arc<Mutex<Vec<Ran>>>);

impl Trace {
    /// In the order in which they ended.
    pub fn ran(&self) -> Vec<Ran> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn push(&self, ran: Ran) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(ran);
    }
}

/// A step that is running; it is written down when it is told what became of it.
pub struct Running<'a> {
    watched: Option<(&'a Trace, Instant)>,
}

impl<'a> Running<'a> {
    /// The clock is looked at only where somebody watches.
    pub fn begin(trace: Option<&'a Trace>) -> Self {
        Self { watched: trace.map(|trace| (trace, Instant::now())) }
    }

    /// What became of `step`, which ran since [`Running::begin`].
    pub fn became(self, step: &Step, became: impl FnOnce() -> String) {
        if let Some((trace, since)) = self.watched {
            trace.push(Ran { step: step.clone(), became: became(), took: since.elapsed() });
        }
    }
}
