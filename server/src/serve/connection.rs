//! One connection: HTTP/1.1 on a socket, its deadlines, and its end. HTTP/2 isn't supported: without TLS no browser uses it, and
//! proxies use HTTP/1.1.

use super::crowd::{Place, Seat, Waits};
use crate::client::is_forwarded;
use crate::error;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Request, Response, header};
use engine::limits_table::HEADER_FIELDS;
use engine::requester::is_internal;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tower::ServiceExt as _;

/// What a connection may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    /// Bytes of a request's head.
    pub(super) head_size: usize,
    pub(super) head: Duration,
    pub(super) write: Duration,
    pub(super) idle: Duration,
    /// For what is left of a body when the response is there before it.
    pub(super) body: Duration,
    /// Bytes of such a rest that are read and thrown away.
    pub(super) discarded: usize,
}

/// When the server ends, what has not sent a whole request by then is closed.
const LAST_HEAD: Duration = Duration::from_secs(1);

/// Serves one client until it leaves, its time is over, or `end` is closed and its request answered.
pub(super) async fn serve<S>(
    socket: S,
    peer: SocketAddr,
    seat: Seat,
    router: Router,
    deadlines: Deadlines,
    mut end: watch::Receiver<()>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let state = Arc::new(State { seat, progress: Mutex::new(Progress::new()) });
    let service = service_fn(|request: Request<Incoming>| {
        let (state, router) = (state.clone(), router.clone());
        async move {
            // Requests that a client sent together would otherwise be answered in one go, and everybody else's wait for them.
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(answer(&state, router, peer, request, deadlines).await)
        }
    });
    let io = TokioIo::new(Watched { socket, state: state.clone() });
    let mut connection = pin!(
        http1::Builder::new()
            .max_headers(HEADER_FIELDS.count())
            .max_buf_size(deadlines.head_size.max(8192))
            .serve_connection(io, service)
    );
    let mut given_way = pin!(state.seat.given_way());
    // The sender is dropped, never used: an error is the signal.
    let mut ending = pin!(async { while end.changed().await.is_ok() {} });
    let mut ended = false;
    let mut timer = pin!(sleep_until(Instant::now()));
    poll_fn(|cx| {
        // An error is the client's: it left, or it speaks no HTTP.
        if connection.as_mut().poll(cx).is_ready() || given_way.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if !ended && ending.as_mut().poll(cx).is_ready() {
            ended = true;
            state.progress().last = Some(Instant::now() + LAST_HEAD);
            connection.as_mut().graceful_shutdown();
            if connection.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
        }
        loop {
            let due = state.progress().due(&deadlines);
            let Some(due) = due else { return Poll::Pending };
            if timer.deadline() != due {
                timer.as_mut().reset(due);
            }
            ready!(timer.as_mut().poll(cx));
            // What the timer was set to may have moved on meanwhile.
            let due = state.progress().due(&deadlines);
            if due.is_some_and(|due| due <= Instant::now()) {
                return Poll::Ready(());
            }
        }
    })
    .await;
}

struct State {
    seat: Seat,
    progress: Mutex<Progress>,
}

impl State {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, stage: Stage) {
        let mut progress = self.progress();
        progress.stage = stage;
        progress.since = Instant::now();
    }
}

/// How far a connection is.
struct Progress {
    stage: Stage,
    since: Instant,
    /// Since when the client takes nothing of what it is sent.
    stalled: Option<Instant>,
    /// The server ends: until then the head has to be there.
    last: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The head of a request is being read. Every connection begins so.
    Head,
    /// A request is there and is being answered; its body has a deadline of its own where it is read.
    Answer,
    /// Between two requests.
    Idle,
}

impl Progress {
    fn new() -> Self {
        Self { stage: Stage::Head, since: Instant::now(), stalled: None, last: None }
    }

    /// When the connection has to end; `None` while nothing is expected of the client.
    fn due(&self, deadlines: &Deadlines) -> Option<Instant> {
        let stage = match self.stage {
            Stage::Head => Some(self.since + deadlines.head),
            Stage::Idle => Some(self.since + deadlines.idle),
            Stage::Answer => None,
        };
        let last = self.last.filter(|_| self.stage != Stage::Answer);
        let stalled = self.stalled.map(|since| since + deadlines.write);
        [stage, last, stalled].into_iter().flatten().min()
    }
}

