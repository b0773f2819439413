//! Another service: answers as told by path, and keeps what it was sent.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::Notify;

#[derive(Clone, Debug)]
pub(crate) enum Says {
    /// Status and body.
    This(u16, String),
    /// 302 to there.
    Elsewhere(String),
    /// So many bytes.
    Much(usize),
    Never,
}

#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub method: String,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Received {
    /// As recordings write it.
    pub(crate) fn summary(&self) -> Value {
        let mut summary = json!({"method": self.method, "path": self.path});
        if let Ok(document) = serde_json::from_slice::<Value>(&self.body) {
            summary["json"] = document;
        } else if !self.body.is_empty() {
            summary["text"] = String::from_utf8_lossy(&self.body).into_owned().into();
        }
        summary
    }
}

/// Ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Sink {
    /// Such as `http://127.0.0.1:4711`.
    pub base: String,
    inside: Arc<Inside>,
}

#[derive(Default)]
struct Inside {
    says: Mutex<BTreeMap<String, Says>>,
    received: Mutex<Vec<Received>>,
    came: Notify,
}

impl Sink {
    /// Whatever it is not told about is answered with 200 and `{}`.
    #[expect(
        clippy::disallowed_methods,
        reason = "the test is the process: there is no worker to hand this to"
    )]
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("a bound port"));
        let inside = Arc::new(Inside::default());
        let router = Router::new().fallback(answer).with_state(inside.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base, inside }
    }

    pub(crate) fn says(&self, path: &str, says: Says) {
        self.inside.says.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), says);
    }

    /// What came since the last look, in order.
    pub(crate) fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *self.inside.received.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same, once there are so many.
    pub(crate) async fn wait(&self, count: usize) -> Vec<Received> {
        loop {
            let came = self.inside.came.notified();
            if self.inside.received.lock().unwrap_or_else(PoisonError::into_inner).len() >= count {
                return self.take();
            }
            came.await;
        }
    }
}

async fn answer(State(inside): State<Arc<Inside>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 16 << 20).await.unwrap_or_default();
    let path = parts.uri.path().to_owned();
    let received = Received {
        method: parts.method.to_string(),
        path: path.clone(),
        headers: parts.headers,
        body: body.to_vec(),
    };
    inside.received.lock().unwrap_or_else(PoisonError::into_inner).push(received);
    inside.came.notify_waiters();
    let says = inside.says.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
    match says.unwrap_or(Says::This(200, "{}".to_owned())) {
        Says::This(status, body) => {
            let status = StatusCode::from_u16(status).expect("a status");
            (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Says::Elsewhere(to) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Says::Much(bytes) => "x".repeat(bytes).into_response(),
        Says::Never => std::future::pending().await,
    }
}
