//! The ID of the current request: in all its log lines, in errors, and in outgoing requests because of it. It belongs to a task, and
//! is passed on to other tasks.

use std::fmt;
use std::sync::Arc;
use tracing::{Instrument, Span};
use uuid::Uuid;

/// Characters. Proxies send UUIDs, hexadecimal numbers, `Root=1-67891233-abcdef012345678912345678`.
const LONGEST: usize = 128;

/// Letters, digits and a few signs: it is printed in logs and sent in headers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestId(Arc<str>);

tokio::task_local! {
    static CURRENT: RequestId;
}

impl RequestId {
    pub fn new(id: Uuid) -> Self {
        Self(id.to_string().into())
    }

    /// `None` for what could break a line of a log, or is too long for one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:=;/+@".contains(&byte);
        let fine = (1..=LONGEST).contains(&text.len()) && text.bytes().all(fits);
        fine.then(|| Self(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// That of this task, if it works for a request.
pub fn current() -> Option<RequestId> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Runs `work` for that request: its log lines say so, and [`current`] knows it.
pub async fn caused_by<F: Future>(id: Option<RequestId>, work: F) -> F::Output {
    match id {
        None => work.await,
        Some(id) => {
            // Of the highest level, so that no filter takes it away.
            let span = tracing::error_span!("request", id = %id);
            CURRENT.scope(id, work.instrument(span)).await
        }
    }
}

/// For work that is about to go on in a task of its own: as part of the same request and the same spans.
pub(crate) fn handed_on<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let (id, span) = (current(), Span::current());
    async move {
        let work = work.instrument(span);
        match id {
            None => work.await,
            Some(id) => CURRENT.scope(id, work).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_break_a_log_is_no_id() {
        for text in
            ["a", "7d1f6f5e-0b1c-4c43-9a55-1f0a5b1c2d3e", "Root=1-67891233-abcdef;Self=1:2", &"x".repeat(128)]
        {
            assert_eq!(RequestId::parse(text).map(|id| id.to_string()).as_deref(), Some(text));
        }
        for text in ["", "a b", "a\nb", "a\"b", "ü", "<b>", "a\u{7f}", "{}", &"x".repeat(129)] {
            assert_eq!(RequestId::parse(text), None, "{text:?}");
        }
    }
}
