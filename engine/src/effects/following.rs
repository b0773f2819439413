//! Work that follows a commit: it completes even if the client disconnects, and a stopping server waits for it.

use crate::request_id;
use std::sync::Arc;
use tokio::sync::watch;

/// How much such work there is. A cheap handle.
#[derive(Clone, Debug)]
pub struct Following(Arc<watch::Sender<usize>>);

impl Default for Following {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

/// Counts for as long as it lives, a panic included.
struct Counted(Following);

impl Following {
    fn begin(&self) -> Counted {
        self.0.send_modify(|running| *running += 1);
        Counted(self.clone())
    }

    /// How much of it runs now.
    pub fn running(&self) -> usize {
        *self.0.borrow()
    }

    /// Done when none of it runs.
    pub async fn settled(&self) {
        // An error would say that the sender is gone, and this handle holds it.
        let _ = self.0.subscribe().wait_for(|running| *running == 0).await;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.send_modify(|running| *running -= 1);
    }
}

/// Runs `work` to its end even when the caller is dropped, as after a client's disconnect: what was committed is followed by what
/// belongs to it. It goes on as part of the same request. The only door to `tokio::spawn` inside the engine.
#[expect(clippy::disallowed_methods, reason = "the one door")]
pub async fn to_completion<T: Send + 'static>(
    following: Following,
    work: impl Future<Output = crate::Result<T>> + Send + 'static,
) -> crate::Result<T> {
    let counted = following.begin();
    let work = request_id::handed_on(work);
    let followed = async move {
        let _counted = counted;
        work.await
    };
    match tokio::spawn(followed).await {
        Ok(outcome) => outcome,
        Err(stopped) => Err(crate::Error::internal(stopped)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request_id::{RequestId, caused_by, current};
    use futures::poll;
    use std::pin::pin;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_waited_for_at_the_end() {
        let following = Following::default();
        following.settled().await;
        let (release, held) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        {
            let work = async move {
                held.await.unwrap();
                done.send(()).unwrap();
                Ok(())
            };
            let mut left = pin!(to_completion(following.clone(), work));
            assert!(poll!(left.as_mut()).is_pending());
            // Whoever asked leaves.
        }
        assert_eq!(following.running(), 1);
        {
            let mut settled = pin!(following.settled());
            assert!(poll!(settled.as_mut()).is_pending());
            release.send(()).unwrap();
            settled.await;
        }
        assert_eq!(following.running(), 0);
        is_done.await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_is_no_work_that_goes_on() {
        let following = Following::default();
        let failed: crate::Result<()> =
            to_completion(following.clone(), async { panic!("a fault of ours") }).await;
        assert!(failed.is_err());
        following.settled().await;
    }

    #[tokio::test]
    async fn it_is_still_part_of_the_request() {
        let id = RequestId::parse("of-this-test");
        let seen = caused_by(id.clone(), to_completion(Following::default(), async { Ok(current()) })).await;
        assert_eq!(seen.unwrap(), id);
        assert_eq!(to_completion(Following::default(), async { Ok(current()) }).await.unwrap(), None);
    }
}
