//! Clock, randomness and outgoing requests under a test's control.

use crate::effects::{
    Answer, Clock, Mail, MailError, MailServer, Mailer, Outbound, OutboundError, Random, Request,
    TemplateError, Templates, at_sight, templates,
};
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Barrier;
use url::Url;

/// Stands still until it is moved.
pub struct TestClock(Mutex<DateTime<Utc>>);

impl TestClock {
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Mutex::new(now))
    }

    pub fn set(&self, now: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Default for TestClock {
    /// 2030-01-01T00:00:00Z
    fn default() -> Self {
        Self::at(DateTime::from_timestamp(1_893_456_000, 0).unwrap_or_default())
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same bytes for the same seed and number of calls, never the same twice.
pub struct TestRandom {
    seed: u64,
    calls: AtomicU64,
}

impl TestRandom {
    pub fn new(seed: u64) -> Self {
        Self { seed, calls: AtomicU64::new(0) }
    }
}

impl Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        for (block, chunk) in (0_u64..).zip(bytes.chunks_mut(32)) {
            let digest = Sha256::new()
                .chain_update(self.seed.to_be_bytes())
                .chain_update(call.to_be_bytes())
                .chain_update(block.to_be_bytes())
                .finalize();
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
    }
}

/// Answers from a list, and keeps what was asked. What is not on the list cannot be reached, unless it is let through.
#[derive(Default)]
pub struct RecordingOutbound {
    barrier: Mutex<Option<Arc<Barrier>>>,
    answers: Mutex<BTreeMap<String, Answer>>,
    asked: Mutex<Vec<Request>>,
    real: Mutex<Option<Arc<dyn Outbound>>>,
}

impl RecordingOutbound {
    /// From now on `url` answers 200 with `body`.
    pub fn answer(&self, url: &str, body: impl Into<String>) {
        self.answer_with(url, 200, body);
    }

    /// From now on `url` answers `status`.
    pub fn refuse(&self, url: &str, status: u16) {
        self.answer_with(url, status, "");
    }

    pub fn answer_with(&self, url: &str, status: u16, body: impl Into<String>) {
        let answer = Answer { status, body: body.into().into_bytes() };
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(url.to_owned(), answer);
    }

    /// From now on what is not on the list goes out by `real`, where a number names the host: no test asks for a name.
    pub fn let_through(&self, real: Arc<dyn Outbound>) {
        *self.real.lock().unwrap_or_else(PoisonError::into_inner) = Some(real);
    }

    /// From now on answers come when `count` have been asked for, to all of them at once. A sign-up asks about breaches
    /// when its form has been checked and nothing is stored yet.
    pub fn gather(&self, count: usize) {
        *self.barrier.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(Barrier::new(count)));
    }

    /// What was asked for so far, in order.
    pub fn asked(&self) -> Vec<Url> {
        self.requests().into_iter().map(|request| request.url).collect()
    }

    /// The same, whole.
    pub fn requests(&self) -> Vec<Request> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Outbound for RecordingOutbound {
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Answer, OutboundError>> {
        // As the real door.
        if let Err(refused) = at_sight(request.reach, &request.url) {
            return Box::pin(async move { Err(refused) });
        }
        let answer =
            self.answers.lock().unwrap_or_else(PoisonError::into_inner).get(request.url.as_str()).cloned();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        let real = self.real.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let barrier = self.barrier.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move {
            if let Some(barrier) = barrier {
                barrier.wait().await;
            }
            let (host, limit) = (request.url.host_str().unwrap_or_default().to_owned(), request.limit);
            match (answer, real) {
                (Some(answer), _) if answer.body.len() > limit => {
                    Err(OutboundError::TooLarge { host, limit })
                }
                (Some(answer), _) => Ok(answer),
                (None, Some(real)) if !matches!(request.url.host(), Some(url::Host::Domain(_))) => {
                    real.send(request).await
                }
                (None, _) => Err(OutboundError::Unreachable {
                    host,
                    source: "the test gives no answer for this address".into(),
                }),
            }
        })
    }
}

/// Evaluates in this process, without limits on time and memory.
pub struct TemplatesHere;

impl Templates for TemplatesHere {
    fn render(&self, source: String, input: String) -> BoxFuture<'static, Result<String, TemplateError>> {
        Box::pin(async move { templates::evaluate(&source, &input) })
    }

    fn map(
        &self,
        source: String,
        variables: Vec<(String, String)>,
    ) -> BoxFuture<'static, Result<String, TemplateError>> {
        Box::pin(async move { templates::evaluate_with(&source, "null", &variables) })
    }
}

/// Keeps what was sent, and fails as the test wants it to.
#[derive(Default)]
pub struct RecordingMailer {
    sent: Mutex<Vec<Mail>>,
    failure: Mutex<Option<fn() -> MailError>>,
}

impl RecordingMailer {
    /// What has left so far, in order.
    pub fn sent(&self) -> Vec<Mail> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same since the last look: for a test in which very many leave.
    pub fn take(&self) -> Vec<Mail> {
        std::mem::take(&mut *self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on sending fails so; `None`: it works again.
    pub fn fail(&self, failure: Option<fn() -> MailError>) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }
}

impl Mailer for RecordingMailer {
    fn send(&self, _server: MailServer, mail: Mail) -> BoxFuture<'static, Result<(), MailError>> {
        let failure = *self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = match failure {
            Some(failure) => Err(failure()),
            None => {
                self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
                Ok(())
            }
        };
        Box::pin(async move { outcome })
    }
}
