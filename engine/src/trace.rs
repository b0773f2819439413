//! The results of a plan's steps, for an observer. Only a test run records them.

use crate::config::Hook;
use crate::plan::Step;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One step that ran.
#[derive(Clone, Debug)]
pub struct Ran {
    pub step: Step,
    /// In a word or two, such as `stored` or `refused`.
    pub became: &'static str,
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

/// A step that is running. Dropped before it has passed, it is what stopped the flow.
#[must_use]
pub struct Running(Option<Watched>);

struct Watched {
    trace: Trace,
    step: Step,
    since: Instant,
    passed: bool,
}

impl Running {
    /// The clock is read only if there is an observer.
    pub fn begin(trace: Option<&Trace>, step: &Step) -> Self {
        Self(trace.map(|trace| Watched {
            trace: trace.clone(),
            step: step.clone(),
            since: Instant::now(),
            passed: false,
        }))
    }

    pub fn passed(mut self) {
        if let Some(watched) = &mut self.0 {
            watched.passed = true;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(Watched { trace, step, since, passed }) = self.0.take() {
            let became = if passed { passed_word(&step) } else { stopped_word(&step) };
            trace.push(Ran { became, took: since.elapsed(), step });
        }
    }
}

fn passed_word(step: &Step) -> &'static str {
    match step {
        Step::Before(_) | Step::Ask(_) => "approved",
        Step::Invitation => "shown",
        Step::Check => "passed",
        Step::Reserve => "reserved",
        Step::Pend => "nothing to verify",
        Step::Commit => "stored",
        Step::SendCode => "queued",
        Step::SignIn => "issued",
        Step::SignInWhenProven => "kept until verification",
        Step::Run(Hook::WebHook(_)) => "called",
        Step::OpenSettings => "opened",
        Step::Prove | Step::Run(_) => "done",
    }
}

fn stopped_word(step: &Step) -> &'static str {
    match step {
        Step::Commit | Step::Reserve => "email taken",
        // The next steps run after verification.
        Step::Pend => "kept",
        Step::Invitation | Step::Before(_) | Step::Ask(_) | Step::Check | Step::Prove => "rejected",
        Step::SendCode | Step::SignIn | Step::SignInWhenProven | Step::OpenSettings | Step::Run(_) => {
            "failed"
        }
    }
}