async fn answer(
    state: &Arc<State>,
    router: Router,
    peer: SocketAddr,
    request: Request<Incoming>,
    deadlines: Deadlines,
) -> Response<Tracked<Body, Answering>> {
    let answering = Answering(state.clone());
    state.enter(Stage::Answer);
    let is_for_health = state.seat.place == Place::Health && !is_health(request.uri().path());
    let response = if !state.seat.answers() || is_for_health {
        full()
    } else {
        if is_internal(peer.ip()) && is_forwarded(request.headers()) {
            state.seat.is_proxy(peer.ip());
        }
        let waits = request.headers().contains_key(header::EXPECT);
        let (parts, body) = request.into_parts();
        let until_end = Receiving::of(&body, state.clone());
        let lent = Lent::of(Tracked { body, until_end });
        let mut request = Request::from_parts(parts, Body::new(lent.clone()));
        request.extensions_mut().insert(ConnectInfo(peer));
        let mut response = match router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        // Who answers early says so: a client that sends its next request on this connection would otherwise find it closed.
        if !response.headers().contains_key(header::CONNECTION) && !lent.ends(waits, &deadlines).await {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    };
    let mut response = response.map(|body| Tracked { body, until_end: Some(answering) });
    if state.seat.place == Place::Health {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// 503: all places are taken by requests that are being answered.
fn full() -> Response<Body> {
    let mut response = error::overloaded("Too many connections are open. Try again in a moment.");
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn is_health(path: &str) -> bool {
    path.starts_with("/health/") || path.starts_with("/admin/health/")
}

/// While it lives, a request is being answered; it lies in the response's body and goes when that has been sent.
struct Answering(Arc<State>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.enter(Stage::Idle);
        self.0.seat.waits(Waits::Next);
    }
}

/// While it lives, the rest of a request's body is awaited.
struct Receiving(Arc<State>);

impl Receiving {
    fn of(body: &Incoming, state: Arc<State>) -> Option<Self> {
        if body.is_end_stream() {
            return None;
        }
        state.seat.waits(Waits::Rest);
        Some(Self(state))
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        // Whoever gave way while the body was read is told so by `given_way`.
        self.0.seat.answers();
    }
}

/// A body, and what goes when it has been read or sent to its end.
struct Tracked<B, T> {
    body: B,
    until_end: Option<T>,
}

impl<B: HttpBody<Data = Bytes> + Unpin, T: Unpin> HttpBody for Tracked<B, T> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() || self.body.is_end_stream() {
            self.until_end = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A request's body, which its connection gets back when the response is there before the body's end.
#[derive(Clone)]
struct Lent(Arc<Mutex<Rest>>);

struct Rest {
    body: Tracked<Incoming, Receiving>,
    /// Something of it was asked for, which lets a client send that waits to be told so.
    asked_for: bool,
}

impl Lent {
    fn of(body: Tracked<Incoming, Receiving>) -> Self {
        Self(Arc::new(Mutex::new(Rest { body, asked_for: false })))
    }

    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what is left and throws it away. `false`: there is too much, it does not come, or the client was not told to send it
    /// (`waits`; RFC 9110, 10.1.1), so that no other request can follow on this connection.
    async fn ends(mut self, waits: bool, deadlines: &Deadlines) -> bool {
        let most = deadlines.discarded;
        {
            let rest = self.rest();
            if rest.body.until_end.is_none() {
                return true;
            }
            if waits && !rest.asked_for || rest.body.size_hint().lower() > most as u64 {
                return false;
            }
        }
        let reading = async {
            let mut seen = 0;
            loop {
                match poll_fn(|cx| Pin::new(&mut self).poll_frame(cx)).await {
                    None => return true,
                    Some(Ok(frame)) => seen += frame.data_ref().map_or(0, Bytes::len),
                    Some(Err(_)) => return false,
                }
                if seen > most {
                    return false;
                }
            }
        };
        tokio::time::timeout(deadlines.body, reading).await.unwrap_or(false)
    }
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut rest = self.rest();
        rest.asked_for = true;
        Pin::new(&mut rest.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.rest().body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.rest().body.size_hint()
    }
}

/// A socket that notes when bytes begin to come and when none can leave.
struct Watched<S> {
    socket: S,
    state: Arc<State>,
}

impl<S> Watched<S> {
    /// Notes whether the client takes what it is sent.
    fn noted<T>(&self, outcome: Poll<T>) -> Poll<T> {
        let mut progress = self.state.progress();
        match &outcome {
            Poll::Ready(_) => progress.stalled = None,
            Poll::Pending => _ = progress.stalled.get_or_insert_with(Instant::now),
        }
        outcome
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(cx, buffer))?;
        if buffer.filled().len() > before && self.state.progress().stage == Stage::Idle {
            self.state.enter(Stage::Head);
            self.state.seat.waits(Waits::Rest);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.noted(outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.socket).poll_write_vectored(cx, bytes);
        self.noted(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
