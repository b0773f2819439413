//! Limits on every request: the length of its URL, the size of its body, its duration, and the total size of bodies that one listener
//! holds. A body that is too large is rejected before a handler runs.

use crate::error::{self, ApiError};
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use engine::config::RequestLimits;
use engine::limits_table::{DISCARDED, IDS};
use engine::requester::{Network, Requester};
use engine::{Ctx, Error, Kind};
use futures::StreamExt as _;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One client gets this part of what a listener holds.
const SHARE: usize = 4;

/// Whose limits apply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Listener {
    Public,
    Admin,
    Console,
}

/// What a listener needs to bound its requests; one for each router.
#[derive(Clone)]
pub struct Bounds {
    listener: Listener,
    held: Arc<Mutex<Held>>,
}

/// Bytes of bodies that are being read or answered.
#[derive(Default)]
struct Held {
    all: usize,
    clients: HashMap<Network, usize>,
}

/// What one request holds of them. Given back when dropped.
struct Share {
    held: Arc<Mutex<Held>>,
    network: Option<Network>,
    bytes: usize,
}

/// Why a request is not taken.
enum Refused {
    AddressTooLong(usize),
    TooLarge(usize),
    TooSlow,
    TooMuchAtOnce,
    /// The client left, or what it sent is no body.
    Broken,
}

impl Bounds {
    pub fn new(listener: Listener) -> Self {
        Self { listener, held: Arc::default() }
    }

    fn body(&self, limits: &RequestLimits) -> usize {
        match self.listener {
            Listener::Public => limits.self_service_body,
            Listener::Admin => limits.admin_body,
            Listener::Console => limits.console_body,
        }
    }

    /// Bytes that addresses may have beside what all may have.
    fn longer(&self) -> usize {
        match self.listener {
            // `&ids=` and a UUID.
            Listener::Admin => IDS.count() * 41,
            Listener::Public | Listener::Console => 0,
        }
    }

    fn share(&self, request: &Request) -> Share {
        let network = request.extensions().get::<Arc<Requester>>().and_then(|requester| requester.network());
        Share { held: self.held.clone(), network, bytes: 0 }
    }

    /// The response for a request beyond a limit: a page for a browser that sent a form, else the envelope.
    fn refuse(&self, ctx: &Ctx, headers: &HeaderMap, refused: &Refused) -> Response {
        const AT_ONCE: &str = "Too many large requests at once. Try again in a moment.";
        let response = match refused {
            Refused::AddressTooLong(most) => error::too_long_address(*most),
            Refused::TooLarge(most) => {
                let reason = format!("The body is larger than {most} bytes.");
                ApiError(Error::new(Kind::TooLarge, reason)).into_response()
            }
            Refused::TooMuchAtOnce => error::overloaded(AT_ONCE),
            Refused::Broken => ApiError(Error::invalid("The body can't be read.")).into_response(),
            Refused::TooSlow => error::too_slow(),
        };
        if self.listener == Listener::Public && crate::negotiate::names_html(headers) {
            return crate::hosted::refused_by_limit(&ctx.config, &response);
        }
        response
    }
}

/// Reads the body, and lets the request through with it.
pub async fn bound(
    State(bounds): State<Bounds>,
    Extension(ctx): Extension<Ctx>,
    request: Request,
    next: Next,
) -> Response {
    let limits = ctx.config.vestibule.requests;
    let longest = limits.url + bounds.longer();
    if request.uri().path_and_query().is_some_and(|path| path.as_str().len() > longest) {
        return bounds.refuse(&ctx, request.headers(), &Refused::AddressTooLong(longest));
    }
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let mut share = bounds.share(&request);
    let (parts, body) = request.into_parts();
    let most = bounds.body(&limits);
    let deadline = ctx.config.vestibule.connections.body_deadline;
    match read(body, most, limits.bodies_at_once, deadline, &mut share).await {
        // The share is held until the response is there: so long the body is in memory.
        Ok(body) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Err(refused) => {
            let mut response = bounds.refuse(&ctx, &parts.headers, &refused);
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}

async fn read(
    body: Body,
    most: usize,
    at_once: usize,
    deadline: Duration,
    share: &mut Share,
) -> Result<Bytes, Refused> {
    let announced = body.size_hint().lower();
    let most_discarded = most + DISCARDED.count();
    if announced > most_discarded as u64 {
        return Err(Refused::TooLarge(most));
    }
    let mut stream = body.into_data_stream();
    let mut seen = 0;
    let mut whole = Vec::new();
    let reading = async {
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| Refused::Broken)?;
            seen += chunk.len();
            if seen > most_discarded {
                break;
            }
            // Most clients send all of a body before they read the response, and would see a broken connection instead of it:
            // a little too much is read, and thrown away.
            if seen > most || announced > most as u64 {
                share.give_back();
                whole = Vec::new();
                continue;
            }
            if !share.take(chunk.len(), at_once) {
                return Err(Refused::TooMuchAtOnce);
            }
            whole.extend_from_slice(&chunk);
        }
        if seen > most { Err(Refused::TooLarge(most)) } else { Ok(()) }
    };
    match tokio::time::timeout(deadline, reading).await {
        Ok(Ok(())) => Ok(whole.into()),
        Ok(Err(refused)) => Err(refused),
        Err(_) => Err(Refused::TooSlow),
    }
}

impl Share {
    fn take(&mut self, bytes: usize, at_once: usize) -> bool {
        let mut held = lock(&self.held);
        if held.all + bytes > at_once {
            return false;
        }
        if let Some(network) = self.network {
            let own = held.clients.entry(network).or_default();
            if *own + bytes > at_once / SHARE {
                return false;
            }
            *own += bytes;
        }
        held.all += bytes;
        self.bytes += bytes;
        true
    }

    fn give_back(&mut self) {
        let mut held = lock(&self.held);
        let bytes = std::mem::take(&mut self.bytes);
        held.all -= bytes;
        if let Some(network) = self.network
            && let Some(own) = held.clients.get_mut(&network)
        {
            *own -= bytes;
            if *own == 0 {
                held.clients.remove(&network);
            }
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(held: &Arc<Mutex<Held>>, client: Option<&str>) -> Share {
        let network = client.and_then(|address| Requester::direct(address.parse().unwrap()).network());
        Share { held: held.clone(), network, bytes: 0 }
    }

    #[test]
    fn one_client_holds_a_quarter_and_what_ends_is_given_back() {
        let held = Arc::default();
        let mut first = share(&held, Some("192.0.2.1"));
        let mut second = share(&held, Some("192.0.2.1"));
        assert!(first.take(100, 1000) && second.take(150, 1000));
        assert!(!first.take(1, 1000), "a quarter is a quarter");
        let mut proxy = share(&held, None);
        assert!(proxy.take(750, 1000));
        assert!(!share(&held, Some("192.0.2.2")).take(1, 1000), "all is all");
        drop((first, proxy));
        assert!(share(&held, Some("192.0.2.2")).take(250, 1000));
        drop(second);
        let held = lock(&held);
        assert_eq!((held.all, held.clients.len()), (0, 0));
    }
}
